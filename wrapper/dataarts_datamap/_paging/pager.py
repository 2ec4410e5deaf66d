"""Pagers: the rows of a walk, for threads and for an event loop."""

from __future__ import annotations

import sys
import warnings
from contextlib import aclosing, closing
from itertools import islice
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar, cast

from dataarts_datamap._errors import DataMapError, InvalidArgumentError, RowProblemWarning
from dataarts_datamap._models.runs import RunPage
from dataarts_datamap._paging.read_ahead import ReadAhead
from dataarts_datamap._paging.walk_options import READ_ERRORS, go_on
from dataarts_datamap._text import printable, shown
from dataarts_datamap._warnings import calling_place

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from dataarts_datamap._export.columns import Nested
    from dataarts_datamap._messages import Steps
    from dataarts_datamap._paging.walk_options import PageRead, ServerHabits, Walk
    from dataarts_datamap._transport.driver import AsyncTransport, SyncTransport

RowT = TypeVar("RowT")

_END: Final = object()


class PagedWalk(Protocol):
    """What a pager needs of a walk."""

    def pages(self) -> Walk:
        """The pages."""
        ...

    def changed(self) -> int:
        """How many runs came back with other content."""
        ...

    def token(self, given: int) -> str | None:
        """Where the walk stands when so many runs of the page that it gave last are counted."""
        ...


class PageReader:
    """How a pager reads.

    Args:
        begin: The steps that lead to a new walk.
        ask: The steps that read a page.
        concurrency: How many pages are read at once.
        habits: What is known of the server.
    """

    def __init__(
        self,
        begin: Callable[[], Steps[PagedWalk]],
        ask: Callable[[PageRead], Steps[RunPage]],
        concurrency: int,
        habits: ServerHabits,
    ) -> None:
        self.begin = begin
        self.ask = ask
        self.concurrency = concurrency
        self.habits = habits


def _checked_most(max_items: object) -> int | None:
    if max_items is None or (isinstance(max_items, int) and not isinstance(max_items, bool) and max_items >= 0):
        return None if max_items is None else min(max_items, sys.maxsize)
    raise InvalidArgumentError(f"max_items must be an integer from 0, not {shown(max_items)}")


class _Cursor:
    """How far one iteration has come.

    Attributes:
        walk: What it walks; None before that is known.
        given: How many rows of the page that came last were given.
        total: What the server told last.
        warned: Whether a warning was given.
    """

    def __init__(self) -> None:
        self.walk: PagedWalk | None = None
        self.given = 0
        self.total: int | None = None
        self.warned = False


class _PagerBase:
    """What a pager tells of the iteration that began last while it goes on."""

    def __init__(self, resume_token: str | None) -> None:
        self._stand = _Cursor()
        self._resumed_from = resume_token

    @property
    def total(self) -> int | None:
        """How many rows the window holds, as the server said on the page read last.

        None before the first page, if the server did not say, for a window that is longer than a slice, and for a
        table, whose operators count apart.
        """
        return self._stand.total

    @property
    def changed(self) -> int:
        """How many runs came back with other content while the walk went on; what was given stands."""
        return 0 if self._stand.walk is None else self._stand.walk.changed()

    @property
    def resume_token(self) -> str | None:
        """Where the walk stands, as text of one line: pass it to the same call, later or elsewhere, to go on there.

        All rows that were given so far count as read; of several iterations, the one that began last counts. None
        before the first page, for merged operators, while a walk looks again for runs that moved, and where more than
        20,000 runs of earlier slices can come again. It holds the ids and planned times of the runs that were yielded
        last, about 10 bytes for each and 10,000 of them as a rule, 40,000 by large pages, and nothing secret.
        """
        return self._token(self._stand)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(total={self.total})"

    def _restart(self) -> _Cursor:
        self._stand = stand = _Cursor()
        return stand

    def _token(self, stand: _Cursor) -> str | None:
        return self._resumed_from if stand.walk is None else stand.walk.token(stand.given)

    def _note(self, stand: _Cursor, page: RunPage) -> None:
        stand.total = page.total
        stand.given = 0
        if page.problems and not stand.warned:
            stand.warned = True
            first = printable(page.problems[0], limit=300)
            more = f" (and {len(page.problems) - 1} more on this page)" if len(page.problems) > 1 else ""
            text = f"unexpected types: {first}{more}; Run.problems says what came of each"
            stacklevel, _ = calling_place()
            warnings.warn(text, RowProblemWarning, stacklevel=stacklevel)

    def _tell(self, stand: _Cursor, error: DataMapError) -> None:
        if error.resume_token is None:
            error.resume_token = self._token(stand)


