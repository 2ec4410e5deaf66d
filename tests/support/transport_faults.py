"""The table of faults between a client and a server, with the errors that a caller gets."""

# ruff: noqa: E501  one fault a line

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dataarts_datamap import (
    AnswerTooLargeError,
    AuthenticationError,
    CertificateError,
    ConnectionFailedError,
    DataMapError,
    InvalidBodyError,
    InvalidEnvelopeError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    StatusError,
    TransportError,
    UpstreamError,
)
from support.answers import envelope, run_page
from support.faults import Connection, head, whole

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = run_page().content
DEAD = "http://127.0.0.1:1"
QUICK = {"timeout": 0.15}
DUE = {"deadline": 0.4}
SMALL = {"max_answer_size": 100_000}


@dataclass(frozen=True)
class Fault:
    """A fault of a server, and the error that a caller gets.

    Attributes:
        name: What goes wrong.
        script: The server's actions on each connection; None for no server at all.
        kind: The class of the error.
        text: A part of the error's text.
        facts: Attributes of the error, after two attempts if it is retryable.
        settings: Further settings of the client.
        tls: The server's side of TLS; "trusted" for a certificate that the client trusts.
        url: The address, if it is not the server's.
    """

    name: str
    script: Callable[[Connection], None] | None
    kind: type[DataMapError]
    text: str = ""
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    tls: str = ""
    url: str = ""


def answers(content: bytes) -> Callable[[Connection], None]:
    """Sends these bytes on each connection, and closes it."""

    def script(connection: Connection) -> None:
        connection.read_head()
        connection.send(content)

    return script


def then(content: bytes, act: Callable[[Connection], None]) -> Callable[[Connection], None]:
    """Sends these bytes, and continues with another script."""

    def script(connection: Connection) -> None:
        connection.read_head()
        connection.send(content)
        act(connection)

    return script


def close(connection: Connection) -> None:
    """Do nothing, so that the connection is closed."""


def plain(connection: Connection) -> None:
    """Answer the beginning of TLS in plain text."""
    connection.socket.recv(65536)
    connection.send(whole(b"", status="400 Bad"))


def endless(piece: bytes) -> Callable[[Connection], None]:
    """Sends a piece again and again, as fast as possible."""

    def script(connection: Connection) -> None:
        while not connection.stopped.is_set():
            connection.send(piece)

    return script


def packed(content: bytes, *, cut: int | None = None) -> bytes:
    """A gzipped response with truncated compressed bytes."""
    return whole(gzip.compress(content, mtime=0)[:cut], "Content-Encoding: gzip")


BOMB = gzip.compress(bytes(200_000_000), 9)
ONCE = {"attempts": 1}
TWICE = {"attempts": 2}
BEGUN = {"attempts": 2, "status": 200, "request_id": "an-id"}
SEEN = {"attempts": 1, "status": 200, "request_id": "an-id"}
NOTHING = {"attempts": 2, "status": None, "request_id": None}

