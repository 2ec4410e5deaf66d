"""The calls about tables themselves: searches, names and lineage."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from dataarts_datamap._client.table_pagers import AsyncTablePager, TablePager
from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dataarts_datamap._client.catalog import Catalog
    from dataarts_datamap._messages import Steps
    from dataarts_datamap._models.tables import FlowDirection, Table
    from dataarts_datamap._monitoring.explanation import Explanation
    from dataarts_datamap._monitoring.lineage import Lineage
    from dataarts_datamap._monitoring.upstream import Upstream
    from dataarts_datamap._paging.search_walk import SearchWalk
    from dataarts_datamap._transport.driver import AsyncTransport, SyncTransport

_PAGE_SIZE: Final = 100
_TABLES: Final = ("table",)
_LOOK_BACK: Final = timedelta(days=7)
_DEPTH: Final = 20
_NEAR: Final = 2
_MOST_TABLES: Final = 30


class _TableCalls:
    """What each call does, for both faces, and what they share."""

    def _catalog_of(self) -> Catalog:
        """The client's catalog."""
        raise NotImplementedError

    def _explain(
        self, table: Table | str, *, max_age: timedelta | None, since: timedelta, depth: int
    ) -> Steps[Explanation]:
        """The steps that explain a table."""
        raise NotImplementedError

    def _examine_upstream(
        self, table: Table | str, *, max_age: timedelta | None, since: timedelta, depth: int, tables: int
    ) -> Steps[Upstream]:
        """The steps that find out what feeds a table."""
        raise NotImplementedError

    def _search(
        self, query: str, types: Sequence[str], sources: Sequence[str], workspace_id: str | None, page_size: int
    ) -> Callable[[], SearchWalk]:
        from dataarts_datamap._api.search_tables import SearchTerms  # noqa: PLC0415  loaded for this call alone

        names = tuple(types)
        terms = SearchTerms(
            query=query,
            type_names=names if names and all("." in name for name in names) else (),
            sources=tuple(sources),
            workspace_id=workspace_id,
        )
        begin = partial(self._catalog_of().search, terms, types, page_size=page_size)
        begin()  # refuses a bad argument before anything is walked
        return begin

    def search_tables(
        self,
        query: str = "",
        *,
        types: Sequence[str] = _TABLES,
        sources: Sequence[str] = (),
        workspace_id: str | None = None,
        page_size: int = _PAGE_SIZE,
    ) -> object:
        """The tables that a keyword finds, read when the pager is walked, in the server's order.

        What the keyword is compared with is not documented; for a sibling operation, name and description. The
        operation is ShowDataSets, which may be refused to accounts that are not invited to its test.

        Args:
            query: The keyword; empty for all.
            types: Kinds of asset, by their whole name (``dataasset.Table``) or its last part; empty for all kinds. A
                view counts as a ``table``, too.
            sources: Kinds of source, such as ``dws`` or ``hive``; empty for all.
            workspace_id: The workspace to search; all of the instance, if it is left out, whatever the client's is.
            page_size: Assets to ask for at once; 100 is the documented default.

        Raises:
            InvalidArgumentError: An argument cannot be sent. Walking the pager raises what goes wrong then.
        """

    def find_table(self, name: str) -> object:
        """The table of a GUID as it is, without a request; or the only table of a name, looked for by a search.

        Where the search is refused to this account, the name is looked for in lineage, which knows no other tables.

        A name is compared with what a table is displayed as, and with the end of its path: ``orders``, ``sales.orders``
        and ``postgres.sales.orders`` name the same table. One that is written exactly so counts before one that differs
        in case. What looks like a GUID (32 to 36 hexadecimal digits and hyphens) is one; ``name:…`` forces a name.

        Args:
            name: The GUID or the name.

        Raises:
            InvalidArgumentError: It is empty, or like more tables than can be compared.
            TableNotFoundError: No table has the name; the text names similar ones.
            AmbiguousTableError: Several have it; the text lists them.
            ServiceError: The service refused the search.
        """

    def get_table(self, guid: str) -> object:
        """The table of a GUID, as the service describes it.

        The operation is ShowDataDetail, which may be refused to accounts that are not invited to its test.

        Args:
            guid: GUID of the table.

        Raises:
            InvalidArgumentError: The GUID could bend the request.
            TableNotFoundError: The service knows none.
            TransportError: No complete response arrived.
            ServiceError: The service refused.
            InvalidResponseError: The response is not what the API describes.
        """

    def get_tables(self, guids: Iterable[str]) -> object:
        """Some tables by their GUIDs, as the service describes them: fifty in a request of ListEntityDetails.

        What the service does with a GUID that it does not know is not documented. If it refuses a whole request, each
        half of the GUIDs is asked for by itself.

        Args:
            guids: GUIDs of the tables.

        Returns:
            A table for each GUID, in their order; None for a GUID that the service does not know.

        Raises:
            InvalidArgumentError: A GUID could bend the request.
            TransportError: No complete response arrived.
            ServiceError: The service refused.
            InvalidResponseError: The response is not what the API describes.
        """

    def table_lineage(
        self, table: Table | str, *, direction: Literal["up", "down"] = "up", depth: int | None = None
    ) -> object:
        """Lineage that holds what a table is made of, or what is made of it.

        It is that of the instance, cached as by ``lineage``. Where that is refused to this account, ShowDatamapLineage
        is asked table by table, 200 tables at the most; neither the depth nor the direction of a response is
        documented, and both are found out.

        Args:
            table: The table, its GUID or its name, looked for in lineage first. The lineage knows it by these.
            direction: ``"up"`` for what it is made of, ``"down"`` for what is made of it.
            depth: How many steps to go; as far as it goes, if it is left out.

        Raises:
            InvalidArgumentError: An argument is invalid, or could bend a request.
            TableNotFoundError: No table has the name or the GUID.
            AmbiguousTableError: Several have the name.
            TransportError: No complete response arrived.
            ServiceError: The service refused both.
            InvalidResponseError: The response is not what the API describes.
        """

    def lineage(self) -> object:
        """Which tables of the whole instance are made of which, and by which operators.

        It is read page by page with ShowLineageBulk, a hundred operators each, and cached for five minutes: callers at
        the same time share one reading. The operation is in invitational test; where it is refused, the error names it,
        and the client does not ask for it again.

        Raises:
            TransportError: No complete response arrived.
            ServiceError: The service refused.
            InvalidResponseError: The response is not what the API describes.
            IncompleteWalkError: The pages do not fit together.
        """

    def examine_upstream(
        self,
        table: Table | str,
        *,
        max_age: timedelta | None = None,
        since: timedelta = _LOOK_BACK,
        depth: int = _NEAR,
        tables: int = _MOST_TABLES,
    ) -> object:
        """What feeds a table, and how each of these tables stands, whether or not the table itself is fresh.

        A table is judged by the operators that write it, as for ``explain``. Lineage is read as by ``find_producers``:
        that of the instance if it is cached or has at most 1,000 operators, else table by table. Each table costs one
        request for its operators and those for the runs of each of its producers.

        Args:
            table: The table, its GUID or its name, looked for by a search.
            max_age: The maximum age of a last success; if it is left out, only what happened after it counts. A table
                upstream is judged by its own rhythm.
            since: How far back to look for runs; farther, if ``max_age`` is longer.
            depth: How many steps upstream to look.
            tables: How many tables to look at, the table itself among them: the nearest.

        Raises:
            InvalidArgumentError: An argument is invalid, or could bend a request.
            TableNotFoundError: No table has the name.
            AmbiguousTableError: Several have it.
            TransportError: No complete response arrived.
            ServiceError: The service refused.
            InvalidResponseError: The response is not what the API describes.
            IncompleteWalkError: Not all runs of the table could be read.
        """

    def explain(
        self,
        table: Table | str,
        *,
        max_age: timedelta | None = None,
        since: timedelta = _LOOK_BACK,
        depth: int = _DEPTH,
    ) -> object:
        """Why a table is not fresh: which upstream run broke it, and the way there.

        The table and what it is made of are judged by the operators that write them, where lineage knows these. Each
        table in trouble leads on to its inputs, until nothing upstream of a table is in trouble: that table is the
        cause. The trouble of an input counts only if it began before the run that it would explain was planned, or at
        that moment.

        It costs the reading of lineage, if that is not cached, and for each table on the way one request for its
        operators and those for the runs of each of its producers. Where the service does not let this account read
        lineage, the table is explained alone, and the explanation says so.

        Args:
            table: The table, its GUID or its name, looked for in lineage first.
            max_age: The maximum age of the last success, such as ``timedelta(hours=26)``; if it is left out, failures
                decide instead. A table upstream is judged by its own rhythm.
            since: How far back to look for runs; farther, if ``max_age`` is longer.
            depth: How many steps upstream to look at the most; 200 tables are looked at, at the most.

        Raises:
            InvalidArgumentError: An argument is invalid, or could bend a request.
            TableNotFoundError: No table has the name.
            AmbiguousTableError: Several have it.
            TransportError: No complete response arrived.
            ServiceError: The service refused.
            InvalidResponseError: The response is not what the API describes.
            IncompleteWalkError: Not all runs of the table could be read.
        """


