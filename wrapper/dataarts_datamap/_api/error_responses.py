"""Errors made from responses, with echoed secrets masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar, cast

from msgspec import Raw, Struct, json

from dataarts_datamap._api.lenient_json import decode_any, decode_leniently, sound
from dataarts_datamap._errors import (
    AuthenticationError,
    BadRequestError,
    DataMapError,
    ErrorBodyError,
    InvalidEnvelopeError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    StatusError,
)
from dataarts_datamap._secrets import LARGEST_TEXT, mask
from dataarts_datamap._text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap._messages import Response

ErrorT = TypeVar("ErrorT", bound=DataMapError)

UNREADABLE: Final = (ValueError, RecursionError)
"""The exceptions of decoding; the decoder's own errors are ValueErrors."""

_OK: Final = 200
_FIRST_ERROR_STATUS: Final = 400
_FIRST_SERVER_ERROR_STATUS: Final = 500
_MESSAGE_LIMIT: Final = 300
_LARGEST_ERROR: Final = 1024 * 1024  # a larger body does not count as an error: decoded, it takes many times its size
_BEGINNING: Final = 8 * LARGEST_TEXT

_STATUS_ERRORS: Final[Mapping[int, type[StatusError]]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    429: RateLimitError,
}

# The names of an error's code and text in this service, its siblings, the gateway and IAM.
_CODE_NAMES: Final = ("error_code", "errorCode", "errCode", "code")
_TEXT_NAMES: Final = ("error_msg", "errorMsg", "errorMessage", "externalMessage", "message", "error")


class ErrorDetails(Struct, frozen=True):
    """The details in an error body of any shape."""

    code: str | None = None
    message: str | None = None
    request_id: str | None = None


def check_status(response: Response, *, expected: int = _OK) -> None:
    """Raise a ``StatusError`` for a status of 400 or more, an ``InvalidEnvelopeError`` for another unexpected one."""
    if response.status == expected:
        return
    if response.status < _FIRST_ERROR_STATUS:
        problem = f"HTTP {response.status} is not a response that the API describes"
        raise build_error(InvalidEnvelopeError, problem, response)
    details = read_error(response.content) or ErrorDetails(message=beginning(response.content))
    raise build_error(status_error(response.status), f"HTTP {response.status}", response, details)


def status_error(status: int) -> type[StatusError]:
    fallback = ServerError if status >= _FIRST_SERVER_ERROR_STATUS else StatusError
    return _STATUS_ERRORS.get(status, fallback)


def refuse_error_body(response: Response) -> None:
    details = read_error(response.content)
    if details is not None:
        raise build_error(ErrorBodyError, "HTTP 200 carries an error", response, details)


def wrong_response(response: Response, what: str, reason: str) -> InvalidEnvelopeError:
    """The error for a response that is not ``what`` it should be, or not even JSON."""
    problem = f"the response is not {what}: {reason}"
    try:
        decode_any(response.content.decode(), Raw)  # as ``Raw``, since the document may take many times its size
    except UNREADABLE as error:
        problem = no_json(error)
    return build_error(InvalidEnvelopeError, problem, response)


def no_json(error: BaseException) -> str:
    """The problem of a response that cannot be decoded even without types."""
    is_deep = isinstance(error, RecursionError)
    return "the response is nested too deeply" if is_deep else f"the response is not JSON: {error}"


def read_error(content: bytes | str) -> ErrorDetails | None:
    """The details in an error body; None if it is not one, or is too long to be one."""
    return None if len(content) > _LARGEST_ERROR else parse_error(try_decode(content))


def parse_error(document: object) -> ErrorDetails | None:
    """The code and text in a document, or in its member ``error`` if that is an object; None if both are missing."""
    if not isinstance(document, dict):
        return None
    members = cast("dict[str, object]", document)
    nested = members.get("error")
    return _read_error(cast("dict[str, object]", nested) if isinstance(nested, dict) else members)


def _read_error(members: Mapping[str, object]) -> ErrorDetails | None:
    code, message = (
        next((text_or_none(members[name]) for name in names if members.get(name) is not None), None)
        for names in (_CODE_NAMES, _TEXT_NAMES)
    )
    if code is None and message is None:
        return None
    return ErrorDetails(code, message, text_or_none(members.get("request_id")))


def build_error(
    kind: type[ErrorT],
    problem: str,
    response: Response,
    details: ErrorDetails = ErrorDetails(),  # noqa: B008  an immutable default
    *,
    raw: str | None = None,
) -> ErrorT:
    """An error about a response, with secrets masked. Each text is cut off after ``LARGEST_TEXT`` characters at most.

    ``raw`` is the text that could not be used; if left out, the text of the response.
    """
    known: dict[tuple[str, int], str] = {}  # avoids masking twice: the message is often the raw text

    def masked(text: str, limit: int = LARGEST_TEXT) -> str:
        if (text, limit) not in known:
            headers, secrets = (response.request.headers, response.headers), response.request.secrets
            known[text, limit] = mask(text, *headers, secrets=secrets, limit=limit)
        return known[text, limit]

    said = " ".join(part for part in (details.code, details.message) if part)
    shown = printable(masked(said, _MESSAGE_LIMIT), limit=_MESSAGE_LIMIT)
    facts = response.facts()
    request_id = facts.pop("request_id") or details.request_id
    return kind(
        f"{masked(problem)}: {shown}" if said else masked(problem),
        error_code=details.code and masked(details.code),
        error_message=details.message and masked(details.message),
        request_id=request_id and masked(request_id),
        raw=masked(beginning(response.content) if raw is None else raw),
        **facts,
    )


def beginning(content: bytes) -> str:
    """The beginning of a response's text, at least as much as an error keeps."""
    return content[:_BEGINNING].decode(errors="replace")


def try_decode(content: bytes | str) -> object:
    """The JSON document, without types and with its unsound parts replaced; None if it cannot be decoded."""
    try:
        return json.decode(content)
    except UNREADABLE:
        pass
    try:
        return sound(decode_leniently(content))[0]
    except UNREADABLE:
        return None


def text_or_none(value: object) -> str | None:
    """The value if it is text, else as JSON; None for null, and for a value that is nested too deeply to be encoded."""
    if value is None or isinstance(value, str):
        return value
    try:
        return json.encode(value).decode()
    except RecursionError:
        return None


def reason_of(error: BaseException) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
