from typing import Any
from urllib.parse import quote


def _get_kwargs(
    project_id: str,
    *,
    body: list[str],
    instance: str,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    headers["instance"] = instance

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/{project_id}/datamap/entities/guids".format(
            project_id=quote(str(project_id), safe=""),
        ),
    }

    _kwargs["json"] = body

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs
