"""``datamap status``: what it prints, and its exit code."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from dataarts_datamap import OperatorStatus, TableStatus, Verdict
from dataarts_datamap.cli._printing import output as printing
from dataarts_datamap.cli._printing.prometheus import prometheus_text
from support.answers import json_answer, run_page, without_lineage
from support.command import TABLE, called, point_at
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOUR = 3_600_000
EVIL = 'a\\b"c\n\x1b[2J订单📊{}'


def serve(*rows: dict[str, Any], name: str = "a") -> Callable[[Asked], Answer]:
    """A table with one operator that has these runs; an ``ago`` is the hours since the run's end."""

    def answer(asked: Asked) -> Answer:
        if asked.target.endswith("/node"):
            return json_answer([{"task_id": "1", "job_name": name}])
        now = int(time.time() * 1000)
        sent = [
            {
                "taskRunningLogId": number,
                "taskId": 1,
                "jobName": name,
                "planTime": now - int(row["ago"] * HOUR) - 70_000,
                "startTime": now - int(row["ago"] * HOUR) - 60_000,
                "endTime": now - int(row["ago"] * HOUR),
                "status": "success",
                **{field: value for field, value in row.items() if field != "ago"},
            }
            for number, row in enumerate(rows, start=1)
        ]
        query = parse_qs(urlsplit(asked.target).query)
        start, end = int(query["start_time"][0]), int(query["end_time"][0])
        return run_page(*(row for row in sent if _is_inside(row["planTime"], start, end)))

    return without_lineage(answer)


def _is_inside(planned: object, start: int, end: int) -> bool:
    """Whether a window holds a row; those ahead of now, or without a time, are in the newest one."""
    is_newest = end >= int(time.time() * 1000) - HOUR
    return start <= planned <= end or (planned > end and is_newest) if isinstance(planned, int) else is_newest


CODES: list[tuple[list[dict[str, Any]], list[str], int, str]] = [
    ([{"ago": 1}], [], 0, "fresh"),
    ([{"ago": 1}], ["--max-age", "2h"], 0, "fresh"),
    ([{"ago": 3}], ["--max-age", "2h"], 1, "stale"),
    ([{"ago": 3}, {"ago": 1, "status": "fail"}], [], 1, "failed"),
    ([{"ago": 1, "status": "brand-new"}], [], 2, "unknown"),
    ([], ["--max-age", "2h"], 2, "unknown"),
]


