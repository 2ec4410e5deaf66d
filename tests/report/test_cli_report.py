"""``datamap report``: what it prints and writes, and its exit code."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import sys
from datetime import UTC, datetime
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap.cli._printing import report_sheet
from dataarts_datamap.cli._printing.notices import size_text
from docs_build import demo_table
from support.answers import json_answer, paged, without_lineage
from support.catalog_server import Factory, lineage_row
from support.command import TABLE, called, point_at
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOUR = 3_600_000
END = datetime(2024, 1, 11, tzinfo=UTC)
WINDOW = ("--start", "2024-01-10", "--end", "2024-01-11")
EVIL = "</script><script>alert(1)</script>&amp;'\"\u2028\u202e\x1b[2J订单📊"


def serve(*rows: dict[str, Any], name: str = "a") -> Callable[[Asked], Answer]:
    """A table with one operator that has these runs; an ``ago`` is the hours from the run's end to the window's."""

    def answer(asked: Asked) -> Answer:
        if asked.target.endswith("/node"):
            return json_answer([{"task_id": "1", "job_name": name}])
        sent = [
            {
                "taskRunningLogId": number,
                "taskId": 1,
                "jobName": name,
                "status": "success",
                "executionLogPath": f"obs://log/{number}/{name}",
                "runningData": '{"sql":"SELECT secret"}',
                **{
                    field: int(END.timestamp() * 1000) - int(row["ago"] * HOUR) - before
                    for field, before in {"planTime": 70_000, "startTime": 60_000, "endTime": 0}.items()
                },
                **{field: value for field, value in row.items() if field != "ago"},
            }
            for number, row in enumerate(rows, start=1)
        ]
        return paged(*sent)(asked)

    return without_lineage(answer)


ROWS: tuple[dict[str, Any], ...] = ({"ago": 5}, {"ago": 3, "status": "fail"}, {"ago": 2, "status": "odd"})


@pytest.fixture
def rows() -> tuple[dict[str, Any], ...]:
    """The runs that the server has."""
    return ROWS


@pytest.fixture
def server(rows: tuple[dict[str, Any], ...], monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """A server that the environment names."""
    names = [row["jobName"] for row in rows if "jobName" in row]
    with ScriptedServer(serve(*rows, name=names[0] if names else "a")) as started:
        point_at(started, monkeypatch)
        yield started


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person reads stdout, at 80 columns."""
    monkeypatch.setattr(report_sheet, "line_width", lambda: 80)


def embedded(page: str) -> dict[str, Any]:
    """The data inside a page."""
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    data: dict[str, Any] = json.loads(text)
    return data


