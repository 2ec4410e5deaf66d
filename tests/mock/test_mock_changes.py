"""Data that changes while the server runs: the administration under /__mock__/, and the histories behind it."""

from __future__ import annotations

import asyncio
import json
import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataarts_datamap_contract.mock import TABLE_GUID, MockConfig, create_app
from dataarts_datamap_contract.mock._data.dataset import RunHistory, StoredRuns
from dataarts_datamap_contract.mock._data.documented import documented_operator
from dataarts_datamap_contract.mock._data.encoding import EncodedRows, encode_row
from dataarts_datamap_contract.mock._data.invention import invent_dataset
from dataarts_datamap_contract.mock._data.new_runs import complete_run
from dataarts_datamap_contract.mock._web.record import Exchange, Record
from support.mock_caller import JOB_NAME, TASK_ID
from support.mock_signing import SteppedClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.mock_caller import Caller, Start

Row = dict[str, Any]

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
OWNER = {"task_id": TASK_ID, "job_name": JOB_NAME}
OTHER = {"task_id": "941206", "job_name": "订单汇总_日报📊"}

repeatable = settings(deadline=None, derandomize=True, database=None, max_examples=60)


@pytest.fixture
def own(start: Start) -> Iterator[Caller]:
    """A server of the test's own, with 20 runs of each operator."""
    with start(MockConfig(now=NOW, size=20)) as caller:
        yield caller


def admin(caller: Caller, method: str, path: str, document: object = None) -> Any:
    """What the administration answers."""
    response = caller.http.request(method, f"/__mock__/{path}", json=document)
    assert 200 == response.status_code, response.text
    return response.json()


def refused(caller: Caller, method: str, path: str, document: object = None) -> tuple[int, str]:
    """How the administration refuses."""
    content = document if isinstance(document, bytes) else json.dumps(document)
    response = caller.http.request(method, f"/__mock__/{path}", content=content)
    return response.status_code, response.json()["error_msg"]


@repeatable
@given(
    size=st.integers(0, 60),
    changes=st.lists(st.tuples(st.booleans(), st.integers(0, 70), st.integers(0, 10)), max_size=30),
    window=st.tuples(st.integers(0, 12), st.integers(0, 12)),
    made_up=st.booleans(),
)
def test_a_changed_history_is_the_sorted_list_of_its_runs(
    *, size: int, changes: list[tuple[bool, int, int]], window: tuple[int, int], made_up: bool
) -> None:
    """Whatever is added, changed or deleted, every page of every window is that of a plain sorted list."""
    source = next(iter(invent_dataset("p", 0, NOW, size=size).histories.values()))
    rows = {row["taskRunningLogId"]: row for row in source}
    ids, plans = [*rows, *range(1, 11)], sorted({int(str(row["planTime"])) for row in source} | set(range(12)))
    history = source if made_up else RunHistory(StoredRuns(rows.values(), "planTime"), "planTime")
    sample = next(iter(invent_dataset("p", 0, NOW, size=1).histories.values()))
    for puts, number, plan in changes:
        run_id = ids[number % len(ids)]
        if puts:
            rows[run_id] = {**next(iter(sample)), "taskRunningLogId": run_id, "planTime": plans[plan % len(plans)]}
            history.put(rows[run_id])
        else:
            assert (rows.pop(run_id, None) is not None) == history.delete(run_id)
    ordered = sorted(rows.values(), key=lambda row: (row["planTime"], row["taskRunningLogId"]))
    first, last = (plans[end % len(plans)] for end in window)
    inside = [row for row in ordered if first <= int(str(row["planTime"])) <= last]
    assert ordered[::-1] == list(history)
    shown = history.within(first, last)
    assert EncodedRows.of(map(encode_row, inside)) == history.encoded(shown)
    assert EncodedRows.of(map(encode_row, inside[:1:-1])) == history.encoded(shown[:1:-1])
    assert all(rows.get(run_id) == history.find(run_id) for run_id in ids)


