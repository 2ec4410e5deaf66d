"""Connections in event loops, by the HTTP library's pool. No other module knows that library.

The library's types and exceptions do not leave this module. Its exceptions hold the request with its credentials, so
they are not even the cause or context of ours.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, cast

import h11
import httpcore2

from dataarts_datamap._secrets import Hidden
from dataarts_datamap._transport.stand_ins import StandIns
from dataarts_datamap._transport.tunnels import Tunnel, forwarded
from dataarts_datamap._transport.wire import (
    SAFE_METHODS,
    ConnectError,
    ConnectTimeoutError,
    InvalidRequestError,
    Origin,
    PoolTimeoutError,
    ProtocolError,
    ReadTimeoutError,
    WireError,
    WireResponse,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterable

    from dataarts_datamap._transport.proxies import Proxy
    from dataarts_datamap._transport.wire import WireRequest

_READ_SIZE: Final = 64 * 1024
_LONGEST_GOODBYE: Final = 0.5


class _Use:
    """The use of a connection by a request.

    Attributes:
        stand_ins: The stand-ins that the library gets for secrets.
        is_of_kept_connection: Whether a response had been read from the connection before this request was sent.
        has_received: Whether any bytes have arrived for this request.
    """

    is_of_kept_connection = False
    has_received = False

    def __init__(self, stand_ins: StandIns) -> None:
        self.stand_ins = stand_ins


_sending: ContextVar[bool] = ContextVar("_sending", default=False)  # whether the library works for a pool of ours
_use: ContextVar[_Use] = ContextVar("_use")  # the connection's use in this task; unset before the first exchange


def _hide_details(record: logging.LogRecord) -> bool:
    # The library logs all headers of a response; the response to a request for a token has the token there. Its log
    # also quotes errors with the server's bytes, which can echo a secret.
    event, _, details = record.getMessage().partition(" ")
    if details and _sending.get() and event.endswith((".complete", ".failed")):
        record.msg, record.args = event, None
    return True


for _name in ("httpcore2.connection", "httpcore2.http11", "httpcore2.proxy"):
    logging.getLogger(_name).addFilter(_hide_details)

_MEANINGS: tuple[tuple[type[Exception], type[WireError]], ...] = (
    (httpcore2.LocalProtocolError, InvalidRequestError),
    (h11.LocalProtocolError, InvalidRequestError),  # the library does not translate it at the end of the content
    (httpcore2.ConnectTimeout, ConnectTimeoutError),
    (httpcore2.PoolTimeout, PoolTimeoutError),
    (httpcore2.TimeoutException, ReadTimeoutError),
    (httpcore2.ConnectError, ConnectError),
    (httpcore2.NetworkError, ProtocolError),
    (httpcore2.ProtocolError, ProtocolError),
    (httpcore2.UnsupportedProtocol, ProtocolError),
)


@contextmanager
def _border() -> Generator[None]:
    """Convert errors of the library inside the block to ours."""
    marked = _sending.set(True)
    try:
        yield
    except tuple(library for library, _ in _MEANINGS) as error:
        ours = next(ours for library, ours in _MEANINGS if isinstance(error, library))
        raise ours(_reason(error)) from None
    finally:
        _sending.reset(marked)


def _reason(error: Exception) -> object:
    """The reason for an error. Event loops raise errors without a text: their cause counts, else their name."""
    reason = error.args[0] if error.args else ""
    if isinstance(reason, Exception) and not isinstance(reason, TimeoutError) and not str(reason):
        return reason.__cause__ or type(reason).__name__
    return reason


class AsyncPool:
    """Connections in an event loop; ``limits`` are those of ``H11Pool``."""

    def __init__(self, proxy: Proxy | None, tls_context: Callable[[], ssl.SSLContext], **limits: Any) -> None:  # noqa: ANN401  the library's own names
        self._proxy = proxy
        self._pool = _TunnellingPool(proxy, tls_context(), limits)
        self._exchanges: set[asyncio.Task[Any]] = set()
        self._is_closed = False

    @asynccontextmanager
    async def stream(self, request: WireRequest) -> AsyncGenerator[WireResponse[AsyncIterator[bytes]]]:
        """The head of the response, and its content as it arrives.

        The caller runs it in a separate task, which ``close`` cancels.

        Raises:
            WireError: No complete response arrived.
            ConnectionAbortedError: The pool was closed.
        """
        with self._ended_by_closing(), _border():
            async with AsyncExitStack() as stack:
                response = await self._answered(request, stack)
                _refuse_early_answer(response)
                yield WireResponse(response.status, response.headers, response.aiter_stream())

    async def close(self) -> None:
        """Close the connections for good, and cancel the tasks that use one, wait for one or make one.

        It waits for the end of these tasks, half a second at most.
        """
        self._is_closed = True
        exchanges = tuple(self._exchanges)
        for task in exchanges:
            task.cancel()
        await self._pool.aclose()
        if exchanges:
            await asyncio.wait(exchanges, timeout=_LONGEST_GOODBYE)

    async def _answered(self, request: WireRequest, stack: AsyncExitStack) -> httpcore2.Response:
        """The head of the response. A safe request is sent again if its connection was kept, but had been closed."""
        arguments, stand_ins = _arguments(request, self._proxy)
        use = _Use(stand_ins)
        _use.set(use)
        try:
            return await stack.enter_async_context(self._pool.stream(**arguments))
        except (httpcore2.RemoteProtocolError, httpcore2.ReadError, httpcore2.WriteError):
            if not use.is_of_kept_connection or use.has_received or request.method not in SAFE_METHODS:
                raise
        return await stack.enter_async_context(self._pool.stream(**arguments))

    @contextmanager
    def _ended_by_closing(self) -> Generator[None]:
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._exchanges.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if self._is_closed and not task.uncancel():
                raise ConnectionAbortedError("the pool was closed") from None
            raise
        finally:
            self._exchanges.discard(task)


def _arguments(request: WireRequest, proxy: Proxy | None) -> tuple[dict[str, Any], StandIns]:
    """The arguments for the library, and the stand-ins in them."""
    origin, target, headers = request.origin, request.target, request.headers
    if proxy is not None and origin.scheme == "http":
        target, headers = forwarded(request, proxy)
        origin = proxy.origin
    timeouts = request.timeouts
    stand_ins = StandIns(headers, Hidden(request.content))
    arguments = {
        "method": request.method,
        "url": httpcore2.URL(scheme=origin.scheme.encode(), host=origin.host.encode(), port=origin.port, target=target),
        "headers": stand_ins.headers,
        "content": stand_ins.content or None,
        "extensions": {
            "timeout": {
                "connect": timeouts.connect,
                "read": timeouts.silence,
                "write": timeouts.silence,
                "pool": timeouts.free,
            }
        },
    }
    return arguments, stand_ins


def _refuse_early_answer(response: httpcore2.Response) -> None:
    """Refuse a response that arrived before its request: the library takes leftover bytes for the next response."""
    extensions = cast("dict[str, object]", response.extensions)
    if not getattr(extensions["network_stream"], "has_answered", True):
        raise ProtocolError("The response came before its request.")


class _TunnellingPool(httpcore2.AsyncConnectionPool):
    """A pool that makes the tunnels through a proxy itself.

    If the handshake in a tunnel of the library fails or is cancelled, the library counts the connection as in use
    for ever.
    """

    def __init__(self, proxy: Proxy | None, ssl_context: ssl.SSLContext, limits: dict[str, Any]) -> None:
        super().__init__(ssl_context=ssl_context, network_backend=_Network(), **limits)
        self._tunnels = None if proxy is None else _Tunnels(proxy, ssl_context)

    def create_connection(self, origin: httpcore2.Origin) -> httpcore2.AsyncConnectionInterface:
        if self._tunnels is None or origin == self._tunnels.proxy_origin:
            return super().create_connection(origin)
        return httpcore2.AsyncHTTPConnection(
            origin, self._ssl_context, self._keepalive_expiry, network_backend=self._tunnels
        )


class _Network(httpcore2.AsyncNetworkBackend):
    """The network in an event loop. Its streams close the socket of a handshake that a deadline cancels."""

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
        return _Stream(await self._backend.connect_tcp(host, port, timeout, local_address, socket_options))


class _Tunnels(_Network):
    """The network behind a proxy, reached by ``CONNECT``."""

    def __init__(self, proxy: Proxy, ssl_context: ssl.SSLContext) -> None:
        super().__init__()
        self._proxy = proxy
        self._ssl_context = ssl_context
        there = proxy.origin
        self.proxy_origin = httpcore2.URL(
            scheme=there.scheme.encode(), host=there.host.encode(), port=there.port, target=b"/"
        ).origin

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the library's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        there, port_there = self._proxy.origin, self.proxy_origin.port
        stream = await super().connect_tcp(there.host, port_there, timeout, local_address, socket_options)
        try:
            if there.scheme == "https":
                stream = await stream.start_tls(self._ssl_context, there.host, timeout)
            tunnel = Tunnel(self._proxy, Origin("https", host, port))
            await stream.write(cast("bytes", memoryview(tunnel.request.value)), timeout)  # hides its value
            while not tunnel.is_opened_by(await stream.read(_READ_SIZE, timeout)):
                pass
        except BaseException:
            await stream.aclose()
            raise
        return stream


class _Stream(httpcore2.AsyncNetworkStream):
    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self._was_read = False
        self.has_answered = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  as above
        self.has_answered = self._was_read = True
        data = await self._stream.read(max_bytes, timeout)
        _use.get().has_received |= bool(data)
        return data

    async def write(self, buffer: bytes | memoryview, timeout: float | None = None) -> None:  # noqa: ASYNC109  as above
        self.has_answered = False
        use = _use.get()
        use.is_of_kept_connection = self._was_read
        shown = buffer if isinstance(buffer, memoryview) else memoryview(use.stand_ins.revealed(buffer).value)
        await self._stream.write(cast("bytes", shown), timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  as above
    ) -> httpcore2.AsyncNetworkStream:
        try:
            return _Stream(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except BaseException:  # after a cancellation, the library leaves the stream half open
            await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  as above
        return self._stream.get_extra_info(info)
