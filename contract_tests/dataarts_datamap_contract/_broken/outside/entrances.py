"""Levels A, D and E: routers, filters and proxies that let in the wrong callers, or mishandle a request."""

from __future__ import annotations

import gzip
import hashlib
import hmac
from contextvars import ContextVar
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote_to_bytes

from dataarts_datamap_contract._broken.outside.making import (
    SALES,
    Anew,
    answered,
    broken,
    refused,
    sent,
)
from dataarts_datamap_contract._broken.seams import (
    Response,
    Seam,
    compact,
    on_credentials,
    on_request,
    with_header,
    write,
)
from dataarts_datamap_contract._broken.shared import OK, OTHER_PROJECT_ID, UNAUTHORIZED
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._identity.authentication import Authentication
from dataarts_datamap_contract.mock._identity.signature import (
    ALGORITHM,
    SignatureError,
    canonical_request,
    claims_signature,
    read_claim,
    signed_value,
)
from dataarts_datamap_contract.mock._identity.tokens import IssuedTokens
from dataarts_datamap_contract.mock._web.record import Record
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.types import ASGIApp, Receive, Scope, Send

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract._broken.servers import BrokenServer
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_TOKEN = "X-Auth-Token"  # noqa: S105  a name
_PASSED = "x-passed-the-guard"
_OPEN_EVERY = 6
_HALF_A_DAY = timedelta(hours=12)
_NOT_MODIFIED, _NOT_ACCEPTABLE, _UNSUPPORTED = 304, 406, 415
_SMALL = 1_024
_CONNECTION: ContextVar[object] = ContextVar("connection of a request", default=None)