def test_page(server: ScriptedServer, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """With --html, a page is written and nothing printed to a pipe; it has the answer and the runs, no nested data."""
    file = tmp_path / "report.html"
    code, out, err = called(capfdbinary, "report", TABLE, *WINDOW, "--html", str(file))
    page = file.read_text(encoding="utf-8")
    data = embedded(page)

    assert (0, "") == (code, out)
    assert f"datamap: 3 runs reported: {file} has {size_text(file.stat().st_size)}\n" in err
    assert (
        f'<h1><span class="whose">{TABLE}</span> The table is not fresh: 1 run failed after the last success.</h1>'
        in page
    )
    assert ["1", "2", "3"] == data["id"]
    assert [["success", 0], ["fail", 1], ["odd", 4]] == data["statuses"]
    assert {"1": "obs://log/2/a", "2": "obs://log/3/a"} == data["logs"]
    assert "SELECT" not in page
    assert [file] == list(tmp_path.iterdir())
    assert b"\r" not in file.read_bytes()
    assert server.asked


def test_running_data(server: ScriptedServer, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """What the runs did is in the page, and in JSON, if it is asked for."""
    file = tmp_path / "report.html"
    how = ("report", TABLE, *WINDOW, "--html", str(file), "--output", "json")
    _, without, _ = called(capfdbinary, *how)
    _, out, _ = called(capfdbinary, *how, "--running-data")

    assert "SELECT secret" not in without
    assert "SELECT secret" in out
    assert "SELECT secret" in embedded(file.read_text(encoding="utf-8"))["nested"]["0"]
    assert server.asked


def test_running_data_beside_a_summary(
    server: ScriptedServer, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A page has the running data, whatever is printed beside it."""
    file = tmp_path / "report.html"
    how = ("--html", str(file), "--output", "summary", "--running-data")
    code, out, _ = called(capfdbinary, "report", TABLE, *WINDOW, *how)

    assert (0, False) == (code, "SELECT secret" in out)
    assert "SELECT secret" in embedded(file.read_text(encoding="utf-8"))["nested"]["0"]
    assert server.asked


def test_page_of_a_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A table that was found by its name is called by it, in a report on the past, too, which has nothing upstream."""
    factory = Factory(
        nodes={"load": [lineage_row("db.o.raw", "load", "db.s.orders")]},
        runs={"load": [(int(END.timestamp() * 1000) - HOUR, "success")]},
    )
    with factory.server() as server:
        point_at(server, monkeypatch)
        code, _, _ = called(capfdbinary, "report", "s.orders", *WINDOW, "--html", str(tmp_path / "report.html"))

    assert 0 == code
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<span class="whose">db.s.orders</span>' in page
    assert "<title>db.s.orders: " in page
    assert 'id="upstream"' not in page


def test_no_request(server: ScriptedServer, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """The page names no address to load from, and its policy lets its own script and style run alone."""
    file = tmp_path / "report.html"
    called(capfdbinary, "report", TABLE, *WINDOW, "--html", str(file))
    page = file.read_text(encoding="utf-8")
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", page, re.DOTALL)
    ]
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', page)

    own = f"script-src {hashes[1]}; style-src {hashes[0]}"
    assert f"default-src 'none'; {own}; img-src data:; base-uri 'none'; form-action 'none'" == policy
    assert [] == re.findall(r"(?:src|href)=\"(?!#|data:)", page)
    assert ["http://www.w3.org/2000/svg"] == re.findall(r"https?://[^\"'\s]+", page)
    assert server.asked


@pytest.mark.parametrize("rows", [[{"ago": 1, "status": EVIL, "jobName": EVIL, "executionLogPath": EVIL}]])
def test_untrusted_text(
    server: ScriptedServer, tmp_path: Path, terminal: None, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Markup stays text in the page; what a terminal or a reader would act on is an escape, there and everywhere."""
    file = tmp_path / "report.html"
    outputs = [
        called(capfdbinary, "report", TABLE, *WINDOW, "--html", str(file), "--output", output)[1]
        for output in ("table", "json")
    ]
    page = file.read_text(encoding="utf-8")

    escaped = EVIL.encode("unicode_escape").decode().replace(r"\u8ba2\u5355\U0001f4ca", "订单📊")
    data = embedded(page)
    assert [escaped] == [job["name"] for job in data["jobs"] if job["name"] != "a"]
    assert [escaped[:80]] == [status[0][:80] for status in data["statuses"]]
    assert escaped == data["logs"]["0"]
    assert 2 == page.count("<script") == page.count("</script>")
    assert escaped.partition("\\")[0] in unescape(page.partition("<script type")[0])
    for text in (page, *outputs):
        assert [] == [char for char in "\u2028\u202e\x1b" if char in text]
    assert terminal is None
    assert server.asked


def test_json(server: ScriptedServer, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """JSON is one line: how the table stands, each job's hours, failures and outliers."""
    window = ("--start", "2024-01-10T00:00Z", "--end", "2024-01-11T00:00Z")
    code, out, err = called(capfdbinary, "report", TABLE, *window, "--output", "json")
    (line,) = out.splitlines()
    told = json.loads(line)

    assert (0, "") == (code, err)
    assert [TABLE, "2024-01-10T00:00:00.000Z", "2024-01-11T00:00:00.000Z"] == [
        told[name] for name in ("table_guid", "start", "end")
    ]
    assert ("failed", 5 * 3600.0) == (told["status"]["verdict"], told["status"]["age"])
    assert {"active": 0, "succeeded": 1, "failed": 1, "skipped": 0, "unknown": 1} == told["counts"]
    assert [2] == [run["run_id"] for run in told["failures"]]
    (job,) = told["jobs"]
    assert ["2024-01-10T18:00", "2024-01-10T20:00", "2024-01-10T21:00"] == [cell.pop("hour") for cell in job["strip"]]
    assert [{"succeeded": 1}, {"failed": 1}, {"unknown": 1}] == job["strip"]
    assert server.asked


MANY = [{"ago": number / 10, "status": "fail" if number % 2 else "success"} for number in range(90)]


FAILED = [{"ago": number / 20, "status": "fail", "jobName": "订单📊" * 9} for number in range(90)]
WELL = [{"ago": number / 40} for number in range(95)]


@pytest.mark.parametrize("rows", [MANY, FAILED, WELL], ids=["half of them failed", "all failed", "none failed"])
def test_pipe_gets_a_summary(
    server: ScriptedServer, rows: list[dict[str, Any]], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Unasked, a pipe gets what fits a screen: no hours, the five newest failures, and how many there are."""
    (_, short, err), (_, whole, _), (_, data, _) = (
        called(capfdbinary, "report", TABLE, "--start", "1704844800000", "--end", "1704931200000", *options)
        for options in ((), ("--output", "json"), ("--running-data",))
    )
    summary, told = json.loads(short), json.loads(whole)

    assert "" == err
    failed = sum(row.get("status") == "fail" for row in rows)
    assert (failed, told["failures"][:5]) == (summary["failed"], summary["failures"])
    assert {"failed", "outlying"} == summary.keys() - told.keys()
    assert [{name: value for name, value in job.items() if name != "strip"} for job in told["jobs"]] == summary["jobs"]
    assert len(short) < min(6000, len(whole))
    assert ("SELECT secret" in data) is (failed > 0)
    assert "SELECT secret" not in short + whole
    wrong, _, text = called(capfdbinary, "report", TABLE, "--running-data", "--output", "summary")
    assert (3, True) == (wrong, "write --output json" in text)
    wrong, _, text = called(capfdbinary, "report", TABLE, "--running-data", "--output", "table")
    assert (3, True) == (wrong, "running data goes into a page or into JSON: add --html FILE" in text)
    assert server.asked


@pytest.mark.parametrize(
    ("zone", "window"),
    [("UTC", "2024-01-10 00:00:00 to 2024-01-11 00:00:00"), ("+08:00", "2024-01-10 08:00:00 to 2024-01-11 08:00:00")],
)
def test_strip(
    zone: str, window: str, server: ScriptedServer, terminal: None, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A letter for each hour that runs were planned for, a bar for how long they took, in the zone asked for."""
    times = ("--start", "2024-01-10T00:00Z", "--end", "2024-01-11T00:00Z", "--tz", zone)
    code, out, err = called(capfdbinary, "report", TABLE, *times, "--output", "table")
    lines = out.splitlines()

    assert 0 == code
    assert f"datamap: times are in UTC{zone.removeprefix('UTC')}\n" in err
    assert "The table is not fresh: 1 run failed after the last success." == lines[0]
    assert any(line.endswith(window) for line in lines)
    assert lines.index("..................s.F?..") + 1 == lines.index(f"{'':18}█")
    assert any("s succeeded   F failed" in line for line in lines)
    assert any(line.endswith("obs://log/2/a") for line in lines)
    assert "\x1b" not in out
    assert server.asked
    assert terminal is None


LOG = f"obs://dlf-log-{'0123456789abcdef' * 4}/Load orders-eu/2024-01-11_08_30_00.000/execution.log"


@pytest.mark.parametrize(
    "rows", [[{"ago": ago, "status": "fail", "executionLogPath": log} for ago, log in ((3, LOG), (2, ""))]]
)
def test_log_paths(server: ScriptedServer, terminal: None, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """A log path stands on a line of its own below its failure, whole, however narrow the terminal is."""
    _, out, _ = called(capfdbinary, "report", TABLE, *WINDOW, "--output", "table")

    assert [
        "FAILED               STATUS  JOB  RUN",
        "2024-01-10 22:00:00  fail    a    2",
        "  no log path",
        "2024-01-10 21:00:00  fail    a    1",
        f"  log: {LOG}",
    ] == out.splitlines()[-5:]
    assert server.asked
    assert terminal is None


class Terminal:
    """The real stdout, which says that it is a terminal."""

    def __init__(self, stdout: Any) -> None:
        self._stdout = stdout

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stdout, name)

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("no_colour", [None, "1"])
def test_person(
    no_colour: str | None,
    server: ScriptedServer,
    tmp_path: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A person sees the strips beside the page, in colours unless NO_COLOR is set."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_colour:
        monkeypatch.setenv("NO_COLOR", no_colour)
    monkeypatch.setattr(sys, "stdout", Terminal(sys.stdout))
    _, out, _ = called(capfdbinary, "report", TABLE, *WINDOW, "--html", str(tmp_path / "r.html"))

    assert (no_colour is None) is ("\x1b[1;31mF\x1b[0m\x1b[33m?" in out)
    assert "..................s.F?.." in re.sub(r"\x1b\[[\d;]*m", "", out)
    assert server.asked


@pytest.mark.parametrize("rows", [[]])
@pytest.mark.parametrize("output", ["table", "json"])
def test_no_runs(
    output: str, server: ScriptedServer, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A window without runs is a report that says so, on stderr too."""
    file = tmp_path / "report.html"
    code, out, err = called(capfdbinary, "report", TABLE, *WINDOW, "--html", str(file), "--output", output)

    assert 0 == code
    assert "datamap: no runs in this window\n" in err
    assert "</span> There are no runs in this window.</h1>" in file.read_text(encoding="utf-8")
    assert "There are no runs in this window." in out
    assert server.asked


@pytest.mark.parametrize(
    ("options", "verdict", "decides"),
    [
        ((), "failed", "bad"),
        (("--ignore", "bad"), "fresh", "good"),
        (("--operator", "bad"), "failed", "bad"),
        (("--any",), "failed", "bad"),
        (("--any", "--max-age", "90m"), "fresh", "good"),
        (("--any", "--max-age", "30m"), "stale", "good"),
    ],
)
def test_which_operators_count(
    options: tuple[str, ...],
    verdict: str,
    decides: str,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The operators that were named count, as for a status, and the report names those that do not."""
    good, bad = serve({"ago": 1}, name="good"), serve({"ago": 2, "status": "fail"}, name="bad")

    def answer(asked: Asked) -> Answer:
        if asked.target.endswith("/node"):
            return json_answer([{"task_id": str(at), "job_name": name} for at, name in enumerate(("good", "bad"))])
        return (good if "/0/instances" in asked.target else bad)(asked)

    with ScriptedServer(answer) as server:
        point_at(server, monkeypatch)
        code, out, _ = called(capfdbinary, "report", TABLE, *WINDOW, *options)
        _, sheet, _ = called(capfdbinary, "report", TABLE, *WINDOW, *options, "--output", "table")

    status = json.loads(out)["status"]
    assert (0, verdict, decides) == (code, status["verdict"], status["decided_by"]["job_name"])
    ignored = {"--ignore": "bad", "--operator": "good"}.get("".join(options[:1]))
    assert [ignored] * (ignored is not None) == [one["job_name"] for one in status["ignored"]]
    assert (f"Not judged, on request: {ignored}." in sheet) is (ignored is not None)
    assert ("On request, the last success of any operator counts." in sheet) is ("--any" in options)


def test_default_window(server: ScriptedServer, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Thirty days up to now are asked for, unless it is said."""
    called(capfdbinary, "report", TABLE)
    targets = [asked.target for asked in server.asked if "start_time" in asked.target]
    start, end = (
        [int(target.split(f"{name}_time=")[1].split("&")[0]) for target in targets] for name in ("start", "end")
    )

    assert 30 * 24 * HOUR == max(end) - min(start)


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--since", "soon"], 3, "not a span"),
        (["--start", "2024-01-10", "--since", "1d"], 3, "either --start or --since"),
        (["--start", "2024-01-10", "--end", "2024-01-09"], 3, "begins after its end"),
        (["--html", "no/such/folder/r.html"], 3, "there is no folder"),
        (["--html", "."], 3, "is a directory"),
        (["--output", "html"], 3, "'html' is not one of"),
    ],
)
def test_wrong_usage(
    options: list[str], code: int, told: str, server: ScriptedServer, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """What cannot be done is refused before anything is asked, with what was wrong."""
    found, _, err = called(capfdbinary, "report", TABLE, *options)

    assert code == found
    assert told in err
    assert [] == server.asked


def test_moved_into_place(server: ScriptedServer, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """A new page takes the place of the old one, whole: who reads the old one reads on in it."""
    file, link = tmp_path / "report.html", tmp_path / "link.html"
    file.write_text("yesterday", encoding="utf-8")
    link.hardlink_to(file)
    called(capfdbinary, "report", TABLE, *WINDOW, "--html", str(file))

    assert "yesterday" == link.read_text(encoding="utf-8")
    assert file.read_text(encoding="utf-8").endswith("</html>\n")
    assert server.asked


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders, and links need a right")
def test_links_and_pipes(server: ScriptedServer, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """A page goes where a link leads to; what is no file, such as a pipe or a device, is not replaced by one."""
    file, link, pipe = (tmp_path / name for name in ("report.html", "link.html", "pipe"))
    link.symlink_to(file)
    os.mkfifo(pipe)
    assert 0 == called(capfdbinary, "report", TABLE, *WINDOW, "--html", str(link))[0]
    server.asked.clear()
    code, _, err = called(capfdbinary, "report", TABLE, "--html", str(pipe))

    assert link.is_symlink()
    assert file.read_text(encoding="utf-8").endswith("</html>\n")
    assert (3, []) == (code, server.asked)
    assert "is not a file that can be replaced" in err
    assert pipe.is_fifo()


def test_failure_leaves_the_old_page(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that fails is exit code 2, and the page of yesterday stays."""
    file = tmp_path / "report.html"
    file.write_text("yesterday", encoding="utf-8")
    with ScriptedServer(json_answer({"error_code": "X", "error_msg": "down"}, status=400)) as server:
        point_at(server, monkeypatch)
        assert 2 == called(capfdbinary, "report", TABLE, "--html", str(file))[0]

    assert [("report.html", "yesterday")] == [
        (path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()
    ]


def test_demo(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo table's report, against the mock server, has something of everything."""
    with demo_table.demo() as service:
        demo_table.fill(service)
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        code, out, _ = called(capfdbinary, "report", service.table_guid, *demo_table.WINDOW)
    told = json.loads(out)

    assert (0, "failed", 4) == (code, told["status"]["verdict"], len(told["jobs"]))
    assert all(told["counts"].values())
    assert told["outliers"]
