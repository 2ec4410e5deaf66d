"""Lists of runs whose database, or the layer above it, runs another query than the requested one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from dataarts_datamap_contract._broken.caller import JOB_NAME, MAX_TIME, Caller
from dataarts_datamap_contract._broken.relations import PAGES, TOTALS, WINDOWS
from dataarts_datamap_contract._broken.seams import (
    Document,
    Pairs,
    Perform,
    Values,
    cut,
    on_arguments,
    on_listing,
    on_parameter,
    on_query,
    on_whole,
    whole,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import (
    CHINESE,
    DAY,
    HOUR,
    OK,
    RARE,
    SALES_WORKSPACE,
    own_rows,
    own_total,
    status_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_apart = partial(BrokenServer, level="C", cohort="apart")

_MOST_FOUND = 10_000
_LARGE_TOTAL = 100
_END_OF_SECONDS = 2**31 * 1_000
_LARGEST_SECONDS = 10**11
_END_OF_DATES = 253_402_300_800_000
_BATCH = 256
_LEAST_ROWS = 10
_NAMES: Final = (JOB_NAME, CHINESE, "check/rows<stage>", "Load orders-eu", "rare runs", "export_customers")
_EU: Final = {"task_id": "958113", "job_name": "Load orders-eu"}


def _row_id(row: Document) -> int:
    return int(row["taskRunningLogId"])


def _plan(row: Document) -> int:
    return int(row["planTime"])


def _deep_page(perform: Perform, values: Values) -> Document:
    """A later page is empty if offset and limit add up to more than 10,000, which a search engine refuses."""
    page = perform(values)
    is_deep = int(values["offset"]) + int(values["limit"]) > _MOST_FOUND
    return {**page, "rows": []} if int(values["offset"]) and is_deep else page


def _estimate(page: Document, _: Values, __: Perform) -> int:
    total = int(page["total"])
    return round(total, -1) if total >= _LARGE_TOTAL else total


def _after_the_last_time(page: Document, values: Values, perform: Perform) -> list[Document]:
    """A later page leaves out the rows that have the plan time of the last row before it."""
    rows: list[Document] = page["rows"]
    if not int(values["offset"]):
        return rows
    before = perform({**values, "offset": int(values["offset"]) - 1, "limit": 1})["rows"]
    return [row for row in rows if not before or _plan(row) != _plan(before[0])]


def _ties_by_chance(rows: list[Document], values: Values) -> list[Document]:
    """The order of runs with the same plan time depends on the offset."""
    salt = 2 * int(values["offset"]) + 1
    return sorted(rows, key=lambda row: (-_plan(row), (_row_id(row) * 2_654_435_761 * salt >> 9) & 0xFFFF))


def _joined_with_tries(perform: Perform, values: Values) -> Document:
    """The rows are joined with a table of attempts, which lists a retried run twice; the total counts it once."""
    everything = whole(perform, values)
    joined = [row for row in everything["rows"] for _ in range(2 if row["retryTimes"] > 0 else 1)]
    return {**everything, "rows": cut(joined, values)}


def _distinct_plans(_: Document, values: Values, perform: Perform) -> int:
    return len({_plan(row) for row in whole(perform, values)["rows"]})


def _start_fits_32_bits(values: Values) -> Values:
    return {**values, "start_time": 0} if int(values["start_time"]) >= _END_OF_SECONDS else values


def _zero_is_the_last_week(rows: list[Document], values: Values) -> list[Document]:
    """A start of 0 counts as missing, and a list without a start covers the last week."""
    if int(values["start_time"]) or not rows:
        return rows
    newest = max(map(_plan, rows))
    return [row for row in rows if _plan(row) > newest - 7 * DAY]


def _reasonable_page(perform: Perform, values: Values) -> Document:
    """A page beyond the end is the last page."""
    page = perform(values)
    total, limit = int(page["total"]), int(values["limit"])
    return perform({**values, "offset": (total - 1) // limit * limit}) if total and not page["rows"] else page


def _workspace_at_first(values: Values) -> Values:
    return {name: value for name, value in values.items() if name != "workspace_id" or not int(values["offset"])}


def _padded_name(values: Values) -> Values:
    return {**values, "job_name": str(values["job_name"]).rstrip(" ")}


def _name_like(values: Values) -> Values:
    pattern = ".".join(map(re.escape, str(values["job_name"]).split("_")))
    found = [name for name in _NAMES if re.fullmatch(pattern, name)]
    return {**values, "job_name": found[0]} if found else values


def _leading_digits(values: Values) -> Values:
    digits = re.match(r"[0-9]+", str(values["task_id"]))
    return {**values, "task_id": digits[0]} if digits else values


def _month(time: int) -> tuple[int, int]:
    moment = datetime.fromtimestamp(time / 1_000, UTC)
    return moment.year, moment.month


def _partitions_by_month(rows: list[Document], values: Values) -> list[Document]:
    """A window whose ends are in the same month, even of different years, is read from the partition of its end."""
    start, end = int(values["start_time"]), int(values["end_time"])
    if end >= _END_OF_DATES or _month(start)[1] != _month(end)[1]:
        return rows
    return [row for row in rows if _month(_plan(row)) == _month(end)]


def _unique_doubles(page: Document, _: Values, __: Perform) -> list[Document]:
    """Runs are deduplicated by their ids, which were read as floating-point numbers."""
    return list({float(_row_id(row)): row for row in page["rows"]}.values())


def _overlapping_batches(page: Document, _: Values, __: Perform) -> list[Document]:
    rows: list[Document] = page["rows"]
    return rows if len(rows) <= _BATCH else [*rows[:_BATCH], *rows[_BATCH - 1 : -1]]


def _guessed_unit(values: Values) -> Values:
    times = {name: int(values[name]) for name in ("start_time", "end_time")}
    return {**values, **{name: time * 1_000 if time < _LARGEST_SECONDS else time for name, time in times.items()}}


def _first_of_one(values: Values) -> Values:
    return {**values, "offset": 0} if int(values["limit"]) == 1 else values


def _whole_day_of_an_instant(values: Values) -> Values:
    start, end = int(values["start_time"]), int(values["end_time"])
    if start != end:
        return values
    midnight = start // DAY * DAY
    return {**values, "start_time": midnight, "end_time": min(midnight + DAY - 1, MAX_TIME)}


def _time_zone_of_workspace(perform: Perform, values: Values) -> Document:
    """Windows of the operators in one workspace are read in a time zone eight hours ahead of UTC."""
    some = perform({**values, "start_time": 0, "end_time": MAX_TIME, "offset": 0, "limit": 1})["rows"]
    if not some or some[0]["workspaceId"] != SALES_WORKSPACE:
        return perform(values)
    return perform({**values, **{name: max(int(values[name]) - 8 * HOUR, 0) for name in ("start_time", "end_time")}})


def _started_alone(perform: Perform, values: Values) -> Document:
    everything = whole(perform, values)
    return {**everything, "rows": cut([row for row in everything["rows"] if row["startTime"]], values)}


def _remaining(page: Document, values: Values, _: Perform) -> int:
    return max(int(page["total"]) - int(values["offset"]), 0)


def _default_page(pairs: Pairs) -> Pairs:
    is_paged = any(name in {"offset", "limit"} for name, _ in pairs)
    return pairs if is_paged else [*pairs, ("offset", "0"), ("limit", "10")]


def _pages(caller: Caller, limit: int, **query: str | int) -> Iterable[int]:
    """The ids of the runs on all pages up to the total, in order."""
    total = int(caller.page(**query)["total"])
    for offset in range(0, total, limit):
        yield from caller.run_ids(offset=offset, limit=limit, **query)


def _loses_runs(caller: Caller, limit: int, **query: str | int) -> bool:
    return set(_pages(caller, limit, **query)) != set(caller.run_ids(**query))


def _year_is_less_than_its_parts(caller: Caller) -> bool:
    present = int((caller.config.now or datetime.now(UTC)).timestamp()) * 1_000
    start, middle = present - 350 * DAY, present - 100 * DAY
    start += next(day * DAY for day in range(60) if _month(start + day * DAY)[1] == _month(present)[1])
    parts = [
        caller.page(**RARE, start_time=start, end_time=middle)["total"],
        caller.page(**RARE, start_time=middle + 1, end_time=present)["total"],
    ]
    return bool(caller.page(**RARE, start_time=start, end_time=present)["total"] != sum(parts))


def _shows_a_run_outside(caller: Caller) -> bool:
    plan = _plan(caller.rows(**_EU)[9])
    window = {"start_time": plan - 3 * HOUR, "end_time": plan + 3 * HOUR}
    return any(abs(_plan(row) - plan) > 3 * HOUR for row in caller.rows(**_EU, **window))


def _instant_holds_more(caller: Caller) -> bool:
    plan = _plan(caller.rows()[40])
    return any(_plan(row) != plan for row in caller.rows(start_time=plan, end_time=plan))


BROKEN_SERVERS = (
    _apart(
        "deep-pages-are-empty",
        "A page that begins before the total has rows, however large its limit is.",
        PAGES | {"E-maximum-unserved", "C-limit-underfilled", "C-offset-beyond-end"},
        on_listing(_deep_page),
        lambda caller: caller.rows(offset=1) == [],
    ),
    _apart(
        "large-totals-rounded",
        "The total is the exact number of runs in the window.",
        TOTALS | WINDOWS,
        own_total(_estimate),
        lambda caller: bool(caller.page()["total"] != len(caller.rows())),
    ),
    _apart(
        "later-pages-begin-after-a-time",
        "A page begins with the row after the last one of the previous page, even if both have the same plan time.",
        PAGES,
        own_rows(_after_the_last_time),
        lambda caller: _loses_runs(caller, 7, **RARE),
    ),
    _apart(
        "ties-in-an-order-by-page",
        "The pages of a walk show each run once, even if runs have the same plan time.",
        PAGES,
        on_whole(_ties_by_chance),
        lambda caller: _loses_runs(caller, 7, **RARE),
    ),
    _apart(
        "joined-with-their-tries",
        "A run that was retried is one row, and all pages together have as many rows as the total.",
        PAGES | {"C-run-id-unique", "B-total-covers-rows"},
        on_listing(_joined_with_tries),
        lambda caller: len(caller.run_ids()) > len(set(caller.run_ids())),
    ),
    _apart(
        "total-of-distinct-times",
        "The total counts each run, even if another one has the same plan time.",
        TOTALS,
        own_total(_distinct_plans),
        lambda caller: bool(caller.page()["total"] < len(caller.rows())),
    ),
    _apart(
        "windows-after-2038-hold-everything",
        "A window that begins after January 2038, when 32-bit seconds end, has no earlier run.",
        WINDOWS | {"C-window-start", "C-window-end"},
        on_arguments(_start_fits_32_bits),
        lambda caller: bool(caller.page(start_time=2_200_000_000_000)["total"] > 0),
    ),
    _apart(
        "start-zero-is-the-last-week",
        "A start of 0 is the start of the epoch, and leaves out no run.",
        WINDOWS | {"C-window-start", "E-minimum-refused"},
        on_whole(_zero_is_the_last_week),
        lambda caller: bool(caller.page(start_time=0)["total"] < caller.page(start_time=1)["total"]),
    ),
    _apart(
        "last-page-past-the-end",
        "A page that begins at the total or after it is empty.",
        PAGES | {"C-offset-beyond-end", "E-maximum-unserved"},
        on_listing(_reasonable_page),
        lambda caller: caller.rows(offset=100_000) != [],
    ),
    _apart(
        "workspace-of-the-first-page-alone",
        "Each page has only runs of the requested workspace.",
        frozenset({"C-workspace-other", "C-rows-of-workspace", "C-total-constant", "C-walk-complete"}),
        on_arguments(_workspace_at_first),
        lambda caller: caller.rows(workspace_id="0" * 32, offset=1) != [],
    ),
    _apart(
        "names-with-spaces-behind",
        "A job name with trailing spaces is another name.",
        frozenset({"C-job-name-other", "C-rows-of-job", "C-job-name-blank"}),
        on_arguments(_padded_name),
        lambda caller: bool(caller.page(job_name=f"{JOB_NAME}  ")["total"] > 0),
    ),
    _apart(
        "underscore-stands-for-any-character",
        "An underscore in a job name is a literal underscore.",
        frozenset({"C-job-name-wildcard", "C-job-name-other", "C-rows-of-job"}),
        on_arguments(_name_like),
        lambda caller: bool(caller.page(job_name="ETL_Job_dli2dw_")["total"] > 0),
    ),
    _apart(
        "task-id-up-to-a-letter",
        "A task id with letters after its digits is another id.",
        frozenset({"C-task-id-other", "C-rows-of-task"}),
        on_arguments(_leading_digits),
        lambda caller: bool(caller.page(task_id="937987abc")["total"] > 0),
    ),
    _apart(
        "a-year-is-its-last-month",
        "A window from a month to the same month of a later year also has the runs of the months between them.",
        WINDOWS | TOTALS,
        on_whole(_partitions_by_month),
        _year_is_less_than_its_parts,
    ),
    _apart(
        "made-unique-by-a-double",
        "Runs whose ids are above 2^53 and differ by two are different runs.",
        PAGES | {"B-total-covers-rows", "C-run-id-unique"},
        own_rows(_unique_doubles),
        lambda caller: bool(len(caller.rows(**RARE)) < caller.page(**RARE)["total"]),
    ),
    _apart(
        "batches-overlap-by-a-row",
        "A page of more than 256 rows, which is read in batches, has each row once.",
        PAGES | {"C-run-id-unique"},
        own_rows(_overlapping_batches),
        lambda caller: len(caller.run_ids()) > len(set(caller.run_ids())),
    ),
    _apart(
        "small-times-are-seconds",
        "A time is in milliseconds, even if it would be plausible in seconds.",
        WINDOWS | {"C-window-end", "C-window-start"},
        on_arguments(_guessed_unit),
        lambda caller: bool(caller.page(start_time=1, end_time=1_900_000_000)["total"] > 0),
    ),
    _apart(
        "at-least-ten-rows",
        "A page has no more rows than its limit, even if that is below ten.",
        PAGES | {"C-limit-exceeded"},
        on_arguments(lambda values: {**values, "limit": max(int(values["limit"]), _LEAST_ROWS)}),
        lambda caller: len(caller.rows(limit=3)) > 3,
    ),
    _apart(
        "page-of-one-is-the-first",
        "A page with a limit of 1 has the row at its offset, not the first row.",
        PAGES | {"C-offset-beyond-end"},
        on_arguments(_first_of_one),
        lambda caller: caller.run_ids(offset=5, limit=1) == caller.run_ids(offset=0, limit=1),
    ),
    _apart(
        "an-instant-is-a-day",
        "A window whose start and end are the same time has no run of another time.",
        WINDOWS | {"C-window-start", "C-window-end"},
        on_arguments(_whole_day_of_an_instant),
        _instant_holds_more,
    ),
    _apart(
        "one-workspace-in-local-time",
        "The times of a window are in UTC for the operators of every workspace.",
        WINDOWS | {"C-window-start", "C-window-end"},
        on_listing(_time_zone_of_workspace),
        _shows_a_run_outside,
    ),
    _apart(
        "never-started-but-counted",
        "Runs that never started are on the pages if they are in the total.",
        PAGES | TOTALS,
        on_listing(_started_alone),
        lambda caller: bool(len(caller.rows()) < caller.page()["total"]),
    ),
    _apart(
        "total-of-what-remains",
        "The total on each page counts the runs of all pages, not only those from its offset on.",
        TOTALS,
        own_total(_remaining),
        lambda caller: bool(caller.page(offset=10)["total"] != caller.page()["total"]),
    ),
    _apart(
        "names-decoded-twice",
        "A job name with a percent sign in it is decoded once.",
        frozenset({"C-job-name-unusual", "C-job-name-other", "C-replay", "C-rows-of-job"}),
        on_parameter("job_name", unquote),
        lambda caller: bool(caller.page(job_name="ETL%5FJob_dli2dws")["total"] > 0),
    ),
    _apart(
        "neither-offset-nor-limit",
        "A request with neither offset nor limit is refused: both are required.",
        frozenset({"E-missing-parameter"}),
        on_query(_default_page),
        lambda caller: status_of(caller, offset=None, limit=None) == OK,
        level="E",
    ),
)
