"""Lists of runs that a change to their query, or to the store behind it, has broken."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.caller import JOB_NAME, MAX_TIME, TASK_ID, Caller
from dataarts_datamap_contract._broken.seams import (
    MOST,
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
from dataarts_datamap_contract._broken.shared import (
    DAY,
    HOUR,
    NOT_OVER,
    RARE,
    SALES,
    SECOND,
    STAGE_JOB,
    day,
    ids,
    own_rows,
)

if TYPE_CHECKING:
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation

_elsewhere = partial(BrokenServer, level="C", cohort="elsewhere")

_NEAR_JOB = "ETL_Job_dli"
_DEEP = 50
_BLOCK = 20
_PARALLEL = 100
_MILLENNIUM = 946_684_800_000


def _present(config: MockConfig) -> int:
    return int((config.now or datetime.now(UTC)).timestamp()) * SECOND


def _keyset(perform: Perform, values: Values) -> Document:
    """Pages from offset 50 on are cut from the list in the order of ids, the others from that in the order of time."""
    everything = whole(perform, values)
    rows: list[Document] = everything["rows"]
    if int(values["offset"]) >= _DEEP:
        rows = sorted(rows, key=lambda row: -row["taskRunningLogId"])
    return {**everything, "rows": cut(rows, values)}


def _month(row: Document) -> str:
    return f"{datetime.fromtimestamp(row['planTime'] / SECOND, UTC):%Y-%m}"


def _outer_months(rows: list[Document], _: Values) -> list[Document]:
    """Only the first and the last month with runs in the window are read."""
    months = [_month(row) for row in rows]
    return [row for row, month in zip(rows, months, strict=True) if month in {min(months), max(months)}]


def _more_to_come(page: Document, values: Values, perform: Perform) -> list[Document]:
    """One row more than requested is read to see whether there are more, and then the first one is dropped."""
    offset, limit = int(values["offset"]), int(values["limit"])
    has_more = page["total"] > offset + limit
    rows: list[Document] = perform({**values, "offset": offset + 1})["rows"] if has_more else page["rows"]
    return rows


def _live_first(perform: Perform, values: Values) -> Document:
    """The first page begins with the runs that have not ended; the offset of later pages counts only the others."""
    everything = whole(perform, values)
    live = [row for row in everything["rows"] if row["status"] in NOT_OVER]
    rest = [row for row in everything["rows"] if row["status"] not in NOT_OVER]
    return {**everything, "rows": cut(rest if int(values["offset"]) else [*live, *rest], values)}


def _latest(page: Document, values: Values, perform: Perform) -> list[Document]:
    """A first page of one row has its own query: the run that ended last."""
    rows: list[Document] = page["rows"]
    if (values["offset"], values["limit"]) != (0, 1) or not rows:
        return rows
    return [max(whole(perform, values)["rows"], key=lambda row: row["endTime"])]


def _complete_hours() -> Seam:
    """A seam on which a window that reaches into the future ends with the last complete hour."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        def change(values: Values) -> Values:
            present = _present(config)
            if int(values["end_time"]) <= present:
                return values
            end = present // HOUR * HOUR - 1
            return {**values, "start_time": min(int(values["start_time"]), end), "end_time": end}

        return on_arguments(change).alter(operation, config)

    return Seam(alter)


def _counted_last_night() -> Seam:
    """A seam on which the total counts only runs that are planned before today, as a table written each night does."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        def response(perform: Perform, values: Values) -> Document:
            midnight = _present(config) // DAY * DAY
            rows = whole(perform, values)["rows"]
            return {**perform(values), "total": sum(row["planTime"] < midnight for row in rows)}

        return on_listing(response).alter(operation, config)

    return Seam(alter)


def _halves() -> Seam:
    """A seam on which the halves of every second page with a limit above 100 are in the wrong order."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        asked = count(1)

        def rows(page: Document, values: Values, _: Perform) -> list[Document]:
            half = int(values["limit"]) // 2
            read: list[Document] = page["rows"]
            late = int(values["limit"]) > _PARALLEL and next(asked) % 2 == 0
            return [*read[half:], *read[:half]] if late else read

        return own_rows(rows).alter(operation, config)

    return Seam(alter)


def _first_behind_a_full_page(perform: Perform, values: Values) -> Document:
    """After a last page that is full, the number of the next page is out of range, and the first page is shown."""
    page = perform(values)
    offset, limit = int(values["offset"]), int(values["limit"])
    is_full = offset == page["total"] > 0 and offset % limit == 0
    return perform({**values, "offset": 0}) if is_full else page


def _numbered_by_shard(page: Document, values: Values, perform: Perform) -> list[Document]:
    """Runs on another shard, those of the workspace sales, have the ids of runs on the first shard."""
    rows: list[Document] = page["rows"]
    if not rows or rows[0]["workspaceName"] != "sales":
        return rows
    always: Values = {**values, "workspace_id": "", "start_time": 0, "end_time": MAX_TIME}
    of_shard = sorted(ids(whole(perform, always)["rows"]))
    of_first = sorted(ids(whole(perform, always, task_id=TASK_ID, job_name=JOB_NAME)["rows"]))
    numbers = dict(zip(of_shard, of_first, strict=False))
    return [{**row, "taskRunningLogId": numbers.get(row["taskRunningLogId"], row["taskRunningLogId"])} for row in rows]


def _as_texts(rows: list[Document], values: Values) -> list[Document]:
    """Plan times and the ends of a window are compared as texts, in which 9 comes after 10."""
    start, end = str(values["start_time"]), str(values["end_time"])
    return [row for row in rows if start <= str(row["planTime"]) <= end]


