"""Servers that misread input, refuse valid input, or fail on it."""
