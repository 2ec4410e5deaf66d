"""What a report shows, as it is computed from runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from dataarts_datamap import Operator, Run, RunState, Verdict
from dataarts_datamap._report.contents import Report, report_on
from dataarts_datamap._report.headline import headline, in_words
from dataarts_datamap._report.hourly import cell_hours, hourly_cells, wall_hour, worst
from dataarts_datamap._report.html_page import page, page_data
from dataarts_datamap._report.outliers import LEAST, WINDOW, rolled
from dataarts_datamap._times import span_text, time_text, wall_time
from dataarts_datamap._window import Window
from support.runs import PLANNED, make_run
from support.runs import runs as any_runs

if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR = 3_600_000
SPAN = Window(PLANNED - HOUR, PLANNED + 100 * HOUR)
NOW = datetime.fromtimestamp(SPAN.end / 1000, UTC)
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from([UTC, BERLIN, ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/St_Johns")])


def hourly(*, took: Sequence[float], **fields: Any) -> list[Run]:
    """A run for each hour, which takes so many seconds."""
    return [
        make_run(
            number,
            planTime=PLANNED + number * HOUR,
            startTime=PLANNED + number * HOUR + 5_000,
            endTime=PLANNED + number * HOUR + 5_000 + int(seconds * 1000),
            **fields,
        )
        for number, seconds in enumerate(took)
    ]


def report(runs: list[Run], **options: Any) -> Report:
    """The report on runs, in UTC."""
    return report_on(runs, **{"table_guid": "t", "window": SPAN, "now": NOW, "zone": UTC, **options})


@given(st.lists(st.floats(0, 1e6), max_size=60))
def test_rolling_median(values: list[float]) -> None:
    """It is the median of a value and of up to 14 before it, from the fifth value on."""
    windows = [values[max(end - WINDOW, 0) : end] for end in range(1, len(values) + 1)]
    expected = [median(window) if len(window) >= LEAST else None for window in windows]

    assert expected == [one.median for one in rolled(values)]


@given(st.lists(st.floats(100, 124), max_size=60))
def test_no_outlier_within_a_quarter(values: list[float]) -> None:
    """What is within a quarter of every other value never stands out, however little the others vary."""
    assert not any(one.is_outlier for one in rolled(values))


OUTLIERS: list[tuple[list[float], list[int]]] = [
    ([100.0] * 10, []),
    ([100.0] * 6 + [125.0], [6]),
    ([100.0] * 6 + [124.0], []),
    ([100.0] * 6 + [60.0], [6]),
    ([100.0] * 3 + [900.0], []),
    ([100.0] * 4 + [900.0], [4]),
    ([60.0, 140.0] * 4 + [170.0], []),
    ([60.0, 140.0] * 4 + [900.0], [8]),
    ([0.0] * 8, []),
    ([0.0] * 8 + [1.0], [8]),
]


@pytest.mark.parametrize(("values", "expected"), OUTLIERS)
def test_outliers(values: list[float], expected: list[int]) -> None:
    """A value stands out that is off by a quarter at least, and by more than three standard deviations."""
    assert expected == [number for number, one in enumerate(rolled(values)) if one.is_outlier]


def test_what_counts_for_the_median() -> None:
    """Successes of the same job count for its median alone: not failures, not other jobs, not runs without an end."""
    runs = hourly(took=[60] * 6 + [600])
    others = [
        *hourly(took=[5] * 9, status="fail"),
        *hourly(took=[5] * 9, jobName="other"),
        *hourly(took=[-5] * 9),
        make_run(99, endTime=0),
        make_run(99, startTime=0),
    ]
    shown = report([*others, *runs[::-1]])
    (job,) = [job for job in shown.jobs if job.status.job_name == "ETL_Job_dli2dws"]

    assert [runs[-1]] == job.outliers == shown.outliers
    assert {timedelta(seconds=60), None} == {one.rolling_median for one in job.runs}
    assert 7 - (LEAST - 1) == sum(one.rolling_median is not None for one in job.runs)


@given(st.lists(any_runs, max_size=12), ZONES, st.booleans())
def test_any_runs(runs: list[Run], zone: Any, running_data: bool) -> None:  # noqa: FBT001
    """Whatever the runs hold, all are there, in the page's columns and in plain values, and all of it is JSON."""
    shown = report(runs, zone=zone)
    data = page_data(shown, running_data=running_data)
    plain = shown.to_dict(running_data=running_data)

    columns = ("job", "status", "plan", "start", "finish", "id", "median")
    assert {len(runs)} == {len(data[name]) for name in columns}
    assert json.loads(json.dumps(plain)) == plain
    assert len(runs) == sum(shown.counts().values()) == sum(plain["counts"].values())
    assert sum(run.state is RunState.FAILED for run in runs) == len(plain["failures"])
    assert running_data or "running_data" not in json.dumps([plain["failures"], plain["outliers"], data])
    assert "</html>" in page(shown)


