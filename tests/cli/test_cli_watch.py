"""``datamap watch``: the lines for a pipe, the view on a terminal, what happens when something fails, how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.screen import Screen

from dataarts_datamap import AuthenticationError, DataMapClient, Operator, TokenCredentials
from dataarts_datamap._monitoring.polling import Poll, Polls, PollSchedule
from dataarts_datamap._monitoring.snapshot import Snapshot
from dataarts_datamap._report.contents import report_on
from dataarts_datamap._times import EPOCH, MILLISECOND
from dataarts_datamap._window import Window
from dataarts_datamap.cli._options.operators import OperatorChoice
from dataarts_datamap.cli._printing.changes import write_changes
from dataarts_datamap.cli._printing.live_view import View
from dataarts_datamap.cli._verbs.watch import ClientTable
from support.answers import json_answer, run_page, without_lineage
from support.command import TABLE, called, point_at
from support.faces import InstantClock
from support.marks import needs_terminal
from support.moving_clock import MovingClock
from support.runs import make_run
from support.scripted_server import Answer, Asked, ScriptedServer

if sys.platform != "win32":
    from support.live_screen import LiveScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dataarts_datamap._models.runs import Run
    from dataarts_datamap_contract.mock import FakeService

EVERY = timedelta(seconds=30)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
OPERATORS = json_answer([{"task_id": "937987", "job_name": "ETL_Job_dli2dws"}])
WATCH = ("-m", "dataarts_datamap", "watch")


@contextmanager
def readings(
    service: FakeService | ScriptedServer,
    clock: MovingClock,
    *steps: Callable[[], object],
    until_ended: bool = False,
    patience: timedelta | None = None,
) -> Iterator[Polls]:
    """The readings of a table, half a minute apart, and before each but the first one of the steps."""
    left = iter(steps)

    def wait(seconds: float) -> None:
        clock.move(seconds=seconds)
        next(left, lambda: None)()

    schedule = PollSchedule(
        every=EVERY, patience=patience or EVERY * len(steps), until_ended=until_ended, now=clock, wait=wait
    )
    known = ("project_id", "instance_id", "token")
    project_id, instance_id, token = (str(getattr(service, name, "made-up")) for name in known)
    with DataMapClient(
        endpoint=service.url,
        project_id=project_id,
        instance_id=instance_id,
        credentials=TokenCredentials(token),
        clock=InstantClock(),
    ) as client:
        table_guid = getattr(service, "table_guid", "t")
        yield Polls(
            ClientTable(client, table_guid, {}, OperatorChoice(role="associated")),
            Snapshot(timedelta(hours=24)),
            schedule=schedule,
        )


def lines(capfdbinary: pytest.CaptureFixture[bytes]) -> tuple[list[dict[str, Any]], list[str]]:
    """The JSON lines on stdout, and the lines on stderr."""
    sys.stdout.flush()
    out, err = capfdbinary.readouterr()
    return [json.loads(line) for line in out.decode().splitlines()], err.decode().splitlines()


def test_lines(datamap_mock: FakeService, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """A line for each run at first, then for each that appears, changes or is deleted; none of them has its SQL."""
    clock = MovingClock()
    done = datamap_mock.add_run(plan_time=clock() - 5 * HOUR)
    loading = datamap_mock.add_run(status="running", plan_time=clock() - MINUTE, start_time=clock() - MINUTE)
    new: list[int] = []
    steps = (
        lambda: datamap_mock.change_run(loading, status="fail", end_time=clock()),
        lambda: None,
        lambda: new.append(datamap_mock.add_run(status="waiting", plan_time=clock() - MINUTE)),
        lambda: datamap_mock.delete_run(new[0]),
    )
    with readings(datamap_mock, clock, *steps) as taken:
        write_changes(taken)

    found, told = lines(capfdbinary)
    assert [
        ("known", "2026-11-01T12:00:00.000Z", None, done, "succeeded"),
        ("known", "2026-11-01T12:00:00.000Z", None, loading, "active"),
        ("changed", "2026-11-01T12:00:30.000Z", "running", loading, "failed"),
        ("appeared", "2026-11-01T12:01:30.000Z", None, *new, "active"),
        ("gone", "2026-11-01T12:02:00.000Z", "waiting", *new, "active"),
    ] == [tuple(line[name] for name in ("change", "read_at", "status_before", "run_id", "state")) for line in found]
    assert set() == {name for line in found for name in line} & {"running_data", "running_param"}
    assert [] == told


def test_asks_for_little(datamap_mock: FakeService) -> None:
    """The first reading is of all; the next one begins an hour before the oldest run that has not ended."""
    clock = MovingClock()
    datamap_mock.add_run(plan_time=clock() - 20 * HOUR)
    datamap_mock.add_run(status="running", plan_time=clock() - 10 * MINUTE)
    with readings(datamap_mock, clock, lambda: None) as taken:
        assert 2 == len(list(taken))

    queries = [parse_qs(urlsplit(asked["target"]).query) for asked in datamap_mock.requests]
    starts = {int(query["start_time"][0]) for query in queries if query}
    begun = clock() - EVERY
    assert {begun - 24 * HOUR, begun - 70 * MINUTE} == {EPOCH + start * MILLISECOND for start in starts}


def test_last_reading_is_at_the_end(datamap_mock: FakeService) -> None:
    """When the time is over, one more reading is taken, and it is the last."""
    clock = MovingClock()
    datamap_mock.add_operator()
    with readings(datamap_mock, clock, patience=EVERY * 1.5) as taken:
        times = [(reading.at, reading.next_at) for reading in taken]

    begun = MovingClock()()
    second, last = begun + EVERY, begun + EVERY * 1.5
    assert [(begun, second), (second, last), (last, None)] == times


def test_failure_that_passes(datamap_mock: FakeService, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """A failed reading is told with the time of the next one; what happened meanwhile is told when one is good."""
    clock = MovingClock()
    loading = datamap_mock.add_run(status="running", plan_time=clock() - MINUTE)
    steps = (
        lambda: datamap_mock.fail("503"),
        lambda: datamap_mock.change_run(loading, status="success", end_time=clock()),
        datamap_mock.fail,
        lambda: pytest.fail("it goes on though no run is active"),
    )
    with readings(datamap_mock, clock, *steps, until_ended=True) as taken:
        write_changes(taken)

    found, told = lines(capfdbinary)
    assert ["known", "changed"] == [line["change"] for line in found]
    assert ["2026-11-01T12:01:00.000Z", "2026-11-01T12:01:30.000Z"] == [line.rpartition(" ")[2] for line in told]
    assert all(line.startswith("datamap: HTTP 503: ") for line in told)


def test_service_says_when() -> None:
    """A service that asks to wait for longer than the pace is heeded."""
    too_many = json_answer({"error_code": "APIG.0308"}, status=429, Retry_After="120")
    clock = MovingClock()
    with (
        ScriptedServer(OPERATORS, run_page(), too_many) as server,
        readings(server, clock, *[lambda: None] * 9) as taken,
    ):
        _, refused, *_ = taken

    assert (True, timedelta(seconds=120)) == (refused.error is not None, (refused.next_at or clock()) - refused.at)


def test_refusal_that_lasts() -> None:
    """Credentials that are refused meanwhile end it, with one request: more of them would lock an account."""
    refused = json_answer({"error_code": "APIGW.0301"}, status=401)
    with (
        ScriptedServer(OPERATORS, run_page(), refused) as server,
        readings(server, MovingClock(), lambda: None) as taken,
        pytest.raises(AuthenticationError),
    ):
        list(taken)

    assert 3 == len(server.asked)


def serve(*rows: dict[str, Any]) -> Callable[[Asked], Answer]:
    """A table with one operator that has these runs, planned some minutes ago."""

    def answer(asked: Asked) -> Answer:
        if asked.target.endswith("/node"):
            return OPERATORS
        planned = int(time.time() * 1000) - 3_600_000
        known = {"taskId": 937987, "jobName": "ETL_Job_dli2dws"}
        return run_page(
            *(
                {**known, "taskRunningLogId": number, "planTime": planned + number * 60_000, **row}
                for number, row in enumerate(rows, start=1)
            )
        )

    return without_lineage(answer)


READERS = "datamap: readers and producers cannot be distinguished: the service does not let this account read lineage\n"
ENDED = {"endTime": 1_704_934_907_000}


@pytest.mark.parametrize(
    ("rows", "code", "told"),
    [
        ([{"status": "fail"}, {"status": "success"}], 0, ""),
        ([{"status": "success"}, {"status": "fail"}], 1, ""),
        ([{"status": "skip"}], 1, ""),
        ([{"status": "brand-new", **ENDED}], 2, "it is unknown how the last runs ended"),
        ([], 2, "it is unknown how the last runs ended"),
        ([{"status": "running"}], 2, "runs that had not ended when the time was over: 1"),
    ],
)
def test_until_ended(
    rows: list[dict[str, Any]],
    code: int,
    told: str,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The exit code tells how the last run ended, or that this is not known when the time is over."""
    with ScriptedServer(serve(*rows)) as server:
        point_at(server, monkeypatch)
        ended, out, err = called(capfdbinary, "watch", TABLE, "--until-ended", "--for", "1s")

    assert (code, len(rows)) == (ended, len(out.splitlines()))
    assert told in err


