"""The check of every decoded level."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataarts_datamap_contract.specification import load_specification
from dataarts_datamap_contract.specification.levels import (
    MAX_DEPTH,
    LevelCheck,
    StrictJsonError,
    Violation,
    loads_strict,
    resolve_pointer,
)

ENVELOPE = "#/components/schemas/Envelope"
NESTED = {"type": "string", "contentMediaType": "application/json"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=12,
)
few = settings(max_examples=60, deadline=None)


@pytest.fixture(scope="module")
def check() -> LevelCheck:
    """The check over the project's specification."""
    return LevelCheck(load_specification())


def make_envelope(**row: object) -> dict[str, Any]:
    """An answer with one run."""
    return {"status_code": 200, "body": json.dumps({"msg": "success", "rows": [row], "success": True, "total": 1})}


def judge(value: object, schema: Any, document: dict[str, Any] | None = None) -> list[str]:
    """Judge a value against a schema of a document of its own."""
    return [str(violation) for violation in LevelCheck(document or {}).judge(value, schema)]


@pytest.mark.parametrize(
    ("envelope", "path", "message"),
    [
        ({**make_envelope(), "status_code": "200"}, "$.status_code", '"200" is not of type "integer"'),
        ({"status_code": 200}, "$", '"body" is a required property'),
        ({"status_code": 200, "body": '{"rows": []}'}, "$.body → $", '"total" is a required property'),
        ({"status_code": 200, "body": "<html>"}, "$.body", "not JSON: Expecting value"),
        ({"status_code": 200, "body": ""}, "$.body", "not JSON: Expecting value"),
        ({"status_code": 200, "body": '"[]"'}, "$.body → $", 'is not of type "object"'),
        (make_envelope(endTime="late"), "$.body → $.rows[0].endTime", '"late" is not of types "null", "integer"'),
        (make_envelope(runningData="no"), "$.body → $.rows[0].runningData", "not JSON: Expecting value"),
        (make_envelope(runningData='{"type": 1}'), "$.body → $.rows[0].runningData → $.type", "1 is not of types"),
        (
            make_envelope(runningParam='{"rows": [{}, {"name": 7}]}'),
            "$.body → $.rows[0].runningParam → $.rows[1].name",
            "7 is not of types",
        ),
    ],
)
def test_names_the_level(check: LevelCheck, envelope: dict[str, Any], path: str, message: str) -> None:
    """A violation says on which level of an answer, and where on that level."""
    (violation,) = check.judge(envelope, ENVELOPE)

    assert path == violation.path
    assert message in violation.message


def test_reports_every_level_at_once(check: LevelCheck) -> None:
    """A violation on one level hides none on another."""
    envelope = {**make_envelope(planTime="x", runningData='{"jobId": 5}'), "status_code": None}

    expected = ["$.status_code", "$.body → $.rows[0].planTime", "$.body → $.rows[0].runningData → $.jobId"]
    assert expected == [violation.path for violation in check.judge(envelope, ENVELOPE)]


def test_accepts_what_is_not_sent(check: LevelCheck) -> None:
    """A string that may be null or absent is not decoded when it is."""
    for envelope in (make_envelope(), make_envelope(runningData=None, runningParam=None, unheard_of=[1])):
        assert not check.judge(envelope, ENVELOPE)


@few
@given(value=json_values)
def test_judges_anything(check: LevelCheck, value: object) -> None:
    """Whatever a server sends, on whichever level, the check answers and does not fail."""
    text = json.dumps(value)
    for envelope in (value, {"status_code": 200, "body": text}, make_envelope(runningData=text)):
        assert isinstance(check.judge(envelope, ENVELOPE), tuple)


@few
@given(levels=st.integers(1, 6), inner=json_values)
def test_goes_to_the_last_level(levels: int, inner: object) -> None:
    """However often a document is put into a string, the innermost one is judged."""
    schema: Any = {"const": inner}
    text = json.dumps(inner)
    for _ in range(levels - 1):
        schema = {**NESTED, "contentSchema": schema}
        text = json.dumps(text)
    schema = {**NESTED, "contentSchema": schema}

    assert not judge(text, schema)
    spoilt = judge(text, json.loads(json.dumps(schema).replace('"const":', '"not": {}, "unused":')))
    assert ["$" + " → $" * levels] == [violation.split(":")[0] for violation in spoilt]


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ({"a": "no"}, {"properties": {"a": NESTED}}),
        ({"a": "no"}, {"additionalProperties": NESTED}),
        ({"a": "no"}, {"patternProperties": {"^a": NESTED}}),
        ({"a": "no"}, {"patternProperties": {"^b": {}}, "additionalProperties": NESTED}),
        ({"a": "no"}, {"allOf": [{}, {"properties": {"a": NESTED}}]}),
        ({"a": "no"}, {"anyOf": [{"type": "array"}, {"properties": {"a": NESTED}}]}),
        ({"a": "no"}, {"oneOf": [{"type": "array"}, {"properties": {"a": NESTED}}]}),
        ({"a": "no"}, {"if": {"required": ["a"]}, "then": {"properties": {"a": NESTED}}}),
        ({"a": "no"}, {"if": {"required": ["b"]}, "else": {"properties": {"a": NESTED}}}),
        ({"a": "no"}, {"$ref": "#/components/schemas/Nested"}),
        (
            {"a": '{"a": "no"}'},
            {"properties": {"a": {**NESTED, "contentSchema": {"$ref": "#/components/schemas/Nested"}}}},
        ),
        (["no"], {"items": NESTED}),
        (["no"], {"prefixItems": [NESTED], "items": {}}),
        ([1, "no"], {"prefixItems": [{}], "items": NESTED}),
    ],
)
def test_follows_each_keyword(value: object, schema: dict[str, Any]) -> None:
    """A decoded string is found behind every keyword that leads to a member or an item."""
    document = {"components": {"schemas": {"Nested": {"properties": {"a": NESTED}}}}}

    (violation,) = judge(value, schema, document)

    assert "not JSON" in violation


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ({"a": "no"}, {"properties": {"a": {"contentMediaType": "text/html"}}}),
        ({"a": "no"}, {"properties": {"a": {**NESTED, "contentEncoding": "base64"}}}),
        ({"a": "no"}, {"properties": {"a": {}}, "additionalProperties": NESTED}),
        ({"a": "no"}, {"anyOf": [{}, {"type": "array", "properties": {"a": NESTED}}]}),
        ({"a": "no"}, {"if": {"required": ["b"]}, "then": {"properties": {"a": NESTED}}}),
        ([1], {"items": NESTED, "prefixItems": [{}]}),
    ],
)
def test_leaves_other_strings_alone(value: object, schema: dict[str, Any]) -> None:
    """A string is decoded only where the schema that applies says that it is JSON."""
    assert not [violation for violation in judge(value, schema) if "not JSON" in violation]


