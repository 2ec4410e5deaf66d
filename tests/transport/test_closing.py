"""A client that is closed while calls are under way, in each way in which a call can wait."""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import Event, Thread, current_thread
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import (
    AsyncDataMapClient,
    CertificateError,
    ClientClosedError,
    Clock,
    DataMapClient,
    DataMapError,
    Retry,
)
from dataarts_datamap._messages import Request
from dataarts_datamap._one_shot_event import OneShotEvent, wait_for_first, wait_for_first_async
from dataarts_datamap._transport.h11_pool import H11Pool
from dataarts_datamap._transport.pool_registry import PoolRegistry  # pyright: ignore[reportPrivateUsage]  what happens inside it in a moment
from support.answers import run_page
from support.faces import SETTINGS, WINDOW
from support.faults import Connection, Faulty, faulty_server, full_backlog, head, self_signed, tunnel
from support.iam import password_for
from support.marks import needs_shutdown
from support.scripted_server import Answer, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterator

    from support.scripted_server import Asked

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
    monkeypatch.setattr("dataarts_datamap._transport.tls.tls_context", lambda: context)
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


LONG = {"clock": Clock(), "deadline": 3600, "retry": Retry(attempts=2, longest_retry_after=3600)}
UNWELL = Answer(status=503, headers={"Retry-After": "600"})


def back_off(client: DataMapClient | AsyncDataMapClient) -> Any:
    """A call that waits ten minutes for what the server asked for."""
    return client.list_operators("t")


def poll(client: DataMapClient | AsyncDataMapClient) -> Any:
    """A call that looks for a run that goes on, again after ten minutes."""
    return client.wait_for_run("1", job_name="a", **WINDOW, first_wait=600, longest_wait=600)


WAITS = [
    pytest.param(back_off, UNWELL, id="back-off"),
    pytest.param(poll, run_page({"taskRunningLogId": 1, "status": "running"}), id="poll"),
    pytest.param(poll, run_page({"taskRunningLogId": 1, "status": "success"}), id="rate limit"),
]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Event:
    """Whether an answer has come behind which a call waits."""
    answered = Event()
    patient: dict[str, Any] = {**LONG, "on_attempt": lambda _: answered.set()}
    if request.node.callspec.id.startswith("rate limit"):
        patient |= {"requests_per_second": 0.01}
    for name, value in patient.items():
        monkeypatch.setitem(SETTINGS, name, value)
    return answered


@pytest.mark.parametrize(("call", "answer"), WAITS)
def test_wait_of_a_thread_ends(call: Callable[[Any], Any], answer: Answer, waits: Event) -> None:
    """A call that waits for its time in another thread ends at once, too."""
    ended: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(2):
                call(client)
        except DataMapError as error:
            ended.append(error)

    with ScriptedServer(answer) as server:
        client = DataMapClient(endpoint=server.url, **SETTINGS)
        thread = Thread(target=ask, daemon=True)
        thread.start()
        assert waits.wait(10)
        client.close()
        thread.join(10)

    assert [ClientClosedError] == [type(error) for error in ended]


@pytest.mark.parametrize(("call", "answer"), WAITS)
def test_wait_of_a_task_ends(call: Callable[[Any], Any], answer: Answer, waits: Event) -> None:
    """A call that waits for its time in another task ends at once, too."""

    async def ask(client: AsyncDataMapClient) -> None:
        for _ in range(2):
            await call(client)

    async def act(url: str) -> None:
        client = AsyncDataMapClient(endpoint=url, **SETTINGS)
        task = asyncio.create_task(ask(client))
        await asyncio.to_thread(waits.wait, 10)
        await client.close()
        async with asyncio.timeout(10):
            await task

    with ScriptedServer(answer) as server, pytest.raises(ClientClosedError):
        asyncio.run(act(server.url))


