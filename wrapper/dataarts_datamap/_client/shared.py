"""The common part of both clients: the settings, and everything without I/O."""

from __future__ import annotations

import dataclasses
import warnings
from abc import abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, Self, TypeVar, Unpack, cast, get_args

from msgspec.structs import replace

from dataarts_datamap._api.endpoints import address_name
from dataarts_datamap._api.show_instance_infos import check_runs_arguments, decode_page, runs_request
from dataarts_datamap._api.show_nodes import decode_operators, operators_request
from dataarts_datamap._arguments import instances, path_segment, query_integer
from dataarts_datamap._auth.chain import find_credentials
from dataarts_datamap._client.settings import (
    DEFAULT_CONCURRENCY,
    DEFAULT_DEADLINE,
    DEFAULT_MAX_ANSWER_SIZE,
    DEFAULT_RATE,
    DEFAULT_TIMEOUT,
    MOST_CONCURRENCY,
    Scope,
    Settings,
    checked_credentials,
    checked_hook,
    checked_rate,
    checked_seconds,
    checked_settings,
    completed_settings,
    instance_or_default,
    resolve_endpoint,
    resolve_iam_endpoint,
    resolve_obs_endpoint,
)
from dataarts_datamap._clock import Clock
from dataarts_datamap._errors import (
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    ConfigurationError,
    ConnectionFailedError,
    DataMapError,
    IncompleteWalkError,
    InvalidArgumentError,
    LogForbiddenError,
    ProducersUnknownWarning,
    ServiceError,
    TransportError,
)
from dataarts_datamap._models.runs import Operator, Run, RunOrigin, RunPage, RunSource, attach_origin, operator_key
from dataarts_datamap._paging.offsets import OffsetUnit
from dataarts_datamap._paging.pager import AsyncPager, Pager
from dataarts_datamap._paging.read_ahead import PagedWalk, PageReader, TransportT
from dataarts_datamap._paging.resume_token import Position, TablePosition
from dataarts_datamap._paging.walk_options import LARGE_PAGE, SMALL_PAGE, PageRead, PageSize, ServerHabits, WalkOptions
from dataarts_datamap._paging.window_walk import WindowWalk
from dataarts_datamap._retry.attempts import AttemptHook, AttemptReporter
from dataarts_datamap._retry.exchange import exchange
from dataarts_datamap._retry.policy import Policy, Retry
from dataarts_datamap._retry.rate_limiter import RateLimiter
from dataarts_datamap._sentences import remark
from dataarts_datamap._text import printable, shown
from dataarts_datamap._times import EPOCH, MILLISECOND, plain_span, span_hint, time_before
from dataarts_datamap._transport.driver import Network
from dataarts_datamap._transport.proxies import checked_proxy
from dataarts_datamap._warnings import calling_place
from dataarts_datamap._window import Time, Window, window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dataarts_datamap._auth.credentials import Credentials
    from dataarts_datamap._checks.check import CheckSources, TableCheck
    from dataarts_datamap._checks.check_state import CheckState
    from dataarts_datamap._checks.table_rules import TableRule
    from dataarts_datamap._client.catalog import Catalog
    from dataarts_datamap._client.settings import ClientSettings
    from dataarts_datamap._logs.reading import LogSource
    from dataarts_datamap._messages import Request, Response, Steps
    from dataarts_datamap._models.tables import Table
    from dataarts_datamap._monitoring.causes import Bounds
    from dataarts_datamap._monitoring.examination import Sources
    from dataarts_datamap._monitoring.explanation import Explanation
    from dataarts_datamap._monitoring.lineage import Lineage
    from dataarts_datamap._monitoring.producers import OperatorRole, Producers
    from dataarts_datamap._monitoring.upstream import Upstream
    from dataarts_datamap._monitoring.waiting import Waits
    from dataarts_datamap._paging.walk_options import PageAhead

T = TypeVar("T")
PagerT = TypeVar("PagerT", Pager[Run], AsyncPager[Run])

DEFAULT_PAGE_SIZE: Final = "auto"
DEFAULT_SLICE_SPAN: Final = timedelta(days=28)  # a sibling API limits a window to a month
_SHORTEST_SLICE: Final = timedelta(seconds=1)
_LARGE: Final = 1 << 18  # bytes; no error response is that large
_SLICE_ROWS: Final = 10_000
_EXPLAINED: Final = timedelta(days=7)
_LONGEST_SLICED: Final = timedelta(days=366)  # longer windows are read whole or not at all


class GivenTimes(NamedTuple):
    """The times that a caller gives for a window."""

    start: Time | None
    end: Time | None
    since: timedelta | None

    def window(self) -> Window:
        """The window as of now."""
        return window(start=self.start, end=self.end, since=self.since, now=datetime.now(UTC))


