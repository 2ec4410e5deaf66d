"""What must hold of the rows of every page: their number, their window, and the ids that they were asked for by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract.suite._http.messages import whole_number
from dataarts_datamap_contract.suite._judging.invariants.common import Invariant, Problems, each_row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite.target import Target

WINDOW_COLUMNS: Final = ("planTime", "startTime")
"""What a window may filter on where the target does not say: the scheduler's own lists take either."""


def _limit_exceeded(exchange: Exchange, _: Target) -> Problems:
    limit, page = exchange.judgement.number("limit"), exchange.response.page
    if page is None or limit is None:
        return None
    return () if len(page.rows) <= limit else (f"{len(page.rows)} rows on a page with limit {limit}",)


def _window_start(exchange: Exchange, target: Target) -> Problems:
    return _outside(exchange, target, "start_time", lambda time, start: time < start, "before")


def _window_end(exchange: Exchange, target: Target) -> Problems:
    return _outside(exchange, target, "end_time", lambda time, end: time > end, "after")


def window_columns(target: Target) -> tuple[str, ...]:
    """What the target's window may filter on."""
    return WINDOW_COLUMNS if target.window_column == "auto" else (target.window_column,)


def _outside(exchange: Exchange, target: Target, bound: str, wrong: Callable[[int, int], bool], where: str) -> Problems:
    """A row that lies outside the window by every column that it may filter on."""
    limit = exchange.judgement.number(bound)
    if limit is None or not exchange.response.rows:
        return None
    # The time of a run that has not started is 0: that lies before every end, and says nothing about the start.
    least = 0 if bound == "end_time" else 1
    found: list[str] = []
    for column in window_columns(target):
        known = [time for row in exchange.response.rows if (time := whole_number(row.get(column))) is not None]
        times = [time for time in known if time >= least]
        strays = [time for time in times if wrong(time, limit)]
        if times and not strays:
            return ()
        found += [f"{column} {time} is {where} {bound} {limit}" for time in strays[:1]]
    return (f"a row whose {' and whose '.join(found)}",) if found else None


def _rows_of_task(exchange: Exchange, _: Target) -> Problems:
    return _rows_of(exchange, "task_id", "taskId")


def _rows_of_job(exchange: Exchange, _: Target) -> Problems:
    return _rows_of(exchange, "job_name", "jobName")


def _rows_of_workspace(exchange: Exchange, _: Target) -> Problems:
    return _rows_of(exchange, "workspace_id", "workspaceId")


def _rows_of(exchange: Exchange, parameter: str, field: str) -> Problems:
    asked = exchange.judgement.values.get(parameter)
    if asked is None or exchange.judgement.doubtful or not str(asked).strip():
        return None
    return each_row(
        exchange,
        lambda row: (
            [f"{field} is {row[field]!r} where {parameter} is {asked!r}"]
            if row.get(field) is not None and not _is_same(str(row[field]), str(asked))
            else []
        ),
    )


def _is_same(shown: str, asked: str) -> bool:
    """Whether two texts are the same id; a server that keeps it as a number drops leading zeros."""
    return shown == asked or (shown.isdecimal() and shown == asked.lstrip("0"))


INVARIANTS: Final[Mapping[str, Invariant]] = {
    "C-limit-exceeded": _limit_exceeded,
    "C-window-start": _window_start,
    "C-window-end": _window_end,
    "C-rows-of-task": _rows_of_task,
    "C-rows-of-job": _rows_of_job,
    "C-rows-of-workspace": _rows_of_workspace,
}
"""By the ids of their checks."""
