from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..models.entity_attributes_type_0 import EntityAttributesType0
    from ..models.entity_business_attributes_type_0 import EntityBusinessAttributesType0
    from ..models.entity_extended_attributes_type_0 import EntityExtendedAttributesType0
    from ..models.entity_multi_attributes_type_0 import EntityMultiAttributesType0
    from ..models.entity_privilege_info_type_0 import EntityPrivilegeInfoType0
    from ..models.entity_relationship_attributes_type_0 import (
        EntityRelationshipAttributesType0,
    )


T = TypeVar("T", bound="Entity")


@_attrs_define
class Entity:
    """An asset: a table, a column, a job. No field is required, and fields that are not listed can come.

    Attributes:
        guid (int | None | str | Unset): GUID; the number -1 stands for an asset that has none yet.
        type_name (None | str | Unset): Kind of asset, such as dataasset.Source. That of a table is not documented.
        type_display_name (None | str | Unset): Kind of asset, to be shown.
        display_text (None | str | Unset): Name, to be shown.
        super_type_names (list[str] | None | Unset): Kinds that this kind is derived from.
        attributes (EntityAttributesType0 | None | Unset): name, qualifiedName, sourceType, owner, description and
            others, by kind.
        relationship_attributes (EntityRelationshipAttributesType0 | None | Unset): Related assets, by the kind of
            relationship.
        business_attributes (EntityBusinessAttributesType0 | None | Unset): Names that business knows it by.
        multi_attributes (EntityMultiAttributesType0 | None | Unset): Tags and security levels.
        extended_attributes (EntityExtendedAttributesType0 | None | Unset): Attributes of one's own.
        updated_attributes (list[str] | None | Unset): Names of the attributes that were changed.
        privilege_info (EntityPrivilegeInfoType0 | None | Unset): What the caller may do with it.
        project_id (int | None | str | Unset): Project id.
        domain_id (int | None | str | Unset): Account id.
        instance_id (list[str] | None | str | Unset): Ids of the tenancies that it belongs to.
        workspace_id (list[str] | None | str | Unset): Ids of the workspaces that it belongs to.
        status (None | str | Unset): How it stands: ACTIVE; DELETED is known of a sibling.
        created_by (None | str | Unset): Who made it.
        updated_by (None | str | Unset): Who changed it last.
        create_time (int | None | str | Unset): When it was made, in milliseconds since the epoch (UTC).
        update_time (int | None | str | Unset): When it was changed last, in milliseconds since the epoch (UTC).
        version (int | None | str | Unset): Its version.
    """

    guid: int | None | str | Unset = UNSET
    type_name: None | str | Unset = UNSET
    type_display_name: None | str | Unset = UNSET
    display_text: None | str | Unset = UNSET
    super_type_names: list[str] | None | Unset = UNSET
    attributes: EntityAttributesType0 | None | Unset = UNSET
    relationship_attributes: EntityRelationshipAttributesType0 | None | Unset = UNSET
    business_attributes: EntityBusinessAttributesType0 | None | Unset = UNSET
    multi_attributes: EntityMultiAttributesType0 | None | Unset = UNSET
    extended_attributes: EntityExtendedAttributesType0 | None | Unset = UNSET
    updated_attributes: list[str] | None | Unset = UNSET
    privilege_info: EntityPrivilegeInfoType0 | None | Unset = UNSET
    project_id: int | None | str | Unset = UNSET
    domain_id: int | None | str | Unset = UNSET
    instance_id: list[str] | None | str | Unset = UNSET
    workspace_id: list[str] | None | str | Unset = UNSET
    status: None | str | Unset = UNSET
    created_by: None | str | Unset = UNSET
    updated_by: None | str | Unset = UNSET
    create_time: int | None | str | Unset = UNSET
    update_time: int | None | str | Unset = UNSET
    version: int | None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.entity_attributes_type_0 import EntityAttributesType0  # noqa: PLC0415
        from ..models.entity_business_attributes_type_0 import (
            EntityBusinessAttributesType0,  # noqa: PLC0415
        )
        from ..models.entity_extended_attributes_type_0 import (
            EntityExtendedAttributesType0,  # noqa: PLC0415
        )
        from ..models.entity_multi_attributes_type_0 import EntityMultiAttributesType0  # noqa: PLC0415
        from ..models.entity_privilege_info_type_0 import EntityPrivilegeInfoType0  # noqa: PLC0415
        from ..models.entity_relationship_attributes_type_0 import (
            EntityRelationshipAttributesType0,  # noqa: PLC0415
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

        super_type_names: list[str] | None | Unset
        if isinstance(self.super_type_names, Unset):
            super_type_names = UNSET
        elif isinstance(self.super_type_names, list):
            super_type_names = self.super_type_names

        else:
            super_type_names = self.super_type_names

        attributes: dict[str, Any] | None | Unset
        if isinstance(self.attributes, Unset):
            attributes = UNSET
        elif isinstance(self.attributes, EntityAttributesType0):
            attributes = self.attributes.to_dict()
        else:
            attributes = self.attributes

        relationship_attributes: dict[str, Any] | None | Unset
        if isinstance(self.relationship_attributes, Unset):
            relationship_attributes = UNSET
        elif isinstance(self.relationship_attributes, EntityRelationshipAttributesType0):
            relationship_attributes = self.relationship_attributes.to_dict()
        else:
            relationship_attributes = self.relationship_attributes

        business_attributes: dict[str, Any] | None | Unset
        if isinstance(self.business_attributes, Unset):
            business_attributes = UNSET
        elif isinstance(self.business_attributes, EntityBusinessAttributesType0):
            business_attributes = self.business_attributes.to_dict()
        else:
            business_attributes = self.business_attributes

        multi_attributes: dict[str, Any] | None | Unset
        if isinstance(self.multi_attributes, Unset):
            multi_attributes = UNSET
        elif isinstance(self.multi_attributes, EntityMultiAttributesType0):
            multi_attributes = self.multi_attributes.to_dict()
        else:
            multi_attributes = self.multi_attributes

        extended_attributes: dict[str, Any] | None | Unset
        if isinstance(self.extended_attributes, Unset):
            extended_attributes = UNSET
        elif isinstance(self.extended_attributes, EntityExtendedAttributesType0):
            extended_attributes = self.extended_attributes.to_dict()
        else:
            extended_attributes = self.extended_attributes

        updated_attributes: list[str] | None | Unset
        if isinstance(self.updated_attributes, Unset):
            updated_attributes = UNSET
        elif isinstance(self.updated_attributes, list):
            updated_attributes = self.updated_attributes

        else:
            updated_attributes = self.updated_attributes

        privilege_info: dict[str, Any] | None | Unset
        if isinstance(self.privilege_info, Unset):
            privilege_info = UNSET
        elif isinstance(self.privilege_info, EntityPrivilegeInfoType0):
            privilege_info = self.privilege_info.to_dict()
        else:
            privilege_info = self.privilege_info

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

        version: int | None | str | Unset
        if isinstance(self.version, Unset):
            version = UNSET
        else:
            version = self.version

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
        if super_type_names is not UNSET:
            field_dict["super_type_names"] = super_type_names
        if attributes is not UNSET:
            field_dict["attributes"] = attributes
        if relationship_attributes is not UNSET:
            field_dict["relationship_attributes"] = relationship_attributes
        if business_attributes is not UNSET:
            field_dict["business_attributes"] = business_attributes
        if multi_attributes is not UNSET:
            field_dict["multi_attributes"] = multi_attributes
        if extended_attributes is not UNSET:
            field_dict["extended_attributes"] = extended_attributes
        if updated_attributes is not UNSET:
            field_dict["updated_attributes"] = updated_attributes
        if privilege_info is not UNSET:
            field_dict["privilege_info"] = privilege_info
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
        if version is not UNSET:
            field_dict["version"] = version

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.entity_attributes_type_0 import EntityAttributesType0  # noqa: PLC0415
        from ..models.entity_business_attributes_type_0 import (
            EntityBusinessAttributesType0,  # noqa: PLC0415
        )
        from ..models.entity_extended_attributes_type_0 import (
            EntityExtendedAttributesType0,  # noqa: PLC0415
        )
        from ..models.entity_multi_attributes_type_0 import EntityMultiAttributesType0  # noqa: PLC0415
        from ..models.entity_privilege_info_type_0 import EntityPrivilegeInfoType0  # noqa: PLC0415
        from ..models.entity_relationship_attributes_type_0 import (
            EntityRelationshipAttributesType0,  # noqa: PLC0415
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

        def _parse_super_type_names(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                super_type_names_type_0 = cast(list[str], data)

                return super_type_names_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        super_type_names = _parse_super_type_names(d.pop("super_type_names", UNSET))

        def _parse_attributes(data: object) -> EntityAttributesType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                attributes_type_0 = EntityAttributesType0.from_dict(data)

                return attributes_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EntityAttributesType0 | None | Unset, data)

        attributes = _parse_attributes(d.pop("attributes", UNSET))

        def _parse_relationship_attributes(data: object) -> EntityRelationshipAttributesType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                relationship_attributes_type_0 = EntityRelationshipAttributesType0.from_dict(data)

                return relationship_attributes_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EntityRelationshipAttributesType0 | None | Unset, data)

        relationship_attributes = _parse_relationship_attributes(d.pop("relationship_attributes", UNSET))

        def _parse_business_attributes(data: object) -> EntityBusinessAttributesType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                business_attributes_type_0 = EntityBusinessAttributesType0.from_dict(data)

                return business_attributes_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EntityBusinessAttributesType0 | None | Unset, data)

        business_attributes = _parse_business_attributes(d.pop("business_attributes", UNSET))

        def _parse_multi_attributes(data: object) -> EntityMultiAttributesType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                multi_attributes_type_0 = EntityMultiAttributesType0.from_dict(data)

                return multi_attributes_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EntityMultiAttributesType0 | None | Unset, data)

        multi_attributes = _parse_multi_attributes(d.pop("multi_attributes", UNSET))

        def _parse_extended_attributes(data: object) -> EntityExtendedAttributesType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                extended_attributes_type_0 = EntityExtendedAttributesType0.from_dict(data)

                return extended_attributes_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EntityExtendedAttributesType0 | None | Unset, data)

        extended_attributes = _parse_extended_attributes(d.pop("extended_attributes", UNSET))

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

        def _parse_privilege_info(data: object) -> EntityPrivilegeInfoType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                privilege_info_type_0 = EntityPrivilegeInfoType0.from_dict(data)

                return privilege_info_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EntityPrivilegeInfoType0 | None | Unset, data)

        privilege_info = _parse_privilege_info(d.pop("privilege_info", UNSET))

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

        def _parse_version(data: object) -> int | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | str | Unset, data)

        version = _parse_version(d.pop("version", UNSET))

        entity = cls(
            guid=guid,
            type_name=type_name,
            type_display_name=type_display_name,
            display_text=display_text,
            super_type_names=super_type_names,
            attributes=attributes,
            relationship_attributes=relationship_attributes,
            business_attributes=business_attributes,
            multi_attributes=multi_attributes,
            extended_attributes=extended_attributes,
            updated_attributes=updated_attributes,
            privilege_info=privilege_info,
            project_id=project_id,
            domain_id=domain_id,
            instance_id=instance_id,
            workspace_id=workspace_id,
            status=status,
            created_by=created_by,
            updated_by=updated_by,
            create_time=create_time,
            update_time=update_time,
            version=version,
        )

        entity.additional_properties = d
        return entity

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
