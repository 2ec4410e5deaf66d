"""Each probe of the suite judges what it is there for, names what is wrong, and treats a live server gently."""

from __future__ import annotations

import random
import re
from contextlib import contextmanager
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataarts_datamap_contract.mock import MockServer
from dataarts_datamap_contract.specification import load_specification
from dataarts_datamap_contract.suite import SecondTenant
from dataarts_datamap_contract.suite._http.caller import BudgetSpentError, Caller, NoResponseError, Pace
from dataarts_datamap_contract.suite._http.credentials import NOBODY, Signer, near_tokens, tokens_in_query
from dataarts_datamap_contract.suite._judging.ledger import Ledger
from dataarts_datamap_contract.suite._judging.oracle import Oracle
from dataarts_datamap_contract.suite._probes import (
    bad_input,
    credentials,
    filters,
    gateway,
    grid,
    operators,
    replay,
)
from dataarts_datamap_contract.suite._probes.order import EVERY_PROBE
from dataarts_datamap_contract.suite._probes.session import Session
from dataarts_datamap_contract.suite._probes.study import find_study
from dataarts_datamap_contract.suite._probes.ways import WAYS
from dataarts_datamap_contract.suite.catalogue import CATALOGUE, CHECKED_OPERATIONS
from support.mock_target import CONFIG, mock_target
from support.scripted_server import Answer, Asked, ScriptedServer, raw_server
from support.small_service import COUNT, ERROR, START, STEP, TOKEN, answer_well, json_answer, small_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dataarts_datamap_contract.suite import Target

SAFE = {"GET", "HEAD", "OPTIONS", "PROPFIND"}
QUESTIONS = r"/v3/[^/]*/datamap/entities/search(\?|$)|/v1/[^/]*/datamap/entities/guids(\?|$)"
PACE = Pace(800)
BLANK = b'{"status_code": 200, "body": "{\\"rows\\": [], \\"total\\": 0}"}'


@contextmanager
def session_with(target: Target, pace: Pace = PACE, *, assets: bool = False) -> Iterator[Session]:
    """A run's way to a server, before anything was asked but whether it shows assets."""
    ledger = Ledger(target, "ABCDE", frozenset())
    ledger.served |= CHECKED_OPERATIONS if assets else {"ShowInstanceInfos", "ShowNodes"}
    with Caller(target.endpoint, pace, may_write=target.is_mock) as caller:
        yield Session(target, caller, ledger, Oracle(load_specification()), generator=random.Random(0))


def run(session: Session, probe: Callable[..., None]) -> None:
    """Run one probe, with a study of the window if it takes one."""
    if probe.__code__.co_argcount == 1:
        probe(session)
        return
    study = find_study(session)
    assert study is not None
    probe(session, study)


def failing(session: Session) -> set[str]:
    """The checks that failed."""
    return {verdict.check for verdict in session.ledger.verdicts() if verdict.outcome == "failed"}


@pytest.mark.parametrize("step", EVERY_PROBE, ids=lambda step: step.probe.__name__)
def test_judges_what_it_is_there_for(step: Any) -> None:
    """Alone, against the reference as a live server, a probe judges or excuses each of its checks, and all is well."""
    second = SecondTenant(project_id="1" * 32)
    with (
        MockServer(CONFIG) as server,
        session_with(mock_target(server, is_mock=False, second_tenant=second), assets=True) as session,
    ):
        run(session, step.probe)
        verdicts = {verdict.check: verdict for verdict in session.ledger.verdicts()}

        assert set() == failing(session)
        assert set() == {check for check in step.checks if not (verdicts[check].judged or verdicts[check].excused)}
        others = [asked for asked in server.record.requests if asked["method"] not in SAFE]
        assert {"POST"} >= {asked["method"] for asked in others}
        assert all(re.search(QUESTIONS, asked["target"]) for asked in others)
        assert server.record.signatures_refused <= 2
        assert len(session.ledger.seen) <= (700 if step.probe is grid.probe_grid else 300)


@pytest.mark.parametrize("step", EVERY_PROBE, ids=lambda step: step.probe.__name__)
def test_stops_at_the_end_of_its_budget(step: Any) -> None:
    """A probe sends nothing once no request is left, and the run hears of it."""
    target = small_target(
        "http://127.0.0.1:1", access_key="key", secret_key="secret", second_tenant=SecondTenant(project_id="2")
    )
    with session_with(target, Pace(0), assets=True) as session, pytest.raises(BudgetSpentError):
        run(session, step.probe)


