"""The application and its server, and the controls for changing it while it runs."""
