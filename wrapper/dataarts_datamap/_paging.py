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

from msgspec import json
from msgspec.structs import replace

from dataarts_datamap._callers import calling_place
from dataarts_datamap._errors import (
    DataMapError,
    IncompleteWalkError,
    InvalidArgumentError,
    InvalidBodyError,
    RowProblemWarning,
)
from dataarts_datamap._messages import Response, Send, Sleep, Steps
from dataarts_datamap._models import Operator, Run, RunPage
from dataarts_datamap._text import printable, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from dataarts_datamap._export._columns import Nested
    from dataarts_datamap._http import AsyncTransport, SyncTransport

RowT = TypeVar("RowT")

_END: Final = object()

OffsetUnit: TypeAlias = Literal["row", "page"]
"""What the server's ``offset`` counts. That is not documented; ``row`` is the plain reading of its description."""

Walk: TypeAlias = Generator[Send | Sleep | RunPage, Response, None]
"""Yields what ``Steps`` do, and pages, each to be resumed with ``next``."""


def walk_pages(read_page: Callable[[int], Steps[RunPage]], *, page_size: int, offset_unit: OffsetUnit) -> Walk:
    """Read page after page until as many runs were read as the server says there are, or else until a page is empty.

    The step follows the rows that came, so a server that caps the page size in silence loses nothing. A run that was on
    an earlier page is left out and does not count; rows that share an id on one page are all given.

    Raises:
        IncompleteWalkError: The pages end before the total that the first one told, or bring nothing new.
    """
    progress = _Progress()
    offset = 0
    while True:
        page = yield from read_page(offset)
        fresh = progress.take(page)
        if page.runs and not fresh:
            raise progress.incomplete(f"the page at offset {offset} brought nothing new: the server may ignore offset")
        if not page.runs and progress.runs_read < progress.promised:
            other = "page" if offset_unit == "row" else "row"
            raise progress.incomplete(f"the page at offset {offset} is empty: offset_unit={other!r} may be right here")
        yield replace(page, runs=fresh)
        if not page.runs or progress.is_complete(page, page_size=page_size):
            return
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


class _Progress:
    """What a walk has read so far.

    Attributes:
        runs_read: How many runs, each counted once.
        promised: The total that the first page told; 0 if none did. Runs that come in later may be read or not.
    """

    def __init__(self) -> None:
        self.runs_read = 0
        self.promised = 0
        self._rows_read = 0
        self._seen: set[Hashable] = set()

    def take(self, page: RunPage) -> tuple[Run, ...]:
        """The runs of a page that were on no earlier one."""
        if not self._rows_read:
            self.promised = page.total or 0
        identities = [_identity(run) for run in page.runs]
        fresh = tuple(run for run, identity in zip(page.runs, identities, strict=True) if identity not in self._seen)
        self._seen.update(identities)
        self._rows_read += len(page.runs)
        self.runs_read += len(fresh)
        return fresh

    def is_complete(self, page: RunPage, *, page_size: int) -> bool:
        """Whether the walk may end behind a page with rows: at the total, or past one that was too low."""
        if page.total is None or self.runs_read < self.promised or self._rows_read < page.total:
            return False
        return page.total in {self.runs_read, self._rows_read} or len(page.runs) < page_size

    def incomplete(self, problem: str) -> IncompleteWalkError:
        """The error of a walk that cannot go on."""
        error = IncompleteWalkError(f"{self.runs_read} of {self.promised} runs were read, then {problem}")
        error.rows_read, error.total = self.runs_read, self.promised
        return error


def _identity(run: Run) -> Hashable:
    """A run's id; where it has none, all that was sent of it, as far as it can be decoded."""
    if run.run_id:
        return run.run_id
    try:
        return json.encode(run.raw, order="sorted")
    except InvalidBodyError:
        return run


def _checked_most(max_items: object) -> int | None:
    if max_items is None or (isinstance(max_items, int) and max_items >= 0):
        return max_items
    raise InvalidArgumentError(f"max_items must be an integer from 0, not {shown(max_items)}")


class _Walked:
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

    def __repr__(self) -> str:
        return f"{type(self).__name__}(total={self._total})"

    def _restart(self) -> None:
        self._total = None
        self._warned = False

    def _note(self, page: RunPage) -> None:
        self._total = page.total
        if page.problems and not self._warned:
            self._warned = True
            first = printable(page.problems[0], limit=300)
            more = f" (and {len(page.problems) - 1} more on this page)" if len(page.problems) > 1 else ""
            text = f"unexpected types: {first}{more}; the attributes are None, and Run.raw has the values"
            stacklevel, _ = calling_place()
            warnings.warn(text, RowProblemWarning, stacklevel=stacklevel)


