from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import errors
from ...types import Response

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.error import Error
    from ...models.operator import Operator


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


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Error | list[Operator] | None:
    from ...models.error import Error
    from ...models.operator import Operator

    if response.status_code == 200:
        response_200 = []
        _response_200 = response.json()
        for response_200_item_data in _response_200:
            response_200_item = Operator.from_dict(response_200_item_data)

            response_200.append(response_200_item)

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
) -> Response[Error | list[Operator]]:
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
    instance: str,
) -> Response[Error | list[Operator]]:
    """Job operators associated with a table

     The job operators that read or write a table. The answer is whole; there is no paging.

    Args:
        project_id (str):
        guid (str):
        instance (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Error | list[Operator]]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        guid=guid,
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
    instance: str,
) -> Error | list[Operator] | None:
    """Job operators associated with a table

     The job operators that read or write a table. The answer is whole; there is no paging.

    Args:
        project_id (str):
        guid (str):
        instance (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Error | list[Operator]
    """

    return sync_detailed(
        project_id=project_id,
        guid=guid,
        client=client,
        instance=instance,
    ).parsed


async def asyncio_detailed(
    project_id: str,
    guid: str,
    *,
    client: AuthenticatedClient | Client,
    instance: str,
) -> Response[Error | list[Operator]]:
    """Job operators associated with a table

     The job operators that read or write a table. The answer is whole; there is no paging.

    Args:
        project_id (str):
        guid (str):
        instance (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Error | list[Operator]]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        guid=guid,
        instance=instance,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    project_id: str,
    guid: str,
    *,
    client: AuthenticatedClient | Client,
    instance: str,
) -> Error | list[Operator] | None:
    """Job operators associated with a table

     The job operators that read or write a table. The answer is whole; there is no paging.

    Args:
        project_id (str):
        guid (str):
        instance (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Error | list[Operator]
    """

    return (
        await asyncio_detailed(
            project_id=project_id,
            guid=guid,
            client=client,
            instance=instance,
        )
    ).parsed
