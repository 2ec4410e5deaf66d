"""Pagers: the rows of a walk, for threads and for event loops."""

from __future__ import annotations

import sys
import warnings
from contextlib import aclosing, closing
from itertools import islice
from typing import TYPE_CHECKING, Final, Generic, TypeVar, cast

from dataarts_datamap._errors import DataMapError, InvalidArgumentError, RowProblemWarning
from dataarts_datamap._models.runs import RunPage
from dataarts_datamap._paging.read_ahead import ReadAhead, TransportT
from dataarts_datamap._paging.walk_options import READ_ERRORS, go_on
from dataarts_datamap._text import printable, shown
from dataarts_datamap._transport.driver import AsyncTransport, SyncTransport
from dataarts_datamap._warnings import calling_place

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterator, Sequence

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from dataarts_datamap._export.columns import Nested
    from dataarts_datamap._paging.read_ahead import PagedWalk, PageReader

RowT = TypeVar("RowT")

_END: Final = object()


def _checked_most(max_items: object) -> int | None:
    if max_items is None or (isinstance(max_items, int) and not isinstance(max_items, bool) and max_items >= 0):
        return None if max_items is None else min(max_items, sys.maxsize)
    raise InvalidArgumentError(f"max_items must be an integer from 0, not {shown(max_items)}")


class _RowsCalls:
    """The documented calls of anything that is iterated row by row."""

    def first(self) -> object:
        """The first row; None if there is none."""

    def to_list(self, *, max_items: int | None = None) -> object:
        """All rows, or the first ``max_items`` of them.

        Raises:
            InvalidArgumentError: ``max_items`` is not an integer from 0.
        """


class Rows(_RowsCalls, Generic[RowT]):
    """Rows that a thread reads on demand."""

    def __iter__(self) -> Iterator[RowT]:
        raise NotImplementedError

    def first(self) -> RowT | None:
        return next(iter(self), None)

    def to_list(self, *, max_items: int | None = None) -> list[RowT]:
        return list(islice(self, _checked_most(max_items)))


class AsyncRows(_RowsCalls, Generic[RowT]):
    """Rows that a task reads on demand."""

    def __aiter__(self) -> AsyncGenerator[RowT, None]:
        raise NotImplementedError

    async def first(self) -> RowT | None:
        rows = await self.to_list(max_items=1)
        return rows[0] if rows else None

    async def to_list(self, *, max_items: int | None = None) -> list[RowT]:
        most = _checked_most(max_items)
        rows: list[RowT] = []
        async with aclosing(self.__aiter__()) as walk:
            while len(rows) != most and (row := await anext(walk, _END)) is not _END:
                rows.append(cast("RowT", row))
        return rows


class _Cursor:
    """The position of one iteration.

    Attributes:
        walk: Its walk; None before it has begun.
        given: The number of rows of the latest page that were yielded.
    """

    def __init__(self) -> None:
        self.walk: PagedWalk | None = None
        self.given = 0
        self.total: int | None = None
        self.warned = False


