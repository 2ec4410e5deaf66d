"""A million runs through Spark: as many as a plain export has, the same, and none twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataarts_datamap import DataMapClient, export_runs
from dataarts_datamap_contract.mock import MockConfig, MockServer

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

TABLE = "09318f28-939f-4ab6-a374-9e621096652c"
OPERATORS, RUNS = 4, 250_000


def test_a_million_rows_are_those_of_the_export(spark: SparkSession, tmp_path: Path) -> None:
    """Into Parquet and back, by partitions of one operator each."""
    with MockServer(MockConfig(token="a-token-that-must-not-show", size=RUNS)) as server:
        frame = (
            spark.read.format("datamap")
            .options(endpoint=server.url, since="36500d", pageSize="1000", requestsPerSecond="100000")
            .schema("run_key STRING, run_id BIGINT, state STRING, plan_time TIMESTAMP")
            .load(TABLE)
        )
        frame.write.parquet(str(tmp_path / "landed"))
        with DataMapClient.from_env(endpoint=server.url, requests_per_second=None) as client:
            runs = client.list_table_runs(TABLE, start="1970-01-02T00:00Z", page_size=1_000)
            written = export_runs(runs, tmp_path / "plain.parquet", columns=["run_id", "state", "plan_time"]).written
    landed, plain = spark.read.parquet(str(tmp_path / "landed")), spark.read.parquet(str(tmp_path / "plain.parquet"))
    assert OPERATORS * RUNS == written == landed.count() == landed.select("run_key").distinct().count()
    columns = ("run_id", "state", "plan_time")
    assert 0 == landed.select(*columns).exceptAll(plain.select(*columns)).count()
