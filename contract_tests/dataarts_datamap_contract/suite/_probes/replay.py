"""Probes that repeat requests of the run in other ways: how a request is sent must not change its response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract.suite._judging.findings import LEAST_CAP
from dataarts_datamap_contract.suite._judging.invariants.common import OK, RUNS, SERVER_ERROR, THROTTLED
from dataarts_datamap_contract.suite._probes.ways import WAYS, is_signed, renewed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dataarts_datamap_contract.suite._http.messages import Request
    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session

_MOST_OF_RUNS: Final = 30
_MOST_OF_OTHERS: Final = 10
_MOST_REFUSED: Final = 24
_TOGETHER: Final = 8
_PART: Final = 0.4
_DRAWN: Final = 6
_TRIED: Final = 3


def probe_replay(session: Session) -> None:
    """Repeat requests for all operations, good and bad: unchanged, in other ways, and side by side.

    The asset world compares each response with that to the first request for the same.
    """
    for request in (*session.questions(), session.runs_request(limit=LEAST_CAP)):
        session.send(request)
    asked = _sample(session)
    for first in session.random.sample(asked, len(asked) // 2):
        session.send(renewed(session, first.request))
    for change in WAYS.values():
        for first in _some(session, asked):
            changed = change(session, first.request)
            if changed is not None:
                session.send(renewed(session, changed))
    session.random.shuffle(asked)
    for index in range(0, len(asked), _TOGETHER):
        session.send_together([renewed(session, each.request) for each in asked[index : index + _TOGETHER]])


def _some(session: Session, asked: list[Exchange]) -> Iterator[Exchange]:
    """For each operation, some exchanges that show much, and some that were refused."""
    for (operation_id, is_served), exchanges in _by_operation(asked).items():
        if is_served:
            for _ in range(_TRIED if operation_id == RUNS else 1):
                drawn = session.random.sample(exchanges, min(_DRAWN, len(exchanges)))
                yield max(drawn, key=lambda each: len(each.response.content))
        elif session.random.random() < _PART:
            yield session.random.choice(exchanges)


def _by_operation(exchanges: Iterable[Exchange]) -> dict[tuple[str | None, bool], list[Exchange]]:
    """The exchanges by operation, and by whether they were served."""
    found: dict[tuple[str | None, bool], list[Exchange]] = {}
    for each in exchanges:
        found.setdefault((each.operation_id, each.response.status == OK), []).append(each)
    return found


def _sample(session: Session) -> list[Exchange]:
    """Exchanges of each kind, sorted by operation."""
    seen = [each for each in session.ledger.seen if _can_be_repeated(session, each)]
    session.random.shuffle(seen)
    kinds: dict[object, Exchange] = {}
    for each in seen:
        kinds.setdefault(_kind(each), each)
    chosen: list[Exchange] = []
    refused: list[Exchange] = []
    for (operation_id, is_served), exchanges in _by_operation(kinds.values()).items():
        if is_served:
            chosen += exchanges[: _MOST_OF_RUNS if operation_id == RUNS else _MOST_OF_OTHERS]
        else:
            refused += exchanges
    session.random.shuffle(refused)
    return sorted([*chosen, *refused[:_MOST_REFUSED]], key=lambda each: str(each.operation_id))


def _can_be_repeated(session: Session, exchange: Exchange) -> bool:
    """Whether a request has only one meaning, and asks for data that no longer changes."""
    request, judgement = exchange.request, exchange.judgement
    if judgement.standing == "unsure" or exchange.response.status in {THROTTLED, *range(SERVER_ERROR, 600)}:
        return False
    end = judgement.number("end_time")
    names = [pair.partition("=")[0] for pair in request.query.split("&")]
    at_rest = exchange.operation_id != RUNS or end is None or end <= session.target.window_end
    is_plain = not request.header("X-Project-Id") and len(set(names)) == len(names)
    return is_plain and at_rest and request.credential.standing != "unsure" and not _can_lock_a_key(request)


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
