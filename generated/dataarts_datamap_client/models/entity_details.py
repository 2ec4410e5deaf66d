from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..models.entity import Entity
    from ..models.entity_details_referred_entities_type_0 import (
        EntityDetailsReferredEntitiesType0,
    )


T = TypeVar("T", bound="EntityDetails")


@_attrs_define
class EntityDetails:
    """Some assets.

    Attributes:
        entities (list[Entity] | None | Unset): The assets.
        referred_entities (EntityDetailsReferredEntitiesType0 | None | Unset): Assets that they refer to, by GUID.
    """

    entities: list[Entity] | None | Unset = UNSET
    referred_entities: EntityDetailsReferredEntitiesType0 | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.entity_details_referred_entities_type_0 import (
            EntityDetailsReferredEntitiesType0,  # noqa: PLC0415
        )

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

        referred_entities: dict[str, Any] | None | Unset
        if isinstance(self.referred_entities, Unset):
            referred_entities = UNSET
        elif isinstance(self.referred_entities, EntityDetailsReferredEntitiesType0):
            referred_entities = self.referred_entities.to_dict()
        else:
            referred_entities = self.referred_entities

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if entities is not UNSET:
            field_dict["entities"] = entities
        if referred_entities is not UNSET:
            field_dict["referred_entities"] = referred_entities

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.entity import Entity  # noqa: PLC0415
        from ..models.entity_details_referred_entities_type_0 import (
            EntityDetailsReferredEntitiesType0,  # noqa: PLC0415
        )

        d = dict(src_dict)

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

        def _parse_referred_entities(data: object) -> EntityDetailsReferredEntitiesType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                referred_entities_type_0 = EntityDetailsReferredEntitiesType0.from_dict(data)

                return referred_entities_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EntityDetailsReferredEntitiesType0 | None | Unset, data)

        referred_entities = _parse_referred_entities(d.pop("referred_entities", UNSET))

        entity_details = cls(
            entities=entities,
            referred_entities=referred_entities,
        )

        entity_details.additional_properties = d
        return entity_details

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
