"""Walks over many pages: the time under a throttle, and memory and processor time for more rows."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Final, TypedDict

from benchmarks.mocking import mock_server
from benchmarks.serving import serving
from benchmarks.table import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.processes import Environments

_THROTTLED_PAGES: Final = 1000
_THROTTLED_PAGE_SIZE: Final = 100
_LATENCY: Final = 0.05
_REQUESTS_PER_SECOND: Final = 50
_FEW_ROWS: Final = 10_000
_MANY_ROWS: Final = 1_000_000
_PAGE_SIZE: Final = 100
_LARGE_PAGE: Final = 1000
_CAPPED_ROWS: Final = 100_000  # a million would take seven minutes for each of the two servers
_CAPS: Final = {
    "caps at 100 rows in silence": ("--max-limit", "100"),
    "answers 400 above 100 rows": ("--max-limit", "100", "--over-limit", "refused"),
}
_ROUNDS: Final = 3
_FEW_ROUNDS: Final = 6  # short walks need more rounds to have an undisturbed one


class _Taken(TypedDict):
    rows: int
    cpu: float
    elapsed: float
    peak: int


class _MockTaken(_Taken):
    requests: int


def throttled() -> Iterator[Figure]:
    """Figures for a long walk against a slow server with a rate limit."""
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
    """Figures for walks over few and many rows, without a rate limit."""
    against = f"{_FEW_ROWS:,} rows"
    for page_size, pages in ((str(_PAGE_SIZE), f"pages of {_PAGE_SIZE} rows"), ("auto", "as shipped")):
        options = ("--page-size", page_size, "--warm-up")
        with serving() as service:
            few = [_walk(service.url, _FEW_ROWS, *options) for _ in range(_FEW_ROUNDS)]
            many = [_walk(service.url, _MANY_ROWS, *options) for _ in range(_ROUNDS)]
        what = f"walk over {_MANY_ROWS:,} rows, {pages}"
        peak = min(taken["peak"] for taken in many) - min(taken["peak"] for taken in few)
        yield Figure(what=f"{what}: peak memory", against=against, value=peak / 1e6, unit="MB more", at_most=20)
        value = _per_row(many) / _per_row(few)
        yield Figure(what=f"{what}: CPU per row", against=against, value=value, at_most=1.15)


def paging(where: Environments) -> Iterator[Figure]:
    """Figures for walks over the mock server with default settings, also if a page has at most 100 rows there."""
    dictated = f"what {_REQUESTS_PER_SECOND} requests in any second dictate"
    taken = _walk_mock(where, _MANY_ROWS, "auto")
    least = _MANY_ROWS / _LARGE_PAGE
    what = f"{_MANY_ROWS:,} runs walked at {_LATENCY * 1000:.0f} ms latency"
    against = f"{dictated} at {_LARGE_PAGE:,} rows"
    value = taken["elapsed"] * _REQUESTS_PER_SECOND / least
    yield Figure(what=what, against=against, value=value, unit="× its time", at_most=1.1)
    yield Figure(what=f"{what}: requests", against=against, value=taken["requests"] / least, at_most=1.1)
    for how, options in _CAPS.items():
        small, auto = (_walk_mock(where, _CAPPED_ROWS, size, *options) for size in (str(_PAGE_SIZE), "auto"))
        what, against = f"{_CAPPED_ROWS:,} runs walked, the server {how}", f"pages of {_PAGE_SIZE} rows"
        value = auto["elapsed"] / small["elapsed"]
        yield Figure(what=what, against=against, value=value, unit="× its time", at_most=1.03)
        more = auto["requests"] - small["requests"]
        yield Figure(what=f"{what}: requests", against=against, value=more, unit="more", at_most=1)


def _walk_mock(where: Environments, rows: int, page_size: str, *options: str) -> _MockTaken:
    limits = ("--rate-limit", str(_REQUESTS_PER_SECOND), "--latency", str(_LATENCY))
    with mock_server(where, "--size", str(rows), *limits, *options) as (_, told):
        return _taken(json.dumps(told), rows, "--mock", "--page-size", page_size)


def _per_row(walks: list[_Taken]) -> float:
    return min(taken["cpu"] / taken["rows"] for taken in walks)


def _walk(url: str, rows: int, *options: str) -> _Taken:
    return _taken(url, rows, "--rows", str(rows), *options)


def _taken(url: str, rows: int, *options: str) -> _MockTaken:
    command = [sys.executable, "-m", "benchmarks.walk", url, *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    taken: _MockTaken = json.loads(done.stdout)
    if taken["rows"] != rows:
        raise ValueError(f"{taken['rows']} of {rows} rows were read")
    return taken
