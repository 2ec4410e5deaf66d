"""The conditions that sensors wait for. Each works with both clients, with the same result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, TypeVar

from dataarts_datamap import InvalidArgumentError, RunState, TableNotFoundError, Verdict
from dataarts_datamap._models.runs import planned_or_begun
from dataarts_datamap._times import MILLISECOND, time_before
from dataarts_datamap.integrations.airflow._facts import clipped, run_facts, status_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dataarts_datamap import AsyncDataMapClient, DataMapClient, Run, TableStatus

_SLACK: Final = timedelta(days=1)
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)

_NAME: Final = 80

T = TypeVar("T")


class Outcome(StrEnum):
    """The outcome of a look at a table.

    Attributes:
        MET: The condition holds.
        FAILED: The condition can no longer hold.
        WAITING: The condition does not hold yet.
    """

    MET = "met"
    FAILED = "failed"
    WAITING = "waiting"


_SEEN_SINCE: Final = {Outcome.MET: "success", Outcome.WAITING: "no success"}


class Look(NamedTuple):
    """The result of a look at a table: the outcome, and the observation in words and ready for JSON."""

    outcome: Outcome
    message: str
    facts: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Condition(ABC):
    """A condition to wait for.

    Attributes:
        kind: The kind of condition.
        only: Names of the operators that count; None for those of ``find_producers``.
        ignore: Names of operators that do not count.
    """

    kind: ClassVar[str]
    only: Sequence[str] | None
    ignore: Sequence[str]

    @abstractmethod
    def look(self, client: DataMapClient, table: str) -> Look:
        """Look at a table, found by its GUID or name.

        Raises:
            DataMapError: The table cannot be read.
        """

    @abstractmethod
    async def alook(self, client: AsyncDataMapClient, table: str) -> Look:
        """Like ``look``, with the asynchronous client."""

    def arguments(self) -> dict[str, Any]:
        """Plain values, from which ``condition`` makes an equal condition."""
        return {"kind": self.kind, **asdict(self)}


def condition(arguments: Mapping[str, Any]) -> Condition:
    """The condition with these arguments."""
    values = dict(arguments)
    kinds: dict[str, type[Freshness | PlannedRun]] = {one.kind: one for one in (Freshness, PlannedRun)}
    return kinds[values.pop("kind")](**values)


@dataclass(frozen=True, kw_only=True)
class Freshness(Condition):
    """The condition that a table is fresh.

    Attributes:
        after: The earliest last success that is accepted, as ISO 8601 text; None if its age decides.
        max_age: The largest age of a last success, in seconds; None if ``after`` decides.
        since: Minimum time to look back for runs, in seconds.
        any_operator: Whether the last success of any operator counts.
    """

    kind: ClassVar[str] = "fresh"
    after: str | None
    max_age: float | None
    since: float
    any_operator: bool

    def look(self, client: DataMapClient, table: str) -> Look:
        guid = client.find_table(table).guid
        return self._seen(table, guid, client.table_status(guid, **self._question()))

    async def alook(self, client: AsyncDataMapClient, table: str) -> Look:
        guid = (await client.find_table(table)).guid
        return self._seen(table, guid, await client.table_status(guid, **self._question()))

    def _question(self) -> dict[str, Any]:
        since = timedelta(seconds=self.since)
        if self.after is not None:
            since = max(since, datetime.now(UTC) - instant("after", self.after) + _SLACK)
        return {
            "max_age": None if self.max_age is None else timedelta(seconds=self.max_age),
            "since": since,
            "any_operator": self.any_operator,
            "only": self.only,
            "ignore": self.ignore,
        }

    def _seen(self, table: str, guid: str, status: TableStatus) -> Look:
        counting(table, status.operators)
        outcome = Outcome.MET if self._holds(status) else Outcome.WAITING
        decided_by = "nobody" if status.decided_by is None else clipped(status.decided_by.job_name or "-", _NAME)
        seen = status.verdict if self.after is None else f"{_SEEN_SINCE[outcome]} since {self.after}"
        message = f"{seen}, last success {status.last_success or 'unknown'}, decided by {decided_by!r}"
        return Look(outcome, message, status_facts(table, guid, status))

    def _holds(self, status: TableStatus) -> bool:
        if self.after is None:
            return status.verdict is Verdict.FRESH
        return status.last_success is not None and status.last_success >= instant("after", self.after)


@dataclass(frozen=True, kw_only=True)
class PlannedRun(Condition):
    """The condition that a run of a table, planned at a time or later, has succeeded.

    The planned time is that of ``planned_or_begun``; a run that has none does not count.

    Attributes:
        after: That time, as ISO 8601 text.
        fail_on_failure: Whether a failed run ends the wait, unless another run has succeeded or may still succeed.
    """

    kind: ClassVar[str] = "run"
    after: str
    fail_on_failure: bool

    def look(self, client: DataMapClient, table: str) -> Look:
        guid = client.find_table(table).guid
        operators = counting(table, client.find_producers(guid, only=self.only, ignore=self.ignore).operators)
        runs = client.list_table_runs(guid, start=self._start, operators=operators).to_list()
        return self._seen(table, guid, runs)

    async def alook(self, client: AsyncDataMapClient, table: str) -> Look:
        guid = (await client.find_table(table)).guid
        producers = await client.find_producers(guid, only=self.only, ignore=self.ignore)
        operators = counting(table, producers.operators)
        runs = await client.list_table_runs(guid, start=self._start, operators=operators).to_list()
        return self._seen(table, guid, runs)

    @property
    def _start(self) -> datetime:
        # It is not documented whether a window includes its ends.
        return time_before(instant("after", self.after), MILLISECOND)

    def _seen(self, table: str, guid: str, runs: Iterable[Run]) -> Look:
        after = instant("after", self.after)
        planned = sorted((run for run in runs if _plan(run) >= after), key=_plan)
        succeeded = [run for run in planned if run.state is RunState.SUCCEEDED]
        if succeeded:
            return Look(Outcome.MET, _in_words(succeeded[0]), run_facts(table, guid, succeeded[0]))
        failed = [run for run in planned if run.state is RunState.FAILED]
        may_succeed = any(run.state in {RunState.ACTIVE, RunState.UNKNOWN} for run in planned)
        if failed and not may_succeed and self.fail_on_failure:
            return Look(Outcome.FAILED, _in_words(failed[-1]), run_facts(table, guid, failed[-1]))
        latest = _in_words(planned[-1]) if planned else f"no run is planned since {after.isoformat()}"
        return Look(Outcome.WAITING, latest, {})


def _in_words(run: Run) -> str:
    return f"run {run.run_id} of {clipped(run.job_name or '-', _NAME)!r}: {clipped(run.status or '-', _NAME)!r}"


def counting(table: str, operators: Sequence[T]) -> Sequence[T]:
    """The operators of a table that count, if there are any.

    Raises:
        TableNotFoundError: There is none, so that a wait for their runs would never end.
    """
    if not operators:
        raise TableNotFoundError(f"no operator of the table {clipped(table, _NAME)!r} is known: is it the right table?")
    return operators


def instant(name: str, value: datetime | str) -> datetime:
    """A time from a DAG or from a rendered template, in UTC.

    Raises:
        InvalidArgumentError: It is not a time, or has no zone.
    """
    try:
        # Through text, a time of pendulum becomes a plain one: pendulum's sums are wrong with zones of other libraries.
        time = datetime.fromisoformat(value if isinstance(value, str) else value.isoformat())
        in_utc = None if time.utcoffset() is None else time.astimezone(UTC)
    except (ValueError, OverflowError):  # a time near the year 1 or 9999 may have none in UTC
        raise InvalidArgumentError(
            f"{name} is {clipped(str(value), _NAME)!r}, which is not a time: give one such as "
            "'{{ data_interval_end }}'; a DAG run that a person or an asset started has no interval"
        ) from None
    if in_utc is None:
        raise InvalidArgumentError(f"{name} {time.isoformat()} has no time zone: give an offset such as +00:00")
    return in_utc


def _plan(run: Run) -> datetime:
    return planned_or_begun(run) or _BEGINNING
