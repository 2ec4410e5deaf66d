"""Correct servers: data, limits, header fields and credentials, where the documentation leaves a choice."""

from __future__ import annotations

import gzip
import random
import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from dataarts_datamap_contract._broken.caller import JOB_NAME, TASK_ID
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
from dataarts_datamap_contract._broken.shared import (
    DAY,
    SALES_WORKSPACE,
    SECOND,
    WORKSPACE,
    as_integer,
    first_row,
    has,
    status_of,
    without,
)
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from starlette.types import Scope

    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation

_sealed = partial(CorrectServer, cohort="sealed")
_apart = partial(CorrectServer, cohort="apart")

_DEEPEST = 10_000
_NUMBERS = ("start_time", "end_time", "offset", "limit")


def _counted_up(row: Document) -> Document:
    if row["endTime"] or not row["startTime"]:
        return row
    present = int(datetime.now(UTC).timestamp()) * SECOND
    return {**row, "runningTime": abs(present - row["startTime"])}


def _in_two_workspaces() -> Seam:
    """The documented operator has runs in two workspaces; without a workspace, the runs of both are listed."""
    twin = {"task_id": TASK_ID, "job_name": JOB_NAME, "workspace_id": SALES_WORKSPACE}

    def rows_of_both(rows: list[Document], values: Values) -> list[Document]:
        workspace = str(values.get("workspace_id") or "").strip()
        if (values["task_id"], values["job_name"]) != (TASK_ID, JOB_NAME):
            return rows
        twins = [
            {
                **row,
                "workspaceId": SALES_WORKSPACE,
                "workspaceName": "sales",
                "taskRunningLogId": row["taskRunningLogId"] + 500_000_000,
            }
            for row in rows
        ]
        if workspace == SALES_WORKSPACE:
            return twins
        return rows if workspace else [each for pair in zip(rows, twins, strict=True) for each in pair]

    def response(perform: Perform, values: Values) -> Document:
        asked = str(values.get("workspace_id") or "").strip()
        is_twin = (values["task_id"], values["job_name"], asked) == (TASK_ID, JOB_NAME, SALES_WORKSPACE)
        own = {"workspace_id": WORKSPACE} if is_twin else {}
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
    if str(values.get("workspace_id", WORKSPACE)).strip() not in ("", WORKSPACE, SALES_WORKSPACE):
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
    """Request ids have another form; those of errors stay as they are, since the body has them, too."""
    if response.status >= 400:
        return response
    return replace(response, headers={**response.headers, "x-request-id": str(uuid4())})


