"""A response while it arrives, or the error that it becomes."""

from __future__ import annotations

import socket
import ssl
import zlib
from typing import TYPE_CHECKING, Final, TypeVar

from dataarts_datamap._errors import (
    AnswerTooLargeError,
    CertificateError,
    ConnectionFailedError,
    DataMapError,
    InvalidArgumentError,
    InvalidEnvelopeError,
    RequestTimeoutError,
    TransportError,
)
from dataarts_datamap._messages import Response, Send
from dataarts_datamap._secrets import LARGEST_TEXT, mask
from dataarts_datamap._text import printable
from dataarts_datamap._transport.decompression import Decompressor
from dataarts_datamap._transport.tls import NO_TLS_ADVICE, is_without_tls
from dataarts_datamap._transport.wire import (
    ConnectError,
    ConnectTimeoutError,
    InvalidRequestError,
    PoolTimeoutError,
    ProxyError,
    WireTimeoutError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataarts_datamap._clock import Clock
    from dataarts_datamap._transport.proxies import Proxy

ErrorT = TypeVar("ErrorT", bound=DataMapError)

_SMALL: Final = 4096  # each chunk costs about a hundred bytes besides its content
_MOST_OVERHEAD: Final = 64 * 1024  # bytes by which compressed content may exceed the maximum size of a response

_FAILURES: Final[tuple[tuple[type[Exception], type[TransportError], str], ...]] = (
    (ConnectTimeoutError, ConnectionFailedError, "no connection in time to"),
    (PoolTimeoutError, RequestTimeoutError, "no connection was free in time to"),
    (WireTimeoutError, RequestTimeoutError, "no response in time from"),
    (TimeoutError, RequestTimeoutError, "no complete response before the deadline from"),
    (ConnectError, ConnectionFailedError, "no connection to"),
    (socket.gaierror, ConnectionFailedError, "no connection to"),
    (zlib.error, TransportError, "broken compression from"),
)


_PARTIAL: Final = 206


class ResponseBuilder:
    """A response while it arrives, or the error that it becomes.

    Attributes:
        is_over: Whether reading has ended; only set by ``AsyncTransport``.
    """

    def __init__(self, step: Send, clock: Clock, max_size: int, proxy: Proxy | None) -> None:
        self._request = step.request
        self._until = step.until
        self._clock = clock
        self._max_size = max_size
        self._proxy = proxy
        self._started = clock.monotonic()
        self._head: tuple[int, dict[str, str]] | None = None
        self._unpacker = Decompressor("")
        self._parts: list[bytes | bytearray] = []
        self._is_gathering = False
        self._size = self._received = 0
        self.is_over = False

    @property
    def left(self) -> float:
        return max(0.0, self._until - self._clock.monotonic())

    def begin(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self._head = status, _header_fields(headers)
        # a part of compressed content is not a complete stream
        encoding = "" if status == _PARTIAL else self._head[1].get("content-encoding", "")
        try:
            self._unpacker = Decompressor(encoding)
        except LookupError:
            failure = self._error(InvalidEnvelopeError, f"the response is encoded as {self._quoted(encoding, 40)!r}")
        else:
            return
        raise failure

    def feed(self, chunk: bytes) -> None:
        self._received += len(chunk)
        if self._received > self._max_size + _MOST_OVERHEAD:  # an endless compressed stream can have no content
            raise self._too_large()
        self._keep(self._unpacker.unpack(chunk, self._max_size - self._size + 1))

    def response(self) -> Response:
        if not self._unpacker.is_whole:
            raise self._error(TransportError, f"truncated compressed content from {self._where}")
        return self._respond(b"".join(self._parts))

    def failure(self, error: Exception) -> DataMapError:
        """The error to raise for an exception from sending the request or receiving the response."""
        if isinstance(error, InvalidRequestError):  # its text holds the value, which may be secret
            return self._error(InvalidArgumentError, "a header of the request holds characters that cannot be sent")
        if isinstance(error, WireTimeoutError) and not self.left:
            error = TimeoutError()
        kind, problem = next(
            ((kind, problem) for cause, kind, problem in _FAILURES if isinstance(error, cause)),
            (TransportError, "no complete response from"),
        )
        if error.args and isinstance(error.args[0], ssl.SSLCertVerificationError):
            kind = CertificateError
        reason = self._quoted(str(error), 200)
        if error.args and is_without_tls(error.args[0]):
            reason = f"the port does not use TLS ({error.args[0].reason}): {NO_TLS_ADVICE}"
        failure = self._error(kind, f"{problem} {self._where}{reason and ': '}{reason}")
        if isinstance(error, ProxyError):
            failure.status = _leading_status(str(error))
        return failure

    @property
    def _where(self) -> str:
        return self._request.endpoint + (f" through the proxy {self._proxy.address}" if self._proxy else "")

    def _quoted(self, text: str, limit: int) -> str:
        # masked before it is cut, since half of a secret would not be found
        return printable(self._masked(text, limit), limit=limit)

    def _masked(self, text: str, limit: int = LARGEST_TEXT) -> str:
        received = self._head[1] if self._head else {}
        return mask(text, self._request.headers, received, secrets=self._request.secrets, limit=limit)

    def _keep(self, content: bytes) -> None:
        self._size += len(content)
        if self._size > self._max_size:
            raise self._too_large()
        if self._is_gathering and len(content) < _SMALL:
            self._parts[-1] += content
        elif content:
            self._is_gathering = len(content) < _SMALL
            self._parts.append(bytearray(content) if self._is_gathering else content)

    def _too_large(self) -> AnswerTooLargeError:
        problem = f"the response from {self._where} is larger than {self._max_size} bytes (max_answer_size)"
        return self._error(AnswerTooLargeError, problem)

    def _respond(self, content: bytes) -> Response:
        status, headers = self._head or (0, {})
        elapsed = self._clock.monotonic() - self._started
        return Response(request=self._request, status=status, headers=headers, content=content, elapsed=elapsed)

    def _error(self, kind: type[ErrorT], text: str) -> ErrorT:
        facts = self._respond(b"").facts()
        facts["status"] = self._head[0] if self._head else None
        facts["request_id"] = facts["request_id"] and self._masked(facts["request_id"])
        return kind(self._masked(text), **facts)


def _header_fields(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode(errors="replace")
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


def _leading_status(text: str) -> int | None:
    digits = text.partition(" ")[0]
    return int(digits) if digits.isdecimal() else None
