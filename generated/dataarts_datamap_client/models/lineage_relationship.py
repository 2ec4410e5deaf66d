from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..models.lineage_relationship_attributes_type_0 import (
        LineageRelationshipAttributesType0,
    )


T = TypeVar("T", bound="LineageRelationship")


@_attrs_define
class LineageRelationship:
    """A relationship of two assets, itself an asset of a kind.

    Attributes:
        guid (int | None | str | Unset): GUID of the relationship.
        type_name (None | str | Unset): Kind of relationship.
        type_display_name (None | str | Unset): Kind of relationship, to be shown.
        display_text (None | str | Unset): Name, to be shown.
        relation_type_name (None | str | Unset): Category of relationship; lineage is DATA_FLOW.
        direction (None | str | Unset): IN, OUT or BOTH.
        ep1_id (None | str | Unset): GUID of the asset at one end.
        ep1_type_name (None | str | Unset): Kind of the asset at that end.
        ep2_id (None | str | Unset): GUID of the asset at the other end.
        ep2_type_name (None | str | Unset): Kind of the asset at the other end.
        end1 (Any | Unset): The asset at the one end.
        end2 (Any | Unset): The asset at the other end.
        propagate_tag (None | str | Unset): NONE, ONE_TO_TWO, TWO_TO_ONE or BOTH.
        attributes (LineageRelationshipAttributesType0 | None | Unset): Attributes of the relationship.
        updated_attributes (list[str] | None | Unset): Names of the attributes that were changed.
        project_id (int | None | str | Unset): Project id.
        domain_id (int | None | str | Unset): Account id.
        instance_id (list[str] | None | str | Unset): Ids of the tenancies.
        workspace_id (list[str] | None | str | Unset): Ids of the workspaces.
        status (None | str | Unset): How it stands.
        created_by (None | str | Unset): Who made it.
        updated_by (None | str | Unset): Who changed it last.
        create_time (int | None | str | Unset): When it was made, in milliseconds since the epoch (UTC).
        update_time (int | None | str | Unset): When it was changed last, in milliseconds since the epoch (UTC).
    """

    guid: int | None | str | Unset = UNSET
    type_name: None | str | Unset = UNSET
    type_display_name: None | str | Unset = UNSET
    display_text: None | str | Unset = UNSET
    relation_type_name: None | str | Unset = UNSET
    direction: None | str | Unset = UNSET
    ep1_id: None | str | Unset = UNSET
    ep1_type_name: None | str | Unset = UNSET
    ep2_id: None | str | Unset = UNSET
    ep2_type_name: None | str | Unset = UNSET
    end1: Any | Unset = UNSET
    end2: Any | Unset = UNSET
    propagate_tag: None | str | Unset = UNSET
    attributes: LineageRelationshipAttributesType0 | None | Unset = UNSET
    updated_attributes: list[str] | None | Unset = UNSET
    project_id: int | None | str | Unset = UNSET
    domain_id: int | None | str | Unset = UNSET
    instance_id: list[str] | None | str | Unset = UNSET
    workspace_id: list[str] | None | str | Unset = UNSET
    status: None | str | Unset = UNSET
    created_by: None | str | Unset = UNSET
    updated_by: None | str | Unset = UNSET
    create_time: int | None | str | Unset = UNSET
    update_time: int | None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.lineage_relationship_attributes_type_0 import (
            LineageRelationshipAttributesType0,  # noqa: PLC0415
        )

        guid: int | None | str | Unset
        if isinstance(self.guid, Unset):
            guid = UNSET
        else:
            guid = self.guid

        type_name: None | str | Unset
        if isinstance(self.type_name, Unset):
            type_name = UNSET
        else:
            type_name = self.type_name

        type_display_name: None | str | Unset
        if isinstance(self.type_display_name, Unset):
            type_display_name = UNSET
        else:
            type_display_name = self.type_display_name

        display_text: None | str | Unset
        if isinstance(self.display_text, Unset):
            display_text = UNSET
        else:
            display_text = self.display_text

        relation_type_name: None | str | Unset
        if isinstance(self.relation_type_name, Unset):
            relation_type_name = UNSET
        else:
            relation_type_name = self.relation_type_name

        direction: None | str | Unset
        if isinstance(self.direction, Unset):
            direction = UNSET
        else:
            direction = self.direction

        ep1_id: None | str | Unset
        if isinstance(self.ep1_id, Unset):
            ep1_id = UNSET
        else:
            ep1_id = self.ep1_id

        ep1_type_name: None | str | Unset
        if isinstance(self.ep1_type_name, Unset):
            ep1_type_name = UNSET
        else:
            ep1_type_name = self.ep1_type_name

        ep2_id: None | str | Unset
        if isinstance(self.ep2_id, Unset):
            ep2_id = UNSET
        else:
            ep2_id = self.ep2_id

        ep2_type_name: None | str | Unset
        if isinstance(self.ep2_type_name, Unset):
            ep2_type_name = UNSET
        else:
            ep2_type_name = self.ep2_type_name

        end1 = self.end1

        end2 = self.end2

        propagate_tag: None | str | Unset
        if isinstance(self.propagate_tag, Unset):
            propagate_tag = UNSET
        else:
            propagate_tag = self.propagate_tag

        attributes: dict[str, Any] | None | Unset
        if isinstance(self.attributes, Unset):
            attributes = UNSET
        elif isinstance(self.attributes, LineageRelationshipAttributesType0):
            attributes = self.attributes.to_dict()
        else:
            attributes = self.attributes

        updated_attributes: list[str] | None | Unset
        if isinstance(self.updated_attributes, Unset):
            updated_attributes = UNSET
        elif isinstance(self.updated_attributes, list):
            updated_attributes = self.updated_attributes

        else:
            updated_attributes = self.updated_attributes

        project_id: int | None | str | Unset
        if isinstance(self.project_id, Unset):
            project_id = UNSET
        else:
            project_id = self.project_id

        domain_id: int | None | str | Unset
        if isinstance(self.domain_id, Unset):
            domain_id = UNSET
        else:
            domain_id = self.domain_id

        instance_id: list[str] | None | str | Unset
        if isinstance(self.instance_id, Unset):
            instance_id = UNSET
        elif isinstance(self.instance_id, list):
            instance_id = self.instance_id

        else:
            instance_id = self.instance_id

        workspace_id: list[str] | None | str | Unset
        if isinstance(self.workspace_id, Unset):
            workspace_id = UNSET
        elif isinstance(self.workspace_id, list):
            workspace_id = self.workspace_id

        else:
            workspace_id = self.workspace_id

        status: None | str | Unset
        if isinstance(self.status, Unset):
            status = UNSET
        else:
            status = self.status

        created_by: None | str | Unset
        if isinstance(self.created_by, Unset):
            created_by = UNSET
        else:
            created_by = self.created_by

        updated_by: None | str | Unset
        if isinstance(self.updated_by, Unset):
            updated_by = UNSET
        else:
            updated_by = self.updated_by

        create_time: int | None | str | Unset
        if isinstance(self.create_time, Unset):
            create_time = UNSET
        else:
            create_time = self.create_time

        update_time: int | None | str | Unset
        if isinstance(self.update_time, Unset):
            update_time = UNSET
        else:
            update_time = self.update_time

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if guid is not UNSET:
            field_dict["guid"] = guid
        if type_name is not UNSET:
            field_dict["type_name"] = type_name
        if type_display_name is not UNSET:
            field_dict["type_display_name"] = type_display_name
        if display_text is not UNSET:
            field_dict["display_text"] = display_text
        if relation_type_name is not UNSET:
            field_dict["relation_type_name"] = relation_type_name
        if direction is not UNSET:
            field_dict["direction"] = direction
        if ep1_id is not UNSET:
            field_dict["ep1_id"] = ep1_id
        if ep1_type_name is not UNSET:
            field_dict["ep1_type_name"] = ep1_type_name
        if ep2_id is not UNSET:
            field_dict["ep2_id"] = ep2_id
        if ep2_type_name is not UNSET:
            field_dict["ep2_type_name"] = ep2_type_name
        if end1 is not UNSET:
            field_dict["end1"] = end1
        if end2 is not UNSET:
            field_dict["end2"] = end2
        if propagate_tag is not UNSET:
            field_dict["propagate_tag"] = propagate_tag
        if attributes is not UNSET:
            field_dict["attributes"] = attributes
        if updated_attributes is not UNSET:
            field_dict["updated_attributes"] = updated_attributes
        if project_id is not UNSET:
            field_dict["project_id"] = project_id
        if domain_id is not UNSET:
            field_dict["domain_id"] = domain_id
        if instance_id is not UNSET:
            field_dict["instance_id"] = instance_id
        if workspace_id is not UNSET:
            field_dict["workspace_id"] = workspace_id
        if status is not UNSET:
            field_dict["status"] = status
        if created_by is not UNSET:
            field_dict["created_by"] = created_by
        if updated_by is not UNSET:
            field_dict["updated_by"] = updated_by
        if create_time is not UNSET:
            field_dict["create_time"] = create_time
        if update_time is not UNSET:
            field_dict["update_time"] = update_time

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.lineage_relationship_attributes_type_0 import (
            LineageRelationshipAttributesType0,  # noqa: PLC0415
        )

        d = dict(src_dict)

        def _parse_guid(data: object) -> int | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | str | Unset, data)

        guid = _parse_guid(d.pop("guid", UNSET))

        def _parse_type_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        type_name = _parse_type_name(d.pop("type_name", UNSET))

        def _parse_type_display_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        type_display_name = _parse_type_display_name(d.pop("type_display_name", UNSET))

        def _parse_display_text(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        display_text = _parse_display_text(d.pop("display_text", UNSET))

        def _parse_relation_type_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        relation_type_name = _parse_relation_type_name(d.pop("relation_type_name", UNSET))

        def _parse_direction(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        direction = _parse_direction(d.pop("direction", UNSET))

        def _parse_ep1_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        ep1_id = _parse_ep1_id(d.pop("ep1_id", UNSET))

        def _parse_ep1_type_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        ep1_type_name = _parse_ep1_type_name(d.pop("ep1_type_name", UNSET))

        def _parse_ep2_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        ep2_id = _parse_ep2_id(d.pop("ep2_id", UNSET))

        def _parse_ep2_type_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        ep2_type_name = _parse_ep2_type_name(d.pop("ep2_type_name", UNSET))

        end1 = d.pop("end1", UNSET)

        end2 = d.pop("end2", UNSET)

        def _parse_propagate_tag(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        propagate_tag = _parse_propagate_tag(d.pop("propagate_tag", UNSET))

        def _parse_attributes(data: object) -> LineageRelationshipAttributesType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                attributes_type_0 = LineageRelationshipAttributesType0.from_dict(data)

                return attributes_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(LineageRelationshipAttributesType0 | None | Unset, data)

        attributes = _parse_attributes(d.pop("attributes", UNSET))

        def _parse_updated_attributes(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                updated_attributes_type_0 = cast(list[str], data)

                return updated_attributes_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        updated_attributes = _parse_updated_attributes(d.pop("updated_attributes", UNSET))

        def _parse_project_id(data: object) -> int | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | str | Unset, data)

        project_id = _parse_project_id(d.pop("project_id", UNSET))

        def _parse_domain_id(data: object) -> int | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | str | Unset, data)

        domain_id = _parse_domain_id(d.pop("domain_id", UNSET))

        def _parse_instance_id(data: object) -> list[str] | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                instance_id_type_0 = cast(list[str], data)

                return instance_id_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | str | Unset, data)

        instance_id = _parse_instance_id(d.pop("instance_id", UNSET))

        def _parse_workspace_id(data: object) -> list[str] | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                workspace_id_type_0 = cast(list[str], data)

                return workspace_id_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | str | Unset, data)

        workspace_id = _parse_workspace_id(d.pop("workspace_id", UNSET))

        def _parse_status(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        status = _parse_status(d.pop("status", UNSET))

        def _parse_created_by(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        created_by = _parse_created_by(d.pop("created_by", UNSET))

        def _parse_updated_by(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        updated_by = _parse_updated_by(d.pop("updated_by", UNSET))

        def _parse_create_time(data: object) -> int | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | str | Unset, data)

        create_time = _parse_create_time(d.pop("create_time", UNSET))

        def _parse_update_time(data: object) -> int | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | str | Unset, data)

        update_time = _parse_update_time(d.pop("update_time", UNSET))

        lineage_relationship = cls(
            guid=guid,
            type_name=type_name,
            type_display_name=type_display_name,
            display_text=display_text,
            relation_type_name=relation_type_name,
            direction=direction,
            ep1_id=ep1_id,
            ep1_type_name=ep1_type_name,
            ep2_id=ep2_id,
            ep2_type_name=ep2_type_name,
            end1=end1,
            end2=end2,
            propagate_tag=propagate_tag,
            attributes=attributes,
            updated_attributes=updated_attributes,
            project_id=project_id,
            domain_id=domain_id,
            instance_id=instance_id,
            workspace_id=workspace_id,
            status=status,
            created_by=created_by,
            updated_by=updated_by,
            create_time=create_time,
            update_time=update_time,
        )

        lineage_relationship.additional_properties = d
        return lineage_relationship

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
