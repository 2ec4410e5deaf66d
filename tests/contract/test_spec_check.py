"""The check of the specification finds every kind of mistake."""

from __future__ import annotations

import copy
import importlib.util
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
SCRIPT = CHECKOUT / "spec" / "check.py"
RUNS = "/v1/{project_id}/datamap/node/{task_id}/instances"


@pytest.fixture(scope="module")
def check() -> ModuleType:
    """The script, as a module."""
    specification = importlib.util.spec_from_file_location("spec_check", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a command."""
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, env={"PYTHONUTF8": "1"})


def test_passes_the_project() -> None:
    """The project's own document has no mistake, and one line says what was checked."""
    outcome = run()

    assert not outcome.stderr
    assert outcome.returncode == 0
    (line,) = outcome.stdout.splitlines()
    assert line.startswith(str(CHECKOUT / "spec" / "datamap.openapi.yaml"))
    assert "statements have evidence" in line


def test_lists_the_evidence() -> None:
    """The list has a line for each statement, aligned, and the counts of the kinds at its end."""
    lines = run("--evidence").stdout.splitlines()

    blank = lines.index("")
    counts = {kind: int(count) for kind, count in (line.split() for line in lines[blank + 1 : blank + 5])}
    expected = ["documented", "sdk", "sibling", "inferred"]
    assert expected == list(counts)
    assert blank == sum(counts.values())
    (enveloped,) = [line for line in lines if line.startswith("#/components/schemas/Envelope ") and "required" in line]
    expected = ["#/components/schemas/Envelope", "required", "inferred", "the example has both,"]
    assert expected == [*enveloped.split()[:3], " ".join(enveloped.split()[3:7])]
    assert {line.index("inferred ") for line in lines[:blank] if "  inferred  " in line} == {
        enveloped.index("inferred ")
    }


def test_reports_each_finding_on_a_line(tmp_path: Path) -> None:
    """Run on a broken copy, the script names what is wrong on stderr and exits with 1."""
    document = copy.deepcopy(load_specification())
    del document["info"]["x-evidence"]
    document["components"]["schemas"]["RunPage"]["properties"]["total"]["x-evidence"]["pattern"] = "documented"
    path = tmp_path / "broken.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")

    outcome = run(str(path))

    assert outcome.returncode == 1
    total = "#/components/schemas/RunPage/properties/total"
    expected = [
        f"{total}: pattern: stale evidence, the keyword is not there: remove the entry from x-evidence",
        "#/info: description: no evidence: say in this object's x-evidence where it comes from",
    ]
    assert expected == sorted(outcome.stderr.splitlines())


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "a: [", None])
def test_refuses_what_cannot_be_read(tmp_path: Path, text: str | None) -> None:
    """A file that is missing, is no YAML or gives a key twice is wrong usage, not a traceback."""
    path = tmp_path / "broken.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")

    outcome = run(str(path))

    assert outcome.returncode == 2
    assert f"cannot read {path}" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def _schemas(document: dict[str, Any]) -> Any:
    return document["components"]["schemas"]


def _operation(document: dict[str, Any]) -> Any:
    return document["paths"][RUNS]["get"]


def _media(document: dict[str, Any]) -> Any:
    return _operation(document)["responses"]["200"]["content"]["application/json"]


def _break_running_data(document: dict[str, Any]) -> None:
    example = _media(document)["examples"]["documented"]["value"]
    example["body"] = example["body"].replace('\\"type\\":\\"DLI\\"', '\\"type\\":5')


def _put(part: Any, **members: object) -> None:
    part.update({name.replace("_", "-") if name.startswith("x_") else name: value for name, value in members.items()})


