"""How a table stands by the runs of its producers: against an oracle that reads the list of runs as a person would."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap import DueTime, Operator, Run, TableRule
from dataarts_datamap._checks.check import TableCheck, worst_first
from dataarts_datamap._checks.judgement import judge
from dataarts_datamap._checks.readings import Reading
from dataarts_datamap._checks.reasons import reason_of
from dataarts_datamap._checks.records import record_of
from support.lineage_worlds import run_of

NOW = datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WORST = ("failed", "late", "stale", "unknown", "few_rows", "slow", "fresh")
statuses = st.sampled_from(["success", "fail", "running", "skip-by-depend"])
histories = st.lists(st.lists(st.tuples(st.integers(1, 72), statuses), max_size=4), min_size=1, max_size=4)
rules = st.sampled_from(
    [
        TableRule(name="t"),
        TableRule(name="t", max_age=26 * HOUR),
        TableRule(name="t", due=DueTime(at=time(8), zone=UTC)),
        TableRule(name="t", max_age=26 * HOUR, producers=("load",)),
        TableRule(name="t", due=DueTime(at=time(8), zone=UTC), producers=("load",)),
    ]
)


def oracle(rule: TableRule, history: list[tuple[int, str]]) -> str | None:
    """How one operator stands; its runs are planned whole hours ago, and those that ended took eleven minutes."""
    if not history:
        silent = "late" if rule.due else "stale"
        return silent if rule.producers else None
    plain = plain_oracle(rule, history)
    statuses = [status for _, status in history]
    return "slow" if plain == "fresh" and "running" in statuses and statuses.count("success") >= 3 else plain


def plain_oracle(rule: TableRule, history: list[tuple[int, str]]) -> str:
    """The same, whether or not a run goes on for longer than the eleven minutes that are usual."""
    successes = [ago for ago, status in history if status == "success"]
    failures = [ago for ago, status in history if status == "fail"]
    if rule.due:
        since = [status for ago, status in history if ago <= 8]  # 08:30 less whole hours: those of today
        missed = "failed" if "fail" in since and "running" not in since else "late"
        return "fresh" if "success" in since else missed
    if rule.max_age:
        without = "failed" if failures else "stale"
        return ("fresh" if min(successes) <= 26 else "stale") if successes else without
    is_failing = failures and (not successes or min(failures) < min(successes))
    return "failed" if is_failing else "fresh" if successes else "unknown"


@given(rules, histories)
def test_the_verdict_is_the_worst_of_the_producers_that_count(
    rule: TableRule, given_histories: list[list[tuple[int, str]]]
) -> None:
    """And the producer that decides has it; the reason is a sentence that can be shown."""
    readings: dict[Operator, Reading] = {}
    for number, history in enumerate(given_histories, start=1):
        operator = Operator(task_id=str(number), job_name=f"load {number}")
        runs = [run_of(operator, NOW - ago * HOUR, status, index + 1) for index, (ago, status) in enumerate(history)]
        readings[operator] = Reading(runs, record_of(operator, runs, since=NOW - 7 * DAY, now=NOW))
    period = None if rule.due is None else rule.due.period(NOW)
    status, found = judge(rule, readings, period=period, now=NOW)
    reason = str(reason_of(rule, status, list(readings.values()), period))
    verdicts = [verdict for history in given_histories if (verdict := oracle(rule, history)) is not None]
    assert min(verdicts, key=WORST.index, default="unknown") == status.verdict.value
    assert (status.decided_by is not None) is bool(verdicts)
    assert status.last_success == found.last_success
    if status.decided_by is not None:
        assert status.verdict is status.decided_by.verdict
        assert status.decided_by.job_name is not None
        assert status.decided_by.job_name in reason
    assert reason.isprintable()
    check = TableCheck(rule=rule, verdict=status.verdict, reason=reason, now=NOW)
    assert [check, check] == worst_first([check, check])


def success_of(rows: int | None, *, ago: timedelta, number: int, written: str = "outputRowCount") -> Run:
    """A run that succeeded and wrote so many rows."""
    run = run_of(LOAD, NOW - ago, "success", number)
    return Run.from_raw({**run.raw, written: -1 if rows is None else rows})


LOAD = Operator(task_id="1", job_name="load")


@pytest.mark.parametrize(
    ("rows", "asks", "expected"),
    [
        ([9], {"min_rows": 10}, ("few_rows", "load wrote 9 rows, at least 10 are required")),
        ([10], {"min_rows": 10}, ("fresh", "load succeeded 4 h 49 min ago, 26 h allowed")),
        ([1], {"min_rows": 2000}, ("few_rows", "load wrote 1 row, at least 2,000 are required")),
        (
            [None],
            {"min_rows": 10},
            ("fresh", "load succeeded 4 h 49 min ago, 26 h allowed; the number of rows that it wrote is not known"),
        ),
        (
            [900, 1100, 1000, 499],
            {"rows_drop": 0.5},
            ("few_rows", "load wrote 499 rows, 1,000 are usual, and a drop of 50 % is allowed"),
        ),
        ([900, 1100, 1000, 500], {"rows_drop": 0.5}, ("fresh", "load succeeded 4 h 49 min ago, 26 h allowed")),
        (
            [900, 1100, 1],
            {"rows_drop": 0.5},
            ("fresh", "load succeeded 4 h 49 min ago, 26 h allowed; the usual number of rows is not known yet"),
        ),
        ([0, 0, 0, 0], {"rows_drop": 0.5}, ("fresh", "load succeeded 4 h 49 min ago, 26 h allowed")),
    ],
)
def test_few_rows_are_said(rows: list[int | None], asks: dict[str, Any], expected: tuple[str, str]) -> None:
    """By a number, or by what is usual; where the service does not say how many, that is said."""
    for written in ("outputRowCount", "inputRowCount"):
        runs = [
            success_of(count, ago=(5 + 24 * (len(rows) - number)) * HOUR, number=number, written=written)
            for number, count in enumerate(rows, start=1)
        ]
        assert expected == verdict_of(TableRule(name="t", max_age=26 * HOUR, **asks), runs)


def verdict_of(rule: TableRule, runs: list[Run]) -> tuple[str, str]:
    """The verdict of a table with one operator, and its reason."""
    readings = {LOAD: Reading(runs, record_of(LOAD, runs, since=NOW - 7 * DAY, now=NOW))}
    period = None if rule.due is None else rule.due.period(NOW)
    status, _ = judge(rule, readings, period=period, now=NOW)
    return status.verdict.value, str(reason_of(rule, status, list(readings.values()), period))


@pytest.mark.parametrize(
    ("limit", "over", "said"),
    [
        (26 * HOUR, timedelta(seconds=5), "a little more than 26 h old, 26 h allowed"),
        (26 * HOUR, timedelta(minutes=1), "26 h 1 min old, 26 h allowed"),
        (7 * DAY, timedelta(minutes=40), "a little more than 7 d old, 7 d allowed"),
        (7 * DAY, HOUR, "7 d 1 h old, 7 d allowed"),
    ],
)
def test_a_success_that_is_hardly_too_old_is_not_said_to_be_as_old_as_is_allowed(
    limit: timedelta, over: timedelta, said: str
) -> None:
    """Where both lengths of time read the same, the reason says that it is more."""
    run = run_of(LOAD, NOW - limit - over - HOUR, "success", 1)
    ended = Run.from_raw({**run.raw, "endTime": int((NOW - limit - over).timestamp() * 1000)})
    assert ("stale", f"the last success of load is {said}") == verdict_of(TableRule(name="t", max_age=limit), [ended])


@pytest.mark.parametrize(("status", "said"), [("running", "it is running"), ("waiting", "it is waiting")])
def test_a_stale_table_says_what_goes_on(status: str, said: str) -> None:
    """So that nobody looks for a failure where a run is about to end; after the failures, if there are any."""
    rule, old = TableRule(name="t", max_age=26 * HOUR), run_of(LOAD, NOW - 30 * HOUR, "success", 1)
    active = run_of(LOAD, NOW - HOUR // 2, status, 3)
    reason = "the last success of load is 29 h 49 min old, 26 h allowed"
    assert ("stale", f"{reason}; {said}") == verdict_of(rule, [old, active])
    failed = run_of(LOAD, NOW - 6 * HOUR, "fail", 2)
    assert ("stale", f"{reason}; 1 run failed since; {said}") == verdict_of(rule, [old, failed, active])


def test_a_run_is_slow_after_twice_the_usual_time() -> None:
    """And after the longest one that is known; three runs make a usual time."""
    rule = TableRule(name="t", max_age=26 * HOUR)
    runs = [run_of(LOAD, NOW - (3 + 24 * day) * HOUR, "success", 9 - day) for day in range(3, -1, -1)]
    running = run_of(LOAD, NOW - timedelta(minutes=20), "running", 10)
    assert ("fresh", "load succeeded 2 h 49 min ago, 26 h allowed") == verdict_of(rule, [*runs, running])
    running = run_of(LOAD, NOW - timedelta(minutes=22), "running", 10)
    slow = "load has been running for 21 min, 10 min is usual"
    assert ("slow", slow) == verdict_of(rule, [*runs, running])
    assert "fresh" == verdict_of(rule, [*runs[2:], running])[0]
    long = Run.from_raw({**runs[0].raw, "endTime": runs[0].raw["startTime"] + 1_800_000})
    assert "fresh" == verdict_of(rule, [long, *runs[1:], running])[0]
