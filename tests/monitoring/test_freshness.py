"""Whether a table is fresh: what a list of runs tells, and through the client."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap import (
    AsyncDataMapClient,
    DataMapClient,
    InvalidArgumentError,
    Operator,
    Run,
    TableStatus,
    table_status,
)
from support.answers import json_answer, run_page
from support.faces import SETTINGS
from support.runs import PLANNED, make_run
from support.runs import runs as any_runs
from support.scripted_server import Answer, Asked, ScriptedServer

HOUR = 3_600_000
NOW_MS = PLANNED + 100 * HOUR
NOW = datetime.fromtimestamp(NOW_MS / 1000, UTC)
DAY = timedelta(hours=26)
NEVER = 253_402_300_799_999  # the end of the year 9999


def ago(hours: float, status: str | None = "success", *, took: float = 0.5, late: float = 0.1, **fields: Any) -> Run:
    """A run that ended so many hours ago, after so many hours, and had begun so many after its plan."""
    end = int(NOW_MS - hours * HOUR)
    start = int(end - took * HOUR)
    times = {"endTime": end, "startTime": start, "planTime": int(start - late * HOUR)}
    return make_run(1, **{"status": status, **times, **fields})


VERDICTS: list[tuple[list[Run], timedelta | None, str]] = [
    ([], None, "unknown"),
    ([], DAY, "unknown"),
    ([ago(1)], None, "fresh"),
    ([ago(1)], DAY, "fresh"),
    ([ago(26)], DAY, "fresh"),
    ([ago(26.001)], DAY, "stale"),
    ([ago(26.001)], None, "fresh"),
    ([ago(3), ago(1, "fail")], None, "failed"),
    ([ago(3), ago(1, "manual-stop")], None, "failed"),
    ([ago(3), ago(1, "fail")], DAY, "fresh"),
    ([ago(3, "fail"), ago(1)], None, "fresh"),
    ([ago(1), ago(3, "fail")], None, "fresh"),
    ([ago(1), ago(1, "fail")], None, "fresh"),
    ([ago(3, "fail")], None, "failed"),
    ([ago(3, "fail")], DAY, "failed"),
    ([ago(1, "forceSuccess")], DAY, "fresh"),
    ([ago(1, "ignoreSuccess")], DAY, "fresh"),
    ([ago(1, "brand-new")], None, "unknown"),
    ([ago(1, "brand-new")], DAY, "unknown"),
    ([ago(1, None)], DAY, "unknown"),
    ([ago(30), ago(1, "brand-new")], DAY, "stale"),
    ([ago(1, "running", endTime=0)], DAY, "stale"),
    ([ago(1, "skip")], DAY, "stale"),
    ([ago(1, "skip")], None, "unknown"),
    ([ago(1, "running")], None, "unknown"),
    ([ago(1, planTime=0, startTime=0, endTime=0)], None, "unknown"),
    ([make_run(1, status="success", endTime=0, startTime=NOW_MS - HOUR)], DAY, "fresh"),
    ([ago(-1)], DAY, "fresh"),
    ([ago(30, endTime=NEVER)], DAY, "stale"),
    ([ago(1, endTime=NEVER)], DAY, "fresh"),
    ([ago(-25)], DAY, "stale"),
    ([ago(1), ago(30, "fail", endTime=NEVER)], None, "fresh"),
]


@pytest.mark.parametrize(("runs", "max_age", "verdict"), VERDICTS)
def test_verdict(runs: list[Run], max_age: timedelta | None, verdict: str) -> None:
    """Age decides where there is a limit, failures where there is none, and only a success counts as one."""
    assert verdict == table_status(runs, now=NOW, max_age=max_age).verdict


def test_facts() -> None:
    """The facts behind a verdict: what succeeded last, what runs and waits, what failed since, and what is usual."""
    runs = [
        ago(1, "running", endTime=0, late=0.4),
        ago(0.5, "waiting", endTime=0, startTime=0),
        ago(2, "fail", took=9, late=0.3),
        ago(3, "fail", late=0.3),
        ago(4, took=1, late=0.2),
        ago(5, took=2, late=0.1),
        ago(6, took=3, late=0.1),
        ago(7, "fail"),
        ago(8, "brand-new"),
        ago(9, None),
        ago(1, "skip", startTime=0),
    ]

    status = table_status(runs, now=NOW, max_age=DAY)

    assert (NOW - timedelta(hours=4), timedelta(hours=4)) == (status.last_success, status.age)
    assert (1, 1, 2, 11) == (status.running, status.waiting, status.failures_since_success, status.runs)
    assert timedelta(hours=2) == status.typical_duration
    assert (timedelta(hours=0.1), timedelta(hours=0.4)) == (status.typical_lateness, status.latest_lateness)
    assert (2, ("", "brand-new")) == (status.unknown_runs, status.unknown_statuses)
    assert (NOW, DAY) == (status.now, status.max_age)


def test_operators() -> None:
    """Each operator is told by itself; one that succeeds does not hide another that fails, and one may have no runs."""
    good: dict[str, Any] = {"jobName": "good"}
    bad: dict[str, Any] = {"jobName": "bad", "taskId": 5}
    runs = [ago(3, **good), ago(1, **good), ago(9, **bad), ago(2, "fail", **bad), ago(1.5, "fail", **bad)]
    operators = [Operator(task_id="1", job_name="idle"), Operator(task_id="5", job_name="bad")]

    status = table_status(runs, now=NOW, operators=operators)

    found = [(one.task_id, one.job_name, one.verdict, one.failures_since_success) for one in status.operators]
    assert [("1", "idle", "unknown", 0), ("5", "bad", "failed", 2), ("937987", "good", "fresh", 0)] == found
    assert ("failed", 2, timedelta(hours=1)) == (status.verdict, status.failures_since_success, status.age)
    assert "fresh" == table_status(runs, now=NOW, operators=operators, max_age=DAY).verdict


def test_plain_values() -> None:
    """As plain values, times are ISO 8601 text in UTC and lengths of time seconds."""
    plain = table_status([ago(1)], now=NOW, max_age=DAY).to_dict()

    assert plain == json.loads(json.dumps(plain))
    assert [3600.0, "2024-01-15T04:01:47.000Z", 93600.0] == [plain["age"], plain["last_success"], plain["max_age"]]
    assert ["937987", "fresh", 1800.0] == [
        plain["operators"][0][it] for it in ("task_id", "verdict", "typical_duration")
    ]


@given(st.lists(any_runs, max_size=8), st.none() | st.timedeltas(timedelta(seconds=1), timedelta(days=400)))
def test_any_runs(runs: list[Run], max_age: timedelta | None) -> None:
    """Whatever the runs hold, there is a verdict; fresh is said only of a success, and the order does not matter."""
    status = table_status(runs, now=NOW, max_age=max_age)

    assert status.verdict != "fresh" or "succeeded" in {run.state.value for run in runs}
    assert status.verdict != "fresh" or max_age is None or (status.age is not None and status.age <= max_age)
    assert sum(one.runs for one in status.operators) == status.runs == len(runs)
    backwards = table_status(runs[::-1], now=NOW, max_age=max_age)
    assert (status.verdict, status.last_success) == (backwards.verdict, backwards.last_success)
    assert status.failures_since_success == backwards.failures_since_success


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"now": datetime(2024, 1, 1)}, "now must be an aware datetime"),  # noqa: DTZ001  the naive one to refuse
        ({"now": NOW, "max_age": timedelta(0)}, "max_age must be a timedelta longer than nothing"),
        ({"now": NOW, "max_age": 26}, "max_age must be a timedelta longer than nothing, not 26"),
    ],
)
def test_wrong_arguments(wrong: dict[str, Any], told: str) -> None:
    """A naive time and a length of time that is none are refused."""
    with pytest.raises(InvalidArgumentError, match=told):
        table_status([], **wrong)


def serve(asked: Asked) -> Answer:
    """Two operators, of which one has a run that ended an hour before the end of the window."""
    if asked.target.endswith("/node"):
        return json_answer([{"task_id": "1", "job_name": "a"}, {"task_id": "2", "job_name": "b"}])
    if "job_name=b" in asked.target:
        return run_page()
    end = int(asked.target.split("end_time=")[1].split("&")[0])
    return run_page({"taskId": 1, "jobName": "a", "status": "success", "endTime": end - HOUR}, total=1)


@pytest.mark.parametrize("sync", [True, False])
def test_through_the_client(sync: bool) -> None:  # noqa: FBT001
    """Both faces ask for the operators and their runs, as far back as the age needs, and judge them."""

    async def call(server: ScriptedServer, **options: Any) -> TableStatus:
        async with AsyncDataMapClient(endpoint=server.url, **SETTINGS) as client:
            return await client.table_status("t", **options)

    with ScriptedServer(serve) as server:
        if sync:
            with DataMapClient(endpoint=server.url, **SETTINGS) as client:
                status = client.table_status("t", max_age=timedelta(days=9))
        else:
            status = asyncio.run(call(server, max_age=timedelta(days=9)))

    assert ("fresh", ["fresh", "unknown"]) == (status.verdict, [one.verdict for one in status.operators])
    assert status.age is not None
    assert timedelta(hours=1) <= status.age < timedelta(hours=1, minutes=5)
    windows = [asked.target for asked in server.asked if "start_time" in asked.target]
    start, end = (int(windows[0].split(f"{name}_time=")[1].split("&")[0]) for name in ("start", "end"))
    assert 9 * 24 * HOUR == end - start


def test_client_refuses_first() -> None:
    """A length of time that is none is refused before anything is sent."""
    with ScriptedServer(run_page()) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        wrongs: list[dict[str, Any]] = [
            {"max_age": timedelta(0)},
            {"since": timedelta(0)},
            {"since": 7, "max_age": DAY},
        ]
        for wrong in wrongs:
            with pytest.raises(InvalidArgumentError, match="must be a timedelta longer than nothing"):
                client.table_status("t", **wrong)
        assert [] == server.asked
