"""Level C: pages, their order and their total."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.caller import ALL, JOB_NAME, Caller
from dataarts_datamap_contract._broken.seams import (
    MOST,
    Document,
    Perform,
    Seam,
    Values,
    cut,
    on_arguments,
    on_field,
    on_listing,
    on_row,
    on_whole,
    whole,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import (
    DAY,
    HOUR,
    day,
    own_rows,
    own_total,
    remembered,
    set_arguments,
    status_of,
)
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation

_FIRST_PAGE = 10
_DEEP = 100
_CAP = 100
_OTHER_JOB = "check/rows<stage>"


def _shuffled(rows: list[Document], _: Values) -> list[Document]:
    return random.sample(rows, len(rows))


def _unsteady_ties(rows: list[Document], values: Values) -> list[Document]:
    """Runs of the same hour are in an order that depends on the page."""
    generator = random.Random(int(values["offset"]))  # noqa: S311  no secret
    return sorted(rows, key=lambda row: (-(row["planTime"] // DAY), generator.random()))


def _ids(rows: list[Document]) -> list[int]:
    return [row["taskRunningLogId"] for row in rows]


def _walk(caller: Caller, limit: int, **query: int | str) -> list[int]:
    """The ids of every page, as a client collects them."""
    collected: list[int] = []
    while len(collected) < ALL:
        page = _ids(caller.page(offset=len(collected), limit=limit, **query)["rows"])
        if not page:
            break
        collected += page
    return collected


def _repeats(caller: Caller, limit: int = 5) -> bool:
    return max(Counter(_walk(caller, limit, **day(caller))).values()) > 1


def _one_run_a_plan(perform: Perform, values: Values) -> Document:
    """Reruns are merged with the run that they repeat, but still counted."""
    everything = whole(perform, values)
    rows = list({row["planTime"]: row for row in everything["rows"]}.values())
    return {**everything, "rows": cut(rows, values)}


def _full_last_page(perform: Perform, values: Values) -> Document:
    """The last page is filled up with rows of the previous one."""
    page = perform(values)
    if not page["rows"]:
        return page
    return perform({**values, "offset": max(min(int(values["offset"]), page["total"] - int(values["limit"])), 0)})


def _drifting() -> Seam:
    """The count of runs is estimated again for each response."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        asked = iter(range(MOST))
        return own_total(lambda page, _, __: page["total"] and page["total"] + next(asked) % 3).alter(operation, config)

    return Seam(alter)


def _counted_with_other_jobs(page: Document, values: Values, perform: Perform) -> int:
    others = whole(perform, values, job_name=_OTHER_JOB, limit=1)["total"] if values["job_name"] == JOB_NAME else 0
    return int(page["total"]) + int(others)


def _not_found_at_the_end(perform: Perform, values: Values) -> Document:
    page = perform(values)
    if int(values["offset"]) >= page["total"] > 0:
        raise HttpError(404, "DLF.0404", "There is no such page")
    return page