def _authenticated(
    make: Callable[[Callable[[RequestParts], None], MockConfig], Callable[[RequestParts], None]],
) -> Seam:
    """A seam that replaces the reference's authentication with one made from it."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        return replace(operation, authenticate=make(operation.authenticate, config))

    return Seam(alter)


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


def _always_compressed(_: Scope, response: Response) -> Response:
    if len(response.body) < _SMALL:
        return response
    return write(response, gzip.compress(response.body), content_encoding="gzip")


def _never_modified(scope: Scope, response: Response) -> Response:
    since = sent(scope, "If-Modified-Since")
    return write(response, b"", status=_NOT_MODIFIED) if since and response.status == OK else response


def _accepting_one_text(scope: Scope, response: Response) -> Response:
    if response.status == OK and "json;" in sent(scope, "Accept").replace(" ", ""):
        return refused(response, _NOT_ACCEPTABLE, "APIGW.0106", "Not acceptable")
    return response


def _taking_one_type(scope: Scope, response: Response) -> Response:
    if response.status == OK and ";" in sent(scope, "Content-Type"):
        return refused(response, _UNSUPPORTED, "APIGW.0106", "Unsupported media type")
    return response


def _in_chinese(scope: Scope, response: Response) -> Response:
    if response.status == OK or not sent(scope, "X-Language").lower().startswith("zh"):
        return response
    document = response.json()
    text = {"error_code": document["error_code"], "error_message": "请求错误"}
    return write(response, compact(text).encode())


def _claiming_brotli(scope: Scope, response: Response) -> Response:
    if "br" not in sent(scope, "Accept-Encoding").replace(" ", "").split(","):
        return response
    return write(response, response.body, content_encoding="br")


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

    return replace(_authenticated(make), wrap=wrap)


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

    return _authenticated(make)


def _left_to_another_filter(request: RequestParts, _: MockConfig) -> RequestParts | None:
    return None if request.header("Authorization") and not claims_signature(request) else request


def _shifted(config: MockConfig, way: timedelta) -> Callable[[], datetime]:
    return lambda: config.clock() + way


def _clock_of_twelve_hours(
    authenticate: Callable[[RequestParts], None], config: MockConfig
) -> Callable[[RequestParts], None]:
    others = [
        Authentication(
            replace(config, clock=_shifted(config, way)),
            IssuedTokens(config.clock, config.token_lifetime, Record()),
            Record(),
        )
        for way in (_HALF_A_DAY, -_HALF_A_DAY)
    ]

    def check(request: RequestParts) -> None:
        try:
            authenticate(request)
        except HttpError as error:
            if "signature expired" not in error.message or not any(_lets_in(other, request) for other in others):
                raise

    return check


def _lets_in(authentication: Authentication, request: RequestParts) -> bool:
    try:
        authentication.check(request)
    except HttpError:
        return False
    return True


def _spaces_as_plus(request: RequestParts, _: MockConfig) -> RequestParts:
    if claims_signature(request) and b"%20" in request.query:
        raise HttpError(401, "APIGW.0301", "Incorrect IAM authentication information: verify aksk signature fail")
    return request


def _believed_hash(authenticate: Callable[[RequestParts], None], config: MockConfig) -> Callable[[RequestParts], None]:
    """The signature is checked with the hash that the caller states for the body; the body itself is not hashed."""

    def is_signed(request: RequestParts, stated: bytes) -> bool:
        claim = read_claim(request)
        lines = canonical_request(request, claim).split(b"\n")
        canonical = b"\n".join([*lines[:-1], stated])
        date = signed_value(request, claim, "X-Sdk-Date")
        text = b"\n".join((ALGORITHM, date, hashlib.sha256(canonical).hexdigest().encode()))
        expected = hmac.digest(config.secret_key.encode(), text, "sha256").hex().encode()
        return hmac.compare_digest(expected, claim.signature)

    def check(request: RequestParts) -> None:
        stated = request.header("X-Sdk-Content-Sha256")
        try:
            if claims_signature(request) and len(stated) == 1 and is_signed(request, stated[0]):
                return
        except SignatureError:
            pass
        authenticate(request)

    return check


def _is_let_in(caller: Caller, **changes: str) -> bool:
    """Whether a request is let in with the usual header fields except the token, and with these changes."""
    fields = {name: value for name, value in caller.headers.items() if name != _TOKEN}
    return caller.runs({**fields, **changes}).status == OK


def _bears(caller: Caller, **fields: str) -> Response:
    """The response to a good request with further header fields."""
    return caller.runs(
        {**caller.headers, **{name.replace("_", "-"): value for name, value in fields.items()}}, limit=50
    )


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


def _signs_half_a_day_ago(caller: Caller) -> bool:
    target = caller.runs_target()
    date = f"{caller.config.clock() - _HALF_A_DAY:%Y%m%dT%H%M%SZ}"
    return caller.get(target, caller.signed(target, date=date)).status == OK


def _signs_a_space(caller: Caller) -> bool:
    target = caller.runs_target(**SALES)
    return caller.get(target, caller.signed(target)).status == UNAUTHORIZED


def _sends_another_body(caller: Caller) -> bool:
    target = f"/v1/{caller.config.project_id}/datamap/entities/guids"
    body, other = b"[]", compact([TABLE_GUID]).encode()
    headers = {
        **caller.signed(target, method="POST", body=body),
        "x-sdk-content-sha256": hashlib.sha256(body).hexdigest(),
        "content-type": "application/json",
    }
    return caller.get(target, headers, "POST", other).status == OK


BROKEN_SERVERS: tuple[BrokenServer, ...] = (
    broken(
        "guard-of-small-letters",
        "A path in capitals (/V1) is refused, or needs a token as the declared path does.",
        "token",
        _guard_of_small_letters(),
        _asks_in_capitals,
        level="D",
    ),
    broken(
        "first-of-a-list-of-instances",
        "A list of two tenancy ids in the header field is not a tenancy id.",
        "tenant",
        on_request(_first_instance),
        lambda caller: _bears(caller, instance=f"{caller.config.instance_id}, {'0' * 32}").status == OK,
        level="D",
    ),
    broken(
        "instance-from-the-query",
        "The tenancy is a header field, and required: in the query it counts for nothing.",
        "invalid requests are refused",
        on_request(_instance_of_query),
        _asks_by_query,
        level="E",
    ),
    broken(
        "X-Project-Id-beats-the-path",
        "The project of the path is the one that is asked for, whatever a header field says.",
        "tenant",
        on_request(_project_of_header),
        _asks_another_project,
        level="D",
    ),
    broken(
        "gzip-for-all",
        "A response is compressed only for clients that accept it (HTTP: Accept-Encoding identity).",
        "http",
        answered(_always_compressed),
        lambda caller: "content-encoding" in _bears(caller, accept_encoding="identity").headers,
        level="A",
    ),
    broken(
        "304-without-a-validator",
        "A client that asks for changes since 1970 is shown the runs, which are newer; 304 is not documented.",
        "http",
        answered(_never_modified),
        lambda caller: _bears(caller, if_modified_since="Thu, 01 Jan 1970 00:00:00 GMT").status == _NOT_MODIFIED,
        level="A",
    ),
    broken(
        "406-for-a-charset",
        "A client that accepts application/json;charset=UTF-8 accepts JSON; 406 is not documented.",
        "http",
        answered(_accepting_one_text),
        lambda caller: _bears(caller, accept="application/json;charset=UTF-8").status == _NOT_ACCEPTABLE,
        level="A",
    ),
    broken(
        "415 for a charset",
        "application/json;charset=UTF-8 is JSON, which the operations take; 415 is not documented.",
        "http",
        answered(_taking_one_type),
        lambda caller: _bears(caller, content_type="application/json;charset=UTF-8").status == _UNSUPPORTED,
        level="A",
    ),
    broken(
        "errors-in-chinese-have-no-error_msg",
        "An error response has error_code and error_msg in every language (X-Language: zh-cn).",
        "error responses",
        answered(_in_chinese),
        lambda caller: "error_msg" not in caller.runs({**caller.headers, "X-Language": "zh-cn"}, limit="x").json(),
        level="A",
    ),
    broken(
        "says-brotli-sends-text",
        "Content-Encoding says how the body is encoded.",
        "http",
        answered(_claiming_brotli),
        lambda caller: _bears(caller, accept_encoding="gzip, br").headers.get("content-encoding") == "br",
        level="A",
    ),
    broken(
        "token-percent-decoded",
        "A token in which a character is percent-encoded is a different token.",
        "token",
        on_credentials(_decoded),
        lambda caller: _is_let_in(caller, **{_TOKEN: f"%{ord(caller.config.token[0]):02X}{caller.config.token[1:]}"}),
        level="D",
    ),
    broken(
        "token-in-a-cookie",
        "The token is the header field X-Auth-Token; a cookie with that name does not count.",
        "token",
        on_credentials(_of_cookie),
        lambda caller: _is_let_in(caller, Cookie=f"{_TOKEN}={caller.config.token}"),
        level="D",
    ),
    broken(
        "connection-stays-logged-in",
        "Every request needs a token or a signature, even on a connection that has sent one before.",
        "token",
        Anew(make=_logged_in),
        _stays_logged_in,
        level="D",
    ),
    broken(
        "iam-fails-open",
        "A token that IAM does not know is refused every time, not just five times out of six.",
        "token",
        Anew(make=_failing_open),
        lambda caller: any(_is_let_in(caller, **{_TOKEN: "unknown"}) for _ in range(_OPEN_EVERY + 1)),
        level="D",
    ),
    broken(
        "any-authorization-skips-the-token",
        "An Authorization header of another scheme is not a signature, and does not replace the token.",
        "token",
        on_credentials(_left_to_another_filter),
        lambda caller: _is_let_in(caller, Authorization="Bearer nobody"),
        level="D",
    ),
    broken(
        "signed-by-a-clock-of-twelve-hours",
        "A signature from twelve hours ago is no longer valid (it is more than 15 minutes old).",
        "signature",
        _authenticated(_clock_of_twelve_hours),
        _signs_half_a_day_ago,
        level="D",
    ),
    broken(
        "signed-spaces-become-plus",
        "A request whose query has a space (%20) is signed like any other, and its signature holds.",
        "signature",
        on_credentials(_spaces_as_plus),
        _signs_a_space,
        level="D",
    ),
    broken(
        "stated-hash-of-the-body",
        "A signature covers the body that was sent, not a hash that the caller states for it.",
        "signature",
        _authenticated(_believed_hash),
        _sends_another_body,
        level="D",
    ),
)
