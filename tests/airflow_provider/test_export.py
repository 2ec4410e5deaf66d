"""The export in a DAG: each run in the file of its interval, whole, wherever Airflow can write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pendulum
import pyarrow.parquet as pq
import pytest
from airflow.sdk import ObjectStoragePath
from airflow.sdk.io import attach
from fsspec.implementations.memory import MemoryFileSystem

from dataarts_datamap import InvalidArgumentError
from dataarts_datamap.integrations.airflow import ExportRunsOperator
from dataarts_datamap.integrations.airflow._host import get_hook_lineage_collector
from support.airflow_dags import run_task

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.sdk import Context

    from dataarts_datamap_contract.mock import FakeService

pytestmark = pytest.mark.usefixtures("connection")

MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
DAY = timedelta(days=1)


def export(service: FakeService, path: object, arguments: str = "") -> str:
    """An export of yesterday."""
    times = f"start={str(MIDNIGHT - DAY)!r}, end={str(MIDNIGHT)!r}"
    return f"ExportRunsOperator(task_id='e', table={service.table_guid!r}, path={str(path)!r}, {times}, {arguments})"


def test_intervals(home: Path, service: FakeService, tmp_path: Path) -> None:
    """A run is in the file of the interval in which it was planned, however late it starts, and in no other."""
    planned = [MIDNIGHT - DAY - timedelta(seconds=1), MIDNIGHT - DAY, MIDNIGHT - timedelta(seconds=1), MIDNIGHT]
    ids = [service.add_run(plan_time=time, start_time=time + timedelta(hours=2)) for time in planned]

    state, facts = run_task(home, export(service, f"file://{tmp_path}/lake/runs.parquet"))

    assert ("success", 2) == (state, facts["written"])
    table = pq.read_table(tmp_path / "lake" / "runs.parquet")
    assert ids[1:3] == sorted(table["run_id"].to_pylist())
    assert ["runs.parquet"] == [path.name for path in (tmp_path / "lake").iterdir()]
    assert facts["bytes"] == (tmp_path / "lake" / "runs.parquet").stat().st_size


def test_object_storage(service: FakeService) -> None:
    """Any storage of fsspec takes the file; Airflow notes the write, from which OpenLineage's provider reports it."""
    service.add_run(plan_time=MIDNIGHT - timedelta(hours=1))
    attach("memory", fs=MemoryFileSystem())
    path = "memory://lake/runs.parquet"
    operator = ExportRunsOperator(
        task_id="export",
        table=service.table_guid,
        path=path,
        start=MIDNIGHT - DAY,
        end=MIDNIGHT,
        columns=["run_id", "state"],
    )

    facts = operator.execute({})

    assert 1 == facts["written"]
    with ObjectStoragePath(path).open("rb") as file:
        assert ["run_id", "state"] == pq.read_table(file).column_names
    noted = {one.asset.uri.partition(":")[2] for one in get_hook_lineage_collector().collected_assets.outputs}
    assert "lake/runs.parquet" in {address.lstrip("/") for address in noted}  # some versions write one slash


def test_no_interval(service: FakeService, tmp_path: Path) -> None:
    """A DAG run that a person or an asset started has no interval: the error says what to give; another run has one."""
    operator = ExportRunsOperator(task_id="e", table=service.table_guid, path=f"{tmp_path}/runs.parquet")
    with pytest.raises(InvalidArgumentError, match="no interval, since a person or an asset started it: give start"):
        operator.execute({})
    assert [] == service.requests

    service.add_run(plan_time=MIDNIGHT - timedelta(hours=1))
    context = {
        "data_interval_start": pendulum.instance(MIDNIGHT - DAY),
        "data_interval_end": pendulum.instance(MIDNIGHT),
    }
    assert 1 == operator.execute(cast("Context", context))["written"]


def test_interval_ahead(home: Path, service: FakeService, tmp_path: Path) -> None:
    """An interval that has not begun is an error, not an empty file."""
    service.add_run()
    ahead = "start='2100-01-01T00:00Z', end='2100-01-02T00:00Z'"
    task = f"ExportRunsOperator(task_id='e', table={service.table_guid!r}, path='{tmp_path}/a.parquet', {ahead})"

    state, _ = run_task(home, task)

    assert "failed" == state
    assert [] == list(tmp_path.iterdir())


def test_failed_copy(service: FakeService, tmp_path: Path) -> None:
    """A file that cannot be put in its place leaves nothing beside it."""
    service.add_run(plan_time=MIDNIGHT - timedelta(hours=1))
    (tmp_path / "runs.parquet").mkdir()
    operator = ExportRunsOperator(
        task_id="e", table=service.table_guid, path=f"{tmp_path}/runs.parquet", start=MIDNIGHT - DAY, end=MIDNIGHT
    )

    with pytest.raises(OSError, match=r"runs\.parquet"):
        operator.execute({})

    assert ["runs.parquet"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize("time", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"])
def test_time_without_one_in_utc(time: str, service: FakeService, tmp_path: Path) -> None:
    """It is no time for an interval, and the error names it."""
    operator = ExportRunsOperator(
        task_id="e", table=service.table_guid, path=f"{tmp_path}/runs.parquet", start=time, end=MIDNIGHT
    )

    with pytest.raises(InvalidArgumentError, match="which is not a time"):
        operator.execute({})


def test_failed_export(home: Path, service: FakeService, tmp_path: Path) -> None:
    """An export that fails leaves the older file as it was."""
    (tmp_path / "runs.parquet").write_bytes(b"older")

    state, _ = run_task(home, export(service, tmp_path / "runs.parquet"))

    assert "failed" == state
    assert b"older" == (tmp_path / "runs.parquet").read_bytes()
