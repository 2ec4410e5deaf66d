"""The outcomes of stock schemathesis, kept in a file, since they do not depend on the suite.

An outcome is known as long as its key is: a digest of schemathesis's version and settings, of the operations in the
specification without their words, and of the server's own code. The code of the reference mock is left out on purpose,
as every outcome would be lost with each change of it: measure all anew before a release.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from dataarts_datamap_contract._broken.fleet import BROKEN_SERVERS
from dataarts_datamap_contract.mutants._fingerprints import fingerprint
from dataarts_datamap_contract.mutants._stock import SETTINGS
from dataarts_datamap_contract.specification import specification_of
from dataarts_datamap_contract.specification.levels import resolve_pointer
from dataarts_datamap_contract.suite.catalogue import CHECKED_OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap_contract._broken.servers import BrokenServer

RECORD: Final = Path(__file__).with_name("stock.json")
"""The file, beside this module."""

_WORDS: Final = frozenset({"description", "summary", "title"})


@dataclass(frozen=True, slots=True)
class StockOutcome:
    """The outcome of stock schemathesis on one server.

    Attributes:
        key: What it depends on.
        checks: The names of the checks that failed, sorted.
    """

    key: str
    checks: tuple[str, ...]


class StockRecord:
    """The outcomes that are known, by server.

    Args:
        path: The file; it need not exist.
    """

    def __init__(self, path: Path = RECORD) -> None:
        self._path = path
        text = path.read_text(encoding="utf-8") if path.exists() else "{}"
        self._outcomes = {
            name: StockOutcome(outcome["key"], tuple(outcome["checks"])) for name, outcome in json.loads(text).items()
        }

    def find(self, server: BrokenServer) -> tuple[str, ...] | None:
        """The checks that failed on a server; None if that is not known, or no longer."""
        outcome = self._outcomes.get(server.name)
        return outcome.checks if outcome is not None and outcome.key == key_of(server) else None

    def add(self, server: BrokenServer, checks: tuple[str, ...]) -> None:
        """Note an outcome, and write the file without servers that have left the fleet, a line for each."""
        self._outcomes[server.name] = StockOutcome(key_of(server), checks)
        fleet = {each.name for each in BROKEN_SERVERS}
        lines = [
            f"{json.dumps(name, ensure_ascii=False)}: {json.dumps({'key': each.key, 'checks': each.checks})}"
            for name, each in sorted(self._outcomes.items())
            if name in fleet
        ]
        self._path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8", newline="\n")


def key_of(server: BrokenServer) -> str:
    """What the outcome on a server depends on."""
    return _digest(_surroundings(), fingerprint(server))


@cache
def _surroundings() -> str:
    document = specification_of(CHECKED_OPERATIONS)
    parts: dict[str, Any] = {"paths": document["paths"]}
    pending: list[object] = [document["paths"]]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            members = cast("dict[str, object]", part)
            pending += members.values()
            reference = members.get("$ref")
            if isinstance(reference, str) and reference not in parts:
                parts[reference] = resolve_pointer(document, reference)
                pending.append(parts[reference])
        elif isinstance(part, list):
            pending += cast("list[object]", part)
    return _digest(version("schemathesis"), json.dumps([SETTINGS, _wordless(parts)], sort_keys=True))


def _wordless(part: object) -> object:
    """A part of the specification without texts for people and without its evidence."""
    if isinstance(part, dict):
        members = cast("Mapping[str, object]", part).items()
        return {
            name: _wordless(member)
            for name, member in members
            if not (name in _WORDS and isinstance(member, str)) and name != "x-evidence"
        }
    return [_wordless(each) for each in cast("list[object]", part)] if isinstance(part, list) else part


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
