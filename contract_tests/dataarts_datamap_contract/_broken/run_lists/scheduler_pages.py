"""Pages, totals, windows and filters that the scheduler's store, or the code over it, gets wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import (
    MOST,
    RUNS,
    Document,
    Perform,
    Values,
    cut,
    on_arguments,
    on_listing,
    on_whole,
    whole,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import (
    BAD_REQUEST,
    DAY,
    HOUR,
    RARE,
    SALES_WORKSPACE,
    SECOND,
    Operation,
    ids,
    own_rows,
    own_total,
    performed,
    repeats,
    set_arguments,
    status_of,
    walk,
    without,
)
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._web.validation import Arguments

_shipped = partial(BrokenServer, level="C", cohort="shipped")

_EAST = 8 * HOUR
"""How far the clocks of China are ahead of UTC."""


def _latest_attempts(page: Document, _: Values, __: Perform) -> list[Document]:
    return [*{row["planTime"]: row for row in reversed(page["rows"])}.values()][::-1]


def _total_of_whole_hours(_: Document, values: Values, perform: Perform) -> int:
    start, end = (int(values[name]) // HOUR * HOUR for name in ("start_time", "end_time"))
    return int(perform({**values, "start_time": start, "end_time": end + HOUR - 1, "offset": 0, "limit": 1})["total"])


def _after_the_last_time(perform: Perform, values: Values) -> Document:
    """A page begins after all runs that have the plan time of the last run on the page before it."""
    page = whole(perform, values)
    rows, offset = page["rows"], int(values["offset"])
    if not 0 < offset <= len(rows):
        return {**page, "rows": cut(rows, values)}
    last = rows[offset - 1]["planTime"]
    return {**page, "rows": [row for row in rows if row["planTime"] < last][: int(values["limit"])]}


def _to_the_nearest_second(time: int) -> int:
    return (time + SECOND // 2) // SECOND * SECOND


def _within_32_bits(page: Document, values: Values, _: Perform) -> list[Document]:
    rows: list[Document] = page["rows"]
    return rows if int(values["offset"]) + int(values["limit"]) <= MOST else []


def _partitions(rows: list[Document], values: Values) -> list[Document]:
    """Partitions are days in China, but the last one to read is chosen by the window's last day in UTC."""
    last = int(values["end_time"]) // DAY
    return [row for row in rows if (row["planTime"] + _EAST) // DAY <= last]


def _total_without_workspace(_: Document, values: Values, perform: Perform) -> int:
    return int(perform(without(values, "workspace_id"))["total"])


def _leading_digits(values: Values) -> Values:
    digits = re.match(r"\s*([0-9]+)", str(values["task_id"]))
    return {**values, "task_id": str(int(digits.group(1)))} if digits else values


def _no_page_after_the_last(perform: Perform, values: Values) -> Document:
    page = perform(values)
    offset, limit, total = int(values["offset"]), int(values["limit"]), int(page["total"])
    return perform({**values, "offset": (total - 1) // limit * limit}) if 0 < total <= offset else page


def _total_of_a_short_page(page: Document, values: Values, _: Perform) -> int:
    rows = len(page["rows"])
    return int(values["offset"]) + rows if rows < int(values["limit"]) else int(page["total"])


def _page_left_on_the_thread(operation: Operation, _: MockConfig) -> Operation:
    left: list[Values] = []

    def perform(arguments: Arguments) -> bytes:
        own: Values = {name: arguments.values[name] for name in ("offset", "limit")}
        page = left.pop() if left else own
        try:
            return operation(replace(arguments, values={**arguments.values, **page}))
        except HttpError:
            left.append(own)
            raise

    return perform


def _is_late_run_lost(caller: Caller) -> bool:
    late = next(row for row in caller.rows() if row["planTime"] % DAY >= DAY - _EAST)
    return late["taskRunningLogId"] not in caller.run_ids(end_time=late["planTime"])


def _end_is_passed(caller: Caller) -> bool:
    end = next(row["planTime"] for row in caller.rows(**RARE) if row["planTime"] % SECOND == SECOND - 1)
    return any(row["planTime"] > end for row in caller.rows(**RARE, end_time=end))


def _total_has_an_earlier_run(caller: Caller) -> bool:
    page = caller.page(start_time=caller.rows()[5]["planTime"] + 1, limit=MOST)
    return bool(page["total"] > len(page["rows"]))


BROKEN_SERVERS = (
    _shipped(
        "attempts-merged-on-their-page",
        "each run that the total counts is on a page, even a failed one beside its rerun",
        CHECKS["pages are slices of one list"] | CHECKS["total counts the runs"],
        own_rows(_latest_attempts),
        lambda caller: len(caller.rows()) < caller.page()["total"],
    ),
    _shipped(
        "total-from-hourly-statistics",
        "total counts the runs of the window, not those of the hours that it touches",
        CHECKS["total counts the runs"],
        own_total(_total_of_whole_hours),
        _total_has_an_earlier_run,
    ),
    _shipped(
        "next-page-after-the-last-plan-time",
        "the next page begins with the next run, even if that has the same plan time as the last one",
        CHECKS["pages are slices of one list"],
        on_listing(_after_the_last_time),
        lambda caller: repeats(ids(walk(caller, 7, **RARE))),
    ),
    _shipped(
        "window-rounded-to-the-nearest-second",
        "the ends of a window count to the millisecond, and are not rounded to the nearest second",
        CHECKS["runs lie inside the window"] | CHECKS["windows add up"],
        set_arguments(start_time=_to_the_nearest_second, end_time=_to_the_nearest_second),
        _end_is_passed,
    ),
    _shipped(
        "end-of-the-page-beyond-32-bits",
        "a page with the largest limit, 2^31-1, has the rows from its offset on",
        CHECKS["pages are slices of one list"] | CHECKS["valid requests succeed"],
        own_rows(_within_32_bits),
        lambda caller: caller.page(offset=1, limit=MOST)["rows"] == [],
    ),
    _shipped(
        "last-partition-by-the-day-in-utc",
        "a window has all its runs, even those of the hours in which UTC and China have different dates",
        CHECKS["windows add up"],
        on_whole(_partitions),
        _is_late_run_lost,
    ),
    _shipped(
        "workspace-missing-from-the-count",
        "total counts the runs of the requested workspace alone",
        CHECKS["total counts the runs"] | CHECKS["a filter takes what is named"],
        own_total(_total_without_workspace),
        lambda caller: caller.page(workspace_id=SALES_WORKSPACE)["total"] > 0,
    ),
    _shipped(
        "task-id-by-its-leading-digits",
        "a task id that only begins with the id of an operator does not find that operator",
        CHECKS["a filter takes what is named"],
        on_arguments(_leading_digits),
        lambda caller: bool(caller.rows(task_id="937987-copy")),
    ),
    _shipped(
        "last-page-again-beyond-the-end",
        "a page beyond the last run is empty",
        CHECKS["pages are slices of one list"],
        on_listing(_no_page_after_the_last),
        lambda caller: bool(caller.page(offset=caller.page()["total"])["rows"]),
    ),
    _shipped(
        "total-derived-from-a-short-page",
        "total is the same on each page, even on one beyond the last run",
        CHECKS["one total for one question"],
        own_total(_total_of_a_short_page),
        lambda caller: caller.page(offset=9_000)["total"] == 9_000,
    ),
    _shipped(
        "page-of-a-refused-request-left-behind",
        "offset and limit of a refused request do not count for the next request",
        CHECKS["asked again the same"] | CHECKS["pages are slices of one list"],
        performed(RUNS, _page_left_on_the_thread),
        lambda caller: status_of(caller, start_time=2, end_time=1, limit=1) == BAD_REQUEST and len(caller.rows()) == 1,
    ),
)
