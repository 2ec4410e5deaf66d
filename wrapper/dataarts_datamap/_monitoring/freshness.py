"""Whether a table is fresh, judged from its runs alone: no I/O, and the time is passed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING, Any, Final, cast

from msgspec import Struct
from msgspec.structs import asdict

from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._models import Operator, Run, RunState
from dataarts_datamap._text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST_AHEAD: Final = timedelta(days=1)


class Verdict(StrEnum):
    """How a table or one of its operators stands.

    Attributes:
        FRESH: It succeeded lately enough; without ``max_age``, its latest outcome is a success.
        STALE: The last success is older than ``max_age``, or lies before the runs that were looked at.
        FAILED: Runs failed, and none has succeeded since; with ``max_age``, none has succeeded at all.
        UNKNOWN: It cannot be told: there are no runs, or none that ended in a way that is known.
    """

    FRESH = "fresh"
    STALE = "stale"
    FAILED = "failed"
    UNKNOWN = "unknown"


class RunsStatus(Struct, frozen=True, kw_only=True):
    """What a number of runs tells about whether they keep their table fresh.

    Attributes:
        verdict: How they stand.
        last_success: When the last run that succeeded ended, UTC: its end, or the latest of its times if it has none.
            None if none succeeded. A time more than a day ahead is taken for none: no success could be so young.
        age: Time since then. Negative, if the service's clock is ahead.
        running: Runs that have started and not ended.
        waiting: Runs that have not started, and still may.
        failures_since_success: Runs that failed after the last success of their operator.
        typical_duration: Median time from start to end of the runs that succeeded; None if none did.
        typical_lateness: Median time from plan to start of the runs that started; None if none did.
        latest_lateness: The same of the run that was planned last of those.
        runs: How many runs were looked at.
        unknown_runs: Runs whose status is none that is known, or missing. They count neither as successes nor as
            failures.
        unknown_statuses: Those statuses as sent, sorted. Untrusted.
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
    unknown_runs: int = 0
    unknown_statuses: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON: times as ISO 8601 UTC text, lengths of time in seconds."""
        return {name: _plain(value) for name, value in asdict(self).items()}


class OperatorStatus(RunsStatus, frozen=True, kw_only=True):
    """What the runs of one operator tell.

    Attributes:
        task_id: Id of the operator's job; None if its runs have none.
        job_name: Name of the operator; None if its runs have none. Untrusted.
    """

    task_id: str | None
    job_name: str | None


class TableStatus(RunsStatus, frozen=True, kw_only=True):
    """What the runs of all operators of a table tell.

    The last success is that of any operator: each of them writes the table. Failures are those of each operator since
    its own last success, so that one that succeeds does not hide another that fails.

    Attributes:
        now: When it was judged, UTC.
        max_age: The oldest that a last success may be; None if age was not judged.
        operators: Each operator by itself.
    """

    now: datetime
    max_age: timedelta | None = None
    operators: tuple[OperatorStatus, ...] = ()


def look_back(since: timedelta, max_age: timedelta | None) -> timedelta:
    """How far back to look for a success that is at most of an age: that far, at least.

    Raises:
        InvalidArgumentError: One of them is no length of time above nothing.
    """
    least = _checked_span("since", since)
    return least if max_age is None else max(least, _checked_span("max_age", max_age))


def table_status(
    runs: Iterable[Run], *, now: datetime, max_age: timedelta | None = None, operators: Iterable[Operator] = ()
) -> TableStatus:
    """Judge whether a table is fresh.

    With ``max_age``, the age of the last success alone decides: failures after it are told, and change nothing while
    it is young enough. Without, failures decide. Only the state *succeeded* counts as a success; a status that nobody
    knows is named and never taken for one.

    Args:
        runs: Runs of the table's operators, as far back as should be looked.
        now: The present, aware.
        max_age: The oldest that the last success may be.
        operators: Operators that are told even if they have no runs.

    Raises:
        InvalidArgumentError: ``now`` is naive, or ``max_age`` is no length of time above nothing.
    """
    present = _checked_now(now)
    if max_age is not None:
        _checked_span("max_age", max_age)
    groups: dict[tuple[str | None, str | None], list[Run]] = {
        (operator.task_id, operator.job_name): [] for operator in operators
    }
    for run in runs:
        groups.setdefault((run.task_id, run.job_name), []).append(run)
    judged = [
        OperatorStatus(task_id=task_id, job_name=job_name, **_facts(group, [group], now=present, max_age=max_age))
        for (task_id, job_name), group in groups.items()
    ]
    everything = [run for group in groups.values() for run in group]
    facts = _facts(everything, groups.values(), now=present, max_age=max_age)
    return TableStatus(now=present, max_age=max_age, operators=tuple(judged), **facts)


def _checked_now(now: object) -> datetime:
    if not isinstance(now, datetime) or now.utcoffset() is None:
        raise InvalidArgumentError(f"now must be an aware datetime, not {shown(now)}")
    return now.astimezone(UTC)


def _checked_span(name: str, span: object) -> timedelta:
    if not isinstance(span, timedelta) or span <= timedelta(0):
        raise InvalidArgumentError(f"{name} must be a timedelta longer than nothing, not {shown(span)}")
    return span


def _facts(
    runs: Sequence[Run], groups: Iterable[Sequence[Run]], *, now: datetime, max_age: timedelta | None
) -> dict[str, Any]:
    """The facts of some runs, of which each group is those of one operator."""
    last_success = _last_success(runs, now)
    age = None if last_success is None else now - last_success
    failures = sum(_failures_since_success(group, now) for group in groups)
    active = [run for run in runs if run.state is RunState.ACTIVE]
    unknown = [run for run in runs if run.state is RunState.UNKNOWN]
    lateness = _lateness_in_order(runs)
    return {
        "verdict": _verdict(runs, age, failures, max_age),
        "last_success": last_success,
        "age": age,
        "running": sum(run.start_time is not None for run in active),
        "waiting": sum(run.start_time is None for run in active),
        "failures_since_success": failures,
        "typical_duration": _median(run.duration for run in runs if run.state is RunState.SUCCEEDED),
        "typical_lateness": _median(lateness),
        "latest_lateness": lateness[-1] if lateness else None,
        "runs": len(runs),
        "unknown_runs": len(unknown),
        "unknown_statuses": tuple(sorted({run.status or "" for run in unknown})),
    }


def _verdict(runs: Sequence[Run], age: timedelta | None, failures: int, max_age: timedelta | None) -> Verdict:
    if age is not None and max_age is not None:
        return Verdict.FRESH if age <= max_age else Verdict.STALE
    if failures:
        return Verdict.FAILED
    if age is not None:
        return Verdict.FRESH
    is_known = any(run.state is not RunState.UNKNOWN for run in runs)
    return Verdict.STALE if is_known and max_age is not None else Verdict.UNKNOWN


def _last_success(runs: Iterable[Run], now: datetime) -> datetime | None:
    ends = (_ended_at(run, now) for run in runs if run.state is RunState.SUCCEEDED)
    return max((end for end in ends if end is not None), default=None)


def _failures_since_success(runs: Sequence[Run], now: datetime) -> int:
    """How many failed after the last success; one without any time counts, too."""
    success = _last_success(runs, now)
    ends = [_ended_at(run, now) for run in runs if run.state is RunState.FAILED]
    return sum(success is None or end is None or end > success for end in ends)


def _ended_at(run: Run, now: datetime) -> datetime | None:
    times = (run.plan_time, run.submit_time, run.start_time, run.end_time)
    *others, end = (None if time is None or time - now > _MOST_AHEAD else time for time in times)
    return end or max(filter(None, others), default=None)


def _lateness_in_order(runs: Iterable[Run]) -> list[timedelta]:
    """The wait from plan to start of each run that has both, in the order of the plans."""
    times = [(run.plan_time, run.start_time) for run in runs]
    return [start - plan for plan, start in sorted((plan, start) for plan, start in times if plan and start)]


def _median(spans: Iterable[timedelta | None]) -> timedelta | None:
    seconds = [span.total_seconds() for span in spans if span is not None]
    return timedelta(seconds=median(seconds)) if seconds else None


def _plain(value: object) -> object:
    match value:
        case StrEnum():
            return value.value
        case datetime():
            return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case timedelta():
            return value.total_seconds()
        case tuple():
            return [_plain(member) for member in cast("tuple[object, ...]", value)]
        case RunsStatus():
            return value.to_dict()
        case _:
            return value
