"""Reads that several callers share, as steps for both clients."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from dataarts_datamap._shared_value import Fetched, SharedValue

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from dataarts_datamap._messages import Send, Sleep, Steps, Wait
    from dataarts_datamap._retry.policy import Policy

KeyT = TypeVar("KeyT", bound="Hashable")
ValueT = TypeVar("ValueT")

_PATIENCE = 20


class SharedReads(Generic[KeyT, ValueT]):
    """Reads the value of each key once, for all threads and tasks of a call; again only if the reading failed."""

    def __init__(self, read: Callable[[KeyT], Steps[ValueT]], policy: Policy) -> None:
        self._read = read
        self._policy = policy
        self._values: dict[KeyT, SharedValue[ValueT, Send | Sleep | Wait]] = {}

    def __call__(self, key: KeyT) -> Steps[ValueT]:
        clock = self._policy.clock
        made = SharedValue(partial(self._fetch, key), clock.monotonic, margin=0.0)
        value = self._values.setdefault(key, made)  # if two threads make one, the first is used
        return (yield from value.get(clock.monotonic() + _PATIENCE * self._policy.deadline))

    def _fetch(self, key: KeyT) -> Steps[Fetched[ValueT]]:
        return Fetched((yield from self._read(key)))
