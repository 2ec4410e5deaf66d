"""Which runs produced a table, when, and how did they end? A mock server inside this process responds."""

from __future__ import annotations

from dataarts_datamap import DataMapClient, TokenCredentials
from dataarts_datamap_contract.mock import TABLE_GUID, MockServer

WIDTH = 70


def show(name: str, value: object) -> None:
    """Print a decoded value; of an object, print each member."""
    if isinstance(value, dict):
        for member, inner in value.items():
            show(f"{name}.{member}", inner)
    else:
        text = repr(value)
        print(f"  {name:<32} {text if len(text) <= WIDTH else text[: WIDTH - 1] + '…'}")


with (
    MockServer() as server,
    DataMapClient(
        endpoint=server.url,
        project_id=server.config.project_id,
        instance_id=server.config.instance_id,
        credentials=TokenCredentials(server.config.token),
    ) as client,
):
    print("Operators that produce table", TABLE_GUID)
    for operator in client.list_operators(TABLE_GUID):
        print(f"  task {operator.task_id}, job {operator.job_name}")

    print("Its runs on 11 January 2024, in China")
    for run in client.list_table_runs(TABLE_GUID, start="2024-01-11T00:00+08:00", end="2024-01-12T00:00+08:00"):
        for name, value in run.to_dict().items():
            show(name, value)
