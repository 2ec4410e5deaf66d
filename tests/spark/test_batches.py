"""``format("datamap")`` in batches: what comes is what is there, chosen by a schema, and no secret on the way."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyspark
import pytest
from pyspark.errors import AnalysisException, PySparkException

from dataarts_datamap import DataMapClient, InvalidArgumentError, export_runs
from dataarts_datamap.integrations.spark import DataMapDataSource

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from dataarts_datamap_contract.mock import FakeService

from support.spark_types import fields_of

TOKEN = "a-token-that-must-not-show"
HOUR = timedelta(hours=1)


def fill(service: FakeService, *, operators: int = 5, runs: int = 12) -> list[int]:
    """Put operators with runs into the documented table; one run in three failed."""
    ids: list[int] = []
    for number in range(operators):
        operator = service.add_operator(job_name=f"job {number}", task_id=str(number + 1))
        begun = datetime.now(UTC) - timedelta(hours=runs + 1)
        for index in range(runs):
            status = "fail" if index % 3 == 0 else "success"
            ids.append(
                service.add_run(operator, status=status, plan_time=begun + index * HOUR, runningData=f'"{TOKEN}"')
            )
    return ids


def read(spark: SparkSession, service: FakeService, **options: str) -> DataFrame:
    """The runs of the documented table."""
    return spark.read.format("datamap").options(since="7d", **options).load(service.table_guid)


def reader_of(service: FakeService, **options: str) -> Any:
    """What reads in batches, without Spark."""
    source = DataMapDataSource({"path": service.table_guid, "since": "7d", **options})
    return source.reader(fields_of("run_id BIGINT"))


def test_what_comes_is_what_is_there(spark: SparkSession, service: FakeService, tmp_path: Path) -> None:
    """With a filter, into Parquet and back, and equal to the plain export."""
    ids = fill(service)
    failed = read(spark, service).filter("state = 'failed'")
    failed.write.parquet(str(tmp_path / "failed"))
    back = spark.read.parquet(str(tmp_path / "failed"))
    assert 20 == back.count() == back.select("run_id").distinct().count()
    rows = read(spark, service).select("run_id", "plan_time", "job_name", "run_key", "table_guid").collect()
    assert sorted(ids) == sorted(row.run_id for row in rows)
    assert {service.table_guid} == {row.table_guid for row in rows}
    with DataMapClient.from_env() as client:
        runs = client.list_table_runs(service.table_guid, since=timedelta(days=7)).to_list()
        export_runs(runs, tmp_path / "plain.parquet", nested="skip")
    assert {run.key for run in runs} == {row.run_key for row in rows}
    plain = spark.read.parquet(str(tmp_path / "plain.parquet"))
    landed = read(spark, service).select(*plain.columns)
    assert 0 == landed.exceptAll(plain).count() == plain.exceptAll(landed).count()


def test_a_view_in_sql(spark: SparkSession, service: FakeService) -> None:
    """By a table's name, without a line of Python that knows the source."""
    fill(service, operators=1, runs=3)
    spark.sql("create or replace temporary view runs using datamap options (path 'sales.dws_orders', since '24h')")
    assert [(1, 2)] == [
        tuple(row)
        for row in spark.sql("select count_if(state = 'failed'), count_if(state = 'succeeded') from runs").collect()
    ]


def test_a_schema_chooses_columns(spark: SparkSession, service: FakeService) -> None:
    """There is no other pruning; a name or a type that is none is said with what there is."""
    ids = fill(service, operators=1, runs=2)
    chosen = spark.read.format("datamap").option("since", "7d").schema("state STRING, run_id BIGINT")
    assert sorted(ids) == sorted(row.run_id for row in chosen.load(service.table_guid).collect())
    for schema, said in (
        ("run_ids BIGINT", "has no column 'run_ids': did you mean run_id?"),
        ("run_id STRING", "the column run_id is BIGINT, not string"),
    ):
        wrong = spark.read.format("datamap").option("since", "7d").schema(schema)
        with pytest.raises(AnalysisException) as caught:
            wrong.load(service.table_guid).collect()
        assert said in str(caught.value)


