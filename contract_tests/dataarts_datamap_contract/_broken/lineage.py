"""Levels A to C: lineage that breaks a rule, for all operators or around one table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract._broken.assets import RAW
from dataarts_datamap_contract._broken.seams import BULK, LINEAGE, MOST, Ask, Document, Seam, on_answers, on_json
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract.mock import TABLE_GUID

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock._web.validation import Arguments

_ELSEWHERE = "ccb1d24a-1d1e-4c4a-9f1c-2f0c5f1e7d31"


def bulking(response: Callable[[Callable[..., Document], int, int], Document]) -> Seam:
    """A seam that makes a page of all lineage from any page of the reference, and the request's offset and limit."""

    def answer(_: str, ask: Ask, arguments: Arguments) -> Document:
        def found(offset: int, limit: int) -> Document:
            page: Document = ask(replace(arguments, values={**arguments.values, "offset": offset, "limit": limit}))
            return page

        return response(found, arguments.number("offset", 0), arguments.number("limit", 100))

    return on_answers(answer, BULK)


def around(response: Callable[[Callable[..., Document], str, str], Document]) -> Seam:
    """A seam that makes the lineage around a table from any lineage of the reference, the GUID and the direction."""

    def answer(_: str, ask: Ask, arguments: Arguments) -> Document:
        def found(guid: str, direction: str) -> Document:
            graph: Document = ask(replace(arguments, values={**arguments.values, "guid": guid, "direction": direction}))
            return graph

        return response(found, arguments.text("guid"), arguments.text("direction") or "BOTH")

    return on_answers(answer, LINEAGE)


def on_row(change: Callable[[Document], object]) -> Seam:
    """A seam that replaces every row of all lineage."""
    return on_json(lambda page: {**page, "data": [change(row) for row in page["data"]]}, BULK)


def on_relationship(change: Callable[[Document], object]) -> Seam:
    """A seam that replaces every relationship around a table."""
    return on_json(lambda graph: {**graph, "relationships": [change(each) for each in graph["relationships"]]}, LINEAGE)


def _rows_cut(found: Callable[..., Document], offset: int, limit: int) -> Document:
    """Offset and limit count rows."""
    page = found(0, MOST)
    return {**page, "data": page["data"][offset : offset + limit]}


def _nodes_with_rows(found: Callable[..., Document], offset: int, limit: int) -> Document:
    """The total leaves out the operators without a row."""
    whole = found(0, MOST)
    return {**found(offset, limit), "total": len({row["node_guid"] for row in whole["data"]})}


def _last_node_lost(found: Callable[..., Document], offset: int, limit: int) -> Document:
    """A page of several operators leaves out the rows of its last one."""
    page = found(offset, limit)
    return {**page, "data": found(offset, limit - 1)["data"]} if 1 < limit < page["total"] else page


def _one_row_of_each(found: Callable[..., Document], offset: int, limit: int) -> Document:
    """On a small page, an operator has only its first row."""
    page = found(offset, limit)
    first = {row["node_guid"]: row for row in reversed(page["data"])}
    return {**page, "data": list(first.values())[::-1]} if limit < page["total"] else page


def _swapped(row: Document) -> Document:
    ends = {
        name: row[other]
        for name in row
        for side, otherside in (("source_", "target_"), ("target_", "source_"))
        if name.startswith(side) and (other := name.replace(side, otherside)) in row
    }
    return {**{name: value for name, value in row.items() if name[:7] not in {"source_", "target_"}}, **ends}


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


def _whole(caller: Caller, limit: int) -> list[Any]:
    """The rows of all pages, joined."""
    total = caller.bulk()["total"]
    return [row for offset in range(0, total, limit) for row in caller.bulk(f"?offset={offset}&limit={limit}")["data"]]


_PAGES = frozenset({"C-bulk-pages"})
_MIRROR = frozenset({"C-lineage-mirror"})
_AGREES = frozenset({"C-lineage-agrees"})

