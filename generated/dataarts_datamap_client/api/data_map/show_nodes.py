from typing import Any
from urllib.parse import quote


def _get_kwargs(
    project_id: str,
    guid: str,
    *,
    instance: str,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    headers["instance"] = instance

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/{project_id}/datamap/table/{guid}/node".format(
            project_id=quote(str(project_id), safe=""),
            guid=quote(str(guid), safe=""),
        ),
    }

    _kwargs["headers"] = headers
    return _kwargs
