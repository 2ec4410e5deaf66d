"""Bugs of graph walks in the lineage around one table."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import LINEAGE, Ask, Document, Seam, on_answers, on_json, on_request
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import guid_of
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock._web.requests import RequestParts
    from dataarts_datamap_contract.mock._web.validation import Arguments

_apart = partial(BrokenServer, level="C", cohort="apart")
_outside = partial(BrokenServer, level="C", cohort="outside")

_GRAPH = frozenset({"C-lineage-agrees", "C-lineage-mirror", "C-lineage-connected"})
_TABLE_TYPE = "dataasset.Table"
_SERVER_ERROR = 500
_EDGES_OF_A_CIRCLE = 4


def _edges(change: Callable[[list[Document], str], list[Document]]) -> Seam:
    """A seam that makes the relationships around an asset from those of the reference and the GUID of the asset."""

    def response(_: str, ask: Ask, arguments: Arguments) -> Document:
        graph = ask(arguments)
        relationships = change(graph["relationships"], arguments.text("guid"))
        return {**graph, "relationships": relationships, "total": len(relationships)}

    return on_answers(response, LINEAGE)


def _tree(edges: list[Document], start: str) -> list[Document]:
    """An edge is shown only if it reaches an asset for the first time."""
    reached, kept = {start}, list[Document]()
    for edge in edges:
        ends = {edge["ep1_id"], edge["ep2_id"]}
        if not ends <= reached:
            kept.append(edge)
        reached |= ends
    return kept


def _not_back(_: str, ask: Ask, arguments: Arguments) -> Document:
    """In the directions IN and OUT, edges that lead back to the requested asset are left out."""
    graph = ask(arguments)
    start = arguments.text("guid")
    end = {"IN": "ep1_id", "OUT": "ep2_id"}.get(arguments.text("direction"))
    edges = [edge for edge in graph["relationships"] if end is None or edge[end] != start]
    return {**graph, "relationships": edges, "total": len(edges)}


def _upstream_by_default(_: str, ask: Ask, arguments: Arguments) -> Document:
    return dict(ask(replace(arguments, values={"direction": "IN", **arguments.values})))


def _last_category() -> Seam:
    """Only the last category of a request counts, and only DATA_FLOW has lineage."""
    asked: list[bytes] = []

    def remember(request: RequestParts) -> RequestParts:
        pairs = [pair.partition(b"=") for pair in request.query.split(b"&")]
        asked[:] = [value for name, _, value in pairs if name == b"relationship_type_categories"][-1:]
        return request

    def response(_: str, ask: Ask, arguments: Arguments) -> Document:
        graph = ask(arguments)
        if not asked or asked[0] == b"DATA_FLOW":
            return dict(graph)
        return {**graph, "relationships": [], "entities": [], "total": 0}

    first, second = on_request(remember, of=LINEAGE), on_answers(response, LINEAGE)
    return Seam(lambda operation, config: second.alter(first.alter(operation, config), config))


def _without_itself(_: str, ask: Ask, arguments: Arguments) -> Document:
    graph = ask(arguments)
    others = [entity for entity in graph["entities"] if entity["guid"] != arguments.text("guid")]
    return {**graph, "entities": others}


def _all_are_tables(graph: Document) -> Document:
    types = {"ep1_type_name": _TABLE_TYPE, "ep2_type_name": _TABLE_TYPE}
    return {**graph, "relationships": [{**edge, **types} for edge in graph["relationships"]]}


def _both_in_turn(_: str, ask: Ask, arguments: Arguments) -> Document:
    if arguments.values.get("direction", "BOTH") != "BOTH":
        return dict(ask(arguments))
    upstream, downstream = (
        ask(replace(arguments, values={**arguments.values, "direction": direction})) for direction in ("IN", "OUT")
    )
    edges = [*upstream["relationships"], *downstream["relationships"]]
    entities = {entity["guid"]: entity for entity in (*upstream["entities"], *downstream["entities"])}
    return {**upstream, "relationships": edges, "entities": [*entities.values()], "total": len(edges)}


def _parents_alone(_: str, ask: Ask, arguments: Arguments) -> Document:
    graph = ask(arguments)
    if not arguments.values.get("include_parent_entity"):
        return dict(graph)
    return {**graph, "relationships": [], "total": 0}


def _guid(caller: Caller, name: str) -> str:
    return next(str(each["guid"]) for each in caller.search()["entities"] if each["display_text"] == name)


def _ends(graph: Any) -> list[tuple[str, str]]:  # noqa: ANN401  a broken server answers anything
    return sorted((edge["ep1_id"], edge["ep2_id"]) for edge in graph["relationships"])


def _is_no_circle(caller: Caller) -> bool:
    guid = _guid(caller, "loop_first")
    return _ends(caller.lineage(guid, "?direction=IN")) != _ends(caller.lineage(guid, "?direction=OUT"))


def _loses_a_source(caller: Caller) -> bool:
    nodes = {row["node_guid"] for row in caller.bulk()["data"] if row.get("target_guid") == TABLE_GUID}
    shown = {guid for ends in _ends(caller.lineage(query="?direction=IN")) for guid in ends}
    sources = [ends for ends in _ends(caller.lineage(query="?direction=IN")) if ends[1] in nodes]
    return nodes <= shown and len(sources) == 1


def _misses_downstream(caller: Caller) -> bool:
    return _ends(caller.lineage()) != _ends(caller.lineage(query="?direction=BOTH"))


def _repeats_edges(caller: Caller) -> bool:
    edges = _ends(caller.lineage(_guid(caller, "loop_first")))
    return len(edges) > len(set(edges))


def _loses_the_flow(caller: Caller) -> bool:
    query = "?relationship_type_categories=DATA_FLOW&relationship_type_categories=UP_DOWN"
    return _ends(caller.lineage(query=query)) == []


def _acyclic(document: Document) -> Document:
    """An edge that would close a cycle is left out."""
    after: dict[str, set[str]] = {}
    kept: list[Document] = []
    for edge in document["relationships"]:
        first, second = edge["ep1_id"], edge["ep2_id"]
        if first in _reached(after, second):
            continue
        after.setdefault(first, set()).add(second)
        kept.append(edge)
    return {**document, "relationships": kept}


def _reached(after: dict[str, set[str]], start: str) -> set[str]:
    seen, waiting = {start}, [start]
    while waiting:
        for other in after.get(waiting.pop(), set()) - seen:
            seen.add(other)
            waiting.append(other)
    return seen


def _as_a_tree(_: str, ask: Ask, arguments: Arguments) -> Document:
    """An edge between two nodes that were already drawn is left out."""
    document: Document = ask(arguments)
    seen = {arguments.text("guid")}
    kept: list[Document] = []
    for edge in document["relationships"]:
        ends = {edge["ep1_id"], edge["ep2_id"]}
        if not ends <= seen:
            kept.append(edge)
            seen |= ends
    return {**document, "relationships": kept}


def _with_siblings(_: str, ask: Ask, arguments: Arguments) -> Document:
    """In the direction OUT, lineage also has the other tables that the table's own producers write."""
    graph: Document = ask(arguments)
    if arguments.text("direction") != "OUT":
        return graph
    upstream = ask(replace(arguments, values={**arguments.values, "direction": "IN"}))["relationships"]
    producers = {edge["ep1_id"] for edge in upstream if edge["ep2_id"] == arguments.text("guid")}
    sources = dict.fromkeys(edge["ep1_id"] for edge in upstream if edge["ep2_id"] in producers)
    edges = {edge["guid"]: edge for edge in graph["relationships"]}
    entities = {entity["guid"]: entity for entity in graph["entities"]}
    for source in sources:
        beside = ask(replace(arguments, values={**arguments.values, "guid": source}))
        written = [edge for edge in beside["relationships"] if edge["ep1_id"] in producers]
        edges |= {edge["guid"]: edge for edge in written}
        ends = {edge[end] for edge in written for end in ("ep1_id", "ep2_id")}
        entities |= {entity["guid"]: entity for entity in beside["entities"] if entity["guid"] in ends}
    return {**graph, "relationships": [*edges.values()], "entities": [*entities.values()], "total": len(edges)}


