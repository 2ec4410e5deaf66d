"""The walk over pages, and the pagers that drive it."""

from __future__ import annotations

import asyncio
import itertools
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap import (
    AsyncDataMapClient,
    DataMapClient,
    IncompleteWalkError,
    InvalidArgumentError,
    Run,
    RunPage,
    ServerError,
)
from dataarts_datamap._paging import next_page, walk_pages
from support.answers import json_answer, run_page
from support.faces import SETTINGS, WINDOW
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dataarts_datamap._messages import Steps
    from dataarts_datamap._paging import OffsetUnit
    from support.faces import Face


def runs_of(*numbers: int) -> tuple[Run, ...]:
    """Runs with these ids."""
    return tuple(Run(run_id=number) for number in numbers)


def walked(
    read: Callable[[int], tuple[Sequence[Run], int | None]], *, page_size: int = 10, offset_unit: OffsetUnit = "row"
) -> Iterator[Run]:
    """The runs of a walk over pages that a function gives, without any I/O."""

    def read_page(offset: int) -> Steps[RunPage]:
        yield from ()
        runs, total = read(offset)
        return RunPage(runs=tuple(runs), total=total, message="success", offset=offset)

    walk = walk_pages(read_page, page_size=page_size, offset_unit=offset_unit)
    while True:
        try:
            next(next_page(walk))
        except StopIteration as stop:
            if stop.value is None:
                return
            yield from stop.value.runs


@given(rows=st.integers(0, 60), page_size=st.integers(1, 70), cap=st.integers(1, 70), tells_total=st.booleans())
def test_every_row_once(rows: int, page_size: int, cap: int, tells_total: bool) -> None:  # noqa: FBT001  drawn
    """Each row comes once and in order, whatever the page size, a silent cap of it, and whether the total is told."""
    all_runs = runs_of(*range(rows))

    def read(offset: int) -> tuple[Sequence[Run], int | None]:
        return all_runs[offset : offset + min(page_size, cap)], rows if tells_total else None

    assert list(all_runs) == list(walked(read, page_size=page_size))


@given(rows=st.integers(0, 60), page_size=st.integers(1, 70))
def test_pages_as_unit(rows: int, page_size: int) -> None:
    """The same holds for a server whose offset counts pages, when told so."""
    all_runs = runs_of(*range(rows))

    def read(offset: int) -> tuple[Sequence[Run], int | None]:
        return all_runs[offset * page_size : (offset + 1) * page_size], rows

    assert list(all_runs) == list(walked(read, page_size=page_size, offset_unit="page"))


def test_wrong_unit_is_noticed() -> None:
    """A server that counts pages, walked as if it counted rows, ends in an error that names the other unit."""
    all_runs = runs_of(*range(25))

    with pytest.raises(IncompleteWalkError, match=r"10 of 25 runs were read.*offset_unit='page'") as caught:
        list(walked(lambda offset: (all_runs[offset * 10 : offset * 10 + 10], 25)))

    assert (10, 25) == (caught.value.rows_read, caught.value.total)


def test_ignored_offset_is_noticed() -> None:
    """A server that answers each offset with the first page ends in an error, not in a circle."""
    with pytest.raises(IncompleteWalkError, match=r"brought nothing new"):
        list(walked(lambda _: (runs_of(*range(10)), 25)))


def test_rows_that_moved_come_once() -> None:
    """Rows that moved to the next page, because newer ones came in before them, are not given twice."""
    pages = {0: (runs_of(9, 8, 7), 5), 3: (runs_of(7, 6, 5), 6)}

    assert list(runs_of(9, 8, 7, 6, 5)) == list(walked(lambda offset: pages[offset], page_size=3))


def test_rows_of_one_page_may_share_an_id() -> None:
    """Rows that share an id on one page are all given: which of them is the run is not ours to say."""
    twins = (Run(run_id=1, status="fail"), Run(run_id=1, status="success"), Run(), Run())

    assert list(twins) == list(walked(lambda _: (twins, 4)))


def test_other_wrong_unit_costs_requests_only() -> None:
    """A server that counts rows, walked as if it counted pages, gives every row once all the same."""
    all_runs = runs_of(*range(25))
    pages = lambda offset: (all_runs[offset : offset + 10], 25)  # noqa: E731

    assert list(all_runs) == list(walked(pages, offset_unit="page"))


