"""Correct servers: the form and transfer of responses."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from decimal import Decimal
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.caller import ALL
from dataarts_datamap_contract._broken.seams import (
    MOST,
    Document,
    Response,
    Seam,
    compact,
    fresh,
    on_body,
    on_envelope,
    on_error_response,
    on_page,
    on_rows,
    on_wire,
    write,
)
from dataarts_datamap_contract._broken.servers import CorrectServer
from dataarts_datamap_contract._broken.shared import CHINESE, EMOJI_TASK, OK, as_object, without

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from dataarts_datamap_contract._broken.caller import Caller

_apart = partial(CorrectServer, cohort="apart")

_PIECE = 1_000
_THROTTLED_EVERY = 97
_ERRORS = (400, 401, 403, 404)


def _around(send_message: Callable[[Message, Send], Awaitable[None]]) -> Seam:
    """A seam on which a function sends the ASGI messages of each response."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope, receive, lambda message: send_message(message, send))

        return wrapped

    return Seam(wrap=wrap)


async def _in_pieces(message: Message, send: Send) -> None:
    """A response has no length and is sent 1,000 bytes at a time: over HTTP, in chunks."""
    if message["type"] == "http.response.start":
        others = [field for field in message["headers"] if field[0] != b"content-length"]
        await send({**message, "headers": others})
        return
    body = message.get("body", b"")
    for first in range(0, len(body), _PIECE):
        await send({"type": "http.response.body", "body": body[first : first + _PIECE], "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": message.get("more_body", False)})


def _with_headers(*fields: tuple[bytes, bytes]) -> Seam:
    async def send_more(message: Message, send: Send) -> None:
        is_start = message["type"] == "http.response.start"
        await send({**message, "headers": [*message["headers"], *fields]} if is_start else message)

    return _around(send_more)


def _slow() -> Seam:
    """Every response is delayed, some more than others."""

    def wrap(app: ASGIApp) -> ASGIApp:
        numbers = count()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            await asyncio.sleep(0.04 if next(numbers) % 5 == 0 else 0.005)
            await app(scope, receive, send)

        return slow

    return Seam(wrap=wrap)


def _throttling() -> Seam:
    """Now and then a request is throttled, as if other clients sent requests, too."""
    document = {
        "error_code": "APIGW.0308",
        "error_msg": "The throttling threshold has been reached: policy api over ratelimit,limit:100,time:1 second",
    }

    def wrap(app: ASGIApp) -> ASGIApp:
        numbers = count(1)

        async def throttled(scope: Scope, receive: Receive, send: Send) -> None:
            number = next(numbers) if b"/datamap/" in bytes(scope.get("raw_path", b"")) else 1
            if number % _THROTTLED_EVERY:
                await app(scope, receive, send)
                return
            request_id = f"{number:032x}"
            body = compact({**document, "request_id": request_id}).encode()
            early = fresh(429, body, "application/json")
            fields = {**early.headers, "retry-after": "1", "x-request-id": request_id}
            headers = [(name.encode(), value.encode()) for name, value in fields.items()]
            await send({"type": "http.response.start", "status": 429, "headers": headers})
            await send({"type": "http.response.body", "body": body})

        return throttled

    return Seam(wrap=wrap)


def _json_alone(change: Callable[[Any], bytes]) -> Seam:
    """A seam that writes every JSON response in another form."""

    def rewritten(_: Scope, response: Response) -> Response:
        is_json = response.headers.get("content-type", "").startswith("application/json")
        return write(response, change(response.json())) if is_json else response

    return on_wire(rewritten)


def _inner(document: Any, change: Callable[[Any], str]) -> object:  # noqa: ANN401  any JSON
    """An envelope with its body written in another form; any other document is unchanged."""
    envelope = as_object(document)
    if envelope is None or "header_map" not in envelope:
        return document
    return {**envelope, "body": change(json.loads(envelope["body"]))}


def _in_ascii(document: Any) -> bytes:  # noqa: ANN401  any JSON
    return json.dumps(_inner(document, json.dumps)).encode()


def _by_hand(document: Any) -> bytes:  # noqa: ANN401  any JSON
    """Tabs, CRLF, and spaces before commas and colons, in the envelope and in its body."""

    def spaced(inner: Any) -> str:  # noqa: ANN401  any JSON
        text = json.dumps(inner, indent="\t", separators=(" ,", " : "), ensure_ascii=False)
        return f"\n{text}\n".replace("\n", "\r\n")

    return spaced(_inner(document, spaced)).encode()


def _reversed(document: Any) -> Any:  # noqa: ANN401  any JSON
    """The same members in reverse order, at every depth."""
    return json.loads(compact(document), object_pairs_hook=lambda members: dict(reversed(members)))


def _members_last_first(document: Any) -> bytes:  # noqa: ANN401  any JSON
    return compact(_reversed(_inner(document, lambda page: compact(_reversed(page))))).encode()


def _scientific(body: str) -> str:
    return re.sub(
        r'(?<=[{,]"speed":)[0-9.]+',
        lambda number: f"{Decimal(number[0]).normalize():E}",
        body,
    )


def _compressed(scope: Scope, response: Response) -> Response:
    accepted = b",".join(value for name, value in scope["headers"] if name.lower() == b"accept-encoding")
    if not re.search(rb"gzip(?!\s*;\s*q=0(\.0*)?\s*(,|$))", accepted):
        return response
    return write(response, gzip.compress(response.body), content_encoding="gzip", vary="Accept-Encoding")


