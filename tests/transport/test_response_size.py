"""What a response may cost, however it is sent."""

from __future__ import annotations

import gzip
import itertools
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest

from dataarts_datamap import AnswerTooLargeError, Retry
from dataarts_datamap._messages import Request, Send
from dataarts_datamap._transport.response_builder import ResponseBuilder
from support.faces import SETTINGS, InstantClock
from support.faults import Connection, faulty_server, head

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.faces import Face

MANY = 200_000
MEGABYTE = 1_000_000


def builder(*, encoding: str = "", max_size: int = 64 * MEGABYTE) -> ResponseBuilder:
    """What takes a response whose head has come."""
    step = Send(Request(method="GET", endpoint="https://a.example", path="/"), 1e9)
    begun = ResponseBuilder(step, InstantClock(), max_size, None)
    begun.begin(200, [(b"Content-Encoding", encoding.encode())])
    return begun


def compressed(content: bytes, size: int) -> Iterable[bytes]:
    """The content compressed, in pieces of that many bytes."""
    whole = gzip.compress(content)
    return (whole[start : start + size] for start in range(0, len(whole), size))


@pytest.mark.parametrize(
    ("pieces", "encoding"),
    [
        pytest.param((b"abc" for _ in range(MANY)), "", id="3 bytes each"),
        pytest.param((b"a" for _ in range(3 * MANY)), "", id="1 byte each"),
        pytest.param((bytearray(b"abc") for _ in range(MANY)), "", id="as the parser gives them"),
        pytest.param(itertools.chain.from_iterable((b"x" * 5000, b"a") for _ in range(120)), "", id="large and small"),
        pytest.param(compressed(bytes(3 * MANY), 1), "gzip", id="compressed"),
    ],
)
def test_small_pieces_cost_their_content(pieces: Iterable[bytes], encoding: str) -> None:
    """A content in pieces of a few bytes takes a few times its size, and not many."""
    taken = builder(encoding=encoding)
    tracemalloc.start()
    for piece in pieces:
        taken.feed(piece)
    size, peak = len(taken.response().content), tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert 3 * MANY <= size
    assert peak < 3.5 * size


def test_content_is_put_together_in_its_order() -> None:
    """Pieces of any sizes come out as they came in."""
    pieces = [bytes([index % 256]) * (index * 37 % 9000) for index in range(500)]
    taken = builder()
    for piece in pieces:
        taken.feed(piece)

    assert b"".join(pieces) == taken.response().content


def endless_nothing() -> bytes:
    """A piece of a compressed content that comes to nothing, of 64 KiB, and can go on for ever."""
    stored = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    empty = stored.flush(zlib.Z_FULL_FLUSH)
    return empty * (65536 // len(empty))


def test_compressed_content_that_comes_to_nothing_ends(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is received is bounded, too, not only what comes out of it."""
    monkeypatch.setitem(SETTINGS, "max_answer_size", MEGABYTE)
    monkeypatch.setitem(SETTINGS, "retry", Retry(attempts=1))
    piece = endless_nothing()

    def script(connection: Connection) -> None:
        connection.read_head()
        connection.send(head("Content-Encoding: gzip") + gzip.compress(b"")[:10])
        while not connection.stopped.is_set():
            connection.send(piece)

    with faulty_server(script) as server, pytest.raises(AnswerTooLargeError):
        face.list_runs(server)


def test_content_in_chunks_without_end(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunked content is cut off at the limit."""
    monkeypatch.setitem(SETTINGS, "max_answer_size", MEGABYTE)
    monkeypatch.setitem(SETTINGS, "retry", Retry(attempts=1))

    def script(connection: Connection) -> None:
        connection.read_head()
        connection.send(head("Transfer-Encoding: chunked"))
        while not connection.stopped.is_set():
            connection.send(b"400\r\n" + 1024 * b"[" + b"\r\n")

    with faulty_server(script) as server, pytest.raises(AnswerTooLargeError):
        face.list_runs(server)
