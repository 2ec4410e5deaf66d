"""Servers that let in the wrong callers, or refuse the right ones."""
