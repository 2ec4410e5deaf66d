"""Finds the code that called this package, so that a warning can name it."""

from __future__ import annotations

import inspect
from typing import Final

_PACKAGE: Final = "dataarts_datamap."


def calling_place() -> tuple[int, str]:
    """The code outside this package that called it.

    Returns:
        The ``stacklevel`` with which the caller of this function can warn about that code, and its file and line.
    """
    depth, frame = 0, inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        depth, frame = depth + 1, frame.f_back
    return depth, "an unknown place" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"
