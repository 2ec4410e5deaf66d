"""Sends requests and brings back whole answers: with ``_direct`` below it, all that knows the HTTP library.

No type of that library leaves it, and neither does one of its exceptions: not even as the cause or context of ours,
since it holds the request with its credentials. What it does of its own accord is little: it follows no redirect, keeps
no cookie and reads no ``.netrc``.
"""

from __future__ import annotations

import logging
import math
import os
import platform
import socket
import ssl
import threading
import zlib
from contextlib import suppress
from contextvars import ContextVar
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar, cast
from urllib.parse import urlsplit

import certifi
import httpcore
from msgspec import Struct

from dataarts_datamap._clock import Clock
from dataarts_datamap._direct import DirectPool
from dataarts_datamap._endpoints import Proxy, environment_proxy
from dataarts_datamap._errors import (
    AnswerTooLargeError,
    CertificateError,
    ClientClosedError,
    ConnectionFailedError,
    DataMapError,
    InvalidArgumentError,
    InvalidEnvelopeError,
    RequestTimeoutError,
    TransportError,
)
from dataarts_datamap._gate import Gate
from dataarts_datamap._masking import mask
from dataarts_datamap._messages import Response, Send, Sleep, Wait
from dataarts_datamap._text import printable
from dataarts_datamap._unpack import Unpacker
from dataarts_datamap._version import __version__

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Coroutine, Hashable, Iterable, Sequence

    from dataarts_datamap._cancellation import Cancellation
    from dataarts_datamap._messages import Request, Steps

T = TypeVar("T")
PoolT = TypeVar("PoolT", DirectPool | httpcore.ConnectionPool, httpcore.AsyncConnectionPool)
ErrorT = TypeVar("ErrorT", bound=DataMapError)

_LONGEST_CONNECT: Final = 10.0
_MOST_CONNECTIONS: Final = 100
_MOST_IDLE_CONNECTIONS: Final = 20
_LONGEST_IDLE: Final = 5.0
_NAP: Final = 0.2
_HEADERS: Final = {
    "user-agent": ("User-Agent", f"dataarts-datamap/{__version__} python/{platform.python_version()}"),
    "accept": ("Accept", "*/*"),
    "accept-encoding": ("Accept-Encoding", "gzip"),
}


# Whether this thread or task is in an exchange of ours.
_sending: ContextVar[bool] = ContextVar("_sending", default=False)


def _hide_details(record: logging.LogRecord) -> bool:
    # The library logs all headers of an answer, and that of a request for a token holds the token; the errors that it
    # logs quote what a server sent, which can be an echo.
    event, _, details = record.getMessage().partition(" ")
    if details and _sending.get() and event.endswith((".complete", ".failed")):
        record.msg, record.args = event, None
    return True


for _name in ("httpcore.connection", "httpcore.http11", "httpcore.proxy"):
    logging.getLogger(_name).addFilter(_hide_details)


class Network(Struct, frozen=True):
    """How a client talks.

    Attributes:
        timeout: Seconds to wait for the next bytes, and for a connection, of which ten at most.
        max_answer_size: Bytes that an answer may have, decompressed.
        proxy: Where requests go through; None for what the environment says.
    """

    timeout: float
    max_answer_size: int
    proxy: Proxy | None


