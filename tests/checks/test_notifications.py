"""Messages about checks: to a real receiver, when verdicts change, once for each address."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import CheckState, ConfigurationError, StateFileError, TableCheck, TableRule, Verdict
from dataarts_datamap._checks.message_addresses import addresses_of
from dataarts_datamap._checks.notifications import Gravity, Message, Notified, kept_after, message_of
from dataarts_datamap._text import printable
from support.catalog_server import Factory, lineage_row
from support.scripted_server import Answer, ScriptedServer

if TYPE_CHECKING:
    from pathlib import Path

    from support.scripted_server import Asked

NOW = datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = 3_600_000
SECRET = "s3cr3t-t0ken-of-the-channel"


def check_of(name: str, verdict: str, **more: Any) -> TableCheck:
    """A check with a verdict."""
    rule = TableRule(name=name, owner="data")
    return TableCheck(rule=rule, verdict=Verdict(verdict), reason=f"why {printable(name)}", now=NOW, **more)


def test_a_first_check_with_problems_is_told_once() -> None:
    """And one without any is not."""
    checks = [check_of("a", "fresh"), check_of("b", "late"), check_of("c", "failed", cause="d failed")]
    message = message_of(checks, Notified(), now=NOW, remind=DAY)
    assert message is not None
    assert ("Tables: 1 failed, 1 late", Gravity.BAD) == (message.title, message.gravity)
    assert [
        "c (data) is failed: why c - d failed",
        "b (data) is late: why b",
        "1 of 3 tables are fresh.",
    ] == message.text.splitlines()
    assert message_of(checks, Notified().after(checks, NOW), now=NOW, remind=DAY) is None
    assert message_of([check_of("a", "fresh")], Notified(), now=NOW, remind=DAY) is None


def test_a_change_is_told_with_what_it_was_before() -> None:
    """A table that is fresh again is good news."""
    told = Notified().after([check_of("a", "late"), check_of("b", "stale")], NOW)
    message = message_of([check_of("a", "fresh"), check_of("b", "stale")], told, now=NOW, remind=None)
    assert message is not None
    assert ("Tables: 1 fresh", Gravity.GOOD) == (message.title, message.gravity)
    assert "a (data) is fresh, was late: why a\n1 of 2 tables are fresh." == message.text
    only = message_of([check_of("a", "fresh")], told, now=NOW, remind=None)
    assert only is not None
    assert "a (data) is fresh, was late: why a\n1 of 1 table is fresh." == only.text
    worse = message_of([check_of("a", "few_rows"), check_of("b", "stale")], told, now=NOW, remind=None)
    assert worse is not None
    assert ("Tables: 1 few rows", Gravity.DOUBTFUL) == (worse.title, worse.gravity)


def test_what_is_still_wrong_is_told_again_after_a_time() -> None:
    """Not what is fresh; and never, if that is asked."""
    checks = [check_of("a", "fresh"), check_of("b", "late")]
    told = Notified().after(checks, NOW)
    for later, remind, expected in (
        (DAY - timedelta(minutes=11), DAY, False),
        (DAY - timedelta(minutes=9), DAY, True),  # the check of the next day was quicker
        (DAY, DAY, True),
        (-9 * DAY, DAY, True),  # the clock was wrong
        (9 * DAY, None, False),
    ):
        message = message_of(checks, told, now=NOW + later, remind=remind)
        assert expected is (message is not None)
        if message is not None:
            assert "Tables: 1 still late" == message.title
            assert "b (data) is late: why b\n1 of 2 tables are fresh." == message.text


def test_what_is_still_wrong_is_told_again_whatever_else_changes() -> None:
    """A table that is late again and again keeps nobody from hearing of another one, and has the same message."""
    told = Notified()
    titles: list[str] = []
    for day in range(5):
        checks = [check_of("bad", "failed"), check_of("flaps", "late" if day % 2 else "fresh")]
        message = message_of(checks, told, now=NOW + day * DAY, remind=DAY)
        assert message is not None
        titles.append(message.title)
        told = told.after(message.checks, NOW + day * DAY)
    assert [
        "Tables: 1 failed",
        "Tables: 1 late, 1 still failed",
        "Tables: 1 fresh, 1 still failed",
    ] == titles[:3]
    assert titles[1:3] == titles[3:]


def test_checks_of_other_tables_at_once_forget_nothing(tmp_path: Path) -> None:
    """Two owners, one state and one address: each keeps what the other one was told."""
    file, checks = tmp_path / "s", [check_of("a", "late"), check_of("b", "failed")]
    with CheckState(file) as one, CheckState(file) as other:
        assert one.fact("told") is other.fact("told") is None
        for state, check in zip((one, other), checks, strict=True):
            state.change_fact("told", partial(kept_after, checks=[check], now=NOW))
        told = Notified.from_text(one.fact("told"))
    assert {"name:a": "late", "name:b": "failed"} == told.verdicts
    assert message_of(checks, told, now=NOW, remind=DAY) is None


def test_a_message_is_short_and_printable() -> None:
    """Whatever tables are called, and however many there are."""
    checks = [check_of(f"t{number}\x1b[2J", "failed") for number in range(300)]
    message = message_of(checks, Notified(), now=NOW, remind=None)
    assert message is not None
    assert 32 == len(message.text.splitlines())
    assert "and 270 more" in message.text
    assert "\x1b" not in message.text


def test_what_was_told_can_be_kept() -> None:
    """And a damaged text is said."""
    told = Notified().after([check_of("a", "few_rows")], NOW)
    assert told == Notified.from_text(told.text())
    assert Notified() == Notified.from_text(None)
    with pytest.raises(StateFileError, match="the state's record of sent messages is damaged"):
        Notified.from_text("{")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", "DATAMAP_NOTIFY holds no address: set it to an address for apprise"),
        (SECRET, "address 1 of DATAMAP_NOTIFY is not an address that apprise supports"),
        (f"{SECRET}:x://y", "address 1 of DATAMAP_NOTIFY is not an address that apprise supports"),
        *[
            (f"json://h/x json://h/{char}{SECRET}", "address 2 of DATAMAP_NOTIFY holds a control or an invisible")
            for char in "\x1b\x00\ufeff\u200b\u2060\u202e\udcff"
        ],
        (f"\ufeffjson://h/{SECRET}", "address 1 of DATAMAP_NOTIFY holds a control or an invisible"),
        (
            f"json://h/x nowhere://{SECRET}",
            r"address 2 of DATAMAP_NOTIFY \(nowhere\) is not an address that apprise",
        ),
    ],
)
def test_an_address_that_is_none_is_refused(value: str, expected: str) -> None:
    """By its place, and without its secret."""
    with pytest.raises(ConfigurationError, match=expected) as caught:
        addresses_of({"DATAMAP_NOTIFY": value})
    assert SECRET not in str(caught.value)


def test_an_address_hides_itself() -> None:
    """In its repr, and in the key by which it is known again."""
    (address,) = addresses_of({"DATAMAP_NOTIFY": f"json://h/{SECRET}"})
    assert "<address 1 of DATAMAP_NOTIFY (json)>" == repr(address)
    assert SECRET not in address.key


@pytest.mark.parametrize(
    ("more", "expected"),
    [("", 1), pytest.param("?overflow=split", 3, marks=pytest.mark.prove)],  # apprise pauses between the parts
)
def test_a_message_is_no_longer_than_its_service_takes(more: str, expected: int) -> None:
    """It is cut, unless the address says what else to do: the service would refuse it, at each check again."""
    sent: list[str] = []

    def respond(asked: Asked) -> Answer:
        sent.append(json.loads(asked.content)["message"])
        return Answer(content=b"{}")

    with ScriptedServer(respond) as server:
        (address,) = addresses_of({"DATAMAP_NOTIFY": f"{server.url.replace('http', 'ntfy')}/topic{more}"})
        assert address.send(Message("title", "x" * 20_000, Gravity.BAD))
    assert [True] * expected == [len(one) <= 7_800 for one in sent]


def test_no_library_logs_where_a_message_goes(caplog: pytest.LogCaptureFixture) -> None:
    """Not even at the lowest level; afterwards, others log again."""
    with ScriptedServer(Receiver().answer) as server, caplog.at_level(logging.DEBUG):
        (address,) = addresses_of({"DATAMAP_NOTIFY": f"{server.url.replace('http', 'json')}/{SECRET}"})
        assert address.send(Message("title", "text", Gravity.BAD))
        logging.getLogger("other").debug("still here")
    assert ["still here"] == caplog.messages


class Receiver:
    """A server that takes messages, or refuses them."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.status = 200

    def answer(self, asked: Asked) -> Answer:
        """The response to a message."""
        if self.status == 200:
            self.messages.append(json.loads(asked.content))
        return Answer(status=self.status, content=b"{}")

    def titles(self) -> list[str]:
        """The titles that came since this was called last."""
        titles = [message["title"] for message in self.messages]
        self.messages.clear()
        return titles


