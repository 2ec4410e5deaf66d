"""The invariants: what must hold of every single exchange, judged without any server."""

from __future__ import annotations

from typing import Any

import pytest

from dataarts_datamap_contract.suite._http.messages import Response
from dataarts_datamap_contract.suite._judging.invariants.registry import INVARIANTS
from dataarts_datamap_contract.suite._judging.oracle import Exchange
from dataarts_datamap_contract.suite.catalogue import CATALOGUE
from support.exchanges import (
    BAD,
    END,
    ERROR,
    ROW,
    SECRET,
    START,
    TARGET,
    bulk,
    detail,
    envelope,
    lineage,
    nodes,
    page,
    runs,
    search,
)


def typed(kind: str, status: int = 200) -> Exchange:
    """An empty page that is announced as something."""
    good = runs(envelope(page()), status)
    return Exchange(good.request, good.judgement, Response(status, (("Content-Type", kind),), good.response.content))


def failing(case: Exchange) -> set[str]:
    """The checks that an exchange breaks."""
    return {check for check, invariant in INVARIANTS.items() if invariant(case, TARGET)}


HEALTHY = {
    "a page": runs(envelope(page(ROW))),
    "an empty page": runs(envelope({"rows": [], "total": 0})),
    "a row of nothing": runs(envelope(page({}))),
    "a refusal": runs(ERROR, 400, limit=0),
    "a window beyond the end": runs(ERROR, 400, start_time=END, end_time=START),
    "a large page refused": runs(ERROR, 400, limit=5_000),
    "an unknown job": runs(ERROR, 404, job_name="other"),
    "no token": runs(ERROR, 401, credential=BAD),
    "throttled": runs(ERROR, 429),
    "a lenient integer": runs(envelope(page(ROW)), limit="1.0"),
    "operators": nodes([{"task_id": "1", "job_name": "job", "workspace_id": "w"}]),
    "a search": search({"count": 1, "entities": [{"guid": "g", "create_time": "1662567796444", "update_time": 0}]}),
    "a search of nothing": search({"count": 0, "entities": None}),
    "a filter that is not known": search(ERROR, 400, filter={}),
    "an asset": detail({"entity": {"guid": "g", "project_id": 1, "workspace_id": "w"}}),
    "all lineage": bulk({"total": 3, "data": [{"source_guid": None, "target_guid": "g"}]}),
    "no lineage": lineage(ERROR, status=404),
    "a direction in another case": lineage({"relationships": []}, "direction=in"),
    "no charset": typed("application/json"),
    "a scheduler that fails on a doubtful request": runs(envelope("oops", status_code=500), limit="1.0"),
}

