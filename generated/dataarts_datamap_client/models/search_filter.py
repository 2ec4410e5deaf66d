from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T", bound="SearchFilter")


@_attrs_define
class SearchFilter:
    """Which assets count: a comparison, or several of them joined. Nothing forbids both.

    Attributes:
        attribute (str | Unset): What is compared. Listed are typeName, base.DataAsset.sourceType, classifications.name,
            tags.name, securityLevel.name, workspaceId.
        operator (str | Unset): How it is compared. The page lists 15 operators; EQ and IN are those that the official
            SDK knows, too.
        value (list[str] | Unset): What it is compared with, as an array for EQ, too.
        condition (str | Unset): AND or OR, between the members of criterion.
        criterion (list[SearchFilter] | Unset): The comparisons that are joined.
    """

    attribute: str | Unset = UNSET
    operator: str | Unset = UNSET
    value: list[str] | Unset = UNSET
    condition: str | Unset = UNSET
    criterion: list[SearchFilter] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        attribute = self.attribute

        operator = self.operator

        value: list[str] | Unset = UNSET
        if not isinstance(self.value, Unset):
            value = self.value

        condition = self.condition

        criterion: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.criterion, Unset):
            criterion = []
            for criterion_item_data in self.criterion:
                criterion_item = criterion_item_data.to_dict()
                criterion.append(criterion_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if attribute is not UNSET:
            field_dict["attribute"] = attribute
        if operator is not UNSET:
            field_dict["operator"] = operator
        if value is not UNSET:
            field_dict["value"] = value
        if condition is not UNSET:
            field_dict["condition"] = condition
        if criterion is not UNSET:
            field_dict["criterion"] = criterion

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        attribute = d.pop("attribute", UNSET)

        operator = d.pop("operator", UNSET)

        value = cast(list[str], d.pop("value", UNSET))

        condition = d.pop("condition", UNSET)

        _criterion = d.pop("criterion", UNSET)
        criterion: list[SearchFilter] | Unset = UNSET
        if _criterion is not UNSET:
            criterion = []
            for criterion_item_data in _criterion:
                criterion_item = SearchFilter.from_dict(criterion_item_data)

                criterion.append(criterion_item)

        search_filter = cls(
            attribute=attribute,
            operator=operator,
            value=value,
            condition=condition,
            criterion=criterion,
        )

        search_filter.additional_properties = d
        return search_filter

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
