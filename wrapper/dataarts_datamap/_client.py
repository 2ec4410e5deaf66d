"""The clients: one for threads, one for an event loop, with the same calls."""

from __future__ import annotations

import os
import warnings
from abc import abstractmethod
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, Self, TypedDict, TypeVar, Unpack, get_args

from dataarts_datamap._arguments import header_value, path_segment, query_integer, query_text
from dataarts_datamap._callers import calling_place
from dataarts_datamap._chain import find_credentials, read_profile
from dataarts_datamap._clock import Clock
from dataarts_datamap._endpoints import checked_endpoint, checked_proxy, region_endpoint
from dataarts_datamap._envelope import decode_operators, decode_page
from dataarts_datamap._errors import ConfigurationError, InvalidArgumentError
from dataarts_datamap._freshness import TableStatus, look_back, table_status
from dataarts_datamap._http import AsyncTransport, Network, SyncTransport
from dataarts_datamap._models import Operator, Run, RunPage
from dataarts_datamap._paging import AsyncPager, OffsetUnit, Pager, Walk, walk_operators, walk_pages
from dataarts_datamap._requests import operators_request, runs_request
from dataarts_datamap._retry import Policy, Retry, exchange
from dataarts_datamap._text import shown
from dataarts_datamap._times import Time, Window, window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from dataarts_datamap._credentials import Credentials
    from dataarts_datamap._messages import Request, Steps

PagerT = TypeVar("PagerT", Pager[Run], AsyncPager[Run])

_DEFAULT_TIMEOUT: Final = 60.0
_LONGEST_TIMEOUT: Final = 86_400.0
_DEFAULT_DEADLINE: Final = 120.0
_DEFAULT_MAX_ANSWER_SIZE: Final = 64 * 1024 * 1024
_DEFAULT_PAGE_SIZE: Final = 100
_DEFAULT_LOOK_BACK: Final = timedelta(days=7)


class ClientSettings(TypedDict, total=False):
    """The keywords of a client."""

    endpoint: str | None
    region: str | None
    project_id: str | None
    instance_id: str | None
    workspace_id: str | None
    credentials: Credentials | None
    timeout: float
    deadline: float
    retry: Retry | None
    max_answer_size: int
    proxy: str | None
    allow_http: bool
    clock: Clock | None


