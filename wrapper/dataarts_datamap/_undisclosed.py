"""Values that hold secrets, and show none."""

from __future__ import annotations

from typing import Any, NoReturn

from msgspec import Struct


class Undisclosed(Struct, frozen=True):
    """Is not pickled, and shows its kind alone, unless it has a repr of its own.

    Error trackers show every local variable of a traceback, and rich asks a ``Struct`` for all its fields and never for
    its repr.
    """

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} is not pickled, since it holds secrets")
