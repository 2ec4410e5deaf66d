"""Sends requests and brings back whole answers.

What it does of its own accord is little: it follows no redirect, keeps no cookie and reads no ``.netrc``.
"""

from __future__ import annotations

import os
import platform
import socket
import ssl
import zlib
from contextlib import suppress
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

from dataarts_datamap._api.endpoints import Proxy, environment_proxy
from dataarts_datamap._clock import Clock
from dataarts_datamap._direct import DirectPool
from dataarts_datamap._errors import (
    AnswerTooLargeError,
    CertificateError,
    ClientClosedError,
    ConfigurationError,
    ConnectionFailedError,
    DataMapError,
    InvalidArgumentError,
    InvalidEnvelopeError,
    RequestTimeoutError,
    TransportError,
)
from dataarts_datamap._exchange import (
    Due,
    ExchangeError,
    LateConnectionError,
    LateError,
    NoFreeConnectionError,
    NotConnectedError,
    Origin,
    Outgoing,
    ProxyRefusedError,
    Timeouts,
    UnsendableError,
)
from dataarts_datamap._messages import Response, Send, Sleep, Wait
from dataarts_datamap._one_shot_event import Gate
from dataarts_datamap._secrets import mask
from dataarts_datamap._text import printable
from dataarts_datamap._unpack import Unpacker
from dataarts_datamap._version import __version__

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Coroutine, Hashable, Sequence

    from dataarts_datamap._cancellation import Cancellation
    from dataarts_datamap._messages import Request, Steps
    from dataarts_datamap._pooled import AsyncPool, ProxyPool

T = TypeVar("T")
PoolT = TypeVar("PoolT")
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
        self._pools: _Pools[DirectPool | ProxyPool] = _Pools(self._open_pool, network.proxy, os.getpid)

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
                    response = self._send(step, cancellation)
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

    def _send(self, step: Send, cancellation: Cancellation | None) -> Response:
        pool, proxy = self._pools.route(step.request)
        arrival = _Arrival(step, self._clock, self._network.max_answer_size, proxy)
        try:
            self._receive(pool, step, arrival, cancellation)
            return arrival.response()
        except _FOREIGN as error:
            failure = self._pools.closed() or arrival.failure(error)
        raise failure

    def _receive(
        self, pool: DirectPool | ProxyPool, step: Send, arrival: _Arrival, cancellation: Cancellation | None
    ) -> None:
        due = Due(step.until, self._clock, cancellation)
        with pool.stream(_outgoing(step.request, self._network.timeout, due, arrival.left)) as answer:
            arrival.begin(answer.status, answer.headers)
            for piece in answer.pieces:
                arrival.feed(piece)

    def _open_pool(self, proxy: Proxy | None) -> DirectPool | ProxyPool:
        if proxy is None:
            return DirectPool(tls_context=tls_context, **_pool_size())
        from dataarts_datamap._pooled import ProxyPool  # noqa: PLC0415  loads a library that few clients need

        return ProxyPool(proxy, tls_context, **_pool_size())


class AsyncTransport:
    """Takes steps over one pool of connections, in an event loop.

    Args:
        network: How to talk.
        clock: Time.
    """

    def __init__(self, network: Network, clock: Clock) -> None:
        self._network = network
        self._clock = clock
        self._pools: _Pools[AsyncPool] = _Pools(self._open_pool, network.proxy, _process_and_loop, _is_closed_here)

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
            await pool.close()

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

        try:
            async with asyncio.timeout(arrival.left):
                await _cancelled_in_time(self._receive(pool, step, arrival), arrival)
            return arrival.response()
        except _FOREIGN as error:
            failure = self._pools.closed() or arrival.failure(error)
        raise failure

    async def _receive(self, pool: AsyncPool, step: Send, arrival: _Arrival) -> None:
        due = Due(step.until, self._clock)
        async with pool.stream(_outgoing(step.request, self._network.timeout, due, arrival.left)) as answer:
            try:
                arrival.begin(answer.status, answer.headers)
                async for piece in answer.pieces:
                    arrival.feed(piece)
            finally:
                arrival.is_over = True

    def _open_pool(self, proxy: Proxy | None) -> AsyncPool:
        from dataarts_datamap._pooled import AsyncPool  # noqa: PLC0415  loads a library that few clients need

        return AsyncPool(proxy, tls_context, **_pool_size())


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


