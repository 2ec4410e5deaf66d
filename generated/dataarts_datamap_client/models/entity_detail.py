from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..models.entity import Entity
    from ..models.entity_detail_referred_entities_type_0 import (
        EntityDetailReferredEntitiesType0,
    )


T = TypeVar("T", bound="EntityDetail")


@_attrs_define
class EntityDetail:
    """One asset.

    Attributes:
        entity (Entity | Unset): An asset: a table, a column, a job. No field is required, and fields that are not
            listed can come.
        referred_entities (EntityDetailReferredEntitiesType0 | None | Unset): Assets that it refers to, by GUID.
    """

    entity: Entity | Unset = UNSET
    referred_entities: EntityDetailReferredEntitiesType0 | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.entity_detail_referred_entities_type_0 import (
            EntityDetailReferredEntitiesType0,  # noqa: PLC0415
        )

        entity: dict[str, Any] | Unset = UNSET
        if not isinstance(self.entity, Unset):
            entity = self.entity.to_dict()

        referred_entities: dict[str, Any] | None | Unset
        if isinstance(self.referred_entities, Unset):
            referred_entities = UNSET
        elif isinstance(self.referred_entities, EntityDetailReferredEntitiesType0):
            referred_entities = self.referred_entities.to_dict()
        else:
            referred_entities = self.referred_entities

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if entity is not UNSET:
            field_dict["entity"] = entity
        if referred_entities is not UNSET:
            field_dict["referred_entities"] = referred_entities

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.entity import Entity  # noqa: PLC0415
        from ..models.entity_detail_referred_entities_type_0 import (
            EntityDetailReferredEntitiesType0,  # noqa: PLC0415
        )

        d = dict(src_dict)
        _entity = d.pop("entity", UNSET)
        entity: Entity | Unset
        if isinstance(_entity, Unset):
            entity = UNSET
        else:
            entity = Entity.from_dict(_entity)

        def _parse_referred_entities(data: object) -> EntityDetailReferredEntitiesType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                referred_entities_type_0 = EntityDetailReferredEntitiesType0.from_dict(data)

                return referred_entities_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EntityDetailReferredEntitiesType0 | None | Unset, data)

        referred_entities = _parse_referred_entities(d.pop("referred_entities", UNSET))

        entity_detail = cls(
            entity=entity,
            referred_entities=referred_entities,
        )

        entity_detail.additional_properties = d
        return entity_detail

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
