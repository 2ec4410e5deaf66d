"""What the tests of logs share."""

from __future__ import annotations

import pytest

from support.log_faces import AsyncLogs, LogFace, SyncLogs


@pytest.fixture(params=[SyncLogs(), AsyncLogs()], ids=["sync", "async"])
def logs(request: pytest.FixtureRequest) -> LogFace:
    """Each face of the client in turn."""
    chosen: LogFace = request.param
    return chosen
