"""Servers that prove the suite: broken ones that it must catch, correct ones that it must let be."""

from __future__ import annotations

from dataarts_datamap_contract.broken._fleet import BROKEN_SERVERS, CORRECT_SERVERS
from dataarts_datamap_contract.broken._late_bugs import OTHER_PROJECT_ID
from dataarts_datamap_contract.broken._server import BrokenServer, CorrectServer

__all__ = ["BROKEN_SERVERS", "CORRECT_SERVERS", "OTHER_PROJECT_ID", "BrokenServer", "CorrectServer"]
