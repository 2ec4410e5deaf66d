"""The invented data: deterministic, plausible, and consistent with itself."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap_contract.mock import TABLE_GUID, MockConfig
from dataarts_datamap_contract.mock._data.invention import invent_dataset
from dataarts_datamap_contract.specification import load_specification, specification_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.mock_caller import Caller, Start

Row = dict[str, Any]

TASK_ID, JOB_NAME = "937987", "ETL_Job_dli2dws"
NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
ACTIVE = {"waiting", "waiting-confirm", "running", "pause", "running-exception"}
SUCCEEDED = {"success", "forceSuccess", "ignoreSuccess"}
FAILED = {"fail", "manual-stop"}
SKIPPED = {"skip", "skip-by-depend", "freeze"}

FINGERPRINT = """
import hashlib, sys
from datetime import datetime
from urllib.request import Request, urlopen
from dataarts_datamap_contract.mock import MockConfig, MockServer
with MockServer(MockConfig(now=datetime.fromisoformat(sys.argv[1]))) as server:
    headers = {"X-Auth-Token": server.config.token, "instance": server.config.instance_id}
    for target in sys.argv[2:]:
        answer = urlopen(Request(server.url + target, headers=headers)).read()
        print(hashlib.sha256(answer).hexdigest())
"""


def documented(operation_id: str) -> Any:
    """The documented 200 example of an operation."""
    ((operation,),) = (item.values() for item in specification_of(frozenset({operation_id}))["paths"].values())
    return operation["responses"]["200"]["content"]["application/json"]["examples"]["documented"]["value"]


def every_row(caller: Caller) -> Iterable[Row]:
    """The runs of every operator of the documented table."""
    for operator in caller.operators():
        yield from caller.rows(operator["task_id"], job_name=operator["job_name"])


def bodies(caller: Caller) -> list[bytes]:
    """What a server says of the documented operator and table."""
    return [caller.runs(limit=10_000).content, caller.nodes().content]


def test_the_documented_operator_is_the_first_of_the_documented_table(caller: Caller) -> None:
    """ShowNodes begins with the operator of the specification's own example, which names the defaults too."""
    operators = caller.operators()
    assert documented("ShowNodes")[0] == operators[0]
    assert {"task_id": TASK_ID, "job_name": JOB_NAME} == {key: operators[0][key] for key in ("task_id", "job_name")}


def test_ids_of_the_configuration_are_the_documented_ones() -> None:
    """The defaults are the examples of the specification, so that its examples work as requests."""
    parameters = load_specification()["components"]["parameters"]
    assert parameters["ProjectId"]["example"] == MockConfig().project_id
    assert parameters["Instance"]["example"] == MockConfig().instance_id
    (guid,) = (
        parameter["example"]
        for path_item in specification_of(frozenset({"ShowNodes"}))["paths"].values()
        for parameter in path_item["get"]["parameters"]
        if parameter.get("name") == "guid"
    )
    assert guid == TABLE_GUID


def test_operators_have_the_names_that_break_clients(caller: Caller) -> None:
    """Chinese, an emoji, a slash and angle brackets are among the names, and one task has two operators."""
    operators = caller.operators()
    names = "".join(operator["job_name"] for operator in operators)
    assert set("订📊/<> ") <= set(names)
    tasks = Counter(operator["task_id"] for operator in operators)
    assert 2 == tasks[TASK_ID]
    assert len(operators) == len({(operator["task_id"], operator["job_name"]) for operator in operators})


def test_the_documented_run_is_alone_in_its_window_and_unchanged(caller: Caller) -> None:
    """The window of 11 January 2024 holds the documented run, each field as in the specification."""
    day = datetime(2024, 1, 11, tzinfo=UTC)
    start, end = (int(moment.timestamp()) * 1_000 for moment in (day, day + timedelta(days=1)))
    expected = json.loads(documented("ShowInstanceInfos")["body"])
    assert expected == caller.page(start_time=start, end_time=end)


@pytest.mark.parametrize("seed", range(5))
def test_every_kind_of_state_occurs_whatever_the_seed(start: Start, seed: int) -> None:
    """The documented operator has runs of every state, and hundreds of runs, mostly successful."""
    with start(MockConfig(seed=seed, now=NOW)) as caller:
        statuses = Counter(row["status"] for row in caller.rows())
    assert all(statuses.keys() & group for group in (ACTIVE, SUCCEEDED, FAILED, SKIPPED))
    assert statuses.keys() <= ACTIVE | SUCCEEDED | FAILED | SKIPPED
    assert statuses.total() > 300
    assert statuses["success"] > statuses.total() / 2


@pytest.mark.parametrize("seed", range(5))
def test_only_the_newest_runs_have_not_ended(start: Start, seed: int) -> None:
    """No run that was made up goes on for days: what is active was planned last, or last but one."""
    with start(MockConfig(seed=seed, now=NOW)) as caller:
        day = int((NOW - timedelta(days=60)).timestamp() * 1_000)
        for operator in caller.operators():
            rows = caller.rows(operator["task_id"], job_name=operator["job_name"], start_time=day)
            newest = sorted({row["planTime"] for row in rows})[-2:]
            assert set() == {row["planTime"] for row in rows if row["status"] in ACTIVE} - {*newest}, operator


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "clock", ["08:30:00", "09:00:00", "17:30:00", "17:30:03", "17:30:15", "17:40:00", "18:20:01.5"]
)
def test_rows_agree_with_themselves(clock: str, seed: int) -> None:
    """Times follow one another and none is after now; what has not ended has neither an end nor a duration."""
    moment = datetime.fromisoformat(f"2026-11-20T{clock}+00:00")
    now = int(moment.timestamp() * 1_000)
    for history in invent_dataset("project", seed, moment).histories.values():
        for row in history:
            check_times(row, now)


