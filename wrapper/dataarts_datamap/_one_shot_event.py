"""Lets threads and event loops wait for one another."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Generator, Iterable

_LONGEST_WAIT: Final = 86_400.0  # the system's own waits accept no infinity
_INSTANT: Final = 0.005  # seconds; longer than a tick of any clock that is not coarse


class OneShotEvent:
    """An event that is set once and wakes all that wait for it, in any thread and any event loop.

    It has no lock: a fork could leave it held for ever, and the garbage collector may set the event in a thread that is
    waiting for it or setting it. An atomic operation of a list ensures that each waiting call is woken once.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._waiting: list[Callable[[], object]] = []

    @property
    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        """Set the event. Setting it twice is harmless."""
        self._is_set = True
        with suppress(IndexError):
            while True:
                self._waiting.pop()()

    def add(self, wake: Callable[[], object]) -> None:
        """Call ``wake`` when the event is set, in the thread that sets it; at once if it is already set."""
        self._waiting.append(wake)
        if self._is_set:  # checked after the append, so that a concurrent set cannot miss this call
            self.set()

    def remove(self, wake: Callable[[], object]) -> None:
        with suppress(ValueError):
            self._waiting.remove(wake)


def wait_for_first(events: Iterable[OneShotEvent], seconds: float) -> None:
    """Wait in a thread until one of the events is set, but at most ``seconds``, and at most a day."""
    closed = Lock()
    closed.acquire()

    def wake() -> None:
        with suppress(RuntimeError):  # another event has released it
            closed.release()

    with _added(wake, events):
        closed.acquire(timeout=min(max(seconds, 0.0), _LONGEST_WAIT))


async def wait_for_first_async(events: Iterable[OneShotEvent], seconds: float) -> None:
    """Wait in an event loop until one of the events is set, but at most ``seconds``, and at most a day."""
    import asyncio  # noqa: PLC0415  a large module, which the synchronous client does not need

    loop, woken = asyncio.get_running_loop(), asyncio.Event()
    if await _stands_still(loop):
        with _timer(seconds - _INSTANT) as over:
            await _first_of((*events, over), loop, woken)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(min(max(seconds, 0.0), _LONGEST_WAIT)):
            await _first_of(events, loop, woken)


async def _first_of(events: Iterable[OneShotEvent], loop: asyncio.AbstractEventLoop, woken: asyncio.Event) -> None:
    def wake() -> None:
        with suppress(RuntimeError):  # the loop is closed, so nobody waits there
            loop.call_soon_threadsafe(woken.set)

    with _added(wake, events):
        await woken.wait()


async def _stands_still(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether the loop's clock is frozen, as in some tests, so that its timers never end.

    A coarse clock counts as one that moves.
    """
    began = loop.time()
    if loop.time() != began or time.get_clock_info("monotonic").resolution > _INSTANT:
        return False
    await loop.run_in_executor(None, time.sleep, _INSTANT)
    return loop.time() == began


@contextmanager
def _timer(seconds: float) -> Generator[OneShotEvent]:
    """An event that a thread sets after ``seconds``, or when the block ends."""
    over, left = OneShotEvent(), OneShotEvent()

    def wait() -> None:
        wait_for_first((left,), seconds)
        over.set()

    Thread(target=wait, daemon=True).start()
    try:
        yield over
    finally:
        left.set()


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
