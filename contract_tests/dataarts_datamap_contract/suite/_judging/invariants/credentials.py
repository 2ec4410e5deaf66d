"""What must hold of every response to good and to bad credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract.suite._judging.invariants.common import (
    BAD_REQUEST,
    SERVER_ERROR,
    THROTTLED,
    UNAUTHORIZED,
    Invariant,
    Problems,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite.target import Target

_SHORTEST_SECRET = 8
_SHORTEST_HALF = 6


def _bad_credentials_status(exchange: Exchange, _: Target) -> Problems:
    status = exchange.response.status
    asked_well = exchange.judgement.standing == "valid" and not exchange.judgement.undeclared
    if exchange.request.credential.standing != "bad" or not asked_well or not BAD_REQUEST <= status < SERVER_ERROR:
        return None
    if status == THROTTLED:
        return None
    return () if status == UNAUTHORIZED else (f"bad credentials are refused with {status} instead of 401",)


def _secret_echo(exchange: Exchange, target: Target) -> Problems:
    credential = exchange.request.credential
    secrets = [secret for secret in target.secrets if len(secret) >= _SHORTEST_SECRET]
    if not secrets or credential.query:
        return None
    sent = exchange.response.content + "\n".join(value for _, value in exchange.response.fields).encode(
        errors="replace"
    )
    if any(secret.encode() in sent for secret in secrets):
        return ("a secret of the target is in the response",)
    if any(half.encode() in sent for secret in secrets for half in _halves(secret)):
        return ("half of a secret of the target is in the response",)
    if any(right.encode() in sent for right in credential.right_values):
        return ("the response to a wrong signature shows the right one",)
    return ()


def _halves(secret: str) -> tuple[str, ...]:
    """The first half of a secret, but at least six of its characters, and the last half if that has at least eight.

    A shorter end could be an ordinary word.
    """
    half = max(len(secret) // 2, _SHORTEST_HALF)
    return (secret[:half], *((secret[-half:],) if half >= _SHORTEST_SECRET else ()))


INVARIANTS: Final[Mapping[str, Invariant]] = {
    "D-refusal-status": _bad_credentials_status,
    "D-secret-echo": _secret_echo,
}
"""The invariants by the ids of their checks."""
