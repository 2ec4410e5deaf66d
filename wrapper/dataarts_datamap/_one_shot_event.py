"""Lets threads and event loops wait for one another."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_WAIT: Final = 86_400.0  # the system's own waits take no infinity


class OneShotEvent:
    """Opens once. Who waits for it, in whatever thread or event loop, then goes on."""

    def __init__(self) -> None:
        self._opened = Event()
        self._lock = Lock()
        self._told: list[Callable[[], object]] = []

    @property
    def is_open(self) -> bool:
        """Whether it was opened."""
        return self._opened.is_set()

    def open(self) -> None:
        """Open it; again is harmless."""
        with self._lock:
            self._opened.set()
            told, self._told = self._told, []
        for tell in told:
            tell()

    def wait(self, seconds: float) -> None:
        """Wait until it is open, in a thread, but no longer than this."""
        self._opened.wait(min(seconds, _LONGEST_WAIT))

    async def wait_async(self, seconds: float) -> None:
        """Wait until it is open, in an event loop, but no longer than this."""
        import asyncio  # noqa: PLC0415  a client for threads does without, and it is the largest module it would load

        loop, opened = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            with suppress(RuntimeError):  # that loop is closed: no one waits there any more
                loop.call_soon_threadsafe(opened.set)

        self._tell(tell)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(seconds, _LONGEST_WAIT)):
                    await opened.wait()
        finally:
            self._forget(tell)

    def _tell(self, tell: Callable[[], object]) -> None:
        with self._lock:
            if not self.is_open:
                self._told.append(tell)
                return
        tell()

    def _forget(self, tell: Callable[[], object]) -> None:
        with self._lock, suppress(ValueError):
            self._told.remove(tell)
