"""What is kept sight of between two readings of a table, without I/O."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap._errors import (
    AuthenticationError,
    BadRequestError,
    CertificateError,
    ConnectionFailedError,
    CredentialsError,
    DataMapError,
    IncompleteWalkError,
    InvalidBodyError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    UnsuccessfulError,
    UpstreamError,
)
from dataarts_datamap._monitoring.snapshot import ChangeKind, PollWindow, Snapshot, foremost, may_recover
from support.moving_clock import MovingClock
from support.runs import make_run

if TYPE_CHECKING:
    from dataarts_datamap._models.runs import Run
    from dataarts_datamap._window import Window

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = timedelta(hours=24)
Column = Literal["planTime", "startTime"]


@dataclass(frozen=True)
class Row:
    """A run as the service has it; times in milliseconds, 0 for never."""

    number: int
    plan: int
    start: int = 0
    end: int = 0
    status: str = "waiting"

    @property
    def run(self) -> Run:
        return make_run(
            self.number,
            status=self.status,
            planTime=self.plan,
            startTime=self.start,
            endTime=self.end,
            runningData=None,
        )

    @property
    def has_ended(self) -> bool:
        return self.end > 0

    def next_step(self, now: int, status: str) -> Row:
        """The run a step further: it starts, ends, or is run again."""
        if self.status == "waiting":
            return replace(self, status="running", start=now)
        if not self.has_ended:
            return replace(self, status=status, end=now)
        return replace(self, status="running", start=now, end=0)


@dataclass
class Service:
    """A table whose runs are changed by hand, and read by windows."""

    column: Column = "planTime"
    clock: MovingClock = field(default_factory=MovingClock)
    rows: dict[int, Row] = field(default_factory=dict)

    @property
    def now(self) -> int:
        return round(self.clock.now.timestamp() * 1000)

    def read(self, span: Window) -> list[Run]:
        """The runs of a window."""
        return [row.run for row in self.rows.values() if span.start <= self._filtered(row) <= span.end]

    def put(self, row: Row) -> None:
        """Add a run, or change it."""
        self.rows[row.number] = row

    def _filtered(self, row: Row) -> int:
        return row.start or row.plan if self.column == "startTime" else row.plan


def look(snapshot: Snapshot, service: Service) -> tuple[PollWindow, list[tuple[str, int | None]]]:
    """What a reading read, and what it found changed."""
    poll_window = snapshot.next_window(service.clock())
    changes = snapshot.take(service.read(poll_window.window), poll_window)
    return poll_window, [(change.kind.value, change.run.run_id) for change in changes]


def ago(service: Service, poll_window: PollWindow) -> tuple[bool, float]:
    """Whether a reading was whole, and how many minutes before the present it began."""
    assert service.now == poll_window.window.end
    return poll_window.is_whole, (service.now - poll_window.window.start) / MINUTE


def test_rule() -> None:
    """A reading begins an hour before the oldest run that goes on, or the last one; after ten minutes, it is whole."""
    service = Service()
    service.put(Row(1, service.now - 20 * HOUR, service.now - 20 * HOUR, service.now - 19 * HOUR, "success"))
    snapshot = Snapshot(DAY)
    assert (True, 24 * 60) == ago(service, look(snapshot, service)[0])

    service.clock.move(minutes=1)
    assert (False, 61) == ago(service, look(snapshot, service)[0])

    service.put(Row(2, service.now - 90 * MINUTE, service.now - 80 * MINUTE, 0, "running"))
    service.put(Row(3, service.now - 30 * MINUTE))
    service.clock.move(minutes=9)
    assert (True, 24 * 60) == ago(service, look(snapshot, service)[0])

    service.clock.move(minutes=2)
    assert (False, 161) == ago(service, look(snapshot, service)[0])

    service.clock.move(hours=30)
    assert (True, 1901 + 1 / MINUTE) == ago(service, look(snapshot, service)[0])


def test_oldest_run_that_has_not_ended_stays() -> None:
    """A run that goes on for longer than the span is kept sight of; once it has ended, it leaves."""
    service, snapshot = Service(), Snapshot(DAY)
    begun = service.now - 23 * HOUR
    service.put(Row(1, begun, begun, 0, "running"))
    look(snapshot, service)
    service.clock.move(hours=5)
    poll_window, changes = look(snapshot, service)
    assert (True, [], begun - 1) == (poll_window.is_whole, changes, poll_window.window.start)

    service.put(service.rows[1].next_step(service.now, "success"))
    assert [("changed", 1)] == look(snapshot, service)[1]
    service.clock.move(minutes=10)
    assert (True, []) == (look(snapshot, service)[0].is_whole, look(snapshot, service)[1])
    assert () == snapshot.runs


def test_never_before_the_first_reading() -> None:
    """A run with a time that cannot be right does not make the readings grow."""
    service, snapshot = Service("startTime"), Snapshot(DAY)
    service.put(Row(1, 1, service.now - HOUR, 0, "running"))
    first, _ = look(snapshot, service)
    service.clock.move(minutes=11)

    poll_window, _ = look(snapshot, service)

    assert (True, first.window.start) == (poll_window.is_whole, poll_window.window.start)


def test_changes() -> None:
    """Each change is told once, with what was there before; a run that leaves the window is no change."""
    service, snapshot = Service(), Snapshot(timedelta(hours=2))
    service.put(Row(1, service.now - 119 * MINUTE, service.now - 119 * MINUTE, service.now - 118 * MINUTE, "success"))
    service.put(Row(2, service.now - 10 * MINUTE))
    assert [("known", 1), ("known", 2)] == look(snapshot, service)[1]
    assert [] == look(snapshot, service)[1]

    service.clock.move(minutes=1)
    service.put(service.rows[2].next_step(service.now - MINUTE, ""))
    service.put(Row(3, service.now - MINUTE))
    poll_window = snapshot.next_window(service.clock())
    changed, appeared = snapshot.take(service.read(poll_window.window), poll_window)
    assert (ChangeKind.CHANGED, "running", "waiting") == (
        changed.kind,
        changed.run.status,
        changed.before and changed.before.status,
    )
    assert (ChangeKind.APPEARED, 3, None) == (appeared.kind, appeared.run.run_id, appeared.before)

    del service.rows[3]
    service.clock.move(minutes=9)
    assert [("gone", 3)] == look(snapshot, service)[1]
    assert {2} == {run.run_id for run in snapshot.runs}


def test_rerun_that_ended_alike_is_a_change() -> None:
    """A run that was run again between two readings, and ended the same way, is told by its other times."""
    service, snapshot = Service(), Snapshot(DAY)
    service.put(Row(1, service.now - MINUTE, service.now - MINUTE, service.now, "success"))
    look(snapshot, service)
    service.clock.move(minutes=2)
    service.put(replace(service.rows[1], start=service.now - MINUTE, end=service.now))

    assert [("changed", 1)] == look(snapshot, service)[1]


def test_clock_that_is_put_back() -> None:
    """A reading of a time before the last whole one is whole."""
    service, snapshot = Service(), Snapshot(DAY)
    look(snapshot, service)
    service.clock.move(minutes=-1)

    assert look(snapshot, service)[0].is_whole


def test_runs_without_ids() -> None:
    """Runs without an id are all there, those of equal times too; one that ends is the same run, changed."""
    snapshot = Snapshot(DAY)
    now = datetime(2024, 1, 11, 2, tzinfo=UTC)
    first, second = make_run(None, status="running"), make_run(None, status="waiting")
    poll_window = snapshot.next_window(now)
    snapshot.take([first, second], poll_window)
    assert {first, second} == set(snapshot.runs)

    ended = make_run(None, status="success")
    kinds = [
        (change.kind.value, change.run.status) for change in snapshot.take([ended, second], snapshot.next_window(now))
    ]
    assert [("changed", "success")] == kinds


_steps = st.lists(
    st.tuples(
        st.integers(5, 700),  # seconds to the next reading
        st.lists(
            st.tuples(
                st.sampled_from(["add", "step", "delete"]),
                st.integers(0, 1000),
                st.sampled_from(["success", "fail", "manual-stop"]),
            ),
            max_size=4,
        ),
    ),
    max_size=12,
)


def filled(column: Column) -> Service:
    """A table with some history."""
    service = Service(column)
    for number, before in enumerate((1400, 1300, 700, 200, 45, 10), start=1):
        plan = service.now - before * MINUTE
        service.put(Row(number, plan, plan + MINUTE, plan + 9 * MINUTE, "success"))
    service.put(Row(90, service.now - 300 * MINUTE, service.now - 290 * MINUTE, 0, "running"))
    service.put(Row(91, service.now - 3 * MINUTE))
    return service


def change(service: Service, kind: str, pick: int, status: str, eligible: list[Row]) -> None:
    """Add a run that is planned for now, or change or delete one of those."""
    if kind == "add":
        number = max(service.rows, default=0) + 1
        service.put(Row(number, service.now - pick % 50 * MINUTE))
    elif eligible:
        row = eligible[pick % len(eligible)]
        if kind == "step":
            service.put(row.next_step(service.now, status))
        else:
            del service.rows[row.number]


@given(_steps, st.sampled_from(["planTime", "startTime"]))
def test_equals_a_full_reading(steps: list[tuple[int, list[tuple[str, int, str]]]], column: Column) -> None:
    """Runs that had not ended, or are of the last hour, may change: the picture is what a full reading gives."""
    service, snapshot = filled(column), Snapshot(DAY)
    end = look(snapshot, service)[0].window.end
    for seconds, changes in steps:
        read = {row.number for row in service.rows.values() if not row.has_ended or row.plan > end - HOUR}
        service.clock.move(seconds=seconds)
        for kind, pick, status in changes:
            change(service, kind, pick, status, [row for row in service.rows.values() if row.number in read])
        end = look(snapshot, service)[0].window.end

        assert snapshot.window is not None
        assert sorted_by_id(service.read(snapshot.window)) == sorted_by_id(snapshot.runs)


@given(_steps, st.sampled_from(["planTime", "startTime"]))
def test_whole_reading_mends_all(steps: list[tuple[int, list[tuple[str, int, str]]]], column: Column) -> None:
    """Whatever happens to any run, a whole reading tells it; and one comes as soon as the last is ten minutes old."""
    service, snapshot = filled(column), Snapshot(DAY)
    whole_at = look(snapshot, service)[0].window.end
    for seconds, changes in steps:
        service.clock.move(seconds=seconds)
        for kind, pick, status in changes:
            change(service, kind, pick, status, list(service.rows.values()))
        poll_window, _ = look(snapshot, service)
        assert poll_window.is_whole is (service.now - whole_at >= 10 * MINUTE)
        if poll_window.is_whole:
            whole_at = service.now
            assert sorted_by_id(service.read(poll_window.window)) == sorted_by_id(snapshot.runs)


def sorted_by_id(runs: Any) -> list[Run]:
    """The runs in an order of their own."""
    return sorted(runs, key=lambda run: run.run_id)


def test_rerun_beyond_the_rule() -> None:
    """A rerun of a run that ended long ago is seen by the next whole reading, and then followed."""
    service, snapshot = filled("planTime"), Snapshot(DAY)
    service.put(service.rows.pop(90).next_step(service.now, "success"))
    look(snapshot, service)
    service.clock.move(minutes=1)
    service.put(service.rows[3].next_step(service.now, ""))
    assert (False, []) == (look(snapshot, service)[0].is_whole, look(snapshot, service)[1])

    service.clock.move(minutes=9)
    assert [("changed", 3)] == look(snapshot, service)[1]
    service.clock.move(minutes=1)
    service.put(service.rows[3].next_step(service.now, "success"))
    assert [("changed", 3)] == look(snapshot, service)[1]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], None),
        ([Row(1, 10, 11, 12, "fail"), Row(2, 20, 21, 22, "success")], 2),
        ([Row(1, 10), Row(2, 20), Row(3, 30, 31, 32, "success")], 1),
        ([Row(1, 10), Row(2, 20, 40, 0, "running"), Row(3, 30, 35, 0, "running")], 3),
        ([Row(1, 10, 11, 0, "brand-new"), Row(2, 20, 21, 22, "success")], 1),
        ([Row(1, 10, 11, 12, "brand-new"), Row(2, 20, 21, 22, "success")], 2),
    ],
)
def test_foremost(rows: list[Row], expected: int | None) -> None:
    """The run that runs longest, else that waits longest, else that was planned last; an unknown end is none."""
    found = foremost(row.run for row in rows)

    assert expected == (None if found is None else found.run_id)


def _upstream(status: int) -> UpstreamError:
    error = UpstreamError("no")
    error.upstream_status = status
    return error


@pytest.mark.parametrize(
    ("error", "mends"),
    [
        (ConnectionFailedError("no route"), True),
        (RequestTimeoutError("late"), True),
        (RateLimitError("too many", status=429), True),
        (ServerError("busy", status=503), True),
        (_upstream(502), True),
        (InvalidBodyError("a page of a portal"), True),
        (IncompleteWalkError("does not fit"), True),
        (UnsuccessfulError("try later"), True),
        (ConnectionFailedError("proxy refuses", status=407), False),
        (CertificateError("another's"), False),
        (AuthenticationError("wrong", status=401), False),
        (PermissionDeniedError("not yours", status=403), False),
        (NotFoundError("no such table", status=404), False),
        (BadRequestError("no such table", status=400), False),
        (_upstream(404), False),
        (CredentialsError("none"), False),
    ],
)
def test_may_mend(error: DataMapError, *, mends: bool) -> None:
    """What passes by itself is waited for; what the service refuses, or is wrong here, is not."""
    assert mends is may_recover(error)
