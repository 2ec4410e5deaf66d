"""Correct servers: assets and lineage, where the documentation leaves a choice."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract._broken.asset_seams import (
    RAW,
    around,
    arranged,
    on_assets,
    on_lineage_row,
    on_relationship,
    searching,
)
from dataarts_datamap_contract._broken.caller import JOB_NAME
from dataarts_datamap_contract._broken.seams import (
    BULK,
    DETAIL,
    DETAILS,
    LINEAGE,
    MOST,
    SEARCH,
    Ask,
    Document,
    Seam,
    on_answers,
    on_json,
    on_query,
    refuse_on,
)
from dataarts_datamap_contract._broken.servers import CorrectServer
from dataarts_datamap_contract._broken.shared import as_object, without
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._data.lineage import table_guid
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract._broken.seams import Pairs
    from dataarts_datamap_contract.mock._web.requests import RequestParts
    from dataarts_datamap_contract.mock._web.validation import Arguments

_lineage = partial(CorrectServer, cohort="lineage")

_DETAIL_PATH = "/v1/{p}/datamap/entities/guid/"
_MARGIN = table_guid("postgres.sales.ads_margin")
_GONE = "d0d0d0d0-0000-4000-8000-000000000001"
_COLUMN = "3e74c3d7-c5b7-4e7c-827e-40adb1b5ecbf"
_POINT: Final[dict[str, Any]] = {"limit": 10.0}
_NOT_FOUND = HttpError(404, "APIGW.0101", "The API does not exist or has not been published in the environment")
_FORBIDDEN = HttpError(403, "APIGW.0302", "The API is not open to this account")


def _refused(refusal: HttpError, *of: str) -> Seam:
    def refuse(_: str, __: Ask, ___: Arguments) -> object:
        raise refusal

    return on_answers(refuse, *of)


def _words(found: Callable[..., Document], body: Document) -> Document:
    """A search by whole words, as in a full-text index: a name is one word."""
    everything = found(query="", limit=MOST, offset=0)
    wanted = str(body.get("query", "")).casefold().split()
    hits = [each for each in everything["entities"] if all(word in _parts(each) for word in wanted)]
    kinds = Counter(str(each["type_name"]) for each in hits)
    facets = [{"typeName": [{"name": name, "count": number} for name, number in kinds.items()]}]
    page = hits[int(body["offset"]) :][: int(body["limit"])]
    return {
        **everything,
        "count": len(hits),
        "entities": page,
        "facets": facets if everything["facets"] else [],
    }


def _parts(entity: Document) -> set[str]:
    path = str(entity["attributes"]["qualifiedName"]).partition("@")[0].casefold()
    return {path, *path.split("."), *str(entity["attributes"]["description"]).casefold().split()}


def _with_gone(_: str, ask: Ask, arguments: Arguments) -> Any:  # noqa: ANN401
    """Lineage still names a table that was dropped."""
    page = ask(arguments)
    stale = [
        {**row, "source_guid": _GONE, "source_table": "gone", "source_qualified_name": "wk.gone@dli.1"}
        for row in page["data"]
        if row["node_name"] == JOB_NAME
    ]
    return {**page, "data": [*page["data"], *stale]}


def _with_columns(found: Callable[..., Document], guid: str, way: str) -> Document:
    """Lineage also has edges between columns."""
    graph = found(guid, way)
    more = [
        {**edge, "ep1_id": f"{edge['ep1_id']}:c", "ep2_id": f"{edge['ep2_id']}:c"}
        | {"ep1_type_name": "dataasset.Column", "ep2_type_name": "dataasset.Column"}
        for edge in graph["relationships"]
    ]
    return {**graph, "relationships": [*graph["relationships"], *more]}


def _with_column(_: str, ask: Ask, arguments: Arguments) -> Document:
    document: Document = ask(arguments)
    if arguments.values.get("ignore_relationships") is True:
        return document
    column = {"guid": _COLUMN, "type_name": "dataasset.Column", "display_text": "order_id"}
    return {**document, "referred_entities": {_COLUMN: column}}


def _growing() -> Seam:
    """Each search adds an asset, which searches without a keyword find."""
    made: list[Document] = []

    def grow(hits: list[Any], body: Document) -> list[Any]:
        if hits:
            number = len(made)
            made.append({**hits[0], "guid": f"new-{number}", "display_text": f"new_{number}"})
        return [*hits, *(made if not body.get("query") else [])]

    return arranged(grow)


def _directions_in_any_case(pairs: Pairs) -> Pairs:
    return [(name, value.upper() if name == "direction" else value) for name, value in pairs]


def _has_point(request: RequestParts, _: object) -> bool:
    return any(isinstance(value, float) for value in _members(request.body).values())


def _members(content: bytes) -> Document:
    try:
        return as_object(json.loads(content)) or {}
    except (ValueError, RecursionError):
        return {}


def _nothing_as_null(document: Document) -> Document:
    return {name: None if value in ([], {}) else value for name, value in document.items()}


def _status(caller: Caller, guid: str) -> int:
    return caller.ask("GET", _DETAIL_PATH + guid).status


def _not_without(ask: Ask, arguments: Arguments) -> Any:  # noqa: ANN401
    graph = ask(arguments)
    if not graph["relationships"]:
        raise HttpError(404, "DLG.0404", "No lineage is known")
    return graph


def _sorted_as(caller: Caller, order: str) -> list[str]:
    hits = caller.search(sort=[{"attribute": "name", "order": order}])["entities"]
    return [each["guid"] for each in hits]


CORRECT_SERVERS = (
    _lineage(
        "not-invited",
        "searches, details and lineage are in invitational test: they get 404 and APIGW.0101",
        Seam(switches={"invited": False}),
        lambda caller: _status(caller, TABLE_GUID) == 404,
    ),
    _lineage(
        "not-invited-forbidden",
        "searches, details and lineage are forbidden without an invitation",
        _refused(_FORBIDDEN, SEARCH, DETAIL, DETAILS, BULK, LINEAGE),
        lambda caller: _status(caller, TABLE_GUID) == 403,
    ),
    _lineage(
        "invited-to-searches-alone",
        "each operation can be in invitational test by itself: here only searches are open",
        _refused(_NOT_FOUND, DETAIL, DETAILS, BULK, LINEAGE),
        lambda caller: caller.search()["count"] > 0 and _status(caller, TABLE_GUID) == 404,
    ),
    _lineage(
        "invited-to-bulk-alone",
        "each operation can be in invitational test by itself: here only ShowLineageBulk is open",
        _refused(_NOT_FOUND, SEARCH, DETAIL, DETAILS, LINEAGE),
        lambda caller: caller.bulk()["total"] > 0 and _status(caller, TABLE_GUID) == 404,
    ),
    _lineage(
        "unknown-guid-refused",
        "whether an unknown GUID among others is left out or refused is not documented: here it is refused",
        Seam(switches={"unknown_guid": "refused"}),
        lambda caller: "error_code" in caller.details(TABLE_GUID, "unknown"),
    ),
    _lineage(
        "lineage-of-one-step",
        "whether a response shows one step of lineage or all of it is not documented: here it shows one step",
        Seam(switches={"lineage_reach": "one-step"}),
        lambda caller: RAW not in str(caller.lineage(_MARGIN, "?direction=IN")["relationships"]),
    ),
    _lineage(
        "lineage-through-tables",
        "whether lineage has operators between tables is not documented: here it has none",
        Seam(switches={"lineage_through": "tables"}),
        lambda caller: "Application" not in str(caller.lineage()["relationships"]),
    ),
    _lineage(
        "lineage-one-step-through-tables-downstream-first",
        "the form of lineage is not documented: here it goes one step, between tables, with the downstream end first",
        Seam(switches={"lineage_reach": "one-step", "lineage_through": "tables", "lineage_first_end": "downstream"}),
        lambda caller: caller.lineage(query="?direction=IN")["relationships"][0]["ep1_id"] == TABLE_GUID,
    ),
    _lineage(
        "asset-times-as-text",
        "an asset's times are text in the model, but numbers in the example: here they are text",
        Seam(switches={"asset_times": "text"}),
        lambda caller: isinstance(caller.detail()["entity"]["create_time"], str),
    ),
    _lineage(
        "assets-in-pages",
        "whether offset counts pages, or assets and operators, is not documented: here it counts pages",
        Seam(switches={"offset_unit": "page"}),
        lambda caller: caller.search(offset=1)["entities"] == [],
        target={"offset_unit": "pages"},
    ),
    _lineage(
        "search-by-words",
        "how a keyword is compared is not documented: here with whole words",
        searching(_words),
        lambda caller: caller.search("dws_ord")["count"] == 0 and caller.search("dws_orders")["count"] > 0,
    ),
    _lineage(
        "search-without-filters",
        "a server may refuse filters and orders that it does not know: here each of them gets 400",
        refuse_on(
            lambda request, _: b'"filter"' in request.body or b'"sort"' in request.body,
            HttpError(400, "DLG.0400", "This server filters nothing"),
            of=SEARCH,
        ),
        lambda caller: "error_code" in caller.search(filter={}),
    ),
    _lineage(
        "sort-ignored",
        "the attributes for sorting are not documented: here all of them are ignored",
        searching(lambda found, body: found(**({"sort": []} if body.get("sort") else {}))),
        lambda caller: _sorted_as(caller, "DESC") == _sorted_as(caller, "ASC"),
    ),
    _lineage(
        "lineage-of-a-dropped-table",
        "lineage disappears only when a job is deleted: it may name a table that no longer exists",
        on_answers(_with_gone, BULK),
        lambda caller: _GONE in str(caller.bulk()),
    ),
    _lineage(
        "lineage-of-columns",
        "column lineage exists for SQL operators, and may be shown with that of tables",
        around(_with_columns),
        lambda caller: "dataasset.Column" in str(caller.lineage()["relationships"]),
    ),
    _lineage(
        "columns-of-a-table",
        "an asset may refer to others: here it refers to a column",
        on_answers(_with_column, SEARCH, DETAIL, DETAILS),
        lambda caller: _COLUMN in caller.detail()["referred_entities"],
    ),
    _lineage(
        "ends-without-names",
        "every field of a row of lineage is optional: here the names of the tables are missing",
        on_lineage_row(
            lambda row: {name: value for name, value in row.items() if not name.endswith(("_table", "qualified_name"))}
        ),
        lambda caller: "source_table" not in str(caller.bulk()),
    ),
    _lineage(
        "ends-as-assets",
        "whether the ends of a relationship are also shown as assets is not documented: here they are",
        on_relationship(lambda edge: {**edge, "end1": {"guid": edge["ep1_id"]}, "end2": {"guid": edge["ep2_id"]}}),
        lambda caller: "end1" in caller.lineage()["relationships"][0],
    ),
    _lineage(
        "few-fields-in-a-search",
        "no field of an asset is required: a search shows fewer of them than details",
        on_assets(
            lambda asset: {name: asset[name] for name in ("guid", "type_name", "display_text", "attributes")}, SEARCH
        ),
        lambda caller: "status" not in caller.search()["entities"][0],
    ),
    _lineage(
        "nothing-as-null",
        "every member of a response may be null: here empty lists and objects are",
        on_json(_nothing_as_null, SEARCH, DETAIL, DETAILS, LINEAGE),
        lambda caller: caller.search("zzzzzz")["entities"] is None,
    ),
    _lineage(
        "assets-being-made",
        "assets are created while the suite runs, and no window keeps them out of a search",
        _growing(),
        lambda caller: caller.search()["count"] < caller.search()["count"],
    ),
    _lineage(
        "directions-in-any-case",
        "whether the case of a direction counts is not documented: here it does not",
        on_query(_directions_in_any_case, of=LINEAGE),
        lambda caller: "relationships" in caller.lineage(query="?direction=in"),
    ),
    _lineage(
        "whole-numbers-with-a-point-refused",
        "10.0 is an integer for JSON Schema, and need not be one for a server: here it is refused",
        refuse_on(_has_point, HttpError(400, "APIGW.0106", "limit is not an integer"), of=SEARCH),
        lambda caller: "error_code" in caller.search(**_POINT),
    ),
    _lineage(
        "tables-without-lineage-not-found",
        "a request for the lineage of a table without known lineage may get 404",
        on_answers(lambda _, ask, arguments: _not_without(ask, arguments), LINEAGE),
        lambda caller: "error_code" in caller.lineage(RAW, "?direction=IN"),
    ),
    _lineage(
        "total-of-assets-left-out",
        "no member of lineage is required: here the total around a table is missing",
        on_json(lambda graph: without(graph, "total"), LINEAGE),
        lambda caller: "total" not in caller.lineage(),
    ),
)
