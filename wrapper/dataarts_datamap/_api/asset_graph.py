"""Converts the graph around one table to lineage. The graph's depth and direction are not documented. No I/O.

In a graph of the inputs of a table, each relationship is assumed to point from its end that is farther from the table
to the nearer one; in a graph of its outputs, the other way round. If both ends are equally far, as in a cycle, or not
connected with the table, it is assumed to point from its first end to its second, unless most of the others point from
their second to their first. A table and an operator with relationships in both ways keep both: the operator reads the
table that it writes. An asset that is no table, view or column is an operator. If several operators lie between two
tables, the last one is the operator of the step. An operator that leads nowhere, and is always the same end of its
relationships, reads tables and writes none.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final

from dataarts_datamap._models.tables import LineageEdge, LineageNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from dataarts_datamap._api.lineage import AssetGraph, Relationship
    from dataarts_datamap._models.tables import FlowDirection, Table

_TABLE: Final = "table"
_VIEW: Final = "view"
_COLUMN: Final = "column"


def edges_around(guid: str, graph: AssetGraph, direction: FlowDirection) -> list[LineageEdge]:
    """The steps in the graph of a table's inputs (``IN``) or outputs (``OUT``). Columns are left out."""
    relationships = [one for one in graph.relationships if not _is_of_columns(one, graph.assets)]
    into: defaultdict[str, set[str]] = defaultdict(set)
    tables = {one for one, asset in graph.assets.items() if is_table(asset)} | {guid}
    for source, target in _oriented(guid, relationships, tables, is_inward=direction == "IN"):
        into[target].add(source)
    readers = [one for one in _at_one_end(relationships) if one not in tables]
    return [*_contracted(into, graph.assets, tables), *_steps_of_readers(readers, into, graph.assets, tables)]


def is_table(asset: Table) -> bool:
    """Whether the kind of an asset says that it is a table or a view. An asset without a kind counts as a table."""
    return asset.type_name is None or kind_of(asset) in {_TABLE, _VIEW}


def kind_of(asset: Table) -> str:
    """The part of an asset's kind after its last dot, in lower case.

    A part that ends with ``_table`` or ``_column`` is shortened to ``table`` or ``column``, and a part that ends with
    ``view`` to ``view``.
    """
    kind = (asset.type_name or "").rpartition(".")[2].casefold()
    if kind.endswith(_VIEW):
        return _VIEW
    return next((one for one in (_TABLE, _COLUMN) if kind.endswith(f"_{one}")), kind)


def _is_of_columns(relationship: Relationship, assets: Mapping[str, Table]) -> bool:
    return any(kind_of(assets[end]) == _COLUMN for end in (relationship.first, relationship.second))


def _oriented(
    guid: str, relationships: Iterable[Relationship], tables: AbstractSet[str], *, is_inward: bool
) -> Iterator[tuple[str, str]]:
    pairs = [(one.first, one.second) for one in relationships]
    distances = _distances(guid, pairs)
    known: list[tuple[str, str]] = []
    even: list[tuple[str, str]] = []
    votes = 0
    sent = set(pairs)
    for first, second in pairs:
        far, near = distances.get(first), distances.get(second)
        if (second, first) in sent and not {first, second} <= tables:
            known.append((first, second))
        elif far is None or near is None or far == near:
            even.append((first, second))
        else:
            is_forward = (far > near) is is_inward
            votes += 1 if is_forward else -1
            known.append((first, second) if is_forward else (second, first))
    yield from known
    yield from (pair if votes >= 0 else (pair[1], pair[0]) for pair in even)


def _distances(guid: str, pairs: Iterable[tuple[str, str]]) -> dict[str, int]:
    neighbours: defaultdict[str, set[str]] = defaultdict(set)
    for first, second in pairs:
        neighbours[first].add(second)
        neighbours[second].add(first)
    distances = {guid: 0}
    waiting = deque([guid])
    while waiting:
        here = waiting.popleft()
        for other in neighbours[here]:
            if other not in distances:
                distances[other] = distances[here] + 1
                waiting.append(other)
    return distances


def _contracted(
    into: Mapping[str, set[str]], assets: Mapping[str, Table], tables: AbstractSet[str]
) -> Iterator[LineageEdge]:
    """The steps to each table: from another table, directly or through operators, or from an operator alone."""
    for target in [guid for guid in into if guid in tables]:
        for before in sorted(into[target]):
            if before in tables:
                yield LineageEdge(source=assets[before], target=assets[target])
                continue
            node = _node(assets[before])
            sources = [assets[source] for source in _tables_before(before, into, tables)]
            for source in sources:
                yield LineageEdge(source=source, target=assets[target], node=node)
            if not sources:
                yield LineageEdge(target=assets[target], node=node)


def _at_one_end(relationships: Sequence[Relationship]) -> list[str]:
    """The assets that are always the first end of their relationships, or always the second."""
    firsts = dict.fromkeys(one.first for one in relationships)
    seconds = dict.fromkeys(one.second for one in relationships)
    return [one for one in {**firsts, **seconds} if (one in firsts) is not (one in seconds)]


def _steps_of_readers(
    candidates: Iterable[str], into: Mapping[str, set[str]], assets: Mapping[str, Table], tables: AbstractSet[str]
) -> Iterator[LineageEdge]:
    """The steps from each table that an operator reads, directly or through others, if the operator leads nowhere."""
    lead_on = {before for sources in into.values() for before in sources}
    for reader in candidates:
        if reader not in lead_on:
            for source in _tables_before(reader, into, tables):
                yield LineageEdge(source=assets[source], node=_node(assets[reader]))


def _tables_before(guid: str, into: Mapping[str, set[str]], tables: AbstractSet[str]) -> list[str]:
    """The tables that an operator reads, directly or through other operators."""
    found: dict[str, None] = {}
    seen, waiting = {guid}, [guid]
    while waiting:
        for before in sorted(into.get(waiting.pop(), ())):
            if before in tables:
                found[before] = None
            elif before not in seen:
                seen.add(before)
                waiting.append(before)
    return list(found)


def _node(asset: Table) -> LineageNode:
    return LineageNode(guid=asset.guid, name=asset.name, type=asset.type_name, workspace_id=asset.workspace_id)
