"""Figures for many tables: a check, against the least time that the throttle allows; a scrape; the page of all."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final
from urllib.request import urlopen

from benchmarks.mocking import mock_server
from benchmarks.table import Figure
from benchmarks.table_server import OPERATORS, TABLES
from dataarts_datamap import CheckState, DataMapClient, TableRule, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.processes import Environments

_RATE: Final = 50
_LINEAGE_PAGES: Final = 9
_SCRAPES: Final = 40
_DAYS: Final = 30


def checking(where: Environments) -> Iterator[Figure]:
    """Figures for the first check of many tables, the next one with a state, and scrapes during checks."""
    rules = [TableRule(name=f"dwd.t{number}", max_age=timedelta(hours=26)) for number in range(TABLES)]
    operators = TABLES * OPERATORS
    what = f"check of {TABLES} tables, {operators} operators at 50 ms latency"
    with (
        tempfile.TemporaryDirectory() as folder,
        _serving(where) as (process, variables),
        CheckState(Path(folder, "state")) as state,
    ):
        os.environ.update(variables)
        for title, least, most in (
            (what, _LINEAGE_PAGES + TABLES + operators, 1.15),
            (f"{what}, the second with a state", _LINEAGE_PAGES + operators, 1.1),
        ):
            elapsed = _check(rules, state)
            against = f"what {_RATE} requests a second dictate for {least:,}"
            yield Figure(what=title, against=against, value=elapsed / (least / _RATE), unit="× its time", at_most=most)
            yield Figure(what=f"{title}: let through", value=_asked(process), unit="requests", at_most=least)
        yield from _scraping(rules, state)


def _check(rules: list[TableRule], state: CheckState) -> float:
    """Return the seconds that a check takes.

    Raises:
        ValueError: Not all tables are fresh, so that the check did other work.
    """
    with DataMapClient.from_env() as client:
        begun = time.perf_counter()
        checks = client.check_tables(rules, state=state)
        elapsed = time.perf_counter() - begun
    if any(check.verdict is not Verdict.FRESH for check in checks):
        raise ValueError(f"not all tables are fresh: {next(one for one in checks if one.verdict is not Verdict.FRESH)}")
    return elapsed


def _scraping(rules: list[TableRule], state: CheckState) -> Iterator[Figure]:
    from dataarts_datamap.integrations.exporter import TableExporter  # noqa: PLC0415  an extra

    with (
        DataMapClient.from_env() as client,
        TableExporter(client, rules, state=state, interval=timedelta(seconds=1), port=0) as exporter,
    ):
        while not exporter.is_ready:
            time.sleep(0.5)
        times: list[float] = []
        for _ in range(_SCRAPES):
            begun = time.perf_counter()
            with urlopen(f"{exporter.url}/metrics") as response:  # noqa: S310  our own
                response.read()
            times.append((time.perf_counter() - begun) * 1000)
            time.sleep(0.1)
    what = f"exporter: a scrape of {TABLES} tables while it checks them"
    yield Figure(what=what, value=median(times), unit="ms", at_most=50)


@contextmanager
def _serving(where: Environments) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    command = [where.python("mock"), "-m", "benchmarks.table_server"]
    with subprocess.Popen(  # noqa: S603  ours
        command, env=dict(where.variables), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process, json.loads(_line(process))["environment"]
        finally:
            process.terminate()


def _asked(process: subprocess.Popen[str]) -> int:
    if process.stdin is None:
        raise ValueError("the server has no stdin")
    process.stdin.write("\n")
    process.stdin.flush()
    return int(_line(process))


def _line(process: subprocess.Popen[str]) -> str:
    if process.stdout is None:
        raise ValueError("the server has no stdout")
    return process.stdout.readline()


def reporting(where: Environments) -> Iterator[Figure]:
    """Figures for the page of many tables: the peak memory of the process that makes it, and its size."""
    with tempfile.TemporaryDirectory() as folder, mock_server(where, "--tables", str(TABLES)) as (_, told):
        variables = {
            "DATAMAP_ENDPOINT": told["url"],
            "DATAMAP_PROJECT_ID": told["project_id"],
            "DATAMAP_INSTANCE_ID": told["instance_id"],
            "HUAWEICLOUD_SDK_AK": told["access_key"],
            "HUAWEICLOUD_SDK_SK": told["secret_key"],
        }
        command = [where.python("cli"), "-m", "benchmarks.report", folder]
        done = subprocess.run(command, check=True, capture_output=True, env={**where.variables, **variables}, text=True)  # noqa: S603  ours
    taken: dict[str, int] = json.loads(done.stdout)
    what = f"report of {TABLES} tables × {_DAYS} days"
    yield Figure(what=f"{what}: peak memory", value=taken["peak"] / 1e6, unit="MB", at_most=300)
    yield Figure(what=f"{what}: the page", value=taken["page"] / 1e6, unit="MB", at_most=5)
