"""Polls a table's runs, and goes on after temporary failures."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from dataarts_datamap._errors import DataMapError
from dataarts_datamap._monitoring.snapshot import may_recover
from dataarts_datamap._text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from dataarts_datamap._models.runs import Operator, Run
    from dataarts_datamap._monitoring.snapshot import Change, Snapshot
    from dataarts_datamap._window import Window

_LONGEST_WAIT: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Poll:
    """The result of a reading.

    Attributes:
        at: Time at which the reading ended, UTC.
        notes: Warnings given during the reading, each once.
        next_at: Time at which the next reading begins, UTC; None if this was the last.
    """

    at: datetime
    changes: tuple[Change, ...] = ()
    error: DataMapError | None = None
    notes: tuple[str, ...] = ()
    next_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PollSchedule:
    """The times of the readings.

    Attributes:
        every: Time from the end of a reading to the beginning of the next one; longer if an error response of the
            service asks for it. At most a day.
        patience: Time from the start to the beginning of the last reading; None to go on for ever.
        until_ended: Whether to stop after a reading that finds no active run.
        now: Returns the present, aware.
    """

    every: timedelta
    patience: timedelta | None
    until_ended: bool
    now: Callable[[], datetime]
    wait: Callable[[float], None]


class PolledTable(Protocol):
    """The table that is polled; both reads raise ``DataMapError`` if they fail."""

    @property
    def guid(self) -> str: ...
    def list_operators(self) -> list[Operator]: ...
    def list_runs(self, window: Window, operators: Sequence[Operator]) -> list[Run]: ...


class Polls:
    """The readings of a table, each taken when the iteration reaches it.

    Attributes:
        operators: The operators of the table, as of the last reading that succeeded.
    """

    def __init__(self, table: PolledTable, snapshot: Snapshot, *, schedule: PollSchedule) -> None:
        self.operators: list[Operator] = []
        self._table = table
        self._snapshot = snapshot
        self._schedule = schedule

    def __iter__(self) -> Iterator[Poll]:
        """Each poll, including failed ones; the first must succeed.

        Raises:
            DataMapError: The first reading failed, or a later one failed permanently.
        """
        schedule = self._schedule
        until = None if schedule.patience is None else schedule.now() + schedule.patience
        while True:
            poll = self._read(until)
            yield poll
            if poll.next_at is None:
                return
            schedule.wait(max(0.0, (poll.next_at - schedule.now()).total_seconds()))

    def _read(self, until: datetime | None) -> Poll:
        schedule = self._schedule
        changes: tuple[Change, ...] = ()
        failure: DataMapError | None = None
        with warnings.catch_warnings(record=True) as given:
            try:
                changes = self._take()
            except DataMapError as error:
                if self._snapshot.window is None or not may_recover(error):
                    raise
                failure = error
        at = schedule.now()
        asked = 0.0 if failure is None else failure.retry_after or 0.0
        next_at = at + min(max(schedule.every, timedelta(seconds=asked)), _LONGEST_WAIT)
        if until is not None:
            next_at = min(next_at, until)
        return Poll(
            at=at,
            changes=changes,
            error=failure,
            notes=tuple(dict.fromkeys(str(one.message) for one in given)),
            next_at=None if self._is_over(at, until) else next_at,
        )

    def _is_over(self, at: datetime, until: datetime | None) -> bool:
        return (until is not None and at >= until) or (self._schedule.until_ended and not self._snapshot.active)

    def _take(self) -> tuple[Change, ...]:
        poll_window = self._snapshot.next_window(self._schedule.now())
        operators = self._table.list_operators()
        if not operators and self._snapshot.window is None:
            name = printable(self._table.guid, limit=80)
            raise DataMapError(f"no operator is known to produce the table {name}: is it the GUID of another table?")
        runs = self._table.list_runs(poll_window.window, operators)
        self.operators = operators
        return self._snapshot.take(runs, poll_window)
