"""Level C: paging, filters and the window."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract.broken._caller import ALL, JOB_NAME, Caller
from dataarts_datamap_contract.broken._seams import (
    MOST,
    RUNS,
    Document,
    Perform,
    Seam,
    Values,
    cut,
    on_arguments,
    on_listing,
    on_operators,
    on_whole,
    whole,
)
from dataarts_datamap_contract.broken._server import BrokenServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.validation import Arguments

_SECOND = 1_000
_HOUR = 3_600 * _SECOND
_DAY = 24 * _HOUR
_FIRST_PAGE = 10
_DEEP = 100
_CAP = 100
_OPERATORS = (
    ("937987", JOB_NAME),
    ("941206", "订单汇总_日报📊"),
    ("937987", "check/rows<stage>"),
    ("958113", "Load orders-eu"),
    ("960042", "export_customers"),
)


def set_arguments(**changes: Callable[[Any], Any]) -> Seam:
    """Parameters that are changed before they are looked at."""
    return on_arguments(
        lambda values: {
            **values,
            **{name: change(values[name]) for name, change in changes.items() if name in values},
        }
    )


def own_total(count: Callable[[Document, Values, Perform], int]) -> Seam:
    def answer(perform: Perform, values: Values) -> Document:
        page = perform(values)
        return {**page, "total": count(page, values, perform)}

    return on_listing(answer)


def own_rows(rows: Callable[[Document, Values, Perform], list[Document]]) -> Seam:
    def answer(perform: Perform, values: Values) -> Document:
        page = perform(values)
        return {**page, "rows": rows(page, values, perform)}

    return on_listing(answer)


def named(matches: Callable[[str, str], bool]) -> Seam:
    """The first operator of the task whose name matches the one asked for, where no name is the same."""

    def change(values: Values) -> Values:
        task_id, wanted = values["task_id"], str(values["job_name"])
        names = [name for task, name in _OPERATORS if task == task_id]
        found = [name for name in names if matches(name, wanted)]
        return {**values, "job_name": found[0]} if wanted not in names and found else values

    return on_arguments(change)


def _any_task(values: Values) -> Values:
    tasks = [task for task, name in _OPERATORS if name == values["job_name"]]
    return {**values, "task_id": tasks[0]} if tasks else values


def _every_job_of_the_task(perform: Perform, values: Values) -> Document:
    pages = [whole(perform, values, job_name=name) for task, name in _OPERATORS if task == values["task_id"]]
    rows = sorted((row for page in pages for row in page["rows"]), key=_newest_first)
    return {**perform(values), "rows": cut(rows, values), "total": len(rows)}


def _newest_first(row: Document) -> tuple[int, int]:
    return -row["planTime"], -row["taskRunningLogId"]


def _shuffled(rows: list[Document], _: Values) -> list[Document]:
    return random.sample(rows, len(rows))


def _unsteady_ties(rows: list[Document], values: Values) -> list[Document]:
    """Runs of the same hour come in an order that depends on the page."""
    generator = random.Random(int(values["offset"]))  # noqa: S311  no secret
    return sorted(rows, key=lambda row: (-(row["planTime"] // _DAY), generator.random()))


def _window(keep: Callable[[Document, int, int], bool]) -> Seam:
    """A window that is judged row by row."""

    def answer(perform: Perform, values: Values) -> Document:
        start, end = int(values["start_time"]), int(values["end_time"])
        everything = whole(perform, values, start_time=0, end_time=2**63 - 1)
        rows = [row for row in everything["rows"] if keep(row, start, end)]
        return {**everything, "rows": cut(rows, values), "total": len(rows)}

    return on_listing(answer)


def _floor(unit: int) -> Callable[[int], int]:
    return lambda time: time // unit * unit


def remembered(*names: str) -> Seam:
    """Pages are remembered under some parameters, and not under the rest."""

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        if operation.operation_id != RUNS:
            return operation
        pages: dict[object, bytes] = {}

        def perform(arguments: Arguments) -> bytes:
            name = tuple(arguments.values.get(each) for each in names)
            if name not in pages:
                pages[name] = operation.perform(arguments)
            return pages[name]

        return replace(operation, perform=perform)

    return Seam(alter)


def _ids(rows: list[Document]) -> list[int]:
    return [row["taskRunningLogId"] for row in rows]


def _plans(caller: Caller, **query: int | str) -> list[int]:
    return [row["planTime"] for row in caller.rows(**query)]


def _walk(caller: Caller, limit: int, **query: int | str) -> list[int]:
    """The ids of every page, as a client collects them."""
    collected: list[int] = []
    while len(collected) < ALL:
        page = _ids(caller.page(offset=len(collected), limit=limit, **query)["rows"])
        if not page:
            break
        collected += page
    return collected


def day(caller: Caller) -> dict[str, int]:
    """A day of runs, in the past."""
    present = int((caller.config.now or datetime.now(UTC)).timestamp()) * _SECOND
    return {"start_time": present - 3 * _DAY, "end_time": present - 2 * _DAY}


def _repeats(caller: Caller, limit: int = 5) -> bool:
    return max(Counter(_walk(caller, limit, **day(caller))).values()) > 1


PAGING_BUGS = (
    BrokenServer(
        name="total-of-the-page",
        level="C",
        rule="total counts the rows of all pages",
        checks=frozenset({"C-walk-complete", "C-total-constant", "C-window-total", "C-offset-beyond-end"}),
        seam=own_total(lambda page, _, __: len(page["rows"])),
        shown=lambda caller: caller.page()["total"] == _FIRST_PAGE,
    ),
    BrokenServer(
        name="total-of-all-time",
        level="C",
        rule="total counts the rows of the window alone",
        checks=frozenset({"C-walk-complete", "C-window-total"}),
        seam=own_total(lambda _, values, perform: perform({**values, "start_time": 0, "end_time": 2**63 - 1})["total"]),
        shown=lambda caller: caller.page(**day(caller))["total"] > _DEEP,
    ),
    BrokenServer(
        name="total-ends-at-100",
        level="C",
        rule="total counts every row, however many",
        checks=frozenset({"C-walk-complete", "C-window-total", "B-total-covers-rows"}),
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
        checks=frozenset({"C-walk-complete", "C-window-total"}),
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
        rule="a page has no more rows than its limit, if that is small too",
        checks=frozenset({"C-limit-exceeded"}),
        seam=set_arguments(limit=lambda limit: max(limit, 10)),
        shown=lambda caller: len(caller.page(limit=1)["rows"]) == 10,
    ),
    BrokenServer(
        name="offset-ignored",
        level="C",
        rule="offset says where the page starts",
        checks=frozenset({"C-offset-slice", "C-walk-duplicate", "C-offset-beyond-end", "C-offset-deep"}),
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
        checks=frozenset({"C-offset-slice", "C-walk-complete", "C-walk-limits-agree"}),
        seam=set_arguments(offset=lambda offset: min(offset + 1, MOST) if offset else 0),
        shown=lambda caller: len(_walk(caller, 5, **day(caller))) < caller.page(**day(caller))["total"],
    ),
    BrokenServer(
        name="last-row-again",
        level="C",
        rule="no row is on two pages",
        checks=frozenset({"C-offset-slice", "C-walk-duplicate", "C-offset-beyond-end", "C-walk-limits-agree"}),
        seam=set_arguments(offset=lambda offset: max(offset - 1, 0)),
        shown=_repeats,
    ),
    BrokenServer(
        name="nothing-deep-down",
        level="C",
        rule="a page has rows as long as total is not reached",
        checks=frozenset({"C-offset-slice", "C-walk-complete", "C-limit-underfilled", "C-walk-limits-agree"}),
        seam=own_rows(lambda page, values, _: page["rows"] if int(values["offset"]) < _DEEP else []),
        shown=lambda caller: caller.page(offset=_DEEP)["rows"] == [] and caller.page()["total"] > _DEEP,
    ),
    BrokenServer(
        name="last-page-for-ever",
        level="C",
        rule="a page behind the last row is empty",
        checks=frozenset({"C-offset-beyond-end", "C-offset-deep"}),
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
        checks=frozenset(
            {"C-repeatable", "C-walk-duplicate", "C-walk-complete", "C-walk-limits-agree", "C-offset-slice"}
        ),
        seam=on_whole(_shuffled),
        shown=lambda caller: caller.run_ids() != caller.run_ids(),
    ),
    BrokenServer(
        name="order-changes-between-pages",
        level="C",
        rule="all pages are cut from one order",
        checks=frozenset({"C-walk-duplicate", "C-walk-complete", "C-walk-limits-agree", "C-offset-slice"}),
        seam=on_whole(_unsteady_ties),
        shown=lambda caller: len(set(_walk(caller, 5, **day(caller)))) < caller.page(**day(caller))["total"],
    ),
    BrokenServer(
        name="oldest-first-on-large-pages",
        level="C",
        rule="the order does not depend on the limit",
        checks=frozenset({"C-walk-limits-agree", "C-offset-slice"}),
        seam=on_whole(lambda rows, values: rows[::-1] if int(values["limit"]) > _FIRST_PAGE else rows),
        shown=lambda caller: caller.run_ids(limit=11)[0] != caller.run_ids(limit=10)[0],
    ),
    BrokenServer(
        name="job-name-by-prefix",
        level="C",
        rule="job_name is compared as a whole",
        checks=frozenset({"C-job-name-prefix"}),
        seam=named(str.startswith),
        shown=lambda caller: bool(caller.rows(job_name=JOB_NAME[:-1])),
    ),
    BrokenServer(
        name="job-name-in-any-case",
        level="C",
        rule="job_name is compared case by case",
        checks=frozenset({"C-job-name-case"}),
        seam=named(lambda name, wanted: name.lower() == wanted.lower()),
        shown=lambda caller: bool(caller.rows(job_name=JOB_NAME.upper())),
    ),
    BrokenServer(
        name="job-name-ignored",
        level="C",
        rule="a page holds runs of the job_name alone",
        checks=frozenset({"C-rows-of-job", "C-job-name-other"}),
        seam=on_listing(_every_job_of_the_task),
        shown=lambda caller: len({row["jobName"] for row in caller.rows()}) > 1,
    ),
    BrokenServer(
        name="task-id-ignored",
        level="C",
        rule="a page holds runs of the task_id alone",
        checks=frozenset({"C-task-id-other", "C-rows-of-task"}),
        seam=on_arguments(_any_task),
        shown=lambda caller: bool(caller.rows(task_id="1")),
    ),
    BrokenServer(
        name="workspace-id-ignored",
        level="C",
        rule="a page holds runs of the workspace_id alone",
        checks=frozenset({"C-workspace-other", "C-rows-of-workspace"}),
        seam=set_arguments(workspace_id=lambda _: ""),
        shown=lambda caller: bool(caller.rows(workspace_id="0" * 32)),
    ),
    BrokenServer(
        name="start-time-ignored",
        level="C",
        rule="no run is older than the window",
        checks=frozenset({"C-window-start", "C-window-adds-up"}),
        seam=set_arguments(start_time=lambda _: 0),
        shown=lambda caller: min(_plans(caller, **day(caller))) < day(caller)["start_time"],
    ),
    BrokenServer(
        name="end-time-ignored",
        level="C",
        rule="no run is newer than the window",
        checks=frozenset({"C-window-end", "C-window-adds-up"}),
        seam=set_arguments(end_time=lambda _: 2**63 - 1),
        shown=lambda caller: max(_plans(caller, **day(caller))) > day(caller)["end_time"],
    ),
    BrokenServer(
        name="window-in-seconds",
        level="C",
        rule="the ends of a window count milliseconds",
        checks=frozenset({"C-window-start", "C-window-end", "C-window-adds-up"}),
        seam=set_arguments(start_time=_floor(_SECOND), end_time=_floor(_SECOND)),
        shown=lambda caller: caller.rows(start_time=_plans(caller)[5] + 1) == caller.rows(start_time=_plans(caller)[5]),
    ),
    BrokenServer(
        name="window-in-days",
        level="C",
        rule="a window starts where it says, not at midnight",
        checks=frozenset({"C-window-start", "C-window-adds-up"}),
        seam=set_arguments(start_time=_floor(_DAY)),
        shown=lambda caller: (
            min(_plans(caller, start_time=day(caller)["start_time"] + _HOUR)) == day(caller)["start_time"]
        ),
    ),
    BrokenServer(
        name="window-eight-hours-off",
        level="C",
        rule="the ends of a window are UTC",
        checks=frozenset({"C-window-start", "C-window-end", "C-window-adds-up"}),
        seam=set_arguments(start_time=lambda time: time + 8 * _HOUR, end_time=lambda time: time + 8 * _HOUR),
        shown=lambda caller: min(_plans(caller, **day(caller))) > day(caller)["start_time"] + 7 * _HOUR,
    ),
    BrokenServer(
        name="window-of-two-times",
        level="C",
        rule="both ends of a window are held against the same time of a run",
        checks=frozenset({"C-window-end", "C-window-adds-up"}),
        seam=_window(lambda row, start, end: start <= row["planTime"] and row["submitTime"] <= end),
        shown=lambda caller: len(caller.rows(end_time=_plans(caller)[5])) == len(caller.rows()) - 6,
    ),
    BrokenServer(
        name="window-of-seven-days-at-most",
        level="C",
        rule="a window holds all that its parts hold",
        checks=frozenset({"C-window-adds-up", "C-window-total"}),
        seam=on_arguments(
            lambda values: {
                **values,
                "start_time": max(int(values["start_time"]), int(values["end_time"]) - 7 * _DAY),
            }
        ),
        shown=lambda caller: (
            len(caller.rows(start_time=day(caller)["end_time"] - 12 * _DAY, end_time=day(caller)["end_time"])) < 8 * 24
        ),
    ),
    BrokenServer(
        name="running-runs-in-every-window",
        level="C",
        rule="a run that is still running belongs to its own window alone",
        checks=frozenset({"C-window-start", "C-window-end", "C-window-adds-up"}),
        seam=_window(lambda row, start, end: start <= row["planTime"] <= end or row["status"] == "running"),
        shown=lambda caller: "running" in {row["status"] for row in caller.rows(**day(caller))},
    ),
    BrokenServer(
        name="skipped-runs-counted-not-listed",
        level="C",
        rule="total counts the rows that are listed",
        checks=frozenset({"C-walk-complete", "C-limit-underfilled", "C-window-total", "C-offset-slice"}),
        seam=own_rows(lambda page, _, __: [row for row in page["rows"] if not str(row["status"]).startswith("skip")]),
        shown=lambda caller: len(caller.rows()) < caller.page()["total"],
    ),
    BrokenServer(
        name="pages-remembered-without-their-window",
        level="C",
        rule="an answer is for the window that was asked for",
        checks=frozenset({"C-window-start", "C-window-end", "C-window-adds-up", "C-window-total", "C-window-reversed"}),
        seam=remembered("task_id", "job_name", "workspace_id", "offset", "limit"),
        shown=lambda caller: caller.page(start_time=0) == caller.page(start_time=9, end_time=10),
    ),
    BrokenServer(
        name="operator-listed-twice",
        level="C",
        rule="ShowNodes lists nothing twice",
        checks=frozenset({"C-nodes-unique"}),
        seam=on_operators(lambda operators: [*operators, *operators[:1]]),
        shown=lambda caller: len(caller.nodes().json()) > len({str(one) for one in caller.nodes().json()}),
    ),
)
