"""The specification in a browser: whole, of the server itself, and without a request to anywhere else."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from dataarts_datamap_contract.mock._serving import documentation
from dataarts_datamap_contract.specification import load_specification

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.mock_caller import Caller


FILES = ("openapi.json", "start.js", "swagger-ui-bundle.js", "swagger-ui.css")


@pytest.fixture
def without_swagger(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An environment without the extra."""
    monkeypatch.setattr(documentation, "find_spec", lambda _: None)
    documentation.served_files.cache_clear()
    yield
    documentation.served_files.cache_clear()


def test_the_page_is_made_of_the_servers_own_files(caller: Caller) -> None:
    """Whatever the page names is there, without credentials, and the browser is told to load nothing else."""
    page = caller.http.get("/docs")
    assert (200, "text/html; charset=utf-8") == (page.status_code, page.headers["Content-Type"])
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert {"/docs/swagger-ui.css", "data:,", "/docs/swagger-ui-bundle.js", "/docs/start.js"} == set(named)
    for path in [*named, "/docs/openapi.json"]:
        if path.startswith("/"):
            assert 200 == caller.http.get(path).status_code
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; connect-src 'self';")
    assert "http" not in policy
    assert "validatorUrl: null" in caller.http.get("/docs/start.js").text


def test_the_specification_is_ours_but_for_the_server(caller: Caller) -> None:
    """Requests from the page go to the mock server."""
    served = caller.http.get("/docs/openapi.json").json()
    assert [{"url": "/", "description": "This mock server."}] == served.pop("servers")
    assert {name: value for name, value in load_specification().items() if name != "servers"} == served


@pytest.mark.usefixtures("without_swagger")
def test_without_the_extra_the_page_says_what_to_install(caller: Caller) -> None:
    """The specification is there all the same."""
    page = caller.http.get("/docs")
    assert "pip install '.[swagger]'" in page.text
    assert [200, 404] == [caller.http.get(f"/docs/{name}").status_code for name in ("openapi.json", "start.js")]


def test_other_paths_are_the_services(caller: Caller) -> None:
    """What only begins like the documentation is unknown."""
    assert [404, 404] == [caller.http.get(path).status_code for path in ("/docs/", "/docsy")]


@pytest.mark.prove
def test_a_browser_shows_the_operations_and_asks_nobody_else(caller: Caller, tmp_path: Path) -> None:
    """Chromium draws both operations, and the page asks for the server's own files alone."""
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert browser, "no Chromium: put it on PATH, or name it in CHROMIUM"
    log = tmp_path / "net.json"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom"]
    command = [browser, *flags, f"--user-data-dir={tmp_path}", f"--log-net-log={log}"]
    server = str(caller.http.base_url).rstrip("/")
    shown = subprocess.run([*command, f"{server}/docs"], capture_output=True, text=True, check=True)
    assert {"ShowInstanceInfos", "ShowNodes"} <= set(re.findall(r"operations-data-map-(\w+)", shown.stdout))
    events = [event.get("params", {}) for event in json.loads(log.read_text(encoding="utf-8"))["events"]]
    asked = {event["url"] for event in events if event.get("initiator") == server and "url" in event}
    assert {f"{server}/docs/{name}" for name in FILES} == {url for url in asked if not url.startswith("data:")}
