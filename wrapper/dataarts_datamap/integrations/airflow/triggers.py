"""Triggers, which wait in the triggerer without a worker: for the sensors, and for the events of an asset.

Arguments of a trigger are stored in Airflow's database, so none of them is a secret: a trigger names its connection.
All triggers of one connection share a client in each triggerer, and so its rate limit.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap import DataMapError
from dataarts_datamap.integrations.airflow._conditions import Outcome, condition, counting
from dataarts_datamap.integrations.airflow._facts import run_facts
from dataarts_datamap.integrations.airflow._host import (
    AirflowException,
    AirflowRuntimeError,
    BaseEventTrigger,
    BaseTrigger,
    TriggerEvent,
)
from dataarts_datamap.integrations.airflow._shared_polls import SharedPolls
from dataarts_datamap.integrations.airflow._yielded_runs import YieldedRuns
from dataarts_datamap.integrations.airflow.hook import DEFAULT_CONNECTION

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from airflow.sdk.execution_time.context import AssetStateStoreAccessors

    from dataarts_datamap import AsyncDataMapClient, Operator, Run
    from dataarts_datamap.integrations.airflow._conditions import Look

_MAX_FAILURES: Final = 3
_POLL_INTERVAL: Final = 30.0
_LOOKBACK: Final = timedelta(days=7)
_SETTLE: Final = 4.0  # seconds; the triggerer passes events on once a second, and can lose those still queued


class TableConditionTrigger(BaseTrigger):
    """Fires once, when the condition of a sensor is met or can no longer be met, or the table cannot be judged.

    ``TableFreshSensor`` and ``TableRunSensor`` defer to it. The payload of its event has ``status`` (``met``,
    ``failed`` or ``error``), ``message`` and ``facts``.

    Args:
        table: GUID or name of the table.
        datamap_conn_id: Id of the connection.
        condition: The condition, as serialized by the sensor.
        poll_interval: Seconds from one poll to the next.
        max_failures: Number of permanent failures in a row that end the wait.
    """

    def __init__(
        self,
        table: str,
        *,
        datamap_conn_id: str,
        condition: Mapping[str, Any],
        poll_interval: float,
        max_failures: int = _MAX_FAILURES,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow gives it no types
        self.table = table
        self.datamap_conn_id = datamap_conn_id
        self.condition = dict(condition)
        self.poll_interval = poll_interval
        self.max_failures = max_failures

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The path of the class, and the arguments to recreate it."""
        return f"{__name__}.{type(self).__name__}", {
            "table": self.table,
            "datamap_conn_id": self.datamap_conn_id,
            "condition": self.condition,
            "poll_interval": self.poll_interval,
            "max_failures": self.max_failures,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event: the condition is met or can no longer be met, or the table cannot be judged."""
        wanted = condition(self.condition)

        async def look(client: AsyncDataMapClient) -> Look:
            return await wanted.alook(client, self.table)

        polls = SharedPolls.of(self.datamap_conn_id).results(
            look, watcher=None, every=self.poll_interval, max_failures=self.max_failures, warn=self.log.warning
        )
        try:
            async with aclosing(polls):
                seen = await self._last_look(polls)
        except (DataMapError, AirflowException) as error:
            yield TriggerEvent({"status": "error", "message": f"{type(error).__name__}: {error}", "facts": None})
        else:
            yield TriggerEvent({"status": seen.outcome.value, "message": seen.message, "facts": seen.facts})

    async def _last_look(self, looks: AsyncIterator[Look]) -> Look:
        async for seen in looks:
            self.log.info("%s: %s", self.table, seen.message)
            if seen.outcome is not Outcome.WAITING:
                return seen
        raise AssertionError("polls go on for ever")


class TableRunTrigger(BaseEventTrigger):
    """Yields an event of an asset for each run of a table that succeeds, for an ``AssetWatcher``.

    ::

        orders = Asset("orders", watchers=[AssetWatcher(name="runs", trigger=TableRunTrigger("sales.orders"))])

    The payload of an event has the facts of the run: ``table``, ``table_guid``, ``run_id``, ``job_name``,
    ``plan_time``, ``end_time``, ``output_row_count`` and more. Successes before the first poll cause no events. A run
    whose end changes, such as by a rerun, counts as a new success.

    Since Airflow 3.3, the trigger records the yielded runs in the asset's store, so that a run that ends while Airflow
    is down becomes an event when it is up again. It does so four seconds after the event: a triggerer that ends earlier
    yields the run again after its restart, and loses none. Before 3.3, the triggerer has no record when it starts, and
    warns of this: runs that ended while it was down cause no events.

    After a temporary failure, it polls again. A permanent one, such as refused credentials, is raised after
    ``max_failures`` times in a row; Airflow then creates the trigger again, which waits up to ten minutes before its
    next request.

    Args:
        table: GUID or name of the table.
        datamap_conn_id: Id of the connection.
        asset: Name of the asset. Needed if two assets watch the same table: Airflow merges triggers with equal
            arguments, but a trigger can use the store of only one asset.
        only: Names of the operators whose runs count: a job name, a ``workspace/job_name`` or a task id; if left out,
            those that write the table, by ``find_producers``.
        ignore: Names of operators whose runs do not count.
        poll_interval: Time from one poll to the next, a timedelta or seconds; by default 30 seconds.
        lookback: Time to look back for successes that appear late, at each start and then every ten minutes, a
            timedelta or seconds; by default seven days. Each success in it takes 35 bytes of the store, and Airflow
            warns of more than 64 KiB.
        max_failures: Number of permanent failures in a row after which the last one is raised.
    """

    def __init__(  # noqa: PLR0913  one keyword for each choice
        self,
        table: str,
        *,
        datamap_conn_id: str = DEFAULT_CONNECTION,
        asset: str | None = None,
        only: Sequence[str] | None = None,
        ignore: Sequence[str] = (),
        poll_interval: timedelta | float = _POLL_INTERVAL,
        lookback: timedelta | float = _LOOKBACK,
        max_failures: int = _MAX_FAILURES,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow gives it no types
        self.table = table
        self.datamap_conn_id = datamap_conn_id
        self.asset = asset
        self.only = None if only is None else list(only)
        self.ignore = list(ignore)
        self.poll_interval = _seconds(poll_interval)
        self.lookback = _seconds(lookback)
        self.max_failures = max_failures
        self._yielded: YieldedRuns | None = None
        self._store: AssetStateStoreAccessors | None = None
        self._guid = ""
        self._operators: Sequence[Operator] = ()

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The path of the class, and the arguments to recreate it."""
        return f"{__name__}.{type(self).__name__}", {
            "table": self.table,
            "datamap_conn_id": self.datamap_conn_id,
            "asset": self.asset,
            "only": self.only,
            "ignore": self.ignore,
            "poll_interval": self.poll_interval,
            "lookback": self.lookback,
            "max_failures": self.max_failures,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """An event for each run that succeeds, for ever."""
        polls = SharedPolls.of(self.datamap_conn_id).results(
            self._poll,
            watcher=f"{self._store_key} {self.asset}",
            every=self.poll_interval,
            max_failures=self.max_failures,
            warn=self.log.warning,
        )
        async with aclosing(polls):
            async for fresh, is_due in polls:
                for run in fresh:
                    yield TriggerEvent(run_facts(self.table, self._guid, run))
                if fresh:
                    await asyncio.sleep(_SETTLE)
                if fresh or is_due:
                    await self._keep()

    async def _poll(self, client: AsyncDataMapClient) -> tuple[list[Run], bool]:
        """The new successes, and whether to store the state even if there are none."""
        if self._yielded is None:
            self._yielded = await self._restored()
        reading = self._yielded.next_reading(datetime.now(UTC))
        if reading.is_whole:
            self._guid = (await client.find_table(self.table)).guid
            producers = await client.find_producers(self._guid, only=self.only, ignore=self.ignore)
            self._operators = counting(self.table, producers.operators)
        runs = client.list_table_runs(self._guid, start=reading.start, end=reading.end, operators=self._operators)
        return self._yielded.take(await runs.to_list(), reading), reading.is_whole

    async def _restored(self) -> YieldedRuns:
        """The runs that were yielded before this start, from the asset's store; none if they are not stored there."""
        lookback = timedelta(seconds=self.lookback)
        store = getattr(self, "asset_state_store", None)  # since 3.3
        if store is None:
            self.log.warning(
                "Runs of %s that end while the triggerer is down cause no events: "
                "Airflow has no store for the asset before 3.3",
                self.table,
            )
            return YieldedRuns(lookback)
        try:
            state = await store.aget(self._store_key)
        except ValueError as error:  # two assets share one trigger
            self.log.warning(
                "Runs of %s that end while the triggerer is down cause no events: several assets share this trigger. "
                "Give each its own: TableRunTrigger(…, asset='its name'). %s",
                self.table,
                error,
            )
            return YieldedRuns(lookback)
        self._store = store
        try:
            return YieldedRuns(lookback, state)
        except ValueError as error:
            self.log.warning("The store of %s is reset: %s", self.table, error)
            return YieldedRuns(lookback)

    async def _keep(self) -> None:
        if self._store is None or self._yielded is None:
            return
        try:
            await self._store.aset(self._store_key, self._yielded.state())
        except AirflowRuntimeError as error:
            self.log.warning("The yielded runs of %s could not be stored, and will be later: %s", self.table, error)

    @property
    def _store_key(self) -> str:
        """The key of this trigger's state in the store: an asset can have several triggers."""
        name = f"datamap {self.datamap_conn_id} {self.table} {self.only} {self.ignore}"
        return name if len(name) <= _LONGEST_KEY else f"datamap {sha256(name.encode()).hexdigest()}"


_LONGEST_KEY: Final = 512


def _seconds(time: timedelta | float) -> float:
    return time.total_seconds() if isinstance(time, timedelta) else float(time)
