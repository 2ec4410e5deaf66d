"""Lineage around one table with wrong directions, relationships or ends."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.asset_seams import FAILURE, FIRST, LOOP, MARGIN, RAW, around, on_relationship
from dataarts_datamap_contract._broken.seams import LINEAGE, Ask, Document, on_answers, on_json, refuse_on
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._data.lineage import table_guid
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock._web.validation import Arguments

_lineage = partial(BrokenServer, level="C", cohort="lineage")
_unseen = partial(BrokenServer, level="C", cohort="unseen")

_ELSEWHERE = "ccb1d24a-1d1e-4c4a-9f1c-2f0c5f1e7d31"
_MIRROR = frozenset({"C-lineage-mirror"})
_AGREES = frozenset({"C-lineage-agrees"})


def _turned(edge: Document) -> Document:
    names = ("ep1_id", "ep2_id", "ep1_type_name", "ep2_type_name")
    return {**edge, **dict(zip(names, (edge[names[1]], edge[names[0]], edge[names[3]], edge[names[2]]), strict=True))}


def _out_turned(found: Callable[..., Document], guid: str, direction: str) -> Document:
    graph = found(guid, direction)
    edges = [_turned(each) if direction == "OUT" else each for each in graph["relationships"]]
    return {**graph, "relationships": edges}


def _edge(first: str, second: str, category: str) -> Document:
    return {
        "guid": f"{first}/{second}",
        "type_name": category,
        "relation_type_name": category,
        "direction": "OUT",
        "ep1_id": first,
        "ep1_type_name": "dataasset.Database",
        "ep2_id": second,
        "ep2_type_name": "dataasset.Table",
    }


def _with_parents(_: str, ask: Ask, arguments: Arguments) -> Any:  # noqa: ANN401
    graph = ask(arguments)
    parent = _edge(_ELSEWHERE, arguments.text("guid"), "PARENT_CHILD")
    return {**graph, "relationships": [*graph["relationships"], parent]}


def _with_strangers(_: str, ask: Ask, arguments: Arguments) -> Any:  # noqa: ANN401
    graph = ask(arguments)
    stray = _edge(_ELSEWHERE, _ELSEWHERE[::-1], "DATA_FLOW")
    return {**graph, "relationships": [*graph["relationships"], stray]}


def _nothing_downstream(found: Callable[..., Document], guid: str, direction: str) -> Document:
    return {**found(guid, "OUT"), "relationships": []} if direction == "OUT" else found(guid, direction)


def _a_step_downstream(found: Callable[..., Document], guid: str, direction: str) -> Document:
    """In the direction OUT, only the edges of the table itself are shown."""
    graph = found(guid, direction)
    if direction != "OUT":
        return graph
    near = [each for each in graph["relationships"] if guid in {each["ep1_id"], each["ep2_id"]}]
    return {**graph, "relationships": near}


def _edges(document: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    return [(each["ep1_id"], each["ep2_id"]) for each in document["relationships"]]


def _cut_cycles(found: Callable[..., Document], guid: str, way: str) -> Document:
    """In the direction OUT, edges that lead back to the requested table are left out."""
    graph = found(guid, way)
    kept = [each for each in graph["relationships"] if not (way == "OUT" and each["ep2_id"] == guid)]
    return {**graph, "relationships": kept if way == "OUT" else graph["relationships"]}


def _loops_fail(found: Callable[..., Document], guid: str, way: str) -> Document:
    if guid == LOOP:
        raise FAILURE
    return found(guid, way)


def _half(found: Callable[..., Document], guid: str, way: str) -> Document:
    """In the direction IN, the second relationship is left out if there are more than three."""
    graph = found(guid, way)
    edges = graph["relationships"]
    return {**graph, "relationships": [*edges[:1], *edges[2:]] if way == "IN" and len(edges) > 3 else edges}


def _pairs(caller: Caller, guid: str, way: str) -> set[tuple[str, str]]:
    edges = caller.lineage(guid, f"?direction={way}")["relationships"]
    return {(each["ep1_id"], each["ep2_id"]) for each in edges}


def _upstream_of(caller: Caller, guid: str) -> set[tuple[str, str]]:
    """The edges on the paths from three raw tables to a table, found by reading downstream from the raw tables."""
    raw = (table_guid("wk.ods_orders"), table_guid("wk.ods_items"), table_guid("wk.dim_region"))
    known = set[tuple[str, str]]().union(*(_pairs(caller, each, "OUT") for each in raw))
    found: set[tuple[str, str]] = set()
    heads = {guid}
    while heads:
        new = {edge for edge in known if edge[1] in heads} - found
        found |= new
        heads = {first for first, _ in new}
    return found


BROKEN_SERVERS = (
    _lineage(
        "relationships-as-map",
        "the relationships around a table are an array",
        frozenset({"A-catalog-shape"}),
        on_json(
            lambda graph: {**graph, "relationships": {each["guid"]: each for each in graph["relationships"]}}, LINEAGE
        ),
        lambda caller: isinstance(caller.lineage()["relationships"], dict),
        level="A",
    ),
    _lineage(
        "relationship-ends-as-numbers",
        "the ends of a relationship are GUIDs",
        frozenset({"B-lineage-shape"}),
        on_relationship(lambda edge: {**edge, "ep1_id": 1}),
        lambda caller: caller.lineage()["relationships"][0]["ep1_id"] == 1,
        level="B",
    ),
    _lineage(
        "upstream-and-downstream-confused",
        "IN has the sources of a table, and OUT the tables made from it",
        _AGREES,
        around(lambda found, guid, way: found(guid, {"IN": "OUT", "OUT": "IN"}.get(way, way))),
        lambda caller: RAW not in str(caller.lineage(query="?direction=IN")["relationships"]),
    ),
    _lineage(
        "nothing-is-downstream",
        "a table is downstream of its sources",
        frozenset({"C-lineage-mirror", "C-lineage-agrees"}),
        around(_nothing_downstream),
        lambda caller: caller.lineage(RAW, "?direction=OUT")["relationships"] == [],
    ),
    _lineage(
        "downstream-a-step-upstream-all",
        "upstream and downstream have the same reach",
        _MIRROR,
        around(_a_step_downstream),
        lambda caller: TABLE_GUID not in str(caller.lineage(RAW, "?direction=OUT")["relationships"]),
    ),
    _lineage(
        "both-is-upstream",
        "BOTH is the union of IN and OUT",
        _MIRROR,
        around(lambda found, guid, way: found(guid, "IN" if way == "BOTH" else way)),
        lambda caller: caller.lineage(RAW, "?direction=BOTH")["relationships"] == [],
    ),
    _lineage(
        "direction-defaults-to-upstream",
        "without a direction, lineage is that of BOTH",
        _MIRROR,
        on_answers(
            lambda _, ask, arguments: ask(
                replace(arguments, values={**arguments.values, "direction": arguments.text("direction") or "IN"})
            ),
            LINEAGE,
        ),
        lambda caller: caller.lineage(RAW)["relationships"] == [],
    ),
    _lineage(
        "downstream-edges-turned",
        "the upstream end has the same number, 1 or 2, in all relationships",
        _AGREES,
        around(_out_turned),
        lambda caller: (
            _edges(caller.lineage(RAW, "?direction=OUT"))[0][0] != RAW
            and _edges(caller.lineage(RAW, "?direction=BOTH"))[0][0] == RAW
        ),
    ),
    _lineage(
        "lineage-of-other-tables-too",
        "each relationship is connected with the requested table",
        frozenset({"C-lineage-connected"}),
        on_answers(_with_strangers, LINEAGE),
        lambda caller: _ELSEWHERE in str(caller.lineage()),
    ),
    _lineage(
        "category-ignored",
        "all relationships are of the requested categories",
        frozenset({"C-lineage-category"}),
        on_answers(_with_parents, LINEAGE),
        lambda caller: (
            "PARENT_CHILD" in str(caller.lineage(query="?relationship_type_categories=DATA_FLOW")["relationships"])
        ),
    ),
    _unseen(
        "circles-cut-downstream",
        "a table in a cycle is both upstream and downstream of itself",
        frozenset({"C-lineage-mirror", "C-lineage-agrees"}),
        around(_cut_cycles),
        lambda caller: (
            len(caller.lineage(FIRST, "?direction=OUT")["relationships"])
            < len(caller.lineage(FIRST, "?direction=IN")["relationships"])
        ),
    ),
    _unseen(
        "loops-break-lineage",
        "a table that is made from itself causes no failure",
        frozenset({"A-server-error"}),
        around(_loops_fail),
        lambda caller: "error_code" in caller.lineage(LOOP),
        level="A",
    ),
    _unseen(
        "second-relationship-left-out",
        "lineage upstream of a table has all relationships",
        frozenset({"C-lineage-mirror", "C-lineage-agrees"}),
        around(_half),
        lambda caller: not _pairs(caller, MARGIN, "IN") >= _upstream_of(caller, MARGIN),
    ),
    _unseen(
        "direction-needed",
        "a direction may be left out",
        frozenset({"E-optional-refused"}),
        refuse_on(
            lambda _, values: "direction" not in values, HttpError(400, "DLG.0400", "direction is missing"), of=LINEAGE
        ),
        lambda caller: "error_code" in caller.lineage(),
        level="E",
    ),
)
