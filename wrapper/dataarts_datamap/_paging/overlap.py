"""How pages that were read at different times fit together: by the rows that they share.

A list of runs changes while its pages are read, so a position proves nothing. What proves that nothing is missing
between two pages is a row that is on both of them and stands firmly in the server's order: rows of equal times may
change places from one reading to the next.
"""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct, json

from dataarts_datamap._errors import InvalidBodyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dataarts_datamap._models import Run

_RUN_ID: Final = 3
_CONVINCING: Final = 8
"""So many rows of equal times in the order of their ids are not there by chance: one in 8! would be."""


class RowKey(NamedTuple):
    """What is remembered of a run to know it again.

    Attributes:
        identity: Its id; where it has none, a digest of all that was sent of it.
        keys: What a server may sort by: planned, started and submitted (ms, 0 for none), and the id.
    """

    identity: int | str
    keys: tuple[int, int, int, int]


def row_of(run: Run) -> RowKey:
    """What to remember of a run."""
    run_id = run.run_id or 0
    keys = (run._plan_time or 0, run._start_time or 0, run._submit_time or 0, run_id)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  the model's own integers
    return RowKey(run_id or _digest(run), keys)


def _digest(run: Run) -> str:
    try:
        content = json.encode(run.raw, order="sorted")
    except InvalidBodyError:
        content = repr(run).encode()
    return sha256(content).hexdigest()[:32]


class Order:
    """By what a server sorts its rows, as far as those that were read tell."""

    def __init__(self) -> None:
        self._ascending = [True] * (_RUN_ID + 1)
        self._descending = [True] * (_RUN_ID + 1)

    def learn(self, rows: Sequence[RowKey]) -> None:
        """Take rows in the order in which the server sent them."""
        for key in range(_RUN_ID + 1):
            if not (self._ascending[key] or self._descending[key]):
                continue
            values = [row.keys[key] for row in rows]
            in_order = sorted(values)
            self._ascending[key] &= values == in_order
            in_order.reverse()
            self._descending[key] &= values == in_order

    @property
    def direction(self) -> int:
        """1 for oldest first, -1 for newest first, 0 if that can't be told."""
        for ascending, descending in zip(self._ascending, self._descending, strict=True):
            if ascending is not descending:
                return 1 if ascending else -1
        return 0

    def group_before(self, rows: Sequence[RowKey], end: int) -> int:
        """Where the rows begin that may change places with the one before ``end``, or with one that comes behind it."""
        sorting = [
            key
            for key, (ascending, descending) in enumerate(zip(self._ascending, self._descending, strict=True))
            if ascending is not descending
        ]
        begin = end - 1
        while begin > 0 and not _is_firm(rows[begin - 1], rows[begin], sorting):
            begin -= 1
        ids = {row.keys[_RUN_ID] for row in rows[begin:end]}
        return end - 1 if _RUN_ID in sorting and len(ids) == end - begin > _CONVINCING else begin


def _is_firm(before: RowKey, behind: RowKey, sorting: Iterable[int]) -> bool:
    differ = [before.keys[key] != behind.keys[key] for key in sorting]
    return bool(differ) and all(differ)


class Overlap(Struct, frozen=True):
    """How a page goes on from the rows before it.

    Attributes:
        fresh: Indexes of the page's rows that were not read before.
        known: Pairs of an index among the rows before and one on the page, of the same row.
        rows: The last rows in the server's present order, the page's included.
    """

    fresh: list[int]
    known: list[tuple[int, int]]
    rows: list[RowKey]


