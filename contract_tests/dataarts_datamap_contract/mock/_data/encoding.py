"""JSON as the service writes it: compact, UTF-8, and each row as it stands inside the text of the body."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class EncodedRow(NamedTuple):
    """A row inside the body string.

    Attributes:
        escaped: The bytes, escaped as the inside of a JSON string, after a comma.
        length: How many bytes the row has before it is escaped, without the comma.
    """

    escaped: bytes
    length: int


class EncodedRows(NamedTuple):
    """Rows inside the body string.

    Attributes:
        escaped: The bytes of each, as of one alone.
        length: How many bytes all of them have before they are escaped, without commas.
    """

    escaped: list[bytes]
    length: int

    @classmethod
    def of(cls, rows: Iterable[EncodedRow]) -> EncodedRows:
        """Rows that are encoded one by one."""
        listed = list(rows)
        return cls([row.escaped for row in listed], sum(row.length for row in listed))


def encode_row(row: Mapping[str, object]) -> EncodedRow:
    """A row as it stands inside the body string."""
    text = compact(row)
    return EncodedRow(f",{escape(text)}".encode(), len(text.encode()))


def compact(document: object) -> str:
    """A JSON document without a space."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def escape(text: str) -> str:
    """The inside of a JSON string."""
    return compact(text)[1:-1]


def check_json(name: str, value: object) -> None:
    """Refuse what no response could hold.

    Raises:
        ValueError: It is no JSON: it is of another type, has NaN or half of a surrogate pair, or is nested too deeply.
    """
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{name} is no JSON value: {error}") from None
