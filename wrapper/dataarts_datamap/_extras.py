"""Optional libraries: how to load them, and how to install them while the package is not published."""

from __future__ import annotations

from importlib import import_module
from typing import Any, TypeAlias

from dataarts_datamap._errors import MissingExtraError


def how_to_install(extra: str) -> str:
    """The command that installs an extra, and where to run it, for an error text."""
    return f"pip install '.[{extra}]' in dataarts-datamap's checkout, or with the path of its wheel in place of the dot"


Untyped: TypeAlias = Any
"""An object of a library that has no types, or may not be installed."""


def load_extra(module: str, *, extra: str) -> Untyped:
    """Import a module of an optional library.

    Raises:
        MissingExtraError: The module, or one that it imports, is not installed; the text names it and the extra.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name
    raise MissingExtraError(f"{missing} is not installed: {how_to_install(extra)}")
