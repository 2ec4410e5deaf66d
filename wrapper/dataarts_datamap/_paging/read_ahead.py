"""Reads pages in parallel: the page that a walk awaits, and the pages that it will need next.

The number of pages read ahead grows with the pages consumed: the first page costs one request, and a caller that reads
on soon reaches the maximum.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from threading import current_thread
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from msgspec import Struct

from dataarts_datamap._paging.walk_options import READ_ERRORS
from dataarts_datamap._transport.cancellation import Cancellation
from dataarts_datamap._transport.driver import AsyncTransport, SyncTransport

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future, ThreadPoolExecutor
    from threading import Thread

    from dataarts_datamap._messages import Steps
    from dataarts_datamap._models.runs import RunPage
    from dataarts_datamap._paging.walk_options import PageAhead, PageNeeded, PageRead, ServerHabits, Walk

TransportT = TypeVar("TransportT", bound="SyncTransport | AsyncTransport")
StartedT = TypeVar("StartedT")

_GROWTH: Final = 2
_MOST_BYTES_AHEAD: Final = 7 << 20  # four pages of 1,000 rows; five with the awaited one: at 60 ms each, 80 a second
_LONGEST_GOODBYE: Final = 0.5


class PagedWalk(Protocol):
    """A walk as a pager uses it, such as ``WindowWalk``."""

    def pages(self) -> Walk: ...
    def changed(self) -> int: ...
    def token(self, given: int) -> str | None: ...


class PageReader(Struct, frozen=True):
    """The settings with which a pager reads.

    Attributes:
        concurrency: The maximum number of pages to read at once.
    """

    begin: Callable[[], Steps[PagedWalk]]
    ask: Callable[[PageRead], Steps[RunPage]]
    ask_ahead: Callable[[PageRead], Steps[PageAhead]]
    concurrency: int
    habits: ServerHabits


class Width:
    """The number of pages that may be read ahead: at first none, later up to ``most``, fewer if pages are large."""

    def __init__(self, most: int, habits: ServerHabits) -> None:
        self._most = most
        self._habits = habits
        self._now = 0

    def chosen(self, wanted: PageNeeded) -> list[PageRead]:
        """The pages to read ahead now; the next call may choose more."""
        room = _MOST_BYTES_AHEAD // max(1, self._habits.largest_page)
        chosen = list(dict.fromkeys(wanted.ahead[: min(self._now, room)]))
        self._now = min(self._most, max(1, self._now * _GROWTH))
        return chosen


class _ReadAheadBase(Generic[TransportT, StartedT]):
    """The reads that have begun, for threads or for tasks."""

    def __init__(self, transport: TransportT, reading: PageReader) -> None:
        self._transport = transport
        self._reading = reading
        self._most = reading.concurrency - 1
        self._width = Width(self._most, reading.habits)
        self._started: dict[PageRead, StartedT] = {}

    def _begin_next(self, wanted: PageNeeded) -> StartedT | None:
        """Begin the reads that will be needed next, and cancel reads that are no longer needed.

        Returns:
            The awaited read; None if it has not begun.
        """
        started = self._started.get(wanted.read)
        chosen = self._width.chosen(wanted)
        self._cancel(set(self._started).difference(wanted.ahead, (wanted.read,)))
        for read in chosen:
            if read not in self._started:
                self._started[read] = self._start(read)
        return started

    def _start(self, read: PageRead) -> StartedT:
        raise NotImplementedError

    def _cancel(self, reads: Iterable[PageRead]) -> None:
        raise NotImplementedError


class ReadAhead(_ReadAheadBase[SyncTransport, "tuple[Future[PageAhead], Cancellation]"]):
    """Reads pages in threads."""

    def __init__(self, transport: SyncTransport, reading: PageReader) -> None:
        super().__init__(transport, reading)
        self._threads: ThreadPoolExecutor | None = None
        self._running: list[Thread] = []
        self._process = os.getpid()
        self._parents: object = None

    def read(self, wanted: PageNeeded) -> RunPage:
        self._settle()
        started = self._begin_next(wanted)
        if started is not None:
            page = started[0].result()
            del self._started[wanted.read]  # only now, so that an interrupt cancels it, too
            with suppress(*READ_ERRORS):  # a page that cannot be decoded is read again
                return page()
        return self._transport.run(self._reading.ask(wanted.read))

    def close(self) -> None:
        """Cancel the reads under way, and wait until they have ended, but at most half a second.

        A longer wait could be a deadlock: the garbage collector may close a forgotten walk in any thread, even in one
        that reads ahead, or that holds a lock which a read needs.
        """
        self._settle()
        self._cancel(tuple(self._started))
        if self._threads is None:
            return
        self._threads.shutdown(wait=False)
        until = time.monotonic() + _LONGEST_GOODBYE
        for thread in self._running:
            with suppress(RuntimeError):  # a thread cannot join itself
                thread.join(max(0.0, until - time.monotonic()))

    def _settle(self) -> None:
        """After a fork, set the parent's reads aside: the child shares their sockets, but has none of the threads."""
        if self._process != os.getpid():
            self._parents = self._started, self._threads
            self._process, self._started, self._threads, self._running = os.getpid(), {}, None, []

    def _start(self, read: PageRead) -> tuple[Future[PageAhead], Cancellation]:
        if self._threads is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  not needed to read one page

            self._threads = ThreadPoolExecutor(
                self._most,
                thread_name_prefix="datamap-read-ahead",
                initializer=lambda running: running.append(current_thread()),
                initargs=(self._running,),
            )
        cancellation = Cancellation()
        return self._threads.submit(self._transport.run, self._reading.ask_ahead(read), cancellation), cancellation

    def _cancel(self, reads: Iterable[PageRead]) -> None:
        for read in reads:
            future, cancellation = self._started.pop(read)
            if not future.cancel():
                cancellation.cancel()


class AsyncReadAhead(_ReadAheadBase[AsyncTransport, "asyncio.Task[PageAhead]"]):
    """Reads pages in tasks."""

    def __init__(self, transport: AsyncTransport, reading: PageReader) -> None:
        super().__init__(transport, reading)
        self._cancelled: list[asyncio.Task[Any]] = []

    async def read(self, wanted: PageNeeded) -> RunPage:
        started = self._begin_next(wanted)
        if started is not None:
            page = await started
            del self._started[wanted.read]
            with suppress(*READ_ERRORS):
                return page()
        return await self._transport.run(self._reading.ask(wanted.read))

    async def close(self) -> None:
        """Cancel the reads under way, and wait until they have ended."""
        import asyncio  # noqa: PLC0415  a large module, which the synchronous client does not need

        self._cancel(tuple(self._started))
        if self._cancelled:
            await asyncio.gather(*self._cancelled, return_exceptions=True)

    def _start(self, read: PageRead) -> asyncio.Task[PageAhead]:
        import asyncio  # noqa: PLC0415  as above

        return asyncio.create_task(self._transport.run(self._reading.ask_ahead(read)))

    def _cancel(self, reads: Iterable[PageRead]) -> None:
        self._cancelled = [task for task in self._cancelled if not task.done()]
        for read in reads:
            task = self._started.pop(read)
            task.cancel()
            self._cancelled.append(task)
