"""Level C: the time window."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.caller import MAX_TIME, Caller
from dataarts_datamap_contract._broken.seams import (
    Document,
    Perform,
    Seam,
    Values,
    cut,
    on_arguments,
    on_listing,
    whole,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import DAY, HOUR, SECOND, day, own_total, remembered, set_arguments

if TYPE_CHECKING:
    from collections.abc import Callable


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
    """The earliest plan time of a window that starts with a run."""
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
    """The middle of the first day of a window that ends at the largest time."""
    return day(caller)["start_time"] + DAY // 2


BROKEN_SERVERS = (
    BrokenServer(
        name="start-time-ignored",
        level="C",
        rule="no run is older than the window",
        checks=frozenset({"C-window-start", "C-window-adds-up"}),
        seam=set_arguments(start_time=lambda _: 0),
        shown=lambda caller: min(_plans(caller, **day(caller))) < day(caller)["start_time"],
    ),
    BrokenServer(
        name="end-time-ignored",
        level="C",
        rule="no run is newer than the window",
        checks=frozenset({"C-window-end", "C-window-adds-up"}),
        seam=set_arguments(end_time=lambda _: 2**63 - 1),
        shown=lambda caller: max(_plans(caller, **day(caller))) > day(caller)["end_time"],
    ),
    BrokenServer(
        name="window-in-seconds",
        level="C",
        rule="the ends of a window are in milliseconds",
        checks=frozenset({"C-window-start", "C-window-end", "C-window-adds-up"}),
        seam=set_arguments(start_time=_floor(SECOND), end_time=_floor(SECOND)),
        shown=lambda caller: caller.rows(start_time=_plans(caller)[5] + 1) == caller.rows(start_time=_plans(caller)[5]),
    ),
    BrokenServer(
        name="window-in-days",
        level="C",
        rule="a window starts at start_time, not at midnight",
        checks=frozenset({"C-window-start", "C-window-adds-up"}),
        seam=set_arguments(start_time=_floor(DAY)),
        shown=lambda caller: (
            min(_plans(caller, start_time=day(caller)["start_time"] + HOUR)) == day(caller)["start_time"]
        ),
    ),
    BrokenServer(
        name="window-eight-hours-off",
        level="C",
        rule="the ends of a window are in UTC",
        checks=frozenset({"C-window-start", "C-window-end", "C-window-adds-up"}),
        seam=set_arguments(start_time=lambda time: time + 8 * HOUR, end_time=lambda time: time + 8 * HOUR),
        shown=lambda caller: min(_plans(caller, **day(caller))) > day(caller)["start_time"] + 7 * HOUR,
    ),
    BrokenServer(
        name="window-of-two-times",
        level="C",
        rule="both ends of a window are compared with the same time of a run",
        checks=frozenset({"C-window-end", "C-window-adds-up"}),
        seam=_window(lambda row, start, end: start <= row["planTime"] and row["submitTime"] <= end),
        shown=lambda caller: len(caller.rows(end_time=_plans(caller)[5])) == len(caller.rows()) - 6,
    ),
    BrokenServer(
        name="window-of-seven-days-at-most",
        level="C",
        rule="a window has all runs of its parts",
        checks=frozenset({"C-window-adds-up"}),
        seam=on_arguments(
            lambda values: {
                **values,
                "start_time": max(int(values["start_time"]), int(values["end_time"]) - 7 * DAY),
            }
        ),
        shown=lambda caller: (
            len(caller.rows(start_time=day(caller)["end_time"] - 12 * DAY, end_time=day(caller)["end_time"])) < 8 * 24
        ),
    ),
    BrokenServer(
        name="running-runs-in-every-window",
        level="C",
        rule="a run that is still running belongs only to its own window",
        checks=frozenset({"C-window-start", "C-window-end", "C-window-adds-up"}),
        seam=_window(lambda row, start, end: start <= row["planTime"] <= end or row["status"] == "running"),
        shown=lambda caller: "running" in {row["status"] for row in caller.rows(**day(caller))},
    ),
    BrokenServer(
        name="pages-remembered-without-their-window",
        level="C",
        rule="a response is for the requested window",
        checks=frozenset({"C-window-start", "C-window-end", "C-window-adds-up", "C-window-reversed"}),
        seam=remembered("task_id", "job_name", "workspace_id", "offset", "limit"),
        shown=lambda caller: caller.page(start_time=0) == caller.page(start_time=9, end_time=10),
    ),
    BrokenServer(
        name="short-windows-lose-their-start",
        level="C",
        rule="whether the start belongs to a window does not depend on its length",
        checks=frozenset({"C-window-adds-up"}),
        seam=on_arguments(_half_open_when_short),
        shown=lambda caller: _first_plan(caller, hours=5) > _first_plan(caller, hours=24),
        cohort="late",
    ),
    BrokenServer(
        name="window-in-single-precision",
        level="C",
        rule="the ends of a window are exact to the millisecond",
        checks=frozenset({"C-window-start", "C-window-end", "C-window-adds-up"}),
        seam=set_arguments(start_time=_single_precision, end_time=_single_precision),
        shown=lambda caller: (
            len(caller.rows(start_time=caller.rows()[5]["planTime"])) != 6
            or len(caller.rows(start_time=caller.rows()[5]["planTime"] + 1)) != 5
        ),
        cohort="late",
    ),
    BrokenServer(
        name="count-without-the-end",
        level="C",
        rule="total counts a run at the end of the window if the rows include it",
        checks=frozenset({"C-window-adds-up", "C-walk-complete", "B-total-covers-rows"}),
        seam=own_total(_counted_without_the_end),
        shown=lambda caller: caller.page(end_time=caller.rows()[5]["planTime"])["total"] < len(caller.rows()) - 5,
        cohort="blind",
    ),
    BrokenServer(
        name="long-windows-from-midnight",
        level="C",
        rule="a window starts at start_time, even if it is long",
        checks=frozenset({"C-window-start", "C-window-adds-up"}),
        seam=on_arguments(_from_midnight_if_long),
        shown=lambda caller: min(row["planTime"] for row in caller.rows(start_time=_noon(caller))) < _noon(caller),
        cohort="blind",
    ),
)
