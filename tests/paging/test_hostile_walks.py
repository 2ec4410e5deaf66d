"""Walks over hostile lists: what was there throughout comes once, or an error says why not."""

from __future__ import annotations

import json
import random
import time
import tracemalloc
import urllib.request
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import (
    BadRequestError,
    DataMapClient,
    IncompleteWalkError,
    Operator,
    TokenCredentials,
    table_status,
)
from dataarts_datamap._paging.read_ahead import Width
from dataarts_datamap._paging.seen_rows import FinishedSlices
from dataarts_datamap._paging.walk_options import PageNeeded, PageRead, ServerHabits
from dataarts_datamap._window import Window
from support.hostile_cases import FAULTS, HARMLESS, case, walk
from support.hostile_lists import BEGIN, HOUR, SECOND, HostileList, HostileRow, HostileServer, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.hostile_lists import Event

KINDS = [*FAULTS, "several at once"]
FEW = 6
MANY = 60  # of each kind: more than 1,000 walks


@pytest.fixture(scope="module")
def server() -> Iterator[HostileServer]:
    """The server of all lists."""
    with HostileServer() as serving:
        yield serving


def silent(server: HostileServer, kind: str, seeds: range, *, is_auto: bool = False) -> dict[int, Any]:
    """The walks that look whole and are not, or that end in an error though nothing is wrong, by their seeds."""
    judged = {seed: walk(server, kind, seed, is_auto=is_auto) for seed in seeds}
    return {
        seed: judgement
        for seed, judgement in judged.items()
        if judgement.silent or (judgement.error is not None and kind in HARMLESS)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_walks(server: HostileServer, kind: str) -> None:
    """No run that was there throughout is missing or comes twice without an error."""
    assert {} == silent(server, kind, range(FEW))


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_walks_by_larger_pages(server: HostileServer, kind: str) -> None:
    """The same holds where the client finds out how large pages may be."""
    assert {} == silent(server, kind, range(FEW), is_auto=True)


@pytest.mark.prove
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_walks_at_length(server: HostileServer, kind: str) -> None:
    """The same holds for more than a thousand walks."""
    assert {} == silent(server, kind, range(FEW, FEW + MANY))
    assert {} == silent(server, kind, range(FEW, FEW + MANY // 2), is_auto=True)


@pytest.mark.parametrize(
    "kind",
    [
        "runs start",
        "runs vanish",
        "sort keys change",
        "changes cancel out",
        "rows and total are capped",
        "offset counts otherwise",
    ],
)
def test_lists_are_hostile(server: HostileServer, kind: str) -> None:
    """A loop over the offset, as one writes it first, is whole on lists without a fault alone, so the oracle sees."""
    assert not any(naive(server, "nothing", seed) for seed in range(FEW))
    assert any(naive(server, kind, seed) for seed in range(4 * FEW))


def naive(server: HostileServer, kind: str, seed: int) -> bool:
    """Whether such a loop loses a run, or gives one twice."""
    draft = case(kind, seed)
    listed = HostileList(draft.service, draft.rows, draft.window, events=draft.events, chance=draft.chance)
    server.lists["naive"] = listed
    owners: Counter[str] = Counter()
    for offset in range(0, 10_000, draft.page_size):
        query = f"start_time={draft.window[0]}&end_time={draft.window[1]}&offset={offset}&limit={draft.page_size}"
        with urllib.request.urlopen(f"{server.url}/node/naive/instances?{query}") as response:  # noqa: S310  loopback
            rows = json.loads(json.load(response)["body"])["rows"]
        owners.update(row["owner"] for row in rows)
        if len(rows) < draft.page_size:
            break
    return bool(listed.lost(owners)) or max(owners.values(), default=0) > 1


def by_the_minute(number: int) -> list[HostileRow]:
    """So many runs, a minute apart, that have ended."""
    plans = [BEGIN + 60 * SECOND * serial for serial in range(number)]
    return [
        HostileRow(serial, 5000 + serial, plan, plan + 5 * SECOND, plan + 30 * SECOND, plan + 30 * SECOND, "success")
        for serial, plan in enumerate(plans)
    ]


def serve(
    server: HostileServer, service: Service, rows: list[HostileRow], events: list[Event] | None = None
) -> HostileList:
    """A list under the task ``one``."""
    end = max(row.plan for row in rows) + HOUR
    listed = HostileList(service, rows, (BEGIN, end), events=events or [], chance=random.Random(1))
    server.lists["one"] = listed
    return listed


def connected(server: HostileServer) -> DataMapClient:
    """A client with its defaults."""
    return DataMapClient(
        endpoint=server.url,
        project_id="p",
        instance_id="i",
        credentials=TokenCredentials("made-up"),
        requests_per_second=None,
    )


def read(server: HostileServer, listed: HostileList, **options: Any) -> list[Any]:
    """All runs, through a client of its own."""
    start, end = listed.window
    with connected(server) as client:
        return client.list_runs("one", job_name="job", start=start, end=end, **options).to_list()


def starts(serial: int) -> Callable[[HostileList], None]:
    """A waiting run starts."""

    def happen(listed: HostileList) -> None:
        row = next(row for row in listed.rows if row.serial == serial)
        listed.change(row, start=listed.later(), status="running")

    return happen


def waiting(rows: list[HostileRow], serial: int) -> list[HostileRow]:
    """The rows, one of which has not started."""
    row = rows[serial]
    row.start, row.end, row.status = 0, 0, "waiting"
    return rows


@pytest.mark.parametrize("zero_last", [None, True, False])
def test_run_that_starts_is_not_lost(server: HostileServer, zero_last: bool | None) -> None:  # noqa: FBT001  a case
    """A run that moves from the end of the list to its front during the walk is read."""
    service = Service(sort="start", newest_first=True, zero_last=zero_last)
    listed = serve(server, service, waiting(by_the_minute(150), 149), [(2, starts(149))])

    assert set(range(5000, 5150)) == {run.run_id for run in read(server, listed)}


def three_at_once(column: str, gone: int, moved: int) -> Callable[[HostileList], None]:
    """A run that was read goes, one that was not moves to the front, one comes in at the end: all counts stay."""

    def happen(listed: HostileList) -> None:
        listed.rows = [row for row in listed.rows if row.serial != gone]
        row = next(row for row in listed.rows if row.serial == moved)
        listed.change(row, **{column: listed.later()}, status="running")
        listed.rows.append(HostileRow(9000, 9000, BEGIN + SECOND, 0, 0, 0, "waiting"))

    return happen


@pytest.mark.parametrize("column", ["start", "end", "update"])
@pytest.mark.parametrize("before", [2, 7, 11])
def test_three_changes_that_cancel_out(server: HostileServer, column: Any, before: int) -> None:
    """A run that moves to the front of a long list comes, though neither a page nor a total shows that it has moved."""
    rows = by_the_minute(150)
    for row in rows:
        row.update = row.plan
        if row.serial < 5:
            row.start, row.end, row.update, row.status = 0, 0, 0, "waiting"
    events = [(before, three_at_once(column, 140, 2))]
    service = Service(sort=column, newest_first=True, zero_last=True)
    listed = serve(server, service, rows, events)
    owners = Counter(str(run.owner) for run in read(server, listed, page_size=12, offset_unit="row"))

    assert [] == listed.lost(owners)
    assert 1 == max(owners.values())


@pytest.mark.parametrize(("number", "requests"), [(90, 9), (150, 16)])
def test_front_is_read_again_after_ten_pages(server: HostileServer, number: int, requests: int) -> None:
    """That costs a list that is at rest one request, and a shorter one none."""
    listed = serve(server, Service(sort="start", newest_first=True), by_the_minute(number))

    assert number == len(read(server, listed, page_size=12, offset_unit="row"))
    assert requests == listed.requests


@pytest.mark.parametrize("newest_first", [False, True])
def test_run_that_changes_comes_once(server: HostileServer, newest_first: bool) -> None:  # noqa: FBT001  a case
    """A run that starts between two pages that both have it comes once, and is counted once."""
    changing = 2 if newest_first else 99
    rows = waiting(by_the_minute(102), changing)
    listed = serve(server, Service(newest_first=newest_first), rows, [(2, starts(changing))])
    runs = read(server, listed)

    assert list(range(5000, 5102)) == sorted(run.run_id or 0 for run in runs)
    status = table_status(runs, now=datetime.now(UTC))
    assert (102, 1) == (status.runs, status.running + status.waiting)


def test_one_id_with_two_planned_times_is_two_runs(server: HostileServer) -> None:
    """Ids that repeat cost no run, on one page, on two, and in two slices."""
    rows = by_the_minute(240)
    for row in rows:
        row.run_id = 7 + row.serial % 3
    listed = serve(server, Service(), rows)
    for options in ({"page_size": 500}, {"page_size": 50}, {"slice_span": timedelta(hours=1)}):
        owners = sorted(int(run.owner[4:]) for run in read(server, listed, **options))
        assert list(range(240)) == owners


def test_page_that_a_resumed_walk_breaks_off_in(server: HostileServer) -> None:
    """A walk that goes on inside a group of equal times gives no run twice, though the group comes in another order."""
    rows = by_the_minute(60)
    for row in rows:
        row.plan -= (row.plan - BEGIN) % HOUR
        row.start = row.plan
    listed = serve(server, Service(shuffled_ties=True), rows)
    with connected(server) as client:
        pager = client.list_runs("one", job_name="job", start=listed.window[0], end=listed.window[1], page_size=20)
        first = [run.run_id or 0 for run in pager.to_list(max_items=31)]
        rest = [run.run_id or 0 for run in client.list_runs("one", job_name="job", resume_token=pager.resume_token)]

    assert list(range(5000, 5060)) == sorted([*first, *rest])


@pytest.mark.parametrize("cap", [100, pytest.param(10_000, marks=pytest.mark.prove)])
@pytest.mark.parametrize("newest_first", [False, True])
def test_walk_that_is_resumed_behind_a_cap(server: HostileServer, cap: int, newest_first: bool) -> None:  # noqa: FBT001  a case
    """What was read by offset before the window was cut does not come again in its parts, wherever they are resumed."""
    rows = by_the_minute(cap * 19 // 10)
    for row in rows:
        row.update = BEGIN + row.serial * 7919 % len(rows)
        if row.serial % 13 == 0:
            row.start, row.end, row.status = 0, 0, "waiting"
    listed = serve(server, Service(sort="update", reach=cap, capped_total=True, newest_first=newest_first), rows)
    call: dict[str, Any] = {"task_id": "one", "job_name": "job", "page_size": cap // 10}
    for stop in (cap * 21 // 20, cap * 3 // 2, cap * 18 // 10):
        with connected(server) as client:
            pager = client.list_runs(**call, start=listed.window[0], end=listed.window[1])
            first = [run.run_id or 0 for run in pager.to_list(max_items=stop)]
            rest = [run.run_id or 0 for run in client.list_runs(**call, resume_token=pager.resume_token)]

        assert sorted(row.run_id or 0 for row in rows) == sorted([*first, *rest])


def test_pages_held_while_the_order_is_looked_for(server: HostileServer) -> None:
    """Where no page shows the order, no more of them are held than a slice may have rows."""
    rows = by_the_minute(60_000)
    for row in rows:
        row.plan = BEGIN + HOUR // 2 + row.serial // 1000 * HOUR
        row.start, row.end = row.plan + SECOND, row.plan + 2 * SECOND
    listed = serve(server, Service(shuffled_ties=True), rows)
    call: dict[str, Any] = {"start": BEGIN, "end": BEGIN + 60 * HOUR, "slice_span": timedelta(hours=1)}
    with connected(server) as client:
        assert client.list_runs("one", job_name="job", page_size=1001, **call).first() is not None

    assert 11 <= listed.requests <= 30  # of 60 pages, some of which are read ahead


@pytest.mark.parametrize("waits", [140, 145])
def test_run_that_starts_inside_a_later_slice(server: HostileServer, waits: int) -> None:
    """A run that every slice holds while it waits, and the latest one alone when it has started, comes once."""
    rows = waiting(by_the_minute(150), waits)
    listed = serve(server, Service(window_on="start"), rows, [(14, starts(waits))])
    runs = read(server, listed, page_size=10, slice_span=timedelta(hours=1))

    assert list(range(5000, 5150)) == sorted(run.run_id or 0 for run in runs)


@pytest.mark.parametrize("stop", [1, 10, 60])
def test_run_that_starts_before_a_walk_is_resumed(server: HostileServer, stop: int) -> None:
    """A run that was read while it waited does not come again in a later slice of the walk that goes on."""
    listed = serve(server, Service(sort="start", zero_last=False, window_on="start"), waiting(by_the_minute(150), 140))
    call: dict[str, Any] = {"task_id": "one", "job_name": "job", "slice_span": timedelta(hours=1)}
    with connected(server) as client:
        pager = client.list_runs(**call, start=listed.window[0], end=listed.window[1])
        first = [run.run_id or 0 for run in pager.to_list(max_items=stop)]
        starts(140)(listed)
        rest = [run.run_id or 0 for run in client.list_runs(**call, resume_token=pager.resume_token)]

    assert list(range(5000, 5150)) == sorted([*first, *rest])


@pytest.mark.parametrize("stop", [30, 80, 140])
def test_resumed_walk_that_looks_again(server: HostileServer, stop: int) -> None:
    """The newest runs, which are read again where windows filter on starts, do not come again after resuming."""
    rows = by_the_minute(150)
    for row in rows:
        row.start, row.end = row.plan + 30 * SECOND, row.plan + 50 * SECOND
    listed = serve(server, Service(window_on="start", newest_first=True), rows)
    call: dict[str, Any] = {"task_id": "one", "job_name": "job", "slice_span": timedelta(hours=1)}
    with connected(server) as client:
        pager = client.list_runs(**call, start=listed.window[0], end=listed.window[1])
        first = [run.run_id or 0 for run in pager.to_list(max_items=stop)]
        rest = [run.run_id or 0 for run in client.list_runs(**call, resume_token=pager.resume_token)]

    assert list(range(5000, 5150)) == sorted([*first, *rest])


@pytest.mark.parametrize("plan", [0, BEGIN - 240 * HOUR])
def test_capped_list_without_planned_times_in_the_window(server: HostileServer, plan: int) -> None:
    """Runs by hand have no planned time, and runs of a backfill an old one: a cap of such a list is found, too."""
    service = Service(window_on="start", sort="start", reach=500, capped_total=True)
    listed = serve(server, service, by_the_minute(950))
    for row in listed.rows:
        row.plan = plan

    assert list(range(5000, 5950)) == sorted(run.run_id or 0 for run in read(server, listed, page_size=100))


def test_total_of_a_capped_list_is_unknown_on_each_walk(server: HostileServer) -> None:
    """A client that knows the maximum of the server does not take it for the total on its next walk."""
    listed = serve(server, Service(reach=500, capped_total=True), by_the_minute(950))
    with connected(server) as client:
        for _ in range(2):
            pager = client.list_runs("one", job_name="job", start=listed.window[0], end=listed.window[1])
            totals = {page.total for page in pager.pages()}
    assert {None} == totals


def test_more_loose_runs_than_a_token_holds() -> None:
    """They are all looked for among those that were read, and there is no token."""
    finished = FinishedSlices()
    finished.add([(1, 7)], [(1, 7)])
    finished.add([(1, 7)], [(1, 7)])
    assert ([(1, 7)], [1]) == (finished.loose, list(finished.loose_among([(2, 7), (1, 7)])))
    many = [(number, 7) for number in range(2, 20_002)]
    finished.add(many, many)

    assert (True, 20_000) == (finished.has_dropped, len(finished.loose))
    assert [0, 1] == list(finished.loose_among([(1, 7), (99_999, 7)]))


@pytest.mark.parametrize("cap", [100, 500, 1000, 1024, 5000, 10_000])
@pytest.mark.parametrize("newest_first", [False, True])
def test_rows_and_total_that_are_capped(server: HostileServer, cap: int, newest_first: bool) -> None:  # noqa: FBT001  a case
    """A server that serves and counts no more than so many runs of a window is read in narrower ones."""
    rows = by_the_minute(cap * 6 // 5 + 1)
    listed = serve(server, Service(reach=cap, capped_total=True, newest_first=newest_first), rows)

    assert {row.run_id for row in rows} == {run.run_id for run in read(server, listed, page_size=cap // 10)}


def test_list_that_is_as_long_as_the_cap(server: HostileServer) -> None:
    """That one list of as many runs was whole does not vouch for the next one."""
    with connected(server) as client:
        for number in (100, 150):
            listed = serve(server, Service(reach=100, capped_total=True), by_the_minute(number))
            runs = client.list_runs("one", job_name="job", start=listed.window[0], end=listed.window[1])
            assert number == len({run.run_id for run in runs})


@pytest.mark.parametrize("totals", ["missing", "zero", "page"])
def test_rows_that_are_capped_and_not_counted(server: HostileServer, totals: Any) -> None:
    """Where no total tells, the halves of a window that ends at a round number are read."""
    for number in (100, 250):
        listed = serve(server, Service(reach=100, capped_total=True, totals=totals), by_the_minute(number))
        for size in (100, 200):
            assert set(range(5000, 5000 + number)) == {run.run_id for run in read(server, listed, page_size=size)}


def test_runs_in_a_cluster_that_is_capped(server: HostileServer) -> None:
    """Windows are narrowed as far as it takes where nearly all runs lie in a few minutes of a long window."""
    rows = by_the_minute(260)
    for row in rows[1:]:
        row.plan = BEGIN + 20 * HOUR + row.serial * SECOND
        row.start = row.plan + SECOND
    listed = serve(server, Service(reach=100, capped_total=True), rows)

    assert {row.run_id for row in rows} == {run.run_id for run in read(server, listed, page_size=50)}


@pytest.mark.parametrize(
    ("totals", "shuffled"),
    [("right", False), ("right", True), ("missing", False), ("zero", False), ("page", False), ("page", True)],
)
@pytest.mark.parametrize("size", [50, 100, 200])
def test_millisecond_with_as_many_runs_as_the_cap(
    server: HostileServer,
    totals: Any,
    shuffled: bool,  # noqa: FBT001  a case
    size: int,
) -> None:
    """It cannot be cut, so it is unknown whether the server serves all of its runs; of one run fewer, it does."""
    for number in (99, 150):
        rows = by_the_minute(260)
        for row in rows[:number]:
            row.plan, row.start, row.end = BEGIN + 20 * HOUR, BEGIN + 20 * HOUR + SECOND, BEGIN + 20 * HOUR + 2 * SECOND
        service = Service(reach=100, capped_total=True, totals=totals, shuffled_ties=shuffled)
        listed = serve(server, service, rows)
        if number < 100:
            assert 260 == len(read(server, listed, page_size=size))
        else:
            with pytest.raises(IncompleteWalkError, match="a millisecond has as many runs as the server may serve"):
                read(server, listed, page_size=size)


def test_millisecond_with_a_round_number_of_runs(server: HostileServer) -> None:
    """It is whole if the server has put more rows on one page before: they are not its maximum."""
    rows = by_the_minute(360)
    for row in rows[:100]:
        row.plan, row.start, row.end = BEGIN + 20 * HOUR, BEGIN + 20 * HOUR + SECOND, BEGIN + 20 * HOUR + 2 * SECOND
    listed = serve(server, Service(totals="missing"), rows)
    with connected(server) as client:
        start, end = listed.window
        assert 360 == len(client.list_runs("one", job_name="job", start=start, end=end).to_list())
        assert 100 == len(client.list_runs("one", job_name="job", start=rows[0].plan, end=rows[0].plan + 1).to_list())


def test_list_that_only_looks_capped(server: HostileServer) -> None:
    """A list of as many runs as a server may count at most costs two small requests."""
    listed = serve(server, Service(), by_the_minute(1000))
    assert 1000 == len(read(server, listed))
    round_number, listed = listed.requests, serve(server, Service(), by_the_minute(999))
    assert 999 == len(read(server, listed))

    assert 2 == round_number - listed.requests


@pytest.mark.parametrize("deep", ["empty", "refused"])
def test_deep_offsets_that_are_refused(server: HostileServer, deep: Any) -> None:
    """A server that serves no rows beyond some offset is read in narrower windows; an error on a first page stays."""
    listed = serve(server, Service(reach=300, deep=deep), by_the_minute(1001))
    assert set(range(5000, 6001)) == {run.run_id for run in read(server, listed)}

    listed = serve(server, Service(most_rows=50, beyond="refused"), by_the_minute(10))
    with pytest.raises(BadRequestError, match="the limit is too large"):
        read(server, listed)


def test_total_is_that_of_the_window(server: HostileServer) -> None:
    """A pager reports the total of its window, not that of a part; None where slices alone are asked for."""
    rows = waiting(by_the_minute(150), 149)
    listed = serve(server, Service(sort="start", newest_first=True), rows, [(2, starts(149))])
    with connected(server) as client:
        whole = client.list_runs("one", job_name="job", start=listed.window[0], end=listed.window[1])
        assert (150, 150) == (len(whole.to_list()), whole.total)
        cut = client.list_runs(
            "one", job_name="job", start=listed.window[0], end=listed.window[1], slice_span=timedelta(hours=1)
        )
        assert (150, None) == (len(cut.to_list()), cut.total)


@pytest.mark.parametrize("total", [10**9 + 1, 10**11, 10**12, 1e15, 2**63 - 1])
@pytest.mark.parametrize("number", [1, 150])
def test_huge_total_is_refused(server: HostileServer, number: int, total: float) -> None:
    """A total that no walk could read ends in an error that names it, at once and with next to no memory."""
    listed = serve(server, Service(totals="huge", huge_total=total), by_the_minute(number))
    began = time.monotonic()
    tracemalloc.start()
    with pytest.raises(IncompleteWalkError, match=f"a total of {int(total)},"):
        read(server, listed)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert listed.requests <= 2
    assert time.monotonic() - began < 5
    assert peak < 20_000_000


@pytest.mark.parametrize("service", [Service(always_rows=10**6), Service(always_rows=10**6, totals="missing")])
def test_limit_that_is_ignored(server: HostileServer, service: Service) -> None:
    """A server that sends the whole list whatever was asked for is read, and nothing is read ahead of it."""
    listed = serve(server, service, by_the_minute(5001))

    assert set(range(5000, 10_001)) == {run.run_id for run in read(server, listed)}
    assert listed.requests <= 3


@pytest.mark.parametrize(("largest_page", "pages"), [(0, 7), (1 << 19, 7), (2 << 20, 3), (64 << 20, 0)])
def test_pages_ahead_are_bounded_in_bytes(largest_page: int, pages: int) -> None:
    """Of large pages fewer are read ahead: 7 MiB of responses at the most."""
    operator = Operator(task_id="1", job_name="job")
    ahead = tuple(PageRead(operator, Window(0, 1), offset, 100) for offset in range(1, 33))
    width = Width(7, ServerHabits(largest_page=largest_page))

    assert pages == max(len(width.chosen(PageNeeded(ahead[0], ahead))) for _ in range(6))


@pytest.mark.parametrize("options", [{}, {"slice_span": timedelta(minutes=25)}])
def test_window_that_is_ignored(server: HostileServer, options: dict[str, Any]) -> None:
    """A run none of whose times lies in the window that was asked for is noticed."""
    listed = serve(server, Service(window_ignored=True), by_the_minute(90))
    listed.window = BEGIN + 10 * 60 * SECOND, BEGIN + 70 * 60 * SECOND
    with pytest.raises(IncompleteWalkError, match="the server may ignore the window"):
        read(server, listed, **options)