def test_ends_on_a_reference_to_itself() -> None:
    """A schema that only refers to itself is walked once."""
    document = {"components": {"schemas": {"Tree": {"additionalProperties": {"$ref": "#/components/schemas/Tree"}}}}}
    tree: dict[str, Any] = {}
    for _ in range(MAX_DEPTH - 1):
        tree = {"a": tree}

    assert not judge(tree, "#/components/schemas/Tree", document)
    assert not judge("{}", "#/a", {"a": {**NESTED, "allOf": [{"$ref": "#/a"}]}})


def test_says_the_same_once() -> None:
    """A string that two schemas declare is one violation."""
    assert len(judge("no", {"allOf": [NESTED, dict(NESTED)]})) == 1


def test_quotes_odd_names_and_little_of_long_values() -> None:
    """A path is readable whatever the names, and a message is short whatever the value."""
    (violation,) = LevelCheck({}).judge({'X "-Id\n': "x" * 5000}, {"additionalProperties": {"type": "integer"}})

    expected = '$["X \\"-Id\\n"]'
    assert expected == violation.path
    assert violation.message.endswith('is not of type "integer"')
    assert len(violation.message) < 300


@pytest.mark.parametrize("schema", ["#/components/schemas/None", "components", "#/a/x", "#/a/-1", "#/a/9"])
def test_refuses_a_pointer_to_nothing(schema: str) -> None:
    """A pointer that names nothing is an error, and the text names the pointer."""
    with pytest.raises(LookupError, match=schema.replace("#", "")):
        LevelCheck({"a": [1]}).judge(1, schema)


def test_refuses_a_dangling_reference() -> None:
    """A reference that names nothing is an error."""
    with pytest.raises(LookupError, match="/nowhere"):
        LevelCheck({}).judge(1, {"$ref": "#/nowhere"})


@pytest.mark.parametrize("pointer", ["#/a~1b/c~0d/1", "/a~1b/c~0d/1", "#/a%7E1b/c~0d/1"])
def test_resolves_pointers(pointer: str) -> None:
    """A pointer is read with its escapes, those of a URL included."""
    expected = "there"
    assert expected == resolve_pointer({"a/b": {"c~d": [0, expected]}}, pointer)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("NaN", "NaN is not a JSON number"),
        ("[-Infinity]", "-Infinity is not a JSON number"),
        ("1e999", "out of the range of a double"),
        ("9" * 5000, "not JSON"),
        ("\ufeff{}", "BOM"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
        ('"\ud800"', "not UTF-8"),
        ('{"a": 1, "b": 2, "a": 1}', 'the key "a" occurs twice'),
        ('[{"x": {"a": 1, "a": 2}}]', 'the key "a" occurs twice'),
        ("{} {}", "Extra data"),
        ('"\\ud83d"', "a lone surrogate, \\ud83d"),
        ('{"\\udc00": 1}', "a lone surrogate, \\udc00"),
        ("", "Expecting value"),
        ("{'a': 1}", "not JSON"),
        ('["\t"]', "not JSON"),
        ("[1,]", "not JSON"),
        ("01", "not JSON"),
        ("[" * 101 + "]" * 101, "nested deeper than 100 levels"),
        ('{"a":' * 100_000, "nested deeper than 100 levels"),
    ],
)
def test_reads_strictly(text: str | bytes, message: str) -> None:
    """What only a lenient reader takes for JSON is refused, and the text says why."""
    with pytest.raises(StrictJsonError) as caught:
        loads_strict(text)

    assert message in str(caught.value)
    (violation,) = LevelCheck({}).judge_text(text, {})
    assert Violation("$", str(caught.value)) == violation


@few
@given(value=json_values, indent=st.none() | st.integers(0, 3), ascii_only=st.booleans())
def test_reads_what_is_json(value: object, indent: int | None, ascii_only: bool) -> None:  # noqa: FBT001  hypothesis's
    """Strictness refuses nothing that is JSON."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)

    assert value == loads_strict(text) == loads_strict(text.encode())


def test_counts_depth_outside_strings() -> None:
    """Brackets in strings are no nesting, and neighbours are none either."""
    text = json.dumps(["[{" * 200, '"[\\', [[]] * 200])

    assert json.loads(text) == loads_strict(text)
    assert json.loads("[" * 100 + "]" * 100) == loads_strict("[" * 100 + "]" * 100)
