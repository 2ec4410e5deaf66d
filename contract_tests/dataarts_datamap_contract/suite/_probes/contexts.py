"""What a good question can have beside the one thing that a probe changes: a rule holds with all of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract.suite._http.credentials import NOBODY
from dataarts_datamap_contract.suite._judging.findings import LEAST_CAP
from dataarts_datamap_contract.suite._judging.invariants.common import (
    ASSETS,
    BULK,
    DETAIL,
    DETAILS,
    LINEAGE,
    NODES,
    RUNS,
    SEARCH,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dataarts_datamap_contract.suite._http.messages import Request
    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session

_MOST_OF_ALL: Final = 3
_RUNS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"workspace_id": None},
    {"limit": 1},
    {"limit": LEAST_CAP, "workspace_id": None},
    {"offset": 1},
    {"limit": 7, "offset": 3},
    {"start_time": 0},
    {"limit": 500},
    {"offset": 10, "workspace_id": None},
)
_OTHERS: Final[Mapping[str, Sequence[dict[str, Any]]]] = {
    NODES: ({},),
    SEARCH: (
        {},
        {"document": {"query": "", "limit": 1, "offset": 0}},
        {"document": {"limit": LEAST_CAP, "offset": 0}},
        {"document": {"query": "a", "limit": 10, "offset": 1}},
    ),
    BULK: ({}, {"query": ""}, {"query": "limit=1"}, {"query": "offset=1&limit=100"}),
    DETAIL: ({}, {"query": "ignore_relationships=true"}),
    DETAILS: ({},),
    LINEAGE: ({}, {"query": ""}, {"query": "direction=IN"}, {"query": "direction=OUT"}),
}


def operators_of(session: Session) -> list[dict[str, Any]]:
    """The operators that have runs in the window, the target's own first, as parameters."""
    target = session.target
    own = {"task_id": target.task_id, "job_name": target.job_name, "workspace_id": target.workspace_id}
    names = tuple(own)
    return [own, *({name: getattr(job, name) for name in names} for job in target.known_jobs)]


def varied_question(session: Session, operation_id: str, number: int, **changes: Any) -> Request:  # noqa: ANN401
    """A valid request for an operation, another one for each number, but for what is changed."""
    contexts = _RUNS if operation_id == RUNS else _OTHERS[operation_id]
    request = session.question(operation_id, **{**contexts[number % len(contexts)], **changes})
    target = session.target
    if number % 3 == 1 and "credential" not in changes and None not in (target.token, target.access_key):
        request = session.sign(replace(request, credential=NOBODY))
    return request


def varied_questions(session: Session, number: int, **changes: Any) -> Iterator[Request]:  # noqa: ANN401
    """A request of `varied_question` for each operation that is asked for; every second one of those on assets."""
    for place, operation_id in enumerate((RUNS, NODES, *ASSETS)):
        is_due = operation_id not in ASSETS or number < _MOST_OF_ALL or (place + number) % 2
        if is_due and session.asks_for(operation_id):
            yield varied_question(session, operation_id, number, **changes)


def varied_runs(session: Session, number: int, **changes: Any) -> Exchange:  # noqa: ANN401
    """Ask for runs as `varied_question` does."""
    return session.send(varied_question(session, RUNS, number, **changes))