def _first_of_each(_: str, ask: Ask, arguments: Arguments) -> Document:
    lists = {name: values[:1] for name, values in arguments.lists.items()}
    document: Document = ask(replace(arguments, lists=lists))
    return document


def _failing_on_nothing(_: str, ask: Ask, arguments: Arguments) -> Document:
    document: Document = ask(arguments)
    if not document["relationships"] and not any(arguments.lists.values()):
        raise HttpError(500, "DLG.0500", "Internal server error")
    return document


def _draws_fewer(caller: Caller) -> bool:
    """Whether the lineage upstream of a table lacks a source that ShowLineageBulk shows."""
    target = guid_of(caller, "postgres.sales.ads_margin")
    drawn = {(edge["ep1_id"], edge["ep2_id"]) for edge in caller.lineage(target, "?direction=IN")["relationships"]}
    tables = {end for edge in drawn for end in edge}
    rows = [row for row in caller.bulk()["data"] if row.get("source_guid") and row.get("target_guid") in tables]
    return any((row["source_guid"], row["node_guid"]) not in drawn for row in rows)


def _draws_a_sibling(caller: Caller) -> bool:
    margin, archive = (guid_of(caller, name) for name in ("postgres.sales.ads_margin", "archive.sales.dws_orders"))
    graph = caller.lineage(margin, "?direction=OUT")
    return any(archive in (edge["ep1_id"], edge["ep2_id"]) for edge in graph["relationships"])


