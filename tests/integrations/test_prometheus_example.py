"""The alert rules and the dashboard of ``examples/prometheus``, with Prometheus itself."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import pytest

from dataarts_datamap import DataMapClient, Retry, TableRule
from dataarts_datamap.cli._printing.prometheus import check_text
from dataarts_datamap.integrations.exporter import RequestMetrics, TableExporter
from support.answers import json_answer
from support.catalog_server import Factory, lineage_row
from support.faces import SETTINGS
from support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.scripted_server import Answer, Asked

pytestmark = pytest.mark.prove

EXAMPLE = Path(__file__).parents[2] / "examples" / "prometheus"
HOUR = 3_600_000
DAY = 24 * HOUR


def program(name: str) -> str:
    """A program of Debian's package ``prometheus``."""
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is not on the PATH: install Prometheus, such as Debian's package prometheus")
    return found


def said_by(*command: str, folder: Path = EXAMPLE, text: str | None = None) -> str:
    """What a command says, which must succeed."""
    done = subprocess.run(command, cwd=folder, input=text, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_rules_are_right() -> None:
    """They fire and resolve: failing for ten days, never succeeded, removed, exporter or service down, late, normal."""
    assert "10 rules found" in said_by(program("promtool"), "check", "rules", "datamap.rules.yml")
    assert "SUCCESS" in said_by(program("promtool"), "test", "rules", "datamap.rules.test.yml")


@pytest.mark.parametrize("clause", ["last_over_time(datamap_table_verdict{verdict", "alertstate", "max_age_seconds"])
def test_their_tests_notice_a_rule_that_is_wrong(tmp_path: Path, clause: str) -> None:
    """Each clause of the rule that pages is needed."""
    for name in ("datamap.rules.yml", "datamap.rules.test.yml"):
        shutil.copy(EXAMPLE / name, tmp_path)
    rules = tmp_path / "datamap.rules.yml"
    text = rules.read_text(encoding="utf-8")
    changed = {
        "alertstate": text.replace('alertstate="firing"', 'alertstate="never"'),
        "max_age_seconds": text.replace("> datamap_table_max_age_seconds", "> 1e12"),
    }
    rules.write_text(changed.get(clause, text.replace('stale"}[1h]', 'stale"}[5m]')), encoding="utf-8")
    command = [program("promtool"), "test", "rules", "datamap.rules.test.yml"]
    assert 0 != subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode


def query(url: str, expression: str) -> list[dict[str, Any]]:
    """The series that an expression gives now."""
    with urlopen(f"{url}/api/v1/query?{urlencode({'query': expression})}", timeout=10) as response:  # noqa: S310  our own
        found = json.load(response)
    assert "success" == found["status"]
    result: list[dict[str, Any]] = found["data"]["result"]
    return result


def awaited(condition: Callable[[], object], what: str) -> None:
    """Wait until something holds."""
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, what
        threading.Event().wait(0.5)


@contextmanager
def prometheus(folder: Path, exporter_url: str) -> Iterator[str]:
    """The address of a Prometheus that scrapes an exporter each second and evaluates the rules."""
    config = (EXAMPLE / "prometheus.yml").read_text(encoding="utf-8")
    config = config.replace("127.0.0.1:9467", urlsplit(exporter_url).netloc).replace("interval: 1m", "interval: 1s")
    (folder / "prometheus.yml").write_text(f"global:\n  evaluation_interval: 1s\n{config}", encoding="utf-8")
    shutil.copy(EXAMPLE / "datamap.rules.yml", folder)
    said_by(program("promtool"), "check", "config", "prometheus.yml", folder=folder)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    options = [f"--web.listen-address={address}", "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
    log = (folder / "log").open("w", encoding="utf-8")
    with log, subprocess.Popen([program("prometheus"), *options], cwd=folder, stdout=log, stderr=log) as process:
        try:
            awaited(lambda: process.poll() is not None or is_ready(f"http://{address}"), "prometheus is not ready")
            yield f"http://{address}"
        finally:
            process.terminate()


def is_ready(url: str) -> bool:
    """Whether Prometheus is."""
    try:
        with urlopen(f"{url}/-/ready", timeout=10) as response:  # noqa: S310  our own
            return bool(response.status == 200)
    except OSError:
        return False


def expressions() -> list[str]:
    """Those of the dashboard, its variables filled in."""
    dashboard = json.loads((EXAMPLE / "dashboard.json").read_text(encoding="utf-8"))
    found = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    for variable in dashboard["templating"]["list"][1:]:
        text = variable["query"]["query"]
        match = re.fullmatch(r"label_values\((.*), (job|owner)\)", text)
        assert match is not None
        found.append(match[1])
    values = {"$__rate_interval": "30s", "$job": "datamap", "$owner": ".*"}
    for name, value in values.items():
        found = [one.replace(name, value) for one in found]
    assert len(found) > 20
    assert not [one for one in found if "$" in one]
    return found


def test_a_real_prometheus_fires_resolves_and_fills_every_panel(tmp_path: Path) -> None:
    """A table that failed for ten days, and is back to normal."""
    now = int(time.time() * 1000)
    runs = {
        "bad": [(now - 10 * DAY - HOUR, "success"), *((now - day * DAY - HOUR, "fail") for day in range(10))],
        "good": [(now - HOUR - day * DAY, "success") for day in range(4)],
    }
    catalog = Factory(nodes={name: [lineage_row("db.o.raw", name, f"db.s.{name}")] for name in runs}, runs=runs)
    errors = [429, 500]

    def respond(request: Asked) -> Answer:
        if errors and "/instances" in request.target:
            return json_answer({"error_code": "APIGW.0308", "error_msg": "no"}, status=errors.pop())
        return catalog.answer(request)

    rules = [TableRule(name=f"s.{name}", max_age=timedelta(hours=26), owner="data") for name in ("good", "bad")]
    requests = RequestMetrics()
    settings = {**SETTINGS, "retry": Retry(attempts=4), "on_attempt": requests}
    how: dict[str, Any] = {"interval": timedelta(seconds=1), "requests": requests, "port": 0}
    firing = 'ALERTS{alertname="DatamapTableNotFresh", alertstate="firing", name="s.bad"}'
    with (
        ScriptedServer(respond) as server,
        DataMapClient(endpoint=server.url, **settings) as client,
        TableExporter(client, rules, **how) as exporter,
    ):
        awaited(lambda: exporter.is_ready, "no check")
        said_by(program("promtool"), "check", "metrics", text=exporter.metrics().decode())
        said_by(program("promtool"), "check", "metrics", text=check_text(client.check_tables(rules)))
        with prometheus(tmp_path, exporter.url) as url:
            awaited(lambda: query(url, firing), "the alert does not fire")
            for expression in expressions():
                awaited(partial(query, url, expression), f"no series: {expression}")
            assert [] == query(url, 'ALERTS{name="s.good"}')
            runs["bad"].append((int(time.time() * 1000) - 60_000, "success"))
            awaited(lambda: not query(url, firing), "the alert does not resolve")
            assert ["1"] == [
                one["value"][1] for one in query(url, 'datamap_table_verdict{name="s.bad", verdict="fresh"}')
            ]
