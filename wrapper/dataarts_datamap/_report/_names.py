"""What jobs are called in a report."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from dataarts_datamap._text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dataarts_datamap._monitoring.freshness import OperatorStatus

_NAME_LIMIT: Final = 80


def job_text(name: str | None) -> str:
    """A job's name, made printable and short."""
    return printable(name, limit=_NAME_LIMIT) if name else "(no name)"


def job_labels(jobs: Iterable[OperatorStatus]) -> list[str]:
    """A name for each job, with the id of its task where several have the same name."""
    named = [(job_text(job.job_name), job.task_id) for job in jobs]
    often = Counter(name for name, _ in named)
    return [f"{name} (task {printable(task or '-', limit=40)})" if often[name] > 1 else name for name, task in named]
