"""What runs mean for a table."""