BROKEN = {
    "A-status-documented": [runs(ERROR, 422, limit=0), nodes([], 204)],
    "A-server-error": [runs(ERROR, 500), nodes(b"", 502)],
    "A-content-type": [typed("text/html"), typed("application/json; charset=gbk"), typed("application/jsonp")],
    "A-json": [nodes(b"\xef\xbb\xbf[]"), runs(b"<html>", 404, job_name="x"), nodes(b'{"a":1,"a":2}', 404)],
    "A-envelope-shape": [runs([]), runs({"status_code": "200", "body": "{}"}), runs({"status_code": 200, "body": {}})],
    "A-envelope-status": [runs(envelope(page(ROW), status_code=500)), runs(envelope(page(), status_code=0))],
    "A-header-map": [runs(envelope(page(), header_map={"Content-Length": 5}))],
    "A-catalog-shape": [search([]), search({"count": "1"}), bulk({"data": {}}), lineage({"relationships": 7})],
    "A-nodes-shape": [nodes({}), nodes([{"task_id": 1, "job_name": "", "workspace_id": ""}]), nodes([{}])],
    "A-error-shape": [runs({"error_msg": "no"}, 400, limit=0), nodes([], 401, credential=BAD)],
    "A-request-id": [runs({**ERROR, "request_id": "other"}, 400, limit=0)],
    "A-allow-header": [nodes(ERROR, 405)],
    "B-body-json": [runs(envelope("\ufeff{}")), runs(envelope('{"rows": [NaN]}')), runs(envelope(""))],
    "B-page-shape": [runs(envelope("[]")), runs(envelope('{"rows": []}')), runs(envelope(page(total=-1)))],
    "B-row-shape": [runs(envelope(page({"planTime": "soon"}))), runs(envelope(page({"status": 1})))],
    "B-running-data": [runs(envelope(page({"runningData": each}))) for each in ("", "{", '{"type": 1}', "[]")],
    "B-running-param": [runs(envelope(page({"runningParam": '{"rows": {}}'})))],
    "B-success-agrees": [runs(envelope(page(ROW, success=False))), runs(envelope(page(success=False)))],
    "B-message-agrees": [runs(envelope(page(msg="failed")))],
    "B-total-covers-rows": [runs(envelope(page(ROW, total=0))), search({"count": 0, "entities": [{}]})],
    "B-time-unit": [runs(envelope(page({"endTime": each}))) for each in (1_704_902_400, -1, 10**15)],
    "B-time-order": [runs(envelope(page({"startTime": START, "endTime": START - 1})))],
    "B-asset-shape": [
        search({"entities": [7]}),
        detail({"entity": {"attributes": "{}"}}),
        detail({"referred_entities": {"c": {"type_name": []}}}),
    ],
    "B-asset-times": [
        search({"entities": [{"create_time": 1_662_567_796}]}),
        search({"entities": [{"create_time": -1}]}),
        detail({"entity": {"create_time": "1704934907000", "update_time": 1_662_567_796_444}}),
    ],
    "B-lineage-shape": [bulk({"data": [[]]}), bulk({"data": [{"node_name": 7}]}), lineage({"relationships": ["a"]})],
    "B-count-range": [runs(envelope(page({"failCount": -2}))), runs(envelope(page({"speed": -0.5})))],
    "B-force-success": [runs(envelope(page({"forceSuccess": 2})))],
    "B-param-total": [runs(envelope(page({"runningParam": '{"total": 2, "rows": []}'})))],
    "C-limit-exceeded": [runs(envelope(page(ROW, ROW)), limit=1)],
    "C-window-start": [runs(envelope(page({"planTime": START - 1, "startTime": START - 1})))],
    "C-window-end": [runs(envelope(page({"planTime": END + 1})))],
    "C-window-reversed": [
        runs(envelope(page(ROW)), start_time=END, end_time=START),
        runs(ERROR, 404, start_time=END, end_time=START),
    ],
    "C-rows-of-task": [runs(envelope(page({"taskId": "2"})))],
    "C-rows-of-job": [runs(envelope(page({"jobName": "Job"})))],
    "C-rows-of-workspace": [runs(envelope(page({"workspaceId": "x"})))],
    "D-refusal-status": [runs(ERROR, 403, credential=BAD), nodes(ERROR, 400, credential=BAD)],
    "D-secret-echo": [runs({**ERROR, "error_msg": f"bad token {SECRET}"}, 401)],
    "E-missing-parameter": [runs(envelope(page()), limit=None)],
    "E-below-minimum": [runs(envelope(page()), offset=-1)],
    "E-above-maximum": [runs(envelope(page()), offset=2**31)],
    "E-wrong-type": [runs(envelope(page()), offset="abc")],
    "E-fraction": [runs(envelope(page()), offset="1.5")],
    "E-not-listed": [lineage({}, "direction=UP"), detail({}, "ignore_relationships=maybe")],
    "E-body-invalid": [search({}, limit=0), search({}, offset="0"), search({}, query=[])],
    "E-refusal-status": [runs(ERROR, 404, limit=0), runs(ERROR, 401, limit=0)],
    "E-valid-refused": [runs(ERROR, 400), runs(ERROR, 404), nodes(ERROR, 403)],
    "E-optional-refused": [runs(ERROR, 400, workspace_id=None), lineage(ERROR, "", 400)],
}


@pytest.mark.parametrize("case", HEALTHY.values(), ids=HEALTHY)
def test_healthy(case: Exchange) -> None:
    """What a good server may answer breaks nothing."""
    assert set() == failing(case)


@pytest.mark.parametrize(
    ("check", "case"),
    [(check, case) for check, cases in BROKEN.items() for case in cases],
    ids=lambda each: str(each)[:24],
)
def test_broken(check: str, case: Exchange) -> None:
    """What breaks a rule is named by the check of that rule."""
    assert check in failing(case)


def test_two_rows_outside_by_different_columns_are_not_named_as_one() -> None:
    """If one row is before the window by one column and another by the other, no row is said to be so by both."""
    rows = ({"planTime": START - 50, "startTime": START + 9}, {"planTime": START, "startTime": START - 40})

    found = INVARIANTS["C-window-start"](runs(envelope(page(*rows))), TARGET)

    planned = f"a planTime of {START - 50} is before start_time {START}"
    started = f"a startTime of {START - 40} is before start_time {START}"
    assert (f"rows lie outside the window by each column: {planned}, and {started}",) == found


def test_every_invariant_is_broken_once() -> None:
    """Each invariant is a check of the catalogue, and has a case here that breaks it."""
    assert set(BROKEN) == set(INVARIANTS)
    assert INVARIANTS.keys() <= CATALOGUE.keys()


def test_exotic_values_raise_nothing() -> None:
    """Values of any type, wherever a row can have one, are judged without an error."""
    values: tuple[Any, ...] = (None, True, [], {}, 1e300, "x", -1)
    for value in values:
        row = dict.fromkeys(ROW, value)
        for document in (value, [value], {"rows": value, "total": value}, page(row), {"rows": [value]}):
            failing(runs(envelope(document)))
            failing(runs(document))
            failing(nodes(document))
