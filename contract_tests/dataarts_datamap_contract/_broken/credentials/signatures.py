"""Signatures and access keys that are accepted or refused wrongly."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from dataarts_datamap_contract._broken.seams import Response, Seam, on_credentials, on_unauthorized, with_header
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import OK, UNAUTHORIZED, data, own_error_response
from dataarts_datamap_contract.mock._identity.signature import (
    ALGORITHM,
    DATE_HEADER,
    SignatureError,
    canonical_request,
    claims_signature,
    read_claim,
)
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_first = partial(BrokenServer, level="D")
_late = partial(BrokenServer, level="D", cohort="late")
_blind = partial(BrokenServer, level="D", cohort="blind")

_WRONG = "0" * 64


def _signed(change: Callable[[RequestParts, MockConfig], RequestParts | None]) -> Seam:
    """A seam that changes requests with a signature before their authentication."""
    return on_credentials(lambda request, config: change(request, config) if claims_signature(request) else request)


def _known_key(request: RequestParts, config: MockConfig) -> bool:
    try:
        return read_claim(request).access_key == config.access_key.encode()
    except SignatureError:
        return False


def _seen_before(key: Callable[[RequestParts], object]) -> Seam:
    """A seam on which valid signatures are cached under a key that leaves out a part of the request."""

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
    """A seam that also accepts signatures that arrive too ``late`` or too ``early``, compared with their date."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        def authenticate(request: RequestParts) -> None:
            try:
                operation.authenticate(request)
            except HttpError as error:
                behind = config.clock() - _date(request)
                expired = "signature expired" in error.message
                if not (expired and (late if behind > timedelta() else early)):
                    raise

        return replace(operation, authenticate=authenticate)

    return Seam(alter)


