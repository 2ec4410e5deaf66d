"""The state between checks: fewer requests, what is known where nothing can be read, and a file that survives."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
import time as clock
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dataarts_datamap import (
    AsyncDataMapClient,
    CheckState,
    ConnectionFailedError,
    DataMapClient,
    DueTime,
    InvalidArgumentError,
    Retry,
    StateFileError,
    TableRule,
    Verdict,
    load_tables,
)
from dataarts_datamap._files import replaceable
from dataarts_datamap._paging.offsets import Counting
from dataarts_datamap._paging.walk_options import ServerHabits
from support.answers import json_answer
from support.catalog_server import Factory, guid_of, lineage_row
from support.faces import SETTINGS
from support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dataarts_datamap import TableCheck
    from support.scripted_server import Answer, Asked

NOW = datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MAX_AGE = 26 * HOUR


def at(ago: timedelta) -> int:
    """A time before the first check, in milliseconds."""
    return int((NOW - ago).timestamp() * 1000)


def factory(runs: dict[str, list[tuple[int, str]]], **changes: Any) -> Factory:
    """Tables ``db.s.<name>``, each written by the operators ``<name>`` or ``<name>.<something>``."""
    nodes = {job: [lineage_row("db.ods.raw", job, f"db.s.{job.partition('.')[0]}")] for job in runs}
    return Factory(**{"nodes": nodes, "runs": runs, **changes})


def rule(name: str, **asks: Any) -> TableRule:
    """A table that may be 26 hours old, unless something else is asked of it."""
    return TableRule(name=f"s.{name}", **(asks or {"max_age": MAX_AGE}))


def checked(
    server: ScriptedServer | str, rules: Sequence[TableRule], state: CheckState, *, now: datetime = NOW
) -> list[TableCheck]:
    """A check by a client of its own."""
    url = server if isinstance(server, str) else server.url
    settings = {**SETTINGS, "requests_per_second": None, "retry": Retry(attempts=1)}
    with DataMapClient(endpoint=url, **settings) as client:
        return client.check_tables(rules, now=now, state=state)


def asked(server: ScriptedServer) -> dict[str, int]:
    """How often each operation was asked for since this was called last, by the last part of its path."""
    names = [one.target.partition("?")[0].rpartition("/")[2] for one in server.asked]
    server.asked.clear()
    return {name: names.count(name) for name in dict.fromkeys(names)}


def test_the_second_check_asks_once_for_each_operator_and_for_no_list_of_them(tmp_path: Path) -> None:
    """Three hundred tables, those that failed for long and those that never ran among them."""
    runs = {f"t{table}.{job}": [(at(3 * HOUR), "success")] for table in range(90) for job in range(3)}
    runs |= {f"bad{table}": [(at(9 * DAY + 3 * HOUR), "success"), (at(3 * HOUR), "fail")] for table in range(5)}
    runs |= {f"never{table}": [(at(DAY * day), "fail") for day in range(12)] for table in range(5)}
    rules = [rule(name) for name in dict.fromkeys(job.partition(".")[0] for job in runs)]
    with factory(runs).server() as server, CheckState(tmp_path / "state") as state:
        first = checked(server, rules, state)
        assert {"bulk": 3, "node": 100, "instances": 270 + 5 * (2 + 1) + 5 * (2 + 3)} == asked(server)
        again = checked(server, rules, state, now=NOW + HOUR)
        assert {"bulk": 3, "node": 10, "instances": 280} == asked(server)  # what is not fresh is listed again
    assert [(one.verdict, one.last_success, one.never_succeeded) for one in first] == [
        (one.verdict, one.last_success, one.never_succeeded) for one in again
    ]
    assert {"fresh": 90, "stale": 5, "failed": 5} == {
        verdict: sum(one.verdict == verdict for one in again) for verdict in ("fresh", "stale", "failed")
    }


def test_an_event_loop_keeps_the_same_state(tmp_path: Path) -> None:
    """What one face kept, the other one reads."""

    async def call(url: str, state: CheckState) -> list[TableCheck]:
        async with AsyncDataMapClient(endpoint=url, **SETTINGS) as client:
            return await client.check_tables([rule("t"), rule("u")], now=NOW + HOUR, state=state)

    runs = {"t": [(at(3 * HOUR), "success")], "u": [(at(10 * DAY), "success"), (at(HOUR), "fail")]}
    with factory(runs).server() as server, CheckState(tmp_path / "state") as state:
        first = checked(server, [rule("t"), rule("u")], state)
        asked(server)
        again = asyncio.run(call(server.url, state))
        assert {"bulk": 1, "node": 1, "instances": 2} == asked(server)
    assert [one.last_success for one in first] == [one.last_success for one in again]


def test_operators_are_listed_again_when_lineage_says_something_else(tmp_path: Path) -> None:
    """Or where it says nothing of the table."""
    world = factory({"t": [(at(3 * HOUR), "success")], "u.a": [(at(2 * HOUR), "success")]})
    by_guid = TableRule(guid="no-lineage", max_age=MAX_AGE)
    with world.server() as server, CheckState(tmp_path / "state") as state:
        checked(server, [rule("t"), rule("u"), by_guid], state)
        asked(server)
        world.nodes["u.b"] = [lineage_row("db.ods.raw", "u.b", "db.s.u")]
        world.runs["u.b"] = [(at(2 * DAY), "success")]
        found = checked(server, [rule("t"), rule("u"), by_guid], state)
        nodes = [one.target for one in server.asked if one.target.endswith("/node")]
    assert [f"{guid_of('db.s.u')}/node", "no-lineage/node"] == sorted(
        (target.partition("table/")[2] or target.split("/", target.count("/") - 1)[-1] for target in nodes),
        reverse=False,
    )
    assert [Verdict.FRESH, Verdict.STALE, Verdict.UNKNOWN] == [one.verdict for one in found]


def test_an_operator_made_anew_under_its_name_is_found(tmp_path: Path) -> None:
    """Its task id is another one; lineage, which knows names, does not show that."""
    world = factory({"t": [(at(3 * HOUR), "success")]})
    ids = ["1"]

    def respond(request: Asked) -> Answer:
        query = parse_qs(urlsplit(request.target).query)
        if request.target.partition("?")[0].endswith("/node"):
            return json_answer([{"task_id": ids[-1], "job_name": "t", "workspace_id": "w"}])
        if "job_name" in query and f"/{ids[-1]}/" not in request.target:
            return factory({}).answer(request)
        return world.answer(request)

    with ScriptedServer(respond) as server, CheckState(tmp_path / "state") as state:
        checked(server, [rule("t")], state)
        ids.append("2")
        world.runs["t"].append((at(-21 * HOUR), "success"))
        (found,) = checked(server, [rule("t")], state, now=NOW + DAY)
    assert (Verdict.FRESH, NOW + 21 * HOUR + timedelta(minutes=1)) == (found.verdict, found.last_success)


@pytest.mark.parametrize("how", ["down", "refused", "removed", "one operator"])
def test_what_cannot_be_read_keeps_the_last_value_that_is_known(tmp_path: Path, how: str) -> None:
    """Unknown, with the age of the reading and from where on was searched; and nobody else's value."""
    world = factory({"t": [(at(3 * HOUR), "success")], "never": [(at(HOUR), "fail")]})
    refused = {"refused": ("bulk",), "removed": ("bulk", "search", "node"), "one operator": ("instances",)}.get(how, ())

    def respond(request: Asked) -> Answer:
        if is_broken and request.target.partition("?")[0].rpartition("/")[2] in refused:
            return json_answer({"error_code": "DLG.1", "error_msg": "no"}, status=401 if how == "refused" else 404)
        return world.answer(request)

    is_broken = []
    rules = [rule("t"), rule("never"), rule("stranger")]
    with CheckState(tmp_path / "state") as state:
        with ScriptedServer(respond) as server:
            checked(server, rules, state)
            url = server.url
            is_broken.append(how)
            if how != "down":
                found = checked(server, rules, state, now=NOW + DAY)
        if how == "down":
            found = checked(url, rules, state, now=NOW + DAY)
    assert {Verdict.UNKNOWN} == {one.verdict for one in found}
    assert all(one.error is not None and one.reason.startswith("it could not be read: ") for one in found)
    known, never, stranger = found
    assert (NOW - 3 * HOUR + timedelta(minutes=1), NOW) == (known.last_success, known.read_at)
    assert (guid_of("db.s.t"), True, NOW) == (known.guid, never.never_succeeded, never.read_at)
    assert known.searched_from is not None
    assert (None, False, None, None) == (
        stranger.last_success,
        stranger.never_succeeded,
        stranger.read_at,
        stranger.searched_from,
    )