MISTAKES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a dangling $ref in a contentSchema": (
        lambda d: _put(_schemas(d)["Run"]["properties"]["runningData"]["contentSchema"], **{"$ref": "#/components/x"}),
        "#/components/schemas/Run/properties/runningData/contentSchema: dangling $ref: #/components/x names nothing",
    ),
    "a dangling $ref under an unknown keyword": (
        lambda d: _put(d["info"], x_more=[{"$ref": "#/nope"}]),
        "#/info/x-more/0: dangling $ref: #/nope names nothing",
    ),
    "a $ref to elsewhere": (
        lambda d: _put(_schemas(d)["Run"], **{"$ref": "other.yaml#/Run"}),
        "#/components/schemas/Run: $ref leaves the document, 'other.yaml#/Run'",
    ),
    "an example broken inside runningData": (
        _break_running_data,
        "examples/documented: example: $.body → $.rows[0].runningData → $.type: 5 is not of types",
    ),
    "an example broken on its face": (
        lambda d: _media(d)["examples"]["documented"]["value"].pop("status_code"),
        'examples/documented: example: $: "status_code" is a required property',
    ),
    "a parameter's example": (
        lambda d: _put(_operation(d)["parameters"][4], example=5),
        f"#/paths/{RUNS.replace('/', '~1')}/get/parameters/4/example: example: $: 5 is not of type",
    ),
    "a schema's example": (
        lambda d: _put(_schemas(d)["Error"], examples=[{"error_code": "x"}]),
        '#/components/schemas/Error/examples/0: example: $: "error_msg" is a required property',
    ),
    "a schema's default": (
        lambda d: _put(_schemas(d)["Run"], default=5),
        "#/components/schemas/Run/default: example: $: 5 is not of type",
    ),
    "an example without a schema": (
        lambda d: _media(d).pop("schema"),
        "examples/documented: an example that cannot be checked",
    ),
    "an example that nothing refers to": (
        lambda d: _put(d["components"], examples={"lost": {"value": 1, "x-evidence": "documented"}}),
        "#/components/examples/lost: an example that cannot be checked",
    ),
    "an example that is no JSON": (
        lambda d: _put(_operation(d)["parameters"][4], example={1, 2}),
        "parameters/4/example: an example that is not a JSON value",
    ),
    "a description without evidence": (
        lambda d: _put(_schemas(d)["RunningParameter"], x_evidence=None),
        "#/components/schemas/RunningParameter: description: no evidence",
    ),
    "a limit without evidence": (
        lambda d: _put(_operation(d)["parameters"][-1]["schema"], multipleOf=1),
        "/schema: multipleOf: no evidence",
    ),
    "a contentSchema without evidence": (
        lambda d: _schemas(d)["Envelope"]["properties"]["body"]["x-evidence"].pop("contentSchema"),
        "#/components/schemas/Envelope/properties/body: contentSchema: no evidence",
    ),
    "an example without evidence": (
        lambda d: _media(d)["examples"]["documented"].pop("x-evidence"),
        "examples/documented: value: no evidence",
    ),
    "an operation without evidence": (lambda d: _operation(d).pop("x-evidence"), "/get: operationId: no evidence"),
    "a statement in a components example's schema": (
        lambda d: _put(_schemas(d)["Run"], prefixItems=[{"anyOf": [{"minLength": 1}]}]),
        "#/components/schemas/Run/prefixItems/0/anyOf/0: minLength: no evidence",
    ),
    "stale evidence": (
        lambda d: _schemas(d)["Envelope"].pop("required"),
        "#/components/schemas/Envelope: required: stale evidence",
    ),
    "evidence for nothing": (
        lambda d: _put(d["components"]["headers"]["RequestId"]["schema"], x_evidence="documented"),
        "#/components/headers/RequestId/schema: x-evidence covers no statement",
    ),
    "evidence where nothing is stated": (
        lambda d: _put(d["info"]["license"], x_evidence="documented"),
        "#/info/license: x-evidence where nothing is stated",
    ),
    "an unknown kind": (
        lambda d: _put(d["info"], x_evidence="guessed: it looks so"),
        "#/info: description: evidence of an unknown kind, 'guessed: it looks so': write documented, or sdk:",
    ),
    "a kind without a reason": (
        lambda d: _put(d["info"], x_evidence="inferred: "),
        "#/info: description: evidence of an unknown kind, 'inferred: '",
    ),
    "evidence that is no text": (
        lambda d: _put(d["info"], x_evidence={"description": 5}),
        "#/info: description: evidence of an unknown kind, 5",
    ),
    "what is no OpenAPI": (
        lambda d: _put(_operation(d)["parameters"][4], **{"in": "nowhere"}),
        "not OpenAPI 3.1: ",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_finds(check: ModuleType, capsys: pytest.CaptureFixture[str], mistake: str) -> None:
    """Each kind of mistake, made in a copy of the project's document, is found where it is."""
    spoil, expected = MISTAKES[mistake]
    document = copy.deepcopy(load_specification())
    spoil(document)

    assert check.report(document, Path("copy.yaml"), evidence=False) == 1
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize(
    ("keyword", "place"),
    [
        *((one, one) for one in ("additionalProperties", "items", "contains", "propertyNames", "not")),
        *((one, one) for one in ("if", "then", "else", "unevaluatedItems", "unevaluatedProperties")),
        ("contentSchema", "contentSchema"),
        *((listed, f"{listed}/0") for listed in ("allOf", "anyOf", "oneOf", "prefixItems")),
        *((named, f"{named}/a") for named in ("properties", "patternProperties", "dependentSchemas", "$defs")),
    ],
)
def test_looks_into_every_schema(
    check: ModuleType, capsys: pytest.CaptureFixture[str], keyword: str, place: str
) -> None:
    """A statement needs evidence in whichever part of a schema it stands."""
    stated = {"minimum": 1}
    part = [stated] if place.endswith("/0") else {"a": stated} if place.endswith("/a") else stated
    document = copy.deepcopy(load_specification())
    _schemas(document)["New"] = {keyword: part}

    check.report(document, Path("copy.yaml"), evidence=False)

    assert f"#/components/schemas/New/{place}: minimum: no evidence" in capsys.readouterr().err


def test_leaves_data_alone(check: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """What an example holds is no reference and no evidence, and a property can be called like a keyword."""
    document = copy.deepcopy(load_specification())
    example = _media(document)["examples"]["documented"]["value"]
    example["more"] = {"$ref": "#/nope", "x-evidence": "nothing"}
    _schemas(document)["Run"]["properties"].update({"$ref": {"type": "string"}, "description": {"type": "string"}})

    assert check.report(document, Path("copy.yaml"), evidence=False) == 0, capsys.readouterr().err


def test_takes_a_path_parameter_as_required(check: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """OpenAPI leaves a path parameter no choice but to be required, so that needs no evidence."""
    document = copy.deepcopy(load_specification())
    document["components"]["parameters"]["ProjectId"]["x-evidence"] = {"description": "documented"}

    assert check.report(document, Path("copy.yaml"), evidence=False) == 0, capsys.readouterr().err


def test_judges_an_example_by_the_one_who_refers_to_it(check: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """An example kept in components is judged by the schema beside the reference to it."""
    document = copy.deepcopy(load_specification())
    media = _media(document)
    document["components"]["examples"] = {"kept": media["examples"]["documented"]}
    media["examples"]["documented"] = {"$ref": "#/components/examples/kept"}

    assert check.report(document, Path("copy.yaml"), evidence=False) == 0, capsys.readouterr().err
    media["schema"] = {"type": "array"}
    assert check.report(document, Path("copy.yaml"), evidence=False) == 1
