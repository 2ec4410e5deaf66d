"""What a walk asks for, what it knows of the server, and what it tells of itself."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct, field

from dataarts_datamap._errors import (
    DataMapError,
    IncompleteWalkError,
    InvalidResponseError,
    ServiceError,
    TransportError,
)
from dataarts_datamap._models.runs import Operator, RunPage
from dataarts_datamap._paging.offsets import COUNTINGS_OF_UNIT, Counting, OffsetUnit, Span

if TYPE_CHECKING:
    from dataarts_datamap._models.runs import Run
    from dataarts_datamap._window import Window

PageSize: TypeAlias = int | Literal["auto"]
"""Rows to ask for at once; ``auto`` asks for more of them where a list is longer than its first page."""

SMALL_PAGE: Final = 100
"""Rows of the first page of a list: every sibling API serves so many."""

LARGE_PAGE: Final = 1000
"""Rows of the largest page that a sibling API documents."""

READ_ERRORS: Final = (ServiceError, TransportError, InvalidResponseError)
"""What can become of a page that a walk reads in another way."""

_PAGES_OF_SLICE: Final = 40  # so that the last page and the second look at the first one are a twentieth at the most
_MOST_TOTALS: Final = 20
_CONVINCING: Final = 4  # a total that is wrong by chance is not right so often


class PageRead(Struct, frozen=True):
    """A page to read.

    Attributes:
        operator: Whose runs.
        window: The window to ask for.
        offset: The offset to send.
        limit: The limit to send.
        reading: Tells one reading of the same page from another.
        is_trial: Whether it finds out if the server takes such a limit: then it is not sent again where it fails.
    """

    operator: Operator
    window: Window
    offset: int
    limit: int
    reading: int = 0
    is_trial: bool = False


class PageNeeded(Struct, frozen=True):
    """A page that the walk needs now, and those that it will need next if nothing comes in between."""

    read: PageRead
    ahead: tuple[PageRead, ...] = ()


Walk: TypeAlias = Generator[PageNeeded | RunPage, RunPage, None]
"""Yields what it needs, to be resumed with that page or its error, and pages of runs, to be resumed with ``next``."""


def go_on(walk: Walk, response: RunPage | DataMapError) -> PageNeeded | RunPage | None:
    """What a walk yields next when it gets the page that it needs, or one of ``READ_ERRORS`` instead; None at its end.

    Raises:
        DataMapError: The walk knows no other way.
    """
    try:
        return walk.send(response) if isinstance(response, RunPage) else walk.throw(response)
    except StopIteration:
        return None


class ServerHabits(Struct):
    """What is known of a server, kept by a client for all its walks.

    Attributes:
        counting: How it takes offsets; None while that is not known.
        first_offset: Where its lists begin: 1 only if there was nothing at 0, since runs would be passed over.
        capacity: The most rows that it put on one page.
        true_totals: How often its total was that of a list which was read to its end by other pages.
        false_totals: How often it was not.
        largest_total: The largest total that it reported: totals do not end at a smaller one.
        largest_page: The bytes of the largest page.
        reach: The most rows of a list that it serves, or counts; 0 while none was noticed.
        page_size: Rows to ask for where a list is longer than its first page, as far as the server serves them, and in
            good time; 0 while that is not known.
        small_page_time: Seconds that the latest page up to the size of a first one took.
        trial_time: Seconds that the larger page took that was tried.
    """

    counting: Counting | None = None
    first_offset: int = 0
    capacity: int = 0
    true_totals: int = 0
    false_totals: int = 0
    largest_total: int = 0
    largest_page: int = 0
    reach: int = 0
    page_size: int = 0
    small_page_time: float = 0.0
    trial_time: float = 0.0
    _trials: list[None] = field(default_factory=lambda: [None])

    def note_page(self, read: PageRead, size: int, elapsed: float) -> None:
        """A page came, of so many bytes, after so many seconds."""
        self.largest_page = max(self.largest_page, size)
        if read.is_trial:
            self.trial_time = elapsed
        elif read.limit <= SMALL_PAGE:
            self.small_page_time = elapsed

    def begin_trial(self) -> bool:
        """Whether to try a larger page now: just one of all walks does, whichever thread it is in."""
        try:
            return not self.page_size and self._trials.pop() is None  # which one thread at a time can do
        except IndexError:
            return False

    def end_trial(self, page_size: int) -> None:
        """What it came to: rows to ask for, or 0 where that is still not known."""
        self.page_size = page_size
        self._trials.append(None)

    @property
    def has_true_totals(self) -> bool:
        """Whether its total can be taken at its word: it counted the list, and not just a page, each time."""
        return self.true_totals >= _CONVINCING and not self.false_totals


class WalkOptions(Struct, frozen=True, kw_only=True):
    """How windows are walked.

    Attributes:
        page_size: Rows to ask for at once.
        larger_page: Rows to ask for at once where a list is longer than its first page, if the server serves them; 0
            for no more than ``page_size``.
        offset_unit: What the offset counts.
        slice_span: The longest window to ask for, in milliseconds.
        slice_rows: The most rows to read by offset; a window that holds more is cut.
    """

    page_size: int
    larger_page: int = 0
    offset_unit: OffsetUnit
    slice_span: int
    slice_rows: int

    def counting(self, habits: ServerHabits) -> Counting | None:
        """How the server takes offsets, as far as it is known and the plan allows."""
        return habits.counting if habits.counting in COUNTINGS_OF_UNIT[self.offset_unit] else None

    def first_span(self, habits: ServerHabits, limit: int) -> Span:
        """The first page of a list, of so many rows."""
        from_one = self.counting(habits) is Counting.PAGES_FROM_ONE
        return Span(habits.first_offset if from_one else 0, limit, 0)

    def long_page(self, habits: ServerHabits) -> int:
        """Rows to ask for at once in a list that is known to be longer than a page."""
        return max(self.page_size, min(self.larger_page, habits.page_size))

    def most_rows(self, page_size: int) -> int:
        """The most rows to read by offset, in pages of a size."""
        return self.slice_rows if page_size <= self.page_size else max(self.slice_rows, _PAGES_OF_SLICE * page_size)


class Progress(Struct):
    """What a walk has read so far.

    Attributes:
        rows_read: Runs that were given.
        changed: Runs that came back with other content than they were given with.
        totals: The different totals that the server told, the latest last.
        last_run: The run that was given last.
    """

    rows_read: int = 0
    changed: int = 0
    totals: list[int] = field(default_factory=list[int])
    last_run: Run | None = None

    def note(self, runs: tuple[Run, ...]) -> None:
        """Runs are given."""
        self.rows_read += len(runs)
        self.last_run = runs[-1] if runs else self.last_run

    def note_total(self, total: int | None) -> None:
        """A total was told."""
        if total is not None and self.totals[-1:] != [total]:
            self.totals = [*self.totals, total][-_MOST_TOTALS:]

    def incomplete(self, problem: str) -> IncompleteWalkError:
        """The error of a walk that cannot go on."""
        error = IncompleteWalkError(f"{self.rows_read} runs were read, then {problem}")
        error.rows_read, error.totals, error.last_run = self.rows_read, tuple(self.totals), self.last_run
        return error