_FOREIGN: Final = (ExchangeError, OSError, UnicodeError, zlib.error)
_FAILURES: Final[tuple[tuple[type[Exception], type[TransportError], str], ...]] = (
    (LateConnectionError, ConnectionFailedError, "no connection in time to"),
    (NoFreeConnectionError, RequestTimeoutError, "no connection was free in time to"),
    (LateError, RequestTimeoutError, "no answer in time from"),
    (TimeoutError, RequestTimeoutError, "no whole answer before the deadline from"),
    (NotConnectedError, ConnectionFailedError, "no connection to"),
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
        if isinstance(error, UnsendableError):  # its text holds the value, which may be secret
            return self._error(InvalidArgumentError, "a header of the request holds what cannot be sent")
        if isinstance(error, LateError) and not self.left:
            error = TimeoutError()
        kind, problem = next(
            ((kind, problem) for cause, kind, problem in _FAILURES if isinstance(error, cause)),
            (TransportError, "no whole answer from"),
        )
        if error.args and isinstance(error.args[0], ssl.SSLCertVerificationError):
            kind = CertificateError
        reason = self._quoted(str(error), 200)
        failure = self._error(kind, f"{problem} {self._where}{reason and ': '}{reason}")
        if isinstance(error, ProxyRefusedError):
            failure.status = _leading_status(str(error))
        return failure

    @property
    def _where(self) -> str:
        return self._request.endpoint + (f" through the proxy {self._proxy.address}" if self._proxy else "")

    def _quoted(self, text: str, limit: int) -> str:
        return printable(self._masked(text), limit=limit)  # masked first: half of a secret is not found

    def _masked(self, text: str) -> str:
        received = self._head[1] if self._head else {}
        return mask(text, self._request.headers, received, secrets=self._request.secrets)

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


class _Address(Struct, frozen=True):
    """Where an endpoint is, and how much of its URL that is."""

    origin: Origin
    netloc: str
    length: int


@lru_cache(maxsize=16)
def _address(endpoint: str) -> _Address:
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"}:  # credentials of a user's own can ask for anything
        raise ExchangeError("it is neither http nor https")
    origin = Origin(parts.scheme, parts.hostname or "", parts.port)
    return _Address(origin, parts.netloc, len(f"{parts.scheme}://{parts.netloc}"))


def _outgoing(request: Request, timeout: float, due: Due, left: float) -> Outgoing:
    """The request as it goes on the wire, its address exactly as it stands."""
    address = _address(request.endpoint)
    headers = {**_HEADERS, "host": ("Host", address.netloc)}
    headers |= {name.lower(): (name, value) for name, value in request.headers.items()}
    return Outgoing(
        method=request.method,
        origin=address.origin,
        target=request.url[address.length :].encode(),
        # As bytes, so that a header that is not ASCII goes out as UTF-8, which is what a signature covers.
        headers=[(name.encode(), value.encode()) for name, value in headers.values()],
        content=request.content,
        timeouts=Timeouts(free=left, connect=min(timeout, _LONGEST_CONNECT), silence=timeout),
        due=due,
    )


def _pool_size() -> dict[str, Any]:
    return {
        "max_connections": _MOST_CONNECTIONS,
        "max_keepalive_connections": _MOST_IDLE_CONNECTIONS,
        "keepalive_expiry": _LONGEST_IDLE,
    }


@cache
def tls_context() -> ssl.SSLContext:
    """Which certificates are trusted: those of certifi, or of ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``.

    Raises:
        ConfigurationError: There are none in ``SSL_CERT_FILE``.
    """
    # Loading the certificates takes 20 ms of CPU: clients share them.
    file, folder = os.environ.get("SSL_CERT_FILE") or None, os.environ.get("SSL_CERT_DIR") or None
    if file or folder:
        try:
            return ssl.create_default_context(cafile=file, capath=folder)
        except OSError as error:
            problem = printable(f"SSL_CERT_FILE is {file!r}: {error.strerror}", limit=200)
        raise ConfigurationError(f"{problem}: let it name a file of certificates in PEM, or unset it")
    import certifi  # noqa: PLC0415  what a company's own certificates replace

    return ssl.create_default_context(cafile=certifi.where())
