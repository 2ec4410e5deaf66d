from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..models.entity import Entity
    from ..models.search_result_referred_entities_type_0 import (
        SearchResultReferredEntitiesType0,
    )


T = TypeVar("T", bound="SearchResult")


@_attrs_define
class SearchResult:
    """One page of assets.

    Attributes:
        count (int | None | Unset): How many assets match on all pages.
        entities (list[Entity] | None | Unset): The assets of this page.
        facets (Any | Unset): How many hits each value of an attribute has.
        metrics (Any | Unset): What was computed over the hits.
        referred_entities (None | SearchResultReferredEntitiesType0 | Unset): Assets that those of this page refer to,
            by GUID.
    """

    count: int | None | Unset = UNSET
    entities: list[Entity] | None | Unset = UNSET
    facets: Any | Unset = UNSET
    metrics: Any | Unset = UNSET
    referred_entities: None | SearchResultReferredEntitiesType0 | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.search_result_referred_entities_type_0 import (
            SearchResultReferredEntitiesType0,  # noqa: PLC0415
        )

        count: int | None | Unset
        if isinstance(self.count, Unset):
            count = UNSET
        else:
            count = self.count

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

        facets = self.facets

        metrics = self.metrics

        referred_entities: dict[str, Any] | None | Unset
        if isinstance(self.referred_entities, Unset):
            referred_entities = UNSET
        elif isinstance(self.referred_entities, SearchResultReferredEntitiesType0):
            referred_entities = self.referred_entities.to_dict()
        else:
            referred_entities = self.referred_entities

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if count is not UNSET:
            field_dict["count"] = count
        if entities is not UNSET:
            field_dict["entities"] = entities
        if facets is not UNSET:
            field_dict["facets"] = facets
        if metrics is not UNSET:
            field_dict["metrics"] = metrics
        if referred_entities is not UNSET:
            field_dict["referred_entities"] = referred_entities

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.entity import Entity  # noqa: PLC0415
        from ..models.search_result_referred_entities_type_0 import (
            SearchResultReferredEntitiesType0,  # noqa: PLC0415
        )

        d = dict(src_dict)

        def _parse_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        count = _parse_count(d.pop("count", UNSET))

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

        facets = d.pop("facets", UNSET)

        metrics = d.pop("metrics", UNSET)

        def _parse_referred_entities(data: object) -> None | SearchResultReferredEntitiesType0 | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                referred_entities_type_0 = SearchResultReferredEntitiesType0.from_dict(data)

                return referred_entities_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | SearchResultReferredEntitiesType0 | Unset, data)

        referred_entities = _parse_referred_entities(d.pop("referred_entities", UNSET))

        search_result = cls(
            count=count,
            entities=entities,
            facets=facets,
            metrics=metrics,
            referred_entities=referred_entities,
        )

        search_result.additional_properties = d
        return search_result

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