def test_runs_are_added_changed_and_deleted_while_a_walk_is_under_way(own: Caller) -> None:
    """The next page is that of the changed data, and so is its total."""
    before = own.run_ids()
    added = admin(own, "POST", "runs", {**OWNER, "status": "running"})["runs"][0]
    assert [added["taskRunningLogId"], *before] == own.run_ids()
    assert 24 == len(added)
    admin(own, "DELETE", f"runs/{before[3]}")
    changed = {"taskRunningLogId": before[0], "status": "fail", "endTime": 1_800_000_000_000}
    admin(own, "POST", "runs", changed)
    rows = own.rows()
    assert [added["taskRunningLogId"], *before[:3], *before[4:]] == [row["taskRunningLogId"] for row in rows]
    assert changed == {name: rows[1][name] for name in changed}
    assert rows[1]["endTime"] - rows[1]["startTime"] == rows[1]["runningTime"]
    assert 20 == own.page()["total"]
    assert rows[:5] == admin(own, "GET", f"runs?task_id={TASK_ID}&job_name={JOB_NAME}&limit=5")["runs"]


def test_a_new_run_has_times_that_its_status_lets_it_have(own: Caller) -> None:
    """Waiting has no start, running no end, all others both; what is given goes before."""
    given = [{**OWNER, "status": status} for status in ("waiting", "running", "success")]
    rows = admin(own, "POST", "runs", [*given, {**OWNER, "planTime": 5, "startTime": 9, "endTime": 10}])["runs"]
    assert [(False, False), (True, False), (True, True), (True, True)] == [
        (row["startTime"] > 0, row["endTime"] > 0) for row in rows
    ]
    assert [0, 0, 60_000, 1] == [row["runningTime"] for row in rows]
    assert rows[0]["planTime"] < rows[1]["planTime"] < rows[2]["planTime"]


def test_no_new_run_takes_an_id_that_the_list_names(own: Caller) -> None:
    """Each run of a list becomes one, wherever in the list an id is named that would have been the next."""
    admin(own, "POST", "seed", {"empty": True})
    for operator in (OWNER, OTHER):
        admin(own, "POST", "operators", {**operator, "workspace_id": "w"})
    first = 900_000_001
    rows = admin(own, "POST", "runs", [OWNER, {**OTHER, "taskRunningLogId": first}])["runs"]
    assert [first + 1, first] == [row["taskRunningLogId"] for row in rows]
    rows += admin(own, "POST", "runs", [OWNER, {**OWNER, "taskRunningLogId": first + 2}])["runs"]
    assert [first + 1, first, first + 3, first + 2] == [row["taskRunningLogId"] for row in rows]
    assert {first + 1, first + 2, first + 3} == set(own.run_ids())


def test_operators_are_added_to_tables_of_ones_own(own: Caller) -> None:
    """A new operator is listed at its table, has no run at first, and its runs bear its ids."""
    operator = {"task_id": "77", "job_name": "新/一", "workspace_id": "w"}
    admin(own, "POST", "operators", {**operator, "table_guid": "t"})
    assert [operator] == own.nodes("t").json()
    assert [] == own.run_ids("77", job_name="新/一")
    admin(own, "POST", "runs", operator)
    row = own.rows("77", job_name="新/一")[0]
    assert operator == {"task_id": str(row["taskId"]), "job_name": row["jobName"], "workspace_id": row["workspaceId"]}
    admin(own, "POST", "operators", operator)
    assert operator == own.nodes(TABLE_GUID).json()[-1]


def test_reset_begins_again(own: Caller) -> None:
    """Data, ids and log are those of the start."""
    before = own.rows()
    own_ids = [admin(own, "POST", "runs", OWNER)["runs"][0]["taskRunningLogId"]]
    admin(own, "POST", "reset")
    assert [] == admin(own, "GET", "requests")["requests"]
    assert before == own.rows()
    assert own_ids == [admin(own, "POST", "runs", OWNER)["runs"][0]["taskRunningLogId"]]


def test_seed_begins_again_with_other_data(own: Caller, start: Start) -> None:
    """The data is that of a server started with that seed and size; an empty one has a table and no operator."""
    admin(own, "POST", "seed", {"seed": 7, "size": 9})
    with start(MockConfig(now=NOW, seed=7, size=9)) as other:
        assert other.rows() == own.rows()
    admin(own, "POST", "seed", {"empty": True})
    assert ([], 0) == (own.nodes().json(), own.page()["total"])


