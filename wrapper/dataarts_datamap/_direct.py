"""Connections for threads that lead straight to the service: HTTP/1.1 by h11, over the HTTP library's own sockets.

The library's pool is made for everything that HTTP can do, and takes more processor time than all the rest of a small
request together. This one does what the client needs, has the library's exceptions, and reads answers with the same
parser, so that both kinds of connection fail alike.
"""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager, suppress
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any, Final

import h11
import httpcore

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

_READ_SIZE: Final = 64 * 1024
_LARGEST_HEAD: Final = 100 * 1024
_SWITCHING_PROTOCOLS: Final = 101


class DirectPool:
    """Connections that are kept open for the next request to the same place.

    Args:
        tls_context: Tells whom to trust; asked when a connection needs it.
        network_backend: Opens sockets.
        max_connections: How many requests may be under way at once; one more waits.
        max_keepalive_connections: How many connections are kept that no request uses.
        keepalive_expiry: Seconds for which one is kept.
    """

    def __init__(
        self,
        *,
        tls_context: Callable[[], ssl.SSLContext],
        network_backend: httpcore.NetworkBackend,
        max_connections: int,
        max_keepalive_connections: int,
        keepalive_expiry: float,
    ) -> None:
        self._tls_context = tls_context
        self._backend = network_backend
        self._most_idle = max_keepalive_connections
        self._longest_idle = keepalive_expiry
        self._room = BoundedSemaphore(max_connections)
        self._lock = Lock()
        self._idle: list[_Connection] = []  # the one used last stands last
        self._used: set[_Connection] = set()
        self._is_closed = False

    @contextmanager
    def stream(
        self,
        method: str,
        url: httpcore.URL,
        *,
        headers: Sequence[tuple[bytes, bytes]],
        content: bytes | None,
        extensions: Mapping[str, Any],
    ) -> Generator[Answer]:
        """The head of the answer to a request, and its content as it comes in."""
        timeout = extensions["timeout"]
        if not self._room.acquire(timeout=timeout["pool"]):
            raise httpcore.PoolTimeout
        try:
            connection = self._take(url.origin) or self._connect(url.origin, timeout["connect"])
            try:
                self._use(connection)
                connection.send(_requested(method, url, headers, content), content, timeout["write"])
                yield connection.receive(timeout["read"])
            finally:
                self._put_back(connection)
        finally:
            self._room.release()

    def close(self) -> None:
        """Close the connections, and so end the requests that wait on them; there will be no more."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
            for connection in self._used:
                connection.abort()  # and who uses it closes it
        for connection in idle:
            connection.close()

    def _take(self, origin: httpcore.Origin) -> _Connection | None:
        """The connection to a place that was used last, if the other side has not closed it."""
        with self._lock:
            there = [connection for connection in self._idle if connection.origin == origin]
            if not there:
                return None
            connection = there[-1]
            self._idle.remove(connection)
        if connection.idle_for() < self._longest_idle and not connection.is_readable():
            return connection
        connection.close()
        return self._take(origin)

    def _connect(self, origin: httpcore.Origin, timeout: float) -> _Connection:
        host = origin.host.decode("ascii")
        stream = self._backend.connect_tcp(host, origin.port, timeout)
        if origin.scheme == b"https":
            stream = stream.start_tls(self._tls_context(), host, timeout)
        return _Connection(origin, stream)

    def _use(self, connection: _Connection) -> None:
        with self._lock:
            if self._is_closed:
                raise httpcore.ConnectError("The pool is closed.")
            self._used.add(connection)

    def _put_back(self, connection: _Connection) -> None:
        rests = connection.rest()
        with self._lock:
            self._used.discard(connection)
            if rests and not self._is_closed:
                self._idle.append(connection)
                left_over = self._idle.pop(0) if len(self._idle) > self._most_idle else None
            else:
                left_over = connection
        if left_over is not None:
            left_over.close()


class Answer:
    """An answer whose content comes in as it is read.

    Attributes:
        status: HTTP status.
        headers: Names and values, as they came.
    """

    def __init__(self, status: int, headers: Sequence[tuple[bytes, bytes]], content: Iterator[bytes]) -> None:
        self.status = status
        self.headers = headers
        self._content = content

    def iter_stream(self) -> Iterator[bytes]:
        """The pieces of the content."""
        return self._content


class _Connection:
    def __init__(self, origin: httpcore.Origin, stream: httpcore.NetworkStream) -> None:
        self.origin = origin
        self._stream = stream
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LARGEST_HEAD)
        self._rests_since = 0.0

    def idle_for(self) -> float:
        return time.monotonic() - self._rests_since

    def is_readable(self) -> bool:
        """Whether bytes have come, or the end, that no request asked for."""
        return bool(self._stream.get_extra_info("is_readable"))

    def rest(self) -> bool:
        """Make ready for the next request; false if there cannot be one."""
        if not (self._http.our_state is h11.DONE and self._http.their_state is h11.DONE):
            return False
        self._http.start_next_cycle()
        self._rests_since = time.monotonic()
        return True

    def close(self) -> None:
        self._stream.close()

    def abort(self) -> None:
        """End what another thread waits for on it."""
        with suppress(OSError):  # below TLS, whose state is the other thread's
            socket.socket.shutdown(self._stream.get_extra_info("socket"), socket.SHUT_RDWR)

    def send(self, request: h11.Request, content: bytes | None, timeout: float) -> None:
        events = (request, h11.Data(data=content), h11.EndOfMessage()) if content else (request, h11.EndOfMessage())
        sent = b"".join(self._http.send(event) or b"" for event in events)
        with suppress(httpcore.WriteError):  # a server may refuse before all has been sent: its answer tells why
            self._stream.write(sent, timeout)

    def receive(self, timeout: float) -> Answer:
        while True:
            event = self._next_event(timeout)
            if not isinstance(event, h11.Response | h11.InformationalResponse):
                raise httpcore.RemoteProtocolError("The answer has no head.")
            if isinstance(event, h11.Response) or event.status_code == _SWITCHING_PROTOCOLS:
                return Answer(event.status_code, list(event.headers), self._content(timeout))

    def _content(self, timeout: float) -> Iterator[bytes]:
        while isinstance(event := self._next_event(timeout), h11.Data):
            yield event.data

    def _next_event(self, timeout: float) -> object:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(self._read(timeout))
        except h11.RemoteProtocolError as error:
            raise httpcore.RemoteProtocolError(str(error)) from None
        return event

    def _read(self, timeout: float) -> bytes:
        data = self._stream.read(_READ_SIZE, timeout)
        if not data and self._http.their_state is h11.SEND_RESPONSE:
            raise httpcore.RemoteProtocolError("Server disconnected without sending a response.")
        return data


def _requested(
    method: str, url: httpcore.URL, headers: Sequence[tuple[bytes, bytes]], content: bytes | None
) -> h11.Request:
    length = [(b"Content-Length", str(len(content)).encode())] if content else []
    try:
        return h11.Request(method=method, target=url.target, headers=[*headers, *length])
    except h11.LocalProtocolError as error:
        raise httpcore.LocalProtocolError(str(error)) from None
