"""The official SDK's models, compared with the specification: what they say otherwise is named, in a text to send."""

from __future__ import annotations

import copy
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

CHECKOUT: Final = Path(__file__).resolve().parents[2]
SCRIPT: Final = CHECKOUT / "spec" / "sdk.py"
OFFICIAL: Final = CHECKOUT / ".official-sdk" / ("Scripts" if os.name == "nt" else "bin") / "python"

DOCUMENT: Final[dict[str, Any]] = {
    "paths": {
        "/v1/{project_id}/a/{id}": {
            "post": {
                "operationId": "ShowA",
                "parameters": [
                    {"name": "project_id", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"$ref": "#/components/parameters/Limit"},
                ],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Asked"}}}},
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}},
            }
        }
    },
    "components": {
        "parameters": {"Limit": {"name": "limit", "in": "query", "schema": {"type": "integer"}}},
        "schemas": {
            "Asked": {"type": "object", "properties": {"words": {"type": "array", "items": {"type": "string"}}}},
            "A": {
                "type": ["object", "null"],
                "properties": {
                    "name": {"type": ["string", "null"]},
                    "children": {"type": "array", "items": {}},
                    "any": {},
                },
            },
        },
    },
}
TOLD: Final[dict[str, Any]] = {
    "ShowA": {
        "method": "POST",
        "path": "/v1/{project_id}/a/{id}",
        "parameters": {
            "id": {"in": "path", "type": "str", "required": True},
            "limit": {"in": "query", "type": "int", "required": False},
            "body": {"in": "body", "type": "Asked", "required": False},
        },
        "response": "ShowAResponse",
        "models": {
            "Asked": {"words": "list[str]"},
            "ShowAResponse": {"name": "str", "children": "list[ShowAResponse]", "any": "object"},
        },
    }
}


@pytest.fixture(scope="module")
def sdk() -> ModuleType:
    """The script, as a module."""
    specification = importlib.util.spec_from_file_location("spec_sdk", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


def test_the_same(sdk: ModuleType) -> None:
    """What says the same has no differences; null, and what the specification leaves open, is none."""
    assert [] == list(sdk.differences(DOCUMENT, TOLD))


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """What the SDK says, with one change."""
    told = copy.deepcopy(TOLD)
    change(told["ShowA"])
    return told


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda a: a.update(method="GET"), "`ShowA`: `GET /v1/{project_id}/a/{id}` in the SDK, `POST"),
        (lambda a: a.update(path="/v2/a"), "`ShowA`: `POST /v2/a` in the SDK, `POST /v1/"),
        (lambda a: a["parameters"].pop("limit"), "`ShowA` parameter `limit` is only in the specification"),
        (
            lambda a: a["parameters"].update(offset={"in": "query", "type": "int", "required": False}),
            "`ShowA` parameter `offset` is only in the SDK",
        ),
        (lambda a: a["parameters"]["limit"].update(required=True), "`ShowA` `limit` is required in the SDK"),
        (lambda a: a["parameters"]["id"].update(required=False), "`ShowA` `id` is optional in the SDK"),
        (
            lambda a: a["parameters"]["limit"].update({"in": "header"}),
            "`ShowA` `limit` goes into the header in the SDK",
        ),
        (lambda a: a["parameters"]["limit"].update(type="str"), "`ShowA` `limit` is `str` in the SDK, integer in the"),
        (lambda a: a["parameters"].pop("body"), "`ShowA` sends no body in the SDK"),
        (lambda a: a["models"]["Asked"].update(words="str"), "`ShowA` request.words is `str` in the SDK, array in the"),
        (
            lambda a: a["models"]["Asked"].update(words="list[int]"),
            "`ShowA` request.words[] is `int` in the SDK, string",
        ),
        (
            lambda a: a["models"]["ShowAResponse"].pop("any"),
            "`ShowA` response: property `any` is only in the specification",
        ),
        (
            lambda a: a["models"]["ShowAResponse"].update(new="str"),
            "`ShowA` response: property `new` is only in the SDK",
        ),
    ],
)
def test_otherwise(sdk: ModuleType, change: Callable[[dict[str, Any]], object], found: str) -> None:
    """Each thing that the SDK says otherwise is one line that names it."""
    (line,) = sdk.differences(DOCUMENT, changed(change))

    assert found == line[: len(found)]