class Pager(_Walked, Generic[RowT]):
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
        self._restart()
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
            InvalidArgumentError: ``max_items`` is negative or no integer.
        """
        return list(islice(self, _checked_most(max_items)))

    def to_arrow(self, *, columns: Sequence[str] | None = None, nested: Nested = "json") -> pa.Table:
        """All rows as an Arrow table, read in batches. Needs the extra ``arrow``.

        Times are ``timestamp[ms, tz=UTC]``; ids, counts and ``duration_ms`` ``int64``; ``speed`` ``float64``;
        ``force_success`` ``bool``; names and states dictionary-encoded text; ``execution_log_path``, ``running_data``
        and ``running_param`` text, the latter two as sent, which is JSON nearly always.

        Args:
            columns: Names of the columns, in their order; all, if left out: a run's fields, ``state``, ``duration_ms``.
            nested: ``skip`` leaves out ``running_data`` and ``running_param``, about half of the bytes.

        Raises:
            InvalidArgumentError: A name is not that of a column, or comes twice.
            MissingExtraError: pyarrow is not installed.
        """
        from dataarts_datamap._export._arrow import TableCollector  # noqa: PLC0415  an extra

        collector = TableCollector(columns=columns, nested=nested)
        for page in self.pages():
            collector.add(page.runs)
        return collector.table()

    def to_pandas(self, *, columns: Sequence[str] | None = None, nested: Nested = "json") -> pd.DataFrame:
        """All rows as a pandas frame: ``to_arrow`` with nullable integers, and names as categories.

        Needs the extra ``pandas``.

        Args:
            columns: Names of the columns, in their order; all, if left out: a run's fields, ``state``, ``duration_ms``.
            nested: ``skip`` leaves out ``running_data`` and ``running_param``, about half of the bytes.

        Raises:
            InvalidArgumentError: A name is not that of a column, or comes twice.
            MissingExtraError: pandas or pyarrow is not installed.
        """
        from dataarts_datamap._export._arrow import pandas_converter  # noqa: PLC0415  an extra

        convert = pandas_converter()
        return convert(self.to_arrow(columns=columns, nested=nested))

    def to_polars(self, *, columns: Sequence[str] | None = None, nested: Nested = "json") -> pl.DataFrame:
        """All rows as a polars frame: ``to_arrow`` with names as categories.

        Needs the extra ``polars``.

        Args:
            columns: Names of the columns, in their order; all, if left out: a run's fields, ``state``, ``duration_ms``.
            nested: ``skip`` leaves out ``running_data`` and ``running_param``, about half of the bytes.

        Raises:
            InvalidArgumentError: A name is not that of a column, or comes twice.
            MissingExtraError: polars or pyarrow is not installed.
        """
        from dataarts_datamap._export._arrow import polars_converter  # noqa: PLC0415  an extra

        convert = polars_converter()
        return convert(self.to_arrow(columns=columns, nested=nested))


class AsyncPager(_Walked, Generic[RowT]):
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
        self._restart()
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
            InvalidArgumentError: ``max_items`` is negative or no integer.
        """
        most = _checked_most(max_items)
        rows: list[RowT] = []
        async with aclosing(self.__aiter__()) as walk:
            while len(rows) != most and (row := await anext(walk, _END)) is not _END:
                rows.append(cast("RowT", row))
        return rows

    async def to_arrow(self, *, columns: Sequence[str] | None = None, nested: Nested = "json") -> pa.Table:
        """All rows as an Arrow table, read in batches. Needs the extra ``arrow``.

        Times are ``timestamp[ms, tz=UTC]``; ids, counts and ``duration_ms`` ``int64``; ``speed`` ``float64``;
        ``force_success`` ``bool``; names and states dictionary-encoded text; ``execution_log_path``, ``running_data``
        and ``running_param`` text, the latter two as sent, which is JSON nearly always.

        Args:
            columns: Names of the columns, in their order; all, if left out: a run's fields, ``state``, ``duration_ms``.
            nested: ``skip`` leaves out ``running_data`` and ``running_param``, about half of the bytes.

        Raises:
            InvalidArgumentError: A name is not that of a column, or comes twice.
            MissingExtraError: pyarrow is not installed.
        """
        from dataarts_datamap._export._arrow import TableCollector  # noqa: PLC0415  an extra

        collector = TableCollector(columns=columns, nested=nested)
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                collector.add(page.runs)
        return collector.table()

    async def to_pandas(self, *, columns: Sequence[str] | None = None, nested: Nested = "json") -> pd.DataFrame:
        """All rows as a pandas frame: ``to_arrow`` with nullable integers, and names as categories.

        Needs the extra ``pandas``.

        Args:
            columns: Names of the columns, in their order; all, if left out: a run's fields, ``state``, ``duration_ms``.
            nested: ``skip`` leaves out ``running_data`` and ``running_param``, about half of the bytes.

        Raises:
            InvalidArgumentError: A name is not that of a column, or comes twice.
            MissingExtraError: pandas or pyarrow is not installed.
        """
        from dataarts_datamap._export._arrow import pandas_converter  # noqa: PLC0415  an extra

        convert = pandas_converter()
        return convert(await self.to_arrow(columns=columns, nested=nested))

    async def to_polars(self, *, columns: Sequence[str] | None = None, nested: Nested = "json") -> pl.DataFrame:
        """All rows as a polars frame: ``to_arrow`` with names as categories.

        Needs the extra ``polars``.

        Args:
            columns: Names of the columns, in their order; all, if left out: a run's fields, ``state``, ``duration_ms``.
            nested: ``skip`` leaves out ``running_data`` and ``running_param``, about half of the bytes.

        Raises:
            InvalidArgumentError: A name is not that of a column, or comes twice.
            MissingExtraError: polars or pyarrow is not installed.
        """
        from dataarts_datamap._export._arrow import polars_converter  # noqa: PLC0415  an extra

        convert = polars_converter()
        return convert(await self.to_arrow(columns=columns, nested=nested))
