"""Finds out, step by step, why a client cannot work."""
