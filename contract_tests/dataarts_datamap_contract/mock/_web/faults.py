"""Faults on the way of a response: which responses they hit, and how."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
from dataclasses import dataclass, fields
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

FAULT_HEADER = b"x-mock-fault"
CONNECTION = "dataarts_datamap_contract.connection"

FaultKind: TypeAlias = Literal["reset", "truncated", "dribble", "slow", "html", "500", "502", "503", "504"]

_KINDS = get_args(FaultKind)
_CODES = {"500": "APIGW.0601", "502": "APIGW.0202", "503": "APIGW.0613", "504": "APIGW.0203"}
_TEXTS = {
    "500": "Internal server error",
    "502": "Backend unavailable",
    "503": "The IAM service is unavailable",
    "504": "Backend timeout",
}
_HTML = (
    b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"
)
_OF_THE_OBJECT = frozenset((b"accept-ranges", b"content-range", b"etag", b"last-modified"))
_DRIBBLES = 10
_MOST_SECONDS = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A way in which responses go wrong.

    ============= ==================================================================================================
    kind          what the client sees
    ============= ==================================================================================================
    reset         the connection is reset before any byte of the response
    truncated     the connection is closed in the middle of the body
    dribble       the body arrives in up to ten parts over ``seconds``
    slow          nothing arrives for ``seconds``, then all of it
    html          status 200 and an HTML page, as from a broken proxy
    500, 502      that status, with an error code that the gateway's table has for it
    503, 504      the same
    ============= ==================================================================================================

    Its text is its kind, then the fields that differ from their defaults: ``reset``, ``slow:seconds=5,every=3``.
    Without ``every`` and ``probability``, all responses go wrong.

    Attributes:
        kind: How responses go wrong.
        every: Every n-th response goes wrong, beginning with the n-th.
        probability: The fraction of responses that go wrong, at random; the same ones for the same seed.
        seconds: For ``slow`` and ``dribble``: how long the response takes.

    Raises:
        ValueError: The kind is unknown, a value is out of its bounds, or both ``every`` and ``probability`` are given.
    """

    kind: FaultKind
    every: int | None = None
    probability: float | None = None
    seconds: float = 2.0

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ValueError(f"fault {self.kind!r} is unknown: it must be one of {', '.join(_KINDS)}")
        if self.every is not None and self.probability is not None:
            raise ValueError(f"fault {self.kind} has both every and probability: give one of them")
        if self.every is not None and self.every < 1:
            raise ValueError(f"every is {self.every}: it must be 1 or more")
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise ValueError(f"probability is {self.probability}: it must be from 0 to 1")
        if not 0 <= self.seconds <= _MOST_SECONDS:
            raise ValueError(f"seconds is {self.seconds}: it must be from 0 to {_MOST_SECONDS:,}")

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read a fault from its text.

        Raises:
            ValueError: The text does not describe a fault.
        """
        kind, _, rest = text.strip().partition(":")
        values: dict[str, Any] = {}
        for pair in filter(None, rest.split(",")):
            name, _, value = pair.strip().partition("=")
            if name not in _READERS:
                raise ValueError(f"fault {text!r}: {name!r} is unknown; it can have {', '.join(_READERS)}")
            try:
                values[name] = _READERS[name](value)
            except ValueError:
                raise ValueError(f"fault {text!r}: {name} is {value!r}, which is not a number") from None
        return cls(kind=cast("FaultKind", kind), **values)

    def __str__(self) -> str:
        defaults = {field.name: field.default for field in fields(self)}
        differing = [f"{name}={getattr(self, name)}" for name in _READERS if getattr(self, name) != defaults[name]]
        return ":".join(filter(None, (self.kind, ",".join(differing))))


_READERS: dict[str, type[int | float]] = {"every": int, "probability": float, "seconds": float}


class FaultPlan:
    """Which responses go wrong. It can be changed while the server runs, from any thread."""

    def __init__(self, faults: Iterable[Fault], seed: int) -> None:
        self._initial = tuple(faults)
        self._seed = seed
        self._lock = Lock()
        self.reset()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults in force."""
        return self._faults

    def reset(self) -> None:
        """Start again as at the start of the server."""
        self.replace(self._initial)

    def replace(self, faults: Iterable[Fault]) -> None:
        """Replace the faults, and start counting again."""
        with self._lock:
            self._faults = tuple(faults)
            self._responses = 0
            self._random = random.Random(f"faults/{self._seed}")  # noqa: S311  randomness for tests, not a secret

    def next(self) -> Fault | None:
        """The fault of the next response: the first one in force that hits it; None if none does."""
        if not self._faults:
            return None
        with self._lock:
            self._responses += 1
            return next(filter(self._strikes, self._faults), None)

    def _strikes(self, fault: Fault) -> bool:
        if fault.every is not None:
            return self._responses % fault.every == 0
        return fault.probability is None or self._random.random() < fault.probability


