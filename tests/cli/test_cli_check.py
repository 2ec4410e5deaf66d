"""``datamap check``: rows, exit codes, and what a pipe, a CI system and Prometheus get."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from math import isnan
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dataarts_datamap.cli._printing import output as printing
from support.catalog_server import Factory, guid_of, lineage_row
from support.command import called, point_at
from support.marks import needs_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR = 3_600_000
EVIL = 'e"\\\x1b[2J<b>&]]>\u202e订单'
FILE = """
[defaults]
max_age = "26h"
owner = "data"

[[tables]]
name = "s.good"

[[tables]]
name = "s.old"
owner = "alice"
severity = "page"

[[tables]]
name = "s.bad"
label = "the bad one"

[[tables]]
name = "s.none"
"""


class Shell:
    """A working directory with a file of tables, and a server."""

    def __init__(self, capture: pytest.CaptureFixture[bytes], file: Path) -> None:
        self.file = file
        self.capture = capture
        file.write_text(FILE, encoding="utf-8")

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of ``datamap check``."""
        return called(self.capture, "check", *arguments)

    def lines(self, *arguments: str) -> list[dict[str, Any]]:
        """The JSON lines of it."""
        return [json.loads(line) for line in self(*arguments)[1].splitlines()]


def runs_of(status: str, *, days: int = 0) -> list[tuple[int, str]]:
    """A run of a status some hours ago, and successes on the days before."""
    first = int(time.time() * 1000) - 5 * HOUR - days * 24 * HOUR
    return [(first - 24 * HOUR, "success"), (first, status)]


