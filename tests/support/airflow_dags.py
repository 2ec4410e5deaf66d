"""Runs a DAG in this process, like ``dag.test()``."""

from __future__ import annotations

import runpy
import threading
import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dataarts_datamap_contract.mock import FakeService

AIRFLOW: Final = tuple(map(int, version("apache-airflow-core").split(".")[:2]))
"""The version of Airflow, such as (3, 0)."""

IMPORTS: Final = """
from datetime import UTC, datetime, timedelta
from airflow.sdk import DAG
from dataarts_datamap.integrations.airflow import ExportRunsOperator, TableFreshSensor, TableRunSensor
"""


class Ended(NamedTuple):
    """How a task ended, and what it returned."""

    state: str
    returned: Any


def run_task(home: Path, task: str) -> Ended:
    """Run the only task of a DAG."""
    name = f"of_one_task_{time.time_ns()}"
    file = home / "dags" / f"{name}.py"
    file.write_text(f"{IMPORTS}\nwith DAG({name!r}, schedule=None) as dag:\n    {task}\n", encoding="utf-8")
    return next(iter(run_file(file).values()))


def run_file(file: Path) -> dict[str, Ended]:
    """Run all tasks of the DAG ``dag`` in a file of Airflow's folder, and remove the file."""
    try:
        run = runpy.run_path(str(file))["dag"].test()
    finally:
        file.unlink()
    return {one.task_id: Ended(one.state, one.xcom_pull(task_ids=one.task_id)) for one in run.get_task_instances()}


def after_requests(service: FakeService, requests: int, action: Callable[[], object]) -> None:
    """Call a function after the service has had a number of requests."""

    def wait() -> None:
        while len(service.requests) < requests:
            time.sleep(0.05)
        action()

    threading.Thread(target=wait, daemon=True).start()
