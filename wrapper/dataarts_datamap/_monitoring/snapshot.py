"""Follows a table's runs with mostly small reads. Logic without I/O; the time is passed in.

A *whole* reading covers all runs that are followed. Its window begins ``since`` ago, or just before the oldest active
run if that is earlier, but never before the window of the first reading. The first reading is whole, and so is the
first one at least ten minutes after a whole one. The readings in between are *parts*. Their window begins an hour
before the oldest active run, or an hour before the end of the previous window if that is earlier, but never before the
window of the last whole reading. A run that a part lacks is kept, unless it is certainly inside the part's window.

So the next reading sees every change to an active run or to a run of the last hour. Other changes appear with the next
whole reading: a rerun of a run that had ended, a run planned for the past, a deleted run. It is not documented which
time of a run a window filters on, so a run certainly lies inside a window only if all its times do.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct

from dataarts_datamap._errors import (
    DataMapError,
    ErrorBodyError,
    IncompleteWalkError,
    InvalidResponseError,
    UnsuccessfulError,
)
from dataarts_datamap._models.runs import Run, RunIdentity, has_ended, planned_at, run_identity, run_times
from dataarts_datamap._monitoring.freshness import group_runs
from dataarts_datamap._retry.policy import is_passing
from dataarts_datamap._times import EPOCH, MILLISECOND
from dataarts_datamap._window import Window, window

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

WHOLE_EVERY: Final = timedelta(minutes=10)
"""The shortest time from a whole reading to the next whole one."""

OVERLAP: Final = timedelta(hours=1)
"""Time from the beginning of a part's window to the oldest active run, or to the previous window's end if earlier."""

_CERTAIN: Final = 1  # it is not documented whether a window includes its ends
_MAY_RECOVER: Final = (ErrorBodyError, IncompleteWalkError, InvalidResponseError, UnsuccessfulError)


class _Known(NamedTuple):
    """A run's identity, and its number among the runs of the same identity, in the order of the service."""

    run: RunIdentity
    number: int


class ChangeKind(StrEnum):
    """The kinds of changes to a run from one reading to the next.

    Attributes:
        KNOWN: The first reading found it.
        APPEARED: It is new.
        CHANGED: Its status, its start or its end has changed.
        GONE: It has disappeared, although the window still covers it.
    """

    KNOWN = "known"
    APPEARED = "appeared"
    CHANGED = "changed"
    GONE = "gone"


class Change(Struct, frozen=True, kw_only=True):
    """A change to a run from one reading to the next.

    ``run`` is the run as read now, or as last known if it is gone; ``before`` is None for a run that was not known.
    """

    kind: ChangeKind
    run: Run
    before: Run | None = None


class PollWindow(Struct, frozen=True, kw_only=True):
    """The window of the next reading, and whether the runs in it replace all earlier ones."""

    window: Window
    is_whole: bool


