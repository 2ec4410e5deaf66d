"""Authenticates requests by a token, or by a signature with the access key."""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dataarts_datamap_contract.mock._identity.signature import (
    DATE_HEADER,
    SignatureError,
    claims_signature,
    read_claim,
    signed_value,
    verify_signature,
)
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract.mock._config import MockConfig
    from dataarts_datamap_contract.mock._identity.signature import Claim
    from dataarts_datamap_contract.mock._identity.tokens import IssuedTokens
    from dataarts_datamap_contract.mock._web.record import Record
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_TOKEN_HEADER = "X-Auth-Token"  # noqa: S105  a name
_DATE = re.compile(rb"[0-9]{8}T[0-9]{6}Z")
_CLOCK_WINDOW = timedelta(minutes=15)
_TOLERATED_FAILURES = 5
_LOCK_TIME = timedelta(minutes=5)


class Authentication:
    """Accepts a request with a valid token or signature, and none with an invalid token or signature.

    Which of the two counts if both are sent is not documented; here both must be valid, so that no mistake stays
    hidden.
    """

    def __init__(self, config: MockConfig, tokens: IssuedTokens, record: Record) -> None:
        self._tokens = TokenAuthentication(config.token, tokens)
        self._signatures = SignatureAuthentication(config, record)

    def check(self, request: RequestParts) -> None:
        """Return if the request is accepted.

        Raises:
            HttpError: It has neither a token nor a signature, or one that is not valid.
        """
        signed = claims_signature(request)
        if signed:
            self._signatures.check(request)
        if not signed or request.header(_TOKEN_HEADER):
            self._tokens.check(request)


class TokenAuthentication:
    """Accepts the configured token and issued ones that have not expired, only in the header and compared exactly."""

    def __init__(self, token: str, issued: IssuedTokens) -> None:
        self._token = token.encode()
        self._issued = issued

    def check(self, request: RequestParts) -> None:
        """Return if the request is accepted.

        Raises:
            HttpError: It has no token, a wrong one, an expired one, or several. The texts for a wrong one and an
                expired one are documented.
        """
        tokens = request.header(_TOKEN_HEADER)
        if len(tokens) != 1:
            raise _unauthorized(
                f"{_TOKEN_HEADER} not found" if not tokens else f"{_TOKEN_HEADER} sent {len(tokens)} times"
            )
        if hmac.compare_digest(tokens[0], self._token):
            return
        if not self._issued.knows(tokens[0]):
            raise _unauthorized("decrypt token fail")
        if self._issued.is_expired(tokens[0]):
            raise HttpError(401, "APIGW.0307", "The token must be updated")


class SignatureAuthentication:
    """Accepts signatures of one access key within 15 minutes of the clock; six failures in a row lock the key.

    The window, the lock and most texts are documented. It is inferred that an expired signature counts as a failure,
    that failures of a locked key do not prolong the lock, and that the security token must be exactly that of the key.
    """

    def __init__(self, config: MockConfig, record: Record) -> None:
        self._access_key = config.access_key.encode()
        self._secret_key = config.secret_key.encode()
        self._security_tokens = [] if config.security_token is None else [config.security_token.encode()]
        self._clock = config.clock
        self._lock = FailureLock(config.clock, _TOLERATED_FAILURES, _LOCK_TIME)
        self._record = record

    def check(self, request: RequestParts) -> None:
        """Return if the request is accepted.

        Raises:
            HttpError: Its signature is not valid.
        """
        try:
            self._check(request, read_claim(request))
        except SignatureError as error:
            self._record.count_refused_signature()
            raise _unauthorized(str(error)) from None

    def _check(self, request: RequestParts, claim: Claim) -> None:
        if not hmac.compare_digest(claim.access_key, self._access_key):
            shown = claim.access_key.decode(errors="replace")
            raise SignatureError(f"Get secretKey failed,ak:{shown},err:ak not exist")
        if self._lock.is_locked():
            raise SignatureError("AK access failed to reach the limit,forbidden")
        try:
            self._check_time(signed_value(request, claim, DATE_HEADER))
            verify_signature(request, claim, self._secret_key)
        except SignatureError:
            self._lock.count_failure()
            raise
        self._lock.clear()
        self._check_security_token(request.header("X-Security-Token"))

    def _check_time(self, sent: bytes) -> None:
        present = self._clock().astimezone(UTC)
        signed_at = _read_date(sent)
        if abs(present - signed_at) > _CLOCK_WINDOW:
            raise SignatureError(
                f"calc aksk signature fail:signature expired, signature time:{sent.decode()},"
                f"server time:{present:%Y%m%dT%H%M%SZ}"
            )

    def _check_security_token(self, sent: list[bytes]) -> None:
        if len(sent) != len(self._security_tokens) or not all(map(hmac.compare_digest, sent, self._security_tokens)):
            raise SignatureError("verify security token fail")


class FailureLock:
    """Locks a key or an account for a time after too many failures in a row. While it is locked, callers count none."""

    def __init__(self, clock: Callable[[], datetime], tolerated: int, duration: timedelta) -> None:
        self._clock = clock
        self._tolerated = tolerated
        self._duration = duration
        self._failures = 0
        self._locked_until: datetime | None = None

    def is_locked(self) -> bool:
        """Whether it is locked now."""
        if self._locked_until is not None and self._clock() >= self._locked_until:
            self.clear()
        return self._locked_until is not None

    def count_failure(self) -> None:
        """Count a failure."""
        self._failures += 1
        if self._failures > self._tolerated:
            self._locked_until = self._clock() + self._duration

    def clear(self) -> None:
        """Forget the failures, after a success or at the end of the lock."""
        self._failures = 0
        self._locked_until = None


def _read_date(sent: bytes) -> datetime:
    try:
        if _DATE.fullmatch(sent):
            return datetime.fromisoformat(sent.decode())
    except ValueError:
        pass
    raise SignatureError(f"{DATE_HEADER} is not a time like 20191115T033655Z") from None


def _unauthorized(reason: str) -> HttpError:
    return HttpError(401, "APIGW.0301", f"Incorrect IAM authentication information: {reason}")
