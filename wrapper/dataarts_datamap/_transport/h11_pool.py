"""Connections for threads: HTTP/1.1 by h11, over sockets.

The HTTP library's pool supports all of HTTP, but takes more processor time than the rest of a small request, and a
tenth of the load time of a first call. This pool supports only what the client's requests need, and uses the same
parser for responses.
"""

from __future__ import annotations

import select
import time
from collections import deque
from contextlib import contextmanager, suppress
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Final, cast

import h11

from dataarts_datamap._one_shot_event import OneShotEvent, wait_for_first
from dataarts_datamap._secrets import Hidden
from dataarts_datamap._transport.cancellation import Cancellation
from dataarts_datamap._transport.dialer import Dialer
from dataarts_datamap._transport.stand_ins import StandIns
from dataarts_datamap._transport.tunnels import forwarded
from dataarts_datamap._transport.wire import (
    SAFE_METHODS,
    ClosedConnectionError,
    InvalidRequestError,
    PoolTimeoutError,
    ProtocolError,
    ReadTimeoutError,
    WireResponse,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Generator, Iterator

    from dataarts_datamap._transport.dialer import Dialed
    from dataarts_datamap._transport.proxies import Proxy
    from dataarts_datamap._transport.wire import Deadline, Origin, Timeouts, WireRequest

_READ_SIZE: Final = 64 * 1024
_LARGEST_HEAD: Final = 100 * 1024
_SWITCHING_PROTOCOLS: Final = 101


class H11Pool:
    """Connections that are kept open, ``keepalive_expiry`` seconds long, for the next request to the same origin.

    Requests beyond ``max_connections`` wait.
    """

    def __init__(
        self,
        proxy: Proxy | None,
        tls_context: Callable[[], ssl.SSLContext],
        *,
        max_connections: int,
        max_keepalive_connections: int,
        keepalive_expiry: float,
    ) -> None:
        self._proxy = proxy
        self._most_idle = max_keepalive_connections
        self._longest_idle = keepalive_expiry
        self._room: list[None] = [None] * max_connections
        self._lock = Lock()
        self._turns: deque[OneShotEvent] = deque()  # of the requests that wait for room, the longest wait first
        self._idle: list[_Connection] = []  # the most recently used comes last
        self._closing = Cancellation()
        self._dialer = Dialer(tls_context, proxy, self._closing)

    @contextmanager
    def stream(self, request: WireRequest) -> Generator[WireResponse[Iterator[bytes]]]:
        """The head of the response, and its content as it arrives.

        Raises:
            WireError: No complete response arrived.
            OSError: A name was not found.
            TimeoutError: The deadline passed.
            ConnectionAbortedError: The pool was closed, or the exchange cancelled.
            ConfigurationError: The trusted certificates cannot be loaded.
        """
        with self._room_for(request):
            kept = self._take(request.origin)
            connection = kept or self._connect(request)
            while True:
                try:
                    with self._closing.watching(connection.socket), request.deadline.watching(connection.socket):
                        connection.send(request)
                        yield connection.receive(request.timeouts, request.deadline)
                        return
                except ClosedConnectionError:
                    if connection is not kept or request.method not in SAFE_METHODS:
                        raise
                finally:
                    self._put_back(connection)
                connection = self._connect(request)

    def close(self) -> None:
        """Close the connections for good, which ends the requests that wait on them."""
        with self._lock:
            self._closing.cancel()
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _room_for(self, request: WireRequest) -> Generator[None]:
        """A context that counts as one connection; it is entered when there is room."""
        turn = OneShotEvent()
        self._turns.append(turn)
        self._give_room()
        try:
            if not turn.is_set:
                wait_for_first((turn, self._closing.event, *request.deadline.ends), request.timeouts.free)
            self._closing.check()
            request.deadline.check()
            if not turn.is_set:
                raise PoolTimeoutError
            yield
        finally:
            try:
                self._turns.remove(turn)
            except ValueError:  # it has had its turn
                self._room.append(None)
                self._give_room()

    def _give_room(self) -> None:
        """Let the longest waiting requests in. No lock is held, which an interrupt could leave locked."""
        while self._room and self._turns:
            with suppress(IndexError):
                self._room.pop()
                try:
                    self._turns.popleft().set()
                except IndexError:
                    self._room.append(None)

    def _take(self, origin: Origin) -> _Connection | None:
        """The most recently used idle connection to an origin; None if there is none.

        A connection that has expired, or on which something has arrived, is closed instead.
        """
        with self._lock:
            expired = [connection for connection in self._idle if connection.idle_for() >= self._longest_idle]
            self._idle = [connection for connection in self._idle if connection not in expired]
            taken = next((connection for connection in reversed(self._idle) if connection.origin == origin), None)
            if taken is not None:
                self._idle.remove(taken)
        for connection in expired:
            connection.close()
        if taken is None or not taken.is_readable():
            return taken
        taken.close()
        return self._take(origin)

    def _connect(self, request: WireRequest) -> _Connection:
        self._closing.check()
        request.deadline.check()
        dialed = self._dialer.dial(request.origin, request.timeouts, request.deadline)
        return _Connection(request.origin, dialed, self._proxy)

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


class _Connection:
    def __init__(self, origin: Origin, dialed: Dialed, proxy: Proxy | None) -> None:
        self.origin = origin
        self.socket = dialed.bottom
        self._stream = dialed.stream
        self._forwarding = proxy if origin.scheme == "http" else None
        self._has_received = False
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LARGEST_HEAD)
        self._rests_since = 0.0

    def idle_for(self) -> float:
        return time.monotonic() - self._rests_since

    def is_readable(self) -> bool:
        """Whether bytes, or the end of the stream, have arrived without a request."""
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(self.socket, select.POLLIN)
            return bool(poll.poll(0))
        return bool(select.select([self.socket], [], [], 0)[0])

    def rest(self) -> bool:
        """Prepare for the next request; false if there cannot be one."""
        if not (self._http.our_state is h11.DONE and self._http.their_state is h11.DONE):
            return False
        if self._http.trailing_data[0]:  # these bytes followed the response, and would begin the next one
            return False
        self._http.start_next_cycle()
        self._rests_since = time.monotonic()
        return True

    def close(self) -> None:
        self.socket.close()

    def send(self, request: WireRequest) -> None:
        rest = memoryview(self._encoded(request).value)  # hides its value, also in the socket's code
        self._has_received = False
        while rest:
            self._stream.settimeout(request.deadline.left(request.timeouts.silence))
            try:
                rest = rest[self._stream.send(rest) :]
            except TimeoutError as error:
                raise ReadTimeoutError(error) from None
            except OSError:
                return  # a server may refuse before all was sent: its response has the reason

    def _encoded(self, request: WireRequest) -> Hidden[bytes]:
        """The request in bytes. The library gets a stand-in for each secret, so that its variables hold no secret."""
        target, headers = request.target, request.headers
        if self._forwarding is not None:
            target, headers = forwarded(request, self._forwarding)
        stand_ins = StandIns(headers, Hidden(request.content))
        shown = stand_ins.headers
        if request.content:
            shown = [*shown, (b"Content-Length", str(len(request.content)).encode())]
        try:
            event = h11.Request(method=request.method, target=target, headers=_checked_headers(tuple(shown)))
            head = self._http.send(event) or b""
            if request.content:
                self._http.send_with_data_passthrough(h11.Data(data=stand_ins.content))
            self._http.send(h11.EndOfMessage())
        except h11.LocalProtocolError as error:
            raise InvalidRequestError(error) from None
        return Hidden(stand_ins.revealed(head).value + request.content)

    def receive(self, timeouts: Timeouts, deadline: Deadline) -> WireResponse[Iterator[bytes]]:
        while True:
            event = self._next_event(timeouts, deadline)
            if not isinstance(event, h11.Response | h11.InformationalResponse):
                raise ProtocolError("The response has no head.")
            if isinstance(event, h11.Response) or event.status_code == _SWITCHING_PROTOCOLS:
                return WireResponse(event.status_code, list(event.headers), self._content(timeouts, deadline))

    def _content(self, timeouts: Timeouts, deadline: Deadline) -> Iterator[bytes]:
        while isinstance(event := self._next_event(timeouts, deadline), h11.Data):
            yield event.data

    def _next_event(self, timeouts: Timeouts, deadline: Deadline) -> object:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(self._read(deadline.left(timeouts.silence)))
        except h11.RemoteProtocolError as error:
            raise ProtocolError(error) from None
        return event

    def _read(self, timeout: float) -> bytes:
        self._stream.settimeout(timeout)
        try:
            data = self._stream.recv(_READ_SIZE)
        except TimeoutError as error:
            raise ReadTimeoutError(error) from None
        except OSError as error:
            raise (ProtocolError if self._has_received else ClosedConnectionError)(error) from None
        if not data and not self._has_received:
            raise ClosedConnectionError("Server disconnected without sending a response.")
        if not data and self._http.their_state is h11.SEND_RESPONSE:
            raise ProtocolError("Server disconnected without sending a response.")
        self._has_received = True
        return data


@lru_cache(maxsize=32)
def _checked_headers(shown: tuple[tuple[bytes, bytes], ...]) -> list[tuple[bytes, bytes]]:
    """The headers as the library's own checked type, which the library does not check again: that saves time."""
    checked = h11.Request(method="GET", target="/", headers=list(shown)).headers
    return cast("list[tuple[bytes, bytes]]", checked)
