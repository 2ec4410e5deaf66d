"""Connections for threads that lead straight to the service: HTTP/1.1 by h11, over sockets.

The HTTP library's pool is made for everything that HTTP can do: it takes more processor time than all the rest of a
small request together, and a tenth of all that a first call loads. This one does what the client needs, and reads
answers with the same parser.
"""

from __future__ import annotations

import os
import re
import select
import socket
import time
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Final

import h11

from dataarts_datamap._secrets import Hidden
from dataarts_datamap._transport.cancellation import Cancellation
from dataarts_datamap._transport.wire import (
    ConnectError,
    ConnectTimeoutError,
    InvalidRequestError,
    PoolTimeoutError,
    ProtocolError,
    ReadTimeoutError,
    WireResponse,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Generator, Iterator

    from dataarts_datamap._transport.wire import Deadline, Origin, Timeouts, WireRequest

_READ_SIZE: Final = 64 * 1024
_LARGEST_HEAD: Final = 100 * 1024
_SWITCHING_PROTOCOLS: Final = 101
_MARK: Final = os.urandom(16).hex().encode()
_READ_BY_THE_LIBRARY: Final = frozenset(
    {b"connection", b"content-length", b"expect", b"host", b"transfer-encoding", b"upgrade"}
)
_FIELD_VALUE: Final = re.compile(rb"(?:[^\0\s]+(?:[ \t]+[^\0\s]+)*)?")
_PORTS: Final = {"http": 80, "https": 443}


class DirectPool:
    """Connections that are kept open for the next request to the same place.

    Args:
        tls_context: Tells whom to trust; asked when a connection needs it.
        max_connections: How many requests may be under way at once; one more waits.
        max_keepalive_connections: How many connections are kept that no request uses.
        keepalive_expiry: Seconds for which one is kept.
    """

    def __init__(
        self,
        *,
        tls_context: Callable[[], ssl.SSLContext],
        max_connections: int,
        max_keepalive_connections: int,
        keepalive_expiry: float,
    ) -> None:
        self._tls_context = tls_context
        self._most_idle = max_keepalive_connections
        self._longest_idle = keepalive_expiry
        self._room = BoundedSemaphore(max_connections)
        self._lock = Lock()
        self._idle: list[_Connection] = []  # the one used last stands last
        self._closing = Cancellation()

    @contextmanager
    def stream(self, outgoing: WireRequest) -> Generator[WireResponse[Iterator[bytes]]]:
        """The head of the answer to a request, and its content as it comes in.

        Raises:
            WireError: No whole answer came.
            TimeoutError: The exchange was due before.
            ConnectionAbortedError: The pool was closed, or the exchange cancelled.
        """
        if not self._room.acquire(timeout=outgoing.timeouts.free):
            raise PoolTimeoutError
        try:
            connection = self._take(outgoing.origin) or self._connect(outgoing.origin, outgoing.timeouts, outgoing.due)
            try:
                with self._watching(connection.socket, outgoing.due):
                    connection.send(outgoing)
                    yield connection.receive(outgoing.timeouts, outgoing.due)
            finally:
                self._put_back(connection)
        finally:
            self._room.release()

    def close(self) -> None:
        """Close the connections, and so end the requests that wait on them; there will be no more."""
        with self._lock:
            self._closing.cancel()
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self, origin: Origin) -> _Connection | None:
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

    def _connect(self, origin: Origin, timeouts: Timeouts, due: Deadline) -> _Connection:
        connected = self._reach(origin, timeouts, due)
        if origin.scheme == "https":
            connected = self._secure(connected, origin.host, timeouts, due)
        return _Connection(origin, connected)

    def _reach(self, origin: Origin, timeouts: Timeouts, due: Deadline) -> socket.socket:
        """A socket that is connected to the first address that can be reached.

        Looking up a name has no end but the resolver's own: a thread cannot be interrupted in it.
        """
        failure: Exception = ConnectError(f"no address of {origin.host}")
        host = origin.host.encode("ascii")  # as bytes, or else tables for names that are not ASCII are loaded
        port = origin.port or _PORTS[origin.scheme]
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            left = due.left(timeouts.connect)  # for each address anew, or else many would add up
            try:
                opened = socket.socket(family, kind, protocol)
                with _closed_on_failure(opened), self._watching(opened, due):
                    opened.settimeout(left)
                    opened.connect(address)
                    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                failure = _not_connected(error)
            else:
                return opened
        raise failure

    def _secure(self, plain: socket.socket, host: str, timeouts: Timeouts, due: Deadline) -> socket.socket:
        """The socket under TLS; the handshake is a step of its own, since before it there is none to shut down."""
        with _closed_on_failure(plain):
            left = due.left(timeouts.connect)
            context = self._tls_context()
        try:
            secured = context.wrap_socket(plain, server_hostname=host.encode("ascii"), do_handshake_on_connect=False)
            with _closed_on_failure(secured), self._watching(secured, due):
                secured.settimeout(left)
                secured.do_handshake()
        except OSError as error:
            raise _not_connected(error) from None
        return secured

    @contextmanager
    def _watching(self, waited_for: socket.socket, due: Deadline) -> Generator[None]:
        with self._closing.watching(waited_for), due.watching(waited_for):
            yield

    def _put_back(self, connection: _Connection) -> None:
        rests = connection.rest()
        with self._lock:
            if rests and not self._closing.is_cancelled:
                self._idle.append(connection)
                left_over = self._idle.pop(0) if len(self._idle) > self._most_idle else None
            else:
                left_over = connection
        if left_over is not None:
            left_over.close()


