"""The connections of a client, by process and event loop."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from dataarts_datamap._errors import ClientClosedError, ConfigurationError
from dataarts_datamap._one_shot_event import OneShotEvent
from dataarts_datamap._transport.proxies import Proxy, environment_proxy

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Hashable

    from dataarts_datamap._messages import Request

PoolT = TypeVar("PoolT")


class PoolRegistry(Generic[PoolT]):
    """The connections of a client: one pool for each proxy that requests go through, and one for direct requests.

    Connections only work in the process and, if they are asynchronous, in the event loop that opened them. Elsewhere,
    new ones are opened. Threads share the registry without a lock, since a fork could leave a lock held for ever.

    Attributes:
        closing: Set when the client is closed.
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
        self.closing = OneShotEvent()

    @property
    def is_open(self) -> bool:
        return not self.closing.is_set and any(self._pools.values()) and self._process == os.getpid()

    def route(self, request: Request) -> tuple[PoolT, Proxy | None]:
        """The pool for a request, and the proxy that the request goes through; None for a direct request."""
        place = self._find_place()
        pools = self._pools.get(place)
        if pools is None:
            pools = self._settle(place)
        proxy = None if request.direct else self._find_proxy(request.endpoint)
        pool = pools.get(proxy) or pools.setdefault(proxy, self._open_pool(proxy))
        if closed := self.closed():  # checked last, so that a concurrent close finds the pool
            raise closed
        return pool, proxy

    def _find_proxy(self, endpoint: str) -> Proxy | None:
        if endpoint not in self._routes:
            self._routes[endpoint] = self._proxy or environment_proxy(endpoint)
        return self._routes[endpoint]

    def closed(self) -> ClientClosedError | None:
        if not self.closing.is_set:
            return None
        return ClientClosedError("the client is closed: create a new one, or close it later")

    def take(self) -> list[PoolT]:
        """The pools of this process and event loop, for the caller to close; from now on, no request gets a pool."""
        self.closing.set()
        return list(self._pools.pop(self._find_place(), {}).values())

    def _settle(self, place: Hashable) -> dict[Proxy | None, PoolT]:
        # Connections of a parent process or of another event loop are kept, but not touched: locks of a parent process
        # may be held for ever here. Connections of a closed loop are dropped.
        for other in filter(self._is_gone, list(self._pools)):
            self._pools.pop(other, None)
        self._process = os.getpid()
        return self._pools.setdefault(place, {})


def process_and_loop() -> tuple[int, AbstractEventLoop]:
    import asyncio  # noqa: PLC0415  a large module, which the synchronous client does not need

    try:
        return os.getpid(), asyncio.get_running_loop()
    except RuntimeError:
        problem = (
            "AsyncDataMapClient needs a running event loop of asyncio: under trio, call DataMapClient in a thread "
            "(trio.to_thread.run_sync), or run anyio with its asyncio backend"
        )
    raise ConfigurationError(problem)


def is_closed_here(place: tuple[int, AbstractEventLoop]) -> bool:
    process, loop = place
    return process == os.getpid() and loop.is_closed()
