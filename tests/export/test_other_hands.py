"""Adding to files that another tool wrote anew, or damaged."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from dataarts_datamap import ExportError, ExportSummary, export_runs, next_export_start
from dataarts_datamap._export.columns import SOURCE
from dataarts_datamap._export.increment import IDENTITY, POSITION
from support.exports import read_back, sorted_rows
from support.runs import make_run, many_runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_csv_that_went_through_other_hands(tmp_path: Path) -> None:
    """Other line ends, quotes around every cell and empty lines are no matter."""
    path = tmp_path / "runs.csv"
    columns = ["state", "plan_time", "submit_time", "start_time", "end_time", "run_id", "job_name", "task_id"]
    columns += ["workspace_id", "region", "project_id", "instance_id"]
    times = '"2024-01-11T00:00:00Z",,"2024-01-11T00:00:00Z","2024-01-11T00:01:00Z"'
    same = '"2024-01-11T01:01:47Z",,"2024-01-11T00:00:00Z","2024-01-11T00:01:00Z"'
    rest = '"937987","",,"",'
    old = f'"active",{times},"1","a,""b""",{rest}\r\n\r\n"succeeded",{same},"2","ETL_Job_dli2dws",{rest}\r\n\r\n'
    path.write_text(f"\ufeff{','.join(columns)}\r\n{old}", encoding="utf-8", newline="")
    assert datetime(2024, 1, 10, tzinfo=UTC) == next_export_start(path, lookback=timedelta(days=1))
    summary = export_runs([make_run(2)], path, append=True, columns=columns)

    assert ExportSummary(written=1, kept=1, without_id=0) == summary
    assert {1: 'a,"b"', 2: "ETL_Job_dli2dws"} == {row["run_id"]: row["job_name"] for row in read_back(path)}


def test_guarded_csv_with_a_long_line(tmp_path: Path) -> None:
    """A kept line whose extra cells the guard would drop is refused, and the file stays as it is."""
    path = tmp_path / "runs.csv"
    export_runs([make_run(1)], path)
    whole = path.read_text(encoding="utf-8").rstrip("\n") + ",my note\n"
    path.write_text(whole, encoding="utf-8")

    with pytest.raises(ExportError, match="more cells than its header"):
        export_runs([make_run(2)], path, append=True, csv_guard=True)
    assert whole == path.read_text(encoding="utf-8")


def test_guarded_csv_with_a_short_line(tmp_path: Path) -> None:
    """A kept line with fewer cells than the header is kept as it is, with the guard, too: nothing of it is lost."""
    path = tmp_path / "runs.csv"
    export_runs([make_run(1)], path)
    short = path.read_text(encoding="utf-8").rstrip("\n").rpartition(",")[0]
    path.write_text(f"{short}\n", encoding="utf-8")

    assert 1 == export_runs([make_run(2)], path, append=True, csv_guard=True).kept
    assert short.splitlines()[-1] == path.read_text(encoding="utf-8").splitlines()[-1]


def test_older_json_lines_with_other_keys(tmp_path: Path) -> None:
    """A line keeps each key it has, also the source that only some lines of an older file have."""
    path = tmp_path / "runs.ndjson"
    export_runs([make_run(1), make_run(2), make_run(3)], path)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    older = {name: value for name, value in rows[0].items() if name not in SOURCE}
    here, there = (
        dict(zip(SOURCE, ("here", "p", "i"), strict=True)),
        dict(zip(SOURCE, ("there", "q", "j"), strict=True)),
    )
    noted, sourced = rows[1] | there | {"my note": [1, {"a": 2**80}]}, rows[2] | there
    path.write_text("".join(f"{json.dumps(row)}\n" for row in (older, noted, sourced)), encoding="utf-8")

    assert 3 == export_runs([], path, append=True, file_source=tuple(here.values())).kept
    assert [older | here, noted, sourced] == [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def rewritten_by_duckdb(path: Path) -> None:
    """Write a Parquet file anew, with DuckDB."""
    rows = duckdb.read_parquet(str(path)).order("run_id").to_arrow_table()  # noqa: F841  DuckDB finds it by its name
    duckdb.sql(f"COPY rows TO '{path}' (FORMAT parquet)")


def rewritten_by_pandas(path: Path) -> None:
    """Write a Parquet file anew, with pandas, whose integers are floats where one is missing."""
    pd.read_parquet(path).to_parquet(path)


@pytest.mark.parametrize("rewrite", [rewritten_by_duckdb, rewritten_by_pandas])
def test_parquet_that_went_through_other_hands(rewrite: Callable[[Path], None], tmp_path: Path) -> None:
    """Other tools write times in microseconds, labels as plain text or ids as floats: they mean what they meant."""
    path = tmp_path / "runs.parquet"
    export_runs([make_run(None), make_run(1), make_run(2, status="fail")], path)
    begins = next_export_start(path)
    before = sorted_rows(read_back(path))
    rewrite(path)
    assert begins == next_export_start(path)
    summary = export_runs([make_run(None), make_run(1)], path, append=True)

    assert ExportSummary(written=2, kept=1, without_id=1) == summary
    assert before == sorted_rows(read_back(path))


def table_of(**values: Any) -> pa.Table:
    """A table with the columns that an increment needs, of whatever types these values have."""
    return pa.table({name: pa.array(values.get(name, [None])) for name in dict.fromkeys((*IDENTITY, *POSITION))})


WRONG_TYPES: list[dict[str, Any]] = [
    {"run_id": ["one"]},
    {"run_id": [0.5]},
    {"run_id": [[1]]},
    {"plan_time": ["soon"]},
    {"plan_time": [[1]]},
    {"state": [b"\xff"]},
    {"state": [["active"]]},
]


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
@pytest.mark.parametrize("wrong", WRONG_TYPES)
def test_columns_of_other_types(wrong: dict[str, Any], suffix: str, tmp_path: Path) -> None:
    """A file whose columns have the names of an export's, but hold what theirs cannot, is refused and stays."""
    path, table = tmp_path / f"runs.{suffix}", table_of(**wrong)
    if suffix == "parquet":
        pyarrow.parquet.write_table(table, path)
    else:
        with pa.ipc.new_file(str(path), table.schema) as file:
            file.write_table(table)
    before = path.read_bytes()

    with pytest.raises(ExportError, match="cannot be read as an export of runs"):
        export_runs([make_run(1)], path, append=True, columns=table.column_names)
    assert before == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize("format_", ["parquet", "arrow"])
def test_damaged_file(format_: Any, tmp_path: Path) -> None:
    """A file with a damage in its middle is no export that could be added to, and the error names it."""
    path = tmp_path / f"runs.{format_}"
    export_runs(many_runs(100), path)
    content = path.read_bytes()
    path.write_bytes(content[:600] + b"\xff" * (len(content) // 3) + content[600 + len(content) // 3 :])

    with pytest.raises(ExportError, match=rf"runs\.{format_} cannot be read"):
        export_runs([make_run(1)], path, append=True)
