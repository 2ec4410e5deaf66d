from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...types import UNSET, Unset

if TYPE_CHECKING:
    from ...models.show_datamap_lineage_direction import ShowDatamapLineageDirection


def _get_kwargs(
    project_id: str,
    guid: str,
    *,
    direction: ShowDatamapLineageDirection | Unset = "BOTH",
    relationship_types: list[str] | Unset = UNSET,
    relationship_type_categories: list[str] | Unset = UNSET,
    related_entity_types: list[str] | Unset = UNSET,
    extend_process_data_flow: bool | Unset = False,
    include_parent_entity: bool | Unset = False,
    instance: str,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    headers["instance"] = instance

    params: dict[str, Any] = {}

    json_direction: str | Unset = UNSET
    if not isinstance(direction, Unset):
        json_direction = direction

    params["direction"] = json_direction

    json_relationship_types: list[str] | Unset = UNSET
    if not isinstance(relationship_types, Unset):
        json_relationship_types = relationship_types

    params["relationship_types"] = json_relationship_types

    json_relationship_type_categories: list[str] | Unset = UNSET
    if not isinstance(relationship_type_categories, Unset):
        json_relationship_type_categories = relationship_type_categories

    params["relationship_type_categories"] = json_relationship_type_categories

    json_related_entity_types: list[str] | Unset = UNSET
    if not isinstance(related_entity_types, Unset):
        json_related_entity_types = related_entity_types

    params["related_entity_types"] = json_related_entity_types

    params["extend_process_data_flow"] = extend_process_data_flow

    params["include_parent_entity"] = include_parent_entity

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v2/{project_id}/datamap/lineage/guid/{guid}".format(
            project_id=quote(str(project_id), safe=""),
            guid=quote(str(guid), safe=""),
        ),
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs
