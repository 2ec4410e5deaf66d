"""Every server of the cohort that was written outside differs from the reference in the way it declares."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from dataarts_datamap_contract._broken.caller import Caller
from dataarts_datamap_contract._broken.fleet import BROKEN_SERVERS as KNOWN_BROKEN
from dataarts_datamap_contract._broken.fleet import CORRECT_SERVERS as KNOWN_CORRECT
from dataarts_datamap_contract._broken.outside import BROKEN_SERVERS, CORRECT_SERVERS
from dataarts_datamap_contract._broken.seams import Seam
from dataarts_datamap_contract.mock import MockConfig
from dataarts_datamap_contract.mock._web.record import Record

if TYPE_CHECKING:
    from dataarts_datamap_contract._broken.servers import BrokenServer, CorrectServer

NOW = datetime(2024, 2, 1, tzinfo=UTC)
CONFIG = MockConfig(now=NOW, clock=lambda: NOW, scenario="varied")
EVERY: list[BrokenServer | CorrectServer] = [*BROKEN_SERVERS, *CORRECT_SERVERS]


def caller_of(seam: Seam) -> Caller:
    """Calls a server with the difference in it."""
    return Caller(seam.build(CONFIG, Record()), CONFIG)


@pytest.mark.parametrize("server", EVERY, ids=[server.name for server in EVERY])
def test_differs(server: BrokenServer | CorrectServer) -> None:
    """A caller sees the difference that the server declares, and does not see it in the reference."""
    assert server.shown(caller_of(server.seam)) is True
    assert server.shown(caller_of(Seam())) is False


def test_names_are_new() -> None:
    """No server has the name of another, of this cohort or of an earlier one."""
    own = [server.name for server in EVERY]
    known: list[BrokenServer | CorrectServer] = [*KNOWN_BROKEN, *KNOWN_CORRECT]
    earlier = {server.name for server in known if server.cohort != "outside"}

    assert len(own) == len(set(own))
    assert set() == set(own) & earlier


def test_is_large_enough() -> None:
    """The cohort has 60 broken servers and 20 correct ones at least, all of one cohort."""
    assert len(BROKEN_SERVERS) >= 60
    assert len(CORRECT_SERVERS) >= 20
    assert {"outside"} == {server.cohort for server in EVERY}
