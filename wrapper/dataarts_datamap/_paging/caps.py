"""The maximum numbers of rows that a server serves: of a list, and of a page.

If a server neither serves nor counts rows beyond its maximum, the two halves of a window together have more rows than
the window seems to have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap._errors import (
    AuthenticationError,
    ConnectionFailedError,
    InvalidRowError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)
from dataarts_datamap._paging.walk_options import PageNeeded, PageRead
from dataarts_datamap._window import Window

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from dataarts_datamap._errors import DataMapError
    from dataarts_datamap._models.runs import RunPage
    from dataarts_datamap._paging.walk_options import ServerHabits
    from dataarts_datamap._paging.walk_state import WalkState

_LEAST: Final = 100  # no smaller cap of a list is known
_QUICK: Final = 0.16  # seconds: eight pages are read at once, and the service allows 50 requests a second
_PASSING: Final = frozenset({429, 503})
_NOT_OF_SIZE: Final = (
    AuthenticationError,
    ConnectionFailedError,
    InvalidRowError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)


def could_be_cap(rows: int) -> bool:
    """Whether a number of rows looks like a maximum: a multiple of 100, a power of two or one below a power of two.

    A number below 100 does not.
    """
    return rows >= _LEAST and (rows % _LEAST == 0 or rows & (rows - 1) == 0 or rows & (rows + 1) == 0)


def count_halves(state: WalkState, asked: Window, planned: Sequence[int]) -> Generator[PageNeeded, RunPage, int]:
    """The number of rows that the server counts in the two halves of a window together.

    Each half has about half of the planned times, which lie in the window. 0 if no moment separates these times.
    """
    middle = _middle(sorted(planned))
    span = state.options.first_span(state.habits, 1)
    counted = 0
    for half in () if middle is None else (Window(asked.start, middle), Window(middle, asked.end)):
        sent = yield PageNeeded(PageRead(state.operator, half, span.offset, span.limit))
        counted += sent.total or 0
    return counted


def _middle(times: Sequence[int]) -> int | None:
    """A moment that splits the times into about equal halves; None if no neighbours are over a millisecond apart."""
    half = len(times) // 2
    gaps = [(abs(at - half), times[at - 1] + 1) for at in range(1, len(times)) if times[at] - times[at - 1] > 1]
    return min(gaps)[1] if gaps else None


def served_page(sent: RunPage, limit: int, least: int) -> int:
    """The page size that a server allows, as shown by a page for which ``limit`` rows were requested.

    The limit is more than ``least``, a page size that is known to be allowed. 0 if the page does not show it.
    """
    rows = len(sent.runs)
    if rows > limit:  # the server ignores the limit
        return least
    if rows <= least:
        return 0 if rows == sent.total else least
    return rows if sent.total is not None and rows < min(limit, sent.total) else limit


def is_slow(habits: ServerHabits, *, growth: int) -> bool:
    """Whether the page of a trial brought fewer rows per second than a small page.

    The page of the trial is ``growth`` times as large. A small page counts as taking at least 0.16 seconds.
    """
    return habits.trial_time > growth * max(habits.small_page_time, _QUICK)


def is_of_size(error: DataMapError) -> bool:
    """Whether a small page may succeed although a large page ended in this error."""
    status = getattr(error, "upstream_status", None) or error.status
    return not isinstance(error, _NOT_OF_SIZE) and status not in _PASSING