@pytest.mark.parametrize("total", [20, None])
def test_overlapping_pages(total: int | None) -> None:
    """Pages that overlap are read on until every run was seen; if one never comes, that is an error."""
    pages = {0: runs_of(*range(10)), 10: runs_of(*range(9, 19)), 20: runs_of(19)}
    assert list(runs_of(*range(20))) == list(walked(lambda offset: (pages.get(offset, ()), total)))

    del pages[20]
    if total:
        with pytest.raises(IncompleteWalkError, match="19 of 20"):
            list(walked(lambda offset: (pages.get(offset, ()), total)))


@pytest.mark.parametrize("total", [15, 1000, None])
def test_pages_that_alternate(total: int | None) -> None:
    """A server that answers any offset with one of two pages ends in an error, not in a circle."""
    answers = itertools.cycle([runs_of(*range(10)), runs_of(*range(10, 20))])

    with pytest.raises(IncompleteWalkError, match="brought nothing new"):
        list(walked(lambda _: (next(answers), total)))


@pytest.mark.parametrize("last", [0, None])
def test_total_that_vanishes(last: int | None) -> None:
    """What the first page promised holds, though the last one tells another total."""
    with pytest.raises(IncompleteWalkError, match="10 of 20"):
        list(walked(lambda offset: ((), last) if offset else (runs_of(*range(10)), 20)))


@pytest.mark.parametrize("run_id", ["r", 0, None])
def test_rows_without_an_id(face: Face, run_id: object) -> None:
    """Rows without a usable id are told apart by all that was sent of them, unknown fields too."""
    rows = [{"taskRunningLogId": f"r{number}" if run_id == "r" else run_id, "unknown": number} for number in range(20)]
    pages = [run_page(*rows[:10], total=20), run_page(*rows[10:], total=20)]
    with warnings.catch_warnings(), ScriptedServer(*pages) as server:
        warnings.simplefilter("ignore")
        assert rows == [run.raw for run in face.list_runs(server, page_size=10)]


@pytest.mark.parametrize("total", [0, 3])
def test_total_that_is_too_low(total: int) -> None:
    """A total below what came is not believed while pages are full."""
    all_runs = runs_of(*range(25))

    assert list(all_runs) == list(walked(lambda offset: (all_runs[offset : offset + 10], total)))


def serve_rows(rows: int, *, order: int = 1) -> Callable[[Asked], Answer]:
    """A server of that many rows; ``order=-1`` puts the newest first."""

    def answer(asked: Asked) -> Answer:
        query = parse_qs(urlsplit(asked.target).query)
        offset, limit = int(query["offset"][0]), int(query["limit"][0])
        ids = list(range(rows))[::order]
        return run_page(*({"taskRunningLogId": number} for number in ids[offset : offset + limit]), total=rows)

    return answer


def offsets(server: ScriptedServer) -> list[str]:
    """The offsets that a server was asked for."""
    return [parse_qs(urlsplit(asked.target).query)["offset"][0] for asked in server.asked]


@pytest.mark.parametrize("order", [1, -1])
def test_order_is_the_servers(face: Face, order: int) -> None:
    """Rows come in the order in which the server has them."""
    with ScriptedServer(serve_rows(25, order=order)) as server:
        assert list(range(25))[::order] == [run.run_id for run in face.list_runs(server, page_size=10)]
        assert ["0", "10", "20"] == offsets(server)


def test_error_on_a_later_page(face: Face) -> None:
    """An error on a later page is that page's error."""
    pages = [run_page({"taskRunningLogId": 1}, total=2), json_answer({"error_code": "X", "error_msg": "y"}, status=503)]
    with ScriptedServer(*pages) as server, pytest.raises(ServerError):
        face.list_runs(server, page_size=1)


def test_pager() -> None:
    """A pager asks when it is walked, a page at a time; first, to_list and pages cost what they need."""
    with ScriptedServer(serve_rows(25)) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        pager = client.list_runs("1", job_name="a", page_size=10, **WINDOW)
        assert [] == server.asked
        assert pager.total is None

        assert Run(run_id=0) == pager.first()
        assert [25, 1] == [pager.total, len(server.asked)]
        assert list(runs_of(*range(10))) == pager.to_list(max_items=10)
        assert 2 == len(server.asked)
        assert [] == pager.to_list(max_items=0)
        assert 2 == len(server.asked)
        assert [(0, 10), (10, 10), (20, 5)] == [(page.offset, len(page.runs)) for page in pager.pages()]
        assert list(runs_of(*range(25))) == list(pager) == pager.to_list(max_items=99)
        with pytest.raises(InvalidArgumentError, match="max_items"):
            pager.to_list(max_items=-1)


