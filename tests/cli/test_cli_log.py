"""``datamap log``: which run's log it shows, how, and its exit codes."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dataarts_datamap import DataMapClient
from dataarts_datamap.cli._logs import following, reading
from dataarts_datamap_contract.mock import FakeService, MockConfig, MockServer
from support.answers import paged
from support.command import TABLE, called, point_at
from support.namesakes import namesakes
from support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Command = Callable[..., tuple[int, str, str]]

EVIL = "red \x1b[31mtext\x07 \u202etxt\ttab\r\nnext 订单\n"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    """An empty fake service, which the environment names."""
    with FakeService() as service:
        for name in list(os.environ):
            if name.startswith(("DATAMAP_", "HUAWEICLOUD_")):
                monkeypatch.delenv(name)
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        yield service


@pytest.fixture
def command(capfdbinary: pytest.CaptureFixture[bytes]) -> Command:
    """Calls the command."""

    def call(*arguments: str) -> tuple[int, str, str]:
        return called(capfdbinary, *arguments)

    return call


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person reads stdout."""
    monkeypatch.setattr(reading, "is_terminal", lambda: True)


def test_newest_failure(service: FakeService, command: Command) -> None:
    """A table leads to its newest failure, by name or GUID; stderr says which run that is, and where its log lies."""
    service.add_run(status="fail", log="older\n")
    run_id = service.add_run(status="fail", log="ERROR no such table\n")
    service.add_run(status="success", log="fine\n")

    for table in (service.table_guid, "sales.dws_orders"):
        code, out, err = command("log", table)

        assert (0, "ERROR no such table\n") == (code, out)
        assert f"datamap: run {run_id} of ETL_Job_dli2dws, fail, ended 20" in err
        assert "datamap: obs://dlf-log-" in err


def test_run_of_a_table(service: FakeService, command: Command) -> None:
    """A run is named by its id and its table, whatever came of it."""
    run_id = service.add_run(status="success", log="fine\n")
    service.add_run(status="fail", log="ERROR\n")

    code, out, _ = command("log", str(run_id), "--table", service.table_guid)

    assert (0, "fine\n") == (code, out)


@pytest.mark.parametrize(
    ("operators", "named"),
    [
        ([("load", "1", "w"), ("check", "2", "w")], ["load", "check"]),
        ([("load", "1", "w"), ("load", "1", "v")], ["w/load", "v/load"]),
        ([("load", "1", "w"), ("load", "2", "w")], ["1", "2"]),
        ([("load", "2", "w"), ("2", "3", "w")], ["load", "w/2"]),
        ([("nightly load", "1", "w"), ("load", "2", "w")], ["'nightly load'", "load"]),
    ],
)
def test_id_that_repeats_among_operators(
    command: Command, monkeypatch: pytest.MonkeyPatch, operators: list[tuple[str, str, str]], named: list[str]
) -> None:
    """No log is taken for another: the operators are listed, each with the option that chooses it, and it does."""
    with ScriptedServer(namesakes(operators)) as server:
        point_to_logs(server, monkeypatch)
        code, out, err = command("log", "7", "--table", TABLE)
        assert (2, "") == (code, out)
        assert f"{len(operators)} operators have runs with the id 7: choose one with --operator" in err
        for (name, task_id, workspace_id), option in zip(operators, named, strict=True):
            assert f"  --operator {option}: run 7 of {name}, fail, ended 20" in err
            code, out, _ = command("log", "7", "--table", TABLE, "--operator", option.strip("'"))
            assert (0, f"{name} {task_id} {workspace_id} 0") == (code, out)


@pytest.mark.parametrize("runs", [2, 3])
def test_id_that_repeats_within_an_operator(command: Command, monkeypatch: pytest.MonkeyPatch, runs: int) -> None:
    """The newest run of the id is shown, which stderr says."""
    with ScriptedServer(namesakes([("load", "1", "w")], runs=runs)) as server:
        point_to_logs(server, monkeypatch)
        code, out, err = command("log", "7", "--table", TABLE)

    assert (0, f"load 1 w {runs - 1}") == (code, out)
    assert f"{runs} runs have the id 7: this is the newest" in err


