"""Walks a window in a process of its own, and prints its costs as JSON."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from benchmarks.ours import AS_SHIPPED, UNLIMITED, PageSize, our_client, our_runs
from benchmarks.processes import peak_memory
from benchmarks.rows import Window
from dataarts_datamap import AccessKeyCredentials, Attempt, DataMapClient

if TYPE_CHECKING:
    from collections.abc import Callable

_WARM_UP_PAGES: Final = 3
_LARGEST_PAGE: Final = 1000
_TOO_MANY: Final = 429  # on a machine that is slow at times; these requests are sent again


def _walk_ours(url: str, window: Window, page_size: PageSize, *, limited: bool) -> int:
    with our_client(url, AS_SHIPPED if limited else UNLIMITED) as client:
        rows = 0
        for _ in our_runs(client, window, page_size=page_size):
            rows += 1
    return rows


def _walk_mock(told: dict[str, Any], page_size: PageSize) -> dict[str, float]:
    """Read all runs of the mock server's first operator, and return the costs."""
    credentials = AccessKeyCredentials(told["access_key"], told["secret_key"])
    sent: list[Attempt] = []
    window = Window(told["oldest"], round(time.time() * 1000))
    with DataMapClient(
        endpoint=told["url"],
        project_id=told["project_id"],
        instance_id=told["instance_id"],
        credentials=credentials,
        on_attempt=sent.append,
    ) as client:

        def walk() -> int:
            rows = 0
            for _ in our_runs(client, window, page_size=page_size):
                rows += 1
            return rows

        return {**_measure(walk), "requests": sum(attempt.status != _TOO_MANY for attempt in sent)}


def _walk_official(url: str, window: Window, page_size: int) -> int:
    """The loop that a user of the official SDK would write."""
    from benchmarks.peers import official_client, official_rows  # noqa: PLC0415  a walk of this client loads no peer

    client, rows = official_client(url), 0
    while read := len(official_rows(client, window, offset=rows, limit=page_size)):
        rows += read
        if read < page_size:
            break
    return rows


def _measure(walk: Callable[[], int]) -> dict[str, float]:
    begun, cpu = time.perf_counter(), time.process_time()
    rows = walk()
    return {
        "rows": rows,
        "cpu": time.process_time() - cpu,
        "elapsed": time.perf_counter() - begun,
        "peak": peak_memory(),
    }


def _page_size(text: str) -> PageSize:
    return "auto" if text == "auto" else int(text)


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--page-size", type=_page_size, required=True)
    parser.add_argument("--mock", action="store_true", help="read all runs of the mock server; url is its data as JSON")
    parser.add_argument("--official", action="store_true", help="use the official SDK")
    parser.add_argument("--limited", action="store_true", help="keep the default rate limit")
    parser.add_argument("--warm-up", action="store_true", help="walk a few pages first")
    given = parser.parse_args()
    if given.mock:
        sys.stdout.write(json.dumps(_walk_mock(json.loads(given.url), given.page_size)))
        return

    def walk(rows: int) -> int:
        if given.official:
            return _walk_official(given.url, Window.of_rows(rows), given.page_size)
        return _walk_ours(given.url, Window.of_rows(rows), given.page_size, limited=given.limited)

    if given.warm_up:
        walk(_WARM_UP_PAGES * (_LARGEST_PAGE if given.page_size == "auto" else given.page_size))
    sys.stdout.write(json.dumps(_measure(lambda: walk(given.rows))))


if __name__ == "__main__":
    _main()
