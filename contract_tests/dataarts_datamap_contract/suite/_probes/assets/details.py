"""Probes of the details of assets: by one GUID, by many, and by GUIDs that are almost the target's."""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, Final, cast

from dataarts_datamap_contract.suite._judging.invariants.common import DETAIL, DETAILS, LINEAGE, OK
from dataarts_datamap_contract.suite._probes.contexts import drawn_query
from dataarts_datamap_contract.suite._probes.filters import near_id, wild_ids
from dataarts_datamap_contract.suite._probes.ways import ask

if TYPE_CHECKING:
    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session

_MOST: Final = 32
_MOST_TOGETHER: Final = 100
_SIZES: Final = (1, 1, 2, 2, 3, 4, 5, 7, 9, 10, 11, 15, 16, 20, 21, 26, 32, 50, 64, 99)
_NOBODY: Final = "00000000-0000-4000-8000-5f1c09000000"


def known_guids(session: Session, most: int = _MOST) -> list[str]:
    """GUIDs of tables that were shown: the target's own first, then by turns one without lineage and one with it."""
    world = session.ledger.world.assets
    own = session.target.table_guid
    turns = zip_longest([each for each in world.assets if each not in world.ends], world.ends)
    return [each for each in dict.fromkeys((own, *chain(*turns))) if each][:most]


def probe_details(session: Session) -> None:
    """Each asset by itself, with and without what it refers to."""
    for guid in known_guids(session) if DETAIL in session.ledger.served else ():
        plain = session.send(session.request(DETAIL, guid=guid))
        query = drawn_query(session, DETAIL)
        exchange = ask(session, session.request(DETAIL, guid=guid, query=query))
        if _entity(plain) != _entity(exchange):
            session.doubt(
                "C-asset-agrees", exchange, f"with {query or 'nothing else'}, the details are different", plain
            )


def _entity(exchange: Exchange) -> object:
    """The asset that details show, without what it is related to."""
    entity: object = exchange.response.members.get("entity")
    if not isinstance(entity, dict):
        return entity
    return {name: value for name, value in cast("dict[str, Any]", entity).items() if name != "relationship_attributes"}


def probe_batches(session: Session) -> None:
    """Many assets at once, in groups of several sizes and in several orders, some with an unknown GUID."""
    if DETAILS not in session.ledger.served:
        return
    guids = known_guids(session, _MOST_TOGETHER)
    asked = [guids, guids[::-1], guids[:1], [guids[0], _NOBODY], [_NOBODY, *guids[:2]], [guids[0], guids[0]], []]
    sizes = [size for size in _SIZES if size <= len(guids)]
    for group in (*asked, *(session.random.sample(guids, size) for size in sizes)):
        ask(session, session.request(DETAILS, document=group))


def probe_near_guids(session: Session) -> None:
    """A GUID that is almost the table's opens nothing."""
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
            answered = ask(session, request)
            response = answered.response
            opened = response.status == OK and (response.has_data or isinstance(response.members.get("entity"), dict))
            session.judge("C-asset-other", answered, *([f"GUID {guid!r} is answered with data"] if opened else []))
