"""A standalone cluster of two workers: each makes credentials of its own, and no row is lost or comes twice."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pyspark

from dataarts_datamap_contract.mock import MockConfig, MockServer

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME = Path(pyspark.__file__).parent
PATIENCE = 120
PROGRAM = """
import os, sys
from pyspark.sql import SparkSession
from pyspark.sql.functions import spark_partition_id
spark = SparkSession.builder.master(sys.argv[1]).config("spark.executor.cores", "1").config(
    "spark.executor.memory", "512m").config("spark.ui.enabled", "false").config("spark.cores.max", "2").config(
    "spark.driver.host", "127.0.0.1").getOrCreate()
frame = spark.read.format("datamap").options(since="30d").load("09318f28-939f-4ab6-a374-9e621096652c").cache()
workers = spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size() - 1
print("rows:", frame.count(), frame.select("run_key").distinct().count(), workers)
"""


def started(stack: ExitStack, log: Path, environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    """A process of Spark's, which ends with the block."""
    out = stack.enter_context(log.open("wb"))
    process = subprocess.Popen(
        [str(HOME / "bin" / "spark-class"), *arguments], env=environment, stdout=out, stderr=subprocess.STDOUT
    )
    stack.callback(process.wait, 30)
    stack.callback(process.terminate)
    return process


def logged(log: Path, pattern: str, process: subprocess.Popen[bytes]) -> str:
    """What a process says of itself, once it has."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        found = re.search(pattern, log.read_text(encoding="utf-8"))
        if found is not None:
            return found[1]
        time.sleep(0.5)
    raise AssertionError(log.read_text(encoding="utf-8")[-3000:])


def test_two_workers_read_it_all(tmp_path: Path) -> None:
    """The planner is another process than they are, and what proves who asks is in the environment of each."""
    with MockServer(MockConfig(size=2_000)) as server, ExitStack() as stack:
        plain = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
        plain = {name: value for name, value in plain.items() if not name.startswith("DATAMAP_")}
        variables = {
            "DATAMAP_ENDPOINT": server.url,
            "DATAMAP_PROJECT_ID": server.config.project_id,
            "DATAMAP_INSTANCE_ID": server.config.instance_id,
            "DATAMAP_TOKEN": server.config.token,
        }
        log = tmp_path / "master.log"
        master = started(
            stack,
            log,
            plain,
            *("org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0"),
        )
        url = logged(log, r"Starting Spark master at (spark://\S+)", master)
        for number in range(2):
            log = tmp_path / f"worker{number}.log"
            worker = started(
                stack,
                log,
                {**plain, **variables},
                *("org.apache.spark.deploy.worker.Worker", "--cores", "1", "--memory", "600m", "--webui-port", "0"),
                *("--work-dir", str(tmp_path / f"work{number}"), url),
            )
            logged(log, r"(Successfully registered with master)", worker)
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, url],
            env={**plain, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=2 * PATIENCE,
        )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("rows:")] or [done.stderr[-3000:]]
    rows, keys, workers = map(int, line.split()[1:])
    assert rows == keys > 1_000
    assert 2 == workers