@pytest.mark.parametrize("how", ["down", "IAM refuses", "no list of instances", "another project", "never checked"])
def test_a_scope_that_cannot_be_found_is_the_one_of_the_earlier_check(tmp_path: Path, how: str) -> None:
    """Where project and instance are found out, too, an outage hides no value that is known of them."""
    world = factory({"t": [(at(3 * HOUR), "success")]})
    broken: list[str] = []
    refused = {"IAM refuses": "/v3/projects", "no list of instances": "/v1/p1/instances"}.get(how)

    def respond(request: Asked) -> Answer:
        path = request.target.partition("?")[0]
        if broken and path == refused:
            return json_answer({"error": {"code": "IAM.1", "message": "busy"}}, status=503)
        if path == "/v3/projects":
            return json_answer({"projects": [{"id": "p1", "name": "eu-west-101", "enabled": True}]})
        if path == "/v1/p1/instances":
            return json_answer({"commodity_orders": [{"resource_id": "i1", "status": 2}], "count": 1})
        return world.answer(request)

    def check(url: str, project_id: str | None = None) -> list[TableCheck]:
        found_out = {"region": "eu-west-101", "project_id": project_id, "instance_id": None, "iam_endpoint": url}
        settings = {**SETTINGS, **found_out, "requests_per_second": None, "retry": Retry(attempts=1)}
        with DataMapClient(endpoint=url, **settings) as client:
            return client.check_tables([rule("t")], now=NOW + DAY, state=state)

    with CheckState(tmp_path / "state") as state:
        with ScriptedServer(respond) as server:
            url = server.url
            if how != "never checked":
                checked_first = check(url)
                assert [NOW - 3 * HOUR + timedelta(minutes=1)] == [one.last_success for one in checked_first]
            broken.append(how)
            found = check(url) if refused else None
        if how in {"another project", "never checked"}:
            with pytest.raises(ConnectionFailedError):
                check(url, "p2" if how == "another project" else None)
            return
        (known,) = check(url) if found is None else found
    assert (Verdict.UNKNOWN, NOW - 3 * HOUR + timedelta(minutes=1)) == (known.verdict, known.last_success)
    assert known.reason.startswith("it could not be read: ")


