"""Probes of lineage: that of all operators in pages, and that around each table in each direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract.suite._http.messages import whole_number
from dataarts_datamap_contract.suite._judging.findings import LEAST_CAP
from dataarts_datamap_contract.suite._judging.invariants.common import BULK, LINEAGE
from dataarts_datamap_contract.suite._probes.assets.details import known_guids

if TYPE_CHECKING:
    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session

_MOST_PAGES: Final = 8
_MOST_PARTS: Final = 40
_FLOWS: Final = "relationship_type_categories=DATA_FLOW"


def probe_all(session: Session) -> None:
    """Pages of all lineage, of several sizes, which the world behind them judges."""
    first = _page(session, 0, LEAST_CAP)
    total = whole_number(first.response.members.get("total")) or 0
    _walk(session, LEAST_CAP, min(total, _MOST_PAGES * LEAST_CAP))
    for limit in (10, 1, 2, 3):
        _walk(session, limit, min(total, _MOST_PARTS, _MOST_PARTS * limit))
    for row, limit in ((total, 10), (total + 1, 1), (total + 1_000, 10), (max(total - 1, 0), 5)):
        _page(session, _offset(session, row, limit), limit)
    session.send(session.request(BULK))
    session.send(session.request(BULK, query=f"limit={LEAST_CAP}"))


def _walk(session: Session, limit: int, total: int) -> None:
    for row in range(0, total, limit):
        _page(session, _offset(session, row, limit), limit)


def _offset(session: Session, row: int, limit: int) -> int:
    """Where a page starts, by what offset seems to count."""
    reading = session.ledger.world.assets.bulk.reading
    return row if reading == "rows" else -(-row // limit) + (reading == "pages from 1")


def _page(session: Session, offset: int, limit: int) -> Exchange:
    return session.send(session.request(BULK, query=f"offset={offset}&limit={limit}"))


def probe_around(session: Session) -> None:
    """Each table's upstream and downstream; of some, both at once, and what comes without a direction."""
    guids = known_guids(session)
    for number, guid in enumerate(guids):
        for direction in ("IN", "OUT", *(("BOTH", "") if number < len(("own", "next")) else ())):
            query = "&".join(part for part in (f"direction={direction}" if direction else "", _FLOWS) if part)
            session.send(session.request(LINEAGE, guid=guid, query=query))
    session.ledger.judge_lineage()
    session.confirm()