def test_the_command_tells_what_changes(tmp_path: Path) -> None:
    """Once for each address; a message that cannot be sent is tried again, and changes no verdict."""
    now = int(time.time() * 1000)
    runs = {"a": [(now - HOUR, "success")], "b": [(now - HOUR, "fail")]}
    catalog = Factory(nodes={name: [lineage_row("db.o.raw", name, f"db.s.{name}")] for name in runs}, runs=runs)
    (tmp_path / "datamap.toml").write_text('[[tables]]\nname = "s.a"\n[[tables]]\nname = "s.b"\n', encoding="utf-8")
    first, second = Receiver(), Receiver()
    with catalog.server() as server, ScriptedServer(first.answer) as one, ScriptedServer(second.answer) as two:
        addresses = [f"{receiver.url.replace('http', 'json')}/{SECRET}" for receiver in (one, two)]
        names = {"ENDPOINT": server.url, "PROJECT_ID": "p1", "INSTANCE_ID": "i1", "TOKEN": "t"}
        environment = {**os.environ, **{f"DATAMAP_{name}": value for name, value in names.items()}}
        environment["DATAMAP_NOTIFY"] = "\n".join(addresses)

        def check(*more: str) -> tuple[int, str]:
            command = [sys.executable, "-m", "dataarts_datamap", "check", "--state", "s", "--notify", "--quiet", *more]
            done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
            assert SECRET not in done.stdout + done.stderr
            return done.returncode, done.stderr

        assert (1, "datamap: 1 of 2 tables are fresh: 1 failed\n") == check()
        assert ["Tables: 1 failed"] == first.titles() == second.titles()
        check()
        assert [] == first.titles() == second.titles()
        runs["b"].append((now - HOUR // 2, "success"))
        second.status = 500
        code, err = check()
        assert (0, ["Tables: 1 fresh"]) == (code, first.titles())
        assert (
            "datamap: the message to address 2 of DATAMAP_NOTIFY (json) could not be sent: the next check tries again\n"
            == err
        )
        second.status = 200
        assert (0, "") == check()
        assert ([], ["Tables: 1 fresh"]) == (first.titles(), second.titles())
        runs["a"].append((now - HOUR // 2, "fail"))
        check()
        assert ["Tables: 1 failed"] == first.titles() == second.titles()
        time.sleep(1.1)
        check("--remind", "1s")
        assert ["Tables: 1 still failed"] == first.titles() == second.titles()
    with CheckState(tmp_path / "s") as state:
        assert {"name:s.a", "name:s.b"} == set(state.records().tables)
    assert SECRET.encode() not in (tmp_path / "s").read_bytes()


def test_equal_checks_at_once_send_one_message(tmp_path: Path) -> None:
    """While one of them sends it, another one leaves it to that; a claim of one that was killed ends by itself."""
    now = int(time.time() * 1000)
    catalog = Factory(nodes={"b": [lineage_row("db.o.raw", "b", "db.s.b")]}, runs={"b": [(now - HOUR, "fail")]})
    (tmp_path / "datamap.toml").write_text('[[tables]]\nname = "s.b"\n', encoding="utf-8")
    errors: list[str] = []
    receiver = Receiver()

    def answer(asked: Asked) -> Answer:
        receiver.answer(asked)
        errors.append(check())
        return Answer(content=b"{}")

    with catalog.server() as server, ScriptedServer(answer) as one:
        names = {"ENDPOINT": server.url, "PROJECT_ID": "p1", "INSTANCE_ID": "i1", "TOKEN": "t"}
        environment = {**os.environ, **{f"DATAMAP_{name}": value for name, value in names.items()}}
        environment["DATAMAP_NOTIFY"] = f"{one.url.replace('http', 'json')}/{SECRET}"

        def check() -> str:
            command = [sys.executable, "-m", "dataarts_datamap", "check", "--state", "s", "--notify"]
            return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True).stderr  # noqa: PLW1510  1 is as it must be

        check()
        check()
    assert ["Tables: 1 failed"] == receiver.titles()
    (error,) = errors
    assert "another check is sending a message to address 1 of DATAMAP_NOTIFY (json)" in error

    with CheckState(tmp_path / "s") as state:
        assert [True, False] == [state.claim("it"), state.claim("it")]
        state.release("it")
        assert state.claim("it")
        state.note_fact("it", (datetime.now(UTC) - timedelta(minutes=6)).isoformat())
        assert state.claim("it")


def test_wrong_usage_is_said(tmp_path: Path) -> None:
    """Before anything is asked."""
    (tmp_path / "datamap.toml").write_text('[[tables]]\nname = "s.a"\n', encoding="utf-8")
    environment = {**os.environ, "DATAMAP_NOTIFY": f"nowhere://{SECRET}"}
    for options, expected in (
        (["--notify"], "--notify needs --state FILE, which records earlier messages"),
        (["--remind", "1h"], "--remind needs --notify"),
        (["--notify", "--state", "s"], "address 1 of DATAMAP_NOTIFY (nowhere) is not an address that apprise supports"),
    ):
        command = [sys.executable, "-m", "dataarts_datamap", "check", *options]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert 3 == done.returncode
        assert expected in done.stderr
        assert SECRET not in done.stderr
