"""Reads the list of one slice of a window, and proves that no run is missing from it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field
from msgspec.structs import replace

from dataarts_datamap._models import RunPage
from dataarts_datamap._paging.offsets import COUNTINGS_OF_UNIT, Counting, Span, next_span, probe
from dataarts_datamap._paging.overlap import Order, Overlap, RowKey, SeenRows, join, row_of
from dataarts_datamap._paging.slice_edges import Edge, near
from dataarts_datamap._paging.slice_pages import Page, SlicePosition, YieldedPage
from dataarts_datamap._paging.walk_options import PageNeeded, PageRead, Progress, ServerHabits, Walk, WalkOptions
from dataarts_datamap._window import Window

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from dataarts_datamap._errors import IncompleteWalkError
    from dataarts_datamap._models import Operator
    from dataarts_datamap._paging.slice_pages import Found

MOST_AHEAD: Final = 32
"""So many pages are named ahead at the most."""

_ANCHORS: Final = 10  # rows that can be found again by the one who resumes
_MOST_READINGS: Final = 6
_LEAST_CAP: Final = 10  # no sibling API has a smaller default or largest size of a page
_LARGEST_LIMIT: Final = 1000  # the largest that a sibling API documents
_LEAST_OVERLAP: Final = 2  # the last row may have changed places with one that was not read; the one before it has not
_MOST_CONTRADICTIONS: Final = 2


class UnsettledError(Exception):
    """Pages of a list that do not fit together."""


class TooManyError(Exception):
    """A list that is too long to be read by offset."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self.total = total


class WalkState(Struct):
    """What the slices of a window share.

    Attributes:
        operator: Whose runs.
        window: The whole window.
        plan: How it is walked.
        habits: What is known of the server.
        progress: What was read.
        order: The server's order.
        is_descending: Whether slices are read newest first; None while there is just one.
        edge: The runs near the beginning of the next slice.
        first_pages: First pages that were read already.
    """

    operator: Operator
    window: Window
    plan: WalkOptions
    habits: ServerHabits
    progress: Progress = field(default_factory=Progress)
    order: Order = field(default_factory=Order)
    is_descending: bool | None = None
    edge: Edge = field(default_factory=Edge)
    first_pages: dict[Window, RunPage] = field(default_factory=dict[Window, RunPage])

    def read(self, piece: Window, span: Span, reading: int = 0) -> PageRead:
        """A page of a slice, whose window reaches a millisecond over each inner edge."""
        start = piece.start - (piece.start > self.window.start)
        end = piece.end + (piece.end < self.window.end)
        return PageRead(self.operator, Window(start, end), span.offset, span.limit, reading)

    def first_read(self, piece: Window) -> PageRead:
        """The first page of a slice."""
        return self.read(piece, self.plan.first_span(self.habits))


