"""Calls through each face of the client, over a real socket."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from dataarts_datamap import AsyncDataMapClient, Clock, DataMapClient, Operator, Run, TokenCredentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


class InstantClock(Clock):
    """A clock on which waiting takes no time: it records the waits, and moves forward by them."""

    def __init__(self, chance: float = 0.5) -> None:
        self.waits: list[float] = []
        self._chance = chance

    def monotonic(self) -> float:
        return time.monotonic() + sum(self.waits)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)

    def random(self) -> float:
        return self._chance


TOKEN = "made-up-token-0123456789"
SETTINGS: dict[str, Any] = {
    "project_id": "0833a5737480d53b2f25c010dc1a7b88",
    "instance_id": "6b884d52f8a74d5e9e0f24c5a7a62688",
    "credentials": TokenCredentials(TOKEN),
    "timeout": 10,
    "clock": InstantClock(),
}
WINDOW: dict[str, Any] = {"start": 1704902400000, "end": 1704988800000}


class _Awaited:
    """A client for an event loop whose calls block until they are done."""

    def __init__(self, client: AsyncDataMapClient, runner: asyncio.Runner) -> None:
        self._client = client
        self._runner = runner

    def __getattr__(self, name: str) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            return self._runner.run(getattr(self._client, name)(*arguments, **options))

        return call


class Addressed(Protocol):
    """The part of a server that a face needs."""

    @property
    def url(self) -> str:
        """Its address."""
        ...


@dataclass(frozen=True)
class At:
    """A server with only an address."""

    url: str


class Face(Protocol):
    """A face of the client; both are called in the same way."""

    def client(self, url: str, **settings: Any) -> AbstractContextManager[DataMapClient]:
        """A client of this face, called like the one for threads, but without pagers."""
        ...

    def list_operators(self, server: Addressed) -> list[Operator]:
        """The operators in the server's response."""
        ...

    def list_runs(self, server: Addressed, **options: Any) -> list[Run]:
        """The runs in the server's response."""
        ...


class SyncFace:
    """Calls through ``DataMapClient``."""

    def client(self, url: str, **settings: Any) -> AbstractContextManager[DataMapClient]:
        return DataMapClient(endpoint=url, **{**SETTINGS, **settings})

    def list_operators(self, server: Addressed) -> list[Operator]:
        with DataMapClient(endpoint=server.url, **SETTINGS) as client:
            return client.list_operators("a-table")

    def list_runs(self, server: Addressed, **options: Any) -> list[Run]:
        with DataMapClient(endpoint=server.url, **SETTINGS) as client:
            return client.list_runs("937987", **{"job_name": "a-job", **WINDOW, **options}).to_list()


class AsyncFace:
    """Calls through ``AsyncDataMapClient``."""

    @contextmanager
    def client(self, url: str, **settings: Any) -> Iterator[DataMapClient]:
        with asyncio.Runner() as runner:
            client = AsyncDataMapClient(endpoint=url, **{**SETTINGS, **settings})
            try:
                yield cast("DataMapClient", _Awaited(client, runner))
            finally:
                runner.run(client.close())

    def list_operators(self, server: Addressed) -> list[Operator]:
        async def call() -> list[Operator]:
            async with AsyncDataMapClient(endpoint=server.url, **SETTINGS) as client:
                return await client.list_operators("a-table")

        return asyncio.run(call())

    def list_runs(self, server: Addressed, **options: Any) -> list[Run]:
        async def call() -> list[Run]:
            async with AsyncDataMapClient(endpoint=server.url, **SETTINGS) as client:
                return await client.list_runs("937987", **{"job_name": "a-job", **WINDOW, **options}).to_list()

        return asyncio.run(call())
