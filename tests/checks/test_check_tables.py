"""Many tables checked at once, over real sockets: verdicts, reasons, how many requests, and what hides nothing."""

from __future__ import annotations

import asyncio
import threading
import time as clock
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from dataarts_datamap import (
    AsyncDataMapClient,
    AuthenticationError,
    CheckState,
    ConnectionFailedError,
    DataMapClient,
    DueTime,
    InvalidArgumentError,
    Retry,
    TableCheck,
    TableRule,
    Verdict,
)
from support.answers import json_answer
from support.catalog_server import Factory, guid_of, lineage_row, run_page_of
from support.faces import SETTINGS
from support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from support.scripted_server import Answer, Asked

NOW = datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MAX_AGE = timedelta(hours=26)


def at(ago: timedelta) -> int:
    """A time before the check, in milliseconds."""
    return int((NOW - ago).timestamp() * 1000)


@dataclass
class Windowed(Factory):
    """A factory that gives the runs of the window that is asked for, by their plans."""

    def answer(self, asked: Asked) -> Answer:
        url = urlsplit(asked.target)
        if not unquote(url.path).endswith("/instances"):
            return super().answer(asked)
        query = parse_qs(url.query)
        first, last = int(query["start_time"][0]), int(query["end_time"][0])
        (job_name,) = query["job_name"]
        if job_name in self.refused:
            return json_answer({"error_code": "DLG.0001", "error_msg": "no"}, status=self.refused[job_name])
        return run_page_of(job_name, *(one for one in self.runs.get(job_name, []) if first <= one[0] <= last))


def factory(runs: dict[str, list[tuple[int, str]]], **changes: Any) -> Windowed:
    """Tables ``db.s.<name>``, each written by the operators ``<name>`` or ``<name>.<something>``."""
    nodes = {job: [lineage_row("db.ods.raw", job, f"db.s.{job.partition('.')[0]}")] for job in runs}
    return Windowed(**{"nodes": nodes, "runs": runs, **changes})


def asked(server: ScriptedServer) -> Counter[str]:
    """How often each operation was asked for, by the last part of its path."""
    return Counter(one.target.partition("?")[0].rpartition("/")[2] for one in server.asked)


def threads(server: ScriptedServer, rules: Sequence[TableRule], **how: Any) -> list[TableCheck]:
    """Through the client for threads."""
    with DataMapClient(endpoint=server.url, **SETTINGS) as client:
        return client.check_tables(rules, now=NOW, **how)


def event_loop(server: ScriptedServer, rules: Sequence[TableRule], **how: Any) -> list[TableCheck]:
    """Through the client for an event loop."""

    async def call() -> list[TableCheck]:
        async with AsyncDataMapClient(endpoint=server.url, **SETTINGS) as client:
            return await client.check_tables(rules, now=NOW, **how)

    return asyncio.run(call())


def rule(name: str, **asks: Any) -> TableRule:
    """A table that may be 26 hours old, unless something else is asked of it."""
    return TableRule(name=f"s.{name}", **(asks or {"max_age": MAX_AGE}))


def due(hour: int, minute: int = 0) -> DueTime:
    """A time of each day."""
    return DueTime(at=time(hour, minute), zone=UTC)


DAILY = [(at(5 * HOUR + day * DAY), "success") for day in range(6, 0, -1)]
RUNS = {
    "fresh": [*DAILY, (at(5 * HOUR), "success")],
    "stale": DAILY[:-1],
    "failed": [(at(5 * HOUR), "fail"), (at(6 * HOUR), "fail")],
    "missed": [*DAILY, (at(5 * HOUR), "fail")],
    "running": [*DAILY, (at(5 * HOUR), "running")],
    "skipped": [*DAILY, (at(5 * HOUR), "skip-by-depend")],
    "idle": DAILY,
    "odd": [(at(5 * HOUR), "something\x1b[2J")],
    "empty": [],
}


