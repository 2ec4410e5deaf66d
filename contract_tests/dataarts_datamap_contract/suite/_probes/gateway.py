"""Probes of the gateway in front of the operations: undeclared methods, paths and parameters, and content codings."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from dataarts_datamap_contract.suite._probes.ways import with_undeclared

if TYPE_CHECKING:
    from dataarts_datamap_contract.suite._http.messages import Request
    from dataarts_datamap_contract.suite._probes.session import Session

_SAFE = ("PROPFIND", "GET")
_WRITING = ("POST", "PUT", "PATCH", "DELETE")
_CLIENT_ERRORS = range(400, 500)
_NOT_IMPLEMENTED = 501


def probe_methods(session: Session) -> None:
    """Methods that are not declared are refused. One that could write is sent to a mock only."""
    allowed = session.target.undeclared_methods
    for method in (*_SAFE, *(_WRITING if session.target.is_mock else ())):
        for request in session.questions():
            if method in session.oracle.methods(request.path):
                continue
            exchange = session.send(session.authorize(_by(request, method)))
            status = exchange.response.status
            refused = status in allowed if allowed else status in _CLIENT_ERRORS or status == _NOT_IMPLEMENTED
            session.judge("A-undeclared-method", exchange, *([] if refused else [f"{method} is answered {status}"]))


def probe_optional_methods(session: Session) -> None:
    """HEAD and OPTIONS may be served or refused, but break nothing; the invariants judge the responses."""
    for method in ("HEAD", "OPTIONS"):
        for request in session.questions():
            session.send(session.authorize(_by(request, method)))


def _by(request: Request, method: str) -> Request:
    return replace(request, method=method, content=b"", is_question=False)


def probe_paths(session: Session) -> None:
    """Undeclared paths are refused. A POST to one is sent to a mock only."""
    for request in session.questions():
        for path in (
            f"{request.path}/x",
            f"{request.path}x",
            re.sub("/v[0-9]/", "/v9/", request.path, count=1),
            request.path.replace("/datamap/", "/datamapx/", 1),
        ):
            odd = replace(request, path=path)
            is_safe = request.method == "GET" or session.target.is_mock
            if is_safe and session.oracle.judge(odd).operation is None:
                exchange = session.send(session.authorize(odd))
                status = exchange.response.status
                problems = [] if status in _CLIENT_ERRORS else [f"an undeclared path is answered {status}"]
                session.judge("A-undeclared-path", exchange, *problems)


def probe_parameters(session: Session) -> None:
    """Undeclared parameters are refused or ignored; the asset world compares the responses with and without them."""
    for request in (*session.questions(), *with_undeclared(session)):
        session.send(session.authorize(request))


def probe_codings(session: Session) -> None:
    """To a client that accepts every usual content coding, a response claims none that its body does not have."""
    for request in session.questions():
        accepting = replace(request, fields=(*request.fields, ("Accept-Encoding", "gzip, deflate, br, zstd")))
        session.judge_coding(session.authorize(accepting))
