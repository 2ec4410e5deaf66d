"""Level B: fields of a run that contradict each other, in many rows."""

from __future__ import annotations

from dataarts_datamap_contract._broken.relations import ARITHMETIC
from dataarts_datamap_contract._broken.seams import Document, on_row
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import SECOND

_MINUTE = 60


def _ended(row: Document) -> bool:
    return bool(row["endTime"] and row["startTime"])


BROKEN_SERVERS = (
    BrokenServer(
        name="running-time-in-seconds",
        level="B",
        rule="runningTime counts milliseconds, as startTime and endTime do",
        checks=ARITHMETIC,
        seam=on_row(lambda row: {**row, "runningTime": row["runningTime"] // SECOND}),
        shown=lambda caller: any(
            0 < row["runningTime"] == (row["endTime"] - row["startTime"]) // SECOND for row in caller.rows()
        ),
        cohort="sealed",
    ),
    BrokenServer(
        name="running-time-with-the-queue",
        level="B",
        rule="runningTime begins when the run starts, not when it is queued",
        checks=ARITHMETIC,
        seam=on_row(lambda row: {**row, "runningTime": row["endTime"] - row["submitTime"]} if _ended(row) else row),
        shown=lambda caller: any(
            row["runningTime"] > row["endTime"] - row["startTime"] for row in caller.rows() if _ended(row)
        ),
        cohort="sealed",
    ),
    BrokenServer(
        name="speed-in-rows-a-minute",
        level="B",
        rule="speed counts rows a second",
        checks=ARITHMETIC,
        seam=on_row(lambda row: {**row, "speed": row["speed"] * _MINUTE}),
        shown=lambda caller: any(
            row["speed"] > 10 * row["outputRowCount"] * SECOND / row["runningTime"]
            for row in caller.rows(job_name="check/rows<stage>")
            if row["outputRowCount"] > 0
        ),
        cohort="sealed",
    ),
    BrokenServer(
        name="ended-runs-still-running",
        level="B",
        rule="a run that has ended is not running",
        checks=ARITHMETIC,
        seam=on_row(lambda row: {**row, "status": "running"} if _ended(row) and row["retryTimes"] else row),
        shown=lambda caller: any(row["status"] == "running" for row in caller.rows() if _ended(row)),
        cohort="sealed",
    ),
    BrokenServer(
        name="successes-never-started",
        level="B",
        rule="a run that succeeded has started",
        checks=ARITHMETIC,
        seam=on_row(lambda row: {**row, "startTime": 0} if row["status"] == "success" else row),
        shown=lambda caller: any(row["startTime"] == 0 for row in caller.rows() if row["status"] == "success"),
        cohort="sealed",
    ),
    BrokenServer(
        name="queued-after-it-ended",
        level="B",
        rule="a run is queued before it ends",
        checks=ARITHMETIC,
        seam=on_row(lambda row: {**row, "submitTime": row["endTime"] + SECOND} if _ended(row) else row),
        shown=lambda caller: any(row["submitTime"] > row["endTime"] for row in caller.rows() if _ended(row)),
        cohort="sealed",
    ),
    BrokenServer(
        name="forced-success-the-wrong-way-round",
        level="B",
        rule="forceSuccess is set on the runs whose status says so",
        checks=ARITHMETIC | frozenset({"B-force-success"}),
        seam=on_row(lambda row: {**row, "forceSuccess": 1 - row["forceSuccess"]}),
        shown=lambda caller: any(row["forceSuccess"] for row in caller.rows() if row["status"] == "success"),
        cohort="sealed",
    ),
)
