"""The clients: one for threads, one for an event loop."""
