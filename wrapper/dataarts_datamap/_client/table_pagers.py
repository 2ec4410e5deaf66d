"""The tables of a search, page by page, for threads and for event loops."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Generic

from dataarts_datamap._models.tables import Table
from dataarts_datamap._paging.pager import AsyncRows, Rows
from dataarts_datamap._paging.read_ahead import TransportT
from dataarts_datamap._transport.driver import AsyncTransport, SyncTransport

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

    from dataarts_datamap._paging.search_walk import SearchWalk


class _TablePagerBase(Generic[TransportT]):
    """The common part of both pagers: the walk of the latest iteration."""

    def __init__(self, transport: TransportT, begin: Callable[[], SearchWalk]) -> None:
        self._transport = transport
        self._begin = begin
        self._walk: SearchWalk | None = None

    @property
    def total(self) -> int | None:
        """The number of matching assets of all kinds, as last reported; None if it was not reported yet."""
        return None if self._walk is None else self._walk.total

    def __repr__(self) -> str:
        return f"{type(self).__name__}(total={self.total})"

    def pages(self) -> object:
        """The pages, each with its tables of a requested kind that no earlier page had; a page can be empty."""

    def _restart(self) -> SearchWalk:
        self._walk = walk = self._begin()
        return walk


class TablePager(_TablePagerBase[SyncTransport], Rows[Table]):
    """The tables that a search finds, read page by page on demand, in the server's order.

    Each iteration searches anew. It raises the errors of reading a page, and ``IncompleteWalkError`` if the pages end
    although fewer assets were read than the server counts, or never end.
    """

    def __iter__(self) -> Iterator[Table]:
        for page in self.pages():
            yield from page

    def pages(self) -> Iterator[tuple[Table, ...]]:
        walk = self._restart()
        while (page := self._transport.run(walk.next_page())) is not None:
            yield page


class AsyncTablePager(_TablePagerBase[AsyncTransport], AsyncRows[Table]):
    """A ``TablePager`` for event loops: iterate it and ``pages`` with ``async for``, and await its other calls."""

    async def __aiter__(self) -> AsyncGenerator[Table, None]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for table in page:
                    yield table

    async def pages(self) -> AsyncGenerator[tuple[Table, ...], None]:
        walk = self._restart()
        while (page := await self._transport.run(walk.next_page())) is not None:
            yield page
