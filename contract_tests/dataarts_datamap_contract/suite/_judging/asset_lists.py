"""Pages of assets and of lineage: whatever offset counts, they are slices of one list. No HTTP here."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dataarts_datamap_contract.suite._judging.findings import LEAST_CAP, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite.target import OffsetUnit

READINGS: Final[Mapping[str, Callable[[int, int], int]]] = {
    "rows": lambda offset, _: offset,
    "pages": lambda offset, limit: offset * limit,
    "pages from 1": lambda offset, limit: max(offset - 1, 0) * limit,
}
"""Where a page starts under each reading of its offset; which reading is right is not documented."""


class _Fault(NamedTuple):
    """What a reading of offset cannot explain."""

    problem: str
    exchange: Exchange
    earlier: Exchange | None


class _ListOfPages:
    """The first fault of a list under each reading of offset; the list is wrong if every reading has one."""

    def __init__(self, check: str, unit: OffsetUnit) -> None:
        self._check = check
        self._unit = unit
        self._faults: dict[str, _Fault] = {}

    @property
    def reading(self) -> str:
        """A reading that explains the pages so far: the target's own if it does, or if none does."""
        left = [each for each in READINGS if each not in self._faults]
        return self._unit if self._unit in left or not left else left[0]

    def _conclude(self, exchange: Exchange) -> Finding:
        if len(self._faults) < len(READINGS):
            return Finding(self._check)
        fault = self._faults[self._unit]
        self._faults = {}
        return Finding(self._check, fault.problem, fault.exchange if fault.exchange is not exchange else fault.earlier)

    def _mark(self, reading: str, problem: str, exchange: Exchange, earlier: Exchange | None = None) -> None:
        self._faults.setdefault(reading, _Fault(problem, exchange, earlier))


class HitList(_ListOfPages):
    """The hits of one search.

    Args:
        unit: What the target's offsets count.
        count: How many hits there are.
        first: The exchange that said so.
    """

    def __init__(self, unit: OffsetUnit, count: int, first: Exchange) -> None:
        super().__init__("C-search-pages", unit)
        self.count = count
        self._first = first
        self._places: dict[str, dict[int, tuple[str, Exchange]]] = {reading: {} for reading in READINGS}

    def note(self, exchange: Exchange, offset: int, limit: int, *, count: int, guids: Sequence[str]) -> Finding:
        """Compare a page with all earlier ones."""
        if count != self.count:
            return Finding(self._check, f"count is {count} here and {self.count} before", self._first)
        if len(guids) > limit:
            return Finding(self._check, f"{len(guids)} hits on a page with limit {limit}")
        for reading, begin in READINGS.items():
            if limit <= LEAST_CAP or offset == 0:
                self._place(reading, exchange, begin(offset, limit), limit, guids)
        return self._conclude(exchange)

    def _place(self, reading: str, exchange: Exchange, begin: int, limit: int, guids: Sequence[str]) -> None:
        due = max(0, min(limit, self.count - begin))
        if len(guids) != due and not LEAST_CAP <= len(guids) < due:
            problem = f"{len(guids)} hits at {begin} of {self.count} with limit {limit}, where {due} are due"
            self._mark(reading, problem, exchange)
        places = self._places[reading]
        positions = {guid: position for position, (guid, _) in places.items() if guid}
        for position, guid in enumerate(guids, start=begin):
            known, earlier = places.setdefault(position, (guid, exchange))
            if known != guid:
                self._mark(reading, f"hit {position} is another asset than it was before", exchange, earlier)
                return
            first = positions.setdefault(guid, position) if guid else position
            if first != position:
                self._mark(reading, f"hit {position} is an asset that is at {first}, too", exchange, places[first][1])
                return


