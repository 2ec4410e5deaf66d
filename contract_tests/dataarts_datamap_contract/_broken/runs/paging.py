"""Pages with wrong rows, orders or totals."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial
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
    STAGE_JOB,
    day,
    ids,
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

_first = partial(BrokenServer, level="C")
_late = partial(BrokenServer, level="C", cohort="late")
_blind = partial(BrokenServer, level="C", cohort="blind")

_FIRST_PAGE = 10
_DEEP = 100
_CAP = 100


def _shuffled(rows: list[Document], _: Values) -> list[Document]:
    return random.sample(rows, len(rows))


def _unsteady_ties(rows: list[Document], values: Values) -> list[Document]:
    """The order of runs of the same day depends on the offset."""
    generator = random.Random(int(values["offset"]))  # noqa: S311  no secret
    return sorted(rows, key=lambda row: (-(row["planTime"] // DAY), generator.random()))


def _walk(caller: Caller, limit: int, **query: int | str) -> list[int]:
    """The ids of the runs on all pages, up to the first empty page."""
    collected: list[int] = []
    while len(collected) < ALL:
        page = ids(caller.page(offset=len(collected), limit=limit, **query)["rows"])
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
    """A seam on which totals above 0 are too large by 0, 1 and 2 in turn."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        asked = iter(range(MOST))
        return own_total(lambda page, _, __: page["total"] and page["total"] + next(asked) % 3).alter(operation, config)

    return Seam(alter)


def _counted_with_other_jobs(page: Document, values: Values, perform: Perform) -> int:
    others = whole(perform, values, job_name=STAGE_JOB, limit=1)["total"] if values["job_name"] == JOB_NAME else 0
    return int(page["total"]) + int(others)


def _not_found_at_the_end(perform: Perform, values: Values) -> Document:
    page = perform(values)
    if int(values["offset"]) >= page["total"] > 0:
        raise HttpError(404, "DLF.0404", "There is no such page")
    return page


