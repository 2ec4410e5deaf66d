"""ShowDataDetail and ListEntityDetails: requests for assets by GUID, and the decoding of their responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, json

from dataarts_datamap._api.error_responses import UNREADABLE, build_error, check_status, reason_of
from dataarts_datamap._api.generated_requests import build_details_request, build_entity_request
from dataarts_datamap._api.search_tables import refuse_error_body
from dataarts_datamap._arguments import identifier, path_segment
from dataarts_datamap._errors import InvalidArgumentError, InvalidEnvelopeError
from dataarts_datamap._models.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataarts_datamap._messages import Request, Response

MOST_GUIDS: Final = 50
"""The maximum number of GUIDs in one request; the service's own maximum is not documented."""


def entity_request(*, endpoint: str, project_id: str, instance_id: str, guid: str) -> Request:
    """A ShowDataDetail request.

    Raises:
        InvalidArgumentError: A value could change the meaning of the request; the text names it.
    """
    return build_entity_request(
        endpoint,
        project_id=path_segment("project_id", project_id),
        instance=identifier("instance_id", instance_id),
        guid=path_segment("table_guid", guid),
    )


def details_request(*, endpoint: str, project_id: str, instance_id: str, guids: Sequence[str]) -> Request:
    """A ListEntityDetails request for at most ``MOST_GUIDS`` assets.

    Raises:
        InvalidArgumentError: A value could change the meaning of the request, or there are none or too many; the text
            names it.
    """
    if not 1 <= len(guids) <= MOST_GUIDS:
        raise InvalidArgumentError(f"the number of guids must be 1 to {MOST_GUIDS}, not {len(guids)}")
    return build_details_request(
        endpoint,
        project_id=path_segment("project_id", project_id),
        instance=identifier("instance_id", instance_id),
        guids=[path_segment("table_guid", guid) for guid in guids],
    )


class _Detail(Struct):
    entity: dict[str, Any]
    error_code: Any = None


class _Details(Struct):
    entities: list[dict[str, Any]]
    error_code: Any = None


_DETAIL: Final = json.Decoder(_Detail)
_DETAILS: Final = json.Decoder(_Details)


def decode_entity(response: Response) -> Table:
    """The asset of a ShowDataDetail response.

    Raises:
        StatusError: The HTTP status is 400 or more.
        ErrorBodyError: HTTP 200 carries an error body.
        InvalidEnvelopeError: The HTTP status is neither, or the response is not an asset.
    """
    check_status(response)
    try:
        detail = _DETAIL.decode(response.content)
    except UNREADABLE as error:
        reason = reason_of(error)
    else:
        table = None if detail.error_code else Table.from_raw(detail.entity)
        if table is not None:
            return table
        reason = "it has no GUID"
    refuse_error_body(response)
    raise build_error(InvalidEnvelopeError, f"the response is not an asset: {reason}", response)


def decode_entities(response: Response) -> list[Table]:
    """The assets of a ListEntityDetails response, those without a GUID left out.

    It is not documented whether the service omits or refuses an unknown GUID: compare with the requested ones.

    Raises:
        StatusError: The HTTP status is 400 or more.
        ErrorBodyError: HTTP 200 carries an error body.
        InvalidEnvelopeError: The HTTP status is neither, or the response is not a list of assets.
    """
    check_status(response)
    try:
        details = _DETAILS.decode(response.content)
    except UNREADABLE as error:
        reason = reason_of(error)
    else:
        if not details.error_code:
            return list(filter(None, map(Table.from_raw, details.entities)))
        reason = "it carries an error code"
    refuse_error_body(response)
    raise build_error(InvalidEnvelopeError, f"the response is not a list of assets: {reason}", response)
