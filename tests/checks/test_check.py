"""How a table stands by the runs of its producers: against an oracle that reads the list of runs as a person would."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap import DueTime, Operator, Run, Table, TableRule
from dataarts_datamap._checks.check import judge, worst_first
from support.lineage_worlds import run_of

NOW = datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
WORST = ("failed", "late", "stale", "unknown", "fresh")
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
    runs: dict[Operator, list[Run]] = {
        Operator(task_id=str(number), job_name=f"load {number}"): [
            run_of(Operator(task_id=str(number), job_name=f"load {number}"), NOW - ago * HOUR, status, index + 1)
            for index, (ago, status) in enumerate(history)
        ]
        for number, history in enumerate(given_histories, start=1)
    }
    period = None if rule.due is None else rule.due.period(NOW)
    check = judge(rule, Table(guid="t"), runs, period=period, now=NOW)
    verdicts = [verdict for history in given_histories if (verdict := oracle(rule, history)) is not None]
    assert min(verdicts, key=WORST.index, default="unknown") == check.verdict.value
    status = check.status
    assert status is not None
    assert (status.decided_by is not None) is bool(verdicts)
    if status.decided_by is not None:
        assert check.verdict is status.decided_by.verdict
        assert status.decided_by.job_name is not None
        assert status.decided_by.job_name in check.reason
    assert check.reason.isprintable()
    assert [check, check] == worst_first([check, check])