def test_the_log_of_requests_holds_no_secret(own: Caller) -> None:
    """Target, status and request id are told; header fields that may hold a secret by their name only."""
    responses = [own.runs(limit=3), own.http.get(f"{own.nodes_path()}?token={own.config.token}", headers=own.headers)]
    log = admin(own, "GET", "requests")["requests"]
    assert [200, 200] == [entry["status"] for entry in log]
    assert [response.headers["X-Request-Id"] for response in responses] == [entry["request_id"] for entry in log]
    assert "&limit=3" == log[0]["target"].removeprefix(own.runs_path())[-8:]
    assert own.config.token not in str(log)
    assert ("***", own.config.instance_id) == (log[0]["headers"]["x-auth-token"], log[0]["headers"]["instance"])
    assert admin(own, "GET", "requests?limit=1")["requests"] == log[1:]
    assert {"requests": []} == admin(own, "DELETE", "requests")


@pytest.mark.parametrize("sent", ["a/b+c d", "a%2Fb%2Bc%20d", "a%2fb%2bc+d", "%61/b%2bc%20%64"])
def test_a_secret_does_not_show_however_it_is_encoded(sent: str) -> None:
    """Any byte may be percent-encoded, a space be a plus sign; one secret may be the beginning of another."""
    record = Record()
    record.hide(("a/b", "a/b+c d", None))
    record.remember(
        Exchange("GET", b"/v1", f"token={sent}&b=a%2fb&c=%2f".encode(), [], 200, [(b"x-request-id", b"1")], None)
    )
    assert ["/v1?token=***&b=***&c=%2f"] == [entry["target"] for entry in record.requests]


@pytest.mark.parametrize(
    ("call", "document", "status", "reason"),
    [
        ("POST runs", {**OWNER, "planTme": 1}, 400, "planTme: not a field of a run; the fields are endTime, "),
        ("POST runs", [OWNER, {**OWNER, "planTime": "1"}], 400, "planTime is '1': it must be an integer"),
        (
            "POST runs",
            [{**OWNER, "taskRunningLogId": 5}, {**OTHER, "taskRunningLogId": 5}],
            400,
            "a run of Operator(task_id='937987'",
        ),
        ("POST runs", {**OWNER, "taskId": 5}, 400, "taskId is 5: the run belongs to"),
        ("POST runs", {**OWNER, "task_id": "5"}, 404, "there is no operator 5 ETL_Job_dli2dws: add it"),
        ("POST runs", {}, 400, "task_id is None: it must be a text"),
        ("POST runs", [5], 400, "5 is not a JSON object"),
        ("DELETE runs/5", None, 404, "there is no run with the id 5"),
        ("DELETE runs/five", None, 400, "run_id is 'five'"),
        ("GET runs", None, 404, "give the task_id and job_name"),
        ("POST seed", {"sed": 1}, 400, "unknown: sed; known are seed, size, empty"),
        ("POST seed", {"seed": "1"}, 400, "seed is '1': it must be an integer"),
        ("POST operators", {"task_id": 5}, 400, "task_id is 5: it must be a text"),
        ("POST operators", {"task_id": "5", "job_name": " ", "workspace_id": "w"}, 400, "has a blank name"),
        ("POST operators", {"task_id": "5", "job_name": "\ud800", "workspace_id": "w"}, 400, "is not a JSON value"),
        ("POST runs", {**OWNER, "owner": "\ud800"}, 400, "is not a JSON value"),
        ("POST runs", {**OWNER, "speed": math.nan}, 400, "is not a JSON value"),
        ("POST runs", {**OWNER, "status": []}, 400, "status is []: it must be a single value"),
        pytest.param("POST runs", b"[" * 9999 + b"]" * 9999, 400, "is not JSON", id="nested without end"),
        ("POST seed", {"size": -1}, 400, "size is -1: it must be from 0 to 10,000,000"),
        ("DELETE runs/-5", None, 404, "there is no run with the id -5"),
        pytest.param(f"DELETE runs/{'9' * 5000}", None, 400, "it must be an integer", id="many digits"),
        ("GET nothing", None, 404, "does not exist"),
        ("PUT reset", None, 405, "PUT is not allowed"),
        ("GET requests?limit=0", None, 400, "limit"),
    ],
)
def test_a_wrong_change_changes_nothing(own: Caller, call: str, document: object, status: int, reason: str) -> None:
    """The answer says what was wrong, and the data is as before, also where another run of the list was right."""
    before = own.rows()
    method, path = call.split()
    answered, text = refused(own, method, path, document)
    assert status == answered
    assert reason in text
    assert before == own.rows()


