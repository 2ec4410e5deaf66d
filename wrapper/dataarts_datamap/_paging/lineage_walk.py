"""Reads the lineage of all job operators: pages are of operators, and an operator has any number of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap._errors import IncompleteWalkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap._api.lineage import LineagePage
    from dataarts_datamap._messages import Steps
    from dataarts_datamap._models.tables import LineageEdge

_LIMIT: Final = 100  # the documented default, so that no smaller cap can hide operators
_MOST_PAGES: Final = 2_000


def read_lineage(
    ask: Callable[[int, int], Steps[LineagePage]], *, limit: int = _LIMIT
) -> Steps[tuple[list[LineageEdge], int | None]]:
    """All edges of an instance, and how many operators the server counts.

    An offset is taken to count operators, as the total does. A second page that is empty or the first once more raises
    the doubt that it counts pages: one more request, for offset 1, decides. Operators without rows are normal, so that
    the rows cannot be compared with the total.

    Args:
        ask: The steps that read the page at an offset, of so many operators at the most.
        limit: How many operators to ask for at once.

    Raises:
        IncompleteWalkError: The server sends the same page for any offset, or the pages have no end.
    """
    page = yield from ask(0, limit)
    edges, total = list(page.edges), page.total
    first = previous = _operators(page)
    pages_are_counted = False
    number = 1
    while (page.rows and total is None) or (total is not None and number * limit < total):
        if number >= _MOST_PAGES:
            raise _incomplete(f"the lineage has no end after {number} pages", edges, total)
        page = yield from ask(number if pages_are_counted else number * limit, limit)
        operators = _operators(page)
        if number == 1 and total is not None and (not operators or operators == first):
            shifted = yield from ask(1, limit)
            named = _operators(shifted)
            if named and not named & first:
                pages_are_counted, page, operators = True, shifted, named
        if operators and operators == previous:
            if total is None:
                break
            raise _incomplete("the service sends the same page of lineage for any offset", edges, total)
        edges += page.edges
        previous = operators or previous
        total = total if page.total is None else page.total
        number += 1
    return edges, total


def _operators(page: LineagePage) -> frozenset[object]:
    return frozenset(edge.node.guid or edge.node.key for edge in page.edges if edge.node is not None)


def _incomplete(problem: str, edges: list[LineageEdge], total: int | None) -> IncompleteWalkError:
    error = IncompleteWalkError(problem)
    error.rows_read = len(edges)
    error.totals = () if total is None else (total,)
    return error
