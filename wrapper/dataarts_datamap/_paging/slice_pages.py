"""A page of a slice, and what its rows show about the requested window."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from dataarts_datamap._paging.seen_rows import RowKey, row_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dataarts_datamap._models.runs import RunPage
    from dataarts_datamap._paging.offsets import Span
    from dataarts_datamap._window import Window

_EDGE: Final = 2  # milliseconds at each end of a window that an overlapping window can reach


class Page:
    """A page as the server sent it, for a span of a requested window."""

    def __init__(self, sent: RunPage, span: Span, window: Window) -> None:
        self.sent = sent
        self.span = span
        self.window = window

    def __len__(self) -> int:
        return len(self.sent.runs)

    @cached_property
    def keys(self) -> list[RowKey]:
        return row_keys(self.sent.runs)

    @cached_property
    def contents(self) -> list[int]:
        """A hash of each run."""
        return [hash(run) for run in self.sent.runs]

    @property
    def end(self) -> int:
        """The position behind its last row."""
        return self.span.position + len(self)

    @property
    def is_short(self) -> bool:
        """Whether it has fewer rows than requested."""
        return len(self) < self.span.limit

    @property
    def is_less_than_reported(self) -> bool:
        """Whether the server reports more rows behind it."""
        return self.sent.total is not None and self.sent.total > self.end

    @cached_property
    def unsure(self) -> Sequence[int]:
        """Indexes of the rows that another window can hold, too.

        All other rows have both their planned time and their start well inside this window: windows filter on one of
        these times, and it is not known on which.
        """
        planned = [run._plan_time or 0 for run in self.sent.runs]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  the model's own integers
        started = [run._start_time or 0 for run in self.sent.runs]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  as above
        first, last = self.window.start + _EDGE, self.window.end - _EDGE
        times = (*planned, *started)
        if not times or (first < min(times) and max(times) < last):
            return ()
        return [
            index
            for index, (plan, start) in enumerate(zip(planned, started, strict=True))
            if not first < plan < last or not first < start < last
        ]

    def since(self, moment: int) -> Iterator[int]:
        """Indexes of the rows that were planned or started at a moment or later, or a millisecond before it."""
        for index, run in enumerate(self.sent.runs):
            plan, start = run._plan_time, run._start_time  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  as above
            if max(plan or 0, start or 0) >= moment - 1:
                yield index

    def has_stranger(self, *, ahead: int = 0, unstarted: bool = False) -> bool:
        """Whether the page has a run that started, but has no time inside the window.

        Args:
            ahead: The number of milliseconds after the window's end that count as inside.
            unstarted: Whether a run that was planned but has not started counts, too.
        """
        start, end = self.window.start, self.window.end + ahead
        for run in map(self.sent.runs.__getitem__, self.unsure):
            plan, begin = run._plan_time, run._start_time  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  as above
            times = plan, begin, run._submit_time, run._end_time  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  as above
            if (begin or (unstarted and plan)) and not any(time and start <= time <= end for time in times):
                return True
        return False

    def shows_filter(self) -> tuple[bool, bool]:
        """Whether the rows show that windows filter on planned times, and whether they show that for start times."""
        by_plan = by_start = False
        for index in self.unsure:
            run = self.sent.runs[index]
            plan, start = run._plan_time, run._start_time  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  as above
            if plan and start:
                by_plan |= self._holds(plan) and not self._holds(start)
                by_start |= self._holds(start) and not self._holds(plan)
        return by_plan, by_start

    def _holds(self, time: int | None) -> bool:
        return time is not None and self.window.start <= time <= self.window.end
