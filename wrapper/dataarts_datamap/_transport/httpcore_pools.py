"""Connections by the HTTP library's pools, through proxies and in event loops: all that knows that library.

No type of it leaves this module, and neither does one of its exceptions: not even as the cause or context of ours,
since it holds the request with its credentials.
"""

from __future__ import annotations

import logging
import socket
import threading
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, cast

import h11
import httpcore2

from dataarts_datamap._transport.wire import (
    ConnectError,
    ConnectTimeoutError,
    InvalidRequestError,
    PoolTimeoutError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    WireError,
    WireResponse,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterable, Iterator

    from dataarts_datamap._transport.proxies import Proxy
    from dataarts_datamap._transport.wire import Deadline, WireRequest

_READ_SIZE: Final = 64 * 1024

# Whether this thread or task is in an exchange of ours.
_sending: ContextVar[bool] = ContextVar("_sending", default=False)


def _hide_details(record: logging.LogRecord) -> bool:
    # The library logs all headers of an answer, and that of a request for a token holds the token; the errors that it
    # logs quote what a server sent, which can be an echo.
    event, _, details = record.getMessage().partition(" ")
    if details and _sending.get() and event.endswith((".complete", ".failed")):
        record.msg, record.args = event, None
    return True


for _name in ("httpcore2.connection", "httpcore2.http11", "httpcore2.proxy"):
    logging.getLogger(_name).addFilter(_hide_details)

_MEANINGS: tuple[tuple[type[Exception], type[WireError]], ...] = (
    (httpcore2.LocalProtocolError, InvalidRequestError),
    (h11.LocalProtocolError, InvalidRequestError),  # that the library does not translate where the content ends
    (httpcore2.ConnectTimeout, ConnectTimeoutError),
    (httpcore2.PoolTimeout, PoolTimeoutError),
    (httpcore2.TimeoutException, ReadTimeoutError),
    (httpcore2.ConnectError, ConnectError),
    (httpcore2.ProxyError, ProxyError),
    (httpcore2.NetworkError, ProtocolError),
    (httpcore2.ProtocolError, ProtocolError),
    (httpcore2.UnsupportedProtocol, ProtocolError),
)


@contextmanager
def _border() -> Generator[None]:
    """What happens in here is the library's, and comes out as ours."""
    marked = _sending.set(True)
    try:
        yield
    except tuple(library for library, _ in _MEANINGS) as error:
        ours = next(ours for library, ours in _MEANINGS if isinstance(error, library))
        raise ours(_reason(error)) from None
    finally:
        _sending.reset(marked)


def _reason(error: Exception) -> object:
    """What tells why: in an event loop it stands behind an error that says nothing, whose name is better than that."""
    reason = error.args[0] if error.args else ""
    if isinstance(reason, Exception) and not isinstance(reason, TimeoutError) and not str(reason):
        return reason.__cause__ or type(reason).__name__
    return reason


class ProxyPool:
    """Connections for threads, through a proxy.

    Args:
        proxy: The way.
        tls_context: Tells whom to trust.
        limits: How many connections there are at once, how many are kept, and for how long.
    """

    def __init__(self, proxy: Proxy, tls_context: Callable[[], ssl.SSLContext], **limits: Any) -> None:  # noqa: ANN401  the library's own names
        self._backend = _TimedBackend()
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls_context(), proxy=_proxied(proxy, tls_context), network_backend=self._backend, **limits
        )

    @contextmanager
    def stream(self, outgoing: WireRequest) -> Generator[WireResponse[Iterator[bytes]]]:
        """The head of the answer to a request, and its content as it comes in.

        Raises:
            WireError: No whole answer came.
            TimeoutError: The exchange was due before.
            ConnectionAbortedError: It was cancelled.
        """
        self._backend.exchange.due = outgoing.due
        with _border(), self._pool.stream(**_arguments(outgoing)) as response:
            _refuse_early_answer(response)
            yield WireResponse(response.status, response.headers, response.iter_stream())

    def close(self) -> None:
        """Close the connections, and so end the requests that wait on them."""
        self._pool.close()


