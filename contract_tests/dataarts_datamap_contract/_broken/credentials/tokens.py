"""Tokens, projects and tenancies that are accepted or refused wrongly."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from dataarts_datamap_contract._broken.seams import (
    NODES,
    Response,
    Seam,
    Values,
    is_runs,
    on_arguments,
    on_credentials,
    on_error_response,
    on_judgement,
    on_wire,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import OK, OTHER_PROJECT_ID, UNAUTHORIZED, data, own_error_response
from dataarts_datamap_contract.mock._web.responses import HttpError
from dataarts_datamap_contract.mock._web.validation import Arguments

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_first = partial(BrokenServer, level="D")
_late = partial(BrokenServer, level="D", cohort="late")
_blind = partial(BrokenServer, level="D", cohort="blind")

_TOKEN = "X-Auth-Token"  # noqa: S105  a name
_ELSEWHERE = "f" * 32


def _let_in(trusts: Callable[[bytes, bytes], bool]) -> Seam:
    """A seam that accepts a token if the function trusts it, given the sent token and the right one."""

    def change(request: RequestParts, config: MockConfig) -> RequestParts | None:
        sent = request.header(_TOKEN)
        return None if sent and trusts(sent[0], config.token.encode()) else request

    return on_credentials(change)


def _token_elsewhere(find: Callable[[RequestParts], list[str]]) -> Seam:
    """A seam that accepts the right token also in another place, if the token's header field is missing."""

    def change(request: RequestParts, config: MockConfig) -> RequestParts | None:
        return None if not request.header(_TOKEN) and config.token in find(request) else request

    return on_credentials(change)


def _scope(change: Callable[[Values, MockConfig], Values]) -> Seam:
    """A seam that changes the project or the tenancy of a valid request."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        def perform(arguments: Arguments) -> bytes:
            return operation.perform(Arguments(change(dict(arguments.values), config)))

        return replace(operation, perform=perform)

    return Seam(alter)


def _alike(name: str, attribute: str, trusts: Callable[[str, str], bool]) -> Seam:
    """A seam that takes a sent id for the server's own id if the function, called with both, trusts it."""

    def change(values: Values, config: MockConfig) -> Values:
        known: str = getattr(config, attribute)
        return {**values, name: known} if trusts(str(values[name]), known) else values

    return _scope(change)


def _with_token(caller: Caller, token: str) -> Response:
    return caller.runs({**caller.headers, _TOKEN: token})


def _without_token(caller: Caller, **headers: str) -> Response:
    return caller.runs({"instance": caller.config.instance_id, **headers})


def _echo(request: RequestParts, error: HttpError) -> HttpError:
    """An error response that repeats the header fields of the request."""
    sent = ", ".join(f"{name.decode()}={value.decode('latin-1')}" for name, value in request.headers)
    return HttpError(error.status, error.code, f"{error.message}; headers: {sent}")


def _text(value: bytes) -> str:
    return value.decode("latin-1")


def _cookies(request: RequestParts) -> list[bytes]:
    return [value for cookie in request.header("Cookie") for value in cookie.replace(b";", b"=").split(b"=")]


def _from_cookie(request: RequestParts, config: MockConfig) -> RequestParts | None:
    return None if config.token.encode() in _cookies(request) else request


def _operators_of_any_project() -> Seam:
    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        own = {"project_id": config.project_id}
        return on_arguments(lambda values: {**values, **own}, of=NODES).alter(operation, config)

    return Seam(alter)


def _token_sent_back(scope: Scope, response: Response) -> Response:
    sent = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-auth-token"]
    known = sent and response.status == 200
    return replace(response, headers={**response.headers, "x-subject-token": sent[0]}) if known else response


