"""Walks the pages of a window to their end.

The walk itself is a generator without I/O: it yields the steps that it needs and the pages that it has read. A
pager drives it, one for threads and one for an event loop.
"""

from __future__ import annotations

import warnings
from collections.abc import AsyncGenerator, Callable, Generator, Hashable, Iterator
from contextlib import aclosing
from itertools import islice
from typing import TYPE_CHECKING, Final, Generic, Literal, TypeAlias, TypeVar, cast

from msgspec.structs import replace

from dataarts_datamap._errors import DataMapError, IncompleteWalkError, InvalidArgumentError, RowProblemWarning
from dataarts_datamap._messages import Response, Send, Sleep, Steps
from dataarts_datamap._models import Operator, Run, RunPage
from dataarts_datamap._text import printable

if TYPE_CHECKING:
    from dataarts_datamap._http import AsyncTransport, SyncTransport

RowT = TypeVar("RowT")

_END: Final = object()

OffsetUnit: TypeAlias = Literal["row", "page"]
"""What the server's ``offset`` counts. That is not documented; ``row`` is the plain reading of its description."""

Walk: TypeAlias = Generator[Send | Sleep | RunPage, Response, None]
"""Yields what ``Steps`` do, and pages, each to be resumed with ``next``."""


def walk_pages(read_page: Callable[[int], Steps[RunPage]], *, page_size: int, offset_unit: OffsetUnit) -> Walk:
    """Read page after page until the server's total is reached, or else until a page is empty.

    The step follows the rows that came, so a server that caps the page size in silence loses nothing. Rows that moved
    from one page to the next, because others came in before them, are left out.

    Raises:
        IncompleteWalkError: The pages end before the total, or repeat.
    """
    offset = rows_read = 0
    previous: frozenset[Hashable] = frozenset()
    while True:
        page = yield from read_page(offset)
        fresh = tuple(run for run in page.runs if _identity(run) not in previous)
        _refuse_gap(page, fresh, rows_read=rows_read, offset_unit=offset_unit)
        rows_read += len(page.runs)
        yield replace(page, runs=fresh)
        if _is_last(page, rows_read=rows_read, page_size=page_size):
            return
        previous = frozenset(map(_identity, page.runs))
        offset += len(page.runs) if offset_unit == "row" else 1


def walk_operators(read_operators: Steps[list[Operator]], walk_operator: Callable[[Operator], Walk]) -> Walk:
    """Walk the runs of each operator, one operator after the other, in the order in which the service names them.

    The pages tell no total, since each operator has one of its own.
    """
    for operator in dict.fromkeys((yield from read_operators)):
        walk = walk_operator(operator)
        while (page := (yield from next_page(walk))) is not None:
            yield replace(page, total=None)


def next_page(walk: Walk) -> Steps[RunPage | None]:
    """Advance a walk to its next page; None at its end."""
    try:
        step = next(walk)
        while not isinstance(step, RunPage):
            try:
                response = yield step
            except DataMapError as error:
                step = walk.throw(error)
            else:
                step = walk.send(response)
    except StopIteration:
        return None
    return step


def _identity(run: Run) -> Hashable:
    return run if run.run_id is None else run.run_id


def _is_last(page: RunPage, *, rows_read: int, page_size: int) -> bool:
    if not page.runs:
        return True
    if page.total is None:
        return False
    # A total below what was read is wrong; then only a short page is taken for the last.
    return rows_read == page.total or (rows_read > page.total and len(page.runs) < page_size)


def _refuse_gap(page: RunPage, fresh: tuple[Run, ...], *, rows_read: int, offset_unit: OffsetUnit) -> None:
    if page.runs and not fresh:
        problem = f"the page at offset {page.offset} repeats the one before it: the server may ignore offset"
    elif not page.runs and rows_read < (page.total or 0):
        other = "page" if offset_unit == "row" else "row"
        problem = f"the page at offset {page.offset} is empty: this server may count offset in {other}s"
    else:
        return
    error = IncompleteWalkError(f"{rows_read} of {page.total} rows were read, then {problem} (offset_unit)")
    error.rows_read, error.total = rows_read, page.total
    raise error


