"""Every change of the specification is told to be breaking or not, inside body strings too."""

from __future__ import annotations

import copy
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dataarts_datamap_contract.specification import load_specification

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

CHECKOUT = Path(__file__).resolve().parents[2]
SCRIPT = CHECKOUT / "spec" / "diff.py"
RELEASED = str(CHECKOUT / "spec" / "released" / "datamap-1.0.0.openapi.yaml")
RUNS = "/v1/{project_id}/datamap/node/{task_id}/instances"
NODES = "/v1/{project_id}/datamap/table/{guid}/node"


@pytest.fixture(scope="module")
def diff() -> ModuleType:
    """The script, as a module."""
    specification = importlib.util.spec_from_file_location("spec_diff", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


def written(path: Path, document: dict[str, Any]) -> str:
    """A document as a file, for the command."""
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return str(path)


def described(direction: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A document with one parameter, or one answer, of a schema."""
    parameter = {"name": "p", "in": "query", "schema": schema}
    answer = {"description": "", "content": {"application/json": {"schema": schema}}}
    operation = {"parameters": [parameter]} if direction == "request" else {"responses": {"200": answer}}
    return {"info": {"version": "1.0.0"}, "paths": {"/": {"get": operation}}}


def edited(*edits: Callable[[Any], object]) -> dict[str, Any]:
    """The specification after some edits."""
    document = copy.deepcopy(load_specification())
    for edit in edits:
        edit(document)
    return document


def schema(document: Any, name: str) -> Any:
    """A component schema."""
    return document["components"]["schemas"][name]


def parameter(document: Any, name: str) -> Any:
    """A parameter of ShowInstanceInfos."""
    return next(one for one in document["paths"][RUNS]["get"]["parameters"] if one.get("name") == name)


BREAKING: dict[str, tuple[Callable[[Any], object], str, str]] = {
    "path removed": (lambda document: document["paths"].pop(NODES), NODES, "path removed"),
    "required parameter added": (
        lambda document: document["paths"][RUNS]["get"]["parameters"].append(
            {"name": "zone", "in": "query", "required": True, "schema": {"type": "string"}}
        ),
        "ShowInstanceInfos, query zone",
        "required parameter added",
    ),
    "optional parameter made required": (
        lambda document: parameter(document, "workspace_id").update(required=True),
        "ShowInstanceInfos, query workspace_id",
        "became required",
    ),
    "range of a parameter narrowed": (
        lambda document: parameter(document, "limit")["schema"].update(maximum=100),
        "ShowInstanceInfos, query limit",
        "maximum 2147483647 became 100",
    ),
    "type of a field changed": (
        lambda document: schema(document, "Operator")["properties"]["task_id"].update(type="integer"),
        "Operator $.task_id",
        "type string became integer",
    ),
    "status removed": (
        lambda document: document["paths"][RUNS]["get"]["responses"].pop("404"),
        "ShowInstanceInfos",
        "status 404 removed",
    ),
    "way to authenticate removed": (
        lambda document: document["paths"][RUNS]["get"].update(security=[{"AuthToken": []}]),
        "ShowInstanceInfos",
        "security: AccessKeySignature is no longer enough",
    ),
    "type inside the body string widened": (
        lambda document: schema(document, "Run")["properties"]["planTime"]["type"].append("string"),
        "Run $.planTime",
        "type can be string, too",
    ),
    "required dropped inside the body string": (
        lambda document: schema(document, "RunPage")["required"].remove("total"),
        "RunPage $.total",
        "is not required any more",
    ),
}
HARMLESS: dict[str, tuple[Callable[[Any], object], str, str]] = {
    "optional parameter added": (
        lambda document: document["paths"][RUNS]["get"]["parameters"].append(
            {"name": "zone", "in": "query", "schema": {"type": "string"}}
        ),
        "ShowInstanceInfos, query zone",
        "optional parameter added",
    ),
    "field added inside the body string": (
        lambda document: schema(document, "Run")["properties"].update(zone={"type": "string"}),
        "Run $.zone",
        "property added",
    ),
    "description rewritten": (
        lambda document: schema(document, "Envelope").update(description="An envelope."),
        "Envelope $",
        "description changed",
    ),
}


@pytest.mark.parametrize("name", [*BREAKING, *HARMLESS])
def test_classifies_the_twelve_edits(diff: ModuleType, name: str) -> None:
    """Nine edits break, three do not, and each is the one change that is found."""
    edit, where, what = {**BREAKING, **HARMLESS}[name]

    changes = diff.compare(load_specification(), edited(edit))

    assert [diff.Change(where, what, breaking=name in BREAKING)] == changes


def test_one_component_is_one_change(diff: ModuleType) -> None:
    """What changes in a component that many answers use is told once."""
    changes = diff.compare(
        load_specification(), edited(lambda document: schema(document, "Error")["required"].remove("error_msg"))
    )

    assert [diff.Change("Error $.error_msg", "is not required any more", breaking=True)] == changes


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ({"minimum": 0}, {"minimum": 1}),
        ({}, {"minimum": 0}),
        ({"maximum": 9}, {"maximum": 8}),
        ({"maxLength": 36}, {"maxLength": 32}),
        ({}, {"maxLength": 36}),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}),
        ({}, {"enum": ["a"]}),
        ({"enum": ["a", "b"]}, {"const": "a"}),
        ({}, {"pattern": "^a"}),
        ({"type": "number"}, {"type": "integer"}),
        ({"type": ["string", "null"]}, {"type": "string"}),
        ({}, {"required": ["name"]}),
        ({}, {"additionalProperties": False}),
        ({"additionalProperties": True}, {"additionalProperties": {"type": "string"}}),
        ({}, {"contentMediaType": "application/json"}),
        ({}, {"contentSchema": {"type": "object"}}),
        ({}, {"items": {"type": "string"}}),
        ({"properties": {"a": {}}}, {"properties": {"a": {"type": "string"}}}),
    ],
)
def test_narrowing_breaks_requests_and_widening_answers(
    diff: ModuleType, wide: dict[str, Any], narrow: dict[str, Any]
) -> None:
    """A rule counts for both directions, and the other way round for the change back."""

    def breaks(direction: str, old: dict[str, Any], new: dict[str, Any]) -> list[bool]:
        changes = diff.compare(described(direction, old), described(direction, new))
        return [change.breaking for change in changes]

    assert [True] == breaks("request", wide, narrow)
    assert [False] == breaks("request", narrow, wide)
    assert [False] == breaks("answer", wide, narrow)
    assert [True] == breaks("answer", narrow, wide)
    assert [] == breaks("request", wide, wide)


@pytest.mark.parametrize("keyword", ["format", "allOf", "oneOf", "not", "if", "patternProperties"])
@pytest.mark.parametrize("direction", ["request", "answer"])
def test_what_cannot_be_judged_breaks(diff: ModuleType, direction: str, keyword: str) -> None:
    """A keyword whose effect on clients is open counts as breaking, whether it comes or goes."""
    without, with_it = described(direction, {}), described(direction, {keyword: "x"})

    for old, new in [(without, with_it), (with_it, without)]:
        assert [True] == [change.breaking for change in diff.compare(old, new)]


def test_a_contentschema_that_goes_breaks(diff: ModuleType) -> None:
    """Who decodes the body string by its schema must not lose it."""
    body = edited(lambda document: schema(document, "Envelope")["properties"]["body"].pop("contentSchema"))

    changes = diff.compare(load_specification(), body)

    assert [diff.Change("Envelope $.body → $", "accepts more than before", breaking=True)] == changes


def test_passes_the_project() -> None:
    """The project's document breaks nobody who uses the last released one."""
    command = [sys.executable, str(SCRIPT)]
    outcome = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, env={"PYTHONUTF8": "1"})

    assert not outcome.stderr
    assert outcome.returncode == 0
    assert "1.0.0 → 1.1.0: 0 breaking" in outcome.stdout


@pytest.mark.parametrize(("version", "code"), [("1.0.0", 1), ("1.9.0", 1), ("2.0.0", 0)])
def test_a_new_major_version_lets_break(
    diff: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], version: str, code: int
) -> None:
    """A breaking change fails the gate unless the major version tells of it; the text says which version would."""
    document = edited(BREAKING["path removed"][0], lambda document: document["info"].update(version=version))

    assert code == diff.main([RELEASED, written(tmp_path / "new.yaml", document)])
    printed = capsys.readouterr().out
    assert f"breaking  {NODES}  " in printed
    assert ("needs info.version 2.0.0" in printed) == bool(code)


def test_prints_json(diff: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A machine reads the same verdict."""
    base, new = written(tmp_path / "base.yaml", edited()), edited(BREAKING["status removed"][0])
    diff.main(["--json", base, written(tmp_path / "new.yaml", new)])

    report = json.loads(capsys.readouterr().out)
    assert (1, 0, True) == (report["breaking"], report["harmless"], report["needs_new_major"])
    assert [{"where": "ShowInstanceInfos", "what": "status 404 removed", "breaking": True}] == report["changes"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [(None, "No such file"), ("info: {version: one}\npaths: {}", "'one' is not a version"), ("[", "while parsing")],
)
def test_tells_what_it_cannot_compare(
    diff: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, reason: str
) -> None:
    """A document that is not there, or is none, is wrong usage and no verdict."""
    path = tmp_path / "base.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")

    with pytest.raises(SystemExit) as ended:
        diff.main([str(path)])
    assert 2 == ended.value.code
    assert reason in capsys.readouterr().err
