"""What the worlds of runs and of assets share: their findings, and the lowest cap on pages. No HTTP here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from dataarts_datamap_contract.suite._judging.oracle import Exchange

LEAST_CAP: Final = 100
"""The lowest cap on pages that is known of the service's siblings."""


class Finding(NamedTuple):
    """A check that was applied to an exchange.

    Attributes:
        check: Its id.
        problem: What is wrong; None if nothing is.
        earlier: An earlier exchange that says otherwise, if there is one.
        may_change: Whether the data may have changed since ``earlier``; then the problem only counts if that response
            is still the same.
    """

    check: str
    problem: str | None = None
    earlier: Exchange | None = None
    may_change: bool = False
