"""Lets threads and event loops wait for one another."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

_LONGEST_WAIT: Final = 86_400.0  # the system's own waits take no infinity


class OneShotEvent:
    """Opens once. Who waits for it, in whatever thread or event loop, then goes on.

    It has no lock: the garbage collector may open it in the middle of a thread that waits for it or opens it, and a
    process that forks would leave a lock held. What must happen once is an atomic operation of a list.
    """

    def __init__(self) -> None:
        self._is_open = False
        self._waiting: list[Callable[[], object]] = []

    @property
    def is_open(self) -> bool:
        """Whether it was opened."""
        return self._is_open

    def open(self) -> None:
        """Open it; again is harmless."""
        self._is_open = True
        with suppress(IndexError):
            while True:
                self._waiting.pop()()

    def add(self, wake: Callable[[], object]) -> None:
        """Call this when it opens, in the thread that opens it; at once if it is open."""
        self._waiting.append(wake)
        if self._is_open:  # asked last: who opens it now finds the one to call
            self.open()

    def remove(self, wake: Callable[[], object]) -> None:
        """Call it no more."""
        with suppress(ValueError):
            self._waiting.remove(wake)


def wait_for_first(events: Iterable[OneShotEvent], seconds: float) -> None:
    """Wait until one of the events is open, in a thread, but no longer than this."""
    closed = Lock()
    closed.acquire()

    def wake() -> None:
        with suppress(RuntimeError):  # another event did
            closed.release()

    with _added(wake, events):
        closed.acquire(timeout=min(max(seconds, 0.0), _LONGEST_WAIT))


async def wait_for_first_async(events: Iterable[OneShotEvent], seconds: float) -> None:
    """Wait until one of the events is open, in an event loop, but no longer than this."""
    import asyncio  # noqa: PLC0415  a client for threads does without, and it is the largest module it would load

    loop, opened = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        with suppress(RuntimeError):  # that loop is closed: no one waits there any more
            loop.call_soon_threadsafe(opened.set)

    with _added(wake, events), suppress(TimeoutError):
        async with asyncio.timeout(min(max(seconds, 0.0), _LONGEST_WAIT)):
            await opened.wait()


@contextmanager
def _added(wake: Callable[[], object], events: Iterable[OneShotEvent]) -> Generator[None]:
    waited_for = tuple(events)
    try:
        for event in waited_for:
            event.add(wake)
        yield
    finally:
        for event in waited_for:
            event.remove(wake)