class Stepped:
    """A coroutine that tells of each step that it takes."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], tell: Callable[[], None]) -> None:
        self._coroutine = coroutine
        self._tell = tell

    def __await__(self) -> Generator[Any, Any, Any]:
        step = partial(self._coroutine.send, None)
        while True:
            try:
                awaited = step()
            except StopIteration as stop:
                return stop.value
            self._tell()
            try:
                yield awaited
            except BaseException as error:  # noqa: BLE001  it goes where it would have gone
                step = partial(self._coroutine.throw, error)
            else:
                step = partial(self._coroutine.send, None)


async def cancelled_after(steps: int, times: int, call: Callable[[], Coroutine[Any, Any, object]]) -> bool:
    """Make a call, and cancel it after so many steps of its tasks, at so many in a row; whether there were so many."""
    taken = 0

    def count() -> None:
        nonlocal taken
        taken += 1
        if steps <= taken < steps + times:
            called.cancel()

    async def run(coroutine: Coroutine[Any, Any, Any]) -> object:
        return await Stepped(coroutine, count)

    def begin(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        return asyncio.Task(run(coroutine), loop=loop, **options)

    loop = asyncio.get_running_loop()
    loop.set_task_factory(begin)
    called = asyncio.create_task(call())
    await asyncio.wait((called,))
    loop.set_task_factory(None)
    return taken >= steps


def serve_all(fields: str) -> Callable[[Connection], None]:
    """Answers each request of a connection."""

    def script(connection: Connection) -> None:
        while connection.read_request():
            connection.send(head("Content-Length: 2", fields) + b"[]")
            if "close" in fields:
                return

    return script


@pytest.fixture(params=["straight", "TLS", "proxy", "tunnel"])
def way(request: pytest.FixtureRequest) -> str:
    """How a client reaches a server."""
    return str(request.param)


@contextmanager
def reached(way: str, script: Callable[[Connection], None]) -> Iterator[tuple[dict[str, Any], list[Faulty]]]:
    """The settings of a client that reaches a server in that way, and all servers that it meets."""
    with ExitStack() as stack:
        tls = self_signed()[0] if way in {"TLS", "tunnel"} else None
        server = stack.enter_context(faulty_server(script, tls=tls))
        settings: dict[str, Any] = {**SETTINGS, "endpoint": server.url, "allow_http": True}
        if way == "proxy":
            yield settings | {"endpoint": "http://service.example", "proxy": server.url}, [server]
        elif way == "tunnel":
            proxy = stack.enter_context(faulty_server(tunnel))
            yield settings | {"proxy": proxy.url}, [proxy, server]
        else:
            yield settings, [server]


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("kept", ["keep-alive", "close"])
@pytest.mark.parametrize("is_new", [True, False], ids=["new", "kept"])
def test_cancelled_task_leaves_no_connection_in_use(
    way: str, kept: str, times: int, monkeypatch: pytest.MonkeyPatch, *, is_new: bool
) -> None:
    """Wherever a task is cancelled, once or twice, its connection serves the next one, or is closed."""
    monkeypatch.setattr("dataarts_datamap._transport.driver._MOST_CONNECTIONS", 1)
    trusted = ssl.create_default_context(cadata=self_signed()[1])
    monkeypatch.setattr("dataarts_datamap._transport.tls.tls_context", lambda: trusted)

    async def cancel_after(steps: int, settings: dict[str, Any]) -> bool:
        async with AsyncDataMapClient(**settings) as client:
            if not is_new:
                await client.list_operators("a-table")
            were_so_many = await cancelled_after(steps, times, partial(client.list_operators, "a-table"))
            assert [] == await client.list_operators("a-table")
        return were_so_many

    with reached(way, serve_all(f"Connection: {kept}")) as (settings, servers):
        steps = 1
        while asyncio.run(cancel_after(steps, settings | {"deadline": 3})):
            steps += 1
        assert steps > 3
        assert [True] * len(servers) == [server.wait_until_all_ended(5) for server in servers]


STAGES = ["connect", "handshake", "connect to a proxy", "handshake with a proxy", "CONNECT", "handshake behind a proxy"]


@contextmanager
def stuck(stage: str) -> Iterator[tuple[dict[str, Any], list[Faulty]]]:
    """The settings of a client that gets no further than that, and the servers that it meets."""
    with ExitStack() as stack:
        silent = stack.enter_context(faulty_server(Connection.listen))
        full = stack.enter_context(full_backlog())
        service: dict[str, Any] = {**SETTINGS, "endpoint": "https://127.0.0.1:1", "clock": Clock()}
        secured = silent.url.replace("http:", "https:")
        match stage:
            case "connect":
                yield service | {"endpoint": full}, []
            case "handshake":
                yield service | {"endpoint": secured}, [silent]
            case "connect to a proxy":
                yield service | {"proxy": full}, []
            case "handshake with a proxy":
                yield service | {"proxy": secured}, [silent]
            case "CONNECT":
                yield service | {"proxy": silent.url}, [silent]
            case _:
                proxy = stack.enter_context(faulty_server(tunnel))
                yield service | {"endpoint": secured, "proxy": proxy.url}, [silent, proxy]


def wait_until_met(servers: list[Faulty]) -> None:
    """Wait until each server has a connection, and a moment more, in which a client comes to its wait."""
    for server in servers:
        assert server.wait_until_met(10)
    Event().wait(0.1)


@needs_shutdown
@pytest.mark.parametrize("stage", STAGES)
def test_connecting_of_a_thread_ends(stage: str) -> None:
    """A call that gets no further than that ends at once, and leaves no connection."""
    ended = Event()

    def ask() -> None:
        with pytest.raises(ClientClosedError):
            client.list_operators("a-table")
        ended.set()

    with stuck(stage) as (settings, servers):
        client = DataMapClient(**settings)
        Thread(target=ask, daemon=True).start()
        wait_until_met(servers)
        client.close()
        assert ended.wait(2)
        assert [True] * len(servers) == [server.wait_until_all_ended(5) for server in servers]


@pytest.mark.parametrize("by", ["close", "cancel"])
@pytest.mark.parametrize("stage", STAGES)
def test_connecting_of_a_task_ends(stage: str, by: str) -> None:
    """The same in an event loop, be the client closed or the task cancelled."""

    async def act(settings: dict[str, Any], servers: list[Faulty]) -> None:
        client = AsyncDataMapClient(**settings)
        task = asyncio.create_task(client.list_operators("a-table"))
        await asyncio.to_thread(wait_until_met, servers)
        task.cancel() if by == "cancel" else await client.close()
        async with asyncio.timeout(2):
            with pytest.raises(asyncio.CancelledError if by == "cancel" else ClientClosedError):
                await task
        left = [await asyncio.to_thread(server.wait_until_all_ended, 5) for server in servers]
        assert [True] * len(servers) == left
        await client.close()

    with stuck(stage) as (settings, servers):
        asyncio.run(act(settings, servers))


def test_task_that_waits_for_room_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that waits until a connection is free ends at once, too."""
    monkeypatch.setattr("dataarts_datamap._transport.driver._MOST_CONNECTIONS", 1)

    async def act(url: str, met: Callable[[float], bool]) -> None:
        client = AsyncDataMapClient(**{**SETTINGS, "endpoint": url, "clock": Clock()})
        tasks = [asyncio.create_task(client.list_operators("a-table")) for _ in range(3)]
        await asyncio.to_thread(met, 10)
        await client.close()
        async with asyncio.timeout(2):
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert [ClientClosedError] * 3 == [type(end) for end in ends]

    with faulty_server(Connection.listen) as server:
        asyncio.run(act(server.url, server.wait_until_met))