def _lagging() -> Seam:
    """Every third response comes from a copy of the data without the latest run of the window."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        asked = iter(range(MOST))
        return on_whole(lambda rows, _: rows[1:] if next(asked) % 3 == 2 else rows).alter(operation, config)

    return Seam(alter)


def _once_for_each_try(rows: list[Document], _: Values) -> list[Document]:
    return [row for row in rows for _ in range(1 + (row["retryTimes"] > 0))]


BROKEN_SERVERS = (
    BrokenServer(
        name="total-of-the-page",
        level="C",
        rule="total counts the rows of all pages",
        checks=frozenset({"C-walk-complete", "C-total-constant", "C-window-adds-up", "C-offset-beyond-end"}),
        seam=own_total(lambda page, _, __: len(page["rows"])),
        shown=lambda caller: caller.page()["total"] == _FIRST_PAGE,
    ),
    BrokenServer(
        name="total-of-all-time",
        level="C",
        rule="total counts only the rows of the window",
        checks=frozenset({"C-walk-complete", "C-window-adds-up"}),
        seam=own_total(lambda _, values, perform: perform({**values, "start_time": 0, "end_time": 2**63 - 1})["total"]),
        shown=lambda caller: caller.page(**day(caller))["total"] > _DEEP,
    ),
    BrokenServer(
        name="total-ends-at-100",
        level="C",
        rule="total counts every row, however many",
        checks=frozenset({"C-walk-complete", "C-window-adds-up", "B-total-covers-rows"}),
        seam=own_total(lambda page, _, __: min(page["total"], _CAP)),
        shown=lambda caller: caller.page()["total"] == _CAP,
    ),
    BrokenServer(
        name="total-of-what-is-left",
        level="C",
        rule="total is the same on each page",
        checks=frozenset({"C-total-constant", "C-offset-beyond-end", "C-walk-complete"}),
        seam=own_total(lambda page, values, _: max(page["total"] - int(values["offset"]), 0)),
        shown=lambda caller: caller.page(offset=10)["total"] == caller.page()["total"] - 10,
    ),
    BrokenServer(
        name="total-one-too-many",
        level="C",
        rule="total is the number of rows",
        checks=frozenset({"C-walk-complete", "C-window-adds-up"}),
        seam=own_total(lambda page, _, __: page["total"] + 1 if page["total"] else 0),
        shown=lambda caller: caller.page()["total"] == len(caller.rows()) + 1,
    ),
    BrokenServer(
        name="one-row-beyond-the-limit",
        level="C",
        rule="a page has no more rows than its limit",
        checks=frozenset({"C-limit-exceeded"}),
        seam=set_arguments(limit=lambda limit: min(limit + 1, MOST)),
        shown=lambda caller: len(caller.page(limit=3)["rows"]) == 4,
    ),
    BrokenServer(
        name="always-ten-rows",
        level="C",
        rule="a page has no more rows than its limit, even if that is small",
        checks=frozenset({"C-limit-exceeded"}),
        seam=set_arguments(limit=lambda limit: max(limit, 10)),
        shown=lambda caller: len(caller.page(limit=1)["rows"]) == 10,
    ),
    BrokenServer(
        name="offset-ignored",
        level="C",
        rule="offset says where the page starts",
        checks=frozenset({"C-offset-slice", "C-walk-duplicate", "C-offset-beyond-end"}),
        seam=set_arguments(offset=lambda _: 0),
        shown=lambda caller: caller.page(offset=10) == caller.page(),
    ),
    BrokenServer(
        name="offset-rounded-to-the-limit",
        level="C",
        rule="offset counts rows, one by one",
        checks=frozenset({"C-offset-slice"}),
        seam=on_arguments(
            lambda values: {**values, "offset": int(values["offset"]) // int(values["limit"]) * int(values["limit"])}
        ),
        shown=lambda caller: caller.page(offset=3) == caller.page(),
    ),
    BrokenServer(
        name="offset-one-too-far",
        level="C",
        rule="no row falls between two pages",
        checks=frozenset({"C-offset-slice", "C-walk-complete"}),
        seam=set_arguments(offset=lambda offset: min(offset + 1, MOST) if offset else 0),
        shown=lambda caller: len(_walk(caller, 5, **day(caller))) < caller.page(**day(caller))["total"],
    ),
    BrokenServer(
        name="last-row-again",
        level="C",
        rule="no row is on two pages",
        checks=frozenset({"C-offset-slice", "C-walk-duplicate", "C-offset-beyond-end"}),
        seam=set_arguments(offset=lambda offset: max(offset - 1, 0)),
        shown=_repeats,
    ),
    BrokenServer(
        name="nothing-deep-down",
        level="C",
        rule="a page has rows until total is reached",
        checks=frozenset({"C-offset-slice", "C-walk-complete", "C-limit-underfilled"}),
        seam=own_rows(lambda page, values, _: page["rows"] if int(values["offset"]) < _DEEP else []),
        shown=lambda caller: caller.page(offset=_DEEP)["rows"] == [] and caller.page()["total"] > _DEEP,
    ),
    BrokenServer(
        name="last-page-for-ever",
        level="C",
        rule="a page after the last row is empty",
        checks=frozenset({"C-offset-beyond-end"}),
        seam=own_rows(
            lambda page, values, perform: (
                page["rows"] or perform({**values, "offset": max(page["total"] - int(values["limit"]), 0)})["rows"]
            )
        ),
        shown=lambda caller: len(caller.page(offset=ALL)["rows"]) == _FIRST_PAGE,
    ),
    BrokenServer(
        name="shuffled-runs",
        level="C",
        rule="the same request gives the same rows in the same order",
        checks=frozenset({"C-replay", "C-walk-duplicate", "C-walk-complete", "C-offset-slice"}),
        seam=on_whole(_shuffled),
        shown=lambda caller: caller.run_ids() != caller.run_ids(),
    ),
    BrokenServer(
        name="order-changes-between-pages",
        level="C",
        rule="all pages are cut from one order",
        checks=frozenset({"C-walk-duplicate", "C-walk-complete", "C-offset-slice"}),
        seam=on_whole(_unsteady_ties),
        shown=lambda caller: len(set(_walk(caller, 5, **day(caller)))) < caller.page(**day(caller))["total"],
    ),
    BrokenServer(
        name="oldest-first-on-large-pages",
        level="C",
        rule="the order does not depend on the limit",
        checks=frozenset({"C-offset-slice"}),
        seam=on_whole(lambda rows, values: rows[::-1] if int(values["limit"]) > _FIRST_PAGE else rows),
        shown=lambda caller: caller.run_ids(limit=11)[0] != caller.run_ids(limit=10)[0],
    ),
    BrokenServer(
        name="skipped-runs-counted-not-listed",
        level="C",
        rule="total counts the rows that are listed",
        checks=frozenset({"C-walk-complete", "C-limit-underfilled", "C-window-adds-up", "C-offset-slice"}),
        seam=own_rows(lambda page, _, __: [row for row in page["rows"] if not str(row["status"]).startswith("skip")]),
        shown=lambda caller: len(caller.rows()) < caller.page()["total"],
    ),
    BrokenServer(
        name="reruns-folded",
        level="C",
        rule="every run that is counted is listed, even a second one of the same plan time",
        checks=frozenset({"C-walk-complete", "C-window-adds-up", "C-limit-underfilled"}),
        seam=on_listing(_one_run_a_plan),
        shown=lambda caller: len(caller.rows()) < caller.page()["total"],
        cohort="late",
    ),
    BrokenServer(
        name="page-of-one-is-empty",
        level="C",
        rule="a page with a limit of one has one row",
        checks=frozenset({"C-limit-underfilled", "C-walk-complete", "C-offset-slice"}),
        seam=own_rows(lambda page, values, _: [] if values["limit"] == 1 else page["rows"]),
        shown=lambda caller: caller.page(limit=1)["rows"] == [],
        cohort="late",
    ),
    BrokenServer(
        name="last-page-filled-up",
        level="C",
        rule="the last page has the remaining rows and no others",
        checks=frozenset({"C-offset-slice", "C-walk-duplicate", "C-limit-underfilled"}),
        seam=on_listing(_full_last_page),
        shown=lambda caller: len(caller.page(offset=caller.page()["total"] - 1)["rows"]) == 10,
        cohort="late",
    ),
    BrokenServer(
        name="rerun-has-the-id-of-its-run",
        level="C",
        rule="each run has its own id, even a rerun",
        checks=frozenset({"C-run-id-unique"}),
        seam=on_row(lambda row: {**row, "taskRunningLogId": row["planTime"] // HOUR}),
        shown=lambda caller: len(set(caller.run_ids())) < len(caller.run_ids()),
        cohort="late",
    ),
    BrokenServer(
        name="total-estimated",
        level="C",
        rule="total is the same each time",
        checks=frozenset({"C-total-constant", "C-walk-complete", "C-window-adds-up"}),
        seam=_drifting(),
        shown=lambda caller: caller.page()["total"] != caller.page()["total"],
        cohort="late",
    ),
    BrokenServer(
        name="large-pages-are-empty",
        level="C",
        rule="a limit that is accepted gives rows",
        checks=frozenset({"C-offset-slice", "C-walk-complete", "E-maximum-unserved"}),
        seam=own_rows(lambda page, values, _: [] if int(values["limit"]) > _CAP else page["rows"]),
        shown=lambda caller: caller.page(limit=_CAP + 1)["rows"] == [],
        cohort="late",
    ),
    BrokenServer(
        name="total-counted-before-the-job-filter",
        level="C",
        rule="total counts only the runs of the job_name",
        checks=frozenset({"C-walk-complete", "C-window-adds-up", "C-limit-underfilled"}),
        seam=own_total(_counted_with_other_jobs),
        shown=lambda caller: caller.page()["total"] > len(caller.rows()),
        cohort="blind",
    ),
    BrokenServer(
        name="second-page-one-short",
        level="C",
        rule="every page but the last is full",
        checks=frozenset({"C-limit-underfilled", "C-offset-slice", "C-walk-complete"}),
        seam=own_rows(lambda page, values, _: page["rows"][:-1] if values["offset"] else page["rows"]),
        shown=lambda caller: len(caller.page(offset=10)["rows"]) == 9,
        cohort="blind",
    ),
    BrokenServer(
        name="end-of-the-list-not-found",
        level="C",
        rule="the page after the last row is empty",
        checks=frozenset({"C-offset-beyond-end"}),
        seam=on_listing(_not_found_at_the_end),
        shown=lambda caller: status_of(caller, offset=9_999) == 404,
        cohort="blind",
    ),
    BrokenServer(
        name="pages-remembered-without-their-limit",
        level="C",
        rule="a page has as many rows as requested, not as many as last time",
        checks=frozenset({"C-limit-exceeded", "C-limit-underfilled", "C-offset-slice", "C-walk-complete"}),
        seam=remembered("task_id", "job_name", "workspace_id", "start_time", "end_time", "offset"),
        shown=lambda caller: len(caller.page(limit=10)["rows"]) == len(caller.page(limit=3)["rows"]),
        cohort="blind",
    ),
    BrokenServer(
        name="lagging-copy",
        level="C",
        rule="a run that one response shows is also shown by later responses",
        checks=frozenset({"C-replay", "C-total-constant", "C-walk-complete", "C-offset-slice"}),
        seam=_lagging(),
        shown=lambda caller: len({caller.page()["total"] for _ in range(3)}) == 2,
        cohort="blind",
    ),
    BrokenServer(
        name="run-ids-rounded",
        level="C",
        rule="each run has its own id, exact to the last digit",
        checks=frozenset({"C-run-id-unique"}),
        seam=on_field("taskRunningLogId", lambda number: number // 1_000 * 1_000),
        shown=lambda caller: len(set(caller.run_ids())) < len(caller.run_ids()),
        cohort="blind",
    ),
    BrokenServer(
        name="retried-runs-once-for-each-try",
        level="C",
        rule="a run with two attempts is listed once",
        checks=frozenset({"C-walk-duplicate"}),
        seam=on_whole(_once_for_each_try),
        shown=lambda caller: len(set(caller.run_ids())) < len(caller.run_ids()),
        cohort="blind",
    ),
)