@given(st.lists(any_runs, max_size=6), ZONES)
def test_offsets(runs: list[Run], zone: Any) -> None:
    """By the offsets in the page, each time of a run is the one that the zone has."""
    data = page_data(report(runs, zone=zone))

    for column in ("plan", "start", "finish"):
        for time in filter(None, data[column]):
            (*_, offset) = [offset for since, offset in data["offsets"] if since <= time]
            moment = datetime.fromtimestamp((data["base"] + time) / 1000, UTC)
            assert wall_time(moment, zone) == moment.replace(tzinfo=None) + timedelta(milliseconds=offset)


def test_namesakes() -> None:
    """Jobs of the same name are told apart by their task's id."""
    data = page_data(report([make_run(1), make_run(2, taskId=5), make_run(3, jobName="other")]))

    expected = ["ETL_Job_dli2dws (task 937987)", "ETL_Job_dli2dws (task 5)", "other"]
    assert expected == [job["name"] for job in data["jobs"]]


@given(st.datetimes(datetime(2023, 1, 1), datetime(2025, 1, 1), timezones=st.just(UTC)), ZONES)  # noqa: DTZ001  as hypothesis asks
def test_hours_of_a_zone(time: datetime, zone: Any) -> None:
    """A cell begins at a full hour of the zone, and the run lies in the hour after it."""
    hour = wall_hour(time, zone)

    assert (0, 0, 0) == (hour.minute, hour.second, hour.microsecond)
    assert timedelta(0) <= time.astimezone(zone).replace(tzinfo=None) - hour < timedelta(hours=1)
    assert wall_hour(time, zone, step=24) == datetime.combine(hour, datetime.min.time())
    assert 0 == wall_hour(time, zone, step=168).weekday()