class _PagerBase(Generic[TransportT]):
    """The state of a pager's latest iteration, and the documented calls of both pagers."""

    def __init__(self, transport: TransportT, reading: PageReader, resume_token: str | None = None) -> None:
        self._transport = transport
        self._reading = reading
        self._cursor = _Cursor()
        self._resumed_from = resume_token

    @property
    def total(self) -> int | None:
        """The number of rows in the window, as the server last reported it.

        None before the first page, if the server did not report it or stopped counting at a maximum, if no page of the
        whole window was read, since the walk began with a slice of it, and for a table, whose operators have separate
        totals.
        """
        return self._cursor.total

    @property
    def changed(self) -> int:
        """The number of runs that were read again with other content; each was yielded as it was read first."""
        return 0 if self._cursor.walk is None else self._cursor.walk.changed()

    @property
    def resume_token(self) -> str | None:
        """The position of the walk, as one line of text: pass it to the same call, later or elsewhere, to go on there.

        All rows that were yielded so far count as read; of several iterations, the latest counts. Before an iteration
        begins, it is the token that was passed to the call, else None. It is also None for merged operators, once a
        walk looks again for runs that moved, and if more than 20,000 runs of earlier slices can come again. A token
        holds the ids and planned times of the runs of the current slice, and of the runs of earlier slices that can
        come again: usually up to 10,000 runs, or 41,000 with large pages, of about 10 bytes each. It holds no secret.
        """
        return self._token(self._cursor)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(total={self.total})"

    def pages(self) -> object:
        """The pages, each with only the rows that no earlier page had."""

    def to_arrow(self, *, columns: Sequence[str] | None = None, nested: Nested = "json") -> object:
        """All rows as an Arrow table, read in batches. Needs the extra ``arrow``.

        Times are ``timestamp[ms, tz=UTC]``. ``run_id``, ``job_id``, counts, ``running_time`` and ``duration_ms`` are
        ``int64``, ``speed`` is ``float64``, and ``force_success`` is ``bool``. ``execution_log_path``, ``running_data``
        and ``running_param`` are plain text, the last two as sent and nearly always JSON. All other columns, such as
        names, states and other ids, are dictionary-encoded text.

        Args:
            columns: Names of the columns, in order; if left out, all, as in ``export_runs``.
            nested: ``skip`` leaves out ``running_data`` and ``running_param``, about half of the bytes.

        Raises:
            InvalidArgumentError: A name is not a column or occurs twice, there are no names, or ``nested`` is invalid.
            MissingExtraError: pyarrow is not installed.
        """

    def to_pandas(self, *, columns: Sequence[str] | None = None, nested: Nested = "json") -> object:
        """All rows as a pandas frame. Needs the extra ``pandas``.

        It has the columns of ``to_arrow``, with nullable integers and flags, and categories for dictionary-encoded
        text.

        Args:
            columns: As for ``to_arrow``.
            nested: As for ``to_arrow``.

        Raises:
            InvalidArgumentError: A name is not a column or occurs twice, there are no names, or ``nested`` is invalid.
            MissingExtraError: pandas or pyarrow is not installed.
        """

    def to_polars(self, *, columns: Sequence[str] | None = None, nested: Nested = "json") -> object:
        """All rows as a polars frame. Needs the extra ``polars``.

        It has the columns of ``to_arrow``, with categories for dictionary-encoded text.

        Args:
            columns: As for ``to_arrow``.
            nested: As for ``to_arrow``.

        Raises:
            InvalidArgumentError: A name is not a column or occurs twice, there are no names, or ``nested`` is invalid.
            MissingExtraError: polars or pyarrow is not installed.
        """

    def _restart(self) -> _Cursor:
        self._cursor = cursor = _Cursor()
        return cursor

    def _token(self, cursor: _Cursor) -> str | None:
        return self._resumed_from if cursor.walk is None else cursor.walk.token(cursor.given)

    def _note(self, cursor: _Cursor, page: RunPage) -> None:
        cursor.total = page.total
        cursor.given = 0
        if page.problems and not cursor.warned:
            cursor.warned = True
            first = printable(page.problems[0], limit=300)
            more = f" (and {len(page.problems) - 1} more on this page)" if len(page.problems) > 1 else ""
            text = f"unexpected types: {first}{more}; Run.problems has the details"
            stacklevel, _ = calling_place()
            warnings.warn(text, RowProblemWarning, stacklevel=stacklevel)

    def _add_token(self, cursor: _Cursor, error: DataMapError) -> None:
        if error.resume_token is None:
            error.resume_token = self._token(cursor)


