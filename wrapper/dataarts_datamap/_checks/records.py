"""What a check leaves behind for the next one: facts of operators and tables, and how two readings join. No I/O."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from dataarts_datamap._models.runs import Operator, Run, RunState, operator_key
from dataarts_datamap._monitoring.freshness import table_status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST_SAMPLES: Final = 20
_LEAST_SAMPLES: Final = 3
_LONGEST_OPEN: Final = timedelta(days=28)  # a run that has not ended for longer is no longer waited for
_MARGIN: Final = timedelta(minutes=1)  # whether a window's ends belong to it is not documented


class Sample(Struct, frozen=True, kw_only=True):
    """A successful run, by what shows what is usual.

    Attributes:
        run_id: Its id.
        planned: The first of its times, UTC.
        seconds: How long it took; None if that is not known.
        rows: How many rows it wrote; None if the service did not say.
    """

    run_id: int
    planned: datetime
    seconds: float | None = None
    rows: int | None = None


class OperatorRecord(Struct, frozen=True, kw_only=True):
    """What is known of an operator after a reading. All times are UTC.

    Attributes:
        searched_from: From when on its runs were read without a gap.
        searched_until: Until when.
        last_success: When its last run that succeeded ended; None if none is known.
        success_began: The first time of that run.
        last_run: The first time of the run that was planned last; None if none is known.
        open_since: The first time of the earliest run of the last 28 days that had not ended; None if all had.
        is_whole: Whether all runs that the service keeps were read.
        samples: The latest runs that succeeded, the oldest first.
    """

    searched_from: datetime
    searched_until: datetime
    last_success: datetime | None = None
    success_began: datetime | None = None
    last_run: datetime | None = None
    open_since: datetime | None = None
    is_whole: bool = False
    samples: tuple[Sample, ...] = ()

    @property
    def never_succeeded(self) -> bool:
        """Whether none of the runs that the service keeps succeeded."""
        return self.is_whole and self.last_success is None

    @property
    def typical_duration(self) -> timedelta | None:
        """The median time of the runs that succeeded; None if fewer than three are known."""
        seconds = [one.seconds for one in self.samples if one.seconds is not None]
        return timedelta(seconds=median(seconds)) if len(seconds) >= _LEAST_SAMPLES else None

    @property
    def longest_duration(self) -> timedelta | None:
        """The longest of these times; None if none is known."""
        seconds = [one.seconds for one in self.samples if one.seconds is not None]
        return timedelta(seconds=max(seconds)) if seconds else None

    @property
    def latest_rows(self) -> int | None:
        """How many rows the latest run that succeeded wrote; None if that is not known."""
        return self.samples[-1].rows if self.samples else None

    @property
    def typical_rows(self) -> float | None:
        """The median of the rows that the runs before it wrote; None if fewer than three report theirs."""
        rows = [one.rows for one in self.samples[:-1] if one.rows is not None]
        return median(rows) if len(rows) >= _LEAST_SAMPLES else None

    def window_start(self, longest: datetime) -> datetime:
        """From when on to read to see all that can have changed, and no more than that.

        Args:
            longest: From when on to read if no later success is known.
        """
        success = longest if self.success_began is None else max(self.success_began, longest)
        starts = (success, self.open_since, self.searched_until)
        return min(start for start in starts if start is not None) - _MARGIN


class TableRecord(Struct, frozen=True, kw_only=True):
    """What is known of a table after a check. All times are UTC.

    Attributes:
        guid: Its GUID.
        name: Its full name; None if none is known. Untrusted.
        nodes: What lineage said of its operators, as a digest; None if it said nothing.
        operators: What the service listed for it.
        listed_at: When it did.
        read_at: When the table was read last.
        last_success: Its last success then.
        never_succeeded: Whether all that the service keeps was searched, and nothing succeeded.
        searched_from: From where on it was searched.
    """

    guid: str
    read_at: datetime
    listed_at: datetime
    name: str | None = None
    nodes: str | None = None
    operators: tuple[Operator, ...] = ()
    last_success: datetime | None = None
    never_succeeded: bool = False
    searched_from: datetime | None = None


def record_of(operator: Operator, runs: Sequence[Run], *, since: datetime, now: datetime) -> OperatorRecord:
    """What the runs of an operator say that were read from a window up to now."""
    succeeded = [run for run in runs if run.state is RunState.SUCCEEDED]
    last = table_status(succeeded, now=now, operators=[operator]).operators[0].last_success
    its = [times for run in succeeded if last in (times := _times(run))]
    firsts = {id(run): min(times) for run in runs if (times := _times(run))}
    still_open = [firsts[id(run)] for run in runs if run.state is RunState.ACTIVE and id(run) in firsts]
    waited_for = [first for first in still_open if now - first < _LONGEST_OPEN]
    return OperatorRecord(
        searched_from=since,
        searched_until=now,
        last_success=last,
        success_began=min((min(times) for times in its), default=last),
        last_run=max((time for time in firsts.values() if time <= now), default=None),
        open_since=min(waited_for, default=None),
        samples=_joined_samples(_samples(succeeded), ()),
    )


def join(newer: OperatorRecord, older: OperatorRecord | None) -> OperatorRecord:
    """Two readings joined.

    The newer one counts for what it read: a success that it should have seen, and did not, no longer counts, since a
    run can be run again.
    """
    if older is None:
        return newer
    samples = _joined_samples(newer.samples, older.samples)
    last_run = max(filter(None, (newer.last_run, older.last_run)), default=None)
    is_joined = older.searched_until >= newer.searched_from > older.searched_from
    if newer.last_success is not None or newer.is_whole:
        return replace(newer, samples=samples, last_run=last_run)
    is_kept = older.success_began is not None and older.success_began < newer.searched_from
    if older.success_began is not None and not is_kept:
        return replace(newer, samples=samples, last_run=last_run)  # nothing was searched below it
    return replace(
        newer,
        last_success=older.last_success,
        success_began=older.success_began,
        searched_from=older.searched_from if is_joined else newer.searched_from,
        is_whole=older.is_whole and older.searched_until >= newer.searched_from,
        last_run=last_run,
        samples=samples,
    )


def _times(run: Run) -> list[datetime]:
    return [time for time in (run.plan_time, run.submit_time, run.start_time, run.end_time) if time is not None]


def _samples(succeeded: Iterable[Run]) -> list[Sample]:
    samples: list[Sample] = []
    for run in succeeded:
        times = _times(run)
        if run.run_id and times:
            took = None if run.duration is None else run.duration.total_seconds()
            rows = run.input_row_count if run.output_row_count is None else run.output_row_count
            samples.append(Sample(run_id=run.run_id, planned=min(times), seconds=took, rows=rows))
    return samples


def _joined_samples(newer: Iterable[Sample], older: Iterable[Sample]) -> tuple[Sample, ...]:
    known = {(one.run_id, one.planned): one for one in (*older, *newer)}
    return tuple(sorted(known.values(), key=lambda one: one.planned)[-_MOST_SAMPLES:])


def same_operators(one: Iterable[Operator], other: Iterable[Operator]) -> bool:
    """Whether two lists name the same operators."""
    return set(map(operator_key, one)) == set(map(operator_key, other))