class _Page(NamedTuple):
    """The rows of some operators, as one page showed them.

    Attributes:
        begin: The first operator's position.
        end: The position after the last operator's.
        rows: How often each row is there.
        nodes: The operators that have rows.
        exchange: The exchange that showed them.
    """

    begin: int
    end: int
    rows: Mapping[str, int]
    nodes: frozenset[str]
    exchange: Exchange

    def contradicts(self, other: _Page) -> str | None:
        """How two pages contradict each other; None if they do not."""
        if self.end <= other.begin or other.end <= self.begin:
            shared = self.nodes & other.nodes
            return f"operator {min(shared)} is on two pages that should have none in common" if shared else None
        inner, outer = (self, other) if other.begin <= self.begin and self.end <= other.end else (other, self)
        if not (outer.begin <= inner.begin and inner.end <= outer.end):
            return None
        if any(times > outer.rows.get(row, 0) for row, times in inner.rows.items()):
            return f"a row that operators {inner.begin} to {inner.end} have is missing on a longer page"
        return None


class LineageList(_ListOfPages):
    """The lineage of all operators. The limit of a page counts operators, each of which can have any number of rows."""

    def __init__(self, unit: OffsetUnit) -> None:
        super().__init__("C-bulk-pages", unit)
        self.total: int | None = None
        self._first: Exchange | None = None
        self._pages: dict[str, list[_Page]] = {reading: [] for reading in READINGS}

    @property
    def is_whole(self) -> bool:
        """Whether one page showed all operators."""
        pages = self._pages[self.reading]
        return any(page.begin == 0 and page.end == self.total for page in pages)

    def note(
        self, exchange: Exchange, offset: int, limit: int, *, total: int, rows: Sequence[Mapping[str, Any]]
    ) -> Finding:
        """Compare a page with all earlier ones."""
        if self.total is None:
            self.total, self._first = total, exchange
        if total != self.total:
            return Finding(self._check, f"total is {total} here and {self.total} before", self._first)
        for reading, begin in READINGS.items():
            first = min(begin(offset, limit), total)
            if limit <= LEAST_CAP:
                self._place(reading, _page(exchange, first, min(first + limit, total), rows))
            elif not rows and any(each.rows and first <= each.begin for each in self._pages[reading]):
                self._mark(reading, f"no rows at {first} of {total} with limit {limit}, where others are due", exchange)
        return self._conclude(exchange)

    def _place(self, reading: str, page: _Page) -> None:
        if len(page.nodes) > page.end - page.begin:
            crowded = f"{len(page.nodes)} operators on the page from {page.begin} to {page.end} of {self.total}"
            self._mark(reading, crowded, page.exchange)
            return
        known = self._pages[reading]
        for other in known:
            problem = page.contradicts(other)
            if problem is not None:
                self._mark(reading, problem, page.exchange, other.exchange)
                return
        known.append(page)
        beginning: dict[int, list[_Page]] = {}
        for each in known:
            beginning.setdefault(each.begin, []).append(each)
        # The new page can only complete the parts of a page that contains it.
        for whole in [each for each in known if each.begin <= page.begin and page.end <= each.end]:
            parts: dict[str, int] = {}
            for part in _tiles(beginning, whole):
                parts.update((row, parts.get(row, 0) + times) for row, times in part.rows.items())
            if parts and parts != whole.rows:
                other_rows = (
                    f"the pages of operators {whole.begin} to {whole.end} have other rows than a single page of them"
                )
                self._mark(reading, other_rows, page.exchange, whole.exchange)
                return


def _tiles(beginning: Mapping[int, Sequence[_Page]], whole: _Page) -> Iterator[_Page]:
    """Smaller pages that together make up a larger one; none if they leave a gap. ``beginning``: pages by ``begin``."""
    found: list[_Page] = []
    here = whole.begin
    while here < whole.end:
        inside = [each for each in beginning.get(here, ()) if here < each.end <= whole.end]
        smaller = [each for each in inside if (each.begin, each.end) != (whole.begin, whole.end)]
        if not smaller:
            return
        found.append(min(smaller, key=lambda each: each.end))
        here = found[-1].end
    yield from found


def _page(exchange: Exchange, begin: int, end: int, rows: Sequence[Mapping[str, Any]]) -> _Page:
    shown = Counter(json.dumps(row, sort_keys=True) for row in rows)
    names = (row.get("node_guid") or row.get("node_qualified_name") or row.get("node_name") for row in rows)
    return _Page(begin, end, dict(shown), frozenset(str(name) for name in names if name), exchange)
