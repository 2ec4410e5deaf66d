"""One page for many tables."""
