"""A closed window with few enough runs to be walked in several ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract.suite._judging.invariants.paging import window_columns
from dataarts_datamap_contract.suite._judging.run_lists import cut_points, repeated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session

LIMIT = 10
"""The page size of a walk: no known cap is that low."""

_MANY = 45
MOST_WALKED = 600
"""How many runs a walk through the whole window may have."""

_SPARE_PAGES = 2


@dataclass(frozen=True, slots=True)
class Walk:
    """The pages of a window, one after the other.

    Attributes:
        pages: The pages. Only the last can be empty or refused.
        rows: Their rows.
    """

    pages: tuple[Exchange, ...]

    @property
    def rows(self) -> tuple[Mapping[str, Any], ...]:
        """The rows of all pages."""
        return tuple(row for page in self.pages for row in page.response.rows)

    @property
    def total(self) -> int | None:
        """The number of runs, according to the first page; None if it does not say."""
        return total_of(self.pages[0])


@dataclass(frozen=True, slots=True)
class Study:
    """A window of the target and the runs that a walk finds there.

    Attributes:
        start: Its start, in milliseconds since the epoch.
        end: Its end.
        walk: A walk through it in pages of ten.
    """

    start: int
    end: int
    walk: Walk

    @property
    def window(self) -> dict[str, int]:
        """The window as query parameters."""
        return {"start_time": self.start, "end_time": self.end}


def total_of(exchange: Exchange) -> int | None:
    """The total of a response's page; None if it has none."""
    page = exchange.response.page
    return page.total if page else None


def walk(session: Session, limit: int = LIMIT, *, first: Exchange | None = None, **changes: Any) -> Walk:  # noqa: ANN401  each has its own type
    """Walk a window until a page is empty or refused, or the total is reached; at most two pages beyond the total.

    Args:
        session: The run.
        limit: The size of each page.
        first: The first page, if it was already requested.
        changes: Changes to the requests, as in `Session.runs`.
    """
    return Walk(tuple(_pages(session, limit, first, changes)))


def _pages(session: Session, limit: int, first: Exchange | None, changes: dict[str, Any]) -> Iterator[Exchange]:
    offset = found = 0
    most: int | None = None
    while True:
        page = first if first and not offset else session.runs(offset=offset, limit=limit, **changes)
        yield page
        rows, total = page.response.rows, total_of(page)
        found += len(rows)
        # A server whose pages never end, or that counts wrongly, must not keep the run going.
        most = most or ((total or 0) // limit + _SPARE_PAGES + 1)
        most -= 1
        if not rows or most <= 1 or (total is not None and found >= total):
            return
        offset += 1 if session.target.offset_unit == "pages" else len(rows)


def judge_walk(session: Session, walked: Walk) -> None:
    """If a walk has a total, judge whether it finds as many runs, and each once."""
    first, rows, total = walked.pages[0], walked.rows, walked.total
    if total is None:
        return
    lost = () if len(rows) == total else (f"total is {total}, and a walk finds {len(rows)} runs",)
    session.judge("C-walk-complete", first, *lost)
    twice = repeated(rows)
    session.judge("C-walk-duplicate", first, *(f"a walk finds {run} more than once" for run in twice[:1]))


def find_study(session: Session) -> Study | None:
    """A window with few enough runs to be walked: the target's or a part of it; None if the target's shows no runs."""
    start, end = session.target.window_start, session.target.window_end
    first = session.runs(limit=LIMIT)
    if not first.response.rows:
        return None
    if (total_of(first) or 0) <= _MANY:
        return Study(start, end, walk(session))
    times = [time for time in cut_points(first.response.rows, window_columns(session.target)) if start <= time <= end]
    low, high = (times[0], times[-1]) if times else (start, end)
    narrow = Study(low, high, walk(session, start_time=low, end_time=high))
    if narrow.walk.rows or (total_of(first) or 0) > MOST_WALKED:
        return narrow
    return Study(start, end, walk(session))
