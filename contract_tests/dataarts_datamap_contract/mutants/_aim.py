"""Starts a server, and describes it to the suite as a target."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.shared import OTHER_PROJECT_ID
from dataarts_datamap_contract.mock import TABLE_GUID, MockConfig, MockServer
from dataarts_datamap_contract.suite.target import KnownJob, SecondTenant, Target

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from dataarts_datamap_contract.mock._serving.server import Build

# A fixed present gives the same data and so the same run every time.
_NOW = datetime(2024, 2, 1, tzinfo=UTC)
_DAY = 24 * 3_600 * 1_000
_END = int(_NOW.timestamp()) * 1_000 - _DAY
_WORKSPACE = "b88c445407b24283aa949f9833a38fd8"


@contextmanager
def running(build: Build, differences: Mapping[str, Any] | None = None) -> Generator[Target]:
    """Run a server on a socket of its own until the block ends, and yield the target that describes it.

    Args:
        build: Makes its application.
        differences: Fields of the target that differ from those of the reference, by name.
    """
    with MockServer(MockConfig(now=_NOW, scenario="varied"), build=build) as server:
        yield _target(server, differences or {})


def _target(server: MockServer, differences: Mapping[str, Any]) -> Target:
    config = server.config
    fields: dict[str, Any] = {
        "endpoint": server.url,
        "token": config.token,
        "access_key": config.access_key,
        "secret_key": config.secret_key,
        "project_id": config.project_id,
        "instance_id": config.instance_id,
        "workspace_id": _WORKSPACE,
        "task_id": "937987",
        "job_name": "ETL_Job_dli2dws",
        "table_guid": TABLE_GUID,
        "window_start": _END - 12 * _DAY,
        "window_end": _END,
        "is_mock": True,
        "known_jobs": (
            KnownJob(task_id="937987", job_name="check/rows<stage>", workspace_id=_WORKSPACE),
            KnownJob(task_id="941206", job_name="订单汇总_日报📊", workspace_id=_WORKSPACE),
            KnownJob(task_id="958113", job_name="Load orders-eu", workspace_id="4f6c1d2e9b8a47c3a5d0e1f2b3c4d5e6"),
        ),
        "second_tenant": SecondTenant(project_id=OTHER_PROJECT_ID, instance_id="7e2f4a6c8b0d4f1e9c3a5b7d9e1f3a5c"),
    }
    return Target(**{**fields, **differences})
