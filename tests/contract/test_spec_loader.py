"""Where the specification is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dataarts_datamap_contract import specification
from dataarts_datamap_contract.specification import loader

CHECKOUT = Path(__file__).resolve().parents[2]


def test_is_found_in_the_checkout() -> None:
    """An editable install reads the one document that is kept by hand."""
    expected = CHECKOUT / "spec" / "datamap.openapi.yaml"
    assert expected == specification.specification_path()
    assert "ShowInstanceInfos" in expected.read_text(encoding="utf-8")
    assert specification.load_specification()["openapi"].startswith("3.1.")


def test_is_found_in_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A wheel's document goes before a checkout's."""
    package = tmp_path / "site" / "package"
    package.mkdir(parents=True)
    expected = package / "datamap.openapi.yaml"
    expected.write_text("{}", encoding="utf-8")
    monkeypatch.setattr(loader, "__file__", str(package / "specification" / "loader.py"))

    assert expected == specification.specification_path()


def test_names_both_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Found nowhere, the error names where it was looked for and what to do."""
    package = tmp_path / "site" / "package"
    monkeypatch.setattr(loader, "__file__", str(package / "specification" / "loader.py"))

    with pytest.raises(FileNotFoundError) as caught:
        specification.specification_path()

    beside, checkout = package / "datamap.openapi.yaml", tmp_path / "spec" / "datamap.openapi.yaml"
    expected = f"no OpenAPI document at {beside} or {checkout}: reinstall dataarts-datamap"
    assert expected == str(caught.value)


def test_shows_the_documented_answer() -> None:
    """The specification's example of a page of runs is the one on the operation's page."""
    page = CHECKOUT / "tests" / "data" / "documented_answer.json"
    operation = specification.load_specification()["paths"]["/v1/{project_id}/datamap/node/{task_id}/instances"]["get"]
    example = operation["responses"]["200"]["content"]["application/json"]["examples"]["documented"]["value"]

    assert json.loads(page.read_text(encoding="utf-8")) == example
    assert list(json.loads(page.read_text(encoding="utf-8"))["header_map"]) == list(example["header_map"])


def test_holds_some_operations_alone() -> None:
    """The specification of some operations has their paths, and all components; the whole one stays as it is."""
    whole = specification.load_specification()
    part = specification.specification_of(frozenset({"ShowNodes", "ShowLineageBulk"}))

    expected = ["/v1/{project_id}/datamap/table/{guid}/node", "/v1/{project_id}/datamap/lineage/bulk"]
    assert expected == list(part["paths"])
    assert whole["components"] is part["components"]
    assert 7 == len(whole["paths"])


def test_shows_real_and_composed_examples_apart() -> None:
    """An example that no page shows says that it is composed; a documented one says that."""
    seen = {
        (operation["operationId"], name, example["x-evidence"].partition(":")[0])
        for item in specification.load_specification()["paths"].values()
        for operation in item.values()
        for name, example in operation["responses"]["200"]["content"]["application/json"]["examples"].items()
    }
    composed = {"ShowDataSets", "ShowDataDetail", "ListEntityDetails", "ShowLineageBulk", "ShowDatamapLineage"}
    expected = {(name, "composed", "inferred") for name in composed}
    expected |= {(name, "documented", "documented") for name in ("ShowInstanceInfos", "ShowNodes")}
    assert expected == seen
