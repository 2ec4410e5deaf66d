"""The service's documents as values: tables, and the steps of lineage between them.

No response of the operations for tables and lineage has been published. Fields and types are those of the documented
models and of the official SDK. Each field can be missing, and the docstrings mark what was inferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping


FlowDirection: TypeAlias = Literal["IN", "OUT"]
"""``IN`` into a table, ``OUT`` out of it."""


class Table(Struct, frozen=True, kw_only=True):
    """A table, or another asset of the Data Map, as a response described it.

    Two tables are equal if all their attributes are; only the ``guid`` never changes.

    Attributes:
        guid: GUID of the asset.
        name: Name of the table: its attribute ``name``, else its display text (both documented), else the end of its
            qualified name. Untrusted.
        qualified_name: Name with database, schema and connection, such as ``postgres.sales.orders@dws.…``. Untrusted.
        database: Database; None if it is not known. Untrusted.
        schema: Schema; None if there is none, or it is not known. Untrusted.
        source_type: Kind of source, such as ``dws`` or ``hive``: an open set of names.
        workspace_ids: Ids of the workspaces that it belongs to.
        owner: Its owner. Untrusted.
        description: Its description. Untrusted.
        type_name: Kind of asset, such as ``dataasset.Table`` (the kind of a table is inferred).
        status: Status of the asset; usually ``ACTIVE``.
        raw: The asset as sent; empty if it is only known from the lineage of all operators, or by its GUID. Untrusted.
    """

    guid: str
    name: str | None = None
    qualified_name: str | None = None
    database: str | None = None
    schema: str | None = None
    source_type: str | None = None
    workspace_ids: tuple[str, ...] = ()
    owner: str | None = None
    description: str | None = None
    type_name: str | None = None
    status: str | None = None
    raw: dict[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def from_raw(cls, entity: Mapping[str, Any]) -> Table | None:
        """The table from an entity of the service; None if it has no GUID.

        A field of an unexpected type counts as missing: ``raw`` has the value.
        """
        guid = text_of(entity.get("guid"))
        if guid is None:
            return None
        sent = entity.get("attributes")
        attributes = cast("dict[str, object]", sent) if isinstance(sent, dict) else dict[str, object]()
        qualified_name = text_of(attributes.get("qualifiedName"))
        name = text_of(attributes.get("name")) or text_of(entity.get("display_text"))
        database, schema, last = split_path(qualified_path(qualified_name), name)
        return cls(
            guid=guid,
            name=name or last,
            qualified_name=qualified_name,
            database=database,
            schema=schema,
            source_type=text_of(attributes.get("sourceType")),
            workspace_ids=_texts(entity.get("workspace_id")),
            owner=text_of(attributes.get("owner")),
            description=text_of(attributes.get("description")),
            type_name=text_of(entity.get("type_name")),
            status=text_of(entity.get("status")),
            raw=dict(entity),
        )

    @property
    def path(self) -> tuple[str, ...]:
        """Database, schema and name, without unknown parts."""
        return tuple(part for part in (self.database, self.schema, self.name) if part)

    @property
    def full_name(self) -> str:
        """The parts of ``path`` with dots between them; the GUID if no name is known. Untrusted."""
        return ".".join(self.path) if self.name else self.guid

    @property
    def workspace_id(self) -> str | None:
        """The only workspace that it belongs to; None if there is none, or more than one."""
        return self.workspace_ids[0] if len(self.workspace_ids) == 1 else None

    def to_dict(self) -> dict[str, Any]:
        """The full name and all attributes except ``raw``, as plain values ready for JSON."""
        return {
            "guid": self.guid,
            "name": self.name,
            "full_name": self.full_name,
            "database": self.database,
            "schema": self.schema,
            "qualified_name": self.qualified_name,
            "source_type": self.source_type,
            "workspace_ids": list(self.workspace_ids),
            "owner": self.owner,
            "description": self.description,
            "type_name": self.type_name,
            "status": self.status,
        }

    def __hash__(self) -> int:
        return hash(self.guid)  # raw cannot be hashed

    def __repr__(self) -> str:
        return f"Table(guid={self.guid!r}, full_name={self.full_name!r}, source_type={self.source_type!r})"


class TablePage(Struct, frozen=True, kw_only=True):
    """One page of a search, in the server's order.

    Attributes:
        tables: The assets of the page that have a GUID.
        rows: The number of assets on the page, including those without a GUID.
        total: The number of matching assets on all pages, as reported by the server; None if it was not reported.
    """

    tables: tuple[Table, ...]
    rows: int
    total: int | None


class LineageNode(Struct, frozen=True, kw_only=True):
    """A job operator as lineage names it.

    Attributes:
        guid: GUID of the operator; None if the service did not send it.
        name: Name of the operator; equals ``Operator.job_name`` (inferred). Untrusted.
        type: Kind of operator, such as ``ETLJob``. An open set of names.
        workspace_id: Id of its workspace; None if the service did not send it.
    """

    guid: str | None = None
    name: str | None = None
    type: str | None = None
    workspace_id: str | None = None

    @property
    def key(self) -> tuple[str | None, str | None]:
        """The identity of the operator: its workspace, and its name, or its GUID if it has no name."""
        return self.workspace_id, self.name or self.guid


class LineageEdge(Struct, frozen=True, kw_only=True):
    """A step of lineage: an operator reads one table and writes another.

    Attributes:
        source: The table that is read; None if the operator reads no known table.
        target: The table that is written; None if it writes no known table.
        node: The operator; None if the service names none between the tables.
    """

    source: Table | None = None
    target: Table | None = None
    node: LineageNode | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """Identity of the step: both tables and the operator."""
        ends = (self.source and self.source.guid, self.target and self.target.guid)
        return (*ends, self.node and self.node.key)


def qualified_path(qualified_name: str | None) -> tuple[str, ...]:
    """The path of a qualified name: the part before ``@``, split at its dots (inferred from documented examples).

    Empty if there is no ``@``.
    """
    if not qualified_name or "@" not in qualified_name:
        return ()
    return tuple(part for part in qualified_name.partition("@")[0].split(".") if part)


def split_path(path: tuple[str, ...], name: str | None) -> tuple[str | None, str | None, str | None]:
    """Database, schema and name of a path.

    Args:
        path: The parts of the path. All parts between database and name belong to the schema.
        name: The name; None if it is not known. If the path ends with the name, dots in the name do not separate parts.
    """
    if not path:
        return None, None, None
    parts = () if name is None else tuple(name.casefold().split("."))
    length = len(parts) if parts and tuple(map(str.casefold, path[-len(parts) :])) == parts else 1
    above, last = path[:-length], ".".join(path[-length:])
    return (above[0] if above else None), ".".join(above[1:]) or None, last


def text_of(value: object) -> str | None:
    """A text, or the digits of a whole number, since ids are sent as either.

    None for an empty text, for -1, for a number of more than 64 bits, and for any other value.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if -(2**63) <= value < 2**63 and value != -1 else None  # -1 means not saved yet
    return value if isinstance(value, str) and value else None


def _texts(value: object) -> tuple[str, ...]:
    members = cast("list[object]", value) if isinstance(value, list) else [value]
    return tuple(text for member in members if (text := text_of(member)) is not None)
