"""Finds out, step by step, why a client does not work."""
