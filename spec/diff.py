"""Compare two versions of the OpenAPI document and report which changes break its users.

Every request that was valid must stay valid, so narrowing a request breaks. A response must not have anything new that
readers could not expect, so widening a response breaks. The documents inside strings (``contentSchema``) are compared
like any schema.

=========================================== ======================================= ==================================
change                                      breaks in a request                     breaks in a response
=========================================== ======================================= ==================================
type, enum, bound, additionalProperties     if narrowed                             if widened
pattern, multipleOf, contentMediaType, …    if added or changed                     if removed or changed
contentSchema                               by the same rules inside; if added      by the same rules inside; if removed
format                                      always: a generated client's types follow it
required                                    if added                                if dropped
property                                    if removed                              if removed
default                                     always                                  never
parameter                                   if removed, added as required, or made required
path, method, operationId                   if removed or changed
status                                                                              if removed, or a success added
media type                                  if removed                              if removed
header                                                                              if removed, or no longer certain
security, scheme                            if credentials that were enough no longer are, or are sent in another way
server                                      if removed, or if its variables change
allOf, anyOf, oneOf, not, if, …             always: their effect is not analysed
descriptions, examples, deprecated          never
members that start with x-                  are not compared
=========================================== ======================================= ==================================

A breaking change needs a new major ``info.version``; without one, the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import yaml

from dataarts_datamap_contract.specification import specification_path
from dataarts_datamap_contract.specification.levels import resolve_pointer

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    Json: TypeAlias = Any

_Key = TypeVar("_Key")
Direction: TypeAlias = Literal["request", "answer"]

RELEASED = Path(__file__).resolve().parent / "released"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_JSON_TYPES = ("null", "boolean", "integer", "fraction", "string", "array", "object")
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains")
_NARROWING = ("pattern", "multipleOf", "uniqueItems", "contentMediaType", "contentEncoding")
_INSIDE = {"items": "[]", "contentSchema": " → $", "additionalProperties": ".*"}
_UNJUDGED = (
    *("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "prefixItems", "contains", "patternProperties"),
    *("propertyNames", "dependentSchemas", "dependentRequired", "unevaluatedItems", "unevaluatedProperties"),
)
_WORDS = ("title", "description", "summary", "deprecated", "example", "examples", "externalDocs", "tags")
_WIRE = ("style", "explode", "allowReserved", "allowEmptyValue")
_SUCCESS = ("2", "3")


@dataclass(frozen=True, slots=True)
class Change:
    """A change from the older document to the newer one.

    Attributes:
        where: The operation or component, with the place inside it.
        what: The change.
        breaking: Whether it breaks users of the older document.
    """

    where: str
    what: str
    breaking: bool


def compare(old: Mapping[str, Json], new: Mapping[str, Json]) -> list[Change]:
    """Every change between two documents, the breaking ones first."""
    changes = dict.fromkeys(_Comparison(old, new).changes())
    return sorted(changes, key=lambda change: not change.breaking)


def asks_for_major(changes: Sequence[Change], old: Mapping[str, Json], new: Mapping[str, Json]) -> bool:
    """Whether something breaks but the major version is the same."""
    return _major(new) <= _major(old) and any(change.breaking for change in changes)


def last_released() -> Path:
    """The released document with the highest version.

    Raises:
        FileNotFoundError: None was released.
    """
    paths = list(RELEASED.glob("*.openapi.yaml"))
    if not paths:
        raise FileNotFoundError(f"no released document in {RELEASED}: give one")
    return max(paths, key=lambda path: _version(_load(path)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print; return 1 if something breaks without a new major version, else 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", nargs="?", type=Path, help="the older document (default: the last released one)")
    parser.add_argument("new", nargs="?", type=Path, default=specification_path(), help="the newer document")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    try:
        base = options.base or last_released()
        old, new = _load(base), _load(options.new)
        changes = compare(old, new)
        refused = asks_for_major(changes, old, new)
    except (OSError, ValueError, LookupError, yaml.YAMLError) as error:
        parser.error(str(error))
    print(_json(changes, old, new, refused=refused) if options.json else _table(changes, old, new, refused=refused))
    return 1 if refused else 0


class _Comparison:
    """A comparison of two documents. A component in both is compared once for each direction."""

    def __init__(self, old: Mapping[str, Json], new: Mapping[str, Json]) -> None:
        self._old = old
        self._new = new
        self._seen: set[tuple[str, str, str]] = set()

    def changes(self) -> Iterator[Change]:
        yield from _words("document", self._old.get("info", {}), self._new.get("info", {}), ("version", "license"))
        yield from self._servers()
        yield from self._security_schemes()
        paths, new_paths = self._old["paths"], self._new["paths"]
        yield from (Change(path, "path removed", breaking=True) for path in paths if path not in new_paths)
        yield from (Change(path, "path added", breaking=False) for path in new_paths if path not in paths)
        for path in paths:
            if path in new_paths:
                yield from self._path(path, paths[path], new_paths[path])

    def _servers(self) -> Iterator[Change]:
        old, new = ({one["url"]: _choices(one) for one in side.get("servers", ())} for side in (self._old, self._new))
        yield from (Change("servers", f"{url} removed", breaking=True) for url in old if url not in new)
        yield from (Change("servers", f"{url} added", breaking=False) for url in new if url not in old)
        for url in old:
            if url in new and old[url] != new[url]:
                yield Change("servers", f"variables of {url} changed", breaking=True)

    def _security_schemes(self) -> Iterator[Change]:
        old, new = (side.get("components", {}).get("securitySchemes", {}) for side in (self._old, self._new))
        for name, scheme in old.items():
            if name in new:
                where = f"security scheme {name}"
                for keyword in ("type", "in", "name", "scheme", "bearerFormat", "flows", "openIdConnectUrl"):
                    what = f"{keyword} {scheme.get(keyword)} became {new[name].get(keyword)}"
                    yield from _different(where, what, scheme, new[name], keyword)
                yield from _words(where, scheme, new[name])

    def _path(self, path: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[Change]:
        for method in _METHODS:
            label = f"{method.upper()} {path}"
            if method in old and method not in new:
                yield Change(label, "operation removed", breaking=True)
            elif method in new and method not in old:
                yield Change(label, "operation added", breaking=False)
            elif method in old:
                parameters = old.get("parameters", []), new.get("parameters", [])
                yield from self._operation(label, old[method], new[method], *parameters)

    def _operation(
        self,
        label: str,
        old: Mapping[str, Json],
        new: Mapping[str, Json],
        shared: Sequence[Json],
        new_shared: Sequence[Json],
    ) -> Iterator[Change]:
        where = str(old.get("operationId", label))
        what = f"operationId {old.get('operationId')} became {new.get('operationId')}"
        yield from _different(where, what, old, new, "operationId")
        yield from _words(where, old, new)
        yield from self._security(where, old, new)
        yield from self._parameters(
            where, [*shared, *old.get("parameters", ())], [*new_shared, *new.get("parameters", ())]
        )
        yield from self._request_body(where, old.get("requestBody"), new.get("requestBody"))
        yield from self._answers(where, old.get("responses", {}), new.get("responses", {}))

    def _security(self, where: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[Change]:
        before = _alternatives(old.get("security", self._old.get("security", [])))
        after = _alternatives(new.get("security", self._new.get("security", [])))
        for alternative in before:
            if not any(needed <= alternative for needed in after):
                yield Change(where, f"security: {_credentials(alternative)} is no longer enough", breaking=True)
        for alternative in after:
            if not any(enough <= alternative for enough in before):
                yield Change(where, f"security: {_credentials(alternative)} is enough, too", breaking=False)

    def _parameters(self, where: str, old: Sequence[Json], new: Sequence[Json]) -> Iterator[Change]:
        before = {_key(value): (entry, value) for entry, value in self._resolved(self._old, old)}
        after = {_key(value): (entry, value) for entry, value in self._resolved(self._new, new)}
        for place, name in _missing(before, after):
            yield Change(f"{where}, {place} {name}", "parameter removed", breaking=True)
        for place, name in _missing(after, before):
            required = bool(after[place, name][1].get("required"))
            what = "required parameter added" if required else "optional parameter added"
            yield Change(f"{where}, {place} {name}", what, breaking=required)
        for key, (entry, parameter) in before.items():
            if key in after:
                new_entry, new_parameter = after[key]
                label = _label(f"{where}, {key[0]} {key[1]}", entry, new_entry)
                yield from self._parameter(label, parameter, new_parameter)

    def _resolved(self, document: Mapping[str, Json], entries: Sequence[Json]) -> Iterator[tuple[Json, Json]]:
        for entry in entries:
            yield entry, _resolve(document, entry)

    def _parameter(self, where: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[Change]:
        if bool(old.get("required")) != bool(new.get("required")):
            required = bool(new.get("required"))
            yield Change(where, "became required" if required else "became optional", breaking=required)
        for keyword in _WIRE:
            yield from _different(where, f"{keyword} changed", old, new, keyword)
        yield from _words(where, old, new)
        yield from self._schema(where, old.get("schema", True), new.get("schema", True), "request")
        yield from self._content(where, old.get("content", {}), new.get("content", {}), "request")

    def _request_body(self, where: str, old: Json, new: Json) -> Iterator[Change]:
        where = f"{where}, body"
        before, after = _resolve(self._old, old or {}), _resolve(self._new, new or {})
        if old is None or new is None:
            if old is not None or new is not None:
                added = new is not None
                what = f"request body {'added' if added else 'removed'}"
                yield Change(where, what, breaking=not added or bool(after.get("required")))
            return
        if bool(after.get("required")) != bool(before.get("required")):
            required = bool(after.get("required"))
            yield Change(where, "became required" if required else "became optional", breaking=required)
        yield from self._content(where, before.get("content", {}), after.get("content", {}), "request")

    def _answers(self, where: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[Change]:
        for status in _missing(new, old):
            yield Change(where, f"status {status} added", breaking=str(status).startswith(_SUCCESS))
        for status, answer in old.items():
            if status not in new:
                yield Change(where, f"status {status} removed", breaking=True)
            else:
                label = _label(f"{where} {status}", answer, new[status])
                yield from self._answer(label, _resolve(self._old, answer), _resolve(self._new, new[status]))

    def _answer(self, where: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[Change]:
        yield from _words(where, old, new)
        yield from self._content(where, old.get("content", {}), new.get("content", {}), "answer")
        headers, new_headers = old.get("headers", {}), new.get("headers", {})
        yield from (
            Change(where, f"header {name} removed", breaking=True) for name in headers if name not in new_headers
        )
        yield from (
            Change(where, f"header {name} added", breaking=False) for name in new_headers if name not in headers
        )
        for name in headers:
            if name in new_headers:
                label = _label(f"{where}, header {name}", headers[name], new_headers[name])
                yield from self._header(
                    label, _resolve(self._old, headers[name]), _resolve(self._new, new_headers[name])
                )

    def _header(self, where: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[Change]:
        if bool(old.get("required")) != bool(new.get("required")):
            required = bool(new.get("required"))
            yield Change(where, "is now always sent" if required else "is no longer always sent", breaking=not required)
        yield from _words(where, old, new)
        yield from self._schema(where, old.get("schema", True), new.get("schema", True), "answer")

    def _content(
        self, where: str, old: Mapping[str, Json], new: Mapping[str, Json], direction: Direction
    ) -> Iterator[Change]:
        yield from (Change(where, f"media type {name} removed", breaking=True) for name in old if name not in new)
        yield from (Change(where, f"media type {name} added", breaking=False) for name in new if name not in old)
        for name in old:
            if name in new:
                yield from self._schema(
                    f"{where} $", old[name].get("schema", True), new[name].get("schema", True), direction
                )

    def _schema(self, where: str, old: Json, new: Json, direction: Direction) -> Iterator[Change]:
        names = tuple(str(side.get("$ref", "")) if isinstance(side, dict) else "" for side in (old, new))
        if all(names):
            if (*names, direction) in self._seen:
                return
            self._seen.add((names[0], names[1], direction))
            where = f"{names[0].rpartition('/')[2]} $"
        before, after = _resolve(self._old, old), _resolve(self._new, new)
        if isinstance(before, bool) or isinstance(after, bool):
            yield from _boolean(where, before, after, direction)
            return
        yield from _words(where, before, after)
        yield from _keywords(where, before, after, direction)
        yield from self._members(where, before, after, direction)

    def _members(
        self, where: str, old: Mapping[str, Json], new: Mapping[str, Json], direction: Direction
    ) -> Iterator[Change]:
        for keyword, step in _INSIDE.items():
            if keyword in old or keyword in new:
                yield from self._schema(where + step, old.get(keyword, True), new.get(keyword, True), direction)
        properties, new_properties = old.get("properties", {}), new.get("properties", {})
        for name in _missing(properties, new_properties):
            yield Change(f"{where}.{name}", "property removed", breaking=True)
        for name in _missing(new_properties, properties):
            yield Change(f"{where}.{name}", "property added", breaking=False)
        for name in properties:
            if name in new_properties:
                yield from self._schema(f"{where}.{name}", properties[name], new_properties[name], direction)


def _boolean(where: str, old: Json, new: Json, direction: Direction) -> Iterator[Change]:
    """A schema that is added or removed, or that accepts everything or nothing."""
    rank = {True: 2, False: 0}
    before, after = (rank[side] if isinstance(side, bool) else 1 if _says_something(side) else 2 for side in (old, new))
    if before < after:
        yield Change(where, "accepts more than before", breaking=direction == "answer")
    elif before > after:
        yield Change(where, "accepts less than before", breaking=direction == "request")


def _says_something(schema: Mapping[str, Json]) -> bool:
    return any(keyword not in _WORDS and not keyword.startswith("x-") for keyword in schema)


def _keywords(where: str, old: Mapping[str, Json], new: Mapping[str, Json], direction: Direction) -> Iterator[Change]:
    """The changes in a schema's own keywords."""
    yield from _set(where, "type", _types(old), _types(new), direction)
    yield from _enum(where, old, new, direction)
    for keyword in (*_LOWER, *_UPPER):
        yield from _bound(where, keyword, old.get(keyword), new.get(keyword), direction)
    for keyword in _NARROWING:
        yield from _opaque(where, keyword, old.get(keyword), new.get(keyword), direction)
    required, new_required = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(required ^ new_required):
        added = name in new_required
        what = "became required" if added else "is not required any more"
        yield Change(f"{where}.{name}", what, breaking=added == (direction == "request"))
    yield from _different(where, f"format {old.get('format')} became {new.get('format')}", old, new, "format")
    for keyword in _UNJUDGED:
        yield from _different(where, f"{keyword} changed", old, new, keyword)
    what = f"default {old.get('default')!r} became {new.get('default')!r}"
    for change in _different(where, what, old, new, "default"):
        yield Change(change.where, change.what, breaking=direction == "request")