def checked_flow(direction: object) -> FlowDirection:
    """The service's word for a direction.

    Raises:
        InvalidArgumentError: It is none.
    """
    if direction == "up":
        return "IN"
    if direction == "down":
        return "OUT"
    raise InvalidArgumentError(f"direction must be 'up' or 'down', not {shown(direction)}")


class TableCalls(_TableCalls):
    """The calls of the client for threads."""

    _transport: SyncTransport

    def search_tables(
        self,
        query: str = "",
        *,
        types: Sequence[str] = _TABLES,
        sources: Sequence[str] = (),
        workspace_id: str | None = None,
        page_size: int = _PAGE_SIZE,
    ) -> TablePager:
        return TablePager(self._transport, self._search(query, types, sources, workspace_id, page_size))

    def find_table(self, name: str) -> Table:
        return self._transport.run(self._catalog_of().find_table(name))

    def get_table(self, guid: str) -> Table:
        return self._transport.run(self._catalog_of().table(guid))

    def get_tables(self, guids: Iterable[str]) -> dict[str, Table | None]:
        return self._transport.run(self._catalog_of().tables(guids))

    def table_lineage(
        self, table: Table | str, *, direction: Literal["up", "down"] = "up", depth: int | None = None
    ) -> Lineage:
        flow = checked_flow(direction)
        return self._transport.run(self._catalog_of().table_lineage(table, direction=flow, depth=depth))

    def lineage(self) -> Lineage:
        return self._transport.run(self._catalog_of().lineage())

    def examine_upstream(
        self,
        table: Table | str,
        *,
        max_age: timedelta | None = None,
        since: timedelta = _LOOK_BACK,
        depth: int = _NEAR,
        tables: int = _MOST_TABLES,
    ) -> Upstream:
        return self._transport.run(
            self._examine_upstream(table, max_age=max_age, since=since, depth=depth, tables=tables)
        )

    def explain(
        self,
        table: Table | str,
        *,
        max_age: timedelta | None = None,
        since: timedelta = _LOOK_BACK,
        depth: int = _DEPTH,
    ) -> Explanation:
        return self._transport.run(self._explain(table, max_age=max_age, since=since, depth=depth))


