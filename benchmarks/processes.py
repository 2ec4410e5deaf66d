"""Whole processes: their costs, and their output."""

from __future__ import annotations

import os
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Environments:
    """The folders of the installations to compare.

    Attributes:
        folder: Has one virtual environment for each: ``plain`` (this package without extras), ``cli`` (with the command
            line), ``mock`` (with the mock server), ``sdk`` (the official SDK alone).
        scratch: An empty folder in place of the user's home, into which the official SDK writes.
    """

    folder: Path
    scratch: Path

    def python(self, name: str) -> str:
        """The interpreter of an installation."""
        return str(self.folder / name / "bin" / "python")

    def command(self, name: str, command: str) -> str:
        """A command of an installation."""
        return str(self.folder / name / "bin" / command)

    def libraries(self, name: str) -> Path:
        """The folder with the packages of an installation."""
        return next((self.folder / name / "lib").glob("python3*")) / "site-packages"

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables of a process."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.scratch)}


def peak_memory() -> int:
    """The peak memory of the process, in bytes.

    On Linux, the value of getrusage starts at the peak of the parent process; the kernel's file has that of this
    process alone.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text(encoding="ascii").partition("VmHWM:")[2].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def least_cpu(commands: Mapping[str, Sequence[str]], where: Environments, *, rounds: int) -> dict[str, float]:
    """Seconds of processor time of each command, in the fastest of ``rounds`` rounds; the commands take turns."""
    least = dict.fromkeys(commands, float("inf"))
    for _ in range(rounds):
        for name, command in commands.items():
            least[name] = min(least[name], _cpu(command, where))
    return least


def output(command: Sequence[str], where: Environments) -> str:
    """The output of a command."""
    done = subprocess.run(command, check=True, capture_output=True, env=where.variables, text=True)  # noqa: S603
    return done.stdout


def _cpu(command: Sequence[str], where: Environments) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output(command, where)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