@pytest.mark.parametrize("check", [threads, event_loop])
def test_each_table_has_its_verdict_and_a_reason_in_words(check: Callable[..., list[TableCheck]]) -> None:
    """In the order of the rules; what was sent is made printable."""
    rules = [
        rule("fresh"),
        rule("fresh", due=due(8)),
        rule("stale"),
        rule("failed"),
        rule("missed", due=due(8)),
        rule("running", due=due(8)),
        rule("skipped", due=due(8)),
        rule("idle", due=due(8)),
        rule("idle", due=due(9)),
        rule("odd"),
        rule("empty"),
        rule("nowhere"),
    ]
    with factory(RUNS).server() as server:
        checks = check(server, rules)
    ago = "due 2026-11-30 08:00 UTC, 30 min ago"
    assert [
        ("fresh", "fresh succeeded 4 h 59 min ago, 26 h allowed"),
        ("fresh", f"fresh has succeeded; {ago}"),
        ("stale", "the last success of stale is 52 h 59 min old, 26 h allowed"),
        ("failed", "2 runs of failed failed; none has succeeded"),
        ("failed", f"missed failed: 1 run, and none is going on; {ago}"),
        ("late", f"running has not succeeded: it has been running for 5 h, 1 min is usual; {ago}"),
        ("late", f"skipped has not succeeded: it was skipped; {ago}"),
        ("late", f"idle has not succeeded: it has no run; {ago}"),
        ("fresh", "idle has succeeded; due 2026-11-29 09:00 UTC, 23 h 30 min ago"),
        ("unknown", "odd has runs with an unknown status: something\\x1b[2J"),
        ("unknown", "the service knows no run of empty"),
    ] == [(one.verdict.value, one.reason) for one in checks[:-1]]
    assert rules == [one.rule for one in checks]
    lost = checks[-1]
    assert (Verdict.UNKNOWN, "TableNotFoundError") == (lost.verdict, type(lost.error).__name__)
    assert lost.reason.startswith("it could not be read: no table is named 's.nowhere'")


def test_a_table_is_as_old_as_its_oldest_producer() -> None:
    """The reason names the operator that decides, and a silent one does not count unless the rule names it."""
    runs = {"t.a": RUNS["fresh"], "t.b": RUNS["stale"], "t.c": []}
    u = {"u.a": RUNS["fresh"], "u.c": []}
    rules = [
        rule("t"),
        rule("u"),
        TableRule(name="s.t", max_age=MAX_AGE, producers=("t.a",)),
        TableRule(name="s.u", max_age=MAX_AGE, producers=("u.a", "u.c")),
        TableRule(name="s.u", due=due(8), producers=("u.a", "u.c")),
        TableRule(name="s.u", max_age=MAX_AGE, producers=("u.b",)),
    ]
    with factory({**runs, **u}).server() as server:
        checks = threads(server, rules)
    assert ["stale", "fresh", "fresh", "stale", "late", "unknown"] == [one.verdict.value for one in checks]
    assert "the last success of t.b is 52 h 59 min old, 26 h allowed" == checks[0].reason
    assert "u.c has never succeeded in the history that the service keeps" == checks[3].reason
    assert "no operator of the table is called 'u.b'" in checks[5].reason
    status = checks[1].status
    assert status is not None
    assert ["u.c"] == [one.job_name for one in status.left_out]


def test_a_dead_producer_is_not_hidden_by_a_short_window() -> None:
    """It has no run since the period began, and still counts: its last ones lie in the week before."""
    with factory({"t.a": RUNS["fresh"], "t.b": [(at(3 * DAY), "success")]}).server() as server:
        (by_due, by_age) = threads(server, [rule("t", due=due(8)), rule("t")])
    assert (Verdict.LATE, Verdict.STALE) == (by_due.verdict, by_age.verdict)


@pytest.mark.parametrize("holidays", [0, 1])
def test_a_table_that_is_due_once_a_week_is_fresh_until_it_is_due_again(holidays: int) -> None:
    """Though its success then lies more than seven days ago; with a state, too."""
    monday = datetime(2026, 11, 23, 8, tzinfo=UTC)
    success = (int(monday.timestamp() * 1000) - 3_600_000, "success")
    off = frozenset(monday.date() + number * timedelta(days=7) for number in range(1, holidays + 1))
    weekly = rule("weekly", due=DueTime(at=time(8), zone=UTC, days=frozenset({0}), exceptions=off))
    end = monday + (holidays + 1) * timedelta(days=7)
    with (
        factory({"weekly": [success]}).server() as server,
        DataMapClient(endpoint=server.url, **SETTINGS) as client,
        CheckState(":memory:") as state,
    ):
        for now, expected in ((end - timedelta(minutes=1), "fresh"), (end, "late")):
            for known in (None, state):
                (found,) = client.check_tables([weekly], now=now, state=known)
                assert expected == found.verdict.value, found.reason


