"""Parses time zones, times and spans of a command line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as time_of_day
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from dataarts_datamap._times import parse_span as read_span

if TYPE_CHECKING:
    from collections.abc import Callable

_MILLISECOND_DIGITS: Final = range(9, 16)  # eight digits are a date, such as 20240111


class Day(datetime):
    """A date as it was typed. It means the first instant of its day, which is not midnight everywhere."""


def parse_zone(text: str) -> tzinfo:
    if text.upper() in {"UTC", "Z"}:
        return UTC
    try:
        zone = datetime.fromisoformat(f"2000-01-01T00:00{text}").tzinfo if text[:1] in {"+", "-"} else ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = None
    if zone is None:
        raise click.BadParameter(
            f"{text!r} is not a known time zone; give a name such as Asia/Shanghai, or +08:00 (--tz or DATAMAP_TZ)"
        )
    return zone


def parse_time(text: str) -> datetime | int:
    """A date or a time, naive if it has no offset, or milliseconds since the epoch."""
    if text.isascii() and text.isdigit() and len(text) in _MILLISECOND_DIGITS:
        return int(text)
    try:
        return Day.fromisoformat(text) if _is_date(text) else datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a time such as 2024-01-11 or 2024-01-11T09:00:00+08:00") from None


def parse_span(text: str) -> timedelta:
    span = read_span(text)
    if span is None:
        raise click.BadParameter(f"{text!r} is not a span such as 90m, 24h or 7d")
    return span


def span_up_to(longest: str) -> Callable[[str], timedelta]:
    """A parser of spans that refuses those longer than this one."""

    def parse(text: str) -> timedelta:
        span = parse_span(text)
        if span > parse_span(longest):
            raise click.BadParameter(f"{text!r} is longer than {longest}")
        return span

    return parse


def in_zone(time: datetime | int | None, zone: tzinfo, *, end: bool = False) -> datetime | int | None:
    """The time; a naive one gets the zone.

    When clocks are put back, an hour occurs twice: a window begins with the first occurrence of a time and ends with
    the second. A date means the first instant of its day, as the beginning of a window and as its end.

    Raises:
        click.UsageError: The zone skips this time or day, or the time is out of range.
    """
    if not isinstance(time, datetime) or time.tzinfo is not None:
        return time
    local = time.replace(tzinfo=zone, fold=int(end and not isinstance(time, Day)))
    try:
        found = local.astimezone(UTC).astimezone(zone)
    except OverflowError:
        raise click.UsageError(f"{time.isoformat()} in {zone} is out of range: the years are 1970 to 9999") from None
    if found.replace(tzinfo=None, fold=0) != time:
        if isinstance(time, Day):
            return _first_instant(time, zone)
        raise click.UsageError(f"{time.isoformat()} does not exist in {zone}: clocks were put forward; give an offset")
    return local


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _first_instant(day: Day, zone: tzinfo) -> datetime:
    """The first instant, to the second, of a day whose midnight was skipped because clocks were put forward."""
    from dataarts_datamap._checks.due_times import first_instant

    first = first_instant(day.date(), time_of_day(0), zone).astimezone(zone)
    if first.date() != day.date():
        raise click.UsageError(f"{day.date()} does not exist in {zone}: the calendar skipped it")
    return first
