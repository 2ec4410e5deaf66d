"""Level C: windows that are wrong because of time zones, calendars or conversions."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.caller import ALL, MAX_TIME
from dataarts_datamap_contract._broken.outside.making import RARE, broken
from dataarts_datamap_contract._broken.seams import (
    Document,
    Perform,
    Values,
    cut,
    on_arguments,
    on_field,
    on_listing,
    on_whole,
    whole,
)
from dataarts_datamap_contract._broken.shared import DAY, HOUR, SECOND, set_arguments

if TYPE_CHECKING:
    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract._broken.servers import BrokenServer

_LAST = 253_402_300_799_999
_MARCH, _OCTOBER = 3, 10
_FIRST_SECONDS, _LAST_SECONDS = 10**9, 10**10
_MICRO = 1_000


def _time(*date: int) -> int:
    """Milliseconds since the epoch of a time in UTC."""
    return int(datetime(*date, tzinfo=UTC).timestamp()) * SECOND  # type: ignore[arg-type,misc]  # year, month, day, hour


def _moment(time: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=min(time, _LAST))


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def _is_summer(time: int) -> bool:
    """Whether clocks in Berlin are two hours ahead."""
    moment = _moment(time)
    return _last_sunday(moment.year, _MARCH) <= moment < _last_sunday(moment.year, _OCTOBER)


def _on_the_wall(time: int) -> int:
    return time + (2 if _is_summer(time) else 1) * HOUR


def _stepped_by_months(rows: list[Document], values: Values) -> list[Document]:
    """The months to read are found by adding months to the start; a month without that day is skipped."""
    start = _moment(int(values["start_time"]))

    def is_listed(row: Document) -> bool:
        month = _moment(row["planTime"])
        is_first = (month.year, month.month) == (start.year, start.month)
        return is_first or start.day <= calendar.monthrange(month.year, month.month)[1]

    return [row for row in rows if is_listed(row)]


def _by_the_wall(perform: Perform, values: Values) -> Document:
    everything = whole(perform, values, start_time=0, end_time=MAX_TIME)
    start, end = _on_the_wall(int(values["start_time"])), _on_the_wall(int(values["end_time"]))
    rows = [row for row in everything["rows"] if start <= _on_the_wall(row["planTime"]) <= end]
    return {**everything, "rows": cut(rows, values), "total": len(rows)}


def _in_microseconds(perform: Perform, values: Values) -> Document:
    end = (int(values["end_time"]) * _MICRO + 2**63) % 2**64 - 2**63
    page = perform(values)
    return page if end >= int(values["start_time"]) * _MICRO else {**page, "rows": [], "total": 0}


def _from_today(perform: Perform, values: Values) -> Document:
    if values["start_time"]:
        return perform(values)
    rows = whole(perform, values, end_time=MAX_TIME)["rows"]
    today = max((row["planTime"] for row in rows), default=0) // DAY * DAY
    return perform({**values, "start_time": min(today, int(values["end_time"]))})


def _open_ended(values: Values) -> Values:
    return {**values, "end_time": MAX_TIME} if values["start_time"] == values["end_time"] else values


def _as_seconds(time: Any) -> int:  # noqa: ANN401  a parameter
    return int(time) * SECOND if _FIRST_SECONDS <= int(time) < _LAST_SECONDS else int(time)


def _ending_earlier(values: Values) -> Values:
    earlier = max(int(values["end_time"]) - 1, int(values["start_time"]))
    return {**values, "end_time": earlier} if values["offset"] else values


def _skips_september(caller: Caller) -> bool:
    window = {"start_time": _time(2023, 8, 31), "end_time": _time(2023, 10, 15)}
    rows = caller.rows(**RARE, **window)
    return not any(_time(2023, 9, 2) <= row["planTime"] < _time(2023, 10, 1) for row in rows)


def _repeats_an_hour(caller: Caller) -> bool:
    start = _time(2023, 10, 29, 1)
    rows = caller.rows(**RARE, start_time=start, end_time=start + 2 * HOUR)
    return any(row["planTime"] < start for row in rows)


def _has_no_end(caller: Caller) -> bool:
    plan = caller.rows()[5]["planTime"]
    return any(row["planTime"] > plan for row in caller.rows(start_time=plan, end_time=plan))


def _ends_early(caller: Caller) -> bool:
    plan = caller.rows()[5]["planTime"]
    first, second = (caller.page(end_time=plan, offset=offset)["total"] for offset in (0, 1))
    return bool(first != second)


def _is_off(caller: Caller, time: int) -> bool:
    rows = caller.rows(**RARE, start_time=time, end_time=time)
    return any(row["planTime"] != time for row in rows)


def _loses_the_31st(caller: Caller) -> bool:
    window = {"start_time": _time(2023, 12, 30), "end_time": _time(2024, 1, 1) - 1}
    return not any(row["planTime"] >= _time(2023, 12, 31) for row in caller.rows(**RARE, **window, limit=ALL))


BROKEN_SERVERS: tuple[BrokenServer, ...] = (
    broken(
        "months-stepped-from-the-31st",
        "A window that begins on the 31st holds the runs of months of 30 days, too.",
        "windows add up",
        on_whole(_stepped_by_months),
        _skips_september,
    ),
    broken(
        "wall-clock-of-berlin",
        "When clocks are put back, a window still holds no run planned before its start (times are UTC).",
        "runs lie inside the window",
        on_listing(_by_the_wall),
        _repeats_an_hour,
    ),
    broken(
        "microseconds-overflow",
        "An end of the window may be any time up to 2^63-1 milliseconds.",
        "windows add up",
        on_listing(_in_microseconds),
        lambda caller: not caller.page(end_time=MAX_TIME)["total"],
    ),
    broken(
        "zero-is-falsy",
        "A window that starts at 0 holds every run of a window that starts at 1, not only those of today.",
        "windows add up",
        on_listing(_from_today),
        lambda caller: caller.page(start_time=0)["total"] < caller.page(start_time=1)["total"],
    ),
    broken(
        "a-point-has-no-end",
        "A window whose start and end are the same time holds no run planned later.",
        "runs lie inside the window",
        on_arguments(_open_ended),
        _has_no_end,
    ),
    broken(
        "ten-digits-are-seconds",
        "Times are milliseconds, however few digits they have: a window in January 1970 is empty.",
        "runs lie inside the window",
        set_arguments(start_time=_as_seconds, end_time=_as_seconds),
        lambda caller: bool(caller.page(start_time=1, end_time=2 * _FIRST_SECONDS)["total"]),
    ),
    broken(
        "later-pages-exclude-the-end",
        "All pages agree on whether the end belongs to the window, so the total is the same on each.",
        "one total for one question",
        on_arguments(_ending_earlier),
        _ends_early,
    ),
    broken(
        "summer-times-an-hour-late",
        "The plan time of a run in summer lies in the window that it was found in (milliseconds UTC).",
        "runs lie inside the window",
        on_field("planTime", lambda time: time + HOUR if _is_summer(time) else time),
        lambda caller: _is_off(caller, _time(2023, 7, 1)),
    ),
    broken(
        "DATETIME(0)",
        "A plan time is exact to the millisecond: a run found in a window of one millisecond has that plan time.",
        "runs lie inside the window",
        on_field("planTime", lambda time: (time + SECOND // 2) // SECOND * SECOND),
        lambda caller: _is_off(caller, _time(2023, 7, 1) - 1),
    ),
    broken(
        "no-31st",
        "A window that ends on the 31st holds the runs of that day (end_time: end of the window).",
        "windows add up",
        on_whole(
            lambda rows, values: [
                row
                for row in rows
                if not (_moment(row["planTime"]).day > 30 and _moment(int(values["end_time"])).day >= 31)
            ]
        ),
        _loses_the_31st,
    ),
)
