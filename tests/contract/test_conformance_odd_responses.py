"""Whatever a response holds, the suite judges it: no value ends a run in a traceback, or its report in a flood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from dataarts_datamap_contract.specification import load_specification
from dataarts_datamap_contract.suite._judging.ledger import Ledger
from dataarts_datamap_contract.suite._judging.patterns import judge_patterns
from dataarts_datamap_contract.suite.catalogue import CHECKED_OPERATIONS
from support.exchanges import (
    BAD,
    ROW,
    START,
    TARGET,
    bulk,
    detail,
    envelope,
    lineage,
    nodes,
    page,
    runs,
    search,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract.suite._judging.oracle import Exchange

ODD: Final[tuple[Any, ...]] = (
    *(None, True, 0, -1, 2**63, 10**18, -(10**18), 10**400, -(10**400), 0.5, 1e308, -1e308),
    *("", " ", "x", "-5", "9" * 5_000, "\x00", "\ud800", "9999-99-99"),
    *([], ["x"], [[]], [None], {}, {"a": 1}, {"name": ["x"]}, [{"guid": {}}]),
)
"""Values that a field may have although it should not."""

ASSET: Final = {"guid": "g", "type_name": "Table", "attributes": {"name": "n"}, "create_time": START}
EDGE: Final = {"source_guid": "s", "target_guid": "g", "node_guid": "n", "node_name": "job", "workspace_id": "w"}
STEP: Final = {"guid": "r", "ep1_id": "g", "ep2_id": "h", "relation_type_name": "DATA_FLOW"}
OPERATOR: Final = {"task_id": "1", "job_name": "job", "workspace_id": "w"}

SHOWN: Final[dict[str, tuple[dict[str, Any], Callable[[Any], Exchange]]]] = {
    "Run": (ROW, lambda row: runs(envelope(page(row, ROW)))),
    "RunPage": (page(ROW), lambda document: runs(envelope(document))),
    "Envelope": (envelope(page(ROW)), runs),
    "Operator": (OPERATOR, lambda operator: nodes([operator, OPERATOR])),
    "Entity": (ASSET, lambda entity: search({"count": 2, "entities": [entity, ASSET]})),
    "SearchResult": ({"count": 1, "entities": [ASSET]}, search),
    "EntityDetail": ({"entity": ASSET}, detail),
    "TableLineage": (EDGE, lambda edge: bulk({"total": 2, "data": [edge, EDGE]})),
    "LineagePage": ({"total": 1, "data": [EDGE]}, bulk),
    "LineageRelationship": (
        STEP,
        lambda step: lineage({"relationships": [step, STEP], "entities": [ASSET, {**ASSET, "guid": "h"}]}),
    ),
    "LineageGraph": ({"relationships": [STEP], "entities": [ASSET]}, lineage),
    "Error": ({"error_code": "DLG.0400", "error_msg": "no"}, lambda error: runs(error, 400, credential=BAD)),
}
"""By the name of a schema: a document of it, and what makes an exchange that shows one."""


def reasons(*shown: Exchange) -> list[str]:
    """Everything that a run says about some responses, each of which came before usual ones, and again after them."""
    ledger = Ledger(TARGET, "ABCDE", frozenset())
    ledger.served |= CHECKED_OPERATIONS
    usual = [make(document) for document, make in SHOWN.values()]
    for exchange in (*shown, *usual, *shown):
        ledger.record(exchange)
    ledger.judge_windows()
    ledger.judge_lineage()
    ledger.judge_patterns()
    return [verdict.reason for verdict in ledger.verdicts()]


@pytest.mark.parametrize("schema", SHOWN)
def test_no_value_ends_a_run(schema: str) -> None:
    """Each field of each document, and the document itself, may have any value: reasons stay short."""
    document, make = SHOWN[schema]
    fields = load_specification()["components"]["schemas"][schema]["properties"]
    for name in fields:
        found = reasons(*(make({**document, name: value}) for value in ODD))
        assert [] == [reason for reason in found if len(reason) > 1_100], name
    reasons(*map(make, ODD))


def test_a_field_may_be_odd_in_each_row() -> None:
    """Rows of which each has another odd value are judged together."""
    for name in load_specification()["components"]["schemas"]["Run"]["properties"]:
        reasons(runs(envelope(page(*({**ROW, "taskRunningLogId": at, name: value} for at, value in enumerate(ODD))))))


def test_a_long_text_is_cut() -> None:
    """What a server sends is in a reason as far as a person reads it."""
    found = reasons(runs(envelope(page(ROW, msg="x" * 1_000_000))))
    assert 1_000 < max(map(len, found)) < 1_100


def test_a_run_may_take_no_time() -> None:
    """Its speed is not computed from the time from its start to its end."""
    times = {"startTime": START, "endTime": START, "runningTime": 9_000}
    assert reasons(runs(envelope(page({**ROW, **times, "speed": 1, "outputRowCount": 9}))))


@pytest.mark.parametrize(("identifier", "fails"), [(None, False), ("", False), (7, True)])
def test_only_a_task_that_is_named_can_alternate(identifier: object, *, fails: bool) -> None:
    """Rows that name no task need not be of one task; the request shown is that of the row that has a name again."""
    rows = [
        {**ROW, "taskRunningLogId": at, "planTime": START + at, "taskId": identifier, "taskName": "ab"[at % 2]}
        for at in range(6)
    ]
    first, rest = runs(envelope(page(rows[0])), limit=1), runs(envelope(page(*rows[1:])), limit=5)
    found = [problem for _, problem in judge_patterns([first, rest]) if problem and "alternates" in problem]
    shown = [exchange for exchange, problem in judge_patterns([first, rest]) if problem and "alternates" in problem]
    assert (["the taskName of one taskId alternates between 'a' and 'b'"] if fails else []) == found
    assert ([rest] if fails else []) == shown
