"""ShowDataDetail and ListEntityDetails: requests for assets by GUID, and the decoding of their responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import json

from dataarts_datamap._api.generated_requests import build_details_request, build_entity_request
from dataarts_datamap._api.search_tables import AssetDocument, decode_document
from dataarts_datamap._arguments import identifier, path_segment
from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._models.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataarts_datamap._messages import Request, Response

MOST_GUIDS: Final = 50
"""The maximum number of GUIDs in one request; the service's own maximum is not documented."""


def entity_request(*, endpoint: str, project_id: str, instance_id: str, guid: str) -> Request:
    return build_entity_request(
        endpoint,
        project_id=path_segment("project_id", project_id),
        instance=identifier("instance_id", instance_id),
        guid=path_segment("table_guid", guid),
    )


def details_request(*, endpoint: str, project_id: str, instance_id: str, guids: Sequence[str]) -> Request:
    """A ListEntityDetails request for 1 to ``MOST_GUIDS`` assets."""
    if not 1 <= len(guids) <= MOST_GUIDS:
        raise InvalidArgumentError(f"the number of guids must be 1 to {MOST_GUIDS}, not {len(guids)}")
    return build_details_request(
        endpoint,
        project_id=path_segment("project_id", project_id),
        instance=identifier("instance_id", instance_id),
        guids=[path_segment("table_guid", guid) for guid in guids],
    )


class _Detail(AssetDocument):
    entity: dict[str, Any]


class _Details(AssetDocument):
    entities: list[dict[str, Any]]


_DETAIL: Final = json.Decoder(_Detail)
_DETAILS: Final = json.Decoder(_Details)


def decode_entity(response: Response) -> Table:
    return decode_document(response, _DETAIL, lambda sent: Table.from_raw(sent.entity), "an asset", "it has no GUID")


def decode_entities(response: Response) -> list[Table]:
    """The assets of a ListEntityDetails response, without those that lack a GUID.

    It is not documented whether the service omits or refuses an unknown GUID, so compare the assets with the request.
    """

    def read(sent: _Details) -> list[Table]:
        return list(filter(None, map(Table.from_raw, sent.entities)))

    return decode_document(response, _DETAILS, read, "a list of assets", "it carries an error code")
