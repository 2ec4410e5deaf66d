"""Runs as events of an asset: each success once, across restarts, and none of what went before."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import pytest
from airflow.sdk import Asset
from airflow.sdk.execution_time import context

from dataarts_datamap import AuthenticationError
from dataarts_datamap.integrations.airflow import TableRunTrigger
from dataarts_datamap_contract.mock import FakeService, MockConfig
from support.airflow_dags import AIRFLOW

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from airflow.triggers.base import TriggerEvent

pytestmark = pytest.mark.usefixtures("connection")

SETTLED = 5.0


class Store:
    """An asset's store that lies in memory."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    async def aget(self, key: str, default: Any = None) -> Any:
        return self.values.get(key, default)

    async def aset(self, key: str, value: Any) -> None:
        self.values[key] = value


class Damaged(Store):
    """An asset's store in which each value that was not set is damaged."""

    async def aget(self, key: str, default: Any = None) -> Any:
        now = int(datetime.now(UTC).timestamp() * 1000)
        state = {"version": 1, "read_until": now, "oldest_active": None, "successes": {"key": None}}
        return await super().aget(key, state if default is None else default)


class Watch:
    """A trigger as the triggerer runs it, from its arguments as the database has them."""

    def __init__(self, service: FakeService, store: Any, **arguments: Any) -> None:
        given = {"table": service.table_guid, "poll_interval": 0.2, **arguments}
        _, kwargs = TableRunTrigger(**given).serialize()
        self._trigger = TableRunTrigger(**kwargs)
        self._trigger.asset_state_store = store
        self._events: list[TriggerEvent] = []

    @property
    def runs(self) -> list[int]:
        """The ids of the runs that were yielded."""
        return [event.payload["run_id"] for event in self._events]

    @property
    def payloads(self) -> list[dict[str, Any]]:
        """What the events say."""
        return [event.payload for event in self._events]

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._collect())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def wait(self) -> None:
        """Wait for the trigger to raise.

        Raises:
            Exception: What it raised.
        """
        await self._task

    async def _collect(self) -> None:
        stream: AsyncGenerator[TriggerEvent] = self._trigger.run()  # type: ignore[assignment]
        async with aclosing(stream):
            async for event in stream:
                self._events.append(event)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something to hold, a minute at most."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110  the service answers in a thread of its own
            await asyncio.sleep(0.05)


def polls(service: FakeService, more: int) -> Callable[[], bool]:
    """Whether the runs have been asked for so many more times."""

    def count() -> int:
        return sum("/instances" in request["target"] for request in service.requests)

    before = count()
    return lambda: count() >= before + more


def test_each_success_once(service: FakeService) -> None:
    """What has succeeded before is no event; each success after is one, once; a failure is none."""
    service.add_run()
    running = service.add_run(status="running")

    async def watch() -> tuple[Watch, list[int]]:
        async with Watch(service, Store()) as watching:
            await until(polls(service, 3))
            assert [] == watching.runs
            failed = service.add_run(status="fail")
            service.change_run(running, status="success", end_time=datetime.now(UTC), output_row_count=7)
            await until(lambda: bool(watching.runs))
            await asyncio.sleep(SETTLED)
            service.change_run(failed, status="forceSuccess", end_time=datetime.now(UTC))
            await until(lambda: len(watching.runs) > 1)
            await until(polls(service, 3))
            return watching, [running, failed]

    watching, expected = asyncio.run(watch())

    assert expected == watching.runs
    payload = watching.payloads[0]
    assert (service.table_guid, "success", 7) == (payload["table_guid"], payload["status"], payload["output_row_count"])
    assert "running_data" not in payload


def test_restart(service: FakeService) -> None:
    """A run that ends while nobody watches comes once when somebody does again, and none comes twice."""
    store = Store()

    async def restart() -> list[list[int]]:
        async with Watch(service, store) as before:
            await until(polls(service, 2))
            first = service.add_run()
            await until(lambda: [first] == before.runs)
            await asyncio.sleep(SETTLED)
        meanwhile = service.add_run()
        async with Watch(service, store) as after:
            await until(lambda: bool(after.runs))
            await asyncio.sleep(SETTLED)
            last = service.add_run()
            await until(lambda: len(after.runs) > 1)
        return [before.runs, after.runs, [first, meanwhile, last]]

    service.add_run()
    before, after, expected = asyncio.run(restart())

    assert expected == [*before, *after]


def test_killed_at_once(service: FakeService) -> None:
    """A triggerer that ends before the event can have been stored yields it again: it loses none."""
    store = Store()

    async def kill() -> list[list[int]]:
        async with Watch(service, store) as before:
            await until(polls(service, 2))
            service.add_run()
            await until(lambda: bool(before.runs))
        async with Watch(service, store) as after:
            await until(lambda: bool(after.runs))
        return [before.runs, after.runs]

    service.add_operator()
    before, after = asyncio.run(kill())

    assert 1 == len(before)
    assert before == after


def test_rerun(service: FakeService) -> None:
    """A run whose end changes has succeeded anew."""
    run_id = service.add_run(plan_time=datetime.now(UTC) - timedelta(minutes=30))

    async def rerun() -> list[int]:
        async with Watch(service, Store()) as watching:
            await until(polls(service, 2))
            service.change_run(run_id, end_time=datetime.now(UTC))
            await until(lambda: bool(watching.runs))
            return watching.runs

    assert [run_id] == asyncio.run(rerun())


async def warned(service: FakeService, store: Any) -> int:
    """How many runs are yielded of one that ends before the first poll, and one after it."""
    service.add_run()
    async with Watch(service, store) as watching:
        await until(polls(service, 2))
        service.add_run()
        await until(lambda: bool(watching.runs))
        return len(watching.runs)


