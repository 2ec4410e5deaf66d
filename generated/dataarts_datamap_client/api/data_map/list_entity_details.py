from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import errors
from ...types import Response

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.entity_details import EntityDetails
    from ...models.error import Error


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


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> EntityDetails | Error | None:
    from ...models.entity_details import EntityDetails
    from ...models.error import Error

    if response.status_code == 200:
        response_200 = EntityDetails.from_dict(response.json())

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
) -> Response[EntityDetails | Error]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: list[str],
    instance: str,
) -> Response[EntityDetails | Error]:
    """Many assets

     All that is known of some assets. How many GUIDs may be sent, and whether an unknown one is left out
    or refused,
    is documented nowhere.

    Args:
        project_id (str):
        instance (str):
        body (list[str]):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EntityDetails | Error]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        body=body,
        instance=instance,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: list[str],
    instance: str,
) -> EntityDetails | Error | None:
    """Many assets

     All that is known of some assets. How many GUIDs may be sent, and whether an unknown one is left out
    or refused,
    is documented nowhere.

    Args:
        project_id (str):
        instance (str):
        body (list[str]):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EntityDetails | Error
    """

    return sync_detailed(
        project_id=project_id,
        client=client,
        body=body,
        instance=instance,
    ).parsed


async def asyncio_detailed(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: list[str],
    instance: str,
) -> Response[EntityDetails | Error]:
    """Many assets

     All that is known of some assets. How many GUIDs may be sent, and whether an unknown one is left out
    or refused,
    is documented nowhere.

    Args:
        project_id (str):
        instance (str):
        body (list[str]):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EntityDetails | Error]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        body=body,
        instance=instance,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    project_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: list[str],
    instance: str,
) -> EntityDetails | Error | None:
    """Many assets

     All that is known of some assets. How many GUIDs may be sent, and whether an unknown one is left out
    or refused,
    is documented nowhere.

    Args:
        project_id (str):
        instance (str):
        body (list[str]):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        EntityDetails | Error
    """

    return (
        await asyncio_detailed(
            project_id=project_id,
            client=client,
            body=body,
            instance=instance,
        )
    ).parsed
