"""What must hold of every single exchange, one module for each subject."""
