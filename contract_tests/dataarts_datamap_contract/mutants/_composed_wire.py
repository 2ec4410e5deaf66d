"""Composed servers that differ from a correct one on the wire: in status, header fields, or the bytes of a body."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from dataarts_datamap_contract._broken.seams import Response, Seam, compact, on_wire, write

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from starlette.types import ASGIApp, Scope

    from dataarts_datamap_contract.mock import MockConfig


@dataclass(slots=True)
class Met:
    """What a server has seen of requests and their right responses.

    Attributes:
        token: The token that it accepts.
        scope: The request that it responds to.
        response: The right response.
        number: How many responses came before it.
        of_connection: How many came before it on the same connection.
        connection: How many connections came before its own.
        last: The right response before it, to any request; one with status 0 for the first.
        seen: How many responses each connection had.
        kept: The latest of the right responses before it, by status.
    """

    token: str = ""
    scope: Scope = field(default_factory=dict[str, Any])
    response: Response = Response(200, {}, b"")  # noqa: RUF009  is frozen
    number: int = -1
    of_connection: int = 0
    connection: int = 0
    last: Response = Response(0, {}, b"")  # noqa: RUF009  is frozen
    seen: Counter[object] = field(default_factory=Counter[object])
    kept: dict[int, Response] = field(default_factory=dict[int, Response])

    def note(self, scope: Scope, response: Response) -> None:
        """Take in a request and its right response."""
        peer = scope.get("client")
        if self.number >= 0:
            self.last = self.kept[self.response.status] = self.response
        self.scope, self.response = scope, response
        self.number += 1
        self.of_connection = self.seen[peer]
        self.seen[peer] += 1
        self.connection = list(self.seen).index(peer)

    def header(self, name: str) -> str:
        """The first value of a header field of the request; empty if there is none."""
        fields: list[tuple[bytes, bytes]] = self.scope["headers"]
        return next((value.decode("latin-1") for key, value in fields if key == name.encode()), "")

    @property
    def is_error(self) -> bool:
        """Whether the right response is an error."""
        return self.response.status >= 400  # noqa: PLR2004  the first client error


Check: TypeAlias = "Callable[[Met], bool]"
Change: TypeAlias = "Callable[[Met], Response]"

_WHEN: Final[tuple[tuple[str, Check], ...]] = (
    ("for each response", lambda _: True),
    ("for every third response", lambda met: met.number % 3 == 0),
    ("for every 17th response", lambda met: met.number % 17 == 0),
    ("for the first response of a connection", lambda met: met.of_connection == 0),
    ("for each response of a connection but the first", lambda met: met.of_connection > 0),
    ("on every second connection", lambda met: met.connection % 2 == 1),
    ("after the 20th response of a connection", lambda met: met.of_connection > 19),  # noqa: PLR2004
    ("after an error response", lambda met: met.last.status >= 400),  # noqa: PLR2004
    ("after a 401", lambda met: met.last.status == 401),  # noqa: PLR2004
    ("after a 200", lambda met: met.last.status == 200),  # noqa: PLR2004
    *((f"for a {status}", lambda met, status=status: met.response.status == status) for status in (400, 401, 403, 404)),
    *(
        (f"for a {verb}", lambda met, verb=verb: met.scope["method"] == verb)
        for verb in ("GET", "POST", "HEAD", "OPTIONS")
    ),
    *(
        (f"with {name}", lambda met, name=name: bool(met.header(name)))
        for name in ("accept", "x-language", "authorization", "x-auth-token", "content-type", "cookie", "origin")
    ),
    *(
        (f"with {name}", lambda met, name=name: bool(met.header(name)))
        for name in ("user-agent", "range", "expect", "if-none-match", "if-modified-since", "transfer-encoding")
    ),
    ("with gzip", lambda met: "gzip" in met.header("accept-encoding") and "q=0" not in met.header("accept-encoding")),
    ("with connection: close", lambda met: met.header("connection") == "close"),
    ("with a charset", lambda met: "charset" in met.header("content-type")),
    ("without credentials", lambda met: not (met.header("authorization") or met.header("x-auth-token"))),
    ("with a percent sign in the query", lambda met: b"%" in met.scope["query_string"]),
    ("with no query", lambda met: not met.scope["query_string"]),
    ("with a query of more than 250 bytes", lambda met: len(met.scope["query_string"]) > 250),  # noqa: PLR2004
    *(
        (f"for a response body of more than {each} bytes", lambda met, each=each: len(met.response.body) > each)
        for each in (1_000, 10_000, 65_536)
    ),
    ("for a response body that is not ASCII", lambda met: not met.response.body.isascii()),
)


def _header(name: str, value: str) -> Change:
    return lambda met: replace(met.response, headers={**met.response.headers, name: value})


def _body(change: Callable[[bytes], bytes]) -> Change:
    return lambda met: write(met.response, change(met.response.body)) if met.response.body else met.response


def _status(status: int) -> Change:
    return lambda met: replace(met.response, status=status)


def _error(change: Callable[[dict[str, Any]], object]) -> Change:
    """A change of the document of an error response; a success, or an error without a body, stays as it is."""

    def changed(met: Met) -> Response:
        if not (met.is_error and met.response.body):
            return met.response
        return write(met.response, compact(change(json.loads(met.response.body))).encode())

    return changed


def _of_errors(change: Change) -> Change:
    return lambda met: change(met) if met.is_error else met.response


def _of_successes(change: Change) -> Change:
    return lambda met: met.response if met.is_error else change(met)


def _kept(met: Met) -> Response:
    return met.kept.get(met.response.status, met.response)


_HTML: Final = b"<html><body>error</body></html>"
_EFFECTS: Final[tuple[tuple[str, Change], ...]] = (
    *(
        (f"the Content-Type is {each or 'empty'}", _header("content-type", each))
        for each in ("text/plain", "text/html;charset=utf-8", "application/json;charset=gbk", "")
    ),
    ("the body lacks its last byte", _body(lambda body: body[:-1])),
    ("the body has a byte order mark", _body(lambda body: b"\xef\xbb\xbf" + body)),
    ("the body is there twice", _body(lambda body: body + body)),
    ("the body is in Latin-1", _body(lambda body: body.decode().encode("latin-1", "replace"))),
    ("the body is empty", _body(lambda _: b"")),
    ("the response claims gzip", _header("content-encoding", "gzip")),
    ("the response is the one before it", lambda met: met.last if met.number else met.response),
    ("the response is an earlier one with its status", _kept),
    ("the X-Request-Id is that of the response before it", lambda met: _header("x-request-id", _id(met.last))(met)),
    ("the X-Request-Id is always the same", _header("x-request-id", "0" * 32)),
    ("the token is in a header field", lambda met: _header("x-debug", met.token)(met)),
    *((f"a success has status {each}", _of_successes(_status(each))) for each in (201, 204, 206, 302, 304, 406, 500)),
    *((f"an error has status {each}", _of_errors(_status(each))) for each in (200, 302, 409, 415, 422, 500)),
    ("an error is HTML", _of_errors(lambda met: write(met.response, _HTML, content_type="text/html"))),
    ("an error is HTML that claims to be JSON", _of_errors(lambda met: write(met.response, _HTML))),
    ("an error has no error_code", _error(lambda error: {"error_msg": error["error_msg"]})),
    ("an error has no error_msg", _error(lambda error: {"error_code": error["error_code"]})),
    ("the error_code is a number", _error(lambda error: {**error, "error_code": 400})),
    ("the error_msg is null", _error(lambda error: {**error, "error_msg": None})),
    ("an error is in a list", _error(lambda error: [error])),
    ("an error is inside another object", _error(lambda error: {"error": error})),
    ("the request_id is another one than X-Request-Id", _error(lambda error: {**error, "request_id": "0" * 32})),
    (
        "an error shows the token",
        lambda met: _error(lambda error: {**error, "error_msg": f"{error['error_msg']} ({met.token})"})(met),
    ),
)


def _id(response: Response) -> str:
    return response.headers.get("x-request-id", "0" * 32)


def compose_wire(generator: random.Random, note: Callable[[], None]) -> tuple[str, Seam]:
    """A sentence that describes a random defect on the wire, and the seam of a server with that defect.

    Args:
        generator: Makes the random choices.
        note: Called for each response that differs from the right one.
    """
    when, is_met = generator.choice(_WHEN)
    what, change = generator.choice(_EFFECTS)
    met = Met()

    def changed(scope: Scope, response: Response) -> Response:
        met.note(scope, response)
        if scope["raw_path"].startswith(b"/__mock__") or not is_met(met):
            return response
        other = change(met)
        if other != response:
            note()
        return other

    return f"{when[0].upper()}{when[1:]}, {what}.", _Known(met, on_wire(changed)).seam


class _Known:
    """A seam on the wire that also takes the token from the configuration."""

    def __init__(self, met: Met, seam: Seam) -> None:
        self._met = met
        self._inner = seam
        self.seam = Seam(alter=self._read, wrap=self._wrap)

    def _read(self, operation: Any, config: MockConfig) -> Any:  # noqa: ANN401  is passed on
        self._met.token = config.token
        return operation

    def _wrap(self, app: ASGIApp) -> ASGIApp:
        return self._inner.wrap(app)
