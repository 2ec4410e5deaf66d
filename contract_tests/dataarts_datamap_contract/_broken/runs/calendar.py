"""Windows whose runs or totals are not those of their parts, because of hours, days, months or two stores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.relations import PAGES, TOTALS, WINDOWS
from dataarts_datamap_contract._broken.seams import (
    Document,
    Perform,
    Seam,
    Values,
    cut,
    on_arguments,
    on_listing,
    on_whole,
    whole,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import DAY, HOUR, SALES, SECOND, length, own_total

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller

_sealed = partial(BrokenServer, level="C", cohort="sealed")

_CHINA = timezone(timedelta(hours=8))
_WEDNESDAY = 2
_SUNDAY = 6


def _local(time: int, zone: tzinfo = _CHINA) -> datetime:
    return datetime.fromtimestamp(time // SECOND, zone)


def _lost(which: Callable[[Document], bool], *, when: Callable[[Values], bool]) -> Seam:
    """A seam on which some windows neither find nor count some runs."""
    return on_whole(lambda rows, values: [row for row in rows if not which(row)] if when(values) else rows)


def _crosses_midnight(values: Values) -> bool:
    start, end = int(values["start_time"]), int(values["end_time"])
    return end - start < 30 * DAY and start // DAY != end // DAY


def _to_the_next_hour(values: Values) -> Values:
    start = -(-int(values["start_time"]) // HOUR) * HOUR
    return {**values, "start_time": min(start, int(values["end_time"]))}


def _two_stores(perform: Perform, values: Values) -> Document:
    """Recent runs are in one store, old ones in another; a window is read only from the store in which it ends."""
    page = whole(perform, values)
    newest = whole(perform, values, start_time=0, end_time=2**63 - 1)["rows"][:1]
    if not newest:
        return perform(values)
    border = newest[0]["planTime"] - 8 * DAY
    rows = [row for row in page["rows"] if row["planTime"] >= border or int(values["end_time"]) < border]
    return {**page, "rows": cut(rows, values), "total": len(rows)}


def _overlapping_stores(perform: Perform, values: Values) -> Document:
    """Runs that are in both stores are listed twice if the window reaches into both."""
    page = whole(perform, values)
    newest = whole(perform, values, start_time=0, end_time=2**63 - 1)["rows"][:1]
    if not newest:
        return perform(values)
    border = newest[0]["planTime"] - 6 * DAY
    both = int(values["start_time"]) < border < int(values["end_time"])
    rows = [
        row for row in page["rows"] for _ in range(1 + (both and border - 3 * HOUR < row["planTime"] < border))
    ]  # fmt: skip
    return {**page, "rows": cut(rows, values), "total": len(rows)}


def _counted_day_by_day(page: Document, values: Values, perform: Perform) -> int:
    """In a window of at most 30 days, a run at midnight UTC counts for the day before it and for the day after it."""
    if length(values) > 30 * DAY:
        return int(page["total"])
    rows: list[Document] = whole(perform, values)["rows"]
    inner = [row for row in rows if int(values["start_time"]) < row["planTime"] < int(values["end_time"])]
    return len(rows) + sum(int(row["planTime"]) % DAY == 0 for row in inner)


def _is_early_on_sunday(row: Document) -> bool:
    moment = _local(row["planTime"], UTC)
    return moment.weekday() == _SUNDAY and moment.hour < 6


def _in_the_skipped_hour(row: Document) -> bool:
    moment = _local(row["planTime"])
    return moment.weekday() == _WEDNESDAY and moment.hour == 2


def _without_end_if_whole_days(values: Values) -> Values:
    whole_days = length(values) > 0 and length(values) % DAY == 0
    return {**values, "end_time": int(values["end_time"]) - whole_days}


def _widened(values: Values) -> Values:
    start, end = int(values["start_time"]), int(values["end_time"])
    return {**values, "start_time": start // HOUR * HOUR} if 0 < end - start < HOUR else values


def _end_of(caller: Caller) -> int:
    present = int((caller.config.now or datetime.now(UTC)).timestamp()) * SECOND
    return present - DAY


def _plans(caller: Caller, **query: str | int) -> list[int]:
    return [row["planTime"] for row in caller.rows(**query)]


def _whole_and_parts(caller: Caller, days: int, part: int = DAY, **query: str | int) -> tuple[set[int], set[int]]:
    """The ids of the runs of some days, up to a day ago, read at once and part by part."""
    end = _end_of(caller)
    start = end - days * DAY
    at_once = set(caller.run_ids(start_time=start, end_time=end, **query))
    parts = [
        caller.run_ids(start_time=begin, end_time=begin + part - 1, **query) for begin in range(start, end, part)
    ]  # fmt: skip
    return at_once - set(caller.run_ids(start_time=end, end_time=end, **query)), {run for each in parts for run in each}


def _loses(caller: Caller, days: int, part: int = DAY, **query: str | int) -> bool:
    at_once, parts = _whole_and_parts(caller, days, part, **query)
    return at_once != parts


def _is_rerun(row: Document) -> bool:
    return bool(row["retryTimes"] == 1 and row["status"] == "success")


def _reruns_by_start(perform: Perform, values: Values) -> Document:
    start, end = int(values["start_time"]), int(values["end_time"])
    everything = whole(perform, values, start_time=0, end_time=2**63 - 1)
    rows = [
        row
        for row in everything["rows"]
        if start <= (row["startTime"] if _is_rerun(row) else row["planTime"]) <= end
    ]  # fmt: skip
    return {**everything, "rows": cut(rows, values), "total": len(rows)}


def _failure_is_lost(caller: Caller) -> bool:
    failed = next(row for row in caller.rows() if row["status"] == "fail")
    return failed["taskRunningLogId"] not in caller.run_ids(start_time=failed["planTime"])


def _rerun_is_elsewhere(caller: Caller) -> bool:
    rerun = next(row for row in caller.rows() if _is_rerun(row))
    return rerun["taskRunningLogId"] not in caller.run_ids(start_time=rerun["planTime"], end_time=rerun["planTime"])


BROKEN_SERVERS = (
    _sealed(
        "first-run-of-the-day-lost-over-midnight",
        "a window over midnight has the first run of each day",
        WINDOWS,
        _lost(lambda row: _local(row["planTime"]).hour == 0 and row["status"] == "success", when=_crosses_midnight),
        lambda caller: _loses(caller, 4, 4 * HOUR),
    ),
    _sealed(
        "months-of-28-days",
        "a window of several days has the runs of the 29th of a month",
        WINDOWS,
        _lost(
            lambda row: _local(row["planTime"]).day == 29,
            when=lambda values: 4 * DAY < length(values) < 100 * DAY,
        ),
        lambda caller: _loses(caller, 10),
    ),
    _sealed(
        "start-at-the-next-hour",
        "a window starts at start_time, not at the next full hour",
        WINDOWS | frozenset({"C-window-start"}),
        on_arguments(_to_the_next_hour),
        lambda caller: (
            _plans(caller, **SALES)[5] not in _plans(caller, **SALES, start_time=_plans(caller, **SALES)[5] - 1)
        ),
    ),
    _sealed(
        "sunday-nights-lost-in-long-windows",
        "a window of several days has the runs of the first six hours of Sunday",
        WINDOWS,
        _lost(_is_early_on_sunday, when=lambda values: 3 * DAY < length(values) < 100 * DAY),
        lambda caller: _loses(caller, 10),
    ),
    _sealed(
        "an-hour-skipped-by-the-clock",
        "a window of more than 12 hours has the runs of every hour in it",
        WINDOWS,
        _lost(_in_the_skipped_hour, when=lambda values: 12 * HOUR < length(values) < 100 * DAY),
        lambda caller: _loses(caller, 8, 6 * HOUR),
    ),
    _sealed(
        "whole-days-without-their-end",
        "the end belongs to a window of whole days if it belongs to other windows",
        WINDOWS,
        on_arguments(_without_end_if_whole_days),
        lambda caller: (
            _plans(caller)[30] not in _plans(caller, start_time=_plans(caller)[30] - DAY, end_time=_plans(caller)[30])
        ),
    ),
    _sealed(
        "skipped-runs-archived",
        "a window of more than five days has the skipped runs of its days",
        WINDOWS,
        _lost(
            lambda row: str(row["status"]).startswith("skip"),
            when=lambda values: 5 * DAY < length(values) < 100 * DAY,
        ),
        lambda caller: _loses(caller, 10),
    ),
    _sealed(
        "minutes-widened-to-the-hour",
        "a window of minutes has only the runs of those minutes",
        WINDOWS | frozenset({"C-window-start"}),
        on_arguments(_widened),
        lambda caller: bool(caller.rows(start_time=_end_of(caller) + 1, end_time=_end_of(caller) + 60 * SECOND)),
    ),
    _sealed(
        "one-store-for-each-window",
        "a window that reaches into two stores has the runs of both",
        WINDOWS,
        on_listing(_two_stores),
        lambda caller: _loses(caller, 10),
    ),
    _sealed(
        "two-stores-overlap",
        "a run that is in two stores is listed once",
        PAGES | WINDOWS | frozenset({"C-run-id-unique"}),
        on_listing(_overlapping_stores),
        lambda caller: len(set(caller.run_ids())) < len(caller.run_ids()),
    ),
    _sealed(
        "midnight-counted-for-both-days",
        "total counts a run at midnight once",
        TOTALS | WINDOWS,
        own_total(_counted_day_by_day),
        lambda caller: (
            caller.page(start_time=_end_of(caller) - 2 * DAY, end_time=_end_of(caller))["total"]
            > len(caller.rows(start_time=_end_of(caller) - 2 * DAY, end_time=_end_of(caller)))
        ),
    ),
    _sealed(
        "failures-at-the-start-lost",
        "a failed run that is planned at start_time is in the window, like any other run",
        WINDOWS,
        on_whole(
            lambda rows, values: [
                row for row in rows if row["status"] != "fail" or row["planTime"] != int(values["start_time"])
            ]
        ),
        _failure_is_lost,
    ),
    _sealed(
        "reruns-in-the-window-of-their-start",
        "a rerun is in a window if its plan time is, like any other run",
        WINDOWS,
        on_listing(_reruns_by_start),
        _rerun_is_elsewhere,
    ),
)
