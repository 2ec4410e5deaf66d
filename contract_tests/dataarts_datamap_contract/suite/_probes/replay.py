"""Probes that put questions of the run once more, each in another way: how a question travels changes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import unquote

from dataarts_datamap_contract.suite._http.credentials import NOBODY
from dataarts_datamap_contract.suite._http.messages import TOKEN_HEADER
from dataarts_datamap_contract.suite._judging.findings import LEAST_CAP
from dataarts_datamap_contract.suite._judging.invariants.common import ASSETS, OK, RUNS, SERVER_ERROR, THROTTLED
from dataarts_datamap_contract.suite._probes.filters import near_id
from dataarts_datamap_contract.suite._probes.session import encode_query, every_byte

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dataarts_datamap_contract.suite._http.messages import Request
    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session

_MOST: Final = 70
_TOGETHER: Final = 8
_PART: Final = 0.4


def probe_replay(session: Session) -> None:
    """Questions of all operations, good and bad, are asked again: as they were, in other ways, and side by side."""
    for request in (*session.questions(), session.runs_request(limit=LEAST_CAP)):
        session.send(request)
    asked = _sample(session)
    for first in asked[::2]:
        _judge_same(session, first, session.send(_renewed(session, first.request)), "once more")
    for how, change in _WAYS.items():
        for first in _some(session, asked):
            changed = change(session, first.request)
            if changed is not None:
                _judge_same(session, first, session.send(_renewed(session, changed)), how)
    _probe_memory(session)
    session.random.shuffle(asked)
    for index in range(0, len(asked), _TOGETHER):
        group = asked[index : index + _TOGETHER]
        exchanges = session.send_together([_renewed(session, each.request) for each in group])
        for first, exchange in zip(group, exchanges, strict=True):
            _judge_same(session, first, exchange, "side by side with others")


def _probe_memory(session: Session) -> None:
    """A request says by itself what it asks for: nothing of the one before it stays with the connection."""
    plain = session.runs(workspace_id=None)
    workspace_id = session.target.workspace_id
    other = near_id(workspace_id)[0] if workspace_id else None
    for before in ({"workspace_id": other}, {"job_name": "no-such-operator-5f1c09"}, {"offset": 1, "limit": 3}):
        if None not in before.values():
            session.runs(**before)
            _judge_same(session, plain, session.runs(workspace_id=None), f"after one with another {', '.join(before)}")


def _some(session: Session, asked: list[Exchange]) -> Iterator[Exchange]:
    """One question of each operation that was served, and some that were not."""
    kinds: dict[tuple[str | None, bool], list[Exchange]] = {}
    for each in asked:
        kinds.setdefault((each.operation_id, each.response.status == OK), []).append(each)
    for (_, is_served), exchanges in kinds.items():
        if is_served or session.random.random() < _PART:
            yield session.random.choice(exchanges)


def _sample(session: Session) -> list[Exchange]:
    """Questions of each kind that were asked, those of one operation after another."""
    seen = list(session.ledger.seen)
    session.random.shuffle(seen)
    kinds: dict[object, Exchange] = {}
    for each in seen:
        if _can_be_repeated(session, each):
            kinds.setdefault(_kind(each), each)
    served = [each for each in kinds.values() if each.response.status == OK]
    others = [each for each in kinds.values() if each.response.status != OK]
    chosen = [*served[: _MOST * 2 // 3], *others[: _MOST // 3]]
    return sorted(chosen, key=lambda each: str(each.operation_id))


def _can_be_repeated(session: Session, exchange: Exchange) -> bool:
    """Whether a question means one thing alone, and asks for what is at rest."""
    request, judgement = exchange.request, exchange.judgement
    if judgement.standing == "unsure" or exchange.response.status in {THROTTLED, *range(SERVER_ERROR, 600)}:
        return False
    end = judgement.number("end_time")
    names = [pair.partition("=")[0] for pair in request.query.split("&")]
    at_rest = exchange.operation_id != RUNS or end is None or end <= session.target.window_end
    is_plain = not request.header("X-Project-Id") and len(set(names)) == len(names)
    return is_plain and at_rest and request.credential.standing != "unsure" and not _can_lock_a_key(request)


def _can_lock_a_key(request: Request) -> bool:
    """Whether it has a wrong signature, of which a few lock the key."""
    return _is_signed(request) and request.credential.standing != "good"


def _kind(exchange: Exchange) -> object:
    judgement, request = exchange.judgement, exchange.request
    limit, offset = judgement.number("limit") or 0, judgement.number("offset") or 0
    asked = judgement.values.get("job_name"), judgement.values.get("guid"), judgement.values.get("direction")
    return (
        (exchange.operation_id, exchange.response.status, request.credential.standing, _is_signed(request)),
        (tuple(sorted(judgement.kinds.items())) if judgement.defects else len(judgement.kinds)),
        (offset > 0, limit > 1, limit > 10, limit > 50, limit > 100),  # noqa: PLR2004  sizes that differ
        (bool(exchange.response.rows), asked if exchange.response.status == OK else None),
    )


def _is_signed(request: Request) -> bool:
    return bool(request.header("Authorization"))


def _renewed(session: Session, request: Request) -> Request:
    """The request with a signature of now, if it has a good one."""
    is_good = request.credential.standing == "good" and _is_signed(request)
    return session.sign(replace(request, credential=NOBODY)) if is_good else request


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
    """The parameters in another order; those of a JSON document, too."""
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
    except ValueError:
        return None


def _encoded(encode: Callable[[str, str], str]) -> Callable[[Session, Request], Request | None]:
    def change(_: Session, request: Request) -> Request | None:
        if not request.query or request.credential.standing != "good":
            return None
        pairs = [each.partition("=")[::2] for each in request.query.split("&")]
        return replace(request, query="&".join(encode(unquote(name), unquote(value)) for name, value in pairs))

    return change


def _other_credential(session: Session, request: Request) -> Request | None:
    """Signed in place of the token, and with the token in place of a signature."""
    target = session.target
    if None in (target.token, target.access_key) or request.credential.standing != "good":
        return None
    bare = replace(request, credential=NOBODY)
    return session.authorize(bare) if _is_signed(request) else session.sign(bare)


def _spelled(_: Session, request: Request) -> Request | None:
    """Header names in small letters, the credentials before the rest."""
    fields = tuple((name.lower(), value) for name, value in request.fields)
    credential = replace(
        request.credential, fields=tuple((name.lower(), value) for name, value in request.credential.fields)
    )
    return replace(request, fields=fields[::-1], credential=credential) if request.header(TOKEN_HEADER) else None


def _with_charset(_: Session, request: Request) -> Request:
    others = tuple(field for field in request.fields if field[0].lower() != "content-type")
    return replace(request, fields=(*others, ("Content-Type", "application/json; charset=utf-8")))


_WAYS: Final[dict[str, Callable[[Session, Request], Request | None]]] = {
    "with gzip": _with("Accept-Encoding", "gzip"),
    "without gzip": _with("Accept-Encoding", "gzip;q=0, identity"),
    "with a charset": _with_charset,
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
    "with header names in small letters": _spelled,
    "of another client": _with("User-Agent", "conformance"),
}


def _judge_same(session: Session, first: Exchange, exchange: Exchange, how: str) -> None:
    status, before = exchange.response.status, first.response.status
    if status == THROTTLED:
        return
    problem = ""
    if status != before:
        problem = f"a request {how} is answered {status}, and {before} before"
    elif _shown(first) != _shown(exchange):
        problem = f"a request {how} shows other data than before"
    if problem and exchange.operation_id in ASSETS and status == OK:
        session.doubt("C-replay", exchange, problem, first)
    else:
        session.ledger.judge("C-replay", exchange, *([problem] if problem else []), earlier=first)


def _shown(exchange: Exchange) -> tuple[list[str], int | None]:
    response = exchange.response
    if response.status != OK:
        return [], None
    if exchange.operation_id in ASSETS:
        return [json.dumps(response.document, sort_keys=True)], None
    return list(_listed(exchange)), response.page.total if response.page else None


def _listed(exchange: Exchange) -> Iterator[str]:
    yield from (json.dumps(row, sort_keys=True) for row in exchange.response.rows)
    yield from sorted(json.dumps(each, sort_keys=True) for each in exchange.response.operators)
