"""Writes the page of the faults from their table: ``python -m support.fault_page`` in the folder of the tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from support.transport_faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.transport_faults import Fault

PAGE: Final = Path(__file__).parents[2] / "docs" / "faults.md"
_FACES: Final = ("sync", "async")
_INTRODUCTION: Final = (
    "`DataMapClient` and to `AsyncDataMapClient`. Each ends in an error of the package's own tree, which tells what is",
    "known of the exchange, has no foreign exception in its chain, holds no secret, and crosses a process whole. None",
    "ends in an empty result. The clients of these tests make two attempts at most; yours make four unless told",
    "otherwise.",
)
_HEADER: Final = (
    "| What goes wrong | What the caller gets | Its text says | Known of the answer | Sent again | `test_fault` |",
    "|---|---|---|---|---|---|",
)
_SHOWN_FACTS: Final = ("status", "error_code", "request_id", "retry_after", "upstream_status")


def render() -> str:
    """The page."""
    return "\n".join(_lines()) + "\n"


def test_names(fault: Fault) -> list[str]:
    """The names of the tests that show a fault, one for each face of the client."""
    return [f"test_fault[{face}-{fault.name}]" for face in _FACES]


def _lines() -> Iterator[str]:
    count = sum(map(len, FAULTS.values()))
    yield "# What can go wrong on the network, and what you get"
    yield ""
    yield "<!-- Written by `make faults` from tests/support/transport_faults.py. Do not edit. -->"
    yield ""
    yield f"Each of these {count} faults happens over a real socket in `tests/transport/test_transport_faults.py`, to"
    yield from _INTRODUCTION
    for group, faults in FAULTS.items():
        yield from ("", f"## {group}", "", *_HEADER)
        yield from map(_row, faults)


def _row(fault: Fault) -> str:
    known = [f"`{name}={fault.facts[name]!r}`" for name in _SHOWN_FACTS if fault.facts.get(name) is not None]
    cells = (
        fault.name,
        f"`{fault.kind.__name__}`",
        f"“{fault.text}”",
        "<br>".join(known) or "-",
        "yes" if fault.facts["attempts"] > 1 else "no time left" if "deadline" in fault.settings else "no",
        "<br>".join(f"`[{face}-{fault.name}]`" for face in _FACES),
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(render(), encoding="utf-8", newline="\n")
