"""Levels A and B: pages that are long, late, or of an unusual operator have the same form as others."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.caller import ALL, Caller
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
    on_rows,
    on_success,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import CHINESE, EMOJI_TASK, own_rows, status_of
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.validation import Arguments

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
    """The scheduler times out inside a valid envelope."""

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


def _body(caller: Caller, **query: str | int) -> str:
    body: str = caller.envelope(**query)["body"]
    return body


BROKEN_SERVERS = (
    BrokenServer(
        name="total-null-on-large-pages",
        level="B",
        rule="total is a number, however many rows a page has",
        checks=frozenset({"B-page-shape"}),
        seam=on_listing(_total_of_small_pages),
        shown=lambda caller: caller.page(limit=_LARGE + 1)["total"] is None,
        cohort="sealed",
    ),
    BrokenServer(
        name="many-rows-fail",
        level="A",
        rule="a page of many rows causes no failure",
        checks=frozenset({"A-server-error", "E-maximum-unserved"}),
        seam=on_listing(_fails_over_many_rows),
        shown=lambda caller: status_of(caller, limit=ALL) == 500,
        cohort="sealed",
    ),
    BrokenServer(
        name="chinese-name-without-workspace-fails",
        level="A",
        rule="a name in any script causes no failure, even without a workspace",
        checks=frozenset({"A-server-error", "E-optional-refused", "C-job-name-unusual"}),
        seam=on_listing(_fails_over_chinese_names_alone),
        shown=lambda caller: status_of(caller, task_id=EMOJI_TASK, job_name=CHINESE) == 500,
        cohort="sealed",
    ),
    BrokenServer(
        name="long-body-encoded-twice",
        level="B",
        rule="a long body is encoded once, like a short one",
        checks=frozenset({"B-body-json", "B-page-shape"}),
        seam=on_body(_twice_if_long),
        shown=lambda caller: isinstance(json.loads(_body(caller, limit=ALL)), str),
        cohort="sealed",
    ),
    BrokenServer(
        name="last-page-no-success",
        level="B",
        rule="the last page is a success, like those before it",
        checks=frozenset({"B-success-agrees"}),
        seam=on_listing(_no_success_on_the_last_page),
        shown=lambda caller: caller.page(offset=caller.page()["total"] - 1)["success"] is False,
        cohort="sealed",
    ),
    BrokenServer(
        name="status-code-504-on-large-pages",
        level="A",
        rule="status_code is 200 beside rows, even on a large page",
        checks=frozenset({"A-envelope-status"}),
        seam=_envelope_fails_on_large_limits(),
        shown=lambda caller: caller.envelope(limit=ALL)["status_code"] == 504,
        cohort="sealed",
    ),
    BrokenServer(
        name="empty-page-as-html",
        level="A",
        rule="a page without runs has the type JSON, too",
        checks=frozenset({"A-content-type"}),
        seam=on_success(
            lambda response: (
                write(response, response.body, content_type="text/html")
                if b'\\"rows\\":[]' in response.body
                else response
            )
        ),
        shown=lambda caller: caller.runs(job_name="nobody").headers["content-type"] == "text/html",
        cohort="sealed",
    ),
    BrokenServer(
        name="running-data-left-out-of-large-pages",
        level="B",
        rule="a run has its runningData even on a large page",
        checks=CONTENT,
        seam=own_rows(
            lambda page, values, _: (
                [{**row, "runningData": None} for row in page["rows"]] if int(values["limit"]) > 25 else page["rows"]
            )
        ),
        shown=lambda caller: {row["runningData"] for row in caller.rows()} == {None},
        cohort="sealed",
    ),
    BrokenServer(
        name="rows-behind-the-fiftieth-as-text",
        level="B",
        rule="every row of a page is an object, even the sixtieth",
        checks=frozenset({"B-row-shape", "B-page-shape"}),
        seam=on_rows(lambda rows: [*rows[:50], *map(compact, rows[50:])]),
        shown=lambda caller: isinstance(caller.rows()[-1], str),
        cohort="sealed",
    ),
)
