"""An export that does not come to its end leaves the old file, or none."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import ExportError, InvalidArgumentError, ServerError, export_runs
from support.exports import FORMATS, read_back
from support.runs import known, make_run, many_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataarts_datamap import Run

TESTS = Path(__file__).parents[1]
KILLED = """
import sys
from itertools import chain
from dataarts_datamap import export_runs
from support.runs import many_runs

def told(runs, at):
    for count, run in enumerate(runs):
        if count == at:
            print("half", flush=True)
            sys.stdin.readline()
        yield run

path, format_, append, number, at = sys.argv[1:]
export_runs(told(many_runs(int(number)), int(at)), path, format=format_, append=append == "append")
"""


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize("existed", [False, True])
def test_error_on_the_way(format_: Any, append: bool, existed: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """An error while runs are read is the caller's error, and the folder is as it was."""
    path = tmp_path / f"runs.{format_}"
    if existed:
        export_runs([make_run(1)], path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def failing() -> Iterator[Run]:
        yield make_run(2)
        raise ServerError("down", status=503)

    with pytest.raises(ServerError, match="down"):
        export_runs(failing(), path, append=append)
    assert before == {file.name: file.read_bytes() for file in tmp_path.iterdir()}


@pytest.mark.parametrize("format_", ["csv", "duckdb"])
def test_killed(format_: Any, tmp_path: Path) -> None:
    """A killed process leaves the old file as it was and its scratch folder beside it; the next export goes well."""
    path = tmp_path / f"runs.{format_}"
    export_runs([make_run(1)], path)
    before = path.read_bytes()
    with _exporting(path, format_, append=True, number=10_002, stop_at=10_001) as process:
        assert process.stdout is not None
        assert b"half\n" == process.stdout.readline()
        process.kill()

    assert before == path.read_bytes()
    left = [entry for entry in tmp_path.iterdir() if entry != path]
    assert [f".{path.name}."] == [entry.name[: len(path.name) + 2] for entry in left]
    assert [".tmp"] == [entry.suffix for entry in left]

    export_runs([make_run(2)], path, append=True)
    assert [1, 2] == sorted(row["run_id"] for row in read_back(path))
    assert {path, *left} == set(tmp_path.iterdir())


def test_changed_meanwhile(tmp_path: Path) -> None:
    """A file that somebody else changed while runs were read keeps their change, and that is told."""
    path = tmp_path / "runs.csv"
    export_runs([make_run(1)], path)

    def meddling() -> Iterator[Run]:
        yield make_run(2)
        export_runs([make_run(3), make_run(4)], path)

    with pytest.raises(ExportError, match="was changed by another process meanwhile"):
        export_runs(meddling(), path)
    assert [3, 4] == [row["run_id"] for row in read_back(path)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits, and links need a right")
def test_permissions_and_links(tmp_path: Path) -> None:
    """A replaced file keeps its permissions and stays behind its link; a new one has those of any new file."""
    path, link, plain = tmp_path / "real.csv", tmp_path / "runs.csv", tmp_path / "plain"
    plain.touch()
    export_runs([make_run(1)], path)
    assert plain.stat().st_mode == path.stat().st_mode

    path.chmod(0o640)
    link.symlink_to(path)
    export_runs([make_run(2)], link)
    assert link.is_symlink()
    assert 0o640 == path.stat().st_mode & 0o777
    assert [known(make_run(2))] == read_back(path)

    path.unlink()
    path.symlink_to(link)
    with pytest.raises(InvalidArgumentError, match="is not a file that can be replaced"):
        export_runs([make_run(2)], link)


@pytest.mark.prove
@pytest.mark.parametrize("format_", FORMATS)
def test_killed_at_any_moment(format_: Any, tmp_path: Path) -> None:
    """Killed at any moment, a large export leaves the old rows or all of the new ones; the next one then ends well."""
    path = tmp_path / f"runs.{format_}"
    old, new = 1_000, 60_000
    chance = random.Random(format_)
    outcomes: set[int] = set()
    begun = time.monotonic()
    with _exporting(path, format_, append=False, number=new, stop_at=new + 1) as process:
        process.wait()
    longest = time.monotonic() - begun
    for _ in range(8):
        for left in (path, path.with_name(f"{path.name}.wal")):  # a killed merge leaves its log beside the database
            left.unlink(missing_ok=True)
        export_runs(many_runs(old), path)
        with _exporting(path, format_, append=True, number=new, stop_at=new + 1) as process:
            try:
                process.wait(timeout=chance.uniform(longest / 4, longest))
            except subprocess.TimeoutExpired:
                process.kill()
        rows = sorted(row["run_id"] for row in read_back(path))
        assert rows in (list(range(1, old + 1)), list(range(1, new + 1)))
        outcomes.add(len(rows))
    assert old in outcomes

    export_runs(many_runs(new), path, append=True)
    assert list(range(1, new + 1)) == sorted(row["run_id"] for row in read_back(path))


@pytest.mark.prove
@pytest.mark.parametrize("format_", FORMATS)
def test_killed_without_an_old_file(format_: Any, tmp_path: Path) -> None:
    """Killed in the middle of a first export, there is no file."""
    path = tmp_path / f"runs.{format_}"
    with _exporting(path, format_, append=False, number=30_000, stop_at=25_000) as process:
        assert process.stdout is not None
        assert b"half\n" == process.stdout.readline()
        process.kill()

    assert not path.exists()


def _exporting(path: Path, format_: str, *, append: bool, number: int, stop_at: int) -> subprocess.Popen[bytes]:
    how = "append" if append else "anew"
    command = [sys.executable, "-c", KILLED, str(path), format_, how, str(number), str(stop_at)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=TESTS)
