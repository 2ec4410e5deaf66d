"""The limit of 50 requests a second holds for all partitions together."""

from __future__ import annotations

import os
import subprocess
import sys

from dataarts_datamap_contract.mock import MockConfig, MockServer

PROGRAM = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[4]").config("spark.ui.enabled", "false").getOrCreate()
frame = spark.read.format("datamap").options(since="3650d", pageSize="10").load(
    "09318f28-939f-4ab6-a374-9e621096652c").cache()
print("rows:", frame.count(), frame.select("run_key").distinct().count(), frame.rdd.getNumPartitions())
"""


def test_hardly_any_request_is_too_many() -> None:
    """Four partitions at a service that refuses the 51st in any second: at most 1 % are refused, and no row is lost.

    In this session nothing is registered: Spark finds the format by itself.
    """
    with MockServer(MockConfig(size=1_500, rate_limit=50)) as server:
        environment = {
            **os.environ,
            "PYSPARK_PYTHON": sys.executable,
            "DATAMAP_ENDPOINT": server.url,
            "DATAMAP_PROJECT_ID": server.config.project_id,
            "DATAMAP_INSTANCE_ID": server.config.instance_id,
            "DATAMAP_TOKEN": server.config.token,
        }
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False
        )
        statuses = [request["status"] for request in server.record.requests]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("rows:")] or [done.stderr[-3000:]]
    rows, keys, partitions = map(int, line.split()[1:])
    assert rows == keys > 0
    assert 4 == partitions
    assert 200 < len(statuses)
    assert statuses.count(429) <= len(statuses) / 100
