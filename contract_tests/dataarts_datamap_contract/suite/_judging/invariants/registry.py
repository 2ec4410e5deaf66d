"""Every invariant: what must hold of every single exchange, whoever made the request. No HTTP here.

Each returns the problems that it sees: an empty tuple if the exchange is fine, None if it does not judge the exchange.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract.suite._judging.invariants import assets, bad_input, body, credentials, envelope, paging

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap_contract.suite._judging.invariants.common import Invariant

INVARIANTS: Final[Mapping[str, Invariant]] = {
    **envelope.INVARIANTS,
    **assets.INVARIANTS,
    **body.INVARIANTS,
    **paging.INVARIANTS,
    **credentials.INVARIANTS,
    **bad_input.INVARIANTS,
}
"""The invariants by the ids of their checks."""
