"""Replicas, proxies and rules that check credentials wrongly."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from dataarts_datamap_contract._broken.seams import Seam, on_credentials, on_request, with_header
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import OK, UNAUTHORIZED
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._identity.signature import (
    SignatureError,
    claims_signature,
    read_claim,
    verify_signature,
)
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_elsewhere = partial(BrokenServer, level="D", cohort="elsewhere")

_TOKEN = "X-Auth-Token"  # noqa: S105  a name
_FORWARDED = "X-Forwarded-For"
_LOCAL = b"127.0.0.1"
_REPLICAS = 3
_ROUNDS = 6
_MEMORY = 0.5
_LISTS = "relationship_type_categories=DATA_FLOW&relationship_type_categories=UP_DOWN"
_PREFIX = "Incorrect IAM authentication information: "


def _signed_by_any_method(request: RequestParts, config: MockConfig) -> RequestParts:
    """A signature is checked with the method that was signed, whatever method was sent."""
    for method in ("GET", "POST") if claims_signature(request) else ():
        as_signed = replace(request, method=method)
        try:
            verify_signature(as_signed, read_claim(request), config.secret_key.encode())
        except SignatureError:
            continue
        return as_signed
    return request


def _one_of_each_name(request: RequestParts, _: MockConfig) -> RequestParts:
    """The signature is checked over a map of parameters, which has one value for each name."""
    pairs = request.query.split(b"&")
    last = {pair.partition(b"=")[0]: pair for pair in pairs}
    return replace(request, query=b"&".join(last.values())) if len(last) < len(pairs) else request


def _trusts_its_own_machine(request: RequestParts, _: MockConfig) -> RequestParts | None:
    """A request whose X-Forwarded-For is 127.0.0.1 needs no credentials."""
    return None if request.header(_FORWARDED) == [_LOCAL] else request


def _one_of_three(message: str, concerns: Callable[[RequestParts], bool]) -> Seam:
    """A seam on which every third of some requests is refused, counted for each operation."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        asked = count(1)

        def change(request: RequestParts, _: MockConfig) -> RequestParts:
            if concerns(request) and next(asked) % _REPLICAS == 0:
                raise HttpError(UNAUTHORIZED, "APIGW.0301", f"{_PREFIX}{message}")
            return request

        return on_credentials(change).alter(operation, config)

    return Seam(alter)


def _remembered_refusals() -> Seam:
    """After a wrong token, all tokens for the project are refused for half a second."""

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        until: dict[bytes, float] = {}

        def authenticate(request: RequestParts) -> None:
            project_id = request.path["project_id"]
            if claims_signature(request) or not request.header(_TOKEN):
                operation.authenticate(request)
                return
            if until.get(project_id, 0) > monotonic():
                raise HttpError(UNAUTHORIZED, "APIGW.0301", f"{_PREFIX}decrypt token fail")
            try:
                operation.authenticate(request)
            except HttpError:
                until[project_id] = monotonic() + _MEMORY
                raise

        return replace(operation, authenticate=authenticate)

    return Seam(alter)


def _with_memory(app: ASGIApp) -> ASGIApp:
    """A connection on which a token was accepted needs no more credentials."""
    tokens: dict[object, bytes] = {}

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        client, fields = scope.get("client"), dict(scope["headers"])
        token = fields.get(b"x-auth-token")
        if token is None and b"authorization" not in fields and client in tokens:
            scope = {**scope, "headers": [*scope["headers"], (b"x-auth-token", tokens[client])]}

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == OK and token is not None:
                tokens[client] = token
            await send(message)

        await app(scope, receive, watch)

    return guarded


def _instance_of_the_query(request: RequestParts) -> RequestParts:
    """A query parameter named instance replaces the header field instance."""
    named = dict(parse_qsl(request.query.decode("latin-1"))).get("instance")
    return with_header(request, "instance", named.encode()) if named else request


def _lists_target(caller: Caller) -> str:
    return f"/v2/{caller.config.project_id}/datamap/lineage/guid/{TABLE_GUID}?{_LISTS}"


def _signed_status(caller: Caller, target: str, *, method: str = "GET") -> int:
    return caller.get(target, caller.signed(target, method=method)).status


def _is_sometimes_refused(caller: Caller, *, signed: bool) -> bool:
    """Whether a valid request that is sent several times is sometimes accepted and sometimes refused."""
    target = caller.nodes_target()
    return {caller.get(target, caller.signed(target) if signed else None).status for _ in range(_ROUNDS)} == {
        OK,
        UNAUTHORIZED,
    }


def _is_shut_out(caller: Caller) -> bool:
    caller.nodes(headers={**caller.headers, _TOKEN: "wrong"})
    return caller.nodes().status == UNAUTHORIZED


def _is_remembered(caller: Caller) -> bool:
    caller.nodes()
    return caller.nodes(headers={"instance": caller.config.instance_id}).status == OK


def _other_instance(caller: Caller) -> bool:
    target = f"{caller.nodes_target()}?instance={caller.config.instance_id}"
    return caller.get(target, {**caller.headers, "instance": "other"}).status == OK


BROKEN_SERVERS = (
    _elsewhere(
        "signature-of-any-method",
        "a signature that was made for another method is refused",
        frozenset({"D-signature-tampered"}),
        on_credentials(_signed_by_any_method),
        lambda caller: _signed_status(caller, caller.nodes_target(), method="POST") == OK,
    ),
    _elsewhere(
        "signed-lists-are-one-value",
        "a signed request may repeat a parameter that is a list",
        frozenset({"D-signature-accepted"}),
        on_credentials(_one_of_each_name),
        lambda caller: _signed_status(caller, _lists_target(caller)) == UNAUTHORIZED,
    ),
    _elsewhere(
        "credentials-stay-with-the-connection",
        "a request without credentials is refused, even on a connection on which others had valid ones",
        frozenset({"D-missing"}),
        Seam(wrap=_with_memory),
        _is_remembered,
    ),
    _elsewhere(
        "no-credentials-from-the-machine-itself",
        "a request without credentials is refused, whatever its header fields say about its origin",
        frozenset({"D-missing"}),
        on_credentials(_trusts_its_own_machine),
        lambda caller: (
            caller.nodes(headers={"instance": caller.config.instance_id, _FORWARDED: _LOCAL.decode()}).status == OK
        ),
    ),
    _elsewhere(
        "replica-with-a-fast-clock",
        "every valid signature is accepted, not only two of three",
        frozenset({"D-signature-accepted", "C-replay"}),
        _one_of_three("calc aksk signature fail:signature expired", claims_signature),
        lambda caller: _is_sometimes_refused(caller, signed=True),
    ),
    _elsewhere(
        "replica-that-cannot-decrypt-tokens",
        "a valid token is accepted every time, not only two times in three",
        frozenset({"E-valid-refused", "C-replay"}),
        _one_of_three("decrypt token fail", lambda request: bool(request.header(_TOKEN))),
        lambda caller: _is_sometimes_refused(caller, signed=False),
    ),
    _elsewhere(
        "wrong-token-shuts-out-the-right-one",
        "a valid token is accepted right after a wrong one",
        frozenset({"E-valid-refused", "C-replay"}),
        _remembered_refusals(),
        _is_shut_out,
    ),
    _elsewhere(
        "instance-of-the-query",
        "the tenancy is the one in the header field, and a query parameter does not replace it",
        frozenset({"D-instance-other"}),
        on_request(_instance_of_the_query),
        _other_instance,
    ),
)