class SeenRows:
    """The rows of one list that were read."""

    def __init__(self) -> None:
        self.identities: Counter[int | str] = Counter()
        self._rows: Counter[RowKey] = Counter()
        self._contents: Counter[tuple[RowKey, int]] = Counter()

    @classmethod
    def of(cls, rows: Iterable[RowKey]) -> SeenRows:
        """A memory of rows whose contents are not known."""
        memory = cls()
        known = list(rows)
        memory.add(known, [0] * len(known))
        return memory

    def __bool__(self) -> bool:
        return bool(self._rows)

    def copy(self) -> SeenRows:
        """One that remembers the same, and goes on by itself."""
        other = SeenRows()
        if self:
            other.identities.update(self.identities)
            other._rows.update(self._rows)
            other._contents.update(self._contents)
        return other

    def has(self, row: RowKey) -> bool:
        """Whether the row was read, with the same times."""
        return row in self._rows

    def has_changed(self, row: RowKey) -> bool:
        """Whether the row was read, but with other times."""
        return row not in self._rows and row.identity in self.identities

    def add(self, rows: Sequence[RowKey], contents: Iterable[int]) -> None:
        """Rows were read that were not read before; the contents are hashes of their runs."""
        self.identities.update([row.identity for row in rows])
        self._rows.update(rows)
        self._contents.update(zip(rows, contents, strict=True))

    def new_among(self, page: Sequence[RowKey], contents: Sequence[int], last: int) -> list[int]:
        """Indexes of the rows on a page that are not remembered.

        Of several that share an id and times, as many are new as there are more on the page than were read: those that
        are not as they were read. Before the index ``last`` the identity decides: what stands there was read before,
        even if its times changed.
        """
        if len(set(page)) == len(page):
            remembered = self._rows
            new = [index for index, row in enumerate(page) if row not in remembered]
            return [index for index in new if index >= last or page[index].identity not in self.identities]
        return self._new_among_equals(page, contents, last)

    def _new_among_equals(self, page: Sequence[RowKey], contents: Sequence[int], last: int) -> list[int]:
        on_page = Counter(page)
        left = {row: on_page[row] - self._rows[row] for row in on_page}
        met: Counter[tuple[RowKey, int]] = Counter()
        new: list[int] = []
        spare: list[int] = []
        for index, row in enumerate(page):
            if left[row] <= 0 or (index < last and self.has_changed(row)):
                continue
            content = row, contents[index]
            met[content] += 1
            if row in self._rows and met[content] <= self._contents[content]:
                spare.append(index)
            else:
                new.append(index)
                left[row] -= 1
        for index in spare:
            if left[page[index]] > 0:
                new.append(index)
                left[page[index]] -= 1
        return sorted(new)


def join(  # noqa: PLR0913  each is one of the things that it weighs
    tail: Sequence[RowKey],
    page: Sequence[RowKey],
    contents: Sequence[int],
    *,
    order: Order,
    memory: SeenRows,
    is_whole: bool,
) -> Overlap | None:
    """How the page goes on from the tail; None if that can't be told.

    It can where they share a row that surely stands before all that was not read yet. Rows of the page that stand
    before a shared one were read before or came in since; those that were not read are new.

    Args:
        tail: The last rows that were read, in order.
        page: The rows of the page.
        contents: A hash of each run of the page.
        order: The server's order.
        memory: What was read.
        is_whole: Whether the memory has all that was read of the list; else all that stands before the tail was read.
    """
    firm = order.group_before(tail, len(tail))
    places = {row: place for place, row in enumerate(tail)}
    first = next((places[row] for row in page if row in places), len(tail))
    if first >= firm:
        return None
    known = _matches(tail, order.group_before(tail, first + 1), page)
    fresh = memory.new_among(page, contents, known[-1][1])
    if not is_whole:
        fresh = [index for index in fresh if index > known[0][1]]
    return Overlap(fresh, known, [*tail[:first], *page])


def _matches(tail: Sequence[RowKey], begin: int, page: Sequence[RowKey]) -> list[tuple[int, int]]:
    """Pairs of the tail's rows from ``begin`` on and the page's, each used once, in the page's order."""
    places: dict[int | str, list[int]] = {}
    for place in range(len(tail) - 1, begin - 1, -1):
        places.setdefault(tail[place].identity, []).append(place)
    return [(places[row.identity].pop(), index) for index, row in enumerate(page) if places.get(row.identity)]