class SliceWalk:
    """Reads one slice.

    Args:
        state: What it shares with the other slices.
        piece: The slice.
        following: The slices behind it.
        read_before: What was read of it in another way.
        told: The total of the window that it was cut from, where its size was the reason.
        begin: Where to go on, if it was read in part.

    Attributes:
        given: All that was given of the slice, in this way or another.
        edge: Where the next slice begins.
        near_edge: The rows that it can hold, too.
    """

    def __init__(  # noqa: PLR0913  each is one fact about the slice
        self,
        state: WalkState,
        piece: Window,
        *,
        following: tuple[Window, ...],
        read_before: SeenRows,
        told: int | None,
        begin: SlicePosition | None = None,
    ) -> None:
        self.piece = piece
        self.read_before = read_before
        self.given = read_before.copy()
        self.edge = piece.start if state.is_descending else piece.end
        self.near_edge: list[tuple[RowKey, int]] = []
        self._state = state
        self._plan = state.plan
        self._habits = state.habits
        self._following = following
        self._told = told
        self._limit = state.plan.page_size
        self._most = max(self._limit, _LARGEST_LIMIT)
        self._overlap = _LEAST_OVERLAP
        self._order = Order()
        self._memory = SeenRows()
        self._reached = 0
        self._tail: list[RowKey] = []
        self._shift = 0
        self._has_shifted = False
        self._first: RowKey | None = None
        self._first_offset = self._plan.first_span(self._habits).offset
        self._contents: dict[int | str, int] = {}
        self._untaken: Page | None = None
        self._last: YieldedPage | None = None
        self._last_but_one: YieldedPage | None = None
        self._begin = begin
        self._is_partial = begin is not None and begin.reached > len(
            begin.tail
        )  # of what came before, the end is known
        if begin is not None:
            self._reached, self._tail = begin.reached, list(begin.tail)
            self._limit, self._most = min(self._limit, begin.limit or self._limit), begin.most or self._most
            self._order.learn(self._tail)
            self._memory = SeenRows.of(self._tail)
            self.given.add(self._tail, [0] * len(self._tail))
            self._overlap = len(self._tail) - self._order.group_before(self._tail, len(self._tail)) + 1

    @property
    def has_strangers(self) -> bool:
        """Whether a run came none of whose times is in the window that was asked for: a narrower one is no use."""
        start, end = self._state.read(self.piece, Span(0, 0, 0)).window
        return any(
            all(not start <= time <= end for time in row.keys[:3] if time) for row in self._tail if any(row.keys[:3])
        )

    def place(self, given: int) -> SlicePosition | None:
        """How far the slice was read when so many runs of the page that was given last are counted.

        None if that can't be told: runs came in before others that were given already.
        """
        self.settle()
        if self._last is None:
            return self._begin or SlicePosition()
        page, kept, tail = self._last.page, self._last.kept, self._last.tail
        if given == len(kept.runs):
            return self._place(page, len(page), tail)
        if not given:
            before = self._last_but_one
            return (
                self._begin or SlicePosition()
                if before is None
                else self._place(before.page, len(before.page), before.tail)
            )
        count = 1 + next(index for index, run in enumerate(page.sent.runs) if run is kept.runs[given - 1])
        is_rest_new = len(page) - count == len(kept.runs) - given
        return self._place(page, count, tail) if is_rest_new else None

    def _place(self, page: Page, count: int, tail: Sequence[RowKey]) -> SlicePosition:
        """How far the slice was read behind so many rows of a page, with which the tail ends."""
        rows = [*tail[: len(tail) - len(page)], *page.rows[:count]]
        group = self._order.group_before(rows, len(rows)) if rows else 0
        begin = self._order.group_before(rows, group - _ANCHORS) if group > _ANCHORS else 0
        return SlicePosition(page.span.position + count, tuple(rows[begin:]), self._limit, self._most)

    def pages(self) -> Walk:
        """The pages, each run on one of them.

        Raises:
            TooManyError: There are too many to be read by offset.
            UnsettledError: They do not fit together.
            IncompleteWalkError: The server contradicts itself.
        """
        if self._begin is None or not self._tail:
            page = yield from self._first_page()
            self._check_size(page)
            yield self._give_first(page)
            self.settle()
        else:
            page, fresh = (yield from self._first_page_again()) or (yield from self._next_page())
            yield self._give(page, fresh)
        while not self._is_last(page):
            page, fresh = yield from self._next_page()
            if fresh:
                yield self._give(page, fresh)
        self._learn_total(page)
        self._state.edge = self._state.edge.moved(self.edge, self.near_edge)

    def _first_page(self) -> Generator[PageNeeded, RunPage, Page]:
        span = self._plan.first_span(self._habits)
        sent = self._state.first_pages.pop(self.piece, None)
        if sent is None:
            sent = yield self._await(span)
        if not sent.runs and sent.total:
            sent, span = yield from self._first_page_elsewhere(span)
        page = Page(sent, span)
        if not page and sent.total:
            raise self._contradiction(page)
        self._first_offset = span.offset
        return page

    def _first_page_elsewhere(self, span: Span) -> Generator[PageNeeded, RunPage, tuple[RunPage, Span]]:
        """The first page where the server begins to count at one; else, or if runs have come in meanwhile, as asked."""
        if span.offset == 0 and Counting.PAGES_FROM_ONE in COUNTINGS_OF_UNIT[self._plan.offset_unit]:
            from_one = span._replace(offset=1)
            elsewhere = yield self._await(from_one, reading=1)
            sent = yield self._await(span, reading=1)
            if elsewhere.runs and not sent.runs:
                self._habits.counting, self._habits.first_offset = Counting.PAGES_FROM_ONE, from_one.offset
                return elsewhere, from_one
            return sent, span
        return (yield self._await(span, reading=1)), span

    def _first_page_again(self) -> Generator[PageNeeded, RunPage, Found | None]:
        """The first page with its new rows, where the reading broke off on it; None if it is behind, or lost.

        From there on, it can be found out how the server takes offsets; the few rows that are known do not tell.
        """
        if self._plan.counting(self._habits) is not None:
            return None
        span = self._plan.first_span(self._habits)
        span = span._replace(limit=min(max(span.limit, self._reached + 1), self._most))
        page = Page((yield self._await(span)), span)
        fresh = self._take(page)
        return None if fresh is None else (page, fresh)

    def _check_size(self, page: Page) -> None:
        total = page.sent.total or 0
        shrinks = self._told is None or total < self._told  # else the server counts more than the window holds
        if total > max(self._plan.slice_rows, len(page)) and shrinks and self.piece.end - self.piece.start > 1:
            self._state.order.learn(page.rows)
            raise TooManyError(total)

    def _next_page(self) -> Generator[PageNeeded, RunPage, Found]:
        """The next page with new rows, or the one that shows that there are none."""
        if self._plan.counting(self._habits) is None:
            found = yield from self._find_counting()
            if found is not None:
                return found
        overlap, contradictions = self._overlap, 0
        for reading in range(_MOST_READINGS):
            span = self._next_span(self._plan.counting(self._habits) or Counting.ROWS, overlap)
            page = Page((yield self._await(span, reading=reading)), span)
            fresh = self._take(page)
            if fresh or (fresh is not None and self._is_last(page)):
                return page, fresh
            if fresh is None:
                overlap = self._look_elsewhere(page, overlap)
            contradictions += fresh is not None and page.is_short and page.is_less_than_told and not self._shift
            if contradictions == _MOST_CONTRADICTIONS:
                raise self._contradiction(page)
        raise UnsettledError("pages do not fit together: no row of one stands on the next")

    def _find_counting(self) -> Generator[PageNeeded, RunPage, Found | None]:
        """Find out how the server takes offsets; the page with new rows, if one came on the way."""
        possible = COUNTINGS_OF_UNIT[self._plan.offset_unit]
        question = probe(len(self._tail), overlap=self._overlap)
        if self._plan.offset_unit == "auto" and question is not None and self._reached == len(self._tail):
            sent = yield self._await(Span(question.offset, question.limit, 0))
            begin = _begin(self._tail, [row_of(run) for run in sent.runs])
            if begin is not None:
                counting = self._habits.counting = question.judge(begin, possible)
                page = Page(sent, Span(question.offset, question.limit, question.positions[counting]))
                fresh = self._take(page) if counting is Counting.PAGES else None
                return (page, fresh) if fresh else None
        for counting in possible:
            place = self._tail, self._reached, self._contents
            span = self._next_span(counting, self._overlap)
            page = Page((yield self._await(span)), span)
            fresh = self._take(page)
            if fresh or (fresh is not None and self._is_last(page)):
                self._habits.counting = counting if span.position else self._habits.counting
                return page, fresh
            self._tail, self._reached, self._contents = place
        raise UnsettledError("no way of counting offsets fits the pages: the server may ignore offset")

    def _next_span(self, counting: Counting, overlap: int) -> Span:
        try:
            span = next_span(counting, self._reached, overlap=overlap, limit=self._limit, most=self._most)
        except OverflowError as error:
            raise UnsettledError(str(error)) from None
        return span if span.position else span._replace(offset=self._first_offset)

    def settle(self) -> None:
        """Learn from the first page what reading on, and telling where the walk stands, needs of it.

        That is done late, since whoever takes one page alone does without.
        """
        if self._untaken is not None:
            page, self._untaken = self._untaken, None
            self._state.order.learn(page.rows)
            fresh = self._take(page) or []
            self._note_given(page, fresh, set(fresh))
            self._last = YieldedPage(page, page.sent, self._tail)

    def _take(self, page: Page) -> list[int] | None:
        """Go on behind the page: indexes of its new rows, or None if it does not fit to what was read before."""
        self._habits.capacity = max(self._habits.capacity, len(page))
        self._state.progress.note_total(page.sent.total)
        self._order.learn(page.rows)
        joint = self._join(page)
        if joint is None or (page.span.position and page.rows[0] == self._first):  # the beginning: offset is ignored
            return None
        if self._first is None and page.span.position == 0 and page.rows:
            self._first = page.rows[0]
        self._note_changes(page, joint)
        if self._is_partial and joint.known:
            self._remember(page, joint.known[0][1])
        self._shift, last = 0, len(self._tail) - 1
        if joint.known:
            place, index = joint.known[0]
            self._shift = page.span.position + index - (self._reached - len(self._tail) + place)
            self._has_shifted |= self._shift != 0
            last = max(place for place, _ in joint.known)
        missing = len(self._tail) - 1 - last
        if page.span.position and not joint.fresh and missing and not page.is_short:
            self._reached = page.end + missing  # rows came in before it: the end lies further on
            return []
        self._advance(page, joint)
        return joint.fresh

    def _remember(self, page: Page, before: int) -> None:
        """What stands before the place where the reading went on was read by whoever broke it off."""
        new = self._memory.new_among(page.rows[:before], page.contents[:before], before)
        for memory in (self._memory, self.given):
            memory.add([page.rows[index] for index in new], [page.contents[index] for index in new])

    def _join(self, page: Page) -> Overlap | None:
        joint = None
        if self._tail:
            joint = join(
                self._tail,
                page.rows,
                page.contents,
                order=self._order,
                memory=self._memory,
                is_whole=not self._is_partial,
            )
        if joint is None and page.span.position == 0 and not self._is_partial:
            is_whole = not self._tail or (
                page.is_short and any(self._memory.identities[row.identity] for row in page.rows)
            )
            is_one_group = len(self._tail) >= self._reached and self._order.group_before(self._tail, self._reached) == 0
            if is_whole or (is_one_group and len(page) > self._reached):
                return Overlap(self._memory.new_among(page.rows, page.contents, 0), [], page.rows)
        return joint

    def _advance(self, page: Page, joint: Overlap) -> None:
        rows = joint.rows
        group = self._order.group_before(rows, len(rows)) if rows else 0
        kept = min(group, len(rows) - len(page)) - self._limit
        self._tail = rows[self._order.group_before(rows, kept) if kept > 0 else 0 :]
        self._contents = dict(zip((row.identity for row in page.rows), page.contents, strict=True))
        self._reached = page.end
        self._overlap = max(self._overlap, len(rows) - group + 1)
        if page.is_short and page.span.position == 0:
            self._most = max(1, len(page))
            self._limit = min(self._limit, self._most)

    def _note_changes(self, page: Page, joint: Overlap) -> None:
        for _, index in joint.known:
            before = self._contents.get(page.rows[index].identity)
            self._state.progress.changed += before is not None and before != page.contents[index]

    def _give_first(self, page: Page) -> RunPage:
        if self._state.edge.at is None and not self.read_before:
            self._untaken = page
            return self._given_as(page, page.sent)
        self._state.order.learn(page.rows)
        return self._give(page, self._take(page) or [])

    def _give(self, page: Page, fresh: list[int]) -> RunPage:
        """The page with those of its new runs that were not given before."""
        wanted = self._state.edge.new_among(page) & self._not_given(page, fresh)
        self._note_given(page, fresh, wanted)
        return self._given_as(page, replace(page.sent, runs=tuple(page.sent.runs[index] for index in sorted(wanted))))

    def _given_as(self, page: Page, kept: RunPage) -> RunPage:
        self._last_but_one, self._last = self._last, YieldedPage(page, kept, self._tail)
        self._state.progress.note(kept.runs)
        return kept

    def _note_given(self, page: Page, fresh: list[int], wanted: set[int]) -> None:
        given = sorted(wanted)
        self.given.add([page.rows[index] for index in given], [page.contents[index] for index in given])
        self._memory.add([page.rows[index] for index in fresh], [page.contents[index] for index in fresh])
        if self._state.is_descending is not None:
            new = wanted.union(fresh)
            self.near_edge += [
                (page.rows[index], page.contents[index]) for index in near(page.rows, self.edge) if index in new
            ]

    def _not_given(self, page: Page, fresh: list[int]) -> set[int]:
        """Indexes of the runs that were not given yet, of those that are new here or share an id with one that was."""
        new = set(fresh)
        return {
            index
            for index in self.given.new_among(page.rows, page.contents, 0)
            if (index in new or self.given.has(page.rows[index])) and not self.read_before.has_changed(page.rows[index])
        }

    def _is_last(self, page: Page) -> bool:
        """Whether the list surely ends with this page."""
        if self._shift or page.is_less_than_told:
            return False
        if not page:
            return page.is_short and not self._tail
        if not page.is_short:
            return False
        if self._habits.has_true_totals and not self._has_shifted and page.sent.total == page.end:
            return True
        return len(page) < max(self._habits.capacity, _LEAST_CAP)

    def _learn_total(self, page: Page) -> None:
        """Whether the total on the last page was that of the list; on the first page it could be the page's own."""
        if page.sent.total == page.end:
            self._habits.true_totals += page.end > len(page) and page.is_short
        elif page.sent.total is not None:
            self._habits.false_totals += 1

    def _look_elsewhere(self, page: Page, overlap: int) -> int:
        """The overlap to try next, where a page did not fit: further on if it was read before, else further back."""
        if page.rows and all(self._memory.identities[row.identity] for row in page.rows):
            self._reached += max(1, len(page) // 2)
            return overlap
        return min(overlap * 4, max(self._reached, 1))

    def _contradiction(self, page: Page) -> IncompleteWalkError:
        return self._state.progress.incomplete(
            f"the pages ended after {page.end} rows, though the server tells a total of {page.sent.total}"
        )

    def _await(self, span: Span, *, reading: int = 0) -> PageNeeded:
        return PageNeeded(self._state.read(self.piece, span, reading), tuple(islice(self._ahead(span), MOST_AHEAD)))

    def _ahead(self, span: Span) -> Iterator[PageRead]:
        """What comes behind a page, if all goes well."""
        counting = self._plan.counting(self._habits)
        total = self._state.progress.totals[-1] if self._tail and self._state.progress.totals else 0
        while counting is not None and (end := span.position + span.limit) < total:
            try:
                span = next_span(counting, end, overlap=self._overlap, limit=self._limit, most=self._most)
            except OverflowError:
                break
            yield self._state.read(self.piece, span)
        for piece in self._following:
            if piece not in self._state.first_pages:
                yield self._state.first_read(piece)


def _begin(known: list[RowKey], page: list[RowKey]) -> int | None:
    """Where a page begins among known rows; None if it shares none with them."""
    places = {row: place for place, row in enumerate(known)}
    return next((places[row] - index for index, row in enumerate(page) if row in places), None)
