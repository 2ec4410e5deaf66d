"""Connections that are kept for the next request, and what becomes of them when the other side does not keep them."""

from __future__ import annotations

import asyncio
import socket
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import AsyncDataMapClient, DataMapClient, Retry, TransportError
from dataarts_datamap._messages import Request, Send
from dataarts_datamap._transport.driver import AsyncTransport, Network, SyncTransport
from support.faces import SETTINGS, InstantClock
from support.faults import Connection, faulty_server, head
from support.transport_faults import answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap._messages import Steps

WHOLE = head("Content-Length: 2") + b"[]"
CLIENTS = ["thread", "task"]


def call_twice(client: str, url: str, between: Callable[[], object] = int, **options: Any) -> None:
    """Make two calls one after the other over one client."""
    settings = {**SETTINGS, "retry": Retry(attempts=1), "endpoint": url, **options}

    async def act() -> None:
        async with AsyncDataMapClient(**settings) as tasks:
            await tasks.list_operators("a-table")
            between()
            await tasks.list_operators("a-table")

    if client == "task":
        asyncio.run(act())
        return
    with DataMapClient(**settings) as threads:
        threads.list_operators("a-table")
        between()
        threads.list_operators("a-table")


def hang_up_on_the_second(end: Callable[[Connection], object], sent: bytes = b"") -> Callable[[Connection], None]:
    """Answers the first request of a connection, reads the second, sends that much, and ends the connection."""

    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(WHOLE)
        if connection.read_request():
            connection.send(sent)
            end(connection)

    return script


@pytest.mark.parametrize("end", [lambda _: None, Connection.reset], ids=["closed", "reset"])
@pytest.mark.parametrize("client", CLIENTS)
def test_kept_connection_that_ends_as_the_request_goes_out(client: str, end: Callable[[Connection], object]) -> None:
    """It costs neither an attempt nor a wait: the request goes out again at once, over a new connection."""
    clock = InstantClock()
    with faulty_server(hang_up_on_the_second(end)) as server:
        call_twice(client, server.url, clock=clock)
        assert 2 == server.connections
    assert [] == clock.waits


@pytest.mark.parametrize("client", CLIENTS)
def test_response_that_has_begun_is_not_asked_for_again(client: str) -> None:
    """Where something of the response has come, the attempt has failed."""
    with faulty_server(hang_up_on_the_second(lambda _: None, b"HTTP/1.1 2")) as server:
        with pytest.raises(TransportError):
            call_twice(client, server.url)
        assert 1 == server.connections


@pytest.mark.parametrize("client", CLIENTS)
def test_new_connection_that_ends_is_a_failed_attempt(client: str) -> None:
    """A server that closes new connections is asked once, and not for ever."""
    with faulty_server(answers(b"")) as server:
        with pytest.raises(TransportError):
            call_twice(client, server.url)
        assert 1 == server.connections


@pytest.mark.parametrize("client", CLIENTS)
def test_request_that_does_something_is_not_sent_again(client: str) -> None:
    """A request that is not safe, as the one for a token, goes out once."""
    network, clock = Network(timeout=5, max_answer_size=100, proxy=None), InstantClock()

    def post(url: str) -> Steps[int]:
        step = Request(method="POST", endpoint=url, path="/", content=b"{}")
        return (yield Send(step, clock.monotonic() + 5)).status

    async def act(url: str) -> None:
        transport = AsyncTransport(network, clock)
        try:
            for _ in range(2):
                await transport.run(post(url))
        finally:
            await transport.close()

    def act_in_a_thread(url: str) -> None:
        transport = SyncTransport(network, clock)
        try:
            for _ in range(2):
                transport.run(post(url))
        finally:
            transport.close()

    with faulty_server(hang_up_on_the_second(lambda _: None)) as server:
        with pytest.raises(TransportError):
            asyncio.run(act(server.url)) if client == "task" else act_in_a_thread(server.url)
        assert 1 == server.connections


def test_connections_of_a_place_that_is_asked_no_more_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that has rested for too long is closed when any other is asked for."""
    monkeypatch.setattr("dataarts_datamap._transport.driver._LONGEST_IDLE", 0.05)
    transport = SyncTransport(Network(timeout=5, max_answer_size=100, proxy=None), InstantClock())

    def get(url: str) -> Steps[int]:
        step = Request(method="GET", endpoint=url, path="/")
        return (yield Send(step, InstantClock().monotonic() + 5)).status

    def answer_all(connection: Connection) -> None:
        while connection.read_request():
            connection.send(WHOLE)

    with faulty_server(answer_all) as once, faulty_server(answer_all) as again:
        transport.run(get(once.url))
        Event().wait(0.1)
        transport.run(get(again.url))
        assert once.wait_until_all_ended(5)
        assert 0 == again.ended
        transport.close()


def test_connections_rest_where_nobody_listens() -> None:
    """A connection that the other side closed while it rested is not used."""
    closed = Event()

    def answer_once(connection: Connection) -> None:
        connection.read_request()
        connection.send(WHOLE)
        connection.socket.shutdown(socket.SHUT_RDWR)
        closed.set()

    with faulty_server(answer_once) as server:
        call_twice("thread", server.url, lambda: closed.wait(5))
        assert 2 == server.connections
