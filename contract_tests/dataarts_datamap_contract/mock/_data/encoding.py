"""JSON as the service writes it: compact, in UTF-8, with rows escaped inside the body string."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_STRICT: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_COMPACT: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class EncodedRow(NamedTuple):
    """A row inside the body string.

    Attributes:
        escaped: A comma and the bytes of the row, escaped as the inside of a JSON string.
        length: The bytes of the row before escaping, without the comma.
    """

    escaped: bytes
    length: int


class EncodedRows(NamedTuple):
    """Rows inside the body string.

    Attributes:
        escaped: The bytes of all rows, each as in ``EncodedRow``.
        length: The bytes of all rows before escaping, without commas.
    """

    escaped: list[bytes]
    length: int

    @classmethod
    def of(cls, rows: Iterable[EncodedRow]) -> EncodedRows:
        """Join rows that were encoded one by one."""
        listed = list(rows)
        return cls([row.escaped for row in listed], sum(row.length for row in listed))


def encode_row(row: Mapping[str, object]) -> EncodedRow:
    """Encode a row for the body string."""
    text = compact(row)
    return EncodedRow(f",{escape(text)}".encode(), len(text.encode()))


def compact(document: object) -> str:
    """A JSON document without spaces."""
    return _COMPACT.encode(document)


def escape(text: str) -> str:
    """The inside of a JSON string."""
    return compact(text)[1:-1]


def check_json(name: str, value: object) -> None:
    """Check that a response can contain a value.

    Raises:
        ValueError: It is not a JSON value: it holds another type, NaN, infinity or half of a surrogate pair, or is
            nested too deeply.
    """
    try:
        _STRICT.encode(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{name} is not a JSON value: {error}") from None


def check_text(name: str, value: object) -> None:
    """Check that a value is a text that a response can contain.

    Raises:
        ValueError: It is not.
    """
    if type(value) is not str:
        raise ValueError(f"{name} is {value!r:.80}: it must be a text")
    check_json(name, value)
