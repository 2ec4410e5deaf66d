"""Fixtures of the client's tests."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from support.faces import AsyncFace, Face, SyncFace

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=[SyncFace(), AsyncFace()], ids=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Face:
    """Each face of the client in turn."""
    chosen: Face = request.param
    return chosen


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT interrupts, even where the tests run in the background of a shell, which has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