def _types(schema: Mapping[str, Json]) -> frozenset[str]:
    named = schema.get("type", list(_JSON_TYPES))
    names = {named} if isinstance(named, str) else set(named)
    return frozenset(names - {"number"} | ({"integer", "fraction"} if "number" in names else set()))


def _set(where: str, what: str, old: frozenset[str], new: frozenset[str], direction: Direction) -> Iterator[Change]:
    added, dropped = ", ".join(sorted(new - old)), ", ".join(sorted(old - new))
    if added and dropped:
        yield Change(where, f"{what} {dropped} became {added}", breaking=True)
    elif added:
        yield Change(where, f"{what} can be {added}, too", breaking=direction == "answer")
    elif dropped:
        yield Change(where, f"{what} is no longer {dropped}", breaking=direction == "request")


def _enum(where: str, old: Mapping[str, Json], new: Mapping[str, Json], direction: Direction) -> Iterator[Change]:
    before, after = _values(old), _values(new)
    if before is not None and after is not None:
        yield from _set(where, "enum", before, after, direction)
    elif before is not None:
        yield Change(where, "enum removed", breaking=direction == "answer")
    elif after is not None:
        yield Change(where, "enum added", breaking=direction == "request")


def _values(schema: Mapping[str, Json]) -> frozenset[str] | None:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    return None if values is None else frozenset(json.dumps(value, sort_keys=True) for value in values)


