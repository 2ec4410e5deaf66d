"""Judges a request, as it was sent, by the specification: valid, invalid, or unsure where servers may well differ."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast
from urllib.parse import unquote_to_bytes

from dataarts_datamap_contract.specification import specification_of
from dataarts_datamap_contract.specification.levels import LevelCheck, StrictJsonError, loads_strict, resolve_pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dataarts_datamap_contract.suite._http.messages import Request, Response

Kind: TypeAlias = Literal[
    "valid", "minimum", "maximum", "below", "above", "missing", "type", "fraction", "unlisted", "body", "doubtful"
]
"""How a parameter's value, or a body, fits its declaration."""

DEFECTS: frozenset[Kind] = frozenset({"below", "above", "missing", "type", "fraction", "unlisted", "body"})
"""The kinds that no server may accept."""

BODY = "the body"
"""The name of the body among the parameters, as in `Judgement.kinds`."""

_PLAIN = re.compile(r"0|-?[1-9][0-9]*")
# Spellings of integers that common parsers accept beside decimal digits, each with its base. Spring's NumberUtils takes
# 0x and #; Python's int(text, 0) and JavaScript's Number take 0x, 0o and 0b; for some, a leading zero means octal.
_BASES = (
    (re.compile(r"([+-]?)(?:0[xX]|#)([0-9a-fA-F]+)"), 16),
    (re.compile(r"([+-]?)0[oO]?([0-7]+)"), 8),
    (re.compile(r"([+-]?)0[bB]([01]+)"), 2),
)
_SUFFIX = re.compile(r"(.*[0-9.])[dDfFlL]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LONGEST_TARGET = 8_000
# Far more digits than any bound has. int() refuses more than 4,300.
_MOST_DIGITS = 400


@dataclass(frozen=True, slots=True)
class Parameter:
    """A declared parameter.

    Attributes:
        name: Its name.
        location: ``path``, ``query`` or ``header``.
        required: Whether it must be sent.
        schema: What its value must be.
    """

    name: str
    location: str
    required: bool
    schema: Mapping[str, Any]

    @property
    def is_integer(self) -> bool:
        """Whether its value must be an integer."""
        return self.schema.get("type") == "integer"

    @property
    def is_repeated(self) -> bool:
        """Whether it may be sent several times, each with a value of its own."""
        return self.schema.get("type") == "array"

    @property
    def _listed(self) -> tuple[str, ...]:
        """The only values that are allowed; empty if they are not listed."""
        return ("true", "false") if self.schema.get("type") == "boolean" else tuple(self.schema.get("enum", ()))

    def classify(self, text: str) -> tuple[Kind, str | int]:
        """A text's kind as a value, and the value: an int if it must be one and is plainly written, else the text."""
        if self._listed and text not in self._listed:
            known = text.casefold() in {each.casefold() for each in self._listed}
            return ("doubtful" if known or not text.strip() or text in {"0", "1"} else "unlisted"), text
        if not self.is_integer:
            return ("valid" if text.strip() and not _CONTROL.search(text) else "doubtful"), text
        if len(text) > _MOST_DIGITS:
            return ("above" if text.isascii() and text.isdecimal() else "type"), text
        if _PLAIN.fullmatch(text):
            return self._classify_number(int(text)), int(text)
        return self._classify_odd(text), text

    def _classify_odd(self, text: str) -> Kind:
        """The kind of a text that is no plain integer: doubtful if a lenient server may accept it."""
        if not text.strip():
            return "doubtful" if text or not self.required else "type"
        found: list[Kind] = [self._classify_reading(number) for number in _readings("".join(text.split()))]
        if not found:
            return "type"
        return found[0] if DEFECTS.issuperset(found) else "doubtful"

    def _classify_reading(self, number: Decimal) -> Kind:
        return self._classify_number(number) if number == number.to_integral_value() else "fraction"

    def _classify_number(self, number: int | Decimal) -> Kind:
        least, most = self.schema.get("minimum"), self.schema.get("maximum")
        if least is not None and number <= least:
            return "minimum" if number == least else "below"
        if most is not None and number >= most:
            return "maximum" if number == most else "above"
        return "valid"


def _readings(text: str) -> Iterator[Decimal]:
    """Every finite number that some common parser reads from the whole of a text without blanks."""
    for pattern, base in _BASES:
        match = pattern.fullmatch(text)
        if match:
            yield Decimal(int("".join(match.groups()), base))
    suffixed = _SUFFIX.fullmatch(text)
    for reader in (Decimal, float):
        for each in (text, suffixed[1]) if suffixed else (text,):
            try:
                number = Decimal(reader(each))
            except (ValueError, ArithmeticError):
                continue
            if number.is_finite():
                yield number


@dataclass(frozen=True, slots=True)
class Operation:
    """A declared operation.

    Attributes:
        id: Its operationId.
        method: Its method, in upper case.
        template: Its path template.
        parameters: Its parameters in their order.
        responses: Its responses by status, references resolved.
        body: Returns the violations in a document that is sent as the body; None if the operation takes no body.
    """

    id: str
    method: str
    template: str
    parameters: tuple[Parameter, ...]
    responses: Mapping[str, Mapping[str, Any]]
    body: Callable[[object], Iterable[object]] | None = None

    def match(self, path: str) -> Mapping[str, str] | None:
        """The path parameters of a path as sent, still percent-encoded; None if the path is not the operation's."""
        found = _path_pattern(self.template).fullmatch(path)
        return found.groupdict() if found else None


@cache
def _path_pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template)))


