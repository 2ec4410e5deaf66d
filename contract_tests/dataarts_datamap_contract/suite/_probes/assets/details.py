"""Probes of the details of assets: by one GUID, by many, and by those that only nearly are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from dataarts_datamap_contract.suite._judging.invariants.common import DETAIL, DETAILS, LINEAGE, OK
from dataarts_datamap_contract.suite._probes.filters import near_id, wild_ids

if TYPE_CHECKING:
    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session

_MOST: Final = 21
_MOST_TOGETHER: Final = 100
_NOBODY: Final = "00000000-0000-4000-8000-5f1c09000000"


def known_guids(session: Session, most: int = _MOST) -> list[str]:
    """GUIDs of tables that were shown, the target's own first."""
    world = session.ledger.world.assets
    own = session.target.table_guid
    return list(dict.fromkeys((*([own] if own else ()), *world.ends, *world.assets)))[:most]


def probe_details(session: Session) -> None:
    """Each asset by itself, with and without what it refers to."""
    for number, guid in enumerate(known_guids(session) if DETAIL in session.ledger.served else ()):
        plain = session.send(session.request(DETAIL, guid=guid))
        query = f"ignore_relationships={'false' if number % 2 else 'true'}"
        exchange = session.send(session.request(DETAIL, guid=guid, query=query))
        if _entity(plain) != _entity(exchange):
            session.doubt("C-asset-agrees", exchange, f"with {query}, the details are others", plain)


def _entity(exchange: Exchange) -> object:
    """The asset that details show, without what it is related to."""
    entity: object = exchange.response.members.get("entity")
    if not isinstance(entity, dict):
        return entity
    return {name: value for name, value in cast("dict[str, Any]", entity).items() if name != "relationship_attributes"}


def probe_batches(session: Session) -> None:
    """Many assets at once, in several groups and orders, with one that is not known among them."""
    if DETAILS not in session.ledger.served:
        return
    guids = known_guids(session, _MOST_TOGETHER)
    single = [[each] for each in guids[:3]]
    for asked in (guids, guids[::-1], guids[:2], guids[1:], guids[:10], guids[:11], guids[:21], *single):
        if asked:
            session.send(session.request(DETAILS, document=asked))
    for asked in ([guids[0], _NOBODY], [_NOBODY, *guids[:2]], [guids[0], guids[0]], []):
        session.send(session.request(DETAILS, document=asked))


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
            response = answered.response
            opened = response.status == OK and (response.has_data or isinstance(response.members.get("entity"), dict))
            session.judge("C-asset-other", answered, *([f"GUID {guid!r} is answered with data"] if opened else []))
