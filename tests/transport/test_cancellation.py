"""What one thread waits for, another can end."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from concurrent.futures import CancelledError, ThreadPoolExecutor
from threading import Thread
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from dataarts_datamap import Clock
from dataarts_datamap._messages import Sleep, Wait
from dataarts_datamap._one_shot_event import OneShotEvent
from dataarts_datamap._transport.cancellation import Cancellation
from dataarts_datamap._transport.driver import Network, SyncTransport, _cancelled_in_time  # pyright: ignore[reportPrivateUsage]  the one place where an exchange is cancelled
from dataarts_datamap._transport.wire import ReadTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap._messages import Steps
    from dataarts_datamap._transport.response_builder import ResponseBuilder


def test_waiting_thread_is_woken() -> None:
    """A thread that waits for a socket goes on when its exchange is ended, and may not wait again."""
    here, there = socket.socketpair()
    cancellation = Cancellation()

    def wait() -> bytes:
        with cancellation.watching(here):
            here.send(b"waiting")
            return here.recv(1)

    with here, there, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(wait)
        assert b"waiting" == there.recv(7)
        cancellation.cancel()
        assert b"" == waiting.result(timeout=10)

        with pytest.raises(ConnectionAbortedError, match="was ended"), cancellation.watching(here):
            pass


def test_thread_ends_its_own_exchange() -> None:
    """What ends an exchange may run in the middle of its own thread, as the garbage collector does."""
    cancellation = Cancellation()

    class Collecting(socket.socket):
        def __hash__(self) -> int:
            cancellation.cancel()
            return 0

    def wait() -> bool:
        with Collecting() as here, cancellation.watching(here):
            return cancellation.is_cancelled

    ended: list[bool] = []
    thread = Thread(target=lambda: ended.append(wait()), daemon=True)
    thread.start()
    thread.join(10)
    assert [True] == ended


class CancellingClock(Clock):
    """A clock on which waiting takes no time, and ends an exchange."""

    def __init__(self, cancellation: Cancellation) -> None:
        self.waits: list[float] = []
        self._cancellation = cancellation

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._cancellation.cancel()


class CancellingEvent(OneShotEvent):
    """An event that is never set, and whose waiting ends a request."""

    def __init__(self, cancellation: Cancellation) -> None:
        super().__init__()
        self._cancellation = cancellation

    def add(self, wake: Callable[[], object]) -> None:
        super().add(wake)
        self._cancellation.cancel()


@pytest.mark.parametrize("kind", ["sleep", "event"])
def test_wait_that_is_cancelled_is_not_waited_out(kind: str) -> None:
    """A thread that waits before it sends again, or for what another fetches, goes no further once it is cancelled."""
    cancellation = Cancellation()
    clock = CancellingClock(cancellation)
    transport = SyncTransport(Network(timeout=1, max_answer_size=1, proxy=None), clock)
    went_on: list[str] = []

    def steps() -> Steps[None]:
        yield Sleep(3600) if kind == "sleep" else Wait(CancellingEvent(cancellation), clock.monotonic() + 3600)
        went_on.append("sent")

    with pytest.raises(CancelledError):
        transport.run(steps(), cancellation)

    assert [] == went_on
    assert 1 > sum(clock.waits)


def test_set_event_ends_the_wait() -> None:
    """Who waits for what another fetches goes on as soon as it is there, though the wait has no end of its own."""
    event = OneShotEvent()
    event.set()
    transport = SyncTransport(Network(timeout=1, max_answer_size=1, proxy=None), Clock())

    def steps() -> Steps[str]:
        yield Wait(event)
        return "there"

    assert "there" == transport.run(steps(), Cancellation())


@pytest.mark.parametrize("failure", [ConnectionAbortedError("the pool was closed"), ReadTimeoutError(), None])
@pytest.mark.parametrize("is_over", [True, False])
def test_cancelled_exchange_that_fails(
    failure: Exception | None,
    is_over: bool,  # noqa: FBT001  a case
    caplog: pytest.LogCaptureFixture,
) -> None:
    """How an exchange ends that was cancelled is of no account: asyncio logs no exception that was never retrieved."""
    arrival = SimpleNamespace(is_over=is_over)

    async def exchange() -> None:
        try:
            await asyncio.sleep(0.05)
        finally:
            if failure is not None:
                raise failure

    async def cancelled() -> None:
        calling = asyncio.create_task(_cancelled_in_time(exchange(), cast("ResponseBuilder", arrival)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling

    with caplog.at_level(logging.ERROR):
        asyncio.run(cancelled())
        gc.collect()

    assert [] == [record.getMessage() for record in caplog.records]