def test_a_table_made_anew_has_not_the_last_success_of_the_one_before() -> None:
    """Where the new one cannot be read: what is known under its name is not of it."""
    world = factory({"t": [(at(3 * HOUR), "success")]})

    def respond(request: Asked) -> Answer:
        if request.target.endswith(f"/{'f' * 32}/node"):
            return json_answer({"error_code": "DLG.1", "error_msg": "no"}, status=404)
        return world.answer(request)

    with ScriptedServer(respond) as server, CheckState(":memory:") as state:
        checked(server, [rule("t")], state)
        world.nodes["t"] = [{**lineage_row("db.ods.raw", "t", "db.s.t"), "target_guid": "f" * 32}]
        (found,) = checked(server, [rule("t")], state, now=NOW + HOUR)
    assert (Verdict.UNKNOWN, "f" * 32, None, None) == (found.verdict, found.guid, found.last_success, found.read_at)


@pytest.mark.parametrize("refused", [("bulk",), ("bulk", "instances")])
def test_a_table_keeps_its_name_where_lineage_does_not_say_it(refused: tuple[str, ...]) -> None:
    """One that is named by its GUID: an alarm on it would else end, and another one begin."""
    world = factory({"t": [(at(3 * HOUR), "success")]})
    by_guid = TableRule(guid=guid_of("db.s.t"), max_age=MAX_AGE)
    is_broken: list[bool] = []

    def respond(request: Asked) -> Answer:
        if is_broken and request.target.partition("?")[0].rpartition("/")[2] in refused:
            return json_answer({"error_code": "DLG.1", "error_msg": "no"}, status=404)
        return world.answer(request)

    with ScriptedServer(respond) as server, CheckState(":memory:") as state:
        names = [one.name for one in checked(server, [by_guid], state)]
        is_broken.append(True)
        for hours in (1, 2):
            (found,) = checked(server, [by_guid], state, now=NOW + hours * HOUR)
            names.append(found.name)
    assert ["db.s.t"] * 3 == names
    assert (Verdict.UNKNOWN if "instances" in refused else Verdict.FRESH) is found.verdict