class AsyncPool:
    """Connections in an event loop.

    Args:
        proxy: The way; None for the straight one.
        tls_context: Tells whom to trust.
        limits: How many connections there are at once, how many are kept, and for how long.
    """

    def __init__(self, proxy: Proxy | None, tls_context: Callable[[], ssl.SSLContext], **limits: Any) -> None:  # noqa: ANN401  as above
        proxied = _proxied(proxy, tls_context) if proxy else None
        self._pool = _TunnellingPool(
            ssl_context=tls_context(), proxy=proxied, network_backend=_AsyncBackend(), **limits
        )

    @asynccontextmanager
    async def stream(self, outgoing: WireRequest) -> AsyncGenerator[WireResponse[AsyncIterator[bytes]]]:
        """The head of the answer to a request, and its content as it comes in.

        Raises:
            WireError: No whole answer came.
        """
        with _border():
            async with self._pool.stream(**_arguments(outgoing)) as response:
                _refuse_early_answer(response)
                yield WireResponse(response.status, response.headers, response.aiter_stream())

    async def close(self) -> None:
        """Close the connections, and so end the requests that wait on them."""
        await self._pool.aclose()


def _arguments(outgoing: WireRequest) -> dict[str, Any]:
    origin, timeouts = outgoing.origin, outgoing.timeouts
    return {
        "method": outgoing.method,
        "url": httpcore2.URL(
            scheme=origin.scheme.encode(), host=origin.host.encode(), port=origin.port, target=outgoing.target
        ),
        "headers": [(name, value.value) for name, value in outgoing.headers],
        "content": outgoing.content or None,
        "extensions": {
            "timeout": {
                "connect": timeouts.connect,
                "read": timeouts.silence,
                "write": timeouts.silence,
                "pool": timeouts.free,
            }
        },
    }


def _refuse_early_answer(response: httpcore2.Response) -> None:
    """The library keeps what came behind an answer, and takes it for the answer to the next request."""
    extensions = cast("dict[str, object]", response.extensions)
    if not getattr(extensions["network_stream"], "has_answered", True):
        raise ProtocolError("The answer came before its request.")


def _asked_of_proxy(proxy: httpcore2.Proxy, host: str, port: int) -> h11.Request:
    """What a proxy is asked for a tunnel to an address."""
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    headers = [(b"Host", target.encode()), (b"Accept", b"*/*"), *proxy.headers]
    return h11.Request(method=b"CONNECT", target=target.encode(), headers=headers)


def _is_open(tunnel: h11.Connection) -> bool:
    """Whether a proxy has made the tunnel that it was asked for; false as long as that is not known.

    Raises:
        httpcore2.ProxyError: It refused.
        httpcore2.RemoteProtocolError: What it sent is no response, or goes on behind it.
    """
    try:
        while isinstance(event := tunnel.next_event(), h11.InformationalResponse):
            pass
    except h11.RemoteProtocolError as error:
        raise httpcore2.RemoteProtocolError(error) from None
    if isinstance(event, h11.Response) and not 200 <= event.status_code < 300:  # noqa: PLR2004  what succeeds
        raise httpcore2.ProxyError(f"{event.status_code} {event.reason.decode('ascii', errors='ignore')}")
    if isinstance(event, h11.Response) and tunnel.trailing_data[0]:
        raise httpcore2.RemoteProtocolError("the proxy sent more than its response")
    return isinstance(event, h11.Response)


def _proxied(proxy: Proxy, tls_context: Callable[[], ssl.SSLContext]) -> httpcore2.Proxy:
    ssl_context = tls_context() if proxy.address.startswith("https:") else None
    return httpcore2.Proxy(proxy.address, auth=proxy.auth, ssl_context=ssl_context)


