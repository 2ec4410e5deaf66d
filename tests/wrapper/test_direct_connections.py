"""The connections that lead straight to the service, from which threads take what they need."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import TYPE_CHECKING, Any

import httpcore
import pytest

from dataarts_datamap._direct import DirectPool
from support.scripted_server import Answer, ScriptedServer, raw_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.scripted_server import Asked

LARGE = b"x" * 1_000_000
TIMEOUT = {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 0.05}


@contextmanager
def open_pool(**settings: Any) -> Iterator[DirectPool]:
    """A pool, closed at the end."""
    no_tls: Any = None
    defaults = {"max_connections": 8, "max_keepalive_connections": 8, "keepalive_expiry": 60.0}
    pool = DirectPool(tls_context=no_tls, **{"network_backend": httpcore.SyncBackend(), **defaults, **settings})
    try:
        yield pool
    finally:
        pool.close()


def ask(pool: DirectPool, server: ScriptedServer, *, content: bytes | None = None) -> Any:
    """One request, as a block in which its answer comes in."""
    url = httpcore.URL(f"{server.url}/a?b=c")
    headers = [(b"Host", url.host)]
    return pool.stream("GET", url, headers=headers, content=content, extensions={"timeout": TIMEOUT})


def read(pool: DirectPool, server: ScriptedServer) -> bytes:
    """The whole content of one answer."""
    with ask(pool, server) as answer:
        return b"".join(answer.iter_stream())


def peers(server: ScriptedServer) -> list[int]:
    """The connection of each request, by the number of its first use."""
    ports = [asked.peer for asked in server.asked]
    return [list(dict.fromkeys(ports)).index(port) for port in ports]


def test_connection_is_used_again() -> None:
    """One request after the other goes over one connection, and each has its own answer."""
    with ScriptedServer(Answer(b"1"), Answer(LARGE), Answer(b"3")) as server, open_pool() as pool:
        assert [b"1", LARGE, b"3"] == [read(pool, server) for _ in range(3)]
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
        assert [b"1", b"2"] == [read(pool, server) for _ in range(2)]
        assert [0, 1] == peers(server)


def test_answer_that_is_left_early() -> None:
    """What is left of an answer never becomes part of the next one."""
    with ScriptedServer(Answer(LARGE), Answer(b"2")) as server, open_pool() as pool:
        with ask(pool, server) as answer:
            next(answer.iter_stream())

        assert b"2" == read(pool, server)
        assert [0, 1] == peers(server)


def test_no_room() -> None:
    """A request waits for room as long as it may; an answer that has come in makes room."""
    with ScriptedServer(Answer(b"1")) as server, open_pool(max_connections=1) as pool:
        with ask(pool, server), pytest.raises(httpcore.PoolTimeout), ask(pool, server):
            pass  # pragma: no cover

        assert b"1" == read(pool, server)


def test_room_after_a_failure() -> None:
    """A place that cannot be reached takes no room."""
    with ScriptedServer(Answer(b"1")) as server:
        gone = server.url
    with open_pool(max_connections=1) as pool, ScriptedServer(Answer(b"1")) as server:
        with (
            pytest.raises(httpcore.ConnectError),
            pool.stream("GET", httpcore.URL(gone), headers=[], content=None, extensions={"timeout": TIMEOUT}),
        ):
            pass  # pragma: no cover

        assert b"1" == read(pool, server)


def test_threads() -> None:
    """Threads that ask at once each get their own answer over a connection of their own, and leave them to others."""
    together = Barrier(4)

    def answer(asked: Asked) -> Answer:
        together.wait(timeout=10)
        return Answer(str(asked.peer).encode())

    with ScriptedServer(answer) as server, open_pool() as pool, ThreadPoolExecutor(4) as threads:
        for _ in range(3):
            said = list(threads.map(lambda _: read(pool, server), range(4)))
            assert 4 == len(set(said))

        assert 4 == len(set(peers(server)))


def test_content_is_sent() -> None:
    """A request with content tells its length."""
    with ScriptedServer(Answer(b"1", headers={"Connection": "close"})) as server, open_pool() as pool:
        with ask(pool, server, content=b"abc") as answer:
            assert b"1" == b"".join(answer.iter_stream())

        assert "3" == server.asked[0].headers["content-length"]


def test_places_are_kept_apart() -> None:
    """A connection serves the place that it leads to, and no other."""
    with ScriptedServer(Answer(b"1")) as one, ScriptedServer(Answer(b"2")) as other, open_pool() as pool:
        assert [b"1", b"2", b"1"] == [read(pool, server) for server in (one, other, one)]
        assert ([0, 0], [0]) == (peers(one), peers(other))


def test_connection_that_was_closed_while_it_rested() -> None:
    """A server may close a connection unannounced: the next request takes another one."""
    opened: list[httpcore.NetworkStream] = []

    class Backend(httpcore.SyncBackend):
        def connect_tcp(self, *where: Any, **how: Any) -> httpcore.NetworkStream:
            opened.append(super().connect_tcp(*where, **how))
            return opened[-1]

    with (
        raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1") as url,
        open_pool(network_backend=Backend()) as pool,
    ):
        for _ in range(2):
            with pool.stream(
                "GET", httpcore.URL(url), headers=[(b"Host", b"h")], content=None, extensions={"timeout": TIMEOUT}
            ) as answer:
                assert b"1" == b"".join(answer.iter_stream())
            while not opened[-1].get_extra_info("is_readable"):
                pass  # the end is on its way

        assert 2 == len(opened)
