"""The application and its server, and what can be changed while it runs."""
