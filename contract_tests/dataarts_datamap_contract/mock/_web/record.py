"""The counts and the last requests of a running mock server, for tests."""

from __future__ import annotations

import re
from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dataarts_datamap_contract.mock._web.faults import Fault

_REMEMBERED = 10_000
_SPACE = ord(" ")
_SHOWN_HEADERS = frozenset({b"content-type", b"instance", b"user-agent", b"x-project-id", b"x-sdk-date"})


class Exchange(NamedTuple):
    """A request and its response.

    Attributes:
        method: The method.
        path: Path, as sent.
        query: Query, as sent.
        headers: Header fields, as sent.
        status: HTTP status of the response.
        response_headers: Header fields of the response.
        fault: How the response went wrong on its way; None if it did not.
    """

    method: str
    path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    status: int
    response_headers: list[tuple[bytes, bytes]]
    fault: Fault | None

    @property
    def target(self) -> bytes:
        """Path and query, as sent."""
        return self.path + b"?" + self.query if self.query else self.path

    @property
    def request_id(self) -> str:
        """The request id in the response."""
        ids = dict(self.response_headers)
        return (ids.get(b"x-request-id") or ids[b"x-obs-request-id"]).decode()


class Record:
    """Counts since the server was started, and the last requests; any thread can read them while the server runs."""

    def __init__(self) -> None:
        self._secrets: list[bytes] = []
        self._lock = Lock()
        self._tokens_issued = 0
        self._signatures_refused = 0
        self._throttled = 0
        self._exchanges: deque[Exchange] = deque(maxlen=_REMEMBERED)

    @property
    def tokens_issued(self) -> int:
        """How many tokens were issued."""
        with self._lock:
            return self._tokens_issued

    @property
    def signatures_refused(self) -> int:
        """How many signed requests were refused because of their signature."""
        with self._lock:
            return self._signatures_refused

    @property
    def throttled(self) -> int:
        """How many requests were refused by the rate limit."""
        with self._lock:
            return self._throttled

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The last 10,000 requests of the service, oldest first, as JSON values.

        Each has ``method``, ``target`` (path and query), ``headers``, ``status``, ``request_id`` and ``fault``, which
        is a text or None; the status is that of the response before the fault. All headers but a few that never hold a
        secret have ``***`` as their value.
        """
        with self._lock:
            exchanges = list(self._exchanges)
        return [self._show(exchange) for exchange in exchanges]

    def count_token(self) -> None:
        """Count a token that was issued."""
        with self._lock:
            self._tokens_issued += 1

    def count_refused_signature(self) -> None:
        """Count a request that was refused because of its signature."""
        with self._lock:
            self._signatures_refused += 1

    def count_throttled(self) -> None:
        """Count a request that was refused by the rate limit."""
        with self._lock:
            self._throttled += 1

    def hide(self, secrets: Iterable[str | None]) -> None:
        """Never show these values, wherever they occur in a request, also percent-encoded."""
        with self._lock:
            known = {*self._secrets, *(secret.encode() for secret in secrets if secret)}
            # A secret may be the beginning of a longer one.
            self._secrets = sorted(known, key=len, reverse=True)

    def remember(self, exchange: Exchange) -> None:
        """Add a request and its response."""
        with self._lock:
            self._exchanges.append(exchange)

    def forget_requests(self) -> None:
        """Forget the past requests."""
        with self._lock:
            self._exchanges.clear()

    def _show(self, exchange: Exchange) -> dict[str, Any]:
        return {
            "method": exchange.method,
            "target": self._masked(exchange.target),
            "headers": {
                name.decode("latin-1"): self._masked(value) if name in _SHOWN_HEADERS else "***"
                for name, value in exchange.headers
            },
            "status": exchange.status,
            "request_id": exchange.request_id,
            "fault": exchange.fault and str(exchange.fault),
        }

    def _masked(self, sent: bytes) -> str:
        decoded = _spaced(unquote_to_bytes(sent))
        for secret in self._secrets:
            # The pattern of a token is long: it is only made for a secret that is there.
            if _spaced(secret) in decoded:
                sent = _written(secret).sub(b"***", sent)
        return sent.decode(errors="replace")


def _spaced(text: bytes) -> bytes:
    """A text in which a space and a plus sign are the same, as a form writes one for the other."""
    return text.replace(b"+", b" ")


def _written(secret: bytes) -> re.Pattern[bytes]:
    """Finds a secret, of which any byte may be percent-encoded, and a space be a plus sign."""
    plain = (b"[ +]" if byte == _SPACE else re.escape(bytes([byte])) for byte in secret)
    return re.compile(b"".join(b"(?:%s|%%(?i:%02x))" % (one, byte) for one, byte in zip(plain, secret, strict=True)))
