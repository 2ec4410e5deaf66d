"""Exchanges with each operation, as the suite judges them, made without any server."""

from __future__ import annotations

import json
from typing import Any

from dataarts_datamap_contract.specification import load_specification
from dataarts_datamap_contract.suite import Target
from dataarts_datamap_contract.suite._http.messages import Credential, Request, Response
from dataarts_datamap_contract.suite._judging.oracle import Exchange, Oracle

ORACLE = Oracle(load_specification())
START, END = 1_704_902_400_000, 1_704_988_800_000
SECRET = "s3cret-s3cret"
TARGET = Target(
    endpoint="http://127.0.0.1",
    token=SECRET,
    project_id="p",
    instance_id="i",
    workspace_id="w",
    task_id="1",
    job_name="job",
    table_guid="g",
    window_start=START,
    window_end=END,
)
ERROR = {"error_code": "APIGW.0106", "error_msg": "no", "request_id": "r"}
ROW = {
    "taskRunningLogId": 7,
    "taskId": 1,
    "jobName": "job",
    "workspaceId": "w",
    "planTime": START,
    "startTime": START + 9,
    "endTime": 0,
    "forceSuccess": 0,
    "failCount": -1,
    "runningData": '{"type": "DLI"}',
    "runningParam": '{"total": 1, "rows": [{"name": "n", "value": "v"}]}',
}
GOOD, BAD = Credential("good"), Credential("bad")


def page(*rows: dict[str, Any], **members: Any) -> dict[str, Any]:
    """The document inside a body string."""
    return {"msg": "success", "rows": list(rows), "success": True, "total": len(rows), **members}


def envelope(body: object, **members: Any) -> dict[str, Any]:
    """An envelope around a document, or around a text as it stands."""
    text = body if isinstance(body, str) else json.dumps(body)
    return {"status_code": 200, "body": text, "header_map": {"Server": "x"}, **members}


def runs(answer: object, status: int = 200, *, credential: Credential = GOOD, **query: object) -> Exchange:
    """An exchange of ShowInstanceInfos; None leaves a parameter out."""
    asked = {"workspace_id": "w", "job_name": "job", "start_time": START, "end_time": END, "offset": 0, "limit": 10}
    pairs = {name: value for name, value in {**asked, **query}.items() if value is not None}
    raw = "&".join(f"{name}={value}" for name, value in pairs.items())
    return exchange("/v1/p/datamap/node/1/instances", raw, answer, status, credential)


def nodes(answer: object, status: int = 200, *, credential: Credential = GOOD) -> Exchange:
    """An exchange of ShowNodes."""
    return exchange("/v1/p/datamap/table/g/node", "", answer, status, credential)


def search(answer: object, status: int = 200, **members: object) -> Exchange:
    """An exchange of ShowDataSets."""
    sent = json.dumps({"query": "", "limit": 10, "offset": 0, **members}).encode()
    return exchange("/v3/p/datamap/entities/search", "", answer, status, GOOD, content=sent)


def detail(answer: object, query: str = "") -> Exchange:
    """An exchange of ShowDataDetail."""
    return exchange("/v1/p/datamap/entities/guid/g", query, answer, 200, GOOD)


def bulk(answer: object) -> Exchange:
    """An exchange of ShowLineageBulk."""
    return exchange("/v1/p/datamap/lineage/bulk", "offset=0&limit=10", answer, 200, GOOD)


def lineage(answer: object, query: str = "direction=IN", status: int = 200) -> Exchange:
    """An exchange of ShowDatamapLineage."""
    return exchange("/v2/p/datamap/lineage/guid/g", query, answer, status, GOOD)


def exchange(  # noqa: PLR0913  what an exchange is made of
    path: str, query: str, answer: object, status: int, credential: Credential, *, content: bytes = b""
) -> Exchange:
    """A request and its answer, a JSON document unless it is bytes; one with content is a POST."""
    request = Request(
        method="POST" if content else "GET",
        path=path,
        query=query,
        fields=(("instance", "i"),),
        credential=credential,
        content=content,
    )
    received = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    fields = (("Content-Type", "application/json;charset=UTF-8"), ("X-Request-Id", "r"))
    return Exchange(request, ORACLE.judge(request), Response(status, fields, received))
