"""Lists of runs with rounded or capped windows, limits, offsets, totals and ids, or without some of their runs."""

from __future__ import annotations

from functools import partial

from dataarts_datamap_contract._broken.caller import ALL, MAX_TIME, Caller
from dataarts_datamap_contract._broken.relations import CONTENT, PAGES, TOTALS, WINDOWS
from dataarts_datamap_contract._broken.seams import (
    Document,
    Perform,
    Values,
    cut,
    on_arguments,
    on_listing,
    on_whole,
    refuse_on,
    whole,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import DAY, HOUR, SECOND, length, own_rows, own_total, total_of
from dataarts_datamap_contract.mock._web.responses import HttpError

_unseen = partial(BrokenServer, level="C", cohort="unseen")

_SIZES = (10, 20, 50, 100)
_MINUTE = 60 * SECOND
_CHINESE_DAY = 16 * HOUR


def _whole_seconds(values: Values) -> Values:
    return {**values, "start_time": int(values["start_time"]) // SECOND * SECOND}


def _to_the_minute(values: Values) -> Values:
    return {**values, "end_time": min(-(-int(values["end_time"]) // _MINUTE) * _MINUTE, MAX_TIME)}


def _whole_chinese_days(values: Values) -> Values:
    """A window that starts at midnight in China begins a day early."""
    start = int(values["start_time"])
    return {**values, "start_time": max(start - DAY, 0)} if start % DAY == _CHINESE_DAY and start else values


def _offered_size(values: Values) -> Values:
    """The limit is lowered to a page size that the console offers."""
    limit = int(values["limit"])
    return {**values, "limit": max((size for size in _SIZES if size <= limit), default=limit)}


def _narrow_offset(values: Values) -> Values:
    return {**values, "offset": int(values["offset"]) % 2**8}


def _latest_of_each_plan(rows: list[Document], values: Values) -> list[Document]:
    """A window of five days or more has only the first listed run of each plan time."""
    if length(values) < 5 * DAY:
        return rows
    return list({row["planTime"]: row for row in reversed(rows)}.values())[::-1]


def _odd_limits_turn_ties(perform: Perform, values: Values) -> Document:
    """Runs of the same plan time are in another order if the limit is odd."""
    everything = whole(perform, values)
    rows = everything["rows"]
    if int(values["limit"]) % 2:
        rows = sorted(rows, key=lambda row: (-row["planTime"], row["taskRunningLogId"]))
    return {**everything, "rows": cut(rows, values)}


def _started_only(page: Document, values: Values, perform: Perform) -> int:
    return sum(row["startTime"] > 0 for row in whole(perform, values)["rows"]) or page["total"]


def _capped_total(page: Document, _: Values, __: Perform) -> int:
    return min(int(page["total"]), 250)


def _without_skipped(perform: Perform, values: Values) -> Document:
    """Skipped runs are shown only at offset 0."""
    page = perform(values)
    kept = [row for row in page["rows"] if not row["status"].startswith("skip")]
    return {**page, "rows": kept if int(values["offset"]) else page["rows"]}


def _whole_days_total(page: Document, values: Values, perform: Perform) -> int:
    """A window of at most three days has the total of all days that it touches."""
    start, end = int(values["start_time"]), int(values["end_time"])
    if end - start > 3 * DAY or start == end:
        return int(page["total"])
    wider = {**values, "start_time": start // DAY * DAY, "end_time": min(end // DAY * DAY + DAY - 1, MAX_TIME)}
    return int(perform({**wider, "offset": 0, "limit": 1})["total"])


def _large_ids(rows: list[Document], values: Values) -> list[Document]:
    """Ids are rounded down to a multiple of 16 if the limit is 30 or more."""
    if int(values["limit"]) < 30:
        return rows
    return [{**row, "taskRunningLogId": row["taskRunningLogId"] // 16 * 16} for row in rows]


def _plan(caller: Caller) -> int:
    """The plan time of a run in the middle: a whole minute, and so a whole second."""
    return int(caller.rows()[40]["planTime"])


def _shows_before(caller: Caller) -> bool:
    time = _plan(caller)
    return total_of(caller, start_time=time + 1, end_time=time + 1) > 0


def _shows_after(caller: Caller) -> bool:
    time = _plan(caller)
    return total_of(caller, start_time=time - 5, end_time=time - 1) > 0


def _midnight(caller: Caller) -> int:
    """A midnight in China, with runs before and after it."""
    return _plan(caller) // DAY * DAY - DAY + _CHINESE_DAY


def _hour_total(caller: Caller) -> int:
    time = _plan(caller)
    return total_of(caller, start_time=time - 1, end_time=time + 1)


BROKEN_SERVERS = (
    _unseen(
        "start-of-the-window-in-seconds",
        "a window starts at start_time, to the millisecond",
        frozenset({"C-window-start", *WINDOWS}),
        on_arguments(_whole_seconds),
        _shows_before,
    ),
    _unseen(
        "end-of-the-window-in-minutes",
        "a window ends at end_time, to the millisecond",
        frozenset({"C-window-end", *WINDOWS}),
        on_arguments(_to_the_minute),
        _shows_after,
    ),
    _unseen(
        "days-that-begin-in-china",
        "a window starts at start_time, even if that is midnight in China",
        frozenset({"C-window-start", *WINDOWS, *TOTALS}),
        on_arguments(_whole_chinese_days),
        lambda caller: (
            total_of(caller, start_time=_midnight(caller)) > total_of(caller, start_time=_midnight(caller) + 1) + 1
        ),
    ),
    _unseen(
        "page-sizes-of-the-console",
        "a page has as many runs as limit says",
        PAGES,
        on_arguments(_offered_size),
        lambda caller: len(caller.rows(limit=15)) == 10,
    ),
    _unseen(
        "offset-in-a-byte",
        "an offset above 255 is used as it is, not modulo 256",
        PAGES,
        on_arguments(_narrow_offset),
        lambda caller: caller.run_ids(offset=256, limit=1) == caller.run_ids(limit=1),
    ),
    _unseen(
        "reruns-hidden-in-long-windows",
        "a long window has every run of the short windows inside it",
        frozenset({*WINDOWS, *TOTALS}),
        on_whole(_latest_of_each_plan),
        lambda caller: len({row["planTime"] for row in caller.rows()}) == len(caller.rows()),
    ),
    _unseen(
        "ties-turned-on-odd-pages",
        "the order of runs with the same plan time does not depend on the limit",
        frozenset({*PAGES, *CONTENT}),
        on_listing(_odd_limits_turn_ties),
        lambda caller: caller.run_ids(limit=ALL) != caller.run_ids(limit=ALL + 1),
    ),
    _unseen(
        "total-of-started-runs",
        "the total counts each run of the window, even if it has not started",
        TOTALS,
        own_total(_started_only),
        lambda caller: caller.page(limit=ALL)["total"] < len(caller.rows()),
    ),
    _unseen(
        "total-up-to-250",
        "the total has no cap",
        frozenset({*TOTALS, *WINDOWS, *PAGES, "C-offset-beyond-end"}),
        own_total(_capped_total),
        lambda caller: caller.page()["total"] == 250,
    ),
    _unseen(
        "total-of-whole-days",
        "the total counts the runs of the window, not those of the days that it touches",
        frozenset({*TOTALS, *WINDOWS}),
        own_total(_whole_days_total),
        lambda caller: _hour_total(caller) > 1,
    ),
    _unseen(
        "skipped-runs-on-the-first-page-alone",
        "later pages show skipped runs, as the first page does",
        frozenset({*PAGES, *TOTALS}),
        on_listing(_without_skipped),
        lambda caller: len(caller.rows(offset=1)) < caller.page()["total"] - 1,
    ),
    _unseen(
        "ids-rounded-on-large-pages",
        "a run has the same id on large and on small pages",
        frozenset({*PAGES, *CONTENT, *WINDOWS}),
        own_rows(lambda page, values, _: _large_ids(page["rows"], values)),
        lambda caller: caller.run_ids(limit=40)[:5] != caller.run_ids(limit=5),
    ),
    _unseen(
        "deep-pages-refused",
        "a page at an offset above 200 is served",
        frozenset({"E-valid-refused"}),
        refuse_on(
            lambda _, values: any(each.isdecimal() and int(each) > 200 for each in values.get("offset", ())),
            HttpError(400, "DLG.0400", "Result window is too large"),
        ),
        lambda caller: caller.runs(offset=201).status == 400,
        level="E",
    ),
    _unseen(
        "windows-of-a-moment-refused",
        "a window may start and end at the same moment",
        frozenset({"E-minimum-refused"}),
        refuse_on(
            lambda _, values: values.get("start_time") == values.get("end_time"),
            HttpError(400, "DLG.0400", "end_time must be after start_time"),
        ),
        lambda caller: caller.runs(start_time=5, end_time=5).status == 400,
        level="E",
    ),
)
