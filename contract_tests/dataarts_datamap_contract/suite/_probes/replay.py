"""Probes that put one question in several ways: signed, compressed, side by side with others, on another connection."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from dataarts_datamap_contract.suite._http.credentials import NOBODY
from dataarts_datamap_contract.suite._judging.invariants.common import ASSETS
from dataarts_datamap_contract.suite._probes.filters import near_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataarts_datamap_contract.suite._http.messages import Request
    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session
    from dataarts_datamap_contract.suite._probes.study import Study

_MOST_OTHERS = 3


def probe_replay(session: Session, study: Study) -> None:
    """How a question travels changes nothing in its response."""
    questions = list(_questions(session, study))
    expected = [session.send(question) for question in questions]
    ways = [
        ("with gzip", [_with(each, ("Accept-Encoding", "gzip")) for each in questions]),
        ("on a connection that closes", [_with(each, ("Connection", "close")) for each in questions]),
        ("with header names in capitals", [_in_capitals(each) for each in questions]),
    ]
    if session.target.access_key is not None and session.target.token is not None:
        ways.append(("signed", [session.sign(replace(each, credential=NOBODY)) for each in questions]))
    for how, requests in ways:
        for first, request in zip(expected, requests, strict=True):
            _judge_same(session, first, session.send(request), how)
    for first, exchange in zip(expected, session.send_together(questions), strict=True):
        _judge_same(session, first, exchange, "side by side with others")
    _probe_memory(session)


def _questions(session: Session, study: Study) -> Iterator[Request]:
    """Questions whose responses differ."""
    target = session.target
    yield session.runs_request(**study.window)
    yield session.runs_request(limit=26)
    yield session.runs_request(offset=1, limit=7)
    yield session.runs_request(limit=100)
    yield session.runs_request(limit=100, start_time=study.start)
    for job in target.known_jobs[:_MOST_OTHERS]:
        yield session.runs_request(task_id=job.task_id, job_name=job.job_name, workspace_id=job.workspace_id)
    yield from (each for each in session.questions() if each.path != session.runs_request().path)


def _probe_memory(session: Session) -> None:
    """A request says by itself what it asks for: nothing of the one before it stays with the connection."""
    plain = session.runs(workspace_id=None)
    workspace_id = session.target.workspace_id
    other = near_id(workspace_id)[0] if workspace_id else None
    for before in ({"workspace_id": other}, {"job_name": "no-such-operator-5f1c09"}, {"offset": 1, "limit": 3}):
        if None not in before.values():
            session.runs(**before)
            _judge_same(session, plain, session.runs(workspace_id=None), f"after one with another {', '.join(before)}")


def _with(request: Request, field: tuple[str, str]) -> Request:
    return replace(request, fields=(*request.fields, field))


def _in_capitals(request: Request) -> Request:
    credential = request.credential
    return replace(
        request,
        fields=tuple((name.upper(), value) for name, value in request.fields),
        credential=replace(credential, fields=tuple((name.upper(), value) for name, value in credential.fields)),
    )


def _judge_same(session: Session, first: Exchange, exchange: Exchange, how: str) -> None:
    status, before = exchange.response.status, first.response.status
    if status != before:
        problem = f"a request {how} is answered {status}, and {before} before"
    elif _shown(first) != _shown(exchange):
        problem = f"a request {how} shows other data than before"
    else:
        problem = ""
    if problem and exchange.operation_id in ASSETS:
        session.doubt("C-replay", exchange, problem, first)
    else:
        session.ledger.judge("C-replay", exchange, *([problem] if problem else []), earlier=first)


def _shown(exchange: Exchange) -> tuple[list[str], int | None]:
    response = exchange.response
    if exchange.operation_id in ASSETS:
        return [json.dumps(response.document, sort_keys=True)], None
    rows = [json.dumps(row, sort_keys=True) for row in response.rows]
    operators = sorted(json.dumps(each, sort_keys=True) for each in response.operators)
    return [*rows, *operators], response.page.total if response.page else None
