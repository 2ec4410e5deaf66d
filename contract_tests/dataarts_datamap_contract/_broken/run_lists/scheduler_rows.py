"""Rows that a mapper, or an index that lags behind, gets wrong."""

from __future__ import annotations

import html
from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import Document, Perform, Values, on_listing, on_row
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import DAY, HOURLY, length

if TYPE_CHECKING:
    from dataarts_datamap_contract._broken.caller import Caller

_shipped = partial(BrokenServer, level="C", cohort="shipped")


def _escaped(row: Document) -> Document:
    return {**row, **{name: html.escape(row[name], quote=False) for name in ("jobName", "taskName", "owner")}}


def _as_started(row: Document) -> Document:
    counts = dict.fromkeys(("inputRowCount", "outputRowCount", "failCount"), -1)
    return {**row, **counts, "status": "running", "endTime": 0, "runningTime": 0, "speed": 0.0}


def _from_an_index_behind(perform: Perform, values: Values) -> Document:
    """Windows of more than a week are read from an index that shows runs of the last day as still running."""
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
        "a run that has ended is shown as ended in every window",
        CHECKS["one content of a run"] | CHECKS["asked again the same"],
        on_listing(_from_an_index_behind),
        _is_behind,
    ),
    _shipped(
        "names-escaped-against-scripts",
        "a row has the operator's name as it is, not escaped for HTML",
        CHECKS["a run names its operator"],
        on_row(_escaped),
        lambda caller: "&lt;" in caller.rows(**HOURLY)[0]["jobName"],
    ),
)
