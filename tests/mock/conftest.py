"""One mock server for all the tests of this folder: it has no state that they could change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from dataarts_datamap_contract.mock import MockConfig
from support.mock_caller import Caller, Start, started

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def start() -> Start:
    """Starts a server of a test's own."""
    return started


@pytest.fixture(scope="session")
def caller() -> Iterator[Caller]:
    """Calls the server that the tests share."""
    with started(MockConfig(now=datetime(2026, 11, 20, 8, 30, tzinfo=UTC))) as caller:
        yield caller
