"""Probes of the details of assets: by one GUID, by many, and by those that only nearly are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract.suite._judging.invariants.common import DETAIL, DETAILS, LINEAGE, OK
from dataarts_datamap_contract.suite._probes.filters import near_id, wild_ids

if TYPE_CHECKING:
    from dataarts_datamap_contract.suite._probes.session import Session

_MOST: Final = 12
_NOBODY: Final = "00000000-0000-4000-8000-5f1c09000000"


def known_guids(session: Session) -> list[str]:
    """GUIDs of tables that were shown, the target's own first."""
    world = session.ledger.world.assets
    own = session.target.table_guid
    return list(dict.fromkeys((*([own] if own else ()), *world.ends, *world.assets)))[:_MOST]


def probe_details(session: Session) -> None:
    """Each asset by itself, with and without what it refers to."""
    for guid in known_guids(session) if DETAIL in session.ledger.served else ():
        session.send(session.request(DETAIL, guid=guid))
    for flag in ("true", "false"):
        session.send(session.question(DETAIL, query=f"ignore_relationships={flag}"))


def probe_batches(session: Session) -> None:
    """Many assets at once, in several groups and orders, with one that is not known among them."""
    if DETAILS not in session.ledger.served:
        return
    guids = known_guids(session)
    for asked in (guids, guids[::-1], guids[:2], guids[1:], *([each] for each in guids[:3])):
        if asked:
            session.send(session.request(DETAILS, document=asked))
    session.send(session.request(DETAILS, document=[guids[0], _NOBODY]))


def probe_near_guids(session: Session) -> None:
    """A GUID that only nearly is the table's opens nothing."""
    own = session.table_guid
    if own is None:
        return
    known = session.ledger.world.assets
    for guid in (*near_id(own), *wild_ids(own), _NOBODY):
        if guid in known.assets or guid in known.ends:
            continue
        for request in (
            session.request(DETAIL, guid=guid),
            session.request(LINEAGE, guid=guid),
            session.request(DETAILS, document=[guid]),
        ):
            exchange = session.oracle.judge(request)
            if exchange.operation is None or exchange.operation.id not in session.ledger.served:
                continue
            answered = session.send(request)
            opened = answered.response.status == OK and answered.response.has_data
            session.judge("C-asset-other", answered, *([f"GUID {guid!r} is answered with data"] if opened else []))
