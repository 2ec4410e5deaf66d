"""The calls about many tables at once."""

from __future__ import annotations

from datetime import UTC, datetime
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

_BATCH: Final = 50  # checks whose records are written at once


class _CheckCalls:
    """What each call does, for both faces, and what they share."""

    _concurrency: int

    _habits: ServerHabits

    def _check_sources(
        self, rules: Iterable[TableRule], *, now: datetime, state: CheckState | None
    ) -> Steps[CheckSources]:
        """What a check reads from."""
        raise NotImplementedError

    def _explainer(self, checks: Sequence[TableCheck], *, now: datetime) -> Callable[[TableCheck], Steps[TableCheck]]:
        """What explains checks."""
        raise NotImplementedError

    def _keep(self, state: CheckState | None, checked: list[Checked], *, least: int = 1) -> None:
        """Write the checks to the state, once there are enough of them."""
        if state is not None and len(checked) >= least:
            state.save(checked)
            state.note_habits(self._habits)
            checked.clear()

    def check_tables(
        self,
        tables: Sequence[TableRule],
        *,
        now: datetime | None = None,
        state: CheckState | None = None,
        explain: bool = False,
        on_checked: Callable[[TableCheck], None] | None = None,
    ) -> object:
        """Check many tables against their rules, side by side, under the client's one rate limit.

        As many tables are read at once as ``concurrency`` says. Lineage is read once for all of them, if it is open to
        this account: it names the tables and the operators that write them. Then each table costs one request for its
        operators and, as a rule, one for each of those that write it. There is one more where the time that its rule is
        about holds no success, and up to three for the history where the last seven days hold none. With a state, the
        request for operators is left out as long as lineage says the same, and so is the search of the history.

        A table that cannot be read is ``unknown``, with its error, and hides no other. Once the service cannot be
        reached, or rejects the credentials, for eight tables in a row, the other tables are not read.

        Args:
            tables: The rules, one for each table, such as ``load_tables`` returns.
            now: The present, aware; that of this call, if it is left out.
            state: What earlier checks know; what this one finds out is added. With it, a table that cannot be read
                keeps the last success that is known, and a service that cannot be reached at all is no error.
            explain: Whether to find the causes of each that is failed, late, stale or unknown, as ``explain`` does;
                what several tables lead to is read once.
            on_checked: Called with each check as soon as it is there, in the thread or task of this call,
                without its causes.

        Returns:
            A check for each table, in their order.

        Raises:
            InvalidArgumentError: An argument is invalid.
            ConfigurationError: The client is not set up for any table.
            StateFileError: The state cannot be read or written, or is that of another instance.
            AuthenticationError: The credentials are rejected, and there is no state.
            ConnectionFailedError: The service cannot be reached, as is found when lineage is read, and there is no
                state.
        """


class CheckCalls(_CheckCalls):
    """The calls of the client for threads."""

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
        from dataarts_datamap._checks.check import check_table, checked_rules, is_explainable  # noqa: PLC0415  loaded for this call alone
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
        checks = [checked.check for checked in found]
        if explain and (troubled := [index for index, one in enumerate(checks) if is_explainable(one)]):
            explained = self._explainer([checks[index] for index in troubled], now=present)
            found_causes = self._side_by_side([explained(checks[index]) for index in troubled], _ignore)
            for index, check in zip(troubled, found_causes, strict=True):
                checks[index] = check
        return checks

    def _side_by_side(self, steps: Sequence[Steps[T]], note: Callable[[T], None]) -> list[T]:
        """The results of steps, taken in at most ``concurrency`` threads; ``note`` is called in this thread."""
        from concurrent.futures import ThreadPoolExecutor, as_completed  # noqa: PLC0415  loaded for this call alone

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
    """The calls of the client for an event loop."""

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
        from dataarts_datamap._checks.check import check_table, checked_rules, is_explainable  # noqa: PLC0415  loaded for this call alone
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
        checks = [checked.check for checked in found]
        if explain and (troubled := [index for index, one in enumerate(checks) if is_explainable(one)]):
            explained = self._explainer([checks[index] for index in troubled], now=present)
            found_causes = await self._side_by_side([explained(checks[index]) for index in troubled], _ignore)
            for index, check in zip(troubled, found_causes, strict=True):
                checks[index] = check
        return checks

    async def _side_by_side(self, steps: Sequence[Steps[T]], note: Callable[[T], None]) -> list[T]:
        """The results of steps, taken in at most ``concurrency`` tasks; ``note`` is called in the task of each."""
        import asyncio  # noqa: PLC0415  the largest module there is, and a client for threads does without

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
    """Nothing is to be noted."""
