"""The exporter: what a scrape gets, that it waits for nothing, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dataarts_datamap import CheckState, DataMapClient, InvalidArgumentError, Retry, TableRule
from dataarts_datamap.integrations.exporter import RequestMetrics, TableExporter
from support.answers import json_answer
from support.catalog_server import Factory, guid_of, lineage_row
from support.faces import SETTINGS, TOKEN
from support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.scripted_server import Answer, Asked

HOUR = 3_600_000
_LINGER = "hh" if sys.platform == "win32" else "ii"
RULES = [TableRule(name=f"s.{name}", max_age=timedelta(hours=26), owner="data") for name in ("good", "bad", "none")]
Series = dict[tuple[str, str], float]


def world() -> Factory:
    """A table that is fresh, one that failed, and one without runs."""
    now = int(time.time() * 1000)
    runs = {"good": [(now - HOUR, "success")], "bad": [(now - HOUR, "fail")], "none": []}
    nodes = {name: [lineage_row("db.ods.raw", name, f"db.s.{name}")] for name in runs}
    return Factory(nodes=nodes, runs=runs)


def fetched(url: str, path: str, method: str = "GET") -> tuple[int, str]:
    """Status and content of a response."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def scraped(url: str) -> Series:
    """The series of a scrape, by name and by the name of the table, the verdict or the kind of error."""
    code, text = fetched(url, "/metrics")
    assert 200 == code
    series: Series = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = sample.labels
            what = labels.get("verdict") or labels.get("kind") or ""
            key = sample.name, " ".join(filter(None, (labels.get("name"), what)))
            assert key not in series
            series[key] = sample.value
    return series


def environment_of(server: ScriptedServer) -> dict[str, str]:
    """The variables that lead a command to a server."""
    names = {"ENDPOINT": server.url, "PROJECT_ID": "p1", "INSTANCE_ID": "i1", "TOKEN": TOKEN}
    return {**os.environ, **{f"DATAMAP_{name}": value for name, value in names.items()}}


def is_ready(url: str) -> bool:
    """Whether the first check has ended."""
    return fetched(url, "/readyz")[0] == 200


