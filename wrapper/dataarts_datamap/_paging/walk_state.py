"""The state that the slices of a window share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from dataarts_datamap._errors import DataMapError
from dataarts_datamap._models.runs import RunPage
from dataarts_datamap._paging.seen_rows import FinishedSlices
from dataarts_datamap._paging.walk_options import PageRead, Progress, ServerHabits, WalkOptions
from dataarts_datamap._window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataarts_datamap._errors import ServiceError
    from dataarts_datamap._models.runs import Operator, Run
    from dataarts_datamap._paging.offsets import Span


class UnsettledError(Exception):
    """The pages of a list do not join."""


class TooManyError(Exception):
    """A list is too long to read by offset.

    Attributes:
        total: Its number of rows, or an estimate of it.
        refusal: The error response to a request for more rows; None if there was none.
    """

    def __init__(self, total: int, refusal: ServiceError | None = None) -> None:
        super().__init__()
        self.total = total
        self.refusal = refusal


class WalkState(Struct):
    """The state that the slices of a window share.

    Attributes:
        window: The whole window.
        total: The latest reported total of the whole window; None if there is none, or it is the server's maximum.
        direction: The server's order: 1 for oldest first, -1 for newest first, 0 while that is not known.
        is_descending: Whether slices are read newest first; None while there is just one.
        finished: The runs of the slices that were read.
        first_pages: First pages of later slices, or their errors.
        newest_start: The latest start time on the first page that has one, in milliseconds; 0 while there is none.
        is_by_plan: Whether a row shows that windows filter on planned times.
        is_by_start: Whether a row shows that windows filter on start times.
        has_moved: Whether the pages of a list did not join, perhaps because runs moved.
    """

    operator: Operator
    window: Window
    options: WalkOptions
    habits: ServerHabits
    progress: Progress = field(default_factory=Progress)
    total: int | None = None
    direction: int = 0
    is_descending: bool | None = None
    finished: FinishedSlices = field(default_factory=FinishedSlices)
    first_pages: dict[Window, RunPage | DataMapError] = field(default_factory=dict[Window, RunPage | DataMapError])
    newest_start: int = 0
    is_by_plan: bool = False
    is_by_start: bool = False
    has_moved: bool = False

    def asked(self, window: Window) -> Window:
        """The window to send for a part of the window: it extends a millisecond over each inner edge."""
        start = window.start - (window.start > self.window.start)
        return Window(start, window.end + (window.end < self.window.end))

    def read(self, window: Window, span: Span, reading: int = 0, *, is_trial: bool = False) -> PageRead:
        """The request for a page of a part of the window."""
        return PageRead(self.operator, self.asked(window), span.offset, span.limit, reading, is_trial)

    def first_read(self, window: Window, page_size: int | None = None) -> PageRead:
        """The request for the first page of a slice, with the page size of the options if none is given."""
        return self.read(window, self.options.first_span(self.habits, page_size or self.options.page_size))

    def parts(self, window: Window, total: int) -> tuple[Slices, int]:
        """The parts in which to read a slice with too many runs, and the page size for them."""
        page_size = self.options.long_page(self.habits)
        most = self.options.most_rows(page_size)
        most = min(most, max(1, self.habits.reach * 3 // 4 or most))
        length = window.end - window.start
        return cut(window, min(length * most // total, (length + 1) // 2)), page_size

    def learn_direction(self, runs: Sequence[Run]) -> None:
        """Learn the server's order from rows as it sent them."""
        if not self.direction:
            self.direction = _direction(runs)


def _direction(runs: Sequence[Run]) -> int:
    for column in ("_plan_time", "_start_time", "_submit_time", "run_id"):
        values = [value for run in runs if (value := getattr(run, column))]
        in_order = sorted(values)
        if in_order and in_order[0] != in_order[-1]:
            if values == in_order:
                return 1
            if values[::-1] == in_order:
                return -1
    return 0


class Slices:
    """The parts of a window, of equal length and with common edges, made one by one."""

    def __init__(self, window: Window, count: int) -> None:
        self._window = window
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Window:
        part = range(self._count)[index]
        return Window(self._edge(part), self._edge(part + 1))

    def _edge(self, part: int) -> int:
        return self._window.start + (self._window.end - self._window.start) * part // self._count


def cut(window: Window, longest: int) -> Slices:
    """The window in parts of equal length, none longer than ``longest`` milliseconds."""
    return Slices(window, max(1, -(-(window.end - window.start) // max(1, longest))))
