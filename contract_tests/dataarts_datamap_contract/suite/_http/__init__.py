"""Requests, responses and credentials on the wire, and how each is sent and shown."""
