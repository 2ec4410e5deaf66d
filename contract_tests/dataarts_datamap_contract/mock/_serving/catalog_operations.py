"""ShowDataSets, ShowDataDetail, ListEntityDetails, ShowLineageBulk and ShowDatamapLineage, for a valid request.

No response of these operations is published, so the responses are composed from the documented models. The
configuration decides where the models leave a choice.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, TypeVar, cast

from dataarts_datamap_contract.mock._data.lineage import NODE_TYPE, TABLE_TYPE, node_guid
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dataarts_datamap_contract.mock._config import MockConfig
    from dataarts_datamap_contract.mock._data.dataset import Dataset, Operator
    from dataarts_datamap_contract.mock._data.lineage import DescribedTable
    from dataarts_datamap_contract.mock._data.world import World
    from dataarts_datamap_contract.mock._web.validation import Arguments

T = TypeVar("T")

_CREATED, _UPDATED = 1_662_567_796_444, 1_704_934_907_000
_MOST_GUIDS = 100
_FLOW, _FLOW_TYPE = "DATA_FLOW", "DataFlow"
_UNKNOWN_API = "The API does not exist or has not been published in the environment"


class CatalogOperations:
    """The five operations.

    Args:
        config: How they behave where nothing is documented.
        world: The data.
        check_scope: Returns if a request is for the project and the tenancy of the server, and raises otherwise.
    """

    def __init__(self, config: MockConfig, world: World, check_scope: Callable[[Arguments], None]) -> None:
        self._config = config
        self._world = world
        self._check_scope = check_scope
        performers = {
            "ShowDataSets": self._show_data_sets,
            "ShowDataDetail": self._show_data_detail,
            "ListEntityDetails": self._list_entity_details,
            "ShowLineageBulk": self._show_lineage_bulk,
            "ShowDatamapLineage": self._show_datamap_lineage,
        }
        self.operations = {name: self._guarded(perform) for name, perform in performers.items()}

    def _guarded(self, perform: Callable[[Arguments, Dataset], dict[str, Any]]) -> Callable[[Arguments], bytes]:
        def guarded(arguments: Arguments) -> bytes:
            if not self._config.invited:
                raise HttpError(404, "APIGW.0101", _UNKNOWN_API)
            self._check_scope(arguments)
            with self._world.lock:
                document = perform(arguments, self._world.dataset)
            return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

        return guarded

    def _show_data_sets(self, arguments: Arguments, dataset: Dataset) -> dict[str, Any]:
        body: dict[str, Any] = arguments.body
        query, wanted = str(body.get("query", "")).casefold(), body.get("filter")
        found = [
            table
            for table in dataset.lineage.tables.values()
            if query in f"{table.qualified_name.partition('@')[0]} {table.description}".casefold()
            and (wanted is None or _matches(table, wanted))
            and body.get("owner", table.owner) == table.owner
        ]
        if body.get("sort"):
            found.sort(key=lambda table: table.name, reverse=body["sort"][0].get("order") == "DESC")
        page = self._page(found, int(body["offset"]), int(body["limit"]))  # JSON Schema takes 10.0 as an integer
        kinds = Counter(TABLE_TYPE for _ in found)
        facets = [{"typeName": [{"name": name, "count": count} for name, count in kinds.items()]}]
        return {
            "count": len(found),
            "entities": list(map(self._entity, page)),
            "facets": facets if "typeName" in body.get("facets", ()) else [],
            "metrics": {},
            "referred_entities": {},
        }

    def _show_data_detail(self, arguments: Arguments, dataset: Dataset) -> dict[str, Any]:
        return {"entity": self._entity(self._table(dataset, arguments.text("guid"))), "referred_entities": {}}

    def _list_entity_details(self, arguments: Arguments, dataset: Dataset) -> dict[str, Any]:
        guids = cast("list[str]", arguments.body)
        if len(guids) > _MOST_GUIDS:
            raise HttpError(400, "DLG.0400", f"{len(guids)} GUIDs are more than {_MOST_GUIDS}")
        if self._config.unknown_guid == "refused":
            tables = [self._table(dataset, guid) for guid in guids]
        else:
            tables = [dataset.lineage.tables[guid] for guid in guids if guid in dataset.lineage.tables]
        return {"entities": list(map(self._entity, tables)), "referred_entities": {}}

    def _show_lineage_bulk(self, arguments: Arguments, dataset: Dataset) -> dict[str, Any]:
        operators = list(dataset.histories)
        page = self._page(operators, arguments.number("offset", 0), arguments.number("limit", 100))
        rows = [row for operator in page for row in _bulk_rows(dataset, operator)]
        return {"total": len(operators), "data": rows}

    def _show_datamap_lineage(self, arguments: Arguments, dataset: Dataset) -> dict[str, Any]:
        start = self._table(dataset, arguments.text("guid")).guid
        direction = arguments.text("direction") or "BOTH"
        edges: dict[tuple[str, str], None] = {}
        for way in ("IN", "OUT"):
            if direction in (way, "BOTH") and _are_wanted(arguments):
                edges.update(dict.fromkeys(self._edges(dataset, start, way)))
        nodes = {node_guid(operator): operator for operator in dataset.lineage.operators}
        guids = dict.fromkeys(guid for edge in edges for guid in edge)
        guids.setdefault(start)
        return {
            "total": len(edges),
            "relationship_types": {},
            "entity_types": {},
            "relationships": [self._relationship(edge, nodes) for edge in edges],
            "entities": [
                self._node(nodes[guid]) if guid in nodes else self._entity(dataset.lineage.tables[guid])
                for guid in guids
                if guid in nodes or guid in dataset.lineage.tables
            ],
        }

    def _edges(self, dataset: Dataset, start: str, way: str) -> Iterator[tuple[str, str]]:
        """The edges, from upstream to downstream, on the paths to a table or from it."""
        seen, waiting = {start}, deque([start])
        while waiting:
            here = waiting.popleft()
            for operator, known in dataset.lineage.operators.items():
                nearer, farther = (known.writes, known.reads) if way == "IN" else (known.reads, known.writes)
                if here not in nearer:
                    continue
                yield from self._drawn(operator, here, farther, way)
                for other in farther:
                    if other not in seen and self._config.lineage_reach == "all":
                        seen.add(other)
                        waiting.append(other)

    def _drawn(self, operator: Operator, here: str, farther: Sequence[str], way: str) -> Iterator[tuple[str, str]]:
        node = node_guid(operator)
        if self._config.lineage_through == "nodes":
            yield (node, here) if way == "IN" else (here, node)
            yield from ((other, node) if way == "IN" else (node, other) for other in farther)
        else:
            yield from ((other, here) if way == "IN" else (here, other) for other in farther)

    def _relationship(self, edge: tuple[str, str], nodes: dict[str, Operator]) -> dict[str, Any]:
        first, second = edge if self._config.lineage_first_end == "upstream" else edge[::-1]
        return {
            "guid": f"{first}-{second}",
            "type_name": _FLOW_TYPE,
            "relation_type_name": _FLOW,
            "direction": "OUT",
            "propagate_tag": "NONE",
            "ep1_id": first,
            "ep1_type_name": NODE_TYPE if first in nodes else TABLE_TYPE,
            "ep2_id": second,
            "ep2_type_name": NODE_TYPE if second in nodes else TABLE_TYPE,
            "status": "ACTIVE",
        }

    def _table(self, dataset: Dataset, guid: str) -> DescribedTable:
        table = dataset.lineage.tables.get(guid)
        if table is None:
            raise HttpError(404, "DLG.0404", f"The asset {guid} does not exist")
        return table

    def _page(self, found: Sequence[T], offset: int, limit: int) -> Sequence[T]:
        first = offset
        if self._config.offset_unit == "page":
            first = max(offset - self._config.first_page, 0) * limit
        return found[first : first + limit]

    def _entity(self, table: DescribedTable) -> dict[str, Any]:
        return {
            "guid": table.guid,
            "type_name": TABLE_TYPE,
            "type_display_name": "表",
            "display_text": table.name,
            "super_type_names": ["base.Asset", "base.DataAsset"],
            "status": "ACTIVE",
            "version": 0,
            "attributes": {
                "name": table.name,
                "qualifiedName": table.qualified_name,
                "sourceType": table.source_type,
                "owner": table.owner,
                "description": table.description,
            },
            "relationship_attributes": {},
            "project_id": self._config.project_id,
            "workspace_id": [table.workspace_id],
            "instance_id": [self._config.instance_id],
            "created_by": "username",
            "updated_by": "username",
            "create_time": self._time(_CREATED),
            "update_time": self._time(_UPDATED),
        }

    def _time(self, milliseconds: int) -> int | str:
        return str(milliseconds) if self._config.asset_times == "text" else milliseconds

    def _node(self, operator: Operator) -> dict[str, Any]:
        return {
            "guid": node_guid(operator),
            "type_name": NODE_TYPE,
            "display_text": operator.job_name,
            "attributes": {"name": operator.job_name},
            "workspace_id": [operator.workspace_id],
            "status": "ACTIVE",
        }


def _are_wanted(arguments: Arguments) -> bool:
    """Whether the request is for the only kind of relationship that there is here, and for its category."""
    return all(
        own in (arguments.lists.get(name) or (own,))
        for name, own in (("relationship_type_categories", _FLOW), ("relationship_types", _FLOW_TYPE))
    )


def _bulk_rows(dataset: Dataset, operator: Operator) -> Iterator[dict[str, Any]]:
    known = dataset.lineage.operators.get(operator)
    for source, target in () if known is None else known.pairs():
        yield {
            **_bulk_end("source", None if source is None else dataset.lineage.tables.get(source)),
            **_bulk_end("target", None if target is None else dataset.lineage.tables.get(target)),
            "node_guid": node_guid(operator),
            "node_name": operator.job_name,
            "node_type": "DWSSQL",
            "node_qualified_name": f"manual.{node_guid(operator)}@node.{operator.workspace_id}",
            "workspace_id": operator.workspace_id,
        }


def _bulk_end(side: str, table: DescribedTable | None) -> dict[str, Any]:
    if table is None:
        return {}
    return {
        f"{side}_guid": table.guid,
        f"{side}_qualified_name": table.qualified_name,
        f"{side}_type": table.source_type,
        f"{side}_db": table.database,
        f"{side}_schema": table.schema,
        f"{side}_table": table.name,
    }


def _matches(table: DescribedTable, wanted: dict[str, Any]) -> bool:
    """Whether a table passes a filter: a comparison, a condition over other filters, or both.

    Raises:
        HttpError: The attribute or the operator is unknown to this server.
    """
    outcomes: list[bool] = []
    if "attribute" in wanted:
        outcomes.append(_compares(table, wanted))
    criterion: Iterable[dict[str, Any]] = wanted.get("criterion", ())
    below = [_matches(table, each) for each in criterion]
    if below:
        outcomes.append(any(below) if wanted.get("condition") == "OR" else all(below))
    return all(outcomes)


def _compares(table: DescribedTable, wanted: dict[str, Any]) -> bool:
    values = {
        "typeName": TABLE_TYPE,
        "base.DataAsset.sourceType": table.source_type,
        "workspaceId": table.workspace_id,
    }
    attribute, operator = wanted["attribute"], wanted.get("operator", "EQ")
    if attribute not in values or operator not in {"EQ", "IN", "NEQ"}:
        raise HttpError(400, "DLG.0400", f"This server does not filter by {attribute} {operator}")
    is_among = values[attribute] in wanted.get("value", ())
    return not is_among if operator == "NEQ" else is_among
