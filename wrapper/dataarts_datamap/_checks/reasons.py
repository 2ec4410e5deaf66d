"""Why a table stands as it does, in words made printable: no I/O."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from dataarts_datamap._checks.due_times import planned_at
from dataarts_datamap._checks.judgement import is_slow
from dataarts_datamap._checks.readings import look_back
from dataarts_datamap._models.runs import Run, RunState
from dataarts_datamap._monitoring.freshness import OperatorStatus, TableStatus, Verdict
from dataarts_datamap._text import printable
from dataarts_datamap._times import span_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from dataarts_datamap._checks.due_times import DuePeriod
    from dataarts_datamap._checks.readings import Reading
    from dataarts_datamap._checks.table_rules import TableRule

_IN_HOURS: Final = timedelta(days=3)
_LONGEST_NAME: Final = 80
_MOST_NAMED: Final = 5
_SPARE: Final = timedelta(hours=1)


def reason_of(rule: TableRule, status: TableStatus, readings: Sequence[Reading], period: DuePeriod | None) -> str:
    """Why a table has its verdict: a sentence that names the operator that decides."""
    decisive = status.decided_by
    if decisive is None:
        return _why_none(rule, status, readings)
    who = _named(decisive)
    its = next(reading for one, reading in zip(status.operators, readings, strict=True) if one.decides)
    if decisive.verdict is Verdict.FEW_ROWS:
        return f"{who} {_rows_reason(rule, its)}"
    if decisive.verdict is Verdict.SLOW:
        return f"{who} {_slow_reason(its, status.now)}"
    if period is not None and rule.due is not None:
        when = f"due {rule.due.text(period)}, {_span(status.now - period.due)} ago"
        said = f"{who} {_due_reason(decisive.verdict, its, period, status.now)}; {when}"
    else:
        said = _age_reason(rule, decisive, who, its, status.now)
    return f"{said}{_rows_doubt(rule, decisive, its)}"


def _why_none(rule: TableRule, status: TableStatus, readings: Sequence[Reading]) -> str:
    if not status.operators:
        return "no operator is known to produce it"
    names = _listed(status.operators)
    if all(one.record.is_whole for one in readings):
        return f"the service knows no run of {names}"
    searched = max(one.record.searched_from for one in readings)
    return f"no run of {names} in the last {_searched_text(rule, status.now, searched)}"


def _slow_reason(reading: Reading, now: datetime) -> str:
    its = (run for run in (*reading.runs, *reading.older_open) if is_slow(run, reading.record, now))
    run = max(its, key=lambda run: _running(run, now))
    typical = reading.record.typical_duration or timedelta(0)
    return f"has been running for {_span(_running(run, now))}, {_span(typical)} is usual"


def _running(run: Run, now: datetime) -> timedelta:
    return timedelta(0) if run.start_time is None else now - run.start_time


def _rows_reason(rule: TableRule, reading: Reading) -> str:
    rows, typical = reading.record.latest_rows or 0, reading.record.typical_rows
    wrote = f"wrote {rows:,} row{'' if rows == 1 else 's'}"
    if rule.min_rows is not None and rows < rule.min_rows:
        return f"{wrote}, at least {rule.min_rows:,} are asked for"
    allowed = round(100 * (rule.rows_drop or 0))
    return f"{wrote}, {round(typical or 0):,} are usual, and a drop of {allowed} % is allowed"


def _rows_doubt(rule: TableRule, decisive: OperatorStatus, reading: Reading) -> str:
    """What keeps the rows of a fresh table from being judged."""
    if decisive.verdict is not Verdict.FRESH or (rule.min_rows is None and rule.rows_drop is None):
        return ""
    if reading.record.latest_rows is None:
        return "; how many rows it wrote is not known"
    is_usual_unknown = rule.rows_drop is not None and reading.record.typical_rows is None
    return "; how many rows are usual is not known yet" if is_usual_unknown else ""


def _age_reason(rule: TableRule, decisive: OperatorStatus, who: str, reading: Reading, now: datetime) -> str:
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
        case Verdict.STALE if reading.record.never_succeeded:
            return f"{who} has never succeeded, as far back as the service keeps runs"
        case Verdict.STALE:
            return f"{who} has no success in the last {_searched_text(rule, now, reading.record.searched_from)}"
        case Verdict.FAILED:
            since = "none has succeeded" if age is None else f"the last success is {age} old"
            return f"{_counted(failures)} of {who} failed; {since}"
        case _:
            return _why_unknown(decisive, who, _searched_text(rule, now, reading.record.searched_from), age)


def _due_reason(verdict: Verdict, reading: Reading, period: DuePeriod, now: datetime) -> str:
    """What an operator did for a period."""
    planned = [run for run in reading.runs if (plan := planned_at(run)) is not None and plan >= period.start]
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
            is_late = any(is_slow(run, reading.record, now) for run in planned)
            return f"has not succeeded: {f'it {_slow_reason(reading, now)}' if is_late else _what_goes_on(planned)}"


def _what_goes_on(planned: Sequence[Run]) -> str:
    states = {run.state for run in planned}
    if RunState.ACTIVE in states:
        is_running = any(run.state is RunState.ACTIVE and run.start_time is not None for run in planned)
        return "it is running" if is_running else "it is waiting"
    return "it was skipped" if RunState.SKIPPED in states else "it has no run"


def _why_unknown(one: OperatorStatus, who: str, searched: str, age: str | None) -> str:
    if one.undated_successes:
        return f"{who} succeeded at a time that cannot be read"
    if not one.runs:
        last = "" if age is None else f": its last success is {age} old"
        return f"no run of {who} in the last {searched}{last}"
    if one.unknown_runs:
        names = ", ".join(name or "(none)" for name in one.unknown_statuses[:_MOST_NAMED])
        return f"{who} has runs of a status that is not known: {printable(names, limit=_LONGEST_NAME)}"
    return f"no run of {who} has ended"


def _statuses(runs: Iterable[Run]) -> str:
    names = sorted({run.status or "(none)" for run in runs if run.state is RunState.UNKNOWN})
    return printable(", ".join(names[:_MOST_NAMED]), limit=_LONGEST_NAME)


def _searched_text(rule: TableRule, now: datetime, searched_from: datetime) -> str:
    """How far back was searched, by the length of time that is looked back unless it was much more."""
    least, searched = look_back(rule), now - searched_from
    return span_text(least if searched < least + _SPARE else searched)


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