def _lagging() -> Seam:
    """A seam on which every third response comes from a copy of the data without the window's newest run."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        asked = iter(range(MOST))
        return on_whole(lambda rows, _: rows[1:] if next(asked) % 3 == 2 else rows).alter(operation, config)

    return Seam(alter)


def _once_for_each_try(rows: list[Document], _: Values) -> list[Document]:
    return [row for row in rows for _ in range(1 + (row["retryTimes"] > 0))]


BROKEN_SERVERS = (
    _first(
        "total-of-the-page",
        "total counts the rows of all pages",
        frozenset({"C-walk-complete", "C-total-constant", "C-window-adds-up", "C-offset-beyond-end"}),
        own_total(lambda page, _, __: len(page["rows"])),
        lambda caller: caller.page()["total"] == _FIRST_PAGE,
    ),
    _first(
        "total-of-all-time",
        "total counts only the rows of the window",
        frozenset({"C-walk-complete", "C-window-adds-up"}),
        own_total(lambda _, values, perform: perform({**values, "start_time": 0, "end_time": 2**63 - 1})["total"]),
        lambda caller: caller.page(**day(caller))["total"] > _DEEP,
    ),
    _first(
        "total-ends-at-100",
        "total counts every row, however many there are",
        frozenset({"C-walk-complete", "C-window-adds-up", "B-total-covers-rows"}),
        own_total(lambda page, _, __: min(page["total"], _CAP)),
        lambda caller: caller.page()["total"] == _CAP,
    ),
    _first(
        "total-of-what-is-left",
        "total is the same on each page",
        frozenset({"C-total-constant", "C-offset-beyond-end", "C-walk-complete"}),
        own_total(lambda page, values, _: max(page["total"] - int(values["offset"]), 0)),
        lambda caller: caller.page(offset=10)["total"] == caller.page()["total"] - 10,
    ),
    _first(
        "total-one-too-many",
        "total is the number of rows",
        frozenset({"C-walk-complete", "C-window-adds-up"}),
        own_total(lambda page, _, __: page["total"] + 1 if page["total"] else 0),
        lambda caller: caller.page()["total"] == len(caller.rows()) + 1,
    ),
    _first(
        "one-row-beyond-the-limit",
        "a page has no more rows than its limit",
        frozenset({"C-limit-exceeded"}),
        set_arguments(limit=lambda limit: min(limit + 1, MOST)),
        lambda caller: len(caller.page(limit=3)["rows"]) == 4,
    ),
    _first(
        "always-ten-rows",
        "a page has no more rows than its limit, even if that is small",
        frozenset({"C-limit-exceeded"}),
        set_arguments(limit=lambda limit: max(limit, 10)),
        lambda caller: len(caller.page(limit=1)["rows"]) == 10,
    ),
    _first(
        "offset-ignored",
        "offset says where the page starts",
        frozenset({"C-offset-slice", "C-walk-duplicate", "C-offset-beyond-end"}),
        set_arguments(offset=lambda _: 0),
        lambda caller: caller.page(offset=10) == caller.page(),
    ),
    _first(
        "offset-rounded-to-the-limit",
        "offset counts rows, and is not rounded to a multiple of the limit",
        frozenset({"C-offset-slice"}),
        on_arguments(
            lambda values: {**values, "offset": int(values["offset"]) // int(values["limit"]) * int(values["limit"])}
        ),
        lambda caller: caller.page(offset=3) == caller.page(),
    ),
    _first(
        "offset-one-too-far",
        "no row falls between two pages",
        frozenset({"C-offset-slice", "C-walk-complete"}),
        set_arguments(offset=lambda offset: min(offset + 1, MOST) if offset else 0),
        lambda caller: len(_walk(caller, 5, **day(caller))) < caller.page(**day(caller))["total"],
    ),
    _first(
        "last-row-again",
        "no row is on two pages",
        frozenset({"C-offset-slice", "C-walk-duplicate", "C-offset-beyond-end"}),
        set_arguments(offset=lambda offset: max(offset - 1, 0)),
        _repeats,
    ),
    _first(
        "nothing-deep-down",
        "a page has rows until total is reached",
        frozenset({"C-offset-slice", "C-walk-complete", "C-limit-underfilled"}),
        own_rows(lambda page, values, _: page["rows"] if int(values["offset"]) < _DEEP else []),
        lambda caller: caller.page(offset=_DEEP)["rows"] == [] and caller.page()["total"] > _DEEP,
    ),
    _first(
        "last-page-for-ever",
        "a page after the last row is empty",
        frozenset({"C-offset-beyond-end"}),
        own_rows(
            lambda page, values, perform: (
                page["rows"] or perform({**values, "offset": max(page["total"] - int(values["limit"]), 0)})["rows"]
            )
        ),
        lambda caller: len(caller.page(offset=ALL)["rows"]) == _FIRST_PAGE,
    ),
    _first(
        "shuffled-runs",
        "the same request gives the same rows in the same order",
        frozenset({"C-replay", "C-walk-duplicate", "C-walk-complete", "C-offset-slice"}),
        on_whole(_shuffled),
        lambda caller: caller.run_ids() != caller.run_ids(),
    ),
    _first(
        "order-changes-between-pages",
        "all pages are cut from one order",
        frozenset({"C-walk-duplicate", "C-walk-complete", "C-offset-slice"}),
        on_whole(_unsteady_ties),
        lambda caller: len(set(_walk(caller, 5, **day(caller)))) < caller.page(**day(caller))["total"],
    ),
    _first(
        "oldest-first-on-large-pages",
        "the order does not depend on the limit",
        frozenset({"C-offset-slice"}),
        on_whole(lambda rows, values: rows[::-1] if int(values["limit"]) > _FIRST_PAGE else rows),
        lambda caller: caller.run_ids(limit=11)[0] != caller.run_ids(limit=10)[0],
    ),
    _first(
        "skipped-runs-counted-not-listed",
        "total counts the rows that are listed",
        frozenset({"C-walk-complete", "C-limit-underfilled", "C-window-adds-up", "C-offset-slice"}),
        own_rows(lambda page, _, __: [row for row in page["rows"] if not str(row["status"]).startswith("skip")]),
        lambda caller: len(caller.rows()) < caller.page()["total"],
    ),
    _late(
        "reruns-folded",
        "every run that is counted is listed, even a second one of the same plan time",
        frozenset({"C-walk-complete", "C-window-adds-up", "C-limit-underfilled"}),
        on_listing(_one_run_a_plan),
        lambda caller: len(caller.rows()) < caller.page()["total"],
    ),
    _late(
        "page-of-one-is-empty",
        "a page with a limit of one has one row",
        frozenset({"C-limit-underfilled", "C-walk-complete", "C-offset-slice"}),
        own_rows(lambda page, values, _: [] if values["limit"] == 1 else page["rows"]),
        lambda caller: caller.page(limit=1)["rows"] == [],
    ),
    _late(
        "last-page-filled-up",
        "the last page has the remaining rows and no others",
        frozenset({"C-offset-slice", "C-walk-duplicate", "C-limit-underfilled"}),
        on_listing(_full_last_page),
        lambda caller: len(caller.page(offset=caller.page()["total"] - 1)["rows"]) == 10,
    ),
    _late(
        "rerun-has-the-id-of-its-run",
        "each run has its own id, even a rerun",
        frozenset({"C-run-id-unique"}),
        on_row(lambda row: {**row, "taskRunningLogId": row["planTime"] // HOUR}),
        lambda caller: len(set(caller.run_ids())) < len(caller.run_ids()),
    ),
    _late(
        "total-estimated",
        "total is the same in each response",
        frozenset({"C-total-constant", "C-walk-complete", "C-window-adds-up"}),
        _drifting(),
        lambda caller: caller.page()["total"] != caller.page()["total"],
    ),
    _late(
        "large-pages-are-empty",
        "a page has rows, even if its limit is above 100",
        frozenset({"C-offset-slice", "C-walk-complete", "E-maximum-unserved"}),
        own_rows(lambda page, values, _: [] if int(values["limit"]) > _CAP else page["rows"]),
        lambda caller: caller.page(limit=_CAP + 1)["rows"] == [],
    ),
    _blind(
        "total-counted-before-the-job-filter",
        "total counts only the runs of the job_name",
        frozenset({"C-walk-complete", "C-window-adds-up", "C-limit-underfilled"}),
        own_total(_counted_with_other_jobs),
        lambda caller: caller.page()["total"] > len(caller.rows()),
    ),
    _blind(
        "second-page-one-short",
        "every page but the last is full",
        frozenset({"C-limit-underfilled", "C-offset-slice", "C-walk-complete"}),
        own_rows(lambda page, values, _: page["rows"][:-1] if values["offset"] else page["rows"]),
        lambda caller: len(caller.page(offset=10)["rows"]) == 9,
    ),
    _blind(
        "end-of-the-list-not-found",
        "the page after the last row is empty",
        frozenset({"C-offset-beyond-end"}),
        on_listing(_not_found_at_the_end),
        lambda caller: status_of(caller, offset=9_999) == 404,
    ),
    _blind(
        "pages-remembered-without-their-limit",
        "a page has as many rows as requested, not as many as last time",
        frozenset({"C-limit-exceeded", "C-limit-underfilled", "C-offset-slice", "C-walk-complete"}),
        remembered("task_id", "job_name", "workspace_id", "start_time", "end_time", "offset"),
        lambda caller: len(caller.page(limit=10)["rows"]) == len(caller.page(limit=3)["rows"]),
    ),
    _blind(
        "lagging-copy",
        "a run that one response shows is also shown by later responses",
        frozenset({"C-replay", "C-total-constant", "C-walk-complete", "C-offset-slice"}),
        _lagging(),
        lambda caller: len({caller.page()["total"] for _ in range(3)}) == 2,
    ),
    _blind(
        "run-ids-rounded",
        "each run has its own id, exact to the last digit",
        frozenset({"C-run-id-unique"}),
        on_field("taskRunningLogId", lambda number: number // 1_000 * 1_000),
        lambda caller: len(set(caller.run_ids())) < len(caller.run_ids()),
    ),
    _blind(
        "retried-runs-once-for-each-try",
        "a run with two attempts is listed once",
        frozenset({"C-walk-duplicate"}),
        on_whole(_once_for_each_try),
        lambda caller: len(set(caller.run_ids())) < len(caller.run_ids()),
    ),
)