def point_to_logs(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the environment name a server, which has the logs, too."""
    point_at(server, monkeypatch)
    monkeypatch.delenv("DATAMAP_TOKEN")
    for name in ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"):
        monkeypatch.setenv(name, "made-up")
    monkeypatch.setenv("DATAMAP_OBS_ENDPOINT", server.url)


def test_failure_of_an_operator(service: FakeService, command: Command) -> None:
    """The newest failure of one operator is chosen by its name."""
    service.add_run(service.add_operator("load"), status="fail", log="of load\n")
    service.add_run(service.add_operator("check"), status="fail", log="of check\n")

    assert "of load\n" == command("log", service.table_guid, "--operator", "load")[1]
    assert 3 == command("log", service.table_guid, "--operator", "bogus")[0]


def test_failure_of_a_reader(service: FakeService, command: Command) -> None:
    """Where lineage says who writes a table, the failure of an operator that only reads it is none of the table's."""
    for name, side in (("load", {"writes": [service.table_guid]}), ("check", {"reads": [service.table_guid]})):
        operator = service.add_operator(name)
        service.add_lineage(operator, **side)
        service.add_run(operator, status="fail", log=f"of {name}\n")

    assert "of load\n" == command("log", service.table_guid)[1]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["12"], "give the table of the run 12: datamap log 12 --table TABLE"),
        (["sales.dws_orders", "--table", "t"], "'sales.dws_orders' is not the id of a run"),
        (["t", "--all", "--tail", "1k"], "give either --all or --tail"),
        (["t", "--follow", "--save", "f"], "--follow only shows a log"),
        (["t", "--every", "1s"], "--every only goes with --follow"),
        (["t", "--tail", "0"], "not a size such as 500, 64k or 1M"),
        (["t", "--tail", "64g"], "not a size such as 500, 64k or 1M"),
    ],
)
def test_wrong_usage(service: FakeService, command: Command, arguments: list[str], reason: str) -> None:
    """What cannot be meant is wrong usage, and nothing is asked."""
    code, out, err = command("log", *arguments)

    assert (3, "") == (code, out)
    assert reason in err
    assert [] == service.requests


def test_no_failure(service: FakeService, command: Command) -> None:
    """Without a failure nothing can be shown, and the text says where to look on."""
    service.add_run(status="success", log="fine\n")

    code, out, err = command("log", service.table_guid)

    assert (2, "") == (code, out)
    assert "failed in the last 7 d: --since looks back further, and datamap why looks upstream" in err


def test_unknown_run(service: FakeService, command: Command) -> None:
    """A run that is not there is said not to be."""
    service.add_run(status="fail", log="ERROR\n")

    code, _, err = command("log", "12", "--table", service.table_guid)

    assert 2 == code
    assert "has the id 12 in the last 7 d: --since looks back further" in err


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("missing", "there is no log at obs://"),
        ("forbidden", "obs:object:GetObject"),
        ("archived", "restore the object"),
    ],
)
def test_log_that_cannot_be_read(*, service: FakeService, command: Command, state: Any, reason: str) -> None:
    """Why a log cannot be read is said, with what to do; that is for no one to judge."""
    service.set_log(service.add_run(status="fail"), state=state)

    code, out, err = command("log", service.table_guid)

    assert (2, "") == (code, out)
    assert reason in err


def test_run_without_a_log(service: FakeService, command: Command) -> None:
    """A run that names no log is said to name none."""
    service.add_run(status="fail")

    code, _, err = command("log", service.table_guid)

    assert 2 == code
    assert "the run has no log path" in err


def test_pipe_gets_the_bytes(service: FakeService, command: Command) -> None:
    """A pipe gets the log as it is, whatever is in it."""
    service.add_run(status="fail", log=EVIL)

    assert EVIL == command("log", service.table_guid)[1]
    assert EVIL == command("log", service.table_guid, "--all")[1]


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize("how", [(), ("--all",), ("--follow",)])
def test_terminal_gets_text(service: FakeService, command: Command, how: tuple[str, ...]) -> None:
    """A terminal gets what it would act on as escapes; lines, tabs and names stay."""
    service.add_run(status="fail", log=f"{EVIL}no end of line")

    out = command("log", service.table_guid, *how)[1]

    assert "red \\x1b[31mtext\\x07 \\u202etxt\ttab\nnext 订单\nno end of line\n" == out


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize("end", ["\r", "\r\n", ""])
def test_a_progress_bar_is_lines(service: FakeService, command: Command, end: str) -> None:
    """What a terminal would write over itself is shown, each state on a line."""
    service.add_run(status="fail", log=f"10%\r20%\r\n30%{end}")

    assert (0, "10%\n20%\n30%\n") == command("log", service.table_guid)[:2]


