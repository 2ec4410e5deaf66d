"""A session of Spark, and the service that it asks: started first, since a session keeps the variables of its start."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

    from dataarts_datamap_contract.mock import FakeService

collect_ignore_glob = [] if find_spec("pyspark") else ["test_*.py"]  # `make spark` has an environment with it

TOKEN = "a-token-that-must-not-show"


@pytest.fixture(scope="session")
def shared_service() -> Iterator[FakeService]:
    """One service for all, which the variables lead to."""
    from dataarts_datamap_contract.mock import FakeService, MockConfig  # noqa: PLC0415  only where the tests are run

    with FakeService(MockConfig(token=TOKEN)) as running:
        os.environ.update(running.environment)
        yield running


@pytest.fixture
def service(shared_service: FakeService) -> FakeService:
    """The service, empty."""
    shared_service.clear()
    return shared_service


@pytest.fixture(scope="session")
def spark(shared_service: FakeService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A session of two workers in one process, whose event log is kept."""
    from pyspark.sql import SparkSession  # noqa: PLC0415  only where the tests are run

    assert shared_service.url
    os.environ["PYSPARK_PYTHON"] = sys.executable
    folder = tmp_path_factory.mktemp("spark")
    (folder / "events").mkdir()
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        .config("spark.eventLog.enabled", "true")
        .config("spark.eventLog.dir", (folder / "events").as_uri())
        .config("spark.sql.session.timeZone", "Asia/Shanghai")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
