"""Levels A to C: searches and details of assets that break a rule."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract._broken.seams import (
    DETAIL,
    DETAILS,
    LINEAGE,
    MOST,
    SEARCH,
    Ask,
    Document,
    Seam,
    fresh,
    on_answers,
    on_json,
    on_wire,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._data.lineage import table_guid
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract._broken.seams import Response
    from dataarts_datamap_contract.mock._web.validation import Arguments

ASSETS: Final = (SEARCH, DETAIL, DETAILS, LINEAGE)
RAW: Final = table_guid("wk.ods_orders")
_SECOND = 1_000
_PATHS = ("/datamap/entities/", "/datamap/lineage/")


def on_assets(change: Callable[[Document], object], *of: str) -> Seam:
    """A seam that replaces every asset that some operations show."""

    def changed(document: Document) -> Document:
        found = dict(document)
        if isinstance(found.get("entity"), dict):
            found["entity"] = change(found["entity"])
        if isinstance(found.get("entities"), list):
            found["entities"] = [change(each) for each in found["entities"]]
        return found

    return on_json(changed, *of)


def searching(response: Callable[[Callable[..., Document], Document], Document]) -> Seam:
    """A seam that makes the page of a search from a search of the reference with any body, and the request's body."""

    def answer(_: str, ask: Ask, arguments: Arguments) -> Document:
        def found(**changes: object) -> Document:
            page: Document = ask(replace(arguments, body={**arguments.body, **changes}))
            return page

        return response(found, arguments.body)

    return on_answers(answer, SEARCH)


def _hits(found: Callable[..., Document], body: Document, arrange: Callable[[list[Any], Document], list[Any]]) -> Any:  # noqa: ANN401
    everything = found(limit=MOST, offset=0)
    hits = arrange(everything["entities"], body)
    first = int(body["offset"])
    return {**everything, "count": len(hits), "entities": hits[first : first + int(body["limit"])]}


def arranged(arrange: Callable[[list[Any], Document], list[Any]]) -> Seam:
    """A seam that rearranges all hits of a search before paging."""
    return searching(lambda found, body: _hits(found, body, arrange))


def detailing(response: Callable[[Callable[[list[str]], Document], list[str]], Document]) -> Seam:
    """A seam that makes the details of many assets from the reference's details and the requested GUIDs."""

    def answer(_: str, ask: Ask, arguments: Arguments) -> Document:
        return response(lambda guids: ask(replace(arguments, body=guids)), arguments.body)

    return on_answers(answer, DETAILS)


def on_path(scope: Scope) -> bool:
    """Whether a request is for an asset or its lineage."""
    path = scope["raw_path"].decode("latin-1")
    return any(part in path for part in _PATHS)


def _html_errors(scope: Scope, response: Response) -> Response:
    if response.status < 400 or not on_path(scope):
        return response
    return fresh(response.status, b"<html><body>error</body></html>", "text/html")


def _created(scope: Scope, response: Response) -> Response:
    if response.status == 200 and scope["raw_path"].endswith(b"/entities/search"):
        return replace(response, status=201)
    return response


def _without_code(scope: Scope, response: Response) -> Response:
    if response.status < 400 or not on_path(scope):
        return response
    document = json.loads(response.body)
    return write(response, json.dumps({"message": document.get("error_msg", "")}).encode())


def _neighbour(_: str, ask: Ask, arguments: Arguments) -> Any:  # noqa: ANN401
    """For the raw table, the details of the documented one."""
    guid = arguments.text("guid")
    return ask(replace(arguments, values={**arguments.values, "guid": TABLE_GUID if guid == RAW else guid}))


def _by_prefix(_: str, ask: Ask, arguments: Arguments) -> Any:  # noqa: ANN401
    """The documented table, for any GUID with the same beginning."""
    guid = arguments.text("guid")
    wanted = TABLE_GUID if guid[:8] == TABLE_GUID[:8] else guid
    return ask(replace(arguments, values={**arguments.values, "guid": wanted}))