def test_bodies_in_chunks_without_a_response_are_not_sent_again() -> None:
    """After the first one, bodies go in one piece, signed anew; a wrong signature is sent as it is, and stays wrong."""
    end = Event()

    def silent_at_chunks(asked: Asked) -> Answer:
        if "transfer-encoding" in asked.headers:
            end.wait()
        return json_answer(200, {})

    pace = Pace(10, timeout=0.2)
    with (
        ScriptedServer(silent_at_chunks) as server,
        session_with(small_target(server.url, token=None, access_key="key", secret_key="secret"), pace) as session,
    ):
        bare = replace(session.question("ShowDataSets"), credential=NOBODY)
        chunked = WAYS["in chunks"](session, bare)
        assert chunked is not None
        with pytest.raises(NoResponseError, match="ReadTimeout"):
            session.send(session.sign(chunked))
        assert bare.fields == session.send(session.sign(chunked)).request.fields
        signer = Signer(session.target, session.host, session.base_path, session.clock())
        with pytest.raises(NoResponseError, match="ReadTimeout"):
            session.send(signer.sign_wrongly(chunked, secret_key="another"))
        end.set()
    assert [True, True, False, True, True] == ["transfer-encoding" in asked.headers for asked in server.asked]


def test_a_broken_response_to_one_of_several_requests_is_a_failure() -> None:
    """It counts as a broken response to a single request does; the requests beside it are shown before it."""
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\n{}") as url, session_with(small_target(url)) as session:
        with pytest.raises(NoResponseError):
            session.send_together(session.questions())
        (verdict,) = (each for each in session.ledger.verdicts() if each.outcome == "failed")
    assert ("A-answer-whole", 2) == (verdict.check, str(verdict.curl).count("curl "))


def test_show_nodes_is_not_called_without_a_table() -> None:
    """Not even with a wrong signature."""
    with (
        MockServer(CONFIG) as server,
        session_with(mock_target(server, table_guid=None)) as session,
    ):
        credentials.probe_signatures(session)
        asked = [request["target"] for request in server.record.requests]
    assert asked
    assert [] == [target for target in asked if "/datamap/table/" in target]


def asked_as(pattern: str, replacement: str | Callable[[re.Match[str]], str]) -> Callable[[Asked], Answer]:
    """Answers well what it takes the request for, as sent or, if only that matches, decoded."""

    def answer(asked: Asked) -> Answer:
        decoded = f"{unquote(asked.target)}&"
        is_encoded = not re.search(pattern, asked.target) and re.search(pattern, decoded)
        target = decoded if is_encoded else asked.target
        return answer_well(replace(asked, target=re.sub(pattern, replacement, target)))

    return answer


def if_asked(pattern: str, answer: Answer, *, method: str = "GET") -> Callable[[Asked], Answer]:
    """Answers well but what has a pattern in its target."""
    return lambda asked: answer if asked.method == method and re.search(pattern, asked.target) else answer_well(asked)


def with_headers(change: Callable[[dict[str, str]], dict[str, str]]) -> Callable[[Asked], Answer]:
    """Answers well what it takes the header fields for."""
    return lambda asked: answer_well(replace(asked, headers=change(asked.headers)))


def whole_steps(step: int) -> Callable[[re.Match[str]], str]:
    """A number cut down to a multiple."""
    return lambda match: f"{match[1]}{int(match[2]) // step * step}"


def alternating() -> Callable[[Asked], Answer]:
    """Each second answer lacks the first run."""
    turn = iter(range(10_000))
    return lambda asked: (
        asked_as(r"start_time=\d+", f"start_time={START + STEP}")(asked) if next(turn) % 2 else answer_well(asked)
    )


def in_order(asked: Asked) -> Answer:
    """Reads parameters by their place."""
    names = re.findall(r"[?&](\w+)=", asked.target)
    usual = ["job_name", "start_time", "end_time", "offset", "limit"]
    return answer_well(asked) if names in ([], usual) else Answer(BLANK)


def with_gzip_of_nothing(asked: Asked) -> Answer:
    """Has no runs for whoever takes gzip."""
    pages = "gzip" in asked.headers.get("accept-encoding", "") and "/instances" in asked.target
    return Answer(BLANK) if pages else answer_well(asked)