def test_three_hundred_tables_cost_one_request_an_operator() -> None:
    """Nine pages of lineage, one request a table, and one for each of 900 operators whose window has a success."""
    runs = {f"t{table}.{job}": [(at(3 * HOUR), "success")] for table in range(300) for job in range(3)}
    rules = [rule(f"t{table}") if table % 2 else rule(f"t{table}", due=due(8)) for table in range(300)]
    with factory(runs).server() as server:
        settings = {**SETTINGS, "requests_per_second": None}
        with DataMapClient(endpoint=server.url, **settings) as client:
            checks = client.check_tables(rules, now=NOW)
        assert {Verdict.FRESH} == {one.verdict for one in checks}
        assert {"bulk": 9, "node": 300, "instances": 900} == asked(server)


def test_a_window_is_as_long_as_the_verdict_needs() -> None:
    """The maximum age, or since the period began; a week where that has no success."""
    with factory(RUNS).server() as server:
        threads(server, [rule("fresh"), rule("fresh", due=due(8)), rule("stale")])
        queries = [parse_qs(urlsplit(one.target).query) for one in server.asked if "job_name" in one.target]
    end = int(NOW.timestamp() * 1000)
    spans = sorted((one["job_name"][0], (end - int(one["start_time"][0])) / 3_600_000) for one in queries)
    assert [("fresh", pytest.approx(8.5 + 1 / 60)), ("fresh", 26), ("stale", 26), ("stale", 7 * 24)] == spans
    assert {str(end)} == {one["end_time"][0] for one in queries}


def test_a_longer_maximum_age_looks_back_as_far() -> None:
    """A monthly table is not stale after a week."""
    with factory({"t": [(at(20 * DAY), "success")]}).server() as server:
        (check,) = threads(server, [rule("t", max_age=31 * DAY)])
    assert Verdict.FRESH is check.verdict


@pytest.mark.parametrize("check", [threads, event_loop])
def test_a_table_that_cannot_be_read_hides_no_other(check: Callable[..., list[TableCheck]]) -> None:
    """It is unknown, with its error; a producer that cannot be read makes its table unknown, not fresh."""
    with factory({**RUNS, "fresh.second": []}, refused={"fresh.second": 400}).server() as server:
        checks = check(server, [rule("fresh"), rule("stale"), TableRule(guid="no-such", max_age=MAX_AGE)])
    assert ["unknown", "stale", "unknown"] == [one.verdict.value for one in checks]
    assert "BadRequestError" == type(checks[0].error).__name__
    assert checks[0].status is None
    assert "no operator is known to produce it" == checks[2].reason


def test_each_check_is_reported_as_it_comes() -> None:
    """In the thread of the call, once each."""
    seen: list[tuple[str, int]] = []
    with factory(RUNS).server() as server:
        checks = threads(
            server,
            [rule(name) for name in RUNS],
            on_checked=lambda one: seen.append((one.name, threading.get_ident())),
        )
    assert sorted((one.name, threading.get_ident()) for one in checks) == sorted(seen)


def test_what_a_hook_raises_ends_the_check() -> None:
    """Nothing runs on behind it."""

    def hook(_: TableCheck) -> None:
        raise KeyboardInterrupt

    with factory(RUNS).server() as server:
        with pytest.raises(KeyboardInterrupt):
            threads(server, [rule(name) for name in RUNS] * 20, on_checked=hook)
        assert not [one for one in threading.enumerate() if one.name.startswith("datamap-check")]
        assert asked(server)["node"] < 180


def test_what_is_under_way_is_ended_with_the_check() -> None:
    """It does not wait for responses that nobody wants any more."""
    release = threading.Event()
    catalog = factory({f"t{number}": [(at(HOUR), "success")] for number in range(8)})

    def stalling(request: Asked) -> Answer:
        if request.target.endswith("/node") and guid_of("db.s.t0") not in request.target:
            release.wait(30)
        return catalog.answer(request)

    def hook(_: TableCheck) -> None:
        raise KeyboardInterrupt

    with ScriptedServer(stalling) as server:
        begun = clock.monotonic()
        try:
            with pytest.raises(KeyboardInterrupt):
                threads(server, [rule(f"t{number}") for number in range(8)], on_checked=hook)
            took = clock.monotonic() - begun
        finally:
            release.set()
    assert took < 9


