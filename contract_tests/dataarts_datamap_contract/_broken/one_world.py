"""Level C: responses that contradict each other about the data."""

from __future__ import annotations

from dataclasses import replace
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
from dataarts_datamap_contract._broken.shared import DAY, HOUR, day, own_rows, own_total, remembered

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.validation import Arguments

_OTHER_JOB = "check/rows<stage>"
_OTHER_WORKSPACE = "4f6c1d2e9b8a47c3a5d0e1f2b3c4d5e6"
_WORKSPACE = "b88c445407b24283aa949f9833a38fd8"


def _length(values: Values) -> int:
    return int(values["end_time"]) - int(values["start_time"])


def _without_last_ties(perform: Perform, values: Values) -> Document:
    """A page continues after the plan time of the previous row, not after that row."""
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
    """A seam on which a member of the page is cached under a key that several requests share."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        seen: dict[object, object] = {}

        def response(perform: Perform, values: Values) -> Document:
            page = perform(values)
            return {**page, member: seen.setdefault(name(values), page[member])}

        return on_listing(response).alter(operation, config)

    return Seam(alter)


def _remembered_by_sum() -> Seam:
    """A seam on which pages are cached under the sum of offset and limit."""

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
    """The first run that shows the difference, for a caller of small pages."""
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
    BrokenServer(
        name="total-in-whole-pages",
        level="C",
        rule="total counts rows, not pages times their size",
        checks=TOTALS,
        seam=own_total(_in_whole_pages),
        shown=lambda caller: caller.page(limit=30)["total"] > caller.page(limit=10)["total"],
        cohort="sealed",
    ),
    BrokenServer(
        name="counts-unknown-without-workspace",
        level="C",
        rule="the counts of a run do not depend on the filters of the request",
        checks=CONTENT | FILTERS,
        seam=_change_rows(
            lambda row: {**row, "inputRowCount": -1, "outputRowCount": -1},
            when=lambda values: "workspace_id" not in values,
            of=lambda row: row["inputRowCount"] is not None and row["inputRowCount"] >= 0,
        ),
        shown=lambda caller: (
            {row["inputRowCount"] for row in caller.rows()} == {-1}
            and len({row["inputRowCount"] for row in caller.rows(workspace_id=_WORKSPACE)}) > 1
        ),
        cohort="sealed",
    ),
    BrokenServer(
        name="forced-success-plain-on-later-pages",
        level="C",
        rule="a run's status does not depend on its page",
        checks=CONTENT | PAGES,
        seam=_change_rows(
            lambda row: {**row, "status": "success"},
            when=lambda values: int(values["offset"]) > 0,
            of=lambda row: row["status"] == "forceSuccess",
        ),
        shown=lambda caller: "forceSuccess" in _statuses(caller) and "forceSuccess" not in _statuses(caller, offset=1),
        cohort="sealed",
    ),
    BrokenServer(
        name="total-of-more-workspaces",
        level="C",
        rule="total counts the listed runs, even without a workspace",
        checks=TOTALS | FILTERS,
        seam=own_total(
            lambda page, values, _: page["total"] + 3 * ("workspace_id" not in values and page["total"] > 0)
        ),
        shown=lambda caller: caller.page()["total"] > caller.page(workspace_id=_WORKSPACE)["total"],
        cohort="sealed",
    ),
    BrokenServer(
        name="reruns-lost-in-short-windows",
        level="C",
        rule="a short window has the same reruns as a long window around it",
        checks=WINDOWS,
        seam=on_whole(
            lambda rows, values: (
                [row for row in rows if row["status"] != "success" or not row["retryTimes"]]
                if _length(values) < 6 * HOUR
                else rows
            )
        ),
        shown=_rerun_is_lost,
        cohort="sealed",
    ),
    BrokenServer(
        name="frozen-runs-lost-by-the-workspace",
        level="C",
        rule="a workspace filter leaves out no run of that workspace",
        checks=FILTERS | TOTALS | WINDOWS,
        seam=on_whole(
            lambda rows, values: (
                [row for row in rows if row["status"] != "freeze"] if values.get("workspace_id") else rows
            )
        ),
        shown=lambda caller: "freeze" in _statuses(caller) - _statuses(caller, workspace_id=_WORKSPACE),
        cohort="sealed",
    ),
    BrokenServer(
        name="deep-pages-one-row-back",
        level="C",
        rule="a page far down starts where its offset says",
        checks=PAGES,
        seam=on_arguments(_shifted_deep_down),
        shown=lambda caller: caller.run_ids(offset=150)[0] == caller.run_ids(offset=149)[0],
        cohort="sealed",
    ),
    BrokenServer(
        name="large-pages-start-at-tens",
        level="C",
        rule="offset counts rows, even before a large page",
        checks=PAGES,
        seam=on_arguments(_in_tens),
        shown=lambda caller: caller.run_ids(offset=3, limit=40) == caller.run_ids(limit=40),
        cohort="sealed",
    ),
    BrokenServer(
        name="job-id-counts-the-page",
        level="C",
        rule="jobId identifies the operator of a run, not the row",
        checks=CONTENT | PAGES,
        seam=own_rows(
            lambda page, _, __: [{**row, "jobId": number} for number, row in enumerate(page["rows"], start=1)]
        ),
        shown=lambda caller: [row["jobId"] for row in caller.rows(limit=3)] == [1, 2, 3],
        cohort="sealed",
    ),
    BrokenServer(
        name="newest-run-missing-on-large-pages",
        level="C",
        rule="the first page starts with the first run, however large it is",
        checks=PAGES,
        seam=own_rows(
            lambda page, values, _: (
                page["rows"][1:] if int(values["limit"]) >= 60 and not values["offset"] else page["rows"]
            )
        ),
        shown=lambda caller: caller.run_ids()[0] != caller.run_ids(limit=10)[0],
        cohort="sealed",
    ),
    BrokenServer(
        name="equal-plans-lost-between-pages",
        level="C",
        rule="runs with the same plan time are all listed, even if a page ends between them",
        checks=PAGES | TOTALS,
        seam=on_listing(_without_last_ties),
        shown=lambda caller: len(_walked(caller)) < caller.page()["total"],
        cohort="sealed",
    ),
    BrokenServer(
        name="long-windows-oldest-first",
        level="C",
        rule="the order of runs does not depend on the length of the window",
        checks=WINDOWS | PAGES,
        seam=on_whole(lambda rows, values: rows[::-1] if 7 * DAY < _length(values) < 100 * DAY else rows),
        shown=lambda caller: (
            caller.run_ids(start_time=day(caller)["end_time"] - 8 * DAY, end_time=day(caller)["end_time"])[0]
            != caller.run_ids(start_time=day(caller)["end_time"] - 6 * DAY, end_time=day(caller)["end_time"])[0]
        ),
        cohort="sealed",
    ),
    BrokenServer(
        name="total-remembered-by-length",
        level="C",
        rule="total belongs to the window, not to all windows of its length",
        checks=TOTALS | WINDOWS,
        seam=_remembered_as(
            lambda values: (values["task_id"], values["job_name"], values.get("workspace_id"), _length(values)),
            "total",
        ),
        shown=lambda caller: (
            caller.page(**day(caller))["total"] == caller.page(start_time=5, end_time=DAY + 5)["total"] > 0
        ),
        cohort="sealed",
    ),
    BrokenServer(
        name="total-remembered-without-its-end",
        level="C",
        rule="total belongs to the window up to its end",
        checks=TOTALS | WINDOWS,
        seam=_remembered_as(
            lambda values: (values["task_id"], values["job_name"], values.get("workspace_id"), values["start_time"]),
            "total",
        ),
        shown=lambda caller: caller.page()["total"] == caller.page(end_time=1)["total"] > 0,
        cohort="sealed",
    ),
    BrokenServer(
        name="pages-remembered-without-their-job",
        level="C",
        rule="a response is for the requested job",
        checks=frozenset({"C-rows-of-job", "C-job-name-unusual", "C-job-name-other"}),
        seam=remembered("task_id", "workspace_id", "start_time", "end_time", "offset", "limit"),
        shown=lambda caller: caller.page() == caller.page(job_name=_OTHER_JOB),
        cohort="sealed",
    ),
    BrokenServer(
        name="pages-remembered-without-their-workspace",
        level="C",
        rule="a response is for the requested workspace",
        checks=FILTERS,
        seam=remembered("task_id", "job_name", "start_time", "end_time", "offset", "limit"),
        shown=lambda caller: bool(caller.page()["rows"] and caller.page(workspace_id=_OTHER_WORKSPACE)["rows"]),
        cohort="sealed",
    ),
    BrokenServer(
        name="pages-remembered-by-their-last-row",
        level="C",
        rule="two pages that end at the same row may be different pages",
        checks=PAGES | frozenset({"C-limit-exceeded"}),
        seam=_remembered_by_sum(),
        shown=lambda caller: caller.page(limit=20) == caller.page(offset=10, limit=10),
        cohort="sealed",
    ),
    BrokenServer(
        name="runs-on-a-page-of-one-anonymous",
        level="C",
        rule="a run keeps its owner on a page of one row",
        checks=CONTENT | PAGES,
        seam=_change_rows(
            lambda row: {**row, "owner": None}, when=lambda values: values["limit"] == 1, of=lambda _: True
        ),
        shown=lambda caller: caller.rows(limit=1)[0]["owner"] is None,
        cohort="sealed",
    ),
    BrokenServer(
        name="cancelled-runs-by-another-name",
        level="C",
        rule="a status has one name, even in a short window",
        checks=CONTENT | WINDOWS,
        seam=_change_rows(
            lambda row: {**row, "status": "fail"},
            when=lambda values: _length(values) < 3 * DAY,
            of=lambda row: row["status"] == "manual-stop",
        ),
        shown=_is_renamed,
        cohort="sealed",
    ),
    BrokenServer(
        name="rows-of-another-page-behind-the-end",
        level="C",
        rule="the last page ends with the last run, and does not begin again",
        checks=PAGES | frozenset({"C-offset-beyond-end"}),
        seam=own_rows(
            lambda page, values, perform: (
                [*page["rows"], *perform({**values, "offset": 0})["rows"]][: int(values["limit"])]
                if values["offset"] and page["rows"] and int(values["limit"]) > 15
                else page["rows"]
            )
        ),
        shown=lambda caller: caller.run_ids(offset=100, limit=450)[-1] != caller.run_ids(limit=ALL)[-1],
        cohort="sealed",
    ),
)
