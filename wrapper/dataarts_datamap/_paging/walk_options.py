"""The options, the requests and the progress of a walk, and the known facts about the server."""

from __future__ import annotations

from collections.abc import Callable, Generator
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
"""The page size to request; ``auto`` requests larger pages if a list is longer than its first page."""

SMALL_PAGE: Final = 100
"""The size of a list's first page with ``auto``; every sibling API allows it."""

LARGE_PAGE: Final = 1000
"""The largest page size that a sibling API documents."""

READ_ERRORS: Final = (ServiceError, TransportError, InvalidResponseError)
"""Errors of a page after which a walk may read in another way."""

# Pages of 1,000 rows: a run each minute for 28 days. The last page and the second look at the first cost a twentieth.
_PAGES_OF_SLICE: Final = 41
_MOST_TOTALS: Final = 20
_CONVINCING: Final = 4  # wrong totals would not be right so often by chance


class PageRead(Struct, frozen=True):
    """A page to read, as it is requested.

    Attributes:
        reading: Distinguishes repeated readings of the same page.
        is_trial: Whether it tests if the server accepts its limit. A trial is not retried.
    """

    operator: Operator
    window: Window
    offset: int
    limit: int
    reading: int = 0
    is_trial: bool = False


class PageNeeded(Struct, frozen=True):
    """A page that the walk needs now, and the pages that it will probably need next."""

    read: PageRead
    ahead: tuple[PageRead, ...] = ()


PageAhead: TypeAlias = Callable[[], RunPage]
"""A page that was read ahead. Calling it returns the page, or raises the error of decoding it."""

Walk: TypeAlias = Generator[PageNeeded | RunPage, RunPage, None]
"""Yields each page that it needs, and is sent that page, or thrown its error. Also yields pages of runs for the caller,
and is then resumed with ``next``."""


def go_on(walk: Walk, response: RunPage | DataMapError) -> PageNeeded | RunPage | None:
    """The next step of a walk, given the page that it needs, or one of ``READ_ERRORS`` instead; None at its end.

    Raises:
        DataMapError: The walk cannot go on after the error.
    """
    try:
        return walk.send(response) if isinstance(response, RunPage) else walk.throw(response)
    except StopIteration:
        return None


def passed_on(walk: Walk, needed: PageNeeded) -> Generator[PageNeeded, RunPage, PageNeeded | RunPage | None]:
    """Yields a page that a walk needs, passes the page or its error to the walk, and returns the walk's next step."""
    try:
        page = yield needed
    except READ_ERRORS as error:
        return go_on(walk, error)
    return go_on(walk, page)


class ServerHabits(Struct):
    """The known facts about a server, which a client keeps for all its walks.

    Attributes:
        counting: How it counts offsets; None while that is not known.
        first_offset: The offset at which its lists begin: 1 only if there was nothing at 0, so that no run is missed.
        capacity: The largest number of rows that it put on one page.
        true_totals: How often its total matched a list that was read to its end, over several pages.
        false_totals: How often its total differed from a list that was read to its end.
        largest_total: The largest total that it reported. A maximum of its totals, if there is one, is not lower.
        largest_page: The largest size of a page, in bytes.
        reach: The maximum number of rows of a list that it serves or counts; 0 while no maximum was noticed.
        page_size: The page size to request if a list is longer than its first page: the server allows it, and is not
            slow with it; 0 while that is not known.
        small_page_time: The time that the latest small page took, in seconds.
        trial_time: The time that the larger page of the latest trial took, in seconds.
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
        """Note a page, with its size in bytes and its time in seconds."""
        self.largest_page = max(self.largest_page, size)
        if read.is_trial:
            self.trial_time = elapsed
        elif read.limit <= SMALL_PAGE:
            self.small_page_time = elapsed

    def begin_trial(self) -> bool:
        """Whether to try a larger page now: of the walks in all threads, only one at a time may try it."""
        try:
            return not self.page_size and self._trials.pop() is None  # pop is atomic
        except IndexError:
            return False

    def end_trial(self, page_size: int) -> None:
        """Note the result of the trial: the page size to request, or 0 if it is still unknown."""
        self.page_size = page_size
        self._trials.append(None)

    @property
    def has_true_totals(self) -> bool:
        """Whether its totals can be trusted: they counted a whole list at least four times, and were never wrong."""
        return self.true_totals >= _CONVINCING and not self.false_totals


class WalkOptions(Struct, frozen=True, kw_only=True):
    """The options of walks.

    Attributes:
        larger_page: The page size to request if a list is longer than its first page, and the server allows it; 0 for
            ``page_size``.
        slice_span: The longest window to request, in milliseconds.
        slice_rows: The maximum number of rows to read by offset in pages of ``page_size``; a window with more is cut.
            With larger pages, ``most_rows`` has the maximum.
    """

    page_size: int
    larger_page: int = 0
    offset_unit: OffsetUnit
    slice_span: int
    slice_rows: int

    def counting(self, habits: ServerHabits) -> Counting | None:
        """How the server counts offsets; None if that is not known, or contradicts the unit in the options."""
        return habits.counting if habits.counting in COUNTINGS_OF_UNIT[self.offset_unit] else None

    def first_span(self, habits: ServerHabits, limit: int) -> Span:
        """The first page of a list, with ``limit`` rows."""
        from_one = self.counting(habits) is Counting.PAGES_FROM_ONE
        return Span(habits.first_offset if from_one else 0, limit, 0)

    def long_page(self, habits: ServerHabits) -> int:
        """The page size for a list that is known to be longer than a page."""
        return max(self.page_size, min(self.larger_page, habits.page_size))

    def most_rows(self, page_size: int) -> int:
        """The maximum number of rows to read by offset in pages of ``page_size`` rows."""
        return self.slice_rows if page_size <= self.page_size else max(self.slice_rows, _PAGES_OF_SLICE * page_size)


class Progress(Struct):
    """The progress of a walk.

    Attributes:
        rows_read: Number of runs that were yielded.
        changed: Number of runs that were read again with other content.
        totals: The latest 20 totals that the server reported, oldest first, without direct repetitions.
    """

    rows_read: int = 0
    changed: int = 0
    totals: list[int] = field(default_factory=list[int])
    last_run: Run | None = None

    def note(self, runs: tuple[Run, ...]) -> None:
        self.rows_read += len(runs)
        self.last_run = runs[-1] if runs else self.last_run

    def note_total(self, total: int | None) -> None:
        if total is not None and self.totals[-1:] != [total]:
            self.totals = [*self.totals, total][-_MOST_TOTALS:]

    def incomplete(self, problem: str) -> IncompleteWalkError:
        """The error of a walk that cannot go on."""
        runs = "1 run was" if self.rows_read == 1 else f"{self.rows_read} runs were"
        error = IncompleteWalkError(f"{runs} read, then {problem}")
        error.rows_read, error.totals, error.last_run = self.rows_read, tuple(self.totals), self.last_run
        return error
