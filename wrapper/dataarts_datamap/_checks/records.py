"""The records of operators and tables that a check keeps for the next check. No I/O."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from dataarts_datamap._models.runs import Operator, Run, RunState, operator_key, run_times
from dataarts_datamap._monitoring.freshness import table_status
from dataarts_datamap._times import EPOCH, time_before
from dataarts_datamap._window import WINDOW_MARGIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST_SAMPLES: Final = 20
_LEAST_SAMPLES: Final = 3
_LONGEST_OPEN: Final = timedelta(days=28)  # an older run that has not ended is ignored


class Sample(Struct, frozen=True, kw_only=True):
    """A successful run, as a sample of usual durations and rows.

    Attributes:
        planned: The earliest of its times, UTC.
        rows: Number of rows that it wrote; the number that it read if only that is reported. None if neither is.
    """

    run_id: int
    planned: datetime
    seconds: float | None = None
    rows: int | None = None


class OperatorRecord(Struct, frozen=True, kw_only=True):
    """The record of an operator after a reading. All times are UTC.

    Attributes:
        searched_from: Beginning of the time for which its runs were read without a gap.
        searched_until: End of that time.
        last_success: Time at which its last successful run ended; None if none is known.
        success_began: The earliest time of that run.
        last_run: The earliest time of its latest run up to the reading; None if no run is known.
        open_since: The earliest time of the active runs of the last 28 days; None if there are none.
        is_whole: Whether all of the history that the service keeps was searched for a success.
        has_undated: Whether a run in the searched time succeeded at a time that cannot be read.
        samples: The latest successful runs, at most 20, the oldest first.
    """

    searched_from: datetime
    searched_until: datetime
    last_success: datetime | None = None
    success_began: datetime | None = None
    last_run: datetime | None = None
    open_since: datetime | None = None
    is_whole: bool = False
    has_undated: bool = False
    samples: tuple[Sample, ...] = ()

    @property
    def never_succeeded(self) -> bool:
        """Whether all of the history that the service keeps was searched for a success, and none was found.

        A success at a time that cannot be read counts as one.
        """
        return self.is_whole and self.last_success is None and not self.has_undated

    @property
    def typical_duration(self) -> timedelta | None:
        """The median duration in the samples; None if fewer than three durations are known."""
        seconds = [one.seconds for one in self.samples if one.seconds is not None]
        return timedelta(seconds=median(seconds)) if len(seconds) >= _LEAST_SAMPLES else None

    @property
    def longest_duration(self) -> timedelta | None:
        """The longest duration in the samples; None if none is known."""
        seconds = [one.seconds for one in self.samples if one.seconds is not None]
        return timedelta(seconds=max(seconds)) if seconds else None

    @property
    def latest_rows(self) -> int | None:
        """The number of rows of the latest successful run, as in ``Sample.rows``; None if it is not known."""
        return self.samples[-1].rows if self.samples else None

    @property
    def typical_rows(self) -> float | None:
        """The median number of rows in the samples before the latest; None if fewer than three numbers are known."""
        rows = [one.rows for one in self.samples[:-1] if one.rows is not None]
        return median(rows) if len(rows) >= _LEAST_SAMPLES else None

    def window_start(self, longest: datetime) -> datetime:
        """The beginning of the shortest window that has the last success, the open runs, and all runs since the record.

        If the last success is older than ``longest``, or is not known, ``longest`` stands for it.
        """
        success = longest if self.success_began is None else max(self.success_began, longest)
        starts = (success, self.open_since, self.searched_until)
        return time_before(min(start for start in starts if start is not None), WINDOW_MARGIN)


class TableRecord(Struct, frozen=True, kw_only=True):
    """The record of a table after a check. All times are UTC. Fields that are not listed here are as in ``TableCheck``.

    Attributes:
        name: Its full name; None if none is known. Untrusted.
        nodes: A digest of its operators in lineage; None if it had none there, or lineage was not known.
        operators: The operators that the service listed for it at ``listed_at``.
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
    """The record of an operator, from its runs in a window from ``since`` to ``now``."""
    succeeded = [run for run in runs if run.state is RunState.SUCCEEDED]
    status = table_status(succeeded, now=now, operators=[operator]).operators[0]
    last = status.last_success
    its = [times for run in succeeded if last in (times := run_times(run))]
    firsts = [(min(times), run.state) for run in runs if (times := run_times(run))]
    waited_for = [first for first, state in firsts if state is RunState.ACTIVE and now - first < _LONGEST_OPEN]
    return OperatorRecord(
        searched_from=since,
        searched_until=now,
        last_success=last,
        success_began=min((min(times) for times in its), default=last),
        last_run=max((first for first, _ in firsts if first <= now), default=None),
        open_since=min(waited_for, default=None),
        is_whole=since == EPOCH,
        has_undated=status.undated_successes > 0,
        samples=_joined_samples(_samples(succeeded), ()),
    )


def join(newer: OperatorRecord, older: OperatorRecord | None) -> OperatorRecord:
    """Join the records of two readings.

    If the newer reading covers the time of an earlier success but lacks it, that success is dropped, both as the last
    success and as a sample: a run can be run again.
    """
    if older is None:
        return newer
    earlier = [one for one in older.samples if one.planned < newer.searched_from]
    newer = replace(
        newer,
        samples=_joined_samples(newer.samples, earlier),
        last_run=max(filter(None, (newer.last_run, older.last_run)), default=None),
        has_undated=newer.has_undated or (older.has_undated and older.searched_from < newer.searched_from),
    )
    if newer.last_success is not None or newer.is_whole:
        return newer
    if older.success_began is not None and older.success_began >= newer.searched_from:
        return newer  # the older reading ended with a success that no longer counts
    is_joined = older.searched_until >= newer.searched_from > older.searched_from
    return replace(
        newer,
        last_success=older.last_success,
        success_began=older.success_began,
        searched_from=older.searched_from if is_joined else newer.searched_from,
        is_whole=older.is_whole and older.searched_until >= newer.searched_from,
    )


def _samples(succeeded: Iterable[Run]) -> list[Sample]:
    samples: list[Sample] = []
    for run in succeeded:
        times = run_times(run)
        if run.run_id and times:
            took = None if run.duration is None else run.duration.total_seconds()
            rows = run.input_row_count if run.output_row_count is None else run.output_row_count
            samples.append(Sample(run_id=run.run_id, planned=min(times), seconds=took, rows=rows))
    return samples


def _joined_samples(newer: Iterable[Sample], older: Iterable[Sample]) -> tuple[Sample, ...]:
    known = {(one.run_id, one.planned): one for one in (*older, *newer)}
    return tuple(sorted(known.values(), key=lambda one: one.planned)[-_MOST_SAMPLES:])


def same_operators(one: Iterable[Operator], other: Iterable[Operator]) -> bool:
    return set(map(operator_key, one)) == set(map(operator_key, other))
