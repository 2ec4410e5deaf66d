"""Searches, names and lineage, through both faces and over real sockets."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import (
    AmbiguousTableError,
    AsyncDataMapClient,
    DataMapClient,
    DataMapError,
    IncompleteWalkError,
    InvalidArgumentError,
    Lineage,
    LineageEdge,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
    Table,
    TableNotFoundError,
)
from support.catalog_server import WORKSPACE, Catalog, chain, entity, guid_of, lineage_row
from support.faces import SETTINGS
from support.scripted_server import Answer, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable

GUID = "09318f28-939f-4ab6-a374-9e621096652c"


class Threads:
    """Calls through ``DataMapClient``."""

    def search(self, server: ScriptedServer, *arguments: Any, **options: Any) -> list[Table]:
        with DataMapClient(endpoint=server.url, **SETTINGS) as client:
            return client.search_tables(*arguments, **options).to_list()

    def find(self, server: ScriptedServer, name: str) -> Table:
        with DataMapClient(endpoint=server.url, **SETTINGS) as client:
            return client.find_table(name)

    def lineages(self, server: ScriptedServer, count: int = 1) -> list[Lineage | DataMapError]:
        with DataMapClient(endpoint=server.url, **SETTINGS) as client:
            found: list[Lineage | DataMapError] = []
            for _ in range(count):
                try:
                    found.append(client.lineage())
                except DataMapError as error:
                    found.append(error)
            return found


class EventLoop:
    """Calls through ``AsyncDataMapClient``."""

    def search(self, server: ScriptedServer, *arguments: Any, **options: Any) -> list[Table]:
        async def call() -> list[Table]:
            async with AsyncDataMapClient(endpoint=server.url, **SETTINGS) as client:
                return await client.search_tables(*arguments, **options).to_list()

        return asyncio.run(call())

    def find(self, server: ScriptedServer, name: str) -> Table:
        async def call() -> Table:
            async with AsyncDataMapClient(endpoint=server.url, **SETTINGS) as client:
                return await client.find_table(name)

        return asyncio.run(call())

    def lineages(self, server: ScriptedServer, count: int = 1) -> list[Lineage | DataMapError]:
        async def call() -> list[Lineage | DataMapError]:
            async with AsyncDataMapClient(endpoint=server.url, **SETTINGS) as client:
                found = await asyncio.gather(*(client.lineage() for _ in range(count)), return_exceptions=True)
                return [one for one in found if isinstance(one, Lineage | DataMapError)]

        return asyncio.run(call())


@pytest.fixture(params=[Threads, EventLoop])
def face(request: pytest.FixtureRequest) -> Threads | EventLoop:
    """Both faces."""
    made: Threads | EventLoop = request.param()
    return made


MANY = [entity(f"postgres.sales.orders_{number}") for number in range(25)]


@pytest.mark.parametrize("pages_are_counted", [False, True])
@pytest.mark.parametrize("tells_total", [False, True])
def test_a_search_finds_each_table_once(
    face: Threads | EventLoop, *, pages_are_counted: bool, tells_total: bool
) -> None:
    """Whatever the offset counts, and whether or not the server says how many there are, all pages come."""
    with Catalog(MANY, pages_are_counted=pages_are_counted, tells_total=tells_total).server() as server:
        tables = face.search(server, "orders", page_size=10)
    assert [one["guid"] for one in MANY] == [table.guid for table in tables]


def test_a_page_may_be_capped(face: Threads | EventLoop) -> None:
    """A server that sends fewer than it is asked for is walked on from where the page ended."""
    with Catalog(MANY, cap=7).server() as server:
        tables = face.search(server, "orders", page_size=10)
        offsets = [json.loads(asked.content)["offset"] for asked in server.asked]
    assert (25, [0, 7, 14, 21]) == (len(tables), offsets)


@pytest.mark.parametrize(
    ("behaviour", "read"), [({"ignores_offset": True}, "10 of 25"), ({"extra_total": 3}, "25 of 28")]
)
def test_a_search_that_is_not_whole_is_an_error(
    face: Threads | EventLoop, behaviour: dict[str, Any], read: str
) -> None:
    """The same page for any offset, and a count that is never reached, are no silent end."""
    with Catalog(MANY, **behaviour).server() as server, pytest.raises(IncompleteWalkError) as caught:
        face.search(server, "orders", page_size=10)
    assert f"only {read} assets could be read: narrow the search" == str(caught.value)


def test_kinds_are_compared_by_their_last_part(face: Threads | EventLoop) -> None:
    """Tables alone are given unless other kinds are asked for; a whole name of a kind goes into the filter, too."""
    kinds = ["dataasset.Table", "dws_table", "dataasset.Column", "dataasset.Source"]
    catalog = Catalog([entity(f"a.b.t{number}", kind=kind) for number, kind in enumerate(kinds)])
    with catalog.server() as server:
        found = [
            [table.type_name for table in face.search(server, "t", types=types)]
            for types in (("table",), ("column",), (), ("dataasset.Source",))
        ]
        filters = [json.loads(asked.content).get("filter") for asked in server.asked]
    assert [kinds[:2], kinds[2:3], kinds, kinds[3:]] == found
    leaf = {"attribute": "typeName", "operator": "EQ", "value": ["dataasset.Source"]}
    assert [None, None, None, leaf] == filters


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"page_size": 0}, "page_size must be an integer from 1"),
        ({"types": "table"}, "types must be names of kinds"),
        ({"types": None}, "types must be names of kinds"),
        ({"types": (7,)}, "types must be text"),
        ({"types": ("",)}, "types must not be empty"),
        ({"sources": "dws"}, r"sources must be names of kinds, such as \('dws',\), not 'dws'"),
        ({"sources": ("",)}, "sources must not be empty"),
    ],
)
def test_bad_arguments_are_refused_at_the_call(arguments: dict[str, Any], reason: str) -> None:
    """Before anything is walked, and nothing is sent."""
    with Catalog().server() as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        with pytest.raises(InvalidArgumentError, match=reason):
            client.search_tables("t", **arguments)
        assert [] == server.asked


def test_a_pager_tells_what_it_knows() -> None:
    """Its total is the server's, and its first table costs one page."""
    with Catalog(MANY).server() as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        pager = client.search_tables("orders", page_size=10)
        assert "TablePager(total=None)" == repr(pager)
        assert ["postgres.sales.orders_0"] == names([table for table in [pager.first()] if table is not None])
        assert (25, 1) == (pager.total, len(server.asked))
        assert 12 == len(pager.to_list(max_items=12))


