"""Each kind of file gives back what was written to it."""

from __future__ import annotations

import csv
import json
import re
import warnings
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import polars as pl
import pyarrow.ipc
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataarts_datamap import ExportSummary, InvalidArgumentError, RowProblemWarning, export_runs
from support.exports import FORMATS, read_back
from support.runs import known, make_run, many_runs, unread
from support.runs import runs as any_runs

NAMES = ("订单汇总_日报📊", "👩\u200d👩\u200d👧", "\u202eevil", "=cmd()", 'a "b", c', "")


@pytest.mark.parametrize("format_", FORMATS)
def test_round_trip(format_: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever is known of runs comes back from a file as it was."""
    path = tmp_path_factory.mktemp("trip") / f"runs.{format_}"

    @settings(max_examples=8 if format_ == "duckdb" else 40)
    @given(st.lists(any_runs, max_size=5))
    def check(some: list[Any]) -> None:
        summary = export_runs(some, path, format=format_)

        assert ExportSummary(written=len(some), kept=0, without_id=sum(not run.run_id for run in some)) == summary
        expected = [known(run) for run in some]
        assert expected == [{name: row[name] for name in expected[0]} for row in read_back(path)]
        assert expected == [] or set(expected[0]) == set(read_back(path)[0])

    check()


@pytest.mark.parametrize("format_", FORMATS)
def test_names_of_every_script(format_: Any, tmp_path: Path) -> None:
    """Chinese, emoji and text that looks like something else come through each format."""
    path = tmp_path / f"名字📊.{format_}"
    export_runs([make_run(index + 1, jobName=name, status=name) for index, name in enumerate(NAMES)], path)

    assert list(NAMES) == [row["job_name"] for row in read_back(path)]
    assert list(NAMES) == [row["status"] for row in read_back(path)]


def test_duckdb_reads_each_file(tmp_path: Path) -> None:
    """DuckDB takes the text files as they are: empty text, missing values and times in UTC."""
    some = [make_run(1, jobName="", status="订单📊"), make_run(2, jobName=None, runningData='{"a": "b,\\n"}')]
    expected = [(1, "", "订单📊", 1704934907000), (2, None, "success", 1704934907000)]
    readers = {"csv": "read_csv('{}', allow_quoted_nulls = false)", "ndjson": "read_json('{}')", "parquet": "'{}'"}
    for suffix, reader in readers.items():
        path = tmp_path / f"runs.{suffix}"
        export_runs(some, path)
        stored = reader.format(path)
        query = f"SELECT run_id, job_name, status, epoch_ms(plan_time::TIMESTAMPTZ) FROM {stored}"  # noqa: S608
        assert expected == duckdb.execute(query).fetchall()


def test_arrow_file_has_one_dictionary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels that come up late make no second dictionary, which other readers would refuse."""
    monkeypatch.setattr("dataarts_datamap._export.columns.BATCH_ROWS", 10)
    path = tmp_path / "runs.arrow"
    late = (make_run(run_id, jobName=f"job {run_id // 9}") for run_id in range(1, 26))

    export_runs(late, path, columns=["run_id", "job_name"])

    assert [f"job {number}" for number in range(3)] == pl.read_ipc(path)["job_name"].unique().sort().to_list()
    assert ["runs.arrow"] == [file.name for file in tmp_path.iterdir()]


def test_schema(tmp_path: Path) -> None:
    """The schema is the documented one, in Parquet and in Arrow files."""
    label, time = "dictionary<values=string, indices=int32, ordered=0>", "timestamp[ms, tz=UTC]"
    expected = {
        "run_id": "int64",
        "task_id": label,
        "task_name": label,
        "job_id": "int64",
        "job_name": label,
        "type": label,
        "status": label,
        "state": label,
        "plan_time": time,
        "submit_time": time,
        "start_time": time,
        "end_time": time,
        "duration_ms": "int64",
        "running_time": "int64",
        "retry_times": "int64",
        "fail_count": "int64",
        "input_row_count": "int64",
        "output_row_count": "int64",
        "speed": "double",
        "force_success": "bool",
        "owner": label,
        "execution_log_path": "string",
        "workspace_id": label,
        "workspace_name": label,
        "running_data": "string",
        "running_param": "string",
        "region": label,
        "project_id": label,
        "instance_id": label,
    }
    export_runs([], tmp_path / "runs.parquet")
    export_runs([], tmp_path / "runs.feather")
    parquet = pyarrow.parquet.read_schema(tmp_path / "runs.parquet")
    with (tmp_path / "runs.feather").open("rb") as file:
        arrow = pyarrow.ipc.open_file(file).schema

    assert expected == {field.name: str(field.type) for field in parquet}
    assert expected == {field.name: str(field.type) for field in arrow}
    assert list(expected) == parquet.names


@pytest.mark.parametrize("format_", FORMATS)
def test_columns_and_nested(format_: Any, tmp_path: Path) -> None:
    """The columns that are named come in their order; nested data can be skipped."""
    path = tmp_path / f"runs.{format_}"
    export_runs([make_run(7)], path, columns=["status", "running_data", "run_id"])
    assert [{"status": "success", "running_data": '{"type":"DLI"}', "run_id": 7}] == read_back(path)
    assert ["status", "running_data", "run_id"] == list(read_back(path)[0])

    export_runs([make_run(7)], path, nested="skip")
    assert {"running_data", "running_param"} == known(make_run(7)).keys() - read_back(path)[0].keys()


def test_csv_guard_and_bom(tmp_path: Path) -> None:
    """On request, text that a spreadsheet would run is made harmless, numbers stay, and the file has a mark."""
    path = tmp_path / "runs.csv"
    names = ("=1+1", "+1", "-1", "@x", "\tx", "\rx", "\uff1d1", "a=1", "")
    some = [make_run(-5, jobName=name) for name in names]
    export_runs(some, path, csv_guard=True, csv_bom=True)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))

    assert path.read_bytes().startswith(b"\xef\xbb\xbfrun_id,")
    assert [f"'{name}" for name in names[:7]] + list(names[7:]) == [row["job_name"] for row in rows]
    assert {"-5"} == {row["run_id"] for row in rows}

    export_runs(some, path)
    assert list(names) == [row["job_name"] for row in read_back(path)]
    assert not path.read_bytes().startswith(b"\xef\xbb\xbf")


BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
INVERSE = re.compile("'('*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")


@given(
    st.lists(
        st.one_of(
            st.text(alphabet="'=+-@\t\r\n\uff1d\uff0b\uff0d\uff20a\"", max_size=4),
            st.sampled_from(["''=1", "'", "''", "'a", "'1-2", "='"]),
        ),
        max_size=8,
    )
)
@settings(max_examples=60)
def test_csv_guard_has_an_inverse(texts: list[str]) -> None:
    """No guarded text begins as a spreadsheet would run it, and the documented pattern gives back each text."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "runs.csv")
        export_runs([make_run(1, jobName=text) for text in texts], path, csv_guard=True)
        with path.open(encoding="utf-8", newline="") as file:
            found = [row["job_name"] for row in csv.DictReader(file)]

    assert not any(text.startswith(BEGINNINGS) for text in found)
    assert texts == [INVERSE.sub(r"\1", text, count=1) if INVERSE.match(text) else text for text in found]


@pytest.mark.parametrize("guard", [True, False])
@pytest.mark.parametrize("names", [("=a", "'=a", "''=a"), ("'a", "a", "''a"), ("-", "'-", "")])
def test_guarded_file_is_added_to(names: tuple[str, ...], guard: bool, tmp_path: Path) -> None:  # noqa: FBT001  a case
    """Runs whose names differ by apostrophes alone stay apart when they are read again, guarded or not."""
    path = tmp_path / "runs.csv"
    some = [make_run(number, jobName=name) for number, name in enumerate(names, start=1)]
    for _ in range(3):
        export_runs(some, path, append=True, csv_guard=guard)

    written = [row["job_name"] for row in read_back(path)]
    assert list(names) == ([INVERSE.sub(r"\1", text, count=1) for text in written] if guard else written)


@pytest.mark.parametrize("format_", FORMATS)
def test_integer_beyond_64_bits(format_: Any, tmp_path: Path) -> None:
    """An integer that the schema cannot hold is left out, not lost in silence; the rest of the row stays."""
    path = tmp_path / f"runs.{format_}"
    with pytest.warns(RowProblemWarning, match=r"run_id 18446744073709551616 has more than 64 bits") as told:
        summary = export_runs([make_run(1), make_run(2**64), make_run(3)], path)

    assert 1 == len(told)
    assert __file__ == told[0].filename
    assert [1, None, 3] == [row["run_id"] for row in read_back(path)]
    assert 1 == summary.without_id


def test_text_files_need_no_extra(tmp_path: Path) -> None:
    """An NDJSON line is plain JSON with each column, null for what is missing."""
    path = tmp_path / "runs.jsonl"
    export_runs([make_run(1, endTime=0)], path)
    row = json.loads(path.read_text(encoding="utf-8"))

    assert known(make_run(1)).keys() == row.keys()
    assert ["2024-01-11T01:01:47.000Z", None] == [row["plan_time"], row["end_time"]]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"path": "runs.xlsx"}, "the format of runs.xlsx is not known: give one of parquet, csv, ndjson, arrow, duckdb"),
    ({"format": "xml"}, "the format 'xml' is not known"),
    ({"columns": ["bogus"]}, "'bogus' is not a column; the columns are run_id, task_id"),
    ({"columns": ["status", "status"]}, "each once"),
    ({"columns": []}, "each once"),
    ({"columns": "status"}, "a list of names"),
    (
        {"columns": ["running_data"], "nested": "skip"},
        r"columns \['running_data'\] are nested documents only, which nested='skip' leaves out: name others, too",
    ),
    ({"nested": "flat"}, "nested must be 'json' or 'skip', not 'flat'"),
    (
        {"columns": ["status"], "append": True},
        "append needs the columns run_id, plan_time, submit_time, start_time, task_id",
    ),
    ({"csv_guard": True}, "csv_guard and csv_bom are for CSV, not for parquet"),
    ({"table": "mine"}, r"table \(--table-name\) is for DuckDB, not for parquet"),
    *(({"table": wrong}, "table must be the name of a table") for wrong in ("", "a\0", "a\ud800", 5)),
    ({"path": "."}, "is not a file that can be replaced"),
    ({"path": "a\0b.csv"}, "is not a file that can be replaced: it holds a null character"),
    ({"path": "a\ud800b.csv"}, "is not a file that can be replaced: the system does not allow such a name"),
    ({"path": f"{'a' * 300}.csv"}, "is not a file that can be replaced: its name is too long"),
    ({"path": f"{'a' * 246}.csv"}, "is not a file that can be replaced: its name is too long"),
    ({"path": f"{'a' * 5000}.csv"}, "is not a file that can be replaced: its name is too long"),
    ({"path": "no/such/folder.csv"}, "there is no folder .* to write folder.csv to"),
    ({"runs": 5}, "runs must be an iterable, not int"),
]


@pytest.mark.parametrize(("wrong", "told"), WRONG)
def test_wrong_arguments(wrong: dict[str, Any], told: str, tmp_path: Path) -> None:
    """An argument that cannot be used is refused before anything is read or written."""
    path = tmp_path / wrong.get("path", "runs.parquet")
    options = {name: value for name, value in wrong.items() if name not in {"path", "runs"}}
    if path == tmp_path:
        options["format"] = "csv"

    with pytest.raises(InvalidArgumentError, match=told):
        export_runs(wrong.get("runs", unread()), path, **options)
    assert [] == list(tmp_path.iterdir())


def test_no_warning_for_plain_runs(tmp_path: Path) -> None:
    """Healthy runs are exported without a word."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        export_runs(many_runs(3), tmp_path / "runs.csv")

    assert [1, 2, 3] == [row["run_id"] for row in read_back(tmp_path / "runs.csv")]
    assert datetime(2024, 1, 11, 1, 2, 47, tzinfo=UTC) == read_back(tmp_path / "runs.csv")[0]["plan_time"]
