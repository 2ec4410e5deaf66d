"""Values that hold secrets, and show none."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Undisclosed(Struct, frozen=True):
    """Shows its kind alone, unless it has a repr of its own: error trackers show every local variable of a traceback.

    The same goes for rich, which asks a ``Struct`` for all its fields and never for its repr.
    """

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []
