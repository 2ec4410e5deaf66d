"""Rows that mappers, serialisers and state machines get wrong."""

from __future__ import annotations

import html
import json
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import Document, Perform, Values, on_field, on_listing, on_row, on_rows
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import DAY, HOURLY, RARE, SECOND, day, listing

if TYPE_CHECKING:
    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract._broken.shared import Listing

_outside = partial(BrokenServer, level="C", cohort="outside")
_elsewhere = partial(BrokenServer, level="C", cohort="elsewhere")

_UNDER_WAY = frozenset({"running", "pause", "running-exception"})
_SEVENTH = 7
_LONG_PAGE = 100
_CUT = 200
_BEYOND_DOUBLE = 2**53
_SHORT = 0xFFFF
_DEEP = 50
_MASK = "user***"
_RECENT = 14 * DAY


def _escaped(row: Document) -> Document:
    return {**row, **{name: html.escape(row[name], quote=False) for name in ("jobName", "taskName")}}


def _without_end(row: Document) -> Document:
    is_just_written = row["status"] == "success" and row["taskRunningLogId"] % _SEVENTH == 0
    return {**row, "endTime": 0} if is_just_written else row


def _started_when_planned(row: Document) -> Document:
    return {**row, "startTime": row["planTime"]} if row["status"] == "waiting" else row


def _expected_to_end(row: Document) -> Document:
    return {**row, "endTime": row["startTime"] + 600 * SECOND} if row["status"] in _UNDER_WAY else row


def _ended_when_queued(row: Document) -> Document:
    return {**row, "endTime": row["submitTime"]} if row["status"] == "fail" else row


def _counting_up() -> Listing:
    numbers = count(1)

    def response(perform: Perform, values: Values) -> Document:
        page, number = perform(values), next(numbers)
        rows = [{**row, "runningTime": number * SECOND} if row["status"] == "running" else row for row in page["rows"]]
        return {**page, "rows": rows}

    return response


def _as_the_row_before(rows: list[Document]) -> list[Document]:
    """One object is reused for all rows, and a null leaves in it the value of the row before."""
    row: Document = {}
    filled: list[Document] = []
    for each in rows:
        row = {**row, **{name: value for name, value in each.items() if value is not None or name not in row}}
        filled.append(row)
    return filled


def _abridged(perform: Perform, values: Values) -> Document:
    page = perform(values)
    if int(values["limit"]) <= _LONG_PAGE:
        return page
    return {
        **page,
        "rows": [{**row, "runningData": row["runningData"] and row["runningData"][:_CUT]} for row in page["rows"]],
    }


def _inherits(caller: Caller) -> bool:
    rows = caller.rows()
    places = [place for place, row in enumerate(rows) if place and row["status"].startswith("skip")]
    return any(caller.rows(offset=place, limit=1) != [rows[place]] for place in places[:5])


def _is_broken_json(caller: Caller, limit: int) -> bool:
    try:
        for row in caller.rows(limit=limit):
            json.loads(row["runningData"] or "{}")
    except ValueError:
        return True
    return False


def _miscounts(caller: Caller) -> bool:
    return any(
        row["outputRowCount"] > 0
        and row["runningTime"]
        and abs(row["outputRowCount"] * SECOND / row["runningTime"] - row["speed"]) > 1
        for row in caller.rows()
    )


