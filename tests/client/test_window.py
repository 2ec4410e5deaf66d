"""Times as callers give them, and the window that goes on the wire."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap import InvalidArgumentError
from dataarts_datamap._window import Window, milliseconds, window

NOW = datetime(2024, 1, 15, 9, 41, 9, 796000, tzinfo=UTC)
CHINA = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    "time",
    [
        1705248000000,
        datetime(2024, 1, 15, tzinfo=CHINA),
        datetime(2024, 1, 14, 16, tzinfo=UTC),
        "2024-01-15T00:00:00+08:00",
        "2024-01-14T16:00:00Z",
        "2024-01-14 16:00:00.000+00:00",
    ],
)
def test_time(time: Any) -> None:
    """Each way to write a moment gives the same milliseconds."""
    assert 1705248000000 == milliseconds("start", time)


@given(st.datetimes(min_value=datetime(1973, 6, 1), timezones=st.timezones() | st.just(UTC)))  # noqa: DTZ001  the zones are drawn
def test_any_aware_time_is_exact(time: datetime) -> None:
    """The milliseconds are those of the moment, rounded down at the start and up at the end, and never off by more."""
    try:
        moment = time.astimezone(UTC)
    except OverflowError:
        return
    down, up = milliseconds("start", time), milliseconds("end", time, round_up=True)
    exact = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

    assert down * 1000 <= exact <= up * 1000
    assert up - down in {0, 1}


NAIVE: list[Any] = [datetime(2024, 1, 15), "2024-01-15T00:00:00", "2024-01-15"]  # noqa: DTZ001  what is refused


@pytest.mark.parametrize("time", NAIVE)
def test_naive_time(time: Any) -> None:
    """A time without a zone is refused, and the text says how to mend it."""
    with pytest.raises(InvalidArgumentError, match=r"start 2024-01-15T00:00:00 has no time zone.*\+00:00"):
        milliseconds("start", time)


def test_seconds() -> None:
    """Seconds given for milliseconds would find nothing; they are refused, with the milliseconds they seem to mean."""
    with pytest.raises(
        InvalidArgumentError, match="start 1705248000 looks like seconds: give milliseconds, 1705248000000"
    ):
        milliseconds("start", 1705248000)


HUGE = pytest.param(10**5000, id="huge")
WRONG: list[Any] = [
    None,
    True,
    1.7e12,
    "",
    "yesterday",
    "\u202e",
    b"x",
    date(2024, 1, 15),
    -1,
    HUGE,
    253402300800000,
]


@pytest.mark.parametrize("time", WRONG)
def test_no_time(time: Any) -> None:
    """What is no time is refused, by the name of its parameter."""
    with pytest.raises(InvalidArgumentError, match=r"^end ") as caught:
        milliseconds("end", time)
    assert str(caught.value).isprintable()


def test_window_up_to_now() -> None:
    """Without an end, the window ends now."""
    assert Window(1705248000000, 1705311669796) == window(start=1705248000000, end=None, since=None, now=NOW)


def test_window_since() -> None:
    """With since, the window begins that long before its end."""
    assert Window(1705225269796, 1705311669796) == window(start=None, end=None, since=timedelta(days=1), now=NOW)
    assert Window(1000000000000 - 1, 1000000000000) == window(
        start=None, end=1000000000000, since=timedelta(milliseconds=1), now=NOW
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": None, "end": None, "since": None},
        {"start": 0, "end": None, "since": timedelta(1)},
        {"start": 1705311669797, "end": 1705311669796, "since": None},
        {"start": None, "end": None, "since": timedelta(0)},
        {"start": None, "end": None, "since": timedelta(-1)},
        {"start": None, "end": None, "since": timedelta(days=365 * 60)},
        {"start": None, "end": None, "since": 24},
        {"start": None, "end": None, "since": timedelta.max},
    ],
)
def test_wrong_window(wrong: Any) -> None:
    """A window without one beginning, or that begins after its end, is refused."""
    with pytest.raises(InvalidArgumentError):
        window(now=NOW, **wrong)


def test_fractions_of_a_millisecond() -> None:
    """A fraction of a millisecond makes the window longer at either end, never shorter."""
    end = datetime(2024, 1, 15, 0, 0, 0, 500, tzinfo=UTC)
    span = timedelta(milliseconds=1, microseconds=500)

    assert Window(1705276800000, 1705276800001) == window(start=end, end=end, since=None, now=NOW)
    assert Window(1705276799999, 1705276800001) == window(start=None, end=end, since=span, now=NOW)


def test_old_datetime() -> None:
    """A datetime is never taken for seconds, however old it is."""
    assert Window(63072000000, 63072000000) == window(
        start=datetime(1972, 1, 1, tzinfo=UTC), end=datetime(1972, 1, 1, tzinfo=UTC), since=None, now=NOW
    )


def test_empty_window() -> None:
    """A window may begin where it ends: whether the ends belong to it is the server's to say."""
    assert Window(1705248000000, 1705248000000) == window(start=1705248000000, end=1705248000000, since=None, now=NOW)


class OtherSpan(timedelta):
    """A duration of a library of times, such as pendulum's, that does not divide by those of the standard library."""

    def __divmod__(self, other: object) -> Any:
        """Never defined."""
        raise AttributeError(other)

    __floordiv__ = __divmod__


class OtherTime(datetime):
    """A time of such a library, whose differences are its own durations."""

    def __sub__(self, other: Any) -> Any:
        """The time before this one, or the duration since then."""
        return OtherSpan(seconds=super().__sub__(other).total_seconds())


@pytest.mark.parametrize(
    ("end", "since"),
    [
        (
            OtherTime(2024, 1, 15, 8, 0, 0, 1500, tzinfo=timezone(timedelta(hours=8))),
            OtherSpan(hours=1, microseconds=1),
        ),
        (pd.Timestamp("2024-01-15T00:00:00.0015Z"), pd.Timedelta("1h") + pd.Timedelta("1us")),
    ],
)
def test_times_of_other_libraries(end: datetime, since: timedelta) -> None:
    """Subclasses of datetime and timedelta count like plain ones, though they calculate in their own ways."""
    assert Window(1705273200000 + 1, 1705276800000 + 2) == window(start=None, end=end, since=since, now=NOW)
