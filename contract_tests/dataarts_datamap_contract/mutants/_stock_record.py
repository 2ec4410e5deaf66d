"""The outcomes of stock schemathesis, kept in a file: they do not depend on the suite."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from dataarts_datamap_contract._broken.fleet import BROKEN_SERVERS

RECORD: Final = Path(__file__).with_name("stock.json")
"""The file, beside this module."""


class StockRecord:
    """The known outcomes: for each broken server, the checks of the installed schemathesis that fail on it.

    An outcome stays recorded when the server, the mock or the specification changes; ``--stock fresh`` measures again.

    Args:
        path: The file; it need not exist.
    """

    def __init__(self, path: Path = RECORD) -> None:
        self._path = path
        self._version = version("schemathesis")
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        is_current = record.get("schemathesis") == self._version
        self._outcomes: dict[str, list[str]] = record["outcomes"] if is_current else {}

    def find(self, server: str) -> tuple[str, ...] | None:
        """The checks that failed on a server; None if that is not known."""
        checks = self._outcomes.get(server)
        return None if checks is None else tuple(checks)

    def add(self, server: str, checks: tuple[str, ...]) -> None:
        """Add an outcome, and write the file, without servers that have left the fleet."""
        fleet = {each.name for each in BROKEN_SERVERS}
        self._outcomes = {name: known for name, known in self._outcomes.items() if name in fleet}
        self._outcomes[server] = list(checks)
        content = {"schemathesis": self._version, "outcomes": dict(sorted(self._outcomes.items()))}
        self._path.write_text(json.dumps(content, ensure_ascii=False, indent=0) + "\n", encoding="utf-8", newline="\n")
