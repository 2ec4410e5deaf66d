"""Guests in other systems: each imports the public names only."""
