"""How an extra is installed while the package is not published: as README.md says."""

from __future__ import annotations

from importlib import import_module
from typing import Any, TypeAlias

from dataarts_datamap._errors import MissingExtraError


def how_to_install(extra: str) -> str:
    """What to run, for an error text."""
    return f"pip install '.[{extra}]' in dataarts-datamap's checkout, or with the path of its wheel in place of the dot"


Untyped: TypeAlias = Any
"""A thing of a library that has no types of its own, or need not be installed."""


def load_extra(module: str, *, extra: str) -> Untyped:
    """The module.

    Raises:
        MissingExtraError: It is not installed; the text names the extra.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name
    raise MissingExtraError(f"{missing} is not installed: {how_to_install(extra)}")
