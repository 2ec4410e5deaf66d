"""The troubleshooting page: what it says is shown is what the code says, and no error is left out."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

import pytest

from dataarts_datamap import DataMapError
from docs_build.documents import ROOT
from docs_build.symptoms import Symptom, all_symptoms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCES: Final = ROOT / "wrapper" / "dataarts_datamap"
SAID_BY_SERVERS: Final = ROOT / "spec" / "datamap.openapi.yaml"
PUT_TOGETHER: Final = {"HTTP 400", "HTTP 401", "HTTP 403", "HTTP 404", "HTTP 429", "HTTP 500"}
SAID_BY_OPENSSL: Final = "certificate verify failed"


def literals(path: Path) -> Iterator[str]:
    """The texts of a module, pieces of f-strings as they are."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.fixture(scope="module")
def said() -> str:
    """All that the client and, as far as it is known, the service can say."""
    texts = [text for path in sorted(SOURCES.rglob("*.py")) for text in literals(path)]
    return "\n".join([*texts, SAID_BY_OPENSSL, SAID_BY_SERVERS.read_text(encoding="utf-8")])


@pytest.mark.parametrize("symptom", list(all_symptoms()), ids=lambda one: one.shown)
def test_it_is_what_is_said(symptom: Symptom, said: str) -> None:
    """Each part of a text that is shown, and that does not differ, stands in the code or in the specification."""
    parts = [part.strip(" :;,()") for part in symptom.shown.split("…")]

    assert [] == [part for part in parts if part and part not in PUT_TOGETHER and part not in said]
    assert any(parts)


def leaves(error: type[DataMapError]) -> Iterator[type[DataMapError]]:
    """The errors of this package that no other is derived from."""
    children = [child for child in error.__subclasses__() if child.__module__ == error.__module__]
    if not children:
        yield error
    for child in children:
        yield from leaves(child)


def test_no_error_is_left_out() -> None:
    """Each error that can be met has a line."""
    assert set() == set(leaves(DataMapError)) - {one.error for one in all_symptoms()}
