"""What is read, what of it is new, and what survives a restart: without a service, and the time is passed in."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dataarts_datamap import Run
from dataarts_datamap._times import EPOCH
from dataarts_datamap.integrations.airflow._yielded_runs import YieldedRuns

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)


def milliseconds(time: datetime) -> int:
    """A time as the service sends it."""
    return int(time.timestamp() * 1000)


def run(run_id: int | None, status: str = "success", *, planned: datetime = NOW, ended: datetime | None = NOW) -> Run:
    """A run."""
    row: dict[str, Any] = {"taskRunningLogId": run_id, "status": status, "planTime": milliseconds(planned)}
    return Run.from_raw({**row, "taskId": 1, "jobName": "load", "endTime": milliseconds(ended) if ended else 0})


def take(seen: YieldedRuns, runs: list[Run], now: datetime = NOW) -> list[int | None]:
    """The ids of the runs that are new at a time."""
    return [one.run_id for one in seen.take(runs, seen.next_reading(now))]


def restarted(seen: YieldedRuns) -> YieldedRuns:
    """The same after a restart: its state went through JSON."""
    return YieldedRuns(WEEK, json.loads(json.dumps(seen.state())))


def test_first_reading() -> None:
    """The first reading is of the lookback, and nothing in it is new."""
    seen = YieldedRuns(WEEK)

    assert (NOW - WEEK, NOW, True) == seen.next_reading(NOW)
    assert EPOCH == YieldedRuns(timedelta.max).next_reading(NOW).start
    assert [] == take(seen, [run(1), run(2, "running", ended=None)])
    assert [2] == take(seen, [run(1), run(2)], NOW + MINUTE)


def test_parts() -> None:
    """A reading between whole ones begins an hour before the last one; a whole one is due after ten minutes."""
    seen = YieldedRuns(WEEK)
    take(seen, [])

    assert (NOW - timedelta(hours=1), NOW + MINUTE, False) == seen.next_reading(NOW + MINUTE)
    assert seen.next_reading(NOW + 10 * MINUTE).is_whole


def test_running_for_long() -> None:
    """A run that goes on for longer than the lookback is read until it ends, and is then new."""
    seen = YieldedRuns(timedelta(days=1))
    started = NOW - timedelta(days=3)
    take(seen, [run(1, "running", planned=started, ended=None)])

    part, whole = seen.next_reading(NOW + MINUTE), seen.next_reading(NOW + 10 * MINUTE)
    assert part.start < started
    assert whole.start < started
    assert restarted(seen).next_reading(NOW + 10 * MINUTE).start < started
    assert [1] == take(seen, [run(1, planned=started)], NOW + MINUTE)


def test_hung_run() -> None:
    """A run that hangs for ever does not make each reading ever longer: after a month it is given up."""
    seen = YieldedRuns(WEEK)
    take(seen, [run(1, "running", planned=NOW - timedelta(days=100), ended=None)])

    assert NOW - timedelta(days=30, hours=1) < seen.next_reading(NOW + MINUTE).start


def test_long_downtime() -> None:
    """After a downtime longer than the lookback, all that happened meanwhile is read."""
    seen = YieldedRuns(WEEK)
    take(seen, [run(1)])
    back = NOW + timedelta(days=60)

    after = restarted(seen)

    assert (NOW - WEEK, True) == after.next_reading(back)[::2]
    assert [2] == take(after, [run(1), run(2, ended=NOW + WEEK)], back)


def test_what_is_kept() -> None:
    """What lies before a whole reading is forgotten, so that the state does not grow; it cannot be read any more."""
    seen = YieldedRuns(WEEK)
    take(seen, [run(number, ended=NOW + number * MINUTE) for number in range(1800)])
    assert len(json.dumps(seen.state())) < 65_536

    take(seen, [], NOW + WEEK)
    assert 1800 == len(seen.state()["successes"])
    take(seen, [], NOW + 4 * WEEK)
    take(seen, [], NOW + 4 * WEEK + 10 * MINUTE)

    assert {} == seen.state()["successes"]


def test_success_of_old() -> None:
    """A success that lies before the window and is read all the same is new once."""
    seen = YieldedRuns(timedelta(hours=1))
    old = run(7, planned=NOW - WEEK, ended=NOW - WEEK)
    take(seen, [])

    assert [7] == take(seen, [old], NOW + 10 * MINUTE)
    assert [] == take(seen, [old], NOW + 20 * MINUTE)


def test_success_without_an_end() -> None:
    """A success whose end comes later is no second success; one whose end changes is."""
    seen = YieldedRuns(WEEK)
    take(seen, [])

    assert [1] == take(seen, [run(1, ended=None)], NOW + MINUTE)
    assert [] == take(seen, [run(1)], NOW + 2 * MINUTE)
    assert [1] == take(seen, [run(1, ended=NOW + MINUTE)], NOW + 3 * MINUTE)


def test_same_id() -> None:
    """Runs of one id planned at two times are two; runs without an id are told apart by their times."""
    seen = YieldedRuns(WEEK)
    take(seen, [])
    runs = [run(1), run(1, planned=NOW - MINUTE), run(None), run(None, planned=NOW - MINUTE), run(1)]

    assert 4 == len(take(seen, runs, NOW + MINUTE))


@pytest.mark.parametrize("state", [{}, [], "text", {"version": 2}])
def test_state_that_is_none(state: object) -> None:
    """A state that is none is refused, and not taken for an empty one."""
    with pytest.raises(ValueError, match="not a state of this version"):
        YieldedRuns(WEEK, state)


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        ({"version": True}, "not a state of this version"),
        ({"version": 1.0}, "not a state of this version"),
        ({"read_until": None}, "read_until is None"),
        ({"read_until": True}, "read_until is True"),
        ({"read_until": 1.5}, "read_until is 1.5"),
        ({"read_until": 10**30}, "read_until is 10"),
        ({"read_until": 0}, "read_until is 0"),
        ({"read_until": -1}, "read_until is -1"),
        ({"oldest_active": "now"}, "oldest_active is 'now'"),
        ({"oldest_active": False}, "oldest_active is False"),
        ({"oldest_active": 10**15}, "oldest_active is 10"),
        ({"successes": None}, "successes is None, not an object"),
        ({"successes": ["key"]}, r"successes is \['key'\], not an object"),
        ({"successes": {"key": None}}, "the end of 'key' is None"),
        ({"successes": {"key": "1"}}, "the end of 'key' is '1'"),
        ({"successes": {"key": [1]}}, r"the end of 'key' is \[1\]"),
        ({"successes": {"key": 1.5}}, "the end of 'key' is 1.5"),
        ({"successes": {"key": math.inf}}, "the end of 'key' is inf"),
        ({"successes": {"key": True}}, "the end of 'key' is True"),
        ({"successes": {"key": -(10**15)}}, "the end of 'key' is -10"),
    ],
)
def test_damaged_state(damage: dict[str, Any], text: str) -> None:
    """Nothing in it is taken for something else, and the error names the damage."""
    seen = YieldedRuns(WEEK)
    take(seen, [run(1), run(2, ended=None), run(3, "running", ended=None)])
    whole = seen.state()

    assert whole == YieldedRuns(WEEK, whole).state()
    with pytest.raises(ValueError, match=f"^{text}"):
        YieldedRuns(WEEK, whole | damage)