class SyncTransport:
    """Takes steps over one pool of connections.

    Args:
        network: How to talk.
        clock: Time.
    """

    def __init__(self, network: Network, clock: Clock) -> None:
        self._network = network
        self._clock = clock
        self._backend = _TimedBackend(clock)
        self._pools = _Pools(self._open_pool, network.proxy, os.getpid)

    @property
    def is_open(self) -> bool:
        """Whether it holds connections of this process that no one closed."""
        return self._pools.is_open

    def run(self, steps: Steps[T], cancellation: Cancellation | None = None) -> T:
        """What the steps return, each of them taken, unless that is cancelled from another thread.

        Raises:
            ClientClosedError: The transport was closed.
            TransportError: No whole answer came back.
            CancelledError: It was cancelled.
        """
        self._backend.due.cancellation = cancellation
        try:
            step = next(steps)
            while True:
                if cancellation is not None and cancellation.is_cancelled:
                    raise _cancelled()
                if not isinstance(step, Send):
                    self._pause(step, cancellation)
                    step = steps.throw(closed) if (closed := self._pools.closed()) else next(steps)
                    continue
                try:
                    response = self._send(step)
                except DataMapError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(response)
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            steps.close()  # at once, even if a traceback keeps them alive: others may wait for what they began

    def close(self) -> None:
        """Close the connections, and so end the calls that wait, for them or for their time; again is harmless."""
        for pool in self._pools.take():
            pool.close()

    def _pause(self, step: Sleep | Wait, cancellation: Cancellation | None) -> None:
        """Wait as the step says; where another thread can cancel that, in naps.

        Raises:
            CancelledError: It was cancelled.
        """
        left = step.seconds if isinstance(step, Sleep) else max(0.0, step.until - self._clock.monotonic())
        while cancellation is not None and left > _NAP and not (isinstance(step, Wait) and step.gate.is_open):
            self._nap(step, _NAP)
            left -= _NAP
            if cancellation.is_cancelled:
                raise _cancelled()
            if self._pools.closing.is_open:
                return
        self._nap(step, left)

    def _nap(self, step: Sleep | Wait, seconds: float) -> None:
        if isinstance(step, Wait):
            step.gate.wait(seconds)
        elif type(self._clock).sleep is Clock.sleep:  # a clock of another kind has a way of its own to wait
            self._pools.closing.wait(seconds)
        else:
            self._clock.sleep(seconds)

    def _send(self, step: Send) -> Response:
        pool, proxy = self._pools.route(step.request)
        arrival = _Arrival(step, self._clock, self._network.max_answer_size, proxy)
        self._backend.due.until = step.until
        marked = _sending.set(True)
        try:
            with pool.stream(**_parts(step.request, self._network.timeout, arrival.left)) as answer:
                arrival.begin(answer.status, answer.headers)
                for piece in answer.iter_stream():
                    arrival.feed(piece)
            return arrival.response()
        except _FOREIGN as error:
            failure = self._pools.closed() or arrival.failure(error)
        finally:
            _sending.reset(marked)
        raise failure

    def _open_pool(self, proxy: Proxy | None) -> DirectPool | httpcore.ConnectionPool:
        if proxy is None:
            return DirectPool(tls_context=tls_context, **_pool_size(), network_backend=self._backend)
        return httpcore.ConnectionPool(
            ssl_context=tls_context(), **_pool_size(), proxy=_proxied(proxy), network_backend=self._backend
        )


class AsyncTransport:
    """Takes steps over one pool of connections, in an event loop.

    Args:
        network: How to talk.
        clock: Time.
    """

    def __init__(self, network: Network, clock: Clock) -> None:
        self._network = network
        self._clock = clock
        self._pools = _Pools(self._open_pool, network.proxy, _process_and_loop, _is_closed_here)

    @property
    def is_open(self) -> bool:
        """Whether it holds connections of this process that no one closed."""
        return self._pools.is_open

    async def run(self, steps: Steps[T]) -> T:
        """What the steps return, each of them taken.

        Raises:
            ClientClosedError: The transport was closed.
            TransportError: No whole answer came back.
        """
        try:
            step = next(steps)
            while True:
                if not isinstance(step, Send):
                    await self._pause(step)
                    step = steps.throw(closed) if (closed := self._pools.closed()) else next(steps)
                    continue
                try:
                    response = await self._send(step)
                except DataMapError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(response)
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            steps.close()  # at once, even if a traceback keeps them alive: others may wait for what they began

    async def close(self) -> None:
        """Close the connections, and so end the calls that wait, for them or for their time; again is harmless."""
        for pool in self._pools.take():
            await pool.aclose()

    async def _pause(self, step: Sleep | Wait) -> None:
        if isinstance(step, Wait):
            await step.gate.wait_async(max(0.0, step.until - self._clock.monotonic()))
        elif type(self._clock).sleep_async is Clock.sleep_async:  # as above
            await self._pools.closing.wait_async(step.seconds)
        else:
            await self._clock.sleep_async(step.seconds)

    async def _send(self, step: Send) -> Response:
        pool, proxy = self._pools.route(step.request)
        arrival = _Arrival(step, self._clock, self._network.max_answer_size, proxy)
        import asyncio  # noqa: PLC0415  the largest module there is, and a client for threads does without

        marked = _sending.set(True)
        try:
            async with asyncio.timeout(arrival.left):
                await _cancelled_in_time(self._receive(pool, step.request, arrival), arrival)
            return arrival.response()
        except _FOREIGN as error:
            failure = self._pools.closed() or arrival.failure(error)
        finally:
            _sending.reset(marked)
        raise failure

    async def _receive(self, pool: httpcore.AsyncConnectionPool, request: Request, arrival: _Arrival) -> None:
        async with pool.stream(**_parts(request, self._network.timeout, arrival.left)) as answer:
            try:
                arrival.begin(answer.status, answer.headers)
                async for piece in answer.aiter_stream():
                    arrival.feed(piece)
            finally:
                arrival.is_over = True

    def _open_pool(self, proxy: Proxy | None) -> httpcore.AsyncConnectionPool:
        proxied = None if proxy is None else _proxied(proxy)
        return _AsyncPool(ssl_context=tls_context(), **_pool_size(), proxy=proxied, network_backend=_AsyncBackend())