def open_behind_a_slash(asked: Asked) -> Answer:
    """Asks nobody who comes by a path that ends with a slash."""
    if "/?" not in asked.target:
        return answer_well(asked)
    headers = {**asked.headers, "x-auth-token": TOKEN}
    return answer_well(replace(asked, target=asked.target.replace("/?", "?"), headers=headers))


FAILURE, REFUSAL, ABSENT = json_answer(500, ERROR), json_answer(400, ERROR), json_answer(404, ERROR)
NOBODYS = json_answer(200, [])
OPERATORS = json_answer(200, [{"task_id": "1", "job_name": "job/1", "workspace_id": "w"}])

DEVIATIONS: list[tuple[Callable[..., None], str, Callable[[Asked], Answer]]] = [
    (gateway.probe_methods, "A-undeclared-method", if_asked("", NOBODYS, method="PROPFIND")),
    (gateway.probe_optional_methods, "A-server-error", if_asked("", FAILURE, method="OPTIONS")),
    (gateway.probe_paths, "A-undeclared-path", if_asked("/v9/", NOBODYS)),
    (grid.probe_grid, "C-walk-complete", if_asked("offset=10", Answer(BLANK))),
    (grid.probe_grid, "C-offset-slice", asked_as("offset=1&", "offset=2&")),
    (grid.probe_grid, "C-offset-beyond-end", asked_as(f"offset={COUNT}&", "offset=0&")),
    (grid.probe_grid, "C-offset-beyond-end", asked_as("offset=(65536|2147483647)", "offset=0")),
    (replay.probe_replay, "C-replay", alternating()),
    (grid.probe_grid, "C-offset-slice", asked_as(f"offset={COUNT // 2}&", "offset=0&")),
    (grid.probe_grid, "C-window-adds-up", asked_as(r"start_time=\d+(.*offset=[1-9])", r"start_time=1\1")),
    (grid.probe_grid, "C-window-adds-up", asked_as(r"(end_time=)(\d+)", whole_steps(5 * STEP))),
    (grid.probe_grid, "C-window-adds-up", if_asked("start_time=0&", Answer(BLANK))),
    (grid.probe_grid, "C-window-adds-up", lambda asked: _early_if_long(asked)),  # noqa: PLW0108  it is defined below
    (grid.probe_grid, "C-window-reversed", lambda asked: _turned_round(asked)),  # noqa: PLW0108  it is defined below
    (replay.probe_replay, "C-replay", with_gzip_of_nothing),
    (credentials.probe_paths, "D-missing", open_behind_a_slash),
    (filters.probe_near, "C-job-name-case", asked_as("job_name=JOB&", "job_name=job&")),
    (filters.probe_near, "C-job-name-other", asked_as(r"job_name=job%E2%80%8B", "job_name=job")),
    (filters.probe_near, "C-job-name-wildcard", asked_as(r"job_name=%25", "job_name=job")),
    (filters.probe_near, "C-task-id-other", asked_as("/node/93798%25/", "/node/937987/")),
    (filters.probe_near, "C-workspace-other", asked_as("workspace_id=(%2A|%25)", "workspace_id=w")),
    (filters.probe_tables, "C-table-other", asked_as("/table/[^/]+/", "/table/guid/")),
    (
        filters.probe_near,
        "C-replay",
        lambda asked: answer_well(replace(asked, target=unquote(asked.target))),
    ),
    (replay.probe_replay, "C-replay", in_order),
    (operators.probe_nodes, "C-nodes-operator", if_asked("/table/", NOBODYS)),
    (operators.probe_operators, "C-nodes-chain", lambda asked: _refused_chain(asked)),  # noqa: PLW0108  it is defined below
    (
        credentials.probe_tokens,
        "D-token-longer",
        with_headers(lambda headers: {**headers, "x-auth-token": headers.get("x-auth-token", "").split(",")[0]}),
    ),
    (
        credentials.probe_others,
        "D-instance-other",
        with_headers(lambda headers: {**headers, "instance": headers["instance"] or "instance"}),
    ),
    (credentials.probe_second_tenant, "D-tenant-isolated", asked_as("/v1/second/", "/v1/project/")),
    (bad_input.probe_missing, "E-missing-parameter", with_headers(lambda headers: {"instance": "instance", **headers})),
    (bad_input.probe_bad_numbers, "E-below-minimum", asked_as("limit=(0|-1|0x0)$", "limit=1")),
    (bad_input.probe_bad_numbers, "E-wrong-type", lambda asked: _with_a_date(asked)),  # noqa: PLW0108  see below
    (bad_input.probe_minimum, "E-minimum-refused", if_asked("start_time=0&end_time=0&", REFUSAL)),
    (bad_input.probe_maximum, "E-maximum-unserved", if_asked("limit=2147483647", ABSENT)),
    (bad_input.probe_optional, "E-optional-refused", lambda asked: _with_workspace(asked)),  # noqa: PLW0108  see below
    (bad_input.probe_doubtful, "A-server-error", if_asked("workspace_id=f{300}", FAILURE)),
]


