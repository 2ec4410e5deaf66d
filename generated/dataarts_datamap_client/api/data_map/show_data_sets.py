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
    from ...models.search_request import SearchRequest
    from ...models.search_result import SearchResult


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


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Error | SearchResult | None:
    from ...models.error import Error
    from ...models.search_result import SearchResult

    if response.status_code == 200:
        response_200 = SearchResult.from_dict(response.json())

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
) -> Response[Error | SearchResult]:
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
    body: SearchRequest,
    instance: str,
) -> Response[Error | SearchResult]:
    """Assets that a search finds

     One page of the assets that match a keyword and a filter. Database, schema and qualified name are no
    attributes
    of the filter: a name goes through `query`, and is compared by who asks.

    Args:
        project_id (str):
        instance (str):
        body (SearchRequest): What to look for.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Error | SearchResult]
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
    body: SearchRequest,
    instance: str,
) -> Error | SearchResult | None:
    """Assets that a search finds

     One page of the assets that match a keyword and a filter. Database, schema and qualified name are no
    attributes
    of the filter: a name goes through `query`, and is compared by who asks.

    Args:
        project_id (str):
        instance (str):
        body (SearchRequest): What to look for.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Error | SearchResult
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
    body: SearchRequest,
    instance: str,
) -> Response[Error | SearchResult]:
    """Assets that a search finds

     One page of the assets that match a keyword and a filter. Database, schema and qualified name are no
    attributes
    of the filter: a name goes through `query`, and is compared by who asks.

    Args:
        project_id (str):
        instance (str):
        body (SearchRequest): What to look for.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Error | SearchResult]
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
    body: SearchRequest,
    instance: str,
) -> Error | SearchResult | None:
    """Assets that a search finds

     One page of the assets that match a keyword and a filter. Database, schema and qualified name are no
    attributes
    of the filter: a name goes through `query`, and is compared by who asks.

    Args:
        project_id (str):
        instance (str):
        body (SearchRequest): What to look for.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Error | SearchResult
    """

    return (
        await asyncio_detailed(
            project_id=project_id,
            client=client,
            body=body,
            instance=instance,
        )
    ).parsed
