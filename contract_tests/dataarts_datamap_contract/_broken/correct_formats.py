"""Correct servers: the form of responses, where the documentation leaves a choice."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.caller import MAX_TIME, Caller
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

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


def _first(caller: Caller) -> Document:
    row: Document = caller.rows()[0]
    return row


CORRECT_SERVERS = (
    CorrectServer(
        name="unknown-fields-everywhere",
        difference="the envelope, the page and each row have undocumented fields",
        seam=Seam(
            lambda operation, config: on_envelope(_extra).alter(
                on_page(_extra).alter(on_row(_extra).alter(operation, config), config), config
            )
        ),
        shown=lambda caller: "trace_id" in caller.envelope() and "trace_id" in _first(caller),
    ),
    CorrectServer(
        name="unknown-fields-of-operators",
        difference="operators have undocumented fields",
        seam=on_operators(lambda operators: [_extra(operator) for operator in operators]),
        shown=lambda caller: "trace_id" in caller.nodes().json()[0],
    ),
    CorrectServer(
        name="errors-with-more-to-say",
        difference="an error has fields beside the documented ones",
        seam=error_document(
            lambda error: {**error, "encoded_authorization_message": "QQ==", "data": None}, 400, 401, 403, 404
        ),
        shown=lambda caller: "data" in caller.runs(limit=0).json(),
    ),
    CorrectServer(
        name="header-map-empty",
        difference="header_map is empty: none of its fields is documented as required",
        seam=on_envelope(lambda envelope: {**envelope, "header_map": {}}),
        shown=lambda caller: caller.envelope()["header_map"] == {},
    ),
    CorrectServer(
        name="header-map-missing",
        difference="there is no header_map: no document requires it",
        seam=on_envelope(lambda envelope: {"body": envelope["body"], "status_code": envelope["status_code"]}),
        shown=lambda caller: "header_map" not in caller.envelope(),
    ),
    CorrectServer(
        name="body-printed-at-length",
        difference="the body contains blanks and newlines, like the documented one",
        seam=on_body(_spacious),
        shown=lambda caller: "\n" in caller.envelope()["body"],
    ),
    CorrectServer(
        name="escaped-unicode",
        difference="text that is not ASCII is escaped, in the body and around it",
        seam=Seam(
            lambda operation, config: on_document(_ascii, of=operation.operation_id).alter(
                on_body(lambda body: json.dumps(json.loads(body))).alter(operation, config), config
            )
        ),
        shown=lambda caller: b"\\u8ba2" in caller.nodes().body,
    ),
    CorrectServer(
        name="members-in-another-order",
        difference="the members of the page and of its rows are in another order",
        seam=on_body(_keys_first),
        shown=lambda caller: caller.envelope()["body"].startswith('{"total"'),
    ),
    CorrectServer(
        name="sparse-rows",
        difference="a row leaves out the fields whose value is unknown: no field of a row is required",
        seam=on_row(_sparse),
        shown=lambda caller: "failCount" not in _first(caller),
    ),
    CorrectServer(
        name="task-id-as-text",
        difference="taskId is text, as in ShowNodes",
        seam=on_field("taskId", str),
        shown=lambda caller: _first(caller)["taskId"] == "937987",
    ),
    CorrectServer(
        name="forced-success-as-boolean",
        difference="forceSuccess is a boolean, as in related APIs",
        seam=on_field("forceSuccess", bool),
        shown=lambda caller: _first(caller)["forceSuccess"] is False,
    ),
    CorrectServer(
        name="unknown-statuses",
        difference="status has a value that is not listed: the set is open",
        seam=on_field("status", lambda status: "archived" if status == "success" else status),
        shown=lambda caller: "archived" in {row["status"] for row in caller.rows()},
    ),
    CorrectServer(
        name="page-without-msg-and-success",
        difference="the page has only rows and total: nothing else is required",
        seam=on_page(lambda page: {"rows": page["rows"], "total": page["total"]}),
        shown=lambda caller: set(caller.page()) == {"rows", "total"},
    ),
    CorrectServer(
        name="chunked",
        difference="responses are sent in chunks, without a length",
        seam=Seam(wrap=_in_chunks),
        shown=lambda caller: "content-length" not in caller.runs().headers,
    ),
    CorrectServer(
        name="gzip",
        difference="responses are compressed if the client accepts that",
        seam=on_wire(_zipped),
        shown=lambda caller: "content-encoding" in caller.runs({**caller.headers, "accept-encoding": "gzip"}).headers,
    ),
    CorrectServer(
        name="one-request-a-connection",
        difference="the server closes the connection after each response",
        seam=on_wire(_closing),
        shown=lambda caller: caller.runs().headers.get("connection") == "close",
    ),
    CorrectServer(
        name="media-type-with-charset",
        difference="the media type names its character set, in capitals",
        seam=on_wire(
            lambda _, response: replace(
                response, headers={**response.headers, "content-type": "application/json;charset=UTF-8"}
            )
        ),
        shown=lambda caller: caller.runs().headers["content-type"].endswith("UTF-8"),
    ),
    CorrectServer(
        name="whole-numbers-with-a-point",
        difference="times and ids are written as 1.0, which is an integer for JSON Schema",
        seam=on_body(lambda body: _TIMES.sub(r"\1.0", body)),
        shown=lambda caller: isinstance(caller.rows()[0]["planTime"], float),
        cohort="blind",
    ),
    CorrectServer(
        name="ids-beyond-53-bits",
        difference="ids of runs are 63 bits long",
        seam=on_field("taskRunningLogId", lambda number: MAX_TIME - number),
        shown=lambda caller: min(caller.run_ids()) > 2**53,
        cohort="blind",
    ),
)
