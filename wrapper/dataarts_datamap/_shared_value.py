"""A value that one caller fetches for all when it is needed, and that is kept while it is valid.

There are no locks here: a lock that another thread holds during a fork is never released in the child. An atomic
operation of a dictionary, keyed by the process, ensures that only one caller fetches.
"""

from __future__ import annotations

import math
import os
from copy import copy
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from dataarts_datamap._errors import ClientClosedError, DataMapError, RequestTimeoutError
from dataarts_datamap._messages import Response, Wait
from dataarts_datamap._one_shot_event import OneShotEvent
from dataarts_datamap._secrets import SecretStruct

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

T = TypeVar("T")
StepT = TypeVar("StepT")

_PAUSE: Final = 60.0
_MARGIN_OF_A_SHORT_LIFE: Final = 0.25


class Fetched(SecretStruct, Generic[T], frozen=True):
    """A fetched value, and the number of seconds for which it is valid."""

    value: T
    life: float = math.inf


class _Cached(Generic[T]):
    def __init__(self, value: T, *, renew_at: float, expires_at: float) -> None:
        self.value = value
        self.renew_at = renew_at
        self.expires_at = expires_at


class _Refresh:
    """A fetch by one caller, for which others wait."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.event = OneShotEvent()
        self.failure: DataMapError | None = None


class SharedValue(Generic[T, StepT]):
    """Fetches a value once for all threads, tasks and event loops that need it at the same time.

    One caller renews the value before it expires. Meanwhile, other callers get the old value. If the renewal fails
    before the old value expires, the renewing caller gets the old value, too, and the next renewal is tried a minute
    later. While no value is valid, other callers wait for the one that fetches, and get its value or its failure. If
    that caller ends without either, such as a cancelled task or one whose client is closed, one of the waiting callers
    fetches.

    Args:
        fetch: Returns the steps that fetch the value.
        now: Returns the time in seconds.
        margin: Number of seconds before the end of its life at which a value is renewed; a quarter of its life if that
            is less.
    """

    def __init__(
        self, fetch: Callable[[], Generator[StepT, Response, Fetched[T]]], now: Callable[[], float], *, margin: float
    ) -> None:
        self._fetch = fetch
        self._now = now
        self._margin = margin
        self._cached: _Cached[T] | None = None
        self._refreshes: dict[int, _Refresh] = {}

    def get(self, until: float = math.inf) -> Generator[StepT | Wait, Response, T]:
        """The value. The wait for another caller ends at ``until``, a time of the client's clock.

        Raises:
            RequestTimeoutError: The other caller had not fetched the value by then.
            DataMapError: The value could not be fetched.
        """
        while True:
            cached = self._cached
            if cached is not None and self._now() < cached.renew_at:
                return cached.value
            own = _Refresh()
            refresh = self._refreshes.setdefault(own.process, own)
            if refresh is own:
                return (yield from self._fetch_for_all(own))
            if cached is not None and self._now() < cached.expires_at:
                return cached.value
            yield Wait(refresh.event, until)
            if refresh.failure is not None:
                raise copy(refresh.failure)
            if not refresh.event.is_set:
                self._finish(refresh)
                raise RequestTimeoutError(
                    "another call was fetching a value that both calls need, and did not get it before the deadline"
                )

    def peek(self) -> T | None:
        """The value, or None if it must be fetched or renewed; nothing is fetched here."""
        cached = self._cached
        return None if cached is None or self._now() >= cached.renew_at else cached.value

    def discard(self, is_bad: Callable[[T], bool]) -> None:
        cached = self._cached
        if cached is not None and is_bad(cached.value):
            cached.renew_at = cached.expires_at = -math.inf

    def _fetch_for_all(self, refresh: _Refresh) -> Generator[StepT, Response, T]:
        try:
            cached, started = self._cached, self._now()
            if cached is not None and started < cached.renew_at:  # another caller has fetched it meanwhile
                return cached.value
            try:
                fetched = yield from self._fetch()
            except DataMapError as error:
                if cached is not None and self._now() < cached.expires_at:
                    cached.renew_at = self._now() + _PAUSE
                    return cached.value
                refresh.failure = None if isinstance(error, ClientClosedError) else copy(error)
                raise
            margin = min(self._margin, fetched.life * _MARGIN_OF_A_SHORT_LIFE)
            expires_at = started + fetched.life
            self._cached = _Cached(fetched.value, renew_at=expires_at - margin, expires_at=expires_at)
            return fetched.value
        finally:
            self._finish(refresh)

    def _finish(self, refresh: _Refresh) -> None:
        if self._refreshes.get(refresh.process) is refresh:
            del self._refreshes[refresh.process]
        refresh.event.set()
