"""Successful responses with a wrong envelope, status or header field."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.caller import ALL
from dataarts_datamap_contract._broken.seams import (
    RUNS,
    Response,
    Seam,
    Values,
    compact,
    is_nodes,
    is_runs,
    on_document,
    on_envelope,
    on_operators,
    on_success,
    on_wire,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import is_json, without

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.validation import Arguments

_first = partial(BrokenServer, level="A")
_late = partial(BrokenServer, level="A", cohort="late")
_blind = partial(BrokenServer, level="A", cohort="blind")

_BUFFER = 512


def _media_type(response: Response) -> str:
    return response.headers.get("content-type", "none")


def _doubled(document: bytes) -> bytes:
    return document.replace(b'{"status_code":200,', b'{"status_code":500,"status_code":200,', 1)


def _shortened(response: Response) -> Response:
    """A response of 2,000 bytes or more is cut after 1,500."""
    if len(response.body) < 2_000:
        return response
    return write(response, response.body[:1_500])


def _longer_than_sent(response: Response) -> Response:
    return replace(response, headers={**response.headers, "content-length": str(len(response.body) + 64)})


def _on_document_of(change: Callable[[Values, bytes], bytes]) -> Seam:
    """A seam that changes the document of ShowInstanceInfos, depending on the parameters of the request."""

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        if operation.operation_id != RUNS:
            return operation

        def perform(arguments: Arguments) -> bytes:
            return change(dict(arguments.values), operation.perform(arguments))

        return replace(operation, perform=perform)

    return Seam(alter)


def _failure_of_the_second_page(values: Values, document: bytes) -> bytes:
    failure = {"error_code": "DLF.6201", "error_msg": "The request to the scheduler timed out"}
    return compact(failure).encode() if values["offset"] else document


def _null_for_nothing(scope: Scope, response: Response) -> Response:
    unknown = response.status == 404 and is_nodes(scope) and scope["method"] == "GET"
    return write(response, b"null", status=200) if unknown else response


def _padded(response: Response) -> Response:
    return write(response, response.body + bytes(-len(response.body) % _BUFFER or _BUFFER))


BROKEN_SERVERS = (
    _first(
        "status-code-as-text",
        "status_code is a number",
        frozenset({"A-envelope-shape"}),
        on_envelope(lambda envelope: {**envelope, "status_code": str(envelope["status_code"])}),
        lambda caller: caller.envelope()["status_code"] == "200",
    ),
    _first(
        "status-code-missing",
        "the envelope has a status_code",
        frozenset({"A-envelope-shape"}),
        on_envelope(lambda envelope: without(envelope, "status_code")),
        lambda caller: "status_code" not in caller.envelope(),
    ),
    _first(
        "status-code-500-beside-rows",
        "status_code agrees with the HTTP status and the page",
        frozenset({"A-envelope-status"}),
        on_envelope(lambda envelope: {**envelope, "status_code": 500}),
        lambda caller: caller.envelope()["status_code"] == 500,
    ),
    _first(
        "status-code-0-when-empty",
        "status_code agrees with the HTTP status, even on an empty page",
        frozenset({"A-envelope-status"}),
        on_envelope(lambda envelope: {**envelope, "status_code": 0} if '"total":0}' in envelope["body"] else envelope),
        lambda caller: caller.envelope(task_id="1")["status_code"] == 0,
    ),
    _first(
        "body-as-object",
        "the envelope's body is text",
        frozenset({"A-envelope-shape"}),
        on_envelope(lambda envelope: {**envelope, "body": json.loads(envelope["body"])}),
        lambda caller: isinstance(caller.envelope()["body"], dict),
    ),
    _first(
        "body-null-when-empty",
        "the envelope's body is text, even on an empty page",
        frozenset({"A-envelope-shape"}),
        on_envelope(lambda envelope: {**envelope, "body": None} if '"rows":[]' in envelope["body"] else envelope),
        lambda caller: caller.envelope(task_id="1")["body"] is None,
    ),
    _first(
        "bare-page",
        "a page of runs is in an envelope",
        frozenset({"A-envelope-shape"}),
        on_envelope(lambda envelope: json.loads(envelope["body"])),
        lambda caller: "rows" in caller.envelope(),
    ),
    _first(
        "envelope-camel-case",
        "the envelope's members are named as documented",
        frozenset({"A-envelope-shape"}),
        on_envelope(
            lambda envelope: {
                "statusCode": envelope["status_code"],
                "body": envelope["body"],
                "headerMap": envelope["header_map"],
            }
        ),
        lambda caller: "statusCode" in caller.envelope(),
    ),
    _first(
        "header-map-as-list",
        "header_map is an object",
        frozenset({"A-header-map"}),
        on_envelope(lambda envelope: {**envelope, "header_map": list(envelope["header_map"].items())}),
        lambda caller: isinstance(caller.envelope()["header_map"], list),
    ),
    _first(
        "header-map-length-as-number",
        "the values of header_map are text",
        frozenset({"A-header-map"}),
        on_envelope(
            lambda envelope: {
                **envelope,
                "header_map": {
                    name: int(value) if value.isdecimal() else value for name, value in envelope["header_map"].items()
                },
            }
        ),
        lambda caller: isinstance(caller.envelope()["header_map"]["Content-Length"], int),
    ),
    _first(
        "status-code-twice",
        "no key of the envelope occurs twice",
        frozenset({"A-json"}),
        on_document(_doubled),
        lambda caller: b'"status_code":500,"status_code":200' in caller.runs().body,
    ),
    _first(
        "runs-as-plain-text",
        "a page of runs is sent as application/json",
        frozenset({"A-content-type"}),
        on_success(lambda response: write(response, response.body, content_type="text/plain; charset=utf-8")),
        lambda caller: _media_type(caller.runs()).startswith("text/plain"),
    ),
    _first(
        "operators-without-media-type",
        "a response of ShowNodes has the type application/json",
        frozenset({"A-content-type"}),
        on_success(
            lambda response: Response(response.status, without(response.headers, "content-type"), response.body),
            of=is_nodes,
        ),
        lambda caller: _media_type(caller.nodes()) == "none",
    ),
    _first(
        "byte-order-mark",
        "a JSON response starts without a byte order mark",
        frozenset({"A-json"}),
        on_success(lambda response: write(response, b"\xef\xbb\xbf" + response.body)),
        lambda caller: caller.runs().body.startswith(b"\xef\xbb\xbf"),
    ),
    _first(
        "operators-in-gbk",
        "JSON is UTF-8",
        frozenset({"A-json"}),
        on_success(
            lambda response: write(response, response.body.decode().encode("gbk", "replace")),
            of=is_nodes,
        ),
        lambda caller: "订单".encode("gbk") in caller.nodes().body,
    ),
    _first(
        "long-answers-cut-short",
        "a JSON response is complete",
        frozenset({"A-json"}),
        on_success(_shortened),
        lambda caller: not is_json(caller.runs(limit=5).body),
    ),
    _first(
        "operators-wrapped",
        "the response of ShowNodes is a bare array",
        frozenset({"A-nodes-shape"}),
        on_operators(lambda operators: {"nodes": operators, "total": len(operators)}),
        lambda caller: "nodes" in caller.nodes().json(),
    ),
    _first(
        "operators-numeric-task-id",
        "an operator's task_id is text",
        frozenset({"A-nodes-shape"}),
        on_operators(lambda operators: [{**operator, "task_id": int(operator["task_id"])} for operator in operators]),
        lambda caller: isinstance(caller.nodes().json()[0]["task_id"], int),
    ),
    _first(
        "operators-without-workspace",
        "an operator has a workspace_id",
        frozenset({"A-nodes-shape"}),
        on_operators(lambda operators: [without(operator, "workspace_id") for operator in operators]),
        lambda caller: "workspace_id" not in caller.nodes().json()[0],
    ),
    _first(
        "runs-created",
        "a page of runs has status 200",
        frozenset({"A-status-documented"}),
        on_success(lambda response: write(response, response.body, status=201)),
        lambda caller: caller.runs().status == 201,
    ),
    _first(
        "empty-page-as-204",
        "a page without runs has status 200, too",
        frozenset({"A-status-documented"}),
        on_success(
            lambda response: Response(204, {}, b"") if b'\\"rows\\":[]' in response.body else response,
        ),
        lambda caller: caller.runs(task_id="1").status == 204,
    ),
    _first(
        "part-of-the-runs-as-206",
        "a page has status 200, whatever its offset",
        frozenset({"A-status-documented"}),
        on_wire(
            lambda scope, response: (
                write(response, response.body, status=206)
                if response.status == 200 and is_runs(scope) and b"offset=0" not in scope["query_string"]
                else response
            )
        ),
        lambda caller: caller.runs(offset=10).status == 206,
    ),
    _first(
        "two-documents",
        "a response is one JSON document",
        frozenset({"A-json"}),
        on_document(lambda document: document + b"\n" + document),
        lambda caller: not is_json(caller.runs(limit=ALL).body),
    ),
    _late(
        "shorter-than-announced",
        "a response is as long as its header says",
        frozenset({"A-answer-whole"}),
        on_success(_longer_than_sent),
        lambda caller: int(caller.runs().headers["content-length"]) > len(caller.runs().body),
    ),
    _late(
        "header-map-null",
        "header_map is an object, if it is sent",
        frozenset({"A-header-map"}),
        on_envelope(lambda envelope: {**envelope, "header_map": None}),
        lambda caller: caller.envelope()["header_map"] is None,
    ),
    _blind(
        "compressed-unasked",
        "a response is compressed only if the client accepts that",
        frozenset({"A-json", "A-content-type"}),
        on_success(lambda response: write(response, gzip.compress(response.body, mtime=0), content_encoding="gzip")),
        lambda caller: caller.runs().body.startswith(b"\x1f\x8b"),
    ),
    _blind(
        "compression-announced-not-done",
        "a response that declares compression is compressed",
        frozenset({"A-json", "A-answer-whole", "A-content-type"}),
        on_success(lambda response: write(response, response.body, content_encoding="gzip")),
        lambda caller: caller.runs().headers.get("content-encoding") == "gzip" and bool(caller.rows()),
    ),
    _blind(
        "unknown-table-as-null",
        "an unknown table gets an empty list of operators or an error, and not null",
        frozenset({"A-nodes-shape"}),
        on_wire(_null_for_nothing),
        lambda caller: caller.nodes("unknown").body == b"null",
    ),
    _blind(
        "failure-inside-the-second-page",
        "a page of runs is in an envelope, even if it is not the first",
        frozenset({"A-envelope-shape"}),
        _on_document_of(_failure_of_the_second_page),
        lambda caller: "error_code" in caller.envelope(offset=10),
    ),
    _blind(
        "padded-with-nul",
        "a response ends where its document ends, without the rest of a buffer",
        frozenset({"A-json"}),
        on_success(_padded),
        lambda caller: caller.runs().body.endswith(b"\0"),
    ),
)
