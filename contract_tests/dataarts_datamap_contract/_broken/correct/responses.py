"""Correct servers: the form of responses and their header fields, where the documentation leaves a choice."""

from __future__ import annotations

import gzip
import json
import re
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from dataarts_datamap_contract._broken.seams import (
    Document,
    Response,
    Seam,
    compact,
    error_document,
    on_body,
    on_envelope,
    on_error_response,
    on_page,
    on_row,
    write,
)
from dataarts_datamap_contract._broken.servers import CorrectServer
from dataarts_datamap_contract._broken.shared import OK, UNAUTHORIZED, answered, as_object, sent

if TYPE_CHECKING:
    from starlette.types import Scope

    from dataarts_datamap_contract._broken.caller import Caller

_outside = partial(CorrectServer, cohort="outside")

_ERRORS = (400, 401, 403, 404, 405)
_SLOW = 0.008
_SMALL = 256
_GZIP = re.compile(r"\bgzip(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)
"""The coding gzip, unless a weight of 0 refuses it."""
_NAMES = frozenset({"taskRunningLogId", "taskId", "jobName", "planTime", "status", "workspaceId"})
_GUID = "0" * 32
_MAPS = frozenset({"header_map", "referred_entities", "facets", "metrics", "relationship_types", "entity_types"})


def _with_headers(**headers: str) -> Seam:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return answered(lambda _, response: Response(response.status, {**response.headers, **fields}, response.body))


def _compressed(scope: Scope, response: Response) -> Response:
    is_accepted = _GZIP.search(sent(scope, "Accept-Encoding")) is not None
    if not is_accepted or len(response.body) < _SMALL:
        return write(response, response.body, vary="Accept-Encoding")
    return write(response, gzip.compress(response.body), content_encoding="gzip", vary="Accept-Encoding")


def _with_more(value: Any) -> Any:  # noqa: ANN401  any JSON
    """The document with members that no client knows, in every object but those named in ``_MAPS``."""
    if isinstance(value, list):
        return [_with_more(each) for each in cast("list[object]", value)]
    document = as_object(value)
    if document is None:
        return value
    below = {name: each if name in _MAPS else _with_more(each) for name, each in document.items()}
    return {"zone": "az-3", **below, "_links": []}


def _richer_page(body: str) -> str:
    return compact(_with_more(json.loads(body)))


def _nulls(row: Document) -> Document:
    return {name: value if name in _NAMES else None for name, value in row.items()}


def _exponents(body: str) -> str:
    """Speeds are written with ten decimal places, which JSON allows."""
    page = json.loads(body)
    text = compact(page)
    for speed in {row["speed"] for row in page["rows"]}:
        text = text.replace(f'"speed":{speed!r},', f'"speed":{speed:.10f},')
    return text


def _numbered_anew() -> Seam:
    def change(_: Scope, response: Response) -> Response:
        own = str(uuid4()).upper()
        if response.status == OK:
            return write(response, response.body, x_request_id=own)
        body = compact({**response.json(), "request_id": own}).encode()
        return write(response, body, x_request_id=own)

    return answered(change)


def _without_ids(_: Scope, response: Response) -> Response:
    headers = {name: value for name, value in response.headers.items() if name not in {"x-request-id", "server"}}
    if response.status == OK:
        return Response(response.status, headers, response.body)
    document = {name: value for name, value in response.json().items() if name != "request_id"}
    return write(Response(response.status, headers, b""), compact(document).encode())


def _chunked() -> Seam:
    """A seam on which responses have no length and end when the connection is closed, as by HTTP/1.0 servers."""

    def change(_: Scope, response: Response) -> Response:
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        return Response(response.status, {**headers, "connection": "close"}, response.body)

    return answered(change)


def _has(caller: Caller, name: str, value: str) -> bool:
    return caller.nodes().headers.get(name) == value


def _takes_time(caller: Caller) -> bool:
    times: list[float] = []
    for _ in range(9):
        begun = monotonic()
        caller.nodes(_GUID)
        times.append(monotonic() - begun)
    return min(times) > _SLOW


CORRECT_SERVERS = (
    _outside(
        "indented-with-tabs-and-CRLF",
        "The page inside the envelope is written over many lines, as in the documented example.",
        on_body(lambda body: json.dumps(json.loads(body), indent="\t", ensure_ascii=False).replace("\n", "\r\n")),
        lambda caller: "\r\n" in caller.envelope()["body"],
    ),
    _outside(
        "speed-to-ten-places",
        "The speed of a run has ten decimal places, which JSON allows.",
        on_body(_exponents),
        lambda caller: "0000000" in caller.envelope()["body"].partition("speed")[2][:40],
    ),
    _outside(
        "ascii-alone",
        "All characters beyond ASCII are escaped, an emoji as a surrogate pair.",
        answered(lambda _, response: write(response, json.dumps(response.json()).encode())),
        lambda caller: caller.nodes().body.isascii(),
    ),
    _outside(
        "slashes-escaped",
        "Slashes are escaped, which JSON allows.",
        answered(lambda _, response: write(response, response.body.replace(b"/", b"\\/"))),
        lambda caller: b"\\/" in caller.nodes().body,
    ),
    _outside(
        "closes-after-each-response",
        "A response has no length, and ends when the connection is closed: HTTP allows it.",
        _chunked(),
        lambda caller: _has(caller, "connection", "close"),
    ),
    _outside(
        "gzip-if-accepted",
        "Long responses are compressed for clients that accept gzip.",
        answered(_compressed),
        lambda caller: (
            caller.nodes(headers={**caller.headers, "Accept-Encoding": "gzip"}).headers.get("content-encoding")
            == "gzip"
        ),
    ),
    _outside(
        "many-headers",
        "Responses have further header fields, such as those of caches and proxies, and those that protect browsers.",
        _with_headers(
            via="1.1 proxy-7 (squid/6)",
            x_cache="MISS from proxy-7",
            strict_transport_security="max-age=31536000",
            set_cookie="HWWAFSESID=a1b2; Path=/; HttpOnly",
            etag='W/"17-abc"',
            cache_control="private, no-store",
        ),
        lambda caller: "x-cache" in caller.nodes().headers,
    ),
    _outside(
        "Application/JSON",
        "A media type may be written in any case, with a charset and with spaces.",
        _with_headers(content_type='Application/JSON ; Charset="utf-8"'),
        lambda caller: _has(caller, "content-type", 'Application/JSON ; Charset="utf-8"'),
    ),
    _outside(
        "white-space-around",
        "JSON may have white space around it.",
        answered(lambda _, response: write(response, b"\n  " + response.body + b"\r\n\n")),
        lambda caller: caller.nodes().body.startswith(b"\n"),
    ),
    _outside(
        "more-members-everywhere",
        "Every object of a model has undocumented members, one before and one after the documented ones.",
        Seam(
            wrap=answered(lambda _, response: write(response, compact(_with_more(response.json())).encode())).wrap,
            alter=on_body(_richer_page).alter,
        ),
        lambda caller: "zone" in caller.nodes().json()[0],
    ),
    _outside(
        "rows-of-names-and-plans",
        "No field of a row is required: most are absent.",
        on_row(lambda row: {name: value for name, value in row.items() if name in _NAMES}),
        lambda caller: "startTime" not in caller.rows(limit=1)[0],
    ),
    _outside(
        "null for most",
        "Any field of a row may be null: here all are, except status, plan time, job name, and three ids.",
        on_row(_nulls),
        lambda caller: caller.rows(limit=1)[0]["submitTime"] is None,
    ),
    _outside(
        "task-ids-as-text",
        "taskId may be text, and forceSuccess true or false.",
        on_row(lambda row: {**row, "taskId": str(row["taskId"]), "forceSuccess": bool(row["forceSuccess"])}),
        lambda caller: isinstance(caller.rows(limit=1)[0]["taskId"], str),
    ),
    _outside(
        "total-first-and-workspace-first",
        "The members of an object have no order: here a page begins with its total, and a row with its last member.",
        on_page(
            lambda page: {
                "total": page["total"],
                **dict(reversed(page.items())),
                "rows": [dict(reversed(row.items())) for row in page["rows"]],
            }
        ),
        lambda caller: next(iter(caller.page())) == "total",
    ),
    _outside(
        "least-envelope",
        "An envelope only requires status_code and body, and a page only rows and total.",
        Seam(
            alter=lambda operation, config: on_envelope(
                lambda envelope: {name: envelope[name] for name in ("body", "status_code")}
            ).alter(
                on_page(lambda page: {name: page[name] for name in ("rows", "total")}).alter(operation, config), config
            )
        ),
        lambda caller: "header_map" not in caller.envelope(),
    ),
    _outside(
        "errors-of-the-service-in-chinese",
        "The text of an error is in Chinese, its code is one of the service, and it has further members.",
        error_document(
            lambda error: {
                "error_code": error["error_code"].replace("APIGW.", "DAYU."),
                "error_msg": "请求无效, 请检查参数",
                "encoded_authorization_message": "",
                "details": None,
            },
            *_ERRORS,
        ),
        lambda caller: caller.runs(limit="x").json()["error_code"].startswith("DAYU."),
    ),
    _outside(
        "www-authenticate",
        "A 401 has a challenge (WWW-Authenticate), and the code APIGW.0305 from the gateway's table.",
        on_error_response(
            lambda response: write(
                response,
                compact({**response.json(), "error_code": "APIGW.0305"}).encode(),
                www_authenticate='Token realm="dayu"',
            ),
            UNAUTHORIZED,
        ),
        lambda caller: "www-authenticate" in caller.runs({"X-Auth-Token": "x"}).headers,
    ),
    _outside(
        "request-ids-as-uuids",
        "Request ids are UUIDs in capitals, and every error has its own in its body.",
        _numbered_anew(),
        lambda caller: caller.nodes().headers["x-request-id"].count("-") == 4,
    ),
    _outside(
        "nameless-responses",
        "Responses have neither a request id nor the name of the server, and errors have no request id in their body.",
        answered(_without_ids),
        lambda caller: "x-request-id" not in caller.nodes().headers,
    ),
    _outside(
        "msg-is-null",
        "The message of a page is null.",
        on_page(lambda page: {**page, "msg": None}),
        lambda caller: caller.page()["msg"] is None,
    ),
    _outside(
        "slow",
        "Every response takes about 25 milliseconds, give or take half of that.",
        Seam(switches={"latency": timedelta(milliseconds=25), "latency_sigma": 0.3}),
        _takes_time,
    ),
)
