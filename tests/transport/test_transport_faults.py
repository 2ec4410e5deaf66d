"""What goes wrong between a client and a server, each thing over a real socket and through both faces."""

from __future__ import annotations

import asyncio
import gzip
import json
import pickle
import ssl
from contextlib import ExitStack
from inspect import isawaitable
from threading import Event
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import pytest

from dataarts_datamap import AnswerTooLargeError, AsyncDataMapClient, DataMapClient, DataMapError, Retry, TransportError
from dataarts_datamap._transport.decompression import Decompressor
from support import fault_page
from support.answers import page_body
from support.faces import SETTINGS, TOKEN, At
from support.faults import Connection, faulty_server, head, self_signed, whole
from support.transport_faults import BOMB, FAULTS, PAGE, Fault, answers, packed, then

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.faces import Face


ALL_FAULTS = [fault for faults in FAULTS.values() for fault in faults]


def test_page_of_the_faults() -> None:
    """The page in the docs is what the table of the faults makes of it, and its rows can be told apart."""
    assert fault_page.render() == fault_page.PAGE.read_text(encoding="utf-8"), "run make faults and commit the result"
    assert len(ALL_FAULTS) == len({fault.name for fault in ALL_FAULTS})
    assert len(ALL_FAULTS) > 40


def failure_of(fault: Fault, face: Face, monkeypatch: pytest.MonkeyPatch) -> tuple[DataMapError, str]:
    """The error that a call ends in, and the address that was called."""
    monkeypatch.setitem(SETTINGS, "retry", Retry(attempts=2, throttled_attempts=2))
    monkeypatch.setitem(SETTINGS, "timeout", 5)
    for name, value in fault.settings.items():
        monkeypatch.setitem(SETTINGS, name, value)
    url = fault.url
    with ExitStack() as stack:
        if fault.script is not None:
            tls = self_signed(fault.tls.split()[-1])[0] if fault.tls else None
            server = stack.enter_context(faulty_server(fault.script, tls=tls))
            url = server.url
            if fault.url == "https":
                url = url.replace("http:", "https:")
            elif fault.url.endswith("proxy"):
                scheme = fault.url.removesuffix("proxy").strip() or "http"
                monkeypatch.setitem(SETTINGS, "proxy", url.replace("http://", f"{scheme}://a:PROXY-SECRET@"))
                url = "https://nowhere.invalid"
        with pytest.raises(DataMapError) as caught:
            face.list_runs(At(url))
    return caught.value, url


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Callable[[str], None]:
    """Makes clients trust the certificate of a host, in place of all others."""

    def begin(host: str) -> None:
        file = tmp_path / "trusted.pem"
        file.write_text(self_signed(host)[1], encoding="ascii")
        context = ssl.create_default_context(cafile=file)
        monkeypatch.setattr("dataarts_datamap._transport.tls.tls_context", lambda: context)

    return begin


@pytest.mark.parametrize("fault", ALL_FAULTS, ids=lambda fault: fault.name)
def test_fault(
    fault: Fault,
    face: Face,
    monkeypatch: pytest.MonkeyPatch,
    trust: Callable[[str], None],
    request: pytest.FixtureRequest,
) -> None:
    """Each fault is an error of the tree that tells what is known of the exchange, and nothing that is secret."""
    assert request.node.name in fault_page.test_names(fault)
    if fault.tls.startswith("trusted"):
        trust(fault.tls.split()[-1])
    error, _ = failure_of(fault, face, monkeypatch)

    assert (fault.kind, "GET", ANY) == (type(error), error.method, str(error))
    assert fault.text in str(error)
    assert fault.facts == {name: getattr(error, name) for name in fault.facts}
    assert (error.path or "").endswith("/datamap/node/937987/instances")
    assert 0 < (error.elapsed or 0) < fault.settings.get("deadline", 9) + 2
    assert (None, None) == (error.__cause__, error.__context__)
    shown = f"{error}{vars(error)}"
    assert TOKEN not in shown
    assert "PROXY-SECRET" not in shown
    assert error == pickle.loads(pickle.dumps(error))  # noqa: S301  our own pickle


def hang_up(connection: Connection) -> None:
    """Listen, and close."""
    connection.socket.recv(65536)


