"""Requests signed with a mock server's access key, at a time that the test chooses."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dataarts_datamap_contract.mock._identity.signature import Claim, canonical_request
from dataarts_datamap_contract.mock._web.requests import RequestParts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap_contract.mock import MockConfig


class SteppedClock:
    """A clock that only moves when a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def step(self, **duration: float) -> None:
        """Move the clock forward."""
        self.now += timedelta(**duration)


def sign(  # noqa: PLR0913  each is a part of a request
    config: MockConfig,
    target: str,
    headers: Mapping[str, str],
    *,
    method: str = "GET",
    body: bytes = b"",
    unsigned: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The headers of a request signed with the access key of a configuration at the time of its clock.

    The canonical request is computed by the mock; test vectors show that it equals the official signer's.

    Args:
        config: The access key and the clock; an ``X-Sdk-Date`` among the headers overrides the clock.
        target: Path and query as sent.
        headers: Headers that are sent and signed.
        method: The method.
        body: The body.
        unsigned: Headers that are sent but not signed.
    """
    signed = {"X-Sdk-Date": f"{config.clock():%Y%m%dT%H%M%SZ}", **headers}
    if config.security_token is not None:
        signed["X-Security-Token"] = config.security_token
    names = ";".join(sorted(name.lower() for name in signed))
    path, _, query = target.partition("?")
    fields = [(name.lower().encode(), value.encode()) for name, value in signed.items()]
    parts = RequestParts({}, query.encode(), fields, method, path.encode(), body)
    canonical = canonical_request(parts, Claim(b"", tuple(names.split(";")), b""))
    text = f"SDK-HMAC-SHA256\n{signed['X-Sdk-Date']}\n{hashlib.sha256(canonical).hexdigest()}"
    signature = hmac.digest(config.secret_key.encode(), text.encode(), "sha256").hex()
    authorization = f"SDK-HMAC-SHA256 Access={config.access_key}, SignedHeaders={names}, Signature={signature}"
    return {**signed, **(unsigned or {}), "Authorization": authorization}
