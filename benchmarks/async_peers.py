"""A page of runs, requested in an event loop by this client and by httpx; the official SDK has no async client."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from benchmarks.ours import UNLIMITED, our_async_client, our_runs
from benchmarks.peers import HTTPX_ORJSON, OFFICIAL, OURS, decode_page, official_reader, page_target, signed_headers
from benchmarks.rows import Window

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from benchmarks.peers import Reader


@contextmanager
def async_page_readers(url: str, rows: int) -> Iterator[dict[str, Reader]]:
    """Functions that read a page of a number of rows, one for each client; connections stay open in the block.

    All but the official SDK's function run the same event loop until they have read the page.
    """
    window, target = Window.of_rows(rows), page_target(rows)
    with asyncio.Runner() as runner:
        client = our_async_client(url, UNLIMITED)
        peer = httpx.AsyncClient(base_url=url)

        async def ours() -> Sequence[object]:
            pages = our_runs(client, window, page_size=rows).pages()
            try:
                return (await anext(pages)).runs
            finally:
                await pages.aclose()

        async def httpx_orjson() -> Sequence[object]:
            response = await peer.get(target, headers=signed_headers(urlsplit(url).netloc, target))
            return decode_page(response.content)

        def reader(read: Callable[[], Awaitable[Sequence[object]]]) -> Reader:
            async def awaited() -> Sequence[object]:
                return await read()

            return lambda: runner.run(awaited())

        async def close() -> None:
            await client.close()
            await peer.aclose()

        try:
            yield {OURS: reader(ours), OFFICIAL: official_reader(url, rows), HTTPX_ORJSON: reader(httpx_orjson)}
        finally:
            runner.run(close())
