"""A clock that stands still, as a test may freeze it, makes no wait endless: own sleeps count."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import (
    AsyncDataMapClient,
    ClientClosedError,
    Clock,
    DataMapClient,
    RateLimitError,
    Retry,
    WaitTimeoutError,
)
from dataarts_datamap._retry.rate_limiter import RateLimiter
from support.answers import json_answer, run_page
from support.faces import SETTINGS, WINDOW
from support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.faces import Face


class FrozenClock(Clock):
    """A clock whose time stands still; sleeping takes no time, and is counted."""

    def __init__(self, *, step: float = 0.0) -> None:
        self.slept: list[float] = []
        self._time = 1000.0
        self._step = step

    def monotonic(self) -> float:
        self._time += self._step
        return self._time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        assert len(self.slept) < 10_000, "it sleeps without end"

    def random(self) -> float:
        return 0.5


@pytest.mark.parametrize("step", [0.0, 1e-9, -0.5])
def test_rate_limiter(step: float) -> None:
    """Of 200 requests at 50 in a second, three times a batch waits for its second, and no request waits for ever."""
    clock = FrozenClock(step=step)
    settings = {**SETTINGS, "clock": clock}
    with ScriptedServer(json_answer([])) as server, DataMapClient(endpoint=server.url, **settings) as client:
        for _ in range(200):
            client.list_operators("a-table")

        assert 200 == len(server.asked)
    assert 2.9 < sum(clock.slept) < 3.3


@pytest.mark.parametrize("step", [0.0, -0.5])
def test_waiting_for_a_run(step: float) -> None:
    """The time to wait for a run is over when so much was slept."""
    clock = FrozenClock(step=step)
    settings = {**SETTINGS, "clock": clock}
    with (
        ScriptedServer(run_page({"taskRunningLogId": 1, "status": "running"})) as server,
        DataMapClient(endpoint=server.url, **settings) as client,
        pytest.raises(WaitTimeoutError),
    ):
        client.wait_for_run("1", job_name="a", timeout=600, **WINDOW)
    assert 590 < sum(clock.slept) < 620


def test_throttling() -> None:
    """After a 429 the other requests wait, and go on."""
    clock = FrozenClock()
    settings = {**SETTINGS, "clock": clock, "retry": Retry(attempts=1)}
    busy = json_answer({"error_code": "APIGW.0308", "error_msg": "busy"}, status=429, Retry_After="7")
    with ScriptedServer(busy, json_answer([])) as server, DataMapClient(endpoint=server.url, **settings) as client:
        with pytest.raises(RateLimitError):
            client.list_operators("a-table")
        assert [] == client.list_operators("a-table")
    assert 7 == pytest.approx(sum(clock.slept))


def test_limiter_of_a_clock_that_goes_back() -> None:
    """The limiter counts from the latest time that it was told."""
    limiter = RateLimiter(2)

    assert [0.0, 0.0] == [limiter.wait(100.0), limiter.wait(50.0)]
    wait = limiter.wait(0.0)
    assert 1.0 < wait < 1.1
    assert 0.0 == limiter.wait(100.0 + wait)


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of Python stands still, that of event loops, too, as a library of tests freezes it; sleeping goes on."""
    for name in ("clock", "timeout"):
        monkeypatch.delitem(SETTINGS, name)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)


@pytest.mark.usefixtures("frozen")
def test_rate_limiter_of_a_frozen_process(face: Face) -> None:
    """Of 25 requests at 10 in a second, two batches wait, in both faces."""
    started = time.perf_counter()
    with ScriptedServer(json_answer([])) as server, face.client(server.url, requests_per_second=10) as client:
        for _ in range(25):
            client.list_operators("a-table")

        assert 25 == len(server.asked)
    assert 1.9 < time.perf_counter() - started < 9


@pytest.mark.usefixtures("frozen")
def test_wait_of_a_frozen_process(face: Face) -> None:
    """The time to wait for a run is over when so much was slept."""
    started = time.perf_counter()
    with (
        ScriptedServer(run_page({"taskRunningLogId": 1, "status": "running"})) as server,
        face.client(server.url) as client,
        pytest.raises(WaitTimeoutError),
    ):
        client.wait_for_run("1", job_name="a", timeout=1.5, first_wait=0.3, longest_wait=0.6, **WINDOW)
    assert 1.2 < time.perf_counter() - started < 9


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("status", [429, 503])
def test_attempts_of_a_frozen_process(face: Face, status: int) -> None:
    """What is to be tried again after a second is tried again after a second."""
    started = time.perf_counter()
    busy = json_answer({"error_code": "X", "error_msg": "busy"}, status=status, Retry_After="1")
    with ScriptedServer(busy, json_answer([])) as server:
        assert [] == face.list_operators(server)
    assert 0.9 < time.perf_counter() - started < 9


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("end", ["close", "cancel"])
def test_frozen_wait_ends(end: str) -> None:
    """Closing a client, or cancelling the task, ends a wait of an event loop whose time stands still."""

    async def wait() -> None:
        async with AsyncDataMapClient(endpoint=server.url, **SETTINGS) as client:
            waiting = asyncio.create_task(client.wait_for_run("1", job_name="a", first_wait=60, **WINDOW))
            while not server.asked:
                await asyncio.to_thread(time.sleep, 0.01)
            await asyncio.to_thread(time.sleep, 0.2)
            if end == "cancel":
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
            else:
                await client.close()
                with pytest.raises(ClientClosedError):
                    await waiting

    started = time.perf_counter()
    with ScriptedServer(run_page({"taskRunningLogId": 1, "status": "running"})) as server:
        asyncio.run(wait())
    assert time.perf_counter() - started < 9


@pytest.mark.parametrize("wait", [lambda: Clock().sleep(0.01)])
def test_real_sleep(wait: Callable[[], Any]) -> None:
    """The clock that clients have by default does sleep."""
    started = time.perf_counter()
    wait()
    assert time.perf_counter() - started >= 0.009
