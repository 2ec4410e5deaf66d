"""What the server does where the service is not documented, and can be told to do otherwise."""

from __future__ import annotations

import math
import re
import statistics
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap_contract.mock import MockConfig
from dataarts_datamap_contract.mock._data.dataset import Operator
from dataarts_datamap_contract.mock._data.invention import invent_dataset
from dataarts_datamap_contract.mock._serving.traffic import Latency
from support.mock_caller import JOB_NAME, TASK_ID

if TYPE_CHECKING:
    from support.mock_caller import Start

Row = dict[str, Any]
Span = tuple[int, int]

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
CONFIG = MockConfig(now=NOW, size=25)
IDS = [
    row["taskRunningLogId"]
    for row in invent_dataset(CONFIG.project_id, 0, NOW, size=25).histories[
        Operator(TASK_ID, JOB_NAME, "b88c445407b24283aa949f9833a38fd8")
    ]
]


@pytest.mark.parametrize(
    ("behaviour", "asked", "shown"),
    [
        ({}, (0, 10), (0, 10)),
        ({}, (7, 10), (7, 17)),
        ({"offset_unit": "page"}, (0, 10), (0, 10)),
        ({"offset_unit": "page"}, (2, 10), (20, 25)),
        ({"offset_unit": "page"}, (3, 10), (25, 25)),
        ({"offset_unit": "page"}, (2**31 - 1, 2**31 - 1), (25, 25)),
        ({"offset_unit": "page", "first_page": 1}, (0, 10), (0, 10)),
        ({"offset_unit": "page", "first_page": 1}, (1, 10), (0, 10)),
        ({"offset_unit": "page", "first_page": 1}, (2, 10), (10, 20)),
        ({"max_limit": 6}, (3, 10), (3, 9)),
        ({"max_limit": 6}, (3, 5), (3, 8)),
        ({"max_limit": 6, "offset_unit": "page"}, (1, 10), (6, 12)),
        ({"round_offset": True}, (7, 10), (0, 10)),
        ({"round_offset": True}, (23, 10), (20, 25)),
        ({"round_offset": True, "max_limit": 4}, (7, 10), (4, 8)),
        ({"order": "oldest-first"}, (0, 25), (25, 0)),
    ],
)
def test_offset_and_limit(
    start: Start, behaviour: dict[str, Any], asked: tuple[int, int], shown: tuple[int, int]
) -> None:
    """Offsets in rows, in pages from 0 or 1, rounded or capped; the total stays that of all pages."""
    first, last = shown
    expected = IDS[first:last] if first <= last else IDS[::-1]
    with start(replace(CONFIG, **behaviour)) as caller:
        page = caller.page(offset=asked[0], limit=asked[1])
    assert expected == [row["taskRunningLogId"] for row in page["rows"]]
    assert 25 == page["total"]


@pytest.mark.parametrize(("limit", "status"), [(6, 200), (7, 400), (1000, 400)])
def test_limit_that_is_refused(start: Start, limit: int, status: int) -> None:
    """A server that refuses larger pages says which limit it takes; one that fits is served as ever."""
    with start(replace(CONFIG, max_limit=6, over_limit="refused")) as caller:
        response = caller.runs(offset=0, limit=limit)
    assert status == response.status_code
    if status == 400:
        refusal = response.json()
        assert ("APIGW.0106", f"Invalid query parameter limit: {limit} is more than 6") == (
            refusal["error_code"],
            refusal["error_msg"],
        )


@pytest.mark.parametrize("column", ["planTime", "startTime"])
@pytest.mark.parametrize("includes_start", [True, False])
@pytest.mark.parametrize("includes_end", [True, False])
@pytest.mark.parametrize("size", [None, 60])
def test_the_window_is_that_of_the_column_and_its_bounds(
    start: Start, column: Any, *, includes_start: bool, includes_end: bool, size: int | None
) -> None:
    """A window holds the runs whose time is between its ends, with each end or without it, in the column's order."""
    config = MockConfig(
        now=NOW, size=size, window_on=column, window_includes_start=includes_start, window_includes_end=includes_end
    )
    with start(config) as caller:
        whole = caller.rows(start_time=0)
        times = sorted({row[column] for row in whole})
        first, last = times[3], times[-3]
        page = caller.page(start_time=first, end_time=last, limit=10_000)
        empty = caller.page(start_time=first, end_time=first, limit=10_000)
    inside = [row for row in whole if first + (not includes_start) <= row[column] <= last - (not includes_end)]
    assert inside == page["rows"]
    assert len(inside) == page["total"]
    assert [(row[column], row["taskRunningLogId"]) for row in inside] == sorted(
        ((row[column], row["taskRunningLogId"]) for row in inside), reverse=True
    )
    assert (includes_start and includes_end) == bool(empty["rows"])


def test_a_run_that_has_not_started_is_in_no_window_of_start_times(start: Start) -> None:
    """Its start time is 0, and the window filters on that."""
    with start(MockConfig(now=NOW, window_on="startTime")) as caller:
        assert 0 in {row["startTime"] for row in caller.rows(start_time=0)}
        assert 0 not in {row["startTime"] for row in caller.rows(start_time=1)}


