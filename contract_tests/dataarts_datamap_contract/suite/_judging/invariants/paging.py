"""What must hold of the rows of every page: their number, and that they match the requested window and ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract.suite._http.messages import whole_number
from dataarts_datamap_contract.suite._judging.invariants.common import BAD_REQUEST, OK, THROTTLED, asks_really

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dataarts_datamap_contract.suite._judging.invariants.common import Invariant, Problems
    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite.target import Target

WINDOW_COLUMNS: Final = ("planTime", "startTime")
"""What a window may filter on if the target does not say: each is used by some of the scheduler's other lists."""


def _limit_exceeded(exchange: Exchange, _: Target) -> Problems:
    limit, page = exchange.judgement.number("limit"), exchange.response.page
    if page is None or limit is None:
        return None
    return () if len(page.rows) <= limit else (f"{len(page.rows)} rows on a page with limit {limit}",)


def _window_start(exchange: Exchange, target: Target) -> Problems:
    return _outside(exchange, target, "start_time", lambda time, start: time < start, "before")


def _window_end(exchange: Exchange, target: Target) -> Problems:
    return _outside(exchange, target, "end_time", lambda time, end: time > end, "after")


def _window_reversed(exchange: Exchange, target: Target) -> Problems:
    start, end = (exchange.judgement.number(name) for name in ("start_time", "end_time"))
    status, shown = exchange.response.status, len(exchange.response.rows)
    if start is None or end is None or start <= end or exchange.judgement.standing != "valid":
        return None
    if shown:
        return (f"{shown} rows where start_time is {start - end} ms after end_time",)
    is_right = status in {OK, BAD_REQUEST, THROTTLED} or not asks_really(exchange, target)
    return () if is_right else (f"a window that ends before it starts is answered {status}",)


def window_columns(target: Target) -> tuple[str, ...]:
    """What the target's window may filter on."""
    return WINDOW_COLUMNS if target.window_column == "auto" else (target.window_column,)


def _outside(exchange: Exchange, target: Target, bound: str, wrong: Callable[[int, int], bool], where: str) -> Problems:
    """A problem if every possible column of the window, unless it has no times, has a time beyond the bound."""
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
        found += [f"a {column} of {time} is {where} {bound} {limit}" for time in strays[:1]]
    return (f"rows lie outside the window by each column: {', and '.join(found)}",) if found else None


def _rows_of(parameter: str, field: str) -> Invariant:
    """The invariant that a field of each row, unless missing or null, has the value that a parameter asked for."""

    def judge(exchange: Exchange, _: Target) -> Problems:
        asked = exchange.judgement.values.get(parameter)
        if asked is None or exchange.judgement.doubtful or not str(asked).strip():
            return None
        shown = [row[field] for row in exchange.response.rows if row.get(field) is not None]
        strays = [f"{field} is {each!r} where {parameter} is {asked!r}" for each in shown if not _is_same(each, asked)]
        return tuple(strays[:1]) if exchange.response.rows else None

    return judge


def _is_same(shown: object, asked: object) -> bool:
    """Whether two values are the same id; a server that keeps ids as numbers drops leading zeros."""
    return str(shown) == str(asked) or (str(shown).isdecimal() and str(shown) == str(asked).lstrip("0"))


INVARIANTS: Final[Mapping[str, Invariant]] = {
    "C-limit-exceeded": _limit_exceeded,
    "C-window-start": _window_start,
    "C-window-end": _window_end,
    "C-window-reversed": _window_reversed,
    "C-rows-of-task": _rows_of("task_id", "taskId"),
    "C-rows-of-job": _rows_of("job_name", "jobName"),
    "C-rows-of-workspace": _rows_of("workspace_id", "workspaceId"),
}
"""The invariants by the ids of their checks."""