def asked_for(scope: Scope) -> Fault | None:
    """The fault that a request asks for in its header; None if it asks for none.

    Raises:
        ValueError: The header does not describe a fault.
    """
    for name, value in scope["headers"]:
        if name == FAULT_HEADER:
            return Fault.parse(value.decode("latin-1"))
    return None


async def send_wrongly(fault: Fault, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a response with the fault."""
    if fault.kind in _CODES:
        _replace(response, int(fault.kind), _error(fault.kind, response), b"application/json")
    elif fault.kind == "html":
        _replace(response, 200, _HTML, b"text/html; charset=utf-8")
    if fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
    if fault.kind == "reset":
        await _reset(scope, receive)
    elif fault.kind == "truncated":
        await _truncate(response, scope, receive, send)
    elif fault.kind == "dribble":
        await _dribble(response, fault.seconds, send)
    else:
        await response(scope, receive, send)


def can_be_sent(fault: Fault, scope: Scope) -> bool:
    """Whether a fault can be sent: some need a server whose connections can be broken, such as ``MockServer``."""
    return fault.kind not in {"reset", "truncated"} or CONNECTION in scope.get("extensions", {})


def _error(status: str, response: Response) -> bytes:
    request_id = response.headers["X-Request-Id"]
    return json.dumps({"error_msg": _TEXTS[status], "error_code": _CODES[status], "request_id": request_id}).encode()


def _replace(response: Response, status: int, body: bytes, media_type: bytes) -> None:
    response.status_code = status
    response.body = body
    own = {b"content-length": str(len(body)).encode(), b"content-type": media_type}
    response.raw_headers = [
        (name, own.get(name, value)) for name, value in response.raw_headers if name.lower() not in _OF_THE_OBJECT
    ]


async def _dribble(response: Response, seconds: float, send: Send) -> None:
    await _send_head(response, send)
    body = bytes(response.body)
    size = max(-(-len(body) // _DRIBBLES), 1)
    for start in range(0, len(body), size):
        await asyncio.sleep(seconds / _DRIBBLES)
        await send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _truncate(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    await _send_head(response, send)
    half = bytes(response.body)[: len(response.body) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})
    _connection(scope).close()
    await _until_disconnected(receive)


async def _reset(scope: Scope, receive: Receive) -> None:
    connection = _connection(scope)
    # A linger time of 0: unsent bytes are thrown away, and the peer gets a reset instead of an end.
    linger = struct.pack("hh" if hasattr(socket, "SO_EXCLUSIVEADDRUSE") else "ii", 1, 0)
    connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    connection.abort()
    await _until_disconnected(receive)


async def _send_head(response: Response, send: Send) -> None:
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})


async def _until_disconnected(receive: Receive) -> None:
    """Wait until the server notices the disconnection; before that, it would complain of an incomplete response."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _connection(scope: Scope) -> asyncio.Transport:
    connection: asyncio.Transport = scope["extensions"][CONNECTION]["transport"]
    return connection
