"""Loads the libraries that are extras, or says which extra is missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any, TypeAlias

from dataarts_datamap._errors import MissingExtraError
from dataarts_datamap._install import how_to_install

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