def _bound(where: str, keyword: str, old: Json, new: Json, direction: Direction) -> Iterator[Change]:
    if None in (old, new):
        yield from _opaque(where, keyword, old, new, direction)
    elif old != new:
        narrowed = (new > old) == (keyword in _LOWER)
        yield Change(where, f"{keyword} {old} became {new}", breaking=narrowed == (direction == "request"))


def _opaque(where: str, keyword: str, old: Json, new: Json, direction: Direction) -> Iterator[Change]:
    """A keyword that narrows, with values that cannot be compared."""
    if old == new:
        return
    if old is None:
        yield Change(where, f"{keyword} added: {new}", breaking=direction == "request")
    elif new is None:
        yield Change(where, f"{keyword} removed: {old}", breaking=direction == "answer")
    else:
        yield Change(where, f"{keyword} {old} became {new}", breaking=True)


def _different(
    where: str, what: str, old: Mapping[str, Json], new: Mapping[str, Json], keyword: str
) -> Iterator[Change]:
    if old.get(keyword) != new.get(keyword):
        yield Change(where, what, breaking=True)


def _words(where: str, old: Mapping[str, Json], new: Mapping[str, Json], more: Sequence[str] = ()) -> Iterator[Change]:
    """The keywords that only people read."""
    for keyword in (*_WORDS, *more):
        if old.get(keyword) != new.get(keyword):
            yield Change(where, f"{keyword} changed", breaking=False)


