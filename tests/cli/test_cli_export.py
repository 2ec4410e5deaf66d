"""``datamap export``: the file that it writes, what it tells, and its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dataarts_datamap import export_runs
from dataarts_datamap._export.columns import SOURCE, chosen_columns
from support.answers import json_answer, run_page
from support.command import called, point_at
from support.exports import FORMATS, read_back
from support.marks import needs_terminal
from support.runs import PLANNED, make_run
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dataarts_datamap import Run

DAY = 86_400_000
FIRST, SECOND = ("09318f28-939f-4ab6-a374-9e621096652c", "1a2b3c4d-939f-4ab6-a374-9e621096652c")
OPERATOR = ["--task-id", "1", "--job-name", "订单📊"]
SINCE = ["--start", "2024-01-01"]


def serve(*runs: Run) -> Callable[[Asked], Answer]:
    """A server of these runs, that takes a window to be one of plan times."""

    def answer(asked: Asked) -> Answer:
        query = parse_qs(urlsplit(asked.target).query)
        start, end, offset, limit = (int(query[name][0]) for name in ("start_time", "end_time", "offset", "limit"))
        found = [run.raw for run in runs if start <= run.raw["planTime"] <= end]
        return run_page(*found[offset : offset + limit], total=len(found))

    return answer


def planned(run_id: int, day: int, **fields: Any) -> Run:
    """A run of some day that has ended."""
    time = PLANNED + day * DAY
    own = {"taskId": 1, "jobName": "订单📊", "planTime": time, "startTime": time, "endTime": time + 60_000}
    return make_run(run_id, **{**own, **fields})


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ScriptedServer]]:
    """What puts a server of some runs in the place of the one before."""
    running: list[ScriptedServer] = []

    def begin(*runs: Run) -> ScriptedServer:
        running.append(ScriptedServer(serve(*runs)).__enter__())
        point_at(running[-1], monkeypatch)
        monkeypatch.setenv("DATAMAP_REGION", "eu-west-101")  # one region, on whatever port it is served
        return running[-1]

    yield begin
    for server in running:
        server.__exit__(None, None, None)


@pytest.mark.parametrize("format_", FORMATS)
def test_increment(
    format_: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], served: Callable[..., ScriptedServer]
) -> None:
    """The first export begins where it is told to, the next ones where runs may have changed; each says what it did."""
    file = str(tmp_path / f"runs.{format_}")
    increment = ["export", file, *OPERATOR, *SINCE, "--since-last"]
    served(planned(1, 0), planned(2, 1), planned(3, 20, status="running", endTime=0), planned(4, 25))
    first = called(capfdbinary, *increment)
    server = served(planned(2, 1, status="fail"), planned(3, 20), planned(4, 25), planned(5, 30))
    code, out, err = called(capfdbinary, *increment, "--lookback", "8d")

    told = "datamap: times without an offset are read as UTC\n"
    assert (0, "", f"{told}datamap: 4 runs written: {file} has 4\n") == first
    start = datetime.fromtimestamp((PLANNED + 17 * DAY) / 1000, UTC)
    again = f"{told}datamap: reading runs again from {start:%Y-%m-%dT%H:%M:%SZ} on\n"
    assert (0, "", f"{again}datamap: 3 runs written, 2 kept: {file} has 5\n") == (code, out, err)
    assert PLANNED + 17 * DAY == min(int(asked.target.split("start_time=")[1].split("&")[0]) for asked in server.asked)
    found = {row["run_id"]: row["status"] for row in read_back(tmp_path / f"runs.{format_}")}
    assert dict.fromkeys(range(1, 6), "success") == found


def test_options(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], served: Callable[..., ScriptedServer]
) -> None:
    """Columns, nested data, the guards of CSV and the name of a table are as asked for."""
    served(planned(1, 0, jobName="=订单📊", runningData='{"a":1}'), planned(0, 1, jobName="b"))
    plain, guarded, database = (tmp_path / name for name in ("runs.txt", "runs.csv", "runs.duckdb"))
    options = ["--columns", "run_id, job_name", "--csv-guard", "--csv-bom"]
    _, _, err = called(capfdbinary, "export", str(guarded), *OPERATOR, *SINCE, *options)
    called(capfdbinary, "export", str(plain), "--format", "ndjson", *OPERATOR, *SINCE, "--nested", "skip")
    called(capfdbinary, "export", str(database), *OPERATOR, *SINCE, "--table-name", "mine")
    code, _, told = called(capfdbinary, "export", str(database), *OPERATOR, *SINCE, "--append")

    assert "\ufeffrun_id,job_name\n1,'=订单📊\n0,b\n" == guarded.read_text(encoding="utf-8")
    assert "datamap: 1 run without an id: an increment recognises such a run only by its times\n" in err
    assert ["running_data" in line for line in plain.read_text(encoding="utf-8").splitlines()] == [False, False]
    assert 0 == code
    assert "2 runs written" in told


def test_older_file(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], served: Callable[..., ScriptedServer]
) -> None:
    """A file without the columns of the source is refused until an option says whose it is; then it has them."""
    served(planned(1, 0), planned(2, 1))
    path = tmp_path / "runs.csv"
    old = [column.name for column in chosen_columns(None, "json") if column.name not in SOURCE]
    export_runs([planned(2, 1), planned(3, 1)], path, columns=old)
    append = ["export", str(path), *OPERATOR, *SINCE, "--append"]
    code, _, err = called(capfdbinary, *append)
    assert (2, True) == (code, "--file-source REGION,PROJECT_ID,INSTANCE_ID" in err)

    wrong, _, told = called(capfdbinary, *append, "--file-source", "eu-west-101")
    assert (3, True) == (wrong, "a region, a project id and an instance id" in told)

    _, _, err = called(capfdbinary, *append, "--file-source", "eu-west-101, made-up, made-up")
    assert "2 runs written, 1 kept" in err
    assert {"eu-west-101"} == {row["region"] for row in read_back(path)}
    assert (0, True) == (called(capfdbinary, *append)[0], 3 == len(read_back(path)))


def test_increments_of_two_regions(
    tmp_path: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    served: Callable[..., ScriptedServer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second region in the same file begins where it is told to, not where the first one ended: nothing is missed."""
    path = tmp_path / "runs.duckdb"
    increment = ["export", str(path), *OPERATOR, "--since-last"]
    served(planned(1, 0), planned(2, 40))
    called(capfdbinary, *increment, *SINCE)
    served(planned(1, 0), planned(2, 20))
    monkeypatch.setenv("DATAMAP_REGION", "cn-north-4")
    code, _, err = called(capfdbinary, *increment)
    assert (3, True) == (code, "has no runs yet, or none of this source" in err)

    assert "2 runs written, 2 kept" in called(capfdbinary, *increment, *SINCE)[2]
    assert "1 run written, 3 kept" in called(capfdbinary, *increment, *SINCE, "--lookback", "1d")[2]


