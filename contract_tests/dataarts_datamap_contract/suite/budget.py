"""How thorough a run is: how long it lasts, how many requests it sends, and how many of them are random."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The time and requests that a run may spend.

    Attributes:
        seconds: For how many seconds the run starts new probes; None for no limit.
        max_examples: How many random requests for each operation, beyond those that follow from the specification; 0
            leaves out schemathesis altogether.
        rounds: How often the probes of windows, pages and filters run, each time with other random choices.
        requests: The target's maximum of requests is multiplied by this.
    """

    seconds: float | None
    max_examples: int
    rounds: int = 1
    requests: int = 1


BUDGETS: Mapping[str, Budget] = MappingProxyType(
    {
        "quick": Budget(seconds=60.0, max_examples=0),
        "default": Budget(seconds=900.0, max_examples=8),
        "deep": Budget(seconds=None, max_examples=60, rounds=3, requests=5),
    }
)
"""The budgets by name. A server that is neither a mock nor on this machine gets at most ten requests a second unless
the settings say otherwise, so the default budget takes some minutes there."""
