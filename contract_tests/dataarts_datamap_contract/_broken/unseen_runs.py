"""Levels A to E: mistakes in runs and operators, written from the specification and the seams."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract._broken.caller import ALL, MAX_TIME, Caller
from dataarts_datamap_contract._broken.relations import CONTENT, FILTERS, OPERATORS, PAGES, TOTALS, WINDOWS
from dataarts_datamap_contract._broken.seams import (
    NODES,
    RUNS,
    Document,
    Perform,
    Seam,
    Values,
    cut,
    on_arguments,
    on_body,
    on_credentials,
    on_document,
    on_listing,
    on_operators,
    on_page,
    on_request,
    on_row,
    on_rows,
    on_whole,
    on_wire,
    refuse_on,
    whole,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import DAY, HOUR, SECOND, own_rows, own_total
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from starlette.types import Scope

    from dataarts_datamap_contract._broken.seams import Response
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_SIZES = (10, 20, 50, 100)
_MINUTE = 60 * SECOND
_CHINESE_DAY = 16 * HOUR


def _length(values: Values) -> int:
    return int(values["end_time"]) - int(values["start_time"])


def _one_as_object(rows: list[Document]) -> object:
    """A list of one item is written as that item, as by converters from XML."""
    return rows[0] if len(rows) == 1 else rows


def _whole_seconds(values: Values) -> Values:
    return {**values, "start_time": int(values["start_time"]) // SECOND * SECOND}


def _to_the_minute(values: Values) -> Values:
    return {**values, "end_time": min(-(-int(values["end_time"]) // _MINUTE) * _MINUTE, MAX_TIME)}


def _whole_chinese_days(values: Values) -> Values:
    """A window that starts at midnight in China begins a day early, as if it were a date."""
    start = int(values["start_time"])
    return {**values, "start_time": max(start - DAY, 0)} if start % DAY == _CHINESE_DAY and start else values


def _offered_size(values: Values) -> Values:
    """The limit is lowered to a page size that the console offers."""
    limit = int(values["limit"])
    return {**values, "limit": max((size for size in _SIZES if size <= limit), default=limit)}


def _narrow_offset(values: Values) -> Values:
    return {**values, "offset": int(values["offset"]) % 2**8}


def _latest_of_each_plan(rows: list[Document], values: Values) -> list[Document]:
    """A long window has only the first run of each plan time."""
    if _length(values) < 5 * DAY:
        return rows
    return list({row["planTime"]: row for row in reversed(rows)}.values())[::-1]


def _odd_limits_turn_ties(perform: Perform, values: Values) -> Document:
    """Runs of the same plan time are in another order if the page has an odd number of runs."""
    everything = whole(perform, values)
    rows = everything["rows"]
    if int(values["limit"]) % 2:
        rows = sorted(rows, key=lambda row: (-row["planTime"], row["taskRunningLogId"]))
    return {**everything, "rows": cut(rows, values)}


def _started_only(page: Document, values: Values, perform: Perform) -> int:
    return sum(row["startTime"] > 0 for row in whole(perform, values)["rows"]) or page["total"]


def _capped_total(page: Document, _: Values, __: Perform) -> int:
    return min(int(page["total"]), 250)


def _skipping_frozen(perform: Perform, values: Values) -> Document:
    """From the second page on, skipped runs are not shown."""
    page = perform(values)
    kept = [row for row in page["rows"] if not row["status"].startswith("skip")]
    return {**page, "rows": kept if int(values["offset"]) else page["rows"]}


def _question_marks(row: Document) -> Document:
    return {**row, "jobName": row["jobName"].encode("latin-1", "replace").decode("latin-1")}


def _any_case(name: str, own: str) -> Seam:
    """An id in capitals counts as the server's own."""

    def alter(operation: Any, config: MockConfig) -> Any:  # noqa: ANN401  a declared operation
        def perform(arguments: Any) -> bytes:  # noqa: ANN401  arguments
            value = str(arguments.values.get(name, ""))
            real = str(getattr(config, own))
            values = {**arguments.values, name: real} if value.lower() == real.lower() else arguments.values
            return bytes(operation.perform(replace(arguments, values=values)))

        return replace(operation, perform=perform)

    return Seam(alter)


def _workspace_in_any_case(values: Values) -> Values:
    return {**values, "workspace_id": str(values["workspace_id"]).lower()} if "workspace_id" in values else values


def _blank_parameters_unsigned(request: RequestParts, config: MockConfig) -> RequestParts:
    """A parameter with an empty value is left out of the signature."""
    _ = config
    if not request.header("Authorization"):
        return request
    pairs = [pair for pair in request.query.split(b"&") if not pair.endswith(b"=")]
    return replace(request, query=b"&".join(pairs))


