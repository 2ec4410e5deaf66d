"""What is fetched by one for all: who fetches, who waits, and what becomes of the others when something goes wrong."""

from __future__ import annotations

import asyncio
import inspect
import multiprocessing
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import (
    AsyncDataMapClient,
    ClientClosedError,
    Clock,
    DataMapClient,
    PasswordCredentials,
    RequestTimeoutError,
    ServerError,
)
from dataarts_datamap._messages import Request, Sleep, Wait
from dataarts_datamap._shared_value import Fetched, SharedValue
from dataarts_datamap._transport.driver import AsyncTransport, Network, SyncTransport
from support.answers import run_page
from support.faces import SETTINGS, WINDOW
from support.iam import password_for, token_answer
from support.marks import needs_fork
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from dataarts_datamap._messages import Steps

REQUEST = Request(method="GET", endpoint="https://example.com", path="/value")


class Keeper:
    """A value that takes one request to fetch, on a clock that stands still."""

    def __init__(self, *, life: float = 100.0) -> None:
        self.now = 0.0
        self.fetches = 0
        self.on_look: Callable[[], object] = int
        self._life = life
        self.kept: SharedValue[int, Any] = SharedValue(self._fetch, self._look, margin=10.0)

    def _look(self) -> float:
        on_look, self.on_look = self.on_look, int
        on_look()
        return self.now

    def _fetch(self) -> Generator[Any, Any, Fetched[int]]:
        self.fetches += 1
        number = self.fetches
        yield REQUEST
        return Fetched(number, self._life)


def finished(steps: Generator[Any, Any, int]) -> int:
    """What the steps return once the request or the wait that they yielded is over."""
    with pytest.raises(StopIteration) as caught:
        next(steps)
    value: int = caught.value.value
    return value


def begun(keeper: Keeper) -> tuple[Generator[Any, Any, int], Any]:
    """A caller, and the first step that it yields."""
    steps = keeper.kept.get()
    return steps, next(steps)


def test_others_wait_for_the_first() -> None:
    """Without a value the others wait, and get the first one's."""
    keeper = Keeper()
    first, request = begun(keeper)
    second, wait = begun(keeper)

    assert REQUEST is request
    assert isinstance(wait, Wait)
    opened = [wait.event.is_set]
    assert 1 == finished(first)
    opened.append(wait.event.is_set)
    assert [False, True] == opened
    assert 1 == finished(second)
    assert 1 == keeper.fetches


def test_others_go_on_with_a_value_that_is_good() -> None:
    """While one renews the value, the others go on with the old one at once."""
    keeper = Keeper()
    finished(begun(keeper)[0])
    keeper.now = 95
    renewing, _ = begun(keeper)
    with pytest.raises(StopIteration) as caught:
        begun(keeper)

    assert 1 == caught.value.value
    assert 2 == finished(renewing)


def test_others_wait_once_the_value_is_bad() -> None:
    """Past its end, or discarded, the old value is no one's."""
    keeper = Keeper()
    for age in (100.0, 0.0):
        finished(begun(keeper)[0])
        keeper.now += age
        keeper.kept.discard(lambda value: value > 1)
        renewing, _ = begun(keeper)
        assert isinstance(begun(keeper)[1], Wait)
        renewing.close()


def test_discarding_another_value_changes_nothing() -> None:
    """Whoever was refused with an older value leaves the newer one alone."""
    keeper = Keeper()
    finished(begun(keeper)[0])
    keeper.kept.discard(lambda value: value == 0)
    with pytest.raises(StopIteration):
        begun(keeper)


def test_failure_is_shared() -> None:
    """A failure is everyone's, each with an error of its own, and the next caller fetches anew."""
    keeper = Keeper()
    failure = ServerError("no", status=503, attempts=1)
    first, _ = begun(keeper)
    second, _ = begun(keeper)
    with pytest.raises(ServerError) as firsts:
        first.throw(failure)
    firsts.value.attempts = 9
    with pytest.raises(ServerError) as seconds:
        next(second)

    assert failure is firsts.value
    assert (("no",), 503, 1) == (seconds.value.args, seconds.value.status, seconds.value.attempts)
    assert REQUEST is begun(keeper)[1]


