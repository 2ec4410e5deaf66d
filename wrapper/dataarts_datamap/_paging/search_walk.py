"""Walks the pages of a search. The unit of the offset is not documented, so each page is compared with earlier pages.

Offsets are assumed to count assets, as in a sibling API. If such an offset brings nothing new, although the server
counts more assets or does not count them, offsets are assumed to count pages. If the server reports a total, a walk is
complete only if it read that many assets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap._errors import IncompleteWalkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dataarts_datamap._messages import Steps
    from dataarts_datamap._models.tables import Table, TablePage

_MOST_PAGES: Final = 10_000


class SearchWalk:
    """The assets that a search finds, each once.

    Args:
        ask: Returns the steps that read a page, given an offset and the maximum number of assets.
        is_wanted: Whether an asset is yielded. An unwanted asset is read and counted, too.

    Attributes:
        total: The number of matching assets, as last reported by the server; None if it was not reported.
    """

    def __init__(
        self, ask: Callable[[int, int], Steps[TablePage]], *, is_wanted: Callable[[Table], bool], limit: int
    ) -> None:
        self.total: int | None = None
        self._ask = ask
        self._is_wanted = is_wanted
        self._limit = limit
        self._seen: set[str] = set()
        self._nameless = 0
        self._offset = 0
        self._pages_are_counted = False
        self._is_over = False

    def next_page(self) -> Steps[tuple[Table, ...] | None]:
        """The steps that return the wanted assets of the next page, or None if there is no next page.

        Raises:
            IncompleteWalkError: The pages ended before all assets were read, or have no end.
        """
        while not self._is_over:
            page = yield from self._ask(self._offset, self._limit)
            self.total = self.total if page.total is None else page.total
            new = tuple(self._new(page.tables))
            nameless = page.rows - len(page.tables)
            self._nameless += nameless
            if not new and not nameless:
                self._end_or_count_pages()
                continue
            self._advance(page.rows)
            return tuple(filter(self._is_wanted, new))
        return None

    def _new(self, tables: tuple[Table, ...]) -> Iterator[Table]:
        for table in tables:
            if table.guid not in self._seen:
                self._seen.add(table.guid)
                yield table

    def _advance(self, rows: int) -> None:
        self._offset += 1 if self._pages_are_counted else rows
        if self._read >= _MOST_PAGES * self._limit:
            raise self._incomplete(f"the search has no end after {self._read} assets")
        self._is_over = self.total is not None and self._read >= self.total

    def _end_or_count_pages(self) -> None:
        """End the walk, or begin to count pages, after a page with nothing new."""
        if self.total is not None and self._read >= self.total:
            self._is_over = True
        elif self._offset and not self._pages_are_counted:
            self._pages_are_counted, self._offset = True, 1
        elif self.total is None:
            self._is_over = True
        else:
            raise self._incomplete(f"only {self._read} of {self.total} assets could be read")

    @property
    def _read(self) -> int:
        return len(self._seen) + self._nameless

    def _incomplete(self, problem: str) -> IncompleteWalkError:
        error = IncompleteWalkError(f"{problem}: narrow the search")
        error.rows_read = self._read
        error.totals = () if self.total is None else (self.total,)
        return error
