"""Reads pages side by side: the one that a walk awaits, and those that it will need next.

How many are read ahead grows with the pages that are taken: the first costs one request, and whoever wants them all
soon has as many under way as are allowed.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from threading import current_thread
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap._transport.cancellation import Cancellation

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future, ThreadPoolExecutor
    from threading import Thread

    from dataarts_datamap._messages import Steps
    from dataarts_datamap._models.runs import RunPage
    from dataarts_datamap._paging.walk_options import PageNeeded, PageRead, ServerHabits
    from dataarts_datamap._transport.driver import AsyncTransport, SyncTransport

_GROWTH: Final = 2
_MOST_BYTES_AHEAD: Final = 1 << 22
_LONGEST_GOODBYE: Final = 0.5


class Width:
    """How many pages may be read ahead: fewer where they are large.

    Args:
        most: How many at the most.
        habits: What is known of the server.
    """

    def __init__(self, most: int, habits: ServerHabits) -> None:
        self._most = most
        self._habits = habits
        self._now = 0

    def chosen(self, wanted: PageNeeded) -> list[PageRead]:
        """Those to read ahead now."""
        room = _MOST_BYTES_AHEAD // max(1, self._habits.largest_page)
        chosen = list(dict.fromkeys(wanted.ahead[: min(self._now, room)]))
        self._now = min(self._most, max(1, self._now * _GROWTH))
        return chosen


class ReadAhead:
    """Reads pages in threads.

    Args:
        transport: Takes the steps.
        ask: The steps that read a page.
        concurrency: How many pages are read at once.
        habits: What is known of the server.
    """

    def __init__(
        self,
        transport: SyncTransport,
        ask: Callable[[PageRead], Steps[RunPage]],
        *,
        concurrency: int,
        habits: ServerHabits,
    ) -> None:
        self._transport = transport
        self._ask = ask
        self._width = Width(concurrency - 1, habits)
        self._threads: ThreadPoolExecutor | None = None
        self._running: list[Thread] = []
        self._most_threads = concurrency - 1
        self._started: dict[PageRead, tuple[Future[RunPage], Cancellation]] = {}
        self._process = os.getpid()
        self._parents: object = None

    def read(self, wanted: PageNeeded) -> RunPage:
        """The page that is awaited.

        Raises:
            DataMapError: It could not be read. What is wrong with a page ahead is told when that one is awaited.
        """
        self._settle()
        started = self._started.get(wanted.read)
        chosen = self._width.chosen(wanted)
        self._cancel(set(self._started).difference(wanted.ahead, (wanted.read,)))
        for read in chosen:
            if read not in self._started:
                self._started[read] = self._start(read)
        if started is None:
            return self._transport.run(self._ask(wanted.read))
        page = started[0].result()
        del self._started[wanted.read]  # not before, so that an interrupt ends it, too
        return page

    def close(self) -> None:
        """End what is under way, and wait half a second at most until it has ended.

        The garbage collector closes a forgotten walk, in any thread: in one of these, or in one that holds what they
        wait for.
        """
        self._settle()
        self._cancel(tuple(self._started))
        if self._threads is None:
            return
        self._threads.shutdown(wait=False)
        until = time.monotonic() + _LONGEST_GOODBYE
        for thread in self._running:
            with suppress(RuntimeError):  # this one itself
                thread.join(max(0.0, until - time.monotonic()))

    def _settle(self) -> None:
        """After a fork, leave the parent's threads and exchanges alone: the threads are not here, the sockets are."""
        if self._process != os.getpid():
            self._parents = self._started, self._threads
            self._process, self._started, self._threads, self._running = os.getpid(), {}, None, []

    def _start(self, read: PageRead) -> tuple[Future[RunPage], Cancellation]:
        if self._threads is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  who reads one page does without

            self._threads = ThreadPoolExecutor(
                self._most_threads,
                thread_name_prefix="datamap-read-ahead",
                initializer=lambda running: running.append(current_thread()),
                initargs=(self._running,),
            )
        cancellation = Cancellation()
        return self._threads.submit(self._transport.run, self._ask(read), cancellation), cancellation

    def _cancel(self, reads: Iterable[PageRead]) -> None:
        for read in reads:
            future, cancellation = self._started.pop(read)
            if not future.cancel():
                cancellation.cancel()


class AsyncReadAhead:
    """Reads pages in tasks.

    Args:
        transport: Takes the steps.
        ask: The steps that read a page.
        concurrency: How many pages are read at once.
        habits: What is known of the server.
    """

    def __init__(
        self,
        transport: AsyncTransport,
        ask: Callable[[PageRead], Steps[RunPage]],
        *,
        concurrency: int,
        habits: ServerHabits,
    ) -> None:
        self._transport = transport
        self._ask = ask
        self._width = Width(concurrency - 1, habits)
        self._started: dict[PageRead, asyncio.Task[RunPage]] = {}
        self._cancelled: list[asyncio.Task[Any]] = []

    async def read(self, wanted: PageNeeded) -> RunPage:
        """The page that is awaited.

        Raises:
            DataMapError: It could not be read. What is wrong with a page ahead is told when that one is awaited.
        """
        import asyncio  # noqa: PLC0415  the largest module there is, and a client for threads does without

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
        import asyncio  # noqa: PLC0415  as above

        self._cancel(tuple(self._started))
        if self._cancelled:
            await asyncio.gather(*self._cancelled, return_exceptions=True)

    def _cancel(self, reads: Iterable[PageRead]) -> None:
        self._cancelled = [task for task in self._cancelled if not task.done()]
        for read in reads:
            task = self._started.pop(read)
            task.cancel()
            self._cancelled.append(task)
