"""Builds the requests: the one module that touches the generated client.

The generated builders are private names of generated code, so this module holds their only use; a test pins their
signatures. They quote path segments, but they check nothing: what could bend a request is refused here.
"""

from __future__ import annotations

from typing import Any

from dataarts_datamap._arguments import header_value, path_segment, query_integer, query_text
from dataarts_datamap._messages import Request
from dataarts_datamap_client.api.data_map import show_instance_infos, show_nodes
from dataarts_datamap_client.types import UNSET


def operators_request(*, endpoint: str, project_id: str, instance_id: str, table_guid: str) -> Request:
    """A ShowNodes request.

    Raises:
        InvalidArgumentError: A value could bend the request; the text names it.
    """
    kwargs = show_nodes._get_kwargs(  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  see the module's docstring
        project_id=path_segment("project_id", project_id),
        guid=path_segment("table_guid", table_guid),
        instance=header_value("instance_id", instance_id),
    )
    return _as_request(endpoint, project_id, kwargs)


def runs_request(  # noqa: PLR0913  the operation has that many parameters
    *,
    endpoint: str,
    project_id: str,
    instance_id: str,
    task_id: str,
    job_name: str,
    workspace_id: str | None,
    start: int,
    end: int,
    offset: int,
    limit: int,
) -> Request:
    """A ShowInstanceInfos request; times in milliseconds since the epoch.

    Raises:
        InvalidArgumentError: A value could bend the request, or is out of its bounds; the text names it.
    """
    kwargs = show_instance_infos._get_kwargs(  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  see the docstring
        project_id=path_segment("project_id", project_id),
        task_id=path_segment("task_id", task_id),
        instance=header_value("instance_id", instance_id),
        workspace_id=UNSET if workspace_id is None else query_text("workspace_id", workspace_id),
        job_name=query_text("job_name", job_name),
        start_time=start,
        end_time=end,
        offset=query_integer("offset", offset, minimum=0),
        limit=query_integer("page_size", limit, minimum=1),
    )
    return _as_request(endpoint, project_id, kwargs)


def _as_request(endpoint: str, project_id: str, kwargs: dict[str, Any]) -> Request:
    return Request(
        method=kwargs["method"].upper(),
        endpoint=endpoint,
        path=kwargs["url"],
        query=tuple((name, str(value)) for name, value in kwargs.get("params", {}).items()),
        # The page names neither. Another service's gateway refuses a GET without Content-Type, and sibling pages ask
        # for X-Project-Id where a key can see several projects; the official SDK sends both.
        headers={"Content-Type": "application/json", "X-Project-Id": project_id, **kwargs["headers"]},
    )
