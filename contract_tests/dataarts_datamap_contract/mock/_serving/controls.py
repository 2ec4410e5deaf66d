"""Controls for changing a server while it runs, from its own process or by administration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataarts_datamap_contract.mock._data.world import World
from dataarts_datamap_contract.mock._web.faults import FaultPlan

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract.mock._config import MockConfig
    from dataarts_datamap_contract.mock._web.record import Record


class Controls:
    """Data, faults and past requests of a server.

    Attributes:
        world: The data.
        faults: Which responses go wrong.
        record: Its counts and past requests.
    """

    def __init__(self, config: MockConfig, record: Record) -> None:
        self.world = World(config)
        self.faults = FaultPlan(config.faults, config.seed)
        self.record = record
        self._renewals: list[Callable[[], None]] = []

    def when_renewed(self, renewal: Callable[[], None]) -> None:
        """Call a function whenever the server starts again as if it were new."""
        self._renewals.append(renewal)

    def reset(self) -> None:
        """Start again with the data and faults of the configuration, and no locks, issued tokens or past requests."""
        self._renew()
        self.world.reset()

    def clear(self) -> None:
        """Start again with one table, the configured faults, and no operators, locks, issued tokens or requests."""
        self._renew()
        self.world.clear()

    def _renew(self) -> None:
        for renewal in self._renewals:
            renewal()
        self.faults.reset()
        self.record.forget_requests()
