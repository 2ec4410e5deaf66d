"""The page on Spark: its programs do as they stand, one behind the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docs_build.blocks import read_blocks
from docs_build.documents import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from pyspark.sql import SparkSession

    from dataarts_datamap_contract.mock import FakeService


def test_the_page_runs(
    spark: SparkSession,
    service: FakeService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Against invented runs, in an empty folder."""
    service.invent(size=40)
    monkeypatch.chdir(tmp_path)
    warehouse = tmp_path.as_uri()
    names: dict[str, object] = {}
    for block in read_blocks((ROOT / "docs/how-to/spark.md").read_text(encoding="utf-8")):
        text = block.text
        for folder in ("failed_runs", "ended_runs", "checkpoint"):  # relative paths are those of the session's start
            text = text.replace(f'"{folder}"', f'"{warehouse}/{folder}"')
        exec(compile(text, f"spark.md, line {block.line}", "exec"), names)  # noqa: S102  a program of ours
    spark.conf.unset("spark.sql.python.filterPushdown.enabled")
    printed = capsys.readouterr().out
    assert "runs failed" in printed
    assert "|      day|" in printed or "|       day|" in printed
    assert ["True", "True"] == [line for line in printed.splitlines() if line in {"True", "False"}]
