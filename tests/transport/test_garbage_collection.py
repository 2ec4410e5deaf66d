"""What the garbage collector closes in the middle of anything: it may run wherever a thread allocates, locks held."""

from __future__ import annotations

import gc
from itertools import islice
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dataarts_datamap import Clock, DataMapClient, Retry
from dataarts_datamap._one_shot_event import OneShotEvent, wait_for_first
from support.answers import json_answer, run_page
from support.faces import SETTINGS, WINDOW
from support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.scripted_server import Answer, Asked


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    """The collector looks only at what a test makes, or each run would take longer with every test before it."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def ends(act: Callable[[], object], *, seconds: float) -> bool:
    """Whether it ends in time, in a thread that nobody waits for any longer."""
    ended = Event()

    def run() -> None:
        act()
        ended.set()

    Thread(target=run, daemon=True).start()
    return ended.wait(seconds)


class Stalling:
    """A server of 40 runs that answers what is asked from the beginning, and the rest not until it is released."""

    def __init__(self) -> None:
        self.released = Event()
        self.has_stalled = Event()

    def __call__(self, asked: Asked) -> Answer:
        given = parse_qs(urlsplit(asked.target).query).items()
        query = {name: int(values[0]) for name, values in given if name in {"offset", "limit"}}
        if not query:
            return json_answer([])
        if query["offset"] >= 12:
            self.has_stalled.set()
            self.released.wait(60)
        rows = ({"taskRunningLogId": number, "planTime": WINDOW["start"] + number} for number in range(1, 41))
        return run_page(*islice(rows, query["offset"], query["offset"] + query["limit"]), total=40)


def forget_a_walk(client: DataMapClient, server: Stalling) -> None:
    """Begin a walk that reads ahead, and leave it in a cycle of references."""
    server.has_stalled.clear()
    walk: list[Any] = [iter(client.list_runs("1", job_name="a", page_size=5, **WINDOW))]
    walk.append(walk)
    list(islice(walk[0], 10))
    assert server.has_stalled.wait(10)


def test_forgotten_walk_never_blocks_a_call() -> None:
    """Wherever in a call the collector closes a walk that reads ahead from a silent server, the call goes on."""
    served = Stalling()
    patient: dict[str, Any] = {"clock": Clock(), "retry": Retry(attempts=1), "requests_per_second": None, "timeout": 50}

    def call() -> None:
        for after in range(1, 160, 2):
            gc.disable()
            forget_a_walk(client, served)
            gc.enable()
            gc.set_threshold(gc.get_count()[0] + after, 1, 1)
            client.list_operators("a-table")
            gc.set_threshold(0)
            gc.collect()

    with ScriptedServer(served) as server:
        client = DataMapClient(endpoint=server.url, **{**SETTINGS, **patient})
        ended = ends(call, seconds=45)
        served.released.set()
        assert ends(client.close, seconds=5)
    assert ended


def test_event_is_set_in_the_middle_of_waiting_for_it() -> None:
    """What sets an event may run in the thread that waits for it or sets it, at any moment, as the collector does."""

    class Setting:
        """Sets the event when it is collected."""

        def __init__(self, event: OneShotEvent) -> None:
            self.event = event
            self.cycle = self

        def __del__(self) -> None:
            self.event.set()

    def act() -> None:
        for after in range(1, 60):
            event = OneShotEvent()
            Setting(event)
            gc.set_threshold(gc.get_count()[0] + after, 1, 1)
            wait_for_first((event,), 0.01)
            event.set()
            gc.set_threshold(0)
            gc.collect()

    assert ends(act, seconds=30)