@pytest.mark.usefixtures("person")
def test_a_tail_begins_with_a_whole_character(service: FakeService, command: Command) -> None:
    """A person sees no half of a character that the tail cuts."""
    service.add_run(status="fail", log="订单\n")

    assert (0, "单\n") == command("log", service.table_guid, "--tail", "6")[:2]


def test_tail(service: FakeService, command: Command) -> None:
    """The end is shown, as much of it as is asked for, and stderr says that there is more."""
    text = "".join(f"line {number}\n" for number in range(20_000))
    service.add_run(status="fail", log=text)

    _, out, err = command("log", service.table_guid)
    assert text[-65_536:] == out
    assert "the last 65.5 kB of 208.9 kB: --all shows all of it" in err
    assert text[-2_048:] == command("log", service.table_guid, "--tail", "2k")[1]
    assert text == command("log", service.table_guid, "--all")[1]
    assert text == command("log", service.table_guid, "--tail", "1M")[1]


def test_quiet(service: FakeService, command: Command) -> None:
    """With --quiet, stderr has nothing where all goes well."""
    service.add_run(status="fail", log="ERROR\n")

    assert (0, "ERROR\n", "") == command("log", service.table_guid, "--quiet")


def test_file(service: FakeService, command: Command, tmp_path: Path) -> None:
    """A file gets all of the log, or the end that is asked for, and is replaced whole."""
    text, file = "".join(f"line {number}\r\n" for number in range(200_000)), tmp_path / "run.log"
    service.add_run(status="fail", log=text)
    file.write_text("old")

    code, out, err = command("log", service.table_guid, "--save", str(file))

    assert (0, "") == (code, out)
    assert text.encode() == file.read_bytes()
    assert f"2.5 MB written to {file}" in err
    command("log", service.table_guid, "--save", str(file), "--tail", "10")
    assert text.encode()[-10:] == file.read_bytes()


def test_file_stays_where_nothing_comes(service: FakeService, command: Command, tmp_path: Path) -> None:
    """Where the log cannot be read, the file is left as it was, and nothing beside it."""
    file = tmp_path / "run.log"
    file.write_text("old")
    service.set_log(service.add_run(status="fail"), state="forbidden")

    assert 2 == command("log", service.table_guid, "--save", str(file))[0]
    assert [file] == list(tmp_path.iterdir())
    assert "old" == file.read_text()


