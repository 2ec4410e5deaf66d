"""``datamap status``: what it prints, and its exit code."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.answers import json_answer, run_page
from support.command import called, point_at
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable

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
                "status": row.get("status", "success"),
            }
            for number, row in enumerate(rows, start=1)
        ]
        return run_page(*sent)

    return answer


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
            found, out, err = called(capfdbinary, "status", "t", *options, "--output", output)
            assert code == found
            assert verdict in out
            assert bool(rows) is ("no runs in this window" not in err)
            assert ("brand-new" in err) is any(row.get("status") == "brand-new" for row in rows)


def test_json(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe gets one line of JSON that names the table, harmless to a terminal."""
    with ScriptedServer(serve({"ago": 1}, name=EVIL)) as server:
        point_at(server, monkeypatch)
        _, out, err = called(capfdbinary, "status", "t", "--since", "30d")
    (line,) = out.splitlines()
    told = json.loads(line)

    assert ("", "t", "fresh", 60.0, 10.0) == (
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
        code, out, _ = called(capfdbinary, "status", 'g"u id', "--max-age", "26h", "--output", "prometheus")
    families = {family.name: family for family in text_string_to_metric_families(out)}
    samples = [(sample.name, tuple(sample.labels.items())) for family in families.values() for sample in family.samples]

    assert 0 == code
    assert out.endswith("\n")
    assert {"gauge"} == {family.type for family in families.values()}
    assert sorted(set(samples)) == sorted(samples)
    assert all(family.documentation for family in families.values())
    operator = {"table_guid": 'g"u id', "task_id": "1", "job_name": 'a\\b"c\\n\\x1b[2J订单📊{}'}
    (age,) = families["datamap_operator_last_success_timestamp_seconds"].samples
    assert operator == age.labels
    assert abs(time.time() - 2 * 3600 - age.value) < 60
    facts = ("failed_runs_since_success", "running_runs", "typical_duration_seconds", "observed_runs")
    assert [1, 1, 60, 3] == [families[f"datamap_table_{name}"].samples[0].value for name in facts]
    verdicts = families["datamap_table_verdict"].samples
    assert {"fresh": 1, "stale": 0, "failed": 0, "unknown": 0} == {one.labels["verdict"]: one.value for one in verdicts}


def test_prometheus_without_runs(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not known has no sample: there is no last success at the epoch."""
    with ScriptedServer(serve()) as server:
        point_at(server, monkeypatch)
        _, out, _ = called(capfdbinary, "status", "t", "--output", "prometheus")

    names = {family.name for family in text_string_to_metric_families(out)}
    assert "datamap_table_observed_runs" in names
    assert [] == [name for name in names if name.endswith("_seconds")]


def test_table(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """A person sees the table and each operator on a line of its own, with the zone on stderr."""
    with ScriptedServer(serve({"ago": 1.5}, {"ago": -1, "status": "running"}, name="订单📊")) as server:
        point_at(server, monkeypatch)
        code, out, err = called(capfdbinary, "status", "t", "--output", "table", "--tz", "+08:00")
    title, *lines = out.splitlines()

    assert 0 == code
    assert ["VERDICT", "SUCCEEDED", "AGE", "RUNNING", "WAITING", "FAILED", "TAKES", "LATE", "JOB"] == title.split()
    assert ["(all)", "订单📊"] == [line.split()[-1] for line in lines]
    assert [["fresh", "1", "0", "0", "0:01:00"]] * 2 == [[line.split()[0], *line.split()[4:8]] for line in lines]
    assert "datamap: times are in UTC+08:00\n" == err


def test_not_judged(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that fails leaves the table not judged; wrong usage is another code."""
    with ScriptedServer(json_answer({"error_code": "X", "error_msg": "down"}, status=400)) as server:
        point_at(server, monkeypatch)
        assert 2 == called(capfdbinary, "status", "t")[0]
        assert 3 == called(capfdbinary, "status", "t", "--max-age", "soon")[0]
        assert 3 == called(capfdbinary, "status")[0]


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [("success", 0, "success"), ("fail", 1, "fail"), ("skip", 1, "skip"), ("running", 2, "no run had ended after 1 s")],
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
