"""Lineage: the tables that each table is made of, and the operators that write and read them. No I/O."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._models.tables import Table
from dataarts_datamap._monitoring.table_names import choose_table, match_tables, name_of
from dataarts_datamap._text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dataarts_datamap._models.runs import Operator
    from dataarts_datamap._models.tables import LineageEdge, LineageNode

_ALL: Final = 2**31


class Lineage:
    """The steps from table to table, with the operators that do them.

    It shows the latest scheduled run of each operator. An edge remains when its operator is no longer scheduled. An
    operator that was never scheduled, or whose SQL the service cannot parse, has no edge (documented). A table argument
    is a GUID, a name, or a ``Table``; methods that take one raise the errors of ``find``.

    Args:
        edges: Each step from one table to another.
        is_whole: Whether it is the lineage of the whole instance; if not, only of the tables around one table.
        tables: Further tables to find by name, whether or not an edge names them.
    """

    def __init__(self, edges: Iterable[LineageEdge], *, is_whole: bool = True, tables: Iterable[Table] = ()) -> None:
        self._edges = tuple({edge.key: edge for edge in edges}.values())
        self._is_whole = is_whole
        self._tables: dict[str, Table] = {}
        self._into: defaultdict[str, list[LineageEdge]] = defaultdict(list)
        self._out_of: defaultdict[str, list[LineageEdge]] = defaultdict(list)
        self._by: defaultdict[str, list[LineageEdge]] = defaultdict(list)
        for edge in self._edges:
            if edge.node is not None and edge.node.name is not None:
                self._by[edge.node.name].append(edge)
            for end, side in ((edge.target, self._into), (edge.source, self._out_of)):
                if end is not None:
                    side[end.guid].append(edge)
                    known = self._tables.get(end.guid)
                    if known is None or (known.name is None and end.name is not None):
                        self._tables[end.guid] = end
        for table in tables:
            if table.guid not in self._tables or self._tables[table.guid].name is None:
                self._tables[table.guid] = table
        self._by_guid = {guid.casefold(): known for guid, known in self._tables.items()}

    @property
    def edges(self) -> tuple[LineageEdge, ...]:
        """Each step from one table to another, once."""
        return self._edges

    @property
    def is_whole(self) -> bool:
        """Whether it is the lineage of the whole instance."""
        return self._is_whole

    @property
    def tables(self) -> Mapping[str, Table]:
        """Every known table, by GUID."""
        return self._tables

    def find(self, table: Table | str) -> Table:
        """The table with a GUID, or the only one with a name.

        For a GUID that no edge names, the result is a table without lineage.

        Raises:
            InvalidArgumentError: The argument is neither a table nor text, or is empty.
            TableNotFoundError: No table has the name.
            AmbiguousTableError: Several tables have it.
        """
        if isinstance(table, Table):
            return self._of_guid(table)
        name = name_of(table)
        if name is None:
            return self._of_guid(Table(guid=table))
        return choose_table(name, self._tables.values())

    def _of_guid(self, table: Table) -> Table:
        """The known table with the same GUID, in upper or lower case; the given table if there is none."""
        return self._tables.get(table.guid) or self._by_guid.get(table.guid.casefold(), table)

    def named(self, name: str) -> list[Table]:
        """Every table with a name: none, one or several."""
        return match_tables(name, self._tables.values())

    def inputs(self, table: Table | str) -> tuple[LineageEdge, ...]:
        """The steps that write a table; the source of a step is None if its operator reads no known table."""
        return tuple(self._into.get(self.find(table).guid, ()))

    def outputs(self, table: Table | str) -> tuple[LineageEdge, ...]:
        """The steps that read a table."""
        return tuple(self._out_of.get(self.find(table).guid, ()))

    def producers(self, table: Table | str) -> tuple[LineageNode, ...]:
        """The operators that write a table, each once."""
        return _nodes(self.inputs(table))

    def readers(self, table: Table | str) -> tuple[LineageNode, ...]:
        """The operators that read a table, each once, including those that also write it."""
        return _nodes(self.outputs(table))

    def steps(self, operator: Operator) -> tuple[LineageEdge, ...]:
        """The steps of an operator, matched by name and workspace (inferred), from what it reads to what it writes."""
        named = self._by.get(operator.job_name, ())
        return tuple(edge for edge in named if edge.node is not None and is_same_operator(operator, edge.node))

    def upstream(self, table: Table | str, *, depth: int | None = None) -> list[Table]:
        """The tables that a table is made of, the nearest first, without the table itself.

        Args:
            table: The table.
            depth: The maximum number of steps: 1 for direct inputs, None for no limit.

        Raises:
            InvalidArgumentError: The depth is not an integer of at least 1, or the table is not a GUID or name.
        """
        return self._walk(table, self._into, depth)

    def downstream(self, table: Table | str, *, depth: int | None = None) -> list[Table]:
        """The tables that are made of a table, the nearest first, without the table itself.

        Args:
            table: The table.
            depth: The maximum number of steps: 1 for direct outputs, None for no limit.

        Raises:
            InvalidArgumentError: The depth is not an integer of at least 1, or the table is not a GUID or name.
        """
        return self._walk(table, self._out_of, depth)

    def _walk(self, table: Table | str, side: Mapping[str, Sequence[LineageEdge]], depth: int | None) -> list[Table]:
        start = self.find(table).guid
        found: dict[str, None] = {start: None}
        nearest = [start]
        for _ in range(checked_depth(depth)):
            reached = dict.fromkeys(
                guid for one in nearest for guid in _others(side.get(one, ()), into=side is self._into)
            )
            nearest = [guid for guid in reached if guid not in found]
            if not nearest:
                break
            found.update(dict.fromkeys(nearest))
        return [self._tables[guid] for guid in list(found)[1:]]

    def __repr__(self) -> str:
        return f"Lineage(tables={len(self._tables)}, edges={len(self._edges)})"


def checked_depth(depth: object) -> int:
    """A depth as an integer of at most 2**31, which no lineage reaches. No limit (None) becomes 2**31.

    Raises:
        InvalidArgumentError: The depth is not an integer of at least 1.
    """
    if depth is None:
        return _ALL
    if not isinstance(depth, int) or isinstance(depth, bool) or depth < 1:
        raise InvalidArgumentError(f"depth must be an integer from 1, not {shown(depth)}")
    return min(depth, _ALL)


def is_same_operator(operator: Operator, node: LineageNode) -> bool:
    """Whether an operator and a node of lineage are the same, by name and workspace (inferred).

    A missing workspace fits any.
    """
    if node.name is None or node.name != operator.job_name:
        return False
    return node.workspace_id is None or operator.workspace_id is None or node.workspace_id == operator.workspace_id


def _nodes(edges: Iterable[LineageEdge]) -> tuple[LineageNode, ...]:
    return tuple({edge.node.key: edge.node for edge in edges if edge.node is not None}.values())


def _others(edges: Iterable[LineageEdge], *, into: bool) -> Iterator[str]:
    for edge in edges:
        end = edge.source if into else edge.target
        if end is not None:
            yield end.guid
