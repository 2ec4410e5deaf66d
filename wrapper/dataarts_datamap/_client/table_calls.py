"""The calls about tables themselves: searches, names and lineage."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from dataarts_datamap._arguments import members, query_text
from dataarts_datamap._client.shared import BaseClient, PagerT
from dataarts_datamap._client.table_pagers import AsyncTablePager, TablePager
from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._models.runs import Run
from dataarts_datamap._paging.pager import AsyncPager, Pager
from dataarts_datamap._paging.read_ahead import TransportT
from dataarts_datamap._text import shown
from dataarts_datamap._transport.driver import AsyncTransport, SyncTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dataarts_datamap._models.tables import FlowDirection, Table
    from dataarts_datamap._monitoring.explanation import Explanation
    from dataarts_datamap._monitoring.lineage import Lineage
    from dataarts_datamap._monitoring.upstream import Upstream
    from dataarts_datamap._paging.search_walk import SearchWalk

_PAGE_SIZE: Final = 100
_TABLES: Final = ("table",)
_LOOK_BACK: Final = timedelta(days=7)
_DEPTH: Final = 20
_NEAR: Final = 2
_MOST_TABLES: Final = 30


class _TableCalls(BaseClient[PagerT, TransportT]):
    """The documented calls of both clients, and their common steps."""

    def _search(
        self, query: str, types: Sequence[str], sources: Sequence[str], workspace_id: str | None, page_size: int
    ) -> Callable[[], SearchWalk]:
        from dataarts_datamap._api.search_tables import SearchTerms  # noqa: PLC0415  only needed by this call

        names = _checked_kinds("types", types, "table")
        terms = SearchTerms(
            query=query,
            type_names=names if all("." in name for name in names) else (),
            sources=_checked_kinds("sources", sources, "dws"),
            workspace_id=workspace_id,
        )
        begin = partial(self._catalog_of().search, terms, names, page_size=page_size)
        begin()  # refuses a bad argument before any page is read
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
        """The tables that a keyword finds, read when the pager is iterated, in the server's order.

        It is not documented which attributes the keyword is compared with; a sibling operation compares the name and
        the description. The operation is ShowDataSets, which may be refused to accounts that are not invited to its
        test.

        Args:
            query: The keyword; empty for all.
            types: Kinds of assets, by their full name (``dataasset.Table``) or its last part; empty for all. A view
                also counts as a ``table``.
            sources: Kinds of source, such as ``dws`` or ``hive``; empty for all.
            workspace_id: The workspace to search; if left out, all workspaces of the instance are searched, even if the
                client has a workspace.
            page_size: The page size to request; 100 is the documented default.

        Raises:
            InvalidArgumentError: An argument is invalid. Other errors are raised when the pager is iterated.
        """

    def find_table(self, name: str) -> object:
        """The table with a GUID, without a request; or the only table with a name, found by a search.

        If this account may not search, or if the search finds nothing similar to the name, or too many tables, the name
        is looked up in lineage, which lacks tables without lineage.

        A name is compared with a table's name, display name and qualified name, and with the end of its path:
        ``orders``, ``sales.orders`` and ``postgres.sales.orders`` can name the same table. An exact match counts before
        one that differs in case. A text of 32 to 36 hexadecimal digits and hyphens is taken as a GUID; write ``name:…``
        if it is a name.

        Args:
            name: The GUID or the name.

        Raises:
            InvalidArgumentError: The name is blank, or is similar to more tables than can be compared.
            TableNotFoundError: No table has the name; the text lists similar names.
            AmbiguousTableError: Several tables have the name; the text lists the tables.
            TransportError: No complete response arrived.
            ServiceError: The service refused the search.
            InvalidResponseError: The response is not what the API describes.
            IncompleteWalkError: Not all tables that the search found could be read.
        """

    def get_table(self, guid: str) -> object:
        """The table with a GUID, as the service describes it.

        The operation is ShowDataDetail, which may be refused to accounts that are not invited to its test.

        Args:
            guid: GUID of the table.

        Raises:
            InvalidArgumentError: The GUID is invalid.
            TableNotFoundError: The service knows no such table.
            TransportError: No complete response arrived.
            ServiceError: The service refused.
            InvalidResponseError: The response is not what the API describes.
        """

    def get_tables(self, guids: Iterable[str]) -> object:
        """Some tables by their GUIDs, as the service describes them.

        Each request, of ListEntityDetails, is for up to fifty GUIDs. The response to an unknown GUID is not documented.
        If the service responds to a whole request with 404, each half of the GUIDs is requested separately.

        Args:
            guids: GUIDs of the tables.

        Returns:
            A table for each GUID, in the given order; None for a GUID that the service does not know.

        Raises:
            InvalidArgumentError: A GUID is invalid.
            TransportError: No complete response arrived.
            ServiceError: The service refused.
            InvalidResponseError: The response is not what the API describes.
        """

    def table_lineage(
        self, table: Table | str, *, direction: Literal["up", "down"] = "up", depth: int | None = None
    ) -> object:
        """Lineage with everything upstream of a table, or downstream of it.

        It is the lineage of the instance, cached as for ``lineage``. If this account may not read the lineage of the
        instance, ShowDatamapLineage is requested table by table, for at most 200 tables. The depth and the direction of
        its responses are not documented, so they are worked out from each response.

        Args:
            table: The table, its GUID or its name, looked up in lineage first. The methods of the result accept any of
                these, too.
            direction: ``"up"`` for the tables that it is made of, ``"down"`` for those made of it.
            depth: The maximum number of steps to read table by table; no limit if left out. The lineage of the instance
                always has all steps.

        Raises:
            InvalidArgumentError: An argument is invalid.
            TableNotFoundError: No table has the name or the GUID.
            AmbiguousTableError: Several tables have the name.
            TransportError: No complete response arrived.
            ServiceError: The service refused.
            InvalidResponseError: The response is not what the API describes.
            IncompleteWalkError: Not all lineage, or not all tables that a search found, could be read.
        """

    def lineage(self) -> object:
        """The lineage of the whole instance: the tables that each table is made of, and the operators that write it.

        It is read with ShowLineageBulk, a hundred operators per page, and cached for five minutes; concurrent callers
        share one reading. The operation is in invitational test; if it is refused, the error names it, and the client
        does not request it again.

        Raises:
            TransportError: No complete response arrived.
            ServiceError: The service refused.
            InvalidResponseError: The response is not what the API describes.
            IncompleteWalkError: The pages have no end, or one repeats the page before it.
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
        """The tables upstream of a table, and the state of each, whether or not the table itself is fresh.

        A table is judged by the operators that write it, as for ``explain``. The lineage of the instance is used if it
        is cached or has at most 1,000 operators; otherwise lineage is read table by table. Each table costs one request
        for its operators, plus the requests for the runs of each of its producers.

        Args:
            table: The table, its GUID or its name, found by a search.
            max_age: The maximum age of the last success; if left out, the latest outcome must be a success. A table
                upstream is judged by its own schedule.
            since: Time to look back for runs, extended to ``max_age`` if that is longer.
            depth: The maximum number of steps upstream.
            tables: The maximum number of tables to examine, nearest first, including the table itself.

        Raises:
            InvalidArgumentError: An argument is invalid.
            TableNotFoundError: No table has the name.
            AmbiguousTableError: Several tables have the name.
            TransportError: No complete response arrived.
            ServiceError: The service refused.
            InvalidResponseError: The response is not what the API describes.
            IncompleteWalkError: Not all runs of the table, not all lineage, or not all tables that a search found could
                be read.
        """

    def explain(
        self,
        table: Table | str,
        *,
        max_age: timedelta | None = None,
        since: timedelta = _LOOK_BACK,
        depth: int = _DEPTH,
    ) -> object:
        """Explain why a table is not fresh: the upstream runs that caused it, and the tables in between.

        The table and the tables upstream are judged by the operators that write them, if lineage names these. The
        search goes from each table in trouble to its inputs, until it reaches tables without an input in trouble: these
        are the causes. An input's trouble counts only if it began by the planned time of the run that it would explain.

        It costs the requests for lineage, if that is not cached; and for each examined table, one request for its
        operators, plus the requests for the runs of each of its producers. If this account may not read lineage, only
        the table itself is examined, and the explanation says so.

        Args:
            table: The table, its GUID or its name, looked up in lineage first.
            max_age: The maximum age of the last success, such as ``timedelta(hours=26)``; if left out, the latest
                outcome must be a success. A table upstream is judged by its own schedule.
            since: Time to look back for runs, extended to ``max_age`` if that is longer.
            depth: The maximum number of steps upstream; at most 200 tables are examined.

        Raises:
            InvalidArgumentError: An argument is invalid.
            TableNotFoundError: No table has the name.
            AmbiguousTableError: Several tables have the name.
            TransportError: No complete response arrived.
            ServiceError: The service refused.
            InvalidResponseError: The response is not what the API describes.
            IncompleteWalkError: Not all runs of the table, or not all tables that a search found, could be read.
        """


def _checked_kinds(argument: str, kinds: object, example: str) -> tuple[str, ...]:
    found = None if isinstance(kinds, str) else members(kinds)
    if found is None:
        raise InvalidArgumentError(f"{argument} must be names of kinds, such as ('{example}',), not {shown(kinds)}")
    return tuple(query_text(argument, one) for one in found)


def checked_flow(direction: object) -> FlowDirection:
    """The service's name of a direction."""
    if direction == "up":
        return "IN"
    if direction == "down":
        return "OUT"
    raise InvalidArgumentError(f"direction must be 'up' or 'down', not {shown(direction)}")


class TableCalls(_TableCalls[Pager[Run], SyncTransport]):
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


class AsyncTableCalls(_TableCalls[AsyncPager[Run], AsyncTransport]):
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