def _runs_of_the_task(perform: Perform, values: Values) -> Document:
    """If a request for the documented task finds no runs, the runs of one of its operators are shown."""
    page = perform(values)
    if page["total"] or values["task_id"] != TASK_ID:
        return page
    others = (perform({**values, "job_name": name}) for name in (JOB_NAME, STAGE_JOB))
    return next((other for other in others if other["total"]), page)


def _whole_blocks(values: Values) -> Values:
    limit = int(values["limit"])
    return {**values, "limit": min(-(-limit // _BLOCK) * _BLOCK, MOST)} if limit > _BLOCK else values


def _walk(caller: Caller, limit: int, **query: int | str) -> list[int]:
    total = caller.page(limit=1, **query)["total"]
    return [
        number
        for offset in range(0, total, limit)
        for number in ids(caller.page(limit=limit, offset=offset, **query)["rows"])
    ]


def _loses(caller: Caller, limit: int, **query: int | str) -> bool:
    walked = _walk(caller, limit, **query)
    return len(set(walked)) < int(caller.page(limit=1, **query)["total"])


def _between_the_hours(caller: Caller) -> dict[str, int]:
    hour = day(caller)["start_time"] // HOUR * HOUR + HOUR * 5
    return {"start_time": hour - 1, "end_time": hour + 1}


BROKEN_SERVERS = (
    _elsewhere(
        "deep-pages-in-the-order-of-ids",
        "all pages, even deep ones, are cut from a list in one order",
        frozenset({"C-offset-slice", "C-walk-complete", "C-walk-duplicate", "C-window-adds-up"}),
        on_listing(_keyset),
        lambda caller: _loses(caller, _DEEP, **RARE),
    ),
    _elsewhere(
        "months-between-are-not-read",
        "a window of many months has the runs of every month, not only of the first and the last",
        frozenset({"C-window-adds-up"}),
        on_whole(_outer_months),
        lambda caller: len({_month(row) for row in caller.rows(**RARE)}) == 2,
    ),
    _elsewhere(
        "first-row-dropped-if-there-are-more",
        "a page that is not the last begins with the row at its offset",
        frozenset({"C-offset-slice", "C-walk-complete", "C-walk-duplicate", "C-window-adds-up"}),
        own_rows(_more_to_come),
        lambda caller: caller.run_ids(limit=10)[0] != caller.run_ids()[0],
    ),
    _elsewhere(
        "runs-under-way-not-in-the-offset",
        "the offset counts the runs that have not ended, like all others",
        frozenset({"C-offset-slice", "C-walk-complete", "C-limit-underfilled", "C-window-adds-up"}),
        on_listing(_live_first),
        lambda caller: _loses(caller, 100),
    ),
    _elsewhere(
        "latest-run-by-its-end",
        "a first page of one row has the same first row as a longer page",
        frozenset({"C-offset-slice"}),
        own_rows(_latest),
        lambda caller: caller.run_ids(limit=1) != caller.run_ids(limit=10)[:1],
    ),
    _elsewhere(
        "windows-into-the-future-end-with-the-last-hour",
        "a window that ends in the future has all runs of a window that ends now",
        frozenset({"C-window-adds-up"}),
        _complete_hours(),
        lambda caller: (
            caller.page()["total"] < caller.page(end_time=_present(caller.config))["total"]
            and caller.page(end_time=_present(caller.config))["total"] > 0
        ),
    ),
    _elsewhere(
        "total-of-last-night",
        "total counts the runs of today, too",
        frozenset({"B-total-covers-rows", "C-walk-complete", "C-limit-underfilled", "C-window-adds-up"}),
        _counted_last_night(),
        lambda caller: caller.page()["total"] < len(caller.rows()),
    ),
    _elsewhere(
        "halves-of-a-page-as-they-arrive",
        "the rows of a long page are in the same order each time",
        frozenset({"C-replay", "C-offset-slice", "C-window-adds-up"}),
        _halves(),
        lambda caller: caller.run_ids(limit=200) != caller.run_ids(limit=200),
    ),
    _elsewhere(
        "ids-of-each-shard",
        "no two runs have the same id, even in different workspaces",
        frozenset({"C-run-id-unique"}),
        own_rows(_numbered_by_shard),
        lambda caller: not set(caller.run_ids()).isdisjoint(caller.run_ids(**SALES)),
    ),
    _elsewhere(
        "times-compared-as-texts",
        "a window that begins in 2000, with a start_time of 12 digits, has the later runs",
        frozenset({"C-window-adds-up"}),
        on_whole(_as_texts),
        lambda caller: caller.page(start_time=_MILLENNIUM)["total"] == 0,
    ),
    _elsewhere(
        "runs-of-the-task-for-an-empty-window",
        "a window without runs of the operator is empty, even if its task has other runs there",
        frozenset(
            {
                "C-rows-of-job",
                "C-job-name-other",
                "C-job-name-prefix",
                "C-job-name-case",
                "C-job-name-wildcard",
                "C-window-start",
                "C-window-end",
            }
        ),
        on_listing(_runs_of_the_task),
        lambda caller: caller.page(job_name=_NEAR_JOB, **_between_the_hours(caller))["total"] > 0,
    ),
    _elsewhere(
        "pages-of-whole-blocks",
        "a page has no more rows than its limit, which need not be a multiple of 20",
        frozenset({"C-limit-exceeded"}),
        on_arguments(_whole_blocks),
        lambda caller: len(caller.rows(limit=_BLOCK + 5)) == 2 * _BLOCK,
    ),
    _elsewhere(
        "first-page-behind-a-full-last-one",
        "the page after the last one is empty, even if the last one is full",
        frozenset({"C-offset-beyond-end", "C-walk-duplicate"}),
        on_listing(_first_behind_a_full_page),
        lambda caller: bool(caller.rows(limit=1, offset=caller.page()["total"])),
    ),
)