def _unknown_fails(_: str, ask: Ask, arguments: Arguments) -> Any:  # noqa: ANN401
    try:
        return ask(arguments)
    except HttpError as error:
        if error.status == 404:
            raise HttpError(500, "DLG.0500", "Internal server error") from None
        raise


def _or_as_and(wanted: Document) -> Document:
    criterion = [_or_as_and(each) for each in wanted.get("criterion", ())]
    return {**wanted, **({"condition": "AND", "criterion": criterion} if criterion else {})}


def _first_value(wanted: Document) -> Document:
    """A filter with only the first value of IN."""
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


def _names(document: Any) -> list[Any]:  # noqa: ANN401
    return [each["display_text"] for each in document["entities"]]


def _upper(entity: Document) -> Document:
    attributes = {**entity["attributes"], "name": str(entity["attributes"]["name"]).upper()}
    return {**entity, "attributes": attributes, "display_text": str(entity["display_text"]).upper()}


def _search_status(caller: Caller, body: object) -> int:
    return caller.ask("POST", "/v3/{p}/datamap/entities/search", body).status


_PAGES = frozenset({"C-search-pages"})
_NARROWS = frozenset({"C-search-narrows"})
_DWS = {"attribute": "base.DataAsset.sourceType", "operator": "EQ", "value": ["dws"]}
_DLI = {**_DWS, "value": ["dli"]}
_EITHER = {"condition": "OR", "criterion": [_DWS, _DLI]}

