"""Reads the list of one slice of a window: by offset while its pages join, else in narrower windows."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from dataarts_datamap._errors import (
    AuthenticationError,
    BadRequestError,
    ErrorBodyError,
    InvalidRowError,
    UnsuccessfulError,
    UpstreamError,
)
from dataarts_datamap._models.runs import RunPage
from dataarts_datamap._paging.caps import could_be_cap, count_halves, is_of_size, is_slow, served_page
from dataarts_datamap._paging.offsets import COUNTINGS_OF_UNIT, Counting, Span, next_span, probe
from dataarts_datamap._paging.resume_token import unpack
from dataarts_datamap._paging.seen_rows import AmbiguousRunError, SeenRows
from dataarts_datamap._paging.slice_pages import Page
from dataarts_datamap._paging.walk_options import LARGE_PAGE, READ_ERRORS, PageNeeded, PageRead, Walk
from dataarts_datamap._paging.walk_state import TooManyError, UnsettledError, WalkState
from dataarts_datamap._window import Window

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from dataarts_datamap._errors import DataMapError, IncompleteWalkError
    from dataarts_datamap._paging.resume_token import Position
    from dataarts_datamap._paging.seen_rows import RowKey

MOST_AHEAD: Final = 32
"""The maximum number of pages to announce for reading ahead."""

_OVERLAP: Final = 2  # rows
_LEAST_CAP: Final = 10  # no sibling API has a smaller default or maximum page size
_LAST_READING: Final = 2  # the last attempt to read a page that contradicts itself
_FRONT_READING: Final = _LAST_READING + 2
_SPARSE: Final = 4
_MANY_PAGES: Final = 10  # one more request is at most a tenth of these
_MANY_LARGE_PAGES: Final = 2  # a large page replaces ten small ones
_CLOCK_SKEW: Final = 86_400_000  # milliseconds; runs may lie so far after the window's end if clocks or zones differ
_REFUSALS: Final = (BadRequestError, ErrorBodyError, UnsuccessfulError, UpstreamError)


class _Yielded(Struct, frozen=True):
    """A page that was yielded.

    Attributes:
        wanted: Indexes of its runs that were yielded.
        fresh: Index of its first row that no earlier page of the slice had; 0 if it was not read by offset.
        before: The number of rows of the slice that had been read before it.
    """

    page: Page
    wanted: list[int]
    fresh: int
    before: int
    is_by_offset: bool


class SliceWalk:
    """Reads one slice.

    Args:
        window: The slice.
        page_size: The maximum number of rows on its first page; 0 for the page size of the options, if nothing is known
            about the slice.
        following: The next slices, each with the page size of its first page.
        parent_total: The total of the window that it was cut from, if that was too large.
        resumed: The position in it to go on from.
        is_checked: Whether any of its runs may have been read in another slice, not just those at its ends.
    """

    def __init__(  # noqa: PLR0913  each is one fact about the slice
        self,
        state: WalkState,
        window: Window,
        *,
        page_size: int = 0,
        following: tuple[tuple[Window, int], ...] = (),
        parent_total: int | None = None,
        resumed: Position | None = None,
        is_checked: bool = False,
    ) -> None:
        self.window = window
        self.windows_read = 0
        self._state = state
        self._habits = state.habits
        self._following = following
        self._parent_total = parent_total
        self._read = [] if resumed is None else unpack(resumed.read)
        self._seen = SeenRows(self._read)
        self._goes_on = resumed is None or resumed.reached == len(self._read)
        self._is_checked = is_checked
        least = state.options.page_size
        limit = (0 if resumed is None else resumed.limit) or page_size or least
        self._limit = min(limit, max(least, state.options.larger_page))
        self._page_size = max(self._limit, page_size, least)
        self._is_long = page_size > 0
        self._loose: list[RowKey] = []
        self._pending: tuple[Page, int] | None = None
        self._last: _Yielded | None = None
        self._total: int | None = None
        self._counts_fewer = False  # totals may count only the page

    @property
    def limit(self) -> int:
        """The page size that it requests."""
        self._settle()
        return self._limit

    def place(self, count: int) -> tuple[list[RowKey], int]:
        """The keys of the runs that were read, counting only ``count`` runs of the latest page; and the position.

        The position is 0 if the slice is not read by offset.
        """
        last = self._last
        if last is None:
            return self._read, len(self._read) * self._goes_on
        before = self._read[: last.before]
        if not last.is_by_offset:
            return [*before, *(last.page.keys[index] for index in last.wanted[:count])], 0
        end = len(last.page) if count == len(last.wanted) else last.wanted[count - 1] + 1 if count else last.fresh
        keys = [*before, *last.page.keys[last.fresh : end]]
        return keys, len(keys)

    def loose(self, keys: Sequence[RowKey]) -> list[RowKey]:
        """Which of the keys belong to runs of this slice that later slices can also hold."""
        self._settle()
        wanted = set(keys) if self._loose else ()
        return [key for key in self._loose if key in wanted]

    def pages(self) -> Walk:
        """The pages; each run is on one of them.

        Raises:
            TooManyError: There are too many rows to read by offset.
            IncompleteWalkError: As for ``by_windows``.
        """
        try:
            yield from self._by_offset()
        except UnsettledError as doubt:
            self._settle()
            self._habits.counting, self._state.has_moved = None, True
            yield from self.by_windows(str(doubt))

    def finish(self, *, is_cut: bool = False) -> bool:
        """Note the runs that were read, so that later slices do not yield them again; returns whether there are any.

        If the slice was cut into parts, each of its runs can come again in a part.
        """
        self._settle()
        if self._read:
            self._state.finished.add(self._read, self._read if is_cut else self._loose)
        return bool(self._read)

    def _by_offset(self) -> Walk:
        if not self._goes_on:
            raise UnsettledError("the walk was interrupted while pages did not join")
        page = yield from (self._next_page() if self._read else self._first_page(self.window))
        if self._is_cut_by_size(page):
            page = (yield from self._larger_page()) or page
        if not page.span.position:
            self._check_size(page)
        yield self._give(page)
        self._state.learn_direction(page.sent.runs)
        pages = 1
        while not self._is_last(page):
            self._settle()
            larger = None
            if self._may_grow(page):
                larger = yield from self._larger_page()
                self._check_size(larger or page)
            page = larger or (yield from self._next_page())
            if page.end > len(self._read):
                yield self._give(page)
                pages = pages + 1 if page.span.position else 1
        self._learn_total(page)
        yield from self._check_total(page)
        if pages >= (_MANY_PAGES if self._page_size == self._state.options.page_size else _MANY_LARGE_PAGES):
            yield from self._front_again()

    def _may_grow(self, page: Page) -> bool:
        """Whether to request a larger page: this one is a full first page, and its list may go on."""
        options = self._state.options
        return (
            not page.span.position
            and len(page) == page.span.limit == options.page_size < options.larger_page
            and (page.sent.total is None or page.is_less_than_reported)
        )

    def _is_cut_by_size(self, page: Page) -> bool:
        """Whether the list must be cut before the larger page size is known, on which the parts depend."""
        is_long = (page.sent.total or 0) > self._state.options.slice_rows
        return is_long and not self._habits.page_size and self._may_grow(page)

    def _larger_page(self) -> Generator[PageNeeded, RunPage, Page | None]:
        """The list from its beginning again, on a page as large as the server allows.

        None if no larger page was read, or if another walk is trying one.
        """
        options, habits = self._state.options, self._habits
        is_trial = not habits.page_size
        if (is_trial and not habits.begin_trial()) or (not is_trial and options.long_page(habits) == options.page_size):
            return None
        size = options.larger_page if is_trial else options.long_page(habits)
        span = options.first_span(habits, size)
        read = self._state.read(self.window, span, is_trial=is_trial)
        served = 0
        try:
            ahead = self._first_reads(behind=self._total or 0) if is_trial else self._ahead(span, size)
            sent = yield PageNeeded(read, tuple(islice(ahead, MOST_AHEAD)))
            served = served_page(sent, size, options.page_size)
            is_too_slow = is_trial and is_slow(habits, growth=size // options.page_size)
            served = options.page_size if is_too_slow else served
        except READ_ERRORS as error:
            if not is_trial and not is_of_size(error):
                raise
            if isinstance(error, (AuthenticationError, InvalidRowError)):
                raise
            served = options.page_size if is_of_size(error) else 0
            return None
        finally:
            if is_trial:
                habits.end_trial(served)
            elif served:
                habits.page_size = served
        if not options.page_size < len(sent.runs) <= size:
            return None
        self._page_size = self._limit = served
        page = self._read_page(sent, span, self.window)
        self._join(page)
        return page

    def _falls_back(self, error: DataMapError) -> bool:
        """Go on with small pages if the error may come from the size of a large page; returns whether it may."""
        least = self._state.options.page_size
        if self._page_size <= least or not is_of_size(error):
            return False
        self._page_size, self._habits.page_size = least, least
        self._limit = min(self._limit, least)
        return True

    def _front_again(self) -> Walk:
        """The runs that have moved to the front of the list since it was read.

        If another run leaves the front, and one is added at the end, neither a page nor a total shows the move.

        Raises:
            UnsettledError: More runs may have moved than fit on a page.
        """
        self._settle()
        yield from self._begin_next()
        span = self._state.options.first_span(self._habits, self._state.options.page_size)
        front = self._state.read(self.window, span, _FRONT_READING)
        ahead = tuple(islice(self._next_reads(), MOST_AHEAD))
        page = self._read_page((yield PageNeeded(front, ahead)), span, self.window)
        elsewhere = self._read_elsewhere(page)
        new = [
            index
            for index, key in enumerate(page.keys)
            # a run without an id has another key if it has changed
            if key[0] > 0 and index not in elsewhere and not self._seen.has_any([key])
        ]
        if not new:
            return
        if new[-1] == len(page) - 1:
            raise UnsettledError("runs moved to the front while the list was read")
        yield self._take(page, new)

    def _begin_next(self) -> Generator[PageNeeded, RunPage, None]:
        """Read the first page of the next slice, whose total determines the pages to read ahead."""
        window, page_size = next(iter(self._following), (None, 0))
        if window is None or window in self._state.first_pages:
            return
        first = self._state.first_read(window, page_size)
        ahead = tuple(read for read in self._first_reads() if read != first)
        try:
            self._state.first_pages[window] = yield PageNeeded(first, ahead)
        except READ_ERRORS as error:
            self._state.first_pages[window] = error

    def _next_reads(self) -> Iterator[PageRead]:
        """The pages that the next slices will probably need first."""
        window, page_size = next(iter(self._following), (None, 0))
        first = None if window is None else self._state.first_pages.get(window)
        if window is not None and isinstance(first, RunPage):
            yield from self._behind_first(window, first, page_size)
        yield from self._first_reads()

    def _behind_first(self, window: Window, first: RunPage, page_size: int) -> Iterator[PageRead]:
        options, habits, total = self._state.options, self._habits, first.total or 0
        limit = options.long_page(habits)
        if total > options.most_rows(limit):
            parts, size = self._state.parts(window, total)
            yield self._state.first_read(parts[-1 if self._state.is_descending else 0], size)
            return
        span = options.first_span(habits, page_size or options.page_size)
        if not page_size and len(first.runs) == span.limit < min(limit, total):
            span = options.first_span(habits, limit)
            yield self._state.read(window, span)
        yield from self._behind(window, span, max(page_size, limit), total)

    def by_windows(self, doubt: str) -> Walk:
        """The runs that were not read yet, in windows that are narrowed until the runs of each fit on its first page.

        Raises:
            IncompleteWalkError: A window of a millisecond has more runs than fit on a page, or as many as the server
                serves at most; a run comes from outside the window, two runs cannot be distinguished, or the server
                contradicts itself.
        """
        newest_first = self._state.is_descending or (self._state.is_descending is None and self._state.direction < 0)
        left = self.window
        rows = max(self._total or 0, len(self._read))
        limit = max(self._page_size, _LEAST_CAP)
        width = max((left.end - left.start) * limit // max(2 * rows, limit), 1)
        while True:
            limit = max(self._page_size, _LEAST_CAP)
            part = _end_of(left, width, newest_first=newest_first)
            is_least = part.end - part.start <= 1
            page = yield from self._first_page(part, LARGE_PAGE if is_least else limit)
            self.windows_read += 1
            is_capped = 0 < self._habits.reach == len(page) or (
                is_least and self._counts_fewer and self._may_be_capped(page)
            )
            is_whole = self._is_last(page) and not is_capped
            self._habits.capacity = max(self._habits.capacity, len(page))
            if not is_whole and is_least:
                if page.has_stranger(unstarted=True):
                    raise self._outside_error(page)
                if is_capped:
                    raise self._capped()
                if not (yield from self._ends_with(part, page)):
                    raise self._incomplete(f"{doubt}, and a window of a millisecond has more runs than a page")
            elif not is_whole:
                width = (part.end - part.start) // 2
                continue
            yield self._give_new(page)
            if part == left:
                return
            left = Window(left.start, part.start) if newest_first else Window(part.end, left.end)
            width *= 1 + (len(page) * _SPARSE < limit)

    def _ends_with(self, window: Window, page: Page) -> Generator[PageNeeded, RunPage, bool]:
        """Whether no row follows a first page, however the server counts offsets."""
        if page.is_less_than_reported or not page.is_short:
            return False
        rows = len(page)
        for offset in (1, 2, rows):
            span = Span(offset, rows, 0)
            keys = Page((yield self._needed(window, span)), span, page.window).keys
            left = {0} if offset == rows else {0, rows - offset, rows}  # by pages, by rows, and by pages from one
            if len(keys) not in left or not set(keys) <= set(page.keys):
                return False
        return True

    def _first_page(self, window: Window, limit: int | None = None) -> Generator[PageNeeded, RunPage, Page]:
        least = 1 if limit is None else min(self._habits.capacity or _LEAST_CAP, _LEAST_CAP)
        span = self._state.options.first_span(self._habits, self._page_size if limit is None else limit)
        sent = self._state.first_pages.pop(window, None) if limit is None else None
        reading = 0
        while True:
            if not isinstance(sent, RunPage):
                try:
                    if sent is not None:
                        raise sent
                    sent = yield self._needed(window, span, reading=reading)
                except READ_ERRORS as error:
                    sent = None
                    if not self._falls_back(error):
                        raise
                    span = span._replace(limit=self._page_size)
                    continue
            if not sent.runs and sent.total:
                sent, span = yield from self._first_page_elsewhere(window, sent, span)
            page = self._read_page(sent, span, window)
            if len(page) >= least or not page.is_less_than_reported:
                return page
            if reading == _LAST_READING:
                raise self._contradiction(page)
            sent = None
            reading += 1

    def _first_page_elsewhere(
        self, window: Window, sent: RunPage, span: Span
    ) -> Generator[PageNeeded, RunPage, tuple[RunPage, Span]]:
        """The first page and its span: at offset 1 if the server has rows there but none at 0, else as requested."""
        if span.offset == 0 and Counting.PAGES_FROM_ONE in COUNTINGS_OF_UNIT[self._state.options.offset_unit]:
            from_one = span._replace(offset=1)
            elsewhere = yield self._needed(window, from_one, reading=1)
            again = yield self._needed(window, span, reading=_LAST_READING + 1)
            if elsewhere.runs and not again.runs:
                self._habits.counting, self._habits.first_offset = Counting.PAGES_FROM_ONE, from_one.offset
                return elsewhere, from_one
            return again, span
        return sent, span

    def _read_page(self, sent: RunPage, span: Span, window: Window) -> Page:
        """A page as it was sent; what it shows is noted.

        Raises:
            IncompleteWalkError: It has a run from outside the window.
        """
        page = Page(sent, span, self._state.asked(window))
        self._state.progress.note_total(sent.total)
        if page.window == self._state.window:
            self._state.total = sent.total
        self._habits.largest_total = max(self._habits.largest_total, sent.total or 0)
        if page.unsure:
            is_newest = page.window.end == self._state.window.end
            if page.has_stranger(ahead=_CLOCK_SKEW * is_newest):
                raise self._outside_error(page)
            by_plan, by_start = page.shows_filter()
            self._state.is_by_plan |= by_plan
            self._state.is_by_start |= by_start
        if not self._state.newest_start and page:
            self._state.newest_start = max(run._start_time or 0 for run in sent.runs)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  the model's own integer
        return page

    def _check_size(self, page: Page) -> None:
        """Refuse a list that is too long.

        Raises:
            TooManyError: The list is too long, and its window can be cut.
        """
        total, reach, options = page.sent.total or 0, self._habits.reach, self._state.options
        most = options.most_rows(options.long_page(self._habits))
        is_long = total > max(most, len(page)) or 0 < reach <= total
        shrinks = self._parent_total is None or total < self._parent_total  # else the total counts more than the window
        if 0 < reach == total:
            self._state.total = None
        is_capped = 0 < reach == total and not page.is_short
        if ((is_long and shrinks) or is_capped) and self.window.end - self.window.start > 1:
            self._state.learn_direction(page.sent.runs)
            raise TooManyError(total)

    def _next_page(self) -> Generator[PageNeeded, RunPage, Page]:
        """The next page with new rows, or a page that shows that there are no more."""
        counting, page = Counting.ROWS, (yield from self._front_page())
        if page is None:
            counting, page = yield from self._find_counting()
        if page is not None:
            return page
        span = self._next_span(counting)
        reading = 0
        while True:
            try:
                sent = yield self._needed(self.window, span, reading=reading)
            except _REFUSALS as refusal:
                self._habits.reach = len(self._read)
                raise TooManyError(max(self._total or 0, 2 * len(self._read)), refusal) from refusal
            except READ_ERRORS as error:
                if not self._falls_back(error):
                    raise
                span = self._next_span(counting)
                continue
            page = self._read_page(sent, span, self.window)
            self._join(page)
            if page.end > len(self._read) or self._is_last(page):
                self._habits.counting = counting if span.position else self._habits.counting
                return page
            if reading == _LAST_READING:
                if could_be_cap(page.end):
                    self._habits.reach = page.end
                    raise TooManyError(max(page.sent.total or 0, 2 * page.end))
                raise self._contradiction(page)
            reading += 1

    def _front_page(self) -> Generator[PageNeeded, RunPage, Page | None]:
        """The next page of a walk that was resumed, read from the beginning of the list if offsets are not known yet.

        None if they are known, if the server does not serve so many rows at once, or if the page shows neither a new
        row nor that there is none.
        """
        if self._last is not None or self._state.options.counting(self._habits) is not None:
            return None
        span = self._state.options.first_span(self._habits, max(self._page_size, len(self._read) + 1))
        try:
            sent = yield self._needed(self.window, span)
        except READ_ERRORS as error:
            if isinstance(error, _REFUSALS) or self._falls_back(error):
                return None
            raise
        page = self._read_page(sent, span, self.window)
        self._join(page)
        return page if page.end > len(self._read) or self._is_last(page) else None

    def _join(self, page: Page) -> None:
        """Check that a page joins the pages before it.

        Raises:
            UnsettledError: Rows were added, removed or moved, or runs share an id and a planned time.
        """
        known = self._read[page.span.position :]
        if page.keys[: len(known)] != known:
            raise UnsettledError("pages do not fit together")
        if self._seen.has_any(page.keys[len(known) :]):
            raise UnsettledError("a run appeared again on a later page")
        if self._seen.has_twins or len(set(page.keys)) < len(page):
            raise UnsettledError("runs share an id and a planned time")
        if self._total is not None and page.sent.total is not None and page.sent.total < self._total:
            self._counts_fewer = True
            raise UnsettledError("the server counts fewer runs than before")

    def _find_counting(self) -> Generator[PageNeeded, RunPage, tuple[Counting, Page | None]]:
        """How the server counts offsets: known, found out now, or assumed.

        It is assumed if the options name the unit, or if too few rows were read to find it out. The result includes the
        next page if that was read on the way.
        """
        options = self._state.options
        known = options.counting(self._habits)
        possible = COUNTINGS_OF_UNIT[options.offset_unit]
        question = probe(len(self._read), overlap=_OVERLAP)
        if known is not None or options.offset_unit != "auto" or question is None:
            return possible[0] if known is None else known, None
        if self._page_size > options.page_size and self._total == len(self._read):
            page = yield from self._end_by_rows()
            if page is not None:
                return Counting.ROWS, page
        sent = yield self._needed(self.window, Span(question.offset, question.limit, 0))
        for counting in possible:
            span = Span(question.offset, question.limit, question.positions[counting])
            page = self._read_page(sent, span, self.window)
            expected = self._read[span.position : page.end]
            if expected and page.keys[: len(expected)] == expected:
                self._habits.counting = counting
                if page.end < len(self._read) or (page.end == len(self._read) and not self._is_last(page)):
                    return counting, None
                self._join(page)
                return counting, page
        raise UnsettledError("no way of counting offsets fits the pages: the server may ignore offset")

    def _end_by_rows(self) -> Generator[PageNeeded, RunPage, Page | None]:
        """The next page if the server counts rows, else None. The page also shows whether there are more rows."""
        span = self._next_span(Counting.ROWS)
        try:
            sent = yield self._needed(self.window, span)
        except _REFUSALS:
            return None
        page = self._read_page(sent, span, self.window)
        known = self._read[span.position :]
        if page.keys[: len(known)] != known:
            return None
        self._habits.counting = Counting.ROWS
        self._join(page)
        return page

    def _next_span(self, counting: Counting) -> Span:
        most = max(self._limit, LARGE_PAGE) if self._limit >= self._page_size else self._limit
        try:
            span = next_span(counting, len(self._read), overlap=_OVERLAP, limit=self._limit, most=most)
        except OverflowError as error:
            raise UnsettledError(str(error)) from None
        return span if span.position else self._state.options.first_span(self._habits, span.limit)

    def _give(self, page: Page) -> RunPage:
        """A page that was read by offset, without the rows that were read before."""
        before = len(self._read)
        fresh = before - page.span.position
        known, contents = page.keys[:fresh] if fresh else [], page.contents[:fresh] if fresh else []
        self._state.progress.changed += self._seen.changed_among(known, contents)
        skipped = self._read_elsewhere(page)
        wanted = [index for index in range(fresh, len(page)) if index not in skipped]
        self._pending = page, fresh
        return self._yielded(_Yielded(page, wanted, fresh, before, is_by_offset=True))

    def _read_elsewhere(self, page: Page) -> set[int]:
        """Indexes of the runs that another slice had."""
        finished = self._state.finished
        if not finished:
            return set()
        candidates = range(len(page)) if self._is_checked else self._may_be_elsewhere(page)
        return {index for index in candidates if finished.count(page.keys[index])}

    def _may_be_elsewhere(self, page: Page) -> set[int]:
        """Indexes of the runs that another slice may have had: they lie near an end, or were loose in that slice."""
        return {*page.unsure, *self._state.finished.loose_among(page.keys)}

    def _give_new(self, page: Page) -> RunPage:
        """A page that holds all rows of its window at one moment, without the rows that were read before."""
        count = self._state.finished.count
        unsure = None if self._is_checked else {page.keys[index] for index in self._may_be_elsewhere(page)}
        try:
            wanted, changed = self._seen.new_among(
                page.keys, page.contents, lambda key: count(key) if unsure is None or key in unsure else 0
            )
        except AmbiguousRunError:
            raise self._incomplete(
                "two runs cannot be distinguished: one has no id, or both have the same id, and the list has changed"
            ) from None
        self._state.progress.changed += changed
        return self._take(page, wanted)

    def _take(self, page: Page, wanted: list[int]) -> RunPage:
        """Some rows of a page that was not read by offset."""
        before = len(self._read)
        self._note_loose(page, wanted)
        keys = [page.keys[index] for index in wanted]
        self._read += keys
        self._seen.add(keys, [page.contents[index] for index in wanted])
        return self._yielded(_Yielded(page, wanted, 0, before, is_by_offset=False))

    def _yielded(self, last: _Yielded) -> RunPage:
        self._last = last
        sent = last.page.sent
        if len(last.wanted) < len(sent.runs):
            sent = replace(sent, runs=tuple(sent.runs[index] for index in last.wanted))
        if sent.total != self._state.total:
            sent = replace(sent, total=self._state.total)
        self._state.progress.note(sent.runs)
        return sent

    def _settle(self) -> None:
        """Take in the rows of the page that was yielded. A walk of one page does not need this, so it is put off."""
        if self._pending is None:
            return
        (page, fresh), self._pending = self._pending, None
        self._read += page.keys[fresh:]
        self._seen.add(page.keys[fresh:], page.contents[fresh:])
        self._note_loose(page, range(fresh, len(page)))
        self._habits.capacity = max(self._habits.capacity, len(page))
        self._total = page.sent.total
        if page.span.position == 0 and len(page) != page.span.limit:
            self._limit = max(1, len(page))

    def _note_loose(self, page: Page, new: Sequence[int]) -> None:
        """Note the new runs that can come again: they lie near an end, can still change, or are the newest ones.

        A walk that looks for moved runs reads the newest ones again.
        """
        if self._state.is_descending is None:
            return
        newest_start = self._state.newest_start if self._state.is_descending else 0
        near = {*page.unsure, *(page.since(newest_start) if newest_start else ())}
        runs = page.sent.runs
        self._loose += [
            page.keys[index]
            for index in new
            if index in near or not runs[index]._end_time  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  the model's own integer
        ]

    def _is_last(self, page: Page) -> bool:
        """Whether the list certainly ends with this page."""
        if page.is_less_than_reported:
            return False
        if not page:
            return not page.span.position
        is_whole = page.sent.total == page.end
        if len(page) > page.span.limit:  # the server ignores the limit
            return is_whole
        if not page.is_short:
            return False
        if len(page) < max(self._habits.capacity, _LEAST_CAP):
            return True
        return is_whole and self._habits.has_true_totals

    def _learn_total(self, page: Page) -> None:
        """Learn from a list's last page whether totals count the whole list.

        If a list has only one page, a total that matches proves nothing: it may count just that page.
        """
        self._habits.capacity = max(self._habits.capacity, len(page))
        if page.sent.total == page.end:
            self._habits.true_totals += page.end > len(page) and page.is_short
        elif page.sent.total is not None:
            self._habits.false_totals += 1

    def _check_total(self, page: Page) -> Generator[PageNeeded, RunPage, None]:
        """Refuse a list that may end at the server's maximum.

        Raises:
            TooManyError: The server counts another number of rows in the two halves of the window together than in the
                window; its total is missing or too small; or no run was planned in the window, so that nothing shows
                how to halve it.
            IncompleteWalkError: The same of a window of a millisecond.
        """
        total, habits = page.sent.total, self._habits
        if not self._may_be_capped(page):
            return
        self._settle()
        planned = [time for _, time in self._read if page.window.start < time < page.window.end]
        can_be_cut = self.window.end - self.window.start > 1
        if can_be_cut and (total is None or total < page.end or not planned):
            raise TooManyError(2 * page.end)  # neither the total nor a count of the halves would prove it
        counted = (yield from count_halves(self._state, page.window, planned)) if can_be_cut else 0
        if counted > page.end:
            habits.reach, self._state.total = page.end, None
        habits.false_totals += 0 < counted < page.end
        is_proven = total == page.end != habits.reach and not habits.false_totals
        if counted == page.end or (not counted and is_proven):
            return
        if not can_be_cut:
            raise self._capped()
        raise TooManyError(max(counted, 2 * page.end))

    def _may_be_capped(self, page: Page) -> bool:
        """Whether a list may end at the server's maximum: not if the server has shown or counted more rows."""
        return could_be_cap(page.end) and page.end >= max(self._habits.largest_total, self._habits.capacity)

    def _capped(self) -> IncompleteWalkError:
        return self._incomplete("a window of a millisecond has as many runs as the server may serve at most")

    def _outside_error(self, page: Page) -> IncompleteWalkError:
        return self._incomplete(
            f"a run came from outside the window: none of its times lies between {page.window.start} and "
            f"{page.window.end} (ms since the epoch), so the server may ignore the window"
        )

    def _contradiction(self, page: Page) -> IncompleteWalkError:
        read = f"{page.end} row{'' if page.end == 1 else 's'}"
        return self._incomplete(f"the pages ended after {read}, though the server reports a total of {page.sent.total}")

    def _incomplete(self, problem: str) -> IncompleteWalkError:
        return self._state.progress.incomplete(problem)

    def _needed(self, window: Window, span: Span, *, reading: int = 0) -> PageNeeded:
        ahead = self._ahead(span, self._limit) if window == self.window else ()
        return PageNeeded(self._state.read(window, span, reading), tuple(islice(ahead, MOST_AHEAD)))

    def _ahead(self, span: Span, limit: int) -> Iterator[PageRead]:
        """The pages that follow a page, if all goes well."""
        if self._limit > self._page_size:
            return  # pages are larger than requested
        total = self._total or 0
        if self._is_long and not total:
            return  # the next pages of this slice come before those of other slices
        yield from self._behind(self.window, span, limit, total)
        yield from self._first_reads(behind=0 if self._state.options.counting(self._habits) else total)

    def _behind(self, window: Window, span: Span, limit: int, total: int) -> Iterator[PageRead]:
        """The pages of a list after a page, up to the total; none if it is unknown how the server counts offsets."""
        counting = self._state.options.counting(self._habits)
        while counting is not None and (end := span.position + span.limit) < total:
            try:
                span = next_span(counting, end, overlap=_OVERLAP, limit=limit, most=limit)
            except OverflowError:
                return
            yield self._state.read(window, span)

    def _first_reads(self, *, behind: int = 0) -> Iterator[PageRead]:
        """The first pages of the next slices; if the very next slice probably has many pages, only its first page.

        A slice is assumed to have as many rows as the slice before it.

        Args:
            behind: The number of rows of this slice that are read before them, on pages that cannot be announced yet.
        """
        most = max(MOST_AHEAD - behind // self._state.options.page_size, 0)
        is_long = self._is_long or (self._total or 0) > MOST_AHEAD // 2 * self._limit
        for window, page_size in self._following[:most]:
            if window not in self._state.first_pages:
                yield self._state.first_read(window, page_size)
            if page_size or is_long:
                return


def _end_of(window: Window, width: int, *, newest_first: bool) -> Window:
    if newest_first:
        return Window(max(window.start, window.end - width), window.end)
    return Window(window.start, min(window.end, window.start + width))
