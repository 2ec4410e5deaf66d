"""The reasons for verdicts on tables, as printable text. No I/O."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from dataarts_datamap._checks.judgement import is_slow
from dataarts_datamap._checks.readings import look_back
from dataarts_datamap._models.runs import Run, RunState, planned_or_begun
from dataarts_datamap._monitoring.freshness import OperatorStatus, TableStatus, Verdict
from dataarts_datamap._sentences import Length, Sentence, sentence
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


def reason_of(rule: TableRule, status: TableStatus, readings: Sequence[Reading], period: DuePeriod | None) -> Sentence:
    """The reason for a table's verdict: a sentence about the operator that decides; if none does, about all."""
    decisive = status.decided_by
    if decisive is None:
        return _why_none(rule, status, readings)
    who = _named(decisive)
    its = next(reading for one, reading in zip(status.operators, readings, strict=True) if one.decides)
    if decisive.verdict is Verdict.FEW_ROWS:
        return _rows_reason(rule, who, its)
    if decisive.verdict is Verdict.SLOW:
        return _slow_reason(its, status.now, who)
    if period is not None and rule.due is not None:
        said = sentence(
            "{what}; due {time}, {span} ago",
            what=_due_reason(decisive.verdict, who, its, period, status.now),
            time=rule.due.text(period),
            span=_span(status.now - period.due),
        )
    else:
        said = _age_reason(rule, decisive, who, its, status.now)
    doubt = _rows_doubt(rule, decisive, its)
    return said if doubt is None else sentence("{what}; {doubt}", what=said, doubt=doubt)


def _why_none(rule: TableRule, status: TableStatus, readings: Sequence[Reading]) -> Sentence:
    if not status.operators:
        return sentence("no operator is known to produce it")
    names = _listed(status.operators)
    if all(one.record.is_whole for one in readings):
        return sentence("the service knows no run of {who}", who=names)
    searched = max(one.record.searched_from for one in readings)
    return sentence("no run of {who} in the last {span}", who=names, span=_searched_text(rule, status.now, searched))


def _slow_reason(reading: Reading, now: datetime, who: str | Sentence) -> Sentence:
    its = (run for run in (*reading.runs, *reading.older_open) if is_slow(run, reading.record, now))
    run = max(its, key=lambda run: _running(run, now))
    typical = reading.record.typical_duration or timedelta(0)
    return sentence(
        "{who} has been running for {span}, {usual} is usual",
        who=who,
        span=_span(_running(run, now)),
        usual=_span(typical),
    )


def _running(run: Run, now: datetime) -> timedelta:
    return timedelta(0) if run.start_time is None else now - run.start_time


def _rows_reason(rule: TableRule, who: str, reading: Reading) -> Sentence:
    rows, typical = reading.record.latest_rows or 0, reading.record.typical_rows
    wrote = sentence("{n} row" if rows == 1 else "{n} rows", n=f"{rows:,}")
    if rule.min_rows is not None and rows < rule.min_rows:
        return sentence(
            "{who} wrote {rows}, at least {least} are required", who=who, rows=wrote, least=f"{rule.min_rows:,}"
        )
    return sentence(
        "{who} wrote {rows}, {usual} are usual, and a drop of {percent} % is allowed",
        who=who,
        rows=wrote,
        usual=f"{round(typical or 0):,}",
        percent=round(100 * (rule.rows_drop or 0)),
    )


def _rows_doubt(rule: TableRule, decisive: OperatorStatus, reading: Reading) -> Sentence | None:
    """The reason why the rows of a fresh table cannot be judged; None if they can, or the rule does not limit them."""
    if decisive.verdict is not Verdict.FRESH or (rule.min_rows is None and rule.rows_drop is None):
        return None
    if reading.record.latest_rows is None:
        return sentence("the number of rows that it wrote is not known")
    is_usual_unknown = rule.rows_drop is not None and reading.record.typical_rows is None
    return sentence("the usual number of rows is not known yet") if is_usual_unknown else None


