"""The service for a benchmark, in a process of its own, so that it costs the client only socket traffic.

It writes its port as a line to its output and, when its input ends, the numbers of answered and refused requests.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import ssl
import sys
from collections import deque
from pathlib import Path
from typing import Final, cast
from urllib.parse import parse_qs, urlsplit

from benchmarks.rows import CONTENT_TYPE, Alphabet, Window, page

_REFUSAL: Final = b'{"error_code": "DLM.4290", "error_msg": "Too many requests"}'
_CACHED_PAGES: Final = 4  # for repeated requests; the pages of a walk are not cached


class Throttle:
    """Refuses requests beyond a number in any second.

    Args:
        most: The most requests that are answered in any second; 0 for no limit.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._answered: deque[float] = deque(maxlen=most or None)
        self.answered = 0
        self.refused = 0

    def admits(self, now: float) -> bool:
        """Whether a request that arrives now is answered."""
        if self._most and len(self._answered) == self._most and now - self._answered[0] < 1.0:
            self.refused += 1
            return False
        self.answered += 1
        if self._most:
            self._answered.append(now)
        return True


class Connection(asyncio.Protocol):
    """A connection, on which requests arrive one after the other.

    Args:
        throttle: The throttle of all connections.
        latency: Seconds until a request is answered.
        alphabet: The characters of its rows.
    """

    def __init__(self, throttle: Throttle, latency: float, alphabet: Alphabet) -> None:
        self._throttle = throttle
        self._latency = latency
        self._alphabet = alphabet
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the connection."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Receive bytes, and answer each request that they complete."""
        *requests, self._received = (self._received + data).split(b"\r\n\r\n")
        loop = asyncio.get_running_loop()
        for request in requests:
            admitted = self._throttle.admits(loop.time())
            target = request.split(b" ", 2)[1].decode("ascii")
            if self._latency:
                loop.call_later(self._latency, self._answer, target, admitted)
            else:
                self._answer(target, admitted)

    def _answer(self, target: str, admitted: bool) -> None:  # noqa: FBT001  called by the loop, which knows no keywords
        answer = _answer(target, self._alphabet) if admitted else _http(b"429 Too Many Requests", _REFUSAL)
        self._transport.write(answer)


@functools.lru_cache(_CACHED_PAGES)
def _answer(target: str, alphabet: Alphabet) -> bytes:
    query = parse_qs(urlsplit(target).query)
    start, end, offset, limit = (int(float(query[name][0])) for name in ("start_time", "end_time", "offset", "limit"))
    return _http(b"200 OK", page(Window(start, end), offset=offset, limit=limit, alphabet=alphabet))


def _http(status: bytes, content: bytes) -> bytes:
    head = b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
    return head % (status, CONTENT_TYPE.encode(), len(content)) + content


async def _serve(latency: float, requests_per_second: int, alphabet: Alphabet, certificate: Path | None) -> None:
    loop = asyncio.get_running_loop()
    throttle = Throttle(requests_per_second)
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    server = await loop.create_server(lambda: Connection(throttle, latency, alphabet), "127.0.0.1", 0, ssl=context)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    sys.stdout.write(json.dumps({"answered": throttle.answered, "refused": throttle.refused}))


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds until a request is answered")
    parser.add_argument("--requests-per-second", type=int, default=0, help="how many are answered at most; 0 for all")
    parser.add_argument("--alphabet", choices=Alphabet.__members__, default=Alphabet.MIXED.name)
    parser.add_argument("--certificate", type=Path, help="PEM file with certificate and key; without it, plain HTTP")
    given = parser.parse_args()
    asyncio.run(_serve(given.latency, given.requests_per_second, Alphabet[given.alphabet], given.certificate))


if __name__ == "__main__":
    _main()
