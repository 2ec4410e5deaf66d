"""How many tables stand: what is read for each, and what that means. No I/O."""

from __future__ import annotations

from copy import copy
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from msgspec import Struct
from msgspec.structs import replace

from dataarts_datamap._arguments import members
from dataarts_datamap._checks.due_times import due_verdict, planned_at
from dataarts_datamap._checks.table_rules import TableRule
from dataarts_datamap._errors import (
    AuthenticationError,
    ClientClosedError,
    ConfigurationError,
    ConnectionFailedError,
    DataMapError,
    InvalidArgumentError,
)
from dataarts_datamap._models.runs import RunState
from dataarts_datamap._monitoring.freshness import (
    WORST_FIRST,
    TableStatus,
    Verdict,
    table_status,
    with_basis,
)
from dataarts_datamap._monitoring.producers import choose_producers
from dataarts_datamap._text import printable, shown
from dataarts_datamap._times import span_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dataarts_datamap._checks.due_times import DuePeriod
    from dataarts_datamap._messages import Steps
    from dataarts_datamap._models.runs import Operator, Run
    from dataarts_datamap._models.tables import Table
    from dataarts_datamap._monitoring.freshness import OperatorStatus
    from dataarts_datamap._monitoring.lineage import Lineage

_LOOK_BACK: Final = timedelta(days=7)
_MARGIN: Final = timedelta(minutes=1)  # whether a window's ends belong to it is not documented
_IN_HOURS: Final = timedelta(days=3)
_LONGEST_NAME: Final = 80
_LONGEST_REASON: Final = 300
_MOST_NAMED: Final = 5
_MOST_IN_A_ROW: Final = 8
_OUTAGES: Final = (AuthenticationError, ConnectionFailedError)


class Outage:
    """Whether nothing at all can be read any more: so many tables in a row could not be, each after all its attempts.

    Attributes:
        error: What went wrong last; None while there is hope.
    """

    def __init__(self) -> None:
        self.error: DataMapError | None = None
        self._in_a_row = 0

    def note(self, error: DataMapError | None) -> None:
        """Note how the reading of a table ended."""
        self._in_a_row = self._in_a_row + 1 if isinstance(error, _OUTAGES) else 0
        if self._in_a_row >= _MOST_IN_A_ROW:
            self.error = error


class CheckSources(NamedTuple):
    """Where a check reads from.

    Attributes:
        find: Finds a table by GUID or name.
        lineage: Which operators write which table; None if that is not known.
        operators: Reads the operators of a table.
        runs: Reads the runs of an operator from a time up to that of the check.
        outage: Whether that is still worth while.
    """

    find: Callable[[Table | str], Steps[Table]]
    lineage: Lineage | None
    operators: Callable[[str], Steps[list[Operator]]]
    runs: Callable[[Operator, datetime], Steps[list[Run]]]
    outage: Outage


