from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T", bound="TableLineage")


@_attrs_define
class TableLineage:
    """A job operator, a table that it reads and a table that it writes.

    Attributes:
        source_guid (None | str | Unset): GUID of the upstream table.
        source_qualified_name (None | str | Unset): Qualified name of the upstream table.
        source_type (None | str | Unset): Kind of source of the upstream table, such as dws.
        source_db (None | str | Unset): Database of the upstream table.
        source_schema (None | str | Unset): Schema of the upstream table.
        source_table (None | str | Unset): Name of the upstream table.
        target_guid (None | str | Unset): GUID of the downstream table.
        target_qualified_name (None | str | Unset): Qualified name of the downstream table.
        target_type (None | str | Unset): Kind of source of the downstream table, such as dws.
        target_db (None | str | Unset): Database of the downstream table.
        target_schema (None | str | Unset): Schema of the downstream table.
        target_table (None | str | Unset): Name of the downstream table.
        node_guid (None | str | Unset): GUID of the operator.
        node_name (None | str | Unset): Name of the operator.
        node_type (None | str | Unset): Kind of operator, an open set of names.
        node_qualified_name (None | str | Unset): Qualified name of the operator.
        workspace_id (None | str | Unset): Workspace of the operator.
    """

    source_guid: None | str | Unset = UNSET
    source_qualified_name: None | str | Unset = UNSET
    source_type: None | str | Unset = UNSET
    source_db: None | str | Unset = UNSET
    source_schema: None | str | Unset = UNSET
    source_table: None | str | Unset = UNSET
    target_guid: None | str | Unset = UNSET
    target_qualified_name: None | str | Unset = UNSET
    target_type: None | str | Unset = UNSET
    target_db: None | str | Unset = UNSET
    target_schema: None | str | Unset = UNSET
    target_table: None | str | Unset = UNSET
    node_guid: None | str | Unset = UNSET
    node_name: None | str | Unset = UNSET
    node_type: None | str | Unset = UNSET
    node_qualified_name: None | str | Unset = UNSET
    workspace_id: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        source_guid: None | str | Unset
        if isinstance(self.source_guid, Unset):
            source_guid = UNSET
        else:
            source_guid = self.source_guid

        source_qualified_name: None | str | Unset
        if isinstance(self.source_qualified_name, Unset):
            source_qualified_name = UNSET
        else:
            source_qualified_name = self.source_qualified_name

        source_type: None | str | Unset
        if isinstance(self.source_type, Unset):
            source_type = UNSET
        else:
            source_type = self.source_type

        source_db: None | str | Unset
        if isinstance(self.source_db, Unset):
            source_db = UNSET
        else:
            source_db = self.source_db

        source_schema: None | str | Unset
        if isinstance(self.source_schema, Unset):
            source_schema = UNSET
        else:
            source_schema = self.source_schema

        source_table: None | str | Unset
        if isinstance(self.source_table, Unset):
            source_table = UNSET
        else:
            source_table = self.source_table

        target_guid: None | str | Unset
        if isinstance(self.target_guid, Unset):
            target_guid = UNSET
        else:
            target_guid = self.target_guid

        target_qualified_name: None | str | Unset
        if isinstance(self.target_qualified_name, Unset):
            target_qualified_name = UNSET
        else:
            target_qualified_name = self.target_qualified_name

        target_type: None | str | Unset
        if isinstance(self.target_type, Unset):
            target_type = UNSET
        else:
            target_type = self.target_type

        target_db: None | str | Unset
        if isinstance(self.target_db, Unset):
            target_db = UNSET
        else:
            target_db = self.target_db

        target_schema: None | str | Unset
        if isinstance(self.target_schema, Unset):
            target_schema = UNSET
        else:
            target_schema = self.target_schema

        target_table: None | str | Unset
        if isinstance(self.target_table, Unset):
            target_table = UNSET
        else:
            target_table = self.target_table

        node_guid: None | str | Unset
        if isinstance(self.node_guid, Unset):
            node_guid = UNSET
        else:
            node_guid = self.node_guid

        node_name: None | str | Unset
        if isinstance(self.node_name, Unset):
            node_name = UNSET
        else:
            node_name = self.node_name

        node_type: None | str | Unset
        if isinstance(self.node_type, Unset):
            node_type = UNSET
        else:
            node_type = self.node_type

        node_qualified_name: None | str | Unset
        if isinstance(self.node_qualified_name, Unset):
            node_qualified_name = UNSET
        else:
            node_qualified_name = self.node_qualified_name

        workspace_id: None | str | Unset
        if isinstance(self.workspace_id, Unset):
            workspace_id = UNSET
        else:
            workspace_id = self.workspace_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if source_guid is not UNSET:
            field_dict["source_guid"] = source_guid
        if source_qualified_name is not UNSET:
            field_dict["source_qualified_name"] = source_qualified_name
        if source_type is not UNSET:
            field_dict["source_type"] = source_type
        if source_db is not UNSET:
            field_dict["source_db"] = source_db
        if source_schema is not UNSET:
            field_dict["source_schema"] = source_schema
        if source_table is not UNSET:
            field_dict["source_table"] = source_table
        if target_guid is not UNSET:
            field_dict["target_guid"] = target_guid
        if target_qualified_name is not UNSET:
            field_dict["target_qualified_name"] = target_qualified_name
        if target_type is not UNSET:
            field_dict["target_type"] = target_type
        if target_db is not UNSET:
            field_dict["target_db"] = target_db
        if target_schema is not UNSET:
            field_dict["target_schema"] = target_schema
        if target_table is not UNSET:
            field_dict["target_table"] = target_table
        if node_guid is not UNSET:
            field_dict["node_guid"] = node_guid
        if node_name is not UNSET:
            field_dict["node_name"] = node_name
        if node_type is not UNSET:
            field_dict["node_type"] = node_type
        if node_qualified_name is not UNSET:
            field_dict["node_qualified_name"] = node_qualified_name
        if workspace_id is not UNSET:
            field_dict["workspace_id"] = workspace_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_source_guid(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        source_guid = _parse_source_guid(d.pop("source_guid", UNSET))

        def _parse_source_qualified_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        source_qualified_name = _parse_source_qualified_name(d.pop("source_qualified_name", UNSET))

        def _parse_source_type(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        source_type = _parse_source_type(d.pop("source_type", UNSET))

        def _parse_source_db(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        source_db = _parse_source_db(d.pop("source_db", UNSET))

        def _parse_source_schema(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        source_schema = _parse_source_schema(d.pop("source_schema", UNSET))

        def _parse_source_table(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        source_table = _parse_source_table(d.pop("source_table", UNSET))

        def _parse_target_guid(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        target_guid = _parse_target_guid(d.pop("target_guid", UNSET))

        def _parse_target_qualified_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        target_qualified_name = _parse_target_qualified_name(d.pop("target_qualified_name", UNSET))

        def _parse_target_type(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        target_type = _parse_target_type(d.pop("target_type", UNSET))

        def _parse_target_db(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        target_db = _parse_target_db(d.pop("target_db", UNSET))

        def _parse_target_schema(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        target_schema = _parse_target_schema(d.pop("target_schema", UNSET))

        def _parse_target_table(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        target_table = _parse_target_table(d.pop("target_table", UNSET))

        def _parse_node_guid(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        node_guid = _parse_node_guid(d.pop("node_guid", UNSET))

        def _parse_node_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        node_name = _parse_node_name(d.pop("node_name", UNSET))

        def _parse_node_type(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        node_type = _parse_node_type(d.pop("node_type", UNSET))

        def _parse_node_qualified_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        node_qualified_name = _parse_node_qualified_name(d.pop("node_qualified_name", UNSET))

        def _parse_workspace_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        workspace_id = _parse_workspace_id(d.pop("workspace_id", UNSET))

        table_lineage = cls(
            source_guid=source_guid,
            source_qualified_name=source_qualified_name,
            source_type=source_type,
            source_db=source_db,
            source_schema=source_schema,
            source_table=source_table,
            target_guid=target_guid,
            target_qualified_name=target_qualified_name,
            target_type=target_type,
            target_db=target_db,
            target_schema=target_schema,
            target_table=target_table,
            node_guid=node_guid,
            node_name=node_name,
            node_type=node_type,
            node_qualified_name=node_qualified_name,
            workspace_id=workspace_id,
        )

        table_lineage.additional_properties = d
        return table_lineage

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
