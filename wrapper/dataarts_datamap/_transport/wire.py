"""What goes over a connection, how long that may take and what can fail, as plain values of no library."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from msgspec import Struct

from dataarts_datamap._secrets import Hidden, SecretStruct

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Iterator, Sequence
    from contextlib import AbstractContextManager

    from dataarts_datamap._clock import Clock
    from dataarts_datamap._transport.cancellation import Cancellation

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})  # that ask for nothing to be done (RFC 9110, section 9.2.1)
DEFAULT_PORTS: Final = {"http": 80, "https": 443}

ChunksT = TypeVar("ChunksT", "Iterator[bytes]", "AsyncIterator[bytes]")


class Origin(Struct, frozen=True):
    """Where a connection leads.

    Attributes:
        scheme: ``http`` or ``https``.
        host: Name or address, ASCII.
        port: None for the scheme's own.
    """

    scheme: str
    host: str
    port: int | None


class Timeouts(Struct, frozen=True):
    """Seconds to wait: for a connection that is free, for a new one, and for the next bytes to come or go."""

    free: float
    connect: float
    silence: float


class Deadline(Struct, frozen=True):
    """By when an exchange must be over, and what can end it before.

    Attributes:
        until: A time of the clock.
        clock: Time.
        cancellation: Ends it from another thread.
    """

    until: float
    clock: Clock
    cancellation: Cancellation | None = None

    def left(self, timeout: float | None) -> float:
        """The timeout, or what is left if that is less.

        Raises:
            TimeoutError: Nothing is left.
        """
        left = self.until - self.clock.monotonic()
        if left <= 0:
            raise TimeoutError
        return left if timeout is None else min(timeout, left)

    def check(self) -> None:
        """Go on only if nobody has cancelled the exchange.

        Raises:
            ConnectionAbortedError: It was cancelled.
        """
        if self.cancellation is not None:
            self.cancellation.check()

    def watching(self, waited_for: socket.socket) -> AbstractContextManager[None]:
        """While a thread waits for a socket.

        Raises:
            ConnectionAbortedError: The exchange was cancelled.
        """
        return nullcontext() if self.cancellation is None else self.cancellation.watching(waited_for)


class WireRequest(SecretStruct, frozen=True):
    """A request as it goes on the wire.

    Attributes:
        method: HTTP method, in capitals.
        origin: Where it goes.
        target: Path and query.
        headers: Names and values; a value that can be a secret hides itself.
        content: The body; none if it is empty.
        timeouts: How long each of its steps may take.
        deadline: How long all of it may take.
    """

    method: str
    origin: Origin
    target: bytes
    headers: Sequence[tuple[bytes, bytes | Hidden[bytes]]]
    content: bytes
    timeouts: Timeouts
    deadline: Deadline


class WireResponse(SecretStruct, Generic[ChunksT], frozen=True):
    """A response whose content comes in as it is read.

    Attributes:
        status: HTTP status.
        headers: Names and values, as they came.
        chunks: The content.
    """

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    chunks: ChunksT


class WireError(Exception):
    """No complete response arrived. Its argument is the cause, or says what it is."""


class InvalidRequestError(WireError):
    """The request holds what HTTP cannot express."""


class ProtocolError(WireError):
    """What arrived is not a response, or ends too early."""


class ClosedConnectionError(ProtocolError):
    """The other side closed the connection, and nothing had come of the response."""


class ConnectError(WireError):
    """A connection could not be made."""


class ProxyError(ConnectError):
    """The proxy refuses to connect; the text begins with its status."""


class WireTimeoutError(WireError):
    """A step took longer than it may."""


class ConnectTimeoutError(WireTimeoutError):
    """A connection was not made in time."""


class PoolTimeoutError(WireTimeoutError):
    """No pooled connection became free within the pool timeout."""


class ReadTimeoutError(WireTimeoutError):
    """The next bytes did not arrive in time."""
