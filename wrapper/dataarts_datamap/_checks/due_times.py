"""Due times of tables on a wall clock, and the runs that count for them. No I/O."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from math import ceil, floor
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct

from dataarts_datamap._arguments import instance, instances
from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._models.runs import RunState, planned_or_begun
from dataarts_datamap._monitoring.freshness import Verdict, checked_now
from dataarts_datamap._text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dataarts_datamap._models.runs import Run

WEEK: Final = frozenset(range(7))
_DAY: Final = timedelta(days=1)
_MIDNIGHT: Final = time(0)
_SPARE_WEEKS: Final = 3


class DuePeriod(NamedTuple):
    """The period for which a table was due.

    Attributes:
        day: The day on which it was due, in the zone of the due time.
        start: Time from which planned runs count, UTC.
        due: Time by which one of these runs must have succeeded, UTC.
    """

    day: date
    start: datetime
    due: datetime


class DueTime(Struct, frozen=True, kw_only=True):
    """The days on which a table is due, and the time by which a run planned for the day must have succeeded.

    If the clocks skip the time, the table is due at the moment of the change; if the time occurs twice, it is due at
    the first. A day that the zone skipped has no due time.

    Attributes:
        at: The time of day.
        zone: Zone of the time and the days.
        days: Days of the week on which it is due, 0 for Monday; all, if left out.
        exceptions: Dates on which it is not due, such as holidays.
        planned_from: The time of day from which planned runs count, on the same day if it is before ``at``, else on the
            day before. If left out, midnight.

    Raises:
        InvalidArgumentError: ``days`` is empty or has something else than 0 to 6, ``exceptions`` has something else
            than dates, a time has a tzinfo, or a value has the wrong type.
    """

    at: time
    zone: tzinfo
    days: frozenset[int] = WEEK
    exceptions: frozenset[date] = frozenset()
    planned_from: time = _MIDNIGHT

    def __post_init__(self) -> None:
        instance("zone", self.zone, tzinfo, 'a tzinfo, such as ZoneInfo("Asia/Shanghai")')
        for name, at in (("at", self.at), ("planned_from", self.planned_from)):
            instance(name, at, time, "a time of day, such as time(8)")
        for name, days in (("days", self.days), ("exceptions", self.exceptions)):
            instance(name, days, (set, frozenset), "a frozenset")
        if not self.days or not self.days <= WEEK:
            raise InvalidArgumentError(f"days must be days of the week, 0 (Monday) to 6, not {shown(self.days)}")
        instances("exceptions", self.exceptions, date, "dates")
        if any(isinstance(day, datetime) for day in self.exceptions):
            raise InvalidArgumentError(f"exceptions must be dates, not {shown(self.exceptions)}")
        if self.at.tzinfo is not None or self.planned_from.tzinfo is not None:
            raise InvalidArgumentError("at and planned_from are times of the zone, and must not have a tzinfo")

    def period(self, now: datetime) -> DuePeriod | None:
        """The latest period due at or before a time; None if there was none since the year 1.

        Raises:
            InvalidArgumentError: The time is naive, or not of the years 1971 to 9998.
        """
        now = checked_now(now)
        local = now.astimezone(self.zone).date()
        most = 7 * (len(self.exceptions) + _SPARE_WEEKS)
        for back in range(-1, min(most, local.toordinal() - 2)):
            day = local - timedelta(days=back)
            if self._is_due_on(day) and (due := first_instant(day, self.at, self.zone)) <= now:
                first = day if self.planned_from < self.at else day - _DAY
                return DuePeriod(day, first_instant(first, self.planned_from, self.zone), due)
        return None

    def text(self, period: DuePeriod) -> str:
        """The due time of the period in its zone, as text: ``2026-11-30 08:00 Asia/Shanghai``."""
        return f"{period.day.isoformat()} {self.at.isoformat('minutes')} {self.zone}"

    def _is_due_on(self, day: date) -> bool:
        return day.weekday() in self.days and day not in self.exceptions and _exists(day, self.zone)


def first_instant(day: date, at: time, zone: tzinfo) -> datetime:
    """The moment at which the clocks of a zone first show a time of a day, or a later time; UTC, to the second."""
    wanted = datetime.combine(day, at)
    found = wanted.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if _wall(found, zone) == wanted:
        return found
    before, after = floor(wanted.replace(tzinfo=zone, fold=1).timestamp()), ceil(found.timestamp())
    while after - before > 1:  # the clocks were put forward between the two
        middle = (before + after) // 2
        is_later = _wall(datetime.fromtimestamp(middle, UTC), zone) >= wanted
        before, after = (before, middle) if is_later else (middle, after)
    return datetime.fromtimestamp(after, UTC)


def due_verdict(runs: Iterable[Run], period: DuePeriod, now: datetime) -> Verdict:
    """The verdict of an operator whose table was due.

    Returns:
        ``FRESH`` if a run planned since the period began has succeeded. Otherwise ``UNKNOWN`` if a run without a
        planned time succeeded. Otherwise, of the runs planned from the beginning of the period until now: ``FAILED`` if
        one failed and none is going on; ``UNKNOWN`` if one has an unknown status; else ``LATE``. The planned time is
        that of ``planned_or_begun``.
    """
    known = list(runs)
    planned = [
        (plan, run.state) for run in known if (plan := planned_or_begun(run)) is not None and plan >= period.start
    ]
    states = {state for plan, state in planned if plan <= now}
    if any(state is RunState.SUCCEEDED for _, state in planned):
        return Verdict.FRESH
    if any(run.state is RunState.SUCCEEDED and planned_or_begun(run) is None for run in known):
        return Verdict.UNKNOWN
    if RunState.FAILED in states and RunState.ACTIVE not in states:
        return Verdict.FAILED
    return Verdict.UNKNOWN if RunState.UNKNOWN in states else Verdict.LATE


def _exists(day: date, zone: tzinfo) -> bool:
    return _wall(first_instant(day, _MIDNIGHT, zone), zone).date() == day


def _wall(instant: datetime, zone: tzinfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)