@contextmanager
def _closed_on_failure(opened: socket.socket) -> Generator[None]:
    try:
        yield
    except BaseException:
        opened.close()
        raise


def _not_connected(error: OSError) -> ConnectTimeoutError | ConnectError:
    return (ConnectTimeoutError if isinstance(error, TimeoutError) else ConnectError)(error)


class _Connection:
    def __init__(self, origin: Origin, connected: socket.socket) -> None:
        self.origin = origin
        self.socket = connected
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LARGEST_HEAD)
        self._rests_since = 0.0

    def idle_for(self) -> float:
        return time.monotonic() - self._rests_since

    def is_readable(self) -> bool:
        """Whether bytes have come, or the end, that no request asked for."""
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(self.socket, select.POLLIN)
            return bool(poll.poll(0))
        return bool(select.select([self.socket], [], [], 0)[0])

    def rest(self) -> bool:
        """Make ready for the next request; false if there cannot be one."""
        if not (self._http.our_state is h11.DONE and self._http.their_state is h11.DONE):
            return False
        if self._http.trailing_data[0]:  # came behind the answer, and would be read as the next one's beginning
            return False
        self._http.start_next_cycle()
        self._rests_since = time.monotonic()
        return True

    def close(self) -> None:
        self.socket.close()

    def send(self, outgoing: WireRequest) -> None:
        rest = memoryview(self._encoded(outgoing).value)  # shows nothing, in the socket's own code as in ours
        while rest:
            self.socket.settimeout(outgoing.due.left(outgoing.timeouts.silence))
            try:
                rest = rest[self.socket.send(rest) :]
            except TimeoutError as error:
                raise ReadTimeoutError(error) from None
            except OSError:
                return  # a server may refuse before all has been sent: its answer tells why

    def _encoded(self, outgoing: WireRequest) -> Hidden[bytes]:
        """The request in bytes. The library sees what stands in for values and content: its variables hide none."""
        values = [value for _, value in outgoing.headers]
        if not all(_FIELD_VALUE.fullmatch(value.value) for value in values):
            raise InvalidRequestError("a header holds what HTTP cannot")
        try:
            encoded = Hidden(self._http.send(_head(outgoing)) or b"")
            if outgoing.content:
                self._http.send_with_data_passthrough(h11.Data(data=bytes(len(outgoing.content))))
            self._http.send(h11.EndOfMessage())
        except h11.LocalProtocolError as error:
            raise InvalidRequestError(error) from None
        for number, value in enumerate(values):
            encoded = Hidden(encoded.value.replace(_stand_in(number), value.value))
        return Hidden(encoded.value + outgoing.content)

    def receive(self, timeouts: Timeouts, due: Deadline) -> WireResponse[Iterator[bytes]]:
        while True:
            event = self._next_event(timeouts, due)
            if not isinstance(event, h11.Response | h11.InformationalResponse):
                raise ProtocolError("The answer has no head.")
            if isinstance(event, h11.Response) or event.status_code == _SWITCHING_PROTOCOLS:
                return WireResponse(event.status_code, list(event.headers), self._content(timeouts, due))

    def _content(self, timeouts: Timeouts, due: Deadline) -> Iterator[bytes]:
        while isinstance(event := self._next_event(timeouts, due), h11.Data):
            yield event.data

    def _next_event(self, timeouts: Timeouts, due: Deadline) -> object:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(self._read(due.left(timeouts.silence)))
        except h11.RemoteProtocolError as error:
            raise ProtocolError(error) from None
        return event

    def _read(self, timeout: float) -> bytes:
        self.socket.settimeout(timeout)
        try:
            data = self.socket.recv(_READ_SIZE)
        except TimeoutError as error:
            raise ReadTimeoutError(error) from None
        except OSError as error:
            raise ProtocolError(error) from None
        if not data and self._http.their_state is h11.SEND_RESPONSE:
            raise ProtocolError("Server disconnected without sending a response.")
        return data


def _stand_in(number: int) -> bytes:
    return b"%s-%d;" % (_MARK, number)


def _head(outgoing: WireRequest) -> h11.Request:
    headers = [
        (name, value.value if name.lower() in _READ_BY_THE_LIBRARY else _stand_in(number))
        for number, (name, value) in enumerate(outgoing.headers)
    ]
    length = [(b"Content-Length", str(len(outgoing.content)).encode())] if outgoing.content else []
    return h11.Request(method=outgoing.method, target=outgoing.target, headers=[*headers, *length])
