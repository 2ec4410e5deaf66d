"""A wall clock that only moves when a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class MovingClock:
    """Returns its own time, aware."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **span: float) -> None:
        """Let time pass, given as the parts of a ``timedelta``."""
        self.now += timedelta(**span)