def test_nested_documents_come_when_asked_for(spark: SparkSession, service: FakeService) -> None:
    """They can hold secrets."""
    fill(service, operators=1, runs=1)
    assert not {"running_data", "running_param"} & {*read(spark, service).columns}
    (row,) = read(spark, service, runningData="true").select("running_data").collect()
    assert f'"{TOKEN}"' == row.running_data


@pytest.mark.parametrize(
    ("operators", "options", "groups", "rate"),
    [
        (9, {}, [3, 2, 2, 2], 12),
        (2, {}, [1, 1], 25),
        (9, {"numPartitions": "3"}, [3, 3, 3], 16),
        (9, {"numPartitions": "9", "requestsPerSecond": "5"}, [2, 2, 2, 2, 1], 1),
        (0, {}, [0], 50),
    ],
)
def test_operators_are_dealt_and_rates_are_whole(
    operators: int, options: dict[str, str], groups: list[int], rate: int, service: FakeService
) -> None:
    """A rate that is no whole number lets nearly twice as many requests through in a second."""
    fill(service, operators=operators, runs=0)
    parts = reader_of(service, **options).partitions()
    assert groups == [len(part.operators) for part in parts]
    assert {rate} == {part.rate for part in parts}
    assert sum(part.rate for part in parts) <= int(options.get("requestsPerSecond", "50"))


@pytest.mark.parametrize("setting", ["false", "true"])
def test_a_frame_gives_all_rows_behind_a_filter(setting: str, spark: SparkSession, service: FakeService) -> None:
    """Whether Spark hands filters on or not: it keeps what a reader makes of them for the frame's next query."""
    fill(service, operators=2, runs=20)
    spark.conf.set("spark.sql.python.filterPushdown.enabled", setting)
    try:
        frame = read(spark, service)
        bound = (datetime.now(UTC) - 10 * HOUR - timedelta(minutes=30)).isoformat()
        counts = [frame.filter(f"plan_time > timestamp'{bound}'").count(), frame.count()]
    finally:
        spark.conf.unset("spark.sql.python.filterPushdown.enabled")
    assert [18, 40] == counts


def test_a_frame_keeps_its_window(spark: SparkSession, service: FakeService) -> None:
    """Two actions on one frame are of the same time, but not before Spark 4.1; a new frame is of now."""
    fill(service, operators=1, runs=3)
    frame = read(spark, service)
    first = frame.count()
    time.sleep(0.01)  # the next run is planned behind the end of the window
    service.add_run(plan_time=datetime.now(UTC))
    again = 4 if pyspark.__version__.startswith("4.0.") else 3
    assert (3, again, 4) == (first, frame.count(), read(spark, service).count())


@pytest.mark.parametrize(
    "name", ["token", "X-Auth-Token", "ak", "SK", "secretKey", "access_key", "password", "datamap.sk", "credentials"]
)
def test_a_secret_is_no_option(name: str, service: FakeService) -> None:
    """It would be in plans and logs; the text says what to do instead, and not what the value was."""
    with pytest.raises(InvalidArgumentError, match="cannot be an option: options are shown and logged") as caught:
        reader_of(service, **{name: TOKEN})
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sinze": "7d"}, "has no option sinze: did you mean since?"),
        ({"since": "7"}, "since must be a number with a unit"),
        ({"start": "2026-01-01"}, "start must be ISO 8601 text with an offset"),
        ({"end": "soon"}, "end must be ISO 8601 text with an offset"),
        ({"numPartitions": "0"}, "numPartitions must be a whole number from 1"),
        ({"requestsPerSecond": "12.5"}, "requestsPerSecond must be a whole number from 1"),
        ({"runningData": "yes"}, "runningData must be true or false"),
        ({"tables": "a,b"}, "name the tables"),
    ],
)
def test_a_wrong_option_is_said(options: dict[str, str], said: str, service: FakeService) -> None:
    """Before anything is asked."""
    with pytest.raises(InvalidArgumentError, match=said):
        reader_of(service, **options)
    assert [] == service.requests


