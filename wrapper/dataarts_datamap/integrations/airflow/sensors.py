"""Sensors that wait for a table without occupying a worker: they look once, and defer."""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NoReturn

from dataarts_datamap import AuthenticationError, DataMapError, InvalidArgumentError
from dataarts_datamap.integrations.airflow._conditions import Freshness, Outcome, PlannedRun, instant
from dataarts_datamap.integrations.airflow._host import (
    AirflowException,
    AirflowFailException,
    BaseSensorOperator,
    PokeReturnValue,
)
from dataarts_datamap.integrations.airflow._shared_polls import may_pass
from dataarts_datamap.integrations.airflow.hook import DEFAULT_CONNECTION, DataMapHook
from dataarts_datamap.integrations.airflow.triggers import TableConditionTrigger

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from airflow.sdk import Context

    from dataarts_datamap.integrations.airflow._conditions import Condition, Look

_LOOK_BACK: Final = timedelta(days=7)


class _TableSensor(BaseSensorOperator):
    def __init__(self, *, table: str, datamap_conn_id: str, deferrable: bool, **kwargs: Any) -> None:  # noqa: ANN401  Airflow's own
        super().__init__(**kwargs)
        self.table = table
        self.datamap_conn_id = datamap_conn_id
        self.deferrable = deferrable

    @abstractmethod
    def _condition(self) -> Condition:
        """The condition to wait for, after templates are rendered."""

    def execute(self, context: Context) -> dict[str, Any] | None:
        """Look once, and defer if the condition is not met; without ``deferrable``, look again and again."""
        if not self.deferrable:
            facts: dict[str, Any] | None = super().execute(context)
            return facts
        wanted = self._condition()
        seen = self._look(wanted)
        if seen is None or seen.outcome is Outcome.WAITING:
            self._defer(wanted)
        return self._ended(seen.outcome is Outcome.MET, seen.message, seen.facts)

    def _defer(self, wanted: Condition) -> NoReturn:
        self.defer(
            trigger=TableConditionTrigger(
                self.table,
                datamap_conn_id=self.datamap_conn_id,
                condition=wanted.arguments(),
                poll_interval=self.poke_interval,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002  Airflow's own
        """Finish the task after the trigger has ended the wait.

        Raises:
            AirflowFailException: A run failed.
            AirflowException: The table could not be judged.
        """
        if event["status"] == "error":
            raise AirflowException(event["message"])
        return self._ended(event["status"] == Outcome.MET, event["message"], event["facts"])

    def poke(self, context: Context) -> PokeReturnValue:  # noqa: ARG002  Airflow's own
        """Look once."""
        seen = self._look(self._condition())
        if seen is None or seen.outcome is Outcome.WAITING:
            return PokeReturnValue(is_done=False)
        facts = self._ended(seen.outcome is Outcome.MET, seen.message, seen.facts)
        return PokeReturnValue(is_done=True, xcom_value=facts)

    def _look(self, wanted: Condition) -> Look | None:
        """Look at the table; None after a temporary failure."""
        try:
            with DataMapHook(self.datamap_conn_id).get_conn() as client:
                seen = wanted.look(client, self.table)
        except AuthenticationError as error:  # not retried: wrong signatures lock an access key
            raise AirflowFailException(f"{type(error).__name__}: {error}") from None
        except DataMapError as error:
            if not may_pass(error):
                raise
            self.log.warning("%s: %s", type(error).__name__, error)
            return None
        self.log.info("%s: %s", self.table, seen.message)
        return seen

    def _ended(self, is_met: bool, message: str, facts: dict[str, Any]) -> dict[str, Any]:  # noqa: FBT001  as in the event
        if not is_met:
            raise AirflowFailException(message)
        return facts


class TableFreshSensor(_TableSensor):
    """Waits until a table is fresh: each operator that counts has succeeded since ``after``, or within ``max_age``.

    ::

        TableFreshSensor(task_id="orders_are_fresh", table="sales.orders", after="{{ data_interval_end }}")

    It looks once on the worker; if it must wait, it defers to the triggerer, so that it occupies no worker. It
    returns ``verdict``, ``last_success``, ``age`` (seconds), ``decided_by`` and more. After a temporary failure, it
    goes on waiting. A permanent failure fails the task; in the triggerer, the third one in a row does. Credentials that
    are refused on the worker fail the task without a retry.

    Args:
        table: GUID or name of the table. A template.
        after: The earliest last success that is accepted: an aware datetime, or ISO 8601 text with an offset. A
            template. Give exactly one of ``after`` and ``max_age``.
        max_age: The largest age of a last success.
        since: Minimum time to look back for runs. A table is judged by the operators that have runs in that time.
        any_operator: Whether the last success of any operator counts.
        only: Names of the operators that count: a job name, a ``workspace/job_name`` or a task id; if left out, those
            that write the table, by ``find_producers``.
        ignore: Names of operators that do not count, such as that of a job that checks the table.
        datamap_conn_id: Id of the connection. A template.
        deferrable: Whether the triggerer waits; if not, a worker does.
        kwargs: The common keywords of sensors in Airflow: ``poke_interval``, ``timeout``, ``soft_fail`` and the like.

    Raises:
        InvalidArgumentError: Not exactly one of ``after`` and ``max_age`` is given.
    """

    template_fields: Collection[str] = ("table", "after", "datamap_conn_id")

    def __init__(  # noqa: PLR0913  one keyword for each choice
        self,
        *,
        table: str,
        after: datetime | str | None = None,
        max_age: timedelta | None = None,
        since: timedelta = _LOOK_BACK,
        any_operator: bool = False,
        only: Sequence[str] | None = None,
        ignore: Sequence[str] = (),
        datamap_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = True,
        **kwargs: Any,  # noqa: ANN401  Airflow's own
    ) -> None:
        super().__init__(table=table, datamap_conn_id=datamap_conn_id, deferrable=deferrable, **kwargs)
        if (after is None) is (max_age is None):
            raise InvalidArgumentError("give exactly one of after and max_age")
        self.after = after
        self.max_age = max_age
        self.since = since
        self.any_operator = any_operator
        self.only = only
        self.ignore = ignore

    def _condition(self) -> Freshness:
        return Freshness(
            after=None if self.after is None else instant("after", self.after).isoformat(),
            max_age=None if self.max_age is None else self.max_age.total_seconds(),
            since=self.since.total_seconds(),
            any_operator=self.any_operator,
            only=None if self.only is None else list(self.only),
            ignore=list(self.ignore),
        )


class TableRunSensor(_TableSensor):
    """Waits until a run of a table that was planned at a time or later has succeeded.

    ::

        TableRunSensor(task_id="tonight", table="sales.orders", after="{{ data_interval_end }}", only=["load_orders"])

    For a run without a planned time, its submission or its start counts, but not its end; a run with none of them does
    not count. It looks once on the worker; if it must wait, it defers to the triggerer. It returns the facts of the
    first such run: ``run_id``, ``job_name``, ``plan_time``, ``end_time``, ``output_row_count`` and more.

    Args:
        table: GUID or name of the table. A template.
        after: The earliest planned time: an aware datetime, or ISO 8601 text with an offset. A template.
        only: Names of the operators whose runs count: a job name, a ``workspace/job_name`` or a task id; if left out,
            those that write the table, by ``find_producers``.
        ignore: Names of operators whose runs do not count.
        fail_on_failure: Whether the task fails after a failed run, unless another run has succeeded or may still
            succeed. If not, it waits for a rerun.
        datamap_conn_id: Id of the connection. A template.
        deferrable: Whether the triggerer waits; if not, a worker does.
        kwargs: The common keywords of sensors in Airflow: ``poke_interval``, ``timeout``, ``soft_fail`` and the like.
    """

    template_fields: Collection[str] = ("table", "after", "datamap_conn_id")

    def __init__(  # noqa: PLR0913  one keyword for each choice
        self,
        *,
        table: str,
        after: datetime | str,
        only: Sequence[str] | None = None,
        ignore: Sequence[str] = (),
        fail_on_failure: bool = True,
        datamap_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = True,
        **kwargs: Any,  # noqa: ANN401  Airflow's own
    ) -> None:
        super().__init__(table=table, datamap_conn_id=datamap_conn_id, deferrable=deferrable, **kwargs)
        self.after = after
        self.only = only
        self.ignore = ignore
        self.fail_on_failure = fail_on_failure

    def _condition(self) -> PlannedRun:
        return PlannedRun(
            after=instant("after", self.after).isoformat(),
            only=None if self.only is None else list(self.only),
            ignore=list(self.ignore),
            fail_on_failure=self.fail_on_failure,
        )
