"""Exports of a million rows: memory stays flat, and an increment ends with the rows of a full export."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import pytest

from dataarts_datamap._export.columns import BATCH_ROWS, chosen_columns
from dataarts_datamap._export.formats.arrow_files import arrow_rows
from support.exports import FORMATS

if TYPE_CHECKING:
    from pathlib import Path

MOST_GROWTH = {format_: (256 if format_ == "duckdb" else 64) << 20 for format_ in FORMATS}  # DuckDB's own limit
MEASURED = """
import json, resource, sys
from dataarts_datamap import Run, export_runs

unit = 1 if sys.platform == "darwin" else 1024
path, format_, first, last, append = sys.argv[1:]

def runs():
    for run_id in range(int(first), int(last)):
        yield Run(
            run_id=run_id, _task_id=937987, job_name=f"订单📊 {run_id % 50}", type="ETLJob", status="success",
            _plan_time=1704934907000 + run_id * 1000, _start_time=1704934908000 + run_id * 1000,
            _end_time=1704934999000 + run_id * 1000, _input_row_count=run_id, speed=run_id / 7,
            execution_log_path=f"obs://dlf-log/{run_id}.job", _running_data='{"sql":"%s"}' % (str(run_id) * 20),
        )

summary = export_runs(runs(), path, format=format_, append=append == "append")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
print(json.dumps([peak, summary.written, summary.kept]))
"""


@pytest.mark.prove
@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell a process its peak of memory so")
@pytest.mark.parametrize("format_", FORMATS)
def test_a_million_rows(format_: Any, tmp_path: Path) -> None:
    """Ten times the rows take no more memory, and an increment beside a full export ends with the same rows."""
    whole, grown = tmp_path / f"whole.{format_}", tmp_path / f"grown.{format_}"
    small, *_ = _measured(whole, format_, 0, 100_000)
    large, *_ = _measured(whole, format_, 0, 1_000_000)
    _measured(grown, format_, 0, 950_000)
    increment, written, kept = _measured(grown, format_, 900_000, 1_000_000, append=True)
    assert (100_000, 900_000) == (written, kept)
    assert large - small < MOST_GROWTH[format_]
    assert increment - small < MOST_GROWTH[format_]
    assert _digest(whole) == _digest(grown)


def _measured(path: Path, format_: str, first: int, last: int, *, append: bool = False) -> tuple[int, int, int]:
    """The peak of memory in bytes, the rows written and the rows kept of an export in a process of its own."""
    how = "append" if append else "anew"
    command = [sys.executable, "-c", MEASURED, str(path), format_, str(first), str(last), how]
    done = subprocess.run(command, check=True, capture_output=True)
    peak, written, kept = json.loads(done.stdout)
    return peak, written, kept


def _digest(path: Path) -> Any:
    """What tells the rows of a large file apart from others, whatever their order."""
    match path.suffix:
        case ".csv" | ".ndjson":
            with path.open("rb") as file:
                return sorted(map(hash, file))
        case ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                return connection.execute("SELECT count(*), sum(hash(runs)::HUGEINT) FROM runs").fetchall()
        case ".parquet":
            return pa.parquet.read_table(path, use_threads=False).combine_chunks().sort_by("run_id")
        case _:
            with path.open("rb") as file:
                table = pa.ipc.open_file(file).read_all()
            return table.select(["run_id", "running_data", "speed", "plan_time"]).sort_by("run_id")


@pytest.mark.parametrize("groups", [10, 20])
def test_row_groups_are_read_one_after_the_other(groups: int, tmp_path: Path) -> None:
    """Of a Parquet file, no more is in memory than a few row groups need, however many it has."""
    path = tmp_path / "runs.parquet"
    with pa.parquet.ParquetWriter(path, pa.schema([("running_data", pa.string())])) as writer:
        for _ in range(groups):
            texts = pa.array([secrets.token_hex(100) for _ in range(BATCH_ROWS)])
            writer.write_batch(pa.record_batch([texts], names=["running_data"]))
    before, most, read = pa.total_allocated_bytes(), 0, 0
    for _ in arrow_rows(path, chosen_columns(["running_data"], "json"), "parquet"):
        read += 1
        most = max(most, pa.total_allocated_bytes() - before)
    assert groups * BATCH_ROWS == read
    assert most < path.stat().st_size // 2
