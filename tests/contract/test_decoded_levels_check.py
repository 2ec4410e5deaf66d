"""The check that schemathesis runs on every answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis

from dataarts_datamap_contract.checks import decoded_levels, find_schema
from dataarts_datamap_contract.specification import load_specification

RUNS = "/v1/{project_id}/datamap/node/{task_id}/instances"
OPERATORS = "/v1/{project_id}/datamap/table/{guid}/node"
DOCUMENTED = (Path(__file__).parents[1] / "data" / "documented_answer.json").read_bytes()
ERROR = b'{"error_code": "APIGW.0301", "error_msg": "decrypt token fail"}'


@pytest.fixture(scope="module")
def schema() -> Any:
    """The specification, as schemathesis reads it."""
    return schemathesis.openapi.from_dict(load_specification())


def judge(
    schema: Any,
    body: bytes | str,
    *,
    path: str = RUNS,
    status: int = 200,
    media_type: str | None = "application/json",
) -> bool | None:
    """Run the check on an answer made by hand."""
    content = body.encode() if isinstance(body, str) else body
    request = requests.Request("GET", "http://localhost").prepare()
    headers = {"content-type": [media_type]} if media_type else {}
    response = schemathesis.Response(
        status_code=status, headers=headers, content=content, request=request, elapsed=0.1, verify=True
    )
    context: Any = None
    return decoded_levels(context, response, schema[path]["GET"].Case())


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        (RUNS, 200, DOCUMENTED),
        (OPERATORS, 200, b'[{"task_id": "1", "job_name": "\xe8\xae\xa2", "workspace_id": "w"}]'),
        (OPERATORS, 200, b"[]"),
        (RUNS, 401, ERROR),
        (OPERATORS, 429, ERROR),
    ],
)
def test_passes(schema: object, path: str, status: int, body: bytes) -> None:
    """An answer that is as the specification says passes, whatever its status."""
    assert judge(schema, body, path=path, status=status) is None
    assert judge(schema, body, path=path, status=status, media_type=None) is None
    assert judge(schema, body, path=path, status=status, media_type="Application/JSON;charset=UTF-8") is None


@pytest.mark.parametrize(
    ("path", "status", "body", "expected"),
    [
        (RUNS, 200, DOCUMENTED.replace(b'\\"planTime\\":17', b'\\"planTime\\":1.5'), "$.body → $.rows[0].planTime: "),
        (RUNS, 200, DOCUMENTED.replace(b'\\"total\\":1\\n', b'\\"total\\":-1\\n'), "$.body → $.total: -1 is less"),
        (RUNS, 200, DOCUMENTED.replace(b'\\\\\\"DLI\\\\\\"', b"NaN"), "$.body → $.rows[0].runningData: no JSON: NaN"),
        (RUNS, 200, DOCUMENTED.replace(b'\\\\\\"DLI\\\\\\"', b"3"), "$.body → $.rows[0].runningData → $.type: 3 is"),
        (RUNS, 200, b"\xef\xbb\xbf" + DOCUMENTED, "$: no JSON: Unexpected UTF-8 BOM"),
        (RUNS, 200, DOCUMENTED + b"}", "$: no JSON: Extra data"),
        (RUNS, 200, b"[]", '$: [] is not of type "object"'),
        (OPERATORS, 200, b'[{"task_id": 937987, "job_name": "a", "workspace_id": "b"}]', "$[0].task_id: 937987 is not"),
        (OPERATORS, 200, b"{}", '$: {} is not of type "array"'),
        (RUNS, 401, b"{}", '$: "error_code" is a required property'),
        (OPERATORS, 500, b'{"error_code": 1, "error_msg": ""}', "$.error_code: 1 is not of type"),
        (RUNS, 400, b"", "$: no JSON: Expecting value"),
    ],
)
def test_fails(schema: object, path: str, status: int, body: bytes, expected: str) -> None:
    """A broken answer fails with an AssertionError that names the level, errors' bodies included."""
    with pytest.raises(AssertionError) as caught:
        judge(schema, body, path=path, status=status)

    assert f"\n- {expected}" in str(caught.value)


def test_is_brief(schema: object) -> None:
    """However much is wrong, the text lists the first twenty and how many there are."""
    rows = [{"planTime": "x"}] * 25
    body = json.dumps({"status_code": 200, "body": json.dumps({"rows": rows, "total": 25})})

    with pytest.raises(AssertionError) as caught:
        judge(schema, body)

    assert len(str(caught.value).splitlines()) == 22
    assert str(caught.value).endswith("\n- and 5 more")


@pytest.mark.parametrize(("status", "media_type"), [(404, "text/html"), (200, "text/plain"), (418, "application/json")])
def test_leaves_to_other_checks(schema: object, status: int, media_type: str) -> None:
    """An answer whose status or media type is not documented is skipped: other checks find that."""
    assert judge(schema, "<html>", status=status, media_type=media_type) is True


def test_finds_the_schema_of_a_status() -> None:
    """An exact status goes before its range, and that before the default; references are followed."""
    content = {"content": {"application/json": {"schema": {"const": 1}}}}
    document = {
        "paths": {"/a": {"get": {"responses": {"400": {"$ref": "#/one"}, "4XX": {"$ref": "#/two"}, "default": {}}}}},
        "one": {"$ref": "#/three"},
        "two": {"content": {"application/json": {"schema": {"const": 2}}}},
        "three": content,
    }

    found = [find_schema(document, "/a", "GET", status) for status in (400, 404, 500)]

    expected = [{"const": 1}, {"const": 2}, None]
    assert expected == found
    assert find_schema(document, "/a", "POST", 400) is None
    assert find_schema(document, "/b", "GET", 400) is None
