"""Properties of the way to a real service: a rate limit and latency."""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from typing import TYPE_CHECKING

from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from dataarts_datamap_contract.mock._config import MockConfig
    from dataarts_datamap_contract.mock._web.record import Record


class RateLimit:
    """Accepts a number of requests in any second, and refuses further ones with the gateway's error.

    A refused request does not count towards the limit; whether it does at the real gateway is not documented.
    """

    def __init__(self, config: MockConfig, record: Record) -> None:
        self._limit = config.rate_limit
        self._headers = {} if config.retry_after is None else {"Retry-After": str(config.retry_after)}
        self._stopwatch = config.stopwatch
        self._passed: deque[float] = deque(maxlen=config.rate_limit)
        self._record = record

    def check(self) -> None:
        """Return if one more request is allowed.

        Raises:
            HttpError: The limit of this second is reached.
        """
        if self._limit is None:
            return
        present = self._stopwatch()
        if len(self._passed) == self._limit and present - self._passed[0] < 1:
            self._record.count_throttled()
            raise HttpError(
                429,
                "APIGW.0308",
                "The throttling threshold has been reached: "
                f"policy user over ratelimit,limit:{self._limit},time:1 second",
                self._headers,
            )
        self._passed.append(present)


class Latency:
    """Delays of responses, log-normal and the same for the same seed."""

    def __init__(self, config: MockConfig) -> None:
        self._median = config.latency.total_seconds()
        self._sigma = config.latency_sigma
        self._random = random.Random(f"latency/{config.seed}")  # noqa: S311  made-up times, not a secret

    async def wait(self) -> None:
        """Return when the next response may be sent."""
        if self._median:
            await asyncio.sleep(self.draw())

    def draw(self) -> float:
        """The next delay, in seconds."""
        return self._random.lognormvariate(math.log(self._median), self._sigma)
