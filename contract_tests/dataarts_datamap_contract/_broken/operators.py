"""Level C: the operators that ShowNodes names, and other operators than the target's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.caller import ALL, Caller
from dataarts_datamap_contract._broken.relations import ARITHMETIC, CONTENT, OPERATORS, PAGES, TOTALS, WINDOWS
from dataarts_datamap_contract._broken.seams import (
    Document,
    Perform,
    Values,
    cut,
    on_arguments,
    on_listing,
    on_operators,
    on_row,
    whole,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import CHINESE, EMOJI_TASK, day, own_rows, own_total

if TYPE_CHECKING:
    from collections.abc import Callable

_STAGE = "check/rows<stage>"
_SALES = {"task_id": "958113", "job_name": "Load orders-eu"}
_SALES_WORKSPACE = "4f6c1d2e9b8a47c3a5d0e1f2b3c4d5e6"
_UNUSUAL = frozenset({"C-job-name-unusual"})


def _names(caller: Caller) -> list[Document]:
    operators: list[Document] = caller.nodes().json()
    return operators


def _renamed(change: Callable[[Document], Document], task_id: str) -> Callable[[list[Document]], object]:
    return lambda operators: [change(each) if each["task_id"] == task_id else each for each in operators]


def _of(job_name: str, change: Callable[[Values], Values]) -> Callable[[Values], Values]:
    """Parameters that are changed for one operator only."""
    return lambda values: change(values) if values["job_name"] == job_name else values


def _with_the_other_operator(perform: Perform, values: Values) -> Document:
    """The runs of the task's other operator follow those of the requested one."""
    everything = whole(perform, values)
    rows = list(everything["rows"])
    if values["job_name"] == _STAGE:
        rows += whole(perform, {**values, "job_name": "ETL_Job_dli2dws"})["rows"]
    return {**everything, "rows": cut(rows, values), "total": everything["total"]}


def _few_of_sales(page: Document, values: Values, _: Perform) -> int:
    return min(int(page["total"]), 20) if values["task_id"] == _SALES["task_id"] else int(page["total"])


def _one_less_of_sales(perform: Perform, values: Values) -> Document:
    """The oldest run of an operator with a blank in its name is missing and not counted."""
    everything = whole(perform, values)
    rows = everything["rows"]
    if " " in str(values["job_name"]) and len(rows) > 5:
        rows = [row for row in rows if row["planTime"] // 21_600_000 % 4]
        if int(values["end_time"]) - int(values["start_time"]) < 2 * 86_400_000:
            rows = everything["rows"]
    return {**everything, "rows": cut(rows, values), "total": len(rows)}


BROKEN_SERVERS = (
    BrokenServer(
        name="operator-under-another-task",
        level="C",
        rule="ShowNodes returns the task_id that finds an operator's runs",
        checks=OPERATORS,
        seam=on_operators(_renamed(lambda each: {**each, "task_id": "941207"}, EMOJI_TASK)),
        shown=lambda caller: EMOJI_TASK not in {each["task_id"] for each in _names(caller)},
        cohort="sealed",
    ),
    BrokenServer(
        name="three-operators-at-most",
        level="C",
        rule="ShowNodes names the fourth operator of a table, too",
        checks=OPERATORS,
        seam=on_operators(lambda operators: operators[:3]),
        shown=lambda caller: len(_names(caller)) == 3,
        cohort="sealed",
    ),
    BrokenServer(
        name="one-workspace-for-all-operators",
        level="C",
        rule="ShowNodes gives each operator its own workspace",
        checks=OPERATORS,
        seam=on_operators(
            lambda operators: [{**each, "workspace_id": operators[0]["workspace_id"]} for each in operators]
        ),
        shown=lambda caller: len({each["workspace_id"] for each in _names(caller)}) == 1,
        cohort="sealed",
    ),
    BrokenServer(
        name="operator-names-cut-short",
        level="C",
        rule="ShowNodes gives an operator's whole name",
        checks=OPERATORS,
        seam=on_operators(lambda operators: [{**each, "job_name": each["job_name"][:16]} for each in operators]),
        shown=lambda caller: _STAGE not in {each["job_name"] for each in _names(caller)},
        cohort="sealed",
    ),
    BrokenServer(
        name="operator-names-escaped-for-html",
        level="C",
        rule="ShowNodes returns the operator's name that finds its runs",
        checks=OPERATORS,
        seam=on_operators(
            lambda operators: [{**each, "job_name": each["job_name"].replace("<", "&lt;")} for each in operators]
        ),
        shown=lambda caller: "check/rows&lt;stage>" in {each["job_name"] for each in _names(caller)},
        cohort="sealed",
    ),
    BrokenServer(
        name="chinese-operator-has-one-page",
        level="C",
        rule="the second page of an operator with a Chinese name has rows",
        checks=_UNUSUAL | PAGES,
        seam=own_rows(
            lambda page, values, _: [] if values["offset"] and not str(values["job_name"]).isascii() else page["rows"]
        ),
        shown=lambda caller: caller.rows(task_id=EMOJI_TASK, job_name=CHINESE, offset=5) == [],
        cohort="sealed",
    ),
    BrokenServer(
        name="window-open-for-names-with-a-slash",
        level="C",
        rule="the end of a window applies to every operator",
        checks=_UNUSUAL | WINDOWS | frozenset({"C-window-end"}),
        seam=on_arguments(_of(_STAGE, lambda values: {**values, "end_time": 2**63 - 1})),
        shown=lambda caller: (
            max(row["planTime"] for row in caller.rows(job_name=_STAGE, **day(caller))) > day(caller)["end_time"]
        ),
        cohort="sealed",
    ),
    BrokenServer(
        name="twenty-runs-of-the-other-workspace",
        level="C",
        rule="total counts every run, in every workspace",
        checks=_UNUSUAL | TOTALS,
        seam=own_total(_few_of_sales),
        shown=lambda caller: caller.page(**_SALES)["total"] == 20 < len(caller.rows(**_SALES)),
        cohort="sealed",
    ),
    BrokenServer(
        name="second-operator-runs-on-into-the-first",
        level="C",
        rule="no run of another operator follows the last run of an operator",
        checks=_UNUSUAL | PAGES | frozenset({"C-rows-of-job", "C-offset-beyond-end"}),
        seam=on_listing(_with_the_other_operator),
        shown=lambda caller: len({row["jobName"] for row in caller.rows(job_name=_STAGE, limit=ALL)}) == 2,
        cohort="sealed",
    ),
    BrokenServer(
        name="nights-lost-of-names-with-a-blank",
        level="C",
        rule="a window of an operator in another workspace is the union of its days",
        checks=_UNUSUAL | WINDOWS,
        seam=on_listing(_one_less_of_sales),
        shown=lambda caller: {row["planTime"] // 21_600_000 % 4 for row in caller.rows(**_SALES)} == {1, 2, 3},
        cohort="sealed",
    ),
    BrokenServer(
        name="workspace-has-two-names",
        level="C",
        rule="a workspace has one name",
        checks=CONTENT | ARITHMETIC | frozenset({"C-rows-of-workspace"}),
        seam=on_row(
            lambda row: {
                **row,
                "workspaceName": "default" if row["taskRunningLogId"] % 2 else row["workspaceName"],
            }
        ),
        shown=lambda caller: len({row["workspaceName"] for row in caller.rows()}) == 2,
        cohort="sealed",
    ),
)
