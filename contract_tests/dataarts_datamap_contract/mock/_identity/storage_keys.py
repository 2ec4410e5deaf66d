"""The keys for signing requests to object storage: the configured one, and temporary ones."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from dataarts_datamap_contract.mock._config import MockConfig
    from dataarts_datamap_contract.mock._web.record import Record

_ACCESS_BYTES, _SECRET_BYTES, _TOKEN_BYTES = 8, 20, 600


@dataclass(frozen=True, slots=True)
class StorageKey:
    """A key.

    Attributes:
        access_key: Its id.
        secret_key: The secret for signing.
        security_token: The token that must be sent with it; None for a permanent key.
        expires_at: The time from which it is refused; None for never.
    """

    access_key: str
    secret_key: str
    security_token: str | None = None
    expires_at: datetime | None = None


class StorageKeys:
    """Issues temporary keys, and finds any key by its id."""

    def __init__(self, config: MockConfig, record: Record) -> None:
        self._clock = config.clock
        self._record = record
        known = StorageKey(config.access_key, config.secret_key, config.security_token)
        self._keys = {known.access_key: known}

    def issue(self, lifetime: timedelta) -> StorageKey:
        """Issue a temporary key."""
        key = StorageKey(
            f"HST{secrets.token_hex(_ACCESS_BYTES).upper()}",
            secrets.token_urlsafe(_SECRET_BYTES),
            secrets.token_urlsafe(_TOKEN_BYTES),
            self._clock() + lifetime,
        )
        self._keys[key.access_key] = key
        self._record.hide((key.secret_key, key.security_token))
        return key

    def find(self, access_key: str) -> StorageKey | None:
        """The key of this id; None if it is unknown or has expired."""
        key = self._keys.get(access_key)
        is_over = key is not None and key.expires_at is not None and self._clock() >= key.expires_at
        return None if is_over else key
