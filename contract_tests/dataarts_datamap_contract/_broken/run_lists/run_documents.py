"""Bodies, fields and header maps that a serializer or a client of the scheduler gets wrong."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import (
    Document,
    Values,
    on_body,
    on_envelope,
    on_field,
    on_page,
    on_row,
    on_whole,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import CHINESE, EMOJI_TASK, is_json

if TYPE_CHECKING:
    from dataarts_datamap_contract._broken.caller import Caller

_shipped = partial(BrokenServer, cohort="shipped")

_COLUMN = 512
_BEYOND = 100_000


def _since_first_attempt(rows: list[Document], _: Values) -> list[Document]:
    """A rerun's running time counts from the start of the attempt that failed."""
    failed = {row["planTime"]: row["startTime"] for row in rows if row["status"] == "fail" and row["startTime"]}
    return [_longer(row, failed.get(row["planTime"])) for row in rows]


def _longer(row: Document, first_start: int | None) -> Document:
    if first_start is None or row["retryTimes"] < 1 or row["status"] != "success":
        return row
    return {**row, "runningTime": row["endTime"] - first_start}


def _rows_per_second(row: Document) -> Document:
    """The speed of a run without a running time is not a number, and the serializer writes it as text."""
    return row if row["runningTime"] else {**row, "speed": "NaN"}


def _duration_is_wrong(caller: Caller) -> bool:
    ended = [row for row in caller.rows() if row["startTime"] and row["endTime"]]
    return any(row["runningTime"] != row["endTime"] - row["startTime"] for row in ended)


BROKEN_SERVERS = (
    _shipped(
        "scheduler-read-as-latin-1",
        "names in Chinese arrive as they are, whatever charset the scheduler declares",
        CHECKS["a run names its operator"],
        on_body(lambda body: body.encode().decode("latin-1")),
        lambda caller: caller.rows(task_id=EMOJI_TASK, job_name=CHINESE)[0]["jobName"] != CHINESE,
        level="C",
    ),
    _shipped(
        "no-rows-are-null",
        "a page without runs has an empty list of rows",
        CHECKS["page document"],
        on_page(lambda page: {**page, "rows": page["rows"] or None}),
        lambda caller: caller.page(offset=_BEYOND)["rows"] is None,
        level="B",
    ),
    _shipped(
        "speed-is-not-a-number",
        "the speed of a run that took no time is a number",
        CHECKS["page document"],
        on_row(_rows_per_second),
        lambda caller: "NaN" in {row["speed"] for row in caller.rows()},
        level="B",
    ),
    _shipped(
        "duration-since-the-first-attempt",
        "runningTime of a rerun is the time from its own start to its end",
        CHECKS["times fit the status"],
        on_whole(_since_first_attempt),
        _duration_is_wrong,
        level="B",
    ),
    _shipped(
        "running-data-cut-by-its-column",
        "runningData is a whole JSON document, however long its SQL is",
        CHECKS["text is JSON and UTF-8"],
        on_field("runningData", lambda text: text and text[:_COLUMN]),
        lambda caller: not all(is_json(row["runningData"]) for row in caller.rows() if row["runningData"]),
        level="B",
    ),
    _shipped(
        "wrapped-headers-are-lists",
        "each value of header_map is text, not a list",
        CHECKS["envelope"],
        on_envelope(
            lambda envelope: {
                **envelope,
                "header_map": {name: [value] for name, value in envelope["header_map"].items()},
            }
        ),
        lambda caller: caller.envelope()["header_map"]["Server"] == ["CloudMiddleWareTomcat"],
        level="A",
    ),
)
