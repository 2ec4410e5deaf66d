from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T", bound="RunningData")


@_attrs_define
class RunningData:
    """Details of an operator's run. The members listed are those of an ETLJob on DLI.

    Attributes:
        type_ (None | str | Unset): Engine that ran the operator.
        job_id (None | str | Unset): Id of the engine's own job, not the row's `jobId`.
        obs_data_path (None | str | Unset): Folder in object storage that holds the data in between.
        dli_current_step (None | str | Unset): Ordinal of the step under way, as text.
        first_time_etl_sql_list (None | str | Unset): SQL that the operator runs. It can hold what the reader of a
            report must not see.
    """

    type_: None | str | Unset = UNSET
    job_id: None | str | Unset = UNSET
    obs_data_path: None | str | Unset = UNSET
    dli_current_step: None | str | Unset = UNSET
    first_time_etl_sql_list: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        type_: None | str | Unset
        if isinstance(self.type_, Unset):
            type_ = UNSET
        else:
            type_ = self.type_

        job_id: None | str | Unset
        if isinstance(self.job_id, Unset):
            job_id = UNSET
        else:
            job_id = self.job_id

        obs_data_path: None | str | Unset
        if isinstance(self.obs_data_path, Unset):
            obs_data_path = UNSET
        else:
            obs_data_path = self.obs_data_path

        dli_current_step: None | str | Unset
        if isinstance(self.dli_current_step, Unset):
            dli_current_step = UNSET
        else:
            dli_current_step = self.dli_current_step

        first_time_etl_sql_list: None | str | Unset
        if isinstance(self.first_time_etl_sql_list, Unset):
            first_time_etl_sql_list = UNSET
        else:
            first_time_etl_sql_list = self.first_time_etl_sql_list

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if type_ is not UNSET:
            field_dict["type"] = type_
        if job_id is not UNSET:
            field_dict["jobId"] = job_id
        if obs_data_path is not UNSET:
            field_dict["obsDataPath"] = obs_data_path
        if dli_current_step is not UNSET:
            field_dict["dliCurrentStep"] = dli_current_step
        if first_time_etl_sql_list is not UNSET:
            field_dict["firstTimeEtlSqlList"] = first_time_etl_sql_list

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_type_(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        type_ = _parse_type_(d.pop("type", UNSET))

        def _parse_job_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        job_id = _parse_job_id(d.pop("jobId", UNSET))

        def _parse_obs_data_path(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        obs_data_path = _parse_obs_data_path(d.pop("obsDataPath", UNSET))

        def _parse_dli_current_step(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        dli_current_step = _parse_dli_current_step(d.pop("dliCurrentStep", UNSET))

        def _parse_first_time_etl_sql_list(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        first_time_etl_sql_list = _parse_first_time_etl_sql_list(d.pop("firstTimeEtlSqlList", UNSET))

        running_data = cls(
            type_=type_,
            job_id=job_id,
            obs_data_path=obs_data_path,
            dli_current_step=dli_current_step,
            first_time_etl_sql_list=first_time_etl_sql_list,
        )

        running_data.additional_properties = d
        return running_data

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
