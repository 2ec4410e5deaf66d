"""Finds out where the next increment of an export begins, and which rows of the older file it replaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from dataarts_datamap._models.runs import has_ended

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

POSITION: Final = ("state", "plan_time", "submit_time", "start_time", "end_time")
"""The columns that tell."""


StoredRun: TypeAlias = tuple[str | None, int | None, int | None, int | None, int | None]


def resume_at(rows: Iterable[StoredRun], *, lookback: int, now: int) -> int | None:
    """The first time of the oldest run that had not ended, or ``lookback`` before the newest that had, if earlier.

    A run that is planned for the future counts as one of the present: an increment looks back from there.

    Args:
        rows: What each run has in the columns ``POSITION``.
        lookback: Milliseconds.
        now: Milliseconds since the epoch.

    Returns:
        Milliseconds since the epoch, not negative; None if no run has a time.
    """
    oldest_open = newest_ended = None
    for state, *moments in rows:
        known = [moment for moment in moments if moment is not None]
        if not known:
            continue
        first = min(now, *known)
        if has_ended(state, has_end=moments[-1] is not None):
            newest_ended = first if newest_ended is None else max(newest_ended, first)
        else:
            oldest_open = first if oldest_open is None else min(oldest_open, first)
    behind = None if newest_ended is None else newest_ended - lookback
    starts = [start for start in (oldest_open, behind) if start is not None]
    return max(0, min(starts)) if starts else None


IDENTITY: Final = (
    *("run_id", "plan_time", "submit_time", "start_time", "task_id", "job_name", "workspace_id"),
    *("region", "project_id", "instance_id"),
)
"""The columns that tell one run from another: what ``run_identity`` has of a run."""


class StoredIdentity(NamedTuple):
    """What tells a run from others, as a file has it: missing text and empty text are the same. Times in milliseconds.

    Attributes:
        run_id: Its id; None or 0 if it has none.
        plan_time: When it was planned.
        submit_time: When it was submitted, of a run without an id.
        start_time: When it started, of a run without an id.
        operator: Task, operator, workspace, region, project and instance.
    """

    run_id: int | None
    plan_time: int | None
    submit_time: int | None
    start_time: int | None
    operator: tuple[str | None, ...]


def stored_identity(values: Sequence[Any]) -> StoredIdentity:
    """The identity in the values of the columns ``IDENTITY``."""
    run_id, plan_time, submit_time, start_time, *names = values
    operator = tuple(name or None for name in names)
    if run_id:
        return StoredIdentity(run_id, plan_time, None, None, operator)
    return StoredIdentity(None, plan_time, submit_time, start_time, operator)


class Identities:
    """The runs that were written."""

    def __init__(self) -> None:
        self._planned: dict[tuple[str | None, ...], dict[int, int | None]] = {}
        self._others: set[StoredIdentity] = set()

    @property
    def run_ids(self) -> list[int]:
        """Their ids, whatever else tells them apart; one that several runs have comes several times."""
        return [run_id for planned in self._planned.values() for run_id in planned]

    def note(self, run: StoredIdentity) -> None:
        """Note a run that was written."""
        if run.run_id is None:
            self._others.add(run)
            return
        if self._planned.setdefault(run.operator, {}).setdefault(run.run_id, run.plan_time) != run.plan_time:
            self._others.add(run)

    def hold(self, run: StoredIdentity) -> bool:
        """Whether a run was written."""
        if run in self._others:
            return True
        planned = self._planned.get(run.operator, {})
        return run.run_id in planned and planned[run.run_id] == run.plan_time
