"""A clock that stands still, as a test may freeze it, makes no wait endless: own sleeps count."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import Clock, DataMapClient, RateLimitError, Retry, WaitTimeoutError
from dataarts_datamap._retry.rate_limiter import RateLimiter
from support.answers import json_answer, run_page
from support.faces import SETTINGS, WINDOW
from support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable


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


@pytest.mark.parametrize("wait", [lambda: Clock().sleep(0.01)])
def test_real_sleep(wait: Callable[[], Any]) -> None:
    """The clock that clients have by default does sleep."""
    started = time.perf_counter()
    wait()
    assert time.perf_counter() - started >= 0.009
