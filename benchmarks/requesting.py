"""One request for a page: signing, sending, receiving, decoding."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.async_peers import async_page_readers
from benchmarks.measure import paired
from benchmarks.peers import FLOOR, GENERATED, HTTPX_ORJSON, OFFICIAL, OURS, page_readers
from benchmarks.rows import Alphabet
from benchmarks.serving import serving
from benchmarks.table import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from benchmarks.peers import Reader

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
                yield from _compare(page_readers, service.url, size, alphabet.value, at_least=size.goal)


def requesting_in_event_loops() -> Iterator[Figure]:
    """Figures for the same pages in an event loop; the official SDK has no async client, and is called without one."""
    with serving(alphabet=Alphabet.DOCUMENTED) as service:
        for size in _SIZES:
            yield from _compare(async_page_readers, service.url, size, "in an event loop")


def requesting_encrypted() -> Iterator[Figure]:
    """Figures for the same pages over TLS on a persistent connection; ``SSL_CERT_FILE`` has the certificate and key."""
    with serving(alphabet=Alphabet.DOCUMENTED, certificate=Path(os.environ["SSL_CERT_FILE"])) as service:
        for size in _SIZES:
            yield from _compare(page_readers, service.url, size, "over TLS")
            yield from _compare(async_page_readers, service.url, size, "over TLS, in an event loop")


def _compare(
    open_readers: Callable[[str, int], AbstractContextManager[dict[str, Reader]]],
    url: str,
    size: _Size,
    how: str,
    *,
    at_least: float | None = None,
) -> Iterator[Figure]:
    with open_readers(url, size.rows) as readers:
        for name, read in readers.items():
            if len(read()) != size.rows:
                raise ValueError(f"{name} did not read {size.rows} rows")
        seconds = paired(readers, rounds=_ROUNDS, repeats=size.repeats)
    what = f"one request, {size.rows:,} row{'s' * (size.rows > 1)}, {how}"
    yield Figure(what=what, against=OFFICIAL, value=seconds[OFFICIAL] / seconds[OURS], at_least=at_least)
    for peer in (HTTPX_ORJSON, FLOOR, GENERATED):
        if peer in seconds:
            yield Figure(what=f"the same by {peer}", against=OFFICIAL, value=seconds[OFFICIAL] / seconds[peer])
