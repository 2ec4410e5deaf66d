"""Pagers, over real sockets: what they ask, what they read ahead, and how they end."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from dataarts_datamap import (
    AsyncDataMapClient,
    Attempt,
    Clock,
    DataMapClient,
    DataMapError,
    IncompleteWalkError,
    InvalidArgumentError,
    Retry,
    Run,
    ServerError,
    ServiceError,
    TokenCredentials,
    WaitTimeoutError,
)
from dataarts_datamap._retry.rate_limiter import RateLimiter
from dataarts_datamap_contract.mock import MockConfig, MockServer
from support.answers import json_answer, run_page
from support.faces import SETTINGS, WINDOW, InstantClock
from support.marks import needs_fork
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from support.faces import Face

BEGIN = WINDOW["start"]


def row(number: int, **members: object) -> dict[str, object]:
    """A row whose id and time follow from its number."""
    return {"taskRunningLogId": number + 1, "planTime": BEGIN + 1000 * (number + 1), **members}


def serve_rows(rows: int, *, newest_first: bool = False, **members: object) -> Callable[[Asked], Answer]:
    """A server of that many rows inside the window, which counts offsets in rows."""

    def answer(asked: Asked) -> Answer:
        query = {name: values[0] for name, values in parse_qs(urlsplit(asked.target).query).items()}
        start, end, offset, limit = (int(query[name]) for name in ("start_time", "end_time", "offset", "limit"))
        inside = [row(number, **members) for number in range(rows) if start <= BEGIN + 1000 * (number + 1) <= end]
        if newest_first:
            inside.reverse()
        return run_page(*inside[offset : offset + limit], total=len(inside))

    return answer


def offsets(server: ScriptedServer) -> list[int]:
    """The offsets that a server was asked for, in order."""
    return sorted(int(parse_qs(urlsplit(asked.target).query)["offset"][0]) for asked in server.asked)


@pytest.mark.parametrize("newest_first", [False, True])
def test_order_is_the_servers(face: Face, newest_first: bool) -> None:  # noqa: FBT001  a case
    """Rows come in the order in which the server has them, each once."""
    with ScriptedServer(serve_rows(250, newest_first=newest_first)) as server:
        ids = [run.run_id for run in face.list_runs(server)]

    assert list(range(1, 251))[:: -1 if newest_first else 1] == ids
    assert len(server.asked) <= 5


def test_error_on_a_later_page(face: Face) -> None:
    """An error on a later page is that page's error, and tells where to go on."""
    pages = [run_page(*map(row, range(100)), total=200), json_answer({"error_code": "X", "error_msg": "y"}, status=503)]
    with ScriptedServer(*pages) as server, pytest.raises(ServerError) as caught:
        face.list_runs(server)

    assert '"reached":100' in (caught.value.resume_token or "")