def _missing(keys: Iterable[_Key], others: Container[_Key]) -> list[_Key]:
    """The keys that the others lack, in their order."""
    return [key for key in keys if key not in others]


def _resolve(document: Mapping[str, Json], value: Json) -> Json:
    while isinstance(value, dict) and isinstance(value.get("$ref"), str):
        value = resolve_pointer(document, value["$ref"])
    return value


def _label(where: str, old: Json, new: Json) -> str:
    """The component's name if both sides are the same component, which may be used in many places."""
    return str(old["$ref"]).rpartition("/")[2] if "$ref" in old and old.get("$ref") == new.get("$ref") else where


def _key(parameter: Mapping[str, Json]) -> tuple[str, str]:
    name = str(parameter["name"])
    return str(parameter["in"]), name.lower() if parameter["in"] == "header" else name


def _choices(server: Mapping[str, Json]) -> Json:
    variables: Mapping[str, Json] = server.get("variables", {})
    return {name: (variable.get("default"), variable.get("enum")) for name, variable in variables.items()}


def _alternatives(security: Sequence[Mapping[str, Sequence[str]]]) -> list[frozenset[str]]:
    """The sufficient credentials, each as schemes with their scopes; empty if none are needed."""
    needed = [
        frozenset(f"{name} {' '.join(sorted(scopes))}".strip() for name, scopes in one.items()) for one in security
    ]
    return needed or [frozenset()]


