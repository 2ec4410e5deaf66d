"""Broken servers: bugs that releases of a catalogue bring to operators, searches, details and lineage."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.asset_seams import (
    RAW,
    SOURCE_TYPE,
    Search,
    around,
    bulking,
    detailing,
    on_assets,
    on_search,
    shown_guids,
    shown_names,
)
from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import BULK, MOST, SEARCH, Document, on_json, on_operators
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import WORKSPACE, without
from dataarts_datamap_contract.mock import TABLE_GUID

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller

_shipped = partial(BrokenServer, level="C", cohort="shipped")

_CHUNK = 20
_MOST_OPERATORS = 10
_SWAPPED = {
    "ep1_id": "ep2_id",
    "ep2_id": "ep1_id",
    "ep1_type_name": "ep2_type_name",
    "ep2_type_name": "ep1_type_name",
}
_BOTH = {
    "attribute": SOURCE_TYPE,
    "operator": "EQ",
    "value": ["dws"],
    "condition": "AND",
    "criterion": [{"attribute": "workspaceId", "operator": "EQ", "value": [WORKSPACE]}],
}


# Operators.


def _of_first_workspace(operators: list[Document]) -> list[Document]:
    return [{**each, "workspace_id": operators[0]["workspace_id"]} for each in operators]


def _operators(caller: Caller) -> list[Document]:
    operators: list[Document] = json.loads(caller.nodes().body)
    return operators


# Searches and details.


def _joined_or_compared(wanted: Document) -> Document:
    """The filter without the comparisons that stand beside a ``criterion``."""
    if not wanted.get("criterion"):
        return wanted
    joined = {key: value for key, value in wanted.items() if key not in {"attribute", "operator", "value"}}
    return {**joined, "criterion": [_joined_or_compared(each) for each in wanted["criterion"]]}


def _with_one_of_both(search: Search, body: Document) -> Document:
    return search({**body, "filter": _joined_or_compared(body["filter"])} if "filter" in body else body)


def _sorted_after_paging(search: Search, body: Document) -> Document:
    if not body.get("sort"):
        return search(body)
    page = search(without(body, "sort"))
    descending = body["sort"][0].get("order") == "DESC"
    hits = sorted(page["entities"], key=lambda entity: str(entity["attributes"]["name"]), reverse=descending)
    return {**page, "entities": hits}


def _whole_chunks(details: Callable[[list[str]], Document], guids: list[str]) -> Document:
    """From 20 GUIDs on, only full chunks of 20 are read, and the rest is forgotten."""
    return details(guids if len(guids) < _CHUNK else guids[: len(guids) // _CHUNK * _CHUNK])


def _analysed(entity: Document) -> Document:
    attributes = entity["attributes"]
    return {**entity, "attributes": {**attributes, "qualifiedName": attributes["qualifiedName"].lower()}}


def _indexed(entity: Document) -> Document:
    return {**entity, "update_time": int(entity["update_time"]) // 1_000}


def _hits_of_both(caller: Caller) -> list[Document]:
    hits: list[Document] = caller.search(filter=_BOTH)["entities"]
    return hits


def _sorted_names(caller: Caller, limit: int) -> list[Any]:
    return shown_names(caller.search(sort=[{"attribute": "name", "order": "ASC"}], limit=limit))


# Lineage.


def _first_way_alone(found: Callable[..., Document], guid: str, direction: str) -> Document:
    """A relationship between two assets that were both visited before is skipped."""
    graph = found(guid, direction)
    visited = {guid}
    kept: list[Document] = []
    for each in graph["relationships"]:
        ends = {each["ep1_id"], each["ep2_id"]}
        if not ends <= visited:
            kept.append(each)
        visited |= ends
    return {**graph, "total": len(kept), "relationships": kept}


def _seen_from_the_asset(found: Callable[..., Document], guid: str, direction: str) -> Document:
    graph = found(guid, direction)
    if direction != "IN":
        return graph
    return {**graph, "relationships": [_swapped(each) for each in graph["relationships"]]}


def _swapped(relationship: Document) -> Document:
    return {**relationship, **{name: relationship[other] for name, other in _SWAPPED.items()}}


def _paged_by_row(found: Callable[..., Document], offset: int, limit: int) -> Document:
    everything = found(0, MOST)
    return {**everything, "data": everything["data"][offset : offset + limit]}


def _ends(graph: Any) -> dict[str, str]:  # noqa: ANN401  a broken server answers anything
    """The first end of each relationship, by the GUID of the relationship."""
    return {each["guid"]: each["ep1_id"] for each in graph["relationships"]}


def _ends_differ(caller: Caller) -> bool:
    upstream, both = (_ends(caller.lineage(query=f"?direction={way}")) for way in ("IN", "BOTH"))
    return any(both[guid] != end for guid, end in upstream.items())


def _walked_rows(caller: Caller) -> list[Document]:
    total = caller.bulk("?limit=1")["total"]
    return [row for offset in range(0, total, 5) for row in caller.bulk(f"?offset={offset}&limit=5")["data"]]


BROKEN_SERVERS = (
    _shipped(
        "first-ten-operators",
        "the list of operators is whole, since it has no pages",
        CHECKS["operators of a table"],
        on_operators(lambda operators: operators[:_MOST_OPERATORS]),
        lambda caller: len(_operators(caller)) == _MOST_OPERATORS,
    ),
    _shipped(
        "operators-in-the-workspace-of-the-first",
        "each operator has its own workspace, in which its runs are found",
        CHECKS["operators of a table"],
        on_operators(_of_first_workspace),
        lambda caller: {WORKSPACE} == {each["workspace_id"] for each in _operators(caller)},
    ),
    _shipped(
        "comparison-beside-a-condition-ignored",
        "a filter with a comparison beside a condition finds the assets that match both",
        CHECKS["search filter"],
        on_search(_with_one_of_both),
        lambda caller: any(each["attributes"]["sourceType"] != "dws" for each in _hits_of_both(caller)),
    ),
    _shipped(
        "hits-sorted-on-their-page",
        "pages of sorted hits are slices of one sorted list",
        CHECKS["search pages"],
        on_search(_sorted_after_paging),
        lambda caller: _sorted_names(caller, 5) != _sorted_names(caller, 100)[:5],
    ),
    _shipped(
        "details-of-whole-chunks",
        "the details of many assets include the last of them",
        CHECKS["assets agree"],
        detailing(_whole_chunks),
        lambda caller: len(caller.details(*shown_guids(caller.search(limit=25)))["entities"]) == _CHUNK,
    ),
    _shipped(
        "qualified-names-as-indexed",
        "a search and the details show the same qualified name, in the same case",
        CHECKS["assets agree"],
        on_assets(_analysed, SEARCH),
        lambda caller: not any("DWS" in each["attributes"]["qualifiedName"] for each in caller.search()["entities"]),
    ),
    _shipped(
        "search-with-seconds",
        "a search and the details show the same time of the last change, in milliseconds",
        CHECKS["assets agree"],
        on_assets(_indexed, SEARCH),
        lambda caller: caller.search("ods_orders")["entities"][0]["update_time"] < 10**11,
    ),
    _shipped(
        "second-way-to-a-table-skipped",
        "if several operators read a table, lineage has a relationship for each of them",
        CHECKS["lineage agrees"],
        around(_first_way_alone),
        lambda caller: [*_ends(caller.lineage(TABLE_GUID, "?direction=IN")).values()].count(RAW) == 1,
    ),
    _shipped(
        "ends-seen-from-the-asset",
        "a relationship has the same first end, whichever direction is asked for",
        CHECKS["lineage agrees"],
        around(_seen_from_the_asset),
        _ends_differ,
    ),
    _shipped(
        "all-lineage-paged-by-row",
        "offset, limit and total of ShowLineageBulk count operators, and the pages up to the total have all rows",
        CHECKS["bulk pages"],
        bulking(_paged_by_row),
        lambda caller: len(_walked_rows(caller)) < len(caller.bulk(f"?limit={MOST}")["data"]),
    ),
    _shipped(
        "operators-with-one-side-joined-away",
        "ShowLineageBulk has the operators that only read, and those that only write",
        CHECKS["lineage agrees"] | CHECKS["bulk pages"],
        on_json(
            lambda page: {
                **page,
                "data": [row for row in page["data"] if row.get("source_guid") and row.get("target_guid")],
            },
            BULK,
        ),
        lambda caller: all({"source_guid", "target_guid"} <= row.keys() for row in caller.bulk()["data"]),
    ),
)
