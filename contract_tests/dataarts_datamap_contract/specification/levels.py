"""JSON inside JSON strings: every decoded level of a value, checked against its schema.

No validator enforces ``contentMediaType`` and ``contentSchema``. This module does: it follows the schema through the
value, decodes each string that the schema declares to be a JSON document, checks the result and continues inside.
"""

from __future__ import annotations

import json
import math
import re
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias, cast
from urllib.parse import unquote

import jsonschema_rs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Schema: TypeAlias = "Mapping[str, Any] | bool"
"""A JSON Schema, as in OpenAPI 3.1."""

MAX_DEPTH = 100
"""How many levels deep one document may be nested; a document inside a string is counted by itself."""

_MEDIA_TYPE = "application/json"
_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|([\[{])|([\]}])', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST_MESSAGE = 240
_LEVEL = " → $"


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation of a schema by a value.

    Attributes:
        path: Its place, one part for each decoded level: ``$.body → $.rows[3].runningData → $.type``.
        message: What is wrong there.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class StrictJsonError(ValueError):
    """A text is not a JSON document by strict rules."""


def loads_strict(text: str | bytes) -> Any:  # noqa: ANN401  a JSON document can be any value
    """Read a JSON document without the leniency of ``json.loads``.

    Besides a text outside the grammar of RFC 8259, it refuses a byte order mark, any encoding but UTF-8, a duplicate
    key, a lone surrogate, a number with a fraction or an exponent that is too large for a double, an integer of more
    than 4,300 digits, and nesting deeper than `MAX_DEPTH`.

    Raises:
        StrictJsonError: The text is not such a document; the error says why.
    """
    try:
        document = text.decode() if isinstance(text, bytes) else text
        document.encode()
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise StrictJsonError(f"not UTF-8: {error.reason}") from error
    try:
        value = _read_json(document)
    except (RecursionError, ValueError) as error:
        _refuse_depth(document)
        if isinstance(error, StrictJsonError) or not isinstance(error, ValueError):
            raise
        raise StrictJsonError(f"not JSON: {error}") from error
    # A text with few brackets cannot be nested deeply.
    if document.count("[") + document.count("{") > MAX_DEPTH and _is_deep(value):
        _refuse_depth(document)
    if _SURROGATE_ESCAPE.search(document):
        _refuse_lone_surrogates(value)
    return value


def resolve_pointer(document: object, pointer: str) -> Any:  # noqa: ANN401  a part of a document can be anything
    """The part of a document that a JSON pointer names, with or without its leading ``#``.

    Raises:
        LookupError: The text is not a JSON pointer, or there is nothing at that place.
    """
    part = document
    for token in _pointer_tokens(pointer):
        try:
            part = _member(part, token)
        except (KeyError, IndexError):
            raise LookupError(f"{pointer} names nothing: {token!r} is not there") from None
    return part


