"""Searches with wrong hits, pages or counts."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.asset_seams import FAILURE, RAW, arranged, on_assets, searching, shown_names
from dataarts_datamap_contract._broken.seams import MOST, SEARCH, Document, on_json, on_wire
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract.mock import TABLE_GUID

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract._broken.seams import Response

_lineage = partial(BrokenServer, level="C", cohort="lineage")
_unseen = partial(BrokenServer, level="C", cohort="unseen")

_PAGES = frozenset({"C-search-pages"})
_NARROWS = frozenset({"C-search-narrows"})
_DWS = {"attribute": "base.DataAsset.sourceType", "operator": "EQ", "value": ["dws"]}
_DLI = {**_DWS, "value": ["dli"]}
_EITHER = {"condition": "OR", "criterion": [_DWS, _DLI]}
_SALES = {"attribute": "workspaceId", "operator": "EQ", "value": ["4f6c1d2e9b8a47c3a5d0e1f2b3c4d5e6"]}


def _created(scope: Scope, response: Response) -> Response:
    if response.status == 200 and scope["raw_path"].endswith(b"/entities/search"):
        return replace(response, status=201)
    return response


def _or_as_and(wanted: Document) -> Document:
    criterion = [_or_as_and(each) for each in wanted.get("criterion", ())]
    return {**wanted, **({"condition": "AND", "criterion": criterion} if criterion else {})}


def _first_value(wanted: Document) -> Document:
    """The filter, with only its first value if its operator is IN."""
    return {**wanted, "value": wanted.get("value", [])[:1]} if wanted.get("operator") == "IN" else wanted


def _only_one_way(hits: list[Any], body: Document) -> list[Any]:
    """A sorted search leaves out its last hit."""
    return hits[:-1] if body.get("sort") and len(hits) > 1 else hits


def _overlapping(found: Callable[..., Document], body: Document) -> Document:
    return found(offset=max(body["offset"] - 1, 0))


def _without_last(found: Callable[..., Document], body: Document) -> Document:
    page = found()
    last = page["count"] - 1 - body["offset"] if page["count"] > 1 else body["limit"]
    return {**page, "entities": page["entities"][: max(last, 0)]}


def _search_status(caller: Caller, body: object) -> int:
    return caller.ask("POST", "/v3/{p}/datamap/entities/search", body).status


def _round_tens(found: Callable[..., Document], body: Document) -> Document:
    """The count is the number of hits up to this page, plus one if there are more."""
    page = found()
    seen = body["offset"] + len(page["entities"])
    return {**page, "count": min(page["count"], seen + 1)}


def _beyond_fails(found: Callable[..., Document], body: Document) -> Document:
    page = found()
    if body["offset"] > page["count"]:
        raise FAILURE
    return page


def _lower(found: Callable[..., Document], body: Document) -> Document:
    """The keyword is converted to lower case, and compared with unchanged names."""
    everything = found(query="", limit=MOST, offset=0)
    wanted = str(body.get("query", "")).lower()
    hits = [each for each in everything["entities"] if wanted in str(each["attributes"]["qualifiedName"])]
    first = int(body["offset"])
    return {**everything, "count": len(hits), "entities": hits[first:][: int(body["limit"])]}


def _last_of_and(found: Callable[..., Document], body: Document) -> Document:
    """Only the last of the comparisons joined by AND counts."""
    wanted: Document = body.get("filter") or {}
    criterion: list[Any] = wanted.get("criterion", [])
    return found(filter=criterion[-1]) if wanted.get("condition") == "AND" and criterion else found()


def _refuse_quotes(found: Callable[..., Document], body: Document) -> Document:
    if '"' in str(body.get("query", "")):
        raise FAILURE
    return found()


BROKEN_SERVERS = (
    _lineage(
        "search-as-bare-array",
        "a page of a search is an object that contains the hits",
        frozenset({"A-catalog-shape"}),
        on_json(lambda page: page["entities"], SEARCH),
        lambda caller: isinstance(caller.search(), list),
        level="A",
    ),
    _lineage(
        "search-count-as-text",
        "the count of a search is a number",
        frozenset({"A-catalog-shape"}),
        on_json(lambda page: {**page, "count": str(page["count"])}, SEARCH),
        lambda caller: isinstance(caller.search()["count"], str),
        level="A",
    ),
    _lineage(
        "search-created",
        "a search that found something has status 200",
        frozenset({"A-status-documented"}),
        on_wire(_created),
        lambda caller: _search_status(caller, {"limit": 1, "offset": 0}) == 201,
        level="A",
    ),
    _lineage(
        "search-count-below-hits",
        "the count of a search is not below the number of hits on the page",
        frozenset({"B-total-covers-rows", "C-search-pages"}),
        on_json(lambda page: {**page, "count": max(page["count"] - 1, 0)}, SEARCH),
        lambda caller: caller.search()["count"] < len(caller.search()["entities"]),
        level="B",
    ),
    _lineage(
        "search-count-of-page",
        "the count of a search includes the hits of all pages",
        _PAGES,
        on_json(lambda page: {**page, "count": len(page["entities"])}, SEARCH),
        lambda caller: caller.search(limit=1)["count"] == 1,
    ),
    _lineage(
        "search-limit-ignored",
        "limit bounds a page of a search",
        _PAGES,
        searching(lambda found, _: found(limit=MOST)),
        lambda caller: len(caller.search(limit=1)["entities"]) > 1,
    ),
    _lineage(
        "search-offset-ignored",
        "offset says where a page of a search starts",
        _PAGES,
        searching(lambda found, _: found(offset=0)),
        lambda caller: shown_names(caller.search(offset=1, limit=1)) == shown_names(caller.search(limit=1)),
    ),
    _lineage(
        "search-pages-overlap",
        "a page of a search continues after the previous one",
        _PAGES,
        searching(_overlapping),
        lambda caller: shown_names(caller.search(offset=1, limit=1)) == shown_names(caller.search(limit=1)),
    ),
    _lineage(
        "search-last-hit-lost",
        "the last page of a search has the last hit",
        _PAGES,
        searching(_without_last),
        lambda caller: len(caller.search()["entities"]) < caller.search()["count"],
    ),
    _lineage(
        "search-misses-sources",
        "a search finds each table that lineage names, by its name",
        frozenset({"C-search-finds"}),
        arranged(lambda hits, body: [each for each in hits if each["guid"] != RAW or not body.get("query")]),
        lambda caller: RAW not in str(caller.search("ods_orders")),
    ),
    _lineage(
        "search-shows-other-guids",
        "a search shows the same GUID as lineage and details",
        frozenset({"C-search-finds", "C-asset-agrees"}),
        on_assets(lambda asset: {**asset, "guid": asset["guid"][::-1]}, SEARCH),
        lambda caller: TABLE_GUID not in str(caller.search()),
    ),
    _lineage(
        "search-takes-the-first-part-of-a-name",
        "a search by the whole name of a table finds it",
        frozenset({"C-search-finds"}),
        searching(
            lambda found, body: found(query=f"{body['query']}\0") if "_" in str(body.get("query", "")) else found()
        ),
        lambda caller: caller.search("dws_orders")["count"] == 0,
    ),
    _lineage(
        "search-query-ignored",
        "a keyword that no asset has finds nothing",
        _NARROWS,
        searching(lambda found, _: found(query="")),
        lambda caller: caller.search("zzzzzz")["count"] > 0,
    ),
    _lineage(
        "search-filter-ignored",
        "a filter leaves out the assets that do not match it",
        _NARROWS,
        searching(lambda found, _: found(filter={})),
        lambda caller: caller.search(filter=_DLI)["count"] == caller.search()["count"],
    ),
    _lineage(
        "search-or-as-and",
        "OR matches an asset if one of the comparisons does",
        _NARROWS,
        searching(lambda found, body: found(filter=_or_as_and(body.get("filter") or {}))),
        lambda caller: caller.search(filter=_EITHER)["count"] == 0,
    ),
    _lineage(
        "search-in-takes-one-value",
        "IN matches an asset that has any of the values",
        _NARROWS,
        searching(lambda found, body: found(filter=_first_value(body.get("filter") or {}))),
        lambda caller: (
            "ods_orders" not in shown_names(caller.search(filter={**_DWS, "operator": "IN", "value": ["dws", "dli"]}))
        ),
    ),
    _lineage(
        "search-sort-loses-a-hit",
        "sorting changes only the order of the hits",
        _NARROWS,
        arranged(_only_one_way),
        lambda caller: caller.search(sort=[{"attribute": "name"}])["count"] < caller.search()["count"],
    ),
    _unseen(
        "search-counts-as-far-as-it-went",
        "each page of a search says how many hits there are",
        frozenset({"C-search-pages"}),
        searching(_round_tens),
        lambda caller: caller.search(limit=1)["count"] == 2,
    ),
    _unseen(
        "search-beyond-the-end-fails",
        "an offset beyond the hits causes no failure",
        frozenset({"A-server-error", "C-search-pages"}),
        searching(_beyond_fails),
        lambda caller: "error_code" in caller.search(offset=5_000),
        level="A",
    ),
    _unseen(
        "search-never-finds-capitals",
        "a table with capitals in its name is found by that name",
        frozenset({"C-search-finds"}),
        searching(_lower),
        lambda caller: "DWS_Orders" not in shown_names(caller.search("DWS_Orders")),
    ),
    _unseen(
        "search-takes-the-last-of-and",
        "AND matches the assets that every comparison matches",
        frozenset({"C-search-narrows"}),
        searching(_last_of_and),
        lambda caller: (
            caller.search(filter={"condition": "AND", "criterion": [_SALES, _DWS]})["count"]
            == caller.search(filter=_DWS)["count"]
        ),
    ),
    _unseen(
        "search-hides-other-workspaces-when-sorted",
        "a sorted search finds the assets of every workspace",
        frozenset({"C-search-narrows"}),
        arranged(
            lambda hits, body: [
                each for each in hits if not body.get("sort") or "island" not in str(each["attributes"])
            ]
        ),
        lambda caller: caller.search(sort=[{"attribute": "name"}])["count"] < caller.search()["count"],
    ),
    _unseen(
        "keyword-of-quotes-breaks-the-search",
        "a keyword with a quotation mark is a normal keyword",
        frozenset({"A-server-error"}),
        searching(_refuse_quotes),
        lambda caller: "error_code" in caller.search('"'),
        level="A",
    ),
)
