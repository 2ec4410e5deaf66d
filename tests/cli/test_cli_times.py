"""Dates, zones and spans as they are typed, and plain http by variable."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
import pytest

from dataarts_datamap import (
    AsyncDataMapClient,
    ConfigurationError,
    DataMapClient,
    InvalidArgumentError,
    PasswordCredentials,
    export_runs,
    find_credentials,
    next_export_start,
    table_status,
)
from dataarts_datamap.cli._options.times import in_zone, parse_time
from support.answers import run_page
from support.command import TABLE, called, point_at
from support.faces import SETTINGS, WINDOW
from support.runs import make_run
from support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAYS = [
    ("2024-09-08", "America/Santiago", "2024-09-08T01:00:00-03:00"),
    ("20240908", "America/Santiago", "2024-09-08T01:00:00-03:00"),
    ("2024-W36-7", "America/Santiago", "2024-09-08T01:00:00-03:00"),
    ("2024-04-26", "Africa/Cairo", "2024-04-26T01:00:00+03:00"),
    ("2018-11-04", "America/Sao_Paulo", "2018-11-04T01:00:00-02:00"),
    ("2022-03-22", "Asia/Tehran", "2022-03-22T01:00:00+04:30"),
    ("1919-03-31", "America/Toronto", "1919-03-31T00:30:00-04:00"),
    ("2024-11-03", "America/Havana", "2024-11-03T00:00:00-04:00"),
    ("2024-03-31", "Europe/Berlin", "2024-03-31T00:00:00+01:00"),
    ("2024-09-08", "UTC", "2024-09-08T00:00:00+00:00"),
]


@pytest.mark.parametrize(("text", "zone", "expected"), DAYS)
@pytest.mark.parametrize("end", [False, True])
def test_day(text: str, zone: str, expected: str, *, end: bool) -> None:
    """A date is the first instant of its day in the zone, at either end of a window."""
    found = in_zone(parse_time(text), ZoneInfo(zone), end=end)

    assert isinstance(found, datetime)
    assert datetime.fromisoformat(expected).astimezone(UTC) == found.astimezone(UTC)
    before = (found.astimezone(UTC) - timedelta(seconds=1)).astimezone(ZoneInfo(zone))
    assert before.date() < found.astimezone(ZoneInfo(zone)).date()


@pytest.mark.parametrize(
    ("text", "zone"), [("2024-09-08T00:00", "America/Santiago"), ("2024-03-31T02:30", "Europe/Berlin")]
)
def test_time_that_a_zone_does_not_have(text: str, zone: str) -> None:
    """A time that was typed as one is not moved: it is refused, as ever."""
    with pytest.raises(click.UsageError, match="clocks were put forward"):
        in_zone(parse_time(text), ZoneInfo(zone))


def test_day_that_a_zone_does_not_have() -> None:
    """A day that the calendar of a zone left out is refused."""
    with pytest.raises(click.UsageError, match="2011-12-30 does not exist in Pacific/Apia"):
        in_zone(parse_time("2011-12-30"), ZoneInfo("Pacific/Apia"))


def window_of(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, *options: str) -> list[int]:
    """The window that a command asks for."""
    with ScriptedServer(run_page()) as server:
        zone = os.environ.get("DATAMAP_TZ")
        point_at(server, monkeypatch)
        if zone is not None:
            monkeypatch.setenv("DATAMAP_TZ", zone)
        code, _, err = called(capfdbinary, "runs", "--task-id", "1", "--job-name", "a", *options)
    assert (0, True) == (code, bool(server.asked)), err
    return [int(number) for number in re.findall(r"(?:start|end)_time=(\d+)", server.asked[0].target)]


def test_day_of_a_command(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """The command asks from the day's first instant on."""
    window = window_of(
        capfdbinary, monkeypatch, "--start", "2024-09-08", "--end", "2024-09-09", "--tz", "America/Santiago"
    )
    assert [datetime(2024, 9, 8, 4, tzinfo=UTC), datetime(2024, 9, 9, 3, tzinfo=UTC)] == [
        datetime.fromtimestamp(time / 1000, UTC) for time in window
    ]