@pytest.mark.parametrize("size", [0, 1, 2, 50, 137, 1_000_000])
def test_each_operator_has_as_many_runs_as_were_asked_for(start: Start, size: int) -> None:
    """The size is exact, ids are unique across operators, and times are plausible, also of a million."""
    ids: list[int] = []
    with start(MockConfig(now=NOW, size=size)) as caller:
        for operator in caller.operators():
            query: dict[str, str | int] = {"job_name": operator["job_name"], "limit": 300}
            assert size == caller.page(operator["task_id"], **query)["total"]
            newest = caller.rows(operator["task_id"], **query)
            oldest = caller.rows(operator["task_id"], **query, offset=max(size - 300, 0))
            rows = {row["taskRunningLogId"]: row for row in [*newest, *oldest]}
            ids += rows
            for row in rows.values():
                check_times(row)
            assert (["running"] if size else []) == [row["status"] for row in newest[:1]]
            plans = [row["planTime"] for row in newest]
            assert (len(plans) // 50 > 0) == (len(set(plans)) < len(plans))
    assert len(ids) == len(set(ids))


def check_times(row: Row) -> None:
    """What must hold of the times of any made-up run."""
    present = int(NOW.timestamp() * 1_000)
    times = [row[name] for name in ("planTime", "submitTime", "startTime", "endTime") if row[name]]
    assert sorted(times) == times, row
    assert present - 181 * 24 * 3_600_000 < times[0], row
    assert times[-1] <= present, row
    assert (row["endTime"] - row["startTime"] if row["endTime"] else 0) == row["runningTime"], row
    assert (0 == row["endTime"]) == ("running" == row["status"]), row


def test_an_envelope_of_made_up_rows_tells_its_length(start: Start) -> None:
    """The inner length counts the bytes of rows that were never encoded whole."""
    with start(replace(CONFIG, size=1_000)) as caller:
        for operator in caller.operators():
            envelope = caller.runs(operator["task_id"], job_name=operator["job_name"], limit=200).json()
            assert str(len(envelope["body"].encode())) == envelope["header_map"]["Content-Length"]


def test_the_request_after_the_last_of_a_second_is_refused(start: Start) -> None:
    """Any second holds so many requests, wherever it begins; what is refused does not count for it."""
    time = [100.0]
    config = MockConfig(now=NOW, rate_limit=3, stopwatch=lambda: time[0])
    statuses: list[int] = []
    with start(config) as caller:
        for moment in (100.0, 100.5, 100.9, 100.95, 100.99, 101.0, 101.1, 101.5, 103.0):
            time[0] = moment
            statuses.append(caller.nodes().status_code)
        refused = [caller.runs() for _ in range(3)][-1]
    assert [200, 200, 200, 429, 429, 200, 429, 200, 200] == statuses
    assert 429 == refused.status_code
    assert "APIGW.0308" == refused.json()["error_code"]
    assert refused.json()["error_msg"].endswith("policy user over ratelimit,limit:3,time:1 second")
    assert "Retry-After" not in refused.headers


def test_what_the_limit_refuses_can_say_when_to_come_back(start: Start) -> None:
    """Retry-After is there when it is switched on; requests without credentials do not count."""
    with start(MockConfig(now=NOW, rate_limit=1, retry_after=2, stopwatch=lambda: 0.0)) as caller:
        assert 401 == caller.http.get(caller.nodes_path()).status_code
        assert [200, 429] == [caller.nodes().status_code, caller.nodes().status_code]
        assert "2" == caller.nodes().headers["Retry-After"]


def test_latency_is_log_normal_and_the_same_for_the_same_seed() -> None:
    """Half the times are below the median, and their logarithms spread as was asked for."""
    config = MockConfig(latency=timedelta(milliseconds=50), latency_sigma=0.5)
    latency, other = Latency(config), Latency(config)
    times = [latency.draw() for _ in range(2_000)]
    assert times == [other.draw() for _ in range(2_000)]
    logarithms = [math.log(time) for time in times]
    assert 0.050 == pytest.approx(math.exp(statistics.mean(logarithms)), rel=0.1)
    assert 0.5 == pytest.approx(statistics.stdev(logarithms), rel=0.1)


def test_latency_holds_back_every_answer(start: Start) -> None:
    """An answer takes at least that long, a refusal too; requests side by side wait side by side."""
    with start(MockConfig(now=NOW, latency=timedelta(milliseconds=60))) as caller:
        for response in (caller.nodes(), caller.http.get(caller.nodes_path())):
            assert response.elapsed >= timedelta(milliseconds=60)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("offset_unit", "rows"),
        ("first_page", 2),
        ("window_on", "endTime"),
        ("order", "random"),
        ("admin", "yes"),
        ("size", -1),
        ("size", 10_000_001),
        ("max_limit", 0),
        ("rate_limit", 0),
        ("retry_after", -1),
        ("latency", timedelta(seconds=-1)),
        ("latency_sigma", -0.1),
    ],
)
def test_a_field_out_of_its_bounds_is_refused(field: str, value: object) -> None:
    """The text names the field, the value and what it must be."""
    fields: dict[str, Any] = {field: value}
    told = f"{int(value.total_seconds())}.0 seconds" if isinstance(value, timedelta) else repr(value)
    with pytest.raises(ValueError, match=f"{field} is {re.escape(told)}: it must be (one of|from) "):
        MockConfig(**fields)