def test_pager() -> None:
    """A pager asks when it is walked; first, to_list and pages cost what they need."""
    with ScriptedServer(serve_rows(250)) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        pager = client.list_runs("1", job_name="a", page_size=100, **WINDOW)
        assert [] == server.asked
        assert (None, None) == (pager.total, pager.resume_token)

        assert Run.from_raw(row(0)) == pager.first()
        assert (250, 1) == (pager.total, len(server.asked))
        assert 100 == len(pager.to_list(max_items=100))
        assert 2 == len(server.asked)
        assert [] == pager.to_list(max_items=0)
        assert 2 == len(server.asked)
        assert [100, 98, 52] == [len(page.runs) for page in pager.pages()]
        assert list(pager) == pager.to_list(max_items=999)
        assert 250 == len(pager.to_list(max_items=2**70))
        for wrong in (-1, True, "1"):
            with pytest.raises(InvalidArgumentError, match="max_items"):
                pager.to_list(max_items=wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  at run time


def test_iterations_side_by_side() -> None:
    """Each iteration is a walk of its own; what a pager tells is that of the one that began last."""
    with ScriptedServer(serve_rows(300)) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        pager = client.list_runs("1", job_name="a", page_size=100, **WINDOW)
        first, second = iter(pager), iter(pager)
        for rows, count in ((first, 150), (second, 120), (first, 100)):
            ids = [run.run_id for run in islice(rows, count)]
        rest = [
            run.run_id for run in client.list_runs("1", job_name="a", page_size=100, resume_token=pager.resume_token)
        ]

    assert list(range(151, 251)) == ids
    assert list(range(121, 301)) == rest


def test_async_pager() -> None:
    """The same holds in an event loop."""

    async def call(server: ScriptedServer) -> None:
        async with AsyncDataMapClient(endpoint=server.url, **SETTINGS) as client:
            pager = client.list_runs("1", job_name="a", page_size=100, **WINDOW)
            assert [] == server.asked
            assert (None, None) == (pager.total, pager.resume_token)

            assert Run.from_raw(row(0)) == await pager.first()
            assert (250, 1) == (pager.total, len(server.asked))
            assert 100 == len(await pager.to_list(max_items=100))
            assert 2 == len(server.asked)
            assert [] == await pager.to_list(max_items=0)
            assert 2 == len(server.asked)
            assert [100, 98, 52] == [len(page.runs) async for page in pager.pages()]
            assert [run async for run in pager] == await pager.to_list(max_items=999)
            with pytest.raises(InvalidArgumentError, match="max_items"):
                await pager.to_list(max_items=-1)

    with ScriptedServer(serve_rows(250)) as server:
        asyncio.run(call(server))


def test_total_of_the_latest_walk() -> None:
    """The total is forgotten when a new walk begins, and told again by its first page."""
    answers = [run_page({"taskRunningLogId": 1}, total=1), json_answer({}, status=500)]
    with ScriptedServer(*answers) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
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


@pytest.mark.parametrize(("number", "read"), [(5, "5 runs were read"), (1, "1 run was read")])
def test_incomplete(face: Face, number: int, read: str) -> None:
    """A server that has one page for every question ends in an error, soon."""
    with (
        ScriptedServer(run_page(*map(row, range(number)), total=9)) as server,
        pytest.raises(IncompleteWalkError, match=f"^{read}, then .*outside the window"),
    ):
        face.list_runs(server)


def test_resume_token() -> None:
    """A walk that was broken off goes on from its token, in another client, without a run twice or missing."""
    with ScriptedServer(serve_rows(450)) as server:
        with DataMapClient(endpoint=server.url, **SETTINGS) as client:
            pager = client.list_runs("1", job_name="a", page_size=100, **WINDOW)
            first = [run for _, run in zip(range(137), pager, strict=False)]
            token = pager.resume_token
        with DataMapClient(endpoint=server.url, **SETTINGS) as client:
            pager = client.list_runs("1", job_name="a", page_size=100, resume_token=token)
            assert token == pager.resume_token
            rest = pager.to_list()

    assert list(range(1, 451)) == [run.run_id for run in (*first, *rest)]


@pytest.mark.parametrize("token", ["", "x", "{}", '{"version":3,"kind":"Position"}', 7])
def test_bad_resume_token(token: Any) -> None:
    """A token of another kind is refused, with a text that says what to pass."""
    with DataMapClient(endpoint="https://h", **SETTINGS) as client:
        with pytest.raises(InvalidArgumentError, match="pass a token from a pager of this call"):
            client.list_runs("1", job_name="a", resume_token=token)
        with pytest.raises(InvalidArgumentError, match="pass a token from a pager of this call"):
            client.list_table_runs("t", resume_token=token)


def test_resume_token_of_another_walk() -> None:
    """A token of another operator or table, or one beside times, is refused."""
    with (
        ScriptedServer(serve_table()) as server,
        DataMapClient(endpoint=server.url, **SETTINGS) as client,
    ):
        pager, table = client.list_runs("1", job_name="a", **WINDOW), client.list_table_runs("t", **WINDOW)
        assert pager.first() is not None
        assert table.first() is not None
        calls: list[tuple[Callable[[], object], str]] = [
            (lambda: client.list_runs("2", job_name="a", resume_token=pager.resume_token), "another operator"),
            (lambda: client.list_runs("1", job_name="a", resume_token=pager.resume_token, end=0), "leave out start"),
            (lambda: client.list_table_runs("u", resume_token=table.resume_token), "of table 't'"),
            (lambda: client.list_table_runs("t", merge=True, resume_token=table.resume_token), "the unmerged runs"),
        ]
        for call, text in calls:
            with pytest.raises(InvalidArgumentError, match=text):
                call()


def test_pages_are_read_side_by_side(face: Face) -> None:
    """Pages are read ahead, and come in order all the same: the second waits here until another is asked for."""
    answer, asked_for = serve_rows(2000), threading.Semaphore(0)

    def wait_for_company(asked: Asked) -> Answer:
        offset = int(parse_qs(urlsplit(asked.target).query)["offset"][0])
        if offset > 300:
            asked_for.release()
        if 100 < offset < 300:
            assert asked_for.acquire(timeout=10)
        return answer(asked)

    with ScriptedServer(wait_for_company) as server:
        ids = [run.run_id for run in face.list_runs(server, page_size=100)]

    assert list(range(1, 2001)) == ids


def stalls_later(rows: int, reached: threading.Event, release: threading.Event) -> Callable[[Asked], Answer]:
    """A server that answers the first pages, and those behind them not until it is released."""
    answer = serve_rows(rows)

    def stall(asked: Asked) -> Answer:
        if int(parse_qs(urlsplit(asked.target).query)["offset"][0]) > 200:
            reached.set()
            release.wait(30)
        return answer(asked)

    return stall


def test_leaving_a_loop_ends_what_is_under_way() -> None:
    """Whoever leaves a loop does not wait for pages that are read ahead, and no thread is left."""
    reached, release = threading.Event(), threading.Event()
    with (
        ScriptedServer(stalls_later(2000, reached, release)) as server,
        DataMapClient(endpoint=server.url, **SETTINGS) as client,
    ):
        rows = iter(client.list_runs("1", job_name="a", page_size=100, **WINDOW))
        while not reached.wait(0):
            next(rows)
        del rows
        left = [thread.name for thread in threading.enumerate() if thread.name.startswith("datamap")]
        assert not release.is_set()
        release.set()

    assert [] == left


def is_inside(thread: int, function: str) -> bool:
    """Whether a thread executes a function of this name, or one that it has called."""
    frame: FrameType | None = sys._current_frames()[thread]  # noqa: SLF001  documented, for tests such as this
    while frame is not None and frame.f_code.co_name != function:
        frame = frame.f_back
    return frame is not None


@pytest.mark.usefixtures("interruptible")
@pytest.mark.skipif(sys.platform == "win32", reason="there, a thread that waits for another is not interrupted")
def test_interrupt_ends_what_is_under_way() -> None:
    """Whoever presses Ctrl-C while the next page is read ahead, and stalls, does not wait for it."""
    reached, release = threading.Event(), threading.Event()
    main = threading.main_thread().ident or 0

    def interrupt() -> None:
        reached.wait(10)
        while not is_inside(main, "result"):
            release.wait(0.01)
        signal.pthread_kill(main, signal.SIGINT)

    with (
        ScriptedServer(stalls_later(2000, reached, release)) as server,
        DataMapClient(endpoint=server.url, **SETTINGS) as client,
        ThreadPoolExecutor(1) as threads,
    ):
        threads.submit(interrupt)
        with pytest.raises(KeyboardInterrupt):
            client.list_runs("1", job_name="a", page_size=100, **WINDOW).to_list()
        left = [thread.name for thread in threading.enumerate() if thread.name.startswith("datamap")]
        asked = offsets(server)
        release.set()

    assert [] == left
    assert sorted(set(asked)) == asked  # none was waited for until it timed out, and then sent again


def test_forgotten_walk_is_closed_in_a_thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A walk in a cycle of references is closed by the garbage collector, be that in a thread that reads ahead."""
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    forgotten, collected = threading.Event(), threading.Event()

    def collect(_: Attempt) -> None:
        if threading.current_thread() is not threading.main_thread() and forgotten.wait(10):
            gc.collect()
            collected.set()

    with (
        ScriptedServer(serve_rows(500)) as server,
        DataMapClient(endpoint=server.url, on_attempt=collect, **SETTINGS) as client,
    ):
        walk: list[object] = [iter(client.list_runs("1", job_name="a", page_size=100, **WINDOW))]
        walk.append(walk)
        list(islice(cast("Iterator[Run]", walk[0]), 101))
        del walk
        forgotten.set()
        assert collected.wait(10)

    assert [] == complaints


@needs_fork
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_walk_after_a_fork() -> None:
    """A child can read on where its parent was, or leave off, and the parent's walk goes on undisturbed."""
    with ScriptedServer(serve_rows(1000)) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        rows = iter(client.list_runs("1", job_name="a", page_size=100, **WINDOW))
        list(islice(rows, 300))

        def read_on() -> None:
            if 700 != len(list(rows)):
                raise SystemExit(1)

        child = multiprocessing.get_context("fork").Process(target=read_on, daemon=True)
        child.start()
        child.join(10)
        assert 0 == child.exitcode
        assert 700 == len(list(rows))


def test_leaving_an_async_loop_ends_what_is_under_way() -> None:
    """The same holds in an event loop: no task is left."""
    reached, release = threading.Event(), threading.Event()

    async def call(server: ScriptedServer) -> int:
        async with AsyncDataMapClient(endpoint=server.url, **SETTINGS) as client:
            pages = client.list_runs("1", job_name="a", page_size=100, **WINDOW).pages()
            while not reached.wait(0):
                await anext(pages)
            await pages.aclose()
            return len(asyncio.all_tasks())

    with ScriptedServer(stalls_later(2000, reached, release)) as server:
        left = asyncio.run(call(server))
        assert not release.is_set()
        release.set()

    assert 1 == left


def test_rate_limit() -> None:
    """No more than so many requests pass in a second and a bit, whoever asks; a pause holds for all."""
    limiter = RateLimiter(3)

    assert [0, 0, 0] == [limiter.wait(10.0) for _ in range(3)]
    assert pytest.approx(1.025) == limiter.wait(10.0)
    assert pytest.approx(0.525) == limiter.wait(10.5)
    assert 0 == limiter.wait(11.03)
    limiter.pause(20.0)
    assert pytest.approx(5.0) == limiter.wait(15.0)
    assert 0 == limiter.wait(20.0)
    assert [0] * 99 == [RateLimiter().wait(0.0) for _ in range(99)]


def test_rate_limit_of_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """All walks of a client share its limit; time passes on its clock."""
    clock = InstantClock()
    monkeypatch.setitem(SETTINGS, "clock", clock)
    with (
        ScriptedServer(serve_rows(5)) as server,
        DataMapClient(endpoint=server.url, requests_per_second=2, **SETTINGS) as client,
    ):
        for _ in range(6):
            client.list_runs("1", job_name="a", **WINDOW).to_list()

    assert 6 == len(server.asked)
    assert 2 * 1.025 >= sum(clock.waits) > 1.5


@needs_fork
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_rate_limit_after_a_fork() -> None:
    """A child can ask, though a thread of its parent was asking while it was born."""
    limiter = RateLimiter(1)
    limiter.wait(0.0)
    parent = os.getpid()

    class Birth(float):
        """A time at which a child is born, while the limiter looks at it."""

        def __rsub__(self, other: float) -> float:
            if os.getpid() != parent:
                return other
            child = multiprocessing.get_context("fork").Process(target=limiter.wait, args=(0.0,), daemon=True)
            child.start()
            child.join(10)
            exits.append(child.exitcode)
            return other

    exits: list[int | None] = []
    limiter.wait(Birth(0.5))  # later than the one before, or it is that one that is looked at

    assert [0] == exits


@pytest.mark.parametrize(
    "settings",
    [
        {"requests_per_second": 0},
        {"requests_per_second": "5"},
        {"requests_per_second": True},
        {"requests_per_second": 10**400},
        {"requests_per_second": 5e-324},
        {"requests_per_second": float("nan")},
        {"concurrency": 0},
    ],
)
def test_wrong_settings(settings: dict[str, Any]) -> None:
    """A limit that is none is refused by its name."""
    with pytest.raises(InvalidArgumentError, match=next(iter(settings))):
        DataMapClient(endpoint="https://h", **SETTINGS, **settings)


@pytest.mark.parametrize(
    "how", [{"offset_unit": "rows"}, {"slice_span": timedelta(0)}, {"slice_span": 5}, {"page_size": 0}]
)
def test_wrong_plan(how: dict[str, Any]) -> None:
    """A wrong way of walking is told when the pager is asked for, by its name."""
    with DataMapClient(endpoint="https://h", **SETTINGS) as client:
        with pytest.raises(InvalidArgumentError, match=next(iter(how))):
            client.list_runs("1", job_name="a", **WINDOW, **how)
        with pytest.raises(InvalidArgumentError, match=next(iter(how))):
            client.list_table_runs("1", **WINDOW, **how)


OPERATORS = [
    {"task_id": "2", "job_name": "b", "workspace_id": "w2"},
    {"task_id": "1", "job_name": "a"},
    {"task_id": "2", "job_name": "b", "workspace_id": "w2"},
]


def serve_table(operators: list[Any] = OPERATORS) -> Callable[[Asked], Answer]:
    """A server of a table with these operators, each of which has three runs; those of ``a`` come between."""

    def answer(asked: Asked) -> Answer:
        if asked.target.endswith("/node"):
            return json_answer(operators)
        query = parse_qs(urlsplit(asked.target).query)
        name = query["job_name"][0]
        where = f"{asked.target.split('/')[5]} {query.get('workspace_id')}"
        numbers = range(name == "b", 6 + (name == "b"), 2)
        rows = [row(number, jobName=name, owner=where) for number in numbers]
        return run_page(*rows[int(query["offset"][0]) :], total=len(rows))

    return answer


TABLE_RUNS = [("b", n, "2 ['w2']") for n in (2, 4, 6)] + [("a", n, "1 ['mine']") for n in (1, 3, 5)]


def told(runs: list[Run]) -> list[tuple[str | None, int | None, str | None]]:
    """What a run says of its operator."""
    return [(run.job_name, run.run_id, run.owner) for run in runs]


@pytest.mark.parametrize("merge", [False, True])
def test_table_runs(merge: bool) -> None:  # noqa: FBT001  a case
    """The runs of a table come operator by operator, or by planned time, in their workspace or else the client's."""
    with (
        ScriptedServer(serve_table()) as server,
        DataMapClient(endpoint=server.url, workspace_id="mine", **SETTINGS) as client,
    ):
        pager = client.list_table_runs("t", merge=merge, **WINDOW)
        expected = sorted(TABLE_RUNS, key=lambda run: run[1]) if merge else TABLE_RUNS

        assert expected == told(pager.to_list())
        assert pager.total is None
        assert (pager.resume_token is None) is merge
        assert expected[:4] == told(pager.to_list(max_items=4))


@pytest.mark.parametrize("merge", [False, True])
def test_async_table_runs(merge: bool) -> None:  # noqa: FBT001  a case
    """The same holds in an event loop."""

    async def call(server: ScriptedServer) -> list[Run]:
        async with AsyncDataMapClient(endpoint=server.url, workspace_id="mine", **SETTINGS) as client:
            return await client.list_table_runs("t", merge=merge, **WINDOW).to_list()

    with ScriptedServer(serve_table()) as server:
        runs = asyncio.run(call(server))

    assert (sorted(TABLE_RUNS, key=lambda run: run[1]) if merge else TABLE_RUNS) == told(runs)


@pytest.mark.parametrize("direction", [1, -1])
def test_merged_run_without_a_planned_time(direction: int) -> None:
    """A run without a planned time holds nobody up: those behind it come where their times put them."""
    ids = [1, 3, 5] if direction > 0 else [5, 3, 1]

    def answer(asked: Asked) -> Answer:
        if asked.target.endswith("/node"):
            return json_answer([{"task_id": name, "job_name": name} for name in "ab"])
        if "job_name=a" in asked.target:
            rows = [row(n) for n in ids]
            return run_page(rows[0], {"taskRunningLogId": 99, "owner": "no time"}, *rows[1:])
        return run_page(*(row(n + 1) for n in ids))

    with ScriptedServer(answer) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        runs = client.list_table_runs("t", merge=True, **WINDOW).to_list()

    planned = [run.run_id for run in runs if run.run_id != 99]
    assert sorted([2, 4, 6, 3, 5, 7], reverse=direction < 0) == planned
    assert 99 in {run.run_id for run in runs}


def test_table_resume_token() -> None:
    """A walk over a table goes on from its token, wherever it was broken off."""
    with (
        ScriptedServer(serve_table()) as server,
        DataMapClient(endpoint=server.url, workspace_id="mine", **SETTINGS) as client,
    ):
        for count in range(1, 7):
            pager = client.list_table_runs("t", **WINDOW)
            first = pager.to_list(max_items=count)
            rest = client.list_table_runs("t", resume_token=pager.resume_token).to_list()
            assert TABLE_RUNS == told([*first, *rest])


def test_resumed_walk_that_cannot_begin() -> None:
    """A walk that is taken up again, and fails before anything is read, can still be taken up from its token."""
    token = '{"version":2,"kind":"TablePosition","table_guid":"t","window":[5,6]}'
    refused = json_answer({}, status=403)

    async def call(server: ScriptedServer) -> None:
        async with AsyncDataMapClient(endpoint=server.url, **SETTINGS) as client:
            await client.list_table_runs("t", resume_token=token).to_list()

    with ScriptedServer(refused) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        for walk in (client.list_table_runs("t", resume_token=token).to_list, lambda: asyncio.run(call(server))):
            with pytest.raises(ServiceError) as caught:
                walk()
            assert token == caught.value.resume_token


def test_table_without_operators() -> None:
    """A table that no operator produces has no runs, and nothing is asked about any."""
    with ScriptedServer(serve_table([])) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        for merge in (False, True):
            assert [] == client.list_table_runs("t", merge=merge, **WINDOW).to_list()
        assert 2 == len(server.asked)


@pytest.mark.parametrize("run_id", ["r", 0, None])
def test_rows_without_an_id(face: Face, run_id: object) -> None:
    """Rows without a usable id are told apart by all that was sent of them, unknown fields too."""
    with warnings.catch_warnings(), ScriptedServer(serve_rows(20, taskRunningLogId=run_id, unknown=[1])) as server:
        warnings.simplefilter("ignore")
        runs = face.list_runs(server, page_size=10)

    assert [row(number, taskRunningLogId=run_id, unknown=[1]) for number in range(20)] == [run.raw for run in runs]


NOW = datetime(2024, 1, 12, tzinfo=UTC)
WAYS: list[dict[str, Any]] = [
    {},
    {"offset_unit": "page"},
    {"offset_unit": "page", "first_page": 1},
    {"max_limit": 30},
    {"round_offset": True},
    {"order": "oldest-first"},
    {"order": "newest-first"},
    {"window_on": "startTime"},
    {"window_includes_start": False, "window_includes_end": False},
]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_walks_over_the_mock_server(face: Face, way: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs of the mock server come whole, however it counts and filters, in one slice and in several."""
    with MockServer(MockConfig(size=400, now=NOW, **way)) as server:
        monkeypatch.setitem(SETTINGS, "credentials", TokenCredentials(server.config.token))
        window = {"start": NOW - timedelta(days=365), "end": NOW}
        whole = face.list_runs(server, job_name="ETL_Job_dli2dws", **window)
        sliced = face.list_runs(
            server, job_name="ETL_Job_dli2dws", page_size=60, slice_span=timedelta(days=9), **window
        )

    assert 400 == len({run.run_id for run in whole}) == len(whole)
    assert {run.run_id for run in whole} == {run.run_id for run in sliced}
    assert len(whole) == len(sliced)


def test_throttled_walks_wait_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Walks that are side by side are slowed down by a server that finds them too many, and all end whole."""
    monkeypatch.setitem(SETTINGS, "clock", None)
    settings = {**SETTINGS, "retry": Retry(attempts=10, first_wait=0.2), "requests_per_second": None}
    with MockServer(MockConfig(size=300, now=NOW, rate_limit=8)) as server:
        settings["credentials"] = TokenCredentials(server.config.token)
        with DataMapClient(endpoint=server.url, **settings) as client, ThreadPoolExecutor(3) as threads:
            pagers = [
                client.list_runs("937987", job_name="ETL_Job_dli2dws", since=timedelta(days=27), end=NOW)
                for _ in range(3)
            ]
            counts = list(threads.map(lambda pager: len(pager.to_list()), pagers))

    assert [300, 300, 300] == counts


def test_runs_that_change_meanwhile(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that comes in or goes between two pages of a real server costs no other run."""
    ids = list(range(1, 301))

    def changing(asked: Asked) -> Answer:
        query = parse_qs(urlsplit(asked.target).query)
        start, end, offset, limit = (int(query[name][0]) for name in ("start_time", "end_time", "offset", "limit"))
        left = [one for one in (ids[3:] if len(server.asked) > 2 else ids) if start <= BEGIN + 1000 * one <= end]
        return run_page(*(row(number - 1) for number in left[offset : offset + limit]), total=len(left))

    monkeypatch.setitem(SETTINGS, "concurrency", 1)
    with ScriptedServer(changing) as server:
        runs = face.list_runs(server)

    assert set() == set(ids[3:]).difference(run.run_id for run in runs)
    assert len({run.run_id for run in runs}) == len(runs)


def statuses(*texts: str) -> list[Answer]:
    """Pages of one run, which goes on from status to status."""
    return [run_page(row(0, status=text), row(-1, status="fail")) for text in texts]


def test_wait_for_run() -> None:
    """A run is waited for until it ends; an unknown state is no end, and what fails and can pass is no end either."""
    clock = InstantClock(chance=0.0)
    settings = {**SETTINGS, "clock": clock, "retry": Retry(attempts=1)}
    script = [*statuses("waiting", "running", "brand-new"), json_answer({}, status=503), *statuses("success")]
    with ScriptedServer(*script) as server, DataMapClient(endpoint=server.url, **settings) as client:
        run = client.wait_for_run("1", job_name="a", run_id=1, **WINDOW)

    assert "success" == run.status
    assert [5.0, 7.5, 11.25, 16.875] == clock.waits


@pytest.mark.parametrize("run_id", ["126074594", 126074594.0, True, b"1", [1]])
@pytest.mark.parametrize("sync", [True, False])
def test_wait_for_what_is_no_id(run_id: Any, sync: bool) -> None:  # noqa: FBT001
    """An id that no run can have is refused at once, and nothing is asked: it would be waited for in vain."""

    async def wait_async(server: ScriptedServer) -> None:
        async with AsyncDataMapClient(endpoint=server.url, **SETTINGS) as client:
            await client.wait_for_run("1", job_name="a", run_id=run_id, **WINDOW)

    def wait(server: ScriptedServer) -> None:
        if not sync:
            return asyncio.run(wait_async(server))
        with DataMapClient(endpoint=server.url, **SETTINGS) as client:
            client.wait_for_run("1", job_name="a", run_id=run_id, **WINDOW)
        return None

    with ScriptedServer(run_page()) as server:
        with pytest.raises(InvalidArgumentError, match=r"run_id must be an integer such as Run\.run_id, not "):
            wait(server)
        assert [] == server.asked


def test_wait_for_any_run() -> None:
    """Without an id, the run that was planned last is the one, though one before it has ended already."""

    async def call(server: ScriptedServer) -> Run:
        async with AsyncDataMapClient(endpoint=server.url, **SETTINGS) as client:
            return await client.wait_for_run("1", job_name="a", **WINDOW)

    with ScriptedServer(*statuses("running", "running", "success")) as server:
        run = asyncio.run(call(server))

    assert (1, "success", 3) == (run.run_id, run.status, len(server.asked))


def test_wait_that_is_over() -> None:
    """When the time is over, the error has the run that was seen last; a failure that lasts ends the wait at once."""
    clock = InstantClock(chance=0.0)
    with (
        ScriptedServer(*statuses("running")) as server,
        DataMapClient(endpoint=server.url, **{**SETTINGS, "clock": clock}) as client,
        pytest.raises(
            WaitTimeoutError,
            match=r"^run 1 had not ended after 30 seconds: the last one seen is run 1, status running",
        ) as caught,
    ):
        client.wait_for_run("1", job_name="a", run_id=1, timeout=30, **WINDOW)

    assert caught.value.last_run is not None
    assert "running" == caught.value.last_run.status
    assert pytest.approx(30, abs=1) == sum(clock.waits)

    with (
        ScriptedServer(json_answer({}, status=403)) as server,
        DataMapClient(endpoint=server.url, **SETTINGS) as client,
        pytest.raises(DataMapError, match="403"),
    ):
        client.wait_for_run("1", job_name="a", **WINDOW)


@pytest.mark.parametrize(
    ("sent", "described"),
    [
        (
            {"jobName": "\x1b[2J" + "j" * 9999, "status": "run\nning", "planTime": 1704902400000},
            "run 1 of \\x1b[2J" + "j" * 75 + "…, status run\\nning, planned for 2024-01-10T16:00:00.000Z",
        ),
        (
            {"taskRunningLogId": None, "jobName": None, "status": None, "planTime": None},
            "a run without an id, without a status, without a planned time",
        ),
    ],
)
def test_wait_that_is_over_tells_of_the_run_in_a_sentence(sent: dict[str, Any], described: str) -> None:
    """The run that was seen last is described in bounded, printable words, whatever the service sent of it."""
    with (
        ScriptedServer(run_page({**row(0), **sent})) as server,
        DataMapClient(endpoint=server.url, **{**SETTINGS, "clock": InstantClock(chance=0.0)}) as client,
        pytest.raises(WaitTimeoutError) as caught,
    ):
        client.wait_for_run("1", job_name="a", timeout=1, **WINDOW)

    assert f"the run planned last had not ended after 1 second: the last one seen is {described}" == str(caught.value)


def test_wait_ends_though_the_server_stalls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait does not last longer because an answer does not come, or because the server asks for patience."""
    monkeypatch.setattr("dataarts_datamap._monitoring.waiting._LAST_LOOK", 0.1)
    release = threading.Event()

    def stall(_: Asked) -> Answer:
        release.wait(30)
        return statuses("success")[0]

    patience = Answer(status=429, headers={"Retry-After": "20"})
    with ScriptedServer(statuses("running")[0], patience, stall) as server:
        settings: dict[str, Any] = {**SETTINGS, "clock": Clock(), "endpoint": server.url}
        started = time.monotonic()
        for _ in range(3):
            with DataMapClient(**settings) as client, pytest.raises(WaitTimeoutError, match=r"after 0\.3 seconds"):
                client.wait_for_run("1", job_name="a", timeout=0.3, first_wait=0.2, **WINDOW)
        took = time.monotonic() - started
        release.set()

    assert took < 9
