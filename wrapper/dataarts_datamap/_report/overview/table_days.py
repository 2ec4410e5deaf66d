"""The outcomes of a table on each day, computed from runs. No I/O."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING

from msgspec import Struct

from dataarts_datamap._checks.check import TableCheck  # noqa: TC001  msgspec reads the annotations
from dataarts_datamap._models.runs import Run, RunState, planned_at
from dataarts_datamap._times import wall_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo


class DayStrip(Struct, frozen=True, kw_only=True):
    """The outcomes of an operator's runs, or of all runs, on each planned day.

    Attributes:
        label: Name of the operator; empty for the whole table. Untrusted.
        days: The number of runs of each state, for each day of the overview.
    """

    label: str
    days: tuple[dict[RunState, int], ...]


class OverviewRow(Struct, frozen=True, kw_only=True):
    """A table of an overview.

    Attributes:
        operators: The days of each operator; empty if there are fewer than two.
        last_failure: The last failed run with a known time; None if there is none.
        error: The reason why its days could not be read; None if they were read.
    """

    check: TableCheck
    strip: DayStrip
    operators: tuple[DayStrip, ...] = ()
    last_failure: Run | None = None
    error: str | None = None


def days_until(now: datetime, zone: tzinfo, days: int) -> list[date]:
    """The last ``days`` days of a zone, including today, the oldest first."""
    last = wall_time(now, zone).date()
    return [last - timedelta(days=back) for back in range(days - 1, -1, -1)]


def overview_row(
    check: TableCheck, runs: Iterable[tuple[str, Sequence[Run]]], days: Sequence[date], zone: tzinfo
) -> OverviewRow:
    """The row of a table. ``runs``: the name and the runs of each of its operators."""
    strips: list[DayStrip] = []
    whole = tuple(Counter[RunState]() for _ in days)
    failed: list[tuple[datetime, Run]] = []
    for label, some in runs:
        strips.append(DayStrip(label=label, days=_days(some, days, zone)))
        for total, counts in zip(whole, strips[-1].days, strict=True):
            total.update(counts)
        failed += [(time, run) for run in some if run.state is RunState.FAILED and (time := planned_at(run))]
    return OverviewRow(
        check=check,
        strip=DayStrip(label="", days=whole),
        operators=tuple(strips) if len(strips) > 1 else (),
        last_failure=max(failed, key=itemgetter(0), default=(None, None))[1],
    )


def _days(runs: Iterable[Run], days: Sequence[date], zone: tzinfo) -> tuple[Counter[RunState], ...]:
    counts = {day: Counter[RunState]() for day in days}
    for run in runs:
        time = planned_at(run)
        day = None if time is None else wall_time(time, zone).date()
        if day is not None and day in counts:
            counts[day][run.state] += 1
    return tuple(counts.values())