def awaited(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        threading.Event().wait(0.05)


@contextmanager
def exporting(server: ScriptedServer, **how: Any) -> Iterator[TableExporter]:
    """An exporter that checks a second after the last check began."""
    requests = RequestMetrics()
    how = {"interval": timedelta(seconds=1), "requests": requests, "port": 0, **how}
    settings = {**SETTINGS, "retry": Retry(attempts=1), "on_attempt": requests}
    with (
        DataMapClient(endpoint=server.url, **settings) as client,
        TableExporter(client, RULES, **how) as exporter,
    ):
        awaited(lambda: exporter.is_ready)
        yield exporter


def test_a_scrape_gets_how_all_tables_stand() -> None:
    """And how the exporter itself does."""
    with world().server() as server, exporting(server) as exporter:
        series = scraped(exporter.url)
        asked = len(server.asked)
    assert (1, 0, 1) == tuple(series["datamap_table_verdict", f"s.good {one}"] for one in ("fresh", "late", "fresh"))
    assert (1, 1) == (
        series["datamap_table_verdict", "s.bad failed"],
        series["datamap_table_verdict", "s.none unknown"],
    )
    last = {
        name: series["datamap_table_last_success_timestamp_seconds", f"s.{name}"] for name in ("good", "bad", "none")
    }
    assert (0, 0) == (last["bad"], last["none"])
    assert 0 < time.time() - last["good"] < 3600
    assert 93_600 == series["datamap_table_max_age_seconds", "s.good"]
    assert time.time() - series["datamap_table_read_timestamp_seconds", "s.bad"] < 60
    assert 1 == series["datamap_up", ""]
    assert time.time() - series["datamap_last_check_timestamp_seconds", ""] < 60
    assert 0 < series["datamap_check_duration_seconds", ""] < 60
    assert 0 < series["datamap_requests_total", ""] <= asked
    assert 0 == series["datamap_throttled_requests_total", ""]


def test_a_scrape_waits_for_nothing_that_the_service_does() -> None:
    """While a check hangs, the last one is served."""
    catalog, release, is_hanging = world(), threading.Event(), threading.Event()

    def respond(request: Asked) -> Answer:
        if is_hanging.is_set():
            release.wait(30)
        return catalog.answer(request)

    with ScriptedServer(respond) as server:
        try:
            with exporting(server) as exporter:
                is_hanging.set()
                asked = len(server.asked)
                awaited(lambda: len(server.asked) > asked)
                begun = time.monotonic()
                series = scraped(exporter.url)
                took = time.monotonic() - begun
                release.set()
        finally:
            release.set()
    assert 1 == series["datamap_table_verdict", "s.good fresh"]
    assert took < 5


def test_a_service_that_goes_away_makes_tables_unknown_and_keeps_their_last_success() -> None:
    """And so back again; errors and throttled requests are counted by their kind."""
    catalog, status = world(), [200]

    def respond(request: Asked) -> Answer:
        if status[0] != 200:
            return json_answer({"error_code": "APIGW.0308", "error_msg": "no"}, status=status[0])
        return catalog.answer(request)

    with ScriptedServer(respond) as server, exporting(server) as exporter:
        before = scraped(exporter.url)
        for code, kind in ((429, "RateLimitError"), (401, "AuthenticationError")):
            status[0] = code
            awaited(lambda: 0 == scraped(exporter.url)["datamap_up", ""])
            down = scraped(exporter.url)
            assert 1 == down["datamap_table_verdict", "s.good unknown"]
            for name in ("last_success", "read"):
                key = f"datamap_table_{name}_timestamp_seconds", "s.good"
                assert before[key] <= down[key]
            assert 0 < down["datamap_errors_total", kind]
            status[0] = 200
            awaited(lambda: 1 == scraped(exporter.url)["datamap_up", ""])
        after = scraped(exporter.url)
    assert 0 < after["datamap_throttled_requests_total", ""]
    assert 1 == after["datamap_table_verdict", "s.good fresh"]
    assert {key for key in before if key[0].startswith("datamap_table")} <= set(after)


def test_what_goes_wrong_in_a_check_does_not_pass_for_the_present(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A state that was closed ends no thread: tables are unknown, and it is logged."""
    with (
        world().server() as server,
        CheckState(tmp_path / "state") as state,
        exporting(server, state=state) as exporter,
    ):
        assert 1 == scraped(exporter.url)["datamap_table_verdict", "s.good fresh"]
        state.close()
        awaited(lambda: 0 == scraped(exporter.url)["datamap_up", ""])
        series = scraped(exporter.url)
        assert (1, 0) == tuple(series["datamap_table_verdict", f"s.good {one}"] for one in ("unknown", "fresh"))
        assert (200, "yes\n") == fetched(exporter.url, "/healthz")
    assert "a check failed" in caplog.text
    assert TOKEN not in caplog.text


def test_tables_that_were_never_read_are_unknown() -> None:
    """Their series are there even if the first check fails as a whole: the state is that of another instance."""
    with world().server() as server, CheckState(":memory:") as state:
        state.open_for("https://elsewhere", "p1", "i1")
        with exporting(server, state=state) as exporter:
            series = scraped(exporter.url)
    for name in ("good", "bad", "none"):
        assert 1 == series["datamap_table_verdict", f"s.{name} unknown"]
        assert 0 == series["datamap_table_read_timestamp_seconds", f"s.{name}"]
        assert 93_600 == series["datamap_table_max_age_seconds", f"s.{name}"]


def test_a_reader_that_goes_away_is_no_error(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is printed, and the next one gets all."""
    with world().server() as server, exporting(server) as exporter:
        address = urlsplit(exporter.url)
        for _ in range(20):
            with socket.create_connection((address.hostname, address.port or 0)) as reader:
                reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER, 1, 0))  # ends with a reset
                reader.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert 1 == scraped(exporter.url)["datamap_table_verdict", "s.good fresh"]
    assert ("", "") == (capfd.readouterr().err, caplog.text)


