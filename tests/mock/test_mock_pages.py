"""Pages of runs: their shape, and what filters, window, offset and limit do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from dataarts_datamap_contract.specification import load_specification

if TYPE_CHECKING:
    from support.mock_caller import Caller

Row = dict[str, Any]

TASK_ID, JOB_NAME = "937987", "ETL_Job_dli2dws"
WORKSPACE_ID = "b88c445407b24283aa949f9833a38fd8"
MAX_TIME = 2**63 - 1

repeatable = settings(deadline=None, derandomize=True, database=None, max_examples=40)


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """A validator of a schema that may point at the components of the specification."""
    return Draft202012Validator({**schema, "components": load_specification()["components"]})


def component(name: str) -> Draft202012Validator:
    """A validator of one component."""
    return validator({"$ref": f"#/components/schemas/{name}"})


@pytest.fixture(scope="module")
def whole(caller: Caller) -> list[Row]:
    """Every run of the documented operator, in the order of the answer."""
    return caller.rows()


def test_a_page_is_valid_on_each_of_its_three_levels(caller: Caller) -> None:
    """Envelope, body text and the texts inside each row are what the specification says, for every operator."""
    for operator in caller.operators():
        response = caller.runs(operator["task_id"], job_name=operator["job_name"], limit=10_000)
        assert "application/json" == response.headers["Content-Type"]
        envelope = response.json()
        component("Envelope").validate(envelope)
        assert 200 == envelope["status_code"]
        page = json.loads(envelope["body"])
        component("RunPage").validate(page)
        assert (True, "success") == (page["success"], page["msg"])
        texts = [
            (schema, row[field])
            for row in page["rows"]
            for field, schema in (("runningData", "RunningData"), ("runningParam", "RunningParam"))
        ]
        assert any(text is not None for _, text in texts)
        for schema, text in texts:
            if text is not None:
                component(schema).validate(json.loads(text))


def test_rows_have_the_fields_of_the_documented_one(caller: Caller) -> None:
    """Each row has the 24 documented fields, in the documented order; an invented one may have others after them."""
    *invented, documented = (tuple(row) for row in caller.rows())
    assert 24 == len(documented)
    assert {documented} == {row[:24] for row in invented}
    assert (
        set(documented)
        <= {name for row in invented for name in row}
        <= {*load_specification()["components"]["schemas"]["Run"]["properties"]}
    )


def test_the_inner_length_is_that_of_the_body_text(caller: Caller) -> None:
    """header_map's Content-Length counts the bytes of the wrapped answer, Chinese names included."""
    chinese = caller.operators()[1]
    for query in ({"limit": 1}, {"limit": 7}, {"end_time": 0}, {"job_name": chinese["job_name"]}):
        task_id = chinese["task_id"] if "job_name" in query else TASK_ID
        envelope = caller.runs(task_id, **query).json()
        assert str(len(envelope["body"].encode())) == envelope["header_map"]["Content-Length"]


def test_operators_of_the_documented_table_are_valid(caller: Caller) -> None:
    """ShowNodes answers with a bare array as specified."""
    validator({"type": "array", "minItems": 3, "items": {"$ref": "#/components/schemas/Operator"}}).validate(
        caller.operators()
    )


def test_a_second_table_has_one_operator_and_a_third_has_none(caller: Caller) -> None:
    """A table without operators is an empty array, not an error."""
    answers = [
        caller.nodes(guid).json()
        for guid in ("5d1f7c0a-2b6e-4f6d-9c3e-7a41c0de8b15", "e07a92b4-61c8-4d27-8f0b-3c95d4b7a6f2")
    ]
    assert [1, 0] == [len(answer) for answer in answers]
    operator = answers[0][0]
    assert caller.run_ids(operator["task_id"], job_name=operator["job_name"])


def test_rows_come_newest_first(caller: Caller) -> None:
    """Plan times fall, and run ids fall where plan times are equal, which happens."""
    keys = [(row["planTime"], row["taskRunningLogId"]) for row in caller.rows()]
    assert sorted(keys, reverse=True) == keys
    assert len({plan for plan, _ in keys}) < len(keys)


@repeatable
@given(limit=st.integers(40, 700))
def test_walking_pages_gives_every_row_once(caller: Caller, whole: list[Row], limit: int) -> None:
    """Whatever the limit, the pages laid end to end are the whole list, and each tells the whole total."""
    walked: list[Row] = []
    for offset in range(0, len(whole), limit):
        page = caller.page(offset=offset, limit=limit)
        assert len(whole) == page["total"]
        walked += page["rows"]
    assert whole == walked


@repeatable
@given(offset=st.integers(0, 2**31 - 1) | st.integers(0, 600), limit=st.integers(1, 2**31 - 1) | st.integers(1, 30))
def test_a_page_is_the_slice_of_rows_that_was_asked_for(
    caller: Caller, whole: list[Row], offset: int, limit: int
) -> None:
    """Offset counts rows, from 0; past the end there are none, and the total stays."""
    page = caller.page(offset=offset, limit=limit)
    assert whole[offset : offset + limit] == page["rows"]
    assert len(whole) == page["total"]


