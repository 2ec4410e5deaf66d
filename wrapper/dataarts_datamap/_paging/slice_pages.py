"""The pages of a slice, and how far it was read."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from dataarts_datamap._paging.overlap import RowKey, row_of

if TYPE_CHECKING:
    from dataarts_datamap._models import RunPage
    from dataarts_datamap._paging.offsets import Span


class Page:
    """A page that was read.

    Attributes:
        sent: As the server sent it.
        span: Where it lies.
    """

    def __init__(self, sent: RunPage, span: Span) -> None:
        self.sent = sent
        self.span = span

    def __len__(self) -> int:
        return len(self.sent.runs)

    @cached_property
    def rows(self) -> list[RowKey]:
        """What is remembered of its runs."""
        return [row_of(run) for run in self.sent.runs]

    @cached_property
    def contents(self) -> list[int]:
        """A hash of each run."""
        return [hash(run) for run in self.sent.runs]

    @property
    def end(self) -> int:
        """The position behind its last row."""
        return self.span.position + len(self)

    @property
    def is_short(self) -> bool:
        """Whether it has fewer rows than were asked for."""
        return len(self) < self.span.limit

    @property
    def is_less_than_told(self) -> bool:
        """Whether there are more rows behind it, by the server's word."""
        return self.sent.total is not None and self.sent.total > self.end


class SlicePosition(Struct, frozen=True):
    """How far a slice was read.

    Attributes:
        reached: The position behind the last row.
        tail: The last rows.
        limit: How many rows are asked for at once; 0 for as many as the plan says.
        most: The most that the server puts on one page, as far as was noticed; 0 if nothing was.
    """

    reached: int = 0
    tail: tuple[RowKey, ...] = ()
    limit: int = 0
    most: int = 0


class YieldedPage(Struct, frozen=True):
    """A page that was given.

    Attributes:
        page: As it was read.
        kept: With the runs that were given of it.
        tail: The last rows of the slice, which end with those of the page.
    """

    page: Page
    kept: RunPage
    tail: list[RowKey]


Found: TypeAlias = tuple[Page, list[int]]
"""A page, and the indexes of its new rows."""
