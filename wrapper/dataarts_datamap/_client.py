"""The clients: one for threads, one for an event loop, with the same calls."""

from __future__ import annotations

import inspect
import os
import warnings
from abc import abstractmethod
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, Self, TypedDict, TypeVar, Unpack, get_args

from dataarts_datamap._api.endpoints import checked_endpoint
from dataarts_datamap._api.regions import find_region
from dataarts_datamap._api.show_instance_infos import decode_page, runs_request
from dataarts_datamap._api.show_nodes import decode_operators, operators_request
from dataarts_datamap._arguments import header_value, path_segment, query_integer, query_text
from dataarts_datamap._auth.chain import Found, Search
from dataarts_datamap._clock import Clock
from dataarts_datamap._errors import ConfigurationError, InvalidArgumentError
from dataarts_datamap._models import Operator, Run, RunPage
from dataarts_datamap._paging.offsets import OffsetUnit
from dataarts_datamap._paging.pager import AsyncPager, PagedWalk, Pager, Reading
from dataarts_datamap._paging.resume_token import Position, TablePosition
from dataarts_datamap._paging.walk_options import Habits, PageRead, Plan
from dataarts_datamap._paging.window_walk import WindowWalk
from dataarts_datamap._retry.attempts import AttemptHook, AttemptReporter
from dataarts_datamap._retry.exchange import exchange
from dataarts_datamap._retry.policy import Policy, Retry
from dataarts_datamap._retry.rate_limiter import RateLimiter
from dataarts_datamap._scope import Scope, Settings, how_to_set
from dataarts_datamap._text import shown
from dataarts_datamap._times import EPOCH, MILLISECOND
from dataarts_datamap._transport.driver import AsyncTransport, Network, SyncTransport
from dataarts_datamap._transport.proxies import checked_proxy
from dataarts_datamap._warnings import calling_place
from dataarts_datamap._window import Time, Window, window

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from dataarts_datamap._auth.credentials import Credentials
    from dataarts_datamap._messages import Request, Steps
    from dataarts_datamap._monitoring.freshness import TableStatus

PagerT = TypeVar("PagerT", Pager[Run], AsyncPager[Run])

_DEFAULT_TIMEOUT: Final = 60.0
_LONGEST_TIMEOUT: Final = 86_400.0
_DEFAULT_DEADLINE: Final = 120.0
_DEFAULT_MAX_ANSWER_SIZE: Final = 64 * 1024 * 1024
_DEFAULT_PAGE_SIZE: Final = 100
_DEFAULT_RATE: Final = 50.0  # documented: what the service allows one user on all of the Data Map
_LEAST_RATE: Final = 1e-5  # about one a day
_MOST_RATE: Final = 1_000_000  # each of the last second is remembered
_DEFAULT_CONCURRENCY: Final = 8
_MOST_CONCURRENCY: Final = 32  # no more pages than that are named ahead
_DEFAULT_SLICE_SPAN: Final = timedelta(days=28)  # a sibling API caps a window at a month
_SHORTEST_SLICE: Final = timedelta(seconds=1)
_SLICE_ROWS: Final = 10_000
_DEFAULT_WAIT: Final = 3600.0
_FIRST_WAIT: Final = 5.0
_LONGEST_WAIT: Final = 60.0
_NOT_YET_KNOWN: Final = Scope("-", "-")
_DEFAULT_LOOK_BACK: Final = timedelta(days=7)


class ClientSettings(TypedDict, total=False):
    """The keywords of a client."""

    endpoint: str | None
    region: str | None
    iam_endpoint: str | None
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
    requests_per_second: float | None
    concurrency: int
    on_attempt: AttemptHook | None
    clock: Clock | None


