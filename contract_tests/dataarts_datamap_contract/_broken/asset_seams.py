"""The places where a server's search, details and lineage can differ from the reference."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from dataarts_datamap_contract._broken.seams import (
    BULK,
    DETAILS,
    LINEAGE,
    MOST,
    SEARCH,
    Ask,
    Document,
    Seam,
    Values,
    on_answers,
    on_json,
)
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._data.lineage import table_guid
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock._web.validation import Arguments

Search: TypeAlias = "Callable[[Document], Document]"
"""Returns the response of the reference to the body of a search."""

RAW: Final = table_guid("wk.ods_orders")
UNKNOWN_GUID = "00000000-0000-4000-8000-000000000000"
SOURCE_TYPE = "base.DataAsset.sourceType"
_PATHS = ("/datamap/entities/", "/datamap/lineage/")
LOOP, MARGIN = table_guid("lake.snapshot"), table_guid("postgres.sales.ads_margin")
FIRST, SECOND = table_guid("lake.loop_first"), table_guid("lake.loop_second")
FAILURE = HttpError(500, "DLG.0500", "Internal server error")
SEARCH_PATH = "/v3/{p}/datamap/entities/search"
DETAILS_PATH = "/v1/{p}/datamap/entities/guids"
BULK_PATH = "/v1/{p}/datamap/lineage/bulk"
DETAIL_PATH = f"/v1/{{p}}/datamap/entities/guid/{TABLE_GUID}"


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
    """A seam that makes the page of a search.

    Args:
        response: Makes it from two arguments: a function that searches the reference with changes to the members of
            the body, and the body as sent.
    """

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
    """A seam that replaces the hits of a search before pages are cut from them; the count is of the new hits."""
    return searching(lambda found, body: _hits(found, body, arrange))


def detailing(response: Callable[[Callable[[list[str]], Document], list[str]], Document]) -> Seam:
    """A seam that makes the details of many assets from the reference's details and the requested GUIDs."""

    def answer(_: str, ask: Ask, arguments: Arguments) -> Document:
        return response(lambda guids: ask(replace(arguments, body=guids)), arguments.body)

    return on_answers(answer, DETAILS)


def on_path(scope: Scope) -> bool:
    """Whether a request is for an operation on assets or lineage."""
    path = scope["raw_path"].decode("latin-1")
    return any(part in path for part in _PATHS)


def shown_names(document: Any) -> list[Any]:  # noqa: ANN401  a broken server answers anything
    """The names of the assets that a response shows."""
    return [each["display_text"] for each in document["entities"]]


def bulking(response: Callable[[Callable[..., Document], int, int], Document]) -> Seam:
    """A seam that makes a page of all lineage from pages of the reference, and the requested offset and limit."""

    def answer(_: str, ask: Ask, arguments: Arguments) -> Document:
        def found(offset: int, limit: int) -> Document:
            page: Document = ask(replace(arguments, values={**arguments.values, "offset": offset, "limit": limit}))
            return page

        return response(found, arguments.number("offset", 0), arguments.number("limit", 100))

    return on_answers(answer, BULK)


def around(response: Callable[[Callable[..., Document], str, str], Document]) -> Seam:
    """A seam that makes the lineage around a table from the reference's, and the requested GUID and direction."""

    def answer(_: str, ask: Ask, arguments: Arguments) -> Document:
        def found(guid: str, direction: str) -> Document:
            graph: Document = ask(replace(arguments, values={**arguments.values, "guid": guid, "direction": direction}))
            return graph

        return response(found, arguments.text("guid"), arguments.text("direction") or "BOTH")

    return on_answers(answer, LINEAGE)


def on_lineage_row(change: Callable[[Document], object]) -> Seam:
    """A seam that replaces every row of all lineage."""
    return on_json(lambda page: {**page, "data": [change(row) for row in page["data"]]}, BULK)


def on_relationship(change: Callable[[Document], object]) -> Seam:
    """A seam that replaces every relationship around a table."""
    return on_json(lambda graph: {**graph, "relationships": [change(each) for each in graph["relationships"]]}, LINEAGE)


def by_first_block(values: Values) -> Values:
    """The parameters; a GUID with the first block of the documented table's GUID is replaced by that GUID."""
    is_near = str(values["guid"]).startswith(TABLE_GUID.partition("-")[0])
    return {**values, "guid": TABLE_GUID} if is_near else values


def shown_guids(document: Any) -> list[str]:  # noqa: ANN401  a broken server answers anything
    """The GUIDs of the assets that a response shows."""
    return [entity["guid"] for entity in document["entities"]]


def post(caller: Caller, path: str, document: object, **changes: str) -> int:
    """The status of the response to a POST."""
    return caller.ask("POST", path, document, **changes).status


def on_search(response: Callable[[Search, Document], Document]) -> Seam:
    """A seam that makes the response to a search from the reference and the body of the request."""

    def answer(_: str, perform: Ask, arguments: Arguments) -> Document:
        def search(body: Document) -> Document:
            found: Document = perform(replace(arguments, body=body))
            return found

        return response(search, arguments.body)

    return on_answers(answer, SEARCH)


def all_hits(search: Search, body: Document) -> list[Document]:
    """The hits of all pages."""
    hits: list[Document] = search({**body, "offset": 0, "limit": MOST})["entities"]
    return hits


def page_of(search: Search, body: Document, hits: list[Document]) -> Document:
    """The requested page of the given hits, with their count."""
    offset, limit = int(body["offset"]), int(body["limit"])
    return {**search(body), "entities": hits[offset : offset + limit], "count": len(hits)}
