"""Probes of credentials and of what belongs to others."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract.suite._http.credentials import NOBODY, Signer, near_tokens, parts_of, tokens_in_query
from dataarts_datamap_contract.suite._judging.invariants.common import DETAIL, DETAILS, LINEAGE, NODES, RUNS
from dataarts_datamap_contract.suite._probes.assets.details import UNKNOWN_GUID
from dataarts_datamap_contract.suite._probes.contexts import varied_question, varied_questions
from dataarts_datamap_contract.suite._probes.filters import near_id, wild_ids
from dataarts_datamap_contract.suite._probes.ways import (
    FORWARDED,
    ask_wrongly,
    forwarded,
    renewed,
    with_undeclared,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataarts_datamap_contract.suite._http.messages import Credential, Request
    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session
    from dataarts_datamap_contract.suite.target import Target

_SUCCESS = range(200, 400)
_UNAUTHORIZED = 401
_LEAST_WRONG: Final = 2
_ALLOWED_WRONG: Final = 30
_VARIED: Final = 5
_LISTS = "&".join(
    f"{name}={value}"
    for name, values in (
        ("relationship_type_categories", ("PARENT_CHILD", "DATA_FLOW")),
        ("related_entity_types", ("dataasset.Table", "dataasset.Column", "dataasset.Table")),
    )
    for value in values
)
_UNUSUAL_NAME = "订单/汇总 <a>+%&=*~"
TOKEN_CHECKS = tuple(f"D-token-{each}" for each in ("other", "prefix", "longer", "case", "blank", "query"))
ID_CHECKS = ("D-project-other", "D-instance-other", "C-asset-other")
_COSTLY_CHECKS = ("D-signature-stale", "D-signature-undated", "D-access-key-other")
SIGNATURE_CHECKS = ("D-signature-accepted", "D-signature-wrong", "D-signature-tampered", *_COSTLY_CHECKS)


def probe_tokens(session: Session) -> None:
    """No operation is served without a token, or with one that is only almost right."""
    token = session.target.token
    if token is None:
        session.ledger.excuse("the target has no token", *TOKEN_CHECKS)
        _refuse(session, "D-missing", NOBODY, 0)
        return
    if token.upper() == token.lower():
        session.ledger.excuse("the target's token has no letters", "D-token-case")
    for fields in FORWARDED:
        for request in session.questions(credential=NOBODY):
            claiming = replace(request, fields=(*request.fields, *fields))
            _judge_refused(session, "D-missing", ask_wrongly(session, claiming))
    for number, (check, credential) in enumerate(near_tokens(token)):
        session.ledger.secrets.update(parts_of(token, credential))
        _refuse(session, check, credential, number)
    if session.target.is_mock or session.target.allow_credential_probes:
        for number, credential in enumerate(tokens_in_query(token)):
            _refuse(session, "D-token-query", credential, number)


def probe_paths(session: Session) -> None:
    """However a path is spelled, it needs credentials. A POST to an odd path is sent to a mock only."""
    for request in session.questions(credential=NOBODY):
        is_safe = request.method == "GET" or session.target.is_mock
        for path in _spellings(request.path) if is_safe else ():
            exchange = session.send(replace(request, path=path))
            problem = f"the path {path} is answered with data" if exchange.response.has_data else ""
            session.judge("D-missing", exchange, *([problem] if problem else []))


def _spellings(path: str) -> Iterator[str]:
    """Spellings of a path that a gateway may read differently than the server behind it."""
    begin, _, end = path.rpartition("/")
    yield from (f"/{path}", f"{path}/", f"{path};x=1", f"{begin}//{end}", f"{begin}/./{end}", f"{begin}/x/../{end}")
    yield from (
        f"{begin}/%{ord(end[0]):02X}{end[1:]}",
        f"{begin}/{end.upper()}",
        f"{path}%2F",
        f"{path}.json",
        f"/.{path}",
        f"{path[:2].upper()}{path[2:]}",
    )


def probe_signatures(session: Session) -> None:
    """A good signature is served, and a wrong one is not; only as many wrong ones are sent as the target allows."""
    if session.target.access_key is None:
        session.ledger.excuse("the target has no access key", *SIGNATURE_CHECKS)
        return
    _accept_signatures(session)
    most = _most_wrong(session.target)
    if most == _LEAST_WRONG:
        session.ledger.excuse(
            "only asked of a mock, or with allow_credential_probes, since it can lock a key", *_COSTLY_CHECKS
        )
    for check, request in islice(_wrong_signatures(session), most):
        exchange = session.send(request)
        _judge_refused(session, check, exchange)
        # A good signature in between keeps a key that counts failures from being locked.
        session.send(_signer(session).sign(session.runs_request(credential=NOBODY, limit=1)))


def probe_others(session: Session) -> None:
    """No data is served for ids that are almost those of the target."""
    target, guid = session.target, session.table_guid
    for check, name, value in (
        ("D-project-other", "project_id", target.project_id),
        ("D-instance-other", "instance", target.instance_id),
        *([("C-asset-other", "guid", guid)] if guid else []),
    ):
        blank = {"instance": [""], "guid": [UNKNOWN_GUID]}.get(name, [])
        others = [*near_id(value, in_capitals=name != "guid"), *wild_ids(value), *blank]
        for number, other in enumerate(others):
            if (name == "instance" and other != other.strip()) or _is_known(session, other):
                continue  # a header field's value has no blanks at its ends
            for request in _with_other(session, number, **{name: other}):
                claiming = request if number % 2 else renewed(session, forwarded(session, request))
                _judge_closed(session, check, ask_wrongly(session, claiming), f"{name} {other!r}")
        if target.token is None or name == "guid":
            continue  # official signers leave instance_id out: a signature over it may count as wrong, and lock a key
        for request in session.questions(**{name: others[0]}):
            beside = session.authorize(replace(_beside(request, value), credential=NOBODY))
            _judge_closed(session, check, session.send(beside), f"{name} in another place")


def _is_known(session: Session, guid: str) -> bool:
    known = session.ledger.world.assets
    return guid in known.assets or guid in known.ends


def _with_other(session: Session, number: int, **other: str) -> Iterator[Request]:
    """Requests with another id; if it is a GUID, only requests for details and for lineage."""
    if "guid" not in other:
        yield from varied_questions(session, number, **other)
        return
    for operation_id in filter(session.asks_for, (DETAIL, DETAILS, LINEAGE)):
        changes: dict[str, Any] = {"document": [other["guid"]]} if operation_id == DETAILS else other
        yield varied_question(session, operation_id, number, **changes)


def _beside(request: Request, value: str) -> Request:
    """The request with an id added in places where it does not belong."""
    decoys = [("X-Project-Id", value), ("X-Instance-Id", value), ("instance_id", value)]
    query = "&".join(part for part in (request.query, f"project_id={value}&instance={value}") if part)
    return replace(request, fields=(*request.fields, *decoys), query=query)


def probe_second_tenant(session: Session) -> None:
    """What belongs to a second tenant, if the target names one, stays closed."""
    second = session.target.second_tenant
    if second is None:
        session.ledger.excuse("the target names no second tenant", "D-tenant-isolated")
        return
    scope = {"project_id": second.project_id, "instance": second.instance_id}
    job_name = second.job_name or session.target.job_name
    operator = {"task_id": second.task_id, "job_name": job_name} if second.task_id else {}
    scopes: list[dict[str, Any]] = [{name: value} for name, value in scope.items() if value is not None]
    scopes += [scope] if None not in scope.values() else []
    asked = [
        (request, changes)
        for number, changes in enumerate(scopes * 2)
        for request in varied_questions(session, number, **changes)
    ]
    if operator:
        asked += [(session.runs_request(**each, **operator), {**each, **operator}) for each in (*scopes, {})]
    if second.table_guid is not None:
        table = {"guid": second.table_guid}
        for each in (*scopes, {}):
            asked += [
                (session.question(operation_id, **each, **table), {**each, **table})
                for operation_id in (NODES, DETAIL, LINEAGE)
                if session.asks_for(operation_id)
            ]
    for number, (request, changes) in enumerate(asked):
        claiming = request if number % 2 else renewed(session, forwarded(session, request))
        _judge_closed(session, "D-tenant-isolated", session.send(claiming), f"a second tenant's {', '.join(changes)}")


def _refuse(session: Session, check: str, credential: Credential, number: int) -> None:
    for request in varied_questions(session, number, credential=credential):
        claiming = forwarded(session, request) if number % 2 else request
        _judge_refused(session, check, ask_wrongly(session, claiming))


def _judge_refused(session: Session, check: str, exchange: Exchange) -> None:
    status = exchange.response.status
    open_to_all = status in _SUCCESS
    session.judge(check, exchange, *([f"{exchange.operation_id} is answered {status}"] if open_to_all else []))


def _judge_closed(session: Session, check: str, exchange: Exchange, what: str) -> None:
    response = exchange.response
    is_there = check == "C-asset-other" and isinstance(response.members.get("entity"), dict)
    problems = [f"{what} is answered with data"] if response.has_data or is_there else []
    session.judge(check, exchange, *problems)


def _signer(session: Session) -> Signer:
    return Signer(session.target, session.host, session.base_path, session.clock())


def _accept_signatures(session: Session) -> None:
    unusual = session.runs_request(credential=NOBODY, job_name=_UNUSUAL_NAME)
    varied = [each for number in range(2) for each in varied_questions(session, number, credential=NOBODY)]
    lists = [session.question(LINEAGE, credential=NOBODY, query=_LISTS)] if session.asks_for(LINEAGE) else []
    for request in (*varied, unusual, *lists, *with_undeclared(session)):
        exchange = session.send(_signer(session).sign(request))
        refused = exchange.response.status == _UNAUTHORIZED
        session.judge("D-signature-accepted", exchange, *(["a good signature is refused with 401"] if refused else []))


def _most_wrong(target: Target) -> int | None:
    """How many wrong signatures a run may send, since a few in a row lock a real key; None for any number."""
    if target.is_mock:
        return None
    return _ALLOWED_WRONG if target.allow_credential_probes else _LEAST_WRONG


def _wrong_signatures(session: Session) -> Iterator[tuple[str, Request]]:
    """Requests with wrong signatures: the two that reveal the most, then some for each check, then many more."""
    signer = _signer(session)
    key, access_key = signer.secret_key, signer.access_key
    runs = session.runs_request(credential=NOBODY)
    yield "D-signature-wrong", signer.sign_wrongly(runs, secret_key=f"{key}x")
    # A server that remembers good signatures must not accept one again for another request.
    session.send(signer.sign(runs))
    yield "D-signature-tampered", signer.sign_other(runs, session.runs_request(credential=NOBODY, limit=9))
    for minutes in (-17, 17, -24 * 60, *((-12 * 60,) if session.target.is_mock else ())):
        stale = varied_question(session, RUNS, minutes, credential=NOBODY)
        yield "D-signature-stale", signer.sign_at(stale, timedelta(minutes=minutes))
    yield "D-signature-stale", signer.sign_redated(runs, timedelta(minutes=-17))
    yield "D-signature-undated", signer.sign_undated(runs)
    elsewhere = Signer(session.target, "example.com", session.base_path, session.clock())
    yield "D-signature-tampered", elsewhere.sign_other(runs, runs)
    yield "D-signature-tampered", signer.sign_other(replace(runs, method="POST"), runs)
    for other_key in (f"{access_key}0", access_key[:-1], access_key.swapcase()):
        if other_key not in {access_key, ""}:
            yield "D-access-key-other", signer.sign_wrongly(runs, access_key=other_key)
    for position in (0, -1):
        yield "D-signature-wrong", signer.sign_nearly(runs, position)
    yield from _wrong_for_all(session, 0)
    if session.asks_for(NODES):
        nodes, other = (session.nodes_request(credential=NOBODY, **ids) for ids in ({}, {"guid": "1"}))
        yield "D-signature-tampered", signer.sign_other(other, nodes)
    others = list(_others(session, runs))
    for signed, sent in (*((runs, other) for other in others), *((other, runs) for other in others)):
        session.send(signer.sign(signed))
        yield "D-signature-tampered", signer.sign_other(signed, sent)
    for number in range(1, _VARIED):
        yield from _wrong_for_all(session, number)


def _wrong_for_all(session: Session, number: int) -> Iterator[tuple[str, Request]]:
    """For each operation, a request signed with a wrong key; if it has a body, also one signed for another body."""
    signer = _signer(session)
    key = signer.secret_key
    for request in varied_questions(session, number, credential=NOBODY):
        yield "D-signature-wrong", signer.sign_wrongly(request, secret_key=key[:-1] if number % 2 else f"{key}x")
        if request.is_question:
            signed = _with_stated_hash(request) if number % 2 else request
            session.send(signer.sign(signed))
            yield "D-signature-tampered", signer.sign_other(signed, replace(signed, content=signed.content + b" "))


def _with_stated_hash(request: Request) -> Request:
    """The request with a header that states the hash of its body; a server must hash the body itself."""
    stated = ("X-Sdk-Content-Sha256", hashlib.sha256(request.content).hexdigest())
    return replace(request, fields=(*request.fields, stated))


def _others(session: Session, runs: Request) -> Iterator[Request]:
    """Requests that differ from a given one in a single signed part."""
    for name in ("task_id", "instance", "project_id"):
        yield session.runs_request(credential=NOBODY, **{name: "1"})
    yield replace(runs, fields=(*runs.fields[:-1], ("Content-Type", "application/json; charset=utf-8")))
    for query in (f"{runs.query}&extra=1", f"{runs.query}&extra=", runs.query.rpartition("&")[0]):
        yield replace(runs, query=query)
    for name in ("limit", "offset", "start_time", "end_time", "job_name", "workspace_id"):
        yield session.runs_request(credential=NOBODY, **{name: 9})
