"""The tables of a search, page by page, for threads and for an event loop."""

from __future__ import annotations

from contextlib import aclosing
from itertools import islice
from typing import TYPE_CHECKING, Final, cast

from dataarts_datamap._arguments import query_integer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

    from dataarts_datamap._models.tables import Table
    from dataarts_datamap._paging.search_walk import SearchWalk
    from dataarts_datamap._transport.driver import AsyncTransport, SyncTransport

_END: Final = object()


class _TablePagerBase:
    """The state of a pager's latest iteration."""

    def __init__(self, begin: Callable[[], SearchWalk]) -> None:
        self._begin = begin
        self._walk: SearchWalk | None = None

    @property
    def total(self) -> int | None:
        """The number of matching assets of all kinds, as reported on the latest page; None before the first page."""
        return None if self._walk is None else self._walk.total

    def __repr__(self) -> str:
        return f"{type(self).__name__}(total={self.total})"

    def _restart(self) -> SearchWalk:
        self._walk = walk = self._begin()
        return walk


class TablePager(_TablePagerBase):
    """The tables that a search finds, read page by page on demand, in the server's order.

    Each iteration searches anew. It raises the errors of reading a page, and ``IncompleteWalkError`` if the pages end
    before as many assets were read as the server counts.
    """

    def __init__(self, transport: SyncTransport, begin: Callable[[], SearchWalk]) -> None:
        super().__init__(begin)
        self._transport = transport

    def __iter__(self) -> Iterator[Table]:
        for page in self.pages():
            yield from page

    def pages(self) -> Iterator[tuple[Table, ...]]:
        """The pages, each with the tables that no earlier page had; one is empty if none of its assets is wanted."""
        walk = self._restart()
        while (page := self._transport.run(walk.next_page())) is not None:
            yield page

    def first(self) -> Table | None:
        """The first table in the server's order; None if there is none."""
        return next(iter(self), None)

    def to_list(self, *, max_items: int | None = None) -> list[Table]:
        """All tables, or the first ``max_items`` of them.

        Raises:
            InvalidArgumentError: ``max_items`` is not an integer from 0.
        """
        return list(islice(self, _most(max_items)))


class AsyncTablePager(_TablePagerBase):
    """The tables that a search finds, read page by page on demand, in the server's order.

    Each iteration searches anew. It raises the errors of reading a page, and ``IncompleteWalkError`` if the pages end
    before as many assets were read as the server counts.
    """

    def __init__(self, transport: AsyncTransport, begin: Callable[[], SearchWalk]) -> None:
        super().__init__(begin)
        self._transport = transport

    async def __aiter__(self) -> AsyncGenerator[Table, None]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for table in page:
                    yield table

    async def pages(self) -> AsyncGenerator[tuple[Table, ...], None]:
        """The pages, each with the tables that no earlier page had; one is empty if none of its assets is wanted."""
        walk = self._restart()
        while (page := await self._transport.run(walk.next_page())) is not None:
            yield page

    async def first(self) -> Table | None:
        """The first table in the server's order; None if there is none."""
        tables = await self.to_list(max_items=1)
        return tables[0] if tables else None

    async def to_list(self, *, max_items: int | None = None) -> list[Table]:
        """All tables, or the first ``max_items`` of them.

        Raises:
            InvalidArgumentError: ``max_items`` is not an integer from 0.
        """
        most = _most(max_items)
        tables: list[Table] = []
        async with aclosing(self.__aiter__()) as walk:
            while len(tables) != most and (table := await anext(walk, _END)) is not _END:
                tables.append(cast("Table", table))
        return tables


def _most(max_items: int | None) -> int | None:
    return None if max_items is None else query_integer("max_items", max_items, minimum=0)