class Snapshot:
    """The runs of a table as they were last read, looking back at least the given time.

    After a whole reading it holds exactly the runs of ``window``. After a part it may miss changes to older runs: see
    the docstring of the module.
    """

    def __init__(self, since: timedelta) -> None:
        self._since = since
        self._runs: dict[_Known, Run] = {}
        self._window: Window | None = None
        self._first_start = 0
        self._whole_until = 0

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs, in no particular order."""
        return tuple(self._runs.values())

    @property
    def window(self) -> Window | None:
        """The window of the runs; None before the first reading."""
        return self._window

    @property
    def active(self) -> list[Run]:
        """The runs that have not ended."""
        return [run for run in self._runs.values() if goes_on(run)]

    def latest(self) -> list[Run]:
        """The most important run of each operator; see ``foremost``."""
        chosen = map(foremost, group_runs(self._runs.values()).values())
        return [run for run in chosen if run is not None]

    def next_window(self, now: datetime) -> PollWindow:
        """The window of the next reading.

        Raises:
            InvalidArgumentError: It would begin before 1970.
        """
        recent = window(start=None, end=None, since=self._since, now=now)
        oldest = min((min(times) for run in self.active if (times := _times(run))), default=recent.end)
        if self._window is None or not 0 <= recent.end - self._whole_until < WHOLE_EVERY // MILLISECOND:
            start = max(self._first_start, min(recent.start, oldest - _CERTAIN))
            return PollWindow(window=Window(start, recent.end), is_whole=True)
        begin = min(oldest, self._window.end) - OVERLAP // MILLISECOND
        return PollWindow(window=Window(max(begin, self._window.start), recent.end), is_whole=False)

    def take(self, runs: Iterable[Run], poll_window: PollWindow) -> tuple[Change, ...]:
        """Take in the runs of a reading; returns the changes, sorted by the latest time of each run."""
        found = _identified(runs)
        gone = {
            who: run for who, run in self._runs.items() if who not in found and _lies_inside(run, poll_window.window)
        }
        moved = _moved(gone, [who for who in found if who not in self._runs])
        changes = [
            *(
                change
                for who, run in found.items()
                if (change := self._change(self._runs.get(moved.get(who, who)), run))
            ),
            *(Change(kind=ChangeKind.GONE, run=gone[who], before=gone[who]) for who in gone.keys() - moved.values()),
        ]
        kept = {} if poll_window.is_whole else {who: run for who, run in self._runs.items() if who not in gone}
        self._runs = {**kept, **found}
        if self._window is None:
            self._first_start = poll_window.window.start
        if self._window is None or poll_window.is_whole:
            self._window, self._whole_until = poll_window.window, poll_window.window.end
        else:
            self._window = Window(self._window.start, poll_window.window.end)
        return tuple(sorted(changes, key=lambda change: max(_times(change.run), default=0)))

    def _change(self, before: Run | None, run: Run) -> Change | None:
        if before is None:
            return Change(kind=ChangeKind.KNOWN if self._window is None else ChangeKind.APPEARED, run=run)
        if _outcome(before) == _outcome(run):
            return None
        return Change(kind=ChangeKind.CHANGED, run=run, before=before)


def goes_on(run: Run) -> bool:
    """Whether a run has not ended; a run of an unknown state has ended if it has an end."""
    return not has_ended(run.state, has_end=run.end_time is not None)


def foremost(runs: Iterable[Run]) -> Run | None:
    """The most important run of an operator; None if there is none.

    It is the one that has been running longest; else the one that has been waiting longest; else the one that was
    planned last.
    """
    known = list(runs)
    active = [run for run in known if goes_on(run)]
    started = [run for run in active if run.start_time is not None]
    if started:
        return min(started, key=lambda run: run.start_time or EPOCH)
    if active:
        return min(active, key=_order)
    return max(known, key=_order, default=None)


def may_recover(error: DataMapError) -> bool:
    """Whether a later reading may succeed.

    It may after failures that are retried at once, after HTTP 200 with an error body or ``success: false``, and after
    malformed or inconsistent responses; not after other errors, such as those about credentials, project or table.
    """
    return is_passing(error) or isinstance(error, _MAY_RECOVER)


def _moved(gone: Iterable[_Known], fresh: Iterable[_Known]) -> dict[_Known, _Known]:
    """The former identity of each fresh run that has the id of a gone run: only its planned time has changed."""
    by_id = {who.run._replace(times=()): who for who in gone if who.run.run_id is not None}
    found = ((who, by_id.pop(who.run._replace(times=()), None)) for who in fresh)
    return {who: before for who, before in found if before is not None}


def _identified(runs: Iterable[Run]) -> dict[_Known, Run]:
    """The runs by their identity; runs with equal identities are all kept."""
    alike: Counter[RunIdentity] = Counter()
    found: dict[_Known, Run] = {}
    for run in runs:
        identity = run_identity(run)
        found[_Known(identity, alike[identity])] = run
        alike[identity] += 1
    return found


def _times(run: Run) -> list[int]:
    """The times of a run in milliseconds since the epoch."""
    return [(time - EPOCH) // MILLISECOND for time in run_times(run)]


def _lies_inside(run: Run, span: Window) -> bool:
    times = _times(run)
    return bool(times) and span.start < min(times) and max(times) < span.end


def _outcome(run: Run) -> tuple[object, ...]:
    return run.status, run.start_time, run.end_time


def _order(run: Run) -> tuple[datetime, int]:
    return planned_at(run) or EPOCH, run.run_id or 0