@pytest.mark.parametrize("options", [{}, {"tables": ""}, {"tables": " , "}, {"path": " "}])
def test_a_table_is_named(options: dict[str, str]) -> None:
    """A list of tables without a name is refused: no table would be read in silence."""
    with pytest.raises(InvalidArgumentError, match="name the tables"):
        DataMapDataSource(options).schema()


def test_a_window_has_a_beginning(service: FakeService) -> None:
    """Nothing is read without one."""
    source = DataMapDataSource({"path": service.table_guid})
    with pytest.raises(InvalidArgumentError, match="give the beginning of the window"):
        source.reader(fields_of("run_id BIGINT")).partitions()


def test_several_tables(spark: SparkSession, service: FakeService, tmp_path: Path) -> None:
    """By name, with commas, or those of a file; each row says of which table it is."""
    other = service.add_table("sales.other")
    fill(service, operators=1, runs=2)
    operator = service.add_operator(job_name="other", table_guid=other)
    service.add_run(operator)
    (tmp_path / "datamap.toml").write_text(
        '[[tables]]\nname = "sales.dws_orders"\n[[tables]]\nname = "other"\n', encoding="utf-8"
    )
    for option, value in (("tables", "dws_orders, sales.other"), ("tableFile", str(tmp_path / "datamap.toml"))):
        found = spark.read.format("datamap").options(since="7d", **{option: value}).load()
        counts = {row.table_guid: row["count"] for row in found.groupBy("table_guid").count().collect()}
        assert {service.table_guid: 2, other: 1} == counts


def test_a_name_in_the_file_that_looks_like_a_guid(spark: SparkSession, service: FakeService, tmp_path: Path) -> None:
    """It is a name all the same."""
    name = "a" * 32
    operator = service.add_operator(job_name="other", table_guid=(guid := service.add_table(f"sales.{name}")))
    service.add_run(operator)
    (tmp_path / "datamap.toml").write_text(f'[[tables]]\nname = "{name}"\n', encoding="utf-8")
    found = spark.read.format("datamap").options(since="7d", tableFile=str(tmp_path / "datamap.toml")).load()
    assert [guid] == [row.table_guid for row in found.collect()]


def test_no_secret_is_in_plan_page_or_log(
    spark: SparkSession, service: FakeService, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the token of the environment, nor what runs did."""
    fill(service, operators=2, runs=5)
    frame = read(spark, service)
    assert 10 == frame.count()
    frame.explain(mode="extended")
    plan = capsys.readouterr().out
    assert "datamap" in plan
    base = spark.sparkContext.uiWebUrl
    assert base is not None
    application = f"{base}/api/v1/applications/{spark.sparkContext.applicationId}"
    pages = [f"{application}/{page}" for page in ("environment", "jobs", "stages", "executors", "sql?details=true")]
    texts = [plan, *(urllib.request.urlopen(page).read().decode() for page in pages)]  # noqa: S310  of this machine
    folder = Path((spark.conf.get("spark.eventLog.dir", "") or "").removeprefix("file://"))
    logs = [path for path in folder.rglob("*") if path.is_file()]
    assert logs
    texts += [path.read_bytes().decode("utf-8", "replace") for path in logs]
    assert not [text for text in texts if TOKEN in text]


@pytest.mark.parametrize("gone", ["dataarts_datamap", "msgspec", "pyarrow", "pyspark"])
def test_what_spark_imports_never_fails(gone: str) -> None:
    """One module that fails to import would break every read of every source."""
    code = f"""
import sys
sys.modules[{gone!r}] = None
import pyspark_datamap
print(hasattr(pyspark_datamap, "DefaultSource"))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "False\n" == done.stdout


def test_a_missing_table_is_said(spark: SparkSession, service: FakeService) -> None:
    """With the client's own text."""
    service.add_operator()
    with pytest.raises(PySparkException, match=r"no table is named 'no\.such'"):
        spark.read.format("datamap").option("since", "7d").load("no.such").collect()
