"""What one thread waits for, another can end."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from dataarts_datamap._cancellation import Cancellation


def test_waiting_thread_is_woken() -> None:
    """A thread that waits for a socket goes on when its exchange is ended, and may not wait again."""
    here, there = socket.socketpair()
    cancellation = Cancellation()

    def wait() -> bytes:
        with cancellation.watching(here):
            here.send(b"waiting")
            return here.recv(1)

    with here, there, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(wait)
        assert b"waiting" == there.recv(7)
        cancellation.cancel()
        assert b"" == waiting.result(timeout=10)

        with pytest.raises(ConnectionAbortedError, match="was ended"), cancellation.watching(here):
            pass
