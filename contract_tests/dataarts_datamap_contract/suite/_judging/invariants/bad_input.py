"""What must hold of every response to valid and to bad input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract.suite._judging.invariants.common import (
    BAD_REQUEST,
    BULK,
    LINEAGE,
    RUNS,
    SEARCH,
    SERVER_ERROR,
    THROTTLED,
    Invariant,
    Problems,
    asks_really,
    must_be_served,
)
from dataarts_datamap_contract.suite._judging.oracle import DEFECTS, Exchange, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap_contract.suite.target import Target

_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_E_CHECKS: Mapping[Kind, str] = {
    "missing": "E-missing-parameter",
    "below": "E-below-minimum",
    "above": "E-above-maximum",
    "type": "E-wrong-type",
    "fraction": "E-fraction",
    "unlisted": "E-not-listed",
    "body": "E-body-invalid",
}


_OPTIONAL: Final[Mapping[str, str]] = {RUNS: "workspace_id", BULK: "limit", SEARCH: "query", LINEAGE: "direction"}
"""The one optional parameter of an operation whose omission is judged; not every operation has an entry."""


def _bad_input(kind: Kind) -> Invariant:
    def judge(exchange: Exchange, _: Target) -> Problems:
        names = [name for name, found in exchange.judgement.defects.items() if found == kind]
        if not names or exchange.judgement.standing != "invalid" or exchange.request.credential.standing != "good":
            return None
        if exchange.response.status == THROTTLED:
            return None
        accepted = exchange.response.status < BAD_REQUEST
        return tuple(
            f"{_described(exchange, name, kind)} is answered {exchange.response.status}" for name in names if accepted
        )

    return judge


def _described(exchange: Exchange, name: str, kind: Kind) -> str:
    if kind == "body":
        return f"the body {exchange.request.content.decode(errors='replace')!r:.120}"
    if kind == "missing":
        return f"a request without {name}"
    return f"{name}={exchange.judgement.values.get(name)!s:.60}"


def _bad_input_status(exchange: Exchange, target: Target) -> Problems:
    status = exchange.response.status
    if exchange.judgement.standing != "invalid" or not asks_really(exchange, target):
        return None
    if not BAD_REQUEST <= status < SERVER_ERROR or status == THROTTLED:
        return None
    allowed = {BAD_REQUEST}
    if exchange.judgement.kinds.get("instance") in {*DEFECTS, "doubtful"}:
        allowed |= {_FORBIDDEN, _NOT_FOUND}
    defects = ", ".join(f"{name} {kind}" for name, kind in exchange.judgement.defects.items())
    return () if status in allowed else (f"bad input ({defects}) is refused with {status} instead of 400",)


def _valid_refused(exchange: Exchange, target: Target) -> Problems:
    if not must_be_served(exchange, target) or exchange.response.status == THROTTLED:
        return None
    if _leaves_out(exchange, target) is not None:
        return None
    if (exchange.operation_id, exchange.response.status) == (LINEAGE, _NOT_FOUND):
        return None  # a 404 may say that there is no lineage
    refused = BAD_REQUEST <= exchange.response.status < SERVER_ERROR
    return (f"a valid request of real ids is refused with {exchange.response.status}",) if refused else ()


def _optional_refused(exchange: Exchange, target: Target) -> Problems:
    if not must_be_served(exchange, target):
        return None
    name = _OPTIONAL.get(exchange.operation_id or "")
    if name is None or name in exchange.judgement.values:
        return None
    refused = exchange.response.status == BAD_REQUEST
    return (f"a request without {name} is refused with 400",) if refused else ()


def _leaves_out(exchange: Exchange, target: Target) -> str | None:
    """The parameter of `_OPTIONAL` that was not sent, though it could have been; None if there is none."""
    name = _OPTIONAL.get(exchange.operation_id or "")
    if name is None or name in exchange.judgement.values:
        return None
    return name if name != "workspace_id" or target.workspace_id is not None else None


INVARIANTS: Final[Mapping[str, Invariant]] = {
    **{check: _bad_input(kind) for kind, check in _E_CHECKS.items()},
    "E-refusal-status": _bad_input_status,
    "E-valid-refused": _valid_refused,
    "E-optional-refused": _optional_refused,
}
"""The invariants by the ids of their checks."""