def test_operator_without_runs_is_named(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator whose runs are not in the window does not pass for one that succeeded."""
    read = serve({"status": "success"})

    def answer(asked: Asked) -> Answer:
        if asked.target.endswith("/node"):
            return json_answer([{"task_id": str(one), "job_name": f"job {one}", "workspace_id": "w"} for one in (1, 2)])
        return read(asked) if "/1/instances" in asked.target else run_page()

    with ScriptedServer(without_lineage(answer)) as server:
        point_at(server, monkeypatch)
        code, _, err = called(capfdbinary, "watch", TABLE, "--until-ended")

    assert (0, f"{READERS}datamap: no runs in this window, left out: w/job 2\n") == (code, err)


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ((), 1, ""),
        (("--ignore", "w/job 2"), 0, "datamap: not judged, on request: w/job 2\n"),
        (("--operator", "job 2"), 1, "datamap: not judged, on request: w/job 1\n"),
        (("--any",), 0, ""),
        (("--operator", "2", "--any"), 1, "datamap: not judged, on request: w/job 1\n"),
        (("--operator", "job 3"), 3, "no operator of the table is called 'job 3': it has w/job 1"),
    ],
)
def test_which_operators_count(
    options: tuple[str, ...],
    code: int,
    told: str,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The operators that were named count, and no other is read; of several, one is enough where that was asked."""
    good, bad = serve({"status": "success"}), serve({"status": "fail"})

    def answer(asked: Asked) -> Answer:
        if asked.target.endswith("/node"):
            return json_answer([{"task_id": str(one), "job_name": f"job {one}", "workspace_id": "w"} for one in (1, 2)])
        return (good if "/1/instances" in asked.target else bad)(asked)

    with ScriptedServer(answer) as server:
        point_at(server, monkeypatch)
        ended, out, err = called(capfdbinary, "watch", TABLE, "--until-ended", *options)

    assert code == ended
    assert told in err if code == 3 else told == err.removeprefix(READERS)
    read = {json.loads(line)["status"] for line in out.splitlines()}
    assert (read == {"success", "fail"}) is (options in {(), ("--any",)})


@needs_terminal
def test_reader_that_goes_away_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody reads on, how the last runs ended is not known: 0 would say that they succeeded."""
    with ScriptedServer(serve({"status": "running"}, {"status": "fail"})) as server:
        point_at(server, monkeypatch)
        options = [TABLE, "--until-ended", "--for", "20s", "--every", "5s", "--output", "ndjson"]
        with subprocess.Popen([sys.executable, *WATCH, *options], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.stdout.close()
            assert 2 == process.wait(timeout=20)


def test_odd_row_is_told_once(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """A row with an odd field gives one warning, however often it is read; a time that is over ends it with 0."""
    with ScriptedServer(serve({"status": "running", "owner": 7})) as server:
        point_at(server, monkeypatch)
        code, out, err = called(capfdbinary, "watch", TABLE, "--for", "1s")

    assert (0, 1, 1) == (code, len(out.splitlines()), len(err.removeprefix(READERS).splitlines()))
    assert err.removeprefix(READERS).startswith("datamap: warning: ")
    assert sum("limit" in asked.target for asked in server.asked) > 1


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (json_answer([]), "no operator is known to produce the table 00000000-0000-4000-8000-000000000001"),
        (json_answer({"error_code": "DLM.4001", "error_msg": "gone"}, status=404), "HTTP 404"),
        (json_answer({"error_code": "APIGW.0301", "error_msg": "no"}, status=401), "HTTP 401"),
        (json_answer({"error_code": "X", "error_msg": "busy"}, status=502), "HTTP 502"),
    ],
)
def test_first_reading_fails(
    answer: Answer, told: str, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first reading that fails ends it: the table, the address or the credentials may be wrong."""
    monkeypatch.setattr("dataarts_datamap._client.shared.Clock", InstantClock)
    with ScriptedServer(answer) as server:
        point_at(server, monkeypatch)
        code, out, err = called(capfdbinary, "watch", TABLE)

    assert (2, "", 1) == (code, out, len(err.splitlines()))
    assert told in err


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (("--every", "4s"), "'4s' is not from 5s to 1d"),
        (("--every", "2d"), "the service allows a user 50 requests per second"),
        (("--for", "366d"), "'366d' is longer than 365d"),
        (("--since", "soon"), "24h"),
        (("--since", "99999w"), "before 1970"),
        (("--page-size", "0"), "page_size"),
        (("--output", "live"), "--output live needs a terminal"),
    ],
)
def test_wrong_usage(
    option: tuple[str, str], told: str, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value that cannot be is told, and what can be instead."""
    with ScriptedServer(serve()) as server:
        point_at(server, monkeypatch)
        code, out, err = called(capfdbinary, "watch", TABLE, *option)

    assert (3, "") == (code, out)
    assert told in " ".join(err.split())


@needs_terminal
def test_reader_that_goes_away(datamap_mock: FakeService) -> None:
    """A reader that goes away ends it at once and in silence, though nothing is written for a long time."""
    datamap_mock.add_run(status="running")
    command = [sys.executable, *WATCH, datamap_mock.table_guid, "--role", "associated", "--every", "1d"]
    environment = {**os.environ, **datamap_mock.environment}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as writing:
        assert writing.stdout is not None
        assert writing.stderr is not None
        assert "known" == json.loads(writing.stdout.readline())["change"]
        writing.stdout.close()
        assert (0, b"") == (writing.wait(30), writing.stderr.read())


def drawn(view: View, *, width: int, height: int) -> list[str]:
    """The lines of a screen of that size."""
    screen = StringIO()
    Console(file=screen, width=width, height=height, legacy_windows=False).print(Screen(view), end="")
    return screen.getvalue().splitlines()


EVIL = "订单\x1b[2J\u202e📊" + "_of_all_regions" * 3
LOG = "obs://dlf-log/" + "a" * 150 + "\x1b]0;x\x07.job"


@pytest.fixture
def view() -> View:
    """A table with a run that takes long, one that waits and one that failed; a reading after it failed."""
    clock = MovingClock()
    now = clock()

    def at(before: timedelta) -> int:
        return (now - before - EPOCH) // MILLISECOND

    def run(number: int, name: str, status: str, plan: timedelta, **fields: object) -> Run:
        times = {"planTime": at(plan), "startTime": at(plan - MINUTE), "endTime": 0}
        return make_run(number, jobName=name, status=status, executionLogPath=LOG, **{**times, **fields})

    runs = [
        run(1, "slow", "success", 5 * HOUR, endTime=at(5 * HOUR - 11 * MINUTE)),
        run(2, "slow", "running", 2 * HOUR),
        run(3, "slow", "waiting", HOUR, startTime=0),
        run(4, EVIL, "manual-stop", 3 * HOUR, endTime=at(HOUR)),
        run(5, "later", "waiting", 7 * MINUTE, startTime=0),
    ]
    report = report_on(
        runs,
        table_guid="t\x1b[2J",
        window=Window(at(24 * HOUR), at(timedelta(0))),
        now=now,
        zone=UTC,
        operators=[Operator(task_id="1", job_name="never ran")],
    )
    shown = View("t\x1b[2J", zone=UTC, now=clock)
    shown.show(Poll(at=now, next_at=now + EVERY, notes=("odd\x1b[2J",)), report)
    clock.move(seconds=10)
    return shown


@pytest.mark.parametrize("width", [140, 80, 60, 40])
def test_view_loses_nothing(view: View, width: int) -> None:
    """Each value is on the screen, however narrow it is: how long, how late, what is typical, logs; and no control."""
    screen = drawn(view, width=width, height=200)

    assert {True} == {cell_len(line) <= width and line.isprintable() for line in screen}
    text = "".join("".join(line.split()) for line in screen)
    expected = "▸running,1more 1:59:10 long 0:10:00 0:01:00 4:49:10 ago ▸waiting 0:07:10 noruns ✗manual-stop 1:59:00"
    noted = "Nextreadingin20s. warning:odd\\x1b[2J Tablet\\x1b[2J"
    assert [] == [word for word in f"{expected} {noted}".split() if word not in text]
    assert ("订单\\x1b[2J\\u202e📊" + "_of_all_regions" * 3) in text
    assert ("log:obs://dlf-log/" + "a" * 150 + "\\x1b]0;x\\x07.job") in text


def test_view_tells_what_does_not_fit(view: View) -> None:
    """A screen that is too low says how much is not on it."""
    whole = "\n".join(line.rstrip() for line in drawn(view, width=80, height=200)).rstrip().splitlines()
    low = [line.rstrip() for line in drawn(view, width=80, height=12)]

    assert [*whole[:11], f"{len(whole) - 11} more lines: make the terminal higher to see them"] == low


def test_view_of_a_failure(view: View) -> None:
    """A reading that failed leaves what was there, marked as old, with when and why, and when the next one is."""
    at = MovingClock()() + timedelta(seconds=5)
    view.show(Poll(at=at, error=AuthenticationError("no\x1b[2J"), next_at=at + EVERY), None)

    text = " ".join(" ".join(drawn(view, width=100, height=60)).split())
    assert "OLD: Runs since 2026-10-31 12:00:00, read at 2026-11-01 12:00:00 (UTC), 10 s ago." in text
    assert "Reading failed at 2026-11-01 12:00:05: no\\x1b[2J Next reading in 25 s." in text
    assert "▸ running, 1 more" in text


def test_view_goes_with_the_time() -> None:
    """Between two readings, the age of the last success and the time of a run grow; a usual time is not long."""
    clock = MovingClock()
    now = (clock() - EPOCH) // MILLISECOND
    success = make_run(1, planTime=now - 1_200_000, startTime=now - 1_200_000, endTime=now - 300_000)
    running = make_run(2, status="running", planTime=now - 1_100_000, startTime=now - 1_100_000, endTime=0)
    report = report_on([success, running], table_guid="t", window=Window(0, now), now=clock(), zone=UTC)
    view = View("t", zone=UTC, now=clock)
    view.show(Poll(at=clock(), next_at=clock() + EVERY), report)
    clock.move(seconds=20)

    _, title, *_, row = drawn(view, width=100, height=40)[:7]
    assert "No run has failed since the last success, which is 5 min 20 s old." == title.rstrip()
    assert ["▸", "running", "0:18:40", "0:15:00", "0:00:00", "0:05:20", "ago"] == row.split()[:-1]


@pytest.mark.begins_first
@needs_terminal
@pytest.mark.usefixtures("interruptible")
def test_live(datamap_mock: FakeService) -> None:
    """A person sees runs go on, readings fail and mend, at any size of the terminal; Ctrl-C gives the screen back."""
    now = datetime.now(UTC)
    slow = datamap_mock.add_operator("slow_load", task_id="1")
    datamap_mock.add_run(slow, plan_time=now - HOUR)
    datamap_mock.add_run(slow, status="running", plan_time=now - MINUTE)
    command = [sys.executable, *WATCH, datamap_mock.table_guid, "--every", "5s"]
    environment = {**os.environ, **datamap_mock.environment, "TERM": "xterm", "COLUMNS": "70"}
    with LiveScreen(command, environment) as screen:
        assert "Next reading in" in screen.wait(r"▸ running +0:0\d:\d\d +0:01:00 .* slow_load")
        screen.resize(50, 40)
        screen.wait(r"(?m)^STATUS +▸ running\s+^FOR")
        screen.resize(100, 8)
        screen.wait("more lines: make the terminal higher")
        screen.resize(100, 40)
        datamap_mock.fail("503")
        failed = screen.wait(r"OLD: Runs since .* ago\.\s+Reading failed at .*: HTTP 503")
        assert "▸ running" in failed
        datamap_mock.fail()
        datamap_mock.advance()
        assert "OLD" not in screen.wait(r"✓ success")
        screen.press("\x03")
        code = screen.end()

    assert 130 == code
    assert "✓ success" in given_back(screen)


@needs_terminal
def test_terminated(datamap_mock: FakeService) -> None:
    """A time limit of another program, too, gives the screen back."""
    datamap_mock.add_run(status="running")
    command = [sys.executable, *WATCH, datamap_mock.table_guid]
    with LiveScreen(command, {**os.environ, **datamap_mock.environment, "TERM": "xterm"}) as screen:
        screen.wait("▸ running")
        screen.terminate()
        code = screen.end()

    assert 143 == code
    assert "▸ running" in given_back(screen)


def given_back(screen: LiveScreen) -> str:
    """What was printed behind the screen of the view, when the terminal has its own, and its cursor, again."""
    assert 1 == screen.printed.count("\x1b[?1049h")
    assert "\x1b[?25h" in screen.printed[screen.printed.rindex("\x1b[?25l") :]
    return screen.printed.rpartition("\x1b[?1049l")[2]


@needs_terminal
def test_terminal_that_cannot_draw(datamap_mock: FakeService) -> None:
    """A terminal that moves no cursor gets the lines of a pipe."""
    datamap_mock.add_run()
    command = [sys.executable, *WATCH, datamap_mock.table_guid, "--role", "associated", "--until-ended"]
    with LiveScreen(command, {**os.environ, **datamap_mock.environment, "TERM": "dumb"}) as screen:
        assert 0 == screen.end()

    assert "known" == json.loads(screen.printed)["change"]
