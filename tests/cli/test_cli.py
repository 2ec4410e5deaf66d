"""The command line against the mock server: what it prints, where, and its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dataarts_datamap.cli._main import run
from dataarts_datamap.cli._printing import output as printing
from dataarts_datamap_contract.mock import TABLE_GUID, Fault, MockConfig, MockServer
from support.answers import documented_row, json_answer, run_page, without_lineage
from support.command import TABLE, point_at
from support.marks import needs_terminal
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DOCUMENTED = ["runs", "--task-id", "937987", "--job-name", "ETL_Job_dli2dws"]
DAY = ["--start", "2024-01-11", "--end", "2024-01-12"]


@pytest.fixture(scope="module")
def mock_server() -> Iterator[MockServer]:
    """The mock server, its runs ending at a fixed time."""
    with MockServer(MockConfig(now=NOW)) as server:
        yield server


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with a token and nothing else of ours."""
    for name in list(os.environ):
        if name.startswith(("DATAMAP_", "HUAWEICLOUD_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATAMAP_TOKEN", "mock-token")
    return monkeypatch


@pytest.fixture
def connected(environment: pytest.MonkeyPatch, mock_server: MockServer) -> MockServer:
    """The mock server, named by the environment."""
    environment.setenv("DATAMAP_ENDPOINT", mock_server.url)
    environment.setenv("DATAMAP_PROJECT_ID", mock_server.config.project_id)
    environment.setenv("DATAMAP_INSTANCE_ID", mock_server.config.instance_id)
    return mock_server


def called(capfdbinary: pytest.CaptureFixture[bytes], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    code = run(arguments)
    sys.stdout.flush()
    out, err = capfdbinary.readouterr()
    return code, out.decode(), err.decode()


def test_documented_run(capfdbinary: pytest.CaptureFixture[bytes], mock_server: MockServer) -> None:
    """The documented run comes as one JSON line, with options for all but the token."""
    where = ["--endpoint", mock_server.url, "--project-id", mock_server.config.project_id]
    where += ["--instance-id", mock_server.config.instance_id, "--output", "ndjson"]

    code, out, err = called(capfdbinary, *DOCUMENTED, *DAY, *where)

    (line,) = out.splitlines()
    printed = json.loads(line)
    assert 0 == code
    assert "DLI" == printed["running_data"]["type"]
    assert "2024-01-11T01:01:47.000Z" == printed["plan_time"]
    assert "2024-01-11T01:01:47.691Z" == printed["submit_time"]
    assert printed["end_time"] is None
    assert "datamap: times without an offset are read as UTC\n" == err


@pytest.mark.usefixtures("connected")
def test_pipe_gets_json_lines(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Without --output, a pipe gets a JSON object for each run, and nothing else on stdout."""
    code, out, err = called(
        capfdbinary, "runs", "--table", TABLE_GUID, "--start", "2026-10-31T00:00Z", "--end", "2026-11-01T00:00Z"
    )

    assert (0, "") == (code, err)
    assert {"ETL_Job_dli2dws", "订单汇总_日报📊"} <= {json.loads(line)["job_name"] for line in out.splitlines()}


@pytest.mark.usefixtures("connected")
def test_table(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """A table shows times in the zone that was asked for, and says on stderr which zone was assumed."""
    day = ["--start", "2024-01-11", "--end", "2024-01-12", "--tz", "Asia/Shanghai", "--output", "table"]
    code, out, err = called(capfdbinary, *DOCUMENTED, *day)

    header, row = out.splitlines()
    assert ["PLANNED", "STARTED", "TOOK", "STATUS", "JOB", "RUN"] == header.split()
    assert "2024-01-11 09:01:47  2024-01-11 09:01:56  -     running  ETL_Job_dli2dws  126074594" == row
    assert (0, "datamap: times are in Asia/Shanghai\n") == (code, err)


@needs_terminal
@pytest.mark.usefixtures("connected")
def test_person_gets_a_table() -> None:
    """Without --output, a terminal gets a table."""
    import pty  # noqa: PLC0415  Windows has none

    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "dataarts_datamap", "operators", TABLE_GUID], stdout=theirs, check=False, timeout=60
    )
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)

    assert 0 == done.returncode
    assert "TASK" in shown
    assert "订单汇总_日报📊" in shown
    assert "{" not in shown


@pytest.mark.usefixtures("connected")
def test_columns_line_up_with_wide_characters(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Columns behind Chinese and emoji names begin where the others do, counted in cells of a terminal."""
    from rich.cells import cell_len  # noqa: PLC0415  this test's only

    _, out, _ = called(capfdbinary, "operators", TABLE_GUID, "--output", "table")
    header, *rows = out.splitlines()
    begins = {cell_len(row[: row.rindex("  ") + 2]) for row in (line.rstrip() for line in rows)}

    assert {header.index("WORKSPACE")} == begins


@pytest.mark.usefixtures("connected")
def test_output_is_utf_8(environment: pytest.MonkeyPatch) -> None:
    """A name in Chinese prints, whatever encoding the locale asks for."""
    environment.setenv("PYTHONIOENCODING", "ascii")
    command = [sys.executable, "-m", "dataarts_datamap", "operators", TABLE_GUID, "--output", "table"]

    assert "订单汇总_日报📊" in subprocess.run(command, check=True, capture_output=True).stdout.decode()


@pytest.mark.usefixtures("connected")
def test_no_stdout(environment: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Without a standard output, the command says so."""
    with environment.context() as patched:
        patched.setattr("sys.stdout", None)
        code = run(["operators", TABLE_GUID])

    assert (2, b"datamap: there is no standard output to write to\n") == (code, capfdbinary.readouterr().err)


@pytest.mark.parametrize(
    ("typed", "window"),
    [
        ("2024-01-11 2024-01-12 +08:00", (1704902400000, 1704988800000)),
        ("20240111 1704988800000 Asia/Shanghai", (1704902400000, 1704988800000)),
        ("2024-01-11T00:00Z 2024-01-12T00:00Z +08:00", (1704931200000, 1705017600000)),
        # 02:30 comes twice: the window spans both
        ("2024-10-27T02:30 2024-10-27T02:30 Europe/Berlin", (1729989000000, 1729992600000)),
    ],
)
@pytest.mark.usefixtures("connected")
def test_times_of_a_zone(
    environment: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    typed: str,
    window: tuple[int, int],
) -> None:
    """A time without an offset is one of the zone that was asked for."""
    with ScriptedServer(run_page()) as server:
        environment.setenv("DATAMAP_ENDPOINT", server.url)
        start, end, zone = typed.split()
        called(capfdbinary, *DOCUMENTED, "--start", start, "--end", end, "--tz", zone)

    query = parse_qs(urlsplit(server.asked[0].target).query)
    assert window == (int(query["start_time"][0]), int(query["end_time"][0]))


@pytest.mark.usefixtures("connected")
def test_time_at_the_end_of_all_times(
    environment: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A time that a zone has in the year 10000 is shown in UTC: a stand-in for "never" does not hide the other runs."""
    with ScriptedServer(run_page({**documented_row(), "startTime": 253_402_300_799_999})) as server:
        environment.setenv("DATAMAP_ENDPOINT", server.url)
        code, out, _ = called(capfdbinary, *DOCUMENTED, *DAY, "--tz", "+08:00", "--output", "table")

    assert 0 == code
    assert "2024-01-11 09:01:47  9999-12-31 23:59:59" in out


def test_nothing_found(capfdbinary: pytest.CaptureFixture[bytes], connected: MockServer) -> None:
    """A window without runs is told on stderr, and is no failure."""
    assert connected.url
    day = ["--start", "2023-01-11", "--end", "2023-01-12T00:00Z", "--tz", "+08:00"]
    code, out, err = called(capfdbinary, *DOCUMENTED, *day, "--output", "table")

    assert (0, "") == (code, out)
    assert "datamap: times are in UTC+08:00\ndatamap: no runs in this window\n" == err


@pytest.mark.usefixtures("connected")
def test_wrong_name_of_credentials(capfdbinary: pytest.CaptureFixture[bytes], environment: pytest.MonkeyPatch) -> None:
    """A wrong name in DATAMAP_CREDENTIALS is a wrong setting, and not missing credentials."""
    environment.setenv("DATAMAP_CREDENTIALS", "tokn")
    code, out, err = called(capfdbinary, *DOCUMENTED, "--since", "1h")

    assert (3, "") == (code, out)
    assert err.startswith("datamap: DATAMAP_CREDENTIALS must be one of token, access-key, ")


def test_password_and_ids_that_are_found(
    capfdbinary: pytest.CaptureFixture[bytes], environment: pytest.MonkeyPatch
) -> None:
    """A password in the environment and a region are enough; several workspaces are listed, as wrong usage."""
    config = MockConfig(now=NOW)
    environment.delenv("DATAMAP_TOKEN")
    environment.setenv("DATAMAP_CREDENTIALS", "password")
    for name in ("user", "password", "account"):
        environment.setenv(f"DATAMAP_{name.upper()}", getattr(config, name))
    with MockServer(config) as server:
        where = ["--region", config.region, "--endpoint", server.url, "--iam-endpoint", server.url]
        code, out, err = called(capfdbinary, *DOCUMENTED, *DAY, *where, "--output", "ndjson")
        listing_code, listing_out, listing_err = called(
            capfdbinary, *DOCUMENTED, *DAY, *where, "--workspace-id", "auto"
        )
        tokens = server.record.tokens_issued

    assert (0, 1, 2) == (code, len(out.splitlines()), tokens)
    assert (3, "") == (listing_code, listing_out)
    assert "b88c445407b24283aa949f9833a38fd8 'kw_test', 4f6c1d2e9b8a47c3a5d0e1f2b3c4d5e6 'sales'" in listing_err
    assert config.password not in err + listing_err


def test_untrusted_text(
    capfdbinary: pytest.CaptureFixture[bytes], connected: MockServer, environment: pytest.MonkeyPatch
) -> None:
    """What a server sends cannot act on a terminal: neither as a cell nor as an error."""
    assert connected.url
    evil = "\x1b[2J\u202egnp.exe[red]"
    row = {**documented_row(), "jobName": evil, "status": evil}
    error = {"error_code": evil, "error_msg": evil, "request_id": evil}
    answers = [run_page(row), run_page(row), json_answer(error, status=400)]
    with ScriptedServer(*answers) as server:
        environment.setenv("DATAMAP_ENDPOINT", server.url)
        _, out, _ = called(capfdbinary, *DOCUMENTED, *DAY, "--output", "table")
        _, lines, _ = called(capfdbinary, *DOCUMENTED, *DAY, "--output", "ndjson")
        code, _, err = called(capfdbinary, *DOCUMENTED, *DAY)

    assert "\\x1b[2J\\u202egnp.exe[red]" in out
    assert '"job_name": "\\u001b[2J\\u202egnp.exe[red]"' in lines
    assert "\\x1b[2J\\u202egnp.exe[red]" in err
    assert [] == [char for char in out + lines + err if not char.isprintable() and char != "\n"]
    assert 2 == code


@pytest.mark.usefixtures("connected")
def test_warning(capfdbinary: pytest.CaptureFixture[bytes], environment: pytest.MonkeyPatch) -> None:
    """A row with a field of an unexpected type is printed, with one warning on stderr; with --strict it is an error."""
    with ScriptedServer(run_page({"planTime": "soon"})) as server:
        environment.setenv("DATAMAP_ENDPOINT", server.url)
        code, out, err = called(capfdbinary, *DOCUMENTED, "--since", "1h")
        strict_code, strict_out, strict_err = called(capfdbinary, *DOCUMENTED, "--since", "1h", "--strict")

    assert (0, 1) == (code, len(out.splitlines()))
    assert err.startswith("datamap: warning: unexpected types: row 0: plan_time (sent as planTime)")
    assert (2, "") == (strict_code, strict_out)
    assert "row 0: plan_time (sent as planTime)" in strict_err


FAILURES = [
    (json_answer({"error_code": "APIGW.0301", "error_msg": "decrypt token fail"}, status=401), "APIGW.0301"),
    (Answer(b"<html>", 502, {}), "HTTP 502"),
    (json_answer({"status_code": 500, "body": "down"}), "status_code 500"),
    (Answer(b"<html>"), "not JSON"),
]


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize(("answer", "mentioned"), FAILURES)
def test_failures(
    capfdbinary: pytest.CaptureFixture[bytes], environment: pytest.MonkeyPatch, answer: Answer, mentioned: str
) -> None:
    """A refusal or a broken answer is one line on stderr, and the exit code that says: could not be judged."""
    with ScriptedServer(answer) as server:
        environment.setenv("DATAMAP_ENDPOINT", server.url)
        code, out, err = called(capfdbinary, *DOCUMENTED, "--since", "1h")

    assert (2, "") == (code, out)
    assert mentioned in err
    assert 1 == len(err.splitlines())


def test_refused_token(
    capfdbinary: pytest.CaptureFixture[bytes], connected: MockServer, environment: pytest.MonkeyPatch
) -> None:
    """A refused token is one line on stderr that does not show it."""
    assert connected.url
    environment.setenv("DATAMAP_TOKEN", "wrong-secret")

    code, out, err = called(capfdbinary, "operators", TABLE_GUID)

    assert (2, "", 1) == (code, out, len(err.splitlines()))
    assert "HTTP 401" in err
    assert err.endswith(": datamap doctor finds out why\n")
    assert "wrong-secret" not in err


def test_unreachable_server(
    capfdbinary: pytest.CaptureFixture[bytes], connected: MockServer, environment: pytest.MonkeyPatch
) -> None:
    """A server that is not there is one line on stderr that names it."""
    assert connected.url
    environment.setenv("DATAMAP_ENDPOINT", "http://127.0.0.1:1")

    code, out, err = called(capfdbinary, "operators", TABLE_GUID)

    assert (2, "", 1) == (code, out, len(err.splitlines()))
    assert "no connection to http://127.0.0.1:1" in err
    assert err.endswith(": datamap doctor finds out why\n")


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize(
    ("table", "advice"),
    [
        ("xyzzy", "no table is named 'xyzzy'; datamap tables lists the existing ones"),
        ("dws_ordres", "no table is named 'dws_ordres'; similar: wk.ods_orders, postgres.sales.dws_orders"),
        (TABLE_GUID[:-1] + "0", ": no table has this GUID; datamap tables lists the existing ones"),
    ],
)
def test_table_that_is_not_there(capfdbinary: pytest.CaptureFixture[bytes], table: str, advice: str) -> None:
    """What is no table's name or GUID gets an error that says what there is."""
    code, out, err = called(capfdbinary, "operators", table)

    assert (2, "", 1) == (code, out, len(err.splitlines()))
    assert err.endswith(f"{advice}\n")


@pytest.mark.usefixtures("connected")
def test_no_token(capfdbinary: pytest.CaptureFixture[bytes], environment: pytest.MonkeyPatch) -> None:
    """Missing credentials are told with the variable to set; the question could not be judged."""
    environment.delenv("DATAMAP_TOKEN")

    code, out, err = called(capfdbinary, "operators", TABLE_GUID)

    assert (2, "") == (code, out)
    assert "DATAMAP_TOKEN" in err


WRONG_USAGES: list[tuple[list[str], str]] = [
    (["bogus"], "No such command"),
    (["runs"], "--table"),
    (["runs", "--table", TABLE, "--task-id", "1", "--job-name", "a"], "--table"),
    (["runs", "--task-id", "1", "--since", "1h"], "--job-name"),
    (["runs", "--table", TABLE], "--start TIME or --since SPAN"),
    (["runs", "t", "--since", "1h"], "unexpected 't': give a table with --table here"),
    (["export", "runs.csv", "t", "--since", "1h"], "unexpected 't': give a table with --table here"),
    (["runs", "--table", TABLE, "--start", "2024-01-11", "--since", "1h"], "not both"),
    (["runs", "--table", TABLE, "--since", "0h"], "24h"),
    (["runs", "--table", TABLE, "--start", "2024-03-31T02:30", "--tz", "Europe/Berlin"], "clocks were put forward"),
    (["runs", "--table", TABLE, "--start", "9999-12-31T23:59", "--tz", "-08:00"], "out of range"),
    (["runs", "--table", TABLE, "--start", "0001-01-01", "--tz", "Asia/Shanghai"], "out of range"),
    (["runs", "--table", "name:", "--since", "1h"], "table must be a GUID or a name, not 'name:'"),
    (["runs", "--table", TABLE, "--since", "soon"], "24h"),
    (["runs", "--table", TABLE, "--start", "yesterday"], "2024-01-11"),
    (["runs", "--table", TABLE, "--start", "1705248000"], "looks like seconds"),
    (["runs", "--table", TABLE, "--since", "1h", "--tz", "Mars/Olympus"], "Asia/Shanghai"),
    (["runs", "--table", TABLE, "--since", "1h", "--tz", "+99:00"], "Asia/Shanghai"),
    (["runs", "--table", TABLE, "--since", "1h", "--page-size", "0"], "page_size"),
    (["runs", "--table", TABLE, "--since", "1h", "--page-size", "big"], "'big' is neither a number of rows nor auto"),
    (["status", TABLE, "--page-size", "-5"], "'-5' is neither a number of rows nor auto"),
    (["runs", "--table", TABLE, "--since", "1h", "--output", "xml"], "xml"),
    (["operators"], "Missing argument 'TABLE'"),
    (["operators", "--table", TABLE], f"the table is an argument here: datamap operators {TABLE}"),
    (["status", "--max-age", "26h", "--table", TABLE], f"the table is an argument here: datamap status {TABLE}"),
    (["report", "--table", TABLE], f"the table is an argument here: datamap report {TABLE}"),
    (["watch", "--table", TABLE], f"the table is an argument here: datamap watch {TABLE}"),
    (["watch", "--every", "1m", "--table", TABLE], f"the table is an argument here: datamap watch {TABLE}"),
    (["operators", TABLE, "--endpoint", "nowhere"], "nowhere"),
    (["mock", "--port", "70000"], "70000"),
    (["mock", "--size", "-1"], "size is -1"),
    (["mock", "--latency", "-1"], "latency is"),
    (["mock", "--latency", "1e400"], "infinity"),
    (["mock", "--now", "999999999999999"], "--now 999999999999999 is out of range: the years are 1970 to 9999"),
    (["mock", "--fault", "rest"], "fault 'rest' is unknown"),
    (["conform"], "set task_id, job_name, window_start, window_end"),
    (["conform", "--levels", "XY"], "name at least one of A, B, C, D, E"),
    (["conform", "--endpoint", "http://example.com", "--discover", "--table", "x"], "plain http to another machine"),
    (["conform", "--baseline", "nowhere.toml"], "cannot read the baseline nowhere.toml"),
    (
        ["export", "r.csv", "--table", TABLE, "--since", "1h", "--lookback", "7d"],
        "--lookback only goes with --since-last",
    ),
    (
        ["export", "r.csv", "--table", TABLE, "--since", "1h", "--file-source", "a,b,c"],
        "--file-source only goes with --a",
    ),
    (["mock", "--over-limit", "refused"], "--over-limit only goes with --max-limit"),
    (["mock", "--retry-after", "1"], "--retry-after only goes with --rate-limit"),
    (["mock", "--latency-sigma", "1"], "--latency-sigma only goes with --latency"),
    (["openlineage", "--lookback", "7d"], "--lookback only goes with --since-last"),
    (["openlineage", "--dry-run", "--unconfirmed"], "--unconfirmed does not go with --dry-run"),
    (["status", TABLE, "--tz", "UTC", "--output", "json"], "--tz only goes with --output table"),
    (["check", "--tz", "UTC", "--output", "junit"], "--tz only goes with --output table"),
    (["why", TABLE, "--tz", "UTC", "--output", "json"], "--tz only goes with --output tree"),
    (["watch", TABLE, "--tz", "UTC", "--output", "ndjson"], "--tz only goes with --output live"),
    (["watch", TABLE, "--any", "--output", "ndjson"], "--any only goes with --output live or --until-ended"),
    (["report", TABLE, "--obs-endpoint", "https://obs.example"], "--obs-endpoint only goes with --logs"),
    (["report", TABLE, "--end", "2024-01-11", "--upstream", "2"], "--upstream does not go with an --end in the past"),
    (["lineage", TABLE, "--up", "--down"], "give either --up or --down, not both"),
    (["lineage", TABLE, "--down", "--up", "--depth", "2"], "give either --up or --down, not both"),
    *[
        ([*verb, f"no/{'a' * length}/file"], f"there is no folder no/{'a' * min(length, 200)}")
        for length in (1, 5000)
        for verb in (
            ["check", "--state"],
            ["exporter", "--state"],
            ["openlineage", "--since-last", "--state"],
            ["log", TABLE, "--save"],
            ["report", TABLE, "--html"],
            ["runs", "--table", TABLE, "--since", "1h", "--output", "ndjson", "--resume-token"],
            *[["conform", f"--{shape}"] for shape in ("junit", "json", "sarif", "html")],
        )
    ],
]


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize(("arguments", "mentioned"), WRONG_USAGES)
def test_wrong_usage(capfdbinary: pytest.CaptureFixture[bytes], arguments: list[str], mentioned: str) -> None:
    """Wrong usage is told on stderr, without a traceback, and has an exit code of its own."""
    code, out, err = called(capfdbinary, *arguments)

    assert (3, "") == (code, out)
    assert mentioned in err
    assert "Traceback" not in err


@pytest.mark.parametrize("terminal", ["dumb", "unknown", "xterm"])
@pytest.mark.parametrize("verb", [("operators", TABLE), ("runs", "--table", TABLE, "--since", "1h"), ("status", TABLE)])
def test_wide_table_for_any_terminal(
    verb: tuple[str, ...],
    terminal: str,
    environment: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    """A wide terminal gets each row on a line of its own, whatever TERM says, as in CI or an editor: dumb."""
    environment.setenv("TERM", terminal)
    environment.setenv("COLUMNS", "200")
    environment.setattr(printing, "is_terminal", lambda: True)
    name = "_".join(["of_all_regions"] * 5)

    def answer(asked: Asked) -> Answer:
        if asked.target.endswith("/node"):
            return json_answer([{"task_id": "1", "job_name": name, "workspace_id": "w" * 40}])
        return run_page({"taskRunningLogId": 1, "jobName": name, "status": "success", "planTime": 1})

    with ScriptedServer(answer) as server:
        point_at(server, environment)
        code, out, _ = called(capfdbinary, *verb, "--output", "table")

    assert code in {0, 2}
    assert name in out
    assert max(map(len, out.splitlines())) > 80


def serve_statuses(asked: Asked) -> Answer:
    """Runs of every kind, each with a log path but the last."""
    if asked.target.endswith("/node"):
        return json_answer([{"task_id": "1", "job_name": "a"}])
    statuses = ("success", "fail", "manual-stop", "running", "odd\x1b", None, "fail")
    hour_ago = int((datetime.now(UTC) - timedelta(hours=1)).timestamp() * 1000)
    rows = [
        {
            "taskRunningLogId": number,
            "status": status,
            "planTime": hour_ago + number,
            "executionLogPath": f"obs://log/{number}\x1b",
        }
        for number, status in enumerate(statuses, start=1)
    ]
    return run_page(*rows[:-1], {**rows[-1], "executionLogPath": None})


@pytest.mark.parametrize(
    ("name", "meant"),
    [("fialed", "failed"), ("succes", "success"), ("Running", "running"), ("manual_stop", "manual-stop")],
)
def test_mistyped_status(
    name: str, meant: str, environment: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """What is nearly a known status or state is wrong usage, with the one that may be meant; nothing is asked."""
    with ScriptedServer(serve_statuses) as server:
        point_at(server, environment)
        code, out, err = called(capfdbinary, "runs", "--table", TABLE, "--since", "1h", "--status", name)

    assert (3, "", []) == (code, out, server.asked)
    assert f"no status or state is called {name!r}: did you mean {meant!r}?" in err


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], [1, 2, 3, 4, 5, 6, 7]),
        (["fail"], [2, 7]),
        (["failed"], [2, 3, 7]),
        (["manual-stop", "success"], [1, 3]),
        (["active", "unknown"], [4, 5, 6]),
        (["odd\x1b"], [5]),
        (["brand-new"], []),
    ],
)
def test_runs_of_a_status(
    names: list[str],
    expected: list[int],
    environment: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    """Runs are chosen by their status or their state; where there are none, the text says which there are."""
    asked = [part for name in names for part in ("--status", name)]
    with ScriptedServer(serve_statuses) as server:
        point_at(server, environment)
        code, out, err = called(capfdbinary, "runs", "--table", TABLE, "--since", "1h", *asked)

    assert (0, expected) == (code, [json.loads(line)["run_id"] for line in out.splitlines()])
    others = r"fail (2), success (1), manual-stop (1), running (1), odd\x1b (1), (none) (1)"
    told = f"datamap: no runs of status brand-new in this window; it has {others}\n"
    assert ("" if expected else told) == err


def test_log_path_of_a_failure(environment: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """In a table, a run that failed has its log path below it, printable and whole; others have none."""
    with ScriptedServer(serve_statuses) as server:
        point_at(server, environment)
        _, out, _ = called(capfdbinary, "runs", "--table", TABLE, "--since", "1h", "--output", "table")

    logs = [line for line in out.splitlines() if "obs://" in line]
    assert [r"  log: obs://log/2\x1b", r"  log: obs://log/3\x1b"] == logs


def test_quiet(tmp_path: Path, environment: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Asked to be quiet, a verb that does its work says nothing on stderr; warnings, doubts and errors stay."""
    file, page = str(tmp_path / "runs.csv"), str(tmp_path / "report.html")
    where = ["--table", TABLE, "--since", "1h"]
    verbs = [
        ["runs", *where, "--output", "table"],
        ["export", file, *where],
        ["export", file, *where, "--since-last"],
        ["report", TABLE, "--html", page, "--since", "1h"],
        ["operators", TABLE],
    ]
    with ScriptedServer(without_lineage(serve_statuses)) as server:
        point_at(server, environment)
        loud = [called(capfdbinary, *verb)[2] for verb in verbs]
        quiet = [called(capfdbinary, *verb, "--quiet") for verb in verbs]
        status = called(capfdbinary, "status", TABLE, "--quiet", "--output", "table")
        wrong = called(capfdbinary, "runs", *where, "--quiet", "--status", "brand-new")
    with ScriptedServer(json_answer({"error_code": "X", "error_msg": "no"}, status=400)) as server:
        point_at(server, environment)
        failed = called(capfdbinary, "export", file, *where, "--quiet")
        assert (2, True) == (failed[0], "HTTP 400" in failed[2])

    assert [True, True, True, True, False] == [bool(err) for err in loud]
    assert [(0, "")] * len(verbs) == [(code, err) for code, _, err in quiet]
    assert "runs with an unknown status do not count: " in status[2]
    assert "times are in" not in status[2]
    assert "no runs of status brand-new" in wrong[2]


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize("output", ["table", "ndjson"])
def test_reader_that_never_was(output: str) -> None:
    """A reader that is gone before the first line ends the command in silence, too."""
    command = [sys.executable, "-m", "dataarts_datamap", "operators", TABLE_GUID, "--output", output]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, check=False, stdout=writing, stderr=subprocess.PIPE, timeout=60)
    os.close(writing)

    assert (0, b"") == (done.returncode, done.stderr)


@pytest.mark.usefixtures("connected")
def test_reader_that_goes_away() -> None:
    """A reader that goes away early ends the command in silence."""
    command = [sys.executable, "-m", "dataarts_datamap", "runs", "--table", TABLE_GUID, "--start", "2026-10-01T00:00Z"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writing:
        assert writing.stdout is not None
        assert writing.stderr is not None
        assert writing.stdout.readline()
        writing.stdout.close()
        told = writing.stderr.read()

    assert (0, b"") == (writing.returncode, told)


def test_interrupt(environment: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """An interrupted command ends with 130."""

    def interrupt(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    environment.setattr("dataarts_datamap.DataMapClient.from_env", interrupt)

    assert (130, "") == called(capfdbinary, "operators", TABLE)[:2]


def test_defect(environment: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """A defect of ours is not taken for the answer no, which is 1."""

    def fail(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    environment.setattr("dataarts_datamap.DataMapClient.from_env", fail)
    code, _, err = called(capfdbinary, "operators", TABLE)

    assert 2 == code
    assert "ZeroDivisionError" in err


ALL_MACHINES = "0.0.0.0"  # noqa: S104  a mock server


@pytest.mark.parametrize("host", [ALL_MACHINES, "127.0.0.1", "localhost"])
def test_mock_verb_for_other_machines(environment: pytest.MonkeyPatch, host: str) -> None:
    """A mock server for all machines tells how this one reaches it, and what another one needs for plain http."""
    environment.delenv("DATAMAP_TOKEN")
    command = [sys.executable, "-m", "dataarts_datamap", "mock", "--host", host]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as serving:
        assert serving.stderr is not None
        told = "".join(serving.stderr.readline() for _ in range(6))
        serving.terminate()

    assert "export DATAMAP_ENDPOINT=http://127.0.0.1:" in told
    assert (host == ALL_MACHINES) is ("DATAMAP_ALLOW_HTTP=1" in told)


def test_mock_verb(environment: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """The mock server tells how to reach it; a second one on its port is told that the port is taken."""
    command = [sys.executable, "-m", "dataarts_datamap", "mock", "--now", "2026-11-01T12:00Z"]
    environment.delenv("DATAMAP_TOKEN")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as serving:
        assert serving.stderr is not None
        told = [serving.stderr.readline() for _ in range(6)]
        for line in told:
            name, _, value = line.strip().removeprefix("export ").partition("=")
            if name.startswith("DATAMAP_"):
                environment.setenv(name, value)
        code, out, _ = called(capfdbinary, *DOCUMENTED, *DAY)
        port = told[0].split()[2].rpartition(":")[2]
        taken, _, err = called(capfdbinary, "mock", "--port", port)
        suggested = told[-1].split()[1:]
        suggested_code, suggested_out, _ = called(capfdbinary, *suggested)
        serving.terminate()
        assert serving.wait(timeout=30) in {0, 143, -15}

    assert (0, 1) == (code, len(out.splitlines()))
    assert 2 == taken
    assert f"datamap: port {port} of 127.0.0.1 is in use: give another --port, or none for a free one\n" == err
    assert 0 == suggested_code
    assert suggested_out


def test_mock_options(environment: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Each option is a field of the server's configuration; those left out have its defaults."""
    served: list[MockConfig] = []
    environment.setattr("dataarts_datamap_contract.mock.serve", lambda config, **_: served.append(config))
    options = {"size": 9, "offset-unit": "page", "first-page": 1, "max-limit": 7, "window-on": "startTime"}
    options |= {
        "order": "oldest-first",
        "rate-limit": 50,
        "retry-after": 2,
        "latency-sigma": 0.5,
        "admin": "off",
        "progress": "with-time",
    }
    flags = ["--round-offset", "--window-excludes-start", "--latency", "1.5", "--fault", "reset:every=3"]
    code, _, err = called(capfdbinary, "mock", *flags, *(f"--{name}={value}" for name, value in options.items()))

    assert 0 == code, err
    fields: dict[str, Any] = {name.replace("-", "_"): value for name, value in options.items()}
    fields |= {"round_offset": True, "window_includes_start": False, "latency": timedelta(milliseconds=1.5)}
    fields["faults"] = (Fault(kind="reset", every=3),)
    assert [MockConfig(**fields, token="mock-token")] == served


def test_access_key(
    capfdbinary: pytest.CaptureFixture[bytes], connected: MockServer, environment: pytest.MonkeyPatch
) -> None:
    """The official variables are enough; a wrong key is told, and not shown."""
    environment.delenv("DATAMAP_TOKEN")
    environment.setenv("HUAWEICLOUD_SDK_AK", connected.config.access_key)
    environment.setenv("HUAWEICLOUD_SDK_SK", connected.config.secret_key)
    code, out, _ = called(capfdbinary, *DOCUMENTED, *DAY)
    environment.setenv("HUAWEICLOUD_SDK_SK", "wrong-secret")
    wrong, _, err = called(capfdbinary, *DOCUMENTED, *DAY)

    assert (0, 1, 2) == (code, len(out.splitlines()), wrong)
    assert "APIGW.0301" in err
    assert "wrong-secret" not in err
    assert connected.config.access_key not in err


@pytest.mark.usefixtures("connected")
def test_conform(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    """A server is judged from a table alone; what is asked for is written, and a gap counts in CI only."""
    with MockServer() as server:
        where = [
            "conform",
            "--endpoint",
            server.url,
            "--mock",
            "--discover",
            "--table",
            TABLE_GUID,
            "--max-examples",
            "0",
        ]
        files = [
            "--json",
            str(tmp_path / "a.json"),
            "--junit",
            str(tmp_path / "b.xml"),
            "--html",
            str(tmp_path / "c.html"),
            "--sarif",
            str(tmp_path / "d.sarif"),
        ]
        code, out, err = called(capfdbinary, *where, *files, "--ci")

    assert (0, "") == (code, err), out
    assert "Conforms: " in out.splitlines()[-1]
    assert {"a.json", "b.xml", "c.html", "d.sarif"} == {path.name for path in tmp_path.iterdir()}


@pytest.mark.usefixtures("connected")
def test_conform_says_no(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    """A server that does not conform is a no, unless its failures are known; one that shows nothing is not judged."""
    page = Answer(b"<html>", headers={"Content-Type": "text/html"})
    known = tmp_path / "known.toml"
    with ScriptedServer(page) as server:
        where = ["conform", "--endpoint", server.url, "--table", "x", "--levels", "A", "--max-examples", "0"]
        window = {"TASK_ID": "1", "JOB_NAME": "j", "WINDOW_START": "1704902400000", "WINDOW_END": "1704902400001"}
        with pytest.MonkeyPatch.context() as environment:
            for name, value in window.items():
                environment.setenv(f"DATAMAP_{name}", value)
            no, out, _ = called(capfdbinary, *where)
            failing = [line.split()[1] for line in out.splitlines() if line.startswith("  FAILED")]
            entry = '[[deviation]]\ncheck = "{}"\nreason = "a portal"\nsince = 2026-11-25\n'
            known.write_text("".join(entry.format(check) for check in failing), encoding="utf-8")
            unjudged, _, _ = called(capfdbinary, *where, "--baseline", str(known))
        undiscovered, _, err = called(capfdbinary, *where, "--discover")

    assert {"A-content-type", "A-json"} <= set(failing)
    assert (1, 2, 2) == (no, unjudged, undiscovered)
    assert "datamap: cannot discover: ShowNodes responds with '<html>', not with an array of operators: name an" in err
