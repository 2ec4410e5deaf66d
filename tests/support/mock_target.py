"""The reference mock server as a target of the conformance suite."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract.mock import TABLE_GUID, MockConfig
from dataarts_datamap_contract.suite import KnownJob, Target

if TYPE_CHECKING:
    from dataarts_datamap_contract.mock import MockServer

NOW = datetime(2024, 2, 1, tzinfo=UTC)
CONFIG = MockConfig(now=NOW)
_HOUR = 3_600_000


def mock_target(server: MockServer, **changes: Any) -> Target:
    """A mock server that was started with `CONFIG` and whose data does not change."""
    config = server.config
    known: dict[str, Any] = {
        "endpoint": server.url,
        "token": config.token,
        "access_key": config.access_key,
        "secret_key": config.secret_key,
        "project_id": config.project_id,
        "instance_id": config.instance_id,
        "workspace_id": "b88c445407b24283aa949f9833a38fd8",
        "task_id": "937987",
        "job_name": "ETL_Job_dli2dws",
        "table_guid": TABLE_GUID,
        "window_start": 1704902400000,
        "window_end": int(NOW.timestamp() * 1000) - _HOUR,
        "is_mock": True,
        "known_jobs": (KnownJob(task_id="937987", job_name="check/rows<stage>"),),
    }
    return Target(**{**known, **changes})
