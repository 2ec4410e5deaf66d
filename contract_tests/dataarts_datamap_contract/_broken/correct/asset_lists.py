"""Correct servers: assets in other orders, numbers or forms, where the documentation leaves a choice."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.asset_seams import (
    MARGIN,
    around,
    arranged,
    detailing,
    on_assets,
    on_lineage_row,
    shown_names,
)
from dataarts_datamap_contract._broken.seams import DETAIL, DETAILS, LINEAGE, SEARCH, Ask, Document, on_answers, on_json
from dataarts_datamap_contract._broken.servers import CorrectServer
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._data.lineage import table_guid
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract.mock._web.validation import Arguments

_unseen = partial(CorrectServer, cohort="unseen")


def _few(found: Callable[[list[str]], Document], guids: list[str]) -> Document:
    if len(guids) > 50:
        raise HttpError(400, "DLG.0400", "too many GUIDs")
    return found(guids)


def _any_guid_case(_: str, ask: Ask, arguments: Arguments) -> Any:  # noqa: ANN401
    return ask(replace(arguments, values={**arguments.values, "guid": arguments.text("guid").lower()}))


def _ranked(hits: list[Any], body: Document) -> list[Any]:
    """Hits whose name is the keyword come first, unless another order is requested."""
    keyword = str(body.get("query", ""))
    return hits if body.get("sort") else sorted(hits, key=lambda each: each["display_text"] != keyword)


def _unknown_left_out(_: str, ask: Ask, arguments: Arguments) -> Any:  # noqa: ANN401
    try:
        return ask(arguments)
    except HttpError as error:
        if error.status != 404:
            raise
        return {"referred_entities": None}


def _with_siblings(found: Callable[..., Document], guid: str, way: str) -> Document:
    """In the direction IN, lineage includes other tables that the same operators write."""
    graph = found(guid, way)
    if way != "IN":
        return graph
    writers = {each["ep1_id"] for each in graph["relationships"] if each["ep2_id"] == guid}
    others = (found(guid, "BOTH"), found(MARGIN, "IN"))
    both = [each for other in others for each in other["relationships"]]
    more = [each for each in both if each["ep1_id"] in writers and each not in graph["relationships"]]
    ends = {each["ep2_id"] for each in more}
    known = {each["guid"]: each for other in others for each in other["entities"] if each["guid"] in ends}
    entities = [*graph["entities"], *(each for each in known.values() if each not in graph["entities"])]
    return {**graph, "relationships": graph["relationships"] + more, "entities": entities}


CORRECT_SERVERS = (
    _unseen(
        "guids-in-any-case",
        "whether the case of a GUID counts is not documented: here it does not",
        on_answers(_any_guid_case, DETAIL, LINEAGE),
        lambda caller: "entity" in caller.detail(TABLE_GUID.upper()),
    ),
    _unseen(
        "search-ranked",
        "the order of hits without sorting is not documented: here those named like the keyword come first",
        arranged(_ranked),
        lambda caller: shown_names(caller.search("DWS_Orders"))[:1] == ["DWS_Orders"],
    ),
    _unseen(
        "unknown-asset-left-out",
        "the response for an unknown GUID is not documented: here it has no asset",
        on_answers(_unknown_left_out, DETAIL),
        lambda caller: caller.detail("x").get("entity", 0) == 0 and "error_code" not in caller.detail("x"),
    ),
    _unseen(
        "details-by-guid",
        "the order of many details is not documented: here they are sorted by GUID",
        on_json(lambda page: {**page, "entities": sorted(page["entities"], key=lambda each: each["guid"])}, DETAILS),
        lambda caller: (
            caller.details(MARGIN, TABLE_GUID)["entities"][0]["guid"]
            == caller.details(TABLE_GUID, MARGIN)["entities"][0]["guid"]
        ),
    ),
    _unseen(
        "siblings-upstream",
        "lineage may show the other tables that an operator writes, beside the paths to the table",
        around(_with_siblings),
        lambda caller: MARGIN in str(caller.lineage(table_guid("archive.sales.dws_orders"), "?direction=IN")),
    ),
    _unseen(
        "bulk-times-beside",
        "a row of lineage may have members that are not documented",
        on_lineage_row(lambda row: {**row, "parsed_time": 1_704_934_907_000, "job_id": 7}),
        lambda caller: "parsed_time" in caller.bulk()["data"][0],
    ),
    _unseen(
        "versions-as-text",
        "a version is text in the model, but a number in the example: here it is text",
        on_assets(lambda asset: {**asset, "version": "0"}, SEARCH, DETAIL),
        lambda caller: caller.detail()["entity"]["version"] == "0",
    ),
    _unseen(
        "few-details-of-many",
        "no field of an asset is required: ListEntityDetails shows only two of them",
        on_assets(lambda asset: {"guid": asset["guid"], "display_text": asset["display_text"]}, DETAILS),
        lambda caller: "status" not in caller.details(TABLE_GUID)["entities"][0],
    ),
    _unseen(
        "batches-of-fifty-at-most",
        "how many GUIDs may be sent is not documented: here more than 50 are refused",
        detailing(_few),
        lambda caller: "error_code" in caller.details(*(f"{TABLE_GUID}{number}" for number in range(51))),
    ),
    _unseen(
        "end-of-an-unknown-kind",
        "the kinds of assets are an open set: here end 1 of a relationship has an unknown kind, and end 2 has none",
        on_json(
            lambda graph: {
                **graph,
                "relationships": [
                    {**each, "ep1_type_name": "Node", "ep2_type_name": None} for each in graph["relationships"]
                ],
            },
            LINEAGE,
        ),
        lambda caller: caller.lineage()["relationships"][0]["ep1_type_name"] == "Node",
    ),
)
