"""Levels A to E: mistakes in assets and lineage, written from the specification and the seams."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract._broken.assets import arranged, detailing, on_assets, searching
from dataarts_datamap_contract._broken.lineage import around, on_row
from dataarts_datamap_contract._broken.seams import (
    DETAIL,
    DETAILS,
    LINEAGE,
    MOST,
    SEARCH,
    Ask,
    Document,
    on_answers,
    on_json,
    refuse_on,
)
from dataarts_datamap_contract._broken.servers import BrokenServer, CorrectServer
from dataarts_datamap_contract._broken.shared import HOUR
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._data.lineage import table_guid
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock._web.validation import Arguments

_LOOP, _MARGIN = table_guid("lake.snapshot"), table_guid("postgres.sales.ads_margin")
_FIRST, _SECOND = table_guid("lake.loop_first"), table_guid("lake.loop_second")
_SEA = table_guid("island.sea")
_FAILURE = HttpError(500, "DLG.0500", "Internal server error")
_DWS = {"attribute": "base.DataAsset.sourceType", "operator": "EQ", "value": ["dws"]}
_SALES = {"attribute": "workspaceId", "operator": "EQ", "value": ["4f6c1d2e9b8a47c3a5d0e1f2b3c4d5e6"]}


def _round_tens(found: Callable[..., Document], body: Document) -> Document:
    """The count is the number of hits up to this page, plus one if there are more."""
    page = found()
    seen = body["offset"] + len(page["entities"])
    return {**page, "count": min(page["count"], seen + 1)}


def _beyond_fails(found: Callable[..., Document], body: Document) -> Document:
    page = found()
    if body["offset"] > page["count"]:
        raise _FAILURE
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


def _zipped(found: Callable[[list[str]], Document], guids: list[str]) -> Document:
    """The assets are read in the order of their GUIDs, and paired with the GUIDs in the order of the request."""
    page = found(sorted(guids))
    asked = [guid for guid in guids if any(each["guid"] == guid for each in page["entities"])]
    entities = [{**each, "guid": guid} for each, guid in zip(page["entities"], asked, strict=False)]
    return {**page, "entities": entities}


def _first_target(page: Document) -> Document:
    """A page of all lineage names only the first of the tables that an operator writes."""
    first: dict[str, object] = {}
    rows = [
        row
        for row in page["data"]
        if first.setdefault(row["node_guid"], row.get("target_guid")) == row.get("target_guid")
    ]
    return {**page, "data": rows}


def _cut_cycles(found: Callable[..., Document], guid: str, way: str) -> Document:
    """In the direction OUT, edges that lead back to the requested table are left out."""
    graph = found(guid, way)
    kept = [each for each in graph["relationships"] if not (way == "OUT" and each["ep2_id"] == guid)]
    return {**graph, "relationships": kept if way == "OUT" else graph["relationships"]}


def _loops_fail(found: Callable[..., Document], guid: str, way: str) -> Document:
    if guid == _LOOP:
        raise _FAILURE
    return found(guid, way)


def _half(found: Callable[..., Document], guid: str, way: str) -> Document:
    """Upstream, the second relationship is left out if there are many."""
    graph = found(guid, way)
    edges = graph["relationships"]
    return {**graph, "relationships": [*edges[:1], *edges[2:]] if way == "IN" and len(edges) > 3 else edges}


def _mojibake(entity: Document) -> Document:
    return {**entity, "display_text": str(entity.get("display_text")).encode().decode("latin-1")}


def _local_times(entity: Document) -> Document:
    return {**entity, **{name: entity[name] + 8 * HOUR for name in ("create_time", "update_time") if name in entity}}


def _twice_fails(found: Callable[[list[str]], Document], guids: list[str]) -> Document:
    if not guids:
        raise _FAILURE
    return found(guids)


def _without_relationships(_: str, ask: Ask, arguments: Arguments) -> Any:  # noqa: ANN401
    document = ask(arguments)
    return {**document, "entity": None} if arguments.values.get("ignore_relationships") is True else document


def _refuse_quotes(found: Callable[..., Document], body: Document) -> Document:
    if '"' in str(body.get("query", "")):
        raise _FAILURE
    return found()


def _few(found: Callable[[list[str]], Document], guids: list[str]) -> Document:
    if len(guids) > 50:
        raise HttpError(400, "DLG.0400", "too many GUIDs")
    return found(guids)


def _pairs(caller: Caller, guid: str, way: str) -> set[tuple[str, str]]:
    edges = caller.lineage(guid, f"?direction={way}")["relationships"]
    return {(each["ep1_id"], each["ep2_id"]) for each in edges}


def _upstream_of(caller: Caller, guid: str) -> set[tuple[str, str]]:
    """The edges upstream of a table, found by reading downstream from the tables that have no inputs."""
    raw = (table_guid("wk.ods_orders"), table_guid("wk.ods_items"), table_guid("wk.dim_region"))
    known = set[tuple[str, str]]().union(*(_pairs(caller, each, "OUT") for each in raw))
    found: set[tuple[str, str]] = set()
    heads = {guid}
    while heads:
        new = {edge for edge in known if edge[1] in heads} - found
        found |= new
        heads = {first for first, _ in new}
    return found


def _names(document: Any) -> list[Any]:  # noqa: ANN401
    return [each["display_text"] for each in document["entities"]]


def _any_guid_case(_: str, ask: Ask, arguments: Arguments) -> Any:  # noqa: ANN401
    return ask(replace(arguments, values={**arguments.values, "guid": arguments.text("guid").lower()}))


def _ranked(hits: list[Any], body: Document) -> list[Any]:
    """Hits whose name is the keyword come first."""
    keyword = str(body.get("query", ""))
    return sorted(hits, key=lambda each: each["display_text"] != keyword)


def _unknown_left_out(_: str, ask: Ask, arguments: Arguments) -> Any:  # noqa: ANN401
    try:
        return ask(arguments)
    except HttpError as error:
        if error.status != 404:
            raise
        return {"referred_entities": None}


def _with_siblings(found: Callable[..., Document], guid: str, way: str) -> Document:
    """Upstream includes the other tables that the same operators write."""
    graph = found(guid, way)
    if way != "IN":
        return graph
    writers = {each["ep1_id"] for each in graph["relationships"] if each["ep2_id"] == guid}
    others = (found(guid, "BOTH"), found(_MARGIN, "IN"))
    both = [each for other in others for each in other["relationships"]]
    more = [each for each in both if each["ep1_id"] in writers and each not in graph["relationships"]]
    ends = {each["ep2_id"] for each in more}
    known = {each["guid"]: each for other in others for each in other["entities"] if each["guid"] in ends}
    entities = [*graph["entities"], *(each for each in known.values() if each not in graph["entities"])]
    return {**graph, "relationships": graph["relationships"] + more, "entities": entities}


BROKEN_SERVERS: Final = (
    BrokenServer(
        name="search-counts-as-far-as-it-went",
        level="C",
        rule="each page of a search says how many hits there are",
        checks=frozenset({"C-search-pages"}),
        seam=searching(_round_tens),
        shown=lambda caller: caller.search(limit=1)["count"] == 2,
        cohort="unseen",
    ),
    BrokenServer(
        name="search-beyond-the-end-fails",
        level="A",
        rule="an offset beyond the hits causes no failure",
        checks=frozenset({"A-server-error", "C-search-pages"}),
        seam=searching(_beyond_fails),
        shown=lambda caller: "error_code" in caller.search(offset=5_000),
        cohort="unseen",
    ),
    BrokenServer(
        name="search-never-finds-capitals",
        level="C",
        rule="a table with capitals in its name is found by that name",
        checks=frozenset({"C-search-finds"}),
        seam=searching(_lower),
        shown=lambda caller: "DWS_Orders" not in _names(caller.search("DWS_Orders")),
        cohort="unseen",
    ),
    BrokenServer(
        name="search-takes-the-last-of-and",
        level="C",
        rule="AND matches the assets that every comparison matches",
        checks=frozenset({"C-search-narrows"}),
        seam=searching(_last_of_and),
        shown=lambda caller: (
            caller.search(filter={"condition": "AND", "criterion": [_SALES, _DWS]})["count"]
            == caller.search(filter=_DWS)["count"]
        ),
        cohort="unseen",
    ),
    BrokenServer(
        name="search-hides-other-workspaces-when-sorted",
        level="C",
        rule="sorting changes only the order",
        checks=frozenset({"C-search-narrows"}),
        seam=arranged(
            lambda hits, body: [
                each for each in hits if not body.get("sort") or "island" not in str(each["attributes"])
            ]
        ),
        shown=lambda caller: caller.search(sort=[{"attribute": "name"}])["count"] < caller.search()["count"],
        cohort="unseen",
    ),
    BrokenServer(
        name="keyword-of-quotes-breaks-the-search",
        level="A",
        rule="a keyword with a quotation mark is a normal keyword",
        checks=frozenset({"A-server-error"}),
        seam=searching(_refuse_quotes),
        shown=lambda caller: "error_code" in caller.search('"'),
        cohort="unseen",
    ),
    BrokenServer(
        name="details-mixed-up",
        level="C",
        rule="each asset of a batch has its own details",
        checks=frozenset({"C-asset-agrees", "C-details-batch"}),
        seam=detailing(_zipped),
        shown=lambda caller: any(
            _names(caller.details(first, second))[0] != _names(caller.details(first))[0]
            for first, second in ((TABLE_GUID, _MARGIN), (_MARGIN, TABLE_GUID))
        ),
        cohort="unseen",
    ),
    BrokenServer(
        name="details-of-five-at-most",
        level="C",
        rule="each requested asset is shown",
        checks=frozenset({"C-details-batch"}),
        seam=detailing(lambda found, guids: found(guids[:5])),
        shown=lambda caller: len(_names(caller.details(TABLE_GUID, _LOOP, _MARGIN, _FIRST, _SECOND, _SEA))) == 5,
        cohort="unseen",
    ),
    BrokenServer(
        name="details-of-nothing-fail",
        level="A",
        rule="an empty list of GUIDs causes no failure",
        checks=frozenset({"A-server-error"}),
        seam=detailing(_twice_fails),
        shown=lambda caller: "error_code" in caller.details(),
        cohort="unseen",
    ),
    BrokenServer(
        name="no-asset-without-its-relationships",
        level="C",
        rule="an asset is shown without those it refers to",
        checks=frozenset({"C-asset-agrees"}),
        seam=on_answers(_without_relationships, DETAIL),
        shown=lambda caller: (
            b'"entity":null'
            in caller.ask("GET", f"/v1/{{p}}/datamap/entities/guid/{TABLE_GUID}?ignore_relationships=true").body
        ),
        cohort="unseen",
    ),
    BrokenServer(
        name="names-in-the-wrong-character-set",
        level="C",
        rule="an asset has one name, in any script",
        checks=frozenset({"C-asset-agrees"}),
        seam=on_assets(_mojibake, DETAILS),
        shown=lambda caller: "订单" not in str(_names(caller.details(table_guid("lake.订单_汇总")))),
        cohort="unseen",
    ),
    BrokenServer(
        name="times-of-the-zone-in-details",
        level="C",
        rule="the creation time of an asset does not change",
        checks=frozenset({"C-asset-agrees"}),
        seam=on_assets(_local_times, DETAIL),
        shown=lambda caller: (
            caller.detail()["entity"]["create_time"] > caller.details(TABLE_GUID)["entities"][0]["create_time"]
        ),
        cohort="unseen",
    ),
    BrokenServer(
        name="bulk-names-the-first-target",
        level="C",
        rule="all lineage names each table that an operator writes",
        checks=frozenset({"C-bulk-pages", "C-lineage-agrees"}),
        seam=on_json(_first_target, "ShowLineageBulk"),
        shown=lambda caller: "archive" not in str(caller.bulk()),
        cohort="unseen",
    ),
    BrokenServer(
        name="bulk-names-the-source-twice",
        level="C",
        rule="the qualified name of a target is its own",
        checks=frozenset({"C-asset-agrees"}),
        seam=on_row(
            lambda row: (
                {**row, "target_qualified_name": row["source_qualified_name"]}
                if "source_qualified_name" in row and "target_qualified_name" in row
                else row
            )
        ),
        shown=lambda caller: any(
            row.get("target_qualified_name", 0) == row.get("source_qualified_name", 1)
            for row in caller.bulk()["data"]
            if row.get("source_guid") != row.get("target_guid")
        ),
        cohort="unseen",
    ),
    BrokenServer(
        name="circles-cut-downstream",
        level="C",
        rule="a table in a cycle is both upstream and downstream of itself",
        checks=frozenset({"C-lineage-mirror", "C-lineage-agrees"}),
        seam=around(_cut_cycles),
        shown=lambda caller: (
            len(caller.lineage(_FIRST, "?direction=OUT")["relationships"])
            < len(caller.lineage(_FIRST, "?direction=IN")["relationships"])
        ),
        cohort="unseen",
    ),
    BrokenServer(
        name="loops-break-lineage",
        level="A",
        rule="a table that is made from itself causes no failure",
        checks=frozenset({"A-server-error"}),
        seam=around(_loops_fail),
        shown=lambda caller: "error_code" in caller.lineage(_LOOP),
        cohort="unseen",
    ),
    BrokenServer(
        name="second-relationship-left-out",
        level="C",
        rule="lineage is complete",
        checks=frozenset({"C-lineage-mirror", "C-lineage-agrees"}),
        seam=around(_half),
        shown=lambda caller: not _pairs(caller, _MARGIN, "IN") >= _upstream_of(caller, _MARGIN),
        cohort="unseen",
    ),
    BrokenServer(
        name="direction-needed",
        level="E",
        rule="a direction may be left out",
        checks=frozenset({"E-optional-refused"}),
        seam=refuse_on(
            lambda _, values: "direction" not in values, HttpError(400, "DLG.0400", "direction is missing"), of=LINEAGE
        ),
        shown=lambda caller: "error_code" in caller.lineage(),
        cohort="unseen",
    ),
)
"""The broken ones."""

CORRECT_SERVERS: Final = (
    CorrectServer(
        name="guids-in-any-case",
        difference="whether the case of a GUID counts is not documented",
        seam=on_answers(_any_guid_case, DETAIL, LINEAGE),
        shown=lambda caller: "entity" in caller.detail(TABLE_GUID.upper()),
        cohort="unseen",
    ),
    CorrectServer(
        name="search-ranked",
        difference="the order of hits without sorting is not documented: here the best ones come first",
        seam=arranged(_ranked),
        shown=lambda caller: _names(caller.search("DWS_Orders"))[:1] == ["DWS_Orders"],
        cohort="unseen",
    ),
    CorrectServer(
        name="unknown-asset-left-out",
        difference="the response for an unknown GUID is not documented: here it has no asset",
        seam=on_answers(_unknown_left_out, DETAIL),
        shown=lambda caller: caller.detail("x").get("entity", 0) == 0 and "error_code" not in caller.detail("x"),
        cohort="unseen",
    ),
    CorrectServer(
        name="details-by-guid",
        difference="the order of many details is not documented",
        seam=on_json(
            lambda page: {**page, "entities": sorted(page["entities"], key=lambda each: each["guid"])}, DETAILS
        ),
        shown=lambda caller: (
            caller.details(_MARGIN, TABLE_GUID)["entities"][0]["guid"]
            == caller.details(TABLE_GUID, _MARGIN)["entities"][0]["guid"]
        ),
        cohort="unseen",
    ),
    CorrectServer(
        name="siblings-upstream",
        difference="lineage may show the other tables that an operator writes, beside the paths to the table",
        seam=around(_with_siblings),
        shown=lambda caller: _MARGIN in str(caller.lineage(table_guid("archive.sales.dws_orders"), "?direction=IN")),
        cohort="unseen",
    ),
    CorrectServer(
        name="bulk-times-beside",
        difference="lineage may have members that are not listed",
        seam=on_row(lambda row: {**row, "parsed_time": 1_704_934_907_000, "job_id": 7}),
        shown=lambda caller: "parsed_time" in caller.bulk()["data"][0],
        cohort="unseen",
    ),
    CorrectServer(
        name="versions-as-text",
        difference="a version is text in the model, but a number in the example",
        seam=on_assets(lambda asset: {**asset, "version": "0"}, SEARCH, DETAIL),
        shown=lambda caller: caller.detail()["entity"]["version"] == "0",
        cohort="unseen",
    ),
    CorrectServer(
        name="few-details-of-many",
        difference="no field of an asset is required: for many assets, fewer are shown",
        seam=on_assets(lambda asset: {"guid": asset["guid"], "display_text": asset["display_text"]}, DETAILS),
        shown=lambda caller: "status" not in caller.details(TABLE_GUID)["entities"][0],
        cohort="unseen",
    ),
    CorrectServer(
        name="batches-of-fifty-at-most",
        difference="how many GUIDs may be sent is not documented",
        seam=detailing(_few),
        shown=lambda caller: "error_code" in caller.details(*(f"{TABLE_GUID}{number}" for number in range(51))),
        cohort="unseen",
    ),
    CorrectServer(
        name="end-of-an-unknown-kind",
        difference="the kinds of assets are an open set",
        seam=on_json(
            lambda graph: {
                **graph,
                "relationships": [
                    {**each, "ep1_type_name": "Node", "ep2_type_name": None} for each in graph["relationships"]
                ],
            },
            LINEAGE,
        ),
        shown=lambda caller: caller.lineage()["relationships"][0]["ep1_type_name"] == "Node",
        cohort="unseen",
    ),
)
"""The correct ones."""
