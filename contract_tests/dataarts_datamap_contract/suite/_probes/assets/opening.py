"""Finds out which operations on assets and their lineage the server has, and serves to the target's account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract.suite._http.caller import NoResponseError
from dataarts_datamap_contract.suite._judging.invariants.common import (
    ASSETS,
    BAD_REQUEST,
    BULK,
    DETAIL,
    DETAILS,
    LINEAGE,
    SEARCH,
)
from dataarts_datamap_contract.suite._probes.session import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap_contract.suite._probes.session import Session

NEEDED: Final[Mapping[str, frozenset[str]]] = {
    "C-search-pages": frozenset({SEARCH}),
    "C-search-finds": frozenset({SEARCH}),
    "C-search-narrows": frozenset({SEARCH}),
    "C-asset-agrees": frozenset({DETAIL, DETAILS, SEARCH}),
    "C-details-batch": frozenset({DETAILS}),
    "C-asset-other": frozenset({DETAIL, DETAILS, LINEAGE}),
    "C-bulk-pages": frozenset({BULK}),
    "C-lineage-mirror": frozenset({LINEAGE}),
    "C-lineage-agrees": frozenset({LINEAGE}),
    "C-lineage-connected": frozenset({LINEAGE}),
    "C-lineage-category": frozenset({LINEAGE}),
    "A-catalog-shape": frozenset(ASSETS),
    "B-asset-shape": frozenset({SEARCH, DETAIL, DETAILS}),
    "B-asset-times": frozenset({SEARCH, DETAIL, DETAILS}),
    "B-lineage-shape": frozenset({BULK, LINEAGE}),
    "E-not-listed": frozenset({DETAIL, LINEAGE}),
    "E-body-invalid": frozenset({SEARCH, DETAILS}),
}
"""For each check: the operations, at least one of which must be served for the check to be judged."""


def open_assets(session: Session) -> None:
    """Try each operation on assets, and excuse the checks of `NEEDED` that have no served operation."""
    ledger = session.ledger
    for operation_id in (SEARCH, BULK, DETAIL, DETAILS, LINEAGE):
        if session.table_guid is None and operation_id in {DETAIL, DETAILS, LINEAGE}:
            ledger.closed[operation_id] = "no table is known to call it with"
            continue
        try:
            exchange = session.open(operation_id)
        except NoResponseError as error:
            ledger.closed[operation_id] = str(error)
            continue
        if operation_id in ledger.served:
            session.confirm()
            continue
        status = exchange.response.status
        said = words_of(exchange.response)
        ledger.closed[operation_id] = f"it is answered {status}{f' ({said})' if said else ''}"
        if status == BAD_REQUEST and exchange.operation_id is not None:
            session.judge("E-valid-refused", exchange, f"a valid request of {operation_id} is refused with {status}")
    for check, needed in NEEDED.items():
        if needed.isdisjoint(ledger.served):
            names = " or ".join(sorted(needed))
            ledger.excuse(f"the server does not have {names}, or refuses it to this account", check)
