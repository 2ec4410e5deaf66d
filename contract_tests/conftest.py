"""Aims the conformance tests: at the server of ``--endpoint``, or at the reference mock server."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from dataarts_datamap_contract.conformance import MAX_EXAMPLES, Outcome, run_conformance
from dataarts_datamap_contract.target import Target, TargetError, read_target

if TYPE_CHECKING:
    from collections.abc import Iterator

_TARGET = pytest.StashKey[Target]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--endpoint`` and ``--max-examples``."""
    parser.addoption(
        "--endpoint",
        metavar="URL",
        help="the server to test, described by DATAMAP_TOKEN, _PROJECT_ID, _INSTANCE_ID, _WORKSPACE_ID (optional), "
        "_TASK_ID, _JOB_NAME, _TABLE_GUID, _WINDOW_START and _WINDOW_END (default: the reference mock server)",
    )
    parser.addoption(
        "--max-examples",
        metavar="N",
        type=int,
        default=MAX_EXAMPLES,
        help="how many random requests to send for each operation (default: %(default)s)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse an incomplete target before anything is collected."""
    endpoint = config.getoption("--endpoint")
    if endpoint is not None:
        try:
            config.stash[_TARGET] = read_target(endpoint, os.environ)
        except TargetError as error:
            raise pytest.UsageError(str(error)) from None


@pytest.fixture(scope="session")
def target(pytestconfig: pytest.Config) -> Iterator[Target]:
    """The server under test."""
    if _TARGET in pytestconfig.stash:
        yield pytestconfig.stash[_TARGET]
    else:
        yield from _serve_mock()


@pytest.fixture(scope="session")
def outcome(target: Target, pytestconfig: pytest.Config) -> Outcome:
    """What one run of the suite saw of the server."""
    return run_conformance(target, max_examples=pytestconfig.option.max_examples)


def _serve_mock() -> Iterator[Target]:
    from dataarts_datamap_contract.mock import TABLE_GUID, MockConfig, MockServer  # noqa: PLC0415  not for a foreign server

    # A fixed present gives the same data and so the same run every time.
    now = datetime(2024, 2, 1, tzinfo=UTC)
    with MockServer(MockConfig(now=now)) as server:
        yield Target(
            endpoint=server.url,
            token=server.config.token,
            project_id=server.config.project_id,
            instance_id=server.config.instance_id,
            workspace_id="b88c445407b24283aa949f9833a38fd8",
            task_id="937987",
            job_name="ETL_Job_dli2dws",
            table_guid=TABLE_GUID,
            window_start=1704902400000,
            window_end=int(now.timestamp() * 1000),
        )
