"""Probes that repeat requests of the run in other ways: how a request is sent must not change its response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract.suite._judging.findings import LEAST_CAP
from dataarts_datamap_contract.suite._judging.invariants.common import OK, RUNS, SERVER_ERROR, THROTTLED
from dataarts_datamap_contract.suite._probes.contexts import operators_of
from dataarts_datamap_contract.suite._probes.session import is_signed
from dataarts_datamap_contract.suite._probes.ways import WAYS, renewed

if TYPE_CHECKING:
    from dataarts_datamap_contract.suite._http.messages import Request
    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session

_MOST_OF_RUNS: Final = 27
_MOST_OF_OTHERS: Final = 6
_TOGETHER: Final = 8
_PART: Final = 0.25
_DRAWN: Final = 6
_TRIED: Final = 2


def probe_replay(session: Session) -> None:
    """Repeat requests for all operations, good and bad: unchanged, in other ways, and side by side.

    `World` and `AssetWorld` compare each response with those before it.
    """
    for request in session.questions():
        session.send(request)
    for operator in operators_of(session):
        request = session.runs_request(**operator, limit=LEAST_CAP)
        other = WAYS["with other credentials of the same account"](session, request)
        for way in filter(None, (request, other)):
            session.send(way)
    kinds = _kinds(session)
    asked = [each for some in kinds.values() for each in some]
    for first in session.random.sample(asked, len(asked) // 3):
        session.send(renewed(session, first.request))
    for change in WAYS.values():
        for (operation_id, is_served), some in kinds.items():
            for _ in range(_TRIED if is_served and operation_id == RUNS else 1):
                drawn = session.random.sample(some, min(_DRAWN, len(some)) if is_served else 1)
                first = max(drawn, key=lambda each: len(each.response.content))
                changed = change(session, first.request) if is_served or session.random.random() < _PART else None
                if changed is not None:
                    session.send(renewed(session, changed))
    session.random.shuffle(asked)
    for index in range(0, len(asked), _TOGETHER):
        session.send_together([renewed(session, each.request) for each in asked[index : index + _TOGETHER]])


def _kinds(session: Session) -> dict[tuple[str | None, bool], list[Exchange]]:
    """Exchanges that can be repeated, by operation and by whether they were served: some of each, no two alike."""
    seen = [each for each in session.ledger.seen if _can_be_repeated(session, each)]
    session.random.shuffle(seen)
    found: dict[tuple[str | None, bool], list[Exchange]] = {}
    for each in {_kind(each): each for each in seen}.values():
        some = found.setdefault((each.operation_id, each.response.status == OK), [])
        most = _MOST_OF_RUNS if each.operation_id == RUNS else _MOST_OF_OTHERS
        if len(some) < (most if each.response.status == OK else most // 3):
            some.append(each)
    return found


def _can_be_repeated(session: Session, exchange: Exchange) -> bool:
    """Whether a request has one meaning, locks no key, asks for no runs after the window, and got no 429 or 5xx."""
    request, judgement = exchange.request, exchange.judgement
    if judgement.standing == "unsure" or exchange.response.status in {THROTTLED, *range(SERVER_ERROR, 600)}:
        return False
    end = judgement.number("end_time")
    names = [pair.partition("=")[0] for pair in request.query.split("&")]
    at_rest = exchange.operation_id != RUNS or end is None or end <= session.target.window_end
    is_plain = not request.header("X-Project-Id") and len(set(names)) == len(names)
    return is_plain and at_rest and not _can_lock_a_key(request)


def _can_lock_a_key(request: Request) -> bool:
    """Whether a request has a wrong signature: a few of those lock the key."""
    return is_signed(request) and request.credential.standing != "good"


def _kind(exchange: Exchange) -> object:
    judgement, request = exchange.judgement, exchange.request
    limit, offset = judgement.number("limit") or 0, judgement.number("offset") or 0
    asked = [judgement.values.get(name) for name in ("job_name", "guid", "direction", "query")]
    return (
        (exchange.operation_id, exchange.response.status, request.credential.standing, is_signed(request)),
        (tuple(sorted(judgement.kinds.items())) if judgement.defects else len(judgement.kinds)),
        (offset > 0, limit > 1, limit > 10, limit > 50, limit > 100),  # noqa: PLR2004  sizes that differ
        (bool(exchange.response.rows), *(asked if exchange.response.status == OK else ())),
    )
