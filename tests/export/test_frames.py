"""Pagers as Arrow tables and data frames, through both faces of the client."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pytest

from dataarts_datamap import AsyncDataMapClient, DataMapClient, InvalidArgumentError, Run, arrow_batches, arrow_schema
from dataarts_datamap._export.columns import chosen_columns
from dataarts_datamap._extras import how_to_install
from support.answers import documented_row, paged, run_page
from support.faces import SETTINGS, WINDOW
from support.runs import known
from support.scripted_server import ScriptedServer

ROWS = [
    documented_row(),
    {**documented_row(), "taskRunningLogId": 2**53 + 1, "jobName": "订单📊", "endTime": 1704934999000, "jobId": None},
    {"taskRunningLogId": 3},
]


def loaded(kind: Literal["arrow", "pandas", "polars"], *, sync: bool, **options: Any) -> Any:
    """What a pager gives, through one face, of three runs on several pages."""
    with ScriptedServer(paged(*ROWS)) as server:
        if sync:
            with DataMapClient(endpoint=server.url, **SETTINGS) as client:
                return getattr(client.list_runs("1", job_name="a", page_size=2, **WINDOW), f"to_{kind}")(**options)

        async def call() -> Any:
            async with AsyncDataMapClient(endpoint=server.url, **SETTINGS) as client:
                pager = client.list_runs("1", job_name="a", page_size=2, **WINDOW)
                return await getattr(pager, f"to_{kind}")(**options)

        return asyncio.run(call())


@pytest.mark.parametrize("sync", [True, False])
def test_arrow(sync: bool) -> None:  # noqa: FBT001
    """An Arrow table has each known field of each run."""
    table = loaded("arrow", sync=sync)

    assert isinstance(table, pa.Table)
    asked = {"project_id": SETTINGS["project_id"], "instance_id": SETTINGS["instance_id"]}
    expected = [{**known(Run.from_raw(row)), **asked} for row in ROWS]
    for run in expected:
        run["task_id"], run["job_name"] = run["task_id"] or "1", run["job_name"] or "a"  # those that were asked for
    found = table.to_pylist()
    assert 1 == len({row["region"] for row in found})
    assert found[0]["region"].startswith("127.0.0.1:")
    assert expected == [{**row, "region": None} for row in found]


@pytest.mark.parametrize("sync", [True, False])
def test_pandas(sync: bool) -> None:  # noqa: FBT001
    """In a pandas frame an id stays an integer beside a missing one, names are categories, and times are in UTC."""
    frame = loaded("pandas", sync=sync, columns=["run_id", "job_id", "job_name", "end_time", "force_success"])

    expected = {"run_id": "Int64", "job_id": "Int64", "job_name": "category", "force_success": "boolean"}
    assert {**expected, "end_time": "datetime64[ms, UTC]"} == {name: str(kind) for name, kind in frame.dtypes.items()}
    assert [126074594, 2**53 + 1, 3] == frame["run_id"].tolist()
    assert [1, pd.NA, pd.NA] == frame["job_id"].tolist()
    assert ["ETL_Job_dli2dws", "订单📊"] == frame["job_name"].tolist()[:2]


@pytest.mark.parametrize("sync", [True, False])
def test_polars(sync: bool) -> None:  # noqa: FBT001
    """The same holds of a polars frame; nested data can be skipped."""
    frame = loaded("polars", sync=sync, nested="skip")

    assert [126074594, 2**53 + 1, 3] == frame["run_id"].to_list()
    assert ["ETL_Job_dli2dws", "订单📊", "a"] == frame["job_name"].to_list()
    assert "Categorical" in str(frame.schema["job_name"])
    assert "Datetime(time_unit='ms', time_zone='UTC')" == str(frame.schema["plan_time"])
    assert "running_data" not in frame.columns


def test_wrong_column() -> None:
    """A name that is no column is refused before a request is sent."""
    with ScriptedServer(run_page()) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        with pytest.raises(InvalidArgumentError, match="'bogus' is not a column"):
            client.list_runs("1", job_name="a", **WINDOW).to_arrow(columns=["bogus"])
        assert [] == server.asked


def test_empty_window() -> None:
    """A window without runs is a table with all columns and no rows."""
    with ScriptedServer(run_page()) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        table = client.list_runs("1", job_name="a", **WINDOW).to_arrow()

    assert [column.name for column in chosen_columns(None, "json")] == table.column_names
    assert 0 == table.num_rows


MISSING = [
    ("pyarrow", "pager.to_arrow()", "arrow"),
    ("pandas", "pager.to_pandas()", "pandas"),
    ("pyarrow", "pager.to_pandas()", "pandas"),
    ("polars", "pager.to_polars()", "polars"),
    ("pyarrow", "export_runs(pager, 'runs.parquet')", "arrow"),
    ("duckdb", "export_runs(pager, 'runs.duckdb')", "duckdb"),
]


@pytest.mark.parametrize(("module", "call", "extra"), MISSING)
def test_missing_extra(module: str, call: str, extra: str) -> None:
    """A library that is not installed is told with its extra, before anything is asked of a server."""
    code = f"""
