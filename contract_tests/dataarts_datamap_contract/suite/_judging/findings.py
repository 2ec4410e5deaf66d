"""What the worlds of runs and of assets share: their findings, and the lowest cap on pages. No HTTP here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from dataarts_datamap_contract.suite._judging.oracle import Exchange

LEAST_CAP: Final = 100
"""The lowest cap on the rows of a page that any of the service's siblings is known to have."""


class Finding(NamedTuple):
    """A check that was applied to an exchange.

    Attributes:
        check: Its id.
        problem: What is wrong; None if nothing is.
        earlier: An earlier exchange that it was compared with, if there is one.
        may_change: Whether the runs may have changed since ``earlier``, as assets always may; then the problem only
            counts if the request of ``earlier`` still gets the same response.
    """

    check: str
    problem: str | None = None
    earlier: Exchange | None = None
    may_change: bool = False
