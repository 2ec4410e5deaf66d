"""The envelope around a page: HTTP 200 that carries a status of its own and the document as text.

An expected response is decoded with types, once for the envelope and once for the body. If a type is unexpected, or a
field reports an error, it is decoded without types, to find out what it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from msgspec import Struct, ValidationError, json

from dataarts_datamap._api.error_responses import (
    UNREADABLE,
    ErrorDetails,
    beginning,
    build_error,
    check_status,
    no_json,
    parse_error,
    read_error,
)
from dataarts_datamap._api.lenient_json import Int64, decode_any, escaped_halves, sound
from dataarts_datamap._errors import ErrorBodyError, InvalidBodyError, InvalidEnvelopeError, UpstreamError
from dataarts_datamap._models.runs import convert_json

if TYPE_CHECKING:
    from dataarts_datamap._messages import Response

_OK: Final = 200


class _Envelope(Struct):
    status_code: Int64
    body: str
    error_code: Any = None


_ENVELOPE_DECODER: Final = json.Decoder(_Envelope)


def open_page(response: Response) -> str:
    """The document inside a ShowInstanceInfos response, not decoded yet; ``decode_page`` documents the errors."""
    check_status(response)
    try:
        envelope = _ENVELOPE_DECODER.decode(response.content)
    except UNREADABLE:  # perhaps at the first wrong type, before the end was read
        return _open_odd_envelope(response)
    if envelope.status_code != _OK:
        raise _upstream_error(response, envelope.status_code, envelope.body)
    if envelope.error_code:
        details = read_error(response.content) or ErrorDetails()
        raise build_error(ErrorBodyError, "HTTP 200 carries an error", response, details)
    return envelope.body


def opened_before(content: bytes) -> str:
    """The document inside a response that has already been opened without an error."""
    try:
        return _ENVELOPE_DECODER.decode(content).body
    except UNREADABLE:
        pass
    return escaped_halves(cast("dict[str, str]", decode_any(content))["body"])


def _open_odd_envelope(response: Response) -> str:
    """The document inside an envelope that ``_ENVELOPE_DECODER`` refuses, if the envelope has one."""
    try:
        document = decode_any(response.content)
    except UNREADABLE as error:
        raise build_error(InvalidEnvelopeError, no_json(error), response) from None
    if not isinstance(document, dict):
        raise build_error(InvalidEnvelopeError, "the response is JSON, but not an object", response)
    envelope = cast("dict[str, object]", document)
    status, body, details = envelope.get("status_code"), envelope.get("body"), parse_error(sound(envelope)[0])
    if isinstance(body, str):
        body = escaped_halves(body)
    try:
        status = convert_json(status, Int64)
    except ValidationError as error:
        if details is not None:
            raise build_error(ErrorBodyError, "HTTP 200 carries an error", response, details) from None
        raise build_error(InvalidEnvelopeError, f"the envelope's status_code: {error}", response) from None
    if status != _OK:
        raise _upstream_error(response, status, body)
    if envelope.get("error_code"):
        raise build_error(ErrorBodyError, "HTTP 200 carries an error", response, details or ErrorDetails())
    if not isinstance(body, str):
        problem = (
            f"the envelope's body is {json_kind(body)}, not text" if "body" in envelope else "the envelope has no body"
        )
        raise build_error(InvalidBodyError, problem, response)
    return body


def _upstream_error(response: Response, status: int, body: object) -> UpstreamError:
    text = body if isinstance(body, str) else beginning(response.content)
    details = read_error(text) or ErrorDetails(message=text)
    error = build_error(UpstreamError, f"HTTP 200 around status_code {status}", response, details, raw=text)
    error.upstream_status = status
    return error


def json_kind(value: object) -> str:
    """The name of a value's type in JSON."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "an object"
