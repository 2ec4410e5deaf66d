"""Level D: tokens, signatures, and whose data it is."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from dataarts_datamap_contract.broken._seams import (
    NODES,
    Answer,
    Seam,
    Values,
    is_runs,
    on_credentials,
    on_judgement,
    on_refusal,
    on_unauthorized,
    on_wire,
    with_header,
    write,
)
from dataarts_datamap_contract.broken._server import BrokenServer
from dataarts_datamap_contract.mock._identity.signature import SignatureError, claims_signature, read_claim
from dataarts_datamap_contract.mock._web.responses import RefusalError
from dataarts_datamap_contract.mock._web.validation import Arguments

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract.broken._caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_TOKEN = "X-Auth-Token"  # noqa: S105  a name
_OK, _UNAUTHORIZED = 200, 401
_WRONG = "0" * 64


def let_in(trusts: Callable[[bytes, bytes], bool]) -> Seam:
    """Tokens that are taken for the right one: the sent one and the right one are compared."""

    def change(request: RequestParts, config: MockConfig) -> RequestParts | None:
        sent = request.header(_TOKEN)
        return None if sent and trusts(sent[0], config.token.encode()) else request

    return on_credentials(change)


def _token_elsewhere(find: Callable[[RequestParts], list[str]]) -> Seam:
    """A token that is looked for in another place, too."""

    def change(request: RequestParts, config: MockConfig) -> RequestParts | None:
        return None if not request.header(_TOKEN) and config.token in find(request) else request

    return on_credentials(change)


def _signed(change: Callable[[RequestParts, MockConfig], RequestParts | None]) -> Seam:
    """Requests that claim a signature."""
    return on_credentials(lambda request, config: change(request, config) if claims_signature(request) else request)


def _known_key(request: RequestParts, config: MockConfig) -> bool:
    try:
        return read_claim(request).access_key == config.access_key.encode()
    except SignatureError:
        return False


def seen_before(key: Callable[[RequestParts], object]) -> Seam:
    """Signatures that held once are remembered under a key that leaves out a part of the request."""

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        seen: set[object] = set()

        def authenticate(request: RequestParts) -> None:
            if claims_signature(request) and key(request) in seen:
                return
            operation.authenticate(request)
            if claims_signature(request):
                seen.add(key(request))

        return replace(operation, authenticate=authenticate)

    return Seam(alter)


def _signature(request: RequestParts) -> tuple[bytes, ...]:
    return tuple(request.header("Authorization"))


def _at_any_time(*, late: bool, early: bool) -> Seam:
    """Signatures whose date is not held against the clock, in one direction or both."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        def authenticate(request: RequestParts) -> None:
            try:
                operation.authenticate(request)
            except RefusalError as error:
                behind = config.clock() - _date(request)
                expired = "signature expired" in error.message
                if not (expired and (late if behind > timedelta() else early)):
                    raise

        return replace(operation, authenticate=authenticate)

    return Seam(alter)