def _credentials(alternative: frozenset[str]) -> str:
    return " and ".join(sorted(alternative)) or "no credentials"


def _major(document: Mapping[str, Json]) -> int:
    return _version(document)[0]


def _version(document: Mapping[str, Json]) -> tuple[int, ...]:
    text = str(document["info"]["version"])
    numbers = text.partition("-")[0].partition("+")[0].split(".")
    if not all(number.isdecimal() for number in numbers):
        raise ValueError(f"info.version {text!r} is not a version: write it as 1.2.3")
    return tuple(map(int, numbers))


def _load(path: Path) -> dict[str, Json]:
    document: dict[str, Json] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def _table(changes: Sequence[Change], old: Mapping[str, Json], new: Mapping[str, Json], *, refused: bool) -> str:
    width = max((len(change.where) for change in changes), default=0)
    lines = [
        f"{'breaking' if change.breaking else 'harmless'}  {change.where:{width}}  {change.what}" for change in changes
    ]
    breaking = sum(change.breaking for change in changes)
    before, after = old["info"]["version"], new["info"]["version"]
    lines.append(f"{before} → {after}: {breaking} breaking, {len(changes) - breaking} harmless")
    if refused:
        lines.append(f"a breaking change needs info.version {_major(old) + 1}.0.0 or higher")
    return "\n".join(lines)


def _json(changes: Sequence[Change], old: Mapping[str, Json], new: Mapping[str, Json], *, refused: bool) -> str:
    report = {
        "base": str(old["info"]["version"]),
        "new": str(new["info"]["version"]),
        "breaking": sum(change.breaking for change in changes),
        "harmless": sum(not change.breaking for change in changes),
        "needs_new_major": refused,
        "changes": [asdict(change) for change in changes],
    }
    return json.dumps(report, ensure_ascii=False, indent=2)


if __name__ == "__main__":
    sys.exit(main())
