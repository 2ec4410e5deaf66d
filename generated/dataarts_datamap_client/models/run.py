from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T", bound="Run")


@_attrs_define
class Run:
    """One run of an operator. No field is documented, so any of them can be absent or null, and fields that are not
    listed can come.

        Attributes:
            task_running_log_id (int | None | Unset): Id of this run.
            task_id (int | None | str | Unset): Job operator id; equals the path's `task_id`.
            task_name (None | str | Unset): Name of the scheduled job.
            job_id (int | None | Unset): Ordinal of the operator in its job.
            job_name (None | str | Unset): Name of the operator; equals the query's `job_name`.
            type_ (None | str | Unset): Kind of operator, an open set of names.
            status (None | str | Unset): How the run stands, an open set of names. Known of siblings: waiting, waiting-
                confirm, running, success,
                forceSuccess, ignoreSuccess, fail, running-exception, pause, manual-stop, skip, skip-by-depend, freeze.
            plan_time (int | None | Unset): When the run was planned to start, in milliseconds since the epoch (UTC); 0 for
                none.
            submit_time (int | None | Unset): When the run was queued, in milliseconds since the epoch (UTC); 0 for none.
            start_time (int | None | Unset): When the run started, in milliseconds since the epoch (UTC); 0 for none.
            end_time (int | None | Unset): When the run ended, in milliseconds since the epoch (UTC); 0 while it has not.
            running_time (int | None | Unset): How long the run took, by the siblings in milliseconds; not counted up while
                it runs.
            retry_times (int | None | Unset): How often the run was tried again; -1 if not known.
            fail_count (int | None | Unset): How much failed; -1 if not known.
            input_row_count (int | None | Unset): Rows read; -1 if not known.
            output_row_count (int | None | Unset): Rows written; -1 if not known.
            speed (float | None | Unset): Rows written per second.
            force_success (bool | int | None | Unset): Whether an operator forced the run to count as success, 0 or 1.
            owner (None | str | Unset): Owner of the job.
            execution_log_path (None | str | Unset): Where the run's log lies in object storage.
            workspace_id (None | str | Unset): Workspace id.
            workspace_name (None | str | Unset): Workspace name.
            running_data (None | str | Unset): What the operator did, a JSON document as text whose members depend on the
                kind of operator.
            running_param (None | str | Unset): What the operator was started with, a JSON document as text.
    """

    task_running_log_id: int | None | Unset = UNSET
    task_id: int | None | str | Unset = UNSET
    task_name: None | str | Unset = UNSET
    job_id: int | None | Unset = UNSET
    job_name: None | str | Unset = UNSET
    type_: None | str | Unset = UNSET
    status: None | str | Unset = UNSET
    plan_time: int | None | Unset = UNSET
    submit_time: int | None | Unset = UNSET
    start_time: int | None | Unset = UNSET
    end_time: int | None | Unset = UNSET
    running_time: int | None | Unset = UNSET
    retry_times: int | None | Unset = UNSET
    fail_count: int | None | Unset = UNSET
    input_row_count: int | None | Unset = UNSET
    output_row_count: int | None | Unset = UNSET
    speed: float | None | Unset = UNSET
    force_success: bool | int | None | Unset = UNSET
    owner: None | str | Unset = UNSET
    execution_log_path: None | str | Unset = UNSET
    workspace_id: None | str | Unset = UNSET
    workspace_name: None | str | Unset = UNSET
    running_data: None | str | Unset = UNSET
    running_param: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        task_running_log_id: int | None | Unset
        if isinstance(self.task_running_log_id, Unset):
            task_running_log_id = UNSET
        else:
            task_running_log_id = self.task_running_log_id

        task_id: int | None | str | Unset
        if isinstance(self.task_id, Unset):
            task_id = UNSET
        else:
            task_id = self.task_id

        task_name: None | str | Unset
        if isinstance(self.task_name, Unset):
            task_name = UNSET
        else:
            task_name = self.task_name

        job_id: int | None | Unset
        if isinstance(self.job_id, Unset):
            job_id = UNSET
        else:
            job_id = self.job_id

        job_name: None | str | Unset
        if isinstance(self.job_name, Unset):
            job_name = UNSET
        else:
            job_name = self.job_name

        type_: None | str | Unset
        if isinstance(self.type_, Unset):
            type_ = UNSET
        else:
            type_ = self.type_

        status: None | str | Unset
        if isinstance(self.status, Unset):
            status = UNSET
        else:
            status = self.status

        plan_time: int | None | Unset
        if isinstance(self.plan_time, Unset):
            plan_time = UNSET
        else:
            plan_time = self.plan_time

        submit_time: int | None | Unset
        if isinstance(self.submit_time, Unset):
            submit_time = UNSET
        else:
            submit_time = self.submit_time

        start_time: int | None | Unset
        if isinstance(self.start_time, Unset):
            start_time = UNSET
        else:
            start_time = self.start_time

        end_time: int | None | Unset
        if isinstance(self.end_time, Unset):
            end_time = UNSET
        else:
            end_time = self.end_time

        running_time: int | None | Unset
        if isinstance(self.running_time, Unset):
            running_time = UNSET
        else:
            running_time = self.running_time

        retry_times: int | None | Unset
        if isinstance(self.retry_times, Unset):
            retry_times = UNSET
        else:
            retry_times = self.retry_times

        fail_count: int | None | Unset
        if isinstance(self.fail_count, Unset):
            fail_count = UNSET
        else:
            fail_count = self.fail_count

        input_row_count: int | None | Unset
        if isinstance(self.input_row_count, Unset):
            input_row_count = UNSET
        else:
            input_row_count = self.input_row_count

        output_row_count: int | None | Unset
        if isinstance(self.output_row_count, Unset):
            output_row_count = UNSET
        else:
            output_row_count = self.output_row_count

        speed: float | None | Unset
        if isinstance(self.speed, Unset):
            speed = UNSET
        else:
            speed = self.speed

        force_success: bool | int | None | Unset
        if isinstance(self.force_success, Unset):
            force_success = UNSET
        else:
            force_success = self.force_success

        owner: None | str | Unset
        if isinstance(self.owner, Unset):
            owner = UNSET
        else:
            owner = self.owner

        execution_log_path: None | str | Unset
        if isinstance(self.execution_log_path, Unset):
            execution_log_path = UNSET
        else:
            execution_log_path = self.execution_log_path

        workspace_id: None | str | Unset
        if isinstance(self.workspace_id, Unset):
            workspace_id = UNSET
        else:
            workspace_id = self.workspace_id

        workspace_name: None | str | Unset
        if isinstance(self.workspace_name, Unset):
            workspace_name = UNSET
        else:
            workspace_name = self.workspace_name

        running_data: None | str | Unset
        if isinstance(self.running_data, Unset):
            running_data = UNSET
        else:
            running_data = self.running_data

        running_param: None | str | Unset
        if isinstance(self.running_param, Unset):
            running_param = UNSET
        else:
            running_param = self.running_param

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if task_running_log_id is not UNSET:
            field_dict["taskRunningLogId"] = task_running_log_id
        if task_id is not UNSET:
            field_dict["taskId"] = task_id
        if task_name is not UNSET:
            field_dict["taskName"] = task_name
        if job_id is not UNSET:
            field_dict["jobId"] = job_id
        if job_name is not UNSET:
            field_dict["jobName"] = job_name
        if type_ is not UNSET:
            field_dict["type"] = type_
        if status is not UNSET:
            field_dict["status"] = status
        if plan_time is not UNSET:
            field_dict["planTime"] = plan_time
        if submit_time is not UNSET:
            field_dict["submitTime"] = submit_time
        if start_time is not UNSET:
            field_dict["startTime"] = start_time
        if end_time is not UNSET:
            field_dict["endTime"] = end_time
        if running_time is not UNSET:
            field_dict["runningTime"] = running_time
        if retry_times is not UNSET:
            field_dict["retryTimes"] = retry_times
        if fail_count is not UNSET:
            field_dict["failCount"] = fail_count
        if input_row_count is not UNSET:
            field_dict["inputRowCount"] = input_row_count
        if output_row_count is not UNSET:
            field_dict["outputRowCount"] = output_row_count
        if speed is not UNSET:
            field_dict["speed"] = speed
        if force_success is not UNSET:
            field_dict["forceSuccess"] = force_success
        if owner is not UNSET:
            field_dict["owner"] = owner
        if execution_log_path is not UNSET:
            field_dict["executionLogPath"] = execution_log_path
        if workspace_id is not UNSET:
            field_dict["workspaceId"] = workspace_id
        if workspace_name is not UNSET:
            field_dict["workspaceName"] = workspace_name
        if running_data is not UNSET:
            field_dict["runningData"] = running_data
        if running_param is not UNSET:
            field_dict["runningParam"] = running_param

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_task_running_log_id(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        task_running_log_id = _parse_task_running_log_id(d.pop("taskRunningLogId", UNSET))

        def _parse_task_id(data: object) -> int | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | str | Unset, data)

        task_id = _parse_task_id(d.pop("taskId", UNSET))

        def _parse_task_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        task_name = _parse_task_name(d.pop("taskName", UNSET))

        def _parse_job_id(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        job_id = _parse_job_id(d.pop("jobId", UNSET))

        def _parse_job_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        job_name = _parse_job_name(d.pop("jobName", UNSET))

        def _parse_type_(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        type_ = _parse_type_(d.pop("type", UNSET))

        def _parse_status(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        status = _parse_status(d.pop("status", UNSET))

        def _parse_plan_time(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        plan_time = _parse_plan_time(d.pop("planTime", UNSET))

        def _parse_submit_time(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        submit_time = _parse_submit_time(d.pop("submitTime", UNSET))

        def _parse_start_time(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        start_time = _parse_start_time(d.pop("startTime", UNSET))

        def _parse_end_time(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        end_time = _parse_end_time(d.pop("endTime", UNSET))

        def _parse_running_time(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        running_time = _parse_running_time(d.pop("runningTime", UNSET))

        def _parse_retry_times(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        retry_times = _parse_retry_times(d.pop("retryTimes", UNSET))

        def _parse_fail_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        fail_count = _parse_fail_count(d.pop("failCount", UNSET))

        def _parse_input_row_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        input_row_count = _parse_input_row_count(d.pop("inputRowCount", UNSET))

        def _parse_output_row_count(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        output_row_count = _parse_output_row_count(d.pop("outputRowCount", UNSET))

        def _parse_speed(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        speed = _parse_speed(d.pop("speed", UNSET))

        def _parse_force_success(data: object) -> bool | int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | int | None | Unset, data)

        force_success = _parse_force_success(d.pop("forceSuccess", UNSET))

        def _parse_owner(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        owner = _parse_owner(d.pop("owner", UNSET))

        def _parse_execution_log_path(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        execution_log_path = _parse_execution_log_path(d.pop("executionLogPath", UNSET))

        def _parse_workspace_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        workspace_id = _parse_workspace_id(d.pop("workspaceId", UNSET))

        def _parse_workspace_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        workspace_name = _parse_workspace_name(d.pop("workspaceName", UNSET))

        def _parse_running_data(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        running_data = _parse_running_data(d.pop("runningData", UNSET))

        def _parse_running_param(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        running_param = _parse_running_param(d.pop("runningParam", UNSET))

        run = cls(
            task_running_log_id=task_running_log_id,
            task_id=task_id,
            task_name=task_name,
            job_id=job_id,
            job_name=job_name,
            type_=type_,
            status=status,
            plan_time=plan_time,
            submit_time=submit_time,
            start_time=start_time,
            end_time=end_time,
            running_time=running_time,
            retry_times=retry_times,
            fail_count=fail_count,
            input_row_count=input_row_count,
            output_row_count=output_row_count,
            speed=speed,
            force_success=force_success,
            owner=owner,
            execution_log_path=execution_log_path,
            workspace_id=workspace_id,
            workspace_name=workspace_name,
            running_data=running_data,
            running_param=running_param,
        )

        run.additional_properties = d
        return run

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
