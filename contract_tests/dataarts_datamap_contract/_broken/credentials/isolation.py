"""Servers that show data to callers who have no right to it, or show parts of secrets."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.seams import (
    NODES,
    Response,
    Seam,
    Values,
    is_runs,
    on_arguments,
    on_credentials,
    on_unauthorized,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import OK, OTHER_PROJECT_ID, data
from dataarts_datamap_contract.mock._identity.signature import claims_signature
from dataarts_datamap_contract.mock._web.responses import HttpError
from dataarts_datamap_contract.mock._web.validation import Arguments

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_sealed = partial(BrokenServer, level="D", cohort="sealed")
_unseen = partial(BrokenServer, level="D", cohort="unseen")

_OTHER_INSTANCE = "7e2f4a6c8b0d4f1e9c3a5b7d9e1f3a5c"
_ISOLATED = frozenset({"D-project-other", "D-instance-other", "D-tenant-isolated"})
_PATHS = frozenset({"D-missing", "A-undeclared-path"})


def _operators_of_any_instance() -> Seam:
    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        own = {"instance": config.instance_id}
        return on_arguments(lambda values: {**values, **own}, of=NODES).alter(operation, config)

    return Seam(alter)


def _closed_one_by_one() -> Seam:
    """A foreign project or a foreign instance is refused, but not both of them together."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        def change(values: Values) -> Values:
            foreign = values["project_id"] != config.project_id and values["instance"] != config.instance_id
            known = {"project_id": config.project_id, "instance": config.instance_id}
            return {**values, **known} if foreign else values

        def perform(arguments: Arguments) -> bytes:
            return operation.perform(Arguments(change(dict(arguments.values))))

        return replace(operation, perform=perform)

    return Seam(alter)


def _open_path(skips: Callable[[bytes], bool], clean: Callable[[bytes], bytes]) -> Seam:
    """A seam: a gateway checks no credentials on some paths, and the service takes them for declared paths."""
    marker = b"x-let-in"

    def wrap(app: ASGIApp) -> ASGIApp:
        async def gate(scope: Scope, receive: Receive, send: Send) -> None:
            raw = bytes(scope["raw_path"])
            if skips(raw):
                path = clean(raw)
                fields = [*scope["headers"], (marker, b"1")]
                scope = {**scope, "raw_path": path, "path": path.decode("latin-1"), "headers": fields}
            await app(scope, receive, send)

        return gate

    let_in = on_credentials(lambda request, _: None if request.header("x-let-in") else request)
    return Seam(let_in.alter, wrap)


def _without_credentials(caller: Caller, target: str) -> Response:
    return caller.get(target, {"instance": caller.config.instance_id})


def _respelled(caller: Caller, old: str, new: str) -> str:
    return caller.runs_target().replace(old, new, 1)


def _on_token(change: Callable[[Response, MockConfig], Response]) -> Seam:
    """A seam that changes the header fields of responses with runs, with access to the secrets of the server."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        known.append(config)
        return operation

    def wrap(app: ASGIApp) -> ASGIApp:
        async def sent(scope: Scope, receive: Receive, send: Send) -> None:
            async def leak(message: Message) -> None:
                if message["type"] == "http.response.start" and is_runs(scope):
                    fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
                    changed = change(Response(message["status"], fields, b""), known[-1])
                    pairs = changed.headers.items()
                    message = {
                        **message,
                        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs],
                    }
                await send(message)

            await app(scope, receive, leak)

        return sent

    known: list[MockConfig] = []
    return Seam(alter, wrap)


def _secret_hint() -> Seam:
    """An error response about a signature shows the beginning of the right secret key."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        def refused(request: RequestParts, error: HttpError) -> HttpError:
            hint = f"{error.message}; expected secret {config.secret_key[: len(config.secret_key) // 2]}***"
            return HttpError(error.status, error.code, hint) if claims_signature(request) else error

        return on_unauthorized(refused).alter(operation, config)

    return Seam(alter)


