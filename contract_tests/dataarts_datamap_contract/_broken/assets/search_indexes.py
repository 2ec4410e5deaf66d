"""Searches through an index whose queries, counts or aliases went wrong."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.asset_seams import SOURCE_TYPE, Search, all_hits, on_search, page_of
from dataarts_datamap_contract._broken.seams import Document, Seam, compact
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import SALES_WORKSPACE, as_object, without

if TYPE_CHECKING:
    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation

_elsewhere = partial(BrokenServer, level="C", cohort="elsewhere")

_OF_KIND: Document = {"attribute": SOURCE_TYPE, "operator": "EQ", "value": ["hive"]}
_OF_WORKSPACE: Document = {"attribute": "workspaceId", "operator": "EQ", "value": [SALES_WORKSPACE]}
_EITHER: Document = {"condition": "OR", "criterion": [_OF_KIND, _OF_WORKSPACE]}
_DOWN = [{"attribute": "name", "order": "DESC"}]
_UP = [{"attribute": "name", "order": "ASC"}]


def _counted_before_the_filter(search: Search, body: Document) -> Document:
    """With facets, the filter is applied to the hits only after they were counted."""
    found = search(body)
    if not body.get("facets") or "filter" not in body:
        return found
    return {**found, "count": search(without(body, "filter"))["count"]}


def _facets_of_everything(search: Search, body: Document) -> Document:
    every = {"limit": 1, "offset": 0, "facets": body.get("facets", [])}
    return {**search(body), "facets": search(every)["facets"]}


def _known_values(search: Search) -> set[str]:
    return {hit["attributes"]["sourceType"] for hit in all_hits(search, {})}


def _strict(wanted: Document, known: set[str]) -> Document:
    """A filter by kinds of source matches nothing if one of them is unknown."""
    if wanted.get("attribute") == SOURCE_TYPE and not set(wanted.get("value", ())) <= known:
        return {**wanted, "operator": "IN", "value": []}
    below = wanted.get("criterion")
    return wanted if below is None else {**wanted, "criterion": [_strict(each, known) for each in below]}


def _unknown_value_for_all(search: Search, body: Document) -> Document:
    wanted = as_object(body.get("filter"))
    return search(body if wanted is None else {**body, "filter": _strict(wanted, _known_values(search))})


def _union_of_all(search: Search, body: Document) -> Document:
    """Each member of OR is a query of its own, and the hits of all are joined without removing repetitions."""
    wanted = as_object(body.get("filter")) or {}
    members: list[Document] = wanted.get("criterion") or []
    if wanted.get("condition") != "OR" or "attribute" in wanted or len(members) < 2:
        return search(body)
    return page_of(search, body, [hit for each in members for hit in all_hits(search, {**body, "filter": each})])


def _down_once(search: Search, body: Document) -> Document:
    return search({**body, "sort": _UP} if body.get("sort") == _DOWN and body["offset"] else body)


def _sorted_late(search: Search, body: Document) -> Document:
    """The page is cut first, and sorted afterwards."""
    if not body.get("sort"):
        return search(body)
    found = search(without(body, "sort"))
    is_down = body["sort"][0].get("order") == "DESC"
    hits = sorted(found["entities"], key=lambda hit: hit["attributes"]["name"], reverse=is_down)
    return {**found, "entities": hits}


def _owners_that_begin_so(search: Search, body: Document) -> Document:
    if not body.get("owner"):
        return search(body)
    hits = all_hits(search, without(body, "owner"))
    own = [hit for hit in hits if hit["attributes"]["owner"].startswith(body["owner"])]
    return page_of(search, without(body, "owner"), own)


def _keyword_or_owner(search: Search, body: Document) -> Document:
    return search(without(body, "owner") if body.get("query") else body)


def _cached_without_the_order() -> Seam:
    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        pages: dict[str, Document] = {}

        def response(search: Search, body: Document) -> Document:
            key = compact(sorted(without(body, "sort").items()))
            return pages.setdefault(key, search(body))

        return on_search(response).alter(operation, config)

    return Seam(alter)


def _two_indexes(search: Search, body: Document) -> Document:
    """While the index is rebuilt, a keyword is searched in the old and the new index, and each hit is shown twice."""
    if not body.get("query"):
        return search(body)
    return page_of(search, body, [hit for hit in all_hits(search, body) for _ in range(2)])


def _relationships_instead(search: Search, body: Document) -> Document:
    found = search(body)
    if not body.get("relationship_attributes"):
        return found
    return {**found, "entities": [without(hit, "attributes") for hit in found["entities"]]}


def _filtered_once(search: Search, body: Document) -> Document:
    return search(without(body, "filter") if body["offset"] else body)


def _names(found: Document) -> list[str]:
    return [hit["attributes"]["name"] for hit in found["entities"]]


def _guids(found: Document) -> list[str]:
    return [hit["guid"] for hit in found["entities"]]


def _total(found: Document) -> int:
    return int(found["count"])


def _kinds(found: Any) -> int:  # noqa: ANN401  a document
    return sum(each["count"] for each in found["facets"][0]["typeName"])


def _sorted_pages(caller: Caller, order: list[dict[str, str]]) -> list[str]:
    return [name for offset in range(0, 32, 8) for name in _names(caller.search(limit=8, offset=offset, sort=order))]


def _other_order_comes_first(caller: Caller) -> bool:
    return _names(caller.search(sort=_UP)) == _names(caller.search(sort=_DOWN))


BROKEN_SERVERS = (
    _elsewhere(
        "counted-before-the-filter-with-facets",
        "a filtered search counts the same hits with facets as without them",
        frozenset({"C-search-pages", "C-search-narrows"}),
        on_search(_counted_before_the_filter),
        lambda caller: (
            _total(caller.search(filter=_OF_KIND, facets=["typeName"])) != _total(caller.search(filter=_OF_KIND))
        ),
    ),
    _elsewhere(
        "facets-of-everything",
        "facets count the hits of the search, not every asset",
        frozenset({"C-search-pages"}),
        on_search(_facets_of_everything),
        lambda caller: _kinds(caller.search("margin", facets=["typeName"])) > _total(caller.search("margin")),
    ),
    _elsewhere(
        "unknown-value-spoils-a-list",
        "a filter with several values finds assets even if no asset has one of the values",
        frozenset({"C-search-narrows"}),
        on_search(_unknown_value_for_all),
        lambda caller: (
            caller.search(filter={"attribute": SOURCE_TYPE, "operator": "IN", "value": ["dws", "oracle"]})["count"] == 0
        ),
    ),
    _elsewhere(
        "or-shows-twice-what-matches-both",
        "an asset that passes both members of OR is one hit",
        frozenset({"C-search-pages", "C-search-narrows"}),
        on_search(_union_of_all),
        lambda caller: len(set(_guids(caller.search(filter=_EITHER)))) < caller.search(filter=_EITHER)["count"],
    ),
    _elsewhere(
        "descending-on-the-first-page-alone",
        "all pages of a search have the requested order, not only the first page",
        frozenset({"C-search-pages", "C-search-narrows"}),
        on_search(_down_once),
        lambda caller: len(set(_sorted_pages(caller, _DOWN))) < len(set(_names(caller.search()))),
    ),
    _elsewhere(
        "hits-sorted-after-the-page-was-cut",
        "hits are sorted before pages are cut",
        frozenset({"C-search-pages", "C-search-narrows"}),
        on_search(_sorted_late),
        lambda caller: _sorted_pages(caller, _UP) != sorted(_sorted_pages(caller, _UP)),
    ),
    _elsewhere(
        "owners-by-their-beginning",
        "a search by owner leaves out the owners whose names only begin with the requested name",
        frozenset({"C-search-narrows"}),
        on_search(_owners_that_begin_so),
        lambda caller: {hit["attributes"]["owner"] for hit in caller.search(owner="user")["entities"]} != {"user"},
    ),
    _elsewhere(
        "owner-or-keyword",
        "a search for a keyword and an owner finds the assets that match both",
        frozenset({"C-search-narrows"}),
        on_search(_keyword_or_owner),
        lambda caller: caller.search("part", owner="分析师")["count"] == caller.search("part")["count"],
    ),
    _elsewhere(
        "searches-cached-without-their-order",
        "the order of a search does not depend on the order that was requested before",
        frozenset({"C-search-pages", "C-search-narrows", "C-replay"}),
        _cached_without_the_order(),
        _other_order_comes_first,
    ),
    _elsewhere(
        "two-indexes-behind-one-alias",
        "a search for a keyword shows and counts each asset once",
        frozenset({"C-search-pages", "C-search-narrows"}),
        on_search(_two_indexes),
        lambda caller: len(set(_guids(caller.search("orders")))) < caller.search("orders")["count"],
    ),
    _elsewhere(
        "relationship-attributes-in-place-of-the-others",
        "hits keep their own attributes if relationship attributes are requested, too",
        frozenset({"C-asset-agrees"}),
        on_search(_relationships_instead),
        lambda caller: "attributes" not in caller.search(relationship_attributes=["columns"])["entities"][0],
    ),
    _elsewhere(
        "filter-on-the-first-page-alone",
        "all pages of a search are filtered, not only the first page",
        frozenset({"C-search-pages", "C-search-narrows"}),
        on_search(_filtered_once),
        lambda caller: len(caller.search(filter=_OF_KIND, offset=1)["entities"]) > 1,
    ),
)
