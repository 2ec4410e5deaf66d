from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import errors
from ...types import UNSET, Response, Unset

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client
    from ...models.envelope import Envelope
    from ...models.error import Error


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


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Envelope | Error | None:
    from ...models.envelope import Envelope
    from ...models.error import Error

    if response.status_code == 200:
        response_200 = Envelope.from_dict(response.json())

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


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Envelope | Error]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    project_id: str,
    task_id: str,
    *,
    client: AuthenticatedClient | Client,
    workspace_id: str | Unset = UNSET,
    job_name: str,
    start_time: int,
    end_time: int,
    offset: int,
    limit: int,
    instance: str,
) -> Response[Envelope | Error]:
    """Runs of a job operator related to a table

     One page of the runs of a job operator inside a time window. Which time of a run the window filters
    on, and
    whether its ends belong to it, is documented nowhere.

    Args:
        project_id (str):
        task_id (str):
        workspace_id (str | Unset):
        job_name (str):
        start_time (int):
        end_time (int):
        offset (int):
        limit (int):
        instance (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Envelope | Error]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        task_id=task_id,
        workspace_id=workspace_id,
        job_name=job_name,
        start_time=start_time,
        end_time=end_time,
        offset=offset,
        limit=limit,
        instance=instance,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    project_id: str,
    task_id: str,
    *,
    client: AuthenticatedClient | Client,
    workspace_id: str | Unset = UNSET,
    job_name: str,
    start_time: int,
    end_time: int,
    offset: int,
    limit: int,
    instance: str,
) -> Envelope | Error | None:
    """Runs of a job operator related to a table

     One page of the runs of a job operator inside a time window. Which time of a run the window filters
    on, and
    whether its ends belong to it, is documented nowhere.

    Args:
        project_id (str):
        task_id (str):
        workspace_id (str | Unset):
        job_name (str):
        start_time (int):
        end_time (int):
        offset (int):
        limit (int):
        instance (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Envelope | Error
    """

    return sync_detailed(
        project_id=project_id,
        task_id=task_id,
        client=client,
        workspace_id=workspace_id,
        job_name=job_name,
        start_time=start_time,
        end_time=end_time,
        offset=offset,
        limit=limit,
        instance=instance,
    ).parsed


async def asyncio_detailed(
    project_id: str,
    task_id: str,
    *,
    client: AuthenticatedClient | Client,
    workspace_id: str | Unset = UNSET,
    job_name: str,
    start_time: int,
    end_time: int,
    offset: int,
    limit: int,
    instance: str,
) -> Response[Envelope | Error]:
    """Runs of a job operator related to a table

     One page of the runs of a job operator inside a time window. Which time of a run the window filters
    on, and
    whether its ends belong to it, is documented nowhere.

    Args:
        project_id (str):
        task_id (str):
        workspace_id (str | Unset):
        job_name (str):
        start_time (int):
        end_time (int):
        offset (int):
        limit (int):
        instance (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Envelope | Error]
    """

    kwargs = _get_kwargs(
        project_id=project_id,
        task_id=task_id,
        workspace_id=workspace_id,
        job_name=job_name,
        start_time=start_time,
        end_time=end_time,
        offset=offset,
        limit=limit,
        instance=instance,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    project_id: str,
    task_id: str,
    *,
    client: AuthenticatedClient | Client,
    workspace_id: str | Unset = UNSET,
    job_name: str,
    start_time: int,
    end_time: int,
    offset: int,
    limit: int,
    instance: str,
) -> Envelope | Error | None:
    """Runs of a job operator related to a table

     One page of the runs of a job operator inside a time window. Which time of a run the window filters
    on, and
    whether its ends belong to it, is documented nowhere.

    Args:
        project_id (str):
        task_id (str):
        workspace_id (str | Unset):
        job_name (str):
        start_time (int):
        end_time (int):
        offset (int):
        limit (int):
        instance (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Envelope | Error
    """

    return (
        await asyncio_detailed(
            project_id=project_id,
            task_id=task_id,
            client=client,
            workspace_id=workspace_id,
            job_name=job_name,
            start_time=start_time,
            end_time=end_time,
            offset=offset,
            limit=limit,
            instance=instance,
        )
    ).parsed