def _masked(perform: Perform, values: Values) -> Document:
    """In a window of more than 14 days, older runs come from an archive, which masks their owners."""
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
    _outside(
        "escaped-for-a-browser",
        "The job name of a row is the query's job_name, with its < and >.",
        CHECKS["a run names its operator"],
        on_row(_escaped),
        lambda caller: caller.rows(**HOURLY, limit=1)[0]["jobName"] != HOURLY["job_name"],
    ),
    _outside(
        "some-successes-have-no-end",
        "A run that succeeded has ended (endTime: 0 while it has not ended).",
        CHECKS["times fit the status"],
        on_row(_without_end),
        lambda caller: any(row["status"] == "success" and not row["endTime"] for row in caller.rows()),
    ),
    _outside(
        "waiting-runs-have-started",
        "A run that waits has not started (startTime: 0 for none).",
        CHECKS["times fit the status"],
        on_row(_started_when_planned),
        lambda caller: any(row["status"] == "waiting" and row["startTime"] for row in caller.rows()),
    ),
    _outside(
        "ExpectedEnd",
        "A run in progress has no end yet, even if one is expected (endTime: 0 while it has not ended).",
        CHECKS["times fit the status"],
        on_row(_expected_to_end),
        lambda caller: any(row["status"] in _UNDER_WAY and row["endTime"] for row in caller.rows()),
    ),
    _outside(
        "failures-end-when-queued",
        "A run that failed did not end before it started (endTime: when the run ended).",
        CHECKS["times fit the status"],
        on_row(_ended_when_queued),
        lambda caller: any(row["endTime"] and row["endTime"] < row["startTime"] for row in caller.rows()),
    ),
    _outside(
        "stopwatch-in-the-row",
        "The running time of a run in progress does not grow by a second with each request.",
        CHECKS["one content of a run"],
        listing(_counting_up),
        lambda caller: caller.rows() != caller.rows(),
    ),
    _outside(
        "written-rows-in-16-bits",
        "Speed is rows written per second of the run, so outputRowCount agrees with it, even above 65,535.",
        CHECKS["counts of a run fit"],
        on_field("outputRowCount", lambda number: number & _SHORT if number >= 0 else number),
        _miscounts,
    ),
    _outside(
        "nulls-inherit-the-row-before",
        "A field without a value is null on every page, not the value of the row above.",
        CHECKS["one content of a run"],
        on_rows(_as_the_row_before),
        _inherits,
    ),
    _outside(
        "long-pages-abridge-running-data",
        "runningData is a JSON document as text, even with a limit above 100.",
        CHECKS["text is JSON and UTF-8"],
        on_listing(_abridged),
        lambda caller: _is_broken_json(caller, 200),
        level="B",
    ),
    _outside(
        "unreadable-ids-make-null-rows",
        "A run whose id is beyond 2^53 is a row like any other, not null.",
        CHECKS["page document"],
        on_row(lambda row: None if row["taskRunningLogId"] >= _BEYOND_DOUBLE else row),
        lambda caller: None in caller.rows(**RARE),
        level="B",
    ),
    _outside(
        "newlines-of-sql-unescaped",
        "runningData is a JSON document as text: a newline in its SQL is escaped.",
        CHECKS["text is JSON and UTF-8"],
        on_field("runningData", lambda text: text and text.replace("\\n", "\n")),
        lambda caller: _is_broken_json(caller, 50),
        level="B",
    ),
    _elsewhere(
        "owners-lost-in-the-archive",
        "a run has the same owner in a long window as in a short one",
        frozenset({"C-run-content"}),
        on_listing(_masked),
        lambda caller: len({row["owner"] for row in caller.rows()}) > 1,
    ),
    _elsewhere(
        "log-of-the-row-before",
        "a run without a log does not show the log of the run before it on the page",
        frozenset({"C-run-content"}),
        on_rows(_log_of_the_row_before),
        _repeats_a_log,
    ),
    _elsewhere(
        "retries-add-up-over-a-page",
        "a run's retries are its own, without those of the runs above it on the page",
        frozenset({"C-run-content"}),
        on_rows(_retries_so_far),
        lambda caller: _differs(caller, "retryTimes", offset=_DEEP),
    ),
    _elsewhere(
        "times-rounded-to-seconds",
        "a run is planned within the window that it is listed for, to the millisecond",
        frozenset({"C-window-start", "C-window-end", "C-window-adds-up"}),
        on_row(lambda row: {**row, "planTime": _second(row["planTime"]), "submitTime": _second(row["submitTime"])}),
        lambda caller: any(
            row["planTime"] > day(caller)["end_time"] - 1
            for row in caller.rows(**RARE, end_time=day(caller)["end_time"] - 1)
        ),
    ),
    _elsewhere(
        "running-time-of-the-last-try",
        "a retried run's running time goes from its start to its end",
        frozenset({"B-fields-agree"}),
        on_row(_of_the_last_try),
        lambda caller: any(
            row["runningTime"] != row["endTime"] - row["startTime"]
            for row in caller.rows()
            if row["startTime"] and row["endTime"]
        ),
        level="B",
    ),
)
