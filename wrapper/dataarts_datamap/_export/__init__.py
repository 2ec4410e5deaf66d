"""Runs as columns: in memory, and in files."""
