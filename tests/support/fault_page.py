"""Writes the page of faults from their tables: ``python -m support.fault_page`` in ``tests``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from support import hostile_cases
from support.transport_faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.transport_faults import Fault

PAGE: Final = Path(__file__).parents[2] / "docs" / "faults.md"
_FACES: Final = ("sync", "async")
_INTRODUCTION: Final = (
    "`DataMapClient` and to `AsyncDataMapClient`. Each ends in an error of the package's own tree, which has the known",
    "details of the exchange, no foreign exception in its chain and no secret, and can be pickled. None ends in an",
    "empty result. The clients of these tests make at most two attempts; by default, clients make four, and twelve",
    "if each response is a 429.",
)
_HEADER: Final = (
    "| What goes wrong | What the caller gets | Its text says | Known of the response | Sent again | `test_fault` |",
    "|---|---|---|---|---|---|",
)
_LISTS: Final = """
## Lists that change while they are read

A list of runs is read page by page, while runs start, end, appear and disappear. The tests in
`tests/paging/test_hostile_walks.py` read random lists of each kind below over sockets, with both clients, with pages
read ahead, with a given page size and with one that the client finds out. A run that exists all the time is yielded
once; if that cannot be shown, the walk ends in an `IncompleteWalkError`, or in the error response of the service.

| What the list does | What the caller gets | `test_hostile_walks` |
|---|---|---|
""".rstrip().splitlines()
_LIMITS: Final = """
Three losses can stay silent, since nothing in the service's responses shows them:

- A server reports the rows of a page as its total, and sends fewer than ten of more rows.
- A server serves and counts only up to a number that is not round.
- A run moves among those that were already read, while as many of these disappear and as many others are added at the
  end, all between the same two requests, so that every page and every total fits. So a list of ten or more pages, or of
  two or more of the pages of 1,000 rows that `page_size="auto"` requests, is read once more at its front: if the newest
  runs come first, a run that starts, ends or is updated moves there. This leaves lists of two to nine small pages and,
  in longer ones, a run that moves behind the first page or has no id.

The third cannot happen to a list of one page: a larger `page_size` or a shorter `slice_span` makes lists that short,
and so does `page_size="auto"` if the service sends up to 1,000 rows.
""".rstrip().splitlines()
_SHOWN_FACTS: Final = ("status", "error_code", "request_id", "retry_after", "upstream_status")


def render() -> str:
    """The page."""
    return "\n".join(_lines()) + "\n"


def test_names(fault: Fault) -> list[str]:
    """The names of the tests that show a fault, one for each face of the client."""
    return [f"test_fault[{face}-{fault.name}]" for face in _FACES]


def _lines() -> Iterator[str]:
    count = sum(map(len, FAULTS.values()))
    yield "# Faults on the way, and the errors that you get"
    yield ""
    yield "<!-- Written by `make faults` from the tables of the tests. Do not edit. -->"
    yield ""
    yield f"Each of these {count} faults happens over a real socket in `tests/transport/test_transport_faults.py`, to"
    yield from _INTRODUCTION
    for group, faults in FAULTS.items():
        yield from ("", f"## {group}", "", *_HEADER)
        yield from map(_row, faults)
    yield from (*_LISTS, *map(_kind, hostile_cases.FAULTS), *_LIMITS)


def _kind(kind: str) -> str:
    gets = "each run once" if kind in hostile_cases.HARMLESS else "each run once, or an error"
    return f"| {kind} | {gets} | `[{kind}]` |"


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