def test_without_lineage_all_operators_count() -> None:
    """Which is said for each table; a search finds names, and is asked for once each."""
    entities = [
        {"guid": guid_of("db.s.fresh"), "display_text": "fresh", "attributes": {"qualifiedName": "db.s.fresh@dws"}}
    ]
    catalog = factory(RUNS, refused={"bulk": 403}, readers={"db.s.fresh": ["stale"]}, entities=entities)
    with catalog.server() as server:
        (check,) = threads(server, [rule("fresh")])
        assert {"bulk": 1, "search": 1, "node": 1, "instances": 3} == asked(server)
    assert (Verdict.STALE, False) == (check.verdict, check.producers_known)
    with factory(RUNS, readers={"db.s.fresh": ["stale"]}).server() as server:
        (known,) = threads(server, [rule("fresh")])
    assert (Verdict.FRESH, True) == (known.verdict, known.producers_known)


def test_lineage_that_breaks_is_asked_for_once() -> None:
    """It does not stop the check of tables that are known by GUID."""
    rules = [TableRule(guid=guid_of(f"db.s.{name}"), max_age=MAX_AGE) for name in ("fresh", "stale")]
    settings = {**SETTINGS, "retry": Retry(attempts=1)}
    with factory(RUNS, refused={"bulk": 500}).server() as server:
        with DataMapClient(endpoint=server.url, **settings) as client:
            checks = client.check_tables(rules, now=NOW)
        assert 1 == asked(server)["bulk"]
    assert ["fresh", "stale"] == [one.verdict.value for one in checks]


def test_lineage_is_not_read_where_nobody_needs_it() -> None:
    """GUIDs and producers say all."""
    rules = [TableRule(guid=guid_of("db.s.fresh"), max_age=MAX_AGE, producers=("fresh",))]
    with factory(RUNS).server() as server:
        (check,) = threads(server, rules)
        assert {"node": 1, "instances": 1} == asked(server)
    assert Verdict.FRESH is check.verdict


def test_wrong_credentials_are_an_error_of_the_whole_check() -> None:
    """So is a service that cannot be reached: three hundred rows would say the same."""
    with factory(RUNS, refused={"bulk": 401}).server() as server:
        with pytest.raises(AuthenticationError):
            threads(server, [rule("fresh")])
        url = server.url
    settings = {**SETTINGS, "retry": Retry(attempts=1)}
    with DataMapClient(endpoint=url, **settings) as client, pytest.raises(ConnectionFailedError):
        client.check_tables([rule("fresh")], now=NOW)


@pytest.mark.parametrize("check", [threads, event_loop])
def test_a_token_that_ends_in_the_middle_does_not_cost_a_request_a_table(
    check: Callable[..., list[TableCheck]],
) -> None:
    """What was read stands; after eight refusals in a row, the rest is unknown, too, and not asked for."""
    catalog = factory(RUNS)
    names = ["fresh", *["stale"] * 60]

    def ending(request: Asked) -> Answer:
        if request.target.endswith("/node") and guid_of("db.s.stale") in request.target:
            return json_answer({"error_code": "APIGW.0301", "error_msg": "expired"}, status=401)
        return catalog.answer(request)

    with ScriptedServer(ending) as server:
        checks = check(server, [rule(name) for name in names])
        assert asked(server)["node"] < 40
    assert ["fresh", *["unknown"] * 60] == [one.verdict.value for one in checks]
    assert {AuthenticationError} == {type(one.error) for one in checks[1:]}


def test_no_tables_are_no_checks() -> None:
    """And what is no rule is refused before anything is asked."""
    with factory(RUNS).server() as server:
        assert ([], []) == (threads(server, []), event_loop(server, []))
        with pytest.raises(InvalidArgumentError, match="tables must be a list of TableRule"):
            threads(server, ["s.fresh"])  # type: ignore[list-item]  # that is what is tested
        assert [] == server.asked


