"""Probes of the details of assets: by one GUID, and by many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract.suite._judging.invariants.common import DETAIL, DETAILS
from dataarts_datamap_contract.suite._probes.contexts import drawn_query
from dataarts_datamap_contract.suite._probes.ways import ask

if TYPE_CHECKING:
    from dataarts_datamap_contract.suite._probes.session import Session

_MOST: Final = 32
_MOST_TOGETHER: Final = 100
_SIZES: Final = (1, 1, 2, 2, 3, 4, 5, 7, 9, 10, 11, 15, 16, 20, 21, 26, 32, 50, 64, 99)
UNKNOWN_GUID: Final = "00000000-0000-4000-8000-5f1c09000000"


def known_guids(session: Session, most: int = _MOST) -> list[str]:
    """The first GUIDs of `AssetWorld.tables`."""
    return session.ledger.world.assets.tables(session.target.table_guid)[:most]


def probe_details(session: Session) -> None:
    """Each asset by itself: once plainly, and once with ``ignore_relationships`` drawn at random."""
    for guid in known_guids(session) if DETAIL in session.ledger.served else ():
        for query in session.random.sample(["", drawn_query(session, DETAIL)], 2):
            ask(session, session.request(DETAIL, guid=guid, query=query))


def probe_batches(session: Session) -> None:
    """Many assets at once, in groups of several sizes and in several orders, some with an unknown GUID."""
    guids = known_guids(session, _MOST_TOGETHER)
    if DETAILS not in session.ledger.served or not guids:
        return
    groups = [guids, guids[::-1], [guids[0], guids[0]], []]
    for size in _SIZES:
        unknown = [UNKNOWN_GUID] * session.deal("unknown", (0, 0, 1))
        group = [*unknown, *session.random.sample(guids, min(size - len(unknown), len(guids)))]
        groups.append(session.random.sample(group, len(group)))
    # The small groups come first: a cache is still empty then.
    for group in sorted(groups, key=len):
        ask(session, session.request(DETAILS, document=group))
