"""A wall clock that moves when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class MovingClock:
    """Tells a time of its own, aware."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **span: float) -> None:
        """Let time pass, given as the parts of a ``timedelta``."""
        self.now += timedelta(**span)
