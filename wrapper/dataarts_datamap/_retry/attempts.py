"""Reports each attempt of a request to the log ``dataarts_datamap``, and to a hook of the caller."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

from dataarts_datamap._secrets import mask
from dataarts_datamap._text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dataarts_datamap._clock import Clock
    from dataarts_datamap._errors import DataMapError
    from dataarts_datamap._messages import Request, Response

_log: Final = logging.getLogger("dataarts_datamap")

# The only headers that a log record shows.
_SENT_HEADERS: Final = ("content-type", "instance", "x-project-id", "x-sdk-date")
_RECEIVED_HEADERS: Final = (
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "retry-after",
    "server",
    "x-request-id",
)
_SHORT: Final = 80


class Attempt(Struct, frozen=True, kw_only=True):
    """One request that was sent, and how it ended.

    A call that is retried has several. If credentials send a request first, such as for a token, that request has its
    own ``Attempt``, with the number of the attempt that needed it. An ``Attempt`` holds nothing secret: no header, no
    query and no content; credentials that a server echoed are masked.

    Attributes:
        method: HTTP method.
        endpoint: Scheme, host, port and path prefix of the service.
        path: Path below the prefix, percent-encoded, without its query.
        number: Number of the attempt within its call, from 1.
        elapsed: Seconds from sending the request to the last byte of its response, or to its failure.
        status: HTTP status of the response, or of a proxy's refusal to connect; None if neither began.
        size: Size of the response in bytes, decompressed; None if no complete response arrived.
        request_id: The server's id of the request, escaped and cut off after 80 characters; None if it sent none.
        error: Kind of error that the attempt ended in; None if it succeeded, or if its call went on at once, such as
            with new credentials after a token has expired.
        error_code: Code of the error, such as ``APIGW.0308``, escaped and cut off like ``request_id``; None
            without a code.
        next_wait: Seconds to wait before the next attempt; None if no attempt follows, or if ``error`` is None.
    """

    method: str
    endpoint: str
    path: str
    number: int
    elapsed: float
    status: int | None = None
    size: int | None = None
    request_id: str | None = None
    error: type[DataMapError] | None = None
    error_code: str | None = None
    next_wait: float | None = None

    @property
    def will_retry(self) -> bool:
        """Whether another attempt follows the error, after ``next_wait`` seconds."""
        return self.next_wait is not None


AttemptHook: TypeAlias = Callable[[Attempt], object]
"""A function that is called after each attempt, when it is known whether another follows; its result is ignored."""


class AttemptReporter:
    """Reports to the log, and to the hook if there is one.

    A hook that raises does not break a call; only its first exception is logged.
    """

    def __init__(self, hook: AttemptHook | None = None) -> None:
        self._hook = hook
        self._hook_failed = False

    def report(self, attempt: Attempt, request: Request, response: Response | None) -> None:
        level = logging.INFO if attempt.will_retry else logging.DEBUG
        if _log.isEnabledFor(level):
            _log.log(level, "%s", ", ".join(_line(attempt, request, response)), extra={"attempt": attempt})
        if self._hook is None:
            return
        try:
            self._hook(attempt)
        except Exception:  # noqa: BLE001  a failure of the hook is not one of the call
            if not self._hook_failed:
                self._hook_failed = True
                _log.exception("on_attempt raised; the call goes on, and this client will not log it again")

    @property
    def is_heard(self) -> bool:
        """Whether anyone could see a report."""
        return self._hook is not None or _log.isEnabledFor(logging.INFO)


class AttemptLog:
    """The requests of one attempt, each reported when it has ended."""

    def __init__(self, reporter: AttemptReporter, clock: Clock, number: int) -> None:
        self._reporter = reporter
        self._clock = clock
        self._number = number
        self._request: Request | None = None
        self._response: Response | None = None
        self._started = self._ended = 0.0

    def begin(self, request: Request) -> None:
        """Note that a request is sent; the previous one of the attempt, if any, is reported without an error."""
        self.end()
        self._request, self._response = request, None
        self._started = self._clock.monotonic()

    def arrive(self, response: Response | None = None) -> None:
        self._response, self._ended = response, self._clock.monotonic()

    def end(self, error: DataMapError | None = None, *, next_wait: float | None = None) -> None:
        request, self._request = self._request, None
        if request is not None and self._reporter.is_heard:
            attempt = self._attempt(request, error, next_wait)
            self._reporter.report(attempt, request, self._response)

    def _attempt(self, request: Request, error: DataMapError | None, next_wait: float | None) -> Attempt:
        response = self._response
        status = response.status if response else None
        request_id = response.headers.get("x-request-id") if response else None
        code = None
        if error is not None:
            status, request_id, code = status or error.status, error.request_id or request_id, error.error_code
        return Attempt(
            method=request.method,
            endpoint=request.endpoint,
            path=request.path,
            number=self._number,
            elapsed=self._ended - self._started,
            status=status,
            size=len(response.content) if response else None,
            request_id=_short(request_id, request, response),
            error=None if error is None else type(error),
            error_code=_short(code, request, response),
            next_wait=next_wait,
        )


def _line(attempt: Attempt, request: Request, response: Response | None) -> Iterator[str]:
    """One attempt in words, with the headers that are known to be harmless."""
    ended = (
        f"HTTP {attempt.status}" if attempt.status else "no response",
        attempt.error.__name__ if attempt.error else "",
        attempt.error_code or "",
    )
    outcome = " ".join(filter(None, ended))
    yield f"{attempt.method} {attempt.endpoint}{attempt.path}, attempt {attempt.number}: {outcome}"
    yield f"after {attempt.elapsed:.3f} s"
    if attempt.size is not None:
        yield f"{attempt.size} bytes"
    if attempt.next_wait is not None:
        yield f"again in {attempt.next_wait:.3f} s"
    yield from _shown_headers("sent", request.headers, _SENT_HEADERS, request, response)
    if response is not None:
        yield from _shown_headers("received", response.headers, _RECEIVED_HEADERS, request, response)


def _shown_headers(
    what: str, headers: Mapping[str, str], names: tuple[str, ...], request: Request, response: Response | None
) -> Iterator[str]:
    known = {name.lower(): value for name, value in headers.items()}
    shown = [f"{name}: {_short(known[name], request, response)}" for name in names if name in known]
    if shown:
        yield f"{what} [{'; '.join(shown)}]"


def _short(text: str | None, request: Request, response: Response | None) -> str | None:
    received = (response.headers,) if response else ()
    if not text:
        return text
    return printable(mask(text, request.headers, *received, secrets=request.secrets, limit=_SHORT), limit=_SHORT)
