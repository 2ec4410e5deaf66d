"""Servers whose searches, details or lineage break a rule."""
