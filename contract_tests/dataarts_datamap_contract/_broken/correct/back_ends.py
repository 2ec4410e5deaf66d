"""Correct servers whose serializers, proxies and rules for unknown ids differ from those of the reference."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote

from dataarts_datamap_contract._broken.asset_seams import (
    RAW,
    UNKNOWN_GUID,
    Search,
    all_hits,
    detailing,
    on_search,
    page_of,
)
from dataarts_datamap_contract._broken.seams import (
    Document,
    Response,
    Seam,
    is_nodes,
    on_envelope,
    on_row,
    on_wire,
    refuse_on,
    write,
)
from dataarts_datamap_contract._broken.servers import CorrectServer
from dataarts_datamap_contract._broken.shared import BAD_REQUEST, OK, body_of, without
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Scope

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_shipped = partial(CorrectServer, cohort="shipped")

_TOO_MANY = 429
_QUOTA = 50
_TASKS = frozenset(map(str, (937_987, 941_206, 958_113, 960_042, *range(970_001, 971_002))))
"""Task ids that count as known, among them those of all operators, whether they have runs or not."""
_COOKIE = "HWWAFSESID=6f1d273c5b9a4e0d8f; path=/; HttpOnly"


def _without_nulls(row: Document) -> Document:
    return {name: value for name, value in row.items() if value is not None}


def _as_documented(envelope: Document) -> Document:
    body = json.dumps(json.loads(envelope["body"]), ensure_ascii=False, indent="\t")
    fields = {**envelope["header_map"], "Content-Length": str(len(body.encode()))}
    return {**envelope, "body": body, "header_map": fields}


def _is_unknown_task(request: RequestParts, _: Mapping[str, list[str]]) -> bool:
    return unquote(request.path["task_id"].decode("latin-1")) not in _TASKS


def _nobody_uses_it(scope: Scope, response: Response) -> Response:
    is_unknown = is_nodes(scope) and b"DLG.0404" in response.body
    return write(response, b"[]", status=OK) if is_unknown else response


def _each_once_by_guid(details: Callable[[list[str]], Document], guids: list[str]) -> Document:
    return details(sorted(set(guids)))


def _chunked(_: Scope, response: Response) -> Response:
    fields = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(response.status, fields, response.body)


def _with_a_cookie(_: Scope, response: Response) -> Response:
    return write(response, response.body, set_cookie=_COOKIE)


def _by_name_or_description(search: Search, body: Document) -> Document:
    query = str(body.get("query", "")).casefold()
    if not query:
        return search(body)
    attributes = ((each, each["attributes"]) for each in all_hits(search, {**body, "query": ""}))
    hits = [each for each, of in attributes if query in f"{of['name']}\n{of['description']}".casefold()]
    page = page_of(search, body, hits)
    kinds = [{"name": "dataasset.Table", "count": len(hits)}] if hits else []
    return {**page, "facets": [{"typeName": kinds}] if page["facets"] else []}


def _with_other_types(row: Document) -> Document:
    return {**row, "taskId": str(row["taskId"]), "forceSuccess": bool(row["forceSuccess"])}


def _throttles(caller: Caller) -> bool:
    return _TOO_MANY in {caller.nodes().status for _ in range(_QUOTA + 10)}


CORRECT_SERVERS = (
    _shipped(
        "members-of-null-left-out",
        "fields of a run that would be null are left out: no field of a run is required",
        on_row(_without_nulls),
        lambda caller: any("executionLogPath" not in row for row in caller.rows()),
    ),
    _shipped(
        "pages-with-tabs",
        "the document inside the envelope is indented with tabs, as in the documented example",
        on_envelope(_as_documented),
        lambda caller: "\n\t" in body_of(caller),
    ),
    _shipped(
        "envelope-without-a-header-map",
        "the envelope has no header fields of the scheduler: they are not required",
        on_envelope(lambda envelope: without(envelope, "header_map")),
        lambda caller: "header_map" not in caller.envelope(),
    ),
    _shipped(
        "unknown-task-is-a-bad-request",
        "a task that does not exist is refused with 400 and the scheduler's code, as related operations document",
        refuse_on(_is_unknown_task, HttpError(BAD_REQUEST, "DLF.0100", "The job does not exist")),
        lambda caller: caller.runs(task_id="1").status == BAD_REQUEST,
    ),
    _shipped(
        "unknown-table-without-operators",
        "a request for the operators of an unknown table gets an empty list: no document says what it gets",
        on_wire(_nobody_uses_it),
        lambda caller: caller.nodes(UNKNOWN_GUID).body == b"[]",
    ),
    _shipped(
        "details-by-guid-and-once",
        "details are sorted by GUID, and an asset that is requested twice is shown once: no document says otherwise",
        detailing(_each_once_by_guid),
        lambda caller: len(caller.details(TABLE_GUID, RAW, TABLE_GUID)["entities"]) == len({TABLE_GUID, RAW}),
    ),
    _shipped(
        "bodies-in-chunks",
        "bodies are sent in chunks, without Content-Length, as a proxy that streams does",
        on_wire(_chunked),
        lambda caller: "content-length" not in caller.nodes().headers,
    ),
    _shipped(
        "throttled-at-the-documented-quota",
        "more than 50 requests in a second are throttled, as the overview of the operations documents",
        Seam(switches={"rate_limit": _QUOTA}),
        _throttles,
    ),
    _shipped(
        "cookies-of-a-firewall",
        "each response sets a cookie, as firewalls and load balancers do",
        on_wire(_with_a_cookie),
        lambda caller: caller.nodes().headers.get("set-cookie") == _COOKIE,
    ),
    _shipped(
        "keyword-in-name-or-description",
        "a keyword is looked for in names and descriptions, as a related operation documents, but not in databases",
        on_search(_by_name_or_description),
        lambda caller: caller.search("postgres.")["count"] == 0,
    ),
    _shipped(
        "task-ids-as-text-in-runs",
        "taskId is text and forceSuccess is a boolean: the specification allows both types",
        on_row(_with_other_types),
        lambda caller: caller.rows()[0]["taskId"] == "937987",
    ),
)