class LevelCheck:
    """Validates values against the schemas of an OpenAPI document.

    Validators are compiled at their first use and cached, so reuse the object.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        # The schema is kept with its validator, so that no other schema can get the same id.
        self._validators: dict[int, tuple[Schema, jsonschema_rs.Draft202012Validator]] = {}
        self._with_levels: dict[int, tuple[Schema, bool]] = {}

    def judge(self, value: object, schema: Schema | str) -> tuple[Violation, ...]:
        """All violations of a value, on its own level and on every level decoded from it.

        Args:
            value: A result of `loads_strict`, or another value made of the same types.
            schema: A JSON pointer into the document, or a schema whose references point into it.

        Raises:
            LookupError: The pointer, or a reference of the schema, has no target; or a schema is not valid.
        """
        root = resolve_pointer(self._document, schema) if isinstance(schema, str) else schema
        return tuple(dict.fromkeys(self._violations(value, root)))

    def judge_text(self, text: str | bytes, schema: Schema | str) -> tuple[Violation, ...]:
        """All violations of a document given as text. A text that `loads_strict` refuses is one violation."""
        try:
            value = loads_strict(text)
        except StrictJsonError as error:
            return (Violation("$", str(error)),)
        return self.judge(value, schema)

    def _violations(self, value: object, schema: Schema) -> Iterator[Violation]:
        yield from self._invalid(value, schema, "$")
        pending: deque[tuple[object, Schema, str]] = deque([(value, schema, "$")])
        while pending:
            here, root, path = pending.popleft()
            for part in self._applicable(here, root) if self._has_levels(root) else ():
                if isinstance(here, str):
                    yield from self._decode(here, part, path, pending)
                pending.extend(
                    (child, sub, path + _step(key))
                    for key, child, sub in _children(here, part)
                    if self._has_levels(sub)
                )

    def _decode(
        self, text: str, schema: Mapping[str, Any], path: str, pending: deque[tuple[object, Schema, str]]
    ) -> Iterator[Violation]:
        if schema.get("contentMediaType") != _MEDIA_TYPE or "contentEncoding" in schema:
            return
        try:
            value = loads_strict(text)
        except StrictJsonError as error:
            yield Violation(path, str(error))
            return
        inside: Schema = schema.get("contentSchema", True)
        yield from self._invalid(value, inside, path + _LEVEL)
        pending.append((value, inside, path + _LEVEL))

    def _invalid(self, value: object, schema: Schema, path: str) -> Iterator[Violation]:
        for error in self._validator(schema).iter_errors(value):
            yield Violation(path + _steps(error.instance_path), _shorten(error.message))

    def _applicable(self, value: object, schema: Schema) -> Iterator[Mapping[str, Any]]:
        """The schema and those that it applies to the same value; alternatives only if the value satisfies them."""
        pending, seen = [schema], set[int]()
        while pending:
            part = pending.pop()
            if isinstance(part, bool) or id(part) in seen:
                continue
            seen.add(id(part))
            yield part
            if "$ref" in part:
                pending.append(resolve_pointer(self._document, part["$ref"]))
            pending.extend(part.get("allOf", ()))
            alternatives = (*part.get("anyOf", ()), *part.get("oneOf", ()))
            pending.extend(one for one in alternatives if self._validator(one).is_valid(value))
            if "if" in part:
                branch = "then" if self._validator(part["if"]).is_valid(value) else "else"
                pending.append(part.get(branch, True))

    def _has_levels(self, schema: Schema) -> bool:
        """Whether the schema, or any that it contains or refers to, declares that a string is a document."""
        if id(schema) not in self._with_levels:
            self._with_levels[id(schema)] = (schema, any("contentMediaType" in part for part in self._reached(schema)))
        return self._with_levels[id(schema)][1]

    def _reached(self, schema: object) -> Iterator[Mapping[str, object]]:
        pending, seen = [schema], set[int]()
        while pending:
            part = pending.pop()
            if id(part) in seen:
                continue
            seen.add(id(part))
            pending.extend(_items(part))
            if isinstance(part, dict):
                whole = cast("dict[str, object]", part)
                yield whole
                if isinstance(reference := whole.get("$ref"), str):
                    with suppress(LookupError):  # an example may hold a $ref, too
                        pending.append(resolve_pointer(self._document, reference))

    def _validator(self, schema: Schema) -> jsonschema_rs.Draft202012Validator:
        if id(schema) not in self._validators:
            # As part of the whole document, the schema can resolve its references.
            whole = {**self._document, "allOf": [schema]}
            try:
                self._validators[id(schema)] = (schema, jsonschema_rs.Draft202012Validator(whole))
            except jsonschema_rs.ValidationError as error:
                raise LookupError(f"a schema that cannot be compiled: {error.message}") from error
        return self._validators[id(schema)][1]


def _children(value: object, schema: Mapping[str, Any]) -> Iterator[tuple[str | int, object, Schema]]:
    if isinstance(value, dict):
        yield from _members(cast("dict[str, object]", value), schema)
    elif isinstance(value, list):
        first: Sequence[Schema] = schema.get("prefixItems", ())
        others: Schema = schema.get("items", True)
        for index, item in enumerate(cast("list[object]", value)):
            yield index, item, first[index] if index < len(first) else others


def _members(value: Mapping[str, object], schema: Mapping[str, Any]) -> Iterator[tuple[str, object, Schema]]:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    patterns: Mapping[str, Schema] = schema.get("patternProperties", {})
    for name, member in value.items():
        schemas = [properties[name]] if name in properties else []
        schemas += [sub for pattern, sub in patterns.items() if re.search(pattern, name)]
        for sub in schemas or [schema.get("additionalProperties", True)]:
            yield name, member, sub


def _steps(path: Iterable[str | int]) -> str:
    return "".join(_step(token) for token in path)


def _step(token: str | int) -> str:
    if isinstance(token, int):
        return f"[{token}]"
    return f".{token}" if _IDENTIFIER.fullmatch(token) else f"[{json.dumps(token)}]"


def _shorten(message: str) -> str:
    """Shorten a message in the middle: a validator quotes the whole value first and explains last."""
    if len(message) <= _LONGEST_MESSAGE:
        return message
    half = _LONGEST_MESSAGE // 2
    return f"{message[:half]} … {message[-half:]}"


def _pointer_tokens(pointer: str) -> list[str]:
    path = unquote(pointer.removeprefix("#"))
    if path and not path.startswith("/"):
        raise LookupError(f"not a JSON pointer: {pointer}")
    return [token.replace("~1", "/").replace("~0", "~") for token in path.split("/")[1:]]


def _member(part: object, token: str) -> object:
    if isinstance(part, dict):
        return cast("dict[str, object]", part)[token]
    if isinstance(part, list) and token.isdecimal():
        return cast("list[object]", part)[int(token)]
    raise KeyError(token)


def _is_deep(value: object) -> bool:
    """Whether a decoded value is nested deeper than `MAX_DEPTH` levels."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for each in level for child in _items(each) if isinstance(child, (dict, list))]
    return bool(level)


def _items(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()


def _refuse_depth(text: str) -> None:
    depth = 0
    for match in _BRACKETS.finditer(text):
        opened, closed = match.groups()
        depth += bool(opened) - bool(closed)
        if depth > MAX_DEPTH:
            raise StrictJsonError(f"nested deeper than {MAX_DEPTH} levels at character {match.start()}")


def _refuse_constant(name: str) -> NoReturn:
    raise StrictJsonError(f"not JSON: {name} is not a JSON number")


def _read_float(literal: str) -> float:
    number = float(literal)
    if math.isinf(number):
        raise StrictJsonError(f"a number out of the range of a double: {_shorten(literal)}")
    return number


def _unite_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    united = dict(pairs)
    if len(united) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise StrictJsonError(f"the key {json.dumps(twice)} occurs twice in one object")
    return united


def _read_json(text: str) -> Any:  # noqa: ANN401  a JSON document can be any value
    if text.startswith("\ufeff"):
        raise StrictJsonError("not JSON: it starts with a byte order mark (BOM)")
    return _DECODER.decode(text)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unite_pairs, parse_constant=_refuse_constant, parse_float=_read_float
)


def _refuse_lone_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        lone = ord(str(error.object)[error.start])
        raise StrictJsonError(f"a lone surrogate, \\u{lone:04x}") from None