def test_clocks_put_back_and_forward() -> None:
    """The hour that comes twice is one cell; the hour that is left out has none, and offsets tell when they change."""
    october = [datetime(2023, 10, 28, 23, 30, tzinfo=UTC) + timedelta(hours=number) for number in range(4)]
    march = [datetime(2024, 3, 30, 23, 30, tzinfo=UTC) + timedelta(hours=number) for number in range(3)]

    cells = hourly_cells(((time, RunState.SUCCEEDED) for time in october), BERLIN)
    assert [(1, 1), (2, 2), (3, 1)] == [(hour.hour, counts[RunState.SUCCEEDED]) for hour, counts in cells.items()]
    cells = hourly_cells(((time, RunState.SUCCEEDED) for time in march), BERLIN)
    assert [0, 1, 3] == [hour.hour for hour in cells]
    start, change = datetime(2023, 10, 1, tzinfo=UTC), datetime(2023, 10, 29, 1, tzinfo=UTC)
    window = Window(int(start.timestamp() * 1000), int(change.timestamp() * 1000) + 30 * 24 * HOUR)
    data = page_data(report([], window=window, zone=BERLIN))
    assert [(0, 2 * HOUR), ((change - start) // timedelta(milliseconds=1), HOUR)] == data["offsets"]


@pytest.mark.parametrize(
    ("days", "most", "expected"), [(1, 100, 1), (3, 72, 2), (30, 90, 12), (30, 730, 1), (366 * 300, 10, 8760)]
)
def test_length_of_cells(days: int, most: int, expected: int) -> None:
    """Cells are as short as there is room for."""
    assert expected == cell_hours(NOW, NOW + timedelta(days=days), UTC, most=most)


@given(
    st.datetimes(datetime(2023, 3, 1), datetime(2023, 4, 30), timezones=ZONES),  # noqa: DTZ001  as hypothesis asks
    st.integers(1, 2_000),
    st.integers(2, 100),
    ZONES,
)
@example(datetime(2026, 3, 28, 0, 30, tzinfo=BERLIN), 71, 72, BERLIN)
def test_number_of_cells(start: datetime, hours: int, most: int, zone: Any) -> None:
    """There is room for all cells, also when the clocks are put forward."""
    end = start.astimezone(UTC) + timedelta(hours=hours)
    step = cell_hours(start, end, zone, most=most)
    first, last = (wall_hour(time, zone, step=step) for time in (start, end - timedelta(milliseconds=1)))

    assert (last - first) / timedelta(hours=step) + 1 <= most


def test_worst_of_a_cell() -> None:
    """A failure hides all else; a cell without runs has no state."""
    assert RunState.FAILED is worst({RunState.SUCCEEDED: 9, RunState.FAILED: 1, RunState.UNKNOWN: 1})
    assert RunState.SUCCEEDED is worst({RunState.SKIPPED: 9, RunState.SUCCEEDED: 1, RunState.FAILED: 0})
    assert None is worst({})


def test_last_moment() -> None:
    """A time that the zone has after the last year is told in UTC, as nothing else could be."""
    last = datetime(9999, 12, 31, 23, 30, tzinfo=UTC)

    assert "9999-12-31 23:30:00" == time_text(last, ZoneInfo("Asia/Shanghai"))
    assert datetime(9999, 12, 31, 23) == wall_hour(last, ZoneInfo("Asia/Shanghai"))  # noqa: DTZ001  wall time


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (-0.4, "0 s"),
        (-5, "-5 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (90_061, "1 d 1 h"),
        (86_400 * 400, "400 d"),
    ],
)
def test_span_text(seconds: float, expected: str) -> None:
    """A length of time is told in its two largest units."""
    assert expected == span_text(timedelta(seconds=seconds))


TITLES: list[tuple[list[Run], dict[str, Any], str, str]] = [
    ([], {}, "There are no runs in this window.", "No operator is known to produce this table"),
    (
        [],
        {"operators": [Operator(task_id="5", job_name="idle")]},
        "There are no runs in this window.",
        "A longer window",
    ),
    (
        hourly(took=[60]),
        {},
        "No run has failed since the last success, which is 4 d 3 h old.",
        "no limit is set on its age (--max-age)",
    ),
    (
        hourly(took=[60]),
        {"max_age": timedelta(days=5)},
        "The table is fresh: its last success is 4 d 3 h old.",
        "5 d are allowed",
    ),
    (
        [*hourly(took=[60]), *hourly(took=[60], jobName="other")],
        {},
        "No operator has failed since its last success; the oldest last success is 4 d 3 h old.",
        "no limit is set on its age (--max-age)",
    ),
    (
        hourly(took=[110 * 3600.0]),
        {},
        "No run has failed since the last success, which is 0 s old.",
        "10 h after this report",
    ),
    (
        hourly(took=[60]),
        {"max_age": timedelta(hours=26)},
        "The table is stale: its last success is 4 d 3 h old.",
        "1 d 2 h are allowed.",
    ),
    (
        hourly(took=[60]),
        {"max_age": timedelta(days=4, hours=3)},
        "The table is stale: its last success is 4 d 3 h old.",
        "4 d 3 h are allowed, which is slightly exceeded.",
    ),
    (
        hourly(took=[60], status="skip"),
        {"max_age": timedelta(hours=26)},
        "The table is stale: no run in this window succeeded.",
        "",
    ),
    (
        hourly(took=[60], status="fail"),
        {},
        "The table is not fresh: 1 run failed, and none succeeded.",
        "ETL_Job_dli2dws failed once and has not succeeded in this window, the latest at 2024-01-11 01:02:52.",
    ),
    (
        [make_run(1), *hourly(took=[60] * 3, status="fail")[1:]],
        {},
        "The table is not fresh: 2 runs failed after the last success.",
        "ETL_Job_dli2dws failed 2 times since its last success",
    ),
    (
        hourly(took=[60], status="new\u202e"),
        {},
        "It is unknown whether the table is fresh: no run is known to have succeeded or failed.",
        r"1 run with an unknown status, which do not count: new\u202e.",
    ),
    (
        hourly(took=[60]),
        {"operators": [Operator(task_id="5", job_name="idle")]},
        "No run has failed since the last success, which is 4 d 3 h old.",
        "No runs in this window, left out: idle.",
    ),
]


@pytest.mark.parametrize(("runs", "options", "title", "told"), TITLES)
def test_headline(runs: list[Run], options: dict[str, Any], title: str, told: str) -> None:
    """The headline says whether the table is fresh, and what follows it why."""
    answer = headline(report(runs, **options))

    assert title == answer.title
    assert told in f"{answer.since} {' '.join(reason.text for reason in answer.reasons)}"
    assert "Judged at 2024-01-15 05:01:47 (UTC)." in answer.since


def test_many_failing_jobs() -> None:
    """Of many jobs that fail, the worst are told and the others counted."""
    runs = [run for number in range(8) for run in hourly(took=[60] * (number + 1), status="fail", jobName=f"j{number}")]

    reasons = headline(report(runs)).reasons
    assert ["j7", "j6", "j5", "j4", "j3", "3"] == [reason.text.split()[0] for reason in reasons]


def test_one_more_failing_job() -> None:
    """A single one is not told as several."""
    runs = [run for number in range(6) for run in hourly(took=[60], status="fail", jobName=f"j{number}")]

    assert "1 more job has failed since its last success." == headline(report(runs)).reasons[5].text


@pytest.mark.parametrize("has_timeless", [False, True])
def test_the_latest_failure_is_the_one_that_ended_last(has_timeless: bool) -> None:  # noqa: FBT001
    """It may be planned before others; neither a failure before the success nor one without any time is the latest."""
    ends = ((1, 0, 4, "fail"), (2, 1, 2.1, "fail"), (3, 2, 3, "success"))
    runs = [
        make_run(
            number,
            status=status,
            planTime=PLANNED + plan * HOUR,
            startTime=PLANNED + plan * HOUR,
            endTime=PLANNED + int(end * HOUR),
        )
        for number, plan, end, status in ends
    ]
    timeless = [make_run(9, status="fail", planTime=0, startTime=0, endTime=0, submitTime=0)] if has_timeless else []
    reason = headline(report([*runs, *timeless])).reasons[0]
    latest = datetime.fromtimestamp(PLANNED / 1000, UTC) + timedelta(hours=4)

    assert f", the latest at {latest:%Y-%m-%d %H:%M:%S}." == reason.text[reason.text.index(", the latest") :]
    assert [1] == [run.run_id for run in reason.runs]


def test_reasons_name_their_runs() -> None:
    """A reason has the runs that show it, three at the most, and the headline the success that it speaks of."""
    statuses = ("success", "success", "fail", "fail", "running", "running", "running", "running")
    runs = [hourly(took=[60] * (number + 1), status=status)[number] for number, status in enumerate(statuses)]
    answer = headline(report(runs))

    assert [[3], [7, 6, 5]] == [[run.run_id for run in reason.runs] for reason in answer.reasons]
    assert answer.success is not None
    assert 1 == answer.success.run_id


def test_a_name_that_the_table_was_found_by() -> None:
    """Where nothing is known of what feeds the table, its page still begins with its name, and the title with it."""
    text = page(structs.replace(report(hourly(took=[60])), name="sales.<orders>"))

    assert '<span class="whose">sales.&lt;orders&gt;</span>' in text
    assert "<title>sales.&lt;orders&gt;: No run has failed" in text


def test_without_a_limit_of_age_nothing_is_called_fresh() -> None:
    """The page, its colour and the words of JSON: no failure. With a limit that it keeps, the table is fresh."""
    unlimited, limited = report(hourly(took=[60])), report(hourly(took=[60]), max_age=timedelta(days=5))

    assert ("no failure", "fresh") == (headline(unlimited).word, headline(limited).word)
    assert '<header class="top" data-verdict="no-failure">' in page(unlimited)
    assert '<header class="top" data-verdict="fresh">' in page(limited)
    assert "No run has failed since the last success, which is 4 d 3 h old." == in_words(unlimited)["sentence"]
    assert Verdict.FRESH is unlimited.status.verdict


def test_runs_that_were_skipped_are_named() -> None:
    """What was skipped since the last success is a reason, with its runs; what was skipped before is none."""
    took, skipped = [60.0] * 4, hourly(took=[60] * 4, status="skip")
    done = hourly(took=took)
    (reason,) = headline(report([*done[:2], *skipped[2:]])).reasons
    never = headline(report(skipped[:1])).reasons[0]

    assert reason.text.startswith("ETL_Job_dli2dws was skipped 2 times since its last success, the latest planned for ")
    assert [3, 2] == [run.run_id for run in reason.runs]
    assert "ETL_Job_dli2dws was skipped once and has not succeeded in this window" in never.text
    assert () == headline(report([*skipped[:2], *done[2:]])).reasons
