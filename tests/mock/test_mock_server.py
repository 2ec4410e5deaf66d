"""The server itself: its life, its socket, its configuration, its imports."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from dataarts_datamap_contract import mock
from dataarts_datamap_contract.mock import MockConfig, MockServer, create_app, serve
from support.mock_caller import NO_AUTHORITIES

if TYPE_CHECKING:
    from pathlib import Path

    from support.mock_caller import Caller, Start

SERVE = """
from dataarts_datamap_contract.mock import MockConfig, serve
serve(MockConfig(), port=0, on_ready=lambda url: print(url, flush=True))
print("returned", flush=True)
"""
IMPORTED = "import json, sys; import {module}; print(json.dumps(sorted(sys.modules)))"


def imported_by(module: str) -> set[str]:
    """The top names of what a fresh interpreter loads for a module."""
    result = subprocess.run([sys.executable, "-c", IMPORTED.format(module=module)], capture_output=True, check=True)
    return {name.split(".")[0] for name in json.loads(result.stdout)}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_exports_are_sorted_and_complete() -> None:
    """What the package exports is the public face that others build on."""
    assert ["TABLE_GUID", "FakeService", "Fault", "MockConfig", "MockServer", "create_app", "serve"] == mock.__all__
    assert all(hasattr(mock, name) for name in mock.__all__)


def test_the_contract_package_alone_stays_light() -> None:
    """The package loads no web framework; the mock does, and never the client it is to judge."""
    heavy = {"starlette", "uvicorn", "jsonschema_rs", "yaml", "asyncio"}
    assert not heavy & imported_by("dataarts_datamap_contract")
    loaded = imported_by("dataarts_datamap_contract.mock")
    assert {"starlette", "uvicorn"} <= loaded
    assert not {"dataarts_datamap", "dataarts_datamap_client", "httpx"} & loaded


def test_a_naive_now_is_refused() -> None:
    """The text says how to mend it."""
    naive = datetime(2026, 11, 20)  # noqa: DTZ001  what is tested
    with pytest.raises(ValueError, match=r"now has no time zone: .*; give it one, as in now\.replace\(tzinfo="):
        MockConfig(now=naive)


@pytest.mark.parametrize("name", ["project_id", "instance_id", "token"])
def test_a_blank_id_or_token_is_refused(name: str) -> None:
    """A blank token would let in whoever sends a blank one."""
    blank: dict[str, Any] = {name: " "}
    with pytest.raises(ValueError, match=f"{name} is blank"):
        MockConfig(**blank)


def test_the_token_does_not_show() -> None:
    """The configuration can be logged."""
    assert "quiet" not in repr(MockConfig(token="quiet"))


def test_ids_of_the_configuration_count(start: Start, caller: Caller) -> None:
    """A server with ids and a token of its own knows those and no others."""
    with start(MockConfig(project_id="p 1/2", instance_id="i", token="t")) as own:
        assert 200 == own.nodes().status_code
        assert 401 == own.http.get(own.nodes_path(), headers=caller.headers).status_code
        assert 403 == own.http.get(caller.nodes_path(), headers=own.headers).status_code


def test_without_now_the_clock_counts(start: Start) -> None:
    """The newest run is at most an hour old when no present is given."""
    before = datetime.now(UTC).timestamp()
    with start(MockConfig()) as own:
        plan = own.rows(limit=1)[0]["planTime"] / 1_000
    assert before - 3_600 <= plan <= datetime.now(UTC).timestamp()


def test_the_url_is_there_inside_the_block_only() -> None:
    """Before and after there is no server to name."""
    server = MockServer()
    with pytest.raises(RuntimeError, match="inside the with block"):
        _ = server.url
    with server:
        address = urlsplit(server.url)
        assert ("http", "127.0.0.1", "") == (address.scheme, address.hostname, address.path)
    with pytest.raises(RuntimeError, match="inside the with block"):
        _ = server.url


def test_leaving_the_block_closes_the_port_and_ends_the_thread() -> None:
    """Nothing stays behind, also when a client still holds its connection; the same server can start again."""
    threads = set(threading.enumerate())
    server = MockServer()
    for _ in range(2):
        with server, httpx.Client(base_url=server.url, trust_env=False) as http:
            address = urlsplit(server.url)
            assert 404 == http.get("/").status_code
            server.__exit__(None, None, None)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((address.hostname or "", address.port or 0), timeout=5)
    assert threads == set(threading.enumerate())


def test_a_server_without_requests_ends_within_milliseconds() -> None:
    """Where every connection is idle, nothing is waited for: each test can have a server of its own."""
    seconds = []
    for _ in range(5):
        with MockServer() as server, httpx.Client(base_url=server.url, trust_env=False, verify=NO_AUTHORITIES) as http:
            assert 404 == http.get("/").status_code
            started = time.monotonic()
            server.__exit__(None, None, None)
            seconds.append(time.monotonic() - started)
    assert 0.05 > min(seconds)


def test_a_response_that_is_under_way_is_sent_before_the_end() -> None:
    """Whoever leaves the block while a request is dealt with does not take the response from its caller."""
    asked = threading.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001  what an app is called with
        asked.set()
        await asyncio.sleep(0.3)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"sent"})

    with MockServer(build=lambda config, record: slow) as server, ThreadPoolExecutor() as threads:  # noqa: ARG005
        response = threads.submit(httpx.get, server.url, trust_env=False, verify=NO_AUTHORITIES)
        assert asked.wait(5)
        server.__exit__(None, None, None)
        assert b"sent" == response.result().content


def test_a_server_runs_once_at_a_time() -> None:
    """Entering twice is a mistake, and does not harm the server that runs."""
    with MockServer() as server:
        with pytest.raises(RuntimeError, match="is already running"):
            server.__enter__()
        assert 404 == httpx.get(server.url, trust_env=False).status_code


def test_two_servers_run_side_by_side() -> None:
    """Each has a port of its own."""
    with MockServer() as first, MockServer() as second:
        assert first.url != second.url


def test_answers_on_a_kept_connection_do_not_wait(caller: Caller) -> None:
    """Nagle's delay would hold back each answer for the 40 ms of a delayed acknowledgement."""
    times = sorted(caller.nodes().elapsed for _ in range(40))
    assert times[20] < timedelta(milliseconds=30)


