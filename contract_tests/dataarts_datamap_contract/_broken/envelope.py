"""Level A: the envelope, the status and the header fields of successful responses."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
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
from dataarts_datamap_contract._broken.shared import without

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.validation import Arguments

_BUFFER = 512


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _media_type(response: Response) -> str:
    return response.headers.get("content-type", "none")


def _doubled(document: bytes) -> bytes:
    return document.replace(b'{"status_code":200,', b'{"status_code":500,"status_code":200,', 1)


def _shortened(response: Response) -> Response:
    """A proxy loses the end of a long response, so that the JSON is incomplete."""
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
    BrokenServer(
        name="status-code-as-text",
        level="A",
        rule="status_code is a number",
        checks=frozenset({"A-envelope-shape"}),
        seam=on_envelope(lambda envelope: {**envelope, "status_code": str(envelope["status_code"])}),
        shown=lambda caller: caller.envelope()["status_code"] == "200",
    ),
    BrokenServer(
        name="status-code-missing",
        level="A",
        rule="the envelope has a status_code",
        checks=frozenset({"A-envelope-shape"}),
        seam=on_envelope(lambda envelope: without(envelope, "status_code")),
        shown=lambda caller: "status_code" not in caller.envelope(),
    ),
    BrokenServer(
        name="status-code-500-beside-rows",
        level="A",
        rule="status_code agrees with the HTTP status and the page",
        checks=frozenset({"A-envelope-status"}),
        seam=on_envelope(lambda envelope: {**envelope, "status_code": 500}),
        shown=lambda caller: caller.envelope()["status_code"] == 500,
    ),
    BrokenServer(
        name="status-code-0-when-empty",
        level="A",
        rule="status_code agrees with the HTTP status, also on an empty page",
        checks=frozenset({"A-envelope-status"}),
        seam=on_envelope(
            lambda envelope: {**envelope, "status_code": 0} if '"total":0}' in envelope["body"] else envelope
        ),
        shown=lambda caller: caller.envelope(task_id="1")["status_code"] == 0,
    ),
    BrokenServer(
        name="body-as-object",
        level="A",
        rule="the envelope's body is text",
        checks=frozenset({"A-envelope-shape"}),
        seam=on_envelope(lambda envelope: {**envelope, "body": json.loads(envelope["body"])}),
        shown=lambda caller: isinstance(caller.envelope()["body"], dict),
    ),
    BrokenServer(
        name="body-null-when-empty",
        level="A",
        rule="the envelope's body is text, also on an empty page",
        checks=frozenset({"A-envelope-shape"}),
        seam=on_envelope(lambda envelope: {**envelope, "body": None} if '"rows":[]' in envelope["body"] else envelope),
        shown=lambda caller: caller.envelope(task_id="1")["body"] is None,
    ),
    BrokenServer(
        name="bare-page",
        level="A",
        rule="a page of runs is in an envelope",
        checks=frozenset({"A-envelope-shape"}),
        seam=on_envelope(lambda envelope: json.loads(envelope["body"])),
        shown=lambda caller: "rows" in caller.envelope(),
    ),
    BrokenServer(
        name="envelope-camel-case",
        level="A",
        rule="the envelope's members are named as documented",
        checks=frozenset({"A-envelope-shape"}),
        seam=on_envelope(
            lambda envelope: {
                "statusCode": envelope["status_code"],
                "body": envelope["body"],
                "headerMap": envelope["header_map"],
            }
        ),
        shown=lambda caller: "statusCode" in caller.envelope(),
    ),
    BrokenServer(
        name="header-map-as-list",
        level="A",
        rule="header_map is an object",
        checks=frozenset({"A-header-map"}),
        seam=on_envelope(lambda envelope: {**envelope, "header_map": list(envelope["header_map"].items())}),
        shown=lambda caller: isinstance(caller.envelope()["header_map"], list),
    ),
    BrokenServer(
        name="header-map-length-as-number",
        level="A",
        rule="the values of header_map are text",
        checks=frozenset({"A-header-map"}),
        seam=on_envelope(
            lambda envelope: {
                **envelope,
                "header_map": {
                    name: int(value) if value.isdecimal() else value for name, value in envelope["header_map"].items()
                },
            }
        ),
        shown=lambda caller: isinstance(caller.envelope()["header_map"]["Content-Length"], int),
    ),
    BrokenServer(
        name="status-code-twice",
        level="A",
        rule="no key of the envelope occurs twice",
        checks=frozenset({"A-json"}),
        seam=on_document(_doubled),
        shown=lambda caller: b'"status_code":500,"status_code":200' in caller.runs().body,
    ),
    BrokenServer(
        name="runs-as-plain-text",
        level="A",
        rule="a page of runs is sent as application/json",
        checks=frozenset({"A-content-type"}),
        seam=on_success(lambda response: write(response, response.body, content_type="text/plain; charset=utf-8")),
        shown=lambda caller: _media_type(caller.runs()).startswith("text/plain"),
    ),
    BrokenServer(
        name="operators-without-media-type",
        level="A",
        rule="a response of ShowNodes has the type application/json",
        checks=frozenset({"A-content-type"}),
        seam=on_success(
            lambda response: Response(response.status, without(response.headers, "content-type"), response.body),
            of=is_nodes,
        ),
        shown=lambda caller: _media_type(caller.nodes()) == "none",
    ),
    BrokenServer(
        name="byte-order-mark",
        level="A",
        rule="a JSON response starts without a byte order mark",
        checks=frozenset({"A-json"}),
        seam=on_success(lambda response: write(response, b"\xef\xbb\xbf" + response.body)),
        shown=lambda caller: caller.runs().body.startswith(b"\xef\xbb\xbf"),
    ),
    BrokenServer(
        name="operators-in-gbk",
        level="A",
        rule="JSON is UTF-8",
        checks=frozenset({"A-json"}),
        seam=on_success(
            lambda response: write(response, response.body.decode().encode("gbk", "replace")),
            of=is_nodes,
        ),
        shown=lambda caller: "订单".encode("gbk") in caller.nodes().body,
    ),
    BrokenServer(
        name="long-answers-cut-short",
        level="A",
        rule="a JSON response is complete",
        checks=frozenset({"A-json"}),
        seam=on_success(_shortened),
        shown=lambda caller: not _is_json(caller.runs(limit=5).body),
    ),
    BrokenServer(
        name="operators-wrapped",
        level="A",
        rule="the response of ShowNodes is a bare array",
        checks=frozenset({"A-nodes-shape"}),
        seam=on_operators(lambda operators: {"nodes": operators, "total": len(operators)}),
        shown=lambda caller: "nodes" in caller.nodes().json(),
    ),
    BrokenServer(
        name="operators-numeric-task-id",
        level="A",
        rule="an operator's task_id is text",
        checks=frozenset({"A-nodes-shape"}),
        seam=on_operators(
            lambda operators: [{**operator, "task_id": int(operator["task_id"])} for operator in operators]
        ),
        shown=lambda caller: isinstance(caller.nodes().json()[0]["task_id"], int),
    ),
    BrokenServer(
        name="operators-without-workspace",
        level="A",
        rule="an operator has a workspace_id",
        checks=frozenset({"A-nodes-shape"}),
        seam=on_operators(lambda operators: [without(operator, "workspace_id") for operator in operators]),
        shown=lambda caller: "workspace_id" not in caller.nodes().json()[0],
    ),
    BrokenServer(
        name="runs-created",
        level="A",
        rule="a page of runs has status 200",
        checks=frozenset({"A-status-documented"}),
        seam=on_success(lambda response: write(response, response.body, status=201)),
        shown=lambda caller: caller.runs().status == 201,
    ),
    BrokenServer(
        name="empty-page-as-204",
        level="A",
        rule="a page without runs has status 200, too",
        checks=frozenset({"A-status-documented"}),
        seam=on_success(
            lambda response: Response(204, {}, b"") if b'\\"rows\\":[]' in response.body else response,
        ),
        shown=lambda caller: caller.runs(task_id="1").status == 204,
    ),
    BrokenServer(
        name="part-of-the-runs-as-206",
        level="A",
        rule="a page has status 200, whatever its offset",
        checks=frozenset({"A-status-documented"}),
        seam=on_wire(
            lambda scope, response: (
                write(response, response.body, status=206)
                if response.status == 200 and is_runs(scope) and b"offset=0" not in scope["query_string"]
                else response
            )
        ),
        shown=lambda caller: caller.runs(offset=10).status == 206,
    ),
    BrokenServer(
        name="two-documents",
        level="A",
        rule="a response is one JSON document",
        checks=frozenset({"A-json"}),
        seam=on_document(lambda document: document + b"\n" + document),
        shown=lambda caller: not _is_json(caller.runs(limit=ALL).body),
    ),
    BrokenServer(
        name="shorter-than-announced",
        level="A",
        rule="a response is as long as its header says",
        checks=frozenset({"A-answer-whole"}),
        seam=on_success(_longer_than_sent),
        shown=lambda caller: int(caller.runs().headers["content-length"]) > len(caller.runs().body),
        cohort="late",
    ),
    BrokenServer(
        name="header-map-null",
        level="A",
        rule="header_map is an object, if it is sent",
        checks=frozenset({"A-header-map"}),
        seam=on_envelope(lambda envelope: {**envelope, "header_map": None}),
        shown=lambda caller: caller.envelope()["header_map"] is None,
        cohort="late",
    ),
    BrokenServer(
        name="compressed-unasked",
        level="A",
        rule="a response is compressed only if the client accepts that",
        checks=frozenset({"A-json", "A-content-type"}),
        seam=on_success(
            lambda response: write(response, gzip.compress(response.body, mtime=0), content_encoding="gzip")
        ),
        shown=lambda caller: caller.runs().body.startswith(b"\x1f\x8b"),
        cohort="blind",
    ),
    BrokenServer(
        name="compression-announced-not-done",
        level="A",
        rule="a response that declares compression is compressed",
        checks=frozenset({"A-json", "A-answer-whole", "A-content-type"}),
        seam=on_success(lambda response: write(response, response.body, content_encoding="gzip")),
        shown=lambda caller: caller.runs().headers.get("content-encoding") == "gzip" and bool(caller.rows()),
        cohort="blind",
    ),
    BrokenServer(
        name="unknown-table-as-null",
        level="A",
        rule="an unknown table gets an empty list of operators or an error, and not null",
        checks=frozenset({"A-nodes-shape"}),
        seam=on_wire(_null_for_nothing),
        shown=lambda caller: caller.nodes("unknown").body == b"null",
        cohort="blind",
    ),
    BrokenServer(
        name="failure-inside-the-second-page",
        level="A",
        rule="a page of runs is in an envelope, also the second page",
        checks=frozenset({"A-envelope-shape"}),
        seam=_on_document_of(_failure_of_the_second_page),
        shown=lambda caller: "error_code" in caller.envelope(offset=10),
        cohort="blind",
    ),
    BrokenServer(
        name="padded-with-nul",
        level="A",
        rule="a response ends with its document, not with its buffer",
        checks=frozenset({"A-json"}),
        seam=on_success(_padded),
        shown=lambda caller: caller.runs().body.endswith(b"\0"),
        cohort="blind",
    ),
)
