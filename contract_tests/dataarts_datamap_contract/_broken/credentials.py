"""Level D: tokens, projects and tenancies."""

from __future__ import annotations

from dataclasses import replace
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
    """A seam on which an id counts as the server's own if the function trusts it, given the id and the own one."""

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
    BrokenServer(
        name="anyone-may-ask",
        level="D",
        rule="a request without credentials is refused",
        checks=frozenset({"D-missing"}),
        seam=on_credentials(lambda request, _: request if request.header(_TOKEN) else None),
        shown=lambda caller: data(_without_token(caller)),
    ),
    BrokenServer(
        name="operators-for-anyone",
        level="D",
        rule="a request for operators without credentials is refused",
        checks=frozenset({"D-missing"}),
        seam=on_credentials(lambda request, _: request if request.header(_TOKEN) else None, of=NODES),
        shown=lambda caller: data(caller.nodes(headers={"instance": caller.config.instance_id})),
    ),
    BrokenServer(
        name="any-token",
        level="D",
        rule="another token is refused",
        checks=frozenset({"D-token-other"}),
        seam=_let_in(lambda sent, _: bool(sent)),
        shown=lambda caller: data(_with_token(caller, "wrong")),
    ),
    BrokenServer(
        name="token-of-the-right-length",
        level="D",
        rule="another token is refused, even if it has the same length",
        checks=frozenset({"D-token-other"}),
        seam=_let_in(lambda sent, known: len(sent) == len(known)),
        shown=lambda caller: data(_with_token(caller, "x" * len(caller.config.token))),
    ),
    BrokenServer(
        name="token-prefix",
        level="D",
        rule="a part of a token is refused",
        checks=frozenset({"D-token-prefix"}),
        seam=_let_in(lambda sent, known: bool(sent) and known.startswith(sent)),
        shown=lambda caller: data(_with_token(caller, caller.config.token[:-1])),
    ),
    BrokenServer(
        name="token-with-an-appendix",
        level="D",
        rule="a token with something after it is refused",
        checks=frozenset({"D-token-longer"}),
        seam=_let_in(lambda sent, known: sent.startswith(known)),
        shown=lambda caller: data(_with_token(caller, caller.config.token + "x")),
    ),
    BrokenServer(
        name="token-in-any-case",
        level="D",
        rule="a token is compared with case",
        checks=frozenset({"D-token-case"}),
        seam=_let_in(lambda sent, known: sent.lower() == known.lower()),
        shown=lambda caller: data(_with_token(caller, caller.config.token.upper())),
    ),
    BrokenServer(
        name="blank-token",
        level="D",
        rule="a blank token is refused",
        checks=frozenset({"D-token-blank"}),
        seam=_let_in(lambda sent, _: not sent.strip()),
        shown=lambda caller: data(_with_token(caller, "")),
    ),
    BrokenServer(
        name="token-in-the-query",
        level="D",
        rule="a token in the query string is refused",
        checks=frozenset({"D-token-query"}),
        seam=_token_elsewhere(lambda request: [value for _, value in parse_qsl(request.query.decode("latin-1"))]),
        shown=lambda caller: data(
            caller.get(
                caller.runs_target(**{"X-Auth-Token": caller.config.token}), {"instance": caller.config.instance_id}
            )
        ),
    ),
    BrokenServer(
        name="token-as-bearer",
        level="D",
        rule="a token in Authorization is refused",
        checks=frozenset({"D-token-query"}),
        seam=_token_elsewhere(
            lambda request: [_text(value).removeprefix("Bearer ") for value in request.header("Authorization")]
        ),
        shown=lambda caller: data(_without_token(caller, Authorization=f"Bearer {caller.config.token}")),
    ),
    BrokenServer(
        name="token-missing-as-403",
        level="D",
        rule="a request without credentials gets 401",
        checks=frozenset({"D-refusal-status"}),
        seam=own_error_response(403, "APIGW.0302", when=lambda request: not request.header(_TOKEN)),
        shown=lambda caller: _without_token(caller).status == 403,
    ),
    BrokenServer(
        name="wrong-token-as-403",
        level="D",
        rule="a wrong token gets 401",
        checks=frozenset({"D-refusal-status"}),
        seam=own_error_response(403, "APIGW.0306", when=lambda request: bool(request.header(_TOKEN))),
        shown=lambda caller: _with_token(caller, "wrong").status == 403,
    ),
    BrokenServer(
        name="token-missing-as-400",
        level="D",
        rule="a request without credentials gets 401, not the 400 of a missing parameter",
        checks=frozenset({"D-refusal-status"}),
        seam=own_error_response(400, "APIGW.0106", when=lambda request: not request.header(_TOKEN)),
        shown=lambda caller: _without_token(caller).status == 400,
    ),
    BrokenServer(
        name="undecodable-token-as-500",
        level="D",
        rule="a wrong token gets 401, whatever its form",
        checks=frozenset({"D-refusal-status", "A-server-error"}),
        seam=own_error_response(
            500, "APIGW.0601", when=lambda request: any(b"=" not in value for value in request.header(_TOKEN))
        ),
        shown=lambda caller: _with_token(caller, "wrong").status == 500,
    ),
    BrokenServer(
        name="nothing-for-strangers",
        level="D",
        rule="a wrong token is refused, instead of getting an empty page",
        checks=frozenset({"D-token-other", "D-missing"}),
        seam=on_wire(
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
        shown=lambda caller: _with_token(caller, "wrong").status == OK,
    ),
    BrokenServer(
        name="strangers-to-the-login-page",
        level="D",
        rule="a request without credentials gets 401, not a redirect",
        checks=frozenset({"D-refusal-status", "A-status-documented"}),
        seam=on_error_response(
            lambda _: Response(302, {"location": "/login", "content-length": "0"}, b""),
            UNAUTHORIZED,
        ),
        shown=lambda caller: _without_token(caller).status == 302,
    ),
    BrokenServer(
        name="token-in-the-refusal",
        level="D",
        rule="an error response does not repeat the token",
        checks=frozenset({"D-secret-echo"}),
        seam=on_judgement(_echo),
        shown=lambda caller: caller.config.token.encode() in caller.runs(limit=0).body,
    ),
    BrokenServer(
        name="any-instance",
        level="D",
        rule="another tenancy has no data",
        checks=frozenset({"D-instance-other", "D-tenant-isolated"}),
        seam=_alike("instance", "instance_id", lambda _, __: True),
        shown=lambda caller: data(caller.runs({**caller.headers, "instance": "f" * 32})),
    ),
    BrokenServer(
        name="instance-by-its-beginning",
        level="D",
        rule="a tenancy is identified by its whole id",
        checks=frozenset({"D-instance-other"}),
        seam=_alike("instance", "instance_id", lambda sent, known: sent[:-1] == known[:-1]),
        shown=lambda caller: data(caller.runs({**caller.headers, "instance": caller.config.instance_id[:-1] + "0"})),
    ),
    BrokenServer(
        name="any-project",
        level="D",
        rule="another project has no data",
        checks=frozenset({"D-project-other", "D-tenant-isolated"}),
        seam=_alike("project_id", "project_id", lambda _, __: True),
        shown=lambda caller: data(caller.runs(project_id="f" * 32)),
    ),
    BrokenServer(
        name="project-by-its-beginning",
        level="D",
        rule="a project is identified by its whole id",
        checks=frozenset({"D-project-other"}),
        seam=_alike("project_id", "project_id", lambda sent, known: sent[:8] == known[:8]),
        shown=lambda caller: data(caller.runs(project_id=caller.config.project_id[:-1] + "0")),
    ),
    BrokenServer(
        name="token-with-a-preface",
        level="D",
        rule="a token with something before it is refused",
        checks=frozenset({"D-token-longer"}),
        seam=_let_in(lambda sent, known: sent.endswith(known)),
        shown=lambda caller: data(caller.runs({**caller.headers, "X-Auth-Token": f"x{caller.config.token}"})),
        cohort="late",
    ),
    BrokenServer(
        name="token-by-its-first-eight-letters",
        level="D",
        rule="a token is compared to its end",
        checks=frozenset({"D-token-prefix", "D-token-longer", "D-token-other"}),
        seam=_let_in(lambda sent, known: sent[:8] == known[:8]),
        shown=lambda caller: data(caller.runs({**caller.headers, "X-Auth-Token": caller.config.token[:8]})),
        cohort="late",
    ),
    BrokenServer(
        name="token-as-cookie",
        level="D",
        rule="a token in a cookie is refused",
        checks=frozenset({"D-token-query"}),
        seam=on_credentials(_from_cookie),
        shown=lambda caller: data(
            caller.runs({"instance": caller.config.instance_id, "Cookie": f"X-Auth-Token={caller.config.token}"})
        ),
        cohort="late",
    ),
    BrokenServer(
        name="second-tenants-project-open",
        level="D",
        rule="another tenant's project is closed, although it exists",
        checks=frozenset({"D-tenant-isolated"}),
        seam=_alike("project_id", "project_id", lambda sent, _: sent == OTHER_PROJECT_ID),
        shown=lambda caller: data(caller.runs(project_id=OTHER_PROJECT_ID)),
        cohort="late",
    ),
    BrokenServer(
        name="instance-with-an-appendix",
        level="D",
        rule="a tenancy's id with more text after it is another id",
        checks=frozenset({"D-instance-other"}),
        seam=_alike("instance", "instance_id", lambda sent, known: sent.startswith(known)),
        shown=lambda caller: data(caller.runs({**caller.headers, "instance": f"{caller.config.instance_id}0"})),
        cohort="late",
    ),
    BrokenServer(
        name="token-among-others",
        level="D",
        rule="a list that contains the token is not the token",
        checks=frozenset({"D-token-longer"}),
        seam=_let_in(lambda sent, known: known in [part.strip() for part in sent.split(b",")]),
        shown=lambda caller: data(caller.runs({**caller.headers, "X-Auth-Token": f"none, {caller.config.token}"})),
        cohort="blind",
    ),
    BrokenServer(
        name="instance-by-pattern",
        level="D",
        rule="a percent sign is not a tenancy",
        checks=frozenset({"D-instance-other"}),
        seam=_alike("instance", "instance_id", lambda sent, _: sent == "%"),
        shown=lambda caller: data(caller.runs({**caller.headers, "instance": "%"})),
        cohort="blind",
    ),
    BrokenServer(
        name="operators-of-any-project",
        level="D",
        rule="another project has no operators",
        checks=frozenset({"D-project-other"}),
        seam=_operators_of_any_project(),
        shown=lambda caller: data(caller.get(caller.nodes_target().replace(caller.config.project_id, _ELSEWHERE))),
        cohort="blind",
    ),
    BrokenServer(
        name="token-sent-back",
        level="D",
        rule="a response does not repeat the token in its header",
        checks=frozenset({"D-secret-echo"}),
        seam=on_wire(_token_sent_back),
        shown=lambda caller: caller.runs().headers.get("x-subject-token") == caller.config.token,
        cohort="blind",
    ),
)
