"""The conformance suite passes servers that conform, fails those that do not, and knows when it cannot tell."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap_contract.mock import MockServer
from dataarts_datamap_contract.suite import Report, SecondTenant, run_suite
from dataarts_datamap_contract.suite._http.caller import Caller, Pace
from dataarts_datamap_contract.suite._http.credentials import near_tokens, parts_of
from dataarts_datamap_contract.suite._http.messages import Credential, Request
from dataarts_datamap_contract.suite.catalogue import CATALOGUE
from support.mock_target import CONFIG, mock_target
from support.scripted_server import Answer, Asked, ScriptedServer
from support.small_service import ERROR, TOKEN, answer_well, json_answer, small_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHECKOUT = Path(__file__).resolve().parents[2]
HTML = Answer(b"<html><body>Welcome</body></html>", headers={"Content-Type": "text/html"})


def failures(report: Report) -> list[str]:
    """The checks that failed."""
    return [verdict.check for verdict in report.failures]


@pytest.fixture
def mock_server() -> Iterator[MockServer]:
    """The reference mock server, its present fixed."""
    with MockServer(CONFIG) as server:
        yield server


def judge_reference(seed: int) -> None:
    """The reference mock server passes every check but those that ask for a second tenant, in less than a minute."""
    with MockServer(CONFIG) as server:
        begun = time.process_time()
        report = run_suite(mock_target(server), seed=seed)

    assert [] == [verdict for verdict in report.verdicts if verdict.outcome != "passed" and not verdict.excused]
    assert ["D-tenant-isolated"] == [verdict.check for verdict in report.with_outcome("untested")]
    assert 0 == report.exit_code(ci=True)
    assert time.process_time() - begun < 60


@pytest.mark.parametrize("seed", [0])
@pytest.mark.begins_first
def test_reference_conforms(seed: int) -> None:
    """The reference mock server conforms at every level."""
    judge_reference(seed)


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(1, 21))
def test_reference_conforms_whatever_the_seed(seed: int) -> None:
    """The reference mock server conforms at every level with 20 other seeds."""
    judge_reference(seed)


@pytest.mark.parametrize(
    ("changes", "most", "examples"),
    [({"token": None}, 2, 1), ({}, 2, 0), ({"allow_credential_probes": True}, 30, 0)],
)
def test_wrong_signatures_are_few(mock_server: MockServer, changes: dict[str, Any], most: int, examples: int) -> None:
    """A server that is no mock gets two wrong signatures in a whole run, random requests included, unless allowed."""
    report = run_suite(mock_target(mock_server, is_mock=False, **changes), levels="DE", max_examples=examples)

    assert [] == failures(report)
    assert 2 <= mock_server.record.signatures_refused <= most
    assert (most > 2) == (mock_server.record.signatures_refused > 2)


def test_another_server_conforms() -> None:
    """A server written by another hand passes; asked twice with one seed, it is asked the same, read-only."""
    targets = []
    for _ in range(2):
        with ScriptedServer(answer_well) as server:
            report = run_suite(small_target(server.url), max_examples=3)
        targets.append([asked.target for asked in server.asked])
        assert [] == failures(report), [str(verdict) for verdict in report.failures]
        assert () == report.with_outcome("errored")
        assert () == report.shortcomings

    # Requests that are sent side by side arrive in any order.
    assert sorted(targets[0]) == sorted(targets[1])


MIXED, SPARSE = {"failed", "passed", "untested"}, {"passed", "untested"}
NOTHING, UNREACHED = {"untested"}, {"errored"}
HTML_FAILS = {
    "A-content-type",
    "A-json",
    "A-undeclared-method",
    "A-undeclared-path",
    "C-nodes-operator",
    "D-missing",
    *(f"D-token-{each}" for each in ("other", "prefix", "longer", "case", "blank", "query")),
    "E-missing-parameter",
    "E-below-minimum",
    "E-above-maximum",
    "E-wrong-type",
    "E-fraction",
}
EXPECTATIONS: dict[str, tuple[Any, int, tuple[set[str], ...], set[str]]] = {
    "401 to everything": (json_answer(401, ERROR), 2, (SPARSE, NOTHING, NOTHING, SPARSE, NOTHING), set()),
    "HTML to everything": (HTML, 1, (MIXED, NOTHING, MIXED, MIXED, MIXED), HTML_FAILS),
    "no rows": (lambda asked: answer_runs_of_nobody(asked), 2, (SPARSE,) * 5, set()),  # noqa: PLW0108  it is defined below
    "down": (None, 2, (UNREACHED,) * 5, set()),
}
"""Servers that show too little: the answer to everything, the exit code, each level's outcomes, the failing checks."""


