from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import errors
from ...types import UNSET, Response, Unset

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.entity_detail import EntityDetail
    from ...models.error import Error


def _get_kwargs(
    project_id: str,
    guid: str,
    *,
    ignore_relationships: bool | Unset = False,
    instance: str,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    headers["instance"] = instance

    params: dict[str, Any] = {}

    params["ignore_relationships"] = ignore_relationships

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/{project_id}/datamap/entities/guid/{guid}".format(
            project_id=quote(str(project_id), safe=""),
            guid=quote(str(guid), safe=""),
        ),
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> EntityDetail | Error | None:
    from ...models.entity_detail import EntityDetail
    from ...models.error import Error

    if response.status_code == 200:
        response_200 = EntityDetail.from_dict(response.json())

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
) -> Response[EntityDetail | Error]:
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
    ignore_relationships: bool | Unset = False,
    instance: str,
) -> Response[EntityDetail | Error]:
    """One asset

     All that is known of one asset, beside the assets that it refers to.

    Args:
        project_id (str):
        guid (str):
        ignore_relationships (bool | Unset):  Default: False.
        instance (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EntityDetail | Error]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        guid=guid,
        ignore_relationships=ignore_relationships,
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
    ignore_relationships: bool | Unset = False,
    instance: str,
) -> EntityDetail | Error | None:
    """One asset

     All that is known of one asset, beside the assets that it refers to.

    Args:
        project_id (str):
        guid (str):
        ignore_relationships (bool | Unset):  Default: False.
        instance (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EntityDetail | Error
    """

    return sync_detailed(
        project_id=project_id,
        guid=guid,
        client=client,
        ignore_relationships=ignore_relationships,
        instance=instance,
    ).parsed


async def asyncio_detailed(
    project_id: str,
    guid: str,
    *,
    client: AuthenticatedClient | Client,
    ignore_relationships: bool | Unset = False,
    instance: str,
) -> Response[EntityDetail | Error]:
    """One asset

     All that is known of one asset, beside the assets that it refers to.

    Args:
        project_id (str):
        guid (str):
        ignore_relationships (bool | Unset):  Default: False.
        instance (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EntityDetail | Error]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        guid=guid,
        ignore_relationships=ignore_relationships,
        instance=instance,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    project_id: str,
    guid: str,
    *,
    client: AuthenticatedClient | Client,
    ignore_relationships: bool | Unset = False,
    instance: str,
) -> EntityDetail | Error | None:
    """One asset

     All that is known of one asset, beside the assets that it refers to.

    Args:
        project_id (str):
        guid (str):
        ignore_relationships (bool | Unset):  Default: False.
        instance (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EntityDetail | Error
    """

    return (
        await asyncio_detailed(
            project_id=project_id,
            guid=guid,
            client=client,
            ignore_relationships=ignore_relationships,
            instance=instance,
        )
    ).parsed
