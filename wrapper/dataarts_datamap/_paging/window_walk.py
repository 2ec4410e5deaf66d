"""Reads all runs of a window, page by page, and proves that none is missing: logic without I/O.

Pages are read at different times from a list that changes meanwhile, by an offset whose meaning is not documented. So
nothing is believed alone:

* Neighbouring pages overlap by rows that stand firmly in the server's order. A page without such a row is read again,
  further back or further on.
* A list has ended where a page is shorter than the server can make it, and the server's ``total`` does not contradict.
* Where pages of a list don't fit together, for whatever reason, its window is halved, and again, until each part is one
  page: that needs neither an offset nor an order.
* Long windows are cut into slices, which overlap by a millisecond at each side of an inner edge, since it is not
  documented whether the ends of a window belong to it.

What can't be read for certain ends in an ``IncompleteWalkError``.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from dataarts_datamap._paging.overlap import SeenRows, row_of
from dataarts_datamap._paging.resume_token import Position
from dataarts_datamap._paging.slice_edges import Edge
from dataarts_datamap._paging.slice_pages import SlicePosition
from dataarts_datamap._paging.slice_walk import MOST_AHEAD, SliceWalk, TooManyError, UnsettledError, WalkState
from dataarts_datamap._paging.walk_options import PageNeeded, PageRead, Progress, ServerHabits, Walk, WalkOptions
from dataarts_datamap._window import Window

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dataarts_datamap._models import Operator


class WindowWalk:
    """A walk over a window of one operator.

    Args:
        operator: Whose runs.
        window: The window.
        plan: How to walk it.
        habits: What is known of the server; what the walk finds out is added.
        resumed: Where to go on.
    """

    def __init__(
        self,
        operator: Operator,
        window: Window,
        plan: WalkOptions,
        habits: ServerHabits,
        resumed: Position | None = None,
    ) -> None:
        self._state = WalkState(operator, window, plan, habits)
        self._resumed = resumed
        self._current: SliceWalk | None = None
        if resumed is not None:
            self._state.is_descending = resumed.is_descending
            self._state.edge = Edge(resumed.edge, [(row, 0) for row in resumed.near_edge])
            if habits.counting is None:
                habits.counting, habits.first_offset = resumed.counting, resumed.first_offset

    @property
    def operator(self) -> Operator:
        """Whose runs it reads."""
        return self._state.operator

    @property
    def progress(self) -> Progress:
        """What was read so far."""
        return self._state.progress

    @property
    def first_read(self) -> PageRead:
        """The page that the walk needs first."""
        return self._state.first_read(cut(self._state.window, self._state.plan.slice_span)[-1])

    def position(self, given: int) -> Position | None:
        """Where the walk stands, as for ``token``."""
        state, walk = self._state, self._current
        if walk is None:
            return self._resumed or Position(
                task_id=state.operator.task_id,
                job_name=state.operator.job_name,
                workspace_id=state.operator.workspace_id,
                window=state.window,
                piece=state.window,
            )
        place = walk.place(given)
        if walk.read_before or place is None:
            return None
        return Position(
            task_id=state.operator.task_id,
            job_name=state.operator.job_name,
            workspace_id=state.operator.workspace_id,
            window=state.window,
            is_descending=state.is_descending,
            piece=walk.piece,
            reached=place.reached,
            tail=place.tail,
            limit=place.limit,
            most=place.most,
            edge=state.edge.at,
            near_edge=tuple(row for row, _ in state.edge.runs),
            near_next_edge=tuple(row for row, _ in walk.near_edge),
            counting=state.habits.counting,
            first_offset=state.habits.first_offset,
        )

    def changed(self) -> int:
        """How many runs came back with other content."""
        return self._state.progress.changed

    def token(self, given: int) -> str | None:
        """Where the walk stands when so many runs of the page that it gave last are counted; None if it can't be told.

        It can't while a list is read in another way, since its pages did not fit together.
        """
        position = self.position(given)
        return None if position is None else position.text()

    @property
    def direction(self) -> int:
        """1 for oldest first, -1 for newest first, 0 while that is not known."""
        return self._state.order.direction

    def pages(self) -> Walk:
        """The pages; each run is on one of them.

        Raises:
            IncompleteWalkError: The pages do not fit together, or the server contradicts itself.
        """
        if self._resumed is not None:
            yield from self._go_on(self._resumed)
            return
        slices = cut(self._state.window, self._span)
        yield from self._find_direction(slices)
        yield from self._walk_slices(slices, (), SeenRows(), None)

    @property
    def _span(self) -> int:
        return self._state.plan.slice_span

    def _go_on(self, position: Position) -> Walk:
        if position.tail:
            begin = SlicePosition(position.reached, position.tail, position.limit, position.most)
            self._current = walk = SliceWalk(
                self._state, position.piece, following=(), read_before=SeenRows(), told=None, begin=begin
            )
            walk.near_edge = [(row, 0) for row in position.near_next_edge]
            try:
                yield from walk.pages()
            except UnsettledError:
                raise self.progress.incomplete(
                    "the place to go on from was not found, its runs are gone: walk the window anew"
                ) from None
        left = _behind(position) if position.tail else _from(position)
        slices = cut(left, self._span) if left.start < left.end or not position.tail else []
        if position.is_descending is None:
            yield from self._find_direction(slices)
        yield from self._walk_slices(slices, (), SeenRows(), None)

    def _find_direction(self, slices: list[Window]) -> Walk:
        state = self._state
        newest_first = slices[:0:-1]
        for index, piece in enumerate(newest_first):
            rest = newest_first[index + 1 : index + 1 + MOST_AHEAD]
            page = yield PageNeeded(state.first_read(piece), tuple(map(state.first_read, rest)))
            state.first_pages[piece] = page
            state.order.learn([row_of(run) for run in page.runs])
            if state.order.direction:
                return

    def _walk_slices(
        self, slices: list[Window], following: Iterable[Window], read_before: SeenRows, told: int | None
    ) -> Walk:
        state = self._state
        if len(slices) > 1 and state.is_descending is None:
            state.is_descending = state.order.direction < 0
        ordered = slices[::-1] if state.is_descending else slices
        for index, piece in enumerate(ordered):
            rest = (*ordered[index + 1 :], *following)
            self._current = walk = SliceWalk(
                state, piece, following=rest[:MOST_AHEAD], read_before=read_before, told=told
            )
            try:
                yield from walk.pages()
            except TooManyError as many:
                parts = cut(piece, max(1, (piece.end - piece.start) * state.plan.slice_rows // many.total))
                yield from self._walk_slices(parts, rest, read_before, many.total)
            except UnsettledError as error:
                state.habits.counting = None
                if walk.has_strangers:
                    raise state.progress.incomplete(f"{error}, and runs from outside the window came") from None
                halves = cut(piece, (piece.end - piece.start + 1) // 2)
                if len(halves) == 1:
                    raise state.progress.incomplete(f"{error}, in a window that cannot be narrowed") from None
                yield from self._walk_slices(halves, rest, walk.given, told)
                state.edge = state.edge.moved(walk.edge, walk.near_edge)


def _behind(position: Position) -> Window:
    """What comes behind the slice that is read."""
    if position.is_descending:
        return Window(position.window.start, position.piece.start)
    return Window(position.piece.end, position.window.end)


def _from(position: Position) -> Window:
    """The slice that is read, and what comes behind it."""
    if position.is_descending:
        return Window(position.window.start, position.piece.end)
    return Window(position.piece.start, position.window.end)


def cut(window: Window, longest: int) -> list[Window]:
    """The window in parts of equal length, none of them longer than so many milliseconds, which share their edges."""
    length = window.end - window.start
    parts = max(1, -(-length // max(1, longest)))
    edges = [window.start + length * part // parts for part in range(parts + 1)]
    return [Window(*edge) for edge in itertools.pairwise(edges)]
