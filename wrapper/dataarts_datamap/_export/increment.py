"""Finds out where the next increment of an export begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from dataarts_datamap._models import has_ended

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

POSITION: Final = ("state", "plan_time", "submit_time", "start_time", "end_time")
"""The columns that tell."""


StoredRun: TypeAlias = tuple[str | None, int | None, int | None, int | None, int | None]


def resume_at(rows: Iterable[StoredRun], *, lookback: int, now: int) -> int | None:
    """The first time of the oldest run that had not ended, or ``lookback`` before the newest that had, if earlier.

    A run that is planned for the future counts as one of the present: an increment looks back from there.

    Args:
        rows: What each run has in the columns ``POSITION``.
        lookback: Milliseconds.
        now: Milliseconds since the epoch.

    Returns:
        Milliseconds since the epoch, not negative; None if no run has a time.
    """
    oldest_open = newest_ended = None
    for state, *moments in rows:
        known = [moment for moment in moments if moment is not None]
        if not known:
            continue
        first = min(now, *known)
        if has_ended(state, has_end=moments[-1] is not None):
            newest_ended = first if newest_ended is None else max(newest_ended, first)
        else:
            oldest_open = first if oldest_open is None else min(oldest_open, first)
    behind = None if newest_ended is None else newest_ended - lookback
    starts = [start for start in (oldest_open, behind) if start is not None]
    return max(0, min(starts)) if starts else None


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
