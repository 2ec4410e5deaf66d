"""The lineage of an instance, page by page, without a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dataarts_datamap._api.lineage import LineagePage
from dataarts_datamap._models.tables import LineageEdge, LineageNode, Table
from dataarts_datamap._paging.lineage_walk import read_lineage

if TYPE_CHECKING:
    from dataarts_datamap._messages import Steps

EDGES = [LineageEdge(target=Table(guid="t"), node=LineageNode(guid=f"n{number}")) for number in range(10_150)]


@pytest.mark.parametrize("pages_are_counted", [False, True])
def test_all_operators_of_a_large_instance_are_read(*, pages_are_counted: bool) -> None:
    """Where an offset of a hundred names a page that is there in both ways of counting, it is found out which it is."""

    def ask(offset: int, limit: int) -> Steps[LineagePage]:
        yield from ()
        first = offset * limit if pages_are_counted else offset
        page = tuple(EDGES[first : first + limit])
        return LineagePage(edges=page, rows=len(page), total=len(EDGES))

    with pytest.raises(StopIteration) as stopped:
        next(read_lineage(ask))
    assert EDGES == stopped.value.value