@repeatable
@given(data=st.data())
def test_windows_add_up(caller: Caller, whole: list[Row], data: st.DataObject) -> None:
    """Both ends belong to a window: [a, m] and [m + 1, b] together are [a, b], wherever it is cut."""
    plans = st.sampled_from([row["planTime"] for row in whole])
    moments = plans.flatmap(lambda plan: st.integers(plan - 2, plan + 2))
    start, middle, end = sorted(data.draw(st.tuples(moments, moments, moments)))
    older = caller.run_ids(start_time=start, end_time=middle)
    newer = caller.run_ids(start_time=middle + 1, end_time=end) if middle < end else []
    assert caller.run_ids(start_time=start, end_time=end) == newer + older


@repeatable
@given(data=st.data())
def test_the_window_filters_on_the_plan_time(caller: Caller, whole: list[Row], data: st.DataObject) -> None:
    """A window holds exactly the runs that were planned between its ends, both included, and its total counts them."""
    plans = st.sampled_from([row["planTime"] for row in whole])
    start, end = sorted(data.draw(st.tuples(plans, plans)))
    page = caller.page(start_time=start, end_time=end, limit=10_000)
    assert [row for row in whole if start <= row["planTime"] <= end] == page["rows"]
    assert len(page["rows"]) == page["total"]


def test_a_window_of_one_moment_holds_the_runs_of_that_moment(caller: Caller, whole: list[Row]) -> None:
    """Start may equal end."""
    plan = whole[5]["planTime"]
    assert {plan} == {row["planTime"] for row in caller.page(start_time=plan, end_time=plan)["rows"]}


def test_the_widest_numbers_are_accepted(caller: Caller) -> None:
    """The bounds of the specification themselves are valid; a number may have zeros in front."""
    assert 0 == caller.page(start_time=MAX_TIME, end_time=MAX_TIME, offset=2**31 - 1, limit=2**31 - 1)["total"]
    assert caller.run_ids(limit=1) == caller.run_ids(limit="01")


@pytest.mark.parametrize("workspace_id", ["", "  ", WORKSPACE_ID])
def test_a_blank_workspace_counts_as_absent(caller: Caller, workspace_id: str) -> None:
    """No workspace, a blank one and the right one give the same page."""
    assert caller.run_ids() == caller.run_ids(workspace_id=workspace_id)


@pytest.mark.parametrize(
    "change",
    [
        {"job_name": JOB_NAME.lower()},
        {"job_name": JOB_NAME[:-1]},
        {"job_name": JOB_NAME + "_2"},
        {"job_name": f" {JOB_NAME}"},
        {"job_name": "%"},
        {"workspace_id": WORKSPACE_ID.upper()},
        {"workspace_id": WORKSPACE_ID[:-1]},
        {"workspace_id": "4f6c1d2e9b8a47c3a5d0e1f2b3c4d5e6"},
    ],
)
def test_filters_match_exactly(caller: Caller, change: dict[str, str]) -> None:
    """A name or a workspace that nearly matches, or is another operator's, gives an empty page with total 0."""
    page = caller.page(**change)
    assert ([], 0) == (page["rows"], page["total"])


@pytest.mark.parametrize("task_id", ["0937987", "93798", "9379870", "941206", "no such/id", "订单"])
def test_an_unknown_operator_has_an_empty_page(caller: Caller, task_id: str) -> None:
    """An unknown id, or one of another operator, is answered like an operator without runs."""
    page = caller.page(task_id)
    assert ([], 0) == (page["rows"], page["total"])


def test_operators_of_one_task_have_runs_of_their_own(caller: Caller) -> None:
    """The name of the operator tells apart what shares a task id."""
    names = [operator["job_name"] for operator in caller.operators() if operator["task_id"] == TASK_ID]
    ids = [set(caller.run_ids(job_name=name)) for name in names]
    assert 2 == len(ids)
    assert not ids[0] & ids[1]


def test_a_plus_sign_in_the_query_is_a_space(caller: Caller) -> None:
    """Both spellings of a space reach the operator that has one in its name."""
    (operator,) = (operator for operator in caller.operators() if " " in operator["job_name"])
    answers = [
        caller.get(
            f"{caller.runs_path(operator['task_id'])}?start_time=0&end_time={MAX_TIME}&offset=0&limit=1"
            f"&job_name={operator['job_name'].replace(' ', space)}"
        )[2]
        for space in ("+", "%20")
    ]
    assert answers[0] == answers[1]
    assert json.loads(json.loads(answers[0])["body"])["total"] > 0


def test_parameters_that_are_not_declared_are_ignored(caller: Caller) -> None:
    """An unknown parameter changes nothing."""
    assert caller.runs().content == caller.runs(colour="blue").content


def test_answers_do_not_depend_on_what_was_asked_before(caller: Caller) -> None:
    """The same request gives the same bytes after others in between."""
    first = caller.runs(offset=3).content
    caller.runs(limit=100)
    caller.operators()
    assert first == caller.runs(offset=3).content


def test_each_answer_has_a_request_id_of_its_own(caller: Caller) -> None:
    """X-Request-Id is on good answers too, and never the same twice."""
    ids = [caller.runs().headers["X-Request-Id"] for _ in range(5)]
    assert 5 == len(set(ids))
