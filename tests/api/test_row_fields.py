"""What becomes of each field of a row, whatever is sent for it, over a real socket and through both faces."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import RowProblemWarning, Run, RunState
from dataarts_datamap_contract.specification import load_specification
from support.answers import documented_row, run_page
from support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from support.faces import Face

TIME, COUNT, INTEGER, NUMBER, TEXT, INNER, FLAG, ID = (
    "time",
    "count",
    "integer",
    "number",
    "text",
    "inner",
    "flag",
    "id",
)

FIELDS = {
    "taskRunningLogId": ("run_id", INTEGER),
    "taskId": ("task_id", ID),
    "taskName": ("task_name", TEXT),
    "jobId": ("job_id", INTEGER),
    "jobName": ("job_name", TEXT),
    "type": ("type", TEXT),
    "status": ("status", TEXT),
    "planTime": ("plan_time", TIME),
    "submitTime": ("submit_time", TIME),
    "startTime": ("start_time", TIME),
    "endTime": ("end_time", TIME),
    "runningTime": ("running_time", INTEGER),
    "retryTimes": ("retry_times", COUNT),
    "failCount": ("fail_count", COUNT),
    "inputRowCount": ("input_row_count", COUNT),
    "outputRowCount": ("output_row_count", COUNT),
    "speed": ("speed", NUMBER),
    "forceSuccess": ("force_success", FLAG),
    "owner": ("owner", TEXT),
    "executionLogPath": ("execution_log_path", TEXT),
    "workspaceId": ("workspace_id", TEXT),
    "workspaceName": ("workspace_name", TEXT),
    "runningData": ("running_data", INNER),
    "runningParam": ("running_param", INNER),
}

PROBLEM = object()
SENT: dict[str, Any] = {"null": None, "text": "so", "float": 1.5, "bool": True, "list": [1], "object": {"a": 1}}

# What the attribute is for each value sent; where a kind is not listed, the field is a problem.
OUTCOMES: dict[str, dict[str, object]] = {
    TIME: {"null": None},
    COUNT: {"null": None},
    INTEGER: {"null": None},
    NUMBER: {"null": None, "float": 1.5},
    TEXT: {"null": None, "text": "so"},
    INNER: {"null": None, "text": "so"},
    FLAG: {"null": None, "bool": True},
    ID: {"null": None, "text": "so"},
}


def read_row(face: Face, row: dict[str, Any]) -> Run:
    """The run of a row that stands between two healthy ones, which must not suffer from it."""
    healthy = documented_row()
    with ScriptedServer(run_page(healthy, row, healthy)) as server:
        first, run, last = face.list_runs(server)
    assert [Run.from_raw(healthy)] * 2 == [first, last]
    assert [healthy] * 2 == [first.raw, last.raw]
    return run


def test_all_fields_are_covered() -> None:
    """The table of this module names each field of a row that the specification has, and so all documented ones."""
    assert sorted(load_specification()["components"]["schemas"]["Run"]["properties"]) == sorted(FIELDS)
    assert {*documented_row()} <= {*FIELDS}


@pytest.mark.parametrize("kind", SENT)
@pytest.mark.parametrize("sent_as", FIELDS)
def test_field_of_each_type(face: Face, sent_as: str, kind: str) -> None:
    """The attribute has the value if its type fits; else it is None, the problem names it, and raw has the value."""
    name, expected_type = FIELDS[sent_as]
    expected = OUTCOMES[expected_type].get(kind, PROBLEM)
    row = {**documented_row(), sent_as: SENT[kind]}

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        run = read_row(face, row)

    assert row == run.raw
    assert (None if expected is PROBLEM else expected) == getattr(run, name)
    problems = [(name, sent_as)] if expected is PROBLEM else []
    assert problems == [(problem.field, problem.sent_as) for problem in run.problems]
    assert [RowProblemWarning] * len(problems) == [one.category for one in warned]
    others = {other for other, _ in FIELDS.values()} - {name}
    healthy = Run.from_raw(documented_row())
    assert {other: getattr(healthy, other) for other in others} == {other: getattr(run, other) for other in others}


@pytest.mark.parametrize("sent_as", FIELDS)
def test_absent_field(face: Face, sent_as: str) -> None:
    """A field that is absent is None, is no problem, and stays absent in raw."""
    row = {name: value for name, value in documented_row().items() if name != sent_as}

    run = read_row(face, row)

    assert getattr(run, FIELDS[sent_as][0]) is None
    assert () == run.problems
    assert row == run.raw


def test_empty_row(face: Face) -> None:
    """A row without any field is a run that knows nothing."""
    run = read_row(face, {})

    assert {None} == {getattr(run, name) for name, _ in FIELDS.values()}
    assert RunState.UNKNOWN is run.state
    assert run.duration is None


def test_unknown_fields(face: Face) -> None:
    """Fields that nobody knows are in raw."""
    row = {**documented_row(), "newField": {"deep": [1, None]}, "page": 1, "index": 2, "_task_id": 3, "raw": 4}

    run = read_row(face, row)

    assert row == run.raw
    assert Run.from_raw(documented_row()) == run


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ("", ""),
        ("SELECT 1", "SELECT 1"),
        ('{"a":', '{"a":'),
        ('{"a": NaN}', '{"a": NaN}'),
        ('"\\ud800"', '"\\ud800"'),
        ("[" * 5000, "[" * 5000),
        ('{"a": [1, null]}', {"a": [1, None]}),
        ("[]", []),
        ("7", 7),
        ("null", None),
        ('"订单"', "订单"),
    ],
)
@pytest.mark.parametrize("sent_as", ["runningData", "runningParam"])
def test_inner_document(face: Face, sent_as: str, sent: str, value: object) -> None:
    """An inner document is its JSON value; text that is not JSON is that text, and no problem."""
    run = read_row(face, {**documented_row(), sent_as: sent})

    assert value == getattr(run, FIELDS[sent_as][0])
    assert sent == run.raw[sent_as]
    assert () == run.problems


STATES = {
    RunState.ACTIVE: ["waiting", "waiting-confirm", "running", "pause", "running-exception"],
    RunState.SUCCEEDED: ["success", "forceSuccess", "ignoreSuccess"],
    RunState.FAILED: ["fail", "manual-stop"],
    RunState.SKIPPED: ["skip", "skip-by-depend", "freeze"],
    RunState.UNKNOWN: ["", "SUCCESS", "success ", "failed", "超时", "done 📊"],
}


@pytest.mark.parametrize(("state", "status"), [(state, status) for state in STATES for status in STATES[state]])
def test_state(state: RunState, status: str) -> None:
    """Each known status has its state, and any other text is unknown: a new one is never taken for an end."""
    run = Run.from_raw({"status": status, "forceSuccess": 1})

    assert (state, status, True) == (run.state, run.status, run.force_success)


@pytest.mark.parametrize("name", [name for name, kind in FIELDS.values() if kind == TIME])
def test_time(name: str) -> None:
    """A time is an aware datetime in UTC, to the millisecond; 0 is none."""
    sent_as = next(key for key, (attribute, _) in FIELDS.items() if attribute == name)

    time = getattr(Run.from_raw({sent_as: 1704934907691}), name)
    assert datetime(2024, 1, 11, 1, 1, 47, 691000, tzinfo=UTC) == time
    assert timedelta(0) == time.utcoffset()
    assert getattr(Run.from_raw({sent_as: 0}), name) is None
    last = Run.from_raw({sent_as: 253402300799999})
    assert 9999 == getattr(last, name).year


@pytest.mark.parametrize("value", [-1, 253402300800000, 10**30, -(10**30)])
def test_time_out_of_range(value: int) -> None:
    """A number that no datetime can hold is a problem, not an overflow."""
    run = Run.from_raw({"planTime": value})

    assert run.plan_time is None
    assert ["plan_time"] == [problem.field for problem in run.problems]
    assert {"planTime": value} == run.raw


@pytest.mark.parametrize("name", [name for name, kind in FIELDS.values() if kind == COUNT])
def test_count(name: str) -> None:
    """A count is a number from 0; -1 is none, and less is a problem."""
    sent_as = next(key for key, (attribute, _) in FIELDS.items() if attribute == name)

    assert [0, 10**12, None, None] == [getattr(Run.from_raw({sent_as: sent}), name) for sent in (0, 10**12, -1, -2)]
    assert [0, 1] == [len(Run.from_raw({sent_as: sent}).problems) for sent in (-1, -2)]


@pytest.mark.parametrize(
    ("sent", "value", "problems"),
    [(0, False, 0), (1, True, 0), (False, False, 0), (True, True, 0), (-1, None, 0), (2, None, 1)],
)
def test_force_success(sent: object, value: bool | None, problems: int) -> None:  # noqa: FBT001  a table
    """The flag is 0, 1 or a boolean; -1 is none, and any other number is a problem."""
    run = Run.from_raw({"forceSuccess": sent})

    assert (value, problems) == (run.force_success, len(run.problems))


def test_duration() -> None:
    """The duration is end minus start, and None if either is missing."""
    assert timedelta(milliseconds=1500) == Run.from_raw({"startTime": 1000, "endTime": 2500}).duration
    assert timedelta(milliseconds=-1) == Run.from_raw({"startTime": 2, "endTime": 1}).duration
    assert [None, None] == [
        Run.from_raw({"startTime": 1000, "endTime": 0}).duration,
        Run.from_raw({"endTime": 1}).duration,
    ]


def test_task_id_is_text() -> None:
    """The task id is text, like that of an operator, however it was sent."""
    assert ["937987", "937987"] == [Run.from_raw({"taskId": sent}).task_id for sent in (937987, "937987")]