def _keystone(scope: Scope, response: Response) -> Response:
    """Errors about credentials have the form of the identity service."""
    _ = scope
    if response.status != 401:
        return response
    message = response.json().get("error_msg")
    error = {"error": {"message": message, "code": 401, "title": "Unauthorized"}}
    return write(response, json.dumps(error).encode())


def _with_a_body(scope: Scope, response: Response) -> Response:
    """OPTIONS makes the gateway fail."""
    if scope["method"] != "OPTIONS":
        return response
    return write(response, b'{"error_code":"APIGW.0601","error_msg":"Internal server error"}', status=500)


def _numbers_as_floats(body: str) -> str:
    document = json.loads(body)
    rows = [{**row, "taskRunningLogId": f"{row['taskRunningLogId']:.4E}"} for row in document["rows"]]
    return json.dumps({**document, "rows": rows})


def _first_workspace(operators: list[Document]) -> list[Document]:
    return [each for each in operators if each["workspace_id"] == operators[0]["workspace_id"]]


def _whole_days_total(page: Document, values: Values, perform: Perform) -> int:
    """The total is that of whole days, as in statistics."""
    start, end = int(values["start_time"]), int(values["end_time"])
    if end - start > 3 * DAY or start == end:
        return int(page["total"])
    wider = {**values, "start_time": start // DAY * DAY, "end_time": min(end // DAY * DAY + DAY - 1, MAX_TIME)}
    return int(perform({**wider, "offset": 0, "limit": 1})["total"])


def _large_ids(rows: list[Document], values: Values) -> list[Document]:
    """Ids pass through a 32-bit float if a page is large."""
    if int(values["limit"]) < 30:
        return rows
    return [{**row, "taskRunningLogId": row["taskRunningLogId"] // 16 * 16} for row in rows]


def _no_apostrophe(request: RequestParts) -> RequestParts:
    if b"%27" in request.query or b"'" in request.query:
        raise HttpError(500, "DLG.0500", "Internal server error")
    return request


def _total(caller: Caller, **query: Any) -> int:  # noqa: ANN401  parameters
    return int(caller.page(**query)["total"])


def _plan(caller: Caller) -> int:
    """The plan time of a run in the middle: a whole minute, and so a whole second."""
    return int(caller.rows()[40]["planTime"])


def _shows_before(caller: Caller) -> bool:
    time = _plan(caller)
    return _total(caller, start_time=time + 1, end_time=time + 1) > 0


def _shows_after(caller: Caller) -> bool:
    time = _plan(caller)
    return _total(caller, start_time=time - 5, end_time=time - 1) > 0


def _midnight(caller: Caller) -> int:
    """A midnight in China, with runs before and after it."""
    return _plan(caller) // DAY * DAY - DAY + _CHINESE_DAY


def _hour_total(caller: Caller) -> int:
    time = _plan(caller)
    return _total(caller, start_time=time - 1, end_time=time + 1)


def _signed_without(caller: Caller) -> Response:
    """A request to which a blank parameter was added after it was signed."""
    target = caller.runs_target()
    return caller.get(f"{target}&workspace_id=", caller.signed(target))


BROKEN_SERVERS: Final = (
    BrokenServer(
        name="row-instead-of-rows-of-one",
        level="B",
        rule="rows are an array, even if there is only one",
        checks=frozenset({"B-page-shape"}),
        seam=on_rows(_one_as_object),
        shown=lambda caller: isinstance(caller.page(limit=1)["rows"], dict),
        cohort="unseen",
    ),
    BrokenServer(
        name="body-with-a-nul-at-its-end",
        level="B",
        rule="the body string is a JSON document and nothing after it",
        checks=frozenset({"B-body-json"}),
        seam=on_body(lambda body: f"{body}\0"),
        shown=lambda caller: caller.envelope()["body"].endswith("\0"),
        cohort="unseen",
    ),
    BrokenServer(
        name="no-success-without-runs",
        level="B",
        rule="a window without runs causes no failure",
        checks=frozenset({"B-success-agrees"}),
        seam=on_page(lambda page: {**page, "success": bool(page["rows"])}),
        shown=lambda caller: caller.page(start_time=0, end_time=0)["success"] is False,
        cohort="unseen",
    ),
    BrokenServer(
        name="ids-with-an-exponent",
        level="B",
        rule="the id of a run is an integer",
        checks=frozenset({"B-row-shape"}),
        seam=on_body(_numbers_as_floats),
        shown=lambda caller: "E+" in str(caller.rows(limit=1)[0]["taskRunningLogId"]),
        cohort="unseen",
    ),
    BrokenServer(
        name="options-fail",
        level="A",
        rule="no method makes the server fail",
        checks=frozenset({"A-server-error"}),
        seam=on_wire(_with_a_body),
        shown=lambda caller: caller.get(caller.runs_target(), method="OPTIONS").status == 500,
        cohort="unseen",
    ),
    BrokenServer(
        name="unauthorized-as-the-identity-service-says-it",
        level="A",
        rule="an error has error_code and error_msg",
        checks=frozenset({"A-error-shape"}),
        seam=on_wire(_keystone),
        shown=lambda caller: "error" in caller.runs({"instance": caller.config.instance_id}).json(),
        cohort="unseen",
    ),
    BrokenServer(
        name="start-of-the-window-in-seconds",
        level="C",
        rule="a window starts at its millisecond",
        checks=frozenset({"C-window-start", *WINDOWS}),
        seam=on_arguments(_whole_seconds),
        shown=_shows_before,
        cohort="unseen",
    ),
    BrokenServer(
        name="end-of-the-window-in-minutes",
        level="C",
        rule="a window ends at its millisecond",
        checks=frozenset({"C-window-end", *WINDOWS}),
        seam=on_arguments(_to_the_minute),
        shown=_shows_after,
        cohort="unseen",
    ),
    BrokenServer(
        name="days-that-begin-in-china",
        level="C",
        rule="a window starts at start_time, wherever a day begins",
        checks=frozenset({"C-window-start", *WINDOWS, *TOTALS}),
        seam=on_arguments(_whole_chinese_days),
        shown=lambda caller: (
            _total(caller, start_time=_midnight(caller)) > _total(caller, start_time=_midnight(caller) + 1) + 1
        ),
        cohort="unseen",
    ),
    BrokenServer(
        name="page-sizes-of-the-console",
        level="C",
        rule="a page has as many runs as limit says",
        checks=PAGES,
        seam=on_arguments(_offered_size),
        shown=lambda caller: len(caller.rows(limit=15)) == 10,
        cohort="unseen",
    ),
    BrokenServer(
        name="offset-in-a-byte",
        level="C",
        rule="an offset is not lowered",
        checks=PAGES,
        seam=on_arguments(_narrow_offset),
        shown=lambda caller: caller.run_ids(offset=256, limit=1) == caller.run_ids(limit=1),
        cohort="unseen",
    ),
    BrokenServer(
        name="reruns-hidden-in-long-windows",
        level="C",
        rule="a long window has every run of the short windows inside it",
        checks=frozenset({*WINDOWS, *TOTALS}),
        seam=on_whole(_latest_of_each_plan),
        shown=lambda caller: len({row["planTime"] for row in caller.rows()}) == len(caller.rows()),
        cohort="unseen",
    ),
    BrokenServer(
        name="ties-turned-on-odd-pages",
        level="C",
        rule="the order of runs does not depend on the page",
        checks=frozenset({*PAGES, *CONTENT}),
        seam=on_listing(_odd_limits_turn_ties),
        shown=lambda caller: caller.run_ids(limit=ALL) != caller.run_ids(limit=ALL + 1),
        cohort="unseen",
    ),
    BrokenServer(
        name="total-of-started-runs",
        level="C",
        rule="the total counts each run of the window",
        checks=TOTALS,
        seam=own_total(_started_only),
        shown=lambda caller: caller.page(limit=ALL)["total"] < len(caller.rows()),
        cohort="unseen",
    ),
    BrokenServer(
        name="total-up-to-250",
        level="C",
        rule="the total has no cap",
        checks=frozenset({*TOTALS, *WINDOWS, *PAGES, "C-offset-beyond-end"}),
        seam=own_total(_capped_total),
        shown=lambda caller: caller.page()["total"] == 250,
        cohort="unseen",
    ),
    BrokenServer(
        name="total-of-whole-days",
        level="C",
        rule="the total is that of the window",
        checks=frozenset({*TOTALS, *WINDOWS}),
        seam=own_total(_whole_days_total),
        shown=lambda caller: _hour_total(caller) > 1,
        cohort="unseen",
    ),
    BrokenServer(
        name="skipped-runs-on-the-first-page-alone",
        level="C",
        rule="a page shows runs of every status",
        checks=frozenset({*PAGES, *TOTALS}),
        seam=on_listing(_skipping_frozen),
        shown=lambda caller: len(caller.rows(offset=1)) < caller.page()["total"] - 1,
        cohort="unseen",
    ),
    BrokenServer(
        name="names-in-latin-letters",
        level="C",
        rule="a row has the requested name",
        checks=frozenset({"C-rows-of-job"}),
        seam=on_row(_question_marks),
        shown=lambda caller: "?" in caller.rows(task_id="941206", job_name="订单汇总_日报📊")[0]["jobName"],
        cohort="unseen",
    ),
    BrokenServer(
        name="ids-rounded-on-large-pages",
        level="C",
        rule="a run has one id, whatever the page",
        checks=frozenset({*PAGES, *CONTENT, *WINDOWS}),
        seam=own_rows(lambda page, values, _: _large_ids(page["rows"], values)),
        shown=lambda caller: caller.run_ids(limit=40)[:5] != caller.run_ids(limit=5),
        cohort="unseen",
    ),
    BrokenServer(
        name="deep-pages-refused",
        level="E",
        rule="a page that starts after the 200th run is served",
        checks=frozenset({"E-valid-refused"}),
        seam=refuse_on(
            lambda _, values: any(each.isdecimal() and int(each) > 200 for each in values.get("offset", ())),
            HttpError(400, "DLG.0400", "Result window is too large"),
        ),
        shown=lambda caller: caller.runs(offset=201).status == 400,
        cohort="unseen",
    ),
    BrokenServer(
        name="windows-of-a-moment-refused",
        level="E",
        rule="a window may start and end at the same moment",
        checks=frozenset({"E-minimum-refused"}),
        seam=refuse_on(
            lambda _, values: values.get("start_time") == values.get("end_time"),
            HttpError(400, "DLG.0400", "end_time must be after start_time"),
        ),
        shown=lambda caller: caller.runs(start_time=5, end_time=5).status == 400,
        cohort="unseen",
    ),
    BrokenServer(
        name="workspace-in-capitals",
        level="C",
        rule="a workspace in another case is another one",
        checks=FILTERS,
        seam=on_arguments(_workspace_in_any_case),
        shown=lambda caller: _total(caller, workspace_id="B88C445407B24283AA949F9833A38FD8") > 0,
        cohort="unseen",
    ),
    BrokenServer(
        name="project-in-capitals",
        level="D",
        rule="a project in another case is another one",
        checks=frozenset({"D-project-other"}),
        seam=_any_case("project_id", "project_id"),
        shown=lambda caller: caller.runs(project_id=caller.config.project_id.upper()).status == 200,
        cohort="unseen",
    ),
    BrokenServer(
        name="tenancy-in-capitals",
        level="D",
        rule="a tenancy in another case is another one",
        checks=frozenset({"D-instance-other"}),
        seam=_any_case("instance", "instance_id"),
        shown=lambda caller: (
            caller.runs({**caller.headers, "instance": caller.config.instance_id.upper()}).status == 200
        ),
        cohort="unseen",
    ),
    BrokenServer(
        name="blank-parameters-unsigned",
        level="D",
        rule="a signature covers a parameter with an empty value",
        checks=frozenset({"D-signature-tampered", "D-signature-accepted", "C-replay"}),
        seam=on_credentials(_blank_parameters_unsigned),
        shown=lambda caller: _signed_without(caller).status == 200,
        cohort="unseen",
    ),
    BrokenServer(
        name="operators-of-the-first-workspace",
        level="C",
        rule="ShowNodes names the operators of every workspace",
        checks=OPERATORS,
        seam=on_operators(_first_workspace),
        shown=lambda caller: len({each["workspace_id"] for each in caller.nodes().json()}) == 1,
        cohort="unseen",
    ),
    BrokenServer(
        name="tasks-with-leading-zeros",
        level="C",
        rule="ShowNodes names operators that can be requested",
        checks=frozenset({*OPERATORS, "C-rows-of-task"}),
        seam=on_operators(lambda operators: [{**each, "task_id": f"00{each['task_id']}"} for each in operators]),
        shown=lambda caller: caller.nodes().json()[0]["task_id"].startswith("00"),
        cohort="unseen",
    ),
    BrokenServer(
        name="operators-with-null-names",
        level="A",
        rule="each operator has a name",
        checks=frozenset({"A-nodes-shape"}),
        seam=on_document(
            lambda document: document.replace(b'"job_name":"Load orders-eu"', b'"job_name":null'), of=NODES
        ),
        shown=lambda caller: any(each["job_name"] is None for each in caller.nodes().json()),
        cohort="unseen",
    ),
    BrokenServer(
        name="apostrophes-break-the-query",
        level="A",
        rule="a name with an apostrophe is a normal name",
        checks=frozenset({"A-server-error"}),
        seam=on_request(_no_apostrophe, of=RUNS),
        shown=lambda caller: caller.runs(job_name="a'b").status == 500,
        cohort="unseen",
    ),
)
"""The servers."""
