from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from ...models.search_request import SearchRequest


def _get_kwargs(
    project_id: str,
    *,
    body: SearchRequest,
    instance: str,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    headers["instance"] = instance

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v3/{project_id}/datamap/entities/search".format(
            project_id=quote(str(project_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs
