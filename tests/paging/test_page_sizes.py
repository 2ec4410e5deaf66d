"""Pages as large as the server serves them: what that costs, what is noticed, and that it stays proved."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from dataarts_datamap import (
    AsyncDataMapClient,
    DataMapClient,
    InvalidArgumentError,
    InvalidEnvelopeError,
    Retry,
    TokenCredentials,
)
from dataarts_datamap._paging.offsets import Counting
from dataarts_datamap._paging.walk_options import ServerHabits, WalkOptions
from paging.test_hostile_walks import by_the_minute, serve, three_at_once
from paging.test_window_walk import Drive, plan
from support.hostile_lists import BEGIN, SECOND, HostileList, HostileServer, Service
from support.simulated_server import SimulatedServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataarts_datamap import RunPage
    from dataarts_datamap._paging.walk_options import PageRead
    from support.hostile_lists import HostileRow

AUTO = WalkOptions(page_size=10, larger_page=100, offset_unit="auto", slice_span=10**12, slice_rows=1000)


@pytest.fixture(scope="module")
def server() -> Iterator[HostileServer]:
    """The server of all lists."""
    with HostileServer() as serving:
        yield serving


def connected(server: HostileServer, **settings: Any) -> DataMapClient:
    """A client that finds out how large pages may be."""
    return DataMapClient(
        endpoint=server.url,
        project_id="p",
        instance_id="i",
        credentials=TokenCredentials("made-up"),
        requests_per_second=None,
        **{"retry": Retry(first_wait=0), "concurrency": 1, **settings},
    )


def ids(client: DataMapClient, listed: HostileList, **options: Any) -> list[int]:
    """The ids of all runs, sorted; the limits that were asked for are those of this walk alone afterwards."""
    listed.limits.clear()
    start, end = listed.window
    return sorted(run.run_id or 0 for run in client.list_runs("one", job_name="job", start=start, end=end, **options))


def of(number: int) -> list[int]:
    """The ids of so many runs."""
    return list(range(5000, 5000 + number))


def test_list_of_one_page_is_asked_for_as_ever(server: HostileServer) -> None:
    """Where a hundred rows are all, no request asks for more."""
    listed = serve(server, Service(), by_the_minute(100))
    with connected(server) as client:
        assert of(100) == ids(client, listed)

    assert max(listed.limits) <= 100


@pytest.mark.parametrize(("number", "requests"), [(101, 2), (150, 2), (999, 2), (1001, 4), (9000, 15)])
@pytest.mark.parametrize("service", [Service(), Service(unit="page"), Service(newest_first=True, sort="start")])
def test_longer_list_begins_again(server: HostileServer, service: Service, number: int, requests: int) -> None:
    """The second page asks for 1,000 rows from the beginning; the client that knows its server needs no more."""
    listed = serve(server, service, by_the_minute(number))
    with connected(server) as client:
        for _ in range(5):
            assert of(number) == ids(client, listed)

    assert [100, 1000] == listed.limits[:2]
    assert len(listed.limits) <= requests


def test_first_rows_cost_one_page(server: HostileServer) -> None:
    """Who takes no more than the first page asks for no larger one."""
    listed = serve(server, Service(), by_the_minute(500))
    with connected(server) as client:
        pager = client.list_runs("one", job_name="job", start=listed.window[0], end=listed.window[1])
        assert 5000 == getattr(pager.first(), "run_id", None)
        assert 100 == len(pager.to_list(max_items=100))

    assert [100, 100] == listed.limits


REFUSALS = [
    Service(most_rows=100),
    *(Service(most_rows=100, beyond=beyond) for beyond in ("refused", "failed", "garbled")),
    Service(most_rows=60, totals="missing"),
]


@pytest.mark.parametrize("number", [150, 250, pytest.param(12_000, marks=pytest.mark.prove)])
@pytest.mark.parametrize("service", REFUSALS)
def test_smaller_pages_cost_one_request_once(server: HostileServer, service: Service, number: int) -> None:
    """A server that sends no larger page costs one request in the life of a client; another client asks anew."""
    listed = serve(server, service, by_the_minute(number))
    for _ in range(2):
        asked = []
        for page_size in (100, "auto"):
            with connected(server) as client:
                listed.requests = 0
                for _ in range(3):
                    assert of(number) == ids(client, listed, page_size=page_size)
                asked.append(listed.requests)

        assert asked[1] <= asked[0] + 1


@pytest.mark.parametrize("cap", [101, 250, 500, 999])
def test_cap_between_the_sizes_is_followed(server: HostileServer, cap: int) -> None:
    """A server that sends fewer than 1,000 rows in silence is asked for as many as it sends."""
    listed = serve(server, Service(most_rows=cap), by_the_minute(5000))
    with connected(server) as client:
        assert of(5000) == ids(client, listed)
        assert of(5000) == ids(client, listed)

    assert [100, cap, cap] == listed.limits[:3]
    assert {cap, 100} == set(listed.limits) - {1, 2}


@pytest.mark.parametrize("threads", [1, 8])
def test_walks_side_by_side_try_once(server: HostileServer, threads: int) -> None:
    """Of the walks of a client, in threads too, one tries a larger page."""
    listed = serve(server, Service(most_rows=100, beyond="refused"), by_the_minute(300))
    start, end = listed.window
    with connected(server) as client, ThreadPoolExecutor(threads) as pool:

        def walk(_: int) -> int:
            return len(client.list_runs("one", job_name="job", start=start, end=end).to_list())

        assert [300] * 8 == list(pool.map(walk, range(8)))

    assert 1 == listed.limits.count(1000)


def test_passing_failure_is_tried_again_by_the_next_walk(server: HostileServer) -> None:
    """A server that has too many requests just then has not refused the size: the next walk asks again."""
    listed = serve(server, Service(most_rows=100, beyond="throttled"), by_the_minute(300))
    with connected(server) as client:
        client._policy.limiter.pause = lambda until: None  # type: ignore[method-assign]  # noqa: ARG005, SLF001  # pyright: ignore[reportPrivateUsage]  no test waits for half a second
        assert of(300) == ids(client, listed)
        assert 1 == listed.limits.count(1000)
        listed.service = Service()
        assert of(300) == ids(client, listed)

    assert [100, 1000] == listed.limits[:2]


@pytest.mark.parametrize("beyond", ["refused", "failed", "garbled"])
@pytest.mark.parametrize("at", [4, 7, pytest.param(45, marks=pytest.mark.prove)])
def test_large_page_that_fails_later(server: HostileServer, beyond: Any, at: int) -> None:
    """A server that sends large pages no longer is asked for small ones, and no run is missing or comes twice."""

    def change(listed: HostileList) -> None:
        listed.service = Service(most_rows=100, beyond=beyond)

    listed = serve(server, Service(), by_the_minute(60_000 if at > 40 else 6000), [(at, change)])
    with connected(server, retry=Retry(attempts=1)) as client:
        assert of(len(listed.rows)) == ids(client, listed)

    assert {100} == set(listed.limits[-3:]) - {1, 2}


@pytest.mark.parametrize("stop", [50, 100, 101, 1500, 2500])
@pytest.mark.parametrize("service", [Service(), Service(unit="page", newest_first=True), Service(most_rows=100)])
def test_resume_token_carries_the_size(server: HostileServer, service: Service, stop: int) -> None:
    """Another client goes on with pages of the size that the walk had, and no run is missing or comes twice."""
    listed = serve(server, service, by_the_minute(3000))
    with connected(server) as client:
        pager = client.list_runs("one", job_name="job", start=listed.window[0], end=listed.window[1])
        first = [run.run_id or 0 for run in pager.to_list(max_items=stop)]
        token = pager.resume_token
    listed.limits.clear()
    with connected(server) as client:
        rest = [run.run_id or 0 for run in client.list_runs("one", job_name="job", resume_token=token)]

    assert of(3000) == sorted([*first, *rest])
    if stop > 100 and service.most_rows is None:
        assert listed.limits[0] > 500  # where offsets count pages, their size varies
        assert listed.requests <= 14


@pytest.mark.parametrize("column", ["start", "end", "update"])
@pytest.mark.parametrize("before", [3, 4])
def test_changes_that_cancel_out_between_large_pages(server: HostileServer, column: Any, before: int) -> None:
    """A run that moves to the front of a list of few, but large pages comes, though no page and no total shows it."""
    rows = by_the_minute(2500)
    for row in rows:
        row.update = row.plan
        if row.serial < 5:
            row.start, row.end, row.update, row.status = 0, 0, 0, "waiting"
    service = Service(sort=column, newest_first=True, zero_last=True)
    listed = serve(server, service, rows, [(before, three_at_once(column, 2450, 2))])
    with connected(server) as client:
        start, end = listed.window
        runs = client.list_runs("one", job_name="job", start=start, end=end, offset_unit="row").to_list()
    owners = Counter(str(run.owner) for run in runs)

    assert [] == listed.lost(owners)
    assert 1 == max(owners.values())


def test_long_lists_are_cut_into_many_large_pages(server: HostileServer) -> None:
    """A window of many rows costs about a request for each 1,000 of them."""
    listed = serve(server, Service(newest_first=True), by_the_minute(30_000))
    with connected(server) as client:
        assert 30_000 == len(ids(client, listed))

    assert len(listed.limits) <= 37


@pytest.mark.parametrize("page_size", ["large", "", "100", None, 1.5, True])
def test_wrong_page_size(server: HostileServer, page_size: Any) -> None:
    """Anything but ``auto`` and a number of rows is refused before anything is sent."""
    with connected(server) as client, pytest.raises(InvalidArgumentError, match="page_size"):
        client.list_runs("1", job_name="job", start=BEGIN, end=BEGIN + 1, page_size=page_size)


class SlowServer(SimulatedServer):
    """A server that needs so many seconds for a large page, as the client's clock would show."""

    seconds = 0.0
    habits: ServerHabits

    def page(self, read: PageRead) -> RunPage:
        self.habits.note_page(read, 1, self.seconds if read.limit > 10 else 0.05)
        return super().page(read)