@pytest.mark.parametrize("row", EXPECTATIONS.values(), ids=EXPECTATIONS)
def test_expected_verdicts(row: tuple[Any, int, tuple[set[str], ...], set[str]]) -> None:
    """A server that shows too little gets exactly the verdict of its row, and never passes."""
    script, code, levels, failing = row
    with ScriptedServer(script or HTML) as server:
        report = run_suite(small_target(server.url), max_examples=0) if script else None
    report = report or run_suite(small_target(server.url), max_examples=0)

    found = tuple({verdict.outcome for verdict in report.verdicts if verdict.level == level} for level in "ABCDE")
    assert code == report.exit_code()
    assert levels == found
    assert failing == set(failures(report))
    assert report.shortcomings


@pytest.mark.parametrize(
    ("script", "code", "failing"),
    [
        (json_answer(401, ERROR), 2, set[str]()),
        (HTML, 1, {"A-content-type", "A-json"}),
        (json_answer(200, []), 1, {"A-envelope-shape"}),
        (json_answer(403, ERROR), 2, set[str]()),
        (lambda asked: answer_runs_of_nobody(asked), 2, set[str]()),  # noqa: PLW0108  it is defined below
    ],
    ids=["401 to everything", "HTML to everything", "an array to everything", "403 to everything", "no rows"],
)
def test_tells_what_it_cannot_judge(script: Answer | Callable[[Asked], Answer], code: int, failing: set[str]) -> None:
    """What a server shows too little of is not judged, and never passes."""
    with ScriptedServer(script) as server:
        report = run_suite(small_target(server.url), max_examples=0)

    assert code == report.exit_code(), [str(verdict) for verdict in report.failures]
    assert failing <= set(failures(report))
    assert report.shortcomings
    assert {"untested"} == {verdict.outcome for verdict in report.verdicts if verdict.check.startswith("C-window-a")}


def echo(asked: Asked) -> Answer:
    """An error response that repeats the token it was sent, from which a cut in the middle would leave half."""
    token = asked.headers.get("x-auth-token", "")
    return json_answer(403, {"error_code": "APIGW.0303", "error_msg": f"{'no ' * 55}{token}"})


def echo_what_is_closed(asked: Asked) -> Answer:
    """A good response, or an error response with the token for what the server does not have."""
    answer = answer_well(asked)
    return echo(asked) if answer.status in {404, 405} else answer


@pytest.mark.parametrize("script", [echo, echo_what_is_closed])
def test_no_text_of_a_report_has_a_secret(script: Callable[[Asked], Answer]) -> None:
    """A server that repeats the token, in its first response or for an operation that is closed, puts it nowhere."""
    with ScriptedServer(script) as server:
        report = run_suite(small_target(server.url), max_examples=0)

    assert TOKEN[:6] not in repr(report)
    assert "[Filtered]" in repr(report)


@pytest.mark.parametrize("token", ["ab", "Filter"])
def test_texts_keep_their_words_whatever_the_token(token: str) -> None:
    """A report loses only what holds a part of the token, not short or made-up values sent in place of it."""

    def forbid(asked: Asked) -> Answer:
        is_known = asked.headers.get("x-auth-token") == token
        answer = answer_well(replace(asked, headers={**asked.headers, "x-auth-token": TOKEN if is_known else ""}))
        return replace(answer, status=403) if answer.status == 401 else answer

    with ScriptedServer(forbid) as server:
        report = run_suite(small_target(server.url, token=token), levels="D", max_examples=0)

    (reason,) = {each.reason.partition(" (and")[0] for each in report.failures if each.check == "D-refusal-status"}
    assert "bad credentials are refused with 403 instead of 401" == reason


def test_only_parts_of_a_token_are_secret() -> None:
    """Of the values close to a token, those without four of its characters in a row are no secrets."""
    secrets = {
        token: {each for _, near in near_tokens(token) for each in parts_of(token, near)}
        for token in ("a-null-Token", "abcd", "xyz")
    }

    assert {"null", "*", "Basic Og=="}.isdisjoint(secrets["a-null-Token"])
    assert {"a-null-Toke", "a-null", "nekoT-llun-a", "A-NULL-TOKEN", "%61-null-Token"} <= secrets["a-null-Token"]
    assert {"dcba", "%61bcd", "ABCD", "abcdx"} <= secrets["abcd"]
    assert {"abc", "ab"}.isdisjoint(secrets["abcd"])
    assert set() == secrets["xyz"]


