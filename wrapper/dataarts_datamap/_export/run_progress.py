"""Remembers which runs were passed on to another system, and the time from which runs can be new or changed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, ValidationError, convert, field

from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._models.runs import Milliseconds, has_ended, run_times
from dataarts_datamap._text import shown
from dataarts_datamap._times import EPOCH, MILLISECOND, plain_span, plain_time, time_before
from dataarts_datamap._window import WINDOW_MARGIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from dataarts_datamap._models.runs import Run

_LOOKBACK: Final = timedelta(days=7)


class _Known(Struct):
    """A progress as plain values: ``open_since`` in milliseconds since the epoch, and a stamp for each key of a run."""

    open_since: Milliseconds | None = None
    seen: dict[str, str] = field(default_factory=dict[str, str])


class RunProgress:
    """Finds the runs of a table to pass on to another system: each run once, and again each time it has changed.

    A run has changed if its status or its end differs, or, while it has no end, its start. An unfinished run is read
    again until it has ended, however old it is. Finished runs are read again within the lookback; a rerun of an older
    one is missed. If an unfinished run has no time, it may lie anywhere, so all runs of the window are read again. The
    progress consists of plain values, for a file or the state of another system: about 60 bytes for each run of the
    lookback.

    Args:
        known: The value of an earlier ``to_dict``; None to begin.
        lookback: Time before the present from which finished runs are read again.
        remembers_runs: Whether single runs are remembered. If not, the progress takes a few bytes, and each run that is
            read again counts as new, for systems that merge by ``Run.key``.

    Raises:
        InvalidArgumentError: ``known`` is not such a value, or the lookback is not a positive timedelta.
    """

    def __init__(
        self,
        known: Mapping[str, Any] | None = None,
        *,
        lookback: timedelta = _LOOKBACK,
        remembers_runs: bool = True,
    ) -> None:
        self._lookback = _checked_span(lookback)
        self._remembers_runs = remembers_runs
        given = _checked({} if known is None else known)
        self._open_since, self._seen = given.open_since, given.seen

    @property
    def is_new(self) -> bool:
        """Whether no window has been taken in yet."""
        return self._open_since is None

    def start(self, now: datetime, *, first: timedelta) -> datetime:
        """The beginning of the next window to read: early enough for all runs that can be new or changed.

        Args:
            now: The present, aware.
            first: Time to look back if no window has been taken in yet.
        """
        if self._open_since is None:
            return time_before(now, first)
        return min(EPOCH + self._open_since * MILLISECOND, time_before(now, self._lookback))

    def advance(self, runs: Iterable[Run], now: datetime) -> list[Run]:
        """Take in the runs of a window that begins at ``start``; returns those that are new or changed, in order.

        Args:
            runs: All runs of the window.
            now: The aware time that ``start`` was given for the window.
        """
        return list(self.changed(runs, now))

    def changed(self, runs: Iterable[Run], now: datetime) -> Iterator[Run]:
        """The runs that ``advance`` returns, one by one. The progress only changes once all of them were consumed.

        Args:
            runs: All runs of the window.
            now: The aware time that ``start`` was given for the window.
        """
        earliest = oldest_open = _milliseconds(now)
        has_undated_open = False
        seen: dict[str, tuple[str, int | None]] = {}
        for run in runs:
            times = [time for time in (run.plan_time, run.submit_time, run.start_time) if time is not None]
            first = _milliseconds(min(times)) if times else earliest
            earliest = min(earliest, first)
            if not has_ended(run.state.value, has_end=run.end_time is not None):
                has_undated_open |= not times
                oldest_open = min(oldest_open, first)
            if self._remembers_runs:
                key, stamp = run.key, _stamp(run)
                known = seen[key][0] if key in seen else self._seen.get(key)
                seen[key] = stamp, _milliseconds(max(run_times(run))) if times else None
                if known == stamp:
                    continue
            yield run
        self._open_since = earliest if has_undated_open else oldest_open
        start = _milliseconds(self.start(now, first=self._lookback) - WINDOW_MARGIN)
        self._seen = {key: stamp for key, (stamp, last) in seen.items() if last is None or last >= start}

    def to_dict(self) -> dict[str, Any]:
        """The progress as plain values, ready for JSON."""
        return {"open_since": self._open_since, "seen": dict(self._seen)}


def _milliseconds(time: datetime) -> int:
    return (plain_time(time) - EPOCH) // MILLISECOND


def _stamp(run: Run) -> str:
    """A text that changes when the run changes."""
    moment = run.end_time or run.start_time
    return f"{run.status} {'' if moment is None else _milliseconds(moment)}"


def _checked(known: object) -> _Known:
    try:
        return convert(known, _Known)
    except ValidationError:
        raise InvalidArgumentError(f"this is not the progress of runs: {shown(known)}") from None


def _checked_span(lookback: object) -> timedelta:
    if not isinstance(lookback, timedelta) or lookback <= timedelta(0):
        raise InvalidArgumentError(f"lookback must be a positive timedelta, not {shown(lookback)}")
    return plain_span(lookback)
