"""Refuses what could bend a request, before anything is sent."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._text import shown

_INT32_MAX: Final = 2**31 - 1
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SEPARATOR: Final = re.compile(r"[/\\]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


def path_segment(name: str, value: object) -> str:
    """The value, if it can only ever be one segment of a path.

    Raises:
        InvalidArgumentError: It is no text, empty, ``.`` or ``..``, or holds a slash, a backslash or a control
            character.
    """
    text = _text(name, value)
    if text in {".", ".."} or _SEPARATOR.search(text) or _CONTROL.search(text):
        raise InvalidArgumentError(f"{name} {shown(text)} is no id: it would change the path")
    return text


def header_value(name: str, value: object, *, secret: bool = False) -> str:
    """The value, if it fits into a header field. A secret one is never shown.

    Raises:
        InvalidArgumentError: It is no text, empty, begins or ends with white space, or holds a control character.
    """
    text = _text(name, value)
    if _CONTROL.search(text):
        problem = "holds a control character (a line break, perhaps): remove it"
    elif text != text.strip():
        problem = "begins or ends with white space: strip it"
    else:
        return text
    raise InvalidArgumentError(f"{name if secret else f'{name} {shown(text)}'} {problem}")


def query_text(name: str, value: object) -> str:
    """The value, if it is text that is not empty; anything in it can be percent-encoded.

    Raises:
        InvalidArgumentError: It is no text, empty, or holds half of a surrogate pair.
    """
    return _text(name, value)


def query_integer(name: str, value: object, *, minimum: int) -> int:
    """The value, if it is an integer from ``minimum`` to the largest of 32 bits.

    Raises:
        InvalidArgumentError: It is not.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= _INT32_MAX:
        raise InvalidArgumentError(f"{name} must be an integer from {minimum} to {_INT32_MAX}, not {shown(value)}")
    return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidArgumentError(f"{name} must be text, not {type(value).__name__}")
    if not value:
        raise InvalidArgumentError(f"{name} must not be empty")
    if _SURROGATE.search(value):
        raise InvalidArgumentError(f"{name} holds half of a surrogate pair, which cannot be sent")
    return value


def split_address(address: str) -> SplitResult | None:
    """The parts of an ``http`` or ``https`` address; None if it is none."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if port == 0 or not parts.hostname or re.search(r"[\s\x00-\x1f]", address):
        return None
    return parts if parts.scheme in {"http", "https"} else None
