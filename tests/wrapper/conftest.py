"""Fixtures of the client's tests."""

from __future__ import annotations

import pytest

from support.faces import AsyncFace, Face, SyncFace


@pytest.fixture(params=[SyncFace(), AsyncFace()], ids=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Face:
    """Each face of the client in turn."""
    chosen: Face = request.param
    return chosen
