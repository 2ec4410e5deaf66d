"""What happened to a table on each day, computed from runs alone: no I/O."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from dataarts_datamap._checks.check import TableCheck  # noqa: TC001  what a struct is made of
from dataarts_datamap._models.runs import Run, RunState
from dataarts_datamap._times import wall_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo


class DayStrip(Struct, frozen=True, kw_only=True):
    """What the runs of an operator, or of all of them, did on each day that they were planned for.

    Attributes:
        label: Whose they are. Untrusted.
        days: How many runs there were of each state, on each day of the overview.
    """

    label: str
    days: tuple[dict[RunState, int], ...]


class LastFailure(Struct, frozen=True, kw_only=True):
    """The run of a table that failed last.

    Attributes:
        job_name: Its operator. Untrusted.
        status: How it ended, as sent. Untrusted.
        time: When it was planned, else when it began or ended, UTC.
        log_path: Where its log lies. Untrusted.
    """

    job_name: str | None
    status: str | None
    time: datetime
    log_path: str | None


class OverviewRow(Struct, frozen=True, kw_only=True):
    """A table of an overview.

    Attributes:
        check: How it stands.
        strip: Its days.
        operators: The days of each operator; empty if there is one alone.
        last_failure: The run that failed last; None if none did.
        error: Why its days could not be read; None if they could.
    """

    check: TableCheck
    strip: DayStrip
    operators: tuple[DayStrip, ...] = ()
    last_failure: LastFailure | None = None
    error: str | None = None


def days_until(now: datetime, zone: tzinfo, days: int) -> list[date]:
    """So many days of a zone up to the present one, the oldest first."""
    last = wall_time(now, zone).date()
    return [last - timedelta(days=back) for back in range(days - 1, -1, -1)]


def overview_row(
    check: TableCheck, runs: Iterable[tuple[str, Sequence[Run]]], days: Sequence[date], zone: tzinfo
) -> OverviewRow:
    """A table, by the runs of each of its operators, by name."""
    strips: list[DayStrip] = []
    failure: LastFailure | None = None
    for label, some in runs:
        strips.append(DayStrip(label=label, days=_days(some, days, zone)))
        for run in some:
            time = _time(run)
            if run.state is RunState.FAILED and time is not None and (failure is None or time > failure.time):
                failure = LastFailure(job_name=label, status=run.status, time=time, log_path=run.execution_log_path)
    whole = tuple(_sum(strip.days[index] for strip in strips) for index in range(len(days)))
    return OverviewRow(
        check=check,
        strip=DayStrip(label="", days=whole),
        operators=tuple(strips) if len(strips) > 1 else (),
        last_failure=failure,
    )


def worst_of(counts: dict[RunState, int]) -> RunState | None:
    """What a day shows: the worst of its runs; None if it has none."""
    return next((state for state in _WORST_FIRST if counts.get(state)), None)


_WORST_FIRST = (RunState.FAILED, RunState.UNKNOWN, RunState.ACTIVE, RunState.SKIPPED, RunState.SUCCEEDED)


def _days(runs: Iterable[Run], days: Sequence[date], zone: tzinfo) -> tuple[dict[RunState, int], ...]:
    counts: dict[date, dict[RunState, int]] = {day: {} for day in days}
    for run in runs:
        time = _time(run)
        day = None if time is None else counts.get(wall_time(time, zone).date())
        if day is not None:
            day[run.state] = day.get(run.state, 0) + 1
    return tuple(counts[day] for day in days)


def _sum(counts: Iterable[dict[RunState, int]]) -> dict[RunState, int]:
    total: dict[RunState, int] = {}
    for some in counts:
        for state, number in some.items():
            total[state] = total.get(state, 0) + number
    return total


def _time(run: Run) -> datetime | None:
    return run.plan_time or run.submit_time or run.start_time or run.end_time
