"""Servers that differ from the reference where the documentation leaves a choice."""
