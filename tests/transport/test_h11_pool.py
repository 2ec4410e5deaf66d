"""The connections that lead straight to the service, from which threads take what they need."""

from __future__ import annotations

import socket
import ssl
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from threading import Barrier, Event
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import Clock
from dataarts_datamap._one_shot_event import OneShotEvent
from dataarts_datamap._secrets import Hidden
from dataarts_datamap._transport.cancellation import Cancellation
from dataarts_datamap._transport.h11_pool import H11Pool
from dataarts_datamap._transport.proxies import Proxy
from dataarts_datamap._transport.wire import (
    ConnectError,
    Deadline,
    InvalidRequestError,
    Origin,
    PoolTimeoutError,
    ProtocolError,
    Timeouts,
    WireRequest,
)
from support.faults import Connection, faulty_server, full_backlog
from support.marks import needs_shutdown
from support.scripted_server import Answer, ScriptedServer, raw_server
from support.transport_faults import then

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from contextlib import AbstractContextManager

    from support.scripted_server import Asked

LARGE = b"x" * 1_000_000
TIMEOUTS = Timeouts(free=0.05, connect=5, silence=5)


@contextmanager
def open_pool(**settings: Any) -> Iterator[H11Pool]:
    """A pool, closed at the end."""
    defaults: dict[str, Any] = {
        "proxy": None,
        "tls_context": None,
        "max_connections": 8,
        "max_keepalive_connections": 8,
        "keepalive_expiry": 60.0,
    }
    pool = H11Pool(**{**defaults, **settings})
    try:
        yield pool
    finally:
        pool.close()


def ask(  # noqa: PLR0913  one keyword for each choice
    pool: H11Pool,
    url: str,
    *,
    content: bytes = b"",
    headers: Sequence[tuple[bytes, bytes]] = (),
    cancellation: Cancellation | None = None,
    free: float = TIMEOUTS.free,
) -> Any:
    """One request, as a block in which its answer comes in."""
    scheme, host, port = url.replace("//", "").split(":")
    return pool.stream(
        WireRequest(
            method="GET",
            origin=Origin(scheme, host, int(port)),
            target=b"/a?b=c",
            headers=[(b"Host", Hidden(host.encode())), *((name, Hidden(value)) for name, value in headers)],
            content=content,
            timeouts=Timeouts(free, TIMEOUTS.connect, TIMEOUTS.silence),
            deadline=Deadline(Clock().monotonic() + 10, Clock(), cancellation),
        )
    )


def read(pool: H11Pool, url: str, **options: Any) -> bytes:
    """The whole content of one answer."""
    with ask(pool, url, **options) as answer:
        return b"".join(answer.chunks)