def _half_token(response: Response, config: MockConfig) -> Response:
    half = config.token[: len(config.token) // 2 + 1]
    return (
        replace(response, headers={**response.headers, "x-session": f"{half}..."})
        if response.status == OK
        else response
    )


def _key_in_any_case(request: RequestParts, config: MockConfig) -> RequestParts | None:
    fields = request.header("Authorization")
    known = config.access_key.encode()
    if not fields or known in fields[0] or known.lower() not in fields[0].lower():
        return request
    return None


def _forged(caller: Caller) -> Response:
    target = caller.runs_target()
    headers = caller.signed(target)
    signature = headers["authorization"].rpartition("=")[2]
    return caller.get(target, {**headers, "authorization": headers["authorization"].replace(signature, "0" * 64)})


def _signed_by(caller: Caller, access_key: str) -> Response:
    target = caller.runs_target()
    headers = caller.signed(target)
    renamed = headers["authorization"].replace(caller.config.access_key, access_key)
    return caller.get(target, {**headers, "authorization": renamed})


def _any_case(name: str, own: str) -> Seam:
    """The server's own id is accepted in any case."""

    def alter(operation: Any, config: MockConfig) -> Any:  # noqa: ANN401  a declared operation
        def perform(arguments: Any) -> bytes:  # noqa: ANN401  arguments
            value = str(arguments.values.get(name, ""))
            real = str(getattr(config, own))
            values = {**arguments.values, name: real} if value.lower() == real.lower() else arguments.values
            return bytes(operation.perform(replace(arguments, values=values)))

        return replace(operation, perform=perform)

    return Seam(alter)


BROKEN_SERVERS = (
    _sealed(
        "operators-of-any-instance",
        "a request for another tenancy gets no operators",
        _ISOLATED,
        _operators_of_any_instance(),
        lambda caller: data(caller.nodes(headers={**caller.headers, "instance": _OTHER_INSTANCE})),
    ),
    _sealed(
        "tenant-open-by-all-its-ids-at-once",
        "a request for another tenant's project gets no data, even with that tenant's own instance",
        _ISOLATED,
        _closed_one_by_one(),
        lambda caller: data(caller.runs({**caller.headers, "instance": _OTHER_INSTANCE}, project_id=OTHER_PROJECT_ID)),
    ),
    _sealed(
        "double-slash-past-the-gate",
        "a path with two slashes needs credentials, too",
        _PATHS,
        _open_path(lambda raw: b"//" in raw, lambda raw: raw.replace(b"//", b"/")),
        lambda caller: data(_without_credentials(caller, _respelled(caller, "/v1/", "//v1/"))),
    ),
    _sealed(
        "trailing-slash-past-the-gate",
        "a path with a trailing slash needs credentials, too",
        _PATHS,
        _open_path(lambda raw: raw.endswith(b"/"), lambda raw: raw.rstrip(b"/")),
        lambda caller: data(_without_credentials(caller, _respelled(caller, "/instances?", "/instances/?"))),
    ),
    _sealed(
        "path-parameter-past-the-gate",
        "a path with a semicolon needs credentials, too",
        _PATHS,
        _open_path(lambda raw: b";" in raw, lambda raw: raw.partition(b";")[0]),
        lambda caller: data(_without_credentials(caller, _respelled(caller, "/instances?", "/instances;x=1?"))),
    ),
    _sealed(
        "half-the-secret-in-a-hint",
        "an error response shows no part of the secret key",
        frozenset({"D-secret-echo"}),
        _secret_hint(),
        lambda caller: caller.config.secret_key[: len(caller.config.secret_key) // 2].encode() in _forged(caller).body,
    ),
    _sealed(
        "half-the-token-in-the-head",
        "no header field contains a part of the token",
        frozenset({"D-secret-echo"}),
        _on_token(_half_token),
        lambda caller: caller.config.token.startswith(
            caller.runs().headers.get("x-session", "none").removesuffix("...")
        ),
    ),
    _sealed(
        "access-key-in-any-case",
        "an access key in another case is refused, whatever the signature",
        frozenset({"D-access-key-other", "D-signature-wrong"}),
        on_credentials(_key_in_any_case),
        lambda caller: data(_signed_by(caller, caller.config.access_key.swapcase())),
    ),
    _unseen(
        "project-in-capitals",
        "a project id in another case is a different id",
        frozenset({"D-project-other"}),
        _any_case("project_id", "project_id"),
        lambda caller: caller.runs(project_id=caller.config.project_id.upper()).status == 200,
    ),
    _unseen(
        "tenancy-in-capitals",
        "a tenancy id in another case is a different id",
        frozenset({"D-instance-other"}),
        _any_case("instance", "instance_id"),
        lambda caller: caller.runs({**caller.headers, "instance": caller.config.instance_id.upper()}).status == 200,
    ),
)
