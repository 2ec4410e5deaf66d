"""When a table is due, in every zone, on days on which clocks change: against an oracle that steps through minutes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataarts_datamap import DuePeriod, DueTime, InvalidArgumentError, Operator, Run, Verdict
from dataarts_datamap._checks.due_times import due_verdict, first_instant
from support.lineage_worlds import run_of

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
OPERATOR = Operator(task_id="1", job_name="load")

CHANGES = (
    ("Europe/Berlin", date(2026, 3, 29)),  # 02:00 to 03:00
    ("Europe/Berlin", date(2026, 10, 25)),  # 03:00 to 02:00
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("America/Sao_Paulo", date(2018, 11, 4)),  # no midnight: 00:00 to 01:00
    ("America/Sao_Paulo", date(2018, 2, 17)),  # 24:00 to 23:00
    ("Africa/Cairo", date(2024, 4, 26)),  # no midnight
    ("America/Havana", date(2026, 11, 1)),  # 01:00 to 00:00: midnight comes twice
    ("Asia/Beirut", date(2023, 3, 30)),
    ("America/Nuuk", date(2024, 3, 30)),  # the last hour of a day is left out
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # by half an hour
    ("Pacific/Apia", date(2011, 12, 30)),  # the whole day is left out
    ("Asia/Shanghai", date(2026, 11, 30)),
    ("UTC", date(2026, 2, 28)),
)
times = st.builds(time, st.integers(0, 23), st.integers(0, 59)) | st.sampled_from(
    [time(0), time(0, 30), time(1), time(1, 30), time(2), time(2, 30), time(3), time(8), time(23, 30), time(23, 59)]
)
statuses = st.sampled_from(["success", "fail", "running", "waiting", "skip-by-depend", "something-new"])


@cache
def walls(zone: ZoneInfo, around: date) -> list[tuple[datetime, datetime]]:
    """Each minute of some days around a date, as an instant and as the clocks of a zone show it."""
    noon = datetime(around.year, around.month, around.day, 12, tzinfo=UTC)
    instants = [noon + minute * MINUTE for minute in range(-9 * 1440, 3 * 1440)]
    return [(instant, instant.astimezone(zone).replace(tzinfo=None)) for instant in instants]


def oracle_period(minutes: list[tuple[datetime, datetime]], rule: DueTime, now: datetime) -> DuePeriod | None:
    """The last due time by now: of each date that the clocks show, the first minute that is not before the time."""
    found: list[DuePeriod] = []
    shown = sorted({wall.date() for _, wall in minutes})
    for day in shown[2:]:
        if day.weekday() not in rule.days or day in rule.exceptions:
            continue
        due = next((instant for instant, wall in minutes if wall >= datetime.combine(day, rule.at)), None)
        first = day if rule.planned_from < rule.at else day - DAY
        start = next((instant for instant, wall in minutes if wall >= datetime.combine(first, rule.planned_from)), None)
        if due is not None and start is not None and due <= now:
            found.append(DuePeriod(day, start, due))
    return found[-1] if found else None


def oracle_verdict(runs: list[Run], start: datetime, now: datetime) -> str:
    """What a person would say who reads the list of runs."""
    since = [run for run in runs if run.plan_time is not None and run.plan_time >= start]
    if [run for run in since if run.status == "success"]:
        return "fresh"
    by_now = [run.status for run in since if run.plan_time is not None and run.plan_time <= now]
    goes_on = "running" in by_now or "waiting" in by_now
    if "fail" in by_now and not goes_on:
        return "failed"
    return "unknown" if "something-new" in by_now else "late"


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, date, DueTime, int, list[tuple[int, str]]]:
    """A zone and a day of change in it, a due time, a moment near that, and some runs near it."""
    zone, day = draw(st.sampled_from(CHANGES))
    rule = DueTime(
        at=draw(times),
        zone=ZoneInfo(zone),
        days=frozenset(draw(st.sets(st.integers(0, 6), min_size=5))),
        exceptions=frozenset(day + offset * DAY for offset in draw(st.sets(st.integers(-1, 1), max_size=2))),
        planned_from=draw(st.just(time(0)) | times),
    )
    runs = draw(st.lists(st.tuples(st.integers(-4 * 1440, 2 * 1440), statuses), max_size=4))
    return zone, day, rule, draw(st.integers(-1440, 2 * 1440)), runs


@given(cases())
@example(("America/Sao_Paulo", date(2018, 11, 4), DueTime(at=time(0), zone=ZoneInfo("America/Sao_Paulo")), -720, []))
@example(("Pacific/Apia", date(2011, 12, 30), DueTime(at=time(8), zone=ZoneInfo("Pacific/Apia")), 0, []))
def test_at_each_instant_period_and_verdict_are_those_of_the_oracle(
    case: tuple[str, date, DueTime, int, list[tuple[int, str]]],
) -> None:
    """Whatever the clocks do."""
    name, day, rule, moment, offsets = case
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    now = noon + moment * MINUTE
    expected = oracle_period(walls(ZoneInfo(name), day), rule, now)
    assert expected == rule.period(now)
    if expected is not None:
        runs = [run_of(OPERATOR, noon + offset * MINUTE, status) for offset, status in offsets]
        assert oracle_verdict(runs, expected.start, now) == due_verdict(runs, expected, now).value


def test_a_time_that_comes_twice_is_due_the_first_time() -> None:
    """The second one would be an hour too late."""
    assert datetime(2026, 10, 25, 0, 30, tzinfo=UTC) == first_instant(
        date(2026, 10, 25), time(2, 30), ZoneInfo("Europe/Berlin")
    )


def test_a_time_that_is_left_out_is_due_when_the_clocks_have_been_put_forward() -> None:
    """Not an hour later, as the offset before it would have it."""
    assert datetime(2026, 3, 29, 1, tzinfo=UTC) == first_instant(
        date(2026, 3, 29), time(2, 30), ZoneInfo("Europe/Berlin")
    )


def test_a_day_that_a_zone_left_out_is_never_due() -> None:
    """On 31 December in Samoa, the day that was due last is the 29th until it is 08:00."""
    zone = ZoneInfo("Pacific/Apia")
    period = DueTime(at=time(8), zone=zone).period(datetime(2011, 12, 31, 7, tzinfo=zone).astimezone(UTC))
    assert period is not None
    assert date(2011, 12, 29) == period.day


def test_a_year_of_holidays_leaves_the_day_before() -> None:
    """However many exceptions there are."""
    days = frozenset(date(2025, 1, 1) + number * DAY for number in range(365))
    period = DueTime(at=time(8), zone=UTC, exceptions=days).period(datetime(2025, 12, 31, 12, tzinfo=UTC))
    assert period is not None
    assert date(2024, 12, 31) == period.day


def test_the_evening_before_can_be_part_of_a_day() -> None:
    """``planned_from`` after the due time is of the day before."""
    rule = DueTime(at=time(8), zone=UTC, planned_from=time(20))
    period = rule.period(datetime(2026, 11, 30, 8, tzinfo=UTC))
    day = date(2026, 11, 30)
    start, due = (datetime(2026, 11, number, hour, tzinfo=UTC) for number, hour in ((29, 20), (30, 8)))
    assert DuePeriod(day, start, due) == period


def test_what_succeeded_after_it_was_due_is_fresh() -> None:
    """The alarm ends when the data is there; a run of the next period counts as well."""
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    period = DueTime(at=time(8), zone=UTC).period(now)
    assert period is not None
    failed = run_of(OPERATOR, period.start + HOUR, "fail")
    assert Verdict.FAILED is due_verdict([failed], period, now)
    assert Verdict.FRESH is due_verdict([failed, run_of(OPERATOR, period.due + HOUR, "success")], period, now)


def test_a_success_of_yesterday_is_not_enough() -> None:
    """It was planned for another day."""
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    period = DueTime(at=time(8), zone=UTC).period(now)
    assert period is not None
    assert Verdict.LATE is due_verdict([run_of(OPERATOR, period.start - MINUTE, "success")], period, now)


def test_a_success_without_a_time_of_plan_is_unknown() -> None:
    """It may be the one that was awaited."""
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    period = DueTime(at=time(8), zone=UTC).period(now)
    assert period is not None
    assert Verdict.UNKNOWN is due_verdict([Run.from_raw({"status": "success"})], period, now)


def test_an_end_within_the_period_does_not_date_a_run() -> None:
    """A success with no other time may have been planned for the day before."""
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    period = DueTime(at=time(8), zone=UTC).period(now)
    assert period is not None
    ended = int((period.start + MINUTE).timestamp() * 1000)
    assert Verdict.UNKNOWN is due_verdict([Run.from_raw({"status": "success", "endTime": ended})], period, now)


@pytest.mark.parametrize("days", [frozenset[int](), frozenset({7}), frozenset({-1})])
def test_days_are_checked(days: frozenset[int]) -> None:
    """None at all would never be due."""
    with pytest.raises(InvalidArgumentError, match="days must be days of the week"):
        DueTime(at=time(8), zone=UTC, days=days)


@pytest.mark.parametrize("day", ["2026-12-25", datetime(2026, 12, 25, tzinfo=UTC)])
def test_exceptions_are_dates(day: Any) -> None:
    """Anything else would equal no date, and the table would be due on a holiday."""
    with pytest.raises(InvalidArgumentError, match="exceptions must be dates"):
        DueTime(at=time(8), zone=UTC, exceptions=frozenset({date(2026, 12, 24), day}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("at", "08:00"),
        ("at", datetime(2026, 11, 30, 8, tzinfo=UTC)),
        ("planned_from", None),
        ("zone", "UTC"),
        ("days", [0]),
        ("days", None),
        ("exceptions", iter([date(2026, 12, 25)])),
    ],
)
def test_values_have_their_type(name: str, value: Any) -> None:
    """Text of a file is parsed by ``load_tables`` only."""
    with pytest.raises(InvalidArgumentError, match=f"{name} must be a"):
        DueTime(**{"at": time(8), "zone": UTC, name: value})


def test_times_have_their_zone_in_one_place() -> None:
    """A time of day with a zone of its own, or a present without one, could mean two things."""
    with pytest.raises(InvalidArgumentError, match="times of the zone"):
        DueTime(at=time(8, tzinfo=UTC), zone=UTC)
    with pytest.raises(InvalidArgumentError, match="now must be an aware datetime"):
        DueTime(at=time(8), zone=UTC).period(datetime(2026, 11, 30))  # noqa: DTZ001  that is what is tested


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Niue"])
def test_a_table_is_due_in_the_years_that_have_windows(zone: str) -> None:
    """A day before or after them can be none in some zone."""
    rule = DueTime(at=time(8), zone=ZoneInfo(zone))
    for year, own in product((1, 1970, 9999), (UTC, ZoneInfo(zone))):
        with pytest.raises(InvalidArgumentError, match="of the years 1971 to 9998"):
            rule.period(datetime(year, 1, 1, tzinfo=own))
    for now in (datetime(1971, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, 23, 59, tzinfo=UTC)):
        found = rule.period(now)
        assert found is not None
        assert timedelta(0) <= now - found.due < DAY