BROKEN_SERVERS: Final = (
    BrokenServer(
        name="bulk-rows-by-operator",
        level="A",
        rule="the rows of all lineage are in one flat array",
        checks=frozenset({"A-catalog-shape", "B-lineage-shape"}),
        seam=on_json(lambda page: {**page, "data": [page["data"]]}, BULK),
        shown=lambda caller: isinstance(caller.bulk()["data"][0], list),
        cohort="lineage",
    ),
    BrokenServer(
        name="bulk-total-is-text",
        level="A",
        rule="the total of all lineage is a number",
        checks=frozenset({"A-catalog-shape"}),
        seam=on_json(lambda page: {**page, "total": f"{page['total']}"}, BULK),
        shown=lambda caller: isinstance(caller.bulk()["total"], str),
        cohort="lineage",
    ),
    BrokenServer(
        name="relationships-as-map",
        level="A",
        rule="the relationships around a table are an array",
        checks=frozenset({"A-catalog-shape"}),
        seam=on_json(
            lambda graph: {**graph, "relationships": {each["guid"]: each for each in graph["relationships"]}}, LINEAGE
        ),
        shown=lambda caller: isinstance(caller.lineage()["relationships"], dict),
        cohort="lineage",
    ),
    BrokenServer(
        name="bulk-workspace-as-list",
        level="B",
        rule="the workspace of an operator is text",
        checks=frozenset({"B-lineage-shape"}),
        seam=on_row(lambda row: {**row, "workspace_id": [row["workspace_id"]]}),
        shown=lambda caller: isinstance(caller.bulk()["data"][0]["workspace_id"], list),
        cohort="lineage",
    ),
    BrokenServer(
        name="bulk-ends-as-objects",
        level="B",
        rule="the table at an end of a row is named as text",
        checks=frozenset({"B-lineage-shape"}),
        seam=on_row(lambda row: {**row, "target_table": {"name": row.get("target_table")}}),
        shown=lambda caller: isinstance(caller.bulk()["data"][0]["target_table"], dict),
        cohort="lineage",
    ),
    BrokenServer(
        name="relationship-ends-as-numbers",
        level="B",
        rule="the ends of a relationship are GUIDs",
        checks=frozenset({"B-lineage-shape"}),
        seam=on_relationship(lambda edge: {**edge, "ep1_id": 1}),
        shown=lambda caller: caller.lineage()["relationships"][0]["ep1_id"] == 1,
        cohort="lineage",
    ),
    BrokenServer(
        name="bulk-limit-counts-rows",
        level="C",
        rule="a page of all lineage is measured in operators",
        checks=_PAGES,
        seam=bulking(_rows_cut),
        shown=lambda caller: _whole(caller, 1) != _whole(caller, 100),
        cohort="lineage",
    ),
    BrokenServer(
        name="bulk-total-of-operators-with-rows",
        level="C",
        rule="the total of all lineage counts the operators without a row, too",
        checks=_PAGES,
        seam=bulking(_nodes_with_rows),
        shown=lambda caller: len({row["node_guid"] for row in caller.bulk()["data"]}) == caller.bulk()["total"],
        cohort="lineage",
    ),
    BrokenServer(
        name="bulk-loses-the-last-operator-of-a-page",
        level="C",
        rule="a page of all lineage has the rows of each of its operators",
        checks=_PAGES,
        seam=bulking(_last_node_lost),
        shown=lambda caller: len(_whole(caller, 2)) < len(_whole(caller, 1)),
        cohort="lineage",
    ),
    BrokenServer(
        name="bulk-cuts-operators-on-small-pages",
        level="C",
        rule="an operator has the same rows, whatever the size of the page",
        checks=_PAGES,
        seam=bulking(_one_row_of_each),
        shown=lambda caller: len(_whole(caller, 1)) < len(_whole(caller, 100)),
        cohort="lineage",
    ),
    BrokenServer(
        name="bulk-offset-ignored",
        level="C",
        rule="offset says where a page of all lineage starts",
        checks=_PAGES,
        seam=bulking(lambda found, _, limit: found(0, limit)),
        shown=lambda caller: caller.bulk("?limit=1&offset=1")["data"] == caller.bulk("?limit=1")["data"],
        cohort="lineage",
    ),
    BrokenServer(
        name="bulk-limit-ignored",
        level="C",
        rule="limit bounds the operators on a page of all lineage",
        checks=_PAGES,
        seam=bulking(lambda found, offset, _: found(offset, MOST)),
        shown=lambda caller: len(caller.bulk("?limit=1")["data"]) > 1,
        cohort="lineage",
    ),
    BrokenServer(
        name="bulk-source-is-target",
        level="C",
        rule="the source of a row is upstream of its target",
        checks=_AGREES,
        seam=on_row(_swapped),
        shown=lambda caller: caller.bulk()["data"][0].get("source_guid") == TABLE_GUID,
        cohort="lineage",
    ),
    BrokenServer(
        name="bulk-names-other-tables",
        level="C",
        rule="all lineage uses the real name of a table",
        checks=frozenset({"C-asset-agrees", "C-search-finds"}),
        seam=on_row(lambda row: {**row, **({"source_table": "old_orders"} if "source_table" in row else {})}),
        shown=lambda caller: "old_orders" in str(caller.bulk()),
        cohort="lineage",
    ),
    BrokenServer(
        name="upstream-and-downstream-confused",
        level="C",
        rule="IN has the sources of a table, and OUT the tables made from it",
        checks=_AGREES,
        seam=around(lambda found, guid, way: found(guid, {"IN": "OUT", "OUT": "IN"}.get(way, way))),
        shown=lambda caller: RAW not in str(caller.lineage(query="?direction=IN")["relationships"]),
        cohort="lineage",
    ),
    BrokenServer(
        name="nothing-is-downstream",
        level="C",
        rule="a table is downstream of its sources",
        checks=frozenset({"C-lineage-mirror", "C-lineage-agrees"}),
        seam=around(_nothing_downstream),
        shown=lambda caller: caller.lineage(RAW, "?direction=OUT")["relationships"] == [],
        cohort="lineage",
    ),
    BrokenServer(
        name="downstream-a-step-upstream-all",
        level="C",
        rule="upstream and downstream have the same reach",
        checks=_MIRROR,
        seam=around(_a_step_downstream),
        shown=lambda caller: TABLE_GUID not in str(caller.lineage(RAW, "?direction=OUT")["relationships"]),
        cohort="lineage",
    ),
    BrokenServer(
        name="both-is-upstream",
        level="C",
        rule="BOTH is the union of IN and OUT",
        checks=_MIRROR,
        seam=around(lambda found, guid, way: found(guid, "IN" if way == "BOTH" else way)),
        shown=lambda caller: caller.lineage(RAW, "?direction=BOTH")["relationships"] == [],
        cohort="lineage",
    ),
    BrokenServer(
        name="direction-defaults-to-upstream",
        level="C",
        rule="without a direction, lineage is that of BOTH",
        checks=_MIRROR,
        seam=on_answers(
            lambda _, ask, arguments: ask(
                replace(arguments, values={**arguments.values, "direction": arguments.text("direction") or "IN"})
            ),
            LINEAGE,
        ),
        shown=lambda caller: caller.lineage(RAW)["relationships"] == [],
        cohort="lineage",
    ),
    BrokenServer(
        name="downstream-edges-turned",
        level="C",
        rule="the same end of each relationship is upstream",
        checks=_AGREES,
        seam=around(_out_turned),
        shown=lambda caller: (
            _edges(caller.lineage(RAW, "?direction=OUT"))[0][0] != RAW
            and _edges(caller.lineage(RAW, "?direction=BOTH"))[0][0] == RAW
        ),
        cohort="lineage",
    ),
    BrokenServer(
        name="lineage-of-other-tables-too",
        level="C",
        rule="each relationship leads to the requested table",
        checks=frozenset({"C-lineage-connected"}),
        seam=on_answers(_with_strangers, LINEAGE),
        shown=lambda caller: _ELSEWHERE in str(caller.lineage()),
        cohort="lineage",
    ),
    BrokenServer(
        name="category-ignored",
        level="C",
        rule="all relationships are of the requested categories",
        checks=frozenset({"C-lineage-category"}),
        seam=on_answers(_with_parents, LINEAGE),
        shown=lambda caller: (
            "PARENT_CHILD" in str(caller.lineage(query="?relationship_type_categories=DATA_FLOW")["relationships"])
        ),
        cohort="lineage",
    ),
    BrokenServer(
        name="bulk-and-lineage-of-different-days",
        level="C",
        rule="all lineage and the lineage around a table agree",
        checks=_AGREES,
        seam=around(lambda found, guid, way: found(RAW if guid == TABLE_GUID else guid, way)),
        shown=lambda caller: caller.lineage(query="?direction=IN")["relationships"] == [],
        cohort="lineage",
    ),
)
"""The servers."""
