"""Aims the conformance tests at the server that the options name, or at the reference mock server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from dataarts_datamap_contract.suite import KnownJob, Target

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["dataarts_datamap_contract.pytest_conformance"]


@pytest.fixture(scope="session")
def conformance_target(named_target: Target | None) -> Iterator[Target]:
    """The server under test."""
    if named_target is not None:
        yield named_target
    else:
        yield from _serve_mock()


def _serve_mock() -> Iterator[Target]:
    from dataarts_datamap_contract.mock import TABLE_GUID, MockConfig, MockServer  # noqa: PLC0415  not for a foreign server

    # A fixed present gives the same data and so the same run every time.
    now = datetime(2024, 2, 1, tzinfo=UTC)
    with MockServer(MockConfig(now=now)) as server:
        yield Target(
            endpoint=server.url,
            token=server.config.token,
            access_key=server.config.access_key,
            secret_key=server.config.secret_key,
            project_id=server.config.project_id,
            instance_id=server.config.instance_id,
            workspace_id="b88c445407b24283aa949f9833a38fd8",
            task_id="937987",
            job_name="ETL_Job_dli2dws",
            table_guid=TABLE_GUID,
            window_start=1704902400000,
            window_end=int(now.timestamp() * 1000) - 3_600_000,
            is_mock=True,
            max_requests=100_000,  # enough for 1,000 random requests for each operation
            known_jobs=(
                KnownJob(task_id="937987", job_name="check/rows<stage>"),
                KnownJob(task_id="941206", job_name="订单汇总_日报📊"),
                KnownJob(task_id="958113", job_name="Load orders-eu"),
            ),
        )
