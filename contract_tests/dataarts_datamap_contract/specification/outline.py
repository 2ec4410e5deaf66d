"""The parts of an OpenAPI document: the kind of each object, and its JSON pointer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_Shape: TypeAlias = Literal["one", "list", "map"]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_SCHEMA_ONE = (
    *("additionalProperties", "items", "contains", "propertyNames", "not", "if", "then", "else"),
    *("contentSchema", "unevaluatedItems", "unevaluatedProperties"),
)
_SCHEMA_MAP = ("properties", "patternProperties", "dependentSchemas", "$defs")
_DESCRIBED: Mapping[str, tuple[_Shape, str]] = {
    "schema": ("one", "schema"),
    "content": ("map", "mediaType"),
    "examples": ("map", "example"),
}

_CHILDREN: Mapping[str, Mapping[str, tuple[_Shape, str]]] = {
    "document": {
        "info": ("one", "info"),
        "externalDocs": ("one", "externalDocs"),
        "servers": ("list", "server"),
        "tags": ("list", "tag"),
        "paths": ("map", "path"),
        "webhooks": ("map", "path"),
        "components": ("one", "components"),
    },
    "components": {
        "schemas": ("map", "schema"),
        "responses": ("map", "response"),
        "parameters": ("map", "parameter"),
        "examples": ("map", "example"),
        "requestBodies": ("map", "requestBody"),
        "headers": ("map", "header"),
        "securitySchemes": ("map", "securityScheme"),
        "links": ("map", "link"),
        "pathItems": ("map", "path"),
    },
    "server": {"variables": ("map", "variable")},
    "tag": {"externalDocs": ("one", "externalDocs")},
    "path": {
        "parameters": ("list", "parameter"),
        "servers": ("list", "server"),
        **dict.fromkeys(_METHODS, ("one", "operation")),
    },
    "operation": {
        "externalDocs": ("one", "externalDocs"),
        "parameters": ("list", "parameter"),
        "requestBody": ("one", "requestBody"),
        "responses": ("map", "response"),
        "servers": ("list", "server"),
    },
    "requestBody": {"content": ("map", "mediaType")},
    "response": {"headers": ("map", "header"), "content": ("map", "mediaType"), "links": ("map", "link")},
    "parameter": _DESCRIBED,
    "header": _DESCRIBED,
    "mediaType": _DESCRIBED,
    "schema": {
        "externalDocs": ("one", "externalDocs"),
        **dict.fromkeys(_SCHEMA_ONE, ("one", "schema")),
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), ("list", "schema")),
        **dict.fromkeys(_SCHEMA_MAP, ("map", "schema")),
    },
}
_LITERALS: Mapping[str, tuple[str, ...]] = {
    "example": ("value",),
    **dict.fromkeys(("parameter", "header", "mediaType"), ("example",)),
    "schema": ("example", "examples", "default", "const", "enum"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One object of an OpenAPI document.

    Attributes:
        pointer: Its JSON pointer; empty for the document.
        kind: Its kind in the terms of OpenAPI: ``operation``, ``parameter``, ``schema`` and so on.
        value: The object.
    """

    pointer: str
    kind: str
    value: Mapping[str, Any]

    @property
    def literals(self) -> tuple[tuple[str, Any], ...]:
        """The members that are plain data, such as ``example`` and ``enum``: the pointer and the value of each."""
        names = _LITERALS.get(self.kind, ())
        return tuple((child_pointer(self.pointer, name), self.value[name]) for name in names if name in self.value)


def child_pointer(pointer: str, token: str | int) -> str:
    """The JSON pointer of a member or an item."""
    return f"{pointer}/{str(token).replace('~', '~0').replace('/', '~1')}"


def walk_parts(document: Mapping[str, Any]) -> Iterator[Part]:
    """Every part of a document in order, the document first. References are not followed."""
    yield from _walk(Part("", "document", document))


def walk_objects(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every object of a document with its pointer, under any keyword; data, as in examples, is left out."""
    literals = {pointer for part in walk_parts(document) for pointer, _ in part.literals}
    pending: list[tuple[str, Any]] = [("", document)]
    while pending:
        pointer, value = pending.pop()
        if pointer in literals:
            continue
        shape: _Shape = "list" if isinstance(value, list) else "map"
        if isinstance(value, dict):
            yield pointer, cast("dict[str, Any]", value)
        if isinstance(value, (dict, list)):
            pending += reversed(list(_members(pointer, value, shape)))


def _walk(part: Part) -> Iterator[Part]:
    yield part
    kinds = _CHILDREN.get(part.kind, {})
    for name, value in part.value.items():
        if name in kinds:
            shape, kind = kinds[name]
            for pointer, child in _members(child_pointer(part.pointer, name), value, shape):
                if isinstance(child, dict):
                    yield from _walk(Part(pointer, kind, cast("dict[str, Any]", child)))


def _members(pointer: str, value: Any, shape: _Shape) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  any JSON value
    if shape == "one":
        yield pointer, value
    else:
        for key, child in value.items() if shape == "map" else enumerate(value):
            yield child_pointer(pointer, key), child
