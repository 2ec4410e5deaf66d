"""Runs with wrong fields, or with fields that contradict each other or depend on the request."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dataarts_datamap_contract._broken.relations import ARITHMETIC, CONTENT, FILTERS, PAGES, WINDOWS
from dataarts_datamap_contract._broken.seams import (
    Document,
    Perform,
    Response,
    Values,
    on_field,
    on_page,
    on_row,
    on_success,
    whole,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import (
    CHINESE,
    EMOJI_TASK,
    HOUR,
    NOT_OVER,
    RARE,
    SECOND,
    WORKSPACE,
    own_rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller

_sealed = partial(BrokenServer, level="B", cohort="sealed")
_apart = partial(BrokenServer, level="B", cohort="apart")

_MINUTE = 60
_BERLIN = ZoneInfo("Europe/Berlin")
_BUFFER = 512
_TIMES = ("planTime", "submitTime", "startTime", "endTime")
_SATURDAY = 5


def _ended(row: Document) -> bool:
    return bool(row["endTime"] and row["startTime"])


def _planned_start(row: Document) -> Document:
    return {**row, "startTime": row["planTime"]} if row["status"].startswith("waiting") else row


def _moved(row: Document, by: Callable[[datetime], timedelta]) -> Document:
    """A row whose times are moved, each by an amount that depends on that time."""
    return {
        **row,
        **{
            name: row[name] + by(datetime.fromtimestamp(row[name] / SECOND, UTC)) // timedelta(milliseconds=1)
            for name in _TIMES
            if row[name]
        },
    }


def _summer_time(moment: datetime) -> timedelta:
    return -(moment.astimezone(_BERLIN).dst() or timedelta())


def _week_year(moment: datetime) -> timedelta:
    """Times are written with the year of their week, which begins on Sunday, but read with the calendar year."""
    saturday = moment + timedelta(days=(_SATURDAY - moment.weekday()) % 7)
    if saturday.year == moment.year:
        return timedelta()
    return moment.replace(year=saturday.year) - moment


def _speed_of_reading(row: Document) -> Document:
    if row["outputRowCount"] <= 0 or not row["runningTime"]:
        return row
    return {**row, "speed": round(row["inputRowCount"] * SECOND / row["runningTime"], 2)}


def _numbered(page: Document, values: Values, _: Perform) -> list[Document]:
    first = int(values["offset"]) + 1
    return [{**row, "jobId": number} for number, row in enumerate(page["rows"], first)]


def _own_workspace(page: Document, values: Values, _: Perform) -> list[Document]:
    """Without a workspace in the request, the rows have the default one."""
    rows: list[Document] = page["rows"]
    return rows if "workspace_id" in values else [{**row, "workspaceId": WORKSPACE} for row in rows]


def _no_parameters(text: Any) -> object:  # noqa: ANN401  a field of a row
    return json.dumps({**json.loads(text), "total": 0}) if text else text


def _texts(change: Callable[[str], str]) -> Callable[[Document], Document]:
    def changed(row: Document) -> Document:
        return {name: change(value) if isinstance(value, str) else value for name, value in row.items()}

    return changed


def _three_byte_texts(text: str) -> str:
    return re.sub(r"[\U00010000-\U0010FFFF]", "????", text)


def _untagged(text: str) -> str:
    return re.sub(r"<[^>]*>", "", text)


def _id_of_the_plan(page: Document, values: Values, perform: Perform) -> list[Document]:
    """All runs of a plan time have the lowest of their ids."""
    first: dict[int, int] = {}
    for row in whole(perform, values)["rows"]:
        first[row["planTime"]] = min(row["taskRunningLogId"], first.get(row["planTime"], row["taskRunningLogId"]))
    return [{**row, "taskRunningLogId": first[row["planTime"]]} for row in page["rows"]]


def _archived(page: Document, values: Values, _: Perform) -> list[Document]:
    """Later pages come from an archive, in which a run that has not ended is a success."""
    rows: list[Document] = page["rows"]
    if not int(values["offset"]):
        return rows
    return [{**row, "status": "success"} if row["status"] in NOT_OVER else row for row in rows]


def _with_its_wait(row: Document) -> Document:
    return {**row, "runningTime": row["endTime"] - row["submitTime"]} if row["runningTime"] else row


def _by_the_buffer(response: Response) -> Response:
    """The text is decoded buffer by buffer, and a character that lies in two buffers is lost."""
    chunks = [response.body[first : first + _BUFFER] for first in range(0, len(response.body), _BUFFER)]
    return write(response, "".join(chunk.decode(errors="replace") for chunk in chunks).encode())


def _sees(when: Callable[[Document], bool], **query: str | int) -> Callable[[Caller], bool]:
    """A function that sees the difference if a row of the operator satisfies a condition."""
    return lambda caller: any(when(row) for row in caller.rows(**query))


def _is_moved(caller: Caller) -> bool:
    """Whether a run is missing in the window that starts and ends at the plan time that it shows."""
    plans = {row["taskRunningLogId"]: row["planTime"] for row in caller.rows(**RARE)}
    return any(run not in caller.run_ids(**RARE, start_time=plan, end_time=plan) for run, plan in plans.items())


def _changes_its_status(caller: Caller) -> bool:
    first = {row["taskRunningLogId"]: row["status"] for row in caller.rows(limit=10)}
    later = {row["taskRunningLogId"]: row["status"] for row in caller.rows(limit=10, offset=1)}
    return any(first[run] != later[run] for run in first.keys() & later)


BROKEN_SERVERS = (
    _sealed(
        "running-time-in-seconds",
        "runningTime counts milliseconds, as startTime and endTime do",
        ARITHMETIC,
        on_row(lambda row: {**row, "runningTime": row["runningTime"] // SECOND}),
        lambda caller: any(
            0 < row["runningTime"] == (row["endTime"] - row["startTime"]) // SECOND for row in caller.rows()
        ),
    ),
    _sealed(
        "running-time-with-the-queue",
        "runningTime begins when the run starts, not when it is queued",
        ARITHMETIC,
        on_row(lambda row: {**row, "runningTime": row["endTime"] - row["submitTime"]} if _ended(row) else row),
        lambda caller: any(
            row["runningTime"] > row["endTime"] - row["startTime"] for row in caller.rows() if _ended(row)
        ),
    ),
    _sealed(
        "speed-in-rows-a-minute",
        "speed is in rows per second, not per minute",
        ARITHMETIC,
        on_row(lambda row: {**row, "speed": row["speed"] * _MINUTE}),
        lambda caller: any(
            row["speed"] > 10 * row["outputRowCount"] * SECOND / row["runningTime"]
            for row in caller.rows(job_name="check/rows<stage>")
            if row["outputRowCount"] > 0
        ),
    ),
    _sealed(
        "ended-runs-still-running",
        "a run that has ended is not running",
        ARITHMETIC,
        on_row(lambda row: {**row, "status": "running"} if _ended(row) and row["retryTimes"] else row),
        lambda caller: any(row["status"] == "running" for row in caller.rows() if _ended(row)),
    ),
    _sealed(
        "successes-never-started",
        "a run that succeeded has started",
        ARITHMETIC,
        on_row(lambda row: {**row, "startTime": 0} if row["status"] == "success" else row),
        lambda caller: any(row["startTime"] == 0 for row in caller.rows() if row["status"] == "success"),
    ),
    _sealed(
        "queued-after-it-ended",
        "a run is queued before it ends",
        ARITHMETIC,
        on_row(lambda row: {**row, "submitTime": row["endTime"] + SECOND} if _ended(row) else row),
        lambda caller: any(row["submitTime"] > row["endTime"] for row in caller.rows() if _ended(row)),
    ),
    _sealed(
        "forced-success-the-wrong-way-round",
        "forceSuccess is set on the runs with the status forceSuccess",
        ARITHMETIC | frozenset({"B-force-success"}),
        on_row(lambda row: {**row, "forceSuccess": 1 - row["forceSuccess"]}),
        lambda caller: any(row["forceSuccess"] for row in caller.rows() if row["status"] == "success"),
    ),
    _apart(
        "planned-start-is-a-start",
        "A waiting run has no start time.",
        ARITHMETIC,
        on_row(_planned_start),
        _sees(lambda row: bool(row["status"] == "waiting" and row["startTime"])),
    ),
    _apart(
        "summer-an-hour-early",
        "Times are in UTC, even in summer.",
        WINDOWS | CONTENT | {"C-window-start", "C-window-end"},
        on_row(lambda row: _moved(row, _summer_time)),
        _is_moved,
        level="C",
    ),
    _apart(
        "year-of-the-week",
        "The last days of December belong to their own year.",
        WINDOWS | CONTENT | {"C-window-start", "C-window-end"},
        on_row(lambda row: _moved(row, _week_year)),
        _is_moved,
        level="C",
    ),
    _apart(
        "speed-of-reading",
        "The speed counts the rows written, not the rows read.",
        ARITHMETIC,
        on_row(_speed_of_reading),
        _sees(
            lambda row: bool(
                row["outputRowCount"] > 0
                and row["runningTime"]
                and abs(row["speed"] - row["outputRowCount"] * SECOND / row["runningTime"]) > 0.01
            )
        ),
    ),
    _apart(
        "job-id-numbers-the-rows",
        "jobId, the number of an operator in its job, is the same in all of its runs.",
        CONTENT | FILTERS,
        own_rows(_numbered),
        lambda caller: len({row["jobId"] for row in caller.rows()}) > 1,
        level="C",
    ),
    _apart(
        "default-workspace-in-the-rows",
        "A row has the workspace of its operator, even if the request names none.",
        CONTENT | FILTERS,
        own_rows(_own_workspace),
        _sees(lambda row: bool(row["workspaceId"] == WORKSPACE), task_id="958113", job_name="Load orders-eu"),
        level="C",
    ),
    _apart(
        "no-parameters-counted",
        "total inside runningParam is the number of its parameters, not 0.",
        frozenset({"B-param-total", "B-running-param"}),
        on_field("runningParam", _no_parameters),
        _sees(lambda row: bool(row["runningParam"] and '"total": 0' in row["runningParam"])),
    ),
    _apart(
        "texts-of-three-bytes",
        "The job name of a row is the requested one, even if a character of it takes four bytes.",
        frozenset({"C-rows-of-job", "C-job-name-unusual", "C-nodes-chain"}),
        on_row(_texts(_three_byte_texts)),
        _sees(lambda row: bool(row["jobName"] != CHINESE), task_id=EMOJI_TASK, job_name=CHINESE),
        level="C",
    ),
    _apart(
        "tags-taken-out-of-texts",
        "The job name of a row is the requested one, even if a part of it looks like a tag.",
        frozenset({"C-rows-of-job", "C-job-name-unusual", "C-nodes-chain"}),
        on_row(_texts(_untagged)),
        _sees(lambda row: bool(row["jobName"] == "check/rows"), job_name="check/rows<stage>"),
        level="C",
    ),
    _apart(
        "rerun-has-the-id-of-the-first",
        "A rerun is a run of its own, with its own id.",
        CONTENT | PAGES,
        own_rows(_id_of_the_plan),
        lambda caller: len(set(caller.run_ids())) < len(caller.run_ids()),
        level="C",
    ),
    _apart(
        "later-pages-from-an-archive",
        "A run has the same status on every page.",
        CONTENT | PAGES,
        own_rows(_archived),
        _changes_its_status,
        level="C",
    ),
    _apart(
        "running-time-with-the-wait",
        "The running time is how long the run took, from its start to its end.",
        ARITHMETIC,
        on_row(_with_its_wait),
        _sees(lambda row: bool(row["runningTime"] and row["runningTime"] != row["endTime"] - row["startTime"])),
    ),
    _apart(
        "characters-cut-by-a-buffer",
        "A character is complete wherever it is in the response.",
        CONTENT | {"C-rows-of-job", "C-job-name-unusual", "C-offset-slice", "C-nodes-chain"},
        on_success(_by_the_buffer),
        lambda caller: "\ufffd" in json.dumps(caller.rows(task_id=EMOJI_TASK, job_name=CHINESE), ensure_ascii=False),
        level="C",
    ),
    _apart(
        "nothing-found-is-no-success",
        "The response for a window without runs is a success.",
        frozenset({"B-success-agrees", "B-message-agrees"}),
        on_page(lambda page: page if page["rows"] else {**page, "success": False}),
        lambda caller: caller.page(start_time=1, end_time=2)["success"] is False,
    ),
    _apart(
        "end-of-the-hour",
        "A run has ended at its end time, not at the end of that hour.",
        ARITHMETIC,
        on_field("endTime", lambda time: -(-time // HOUR) * HOUR),
        _sees(lambda row: bool(row["runningTime"] and row["runningTime"] != row["endTime"] - row["startTime"])),
    ),
)
