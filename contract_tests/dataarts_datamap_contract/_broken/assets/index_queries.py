"""Broken servers: operators, searches and lineage of a catalogue with a search index, joined tables and a cache."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from dataarts_datamap_contract._broken.asset_seams import (
    FAILURE,
    RAW,
    SEARCH_PATH,
    SOURCE_TYPE,
    Search,
    all_hits,
    on_assets,
    on_relationship,
    on_search,
    post,
)
from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import (
    BULK,
    LINEAGE,
    MOST,
    NODES,
    SEARCH,
    Document,
    Seam,
    compact,
    on_json,
    on_operators,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import SECOND, STAGE_JOB, WORKSPACE, Anew, Operation, performed
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._web.validation import Arguments

if TYPE_CHECKING:
    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation

_shipped = partial(BrokenServer, level="C", cohort="shipped")

_FAILED = 500
_RESULT_WINDOW = 10_000
_PLANE = 0xFFFF
_CATEGORIES = "relationship_type_categories"
_IN_WORKSPACE = {"attribute": "workspaceId", "operator": "EQ", "value": [WORKSPACE]}


def _one_of_each_task(operators: list[Document]) -> list[Document]:
    """Operators are collected in a map by task_id, which keeps the first of each."""
    first: dict[str, Document] = {}
    for operator in operators:
        first.setdefault(operator["task_id"], operator)
    return list(first.values())


def _producers() -> Seam:
    """An operator that only reads a table, according to ShowLineageBulk, is not listed for that table."""
    performers: dict[str, Operation] = {}

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        performers[operation.operation_id] = operation.perform
        if operation.operation_id != NODES:
            return operation

        def perform(arguments: Arguments) -> bytes:
            operators = json.loads(operation.perform(arguments))
            page = json.loads(performers[BULK](Arguments({**arguments.values, "offset": 0, "limit": MOST})))
            guid = arguments.text("guid")
            writers, readers = (
                {(row["node_name"], row["workspace_id"]) for row in page["data"] if row.get(end) == guid}
                for end in ("target_guid", "source_guid")
            )
            only_read = readers - writers
            return compact(
                [each for each in operators if (each["job_name"], each["workspace_id"]) not in only_read]
            ).encode()

        return replace(operation, perform=perform)

    return Seam(alter)


def _in_three_bytes(operator: Document) -> Document:
    """MySQL's utf8 stores at most three bytes per character; a longer character becomes a question mark."""
    name = "".join("?" if ord(character) > _PLANE else character for character in operator["job_name"])
    return {**operator, "job_name": name}


def _within_result_window(search: Search, body: Document) -> Document:
    if int(body["offset"]) + int(body["limit"]) > _RESULT_WINDOW:
        raise FAILURE
    return search(body)


def _parsed_as_query(search: Search, body: Document) -> Document:
    """The keyword is parsed as a query: an unpaired bracket, quote or slash, or a final backslash, is a failure."""
    query = str(body.get("query", ""))
    pairs = (("(", ")"), ("[", "]"), ("{", "}"))
    is_open = any(query.count(first) != query.count(last) for first, last in pairs)
    if is_open or query.count('"') % 2 or query.count("/") % 2 or query.endswith("\\"):
        raise FAILURE
    return search(body)


def _first_values(wanted: Document) -> Document:
    changed = {**wanted}
    if "value" in wanted:
        changed["value"] = wanted["value"][:1]
    if "criterion" in wanted:
        changed["criterion"] = [_first_values(each) for each in wanted["criterion"]]
    return changed


def _filtered_by_first_value(search: Search, body: Document) -> Document:
    return search({**body, "filter": _first_values(body["filter"])} if "filter" in body else body)


def _filtered_after_paging(search: Search, body: Document) -> Document:
    """The index finds and counts hits without the filter; the service then drops excluded hits from the page."""
    if "filter" not in body:
        return search(body)
    kept = {each["guid"] for each in all_hits(search, body)}
    page = search({name: value for name, value in body.items() if name != "filter"})
    return {**page, "entities": [each for each in page["entities"] if each["guid"] in kept]}