def test_a_clock_that_was_ahead_does_not_stop_the_state() -> None:
    """What was read in a year to come gives way to what is read now."""
    world = factory({"t": [(at(3 * HOUR), "success")]})
    later = NOW + DAY
    with world.server() as server, CheckState(":memory:") as state:
        checked(server, [rule("t")], state, now=NOW + 365 * DAY)
        world.runs["t"].append((at(HOUR - DAY), "success"))
        (found,) = checked(server, [rule("t")], state, now=later)
        assert Verdict.FRESH is found.verdict
        asked(server)
        world.refused = {"bulk": 401}
        (lost,) = checked(server, [rule("t")], state, now=later + HOUR)
        (operator,) = state.records().operators.values()
        listed_at = state.records().tables["name:s.t"].listed_at
    assert (found.last_success, later) == (lost.last_success, lost.read_at)
    assert (found.last_success, later, later) == (operator.last_success, operator.searched_until, listed_at)


def test_a_history_that_is_refused_is_not_called_searched() -> None:
    """A window may be a month at the most: a year is read in slices, and what lies before is not known."""
    world = factory({"t": [(at(3 * HOUR), "fail")], "old": [(at(90 * DAY), "success"), (at(3 * HOUR), "fail")]})

    def respond(request: Asked) -> Answer:
        query = parse_qs(urlsplit(request.target).query)
        if "end_time" in query and int(query["end_time"][0]) - int(query["start_time"][0]) > 31 * 86_400_000:
            return json_answer({"error_code": "DLG.0001", "error_msg": "too long"}, status=400)
        return world.answer(request)

    with ScriptedServer(respond) as server, CheckState(":memory:") as state:
        t, old = checked(server, [rule("t"), rule("old")], state)
    assert (None, False, NOW - 364 * DAY) == (t.last_success, t.never_succeeded, t.searched_from)
    assert NOW - 90 * DAY + timedelta(minutes=1) == old.last_success


def test_what_is_usual_is_kept(tmp_path: Path) -> None:
    """A run is slow by the runs of earlier days, although the window of today has one alone."""
    world = factory({"t": []})
    with world.server() as server, CheckState(tmp_path / "state") as state:
        for day in range(5):
            world.runs["t"].append((at(HOUR - day * DAY), "success"))
            checked(server, [rule("t")], state, now=NOW + day * DAY)
        world.runs["t"].append((at(-5 * DAY), "running"))
        (check,) = checked(server, [rule("t")], state, now=NOW + 5 * DAY + HOUR)
    assert (Verdict.SLOW, "t has been running for 1 h, 1 min is usual") == (check.verdict, check.reason)


