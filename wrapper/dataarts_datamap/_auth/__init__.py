"""Credentials: what they are, how they sign, and where they are found."""
