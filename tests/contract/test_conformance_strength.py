"""A run says what its data could not show, and is not judged in CI by next to nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dataarts_datamap_contract.mock import MockServer
from dataarts_datamap_contract.suite import run_suite
from dataarts_datamap_contract.suite.reports import render_text
from dataarts_datamap_contract.suite.target_discovery import discover_target
from support.command import called
from support.mock_target import CONFIG, NOW, mock_target
from support.scripted_server import Answer, Asked, ScriptedServer
from support.small_service import ERROR, START, STEP, answer_well, json_answer, small_target


def test_two_runs_are_too_little_in_ci() -> None:
    """A window with two runs conforms by hand, with its limits named, and is a 2 in CI."""
    with ScriptedServer(answer_well) as server:
        report = run_suite(small_target(server.url, window_end=START + 2 * STEP), levels="C", max_examples=0)
        text = render_text(report)
        in_ci = render_text(report, ci=True)

    assert [] == list(report.failures)
    assert (0, 2) == (report.exit_code(), report.exit_code(ci=True))
    assert "Poor data (with --ci, exit code 2): no operator has more than 2 runs in its window" in text
    assert text.splitlines()[-1].startswith("Conforms: ")
    assert in_ci.splitlines()[-1].startswith("Could not be judged: ")
    assert "Not exercised: the data has runs of only one operator: whether a server mixes up two was not tested" in text


@pytest.mark.parametrize(("ci", "code"), [("true", 2), ("1", 2), ("", 0), ("false", 0), ("0", 0)])
def test_a_variable_that_says_no_is_no_ci(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, ci: str, code: int
) -> None:
    """The variable CI counts if it says yes; empty, false and 0 are as if it were not set."""
    with ScriptedServer(answer_well) as server:
        target = small_target(server.url, window_end=START + 2 * STEP)
        for name in ("token", "project_id", "instance_id", "task_id", "job_name", "window_start", "window_end"):
            monkeypatch.setenv(f"DATAMAP_{name.upper()}", str(getattr(target, name)))
        monkeypatch.setenv("CI", ci)
        where = ("--endpoint", server.url, "--table", "guid", "--levels", "C", "--max-examples", "0")
        assert code == called(capfdbinary, "conform", *where)[0]


@pytest.mark.prove
def test_the_reference_shows_nearly_everything() -> None:
    """The mock's own data exercises every relation but what needs large ids, or more than it has."""
    with MockServer(CONFIG) as server:
        report = run_suite(mock_target(server), levels="C", max_examples=0)

    assert () == report.weaknesses
    (unmet,) = report.limits
    assert unmet.startswith("no relation was tested with two workspaces, ")
    assert ", an id beyond 31 bits" in unmet


def test_the_same_error_response_is_told_once() -> None:
    """A server that refuses what is valid is not told so for each check, and its own words and the ids are there."""
    with ScriptedServer(json_answer(403, ERROR)) as server:
        report = run_suite(small_target(server.url), max_examples=0)
        text = render_text(report)

    told = "a valid request is answered 403 (APIGW.0301 no): check the credentials, and the ids in the request: "
    assert 2 == report.exit_code()
    assert 1 == text.count(told)
    assert "project_id project, instance instance, task_id 937987" in text


def test_discovers_the_operator_that_shows_most() -> None:
    """Of the operators that have runs, the one with the most statuses and ties is aimed at, the others are known."""
    with MockServer(CONFIG) as server:
        found = discover_target(mock_target(server, known_jobs=()), now=NOW)

    assert found.job_name in {"ETL_Job_dli2dws", "check/rows<stage>"}
    assert 3 == len(found.known_jobs)


def test_discovers_a_window_with_more_than_a_page() -> None:
    """A week with a run is no good window, if four weeks have more than a page of them."""

    def script(asked: Asked) -> Answer:
        answer = answer_well(asked)
        if "/instances" not in asked.target or answer.status != 200:
            return answer
        query = dict(pair.split("=") for pair in asked.target.partition("?")[2].split("&"))
        days = (int(query["end_time"]) - int(query["start_time"])) // 86_400_000
        rows = [{"taskRunningLogId": number, "planTime": START} for number in range(1 if days < 8 else 14)]
        body = json.dumps({"rows": rows[: int(query["limit"])], "total": len(rows)})
        return replace(answer, content=json.dumps({"status_code": 200, "body": body}).encode())

    with ScriptedServer(script) as server:
        found = discover_target(small_target(server.url), now=NOW)

    assert 28 == (found.window_end - found.window_start) // 86_400_000
