"""Cancels exchanges that other threads wait for."""

from __future__ import annotations

import socket
from contextlib import contextmanager, suppress
from threading import RLock
from typing import TYPE_CHECKING

from dataarts_datamap._one_shot_event import OneShotEvent

if TYPE_CHECKING:
    from collections.abc import Generator


class Cancellation:
    """Cancels exchanges of other threads: they send nothing more, and the sockets that they wait for are shut down.

    Attributes:
        event: Set when the exchanges are cancelled.
    """

    def __init__(self) -> None:
        self.event = OneShotEvent()
        self._lock = RLock()  # the garbage collector may close a forgotten walk in a thread that holds the lock
        self._sockets: set[socket.socket] = set()

    @property
    def is_cancelled(self) -> bool:
        return self.event.is_set

    def check(self) -> None:
        if self.is_cancelled:
            raise ConnectionAbortedError("the exchange was ended")

    def cancel(self) -> None:
        with self._lock:
            self.event.set()
            for waited_for in self._sockets:
                with suppress(OSError):
                    socket.socket.shutdown(waited_for, socket.SHUT_RDWR)  # below TLS, which the other thread uses

    @contextmanager
    def watching(self, waited_for: socket.socket) -> Generator[None]:
        """A context in which a thread waits for a socket; ``ConnectionAbortedError`` if cancelled before."""
        with self._lock:
            self.check()
            self._sockets.add(waited_for)
        try:
            yield
        finally:
            with self._lock:
                self._sockets.discard(waited_for)
