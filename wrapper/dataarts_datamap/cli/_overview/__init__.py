"""The page for many tables."""