BROKEN_SERVERS = (
    _first(
        "anyone-may-ask",
        "a request without credentials is refused",
        frozenset({"D-missing"}),
        on_credentials(lambda request, _: request if request.header(_TOKEN) else None),
        lambda caller: data(_without_token(caller)),
    ),
    _first(
        "operators-for-anyone",
        "a request for operators without credentials is refused",
        frozenset({"D-missing"}),
        on_credentials(lambda request, _: request if request.header(_TOKEN) else None, of=NODES),
        lambda caller: data(caller.nodes(headers={"instance": caller.config.instance_id})),
    ),
    _first(
        "any-token",
        "a wrong token is refused",
        frozenset({"D-token-other"}),
        _let_in(lambda sent, _: bool(sent)),
        lambda caller: data(_with_token(caller, "wrong")),
    ),
    _first(
        "token-of-the-right-length",
        "a wrong token is refused, even if it has the length of the right one",
        frozenset({"D-token-other"}),
        _let_in(lambda sent, known: len(sent) == len(known)),
        lambda caller: data(_with_token(caller, "x" * len(caller.config.token))),
    ),
    _first(
        "token-prefix",
        "the beginning of a token is refused",
        frozenset({"D-token-prefix"}),
        _let_in(lambda sent, known: bool(sent) and known.startswith(sent)),
        lambda caller: data(_with_token(caller, caller.config.token[:-1])),
    ),
    _first(
        "token-with-an-appendix",
        "a token with something after it is refused",
        frozenset({"D-token-longer"}),
        _let_in(lambda sent, known: sent.startswith(known)),
        lambda caller: data(_with_token(caller, caller.config.token + "x")),
    ),
    _first(
        "token-in-any-case",
        "a token in another case is refused",
        frozenset({"D-token-case"}),
        _let_in(lambda sent, known: sent.lower() == known.lower()),
        lambda caller: data(_with_token(caller, caller.config.token.upper())),
    ),
    _first(
        "blank-token",
        "a blank token is refused",
        frozenset({"D-token-blank"}),
        _let_in(lambda sent, _: not sent.strip()),
        lambda caller: data(_with_token(caller, "")),
    ),
    _first(
        "token-in-the-query",
        "a token in the query string is refused",
        frozenset({"D-token-query"}),
        _token_elsewhere(lambda request: [value for _, value in parse_qsl(request.query.decode("latin-1"))]),
        lambda caller: data(
            caller.get(
                caller.runs_target(**{"X-Auth-Token": caller.config.token}), {"instance": caller.config.instance_id}
            )
        ),
    ),
    _first(
        "token-as-bearer",
        "a token in Authorization is refused",
        frozenset({"D-token-query"}),
        _token_elsewhere(
            lambda request: [_text(value).removeprefix("Bearer ") for value in request.header("Authorization")]
        ),
        lambda caller: data(_without_token(caller, Authorization=f"Bearer {caller.config.token}")),
    ),
    _first(
        "token-missing-as-403",
        "a request without credentials gets 401",
        frozenset({"D-refusal-status"}),
        own_error_response(403, "APIGW.0302", when=lambda request: not request.header(_TOKEN)),
        lambda caller: _without_token(caller).status == 403,
    ),
    _first(
        "wrong-token-as-403",
        "a wrong token gets 401",
        frozenset({"D-refusal-status"}),
        own_error_response(403, "APIGW.0306", when=lambda request: bool(request.header(_TOKEN))),
        lambda caller: _with_token(caller, "wrong").status == 403,
    ),
    _first(
        "token-missing-as-400",
        "a request without credentials gets 401, not the 400 of a missing parameter",
        frozenset({"D-refusal-status"}),
        own_error_response(400, "APIGW.0106", when=lambda request: not request.header(_TOKEN)),
        lambda caller: _without_token(caller).status == 400,
    ),
    _first(
        "undecodable-token-as-500",
        "a wrong token gets 401, whatever its form",
        frozenset({"D-refusal-status", "A-server-error"}),
        own_error_response(
            500, "APIGW.0601", when=lambda request: any(b"=" not in value for value in request.header(_TOKEN))
        ),
        lambda caller: _with_token(caller, "wrong").status == 500,
    ),
    _first(
        "nothing-for-strangers",
        "a request with a wrong token is refused, and does not get an empty page",
        frozenset({"D-token-other", "D-missing"}),
        on_wire(
            lambda scope, response: (
                write(
                    response,
                    b'{"status_code":200,"body":"{\\"msg\\":\\"success\\",\\"rows\\":[],\\"success\\":true,\\"total\\":0}"}',
                    status=200,
                )
                if response.status == UNAUTHORIZED and is_runs(scope)
                else response
            )
        ),
        lambda caller: _with_token(caller, "wrong").status == OK,
    ),
    _first(
        "strangers-to-the-login-page",
        "a request without credentials gets 401, not a redirect",
        frozenset({"D-refusal-status", "A-status-documented"}),
        on_error_response(
            lambda _: Response(302, {"location": "/login", "content-length": "0"}, b""),
            UNAUTHORIZED,
        ),
        lambda caller: _without_token(caller).status == 302,
    ),
    _first(
        "token-in-the-refusal",
        "an error response does not repeat the token",
        frozenset({"D-secret-echo"}),
        on_judgement(_echo),
        lambda caller: caller.config.token.encode() in caller.runs(limit=0).body,
    ),
    _first(
        "any-instance",
        "a request for another tenancy gets no data",
        frozenset({"D-instance-other", "D-tenant-isolated"}),
        _alike("instance", "instance_id", lambda _, __: True),
        lambda caller: data(caller.runs({**caller.headers, "instance": "f" * 32})),
    ),
    _first(
        "instance-by-its-beginning",
        "a tenancy is identified by its whole id",
        frozenset({"D-instance-other"}),
        _alike("instance", "instance_id", lambda sent, known: sent[:-1] == known[:-1]),
        lambda caller: data(caller.runs({**caller.headers, "instance": caller.config.instance_id[:-1] + "0"})),
    ),
    _first(
        "any-project",
        "a request for another project gets no data",
        frozenset({"D-project-other", "D-tenant-isolated"}),
        _alike("project_id", "project_id", lambda _, __: True),
        lambda caller: data(caller.runs(project_id="f" * 32)),
    ),
    _first(
        "project-by-its-beginning",
        "a project is identified by its whole id",
        frozenset({"D-project-other"}),
        _alike("project_id", "project_id", lambda sent, known: sent[:8] == known[:8]),
        lambda caller: data(caller.runs(project_id=caller.config.project_id[:-1] + "0")),
    ),
    _late(
        "token-with-a-preface",
        "a token with something before it is refused",
        frozenset({"D-token-longer"}),
        _let_in(lambda sent, known: sent.endswith(known)),
        lambda caller: data(caller.runs({**caller.headers, "X-Auth-Token": f"x{caller.config.token}"})),
    ),
    _late(
        "token-by-its-first-eight-letters",
        "a token is compared as a whole, not only by its first eight characters",
        frozenset({"D-token-prefix", "D-token-longer", "D-token-other"}),
        _let_in(lambda sent, known: sent[:8] == known[:8]),
        lambda caller: data(caller.runs({**caller.headers, "X-Auth-Token": caller.config.token[:8]})),
    ),
    _late(
        "token-as-cookie",
        "a token in a cookie is refused",
        frozenset({"D-token-query"}),
        on_credentials(_from_cookie),
        lambda caller: data(
            caller.runs({"instance": caller.config.instance_id, "Cookie": f"X-Auth-Token={caller.config.token}"})
        ),
    ),
    _late(
        "second-tenants-project-open",
        "a request for another tenant's project gets no data, even though the project exists",
        frozenset({"D-tenant-isolated"}),
        _alike("project_id", "project_id", lambda sent, _: sent == OTHER_PROJECT_ID),
        lambda caller: data(caller.runs(project_id=OTHER_PROJECT_ID)),
    ),
    _late(
        "instance-with-an-appendix",
        "a tenancy's id with more text after it is another id",
        frozenset({"D-instance-other"}),
        _alike("instance", "instance_id", lambda sent, known: sent.startswith(known)),
        lambda caller: data(caller.runs({**caller.headers, "instance": f"{caller.config.instance_id}0"})),
    ),
    _blind(
        "token-among-others",
        "a list that contains the token is not the token",
        frozenset({"D-token-longer"}),
        _let_in(lambda sent, known: known in [part.strip() for part in sent.split(b",")]),
        lambda caller: data(caller.runs({**caller.headers, "X-Auth-Token": f"none, {caller.config.token}"})),
    ),
    _blind(
        "instance-by-pattern",
        "a percent sign does not stand for any tenancy",
        frozenset({"D-instance-other"}),
        _alike("instance", "instance_id", lambda sent, _: sent == "%"),
        lambda caller: data(caller.runs({**caller.headers, "instance": "%"})),
    ),
    _blind(
        "operators-of-any-project",
        "a request for another project gets no operators",
        frozenset({"D-project-other"}),
        _operators_of_any_project(),
        lambda caller: data(caller.get(caller.nodes_target().replace(caller.config.project_id, _ELSEWHERE))),
    ),
    _blind(
        "token-sent-back",
        "no header field of a response repeats the token",
        frozenset({"D-secret-echo"}),
        on_wire(_token_sent_back),
        lambda caller: caller.runs().headers.get("x-subject-token") == caller.config.token,
    ),
)
