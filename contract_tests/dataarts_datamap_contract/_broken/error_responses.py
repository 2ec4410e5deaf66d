"""Level A: error responses, and responses on undeclared paths and methods."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.seams import (
    Response,
    Seam,
    before_app,
    compact,
    error_document,
    fresh,
    is_nodes,
    is_runs,
    on_error_response,
    on_wire,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import BAD_REQUEST, UNAUTHORIZED, data

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from dataarts_datamap_contract._broken.caller import Caller

_FORBIDDEN = 403
_NOT_FOUND = 404
_HTML = b"<html><body><h1>Error</h1></body></html>"
_WELCOME = b"<html><body>Welcome</body></html>"


def _bad_request(caller: Caller) -> Response:
    return caller.runs(limit=0)


def _unauthorized(caller: Caller) -> Response:
    return caller.runs({"instance": caller.config.instance_id})


def _forbidden(caller: Caller) -> Response:
    return caller.runs(project_id="f" * 32)


def _not_found(caller: Caller) -> Response:
    return caller.nodes("00000000-0000-4000-8000-000000000000")


def _camel(error: dict[str, Any]) -> dict[str, Any]:
    return {"errorCode": error["error_code"], "errorMsg": error["error_msg"]}


def _in_envelope(response: Response) -> Response:
    envelope = {"status_code": response.status, "body": response.body.decode()}
    return write(response, compact(envelope).encode(), status=200)


def _as_deleted(scope: Scope) -> Response | None:
    return fresh(200, b"", "application/json") if scope["method"] == "DELETE" else None


def _is_json(text: str | bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _posts_as_gets(app: ASGIApp) -> ASGIApp:
    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "method": "GET"} if scope["method"] == "POST" else scope, receive, send)

    return served


def _front_page(scope: Scope, response: Response) -> Response:
    unknown = response.status == 404 and b"APIGW.0101" in response.body and scope["method"] == "GET"
    return fresh(200, _WELCOME, "text/html") if unknown else response


def _unescaped(response: Response) -> Response:
    message: str = response.json()["error_msg"]
    return write(response, f'{{"error_msg":"{message}","error_code":"APIGW.0106"}}'.encode())


def _without_allow(response: Response) -> Response:
    return replace(response, headers={name: value for name, value in response.headers.items() if name != "allow"})


BROKEN_SERVERS = (
    BrokenServer(
        name="refusals-as-html",
        level="A",
        rule="a 400 is a JSON document",
        checks=frozenset({"A-content-type", "A-error-shape", "A-json"}),
        seam=on_error_response(lambda response: write(response, _HTML, content_type="text/html"), BAD_REQUEST),
        shown=lambda caller: _bad_request(caller).body == _HTML,
    ),
    BrokenServer(
        name="refused-with-422",
        level="A",
        rule="a wrong parameter is refused with 400",
        checks=frozenset({"A-status-documented", "E-refusal-status"}),
        seam=on_error_response(lambda response: write(response, response.body, status=422), BAD_REQUEST),
        shown=lambda caller: _bad_request(caller).status == 422,
    ),
    BrokenServer(
        name="refusals-inside-200",
        level="A",
        rule="a refused request has an error status",
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
        seam=on_error_response(lambda response: write(response, response.body, status=200), BAD_REQUEST),
        shown=lambda caller: _bad_request(caller).status == 200,
    ),
    BrokenServer(
        name="refusals-enveloped-in-200",
        level="D",
        rule="a request without a token gets status 401, not a 200 with 401 in the envelope",
        checks=frozenset({"D-missing", "D-refusal-status", "A-envelope-status"}),
        seam=on_wire(
            lambda scope, response: (
                _in_envelope(response) if response.status == UNAUTHORIZED and is_runs(scope) else response
            )
        ),
        shown=lambda caller: _unauthorized(caller).status == 200,
    ),
    BrokenServer(
        name="camel-case-refusals",
        level="A",
        rule="a 400 has error_code and error_msg",
        checks=frozenset({"A-error-shape"}),
        seam=error_document(_camel, BAD_REQUEST),
        shown=lambda caller: "errorCode" in _bad_request(caller).json(),
    ),
    BrokenServer(
        name="unauthorized-nested",
        level="A",
        rule="a 401 has error_code and error_msg at its top level",
        checks=frozenset({"A-error-shape"}),
        seam=error_document(
            lambda error: {"error": {"code": 401, "message": error["error_msg"], "title": "Unauthorized"}},
            UNAUTHORIZED,
        ),
        shown=lambda caller: "error" in _unauthorized(caller).json(),
    ),
    BrokenServer(
        name="forbidden-as-plain-words",
        level="A",
        rule="a 403 is a JSON document",
        checks=frozenset({"A-error-shape", "A-json"}),
        seam=on_error_response(lambda response: write(response, b"Forbidden"), _FORBIDDEN),
        shown=lambda caller: _forbidden(caller).body == b"Forbidden",
    ),
    BrokenServer(
        name="numeric-error-code",
        level="A",
        rule="error_code is text",
        checks=frozenset({"A-error-shape"}),
        seam=error_document(lambda error: {**error, "error_code": 1060100}, BAD_REQUEST),
        shown=lambda caller: isinstance(_bad_request(caller).json()["error_code"], int),
    ),
    BrokenServer(
        name="error-message-null",
        level="A",
        rule="error_msg is text",
        checks=frozenset({"A-error-shape"}),
        seam=error_document(lambda error: {**error, "error_msg": None}, BAD_REQUEST, UNAUTHORIZED),
        shown=lambda caller: _bad_request(caller).json()["error_msg"] is None,
    ),
    BrokenServer(
        name="not-found-without-body",
        level="A",
        rule="a 404 for an unknown table has a text that says so",
        checks=frozenset({"A-error-shape", "A-json"}),
        seam=on_wire(
            lambda scope, response: (
                write(response, b"") if response.status == _NOT_FOUND and is_nodes(scope) else response
            )
        ),
        shown=lambda caller: not _not_found(caller).body,
    ),
    BrokenServer(
        name="delete-answers-200",
        level="A",
        rule="an undeclared method does nothing, and does not succeed",
        checks=frozenset({"A-undeclared-method"}),
        seam=before_app(_as_deleted),
        shown=lambda caller: caller.get(caller.runs_target(), method="DELETE").status == 200,
    ),
    BrokenServer(
        name="post-answers-like-get",
        level="A",
        rule="a POST is refused, since none is declared",
        checks=frozenset({"A-undeclared-method"}),
        seam=Seam(wrap=_posts_as_gets),
        shown=lambda caller: data(caller.get(caller.runs_target(), method="POST")),
        cohort="late",
    ),
    BrokenServer(
        name="head-fails",
        level="A",
        rule="a HEAD causes no failure",
        checks=frozenset({"A-server-error", "A-undeclared-method"}),
        seam=before_app(
            lambda scope: fresh(500, b"", "application/json") if scope["method"] == "HEAD" else None,
        ),
        shown=lambda caller: caller.get(caller.runs_target(), method="HEAD").status == 500,
        cohort="late",
    ),
    BrokenServer(
        name="405-without-allow",
        level="A",
        rule="a 405 lists the declared methods",
        checks=frozenset({"A-allow-header"}),
        seam=on_error_response(_without_allow, 405),
        shown=lambda caller: "allow" not in caller.get(caller.runs_target(), method="PUT").headers,
        cohort="late",
    ),
    BrokenServer(
        name="front-page-for-unknown-paths",
        level="A",
        rule="an undeclared path is refused",
        checks=frozenset({"A-undeclared-path"}),
        seam=on_wire(_front_page),
        shown=lambda caller: caller.get("/v1/unknown").status == 200,
        cohort="late",
    ),
    BrokenServer(
        name="two-request-ids",
        level="A",
        rule="the id of an exchange is the same in the header and in the body",
        checks=frozenset({"A-request-id"}),
        seam=error_document(lambda error: {**error, "request_id": "0" * 32}, 400, 401, 403),
        shown=lambda caller: (
            caller.runs(limit=0).json()["request_id"] != caller.runs(limit=0).headers.get("x-request-id")
            and caller.runs(limit=0).json()["request_id"] == "0" * 32
        ),
        cohort="late",
    ),
    BrokenServer(
        name="message-not-escaped",
        level="A",
        rule="quotes in an error's message are escaped",
        checks=frozenset({"A-json"}),
        seam=on_error_response(_unescaped, 400),
        shown=lambda caller: not _is_json(caller.runs(limit="abc").body),
        cohort="late",
    ),
    BrokenServer(
        name="refusals-in-latin-1",
        level="A",
        rule="an error response has the charset UTF-8, if it names one",
        checks=frozenset({"A-content-type"}),
        seam=on_error_response(
            lambda response: write(response, response.body, content_type="application/json;charset=ISO-8859-1"),
            *(400, 401, 403, 404),
        ),
        shown=lambda caller: "8859" in caller.runs(limit=0).headers["content-type"],
        cohort="blind",
    ),
    BrokenServer(
        name="options-fails",
        level="A",
        rule="an OPTIONS causes no failure",
        checks=frozenset({"A-server-error", "A-undeclared-method"}),
        seam=before_app(
            lambda scope: fresh(500, b"{}", "application/json") if scope["method"] == "OPTIONS" else None,
        ),
        shown=lambda caller: caller.get(caller.runs_target(), method="OPTIONS").status == 500,
        cohort="blind",
    ),
)