class TableCheck(Struct, frozen=True, kw_only=True):
    """How a table stands against what is asked of it.

    Attributes:
        rule: What is asked of it.
        verdict: How it stands.
        reason: Why, in words, made printable.
        now: When it was judged, UTC.
        table: The table; None if it could not be found.
        status: What its runs tell, of the time that was looked at; None if they could not be read.
        period: For what it was due last; None if it is not due at times, or never was.
        producers_known: Whether its rule or lineage says which operators write it; else all that the service lists
            count, and some of these may only read it.
        error: Why it could not be read; None if it could.
    """

    rule: TableRule
    verdict: Verdict
    reason: str
    now: datetime
    table: Table | None = None
    status: TableStatus | None = None
    period: DuePeriod | None = None
    producers_known: bool = False
    error: DataMapError | None = None

    @property
    def name(self) -> str:
        """What the table is called: the label or name of its rule, else its own full name. Untrusted."""
        if self.rule.label is None and self.rule.name is None and self.table is not None:
            return self.table.full_name
        return self.rule.title

    @property
    def guid(self) -> str | None:
        """GUID of the table; None if it could not be found."""
        return self.rule.guid if self.table is None else self.table.guid

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON: times as ISO 8601 UTC text, lengths of time in seconds."""
        rule, period = self.rule, self.period
        status: dict[str, Any] = {} if self.status is None else self.status.to_dict()
        return {
            "name": self.name,
            "table_guid": self.guid,
            "owner": rule.owner,
            "severity": rule.severity,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "now": _iso(self.now),
            "max_age": None if rule.max_age is None else rule.max_age.total_seconds(),
            "due": None if period is None else _iso(period.due),
            "period_start": None if period is None else _iso(period.start),
            **{name: status.get(name) for name in _OF_STATUS},
            "producers_known": self.producers_known,
            "error": None if self.error is None else type(self.error).__name__,
        }


_OF_STATUS: Final = ("last_success", "age", "running", "waiting", "failures_since_success", "runs", "decided_by")


def checked_rules(tables: object) -> list[TableRule]:
    """The tables to check.

    Raises:
        InvalidArgumentError: One of them is no ``TableRule``.
    """
    found = None if isinstance(tables, str) else members(tables)
    if found is None or not all(isinstance(one, TableRule) for one in found):
        raise InvalidArgumentError(
            f"tables must be a list of TableRule, such as load_tables gives, not {shown(tables)}"
        )
    return cast("list[TableRule]", found)


def worst_first(checks: Iterable[TableCheck]) -> list[TableCheck]:
    """The checks by their verdicts, the worst first, and by name."""
    return sorted(checks, key=lambda one: (WORST_FIRST.index(one.verdict), one.name.casefold(), one.name))


def check_table(rule: TableRule, sources: CheckSources, *, now: datetime) -> Steps[TableCheck]:
    """Judge one table; what cannot be read makes it unknown.

    One request for its operators, and for each producer one page of a window as long as the verdict needs; where no
    success lies in that, one of seven days, or of ``max_age`` if that is longer. In an outage, nothing is asked.

    Raises:
        ConfigurationError: The client is not set up for any table.
        ClientClosedError: It was closed.
    """
    table: Table | None = None
    period = None if rule.due is None else rule.due.period(now)
    try:
        if sources.outage.error is not None:
            raise copy(sources.outage.error)
        table = yield from sources.find(rule.subject)
        listed = yield from sources.operators(table.guid)
        producers = choose_producers(table, listed, sources.lineage, only=rule.producers or None)
        runs: dict[Operator, list[Run]] = {}
        for operator in producers.operators:
            runs[operator] = yield from _read_runs(rule, period, operator, sources, now=now)
    except (ClientClosedError, ConfigurationError):
        raise
    except DataMapError as error:
        sources.outage.note(error)
        reason = f"it could not be read: {printable(str(error), limit=_LONGEST_REASON)}"
        return TableCheck(
            rule=rule, verdict=Verdict.UNKNOWN, reason=reason, now=now, table=table, period=period, error=error
        )
    sources.outage.note(None)
    check = judge(rule, table, runs, period=period, now=now)
    status = None if check.status is None else with_basis(check.status, producers)
    return replace(check, status=status, producers_known=producers.are_known)


def judge(
    rule: TableRule, table: Table, runs: Mapping[Operator, Sequence[Run]], *, period: DuePeriod | None, now: datetime
) -> TableCheck:
    """How a table stands, by the runs of its producers."""
    everything = [run for some in runs.values() for run in some]
    status = table_status(everything, now=now, max_age=rule.max_age, operators=runs)
    verdicts = [
        _verdict(rule, one, some, period, now) for one, some in zip(status.operators, runs.values(), strict=True)
    ]
    status = _with_verdicts(status, verdicts)
    reason = _reason(rule, status, list(runs.values()), period)
    return TableCheck(
        rule=rule, verdict=status.verdict, reason=reason, now=now, table=table, status=status, period=period
    )


def _read_runs(
    rule: TableRule, period: DuePeriod | None, operator: Operator, sources: CheckSources, *, now: datetime
) -> Steps[list[Run]]:
    """The runs since the period began, or of the maximum age; of a longer time if none of these succeeded."""
    longest = now - max(_LOOK_BACK, rule.max_age or _LOOK_BACK)
    shortest = longest
    if period is not None:
        shortest = period.start - _MARGIN
    elif rule.max_age is not None:
        shortest = now - rule.max_age
    runs = yield from sources.runs(operator, shortest)
    if shortest <= longest or any(run.state is RunState.SUCCEEDED for run in runs):
        return runs
    return (yield from sources.runs(operator, longest))


def _verdict(
    rule: TableRule, status: OperatorStatus, runs: Sequence[Run], period: DuePeriod | None, now: datetime
) -> Verdict | None:
    """How a producer stands; None if it does not count, since it has no runs and nothing but a list names it."""
    is_silent = not runs and not rule.producers
    if period is not None:
        return None if is_silent else due_verdict(runs, period, now)
    if is_silent:
        return None
    return Verdict.STALE if not runs and rule.max_age is not None else status.verdict


def _with_verdicts(status: TableStatus, verdicts: Sequence[Verdict | None]) -> TableStatus:
    """The status with these verdicts of its operators, the worst of which is the table's."""
    pairs = list(zip(status.operators, verdicts, strict=True))
    judged = [(verdict, index) for index, (_, verdict) in enumerate(pairs) if verdict is not None]
    if not judged:
        return replace(status, verdict=Verdict.UNKNOWN)
    worst = min(WORST_FIRST.index(verdict) for verdict, _ in judged)
    verdict = WORST_FIRST[worst]
    decisive = min(
        (index for one, index in judged if one is verdict),
        key=lambda index: (pairs[index][0].last_success is not None, pairs[index][0].last_success or status.now),
    )
    operators = tuple(
        replace(one, verdict=own or Verdict.UNKNOWN, counts=own is not None, decides=index == decisive)
        for index, (one, own) in enumerate(pairs)
    )
    successes = [one.last_success for one in operators if one.counts]
    oldest = None if None in successes else min(one for one in successes if one is not None)
    age = None if oldest is None else status.now - oldest
    return replace(status, verdict=verdict, operators=operators, last_success=oldest, age=age)