class Pager(_PagerBase, Generic[RowT]):
    """The rows of a window, read page by page as they are asked for, in the server's order.

    Each iteration walks the window anew. From the second page on, pages are read ahead, side by side; leaving a loop
    ends what is under way. Walking raises what reading a page raises, and ``IncompleteWalkError`` if it can't be shown
    that no row is missing; the ``resume_token`` on an error tells where to go on.
    """

    def __init__(self, transport: SyncTransport, reading: PageReader, resume_token: str | None = None) -> None:
        super().__init__(resume_token)
        self._transport = transport
        self._reading = reading

    def __iter__(self) -> Iterator[RowT]:
        stand = self._restart()
        with closing(self._pages(stand)) as pages:
            for page in pages:
                for stand.given, row in enumerate(cast("tuple[RowT, ...]", page.runs), start=1):
                    yield row

    def pages(self) -> Iterator[RunPage]:
        """The pages, with the rows that were on none before."""
        stand = self._restart()
        with closing(self._pages(stand)) as pages:
            for page in pages:
                stand.given = len(page.runs)
                yield page

    def first(self) -> RowT | None:
        """The first row in the server's order; None if there is none.

        It costs one page. Of a window that is read in slices, it costs one for each that is empty before it, and one or
        more to find out the order: that of the latest slice comes first, then those before it.
        """
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
        from dataarts_datamap._export.arrow import TableCollector  # noqa: PLC0415  an extra

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
        from dataarts_datamap._export.arrow import pandas_converter  # noqa: PLC0415  an extra

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
        from dataarts_datamap._export.arrow import polars_converter  # noqa: PLC0415  an extra

        convert = polars_converter()
        return convert(self.to_arrow(columns=columns, nested=nested))

    def _pages(self, stand: _Cursor) -> Generator[RunPage, None, None]:
        reading = self._reading
        reader = ReadAhead(self._transport, reading.ask, concurrency=reading.concurrency, habits=reading.habits)
        try:
            stand.walk = self._transport.run(self._reading.begin())
            steps = stand.walk.pages()
            step = next(steps, None)
            while step is not None:
                if isinstance(step, RunPage):
                    self._note(stand, step)
                    yield step
                    step = next(steps, None)
                    continue
                try:
                    page = reader.read(step)
                except READ_ERRORS as error:
                    step = go_on(steps, error)
                else:
                    step = go_on(steps, page)
        except DataMapError as error:
            self._tell(stand, error)
            raise
        finally:
            reader.close()


class AsyncPager(_PagerBase, Generic[RowT]):
    """The rows of a window, read page by page as they are asked for, in the server's order.

    Each iteration walks the window anew. From the second page on, pages are read ahead, side by side; leaving a loop
    ends what is under way. Walking raises what reading a page raises, and ``IncompleteWalkError`` if it can't be shown
    that no row is missing; the ``resume_token`` on an error tells where to go on.
    """

    def __init__(self, transport: AsyncTransport, reading: PageReader, resume_token: str | None = None) -> None:
        super().__init__(resume_token)
        self._transport = transport
        self._reading = reading

    async def __aiter__(self) -> AsyncGenerator[RowT, None]:
        stand = self._restart()
        async with aclosing(self._pages(stand)) as pages:
            async for page in pages:
                for stand.given, row in enumerate(cast("tuple[RowT, ...]", page.runs), start=1):
                    yield row

    async def pages(self) -> AsyncGenerator[RunPage, None]:
        """The pages, with the rows that were on none before."""
        stand = self._restart()
        async with aclosing(self._pages(stand)) as pages:
            async for page in pages:
                stand.given = len(page.runs)
                yield page

    async def first(self) -> RowT | None:
        """The first row in the server's order; None if there is none.

        It costs one page. Of a window that is read in slices, it costs one for each that is empty before it, and one or
        more to find out the order: that of the latest slice comes first, then those before it.
        """
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
        from dataarts_datamap._export.arrow import TableCollector  # noqa: PLC0415  an extra

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
        from dataarts_datamap._export.arrow import pandas_converter  # noqa: PLC0415  an extra

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
        from dataarts_datamap._export.arrow import polars_converter  # noqa: PLC0415  an extra

        convert = polars_converter()
        return convert(await self.to_arrow(columns=columns, nested=nested))

    async def _pages(self, stand: _Cursor) -> AsyncGenerator[RunPage, None]:
        from dataarts_datamap._paging.read_ahead import AsyncReadAhead  # noqa: PLC0415  loads asyncio

        reading = self._reading
        reader = AsyncReadAhead(self._transport, reading.ask, concurrency=reading.concurrency, habits=reading.habits)
        try:
            stand.walk = await self._transport.run(self._reading.begin())
            steps = stand.walk.pages()
            step = next(steps, None)
            while step is not None:
                if isinstance(step, RunPage):
                    self._note(stand, step)
                    yield step
                    step = next(steps, None)
                    continue
                try:
                    page = await reader.read(step)
                except READ_ERRORS as error:
                    step = go_on(steps, error)
                else:
                    step = go_on(steps, page)
        except DataMapError as error:
            self._tell(stand, error)
            raise
        finally:
            await reader.close()