def _queued_a_little_late(row: Document) -> Document:
    """One run in thirty is queued half a second after its start, as if the queue's clock were ahead."""
    if row["startTime"] and row["taskRunningLogId"] % 30 == 0:
        return {**row, "submitTime": row["startTime"] + SECOND // 2}
    return row


def _rotated(operators: list[Document]) -> list[Document]:
    return random.sample(operators, len(operators))


def _by_status(rows: list[Document], _: Values) -> list[Document]:
    return sorted(rows, key=lambda row: (str(row["status"]), row["taskRunningLogId"]))


def _as_other_languages_read(text: str) -> str:
    """An integer as Python (1_0, 0b11) or Java (1e1, 10f, 10L) reads it; any other text stays as it is."""
    if re.fullmatch(r"\d+_\d+", text):
        return text.replace("_", "")
    if re.fullmatch(r"\d[eE]\d", text):
        return str(int(float(text)))
    if re.fullmatch(r"0b[01]+", text):
        return str(int(text, 2))
    return text[:-1] if re.fullmatch(r"\d+[lLfFdD]", text) else text


CORRECT_SERVERS = (
    _sealed(
        "numbers-as-other-languages-read-them",
        (
            "underscores, exponents, binary digits and suffixes are accepted: how the text of a query becomes "
            "an integer is specified nowhere, and the standard parsers of Python and Java accept them"
        ),
        on_query(
            lambda pairs: [(name, _as_other_languages_read(text) if name in _NUMBERS else text) for name, text in pairs]
        ),
        lambda caller: {status_of(caller, limit=text) for text in ("1_0", "1e1", "0b11", "10L")} == {200},
    ),
    _sealed(
        "operator-in-two-workspaces",
        (
            "an operator has runs in two workspaces: ShowNodes names it once for each, and a request without a "
            "workspace lists the runs of both"
        ),
        _in_two_workspaces(),
        lambda caller: bool(caller.rows(workspace_id=SALES_WORKSPACE)),
    ),
    _sealed(
        "running-time-not-collected",
        "runningTime is 0 for every run: it is not documented, and is 0 in the example",
        on_field("runningTime", lambda _: 0),
        lambda caller: {row["runningTime"] for row in caller.rows()} == {0},
    ),
    _sealed(
        "speed-not-collected",
        "speed is 0.0 for every run, as in the example",
        on_field("speed", lambda _: 0.0),
        lambda caller: {row["speed"] for row in caller.rows(job_name="check/rows<stage>")} == {0.0},
    ),
    _sealed(
        "ordered-by-status",
        "runs are ordered by status and id: no order is documented",
        on_whole(_by_status),
        lambda caller: [row["status"] for row in caller.rows()] == sorted(row["status"] for row in caller.rows()),
    ),
    _sealed(
        "pages-of-200-at-most",
        "a page has 200 rows at most, whatever limit says",
        on_arguments(lambda values: {**values, "limit": min(int(values["limit"]), 200)}),
        lambda caller: len(caller.rows()) == 200,
    ),
    _sealed(
        "last-row-beyond-10000-refused",
        "a page that ends after row 10,000 is refused with 400, as by search engines",
        on_listing(_deep_pages_refused),
        lambda caller: status_of(caller, offset=9_999, limit=2) == 400,
    ),
    _sealed(
        "window-of-twenty-days-at-most",
        "a window of more than 20 days is refused with 400",
        on_listing(_twenty_days_at_most),
        lambda caller: status_of(caller, start_time=0) == 400,
    ),
    _sealed(
        "unknown-workspace-not-found",
        "an unknown workspace gets 404 instead of an empty page",
        on_listing(_unknown_workspace_not_found),
        lambda caller: status_of(caller, workspace_id="nowhere") == 404,
    ),
    _sealed(
        "gzip-of-long-responses",
        "long responses are compressed if the client accepts that, short ones are not",
        on_wire(_zipped_if_long),
        lambda caller: "content-encoding" in caller.runs({**caller.headers, "accept-encoding": "gzip"}).headers,
    ),
    _sealed(
        "more-header-fields",
        "responses have header fields of a proxy",
        on_wire(_cacheable),
        lambda caller: "cache-control" in caller.runs().headers,
    ),
    _sealed(
        "no-request-ids",
        "no response has an X-Request-Id: none is documented",
        on_wire(_without_request_id),
        lambda caller: "x-request-id" not in caller.runs().headers,
    ),
    _sealed(
        "request-ids-at-random",
        "the request ids of successful responses are random",
        on_wire(_new_ids),
        lambda caller: "-" in caller.runs().headers["x-request-id"],
    ),
    _sealed(
        "queue-with-a-clock-of-its-own",
        "the clock of the queue is half a second ahead: some runs seem to start before they are queued",
        on_row(_queued_a_little_late),
        lambda caller: any(row["submitTime"] > row["startTime"] > 0 for row in caller.rows()),
    ),
    _sealed(
        "operators-in-any-order",
        "ShowNodes lists its operators in another order each time: no order is documented",
        on_operators(_rotated),
        lambda caller: len({caller.nodes().body for _ in range(20)}) > 1,
    ),
    _sealed(
        "runs-without-ids",
        "rows have no taskRunningLogId: no field of a row is documented",
        on_row(lambda row: without(row, "taskRunningLogId")),
        lambda caller: "taskRunningLogId" not in first_row(caller),
    ),
    _sealed(
        "end-null-while-running",
        "endTime is null for a run that has not ended",
        on_field("endTime", lambda time: time or None),
        lambda caller: first_row(caller)["endTime"] is None,
    ),
    _sealed(
        "more-rows-written-than-read",
        "an operator writes more rows than it reads, as a join does",
        on_row(lambda row: {**row, "inputRowCount": row["inputRowCount"] // 2} if row["inputRowCount"] > 0 else row),
        lambda caller: any(
            row["outputRowCount"] > row["inputRowCount"] > 0 for row in caller.rows(job_name="check/rows<stage>")
        ),
    ),
    _sealed(
        "logs-elsewhere",
        "executionLogPath has another layout",
        on_field("executionLogPath", lambda path: path and f"obs://logs/{abs(hash(path))}.gz"),
        lambda caller: str(caller.rows()[-1]["executionLogPath"]).endswith(".gz"),
    ),
    _sealed(
        "signatures-only",
        "the suite has no token, so it signs all requests; a 401 has one more header field",
        on_error_response(lambda response: replace(response, headers={**response.headers, "x-gateway": "2"}), 401),
        lambda caller: "x-gateway" in caller.get(caller.runs_target(), {}).headers,
        target={"token": None},
    ),
    _sealed(
        "tokens-only",
        "the suite has no access key, so it signs no request; a 401 has one more header field",
        on_error_response(lambda response: replace(response, headers={**response.headers, "x-gateway": "3"}), 401),
        lambda caller: "x-gateway" in caller.get(caller.runs_target(), {}).headers,
        target={"access_key": None, "secret_key": None},
    ),
    _sealed(
        "far-future-refused",
        "a window that begins in the year 2100 or later is refused with 400",
        refuse_on(
            has("start_time", lambda text: (as_integer(text) or 0) > 4_102_444_800 * SECOND),
            HttpError(400, "DLF.0801", "start_time is too far ahead"),
        ),
        lambda caller: status_of(caller, start_time=5_000_000_000 * SECOND) == 400,
    ),
    _apart(
        "running-time-counts-up",
        "the running time of a run that goes on is the time since its start",
        on_row(_counted_up),
        lambda caller: any(row["runningTime"] and not row["endTime"] for row in caller.rows()),
    ),
)
