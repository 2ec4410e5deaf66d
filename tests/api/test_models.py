"""Runs as values: equal, hashable, picklable, and ready for JSON."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataarts_datamap import FieldProblem, Operator, Run
from support.answers import documented_row

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
ROWS = st.dictionaries(st.sampled_from([*documented_row(), "unknownField"]), JSON_VALUES)


@given(ROWS)
def test_any_row_is_a_run(row: dict[str, Any]) -> None:
    """Whatever a row holds, it becomes a run: raw is the row, each attribute can be read, and JSON can hold it all."""
    run = Run.from_raw(row)

    assert row == run.raw
    assert {*run.to_dict()} - {"problems"} == {*Run().to_dict()}
    assert json.loads(json.dumps(run.to_dict(), allow_nan=False)) == run.to_dict()
    assert repr(run).isprintable()


@given(ROWS)
@example({"taskRunningLogId": 2**1100, "taskId": -(2**1100)})
def test_strict_and_tolerant_decoding_agree(row: dict[str, Any]) -> None:
    """What the fast way takes, the tolerant way takes the same, and without a problem."""
    try:
        fast = msgspec.json.decode(json.dumps(row), type=Run)
    except msgspec.ValidationError:
        return

    assert fast == Run.from_raw(row)
    assert () == Run.from_raw(row).problems


@given(ROWS)
def test_pickle(row: dict[str, Any]) -> None:
    """A run crosses a process with its fields, its raw row and its problems."""
    run = Run.from_raw(row)
    back = pickle.loads(pickle.dumps(run))  # noqa: S301  our own pickle

    assert (run, run.raw, run.problems) == (back, back.raw, back.problems)


def test_equality() -> None:
    """Two readings of a row are equal and hash alike; a row with another value is not equal."""
    run, again = Run.from_raw(documented_row()), Run.from_raw(documented_row())

    assert run == again
    assert hash(run) == hash(again)
    assert run != Run.from_raw({**documented_row(), "status": "success"})


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copy(copied: Any) -> None:
    """A copy keeps the row."""
    run = Run.from_raw({**documented_row(), "unknownField": 1})

    assert run.raw == copied(run).raw


def test_run_is_frozen() -> None:
    """A run cannot be changed."""
    with pytest.raises(AttributeError):
        Run.from_raw({}).status = "success"  # type: ignore[misc]


def test_repr() -> None:
    """The repr names the run and leaves out what an operator did, which can hold SQL."""
    assert (
        "Run(run_id=126074594, task_id='937987', job_name='ETL_Job_dli2dws', status='running', "
        "plan_time='2024-01-11T01:01:47.000Z', start_time='2024-01-11T01:01:56.000Z', end_time=None)"
    ) == repr(Run.from_raw(documented_row()))


def test_problem_text() -> None:
    """A problem reads as one sentence that names the attribute, the field, the expected type and the value."""
    (problem,) = Run.from_raw({"planTime": "soon\u202e"}).problems

    expected = 'plan_time (sent as planTime): Expected `int | null`, got `str`, got "soon\\u202e"'
    assert expected == str(problem)
    assert isinstance(problem, FieldProblem)


NO_JSON: list[Any] = [object(), ["\ud800"], 10**5000, float("inf"), float("nan"), {1: 2}, {1}]


@pytest.mark.parametrize("value", NO_JSON, ids=["object", "surrogate", "huge", "inf", "nan", "keys", "set"])
@pytest.mark.parametrize("sent_as", ["planTime", "status", "taskId", "speed", "runningData"])
def test_row_that_no_json_is(sent_as: str, value: Any) -> None:
    """A row made by hand can hold what JSON cannot: the field is a problem, never an error."""
    run = Run.from_raw({sent_as: value})

    assert [sent_as] == [problem.sent_as for problem in run.problems]
    assert json.dumps(run.to_dict(), allow_nan=False)
    assert value is run.raw[sent_as]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (float("inf"), "Expected a finite number, got inf"),
        (float("-inf"), "Expected a finite number, got -inf"),
        (float("nan"), "Expected a finite number, got nan"),
        ([None, float("inf")], "got [None, inf]"),
        ([None, 1.5], "got [null,1.5]"),
    ],
)
@pytest.mark.parametrize("sent_as", ["planTime", "taskId", "speed"])
def test_problem_of_a_number_that_no_json_has(sent_as: str, value: object, told: str) -> None:
    """A problem shows what a row made by hand holds, and not the null that JSON would make of it."""
    (problem,) = Run.from_raw({sent_as: value}).problems

    assert problem.reason.endswith(told)


def test_raw_of_a_made_up_run() -> None:
    """A run that no page brought has the raw row that its fields stand for."""
    assert {"status": "success"} == Run(status="success").raw


def test_operator_is_a_value() -> None:
    """Operators are equal by their ids, can be keys, and cross a process."""
    operator = Operator(task_id="1", job_name="订单 📊")

    assert {operator: 1}[Operator(task_id="1", job_name="订单 📊")] == 1
    assert operator == pickle.loads(pickle.dumps(operator))  # noqa: S301  our own pickle
