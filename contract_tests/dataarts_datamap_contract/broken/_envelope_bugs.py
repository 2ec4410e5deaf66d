"""Level A: the envelope, status codes, content types and error bodies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract.broken._caller import ALL, Caller
from dataarts_datamap_contract.broken._seams import (
    Answer,
    before_app,
    compact,
    fresh,
    is_nodes,
    is_runs,
    on_document,
    on_envelope,
    on_operators,
    on_refusal,
    on_success,
    on_wire,
    refusal_document,
    write,
)
from dataarts_datamap_contract.broken._server import BrokenServer

if TYPE_CHECKING:
    from starlette.types import Scope

_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 400, 401, 403, 404
_HTML = b"<html><body><h1>Error</h1></body></html>"


def _bad_request(caller: Caller) -> Answer:
    return caller.runs(limit=0)


def _unauthorized(caller: Caller) -> Answer:
    return caller.runs({"instance": caller.config.instance_id})


def _forbidden(caller: Caller) -> Answer:
    return caller.runs(project_id="f" * 32)


def _not_found(caller: Caller) -> Answer:
    return caller.nodes("00000000-0000-4000-8000-000000000000")


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _media_type(answer: Answer) -> str:
    return answer.headers.get("content-type", "none")


def _doubled(document: bytes) -> bytes:
    return document.replace(b'{"status_code":200,', b'{"status_code":500,"status_code":200,', 1)


def _without(document: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != name}


def _camel(error: dict[str, Any]) -> dict[str, Any]:
    return {"errorCode": error["error_code"], "errorMsg": error["error_msg"]}


def _in_envelope(answer: Answer) -> Answer:
    envelope = {"status_code": answer.status, "body": answer.body.decode()}
    return write(answer, compact(envelope).encode(), status=200)


def _shortened(answer: Answer) -> Answer:
    """A proxy that lost the end of a long answer: shorter than its header says."""
    if len(answer.body) < 2_000:
        return answer
    return write(answer, answer.body[:1_500])


def _as_deleted(scope: Scope) -> Answer | None:
    return fresh(200, b"", "application/json") if scope["method"] == "DELETE" else None


ENVELOPE_BUGS = (
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
        seam=on_envelope(lambda envelope: _without(envelope, "status_code")),
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
        rule="status_code agrees with the HTTP status, on an empty page too",
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
        rule="the envelope's body is text, on an empty page too",
        checks=frozenset({"A-envelope-shape"}),
        seam=on_envelope(lambda envelope: {**envelope, "body": None} if '"rows":[]' in envelope["body"] else envelope),
        shown=lambda caller: caller.envelope(task_id="1")["body"] is None,
    ),
    BrokenServer(
        name="bare-page",
        level="A",
        rule="a page of runs stands in an envelope",
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
        rule="no key of the envelope is given twice",
        checks=frozenset({"A-json"}),
        seam=on_document(_doubled),
        shown=lambda caller: b'"status_code":500,"status_code":200' in caller.runs().body,
    ),
    BrokenServer(
        name="runs-as-plain-text",
        level="A",
        rule="a page of runs is sent as application/json",
        checks=frozenset({"A-content-type"}),
        seam=on_success(lambda answer: write(answer, answer.body, content_type="text/plain; charset=utf-8")),
        shown=lambda caller: _media_type(caller.runs()).startswith("text/plain"),
    ),
    BrokenServer(
        name="operators-without-media-type",
        level="A",
        rule="an answer of ShowNodes says that it is application/json",
        checks=frozenset({"A-content-type"}),
        seam=on_success(
            lambda answer: Answer(answer.status, _without(answer.headers, "content-type"), answer.body), of=is_nodes
        ),
        shown=lambda caller: _media_type(caller.nodes()) == "none",
    ),
    BrokenServer(
        name="refusals-as-html",
        level="A",
        rule="a 400 is a JSON document",
        checks=frozenset({"A-content-type", "A-error-shape", "A-json"}),
        seam=on_refusal(lambda answer: write(answer, _HTML, content_type="text/html"), _BAD_REQUEST),
        shown=lambda caller: _bad_request(caller).body == _HTML,
    ),
    BrokenServer(
        name="byte-order-mark",
        level="A",
        rule="a JSON answer starts without a byte order mark",
        checks=frozenset({"A-json"}),
        seam=on_success(lambda answer: write(answer, b"\xef\xbb\xbf" + answer.body)),
        shown=lambda caller: caller.runs().body.startswith(b"\xef\xbb\xbf"),
    ),
    BrokenServer(
        name="operators-in-gbk",
        level="A",
        rule="JSON is UTF-8",
        checks=frozenset({"A-json"}),
        seam=on_success(
            lambda answer: write(answer, answer.body.decode().encode("gbk", "replace")),
            of=is_nodes,
        ),
        shown=lambda caller: "订单".encode("gbk") in caller.nodes().body,
    ),
    BrokenServer(
        name="long-answers-cut-short",
        level="A",
        rule="a JSON answer is whole",
        checks=frozenset({"A-json"}),
        seam=on_success(_shortened),
        shown=lambda caller: not _is_json(caller.runs(limit=5).body),
    ),
    BrokenServer(
        name="operators-wrapped",
        level="A",
        rule="ShowNodes answers a bare array",
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
        seam=on_operators(lambda operators: [_without(operator, "workspace_id") for operator in operators]),
        shown=lambda caller: "workspace_id" not in caller.nodes().json()[0],
    ),
    BrokenServer(
        name="runs-created",
        level="A",
        rule="a page of runs has status 200",
        checks=frozenset({"A-status-documented"}),
        seam=on_success(lambda answer: write(answer, answer.body, status=201)),
        shown=lambda caller: caller.runs().status == 201,
    ),
    BrokenServer(
        name="empty-page-as-204",
        level="A",
        rule="a page without runs has status 200, too",
        checks=frozenset({"A-status-documented"}),
        seam=on_success(
            lambda answer: Answer(204, {}, b"") if b'\\"rows\\":[]' in answer.body else answer,
        ),
        shown=lambda caller: caller.runs(task_id="1").status == 204,
    ),
    BrokenServer(
        name="part-of-the-runs-as-206",
        level="A",
        rule="a page has status 200, wherever it starts",
        checks=frozenset({"A-status-documented"}),
        seam=on_wire(
            lambda scope, answer: (
                write(answer, answer.body, status=206)
                if answer.status == 200 and is_runs(scope) and b"offset=0" not in scope["query_string"]
                else answer
            )
        ),
        shown=lambda caller: caller.runs(offset=10).status == 206,
    ),
    BrokenServer(
        name="refused-with-422",
        level="A",
        rule="a wrong parameter is refused with 400",
        checks=frozenset({"A-status-documented", "E-refusal-status"}),
        seam=on_refusal(lambda answer: write(answer, answer.body, status=422), _BAD_REQUEST),
        shown=lambda caller: _bad_request(caller).status == 422,
    ),
    BrokenServer(
        name="refusals-inside-200",
        level="A",
        rule="a refused request has a status that says so",
        checks=frozenset(
            {
                "A-envelope-shape",
                "A-envelope-status",
                "E-refusal-status",
                "E-missing-parameter",
                "E-below-minimum",
                "E-above-maximum",
                "E-wrong-type",
                "E-fraction",
            }
        ),
        seam=on_refusal(lambda answer: write(answer, answer.body, status=200), _BAD_REQUEST),
        shown=lambda caller: _bad_request(caller).status == 200,
    ),
    BrokenServer(
        name="refusals-enveloped-in-200",
        level="D",
        rule="a request without a token has status 401, not an envelope with it",
        checks=frozenset({"D-missing", "D-refusal-status", "A-envelope-status"}),
        seam=on_wire(
            lambda scope, answer: _in_envelope(answer) if answer.status == _UNAUTHORIZED and is_runs(scope) else answer
        ),
        shown=lambda caller: _unauthorized(caller).status == 200,
    ),
    BrokenServer(
        name="camel-case-refusals",
        level="A",
        rule="a 400 has error_code and error_msg",
        checks=frozenset({"A-error-shape"}),
        seam=refusal_document(_camel, _BAD_REQUEST),
        shown=lambda caller: "errorCode" in _bad_request(caller).json(),
    ),
    BrokenServer(
        name="unauthorized-nested",
        level="A",
        rule="a 401 has error_code and error_msg at its top",
        checks=frozenset({"A-error-shape"}),
        seam=refusal_document(
            lambda error: {"error": {"code": 401, "message": error["error_msg"], "title": "Unauthorized"}},
            _UNAUTHORIZED,
        ),
        shown=lambda caller: "error" in _unauthorized(caller).json(),
    ),
    BrokenServer(
        name="forbidden-as-plain-words",
        level="A",
        rule="a 403 is a JSON document",
        checks=frozenset({"A-error-shape", "A-json"}),
        seam=on_refusal(lambda answer: write(answer, b"Forbidden"), _FORBIDDEN),
        shown=lambda caller: _forbidden(caller).body == b"Forbidden",
    ),
    BrokenServer(
        name="numeric-error-code",
        level="A",
        rule="error_code is text",
        checks=frozenset({"A-error-shape"}),
        seam=refusal_document(lambda error: {**error, "error_code": 1060100}, _BAD_REQUEST),
        shown=lambda caller: isinstance(_bad_request(caller).json()["error_code"], int),
    ),
    BrokenServer(
        name="error-message-null",
        level="A",
        rule="error_msg is text",
        checks=frozenset({"A-error-shape"}),
        seam=refusal_document(lambda error: {**error, "error_msg": None}, _BAD_REQUEST, _UNAUTHORIZED),
        shown=lambda caller: _bad_request(caller).json()["error_msg"] is None,
    ),
    BrokenServer(
        name="not-found-without-body",
        level="A",
        rule="a 404 for an unknown table says what is missing",
        checks=frozenset({"A-error-shape", "A-json"}),
        seam=on_wire(
            lambda scope, answer: write(answer, b"") if answer.status == _NOT_FOUND and is_nodes(scope) else answer
        ),
        shown=lambda caller: not _not_found(caller).body,
    ),
    BrokenServer(
        name="delete-answers-200",
        level="A",
        rule="a method that is not declared does nothing, and does not say OK",
        checks=frozenset({"A-undeclared-method"}),
        seam=before_app(_as_deleted),
        shown=lambda caller: caller.get(caller.runs_target(), method="DELETE").status == 200,
    ),
    BrokenServer(
        name="two-documents",
        level="A",
        rule="an answer is one JSON document",
        checks=frozenset({"A-json"}),
        seam=on_document(lambda document: document + b"\n" + document),
        shown=lambda caller: not _is_json(caller.runs(limit=ALL).body),
    ),
)