def test_a_port_of_ones_own_choice() -> None:
    """The port that is given is the port that is served."""
    port = free_port()
    with MockServer(port=port) as server:
        assert f"http://127.0.0.1:{port}" == server.url


def test_an_address_of_version_6_has_brackets_in_the_url() -> None:
    """The URL is one that clients can use."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with MockServer(host="::1") as server:
        assert server.url.startswith("http://[::1]:")
        assert 404 == httpx.get(server.url, trust_env=False).status_code


def test_a_port_in_use_is_an_error_at_once() -> None:
    """Both ways to start raise OSError, and nothing is told to be ready."""
    ready: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(OSError, match=str(port)):
            MockServer(port=port).__enter__()
        with pytest.raises(OSError, match=str(port)):
            serve(MockConfig(), port=port, on_ready=ready.append)
    assert [] == ready


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be asked to end by a signal there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serving_ends_with_a_signal(number: signal.Signals) -> None:
    """serve() tells its URL when it answers, and returns on either signal."""
    with subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert 404 == httpx.get(url, trust_env=False).status_code
        process.send_signal(number)
        assert "returned\n" == process.stdout.read()
    assert 0 == process.returncode


def test_the_app_runs_without_a_socket(caller: Caller) -> None:
    """create_app() under another ASGI server says what the running server says."""

    async def ask() -> bytes:
        transport = httpx.ASGITransport(create_app(caller.config))
        async with httpx.AsyncClient(transport=transport, base_url="http://mock") as http:
            return (await http.get(caller.nodes_path(), headers=caller.headers)).content

    assert caller.nodes().content == asyncio.run(ask())


def test_it_runs_in_a_folder_of_its_own(tmp_path: Path) -> None:
    """The specification is found wherever the process stands."""
    script = "from dataarts_datamap_contract.mock import MockServer\nwith MockServer() as server: print(server.url)"
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env={**os.environ}, capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith("http://127.0.0.1:")
