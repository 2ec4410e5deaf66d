"""A small service that follows the documentation, written independently of the reference mock."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from dataarts_datamap_contract.suite import Target
from support.scripted_server import Answer, Asked

TOKEN = "a-token-that-must-not-show"
ERROR = {"error_code": "APIGW.0301", "error_msg": "no"}
START, STEP, COUNT = 1_704_902_400_000, 3_600_000, 14


def small_target(endpoint: str, **changes: Any) -> Target:
    """A target with made-up names."""
    known: dict[str, Any] = {
        "endpoint": endpoint,
        "token": TOKEN,
        "project_id": "project",
        "instance_id": "instance",
        "task_id": "937987",
        "job_name": "job",
        "table_guid": "guid",
        "window_start": START,
        "window_end": START + COUNT * STEP,
    }
    return Target(**{**known, **changes})


def json_answer(status: int, document: object) -> Answer:
    """A JSON document with a status."""
    return Answer(json.dumps(document).encode(), status)


def answer_well(asked: Asked, **row: object) -> Answer:
    """A response that follows the documentation; unlike the reference's, oldest first and without the window's end."""
    if asked.method != "GET":
        return replace(json_answer(405, ERROR), headers={"Content-Type": "application/json", "Allow": "GET"})
    url = urlsplit(asked.target)
    parts = [unquote(part) for part in url.path.split("/")[1:]]
    status = refusal_status(asked, parts)
    if status:
        return json_answer(status, ERROR)
    if parts[3] == "table":
        operators = [{"task_id": "937987", "job_name": "job", "workspace_id": "w"}]
        return json_answer(200, operators) if parts[4] == "guid" else json_answer(404, ERROR)
    return answer_runs(parts[4], parse_qs(url.query, keep_blank_values=True), row)


def refusal_status(asked: Asked, parts: list[str]) -> int:
    """The status with which a request is refused before its operation is called; 0 if it is not."""
    declared = ([*parts[2:4], *parts[5:]]) in (["datamap", "node", "instances"], ["datamap", "table", "node"])
    if parts[0] != "v1" or not declared:
        return 404
    if asked.headers.get("x-auth-token") != TOKEN:
        return 401
    if "instance" not in asked.headers:
        return 400
    return 0 if (asked.headers["instance"], parts[1]) == ("instance", "project") else 403


def answer_runs(task_id: str, query: dict[str, list[str]], row: dict[str, object]) -> Answer:
    """A page of runs."""
    numbers = [query.get(name, [""]) for name in ("start_time", "end_time", "offset", "limit")]
    if len(query.get("job_name", [])) != 1 or not all(len(each) == 1 and each[0].isdecimal() for each in numbers):
        return json_answer(400, ERROR)
    start, end, offset, limit = (int(each[0]) for each in numbers)
    if max(start, end) >= 2**63 or max(offset, limit) >= 2**31 or limit == 0 or start > end:
        return json_answer(400, ERROR)
    mine = (task_id, query["job_name"][0]) == ("937987", "job") and query.get("workspace_id", ["w"])[0] in {"w", ""}
    times = [START + index * STEP + 691 for index in range(COUNT)] if mine else []
    found = [time for time in times if start <= time < end]
    rows = [{"taskRunningLogId": time, "planTime": time, "jobName": "job", **row} for time in found]
    page = {"rows": rows[offset : offset + limit], "total": len(rows)}
    return json_answer(200, {"status_code": 200, "body": json.dumps(page)})
