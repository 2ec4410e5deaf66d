"""The client's source of time and of random numbers."""

from __future__ import annotations

import random
import time


class Clock:
    """A source of time and of random numbers for waits. Pass your own as ``clock=`` to test without waiting."""

    def monotonic(self) -> float:
        """Seconds since some moment; it never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait, in a thread."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Wait, in an event loop."""
        import asyncio  # noqa: PLC0415  a large module, which the synchronous client does not need

        await asyncio.sleep(seconds)

    def random(self) -> float:
        """A number from 0 up to, but not including, 1."""
        return random.random()  # noqa: S311  only spreads waits