def _checked_most(max_items: int | None) -> int | None:
    if max_items is not None and max_items < 0:
        raise InvalidArgumentError(f"max_items must not be negative, and it is {max_items}")
    return max_items


class _Progress:
    """What a pager tells of its latest walk while it goes on."""

    def __init__(self) -> None:
        self._total: int | None = None
        self._warned = False

    @property
    def total(self) -> int | None:
        """How many rows the window holds, as the server said on the page read last.

        None before the first page, if the server did not say, and for a table, whose operators count apart.
        """
        return self._total

    def _begin(self) -> None:
        self._total = None
        self._warned = False

    def _note(self, page: RunPage) -> None:
        self._total = page.total
        if page.problems and not self._warned:
            self._warned = True
            first = printable(page.problems[0], limit=300)
            more = f" (and {len(page.problems) - 1} more on this page)" if len(page.problems) > 1 else ""
            text = f"unexpected types: {first}{more}; the attributes are None, and Run.raw has the values"
            warnings.warn(text, RowProblemWarning, stacklevel=3)


class Pager(_Progress, Generic[RowT]):
    """The rows of a window, read page by page as they are asked for, in the server's order.

    Each iteration walks the window anew. Walking raises what reading a page raises, and ``IncompleteWalkError`` if
    the pages end before all rows were read.
    """

    def __init__(self, transport: SyncTransport, begin: Callable[[], Walk]) -> None:
        super().__init__()
        self._transport = transport
        self._begin_walk = begin

    def __iter__(self) -> Iterator[RowT]:
        for page in self.pages():
            yield from cast("tuple[RowT, ...]", page.runs)

    def pages(self) -> Iterator[RunPage]:
        """The pages, one for each request."""
        self._begin()
        walk = self._begin_walk()
        while (page := self._transport.run(next_page(walk))) is not None:
            self._note(page)
            yield page

    def first(self) -> RowT | None:
        """The first row in the server's order, at the cost of one page; None if there is none."""
        return next(iter(self), None)

    def to_list(self, *, max_items: int | None = None) -> list[RowT]:
        """All rows, or the first ``max_items`` of them.

        Raises:
            InvalidArgumentError: ``max_items`` is negative.
        """
        return list(islice(self, _checked_most(max_items)))


class AsyncPager(_Progress, Generic[RowT]):
    """The rows of a window, read page by page as they are asked for, in the server's order.

    Each iteration walks the window anew. Walking raises what reading a page raises, and ``IncompleteWalkError`` if
    the pages end before all rows were read.
    """

    def __init__(self, transport: AsyncTransport, begin: Callable[[], Walk]) -> None:
        super().__init__()
        self._transport = transport
        self._begin_walk = begin

    async def __aiter__(self) -> AsyncGenerator[RowT, None]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for row in cast("tuple[RowT, ...]", page.runs):
                    yield row

    async def pages(self) -> AsyncGenerator[RunPage, None]:
        """The pages, one for each request."""
        self._begin()
        walk = self._begin_walk()
        while (page := await self._transport.run(next_page(walk))) is not None:
            self._note(page)
            yield page

    async def first(self) -> RowT | None:
        """The first row in the server's order, at the cost of one page; None if there is none."""
        rows = await self.to_list(max_items=1)
        return rows[0] if rows else None

    async def to_list(self, *, max_items: int | None = None) -> list[RowT]:
        """All rows, or the first ``max_items`` of them.

        Raises:
            InvalidArgumentError: ``max_items`` is negative.
        """
        most = _checked_most(max_items)
        rows: list[RowT] = []
        async with aclosing(self.__aiter__()) as walk:
            while len(rows) != most and (row := await anext(walk, _END)) is not _END:
                rows.append(cast("RowT", row))
        return rows
