"""Time and chance, as the client sees them."""

from __future__ import annotations

import random
import time


class Clock:
    """Time and chance for the waits between attempts. Pass one of your own as ``clock=`` to test without waiting."""

    def monotonic(self) -> float:
        """Seconds since some moment; it never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait, in a thread."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Wait, in an event loop."""
        import asyncio  # noqa: PLC0415  a client for threads does without, and it is the largest module it would load

        await asyncio.sleep(seconds)

    def random(self) -> float:
        """A number from 0 up to, but not including, 1."""
        return random.random()  # noqa: S311  spreads waits, and keeps no secret
