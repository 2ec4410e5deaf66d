"""Ways to send a request: other credentials, header fields and spellings, none of which changes the response."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import unquote

from dataarts_datamap_contract.suite._http.credentials import NOBODY
from dataarts_datamap_contract.suite._http.messages import TOKEN_HEADER
from dataarts_datamap_contract.suite._judging.invariants.common import OK
from dataarts_datamap_contract.suite._probes.session import encode_query, every_byte

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract.suite._http.messages import Request
    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session

_MANY: Final = (0, 0, 1, 2, 3)
"""In how many ways a request differs from the plain one."""

_THEN_WELL: Final = 0.12
"""The share of the wrong requests after which a good one is sent."""


def ask(session: Session, request: Request) -> Exchange:
    """Send a request in a way that is chosen at random."""
    return session.send(in_some_way(session, request))


def in_some_way(session: Session, request: Request) -> Request:
    """The request, changed in up to three ways that are chosen at random."""
    for change in session.random.sample(list(WAYS.values()), session.random.choice(_MANY)):
        request = change(session, request) or request
    return renewed(session, request)


def is_signed(request: Request) -> bool:
    """Whether a request has a signature, be it good or bad."""
    return bool(request.header("Authorization"))


def renewed(session: Session, request: Request) -> Request:
    """The request, signed again now if it has a good signature."""
    is_good = request.credential.standing == "good" and is_signed(request)
    return session.sign(replace(request, credential=NOBODY)) if is_good else request


def ask_wrongly(session: Session, request: Request) -> Exchange:
    """Send a request that is wrong; then, at times, one of the same operation that was served, which must be so again.

    Raises:
        As `Session.send` does.
    """
    exchange = session.send(request)
    if session.random.random() < _THEN_WELL:
        served = [
            each
            for each in session.ledger.seen
            if each.operation_id == exchange.operation_id
            and each.response.status == OK
            and each.request.credential.standing == "good"
            and each.judgement.standing == "valid"
        ]
        if served:
            ask(session, renewed(session, session.random.choice(served).request))
    return exchange


def _with(name: str, value: str) -> Callable[[Session, Request], Request | None]:
    def change(_: Session, request: Request) -> Request | None:
        return None if request.header(name) else replace(request, fields=(*request.fields, (name, value)))

    return change


def _in_capitals(_: Session, request: Request) -> Request:
    credential = request.credential
    return replace(
        request,
        fields=tuple((name.upper(), value) for name, value in request.fields),
        credential=replace(credential, fields=tuple((name.upper(), value) for name, value in credential.fields)),
    )


def _turned(_: Session, request: Request) -> Request | None:
    """The parameters, or the members of a JSON document, in reverse order."""
    pairs = request.query.split("&")
    document = _document(request)
    if isinstance(document, dict):
        turned = dict(reversed(cast("dict[str, Any]", document).items()))
        return replace(request, content=json.dumps(turned, indent=2).encode())
    return replace(request, query="&".join(pairs[::-1])) if len(pairs) > 1 else None


def _shuffled(session: Session, request: Request) -> Request | None:
    pairs = request.query.split("&")
    return replace(request, query="&".join(session.random.sample(pairs, len(pairs)))) if len(pairs) > 1 else None


def _document(request: Request) -> object:
    try:
        return json.loads(request.content) if request.content else None
    except (ValueError, RecursionError):
        return None


def _encoded(encode: Callable[[str, str], str]) -> Callable[[Session, Request], Request | None]:
    def change(_: Session, request: Request) -> Request | None:
        if not request.query or request.credential.standing != "good":
            return None
        pairs = [each.partition("=")[::2] for each in request.query.split("&")]
        return replace(request, query="&".join(encode(unquote(name), unquote(value)) for name, value in pairs))

    return change


def _other_credential(session: Session, request: Request) -> Request | None:
    """The request with a signature in place of the token, or with the token in place of a signature."""
    target = session.target
    if None in (target.token, target.access_key) or request.credential.standing != "good":
        return None
    bare = replace(request, credential=NOBODY)
    return session.authorize(bare) if is_signed(request) else session.sign(bare)


def _spelled(_: Session, request: Request) -> Request | None:
    """Header names in small letters, the credentials before the rest."""
    fields = tuple((name.lower(), value) for name, value in request.fields)
    credential = replace(
        request.credential, fields=tuple((name.lower(), value) for name, value in request.credential.fields)
    )
    return replace(request, fields=fields[::-1], credential=credential) if request.header(TOKEN_HEADER) else None


def _of_type(media_type: str) -> Callable[[Session, Request], Request | None]:
    def change(_: Session, request: Request) -> Request:
        others = tuple(field for field in request.fields if field[0].lower() != "content-type")
        return replace(request, fields=(*others, ("Content-Type", media_type)))

    return change


def _with_body(name: str, value: str) -> Callable[[Session, Request], Request | None]:
    add = _with(name, value)
    return lambda session, request: add(session, request) if request.content else None


WAYS: Final[dict[str, Callable[[Session, Request], Request | None]]] = {
    "with gzip": _with("Accept-Encoding", "gzip"),
    "without gzip": _with("Accept-Encoding", "gzip;q=0, identity"),
    "with a charset": _of_type("application/json; charset=utf-8"),
    "with a media type in capitals": _of_type("Application/JSON;charset=UTF-8"),
    "in chunks": _with_body("Transfer-Encoding", "chunked"),
    "with a wait for 100 Continue": _with_body("Expect", "100-continue"),
    "for a range of an unknown unit": _with("Range", "rows=0-0"),
    "unless it has an unknown tag": _with("If-None-Match", '"5f1c09"'),
    "with a cookie": _with("Cookie", "session=5f1c09; lang=en"),
    "from another origin": _with("Origin", "https://example.com"),
    "through a proxy": _with("X-Forwarded-For", "203.0.113.9"),
    "past any cache": _with("Cache-Control", "no-cache"),
    "for people who read French": _with("Accept-Language", "fr-CH, fr;q=0.9"),
    "for HTML or else JSON": _with("Accept", "text/html, application/json;q=0.9, */*;q=0.1"),
    "on a connection that closes": _with("Connection", "close"),
    "with header names in capitals": _in_capitals,
    "with other credentials of the same account": _other_credential,
    "with its parameters the other way round": _turned,
    "with its parameters in another order": _shuffled,
    "encoded whole": _encoded(lambda name, value: f"{name}={every_byte(value)}"),
    "encoded in small letters": _encoded(lambda name, value: f"{name}={every_byte(value).lower()}"),
    "with encoded names": _encoded(lambda name, value: f"{every_byte(name)}={encode_query([('', value)])[1:]}"),
    "in another language": _with("X-Language", "zh-cn"),
    "for any media type": _with("Accept", "*/*"),
    "for JSON of a character set": _with("Accept", "application/json;charset=UTF-8"),
    "for changes since 1970": _with("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
    "with header names in small letters": _spelled,
    "of a browser": _with("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0"),
}
"""The ways by their names; each returns None for a request that cannot be sent that way."""
