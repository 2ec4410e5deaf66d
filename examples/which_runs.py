"""Which runs produced a table, when, and how did they end? Asked of a mock server inside this process."""

from __future__ import annotations

import json

from dataarts_datamap import DataMapClient, TokenCredentials
from dataarts_datamap_contract.mock import TABLE_GUID, MockServer

DAY = {"start": "2024-01-11T00:00:00+08:00", "end": "2024-01-12T00:00:00+08:00"}

with MockServer() as server:
    known = server.config
    with DataMapClient(
        endpoint=server.url,
        project_id=known.project_id,
        instance_id=known.instance_id,
        credentials=TokenCredentials(known.token),
    ) as client:
        print("Operators of table", TABLE_GUID)
        for operator in client.list_operators(TABLE_GUID):
            print("  task", operator.task_id, "job", operator.job_name)

        print("Runs on 11 January 2024 (the documented example)")
        for run in client.list_table_runs(TABLE_GUID, **DAY):
            print(json.dumps(run.to_dict(), indent=2, ensure_ascii=False))