@pytest.mark.parametrize(("scheme", "script"), [("http", then(b"", Connection.reset)), ("https", hang_up)])
def test_reason_of_a_connection_that_breaks(
    face: Face, monkeypatch: pytest.MonkeyPatch, scheme: str, script: Callable[[Connection], None]
) -> None:
    """The error tells how it broke: a reset as the system calls it, and that what came ended too early."""
    monkeypatch.setitem(SETTINGS, "retry", Retry(attempts=1))
    with faulty_server(script) as server, pytest.raises(TransportError, match=r"127.0.0.1:\d+: \S"):
        face.list_runs(At(server.url.replace("http:", f"{scheme}:")))


def test_content_decides_and_not_its_type(face: Face) -> None:
    """A healthy page is read whatever its Content-Type says."""
    with faulty_server(answers(whole(PAGE, "Content-Type: text/html"))) as server:
        assert [] == face.list_runs(server)


@pytest.mark.parametrize(
    "content", [packed(PAGE),
                whole(b"".join(gzip.compress(half, mtime=0) for half in (PAGE[:9], PAGE[9:])),
                      "Content-Encoding: gzip"),
                whole(PAGE, "Content-Encoding: identity"), head("Connection: close") + PAGE],
)  # fmt: skip
def test_ways_to_send_a_page(face: Face, content: bytes) -> None:
    """Compressed, compressed in two members, told not to be, and without a length: a page is a page."""
    with faulty_server(answers(content)) as server:
        assert [] == face.list_runs(server)


def test_a_bomb_is_never_unpacked_whole() -> None:
    """No more than was asked for is unpacked, however much there is."""
    assert 1000 == len(Decompressor("gzip").unpack(BOMB, 1000))


def test_size_limit_is_the_largest_size(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer of exactly the limit is read, compressed or not; of one byte more, it is refused."""
    for content in (whole(PAGE), packed(PAGE)):
        with faulty_server(answers(content)) as server:
            monkeypatch.setitem(SETTINGS, "max_answer_size", len(PAGE))
            assert [] == face.list_runs(server)
            monkeypatch.setitem(SETTINGS, "max_answer_size", len(PAGE) - 1)
            with pytest.raises(AnswerTooLargeError):
                face.list_runs(server)


def test_no_connection_is_used_after_a_timeout(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes too late on a connection is never taken for the next answer: the connection is closed."""
    late = whole(json.dumps({"status_code": 200, "body": json.dumps(page_body({"status": "late"}))}).encode())
    monkeypatch.setitem(SETTINGS, "timeout", 0.3)
    served: list[Connection] = []
    asked_again = Event()

    def script(connection: Connection) -> None:
        served.append(connection)
        connection.read_head()
        if connection is served[0]:
            asked_again.wait(10)
            connection.send(late)
        else:
            asked_again.set()
            connection.send(whole(PAGE))

    with faulty_server(script) as server:
        assert [] == face.list_runs(server)
        assert asked_again.is_set()


@pytest.mark.parametrize("way", ["straight", "proxy"])
@pytest.mark.parametrize("client_type", [DataMapClient, AsyncDataMapClient])
def test_more_than_an_answer(client_type: Any, way: str) -> None:
    """What comes behind an answer, unasked, never becomes the answer to the next request."""
    operator = json.dumps([{"task_id": 1, "job_name": "not asked for"}]).encode()

    def answer_twice(connection: Connection) -> None:
        while connection.read_request():
            connection.send(b"".join(head(f"Content-Length: {len(each)}") + each for each in (b"[]", operator)))

    async def ask_twice(settings: dict[str, Any]) -> list[Any]:
        client = client_type(**settings)
        answers = [client.list_operators("a-table") for _ in range(2)]
        return [await answer if isawaitable(answer) else answer for answer in (*answers, client.close())][:2]

    with faulty_server(answer_twice) as server:
        proxy = {"proxy": server.url, "endpoint": "http://service.example", "allow_http": True}
        settings = {**SETTINGS, **({"endpoint": server.url} if way == "straight" else proxy)}
        assert [[], []] == asyncio.run(ask_twice(settings))


def test_trusted_certificate(face: Face, trust: Callable[[str], None]) -> None:
    """A certificate that is trusted is no fault."""
    trust("127.0.0.1")
    with faulty_server(answers(whole(PAGE)), tls=self_signed("127.0.0.1")[0]) as server:
        assert [] == face.list_runs(server)
