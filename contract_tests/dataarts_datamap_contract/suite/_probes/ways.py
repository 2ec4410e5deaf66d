"""Ways to send a request: other credentials, header fields and spellings, none of which may change the response."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import unquote

from dataarts_datamap_contract.suite._http.credentials import NOBODY
from dataarts_datamap_contract.suite._judging.invariants.common import OK
from dataarts_datamap_contract.suite._probes.session import encode_query, every_byte, is_signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dataarts_datamap_contract.suite._http.messages import Request
    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session

_MANY: Final = (0, 0, 1, 2, 4, 7)
"""In how many ways a request differs from the plain one: one of these numbers is drawn."""

_THEN_WELL: Final = (True, *[False] * 7)
"""Whether a good request follows a wrong one: it does so after one in eight of each kind."""

_ACCEPTED: Final = (
    *("*/*", "application/*", "application/json", "application/json;charset=UTF-8", "APPLICATION/JSON; q=0.5"),
    *("application/json, text/plain, */*", "application/xml;q=0, */*;q=0.001"),
    *("text/html, application/json;q=0.9, */*;q=0.1", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"),
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
)
"""``Accept`` headers of browsers, curl, axios, Java and others; each of them accepts JSON."""

_OF_BODIES: Final = ("Transfer-Encoding", "Expect")
_AGENTS: Final = ("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0", "curl/8.5.0", "Java/17.0.2", "x")
_UNDECLARED: Final = (
    "_=1705622400000&page=2&size=1&sort=name%20desc&sort=id&format=xml&callback=f&_method=HEAD&debug&fields="
    "&%E8%AE%A2=a%2Bb%2Fc&A=2&A=1&A=1&a-b=!%27()*~&extra=1"
)
"""Parameters that frameworks read by themselves, and others: repeated, blank, without a value, of any characters."""


def _from(origin: str, node: str) -> tuple[tuple[str, str], ...]:
    origins = ("X-Forwarded-For", "X-Real-IP", "X-Client-IP", "X-Remote-Addr", "X-Originating-IP", "True-Client-IP")
    return (
        *((name, origin) for name in origins),
        ("Forwarded", f'for="{node}";host=localhost;proto=https'),
        ("Via", "1.1 localhost"),
    )


FORWARDED: Final = (
    (("X-Forwarded-For", "203.0.113.9"),),
    _from("127.0.0.1", "127.0.0.1"),
    _from("10.0.0.1", "10.0.0.1:8080"),
    (*_from("::1", "[::1]"), *((f"X-{name}", "localhost") for name in ("Forwarded-Host", "Forwarded-Server", "Host"))),
    (
        *((f"X-{name}", "admin") for name in ("Forwarded-User", "Remote-User", "User", "Authenticated-User")),
        *(("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "443"), ("X-Forwarded-Email", "admin@localhost")),
        *(("X-SSL-Client-Verify", "SUCCESS"), ("X-Client-Verified", "SUCCESS")),
    ),
    (("X-Original-URL", "/"), ("X-Rewrite-URL", "/"), ("X-Forwarded-Uri", "/"), ("X-Forwarded-Prefix", "/v1")),
    tuple((name, "HEAD") for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")),
)
"""Header fields by which proxies say whom they serve and what was asked: a client that sends them must gain nothing."""


def ask(session: Session, request: Request) -> Exchange:
    """Send a request in a way that is chosen at random."""
    return session.send(in_some_way(session, request))


def in_some_way(session: Session, request: Request) -> Request:
    """The request, changed in up to seven ways that are chosen at random."""
    for change in session.random.sample(list(WAYS.values()), session.random.choice(_MANY)):
        request = change(session, request) or request
    return renewed(session, request)


def renewed(session: Session, request: Request) -> Request:
    """The request, signed again now if it has a good signature."""
    is_good = request.credential.standing == "good" and is_signed(request)
    return session.sign(replace(request, credential=NOBODY)) if is_good else request


def with_undeclared(session: Session) -> Iterator[Request]:
    """A request without credentials for each operation, with undeclared parameters in all forms of a query."""
    for request in session.questions(credential=NOBODY):
        yield replace(request, query="&".join(filter(None, (request.query, _UNDECLARED))))


def ask_wrongly(session: Session, request: Request) -> Exchange:
    """Send a wrong request; then, at times, one for the same operation that was served, and must be served again.

    Raises:
        As `Session.send` does.
    """
    asked = session.oracle.judge(request).operation
    then_well = session.deal(("well", asked and asked.id, request.credential.standing), _THEN_WELL)
    if then_well and session.deal("closing", (True, False)):
        request = WAYS["on a connection that closes"](session, request) or request
    exchange = session.send(request)
    if then_well:
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


def _with(name: str, *values: str) -> Callable[[Session, Request], Request | None]:
    def change(session: Session, request: Request) -> Request | None:
        is_typed = name == "Content-Type"
        if (request.header(name) and not is_typed) or (name in _OF_BODIES and not request.content):
            return None
        others = [each for each in request.fields if each[0].lower() != name.lower()]
        return replace(request, fields=(*others, (name, session.deal((name, values), values))))

    return change


def forwarded(session: Session, request: Request) -> Request:
    """The request with header fields of a proxy, apart from those that it already has."""
    fields = [each for each in session.deal("forwarded", FORWARDED) if not request.header(each[0])]
    return replace(request, fields=(*request.fields, *fields))


def _with_names(spell: Callable[[str], str]) -> Callable[[Session, Request], Request | None]:
    """A way that spells header names otherwise, and sends all fields but those of the credential in reverse order."""

    def change(_: Session, request: Request) -> Request:
        fields, own = (
            tuple((spell(name), value) for name, value in each)
            for each in (request.fields[::-1], request.credential.fields)
        )
        return replace(request, fields=fields, credential=replace(request.credential, fields=own))

    return change


def _shuffled(session: Session, request: Request) -> Request | None:
    """The request with its parameters in another order, or the members of its JSON document in reverse order."""
    pairs = request.query.split("&")
    document = _document(request)
    if isinstance(document, dict):
        turned = dict(reversed(cast("dict[str, Any]", document).items()))
        return replace(request, content=json.dumps(turned, indent=2).encode())
    orders = (pairs[::-1], session.random.sample(pairs, len(pairs)))
    return replace(request, query="&".join(session.random.choice(orders))) if len(pairs) > 1 else None


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
        return replace(request, query="&".join(encode(name, unquote(value)) for name, value in pairs))

    return change


def _other_credential(session: Session, request: Request) -> Request | None:
    """The request with a signature in place of the token, or with the token in place of a signature."""
    target = session.target
    if None in (target.token, target.access_key) or request.credential.standing != "good":
        return None
    bare = replace(request, credential=NOBODY)
    return session.authorize(bare) if is_signed(request) else session.sign(bare)


WAYS: Final[dict[str, Callable[[Session, Request], Request | None]]] = {
    "with gzip": _with("Accept-Encoding", "gzip"),
    "without gzip": _with("Accept-Encoding", "gzip;q=0, identity"),
    "with a charset": _with("Content-Type", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"),
    "in chunks": _with("Transfer-Encoding", "chunked"),
    "with a wait for 100 Continue": _with("Expect", "100-continue"),
    "for a range of an unknown unit": _with("Range", "rows=0-0"),
    "unless it has an unknown tag": _with("If-None-Match", '"5f1c09"'),
    "with a cookie": _with("Cookie", "session=5f1c09; lang=en"),
    "from another origin": _with("Origin", "https://example.com"),
    "through a proxy": forwarded,
    "past any cache": _with("Cache-Control", "no-cache", "no-store", "max-age=0"),
    "for people who read French": _with("Accept-Language", "fr-CH, fr;q=0.9", "*", "en-US,en;q=0.5"),
    "for what a usual client accepts": _with("Accept", *_ACCEPTED),
    "on a connection that closes": _with("Connection", "close"),
    "with header names in capitals": _with_names(str.upper),
    "with other credentials of the same account": _other_credential,
    "with its parameters in another order": _shuffled,
    "encoded whole": _encoded(lambda name, value: f"{name}={every_byte(value)}"),
    "encoded in small letters": _encoded(lambda name, value: f"{name}={every_byte(value).lower()}"),
    "with encoded names": _encoded(lambda name, value: every_byte(unquote(name)) + encode_query([("", value)])),
    "in another language": _with("X-Language", "zh-cn"),
    "for changes since 1970": _with("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
    "with header names in small letters": _with_names(str.lower),
    "of a browser": _with("User-Agent", *_AGENTS),
}
"""The ways by their names; each returns None for a request that cannot be sent that way."""