@pytest.mark.parametrize(
    ("asks", "status", "expected"),
    [
        ({"max_age": MAX_AGE}, "success", "stale"),
        ({"due": DueTime(at=time(8), zone=UTC)}, "success", "late"),
        ({}, "fail", "unknown"),
        ({}, "success", "fresh"),
    ],
)
def test_a_producer_that_runs_no_more_ends_no_alarm(asks: dict[str, Any], status: str, expected: str) -> None:
    """Of two, one stops: the table does not get better a week later, when its last run is looked at no more."""
    runs = {"t.lives": [(at(HOUR - day * DAY), "success") for day in range(30)], "t.stops": [(at(HOUR), status)]}
    asked_of = TableRule(name="s.t", **asks)
    with factory(runs).server() as server, CheckState(":memory:") as state:
        for day in (0, 3, 6, 7, 10, 29):
            (found,) = checked(server, [asked_of], state, now=NOW + day * DAY)
        with CheckState(":memory:") as other:
            (stranger,) = checked(server, [asked_of], other, now=NOW + 29 * DAY)
    decisive = "t.lives" if expected == "fresh" else "t.stops"
    assert (expected, True) == (found.verdict.value, decisive in found.reason), found.reason
    assert Verdict.FRESH is stranger.verdict  # nobody saw it run


def test_a_run_that_does_not_end_stays_slow() -> None:
    """For longer than is looked back, and though others succeed meanwhile; until it has ended."""
    runs = [(at(HOUR - day * DAY), "success") for day in range(-4, 30)]
    with factory({"t": [*runs, (at(2 * HOUR), "running")]}).server() as server, CheckState(":memory:") as state:
        found = [checked(server, [rule("t")], state, now=NOW + day * DAY)[0] for day in range(27)]
    assert {Verdict.SLOW} == {one.verdict for one in found[1:]}
    assert "t has been running for 26 d 2 h, 1 min is usual" == found[-1].reason


