"""Correct servers: data, limits and habits, where the documentation leaves a choice."""

from __future__ import annotations

import gzip
import random
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from dataarts_datamap_contract._broken.caller import JOB_NAME, TASK_ID, Caller
from dataarts_datamap_contract._broken.seams import (
    NODES,
    Document,
    Perform,
    Response,
    Seam,
    Values,
    on_arguments,
    on_error_response,
    on_field,
    on_listing,
    on_operators,
    on_query,
    on_row,
    on_whole,
    on_wire,
    refuse_on,
    whole,
    write,
)
from dataarts_datamap_contract._broken.servers import CorrectServer
from dataarts_datamap_contract._broken.shared import DAY, SECOND, as_integer, has, status_of, without
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from starlette.types import Scope

    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation

_WORKSPACE = "b88c445407b24283aa949f9833a38fd8"
_SALES_WORKSPACE = "4f6c1d2e9b8a47c3a5d0e1f2b3c4d5e6"
_DEEPEST = 10_000
_NUMBERS = ("start_time", "end_time", "offset", "limit")


def _in_two_workspaces() -> Seam:
    """The documented operator has runs in two workspaces; without a workspace both are listed."""
    twin = {"task_id": TASK_ID, "job_name": JOB_NAME, "workspace_id": _SALES_WORKSPACE}

    def rows_of_both(rows: list[Document], values: Values) -> list[Document]:
        workspace = str(values.get("workspace_id") or "").strip()
        if (values["task_id"], values["job_name"]) != (TASK_ID, JOB_NAME):
            return rows
        twins = [
            {
                **row,
                "workspaceId": _SALES_WORKSPACE,
                "workspaceName": "sales",
                "taskRunningLogId": row["taskRunningLogId"] + 500_000_000,
            }
            for row in rows
        ]
        if workspace == _SALES_WORKSPACE:
            return twins
        return rows if workspace else [each for pair in zip(rows, twins, strict=True) for each in pair]

    def response(perform: Perform, values: Values) -> Document:
        asked = str(values.get("workspace_id") or "").strip()
        is_twin = (values["task_id"], values["job_name"], asked) == (TASK_ID, JOB_NAME, _SALES_WORKSPACE)
        own = {"workspace_id": _WORKSPACE} if is_twin else {}
        everything = whole(perform, {**values, **own})
        rows = rows_of_both(everything["rows"], values)
        offset, limit = int(values["offset"]), int(values["limit"])
        return {**everything, "rows": rows[offset : offset + limit], "total": len(rows)}

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        if operation.operation_id == NODES:
            return on_operators(
                lambda operators: (
                    [*operators, twin] if any(each["task_id"] == TASK_ID for each in operators) else operators
                )
            ).alter(operation, config)
        return on_listing(response).alter(operation, config)

    return Seam(alter)


def _deep_pages_refused(perform: Perform, values: Values) -> Document:
    if int(values["offset"]) + int(values["limit"]) > _DEEPEST:
        raise HttpError(400, "DLF.0801", "offset + limit must be at most 10000")
    return perform(values)


def _twenty_days_at_most(perform: Perform, values: Values) -> Document:
    if int(values["end_time"]) - int(values["start_time"]) > 20 * DAY:
        raise HttpError(400, "DLF.0801", "the window must be 20 days at most")
    return perform(values)


def _unknown_workspace_not_found(perform: Perform, values: Values) -> Document:
    if str(values.get("workspace_id", _WORKSPACE)).strip() not in ("", _WORKSPACE, _SALES_WORKSPACE):
        raise HttpError(404, "DLG.0818", "The workspace does not exist")
    return perform(values)


def _zipped_if_long(scope: Scope, response: Response) -> Response:
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
    if b"gzip" not in accepted or b"gzip;q=0" in accepted or len(response.body) < 1_000 or scope["method"] == "HEAD":
        return response
    return write(response, gzip.compress(response.body), content_encoding="gzip", vary="Accept-Encoding")


def _cacheable(_: Scope, response: Response) -> Response:
    extra = {"cache-control": "no-store", "strict-transport-security": "max-age=31536000", "vary": "Accept-Encoding"}
    return replace(response, headers={**response.headers, **extra})


def _without_request_id(_: Scope, response: Response) -> Response:
    return replace(response, headers=without(response.headers, "x-request-id"))


