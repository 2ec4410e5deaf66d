"""``readStream.format("datamap")``: each run when it has ended, again if its end changes, and across restarts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dataarts_datamap.integrations.spark import DataMapDataSource
from support.spark_types import fields_of

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from dataarts_datamap_contract.mock import FakeService

TOKEN = "a-token-that-must-not-show"
SCHEMA = "run_id BIGINT, state STRING, end_time TIMESTAMP"


def taken(spark: SparkSession, service: FakeService, folder: Path) -> list[tuple[int, str]]:
    """All rows that a stream has written, after it has taken what is there now."""
    source = spark.readStream.format("datamap").options(since="30d").schema(SCHEMA).load(service.table_guid)
    query = (
        source.writeStream.format("parquet")
        .option("checkpointLocation", str(folder / "checkpoint"))
        .trigger(availableNow=True)
        .start(str(folder / "rows"))
    )
    query.awaitTermination()
    rows = spark.read.schema(SCHEMA).parquet(str(folder / "rows")).collect()
    return sorted((row.run_id, row.state) for row in rows)


def test_each_run_comes_when_it_has_ended(spark: SparkSession, service: FakeService, tmp_path: Path) -> None:
    """None twice, none lost: two new ends, a rerun, and one that ends weeks after its plan, each behind a restart.

    The checkpoint holds no secret: neither the token, nor what runs did.
    """
    service.add_operator(job_name="load")
    old = service.add_run(status="running", plan_time=datetime.now(UTC) - timedelta(days=20))
    first, second = (service.add_run(status=status, runningData=f'"{TOKEN}"') for status in ("success", "fail"))
    expected = [(first, "succeeded"), (second, "failed")]
    assert expected == taken(spark, service, tmp_path)
    assert expected == taken(spark, service, tmp_path)
    third = service.add_run(status="success")
    service.change_run(second, status="success", end_time=datetime.now(UTC))
    service.change_run(old, status="success", end_time=datetime.now(UTC))
    expected = sorted([*expected, (third, "succeeded"), (second, "succeeded"), (old, "succeeded")])
    assert expected == taken(spark, service, tmp_path)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "checkpoint").rglob("*") if path.is_file())
    assert b"until" in kept
    assert TOKEN.encode() not in kept


def stream_of(service: FakeService) -> Any:
    """What reads as a stream, without Spark."""
    source = DataMapDataSource({"path": service.table_guid, "since": "7d"})
    return source.simpleStreamReader(fields_of(SCHEMA))


def test_a_batch_can_be_read_again(service: FakeService) -> None:
    """Between two offsets, as after a failure: the same rows, in the order of the schema."""
    service.add_operator(job_name="load")
    ids = [service.add_run(status="success") for _ in range(3)]
    reader = stream_of(service)
    begun = reader.initialOffset()
    rows, end = reader.read(begun)
    read = list(rows)
    assert sorted(ids) == sorted(row[0] for row in read)
    assert {"succeeded"} == {row[1] for row in read}
    assert read == list(reader.readBetweenOffsets(begun, end))
    more, _ = reader.read(end)
    assert [] == list(more) == list(reader.readBetweenOffsets(end, end))