import sys
sys.modules[{module!r}] = None
from dataarts_datamap import DataMapClient, MissingExtraError, TokenCredentials, export_runs
settings = {{"project_id": "p", "instance_id": "i", "credentials": TokenCredentials("t")}}
with DataMapClient(endpoint="http://127.0.0.1:1", **settings) as client:
    pager = client.list_runs("1", job_name="a", start=1704902400000, end=1704988800000)
    try:
        {call}
    except MissingExtraError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert f"{module} is not installed: {how_to_install(extra)}\n" == done.stdout


def test_text_formats_need_no_extra() -> None:
    """CSV and JSON lines are written and added to with nothing but the package."""
    code = """
import sys
for name in ("pyarrow", "pandas", "polars", "duckdb", "numpy", "click", "rich"): sys.modules[name] = None
from pathlib import Path
from tempfile import TemporaryDirectory
from dataarts_datamap import Run, export_runs, next_export_start
with TemporaryDirectory() as folder:
    for suffix in ("csv", "ndjson"):
        path = Path(folder, f"runs.{suffix}")
        for _ in range(2):
            export_runs([Run(run_id=1)], path, append=True)
        print(len(path.read_text(encoding="utf-8").splitlines()), next_export_start(path))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert "2 None\n1 None\n" == done.stdout


def test_batches_are_plain() -> None:
    """Text without dictionaries, times in the unit that was asked for, the key first, and as many rows as fit."""
    runs = [Run.from_raw({**documented_row(), "taskRunningLogId": number}) for number in range(1, 10_002)]
    first, second = arrow_batches(iter(runs), columns=["run_id", "job_name", "plan_time"], time_unit="us", key=True)
    expected = arrow_schema(columns=["run_id", "job_name", "plan_time"], time_unit="us", key=True)
    assert expected == first.schema == second.schema
    assert [pa.string(), pa.int64(), pa.string(), pa.timestamp("us", "UTC")] == expected.types
    assert not expected.field("run_key").nullable
    assert (10_000, 1) == (first.num_rows, second.num_rows)
    assert {
        "run_key": runs[-1].key,
        "run_id": 10_001,
        "job_name": runs[-1].job_name,
        "plan_time": runs[-1].plan_time,
    } == second.to_pylist()[0]
    assert 10_001 == len({run.key for run in runs})


def test_batches_hold_what_a_table_holds() -> None:
    """All columns but the nested ones, if these are skipped; no batch without a run; a wrong name is refused."""
    runs = [Run.from_raw(row) for row in ROWS]
    (batch,) = arrow_batches(runs, nested="skip")
    names = loaded("arrow", sync=True, nested="skip").column_names
    assert names == batch.schema.names
    assert [known(run)["status"] for run in runs] == batch.column("status").to_pylist()
    assert [] == list(arrow_batches([]))
    with pytest.raises(InvalidArgumentError, match="is not a column"):
        arrow_batches(runs, columns=["no"])