BROKEN_SERVERS: Final = (
    BrokenServer(
        name="search-as-bare-array",
        level="A",
        rule="a page of a search is an object that contains the hits",
        checks=frozenset({"A-catalog-shape"}),
        seam=on_json(lambda page: page["entities"], SEARCH),
        shown=lambda caller: isinstance(caller.search(), list),
        cohort="lineage",
    ),
    BrokenServer(
        name="search-count-as-text",
        level="A",
        rule="the count of a search is a number",
        checks=frozenset({"A-catalog-shape"}),
        seam=on_json(lambda page: {**page, "count": str(page["count"])}, SEARCH),
        shown=lambda caller: isinstance(caller.search()["count"], str),
        cohort="lineage",
    ),
    BrokenServer(
        name="details-as-map",
        level="A",
        rule="the assets of ListEntityDetails are an array",
        checks=frozenset({"A-catalog-shape"}),
        seam=on_json(lambda page: {**page, "entities": {each["guid"]: each for each in page["entities"]}}, DETAILS),
        shown=lambda caller: isinstance(caller.details(TABLE_GUID)["entities"], dict),
        cohort="lineage",
    ),
    BrokenServer(
        name="search-created",
        level="A",
        rule="a search that found something has status 200",
        checks=frozenset({"A-status-documented"}),
        seam=on_wire(_created),
        shown=lambda caller: _search_status(caller, {"limit": 1, "offset": 0}) == 201,
        cohort="lineage",
    ),
    BrokenServer(
        name="asset-errors-as-html",
        level="A",
        rule="an error of the operations on assets is JSON",
        checks=frozenset({"A-content-type", "A-json"}),
        seam=on_wire(_html_errors),
        shown=lambda caller: caller.ask("GET", "/v1/{p}/datamap/entities/guid/x").body.startswith(b"<html>"),
        cohort="lineage",
    ),
    BrokenServer(
        name="asset-errors-without-code",
        level="A",
        rule="an error of the operations on assets has a code and a text",
        checks=frozenset({"A-error-shape"}),
        seam=on_wire(_without_code),
        shown=lambda caller: b"error_code" not in caller.ask("GET", "/v1/{p}/datamap/entities/guid/x").body,
        cohort="lineage",
    ),
    BrokenServer(
        name="unknown-asset-breaks-details",
        level="A",
        rule="a GUID that no asset has is not a failure of the server",
        checks=frozenset({"A-server-error"}),
        seam=on_answers(_unknown_fails, DETAIL, LINEAGE),
        shown=lambda caller: caller.ask("GET", "/v1/{p}/datamap/entities/guid/x").status == 500,
        cohort="lineage",
    ),
    BrokenServer(
        name="asset-attributes-as-text",
        level="B",
        rule="the attributes of an asset are an object",
        checks=frozenset({"B-asset-shape"}),
        seam=on_assets(lambda asset: {**asset, "attributes": json.dumps(asset.get("attributes"))}, *ASSETS),
        shown=lambda caller: isinstance(caller.detail()["entity"]["attributes"], str),
        cohort="lineage",
    ),
    BrokenServer(
        name="asset-kind-as-list",
        level="B",
        rule="the type of an asset is text",
        checks=frozenset({"B-asset-shape"}),
        seam=on_assets(lambda asset: {**asset, "type_name": [asset["type_name"]]}, DETAIL),
        shown=lambda caller: isinstance(caller.detail()["entity"]["type_name"], list),
        cohort="lineage",
    ),
    BrokenServer(
        name="asset-workspace-as-number",
        level="B",
        rule="the workspaces of an asset are text",
        checks=frozenset({"B-asset-shape"}),
        seam=on_assets(lambda asset: {**asset, "workspace_id": [7]}, DETAILS),
        shown=lambda caller: caller.details(TABLE_GUID)["entities"][0]["workspace_id"] == [7],
        cohort="lineage",
    ),
    BrokenServer(
        name="asset-times-in-seconds",
        level="B",
        rule="the times of an asset are milliseconds",
        checks=frozenset({"B-asset-times"}),
        seam=on_assets(
            lambda asset: {**asset, **{key: asset[key] // _SECOND for key in ("create_time", "update_time")}},
            SEARCH,
            DETAIL,
            DETAILS,
        ),
        shown=lambda caller: caller.detail()["entity"]["create_time"] < 10**11,
        cohort="lineage",
    ),
    BrokenServer(
        name="asset-changed-before-it-was-made",
        level="B",
        rule="the update of an asset does not precede its creation",
        checks=frozenset({"B-asset-times"}),
        seam=on_assets(
            lambda asset: {**asset, "create_time": asset["update_time"], "update_time": asset["create_time"]},
            SEARCH,
            DETAIL,
            DETAILS,
        ),
        shown=lambda caller: caller.detail()["entity"]["update_time"] < caller.detail()["entity"]["create_time"],
        cohort="lineage",
    ),
    BrokenServer(
        name="search-count-below-hits",
        level="B",
        rule="the count of a search covers the hits of its page",
        checks=frozenset({"B-total-covers-rows", "C-search-pages"}),
        seam=on_json(lambda page: {**page, "count": max(page["count"] - 1, 0)}, SEARCH),
        shown=lambda caller: caller.search()["count"] < len(caller.search()["entities"]),
        cohort="lineage",
    ),
    BrokenServer(
        name="search-count-of-page",
        level="C",
        rule="the count of a search covers all pages",
        checks=_PAGES,
        seam=on_json(lambda page: {**page, "count": len(page["entities"])}, SEARCH),
        shown=lambda caller: caller.search(limit=1)["count"] == 1,
        cohort="lineage",
    ),
    BrokenServer(
        name="search-limit-ignored",
        level="C",
        rule="limit bounds a page of a search",
        checks=_PAGES,
        seam=searching(lambda found, _: found(limit=MOST)),
        shown=lambda caller: len(caller.search(limit=1)["entities"]) > 1,
        cohort="lineage",
    ),
    BrokenServer(
        name="search-offset-ignored",
        level="C",
        rule="offset says where a page of a search starts",
        checks=_PAGES,
        seam=searching(lambda found, _: found(offset=0)),
        shown=lambda caller: _names(caller.search(offset=1, limit=1)) == _names(caller.search(limit=1)),
        cohort="lineage",
    ),
    BrokenServer(
        name="search-pages-overlap",
        level="C",
        rule="a page of a search continues after the previous one",
        checks=_PAGES,
        seam=searching(_overlapping),
        shown=lambda caller: _names(caller.search(offset=1, limit=1)) == _names(caller.search(limit=1)),
        cohort="lineage",
    ),
    BrokenServer(
        name="search-last-hit-lost",
        level="C",
        rule="the last page of a search has the last hit",
        checks=_PAGES,
        seam=searching(_without_last),
        shown=lambda caller: len(caller.search()["entities"]) < caller.search()["count"],
        cohort="lineage",
    ),
    BrokenServer(
        name="search-misses-sources",
        level="C",
        rule="a search finds each table that lineage names, by its name",
        checks=frozenset({"C-search-finds"}),
        seam=arranged(lambda hits, body: [each for each in hits if each["guid"] != RAW or not body.get("query")]),
        shown=lambda caller: RAW not in str(caller.search("ods_orders")),
        cohort="lineage",
    ),
    BrokenServer(
        name="search-shows-other-guids",
        level="C",
        rule="a search shows the same GUID as lineage and details",
        checks=frozenset({"C-search-finds", "C-asset-agrees"}),
        seam=on_assets(lambda asset: {**asset, "guid": asset["guid"][::-1]}, SEARCH),
        shown=lambda caller: TABLE_GUID not in str(caller.search()),
        cohort="lineage",
    ),
    BrokenServer(
        name="search-takes-the-first-part-of-a-name",
        level="C",
        rule="a search by the whole name of a table finds it",
        checks=frozenset({"C-search-finds"}),
        seam=searching(
            lambda found, body: found(query=f"{body['query']}\0") if "_" in str(body.get("query", "")) else found()
        ),
        shown=lambda caller: caller.search("dws_orders")["count"] == 0,
        cohort="lineage",
    ),
    BrokenServer(
        name="search-query-ignored",
        level="C",
        rule="a keyword that no asset has finds nothing",
        checks=_NARROWS,
        seam=searching(lambda found, _: found(query="")),
        shown=lambda caller: caller.search("zzzzzz")["count"] > 0,
        cohort="lineage",
    ),
    BrokenServer(
        name="search-filter-ignored",
        level="C",
        rule="a filter leaves out the assets that do not match it",
        checks=_NARROWS,
        seam=searching(lambda found, _: found(filter={})),
        shown=lambda caller: caller.search(filter=_DLI)["count"] == caller.search()["count"],
        cohort="lineage",
    ),
    BrokenServer(
        name="search-or-as-and",
        level="C",
        rule="OR matches an asset if one of the comparisons does",
        checks=_NARROWS,
        seam=searching(lambda found, body: found(filter=_or_as_and(body.get("filter") or {}))),
        shown=lambda caller: caller.search(filter=_EITHER)["count"] == 0,
        cohort="lineage",
    ),
    BrokenServer(
        name="search-in-takes-one-value",
        level="C",
        rule="IN matches an asset that has any of the values",
        checks=_NARROWS,
        seam=searching(lambda found, body: found(filter=_first_value(body.get("filter") or {}))),
        shown=lambda caller: (
            "ods_orders" not in _names(caller.search(filter={**_DWS, "operator": "IN", "value": ["dws", "dli"]}))
        ),
        cohort="lineage",
    ),
    BrokenServer(
        name="search-sort-loses-a-hit",
        level="C",
        rule="sorting changes only the order of the hits",
        checks=_NARROWS,
        seam=arranged(_only_one_way),
        shown=lambda caller: caller.search(sort=[{"attribute": "name"}])["count"] < caller.search()["count"],
        cohort="lineage",
    ),
    BrokenServer(
        name="details-of-a-neighbour",
        level="C",
        rule="the details of a GUID are those of its asset",
        checks=frozenset({"C-asset-agrees"}),
        seam=on_answers(_neighbour, DETAIL),
        shown=lambda caller: caller.detail(RAW)["entity"]["guid"] == TABLE_GUID,
        cohort="lineage",
    ),
    BrokenServer(
        name="detail-without-wrapper",
        level="C",
        rule="ShowDataDetail shows the asset in its member entity",
        checks=frozenset({"A-catalog-shape", "C-asset-agrees"}),
        seam=on_json(lambda document: document["entity"], DETAIL),
        shown=lambda caller: "entity" not in caller.detail(),
        cohort="lineage",
    ),
    BrokenServer(
        name="names-in-capitals-in-a-search",
        level="C",
        rule="an asset has the same name wherever it is shown",
        checks=frozenset({"C-asset-agrees"}),
        seam=on_assets(_upper, SEARCH),
        shown=lambda caller: "DWS_ORDERS" in _names(caller.search()),
        cohort="lineage",
    ),
    BrokenServer(
        name="workspace-of-the-first-asset",
        level="C",
        rule="an asset has the same workspace wherever it is shown",
        checks=frozenset({"C-asset-agrees"}),
        seam=on_json(
            lambda page: {
                **page,
                "entities": [
                    {**each, "workspace_id": page["entities"][0]["workspace_id"]} for each in page["entities"]
                ],
            },
            SEARCH,
        ),
        shown=lambda caller: len({str(each["workspace_id"]) for each in caller.search()["entities"]}) == 1,
        cohort="lineage",
    ),
    BrokenServer(
        name="made-at-the-time-of-asking-for-many",
        level="C",
        rule="an asset has one creation time",
        checks=frozenset({"C-asset-agrees"}),
        seam=on_assets(lambda asset: {**asset, "create_time": asset["update_time"]}, DETAILS),
        shown=lambda caller: caller.details(TABLE_GUID)["entities"][0]["create_time"] > 1_700_000_000_000,
        cohort="lineage",
    ),
    BrokenServer(
        name="details-lose-the-last",
        level="C",
        rule="ListEntityDetails shows each known asset that was requested",
        checks=frozenset({"C-details-batch"}),
        seam=detailing(
            lambda found, guids: {
                **(page := found(guids)),
                "entities": page["entities"][:-1] if len(guids) > 1 else page["entities"],
            }
        ),
        shown=lambda caller: len(caller.details(TABLE_GUID, RAW)["entities"]) == 1,
        cohort="lineage",
    ),
    BrokenServer(
        name="details-of-the-first-for-all",
        level="C",
        rule="ListEntityDetails shows each asset with its own GUID",
        checks=frozenset({"C-details-batch"}),
        seam=detailing(lambda found, guids: {**found(guids), "entities": found(guids[:1])["entities"] * len(guids)}),
        shown=lambda caller: RAW not in str(caller.details(TABLE_GUID, RAW)),
        cohort="lineage",
    ),
    BrokenServer(
        name="details-with-more-than-asked",
        level="C",
        rule="ListEntityDetails shows no asset that was not requested",
        checks=frozenset({"C-details-batch"}),
        seam=detailing(lambda found, guids: found([*guids, *({RAW, TABLE_GUID} - set(guids))])),
        shown=lambda caller: len(caller.details(TABLE_GUID)["entities"]) == 2,
        cohort="lineage",
    ),
    BrokenServer(
        name="asset-by-part-of-its-guid",
        level="C",
        rule="a GUID that is close to that of an asset opens nothing",
        checks=frozenset({"C-asset-other"}),
        seam=on_answers(_by_prefix, DETAIL),
        shown=lambda caller: "entity" in caller.detail(TABLE_GUID[:-1]),
        cohort="lineage",
    ),
    BrokenServer(
        name="lineage-by-part-of-a-guid",
        level="C",
        rule="a GUID that is close to that of an asset has no lineage",
        checks=frozenset({"C-asset-other"}),
        seam=on_answers(_by_prefix, LINEAGE),
        shown=lambda caller: bool(caller.lineage(TABLE_GUID[:-1]).get("relationships")),
        cohort="lineage",
    ),
)
"""The servers."""
