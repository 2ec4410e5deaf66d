"""The clients: a synchronous one for threads, and an asynchronous one for event loops, with the same calls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from dataarts_datamap._client.check_calls import AsyncCheckCalls, CheckCalls
from dataarts_datamap._client.log_calls import AsyncLogCalls, LogCalls
from dataarts_datamap._client.shared import (
    DEFAULT_PAGE_SIZE,
    DEFAULT_SLICE_SPAN,
    GivenTimes,
    checked_waits,
    operator_of,
)
from dataarts_datamap._client.table_calls import AsyncTableCalls, TableCalls
from dataarts_datamap._paging.pager import AsyncPager, Pager
from dataarts_datamap._transport.driver import AsyncTransport, SyncTransport

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dataarts_datamap._models.runs import Operator, Run, RunSource
    from dataarts_datamap._monitoring.freshness import TableStatus
    from dataarts_datamap._monitoring.producers import OperatorRole, Producers
    from dataarts_datamap._paging.offsets import OffsetUnit
    from dataarts_datamap._paging.read_ahead import PageReader
    from dataarts_datamap._paging.walk_options import PageSize
    from dataarts_datamap._window import Time

_DEFAULT_WAIT: Final = 3600.0
_FIRST_WAIT: Final = 5.0
_LONGEST_WAIT: Final = 60.0
_DEFAULT_LOOK_BACK: Final = timedelta(days=7)


class _ClientCalls:
    """The calls of both clients, documented once: an override without a docstring inherits the one here."""

    def source(self) -> object:
        """The region, project and instance of the client's runs, as in exports.

        A project or an instance that was not given is looked up once, and so is a workspace that is ``"auto"``.

        Raises:
            DiscoveryError: A lookup did not find exactly one project, instance or workspace.
            TransportError: No complete response arrived.
            ServiceError: The service refused.
            InvalidResponseError: The response is not what the API describes.
        """

    def list_operators(self, table_guid: str, *, role: OperatorRole = "associated") -> object:
        """The job operators of a table, in the service's order.

        The service lists the operators that are *associated* with the table (documented): some may only read it.
        Lineage says which of them write it: see ``find_producers``.

        Args:
            table_guid: GUID of the table's data asset.
            role: ``"associated"`` for all that the service lists, or ``"producers"`` for those that write the table
                according to lineage. If lineage names none of them, or cannot be read, all are returned, with a
                ``ProducersUnknownWarning``.

        Raises:
            InvalidArgumentError: The GUID or the role is invalid.
            TransportError: No complete response arrived.
            ServiceError: The service refused.
            InvalidResponseError: The response is not what the API describes.
        """

    def find_producers(
        self,
        table_guid: str,
        *,
        role: OperatorRole = "producers",
        only: Iterable[str] | None = None,
        ignore: Iterable[str] = (),
    ) -> object:
        """The operators of a table that count for its freshness, and how they were determined.

        If ``only`` names operators, these count. Otherwise the operators that write the table according to lineage
        count. If lineage names none of the listed operators as a writer, all listed operators count, since the list
        does not tell readers from producers. Operators of lineage and of the service are matched by name and workspace
        (inferred). Conflicts between the two are in ``notes``.

        It costs one request for the operators, and one for the lineage of the table, which is cached for five minutes.
        If the lineage of the table cannot be read, names no operator that writes it, or names one that the service does
        not list, the lineage of the instance is read, provided that the instance has at most 1,000 operators: usually
        at most 13 requests in all. Cached lineage, as after ``lineage`` or ``explain``, costs no request, and with
        ``only``, no lineage is needed. If lineage cannot be read, ``notes`` says so and all operators count.

        Args:
            table_guid: GUID of the table's data asset.
            role: ``"associated"`` to let all operators count, without lineage.
            only: The operators that count. Each name is a job name, a ``workspace/job_name`` or a task id; all
                operators that it matches count.
            ignore: Names of operators that do not count.

        Raises:
            InvalidArgumentError: The GUID or the role is invalid; or a name matches no operator of the table, or no
                operator is left to count, and the text lists the operators.
            TransportError: No complete response arrived.
            ServiceError: The service refused to list the operators.
            InvalidResponseError: The response is not what the API describes.
        """

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
    ) -> object:
        """Wait until a run in a window has ended, and return it: the one with ``run_id``, else the one planned last.

        A run has ended when its state is succeeded, failed or skipped; an unknown state does not count as an end. The
        window is read again and again, with growing waits. A temporary failure does not end the wait.

        Args:
            task_id: ``Operator.task_id``.
            job_name: ``Operator.job_name``.
            start: Beginning of the window: an aware datetime, ISO 8601 text with an offset, or epoch milliseconds.
            end: End of the window; the time of each reading if left out.
            since: How long before ``end`` (without it, before this call) the window begins; instead of ``start``.
            workspace_id: ``Operator.workspace_id``; the client's if left out.
            run_id: The run to wait for. If left out, the run planned last at each reading: let the window begin after
                the previous run, which would otherwise count until there is a newer one.
            timeout: Seconds to wait, at most a day, by default an hour. The last reading begins at the end of this
                time, and takes at most ten seconds.
            first_wait: Seconds before the second reading; each later wait is longer by half.
            longest_wait: Longest wait in seconds.

        Raises:
            WaitTimeoutError: The run has not ended in time; ``last_run`` is the run as last seen, if it was seen.
            InvalidArgumentError: An argument is invalid.
            DataMapError: Reading fails permanently.
        """

    def wait_for_table(  # noqa: PLR0913  one keyword for each choice
        self,
        table_guid: str,
        *,
        start: Time | None = None,
        since: timedelta | None = None,
        role: OperatorRole = "producers",
        only: Iterable[str] | None = None,
        ignore: Iterable[str] = (),
        timeout: float = _DEFAULT_WAIT,
        first_wait: float = _FIRST_WAIT,
        longest_wait: float = _LONGEST_WAIT,
    ) -> object:
        """Wait until a table has been loaded, and return the run of each operator that counts.

        A load has ended when, for each of these operators, the run planned last in the window has ended.

        The operators that count are found once, as with ``find_producers``. If ``role`` is ``"producers"`` but they may
        include readers, there is a ``ProducersUnknownWarning``. Operators without runs in the window do not count, but
        at least one must have runs: let the window begin after the previous load. The window is read again and again,
        as in ``wait_for_run``.

        Args:
            table_guid: GUID of the table's data asset.
            start: Beginning of the window: an aware datetime, ISO 8601 text with an offset, or epoch milliseconds.
            since: How long before this call the window begins; instead of ``start``.
            role: ``"associated"`` to wait for all operators, including readers.
            only: Names of the operators that count, as for ``find_producers``.
            ignore: Names of operators that do not count.
            timeout: Seconds to wait, at most a day, by default an hour.
            first_wait: Seconds before the second reading; each later wait is longer by half.
            longest_wait: Longest wait in seconds.

        Returns:
            A run for each operator that has one. It may have failed: see ``Run.state``.

        Raises:
            WaitTimeoutError: Not all runs have ended in time; ``last_run`` is one that has not, None without runs.
            InvalidArgumentError: An argument is invalid, a name matches no operator of the table, or no operator is
                left to count.
            DataMapError: Reading fails permanently.
        """

    def table_status(  # noqa: PLR0913  one keyword for each choice
        self,
        table_guid: str,
        *,
        max_age: timedelta | None = None,
        since: timedelta = _DEFAULT_LOOK_BACK,
        any_operator: bool = False,
        only: Iterable[str] | None = None,
        ignore: Iterable[str] = (),
        role: OperatorRole = "producers",
        page_size: PageSize = DEFAULT_PAGE_SIZE,
        offset_unit: OffsetUnit = "auto",
        slice_span: timedelta = DEFAULT_SLICE_SPAN,
    ) -> object:
        """The freshness of a table: its last success, its age, failures since then, and typical times.

        A table is as old as its oldest producer: each operator that writes it and has runs in the window counts. If the
        operators that write it are not known, all of its operators count; ``basis`` and ``notes`` say so.

        It costs the requests of ``find_producers``, usually two, plus the requests for the runs of the operators that
        count. A run from before the window is not seen.

        Args:
            table_guid: GUID of the table's data asset.
            max_age: The maximum age of the last success, such as ``timedelta(hours=26)``; if left out, the latest
                outcome must be a success.
            since: Time to look back, extended to ``max_age`` if that is longer.
            any_operator: Whether the last success may be that of any operator; otherwise each operator with runs needs
                its own.
            only: Names of the operators that count, as for ``find_producers``.
            ignore: Names of operators that do not count, such as a job that only checks the table.
            role: ``"associated"`` to let all operators count, including readers, without lineage.
            page_size: The page size to request, as for ``list_runs``.
            offset_unit: Whether the server's offset counts rows or pages, which is not documented.
            slice_span: The longest window to request, as for ``list_runs``.

        Raises:
            InvalidArgumentError: An argument is invalid, a name matches no operator of the table, or no operator is
                left to count.
            TransportError: No complete response arrived.
            ServiceError: The service refused.
            InvalidResponseError: The response is not what the API describes.
            IncompleteWalkError: It cannot be shown that all runs were read.
        """

    def close(self) -> object:
        """Close the connections. Calls under way and later calls raise ``ClientClosedError``.

        A call that waits for a retry ends at once, unless it waits on a ``clock`` of yours. Closing twice is harmless.
        """


class DataMapClient(_ClientCalls, TableCalls, CheckCalls, LogCalls):
    """A client of the Data Map for threads; close it, or use it in a ``with`` block.

    It reads the runs that produced a table. A client that is dropped with open connections causes a ``ResourceWarning``
    that says where it was created.
    """

    def source(self) -> RunSource:
        return self._transport.run(self._find_source())

    def list_operators(self, table_guid: str, *, role: OperatorRole = "associated") -> list[Operator]:
        return self._transport.run(self._list_operators(table_guid, role))

    def find_producers(
        self,
        table_guid: str,
        *,
        role: OperatorRole = "producers",
        only: Iterable[str] | None = None,
        ignore: Iterable[str] = (),
    ) -> Producers:
        return self._transport.run(self._find_producers(table_guid, role=role, only=only, ignore=ignore))

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
        operator, times = operator_of(task_id, job_name, workspace_id), GivenTimes(start, end, since)
        waits = checked_waits(timeout, first_wait, longest_wait)
        return self._transport.run(self._wait_for_run(operator, times, run_id, waits))

    def wait_for_table(  # noqa: PLR0913  one keyword for each choice
        self,
        table_guid: str,
        *,
        start: Time | None = None,
        since: timedelta | None = None,
        role: OperatorRole = "producers",
        only: Iterable[str] | None = None,
        ignore: Iterable[str] = (),
        timeout: float = _DEFAULT_WAIT,
        first_wait: float = _FIRST_WAIT,
        longest_wait: float = _LONGEST_WAIT,
    ) -> list[Run]:
        times, waits = GivenTimes(start, None, since), checked_waits(timeout, first_wait, longest_wait)
        steps = self._wait_for_table(table_guid, times, waits, role=role, only=only, ignore=ignore)
        return self._transport.run(steps)

    def table_status(  # noqa: PLR0913  one keyword for each choice
        self,
        table_guid: str,
        *,
        max_age: timedelta | None = None,
        since: timedelta = _DEFAULT_LOOK_BACK,
        any_operator: bool = False,
        only: Iterable[str] | None = None,
        ignore: Iterable[str] = (),
        role: OperatorRole = "producers",
        page_size: PageSize = DEFAULT_PAGE_SIZE,
        offset_unit: OffsetUnit = "auto",
        slice_span: timedelta = DEFAULT_SLICE_SPAN,
    ) -> TableStatus:
        from dataarts_datamap._monitoring.freshness import look_back, producers_status  # noqa: PLC0415  only needed by this call

        how: dict[str, Any] = {"page_size": page_size, "offset_unit": offset_unit, "slice_span": slice_span}
        how["since"] = look_back(since, max_age)
        producers = self.find_producers(table_guid, role=role, only=only, ignore=ignore)
        runs = self.list_table_runs(table_guid, operators=producers.operators, **how).to_list()
        return producers_status(runs, producers, now=datetime.now(UTC), max_age=max_age, any_operator=any_operator)

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        self._transport = SyncTransport(self._network, self._policy.clock)

    def _pager(self, reading: PageReader, resume_token: str | None) -> Pager[Run]:
        return Pager(self._transport, reading, resume_token)


class AsyncDataMapClient(_ClientCalls, AsyncTableCalls, AsyncCheckCalls, AsyncLogCalls):
    """A client of the Data Map for an event loop; close it, or use it in an ``async with`` block.

    It has the calls of ``DataMapClient``. ``close`` and calls that send requests are awaited; pagers and readers are
    iterated with ``async for``. A client that is dropped with open connections causes a ``ResourceWarning`` that says
    where it was created.
    """

    async def source(self) -> RunSource:
        return await self._transport.run(self._find_source())

    async def list_operators(self, table_guid: str, *, role: OperatorRole = "associated") -> list[Operator]:
        return await self._transport.run(self._list_operators(table_guid, role))

    async def find_producers(
        self,
        table_guid: str,
        *,
        role: OperatorRole = "producers",
        only: Iterable[str] | None = None,
        ignore: Iterable[str] = (),
    ) -> Producers:
        return await self._transport.run(self._find_producers(table_guid, role=role, only=only, ignore=ignore))

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
        timeout: float = _DEFAULT_WAIT,  # noqa: ASYNC109  it limits the polls, and ends in its own error
        first_wait: float = _FIRST_WAIT,
        longest_wait: float = _LONGEST_WAIT,
    ) -> Run:
        operator, times = operator_of(task_id, job_name, workspace_id), GivenTimes(start, end, since)
        waits = checked_waits(timeout, first_wait, longest_wait)
        return await self._transport.run(self._wait_for_run(operator, times, run_id, waits))

    async def wait_for_table(  # noqa: PLR0913  one keyword for each choice
        self,
        table_guid: str,
        *,
        start: Time | None = None,
        since: timedelta | None = None,
        role: OperatorRole = "producers",
        only: Iterable[str] | None = None,
        ignore: Iterable[str] = (),
        timeout: float = _DEFAULT_WAIT,  # noqa: ASYNC109  it limits the polls, and ends in its own error
        first_wait: float = _FIRST_WAIT,
        longest_wait: float = _LONGEST_WAIT,
    ) -> list[Run]:
        times, waits = GivenTimes(start, None, since), checked_waits(timeout, first_wait, longest_wait)
        steps = self._wait_for_table(table_guid, times, waits, role=role, only=only, ignore=ignore)
        return await self._transport.run(steps)

    async def table_status(  # noqa: PLR0913  one keyword for each choice
        self,
        table_guid: str,
        *,
        max_age: timedelta | None = None,
        since: timedelta = _DEFAULT_LOOK_BACK,
        any_operator: bool = False,
        only: Iterable[str] | None = None,
        ignore: Iterable[str] = (),
        role: OperatorRole = "producers",
        page_size: PageSize = DEFAULT_PAGE_SIZE,
        offset_unit: OffsetUnit = "auto",
        slice_span: timedelta = DEFAULT_SLICE_SPAN,
    ) -> TableStatus:
        from dataarts_datamap._monitoring.freshness import look_back, producers_status  # noqa: PLC0415  only needed by this call

        how: dict[str, Any] = {"page_size": page_size, "offset_unit": offset_unit, "slice_span": slice_span}
        how["since"] = look_back(since, max_age)
        producers = await self.find_producers(table_guid, role=role, only=only, ignore=ignore)
        runs = await self.list_table_runs(table_guid, operators=producers.operators, **how).to_list()
        return producers_status(runs, producers, now=datetime.now(UTC), max_age=max_age, any_operator=any_operator)

    async def close(self) -> None:
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _open(self) -> None:
        self._transport = AsyncTransport(self._network, self._policy.clock)

    def _pager(self, reading: PageReader, resume_token: str | None) -> AsyncPager[Run]:
        return AsyncPager(self._transport, reading, resume_token)
