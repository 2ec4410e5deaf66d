"""The calls about many tables at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from dataarts_datamap._client.shared import BaseClient, PagerT
from dataarts_datamap._models.runs import Run
from dataarts_datamap._paging.pager import AsyncPager, Pager
from dataarts_datamap._paging.read_ahead import TransportT
from dataarts_datamap._transport.driver import AsyncTransport, SyncTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dataarts_datamap._checks.check import Checked, CheckSources, TableCheck
    from dataarts_datamap._checks.check_state import CheckState
    from dataarts_datamap._checks.table_rules import TableRule
    from dataarts_datamap._messages import Steps
    from dataarts_datamap._paging.walk_options import ServerHabits

T = TypeVar("T")

_BATCH: Final = 50  # number of checks whose records are written together
_MEMORY: Final = timedelta(days=400)  # long enough for a table that is checked once a year, beside others


class _Round:
    """One call of ``check_tables``: its rules, the time that counts as now, and the state that it adds to."""

    def __init__(
        self,
        tables: Sequence[TableRule],
        now: datetime | None,
        state: CheckState | None,
        habits: ServerHabits,
        on_checked: Callable[[TableCheck], None] | None,
    ) -> None:
        from dataarts_datamap._checks.check import checked_rules  # noqa: PLC0415  only needed by this call
        from dataarts_datamap._monitoring.freshness import checked_now  # noqa: PLC0415  as above

        self.rules = checked_rules(tables)
        self.now = checked_now(datetime.now(UTC) if now is None else now)
        self._state = state
        self._habits = habits
        self._on_checked = on_checked
        self._unsaved: list[Checked] = []

    def steps(self, sources: CheckSources) -> list[Steps[Checked]]:
        from dataarts_datamap._checks.check import check_table  # noqa: PLC0415  only needed by this call

        return [check_table(rule, sources, now=self.now) for rule in self.rules]

    def note(self, checked: Checked) -> None:
        self._unsaved.append(checked)
        if len(self._unsaved) >= _BATCH:
            self._save()
        if self._on_checked is not None:
            self._on_checked(checked.check)

    def end(self, done: Iterable[Checked]) -> list[TableCheck]:
        """The checks, after saving them, and dropping the records that no check has used for 400 days."""
        from dataarts_datamap._checks.check import rule_key  # noqa: PLC0415  only needed by this call

        self._save()
        if self._state is not None:
            present = min(self.now, datetime.now(UTC))  # a ``now`` in the future must not drop more records
            self._state.forget(present - _MEMORY, kept=set(map(rule_key, self.rules)))
        return [checked.check for checked in done]

    def _save(self) -> None:
        if self._state is not None and self._unsaved:
            self._state.save(self._unsaved)
            self._state.note_habits(self._habits)
        self._unsaved.clear()


class _CheckCalls(BaseClient[PagerT, TransportT]):
    """The documented calls of both clients."""

    def check_tables(
        self,
        tables: Sequence[TableRule],
        *,
        now: datetime | None = None,
        state: CheckState | None = None,
        explain: bool = False,
        on_checked: Callable[[TableCheck], None] | None = None,
    ) -> object:
        """Check many tables against their rules, in parallel, under the client's rate limit.

        ``concurrency`` tables are read at once. If a rule needs lineage and this account may read it, it is read once
        for all tables: it names the tables and the operators that write them. Then each table usually costs one request
        for its operators and one for the runs of each operator that writes it. An operator without a success in the
        time that the rule needs costs one more, for the last seven days; without a success there, up to three more, for
        its history. With a state, the operators of a table that is still fresh are not requested again for seven days
        if their lineage is known and has not changed, and a known history is not searched again.

        A table that cannot be read is ``unknown``, with its error, and does not affect other tables. If the service
        cannot be reached, or rejects the credentials, for eight tables in a row, the remaining tables are not read.

        Args:
            tables: The rules, one for each table, such as ``load_tables`` returns.
            now: The time for which the tables are judged, an aware datetime; the time of this call if left out.
            state: The state of earlier checks, to which this one adds. With it, a table that cannot be read keeps its
                last known success, and an unreachable service is not an error.
            explain: Whether to find the causes for each table that could be read and is failed, late, stale or unknown,
                as in ``explain``. Lineage, operators and runs that several tables need are read once.
            on_checked: Called with each check as soon as it is done, in the thread or event loop of this call, before
                its causes are known.

        Returns:
            A check for each table, in the order of the rules.

        Raises:
            InvalidArgumentError: An argument is invalid.
            ConfigurationError: A setting of the client is missing or wrong, so every table would fail.
            StateFileError: The state cannot be read or written, or belongs to another instance.
            AuthenticationError: The credentials are rejected when lineage is read, and there is no state.
            ConnectionFailedError: The service cannot be reached to read lineage, and there is no state.
            DataMapError: There is a state, but an id could not be looked up, and no earlier check recorded it.
        """


class CheckCalls(_CheckCalls[Pager[Run], SyncTransport]):
    def check_tables(
        self,
        tables: Sequence[TableRule],
        *,
        now: datetime | None = None,
        state: CheckState | None = None,
        explain: bool = False,
        on_checked: Callable[[TableCheck], None] | None = None,
    ) -> list[TableCheck]:
        checking = _Round(tables, now, state, self._habits, on_checked)
        sources = self._transport.run(self._check_sources(checking.rules, now=checking.now, state=state))
        checks = checking.end(self._side_by_side(checking.steps(sources), checking.note))
        explained = self._explainer(checks, now=checking.now) if explain else None
        return checks if explained is None else self._side_by_side([*map(explained, checks)], lambda _: None)

    def _side_by_side(self, steps: Sequence[Steps[T]], note: Callable[[T], None]) -> list[T]:
        """The results of steps, run in at most ``concurrency`` threads; ``note`` is called in this thread."""
        from concurrent.futures import ThreadPoolExecutor, as_completed  # noqa: PLC0415  only needed by this call

        from dataarts_datamap._transport.cancellation import Cancellation  # noqa: PLC0415  as above

        found: dict[int, T] = {}
        cancellation = Cancellation()
        threads = ThreadPoolExecutor(self._concurrency, thread_name_prefix="datamap-check")
        try:
            started = {threads.submit(self._transport.run, one, cancellation): index for index, one in enumerate(steps)}
            for future in as_completed(started):
                result = future.result()
                found[started[future]] = result
                note(result)
        finally:
            if len(found) < len(steps):
                cancellation.cancel()
            threads.shutdown(cancel_futures=True)
        return [found[index] for index in range(len(steps))]


class AsyncCheckCalls(_CheckCalls[AsyncPager[Run], AsyncTransport]):
    async def check_tables(
        self,
        tables: Sequence[TableRule],
        *,
        now: datetime | None = None,
        state: CheckState | None = None,
        explain: bool = False,
        on_checked: Callable[[TableCheck], None] | None = None,
    ) -> list[TableCheck]:
        checking = _Round(tables, now, state, self._habits, on_checked)
        sources = await self._transport.run(self._check_sources(checking.rules, now=checking.now, state=state))
        checks = checking.end(await self._side_by_side(checking.steps(sources), checking.note))
        explained = self._explainer(checks, now=checking.now) if explain else None
        return checks if explained is None else await self._side_by_side([*map(explained, checks)], lambda _: None)

    async def _side_by_side(self, steps: Sequence[Steps[T]], note: Callable[[T], None]) -> list[T]:
        """The results of steps, run in at most ``concurrency`` tasks; ``note`` is called in the task that ran them."""
        import asyncio  # noqa: PLC0415  a large module, which the synchronous client does not need

        found: dict[int, T] = {}
        waiting = iter(enumerate(steps))

        async def work() -> None:
            for index, one in waiting:
                result = await self._transport.run(one)
                found[index] = result
                note(result)

        workers = [asyncio.create_task(work()) for _ in range(min(self._concurrency, len(steps)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return [found[index] for index in range(len(steps))]
