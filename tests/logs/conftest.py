"""What the tests of logs share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dataarts_datamap_contract.mock import FakeService
from support.log_faces import AsyncLogs, LogFace, SyncLogs

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=[SyncLogs(), AsyncLogs()], ids=["sync", "async"])
def logs(request: pytest.FixtureRequest) -> LogFace:
    """Each face of the client in turn."""
    chosen: LogFace = request.param
    return chosen


@pytest.fixture(scope="session")
def one_service() -> Iterator[FakeService]:
    """The fake service that the tests share."""
    with FakeService() as service:
        yield service


@pytest.fixture
def service(one_service: FakeService) -> FakeService:
    """It, empty."""
    one_service.clear()
    return one_service
