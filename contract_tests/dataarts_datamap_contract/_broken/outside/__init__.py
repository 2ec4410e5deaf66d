"""Servers written from the specification, the facts about the API and the seams of the mock alone.

Their author had seen neither the suite nor what the servers of other cohorts declare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract._broken.outside import (
    catalogue,
    correct,
    entrances,
    graphs,
    moments,
    names,
    pages,
    rows,
    windows,
)

if TYPE_CHECKING:
    from dataarts_datamap_contract._broken.servers import BrokenServer, CorrectServer

BROKEN_SERVERS: Final[tuple[BrokenServer, ...]] = (
    *pages.BROKEN_SERVERS,
    *windows.BROKEN_SERVERS,
    *names.BROKEN_SERVERS,
    *rows.BROKEN_SERVERS,
    *moments.BROKEN_SERVERS,
    *entrances.BROKEN_SERVERS,
    *catalogue.BROKEN_SERVERS,
    *graphs.BROKEN_SERVERS,
)
"""Every broken server of the cohort."""

CORRECT_SERVERS: Final[tuple[CorrectServer, ...]] = correct.CORRECT_SERVERS
"""Every correct server of the cohort."""
