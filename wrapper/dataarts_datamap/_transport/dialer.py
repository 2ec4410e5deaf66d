"""Connects threads to the service: to the address that connects first, with TLS and through a proxy if needed."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeVar

from dataarts_datamap._transport.address_race import AddressRace, ordered
from dataarts_datamap._transport.tunnels import Tunnel
from dataarts_datamap._transport.wire import DEFAULT_PORTS, ConnectError, ConnectTimeoutError, ReadTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from dataarts_datamap._transport.cancellation import Cancellation
    from dataarts_datamap._transport.proxies import Proxy
    from dataarts_datamap._transport.wire import Deadline, Origin, Timeouts

T = TypeVar("T")

_READ_SIZE: Final = 64 * 1024


class Stream(Protocol):
    """A stream of bytes with these methods of a socket: a socket itself, or TLS inside TLS."""

    def settimeout(self, value: float, /) -> None: ...
    def send(self, data: bytes | memoryview, /) -> int: ...
    def recv(self, bufsize: int, /) -> bytes: ...


class Dialed(NamedTuple):
    """A stream, and the socket below it, for waiting and closing."""

    stream: Stream
    bottom: socket.socket


class Dialer:
    """Makes connections, directly or through a proxy. ``closing`` cancels all attempts under way."""

    def __init__(self, tls_context: Callable[[], ssl.SSLContext], proxy: Proxy | None, closing: Cancellation) -> None:
        self._tls_context = tls_context
        self._proxy = proxy
        self._closing = closing
        self._worked: dict[tuple[str, int], object] = {}

    def dial(self, origin: Origin, timeouts: Timeouts, deadline: Deadline) -> Dialed:
        """A connection to an origin.

        Raises:
            WireError: No connection could be made.
            TimeoutError: The deadline passed.
            ConnectionAbortedError: The pool was closed, or the exchange cancelled.
            OSError: A name was not found.
            ConfigurationError: The trusted certificates cannot be loaded.
        """
        if self._proxy is None:
            plain = self._reach(origin, timeouts, deadline)
            secured = self._secure(plain, origin.host, timeouts, deadline) if origin.scheme == "https" else plain
            return Dialed(secured, secured)
        there = self._proxy.origin
        bottom = self._reach(there, timeouts, deadline)
        if there.scheme == "https":
            bottom = self._secure(bottom, there.host, timeouts, deadline)
        if origin.scheme == "http":
            return Dialed(bottom, bottom)
        with _closed_on_failure(bottom):
            self._open_tunnel(bottom, Tunnel(self._proxy, origin), timeouts, deadline)
        if isinstance(bottom, ssl.SSLSocket):
            return Dialed(self._secure_again(bottom, origin.host, timeouts, deadline), bottom)
        secured = self._secure(bottom, origin.host, timeouts, deadline)
        return Dialed(secured, secured)

    def _reach(self, origin: Origin, timeouts: Timeouts, deadline: Deadline) -> socket.socket:
        """A socket that is connected to the first address that connects.

        A deadline does not end the lookup of a name, in which a thread cannot be interrupted.
        """
        host = origin.host.encode("ascii")  # as bytes, since text would load tables for names that are not ASCII
        port = origin.port or DEFAULT_PORTS[origin.scheme]
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        race = AddressRace(
            ordered(found, self._worked.get((origin.host, port))),
            lambda: deadline.left(timeouts.connect),
            lambda opened: self._watching(opened, deadline),
        )
        connected, address = race.run()
        self._worked[origin.host, port] = address.where
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def _secure(self, plain: socket.socket, host: str, timeouts: Timeouts, deadline: Deadline) -> socket.socket:
        """The socket with TLS. The handshake is a separate step, so that the socket can be shut down during it."""
        with _closed_on_failure(plain):
            left = deadline.left(timeouts.connect)
            context = self._tls_context()
        try:
            with _closed_on_failure(plain):
                plain.getpeername()  # fails for a reset connection, whose socket TLS would leave open
            secured = context.wrap_socket(plain, server_hostname=host.encode("ascii"), do_handshake_on_connect=False)
            with _closed_on_failure(secured), self._watching(secured, deadline):
                secured.settimeout(left)
                secured.do_handshake()
        except OSError as error:
            raise _not_connected(error) from None
        return secured

    def _secure_again(self, outer: ssl.SSLSocket, host: str, timeouts: Timeouts, deadline: Deadline) -> _TLSInTLS:
        with _closed_on_failure(outer):
            try:
                secured = _TLSInTLS(outer, self._tls_context(), host)
                with self._watching(outer, deadline):
                    secured.settimeout(deadline.left(timeouts.connect))
                    secured.do_handshake()
            except OSError as error:
                raise _not_connected(error) from None
        return secured

    def _open_tunnel(self, there: socket.socket, tunnel: Tunnel, timeouts: Timeouts, deadline: Deadline) -> None:
        try:
            with self._watching(there, deadline):
                there.settimeout(deadline.left(timeouts.silence))
                there.sendall(memoryview(tunnel.request.value))  # hides its value
                while not tunnel.is_opened_by(there.recv(_READ_SIZE)):
                    there.settimeout(deadline.left(timeouts.silence))
        except TimeoutError as error:
            raise ReadTimeoutError(error) from None
        except ConnectionAbortedError:
            raise
        except OSError as error:
            raise ConnectError(error) from None

    @contextmanager
    def _watching(self, waited_for: socket.socket, deadline: Deadline) -> Generator[None]:
        with self._closing.watching(waited_for), deadline.watching(waited_for):
            yield


class _TLSInTLS:
    """TLS over a socket that already uses TLS: to the service, through an ``https`` proxy."""

    def __init__(self, outer: ssl.SSLSocket, context: ssl.SSLContext, host: str) -> None:
        self._outer = outer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._timeout = 0.0

    def settimeout(self, value: float, /) -> None:
        self._timeout = value

    def do_handshake(self) -> None:
        self._taken(self._tls.do_handshake)

    def send(self, data: bytes | memoryview, /) -> int:
        return self._taken(lambda: self._tls.write(data))

    def recv(self, bufsize: int, /) -> bytes:
        try:
            return self._taken(lambda: self._tls.read(bufsize))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):  # as a TLS socket does
            return b""

    def _taken(self, action: Callable[[], T]) -> T:
        """The result of an action, after reading the bytes that it needs and sending the bytes that it made."""
        until = time.monotonic() + self._timeout
        while True:
            try:
                result = action()
            except ssl.SSLWantReadError:
                self._flush(until)
                data = self._outer_within(until).recv(_READ_SIZE)
                self._incoming.write(data) if data else self._incoming.write_eof()
            else:
                self._flush(until)
                return result

    def _flush(self, until: float) -> None:
        if data := self._outgoing.read():
            self._outer_within(until).sendall(data)

    def _outer_within(self, until: float) -> ssl.SSLSocket:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._outer.settimeout(left)
        return self._outer


@contextmanager
def _closed_on_failure(opened: socket.socket) -> Generator[None]:
    try:
        yield
    except BaseException:
        opened.close()
        raise


def _not_connected(error: OSError) -> ConnectTimeoutError | ConnectError:
    return (ConnectTimeoutError if isinstance(error, TimeoutError) else ConnectError)(error)
