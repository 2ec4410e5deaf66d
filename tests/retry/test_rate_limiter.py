"""How many requests a limit lets through, on a clock that stands still between them."""

from __future__ import annotations

import pytest

from dataarts_datamap._retry.rate_limiter import RateLimiter


def passed(rate: float, *, until: float) -> list[float]:
    """When each request passes of a caller who always has one more."""
    limiter, now, times = RateLimiter(rate), 0.0, []
    while now < until:
        if wait := limiter.wait(now):
            now += wait
        else:
            times.append(now)
    return times


@pytest.mark.parametrize("rate", [0.01, 0.5, 0.99, 1, 1.5, 1.99, 2.5, 12.5, 49.9, 50, 99.99])
def test_no_second_has_more_than_the_rate(rate: float) -> None:
    """In any second, and over a long time, no more requests pass than the rate says, and hardly fewer."""
    times = passed(rate, until=400 / rate)
    busiest = max(sum(start <= time < start + 1 for time in times[index:]) for index, start in enumerate(times))

    assert busiest < rate + 1
    assert 0.95 < len(times) / 400 < 1 + rate / 400 + 0.01
