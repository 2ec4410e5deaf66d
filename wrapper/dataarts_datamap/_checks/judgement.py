"""The verdict on a table, from the readings of its producers. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from dataarts_datamap._checks.due_times import due_verdict
from dataarts_datamap._models.runs import RunState
from dataarts_datamap._monitoring.freshness import WORST_FIRST, OperatorStatus, TableStatus, Verdict, table_status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dataarts_datamap._checks.due_times import DuePeriod
    from dataarts_datamap._checks.readings import Reading
    from dataarts_datamap._checks.records import OperatorRecord
    from dataarts_datamap._checks.table_rules import TableRule
    from dataarts_datamap._models.runs import Operator, Run

_SLOW: Final = 2.0


class LastSuccess(NamedTuple):
    """The last success of a table; the fields are those of ``TableCheck``."""

    last_success: datetime | None
    never_succeeded: bool
    searched_from: datetime | None


class Judgement(NamedTuple):
    """The freshness of a table, judged by its runs, and its last success."""

    status: TableStatus
    found: LastSuccess


def judge(
    rule: TableRule, readings: Mapping[Operator, Reading], *, period: DuePeriod | None, now: datetime
) -> Judgement:
    """Judge a table against its rule.

    A producer counts if it has runs in the time that was read, or if the rule names it. A producer that is known to
    have run before counts, too, if the rule has ``max_age`` or a due time, or its last run did not succeed. If no
    producer has runs in that time, but one ran before, all producers count: a table that is no longer loaded must not
    be fresh.
    """
    its = list(readings.values())
    records = [reading.record for reading in its]
    everything = [run for reading in its for run in reading.runs]
    status = table_status(everything, now=now, max_age=rule.max_age, operators=readings)
    operators = [_with_record(one, record, rule, now) for one, record in zip(status.operators, records, strict=True)]
    verdicts = [_verdict(rule, one, reading, period, now) for one, reading in zip(operators, its, strict=True)]
    is_silent = not any(verdicts)
    if is_silent and any(one.last_run or one.last_success for one in records):
        verdicts = [_silent_verdict(rule)] * len(operators)
    elif not is_silent:
        verdicts = [verdict or _ended_verdict(rule, record) for verdict, record in zip(verdicts, records, strict=True)]
    counted = [one for one, verdict in zip(records, verdicts, strict=True) if verdict is not None]
    found = _last_success(counted or records, is_silent=is_silent)
    status = _with_verdicts(status, operators, verdicts)
    age = None if found.last_success is None else now - found.last_success
    return Judgement(replace(status, last_success=found.last_success, age=age), found)


def is_slow(run: Run, record: OperatorRecord, now: datetime) -> bool:
    """Whether a run has been going on for more than twice the typical time, and longer than any recorded success."""
    typical, longest = record.typical_duration, record.longest_duration
    if run.state is not RunState.ACTIVE or run.start_time is None or typical is None or longest is None:
        return False
    return now - run.start_time > max(_SLOW * typical, longest)


def has_few_rows(rule: TableRule, record: OperatorRecord) -> bool:
    """Whether the latest successful run wrote fewer rows than the rule demands; False if that is not known."""
    rows = record.latest_rows
    if rows is None:
        return False
    if rule.min_rows is not None and rows < rule.min_rows:
        return True
    return rule.rows_drop is not None and rows < (1 - rule.rows_drop) * (record.typical_rows or 0)


def _with_record(one: OperatorStatus, record: OperatorRecord, rule: TableRule, now: datetime) -> OperatorStatus:
    """The status of an operator, with its record's typical duration and, if no success was read, its last success.

    That success can change the verdict.
    """
    one = replace(one, typical_duration=record.typical_duration or one.typical_duration)
    if one.last_success is not None or record.last_success is None:
        return one
    age = now - record.last_success
    if one.undated_successes and (one.failures_since_success or rule.max_age is not None):
        verdict = Verdict.UNKNOWN
    elif rule.max_age is not None:
        verdict = Verdict.STALE if age > rule.max_age else Verdict.FRESH
    else:
        verdict = Verdict.FAILED if one.failures_since_success else Verdict.FRESH
    return replace(one, last_success=record.last_success, age=age, verdict=verdict)


def _verdict(
    rule: TableRule, status: OperatorStatus, reading: Reading, period: DuePeriod | None, now: datetime
) -> Verdict | None:
    """The verdict that a producer's runs give; None if it has no runs and the rule does not name it."""
    runs = reading.runs
    if not runs and not rule.producers:
        return None
    if period is not None:
        verdict = due_verdict(runs, period, now)
    elif not runs and rule.max_age is not None:
        verdict = Verdict.STALE
    else:
        verdict = status.verdict
    if verdict is not Verdict.FRESH:
        return verdict
    if has_few_rows(rule, reading.record):
        return Verdict.FEW_ROWS
    return Verdict.SLOW if any(is_slow(run, reading.record, now) for run in (*runs, *reading.older_open)) else verdict


def _silent_verdict(rule: TableRule) -> Verdict:
    """The verdict on a table that was not loaded in the time that was read."""
    if rule.due is not None:
        return Verdict.LATE
    return Verdict.UNKNOWN if rule.max_age is None else Verdict.STALE


def _ended_verdict(rule: TableRule, record: OperatorRecord) -> Verdict | None:
    """The verdict on a producer that ran only before the time that was read; None if it does not count.

    An alarm must not end because the producer no longer runs. If the rule asks only for the latest outcome, and that
    was a success, there is no alarm.
    """
    if record.last_run is None:
        return None
    is_any_asked = rule.due is not None or rule.max_age is not None
    was_success = record.success_began is not None and record.last_run <= record.success_began
    return None if was_success and not is_any_asked else _silent_verdict(rule)


def _last_success(records: Sequence[OperatorRecord], *, is_silent: bool) -> LastSuccess:
    """The oldest of the producers' last successes; None if one of them has no known success.

    If ``is_silent``, the newest of their known successes; None if there is none.
    """
    known = [one.last_success for one in records if one.last_success is not None]
    without = [one for one in records if one.last_success is None]
    searched_from = max((one.searched_from for one in without or records), default=None)
    if known and is_silent:
        return LastSuccess(max(known), never_succeeded=False, searched_from=searched_from)
    if known and not without:
        return LastSuccess(min(known), never_succeeded=False, searched_from=searched_from)
    never = bool(without) and all(one.never_succeeded for one in without)
    return LastSuccess(None, never_succeeded=never, searched_from=searched_from)


def _with_verdicts(
    status: TableStatus, operators: Sequence[OperatorStatus], verdicts: Sequence[Verdict | None]
) -> TableStatus:
    """The status with these operators and their verdicts; the table has the worst verdict."""
    judged = [(verdict, index) for index, verdict in enumerate(verdicts) if verdict is not None]
    if not judged:
        return replace(status, verdict=Verdict.UNKNOWN)
    verdict = min((one for one, _ in judged), key=WORST_FIRST.index)
    decisive = min(
        (index for one, index in judged if one is verdict),
        key=lambda index: (operators[index].last_success is not None, operators[index].last_success or status.now),
    )
    chosen = tuple(
        replace(one, verdict=own or Verdict.UNKNOWN, counts=own is not None, decides=index == decisive)
        for index, (one, own) in enumerate(zip(operators, verdicts, strict=True))
    )
    return replace(status, verdict=verdict, operators=chosen)