@pytest.mark.parametrize(
    ("variable", "options", "hour"),
    [("Asia/Shanghai", (), 16), ("Asia/Shanghai", ("--tz", "UTC"), 0), ("", (), 0), ("+02:00", (), 22)],
)
def test_zone_by_variable(
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    options: tuple[str, ...],
    hour: int,
) -> None:
    """DATAMAP_TZ is the zone where no option says another; an empty one counts as not set."""
    monkeypatch.setenv("DATAMAP_TZ", variable)
    start, _ = window_of(capfdbinary, monkeypatch, "--start", "2024-01-11", "--end", "2024-01-12", *options)

    assert hour == datetime.fromtimestamp(start / 1000, UTC).hour


def test_zone_that_is_none(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """A zone of the variable that is none is wrong usage, and the text names the variable."""
    monkeypatch.setenv("DATAMAP_TZ", "Mars/Olympus")
    code, _, err = called(capfdbinary, "runs", "--table", TABLE, "--since", "1h")

    assert 3 == code
    assert "DATAMAP_TZ" in " ".join(err.split())


CALLS: list[tuple[str, Callable[[Any], Any]]] = [
    ("since", lambda span: client().list_runs("1", job_name="a", since=span)),
    ("since", lambda span: client().list_table_runs("t", since=span)),
    ("since", lambda span: client().wait_for_run("1", job_name="a", since=span)),
    ("slice_span", lambda span: client().list_runs("1", job_name="a", slice_span=span, **WINDOW)),
    ("max_age", lambda span: table_status([make_run(1)], max_age=span, now=datetime.now(UTC))),
    ("lookback", lambda span: next_export_start("runs.csv", lookback=span)),
]


def client() -> DataMapClient:
    """A client that nobody asks."""
    return DataMapClient(endpoint="http://127.0.0.1:9", **SETTINGS)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("7d", r"timedelta\(days=7\)"),
        ("26h", r"timedelta\(hours=26\)"),
        (" 90 m", r"timedelta\(minutes=90\)"),
        ("2w", r"timedelta\(weeks=2\)"),
        (7, r"timedelta\((days|hours)=\d+\)"),
        ("a while", r"timedelta\((days|hours)=\d+\)"),
    ],
)
@pytest.mark.parametrize(("name", "call"), CALLS, ids=range(len(CALLS)))
def test_span_in_python(name: str, call: Callable[[Any], Any], given: object, hint: str) -> None:
    """A length of time as the command line takes it is refused in Python with how to write it there."""
    with pytest.raises(InvalidArgumentError, match=rf"{name} must be a .*timedelta.* such as {hint}, not "):
        call(given)


ELSEWHERE = "http://datamap.example.com"


@pytest.mark.parametrize(("said", "allowed"), [("1", True), ("true", True), ("YES", True), ("0", False), ("", False)])
@pytest.mark.parametrize("client_type", [DataMapClient, AsyncDataMapClient])
def test_plain_http_by_variable(monkeypatch: pytest.MonkeyPatch, client_type: Any, said: str, *, allowed: bool) -> None:
    """DATAMAP_ALLOW_HTTP lets from_env and credentials use plain http to another machine; a keyword goes before it."""
    monkeypatch.setenv("DATAMAP_ALLOW_HTTP", said)
    password = {"DATAMAP_USER": "u", "DATAMAP_PASSWORD": "p", "DATAMAP_ACCOUNT": "a", "DATAMAP_ALLOW_HTTP": said}
    environ = {**password, "HUAWEICLOUD_SDK_IAM_ENDPOINT": ELSEWHERE, "DATAMAP_PROJECT_ID": "p"}
    if allowed:
        assert ELSEWHERE in repr(client_type.from_env(endpoint=ELSEWHERE, **SETTINGS))
        assert isinstance(find_credentials("password", environ=environ), PasswordCredentials)
    else:
        with pytest.raises(ConfigurationError, match="DATAMAP_ALLOW_HTTP=1"):
            client_type.from_env(endpoint=ELSEWHERE, **SETTINGS)
        with pytest.raises(ConfigurationError, match="plain http"):
            find_credentials("password", environ=environ)
    with pytest.raises(ConfigurationError, match="plain http"):
        client_type.from_env(endpoint=ELSEWHERE, allow_http=False, **SETTINGS)
    with pytest.raises(ConfigurationError, match="plain http"):
        client_type(endpoint=ELSEWHERE, **SETTINGS)


