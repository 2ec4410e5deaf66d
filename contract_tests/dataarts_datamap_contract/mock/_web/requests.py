"""A request as the operations get it: split into parts, but not yet validated."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote_to_bytes

from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope

_BODY_BYTES = 12 * 1024 * 1024
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class RequestParts:
    """The parts of a request, each still as sent.

    Attributes:
        path: Path parameters by name, percent-encoded.
        query: The query string, percent-encoded.
        headers: Header fields; the names are lower-case.
        method: The method.
        raw_path: The whole path, percent-encoded.
        body: The body.
    """

    path: Mapping[str, bytes]
    query: bytes
    headers: list[tuple[bytes, bytes]]
    method: str = "GET"
    raw_path: bytes = b"/"
    body: bytes = b""
    _fields: dict[bytes, list[bytes]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in self.headers:
            self._fields.setdefault(name, []).append(value)

    @classmethod
    def of(cls, scope: Scope, path: Mapping[str, bytes], body: bytes) -> RequestParts:
        """Split an ASGI request into its parts."""
        return cls(path, scope["query_string"], scope["headers"], scope["method"], scope["raw_path"], body)

    def header(self, name: str) -> list[bytes]:
        """The values of a header field, in the order in which they were sent."""
        return self._fields.get(_sent_name(name), [])

    def texts(self) -> dict[str, dict[str, list[str]]]:
        """The values of each parameter, by its location, ``path`` or ``query``, and its name.

        Raises:
            HttpError: The path or the query is not percent-encoded UTF-8.
        """
        path = {name: [_decode("path", value)] for name, value in self.path.items()}
        query: dict[str, list[str]] = {}
        for name, value in _split_query(self.query):
            query.setdefault(name, []).append(value)
        return {"path": path, "query": query}


@lru_cache(maxsize=256)
def _sent_name(name: str) -> bytes:
    return name.lower().encode()


async def read_body(receive: Receive) -> bytes:
    """The whole body of an ASGI request.

    Raises:
        HttpError: It is longer than the gateway's documented 12 MB.
    """
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > _BODY_BYTES:
            raise HttpError(413, "APIGW.0201", "Bad request: the body is longer than 12 MB")
    return bytes(body)


def _decode(part: str, encoded: bytes) -> str:
    if encoded.isascii() and b"%" not in encoded:
        return encoded.decode()
    if _BROKEN_ESCAPE.search(encoded):
        raise _malformed(part)
    try:
        return unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        raise _malformed(part) from None


def _split_query(query: bytes) -> list[tuple[str, str]]:
    """Split a query string. A plus sign is a space, as for the Java server behind the service."""
    if query.isascii() and b"%" not in query and b"+" not in query:
        pairs = [pair.partition("=") for pair in query.decode().split("&") if pair]
        return [(name, value) for name, _, value in pairs]
    if _BROKEN_ESCAPE.search(query):
        raise _malformed("query")
    try:
        return parse_qsl(query.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise _malformed("query") from None


def _malformed(part: str) -> HttpError:
    return HttpError(400, "APIGW.0201", f"Bad request: the {part} is not percent-encoded UTF-8")
