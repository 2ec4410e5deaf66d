"""All servers of the fleet: those that the modules in the folders of `_broken` declare."""

from __future__ import annotations

from importlib import import_module
from pkgutil import walk_packages
from typing import Final, get_args

from dataarts_datamap_contract import _broken
from dataarts_datamap_contract._broken.servers import BrokenServer, Cohort, CorrectServer

_COHORTS: Final = get_args(Cohort)
_PREFIX: Final = f"{_broken.__name__}."

MODULES: Final = tuple(
    import_module(module.name)
    for module in walk_packages(_broken.__path__, _PREFIX)
    if "." in module.name.removeprefix(_PREFIX)
)
"""The modules in the folders; each has ``BROKEN_SERVERS`` or ``CORRECT_SERVERS``."""


def _broken_servers() -> list[BrokenServer]:
    return [server for module in MODULES for server in getattr(module, "BROKEN_SERVERS", ())]


def _correct_servers() -> list[CorrectServer]:
    return [server for module in MODULES for server in getattr(module, "CORRECT_SERVERS", ())]


BROKEN_SERVERS: Final = tuple(
    sorted(_broken_servers(), key=lambda server: (_COHORTS.index(server.cohort), server.level, server.name))
)
"""Every broken server, sorted by cohort, level and name."""

CORRECT_SERVERS: Final = tuple(
    sorted(_correct_servers(), key=lambda server: (_COHORTS.index(server.cohort), server.name))
)
"""Every correct but different server, sorted by cohort and name."""