def test_tables_are_read_side_by_side() -> None:
    """As many at once as the client's ``concurrency`` says."""
    now, most, lock = [0], [0], threading.Lock()
    catalog = factory({f"t{number}": [(at(HOUR), "success")] for number in range(24)})

    def slowly(request: Asked) -> Answer:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        clock.sleep(0.02)
        with lock:
            now[0] -= 1
        return catalog.answer(request)

    with ScriptedServer(slowly) as server, DataMapClient(endpoint=server.url, concurrency=4, **SETTINGS) as client:
        client.check_tables([rule(f"t{number}") for number in range(24)], now=NOW)
    assert 2 <= most[0] <= 4


@pytest.mark.parametrize("check", [threads, event_loop])
def test_causes_are_found_for_what_is_not_fresh(check: Callable[..., list[TableCheck]]) -> None:
    """Of ten tables that are made of one that failed, and of one that is due; what they share is read once."""
    runs = {"ods": [*DAILY, (at(5 * HOUR), "fail")], "good": RUNS["fresh"], "alone": RUNS["idle"]}
    runs |= {f"t{number}": [*DAILY, (at(4 * HOUR), "skip-by-depend")] for number in range(10)}
    nodes = {"ods": [lineage_row("db.src.raw", "ods", "db.s.ods")], "good": [lineage_row(None, "good", "db.s.good")]}
    nodes |= {"alone": [lineage_row(None, "alone", "db.s.alone")]}
    nodes |= {f"t{number}": [lineage_row("db.s.ods", f"t{number}", f"db.s.t{number}")] for number in range(10)}
    rules = [*(rule(f"t{number}") for number in range(10)), rule("good"), rule("alone", due=due(8)), rule("nowhere")]
    with Windowed(nodes=nodes, runs=runs).server() as server:
        checks = check(server, rules, explain=True)
        counts = asked(server)
    assert {"stale"} == {one.verdict.value for one in checks[:10]}
    for one in checks[:10]:
        assert one.explanation is not None
        assert ["ods"] == [link.table.name for link in one.explanation.causes]
        assert one.cause == one.explanation.sentence
        assert "ods" in one.cause
    good, alone, nowhere = checks[10:]
    assert (None, None) == (good.explanation, good.cause)
    assert (None, None) == (nowhere.explanation, nowhere.cause)
    assert alone.explanation is not None
    assert alone.cause is not None
    assert Verdict.LATE is alone.verdict
    assert 12 + 11 + 1 == counts["node"]  # of each for its verdict; then of those not fresh, and of the one they share
    assert 12 + 11 + 11 + 1 == counts["instances"]  # the ten and the late one are looked for in a longer window


@pytest.mark.parametrize("max_age", [21_000 * DAY, timedelta(weeks=999_999), timedelta.max])
def test_a_maximum_age_may_go_back_beyond_all_times(max_age: timedelta) -> None:
    """Runs and causes are read from 1970 on, and that is all there is to read."""
    with factory({"t": [(at(HOUR), "fail")], "u": []}).server() as server:
        failed, empty = threads(server, [rule("t", max_age=max_age), rule("u", max_age=max_age)], explain=True)
    assert (Verdict.FAILED, True) == (failed.verdict, failed.never_succeeded)
    assert failed.explanation is not None
    assert (Verdict.UNKNOWN, True) == (empty.verdict, empty.never_succeeded)
    assert datetime(1970, 1, 1, tzinfo=UTC) == failed.searched_from == empty.searched_from


def test_a_cause_that_cannot_be_found_is_said() -> None:
    """The verdict stands."""
    catalog = factory({"t": RUNS["stale"]})
    lists = [0]

    def respond(request: Asked) -> Answer:
        lists[0] += request.target.endswith("/node")
        if lists[0] > 1 and request.target.endswith("/node"):
            return json_answer({"error_code": "DLG.1", "error_msg": "no"}, status=400)
        return catalog.answer(request)

    with ScriptedServer(respond) as server:
        (check,) = threads(server, [rule("t")], explain=True)
    assert (Verdict.STALE, None) == (check.verdict, check.explanation)
    assert check.cause is not None
    assert check.cause.startswith("the cause could not be found: HTTP 400: DLG.1 no")