@pytest.mark.parametrize(("seconds", "size"), [(0.4, 100), (1.5, 100), (1.7, 10), (60.0, 10)])
def test_slow_large_page(seconds: float, size: int) -> None:
    """Where a large page brings fewer rows in a second than small ones do, small ones are asked for again."""
    server, habits = SlowServer(Random(7), last=10**9), ServerHabits()
    server.seconds, server.habits = seconds, habits
    server.begin(500)
    drive = Drive(server, AUTO, habits).finish()

    assert sorted(server.stayed) == sorted(drive.given)
    assert size == habits.page_size
    assert (size == 10) is (1 == sum(read.limit == 100 for read in drive.reads))
    assert [] == [read for read in Drive(server, plan(10), habits).finish().reads if read.limit > 11]


def test_trial_that_is_broken_off_is_free_again() -> None:
    """A walk that is left while it tries a larger page leaves the trial to the next one."""
    habits = ServerHabits()
    server = SimulatedServer(Random(7), last=10**9)
    server.begin(50)
    left = Drive(server, AUTO, habits)
    left.step()
    left.step()
    wanted = left.wanted
    left.close()

    assert wanted is not None
    assert wanted.read.is_trial
    assert 100 in {read.limit for read in Drive(server, AUTO, habits).finish().reads}