def test_async_pager() -> None:
    """The same holds in an event loop."""

    async def call(server: ScriptedServer) -> None:
        async with AsyncDataMapClient(endpoint=server.url, **SETTINGS) as client:
            pager = client.list_runs("1", job_name="a", page_size=10, **WINDOW)
            assert [] == server.asked
            assert pager.total is None

            assert Run(run_id=0) == await pager.first()
            assert [25, 1] == [pager.total, len(server.asked)]
            assert list(runs_of(*range(10))) == await pager.to_list(max_items=10)
            assert 2 == len(server.asked)
            assert [] == await pager.to_list(max_items=0)
            assert 2 == len(server.asked)
            assert [(0, 10), (10, 10), (20, 5)] == [(page.offset, len(page.runs)) async for page in pager.pages()]
            assert list(runs_of(*range(25))) == [run async for run in pager] == await pager.to_list(max_items=99)
            with pytest.raises(InvalidArgumentError, match="max_items"):
                await pager.to_list(max_items=-1)

    with ScriptedServer(serve_rows(25)) as server:
        asyncio.run(call(server))


def test_total_of_the_latest_walk() -> None:
    """The total is forgotten when a new walk begins, and told again by its first page."""
    answers = [run_page({"taskRunningLogId": 1}, total=1), json_answer({}, status=500)]
    with (
        ScriptedServer(*answers) as server,
        DataMapClient(endpoint=server.url, **SETTINGS) as client,
    ):
        pager = client.list_runs("1", job_name="a", **WINDOW)
        assert Run(run_id=1) == pager.first()
        assert [1, "Pager(total=1)"] == [pager.total, repr(pager)]
        with pytest.raises(ServerError):
            pager.first()
        assert pager.total is None


def test_empty_window(face: Face) -> None:
    """A window without runs is an empty list, for one request."""
    with ScriptedServer(run_page()) as server:
        assert [] == face.list_runs(server)
        assert 1 == len(server.asked)


def serve_table(operators: list[Any]) -> Callable[[Asked], Answer]:
    """A server of a table with these operators, each of which has two runs that carry its name."""

    def answer(asked: Asked) -> Answer:
        if asked.target.endswith("/node"):
            return json_answer(operators)
        query = parse_qs(urlsplit(asked.target).query)
        name, offset = query["job_name"][0], int(query["offset"][0])
        where = f"{asked.target.split('/')[5]} {query.get('workspace_id')}"
        rows = [{"jobName": name, "taskRunningLogId": number, "owner": where} for number in range(2)]
        return run_page(*rows[offset : offset + 1], total=2)

    return answer


OPERATORS = [
    {"task_id": "2", "job_name": "b", "workspace_id": "w2"},
    {"task_id": "1", "job_name": "a"},
    {"task_id": "2", "job_name": "b", "workspace_id": "w2"},
]
TABLE_RUNS = [
    ("b", 0, "2 ['w2']"),
    ("b", 1, "2 ['w2']"),
    ("a", 0, "1 ['mine']"),
    ("a", 1, "1 ['mine']"),
]


def test_table_runs() -> None:
    """The runs of a table come operator by operator, each once, in its own workspace or else the client's."""
    with (
        ScriptedServer(serve_table(OPERATORS)) as server,
        DataMapClient(endpoint=server.url, workspace_id="mine", **SETTINGS) as client,
    ):
        pager = client.list_table_runs("t", page_size=1, **WINDOW)

        assert TABLE_RUNS == [(run.job_name, run.run_id, run.owner) for run in pager]
        assert pager.total is None
        assert TABLE_RUNS[:3] == [(run.job_name, run.run_id, run.owner) for run in pager.to_list(max_items=3)]


def test_async_table_runs() -> None:
    """The same holds in an event loop."""

    async def call(server: ScriptedServer) -> list[Run]:
        async with AsyncDataMapClient(endpoint=server.url, workspace_id="mine", **SETTINGS) as client:
            return await client.list_table_runs("t", page_size=1, **WINDOW).to_list()

    with ScriptedServer(serve_table(OPERATORS)) as server:
        runs = asyncio.run(call(server))

    assert TABLE_RUNS == [(run.job_name, run.run_id, run.owner) for run in runs]


def test_table_without_operators() -> None:
    """A table that no operator produces has no runs, and nothing is asked about any."""
    with ScriptedServer(serve_table([])) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        assert [] == client.list_table_runs("t", **WINDOW).to_list()
        assert 1 == len(server.asked)