def _early_if_long(asked: Asked) -> Answer:
    start, end = (int(found[1]) if (found := re.search(f"{name}=(\\d+)", asked.target)) else 0 for name in _ENDS)
    return answer_well(asked) if end - start < 5 * STEP else asked_as(_ENDS[0] + r"=\d+", f"{_ENDS[0]}={START}")(asked)


def _with_a_date(asked: Asked) -> Answer:
    return asked_as("limit=2024-01-31", "limit=1")(replace(asked, target=unquote(asked.target)))


def _turned_round(asked: Asked) -> Answer:
    start, end = (int(found[1]) if (found := re.search(f"{name}=(\\d+)", asked.target)) else 0 for name in _ENDS)
    return answer_well(asked) if start <= end else asked_as(f"{_ENDS[1]}=\\d+", f"{_ENDS[1]}={start + STEP}")(asked)


_ENDS = ("start_time", "end_time")


def _refused_chain(asked: Asked) -> Answer:
    return OPERATORS if "/table/" in asked.target else if_asked("job%2F1", REFUSAL)(asked)


def _with_workspace(asked: Asked) -> Answer:
    return answer_well(asked) if "workspace_id=" in asked.target or "/table/" in asked.target else REFUSAL


@pytest.mark.parametrize(
    ("probe", "check", "script"), DEVIATIONS, ids=[f"{probe.__name__}-{check}" for probe, check, _ in DEVIATIONS]
)
def test_names_what_is_wrong(probe: Callable[..., None], check: str, script: Callable[[Asked], Answer]) -> None:
    """A probe finds one small deviation of an otherwise good server, and its check says so."""
    second = SecondTenant(project_id="second")
    with (
        ScriptedServer(script) as server,
        session_with(small_target(server.url, second_tenant=second, workspace_id=_workspace(probe))) as session,
    ):
        run(session, probe)

        assert check in failing(session)
        assert {asked.method for asked in server.asked} <= SAFE


def _workspace(probe: Callable[..., None]) -> str | None:
    return "w" if probe in {filters.probe_near, bad_input.probe_optional, bad_input.probe_doubtful} else None


@given(st.text(min_size=1, max_size=12).filter(str.strip))
def test_a_near_name_is_another_one(name: str) -> None:
    """No name that only nearly is the real one is the real one, and each is for a check that there is."""
    near = list(filters.near_names(name))

    assert name not in [each for _, each in near]
    assert {check for check, _ in near} <= CATALOGUE.keys()


@example("null")
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=2, max_size=40))
def test_a_near_id_is_another_one(value: str) -> None:
    """No id and no token that only nearly is the real one is the real one; no token goes into a report."""
    assert value not in filters.near_id(value)
    assert value not in filters.wild_ids(value)
    for _, credential in near_tokens(value):
        assert "bad" == credential.standing
        assert ("X-Auth-Token", value) not in credential.fields
        assert all(value not in shown for shown in credential.shown if len(value) > 20)
    for credential in tokens_in_query(value):
        assert () == credential.fields


def test_wrong_numbers_are_wrong() -> None:
    """What is sent as a bad number is never valid, and all but a few spellings are invalid."""
    with ScriptedServer(answer_well) as server, session_with(small_target(server.url)) as session:
        run(session, bad_input.probe_bad_numbers)

    standings = [exchange.judgement.standing for exchange in session.ledger.seen]
    assert {"invalid", "unsure"} == set(standings)
    assert standings.count("unsure") < len(standings) / 10
