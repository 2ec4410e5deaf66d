"""Times as given by callers, and the window of milliseconds that is sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._text import shown
from dataarts_datamap._times import EPOCH, LAST_MILLISECOND, MILLISECOND, plain_span, plain_time, span_hint

Time: TypeAlias = datetime | str | int
"""An aware datetime, ISO 8601 text with an offset, or milliseconds since the epoch (UTC)."""

WINDOW_MARGIN: Final = timedelta(minutes=1)
"""The margin for times at the ends of a window, since it is not documented whether a window includes its ends."""

_LIKELY_SECONDS: Final = range(1, 100_000_000_000)  # as milliseconds, times up to 1973-03-03


class Window(NamedTuple):
    """The pair of times as sent, in milliseconds since the epoch (UTC).

    It is not documented which time of a run it filters on, nor whether it includes its ends.
    """

    start: int
    end: int


def window(*, start: Time | None, end: Time | None, since: timedelta | None, now: datetime) -> Window:
    """The window from ``start`` to ``end``.

    With ``since`` in place of ``start``, it begins that much before its end. Without ``end``, it ends at ``now``.

    Raises:
        InvalidArgumentError: ``milliseconds`` refuses a time; ``since`` is not a positive timedelta; not exactly one of
            ``start`` and ``since`` is given; or the window begins before 1970 or after its end.
    """
    if (start is None) is (since is None):
        raise InvalidArgumentError("give exactly one of start and since: the window needs a beginning")
    last = milliseconds("end", now if end is None else end, round_up=True)
    first = milliseconds("start", start) if start is not None else last - _span(since)
    if first < 0:
        raise InvalidArgumentError(f"the window begins before 1970: start {first} (ms)")
    if first > last:
        raise InvalidArgumentError(f"the window begins after its end: start {_said(first)}, end {_said(last)}")
    return Window(first, last)


def _said(time: int) -> str:
    return (EPOCH + time * MILLISECOND).isoformat()


def milliseconds(name: str, value: object, *, round_up: bool = False) -> int:
    """A time as milliseconds since the epoch (UTC); a fraction of a millisecond is cut off, or rounded up.

    Raises:
        InvalidArgumentError: The value is not a time, has no time zone, is out of range, or is a number that looks like
            seconds; the text says how to fix it.
    """
    match value:
        case bool():
            raise InvalidArgumentError(f"{name} must be a time, not {value}")
        case int():
            if value in _LIKELY_SECONDS:
                raise InvalidArgumentError(f"{name} {value} looks like seconds: give milliseconds, {value * 1000}")
            return _checked(name, value)
        case str():
            return milliseconds(name, _parse(name, value), round_up=round_up)
        case datetime():
            return _checked(name, _since_epoch(name, value, round_up=round_up))
        case _:
            kind = type(value).__name__
            raise InvalidArgumentError(f"{name} must be an aware datetime, ISO 8601 text or milliseconds, not {kind}")


def _since_epoch(name: str, value: datetime, *, round_up: bool) -> int:
    if value.utcoffset() is None:
        raise InvalidArgumentError(
            f"{name} {value.isoformat()} has no time zone: give one, such as datetime(…, tzinfo=timezone.utc), "
            f"or an offset such as {value.isoformat()}+00:00"
        )
    whole, rest = divmod(plain_time(value) - EPOCH, MILLISECOND)
    return whole + 1 if round_up and rest else whole


def _parse(name: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InvalidArgumentError(
            f"{name} {shown(text)} is not an ISO 8601 time with an offset, such as 2024-01-11T09:00:00+08:00"
        ) from None


def _span(since: object) -> int:
    if not isinstance(since, timedelta) or since <= timedelta(0):
        hint = span_hint(since, "timedelta(days=7)")
        raise InvalidArgumentError(f"since must be a positive timedelta, such as {hint}, not {shown(since)}")
    whole, rest = divmod(plain_span(since), MILLISECOND)
    return whole + 1 if rest else whole


def _checked(name: str, value: int) -> int:
    if not 0 <= value <= LAST_MILLISECOND:
        raise InvalidArgumentError(f"{name} {shown(value)} is out of range: 0 to {LAST_MILLISECOND} ms since the epoch")
    return value
