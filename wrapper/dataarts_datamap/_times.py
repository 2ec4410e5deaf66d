"""Times and durations: as plain values, on the clocks of a zone, and as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import tzinfo

_SPAN: Final = re.compile(r"\s*(\d{1,6})\s*([smhdw])\s*", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
LAST_MILLISECOND: Final = 253_402_300_799_999
"""The end of the year 9999, the last year of datetime, in milliseconds since the epoch."""


def plain_time(time: datetime) -> datetime:
    """The same time as a plain datetime: subclasses, such as those of pendulum, calculate in their own ways."""
    if type(time) is datetime:
        return time
    date, clock = (time.year, time.month, time.day), (time.hour, time.minute, time.second, time.microsecond)
    return datetime(*date, *clock, tzinfo=time.tzinfo, fold=time.fold)


def time_before(time: datetime, span: timedelta) -> datetime:
    """The time that much earlier, UTC; 1970 if that is earlier still, since no window begins before."""
    passed = plain_time(time) - EPOCH
    return EPOCH + (passed - min(span, passed))


def plain_span(span: timedelta) -> timedelta:
    """The same duration as a plain timedelta, to the microsecond."""
    return span if type(span) is timedelta else timedelta(seconds=span.total_seconds())


def wall_time(time: datetime, zone: tzinfo) -> datetime:
    """The naive time in the zone; in UTC if the time in the zone would be outside the years 1 to 9999."""
    try:
        local = time.astimezone(zone)
    except OverflowError:
        local = time.astimezone(UTC)
    return local.replace(tzinfo=None)


def time_text(time: datetime, zone: tzinfo) -> str:
    """A time in the zone as text, such as ``2024-01-11 09:00:00``."""
    return wall_time(time, zone).isoformat(sep=" ", timespec="seconds")


def iso_text(time: datetime) -> str:
    """A UTC time as ISO 8601 text, such as ``2024-01-11T01:01:47.000Z``."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def span_hint(value: object, example: str) -> str:
    """The timedelta that a wrong value probably means, such as ``timedelta(days=7)`` for ``"7d"``; else the example."""
    match = _SPAN.fullmatch(value) if isinstance(value, str) else None
    return f"timedelta({_UNITS[match[2]]}={int(match[1])})" if match else example


def http_time(text: str) -> datetime | None:
    """The time in a header such as ``Date``, UTC; None if it is no such time, or has no zone."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415  rarely needed

    try:
        time = parsedate_to_datetime(text)
        return None if time.tzinfo is None else time.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def parse_span(text: str) -> timedelta | None:
    """A timedelta from a text such as ``90m``, ``26h`` or ``7d``; None if it is invalid or zero."""
    match = _SPAN.fullmatch(text)
    return timedelta(**{_UNITS[match[2]]: int(match[1])}) or None if match else None


def span_text(span: timedelta) -> str:
    """A duration in its two largest units, such as ``2 d 3 h`` or ``12 min 5 s``."""
    seconds = round(abs(span.total_seconds()))
    units = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
    first = next((index for index, (_, size) in enumerate(units) if seconds >= size), len(units) - 1)
    parts: list[str] = []
    for name, size in units[first : first + 2]:
        number, seconds = divmod(seconds, size)
        if number or not parts:
            parts.append(f"{number} {name}")
    sign = "-" if span < timedelta(0) and parts != ["0 s"] else ""
    return sign + " ".join(parts)