def test_runs_go_on_by_hand(own: Caller) -> None:
    """A step leads from waiting to running and from running to success, and changes nothing that has ended."""
    before = own.rows()
    waiting = admin(own, "POST", "runs", {**OWNER, "status": "waiting"})["runs"][0]
    assert {"changed": 6} == admin(own, "POST", "progress")
    first = own.rows()[0]
    assert {"changed": 1} == admin(own, "POST", "progress")
    second = own.rows()
    assert {"changed": 0} == admin(own, "POST", "progress")
    assert ["waiting", "running", "success"] == [row["status"] for row in (waiting, first, second[0])]
    assert (10_000, 10_000) == (second[0]["runningTime"], second[0]["endTime"] - first["startTime"])
    assert ["running", "success"] == [before[0]["status"], second[1]["status"]]
    assert before[1:] == second[2:]


def test_runs_go_on_with_time(start: Start) -> None:
    """One step for each interval on the clock, and several at once if nobody asked in between."""
    clock = SteppedClock()
    config = MockConfig(now=NOW, clock=clock, progress="with-time", progress_step=timedelta(seconds=30))
    seen: list[list[Any]] = []
    with start(config) as caller:
        for seconds in (0, 29, 1, 30, 1):
            clock.step(seconds=seconds)
            seen.append([row["status"] for row in caller.rows(limit=2)])
    waiting = [["waiting", "running"]] * 2
    assert [*waiting, ["running", "success"], ["success", "success"], ["success", "success"]] == seen
    with start(config) as caller:
        clock.step(seconds=61)
        assert ["success", "success"] == [row["status"] for row in caller.rows(limit=2)]


def test_runs_that_go_on_immediately_have_ended(start: Start) -> None:
    """No run waits or runs, neither of those made up nor of those added."""
    with start(MockConfig(now=NOW, progress="immediately")) as caller:
        admin(caller, "POST", "runs", {**OWNER, "status": "waiting"})
        statuses = {row["status"] for row in caller.rows(start_time=1_750_000_000_000)}
    assert not {"waiting", "running", "waiting-confirm", "pause", "running-exception"} & statuses
    assert {"success", "fail", "freeze"} <= statuses


@pytest.mark.parametrize(
    ("access", "host", "allowed"),
    [
        ("loopback", "127.0.0.1", True),
        ("loopback", "::1", True),
        ("loopback", "192.0.2.7", False),
        ("loopback", "somewhere", False),
        ("everywhere", "192.0.2.7", True),
        ("off", "127.0.0.1", False),
    ],
)
def test_who_may_administer(access: Any, host: str, *, allowed: bool) -> None:
    """From another machine it is not there, unless it is switched on; switched off it is there for nobody."""

    async def ask() -> int:
        transport = httpx.ASGITransport(create_app(MockConfig(admin=access)), client=(host, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://mock") as http:
            return (await http.get("/__mock__/requests")).status_code

    assert (200 if allowed else 404) == asyncio.run(ask())


def test_only_the_plan_of_a_run_without_one_is_missing() -> None:
    """Its other times are those of a run that was planned when runs are planned by default."""
    plan = 1_704_902_400_000
    usual, without = (complete_run(fields, documented_operator(), 7, plan) for fields in ({}, {"planTime": 0}))

    assert (plan, 0) == (usual["planTime"], without["planTime"])
    assert {**usual, "planTime": 0} == without
