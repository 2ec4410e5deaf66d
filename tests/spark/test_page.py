"""The page on Spark: its programs do as they stand, one behind the other."""

from __future__ import annotations

import re
from contextlib import nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING

import pyspark
import pytest
from pyspark.errors import AnalysisException

from dataarts_datamap import DataMapClient, export_runs
from docs_build.blocks import read_blocks
from docs_build.documents import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from dataarts_datamap_contract.mock import FakeService


def run_programs(page: str, names: dict[str, object], folder: Path) -> None:
    """The programs of a page, one behind the other."""
    for block in read_blocks((ROOT / page).read_text(encoding="utf-8")):
        text = block.text
        if block.language == "python":
            for name in ("failed_runs", "ended_runs", "checkpoint"):  # relative paths are those of the session's start
                text = text.replace(f'"{name}"', f'"{folder.as_uri()}/{name}"')
            text = text.replace("parquet.`runs", f"parquet.`{folder.as_uri()}/runs")
            refused = pyspark.__version__.startswith("4.0.") and "dataSource.register" in text
            with pytest.raises(AnalysisException, match="ALREADY_EXISTS") if refused else nullcontext():
                exec(compile(text, f"{page}, line {block.line}", "exec"), names)  # noqa: S102  a program of ours


@pytest.mark.usefixtures("spark")
def test_the_page_runs(
    service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Against invented runs, in an empty folder."""
    service.invent()
    monkeypatch.chdir(tmp_path)
    run_programs("docs/how-to/spark.md", {}, tmp_path)
    printed = capsys.readouterr().out
    assert "runs failed" in printed
    assert re.search(r"\| +day\| +state\|runs\|", printed)
    assert "True" in printed.splitlines()


@pytest.mark.usefixtures("spark")
def test_one_file_is_read_by_both(
    service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """DuckDB and Spark give the same for the same query of the same Parquet."""
    service.invent()
    monkeypatch.chdir(tmp_path)
    with DataMapClient.from_env() as client:
        export_runs(client.list_table_runs(service.table_guid, since=timedelta(days=30)), "runs.parquet", nested="skip")
    run_programs("docs/how-to/parquet.md", {}, tmp_path)
    printed = capsys.readouterr().out
    of_duckdb = re.findall(r"\('(.+?)', (\d+), (\d+), (\w+)\)", printed)
    of_spark = re.findall(r"^\| *(\S.*?)\| *(\d+)\| *(\d+)\| *(\w+)\|$", printed, re.MULTILINE)
    assert 4 == len(of_duckdb)
    assert of_duckdb == [(*counts, kind.capitalize()) for *counts, kind in of_spark]
