"""The facts that a DAG gets, ready for JSON: times as ISO 8601 UTC text, durations in seconds.

Names are as sent by the service: untrusted, and cut off after 1,000 characters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap._times import iso_text

if TYPE_CHECKING:
    from datetime import datetime

    from dataarts_datamap import Run, TableStatus

_MOST_TEXT: Final = 1_000


def run_facts(table: str, guid: str, run: Run) -> dict[str, Any]:
    """A run, without ``running_data``, which can contain SQL."""
    return {
        "table": table,
        "table_guid": guid,
        "run_id": run.run_id,
        "task_id": _text(run.task_id),
        "job_name": _text(run.job_name),
        "task_name": _text(run.task_name),
        "workspace_id": _text(run.workspace_id),
        "status": _text(run.status),
        "plan_time": _time(run.plan_time),
        "start_time": _time(run.start_time),
        "end_time": _time(run.end_time),
        "input_row_count": run.input_row_count,
        "output_row_count": run.output_row_count,
    }


def status_facts(table: str, guid: str, status: TableStatus) -> dict[str, Any]:
    """The status of a table, ready for JSON."""
    decided_by = None if status.decided_by is None else _text(status.decided_by.job_name)
    return {
        "table": table,
        "table_guid": guid,
        "verdict": status.verdict.value,
        "last_success": _time(status.last_success),
        "age": None if status.age is None else status.age.total_seconds(),
        "decided_by": decided_by,
        "basis": None if status.basis is None else status.basis.value,
        "failures_since_success": status.failures_since_success,
        "running": status.running,
        "runs": status.runs,
    }


def clipped(text: str, limit: int = _MOST_TEXT) -> str:
    """The text; if it is longer, its first characters and an ellipsis."""
    return text if len(text) <= limit else f"{text[:limit]}…"


def _text(text: str | None) -> str | None:
    return None if text is None else clipped(text)


def _time(time: datetime | None) -> str | None:
    return None if time is None else iso_text(time)