FAULTS: dict[str, list[Fault]] = {
    "No connection": [
        Fault("refused", None, ConnectionFailedError, DEAD, NOTHING, url=DEAD),
        Fault("no such name", None, ConnectionFailedError, "no connection to", NOTHING, url="https://nowhere.invalid"),
        Fault("closed at once", close, TransportError, "no complete response", NOTHING),
        Fault("closed after the request", answers(b""), TransportError, "no complete response", NOTHING),
        Fault("reset after the request", then(b"", Connection.reset), TransportError, "no complete response", NOTHING),
    ],
    "Silence": [
        Fault("silent from the start", Connection.hold, RequestTimeoutError, "in time", NOTHING, QUICK),
        Fault("silent after the status", then(b"HTTP/1.1 200 OK\r\n", Connection.hold), RequestTimeoutError, "in time", NOTHING, QUICK),
        Fault("silent inside a header", then(b"HTTP/1.1 200 OK\r\nX-Req", Connection.hold), RequestTimeoutError, "in time", NOTHING, QUICK),
        Fault("silent inside the content", then(head("Content-Length: 9") + b"{", Connection.hold), RequestTimeoutError, "in time", BEGUN, QUICK),
        Fault("silent inside a chunk", then(head("Transfer-Encoding: chunked") + b"9\r\n{", Connection.hold), RequestTimeoutError, "in time", BEGUN, QUICK),
    ],
    "A server that sends without end": [
        Fault("dribbled status", then(b"", lambda c: c.dribble(b"HTTP/1.1 " + b"2" * 9999)), RequestTimeoutError, "deadline", ONCE, DUE),
        Fault("dribbled header", then(b"HTTP/1.1 200 OK\r\n", lambda c: c.dribble(b"X-Long: " + b"a" * 9999)), RequestTimeoutError, "deadline", ONCE, DUE),
        Fault("dribbled content", then(head("Content-Length: 99999"), lambda c: c.dribble(b" ")), RequestTimeoutError, "deadline", SEEN, DUE),
        Fault("dribbled chunks", then(head("Transfer-Encoding: chunked"), lambda c: c.dribble(b"1\r\n \r\n")), RequestTimeoutError, "deadline", SEEN, DUE),
        Fault("dribbled without a length", then(head(), lambda c: c.dribble(b" ")), RequestTimeoutError, "deadline", SEEN, DUE),
        Fault("silent up to the deadline", Connection.hold, RequestTimeoutError, "deadline", ONCE, DUE),
        Fault("interim responses without end", then(b"", lambda c: c.dribble(b"HTTP/1.1 103 Early Hints\r\n\r\n", every=0.001)), RequestTimeoutError, "deadline", ONCE, DUE),
    ],
    "Cut short": [
        Fault("cut inside a header", answers(b"HTTP/1.1 200 OK\r\nX-Req"), TransportError, "no complete response", NOTHING),
        Fault("cut inside the content", answers(head("Content-Length: 9999") + PAGE), TransportError, "no complete response", BEGUN),
        Fault("cut inside a chunk", answers(head("Transfer-Encoding: chunked") + b"ff\r\n{"), TransportError, "no complete response", BEGUN),
        Fault("cut before the last chunk", answers(head("Transfer-Encoding: chunked") + b"1\r\n{\r\n"), TransportError, "no complete response", BEGUN),
        Fault("reset inside the content", then(head("Content-Length: 9999") + PAGE, Connection.reset), TransportError, "no complete response", TWICE),
        Fault("cut without a length", answers(head("Connection: close") + PAGE[:-5]), InvalidEnvelopeError, "not JSON", SEEN),
    ],
    "Not HTTP": [
        Fault("another protocol", answers(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), TransportError, "no complete response", NOTHING),
        Fault("no status", answers(b"HTTP/1.1 fine\r\n\r\n"), TransportError, "no complete response", NOTHING),
        Fault("no chunk size", answers(head("Transfer-Encoding: chunked") + b"many\r\n"), TransportError, "no complete response", BEGUN),
        Fault("two lengths", answers(head("Content-Length: 1", "Content-Length: 2") + b"{}"), TransportError, "no complete response", NOTHING),
        Fault("negative length", answers(head("Content-Length: -1")), TransportError, "no complete response", NOTHING),
        Fault("invalid header", answers(head("no colon")), TransportError, "no complete response", NOTHING),
        Fault("oversized headers", answers(head(*[f"X-{n}: {'a' * 999}" for n in range(200)])), TransportError, "no complete response", NOTHING),
        Fault("another protocol requested", answers(head("Upgrade: h2c", "Connection: Upgrade", status="101 Switching")), TransportError, "no complete response", NOTHING),
    ],
    "Compression": [
        Fault("invalid gzip", answers(whole(PAGE, "Content-Encoding: gzip")), TransportError, "broken compression", BEGUN),
        Fault("truncated gzip", answers(packed(PAGE, cut=-9)), TransportError, "truncated compressed content", BEGUN),
        Fault("gzip with a wrong checksum", answers(whole(gzip.compress(PAGE)[:-8] + bytes(8), "Content-Encoding: gzip")), TransportError, "broken compression", BEGUN),
        Fault("gzip and garbage", answers(whole(gzip.compress(PAGE) + b"rubbish", "Content-Encoding: gzip")), TransportError, "broken compression", BEGUN),
        Fault("gzip bomb", answers(whole(BOMB, "Content-Encoding: gzip")), AnswerTooLargeError, "100000 bytes", SEEN, SMALL),
        Fault("gzip bomb of many members", answers(whole(gzip.compress(bytes(9000)) * 99, "Content-Encoding: gzip")), AnswerTooLargeError, "100000 bytes", SEEN, SMALL),
        Fault("unknown encoding", answers(whole(PAGE, "Content-Encoding: br")), InvalidEnvelopeError, "'br'", SEEN),
        Fault("two encodings", answers(whole(PAGE, "Content-Encoding: gzip", "Content-Encoding: gzip")), InvalidEnvelopeError, "'gzip, gzip'", SEEN),
    ],
    "Size": [
        Fault("endless content", then(head("Content-Length: 99999999999"), endless(b" " * 9999)), AnswerTooLargeError, "max_answer_size", SEEN, SMALL),
        Fault("endless chunks", then(head("Transfer-Encoding: chunked"), endless(b"a\r\n0123456789\r\n" * 99)), AnswerTooLargeError, "max_answer_size", SEEN, SMALL),
        Fault("endless without a length", then(head(), endless(b" " * 9999)), AnswerTooLargeError, "max_answer_size", SEEN, SMALL),
    ],
    "Invalid responses": [
        Fault("redirect to another host", answers(whole(b"", "Location: http://127.0.0.2:1/", status="301 Moved")), InvalidEnvelopeError, "HTTP 301", {"attempts": 1, "status": 301}),
        Fault("redirect to itself", answers(whole(b"", "Location: /", status="307 Again")), InvalidEnvelopeError, "HTTP 307", {"attempts": 1, "status": 307}),
        Fault("no content", answers(head(status="204 No Content")), InvalidEnvelopeError, "HTTP 204", {"attempts": 1, "status": 204}),
        Fault("not modified", answers(head(status="304 Not Modified")), InvalidEnvelopeError, "HTTP 304", {"attempts": 1, "status": 304}),
        Fault("empty", answers(whole(b"")), InvalidEnvelopeError, "not JSON", SEEN),
        Fault("HTML", answers(whole(b"<html>Sign in</html>", "Content-Type: text/html")), InvalidEnvelopeError, "not JSON", SEEN),
        Fault("UTF-16", answers(whole(PAGE.decode().encode("utf-16"))), InvalidEnvelopeError, "not JSON", SEEN),
        Fault("not UTF-8", answers(whole(b'{"status_code": 200, "body": "\xff\xfe"}')), InvalidEnvelopeError, "not JSON", SEEN),
        Fault("nested too deeply", answers(whole(b'{"body":' * 100_000)), InvalidEnvelopeError, "nested too deeply", SEEN),
        Fault("null body", answers(whole(envelope(None).content)), InvalidBodyError, "null", SEEN),
    ],
    "Error responses": [
        Fault("refused key", answers(whole(b'{"error_code": "APIGW.0301", "error_msg": "no"}', status="401 No")), AuthenticationError, "APIGW.0301", {"attempts": 1, "status": 401, "error_code": "APIGW.0301", "error_message": "no", "request_id": "an-id"}),
        Fault("throttled for a day", answers(whole(b"{}", "Retry-After: 86400", status="429 Busy")), RateLimitError, "HTTP 429", {"attempts": 1, "status": 429, "retry_after": 86400.0}),
        Fault("throttled", answers(whole(b"{}", "Retry-After: 3", status="429 Busy")), RateLimitError, "HTTP 429", {"attempts": 2, "status": 429, "retry_after": 3.0}),
        Fault("HTML from a gateway", answers(whole(b"<html>Bad gateway</html>", status="502 Bad")), ServerError, "Bad gateway", {"attempts": 2, "status": 502}),
        Fault("cut inside an error response", answers(head("Content-Length: 99", status="503 Busy")), TransportError, "no complete response", {"attempts": 2, "status": 503}),
        Fault("page of a proxy", answers(whole(b"", status="407 Who")), StatusError, "HTTP 407", {"attempts": 1, "status": 407}),
        Fault("busy inside an envelope", answers(whole(envelope("{}", status_code=503).content)), UpstreamError, "503", {**BEGUN, "upstream_status": 503}),
        Fault("refused inside an envelope", answers(whole(envelope("{}", status_code=401).content)), UpstreamError, "401", {**SEEN, "upstream_status": 401}),
    ],
    "TLS": [
        Fault("self-signed certificate", close, CertificateError, "self-signed", ONCE, tls="127.0.0.1"),
        Fault("certificate of another host", close, CertificateError, "mismatch", ONCE, tls="trusted other.example"),
        Fault("no TLS", lambda c: c.send(whole(PAGE)), ConnectionFailedError, "write http:// in place of https://", NOTHING, url="https"),
        Fault("another protocol in place of TLS", lambda c: c.send(b"SSH-2.0-OpenSSH_9.2\r\n"), ConnectionFailedError, "the port does not use TLS", NOTHING, url="https"),
        Fault("closed before TLS", close, ConnectionFailedError, "no connection to https", NOTHING, url="https"),
        Fault("silent before TLS", Connection.hold, ConnectionFailedError, "in time", NOTHING, QUICK, url="https"),
        Fault("dribbled TLS", lambda c: c.dribble(b"\x16\x03\x03\x3f\xff" + bytes(9999)), RequestTimeoutError, "deadline", ONCE, DUE, url="https"),
        Fault("cut inside TLS", answers(head("Content-Length: 9999") + PAGE), TransportError, "no complete response", BEGUN, tls="trusted 127.0.0.1"),
        Fault("dribbled inside TLS", then(head("Content-Length: 9999"), lambda c: c.dribble(b" ")), RequestTimeoutError, "deadline", SEEN, DUE, tls="trusted 127.0.0.1"),
    ],
    "Proxies": [
        Fault("unreachable proxy", None, ConnectionFailedError, f"through the proxy {DEAD}", NOTHING, {"proxy": "http://a:PROXY-SECRET@127.0.0.1:1"}, url="https://nowhere.invalid"),
        Fault("refused by the proxy", answers(whole(b"", status="407 Who")), ConnectionFailedError, "407", {"attempts": 1, "status": 407}, url="proxy"),
        Fault("no TLS with the proxy", lambda c: c.send(whole(b"", status="400 Bad")), ConnectionFailedError, "the port does not use TLS", NOTHING, url="https proxy"),
        Fault("no TLS behind the proxy", then(whole(b""), plain), ConnectionFailedError, "write http:// in place of https://", NOTHING, url="proxy"),
        Fault("busy proxy", answers(whole(b"", status="502 Bad")), ConnectionFailedError, "502", {"attempts": 2, "status": 502}, url="proxy"),
    ],
}  # fmt: skip