def _reason(rule: TableRule, status: TableStatus, runs: Sequence[Sequence[Run]], period: DuePeriod | None) -> str:
    decisive = status.decided_by
    if decisive is None:
        if not status.operators:
            return "no operator is known to produce it"
        return f"no run of {_listed(status.operators)} in the last {_look_back_text(rule)}"
    who = _named(decisive)
    if period is not None and rule.due is not None:
        its = next(some for one, some in zip(status.operators, runs, strict=True) if one.decides)
        when = f"due {rule.due.text(period)}, {_span(status.now - period.due)} ago"
        return f"{who} {_due_reason(decisive.verdict, its, period)}; {when}"
    return _age_reason(rule, decisive, who)


def _age_reason(rule: TableRule, decisive: OperatorStatus, who: str) -> str:
    """What an operator did, by the age of its last success."""
    age = None if decisive.age is None else _span(max(decisive.age, timedelta(0)))
    failures = decisive.failures_since_success
    match decisive.verdict:
        case Verdict.FRESH:
            allowed = "" if rule.max_age is None else f", {_span(rule.max_age)} allowed"
            return f"{who} succeeded {age} ago{allowed}"
        case Verdict.STALE if age is not None and rule.max_age is not None:
            since = f"; {_counted(failures)} failed since" if failures else ""
            return f"the last success of {who} is {age} old, {_span(rule.max_age)} allowed{since}"
        case Verdict.STALE:
            return f"{who} has no success in the last {_look_back_text(rule)}"
        case Verdict.FAILED:
            since = "none has succeeded" if age is None else f"the last success is {age} old"
            return f"{_counted(failures)} of {who} failed; {since}"
        case _:
            return _why_unknown(decisive, who, rule)


def _due_reason(verdict: Verdict, runs: Sequence[Run], period: DuePeriod) -> str:
    """What an operator did for a period."""
    planned = [run for run in runs if (plan := planned_at(run)) is not None and plan >= period.start]
    states = [run.state for run in planned]
    match verdict:
        case Verdict.FRESH:
            return "has succeeded"
        case Verdict.FAILED:
            return f"failed: {_counted(states.count(RunState.FAILED))}, and none goes on"
        case Verdict.UNKNOWN if RunState.UNKNOWN in states:
            return f"has a run of a status that is not known: {_statuses(planned)}"
        case Verdict.UNKNOWN:
            return "succeeded at a time that cannot be read"
        case _:
            return f"has not succeeded: {_what_goes_on(planned)}"


def _what_goes_on(planned: Sequence[Run]) -> str:
    states = {run.state for run in planned}
    if RunState.ACTIVE in states:
        is_running = any(run.state is RunState.ACTIVE and run.start_time is not None for run in planned)
        return "it is running" if is_running else "it is waiting"
    return "it was skipped" if RunState.SKIPPED in states else "it has no run"


def _why_unknown(one: OperatorStatus, who: str, rule: TableRule) -> str:
    if one.undated_successes:
        return f"{who} succeeded at a time that cannot be read"
    if not one.runs:
        return f"no run of {who} in the last {_look_back_text(rule)}"
    if one.unknown_runs:
        names = ", ".join(name or "(none)" for name in one.unknown_statuses[:_MOST_NAMED])
        return f"{who} has runs of a status that is not known: {printable(names, limit=_LONGEST_NAME)}"
    return f"no run of {who} has ended"


def _statuses(runs: Iterable[Run]) -> str:
    names = sorted({run.status or "(none)" for run in runs if run.state is RunState.UNKNOWN})
    return printable(", ".join(names[:_MOST_NAMED]), limit=_LONGEST_NAME)


def _look_back_text(rule: TableRule) -> str:
    return span_text(max(_LOOK_BACK, rule.max_age or _LOOK_BACK))


def _span(span: timedelta) -> str:
    """A length of time; in hours up to three days, as limits are written, so that the two can be compared."""
    if span >= _IN_HOURS:
        return span_text(span)
    hours, minutes = divmod(span // timedelta(minutes=1), 60)
    return " ".join([*([f"{hours} h"] if hours else []), *([f"{minutes} min"] if minutes or not hours else [])])


def _counted(runs: int) -> str:
    return f"{runs} run{'' if runs == 1 else 's'}"


def _listed(operators: Sequence[OperatorStatus]) -> str:
    more = len(operators) - _MOST_NAMED
    names = ", ".join(map(_named, operators[:_MOST_NAMED]))
    return f"{names} and {more} more" if more > 0 else names


def _named(one: OperatorStatus) -> str:
    return printable(one.job_name or one.task_id or "an operator", limit=_LONGEST_NAME)


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
