"""Queries for runs whose pages, totals, windows or filters a service over a database gets wrong."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote

from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import (
    MOST,
    RUNS,
    Document,
    Perform,
    Values,
    fail_on,
    on_arguments,
    on_listing,
    on_parameter,
    on_whole,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import (
    DAY,
    HOUR,
    HOURLY,
    SALES_WORKSPACE,
    SECOND,
    Operation,
    as_integer,
    ids,
    own_total,
    performed,
    status_of,
    total_of,
)
from dataarts_datamap_contract.mock._web.validation import Arguments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_shipped = partial(BrokenServer, cohort="shipped")

_FAILURE = 500
_BEYOND = 100_000
_LARGEST = 2**63 - 1
_CHINA = 8 * HOUR
_TAG = re.compile("<[^>]*>")


def _total_of_shown_rows(perform: Perform, values: Values) -> Document:
    """The total is read from a column of the page's rows, which is why an empty page has the total 0."""
    page = perform(values)
    return page if page["rows"] else {**page, "total": 0}


def _ties_by_plan_of_query(rows: list[Document], values: Values) -> list[Document]:
    """Runs are sorted by plan time alone: on pages in the first half of the list, ties have another order."""
    is_short = int(values["offset"]) + int(values["limit"]) < len(rows) // 2
    return sorted(rows, key=lambda row: (-row["planTime"], row["taskRunningLogId"])) if is_short else rows


def _last_page_instead(perform: Perform, values: Values) -> Document:
    page, limit = perform(values), int(values["limit"])
    if page["rows"] or not page["total"]:
        return page
    return perform({**values, "offset": (page["total"] - 1) // limit * limit})


def _sum_is_too_large(_: RequestParts, values: Mapping[str, list[str]]) -> bool:
    numbers = [as_integer(value) for name in ("offset", "limit") for value in values.get(name, ())]
    valid = [number for number in numbers if number is not None and 0 <= number <= MOST]
    return len(valid) == len(numbers) and sum(valid) > MOST


def _zero_is_no_start(perform: Operation, config: MockConfig) -> Operation:
    """A start of 0 counts as none, and is replaced by the default: a week ago."""

    def run(arguments: Arguments) -> bytes:
        if arguments.number("start_time"):
            return perform(arguments)
        week_ago = int((config.now or datetime.now(UTC)).timestamp()) * SECOND - 7 * DAY
        start = min(week_ago, arguments.number("end_time"))
        return perform(Arguments({**arguments.values, "start_time": start}))

    return run


def _from_partitions(rows: list[Document], values: Values) -> list[Document]:
    """Partitions are named by the day in UTC, and chosen by the day of the window's start in China."""
    first = (int(values["start_time"]) + _CHINA) // DAY
    return [row for row in rows if row["planTime"] // DAY >= first]


def _rounded(values: Values) -> Values:
    """The database rounds both ends of the window to whole seconds."""
    times = {
        name: min((int(values[name]) + SECOND // 2) // SECOND * SECOND, _LARGEST) for name in ("start_time", "end_time")
    }
    return {**values, **times}


def _total_of_any_workspace(_: Document, values: Values, perform: Perform) -> int:
    return int(perform({name: value for name, value in values.items() if name != "workspace_id"})["total"])


def _is_no_long(request: RequestParts, _: Mapping[str, list[str]]) -> bool:
    number = as_integer(unquote(request.path["task_id"].decode("latin-1")))
    return number is None or number > _LARGEST


def _ties_move(caller: Caller) -> bool:
    everything = caller.run_ids()
    few = len(everything) // 2 - 1
    return ids(caller.page(limit=few)["rows"]) != everything[:few]


def _evening_is_lost(caller: Caller) -> bool:
    newest = caller.rows()[0]["planTime"]
    start = newest // DAY * DAY - 3 * DAY + 17 * HOUR
    longer = caller.rows(start_time=start - DAY, end_time=start + DAY)
    wanted = [row["taskRunningLogId"] for row in longer if row["planTime"] >= start]
    return bool(set(wanted) - set(caller.run_ids(start_time=start, end_time=start + DAY)))


def _run_before_the_start(caller: Caller) -> bool:
    run = caller.rows()[5]
    return run["taskRunningLogId"] in caller.run_ids(start_time=run["planTime"] + 1)


BROKEN_SERVERS = (
    _shipped(
        "total-is-a-column-of-the-rows",
        "a page behind the last run has the same total as the pages before it",
        CHECKS["one total for one question"],
        on_listing(_total_of_shown_rows),
        lambda caller: total_of(caller, offset=_BEYOND) == 0,
        level="C",
    ),
    _shipped(
        "sorted-by-a-time-that-ties",
        "runs of the same plan time have one order on pages of any size",
        CHECKS["pages are slices of one list"],
        on_whole(_ties_by_plan_of_query),
        _ties_move,
        level="C",
    ),
    _shipped(
        "reasonable-page-numbers",
        "a page behind the last run is empty, and not the last page again",
        CHECKS["pages are slices of one list"],
        on_listing(_last_page_instead),
        lambda caller: bool(caller.page(offset=_BEYOND)["rows"]),
        level="C",
    ),
    _shipped(
        "end-of-the-page-overflows",
        "an offset and a limit that are both valid are valid together, however large their sum is",
        CHECKS["valid requests succeed"],
        fail_on(_sum_is_too_large),
        lambda caller: status_of(caller, offset=1, limit=MOST) == _FAILURE,
        level="E",
    ),
    _shipped(
        "start-of-zero-is-a-week-ago",
        "a window that starts at 0 has the oldest runs",
        CHECKS["windows add up"],
        performed(RUNS, _zero_is_no_start),
        lambda caller: total_of(caller, start_time=0) < total_of(caller, start_time=1),
        level="C",
    ),
    _shipped(
        "partitions-of-another-time-zone",
        "a window that starts in the evening, in UTC, has the runs of that evening",
        CHECKS["windows add up"],
        on_whole(_from_partitions),
        _evening_is_lost,
        level="C",
    ),
    _shipped(
        "window-rounded-to-seconds",
        "a window that starts a millisecond after the plan time of a run does not have that run",
        CHECKS["runs lie inside the window"],
        on_arguments(_rounded),
        _run_before_the_start,
        level="C",
    ),
    _shipped(
        "count-query-without-the-workspace",
        "total, like the rows, is for the requested workspace only",
        CHECKS["total counts the runs"],
        own_total(_total_of_any_workspace),
        lambda caller: total_of(caller, workspace_id=SALES_WORKSPACE) > 0,
        level="C",
    ),
    _shipped(
        "task-ids-parsed-as-longs",
        "a task id is text: one that is no integer finds no runs, and does not make the server fail",
        CHECKS["valid requests succeed"],
        fail_on(_is_no_long),
        lambda caller: status_of(caller, task_id="etl-dli2dws") == _FAILURE,
        level="E",
    ),
    _shipped(
        "tags-stripped-from-parameters",
        "an operator with angle brackets in its name is found by that name",
        CHECKS["a filter takes what is named"],
        on_parameter("job_name", lambda name: _TAG.sub("", name)),
        lambda caller: total_of(caller, **HOURLY) == 0,
        level="C",
    ),
)
