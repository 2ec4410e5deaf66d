"""Whether a table is fresh, judged from its runs alone: no I/O, and the time is passed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING, Any, Final, cast

from msgspec import Struct
from msgspec.structs import asdict, replace

from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._models.runs import Operator, OperatorKey, Run, RunState, operator_key, operator_of, plain_value
from dataarts_datamap._sentences import Remark
from dataarts_datamap._text import shown
from dataarts_datamap._times import span_hint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dataarts_datamap._monitoring.producers import OperatorBasis, Producers

_MOST_AHEAD: Final = timedelta(days=1)
_EARLIEST: Final = datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)  # before it lie numbers of seconds, not of milliseconds
_MOST_SKEW: Final = timedelta(minutes=5)


class Verdict(StrEnum):
    """How a table or one of its operators stands.

    Attributes:
        FRESH: It succeeded recently enough; without ``max_age``, its latest outcome is a success.
        STALE: The last success is older than ``max_age``, or lies before the runs that were looked at.
        FAILED: Runs failed, and none has succeeded since; with ``max_age``, none has succeeded at all.
        UNKNOWN: It is not known: there are no runs, none ended in a known way, or the last success may be one whose
            time cannot be read.
        LATE: It was due at a time, and no run planned for it has succeeded, but none failed either, or one is still
            going on. Only a check against a due time has this verdict.
        SLOW: It would be fresh, but a run has been going on for more than twice as long as is usual, and longer than
            any known run. Only a check of tables has this verdict.
        FEW_ROWS: It would be fresh, but its last success wrote fewer rows than it should. Only a check against a rule
            of rows has this verdict.
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
    """Whether runs keep their table fresh.

    Attributes:
        verdict: How they stand.
        last_success: When the last run that succeeded ended, UTC: its end, or the latest of its times if it has none.
            None if none succeeded, or none at a time that can be read. A time more than a day ahead counts as one that
            cannot be read, since no success lies in the future, and so does one before March 1973, which is a number of
            seconds.
        age: Time since then. Negative if that lies ahead of the present, because the clocks differ.
        running: Runs that have started and not ended.
        waiting: Runs that have not started but still may.
        failures_since_success: Runs that failed after the last success of their operator.
        typical_duration: Median time from start to end of the runs that succeeded; None if none did.
        typical_lateness: Median time from plan to start of the runs that started; None if none did.
        latest_lateness: Time from plan to start of the latest planned of these runs.
        runs: How many runs were looked at.
        undated_successes: Runs that succeeded, but whose end came in a form that cannot be read, or none of whose times
            is known. One of them may be the last success.
        unknown_runs: Runs whose status is unknown or missing. They count neither as successes nor as failures.
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
    undated_successes: int = 0
    unknown_runs: int = 0
    unknown_statuses: tuple[str, ...] = ()

    @property
    def is_ahead(self) -> bool:
        """Whether the last success lies more than five minutes ahead of the present: one of the clocks is wrong."""
        return self.age is not None and -self.age > _MOST_SKEW

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON: times as ISO 8601 UTC text, lengths of time in seconds."""
        return {name: _plain(value) for name, value in asdict(self).items()}


class OperatorStatus(RunsStatus, frozen=True, kw_only=True):
    """How one operator stands, by its runs.

    Attributes:
        task_id: Id of the operator's job; None if its runs have none.
        job_name: Name of the operator; None if its runs have none. Untrusted.
        workspace_id: Id of its workspace; None if that is not known.
        counts: Whether it counts for the table. One without runs in the window does not.
        decides: Whether the table's verdict is its verdict.
    """

    task_id: str | None
    job_name: str | None
    workspace_id: str | None = None
    counts: bool = True
    decides: bool = False


