"""Figures, their goals, and their table."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PEERS: Final = ("huaweicloudsdkdataartsstudio", "httpx", "orjson", "msgspec", "pyarrow")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A measured figure.

    Attributes:
        what: The work that was measured.
        against: The peer that it is compared with; empty if there is none.
        value: The figure.
        unit: The unit.
        at_least: Its goal, if it should be large.
        at_most: Its goal, if it should be small.
    """

    what: str
    against: str = ""
    value: float
    unit: str = "×"
    at_least: float | None = None
    at_most: float | None = None

    @property
    def goal(self) -> str:
        """The goal in words."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g} {self.unit}"
        return "" if self.at_most is None else f"≤ {self.at_most:g} {self.unit}"

    @property
    def verdict(self) -> str:
        """Whether the goal is met; empty if there is none."""
        if self.at_least is None and self.at_most is None:
            return ""
        reached = (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )
        return "met" if reached else "**missed**"

    def row(self) -> str:
        """The figure as a row of the table."""
        shown = f"{self.value:.0f}" if self.value >= 100 or self.value == int(self.value) else f"{self.value:.3g}"  # noqa: PLR2004  digits enough
        return f"| {self.what} | {self.against} | {shown} {self.unit} | {self.goal} | {self.verdict} |"


def table(figures: Iterable[Figure]) -> str:
    """The figures as a Markdown table."""
    rows: Sequence[str] = [figure.row() for figure in figures]
    return "\n".join(("| what | compared with | figure | goal | verdict |", "|---|---|---:|---|---|", *rows)) + "\n"


def machine() -> str:
    """A description of the machine, without names or paths."""
    cores = f"{os.cpu_count()} cores, {_processor()}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    peers = ", ".join(f"{name} {version(name)}" for name in PEERS)
    return f"{cores}; {platform.system()}, {python}. Peers: {peers}."


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