def _age_reason(rule: TableRule, decisive: OperatorStatus, who: str, reading: Reading, now: datetime) -> Sentence:
    age = None if decisive.age is None else _span(max(decisive.age, timedelta(0)))
    searched = _searched_text(rule, now, reading.record.searched_from)
    match decisive.verdict:
        case Verdict.FRESH:
            succeeded = sentence("{who} succeeded {age} ago", who=who, age=age)
            return _against(succeeded, rule.max_age)
        case Verdict.STALE if age is not None and rule.max_age is not None:
            words = (
                "the last success of {who} is a little more than {age} old"
                if age == _span(rule.max_age)
                else "the last success of {who} is {age} old"
            )
            stale = _against(sentence(words, who=who, age=age), rule.max_age)
            if failures := decisive.failures_since_success:
                stale = sentence("{what}; {runs} failed since", what=stale, runs=_counted(failures))
            going_on = [run for run in reading.runs if run.state is RunState.ACTIVE]
            return sentence("{what}; {doubt}", what=stale, doubt=_what_goes_on(going_on)) if going_on else stale
        case Verdict.STALE:
            if reading.record.never_succeeded:
                return sentence("{who} has never succeeded in the history that the service keeps", who=who)
            return sentence("{who} has no success in the last {span}", who=who, span=searched)
        case Verdict.FAILED:
            since = sentence("none has succeeded" if age is None else "the last success is {age} old", age=age)
            failed = _counted(decisive.failures_since_success)
            return sentence("{runs} of {who} failed; {since}", runs=failed, who=who, since=since)
        case _:
            return _why_unknown(decisive, who, searched, age)


def _against(said: Sentence, limit: timedelta | None) -> Sentence:
    if limit is None:
        return sentence("{what}, no limit is set on its age", what=said)
    return sentence("{what}, {limit} allowed", what=said, limit=_span(limit))


def _due_reason(verdict: Verdict, who: str, reading: Reading, period: DuePeriod, now: datetime) -> Sentence:
    planned = [run for run in reading.runs if (plan := planned_or_begun(run)) is not None and plan >= period.start]
    states = [run.state for run in planned]
    match verdict:
        case Verdict.FRESH:
            return sentence("{who} has succeeded", who=who)
        case Verdict.FAILED:
            failed = _counted(states.count(RunState.FAILED))
            return sentence("{who} failed: {runs}, and none is going on", who=who, runs=failed)
        case Verdict.UNKNOWN if RunState.UNKNOWN in states:
            names = _statuses(sorted({run.status or "" for run in planned if run.state is RunState.UNKNOWN}))
            return sentence("{who} has a run with an unknown status: {names}", who=who, names=names)
        case Verdict.UNKNOWN:
            return sentence("{who} succeeded at a time that cannot be read", who=who)
        case _:
            is_late = any(is_slow(run, reading.record, now) for run in planned)
            what = _slow_reason(reading, now, sentence("it")) if is_late else _what_goes_on(planned)
            return sentence("{who} has not succeeded: {what}", who=who, what=what)


def _what_goes_on(planned: Sequence[Run]) -> Sentence:
    states = {run.state for run in planned}
    if RunState.ACTIVE in states:
        is_running = any(run.state is RunState.ACTIVE and run.start_time is not None for run in planned)
        return sentence("it is running" if is_running else "it is waiting")
    return sentence("it was skipped" if RunState.SKIPPED in states else "it has no run")


def _why_unknown(one: OperatorStatus, who: str, searched: Length, age: Length | None) -> Sentence:
    if one.undated_successes:
        return sentence("{who} succeeded at a time that cannot be read", who=who)
    if not one.runs and age is None:
        return sentence("no run of {who} in the last {span}", who=who, span=searched)
    if not one.runs:
        words = "no run of {who} in the last {span}: its last success is {age} old"
        return sentence(words, who=who, span=searched, age=age)
    if one.unknown_runs:
        names = _statuses(one.unknown_statuses)
        return sentence("{who} has runs with an unknown status: {names}", who=who, names=names)
    return sentence("no run of {who} has succeeded or failed", who=who)


def _statuses(names: Iterable[str]) -> str:
    return printable(", ".join(islice((name or "(none)" for name in names), _MOST_NAMED)), limit=_LONGEST_NAME)


def _searched_text(rule: TableRule, now: datetime, searched_from: datetime) -> Length:
    """The length of the searched time: the time to look back, unless at least an hour more was searched."""
    least, searched = look_back(rule), now - searched_from
    return Length(span_text(least if searched - least < _SPARE else searched))


def _span(span: timedelta) -> Length:
    """A duration; below three days in hours and minutes, because most limits are in hours."""
    if span >= _IN_HOURS:
        return Length(span_text(span))
    hours, minutes = divmod(span // timedelta(minutes=1), 60)
    return Length(" ".join([*([f"{hours} h"] if hours else []), *([f"{minutes} min"] if minutes or not hours else [])]))


def _counted(runs: int) -> Sentence:
    return sentence("{n} run" if runs == 1 else "{n} runs", n=runs)


def _listed(operators: Sequence[OperatorStatus]) -> str | Sentence:
    more = len(operators) - _MOST_NAMED
    names = ", ".join(map(_named, operators[:_MOST_NAMED]))
    return sentence("{names} and {n} more", names=names, n=more) if more > 0 else names


def _named(one: OperatorStatus) -> str:
    return printable(one.job_name or one.task_id or "an operator", limit=_LONGEST_NAME)