@pytest.mark.parametrize("name", ["orders", "sales.orders", "postgres.sales.orders", "name:orders", "SALES.Orders"])
def test_a_name_is_found_from_the_right(face: Threads | EventLoop, name: str) -> None:
    """The table, its schema before it, its database before that; case does not count if nothing is written so."""
    others = [entity("postgres.sales.orders_old"), entity("postgres.sales.orders.id", kind="dataasset.Column")]
    with Catalog([entity("postgres.sales.orders"), *others]).server() as server:
        assert "postgres.sales.orders" == face.find(server, name).full_name
        assert ["orders"] == [json.loads(asked.content)["query"].casefold() for asked in server.asked]


def test_the_exact_case_wins(face: Threads | EventLoop) -> None:
    """Two names that differ in case are two tables; a third spelling is ambiguous."""
    with Catalog([entity("db.s.Orders"), entity("db.s.orders")]).server() as server:
        assert ["db.s.Orders", "db.s.orders"] == [face.find(server, name).full_name for name in ("Orders", "orders")]
        with pytest.raises(AmbiguousTableError):
            face.find(server, "ORDERS")


@pytest.mark.parametrize("name", ["my.orders.v2", "sales.my.orders.v2", "DB.sales.my.orders.v2"])
def test_dots_in_a_name_are_its_own(face: Threads | EventLoop, name: str) -> None:
    """Neither path nor full name has a part of it twice, by a search and by lineage."""
    row = lineage_row(None, "load", "db.sales.my")
    row |= {"target_table": "my.orders.v2", "target_qualified_name": "db.sales.my.orders.v2@dws.conn"}
    odd = entity("db.sales.my.orders.v2", name="my.orders.v2")
    with Catalog([odd], nodes={"load": [row], "dli": [{**row, "target_schema": ""}]}).server() as server:
        found, known = face.find(server, name), only(face.lineages(server)).find(name)
    assert ("db.sales.my.orders.v2", "db.sales.my.orders.v2") == (found.full_name, known.full_name)
    assert ("db", "sales", "my.orders.v2") == (found.database, found.schema, found.name)


