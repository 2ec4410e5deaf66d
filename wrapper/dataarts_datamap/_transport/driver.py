"""Runs the steps of logic, in threads and in event loops: sends requests, receives complete responses, and waits.

It follows no redirects, keeps no cookies and reads no ``.netrc``.
"""

from __future__ import annotations

import os
import platform
import zlib
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from msgspec import Struct

from dataarts_datamap._arguments import split_address
from dataarts_datamap._clock import Clock
from dataarts_datamap._errors import DataMapError
from dataarts_datamap._messages import Response, Send, Sleep, Wait
from dataarts_datamap._one_shot_event import wait_for_first, wait_for_first_async
from dataarts_datamap._secrets import Hidden
from dataarts_datamap._transport import tls
from dataarts_datamap._transport.h11_pool import H11Pool
from dataarts_datamap._transport.pool_registry import PoolRegistry, is_closed_here, process_and_loop
from dataarts_datamap._transport.response_builder import ResponseBuilder
from dataarts_datamap._transport.wire import Deadline, Origin, Timeouts, WireError, WireRequest
from dataarts_datamap._version import __version__

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from dataarts_datamap._messages import Request, Steps
    from dataarts_datamap._one_shot_event import OneShotEvent
    from dataarts_datamap._transport.cancellation import Cancellation
    from dataarts_datamap._transport.httpcore_pools import AsyncPool
    from dataarts_datamap._transport.proxies import Proxy

T = TypeVar("T")
PoolT = TypeVar("PoolT")

_LONGEST_CONNECT: Final = 10.0
_MOST_CONNECTIONS: Final = 100
_MOST_IDLE_CONNECTIONS: Final = 20
_LONGEST_IDLE: Final = 5.0
_NAP: Final = 0.2
_HEADERS: Final = {
    "user-agent": ("User-Agent", Hidden(f"dataarts-datamap/{__version__} python/{platform.python_version()}")),
    "accept": ("Accept", Hidden("*/*")),
    "accept-encoding": ("Accept-Encoding", Hidden("gzip")),
}
_PLAIN_HEADERS: Final = frozenset((*_HEADERS, "host", "content-type", "instance", "x-project-id", "x-sdk-date"))
"""The headers whose values are never secret."""


class Network(Struct, frozen=True):
    """The network settings of a client.

    Attributes:
        timeout: Seconds to wait for the next bytes. For a new connection, the wait is ten seconds at most.
        max_answer_size: Maximum size of a response in bytes, decompressed.
        proxy: The proxy for requests; None to use the proxy that the environment names, if any.
    """

    timeout: float
    max_answer_size: int
    proxy: Proxy | None


class _TransportBase(Generic[PoolT]):
    """The settings and the pools of a client."""

    def __init__(self, network: Network, clock: Clock, pools: PoolRegistry[PoolT]) -> None:
        self._network = network
        self._clock = clock
        self._pools = pools

    @property
    def is_open(self) -> bool:
        """Whether it is not closed, and has pools of connections in this process."""
        return self._pools.is_open

    def _begin(self, step: Send) -> tuple[PoolT, ResponseBuilder]:
        pool, proxy = self._pools.route(step.request)
        return pool, ResponseBuilder(step, self._clock, self._network.max_answer_size, proxy)