@pytest.mark.parametrize("end", ["close", "closed client", "foreign error"])
def test_who_goes_away_leaves_it_to_another(end: str) -> None:
    """When the one who fetches is cancelled, or fails for reasons of its own, one of those who wait fetches."""
    keeper = Keeper()
    first, _ = begun(keeper)
    second, wait = begun(keeper)
    third, _ = begun(keeper)
    if end == "close":
        first.close()
    else:
        error: Exception = ClientClosedError("closed") if end == "closed client" else ZeroDivisionError()
        with pytest.raises(type(error)):
            first.throw(error)

    assert wait.event.is_set
    assert REQUEST is next(second)
    assert isinstance(next(third), Wait)
    assert 2 == finished(second)
    assert 2 == finished(third)


def test_who_waited_in_vain_makes_room() -> None:
    """One who waited until the deadline raises, and the next does not wait for the same fetching any more."""
    keeper = Keeper()
    stuck, _ = begun(keeper)
    waiting, _ = begun(keeper)
    with pytest.raises(RequestTimeoutError, match="another call"):
        next(waiting)

    fresh, step = begun(keeper)
    assert REQUEST is step
    assert 2 == finished(fresh)
    assert 1 == finished(stuck)


def test_who_comes_late_sees_what_came_in_between() -> None:
    """A caller that found no good value, and then no one who fetches one, looks again before it fetches."""
    keeper = Keeper()
    finished(begun(keeper)[0])
    keeper.now = 200
    other, _ = begun(keeper)
    keeper.on_look = lambda: finished(other)
    with pytest.raises(StopIteration) as caught:
        begun(keeper)

    assert (2, 2) == (caught.value.value, keeper.fetches)


class Interrupting(Clock):
    """A clock on which waiting ends in an interrupt."""

    def sleep(self, seconds: float) -> None:
        raise KeyboardInterrupt(seconds)

    async def sleep_async(self, seconds: float) -> None:
        raise KeyboardInterrupt(seconds)


@pytest.mark.parametrize(
    ("transport_type", "run"),
    [
        (SyncTransport, lambda transport, steps: transport.run(steps)),
        (AsyncTransport, lambda transport, steps: transport.run(steps).send(None)),
    ],
)
def test_interrupt_ends_the_steps(transport_type: Any, run: Callable[[Any, Any], object]) -> None:
    """What is interrupted goes away at once, although the traceback of the interrupt keeps it alive."""

    def wait() -> Steps[None]:
        yield Sleep(1.0)

    transport, steps = transport_type(Network(1.0, 1, None), Interrupting()), wait()
    with pytest.raises(KeyboardInterrupt):
        run(transport, steps)

    assert inspect.GEN_CLOSED == inspect.getgeneratorstate(steps)


def test_cancelled_task_leaves_it_to_another() -> None:
    """A task that is cancelled while it asks for the token leaves it to the others, however long its error is kept."""
    asked, release = Event(), Event()

    def hold(_: Asked) -> Answer:
        asked.set()
        release.wait(10)
        return Answer()

    async def call(credentials: PasswordCredentials, url: str) -> list[object]:
        async with AsyncDataMapClient(**{**SETTINGS, "endpoint": url, "credentials": credentials}) as client:
            calls = [
                asyncio.ensure_future(client.list_runs("1", job_name="a", **WINDOW).to_list()),
                asyncio.ensure_future(client.list_table_runs("t", **WINDOW).to_list()),
                asyncio.ensure_future(client.list_runs("1", job_name="a", **WINDOW).to_list()),
            ]
            await asyncio.to_thread(asked.wait, 10)
            calls[0].cancel()
            return list(await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 10))

    page = run_page()
    with ScriptedServer(hold, token_answer(), Answer(b"[]"), page) as server:
        cancelled, *others = asyncio.run(call(password_for(server.url), server.url))
        release.set()

    assert isinstance(cancelled, asyncio.CancelledError)
    assert 2 == sum(asked.method == "POST" for asked in server.asked)
    assert len(others) == 2


@needs_fork
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork() -> None:
    """A child does not wait for what a thread of its parent was about to fetch."""
    asked, release = Event(), Event()

    def hold(_: Asked) -> Answer:
        asked.set()
        release.wait(10)
        return token_answer()

    def call() -> None:
        with DataMapClient(**settings) as client:
            assert [] == client.list_runs("1", job_name="a", **WINDOW).to_list()

    with ScriptedServer(hold, token_answer(), run_page()) as server:
        settings = {**SETTINGS, "endpoint": server.url, "credentials": password_for(server.url)}
        parent = Thread(target=call)
        parent.start()
        asked.wait(10)
        child = multiprocessing.get_context("fork").Process(target=call)
        child.start()
        child.join(10)
        release.set()
        parent.join(10)

    assert 0 == child.exitcode