def test_no_store(service: FakeService, capsys: pytest.CaptureFixture[str]) -> None:
    """Where Airflow has no store a trigger warns, and goes on from its first poll."""
    assert 1 == asyncio.run(warned(service, None))
    assert "Airflow has no store for the asset before 3.3" in capsys.readouterr().out


def test_damaged_store(service: FakeService, capsys: pytest.CaptureFixture[str]) -> None:
    """A store that was damaged is reset with a warning, and the trigger goes on from its first poll."""
    store = Damaged()

    assert 1 == asyncio.run(warned(service, store))
    assert f"The store of {service.table_guid} is reset: the end of 'key' is None" in capsys.readouterr().out
    assert all("key" not in state["successes"] for state in store.values.values())


@pytest.mark.skipif(AIRFLOW < (3, 3), reason="Airflow has no store before 3.3")
def test_store_of_two_assets(service: FakeService, capsys: pytest.CaptureFixture[str]) -> None:
    """Where two assets share a trigger, it has no store: it warns and says what to do, and goes on likewise."""
    store = context.AssetStateStoreAccessors(inlets=[Asset("orders"), Asset("all_orders")])

    assert 1 == asyncio.run(warned(service, store))
    text = "several assets share this trigger. Give each its own: TableRunTrigger(…, asset='its name')"
    assert text in capsys.readouterr().out


def test_triggers_of_two_assets() -> None:
    """Triggers of the same table are two where each names its asset, and one where none does."""
    arguments = [TableRunTrigger("orders", asset=name).serialize() for name in ("a", "b", None, None)]

    assert 3 == len({str(one) for one in arguments})


def test_chosen_operators(service: FakeService) -> None:
    """Runs of operators that do not count are no events."""
    loads, checks = service.add_operator("load"), service.add_operator("check", task_id="2")

    async def watch() -> list[int]:
        async with Watch(service, Store(), ignore=["check"]) as watching:
            await until(polls(service, 2))
            service.add_run(checks)
            expected.append(service.add_run(loads))
            await until(lambda: bool(watching.runs))
            await until(polls(service, 2))
            return watching.runs

    expected: list[int] = []
    assert asyncio.run(watch()) == expected


def test_refused_credentials(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused credentials are sent once for all watchers, and raised after three polls; new ones are read then."""
    secret = "made-up-token-that-is-wrong"
    extra = f'{{"project_id": "{service.project_id}", "instance_id": "{service.instance_id}"}}'
    variable = f'{{"conn_type": "datamap", "host": "{service.url}", "password": "{secret}", "extra": {extra}}}'
    monkeypatch.setenv("AIRFLOW_CONN_DATAMAP_DEFAULT", variable)

    async def watch() -> list[BaseException]:
        caught: list[BaseException] = []
        watches = [Watch(service, Store(), asset=name) for name in "abc"]
        for each in watches:
            await each.__aenter__()
        for each in watches:
            with pytest.raises(AuthenticationError) as error:
                await each.wait()
            caught.append(error.value)
        return caught

    errors = asyncio.run(watch())

    assert [401] == [request["status"] for request in service.requests]
    assert not [error for error in errors if secret in str(error)]


def test_lasting_failure(service: FakeService) -> None:
    """A failure that will not pass is raised after three in a row; what is made anew waits before it asks."""
    service.add_operator()
    arguments: dict[str, Any] = {"only": ["nobody"]}

    async def watch() -> tuple[int, int]:
        for _ in range(2):
            async with Watch(service, Store(), **arguments) as watching:
                if not service.requests:
                    with pytest.raises(ValueError, match="no operator of the table is called 'nobody'"):
                        await watching.wait()
                    first = len(service.requests)
        return first, len(service.requests)

    first, then = asyncio.run(watch())

    assert (3, 3) == (first, then)


def test_passing_failure(service: FakeService, capsys: pytest.CaptureFixture[str]) -> None:
    """A server that fails for a while is waited out, however long, and no run is lost meanwhile."""
    service.add_operator()

    async def watch() -> list[int]:
        async with Watch(service, Store(), max_failures=1) as watching:
            await until(polls(service, 2))
            service.fail("503")
            expected.append(service.add_run())
            await until(polls(service, 9))
            service.fail()
            await until(lambda: bool(watching.runs))
            return watching.runs

    expected: list[int] = []
    assert asyncio.run(watch()) == expected
    assert "ServerError: HTTP 503" in capsys.readouterr().out


def test_rate_of_many_watchers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight watchers keep to the limit of one user together: at most one request in a hundred is refused."""
    with FakeService(MockConfig(rate_limit=50)) as service:
        extra = {"project_id": service.project_id, "instance_id": service.instance_id}
        connection = {"conn_type": "datamap", "host": service.url, "password": service.token, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_DATAMAP_DEFAULT", json.dumps(connection))
        guids = [f"{number:032x}" for number in range(8)]
        tables = {guid: service.add_operator(f"load-{guid}", table_guid=guid) for guid in guids}
        for operator in tables.values():
            service.add_run(operator)

        async def watch() -> list[list[int]]:
            async with AsyncExitStack() as stack:
                watches = [
                    await stack.enter_async_context(Watch(service, Store(), table=table, poll_interval=0.05))
                    for table in tables
                ]
                await until(lambda: len(service.requests) > 250)
                expected.extend([service.add_run(operator)] for operator in tables.values())
                await until(lambda: len(service.requests) > 500 and all(each.runs for each in watches))
                return [each.runs for each in watches]

        expected: list[list[int]] = []
        yielded = asyncio.run(watch())
        statuses = Counter(request["status"] for request in service.requests)

    assert expected == yielded
    assert statuses[429] <= statuses.total() / 100
