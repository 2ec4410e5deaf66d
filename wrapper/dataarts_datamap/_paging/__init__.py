"""All runs of a window, none lost."""