def _in_seconds(asset: Document) -> Document:
    return {**asset, "update_time": int(asset["update_time"]) // SECOND}


def _cached_by_guid(perform: Operation, _: MockConfig) -> Operation:
    graphs: dict[tuple[str, ...], bytes] = {}

    def show(arguments: Arguments) -> bytes:
        key = tuple(arguments.text(name) for name in ("project_id", "instance", "guid"))
        if key not in graphs:
            graphs[key] = perform(arguments)
        return graphs[key]

    return show


def _with_first_category(perform: Operation, _: MockConfig) -> Operation:
    """If several categories are requested, only the first one is read."""

    def show(arguments: Arguments) -> bytes:
        first = arguments.lists.get(_CATEGORIES, ())[:1]
        return perform(replace(arguments, lists={**arguments.lists, _CATEGORIES: first}))

    return show


def _joined(page: Document) -> Document:
    """An inner join of sources and targets drops the rows that have only one of the two."""
    return {**page, "data": [row for row in page["data"] if "source_guid" in row and "target_guid" in row]}


def _names(caller: Caller, guid: str = TABLE_GUID) -> list[str]:
    return [operator["job_name"] for operator in caller.nodes(guid).json()]


def _count_of_source_types(caller: Caller, *types: str) -> int:
    wanted = {"attribute": SOURCE_TYPE, "operator": "IN", "value": list(types)}
    return int(caller.search(filter=wanted)["count"])


def _shows_fewer_than_it_counts(caller: Caller) -> bool:
    found = caller.search(filter=_IN_WORKSPACE)
    return bool(found["count"] > len(found["entities"]))


def _times_differ(caller: Caller) -> bool:
    found = caller.search("dws_orders")["entities"][0]
    return bool(found["update_time"] != caller.detail(found["guid"])["entity"]["update_time"])


def _ids_change(caller: Caller) -> bool:
    first, second = ([each["guid"] for each in caller.lineage()["relationships"]] for _ in range(2))
    return first != second


BROKEN_SERVERS = (
    _shipped(
        "one-operator-of-each-task",
        "all operators of a table are listed, even two with the same task_id",
        CHECKS["operators of a table"],
        on_operators(_one_of_each_task),
        lambda caller: STAGE_JOB not in _names(caller),
    ),
    _shipped(
        "operators-that-only-read-are-left-out",
        "the operators of a table are those that write it and those that read it",
        CHECKS["operators of a table"],
        Anew(make=_producers),
        lambda caller: _names(caller, RAW) == [],
    ),
    _shipped(
        "operator-names-in-three-bytes",
        "an operator with an emoji in its name is listed under that name",
        CHECKS["operators of a table"],
        on_operators(lambda operators: [_in_three_bytes(each) for each in operators]),
        lambda caller: any(name.endswith("?") for name in _names(caller)),
    ),
    _shipped(
        "result-window-of-the-index",
        "a search with a large limit or offset is served, or refused as bad input, and does not fail",
        CHECKS["valid requests succeed"],
        on_search(_within_result_window),
        lambda caller: post(caller, SEARCH_PATH, {"limit": _RESULT_WINDOW, "offset": 1}) == _FAILED,
        level="E",
    ),
    _shipped(
        "keyword-parsed-as-a-query",
        "a keyword may contain any character",
        CHECKS["valid requests succeed"],
        on_search(_parsed_as_query),
        lambda caller: post(caller, SEARCH_PATH, {"query": "dws_orders (", "limit": 10, "offset": 0}) == _FAILED,
        level="E",
    ),
    _shipped(
        "filter-takes-the-first-value",
        "a filter with several values finds the assets that have any of them",
        CHECKS["search filter"],
        on_search(_filtered_by_first_value),
        lambda caller: (
            _count_of_source_types(caller, "dli", "dws")
            < _count_of_source_types(caller, "dli") + _count_of_source_types(caller, "dws")
        ),
    ),
    _shipped(
        "filtered-after-paging",
        "a page of filtered hits is full while there are more hits, and count is the number of all that match",
        CHECKS["search pages"] | CHECKS["search filter"],
        on_search(_filtered_after_paging),
        _shows_fewer_than_it_counts,
    ),
    _shipped(
        "index-has-times-in-seconds",
        "a search and the details of an asset show the same time of its last change",
        CHECKS["assets agree"],
        on_assets(_in_seconds, SEARCH),
        _times_differ,
    ),
    _shipped(
        "lineage-cached-without-its-direction",
        "lineage in one direction does not depend on the direction that was requested before",
        CHECKS["lineage agrees"] | CHECKS["asked again the same"],
        performed(LINEAGE, _cached_by_guid),
        lambda caller: caller.lineage(query="?direction=IN") == caller.lineage(query="?direction=OUT"),
    ),
    _shipped(
        "first-of-the-repeated-categories",
        "lineage of several categories has the relationships of each of them",
        CHECKS["lineage agrees"],
        performed(LINEAGE, _with_first_category),
        lambda caller: caller.lineage(query=f"?{_CATEGORIES}=PARENT_CHILD&{_CATEGORIES}=DATA_FLOW")["total"] == 0,
    ),
    _shipped(
        "sources-joined-to-targets",
        "ShowLineageBulk includes the operators that only read tables, or only write them",
        CHECKS["lineage agrees"],
        on_json(_joined, BULK),
        lambda caller: all("source_guid" in row and "target_guid" in row for row in caller.bulk()["data"]),
    ),
    _shipped(
        "relationship-ids-of-one-response",
        "a relationship has the same GUID in each response",
        CHECKS["asked again the same"] | CHECKS["lineage agrees"],
        on_relationship(lambda each: {**each, "guid": str(uuid4())}),
        _ids_change,
    ),
)