@pytest.mark.parametrize("case", CODES)
def test_exit_code(
    case: tuple[list[dict[str, Any]], list[str], int, str],
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """0 for a fresh table, 1 for one that is stale or failed, 2 for one that cannot be judged; whatever the output."""
    rows, options, code, verdict = case
    with ScriptedServer(serve(*rows)) as server:
        point_at(server, monkeypatch)
        for output in ("table", "json", "prometheus"):
            found, out, err = called(capfdbinary, "status", TABLE, *options, "--output", output)
            assert code == found
            assert verdict in out
            assert bool(rows) is ("no runs in this window" not in err)
            assert ("brand-new" in err) is any(row.get("status") == "brand-new" for row in rows)


def test_json(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe gets one line of JSON that names the table, harmless to a terminal."""
    with ScriptedServer(serve({"ago": 1}, name=EVIL)) as server:
        point_at(server, monkeypatch)
        _, out, err = called(capfdbinary, "status", TABLE, "--since", "30d")
    (line,) = out.splitlines()
    told = json.loads(line)

    assert ("", TABLE, "fresh", 60.0, 10.0) == (
        err,
        *(told[name] for name in ("table_guid", "verdict", "typical_duration", "typical_lateness")),
    )
    assert [EVIL] == [one["job_name"] for one in told["operators"]]
    assert "\x1b" not in out
    starts, ends = (
        [
            int(asked.target.split(f"{name}_time=")[1].split("&")[0])
            for asked in server.asked
            if "start_time" in asked.target
        ]
        for name in ("start", "end")
    )
    assert 30 * 24 * HOUR == max(ends) - min(starts)


def test_prometheus(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """The official parser reads the metrics; labels are escaped, and each series is there once."""
    rows: list[dict[str, Any]] = [{"ago": 2}, {"ago": 1, "status": "fail"}, {"ago": 3, "status": "running"}]
    with ScriptedServer(serve(*rows, name=EVIL)) as server:
        point_at(server, monkeypatch)
        code, out, _ = called(capfdbinary, "status", TABLE, "--max-age", "26h", "--output", "prometheus")
    families = {family.name: family for family in text_string_to_metric_families(out)}
    samples = [(sample.name, tuple(sample.labels.items())) for family in families.values() for sample in family.samples]

    assert 0 == code
    assert out.endswith("\n")
    assert {"gauge"} == {family.type for family in families.values()}
    assert sorted(set(samples)) == sorted(samples)
    assert all(family.documentation for family in families.values())
    operator = {"table_guid": TABLE, "task_id": "1", "job_name": EVIL}
    (age,) = families["datamap_operator_last_success_timestamp_seconds"].samples
    assert operator == age.labels
    assert abs(time.time() - 2 * 3600 - age.value) < 60
    facts = ("failed_runs_since_success", "running_runs", "typical_duration_seconds", "observed_runs")
    assert [1, 1, 60, 3] == [families[f"datamap_table_{name}"].samples[0].value for name in facts]
    verdicts = families["datamap_table_verdict"].samples
    standing = {"fresh": 1, "stale": 0, "late": 0, "failed": 0, "unknown": 0, "slow": 0, "few_rows": 0}
    assert standing == {one.labels["verdict"]: one.value for one in verdicts}
    assert [("every", 1)] == [
        (one.labels["rule"], decides.value)
        for one, decides in zip(
            families["datamap_table_running_runs"].samples, families["datamap_operator_decides"].samples, strict=True
        )
    ]


def last_successes(out: str) -> dict[str, float]:
    """The last success of the table and of its operator, as an alert sees it."""
    families = {family.name: family for family in text_string_to_metric_families(out)}
    return {
        name: families[f"datamap_{name}_last_success_timestamp_seconds"].samples[0].value
        for name in ("table", "operator")
    }


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{"ago": 1, "status": "fail"}],
        [{"ago": 1, "status": "running"}],
        [{"ago": 1, "status": "brand-new"}],
        [{"ago": 1, "startTime": "x", "endTime": "x", "planTime": "x"}],
    ],
)
def test_alert_does_not_end_with_the_last_success(
    rows: list[dict[str, Any]], capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no success is to be seen, the series stays, at 0: an alert on its age fires, and goes on."""
    with ScriptedServer(serve(*rows)) as server:
        point_at(server, monkeypatch)
        _, out, _ = called(capfdbinary, "status", TABLE, "--max-age", "26h", "--output", "prometheus")

    assert {"table": 0, "operator": 0} == last_successes(out)
    assert "typical_duration" not in out


TEXTS = st.none() | st.sampled_from(
    ["", "a", "\\x1b", "\x1b", "\\", '"', "\n", "\\n", "\r", "a,b", "\u202e", "\\u202e"]
)


@given(st.sets(st.tuples(TEXTS, TEXTS, TEXTS), max_size=6))
def test_each_operator_has_series_of_its_own(keys: set[tuple[str | None, str | None, str | None]]) -> None:
    """Operators that differ are never one series: not by an escape and its spelling, nor by missing and empty."""
    operators = tuple(
        OperatorStatus(verdict=Verdict.FRESH, task_id=task, job_name=job, workspace_id=workspace)
        for task, job, workspace in keys
    )
    status = TableStatus(verdict=Verdict.FRESH, now=datetime.now(UTC), operators=operators)

    families = {one.name: one for one in text_string_to_metric_families(prometheus_text(status, "t"))}
    found = [one.labels for one in families["datamap_operator_observed_runs"].samples] if keys else []
    as_kept = {tuple(sorted((name, text) for name, text in labels.items() if text)) for labels in found}
    assert len(keys) == len(found) == len(as_kept)


def test_prometheus_on_a_terminal(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's terminal gets no control character, whatever an operator is called."""
    monkeypatch.setattr(printing, "is_terminal", lambda: True)
    with ScriptedServer(serve({"ago": 2}, name=EVIL)) as server:
        point_at(server, monkeypatch)
        _, out, _ = called(capfdbinary, "status", TABLE, "--output", "prometheus")

    assert 'c\\n\\x1b[2J订单📊{}"' in out
    assert all(line.isprintable() for line in out.split("\n"))


@pytest.mark.parametrize(("options", "zone"), [(("--tz", "+08:00"), ""), (("--output", "json"), "Asia/Shanghai")])
def test_zone_without_effect_that_is_no_mistake(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], zone: str
) -> None:
    """A pipe, or a variable for all commands, does not make a zone wrong usage."""
    monkeypatch.setenv("DATAMAP_TZ", zone)
    with ScriptedServer(serve({"ago": 1})) as server:
        point_at(server, monkeypatch)
        code, out, _ = called(capfdbinary, "status", TABLE, *options)

    assert (0, "fresh") == (code, json.loads(out)["verdict"])


def test_table(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """A person sees the table and each operator on a line of its own, with the zone on stderr."""
    with ScriptedServer(serve({"ago": 1.5}, {"ago": -1, "status": "running"}, name="订单📊")) as server:
        point_at(server, monkeypatch)
        code, out, err = called(capfdbinary, "status", TABLE, "--output", "table", "--tz", "+08:00")
    title, *lines = out.splitlines()

    assert 0 == code
    assert ["VERDICT", "SUCCEEDED", "AGE", "RUNNING", "WAITING", "FAILED", "TAKES", "LATE", "JOB"] == title.split()
    assert ["(every operator)", "订单📊"] == [" ".join(line.split()[9:]) for line in lines[:-3]]
    assert lines.pop().startswith("Fresh here means that no run has failed since the last success: --max-age sets")
    assert "Judged by all operators: readers and producers could not be distinguished." == lines.pop()
    assert "Decided by 订单📊." == lines.pop()
    assert [["fresh", "1", "0", "0", "0:01:00"]] * 2 == [[line.split()[0], *line.split()[4:8]] for line in lines]
    assert f"datamap: times are in UTC+08:00\n{READERS}" == err


READERS = "datamap: readers and producers cannot be distinguished: the service does not let this account read lineage\n"
SEVERAL: dict[str, list[dict[str, Any]]] = {
    "check": [{"ago": 1}],
    "load": [{"ago": 160}],
    "sum": [{"ago": -3}],
    "idle": [],
}


def serve_several(asked: Asked) -> Answer:
    """A table with an hourly check, a load that died a week ago, one with a wrong clock, and one that is idle."""
    if asked.target.endswith("/node"):
        names = [{"task_id": str(number), "job_name": name} for number, name in enumerate(SEVERAL)]
        return json_answer(names)
    if "/lineage/" in asked.target:
        return serve()(asked)
    name = next(one for one in SEVERAL if f"job_name={one}" in asked.target)
    return serve(*SEVERAL[name])(asked)


NARROWED: list[tuple[list[str], int, str, str | None, list[str]]] = [
    ([], 1, "stale", "load", []),
    (["--any"], 0, "fresh", "sum", []),
    (["--ignore", "load"], 0, "fresh", "check", ["load"]),
    (["--ignore", "load", "--ignore", "2"], 0, "fresh", "check", ["load", "sum"]),
    (["--operator", "check"], 0, "fresh", "check", ["load", "sum", "idle"]),
    (["--operator", "1", "--operator", "check"], 1, "stale", "load", ["sum", "idle"]),
    (["--operator", "idle"], 2, "unknown", None, ["check", "load", "sum"]),
    (["--any", "--ignore", "sum"], 0, "fresh", "check", ["sum"]),
]


@pytest.mark.parametrize("case", NARROWED)
def test_which_operators_count(
    case: tuple[list[str], int, str, str | None, list[str]],
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The oldest producer decides unless the options say otherwise; each output names it, and what does not count."""
    options, code, verdict, decisive, ignored = case
    with ScriptedServer(serve_several) as server:
        point_at(server, monkeypatch)
        ask = ("status", TABLE, "--max-age", "26h", *options)
        found, out, err = called(capfdbinary, *ask)
        told = json.loads(out)
        _, table, _ = called(capfdbinary, *ask, "--output", "table")
        _, metrics, _ = called(capfdbinary, *ask, "--output", "prometheus")

    assert (code, verdict) == (found, told["verdict"])
    assert ignored == [one["job_name"] for one in told["ignored"]]
    assert (not ignored) is ("not judged, on request" not in err)
    assert decisive == (told["decided_by"] or {}).get("job_name")
    assert (f"Decided by {decisive}.\n" in table) is ("Decided by" in table) is (decisive is not None)
    assert ("(any operator)" in table) is ("--any" in options) is told["any_operator"] is ('rule="any"' in metrics)
    families = {family.name: family for family in text_string_to_metric_families(metrics)}
    is_named = "--operator" in options
    assert ("chosen" if is_named else "associated") == told["basis"]
    assert ("Judged by all operators: readers and producers could not be distinguished.\n" in table) is not is_named
    assert [float(is_named)] == [one.value for one in families["datamap_table_producers_known"].samples]
    deciding = [one.labels["job_name"] for one in families["datamap_operator_decides"].samples if one.value]
    assert [decisive or ""] == (deciding or [""])
    assert ("left out: idle" in err) is (told["left_out"] != [] and decisive is not None)
    assert ("the last success of sum lies 3 h" in err) is ("sum" in [one["job_name"] for one in told["operators"]])


def test_name_of_no_operator(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that fits no operator is wrong usage, and the text lists the existing ones."""
    with ScriptedServer(serve_several) as server:
        point_at(server, monkeypatch)
        for option in ("--operator", "--ignore"):
            code, out, err = called(capfdbinary, "status", TABLE, option, "chek")
            expected = "check (task 0), load (task 1), sum (task 2), idle (task 3)"
            assert (3, "") == (code, out)
            assert f"no operator of the table is called 'chek': it has {expected}\n" in err


def test_operators_are_asked_for_once(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is shown of the operators is what was read of them: the service is asked for them once."""
    for arguments in (["status"], ["report", "--html", str(tmp_path / "r.html")], ["watch", "--for", "1s"]):
        with ScriptedServer(serve_several) as server:
            point_at(server, monkeypatch)
            called(capfdbinary, arguments[0], TABLE, *arguments[1:])
            asked = [one.target for one in server.asked]
        readings = 2 if arguments[0] == "watch" else 1
        assert readings == sum(target.endswith("/node") for target in asked)


def test_not_judged(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that fails leaves the table not judged; wrong usage is another code."""
    with ScriptedServer(json_answer({"error_code": "X", "error_msg": "down"}, status=400)) as server:
        point_at(server, monkeypatch)
        assert 2 == called(capfdbinary, "status", TABLE)[0]
        assert 3 == called(capfdbinary, "status", TABLE, "--max-age", "soon")[0]
        assert 3 == called(capfdbinary, "status")[0]


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        ("success", 0, "success"),
        ("fail", 1, "fail"),
        ("skip", 1, "skip"),
        ("running", 2, "had not ended after 1 second: the last one seen is run 1 of a, status running, "),
    ],
)
def test_wait(
    status: str, code: int, told: str, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code tells how the run ended, or that none did in time; the run that ended is shown."""
    with ScriptedServer(serve({"ago": 1, "status": status})) as server:
        point_at(server, monkeypatch)
        wait = ("wait", "--task-id", "1", "--job-name", "a", "--since", "3h", "--for", "1s", "--output", "table")
        ended, out, err = called(capfdbinary, *wait)

    assert code == ended
    assert told in out + err


def test_wait_without_a_beginning(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait says where its window begins, or is refused."""
    monkeypatch.setenv("DATAMAP_ENDPOINT", "https://h")

    code, _, err = called(capfdbinary, "wait", "--task-id", "1", "--job-name", "a")

    assert (3, True) == (code, "--start TIME or --since SPAN" in err)


def test_wait_for_too_long(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait of more than a day is refused by the name of its option, before a request."""
    monkeypatch.setenv("DATAMAP_ENDPOINT", "https://h")

    code, _, err = called(capfdbinary, "wait", TABLE, "--since", "1h", "--for", "2d")

    assert (3, True) == (code, "'--for': '2d' is longer than 1d" in err)
