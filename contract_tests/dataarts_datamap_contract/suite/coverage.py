"""How much of the specification a run exercised: which values of parameters, and which types in responses."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from dataarts_datamap_contract.specification.levels import StrictJsonError, loads_strict, resolve_pointer
from dataarts_datamap_contract.suite._judging.oracle import DEFECTS
from dataarts_datamap_contract.suite.verdicts import CLASSES, Cell, Coverage, SchemaType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dataarts_datamap_contract.suite._judging.oracle import Exchange, Kind, Operation, Parameter

Keyword: TypeAlias = "tuple[str, str]"
"""The path of a declared type, and the type."""

_COLUMN_OF: Mapping[Kind, str] = {"type": "wrong type", "fraction": "wrong type"}
_MEDIA_TYPE = "application/json"
_OK = 200
_MOST_ROWS = 20
_MOST_RESPONSES = 200
_TYPE_NAMES: Mapping[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}


def measure_coverage(
    document: Mapping[str, Any], operations: Iterable[Operation], exchanges: Iterable[Exchange]
) -> Coverage:
    """How much of a specification some exchanges exercised."""
    known = tuple(operations)
    judged = [exchange for exchange in exchanges if exchange.judgement.operation is not None]
    return Coverage(tuple(_cells(known, judged)), tuple(_types(document, known, judged)))


def _cells(operations: Iterable[Operation], exchanges: Iterable[Exchange]) -> Iterator[Cell]:
    counted: dict[tuple[str, str, str], Counter[int]] = {}
    for exchange in exchanges:
        for name, value_class in _exercised(exchange):
            key = (cast("str", exchange.operation_id), name, value_class)
            counted.setdefault(key, Counter())[exchange.response.status] += 1
    for operation in operations:
        for parameter in operation.parameters:
            for value_class in _classes(parameter):
                answers = counted.get((operation.id, parameter.name, value_class), Counter())
                yield Cell(operation.id, parameter.name, value_class, dict(sorted(answers.items())))


def _classes(parameter: Parameter) -> Iterator[str]:
    for value_class in CLASSES:
        if value_class == "missing":
            applies = parameter.location != "path"
        else:
            applies = parameter.is_integer or value_class == "valid"
        if applies:
            yield value_class


def _exercised(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Each parameter and the class of its value, if nothing else is wrong with the request."""
    judgement, operation = exchange.judgement, exchange.judgement.operation
    if operation is None or judgement.doubtful or exchange.request.credential.standing != "good":
        return
    kinds: dict[str, Kind] = {each.name: judgement.kinds.get(each.name, "missing") for each in operation.parameters}
    odd = {name for name, kind in judgement.kinds.items() if kind in DEFECTS or kind == "doubtful"}
    for name, kind in kinds.items():
        if kind != "doubtful" and odd <= {name}:
            yield name, _COLUMN_OF.get(kind, kind)


def _types(
    document: Mapping[str, Any], operations: Iterable[Operation], exchanges: Iterable[Exchange]
) -> Iterator[SchemaType]:
    answers = [exchange for exchange in exchanges if exchange.response.status == _OK][:_MOST_RESPONSES]
    for operation in operations:
        schema = operation.responses.get(str(_OK), {}).get("content", {}).get(_MEDIA_TYPE, {}).get("schema")
        if schema is None:
            continue
        seen: Counter[Keyword] = Counter()
        contents = {
            each.response.content: each.response.document for each in answers if each.operation_id == operation.id
        }
        for value in contents.values():
            seen.update(_observed(document, value, schema, "$"))
        for path, name in dict.fromkeys(_declared(document, schema, "$")):
            yield SchemaType(operation.id, path, name, seen[path, name])


def _declared(document: Mapping[str, Any], schema: Any, path: str) -> Iterator[Keyword]:  # noqa: ANN401  a schema
    schema = _resolved(document, schema)
    names = schema.get("type", ())
    for name in (names,) if isinstance(names, str) else names:
        yield path, name
    for name, member in schema.get("properties", {}).items():
        yield from _declared(document, member, f"{path}.{name}")
    if "items" in schema:
        yield from _declared(document, schema["items"], f"{path}[]")
    if "contentSchema" in schema:
        yield from _declared(document, schema["contentSchema"], f"{path} → $")


def _observed(document: Mapping[str, Any], value: Any, schema: Any, path: str) -> Iterator[Keyword]:  # noqa: ANN401
    schema = _resolved(document, schema)
    yield path, _type_name(value, schema)
    if isinstance(value, dict):
        for name, member in schema.get("properties", {}).items():
            if name in value:
                yield from _observed(document, value[name], member, f"{path}.{name}")
    elif isinstance(value, list) and "items" in schema:
        for item in cast("list[object]", value)[:_MOST_ROWS]:
            yield from _observed(document, item, schema["items"], f"{path}[]")
    elif isinstance(value, str) and "contentSchema" in schema:
        try:
            inner = loads_strict(value)
        except StrictJsonError:
            return
        yield from _observed(document, inner, schema["contentSchema"], f"{path} → $")


def _type_name(value: object, schema: Mapping[str, Any]) -> str:
    name = _TYPE_NAMES[type(value)]
    names = schema.get("type", ())
    # An integer counts as a number, unless the specification distinguishes the two.
    return "number" if name == "integer" and "number" in names and "integer" not in names else name


def _resolved(document: Mapping[str, Any], schema: Any) -> Mapping[str, Any]:  # noqa: ANN401  a schema
    while "$ref" in schema:
        schema = resolve_pointer(document, schema["$ref"])
    return cast("Mapping[str, Any]", schema)