@dataclass(frozen=True)
class Judgement:
    """The judgement of a request by the specification.

    Attributes:
        operation: The operation that it asks for; None if it asks for none that is declared.
        kinds: The kind of each declared parameter's value, and of the body, without optional parameters that were not
            sent.
        values: The value of each parameter that was sent once, as `Parameter.classify` reads it; and the texts,
            integers and booleans in the body's object, by name.
        doubtful: Whether the request as a whole is odd: it has a broken or a non-UTF-8 escape, a plus sign in the
            query, dots in place of an id, an encoded slash in an id, a header field that is not ASCII, or a very long
            URL.
        undeclared: The names of query parameters that are not declared, which a server may refuse or ignore.
    """

    operation: Operation | None
    kinds: Mapping[str, Kind]
    values: Mapping[str, str | int]
    doubtful: bool = False
    undeclared: frozenset[str] = frozenset()

    @cached_property
    def defects(self) -> Mapping[str, Kind]:
        """The parameters whose kind no server may accept, each with that kind; the body counts as one."""
        return {name: kind for name, kind in self.kinds.items() if kind in DEFECTS}

    @property
    def standing(self) -> Literal["valid", "invalid", "unsure"]:
        """``invalid`` must be refused, ``valid`` must be understood; for ``unsure``, neither is known."""
        if self.operation is None or self.doubtful:
            return "unsure"
        if self.defects:
            return "invalid"
        return "unsure" if "doubtful" in self.kinds.values() else "valid"

    @cached_property
    def _defaults(self) -> Mapping[str, object]:
        parameters = self.operation.parameters if self.operation else ()
        return {each.name: each.schema["default"] for each in parameters if "default" in each.schema}

    def number(self, name: str) -> int | None:
        """The integer of this name: a parameter, or its default, or a member of the body; None if there is none.

        None, too, if the parameter or the body has a defect.
        """
        value = self.values.get(name, self._defaults.get(name) if name not in self.kinds else None)
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        return value if self.kinds.get(name, self.kinds.get(BODY)) not in DEFECTS else None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, its judgement, and its response."""

    request: Request
    judgement: Judgement
    response: Response

    @property
    def operation_id(self) -> str | None:
        """The id of the declared operation that was asked for; None if it asks for none."""
        return self.judgement.operation.id if self.judgement.operation else None


class Oracle:
    """The declared operations of a specification, ready to judge requests."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.operations = tuple(_operations(document))

    def operation(self, operation_id: str) -> Operation:
        """The operation of that id.

        Raises:
            LookupError: There is none.
        """
        for operation in self.operations:
            if operation.id == operation_id:
                return operation
        raise LookupError(f"the specification has no operation {operation_id}")

    def methods(self, path: str) -> frozenset[str]:
        """The methods that are declared for a path as sent."""
        return frozenset(each.method for each in self.operations if each.match(path) is not None)

    def judge(self, request: Request) -> Judgement:
        """The judgement of a request."""
        for operation in self.operations:
            path = operation.match(request.path) if operation.method == request.method else None
            if path is not None:
                return _judge(operation, path, request)
        return Judgement(None, {}, {})


@cache
def oracle_of(operation_ids: frozenset[str]) -> Oracle:
    """The operations of these ids, ready to judge requests; made once and shared."""
    return Oracle(specification_of(operation_ids))


