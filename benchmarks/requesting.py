"""One request for a page: signing, sending, receiving, decoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.measure import paired
from benchmarks.peers import FLOOR, GENERATED, HTTPX_ORJSON, OFFICIAL, OURS, page_readers
from benchmarks.rows import Alphabet
from benchmarks.serving import serving
from benchmarks.table import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROUNDS: Final = 20


class _Size(NamedTuple):
    rows: int
    repeats: int
    goal: float


_SIZES: Final = (_Size(1, 40, 2.5), _Size(100, 10, 3.0), _Size(1000, 2, 4.5))


def requesting() -> Iterator[Figure]:
    """Figures for pages of one, a hundred and a thousand rows."""
    for alphabet in Alphabet:
        with serving(alphabet=alphabet) as service:
            for size in _SIZES:
                what = f"one request, {size.rows:,} row{'s' * (size.rows > 1)}, {alphabet.value}"
                yield from _compare(service.url, size, what)


def _compare(url: str, size: _Size, what: str) -> Iterator[Figure]:
    with page_readers(url, size.rows) as readers:
        for name, read in readers.items():
            if len(read()) != size.rows:
                raise ValueError(f"{name} did not read {size.rows} rows")
        seconds = paired(readers, rounds=_ROUNDS, repeats=size.repeats)
    ratios = {name: seconds[OFFICIAL] / taken for name, taken in seconds.items()}
    yield Figure(what=what, against=OFFICIAL, value=ratios[OURS], at_least=size.goal)
    for peer in (HTTPX_ORJSON, FLOOR, GENERATED):
        yield Figure(what=f"the same by {peer}", against=OFFICIAL, value=ratios[peer])
