"""Reads all runs of a window, page by page, and proves that none is missing: logic without I/O.

Pages are read at different times from a list that changes meanwhile, by an offset whose meaning is not documented. So
each page is checked against the pages before it:

* A list is read by offset while its pages join: each page begins with the last rows of the previous page, and its other
  rows are new. At the first doubt, the window is read in narrower windows. Each of these fits on one page, so that it
  shows its list at one moment, whatever offsets and order mean.
* A list has ended if a page is shorter than the server's maximum, and the server's ``total`` does not contradict. If
  the server may have stopped counting, the two halves of the window are counted.
* Long windows, and long lists, are cut into slices, which overlap by a millisecond at each side of an inner edge, since
  it is not documented whether a window includes its ends.
* A run is identified by its id and its planned time, and yielded once.

If it is not certain that no run is missing, the walk ends in an ``IncompleteWalkError``.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from dataarts_datamap._paging.resume_token import Position, pack, unpack
from dataarts_datamap._paging.seen_rows import FinishedSlices
from dataarts_datamap._paging.slice_walk import MOST_AHEAD, SliceWalk
from dataarts_datamap._paging.walk_options import PageNeeded, PageRead, ServerHabits, Walk, WalkOptions
from dataarts_datamap._paging.walk_state import Slices, TooManyError, WalkState, cut
from dataarts_datamap._window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataarts_datamap._models.runs import Operator

_LARGEST_TOTAL: Final = 1_000_000_000  # in pages of 100, at 50 requests a second, more than two days
_MOST_LOOKS: Final = 5


class WindowWalk:
    """A walk over a window of one operator. It adds to the known facts about the server."""

    def __init__(
        self,
        operator: Operator,
        window: Window,
        options: WalkOptions,
        habits: ServerHabits,
        resumed: Position | None = None,
    ) -> None:
        self._state = WalkState(operator, window, options, habits)
        self._resumed = resumed
        self._current: SliceWalk | None = None
        self._is_looking_again = False
        if resumed is not None:
            self._state.is_descending = resumed.is_descending
            self._state.finished = FinishedSlices(unpack(resumed.loose))
            self._state.newest_start = resumed.newest_start
            self._state.direction = resumed.direction
            if habits.counting is None:
                habits.counting, habits.first_offset = resumed.counting, resumed.first_offset
            if not habits.page_size and resumed.limit == options.larger_page:
                habits.page_size = resumed.limit

    @property
    def operator(self) -> Operator:
        return self._state.operator

    @property
    def first_read(self) -> PageRead:
        """The page that the walk needs first, if it does not go on from a position."""
        return self._state.first_read(cut(self._state.window, self._state.options.slice_span)[-1])

    def position(self, given: int) -> Position | None:
        """The position that ``token`` gives as text; None in the same cases."""
        state, walk = self._state, self._current
        if self._is_looking_again or state.finished.has_dropped:
            return None
        if walk is None and self._resumed is not None:
            return self._resumed
        keys, reached = ([], 0) if walk is None else walk.place(given)
        loose = state.finished.loose_with(() if walk is None else walk.loose(keys))
        return Position(
            task_id=state.operator.task_id,
            job_name=state.operator.job_name,
            workspace_id=state.operator.workspace_id,
            window=state.window,
            is_descending=state.is_descending,
            slice=state.window if walk is None else walk.window,
            reached=reached,
            limit=0 if walk is None else walk.limit,
            direction=state.direction,
            read=pack(keys),
            loose=pack(loose),
            newest_start=state.newest_start,
            counting=state.habits.counting,
            first_offset=state.habits.first_offset,
        )

    def changed(self) -> int:
        """The number of runs that were read again with other content."""
        return self._state.progress.changed

    def token(self, given: int) -> str | None:
        """The position after ``given`` runs of the page that was yielded last, as a token.

        None once the walk looks again for runs that moved, or if more runs can come again than a token can hold.
        """
        position = self.position(given)
        return None if position is None else position.text()

    @property
    def direction(self) -> int:
        """1 for oldest first, -1 for newest first, 0 while that is not known."""
        return self._state.direction

    def pages(self) -> Walk:
        """The pages; each run is on one of them.

        Raises:
            IncompleteWalkError: It is not certain that no run is missing.
        """
        state, resumed = self._state, self._resumed
        if resumed is None or not resumed.read:
            slices = cut(state.window if resumed is None else _from(resumed), state.options.slice_span)
            if state.is_descending is None:
                yield from self._find_direction(slices)
            yield from self._walk_slices(slices)
        else:
            left = _behind(resumed)
            slices = cut(left, state.options.slice_span) if left.start < left.end else Slices(left, 0)
            yield from self._walk_slices(slices, resumed)
        yield from self._look_again()

    def _find_direction(self, slices: Slices) -> Walk:
        state = self._state
        rows = 0
        for index in range(len(slices) - 1, 0, -1):
            rest = (slices[other] for other in range(index - 1, max(0, index - 1 - MOST_AHEAD), -1))
            page = yield PageNeeded(state.first_read(slices[index]), tuple(map(state.first_read, rest)))
            state.first_pages[slices[index]] = page
            state.learn_direction(page.runs)
            rows += len(page.runs)
            if state.direction or rows > state.options.slice_rows:  # the pages are kept until their slices are read
                break
        if len(slices) > 1:
            state.is_descending = state.direction < 0

    def _walk_slices(self, slices: Slices, resumed: Position | None = None) -> Walk:
        state = self._state
        waiting = [_Waiting(slices, is_descending=bool(state.is_descending))]
        if resumed is not None:
            waiting.append(_Waiting(Slices(resumed.slice, 1), is_checked=True))
        while waiting:
            window = waiting[-1].next()
            if window is None:
                waiting.pop()
                continue
            following = tuple(islice(chain.from_iterable(reversed(waiting)), MOST_AHEAD))
            self._current = walk = SliceWalk(
                state,
                window,
                page_size=waiting[-1].page_size,
                following=following,
                parent_total=waiting[-1].parent_total,
                resumed=resumed,
                is_checked=waiting[-1].is_checked,
            )
            resumed = None
            try:
                yield from walk.pages()
            except TooManyError as many:
                waiting.append(self._cut(walk, many, is_checked=waiting[-1].is_checked))
            else:
                if state.is_descending is not None:
                    walk.finish()

    def _cut(self, walk: SliceWalk, many: TooManyError, *, is_checked: bool) -> _Waiting:
        """The parts of a slice that has too many runs."""
        state = self._state
        if many.total > _LARGEST_TOTAL:
            raise state.progress.incomplete(f"the server reported a total of {many.total}, more than can be read")
        parts, page_size = state.parts(walk.window, many.total)
        if len(parts) == 1:
            raise many.refusal or state.progress.incomplete("a window of a millisecond has more runs than are served")
        if state.is_descending is None:
            state.is_descending = state.direction < 0
        is_checked |= walk.finish(is_cut=True)
        return _Waiting(
            parts,
            page_size=page_size,
            is_descending=state.is_descending,
            parent_total=many.total,
            is_checked=is_checked,
        )

    def _look_again(self) -> Walk:
        """Read the newest runs again if an unread run may have moved among them.

        In a list sorted by start times, a run moves among the newest ones when it starts. If windows filter on planned
        times, no run is lost that way.
        """
        state = self._state
        is_descending = state.direction < 0 if state.is_descending is None else state.is_descending
        may_have_moved = state.has_moved or (state.is_by_start and state.is_descending is not None)
        if not is_descending or not may_have_moved or state.is_by_plan or not state.newest_start:
            return
        if state.is_descending is None and self._current is not None:
            self._current.finish()
        self._is_looking_again = True
        newest = Window(min(max(state.newest_start, state.window.start), state.window.end - 1), state.window.end)
        for _ in range(_MOST_LOOKS):
            yielded = state.progress.rows_read
            walk = SliceWalk(state, newest, is_checked=True)
            yield from walk.by_windows("runs moved while they were read")
            if walk.windows_read == 1 or state.progress.rows_read == yielded:
                return
            walk.finish()
        raise state.progress.incomplete("runs kept on moving while they were read")


class _Waiting:
    """Slices that are not read yet.

    Attributes:
        page_size: The maximum number of rows on the first page of each; 0 for the page size of the options.
        parent_total: The total of the window that they were cut from, if that was too large.
        is_checked: Whether any of their runs may have been read before.
    """

    def __init__(
        self,
        slices: Slices,
        *,
        page_size: int = 0,
        is_descending: bool = False,
        parent_total: int | None = None,
        is_checked: bool = False,
    ) -> None:
        self.page_size = page_size
        self.parent_total = parent_total
        self.is_checked = is_checked
        self._slices = slices
        self._order = range(len(slices))[:: -1 if is_descending else 1]
        self._next = 0

    def __iter__(self) -> Iterator[tuple[Window, int]]:
        return ((self._slices[index], self.page_size) for index in self._order[self._next :])

    def next(self) -> Window | None:
        """The next slice; None if there is none."""
        window, _ = next(iter(self), (None, 0))
        self._next += 1
        return window


def _behind(position: Position) -> Window:
    """The part of the window that is read after the current slice."""
    if position.is_descending:
        return Window(position.window.start, position.slice.start)
    return Window(position.slice.end, position.window.end)


def _from(position: Position) -> Window:
    """The current slice, and the part of the window that is read after it."""
    if position.is_descending:
        return Window(position.window.start, position.slice.end)
    return Window(position.slice.start, position.window.end)