class _Client(Generic[PagerT]):
    """What both clients share: the settings, and all that does no I/O."""

    def __init__(  # noqa: PLR0913  one keyword for each setting
        self,
        *,
        endpoint: str | None = None,
        region: str | None = None,
        iam_endpoint: str | None = None,
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
        requests_per_second: float | None = _DEFAULT_RATE,
        concurrency: int = _DEFAULT_CONCURRENCY,
        on_attempt: AttemptHook | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._settings = _checked_settings(
            Settings(
                endpoint=_resolve_endpoint(endpoint, region, allow_http=allow_http),
                iam_endpoint=_resolve_iam_endpoint(iam_endpoint, region, allow_http=allow_http),
                region=region,
                project_id=project_id,
                instance_id=instance_id,
                workspace_id=workspace_id,
            )
        )
        self._network = Network(
            timeout=_checked_seconds("timeout", timeout),
            max_answer_size=query_integer("max_answer_size", max_answer_size, minimum=1),
            proxy=None if proxy is None else checked_proxy(proxy),
        )
        self._policy = Policy(
            retry or Retry(),
            _checked_seconds("deadline", deadline),
            clock or Clock(),
            RateLimiter(_checked_rate(requests_per_second)),
            AttemptReporter(_checked_hook(on_attempt)),
        )
        self._concurrency = _checked_concurrency(concurrency)
        self._habits = Habits()
        if credentials is None:
            search = Search(
                environ=os.environ,
                region=region,
                project_id=project_id,
                iam_endpoint=iam_endpoint,
                allow_http=allow_http,
            )
            credentials = search.run().credentials
        self._credentials = _checked_credentials(credentials)
        self._scope = self._settings.scope
        if self._scope is None:
            from dataarts_datamap._discovery import Discovery  # noqa: PLC0415  loaded where something is looked for

            self._discovery = Discovery(self._settings, self._credentials, self._policy)
        self._open()
        _, self._made_at = calling_place()

    @classmethod
    def from_env(cls, **settings: Unpack[ClientSettings]) -> Self:
        """A client whose settings come from the environment, except those given as keywords.

        Reads ``DATAMAP_ENDPOINT``, ``DATAMAP_REGION``, ``DATAMAP_PROJECT_ID`` (else ``HUAWEICLOUD_SDK_PROJECT_ID``),
        ``DATAMAP_INSTANCE_ID``, ``DATAMAP_WORKSPACE_ID`` and ``HUAWEICLOUD_SDK_IAM_ENDPOINT``; credentials are those of
        ``find_credentials``. Where they are the profile file's, its ``project_id`` and ``iam_endpoint`` count too, if
        no variable gives them. An empty variable counts as not set, and so does a keyword that is None. Where a keyword
        says where the service is, neither ``DATAMAP_ENDPOINT`` nor ``DATAMAP_REGION`` does; a region's own address is
        overridden by ``HUAWEICLOUD_SDK_REGION_DATAARTSSTUDIO_EU_WEST_101`` and the like, of whose addresses, separated
        by commas, the first is used.

        Raises:
            ConfigurationError: A setting is missing or unusable; the text names it and its variable.
            InvalidArgumentError: A setting could bend a request.
        """
        return cls(**_completed(settings))

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
        offset_unit: OffsetUnit = "auto",
        slice_span: timedelta = _DEFAULT_SLICE_SPAN,
        strict: bool = False,
        resume_token: str | None = None,
    ) -> PagerT:
        """The runs of one operator inside a window, read when the pager is walked, in the server's order.

        Which time of a run the window filters on, and whether its ends belong to it, is not documented. A run that is
        there during the whole walk comes once; one that comes or goes meanwhile comes once or not at all.

        Args:
            task_id: ``Operator.task_id``.
            job_name: ``Operator.job_name``.
            start: Where the window begins: an aware datetime, ISO 8601 text with an offset, or epoch milliseconds.
            end: Where it ends; the time of this call, if it is left out.
            since: How long before its end the window begins, instead of ``start``.
            workspace_id: ``Operator.workspace_id``; the client's, if it is left out.
            page_size: Rows to ask for at once; where pages must overlap, a few more. The limit is not documented; 10
                to 100 is safe (sibling APIs), and a smaller one that the server has is noticed.
            offset_unit: Whether the server's offset counts rows or pages, which is not documented: ``auto`` finds out
                at the cost of a request, and the client remembers it.
            slice_span: The longest window to ask for. A longer one is read in slices, which overlap by 2 ms. Sibling
                APIs cap a window at 7 days or a month.
            strict: Whether a field of an unexpected type is an error, instead of None and a warning.
            resume_token: Where an earlier walk stood; its window is walked on, so that no times are given.

        Raises:
            InvalidArgumentError: An argument cannot be sent. What can go wrong while walking, the pager tells.
        """
        operator = Operator(task_id=task_id, job_name=job_name, workspace_id=workspace_id)
        resumed = None if resume_token is None else Position.parse(resume_token)
        if resumed is None:
            span = window(start=start, end=end, since=since, now=datetime.now(UTC))
        else:
            _refuse_times(start, end, since)
            span = resumed.window
            if (resumed.task_id, resumed.job_name, resumed.workspace_id) != _key(operator):
                raise InvalidArgumentError(f"the resume_token is of another operator: {shown(resumed.job_name)}")
        plan = _plan(page_size, offset_unit, slice_span)
        self._refuse_bad_arguments(operator, span, limit=page_size)

        def begin() -> Steps[PagedWalk]:
            yield from ()
            return WindowWalk(operator, span, plan, self._habits, resumed)

        return self._pager(self._reading(begin, strict=strict), resume_token)

    def list_table_runs(  # noqa: PLR0913  the operation has that many parameters
        self,
        table_guid: str,
        *,
        start: Time | None = None,
        end: Time | None = None,
        since: timedelta | None = None,
        page_size: int = _DEFAULT_PAGE_SIZE,
        offset_unit: OffsetUnit = "auto",
        slice_span: timedelta = _DEFAULT_SLICE_SPAN,
        merge: bool = False,
        strict: bool = False,
        resume_token: str | None = None,
    ) -> PagerT:
        """The runs of every operator that produces a table, the operators side by side.

        The operators come in the order of ``list_operators``, the runs of each in the server's; merged, they come by
        their planned times.

        Args:
            table_guid: GUID of the table's data asset.
            start: Where the window begins: an aware datetime, ISO 8601 text with an offset, or epoch milliseconds.
            end: Where it ends; the time of this call, if it is left out.
            since: How long before its end the window begins, instead of ``start``.
            page_size: Rows to ask for at once, as for ``list_runs``.
            offset_unit: Whether the server's offset counts rows or pages, as for ``list_runs``.
            slice_span: The longest window to ask for, as for ``list_runs``.
            merge: Whether the runs of all operators come by their planned times, in the direction that the server has;
                they are in order as far as the runs of each operator are.
            strict: Whether a field of an unexpected type is an error, instead of None and a warning.
            resume_token: Where an earlier walk stood; its window is walked on, so that no times are given.

        Raises:
            InvalidArgumentError: An argument cannot be sent. What can go wrong while walking, the pager tells.
        """
        path_segment("table_guid", table_guid)
        resumed = None if resume_token is None else TablePosition.parse(resume_token)
        if resumed is None:
            span = window(start=start, end=end, since=since, now=datetime.now(UTC))
        else:
            _refuse_times(start, end, since)
            span = resumed.window
            if merge or resumed.table_guid != table_guid:
                raise InvalidArgumentError(
                    f"the resume_token is of the runs, not merged, of table {shown(resumed.table_guid)}"
                )
        plan = _plan(page_size, offset_unit, slice_span)
        from dataarts_datamap._paging.table_walk import MergedWalk, TableWalk  # noqa: PLC0415  loaded for this call alone

        def begin() -> Steps[PagedWalk]:
            operators = list(dict.fromkeys((yield from self._read_operators(table_guid))))
            if merge:
                return MergedWalk([WindowWalk(one, span, plan, self._habits) for one in operators])
            finished = [one for one in operators if resumed is not None and _key(one) in resumed.finished]
            current = None if resumed is None else resumed.current
            return TableWalk(
                table_guid,
                span,
                [
                    WindowWalk(one, span, plan, self._habits, current if _is_of(current, one) else None)
                    for one in operators
                    if one not in finished
                ],
                finished,
            )

        return self._pager(self._reading(begin, strict=strict), resume_token)

    def __repr__(self) -> str:
        known = getattr(self, "_settings", None)
        if known is None:  # error trackers show what could not be made
            return f"{type(self).__name__}()"
        where = f"endpoint={known.endpoint!r}, project_id={known.project_id!r}, instance_id={known.instance_id!r}"
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
    def _pager(self, reading: Reading, resume_token: str | None) -> PagerT: ...

    def _find_scope(self) -> Steps[Scope]:
        return (yield from self._discovery.scope()) if self._scope is None else self._scope

    def _read_operators(self, table_guid: str) -> Steps[list[Operator]]:
        path_segment("table_guid", table_guid)  # refuses a bad argument before anything is looked for
        scope = yield from self._find_scope()
        request = operators_request(
            endpoint=self._settings.endpoint,
            project_id=scope.project_id,
            instance_id=scope.instance_id,
            table_guid=table_guid,
        )
        return (yield from exchange(request, self._credentials, self._policy, decode_operators))

    def _reading(self, begin: Callable[[], Steps[PagedWalk]], *, strict: bool) -> Reading:
        return Reading(begin, partial(self._read_page, strict=strict), self._concurrency)

    def _read_page(self, read: PageRead, *, strict: bool) -> Steps[RunPage]:
        scope = yield from self._find_scope()
        request = self._runs_request(scope, read.operator, read.window, offset=read.offset, limit=read.limit)
        decode = partial(decode_page, offset=read.offset, strict=strict)
        return (yield from exchange(request, self._credentials, self._policy, decode))

    def _wait_for_run(  # noqa: PLR0913  as for the calls of both faces
        self,
        task_id: str,
        *,
        job_name: str,
        start: Time | None,
        end: Time | None,
        since: timedelta | None,
        workspace_id: str | None,
        run_id: int | None,
        timeout: float,
        first_wait: float,
        longest_wait: float,
    ) -> Steps[Run]:
        from dataarts_datamap._monitoring.waiting import read_all, wait_for_run  # noqa: PLC0415  loaded for this call alone

        operator = Operator(task_id=task_id, job_name=job_name, workspace_id=workspace_id)
        begun = window(start=start, end=end, since=since, now=datetime.now(UTC))
        self._refuse_bad_arguments(operator, begun, limit=_DEFAULT_PAGE_SIZE)
        plan = _plan(_DEFAULT_PAGE_SIZE, "auto", _DEFAULT_SLICE_SPAN)

        def look() -> Steps[list[Run]]:
            now = datetime.now(UTC)
            span = begun if end is not None else window(start=begun.start, end=max(now, EPOCH), since=None, now=now)
            walk = WindowWalk(operator, span, plan, self._habits)
            return (yield from read_all(walk.pages(), partial(self._read_page, strict=False)))

        waits = _checked_seconds("first_wait", first_wait), _checked_seconds("longest_wait", longest_wait)
        return (
            yield from wait_for_run(
                look,
                self._policy.clock,
                run_id=run_id,
                timeout=_checked_seconds("timeout", timeout),
                first_wait=min(waits),
                longest_wait=waits[1],
            )
        )

    def _refuse_bad_arguments(self, operator: Operator, span: Window, *, limit: int) -> None:
        """Refuse now what could not be sent when the runs are read."""
        self._runs_request(_NOT_YET_KNOWN, operator, span, offset=0, limit=limit)

    def _runs_request(self, scope: Scope, operator: Operator, span: Window, *, offset: int, limit: int) -> Request:
        return runs_request(
            endpoint=self._settings.endpoint,
            project_id=scope.project_id,
            instance_id=scope.instance_id,
            task_id=operator.task_id,
            job_name=operator.job_name,
            workspace_id=scope.workspace_id if operator.workspace_id is None else operator.workspace_id,
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
        region: Region id, one of ``REGIONS`` or a newer one, from which the addresses follow that are not given.
        iam_endpoint: Address of IAM, where the project id is looked for; the region's, if left out.
        project_id: Project id; if left out, that of the project named like the region, looked for at the first call.
        instance_id: Id of the DataArts Studio tenancy; if left out, that of the project's only one that is in effect,
            looked for at the first call. Where there is not exactly one of what is looked for, each call raises
            ``DiscoveryError``, which lists what there is.
        workspace_id: Workspace id for calls that name none. If left out, none is sent, and the service decides; at
            ``"auto"``, that of the tenancy's only workspace, looked for at the first call.
        credentials: Proof of who asks; those of ``find_credentials``, if left out.
        timeout: Seconds to wait for the next bytes of an answer, and for a connection, of which ten at most.
        deadline: Seconds that one request may take with all its attempts and the waits between them.
        retry: When a request that failed is sent again; ``Retry(attempts=1)`` for never.
        max_answer_size: Bytes that an answer may have, decompressed; by default 64 MiB. It is cut off there.
        proxy: Proxy to go through, such as ``http://user:password@host:3128``; that of the environment
            (``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY``, except for ``NO_PROXY``), if left out.
        allow_http: Whether the address may be plain ``http`` to another machine than this one.
        requests_per_second: How many requests the client sends in a second, for all its walks together; by default
            50, which is what the service allows one user (documented). One every day or so at the least; a million at
            the most, and None for no limit. Where the service finds them too many all the same, all walks wait.
        concurrency: How many pages of a walk are read at once: 1 to 32, by default 8.
        on_attempt: Called with an ``Attempt`` after each one, for metrics and the like, in the thread or task of the
            call; what it raises is logged once and breaks nothing. It should be quick, and no coroutine function.
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

    def wait_for_run(  # noqa: PLR0913  the operation has that many parameters
        self,
        task_id: str,
        *,
        job_name: str,
        start: Time | None = None,
        end: Time | None = None,
        since: timedelta | None = None,
        workspace_id: str | None = None,
        run_id: int | None = None,
        timeout: float = _DEFAULT_WAIT,
        first_wait: float = _FIRST_WAIT,
        longest_wait: float = _LONGEST_WAIT,
    ) -> Run:
        """Wait until a run of a window has ended, and return it: the one with the id, else the one planned last.

        A run has ended when its state is succeeded, failed or skipped; an unknown state is not taken for an end. The
        window is read again and again, with waits that grow. A failure that can pass does not end the wait.

        Args:
            task_id: ``Operator.task_id``.
            job_name: ``Operator.job_name``.
            start: Where the window begins: an aware datetime, ISO 8601 text with an offset, or epoch milliseconds.
            end: Where it ends; the present of each reading, if it is left out.
            since: How long before its end, as it is now, the window begins, instead of ``start``.
            workspace_id: ``Operator.workspace_id``; the client's, if it is left out.
            run_id: The run to wait for. If it is left out, the one that was planned last when the window is read; let
                the window begin after the run before, or that one is it until there is another.
            timeout: Seconds to wait at most: a day at the most, by default an hour. The last reading begins at their
                end; it is given up after ten seconds.
            first_wait: Seconds before the second reading; the next waits grow by half.
            longest_wait: Seconds that a wait can grow to.

        Raises:
            WaitTimeoutError: None has ended in time; ``last_run`` is the one that was seen last.
            InvalidArgumentError: An argument cannot be sent.
            DataMapError: Reading fails for good.
        """
        return self._transport.run(
            self._wait_for_run(
                task_id,
                job_name=job_name,
                start=start,
                end=end,
                since=since,
                workspace_id=workspace_id,
                run_id=run_id,
                timeout=timeout,
                first_wait=first_wait,
                longest_wait=longest_wait,
            )
        )

    def table_status(
        self,
        table_guid: str,
        *,
        max_age: timedelta | None = None,
        since: timedelta = _DEFAULT_LOOK_BACK,
        page_size: int = _DEFAULT_PAGE_SIZE,
        offset_unit: OffsetUnit = "auto",
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
        from dataarts_datamap._monitoring.freshness import look_back, table_status  # noqa: PLC0415  loaded for this call alone

        span = look_back(since, max_age)
        pager = self.list_table_runs(table_guid, since=span, page_size=page_size, offset_unit=offset_unit)
        operators, runs = self.list_operators(table_guid), pager.to_list()
        return table_status(runs, now=datetime.now(UTC), max_age=max_age, operators=operators)

    def close(self) -> None:
        """Close the connections; again is harmless. Calls under way, and later ones, raise ``ClientClosedError``.

        A call that waits before it sends again does so at once, unless its waits are those of a ``clock`` of yours.
        """
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

    def _pager(self, reading: Reading, resume_token: str | None) -> Pager[Run]:
        return Pager(self._transport, reading, resume_token)


class AsyncDataMapClient(_Client[AsyncPager[Run]]):
    """Asks the Data Map which runs produced a table. For an event loop; close it, or use it in an ``async with`` block.

    One that is forgotten with connections open gives a ``ResourceWarning`` that names where it was made.

    Args:
        endpoint: Address of the service, such as ``https://dayu.eu-west-101.myhuaweicloud.eu``; a path prefix is kept.
        region: Region id, one of ``REGIONS`` or a newer one, from which the addresses follow that are not given.
        iam_endpoint: Address of IAM, where the project id is looked for; the region's, if left out.
        project_id: Project id; if left out, that of the project named like the region, looked for at the first call.
        instance_id: Id of the DataArts Studio tenancy; if left out, that of the project's only one that is in effect,
            looked for at the first call. Where there is not exactly one of what is looked for, each call raises
            ``DiscoveryError``, which lists what there is.
        workspace_id: Workspace id for calls that name none. If left out, none is sent, and the service decides; at
            ``"auto"``, that of the tenancy's only workspace, looked for at the first call.
        credentials: Proof of who asks; those of ``find_credentials``, if left out.
        timeout: Seconds to wait for the next bytes of an answer, and for a connection, of which ten at most.
        deadline: Seconds that one request may take with all its attempts and the waits between them.
        retry: When a request that failed is sent again; ``Retry(attempts=1)`` for never.
        max_answer_size: Bytes that an answer may have, decompressed; by default 64 MiB. It is cut off there.
        proxy: Proxy to go through, such as ``http://user:password@host:3128``; that of the environment
            (``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY``, except for ``NO_PROXY``), if left out.
        allow_http: Whether the address may be plain ``http`` to another machine than this one.
        requests_per_second: How many requests the client sends in a second, for all its walks together; by default
            50, which is what the service allows one user (documented). One every day or so at the least; a million at
            the most, and None for no limit. Where the service finds them too many all the same, all walks wait.
        concurrency: How many pages of a walk are read at once: 1 to 32, by default 8.
        on_attempt: Called with an ``Attempt`` after each one, for metrics and the like, in the thread or task of the
            call; what it raises is logged once and breaks nothing. It should be quick, and no coroutine function.
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

    async def wait_for_run(  # noqa: PLR0913  the operation has that many parameters
        self,
        task_id: str,
        *,
        job_name: str,
        start: Time | None = None,
        end: Time | None = None,
        since: timedelta | None = None,
        workspace_id: str | None = None,
        run_id: int | None = None,
        timeout: float = _DEFAULT_WAIT,  # noqa: ASYNC109  it bounds the polls, and ends in an error of its own
        first_wait: float = _FIRST_WAIT,
        longest_wait: float = _LONGEST_WAIT,
    ) -> Run:
        """Wait until a run of a window has ended, and return it: the one with the id, else the one planned last.

        A run has ended when its state is succeeded, failed or skipped; an unknown state is not taken for an end. The
        window is read again and again, with waits that grow. A failure that can pass does not end the wait.

        Args:
            task_id: ``Operator.task_id``.
            job_name: ``Operator.job_name``.
            start: Where the window begins: an aware datetime, ISO 8601 text with an offset, or epoch milliseconds.
            end: Where it ends; the present of each reading, if it is left out.
            since: How long before its end, as it is now, the window begins, instead of ``start``.
            workspace_id: ``Operator.workspace_id``; the client's, if it is left out.
            run_id: The run to wait for. If it is left out, the one that was planned last when the window is read; let
                the window begin after the run before, or that one is it until there is another.
            timeout: Seconds to wait at most: a day at the most, by default an hour. The last reading begins at their
                end; it is given up after ten seconds.
            first_wait: Seconds before the second reading; the next waits grow by half.
            longest_wait: Seconds that a wait can grow to.

        Raises:
            WaitTimeoutError: None has ended in time; ``last_run`` is the one that was seen last.
            InvalidArgumentError: An argument cannot be sent.
            DataMapError: Reading fails for good.
        """
        return await self._transport.run(
            self._wait_for_run(
                task_id,
                job_name=job_name,
                start=start,
                end=end,
                since=since,
                workspace_id=workspace_id,
                run_id=run_id,
                timeout=timeout,
                first_wait=first_wait,
                longest_wait=longest_wait,
            )
        )

    async def table_status(
        self,
        table_guid: str,
        *,
        max_age: timedelta | None = None,
        since: timedelta = _DEFAULT_LOOK_BACK,
        page_size: int = _DEFAULT_PAGE_SIZE,
        offset_unit: OffsetUnit = "auto",
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
        from dataarts_datamap._monitoring.freshness import look_back, table_status  # noqa: PLC0415  loaded for this call alone

        span = look_back(since, max_age)
        pager = self.list_table_runs(table_guid, since=span, page_size=page_size, offset_unit=offset_unit)
        operators, runs = await self.list_operators(table_guid), await pager.to_list()
        return table_status(runs, now=datetime.now(UTC), max_age=max_age, operators=operators)

    async def close(self) -> None:
        """Close the connections; again is harmless. Calls under way, and later ones, raise ``ClientClosedError``.

        A call that waits before it sends again does so at once, unless its waits are those of a ``clock`` of yours.
        """
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

    def _pager(self, reading: Reading, resume_token: str | None) -> AsyncPager[Run]:
        return AsyncPager(self._transport, reading, resume_token)


def _completed(settings: ClientSettings) -> ClientSettings:
    def first(given: str | None, *names: str) -> str | None:
        return next(filter(None, map(os.environ.get, names)), None) if given is None else given

    completed = settings.copy()
    if settings.get("endpoint") is None and settings.get("region") is None:
        completed["endpoint"] = first(None, "DATAMAP_ENDPOINT")
        completed["region"] = first(None, "DATAMAP_REGION")
    if completed.get("endpoint") is None:
        completed["endpoint"] = _overridden_endpoint(completed.get("region"))
    completed["instance_id"] = first(settings.get("instance_id"), "DATAMAP_INSTANCE_ID")
    completed["workspace_id"] = first(settings.get("workspace_id"), "DATAMAP_WORKSPACE_ID")
    project_id = first(settings.get("project_id"), "DATAMAP_PROJECT_ID", "HUAWEICLOUD_SDK_PROJECT_ID")
    iam_endpoint = first(settings.get("iam_endpoint"), "HUAWEICLOUD_SDK_IAM_ENDPOINT")
    given = settings.get("credentials")
    found = (
        Search(
            environ=os.environ,
            region=completed.get("region"),
            project_id=project_id,
            iam_endpoint=iam_endpoint,
            allow_http=settings.get("allow_http", False),
        ).run()
        if given is None
        else Found(given)
    )
    completed["credentials"] = found.credentials
    completed["project_id"] = found.project_id if project_id is None else project_id
    completed["iam_endpoint"] = found.iam_endpoint if iam_endpoint is None else iam_endpoint
    return completed


def _overridden_endpoint(region: str | None) -> str | None:
    """What the official SDK's variable says of a region; it can hold several addresses, separated by commas."""
    if region is None:
        return None
    variable = f"HUAWEICLOUD_SDK_REGION_DATAARTSSTUDIO_{region.replace('-', '_').upper()}"
    return os.environ.get(variable, "").partition(",")[0].strip() or None


def _checked_settings(settings: Settings) -> Settings:
    """The settings, if requests can be made with them and what is missing can be found."""
    if settings.project_id is not None:
        path_segment("project_id", settings.project_id)
    elif settings.region is None:
        raise ConfigurationError(
            "project_id is missing, and so is the region, by whose name it could be found: "
            f"{how_to_set('project_id')}; or {how_to_set('region')}"
        )
    if settings.instance_id is not None:
        header_value("instance_id", settings.instance_id)
    if settings.workspace_id is not None:
        query_text("workspace_id", settings.workspace_id)
    return settings


def _resolve_endpoint(endpoint: str | None, region: str | None, *, allow_http: bool) -> str:
    if endpoint is not None:
        return checked_endpoint(endpoint, allow_http=allow_http)
    if region is not None:
        return find_region(region).endpoint
    raise ConfigurationError(
        "endpoint and region are missing: pass one (--endpoint, --region), or set DATAMAP_ENDPOINT or DATAMAP_REGION"
    )


def _resolve_iam_endpoint(endpoint: str | None, region: str | None, *, allow_http: bool) -> str | None:
    if endpoint is not None:
        return checked_endpoint(endpoint, name="IAM endpoint", allow_http=allow_http)
    return None if region is None else find_region(region).iam_endpoint


def _checked_credentials(credentials: Credentials) -> Credentials:
    if not callable(getattr(credentials, "authenticate", None)):
        kind = type(credentials).__name__
        raise InvalidArgumentError(f"credentials must be credentials such as TokenCredentials(…), not {kind}")
    return credentials


def _checked_hook(hook: AttemptHook | None) -> AttemptHook | None:
    if hook is not None and (not callable(hook) or inspect.iscoroutinefunction(hook)):
        raise InvalidArgumentError(f"on_attempt must be a plain function of one Attempt, not {shown(hook)}")
    return hook


def _checked_seconds(name: str, seconds: object) -> float:
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds <= _LONGEST_TIMEOUT:
        raise InvalidArgumentError(f"{name} must be a number of seconds above 0, a day at most, not {shown(seconds)}")
    return seconds


def _checked_rate(rate: object) -> float | None:
    if rate is None:
        return None
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not _LEAST_RATE <= rate <= _MOST_RATE:
        raise InvalidArgumentError(
            f"requests_per_second must be a number from {_LEAST_RATE:g} to {_MOST_RATE:,}, or None, not {shown(rate)}"
        )
    return rate


def _checked_concurrency(concurrency: object) -> int:
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or not 1 <= concurrency <= _MOST_CONCURRENCY:
        raise InvalidArgumentError(
            f"concurrency must be an integer from 1 to {_MOST_CONCURRENCY}, not {shown(concurrency)}"
        )
    return concurrency


def _plan(page_size: int, offset_unit: OffsetUnit, slice_span: object) -> Plan:
    if offset_unit not in get_args(OffsetUnit):
        raise InvalidArgumentError(f"offset_unit must be 'auto', 'row' or 'page', not {shown(offset_unit)}")
    query_integer("page_size", page_size, minimum=1)
    if not isinstance(slice_span, timedelta) or slice_span < _SHORTEST_SLICE:
        raise InvalidArgumentError(f"slice_span must be a timedelta of a second or more, not {shown(slice_span)}")
    return Plan(
        page_size=page_size,
        offset_unit=offset_unit,
        slice_span=slice_span // MILLISECOND,
        slice_rows=max(_SLICE_ROWS, page_size),
    )


def _refuse_times(*times: object) -> None:
    if any(time is not None for time in times):
        raise InvalidArgumentError("the resume_token has the window: leave out start, end and since")


def _key(operator: Operator) -> tuple[str, str, str | None]:
    return operator.task_id, operator.job_name, operator.workspace_id


def _is_of(position: Position | None, operator: Operator) -> bool:
    return position is not None and (position.task_id, position.job_name, position.workspace_id) == _key(operator)
