"""Runs the conformance suite against a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataarts_datamap_contract.target import KnownJob, SecondTenant, Target, TargetError
from dataarts_datamap_contract.verdicts import Evidence, Report, Verdict

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

__all__ = ["Evidence", "KnownJob", "Report", "SecondTenant", "Target", "TargetError", "Verdict", "run_suite"]


def run_suite(
    target: Target, *, levels: str = "ABCDE", seed: int = 0, stop_on: AbstractSet[str] | None = None
) -> Report:
    """Put a server to the test.

    Args:
        target: The server, and what is real there.
        levels: Letters of the levels to judge.
        seed: What the random requests are made from; the same seed asks the same server the same questions.
        stop_on: Ids of checks; the run ends as soon as one of them fails, and what is not judged by then is untested.

    Raises:
        ValueError: The levels name none of the catalogue, or ``stop_on`` an unknown check.
    """
    raise NotImplementedError
