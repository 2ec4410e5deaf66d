"""A client that is closed while calls are under way, in each way in which a call can wait."""

from __future__ import annotations

import asyncio
import ssl
import time
from threading import Event, Thread, current_thread
from typing import TYPE_CHECKING

import pytest
from httpcore import SyncBackend

from dataarts_datamap import AsyncDataMapClient, ClientClosedError, DataMapClient, DataMapError, Retry
from dataarts_datamap._direct import DirectPool
from dataarts_datamap._http import _Pools  # pyright: ignore[reportPrivateUsage]  what happens inside it in a moment
from dataarts_datamap._messages import Request
from support.faces import SETTINGS
from support.faults import Connection, faulty_server, head, self_signed

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST = Request(method="GET", endpoint="http://127.0.0.1:9", path="/")
STARTS = [b"", head("Content-Length: 9"), head("Transfer-Encoding: chunked") + b"1\r\n[\r\n"]


@pytest.fixture(autouse=True)
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is tried again: a second attempt would find the client closed, whatever became of the first."""
    monkeypatch.setitem(SETTINGS, "retry", Retry(attempts=1))


@pytest.fixture
def waiting() -> Event:
    """Whether the server has a request that it does not answer."""
    return Event()


@pytest.fixture(params=STARTS, ids=["silent", "inside the content", "inside a chunk"])
def serve(request: pytest.FixtureRequest, waiting: Event) -> Callable[[Connection], None]:
    """Answers nothing, or the beginning of an answer."""

    def script(connection: Connection) -> None:
        connection.read_head()
        connection.send(request.param)
        waiting.set()
        connection.hold()

    return script


@pytest.fixture(params=["plain", "TLS"])
def tls(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext | None:
    """The server's side of TLS, whose certificate is trusted; or none."""
    if request.param == "plain":
        return None
    context = ssl.create_default_context(cadata=self_signed()[1])
    monkeypatch.setattr("dataarts_datamap._http.tls_context", lambda: context)
    return self_signed()[0]


def test_call_of_a_thread_ends(serve: Callable[[Connection], None], waiting: Event, tls: ssl.SSLContext | None) -> None:
    """A call that waits in another thread ends at once, and says that the client was closed."""
    errors: list[DataMapError] = []

    def ask(client: DataMapClient) -> None:
        with pytest.raises(DataMapError) as caught:
            client.list_operators("t")
        errors.append(caught.value)

    with faulty_server(serve, tls=tls) as server:
        client = DataMapClient(endpoint=server.url, **SETTINGS)
        thread = Thread(target=ask, args=(client,), daemon=True)
        thread.start()
        assert waiting.wait(10)
        started = time.monotonic()
        client.close()
        thread.join(10)

    assert time.monotonic() - started < SETTINGS["timeout"] / 2
    assert [ClientClosedError] == [type(error) for error in errors]


def test_call_of_a_task_ends(serve: Callable[[Connection], None], waiting: Event, tls: ssl.SSLContext | None) -> None:
    """A call that waits in another task ends at once, and says that the client was closed."""

    async def act(url: str) -> None:
        client = AsyncDataMapClient(endpoint=url, **SETTINGS)
        task = asyncio.create_task(client.list_operators("t"))
        await asyncio.to_thread(waiting.wait, 10)
        await client.close()
        async with asyncio.timeout(SETTINGS["timeout"] / 2):
            await task

    with faulty_server(serve, tls=tls) as server, pytest.raises(ClientClosedError):
        asyncio.run(act(server.url))


def open_pool(_: object) -> DirectPool:
    """A pool without connections."""
    return DirectPool(
        ssl_context=ssl.create_default_context(),
        network_backend=SyncBackend(),
        max_connections=1,
        max_keepalive_connections=1,
        keepalive_expiry=1,
    )


def test_threads_that_begin_together_share_their_connections() -> None:
    """Two threads that send the first requests of a client at the same time use one pool, which closing finds."""
    first_is_there, second_began = Event(), Event()
    found: list[object] = []

    def find_place() -> str:
        if current_thread() is second:
            second_began.set()
            first_is_there.wait(10)
        return "here"

    pools = _Pools(open_pool, None, find_place)
    second = Thread(target=lambda: found.append(pools.route(REQUEST)[0]))
    second.start()
    second_began.wait(10)
    found.append(pools.route(REQUEST)[0])
    first_is_there.set()
    second.join()

    assert pools.take() * 2 == found


def test_request_that_begins_while_the_client_is_closed() -> None:
    """A request that comes in between is not sent: its connection would stay open."""

    def close_meanwhile(proxy: object) -> DirectPool:
        pools.take()
        return open_pool(proxy)

    pools = _Pools(close_meanwhile, None, lambda: "here")
    with pytest.raises(ClientClosedError):
        pools.route(REQUEST)
    assert not pools.is_open