def test_two_checks_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each of its own client and state, of the same file."""
    names = [f"t{number}" for number in range(40)]
    with factory({name: [(at(HOUR), "success")] for name in names}).server() as server:

        def work(mine: list[str]) -> None:
            with CheckState(tmp_path / "state") as state:
                for name in mine:
                    checked(server, [rule(name)], state)

        workers = [threading.Thread(target=work, args=(names[first::4],)) for first in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    with CheckState(tmp_path / "state") as state:
        assert {f"name:s.{name}" for name in names} == set(state.records().tables)
        assert set(names) == {key.job_name for key in state.records().operators}


_LOOP = """
import sys
from datetime import datetime, timedelta, UTC
from dataarts_datamap import AsyncDataMapClient, CheckState, DataMapClient, TableRule, TokenCredentials
rules = [TableRule(name=f"s.t{number}", max_age=timedelta(hours=26)) for number in range(60)]
now = datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
with DataMapClient(endpoint=sys.argv[1], project_id="p1", instance_id="i1", credentials=TokenCredentials("t"),
                   requests_per_second=None) as client:
    while True:
        with CheckState(sys.argv[2]) as state:
            client.check_tables(rules, now=now, state=state)
        print("done", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such kill")
def test_a_check_that_is_killed_leaves_a_state_that_can_be_read(tmp_path: Path) -> None:
    """At any moment: whole, and the next check goes on with it."""
    file = tmp_path / "state"
    with factory({f"t{number}": [(at(HOUR), "success")] for number in range(60)}).server() as server:
        for number in range(6):
            command = [sys.executable, "-c", _LOOP, server.url, str(file)]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
                assert process.stdout is not None
                if number == 0:
                    assert b"done\n" == process.stdout.readline()
                threading.Event().wait(0.3 + number * 0.13)
                process.kill()
            with CheckState(file) as state:
                assert len(state.records().tables) in {0, 50, 60}
            with sqlite3.connect(file) as connection:
                assert ("ok",) == connection.execute("PRAGMA integrity_check").fetchone()
            connection.close()


def test_a_file_that_is_none_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """Damaged, of something else, of a newer version, or not there to be made."""
    for name, content in (("text", b"hello\n" * 500), ("cut", b"SQLite format 3\0" + b"\1" * 2000)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(
            StateFileError,
            match=r"is damaged, or not a state of checks \(.*\): move it away, and the next check creates a new one",
        ):
            CheckState(tmp_path / name)
    with sqlite3.connect(tmp_path / "other") as connection:
        connection.execute("CREATE TABLE users (id)")
    connection.close()
    with pytest.raises(StateFileError, match="is not a state of checks, but another database"):
        CheckState(tmp_path / "other")
    CheckState(tmp_path / "newer").close()
    with sqlite3.connect(tmp_path / "newer") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StateFileError, match="was written by a newer version of this package: it has format 99"):
        CheckState(tmp_path / "newer")
    with pytest.raises(StateFileError, match=r"there is no folder .*nowhere for the state s"):
        CheckState(tmp_path / "nowhere" / "s")
    with pytest.raises(StateFileError, match="is not a file"):
        CheckState(tmp_path)
    for name in ("a\0b", "a\ud800b", "a" * 5000):
        with pytest.raises(StateFileError, match="cannot be used: "):
            CheckState(tmp_path / name)
    (tmp_path / "empty").touch()
    CheckState(tmp_path / "empty").close()


@pytest.mark.parametrize("path", [None, 5, b"state"])
def test_only_a_path_names_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: Any) -> None:
    """No file of the name ``None`` appears in the working folder, whichever call was given it."""
    monkeypatch.chdir(tmp_path)
    for call in (CheckState, load_tables, replaceable):
        with pytest.raises(InvalidArgumentError, match="the path of a file must be text or a Path, not "):
            call(path)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("patience", ["30", None, -1, float("nan"), float("inf"), 10**30, True])
def test_patience_is_a_number_of_seconds(tmp_path: Path, patience: Any) -> None:
    """Nothing else is handed to SQLite."""
    with pytest.raises(InvalidArgumentError, match="patience must be "):
        CheckState(tmp_path / "state", patience=patience)


def test_a_page_that_was_damaged_later_is_said(tmp_path: Path) -> None:
    """Not a traceback, and not a wrong value."""
    file = tmp_path / "state"
    with factory({"t": [(at(HOUR), "success")]}).server() as server:
        with CheckState(file) as state:
            checked(server, [rule("t")], state)
        content = bytearray(file.read_bytes())
        content[4096:] = b"\xff" * (len(content) - 4096)
        file.write_bytes(bytes(content))
        with pytest.raises(StateFileError, match="is damaged"), CheckState(file) as state:
            checked(server, [rule("t")], state)
    with CheckState(tmp_path / "new") as state:
        pass
    with sqlite3.connect(tmp_path / "new") as connection:
        connection.execute("INSERT INTO tables VALUES ('name:s.t', '{')")
    connection.close()
    with CheckState(tmp_path / "new") as state, pytest.raises(StateFileError, match="is damaged"):
        state.records()


def test_a_state_is_that_of_one_instance(tmp_path: Path) -> None:
    """The values of another one would be wrong in silence."""
    with factory({"t": [(at(HOUR), "success")]}).server() as server, CheckState(tmp_path / "state") as state:
        checked(server, [rule("t")], state)
        settings = {**SETTINGS, "instance_id": "another"}
        with (
            DataMapClient(endpoint=server.url, **settings) as client,
            pytest.raises(StateFileError, match=r"is the state of another instance_id, .*, and not of 'another'"),
        ):
            client.check_tables([rule("t")], now=NOW, state=state)


