"""Whether a table is fresh: what a list of runs tells, and through the client."""

from __future__ import annotations

import asyncio
import json
import pickle
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
from dataarts_datamap._monitoring.producers import choose_operators
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


ODD_ENDS: list[Any] = [[], {}, -5, 10**30, 1.5, "", NOW_MS * 10**6]
UNDATED: dict[str, Any] = dict.fromkeys(("planTime", "submitTime", "startTime", "endTime"), "yesterday")
IN_SECONDS: dict[str, Any] = dict.fromkeys(UNDATED, NOW_MS // 1000)

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
    ([ago(30, endTime=NEVER)], DAY, "unknown"),
    ([ago(1, endTime=NEVER)], DAY, "fresh"),
    ([ago(-25)], DAY, "unknown"),
    ([ago(30, endTime=0)], DAY, "stale"),
    ([ago(30, endTime="x")], DAY, "unknown"),
    ([ago(30, endTime=True)], DAY, "unknown"),
    ([ago(1, endTime="x")], DAY, "fresh"),
    ([ago(2, **UNDATED)], DAY, "unknown"),
    ([ago(2, **UNDATED), ago(30)], DAY, "unknown"),
    ([ago(2, **UNDATED), ago(3)], DAY, "fresh"),
    ([ago(2, **UNDATED), ago(3, "fail")], DAY, "unknown"),
    ([ago(2, **UNDATED), ago(3, "fail")], None, "unknown"),
    ([ago(2, "fail", **UNDATED), ago(30)], DAY, "stale"),
    *(([ago(2, **dict.fromkeys(UNDATED, odd))], DAY, "unknown") for odd in (None, 0, "1704934907000", NOW_MS * 1000)),
    ([ago(1), ago(30, "fail", endTime=NEVER)], None, "fresh"),
    ([ago(2, **IN_SECONDS)], DAY, "unknown"),
    ([ago(1, endTime=NOW_MS // 1000)], DAY, "fresh"),
    ([ago(30, endTime=NOW_MS // 1000)], DAY, "unknown"),
    ([ago(30), ago(1, endTime=1)], DAY, "fresh"),
    ([ago(30, endTime=10**11)], DAY, "stale"),
    *(([ago(30, endTime=odd)], DAY, "unknown") for odd in ODD_ENDS),
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
    assert ("failed", 2, timedelta(hours=9)) == (status.verdict, status.failures_since_success, status.age)
    assert "fresh" == table_status(runs, now=NOW, operators=operators, max_age=DAY).verdict
    assert (["idle"], "bad") == ([one.job_name for one in status.left_out], name_of_decisive(status))


def name_of_decisive(status: TableStatus) -> str | None:
    """The name of the operator that decides."""
    return None if status.decided_by is None else status.decided_by.job_name


def of(name: str, *runs: Run) -> list[Run]:
    """The runs, as those of an operator of that name."""
    return [Run.from_raw({**run.raw, "jobName": name}) for run in runs]


SEVERAL: list[tuple[list[Run], str, str, str, float | None]] = [
    ([*of("check", ago(1)), *of("load", ago(170))], "stale", "load", "fresh", 170),
    ([*of("check", ago(1)), *of("load", ago(3))], "fresh", "load", "fresh", 3),
    ([*of("check", ago(1)), *of("load", ago(3, "fail"))], "failed", "load", "fresh", None),
    ([*of("check", ago(1)), *of("load", ago(1, "skip"))], "stale", "load", "fresh", None),
    ([*of("check", ago(1)), *of("load", ago(1, "running", endTime=0))], "stale", "load", "fresh", None),
    ([*of("check", ago(1)), *of("load", ago(1, "brand-new"))], "unknown", "load", "fresh", None),
    ([*of("check", ago(1)), *of("load", ago(2, **UNDATED))], "unknown", "load", "fresh", None),
    ([*of("b", ago(30)), *of("a", ago(40)), *of("c", ago(1, "brand-new"))], "stale", "a", "stale", None),
    ([*of("b", ago(30)), *of("a", ago(2, "fail"))], "failed", "a", "stale", None),
    ([*of("b", ago(1)), *of("a", ago(2)), *of("c", ago(3))], "fresh", "c", "fresh", 3),
]


@pytest.mark.parametrize(("runs", "verdict", "decisive", "by_any", "age"), SEVERAL)
def test_as_old_as_the_oldest_producer(
    runs: list[Run], verdict: str, decisive: str, by_any: str, age: float | None
) -> None:
    """No operator vouches for another, in whatever order they come; the one that decides is named."""
    for some in (runs, runs[::-1]):
        status = table_status(some, now=NOW, max_age=DAY)
        assert (verdict, decisive) == (status.verdict, name_of_decisive(status))
        assert age == (None if status.age is None else status.age / timedelta(hours=1))
        assert by_any == table_status(some, now=NOW, max_age=DAY, any_operator=True).verdict


def test_any_operator_is_named_so() -> None:
    """With one operator being enough, the one that succeeded last decides, and the status says by which rule."""
    runs = [*of("load", ago(170)), *of("check", ago(1)), *of("late", ago(2, "fail"))]
    status = table_status(runs, now=NOW, max_age=DAY, any_operator=True)

    assert (True, "check", timedelta(hours=1)) == (status.any_operator, name_of_decisive(status), status.age)
    assert {"task_id": "937987", "job_name": "check", "workspace_id": None} == status.to_dict()["decided_by"]
    failing = table_status(runs, now=NOW, any_operator=True)
    assert ("failed", "late") == (failing.verdict, name_of_decisive(failing))
    nothing = table_status([], now=NOW, max_age=DAY, operators=[Operator(task_id="1", job_name="a")], any_operator=True)
    assert ("unknown", None, 1) == (nothing.verdict, nothing.decided_by, len(nothing.left_out))


def test_operators_of_two_workspaces() -> None:
    """A failure in one workspace is not hidden by a success of the same task and name in another."""
    runs = [ago(2, "fail", workspaceId="w1"), ago(1, workspaceId="w2")]
    found = {one.workspace_id: one.verdict.value for one in table_status(runs, now=NOW).operators}
    assert {"w1": "failed", "w2": "fresh"} == found

    whole = {"task_id": "937987", "job_name": "ETL_Job_dli2dws"}
    given: list[list[str | None]] = [[], ["w1"], ["w1", "w2"], [None], ["w1", None]]
    for known in given:
        operators = [Operator(workspace_id=one, **whole) for one in known]
        status = table_status(runs, now=NOW, operators=operators)
        assert ("failed", 2) == (status.verdict, sum(one.runs for one in status.operators))
    for run, workspace in ((ago(1), "w1"), (ago(1, workspaceId="w1"), None)):
        unnamed = table_status([run], now=NOW, operators=[Operator(workspace_id=workspace, **whole)])
        assert [(workspace, 1)] == [(one.workspace_id, one.runs) for one in unnamed.operators]


def test_success_ahead_of_now() -> None:
    """A success that lies ahead counts, and is told; a few minutes are the clocks' own."""
    ahead, near = (table_status([ago(hours)], now=NOW, max_age=DAY).operators[0] for hours in (-3, -0.05))

    assert [("fresh", True), ("fresh", False)] == [(one.verdict, one.is_ahead) for one in (ahead, near)]


KNOWN_OPERATORS = [
    Operator(task_id="1", job_name="load", workspace_id="w1"),
    Operator(task_id="1", job_name="check", workspace_id="w1"),
    Operator(task_id="2", job_name="load", workspace_id="w2"),
    Operator(task_id="3", job_name="a/b"),
]


@pytest.mark.parametrize(
    ("only", "ignore", "expected"),
    [
        (None, [], [0, 1, 2, 3]),
        (["load"], [], [0, 2]),
        (["w2/load"], [], [2]),
        (["1"], [], [0, 1]),
        (["3", "check"], [], [1, 3]),
        (["a/b"], [], [3]),
        (None, ["check"], [0, 2, 3]),
        (None, ["w1/load", "3"], [1, 2]),
        (["load"], ["w1/load"], [2]),
    ],
)
def test_chosen_operators(only: list[str] | None, ignore: list[str], expected: list[int]) -> None:
    """Operators are chosen by job name, workspace and job name, or task id; all others are named as ignored."""
    chosen, ignored = choose_operators([*KNOWN_OPERATORS, KNOWN_OPERATORS[0]], only=only, ignore=ignore)

    assert [KNOWN_OPERATORS[index] for index in expected] == chosen
    assert [one for one in KNOWN_OPERATORS if one not in chosen] == ignored


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"only": ["lood"]}, r"called 'lood': it has w1/load \(task 1\), w1/check \(task 1\), w2/load \(task 2\), a/b"),
        ({"ignore": ["w3/load"]}, "called 'w3/load': it has w1/load"),
        ({"only": [""]}, "called ''"),
        ({"only": []}, "no operator of the table is left to judge: it has w1/load"),
        ({"ignore": ["1", "2", "3"]}, "no operator of the table is left to judge"),
        ({"only": "load"}, "only must be a list of names of operators, not 'load'"),
        ({"ignore": [1]}, r"ignore must be a list of names of operators, not \[1\]"),
    ],
)
def test_names_of_no_operator(options: dict[str, Any], told: str) -> None:
    """A name that fits none is refused, and the text lists the existing ones."""
    with pytest.raises(InvalidArgumentError, match=told):
        choose_operators(KNOWN_OPERATORS, **options)


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
        ({"now": NOW, "max_age": timedelta(0)}, "max_age must be a positive timedelta"),
        (
            {"now": NOW, "max_age": 26},
            r"max_age must be a positive timedelta, such as timedelta\(hours=26\), not 26",
        ),
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
    assert 1 == sum(asked.target.endswith("/node") for asked in server.asked)
    windows = [asked.target for asked in server.asked if "start_time" in asked.target]
    start, end = (int(windows[0].split(f"{name}_time=")[1].split("&")[0]) for name in ("start", "end"))
    assert 9 * 24 * HOUR == end - start


TWO = [{"task_id": "1", "job_name": "load", "workspace_id": one} for one in ("w1", "w2")]


def serve_two(asked: Asked) -> Answer:
    """Two operators that differ by workspace; the rows of both say that they are of the second, or of no one."""
    if asked.target.endswith("/node"):
        return json_answer(TWO)
    end = int(asked.target.split("end_time=")[1].split("&")[0])
    status = "fail" if "workspace_id=w1" in asked.target else "success"
    own = {"taskId": 7, "jobName": "other", "workspaceId": "w2"} if "offset=0" in asked.target else {}
    return run_page({"taskRunningLogId": 1, "status": status, "endTime": end - HOUR, **own}, total=1)


def test_runs_belong_to_the_operator_that_was_asked_for() -> None:
    """Whatever the rows say of themselves, and though both runs have one id: one operator failed, and it decides."""
    with ScriptedServer(serve_two) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        for merge in (False, True):
            runs = client.list_table_runs("t", since=timedelta(hours=9), merge=merge).to_list()
            assert ["w1", "w2"] == [run.origin.workspace_id for run in map(unpickled, runs) if run.origin]
        status = client.table_status("t")
        narrowed = client.table_status("t", only=["w2/load"])
        ignoring = client.table_status("t", ignore=["w1/load"])
        with pytest.raises(InvalidArgumentError, match="no operator of the table is called 'other'"):
            client.table_status("t", only=["other"])

    found = [(one.task_id, one.job_name, one.workspace_id, one.verdict) for one in status.operators]
    assert [("1", "load", "w1", "failed"), ("1", "load", "w2", "fresh")] == found
    assert ("failed", "w1") == (status.verdict, status.decided_by and status.decided_by.workspace_id)
    assert (narrowed.verdict, narrowed.ignored) == (ignoring.verdict, ignoring.ignored)
    assert ("fresh", ["w1"]) == (narrowed.verdict, [one.workspace_id for one in narrowed.ignored])


def unpickled(run: Run) -> Run:
    """The run, after a journey as a pickle."""
    other: Run = pickle.loads(pickle.dumps(run))  # noqa: S301  it was made here
    return other


def test_only_what_counts_is_read() -> None:
    """Of operators that are left out on request, nothing is read."""
    with ScriptedServer(serve) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        client.table_status("t", ignore=["b"])

    assert [(False, True)] == [
        ("job_name=b" in asked.target, "job_name=a" in asked.target)
        for asked in server.asked
        if "start_time" in asked.target
    ]


def test_client_refuses_first() -> None:
    """A length of time that is none is refused before anything is sent."""
    with ScriptedServer(run_page()) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        wrongs: list[dict[str, Any]] = [
            {"max_age": timedelta(0)},
            {"since": timedelta(0)},
            {"since": 7, "max_age": DAY},
        ]
        for wrong in wrongs:
            with pytest.raises(InvalidArgumentError, match="must be a positive timedelta"):
                client.table_status("t", **wrong)
        assert [] == server.asked
