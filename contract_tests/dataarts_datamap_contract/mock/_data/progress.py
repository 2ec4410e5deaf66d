"""Progress of runs: from waiting to running, from running to success."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataarts_datamap_contract.mock._data.statuses import UNDER_WAY, WAITING

if TYPE_CHECKING:
    from dataarts_datamap_contract.mock._data.statuses import Row


def goes_on(row: Row) -> bool:
    """Whether a run waits or is under way, so that it can advance."""
    return row["status"] in WAITING | UNDER_WAY


def next_step(row: Row, present: int) -> Row:
    """The run after a step at ``present``, in milliseconds since the epoch, or at its plan or start time if later."""
    moment = max(present, _time(row, "planTime"), _time(row, "startTime"))
    if row["status"] in WAITING:
        submit = _time(row, "submitTime") or moment
        return {**row, "status": "running", "submitTime": min(submit, moment), "startTime": moment}
    duration = moment - (_time(row, "startTime") or moment)
    return {**row, "status": "success", "endTime": moment, "runningTime": duration}


def last_step(row: Row, present: int) -> Row:
    """The run after all steps that it can make."""
    while goes_on(row):
        row = next_step(row, present)
    return row


def _time(row: Row, name: str) -> int:
    value = row[name]
    return value if isinstance(value, int) else 0
