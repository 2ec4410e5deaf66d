"""The calls about many tables at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dataarts_datamap._checks.check import Checked, CheckSources, TableCheck
    from dataarts_datamap._checks.check_state import CheckState
    from dataarts_datamap._checks.table_rules import TableRule
    from dataarts_datamap._messages import Steps
    from dataarts_datamap._paging.walk_options import ServerHabits
    from dataarts_datamap._transport.driver import AsyncTransport, SyncTransport

T = TypeVar("T")

_BATCH: Final = 50  # number of checks whose records are written together
_MEMORY: Final = timedelta(days=90)  # so that a table that is checked once a quarter is kept


class _CheckCalls:
    """The documented calls of both clients, and their common steps."""

    _concurrency: int

    _habits: ServerHabits

    def _check_sources(
        self, rules: Iterable[TableRule], *, now: datetime, state: CheckState | None
    ) -> Steps[CheckSources]:
        """The readers that a check uses."""
        raise NotImplementedError

    def _explainer(self, checks: Sequence[TableCheck], *, now: datetime) -> Callable[[TableCheck], Steps[TableCheck]]:
        """A function that explains checks."""
        raise NotImplementedError

    def _keep(self, state: CheckState | None, checked: list[Checked], *, least: int = 1) -> None:
        """Save the checks to the state if there are at least ``least``."""
        if state is not None and len(checked) >= least:
            state.save(checked)
            state.note_habits(self._habits)
            checked.clear()

    def _forget(self, state: CheckState | None, rules: Iterable[TableRule], *, now: datetime) -> None:
        """Drop records that no check used for a long time; a ``now`` in the future counts as the real present."""
        from dataarts_datamap._checks.check import rule_key  # noqa: PLC0415  only needed by this call

        if state is not None:
            state.forget(min(now, datetime.now(UTC)) - _MEMORY, kept=set(map(rule_key, rules)))

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

        ``concurrency`` tables are read at once. Lineage is read once for all of them, if this account may read it: it
        names the tables and the operators that write them. Then each table usually costs one request for its operators
        and one for each of those that write it. It costs one more if the time of its rule has no success, and up to
        three for the history if the last seven days have none. With a state, the request for operators is only needed
        when lineage has changed, and a known history is not searched again.

        A table that cannot be read is ``unknown``, with its error, and does not affect the others. If the service
        cannot be reached, or rejects the credentials, for eight tables in a row, the remaining tables are not read.

        Args:
            tables: The rules, one for each table, such as ``load_tables`` returns.
            now: The present, aware; the time of this call if left out.
            state: The state of earlier checks, to which this one adds. With it, a table that cannot be read keeps its
                last known success, and an unreachable service is not an error.
            explain: Whether to find the causes of each table that is failed, late, stale or unknown, as in ``explain``;
                what several tables need is read once.
            on_checked: Called with each check as soon as it is done, in the thread or task of this call, before its
                causes are known.

        Returns:
            A check for each table, in the order of the rules.

        Raises:
            InvalidArgumentError: An argument is invalid.
            ConfigurationError: The client's configuration fails for every table.
            StateFileError: The state cannot be read or written, or belongs to another instance.
            AuthenticationError: The credentials are rejected, and there is no state.
            ConnectionFailedError: The service cannot be reached to read lineage, and there is no state.
        """


class CheckCalls(_CheckCalls):
    """The calls of the synchronous client."""

    _transport: SyncTransport

    def check_tables(
        self,
        tables: Sequence[TableRule],
        *,
        now: datetime | None = None,
        state: CheckState | None = None,
        explain: bool = False,
        on_checked: Callable[[TableCheck], None] | None = None,
    ) -> list[TableCheck]:
        from dataarts_datamap._checks.check import check_table, checked_rules, is_explainable  # noqa: PLC0415  only needed by this call
        from dataarts_datamap._monitoring.freshness import checked_now  # noqa: PLC0415  as above

        rules, present = checked_rules(tables), checked_now(datetime.now(UTC) if now is None else now)
        sources = self._transport.run(self._check_sources(rules, now=present, state=state))
        unsaved: list[Checked] = []

        def note(checked: Checked) -> None:
            unsaved.append(checked)
            self._keep(state, unsaved, least=_BATCH)
            if on_checked is not None:
                on_checked(checked.check)

        found = self._side_by_side([check_table(rule, sources, now=present) for rule in rules], note)
        self._keep(state, unsaved)
        self._forget(state, rules, now=present)
        checks = [checked.check for checked in found]
        if explain and (troubled := [index for index, one in enumerate(checks) if is_explainable(one)]):
            explained = self._explainer([checks[index] for index in troubled], now=present)
            found_causes = self._side_by_side([explained(checks[index]) for index in troubled], _ignore)
            for index, check in zip(troubled, found_causes, strict=True):
                checks[index] = check
        return checks

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


class AsyncCheckCalls(_CheckCalls):
    """The calls of the asynchronous client."""

    _transport: AsyncTransport

    async def check_tables(
        self,
        tables: Sequence[TableRule],
        *,
        now: datetime | None = None,
        state: CheckState | None = None,
        explain: bool = False,
        on_checked: Callable[[TableCheck], None] | None = None,
    ) -> list[TableCheck]:
        from dataarts_datamap._checks.check import check_table, checked_rules, is_explainable  # noqa: PLC0415  only needed by this call
        from dataarts_datamap._monitoring.freshness import checked_now  # noqa: PLC0415  as above

        rules, present = checked_rules(tables), checked_now(datetime.now(UTC) if now is None else now)
        sources = await self._transport.run(self._check_sources(rules, now=present, state=state))
        unsaved: list[Checked] = []

        def note(checked: Checked) -> None:
            unsaved.append(checked)
            self._keep(state, unsaved, least=_BATCH)
            if on_checked is not None:
                on_checked(checked.check)

        found = await self._side_by_side([check_table(rule, sources, now=present) for rule in rules], note)
        self._keep(state, unsaved)
        self._forget(state, rules, now=present)
        checks = [checked.check for checked in found]
        if explain and (troubled := [index for index, one in enumerate(checks) if is_explainable(one)]):
            explained = self._explainer([checks[index] for index in troubled], now=present)
            found_causes = await self._side_by_side([explained(checks[index]) for index in troubled], _ignore)
            for index, check in zip(troubled, found_causes, strict=True):
                checks[index] = check
        return checks

    async def _side_by_side(self, steps: Sequence[Steps[T]], note: Callable[[T], None]) -> list[T]:
        """The results of steps, run in at most ``concurrency`` tasks; ``note`` is called in the task of each."""
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


def _ignore(_: object) -> None:
    """Ignore a result."""
