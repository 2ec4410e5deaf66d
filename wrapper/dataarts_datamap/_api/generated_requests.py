"""Builds requests: the only module that uses the generated client.

The generated builders are private names of generated code, so this module holds their only use; a test pins their
signatures. They quote path segments, but check nothing: each operation's own module refuses a value that is out of its
bounds, or that could change the meaning of a request, with an ``InvalidArgumentError`` that names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, ParamSpec, cast

from msgspec import json

from dataarts_datamap._messages import Request
from dataarts_datamap_client import types
from dataarts_datamap_client.api.data_map import show_instance_infos, show_nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dataarts_datamap._models.tables import FlowDirection

P = ParamSpec("P")

UNSET: Final = types.UNSET
SHOW_NODES: Final = show_nodes._get_kwargs  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  see the docstring
SHOW_INSTANCE_INFOS: Final = show_instance_infos._get_kwargs  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  as above


def build_request(
    operation: Callable[P, dict[str, Any]], endpoint: str, *arguments: P.args, **parameters: P.kwargs
) -> Request:
    kwargs = operation(*arguments, **parameters)
    return Request(
        method=kwargs["method"].upper(),
        endpoint=endpoint,
        path=kwargs["url"],
        query=tuple(_pairs(kwargs.get("params", {}))),
        # The documentation names neither header. Another service's gateway refuses a GET without Content-Type, and
        # sibling services demand X-Project-Id if a key can see several projects; the official SDK sends both.
        headers={
            "Content-Type": "application/json",
            "X-Project-Id": str(parameters["project_id"]),
            **kwargs["headers"],
        },
        content=json.encode(kwargs["json"]) if "json" in kwargs else b"",
    )


def _pairs(parameters: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The query: an array as repeated keys, as in the official SDK, and a boolean as in JSON."""
    for name, value in parameters.items():
        if isinstance(value, list):
            yield from ((name, str(member)) for member in cast("list[object]", value))
        else:
            yield name, str(value).lower() if isinstance(value, bool) else str(value)


# The builders below import generated code when they are called: most clients only request operators and runs.


def build_search_request(endpoint: str, *, project_id: str, instance: str, body: Mapping[str, Any]) -> Request:
    from dataarts_datamap_client.api.data_map.show_data_sets import _get_kwargs  # noqa: PLC0415  # pyright: ignore[reportPrivateUsage]  as above
    from dataarts_datamap_client.models.search_request import SearchRequest  # noqa: PLC0415  loads attrs

    return build_request(
        _get_kwargs, endpoint, project_id=project_id, instance=instance, body=SearchRequest.from_dict(body)
    )


def build_entity_request(endpoint: str, *, project_id: str, instance: str, guid: str) -> Request:
    from dataarts_datamap_client.api.data_map.show_data_detail import _get_kwargs  # noqa: PLC0415  # pyright: ignore[reportPrivateUsage]  as above

    return build_request(_get_kwargs, endpoint, project_id=project_id, instance=instance, guid=guid)


def build_details_request(endpoint: str, *, project_id: str, instance: str, guids: list[str]) -> Request:
    from dataarts_datamap_client.api.data_map.list_entity_details import _get_kwargs  # noqa: PLC0415  # pyright: ignore[reportPrivateUsage]  as above

    return build_request(_get_kwargs, endpoint, project_id=project_id, instance=instance, body=guids)


def build_bulk_lineage_request(endpoint: str, *, project_id: str, instance: str, offset: int, limit: int) -> Request:
    from dataarts_datamap_client.api.data_map.show_lineage_bulk import _get_kwargs  # noqa: PLC0415  # pyright: ignore[reportPrivateUsage]  as above

    return build_request(_get_kwargs, endpoint, project_id=project_id, instance=instance, offset=offset, limit=limit)


def build_lineage_request(
    endpoint: str, *, project_id: str, instance: str, guid: str, direction: FlowDirection
) -> Request:
    from dataarts_datamap_client.api.data_map.show_datamap_lineage import _get_kwargs  # noqa: PLC0415  # pyright: ignore[reportPrivateUsage]  as above

    return build_request(
        _get_kwargs,
        endpoint,
        project_id=project_id,
        instance=instance,
        guid=guid,
        direction=direction,
        relationship_type_categories=["DATA_FLOW"],
    )