class WaitedFor(OneShotEvent):
    """An event that tells when something waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.began = Event()

    def add(self, wake: Callable[[], object]) -> None:
        super().add(wake)
        self.began.set()


def peers(server: ScriptedServer) -> list[int]:
    """The connection of each request, by the number of its first use."""
    ports = [asked.peer for asked in server.asked]
    return [list(dict.fromkeys(ports)).index(port) for port in ports]


def test_connection_is_used_again() -> None:
    """One request after the other goes over one connection, and each has its own answer."""
    with ScriptedServer(Answer(b"1"), Answer(LARGE), Answer(b"3")) as server, open_pool() as pool:
        assert [b"1", LARGE, b"3"] == [read(pool, server.url) for _ in range(3)]
        assert [0, 0, 0] == peers(server)


@pytest.mark.parametrize(
    ("settings", "first"),
    [
        ({"keepalive_expiry": 0.0}, Answer(b"1")),
        ({"max_keepalive_connections": 0}, Answer(b"1")),
        ({}, Answer(b"1", headers={"Connection": "close"})),
    ],
    ids=["idle for too long", "none is kept", "closed by the server"],
)
def test_connection_is_not_used_again(settings: dict[str, Any], first: Answer) -> None:
    """A connection that has rested too long, that there is no room for, or that the server closes is left."""
    with ScriptedServer(first, Answer(b"2")) as server, open_pool(**settings) as pool:
        assert [b"1", b"2"] == [read(pool, server.url) for _ in range(2)]
        assert [0, 1] == peers(server)


def test_answer_that_is_left_early() -> None:
    """What is left of an answer never becomes part of the next one."""
    with ScriptedServer(Answer(LARGE), Answer(b"2")) as server, open_pool() as pool:
        with ask(pool, server.url) as answer:
            next(answer.chunks)

        assert b"2" == read(pool, server.url)
        assert [0, 1] == peers(server)


def test_more_than_an_answer() -> None:
    """What comes behind an answer, unasked, never becomes the answer to the next request."""

    def answer_twice(connection: Connection) -> None:
        while connection.read_request():
            connection.send(b"".join(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number for number in (1, 2)))

    with faulty_server(answer_twice) as server, open_pool() as pool:
        assert [b"1", b"1"] == [read(pool, server.url) for _ in range(2)]


def test_length_of_what_is_not_there() -> None:
    """A request that tells the length of a content that it does not have cannot be sent."""
    with ScriptedServer(Answer(b"1")) as server, open_pool() as pool:
        with pytest.raises(InvalidRequestError), ask(pool, server.url, headers=[(b"Content-Length", b"4")]):
            pass  # pragma: no cover

        assert b"1" == read(pool, server.url)


def test_no_room() -> None:
    """A request waits for room as long as it may; an answer that has come in makes room."""
    with ScriptedServer(Answer(b"1")) as server, open_pool(max_connections=1) as pool:
        with ask(pool, server.url), pytest.raises(PoolTimeoutError), ask(pool, server.url):
            pass  # pragma: no cover

        assert b"1" == read(pool, server.url)


@pytest.mark.parametrize("ends", ["closed", "cancelled", "given room"])
def test_wait_for_room_can_be_ended(ends: str) -> None:
    """Who closes the pool, or cancels the exchange, ends the wait for room; room goes to who waits for it."""
    waited_for = WaitedFor()
    cancellation = Cancellation()
    cancellation.event = waited_for
    with (
        ScriptedServer(Answer(b"1")) as server,
        open_pool(max_connections=1) as pool,
        ThreadPoolExecutor(1) as threads,
    ):
        with ask(pool, server.url) as answer:
            asked = threads.submit(read, pool, server.url, cancellation=cancellation, free=60)
            assert waited_for.began.wait(10)
            if ends != "given room":
                (pool.close if ends == "closed" else cancellation.cancel)()
                with pytest.raises(ConnectionAbortedError):
                    asked.result(timeout=10)
            if ends != "closed":
                assert b"1" == b"".join(answer.chunks)
        if ends == "given room":
            assert b"1" == asked.result(timeout=10)
        if ends != "closed":
            assert b"1" == read(pool, server.url)


def test_no_room_is_lost_or_doubled() -> None:
    """After hundreds of requests of eight threads, half of which give up at once, there is room for two, not three."""

    def ask_often(number: int) -> int:
        answered = 0
        for turn in range(50):
            with suppress(PoolTimeoutError):
                answered += read(pool, server.url, free=60 if (turn + number) % 2 else 0) == b"1"
        return answered

    with ScriptedServer(Answer(b"1")) as server, open_pool(max_connections=2) as pool:
        with ThreadPoolExecutor(8) as threads:
            assert 8 * 25 <= sum(threads.map(ask_often, range(8)))
        with ask(pool, server.url), ask(pool, server.url), pytest.raises(PoolTimeoutError), ask(pool, server.url):
            pass  # pragma: no cover


def test_room_after_a_failure() -> None:
    """A place that cannot be reached takes no room."""
    with ScriptedServer(Answer(b"1")) as server:
        gone = server.url
    with open_pool(max_connections=1) as pool, ScriptedServer(Answer(b"1")) as server:
        with pytest.raises(ConnectError), ask(pool, gone):
            pass  # pragma: no cover

        assert b"1" == read(pool, server.url)


def test_threads() -> None:
    """Threads that ask at once each get their own answer over a connection of their own, and leave them to others."""
    together = Barrier(4)

    def answer(asked: Asked) -> Answer:
        together.wait(timeout=10)
        return Answer(str(asked.peer).encode())

    with ScriptedServer(answer) as server, open_pool() as pool, ThreadPoolExecutor(4) as threads:
        for _ in range(3):
            said = list(threads.map(lambda _: read(pool, server.url), range(4)))
            assert 4 == len(set(said))

        assert 4 == len(set(peers(server)))


def test_content_is_sent() -> None:
    """A request with content tells its length."""
    with ScriptedServer(Answer(b"1", headers={"Connection": "close"})) as server, open_pool() as pool:
        with ask(pool, server.url, content=b"abc") as answer:
            assert b"1" == b"".join(answer.chunks)

        assert "3" == server.asked[0].headers["content-length"]


def test_places_are_kept_apart() -> None:
    """A connection serves the place that it leads to, and no other."""
    with ScriptedServer(Answer(b"1")) as one, ScriptedServer(Answer(b"2")) as other, open_pool() as pool:
        assert [b"1", b"2", b"1"] == [read(pool, server.url) for server in (one, other, one)]
        assert ([0, 0], [0]) == (peers(one), peers(other))


def test_connection_that_was_closed_while_it_rested() -> None:
    """A server may close a connection unannounced: the next request takes another one."""
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1") as url, open_pool() as pool:
        used: list[int] = []
        for _ in range(2):
            assert b"1" == read(pool, url)
            (connection,) = pool._idle  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  what the next request asks
            used.append(id(connection))
            while not connection.is_readable():
                pass  # the end is on its way

        assert 2 == len(set(used))


class Watched(Cancellation):
    """It tells when a thread begins to wait for a socket of some kind."""

    def __init__(self, kind: type[socket.socket]) -> None:
        super().__init__()
        self.began = Event()
        self._kind = kind

    @contextmanager
    def watching(self, waited_for: socket.socket) -> Generator[None]:
        with super().watching(waited_for):
            if type(waited_for) is self._kind:
                self.began.set()
            yield


@contextmanager
def silent() -> Iterator[str]:
    """The address of a server that takes a connection and says nothing."""
    with faulty_server(Connection.hold) as server:
        yield server.url


@contextmanager
def opening() -> Iterator[str]:
    """The address of a proxy that opens every tunnel, to a server that says nothing."""
    with faulty_server(then(b"HTTP/1.1 200 OK\r\n\r\n", Connection.hold)) as proxy:
        yield proxy.url


@needs_shutdown
@pytest.mark.parametrize("ends", ["closed", "cancelled"])
@pytest.mark.parametrize(
    ("hanging", "scheme", "proxy_scheme", "kind"),
    [
        pytest.param(full_backlog, "http", None, socket.socket, id="connect"),
        pytest.param(silent, "https", None, ssl.SSLSocket, id="handshake"),
        pytest.param(full_backlog, "https", "http", socket.socket, id="connect to a proxy"),
        pytest.param(silent, "https", "http", socket.socket, id="CONNECT"),
        pytest.param(silent, "https", "https", ssl.SSLSocket, id="handshake with a proxy"),
        pytest.param(opening, "https", "http", ssl.SSLSocket, id="handshake behind a proxy"),
    ],
)
def test_connection_that_is_being_opened_can_be_ended(
    hanging: Callable[[], AbstractContextManager[str]],
    scheme: str,
    proxy_scheme: str | None,
    kind: type[socket.socket],
    ends: str,
) -> None:
    """Whatever it waits for: who closes the pool, or cancels the exchange, ends that."""
    watched = Watched(kind)
    with (
        hanging() as there,
        open_pool(
            tls_context=ssl.create_default_context,
            proxy=proxy_scheme and Proxy(there.replace("http:", f"{proxy_scheme}:")),
        ) as pool,
        ThreadPoolExecutor(1) as threads,
    ):
        url = there.replace("http:", f"{scheme}:")
        asked = threads.submit(ask(pool, url, cancellation=watched).__enter__)
        assert watched.began.wait(10)
        while not asked.done():  # more than once, for a connection that had not been asked for yet
            (pool.close if ends == "closed" else watched.cancel)()
            wait((asked,), timeout=0.05)
        with pytest.raises((ConnectError, ProtocolError, ConnectionAbortedError)):  # and not that it took too long
            asked.result()
