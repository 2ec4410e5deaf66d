"""Walks over many pages: how long under a throttle, and what memory and processor time as rows grow."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Final, TypedDict

from benchmarks.serving import serving
from benchmarks.table import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

_THROTTLED_PAGES: Final = 1000
_THROTTLED_PAGE_SIZE: Final = 100
_LATENCY: Final = 0.05
_REQUESTS_PER_SECOND: Final = 50
_FEW_ROWS: Final = 10_000
_MANY_ROWS: Final = 1_000_000
_PAGE_SIZE: Final = 100  # as shipped: what is read ahead is eight pages, so larger ones take more memory
_ROUNDS: Final = 3
_FEW_ROUNDS: Final = 6  # short ones need more of them until one was not disturbed


class _Taken(TypedDict):
    rows: int
    cpu: float
    elapsed: float
    peak: int


def throttled() -> Iterator[Figure]:
    """Figures for a long walk against a server that is slow and refuses too many requests."""
    rows = _THROTTLED_PAGES * _THROTTLED_PAGE_SIZE
    options = ("--page-size", str(_THROTTLED_PAGE_SIZE))
    what = f"{_THROTTLED_PAGES:,} pages of {_THROTTLED_PAGE_SIZE} rows at {_LATENCY * 1000:.0f} ms latency"
    dictated = f"what {_REQUESTS_PER_SECOND} requests in any second dictate"
    with serving(latency=_LATENCY, requests_per_second=_REQUESTS_PER_SECOND) as service:
        ours = _walk(service.url, rows, *options, "--limited")
    least = service.answered / _REQUESTS_PER_SECOND
    yield Figure(what=what, against=dictated, value=ours["elapsed"] / least, unit="× its time", at_most=1.05)
    yield Figure(what=f"{what}: refused", value=service.refused, unit="requests", at_most=0)
    with serving(latency=_LATENCY, requests_per_second=_REQUESTS_PER_SECOND) as service:
        theirs = _walk(service.url, rows, *options, "--official")
    least = service.answered / _REQUESTS_PER_SECOND
    yield Figure(
        what="the same by a loop over the official SDK",
        against=dictated,
        value=theirs["elapsed"] / least,
        unit="× its time",
    )


def growing() -> Iterator[Figure]:
    """Figures for walks over few and many rows, with no limit to the rate."""
    options = ("--page-size", str(_PAGE_SIZE), "--warm-up")
    with serving() as service:
        few = [_walk(service.url, _FEW_ROWS, *options) for _ in range(_FEW_ROUNDS)]
        many = [_walk(service.url, _MANY_ROWS, *options) for _ in range(_ROUNDS)]
    against = f"{_FEW_ROWS:,} rows"
    peak = min(taken["peak"] for taken in many) - min(taken["peak"] for taken in few)
    yield Figure(
        what=f"walk over {_MANY_ROWS:,} rows: peak memory",
        against=against,
        value=peak / 1e6,
        unit="MB more",
        at_most=20,
    )
    yield Figure(
        what=f"walk over {_MANY_ROWS:,} rows: CPU per row",
        against=against,
        value=_per_row(many) / _per_row(few),
        at_most=1.15,
    )


def _per_row(walks: list[_Taken]) -> float:
    return min(taken["cpu"] / taken["rows"] for taken in walks)


def _walk(url: str, rows: int, *options: str) -> _Taken:
    command = [sys.executable, "-m", "benchmarks.walk", url, "--rows", str(rows), *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    taken: _Taken = json.loads(done.stdout)
    if taken["rows"] != rows:
        raise ValueError(f"{taken['rows']} of {rows} rows were read")
    return taken
