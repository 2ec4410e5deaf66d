"""Finds the beginning of the next increment of an export, and the older rows that the increment replaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from dataarts_datamap._models.runs import has_ended

if TYPE_CHECKING:
    from collections.abc import Sequence

POSITION: Final = ("state", "plan_time", "submit_time", "start_time", "end_time")
"""The columns that determine the beginning of the next increment."""

StoredRun: TypeAlias = tuple[str | None, int | None, int | None, int | None, int | None]
"""The values of the columns ``POSITION`` in a row; times in milliseconds since the epoch."""


class IncrementStart:
    """The beginning of the next increment, found row by row; times are milliseconds since the epoch.

    A run planned for the future counts as a run of the present (``now``).
    """

    def __init__(self, *, now: int) -> None:
        self._now = now
        self._earliest: int | None = None
        self._oldest_open: int | None = None
        self._newest_ended: int | None = None
        self._has_undated_open = False

    def note(self, run: StoredRun) -> None:
        state, *moments = run
        known = [moment for moment in moments if moment is not None]
        is_open = not has_ended(state, has_end=moments[-1] is not None)
        if not known:
            self._has_undated_open |= is_open
            return
        first = min(self._now, *known)
        self._earliest = first if self._earliest is None else min(self._earliest, first)
        if is_open:
            self._oldest_open = first if self._oldest_open is None else min(self._oldest_open, first)
        else:
            self._newest_ended = first if self._newest_ended is None else max(self._newest_ended, first)

    def before(self, lookback: int) -> int | None:
        """The first time of the oldest unfinished run, or, if earlier, ``lookback`` before the newest finished run.

        If an unfinished run has no time, it may lie anywhere, so the result is not later than the earliest time of all
        runs. If no row has a time, the result is None.
        """
        behind = None if self._newest_ended is None else self._newest_ended - lookback
        undated = self._earliest if self._has_undated_open else None
        starts = [start for start in (self._oldest_open, behind, undated) if start is not None]
        return max(0, min(starts)) if starts else None


IDENTITY: Final = (
    *("run_id", "plan_time", "submit_time", "start_time", "task_id", "job_name", "workspace_id"),
    *("region", "project_id", "instance_id"),
)
"""The columns that identify a run, as in ``run_identity``."""


class StoredIdentity(NamedTuple):
    """The identity of a run in a file, in which missing and empty text are the same.

    Times are milliseconds since the epoch, UTC.

    Attributes:
        run_id: Its id; None if it is missing or 0.
        plan_time: Its planned time.
        submit_time: Its submission, for a run without an id.
        start_time: Its start, for a run without an id.
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
    """The identities of the runs that were written."""

    def __init__(self) -> None:
        self._planned: dict[tuple[str | None, ...], dict[int, int | None]] = {}
        self._others: set[StoredIdentity] = set()

    @property
    def run_ids(self) -> list[int]:
        """The ids of the runs; an id that runs of several operators share occurs several times."""
        return [run_id for planned in self._planned.values() for run_id in planned]

    def note(self, run: StoredIdentity) -> None:
        if run.run_id is None:
            self._others.add(run)
            return
        if self._planned.setdefault(run.operator, {}).setdefault(run.run_id, run.plan_time) != run.plan_time:
            self._others.add(run)

    def hold(self, run: StoredIdentity) -> bool:
        if run in self._others:
            return True
        planned = self._planned.get(run.operator, {})
        return run.run_id in planned and planned[run.run_id] == run.plan_time
