"""Airflow, Spark and a check ask one service at once, each in an environment and a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from dataarts_datamap_contract.mock import FakeService, MockConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

pytestmark = pytest.mark.platforms

ROOT: Final = Path(__file__).parents[1]
SCRIPTS: Final = "Scripts" if os.name == "nt" else "bin"
SPARK, AIRFLOW = (ROOT / name / SCRIPTS / "python" for name in (".spark", ".airflow"))
WATCHED: Final = 8
CHECKED: Final = 200
RUNS: Final = 1_500

READ: Final = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[4]").config("spark.ui.enabled", "false").config(
    "spark.ui.showConsoleProgress", "false").getOrCreate()
frame = spark.read.format("datamap").options(since="3650d", pageSize="10").load(sys.argv[1]).cache()
print("rows:", frame.count(), frame.select("run_key").distinct().count(), frame.rdd.getNumPartitions())
"""
WATCH: Final = """
import asyncio, json, sys
from dataarts_datamap.integrations.airflow import TableRunTrigger

async def watch(table):
    async for event in TableRunTrigger(table, poll_interval=0.05).run():
        print("event:", json.dumps([table, event.payload["run_id"]]), flush=True)

async def watch_all():
    await asyncio.gather(*map(watch, sys.argv[1:]))

asyncio.run(watch_all())
"""


@contextmanager
def started(log: Path, environment: Mapping[str, str], *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block, and writes into a file."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=dict(environment), stdout=out, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def lines(log: Path, kind: str) -> list[str]:
    """What a process has written in lines of a kind."""
    written = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line.removeprefix(kind) for line in written if line.startswith(kind)]


def wait_until(holds: Callable[[], bool], *logs: Path, within: float) -> None:
    """Wait for something to hold, and show what was written where it does not."""
    until = time.monotonic() + within
    while not holds():
        tails = [log.read_text(encoding="utf-8", errors="replace")[-3_000:] for log in logs]
        assert time.monotonic() < until, "\n".join(tails)
        time.sleep(0.25)


def check_of_many(service: FakeService, folder: Path) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Put tables with a fresh operator each into a service: the operators by GUID, and the command that checks them."""
    operators: dict[str, dict[str, str]] = {}
    for number in range(CHECKED):
        guid = service.add_table(f"lake.many.t{number}")
        operators[guid] = service.add_operator(f"load {number}", task_id=str(number + 1), table_guid=guid)
        service.add_run(operators[guid], plan_time=datetime.now(UTC) - timedelta(hours=2))
    tables = "".join(f'[[tables]]\nguid = "{guid}"\nmax_age = "26h"\n' for guid in operators)
    (folder / "datamap.toml").write_text(tables, encoding="utf-8")
    command = [sys.executable, "-m", "dataarts_datamap", "check", "--output", "ndjson"]
    return operators, [*command, "--tables", str(folder / "datamap.toml")]


def machine(folder: Path) -> dict[str, str]:
    """The variables of a process that has a folder for its home, and knows nothing of this one's service."""
    kept = ("JAVA_HOME", "PATH", "SYSTEMROOT")
    return {"HOME": str(folder), "NO_PROXY": "127.0.0.1", **{one: os.environ[one] for one in kept if one in os.environ}}


def verdicts(log: Path) -> Counter[str]:
    """How many tables have each verdict."""
    return Counter(json.loads(line)["verdict"] for line in lines(log, "") if line.startswith("{"))


def test_check_alone(tmp_path: Path) -> None:
    """Alone it keeps to the limit: at most one request in a hundred is refused."""
    with FakeService(MockConfig(rate_limit=50)) as service:
        _, check = check_of_many(service, tmp_path)
        log = tmp_path / "check.log"
        with started(log, {**machine(tmp_path), **service.environment}, *check) as checking:
            wait_until(lambda: checking.poll() is not None, log, within=300)
        statuses = Counter(request["status"] for request in service.requests)
    assert {"fresh": CHECKED} == verdicts(log)
    assert 2 * CHECKED <= statuses.total()
    assert statuses[429] <= statuses.total() / 100


def test_three_at_once(tmp_path: Path) -> None:
    """They ask for nearly three times what a user may: all wait, none fails, and no row, event or verdict is lost.

    Spark reads in four partitions, eight watchers of a triggerer poll without a pause, and a check is of 200 tables.
    Each keeps to the limit by itself and knows nothing of the others.
    """
    with FakeService(MockConfig(rate_limit=50)) as service:
        service.invent(size=RUNS)
        operators, check = check_of_many(service, tmp_path)
        watched = dict(list(operators.items())[:WATCHED])
        ids = {"project_id": service.project_id, "instance_id": service.instance_id}
        connection = {"conn_type": "datamap", "host": service.url, "password": service.token, "extra": ids}
        asking = {**machine(tmp_path), **service.environment, "PYSPARK_PYTHON": str(SPARK)}
        triggerer = {
            **machine(tmp_path),
            "AIRFLOW_HOME": str(tmp_path / "airflow"),
            "AIRFLOW_CONN_DATAMAP_DEFAULT": json.dumps(connection),
        }
        spark_log, airflow_log, check_log = (tmp_path / f"{name}.log" for name in ("spark", "airflow", "check"))

        def asked(pattern: str) -> int:
            return sum(re.search(pattern, request["target"]) is not None for request in service.requests)

        with (
            started(airflow_log, triggerer, str(AIRFLOW), "-c", WATCH, *watched) as watching,
            started(spark_log, asking, str(SPARK), "-c", READ, service.table_guid) as reading,
        ):
            polls = [rf"/node/{operator['task_id']}/instances" for operator in watched.values()]
            wait_until(lambda: min(map(asked, polls)) > 1, airflow_log, within=300)  # the first poll yields nothing
            wait_until(lambda: asked(r"[?&]limit=10(&|$)") > 0, spark_log, within=300)
            with started(check_log, asking, *check) as checking:
                before = len(service.requests)
                wait_until(lambda: len(service.requests) > before + 200, check_log, within=300)
                planted = [
                    [guid, service.add_run(operator, plan_time=datetime.now(UTC))] for guid, operator in watched.items()
                ]
                wait_until(lambda: checking.poll() is not None, check_log, within=300)
            wait_until(lambda: reading.poll() is not None, spark_log, within=300)
            wait_until(lambda: len(lines(airflow_log, "event: ")) >= WATCHED, airflow_log, within=300)
            assert watching.poll() is None
        statuses = Counter(request["status"] for request in service.requests)
    events = [json.loads(line) for line in lines(airflow_log, "event: ")]
    assert sorted(planted) == sorted(events)
    assert (0, {"fresh": CHECKED}) == (checking.returncode, verdicts(check_log)), check_log.read_text(encoding="utf-8")[
        -3_000:
    ]
    (counts,) = lines(spark_log, "rows:") or [spark_log.read_text(encoding="utf-8")[-3_000:]]
    rows, keys, partitions = map(int, counts.split())
    assert rows == keys == 4 * RUNS
    assert 4 == partitions
    assert {200, 429} == statuses.keys()
