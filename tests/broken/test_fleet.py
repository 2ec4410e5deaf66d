"""Every server of the fleet differs from the reference in the way it declares."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from dataarts_datamap_contract._broken.caller import Caller
from dataarts_datamap_contract._broken.fleet import BROKEN_SERVERS, CORRECT_SERVERS, MODULES
from dataarts_datamap_contract._broken.seams import Seam
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract.mock import MockConfig
from dataarts_datamap_contract.mock._web.record import Record
from dataarts_datamap_contract.suite.catalogue import CATALOGUE

if TYPE_CHECKING:
    from dataarts_datamap_contract._broken.servers import CorrectServer

NOW = datetime(2024, 2, 1, tzinfo=UTC)
CONFIG = MockConfig(now=NOW, clock=lambda: NOW, scenario="varied")
EVERY: list[BrokenServer | CorrectServer] = [*BROKEN_SERVERS, *CORRECT_SERVERS]


def caller_of(seam: Seam) -> Caller:
    """Calls a server with the difference in it."""
    return Caller(seam.build(CONFIG, Record()), CONFIG)


@pytest.fixture(scope="module")
def reference() -> Caller:
    """Calls the reference mock."""
    return caller_of(Seam())


@pytest.mark.parametrize("server", EVERY, ids=[server.name for server in EVERY])
def test_differs(server: BrokenServer | CorrectServer, reference: Caller) -> None:
    """A caller sees the difference that the server declares, and does not see it in the reference."""
    assert server.shown(caller_of(server.seam)) is True
    # A key whose signatures are refused too often is locked: where one may be, the reference is a fresh one.
    other = caller_of(Seam()) if isinstance(server, BrokenServer) and server.level == "D" else reference
    assert server.shown(other) is False


def test_declares_known_checks() -> None:
    """A broken server declares checks of the catalogue that name its defect, one of them at least."""
    assert [] == [server.name for server in BROKEN_SERVERS if not server.checks]
    unknown = {server.name: server.checks - CATALOGUE.keys() for server in BROKEN_SERVERS}
    assert {} == {name: checks for name, checks in unknown.items() if checks}


def test_names_are_unique() -> None:
    """No two servers have one name, and no two broken ones break one rule in the same words."""
    names = Counter(server.name for server in EVERY)
    rules = Counter(server.rule for server in BROKEN_SERVERS)

    assert [] == [name for name, times in (names + rules).items() if times > 1]


def test_every_module_declares_servers() -> None:
    """No module in a folder of the fleet is without servers, so that none is left out by a misspelt name."""
    tables = ("BROKEN_SERVERS", "CORRECT_SERVERS")

    assert [] == [module.__name__ for module in MODULES if not any(getattr(module, name, ()) for name in tables)]


def test_is_large_enough() -> None:
    """The fleet has 100 broken servers, 12 at each level, and 20 correct ones."""
    levels = Counter(server.level for server in BROKEN_SERVERS)

    assert levels.total() >= 100
    assert list("ABCDE") == sorted(levels)
    assert min(levels.values()) >= 12
    assert len(CORRECT_SERVERS) >= 20
