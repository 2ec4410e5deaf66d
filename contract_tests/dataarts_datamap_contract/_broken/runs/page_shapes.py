"""Pages of runs with a wrong form: large, empty and last ones, those of one row or of unusual names, or all."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.caller import ALL
from dataarts_datamap_contract._broken.relations import CONTENT
from dataarts_datamap_contract._broken.seams import (
    RUNS,
    Document,
    Perform,
    Seam,
    Values,
    compact,
    on_body,
    on_listing,
    on_page,
    on_rows,
    on_success,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import CHINESE, EMOJI_TASK, body_of, own_rows, status_of
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.validation import Arguments

_sealed = partial(BrokenServer, level="B", cohort="sealed")
_unseen = partial(BrokenServer, level="B", cohort="unseen")

_LARGE = 40
_BUFFER = 32 * 1024
_FAILURE = HttpError(500, "APIGW.0601", "Internal server error")


def _total_of_small_pages(perform: Perform, values: Values) -> Document:
    page = perform(values)
    return {**page, "total": None} if len(page["rows"]) > _LARGE else page


def _fails_over_many_rows(perform: Perform, values: Values) -> Document:
    page = perform(values)
    if len(page["rows"]) > 3 * _LARGE:
        raise _FAILURE
    return page


def _fails_over_chinese_names_alone(perform: Perform, values: Values) -> Document:
    if not str(values["job_name"]).isascii() and "workspace_id" not in values:
        raise _FAILURE
    return perform(values)


def _twice_if_long(body: str) -> str:
    return compact(body) if len(body) > _BUFFER else body


def _no_success_on_the_last_page(perform: Perform, values: Values) -> Document:
    page = perform(values)
    last = int(values["offset"]) + len(page["rows"]) == page["total"] and values["offset"]
    return {**page, "success": False} if last else page


def _envelope_fails_on_large_limits() -> Seam:
    """A seam on which the envelope of a page with a large limit has the status of a timeout, beside its rows."""

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        if operation.operation_id != RUNS:
            return operation

        def perform(arguments: Arguments) -> bytes:
            envelope = json.loads(operation.perform(arguments))
            if int(arguments.values["limit"]) > 2 * _LARGE:
                envelope["status_code"] = 504
            return compact(envelope).encode()

        return replace(operation, perform=perform)

    return Seam(alter)


def _one_as_object(rows: list[Document]) -> object:
    """A list of one item is replaced by that item, as converters from XML do."""
    return rows[0] if len(rows) == 1 else rows


def _numbers_as_floats(body: str) -> str:
    document = json.loads(body)
    rows = [{**row, "taskRunningLogId": f"{row['taskRunningLogId']:.4E}"} for row in document["rows"]]
    return json.dumps({**document, "rows": rows})


BROKEN_SERVERS = (
    _sealed(
        "total-null-on-large-pages",
        "total is a number, however many rows a page has",
        frozenset({"B-page-shape"}),
        on_listing(_total_of_small_pages),
        lambda caller: caller.page(limit=_LARGE + 1)["total"] is None,
    ),
    _sealed(
        "many-rows-fail",
        "a page of many rows causes no failure",
        frozenset({"A-server-error", "E-maximum-unserved"}),
        on_listing(_fails_over_many_rows),
        lambda caller: status_of(caller, limit=ALL) == 500,
        level="A",
    ),
    _sealed(
        "chinese-name-without-workspace-fails",
        "a name in any script causes no failure, even without a workspace",
        frozenset({"A-server-error", "E-optional-refused", "C-job-name-unusual"}),
        on_listing(_fails_over_chinese_names_alone),
        lambda caller: status_of(caller, task_id=EMOJI_TASK, job_name=CHINESE) == 500,
        level="A",
    ),
    _sealed(
        "long-body-encoded-twice",
        "a long body is encoded once, like a short one",
        frozenset({"B-body-json", "B-page-shape"}),
        on_body(_twice_if_long),
        lambda caller: isinstance(json.loads(body_of(caller, limit=ALL)), str),
    ),
    _sealed(
        "last-page-no-success",
        "the last page is a success, like those before it",
        frozenset({"B-success-agrees"}),
        on_listing(_no_success_on_the_last_page),
        lambda caller: caller.page(offset=caller.page()["total"] - 1)["success"] is False,
    ),
    _sealed(
        "status-code-504-on-large-pages",
        "status_code is 200 beside rows, even on a large page",
        frozenset({"A-envelope-status"}),
        _envelope_fails_on_large_limits(),
        lambda caller: caller.envelope(limit=ALL)["status_code"] == 504,
        level="A",
    ),
    _sealed(
        "empty-page-as-html",
        "a page without runs is sent as application/json, too",
        frozenset({"A-content-type"}),
        on_success(
            lambda response: (
                write(response, response.body, content_type="text/html")
                if b'\\"rows\\":[]' in response.body
                else response
            )
        ),
        lambda caller: caller.runs(job_name="nobody").headers["content-type"] == "text/html",
        level="A",
    ),
    _sealed(
        "running-data-left-out-of-large-pages",
        "a run has its runningData even on a large page",
        CONTENT,
        own_rows(
            lambda page, values, _: (
                [{**row, "runningData": None} for row in page["rows"]] if int(values["limit"]) > 25 else page["rows"]
            )
        ),
        lambda caller: {row["runningData"] for row in caller.rows()} == {None},
    ),
    _sealed(
        "rows-behind-the-fiftieth-as-text",
        "every row of a page is an object, even after the fiftieth",
        frozenset({"B-row-shape", "B-page-shape"}),
        on_rows(lambda rows: [*rows[:50], *map(compact, rows[50:])]),
        lambda caller: isinstance(caller.rows()[-1], str),
    ),
    _unseen(
        "row-instead-of-rows-of-one",
        "rows is an array, even if a page has only one row",
        frozenset({"B-page-shape"}),
        on_rows(_one_as_object),
        lambda caller: isinstance(caller.page(limit=1)["rows"], dict),
    ),
    _unseen(
        "body-with-a-nul-at-its-end",
        "the body string is a JSON document and nothing after it",
        frozenset({"B-body-json"}),
        on_body(lambda body: f"{body}\0"),
        lambda caller: caller.envelope()["body"].endswith("\0"),
    ),
    _unseen(
        "no-success-without-runs",
        "success is true for a window without runs",
        frozenset({"B-success-agrees"}),
        on_page(lambda page: {**page, "success": bool(page["rows"])}),
        lambda caller: caller.page(start_time=0, end_time=0)["success"] is False,
    ),
    _unseen(
        "ids-with-an-exponent",
        "the id of a run is an integer",
        frozenset({"B-row-shape"}),
        on_body(_numbers_as_floats),
        lambda caller: "E+" in str(caller.rows(limit=1)[0]["taskRunningLogId"]),
    ),
)
