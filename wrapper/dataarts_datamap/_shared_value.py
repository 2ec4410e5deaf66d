"""A value that is fetched when it is needed, by one caller for all, and kept for as long as it is good.

Nothing here locks: a lock that another thread holds while the process forks is never released in the child. What must
happen once is an atomic operation of a dictionary, whose key is the process.
"""

from __future__ import annotations

import math
import os
from copy import copy
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from dataarts_datamap._errors import ClientClosedError, DataMapError, RequestTimeoutError
from dataarts_datamap._messages import Response, Wait
from dataarts_datamap._one_shot_event import Gate
from dataarts_datamap._secrets import Undisclosed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

T = TypeVar("T")
StepT = TypeVar("StepT")

_PAUSE: Final = 60.0
_MARGIN_OF_A_SHORT_LIFE: Final = 0.25


class Fetched(Undisclosed, Generic[T], frozen=True):
    """A value as it was fetched, and for how many seconds it is good."""

    value: T
    life: float = math.inf


class _Held(Generic[T]):
    def __init__(self, value: T, *, renew_at: float, expires_at: float) -> None:
        self.value = value
        self.renew_at = renew_at
        self.expires_at = expires_at


class _Flight:
    """One caller's fetching, for which the others wait."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.gate = Gate()
        self.failure: DataMapError | None = None


class Kept(Generic[T, StepT]):
    """Fetches a value once for all the threads, tasks and event loops that ask at the same time.

    The value is renewed when less than the margin is left of its life, or less than a quarter of a shorter life. While
    one caller renews it, the others go on with the old one for as long as that is good, and so does that caller if it
    fails: it is tried again a minute later. Without a good value the others wait, and a failure is everyone's. A caller
    that goes away in between, as a cancelled task does, leaves the fetching to one of those who wait.

    Args:
        fetch: Begins to fetch the value.
        now: Tells the time, in seconds.
        margin: How many seconds before its end a value is renewed.
    """

    def __init__(
        self, fetch: Callable[[], Generator[StepT, Response, Fetched[T]]], now: Callable[[], float], *, margin: float
    ) -> None:
        self._fetch = fetch
        self._now = now
        self._margin = margin
        self._held: _Held[T] | None = None
        self._flights: dict[int, _Flight] = {}

    def get(self, until: float = math.inf) -> Generator[StepT | Wait, Response, T]:
        """The value. Others are waited for until then, a time of the client's clock.

        Raises:
            RequestTimeoutError: Another caller had not fetched it by then.
        """
        while True:
            held = self._held
            if held is not None and self._now() < held.renew_at:
                return held.value
            own = _Flight()
            flight = self._flights.setdefault(own.process, own)
            if flight is own:
                return (yield from self._fly(own))
            if held is not None and self._now() < held.expires_at:
                return held.value
            yield Wait(flight.gate, until)
            if flight.failure is not None:
                raise copy(flight.failure)
            if not flight.gate.is_open:
                self._land(flight)
                raise RequestTimeoutError("another call had not fetched what all of them need before the deadline")

    def discard(self, is_bad: Callable[[T], bool]) -> None:
        """Forget the value if it is a bad one."""
        held = self._held
        if held is not None and is_bad(held.value):
            held.renew_at = held.expires_at = -math.inf

    def _fly(self, flight: _Flight) -> Generator[StepT, Response, T]:
        try:
            held, started = self._held, self._now()
            if held is not None and started < held.renew_at:  # another flight landed on the way here
                return held.value
            try:
                fetched = yield from self._fetch()
            except DataMapError as error:
                if held is not None and self._now() < held.expires_at:
                    held.renew_at = self._now() + _PAUSE
                    return held.value
                flight.failure = None if isinstance(error, ClientClosedError) else copy(error)
                raise
            margin = min(self._margin, fetched.life * _MARGIN_OF_A_SHORT_LIFE)
            expires_at = started + fetched.life
            self._held = _Held(fetched.value, renew_at=expires_at - margin, expires_at=expires_at)
            return fetched.value
        finally:
            self._land(flight)

    def _land(self, flight: _Flight) -> None:
        if self._flights.get(flight.process) is flight:
            del self._flights[flight.process]
        flight.gate.open()