def when_asked(service: FakeService, path: str, times: int, change: Callable[[], None]) -> Thread:
    """Change something once a path was asked for so many times."""

    def wait() -> None:
        until = time.monotonic() + 20
        while sum(path in one["target"] for one in service.requests) < times and time.monotonic() < until:
            time.sleep(0.05)
        change()

    thread = Thread(target=wait, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize(("status", "code"), [("success", 0), ("fail", 1), ("odd-status", 2)])
def test_follow(*, service: FakeService, command: Command, status: str, code: int) -> None:
    """A run is followed until it has ended: what is added is shown once, and how it ended is the exit code."""
    run_id = service.add_run(status="running", log="one\n")

    def end() -> None:
        service.set_log(run_id, "one\ntwo\n")
        service.change_run(run_id, status=status, end_time=datetime.now(UTC))

    thread = when_asked(service, ".job", 1, end)
    found = command("log", service.table_guid, "--follow", "--every", "1s")
    thread.join()

    assert (code, "one\ntwo\n") == found[:2]
    assert f"run {run_id} of ETL_Job_dli2dws, running\n" in found[2]
    assert f"run {run_id} of ETL_Job_dli2dws, {status}, ended" in found[2]


@pytest.mark.parametrize("run_id", [7, None, 0])
@pytest.mark.parametrize("newest_first", [False, True])
def test_followed_run_among_its_namesakes(
    run_id: int | None,
    newest_first: bool,  # noqa: FBT001  a case
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where ids repeat or are missing, the run that is followed is not taken for another one."""
    now = int(time.time() * 1000)
    rows: list[dict[str, Any]] = [
        {"taskRunningLogId": run_id, "status": status, "planTime": now - ago, "startTime": now - ago + 1}
        for status, ago in (("fail", 9_000_000), ("running", 5_000_000), ("success", 3_000_000))
    ]
    with ScriptedServer(paged(*(rows[::-1] if newest_first else rows))) as server:
        point_at(server, monkeypatch)
        with DataMapClient.from_env() as client:
            known = client.list_runs("1", job_name="a", since=timedelta(days=1)).to_list()
            followed = next(run for run in known if run.status == "running")
            found = following._now(client, followed, datetime.now(UTC) - timedelta(days=1))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  one look of many

    assert found is not None
    assert "running" == found.status


def test_followed_run_that_is_removed(service: FakeService, command: Command) -> None:
    """A run that is not listed any more is said to be gone, once, and is followed on, as it may be listed again."""
    planned = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    run_id = service.add_run(status="running", plan_time=planned, log="one\n")

    def put_back() -> None:
        service.add_run(status="success", plan_time=planned, taskRunningLogId=run_id, log="one\n")

    threads = [
        when_asked(service, ".job", 1, lambda: service.delete_run(run_id)),
        when_asked(service, "/instances", 4, put_back),
    ]
    code, out, err = command("log", service.table_guid, "--follow", "--every", "1s")
    for thread in threads:
        thread.join()

    assert (0, "one\n") == (code, out)
    assert 1 == err.count(f"run {run_id} is no longer among the runs of its operator")


def test_followed_run_that_stays_away(service: FakeService, capfd: pytest.CaptureFixture[str]) -> None:
    """A run that has not been listed for ten minutes is given up: its outcome is unknown."""
    run_id = service.add_run(status="running", log="one\n")
    start = datetime.now(UTC) - timedelta(days=1)
    clock = iter([0.0, 599.0, 600.0])

    with DataMapClient.from_env() as client:
        (run,) = client.list_table_runs(service.table_guid, start=start)
        service.delete_run(run_id)
        every = timedelta(milliseconds=1)
        code = following.follow_log(client, run, None, start=start, every=every, now=clock.__next__)

    err = capfd.readouterr().err
    assert 2 == code
    assert 1 == err.count(f"run {run_id} is no longer among the runs of its operator")
    assert 1 == err.count(f"run {run_id} has not been listed for ten minutes: how it ended is unknown")


def test_follow_for_days(service: FakeService) -> None:
    """The end of a run is seen however long ago it was found: the window begins where it began at first."""
    planned = datetime.now(UTC) - timedelta(days=40)
    run_id = service.add_run(status="running", plan_time=planned, start_time=planned, log="one\n")
    start = planned - timedelta(hours=1)
    with DataMapClient.from_env() as client:
        (run,) = client.list_table_runs(service.table_guid, start=start)
        service.change_run(run_id, status="success", end_time=datetime.now(UTC))

        assert 0 == following.follow_log(client, run, None, start=start, every=timedelta(milliseconds=1))


def test_follow_looks_where_the_run_was_found(service: FakeService, command: Command) -> None:
    """Each look for the run begins no later than the search that found it."""
    run_id = service.add_run(status="running", log="one\n")

    def end() -> None:
        service.change_run(run_id, status="success", end_time=datetime.now(UTC))

    thread = when_asked(service, "/instances", 4, end)
    assert 0 == command("log", service.table_guid, "--follow", "--every", "1s", "--since", "2h")[0]
    thread.join()

    targets = [urlsplit(str(one["target"])) for one in service.requests if "/instances" in one["target"]]
    starts = [int(parse_qs(target.query)["start_time"][0]) for target in targets]
    assert max(starts[1:]) <= starts[0]
    assert 1 == len(set(starts[1:]))


def test_follow_before_there_is_a_log(service: FakeService, command: Command) -> None:
    """A run that has written no log yet is waited for."""
    run_id = service.add_run(status="running")

    def end() -> None:
        service.set_log(run_id, "late\n")
        service.change_run(run_id, status="success", end_time=datetime.now(UTC))

    thread = when_asked(service, "/instances", 2, end)
    found = command("log", service.table_guid, "--follow", "--every", "1s")
    thread.join()

    assert (0, "late\n") == found[:2]


def test_follow_a_log_that_begins_anew(service: FakeService, command: Command) -> None:
    """A log that is replaced by a shorter one is shown from its beginning, and stderr says so."""
    run_id = service.add_run(status="running", log="first attempt\n")

    def end() -> None:
        service.set_log(run_id, "second\n")
        service.change_run(run_id, status="success", end_time=datetime.now(UTC))

    thread = when_asked(service, ".job", 1, end)
    code, out, err = command("log", service.table_guid, "--follow", "--every", "1s")
    thread.join()

    assert (0, "first attempt\nsecond\n") == (code, out)
    assert "the log was started again" in err


def test_follow_a_log_that_begins_anew_and_is_longer(service: FakeService, command: Command) -> None:
    """What is new of it is not taken for what was added."""
    run_id = service.add_run(status="running", log="first attempt\n")

    def end() -> None:
        service.set_log(run_id, "second attempt, which says more\n")
        service.change_run(run_id, status="success", end_time=datetime.now(UTC))

    thread = when_asked(service, ".job", 1, end)
    code, out, err = command("log", service.table_guid, "--follow", "--every", "1s")
    thread.join()

    assert (0, "first attempt\nsecond attempt, which says more\n") == (code, out)
    assert "the log was started again" in err


@pytest.mark.parametrize("how", [(), ("--all",)])
def test_follow_into_another_object(command: Command, monkeypatch: pytest.MonkeyPatch, how: tuple[str, ...]) -> None:
    """Where a run goes on in another object, the rest of the first is shown, then all of those after it."""
    with FakeService(MockConfig(log_objects="prefix")) as service:
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        path = f"obs://dlf-log-{service.project_id}/k"
        plan = datetime.now(UTC) - timedelta(minutes=10)
        run_id = service.add_run(
            status="running", plan_time=plan, start_time=plan, execution_log_path=path, log="a\nb\n"
        )

        def rotate() -> None:
            service.set_log(run_id, "a\nb\nc\n")
            for number, text in enumerate(("longer than what was read before\n", "the end\n")):
                part = service.add_run(
                    status="success", plan_time=plan + timedelta(minutes=number + 1), execution_log_path=path, log=text
                )
                service.change_run(part, end_time=plan + timedelta(minutes=number + 1))
            service.change_run(run_id, status="success", end_time=plan + timedelta(seconds=30))

        thread = when_asked(service, ".log", 1, rotate)
        code, out, err = command("log", service.table_guid, "--follow", "--every", "1s", *how)
        thread.join()

    assert (0, "a\nb\nc\nlonger than what was read before\nthe end\n") == (code, out)
    assert 2 == err.count("the log continues in obs://")


def test_follow_goes_on_after_a_fault(service: FakeService, command: Command) -> None:
    """A look that fails in a way that passes is said, and the next one is tried."""
    run_id = service.add_run(status="running", log="one\n")

    def break_off() -> None:
        service.fail("html")

    def end() -> None:
        service.fail()
        service.set_log(run_id, "one\ntwo\n")
        service.change_run(run_id, status="success", end_time=datetime.now(UTC))

    threads = [when_asked(service, ".job", 1, break_off), when_asked(service, "/instances", 3, end)]
    code, out, err = command("log", service.table_guid, "--follow", "--every", "1s")
    for thread in threads:
        thread.join()

    assert (0, "one\ntwo\n") == (code, out)
    assert "datamap: " in err


def test_newest_run_goes_before_a_failure_when_following(service: FakeService, command: Command) -> None:
    """What is followed is a run that has not ended, if there is one; else the newest failure, which has ended."""
    service.add_run(status="fail", log="ERROR\n")

    assert (1, "ERROR\n") == command("log", service.table_guid, "--follow")[:2]


@pytest.mark.parametrize("layout", ["exact", "prefix"])
def test_scenario(*, layout: Any, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the scenario of a broken night, the log of the run that is the cause says what went wrong."""
    config = MockConfig(scenario="upstream-failed", log_objects=layout)
    with MockServer(config) as server:
        for name in list(os.environ):
            if name.startswith(("DATAMAP_", "HUAWEICLOUD_")):
                monkeypatch.delenv(name)
        values = {"ENDPOINT": server.url, "PROJECT_ID": config.project_id, "INSTANCE_ID": config.instance_id}
        for name, value in {**values, "TOKEN": config.token}.items():
            monkeypatch.setenv(f"DATAMAP_{name}", value)
        code, out, _ = command("why", "sales.dws_orders", "--max-age", "26h")
        assert 1 == code
        assert "load_ods_orders" in out
        code, out, err = command("log", "ods.ods_orders")

    assert 0 == code
    assert "ERROR DLI.0005: relation load_ods_orders_stage does not exist" in out
    assert ("126500000.log" in err) is (layout == "prefix")