class TableStatus(RunsStatus, frozen=True, kw_only=True):
    """How a table stands, by the runs of its operators.

    A table is as old as its oldest producer. Each of the operators that count, as ``basis`` says, is judged if it has
    runs in the window: the verdict is the worst of theirs (failed, late, stale, unknown, fresh), and the last success
    that of the operator whose last success is the oldest; None if one of them has none. If no operator has runs, the
    verdict is unknown.

    With ``any_operator``, one operator that keeps the table fresh is enough: the last success is that of any operator.
    Failures still are those of each operator since its own last success.

    Attributes:
        now: When it was judged, UTC.
        max_age: The maximum age of a last success; None if age was not judged.
        any_operator: Whether a success of any operator counts for the table.
        operators: Each operator by itself.
        ignored: The operators of the table that were left out on request. Untrusted.
        basis: How it is known which operators count; None for runs that were judged without asking.
        others: The operators that do not count, since lineage does not say that they write the table. Untrusted.
        notes: Where the service's operators and lineage disagree, and why readers cannot be told from producers. Names
            in them are made printable.
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
        """The operator whose verdict is the table's: of several, the one whose last success is the oldest.

        With ``any_operator``, the one that succeeded last; where failures decide, the one with most of them. None if no
        operator has runs.
        """
        return next((one for one in self.operators if one.decides), None)

    @property
    def left_out(self) -> tuple[OperatorStatus, ...]:
        """The operators without runs in the window: they do not count."""
        return tuple(one for one in self.operators if not one.counts)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON: times as ISO 8601 UTC text, lengths of time in seconds.

        ``decided_by``, ``left_out``, ``ignored`` and ``others`` name operators, by ``task_id``, ``job_name`` and
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
    """How far back to look: at least as far as the maximum age of a success.

    Raises:
        InvalidArgumentError: One of them is not a positive timedelta.
    """
    least = _checked_span("since", since)
    return least if max_age is None else max(least, _checked_span("max_age", max_age))


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

    With ``max_age``, the age of the last success alone decides: failures after it are reported, but change nothing as
    long as it is young enough. Without, failures decide. Only the state *succeeded* counts as a success; a status that
    is not known is named and never taken for one.

    A run belongs to the operator whose runs were asked for (``Run.origin``), whatever its row says. A run that no
    client read belongs to the operator that its row names.

    Args:
        runs: Runs of the table's operators, as far back as should be looked.
        now: The present, aware.
        max_age: The maximum age of a last success.
        operators: Operators that are listed even if they have no runs.
        any_operator: Whether one operator that keeps the table fresh is enough; otherwise every operator with runs
            counts.
        ignored: Operators to name as left out; runs of theirs do not count.

    Raises:
        InvalidArgumentError: ``now`` is naive, or ``max_age`` is not a positive timedelta.
    """
    present = checked_now(now)
    if max_age is not None:
        _checked_span("max_age", max_age)
    left_out = tuple(dict.fromkeys(ignored))
    groups = group_runs(runs, (*operators, *left_out))
    for one in left_out:
        groups.pop(operator_key(one), None)
    facts = {key: _facts(group, now=present, max_age=max_age) for key, group in groups.items()}
    counted = {key: one for key, one in facts.items() if one["runs"]}
    everything = [run for group in groups.values() for run in group]
    table = _facts(everything, now=present, max_age=max_age)
    table["failures_since_success"] = sum(one["failures_since_success"] for one in facts.values())
    judge = _judged_by_any if any_operator else _judged_by_each
    decisive = judge(table, counted, present, max_age)
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
    """The status, with how its producers were chosen."""
    return replace(status, basis=producers.basis, others=producers.others, notes=producers.notes)


def group_runs(runs: Iterable[Run], operators: Iterable[Operator] = ()) -> dict[OperatorKey, list[Run]]:
    """The runs of each operator: first of the operators given, then of those that the other runs belong to.

    A run that no client read is matched by its row. If one of the two lacks the workspace, they match if only one
    operator can be meant.
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
    """The only one of the operators that a run's row can mean."""
    namesakes, alike = ([one for one in some if one[:2] == key[:2]] for some in (given, strangers))
    if len(namesakes) != 1 or len(alike) != 1:
        return None
    return namesakes[0] if key.workspace_id is None or namesakes[0].workspace_id is None else None


def _judged_by_each(
    table: dict[str, Any], counted: dict[OperatorKey, dict[str, Any]], now: datetime, _max_age: timedelta | None
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


def _judged_by_any(
    table: dict[str, Any], counted: dict[OperatorKey, dict[str, Any]], _now: datetime, max_age: timedelta | None
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
        InvalidArgumentError: It is no aware datetime.
    """
    if not isinstance(now, datetime) or now.utcoffset() is None:
        raise InvalidArgumentError(f"now must be an aware datetime, not {shown(now)}")
    return now.astimezone(UTC)


def _checked_span(name: str, span: object) -> timedelta:
    if not isinstance(span, timedelta) or span <= timedelta(0):
        hint = span_hint(span, "timedelta(hours=26)")
        raise InvalidArgumentError(f"{name} must be a timedelta longer than nothing, such as {hint}, not {shown(span)}")
    return span


def _facts(runs: Sequence[Run], *, now: datetime, max_age: timedelta | None) -> dict[str, Any]:
    """What runs show, and their verdict as those of one operator."""
    last_success = _last_success(runs, now)
    active = [run for run in runs if run.state is RunState.ACTIVE]
    unknown = [run for run in runs if run.state is RunState.UNKNOWN]
    lateness = _lateness_in_order(runs)
    facts: dict[str, Any] = {
        "last_success": last_success,
        "age": None if last_success is None else now - last_success,
        "running": sum(run.start_time is not None for run in active),
        "waiting": sum(run.start_time is None for run in active),
        "failures_since_success": _failures_since_success(runs, now),
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


def _last_success(runs: Iterable[Run], now: datetime) -> datetime | None:
    ends = (ended_at(run, now) for run in runs if run.state is RunState.SUCCEEDED)
    return max((end for end in ends if end is not None), default=None)


def _failures_since_success(runs: Sequence[Run], now: datetime) -> int:
    """How many runs failed after the last success; a failed run without any time counts, too."""
    success = _last_success(runs, now)
    ends = [ended_at(run, now) for run in runs if run.state is RunState.FAILED]
    return sum(success is None or end is None or end > success for end in ends)


def ended_at(run: Run, now: datetime) -> datetime | None:
    """When a run ended, UTC: its end, or the latest of its times if it has none. None if none can be read."""
    times = (run.plan_time, run.submit_time, run.start_time, run.end_time)
    *others, end = (time if time is not None and _is_plausible(time, now) else None for time in times)
    return end or max(filter(None, others), default=None)


def _is_plausible(time: datetime, now: datetime) -> bool:
    return _EARLIEST <= time <= now + _MOST_AHEAD


def _is_undated(run: Run, now: datetime) -> bool:
    """Whether it is not known when a run ended: its end cannot be read, or it has no time at all."""
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