async def _cancelled_in_time(exchange: Coroutine[Any, Any, None], arrival: _Arrival) -> None:
    """Take the exchange to its end, or cancel it once, while the answer comes in: not while it is put away.

    Else the library would count its connection as used for ever.
    """
    import asyncio  # noqa: PLC0415  as above

    task = asyncio.create_task(exchange)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        if not arrival.is_over:
            task.cancel()
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait((task,))
        raise


class _AsyncPool(httpcore.AsyncConnectionPool):
    def create_connection(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        return cast("httpcore.AsyncConnectionInterface", _AsyncConnection(super().create_connection(origin)))


class _AsyncConnection:
    """A connection of the library's that is closed where its request is cancelled, which else leaves a new one open."""

    def __init__(self, connection: httpcore.AsyncConnectionInterface) -> None:
        self._connection = connection
        self._requests = 0

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        import asyncio  # noqa: PLC0415  as above

        self._requests += 1
        try:
            return await self._connection.handle_async_request(request)
        except asyncio.CancelledError:
            if self._requests == 1:
                await self._connection.aclose()
            raise
        finally:
            self._requests -= 1

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever else the library asks it
        return getattr(self._connection, name)


class _Pools(Generic[PoolT]):
    """The connections of a client: one pool, and one more for each proxy that the environment adds.

    Connections work only where they were opened: in one process and, if they are asynchronous, in one event loop.
    Elsewhere others are opened. Threads share all of it without a lock, which a process that forks could leave held.
    """

    def __init__(
        self,
        open_pool: Callable[[Proxy | None], PoolT],
        proxy: Proxy | None,
        place: Callable[[], Hashable],
        is_gone: Callable[[Any], bool] = lambda _: False,
    ) -> None:
        self._open_pool: Callable[[Proxy | None], PoolT] = open_pool
        self._proxy = proxy
        self._pools: dict[Hashable, dict[Proxy | None, PoolT]] = {}
        self._routes: dict[str, Proxy | None] = {}
        self._find_place = place
        self._is_gone = is_gone
        self._process = os.getpid()
        self._closed = False
        self._gates: dict[int, Gate] = {}

    @property
    def closing(self) -> Gate:
        """Opens when the client is closed. Each process has its own: a lock that was held at a fork stays so there."""
        process = os.getpid()
        return self._gates.get(process) or self._gates.setdefault(process, Gate())

    @property
    def is_open(self) -> bool:
        return not self._closed and any(self._pools.values()) and self._process == os.getpid()

    def route(self, request: Request) -> tuple[PoolT, Proxy | None]:
        """The pool for a request, and the proxy that it goes through."""
        place = self._find_place()
        pools = self._pools.get(place)
        if pools is None:
            pools = self._settle(place)
        proxy = None if request.direct else self._find_proxy(request.endpoint)
        pool = pools.get(proxy) or pools.setdefault(proxy, self._open_pool(proxy))
        if closed := self.closed():  # asked last: who closes now finds the pool
            raise closed
        return pool, proxy

    def _find_proxy(self, endpoint: str) -> Proxy | None:
        if endpoint not in self._routes:
            self._routes[endpoint] = self._proxy or environment_proxy(endpoint)
        return self._routes[endpoint]

    def closed(self) -> ClientClosedError | None:
        """The error of a client that was closed."""
        return ClientClosedError("the client is closed: make a new one, or close it later") if self._closed else None

    def take(self) -> list[PoolT]:
        """The pools to close; there will be no more."""
        self._closed = True
        self.closing.open()
        return list(self._pools.pop(self._find_place(), {}).values())

    def _settle(self, place: Hashable) -> dict[Proxy | None, PoolT]:
        # Connections of other places are kept, but not touched: a parent's, whose locks a thread of it may hold for
        # ever here, and those of another event loop. Those of a loop that was closed can go.
        for other in filter(self._is_gone, list(self._pools)):
            self._pools.pop(other, None)
        self._process = os.getpid()
        return self._pools.setdefault(place, {})


def _process_and_loop() -> tuple[int, AbstractEventLoop]:
    import asyncio  # noqa: PLC0415  as above

    return os.getpid(), asyncio.get_running_loop()


def _is_closed_here(place: tuple[int, AbstractEventLoop]) -> bool:
    process, loop = place
    return process == os.getpid() and loop.is_closed()


def _cancelled() -> BaseException:
    from concurrent.futures import CancelledError  # noqa: PLC0415  who cancels has loaded it

    return CancelledError()


class _Due(threading.local):
    """The time by which the request of this thread must be answered, and what can end it before."""

    until: float = math.inf
    cancellation: Cancellation | None = None


class _TimedBackend(httpcore.NetworkBackend):
    """The network, on which nothing takes longer than the request of the thread may.

    A library's timeout is for the next bytes alone, and a server can send them one by one. Looking up a name is left
    out: the system's resolver has limits of its own, and a thread cannot be interrupted in it.
    """

    def __init__(self, clock: Clock) -> None:
        self.due = _Due()
        self._clock = clock
        self._backend = httpcore.SyncBackend()

    def left(self, timeout: float | None) -> float:
        """The timeout, or what is left if that is less."""
        left = self.due.until - self._clock.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left if timeout is None else min(timeout, left)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"no address of {host}")
        for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            left = self.left(timeout)  # for each address anew, or else many would add up
            try:
                stream = self._backend.connect_tcp(str(address[0]), port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self)
        raise failure


