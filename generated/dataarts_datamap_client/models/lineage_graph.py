from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..models.entity import Entity
    from ..models.lineage_relationship import LineageRelationship


T = TypeVar("T", bound="LineageGraph")


@_attrs_define
class LineageGraph:
    """The lineage around an asset.

    Attributes:
        total (int | None | Unset): How many hits there are; of what, is not documented.
        relationships (list[LineageRelationship] | None | Unset): The relationships.
        relationship_types (Any | Unset): Definitions of the kinds of relationship.
        entities (list[Entity] | None | Unset): The assets at the ends.
        entity_types (Any | Unset): Definitions of the kinds of asset.
    """

    total: int | None | Unset = UNSET
    relationships: list[LineageRelationship] | None | Unset = UNSET
    relationship_types: Any | Unset = UNSET
    entities: list[Entity] | None | Unset = UNSET
    entity_types: Any | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        total: int | None | Unset
        if isinstance(self.total, Unset):
            total = UNSET
        else:
            total = self.total

        relationships: list[dict[str, Any]] | None | Unset
        if isinstance(self.relationships, Unset):
            relationships = UNSET
        elif isinstance(self.relationships, list):
            relationships = []
            for relationships_type_0_item_data in self.relationships:
                relationships_type_0_item = relationships_type_0_item_data.to_dict()
                relationships.append(relationships_type_0_item)

        else:
            relationships = self.relationships

        relationship_types = self.relationship_types

        entities: list[dict[str, Any]] | None | Unset
        if isinstance(self.entities, Unset):
            entities = UNSET
        elif isinstance(self.entities, list):
            entities = []
            for entities_type_0_item_data in self.entities:
                entities_type_0_item = entities_type_0_item_data.to_dict()
                entities.append(entities_type_0_item)

        else:
            entities = self.entities

        entity_types = self.entity_types

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if total is not UNSET:
            field_dict["total"] = total
        if relationships is not UNSET:
            field_dict["relationships"] = relationships
        if relationship_types is not UNSET:
            field_dict["relationship_types"] = relationship_types
        if entities is not UNSET:
            field_dict["entities"] = entities
        if entity_types is not UNSET:
            field_dict["entity_types"] = entity_types

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.entity import Entity  # noqa: PLC0415
        from ..models.lineage_relationship import LineageRelationship  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_total(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        total = _parse_total(d.pop("total", UNSET))

        def _parse_relationships(data: object) -> list[LineageRelationship] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                relationships_type_0 = []
                _relationships_type_0 = data
                for relationships_type_0_item_data in _relationships_type_0:
                    relationships_type_0_item = LineageRelationship.from_dict(relationships_type_0_item_data)

                    relationships_type_0.append(relationships_type_0_item)

                return relationships_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[LineageRelationship] | None | Unset, data)

        relationships = _parse_relationships(d.pop("relationships", UNSET))

        relationship_types = d.pop("relationship_types", UNSET)

        def _parse_entities(data: object) -> list[Entity] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                entities_type_0 = []
                _entities_type_0 = data
                for entities_type_0_item_data in _entities_type_0:
                    entities_type_0_item = Entity.from_dict(entities_type_0_item_data)

                    entities_type_0.append(entities_type_0_item)

                return entities_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[Entity] | None | Unset, data)

        entities = _parse_entities(d.pop("entities", UNSET))

        entity_types = d.pop("entity_types", UNSET)

        lineage_graph = cls(
            total=total,
            relationships=relationships,
            relationship_types=relationship_types,
            entities=entities,
            entity_types=entity_types,
        )

        lineage_graph.additional_properties = d
        return lineage_graph

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
