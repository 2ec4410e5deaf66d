"""The successes of a table that were yielded, across restarts. Logic without I/O; the time is passed in.

A *whole* reading begins ``lookback`` before the previous reading, or before the present if there was none. If an active
run is older, the reading begins just before that run, but goes back 30 days at most for it. The first reading after a
start is whole, and so is the next one ten minutes or more after a whole one. The readings in between are *parts*: they
begin an hour before the oldest active run, or an hour before the previous reading if that is earlier.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from dataarts_datamap import RunState
from dataarts_datamap._models.runs import run_times
from dataarts_datamap._text import shown
from dataarts_datamap._times import EPOCH, LAST_MILLISECOND, MILLISECOND, time_before

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dataarts_datamap import Run

WHOLE_EVERY: Final = timedelta(minutes=10)
"""The shortest time from a whole reading to the next whole one."""

_OVERLAP: Final = timedelta(hours=1)
_LONGEST_RUN: Final = timedelta(days=30)
_VERSION: Final = 1
_KEY_LENGTH: Final = 16
_EARLIEST: Final = 946_684_800_000  # the year 2000, so that the window before a reading begins after 1970


class Reading(NamedTuple):
    """The window of a reading.

    Attributes:
        start: The beginning of the window.
        end: Its end, the time of the reading.
        is_whole: Whether the window covers all runs that may have changed.
    """

    start: datetime
    end: datetime
    is_whole: bool


class YieldedRuns:
    """The successes of a table that were yielded.

    A run is identified by the first half of its ``key``. If its end changes, it counts as a new success. A trigger
    polls often, and stores the state in a database, so this class reads and keeps less than ``RunProgress``.

    Args:
        lookback: Time to look back for successes that appear late.
        state: The value of ``state`` before a restart; None to begin now, without yielding earlier successes.
    """

    def __init__(self, lookback: timedelta, state: object = None) -> None:
        self._lookback = lookback
        self._known: dict[str, int] = {}
        self._oldest_active: datetime | None = None
        self._read_until: datetime | None = None
        self._whole_at: datetime | None = None
        if state is not None:
            self._restore(state)

    @property
    def is_baseline(self) -> bool:
        """Whether the next reading is the first one of all."""
        return self._read_until is None

    def next_reading(self, now: datetime) -> Reading:
        if self._whole_at is None or self._read_until is None or not timedelta(0) <= now - self._whole_at < WHOLE_EVERY:
            base = now if self._read_until is None else min(now, self._read_until)
            return Reading(min(time_before(base, self._lookback), self._active_since(base)), now, is_whole=True)
        return Reading(min(self._active_since(now), self._read_until) - _OVERLAP, now, is_whole=False)

    def take(self, runs: Iterable[Run], reading: Reading) -> list[Run]:
        """The runs that have succeeded since the previous reading, in the order of their ends; none for the first."""
        known_runs = list(runs)
        found = {run.key[:_KEY_LENGTH]: run for run in known_runs if run.state is RunState.SUCCEEDED}
        fresh = [run for key, run in found.items() if not self.is_baseline and self._is_new(key, run)]
        kept = self._known
        if reading.is_whole:
            start = _milliseconds(reading.start)
            kept = {key: end for key, end in kept.items() if abs(end) >= start}
            self._whole_at = reading.end
        self._known = {**kept, **{key: _mark(run) for key, run in found.items()}}
        starts = [min(times) for run in known_runs if run.state is RunState.ACTIVE and (times := run_times(run))]
        self._oldest_active = min(starts, default=None)
        self._read_until = reading.end
        return sorted(fresh, key=_latest_time)

    def state(self) -> dict[str, Any]:
        """The state to keep across restarts, ready for JSON: about 35 bytes for each success."""
        return {
            "version": _VERSION,
            "read_until": None if self._read_until is None else _milliseconds(self._read_until),
            "oldest_active": None if self._oldest_active is None else _milliseconds(self._oldest_active),
            "successes": self._known,
        }

    def _restore(self, state: object) -> None:
        """Restore a state.

        Raises:
            ValueError: It is not a state, or is damaged.
        """
        content: Mapping[str, Any] = cast("dict[str, Any]", state) if isinstance(state, dict) else {}
        version, oldest, known = (content.get(name) for name in ("version", "oldest_active", "successes"))
        if type(version) is not int or version != _VERSION:
            raise ValueError("not a state of this version")
        if not isinstance(known, dict):
            raise ValueError(f"successes is {shown(known)}, not an object")  # noqa: TRY004  any damage is a ValueError
        until = _whole_number("read_until", content.get("read_until"), least=_EARLIEST)
        active = None if oldest is None else _whole_number("oldest_active", oldest, least=0)
        self._known = {
            key: _whole_number(f"the end of {shown(key)}", end, least=-LAST_MILLISECOND)
            for key, end in cast("dict[str, object]", known).items()
        }
        self._read_until = EPOCH + until * MILLISECOND
        self._oldest_active = None if active is None else EPOCH + active * MILLISECOND

    def _active_since(self, base: datetime) -> datetime:
        if self._oldest_active is None:
            return base
        return max(self._oldest_active - MILLISECOND, base - _LONGEST_RUN)

    def _is_new(self, key: str, run: Run) -> bool:
        before = self._known.get(key)
        if before is None:
            return True
        return before > 0 and run.end_time is not None and before != _mark(run)


def _whole_number(name: str, value: object, *, least: int) -> int:
    """A stored number of milliseconds.

    Raises:
        ValueError: It is not a whole number, or is below ``least`` or after the year 9999.
    """
    if type(value) is not int or not least <= value <= LAST_MILLISECOND:
        raise ValueError(f"{name} is {shown(value)}, not a whole number from {least} to {LAST_MILLISECOND}")
    return value


def _mark(run: Run) -> int:
    """The end of a run in milliseconds since the epoch, UTC; if that is not known, the negated latest of its times."""
    return -_milliseconds(_latest_time(run)) if run.end_time is None else _milliseconds(run.end_time)


def _latest_time(run: Run) -> datetime:
    return max(run_times(run), default=EPOCH)


def _milliseconds(time: datetime) -> int:
    return (time - EPOCH) // MILLISECOND
