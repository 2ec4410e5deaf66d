"""How a client gets to a service: over which address, under TLS, and through a proxy."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import replace
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import ConfigurationError, ConnectionFailedError, DataMapClient, Retry, TransportError
from dataarts_datamap._transport.address_race import AddressRace, ordered
from dataarts_datamap._transport.tls import tls_context
from support.answers import run_page
from support.faces import SETTINGS, WINDOW, AsyncFace, At, SyncFace
from support.faults import Connection, faulty_server, self_signed, tunnel, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from support.faces import Face

PAGE = run_page().content
FACES: dict[str, Face] = {"threads": SyncFace(), "tasks": AsyncFace()}
REAL_LOOKUP = socket.getaddrinfo


def answer(connection: Connection) -> None:
    """Answer one request with a page."""
    connection.read_request()
    connection.send(whole(PAGE))


@contextmanager
def trusted(monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """The server's side of TLS, whose certificate a client trusts."""
    context = ssl.create_default_context(cadata=self_signed()[1])
    monkeypatch.setattr("dataarts_datamap._transport.tls.tls_context", lambda: context)
    yield self_signed()[0]


def names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """The name ``many.example`` has these addresses."""

    def look_up(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        if host not in {b"many.example", "many.example"}:
            return REAL_LOOKUP(host, port, *rest, **options)
        return [found for address in addresses for found in REAL_LOOKUP(address, port, type=socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@contextmanager
def busy_listener(host: str = "127.0.0.1") -> Iterator[socket.socket]:
    """A listener that swallows what comes, until the connections that wait for it are accepted."""
    with socket.socket() as listener, ExitStack() as stack:
        listener.bind((host, 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        yield listener


@contextmanager
def dead_port() -> Iterator[int]:
    """A port at which 127.0.0.1 swallows what comes; it is free at the other addresses of this machine."""
    with busy_listener() as listener:
        yield listener.getsockname()[1]


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this machine's loopback has one address")
@pytest.mark.parametrize("dead", [["127.0.0.1"], ["127.0.0.1", "127.0.0.1"], ["127.0.0.3", "127.0.0.1"]])
def test_dead_address_does_not_hold_up_the_next(face: Face, monkeypatch: pytest.MonkeyPatch, dead: list[str]) -> None:
    """Where the first addresses swallow or refuse what comes, the next one is tried after a fraction of a second."""
    monkeypatch.setitem(SETTINGS, "allow_http", value=True)
    with dead_port() as port, faulty_server(answer, host="127.0.0.2", port=port):
        names(monkeypatch, *dead, "127.0.0.2")
        started = time.monotonic()
        assert [] == face.list_runs(At(f"http://many.example:{port}"))
        assert time.monotonic() - started < 3


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this machine's loopback has one address")
def test_only_addresses_before_the_winner_are_silent() -> None:
    """An address whose attempt began after the successful one delayed nothing, so it is not reported."""
    both_begun, is_over = Event(), Event()
    begun: list[socket.socket] = []

    def watching(opened: socket.socket) -> AbstractContextManager[None]:
        begun.append(opened)
        if len(begun) > 1:
            both_begun.set()
        return nullcontext()

    with busy_listener() as late, busy_listener("127.0.0.2") as dead, ExitStack() as stack:

        def accept() -> None:
            both_begun.wait(5)
            while not is_over.is_set():
                with suppress(TimeoutError):
                    stack.enter_context(late.accept()[0])

        late.settimeout(0.05)
        accepting = Thread(target=accept)
        accepting.start()
        addresses: list[tuple[str, int]] = [one.getsockname() for one in (late, dead)]
        found = [REAL_LOOKUP(host, port, type=socket.SOCK_STREAM)[0] for host, port in addresses]
        race = AddressRace(ordered(found, None), lambda: 5.0, watching)
        try:
            connected, address = race.run()
        finally:
            is_over.set()
            accepting.join()
        connected.close()
    assert ("127.0.0.1", 2, []) == (address.where[0], len(begun), race.silent)


def test_address_that_worked_is_tried_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next connection of a client does not wait for a dead address again."""
    seen: list[float] = []
    with dead_port() as port, faulty_server(answer, host="127.0.0.2", port=port) as server:
        names(monkeypatch, "127.0.0.1", "127.0.0.2")
        with DataMapClient(**{**SETTINGS, "endpoint": f"http://many.example:{port}", "allow_http": True}) as client:
            for _ in range(3):
                started = time.monotonic()
                client.list_runs("1", job_name="a", **WINDOW).to_list()
                seen.append(time.monotonic() - started)
    assert 3 == server.connections
    assert min(seen[1:]) < 0.2 < seen[0]


def test_no_address_answers(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all addresses of a name are dead, the attempt ends when its time for a connection is over."""
    monkeypatch.setitem(SETTINGS, "allow_http", value=True)
    monkeypatch.setitem(SETTINGS, "timeout", 0.5)
    monkeypatch.setitem(SETTINGS, "retry", Retry(attempts=1))
    with dead_port() as port:
        names(monkeypatch, "127.0.0.1", "127.0.0.1")
        started = time.monotonic()
        with pytest.raises(ConnectionFailedError, match="no connection in time"):
            face.list_runs(At(f"http://many.example:{port}"))
        assert time.monotonic() - started < 4


def test_families_take_turns() -> None:
    """Addresses of one family and of the other are tried by turns; the one that worked goes first."""
    four, six = socket.AF_INET, socket.AF_INET6
    found: list[Any] = [(family, 0, 0, "", where) for family, where in [(six, 1), (six, 2), (six, 3), (four, 4)]]

    assert [1, 4, 2, 3] == [address.where for address in ordered(found, None)]
    assert [3, 1, 4, 2] == [address.where for address in ordered(found, 3)]


def listening(heard: list[bytes], then: Callable[[Connection], None]) -> Callable[[Connection], None]:
    """Notes what a connection begins with, and goes on."""

    def script(connection: Connection) -> None:
        heard.append(connection.socket.recv(65536, socket.MSG_PEEK))
        then(connection)

    return script


@pytest.mark.parametrize("proxy_scheme", ["http", "https"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_ways_through_a_proxy(face: Face, monkeypatch: pytest.MonkeyPatch, scheme: str, proxy_scheme: str) -> None:
    """Plain or under TLS, through a proxy that is asked plainly or under TLS: a page is a page."""
    monkeypatch.setitem(SETTINGS, "allow_http", value=True)
    with trusted(monkeypatch) as tls, faulty_server(answer, tls=tls) as service:
        with faulty_server(
            tunnel if scheme == "https" else answer, tls=tls if proxy_scheme == "https" else None
        ) as proxy:
            monkeypatch.setitem(SETTINGS, "proxy", proxy.url)
            assert [] == face.list_runs(At(service.url.replace("https:", f"{scheme}:")))
        assert (scheme == "https") == (service.connections > 0)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_address_of_ipv6_has_brackets_for_a_proxy(face: Face, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """A proxy is asked for an address of IPv6 in brackets, as a whole address and as the end of a tunnel."""
    heard: list[bytes] = []
    with faulty_server(listening(heard, lambda _: None)) as proxy:
        monkeypatch.setitem(SETTINGS, "allow_http", value=True)
        monkeypatch.setitem(SETTINGS, "proxy", proxy.url)
        with pytest.raises(TransportError):
            face.list_runs(At(f"{scheme}://[fd00::1]:8443"))

    expected = b"GET http://[fd00::1]:8443/v1/" if scheme == "http" else b"CONNECT [fd00::1]:8443 HTTP/1.1\r\n"
    assert heard[0].startswith(expected)
    assert b"Host: [fd00::1]:8443\r\n" in heard[0]


@pytest.mark.parametrize("order", [["threads", "tasks", "threads"], ["tasks", "threads"]])
def test_protocol_offered_in_tls_does_not_depend_on_history(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, order: list[str]
) -> None:
    """Each connection offers HTTP/1.1, whatever other clients of the process did before."""
    chosen: list[str | None] = []
    file = tmp_path / "trusted.pem"
    file.write_text(self_signed()[1], encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = tls_context.__wrapped__()
    monkeypatch.setattr("dataarts_datamap._transport.tls.tls_context", lambda: context)

    def note(connection: Connection) -> None:
        assert isinstance(connection.socket, ssl.SSLSocket)
        chosen.append(connection.socket.selected_alpn_protocol())
        answer(connection)

    server_side = self_signed()[0]
    server_side.set_alpn_protocols(["h2", "http/1.1"])
    with faulty_server(note, tls=server_side) as server:
        for name in order:
            FACES[name].list_runs(server)
    assert ["http/1.1"] * len(order) == chosen


@pytest.mark.parametrize(
    "endpoint", ["https://.host", "https://.", "http://.localhost:1", "https://h:99999", "https://h:x"]
)
def test_address_that_is_none(endpoint: str) -> None:
    """It is refused before anything is sent."""
    with pytest.raises(ConfigurationError, match="is not an address such as"):
        DataMapClient(**{**SETTINGS, "endpoint": endpoint})


@pytest.mark.parametrize(
    "endpoint", ["https://.host", "https://h:99999", "ftp://h", "h", "https://two..dots.invalid", "https://" + 70 * "a"]
)
@pytest.mark.parametrize("proxied", [False, True], ids=["straight", "proxied"])
def test_address_of_credentials_that_is_none(
    face: Face,
    monkeypatch: pytest.MonkeyPatch,
    endpoint: str,
    proxied: bool,  # noqa: FBT001  a case
) -> None:
    """Credentials of one's own can ask for anything: what is no address is an error of ours."""

    class Odd:
        def authenticate(self, request: Any) -> Any:
            yield from ()
            return replace(request, endpoint=endpoint)

    monkeypatch.setitem(SETTINGS, "credentials", Odd())
    with ExitStack() as stack:
        if proxied:
            monkeypatch.setitem(SETTINGS, "proxy", stack.enter_context(faulty_server(tunnel)).url)
        with pytest.raises(TransportError):
            face.list_runs(At("https://a.example"))
