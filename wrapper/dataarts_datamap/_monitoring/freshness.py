"""Judges whether a table is fresh, from its runs. No I/O; the time is passed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING, Any, Final, cast

from msgspec import Struct
from msgspec.structs import asdict, replace

from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._models.runs import (
    Operator,
    OperatorKey,
    Run,
    RunState,
    operator_key,
    operator_of,
    plain_value,
    run_times,
)
from dataarts_datamap._sentences import Remark
from dataarts_datamap._text import shown
from dataarts_datamap._times import plain_span, plain_time, span_hint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dataarts_datamap._monitoring.producers import OperatorBasis, Producers

_MOST_AHEAD: Final = timedelta(days=1)
_EARLIEST: Final = datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)  # earlier times are probably seconds
_YEARS: Final = range(1971, 9999)  # no window begins before 1970, and a datetime ends with the year 9999
_MOST_SKEW: Final = timedelta(minutes=5)


class Verdict(StrEnum):
    """The verdict on a table or on one of its operators.

    Attributes:
        FRESH: It succeeded recently enough; without ``max_age``, its latest outcome is a success.
        STALE: The last success is older than ``max_age``; with ``max_age``, also if none of the runs that were read
            succeeded or failed.
        FAILED: Runs failed, and none has succeeded since; with ``max_age``, none has succeeded at all.
        UNKNOWN: There are no runs, all runs have an unknown status, or the last success may be one whose time cannot
            be read; without ``max_age``, also if none succeeded or failed; for a due time, also if a run has an unknown
            status, and no other run decides.
        LATE: It was due, no run planned for the due time has succeeded, and either none failed or one is still going
            on. Only a check against a due time has this verdict.
        SLOW: It would be fresh, but a run has been going on for more than twice the typical duration, and longer than
            any of the latest 20 successes took. Only a check of tables has this verdict.
        FEW_ROWS: It would be fresh, but its last success wrote fewer rows than it should. Only a check with a rule
            about rows has this verdict.
    """

    FRESH = "fresh"
    STALE = "stale"
    LATE = "late"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SLOW = "slow"
    FEW_ROWS = "few_rows"


WORST_FIRST: Final = (
    Verdict.FAILED,
    Verdict.LATE,
    Verdict.STALE,
    Verdict.UNKNOWN,
    Verdict.FEW_ROWS,
    Verdict.SLOW,
    Verdict.FRESH,
)
"""All verdicts, the worst first."""


class RunsStatus(Struct, frozen=True, kw_only=True):
    """The freshness of a table, judged by some of its runs.

    Attributes:
        verdict: The verdict that these runs give.
        last_success: Time at which the last successful run ended, UTC: its end, or the latest of its other times if
            its end is missing or unreadable. None if no run succeeded at a time that can be read. A time is unreadable
            if it is more than a day ahead, since no success lies in the future, or before March 1973, since it is
            probably a number of seconds.
        age: Time since the last success. Negative if it lies in the future, because the clocks differ.
        running: Number of runs that have started but not ended.
        waiting: Number of runs that have not started but may still start.
        failures_since_success: Number of runs that failed after the last success of their operator, at an unknown time,
            or without any success.
        typical_duration: Median time from start to end of the successful runs; None if none has both times.
        typical_lateness: Median time from plan to start of the runs; None if none has both times.
        latest_lateness: Time from plan to start of the run that was planned last, of the runs with both times.
        runs: Number of runs.
        undated_successes: Number of successful runs with an unreadable end, or without any readable time. One of them
            may be the last success.
        unknown_runs: Number of runs whose status is unknown or missing. They count neither as successes nor as
            failures.
        unknown_statuses: The statuses of these runs as sent, each once, sorted; a missing one is empty. Untrusted.
    """

    verdict: Verdict
    last_success: datetime | None = None
    age: timedelta | None = None
    running: int = 0
    waiting: int = 0
    failures_since_success: int = 0
    typical_duration: timedelta | None = None
    typical_lateness: timedelta | None = None
    latest_lateness: timedelta | None = None
    runs: int = 0
    undated_successes: int = 0
    unknown_runs: int = 0
    unknown_statuses: tuple[str, ...] = ()

    @property
    def is_ahead(self) -> bool:
        """Whether the last success lies more than five minutes in the future: one of the clocks is wrong."""
        return self.age is not None and -self.age > _MOST_SKEW

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON: times as ISO 8601 UTC text, durations in seconds."""
        return {name: _plain(value) for name, value in asdict(self).items()}