@pytest.mark.parametrize("newest_first", [False, True])
def test_nothing_waits_between_slices_but_the_second_look(*, newest_first: bool) -> None:
    """While the front of a slice is looked at again, the next slice is read: and nothing that nobody needs then."""
    server = SimulatedServer(Random(7), last=10**9, newest_first=newest_first)
    server.begin(12_000)
    habits = ServerHabits(counting=Counting.ROWS, page_size=100, capacity=100)
    drive = Drive(server, replace(AUTO, slice_span=4 * 10**8), habits)
    started: set[PageRead] = set()
    waited: list[PageRead] = []
    cancelled: list[PageRead] = []
    while not drive.is_over:
        if (wanted := drive.wanted) is not None:
            waited += [] if wanted.read in started else [wanted.read]
            cancelled += started.difference(wanted.ahead, [wanted.read])
            started = started.intersection(wanted.ahead) | {*wanted.ahead[:3]}
        drive.step()

    assert sorted(server.stayed) == sorted(drive.given)
    second_looks = [read for read in waited if read.reading]
    assert len({read.window for read in second_looks}) == len(second_looks) >= 4
    assert len(waited) - len(second_looks) <= 5  # to find out the order, and the first pages
    assert [] == cancelled[1:]  # one first page of a slice further on


class BulkyList(HostileList):
    """Sends so many blanks behind each page that it is a large one, and some pages broken, so often."""

    def __init__(self, rows: list[HostileRow], broken: Counter[str]) -> None:
        window = BEGIN, BEGIN + len(rows) * 60 * SECOND
        super().__init__(Service(), rows, window, events=[], chance=Random(1))
        self.broken = broken

    def serve(self, query: dict[str, str]) -> tuple[int, str]:
        """As for any list."""
        status, text = super().serve(query)
        if self.broken[query["offset"]]:
            self.broken[query["offset"]] -= 1
            text = text[: len(text) // 2]
        return status, text + " " * 300_000


def bulky(server: HostileServer, broken: dict[str, int]) -> BulkyList:
    """A list of large pages under the task ``one``, of which those at these offsets are broken so often."""
    server.lists["one"] = listed = BulkyList(by_the_minute(1500), Counter(broken))
    return listed


def test_large_page_that_is_broken_ahead_is_read_again(server: HostileServer) -> None:
    """It is decoded when it is awaited; then it costs one more request, in threads and in an event loop."""
    listed = bulky(server, {})
    with connected(server, concurrency=8) as client:
        assert of(1500) == ids(client, listed, page_size=100)
    whole = listed.requests

    listed = bulky(server, {"588": 1})
    with connected(server, concurrency=8) as client:
        assert of(1500) == ids(client, listed, page_size=100)
    assert whole + 1 == listed.requests

    async def read() -> list[int | None]:
        async with AsyncDataMapClient(
            endpoint=server.url, project_id="p", instance_id="i", credentials=TokenCredentials("made-up")
        ) as client:
            start, end = listed.window
            runs = client.list_runs("one", job_name="job", start=start, end=end, page_size=100)
            return [run.run_id async for run in runs]

    listed = bulky(server, {"588": 1})
    assert of(1500) == asyncio.run(read())
    assert whole + 1 == listed.requests


def test_large_page_that_stays_broken_is_an_error(server: HostileServer) -> None:
    """It says what is wrong with the page, and where to go on."""
    listed = bulky(server, {"588": 9})
    with connected(server, concurrency=8) as client, pytest.raises(InvalidEnvelopeError) as caught:
        ids(client, listed, page_size=100)

    assert 1 == caught.value.attempts
    assert caught.value.resume_token is not None