@pytest.mark.parametrize("name", ["订单", "orders", "sales.orders", "db.sales.orders"])
def test_a_display_name_does_not_hide_the_path(face: Threads | EventLoop, name: str) -> None:
    """A table that is displayed by another name is found by that and by its path."""
    odd = {**entity("db.sales.orders", name="订单"), "display_text": "订单"}
    with Catalog([odd]).server() as server:
        assert odd["guid"] == face.find(server, name).guid


def test_accents_count_however_they_are_coded() -> None:
    """A name as macOS writes it, letter and accent apart, is the same name."""
    composed, apart = "db.s.caf\u00e9", "cafe\u0301"
    lineage = Lineage([LineageEdge(target=Table(guid="1", name="caf\u00e9", schema="s", database="db"))])
    assert composed == lineage.find(apart).full_name


@pytest.mark.parametrize("guid", [GUID, GUID.replace("-", ""), GUID.upper()])
def test_a_guid_is_taken_as_it_is(face: Threads | EventLoop, guid: str) -> None:
    """Without a request; a name of that form must be forced."""
    with Catalog([entity(f"db.s.{GUID}")]).server() as server:
        assert (Table(guid=guid), []) == (face.find(server, guid), server.asked)
        assert f"db.s.{GUID}" == face.find(server, f"name:{GUID}").full_name


def test_an_ambiguous_name_lists_its_tables(face: Threads | EventLoop) -> None:
    """GUID, path, source and workspace of each, and never a silent pick."""
    catalog = Catalog([entity("one.s.orders"), entity("two.s.orders"), entity("three.t.other")])
    with catalog.server() as server, pytest.raises(AmbiguousTableError) as caught:
        face.find(server, "s.orders")
    listed = "; ".join(f"{guid_of(name)} ({name}, dws, {WORKSPACE})" for name in ("one.s.orders", "two.s.orders"))
    assert f"2 tables are named 's.orders': {listed}: give a GUID, or more of the name" == str(caught.value)
    assert [guid_of("one.s.orders"), guid_of("two.s.orders")] == [table.guid for table in caught.value.candidates]


def test_an_unknown_name_is_told_with_the_nearest(face: Threads | EventLoop) -> None:
    """A name that only resembles those of tables is none of theirs."""
    catalog = Catalog([entity("db.sales.orders"), entity("db.sales.orders_daily")])
    with catalog.server() as server, pytest.raises(TableNotFoundError) as caught:
        face.find(server, "sale.orders")
    assert ("db.sales.orders", "db.sales.orders_daily") == caught.value.nearest
    assert "no table is named 'sale.orders'; similar: db.sales.orders, db.sales.orders_daily" == str(caught.value)


@pytest.mark.parametrize("is_in_lineage", [False, True])
def test_a_name_like_too_many_tables_is_looked_for_in_lineage(*, is_in_lineage: bool) -> None:
    """The search cannot compare them all; if lineage knows none of the name, more of it would not help."""
    nodes = chain("d.s.a", "d.s.orders") if is_in_lineage else {}
    many = [entity(f"d.s{number}.orders") for number in range(2_001)]
    with Catalog(many, nodes=nodes).server() as server:
        if is_in_lineage:
            assert guid_of("d.s.orders") == Threads().find(server, "s.orders").guid
            return
        reason = "more than 2,000 tables match 'orders', too many to compare: give the table's GUID"
        with pytest.raises(InvalidArgumentError, match=reason):
            Threads().find(server, "s.orders")


@pytest.mark.parametrize("name", ["", " ", "name:", None])
def test_no_name_is_refused(name: Any) -> None:
    """An empty text names nothing."""
    reason = "table must be a GUID or a name"
    with Catalog().server() as server, pytest.raises(InvalidArgumentError, match=reason):
        Threads().find(server, name)


def only(lineages: list[Lineage | DataMapError]) -> Lineage:
    """The only lineage."""
    (found,) = lineages
    assert isinstance(found, Lineage)
    return found


def names(tables: list[Table]) -> list[str]:
    """Their full names."""
    return [table.full_name for table in tables]


