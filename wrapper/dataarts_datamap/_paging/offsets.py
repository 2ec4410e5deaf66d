"""Offsets of pages, for servers that count rows, and for servers that count pages."""

from __future__ import annotations

from enum import Enum
from math import isqrt
from typing import Final, Literal, NamedTuple, TypeAlias

from msgspec import Struct

OffsetUnit: TypeAlias = Literal["auto", "row", "page"]
"""The unit of the server's ``offset``, which is not documented; ``auto`` finds it out."""

_LEAST_KNOWN_TO_TELL: Final = 7
_LARGEST_OFFSET: Final = 2**31 - 1


class Counting(Enum):
    """The rows that a server returns for an offset ``o`` and a limit ``l``.

    Attributes:
        ROWS: Rows from ``o`` on.
        PAGES: Rows from ``o * l`` on.
        PAGES_FROM_ONE: Rows from ``(o - 1) * l`` on.
        WHOLE_PAGES: Rows from ``o // l * l`` on.
    """

    ROWS = "rows"
    PAGES = "pages"
    PAGES_FROM_ONE = "pages from one"
    WHOLE_PAGES = "whole pages"


COUNTINGS_OF_UNIT: Final = {
    "auto": tuple(Counting),
    "row": (Counting.ROWS, Counting.WHOLE_PAGES),
    "page": (Counting.PAGES, Counting.PAGES_FROM_ONE),
}


class Span(NamedTuple):
    """A page to request.

    Attributes:
        position: Index of its first row in the whole list, from 0, if the server counts as assumed.
    """

    offset: int
    limit: int
    position: int


def next_span(counting: Counting, reached: int, *, overlap: int, limit: int, most: int) -> Span:
    """The page that ends behind the position ``reached``, and begins ``overlap`` rows or more before that position.

    It has up to ``limit`` rows, or up to ``most`` if ``limit`` rows would bring few new ones or none. If offsets only
    reach multiples of the limit, the limit is varied: of all pages of up to ``limit`` rows that overlap enough, the one
    that ends furthest is chosen. With a limit of 100, about a tenth of the rows is then read twice.

    Raises:
        OverflowError: No page of at most ``most`` rows ends behind the position, or the offset does not fit into 32
            bits.
    """
    least = max(0, reached - overlap)
    if limit <= reached - least + 1:
        limit = min(reached - least + limit // 2 + 1, most)
    if counting is Counting.ROWS:
        return _checked(Span(least, limit, least), reached)
    size = _furthest(least, limit)
    if (least // size + 1) * size <= reached:
        size = _furthest(least, most)
    number = least // size
    match counting:
        case Counting.PAGES:
            offset = number
        case Counting.PAGES_FROM_ONE:
            offset = number + 1
        case Counting.WHOLE_PAGES:
            offset = number * size
    return _checked(Span(offset, size, number * size), reached)


def _furthest(begin: int, most: int) -> int:
    """The page size, up to ``most``, for which the page with the row ``begin`` ends furthest."""
    return max(range(1, most + 1), key=lambda size: ((begin // size + 1) * size, size))


class Probe(Struct, frozen=True):
    """A page that shows how a server counts offsets: for each way of counting, it begins at a different known row.

    Attributes:
        positions: Index of its first row for each way of counting.
    """

    offset: int
    limit: int
    positions: dict[Counting, int]


def probe(known: int, *, overlap: int) -> Probe | None:
    """A probe that begins among the known rows, however the server counts; None if too few rows are known.

    If the server counts pages from zero, the probe ends where the known rows end, or behind that.
    """
    if known - overlap < _LEAST_KNOWN_TO_TELL:
        return None
    offset = max(2, isqrt(known) // 2)
    limit = (known - overlap) // offset
    return Probe(
        offset,
        limit,
        {
            Counting.ROWS: offset,
            Counting.PAGES: offset * limit,
            Counting.PAGES_FROM_ONE: (offset - 1) * limit,
            Counting.WHOLE_PAGES: offset // limit * limit,
        },
    )


def _checked(span: Span, reached: int) -> Span:
    if span.position + span.limit <= reached:
        raise OverflowError(f"a page of {span.limit} rows is too small to go on from row {reached}")
    if span.offset > _LARGEST_OFFSET:
        raise OverflowError(f"offset {span.offset} does not fit into 32 bits")
    return span
