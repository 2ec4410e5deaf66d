"""A running Airflow: scheduler, triggerer, API server and DAG processor, with a database in a folder of its own."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T")

_ENDS_WITHIN: Final = 60.0
_PORTS: Final = range(20_000, 30_000)  # none of those that systems give to outgoing connections, between two starts
_KEPT: Final = ("LANG", "TMPDIR", "TZ")


class Standalone:
    """An Airflow with a folder of its own.

    Args:
        home: Its folder, initially empty.
        variables: Variables of all its processes.
    """

    def __init__(self, home: Path, variables: Mapping[str, str]) -> None:
        self.home = home
        port = _free_port()
        self._environment = {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(home),
            "NO_PROXY": "127.0.0.1",
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__DEFAULT_TASK_RETRIES": "3",  # a task fails if it starts before the API server
            "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "2",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(_free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(_free_port()),
            **variables,
        }
        self.run("db", "migrate")
        (home / "dags").mkdir()

    def add_dag(self, name: str, text: str) -> None:
        """Put a file into the folder of DAGs."""
        (self.home / "dags" / name).write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> str:
        """The output of a command of Airflow.

        Raises:
            CalledProcessError: It failed.
        """
        return self.run_python("-m", "airflow", *arguments)

    def run_python(self, *arguments: str) -> str:
        """The output of a Python program in Airflow's environment.

        Raises:
            CalledProcessError: It failed.
        """
        done = subprocess.run(
            [sys.executable, *arguments], check=True, capture_output=True, text=True, env=self._environment, timeout=180
        )
        return done.stdout

    @contextmanager
    def started(self) -> Iterator[None]:
        """Run it until the block ends, and stop it as by Ctrl-C, or by force after a minute."""
        with (self.home / "standalone.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "airflow", "standalone"],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
            )
        try:
            yield
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):  # Airflow's own shutdown can hang; it is then killed below
                process.wait(_ENDS_WITHIN)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def query(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        """The result of a query of its database."""
        with closing(sqlite3.connect(f"file:{self.home / 'airflow.db'}?mode=ro", uri=True, timeout=30)) as database:
            return database.execute(statement, values).fetchall()

    def log(self) -> str:
        """The end of its processes' output."""
        return (self.home / "standalone.log").read_text(encoding="utf-8")[-20_000:]

    def event_payloads(self) -> list[dict[str, Any]]:
        """The payloads of asset events, oldest first."""
        return [json.loads(extra)["payload"] for (extra,) in self.query("select extra from asset_event order by id")]


def wait_for(expected: T, actual: Callable[[], T], *, within: float, log: Callable[[], str] = str) -> float:
    """Wait until a value is the expected one; returns the seconds that it took.

    Raises:
        TimeoutError: It was not, within the seconds given. The text ends with the result of ``log``.
    """
    begun = time.monotonic()
    while (seen := actual()) != expected:
        if time.monotonic() - begun > within:
            raise TimeoutError(f"expected {expected}, and not {seen} after {within} s\n{log()}")
        time.sleep(0.25)
    return time.monotonic() - begun


def _free_port() -> int:
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