@pytest.mark.parametrize("secured", ["TLS", "tunnel"])
def test_handshake_that_fails_leaves_no_connection_in_use(secured: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is not trusted takes up no room: each call says so, however many there were before."""
    monkeypatch.setattr("dataarts_datamap._transport.driver._MOST_CONNECTIONS", 1)
    distrusting = ssl.create_default_context()
    monkeypatch.setattr("dataarts_datamap._transport.tls.tls_context", lambda: distrusting)

    def ask(settings: dict[str, Any]) -> None:
        with DataMapClient(**settings) as client:
            for _ in range(2):
                with pytest.raises(CertificateError):
                    client.list_operators("a-table")

    async def ask_async(settings: dict[str, Any]) -> None:
        async with AsyncDataMapClient(**settings) as client:
            for _ in range(2):
                with pytest.raises(CertificateError):
                    await client.list_operators("a-table")

    with reached(secured, serve_all("Connection: close")) as (settings, servers):
        asyncio.run(ask_async(settings | {"deadline": 3}))
        ask(settings | {"deadline": 3})
        assert [4] * len(servers) == [server.connections for server in servers]
        assert [True] * len(servers) == [server.wait_until_all_ended(5) for server in servers]


def open_pool(_: object) -> H11Pool:
    """A pool without connections."""
    return H11Pool(
        None,
        ssl.create_default_context,
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

    pools = PoolRegistry(open_pool, None, find_place)
    second = Thread(target=lambda: found.append(pools.route(REQUEST)[0]))
    second.start()
    second_began.wait(10)
    found.append(pools.route(REQUEST)[0])
    first_is_there.set()
    second.join()

    assert pools.take() * 2 == found


def test_request_that_begins_while_the_client_is_closed() -> None:
    """A request that comes in between is not sent: its connection would stay open."""

    def close_meanwhile(proxy: object) -> H11Pool:
        pools.take()
        return open_pool(proxy)

    pools = PoolRegistry(close_meanwhile, None, lambda: "here")
    with pytest.raises(ClientClosedError):
        pools.route(REQUEST)
    assert not pools.is_open


def test_event_keeps_nothing_of_waits_that_are_over() -> None:
    """A wait that is over leaves nothing at an event that is never set, however many there are."""
    event = OneShotEvent()
    asyncio.run(wait_for_first_async((event,), 0))
    wait_for_first((event,), 0)

    assert [] == vars(event)["_waiting"]  # what would grow is seen from nowhere else


@pytest.fixture
def token_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A password whose token a call of another client has asked for, in vain until the end."""
    asked, released = Event(), Event()

    def hold(_: Asked) -> Answer:
        asked.set()
        released.wait(30)
        return Answer(status=503)

    def ask() -> None:
        with pytest.raises(DataMapError):
            first.list_operators("a-table")

    with ScriptedServer(hold) as iam:
        monkeypatch.setitem(SETTINGS, "clock", Clock())
        monkeypatch.setitem(SETTINGS, "credentials", password_for(iam.url))
        first = DataMapClient(endpoint=iam.url, **SETTINGS)
        thread = Thread(target=ask, daemon=True)
        thread.start()
        assert asked.wait(10)
        yield
        released.set()
        thread.join(10)
        first.close()


@pytest.mark.usefixtures("token_that_never_comes")
def test_thread_that_waits_for_the_fetch_of_another_ends() -> None:
    """A call that waits for what another client's call fetches ends as soon as its own client is closed."""
    started, ended = Event(), Event()

    def ask() -> None:
        started.set()
        with pytest.raises(ClientClosedError):
            client.list_operators("a-table")
        ended.set()

    client = DataMapClient(endpoint="http://127.0.0.1:9", **SETTINGS)
    Thread(target=ask, daemon=True).start()
    assert started.wait(10)
    ended.wait(0.1)  # the call may have come to its wait or not: either way it ends
    client.close()
    assert ended.wait(2)


@pytest.mark.usefixtures("token_that_never_comes")
def test_task_that_waits_for_the_fetch_of_another_ends() -> None:
    """The same in an event loop."""

    async def act() -> None:
        client = AsyncDataMapClient(endpoint="http://127.0.0.1:9", **SETTINGS)
        task = asyncio.create_task(client.list_operators("a-table"))
        await asyncio.wait((task,), timeout=0.1)
        await client.close()
        async with asyncio.timeout(2):
            with pytest.raises(ClientClosedError):
                await task

    asyncio.run(act())
