"""Correct servers: searches, details and lineage of other catalogues, where the documentation leaves a choice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, uuid5

from dataarts_datamap_contract._broken.asset_seams import SEARCH_PATH, SOURCE_TYPE, Search, all_hits, on_search, page_of
from dataarts_datamap_contract._broken.seams import (
    BULK,
    DETAIL,
    DETAILS,
    LINEAGE,
    MOST,
    SEARCH,
    Ask,
    Document,
    on_answers,
    on_json,
)
from dataarts_datamap_contract._broken.servers import CorrectServer
from dataarts_datamap_contract._broken.shared import BAD_REQUEST, as_object, without
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock._web.validation import Arguments

_elsewhere = partial(CorrectServer, cohort="elsewhere")

_PAGE: Document = {"query": "", "limit": 10, "offset": 0}
_ACCOUNT_ID = 123_456
_TAGS = {"tags": [{"name": "daily", "confidence": 1.0, "confirmed": True}]}
_PRIVILEGES: Document = {"privileges": ["READ"], "inherit_privileges": []}
_DOWN = [{"attribute": "owner", "order": "DESC"}]


def _by_owner(search: Search, body: Document) -> Document:
    if body.get("sort"):
        return search(body)
    hits = sorted(all_hits(search, body), key=lambda hit: (hit["attributes"]["owner"], hit["guid"]))
    return page_of(search, body, hits)


def _in_names_alone(search: Search, body: Document) -> Document:
    keyword = str(body.get("query", "")).casefold()
    if not keyword:
        return search(body)
    everything = all_hits(search, {**body, "query": ""})
    hits = [hit for hit in everything if keyword in hit["attributes"]["name"].casefold()]
    kinds = Counter(hit["type_name"] for hit in hits)
    facets = [{"typeName": [{"name": name, "count": times} for name, times in kinds.items()]}]
    return {**page_of(search, body, hits), "facets": facets if "typeName" in body.get("facets", ()) else []}


def _facets_of_sources(search: Search, body: Document) -> Document:
    found = search(body)
    if SOURCE_TYPE not in body.get("facets", ()):
        return found
    kinds = Counter(hit["attributes"]["sourceType"] for hit in all_hits(search, body))
    own = {SOURCE_TYPE: [{"name": name, "count": times} for name, times in sorted(kinds.items())]}
    return {**found, "facets": [*found["facets"], own]}


def _sorted_by_name_alone(search: Search, body: Document) -> Document:
    for each in body.get("sort", ()):
        if each.get("attribute") != "name":
            raise HttpError(BAD_REQUEST, "DLG.0400", f"Hits cannot be sorted by {each.get('attribute')}")
    return search(body)


def _has_other_operator(wanted: Document) -> bool:
    return wanted.get("operator", "EQ") not in {"EQ", "IN"} or any(
        map(_has_other_operator, wanted.get("criterion", ()))
    )


def _equality_alone(search: Search, body: Document) -> Document:
    wanted = as_object(body.get("filter"))
    if wanted is not None and _has_other_operator(wanted):
        raise HttpError(BAD_REQUEST, "DLG.0400", "A filter has EQ and IN only")
    return search(body)


def _entities(change: Callable[[Document], Document]) -> Callable[[Document], Document]:
    """A change of a document that changes each asset in it."""

    def changed(document: Document) -> Document:
        if "entity" in document:
            return {**document, "entity": change(document["entity"])}
        return {**document, "entities": list(map(change, document["entities"]))}

    return changed


def _described_if_so(entity: Document) -> Document:
    attributes = entity["attributes"]
    return entity if attributes.get("description") else {**entity, "attributes": without(attributes, "description")}


def _with_ids_as_texts(entity: Document) -> Document:
    names = ("workspace_id", "instance_id")
    return {**entity, **{name: entity[name][0] for name in names if name in entity}}


def _edges(change: Callable[[Document], Document]) -> Callable[[Document], Document]:
    return lambda graph: {**graph, "relationships": list(map(change, graph["relationships"]))}


def _in_order(graph: Document) -> Document:
    return {
        **graph,
        "relationships": sorted(graph["relationships"], key=lambda edge: str(edge["guid"])),
        "entities": sorted(graph["entities"], key=lambda entity: str(entity["guid"])),
    }


def _once_for_each(_: str, perform: Ask, arguments: Arguments) -> Any:  # noqa: ANN401  a document
    return perform(replace(arguments, body=list(dict.fromkeys(arguments.body))))


def _operators_last_first(_: str, perform: Ask, arguments: Arguments) -> Document:
    def page(offset: int, limit: int) -> Document:
        document: Document = perform(replace(arguments, values={**arguments.values, "offset": offset, "limit": limit}))
        return document

    total = page(0, 1)["total"]
    end = max(total - arguments.number("offset", 0), 0)
    start = max(end - arguments.number("limit", 100), 0)
    return {"total": total, "data": page(start, end - start)["data"][::-1] if end else []}


def _rows(change: Callable[[Document], Document]) -> Callable[[Document], Document]:
    return lambda page: {**page, "data": list(map(change, page["data"]))}


def _owners(caller: Caller) -> list[str]:
    return [hit["attributes"]["owner"] for hit in caller.search()["entities"]]


def _edge_guids(caller: Caller) -> list[str]:
    return [edge["guid"] for edge in caller.lineage()["relationships"]]


def _status(caller: Caller, **members: object) -> int:
    return caller.ask("POST", SEARCH_PATH, {**_PAGE, **members}).status


CORRECT_SERVERS = (
    _elsewhere(
        "hits-by-owner",
        "without sorting, hits are ordered by owner: no order is documented",
        on_search(_by_owner),
        lambda caller: _owners(caller) == sorted(_owners(caller)),
    ),
    _elsewhere(
        "keywords-in-names-alone",
        "a keyword is compared only with names: no document says what it is compared with",
        on_search(_in_names_alone),
        lambda caller: caller.search("postgres.sales")["count"] == 0,
    ),
    _elsewhere(
        "facets-of-kinds-of-source",
        "hits are also counted by kind of source, if that facet is requested: no document lists the facets",
        on_search(_facets_of_sources),
        lambda caller: bool(caller.search(facets=[SOURCE_TYPE])["facets"]),
    ),
    _elsewhere(
        "sorted-by-name-alone",
        "a search sorted by anything but the name is refused: no document lists the attributes for sorting",
        on_search(_sorted_by_name_alone),
        lambda caller: _status(caller, sort=_DOWN) == BAD_REQUEST,
    ),
    _elsewhere(
        "equality-and-lists-alone",
        "filters may have only EQ and IN, the operators that the official SDK knows",
        on_search(_equality_alone),
        lambda caller: (
            _status(caller, filter={"attribute": SOURCE_TYPE, "operator": "NEQ", "value": ["dws"]}) == BAD_REQUEST
        ),
    ),
    _elsewhere(
        "metrics-as-a-list",
        "metrics are an empty list: the documentation calls their type an object, but describes a list",
        on_json(lambda found: {**found, "metrics": []}, SEARCH),
        lambda caller: caller.search()["metrics"] == [],
    ),
    _elsewhere(
        "assets-with-tags-and-privileges",
        "assets have tags, a business name and privileges, which are documented and optional",
        on_json(
            _entities(
                lambda entity: {
                    **entity,
                    "multi_attributes": _TAGS,
                    "business_attributes": {"businessName": {"name": entity["display_text"], "confirmed": True}},
                    "privilege_info": _PRIVILEGES,
                }
            ),
            *(SEARCH, DETAIL, DETAILS),
        ),
        lambda caller: caller.detail()["entity"].get("multi_attributes") == _TAGS,
    ),
    _elsewhere(
        "account-id-as-a-number",
        "assets have the id of the account as a number, as in the example of a related operation",
        on_json(_entities(lambda entity: {**entity, "domain_id": _ACCOUNT_ID}), *(SEARCH, DETAIL, DETAILS, LINEAGE)),
        lambda caller: caller.detail()["entity"].get("domain_id") == _ACCOUNT_ID,
    ),
    _elsewhere(
        "ids-of-an-asset-as-texts",
        "an asset's workspace and tenancy are text, not lists with one text: the specification allows both",
        on_json(_entities(_with_ids_as_texts), *(SEARCH, DETAIL, DETAILS, LINEAGE)),
        lambda caller: isinstance(caller.detail()["entity"]["workspace_id"], str),
    ),
    _elsewhere(
        "no-blank-descriptions",
        "an asset without a description has no such attribute: all attributes are optional",
        on_json(_entities(_described_if_so), *(SEARCH, DETAIL, DETAILS, LINEAGE)),
        lambda caller: "description" not in caller.detail()["entity"]["attributes"],
    ),
    _elsewhere(
        "details-once-for-each-guid",
        "an asset that is requested twice is shown once: no document says how often it is shown",
        on_answers(_once_for_each, DETAILS),
        lambda caller: len(caller.details(TABLE_GUID, TABLE_GUID)["entities"]) == 1,
    ),
    _elsewhere(
        "lineage-in-the-order-of-guids",
        "relationships and assets of lineage are ordered by GUID: no order is documented",
        on_json(_in_order, LINEAGE),
        lambda caller: _edge_guids(caller) == sorted(_edge_guids(caller)),
    ),
    _elsewhere(
        "relationships-with-uuids",
        "the GUID of a relationship is a UUID: its form is not documented",
        on_json(
            _edges(lambda edge: {**edge, "guid": str(uuid5(NAMESPACE_OID, edge["guid"]))}),
            LINEAGE,
        ),
        lambda caller: {len(guid) for guid in _edge_guids(caller)} == {36},
    ),
    _elsewhere(
        "relationships-without-guids",
        "relationships have no GUIDs: all their fields are optional",
        on_json(_edges(lambda edge: without(edge, "guid")), LINEAGE),
        lambda caller: "guid" not in caller.lineage()["relationships"][0],
    ),
    _elsewhere(
        "bulk-operators-last-first",
        "ShowLineageBulk lists the operators in reverse order: no order is documented",
        on_answers(_operators_last_first, BULK),
        lambda caller: (
            caller.bulk("?limit=1")["data"] == caller.bulk(f"?limit={MOST}")["data"][:1]
            and caller.bulk()["data"][-1]["node_name"] == "ETL_Job_dli2dws"
        ),
    ),
    _elsewhere(
        "kinds-of-operators-in-words",
        "kinds of operators are spelt with a blank, as in older examples: the set of names is open",
        on_json(_rows(lambda row: {**row, "node_type": "DWS SQL"}), BULK),
        lambda caller: caller.bulk()["data"][0]["node_type"] == "DWS SQL",
    ),
    _elsewhere(
        "no-blank-schemas",
        "ShowLineageBulk leaves out the schema of a table that has none: every field is optional",
        on_json(_rows(lambda row: {name: value for name, value in row.items() if value}), BULK),
        lambda caller: any("source_guid" in row and "source_schema" not in row for row in caller.bulk()["data"]),
    ),
)