def test_lineage_is_walked_both_ways(face: Threads | EventLoop) -> None:
    """Upstream and downstream, by GUID and by name, as deep as is asked for."""
    with Catalog(nodes=chain("db.ods.a", "db.dwd.b", "db.dws.c")).server() as server:
        lineage = only(face.lineages(server))
    assert ["db.dwd.b", "db.ods.a"] == names(lineage.upstream("dws.c"))
    assert ["db.dwd.b"] == names(lineage.upstream(guid_of("db.dws.c"), depth=1))
    assert ["db.dwd.b", "db.dws.c"] == names(lineage.downstream("a"))
    assert ["to_db.dwd.b"] == [node.name for node in lineage.producers("b")]
    assert ["to_db.dws.c"] == [node.name for node in lineage.readers("b")]
    assert (True, 3, 2) == (lineage.is_whole, len(lineage.tables), len(lineage.edges))


@pytest.mark.parametrize("pages_are_counted", [False, True])
def test_lineage_is_paged_by_operator(face: Threads | EventLoop, *, pages_are_counted: bool) -> None:
    """Operators without rows, and with many, are all read, whatever the offset counts."""
    nodes: dict[str, list[dict[str, Any]]] = {}
    for number in range(250):
        count = (0, 1, 3)[number % 3]
        nodes[f"n{number}"] = [
            lineage_row(f"d.s.s{number}_{one}", f"n{number}", f"d.s.t{number}") for one in range(count)
        ]
    with Catalog(nodes=nodes, pages_are_counted=pages_are_counted).server() as server:
        lineage = only(face.lineages(server))
        asked = len(server.asked)
    assert sum(map(len, nodes.values())) == len(lineage.edges)
    assert (4 if pages_are_counted else 3) == asked


def test_a_page_of_operators_without_rows_is_no_end(face: Threads | EventLoop) -> None:
    """The second of three pages has no rows at all: what the offset counts is asked once, and the third is read."""
    nodes = {
        f"n{number}": [] if 100 <= number < 200 else [lineage_row("d.s.a", f"n{number}", "d.s.b")]
        for number in range(250)
    }
    with Catalog(nodes=nodes).server() as server:
        lineage = only(face.lineages(server))
    assert 150 == len(lineage.edges)


class Moving(Catalog):
    """A service whose first operators are gone once a page of lineage was read, as often as ``times`` says."""

    times = 1

    def _bulk(self, query: dict[str, int]) -> Answer:
        answer = super()._bulk(query)
        if query["offset"] == 0 and self.times:
            self.times -= 1
            for name in list(self.nodes)[:5]:
                del self.nodes[name]
        return answer


@pytest.mark.parametrize(("times", "requests"), [(1, 6), (2, 9), (9, 9)])
def test_lineage_that_moves_while_it_is_read_is_read_again(
    face: Threads | EventLoop, times: int, requests: int
) -> None:
    """Operators that go between two pages hide others, of which none is lost; a list that never rests has an end."""
    nodes = {f"n{number}": [lineage_row("d.s.a", f"n{number}", "d.s.b")] for number in range(250)}
    catalog = Moving(nodes=nodes)
    catalog.times = times
    with catalog.server() as server:
        lineage = only(face.lineages(server))
        asked = len(server.asked)
    assert ({f"n{number}" for number in range(250)}, requests) == (
        {node.name for node in lineage.producers("b")},
        asked,
    )


def test_lineage_that_repeats_a_page_is_an_error(face: Threads | EventLoop) -> None:
    """A server that ignores the offset shows no whole lineage."""
    nodes = {f"n{number}": [lineage_row("d.s.a", f"n{number}", "d.s.b")] for number in range(250)}
    with Catalog(nodes=nodes, ignores_offset=True).server() as server:
        (error,) = face.lineages(server)
    assert isinstance(error, IncompleteWalkError)
    assert "the service sends the same page of lineage for any offset" == str(error)


def test_lineage_is_read_once_for_all(face: Threads | EventLoop) -> None:
    """Calls within minutes, one after the other or at once, share one reading."""
    with Catalog(nodes=chain("d.s.a", "d.s.b")).server() as server:
        assert 5 == len(face.lineages(server, 5))
        assert 1 == len(server.asked)


