"""Compares lineage around tables, lineage of all operators and ShowNodes: they must fit one graph. No HTTP here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from dataarts_datamap_contract.suite._judging.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from dataarts_datamap_contract.suite._judging.oracle import Exchange

_COLUMNS: Final = frozenset({"column", "columnfamily", "field"})
_FEWEST: Final = 3
_UPSTREAM, _DOWNSTREAM = "IN", "OUT"

Edges = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Graph:
    """What a response says of the lineage around one asset.

    Attributes:
        guid: The asset.
        edges: The relationships in the response, each as the GUIDs at end 1 and end 2; a relationship of columns, or
            without one of the GUIDs, is left out.
        exchange: The request and its response.
    """

    guid: str
    edges: Edges
    exchange: Exchange

    @classmethod
    def of(cls, guid: str, relationships: Iterable[Mapping[str, Any]], exchange: Exchange) -> Graph:
        """The graph of some relationships."""
        edges = {(end_of(each, 1), end_of(each, 2)) for each in relationships if not is_of_columns(each)}
        return cls(guid, frozenset(edge for edge in edges if all(edge)), exchange)

    def apart(self) -> tuple[str, str] | None:
        """A relationship that is not connected to the asset, not even through others; None if all are."""
        around = {(first, second) for edge in self.edges for first, second in (edge, edge[::-1])}
        known = _reached(self.guid, around)
        return min((edge for edge in self.edges if edge[0] not in known), default=None)

    def goes_on(self) -> bool:
        """Whether it reaches beyond two steps: an operator next to the asset, and the table behind that operator."""
        steps = {self.guid}
        for _ in range(2):
            steps |= {each for edge in self.edges if steps & set(edge) for each in edge}
        return any(not steps.issuperset(edge) for edge in self.edges)

    def reach(self, direction: str, *, first_is_upstream: bool) -> frozenset[str]:
        """What lies upstream (``IN``) or downstream (``OUT``) of the asset.

        ``first_is_upstream`` says whether end 1 of a relationship is the upstream one.
        """
        forward = first_is_upstream == (direction == _DOWNSTREAM)
        return _reached(self.guid, self.edges if forward else {(second, first) for first, second in self.edges}) - {
            self.guid
        }


class OperatorTables(NamedTuple):
    """One operator, according to the lineage of all operators (ShowLineageBulk).

    Attributes:
        reads: The GUIDs of the tables that it reads, and an empty text if one of its rows names none.
        writes: The GUIDs of the tables that it writes, likewise.
        name: Its name and its workspace.
        exchange: The first exchange that shows it.
    """

    reads: set[str]
    writes: set[str]
    name: tuple[str, str]
    exchange: Exchange


class TableOperators(NamedTuple):
    """The operators that ShowNodes names for a table, by name and workspace, and the exchange that says so."""

    names: set[tuple[str, str]]
    exchange: Exchange


def judge_graphs(
    graphs: Mapping[tuple[str, str], Graph],
    edges: Mapping[tuple[str, str], Exchange],
    operators: Mapping[str, OperatorTables],
    kinds: Mapping[str, object],
) -> Iterator[tuple[Exchange, Finding]]:
    """Compare the lineage around each asset with the lineage around the others, and with lineage of all operators.

    Nothing is compared unless a graph has the direction ``IN`` or ``OUT``.

    Args:
        graphs: The lineage around each asset, by its GUID and the direction that was asked for, which may be empty.
        edges: Pairs of tables, the upstream one first, each with the exchange in which ShowLineageBulk shows it.
        operators: Each operator, according to the lineage of all operators, by GUID.
        kinds: The kinds of the assets that were shown, by GUID.
    """
    ways = {key: graph for key, graph in graphs.items() if key[1] in {_UPSTREAM, _DOWNSTREAM}}
    if not ways:
        return
    reached = {first: _reaches(ways, first_is_upstream=first) for first in (True, False)}
    first_is_upstream = max((True, False), key=lambda first: sum(map(len, reached[first].values())))
    of_tables = {kinds.get(guid) for guid, _ in graphs}
    nodes = {guid for guid, kind in kinds.items() if kind not in of_tables}
    yield from _whole(graphs, nodes, first_is_upstream=first_is_upstream)
    yield from _agreed(ways, reached[first_is_upstream], edges)
    yield from _named(ways, operators, first_is_upstream=first_is_upstream)


def judge_others(
    graphs: Mapping[tuple[str, str], Graph], known: AbstractSet[str], kinds: Mapping[str, object]
) -> Iterator[tuple[Exchange, Finding]]:
    """An asset that lineage around a table shows, and that is no table, must be in lineage of all operators, too.

    Args:
        graphs: The lineage around each table, by its GUID and the direction that was asked for, which may be empty.
        known: The GUIDs of the operators and of the tables that lineage of all operators names.
        kinds: The kinds of the assets that were shown, by GUID.
    """
    of_tables = {kinds.get(guid) for guid, _ in graphs}
    for graph in graphs.values():
        others = {each for edge in graph.edges for each in edge if kinds.get(each) not in {None, *of_tables}}
        strays = sorted(others - known)
        text = f"lineage of all operators has no row of {min(strays, default='')}, which reads or writes a table here"
        if others:
            yield graph.exchange, Finding("C-lineage-agrees", text if strays else None)


def judge_nodes(
    nodes: Mapping[str, TableOperators], operators: Mapping[str, OperatorTables]
) -> Iterator[tuple[Exchange, Finding]]:
    """For each table, ShowNodes must name the operators that use it according to the lineage of all operators.

    It may also name other operators of that lineage, since not every SQL text can be parsed. If it does so for at least
    three tables, and for most of those for which it names any operator, that is a defect.
    """
    known = {each.name: each for each in operators.values() if all(each.name)}
    strays: list[tuple[str, str]] = []
    for guid, table in nodes.items():
        due = {name for name, each in known.items() if guid in each.reads | each.writes}
        lost = sorted(due - table.names)
        text = f"ShowNodes does not name {lost[0][0]!r}, which reads or writes {guid}" if lost else None
        earlier = known[lost[0]].exchange if lost else None
        if due:
            yield table.exchange, Finding("C-nodes-operator", text, earlier)
        whole = {name for name in known.keys() & table.names - due if "" not in known[name].reads & known[name].writes}
        strays += [(guid, min(whole)[0])] if whole else []
    if len(strays) >= _FEWEST and len(strays) > sum(bool(each.names) for each in nodes.values()) / 2:
        guid, name = strays[0]
        text = (
            f"for {len(strays)} of {len(nodes)} tables, ShowNodes names operators that do not use them, "
            f"such as {name!r}"
        )
        yield nodes[guid].exchange, Finding("C-nodes-operator", text)


def _whole(
    graphs: Mapping[tuple[str, str], Graph], nodes: AbstractSet[str], *, first_is_upstream: bool
) -> Iterator[tuple[Exchange, Finding]]:
    """All responses together make one graph, and each must show the whole part of it that its direction leads to.

    A relationship of the asset itself must be in that part. A direction leads all the way if any response to ``IN``
    or ``OUT`` goes beyond the next tables, else only to the next tables.
    """
    known: dict[tuple[str, str], Exchange] = {}
    for graph in graphs.values():
        for edge in graph.edges:
            known.setdefault(edge if first_is_upstream else _swapped(edge), graph.exchange)
    goes_on = any(graph.goes_on() for (_, way), graph in graphs.items() if way in {_UPSTREAM, _DOWNSTREAM})
    for (guid, way), graph in graphs.items():
        shown = {edge if first_is_upstream else _swapped(edge) for edge in graph.edges}
        due: set[tuple[str, str]] = set()
        for is_forward, other in ((True, _UPSTREAM), (False, _DOWNSTREAM)):
            if way != other:
                turned = known if is_forward else map(_swapped, known)
                there = _reached(guid, turned, over=None if goes_on else nodes)
                due |= {edge for edge in known if edge[0 if is_forward else 1] in there}
        lost = sorted(due - shown)
        asked = f"{way} of {guid}" if way else f"the lineage of {guid} without a direction"
        text = f"{asked} lacks {len(lost)} relationship{'s' * (len(lost) > 1)} that other responses show"
        for check in ("C-lineage-mirror", "C-lineage-agrees"):
            yield graph.exchange, Finding(check, text if lost else None, known[lost[0]] if lost else None)
        away = sorted(edge for edge in shown - due if guid in edge)
        text = f"{asked} has a relationship that does not belong there, {' to '.join(min(away, default=()))}"
        yield graph.exchange, Finding("C-lineage-agrees", text if away else None)


def _reaches(
    ways: Mapping[tuple[str, str], Graph], *, first_is_upstream: bool
) -> dict[tuple[str, str], frozenset[str]]:
    return {key: graph.reach(key[1], first_is_upstream=first_is_upstream) for key, graph in ways.items()}


def _agreed(
    ways: Mapping[tuple[str, str], Graph],
    reach: Mapping[tuple[str, str], frozenset[str]],
    edges: Mapping[tuple[str, str], Exchange],
) -> Iterator[tuple[Exchange, Finding]]:
    """If an operator makes one table from another, the lineage around each of the two must contain the other."""
    for (above, below), exchange in edges.items():
        if not {(below, _UPSTREAM), (above, _DOWNSTREAM)} <= ways.keys():
            continue  # one of the tables was not asked for, or may have been dropped
        for here, way, there in ((below, _UPSTREAM, above), (above, _DOWNSTREAM, below)):
            graph = ways[here, way]
            if here != there:
                problem = f"an operator makes {below} from {above}, but {way} of {here} does not contain {there}"
                found = there in reach[here, way]
                yield graph.exchange, Finding("C-lineage-agrees", None if found else problem, exchange)


def _named(
    ways: Mapping[tuple[str, str], Graph], operators: Mapping[str, OperatorTables], *, first_is_upstream: bool
) -> Iterator[tuple[Exchange, Finding]]:
    """If lineage around a table connects an operator with a table, lineage of all operators must do so, too."""
    for graph in ways.values():
        for edge in sorted(graph.edges):
            above, below = edge if first_is_upstream else edge[::-1]
            for node, table, side in ((above, below, "writes"), (below, above, "reads")):
                known = operators.get(node)
                if known is None or table in operators:
                    continue
                named = known.writes if side == "writes" else known.reads
                if "" not in named:
                    problem = (
                        f"operator {node} {side} {table} here, which lineage of all operators does not name for it"
                    )
                    yield (
                        graph.exchange,
                        Finding("C-lineage-agrees", None if table in named else problem, known.exchange),
                    )


def _swapped(edge: tuple[str, str]) -> tuple[str, str]:
    first, second = edge
    return second, first


def _reached(start: str, edges: Iterable[tuple[str, str]], *, over: AbstractSet[str] | None = None) -> frozenset[str]:
    """The start, and all that edges lead to from it, directly or not. With ``over``, only its members are reached."""
    nexts: dict[str, list[str]] = {}
    for first, second in edges:
        nexts.setdefault(first, []).append(second)
    seen, waiting = {start}, [start]
    while waiting:
        reached = [each for each in nexts.get(waiting.pop(), ()) if each not in seen]
        new = reached if over is None else [each for each in reached if each in over]
        seen.update(new)
        waiting += new
    return frozenset(seen)


def end_of(relationship: Mapping[str, Any], number: int) -> str:
    """The GUID at end 1 or 2 of a relationship; empty if it names none."""
    guid = relationship.get(f"ep{number}_id")
    whole: object = relationship.get(f"end{number}")
    if not isinstance(guid, str) and isinstance(whole, dict):
        guid = cast("dict[str, object]", whole).get("guid")
    return guid if isinstance(guid, str) else ""


def is_of_columns(relationship: Mapping[str, Any]) -> bool:
    """Whether an end of a relationship is a column, a column family or a field."""
    return not _COLUMNS.isdisjoint(_kind(relationship.get(f"ep{end}_type_name")) for end in (1, 2))


def _kind(name: object) -> str:
    return str(name or "").rpartition(".")[2].casefold()
