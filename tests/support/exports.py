"""Reads back exports, each with a reader independent of its writer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet

from dataarts_datamap._export.export import ExportFormat

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)
TIMES = ("plan_time", "submit_time", "start_time", "end_time")
INTEGERS = (
    *("run_id", "job_id", "duration_ms", "running_time"),
    *("retry_times", "fail_count", "input_row_count", "output_row_count"),
)


def read_back(path: Path) -> list[dict[str, Any]]:
    """The rows of an export, with values as in a run."""
    match path.suffix:
        case ".parquet":
            return _rows(pyarrow.parquet.read_table(path))
        case ".arrow":
            with path.open("rb") as file:
                return _rows(pyarrow.ipc.open_file(file).read_all())
        case ".csv":
            return _rows(_read_csv(path))
        case ".ndjson":
            return [_with_times(json.loads(line)) for line in path.read_bytes().splitlines()]
        case _:
            with duckdb.connect(str(path), read_only=True) as connection:
                return _rows(connection.table("runs").to_arrow_table())


def sorted_rows(rows: Iterable[dict[str, Any]]) -> list[str]:
    """The rows in a fixed order, to be compared regardless of their order."""
    return sorted(repr(sorted((name, _plain(value)) for name, value in row.items())) for row in rows)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _read_csv(path: Path) -> pa.Table:
    types = {
        **dict.fromkeys(TIMES, pa.timestamp("ms", tz="UTC")),
        **dict.fromkeys(INTEGERS, pa.int64()),
        "speed": pa.float64(),
        "force_success": pa.bool_(),
    }
    header = path.read_text(encoding="utf-8-sig").split("\n", 1)[0].split(",")
    return pyarrow.csv.read_csv(
        path,
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={name: types.get(name, pa.string()) for name in header},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _with_times(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _time(value) if name in TIMES else value for name, value in row.items()}


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