class OperatorStatus(RunsStatus, frozen=True, kw_only=True):
    """The freshness of a table, judged by the runs of one operator.

    Attributes:
        task_id: Id of the operator's job; None if its runs have none.
        job_name: Name of the operator; None if its runs have none. Untrusted.
        workspace_id: Id of its workspace; None if that is not known.
        counts: Whether it counts for the table. Without runs in the window, it can count only in a check of tables.
        decides: Whether the table has its verdict from this operator.
    """

    task_id: str | None
    job_name: str | None
    workspace_id: str | None = None
    counts: bool = True
    decides: bool = False


class TableStatus(RunsStatus, frozen=True, kw_only=True):
    """The freshness of a table, judged by the runs of its operators.

    A table is as old as its oldest producer. Each operator that counts (see ``basis``) is judged if it has runs in the
    window; a check of tables judges some without runs, too. The table has the worst of their verdicts (failed, late,
    stale, unknown, few rows, slow, fresh), and the oldest of their last successes; None if one of them has none. If no
    operator is judged, the verdict is unknown. With ``any_operator``, the last success may be that of any operator.
    Failures are still counted for each operator since its own last success, and without ``max_age``, a failure of any
    operator decides.

    Attributes:
        now: Time of the judgement, UTC.
        max_age: The maximum age of the last success; None if age was not judged.
        any_operator: Whether a success of any operator counts for the table.
        operators: Each operator by itself.
        ignored: The operators of the table that were left out on request. Untrusted.
        basis: How the operators that count were determined; None if the function ``table_status`` made the status.
        others: The operators that do not count, because lineage does not name them as writers of the table. Untrusted.
        notes: Conflicts between the service's operators and lineage, and the reason if readers and producers cannot be
            distinguished. Names in them are made printable.
    """

    now: datetime
    max_age: timedelta | None = None
    any_operator: bool = False
    operators: tuple[OperatorStatus, ...] = ()
    ignored: tuple[Operator, ...] = ()
    basis: OperatorBasis | None = None
    others: tuple[Operator, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def decided_by(self) -> OperatorStatus | None:
        """The operator that gives the table its verdict; None if no operator counts.

        Of several with this verdict, one without a success decides, else the one whose last success is the oldest. With
        ``any_operator``, the one that succeeded last decides, else the first; if failures decide, the one with the most
        failures.
        """
        return next((one for one in self.operators if one.decides), None)

    @property
    def left_out(self) -> tuple[OperatorStatus, ...]:
        """The operators that do not count, since they have no runs in the window."""
        return tuple(one for one in self.operators if not one.counts)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON: times as ISO 8601 UTC text, durations in seconds.

        ``decided_by``, ``left_out``, ``ignored`` and ``others`` name operators by ``task_id``, ``job_name`` and
        ``workspace_id``.
        """
        return {
            **RunsStatus.to_dict(self),
            "decided_by": None if self.decided_by is None else _plain_name(self.decided_by),
            "left_out": list(map(_plain_name, self.left_out)),
            "ignored": list(map(_plain_name, self.ignored)),
            "others": list(map(_plain_name, self.others)),
        }


def look_back(since: timedelta, max_age: timedelta | None) -> timedelta:
    """The time to look back: ``since``, or the maximum age of a success if that is longer.

    Raises:
        InvalidArgumentError: One of them is not a positive timedelta.
    """
    least = checked_span("since", since)
    return least if max_age is None else max(least, checked_span("max_age", max_age))


def table_status(  # noqa: PLR0913  one keyword for each choice
    runs: Iterable[Run],
    *,
    now: datetime,
    max_age: timedelta | None = None,
    operators: Iterable[Operator] = (),
    any_operator: bool = False,
    ignored: Iterable[Operator] = (),
) -> TableStatus:
    """Judge whether a table is fresh.

    With ``max_age``, the age of the last success decides: later failures are reported, but change nothing. Failures
    decide if there was no success, and without ``max_age``. Only the state *succeeded* counts as a success; an unknown
    status is named, and never counted as a success.

    A run that a client read belongs to the operator of that request (``Run.origin``), whatever its row says. Any other
    run belongs to the operator that its row names.

    Args:
        runs: Runs of the table's operators in the time range to judge.
        now: The present, aware.
        max_age: The maximum age of the last success.
        operators: Operators to list even if they have no runs.
        any_operator: Whether the last success may be that of any operator; otherwise each operator with runs needs its
            own.
        ignored: Operators to name as left out; their runs do not count.

    Raises:
        InvalidArgumentError: ``now`` is naive or not of the years 1971 to 9998, or ``max_age`` is not a positive
            timedelta.
    """
    present = checked_now(now)
    if max_age is not None:
        checked_span("max_age", max_age)
    left_out = tuple(dict.fromkeys(ignored))
    groups = group_runs(runs, (*operators, *left_out))
    for one in left_out:
        groups.pop(operator_key(one), None)
    facts = {key: _facts(group, now=present, max_age=max_age) for key, group in groups.items()}
    counted = {key: one for key, one in facts.items() if one["runs"]}
    everything = [run for group in groups.values() for run in group]
    table = _facts(everything, now=present, max_age=max_age)
    table["failures_since_success"] = sum(one["failures_since_success"] for one in facts.values())
    decisive = _judge_by_any(table, counted, max_age) if any_operator else _judge_by_each(table, counted, present)
    return TableStatus(
        now=present,
        max_age=max_age,
        any_operator=any_operator,
        operators=tuple(
            OperatorStatus(**key._asdict(), counts=key in counted, decides=key == decisive, **one)
            for key, one in facts.items()
        ),
        ignored=left_out,
        **table,
    )


def with_basis(status: TableStatus, producers: Producers) -> TableStatus:
    """The status, with the basis, the other operators and the notes of its producers."""
    return replace(status, basis=producers.basis, others=producers.others, notes=producers.notes)


def producers_status(
    runs: Iterable[Run], producers: Producers, *, now: datetime, max_age: timedelta | None, any_operator: bool
) -> TableStatus:
    status = table_status(
        runs,
        now=now,
        max_age=max_age,
        operators=producers.operators,
        any_operator=any_operator,
        ignored=producers.ignored,
    )
    return with_basis(status, producers)


def group_runs(runs: Iterable[Run], operators: Iterable[Operator] = ()) -> dict[OperatorKey, list[Run]]:
    """The runs of each operator: first the given operators, then those that the other runs belong to.

    A run that no client read is matched by its row. If the row or the operator lacks the workspace, they match only if
    no other operator is possible.
    """
    groups: dict[OperatorKey, list[Run]] = {operator_key(one): [] for one in operators}
    given = tuple(groups)
    strangers: dict[OperatorKey, list[Run]] = {}
    for run in runs:
        key = operator_of(run)
        (strangers if run.origin is None and key not in groups else groups).setdefault(key, []).append(run)
    for key, some in strangers.items():
        groups.setdefault(_match(key, given, strangers) or key, []).extend(some)
    return groups


def _match(key: OperatorKey, given: Iterable[OperatorKey], strangers: Iterable[OperatorKey]) -> OperatorKey | None:
    """The only given operator that a run's row can mean; None if there is none, or several are possible."""
    namesakes, alike = ([one for one in some if one[:2] == key[:2]] for some in (given, strangers))
    if len(namesakes) != 1 or len(alike) != 1:
        return None
    return namesakes[0] if key.workspace_id is None or namesakes[0].workspace_id is None else None


def _judge_by_each(
    table: dict[str, Any], counted: dict[OperatorKey, dict[str, Any]], now: datetime
) -> OperatorKey | None:
    """Judge a table by the worst of its operators; returns that operator."""
    successes = [one["last_success"] for one in counted.values()]
    oldest = None if not successes or None in successes else min(successes)
    worst = min(counted, key=lambda key: _badness(counted[key]), default=None)
    table["last_success"], table["age"] = oldest, None if oldest is None else now - oldest
    table["verdict"] = Verdict.UNKNOWN if worst is None else counted[worst]["verdict"]
    return worst


def _badness(facts: dict[str, Any]) -> tuple[int, bool, datetime]:
    last = facts["last_success"]
    return WORST_FIRST.index(facts["verdict"]), last is not None, last or datetime.min.replace(tzinfo=UTC)


def _judge_by_any(
    table: dict[str, Any], counted: dict[OperatorKey, dict[str, Any]], max_age: timedelta | None
) -> OperatorKey | None:
    """Judge a table by the runs of all operators together; returns the operator that decides."""
    table["verdict"] = _verdict(table, max_age)
    if table["verdict"] is Verdict.FAILED:
        return max(counted, key=lambda key: counted[key]["failures_since_success"], default=None)
    if table["last_success"] is None:
        return next(iter(counted), None)
    return next((key for key, one in counted.items() if one["last_success"] == table["last_success"]), None)


def checked_now(now: object) -> datetime:
    """The present in UTC.

    Raises:
        InvalidArgumentError: It is not an aware datetime of the years 1971 to 9998.
    """
    if not isinstance(now, datetime) or now.utcoffset() is None or now.year not in _YEARS:
        raise InvalidArgumentError(f"now must be an aware datetime of the years 1971 to 9998, not {shown(now)}")
    return plain_time(now).astimezone(UTC)


def checked_span(name: str, span: object) -> timedelta:
    if not isinstance(span, timedelta) or span <= timedelta(0):
        hint = span_hint(span, "timedelta(hours=26)")
        raise InvalidArgumentError(f"{name} must be a positive timedelta, such as {hint}, not {shown(span)}")
    return plain_span(span)


def _facts(runs: Sequence[Run], *, now: datetime, max_age: timedelta | None) -> dict[str, Any]:
    """The fields of a ``RunsStatus`` for some runs, with their verdict."""
    last = last_success(runs, now)
    active = [run for run in runs if run.state is RunState.ACTIVE]
    unknown = [run for run in runs if run.state is RunState.UNKNOWN]
    lateness = _lateness_in_order(runs)
    facts: dict[str, Any] = {
        "last_success": last,
        "age": None if last is None else now - last,
        "running": sum(run.start_time is not None for run in active),
        "waiting": sum(run.start_time is None for run in active),
        "failures_since_success": _failures_since(last, runs, now),
        "typical_duration": _median(run.duration for run in runs if run.state is RunState.SUCCEEDED),
        "typical_lateness": _median(lateness),
        "latest_lateness": lateness[-1] if lateness else None,
        "runs": len(runs),
        "undated_successes": sum(run.state is RunState.SUCCEEDED and _is_undated(run, now) for run in runs),
        "unknown_runs": len(unknown),
        "unknown_statuses": tuple(sorted({run.status or "" for run in unknown})),
    }
    return {"verdict": _verdict(facts, max_age), **facts}


def _verdict(facts: dict[str, Any], max_age: timedelta | None) -> Verdict:
    age, failures = facts["age"], facts["failures_since_success"]
    if age is not None and max_age is not None and age <= max_age:
        return Verdict.FRESH
    if facts["undated_successes"] and (failures or max_age is not None):
        return Verdict.UNKNOWN  # one of them may be the last success
    if age is not None and max_age is not None:
        return Verdict.STALE
    if failures:
        return Verdict.FAILED
    if age is not None:
        return Verdict.FRESH
    is_known = facts["runs"] > facts["unknown_runs"]
    return Verdict.STALE if is_known and max_age is not None else Verdict.UNKNOWN


def last_success(runs: Iterable[Run], now: datetime) -> datetime | None:
    ends = (ended_at(run, now) for run in runs if run.state is RunState.SUCCEEDED)
    return max((end for end in ends if end is not None), default=None)


def _failures_since(success: datetime | None, runs: Sequence[Run], now: datetime) -> int:
    """The number of runs that failed after the last success, at an unknown time, or without any success."""
    ends = [ended_at(run, now) for run in runs if run.state is RunState.FAILED]
    return sum(success is None or end is None or end > success for end in ends)


def ended_at(run: Run, now: datetime) -> datetime | None:
    """The time at which a run ended, UTC: its end if readable, else its latest readable time; None if it has none."""
    if run.end_time is not None and _is_plausible(run.end_time, now):
        return run.end_time
    return max((time for time in run_times(run) if _is_plausible(time, now)), default=None)


def _is_plausible(time: datetime, now: datetime) -> bool:
    return time >= _EARLIEST and time - now <= _MOST_AHEAD


def _is_undated(run: Run, now: datetime) -> bool:
    """Whether the end of a run was sent but cannot be read, or the run has no readable time."""
    if ended_at(run, now) is None:
        return True
    if run.end_time is not None:
        return not _is_plausible(run.end_time, now)
    return any(problem.field == "end_time" for problem in run.problems)


def _lateness_in_order(runs: Iterable[Run]) -> list[timedelta]:
    """The wait from plan to start of each run that has both, in the order of the plans."""
    times = [(run.plan_time, run.start_time) for run in runs]
    return [start - plan for plan, start in sorted((plan, start) for plan, start in times if plan and start)]


def _median(spans: Iterable[timedelta | None]) -> timedelta | None:
    seconds = [span.total_seconds() for span in spans if span is not None]
    return timedelta(seconds=median(seconds)) if seconds else None


def _plain_name(one: OperatorStatus | Operator) -> dict[str, str | None]:
    return OperatorKey(one.task_id, one.job_name, one.workspace_id)._asdict()


def _plain(value: object) -> object:
    match value:
        case tuple():
            return [_plain(member) for member in cast("tuple[object, ...]", value)]
        case RunsStatus():
            return value.to_dict()
        case Remark():
            return str(value)
        case _:
            return plain_value(value)
