"""Makes text from a server printable."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""The text with each control, bidirectional or otherwise invisible character as an escape such as ``\x1b``."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