def _date(request: RequestParts) -> datetime:
    return datetime.strptime(request.header("X-Sdk-Date")[0].decode(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _scope(change: Callable[[Values, MockConfig], Values]) -> Seam:
    """Which project or tenancy a valid request is taken to be for, by either operation."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        def perform(arguments: Arguments) -> bytes:
            return operation.perform(Arguments(change(dict(arguments.values), config)))

        return replace(operation, perform=perform)

    return Seam(alter)


def alike(name: str, attribute: str, trusts: Callable[[str, str], bool]) -> Seam:
    """An id that is taken for the known one."""

    def change(values: Values, config: MockConfig) -> Values:
        known: str = getattr(config, attribute)
        return {**values, name: known} if trusts(str(values[name]), known) else values

    return _scope(change)


def _with_token(caller: Caller, token: str) -> Answer:
    return caller.runs({**caller.headers, _TOKEN: token})


def _without_token(caller: Caller, **headers: str) -> Answer:
    return caller.runs({"instance": caller.config.instance_id, **headers})


def tampered(caller: Caller, change: Callable[[str], str]) -> Answer:
    """The answer to a request that is changed after it was signed and sent once as signed."""
    target = caller.runs_target()
    headers = caller.signed(target)
    assert caller.get(target, headers).status == _OK
    return caller.get(change(target), headers)


def _date_from_now(caller: Caller, **offset: float) -> str:
    return f"{caller.config.clock() + timedelta(**offset):%Y%m%dT%H%M%SZ}"


def _forged(caller: Caller, change: Callable[[str], str]) -> Answer:
    """The answer to a request whose ``Authorization`` is changed."""
    target = caller.runs_target()
    headers = caller.signed(target)
    return caller.get(target, {**headers, "authorization": change(headers["authorization"])})


def _with_wrong_signature(authorization: str) -> str:
    return re.sub(r"Signature=\w+", f"Signature={_WRONG}", authorization)


def own_refusal(status: int, code: str, *, when: Callable[[RequestParts], bool]) -> Seam:
    """Another status for bad credentials of one kind."""
    return on_unauthorized(lambda request, error: RefusalError(status, code, error.message) if when(request) else error)


def _echo(request: RequestParts, error: RefusalError) -> RefusalError:
    """A refusal that repeats the header fields of the request."""
    sent = ", ".join(f"{name.decode()}={value.decode('latin-1')}" for name, value in request.headers)
    return RefusalError(error.status, error.code, f"{error.message}; headers: {sent}")


def _text(value: bytes) -> str:
    return value.decode("latin-1")


def data(answer: Answer) -> bool:
    """Whether an answer has rows or operators in it."""
    return answer.status == _OK and b"937987" in answer.body


CREDENTIAL_BUGS = (
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
        seam=let_in(lambda sent, _: bool(sent)),
        shown=lambda caller: data(_with_token(caller, "wrong")),
    ),
    BrokenServer(
        name="token-of-the-right-length",
        level="D",
        rule="another token is refused, of the same length too",
        checks=frozenset({"D-token-other"}),
        seam=let_in(lambda sent, known: len(sent) == len(known)),
        shown=lambda caller: data(_with_token(caller, "x" * len(caller.config.token))),
    ),
    BrokenServer(
        name="token-prefix",
        level="D",
        rule="a part of a token is refused",
        checks=frozenset({"D-token-prefix"}),
        seam=let_in(lambda sent, known: bool(sent) and known.startswith(sent)),
        shown=lambda caller: data(_with_token(caller, caller.config.token[:-1])),
    ),
    BrokenServer(
        name="token-with-an-appendix",
        level="D",
        rule="a token with something behind it is refused",
        checks=frozenset({"D-token-longer"}),
        seam=let_in(lambda sent, known: sent.startswith(known)),
        shown=lambda caller: data(_with_token(caller, caller.config.token + "x")),
    ),
    BrokenServer(
        name="token-in-any-case",
        level="D",
        rule="a token is compared case by case",
        checks=frozenset({"D-token-case"}),
        seam=let_in(lambda sent, known: sent.lower() == known.lower()),
        shown=lambda caller: data(_with_token(caller, caller.config.token.upper())),
    ),
    BrokenServer(
        name="blank-token",
        level="D",
        rule="a blank token is refused",
        checks=frozenset({"D-token-blank"}),
        seam=let_in(lambda sent, _: not sent.strip()),
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
        seam=own_refusal(403, "APIGW.0302", when=lambda request: not request.header(_TOKEN)),
        shown=lambda caller: _without_token(caller).status == 403,
    ),
    BrokenServer(
        name="wrong-token-as-403",
        level="D",
        rule="a wrong token gets 401",
        checks=frozenset({"D-refusal-status"}),
        seam=own_refusal(403, "APIGW.0306", when=lambda request: bool(request.header(_TOKEN))),
        shown=lambda caller: _with_token(caller, "wrong").status == 403,
    ),
    BrokenServer(
        name="token-missing-as-400",
        level="D",
        rule="a request without credentials gets 401, not the 400 of a missing parameter",
        checks=frozenset({"D-refusal-status"}),
        seam=own_refusal(400, "APIGW.0106", when=lambda request: not request.header(_TOKEN)),
        shown=lambda caller: _without_token(caller).status == 400,
    ),
    BrokenServer(
        name="undecodable-token-as-500",
        level="D",
        rule="a wrong token gets 401, however it is made",
        checks=frozenset({"D-refusal-status", "A-server-error"}),
        seam=own_refusal(
            500, "APIGW.0601", when=lambda request: any(b"=" not in value for value in request.header(_TOKEN))
        ),
        shown=lambda caller: _with_token(caller, "wrong").status == 500,
    ),
    BrokenServer(
        name="nothing-for-strangers",
        level="D",
        rule="a wrong token is refused, not answered with an empty page",
        checks=frozenset({"D-token-other", "D-missing"}),
        seam=on_wire(
            lambda scope, answer: (
                write(
                    answer,
                    b'{"status_code":200,"body":"{\\"msg\\":\\"success\\",\\"rows\\":[],\\"success\\":true,\\"total\\":0}"}',
                    status=200,
                )
                if answer.status == _UNAUTHORIZED and is_runs(scope)
                else answer
            )
        ),
        shown=lambda caller: _with_token(caller, "wrong").status == _OK,
    ),
    BrokenServer(
        name="strangers-to-the-login-page",
        level="D",
        rule="a request without credentials gets 401, not a redirect",
        checks=frozenset({"D-refusal-status", "A-status-documented"}),
        seam=on_refusal(
            lambda _: Answer(302, {"location": "/login", "content-length": "0"}, b""),
            _UNAUTHORIZED,
        ),
        shown=lambda caller: _without_token(caller).status == 302,
    ),
    BrokenServer(
        name="token-in-the-refusal",
        level="D",
        rule="a refusal does not repeat the token",
        checks=frozenset({"D-secret-echo"}),
        seam=on_judgement(_echo),
        shown=lambda caller: caller.config.token.encode() in caller.runs(limit=0).body,
    ),
    BrokenServer(
        name="signature-not-looked-at",
        level="D",
        rule="a wrong signature is refused",
        checks=frozenset({"D-signature-wrong", "D-signature-tampered"}),
        seam=_signed(lambda request, config: None if _known_key(request, config) else request),
        shown=lambda caller: data(_forged(caller, _with_wrong_signature)),
    ),
    BrokenServer(
        name="any-access-key",
        level="D",
        rule="another access key is refused",
        checks=frozenset({"D-access-key-other"}),
        seam=_signed(lambda request, config: request if _known_key(request, config) else None),
        shown=lambda caller: data(
            _forged(caller, lambda text: text.replace(caller.config.access_key, "SOMEOTHERKEY00000001"))
        ),
    ),
    BrokenServer(
        name="old-signature",
        level="D",
        rule="a signature of an hour ago is refused",
        checks=frozenset({"D-signature-stale"}),
        seam=_at_any_time(late=True, early=False),
        shown=lambda caller: data(
            caller.get(caller.runs_target(), caller.signed(caller.runs_target(), date=_date_from_now(caller, hours=-1)))
        ),
    ),
    BrokenServer(
        name="signature-from-the-future",
        level="D",
        rule="a signature of the next hour is refused",
        checks=frozenset({"D-signature-stale"}),
        seam=_at_any_time(late=False, early=True),
        shown=lambda caller: data(
            caller.get(caller.runs_target(), caller.signed(caller.runs_target(), date=_date_from_now(caller, hours=1)))
        ),
    ),
    BrokenServer(
        name="signature-remembered-without-the-query",
        level="D",
        rule="a signature covers the query",
        checks=frozenset({"D-signature-tampered"}),
        seam=seen_before(lambda request: (_signature(request), request.raw_path)),
        shown=lambda caller: data(tampered(caller, lambda target: target.replace("limit=10", "limit=9"))),
    ),
    BrokenServer(
        name="signatures-refused",
        level="D",
        rule="a good signature is accepted",
        checks=frozenset({"D-signature-accepted"}),
        seam=_signed(lambda request, _: with_header(request, "Authorization", b"SDK-HMAC-SHA256 Access=")),
        shown=lambda caller: (
            caller.get(caller.runs_target(), caller.signed(caller.runs_target())).status == _UNAUTHORIZED
        ),
    ),
    BrokenServer(
        name="any-instance",
        level="D",
        rule="another tenancy has no data",
        checks=frozenset({"D-instance-other", "D-tenant-isolated"}),
        seam=alike("instance", "instance_id", lambda _, __: True),
        shown=lambda caller: data(caller.runs({**caller.headers, "instance": "f" * 32})),
    ),
    BrokenServer(
        name="instance-by-its-beginning",
        level="D",
        rule="a tenancy is known by its whole id",
        checks=frozenset({"D-instance-other"}),
        seam=alike("instance", "instance_id", lambda sent, known: sent[:-1] == known[:-1]),
        shown=lambda caller: data(caller.runs({**caller.headers, "instance": caller.config.instance_id[:-1] + "0"})),
    ),
    BrokenServer(
        name="any-project",
        level="D",
        rule="another project has no data",
        checks=frozenset({"D-project-other", "D-tenant-isolated"}),
        seam=alike("project_id", "project_id", lambda _, __: True),
        shown=lambda caller: data(caller.runs(project_id="f" * 32)),
    ),
    BrokenServer(
        name="project-by-its-beginning",
        level="D",
        rule="a project is known by its whole id",
        checks=frozenset({"D-project-other"}),
        seam=alike("project_id", "project_id", lambda sent, known: sent[:8] == known[:8]),
        shown=lambda caller: data(caller.runs(project_id=caller.config.project_id[:-1] + "0")),
    ),
)
