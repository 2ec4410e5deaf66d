"""ShowDataSets: searches for tables and other assets, and the decoding of their responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from msgspec import Struct, json

from dataarts_datamap._api.error_responses import UNREADABLE, check_status, reason_of, refuse_error_body, wrong_response
from dataarts_datamap._api.generated_requests import build_search_request
from dataarts_datamap._arguments import identifier, path_segment, query_integer, query_text
from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._models.tables import Table, TablePage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dataarts_datamap._messages import Request, Response

T = TypeVar("T")
DocumentT = TypeVar("DocumentT", bound="AssetDocument")

_MOST_VALUES: Final = 20  # the documented maximum of values in one comparison
_LONGEST_VALUE: Final = 256


class SearchTerms(Struct, frozen=True, kw_only=True):
    """The terms of a search.

    Attributes:
        query: Keyword; empty for all assets.
        type_names: Full names of the kinds to find, such as ``dataasset.Table``; empty for all.
        sources: Kinds of sources to search, such as ``dws``; empty for all.
        workspace_id: The workspace to search; None for all.
    """

    query: str
    type_names: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    workspace_id: str | None = None


def search_request(  # noqa: PLR0913  the operation has that many parameters
    *, endpoint: str, project_id: str, instance_id: str, terms: SearchTerms, offset: int, limit: int
) -> Request:
    body: dict[str, Any] = {
        "limit": query_integer("page_size", limit, minimum=1),
        "offset": query_integer("offset", offset, minimum=0),
    }
    if terms.query:
        body["query"] = query_text("query", terms.query)
    if terms.workspace_id is not None:
        identifier("workspace_id", terms.workspace_id)
    comparisons = [
        *_comparison("typeName", "types", terms.type_names),
        *_comparison("base.DataAsset.sourceType", "sources", terms.sources),
        *_comparison("workspaceId", "workspace_id", () if terms.workspace_id is None else (terms.workspace_id,)),
    ]
    if comparisons:
        body["filter"] = comparisons[0] if len(comparisons) == 1 else {"condition": "AND", "criterion": comparisons}
    return build_search_request(
        endpoint,
        project_id=path_segment("project_id", project_id),
        instance=identifier("instance_id", instance_id),
        body=body,
    )


def _comparison(attribute: str, argument: str, values: Sequence[str]) -> list[dict[str, Any]]:
    if not values:
        return []
    if len(values) > _MOST_VALUES:
        raise InvalidArgumentError(f"{argument} must be at most {_MOST_VALUES} values, not {len(values)}")
    checked = [query_text(argument, value) for value in values]
    if any(len(value) > _LONGEST_VALUE for value in checked):
        raise InvalidArgumentError(f"{argument} has a value of more than {_LONGEST_VALUE} characters")
    return [{"attribute": attribute, "operator": "EQ" if len(checked) == 1 else "IN", "value": checked}]


class AssetDocument(Struct, kw_only=True):
    """A document about assets. If it has an error code, it is an error body."""

    error_code: Any = None


class _Found(AssetDocument):
    entities: list[dict[str, Any]] | None = None
    count: int | float | str | None = None


_DECODER: Final = json.Decoder(_Found)


def decode_tables(response: Response) -> TablePage:
    return decode_document(response, _DECODER, _page, "a page of assets", "it has no entities")


def _page(found: _Found) -> TablePage | None:
    total = whole_number(found.count)
    if found.entities is None and total != 0:
        return None
    entities = found.entities or []
    return TablePage(tables=tuple(filter(None, map(Table.from_raw, entities))), rows=len(entities), total=total)


def decode_document(
    response: Response, decoder: json.Decoder[DocumentT], read: Callable[[DocumentT], T | None], what: str, reason: str
) -> T:
    """The content of a document about assets.

    Args:
        response: The response.
        decoder: Decodes the document.
        read: Returns the content; None if the document lacks it.
        what: The name of the content, for an error text.
        reason: The reason to name if the document lacks the content.

    Raises:
        StatusError: The HTTP status is 400 or more.
        ErrorBodyError: HTTP 200 carries an error body.
        InvalidEnvelopeError: The HTTP status is below 400, but not 200, or the response cannot be decoded or lacks the
            content.
    """
    check_status(response)
    try:
        document = decoder.decode(response.content)
    except UNREADABLE as error:
        reason = reason_of(error)
    else:
        content = None if document.error_code else read(document)
        if content is not None:
            return content
    refuse_error_body(response)
    raise wrong_response(response, what, reason)


def whole_number(value: object) -> int | None:
    """A count, sent as ``2``, ``2.0`` or ``"2"``; None if it is not a count."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdecimal() and len(value) <= 18 else None  # noqa: PLR2004  18 digits fit into 64 bits
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) >= 2**63:  # noqa: PLR0124  NaN
        return None
    return int(value) if value >= 0 and value == int(value) else None
