"""Responses that contradict each other about the runs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.caller import ALL, Caller
from dataarts_datamap_contract._broken.relations import CONTENT, FILTERS, PAGES, TOTALS, WINDOWS
from dataarts_datamap_contract._broken.seams import (
    RUNS,
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
    SALES_WORKSPACE,
    STAGE_JOB,
    WORKSPACE,
    day,
    length,
    own_rows,
    own_total,
    remembered,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.validation import Arguments

_sealed = partial(BrokenServer, level="C", cohort="sealed")


def _without_last_ties(perform: Perform, values: Values) -> Document:
    """A page begins after the plan time of the last row before it, not after that row."""
    everything = whole(perform, values)
    rows, offset = everything["rows"], int(values["offset"])
    page = cut(rows, values)
    if 0 < offset < len(rows):
        page = [row for row in page if row["planTime"] != rows[offset - 1]["planTime"]]
    return {**everything, "rows": page}


def _change_rows(
    change: Callable[[Document], Document], *, when: Callable[[Values], bool], of: Callable[[Document], bool]
) -> Seam:
    """A seam that changes some rows in the responses to some requests."""
    return own_rows(
        lambda page, values, _: (
            [change(row) if of(row) else row for row in page["rows"]] if when(values) else page["rows"]
        )
    )


def _remembered_as(name: Callable[[Values], object], member: str) -> Seam:
    """A seam on which a member of the page is cached under a key that different requests share."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        seen: dict[object, object] = {}

        def response(perform: Perform, values: Values) -> Document:
            page = perform(values)
            return {**page, member: seen.setdefault(name(values), page[member])}

        return on_listing(response).alter(operation, config)

    return Seam(alter)


def _remembered_by_sum() -> Seam:
    """A seam on which the key of a cached page has the sum of offset and limit in place of the two."""

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        if operation.operation_id != RUNS:
            return operation
        pages: dict[object, bytes] = {}

        def perform(arguments: Arguments) -> bytes:
            values = dict(arguments.values)
            end = int(values.pop("offset")) + int(values.pop("limit"))
            name = (*sorted(values.items()), end)
            if name not in pages:
                pages[name] = operation.perform(arguments)
            return pages[name]

        return replace(operation, perform=perform)

    return Seam(alter)


