from typing import Any
from urllib.parse import quote

from ...types import UNSET, Unset


def _get_kwargs(
    project_id: str,
    task_id: str,
    *,
    workspace_id: str | Unset = UNSET,
    job_name: str,
    start_time: int,
    end_time: int,
    offset: int,
    limit: int,
    instance: str,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    headers["instance"] = instance

    params: dict[str, Any] = {}

    params["workspace_id"] = workspace_id

    params["job_name"] = job_name

    params["start_time"] = start_time

    params["end_time"] = end_time

    params["offset"] = offset

    params["limit"] = limit

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/{project_id}/datamap/node/{task_id}/instances".format(
            project_id=quote(str(project_id), safe=""),
            task_id=quote(str(task_id), safe=""),
        ),
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs
