"""Tokens that the mock's own IAM issued."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from dataarts_datamap_contract.mock._web.record import Record

# A real token is a signed document in base64, which starts like this; without a catalog it has about this length.
_OPENING = "MII"
_RANDOM_BYTES = 1_200


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token and its lifetime.

    Attributes:
        text: The value of ``X-Auth-Token``.
        issued_at: When it was issued.
        expires_at: The time from which it is refused.
    """

    text: str
    issued_at: datetime
    expires_at: datetime


class IssuedTokens:
    """Issues tokens and recognizes them. Older tokens stay valid when a new one is issued (documented)."""

    def __init__(self, clock: Callable[[], datetime], lifetime: timedelta, record: Record) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._record = record
        self._expiries: dict[bytes, datetime] = {}

    def issue(self) -> IssuedToken:
        """Issue a token."""
        present = self._clock()
        token = IssuedToken(_OPENING + secrets.token_urlsafe(_RANDOM_BYTES), present, present + self._lifetime)
        self._expiries[token.text.encode()] = token.expires_at
        self._record.count_token()
        self._record.hide((token.text,))
        return token

    def knows(self, token: bytes) -> bool:
        """Whether the token was issued here, no matter when."""
        return token in self._expiries

    def is_expired(self, token: bytes) -> bool:
        """Whether a known token has expired."""
        return self._clock() >= self._expiries[token]