def _in_chinese(response: Response) -> Response:
    document: Document = {
        **response.json(),
        "error_msg": "请求失败📉",
        "encoded_authorization_message": None,
        "solution": [],
    }
    return write(response, compact(document).encode(), content_type="application/json;charset=UTF-8")


def _of_a_later_version(rows: list[Document]) -> list[Document]:
    return [{**row, "retryPolicy": {"times": [1, 2]}, "tags": [], "id": None, "cost": 1e-9} for row in rows]


def _is_throttled(caller: Caller) -> bool:
    return 429 in [caller.runs(limit=1).status for _ in range(_THROTTLED_EVERY + 1)]


def _takes_its_time(caller: Caller) -> bool:
    """Whether there is a delay between request and response; in the reference there is none."""

    async def is_immediate() -> bool:
        request = caller.app(
            {
                "type": "http",
                "method": "GET",
                "path": "/",
                "raw_path": b"/",
                "query_string": b"",
                "headers": [(b"host", b"mock.test")],
            },
            _no_body,
            _nowhere,
        )
        done, _ = await asyncio.wait([asyncio.ensure_future(request)], timeout=0)
        return bool(done)

    return not asyncio.run(is_immediate())


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _nowhere(message: Message) -> None:
    _ = message


CORRECT_SERVERS = (
    _apart(
        "chunks-without-a-length",
        "Responses are sent without a length, in chunks of 1,000 bytes, which HTTP allows.",
        _around(_in_pieces),
        lambda caller: "content-length" not in caller.runs().headers,
    ),
    _apart(
        "cookies-and-hints",
        "Responses set cookies and have header fields of proxies, which no document forbids.",
        _with_headers(
            (b"set-cookie", b"HWWAFSESID=1a2b; path=/"),
            (b"set-cookie", b"HWWAFSESTIME=1704936562490; path=/"),
            (b"strict-transport-security", b"max-age=31536000"),
            (b"via", b"1.1 proxy-a, 1.1 proxy-b"),
        ),
        lambda caller: "via" in caller.runs().headers,
    ),
    _apart(
        "a-connection-a-request",
        "Each connection is closed after its response, and the response says so.",
        _with_headers((b"connection", b"close")),
        lambda caller: caller.runs().headers.get("connection") == "close",
    ),
    _apart("slow-by-turns", "Responses are delayed, every fifth one more than the others.", _slow(), _takes_its_time),
    _apart(
        "throttled-by-others",
        "Every 97th request is throttled, as if others had used up the quota.",
        _throttling(),
        _is_throttled,
    ),
    _apart(
        "json-in-ascii",
        "All characters beyond ASCII are escaped, at each level of JSON.",
        _json_alone(_in_ascii),
        lambda caller: caller.runs(task_id=EMOJI_TASK, job_name=CHINESE).body.isascii(),
    ),
    _apart(
        "json-by-hand",
        "JSON is indented with tabs, and has CRLF between its lines, before it and after it.",
        _json_alone(_by_hand),
        lambda caller: caller.runs().body.startswith(b"\r\n"),
    ),
    _apart(
        "members-last-first",
        "The members of all objects are in reverse order, which has no meaning in JSON.",
        _json_alone(_members_last_first),
        lambda caller: list(caller.envelope()) == ["header_map", "body", "status_code"],
    ),
    _apart(
        "speed-with-an-exponent",
        "The speed of a run is written with an exponent, which is a number in JSON.",
        on_body(_scientific),
        lambda caller: bool(re.search(r'"speed":[0-9.]+E', caller.envelope(limit=ALL)["body"])),
    ),
    _apart(
        "gzip-for-those-who-accept-it",
        "Responses are compressed for a client that accepts it.",
        on_wire(_compressed),
        lambda caller: caller.runs({**caller.headers, "Accept-Encoding": "gzip"}).body.startswith(b"\x1f\x8b"),
    ),
    _apart(
        "errors-in-chinese",
        "Errors have a Chinese text, undocumented members, and a media type that names the charset.",
        on_error_response(_in_chinese, *_ERRORS),
        lambda caller: "请求失败" in caller.runs(limit=0).body.decode(),
    ),
    _apart(
        "fields-of-a-later-version",
        "Rows have undocumented members, including objects and lists.",
        on_rows(_of_a_later_version),
        lambda caller: "retryPolicy" in caller.rows()[0],
    ),
    _apart(
        "members-of-a-later-envelope",
        "Envelope and page have undocumented members, and the message is null.",
        Seam(
            lambda operation, config: on_envelope(lambda envelope: {"trace": {"spans": []}, **envelope}).alter(
                on_page(lambda page: {**page, "msg": None, "pageInfo": {"pageSize": None}}).alter(operation, config),
                config,
            )
        ),
        lambda caller: "pageInfo" in caller.page(),
    ),
    _apart(
        "no-header-map",
        "The envelope has no header map, which is optional.",
        on_envelope(lambda envelope: without(envelope, "header_map")),
        lambda caller: "header_map" not in caller.envelope(),
    ),
    _apart(
        "a-cap-of-250",
        "A page has 250 rows at most, a cap that no document mentions or forbids.",
        Seam(switches={"max_limit": 250}),
        lambda caller: len(caller.rows(limit=MOST)) == 250 and caller.runs().status == OK,
    ),
)
