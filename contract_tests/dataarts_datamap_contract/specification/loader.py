"""Finds and loads the OpenAPI document, in the wheel or in the checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, cast

_FILE = "datamap.openapi.yaml"


def specification_path() -> Path:
    """The path of the OpenAPI document.

    The wheel carries it in the package; an editable install finds it in the checkout's ``spec`` folder.

    Raises:
        FileNotFoundError: The document is in neither place; the error names both places.
    """
    package = Path(__file__).resolve().parents[1]
    candidates = (package / _FILE, package.parents[1] / "spec" / _FILE)
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(f"no OpenAPI document at {' or '.join(map(str, candidates))}: reinstall dataarts-datamap")


@cache
def load_specification() -> dict[str, Any]:
    """The OpenAPI document, parsed once and shared: copy it before you change it."""
    import yaml  # noqa: PLC0415  finding the file must not need the extra

    document: dict[str, Any] = yaml.safe_load(specification_path().read_text(encoding="utf-8"))
    return document


@cache
def specification_of(operation_ids: frozenset[str]) -> dict[str, Any]:
    """The OpenAPI document with only these operations and all components: copy it before you change it."""
    document = load_specification()
    paths = {
        path: {name: part for name, part in item.items() if name == "parameters" or _id_of(part) in operation_ids}
        for path, item in document["paths"].items()
    }
    return {**document, "paths": {path: item for path, item in paths.items() if any(map(_id_of, item.values()))}}


def _id_of(part: object) -> object:
    return cast("dict[str, object]", part).get("operationId") if isinstance(part, dict) else None