def test_plain_http_by_an_odd_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything else is refused: whoever writes it may have meant no."""
    monkeypatch.setenv("DATAMAP_ALLOW_HTTP", "never")
    with pytest.raises(ConfigurationError, match="DATAMAP_ALLOW_HTTP must be 1 or 0, not 'never'"):
        DataMapClient.from_env(endpoint=ELSEWHERE, **SETTINGS)


def test_plain_http_of_a_command(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """The command takes the variable where the option is not given."""
    with ScriptedServer(run_page()) as server:
        point_at(server, monkeypatch)
        monkeypatch.setenv("DATAMAP_ENDPOINT", "http://datamap.invalid")
        which = ("runs", "--task-id", "1", "--job-name", "a", "--since", "1h")
        refused = called(capfdbinary, *which)
        monkeypatch.setenv("DATAMAP_ALLOW_HTTP", "1")
        asked = called(capfdbinary, *which, "--deadline", "1")
    assert 3 == refused[0]
    assert "plain http" in refused[2]
    assert 2 == asked[0]


@pytest.mark.parametrize("suffix", ["--format csv", "--format ndjson --append", "--since-last --format duckdb"])
def test_export_to_a_dash(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, suffix: str
) -> None:
    """An export to - is refused with what writes to a pipe, and no file of that name is made."""
    monkeypatch.chdir(tmp_path)
    code, out, err = called(capfdbinary, "export", "-", *suffix.split(), "--table", TABLE, "--since", "1h")

    assert (3, "") == (code, out)
    assert "datamap runs --output ndjson" in " ".join(err.split())
    assert [] == list(tmp_path.iterdir())


_LIMITED = """
import resource, sys
from dataarts_datamap import export_runs, Run
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
export_runs((Run.from_raw({"taskRunningLogId": n, "owner": str(n) * 50}) for n in range(50_000)), sys.argv[1])
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limit")
@pytest.mark.parametrize("suffix", ["csv", "ndjson", "parquet", "arrow", "duckdb"])
@pytest.mark.parametrize("existed", [False, True])
def test_full_disk(tmp_path: Path, suffix: str, *, existed: bool) -> None:
    """Where the disk is full, the error names the file, which is left as it was, and none of a passing folder."""
    file = tmp_path / f"runs.{suffix}"
    if existed:
        export_runs([make_run(1)], file)
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    ended = subprocess.run([sys.executable, "-c", _LIMITED, file], capture_output=True, text=True, check=False)

    last = ended.stderr.strip().splitlines()[-1]
    assert last.startswith(("OSError: ", "dataarts_datamap._errors.ExportError: "))
    assert os.strerror(errno.EFBIG) in last
    assert str(file) in last
    assert ".tmp" not in last
    assert before == {one.name: one.read_bytes() for one in tmp_path.iterdir()}


_INTERRUPTING = """
import sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            sys.meta_path.remove(self)
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
sys.argv = ["datamap", "runs", "--help"]
from dataarts_datamap.cli import main
main()
"""


@pytest.mark.parametrize(
    "name",
    ["click", "dataarts_datamap._errors", "dataarts_datamap.cli._main", "dataarts_datamap.cli._verbs.runs", "re"],
)
def test_interrupt_while_modules_load(name: str) -> None:
    """Who interrupts the command while its modules load sees no traceback."""
    code = _INTERRUPTING.format(name=name)
    ended = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (130, "") == (ended.returncode, ended.stderr.strip())


ASYNC_CALLS: list[Callable[[AsyncDataMapClient], Any]] = [
    lambda client: client.list_operators("a-table"),
    lambda client: client.list_runs("1", job_name="a", **WINDOW).to_list(),
    lambda client: client.list_table_runs("t", **WINDOW).first(),
    lambda client: client.wait_for_run("1", job_name="a", **WINDOW),
]


@pytest.mark.parametrize("call", ASYNC_CALLS, ids=range(len(ASYNC_CALLS)))
def test_other_event_loop(call: Callable[[AsyncDataMapClient], Any]) -> None:
    """In an event loop that is none of asyncio's, the error says what to use there."""
    coroutine = call(AsyncDataMapClient(endpoint="http://127.0.0.1:9", **SETTINGS))
    with pytest.raises(ConfigurationError, match=r"event loop of asyncio: under trio, call DataMapClient in a thread"):
        coroutine.send(None)  # as trio begins one


def test_file_named_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In Python a path is a path."""
    monkeypatch.chdir(tmp_path)

    assert 1 == export_runs([make_run(1)], "./-", format="csv").written
