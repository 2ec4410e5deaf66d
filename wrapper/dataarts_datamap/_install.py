"""How an extra is installed while the package is not published: as README.md says."""

from __future__ import annotations


def how_to_install(extra: str) -> str:
    """What to run, for an error text."""
    return f"pip install '.[{extra}]' in dataarts-datamap's checkout, or with the path of its wheel in place of the dot"