def test_health_and_readiness() -> None:
    """Ready after the first check; healthy while checks go on."""
    catalog, release = world(), threading.Event()

    def respond(request: Asked) -> Answer:
        release.wait(30)
        return catalog.answer(request)

    with (
        ScriptedServer(respond) as server,
        DataMapClient(endpoint=server.url, **SETTINGS) as client,
        TableExporter(client, RULES, interval=timedelta(seconds=1), port=0) as exporter,
    ):
        assert (503, "no\n") == fetched(exporter.url, "/readyz")
        assert (200, "yes\n") == fetched(exporter.url, "/healthz")
        assert 0 == scraped(exporter.url)["datamap_up", ""]
        release.set()
        awaited(lambda: (200, "yes\n") == fetched(exporter.url, "/readyz"))
        assert (404, "not found\n") == fetched(exporter.url, "/nowhere")
        assert (200, "") == fetched(exporter.url, "/metrics", "HEAD")
        assert 501 == fetched(exporter.url, "/metrics", "POST")[0]
        client.close()
        awaited(lambda: (503, "no\n") == fetched(exporter.url, "/healthz"))
    assert not [one for one in threading.enumerate() if one.name.startswith("datamap-exporter")]


def test_an_interval_is_a_second_or_more() -> None:
    """Nothing is started."""
    with world().server() as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        with pytest.raises(InvalidArgumentError, match="interval must be a second or more, not 0:00:00"):
            TableExporter(client, RULES, interval=timedelta(0))
        for port in (-1, 70_000):
            with pytest.raises(InvalidArgumentError, match=f"port must be from 0 to 65535, not {port}"):
                TableExporter(client, RULES, port=port)
        assert [] == server.asked


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_cleanly(tmp_path: Path, sent: signal.Signals) -> None:
    """With 0, whatever is under way; and it can be started again with the same state."""
    file = tmp_path / "datamap.toml"
    file.write_text('[[tables]]\nname = "s.good"\n', encoding="utf-8")
    with world().server() as server:
        environment = environment_of(server)
        for _ in range(2):
            command = [sys.executable, "-m", "dataarts_datamap", "exporter", "--port", "0", "--state", "s"]
            with subprocess.Popen(
                command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            ) as process:
                assert process.stderr is not None
                line = process.stderr.readline()
                assert line.startswith("datamap: serving 1 table at http://127.0.0.1:")
                url = line.split()[5].removesuffix("/metrics")
                awaited(partial(is_ready, url))
                assert 1 == scraped(url)["datamap_table_verdict", "s.good fresh"]
                process.send_signal(sent)
                out, err = process.communicate(timeout=30)
            assert (0, "", "") == (process.returncode, out, err)
    with CheckState(tmp_path / "s") as state:
        assert {"name:s.good"} == set(state.records().tables)
        assert guid_of("db.s.good") == state.records().tables["name:s.good"].guid


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    """With what to do."""
    (tmp_path / "datamap.toml").write_text('[[tables]]\nname = "s.good"\n', encoding="utf-8")
    with world().server() as server:
        port = str(urlsplit(server.url).port)
        environment = {
            **os.environ,
            "DATAMAP_ENDPOINT": server.url,
            "DATAMAP_PROJECT_ID": "p",
            "DATAMAP_INSTANCE_ID": "i",
        }
        command = [sys.executable, "-m", "dataarts_datamap", "exporter", "--port", port]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env={**environment, "DATAMAP_TOKEN": TOKEN},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (2, f"datamap: port {port} of 127.0.0.1 is in use: give another --port, or 0 for a free one\n") == (
        done.returncode,
        done.stderr,
    )


def test_no_name_of_a_table_breaks_a_scrape() -> None:
    """Quotes, line feeds and what else a file of tables can hold."""
    evil = 'e"\\\n\u202e订单'
    rules = [TableRule(guid=guid_of("db.s.good"), label=evil, owner="half \ud83d")]
    with (
        world().server() as server,
        DataMapClient(endpoint=server.url, **SETTINGS) as client,
        TableExporter(client, rules, port=0) as exporter,
    ):
        awaited(lambda: exporter.is_ready)
        assert 1 == scraped(exporter.url)["datamap_table_verdict", f"{evil} fresh"]