def test_a_file_that_is_in_use_is_waited_for(tmp_path: Path) -> None:
    """For a time; then it is said."""
    file = tmp_path / "state"
    CheckState(file).close()
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    try:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StateFileError, match="is in use by another process"):
            CheckState(file, patience=0.2)
        timer = threading.Timer(0.5, lambda: other.execute("ROLLBACK"))
        timer.start()
        begun = clock.monotonic()
        CheckState(file).close()
        assert clock.monotonic() - begun >= 0.3
        timer.join()
    finally:
        other.close()


def test_a_state_that_was_closed_says_so() -> None:
    """Closing twice is harmless."""
    state = CheckState(":memory:")
    state.close()
    state.close()
    with pytest.raises(StateFileError, match="was closed"):
        state.records()
    assert "CheckState(':memory:')" == repr(state)


def test_what_the_server_is_used_to_is_kept() -> None:
    """For a client that knows nothing of it yet: what its offsets count costs a request to find out."""
    with CheckState(":memory:") as state:
        state.note_habits(ServerHabits())
        assert state.fact("habits") is None
        state.note_habits(ServerHabits(counting=Counting.PAGES, capacity=50, page_size=1000))
        habits, known = ServerHabits(), ServerHabits(counting=Counting.ROWS)
        state.recall_habits(habits)
        state.recall_habits(known)
        assert (Counting.PAGES, 50, Counting.ROWS) == (habits.counting, habits.capacity, known.counting)
        assert (1000, 0) == (habits.page_size, known.page_size)
        old = (datetime.now(UTC) - 8 * DAY).isoformat()
        state.note_fact("habits", f'{{"noted_at":"{old}","counting":"pages","first_offset":0,"capacity":50}}')
        forgotten = ServerHabits()
        state.recall_habits(forgotten)
        assert ServerHabits() == forgotten


def test_damaged_facts() -> None:
    """Facts that cannot be read are an error that says what to do, as are records."""
    with CheckState(":memory:") as state:
        state.note_fact("habits", '{"counting":"pages"}')
        state.note_fact("claim", "soon")
        with pytest.raises(StateFileError, match=r":memory: is damaged.* move it away"):
            state.recall_habits(ServerHabits())
        with pytest.raises(StateFileError, match=r":memory: is damaged.* move it away"):
            state.claim("claim")


def test_what_no_check_asks_for_is_forgotten() -> None:
    """After 400 days: the tables, and the operators of no table. One that is asked for stays, though it is not read."""
    runs = {name: [(at(3 * HOUR), "success")] for name in ("gone", "kept", "down")}
    catalog = factory(runs)
    with CheckState(":memory:") as state:
        with catalog.server() as server:
            checked(server, [rule(name) for name in runs], state)
            checked(server, [rule("kept")], state, now=NOW + 89 * DAY)
            assert {"name:s.gone", "name:s.kept", "name:s.down"} == set(state.records().tables)
        state.forget(NOW + HOUR, kept={"name:s.down"})
        records = state.records()
        assert {"name:s.kept", "name:s.down"} == set(records.tables)
        assert {"kept", "down"} == {operator.job_name for operator in records.operators}
        state.forget(NOW + 90 * DAY, kept=())
        assert ({}, {}) == state.records()


def test_what_is_checked_once_a_year_keeps_what_is_usual() -> None:
    """Though another check uses the same state each day, for other tables."""
    runs = {name: [(at(400 * DAY), "success")] for name in ("yearly", "daily")}
    with CheckState(":memory:") as state, factory(runs).server() as server:
        for name, ago in (("yearly", 366), ("daily", 0)):
            checked(server, [rule(name)], state, now=NOW - ago * DAY)
        assert {"name:s.yearly", "name:s.daily"} == set(state.records().tables)
        (yearly,) = [one for key, one in state.records().operators.items() if key.job_name == "yearly"]
        assert 1 == len(yearly.samples)
