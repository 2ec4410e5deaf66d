from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..models.envelope_header_map import EnvelopeHeaderMap


T = TypeVar("T", bound="Envelope")


@_attrs_define
class Envelope:
    """The answer of the scheduler behind the catalog, wrapped.

    Attributes:
        status_code (int): Response code of the wrapped answer, beside the HTTP status of this one.
        body (str): The wrapped answer, a JSON document as text.
        header_map (EnvelopeHeaderMap | Unset): Header fields of the wrapped answer, its own X-Request-Id among them.
    """

    status_code: int
    body: str
    header_map: EnvelopeHeaderMap | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        status_code = self.status_code

        body = self.body

        header_map: dict[str, Any] | Unset = UNSET
        if not isinstance(self.header_map, Unset):
            header_map = self.header_map.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "status_code": status_code,
                "body": body,
            }
        )
        if header_map is not UNSET:
            field_dict["header_map"] = header_map

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.envelope_header_map import EnvelopeHeaderMap  # noqa: PLC0415

        d = dict(src_dict)
        status_code = d.pop("status_code")

        body = d.pop("body")

        _header_map = d.pop("header_map", UNSET)
        header_map: EnvelopeHeaderMap | Unset
        if isinstance(_header_map, Unset):
            header_map = UNSET
        else:
            header_map = EnvelopeHeaderMap.from_dict(_header_map)

        envelope = cls(
            status_code=status_code,
            body=body,
            header_map=header_map,
        )

        envelope.additional_properties = d
        return envelope

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