class SyncTransport(_TransportBase[H11Pool]):
    """Runs steps in threads, over pools of connections."""

    def __init__(self, network: Network, clock: Clock) -> None:
        super().__init__(network, clock, PoolRegistry(self._open_pool, network.proxy, os.getpid))

    def run(self, steps: Steps[T], cancellation: Cancellation | None = None) -> T:
        """Run the steps, and return their result. The error of a request is thrown into the steps, which may handle it.

        Raises:
            DataMapError: The steps raised it, such as for a failed request, or the transport was closed
                (``ClientClosedError``).
            CancelledError: Another thread cancelled the run.
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
            steps.close()  # at once, even if a traceback keeps them alive: others may wait for their result

    def close(self) -> None:
        """Close the connections, which ends calls that wait for a response or between attempts.

        Calling it again does nothing.
        """
        for pool in self._pools.take():
            pool.close()

    def _pause(self, step: Sleep | Wait, cancellation: Cancellation | None) -> None:
        """Wait as the step demands. Closing the client or cancelling the run ends any wait but ``_nap`` at once."""
        ends = [self._pools.closing, *([cancellation.event] if cancellation is not None else [])]
        if isinstance(step, Wait):
            wait_for_first((step.event, *ends), step.until - self._clock.monotonic())
        elif type(self._clock).sleep is Clock.sleep:
            wait_for_first(ends, step.seconds)
        else:
            self._nap(step.seconds, ends)
        if cancellation is not None and cancellation.is_cancelled:
            raise _cancelled()

    def _nap(self, seconds: float, ends: Sequence[OneShotEvent]) -> None:
        """Wait on a custom clock, which cannot be woken: in short steps if the run can be cancelled, else in one."""
        while seconds > _NAP and len(ends) > 1:
            self._clock.sleep(_NAP)
            seconds -= _NAP
            if any(event.is_set for event in ends):
                return
        self._clock.sleep(seconds)

    def _send(self, step: Send, cancellation: Cancellation | None) -> Response:
        pool, arrival = self._begin(step)
        try:
            self._receive(pool, step, arrival, cancellation)
            return arrival.response()
        except _FOREIGN as error:
            failure = self._pools.closed() or arrival.failure(error)
        raise failure

    def _receive(self, pool: H11Pool, step: Send, arrival: ResponseBuilder, cancellation: Cancellation | None) -> None:
        deadline = Deadline(step.until, self._clock, cancellation)
        with pool.stream(_wire_request(step.request, self._network.timeout, deadline, arrival.left)) as response:
            arrival.begin(response.status, response.headers)
            for chunk in response.chunks:
                arrival.feed(chunk)

    def _open_pool(self, proxy: Proxy | None) -> H11Pool:
        return H11Pool(proxy, tls.tls_context, **_pool_size())


class AsyncTransport(_TransportBase["AsyncPool"]):
    """Runs steps in an event loop, over pools of connections."""

    def __init__(self, network: Network, clock: Clock) -> None:
        super().__init__(network, clock, PoolRegistry(self._open_pool, network.proxy, process_and_loop, is_closed_here))

    async def run(self, steps: Steps[T]) -> T:
        """Run the steps, and return their result. The error of a request is thrown into the steps, which may handle it.

        Raises:
            DataMapError: The steps raised it, such as for a failed request, or the transport was closed
                (``ClientClosedError``).
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
            steps.close()  # at once, even if a traceback keeps them alive: others may wait for their result

    async def close(self) -> None:
        """Close the connections of this event loop, which ends its calls that wait for a response or between attempts.

        Calling it again in this event loop does nothing.
        """
        for pool in self._pools.take():
            await pool.close()

    async def _pause(self, step: Sleep | Wait) -> None:
        closing = self._pools.closing
        if isinstance(step, Wait):
            await wait_for_first_async((step.event, closing), step.until - self._clock.monotonic())
        elif type(self._clock).sleep_async is Clock.sleep_async:
            await wait_for_first_async((closing,), step.seconds)
        else:  # a custom clock waits in its own way, and closing the client does not end its wait
            await self._clock.sleep_async(step.seconds)

    async def _send(self, step: Send) -> Response:
        pool, arrival = self._begin(step)
        import asyncio  # noqa: PLC0415  a large module, which the synchronous client does not need

        try:
            async with asyncio.timeout(arrival.left):
                await _cancelled_in_time(self._receive(pool, step, arrival), arrival)
            return arrival.response()
        except _FOREIGN as error:
            failure = self._pools.closed() or arrival.failure(error)
        raise failure

    async def _receive(self, pool: AsyncPool, step: Send, arrival: ResponseBuilder) -> None:
        deadline = Deadline(step.until, self._clock)
        async with pool.stream(_wire_request(step.request, self._network.timeout, deadline, arrival.left)) as response:
            try:
                arrival.begin(response.status, response.headers)
                async for chunk in response.chunks:
                    arrival.feed(chunk)
            finally:
                arrival.is_over = True

    def _open_pool(self, proxy: Proxy | None) -> AsyncPool:
        from dataarts_datamap._transport.httpcore_pools import AsyncPool  # noqa: PLC0415  loads a library that few clients need

        return AsyncPool(proxy, tls.tls_context, **_pool_size())


async def _cancelled_in_time(exchange: Coroutine[Any, Any, None], arrival: ResponseBuilder) -> None:
    """Run the exchange to its end. If the caller is cancelled, cancel the exchange once, unless reading has ended.

    After reading, the library releases the connection. If the release were cancelled, the library would count the
    connection as in use for ever.
    """
    import asyncio  # noqa: PLC0415  as above

    task = asyncio.create_task(exchange)
    try:
        await asyncio.wait((task,))  # from Python 3.14 on, asyncio.shield would log the end of a cancelled exchange
    except asyncio.CancelledError:
        if not arrival.is_over:
            task.cancel()
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait((task,))
        if not task.cancelled():
            task.exception()  # retrieved, since asyncio would log it otherwise
        raise
    task.result()


def _cancelled() -> BaseException:
    from concurrent.futures import CancelledError  # noqa: PLC0415  already loaded by any caller that cancels

    return CancelledError()


_FOREIGN: Final = (WireError, OSError, UnicodeError, zlib.error)


class _Address(Struct, frozen=True):
    """The parts of an endpoint's URL."""

    origin: Origin
    netloc: str
    length: int


@lru_cache(maxsize=16)
def _address(endpoint: str) -> _Address:
    parts = split_address(endpoint)
    if parts is None:  # custom credentials can request any URL
        raise WireError("it is not an http or https address")
    origin = Origin(parts.scheme, parts.hostname or "", parts.port)
    return _Address(origin, parts.netloc, len(f"{parts.scheme}://{parts.netloc}"))


def _wire_request(request: Request, timeout: float, deadline: Deadline, left: float) -> WireRequest:
    """The request in the form to send, with its URL unchanged."""
    address = _address(request.endpoint)
    headers = {**_HEADERS, "host": ("Host", Hidden(address.netloc))}
    headers |= {name.lower(): (name, Hidden(request.headers[name])) for name in request.headers}
    return WireRequest(
        method=request.method,
        origin=address.origin,
        target=request.url[address.length :].encode(),
        # As bytes, so that a header that is not ASCII is sent as UTF-8, as signed.
        headers=[
            (name.encode(), value.value.encode() if key in _PLAIN_HEADERS else Hidden(value.value.encode()))
            for key, (name, value) in headers.items()
        ],
        content=request.content,
        timeouts=Timeouts(free=left, connect=min(timeout, _LONGEST_CONNECT), silence=timeout),
        deadline=deadline,
    )


def _pool_size() -> dict[str, Any]:
    return {
        "max_connections": _MOST_CONNECTIONS,
        "max_keepalive_connections": _MOST_IDLE_CONNECTIONS,
        "keepalive_expiry": _LONGEST_IDLE,
    }
