"""A server that echoes what it was sent, in each part of a response, escaped in each usual way."""

from __future__ import annotations

import html
import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from support.answers import envelope, page_body, run_page
from support.faults import Connection, Faulty, faulty_server, head, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def _java(text: str) -> str:
    """JSON as written by Java's libraries."""
    escaped = json.dumps(text, ensure_ascii=False)[1:-1].replace("/", "\\/")
    return re.sub(r"[<>&=']", lambda found: f"\\u{ord(found[0]):04x}", escaped)


def _lower_quote(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), quote(text, safe=""))


def _numbers(text: str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else f"&#{ord(char)};" for char in text)


ESCAPES: Final[dict[str, Callable[[str], str]]] = {
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON of Java": _java,
    "URL": partial(quote, safe=""),
    "URL in lower case": _lower_quote,
    "HTML": html.escape,
    "HTML in numbers": _numbers,
}


def _json(document: object, *, status: str = "400 No") -> bytes:
    return whole(json.dumps(document).encode(), "Content-Type: application/json", status=status)


def _in_header(name: str, said: str, *, status: str = "200 OK") -> bytes:
    return whole(run_page().content, f"{name}: {said}", status=status)


PLACES: Final[dict[str, Callable[[str], bytes]]] = {
    "reason": lambda said: whole(b"{}", status=f"401 {said}"),
    "status line": lambda said: f"{said}\r\n\r\n".encode(),
    "name of a header": lambda said: head(f"{said}: a"),
    "header that is none": lambda said: head(f"( {said}"),
    "any header": lambda said: _in_header("X-Echo", said),
    "request id": lambda said: _in_header("X-Request-Id", said),
    "request id of a refusal": lambda said: _in_header("X-Request-Id", said, status="401 No"),
    "request id of an answer that is cut short": lambda said: head(f"X-Request-Id: {said}", "Content-Length: 9"),
    "server": lambda said: _in_header("Server", said),
    "date": lambda said: _in_header("Date", said),
    "content type": lambda said: whole(b"<html>", f"Content-Type: {said}"),
    "content encoding": lambda said: _in_header("Content-Encoding", said),
    "content length": lambda said: head(f"Content-Length: {said}"),
    "transfer encoding": lambda said: head(f"Transfer-Encoding: {said}"),
    "chunk": lambda said: head("Transfer-Encoding: chunked") + f"{said}\r\n".encode(),
    "redirect": lambda said: _in_header("Location", f"http://127.0.0.1/{said}", status="302 There"),
    "retry after": lambda said: _in_header("Retry-After", said, status="429 Busy"),
    "error code": lambda said: _json({"error_code": said, "error_msg": "no"}),
    "error text": lambda said: _json({"error_code": "APIGW.0301", "error_msg": f"no: {said}"}, status="401 No"),
    "request id in the body": lambda said: _json({"error_code": "a", "request_id": said}, status="503 Busy"),
    "error inside HTTP 200": lambda said: _json({"error_code": said, "error_msg": said}, status="200 OK"),
    "error of IAM": lambda said: _json({"error": {"message": said, "title": said}}, status="403 No"),
    "page of HTML": lambda said: whole(f"<html>{said}</html>".encode(), status="502 Bad"),
    "no JSON": lambda said: whole(said.encode()),
    "no list": lambda said: _json([{said: said}], status="200 OK"),
    "envelope": lambda said: _json({"status_code": said, "body": said}, status="200 OK"),
    "upstream": lambda said: whole(envelope(json.dumps({"error_msg": said}), status_code=500).content),
    "body": lambda said: whole(envelope(said).content),
    "message of the body": lambda said: whole(run_page(success=False, msg=said).content),
    "rows": lambda said: whole(run_page({"planTime": said, "status": 7, said: 1}).content),
    "body in a body": lambda said: whole(envelope(json.dumps(page_body(json.dumps({"a": said})))).content),
}


_TOKEN: Final = json.dumps(
    {"token": {"issued_at": "2026-01-01T00:00:00.000000Z", "expires_at": "2026-01-02T00:00:00.000000Z"}}
).encode()


@dataclass
class Echo:
    """The behaviour of an echoing server, and what it was sent.

    Attributes:
        place: The name of the part that echoes.
        escapes: The names of the escapes, nested.
        heard: The signatures that it has received.
        granted: The token that it issues for a login; None to refuse logins and echo them, too.
    """

    place: str = "any header"
    escapes: tuple[str, ...] = ()
    heard: list[str] = field(default_factory=list[str])
    granted: str | None = None

    def serve(self, connection: Connection) -> None:
        """Answer one request."""
        asked = connection.read_request().decode()
        self.heard += re.findall(r"Signature=(\w+)", asked)
        said = " ".join(reversed(asked.split("\r\n")[1:])).strip()  # the secrets first: long texts are cut off
        for name in self.escapes:
            said = ESCAPES[name](said)
        if asked.startswith("POST /v3/auth/tokens") and self.granted is not None:
            token = f"X-Subject-Token: {self.granted}"
            answer = whole(_TOKEN, token, f"X-Request-Id: {self.granted} {said}", status="201 Made")
            connection.send(answer[:-1] if self.place.endswith("cut short") else answer)
        else:
            connection.send(PLACES[self.place](said))


@contextmanager
def echoing_server() -> Iterator[tuple[Faulty, Echo]]:
    """A server, and the control for what it echoes."""
    echo = Echo()
    with faulty_server(echo.serve) as server:
        yield server, echo