@pytest.mark.parametrize("of_client", [["--workspace-id", "w"], []])
def test_increments_of_two_workspaces(
    tmp_path: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    served: Callable[..., ScriptedServer],
    monkeypatch: pytest.MonkeyPatch,
    of_client: list[str],
) -> None:
    """A second workspace in the same file begins where it is told to, and its runs replace none of the first."""
    increment = ["export", str(tmp_path / "runs.ndjson"), *OPERATOR, *SINCE, "--since-last"]
    served(planned(1, 0, workspaceId=None), planned(2, 40, workspaceId=None))
    if not of_client:
        monkeypatch.setenv("DATAMAP_WORKSPACE_ID", "w")
    called(capfdbinary, *increment, *of_client)

    assert "2 runs written, 2 kept" in called(capfdbinary, *increment, "--workspace-id", "v")[2]
    assert "1 run written, 3 kept" in called(capfdbinary, *increment, "--workspace-id", "v")[2]


def test_increments_of_two_tables(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second table in the same file begins where it is told to, not where the first one ended: nothing is missed."""
    increment = ["export", str(tmp_path / "runs.ndjson"), "--since-last"]
    read = serve(planned(1, 0, jobName=None), planned(2, 40, jobName=None))

    def answer(asked: Asked) -> Answer:
        if "/instances" in asked.target:
            return read(asked)
        name = "a" if f"/table/{FIRST}/" in asked.target else "b"
        return json_answer([{"task_id": "1", "job_name": name, "workspace_id": "w"}])

    with ScriptedServer(answer) as server:
        point_at(server, monkeypatch)
        called(capfdbinary, *increment, *SINCE, "--table", FIRST)
        code, _, err = called(capfdbinary, *increment, "--table", SECOND)
        assert (3, True) == (code, "has no runs yet, or none of this source and operator" in err)

        assert "2 runs written, 2 kept" in called(capfdbinary, *increment, *SINCE, "--table", SECOND)[2]
        assert "1 run written, 3 kept" in called(capfdbinary, *increment, "--table", SECOND)[2]


def two_tables(*runs: Run) -> Callable[[Asked], Answer]:
    """A table ``FIRST`` of the operator a, and one ``SECOND`` of a, b and c; ``w`` is the workspace of all."""
    read = {name: serve(*(run for run in runs if run.job_name == name)) for name in "abc"}

    def answer(asked: Asked) -> Answer:
        if "/instances" in asked.target:
            return read[parse_qs(urlsplit(asked.target).query)["job_name"][0]](asked)
        names = "a" if f"/table/{FIRST}/" in asked.target else "abc"
        return json_answer([{"task_id": "1", "job_name": name, "workspace_id": "w"} for name in names])

    return answer


def asked_from(server: ScriptedServer) -> dict[str, float]:
    """Where the window begins that each operator was asked for, in days behind the first one's."""
    asked: dict[str, float] = {}
    for one in server.asked:
        if "/instances" in one.target:
            query = parse_qs(urlsplit(one.target).query)
            start = (int(query["start_time"][0]) - PLANNED) / DAY
            asked[query["job_name"][0]] = min(start, asked.get(query["job_name"][0], start))
    return asked


def test_increments_of_tables_that_share_an_operator(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each operator is read from where its own runs ended; one without runs from where it is told to begin."""
    path = tmp_path / "runs.ndjson"
    increment = ["export", str(path), "--since-last"]
    runs = [planned(number, day, jobName=name) for number, (name, day) in enumerate([("a", 0), ("a", 40), ("b", 2)], 1)]
    first_day = ["--start", str(PLANNED - DAY)]
    with ScriptedServer(two_tables(*runs)) as server:
        point_at(server, monkeypatch)
        called(capfdbinary, *increment, *first_day, "--table", FIRST)
        server.asked.clear()
        code, _, err = called(capfdbinary, *increment, *first_day, "--table", SECOND)
        assert (0, {"a": 33.0, "b": -1.0, "c": -1.0}) == (code, asked_from(server))
        assert "datamap: no runs yet of w/b, w/c: reading those of --start or --since\n" in err
        assert {1, 2, 3} == {row["run_id"] for row in read_back(path)}

        server.asked.clear()
        code, _, err = called(capfdbinary, *increment, "--table", SECOND)
        assert (0, {"a": 33.0, "b": -5.0, "c": -5.0}) == (code, asked_from(server))
        assert "datamap: no runs yet of w/c: reading only from that time on; --since reads older ones\n" in err


@pytest.mark.parametrize("increment", [[], ["--since-last"]])
def test_operators_are_asked_for_once(
    increment: list[str],
    tmp_path: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The operators of a table are asked for once, by an increment, and where their runs are counted for a person."""
    monkeypatch.setattr("dataarts_datamap.cli._printing.progress._is_watched", lambda: True)
    with ScriptedServer(two_tables(planned(1, 0, jobName="b"))) as server:
        point_at(server, monkeypatch)
        how = [*SINCE, "--table", SECOND, *increment]
        code, _, _ = called(capfdbinary, "export", str(tmp_path / "runs.csv"), *how)

    assert (0, 1) == (code, sum(asked.target.endswith("/node") for asked in server.asked))


@pytest.mark.parametrize(
    ("fields", "number"),
    [({"jobName": "renamed"}, 2), ({"taskId": 2}, 2), ({"jobName": None, "taskId": None}, 0), ({"jobName": ""}, 0)],
)
def test_runs_under_another_name(
    fields: dict[str, Any],
    number: int,
    tmp_path: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    served: Callable[..., ScriptedServer],
) -> None:
    """Runs whose rows name another operator than was asked for are written under that name, and told."""
    served(planned(1, 0), planned(2, 1, **fields), planned(3, 1, **fields))
    path = tmp_path / "runs.ndjson"
    code, _, err = called(capfdbinary, "export", str(path), *OPERATOR, *SINCE)

    assert (0, 3) == (code, len(read_back(path)))
    assert (f"datamap: {number} runs with another task or operator than in the request: " in err) is (number > 0)
    names = {(row["task_id"], row["job_name"]) for row in read_back(path)}
    assert len(names) == 1 + (number > 0)


def test_nothing_found(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], served: Callable[..., ScriptedServer]
) -> None:
    """A window without runs is told, and makes a file with the columns."""
    served()
    code, out, err = called(capfdbinary, "export", str(tmp_path / "runs.csv"), *OPERATOR, "--since", "1h")

    assert (0, "") == (code, out)
    assert "datamap: no runs in this window\n" in err
    assert [] == read_back(tmp_path / "runs.csv")


def test_failure(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure on a later page is not judged, and leaves the old file."""
    path = tmp_path / "runs.csv"
    path.write_text("old", encoding="utf-8")
    with ScriptedServer(run_page(make_run(1).raw, total=2), json_answer({}, status=400)) as server:
        point_at(server, monkeypatch)
        code, _, err = called(capfdbinary, "export", str(path), *OPERATOR, *SINCE, "--page-size", "1")
        refused, _, told = called(capfdbinary, "export", str(path), *OPERATOR, *SINCE, "--append")

    assert (2, 2) == (code, refused)
    assert "HTTP 400" in err
    assert "has the columns old, not run_id," in told
    assert "old" == path.read_text(encoding="utf-8")
    assert [path] == list(tmp_path.iterdir())


WRONG_USAGES: list[tuple[list[str], str]] = [
    ([], "Missing argument 'FILE'"),
    (["runs.xlsx", *OPERATOR, "--since", "1h"], "the format of runs.xlsx is not known"),
    (["runs.csv", "--since", "1h"], "--table"),
    (["runs.csv", *OPERATOR], "--start TIME or --since SPAN"),
    (["runs.csv", *OPERATOR, "--since-last"], "runs.csv has no runs yet"),
    (["runs.csv", *OPERATOR, "--since", "1h", "--columns", "bogus"], "'bogus' is not a column"),
    (["runs.csv", *OPERATOR, "--since", "1h", "--format", "xml"], "xml"),
    (["runs.csv", *OPERATOR, "--since-last", "--lookback", "-1d"], "7d"),
    (["runs.parquet", *OPERATOR, "--since", "1h", "--csv-bom"], "are for CSV"),
]


@pytest.mark.parametrize(("arguments", "told"), WRONG_USAGES)
def test_wrong_usage(
    arguments: list[str],
    told: str,
    capfdbinary: pytest.CaptureFixture[bytes],
    served: Callable[..., ScriptedServer],
) -> None:
    """Wrong usage is told, and nothing is asked of the server."""
    server = served()
    code, out, err = called(capfdbinary, "export", *arguments)

    assert (3, "", []) == (code, out, server.asked)
    assert told in err


def refusing_to_count(asked: Asked) -> Answer:
    """A server of some runs that takes no window of more than a year."""
    query = parse_qs(urlsplit(asked.target).query)
    if int(query["end_time"][0]) - int(query["start_time"][0]) > 366 * DAY:
        return json_answer({"error_code": "DLM.4001", "error_msg": "the window is too long"}, status=400)
    return serve(*(planned(number, number) for number in range(1, 251)))(asked)


@needs_terminal
@pytest.mark.parametrize(("counted", "length"), [(True, "/250"), (False, "250/?")])
def test_progress(
    *,
    counted: bool,
    length: str,
    tmp_path: Path,
    served: Callable[..., ScriptedServer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A person sees how far it has come, how fast, and how long it takes, if the server tells how many there are."""
    import pty  # noqa: PLC0415  Windows has none

    served(*(planned(number, number) for number in range(1, 251)))
    command = [sys.executable, "-m", "dataarts_datamap", "export", str(tmp_path / "runs.csv"), *OPERATOR, *SINCE]
    reading, writing = pty.openpty()
    with ScriptedServer(refusing_to_count) as server:
        if not counted:
            point_at(server, monkeypatch)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=writing, env={**os.environ, "TERM": "xterm"}):
            os.close(writing)
            shown = b""
            while piece := _read(reading):
                shown += piece
    os.close(reading)

    told = shown.decode()
    assert length in told
    assert "a second" in told
    assert "250 runs written" in told


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""