class _TimedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, backend: _TimedBackend) -> None:
        self._stream = stream
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        cancellation = self._backend.due.cancellation
        if cancellation is None:
            return self._stream.read(max_bytes, self._backend.left(timeout))
        with cancellation.watching(self._stream.get_extra_info("socket")):
            return self._stream.read(max_bytes, self._backend.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._backend.left(timeout))

    def close(self) -> None:
        with suppress(OSError):  # a thread that still reads would not notice that the socket is closed
            self._stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._backend.left(timeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._backend)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  the library's own signature
        return self._stream.get_extra_info(info)


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    """The network in an event loop, where a deadline is a cancellation: it closes what that leaves half open."""

    def __init__(self) -> None:
        self._backend = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the library's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _AsyncStream(await self._backend.connect_tcp(host, port, timeout, local_address, socket_options))


class _AsyncStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  as above
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  as above
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  as above
    ) -> httpcore.AsyncNetworkStream:
        import asyncio  # noqa: PLC0415  as above

        try:
            return _AsyncStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except asyncio.CancelledError:
            await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  as above
        return self._stream.get_extra_info(info)


_FOREIGN: Final = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    OSError,
    UnicodeError,
    zlib.error,
)
_FAILURES: Final[tuple[tuple[type[Exception], type[TransportError], str], ...]] = (
    (TimeoutError, RequestTimeoutError, "no whole answer before the deadline from"),
    (httpcore.ConnectTimeout, ConnectionFailedError, "no connection in time to"),
    (httpcore.PoolTimeout, RequestTimeoutError, "no connection was free in time to"),
    (httpcore.TimeoutException, RequestTimeoutError, "no answer in time from"),
    (httpcore.ConnectError, ConnectionFailedError, "no connection to"),
    (httpcore.ProxyError, ConnectionFailedError, "no connection to"),
    (socket.gaierror, ConnectionFailedError, "no connection to"),
    (zlib.error, TransportError, "broken compression from"),
)