class AsyncTableCalls(_TableCalls):
    """The calls of the client for an event loop."""

    _transport: AsyncTransport

    def search_tables(
        self,
        query: str = "",
        *,
        types: Sequence[str] = _TABLES,
        sources: Sequence[str] = (),
        workspace_id: str | None = None,
        page_size: int = _PAGE_SIZE,
    ) -> AsyncTablePager:
        return AsyncTablePager(self._transport, self._search(query, types, sources, workspace_id, page_size))

    async def find_table(self, name: str) -> Table:
        return await self._transport.run(self._catalog_of().find_table(name))

    async def get_table(self, guid: str) -> Table:
        return await self._transport.run(self._catalog_of().table(guid))

    async def get_tables(self, guids: Iterable[str]) -> dict[str, Table | None]:
        return await self._transport.run(self._catalog_of().tables(guids))

    async def table_lineage(
        self, table: Table | str, *, direction: Literal["up", "down"] = "up", depth: int | None = None
    ) -> Lineage:
        flow = checked_flow(direction)
        return await self._transport.run(self._catalog_of().table_lineage(table, direction=flow, depth=depth))

    async def lineage(self) -> Lineage:
        return await self._transport.run(self._catalog_of().lineage())

    async def examine_upstream(
        self,
        table: Table | str,
        *,
        max_age: timedelta | None = None,
        since: timedelta = _LOOK_BACK,
        depth: int = _NEAR,
        tables: int = _MOST_TABLES,
    ) -> Upstream:
        return await self._transport.run(
            self._examine_upstream(table, max_age=max_age, since=since, depth=depth, tables=tables)
        )

    async def explain(
        self,
        table: Table | str,
        *,
        max_age: timedelta | None = None,
        since: timedelta = _LOOK_BACK,
        depth: int = _DEPTH,
    ) -> Explanation:
        return await self._transport.run(self._explain(table, max_age=max_age, since=since, depth=depth))