def test_operation_that_is_gone(sdk: ModuleType) -> None:
    """An operation that the SDK does not have is named."""
    assert ["`ShowA`: the SDK has no such operation"] == list(sdk.differences(DOCUMENT, {"ShowA": None}))


MODEL: Final = """
class {name}:
    openapi_types = {types}
    attribute_map = {wire}
    def __init__(self, {arguments}):
{body}
"""


def write_sdk(folder: Path, version: str) -> None:
    """An SDK that has one of the operations, in the form of the official one."""
    package = folder / "huaweicloudsdkdataartsstudio" / "v1"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    information = folder / f"huaweicloudsdkdataartsstudio-{version}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: huaweicloudsdkdataartsstudio\nVersion: {version}\n", encoding="utf-8"
    )
    request = MODEL.format(
        name="ShowNodesRequest",
        types={"instance": "str", "guid": "str"},
        wire={"instance": "instance", "guid": "guid"},
        arguments="instance=None, guid=None",
        body="        self.instance = instance\n        if guid is not None:\n            self.guid = guid\n",
    )
    models = [
        MODEL.format(
            name=name, types=types, wire={key: key for key in types}, arguments="**told", body="        pass\n"
        )
        for name, types in (
            ("ShowNodesResponse", {"body": "list[Node]"}),
            ("Node", {"task_id": "str", "job_name": "str", "workspace_id": "int"}),
        )
    ]
    client = """
class DataArtsStudioClient:
    @classmethod
    def _show_nodes_http_info(cls, request):
        return {"method": "GET", "resource_path": "/v1/{project_id}/datamap/table/{guid}/node",
                "response_type": "ShowNodesResponse", "path_params": {"guid": request.guid}, "query_params": [],
                "header_params": {"instance": request.instance}}
"""
    (package / "__init__.py").write_text("\n".join([request, *models, client]), encoding="utf-8")


def test_the_text(tmp_path: Path) -> None:
    """The command reads an SDK by its own Python, and writes a title, the versions, and each difference in a line."""
    write_sdk(tmp_path, "9.9.9")
    done = subprocess.run(
        [sys.executable, SCRIPT, "--python", sys.executable, "--output", tmp_path / "build" / "text.md"],
        check=False,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    lines = (tmp_path / "build" / "text.md").read_text(encoding="utf-8").splitlines()

    assert (1, "") == (done.returncode, done.stderr)
    assert "The official SDK is 9.9.9" == lines[0]
    assert "`constraints.official.txt` pins " == lines[2][:32]
    assert "- `ShowInstanceInfos`: the SDK has no such operation" in lines
    assert [
        "- `ShowNodes` `guid` is optional in the SDK",
        "- `ShowNodes` response[].workspace_id is `int` in the SDK, string in the specification",
    ] == [line for line in lines if "ShowNodes" in line]


def test_no_sdk(tmp_path: Path) -> None:
    """An environment without the SDK is an error that says so, and no text."""
    done = subprocess.run(
        [sys.executable, SCRIPT, "--python", sys.executable, "--output", tmp_path / "text.md"],
        check=False,
        capture_output=True,
        encoding="utf-8",
    )

    assert 2 == done.returncode
    assert "cannot be read" in done.stderr
    assert not (tmp_path / "text.md").exists()


def test_pin(sdk: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new version stands at both parts of the SDK, and nowhere else."""
    pins = tmp_path / "pins.txt"
    pins.write_text(
        "# Pins.\ncertifi==1\nhuaweicloudsdkcore==2\nhuaweicloudsdkdataartsstudio==2\nsix==3\n", encoding="utf-8"
    )
    monkeypatch.setattr(sdk, "_PINS", pins)
    sdk.pin("4.5")

    expected = "# Pins.\ncertifi==1\nhuaweicloudsdkcore==4.5\nhuaweicloudsdkdataartsstudio==4.5\nsix==3\n"
    assert expected == pins.read_text(encoding="utf-8")


@pytest.mark.prove
def test_the_official_sdk() -> None:
    """The SDK that is pinned says the same as the specification."""
    if not OFFICIAL.exists():
        pytest.fail("the official SDK is not there: run make prove")
    done = subprocess.run(
        [sys.executable, SCRIPT, "--python", OFFICIAL], check=False, capture_output=True, encoding="utf-8"
    )

    assert 0 == done.returncode, done.stdout + done.stderr
