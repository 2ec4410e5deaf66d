"""Level B: the decoded body."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.caller import ALL, Caller
from dataarts_datamap_contract._broken.seams import (
    Document,
    Perform,
    Values,
    compact,
    on_body,
    on_field,
    on_page,
    on_row,
    on_rows,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import CHINESE, EMOJI_TASK, HOUR, own_rows, without

if TYPE_CHECKING:
    from collections.abc import Callable

_COLUMN_WIDTH = 120
_TEXT_COLUMN = 65_536


def _body(caller: Caller, **query: str | int) -> str:
    body: str = caller.envelope(**query)["body"]
    return body


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _values(caller: Caller, name: str) -> list[Any]:
    return [row.get(name) for row in caller.rows()]


def _inner(change: Callable[[Document], object]) -> Callable[[str | None], str | None]:
    """A change of a document inside a row; a row without that document stays as it is."""
    return lambda text: text and compact(change(json.loads(text)))


def _columnar(rows: list[dict[str, Any]]) -> list[Any]:
    return [list(rows[0]), *(list(row.values()) for row in rows)] if rows else []


def _iso(time: int) -> str:
    return f"2024-01-15T00:00:00.{time % 1000:03d}Z"


def _ended_first(row: Document) -> Document:
    if not (row["startTime"] and row["endTime"]):
        return row
    return {**row, "startTime": row["endTime"], "endTime": row["startTime"]}


def _one_more(text: str) -> str:
    parameters = json.loads(text)
    return json.dumps({**parameters, "total": parameters["total"] + 1})


def _text_ids_from_the_second_page(page: Document, values: Values, _: Perform) -> list[Document]:
    rows: list[Document] = page["rows"]
    return [{**row, "taskRunningLogId": str(row["taskRunningLogId"])} for row in rows] if values["offset"] else rows


def _nothing_found(page: Document) -> Document:
    return page if page["rows"] else {**page, "success": False, "msg": "no data"}


BROKEN_SERVERS = (
    BrokenServer(
        name="run-id-as-text",
        level="B",
        rule="taskRunningLogId is a number",
        checks=frozenset({"B-row-shape"}),
        seam=on_field("taskRunningLogId", str),
        shown=lambda caller: isinstance(caller.rows()[0]["taskRunningLogId"], str),
    ),
    BrokenServer(
        name="plan-time-as-date",
        level="B",
        rule="planTime is a number of milliseconds",
        checks=frozenset({"B-row-shape"}),
        seam=on_field("planTime", _iso),
        shown=lambda caller: isinstance(caller.rows()[0]["planTime"], str),
    ),
    BrokenServer(
        name="blank-end-of-running-run",
        level="B",
        rule="endTime is a number, also for a run that has not ended",
        checks=frozenset({"B-row-shape"}),
        seam=on_field("endTime", lambda time: time or ""),
        shown=lambda caller: "" in _values(caller, "endTime"),
    ),
    BrokenServer(
        name="row-counts-with-separators",
        level="B",
        rule="outputRowCount is a number",
        checks=frozenset({"B-row-shape"}),
        seam=on_field("outputRowCount", lambda count: f"{count:,}"),
        shown=lambda caller: isinstance(caller.rows()[0]["outputRowCount"], str),
    ),
    BrokenServer(
        name="status-as-number",
        level="B",
        rule="status is text",
        checks=frozenset({"B-row-shape"}),
        seam=on_field("status", len),
        shown=lambda caller: isinstance(caller.rows()[0]["status"], int),
    ),
    BrokenServer(
        name="forced-success-as-text",
        level="B",
        rule="forceSuccess is a number or a boolean",
        checks=frozenset({"B-row-shape"}),
        seam=on_field("forceSuccess", lambda flag: "true" if flag else "false"),
        shown=lambda caller: "false" in _values(caller, "forceSuccess"),
    ),
    BrokenServer(
        name="failed-runs-list-their-retries",
        level="B",
        rule="retryTimes is a number, also for a failed run",
        checks=frozenset({"B-row-shape"}),
        seam=on_row(lambda row: {**row, "retryTimes": [row["retryTimes"]]} if row["status"] == "fail" else row),
        shown=lambda caller: any(isinstance(value, list) for value in _values(caller, "retryTimes")),
    ),
    BrokenServer(
        name="total-as-text",
        level="B",
        rule="total is a number",
        checks=frozenset({"B-page-shape"}),
        seam=on_page(lambda page: {**page, "total": str(page["total"])}),
        shown=lambda caller: isinstance(caller.page()["total"], str),
    ),
    BrokenServer(
        name="total-minus-one-when-empty",
        level="B",
        rule="total is never negative",
        checks=frozenset({"B-page-shape", "B-total-covers-rows"}),
        seam=on_page(lambda page: {**page, "total": page["total"] or -1}),
        shown=lambda caller: caller.page(task_id="1")["total"] == -1,
    ),
    BrokenServer(
        name="total-missing",
        level="B",
        rule="a page has a total",
        checks=frozenset({"B-page-shape"}),
        seam=on_page(lambda page: without(page, "total")),
        shown=lambda caller: "total" not in caller.page(),
    ),
    BrokenServer(
        name="rows-missing-when-empty",
        level="B",
        rule="a page has a member rows, which may be an empty list",
        checks=frozenset({"B-page-shape"}),
        seam=on_page(lambda page: page if page["rows"] else without(page, "rows")),
        shown=lambda caller: "rows" not in caller.page(task_id="1"),
    ),
    BrokenServer(
        name="rows-null-when-empty",
        level="B",
        rule="rows is a list, also on an empty page",
        checks=frozenset({"B-page-shape"}),
        seam=on_rows(lambda rows: rows or None),
        shown=lambda caller: caller.page(offset=ALL)["rows"] is None,
    ),
    BrokenServer(
        name="single-row-without-list",
        level="B",
        rule="rows is a list, also of one row",
        checks=frozenset({"B-page-shape"}),
        seam=on_rows(lambda rows: rows[0] if len(rows) == 1 else rows),
        shown=lambda caller: isinstance(caller.page(limit=1)["rows"], dict),
    ),
    BrokenServer(
        name="columnar-rows",
        level="B",
        rule="a row is an object",
        checks=frozenset({"B-page-shape", "B-row-shape"}),
        seam=on_rows(_columnar),
        shown=lambda caller: isinstance(caller.page()["rows"][0], list),
    ),
    BrokenServer(
        name="null-behind-the-last-row",
        level="B",
        rule="no row is null",
        checks=frozenset({"B-page-shape", "B-row-shape"}),
        seam=on_rows(lambda rows: [*rows[:-1], None] if len(rows) > 1 else rows),
        shown=lambda caller: caller.page()["rows"][-1] is None,
    ),
    BrokenServer(
        name="success-as-text",
        level="B",
        rule="success is a boolean",
        checks=frozenset({"B-page-shape"}),
        seam=on_page(lambda page: {**page, "success": "true"}),
        shown=lambda caller: caller.page()["success"] == "true",
    ),
    BrokenServer(
        name="no-success-beside-rows",
        level="B",
        rule="success agrees with the status and the rows",
        checks=frozenset({"B-success-agrees"}),
        seam=on_page(lambda page: {**page, "success": False}),
        shown=lambda caller: caller.page()["success"] is False,
    ),
    BrokenServer(
        name="message-as-object",
        level="B",
        rule="msg is text",
        checks=frozenset({"B-page-shape", "B-message-agrees"}),
        seam=on_page(lambda page: {**page, "msg": {"zh": "成功", "en": "success"}}),
        shown=lambda caller: isinstance(caller.page()["msg"], dict),
    ),
    BrokenServer(
        name="speed-not-a-number",
        level="B",
        rule="the body is JSON, which has no NaN",
        checks=frozenset({"B-body-json"}),
        seam=on_field("speed", lambda speed: speed or float("nan")),
        shown=lambda caller: '"speed":NaN' in _body(caller),
    ),
    BrokenServer(
        name="same-key-twice-in-a-row",
        level="B",
        rule="no key of a row occurs twice",
        checks=frozenset({"B-body-json"}),
        seam=on_body(lambda body: body.replace('"endTime":', '"endTime":0,"endTime":')),
        shown=lambda caller: '"endTime":0,"endTime":' in _body(caller),
    ),
    BrokenServer(
        name="body-with-byte-order-mark",
        level="B",
        rule="the body starts without a byte order mark",
        checks=frozenset({"B-body-json"}),
        seam=on_body(lambda body: "\ufeff" + body),
        shown=lambda caller: _body(caller).startswith("\ufeff"),
    ),
    BrokenServer(
        name="body-as-python-prints",
        level="B",
        rule="the body is JSON, in double quotes",
        checks=frozenset({"B-body-json"}),
        seam=on_body(lambda body: str(json.loads(body))),
        shown=lambda caller: _body(caller).startswith("{'msg'"),
    ),
    BrokenServer(
        name="body-encoded-twice",
        level="B",
        rule="the body is an object as text, not a text as text",
        checks=frozenset({"B-page-shape", "B-body-json"}),
        seam=on_body(compact),
        shown=lambda caller: isinstance(json.loads(_body(caller)), str),
    ),
    BrokenServer(
        name="body-with-trailing-comma",
        level="B",
        rule="the body is JSON, without a comma after the last row",
        checks=frozenset({"B-body-json"}),
        seam=on_body(lambda body: body.replace('}],"success"', '},],"success"')),
        shown=lambda caller: '},],"success"' in _body(caller) and not _is_json(_body(caller)),
    ),
    BrokenServer(
        name="running-data-as-object",
        level="B",
        rule="runningData is text",
        checks=frozenset({"B-row-shape", "B-running-data"}),
        seam=on_field("runningData", lambda text: text and json.loads(text)),
        shown=lambda caller: any(isinstance(value, dict) for value in _values(caller, "runningData")),
    ),
    BrokenServer(
        name="running-data-cut-to-the-column",
        level="B",
        rule="runningData is a whole JSON document",
        checks=frozenset({"B-running-data"}),
        seam=on_field("runningData", lambda text: text and text[:_COLUMN_WIDTH]),
        shown=lambda caller: not all(_is_json(text) for text in _values(caller, "runningData") if text),
    ),
    BrokenServer(
        name="running-data-numeric-step",
        level="B",
        rule="dliCurrentStep inside runningData is text",
        checks=frozenset({"B-running-data"}),
        seam=on_field(
            "runningData",
            _inner(lambda data: {**data, "dliCurrentStep": int(data["dliCurrentStep"])}),
        ),
        shown=lambda caller: any('"dliCurrentStep":1' in text for text in _values(caller, "runningData") if text),
    ),
    BrokenServer(
        name="running-parameters-by-name",
        level="B",
        rule="rows inside runningParam is a list",
        checks=frozenset({"B-running-param"}),
        seam=on_field(
            "runningParam",
            _inner(lambda data: {**data, "rows": {row["name"]: row["value"] for row in data["rows"]}}),
        ),
        shown=lambda caller: isinstance(json.loads(caller.rows()[0]["runningParam"])["rows"], dict),
    ),
    BrokenServer(
        name="running-parameter-values-as-lists",
        level="B",
        rule="the value of a parameter inside runningParam is text",
        checks=frozenset({"B-running-param"}),
        seam=on_field(
            "runningParam",
            _inner(lambda data: {**data, "rows": [{**row, "value": row["value"].split(";")} for row in data["rows"]]}),
        ),
        shown=lambda caller: isinstance(json.loads(caller.rows()[0]["runningParam"])["rows"][0]["value"], list),
    ),
    BrokenServer(
        name="running-param-as-list",
        level="B",
        rule="runningParam is the text of an object",
        checks=frozenset({"B-running-param"}),
        seam=on_field("runningParam", _inner(lambda data: data["rows"])),
        shown=lambda caller: isinstance(json.loads(caller.rows()[0]["runningParam"]), list),
    ),
    BrokenServer(
        name="half-an-emoji",
        level="B",
        rule="text is cut between characters, not inside one",
        checks=frozenset({"B-body-json"}),
        seam=on_body(lambda body: body.replace("📊", "\\ud83d")),
        shown=lambda caller: "\\ud83d" in caller.envelope(task_id=EMOJI_TASK, job_name=CHINESE)["body"],
        cohort="late",
    ),
    BrokenServer(
        name="plan-time-in-seconds",
        level="B",
        rule="planTime counts milliseconds, not seconds",
        checks=frozenset({"B-time-unit"}),
        seam=on_field("planTime", lambda time: time // 1_000),
        shown=lambda caller: len(str(caller.rows()[0]["planTime"])) == 10,
        cohort="late",
    ),
    BrokenServer(
        name="end-time-in-microseconds",
        level="B",
        rule="endTime counts milliseconds, not microseconds",
        checks=frozenset({"B-time-unit"}),
        seam=on_field("endTime", lambda time: time * 1_000),
        shown=lambda caller: len(str(caller.rows()[-1]["endTime"])) == 16,
        cohort="late",
    ),
    BrokenServer(
        name="ended-before-it-started",
        level="B",
        rule="a run ends after it starts",
        checks=frozenset({"B-time-order"}),
        seam=on_row(_ended_first),
        shown=lambda caller: any(0 < row["endTime"] < row["startTime"] for row in caller.rows()),
        cohort="late",
    ),
    BrokenServer(
        name="unknown-counts-as-minus-two",
        level="B",
        rule="an unknown count is -1",
        checks=frozenset({"B-count-range"}),
        seam=on_field("failCount", lambda count: count - 1 if count < 0 else count),
        shown=lambda caller: -2 in {row["failCount"] for row in caller.rows()},
        cohort="late",
    ),
    BrokenServer(
        name="forced-success-counted",
        level="B",
        rule="forceSuccess says yes or no",
        checks=frozenset({"B-force-success"}),
        seam=on_row(lambda row: {**row, "forceSuccess": 2 if row["status"] == "success" else row["forceSuccess"]}),
        shown=lambda caller: 2 in {row["forceSuccess"] for row in caller.rows()},
        cohort="late",
    ),
    BrokenServer(
        name="running-parameters-miscounted",
        level="B",
        rule="total inside runningParam counts its rows",
        checks=frozenset({"B-param-total"}),
        seam=on_field("runningParam", _one_more),
        shown=lambda caller: json.loads(caller.rows()[0]["runningParam"])["total"] == 2,
        cohort="late",
    ),
    BrokenServer(
        name="success-with-an-error-message",
        level="B",
        rule="msg agrees with success",
        checks=frozenset({"B-message-agrees"}),
        seam=on_page(lambda page: {**page, "msg": "query timed out, partial result"}),
        shown=lambda caller: "timed out" in caller.page()["msg"] and caller.page()["success"],
        cohort="late",
    ),
    BrokenServer(
        name="running-data-key-twice",
        level="B",
        rule="no key of runningData occurs twice",
        checks=frozenset({"B-running-data"}),
        seam=on_field("runningData", lambda text: text and text.replace('"jobId":', '"jobId":"","jobId":', 1)),
        shown=lambda caller: any('"jobId":"","jobId"' in (row["runningData"] or "") for row in caller.rows()),
        cohort="late",
    ),
    BrokenServer(
        name="run-id-as-text-from-the-second-page",
        level="B",
        rule="taskRunningLogId is a number on every page",
        checks=frozenset({"B-row-shape"}),
        seam=own_rows(_text_ids_from_the_second_page),
        shown=lambda caller: isinstance(caller.page(offset=10)["rows"][0]["taskRunningLogId"], str),
        cohort="late",
    ),
    BrokenServer(
        name="end-time-in-local-time",
        level="B",
        rule="endTime is in UTC, like startTime",
        checks=frozenset({"B-time-order"}),
        seam=on_field("endTime", lambda time: time - 8 * HOUR if time else time),
        shown=lambda caller: any(0 < row["endTime"] < row["startTime"] for row in caller.rows()),
        cohort="blind",
    ),
    BrokenServer(
        name="body-cut-at-64-k",
        level="B",
        rule="a body is complete, even a long one",
        checks=frozenset({"B-body-json"}),
        seam=on_body(lambda body: body[:_TEXT_COLUMN]),
        shown=lambda caller: len(caller.envelope(limit=100)["body"]) == _TEXT_COLUMN,
        cohort="blind",
    ),
    BrokenServer(
        name="counts-with-leading-zeros",
        level="B",
        rule="a number has no leading zeros",
        checks=frozenset({"B-body-json"}),
        seam=on_body(lambda body: re.sub(r'("retryTimes":)([0-9])', r"\g<1>0\2", body)),
        shown=lambda caller: '"retryTimes":00' in caller.envelope()["body"],
        cohort="blind",
    ),
    BrokenServer(
        name="raw-newlines-inside-running-data",
        level="B",
        rule="a newline inside runningData's document is escaped",
        checks=frozenset({"B-running-data"}),
        seam=on_field("runningData", lambda text: text and text.replace("\\n", "\n")),
        shown=lambda caller: any("\n" in (row["runningData"] or "") for row in caller.rows()),
        cohort="blind",
    ),
    BrokenServer(
        name="no-success-without-rows",
        level="B",
        rule="a valid request that finds nothing is a success",
        checks=frozenset({"B-success-agrees"}),
        seam=on_page(_nothing_found),
        shown=lambda caller: caller.page(offset=9_999)["success"] is False,
        cohort="blind",
    ),
    BrokenServer(
        name="running-time-backwards",
        level="B",
        rule="runningTime is never negative, except for -1",
        checks=frozenset({"B-count-range"}),
        seam=on_row(lambda row: {**row, "runningTime": row["startTime"] - row["endTime"]}),
        shown=lambda caller: min(row["runningTime"] for row in caller.rows()) < -1,
        cohort="blind",
    ),
)
