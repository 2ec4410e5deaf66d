"""Tables that show each value whole, however narrow the terminal is."""

from __future__ import annotations

from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.cells import cell_len, chop_cells
from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import RenderableType

_FOLDED: Final = frozenset({"JOB", "REASON", "STATUS"})
_READABLE: Final = 20
_GAP: Final = 2


class Row(NamedTuple):
    """A row of a table: printable text for each title, a style of rich, and perhaps a line below.

    The line below is only folded on an alternate screen.
    """

    cells: Sequence[str]
    style: str = ""
    below: str | None = None


def fitted(
    titles: Sequence[str], rows: Sequence[Row], *, width: int, on_screen: bool = False
) -> Iterator[RenderableType]:
    """The rows in columns, or, if these do not fit the width, each row as lines with a title and a value.

    Job, reason and status fold anywhere, down to 20 columns; other cells fold at spaces, such as between a date and a
    time. On an alternate screen, where a terminal wraps nothing, longer lines are folded, too.
    """
    widths = _widths(titles, rows, width - _GAP * (len(titles) - 1))
    whole = partial(_folded, width=width) if on_screen else _unfolded
    return _lines(titles, rows, whole) if widths is None else _columns(titles, rows, widths, whole)


def _widths(titles: Sequence[str], rows: Sequence[Row], room: int) -> list[int] | None:
    columns = list(zip(titles, *(row.cells for row in rows), strict=True))
    wanted = [max(map(cell_len, column)) for column in columns]
    if sum(wanted) <= room:
        return wanted
    least = [
        min(most, max(_READABLE, len(column[0]))) if column[0] in _FOLDED else _longest_word(column)
        for column, most in zip(columns, wanted, strict=True)
    ]
    whole = [low if title in _FOLDED else high for title, low, high in zip(titles, least, wanted, strict=True)]
    widths = whole if sum(whole) <= room else least
    for place in (place for place, title in enumerate(titles) if title in _FOLDED):
        widths[place] = min(wanted[place], widths[place] + max(room - sum(widths), 0))
    return widths if sum(widths) <= room else None


def _longest_word(texts: Sequence[str]) -> int:
    return max(cell_len(word) for text in texts for word in text.split(" "))


def _columns(
    titles: Sequence[str], rows: Sequence[Row], widths: Sequence[int], whole: Callable[[Text], RenderableType]
) -> Iterator[RenderableType]:
    table = _table(titles, widths, show_header=True)
    for row in rows:
        table.add_row(*[part for cell in row.cells for part in ("", Text(cell, row.style))][1:])
        if row.below is not None:
            yield table
            yield whole(Text(row.below))
            table = _table(titles, widths, show_header=False)
    if table.row_count:
        yield table


def _table(titles: Sequence[str], widths: Sequence[int], *, show_header: bool) -> Table:
    """A table without rows. Its gaps are columns, since rich before 14.3 miscounts the padding at an edge."""
    table = Table(box=None, padding=0, header_style="bold", show_header=show_header)
    for place, (title, width) in enumerate(zip(titles, widths, strict=True)):
        if place:
            table.add_column(width=_GAP)
        table.add_column(title, width=width, overflow="fold")
    return table


def _lines(
    titles: Sequence[str], rows: Sequence[Row], whole: Callable[[Text], RenderableType]
) -> Iterator[RenderableType]:
    begin = max(map(len, titles)) + _GAP
    for number, row in enumerate(rows):
        if number:
            yield Text()
        for title, cell in zip(titles, row.cells, strict=True):
            yield whole(Text.assemble((f"{title:<{begin}}", "bold"), (cell, row.style)))
        if row.below is not None:
            yield whole(Text(row.below))


def _folded(text: Text, *, width: int) -> RenderableType:
    """A line that is folded exactly at the width; the console would fold it at a space."""
    ends = accumulate(len(piece) for piece in chop_cells(text.plain, width))
    return Group(*text.divide(list(ends)[:-1]))


def _unfolded(text: Text) -> RenderableType:
    """A line that only the terminal wraps, so that it is copied as one; by default the console would wrap it."""
    text.no_wrap, text.overflow = True, "ignore"
    return Group(text)
