"""The rate limit of a client, for all its requests together."""

from __future__ import annotations

import math
import os
from collections import deque
from threading import Lock
from typing import Final

_SMEAR: Final = 1.025  # margin, since the delay to the server varies


class RateLimiter:
    """Lets at most ``rate`` requests pass in any second, and none for a while after the server reported too many.

    A fractional rate is kept over a longer period: 12.5 means 13 requests in 1.04 seconds, 0.5 means one in 2 seconds.

    Times are seconds of the caller's clock. If that clock stands still, as in a test, or goes back, the latest time
    seen counts: after a wait, a caller calls ``wait`` with the time at which the wait was to end.

    Args:
        rate: Requests in a second; None for no limit.
    """

    def __init__(self, rate: float | None = None) -> None:
        self._most = 0 if rate is None else math.ceil(rate)
        self._period = 0.0 if rate is None else self._most / rate * _SMEAR
        self._passed: deque[float] = deque(maxlen=self._most)
        self._paused_until = 0.0
        self._latest = -math.inf
        self._locks: dict[int, Lock] = {}

    def time(self, now: float) -> float:
        """The latest time seen, including ``now``."""
        return max(self._latest, now)

    def wait(self, now: float) -> float:
        """Seconds to wait before calling again; 0 lets one request pass."""
        with self._lock():
            now = self._latest = self.time(now)
            free = self._passed[0] + self._period if self._most and len(self._passed) == self._most else now
            wait = max(free, self._paused_until) - now
            if wait > 0:
                return wait
            self._passed.append(now)
            return 0.0

    def pause(self, until: float) -> None:
        """Let no request pass until a time."""
        with self._lock():
            self._paused_until = max(self._paused_until, until)

    def _lock(self) -> Lock:
        """The lock of this process: a lock held during a fork is never released in the child."""
        process = os.getpid()
        return self._locks.get(process) or self._locks.setdefault(process, Lock())
