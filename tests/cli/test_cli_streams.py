"""A command whose stdout and stderr nobody reads: it does its work, and its exit code is what it would have been."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from support.answers import json_answer, run_page, without_lineage
from support.command import TABLE, point_at
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMANDS = [
    (f"status {TABLE} --since 1d --max-age 1h", 1),
    ("wait --task-id 1 --job-name a --since 1d", 1),
    ("doctor --endpoint http://127.0.0.1:9", 1),
    (f"export made.ndjson --table {TABLE} --start 2024-01-11 --end 2024-01-12", 0),
    (f"report {TABLE} --html made.html --output json", 0),
    ("runs --nonsense", 3),
    ("runs --help", 0),
    ("completion fish", 0),
]
ENTRY = [sys.executable, "-m", "dataarts_datamap"]


def answer(asked: Asked) -> Answer:
    """A table with one operator, whose one run failed at the end of the window."""
    if asked.target.endswith("/node"):
        return json_answer([{"task_id": "1", "job_name": "a"}])
    time = int(parse_qs(urlsplit(asked.target).query)["end_time"][0]) - 60_000
    row = {"planTime": time, "startTime": time, "endTime": time + 1, "status": "fail"}
    return run_page({"taskRunningLogId": 1, "taskId": 1, "jobName": "a", **row})


@contextmanager
def nobody() -> Iterator[int]:
    """A pipe whose reader has gone away."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@contextmanager
def full() -> Iterator[int]:
    """A file on a disk that is full."""
    with Path("/dev/full").open("wb") as file:
        yield file.fileno()


@pytest.mark.parametrize(("command", "code"), COMMANDS, ids=[command.split()[0] for command, _ in COMMANDS])
def test_nobody_reads(command: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the answer to a question nor a file is lost with the one who would have read what is said beside it."""
    with ScriptedServer(without_lineage(answer)) as server, nobody() as out, nobody() as err:
        point_at(server, monkeypatch)
        done = subprocess.run([*ENTRY, *command.split()], check=False, cwd=tmp_path, stdout=out, stderr=err, timeout=60)

    assert code == done.returncode
    assert [word for word in command.split() if word.startswith("made.")] == [path.name for path in tmp_path.iterdir()]


needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")


@needs_full
@pytest.mark.parametrize("command", ["runs --since 1h", "operators", "status", "doctor", "completion bash", "report"])
def test_stdout_on_a_full_disk(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """An answer that cannot be written is none, and what cannot be written to is named."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # what is in a buffer must not fail again at exit
    verb, *options = command.split()
    table = {"runs": ["--table", TABLE], "doctor": [], "completion": []}.get(verb, [TABLE])
    with ScriptedServer(without_lineage(answer)) as server, full() as out:
        point_at(server, monkeypatch)
        done = subprocess.run(
            [*ENTRY, verb, *options, *table], check=False, stdout=out, stderr=subprocess.PIPE, text=True, timeout=60
        )

    assert 2 == done.returncode
    assert f"{os.strerror(errno.ENOSPC)}: 'standard output'" in done.stderr
    assert "Traceback" not in done.stderr


@needs_full
def test_stderr_on_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A note that cannot be written does not keep the answer back, nor does it look like the answer no."""
    with ScriptedServer(without_lineage(answer)) as server, full() as err:
        point_at(server, monkeypatch)
        command = [*ENTRY, "runs", "--table", TABLE, "--start", "2024-01-11", "--end", "2024-01-12"]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=err, timeout=60)

    assert (0, "fail") == (done.returncode, json.loads(done.stdout)["status"])