def check_times(row: Row, now: int) -> None:
    """What must hold of the times of any run, given its status."""
    plan, submit, start, end = (row[name] for name in ("planTime", "submitTime", "startTime", "endTime"))
    happened = [time for time in (plan, submit, start, end) if time]
    assert happened == sorted(happened), row
    assert happened[-1] <= now, row
    assert (end - start if start and end else 0) == row["runningTime"], row
    if row["status"] in ACTIVE | {"freeze"}:
        assert 0 == end, row
    if row["status"] in SUCCEEDED | FAILED:
        assert 0 < start < end, row
    if row["status"] in {"waiting", "waiting-confirm"} | SKIPPED:
        assert 0 == start, row


def test_counts_are_minus_one_where_unknown_and_consistent_where_known(caller: Caller) -> None:
    """A count is -1 or not negative; what was read is what was written and what failed."""
    known = [row for row in every_row(caller) if row["inputRowCount"] >= 0]
    unknown = [row for row in every_row(caller) if row["inputRowCount"] < 0]
    assert known
    assert all(row["outputRowCount"] + row["failCount"] == row["inputRowCount"] for row in known)
    assert {(-1, -1, -1, 0.0)} == {
        (row["inputRowCount"], row["outputRowCount"], row["failCount"], row["speed"]) for row in unknown
    }
    assert "success" in {row["status"] for row in unknown}


def test_a_forced_success_is_flagged(caller: Caller) -> None:
    """The flag is 1 for the status forceSuccess and 0 for every other."""
    flags = {(row["status"] == "forceSuccess", row["forceSuccess"]) for row in every_row(caller)}
    assert {(True, 1), (False, 0)} == flags


def test_some_failed_runs_were_run_again(caller: Caller) -> None:
    """A rerun has the plan time of the failed run, a later submission, and a retry to its name."""
    rows = caller.rows()
    plans = Counter(row["planTime"] for row in rows)
    reruns = [row for row in rows if plans[row["planTime"]] > 1 and row["status"] != "fail"]
    assert reruns
    failed = {row["planTime"]: row for row in rows if row["status"] == "fail"}
    for rerun in reruns:
        assert rerun["submitTime"] > failed[rerun["planTime"]]["endTime"]
        assert 1 == rerun["retryTimes"]


def test_run_ids_are_unique_across_operators(caller: Caller) -> None:
    """No two runs share an id."""
    ids = [row["taskRunningLogId"] for row in every_row(caller)]
    assert len(ids) == len(set(ids))


def test_rows_belong_to_the_operator_that_was_asked_for(caller: Caller) -> None:
    """Task, operator and workspace of each row are those that ShowNodes gave."""
    for operator in caller.operators():
        rows = caller.rows(operator["task_id"], job_name=operator["job_name"])
        assert {tuple(operator.values())} == {(str(row["taskId"]), row["jobName"], row["workspaceId"]) for row in rows}


def test_a_run_of_the_documented_operator_is_under_way_at_any_time_of_the_hour(start: Start) -> None:
    """Whenever the server starts, the newest runs of the documented operator are waiting and running."""
    for minutes in (0, 1, 29, 59):
        with start(MockConfig(now=NOW.replace(minute=minutes))) as caller:
            assert ["waiting", "running"] == [row["status"] for row in caller.rows(limit=2)]


def test_the_same_seed_and_now_give_the_same_bytes(caller: Caller, start: Start) -> None:
    """Two servers agree, byte for byte, also where the same moment is given in another time zone."""
    with start(MockConfig(now=NOW.astimezone(timezone(timedelta(hours=-5))))) as other:
        assert bodies(caller) == bodies(other)


def test_another_seed_gives_other_runs(caller: Caller, start: Start) -> None:
    """The seed takes part in the data."""
    with start(MockConfig(now=NOW, seed=1)) as other:
        assert caller.run_ids() != other.run_ids()
        assert caller.operators() == other.operators()


@pytest.mark.parametrize(
    "environment", [{"PYTHONHASHSEED": "1", "TZ": "UTC"}, {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo"}]
)
def test_bytes_do_not_depend_on_the_process(caller: Caller, environment: dict[str, str]) -> None:
    """Another hash seed, time zone or order of calls in another process changes nothing."""
    targets = [
        f"{caller.runs_path()}?job_name={JOB_NAME}&start_time=0&end_time=9999999999999&offset=5&limit=100",
        caller.nodes_path(),
    ]
    expected = [hashlib.sha256(caller.get(target)[2]).hexdigest() for target in targets]
    command = [sys.executable, "-c", FINGERPRINT, NOW.isoformat(), *reversed(targets)]
    result = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    assert expected == result.stdout.split()[::-1]
