"""Validates the parameters and the body of a request against declarations in the form of OpenAPI."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jsonschema_rs import Draft202012Validator, ValidationError

from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dataarts_datamap_contract.mock._web.requests import RequestParts

# A longer number is out of range anyway, and int() refuses more than 4,300 digits.
_INTEGER = re.compile(r"[0-9]{1,40}|-[1-9][0-9]{0,39}")
_TYPES = ("array", "boolean", "integer", "string")
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class Arguments:
    """The declared parameters of a request that is valid, by name, and its body.

    Attributes:
        values: The parameters that were sent.
        body: The JSON document; None if the operation has none.
        lists: All values of each parameter that may be sent several times; ``values`` has only the first.
    """

    values: Mapping[str, str | int]
    body: Any = None
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])

    def text(self, name: str) -> str:
        """A text; empty if an optional one was not sent."""
        return str(self.values.get(name, ""))

    def number(self, name: str, default: int | None = None) -> int:
        """An integer; the default, if an optional one was not sent."""
        return int(self.values[name] if default is None else self.values.get(name, default))


class ParameterRules:
    """The rules for the parameters and the body of one operation, read off its declarations.

    A parameter that is sent twice is refused, unless it is an array, and an integer must be in ASCII digits: the
    service documents neither rule, but breaking either is a mistake of the client. Undeclared parameters are ignored.

    Raises:
        ValueError: A declaration uses something that is not supported here.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        parameters: Iterable[Mapping[str, Any]],
        body: Mapping[str, Any] | None = None,
    ) -> None:
        self._rules = [_Rule(_resolve(document, parameter)) for parameter in parameters]
        self._body = None if body is None else _body_validator(document, body)

    def judge(self, request: RequestParts) -> Arguments:
        """The values of the declared parameters, and the body.

        Raises:
            HttpError: A parameter is missing or sent twice; the path or the query is not percent-encoded UTF-8; the
                body is not JSON; or a parameter or the body does not match its schema.
        """
        texts = request.texts()
        judged = {rule.name: rule.judge(rule.sent(request, texts)) for rule in self._rules}
        values = {name: argument for name, argument in judged.items() if argument is not None}
        lists = {rule.name: tuple(rule.sent(request, texts)) for rule in self._rules if rule.is_list}
        return Arguments(values, None if self._body is None else self._judge_body(self._body, request.body), lists)

    def _judge_body(self, validator: Draft202012Validator, content: bytes) -> object:
        try:
            document: object = json.loads(content)
        except (ValueError, RecursionError):
            raise HttpError(400, "APIGW.0106", "Invalid body: it is not JSON") from None
        try:
            validator.validate(document)
        except ValidationError as error:
            raise HttpError(400, "APIGW.0106", f"Invalid body: {error.message}") from None
        except UnicodeEncodeError:
            raise HttpError(400, "APIGW.0106", "Invalid body: it holds half of a surrogate pair") from None
        return document


class _Rule:
    """The rule for one parameter."""

    def __init__(self, declaration: Mapping[str, Any]) -> None:
        self.name: str = declaration["name"]
        self._location: str = declaration["in"]
        self._required: bool = declaration.get("required", False)
        schema: dict[str, Any] = declaration["schema"]
        if schema.get("type") not in _TYPES:
            raise ValueError(f"parameter {self.name} has type {schema.get('type')!r}: only {_TYPES} can be judged")
        if schema["type"] == "array" and "items" not in schema:
            raise ValueError(f"parameter {self.name} is an array of anything: its items cannot be judged")
        self._type: str = schema["type"]
        self.is_list = self._type == "array"
        self._validator = Draft202012Validator(schema["items"] if self.is_list else schema)

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
        if len(sent) > 1 and self._type != "array":
            raise self._bad_request(f"it was sent {len(sent)} times")
        for text in sent[1:]:
            self._judge_one(text)
        return self._judge_one(sent[0])

    def _judge_one(self, text: str) -> str | int:
        value = self._read(text)
        try:
            self._validator.validate(value)
        except ValidationError as error:
            raise self._bad_request(error.message) from None
        return value

    def _read(self, text: str) -> str | int:
        if self._type == "boolean":
            return _BOOLEANS.get(text, text)
        return int(text) if self._type == "integer" and _INTEGER.fullmatch(text) else text

    def _bad_request(self, reason: str) -> HttpError:
        return HttpError(400, "APIGW.0106", f"Invalid {self._location} parameter {self.name}: {reason}")


def _body_validator(document: Mapping[str, Any], body: Mapping[str, Any]) -> Draft202012Validator:
    schema: dict[str, Any] = body["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": document["components"]})


def _resolve(document: Mapping[str, Any], parameter: Mapping[str, Any]) -> Mapping[str, Any]:
    """The declaration of a parameter, even if the operation only refers to it."""
    reference = parameter.get("$ref")
    if reference is None:
        return parameter
    target: Any = document
    for step in str(reference).removeprefix("#/").split("/"):
        target = target[step]
    return _resolve(document, target)
