"""Whether a server serves and counts no more than so many rows: then both halves of a window have more than it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap._paging.walk_options import PageNeeded, PageRead
from dataarts_datamap._window import Window

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from dataarts_datamap._models.runs import RunPage
    from dataarts_datamap._paging.walk_state import WalkState

_LEAST: Final = 100  # no smaller cap of a list is known


def could_be_cap(rows: int) -> bool:
    """Whether a server may be set to end at so many rows: a round number, a power of two or one less."""
    return rows >= _LEAST and (rows % _LEAST == 0 or rows & (rows - 1) == 0 or rows & (rows + 1) == 0)


def count_halves(state: WalkState, asked: Window, planned: Sequence[int]) -> Generator[PageNeeded, RunPage, int]:
    """How many rows the server counts in both halves of a window; 0 if it cannot be halved between two rows.

    Args:
        state: Of the walk.
        asked: The window.
        planned: When the rows that were read are planned.
    """
    middle = _middle(sorted(time for time in planned if asked.start < time < asked.end))
    span = state.options.first_span(state.habits)._replace(limit=1)
    counted = 0
    for half in () if middle is None else (Window(asked.start, middle), Window(middle, asked.end)):
        sent = yield PageNeeded(PageRead(state.operator, half, span.offset, span.limit))
        counted += sent.total or 0
    return counted


def _middle(times: Sequence[int]) -> int | None:
    """A moment between two of the times, with about as many of them on each side; None if all are the same."""
    half = len(times) // 2
    gaps = [(abs(at - half), times[at - 1] + 1) for at in range(1, len(times)) if times[at] - times[at - 1] > 1]
    return min(gaps)[1] if gaps else None