def test_odd_lineage_is_normal(face: Threads | EventLoop) -> None:
    """A circle, a table made of itself, rows without an end or an operator: nothing is lost, and walks end."""
    nodes = {
        "to_b": [lineage_row("d.s.a", "to_b", "d.s.b"), lineage_row("d.s.a", "to_b", "d.s.b")],
        "to_a": [lineage_row("d.s.b", "to_a", "d.s.a")],
        "self": [lineage_row("d.s.c", "self", "d.s.c"), lineage_row("d.s.a", "self", "d.s.c")],
        "writes": [lineage_row(None, "writes", "d.s.b")],
        "reads": [lineage_row("d.s.c", "reads", None)],
        "nothing": [lineage_row(None, "nothing", None)],
        "": [lineage_row("d.s.c", None, "d.s.d")],
    }
    with Catalog(nodes=nodes).server() as server:
        lineage = only(face.lineages(server))
    assert ["d.s.a", "d.s.b"] == names(lineage.upstream("c"))
    assert ["d.s.b", "d.s.c", "d.s.d"] == names(lineage.downstream("a"))
    assert ["to_b", "writes"] == [node.name for node in lineage.producers("b")]
    assert ["self", "reads"] == [node.name for node in lineage.readers("c")]
    assert () == lineage.producers("d")
    assert ["d.s.c"] == names(lineage.upstream("d", depth=1))


REFUSALS: list[tuple[int, type[DataMapError]]] = [(403, PermissionDeniedError), (404, NotFoundError)]


@pytest.mark.parametrize(("status", "kind"), REFUSALS)
def test_an_operation_that_is_refused_is_named_and_not_asked_again(
    face: Threads | EventLoop, status: int, kind: type[DataMapError]
) -> None:
    """An account that is not invited learns which operation it lacks, at the cost of one request."""
    with Catalog(refused={"bulk": status}).server() as server:
        errors = face.lineages(server, 3)
        assert 1 == len(server.asked)
    assert [kind] * 3 == [type(error) for error in errors]
    assert "ShowLineageBulk is in invitational test: this account may not be invited to it" in str(errors[0])


def test_what_passes_is_no_refusal(face: Threads | EventLoop) -> None:
    """An error of the server is asked again, and its text speaks of no invitation."""
    broken = Answer(b'{"error_code": "APIGW.0601", "error_msg": "no"}', 500)
    with ScriptedServer(broken) as server:
        (first,) = face.lineages(server)
        asked = len(server.asked)
        face.lineages(server)
        assert 2 * asked == len(server.asked)
    assert isinstance(first, ServerError)
    assert "invit" not in str(first)


def test_a_refused_search_leaves_lineage_alone() -> None:
    """Everything that does not need the operation works on, and lineage knows names, too."""
    catalog = Catalog(nodes=chain("d.s.a", "d.s.b"), refused={"search": 403})
    with catalog.server() as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        assert ("d.s.a", ["d.s.a"]) == (client.find_table("a").full_name, names(client.lineage().upstream("b")))
        with pytest.raises(TableNotFoundError, match="no table is named 'q'"):
            client.find_table("q")
        with pytest.raises(PermissionDeniedError, match="ShowDataSets is in invitational test"):
            client.search_tables("a").to_list()
    catalog.refused = {"search": 403, "bulk": 404}
    with (
        catalog.server() as server,
        DataMapClient(endpoint=server.url, **SETTINGS) as client,
        pytest.raises(PermissionDeniedError, match="ShowDataSets is in invitational test"),
    ):
        client.find_table("a")


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda lineage: lineage.upstream("b", depth=0), "depth must be an integer from 1, not 0"),
        (lambda lineage: lineage.find(5), "table must be a GUID or a name, not 5"),
        (lambda lineage: lineage.upstream("q"), "no table is named 'q'"),
    ],
)
def test_lineage_refuses_what_it_cannot_answer(call: Callable[[Lineage], object], reason: str) -> None:
    """A depth of nothing, no name, and a name that no edge has."""
    with Catalog(nodes=chain("d.s.a", "d.s.b")).server() as server:
        lineage = only(Threads().lineages(server))
    with pytest.raises(DataMapError, match=reason):
        call(lineage)


def test_a_guid_without_lineage_has_none() -> None:
    """It is no error: most tables of an instance are in no lineage."""
    with Catalog(nodes=chain("d.s.a", "d.s.b")).server() as server:
        lineage = only(Threads().lineages(server))
    assert ([], ()) == (lineage.upstream(GUID), lineage.producers(GUID))