def _fails_on_nothing(caller: Caller) -> bool:
    guid = guid_of(caller, "sales.public.empty_orders")
    return caller.ask("GET", f"/v2/{{p}}/datamap/lineage/guid/{guid}").status == _SERVER_ERROR


BROKEN_SERVERS = (
    _apart(
        "circle-not-closed",
        "An edge that leads back to an asset belongs to the lineage of the asset.",
        _GRAPH,
        on_answers(_not_back, LINEAGE),
        _is_no_circle,
    ),
    _apart(
        "tree-in-place-of-a-graph",
        "If two paths lead from one table to another, lineage has the relationships of both.",
        _GRAPH,
        _edges(_tree),
        _loses_a_source,
    ),
    _apart(
        "upstream-by-default",
        "Without a direction, the response has both directions.",
        _GRAPH,
        on_answers(_upstream_by_default, LINEAGE),
        _misses_downstream,
    ),
    _apart(
        "last-category-counts",
        "If several categories are sent as repeated keys, the first one counts, too.",
        _GRAPH | {"C-lineage-category"},
        _last_category(),
        _loses_the_flow,
    ),
    _apart(
        "asset-itself-left-out",
        "Lineage lists the assets at all ends of its relationships, including the requested asset.",
        _GRAPH,
        on_answers(_without_itself, LINEAGE),
        lambda caller: TABLE_GUID not in {entity["guid"] for entity in caller.lineage()["entities"]},
    ),
    _apart(
        "operators-said-to-be-tables",
        "The type of a relationship's end is that of the asset there.",
        _GRAPH | {"B-lineage-shape"},
        on_json(_all_are_tables, LINEAGE),
        lambda caller: {edge["ep1_type_name"] for edge in caller.lineage()["relationships"]} == {_TABLE_TYPE},
    ),
    _apart(
        "both-directions-in-turn",
        "A relationship that is both upstream and downstream is shown once.",
        _GRAPH,
        on_answers(_both_in_turn, LINEAGE),
        _repeats_edges,
    ),
    _apart(
        "parents-in-place-of-lineage",
        "With include_parent_entity, lineage has the same relationships as without it.",
        _GRAPH | {"E-optional-refused"},
        on_answers(_parents_alone, LINEAGE),
        lambda caller: _ends(caller.lineage(query="?include_parent_entity=true")) == [],
    ),
    _outside(
        "circles-cut-open",
        "If two operators each read what the other writes, all four edges are shown.",
        CHECKS["lineage agrees"],
        on_json(_acyclic, LINEAGE),
        lambda caller: len(caller.lineage(guid_of(caller, "lake.loop_first"))["relationships"]) < _EDGES_OF_A_CIRCLE,
    ),
    _outside(
        "a-tree-for-a-graph",
        "If two paths lead to a table, its lineage has both.",
        CHECKS["lineage agrees"],
        on_answers(_as_a_tree, LINEAGE),
        _draws_fewer,
    ),
    _outside(
        "downstream-holds-siblings",
        "Downstream of a table are the tables made from it, not the other tables that its operator writes.",
        CHECKS["lineage agrees"],
        on_answers(_with_siblings, LINEAGE),
        _draws_a_sibling,
    ),
    _outside(
        "first-of-repeated-keys",
        "Several categories are sent as a repeated key, and each of them counts.",
        CHECKS["lineage agrees"],
        on_answers(_first_of_each, LINEAGE),
        lambda caller: (
            not caller.lineage(query="?relationship_type_categories=UP_DOWN&relationship_type_categories=DATA_FLOW")[
                "relationships"
            ]
        ),
    ),
    _outside(
        "nothing-is-a-failure",
        "A table without lineage has an empty graph; the request for it does not fail.",
        CHECKS["valid requests succeed"],
        on_answers(_failing_on_nothing, LINEAGE),
        _fails_on_nothing,
    ),
)
