"""Walks over servers that count as they like, and whose runs come, go and change meanwhile: without I/O."""

from __future__ import annotations

import os
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from dataarts_datamap import IncompleteWalkError, Operator, Run, RunPage
from dataarts_datamap._offsets import Counting
from dataarts_datamap._plan import Await, Habits, Plan
from dataarts_datamap._resume import Position
from dataarts_datamap._times import Window
from dataarts_datamap._walk import WindowWalk, cut
from support.simulated_server import BOUNDS, IDS, TAKES, TELLS, SimulatedServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap._plan import PageRead, Walk

OPERATOR = Operator(task_id="937987", job_name="a-job")
LONG = 10**9
MOST_READS = 20_000


def plan(page_size: int = 10, *, slice_span: int = LONG, slice_rows: int = 10_000, unit: Any = "auto") -> Plan:
    """How a window is walked."""
    return Plan(page_size=page_size, offset_unit=unit, slice_span=slice_span, slice_rows=slice_rows)


class Drive:
    """Drives a walk against a server, page by page."""

    def __init__(self, server: SimulatedServer, how: Plan, habits: Habits | None = None) -> None:
        self.server = server
        self.habits = habits or Habits()
        self.how = how
        self.given: list[int] = []
        self.reads: list[PageRead] = []
        self.error: IncompleteWalkError | None = None
        self._begin(None)

    @property
    def is_over(self) -> bool:
        """Whether the walk has ended, in whatever way."""
        return self._wanted is None

    @property
    def changed(self) -> int:
        """Runs that came back with other content."""
        return self._walk.changed()

    def step(self) -> None:
        """Read the page that is awaited, perhaps as it was when it was read ahead."""
        if self._wanted is None:
            return
        wanted = self._wanted
        page = self._ahead.pop(wanted.read, None) or self._read(wanted.read)
        self._ahead = {read: page for read, page in self._ahead.items() if read in wanted.ahead}
        self._advance(page)

    def read_ahead(self) -> None:
        """Read a page early."""
        if self._wanted is not None and self._wanted.ahead:
            read = self.server.random.choice(self._wanted.ahead[:3])
            self._ahead.setdefault(read, self._read(read))

    def resume(self) -> None:
        """Break off among the runs of the latest page, and go on from a token."""
        if self._latest is not None and not self.is_over:
            kept = self.server.random.randint(0, len(self._latest.runs))
            self.given = self.given[: len(self.given) - len(self._latest.runs) + kept]
            self._begin(Position.parse(self._walk.token(kept)))

    def finish(self) -> Drive:
        """Go on to the end."""
        while not self.is_over:
            self.step()
            assert len(self.reads) < MOST_READS
        return self

    def _begin(self, position: Position | None) -> None:
        self._walk = WindowWalk(OPERATOR, Window(0, self.server.last + 1), self.how, self.habits, position)
        self._pages: Walk = self._walk.pages()
        self._ahead: dict[PageRead, RunPage] = {}
        self._latest: RunPage | None = None
        self._advance(None)

    def _read(self, read: PageRead) -> RunPage:
        self.reads.append(read)
        return self.server.page(read)

    def _advance(self, page: RunPage | None) -> None:
        try:
            step = next(self._pages) if page is None else self._pages.send(page)
            while isinstance(step, RunPage):
                self._latest = step
                self.given += [int(run.owner or 0) for run in step.runs]
                step = next(self._pages)
        except StopIteration:
            self._wanted: Await | None = None
        except IncompleteWalkError as error:
            self._wanted, self.error = None, error
        else:
            self._wanted = step


class ChangingServer(RuleBasedStateMachine):
    """A server is walked while its runs change; then what the walk gave is compared with what was there."""

    @initialize(
        seed=st.integers(0, 2**32),
        takes=st.sampled_from(TAKES),
        tells=st.sampled_from(TELLS),
        cap=st.sampled_from([None, 10, 12, 20]),
        newest_first=st.booleans(),
        is_unstable=st.booleans(),
        filters_on=st.sampled_from(["plan_time", "start_time"]),
        bounds=st.sampled_from(BOUNDS),
        ids=st.sampled_from(IDS),
        last=st.sampled_from([5, 50, 1000, 10**6]),
        rows=st.sampled_from([0, 1, 2, 5, 9, 10, 11, 20, 30, 60, 100]),
        page_size=st.sampled_from([1, 2, 3, 5, 10, 20, 100]),
        slices=st.sampled_from([1, 1, 3]),
        slice_rows=st.sampled_from([20, 10_000]),
    )
    def begin(  # noqa: PLR0913  each is one habit of a server
        self, *, seed: int, rows: int, page_size: int, slices: int, slice_rows: int, last: int, **habits: Any
    ) -> None:
        """Start a server, and a walk over it."""
        server = SimulatedServer(Random(seed), last=last, **habits)
        server.begin(rows)
        self.drive = Drive(server, plan(page_size, slice_span=last // slices + 1, slice_rows=slice_rows))

    @rule()
    def insert(self) -> None:
        """A run comes in."""
        self.drive.server.insert()

    @rule()
    def delete(self) -> None:
        """A run goes."""
        self.drive.server.delete()

    @rule()
    def replace(self) -> None:
        """One goes and one comes, so that the count stays the same."""
        self.drive.server.delete()
        self.drive.server.insert()

    @rule()
    def change(self) -> None:
        """A run changes."""
        self.drive.server.change()

    @rule(steps=st.integers(1, 5))
    def read(self, steps: int) -> None:
        """The walk goes on."""
        for _ in range(steps):
            self.drive.step()

    @rule()
    def read_ahead(self) -> None:
        """A page is read early."""
        self.drive.read_ahead()

    @precondition(lambda self: self.drive.server.ids == "all" and not self.drive.server.is_unstable)
    @rule()
    def resume(self) -> None:
        """The walk is broken off, and goes on from its token."""
        if self.drive.how.page_size >= 5:
            self.drive.resume()

    def teardown(self) -> None:
        """No run comes twice; at the end of a walk none is missing that stayed, or the error says what is known."""
        if not hasattr(self, "drive"):
            return
        self.drive.finish()
        given = self.drive.given
        assert sorted(set(given)) == sorted(given)
        if self.drive.error is None:
            assert set() == self.drive.server.stayed.difference(given)


QUICK = int(os.environ.get("DATAMAP_WALKS", "500"))

TestChangingServer = ChangingServer.TestCase
TestChangingServer.settings = settings(max_examples=QUICK, stateful_step_count=25)