class _Client(Generic[PagerT]):
    """What both clients share: the settings, and all that does no I/O."""

    def __init__(  # noqa: PLR0913  one keyword for each setting
        self,
        *,
        endpoint: str | None = None,
        region: str | None = None,
        project_id: str | None = None,
        instance_id: str | None = None,
        workspace_id: str | None = None,
        credentials: Credentials | None = None,
        timeout: float = _DEFAULT_TIMEOUT,
        deadline: float = _DEFAULT_DEADLINE,
        retry: Retry | None = None,
        max_answer_size: int = _DEFAULT_MAX_ANSWER_SIZE,
        proxy: str | None = None,
        allow_http: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self._endpoint = _resolve_endpoint(endpoint, region, allow_http=allow_http)
        self._project_id = path_segment("project_id", _required("project_id", project_id))
        self._instance_id = header_value("instance_id", _required("instance_id", instance_id))
        self._workspace_id = None if workspace_id is None else query_text("workspace_id", workspace_id)
        self._network = Network(
            timeout=_checked_seconds("timeout", timeout),
            max_answer_size=query_integer("max_answer_size", max_answer_size, minimum=1),
            proxy=None if proxy is None else checked_proxy(proxy),
        )
        self._policy = Policy(retry or Retry(), _checked_seconds("deadline", deadline), clock or Clock())
        self._credentials = find_credentials() if credentials is None else _checked_credentials(credentials)
        self._open()
        _, self._made_at = calling_place()

    @classmethod
    def from_env(cls, **settings: Unpack[ClientSettings]) -> Self:
        """A client whose settings come from the environment, except those given as keywords.

        Reads ``DATAMAP_ENDPOINT``, ``DATAMAP_REGION``, ``DATAMAP_PROJECT_ID`` (else ``HUAWEICLOUD_SDK_PROJECT_ID``,
        else ``project_id`` of the profile file), ``DATAMAP_INSTANCE_ID`` and ``DATAMAP_WORKSPACE_ID``; credentials are
        those of ``find_credentials``. An empty variable counts as not set, and so does a keyword that is None. Where a
        keyword says where the service is, no variable does.

        Raises:
            ConfigurationError: A setting is missing or unusable; the text names it and its variable.
            InvalidArgumentError: A setting could bend a request.
        """
        return cls(**_completed(settings, os.environ))

    def list_runs(  # noqa: PLR0913  the operation has that many parameters
        self,
        task_id: str,
        *,
        job_name: str,
        start: Time | None = None,
        end: Time | None = None,
        since: timedelta | None = None,
        workspace_id: str | None = None,
        page_size: int = _DEFAULT_PAGE_SIZE,
        offset_unit: OffsetUnit = "row",
        strict: bool = False,
    ) -> PagerT:
        """The runs of one operator inside a window, read when the pager is walked, in the server's order.

        Which time of a run the window filters on, and whether its ends belong to it, is not documented.

        Args:
            task_id: ``Operator.task_id``.
            job_name: ``Operator.job_name``.
            start: Where the window begins: an aware datetime, ISO 8601 text with an offset, or epoch milliseconds.
            end: Where it ends; now, if it is left out.
            since: How long before its end the window begins, instead of ``start``.
            workspace_id: ``Operator.workspace_id``; the client's, if it is left out.
            page_size: Rows to ask for at once. The limit is not documented; 10 to 100 is safe (sibling APIs).
            offset_unit: Whether the server's offset counts rows or pages, which is not documented.
            strict: Whether a field of an unexpected type is an error, instead of None and a warning.

        Raises:
            InvalidArgumentError: An argument cannot be sent. What can go wrong while walking, the pager tells.
        """
        span = window(start=start, end=end, since=since, now=datetime.now(UTC))
        operator = Operator(task_id=task_id, job_name=job_name, workspace_id=workspace_id)
        walk = self._walk_factory(span, page_size=page_size, offset_unit=offset_unit, strict=strict)
        self._runs_request(operator, span, offset=0, limit=page_size)  # refuses bad arguments now, not when walked
        return self._pager(lambda: walk(operator))

    def list_table_runs(  # noqa: PLR0913  the operation has that many parameters
        self,
        table_guid: str,
        *,
        start: Time | None = None,
        end: Time | None = None,
        since: timedelta | None = None,
        page_size: int = _DEFAULT_PAGE_SIZE,
        offset_unit: OffsetUnit = "row",
        strict: bool = False,
    ) -> PagerT:
        """The runs of every operator that produces a table, one operator after the other.

        The operators come in the order of ``list_operators``, the runs of each in the server's.

        Args:
            table_guid: GUID of the table's data asset.
            start: Where the window begins: an aware datetime, ISO 8601 text with an offset, or epoch milliseconds.
            end: Where it ends; now, if it is left out.
            since: How long before its end the window begins, instead of ``start``.
            page_size: Rows to ask for at once. The limit is not documented; 10 to 100 is safe (sibling APIs).
            offset_unit: Whether the server's offset counts rows or pages, which is not documented.
            strict: Whether a field of an unexpected type is an error, instead of None and a warning.

        Raises:
            InvalidArgumentError: An argument cannot be sent. What can go wrong while walking, the pager tells.
        """
        span = window(start=start, end=end, since=since, now=datetime.now(UTC))
        path_segment("table_guid", table_guid)
        walk = self._walk_factory(span, page_size=page_size, offset_unit=offset_unit, strict=strict)
        return self._pager(lambda: walk_operators(self._read_operators(table_guid), walk))

    def __repr__(self) -> str:
        where = f"endpoint={self._endpoint!r}, project_id={self._project_id!r}, instance_id={self._instance_id!r}"
        return f"{type(self).__name__}({where})"

    def __del__(self) -> None:
        if hasattr(self, "_made_at") and self._is_open():
            warnings.warn(
                f"{self!r}, made at {self._made_at}, was not closed", ResourceWarning, source=self, stacklevel=1
            )

    @abstractmethod
    def _open(self) -> None: ...

    @abstractmethod
    def _is_open(self) -> bool: ...

    @abstractmethod
    def _pager(self, begin: Callable[[], Walk]) -> PagerT: ...

    def _read_operators(self, table_guid: str) -> Steps[list[Operator]]:
        request = operators_request(
            endpoint=self._endpoint,
            project_id=self._project_id,
            instance_id=self._instance_id,
            table_guid=table_guid,
        )
        return (yield from exchange(request, self._credentials, self._policy, decode_operators))

    def _walk_factory(
        self, span: Window, *, page_size: int, offset_unit: OffsetUnit, strict: bool
    ) -> Callable[[Operator], Walk]:
        if offset_unit not in get_args(OffsetUnit):
            raise InvalidArgumentError(f"offset_unit must be 'row' or 'page', not {offset_unit!r}")
        query_integer("page_size", page_size, minimum=1)

        def walk(operator: Operator) -> Walk:
            def read_page(offset: int) -> Steps[RunPage]:
                request = self._runs_request(operator, span, offset=offset, limit=page_size)
                decode = partial(decode_page, offset=offset, strict=strict)
                return (yield from exchange(request, self._credentials, self._policy, decode))

            return walk_pages(read_page, page_size=page_size, offset_unit=offset_unit)

        return walk

    def _runs_request(self, operator: Operator, span: Window, *, offset: int, limit: int) -> Request:
        return runs_request(
            endpoint=self._endpoint,
            project_id=self._project_id,
            instance_id=self._instance_id,
            task_id=operator.task_id,
            job_name=operator.job_name,
            workspace_id=self._workspace_id if operator.workspace_id is None else operator.workspace_id,
            start=span.start,
            end=span.end,
            offset=offset,
            limit=limit,
        )


class DataMapClient(_Client[Pager[Run]]):
    """Asks the Data Map which runs produced a table. For threads; close it, or use it in a ``with`` block.

    One that is forgotten with connections open gives a ``ResourceWarning`` that names where it was made.

    Args:
        endpoint: Address of the service, such as ``https://dayu.eu-west-101.myhuaweicloud.eu``; a path prefix is kept.
        region: Region id, from which the address follows where no ``endpoint`` is given.
        project_id: Project id.
        instance_id: Id of the DataArts Studio tenancy.
        workspace_id: Workspace id for calls that name none.
        credentials: Proof of who asks; those of ``find_credentials``, if left out.
        timeout: Seconds to wait for the next bytes of an answer, and for a connection, of which ten at most.
        deadline: Seconds that one request may take with all its attempts and the waits between them.
        retry: When a request that failed is sent again; ``Retry(attempts=1)`` for never.
        max_answer_size: Bytes that an answer may have, decompressed; by default 64 MiB. It is cut off there.
        proxy: Proxy to go through, such as ``http://user:password@host:3128``; that of the environment
            (``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY``, except for ``NO_PROXY``), if left out.
        allow_http: Whether the address may be plain ``http`` to another machine than this one.
        clock: Time and chance for the retries, for tests that must not wait.

    Raises:
        ConfigurationError: A setting is missing or unusable.
        InvalidArgumentError: A setting could bend a request.
    """

    def list_operators(self, table_guid: str) -> list[Operator]:
        """The job operators that produce a table, in the service's order.

        Args:
            table_guid: GUID of the table's data asset.

        Raises:
            InvalidArgumentError: The GUID could bend the request.
            TransportError: No whole answer came back.
            ServiceError: The service refused.
            InvalidResponseError: The answer is not what the API describes.
        """
        return self._transport.run(self._read_operators(table_guid))

    def table_status(
        self,
        table_guid: str,
        *,
        max_age: timedelta | None = None,
        since: timedelta = _DEFAULT_LOOK_BACK,
        page_size: int = _DEFAULT_PAGE_SIZE,
        offset_unit: OffsetUnit = "row",
    ) -> TableStatus:
        """Whether a table is fresh: its last success, its age, failures since, and how it usually runs.

        One request for the operators, and those of ``list_table_runs``. A run that began before the window is not seen.

        Args:
            table_guid: GUID of the table's data asset.
            max_age: The oldest that the last success may be, such as ``timedelta(hours=26)``; if it is left out,
                failures decide instead.
            since: How far back to look; farther, if ``max_age`` is longer.
            page_size: Rows to ask for at once. The limit is not documented; 10 to 100 is safe (sibling APIs).
            offset_unit: Whether the server's offset counts rows or pages, which is not documented.

        Raises:
            InvalidArgumentError: The GUID could bend the request, or a length of time is none.
            TransportError: No whole answer came back.
            ServiceError: The service refused.
            InvalidResponseError: The answer is not what the API describes.
            IncompleteWalkError: The pages ended before all runs were read.
        """
        span = look_back(since, max_age)
        pager = self.list_table_runs(table_guid, since=span, page_size=page_size, offset_unit=offset_unit)
        operators, runs = self.list_operators(table_guid), pager.to_list()
        return table_status(runs, now=datetime.now(UTC), max_age=max_age, operators=operators)

    def close(self) -> None:
        """Close the connections; again is harmless. A closed client raises ``ClientClosedError``."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> None:
        self._transport = SyncTransport(self._network, self._policy.clock)

    def _is_open(self) -> bool:
        return self._transport.is_open

    def _pager(self, begin: Callable[[], Walk]) -> Pager[Run]:
        return Pager(self._transport, begin)


class AsyncDataMapClient(_Client[AsyncPager[Run]]):
    """Asks the Data Map which runs produced a table. For an event loop; close it, or use it in an ``async with`` block.

    One that is forgotten with connections open gives a ``ResourceWarning`` that names where it was made.

    Args:
        endpoint: Address of the service, such as ``https://dayu.eu-west-101.myhuaweicloud.eu``; a path prefix is kept.
        region: Region id, from which the address follows where no ``endpoint`` is given.
        project_id: Project id.
        instance_id: Id of the DataArts Studio tenancy.
        workspace_id: Workspace id for calls that name none.
        credentials: Proof of who asks; those of ``find_credentials``, if left out.
        timeout: Seconds to wait for the next bytes of an answer, and for a connection, of which ten at most.
        deadline: Seconds that one request may take with all its attempts and the waits between them.
        retry: When a request that failed is sent again; ``Retry(attempts=1)`` for never.
        max_answer_size: Bytes that an answer may have, decompressed; by default 64 MiB. It is cut off there.
        proxy: Proxy to go through, such as ``http://user:password@host:3128``; that of the environment
            (``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY``, except for ``NO_PROXY``), if left out.
        allow_http: Whether the address may be plain ``http`` to another machine than this one.
        clock: Time and chance for the retries, for tests that must not wait.

    Raises:
        ConfigurationError: A setting is missing or unusable.
        InvalidArgumentError: A setting could bend a request.
    """

    async def list_operators(self, table_guid: str) -> list[Operator]:
        """The job operators that produce a table, in the service's order.

        Args:
            table_guid: GUID of the table's data asset.

        Raises:
            InvalidArgumentError: The GUID could bend the request.
            TransportError: No whole answer came back.
            ServiceError: The service refused.
            InvalidResponseError: The answer is not what the API describes.
        """
        return await self._transport.run(self._read_operators(table_guid))

    async def table_status(
        self,
        table_guid: str,
        *,
        max_age: timedelta | None = None,
        since: timedelta = _DEFAULT_LOOK_BACK,
        page_size: int = _DEFAULT_PAGE_SIZE,
        offset_unit: OffsetUnit = "row",
    ) -> TableStatus:
        """Whether a table is fresh: its last success, its age, failures since, and how it usually runs.

        One request for the operators, and those of ``list_table_runs``. A run that began before the window is not seen.

        Args:
            table_guid: GUID of the table's data asset.
            max_age: The oldest that the last success may be, such as ``timedelta(hours=26)``; if it is left out,
                failures decide instead.
            since: How far back to look; farther, if ``max_age`` is longer.
            page_size: Rows to ask for at once. The limit is not documented; 10 to 100 is safe (sibling APIs).
            offset_unit: Whether the server's offset counts rows or pages, which is not documented.

        Raises:
            InvalidArgumentError: The GUID could bend the request, or a length of time is none.
            TransportError: No whole answer came back.
            ServiceError: The service refused.
            InvalidResponseError: The answer is not what the API describes.
            IncompleteWalkError: The pages ended before all runs were read.
        """
        span = look_back(since, max_age)
        pager = self.list_table_runs(table_guid, since=span, page_size=page_size, offset_unit=offset_unit)
        operators, runs = await self.list_operators(table_guid), await pager.to_list()
        return table_status(runs, now=datetime.now(UTC), max_age=max_age, operators=operators)

    async def close(self) -> None:
        """Close the connections; again is harmless. A closed client raises ``ClientClosedError``."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def _open(self) -> None:
        self._transport = AsyncTransport(self._network, self._policy.clock)

    def _is_open(self) -> bool:
        return self._transport.is_open

    def _pager(self, begin: Callable[[], Walk]) -> AsyncPager[Run]:
        return AsyncPager(self._transport, begin)


def _completed(settings: ClientSettings, environ: Mapping[str, str]) -> ClientSettings:
    def first(given: str | None, *names: str) -> str | None:
        return next(filter(None, map(environ.get, names)), None) if given is None else given

    completed = settings.copy()
    if settings.get("endpoint") is None and settings.get("region") is None:
        completed["endpoint"] = first(None, "DATAMAP_ENDPOINT")
        completed["region"] = first(None, "DATAMAP_REGION")
    completed["instance_id"] = first(settings.get("instance_id"), "DATAMAP_INSTANCE_ID")
    completed["workspace_id"] = first(settings.get("workspace_id"), "DATAMAP_WORKSPACE_ID")
    project_id = first(settings.get("project_id"), "DATAMAP_PROJECT_ID", "HUAWEICLOUD_SDK_PROJECT_ID")
    completed["project_id"] = _profile_project(environ) if project_id is None else project_id
    return completed


def _profile_project(environ: Mapping[str, str]) -> str | None:
    profile = read_profile(environ)
    return None if profile is None else profile.project_id


def _required(name: str, value: str | None) -> str:
    if value is None:
        option, variable = name.replace("_", "-"), name.upper()
        raise ConfigurationError(
            f"{name} is missing: pass {name}=… (--{option}), or set DATAMAP_{variable} for from_env()"
        )
    return value


def _resolve_endpoint(endpoint: str | None, region: str | None, *, allow_http: bool) -> str:
    if endpoint is not None:
        return checked_endpoint(endpoint, allow_http=allow_http)
    if region is not None:
        return region_endpoint(region)
    raise ConfigurationError(
        "endpoint and region are missing: pass one (--endpoint, --region), or set DATAMAP_ENDPOINT or DATAMAP_REGION"
    )


def _checked_credentials(credentials: Credentials) -> Credentials:
    if not callable(getattr(credentials, "authenticate", None)):
        kind = type(credentials).__name__
        raise InvalidArgumentError(f"credentials must be credentials such as TokenCredentials(…), not {kind}")
    return credentials


def _checked_seconds(name: str, seconds: object) -> float:
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds <= _LONGEST_TIMEOUT:
        raise InvalidArgumentError(f"{name} must be a number of seconds above 0, a day at most, not {shown(seconds)}")
    return seconds
