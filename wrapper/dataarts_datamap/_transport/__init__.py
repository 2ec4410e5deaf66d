"""Bytes to the service and back: no retry, no credentials."""
