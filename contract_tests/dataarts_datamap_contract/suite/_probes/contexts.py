"""Valid requests, varied at random: a rule must hold whatever else a request contains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

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
from dataarts_datamap_contract.suite._probes.ways import in_some_way

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dataarts_datamap_contract.suite._http.messages import Request
    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session

_MOST_OF_ALL: Final = 3
_DAY: Final = 86_400_000
_PARTS: Final[Mapping[str, Sequence[Sequence[str]]]] = {
    BULK: (("", "offset=0", "offset=1", "offset=3"), ("", "limit=1", "limit=7", f"limit={LEAST_CAP}")),
    DETAIL: (("", "ignore_relationships=true", "ignore_relationships=false"),),
    LINEAGE: (
        ("", "direction=IN", "direction=OUT", "direction=BOTH"),
        ("", "relationship_type_categories=DATA_FLOW"),
        ("", "", "relationship_type_categories=PARENT_CHILD"),
        ("", "", "include_parent_entity=true", "include_parent_entity=false"),
        ("", "", "extend_process_data_flow=true", "extend_process_data_flow=false"),
        ("", "", "", "relationship_types=DataFlow"),
        ("", "", "", "related_entity_types=dataasset.Table"),
    ),
}
"""Parts of a query, by operation: a query takes one part from each sequence."""

_SEARCHES: Final[Mapping[str, Sequence[Any]]] = {
    "query": ("", "a", None),
    "limit": (10, 1, 7, LEAST_CAP),
    "offset": (0, 1, 3),
    "sort": (None, None, [{"attribute": "name", "order": "DESC"}]),
    "facets": (None, None, ["typeName"]),
}


def operators_of(session: Session) -> list[dict[str, Any]]:
    """The target's own operator, then its known jobs, each as parameters of a request."""
    target = session.target
    own = {"task_id": target.task_id, "job_name": target.job_name, "workspace_id": target.workspace_id}
    names = tuple(own)
    return [own, *({name: getattr(job, name) for name in names} for job in target.known_jobs)]


def drawn_query(session: Session, operation_id: str) -> str:
    """A valid query for an operation other than ShowInstanceInfos, with random parts in a random order."""
    drawn = [part for each in _PARTS.get(operation_id, ()) if (part := session.deal((operation_id, each), each))]
    return "&".join(session.random.sample(drawn, len(drawn)))


def _drawn(session: Session, operation_id: str) -> dict[str, Any]:
    """Changes to a valid request for an operation, chosen at random."""
    choose, target = session.random.choice, session.target
    if operation_id == RUNS:
        day = max(target.window_start, target.window_end - _DAY)
        start = choose((target.window_start, target.window_start, 0, day))
        end = choose((target.window_end, target.window_end - session.random.randrange(target.window_end - day + 1)))
        operators = operators_of(session)
        operator = choose((*operators[:1] * 4, *operators))
        drawn = {"limit": choose((10, 1, 2, 7, 20, 50, LEAST_CAP, 500)), "offset": choose((0, 0, 1, 3, 10, 25, 150))}
        return {**operator, **drawn, "start_time": start, "end_time": end, **choose(({}, {"workspace_id": None}))}
    guids = session.ledger.world.assets.tables(session.table_guid)
    if operation_id == DETAILS and guids:
        return {"document": guids[: session.deal(DETAILS, (1, 2, 3, 11, 20, LEAST_CAP))]}
    if operation_id == SEARCH:
        members = {name: session.deal(name, values) for name, values in _SEARCHES.items()}
        members |= session.deal("narrowed", ({}, *_narrowed(session)))
        return {"document": {name: value for name, value in members.items() if value is not None}}
    parts: dict[str, Any] = {"query": drawn_query(session, operation_id)} if operation_id in _PARTS else {}
    return {**parts, "guid": session.deal((operation_id, "guid"), guids)} if operation_id != BULK and guids else parts


def _narrowed(session: Session) -> Iterator[dict[str, Any]]:
    """Members that narrow a search to the type of an asset that was shown, to its owner, or to both."""
    for asset in list(session.ledger.world.assets.assets.values())[:1]:
        equal = {"attribute": "typeName", "operator": "EQ", "value": [str(asset.get("type_name"))]}
        attributes: object = asset.get("attributes")
        named = cast("dict[str, Any]", attributes).get("owner") if isinstance(attributes, dict) else None
        owner = {"owner": str(named or "nobody")}
        yield from ({"filter": equal}, owner, {"filter": equal, **owner})


def varied_question(session: Session, operation_id: str, number: int, **changes: Any) -> Request:  # noqa: ANN401
    """A request for an operation, valid except for the changes: the plainest for number 0, else a random one."""
    drawn = _drawn(session, operation_id) if number else {}
    request = session.question(operation_id, **{**drawn, **changes})
    return in_some_way(session, request) if number else request


def varied_questions(session: Session, number: int, **changes: Any) -> Iterator[Request]:  # noqa: ANN401
    """A request of `varied_question` for each operation that the run calls.

    From number 3 on, only every second operation on assets has its turn.
    """
    for place, operation_id in enumerate((RUNS, NODES, *ASSETS)):
        is_due = operation_id not in ASSETS or number < _MOST_OF_ALL or (place + number) % 2
        if is_due and session.asks_for(operation_id):
            yield varied_question(session, operation_id, number, **changes)


def varied_runs(session: Session, number: int, **changes: Any) -> Exchange:  # noqa: ANN401
    """Send the request of `varied_question` for runs."""
    return session.send(varied_question(session, RUNS, number, **changes))
