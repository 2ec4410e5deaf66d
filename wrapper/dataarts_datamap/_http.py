"""Sends requests and brings back whole answers: the one module that knows the HTTP library.

No type of that library leaves it, and neither does one of its exceptions: not even as the cause or context of ours,
since it holds the request with its credentials.
"""

from __future__ import annotations

import platform
from functools import cache
from typing import TYPE_CHECKING, Final, TypedDict, TypeVar

import httpx

from dataarts_datamap._errors import (
    ClientClosedError,
    ConnectionFailedError,
    DataMapError,
    RequestTimeoutError,
    TransportError,
)
from dataarts_datamap._messages import Response, Sleep
from dataarts_datamap._text import printable
from dataarts_datamap._version import __version__

if TYPE_CHECKING:
    import ssl

    from dataarts_datamap._clock import Clock
    from dataarts_datamap._messages import Request, Send, Steps

T = TypeVar("T")

_LONGEST_CONNECT: Final = 10.0
_USER_AGENT: Final = f"dataarts-datamap/{__version__} python/{platform.python_version()}"


class SyncTransport:
    """Takes steps over one pool of connections.

    Args:
        timeout: Seconds to wait for the next bytes, and for a connection, of which ten at most.
        clock: Time.
    """

    def __init__(self, *, timeout: float, clock: Clock) -> None:
        self._clock = clock
        self._client = httpx.Client(**_settings(timeout))

    def run(self, steps: Steps[T]) -> T:
        """What the steps return, each of them taken.

        Raises:
            ClientClosedError: The transport was closed.
            TransportError: No whole answer came back.
        """
        try:
            step = next(steps)
            while True:
                if isinstance(step, Sleep):
                    self._clock.sleep(step.seconds)
                    step = next(steps)
                    continue
                try:
                    response = self._send(step)
                except DataMapError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(response)
        except StopIteration as stop:
            result: T = stop.value
            return result

    def close(self) -> None:
        """Close the connections; again is harmless."""
        self._client.close()

    def _send(self, step: Send) -> Response:
        _refuse_closed(self._client.is_closed)
        request = step.request
        started = self._clock.monotonic()
        try:
            answer = self._client.send(_build(self._client, request))
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            failure = _failure(error, request, self._clock.monotonic() - started)
        else:
            return _response(answer, request, self._clock.monotonic() - started)
        raise failure


class AsyncTransport:
    """Takes steps over one pool of connections, in an event loop.

    Args:
        timeout: Seconds to wait for the next bytes, and for a connection, of which ten at most.
        clock: Time.
    """

    def __init__(self, *, timeout: float, clock: Clock) -> None:
        self._clock = clock
        self._client = httpx.AsyncClient(**_settings(timeout))

    async def run(self, steps: Steps[T]) -> T:
        """What the steps return, each of them taken.

        Raises:
            ClientClosedError: The transport was closed.
            TransportError: No whole answer came back.
        """
        try:
            step = next(steps)
            while True:
                if isinstance(step, Sleep):
                    await self._clock.sleep_async(step.seconds)
                    step = next(steps)
                    continue
                try:
                    response = await self._send(step)
                except DataMapError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(response)
        except StopIteration as stop:
            result: T = stop.value
            return result

    async def close(self) -> None:
        """Close the connections; again is harmless."""
        await self._client.aclose()

    async def _send(self, step: Send) -> Response:
        _refuse_closed(self._client.is_closed)
        request = step.request
        started = self._clock.monotonic()
        try:
            answer = await self._client.send(_build(self._client, request))
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            failure = _failure(error, request, self._clock.monotonic() - started)
        else:
            return _response(answer, request, self._clock.monotonic() - started)
        raise failure


_FAILURES: Final[tuple[tuple[type[Exception], type[TransportError], str], ...]] = (
    (httpx.ConnectTimeout, ConnectionFailedError, "no connection in time to"),
    (httpx.ConnectError, ConnectionFailedError, "no connection to"),
    (httpx.TimeoutException, RequestTimeoutError, "no answer in time from"),
)


class _Settings(TypedDict):
    timeout: httpx.Timeout
    headers: dict[str, str]
    verify: ssl.SSLContext


def _settings(timeout: float) -> _Settings:
    return {
        "timeout": httpx.Timeout(timeout, connect=min(timeout, _LONGEST_CONNECT)),
        "headers": {"User-Agent": _USER_AGENT},
        "verify": _tls_context(),
    }


@cache
def _tls_context() -> ssl.SSLContext:
    # Loading the certificates takes 20 ms of CPU: clients share them.
    return httpx.create_ssl_context()


def _refuse_closed(closed: bool) -> None:  # noqa: FBT001  a fact, not a switch
    if closed:
        raise ClientClosedError("the client is closed: make a new one, or close it later")


def _build(client: httpx.Client | httpx.AsyncClient, request: Request) -> httpx.Request:
    # As bytes, so that a header that is not ASCII goes out as UTF-8, which is what a signature covers.
    headers = [(name.encode(), value.encode()) for name, value in request.headers.items()]
    return client.build_request(request.method, request.url, headers=headers, content=request.content or None)


def _response(answer: httpx.Response, request: Request, elapsed: float) -> Response:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Response(
        request=request, status=answer.status_code, headers=headers, content=answer.content, elapsed=elapsed
    )


def _failure(error: Exception, request: Request, elapsed: float) -> TransportError:
    kind, problem = next(
        ((kind, problem) for cause, kind, problem in _FAILURES if isinstance(error, cause)),
        (TransportError, "no whole answer from"),
    )
    reason = printable(str(error) or type(error).__name__, limit=200)
    text = f"{problem} {request.endpoint}: {reason}"
    return kind(text, method=request.method, path=request.path, attempts=1, elapsed=elapsed)
