"""Whole processes: what they cost, and what they say."""

from __future__ import annotations

import os
import resource
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Environments:
    """Where the installations are that are compared.

    Attributes:
        folder: Holds one virtual environment for each: ``plain`` (this package without extras), ``cli`` (with the
            command line), ``mock`` (with the mock server), ``sdk`` (the official SDK alone).
        scratch: An empty folder, which stands for the user's own: the official SDK writes into that.
    """

    folder: Path
    scratch: Path

    def python(self, name: str) -> str:
        """The interpreter of one of them."""
        return str(self.folder / name / "bin" / "python")

    def command(self, name: str, command: str) -> str:
        """A command of one of them."""
        return str(self.folder / name / "bin" / command)

    def libraries(self, name: str) -> Path:
        """Where the packages of one of them are."""
        return next((self.folder / name / "lib").glob("python3*")) / "site-packages"

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables of a process."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.scratch)}


def least_cpu(commands: Mapping[str, Sequence[str]], where: Environments, *, rounds: int) -> dict[str, float]:
    """Seconds of processor time that each command takes, the least of so many rounds; they take turns."""
    least = dict.fromkeys(commands, float("inf"))
    for _ in range(rounds):
        for name, command in commands.items():
            least[name] = min(least[name], _cpu(command, where))
    return least


def output(command: Sequence[str], where: Environments) -> str:
    """What a command prints."""
    done = subprocess.run(command, check=True, capture_output=True, env=where.variables, text=True)  # noqa: S603
    return done.stdout


def _cpu(command: Sequence[str], where: Environments) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output(command, where)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