def _in_whole_pages(page: Document, values: Values, _: Perform) -> int:
    limit = int(values["limit"])
    total = int(page["total"])
    return -(-total // limit) * limit if 20 < limit < total else total


def _shifted_deep_down(values: Values) -> Values:
    offset = int(values["offset"])
    return {**values, "offset": offset - 1 if offset >= 150 else offset}


def _in_tens(values: Values) -> Values:
    offset = int(values["offset"])
    return {**values, "offset": offset // 10 * 10 if int(values["limit"]) > 30 else offset}


def _find(caller: Caller, matches: Callable[[Document], bool]) -> Document:
    """The first run that matches, found on pages of ten rows."""
    total = caller.page()["total"]
    pages = (caller.page(offset=offset)["rows"] for offset in range(0, total, 10))
    return next(row for rows in pages for row in rows if matches(row))


def _same(caller: Caller, wanted: Document, **query: str | int) -> Document:
    run_id = wanted["taskRunningLogId"]
    rows: list[Document] = caller.rows(**query)
    return next(row for row in rows if row["taskRunningLogId"] == run_id)


def _statuses(caller: Caller, **query: str | int) -> set[str]:
    return {row["status"] for row in caller.rows(**query)}


def _walked(caller: Caller) -> set[int]:
    total = caller.page()["total"]
    return {run_id for offset in range(0, total, 7) for run_id in caller.run_ids(offset=offset, limit=7)}


def _rerun_is_lost(caller: Caller) -> bool:
    rerun = _find(caller, lambda row: row["retryTimes"] == 1 and row["status"] == "success")
    plan = rerun["planTime"]
    near = caller.run_ids(start_time=plan - HOUR, end_time=plan + HOUR)
    return rerun["taskRunningLogId"] not in near


def _is_renamed(caller: Caller) -> bool:
    stopped = next(row for row in caller.rows() if row["status"] == "manual-stop")
    plan = stopped["planTime"]
    return bool(_same(caller, stopped, start_time=plan - HOUR, end_time=plan + HOUR)["status"] == "fail")


BROKEN_SERVERS = (
    _sealed(
        "total-in-whole-pages",
        "total counts rows, and is not rounded up to whole pages",
        TOTALS,
        own_total(_in_whole_pages),
        lambda caller: caller.page(limit=30)["total"] > caller.page(limit=10)["total"],
    ),
    _sealed(
        "counts-unknown-without-workspace",
        "the counts of a run do not depend on the filters of the request",
        CONTENT | FILTERS,
        _change_rows(
            lambda row: {**row, "inputRowCount": -1, "outputRowCount": -1},
            when=lambda values: "workspace_id" not in values,
            of=lambda row: row["inputRowCount"] is not None and row["inputRowCount"] >= 0,
        ),
        lambda caller: (
            {row["inputRowCount"] for row in caller.rows()} == {-1}
            and len({row["inputRowCount"] for row in caller.rows(workspace_id=WORKSPACE)}) > 1
        ),
    ),
    _sealed(
        "forced-success-plain-on-later-pages",
        "a run's status does not depend on its page",
        CONTENT | PAGES,
        _change_rows(
            lambda row: {**row, "status": "success"},
            when=lambda values: int(values["offset"]) > 0,
            of=lambda row: row["status"] == "forceSuccess",
        ),
        lambda caller: "forceSuccess" in _statuses(caller) and "forceSuccess" not in _statuses(caller, offset=1),
    ),
    _sealed(
        "total-of-more-workspaces",
        "total counts the listed runs, even if no workspace is requested",
        TOTALS | FILTERS,
        own_total(lambda page, values, _: page["total"] + 3 * ("workspace_id" not in values and page["total"] > 0)),
        lambda caller: caller.page()["total"] > caller.page(workspace_id=WORKSPACE)["total"],
    ),
    _sealed(
        "reruns-lost-in-short-windows",
        "a short window has the same reruns as a long window around it",
        WINDOWS,
        on_whole(
            lambda rows, values: (
                [row for row in rows if row["status"] != "success" or not row["retryTimes"]]
                if length(values) < 6 * HOUR
                else rows
            )
        ),
        _rerun_is_lost,
    ),
    _sealed(
        "frozen-runs-lost-by-the-workspace",
        "a workspace filter leaves out no run of that workspace",
        FILTERS | TOTALS | WINDOWS,
        on_whole(
            lambda rows, values: (
                [row for row in rows if row["status"] != "freeze"] if values.get("workspace_id") else rows
            )
        ),
        lambda caller: "freeze" in _statuses(caller) - _statuses(caller, workspace_id=WORKSPACE),
    ),
    _sealed(
        "deep-pages-one-row-back",
        "a page at an offset of 150 or more starts where its offset says",
        PAGES,
        on_arguments(_shifted_deep_down),
        lambda caller: caller.run_ids(offset=150)[0] == caller.run_ids(offset=149)[0],
    ),
    _sealed(
        "large-pages-start-at-tens",
        "a large page starts at its offset, not at a multiple of ten",
        PAGES,
        on_arguments(_in_tens),
        lambda caller: caller.run_ids(offset=3, limit=40) == caller.run_ids(limit=40),
    ),
    _sealed(
        "job-id-counts-the-page",
        "jobId belongs to the operator of a run, and does not number the rows of a page",
        CONTENT | PAGES,
        own_rows(lambda page, _, __: [{**row, "jobId": number} for number, row in enumerate(page["rows"], start=1)]),
        lambda caller: [row["jobId"] for row in caller.rows(limit=3)] == [1, 2, 3],
    ),
    _sealed(
        "newest-run-missing-on-large-pages",
        "the first page starts with the first run, however large it is",
        PAGES,
        own_rows(
            lambda page, values, _: (
                page["rows"][1:] if int(values["limit"]) >= 60 and not values["offset"] else page["rows"]
            )
        ),
        lambda caller: caller.run_ids()[0] != caller.run_ids(limit=10)[0],
    ),
    _sealed(
        "equal-plans-lost-between-pages",
        "runs with the same plan time are all listed, even if a page ends between them",
        PAGES | TOTALS,
        on_listing(_without_last_ties),
        lambda caller: len(_walked(caller)) < caller.page()["total"],
    ),
    _sealed(
        "long-windows-oldest-first",
        "the order of runs does not depend on the length of the window",
        WINDOWS | PAGES,
        on_whole(lambda rows, values: rows[::-1] if 7 * DAY < length(values) < 100 * DAY else rows),
        lambda caller: (
            caller.run_ids(start_time=day(caller)["end_time"] - 8 * DAY, end_time=day(caller)["end_time"])[0]
            != caller.run_ids(start_time=day(caller)["end_time"] - 6 * DAY, end_time=day(caller)["end_time"])[0]
        ),
    ),
    _sealed(
        "total-remembered-by-length",
        "total belongs to the window, not to all windows of its length",
        TOTALS | WINDOWS,
        _remembered_as(
            lambda values: (values["task_id"], values["job_name"], values.get("workspace_id"), length(values)),
            "total",
        ),
        lambda caller: caller.page(**day(caller))["total"] == caller.page(start_time=5, end_time=DAY + 5)["total"] > 0,
    ),
    _sealed(
        "total-remembered-without-its-end",
        "total belongs to the window, not to all windows with the same start",
        TOTALS | WINDOWS,
        _remembered_as(
            lambda values: (values["task_id"], values["job_name"], values.get("workspace_id"), values["start_time"]),
            "total",
        ),
        lambda caller: caller.page()["total"] == caller.page(end_time=1)["total"] > 0,
    ),
    _sealed(
        "pages-remembered-without-their-job",
        "a response is for the requested job",
        frozenset({"C-rows-of-job", "C-job-name-unusual", "C-job-name-other"}),
        remembered("task_id", "workspace_id", "start_time", "end_time", "offset", "limit"),
        lambda caller: caller.page() == caller.page(job_name=STAGE_JOB),
    ),
    _sealed(
        "pages-remembered-without-their-workspace",
        "a response is for the requested workspace",
        FILTERS,
        remembered("task_id", "job_name", "start_time", "end_time", "offset", "limit"),
        lambda caller: bool(caller.page()["rows"] and caller.page(workspace_id=SALES_WORKSPACE)["rows"]),
    ),
    _sealed(
        "pages-remembered-by-their-last-row",
        "pages that end at the same row, but start at different ones, are different pages",
        PAGES | frozenset({"C-limit-exceeded"}),
        _remembered_by_sum(),
        lambda caller: caller.page(limit=20) == caller.page(offset=10, limit=10),
    ),
    _sealed(
        "runs-on-a-page-of-one-anonymous",
        "a run keeps its owner on a page of one row",
        CONTENT | PAGES,
        _change_rows(lambda row: {**row, "owner": None}, when=lambda values: values["limit"] == 1, of=lambda _: True),
        lambda caller: caller.rows(limit=1)[0]["owner"] is None,
    ),
    _sealed(
        "cancelled-runs-by-another-name",
        "a run has the same status in short and in long windows",
        CONTENT | WINDOWS,
        _change_rows(
            lambda row: {**row, "status": "fail"},
            when=lambda values: length(values) < 3 * DAY,
            of=lambda row: row["status"] == "manual-stop",
        ),
        _is_renamed,
    ),
    _sealed(
        "rows-of-another-page-behind-the-end",
        "the last page ends with the last run, and is not filled up with rows of the first page",
        PAGES | frozenset({"C-offset-beyond-end"}),
        own_rows(
            lambda page, values, perform: (
                [*page["rows"], *perform({**values, "offset": 0})["rows"]][: int(values["limit"])]
                if values["offset"] and page["rows"] and int(values["limit"]) > 15
                else page["rows"]
            )
        ),
        lambda caller: caller.run_ids(offset=100, limit=450)[-1] != caller.run_ids(limit=ALL)[-1],
    ),
)
