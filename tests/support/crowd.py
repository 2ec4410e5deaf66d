"""Many simultaneous callers: threads, tasks of an event loop, or tasks in several event loops."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

from dataarts_datamap import AsyncDataMapClient, DataMapClient
from support.faces import WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = 32
_LOOPS = 4

Outcome = list[Any] | BaseException


def threads(settings: dict[str, Any]) -> list[Outcome]:
    """The results of 32 threads with one client, all started at the same time."""
    barrier = Barrier(SIZE)

    def call(client: DataMapClient) -> Outcome:
        barrier.wait()
        try:
            return client.list_runs("1", job_name="a", **WINDOW).to_list()
        except BaseException as error:  # noqa: BLE001  it is the outcome
            return error

    with DataMapClient(**settings) as client, ThreadPoolExecutor(SIZE) as pool:
        return list(pool.map(call, [client] * SIZE))


def tasks(settings: dict[str, Any]) -> list[Outcome]:
    """The results of 32 tasks with one client."""
    return asyncio.run(_tasks(settings, SIZE))


def loops(settings: dict[str, Any]) -> list[Outcome]:
    """The results of 32 tasks in four event loops, each with its own client and all with the same credentials."""

    def run(_: int) -> list[Outcome]:
        barrier.wait()
        return asyncio.run(_tasks(settings, SIZE // _LOOPS))

    barrier = Barrier(_LOOPS)
    with ThreadPoolExecutor(_LOOPS) as pool:
        return [outcome for outcomes in pool.map(run, range(_LOOPS)) for outcome in outcomes]


async def _tasks(settings: dict[str, Any], size: int) -> list[Outcome]:
    async with AsyncDataMapClient(**settings) as client:
        calls = [client.list_runs("1", job_name="a", **WINDOW).to_list() for _ in range(size)]
        return list(await asyncio.gather(*calls, return_exceptions=True))


CROWDS: list[Callable[[dict[str, Any]], list[Outcome]]] = [threads, tasks, loops]
