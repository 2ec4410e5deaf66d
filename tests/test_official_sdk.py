"""The official SDK as a client of the mock server: a signer that is not ours, at a verifier that is not its own."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

import dataarts_datamap
from dataarts_datamap import AccessKeyCredentials, DataMapClient
from dataarts_datamap_contract.mock import MockConfig, MockServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.prove

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".official-sdk" / ("Scripts" if os.name == "nt" else "bin") / "python"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
OPERATOR = {"task_id": "941206", "job_name": "订单汇总_日报📊"}
WINDOW = {"start_time": 1793232000000, "end_time": 1793534400000}


def read_runs(config: MockConfig, endpoint: str, home: Path, *, secret_key: str | None = None) -> dict[str, Any]:
    """What the official SDK gets of the server; it writes an id into its home folder, which is not that of a person."""
    if not PYTHON.exists():
        pytest.fail("the official SDK is not there: run make prove")
    asked = {
        "endpoint": endpoint,
        "access_key": config.access_key,
        "secret_key": secret_key or config.secret_key,
        "project_id": config.project_id,
        "request": {"instance": config.instance_id, **OPERATOR, **WINDOW, "offset": 0, "limit": 100},
    }
    script = ROOT / "tests" / "support" / "official_client.py"
    environment = {**os.environ, "HOME": str(home), "USERPROFILE": str(home), "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        [PYTHON, script], check=False, input=json.dumps(asked), capture_output=True, encoding="utf-8", env=environment
    )
    assert 0 == done.returncode, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def ids(told: dict[str, Any]) -> list[int]:
    """The ids of the runs that it read."""
    return [row["taskRunningLogId"] for row in json.loads(told["body"])["rows"]]


def test_it_reads_what_our_client_reads(tmp_path: Path) -> None:
    """With the right keys both clients read the same runs, those of an operator with a Chinese name and an emoji."""
    config = MockConfig(now=NOW)
    with MockServer(config) as server:
        told = read_runs(config, server.url, tmp_path)
        keys = AccessKeyCredentials(config.access_key, config.secret_key)
        project_id, instance_id = config.project_id, config.instance_id
        with DataMapClient(
            endpoint=server.url, project_id=project_id, instance_id=instance_id, credentials=keys
        ) as client:
            runs = client.list_runs(
                OPERATOR["task_id"],
                job_name=OPERATOR["job_name"],
                start=WINDOW["start_time"],
                end=WINDOW["end_time"],
            ).to_list()
        assert 0 == server.record.signatures_refused

    assert 200 == told["status"]
    assert len(runs) > 1
    assert [run.run_id for run in runs] == ids(told)


def test_wrong_secret_key(tmp_path: Path) -> None:
    """A wrong secret key is refused."""
    config = MockConfig(now=NOW)
    with MockServer(config) as server:
        told = read_runs(config, server.url, tmp_path, secret_key="wrong")
        assert 1 == server.record.signatures_refused

    assert (401, "APIGW.0301") == (told["status"], told["code"])
    assert "verify aksk signature fail" in told["message"]


@pytest.mark.parametrize(("minutes", "status"), [(14, 200), (16, 401), (-14, 200), (-16, 401)])
def test_old_date(tmp_path: Path, minutes: int, status: int) -> None:
    """A date that is more than 15 minutes older or newer than the server's clock is refused, and no other."""
    config = MockConfig(now=NOW, clock=lambda: datetime.now(UTC) + timedelta(minutes=minutes))
    with MockServer(config) as server:
        told = read_runs(config, server.url, tmp_path)

    assert status == told["status"]
    assert ("signature expired" in told.get("message", "")) is (status == 401)


@contextmanager
def relay(url: str, change: Callable[[str], str]) -> Iterator[str]:
    """The address of someone in the middle, who passes on what is asked with its target changed."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
            connection.putrequest("GET", change(self.path), skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            content = answer.read()
            self.send_response_only(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("change", "status"), [(str, 200), (lambda target: target.replace("limit=100", "limit=101"), 401)]
)
def test_changed_query(tmp_path: Path, change: Callable[[str], str], status: int) -> None:
    """A query that is changed on the way is refused; passed on as it is, it is not."""
    config = MockConfig(now=NOW)
    with MockServer(config) as server, relay(server.url, change) as middle:
        told = read_runs(config, middle, tmp_path)

    assert status == told["status"]
    assert ("verify aksk signature fail" in told.get("message", "")) is (status == 401)


def test_names_of_the_page_that_compares(tmp_path: Path) -> None:
    """Each class that the documentation names as the official SDK's is one, and each that it names as ours is ours."""
    page = (ROOT / "docs" / "how-to" / "official-sdk.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1:3] for row in page.splitlines() if row.startswith("| ")]
    theirs, ours = (
        {*re.findall(r"\b[A-Z]\w+[a-z]\w*[A-Z]\w+\b", " ".join(cells))} for cells in zip(*rows, strict=True)
    )
    code = """if True:
        from huaweicloudsdkcore.auth import credentials, provider
        from huaweicloudsdkcore.exceptions import exceptions
        from huaweicloudsdkcore.http import http_config
        from huaweicloudsdkdataartsstudio import v1
        print(*{name for module in (credentials, provider, exceptions, http_config, v1) for name in dir(module)})
    """
    home = {**os.environ, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    done = subprocess.run([PYTHON, "-c", code], check=True, capture_output=True, text=True, env=home)

    assert theirs
    assert set() == theirs - {*done.stdout.split()}
    assert set() == ours - {*dataarts_datamap.__all__} - {"DataMap"}
