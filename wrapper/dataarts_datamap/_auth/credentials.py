"""Credentials. They do no I/O: they yield the requests that they need, and receive their responses."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from dataarts_datamap._arguments import secret_text
from dataarts_datamap._auth.signing import DATE_FORMAT, sign
from dataarts_datamap._errors import AuthenticationError
from dataarts_datamap._secrets import Hidden, Secret, SecretHeaders

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dataarts_datamap._messages import Call, Request


_LOCKED_FOR: Final = 300.0


class Credentials(Protocol):
    """The interface of credentials."""

    def authenticate(self, request: Request) -> Call[Request]:
        """Return the authenticated request. It may yield other requests first, such as one for a token."""
        ...


@runtime_checkable
class RenewableCredentials(Credentials, Protocol):
    """Credentials that are notified if the service refuses them, usually to renew themselves.

    A client calls ``discard``, at most once for each request, after a 401 with a code that ends in 0307 (documented:
    the token must be updated) or 0301 (wrong authentication information, which can also mean an expired token), and
    after object storage refused a key from ``access_key_credentials`` as unknown or expired.
    """

    def discard(self, request: Request) -> bool:
        """Forget the token or key of this request, which the service refused.

        Returns:
            Whether to authenticate and send the request once more.
        """
        ...


def now_utc() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class TokenCredentials(Secret):
    """A user token with project scope, sent unchanged as ``X-Auth-Token`` and never renewed (valid for 24 hours).

    Attributes:
        token: The token. Left out of the repr.

    Raises:
        InvalidArgumentError: The token is not text, is empty, or is damaged: it holds a control or invisible character
            or half of a surrogate pair, begins or ends with a blank, or is in quotes.
    """

    token: str = field(repr=False)

    def __post_init__(self) -> None:
        secret_text("token", self.token)

    def authenticate(self, request: Request) -> Call[Request]:
        """The request with the token added; yields nothing."""
        yield from ()
        return replace(request, headers=_with(request.headers, SecretHeaders({"X-Auth-Token": self.token})))


class _Refusal:
    """Remembers that a service refused a key, for the 5 minutes that a key can be locked."""

    def __init__(self) -> None:
        self._until: float | None = None

    def note(self) -> None:
        self._until = time.monotonic() + _LOCKED_FOR

    def check(self) -> None:
        if self._until is not None and time.monotonic() < self._until:
            raise AuthenticationError(
                "the service refused this access key in the last five minutes. The key is not sent again, since wrong "
                "signatures lock it: create new AccessKeyCredentials with the right keys"
            )


@dataclass(frozen=True, slots=True)
class AccessKeyCredentials(Secret):
    """An access key (AK/SK), permanent or temporary, which signs each request anew.

    The secret key is never sent. The gateway refuses a signature whose time is more than 15 minutes off, and locks a
    key for 5 minutes after more than 5 wrong signatures in a row (documented). So after a 401 with a code that ends in
    0301 or 0307, the key signs no API request for 5 minutes: calls raise ``AuthenticationError`` and send nothing.

    Attributes:
        access_key: The access key. Left out of the repr.
        secret_key: The secret key. Left out of the repr.
        security_token: The security token that belongs to temporary keys. Left out of the repr.
        clock: Returns the present time as an aware datetime; the signature contains it in UTC, to the second.

    Raises:
        InvalidArgumentError: A key or the security token is unusable, as in ``TokenCredentials``.
    """

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)
    clock: Callable[[], datetime] = field(default=now_utc, kw_only=True, repr=False, compare=False)
    _refusal: _Refusal = field(default_factory=_Refusal, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        secret_text("access_key", self.access_key)
        secret_text("secret_key", self.secret_key)
        if self.security_token is not None:
            secret_text("security_token", self.security_token)

    def authenticate(self, request: Request) -> Call[Request]:
        """The request with its time and signature added; yields nothing.

        Raises:
            AuthenticationError: The service refused the key in the last 5 minutes.
        """
        yield from ()
        self._refusal.check()
        added = SecretHeaders({"X-Sdk-Date": self.clock().astimezone(UTC).strftime(DATE_FORMAT)})
        if self.security_token is not None:
            added["X-Security-Token"] = self.security_token
        return sign(
            replace(request, headers=_with(request.headers, added)),
            access_key=self.access_key,
            secret_key=Hidden(self.secret_key),
        )

    def discard(self, request: Request) -> bool:  # noqa: ARG002  all its requests have the same key
        """Sign no API request for 5 minutes. This request is not sent again, since failures lock the key."""
        self._refusal.note()
        return False

    def access_key_credentials(self) -> Call[AccessKeyCredentials]:
        """This access key; yields nothing."""
        yield from ()
        return self


def _with(headers: Mapping[str, str], added: SecretHeaders) -> SecretHeaders:
    """The headers and the added ones, which replace headers whose names differ at most in case."""
    names = set(map(str.lower, added))
    others = SecretHeaders({name: headers[name] for name in headers if name.lower() not in names})
    return SecretHeaders({**others, **added})
