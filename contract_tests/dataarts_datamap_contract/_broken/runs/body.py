"""Bodies of pages of runs that are not JSON, or whose members have wrong types or values."""

from __future__ import annotations

import json
import re
from functools import partial
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
from dataarts_datamap_contract._broken.shared import CHINESE, EMOJI_TASK, HOUR, body_of, is_json, own_rows, without

if TYPE_CHECKING:
    from collections.abc import Callable

_first = partial(BrokenServer, level="B")
_late = partial(BrokenServer, level="B", cohort="late")
_blind = partial(BrokenServer, level="B", cohort="blind")

_COLUMN_WIDTH = 120
_TEXT_COLUMN = 65_536


def _values(caller: Caller, name: str) -> list[Any]:
    return [row.get(name) for row in caller.rows()]


def _inner(change: Callable[[Document], object]) -> Callable[[str | None], str | None]:
    """A change of the text of a JSON document; None stays None."""
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
    _first(
        "run-id-as-text",
        "taskRunningLogId is a number",
        frozenset({"B-row-shape"}),
        on_field("taskRunningLogId", str),
        lambda caller: isinstance(caller.rows()[0]["taskRunningLogId"], str),
    ),
    _first(
        "plan-time-as-date",
        "planTime is a number of milliseconds",
        frozenset({"B-row-shape"}),
        on_field("planTime", _iso),
        lambda caller: isinstance(caller.rows()[0]["planTime"], str),
    ),
    _first(
        "blank-end-of-running-run",
        "endTime is a number, even for a run that has not ended",
        frozenset({"B-row-shape"}),
        on_field("endTime", lambda time: time or ""),
        lambda caller: "" in _values(caller, "endTime"),
    ),
    _first(
        "row-counts-with-separators",
        "outputRowCount is a number",
        frozenset({"B-row-shape"}),
        on_field("outputRowCount", lambda count: f"{count:,}"),
        lambda caller: isinstance(caller.rows()[0]["outputRowCount"], str),
    ),
    _first(
        "status-as-number",
        "status is text",
        frozenset({"B-row-shape"}),
        on_field("status", len),
        lambda caller: isinstance(caller.rows()[0]["status"], int),
    ),
    _first(
        "forced-success-as-text",
        "forceSuccess is a number or a boolean",
        frozenset({"B-row-shape"}),
        on_field("forceSuccess", lambda flag: "true" if flag else "false"),
        lambda caller: "false" in _values(caller, "forceSuccess"),
    ),
    _first(
        "failed-runs-list-their-retries",
        "retryTimes is a number, even for a failed run",
        frozenset({"B-row-shape"}),
        on_row(lambda row: {**row, "retryTimes": [row["retryTimes"]]} if row["status"] == "fail" else row),
        lambda caller: any(isinstance(value, list) for value in _values(caller, "retryTimes")),
    ),
    _first(
        "total-as-text",
        "total is a number",
        frozenset({"B-page-shape"}),
        on_page(lambda page: {**page, "total": str(page["total"])}),
        lambda caller: isinstance(caller.page()["total"], str),
    ),
    _first(
        "total-minus-one-when-empty",
        "total is never negative",
        frozenset({"B-page-shape", "B-total-covers-rows"}),
        on_page(lambda page: {**page, "total": page["total"] or -1}),
        lambda caller: caller.page(task_id="1")["total"] == -1,
    ),
    _first(
        "total-missing",
        "a page has a total",
        frozenset({"B-page-shape"}),
        on_page(lambda page: without(page, "total")),
        lambda caller: "total" not in caller.page(),
    ),
    _first(
        "rows-missing-when-empty",
        "a page has rows, even if they are an empty list",
        frozenset({"B-page-shape"}),
        on_page(lambda page: page if page["rows"] else without(page, "rows")),
        lambda caller: "rows" not in caller.page(task_id="1"),
    ),
    _first(
        "rows-null-when-empty",
        "rows is a list, even on an empty page",
        frozenset({"B-page-shape"}),
        on_rows(lambda rows: rows or None),
        lambda caller: caller.page(offset=ALL)["rows"] is None,
    ),
    _first(
        "single-row-without-list",
        "rows is a list, even if it has only one row",
        frozenset({"B-page-shape"}),
        on_rows(lambda rows: rows[0] if len(rows) == 1 else rows),
        lambda caller: isinstance(caller.page(limit=1)["rows"], dict),
    ),
    _first(
        "columnar-rows",
        "a row is an object",
        frozenset({"B-page-shape", "B-row-shape"}),
        on_rows(_columnar),
        lambda caller: isinstance(caller.page()["rows"][0], list),
    ),
    _first(
        "null-behind-the-last-row",
        "no row is null",
        frozenset({"B-page-shape", "B-row-shape"}),
        on_rows(lambda rows: [*rows[:-1], None] if len(rows) > 1 else rows),
        lambda caller: caller.page()["rows"][-1] is None,
    ),
    _first(
        "success-as-text",
        "success is a boolean",
        frozenset({"B-page-shape"}),
        on_page(lambda page: {**page, "success": "true"}),
        lambda caller: caller.page()["success"] == "true",
    ),
    _first(
        "no-success-beside-rows",
        "success is not false on a page with rows",
        frozenset({"B-success-agrees"}),
        on_page(lambda page: {**page, "success": False}),
        lambda caller: caller.page()["success"] is False,
    ),
    _first(
        "message-as-object",
        "msg is text",
        frozenset({"B-page-shape", "B-message-agrees"}),
        on_page(lambda page: {**page, "msg": {"zh": "成功", "en": "success"}}),
        lambda caller: isinstance(caller.page()["msg"], dict),
    ),
    _first(
        "speed-not-a-number",
        "the body is JSON, which has no NaN",
        frozenset({"B-body-json"}),
        on_field("speed", lambda speed: speed or float("nan")),
        lambda caller: '"speed":NaN' in body_of(caller),
    ),
    _first(
        "same-key-twice-in-a-row",
        "no key of a row occurs twice",
        frozenset({"B-body-json"}),
        on_body(lambda body: body.replace('"endTime":', '"endTime":0,"endTime":')),
        lambda caller: '"endTime":0,"endTime":' in body_of(caller),
    ),
    _first(
        "body-with-byte-order-mark",
        "the body starts without a byte order mark",
        frozenset({"B-body-json"}),
        on_body(lambda body: "\ufeff" + body),
        lambda caller: body_of(caller).startswith("\ufeff"),
    ),
    _first(
        "body-as-python-prints",
        "the body is JSON, in double quotes",
        frozenset({"B-body-json"}),
        on_body(lambda body: str(json.loads(body))),
        lambda caller: body_of(caller).startswith("{'msg'"),
    ),
    _first(
        "body-encoded-twice",
        "the body is a JSON object that was encoded as text once, not twice",
        frozenset({"B-page-shape", "B-body-json"}),
        on_body(compact),
        lambda caller: isinstance(json.loads(body_of(caller)), str),
    ),
    _first(
        "body-with-trailing-comma",
        "the body is JSON, without a comma after the last row",
        frozenset({"B-body-json"}),
        on_body(lambda body: body.replace('}],"success"', '},],"success"')),
        lambda caller: '},],"success"' in body_of(caller) and not is_json(body_of(caller)),
    ),
    _first(
        "running-data-as-object",
        "runningData is text",
        frozenset({"B-row-shape", "B-running-data"}),
        on_field("runningData", lambda text: text and json.loads(text)),
        lambda caller: any(isinstance(value, dict) for value in _values(caller, "runningData")),
    ),
    _first(
        "running-data-cut-to-the-column",
        "runningData is a whole JSON document",
        frozenset({"B-running-data"}),
        on_field("runningData", lambda text: text and text[:_COLUMN_WIDTH]),
        lambda caller: not all(is_json(text) for text in _values(caller, "runningData") if text),
    ),
    _first(
        "running-data-numeric-step",
        "dliCurrentStep inside runningData is text",
        frozenset({"B-running-data"}),
        on_field(
            "runningData",
            _inner(lambda data: {**data, "dliCurrentStep": int(data["dliCurrentStep"])}),
        ),
        lambda caller: any('"dliCurrentStep":1' in text for text in _values(caller, "runningData") if text),
    ),
    _first(
        "running-parameters-by-name",
        "rows inside runningParam is a list",
        frozenset({"B-running-param"}),
        on_field(
            "runningParam",
            _inner(lambda data: {**data, "rows": {row["name"]: row["value"] for row in data["rows"]}}),
        ),
        lambda caller: isinstance(json.loads(caller.rows()[0]["runningParam"])["rows"], dict),
    ),
    _first(
        "running-parameter-values-as-lists",
        "the value of a parameter inside runningParam is text",
        frozenset({"B-running-param"}),
        on_field(
            "runningParam",
            _inner(lambda data: {**data, "rows": [{**row, "value": row["value"].split(";")} for row in data["rows"]]}),
        ),
        lambda caller: isinstance(json.loads(caller.rows()[0]["runningParam"])["rows"][0]["value"], list),
    ),
    _first(
        "running-param-as-list",
        "runningParam is a JSON object as text, not a list",
        frozenset({"B-running-param"}),
        on_field("runningParam", _inner(lambda data: data["rows"])),
        lambda caller: isinstance(json.loads(caller.rows()[0]["runningParam"]), list),
    ),
    _late(
        "half-an-emoji",
        "an emoji in the body is whole, not half of a surrogate pair",
        frozenset({"B-body-json"}),
        on_body(lambda body: body.replace("📊", "\\ud83d")),
        lambda caller: "\\ud83d" in caller.envelope(task_id=EMOJI_TASK, job_name=CHINESE)["body"],
    ),
    _late(
        "plan-time-in-seconds",
        "planTime counts milliseconds, not seconds",
        frozenset({"B-time-unit"}),
        on_field("planTime", lambda time: time // 1_000),
        lambda caller: len(str(caller.rows()[0]["planTime"])) == 10,
    ),
    _late(
        "end-time-in-microseconds",
        "endTime counts milliseconds, not microseconds",
        frozenset({"B-time-unit"}),
        on_field("endTime", lambda time: time * 1_000),
        lambda caller: len(str(caller.rows()[-1]["endTime"])) == 16,
    ),
    _late(
        "ended-before-it-started",
        "a run ends after it starts",
        frozenset({"B-time-order"}),
        on_row(_ended_first),
        lambda caller: any(0 < row["endTime"] < row["startTime"] for row in caller.rows()),
    ),
    _late(
        "unknown-counts-as-minus-two",
        "an unknown count is -1",
        frozenset({"B-count-range"}),
        on_field("failCount", lambda count: count - 1 if count < 0 else count),
        lambda caller: -2 in {row["failCount"] for row in caller.rows()},
    ),
    _late(
        "forced-success-counted",
        "forceSuccess is a flag, not a count",
        frozenset({"B-force-success"}),
        on_row(lambda row: {**row, "forceSuccess": 2 if row["status"] == "success" else row["forceSuccess"]}),
        lambda caller: 2 in {row["forceSuccess"] for row in caller.rows()},
    ),
    _late(
        "running-parameters-miscounted",
        "total inside runningParam counts its rows",
        frozenset({"B-param-total"}),
        on_field("runningParam", _one_more),
        lambda caller: json.loads(caller.rows()[0]["runningParam"])["total"] == 2,
    ),
    _late(
        "success-with-an-error-message",
        "msg reports no error if success is true",
        frozenset({"B-message-agrees"}),
        on_page(lambda page: {**page, "msg": "query timed out, partial result"}),
        lambda caller: "timed out" in caller.page()["msg"] and caller.page()["success"],
    ),
    _late(
        "running-data-key-twice",
        "no key of runningData occurs twice",
        frozenset({"B-running-data"}),
        on_field("runningData", lambda text: text and text.replace('"jobId":', '"jobId":"","jobId":', 1)),
        lambda caller: any('"jobId":"","jobId"' in (row["runningData"] or "") for row in caller.rows()),
    ),
    _late(
        "run-id-as-text-from-the-second-page",
        "taskRunningLogId is a number on every page",
        frozenset({"B-row-shape"}),
        own_rows(_text_ids_from_the_second_page),
        lambda caller: isinstance(caller.page(offset=10)["rows"][0]["taskRunningLogId"], str),
    ),
    _blind(
        "end-time-in-local-time",
        "endTime is in UTC, like startTime",
        frozenset({"B-time-order"}),
        on_field("endTime", lambda time: time - 8 * HOUR if time else time),
        lambda caller: any(0 < row["endTime"] < row["startTime"] for row in caller.rows()),
    ),
    _blind(
        "body-cut-at-64-k",
        "a body is complete, even a long one",
        frozenset({"B-body-json"}),
        on_body(lambda body: body[:_TEXT_COLUMN]),
        lambda caller: len(caller.envelope(limit=100)["body"]) == _TEXT_COLUMN,
    ),
    _blind(
        "counts-with-leading-zeros",
        "a number has no leading zeros",
        frozenset({"B-body-json"}),
        on_body(lambda body: re.sub(r'("retryTimes":)([0-9])', r"\g<1>0\2", body)),
        lambda caller: '"retryTimes":00' in caller.envelope()["body"],
    ),
    _blind(
        "raw-newlines-inside-running-data",
        "a newline inside runningData's document is escaped",
        frozenset({"B-running-data"}),
        on_field("runningData", lambda text: text and text.replace("\\n", "\n")),
        lambda caller: any("\n" in (row["runningData"] or "") for row in caller.rows()),
    ),
    _blind(
        "no-success-without-rows",
        "a valid request that finds nothing is a success",
        frozenset({"B-success-agrees"}),
        on_page(_nothing_found),
        lambda caller: caller.page(offset=9_999)["success"] is False,
    ),
    _blind(
        "running-time-backwards",
        "runningTime is never negative, except for -1",
        frozenset({"B-count-range"}),
        on_row(lambda row: {**row, "runningTime": row["startTime"] - row["endTime"]}),
        lambda caller: min(row["runningTime"] for row in caller.rows()) < -1,
    ),
)
