"""The command line, called in this process."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from dataarts_datamap.cli._main import run

if TYPE_CHECKING:
    import pytest

    from support.faces import Addressed


TABLE = "00000000-0000-4000-8000-000000000001"
"""The GUID of a table; a text that does not look like a GUID is searched as a name."""


def point_at(server: Addressed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the environment to a server, made-up credentials, and no other variables of ours."""
    for name in list(os.environ):
        if name.startswith(("DATAMAP_", "HUAWEICLOUD_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATAMAP_CACHE_DIR", "")
    monkeypatch.setenv("DATAMAP_ENDPOINT", server.url)
    for name in ("PROJECT_ID", "INSTANCE_ID", "TOKEN"):
        monkeypatch.setenv(f"DATAMAP_{name}", "made-up")


def called(capfdbinary: pytest.CaptureFixture[bytes], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    code = run(arguments)
    sys.stdout.flush()
    out, err = capfdbinary.readouterr()
    return code, out.decode(), err.decode()