def _date(request: RequestParts) -> datetime:
    return datetime.strptime(request.header("X-Sdk-Date")[0].decode(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _tampered(caller: Caller, change: Callable[[str], str]) -> Response:
    """The response to a request whose target was changed after it was signed and had been accepted once."""
    target = caller.runs_target()
    headers = caller.signed(target)
    assert caller.get(target, headers).status == OK
    return caller.get(change(target), headers)


def _date_from_now(caller: Caller, **offset: float) -> str:
    return f"{caller.config.clock() + timedelta(**offset):%Y%m%dT%H%M%SZ}"


def _forged(caller: Caller, change: Callable[[str], str]) -> Response:
    """The response to a request whose ``Authorization`` is changed."""
    target = caller.runs_target()
    headers = caller.signed(target)
    return caller.get(target, {**headers, "authorization": change(headers["authorization"])})


def _with_wrong_signature(authorization: str) -> str:
    return re.sub(r"Signature=\w+", f"Signature={_WRONG}", authorization)


def _undated() -> Seam:
    """A signature that does not cover X-Sdk-Date is accepted if it is right otherwise."""

    def change(request: RequestParts, config: MockConfig) -> RequestParts | None:
        if not claims_signature(request):
            return request
        try:
            claim = read_claim(request)
            digest = hashlib.sha256(canonical_request(request, claim)).hexdigest().encode()
        except ValueError:
            return request
        text = b"\n".join((ALGORITHM, *request.header(DATE_HEADER)[:1], digest))
        signature = hmac.digest(config.secret_key.encode(), text, "sha256").hex().encode()
        dated = DATE_HEADER.lower() in claim.signed_headers
        return None if not dated and hmac.compare_digest(signature, claim.signature) else request

    return on_credentials(change)


def _signature_and(*parts: str) -> Seam:
    """A seam on which valid signatures are cached under some parts of their request."""
    return _seen_before(lambda request: (*request.header("Authorization"), *(getattr(request, part) for part in parts)))


def _undated_response(caller: Caller) -> Response:
    target = caller.runs_target()
    return caller.get(target, caller.signed(target, names=("host", "instance")))


def _other_instance(caller: Caller) -> Response:
    target = caller.runs_target()
    headers = caller.signed(target)
    caller.get(target, headers)
    return caller.get(target, {**headers, "host": "elsewhere.test"})


def _right_signature(request: RequestParts, config: MockConfig) -> bytes | None:
    try:
        digest = hashlib.sha256(canonical_request(request, read_claim(request))).hexdigest().encode()
    except SignatureError:
        return None
    text = b"\n".join((ALGORITHM, *request.header(DATE_HEADER)[:1], digest))
    return hmac.digest(config.secret_key.encode(), text, "sha256").hex().encode()


def _right_signature_shown() -> Seam:
    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        def show(request: RequestParts, error: HttpError) -> HttpError:
            right = _right_signature(request, config) if claims_signature(request) else None
            expected = f"; expected {right.decode()}" if right else ""
            return HttpError(error.status, error.code, f"{error.message}{expected}")

        return on_unauthorized(show).alter(operation, config)

    return Seam(alter)


def _begins_well(request: RequestParts, config: MockConfig) -> RequestParts | None:
    """Only the first half of a signature is compared."""
    right = _right_signature(request, config) if claims_signature(request) else None
    sent = read_claim(request).signature if right else b""
    return None if right and sent != right and sent[:32] == right[:32] else request


def _at_the_same_time_of_any_day() -> Seam:
    """Of a signature's date, only the time of day is compared with the clock."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        def authenticate(request: RequestParts) -> None:
            try:
                operation.authenticate(request)
            except HttpError as error:
                if "signature expired" not in error.message or not _is_time_of_day(request, config):
                    raise

        return replace(operation, authenticate=authenticate)

    return Seam(alter)


def _is_time_of_day(request: RequestParts, config: MockConfig) -> bool:
    present = config.clock()
    sent = datetime.strptime(request.header(DATE_HEADER)[0].decode(), "%Y%m%dT%H%M%SZ").replace(tzinfo=present.tzinfo)
    apart = abs(present - sent) % timedelta(days=1)
    return min(apart, timedelta(days=1) - apart) < timedelta(minutes=15)


def _names_of_the_query(request: RequestParts) -> tuple[object, ...]:
    names = tuple(name for name, _ in parse_qsl(request.query.decode(errors="replace"), keep_blank_values=True))
    return (*request.header("Authorization"), request.raw_path, names)


def _signed_status(caller: Caller, *, date: str) -> int:
    target = caller.runs_target()
    return caller.get(target, caller.signed(target, date=date)).status


def _half_wrong(caller: Caller) -> dict[str, str]:
    headers = caller.signed(caller.runs_target())
    return {**headers, "authorization": headers["authorization"][:-32] + "0" * 32}


BROKEN_SERVERS = (
    _first(
        "signature-not-looked-at",
        "a wrong signature is refused",
        frozenset({"D-signature-wrong", "D-signature-tampered"}),
        _signed(lambda request, config: None if _known_key(request, config) else request),
        lambda caller: data(_forged(caller, _with_wrong_signature)),
    ),
    _first(
        "any-access-key",
        "an unknown access key is refused",
        frozenset({"D-access-key-other"}),
        _signed(lambda request, config: request if _known_key(request, config) else None),
        lambda caller: data(
            _forged(caller, lambda text: text.replace(caller.config.access_key, "SOMEOTHERKEY00000001"))
        ),
    ),
    _first(
        "old-signature",
        "a signature dated an hour ago is refused",
        frozenset({"D-signature-stale"}),
        _at_any_time(late=True, early=False),
        lambda caller: data(
            caller.get(caller.runs_target(), caller.signed(caller.runs_target(), date=_date_from_now(caller, hours=-1)))
        ),
    ),
    _first(
        "signature-from-the-future",
        "a signature dated an hour ahead is refused",
        frozenset({"D-signature-stale"}),
        _at_any_time(late=False, early=True),
        lambda caller: data(
            caller.get(caller.runs_target(), caller.signed(caller.runs_target(), date=_date_from_now(caller, hours=1)))
        ),
    ),
    _first(
        "signature-remembered-without-the-query",
        "a signature covers the query",
        frozenset({"D-signature-tampered"}),
        _seen_before(lambda request: (_signature(request), request.raw_path)),
        lambda caller: data(_tampered(caller, lambda target: target.replace("limit=10", "limit=9"))),
    ),
    _first(
        "signatures-refused",
        "a valid signature is accepted",
        frozenset({"D-signature-accepted"}),
        _signed(lambda request, _: with_header(request, "Authorization", b"SDK-HMAC-SHA256 Access=")),
        lambda caller: caller.get(caller.runs_target(), caller.signed(caller.runs_target())).status == UNAUTHORIZED,
    ),
    _late(
        "signature-remembered-without-the-path",
        "a signature covers the path",
        frozenset({"D-signature-tampered"}),
        _signature_and("query"),
        lambda caller: _tampered(caller, lambda target: target.replace("937987", "937988")).status == 200,
    ),
    _late(
        "signature-remembered-without-the-headers",
        "a signature covers the header fields that it names",
        frozenset({"D-signature-tampered"}),
        _signature_and("raw_path", "query"),
        lambda caller: data(_other_instance(caller)),
    ),
    _late(
        "signature-without-its-date",
        "a signature covers its date",
        frozenset({"D-signature-undated"}),
        _undated(),
        lambda caller: data(_undated_response(caller)),
    ),
    _late(
        "bad-signature-as-403",
        "a wrong signature gets 401",
        frozenset({"D-refusal-status"}),
        own_error_response(403, "APIGW.0306", when=claims_signature),
        lambda caller: _undated_response(caller).status == 403,
    ),
    _blind(
        "right-signature-told",
        "an error response does not show the signature that would have been right",
        frozenset({"D-secret-echo"}),
        _right_signature_shown(),
        lambda caller: (
            caller.signed(caller.runs_target())["authorization"][-64:].encode()
            in caller.get(caller.runs_target(), _half_wrong(caller)).body
        ),
    ),
    _blind(
        "signature-by-its-first-half",
        "a signature is compared as a whole, not only its first half",
        frozenset({"D-signature-wrong"}),
        on_credentials(_begins_well),
        lambda caller: data(caller.get(caller.runs_target(), _half_wrong(caller))),
    ),
    _blind(
        "signature-of-the-same-time-yesterday",
        "a signature from the same time of the day before is refused",
        frozenset({"D-signature-stale"}),
        _at_the_same_time_of_any_day(),
        lambda caller: (
            _signed_status(caller, date=f"{caller.config.clock() - timedelta(days=1):%Y%m%dT%H%M%SZ}") == 200
        ),
    ),
    _blind(
        "signature-over-the-names-of-the-query",
        "a signature covers the values of the query",
        frozenset({"D-signature-tampered"}),
        _seen_before(_names_of_the_query),
        lambda caller: data(_tampered(caller, lambda target: target.replace("limit=10", "limit=11"))),
    ),
)
