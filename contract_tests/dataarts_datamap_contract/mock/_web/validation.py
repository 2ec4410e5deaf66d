"""Judges the parameters of a request by the specification."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jsonschema_rs import Draft202012Validator, ValidationError

from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dataarts_datamap_contract.mock._web.requests import RequestParts

# A longer number is outside every range, and int() refuses one of more than 4,300 digits.
_INTEGER = re.compile(r"[0-9]{1,40}|-[1-9][0-9]{0,39}")
_TYPES = ("integer", "string")


@dataclass(frozen=True)
class Arguments:
    """The declared parameters of a request that is valid, by name."""

    values: Mapping[str, str | int]

    def text(self, name: str) -> str:
        """A text; empty if an optional one was not sent."""
        return str(self.values.get(name, ""))

    def number(self, name: str) -> int:
        """A required integer."""
        return int(self.values[name])


class ParameterRules:
    """The rules for the parameters of one operation, read off its declarations.

    A parameter sent twice is refused, and a number must be plain ASCII digits: the service documents neither, and both
    are mistakes of whoever sends them. Parameters that are not declared are ignored.

    Raises:
        ValueError: A declaration needs more than this reader knows.
    """

    def __init__(self, document: Mapping[str, Any], parameters: Iterable[Mapping[str, Any]]) -> None:
        self._rules = [_Rule(_resolve(document, parameter)) for parameter in parameters]

    def judge(self, request: RequestParts) -> Arguments:
        """The values of the declared parameters.

        Raises:
            HttpError: One of them is missing, sent twice, or not what its schema asks for.
        """
        texts = request.texts()
        judged = {rule.name: rule.judge(rule.sent(request, texts)) for rule in self._rules}
        return Arguments({name: argument for name, argument in judged.items() if argument is not None})


class _Rule:
    """The rule for one parameter."""

    def __init__(self, declaration: Mapping[str, Any]) -> None:
        self.name: str = declaration["name"]
        self._location: str = declaration["in"]
        self._required: bool = declaration.get("required", False)
        schema: dict[str, Any] = declaration["schema"]
        if schema.get("type") not in _TYPES:
            raise ValueError(f"parameter {self.name} has type {schema.get('type')!r}: only {_TYPES} can be judged")
        self._is_integer = schema["type"] == "integer"
        self._validator = Draft202012Validator(schema)

    def sent(self, request: RequestParts, texts: Mapping[str, Mapping[str, list[str]]]) -> list[str]:
        """The values of the parameter; the case of a header field's name does not count."""
        if self._location == "header":
            return [value.decode("latin-1") for value in request.header(self.name)]
        return texts[self._location].get(self.name, [])

    def judge(self, sent: list[str]) -> str | int | None:
        if not sent:
            if self._required:
                raise self._bad_request("it is missing")
            return None
        if len(sent) > 1:
            raise self._bad_request(f"it was sent {len(sent)} times")
        value = self._read(sent[0])
        try:
            self._validator.validate(value)
        except ValidationError as error:
            raise self._bad_request(error.message) from None
        return value

    def _read(self, text: str) -> str | int:
        return int(text) if self._is_integer and _INTEGER.fullmatch(text) else text

    def _bad_request(self, reason: str) -> HttpError:
        return HttpError(400, "APIGW.0106", f"Invalid {self._location} parameter {self.name}: {reason}")


def _resolve(document: Mapping[str, Any], parameter: Mapping[str, Any]) -> Mapping[str, Any]:
    """The declaration itself, where the operation only points at it."""
    reference = parameter.get("$ref")
    if reference is None:
        return parameter
    target: Any = document
    for step in str(reference).removeprefix("#/").split("/"):
        target = target[step]
    return _resolve(document, target)
