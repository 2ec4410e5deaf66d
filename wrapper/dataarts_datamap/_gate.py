"""Lets threads and event loops wait for one another."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from typing import Final

_LONGEST_WAIT: Final = 86_400.0  # the system's own waits take no infinity


class Gate:
    """Opens once. Who waits for it, in whatever thread or event loop, then goes on."""

    def __init__(self) -> None:
        self._opened: Future[None] = Future()

    @property
    def is_open(self) -> bool:
        """Whether it was opened."""
        return self._opened.done()

    def open(self) -> None:
        """Open it; again is harmless."""
        with suppress(InvalidStateError):
            self._opened.set_result(None)

    def wait(self, seconds: float) -> None:
        """Wait until it is open, in a thread, but no longer than this."""
        wait([self._opened], min(seconds, _LONGEST_WAIT))

    async def wait_async(self, seconds: float) -> None:
        """Wait until it is open, in an event loop, but no longer than this."""
        loop, opened = asyncio.get_running_loop(), asyncio.Event()

        def tell(_: Future[None]) -> None:
            with suppress(RuntimeError):  # that loop is closed: no one waits there any more
                loop.call_soon_threadsafe(opened.set)

        self._opened.add_done_callback(tell)
        with suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, _LONGEST_WAIT)):
                await opened.wait()
