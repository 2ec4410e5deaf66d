"""Level C: lineage with lost, duplicate or wrongly joined edges."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.seams import (
    BULK,
    LINEAGE,
    MOST,
    Ask,
    Document,
    Seam,
    on_answers,
    on_json,
    on_request,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract.mock import TABLE_GUID

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock._web.requests import RequestParts
    from dataarts_datamap_contract.mock._web.validation import Arguments

_broken = partial(BrokenServer, level="C", cohort="apart")

_GRAPH = frozenset({"C-lineage-agrees", "C-lineage-mirror", "C-lineage-connected"})
_ROWS = frozenset({"C-bulk-pages", "C-lineage-agrees", "C-asset-agrees"})
_WORKSPACE = "b88c445407b24283aa949f9833a38fd8"
_TABLE_TYPE = "dataasset.Table"


def _rows(change: Callable[[list[Document]], list[Document]]) -> Seam:
    """A seam that replaces the rows of a page of all lineage."""
    return on_json(lambda page: {**page, "data": change(page["data"])}, BULK)


def _with_lineage_alone(_: str, ask: Ask, arguments: Arguments) -> Document:
    everything = ask(replace(arguments, values={**arguments.values, "offset": 0, "limit": MOST}))
    return {**ask(arguments), "total": len({row["node_guid"] for row in everything["data"]})}


def _no_loops(rows: list[Document]) -> list[Document]:
    return [row for row in rows if row.get("source_guid") is None or row["source_guid"] != row.get("target_guid")]


def _one_source(rows: list[Document]) -> list[Document]:
    return list({(row["node_guid"], row.get("target_guid")): row for row in reversed(rows)}.values())[::-1]


def _of_ten(_: str, ask: Ask, arguments: Arguments) -> Document:
    return dict(ask(replace(arguments, values={"limit": 10, **arguments.values})))


def _with_names_swapped(row: Document) -> Document:
    swapped: Document = {}
    for side in ("source", "target"):
        if row.get(f"{side}_schema"):
            swapped |= {f"{side}_db": row[f"{side}_schema"], f"{side}_schema": row[f"{side}_db"]}
    return {**row, **swapped}


def _joined_by_name() -> Seam:
    """The GUID of a table is looked up only by its name, which several tables have."""

    def response(_: str, ask: Ask, arguments: Arguments) -> Document:
        everything = ask(replace(arguments, values={**arguments.values, "offset": 0, "limit": MOST}))["data"]
        guids: dict[str, str] = {}
        for row in everything:
            for side in ("source", "target"):
                if row.get(f"{side}_guid"):
                    guids.setdefault(row[f"{side}_table"], row[f"{side}_guid"])
        page = ask(arguments)
        return {**page, "data": [_with_guids(row, guids) for row in page["data"]]}

    return on_answers(response, BULK)


def _with_guids(row: Document, guids: dict[str, str]) -> Document:
    sides = [side for side in ("source", "target") if row.get(f"{side}_guid")]
    return {**row, **{f"{side}_guid": guids[row[f"{side}_table"]] for side in sides}}


def _edges(change: Callable[[list[Document], str], list[Document]]) -> Seam:
    """A seam that makes the relationships around an asset from the right ones and the GUID of the asset."""

    def response(_: str, ask: Ask, arguments: Arguments) -> Document:
        graph = ask(arguments)
        relationships = change(graph["relationships"], arguments.text("guid"))
        return {**graph, "relationships": relationships, "total": len(relationships)}

    return on_answers(response, LINEAGE)


def _tree(edges: list[Document], start: str) -> list[Document]:
    """Each asset is reached once."""
    reached, kept = {start}, list[Document]()
    for edge in edges:
        ends = {edge["ep1_id"], edge["ep2_id"]}
        if not ends <= reached:
            kept.append(edge)
        reached |= ends
    return kept


def _not_back(_: str, ask: Ask, arguments: Arguments) -> Document:
    """A search in one direction omits the edge that leads back to its start."""
    graph = ask(arguments)
    start = arguments.text("guid")
    end = {"IN": "ep1_id", "OUT": "ep2_id"}.get(arguments.text("direction"))
    edges = [edge for edge in graph["relationships"] if end is None or edge[end] != start]
    return {**graph, "relationships": edges, "total": len(edges)}


def _upstream_by_default(_: str, ask: Ask, arguments: Arguments) -> Document:
    return dict(ask(replace(arguments, values={"direction": "IN", **arguments.values})))


def _last_category() -> Seam:
    """Only the last value of a repeated key counts, and there is no lineage of other categories."""
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


def _names(caller: Caller) -> list[str]:
    return [row["node_name"] for row in caller.bulk("?limit=1000")["data"]]


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


def _confuses_names(caller: Caller) -> bool:
    named = {entity["guid"]: entity["attributes"]["qualifiedName"] for entity in caller.search()["entities"]}
    return any(
        named[row[f"{side}_guid"]] != row[f"{side}_qualified_name"]
        for row in caller.bulk()["data"]
        for side in ("source", "target")
        if row.get(f"{side}_guid")
    )


def _swaps_names(caller: Caller) -> bool:
    return any(
        row.get("target_db") == "sales" and row.get("target_schema") == "postgres" for row in caller.bulk()["data"]
    )


def _repeats_edges(caller: Caller) -> bool:
    edges = _ends(caller.lineage(_guid(caller, "loop_first")))
    return len(edges) > len(set(edges))


def _loses_the_flow(caller: Caller) -> bool:
    query = "?relationship_type_categories=DATA_FLOW&relationship_type_categories=UP_DOWN"
    return _ends(caller.lineage(query=query)) == []


BROKEN_SERVERS: tuple[BrokenServer, ...] = (
    _broken(
        name="idle-operators-not-counted",
        rule="The total counts the operators without lineage, as offset and limit do.",
        checks=_ROWS,
        seam=on_answers(_with_lineage_alone, BULK),
        shown=lambda caller: bool(caller.bulk()["total"] == len(set(_names(caller)))),
    ),
    _broken(
        name="tables-written-from-themselves-left-out",
        rule="An operator that reads and writes the same table has a row for that.",
        checks=_ROWS,
        seam=_rows(_no_loops),
        shown=lambda caller: "snapshot" not in _names(caller),
    ),
    _broken(
        name="one-source-a-target",
        rule="An operator has a row for each table that it reads.",
        checks=_ROWS,
        seam=_rows(_one_source),
        shown=lambda caller: _names(caller).count("join_items") == 1,
    ),
    _broken(
        name="ten-operators-by-default",
        rule="Without a limit a page has a hundred operators.",
        checks=_ROWS,
        seam=on_answers(_of_ten, BULK),
        shown=lambda caller: len(caller.bulk()["data"]) < len(caller.bulk("?limit=100")["data"]),
    ),
    _broken(
        name="database-and-schema-swapped",
        rule="The database and the schema of a table are those of its qualified name.",
        checks=_ROWS,
        seam=_rows(lambda rows: list(map(_with_names_swapped, rows))),
        shown=_swaps_names,
    ),
    _broken(
        name="operators-of-lineage-in-one-workspace",
        rule="The workspace of a row is that of its operator.",
        checks=_ROWS | {"C-nodes-operator"},
        seam=_rows(lambda rows: [{**row, "workspace_id": _WORKSPACE} for row in rows]),
        shown=lambda caller: len({row["workspace_id"] for row in caller.bulk()["data"]}) == 1,
    ),
    _broken(
        name="operators-that-only-write-left-out",
        rule="An operator that writes a table and reads none has a row.",
        checks=_ROWS,
        seam=_rows(lambda rows: [row for row in rows if row.get("source_guid")]),
        shown=lambda caller: "Load orders-eu" not in _names(caller),
    ),
    _broken(
        name="tables-joined-by-their-names",
        rule="The GUID and the qualified name of a table in lineage are of one table.",
        checks=_ROWS,
        seam=_joined_by_name(),
        shown=_confuses_names,
    ),
    _broken(
        name="circle-not-closed",
        rule="An edge that leads back to an asset belongs to the lineage of the asset.",
        checks=_GRAPH,
        seam=on_answers(_not_back, LINEAGE),
        shown=_is_no_circle,
    ),
    _broken(
        name="tree-in-place-of-a-graph",
        rule="A table that leads to another one on two paths has relationships on both.",
        checks=_GRAPH,
        seam=_edges(_tree),
        shown=_loses_a_source,
    ),
    _broken(
        name="upstream-by-default",
        rule="Without a direction, the response has both directions.",
        checks=_GRAPH,
        seam=on_answers(_upstream_by_default, LINEAGE),
        shown=_misses_downstream,
    ),
    _broken(
        name="last-category-counts",
        rule="If several categories are sent as repeated keys, the first one counts, too.",
        checks=_GRAPH | {"C-lineage-category"},
        seam=_last_category(),
        shown=_loses_the_flow,
    ),
    _broken(
        name="asset-itself-left-out",
        rule="The response has the assets at all ends of the relationships, including the requested one.",
        checks=_GRAPH,
        seam=on_answers(_without_itself, LINEAGE),
        shown=lambda caller: TABLE_GUID not in {entity["guid"] for entity in caller.lineage()["entities"]},
    ),
    _broken(
        name="operators-said-to-be-tables",
        rule="The type of an end is the type of its asset.",
        checks=_GRAPH | {"B-lineage-shape"},
        seam=on_json(_all_are_tables, LINEAGE),
        shown=lambda caller: {edge["ep1_type_name"] for edge in caller.lineage()["relationships"]} == {_TABLE_TYPE},
    ),
    _broken(
        name="both-directions-in-turn",
        rule="A relationship that is both upstream and downstream is shown once.",
        checks=_GRAPH,
        seam=on_answers(_both_in_turn, LINEAGE),
        shown=_repeats_edges,
    ),
    _broken(
        name="parents-in-place-of-lineage",
        rule="With parents included, the lineage is the same as without them.",
        checks=_GRAPH | {"E-optional-refused"},
        seam=on_answers(_parents_alone, LINEAGE),
        shown=lambda caller: _ends(caller.lineage(query="?include_parent_entity=true")) == [],
    ),
)
