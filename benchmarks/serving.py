"""Starts the server, and reads its counts."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.rows import Alphabet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Service:
    """A running server.

    Attributes:
        port: Its port on 127.0.0.1.
        scheme: ``http`` or ``https``.
        answered: How many requests it answered; 0 until it has stopped.
        refused: How many it refused; 0 until it has stopped.
    """

    port: int
    scheme: str = "http"
    answered: int = 0
    refused: int = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self.scheme}://127.0.0.1:{self.port}"


@contextmanager
def serving(
    *,
    latency: float = 0.0,
    requests_per_second: int = 0,
    alphabet: Alphabet = Alphabet.MIXED,
    certificate: Path | None = None,
) -> Iterator[Service]:
    """Run a server in a process of its own until the block ends."""
    options = [
        "--latency",
        str(latency),
        "--requests-per-second",
        str(requests_per_second),
        "--alphabet",
        alphabet.name,
        *(() if certificate is None else ("--certificate", str(certificate))),
    ]
    command = [sys.executable, "-m", "benchmarks.server", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        if process.stdout is None:
            raise RuntimeError("the server has no output")
        service = Service(int(process.stdout.readline()), "http" if certificate is None else "https")
        try:
            yield service
        finally:
            counted, _ = process.communicate()
        counts = json.loads(counted)
        service.answered, service.refused = counts["answered"], counts["refused"]
