"""What a check leaves for the next one: with it, the next one says the same as one that reads everything anew."""

from __future__ import annotations

import random
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap import DueTime, Operator, Run, RunOrigin, Table, TableCheck, TableRule, Verdict
from dataarts_datamap._checks.check import CheckSources, Outage, Records, check_table, rule_key
from dataarts_datamap._checks.readings import read_until_success
from dataarts_datamap._checks.records import join, record_of
from dataarts_datamap._models.runs import RunPage, attach_origin
from dataarts_datamap._monitoring.freshness import WORST_FIRST
from support.lineage_worlds import run_of

if TYPE_CHECKING:
    from dataarts_datamap import OperatorStatus
    from dataarts_datamap._checks.check import Checked
    from dataarts_datamap._messages import Steps
    from dataarts_datamap._paging.walk_options import PageRead, Walk

T = TypeVar("T")

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
OPERATORS = [Operator(task_id=str(number), job_name=f"load {number}") for number in (1, 2)]
RULES = [
    TableRule(guid="t"),
    TableRule(guid="t", max_age=26 * HOUR),
    TableRule(guid="t", due=DueTime(at=time(8), zone=UTC)),
    TableRule(guid="t", max_age=20 * DAY, producers=("load 1", "load 2")),
]


class World:
    """Operators whose runs come, end, and are run again."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._statuses: dict[Operator, dict[datetime, str]] = {one: {} for one in OPERATORS}
        self.reads = 0

    def pass_time(self, begin: datetime, end: datetime) -> None:
        """What happens between two checks: an operator may succeed, fail or rest for long."""
        for statuses in self._statuses.values():
            mood = self._chance.choice(["success", "fail", "mixed", "rest"])
            for plan, status in statuses.items():
                if (status == "running" and end - plan < 20 * DAY) or (
                    end - plan < 3 * DAY and self._chance.random() < 0.1
                ):
                    statuses[plan] = self._chance.choice(["success", "fail"])
            plan = begin
            while mood != "rest" and (plan := plan + self._chance.choice([6, 24, 30]) * HOUR) < end:
                mixed = self._chance.choice(["success", "fail", "skip-by-depend", "running"])
                statuses[plan] = mixed if mood == "mixed" else mood

    def runs(self, operator: Operator, start: datetime, end: datetime) -> list[Run]:
        """The runs of a window."""
        self.reads += 1
        found = [
            run_of(operator, plan, status) for plan, status in self._statuses[operator].items() if start <= plan <= end
        ]
        attach_origin(found, RunOrigin(region="r", project_id="p", instance_id="i", operator=operator))
        return found

    def check(self, rule: TableRule, records: Records, now: datetime) -> Checked:
        """A check of the table at a time."""

        def find(_: Table | str) -> Steps[Table]:
            yield from ()
            return Table(guid="t")

        def operators(_: str) -> Steps[list[Operator]]:
            yield from ()
            return OPERATORS

        def runs(operator: Operator, since: datetime) -> Steps[list[Run]]:
            yield from ()
            return self.runs(operator, since, now)

        def history(operator: Operator, start: datetime, end: datetime) -> Steps[list[Run] | None]:
            yield from ()
            return self.runs(operator, start, end)

        sources = CheckSources(find, None, operators, runs, history, Outage(), records)
        return result(check_table(rule, sources, now=now))


def result(steps: Steps[T]) -> T:
    """What steps lead to that ask for nothing."""
    try:
        next(steps)
    except StopIteration as stop:
        found: T = stop.value
        return found
    raise AssertionError


def operators_of(check: TableCheck) -> tuple[OperatorStatus, ...]:
    """The operators of a check."""
    return () if check.status is None else check.status.operators


def stopped_since(anew: TableCheck, records: Records) -> set[str | None]:
    """The operators that an earlier check saw run, and that have no run in the time looked back, while others have."""
    silent = [one for one in operators_of(anew) if not one.counts]
    if len(silent) == len(operators_of(anew)):
        return set()
    known = {key.task_id for key, record in records.operators.items() if record.last_run is not None}
    return {one.task_id for one in silent if one.task_id in known}


def said(check: TableCheck) -> tuple[Verdict, datetime | None, bool]:
    """What a check says, but whether a run is slow: how long one takes is better known with a state."""
    verdict = Verdict.FRESH if check.verdict is Verdict.SLOW else check.verdict
    return verdict, check.last_success, check.never_succeeded


@given(st.integers(0, 10**9), st.sampled_from(RULES))
def test_a_check_with_records_says_what_one_without_says(seed: int, rule: TableRule) -> None:
    """Whatever happened between them, in a row of checks hours or weeks apart; runs that are run again among it.

    Unless one of several operators runs no more: it counts where an earlier check saw it run.
    """
    world, chance = World(seed), random.Random(seed)
    records = Records({}, {})
    now = BEGIN
    for _ in range(chance.randint(2, 6)):
        before, now = now, now + chance.choice([1, 12, 24, 24 * 9, 24 * 40]) * HOUR
        world.pass_time(before, now)
        checked, anew = world.check(rule, records, now), world.check(rule, Records({}, {}), now).check
        stopped = stopped_since(anew, records)
        if stopped:  # its alarm must not end by that
            assert WORST_FIRST.index(said(checked.check)[0]) <= WORST_FIRST.index(said(anew)[0])
            assert rule is RULES[0] or stopped <= {one.task_id for one in operators_of(checked.check) if one.counts}
        else:
            assert said(anew) == said(checked.check)
        records = Records(
            {rule_key(rule): checked.record} if checked.record else {},
            {key: join(one, records.operators.get(key)) for key, one in checked.operators.items()},
        )


@pytest.mark.parametrize("days", [10, 40, 200, 500])
def test_an_alarm_cannot_go_green_by_itself(days: int) -> None:
    """A load that fails, or does nothing, for so long is as stale as on the second day; its last success is known."""
    for status in ("fail", "rest"):
        world = World(0)
        statuses = vars(world)["_statuses"]
        for one in statuses.values():
            one[BEGIN] = "success"
            one |= {BEGIN + day * DAY: status for day in range(1, days + 1) if status != "rest"}
        check = world.check(RULES[1], Records({}, {}), BEGIN + days * DAY).check
        assert (Verdict.STALE, BEGIN + timedelta(minutes=11)) == (check.verdict, check.last_success)
        late = world.check(RULES[2], Records({}, {}), BEGIN + days * DAY + 9 * HOUR).check
        expected = Verdict.LATE if status == "rest" else Verdict.FAILED
        assert (expected, check.last_success) == (late.verdict, late.last_success)


def test_a_table_that_never_succeeded_is_known_to_have_never_succeeded() -> None:
    """And the next check does not search its history again."""
    world = World(0)
    for one in vars(world)["_statuses"].values():
        one |= {BEGIN + day * DAY: "fail" for day in range(100)}
    now = BEGIN + 100 * DAY
    first = world.check(RULES[1], Records({}, {}), now)
    assert (None, True, Verdict.FAILED) == (first.check.last_success, first.check.never_succeeded, first.check.verdict)
    reads = world.reads
    second = world.check(RULES[1], Records({}, first.operators), now + HOUR)
    assert (len(OPERATORS), True) == (world.reads - reads, second.check.never_succeeded)


def test_a_success_that_is_of_no_known_time_does_not_end_the_search_for_the_last_one() -> None:
    """The plans of all runs came in seconds, and so did the end of the newest success: an older one tells the time."""

    def page(*days: int, end: int) -> RunPage:
        planned = [run_of(OPERATORS[0], BEGIN - day * DAY, "success").raw for day in days]
        seconds = [{"planTime": row["planTime"] // 1000, "startTime": None, "endTime": end} for row in planned]
        runs = tuple(Run.from_raw({**row, **times}) for row, times in zip(planned, seconds, strict=True))
        return RunPage(runs=runs, total=None, message=None, offset=0)

    def pages() -> Walk:
        yield page(400, 401, end=int((BEGIN - 400 * DAY).timestamp()))
        yield page(402, 403, end=int((BEGIN - 402 * DAY).timestamp() * 1000))
        raise AssertionError("the last success was read already")

    def ask(_: PageRead) -> Steps[RunPage]:
        raise AssertionError("nothing is needed")

    found = result(read_until_success(pages(), ask, end=BEGIN))
    assert 4 == len(found or [])


def test_a_success_that_failed_when_it_was_run_again_is_no_sample() -> None:
    """The rows of the latest success are those of the run that is still one."""
    one, now = OPERATORS[0], BEGIN + 10 * DAY

    def rows_of(run: Run, rows: int) -> Run:
        return Run.from_raw({**run.raw, "outputRowCount": rows})

    kept = rows_of(run_of(one, now - 30 * HOUR, "success"), 100)
    since = now - 7 * DAY
    succeeded = rows_of(run_of(one, now - 6 * HOUR, "success"), 5)
    older = record_of(one, [kept, succeeded], since=since, now=now - 4 * HOUR)
    assert 5 == older.latest_rows
    newer = record_of(one, [kept, run_of(one, now - 6 * HOUR, "fail")], since=since, now=now)
    assert (100, kept.end_time) == (join(newer, older).latest_rows, join(newer, older).last_success)
    short = record_of(one, [run_of(one, now - 6 * HOUR, "fail")], since=now - 7 * HOUR, now=now)
    assert [100] == [sample.rows for sample in join(short, older).samples]


@pytest.mark.parametrize("age", [1, 20, 400])
def test_an_old_success_without_a_readable_time_is_a_success(age: int) -> None:
    """So the table is not said to have never succeeded, however long ago that was, and neither by the next check."""
    plan, now = BEGIN - age * DAY, BEGIN

    class Undated(World):
        def runs(self, operator: Operator, start: datetime, end: datetime) -> list[Run]:
            found = super().runs(operator, start, end)
            if start <= plan <= end:
                success = run_of(operator, plan, "success").raw
                found.append(Run.from_raw({**success, "planTime": 0, "startTime": 0, "endTime": 0}))
            return found

    world = Undated(0)
    first = world.check(RULES[1], Records({}, {}), now)
    assert (None, False) == (first.check.last_success, first.check.never_succeeded)
    assert "never succeeded" not in first.check.reason
    second = world.check(RULES[1], Records({}, first.operators), now + 30 * DAY)
    assert (None, False) == (second.check.last_success, second.check.never_succeeded)
