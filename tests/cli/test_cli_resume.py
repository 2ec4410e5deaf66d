"""Long readings on the command line: those that break off go on, and windows are as long as the service takes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from subprocess import PIPE
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dataarts_datamap.cli._printing import output
from support.answers import json_answer, run_page
from support.command import called, point_at
from support.marks import needs_posix
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR = 3_600_000
PATIENCE = 30.0
TABLE = "09318f28-939f-4ab6-a374-9e621096652c"
BEGIN = 1_704_900_000_000
WINDOW = ("--start", str(BEGIN), "--end", str(BEGIN + 100 * HOUR))
OPERATOR = ("--task-id", "0", "--job-name", "a")
OPERATORS = [{"task_id": str(number), "job_name": name} for number, name in enumerate("ab")]


class Service:
    """A table of two operators with 40 runs each, that fails from some run on, in whatever order it is asked."""

    def __init__(self) -> None:
        self.fails_from = 2 * 40
        self.asked = 0
        self.holds_at = 0
        self.is_held = threading.Event()
        self.goes_on = threading.Event()
        self.windows: list[tuple[int, int]] = []
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> Answer:
        """The response."""
        if asked.target.endswith("/node"):
            return json_answer(OPERATORS)
        with self._lock:
            self.asked += 1
            is_held = self.asked == self.holds_at
        if is_held:
            self.is_held.set()
            self.goes_on.wait(PATIENCE)
        query = parse_qs(urlsplit(asked.target).query)
        start, end, offset, limit = (int(query[name][0]) for name in ("start_time", "end_time", "offset", "limit"))
        self.windows.append((start, end))
        task = int(asked.target.split("/instances")[0].rsplit("/", 1)[1])
        numbers = [number for number in range(40) if start <= BEGIN + number * HOUR <= end]
        if task * 40 + max(numbers[offset : offset + limit], default=0) >= self.fails_from:
            return json_answer({"error_code": "APIGW.0301", "error_msg": "no"}, status=401)
        rows = [self._row(number, task) for number in numbers[offset : offset + limit]]
        return run_page(*rows, total=len(numbers))

    def _row(self, number: int, task: int) -> dict[str, Any]:
        plan = BEGIN + number * HOUR
        times = {"planTime": plan, "startTime": plan + 1000, "endTime": plan + 2000}
        return {"taskRunningLogId": task * 1000 + number, "taskId": task, "status": "success", **times}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """The service that the environment names."""
    made = Service()
    with ScriptedServer(made) as server:
        point_at(server, monkeypatch)
        yield made


def ids(lines: str) -> list[int]:
    """The runs in JSON lines."""
    return [json.loads(line)["run_id"] for line in lines.splitlines()]


@pytest.mark.parametrize("whose", [OPERATOR, ("--table", TABLE)])
@pytest.mark.parametrize("more", [15, 20, 35])
def test_reading_that_breaks_off_goes_on(
    whose: tuple[str, ...],
    more: int,
    service: Service,
    tmp_path: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    """The same command goes on where the one before stood, as far as it can each time, until all runs came once."""
    file = tmp_path / "place"
    command = ("runs", *whose, *WINDOW, "--page-size", "10", "--offset-unit", "row", "--resume-token", str(file))
    found: list[int] = []
    calls = 0
    while not calls or file.exists():
        service.fails_from = (calls + 1) * more
        code, out, err = called(capfdbinary, *command)
        found += ids(out)
        calls += 1
        assert (code == 2) is file.exists() is (f"continues from here: the position is in {file}" in err)
        assert calls * more < 2 * 40 + 2 * more

    assert [*range(40), *range(1000, 1040 if whose[0] == "--table" else 1000)] == sorted(found)
    assert calls > 1
    assert [] == list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows sends an interrupt to the whole group")
def test_interrupted_reading_goes_on(
    service: Service, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupt between two runs keeps the place; one while a run is written does not, since nobody can say."""
    file = tmp_path / "place"
    command = ("runs", *OPERATOR, *WINDOW, "--page-size", "10", "--resume-token", str(file))
    written = output.write_json

    def interrupted(value: dict[str, Any]) -> bool:
        if value["run_id"] == 15:
            raise KeyboardInterrupt
        return written(value)

    with monkeypatch.context() as patched:
        patched.setattr(output, "write_json", interrupted)
        code, _, err = called(capfdbinary, *command)
    assert (130, False) == (code, file.exists())
    assert "the position to continue from is unknown" in err

    service.asked, service.holds_at = 0, 3
    program = "from dataarts_datamap.cli import main; main()"
    with subprocess.Popen([sys.executable, "-c", program, *command], stdout=PIPE, stderr=PIPE, text=True) as process:
        assert service.is_held.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    service.goes_on.set()
    assert (130, True) == (process.returncode, file.exists())
    assert f"the same command continues from here: the position is in {file}" in err
    assert list(range(40)) == sorted([*ids(out), *ids(called(capfdbinary, *command)[1])])


