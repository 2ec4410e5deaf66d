"""The service: where it is, how each operation is asked, and what its response means."""