def answer_runs_of_nobody(asked: Asked) -> Answer:
    """A good answer that never has rows."""
    answer = answer_well(asked)
    if answer.status == 200 and b"status_code" in answer.content:
        return json_answer(200, {"status_code": 200, "body": '{"rows": [], "total": 0}'})
    return answer


def test_server_that_is_not_there() -> None:
    """A server that cannot be reached is judged by nothing."""
    with ScriptedServer(HTML) as server:
        url = server.url
    report = run_suite(small_target(url))

    assert 2 == report.exit_code()
    assert {"errored"} == {verdict.outcome for verdict in report.verdicts}
    assert "does not answer" in report.shortcomings[0]


def test_what_keeps_random_requests_from_asking_is_one_line() -> None:
    """An answer that schemathesis cannot read is told with its request, on one line and without secrets."""

    def cut(asked: Asked) -> Answer:
        answer = answer_well(asked)
        broken = {**answer.headers, "Transfer-Encoding": "chunked", "Connection": "close"}
        return replace(answer, headers=broken) if "limit=null" in asked.target else answer

    with ScriptedServer(cut) as server:
        report = run_suite(small_target(server.url), levels="A", max_examples=1)

    (told,) = report.shortcomings
    assert told.startswith("GET /v1/{project_id}/datamap/node/{task_id}/instances: Network Error Connection broken")
    assert "Reproduce with: curl" in told
    assert "\n" not in told
    assert TOKEN not in told


def test_names_the_third_level() -> None:
    """A deep defect is named by where it is, with a request that shows it and no secret."""
    with ScriptedServer(lambda asked: answer_well(asked, runningData='{"type": 5}')) as server:
        report = run_suite(small_target(server.url), levels="B", max_examples=0)

    (failure,) = report.failures
    assert "B-running-data" == failure.check
    assert failure.reason.startswith("$.body → $.rows[0].runningData → $.type: 5 is not of types")
    assert failure.curl is not None
    assert failure.curl.startswith('curl -sS --path-as-is -g -H "X-Auth-Token: $DATAMAP_TOKEN" ')
    assert TOKEN not in repr(report)


def test_random_requests_find_what_no_probe_does() -> None:
    """Random requests reach rows, and what only they meet is found, too."""

    def answer(asked: Asked) -> Answer:
        odd = "limit=10" not in asked.target and "schemathesis" in asked.headers.get("user-agent", "")
        return answer_well(asked, **({"planTime": "soon"} if odd else {}))

    with ScriptedServer(answer) as server:
        report = run_suite(small_target(server.url), levels="B", max_examples=10)

    assert ["B-row-shape"] == failures(report)


def test_stops_where_it_is_told_to() -> None:
    """A run that may stop at a failure sends nothing more."""
    with ScriptedServer(lambda asked: answer_well(asked, runningData="no JSON")) as server:
        report = run_suite(small_target(server.url), stop_on={"B-running-data"})

    assert ["B-running-data"] == failures(report)
    assert report.stopped
    assert 1 == len(server.asked)


def test_keeps_to_its_budget() -> None:
    """No more requests are sent than allowed, and what is left is untested."""
    with ScriptedServer(answer_well) as server:
        report = run_suite(small_target(server.url, max_requests=30), levels="BC")

    assert 30 == len(server.asked)
    assert 2 == report.exit_code()
    assert "the budget of 30 requests is spent" in report.shortcomings[0]


def test_waits_out_a_throttle() -> None:
    """A 429 is waited out as it says, and judged as what it is; the pace is kept between requests."""
    waits: list[float] = []
    now = [0.0]

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    throttled = Answer(b"{}", 429, {"Content-Type": "application/json", "Retry-After": "3"})
    with ScriptedServer(throttled, Answer(b"{}"), Answer(b"{}")) as server:
        pace = Pace(9, 0.5, lambda: now[0], sleep)
        with Caller(server.url, pace) as caller:
            request = Request(path="/", credential=Credential("good"))
            statuses = [caller.send(request).status for _ in range(2)]

    assert [200, 200] == statuses
    assert [3.0, 0.5] == waits


def test_never_sends_what_could_write() -> None:
    """A method that could write is refused before it is sent, alone or beside others, unless the server is a mock."""
    request = Request(method="DELETE", path="/", credential=Credential("good"))
    with (
        ScriptedServer(Answer(b"{}")) as server,
        Caller(server.url, Pace(9)) as caller,
    ):
        for send in (caller.send, lambda each: caller.send_together([each])):
            with pytest.raises(ValueError, match="DELETE could write"):
                send(request)

    assert [] == server.asked


