"""The runs that neighbouring slices of a window share."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from dataarts_datamap._paging.overlap import RowKey, SeenRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataarts_datamap._paging.slice_pages import Page

_EDGE: Final = 2  # milliseconds; slices overlap by one on each side of an edge
_TIMES: Final = (0, 1)  # of a row's keys, those that a window can filter on: planned and started


class Edge:
    """The runs that a slice shares with the one before, or could share."""

    def __init__(self, at: int | None = None, runs: Sequence[tuple[RowKey, int]] = ()) -> None:
        self.at = at
        self.runs = runs

    @cached_property
    def _memory(self) -> SeenRows:
        memory = SeenRows()
        memory.add([row for row, _ in self.runs], [content for _, content in self.runs])
        return memory

    def moved(self, to: int, runs: Sequence[tuple[RowKey, int]]) -> Edge:
        """The next edge, with those runs of this one and of the slice behind it that are near."""
        new = self._memory.new_among([row for row, _ in runs], [content for _, content in runs], len(runs))
        return Edge(to, [run for run in (*self.runs, *(runs[index] for index in new)) if is_near(run[0], to)])

    def new_among(self, page: Page) -> set[int]:
        """Indexes of the rows of a page that the slice before did not have."""
        if self.at is None:
            return set(range(len(page)))
        far = set(range(len(page))).difference(near(page.rows, self.at))
        return far.union(self._memory.new_among(page.rows, page.contents, len(page)))


def is_near(row: RowKey, edge: int) -> bool:
    """Whether a slice on the other side of the edge can hold the row, too: not known which time it filters on."""
    planned, started, *_ = row.keys
    return not planned or not started or abs(planned - edge) <= _EDGE or abs(started - edge) <= _EDGE


def near(rows: Sequence[RowKey], edge: int) -> list[int]:
    """Indexes of the rows that are near an edge."""
    if all(_are_far([row.keys[key] for row in rows], edge) for key in _TIMES):
        return []
    return [index for index, row in enumerate(rows) if is_near(row, edge)]


def _are_far(times: Sequence[int], edge: int) -> bool:
    """Whether all of them surely lie on one side of an edge."""
    return not times or min(times) > edge + _EDGE or (max(times) < edge - _EDGE and min(times) > 0)
