"""Levels B and C: rows that mappers, serialisers and state machines get wrong."""

from __future__ import annotations

import html
import json
from itertools import count
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.outside.making import HOURLY, RARE, SALES, broken, listing
from dataarts_datamap_contract._broken.seams import Document, Perform, Values, on_field, on_listing, on_row, on_rows
from dataarts_datamap_contract._broken.shared import SECOND

if TYPE_CHECKING:
    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract._broken.outside.making import Listing
    from dataarts_datamap_contract._broken.servers import BrokenServer

_UNDER_WAY = frozenset({"running", "pause", "running-exception"})
_SEVENTH = 7
_LONG_PAGE = 100
_CUT = 200
_BEYOND_DOUBLE = 2**53
_SHORT = 0xFFFF


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
    """One object is reused for all rows, and a null leaves the value of the row before in it."""
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


def _one_workspace_name() -> Listing:
    found: list[object] = []

    def response(perform: Perform, values: Values) -> Document:
        page = perform(values)
        found.extend(row["workspaceName"] for row in page["rows"][:1])
        return {**page, "rows": [{**row, "workspaceName": found[0]} for row in page["rows"]]}

    return response


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


def _names_one_workspace(caller: Caller) -> bool:
    documented = caller.rows(limit=1)[0]["workspaceName"]
    return bool(caller.rows(**SALES, limit=1)[0]["workspaceName"] == documented)


BROKEN_SERVERS: tuple[BrokenServer, ...] = (
    broken(
        "escaped-for-a-browser",
        "The job name of a row is the query's job_name, with its < and >.",
        "a run names its operator",
        on_row(_escaped),
        lambda caller: caller.rows(**HOURLY, limit=1)[0]["jobName"] != HOURLY["job_name"],
    ),
    broken(
        "some-successes-have-no-end",
        "A run that succeeded has ended (endTime: 0 while it has not ended).",
        "times fit the status",
        on_row(_without_end),
        lambda caller: any(row["status"] == "success" and not row["endTime"] for row in caller.rows()),
    ),
    broken(
        "waiting-runs-have-started",
        "A run that waits has not started (startTime: 0 for none).",
        "times fit the status",
        on_row(_started_when_planned),
        lambda caller: any(row["status"] == "waiting" and row["startTime"] for row in caller.rows()),
    ),
    broken(
        "ExpectedEnd",
        "A run in progress has no end yet, even if one is expected (endTime: 0 while it has not ended).",
        "times fit the status",
        on_row(_expected_to_end),
        lambda caller: any(row["status"] in _UNDER_WAY and row["endTime"] for row in caller.rows()),
    ),
    broken(
        "failures-end-when-queued",
        "A run that failed did not end before it started (endTime: when the run ended).",
        "times fit the status",
        on_row(_ended_when_queued),
        lambda caller: any(row["endTime"] and row["endTime"] < row["startTime"] for row in caller.rows()),
    ),
    broken(
        "stopwatch-in-the-row",
        "The running time does not count up while a run is in progress.",
        "one content of a run",
        listing(_counting_up),
        lambda caller: caller.rows() != caller.rows(),
    ),
    broken(
        "written-rows-in-16-bits",
        "Speed is rows written per second of the run, so outputRowCount agrees with it, even above 65,535.",
        "counts of a run fit",
        on_field("outputRowCount", lambda number: number & _SHORT if number >= 0 else number),
        _miscounts,
    ),
    broken(
        "nulls-inherit-the-row-before",
        "A field without a value is null on every page, not the value of the row above.",
        "one content of a run",
        on_rows(_as_the_row_before),
        _inherits,
    ),
    broken(
        "long-pages-abridge-running-data",
        "runningData is a JSON document as text, even with a limit above 100.",
        "text is JSON and UTF-8",
        on_listing(_abridged),
        lambda caller: _is_broken_json(caller, 200),
        level="B",
    ),
    broken(
        "unreadable-ids-make-null-rows",
        "A run whose id is beyond 2^53 is a row like any other, not null.",
        "page document",
        on_row(lambda row: None if row["taskRunningLogId"] >= _BEYOND_DOUBLE else row),
        lambda caller: None in caller.rows(**RARE),
        level="B",
    ),
    broken(
        "singleton_workspace_name",
        "A run has the name of its own workspace, not that of the first run ever requested.",
        "one content of a run",
        listing(_one_workspace_name),
        _names_one_workspace,
    ),
    broken(
        "newlines-of-sql-unescaped",
        "runningData is a JSON document as text: a newline in its SQL is escaped.",
        "text is JSON and UTF-8",
        on_field("runningData", lambda text: text and text.replace("\\n", "\n")),
        lambda caller: _is_broken_json(caller, 50),
        level="B",
    ),
)
