"""Lets a verb run until a signal ends it."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def until_told_to_end() -> Generator[threading.Event]:
    """An event that SIGTERM and SIGINT set, so that the verb can end cleanly."""
    is_ending = threading.Event()

    def end(_signal: int, _frame: object) -> None:
        is_ending.set()

    before = {one: signal.signal(one, end) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield is_ending
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