@pytest.mark.parametrize(
    ("content", "told"), [("{}", "does not belong to this call"), ("\ufffe\x00", "does not belong to this call")]
)
def test_token_that_is_damaged(
    content: str, told: str, service: Service, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A file that holds no token is wrong usage, and stays as it is; an empty one stands for none."""
    file = tmp_path / "place"
    file.write_text(content, encoding="utf-8")
    command = ("runs", *OPERATOR, *WINDOW, "--resume-token", str(file))
    code, _, err = called(capfdbinary, *command)
    assert (3, 0, content) == (code, service.asked, file.read_text(encoding="utf-8"))
    assert told in err

    file.write_bytes(b"\xff")
    assert (3, True) == (called(capfdbinary, *command)[0], file.exists())
    file.write_bytes(b"")
    assert (0, False) == (called(capfdbinary, *command)[0], file.exists())


@needs_posix
@pytest.mark.parametrize("kind", ["pipe", "link to a device", "socket"])
def test_token_in_what_is_no_file(
    kind: str, service: Service, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A pipe is not waited for, and a device is not removed in the end: both are wrong usage."""
    place = tmp_path / "place"
    with socket.socket(socket.AF_UNIX) as listening:
        if kind == "pipe":
            os.mkfifo(place)
        elif kind == "socket":
            listening.bind(str(place))
        else:
            place.symlink_to(os.devnull)
        code, out, err = called(capfdbinary, "runs", *OPERATOR, *WINDOW, "--resume-token", str(place))

    assert (3, "", 0) == (code, out, service.asked)
    assert "needs a regular file" in err
    assert os.path.lexists(place)


def test_token_beside_a_table(service: Service, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """A table is written at its end, so that nothing of it is there when it breaks off: that is wrong usage."""
    how = ("--output", "table", "--resume-token", str(tmp_path / "place"))
    code, _, err = called(capfdbinary, "runs", *OPERATOR, *WINDOW, *how)

    assert (3, 0) == (code, service.asked)
    assert "--output ndjson" in err


@pytest.mark.parametrize(
    "command",
    [
        ("runs", *OPERATOR, *WINDOW),
        ("report", TABLE, *WINDOW),
        ("status", TABLE, "--since", "9d"),
        ("watch", TABLE, "--since", "4d", "--until-ended"),
        ("export", "runs.csv", "--table", TABLE, *WINDOW),
    ],
)
def test_slices(
    command: tuple[str, ...],
    service: Service,
    tmp_path: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No window is longer than --slice-span says, but for the milliseconds by which they overlap."""
    monkeypatch.chdir(tmp_path)
    code, _, _ = called(capfdbinary, *command, "--slice-span", "1d")

    assert code in {0, 2}
    assert 0 < max(end - start for start, end in service.windows) <= 24 * HOUR + 2
    assert 3 == called(capfdbinary, *command, "--slice-span", "soon")[0]
