"""Probes of lineage: pages of the lineage of all operators, and lineage around each known asset in each direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract.suite._http.messages import whole_number
from dataarts_datamap_contract.suite._judging.findings import LEAST_CAP
from dataarts_datamap_contract.suite._judging.invariants.common import BULK, LINEAGE, NOT_FOUND
from dataarts_datamap_contract.suite._probes.assets.details import known_guids
from dataarts_datamap_contract.suite._probes.contexts import drawn_query
from dataarts_datamap_contract.suite._probes.ways import ask

if TYPE_CHECKING:
    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session

_MOST_PAGES: Final = 8
_MAX_INT32: Final = 2**31 - 1
_MOST_PARTS: Final = 40
_MOST_DRAWN: Final = 40
_FIRST: Final = 12
_FLOWS: Final = "relationship_type_categories=DATA_FLOW"
_DIRECTIONS: Final = ("direction=IN", "direction=OUT", "direction=BOTH", "")
_NO_CATEGORY: Final = "relationship_type_categories=NONE_5F1C09"


def probe_all(session: Session) -> None:
    """Ask for the lineage of all operators in pages of several sizes, which the asset world judges."""
    first = _page(session, 0, LEAST_CAP)
    total = whole_number(first.response.members.get("total")) or 0
    _walk(session, LEAST_CAP, min(total, _MOST_PAGES * LEAST_CAP))
    for limit in (10, 1, 2, 3):
        _walk(session, limit, min(total, _MOST_PARTS))
    for row, limit in ((total, 10), (total + 1, 1), (total + 1_000, 10), (max(total - 1, 0), 5)):
        _page(session, _offset(session, row, limit), limit)
    for _ in range(_MOST_DRAWN // 2):
        limit = session.random.choice((1, 4, 5, 9, 11, 16, 20, 33, 50, 64, LEAST_CAP))
        row = session.random.randrange(total + 2)
        if session.ledger.world.assets.bulk.reading != "rows":
            row = row // limit * limit
        _page(session, _offset(session, row, limit), limit)
    session.send(session.request(BULK))
    session.send(session.request(BULK, query=f"limit={LEAST_CAP}"))
    _page(session, 1, _MAX_INT32)


def _walk(session: Session, limit: int, total: int) -> None:
    for row in range(0, total, limit):
        _page(session, _offset(session, row, limit), limit)


def _offset(session: Session, row: int, limit: int) -> int:
    """The offset of the page that starts at a row, by the reading of offset that explains the pages so far."""
    reading = session.ledger.world.assets.bulk.reading
    return row if reading == "rows" else -(-row // limit) + (reading == "pages from 1")


def _page(session: Session, offset: int, limit: int) -> Exchange:
    return ask(session, session.request(BULK, query=f"offset={offset}&limit={limit}"))


def probe_around(session: Session) -> None:
    """Ask for the lineage around each known asset, in each direction and without one, also with random parameters."""
    guids = known_guids(session)
    draws = range(_MOST_DRAWN if guids else 0)
    drawn = [(session.random.choice(guids), drawn_query(session, LINEAGE)) for _ in draws]
    for guid, query in drawn[:_FIRST]:  # before a plain response is in any cache
        ask(session, session.request(LINEAGE, guid=guid, query=query))
    for guid in guids:
        for direction in _DIRECTIONS:
            session.send(session.request(LINEAGE, guid=guid, query=_joined(direction, direction and _FLOWS)))
    for guid, query in drawn:
        ask(session, session.request(LINEAGE, guid=guid, query=query))
    for direction in _DIRECTIONS:
        session.send(session.question(LINEAGE, query=_joined(direction, _NO_CATEGORY)))
    session.ledger.judge_lineage()
    session.confirm()


def _joined(*parts: str) -> str:
    return "&".join(filter(None, parts))


def probe_nodes_of_tables(session: Session) -> None:
    """Ask for the operators of each known asset, to compare them with those in the lineage of all operators."""
    if session.asks_for(BULK):
        session.send(session.question(BULK, query=f"limit={LEAST_CAP}"))
    shown = session.ledger.world.assets.assets
    for guid in known_guids(session):
        exchange = ask(session, session.nodes_request(guid=guid))
        is_table = shown.get(guid, {}).get("type_name") == shown.get(str(session.table_guid), {}).get("type_name", "")
        if is_table and exchange.response.status == NOT_FOUND:
            session.judge("C-nodes-operator", exchange, f"ShowNodes does not find {guid}, which other operations show")
    session.ledger.judge_lineage()
    session.confirm()
