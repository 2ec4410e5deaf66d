from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..models.search_filter import SearchFilter
    from ..models.search_sort import SearchSort


T = TypeVar("T", bound="SearchRequest")


@_attrs_define
class SearchRequest:
    """What to look for.

    Attributes:
        limit (int): Assets on a page, by default 100.
        offset (int): Where the page starts. Whether it counts assets or pages is not documented.
        query (str | Unset): Keyword. What it is compared with is not documented; for a sibling, name and description.
        filter_ (SearchFilter | Unset): Which assets count: a comparison, or several of them joined. Nothing forbids
            both.
        facets (list[str] | Unset): Attributes to count the hits by.
        relationship_attributes (list[str] | Unset): Relationship attributes to return.
        sort (list[SearchSort] | Unset): What the hits are sorted by.
        owner (str | Unset): Owner of the assets.
        query_privilege (bool | Unset): Whether the caller's permissions are checked. Default: False.
    """

    limit: int
    offset: int
    query: str | Unset = UNSET
    filter_: SearchFilter | Unset = UNSET
    facets: list[str] | Unset = UNSET
    relationship_attributes: list[str] | Unset = UNSET
    sort: list[SearchSort] | Unset = UNSET
    owner: str | Unset = UNSET
    query_privilege: bool | Unset = False
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        limit = self.limit

        offset = self.offset

        query = self.query

        filter_: dict[str, Any] | Unset = UNSET
        if not isinstance(self.filter_, Unset):
            filter_ = self.filter_.to_dict()

        facets: list[str] | Unset = UNSET
        if not isinstance(self.facets, Unset):
            facets = self.facets

        relationship_attributes: list[str] | Unset = UNSET
        if not isinstance(self.relationship_attributes, Unset):
            relationship_attributes = self.relationship_attributes

        sort: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.sort, Unset):
            sort = []
            for sort_item_data in self.sort:
                sort_item = sort_item_data.to_dict()
                sort.append(sort_item)

        owner = self.owner

        query_privilege = self.query_privilege

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "limit": limit,
                "offset": offset,
            }
        )
        if query is not UNSET:
            field_dict["query"] = query
        if filter_ is not UNSET:
            field_dict["filter"] = filter_
        if facets is not UNSET:
            field_dict["facets"] = facets
        if relationship_attributes is not UNSET:
            field_dict["relationship_attributes"] = relationship_attributes
        if sort is not UNSET:
            field_dict["sort"] = sort
        if owner is not UNSET:
            field_dict["owner"] = owner
        if query_privilege is not UNSET:
            field_dict["query_privilege"] = query_privilege

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.search_filter import SearchFilter  # noqa: PLC0415
        from ..models.search_sort import SearchSort  # noqa: PLC0415

        d = dict(src_dict)
        limit = d.pop("limit")

        offset = d.pop("offset")

        query = d.pop("query", UNSET)

        _filter_ = d.pop("filter", UNSET)
        filter_: SearchFilter | Unset
        if isinstance(_filter_, Unset):
            filter_ = UNSET
        else:
            filter_ = SearchFilter.from_dict(_filter_)

        facets = cast(list[str], d.pop("facets", UNSET))

        relationship_attributes = cast(list[str], d.pop("relationship_attributes", UNSET))

        _sort = d.pop("sort", UNSET)
        sort: list[SearchSort] | Unset = UNSET
        if _sort is not UNSET:
            sort = []
            for sort_item_data in _sort:
                sort_item = SearchSort.from_dict(sort_item_data)

                sort.append(sort_item)

        owner = d.pop("owner", UNSET)

        query_privilege = d.pop("query_privilege", UNSET)

        search_request = cls(
            limit=limit,
            offset=offset,
            query=query,
            filter_=filter_,
            facets=facets,
            relationship_attributes=relationship_attributes,
            sort=sort,
            owner=owner,
            query_privilege=query_privilege,
        )

        search_request.additional_properties = d
        return search_request

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
