from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import errors
from ...types import UNSET, Response, Unset

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.error import Error
    from ...models.lineage_graph import LineageGraph
    from ...models.show_datamap_lineage_direction import (
        ShowDatamapLineageDirection,
    )


def _get_kwargs(
    project_id: str,
    guid: str,
    *,
    direction: ShowDatamapLineageDirection | Unset = "BOTH",
    relationship_types: list[str] | Unset = UNSET,
    relationship_type_categories: list[str] | Unset = UNSET,
    related_entity_types: list[str] | Unset = UNSET,
    extend_process_data_flow: bool | Unset = False,
    include_parent_entity: bool | Unset = False,
    instance: str,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    headers["instance"] = instance

    params: dict[str, Any] = {}

    json_direction: str | Unset = UNSET
    if not isinstance(direction, Unset):
        json_direction = direction

    params["direction"] = json_direction

    json_relationship_types: list[str] | Unset = UNSET
    if not isinstance(relationship_types, Unset):
        json_relationship_types = relationship_types

    params["relationship_types"] = json_relationship_types

    json_relationship_type_categories: list[str] | Unset = UNSET
    if not isinstance(relationship_type_categories, Unset):
        json_relationship_type_categories = relationship_type_categories

    params["relationship_type_categories"] = json_relationship_type_categories

    json_related_entity_types: list[str] | Unset = UNSET
    if not isinstance(related_entity_types, Unset):
        json_related_entity_types = related_entity_types

    params["related_entity_types"] = json_related_entity_types

    params["extend_process_data_flow"] = extend_process_data_flow

    params["include_parent_entity"] = include_parent_entity

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v2/{project_id}/datamap/lineage/guid/{guid}".format(
            project_id=quote(str(project_id), safe=""),
            guid=quote(str(guid), safe=""),
        ),
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Error | LineageGraph | None:
    from ...models.error import Error
    from ...models.lineage_graph import LineageGraph

    if response.status_code == 200:
        response_200 = LineageGraph.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Error.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Error.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Error.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = Error.from_dict(response.json())

        return response_404

    if response.status_code == 429:
        response_429 = Error.from_dict(response.json())

        return response_429

    if response.status_code == 500:
        response_500 = Error.from_dict(response.json())

        return response_500

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Error | LineageGraph]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    project_id: str,
    guid: str,
    *,
    client: AuthenticatedClient | Client,
    direction: ShowDatamapLineageDirection | Unset = "BOTH",
    relationship_types: list[str] | Unset = UNSET,
    relationship_type_categories: list[str] | Unset = UNSET,
    related_entity_types: list[str] | Unset = UNSET,
    extend_process_data_flow: bool | Unset = False,
    include_parent_entity: bool | Unset = False,
    instance: str,
) -> Response[Error | LineageGraph]:
    """Lineage around one asset

     What an asset is made of, and what is made of it. There is no depth and no paging. Whether one step
    or the whole
    graph comes, which end of a relationship is upstream, and whether operators stand between tables, is
    documented
    nowhere.

    Args:
        project_id (str):
        guid (str):
        direction (ShowDatamapLineageDirection | Unset):  Default: 'BOTH'.
        relationship_types (list[str] | Unset):
        relationship_type_categories (list[str] | Unset):
        related_entity_types (list[str] | Unset):
        extend_process_data_flow (bool | Unset):  Default: False.
        include_parent_entity (bool | Unset):  Default: False.
        instance (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Error | LineageGraph]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        guid=guid,
        direction=direction,
        relationship_types=relationship_types,
        relationship_type_categories=relationship_type_categories,
        related_entity_types=related_entity_types,
        extend_process_data_flow=extend_process_data_flow,
        include_parent_entity=include_parent_entity,
        instance=instance,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    project_id: str,
    guid: str,
    *,
    client: AuthenticatedClient | Client,
    direction: ShowDatamapLineageDirection | Unset = "BOTH",
    relationship_types: list[str] | Unset = UNSET,
    relationship_type_categories: list[str] | Unset = UNSET,
    related_entity_types: list[str] | Unset = UNSET,
    extend_process_data_flow: bool | Unset = False,
    include_parent_entity: bool | Unset = False,
    instance: str,
) -> Error | LineageGraph | None:
    """Lineage around one asset

     What an asset is made of, and what is made of it. There is no depth and no paging. Whether one step
    or the whole
    graph comes, which end of a relationship is upstream, and whether operators stand between tables, is
    documented
    nowhere.

    Args:
        project_id (str):
        guid (str):
        direction (ShowDatamapLineageDirection | Unset):  Default: 'BOTH'.
        relationship_types (list[str] | Unset):
        relationship_type_categories (list[str] | Unset):
        related_entity_types (list[str] | Unset):
        extend_process_data_flow (bool | Unset):  Default: False.
        include_parent_entity (bool | Unset):  Default: False.
        instance (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Error | LineageGraph
    """

    return sync_detailed(
        project_id=project_id,
        guid=guid,
        client=client,
        direction=direction,
        relationship_types=relationship_types,
        relationship_type_categories=relationship_type_categories,
        related_entity_types=related_entity_types,
        extend_process_data_flow=extend_process_data_flow,
        include_parent_entity=include_parent_entity,
        instance=instance,
    ).parsed


async def asyncio_detailed(
    project_id: str,
    guid: str,
    *,
    client: AuthenticatedClient | Client,
    direction: ShowDatamapLineageDirection | Unset = "BOTH",
    relationship_types: list[str] | Unset = UNSET,
    relationship_type_categories: list[str] | Unset = UNSET,
    related_entity_types: list[str] | Unset = UNSET,
    extend_process_data_flow: bool | Unset = False,
    include_parent_entity: bool | Unset = False,
    instance: str,
) -> Response[Error | LineageGraph]:
    """Lineage around one asset

     What an asset is made of, and what is made of it. There is no depth and no paging. Whether one step
    or the whole
    graph comes, which end of a relationship is upstream, and whether operators stand between tables, is
    documented
    nowhere.

    Args:
        project_id (str):
        guid (str):
        direction (ShowDatamapLineageDirection | Unset):  Default: 'BOTH'.
        relationship_types (list[str] | Unset):
        relationship_type_categories (list[str] | Unset):
        related_entity_types (list[str] | Unset):
        extend_process_data_flow (bool | Unset):  Default: False.
        include_parent_entity (bool | Unset):  Default: False.
        instance (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Error | LineageGraph]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        guid=guid,
        direction=direction,
        relationship_types=relationship_types,
        relationship_type_categories=relationship_type_categories,
        related_entity_types=related_entity_types,
        extend_process_data_flow=extend_process_data_flow,
        include_parent_entity=include_parent_entity,
        instance=instance,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    project_id: str,
    guid: str,
    *,
    client: AuthenticatedClient | Client,
    direction: ShowDatamapLineageDirection | Unset = "BOTH",
    relationship_types: list[str] | Unset = UNSET,
    relationship_type_categories: list[str] | Unset = UNSET,
    related_entity_types: list[str] | Unset = UNSET,
    extend_process_data_flow: bool | Unset = False,
    include_parent_entity: bool | Unset = False,
    instance: str,
) -> Error | LineageGraph | None:
    """Lineage around one asset

     What an asset is made of, and what is made of it. There is no depth and no paging. Whether one step
    or the whole
    graph comes, which end of a relationship is upstream, and whether operators stand between tables, is
    documented
    nowhere.

    Args:
        project_id (str):
        guid (str):
        direction (ShowDatamapLineageDirection | Unset):  Default: 'BOTH'.
        relationship_types (list[str] | Unset):
        relationship_type_categories (list[str] | Unset):
        related_entity_types (list[str] | Unset):
        extend_process_data_flow (bool | Unset):  Default: False.
        include_parent_entity (bool | Unset):  Default: False.
        instance (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Error | LineageGraph
    """

    return (
        await asyncio_detailed(
            project_id=project_id,
            guid=guid,
            client=client,
            direction=direction,
            relationship_types=relationship_types,
            relationship_type_categories=relationship_type_categories,
            related_entity_types=related_entity_types,
            extend_process_data_flow=extend_process_data_flow,
            include_parent_entity=include_parent_entity,
            instance=instance,
        )
    ).parsed
