"""Levels B and C: runs after a change to the code that makes rows of what the store has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.seams import Document, Perform, Values, on_listing, on_row, on_rows
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import DAY, SECOND, day

if TYPE_CHECKING:
    from dataarts_datamap_contract._broken.caller import Caller

_RARE = {"task_id": "971001", "job_name": "rare runs"}
_DEEP = 50
_MASK = "user***"
_RECENT = 14 * DAY


def _masked(perform: Perform, values: Values) -> Document:
    """A long window is the union of the table and its archive, and the archive has no owners."""
    page = perform(values)
    if int(values["end_time"]) - int(values["start_time"]) <= _RECENT or not page["rows"]:
        return page
    newest = perform({**values, "offset": 0, "limit": 1})["rows"][0]["planTime"]
    rows = [{**row, "owner": _MASK} if row["planTime"] < newest - _RECENT else row for row in page["rows"]]
    return {**page, "rows": rows}


def _log_of_the_row_before(rows: list[Document]) -> list[Document]:
    path, mapped = None, list[Document]()
    for row in rows:
        path = row["executionLogPath"] or path
        mapped.append({**row, "executionLogPath": path})
    return mapped


def _retries_so_far(rows: list[Document]) -> list[Document]:
    retries, mapped = 0, list[Document]()
    for row in rows:
        retries += max(row["retryTimes"], 0)
        mapped.append({**row, "retryTimes": retries})
    return mapped


def _second(time: int) -> int:
    return (time + SECOND // 2) // SECOND * SECOND


def _of_the_last_try(row: Document) -> Document:
    """The running time counts from the last try, but the start time is that of the first try."""
    return {**row, "runningTime": row["runningTime"] // 2} if row["retryTimes"] > 0 else row


def _content(caller: Caller, name: str, **query: int) -> dict[int, object]:
    return {row["taskRunningLogId"]: row[name] for row in caller.rows(**query)}


def _differs(caller: Caller, name: str, **query: int) -> bool:
    """Whether a field of a run depends on the page or the window that shows it."""
    often = _content(caller, name)
    return any(often[number] != value for number, value in _content(caller, name, **query).items())


def _repeats_a_log(caller: Caller) -> bool:
    paths = [row["executionLogPath"] for row in caller.rows() if row["executionLogPath"]]
    return len(set(paths)) < len(paths)


BROKEN_SERVERS = (
    BrokenServer(
        name="owners-lost-in-the-archive",
        level="C",
        rule="a run has the same owner in a long window as in a short one",
        checks=frozenset({"C-run-content"}),
        seam=on_listing(_masked),
        shown=lambda caller: len({row["owner"] for row in caller.rows()}) > 1,
        cohort="elsewhere",
    ),
    BrokenServer(
        name="log-of-the-row-before",
        level="C",
        rule="a run without a log does not show the log of the run before it on the page",
        checks=frozenset({"C-run-content"}),
        seam=on_rows(_log_of_the_row_before),
        shown=_repeats_a_log,
        cohort="elsewhere",
    ),
    BrokenServer(
        name="retries-add-up-over-a-page",
        level="C",
        rule="a run's retries are its own, without those of the runs above it on the page",
        checks=frozenset({"C-run-content"}),
        seam=on_rows(_retries_so_far),
        shown=lambda caller: _differs(caller, "retryTimes", offset=_DEEP),
        cohort="elsewhere",
    ),
    BrokenServer(
        name="times-rounded-to-seconds",
        level="C",
        rule="a run is planned within the window that it is listed for, to the millisecond",
        checks=frozenset({"C-window-start", "C-window-end", "C-window-adds-up"}),
        seam=on_row(
            lambda row: {**row, "planTime": _second(row["planTime"]), "submitTime": _second(row["submitTime"])}
        ),
        shown=lambda caller: any(
            row["planTime"] > day(caller)["end_time"] - 1
            for row in caller.rows(**_RARE, end_time=day(caller)["end_time"] - 1)
        ),
        cohort="elsewhere",
    ),
    BrokenServer(
        name="running-time-of-the-last-try",
        level="B",
        rule="a retried run's running time goes from its start to its end",
        checks=frozenset({"B-fields-agree"}),
        seam=on_row(_of_the_last_try),
        shown=lambda caller: any(
            row["runningTime"] != row["endTime"] - row["startTime"]
            for row in caller.rows()
            if row["startTime"] and row["endTime"]
        ),
        cohort="elsewhere",
    ),
)
