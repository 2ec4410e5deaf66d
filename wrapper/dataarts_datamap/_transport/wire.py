"""Messages, timeouts and errors of connections, as plain values that belong to no library."""

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
    from dataarts_datamap._one_shot_event import OneShotEvent
    from dataarts_datamap._transport.cancellation import Cancellation

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})  # methods without side effects (RFC 9110, section 9.2.1)
DEFAULT_PORTS: Final = {"http": 80, "https": 443}

ChunksT = TypeVar("ChunksT", "Iterator[bytes]", "AsyncIterator[bytes]")


class Origin(Struct, frozen=True):
    """The other end of a connection: an ASCII name or address, and a port, None for the scheme's default."""

    scheme: str
    host: str
    port: int | None


class Timeouts(Struct, frozen=True):
    """Seconds to wait: for a free connection, for a new one, and for reading or writing the next bytes."""

    free: float
    connect: float
    silence: float


class Deadline(Struct, frozen=True):
    """The deadline of an exchange, as a time of the clock, and the means to cancel it earlier from another thread."""

    until: float
    clock: Clock
    cancellation: Cancellation | None = None

    def left(self, timeout: float) -> float:
        """The timeout, or the time left if that is less; ``TimeoutError`` if none is left."""
        left = self.until - self.clock.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(timeout, left)

    @property
    def ends(self) -> tuple[OneShotEvent, ...]:
        """The event of the cancellation, if there can be one."""
        return () if self.cancellation is None else (self.cancellation.event,)

    def check(self) -> None:
        if self.cancellation is not None:
            self.cancellation.check()

    def watching(self, waited_for: socket.socket) -> AbstractContextManager[None]:
        """A context in which a thread waits for a socket, and which a cancellation interrupts."""
        return nullcontext() if self.cancellation is None else self.cancellation.watching(waited_for)


class WireRequest(SecretStruct, frozen=True):
    """A request as sent. The target is path and query; a header's value that may be secret is hidden."""

    method: str
    origin: Origin
    target: bytes
    headers: Sequence[tuple[bytes, bytes | Hidden[bytes]]]
    content: bytes
    timeouts: Timeouts
    deadline: Deadline


class WireResponse(SecretStruct, Generic[ChunksT], frozen=True):
    """A response whose content arrives while its ``chunks`` are iterated."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    chunks: ChunksT


class WireError(Exception):
    """No complete response arrived. The argument of the error, if any, is the cause or a description of it."""


class InvalidRequestError(WireError):
    """The request holds characters that HTTP cannot send."""


class ProtocolError(WireError):
    """The data is not a response, or ends too early."""


class ClosedConnectionError(ProtocolError):
    """The other side closed the connection before any byte of the response."""


class ConnectError(WireError):
    """A connection could not be made."""


class ProxyError(ConnectError):
    """The proxy refuses to connect; the text begins with the HTTP status of the refusal."""


class WireTimeoutError(WireError):
    """A step took longer than it may."""


class ConnectTimeoutError(WireTimeoutError):
    """A connection was not made in time."""


class PoolTimeoutError(WireTimeoutError):
    """No connection of the pool became free in time."""


class ReadTimeoutError(WireTimeoutError):
    """The next bytes did not arrive, or could not be sent, in time."""
