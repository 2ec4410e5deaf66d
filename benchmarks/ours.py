"""This client as the benchmarks use it, in a module that loads no peer."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, overload

from benchmarks.rows import JOB_NAME, TASK_ID, Window
from dataarts_datamap import AccessKeyCredentials, AsyncDataMapClient, DataMapClient

if TYPE_CHECKING:
    from dataarts_datamap import AsyncPager, Pager, Run

PageSize: TypeAlias = int | Literal["auto"]

PROJECT_ID: Final = "0833a5737480d53b2f25c010dc1a7b88"
INSTANCE_ID: Final = "b88c445407b24283aa949f9833a38fd8"
ACCESS_KEY: Final = "EXAMPLEACCESSKEY0001"
SECRET_KEY: Final = "ExampleSecretKeyThatOpensNothing00000001"  # noqa: S105  made up

AS_SHIPPED: Final[dict[str, Any]] = {}
UNLIMITED: Final[dict[str, Any]] = {
    name: None for name in ("requests_per_second",) if name in inspect.signature(DataMapClient).parameters
}
"""The settings of a client without a rate limit."""


def our_client(url: str, settings: dict[str, Any]) -> DataMapClient:
    """A client that signs with an access key."""
    return DataMapClient(endpoint=url, **_who(), **settings)


def our_async_client(url: str, settings: dict[str, Any]) -> AsyncDataMapClient:
    """A client for an event loop that signs with an access key."""
    return AsyncDataMapClient(endpoint=url, **_who(), **settings)


def _who() -> dict[str, Any]:
    credentials = AccessKeyCredentials(ACCESS_KEY, SECRET_KEY)
    return {"project_id": PROJECT_ID, "instance_id": INSTANCE_ID, "credentials": credentials}


@overload
def our_runs(client: DataMapClient, window: Window, *, page_size: PageSize) -> Pager[Run]: ...


@overload
def our_runs(client: AsyncDataMapClient, window: Window, *, page_size: PageSize) -> AsyncPager[Run]: ...


def our_runs(
    client: DataMapClient | AsyncDataMapClient, window: Window, *, page_size: PageSize
) -> Pager[Run] | AsyncPager[Run]:
    """The runs of a window."""
    return client.list_runs(str(TASK_ID), job_name=JOB_NAME, start=window.start, end=window.end, page_size=page_size)
