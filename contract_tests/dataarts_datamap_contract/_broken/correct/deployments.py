"""Correct servers: another deployment, with its own firewall, serializer, retention and ranking."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.asset_seams import UNKNOWN_GUID, arranged, shown_names
from dataarts_datamap_contract._broken.seams import (
    Document,
    Perform,
    Response,
    Values,
    cut,
    error_document,
    on_error_response,
    on_listing,
    on_row,
    whole,
    write,
)
from dataarts_datamap_contract._broken.servers import CorrectServer
from dataarts_datamap_contract._broken.shared import BAD_REQUEST, DAY, UNAUTHORIZED, answered, first_row

if TYPE_CHECKING:
    from starlette.types import Scope

    from dataarts_datamap_contract._broken.caller import Caller

_shipped = partial(CorrectServer, cohort="shipped")

_KEPT = 180 * DAY
_NOT_FOUND = 404
_ERRORS = (400, 401, 403, 404, 405, 413, 429, 500)
_COUNTS = ("inputRowCount", "outputRowCount", "failCount", "retryTimes")


def _with_more_fields(row: Document) -> Document:
    return {"priority": 0, "scheduleTypes": [0], **row, "node": {"version": 3, "endTime": "-"}}


def _is_unknown(name: str, value: object) -> bool:
    return value is None or (name in _COUNTS and value == -1)


def _of_other_types(row: Document) -> Document:
    speed = row["speed"]
    return {
        **row,
        "forceSuccess": bool(row["forceSuccess"]),
        "taskId": str(row["taskId"]),
        "speed": int(speed) if float(speed).is_integer() else speed,
    }


def _in_ascii(_: Scope, response: Response) -> Response:
    if not response.headers.get("content-type", "").startswith("application/json") or not response.body:
        return response
    return write(response, json.dumps(response.json()).replace("/", "\\/").encode())


def _as_bad_request(response: Response) -> Response:
    return write(response, response.body, status=BAD_REQUEST) if b"DLG.0404" in response.body else response


def _half_a_year(perform: Perform, values: Values) -> Document:
    """The runs of the half year before the operator's newest run."""
    page = whole(perform, values)
    newest = perform({**values, "start_time": 0, "end_time": 2**63 - 1, "offset": 0, "limit": 1})["rows"]
    rows = [row for row in page["rows"] if row["planTime"] > newest[0]["planTime"] - _KEPT]
    return {**page, "rows": cut(rows, values), "total": len(rows)}


def _by_relevance(hits: list[Any], body: Document) -> list[Any]:
    query = str(body.get("query", "")).casefold()
    if not query or body.get("sort"):
        return hits

    def rank(hit: Document) -> tuple[bool, bool, int]:
        name = str(hit["display_text"]).casefold()
        return name != query, query not in name, len(name)

    return sorted(hits, key=rank)


def _kept_days(caller: Caller) -> int:
    plans = [row["planTime"] for row in caller.rows(task_id="971001", job_name="rare runs")]
    return int(max(plans) - min(plans)) // DAY


CORRECT_SERVERS = (
    _shipped(
        "rows-with-more-fields",
        "rows have undocumented fields, before and after the others: the specification says that such fields can come",
        on_row(_with_more_fields),
        lambda caller: "priority" in first_row(caller),
    ),
    _shipped(
        "unknown-values-left-out",
        "a row leaves out what is not known: any of its fields may be absent",
        on_row(lambda row: {name: value for name, value in row.items() if not _is_unknown(name, value)}),
        lambda caller: any("inputRowCount" not in row for row in caller.rows()),
    ),
    _shipped(
        "rows-of-other-types",
        "taskId is text, forceSuccess is a boolean, and a whole speed is an integer, as the schema allows",
        on_row(_of_other_types),
        lambda caller: isinstance(first_row(caller)["taskId"], str),
    ),
    _shipped(
        "challenge-to-authenticate",
        "a 401 has the challenge that RFC 9110 asks for",
        on_error_response(
            lambda response: write(response, response.body, www_authenticate='Keystone uri="https://iam.example"'),
            UNAUTHORIZED,
        ),
        lambda caller: "www-authenticate" in caller.runs({}).headers,
    ),
    _shipped(
        "errors-with-more-members",
        "an error response has members that are not documented, like those of related services",
        error_document(
            lambda error: {"data": None, **error, "encoded_authorization_message": "", "error_details": []}, *_ERRORS
        ),
        lambda caller: "error_details" in caller.runs({}).json(),
    ),
    _shipped(
        "documents-in-ascii",
        "documents escape every character beyond ASCII, and slashes, which RFC 8259 allows",
        answered(_in_ascii),
        lambda caller: caller.nodes().body.isascii(),
    ),
    _shipped(
        "unknown-assets-are-bad-requests",
        "a request for an unknown asset gets 400, as at related operations of the service: 400 is documented",
        on_error_response(_as_bad_request, _NOT_FOUND),
        lambda caller: caller.nodes(UNKNOWN_GUID).status == BAD_REQUEST,
    ),
    _shipped(
        "half-a-year-of-runs",
        "runs are kept for half a year, as the service's monitoring page says",
        on_listing(_half_a_year),
        lambda caller: _kept_days(caller) <= 180,
    ),
    _shipped(
        "hits-by-relevance",
        "hits are ordered by how well their names match, unless the request sorts them: no order is documented",
        arranged(_by_relevance),
        lambda caller: shown_names(caller.search("dws_order"))[0] == "dws_order",
    ),
)
