"""Which runs were written anew, so that an older file's rows of the same runs give way to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable


class Identities:
    """The runs that were written: by their id, and where one has none, by all that was written of it."""

    def __init__(self) -> None:
        self.ids: set[int] = set()
        self._rows: set[Hashable] = set()

    def note(self, run_id: int | None, row: Hashable) -> None:
        """Note a run that was written."""
        if run_id:
            self.ids.add(run_id)
        else:
            self._rows.add(row)

    def hold(self, run_id: int | None, row: Hashable) -> bool:
        """Whether a run was written."""
        return run_id in self.ids if run_id else row in self._rows