class BaseClient(Generic[PagerT, TransportT]):
    """The common part of both clients: the settings, and everything without I/O."""

    _transport: TransportT

    def __init__(  # noqa: PLR0913  one keyword for each setting
        self,
        *,
        endpoint: str | None = None,
        region: str | None = None,
        iam_endpoint: str | None = None,
        obs_endpoint: str | None = None,
        project_id: str | None = None,
        instance_id: str | None = None,
        workspace_id: str | None = None,
        credentials: Credentials | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        deadline: float = DEFAULT_DEADLINE,
        retry: Retry | None = None,
        max_answer_size: int = DEFAULT_MAX_ANSWER_SIZE,
        proxy: str | None = None,
        allow_http: bool = False,
        requests_per_second: float | None = DEFAULT_RATE,
        concurrency: int = DEFAULT_CONCURRENCY,
        on_attempt: AttemptHook | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Create a client; no request is sent before the first call.

        Args:
            endpoint: Address of the service, such as ``https://dayu.eu-west-101.myhuaweicloud.eu``. A path prefix is
                kept.
            region: Region id, one of ``REGIONS`` or a newer one. Addresses that are not given follow from it.
            iam_endpoint: Address of IAM, which looks up the project id, issues tokens for a password, and issues keys
                for reading logs with a token. If left out: the region's.
            obs_endpoint: Address of object storage, which holds logs, without a bucket. If left out: the region's.
            project_id: Project id. If left out: the id of the project that has the region's name, looked up at the
                first call.
            instance_id: Id of the DataArts Studio instance. If left out: the id of the project's only instance in
                effect, looked up at the first call. If a lookup does not find exactly one, each call raises
                ``DiscoveryError``, which lists the candidates.
            workspace_id: Workspace id for calls without one. If left out, none is sent, and the service decides. With
                ``"auto"``: the id of the instance's only workspace, looked up at the first call.
            credentials: Credentials. If left out: the result of ``find_credentials``.
            timeout: Seconds to wait for the next bytes of a response. The wait for a connection is as long, but at most
                ten seconds.
            deadline: Maximum time of one request in seconds, with all its attempts and the waits between them.
            retry: The rules for retrying a failed request; ``Retry(attempts=1)`` for no retries.
            max_answer_size: Maximum size of a response in bytes, decompressed. By default 64 MiB; reading stops there.
            proxy: Proxy for all requests, such as ``http://user:password@host:3128``. If left out: the proxy of the
                environment (``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY``, except for ``NO_PROXY``).
            allow_http: Whether addresses may be plain ``http`` to another machine than this one.
            requests_per_second: Maximum number of requests in a second, for all calls of the client together. By
                default 50, which is the service's limit for one user (documented); None for no limit. The minimum is
                about one a day, the maximum a million. If the service reports too many requests anyway, all calls wait.
            concurrency: Number of pages of a walk, or of tables in ``check_tables``, to read at once: 1 to 32, by
                default 8.
            on_attempt: Called with each ``Attempt`` after it has ended, such as for metrics, in the thread or task that
                sent the request. It should be quick, and must not be a coroutine function. Only its first exception is
                logged, and none affects a call.
            clock: Source of time and of random waits, for tests that must not wait.

        Raises:
            ConfigurationError: A setting is missing or unusable.
            InvalidArgumentError: A setting has an unusable value, such as one that is out of range or could change the
                meaning of a request.
        """
        way = {"allow_http": allow_http, "is_proxied": proxy is not None}
        self._settings = checked_settings(
            Settings(
                endpoint=resolve_endpoint(endpoint, region, **way),
                iam_endpoint=resolve_iam_endpoint(iam_endpoint, region, **way),
                obs_endpoint=resolve_obs_endpoint(obs_endpoint, **way),
                region=region,
                project_id=project_id,
                instance_id=instance_id,
                workspace_id=workspace_id,
            )
        )
        self._network = Network(
            timeout=checked_seconds("timeout", timeout),
            max_answer_size=query_integer("max_answer_size", max_answer_size, minimum=1),
            proxy=None if proxy is None else checked_proxy(proxy),
        )
        self._policy = Policy(
            instance_or_default("retry", retry, Retry),
            checked_seconds("deadline", deadline),
            instance_or_default("clock", clock, Clock),
            RateLimiter(checked_rate(requests_per_second)),
            AttemptReporter(checked_hook(on_attempt)),
        )
        self._trials = replace(self._policy, retry=dataclasses.replace(self._policy.retry, attempts=1))
        self._concurrency = query_integer("concurrency", concurrency, minimum=1, maximum=MOST_CONCURRENCY)
        self._habits = ServerHabits()
        if credentials is None:
            credentials = find_credentials(
                region=region, project_id=project_id, iam_endpoint=iam_endpoint, allow_http=allow_http
            )
        self._credentials = checked_credentials(credentials)
        self._scope = self._settings.scope
        if self._scope is None:
            from dataarts_datamap._client.discovery import Discovery  # noqa: PLC0415  only needed for lookups

            self._discovery = Discovery(self._settings, self._credentials, self._policy)
        self._open()
        _, self._made_at = calling_place()

    @classmethod
    def from_env(cls, **settings: Unpack[ClientSettings]) -> Self:
        """Create a client with the settings of the environment, except those given as keywords.

        Reads ``DATAMAP_ENDPOINT``, ``DATAMAP_REGION``, ``DATAMAP_PROJECT_ID`` (else ``HUAWEICLOUD_SDK_PROJECT_ID``),
        ``DATAMAP_INSTANCE_ID``, ``DATAMAP_WORKSPACE_ID``, ``DATAMAP_OBS_ENDPOINT`` and
        ``HUAWEICLOUD_SDK_IAM_ENDPOINT``. Credentials are found as by ``find_credentials``. If they come from the
        profile file, its ``project_id`` and ``iam_endpoint`` are used if no variable or keyword gives them. An empty
        variable counts as not set, and so does a keyword that is None. If ``endpoint`` or ``region`` is a keyword,
        ``DATAMAP_ENDPOINT`` and ``DATAMAP_REGION`` are not read. Variables such as
        ``HUAWEICLOUD_SDK_REGION_DATAARTSSTUDIO_EU_WEST_101`` override a region's own address; if one holds several
        addresses, separated by commas, the first is used. ``DATAMAP_ALLOW_HTTP=1`` means ``allow_http=True``, for
        experiments.

        Raises:
            ConfigurationError: A setting is missing or unusable; the text names it and its variable.
            InvalidArgumentError: A setting has an unusable value, such as one that is out of range or could change the
                meaning of a request.
        """
        return cls(**completed_settings(settings))

    def list_runs(  # noqa: PLR0913  the operation has that many parameters
        self,
        task_id: str,
        *,
        job_name: str,
        start: Time | None = None,
        end: Time | None = None,
        since: timedelta | None = None,
        workspace_id: str | None = None,
        page_size: PageSize = DEFAULT_PAGE_SIZE,
        offset_unit: OffsetUnit = "auto",
        slice_span: timedelta = DEFAULT_SLICE_SPAN,
        strict: bool = False,
        resume_token: str | None = None,
    ) -> PagerT:
        """The runs of one operator inside a window, read when the pager is iterated, in the server's order.

        It is not documented which time of a run a window filters on, nor whether it includes its ends. A run that
        exists during the whole walk is yielded once. A run that appears or disappears meanwhile is yielded once or not
        at all.

        Args:
            task_id: ``Operator.task_id``.
            job_name: ``Operator.job_name``.
            start: Beginning of the window: an aware datetime, ISO 8601 text with an offset, or epoch milliseconds.
            end: End of the window; the time of this call if left out.
            since: Length of the window up to its end, instead of ``start``.
            workspace_id: ``Operator.workspace_id``; the client's if left out.
            page_size: The page size to request, plus a few rows if pages must overlap. The service's maximum is not
                documented; sibling APIs have maximums of 100 to 1,000. ``auto`` requests 100 rows; if the list is
                longer, it requests 1,000, again from the first row. If the server then sends fewer, refuses or is slow,
                this costs one request, and the client remembers it. A number may also exceed the server's maximum.
            offset_unit: Whether the server's offset counts rows or pages, which is not documented: ``auto`` finds out
                at the cost of a request, and the client remembers it.
            slice_span: The longest window to request. A longer one is read in slices, which overlap by 2 ms. Sibling
                APIs limit a window to 7 days or a month.
            strict: Whether a field of an unexpected type is an error, instead of None and a warning.
            resume_token: The position of an earlier walk, to continue it. The token has the window: give no times.

        Raises:
            InvalidArgumentError: An argument is invalid. Other errors are raised when the pager is iterated.
        """
        operator = operator_of(task_id, job_name, workspace_id)
        resumed = None if resume_token is None else Position.parse(resume_token)
        span = _window_of(GivenTimes(start, end, since), resumed)
        if resumed is not None and not _is_of(resumed, operator):
            raise InvalidArgumentError(f"the resume_token belongs to another operator: {shown(resumed.job_name)}")
        plan = _walk_options(page_size, offset_unit, slice_span)

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
        page_size: PageSize = DEFAULT_PAGE_SIZE,
        offset_unit: OffsetUnit = "auto",
        slice_span: timedelta = DEFAULT_SLICE_SPAN,
        merge: bool = False,
        strict: bool = False,
        resume_token: str | None = None,
        operators: Iterable[Operator] | None = None,
    ) -> PagerT:
        """The runs of every operator of a table; pages of several operators are read in parallel.

        The operators are in the given order, or else in that of ``list_operators``, and the runs of each are in the
        server's order; merged runs are in the order of their planned times.

        Args:
            table_guid: GUID of the table's data asset.
            start: Beginning of the window: an aware datetime, ISO 8601 text with an offset, or epoch milliseconds.
            end: End of the window; the time of this call if left out.
            since: Length of the window up to its end, instead of ``start``.
            page_size: The page size to request, as for ``list_runs``.
            offset_unit: Whether the server's offset counts rows or pages, as for ``list_runs``.
            slice_span: The longest window to request, as for ``list_runs``.
            merge: Whether the runs of all operators are merged by their planned times, in the server's direction. The
                merged runs are in order if the runs of each operator are.
            strict: Whether a field of an unexpected type is an error, instead of None and a warning.
            resume_token: The position of an earlier walk, to continue it. The token has the window: give no times.
            operators: The operators to read, such as some of ``list_operators``; they are not requested again. If left
                out: all that the service lists when the pager is iterated.

        Raises:
            InvalidArgumentError: An argument is invalid. Other errors are raised when the pager is iterated.
        """
        path_segment("table_guid", table_guid)
        chosen = (
            None
            if operators is None
            else instances("operators", operators, Operator, "operators such as those of list_operators")
        )
        resumed = None if resume_token is None else TablePosition.parse(resume_token)
        span = _window_of(GivenTimes(start, end, since), resumed)
        if resumed is not None and (merge or resumed.table_guid != table_guid):
            raise InvalidArgumentError(
                f"the resume_token belongs to the unmerged runs of table {shown(resumed.table_guid)}"
            )
        plan = _walk_options(page_size, offset_unit, slice_span)
        for one in chosen or ():
            check_runs_arguments(one, limit=plan.page_size)
        from dataarts_datamap._paging.table_walk import MergedWalk, TableWalk  # noqa: PLC0415  only needed by this call

        def begin() -> Steps[PagedWalk]:
            known = (yield from self._read_operators(table_guid)) if chosen is None else chosen
            known = list(dict.fromkeys(known))
            if merge:
                return MergedWalk([WindowWalk(one, span, plan, self._habits) for one in known])
            finished = [one for one in known if resumed is not None and operator_key(one) in resumed.finished]
            current = None if resumed is None else resumed.current
            return TableWalk(
                table_guid,
                span,
                [
                    WindowWalk(one, span, plan, self._habits, current if _is_of(current, one) else None)
                    for one in known
                    if one not in finished
                ],
                finished,
            )

        return self._pager(self._reading(begin, strict=strict), resume_token)

    def __repr__(self) -> str:
        known = getattr(self, "_settings", None)
        if known is None:  # error trackers print objects whose construction failed
            return f"{type(self).__name__}()"
        where = f"endpoint={known.endpoint!r}, project_id={known.project_id!r}, instance_id={known.instance_id!r}"
        return f"{type(self).__name__}({where})"

    def __del__(self) -> None:
        if hasattr(self, "_made_at") and self._transport.is_open:
            warnings.warn(
                f"{self!r}, created at {self._made_at}, was not closed", ResourceWarning, source=self, stacklevel=1
            )

    @abstractmethod
    def _open(self) -> None: ...

    @abstractmethod
    def _pager(self, reading: PageReader, resume_token: str | None) -> PagerT: ...

    def _log_source(self, run: Run) -> LogSource:
        from dataarts_datamap._auth.temporary_keys import AccessKeys  # noqa: PLC0415  only needed for logs
        from dataarts_datamap._logs.locations import (  # noqa: PLC0415  as above
            bucket_host,
            log_location,
            own_machine,
            storage_endpoint,
        )
        from dataarts_datamap._logs.objects import WITHDRAWN_KEY  # noqa: PLC0415  as above
        from dataarts_datamap._logs.reading import LogSource  # noqa: PLC0415  as above
        from dataarts_datamap._logs.signing import BucketCredentials  # noqa: PLC0415  as above

        location = log_location(_checked_run(run).execution_log_path)
        settings = self._settings
        endpoint = settings.obs_endpoint or storage_endpoint(settings.region, settings.endpoint)
        made = AccessKeys(self._credentials, settings.iam_endpoint or own_machine(settings.endpoint))
        keys: AccessKeys = vars(self).setdefault("_access_keys", made)  # if two threads make one, the first is used
        credentials = BucketCredentials(location.bucket, keys)

        def ask(request: Request, decode: Callable[[Response], T]) -> Steps[T]:
            signed = request

            def decode_signed(response: Response) -> T:
                nonlocal signed
                signed = response.request
                return decode(response)

            try:
                return (yield from exchange(request, credentials, self._policy, decode_signed))
            except LogForbiddenError as error:
                if error.error_code not in WITHDRAWN_KEY or not keys.discard(signed):
                    raise
            return (yield from exchange(request, credentials, self._policy, decode))

        return LogSource(location, bucket_host(endpoint, location.bucket), ask)

    def _catalog_of(self) -> Catalog:
        from dataarts_datamap._client.catalog import Catalog  # noqa: PLC0415  only needed for tables

        made = Catalog(self._settings.endpoint, self._find_scope, self._credentials, self._policy)
        catalog: Catalog = vars(self).setdefault("_catalog", made)  # if two threads make one, the first is used
        return catalog

    def _explain(
        self, table: Table | str, *, max_age: timedelta | None, since: timedelta, depth: int
    ) -> Steps[Explanation]:
        from dataarts_datamap._monitoring.causes import Bounds  # noqa: PLC0415  only needed by this call
        from dataarts_datamap._monitoring.lineage import checked_depth  # noqa: PLC0415  as above

        bounds, now = Bounds(depth=checked_depth(depth)), datetime.now(UTC)
        sources = self._sources(now, max_age=max_age, since=since)
        return self._explain_with(sources, table, now=now, max_age=max_age, bounds=bounds)

    def _explain_with(
        self, sources: Sources, table: Table | str, *, now: datetime, max_age: timedelta | None, bounds: Bounds
    ) -> Steps[Explanation]:
        from dataarts_datamap._monitoring.causes import explain  # noqa: PLC0415  only needed by this call
        from dataarts_datamap._monitoring.explanation import with_note  # noqa: PLC0415  as above

        found, known = yield from self._catalog_of().with_upstream(table, depth=bounds.depth)
        explanation = yield from explain(found, known.lineage, sources, now=now, max_age=max_age, bounds=bounds)
        return with_note(explanation, known.reason)

    def _examine_upstream(
        self, table: Table | str, *, max_age: timedelta | None, since: timedelta, depth: int, tables: int
    ) -> Steps[Upstream]:
        from dataarts_datamap._monitoring.lineage import checked_depth  # noqa: PLC0415  only needed by this call
        from dataarts_datamap._monitoring.upstream import examine_upstream  # noqa: PLC0415  as above

        now, most, steps = datetime.now(UTC), query_integer("tables", tables, minimum=1), checked_depth(depth)
        sources = self._sources(now, max_age=max_age, since=since)
        found = yield from self._catalog_of().find_table(table)
        lineage = yield from self._catalog_of().near_lineage(found, depth=steps)
        found = found if lineage is None else lineage.find(found)
        return (
            yield from examine_upstream(found, lineage, sources, now=now, max_age=max_age, depth=steps, tables=most)
        )

    def _sources(self, now: datetime, *, max_age: timedelta | None, since: timedelta) -> Sources:
        from dataarts_datamap._monitoring.examination import Sources  # noqa: PLC0415  only needed by this call
        from dataarts_datamap._monitoring.freshness import look_back  # noqa: PLC0415  as above

        span = window(start=None, end=None, since=look_back(since, max_age), now=now)
        return Sources(self._read_operators, partial(self._read_runs, span=span))

    def _explainer(
        self, checks: Sequence[TableCheck], *, now: datetime
    ) -> Callable[[TableCheck], Steps[TableCheck]] | None:
        """A function that adds the causes of a verdict to its check; None if no check needs them.

        Lineage, operators and runs that several checks need are read once.
        """
        from dataarts_datamap._checks.check import explained_age, is_explainable  # noqa: PLC0415  only needed by this call
        from dataarts_datamap._client.shared_reads import SharedReads  # noqa: PLC0415  as above
        from dataarts_datamap._monitoring.causes import Bounds  # noqa: PLC0415  as above
        from dataarts_datamap._monitoring.examination import Sources  # noqa: PLC0415  as above
        from dataarts_datamap._monitoring.freshness import look_back  # noqa: PLC0415  as above

        troubled = list(filter(is_explainable, checks))
        if not troubled:
            return None
        ages = [age for one in troubled if (age := explained_age(one)) is not None]
        start = time_before(now, look_back(_EXPLAINED, max(ages, default=None)))
        read_runs = partial(self._read_runs, span=window(start=start, end=now, since=None, now=now))
        sources = Sources(SharedReads(self._read_operators, self._policy), SharedReads(read_runs, self._policy))

        def explained(check: TableCheck) -> Steps[TableCheck]:
            if check.table is None or not is_explainable(check):
                return check
            age = explained_age(check)
            try:
                found = yield from self._explain_with(sources, check.table, now=now, max_age=age, bounds=Bounds())
            except ClientClosedError:
                raise
            except DataMapError as error:
                return replace(check, cause=f"the cause could not be found: {printable(str(error), limit=300)}")
            return replace(check, explanation=found, cause=found.sentence)

        return explained

    def _read_runs(self, operator: Operator, *, span: Window) -> Steps[list[Run]]:
        from dataarts_datamap._monitoring.waiting import read_all  # noqa: PLC0415  only needed by this call

        walk = WindowWalk(operator, span, _walk_options(DEFAULT_PAGE_SIZE, "auto", DEFAULT_SLICE_SPAN), self._habits)
        return (yield from read_all(walk.pages(), self._read_page))

    def _check_sources(
        self, rules: Iterable[TableRule], *, now: datetime, state: CheckState | None
    ) -> Steps[CheckSources]:
        """The readers for a check. Lineage is read first, if a rule needs it to find its table or its producers.

        An error that means that nothing can be read, such as rejected credentials, is raised if there is no state; with
        a state, the check goes on with the records of earlier checks.
        """
        from dataarts_datamap._checks.check import CheckSources, Outage, Records  # noqa: PLC0415  only needed by this call

        catalog = self._catalog_of()
        records, lineage, outage = Records({}, {}), None, Outage()
        if state is not None:
            outage.error = yield from self._open_state(state)
            records = state.records()
            state.recall_habits(self._habits)
        if outage.error is None:
            try:
                lineage = yield from self._lineage_for(rules)
            except (AuthenticationError, ConnectionFailedError) as error:
                if state is None:
                    raise
                outage.error = error

        def read_runs(operator: Operator, since: datetime) -> Steps[list[Run]]:
            span = window(start=since, end=now, since=None, now=now)
            return (yield from self._read_runs(operator, span=span))

        find = partial(catalog.find_table, by_lineage=False) if lineage is None else catalog.resolve
        return CheckSources(find, lineage, self._read_operators, read_runs, self._read_history, outage, records)

    def _open_state(self, state: CheckState) -> Steps[DataMapError | None]:
        """Begin to use a state. If the scope cannot be found, but an earlier check recorded it, return the error."""
        settings = self._settings
        try:
            scope = yield from self._find_scope()
        except (TransportError, ServiceError) as error:
            if not state.is_kept_for(settings.endpoint, settings.project_id, settings.instance_id):
                raise
            return error
        state.open_for(settings.endpoint, scope.project_id, scope.instance_id)
        return None

    def _lineage_for(self, rules: Iterable[TableRule]) -> Steps[Lineage | None]:
        """Lineage, if a rule needs it to find its table or its producers; None if none does, or it cannot be read.

        Tables can be read without it; each check then says that its producers are not known.
        """
        if all(rule.name is None and rule.producers for rule in rules):
            return None
        try:
            return (yield from self._catalog_of().lineage_or_none())
        except (AuthenticationError, ClientClosedError, ConfigurationError, ConnectionFailedError):
            raise
        except DataMapError:
            return None

    def _read_history(self, operator: Operator, start: datetime, end: datetime) -> Steps[list[Run] | None]:
        """The runs of a window that may be long, up to the last success; None if they cannot be read, or are too many.

        The whole window is requested. If the service refuses that, or not all runs can be read, the window is read in
        slices of 28 days, provided that it is longer than a slice and at most 366 days long.
        """
        from dataarts_datamap._checks.readings import read_until_success  # noqa: PLC0415  only needed by this call

        span = window(start=start, end=end, since=None, now=end)
        slices = [max(DEFAULT_SLICE_SPAN, end - start)]
        if DEFAULT_SLICE_SPAN < end - start <= _LONGEST_SLICED:
            slices.append(DEFAULT_SLICE_SPAN)
        for slice_span in slices:
            walk = WindowWalk(operator, span, _walk_options(DEFAULT_PAGE_SIZE, "auto", slice_span), self._habits)
            try:
                return (yield from read_until_success(walk.pages(), self._read_page, end=end))
            except (BadRequestError, IncompleteWalkError):
                continue
        return None

    def _find_scope(self) -> Steps[Scope]:
        return (yield from self._discovery.scope()) if self._scope is None else self._scope

    def _list_operators(self, table_guid: str, role: object) -> Steps[list[Operator]]:
        if _checked_role(role) == "associated":
            return (yield from self._read_operators(table_guid))
        producers = yield from self._find_producers(table_guid)
        _warn_of_readers(producers)
        return list(producers.operators)

    def _read_operators(self, table_guid: str) -> Steps[list[Operator]]:
        path_segment("table_guid", table_guid)  # refuses a bad argument before any lookup
        scope = yield from self._find_scope()
        request = operators_request(
            endpoint=self._settings.endpoint,
            project_id=scope.project_id,
            instance_id=scope.instance_id,
            table_guid=table_guid,
        )
        return (yield from exchange(request, self._credentials, self._policy, decode_operators))

    def _find_producers(
        self,
        table_guid: str,
        *,
        role: OperatorRole = "producers",
        only: Iterable[str] | None = None,
        ignore: Iterable[str] = (),
    ) -> Steps[Producers]:
        """The operators of a table that count. Lineage is read only if it can make a difference."""
        from dataarts_datamap._models.tables import Table  # noqa: PLC0415  only needed by this call
        from dataarts_datamap._monitoring.producers import choose_producers  # noqa: PLC0415  as above

        is_asked = _checked_role(role) == "producers" and only is None
        operators = yield from self._read_operators(table_guid)
        ignored = tuple(ignore) if isinstance(ignore, Iterator) else ignore  # it is read twice
        choose = partial(choose_producers, Table(guid=table_guid), operators, only=only, ignore=ignored)
        if not is_asked or not operators:
            return choose(None, reason=remark("lineage was not requested"))
        choose(None)  # refuses a name that matches no operator, without lineage
        known = yield from self._catalog_of().lineage_of(table_guid, operators)
        return choose(known.lineage, reason=known.reason)

    def _reading(self, begin: Callable[[], Steps[PagedWalk]], *, strict: bool) -> PageReader:
        ask, ask_ahead = partial(self._read_page, strict=strict), partial(self._read_page_ahead, strict=strict)
        return PageReader(begin, ask, ask_ahead, self._concurrency, self._habits)

    def _read_page(self, read: PageRead, *, strict: bool = False) -> Steps[RunPage]:
        return (yield from self._ask_page(read, partial(_decoded, offset=read.offset, strict=strict)))

    def _read_page_ahead(self, read: PageRead, *, strict: bool) -> Steps[PageAhead]:
        return (yield from self._ask_page(read, partial(_decoded_later, offset=read.offset, strict=strict)))

    def _ask_page(self, read: PageRead, decode: Callable[[Response, RunOrigin], T]) -> Steps[T]:
        scope, operator = (yield from self._find_scope()), read.operator
        workspace_id = scope.workspace_id if operator.workspace_id is None else operator.workspace_id
        request = runs_request(
            replace(operator, workspace_id=workspace_id),
            read.window,
            endpoint=self._settings.endpoint,
            project_id=scope.project_id,
            instance_id=scope.instance_id,
            offset=read.offset,
            limit=read.limit,
        )
        origin = RunOrigin(**self._source_of(scope)._asdict(), operator=operator, workspace_id=workspace_id)

        def noted(response: Response) -> T:
            self._habits.note_page(read, len(response.content), response.elapsed)
            return decode(response, origin)

        return (yield from exchange(request, self._credentials, self._trials if read.is_trial else self._policy, noted))

    def _find_source(self) -> Steps[RunSource]:
        return self._source_of((yield from self._find_scope()))

    def _source_of(self, scope: Scope) -> RunSource:
        region = self._settings.region or address_name(self._settings.endpoint)
        return RunSource(region, scope.project_id, scope.instance_id)

    def _wait_for_run(self, operator: Operator, times: GivenTimes, run_id: object, waits: Waits) -> Steps[Run]:
        from dataarts_datamap._monitoring.waiting import wait_for_run  # noqa: PLC0415  only needed by this call

        begun = times.window()
        if run_id is not None and (not isinstance(run_id, int) or isinstance(run_id, bool)):
            raise InvalidArgumentError(f"run_id must be an integer such as Run.run_id, not {shown(run_id)}")

        def look() -> Steps[list[Run]]:
            return self._read_runs(operator, span=_until_now(begun) if times.end is None else begun)

        return wait_for_run(look, self._policy.clock, waits, run_id=run_id)

    def _wait_for_table(  # noqa: PLR0913  one keyword for each choice
        self,
        table_guid: str,
        times: GivenTimes,
        waits: Waits,
        *,
        role: OperatorRole,
        only: Iterable[str] | None,
        ignore: Iterable[str],
    ) -> Steps[list[Run]]:
        from dataarts_datamap._monitoring.waiting import wait_for_runs  # noqa: PLC0415  only needed by this call

        begun = times.window()
        producers = yield from self._find_producers(table_guid, role=role, only=only, ignore=ignore)
        if role == "producers":
            _warn_of_readers(producers)

        def look() -> Steps[list[Run]]:
            span = _until_now(begun)
            runs: list[Run] = []
            for operator in producers.operators:
                runs += yield from self._read_runs(operator, span=span)
            return runs

        return (yield from wait_for_runs(look, self._policy.clock, waits))


def _decoded(response: Response, origin: RunOrigin, *, offset: int, strict: bool) -> RunPage:
    page = decode_page(response, offset=offset, strict=strict)
    attach_origin(page.runs, origin)
    return page


def _decoded_later(response: Response, origin: RunOrigin, *, offset: int, strict: bool) -> PageAhead:
    """A large page is decoded when it is awaited, since its rows take four times as much memory as its bytes."""
    if response.status == HTTPStatus.OK and len(response.content) >= _LARGE:
        return partial(_decoded, response, origin, offset=offset, strict=strict)
    page = _decoded(response, origin, offset=offset, strict=strict)
    return lambda: page


def operator_of(task_id: str, job_name: str, workspace_id: str | None) -> Operator:
    """The operator that a caller names, after checking that its values can be sent."""
    operator = Operator(task_id=task_id, job_name=job_name, workspace_id=workspace_id)
    check_runs_arguments(operator, limit=SMALL_PAGE)
    return operator


def checked_waits(timeout: object, first_wait: object, longest_wait: object) -> Waits:
    """The waits, if each is a number of seconds; a first wait above the longest is cut to it."""
    from dataarts_datamap._monitoring.waiting import Waits  # noqa: PLC0415  only needed by a wait

    first, longest = checked_seconds("first_wait", first_wait), checked_seconds("longest_wait", longest_wait)
    return Waits(checked_seconds("timeout", timeout), min(first, longest), longest)


def _checked_role(role: object) -> OperatorRole:
    if not isinstance(role, str) or role not in {"associated", "producers"}:
        raise InvalidArgumentError(f"role must be 'associated' or 'producers', not {shown(role)}")
    return cast("OperatorRole", role)


def _warn_of_readers(producers: Producers) -> None:
    """Warn if readers may be among the operators that count."""
    if not producers.are_known and producers.operators:
        stacklevel, _ = calling_place()
        warnings.warn("; ".join(producers.notes), ProducersUnknownWarning, stacklevel=stacklevel)


def _walk_options(page_size: PageSize, offset_unit: OffsetUnit, slice_span: object) -> WalkOptions:
    if offset_unit not in get_args(OffsetUnit):
        raise InvalidArgumentError(f"offset_unit must be 'auto', 'row' or 'page', not {shown(offset_unit)}")
    if isinstance(page_size, str) and page_size != DEFAULT_PAGE_SIZE:
        raise InvalidArgumentError(f"page_size must be 'auto' or a number of rows such as 100, not {shown(page_size)}")
    is_auto = page_size == DEFAULT_PAGE_SIZE
    rows = SMALL_PAGE if is_auto else query_integer("page_size", page_size, minimum=1)
    if not isinstance(slice_span, timedelta) or slice_span < _SHORTEST_SLICE:
        hint = span_hint(slice_span, "timedelta(days=1)")
        raise InvalidArgumentError(
            f"slice_span must be a timedelta of a second or more, such as {hint}, not {shown(slice_span)}"
        )
    return WalkOptions(
        page_size=rows,
        larger_page=LARGE_PAGE if is_auto else 0,
        offset_unit=offset_unit,
        slice_span=plain_span(slice_span) // MILLISECOND,
        slice_rows=max(_SLICE_ROWS, rows),
    )


def _checked_run(run: object) -> Run:
    if not isinstance(run, Run):
        raise InvalidArgumentError(f"run must be a Run, such as those of list_table_runs, not {shown(run)}")
    return run


def _window_of(times: GivenTimes, resumed: Position | TablePosition | None) -> Window:
    if resumed is None:
        return times.window()
    if any(time is not None for time in times):
        raise InvalidArgumentError("the resume_token has the window: leave out start, end and since")
    return resumed.window


def _until_now(begun: Window) -> Window:
    """The window, up to the present; a clock that is set back does not shorten it."""
    return begun._replace(end=max(begun.end, (datetime.now(UTC) - EPOCH) // MILLISECOND + 1))


def _is_of(position: Position | None, operator: Operator) -> bool:
    return position is not None and (position.task_id, position.job_name, position.workspace_id) == operator_key(
        operator
    )
