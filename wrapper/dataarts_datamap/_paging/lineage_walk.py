"""Reads the lineage of all job operators: a page holds operators, and an operator has any number of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap._errors import IncompleteWalkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap._api.lineage import LineagePage
    from dataarts_datamap._messages import Steps
    from dataarts_datamap._models.tables import LineageEdge

_LIMIT: Final = 100  # the documented default; if a server lowered a larger limit, offsets would skip operators
_MOST_PAGES: Final = 2_000
_MOST_READINGS: Final = 3


def read_lineage(ask: Callable[[int, int], Steps[LineagePage]]) -> Steps[list[LineageEdge]]:
    """All edges of an instance, some of them more than once.

    An operator that appears or disappears between two pages shifts the operators behind it, so that one of them may be
    on neither page. If the server's count of operators changes meanwhile, the pages are read up to three times, and the
    edges of all readings count: lineage outlives its operators anyway.

    Args:
        ask: Returns the steps that read a page, given an offset and the maximum number of operators.

    Raises:
        IncompleteWalkError: A page repeats the page before it, although the server counts more operators; or the pages
            have no end.
    """
    edges: list[LineageEdge] = []
    for _ in range(_MOST_READINGS):
        read, has_moved = yield from _read_once(ask)
        edges += read
        if not has_moved:
            break
    return edges


def _read_once(ask: Callable[[int, int], Steps[LineagePage]]) -> Steps[tuple[list[LineageEdge], bool]]:
    """The edges of all pages, and whether the total changed meanwhile.

    An offset is assumed to count operators, as the total does. If there is a total, a request for offset 1 checks this
    in three cases: the second page names no operators; it names those of the first page; or there are more than 100
    pages, so that the second page's offset, 100, would also be valid if offsets counted pages. Operators without rows
    are normal, so the rows cannot be compared with the total.
    """
    page = yield from ask(0, _LIMIT)
    edges, total = list(page.edges), page.total
    totals = {page.total}
    first = previous = _operators(page)
    pages_are_counted = False
    number = 1
    while (page.rows and total is None) or (total is not None and number * _LIMIT < total):
        if number >= _MOST_PAGES:
            raise _incomplete(f"the lineage has no end after {number} pages", edges, total)
        page = yield from ask(number if pages_are_counted else number * _LIMIT, _LIMIT)
        operators = _operators(page)
        is_doubtful = not operators or operators == first or (total is not None and total > _LIMIT * _LIMIT)
        if number == 1 and total is not None and is_doubtful:
            shifted = yield from ask(1, _LIMIT)
            named = _operators(shifted)
            if named and named.isdisjoint(first | operators):
                pages_are_counted, page, operators = True, shifted, named
        if operators and operators == previous:
            if total is None:
                break
            raise _incomplete("the service sends the same page of lineage for any offset", edges, total)
        edges += page.edges
        previous = operators or previous
        totals.add(page.total)
        total = total if page.total is None else page.total
        number += 1
    return edges, len(totals - {None}) > 1


def _operators(page: LineagePage) -> frozenset[object]:
    return frozenset(edge.node.guid or edge.node.key for edge in page.edges if edge.node is not None)


def _incomplete(problem: str, edges: list[LineageEdge], total: int | None) -> IncompleteWalkError:
    error = IncompleteWalkError(problem)
    error.rows_read = len(edges)
    error.totals = () if total is None else (total,)
    return error
