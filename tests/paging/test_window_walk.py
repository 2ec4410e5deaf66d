"""Walks over servers that count as they like, and whose runs come, go and change meanwhile: without I/O."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from dataarts_datamap import BadRequestError, DataMapError, IncompleteWalkError, Operator, Run, RunPage
from dataarts_datamap._paging.offsets import Counting
from dataarts_datamap._paging.resume_token import Position
from dataarts_datamap._paging.walk_options import PageNeeded, ServerHabits, WalkOptions, go_on
from dataarts_datamap._paging.walk_state import cut
from dataarts_datamap._paging.window_walk import WindowWalk
from dataarts_datamap._window import Window
from support.simulated_server import BOUNDS, IDS, TAKES, TELLS, SimulatedServer

if TYPE_CHECKING:
    from dataarts_datamap._paging.walk_options import PageRead, Walk

OPERATOR = Operator(task_id="937987", job_name="a-job")
LONG = 10**12
MOST_READS = 20_000


def plan(page_size: int = 10, *, slice_span: int = LONG, slice_rows: int = 10_000, larger_page: int = 0) -> WalkOptions:
    """How a window is walked."""
    return WalkOptions(
        page_size=page_size,
        larger_page=larger_page,
        offset_unit="auto",
        slice_span=slice_span,
        slice_rows=slice_rows,
    )


class Drive:
    """Drives a walk against a server, page by page."""

    def __init__(
        self, server: SimulatedServer, how: WalkOptions, habits: ServerHabits | None = None, token: str | None = None
    ) -> None:
        self.server = server
        self.habits = habits or ServerHabits()
        self.how = how
        self.given: list[int] = []
        self.reads: list[PageRead] = []
        self.error: DataMapError | None = None
        self.resumed = False
        self.is_over = False
        self.last: Run | None = None
        self.last_part = 0
        self._begin(None if token is None else Position.parse(token))

    def tokens(self) -> dict[int, str | None]:
        """The tokens of each place on the page that was given, by the number of runs given before."""
        if self._latest is None:
            return {}
        runs = len(self._latest.runs)
        return {len(self.given) - runs + kept: self._walk.token(kept) for kept in range(runs + 1)}

    @property
    def wanted(self) -> PageNeeded | None:
        """The page that is awaited."""
        return self._wanted

    def close(self) -> None:
        """Leave the walk."""
        self._pages.close()

    @property
    def changed(self) -> int:
        """Runs that came back with other content."""
        return self._walk.changed()

    def step(self) -> None:
        """Take the page that was given, or read the one that is awaited, perhaps as it was when it was read ahead."""
        if self._latest is not None:
            self._advance(None)
        elif self._wanted is not None:
            wanted = self._wanted
            page = self._ahead.pop(wanted.read, None) or self._read(wanted.read)
            for read in set(self._ahead).difference(wanted.ahead):
                del self._ahead[read]
            self._advance(page)

    def read_ahead(self) -> None:
        """Read a page early."""
        if self._wanted is not None and self._wanted.ahead:
            read = self.server.random.choice(self._wanted.ahead[:3])
            self._ahead.setdefault(read, self._read(read))

    def resume(self) -> None:
        """Break off among the runs of the page that was given, and go on from a token, if there is one."""
        if self._latest is not None:
            kept = self.server.random.randint(0, len(self._latest.runs))
            token = self._walk.token(kept)
            if token is not None:
                self.given = self.given[: len(self.given) - len(self._latest.runs) + kept]
                self.resumed = True
                if self.server.random.random() < 0.5:  # in another process, which knows nothing of the server
                    self.habits = ServerHabits()
                self._begin(Position.parse(token))

    def finish(self) -> Drive:
        """Go on to the end."""
        while not self.is_over:
            self.step()
            assert len(self.reads) < MOST_READS
        return self

    def _begin(self, position: Position | None) -> None:
        self._walk = WindowWalk(OPERATOR, Window(0, self.server.last + 1), self.how, self.habits, position)
        self._pages: Walk = self._walk.pages()
        self._ahead: dict[PageRead, RunPage | BadRequestError] = {}
        self._latest: RunPage | None = None
        self.last, self.last_part = None, 0
        self._advance(None)

    def _read(self, read: PageRead) -> RunPage | BadRequestError:
        self.reads.append(read)
        try:
            return self.server.page(read)
        except BadRequestError as refusal:
            return refusal

    def _advance(self, page: RunPage | BadRequestError | None) -> None:
        self._wanted: PageNeeded | None = None
        self._latest = None
        try:
            step = next(self._pages) if page is None else go_on(self._pages, page)
        except StopIteration:
            self.is_over = True
        except (IncompleteWalkError, BadRequestError) as error:
            self.is_over, self.error = True, error
        else:
            if isinstance(step, PageNeeded):
                self._wanted = step
            elif step is not None:
                self._give(step)
            else:
                self.is_over = True

    def _give(self, page: RunPage) -> None:
        self._latest = page
        self.given += [int(run.owner or 0) for run in page.runs]
        self.last_part += len(page.runs)
        self.last = page.runs[-1] if page.runs else self.last


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
        larger_page=st.sampled_from([0, 0, 12, 20, 50, 1000]),
        refuses=st.booleans(),
        slices=st.sampled_from([1, 1, 3]),
        slice_rows=st.sampled_from([20, 10_000]),
    )
    def begin(  # noqa: PLR0913  each is one habit of a server
        self,
        *,
        seed: int,
        rows: int,
        page_size: int,
        larger_page: int,
        refuses: bool,
        slices: int,
        slice_rows: int,
        last: int,
        **habits: Any,
    ) -> None:
        """Start a server, and a walk over it."""
        most = max(page_size, larger_page // 2, 10) if refuses else None
        server = SimulatedServer(Random(seed), last=last, refuses_above=most, **habits)
        server.begin(rows)
        how = plan(page_size, larger_page=larger_page, slice_span=last // slices + 1, slice_rows=slice_rows)
        self.drive = Drive(server, how)

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

    @precondition(lambda self: self.drive.server.ids != "shared")
    @rule()
    def resume(self) -> None:
        """The walk is broken off, and goes on from its token, if there is one."""
        self.drive.resume()

    def teardown(self) -> None:
        """No run that stayed is missing at the end of a walk, and none comes twice; or an error says what is known.

        Where a walk was broken off and taken up again, a run can come again, but none is missing.
        """
        if not hasattr(self, "drive"):
            return
        self.drive.finish()
        given = self.drive.given
        if not self.drive.resumed:
            assert sorted(set(given)) == sorted(given)
        if self.drive.error is None:
            assert set() == self.drive.server.stayed.difference(given)
        elif isinstance(self.drive.error, IncompleteWalkError):
            assert (self.drive.last_part, self.drive.last) == (self.drive.error.rows_read, self.drive.error.last_run)


def test_changing_server() -> None:
    """Walks over servers of every kind, whose runs come, go and change meanwhile."""
    run_state_machine_as_test(ChangingServer, settings=settings(max_examples=200, stateful_step_count=25))


@pytest.mark.prove
def test_changing_server_at_length() -> None:
    """The same holds for many more walks."""
    run_state_machine_as_test(ChangingServer, settings=settings(max_examples=5000, stateful_step_count=30))


def served(rows: int, **habits: Any) -> SimulatedServer:
    """A server of so many runs."""
    server = SimulatedServer(Random(7), **{"last": 10**9, **habits})
    server.begin(rows)
    return server


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("takes", ["rows", "pages", "pages from one", "whole pages"])
def test_cost_of_finding_out(takes: Any, newest_first: bool) -> None:  # noqa: FBT001  a case
    """How a server counts is found out at the cost of one request at most, and remembered for the next walk."""
    server = served(1001, takes=takes, newest_first=newest_first)
    first = Drive(server, plan(100)).finish()
    second = Drive(server, plan(100), first.habits).finish()

    assert sorted(server.stayed) == sorted(first.given) == sorted(second.given)
    assert Counting(takes) is first.habits.counting
    assert len(first.reads) - len(second.reads) in {0, 1}
    assert len(second.reads) <= 1 + (11 if takes == "rows" else 13)  # the front is read once more


@pytest.mark.parametrize("tells", ["all", "nothing"])
@pytest.mark.parametrize("assumed", list(Counting))
@pytest.mark.parametrize("takes", TAKES[:4])
def test_wrong_guess_loses_nothing(takes: Any, assumed: Counting, tells: Any) -> None:
    """Whatever is assumed of how a server counts, a walk has all runs, or fails."""
    for rows in (1, 12, 30, 45):
        habits = ServerHabits(counting=assumed, capacity=10, true_totals=9)
        drive = Drive(served(rows, takes=takes, tells=tells), plan(10), habits).finish()
        assert drive.error is not None or list(range(1, rows + 1)) == sorted(drive.given)


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("tells", TELLS[:4])
@pytest.mark.parametrize("takes", TAKES[:4])
def test_a_client_that_knows_nothing_can_resume(takes: Any, tells: Any, newest_first: bool) -> None:  # noqa: FBT001  a case
    """Wherever a walk over a quiet list was left, another process goes on to the end, and has each other run once."""
    for rows in (1, 10, 30, 100, 250):
        resume_everywhere(served(rows, takes=takes, tells=tells, newest_first=newest_first), plan(100), every=50)


@pytest.mark.prove
@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("tells", TELLS[:4])
@pytest.mark.parametrize("takes", TAKES[:4])
def test_a_client_that_knows_nothing_can_resume_anywhere(takes: Any, tells: Any, newest_first: bool) -> None:  # noqa: FBT001  a case
    """The same holds for more lists, at each run of them, with larger pages and with slices."""
    for rows in (1, 2, 5, 9, 10, 11, 30, 99, 100, 101, 150, 250):
        for how in (plan(100), plan(20, larger_page=100), plan(100, slice_span=10**9 // 3)):
            resume_everywhere(served(rows, takes=takes, tells=tells, newest_first=newest_first), how, every=7)


def resume_everywhere(server: SimulatedServer, how: WalkOptions, *, every: int) -> None:
    """Walk a list, and go on from the tokens of its first run, of each so many runs, and of its last run."""
    drive = Drive(server, how)
    while not drive.is_over:
        for count, token in drive.tokens().items():
            if token is not None and (count % every in {0, 1} or count == len(server.stayed)):
                rest = Drive(server, how, token=token).finish()
                assert rest.error is None, (len(server.stayed), count)
                assert sorted(server.stayed) == sorted([*drive.given[:count], *rest.given])
        drive.step()
    assert drive.error is None


class NothingAtZero(SimulatedServer):
    """A server that has nothing at offset 0: each time, or just the first times."""

    times = 10**9

    def page(self, read: PageRead) -> RunPage:
        page = super().page(read)
        if read.offset or not self.times:
            return page
        self.times -= 1
        return RunPage(runs=(), total=page.total, message=None, offset=0)


@pytest.mark.parametrize(("takes", "times"), [("pages from one", 10**9), ("rows", 1), ("pages", 1)])
def test_nothing_at_offset_zero(takes: Any, times: int) -> None:
    """A server may begin to count at one, or have had nothing yet when it was asked first: no run is passed over."""
    habits = ServerHabits()
    for _ in range(2):
        server = NothingAtZero(Random(7), takes=takes, last=10**9)
        server.times = times
        server.begin(25)
        drive = Drive(server, plan(10), habits).finish()
        assert (None, list(range(1, 26))) == (drive.error, sorted(drive.given))


def test_total_that_proves_true_is_taken_at_its_word() -> None:
    """A list shorter than a page is read once more from its end, until the total has proved true a few times."""
    server, habits = served(50), ServerHabits()
    counts = [len(Drive(server, plan(100), habits).finish().reads) for _ in range(6)]

    assert [1, 1] == counts[-2:]
    assert counts[0] > 1


def test_full_page_is_not_the_end() -> None:
    """Even where totals have proved true, one that lags behind the rows does not end a walk on a full page."""
    server = served(21, tells="one less")
    drive = Drive(server, plan(20), ServerHabits(counting=Counting.ROWS, capacity=20, true_totals=9)).finish()

    assert (None, list(range(1, 22))) == (drive.error, sorted(drive.given))


def test_total_of_the_page_alone_is_not_believed() -> None:
    """Where the total is that of the page, and pages are capped in silence, no run is lost, however often one asks."""
    habits = ServerHabits()
    for rows in (10, 10, 10, 10, 10, 25):
        server = served(rows, tells="this page", cap=10)
        assert sorted(server.stayed) == sorted(Drive(server, plan(100), habits).finish().given)


def test_order_is_the_servers() -> None:
    """The runs come in the server's order, and slices follow the order that the first page shows."""
    for newest_first in (False, True):
        server = served(300, newest_first=newest_first)
        plain = Drive(server, plan(50)).finish()
        sliced = Drive(server, plan(50, slice_span=server.last // 7)).finish()

        times = {row.number: row.plan_time for row in server.rows}
        assert sorted(times, key=times.__getitem__, reverse=newest_first) == plain.given == sliced.given


@pytest.mark.parametrize("habits", [{"newest_first": True}, {"newest_first": False}, {"cap": 12}])
@pytest.mark.parametrize("takes", TAKES[:4])
def test_walk_goes_on_elsewhere(takes: Any, habits: dict[str, Any]) -> None:
    """A walk goes on from wherever it stood, in a process that knows nothing of the server, however that counts."""
    server = served(70, takes=takes, **habits)
    drive = Drive(server, plan(20))
    places: dict[int, str | None] = {}
    while not drive.is_over:
        places |= drive.tokens()
        drive.step()

    assert list(range(71)) == sorted(places)
    for count, token in places.items():
        assert token is not None
        rest = Drive(server, plan(20), token=token).finish()
        assert (None, drive.given[count:]) == (rest.error, rest.given)


def test_step_follows_the_rows_that_came() -> None:
    """A cap that the server has in silence is noticed, and costs no more than its pages do."""
    drive = Drive(served(501, cap=50), plan(100)).finish()

    assert sorted(drive.server.stayed) == sorted(drive.given)
    assert len(drive.reads) <= 13


def test_long_lists_are_cut() -> None:
    """A window that holds many rows is read in slices, with no offset beyond their size."""
    drive = Drive(served(2000), plan(100, slice_rows=500)).finish()

    assert sorted(drive.server.stayed) == sorted(drive.given)
    assert max(read.offset for read in drive.reads) < 700


def test_delete_and_insert_that_cancel_out() -> None:
    """A run that goes and one that comes leave the total as it is; the run between two pages is read all the same."""
    server = served(30)
    drive = Drive(server, plan(10), ServerHabits(counting=Counting.ROWS, capacity=10))
    drive.step()
    server.rows.remove(min(server.rows, key=lambda row: row.plan_time))
    server.rows.append(server._new())  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  the simulator's own
    drive.finish()

    assert set() == {row.number for row in server.rows[:-1]}.difference(drive.given)


def test_changes_are_counted() -> None:
    """A run that comes back with other content is given as it came first, and counted."""
    server = served(20)
    drive = Drive(server, plan(10), ServerHabits(counting=Counting.ROWS, capacity=10))
    drive.step()
    for row in server.rows:
        row.version = 1
    drive.finish()

    assert sorted(server.stayed) == sorted(drive.given)
    assert drive.changed > 0


def test_error_tells_what_is_known() -> None:
    """A server that tells of more runs than it gives ends in an error with the runs read, the totals and the last."""
    drive = Drive(served(25, tells="two more"), plan(10)).finish()

    assert isinstance(drive.error, IncompleteWalkError)
    assert (25, 27) == (drive.error.rows_read, drive.error.totals[-1])
    assert drive.last == drive.error.last_run
    assert "the pages ended after 25 rows, though the server reports a total of 27" in str(drive.error)


@given(start=st.integers(0, 10**6), length=st.integers(0, 10**6), longest=st.integers(1, 10**6))
def test_slices_share_their_edges(start: int, length: int, longest: int) -> None:
    """Slices fill a window, share their edges, and none is longer than allowed."""
    slices = cut(Window(start, start + length), longest)
    pieces = [slices[index] for index in range(len(slices))]

    assert (start, start + length) == (slices[0].start, slices[-1].end)
    assert [piece.end for piece in pieces[:-1]] == [piece.start for piece in pieces[1:]]
    assert all(piece.end - piece.start <= longest for piece in pieces)
