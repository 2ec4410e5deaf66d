"""The conformance suite fails on broken servers, and says why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from dataarts_datamap_contract.conformance import Answer, Outcome, operation_ids, run_conformance
from dataarts_datamap_contract.mock import TABLE_GUID, MockConfig, MockServer
from dataarts_datamap_contract.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHECKOUT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-that-must-not-show"
ERROR = {"error_code": "APIGW.0301", "error_msg": f"decrypt token fail: {TOKEN}"}

Reply = tuple[int, object]


def make_target(endpoint: str) -> Target:
    """A target at an endpoint, with made-up ids."""
    return Target(
        endpoint=endpoint,
        token=TOKEN,
        project_id="project",
        instance_id="instance",
        task_id="937987",
        job_name="job",
        table_guid="guid",
        window_start=1704902400000,
        window_end=1704988800000,
    )


def make_environment(target: Target) -> dict[str, str]:
    """The environment that describes a target, beside what a subprocess needs."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DATAMAP_", "PYTEST_"))}
    return {
        **inherited,
        "PYTHONUTF8": "1",
        "DATAMAP_TOKEN": target.token,
        "DATAMAP_PROJECT_ID": target.project_id,
        "DATAMAP_INSTANCE_ID": target.instance_id,
        "DATAMAP_TASK_ID": target.task_id,
        "DATAMAP_JOB_NAME": target.job_name,
        "DATAMAP_TABLE_GUID": target.table_guid,
        "DATAMAP_WINDOW_START": str(target.window_start),
        "DATAMAP_WINDOW_END": str(target.window_end),
    }


@contextmanager
def serve(reply: Callable[[BaseHTTPRequestHandler], Reply]) -> Iterator[str]:
    """A server on a real socket that answers by a function."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            status, answer = reply(self)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as inherited
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def refuse_all(_: BaseHTTPRequestHandler) -> Reply:
    """401, whatever is asked."""
    return 401, ERROR


def answer_well(request: BaseHTTPRequestHandler, **row: object) -> Reply:
    """What the documentation says, about one run."""
    url = urlsplit(request.path)
    query = parse_qs(url.query)
    if request.headers.get("X-Auth-Token") != TOKEN:
        return 401, ERROR
    if request.headers.get("instance") != "instance" or not url.path.startswith("/v1/project/datamap/"):
        return 403, ERROR
    if url.path.endswith("/node"):
        operators = [{"task_id": "937987", "job_name": "job", "workspace_id": "w"}]
        return (200, operators) if url.path.endswith("/guid/node") else (404, ERROR)
    numbers = [query.get(name, [""]) for name in ("start_time", "end_time", "offset", "limit")]
    if len(query.get("job_name", [])) != 1 or not all(len(each) == 1 and each[0].isdecimal() for each in numbers):
        return 400, ERROR
    start, end, offset, limit = (int(each[0]) for each in numbers)
    if max(start, end) >= 2**63 or max(offset, limit) >= 2**31 or limit == 0 or "workspace_id" in query:
        return 400, ERROR
    rows = [{"taskRunningLogId": 1, **row}] if offset == 0 else []
    page = {"msg": "success", "rows": rows, "success": True, "total": 1}
    return 200, {"status_code": 200, "body": json.dumps(page)}


def break_running_data(request: BaseHTTPRequestHandler) -> Reply:
    """All is well but for the third level."""
    return answer_well(request, runningData='{"type": 5}')


def run_pytest(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the conformance tests as a user does."""
    command = [sys.executable, "-m", "pytest", "contract_tests", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, cwd=CHECKOUT, capture_output=True, encoding="utf-8", check=False, env=environment, timeout=120
    )


def test_fails_on_a_server_that_refuses_everyone() -> None:
    """A server that answers 401 to everything does not pass, and the token shows nowhere."""
    with serve(refuse_all) as url:
        arguments = ("--endpoint", url, "--max-examples", "2")
        outcome = run_pytest(*arguments, environment=make_environment(make_target(url)))

    assert outcome.returncode == 1, outcome.stdout
    for operation in operation_ids():
        assert f"test_saw_rows[{operation}]" in outcome.stdout
        assert f"no 200 with rows from {operation}: check the ids and the window" in outcome.stdout
    assert TOKEN not in outcome.stdout + outcome.stderr


def test_fails_on_broken_running_data() -> None:
    """A server whose third level is broken does not pass, and the level is named."""
    with serve(break_running_data) as url:
        arguments = ("--endpoint", url, "--max-examples", "2")
        outcome = run_pytest(*arguments, environment=make_environment(make_target(url)))

    assert outcome.returncode == 1, outcome.stdout
    assert "test_conforms[ShowInstanceInfos]" in outcome.stdout
    assert "$.body → $.rows[0].runningData → $.type: 5 is not of types" in outcome.stdout
    assert "1 failed, 8 passed" in outcome.stdout
    assert TOKEN not in outcome.stdout + outcome.stderr


