"""Reads pages side by side, in an event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from dataarts_datamap._read_ahead import Width

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dataarts_datamap._messages import Steps
    from dataarts_datamap._models import RunPage
    from dataarts_datamap._plan import Await, PageRead
    from dataarts_datamap._transport.driver import AsyncTransport


class AsyncReadAhead:
    """Reads pages in tasks.

    Args:
        transport: Takes the steps.
        ask: The steps that read a page.
        concurrency: How many pages are read at once.
    """

    def __init__(
        self, transport: AsyncTransport, ask: Callable[[PageRead], Steps[RunPage]], *, concurrency: int
    ) -> None:
        self._transport = transport
        self._ask = ask
        self._width = Width(concurrency - 1)
        self._started: dict[PageRead, asyncio.Task[RunPage]] = {}
        self._cancelled: list[asyncio.Task[Any]] = []

    async def read(self, wanted: Await) -> RunPage:
        """The page that is awaited.

        Raises:
            DataMapError: It could not be read. What is wrong with a page ahead is told when that one is awaited.
        """
        started = self._started.get(wanted.read)
        chosen = self._width.chosen(wanted)
        self._cancel(set(self._started).difference(wanted.ahead, (wanted.read,)))
        for read in chosen:
            if read not in self._started:
                self._started[read] = asyncio.create_task(self._transport.run(self._ask(read)))
        if started is None:
            return await self._transport.run(self._ask(wanted.read))
        page = await started
        del self._started[wanted.read]
        return page

    async def close(self) -> None:
        """End what is under way."""
        self._cancel(tuple(self._started))
        await asyncio.gather(*self._cancelled, return_exceptions=True)

    def _cancel(self, reads: Iterable[PageRead]) -> None:
        self._cancelled = [task for task in self._cancelled if not task.done()]
        for read in reads:
            task = self._started.pop(read)
            task.cancel()
            self._cancelled.append(task)
