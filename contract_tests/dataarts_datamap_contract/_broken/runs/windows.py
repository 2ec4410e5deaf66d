"""Windows with wrong ends, also because of time zones, calendars and conversions."""

from __future__ import annotations

import calendar
import struct
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.caller import ALL, MAX_TIME, Caller
from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import (
    Document,
    Perform,
    Seam,
    Values,
    cut,
    on_arguments,
    on_field,
    on_listing,
    on_whole,
    whole,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import DAY, HOUR, RARE, SECOND, day, own_total, remembered, set_arguments

if TYPE_CHECKING:
    from collections.abc import Callable

_first = partial(BrokenServer, level="C")
_late = partial(BrokenServer, level="C", cohort="late")
_blind = partial(BrokenServer, level="C", cohort="blind")
_outside = partial(BrokenServer, level="C", cohort="outside")

_LAST = 253_402_300_799_999
_MARCH, _OCTOBER = 3, 10
_FIRST_SECONDS, _LAST_SECONDS = 10**9, 10**10
_MICRO = 1_000


def _window(keep: Callable[[Document, int, int], bool]) -> Seam:
    """A seam that filters all runs row by row, with the start and the end of the window."""

    def response(perform: Perform, values: Values) -> Document:
        start, end = int(values["start_time"]), int(values["end_time"])
        everything = whole(perform, values, start_time=0, end_time=2**63 - 1)
        rows = [row for row in everything["rows"] if keep(row, start, end)]
        return {**everything, "rows": cut(rows, values), "total": len(rows)}

    return on_listing(response)


def _floor(unit: int) -> Callable[[int], int]:
    return lambda time: time // unit * unit


def _plans(caller: Caller, **query: int | str) -> list[int]:
    return [row["planTime"] for row in caller.rows(**query)]


def _half_open_when_short(values: Values) -> Values:
    start, end = int(values["start_time"]), int(values["end_time"])
    return {**values, "start_time": min(start + 1, end)} if end - start < 6 * HOUR else values


def _single_precision(time: int) -> int:
    return min(int(struct.unpack("f", struct.pack("f", time))[0]), MAX_TIME)


def _first_plan(caller: Caller, hours: int) -> int:
    """The earliest plan time in a window of some hours that starts with a run."""
    start = day(caller)["start_time"]
    return min(int(row["planTime"]) for row in caller.rows(start_time=start, end_time=start + hours * HOUR))


def _counted_without_the_end(page: Document, values: Values, perform: Perform) -> int:
    start, end = int(values["start_time"]), int(values["end_time"])
    total = whole(perform, values, end_time=end - 1, limit=1)["total"] if start < end else page["total"]
    return int(total)


def _from_midnight_if_long(values: Values) -> Values:
    start, end = int(values["start_time"]), int(values["end_time"])
    return {**values, "start_time": start // DAY * DAY} if end - start > 3 * DAY else values


def _noon(caller: Caller) -> int:
    """The middle of a past day with runs."""
    return day(caller)["start_time"] + DAY // 2


def _time(*date: int) -> int:
    """Milliseconds since the epoch of a time in UTC."""
    return int(datetime(*date, tzinfo=UTC).timestamp()) * SECOND  # type: ignore[arg-type,misc]  # year, month, day, hour


def _moment(time: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=min(time, _LAST))


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def _is_summer(time: int) -> bool:
    """Whether clocks in Berlin are two hours ahead of UTC at a time."""
    moment = _moment(time)
    return _last_sunday(moment.year, _MARCH) <= moment < _last_sunday(moment.year, _OCTOBER)


def _on_the_wall(time: int) -> int:
    return time + (2 if _is_summer(time) else 1) * HOUR


def _stepped_by_months(rows: list[Document], values: Values) -> list[Document]:
    """The months to read are found by adding months to the start; a month without the day of the start is skipped."""
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


BROKEN_SERVERS = (
    _first(
        "start-time-ignored",
        "no run is older than the window",
        frozenset({"C-window-start", "C-window-adds-up"}),
        set_arguments(start_time=lambda _: 0),
        lambda caller: min(_plans(caller, **day(caller))) < day(caller)["start_time"],
    ),
    _first(
        "end-time-ignored",
        "no run is newer than the window",
        frozenset({"C-window-end", "C-window-adds-up"}),
        set_arguments(end_time=lambda _: 2**63 - 1),
        lambda caller: max(_plans(caller, **day(caller))) > day(caller)["end_time"],
    ),
    _first(
        "window-in-seconds",
        "the ends of a window count to the millisecond, and are not cut to seconds",
        frozenset({"C-window-start", "C-window-end", "C-window-adds-up"}),
        set_arguments(start_time=_floor(SECOND), end_time=_floor(SECOND)),
        lambda caller: caller.rows(start_time=_plans(caller)[5] + 1) == caller.rows(start_time=_plans(caller)[5]),
    ),
    _first(
        "window-in-days",
        "a window starts at start_time, not at midnight",
        frozenset({"C-window-start", "C-window-adds-up"}),
        set_arguments(start_time=_floor(DAY)),
        lambda caller: min(_plans(caller, start_time=day(caller)["start_time"] + HOUR)) == day(caller)["start_time"],
    ),
    _first(
        "window-eight-hours-off",
        "the ends of a window are in UTC",
        frozenset({"C-window-start", "C-window-end", "C-window-adds-up"}),
        set_arguments(start_time=lambda time: time + 8 * HOUR, end_time=lambda time: time + 8 * HOUR),
        lambda caller: min(_plans(caller, **day(caller))) > day(caller)["start_time"] + 7 * HOUR,
    ),
    _first(
        "window-of-two-times",
        "both ends of a window are compared with the same time of a run",
        frozenset({"C-window-end", "C-window-adds-up"}),
        _window(lambda row, start, end: start <= row["planTime"] and row["submitTime"] <= end),
        lambda caller: len(caller.rows(end_time=_plans(caller)[5])) == len(caller.rows()) - 6,
    ),
    _first(
        "window-of-seven-days-at-most",
        "a window of more than seven days has all of its runs",
        frozenset({"C-window-adds-up"}),
        on_arguments(
            lambda values: {
                **values,
                "start_time": max(int(values["start_time"]), int(values["end_time"]) - 7 * DAY),
            }
        ),
        lambda caller: (
            len(caller.rows(start_time=day(caller)["end_time"] - 12 * DAY, end_time=day(caller)["end_time"])) < 8 * 24
        ),
    ),
    _first(
        "running-runs-in-every-window",
        "a run that is still running is only in windows that contain its plan time",
        frozenset({"C-window-start", "C-window-end", "C-window-adds-up"}),
        _window(lambda row, start, end: start <= row["planTime"] <= end or row["status"] == "running"),
        lambda caller: "running" in {row["status"] for row in caller.rows(**day(caller))},
    ),
    _first(
        "pages-remembered-without-their-window",
        "a response is for the requested window",
        frozenset({"C-window-start", "C-window-end", "C-window-adds-up", "C-window-reversed"}),
        remembered("task_id", "job_name", "workspace_id", "offset", "limit"),
        lambda caller: caller.page(start_time=0) == caller.page(start_time=9, end_time=10),
    ),
    _late(
        "short-windows-lose-their-start",
        "whether the start belongs to a window does not depend on its length",
        frozenset({"C-window-adds-up"}),
        on_arguments(_half_open_when_short),
        lambda caller: _first_plan(caller, hours=5) > _first_plan(caller, hours=24),
    ),
    _late(
        "window-in-single-precision",
        "the ends of a window are exact to the millisecond",
        frozenset({"C-window-start", "C-window-end", "C-window-adds-up"}),
        set_arguments(start_time=_single_precision, end_time=_single_precision),
        lambda caller: (
            len(caller.rows(start_time=caller.rows()[5]["planTime"])) != 6
            or len(caller.rows(start_time=caller.rows()[5]["planTime"] + 1)) != 5
        ),
    ),
    _blind(
        "count-without-the-end",
        "total counts a run at the end of the window if the rows include it",
        frozenset({"C-window-adds-up", "C-walk-complete", "B-total-covers-rows"}),
        own_total(_counted_without_the_end),
        lambda caller: caller.page(end_time=caller.rows()[5]["planTime"])["total"] < len(caller.rows()) - 5,
    ),
    _blind(
        "long-windows-from-midnight",
        "a long window starts at start_time, not at midnight",
        frozenset({"C-window-start", "C-window-adds-up"}),
        on_arguments(_from_midnight_if_long),
        lambda caller: min(row["planTime"] for row in caller.rows(start_time=_noon(caller))) < _noon(caller),
    ),
    _outside(
        "months-stepped-from-the-31st",
        "A window that begins on the 31st holds the runs of months of 30 days, too.",
        CHECKS["windows add up"],
        on_whole(_stepped_by_months),
        _skips_september,
    ),
    _outside(
        "wall-clock-of-berlin",
        "When clocks are put back, a window still holds no run planned before its start (times are UTC).",
        CHECKS["runs lie inside the window"],
        on_listing(_by_the_wall),
        _repeats_an_hour,
    ),
    _outside(
        "microseconds-overflow",
        "A window that ends at 2^63-1 milliseconds, the largest time, has its runs.",
        CHECKS["windows add up"],
        on_listing(_in_microseconds),
        lambda caller: not caller.page(end_time=MAX_TIME)["total"],
    ),
    _outside(
        "zero-is-falsy",
        "A window that starts at 0 holds every run of a window that starts at 1, not only those of today.",
        CHECKS["windows add up"],
        on_listing(_from_today),
        lambda caller: caller.page(start_time=0)["total"] < caller.page(start_time=1)["total"],
    ),
    _outside(
        "a-point-has-no-end",
        "A window whose start and end are the same time holds no run planned later.",
        CHECKS["runs lie inside the window"],
        on_arguments(_open_ended),
        _has_no_end,
    ),
    _outside(
        "ten-digits-are-seconds",
        "Times are milliseconds, however few digits they have: a window in January 1970 is empty.",
        CHECKS["runs lie inside the window"],
        set_arguments(start_time=_as_seconds, end_time=_as_seconds),
        lambda caller: bool(caller.page(start_time=1, end_time=2 * _FIRST_SECONDS)["total"]),
    ),
    _outside(
        "later-pages-exclude-the-end",
        "All pages agree on whether the end belongs to the window, so the total is the same on each.",
        CHECKS["one total for one question"],
        on_arguments(_ending_earlier),
        _ends_early,
    ),
    _outside(
        "summer-times-an-hour-late",
        "The plan time of a run in summer lies in the window that it was found in (milliseconds UTC).",
        CHECKS["runs lie inside the window"],
        on_field("planTime", lambda time: time + HOUR if _is_summer(time) else time),
        lambda caller: _is_off(caller, _time(2023, 7, 1)),
    ),
    _outside(
        "DATETIME(0)",
        "A plan time is exact to the millisecond: a run found in a window of one millisecond has that plan time.",
        CHECKS["runs lie inside the window"],
        on_field("planTime", lambda time: (time + SECOND // 2) // SECOND * SECOND),
        lambda caller: _is_off(caller, _time(2023, 7, 1) - 1),
    ),
    _outside(
        "no-31st",
        "A window that ends on the 31st holds the runs of that day (end_time: end of the window).",
        CHECKS["windows add up"],
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
