"""Requests, responses and credentials on the wire: how they are made, sent and shown."""
