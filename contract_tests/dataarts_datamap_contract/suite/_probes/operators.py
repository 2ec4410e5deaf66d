"""Probes of ShowNodes, and of the operators that it and the target name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract.suite._probes.study import LIMIT
from dataarts_datamap_contract.suite.target import KnownJob

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session

_OK = 200
_UNUSUAL: Final = frozenset("/<>+%& ")
_MOST_OPERATORS: Final = 40
_MOST_WALKED: Final = 8
_NAMES: Final = ("task_id", "job_name", "workspace_id")


def probe_nodes(session: Session) -> None:
    """ShowNodes names all operators that the target names, and each once."""
    exchange = session.nodes()
    if exchange.response.status != _OK:
        session.ledger.leave_untested(
            f"ShowNodes is answered {exchange.response.status} for the target's table",
            *("C-nodes-operator", "C-nodes-unique", "C-nodes-chain", "C-job-name-unusual"),
        )
        return
    target = session.target
    named = [
        (str(each.get("task_id")), each.get("job_name"), each.get("workspace_id"))
        for each in exchange.response.operators
    ]
    aimed = KnownJob(task_id=target.task_id, job_name=target.job_name, workspace_id=target.workspace_id)
    for own in (aimed, *target.known_jobs):
        known = any(
            (task_id, job_name) == (own.task_id, own.job_name) and own.workspace_id in {None, workspace_id}
            for task_id, job_name, workspace_id in named
        )
        missing = () if known else (f"the target's operator {own.job_name!r} is not among those of its table",)
        session.judge("C-nodes-operator", exchange, *missing)
    session.nodes()


def probe_operators(session: Session) -> None:
    """The runs of the operators that ShowNodes and the target name can be requested, whatever their names contain."""
    target = session.target
    known = [{name: getattr(each, name) for name in _NAMES} for each in target.known_jobs]
    named = [{name: each.get(name) for name in _NAMES} for each in session.operators()]
    expected = {(each["task_id"], each["job_name"]) for each in known}
    unusual = False
    for number, operator in enumerate([*named[:_MOST_OPERATORS], *(each for each in known if each not in named)]):
        if not all(isinstance(operator[name], str) and operator[name] for name in ("task_id", "job_name")):
            continue
        exchange = session.runs(**operator, limit=LIMIT)
        must_have_rows = (operator["task_id"], operator["job_name"]) in expected
        problems = _unserved(exchange, operator, must_have_rows=must_have_rows)
        if not must_have_rows and number >= _MOST_WALKED:
            continue  # one without runs may be unknown to the scheduler
        session.judge("C-nodes-chain", exchange, *problems)
        if not _is_usual(str(operator["job_name"])):
            unusual = True
            session.judge("C-job-name-unusual", exchange, *problems)
    if not unusual and _is_usual(target.job_name):
        session.ledger.excuse("no operator that is known here has an unusual name", "C-job-name-unusual")
    if not _is_usual(target.job_name):
        session.judge("C-job-name-unusual", session.runs())


def _unserved(exchange: Exchange, operator: Mapping[str, Any], *, must_have_rows: bool) -> tuple[str, ...]:
    status = exchange.response.status
    if status != _OK:
        return (f"the operator {operator['job_name']!r}, which ShowNodes or the target names, is answered {status}",)
    if must_have_rows and not exchange.response.rows:
        return (f"the operator {operator['job_name']!r} has runs in the window, and none is found",)
    return ()


def _is_usual(name: str) -> bool:
    return name.isascii() and not _UNUSUAL & set(name)
