"""Connects a thread to a host with several addresses, even if the first is dead (RFC 8305)."""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections import deque
from contextlib import ExitStack
from errno import EINPROGRESS, EWOULDBLOCK
from itertools import takewhile, zip_longest
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dataarts_datamap._transport.wire import ConnectError, ConnectTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

_NEXT_ADDRESS_AFTER: Final = 0.25  # RFC 8305, section 8
_LONGEST_LOOK: Final = 0.25  # seconds; on some systems, a wait does not end when another thread shuts its socket down
_UNDER_WAY: Final = frozenset({0, EINPROGRESS, EWOULDBLOCK})


class Address(NamedTuple):
    """An address of a name, as the resolver gives it."""

    family: int
    kind: int
    protocol: int
    canonical_name: str
    where: Any


class AddressRace:
    """Connects to addresses, each a quarter of a second after the previous one, until one is connected.

    If all attempts so far have failed, the next one begins at once.

    Args:
        addresses: The addresses, in the order of attempts.
        left: Called when an attempt begins; returns the seconds that the race may take from then on.
        watching: Returns the context in which the race waits for a socket.

    Attributes:
        silent: The addresses that were tried before the successful one, and whose attempts had no result yet.
    """

    def __init__(
        self,
        addresses: Iterable[Address],
        left: Callable[[], float],
        watching: Callable[[socket.socket], AbstractContextManager[None]],
    ) -> None:
        self._waiting = deque(addresses)
        self._left = left
        self._watching = watching
        self._under_way: dict[socket.socket, Address] = {}
        self._selector = selectors.DefaultSelector()
        self._watched = ExitStack()
        self._failure: Exception = ConnectError("the name has no address")
        self.silent: list[Address] = []

    def run(self) -> tuple[socket.socket, Address]:
        """The socket that is connected first, and its address.

        Raises:
            ConnectError: No address could be connected; the error has the text of the last failure.
            ConnectTimeoutError: No address was connected in time.
            ConnectionAbortedError: The pool was closed, or the exchange cancelled.
            TimeoutError: No time was left to begin an attempt.
        """
        try:
            with self._selector, self._watched:
                winner, address = self._first_to_connect()
            self.silent = list(takewhile(lambda other: other is not address, self._under_way.values()))
            del self._under_way[winner]
        finally:
            for loser in self._under_way:
                loser.close()
        return winner, address

    def _first_to_connect(self) -> tuple[socket.socket, Address]:
        next_at = until = 0.0
        while True:
            now = time.monotonic()
            if self._waiting and (now >= next_at or not self._under_way):
                next_at, until = now + _NEXT_ADDRESS_AFTER, now + self._left()
                self._begin(self._waiting.popleft())
                continue
            if not self._under_way:
                raise self._failure
            if now >= until:
                raise ConnectTimeoutError("timed out")
            look = min(until, next_at) if self._waiting else until
            if (won := self._connected(min(look - now, _LONGEST_LOOK))) is not None:
                return won, self._under_way[won]

    def _begin(self, address: Address) -> None:
        try:
            opened = socket.socket(address.family, address.kind, address.protocol)
        except OSError as unknown:  # an address family that this machine lacks
            self._failure = ConnectError(unknown)
            return
        self._under_way[opened] = address
        opened.settimeout(0.0)
        self._watched.enter_context(self._watching(opened))
        error = opened.connect_ex(address.where)
        if error in _UNDER_WAY:
            self._selector.register(opened, selectors.EVENT_WRITE, opened)
        else:
            self._give_up(opened, error)

    def _connected(self, seconds: float) -> socket.socket | None:
        for key, _ in self._selector.select(seconds):
            opened: socket.socket = key.data
            if not (error := opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
                return opened
            self._selector.unregister(opened)
            self._give_up(opened, error)
        return None

    def _give_up(self, opened: socket.socket, error: int) -> None:
        self._failure = ConnectError(OSError(error, os.strerror(error)))
        del self._under_way[opened]
        opened.close()


def ordered(found: Iterable[tuple[int, int, int, str, Any]], worked: object) -> list[Address]:
    """The addresses in the order of attempts.

    The one that worked last, if any, comes first. The others take turns by family (RFC 8305).
    """
    addresses = [Address(*one) for one in found]
    first = [address for address in addresses if address.family == addresses[0].family]
    others = [address for address in addresses if address.family != addresses[0].family]
    by_turns = [address for pair in zip_longest(first, others) for address in pair if address is not None]
    return sorted(by_turns, key=lambda address: address.where != worked)