class Pager(_PagerBase[SyncTransport], Rows[RowT]):
    """The rows of a window, read page by page on demand.

    Each iteration reads the window anew. From the second page on, pages are read ahead, in parallel; leaving a loop
    cancels these reads. An iteration raises the errors of reading a page, and ``IncompleteWalkError`` if it cannot be
    shown that no row is missing; the ``resume_token`` on an error holds the position to go on from.

    ``first`` costs one page. In a window that is read in slices, it can cost more: the first pages of the latest slice
    and of those before it, until they show the server's order, and a page for each empty slice before the row.
    """

    def __iter__(self) -> Iterator[RowT]:
        cursor = self._restart()
        with closing(self._pages(cursor)) as pages:
            for page in pages:
                for cursor.given, row in enumerate(cast("tuple[RowT, ...]", page.runs), start=1):
                    yield row

    def pages(self) -> Iterator[RunPage]:
        cursor = self._restart()
        with closing(self._pages(cursor)) as pages:
            for page in pages:
                cursor.given = len(page.runs)
                yield page

    def to_arrow(self, *, columns: Sequence[str] | None = None, nested: Nested = "json") -> pa.Table:
        from dataarts_datamap._export.arrow import TableCollector  # noqa: PLC0415  an extra

        collector = TableCollector(columns=columns, nested=nested)
        for page in self.pages():
            collector.add(page.runs)
        return collector.table()

    def to_pandas(self, *, columns: Sequence[str] | None = None, nested: Nested = "json") -> pd.DataFrame:
        from dataarts_datamap._export.arrow import pandas_converter  # noqa: PLC0415  an extra

        convert = pandas_converter()
        return convert(self.to_arrow(columns=columns, nested=nested))

    def to_polars(self, *, columns: Sequence[str] | None = None, nested: Nested = "json") -> pl.DataFrame:
        from dataarts_datamap._export.arrow import polars_converter  # noqa: PLC0415  an extra

        convert = polars_converter()
        return convert(self.to_arrow(columns=columns, nested=nested))

    def _pages(self, cursor: _Cursor) -> Generator[RunPage, None, None]:
        reader = ReadAhead(self._transport, self._reading)
        try:
            cursor.walk = self._transport.run(self._reading.begin())
            steps = cursor.walk.pages()
            step = next(steps, None)
            while step is not None:
                if isinstance(step, RunPage):
                    self._note(cursor, step)
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
            self._add_token(cursor, error)
            raise
        finally:
            reader.close()


class AsyncPager(_PagerBase[AsyncTransport], AsyncRows[RowT]):
    """A ``Pager`` for event loops: iterate it and ``pages`` with ``async for``, and await its other calls."""

    async def __aiter__(self) -> AsyncGenerator[RowT, None]:
        cursor = self._restart()
        async with aclosing(self._pages(cursor)) as pages:
            async for page in pages:
                for cursor.given, row in enumerate(cast("tuple[RowT, ...]", page.runs), start=1):
                    yield row

    async def pages(self) -> AsyncGenerator[RunPage, None]:
        cursor = self._restart()
        async with aclosing(self._pages(cursor)) as pages:
            async for page in pages:
                cursor.given = len(page.runs)
                yield page

    async def to_arrow(self, *, columns: Sequence[str] | None = None, nested: Nested = "json") -> pa.Table:
        from dataarts_datamap._export.arrow import TableCollector  # noqa: PLC0415  an extra

        collector = TableCollector(columns=columns, nested=nested)
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                collector.add(page.runs)
        return collector.table()

    async def to_pandas(self, *, columns: Sequence[str] | None = None, nested: Nested = "json") -> pd.DataFrame:
        from dataarts_datamap._export.arrow import pandas_converter  # noqa: PLC0415  an extra

        convert = pandas_converter()
        return convert(await self.to_arrow(columns=columns, nested=nested))

    async def to_polars(self, *, columns: Sequence[str] | None = None, nested: Nested = "json") -> pl.DataFrame:
        from dataarts_datamap._export.arrow import polars_converter  # noqa: PLC0415  an extra

        convert = polars_converter()
        return convert(await self.to_arrow(columns=columns, nested=nested))

    async def _pages(self, cursor: _Cursor) -> AsyncGenerator[RunPage, None]:
        from dataarts_datamap._paging.read_ahead import AsyncReadAhead  # noqa: PLC0415  loads asyncio

        reader = AsyncReadAhead(self._transport, self._reading)
        try:
            cursor.walk = await self._transport.run(self._reading.begin())
            steps = cursor.walk.pages()
            step = next(steps, None)
            while step is not None:
                if isinstance(step, RunPage):
                    self._note(cursor, step)
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
            self._add_token(cursor, error)
            raise
        finally:
            await reader.close()