class _TunnellingPool(httpcore2.AsyncConnectionPool):
    """A pool whose tunnels through a proxy are made by the network below it.

    The library's own tunnel is counted as used for ever where its handshake fails or is cancelled.
    """

    def create_connection(self, origin: httpcore2.Origin) -> httpcore2.AsyncConnectionInterface:
        if self._proxy is None or origin.scheme != b"https":
            return super().create_connection(origin)
        return httpcore2.AsyncHTTPConnection(
            origin, self._ssl_context, self._keepalive_expiry, network_backend=_AsyncTunnels(self._proxy)
        )


class _Exchange(threading.local):
    """The one that this thread is in."""

    due: Deadline


class _TimedBackend(httpcore2.NetworkBackend):
    """The network, on which nothing takes longer than the exchange of the thread may.

    The library's timeout is for the next bytes alone, and a server can send them one by one. Looking up a name is left
    out: the system's resolver has limits of its own, and a thread cannot be interrupted in it.
    """

    def __init__(self) -> None:
        self.exchange = _Exchange()
        self._backend = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception = httpcore2.ConnectError(f"no address of {host}")
        for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            left = self.exchange.due.left(timeout)  # for each address anew, or else many would add up
            try:
                stream = self._backend.connect_tcp(str(address[0]), port, left, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self.exchange)
        raise failure


class _TimedStream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, exchange: _Exchange) -> None:
        self._stream = stream
        self._exchange = exchange
        self.has_answered = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.has_answered = True
        due = self._exchange.due
        with due.watching(self._stream.get_extra_info("socket")):
            return self._stream.read(max_bytes, due.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.has_answered = False
        self._stream.write(buffer, self._exchange.due.left(timeout))

    def close(self) -> None:
        with suppress(OSError):  # a thread that still reads would not notice that the socket is closed
            self._stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = self._exchange.due.left(timeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._exchange)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  the library's own signature
        return self._stream.get_extra_info(info)


class _AsyncBackend(httpcore2.AsyncNetworkBackend):
    """The network in an event loop, where a deadline is a cancellation: it closes what that leaves half open."""

    def __init__(self) -> None:
        self._backend = cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the library's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        return _AsyncStream(await self._backend.connect_tcp(host, port, timeout, local_address, socket_options))


class _AsyncTunnels(httpcore2.AsyncNetworkBackend):
    """The network behind a proxy, to which ``CONNECT`` leads."""

    def __init__(self, proxy: httpcore2.Proxy) -> None:
        self._proxy = proxy
        self._backend = _AsyncBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the library's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        there = self._proxy.url.origin
        name = there.host.decode("ascii")
        stream = await self._backend.connect_tcp(name, there.port, timeout, local_address, socket_options)
        try:
            if self._proxy.ssl_context is not None:
                stream = await stream.start_tls(self._proxy.ssl_context, name, timeout)
            await self._open(stream, _asked_of_proxy(self._proxy, host, port), timeout)
        except BaseException:
            await stream.aclose()
            raise
        return stream

    async def _open(self, stream: httpcore2.AsyncNetworkStream, asked: h11.Request, timeout: float | None) -> None:  # noqa: ASYNC109  as above
        tunnel = h11.Connection(h11.CLIENT)
        await stream.write(tunnel.send(asked) or b"", timeout)
        await stream.write(tunnel.send(h11.EndOfMessage()) or b"", timeout)
        while not _is_open(tunnel):
            tunnel.receive_data(await stream.read(_READ_SIZE, timeout))


class _AsyncStream(httpcore2.AsyncNetworkStream):
    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self.has_answered = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  as above
        self.has_answered = True
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  as above
        self.has_answered = False
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  as above
    ) -> httpcore2.AsyncNetworkStream:
        try:
            return _AsyncStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except BaseException:  # the library does not close what a cancellation leaves half open
            await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  as above
        return self._stream.get_extra_info(info)
