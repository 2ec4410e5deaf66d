"""Runs that a user adds: the fields that the user sets, and sensible values for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dataarts_datamap_contract.mock._data.documented import documented_run
from dataarts_datamap_contract.mock._data.encoding import check_json
from dataarts_datamap_contract.mock._data.statuses import NOT_ENDED, NOT_STARTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap_contract.mock._data.dataset import Operator
    from dataarts_datamap_contract.mock._data.statuses import Row

_SECOND = 1_000
_TO_SUBMIT, _TO_START, _TO_END = 1 * _SECOND, 5 * _SECOND, 60 * _SECOND
_WHOLE = ("taskRunningLogId", "planTime", "startTime")


def complete_run(fields: Mapping[str, object], operator: Operator, run_id: int, plan: int) -> Row:
    """A run of an operator with all documented fields.

    It is submitted 1 s after its plan time, starts 5 s after its plan time and takes a minute, unless its status says
    that it has not started or not ended.

    Args:
        fields: Values by the names of the documented fields. They override all defaults; any JSON value is accepted,
            with the exceptions below.
        operator: Its operator.
        run_id: Its id, unless the fields have one.
        plan: Its plan time in milliseconds since the epoch, unless the fields have one.

    Raises:
        ValueError: A name is not a field of a run, a value is not JSON, the id, plan time or start time is not an
            integer, the status is not a single value, or a field names another operator.
    """
    whole: Row = {
        **documented_run(),
        "executionLogPath": None,
        "owner": "mock",
        "planTime": plan,
        "runningData": None,
        "runningParam": None,
        "status": "success",
        "taskName": operator.job_name,
        "taskRunningLogId": run_id,
        **_identity(operator),
    }
    known = check_fields(fields, whole, operator)
    whole |= {name: known[name] for name in ("status", "planTime") if name in known}
    return {**whole, **_times(whole, known, plan), **known}


def change_run(row: Row, fields: Mapping[str, object], operator: Operator) -> Row:
    """The run with some fields replaced. A new start or end gives a new ``runningTime``, unless the fields have one.

    Raises:
        ValueError: As for ``complete_run``.
    """
    changed = {**row, **check_fields(fields, row, operator)}
    if "runningTime" not in fields and fields.keys() & {"startTime", "endTime"}:
        changed["runningTime"] = _duration(changed["startTime"], changed["endTime"])
    return changed


def check_fields(fields: Mapping[str, object], whole: Row, operator: Operator) -> Row:
    """Check that a run of the operator can have these fields, and return those that do not name the operator.

    Raises:
        ValueError: As for ``complete_run``.
    """
    unknown = fields.keys() - whole.keys()
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: not a field of a run; the fields are {', '.join(whole)}")
    for name, value in fields.items():
        check_json(name, value)
    if type(fields.get("status")) in (list, dict):
        raise ValueError(f"status is {fields['status']!r}: it must be a single value")
    for name in _WHOLE:
        value = fields.get(name, 0)
        if type(value) is not int:
            raise ValueError(f"{name} is {value!r}: it must be an integer")
    identity = _identity(operator)
    for name, value in identity.items():
        if fields.get(name, value) not in (value, str(value)):
            raise ValueError(f"{name} is {fields[name]!r}: the run belongs to {operator}")
    own = {name: value for name, value in fields.items() if name not in identity}
    return cast("Row", own)  # a row that a user adds may have any JSON value


def _identity(operator: Operator) -> Row:
    number = int(operator.task_id) if operator.task_id.isdecimal() else operator.task_id
    return {"taskId": number, "jobName": operator.job_name, "workspaceId": operator.workspace_id}


def _times(row: Row, fields: Mapping[str, object], planned: int) -> Row:
    """The other times of a run; one without a plan time has those that it would have with the given one."""
    plan, status = int(row["planTime"] or planned), row["status"]
    start = fields.get("startTime", 0 if status in NOT_STARTED else plan + _TO_START)
    ended = status not in NOT_ENDED and isinstance(start, int) and start > 0
    end = cast("int", fields.get("endTime", int(str(start)) + _TO_END if ended else 0))
    return {
        "submitTime": plan + _TO_SUBMIT,
        "startTime": int(str(start)),
        "endTime": end,
        "runningTime": _duration(start, end),
    }


def _duration(start: object, end: object) -> int:
    return end - start if isinstance(start, int) and isinstance(end, int) and start and end else 0
