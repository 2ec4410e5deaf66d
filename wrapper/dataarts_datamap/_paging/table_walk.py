"""Walks over the runs of several operators: one operator after the other, or merged by planned times."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dataarts_datamap._models.runs import RunPage
from dataarts_datamap._paging.resume_token import TablePosition
from dataarts_datamap._paging.slice_walk import MOST_AHEAD
from dataarts_datamap._paging.walk_options import PageNeeded, Walk, passed_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dataarts_datamap._models.runs import Operator, Run
    from dataarts_datamap._paging.walk_options import PageRead
    from dataarts_datamap._paging.window_walk import WindowWalk
    from dataarts_datamap._window import Window


class TableWalk:
    """Walks over the operators of a table, one after the other. The first pages of the next operators are read ahead.

    Args:
        walks: A walk for each operator that is not finished, in the order of reading.
        finished: The operators that were read before.
    """

    def __init__(
        self, table_guid: str, window: Window, walks: Sequence[WindowWalk], finished: Sequence[Operator] = ()
    ) -> None:
        self._table_guid = table_guid
        self._window = window
        self._walks = walks
        self._finished = finished
        self._current = 0

    def changed(self) -> int:
        return sum(walk.changed() for walk in self._walks)

    def token(self, given: int) -> str | None:
        current = self._walks[self._current].position(given) if self._current < len(self._walks) else None
        if current is None and self._current < len(self._walks):
            return None
        finished = [*self._finished, *(walk.operator for walk in self._walks[: self._current])]
        return TablePosition(
            table_guid=self._table_guid,
            window=self._window,
            finished=tuple((one.task_id, one.job_name, one.workspace_id) for one in finished),
            current=current,
        ).text()

    def pages(self) -> Walk:
        """The pages, without a total, since each operator has its own."""
        for index, walk in enumerate(self._walks):
            self._current = index
            next_ones = [other.first_read for other in self._walks[index + 1 : index + 1 + MOST_AHEAD]]
            pages = walk.pages()
            step = next(pages, None)
            while step is not None:
                if isinstance(step, RunPage):
                    yield replace(step, total=None)
                    step = next(pages, None)
                    continue
                step = yield from passed_on(pages, PageNeeded(step.read, (*step.ahead, *next_ones)[:MOST_AHEAD]))
        self._current = len(self._walks)


class MergedWalk:
    """Walks over the operators of a table at once, with their runs merged by planned time.

    The merged runs are in order if the runs of each operator are. A run without a planned time follows the run before
    it in its operator's order.
    """

    def __init__(self, walks: Sequence[WindowWalk]) -> None:
        self._walks = walks

    def changed(self) -> int:
        return sum(walk.changed() for walk in self._walks)

    def token(self, given: int) -> None:
        """None, since each operator has a position of its own."""

    def pages(self) -> Walk:
        """The pages of merged runs, without a total."""
        sources = [_Source(walk) for walk in self._walks]
        while True:
            waiting = [source for source in sources if source.wanted is not None and not source.runs]
            if waiting:
                yield from waiting[0].advance([source.wanted.read for source in sources if source.wanted is not None])
                continue
            runs = _merged(sources)
            if not runs:
                return
            yield RunPage(runs=tuple(runs), total=None, message=None, offset=0)


class _Source:
    """One of the walks to merge.

    Attributes:
        wanted: The page that it awaits; None when it has ended.
        runs: Runs that it yielded, and that are not merged yet.
    """

    def __init__(self, walk: WindowWalk) -> None:
        self.walk = walk
        self.runs: deque[Run] = deque()
        self._pages = walk.pages()
        self.wanted = self._needed(next(self._pages, None))

    def advance(self, others: Iterable[PageRead]) -> Walk:
        """Read the page that it awaits, and meanwhile the other pages."""
        if self.wanted is not None:
            ahead = [read for read in others if read != self.wanted.read]
            needed = PageNeeded(self.wanted.read, (*ahead, *self.wanted.ahead)[:MOST_AHEAD])
            self.wanted = self._needed((yield from passed_on(self._pages, needed)))

    def _needed(self, step: PageNeeded | RunPage | None) -> PageNeeded | None:
        while isinstance(step, RunPage):
            self.runs.extend(step.runs)
            step = next(self._pages, None)
        return step


def _merged(sources: Sequence[_Source]) -> list[Run]:
    """The runs that can be merged before one of the walks must read more."""
    direction = next((source.walk.direction for source in sources if source.walk.direction), 1)
    merged: list[Run] = []
    while True:
        ready = [source for source in sources if source.runs]
        if not ready or any(not source.runs and source.wanted is not None for source in sources):
            return merged
        merged.append(min(ready, key=lambda source: _turn(source.runs[0], direction)).runs.popleft())


def _turn(run: Run, direction: int) -> float:
    """The sort key of a run; a run without a planned time comes at once."""
    return float("-inf") if run.plan_time is None else run.plan_time.timestamp() * direction