@pytest.fixture
def shell(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> Iterator[Shell]:
    """One table is fresh, one stale, one failed, and of one there are no runs."""
    now = int(time.time() * 1000)
    runs = {
        "good": runs_of("success"),
        "old": runs_of("success", days=2),
        "bad": [(now - 5 * HOUR, "fail")],
        "none": [],
        "evil": [(now - 5 * HOUR, "fail")],
    }
    nodes = {name: [lineage_row("db.ods.raw", name, f"db.s.{name}")] for name in runs}
    with Factory(nodes=nodes, runs=runs).server() as server:
        point_at(server, monkeypatch)
        monkeypatch.chdir(tmp_path)
        yield Shell(capfdbinary, tmp_path / "datamap.toml")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 120 columns, without colour."""
    monkeypatch.setattr(printing, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.mark.usefixtures("terminal")
def test_a_person_reads_once_why_many_tables_cannot_be_read(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """With their number; each JSON line and each test case has it all the same."""
    with Factory(refused={"bulk": 403, "search": 403}).server() as server:
        monkeypatch.setenv("DATAMAP_ENDPOINT", server.url)
        code, out, err = shell()
        assert (2, 1) == (code, out.count("HTTP 403"))
        assert 4 == out.count("it could not be read: see below")
        assert "\n4 tables could not be read: HTTP 403" in out
        assert "0 of 4 tables are fresh: 4 unknown" in err
        assert 4 == sum("HTTP 403" in line["reason"] for line in shell.lines("--output", "ndjson"))
        assert 4 == shell("--output", "junit")[1].count("<error ")


@pytest.mark.usefixtures("terminal")
def test_a_person_gets_one_row_a_table_the_worst_first(shell: Shell) -> None:
    """And one sentence for all of them."""
    code, out, err = shell()
    title, *rows = map(str.rstrip, re.sub(r"\x1b\[[0-9;]*m", "", out).splitlines())
    assert ["VERDICT", "TABLE", "OWNER", "SUCCEEDED", "REASON"] == title.split()
    assert ["failed", "stale", "unknown", "fresh"] == [row.split()[0] for row in rows]
    assert rows[0].startswith("failed   the bad one  data")
    assert rows[0].endswith("1 run of bad failed; none has succeeded")
    assert re.search(
        r"alice  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  the last success of old is 52 h 59 min old, 26 h", rows[1]
    )
    assert 1 == code
    assert [
        "datamap: times are in UTC",
        "datamap: 1 of 4 tables are fresh: 1 failed, 1 stale, 1 unknown",
        "datamap: --explain also finds the causes",
    ] == err.splitlines()


def test_a_pipe_gets_json_lines(shell: Shell) -> None:
    """With all that is known of each table."""
    bad, old, none, good = shell.lines()
    assert ["failed", "stale", "unknown", "fresh"] == [one["verdict"] for one in (bad, old, none, good)]
    assert ("the bad one", guid_of("db.s.bad"), "data") == (bad["name"], bad["table_guid"], bad["owner"])
    assert ("page", 93_600.0, True) == (old["severity"], old["max_age"], old["producers_known"])
    assert {"task_id": "1", "job_name": "old", "workspace_id": "b88c445407b24283aa949f9833a38fd8"} == old["decided_by"]
    assert (None, 0) == (none["last_success"], none["runs"])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], 1),
        (["--only", "s.good"], 0),
        (["--only", "the bad one"], 1),
        (["--only", "s.old", "--fail-on", "failed,late"], 0),
        (["--only", "s.none"], 2),
        (["--only", "s.none", "--fail-on", "unknown"], 1),
        (["--only", "s.none", "--only", "s.old"], 1),
        (["--only", "s.none", "--only", "s.old", "--fail-on", "failed"], 2),
        (["--owner", "alice"], 1),
    ],
)
def test_exit_codes(shell: Shell, arguments: list[str], expected: int) -> None:
    """1 for a verdict of --fail-on, else 2 for one that is unknown, else 0."""
    assert expected == shell(*arguments)[0]


def test_wrong_usage_is_said(shell: Shell) -> None:
    """With the nearest right name, and before anything is asked."""
    for arguments, expected in (
        (["--only", "s.goood"], "the file has no table 's.goood': did you mean 's.good'?"),
        (["--owner", "bob"], "the file has no owner 'bob'"),
        (["--owner", "alice", "--only", "s.good"], "the file has no table that matches both --only and --owner"),
        (["--fail-on", "broken"], "'broken' is not one of failed, late, stale, unknown"),
        (["--tables", "other.toml"], "there is no file of tables other.toml: datamap tables --init creates one"),
    ):
        code, out, err = shell(*arguments)
        assert (3, "") == (code, out)
        assert expected in err


def test_a_wrong_file_is_said_line_by_line(shell: Shell) -> None:
    """As wrong usage."""
    shell.file.write_text('[[tables]]\nname = "s.good"\nmax_aeg = "1h"\n', encoding="utf-8")
    assert (3, "", "datamap: datamap.toml:3: no key is called 'max_aeg': did you mean max_age?\n") == shell()


def test_quiet_says_nothing_where_all_is_well(shell: Shell) -> None:
    """What is wrong is still said."""
    assert "datamap: 1 of 1 table is fresh\n" == shell("--only", "s.good")[2]
    assert "" == shell("--only", "s.good", "--quiet")[2]
    assert "datamap: 0 of 1 table is fresh: 1 stale\n" == shell("--only", "s.old", "--quiet")[2]


def test_a_state_is_kept_between_checks(shell: Shell) -> None:
    """And a file that is none is said, with the code for what could not be judged."""
    first = shell.lines("--state", "tables.state")
    assert [
        (one["verdict"], one["last_success"], one["read_at"] == one["now"], one["never_succeeded"]) for one in first
    ] == [
        (one["verdict"], one["last_success"], True, one["last_success"] is None)
        for one in shell.lines("--state", "tables.state")
    ]
    shell.file.with_name("other.state").write_text("hello" * 500, encoding="utf-8")
    code, out, err = shell("--state", "other.state")
    assert (2, "") == (code, out)
    assert "datamap: other.state is damaged, or not a state of checks (file is not a database): move it away" in err


def test_a_service_that_is_not_there_makes_every_table_unknown(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a state: each keeps its last success, and the doctor is named once. Without, it is an error."""
    catalog = Factory(refused={"bulk": 401})
    with catalog.server() as server:
        monkeypatch.setenv("DATAMAP_ENDPOINT", server.url)
        code, out, err = shell("--state", "s2")
        assert (2, 4) == (code, len(out.splitlines()))
        assert "datamap: no table could be read: datamap doctor finds out why" in err
        code, out, err = shell()
        assert (2, "") == (code, out)
        assert "datamap doctor finds out why" in err


def test_causes_stand_with_each_table_that_is_not_fresh(shell: Shell) -> None:
    """In a table below its row, in JSON, and in a test case."""
    lines = {one["name"]: one for one in shell.lines("--explain")}
    assert (None, None) == (lines["s.good"]["cause"], lines["s.good"]["explanation"])
    assert "bad" in lines["the bad one"]["cause"]
    assert ["failed"] == [cause["trouble"] for cause in lines["the bad one"]["explanation"]["causes"]]
    _, out, err = shell("--explain", "--output", "table", "--only", "the bad one")
    assert "--explain" not in err
    assert f"  {lines['the bad one']['cause']}" == out.splitlines()[2]
    _, out, _ = shell("--explain", "--output", "junit", "--only", "the bad one")
    assert lines["the bad one"]["cause"] in out


def test_a_file_of_tables_to_begin_with_is_made_of_lineage(shell: Shell) -> None:
    """Which the next check reads; one that is there is left as it is."""
    code, out, err = called(shell.capture, "tables", "--init")
    assert (3, "") == (code, out)
    assert "datamap.toml already exists: name another one with --tables" in err
    code, out, err = called(shell.capture, "tables", "o", "--init", "--tables", "new.toml")
    assert (0, "", "datamap: new.toml has 3 tables: datamap check --tables new.toml\n") == (code, out, err)
    text = shell.file.with_name("new.toml").read_text(encoding="utf-8")
    assert '[[tables]]\nname = "db.s.good"\n# written by good\n' in text
    assert ["db.s.old", "db.s.none", "db.s.good"] == [one["name"] for one in shell.lines("--tables", "new.toml")]
    code, _, err = called(shell.capture, "tables", "--init", "--tables", "b.toml", "--in-workspace", "another")
    assert 3 == code
    assert "lineage names no table that an operator in the workspace 'another' writes" in err
    code, _, err = called(shell.capture, "tables", "nosuch", "--init", "--tables", "b.toml")
    assert 3 == code
    assert "lineage names no table with 'nosuch' in its name that an operator writes" in err
    code, _, err = called(shell.capture, "tables", "--tables", "b.toml")
    assert 3 == code
    assert "--tables needs --init" in err


@pytest.mark.parametrize(
    "options", [("--source", "dws"), ("--type", "table"), ("--limit", "5"), ("--page-size", "5"), ("--output", "table")]
)
def test_a_file_to_begin_with_takes_no_options_of_a_search(shell: Shell, options: tuple[str, ...]) -> None:
    """An option that the file would not follow is an error, and nothing is written."""
    code, out, err = called(shell.capture, "tables", "--init", "--tables", "new.toml", *options)
    assert (3, "") == (code, out)
    assert f"{options[0]} does not go with --init" in err
    assert not shell.file.with_name("new.toml").exists()


def test_ci_gets_a_test_case_for_each_table(shell: Shell) -> None:
    """A verdict of --fail-on is a failure, an unknown one an error."""
    code, out, _ = shell("--output", "junit", "--fail-on", "failed")
    root = ET.fromstring(out)  # noqa: S314  what the command wrote itself
    (suite,) = root
    assert (1, "testsuites", "4", "1", "1") == (
        code,
        root.tag,
        *(root.get(name) for name in ("tests", "failures", "errors")),
    )
    assert ("4", "1", "1", "0") == tuple(suite.get(name) for name in ("tests", "failures", "errors", "skipped"))
    assert [
        ("data", "the bad one", "failure"),
        ("alice", "s.old", "system-out"),
        ("data", "s.none", "error"),
        ("data", "s.good", "system-out"),
    ] == [(case.get("classname"), case.get("name"), case[0].tag) for case in suite]
    failure = suite[0][0]
    assert ("failed", "failed: 1 run of bad failed; none has succeeded") == (
        failure.get("type"),
        failure.get("message"),
    )


def test_no_name_breaks_a_document(shell: Shell) -> None:
    """Neither XML nor Prometheus, whatever characters it is made of."""
    text = f'[[tables]]\nguid = "{guid_of("db.s.evil")}"\nlabel = {json.dumps(EVIL)}\nowner = {json.dumps(EVIL)}\n'
    shell.file.write_text(text, encoding="utf-8")
    _, out, _ = shell("--output", "junit")
    case = ET.fromstring(out)[0][0]  # noqa: S314  as above
    assert 'e"\\\\x1b[2J<b>&]]>\\u202e订单' == case.get("name")
    _, out, _ = shell("--output", "prometheus")
    families = {family.name: family for family in text_string_to_metric_families(out)}
    assert {EVIL} == {sample.labels["name"] for sample in families["datamap_table_verdict"].samples}


def test_prometheus_gets_one_document(shell: Shell) -> None:
    """Each family and each series once, with the labels table, name and owner; one unread has its verdict alone."""
    shell.file.write_text(
        FILE
        + '[[tables]]\nname = "s.gone"\n'
        + f'[[tables]]\nguid = "{guid_of("db.s.good")}"\nlabel = "s.good"\nmax_age = "1h"\n',
        encoding="utf-8",
    )
    _, out, _ = shell("--output", "prometheus")
    families = list(text_string_to_metric_families(out))
    names = [family.name for family in families]
    series = [(sample.name, *sorted(sample.labels.items())) for family in families for sample in family.samples]
    assert len(names) == len(set(names))
    assert len(series) == len(set(series))
    holding = {
        (sample.labels["name"], sample.labels["owner"], sample.labels.get("table"), sample.labels["verdict"])
        for family in families
        for sample in family.samples
        if family.name == "datamap_table_verdict" and sample.value
    }
    assert {
        ("s.good", "data", guid_of("db.s.good"), "stale"),  # the worse of two with the same labels
        ("s.old", "alice", guid_of("db.s.old"), "stale"),
        ("the bad one", "data", guid_of("db.s.bad"), "failed"),
        ("s.none", "data", guid_of("db.s.none"), "unknown"),
        ("s.gone", "data", None, "unknown"),
    } == holding
    last = {
        sample.labels["name"]: sample.value
        for family in families
        for sample in family.samples
        if family.name == "datamap_table_last_success_timestamp_seconds"
    }
    assert ({"s.good", "s.old", "the bad one", "s.none", "s.gone"}, 0, 0) == (
        {*last},
        last["s.none"],
        last["the bad one"],
    )
    assert isnan(last["s.gone"])


@pytest.mark.usefixtures("shell")
@needs_terminal
@pytest.mark.parametrize("quiet", [True, False])
def test_a_terminal_shows_how_many_tables_are_done(*, quiet: bool) -> None:
    """On stderr, so that a pipe has the result alone; --quiet leaves it out."""
    command = [sys.executable, "-m", "dataarts_datamap", "check", *(["--quiet"] if quiet else [])]
    reading, writing = os.openpty()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=writing, env={**os.environ, "TERM": "xterm"}
    ) as child:
        os.close(writing)
        shown = b""
        while piece := _read(reading):
            shown += piece
        assert child.stdout is not None
        lines = child.stdout.read().splitlines()
    os.close(reading)
    assert 4 == len(lines)
    assert (b"4/4" in shown) is not quiet
    assert b"1 of 4 tables are fresh: 1 failed, 1 stale, 1 unknown" in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux: the other end is closed
        return b""


def test_the_whole_check_can_fail(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be read, that is one sentence, and exit code 2."""
    monkeypatch.setenv("DATAMAP_ENDPOINT", "http://127.0.0.1:1")
    code, out, err = shell("--deadline", "0.5")
    assert (2, "") == (code, out)
    assert err.endswith(": datamap doctor finds out why\n")