def _judge(operation: Operation, path: Mapping[str, str], request: Request) -> Judgement:
    sent, odd = _sent(path, request)
    kinds: dict[str, Kind] = {}
    values: dict[str, str | int] = {}
    for parameter in operation.parameters:
        texts = sent[parameter.location, parameter.name.lower() if parameter.location == "header" else parameter.name]
        if len(texts) == 1:
            kinds[parameter.name], values[parameter.name] = parameter.classify(texts[0])
        elif texts:
            kinds[parameter.name] = "valid" if parameter.is_repeated else "doubtful"
        elif parameter.required:
            kinds[parameter.name] = "missing"
    if operation.body is not None:
        kinds[BODY], document = _classify_body(operation.body, request.content)
        if isinstance(document, dict):
            members = cast("dict[str, object]", document)
            values |= {name: value for name, value in members.items() if isinstance(value, (int, str))}
    declared = {each.name for each in operation.parameters if each.location == "query"}
    undeclared = frozenset(name for location, name in sent if location == "query") - declared
    return Judgement(operation, kinds, values, odd or len(request.target) > _LONGEST_TARGET, undeclared)


def _classify_body(judge: Callable[[object], Iterable[object]], content: bytes) -> tuple[Kind, object]:
    """The kind of a body that was sent, and the document in it; None for a document that cannot be read."""
    try:
        document = loads_strict(content)
    except StrictJsonError:
        return "body" if _is_no_json(content) else "doubtful", None
    if any(judge(document)):
        return "body", document
    return "doubtful" if _has_odd_number(document) else "valid", document


def _is_no_json(content: bytes) -> bool:
    """Whether even the lenient ``json.loads`` refuses the content."""
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return True
    return False


def _has_odd_number(document: object) -> bool:
    """Whether a number is written with a point or an exponent: readers differ about integers that are written so."""
    items: Iterable[object] = ()
    if isinstance(document, dict):
        items = cast("dict[str, object]", document).values()
    elif isinstance(document, list):
        items = cast("list[object]", document)
    return isinstance(document, float) or any(map(_has_odd_number, items))


def _sent(path: Mapping[str, str], request: Request) -> tuple[Mapping[tuple[str, str], list[str]], bool]:
    """The texts of each parameter by location and name, and whether anything about them is odd."""
    pairs = [pair.partition("=")[::2] for pair in request.query.split("&") if pair]
    odd = any(segment.lower() in {".", ".."} or "%2f" in segment.lower() for segment in path.values())
    sent: dict[tuple[str, str], list[str]] = defaultdict(list)
    for location, items in (("path", path.items()), ("query", pairs)):
        for name, value in items:
            key, text = _unquote(name, location), _unquote(value, location)
            odd = odd or key is None or text is None
            sent[location, key or ""].append(text or "")
    for name, value in request.fields:
        sent["header", name.lower()].append(value)
        odd = odd or not value.isascii()
    return sent, odd


def _unquote(text: str, location: str) -> str | None:
    """The text without percent-encoding; None if readers differ about it. In a query, a plus sign may mean a space."""
    if _BROKEN_ESCAPE.search(text) or (location == "query" and "+" in text):
        return None
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return None


def _operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    for template, item in document["paths"].items():
        for method, operation in item.items():
            if isinstance(operation, dict) and "operationId" in operation:
                yield _operation(document, template, method, item, cast("dict[str, Any]", operation))


def _operation(
    document: Mapping[str, Any], template: str, method: str, item: Mapping[str, Any], operation: Mapping[str, Any]
) -> Operation:
    declared: Iterable[Any] = (*item.get("parameters", ()), *operation.get("parameters", ()))
    return Operation(
        operation["operationId"],
        method.upper(),
        template,
        tuple(_parameter(_resolve(document, each)) for each in declared),
        {status: _resolve(document, each) for status, each in operation["responses"].items()},
        partial(LevelCheck(document).judge, schema=operation["requestBody"]["content"]["application/json"]["schema"])
        if "requestBody" in operation
        else None,
    )


def _parameter(declaration: Mapping[str, Any]) -> Parameter:
    return Parameter(
        declaration["name"], declaration["in"], declaration.get("required", False), declaration.get("schema", {})
    )


def _resolve(document: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in part:
        part = resolve_pointer(document, part["$ref"])
    return part
