"""Requests, responses and the steps that logic yields: plain values, independent of any HTTP library."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, TypeVar

from msgspec import Struct

from dataarts_datamap._secrets import SecretStruct
from dataarts_datamap._text import percent_encoded
from dataarts_datamap._times import http_time

if TYPE_CHECKING:
    from dataarts_datamap._one_shot_event import OneShotEvent

T = TypeVar("T")

_LONGEST_WAIT = 100 * 365.25 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to send.

    Attributes:
        method: HTTP method, in capitals.
        endpoint: Scheme, host, port and path prefix of the service, without a trailing slash.
        path: Absolute path below the prefix, percent-encoded.
        query: Names and values, not encoded yet, in the order of sending.
        headers: Names and values, ASCII names. Left out of the repr, since they hold credentials.
        content: The body. Left out of the repr, since it can hold a password.
        secrets: Secrets outside of the known headers. An error masks them if a response echoes them. Left out of the
            repr.
        direct: Whether it is sent without a proxy.
    """

    method: str
    endpoint: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    content: bytes = field(default=b"", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    direct: bool = False

    @property
    def url(self) -> str:
        """The full URL as sent; a blank in the query is ``%20``, never ``+``."""
        query = "&".join(f"{percent_encoded(name)}={percent_encoded(value)}" for name, value in self.query)
        return f"{self.endpoint}{self.path}{'?' if query else ''}{query}"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Request is not pickled, since it holds secrets")


class Response(SecretStruct, frozen=True, kw_only=True):
    """A complete response.

    Attributes:
        request: Its request.
        status: HTTP status.
        headers: Names in lower case, and values. Left out of the repr.
        content: The body after decompression. Left out of the repr.
        attempts: Number of attempts that led to the response. The client always sets 1; its errors count all attempts.
        elapsed: Seconds from sending the request to the last byte.
    """

    request: Request
    status: int
    headers: Mapping[str, str]
    content: bytes
    attempts: int = 1
    elapsed: float = 0.0

    def __repr__(self) -> str:
        return f"Response({self.status} to {self.request!r}, attempts={self.attempts}, elapsed={self.elapsed:g})"

    @property
    def text(self) -> str:
        """The content as UTF-8, with invalid bytes replaced."""
        return self.content.decode(errors="replace")

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, from the header ``Retry-After``, at most a hundred years.

        A date there counts from the response's ``Date``. None if there is no ``Retry-After``, or it is invalid, or if
        it is a date and ``Date`` is missing or invalid.
        """
        asked = self.headers.get("retry-after", "").strip()
        if not asked:
            return None
        if asked.isascii() and asked.isdigit():
            return min(float(asked), _LONGEST_WAIT)
        end, now = http_time(asked), http_time(self.headers.get("date", ""))
        return None if end is None or now is None else min(max(0.0, (end - now).total_seconds()), _LONGEST_WAIT)

    def facts(self) -> dict[str, Any]:
        """The keyword arguments of an error about this response."""
        return {
            "status": self.status,
            "request_id": self.headers.get("x-request-id"),
            "method": self.request.method,
            "path": self.request.path,
            "attempts": self.attempts,
            "elapsed": self.elapsed,
            "retry_after": self.retry_after,
        }


class Send(Struct, frozen=True):
    """Send a request, and resume with its response or its error by ``until``, a time of the client's clock."""

    request: Request
    until: float


class Sleep(Struct, frozen=True):
    """Wait, and resume with nothing."""

    seconds: float


class Wait(Struct, frozen=True):
    """Wait for another thread or task; resume with nothing.

    Attributes:
        event: Set when the other thread or task is done.
        until: Time of the client's clock at which to resume even if the event is not set.
    """

    event: OneShotEvent
    until: float = math.inf


Call: TypeAlias = Generator[Request | Wait, Response, T]
"""Logic without I/O: it yields requests, receives their responses or is thrown their errors, and returns a result.

It may also yield a ``Wait``, after which it is resumed with ``next``.
"""

Steps: TypeAlias = Generator[Send | Sleep | Wait, Response, T]
"""Logic without I/O that also sets deadlines and pauses.

After a ``Send``, it receives the response or is thrown the error; after any other step, it is resumed with ``next``.
"""
