"""Correct servers: the form of responses, where the documentation leaves a choice."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.caller import MAX_TIME
from dataarts_datamap_contract._broken.seams import (
    Document,
    Response,
    Seam,
    compact,
    error_document,
    on_body,
    on_document,
    on_envelope,
    on_field,
    on_operators,
    on_page,
    on_row,
    on_wire,
    write,
)
from dataarts_datamap_contract._broken.servers import CorrectServer
from dataarts_datamap_contract._broken.shared import first_row

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_first = CorrectServer
_blind = partial(CorrectServer, cohort="blind")

_CHUNK = 700
_TIMES = re.compile(r'("(?:planTime|submitTime|startTime|endTime|taskRunningLogId)":[0-9]+)')


def _in_chunks(app: ASGIApp) -> ASGIApp:
    async def chunked(scope: Scope, receive: Receive, send: Send) -> None:
        async def split(message: Message) -> None:
            if message["type"] == "http.response.start":
                fields = [(name, value) for name, value in message["headers"] if name != b"content-length"]
                await send({**message, "headers": fields})
                return
            body: bytes = message.get("body", b"")
            for start in range(0, len(body), _CHUNK):
                await send({"type": "http.response.body", "body": body[start : start + _CHUNK], "more_body": True})
            await send({"type": "http.response.body", "body": b""})

        await app(scope, receive, split)

    return chunked


def _zipped(scope: Scope, response: Response) -> Response:
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
    if b"gzip" not in accepted or b"gzip;q=0" in accepted or scope["method"] == "HEAD":
        return response
    return write(response, gzip.compress(response.body), content_encoding="gzip", vary="Accept-Encoding")


def _closing(_: Scope, response: Response) -> Response:
    return replace(response, headers={**response.headers, "connection": "close"})


def _extra(document: Document) -> Document:
    return {**document, "trace_id": "8080d377bffeb6d5", "extension": {"version": 2, "labels": [None]}}


def _ascii(document: bytes) -> bytes:
    return json.dumps(json.loads(document)).encode()


def _spacious(body: str) -> str:
    return "\n " + json.dumps(json.loads(body), ensure_ascii=False, indent=2) + "\n"


def _sparse(row: Document) -> Document:
    """A row without the fields whose value is unknown."""
    return {name: value for name, value in row.items() if value not in (None, -1, "")}


def _keys_first(body: str) -> str:
    page = json.loads(body)
    rows = [dict(sorted(row.items(), reverse=True)) for row in page["rows"]]
    return compact({"total": page["total"], "success": True, "rows": rows, "msg": page["msg"]})


CORRECT_SERVERS = (
    _first(
        "unknown-fields-everywhere",
        "the envelope, the page and each row have undocumented fields",
        Seam(
            lambda operation, config: on_envelope(_extra).alter(
                on_page(_extra).alter(on_row(_extra).alter(operation, config), config), config
            )
        ),
        lambda caller: "trace_id" in caller.envelope() and "trace_id" in first_row(caller),
    ),
    _first(
        "unknown-fields-of-operators",
        "operators have undocumented fields",
        on_operators(lambda operators: [_extra(operator) for operator in operators]),
        lambda caller: "trace_id" in caller.nodes().json()[0],
    ),
    _first(
        "errors-with-more-to-say",
        "an error has fields beside the documented ones",
        error_document(
            lambda error: {**error, "encoded_authorization_message": "QQ==", "data": None}, 400, 401, 403, 404
        ),
        lambda caller: "data" in caller.runs(limit=0).json(),
    ),
    _first(
        "header-map-empty",
        "header_map is empty: none of its fields is documented as required",
        on_envelope(lambda envelope: {**envelope, "header_map": {}}),
        lambda caller: caller.envelope()["header_map"] == {},
    ),
    _first(
        "header-map-missing",
        "there is no header_map: no document requires it",
        on_envelope(lambda envelope: {"body": envelope["body"], "status_code": envelope["status_code"]}),
        lambda caller: "header_map" not in caller.envelope(),
    ),
    _first(
        "body-printed-at-length",
        "the body contains blanks and newlines, like the documented one",
        on_body(_spacious),
        lambda caller: "\n" in caller.envelope()["body"],
    ),
    _first(
        "escaped-unicode",
        "text that is not ASCII is escaped, in the body and around it",
        Seam(
            lambda operation, config: on_document(_ascii, of=operation.operation_id).alter(
                on_body(lambda body: json.dumps(json.loads(body))).alter(operation, config), config
            )
        ),
        lambda caller: b"\\u8ba2" in caller.nodes().body,
    ),
    _first(
        "members-in-another-order",
        "the members of the page and of its rows are in another order",
        on_body(_keys_first),
        lambda caller: caller.envelope()["body"].startswith('{"total"'),
    ),
    _first(
        "sparse-rows",
        "a row leaves out the fields whose value is unknown: no field of a row is required",
        on_row(_sparse),
        lambda caller: "failCount" not in first_row(caller),
    ),
    _first(
        "task-id-as-text",
        "taskId is text, as in ShowNodes",
        on_field("taskId", str),
        lambda caller: first_row(caller)["taskId"] == "937987",
    ),
    _first(
        "forced-success-as-boolean",
        "forceSuccess is a boolean, as in related APIs",
        on_field("forceSuccess", bool),
        lambda caller: first_row(caller)["forceSuccess"] is False,
    ),
    _first(
        "unknown-statuses",
        "status has a value that is not listed: the set is open",
        on_field("status", lambda status: "archived" if status == "success" else status),
        lambda caller: "archived" in {row["status"] for row in caller.rows()},
    ),
    _first(
        "page-without-msg-and-success",
        "the page has only rows and total: nothing else is required",
        on_page(lambda page: {"rows": page["rows"], "total": page["total"]}),
        lambda caller: set(caller.page()) == {"rows", "total"},
    ),
    _first(
        "chunked",
        "responses are sent in chunks, without a length",
        Seam(wrap=_in_chunks),
        lambda caller: "content-length" not in caller.runs().headers,
    ),
    _first(
        "gzip",
        "responses are compressed if the client accepts that",
        on_wire(_zipped),
        lambda caller: "content-encoding" in caller.runs({**caller.headers, "accept-encoding": "gzip"}).headers,
    ),
    _first(
        "one-request-a-connection",
        "the server closes the connection after each response",
        on_wire(_closing),
        lambda caller: caller.runs().headers.get("connection") == "close",
    ),
    _first(
        "media-type-with-charset",
        "the media type names its character set, in capitals",
        on_wire(
            lambda _, response: replace(
                response, headers={**response.headers, "content-type": "application/json;charset=UTF-8"}
            )
        ),
        lambda caller: caller.runs().headers["content-type"].endswith("UTF-8"),
    ),
    _blind(
        "whole-numbers-with-a-point",
        "times and run ids have a point and a zero (as in 1.0), and are still integers for JSON Schema",
        on_body(lambda body: _TIMES.sub(r"\1.0", body)),
        lambda caller: isinstance(caller.rows()[0]["planTime"], float),
    ),
    _blind(
        "ids-beyond-53-bits",
        "ids of runs are 63 bits long",
        on_field("taskRunningLogId", lambda number: MAX_TIME - number),
        lambda caller: min(caller.run_ids()) > 2**53,
    ),
)
