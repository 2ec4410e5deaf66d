"""Counts the runs of each state, by planned hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from dataarts_datamap._models.runs import RunState
from dataarts_datamap._times import wall_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo

_STEPS: Final = (1, 2, 3, 4, 6, 8, 12, 24, 48, 168, 336, 720, 2160, 8760)
_WORST_FIRST: Final = (RunState.FAILED, RunState.UNKNOWN, RunState.ACTIVE, RunState.SUCCEEDED, RunState.SKIPPED)
_MONDAY: Final = datetime(1970, 1, 5)  # noqa: DTZ001  wall time, which has no zone
HOUR: Final = timedelta(hours=1)


def wall_hour(time: datetime, zone: tzinfo, *, step: int = 1) -> datetime:
    """The beginning of the cell of hours that a time belongs to, as a naive time of the zone.

    When clocks are put back, the repeated hour counts as one. Cells of up to a day are counted from midnight, longer
    ones from Monday, 5 January 1970.
    """
    return _MONDAY + (wall_time(time, zone) - _MONDAY) // (step * HOUR) * step * HOUR


def hourly_cells(
    runs: Iterable[tuple[datetime | None, RunState]], zone: tzinfo, *, step: int = 1
) -> dict[datetime, dict[RunState, int]]:
    """The number of runs of each state, for each cell of planned times, in the order of time.

    Runs without any time are left out. ``step`` is the length of a cell in hours.
    """
    cells: dict[datetime, dict[RunState, int]] = {}
    for time, state in runs:
        if time is not None:
            counts = cells.setdefault(wall_hour(time, zone, step=step), {})
            counts[state] = counts.get(state, 0) + 1
    return dict(sorted(cells.items()))


def cell_hours(start: datetime, end: datetime, zone: tzinfo, *, most: int) -> int:
    """The length, in hours, of the shortest cells of which ``most`` cover the time from start to end; 8,760 at most."""
    hours = (wall_time(end, zone) - wall_time(start, zone)) / HOUR
    return next((step for step in _STEPS if hours / step + 1 <= most), _STEPS[-1])


def worst(counts: Mapping[RunState, int]) -> RunState | None:
    return next((state for state in _WORST_FIRST if counts.get(state)), None)
