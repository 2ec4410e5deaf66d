"""Signatures that gateways verify with the wrong clock, or not over the whole request."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import Seam, compact, on_credentials
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import OK, SALES, UNAUTHORIZED, on_authentication
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._identity.authentication import Authentication
from dataarts_datamap_contract.mock._identity.signature import (
    ALGORITHM,
    DATE_HEADER,
    SignatureError,
    canonical_request,
    claims_signature,
    read_claim,
    signed_value,
    verify_signature,
)
from dataarts_datamap_contract.mock._identity.tokens import IssuedTokens
from dataarts_datamap_contract.mock._web.record import Record
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract._broken.seams import Response
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_unseen = partial(BrokenServer, level="D", cohort="unseen")
_apart = partial(BrokenServer, level="D", cohort="apart")
_outside = partial(BrokenServer, level="D", cohort="outside")

_HALF_A_DAY = timedelta(hours=12)


def _blank_parameters_unsigned(request: RequestParts, config: MockConfig) -> RequestParts:
    """A parameter with an empty value is left out of the signature."""
    _ = config
    if not request.header("Authorization"):
        return request
    pairs = [pair for pair in request.query.split(b"&") if not pair.endswith(b"=")]
    return replace(request, query=b"&".join(pairs))


def _signed_without(caller: Caller) -> Response:
    """A request to which a blank parameter was added after it was signed."""
    target = caller.runs_target()
    return caller.get(f"{target}&workspace_id=", caller.signed(target))


def _holds(request: RequestParts, config: MockConfig) -> bool:
    """Whether the signature of a request is right, whatever its date."""
    try:
        verify_signature(request, read_claim(request), config.secret_key.encode())
    except SignatureError:
        return False
    return True


def _signed_at(request: RequestParts) -> bytes:
    try:
        return signed_value(request, read_claim(request), DATE_HEADER)
    except SignatureError:
        return b""


def _early(request: RequestParts, config: MockConfig) -> RequestParts | None:
    """A signature with a future date is accepted."""
    is_early = claims_signature(request) and _signed_at(request) > f"{config.clock():%Y%m%dT%H%M%SZ}".encode()
    return None if is_early and _holds(request, config) else request


def _verified_once() -> Seam:
    """Once a signature is verified, other signatures with the same key and date are accepted unverified."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        verified: set[object] = set()

        def change(request: RequestParts, config: MockConfig) -> RequestParts | None:
            if not claims_signature(request) or not _signed_at(request):
                return request
            key = (read_claim(request).access_key, _signed_at(request))
            if key in verified:
                return None
            if _holds(request, config):
                verified.add(key)
            return request

        return on_credentials(change).alter(operation, config)

    return Seam(alter)


def _accepts_tomorrow(caller: Caller) -> bool:
    target = caller.runs_target()
    date = f"{caller.config.clock() + timedelta(days=1):%Y%m%dT%H%M%SZ}"
    return caller.get(target, caller.signed(target, date=date)).status == OK


def _accepts_another_query(caller: Caller) -> bool:
    headers = caller.signed(caller.runs_target())
    caller.runs(headers)
    return caller.runs(headers, limit=3).status == OK


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


BROKEN_SERVERS = (
    _unseen(
        "blank-parameters-unsigned",
        "a signature covers a parameter with an empty value",
        frozenset({"D-signature-tampered", "D-signature-accepted", "C-replay"}),
        on_credentials(_blank_parameters_unsigned),
        lambda caller: _signed_without(caller).status == 200,
    ),
    _apart(
        "signed-ahead-of-time",
        "A signature dated tomorrow is refused, like a signature dated yesterday.",
        frozenset({"D-signature-stale"}),
        on_credentials(_early),
        _accepts_tomorrow,
    ),
    _apart(
        "signature-looked-at-once-a-second",
        "Each signature is verified, even if one with the same key and second was verified before.",
        frozenset({"D-signature-tampered", "D-signature-wrong"}),
        _verified_once(),
        _accepts_another_query,
    ),
    _outside(
        "signed-by-a-clock-of-twelve-hours",
        "A signature from twelve hours ago is no longer valid (it is more than 15 minutes old).",
        CHECKS["signature"],
        on_authentication(_clock_of_twelve_hours),
        _signs_half_a_day_ago,
    ),
    _outside(
        "signed-spaces-become-plus",
        "A valid signature is accepted, even if the query has a space (%20).",
        CHECKS["signature"],
        on_credentials(_spaces_as_plus),
        _signs_a_space,
    ),
    _outside(
        "stated-hash-of-the-body",
        "A signature covers the body that was sent, not a hash that the caller states for it.",
        CHECKS["signature"],
        on_authentication(_believed_hash),
        _sends_another_body,
    ),
)