class _Arrival:
    """An answer while it comes in, or the error that it turns into.

    Attributes:
        is_over: Whether nothing more is read of it.
    """

    def __init__(self, step: Send, clock: Clock, max_size: int, proxy: Proxy | None) -> None:
        self._request = step.request
        self._until = step.until
        self._clock = clock
        self._max_size = max_size
        self._proxy = proxy
        self._started = clock.monotonic()
        self._head: tuple[int, dict[str, str]] | None = None
        self._unpacker = Unpacker("")
        self._parts: list[bytes] = []
        self._size = 0
        self.is_over = False

    @property
    def left(self) -> float:
        """Seconds until the answer is due."""
        return max(0.0, self._until - self._clock.monotonic())

    def begin(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Take the head of the answer."""
        self._head = status, _header_fields(headers)
        encoding = self._head[1].get("content-encoding", "")
        try:
            self._unpacker = Unpacker(encoding)
        except LookupError:
            failure = self._error(InvalidEnvelopeError, f"the answer is encoded as {self._quoted(encoding, 40)!r}")
        else:
            return
        raise failure

    def feed(self, piece: bytes) -> None:
        """Take a piece of the content."""
        self._keep(self._unpacker.unpack(piece, self._max_size - self._size + 1))

    def response(self) -> Response:
        """The whole answer."""
        if not self._unpacker.is_whole:
            raise self._error(TransportError, f"compression that is cut short from {self._where}")
        return self._respond(b"".join(self._parts))

    def failure(self, error: Exception) -> DataMapError:
        """What an exception of another library means here."""
        if isinstance(error, httpcore.LocalProtocolError):  # its text holds the value, which may be secret
            return self._error(InvalidArgumentError, "a header of the request holds what cannot be sent")
        if isinstance(error, httpcore.TimeoutException) and not self.left:
            error = TimeoutError()
        kind, problem = next(
            ((kind, problem) for cause, kind, problem in _FAILURES if isinstance(error, cause)),
            (TransportError, "no whole answer from"),
        )
        if error.args and isinstance(error.args[0], ssl.SSLCertVerificationError):
            kind = CertificateError
        reason = self._quoted(str(error) or type(error).__name__, 200)
        failure = self._error(kind, f"{problem} {self._where}: {reason}")
        if isinstance(error, httpcore.ProxyError):
            failure.status = _leading_status(str(error))
        return failure

    @property
    def _where(self) -> str:
        return self._request.endpoint + (f" through the proxy {self._proxy.address}" if self._proxy else "")

    def _quoted(self, text: str, limit: int) -> str:
        return printable(self._masked(text), limit=limit)  # masked first: half of a secret is not found

    def _masked(self, text: str) -> str:
        return mask(text, self._request, self._head[1] if self._head else {})

    def _keep(self, content: bytes) -> None:
        self._size += len(content)
        if self._size > self._max_size:
            problem = f"the answer from {self._where} is larger than {self._max_size} bytes (max_answer_size)"
            raise self._error(AnswerTooLargeError, problem)
        self._parts.append(content)

    def _respond(self, content: bytes) -> Response:
        status, headers = self._head or (0, {})
        elapsed = self._clock.monotonic() - self._started
        return Response(request=self._request, status=status, headers=headers, content=content, elapsed=elapsed)

    def _error(self, kind: type[ErrorT], text: str) -> ErrorT:
        facts = self._respond(b"").facts()
        facts["status"] = self._head[0] if self._head else None
        facts["request_id"] = facts["request_id"] and self._masked(facts["request_id"])
        return kind(self._masked(text), **facts)


def _header_fields(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode(errors="replace")
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


def _leading_status(text: str) -> int | None:
    digits = text.partition(" ")[0]
    return int(digits) if digits.isdecimal() else None


class _Origin(NamedTuple):
    """Where an endpoint is, as the library is told of it, and how much of its address that is."""

    scheme: bytes
    host: bytes
    port: int | None
    netloc: str
    length: int


@lru_cache(maxsize=16)
def _origin(endpoint: str) -> _Origin:
    parts = urlsplit(endpoint)
    host, length = (parts.hostname or "").encode(), len(f"{parts.scheme}://{parts.netloc}")
    return _Origin(parts.scheme.encode(), host, parts.port, parts.netloc, length)


def _parts(request: Request, timeout: float, left: float) -> dict[str, Any]:
    """The keywords of the library for a request, whose address goes out exactly as it stands."""
    origin = _origin(request.endpoint)
    headers = {**_HEADERS, "host": ("Host", origin.netloc)}
    headers |= {name.lower(): (name, value) for name, value in request.headers.items()}
    return {
        "method": request.method,
        "url": httpcore.URL(
            scheme=origin.scheme, host=origin.host, port=origin.port, target=request.url[origin.length :].encode()
        ),
        # As bytes, so that a header that is not ASCII goes out as UTF-8, which is what a signature covers.
        "headers": [(name.encode(), value.encode()) for name, value in headers.values()],
        "content": request.content or None,
        "extensions": {
            "timeout": {"connect": min(timeout, _LONGEST_CONNECT), "read": timeout, "write": timeout, "pool": left}
        },
    }


def _pool_size() -> dict[str, Any]:
    return {
        "max_connections": _MOST_CONNECTIONS,
        "max_keepalive_connections": _MOST_IDLE_CONNECTIONS,
        "keepalive_expiry": _LONGEST_IDLE,
    }


def _proxied(proxy: Proxy) -> httpcore.Proxy:
    ssl_context = tls_context() if proxy.address.startswith("https:") else None
    return httpcore.Proxy(proxy.address, auth=proxy.auth, ssl_context=ssl_context)


@cache
def tls_context() -> ssl.SSLContext:
    """Which certificates are trusted: those of certifi, or of ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``."""
    # Loading the certificates takes 20 ms of CPU: clients share them.
    file, folder = os.environ.get("SSL_CERT_FILE") or None, os.environ.get("SSL_CERT_DIR") or None
    if file or folder:
        return ssl.create_default_context(cafile=file, capath=folder)
    return ssl.create_default_context(cafile=certifi.where())