def test_passes_a_healthy_server() -> None:
    """A second server than the reference one passes, and what was seen is counted."""
    with serve(answer_well) as url:
        outcome = run_conformance(make_target(url), max_examples=5)

    assert not outcome.errors
    assert not outcome.failures
    for operation in operation_ids():
        answers = [answer for answer in outcome.answers if answer.operation == operation]
        assert {200, 401, 403} <= {answer.status for answer in answers}
        assert any(answer.rows for answer in answers)


def test_repeats_itself() -> None:
    """Two runs send the same requests and see the same answers."""
    seen: list[list[str]] = []

    def note(request: BaseHTTPRequestHandler) -> Reply:
        seen[-1].append(request.path)
        return answer_well(request)

    outcomes = []
    with serve(note) as url:
        for _ in range(2):
            seen.append([])
            outcomes.append(run_conformance(make_target(url), max_examples=5))

    assert seen[0] == seen[1]
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    ("reply", "operation", "check"),
    [
        (lambda _: (500, ERROR), "ShowNodes", "not_a_server_error"),
        (lambda _: (418, ERROR), "ShowNodes", "status_code_conformance"),
        (lambda _: (404, {"oops": 1}), "ShowInstanceInfos", "response_schema_conformance"),
        (lambda _: (200, []), "ShowNodes", "ignored_auth"),
        (lambda _: (200, {"status_code": TOKEN, "body": "{}"}), "ShowInstanceInfos", "decoded_levels"),
        (lambda _: (200, []), "ShowNodes", "missing_required_header"),
    ],
)
def test_finds(reply: Callable[[BaseHTTPRequestHandler], Reply], operation: str, check: str) -> None:
    """Each check finds the server that it is for; the token is in no message."""
    with serve(reply) as url:
        outcome = run_conformance(make_target(url), max_examples=1)

    found = {(failure.operation, failure.check) for failure in outcome.failures}
    assert (operation, check) in found
    assert not [failure for failure in outcome.failures if TOKEN in str(failure)]
    assert any(
        "curl -X GET" in str(failure) and "X-Auth-Token: [Filtered]" in str(failure) for failure in outcome.failures
    )


def test_reports_a_server_that_is_not_there() -> None:
    """A server that cannot be reached is an error of the run, not a pass and not a traceback."""
    with serve(refuse_all) as url:
        pass

    outcome = run_conformance(make_target(url), max_examples=1)

    assert any(url in error for error in outcome.errors), outcome.errors
    assert not [answer for answer in outcome.answers if answer.status is not None]
    assert TOKEN not in repr(outcome)


def test_refuses_an_incomplete_target() -> None:
    """Without what a foreign server needs, one line says what to set; nothing is run."""
    environment = {k: v for k, v in make_environment(make_target("")).items() if k != "DATAMAP_TABLE_GUID"}

    outcome = run_pytest("--endpoint", "https://dayu.example.com", environment=environment)

    assert outcome.returncode == 4
    expected = "ERROR: cannot aim at 'https://dayu.example.com': set DATAMAP_TABLE_GUID"
    assert expected in outcome.stderr.splitlines()
    assert "Traceback" not in outcome.stdout + outcome.stderr
    assert TOKEN not in outcome.stdout + outcome.stderr


def test_random_requests_reach_rows() -> None:
    """Random requests keep enough of what is real to reach rows; without that, random ids reach none."""
    with serve(answer_well) as url:
        few, many = (run_conformance(make_target(url), max_examples=number) for number in (1, 40))

    more = len(_with_rows(many)) - len(_with_rows(few))
    assert more > 0.2 * (len(many.answers) - len(few.answers))


def test_reaches_rows_of_the_mock() -> None:
    """Of the reference server's pages of runs, most have rows."""
    config = MockConfig(now=datetime(2024, 2, 1, tzinfo=UTC))
    with MockServer(config) as server:
        target = Target(
            endpoint=server.url,
            token=config.token,
            project_id=config.project_id,
            instance_id=config.instance_id,
            task_id="937987",
            job_name="ETL_Job_dli2dws",
            table_guid=TABLE_GUID,
            window_start=1704902400000,
            window_end=1706745600000,
        )
        outcome = run_conformance(target, max_examples=5)

    pages = [answer for answer in outcome.answers if answer.operation == "ShowInstanceInfos" and answer.status == 200]
    assert len(pages) >= 5
    assert len(_with_rows(outcome)) > len(pages) / 2


def _with_rows(outcome: Outcome) -> list[Answer]:
    return [answer for answer in outcome.answers if answer.rows and answer.operation == "ShowInstanceInfos"]
