"""Level C: lineage, of all operators or around an asset, that graph walks and joins get wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.outside.making import broken, guid_of
from dataarts_datamap_contract._broken.seams import (
    BULK,
    LINEAGE,
    MOST,
    Ask,
    Document,
    on_answers,
    on_json,
    on_query,
)
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract._broken.seams import Pairs
    from dataarts_datamap_contract._broken.servers import BrokenServer
    from dataarts_datamap_contract.mock._web.validation import Arguments

_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_SERVER_ERROR = 500
_EDGES_OF_A_CIRCLE = 4
_SOURCES = 3


def _in_three_bytes(document: Document) -> Document:
    return {**document, "data": [{**row, "node_name": _BEYOND.sub("?", row["node_name"])} for row in document["data"]]}


def _ten_if_unsaid(pairs: Pairs) -> Pairs:
    return pairs if any(name == "limit" for name, _ in pairs) else [*pairs, ("limit", "10")]


def _bulk_of(ask: Ask, arguments: Arguments, **values: int) -> Document:
    document: Document = ask(replace(arguments, values={**arguments.values, **values}))
    return document


def _counting_those_with_lineage(_: str, ask: Ask, arguments: Arguments) -> Document:
    everything = _bulk_of(ask, arguments, offset=0, limit=MOST)
    return {**ask(arguments), "total": len({row["node_guid"] for row in everything["data"]})}


def _places(rows: Iterable[Document], name: str) -> dict[tuple[object, object], int]:
    """The position of each table among the tables of its operator."""
    places: dict[tuple[object, object], int] = {}
    numbers: dict[object, int] = {}
    for row in rows:
        key = (row["node_guid"], row.get(name))
        if key not in places:
            places[key] = numbers.get(row["node_guid"], 0)
            numbers[row["node_guid"]] = places[key] + 1
    return places


def _zipped(document: Document) -> Document:
    rows: list[Document] = document["data"]
    sources, targets = _places(rows, "source_guid"), _places(rows, "target_guid")
    kept = [
        row
        for row in rows
        if sources[row["node_guid"], row.get("source_guid")] == targets[row["node_guid"], row.get("target_guid")]
    ]
    return {**document, "data": kept}


def _where_unequal(document: Document) -> Document:
    """A comparison with NULL is not true."""
    kept = [
        row
        for row in document["data"]
        if None not in (source := row.get("source_guid"), target := row.get("target_guid")) and source != target
    ]
    return {**document, "data": kept}


def _of_the_first_workspace(document: Document) -> Document:
    rows: list[Document] = document["data"]
    return {**document, "data": [{**row, "workspace_id": rows[0]["workspace_id"]} for row in rows]}


def _overflowing(_: str, ask: Ask, arguments: Arguments) -> Document:
    document: Document = ask(arguments)
    end = arguments.number("offset", 0) + arguments.number("limit", 100)
    return {**document, "data": []} if end > MOST else document


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
    """Downstream of a table also has the other tables that its operator writes."""
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


def _rows_of(caller: Caller, node_name: str) -> list[Document]:
    return [row for row in caller.bulk()["data"] if row["node_name"] == node_name]


def _has_rows_past_its_total(caller: Caller) -> bool:
    total = caller.bulk()["total"]
    return bool(caller.bulk(f"?offset={total}&limit=100")["data"])


def _moves_operators(caller: Caller) -> bool:
    own = {each["job_name"]: each["workspace_id"] for each in caller.nodes().json()}
    return any(own.get(row["node_name"], row["workspace_id"]) != row["workspace_id"] for row in caller.bulk()["data"])


def _draws_fewer(caller: Caller) -> bool:
    """Whether lineage upstream of a table lacks a source that its operator has in the lineage of all operators."""
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


BROKEN_SERVERS: tuple[BrokenServer, ...] = (
    broken(
        "emoji-lost-in-lineage",
        "An operator has the same name in the lineage of all operators, in ShowNodes and in its runs.",
        "lineage agrees",
        on_json(_in_three_bytes, BULK),
        lambda caller: any("?" in row["node_name"] for row in caller.bulk()["data"]),
    ),
    broken(
        "ten-operators-if-unsaid",
        "Without a limit, a page of lineage holds 100 operators (the documented default).",
        "bulk pages",
        on_query(_ten_if_unsaid, of=BULK),
        lambda caller: len(caller.bulk()["data"]) < len(caller.bulk("?limit=100")["data"]),
    ),
    broken(
        "total-of-operators-with-lineage",
        "The total of the lineage of all operators counts all of them, including those without rows.",
        "bulk pages",
        on_answers(_counting_those_with_lineage, BULK),
        _has_rows_past_its_total,
    ),
    broken(
        "sources-zipped-with-targets",
        "An operator's rows name every table that it reads, however many it writes.",
        "lineage agrees",
        on_json(_zipped, BULK),
        lambda caller: len(_rows_of(caller, "join_items")) < _SOURCES,
    ),
    broken(
        "WHERE source <> target",
        "An operator has rows even if it only writes, only reads, or reads a table that it writes.",
        "lineage agrees",
        on_json(_where_unequal, BULK),
        lambda caller: not _rows_of(caller, "snapshot"),
    ),
    broken(
        "one-workspace-for-a-page-of-lineage",
        "An operator's row names its own workspace, as ShowNodes and its runs do.",
        "lineage agrees",
        on_json(_of_the_first_workspace, BULK),
        _moves_operators,
    ),
    broken(
        "end-of-the-bulk-page-overflows",
        "A limit of 2^31-1 is valid at any offset, and gives the remaining operators.",
        "bulk pages",
        on_answers(_overflowing, BULK),
        lambda caller: not caller.bulk(f"?offset=1&limit={MOST}")["data"],
    ),
    broken(
        "circles-cut-open",
        "If two operators each read what the other writes, all four edges are shown.",
        "lineage agrees",
        on_json(_acyclic, LINEAGE),
        lambda caller: len(caller.lineage(guid_of(caller, "lake.loop_first"))["relationships"]) < _EDGES_OF_A_CIRCLE,
    ),
    broken(
        "a-tree-for-a-graph",
        "If two paths lead to a table, its lineage has both.",
        "lineage agrees",
        on_answers(_as_a_tree, LINEAGE),
        _draws_fewer,
    ),
    broken(
        "downstream-holds-siblings",
        "Downstream of a table are the tables made of it, not the other tables that its operator writes.",
        "lineage agrees",
        on_answers(_with_siblings, LINEAGE),
        _draws_a_sibling,
    ),
    broken(
        "first-of-repeated-keys",
        "Several categories are sent as a repeated key, and each of them counts.",
        "lineage agrees",
        on_answers(_first_of_each, LINEAGE),
        lambda caller: (
            not caller.lineage(query="?relationship_type_categories=UP_DOWN&relationship_type_categories=DATA_FLOW")[
                "relationships"
            ]
        ),
    ),
    broken(
        "nothing-is-a-failure",
        "A table without lineage has an empty graph; the request for it does not fail.",
        "valid requests succeed",
        on_answers(_failing_on_nothing, LINEAGE),
        _fails_on_nothing,
    ),
)
