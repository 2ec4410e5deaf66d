"""What comparisons of exchanges find, and the lowest known cap on the rows of a page. No HTTP here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from dataarts_datamap_contract.suite._judging.oracle import Exchange

LEAST_CAP: Final = 100
"""The lowest cap on the rows of a page that is known of any related API of the service."""


class Finding(NamedTuple):
    """The result of a check for one exchange.

    Attributes:
        check: The check's id.
        problem: What is wrong; None if nothing is.
        earlier: The other exchange with which this one was compared; None if there was none.
        may_change: Whether a change of runs could explain the problem, which then only counts if `Session.confirm`
            confirms it. Problems that `AssetWorld` finds are always confirmed, whatever this says.
    """

    check: str
    problem: str | None = None
    earlier: Exchange | None = None
    may_change: bool = False
