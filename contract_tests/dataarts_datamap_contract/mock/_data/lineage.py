"""Tables by name, and the operators that read and write them: the data of searches, details and lineage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dataarts_datamap_contract.mock._data.dataset import Operator

TABLE_TYPE = "dataasset.Table"
NODE_TYPE = "dataasset.Application"


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedTable:
    """A table as a search shows it.

    Attributes:
        guid: Its GUID.
        database: Its database.
        schema: Its schema; empty if it has none.
        name: Its name.
        source_type: Kind of source.
        workspace_id: Id of its workspace.
        description: Its description.
        owner: Its owner.
    """

    guid: str
    database: str
    schema: str
    name: str
    source_type: str
    workspace_id: str
    description: str = ""
    owner: str = "username"

    @property
    def qualified_name(self) -> str:
        """Its path, with the connection through which it is reached."""
        path = ".".join(part for part in (self.database, self.schema, self.name) if part)
        return f"{path}@{self.source_type}.{uuid5(NAMESPACE_OID, self.source_type)}"


@dataclass(slots=True)
class OperatorLineage:
    """The GUIDs of the tables that an operator reads and writes, in the order in which they were added."""

    reads: list[str] = field(default_factory=list[str])
    writes: list[str] = field(default_factory=list[str])

    def pairs(self) -> Iterator[tuple[str | None, str | None]]:
        """Each pair of a table read and a table written, with None on a side where the operator has no table."""
        if not self.reads and not self.writes:
            return
        sources: list[str | None] = [*self.reads] or [None]
        targets: list[str | None] = [*self.writes] or [None]
        yield from ((source, target) for source in sources for target in targets)


class Lineage:
    """The tables with a name, and the lineage of operators.

    Attributes:
        tables: The tables by GUID.
        operators: The tables that each operator reads and writes, if known.
    """

    def __init__(self) -> None:
        self.tables: dict[str, DescribedTable] = {}
        self.operators: dict[Operator, OperatorLineage] = {}

    def add(self, operator: Operator, *, reads: Iterable[str] = (), writes: Iterable[str] = ()) -> None:
        """Add tables to those that an operator reads and writes."""
        known = self.operators.setdefault(operator, OperatorLineage())
        known.reads += [guid for guid in reads if guid not in known.reads]
        known.writes += [guid for guid in writes if guid not in known.writes]


def node_guid(operator: Operator) -> str:
    """The GUID of an operator, the same each time."""
    return str(uuid5(NAMESPACE_OID, f"{operator.workspace_id}/{operator.task_id}/{operator.job_name}"))


def table_guid(path: str) -> str:
    """A GUID for a table with this path, the same each time."""
    return str(uuid5(NAMESPACE_OID, f"table {path}"))


def described(path: str, *, workspace_id: str, source_type: str = "dws", guid: str | None = None) -> DescribedTable:
    """A table with a path: ``name``, ``database.name`` or ``database.schema.name``.

    Raises:
        ValueError: The path is blank, or has a blank part.
    """
    parts = path.split(".")
    if not all(part.strip() for part in parts):
        raise ValueError(f"{path!r} is not the path of a table: write name, database.name or database.schema.name")
    *above, name = parts
    return DescribedTable(
        guid=guid or table_guid(path),
        database=above[0] if above else "",
        schema=".".join(above[1:]),
        name=name,
        source_type=source_type,
        workspace_id=workspace_id,
    )
