"""Probes of bad input to the operations on assets and their lineage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract.suite._judging.findings import LEAST_CAP
from dataarts_datamap_contract.suite._judging.invariants.common import DETAIL, DETAILS, LINEAGE, SEARCH
from dataarts_datamap_contract.suite._probes.ways import ask_wrongly, in_some_way

if TYPE_CHECKING:
    from dataarts_datamap_contract.suite._probes.session import Session

_PLAIN: Final[dict[str, Any]] = {"query": "", "limit": 10, "offset": 0}
_BROKEN: Final = (b"", b"{", b"\xff", b"query=", b"[1", b"[" * 20_000, b'{"query":' * 5_000)
_WRONG: Final[dict[str, tuple[Any, ...]]] = {
    "limit": (0, 2**31, 10**30, -1, -(10**6), "10", 1.5, None, [], True),
    "offset": (2**31, 10**30, -1, -(10**6), "10", 1.5, None, [], True),
    "query": (7, {}, [], True),
    "filter": ("x", {"value": "dws"}, {"criterion": {}}, {"attribute": 7}),
    "sort": ("x", [7]),
    "facets": ("x", [7]),
    "owner": (7, {}),
    "relationship_attributes": ("x",),
    "query_privilege": ("x",),
}
"""Values that a member of a search cannot have."""

_GOOD: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"limit": LEAST_CAP, "query": "a"},
    {"offset": 3, "facets": ["typeName"]},
    {"limit": 1, "sort": [{"attribute": "name", "order": "DESC"}]},
)
_SEARCHES: Final[tuple[Any, ...]] = ({"offset": 0}, {"limit": 10}, {}, [], "x", 7, None, [_PLAIN])
_DETAILS: Final[tuple[Any, ...]] = ({}, "x", 7, None, [7], [None], [[]], [""], {"guids": []})
_DIRECTIONS: Final = ("UP", "DOWN", "INOUT", "IN,OUT", "*", "2")
_FLAGS: Final = ("maybe", "2", "truefalse", "null", "[]")


def probe_bodies(session: Session) -> None:
    """Bodies that are not JSON, or not what the operation takes; the invariants judge the responses."""
    served = session.ledger.served
    wrong_members = [
        {**_PLAIN, **session.deal(SEARCH, _GOOD), name: value} for name, values in _WRONG.items() for value in values
    ]
    for operation_id, documents in ((SEARCH, (*_SEARCHES, *wrong_members)), (DETAILS, _DETAILS)):
        if operation_id in served:
            for document in documents:
                content = b"null" if document is None else None
                wrong = session.question(operation_id, document=document, content=content)
                ask_wrongly(session, in_some_way(session, wrong))
            for content in _BROKEN:
                ask_wrongly(session, in_some_way(session, session.question(operation_id, content=content)))


def probe_listed(session: Session) -> None:
    """Directions and flags with values that are not listed; the invariants judge the responses."""
    served = session.ledger.served
    for value in _DIRECTIONS if LINEAGE in served else ():
        ask_wrongly(session, session.request(LINEAGE, query=f"direction={value}"))
    for name, operation_id in (
        ("ignore_relationships", DETAIL),
        ("extend_process_data_flow", LINEAGE),
        ("include_parent_entity", LINEAGE),
    ):
        for value in _FLAGS if operation_id in served else ():
            ask_wrongly(session, session.request(operation_id, query=f"{name}={value}"))
