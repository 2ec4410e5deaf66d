"""Sends requests exactly as given: httpcore2, unlike the clients built on it, does not normalize them."""

from __future__ import annotations

import gzip
import ssl
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import httpcore2

from dataarts_datamap_contract.suite._http.messages import Response
from dataarts_datamap_contract.suite._http.proxies import environment_proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dataarts_datamap_contract.suite._http.messages import Request

_MOST_BYTES = 32 * 1024 * 1024
_TRANSIENT = frozenset({502, 503, 504})
_THROTTLED = 429
_MOST_WAITS = 5
_CONNECTIONS = 4
_LONGEST_WAIT = 10.0
_NO_RESPONSE = (
    httpcore2.NetworkError,
    httpcore2.TimeoutException,
    httpcore2.LocalProtocolError,
    httpcore2.ProxyError,
    OSError,
)
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "SEARCH"})


class BudgetSpentError(Exception):
    """The run has used up its requests."""


class NoResponseError(Exception):
    """A request got no response, or a broken one; the text says why."""


class InterruptedRunError(Exception):
    """The run cannot go on: the credentials expired, a quota is spent, a gateway fails, or the server is gone."""


class BrokenResponseError(NoResponseError):
    """A response violates HTTP, breaks off, has broken gzip, or is longer than 32 MiB.

    Attributes:
        request: The request that it responds to.
    """

    def __init__(self, problem: str, request: Request) -> None:
        super().__init__(problem)
        self.request = request


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast and how often requests may be sent.

    Attributes:
        most_requests: How many requests a run may send.
        interval: The least seconds from one request to the next.
        clock: Returns seconds of a monotonic clock.
        sleep: Waits for some seconds.
        tell: Called with a text before each wait that a 429 causes.
        timeout: How many seconds to wait for a connection, and for each read and write on it.
    """

    most_requests: int
    interval: float = 0.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    tell: Callable[[str], object] = str
    timeout: float = 20.0


class Caller:
    """Sends requests to one server at a pace. Methods that could write are sent only if that is allowed.

    After a 429, it waits and repeats the request, at most five times; after a 502, 503 or 504, without a response,
    or after a broken one, once. Requests go through the proxy that `environment_proxy` finds for the endpoint.

    Raises:
        TargetError: The environment names an unusable proxy.
    """

    def __init__(self, endpoint: str, pace: Pace, *, may_write: bool = False) -> None:
        parts = urlsplit(endpoint)
        self._url = (parts.scheme.encode(), (parts.hostname or "").encode("idna"), parts.port)
        self._extensions: dict[str, Any] = {
            "timeout": dict.fromkeys(("connect", "read", "write", "pool"), pace.timeout)
        }
        self.host = parts.netloc
        self.base_path = parts.path.rstrip("/")
        self._pace = pace
        self._may_write = may_write
        self._next = 0.0
        self.sent = 0
        self.proxy = environment_proxy(endpoint)
        proxy_has_tls = self.proxy is not None and self.proxy.address.startswith("https:")
        # Loading the certificates takes 20 ms of CPU.
        tls = ssl.create_default_context() if parts.scheme == "https" or proxy_has_tls else None
        proxy = None
        if self.proxy is not None:
            under_tls = tls if proxy_has_tls else None
            proxy = httpcore2.Proxy(self.proxy.address, auth=self.proxy.auth, ssl_context=under_tls)
            if ":" in (parts.hostname or ""):  # the library sends an IPv6 address to a proxy without brackets
                self._url = (self._url[0], b"[%b]" % self._url[1], self._url[2])
                self._extensions["sni_hostname"] = parts.hostname
        self._pool = httpcore2.ConnectionPool(ssl_context=tls, proxy=proxy, max_connections=_CONNECTIONS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()

    def pause(self, seconds: float) -> None:
        """Send nothing for so many seconds."""
        if seconds:
            self._pace.sleep(seconds)

    def send(self, request: Request) -> Response:
        """Send a request and return the response.

        Raises:
            BudgetSpentError: No request is left.
            NoResponseError: The server cannot be reached, does not respond in time, or its response is broken.
            ValueError: The method could write, and this is not allowed.
        """
        response = self._send_twice(request)
        for _ in range(_MOST_WAITS):
            if response.status != _THROTTLED:
                break
            seconds = _wait(response)
            self._pace.tell(f"waiting {seconds:g} s: the service throttles (429)")
            self._pace.sleep(seconds)
            response = self._send_once(request)
        return response

    def _send_twice(self, request: Request) -> Response:
        try:
            response = self._send_once(request)
        except NoResponseError:
            return self._send_once(request)
        if response.status in _TRANSIENT:
            self._pace.sleep(min(1.0, self._pace.interval or 0.05))
            return self._send_once(request)
        return response

    def _send_once(self, request: Request) -> Response:
        self.take_turn()
        return self._exchange(request)

    def send_together(self, requests: Sequence[Request]) -> list[Response]:
        """Send requests side by side, on at most four connections, and return their responses. None is repeated.

        Raises:
            BudgetSpentError: Too few requests are left.
            NoResponseError: One of them got no response, or a broken one.
            ValueError: A method could write, and this is not allowed.
        """
        for _ in requests:
            self.take_turn()
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            return list(pool.map(self._exchange, requests))

    def _exchange(self, request: Request) -> Response:
        if not (self._may_write or request.is_question or request.method in _SAFE_METHODS):
            raise ValueError(f"{request.method} could write: it is only sent to a mock")
        own = () if request.header("Accept-Encoding") else (("Accept-Encoding", "identity"),)
        has_length = (request.content or request.is_question) and not request.header("Transfer-Encoding")
        length = (("Content-Length", str(len(request.content))),) if has_length else ()
        fields = [("Host", self.host), *own, *request.fields, *length, *request.credential.fields]
        target = (self.base_path + request.target).encode("ascii")
        try:
            with self._pool.stream(
                request.method,
                httpcore2.URL(scheme=self._url[0], host=self._url[1], port=self._url[2], target=target),
                headers=[(name.encode("ascii"), value.encode("utf-8")) for name, value in fields],
                content=request.content or None,
                extensions=self._extensions,
            ) as response:
                return _decompressed(
                    request, response.status, _decode_fields(response.headers), _read(request, response)
                )
        except (httpcore2.RemoteProtocolError, httpcore2.ReadError) as error:
            raise BrokenResponseError(f"{type(error).__name__}: {error}", request) from error
        except _NO_RESPONSE as error:
            self._pool.close()  # after a failed handshake behind a proxy, the library counts the connection as used
            way = f" (through the proxy {self.proxy.address})" if self.proxy else ""
            raise NoResponseError(f"{type(error).__name__}: {error}{way}") from error

    def take_turn(self) -> None:
        """Wait until the next request may be sent, and count it.

        Raises:
            BudgetSpentError: No request is left.
        """
        if self.sent >= self._pace.most_requests:
            raise BudgetSpentError(f"the budget of {self._pace.most_requests} requests is spent")
        self.sent += 1
        now = self._pace.clock()
        if now < self._next:
            self._pace.sleep(self._next - now)
        self._next = max(now, self._next) + self._pace.interval


def _decompressed(request: Request, status: int, fields: tuple[tuple[str, str], ...], content: bytes) -> Response:
    """The response, decompressed if the request accepts nothing but gzip, and the response declares it."""
    response = Response(status, fields, content)
    coding = [value.lower() for value in response.header("Content-Encoding")]
    if coding != ["gzip"] or "gzip" not in request.header("Accept-Encoding") or not content:
        return response
    try:
        with gzip.open(BytesIO(content)) as file:
            plain = file.read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BrokenResponseError(f"the gzip of the response is broken: {error}", request) from error
    if len(plain) > _MOST_BYTES:
        raise BrokenResponseError(f"the response is longer than {_MOST_BYTES} bytes", request)
    return Response(status, tuple(each for each in fields if each[0].lower() != "content-encoding"), plain)


def _read(request: Request, response: httpcore2.Response) -> bytes:
    content = bytearray()
    for chunk in response.iter_stream():
        content += chunk
        if len(content) > _MOST_BYTES:
            raise BrokenResponseError(f"the response is longer than {_MOST_BYTES} bytes", request)
    return bytes(content)


def _decode_fields(fields: list[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in fields)


def _wait(response: Response) -> float:
    """How many seconds a 429 asks to wait, ten at most; one by default."""
    for value in response.header("Retry-After"):
        if value.isascii() and value.isdecimal():
            return min(float(value), _LONGEST_WAIT)
    return 1.0
