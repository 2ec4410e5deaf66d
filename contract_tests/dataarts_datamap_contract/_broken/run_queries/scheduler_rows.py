"""Rows and envelopes that a mapper, a serializer or a stale index writes wrongly."""

from __future__ import annotations

import html
import math
from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import Document, Perform, Values, on_envelope, on_field, on_listing, on_row
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import DAY, HOURLY, body_of, is_json, length

if TYPE_CHECKING:
    from dataarts_datamap_contract._broken.caller import Caller

_shipped = partial(BrokenServer, level="B", cohort="shipped")

_COLUMN = 512
"""How many characters the column of running data has."""


def _escaped(row: Document) -> Document:
    return {**row, **{name: html.escape(row[name], quote=False) for name in ("jobName", "taskName", "owner")}}


def _without_guard(row: Document) -> Document:
    return row if row["runningTime"] else {**row, "speed": math.nan}


def _as_started(row: Document) -> Document:
    counts = dict.fromkeys(("inputRowCount", "outputRowCount", "failCount"), -1)
    return {**row, **counts, "status": "running", "endTime": 0, "runningTime": 0, "speed": 0.0}


def _from_an_index_behind(perform: Perform, values: Values) -> Document:
    """The index for wide windows hears of the end of a run a day late."""
    page = perform(values)
    if length(values) <= 7 * DAY or not page["rows"]:
        return page
    newest = perform({**values, "start_time": 0, "end_time": 2**63 - 1, "offset": 0, "limit": 1})["rows"][0]["planTime"]
    rows = [
        _as_started(row) if row["status"] in {"success", "fail"} and row["planTime"] > newest - DAY else row
        for row in page["rows"]
    ]
    return {**page, "rows": rows}


def _is_behind(caller: Caller) -> bool:
    return any(
        row not in caller.rows(start_time=row["planTime"], end_time=row["planTime"]) for row in caller.rows(limit=20)
    )


BROKEN_SERVERS = (
    _shipped(
        "ended-runs-still-running-in-wide-windows",
        "a run that has ended has ended in each window",
        CHECKS["one content of a run"] | CHECKS["asked again the same"],
        on_listing(_from_an_index_behind),
        _is_behind,
        level="C",
    ),
    _shipped(
        "names-escaped-against-scripts",
        "a row has the operator's name as it is, not as HTML",
        CHECKS["a run names its operator"],
        on_row(_escaped),
        lambda caller: "&lt;" in caller.rows(**HOURLY)[0]["jobName"],
        level="C",
    ),
    _shipped(
        "speed-divided-by-no-time",
        "the speed of a run that took no time is a number",
        CHECKS["text is JSON and UTF-8"] | CHECKS["page document"],
        on_row(_without_guard),
        lambda caller: "NaN" in body_of(caller),
    ),
    _shipped(
        "running-data-cut-by-its-column",
        "running data is a whole JSON document",
        CHECKS["text is JSON and UTF-8"],
        on_field("runningData", lambda text: text and text[:_COLUMN]),
        lambda caller: any(not is_json(row["runningData"]) for row in caller.rows() if row["runningData"]),
    ),
    _shipped(
        "header-map-of-lists",
        "a value of the header map is a text",
        CHECKS["envelope"],
        on_envelope(
            lambda envelope: {
                **envelope,
                "header_map": {name: [value] for name, value in envelope["header_map"].items()},
            }
        ),
        lambda caller: isinstance(caller.envelope()["header_map"]["Date"], list),
        level="A",
    ),
)
