"""Wrong error responses, and wrong responses on undeclared paths and methods."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
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
from dataarts_datamap_contract._broken.shared import BAD_REQUEST, UNAUTHORIZED, data, is_json

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from dataarts_datamap_contract._broken.caller import Caller

_first = partial(BrokenServer, level="A")
_late = partial(BrokenServer, level="A", cohort="late")
_blind = partial(BrokenServer, level="A", cohort="blind")
_unseen = partial(BrokenServer, level="A", cohort="unseen")

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


def _keystone(scope: Scope, response: Response) -> Response:
    """Errors about credentials have the form of the identity service."""
    _ = scope
    if response.status != 401:
        return response
    message = response.json().get("error_msg")
    error = {"error": {"message": message, "code": 401, "title": "Unauthorized"}}
    return write(response, json.dumps(error).encode())


def _with_a_body(scope: Scope, response: Response) -> Response:
    """OPTIONS makes the gateway fail."""
    if scope["method"] != "OPTIONS":
        return response
    return write(response, b'{"error_code":"APIGW.0601","error_msg":"Internal server error"}', status=500)


BROKEN_SERVERS = (
    _first(
        "refusals-as-html",
        "a 400 is a JSON document",
        frozenset({"A-content-type", "A-error-shape", "A-json"}),
        on_error_response(lambda response: write(response, _HTML, content_type="text/html"), BAD_REQUEST),
        lambda caller: _bad_request(caller).body == _HTML,
    ),
    _first(
        "refused-with-422",
        "a wrong parameter is refused with 400",
        frozenset({"A-status-documented", "E-refusal-status"}),
        on_error_response(lambda response: write(response, response.body, status=422), BAD_REQUEST),
        lambda caller: _bad_request(caller).status == 422,
    ),
    _first(
        "refusals-inside-200",
        "a refused request has an error status",
        frozenset(
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
        on_error_response(lambda response: write(response, response.body, status=200), BAD_REQUEST),
        lambda caller: _bad_request(caller).status == 200,
    ),
    _first(
        "refusals-enveloped-in-200",
        "a request without a token gets status 401, not a 200 with 401 in the envelope",
        frozenset({"D-missing", "D-refusal-status", "A-envelope-status"}),
        on_wire(
            lambda scope, response: (
                _in_envelope(response) if response.status == UNAUTHORIZED and is_runs(scope) else response
            )
        ),
        lambda caller: _unauthorized(caller).status == 200,
        level="D",
    ),
    _first(
        "camel-case-refusals",
        "a 400 has error_code and error_msg",
        frozenset({"A-error-shape"}),
        error_document(_camel, BAD_REQUEST),
        lambda caller: "errorCode" in _bad_request(caller).json(),
    ),
    _first(
        "unauthorized-nested",
        "a 401 has error_code and error_msg at its top level",
        frozenset({"A-error-shape"}),
        error_document(
            lambda error: {"error": {"code": 401, "message": error["error_msg"], "title": "Unauthorized"}},
            UNAUTHORIZED,
        ),
        lambda caller: "error" in _unauthorized(caller).json(),
    ),
    _first(
        "forbidden-as-plain-words",
        "a 403 is a JSON document",
        frozenset({"A-error-shape", "A-json"}),
        on_error_response(lambda response: write(response, b"Forbidden"), _FORBIDDEN),
        lambda caller: _forbidden(caller).body == b"Forbidden",
    ),
    _first(
        "numeric-error-code",
        "error_code is text",
        frozenset({"A-error-shape"}),
        error_document(lambda error: {**error, "error_code": 1060100}, BAD_REQUEST),
        lambda caller: isinstance(_bad_request(caller).json()["error_code"], int),
    ),
    _first(
        "error-message-null",
        "error_msg is text",
        frozenset({"A-error-shape"}),
        error_document(lambda error: {**error, "error_msg": None}, BAD_REQUEST, UNAUTHORIZED),
        lambda caller: _bad_request(caller).json()["error_msg"] is None,
    ),
    _first(
        "not-found-without-body",
        "a 404 for an unknown table has a body that says so",
        frozenset({"A-error-shape", "A-json"}),
        on_wire(
            lambda scope, response: (
                write(response, b"") if response.status == _NOT_FOUND and is_nodes(scope) else response
            )
        ),
        lambda caller: not _not_found(caller).body,
    ),
    _first(
        "delete-answers-200",
        "an undeclared method, such as DELETE, does not succeed",
        frozenset({"A-undeclared-method"}),
        before_app(_as_deleted),
        lambda caller: caller.get(caller.runs_target(), method="DELETE").status == 200,
    ),
    _late(
        "post-answers-like-get",
        "a POST is refused where only GET is declared",
        frozenset({"A-undeclared-method"}),
        Seam(wrap=_posts_as_gets),
        lambda caller: data(caller.get(caller.runs_target(), method="POST")),
    ),
    _late(
        "head-fails",
        "a HEAD does not make the server fail",
        frozenset({"A-server-error", "A-undeclared-method"}),
        before_app(
            lambda scope: fresh(500, b"", "application/json") if scope["method"] == "HEAD" else None,
        ),
        lambda caller: caller.get(caller.runs_target(), method="HEAD").status == 500,
    ),
    _late(
        "405-without-allow",
        "a 405 lists the declared methods in Allow",
        frozenset({"A-allow-header"}),
        on_error_response(_without_allow, 405),
        lambda caller: "allow" not in caller.get(caller.runs_target(), method="PUT").headers,
    ),
    _late(
        "front-page-for-unknown-paths",
        "an undeclared path is refused",
        frozenset({"A-undeclared-path"}),
        on_wire(_front_page),
        lambda caller: caller.get("/v1/unknown").status == 200,
    ),
    _late(
        "two-request-ids",
        "the id of an exchange is the same in the header and in the body",
        frozenset({"A-request-id"}),
        error_document(lambda error: {**error, "request_id": "0" * 32}, 400, 401, 403),
        lambda caller: (
            caller.runs(limit=0).json()["request_id"] != caller.runs(limit=0).headers.get("x-request-id")
            and caller.runs(limit=0).json()["request_id"] == "0" * 32
        ),
    ),
    _late(
        "message-not-escaped",
        "quotes in an error's message are escaped",
        frozenset({"A-json"}),
        on_error_response(_unescaped, 400),
        lambda caller: not is_json(caller.runs(limit="abc").body),
    ),
    _blind(
        "refusals-in-latin-1",
        "an error response has the charset UTF-8, if it names one",
        frozenset({"A-content-type"}),
        on_error_response(
            lambda response: write(response, response.body, content_type="application/json;charset=ISO-8859-1"),
            *(400, 401, 403, 404),
        ),
        lambda caller: "8859" in caller.runs(limit=0).headers["content-type"],
    ),
    _blind(
        "options-fails",
        "an OPTIONS does not make the server fail",
        frozenset({"A-server-error", "A-undeclared-method"}),
        before_app(
            lambda scope: fresh(500, b"{}", "application/json") if scope["method"] == "OPTIONS" else None,
        ),
        lambda caller: caller.get(caller.runs_target(), method="OPTIONS").status == 500,
    ),
    _unseen(
        "options-fail",
        "no method makes the server fail",
        frozenset({"A-server-error"}),
        on_wire(_with_a_body),
        lambda caller: caller.get(caller.runs_target(), method="OPTIONS").status == 500,
    ),
    _unseen(
        "unauthorized-as-the-identity-service-says-it",
        "a 401 has error_code and error_msg, not the form of the identity service",
        frozenset({"A-error-shape"}),
        on_wire(_keystone),
        lambda caller: "error" in caller.runs({"instance": caller.config.instance_id}).json(),
    ),
)
