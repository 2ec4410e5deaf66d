"""Levels B and C: runs with wrong fields, or fields that change on their way."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final
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
from dataarts_datamap_contract._broken.shared import CHINESE, EMOJI_TASK, HOUR, SECOND, own_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller

_broken = partial(BrokenServer, level="B", cohort="apart")

_BERLIN = ZoneInfo("Europe/Berlin")
_BUFFER = 512
_TIMES = ("planTime", "submitTime", "startTime", "endTime")
_NOT_OVER = frozenset({"waiting", "waiting-confirm", "running", "pause", "running-exception"})
_WORKSPACE = "b88c445407b24283aa949f9833a38fd8"
_RARE: Final = {"task_id": "971001", "job_name": "rare runs"}
_SATURDAY = 5


def _counted_up(row: Document) -> Document:
    if row["endTime"] or not row["startTime"]:
        return row
    present = int(datetime.now(UTC).timestamp()) * SECOND
    return {**row, "runningTime": abs(present - row["startTime"])}


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
    return rows if "workspace_id" in values else [{**row, "workspaceId": _WORKSPACE} for row in rows]


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
    """All runs of a plan time have the id of the first."""
    first: dict[int, int] = {}
    for row in whole(perform, values)["rows"]:
        first[row["planTime"]] = min(row["taskRunningLogId"], first.get(row["planTime"], row["taskRunningLogId"]))
    return [{**row, "taskRunningLogId": first[row["planTime"]]} for row in page["rows"]]


def _archived(page: Document, values: Values, _: Perform) -> list[Document]:
    """Later pages come from an archive, in which a running run is a success."""
    rows: list[Document] = page["rows"]
    if not int(values["offset"]):
        return rows
    return [{**row, "status": "success"} if row["status"] in _NOT_OVER else row for row in rows]


def _with_its_wait(row: Document) -> Document:
    return {**row, "runningTime": row["endTime"] - row["submitTime"]} if row["runningTime"] else row


def _by_the_buffer(response: Response) -> Response:
    """The text is decoded buffer by buffer, and a character across the edge is lost."""
    chunks = [response.body[first : first + _BUFFER] for first in range(0, len(response.body), _BUFFER)]
    return write(response, "".join(chunk.decode(errors="replace") for chunk in chunks).encode())


def _sees(when: Callable[[Document], bool], **query: str | int) -> Callable[[Caller], bool]:
    """Whether a row of the operator satisfies a condition."""
    return lambda caller: any(when(row) for row in caller.rows(**query))


def _is_moved(caller: Caller) -> bool:
    """Whether a run is missing in a window around the time that it shows."""
    plans = {row["taskRunningLogId"]: row["planTime"] for row in caller.rows(**_RARE)}
    return any(run not in caller.run_ids(**_RARE, start_time=plan, end_time=plan) for run, plan in plans.items())


def _changes_its_status(caller: Caller) -> bool:
    first = {row["taskRunningLogId"]: row["status"] for row in caller.rows(limit=10)}
    later = {row["taskRunningLogId"]: row["status"] for row in caller.rows(limit=10, offset=1)}
    return any(first[run] != later[run] for run in first.keys() & later)


BROKEN_SERVERS: tuple[BrokenServer, ...] = (
    _broken(
        name="running-time-counts-up",
        rule="The running time does not grow while a run is running.",
        checks=ARITHMETIC | CONTENT,
        seam=on_row(_counted_up),
        shown=_sees(lambda row: bool(row["runningTime"] and not row["endTime"])),
    ),
    _broken(
        name="planned-start-is-a-start",
        rule="A waiting run has no start time.",
        checks=ARITHMETIC,
        seam=on_row(_planned_start),
        shown=_sees(lambda row: bool(row["status"] == "waiting" and row["startTime"])),
    ),
    _broken(
        name="summer-an-hour-early",
        level="C",
        rule="Times are in UTC, even in summer.",
        checks=WINDOWS | CONTENT | {"C-window-start", "C-window-end"},
        seam=on_row(lambda row: _moved(row, _summer_time)),
        shown=_is_moved,
    ),
    _broken(
        name="year-of-the-week",
        level="C",
        rule="The last days of December belong to their own year.",
        checks=WINDOWS | CONTENT | {"C-window-start", "C-window-end"},
        seam=on_row(lambda row: _moved(row, _week_year)),
        shown=_is_moved,
    ),
    _broken(
        name="speed-of-reading",
        rule="The speed counts the rows written, not the rows read.",
        checks=ARITHMETIC,
        seam=on_row(_speed_of_reading),
        shown=_sees(
            lambda row: bool(
                row["outputRowCount"] > 0
                and row["runningTime"]
                and abs(row["speed"] - row["outputRowCount"] * SECOND / row["runningTime"]) > 0.01
            )
        ),
    ),
    _broken(
        name="job-id-numbers-the-rows",
        level="C",
        rule="The ordinal of an operator in its job is the same in all of its runs.",
        checks=CONTENT | FILTERS,
        seam=own_rows(_numbered),
        shown=lambda caller: len({row["jobId"] for row in caller.rows()}) > 1,
    ),
    _broken(
        name="default-workspace-in-the-rows",
        level="C",
        rule="A row has the workspace of its operator, even if the request names none.",
        checks=CONTENT | FILTERS,
        seam=own_rows(_own_workspace),
        shown=_sees(lambda row: bool(row["workspaceId"] == _WORKSPACE), task_id="958113", job_name="Load orders-eu"),
    ),
    _broken(
        name="no-parameters-counted",
        rule="The total of the running parameters is their number.",
        checks=frozenset({"B-param-total", "B-running-param"}),
        seam=on_field("runningParam", _no_parameters),
        shown=_sees(lambda row: bool(row["runningParam"] and '"total": 0' in row["runningParam"])),
    ),
    _broken(
        name="texts-of-three-bytes",
        level="C",
        rule="The job name of a row is the requested one, even if a character of it takes four bytes.",
        checks=frozenset({"C-rows-of-job", "C-job-name-unusual", "C-nodes-chain"}),
        seam=on_row(_texts(_three_byte_texts)),
        shown=_sees(lambda row: bool(row["jobName"] != CHINESE), task_id=EMOJI_TASK, job_name=CHINESE),
    ),
    _broken(
        name="tags-taken-out-of-texts",
        level="C",
        rule="The job name of a row is the requested one, even if it looks like a tag.",
        checks=frozenset({"C-rows-of-job", "C-job-name-unusual", "C-nodes-chain"}),
        seam=on_row(_texts(_untagged)),
        shown=_sees(lambda row: bool(row["jobName"] == "check/rows"), job_name="check/rows<stage>"),
    ),
    _broken(
        name="rerun-has-the-id-of-the-first",
        level="C",
        rule="A rerun is a run of its own, with its own id.",
        checks=CONTENT | PAGES,
        seam=own_rows(_id_of_the_plan),
        shown=lambda caller: len(set(caller.run_ids())) < len(caller.run_ids()),
    ),
    _broken(
        name="later-pages-from-an-archive",
        level="C",
        rule="A run has the same status on whichever page it is.",
        checks=CONTENT | PAGES,
        seam=own_rows(_archived),
        shown=_changes_its_status,
    ),
    _broken(
        name="running-time-with-the-wait",
        rule="The running time is how long the run took, from its start to its end.",
        checks=ARITHMETIC,
        seam=on_row(_with_its_wait),
        shown=_sees(lambda row: bool(row["runningTime"] and row["runningTime"] != row["endTime"] - row["startTime"])),
    ),
    _broken(
        name="characters-cut-by-a-buffer",
        level="C",
        rule="A character is complete wherever it is in the response.",
        checks=CONTENT | {"C-rows-of-job", "C-job-name-unusual", "C-offset-slice", "C-nodes-chain"},
        seam=on_success(_by_the_buffer),
        shown=lambda caller: (
            "\ufffd" in json.dumps(caller.rows(task_id=EMOJI_TASK, job_name=CHINESE), ensure_ascii=False)
        ),
    ),
    _broken(
        name="nothing-found-is-no-success",
        rule="The response for a window without runs is a success.",
        checks=frozenset({"B-success-agrees", "B-message-agrees"}),
        seam=on_page(lambda page: page if page["rows"] else {**page, "success": False}),
        shown=lambda caller: caller.page(start_time=1, end_time=2)["success"] is False,
    ),
    _broken(
        name="end-of-the-hour",
        rule="A run has ended at its end time, not at the end of that hour.",
        checks=ARITHMETIC,
        seam=on_field("endTime", lambda time: -(-time // HOUR) * HOUR),
        shown=_sees(lambda row: bool(row["runningTime"] and row["runningTime"] != row["endTime"] - row["startTime"])),
    ),
)