def _new_ids(_: Scope, response: Response) -> Response:
    """Request ids have a form of the gateway's own; an error has the same id in its body."""
    if response.status >= 400:
        return response
    return replace(response, headers={**response.headers, "x-request-id": str(uuid4())})


def _queued_a_little_late(row: Document) -> Document:
    """The queue's clock is half a second ahead of the worker's, for one run in thirty."""
    if row["startTime"] and row["taskRunningLogId"] % 30 == 0:
        return {**row, "submitTime": row["startTime"] + SECOND // 2}
    return row


def _rotated(operators: list[Document]) -> list[Document]:
    return random.sample(operators, len(operators))


def _by_status(rows: list[Document], _: Values) -> list[Document]:
    return sorted(rows, key=lambda row: (str(row["status"]), row["taskRunningLogId"]))


def _first(caller: Caller) -> Document:
    row: Document = caller.rows()[0]
    return row


def _as_other_languages_read(text: str) -> str:
    """Python reads 1_0 and 0b11, Java's Double 1e1 and 10f."""
    if re.fullmatch(r"\d+_\d+", text):
        return text.replace("_", "")
    if re.fullmatch(r"\d[eE]\d", text):
        return str(int(float(text)))
    if re.fullmatch(r"0b[01]+", text):
        return str(int(text, 2))
    return text[:-1] if re.fullmatch(r"\d+[lLfFdD]", text) else text


CORRECT_SERVERS = (
    CorrectServer(
        name="numbers-as-other-languages-read-them",
        difference="underscores, exponents, binary digits and suffixes are accepted: how the text of a query becomes "
        "an integer is specified nowhere, and the standard parsers of Python and Java accept them",
        seam=on_query(
            lambda pairs: [(name, _as_other_languages_read(text) if name in _NUMBERS else text) for name, text in pairs]
        ),
        shown=lambda caller: {status_of(caller, limit=text) for text in ("1_0", "1e1", "0b11", "10L")} == {200},
        cohort="sealed",
    ),
    CorrectServer(
        name="operator-in-two-workspaces",
        difference="an operator has runs in two workspaces: ShowNodes names it once for each, and a request without a "
        "workspace lists the runs of both",
        seam=_in_two_workspaces(),
        shown=lambda caller: bool(caller.rows(workspace_id=_SALES_WORKSPACE)),
        cohort="sealed",
    ),
    CorrectServer(
        name="running-time-not-collected",
        difference="runningTime is 0 for every run: it is not documented, and is 0 in the example",
        seam=on_field("runningTime", lambda _: 0),
        shown=lambda caller: {row["runningTime"] for row in caller.rows()} == {0},
        cohort="sealed",
    ),
    CorrectServer(
        name="speed-not-collected",
        difference="speed is 0.0 for every run, as in the example",
        seam=on_field("speed", lambda _: 0.0),
        shown=lambda caller: {row["speed"] for row in caller.rows(job_name="check/rows<stage>")} == {0.0},
        cohort="sealed",
    ),
    CorrectServer(
        name="ordered-by-status",
        difference="runs are ordered by status and id: no order is documented",
        seam=on_whole(_by_status),
        shown=lambda caller: [row["status"] for row in caller.rows()] == sorted(row["status"] for row in caller.rows()),
        cohort="sealed",
    ),
    CorrectServer(
        name="pages-of-200-at-most",
        difference="a page has 200 rows at most, whatever limit says",
        seam=on_arguments(lambda values: {**values, "limit": min(int(values["limit"]), 200)}),
        shown=lambda caller: len(caller.rows()) == 200,
        cohort="sealed",
    ),
    CorrectServer(
        name="last-row-beyond-10000-refused",
        difference="a page that ends after row 10,000 is refused with 400, as by search engines",
        seam=on_listing(_deep_pages_refused),
        shown=lambda caller: status_of(caller, offset=9_999, limit=2) == 400,
        cohort="sealed",
    ),
    CorrectServer(
        name="window-of-twenty-days-at-most",
        difference="a window of more than 20 days is refused with 400",
        seam=on_listing(_twenty_days_at_most),
        shown=lambda caller: status_of(caller, start_time=0) == 400,
        cohort="sealed",
    ),
    CorrectServer(
        name="unknown-workspace-not-found",
        difference="an unknown workspace gets 404 instead of an empty page",
        seam=on_listing(_unknown_workspace_not_found),
        shown=lambda caller: status_of(caller, workspace_id="nowhere") == 404,
        cohort="sealed",
    ),
    CorrectServer(
        name="gzip-of-long-responses",
        difference="long responses are compressed if the client accepts that, short ones are not",
        seam=on_wire(_zipped_if_long),
        shown=lambda caller: "content-encoding" in caller.runs({**caller.headers, "accept-encoding": "gzip"}).headers,
        cohort="sealed",
    ),
    CorrectServer(
        name="more-header-fields",
        difference="responses have header fields of a proxy",
        seam=on_wire(_cacheable),
        shown=lambda caller: "cache-control" in caller.runs().headers,
        cohort="sealed",
    ),
    CorrectServer(
        name="no-request-ids",
        difference="no response has an X-Request-Id: none is documented",
        seam=on_wire(_without_request_id),
        shown=lambda caller: "x-request-id" not in caller.runs().headers,
        cohort="sealed",
    ),
    CorrectServer(
        name="request-ids-at-random",
        difference="the ids of exchanges are random",
        seam=on_wire(_new_ids),
        shown=lambda caller: "-" in caller.runs().headers["x-request-id"],
        cohort="sealed",
    ),
    CorrectServer(
        name="queue-with-a-clock-of-its-own",
        difference="the clock of the queue is half a second ahead, so that some runs start before they are queued",
        seam=on_row(_queued_a_little_late),
        shown=lambda caller: any(row["submitTime"] > row["startTime"] > 0 for row in caller.rows()),
        cohort="sealed",
    ),
    CorrectServer(
        name="operators-in-any-order",
        difference="ShowNodes lists its operators in another order each time: none is documented",
        seam=on_operators(_rotated),
        shown=lambda caller: len({caller.nodes().body for _ in range(20)}) > 1,
        cohort="sealed",
    ),
    CorrectServer(
        name="runs-without-ids",
        difference="rows have no taskRunningLogId: no field of a row is documented",
        seam=on_row(lambda row: without(row, "taskRunningLogId")),
        shown=lambda caller: "taskRunningLogId" not in _first(caller),
        cohort="sealed",
    ),
    CorrectServer(
        name="end-null-while-running",
        difference="endTime is null for a run that has not ended",
        seam=on_field("endTime", lambda time: time or None),
        shown=lambda caller: _first(caller)["endTime"] is None,
        cohort="sealed",
    ),
    CorrectServer(
        name="more-rows-written-than-read",
        difference="an operator writes more rows than it reads, as a join does",
        seam=on_row(
            lambda row: {**row, "inputRowCount": row["inputRowCount"] // 2} if row["inputRowCount"] > 0 else row
        ),
        shown=lambda caller: any(
            row["outputRowCount"] > row["inputRowCount"] > 0 for row in caller.rows(job_name="check/rows<stage>")
        ),
        cohort="sealed",
    ),
    CorrectServer(
        name="logs-elsewhere",
        difference="executionLogPath has another layout",
        seam=on_field("executionLogPath", lambda path: path and f"obs://logs/{abs(hash(path))}.gz"),
        shown=lambda caller: str(caller.rows()[-1]["executionLogPath"]).endswith(".gz"),
        cohort="sealed",
    ),
    CorrectServer(
        name="signatures-only",
        difference="the target has no token: requests are signed",
        seam=on_error_response(lambda response: replace(response, headers={**response.headers, "x-gateway": "2"}), 401),
        target={"token": None},
        shown=lambda caller: "x-gateway" in caller.get(caller.runs_target(), {}).headers,
        cohort="sealed",
    ),
    CorrectServer(
        name="tokens-only",
        difference="the target has no access key",
        seam=on_error_response(lambda response: replace(response, headers={**response.headers, "x-gateway": "3"}), 401),
        target={"access_key": None, "secret_key": None},
        shown=lambda caller: "x-gateway" in caller.get(caller.runs_target(), {}).headers,
        cohort="sealed",
    ),
    CorrectServer(
        name="far-future-refused",
        difference="a window that begins after the year 2100 is refused with 400",
        seam=refuse_on(
            has("start_time", lambda text: (as_integer(text) or 0) > 4_102_444_800 * SECOND),
            HttpError(400, "DLF.0801", "start_time is too far ahead"),
        ),
        shown=lambda caller: status_of(caller, start_time=5_000_000_000 * SECOND) == 400,
        cohort="sealed",
    ),
)