@pytest.mark.parametrize(
    "own", [SecondTenant(task_id="941206", job_name="订单汇总_日报📊"), SecondTenant(task_id="937987")]
)
def test_asks_for_a_second_tenant_only_if_named(mock_server: MockServer, own: SecondTenant) -> None:
    """A second tenant's data that opens is a failure: without a job name, the target's own is sent."""
    report = run_suite(mock_target(mock_server, second_tenant=own, workspace_id=None), levels="D", max_examples=0)

    assert ["D-tenant-isolated"] == failures(report)


@pytest.mark.parametrize(
    ("keywords", "message"), [({"levels": "AX"}, "levels 'AX'"), ({"stop_on": {"A-nothing"}}, "A-nothing")]
)
def test_refuses_wrong_names(keywords: dict[str, Any], message: str) -> None:
    """Levels and checks that do not exist are refused before anything is sent."""
    with pytest.raises(ValueError, match=message):
        run_suite(small_target("http://127.0.0.1:1"), **keywords)


QUICK = ("--datamap-levels", "A", "--datamap-max-examples", "0")


def run_pytest(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the conformance tests as a stranger does who has a server of their own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DATAMAP_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-p", "dataarts_datamap_contract.pytest_conformance", "--pyargs"]
    command += ["dataarts_datamap_contract.pytest_suite", "-p", "no:cacheprovider", "-q", *arguments]
    return subprocess.run(
        command,
        cwd=CHECKOUT / "examples",
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**inherited, "PYTHONUTF8": "1", **(environment or {})},
        timeout=120,
    )


def test_tests_of_the_checkout() -> None:
    """What ``make contract`` runs judges the mock server, at the levels that are asked for."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DATAMAP_", "PYTEST_"))}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "contract_tests",
            "--datamap-levels",
            "A",
            "--datamap-max-examples",
            "0",
            "-q",
        ],
        cwd=CHECKOUT,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**inherited, "PYTHONUTF8": "1"},
        timeout=120,
    )

    checks = sum(check.level == "A" for check in CATALOGUE.values())
    assert 0 == done.returncode, done.stdout + done.stderr
    assert f"{checks + 1} passed" in done.stdout  # and one for whether the run saw enough


def test_pytest_plugin() -> None:
    """As a plugin of pytest, each check is a test, and a failure says what the report does; an old name warns."""
    with ScriptedServer(lambda asked: answer_well(asked, runningData='{"type": 5}')) as server:
        target = small_target(server.url)
        names = (
            "token",
            "project_id",
            "instance_id",
            "task_id",
            "job_name",
            "table_guid",
            "window_start",
            "window_end",
        )
        environment = {f"DATAMAP_{name.upper()}": str(getattr(target, name)) for name in names}
        options = ("--datamap-endpoint", server.url, "--datamap-levels", "B", "--max-examples", "0")
        done = run_pytest(*options, "-W", "default::DeprecationWarning", environment=environment)

    assert 1 == done.returncode, done.stdout + done.stderr
    checks = sum(check.level == "B" for check in CATALOGUE.values())
    assert "FAILED" in done.stdout
    assert "test_conforms[B-running-data]" in done.stdout
    assert "$.body → $.rows[0].runningData → $.type: 5 is not of types" in done.stdout
    assert f"1 failed, {checks - 7} passed, 7 skipped" in done.stdout
    assert TOKEN not in done.stdout + done.stderr
    assert 1 == done.stdout.count("DeprecationWarning: --max-examples has moved: write --datamap-max-examples")


def test_pytest_plugin_leaves_an_old_name_to_others(tmp_path: Path) -> None:
    """Where another plugin has an option of the name, that one keeps it, and the new name works."""
    (tmp_path / "other.py").write_text(
        "def pytest_addoption(parser):\n    parser.addoption('--levels', type=int, default=3)\n", encoding="utf-8"
    )
    options = ("-p", "other", "--levels", "7", "--datamap-levels", "A", "--collect-only")
    done = run_pytest(*options, environment={"PYTHONPATH": str(tmp_path)})

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "test_conforms[A-" in done.stdout
    assert "test_conforms[B-" not in done.stdout
    assert "DeprecationWarning" not in done.stdout


def test_pytest_plugin_refuses_an_incomplete_target() -> None:
    """Without what a server needs, one line says what to set; nothing is run."""
    done = run_pytest("--datamap-endpoint", "https://dayu.example.com", environment={"DATAMAP_TOKEN": TOKEN})

    assert 4 == done.returncode
    assert "ERROR: cannot aim at 'https://dayu.example.com': set project_id, instance_id, task_id" in done.stderr
    assert "with --datamap-target FILE; or let --datamap-discover --datamap-table GUID find" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
