"""Routers, filters and proxies that let in the wrong callers, or repeat the token."""

from __future__ import annotations

import json
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, unquote_to_bytes

from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import (
    BULK,
    DETAILS,
    SEARCH,
    Response,
    Seam,
    compact,
    is_runs,
    on_credentials,
    on_request,
    on_wire,
    with_header,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import OK, OTHER_PROJECT_ID, Anew, on_authentication, sent, with_fields
from dataarts_datamap_contract.mock._identity.signature import claims_signature
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts
    from dataarts_datamap_contract.mock._web.validation import Arguments

_apart = partial(BrokenServer, level="D", cohort="apart")
_outside = partial(BrokenServer, level="D", cohort="outside")

_TOKEN = "X-Auth-Token"  # noqa: S105  a name
_PASSED = "x-passed-the-guard"
_OPEN_EVERY = 6
_CONNECTION: ContextVar[object] = ContextVar("connection of a request", default=None)


def _judged(change: Callable[[RequestParts, MockConfig], RequestParts], *of: str) -> Seam:
    """A seam that changes an authenticated request of some operations before its parameters are validated."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        if of and operation.operation_id not in of:
            return operation

        def judge(request: RequestParts) -> Arguments:
            return operation.judge(change(request, config))

        return replace(operation, judge=judge)

    return Seam(alter)


def _own_instance(request: RequestParts, config: MockConfig) -> RequestParts:
    return with_header(request, "instance", config.instance_id.encode())


def _own_instance_if_signed(request: RequestParts, config: MockConfig) -> RequestParts:
    return _own_instance(request, config) if claims_signature(request) else request


def _with_project(request: RequestParts, project_id: bytes) -> RequestParts:
    return replace(request, path={**request.path, "project_id": quote(project_id).encode()})


def _project_of_the_header(request: RequestParts, _: MockConfig) -> RequestParts:
    sent = request.header("X-Project-Id")
    return _with_project(request, sent[0]) if sent else request


def _own_project(request: RequestParts, config: MockConfig) -> RequestParts:
    return _with_project(request, config.project_id.encode())


def _echoing(scope: Scope, response: Response) -> Response:
    """The token of the request is copied to the header fields of the wrapped response."""
    token = sent(scope, "X-Auth-Token")
    if response.status != OK or not token or not is_runs(scope):
        return response
    envelope = response.json()
    fields = {**envelope["header_map"], "X-Auth-Token": token}
    return write(response, compact({**envelope, "header_map": fields}).encode())


def _shows_another_instance(caller: Caller) -> bool:
    target = caller.runs_target()
    headers = {**caller.signed(target, names=("host", "x-sdk-date")), "instance": "f" * 32}
    return caller.get(target, headers).status == OK


def _guard_of_small_letters() -> Seam:
    """The router accepts ``/V1/…`` as ``/v1/…``, and the guard in front of it lets such paths pass unchecked."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def routed(scope: Scope, receive: Receive, send: Send) -> None:
            raw_path = bytes(scope.get("raw_path", b""))
            if scope["type"] != "http" or raw_path[:2] != b"/V":
                await app(scope, receive, send)
                return
            small = b"/v" + raw_path[2:]
            headers = [*scope["headers"], (_PASSED.encode(), b"1")]
            await app({**scope, "raw_path": small, "path": small.decode(), "headers": headers}, receive, send)

        return routed

    guard = on_credentials(lambda request, _: None if request.header(_PASSED) else request)
    return replace(guard, wrap=wrap)


def _first_instance(request: RequestParts) -> RequestParts:
    values = b",".join(request.header("instance"))
    return with_header(request, "instance", values.partition(b",")[0].strip()) if b"," in values else request


def _instance_of_query(request: RequestParts) -> RequestParts:
    asked = parse_qs(request.query.decode("latin-1")).get("instance")
    return with_header(request, "instance", asked[0].encode()) if asked and not request.header("instance") else request


def _project_of_header(request: RequestParts) -> RequestParts:
    (*_, project_id) = [request.path["project_id"], *request.header("X-Project-Id")]
    return replace(request, path={**request.path, "project_id": project_id})


def _decoded(request: RequestParts, _: MockConfig) -> RequestParts:
    values = request.header(_TOKEN)
    return with_header(request, _TOKEN, unquote_to_bytes(values[0])) if len(values) == 1 else request


def _of_cookie(request: RequestParts, _: MockConfig) -> RequestParts:
    name = _TOKEN.encode() + b"="
    cookies = [part.strip() for value in request.header("Cookie") for part in value.split(b";")]
    tokens = [cookie.removeprefix(name) for cookie in cookies if cookie.startswith(name)]
    return with_header(request, _TOKEN, tokens[0]) if tokens and not request.header(_TOKEN) else request


def _logged_in() -> Seam:
    """A caller that was let in once needs no token for the rest of the connection."""
    known: set[object] = set()

    def make(authenticate: Callable[[RequestParts], None], _: MockConfig) -> Callable[[RequestParts], None]:
        def check(request: RequestParts) -> None:
            connection = _CONNECTION.get()
            if connection in known and not request.header(_TOKEN) and not request.header("Authorization"):
                return
            authenticate(request)
            known.add(connection)

        return check

    def wrap(app: ASGIApp) -> ASGIApp:
        async def marked(scope: Scope, receive: Receive, send: Send) -> None:
            _CONNECTION.set(scope.get("client"))
            await app(scope, receive, send)

        return marked

    return replace(on_authentication(make), wrap=wrap)


def _failing_open() -> Seam:
    """Every sixth token that IAM does not know is accepted."""
    numbers = count(1)

    def make(authenticate: Callable[[RequestParts], None], _: MockConfig) -> Callable[[RequestParts], None]:
        def check(request: RequestParts) -> None:
            try:
                authenticate(request)
            except HttpError:
                if not request.header(_TOKEN) or next(numbers) % _OPEN_EVERY:
                    raise

        return check

    return on_authentication(make)


def _left_to_another_filter(request: RequestParts, _: MockConfig) -> RequestParts | None:
    return None if request.header("Authorization") and not claims_signature(request) else request


def _is_let_in(caller: Caller, **changes: str) -> bool:
    """Whether a request is let in with the usual header fields except the token, and with these changes."""
    fields = {name: value for name, value in caller.headers.items() if name != _TOKEN}
    return caller.runs({**fields, **changes}).status == OK


def _asks_in_capitals(caller: Caller) -> bool:
    target = caller.runs_target()
    return caller.get("/V" + target[2:], {"instance": caller.config.instance_id}).status == OK


def _asks_by_query(caller: Caller) -> bool:
    target = f"{caller.runs_target()}&instance={caller.config.instance_id}"
    return caller.get(target, {_TOKEN: caller.config.token}).status == OK


def _asks_another_project(caller: Caller) -> bool:
    headers = {**caller.headers, "X-Project-Id": caller.config.project_id}
    return caller.runs(headers, project_id=OTHER_PROJECT_ID).status == OK


def _stays_logged_in(caller: Caller) -> bool:
    caller.runs()
    return _is_let_in(caller)


BROKEN_SERVERS = (
    _apart(
        "token-among-the-wrapped-fields",
        "The header map has fields of the wrapped response, and no credentials of the request.",
        frozenset({"D-secret-echo", "A-header-map"}),
        on_wire(_echoing),
        lambda caller: caller.config.token in json.dumps(caller.envelope()),
    ),
    _apart(
        "any-instance-for-the-signed",
        "A signed request for another tenancy is refused, or gets nothing of the server's own tenancy.",
        frozenset({"D-instance-other", "D-tenant-isolated"}),
        _judged(_own_instance_if_signed),
        _shows_another_instance,
    ),
    _apart(
        "project-of-a-header",
        "The project of a request is the one in its path.",
        frozenset({"D-project-other", "D-tenant-isolated"}),
        _judged(_project_of_the_header),
        lambda caller: (
            caller.runs(
                {**caller.headers, "X-Project-Id": caller.config.project_id}, project_id=OTHER_PROJECT_ID
            ).status
            == OK
        ),
    ),
    _apart(
        "lineage-of-any-project",
        "A request for the lineage of another project is refused, or gets nothing of the server's own project.",
        frozenset({"D-project-other", "D-tenant-isolated"}),
        _judged(_own_project, BULK),
        lambda caller: caller.ask("GET", f"/v1/{OTHER_PROJECT_ID}/datamap/lineage/bulk").status == OK,
    ),
    _apart(
        "any-instance-for-a-body",
        "A search in another tenancy is refused, or finds nothing of the server's own tenancy.",
        frozenset({"D-instance-other", "D-tenant-isolated"}),
        _judged(_own_instance, SEARCH, DETAILS),
        lambda caller: (
            caller.ask("POST", "/v3/{p}/datamap/entities/search", {"limit": 1, "offset": 0}, instance="f" * 32).status
            == OK
        ),
    ),
    _outside(
        "guard-of-small-letters",
        "A path in capitals (/V1) is refused, or needs a token as the declared path does.",
        CHECKS["token"],
        _guard_of_small_letters(),
        _asks_in_capitals,
    ),
    _outside(
        "first-of-a-list-of-instances",
        "A list of two tenancy ids in the header field instance is refused.",
        CHECKS["tenant"],
        on_request(_first_instance),
        lambda caller: with_fields(caller, instance=f"{caller.config.instance_id}, {'0' * 32}").status == OK,
    ),
    _outside(
        "instance-from-the-query",
        "The header field instance is required: a query parameter of that name does not replace it.",
        CHECKS["invalid requests are refused"],
        on_request(_instance_of_query),
        _asks_by_query,
        level="E",
    ),
    _outside(
        "X-Project-Id-beats-the-path",
        "The project in the path counts, whatever project a header field names.",
        CHECKS["tenant"],
        on_request(_project_of_header),
        _asks_another_project,
    ),
    _outside(
        "token-percent-decoded",
        "A token in which a character is percent-encoded is a different token.",
        CHECKS["token"],
        on_credentials(_decoded),
        lambda caller: _is_let_in(caller, **{_TOKEN: f"%{ord(caller.config.token[0]):02X}{caller.config.token[1:]}"}),
    ),
    _outside(
        "token-in-a-cookie",
        "The token is the header field X-Auth-Token; a cookie with that name does not count.",
        CHECKS["token"],
        on_credentials(_of_cookie),
        lambda caller: _is_let_in(caller, Cookie=f"{_TOKEN}={caller.config.token}"),
    ),
    _outside(
        "connection-stays-logged-in",
        "Every request needs a token or a signature, even on a connection that has sent one before.",
        CHECKS["token"],
        Anew(make=_logged_in),
        _stays_logged_in,
    ),
    _outside(
        "iam-fails-open",
        "A token that IAM does not know is refused every time, not just five times out of six.",
        CHECKS["token"],
        Anew(make=_failing_open),
        lambda caller: any(_is_let_in(caller, **{_TOKEN: "unknown"}) for _ in range(_OPEN_EVERY + 1)),
    ),
    _outside(
        "any-authorization-skips-the-token",
        "An Authorization header of another scheme is not a signature, and does not replace the token.",
        CHECKS["token"],
        on_credentials(_left_to_another_filter),
        lambda caller: _is_let_in(caller, Authorization="Bearer nobody"),
    ),
)
