"""Lets threads and event loops wait for one another."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_WAIT: Final = 86_400.0  # the system's own waits take no infinity


class OneShotEvent:
    """An event that is set once and wakes whatever waits for it, in any thread and any event loop."""

    def __init__(self) -> None:
        self._event = Event()
        self._lock = Lock()
        self._callbacks: list[Callable[[], object]] = []

    @property
    def is_set(self) -> bool:
        """Whether it was set."""
        return self._event.is_set()

    def set(self) -> None:
        """Set it; again is harmless."""
        with self._lock:
            self._event.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def wait(self, seconds: float) -> None:
        """Wait in a thread until it is set, but no longer than this."""
        self._event.wait(min(seconds, _LONGEST_WAIT))

    async def wait_async(self, seconds: float) -> None:
        """Wait in an event loop until it is set, but no longer than this."""
        import asyncio  # noqa: PLC0415  a client for threads does without, and it is the largest module it would load

        loop, woken = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # that loop is closed: no one waits there any more
                loop.call_soon_threadsafe(woken.set)

        self._add(wake)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(seconds, _LONGEST_WAIT)):
                    await woken.wait()
        finally:
            self._remove(wake)

    def _add(self, callback: Callable[[], object]) -> None:
        with self._lock:
            if not self.is_set:
                self._callbacks.append(callback)
                return
        callback()

    def _remove(self, callback: Callable[[], object]) -> None:
        with self._lock, suppress(ValueError):
            self._callbacks.remove(callback)
