"""ShowLineageBulk and ShowDatamapLineage: requests for lineage, and the decoding of their responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from msgspec import Struct, json
from msgspec.structs import replace

from dataarts_datamap._api.error_responses import UNREADABLE, check_status
from dataarts_datamap._api.generated_requests import build_bulk_lineage_request, build_lineage_request
from dataarts_datamap._api.search_tables import AssetDocument, decode_document, whole_number
from dataarts_datamap._arguments import identifier, path_segment, query_integer
from dataarts_datamap._models.tables import (
    FlowDirection,
    LineageEdge,
    LineageNode,
    Table,
    qualified_path,
    split_path,
    text_of,
)

if TYPE_CHECKING:
    from dataarts_datamap._messages import Request, Response


def bulk_lineage_request(*, endpoint: str, project_id: str, instance_id: str, offset: int, limit: int) -> Request:
    return build_bulk_lineage_request(
        endpoint,
        project_id=path_segment("project_id", project_id),
        instance=identifier("instance_id", instance_id),
        offset=query_integer("offset", offset, minimum=0),
        limit=query_integer("page_size", limit, minimum=1),
    )


def table_lineage_request(
    *, endpoint: str, project_id: str, instance_id: str, guid: str, direction: FlowDirection
) -> Request:
    return build_lineage_request(
        endpoint,
        project_id=path_segment("project_id", project_id),
        instance=identifier("instance_id", instance_id),
        guid=path_segment("table_guid", guid),
        direction=direction,
    )


class _Row(Struct):
    source_guid: str | None = None
    source_qualified_name: str | None = None
    source_type: str | None = None
    source_db: str | None = None
    source_schema: str | None = None
    source_table: str | None = None
    target_guid: str | None = None
    target_qualified_name: str | None = None
    target_type: str | None = None
    target_db: str | None = None
    target_schema: str | None = None
    target_table: str | None = None
    node_guid: str | None = None
    node_name: str | None = None
    node_type: str | None = None
    workspace_id: str | None = None


class _Page(AssetDocument):
    data: list[_Row]
    total: int | None = None


class _OddPage(AssetDocument):
    data: list[dict[str, Any]] | None = None
    total: Any = None


class LineagePage(Struct, frozen=True, kw_only=True):
    """The lineage of a page of operators.

    Attributes:
        edges: The steps of the operators, from rows with at least one table.
        rows: The number of rows on the page, including those without a table.
        total: The number of operators on all pages; None if the server sent no count.
    """

    edges: tuple[LineageEdge, ...]
    rows: int
    total: int | None


_PAGE: Final = json.Decoder(_Page)
_ODD_PAGE: Final = json.Decoder(_OddPage)


def decode_bulk_lineage(response: Response) -> LineagePage:
    """The page of a ShowLineageBulk response. A total or a row's field of an unexpected type counts as missing."""
    check_status(response)
    try:
        page = _PAGE.decode(response.content)
    except UNREADABLE:
        page = None
    if page is None or page.error_code:
        rows, total = decode_document(response, _ODD_PAGE, _odd_rows, "a page of lineage", "it has no data")
    else:
        rows, total = page.data, whole_number(page.total)
    edges = tuple(edge for edge in map(_edge, rows) if edge.source is not None or edge.target is not None)
    return LineagePage(edges=edges, rows=len(rows), total=total)


def _odd_rows(page: _OddPage) -> tuple[list[_Row], int | None] | None:
    """The rows and the total of a page that is not quite as expected; None if it lacks rows and its total is not 0."""
    total = whole_number(page.total)
    return None if page.data is None and total != 0 else ([_odd_row(row) for row in page.data or []], total)


def _odd_row(row: dict[str, Any]) -> _Row:
    return _Row(**{name: value for name in _Row.__struct_fields__ if isinstance(value := row.get(name), str)})


def _edge(row: _Row) -> LineageEdge:
    source = _end(
        row.source_guid,
        row.source_qualified_name,
        row.source_type,
        (row.source_db, row.source_schema, row.source_table),
    )
    target = _end(
        row.target_guid,
        row.target_qualified_name,
        row.target_type,
        (row.target_db, row.target_schema, row.target_table),
    )
    node = LineageNode(
        guid=row.node_guid or None,
        name=row.node_name or None,
        type=row.node_type or None,
        workspace_id=row.workspace_id or None,
    )
    return LineageEdge(source=source, target=target, node=node if node.name or node.guid else None)


def _end(
    guid: str | None, qualified_name: str | None, source_type: str | None, parts: tuple[str | None, ...]
) -> Table | None:
    if not guid:
        return None
    said = split_path(qualified_path(qualified_name), parts[-1] or None)
    database, schema, name = (sent or inferred for sent, inferred in zip(parts, said, strict=True))
    return Table(
        guid=guid,
        name=name,
        qualified_name=qualified_name or None,
        database=database,
        schema=schema,
        source_type=source_type or None,
    )


class Relationship(Struct, frozen=True, kw_only=True):
    """The GUIDs at both ends of a relationship. It is not documented which end is upstream."""

    first: str
    second: str


class AssetGraph(Struct, frozen=True, kw_only=True):
    """The graph around a table in a ShowDatamapLineage response.

    Attributes:
        assets: Every asset in it, whether table, operator or column, by GUID.
        relationships: The relationships of the type ``DATA_FLOW`` or without a type, if both ends have a GUID.
    """

    assets: dict[str, Table]
    relationships: tuple[Relationship, ...]


class _Graph(AssetDocument):
    relationships: list[dict[str, Any]] | None = None
    entities: list[dict[str, Any]] | None = None
    total: Any = None


_GRAPH: Final = json.Decoder(_Graph)


def decode_table_lineage(response: Response) -> AssetGraph:
    return decode_document(response, _GRAPH, _graph, "lineage", "it has no relationships")


def _graph(graph: _Graph) -> AssetGraph | None:
    if graph.relationships is None and graph.entities is None and whole_number(graph.total) != 0:
        return None
    assets = {table.guid: table for table in map(Table.from_raw, graph.entities or []) if table is not None}
    kept: list[Relationship] = []
    for sent in graph.relationships or []:
        if sent.get("relation_type_name") not in (None, "", "DATA_FLOW"):
            continue
        first, second = (_relationship_end(sent, number, assets) for number in (1, 2))
        if first is not None and second is not None:
            kept.append(Relationship(first=first, second=second))
    return AssetGraph(assets=assets, relationships=tuple(kept))


def _relationship_end(sent: dict[str, Any], number: int, assets: dict[str, Table]) -> str | None:
    """The GUID at an end, or None; its asset is added to ``assets``. Ends are sent as objects, as ids, or as both.

    If an object and an id differ, the GUID is that of the object.
    """
    whole = sent.get(f"end{number}")
    asset = Table.from_raw(cast("dict[str, Any]", whole)) if isinstance(whole, dict) else None
    guid = text_of(sent.get(f"ep{number}_id")) if asset is None else asset.guid
    if guid is None:
        return None
    known = assets.get(guid) or asset or Table(guid=guid)
    type_name = sent.get(f"ep{number}_type_name")
    if known.type_name is None and isinstance(type_name, str):
        known = replace(known, type_name=type_name)
    assets[guid] = known
    return guid
