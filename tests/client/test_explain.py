"""Why a table is not fresh, asked over real sockets: requests, refused operations, and lineage table by table."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import (
    AmbiguousTableError,
    AsyncDataMapClient,
    DataMapClient,
    Explanation,
    InvalidArgumentError,
    LineageKnowledge,
    Retry,
    TableNotFoundError,
    TableRule,
    Trouble,
    Verdict,
)
from support.catalog_server import Factory, around, chain, entity, guid_of, lineage_row
from support.faces import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.scripted_server import ScriptedServer

HOUR = 3_600_000
MAX_AGE = timedelta(hours=26)
PATHS = ("db.ods.a", "db.dwd.b", "db.dws.c")


def daily(status: str, *, rank: int = 0) -> list[tuple[int, str]]:
    """A success on each of some days, and today a run of a status."""
    first = int(time.time() * 1000) - 5 * HOUR + rank * 60_000
    return [*((first - day * 24 * HOUR, "success") for day in range(4, 0, -1)), (first, status)]


def broken_chain(**changes: Any) -> Factory:
    """Three tables, each made of the one before; the operator of the second one failed."""
    runs = {"to_db.dwd.b": daily("fail"), "to_db.dws.c": daily("skip-by-depend", rank=1)}
    return Factory(**{"nodes": chain(*PATHS), "runs": runs, **changes})


def asked(server: ScriptedServer) -> Counter[str]:
    """How often each operation was asked for, by the last part of its path."""
    return Counter(one.target.partition("?")[0].rpartition("/")[2] for one in server.asked)


def threads(server: ScriptedServer, table: str = "dws.c") -> Explanation:
    """Through the client for threads."""
    with DataMapClient(endpoint=server.url, **SETTINGS) as client:
        return client.explain(table, max_age=MAX_AGE)


def event_loop(server: ScriptedServer, table: str = "dws.c") -> Explanation:
    """Through the client for an event loop."""

    async def call() -> Explanation:
        async with AsyncDataMapClient(endpoint=server.url, **SETTINGS) as client:
            return await client.explain(table, max_age=MAX_AGE)

    return asyncio.run(call())


@pytest.mark.parametrize("explain", [threads, event_loop])
def test_the_failing_run_upstream_is_named(explain: Any) -> None:
    """With its operator, its run, its log path, and the way from the table to it."""
    with broken_chain().server() as server:
        explanation = explain(server)
    (cause,) = explanation.causes
    assert (Verdict.STALE, Trouble.FAILED, "db.dwd.b") == (explanation.verdict, cause.trouble, cause.table.full_name)
    assert ("to_db.dwd.b", "obs://logs/to_db.dwd.b.job") == (cause.operator.job_name, cause.run.execution_log_path)
    assert ["db.dws.c", "db.dwd.b"] == [link.table.full_name for link in explanation.chain(cause)]


def test_a_name_costs_no_search_and_lineage_is_read_once() -> None:
    """Bulk lineage knows the name; a second call asks for operators and runs alone."""
    with broken_chain().server() as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        for _ in range(2):
            client.explain("c", max_age=MAX_AGE)
        assert {"bulk": 1, "node": 4, "instances": 4} == asked(server)


def test_three_hundred_names_are_resolved_by_lineage_alone() -> None:
    """Without a search each."""
    paths = [f"db.dws.t{number}" for number in range(300)]
    nodes = {"load": [lineage_row(None, "load", path) for path in paths]}
    with Factory(nodes=nodes).server() as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        lineage = client.lineage()
        assert [guid_of(path) for path in paths] == [lineage.find(path.removeprefix("db.")).guid for path in paths]
        assert {"bulk": 1} == asked(server)


def test_a_name_that_lineage_does_not_know_is_searched_for() -> None:
    """A table without lineage has a name all the same; one that neither knows is an error with the nearest names."""
    catalog = broken_chain(entities=[entity("db.raw.plain")])
    with catalog.server() as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        explanation = client.explain("plain", max_age=MAX_AGE)
        assert (guid_of("db.raw.plain"), LineageKnowledge.UNKNOWN) == (explanation.table.guid, explanation.lineage)
        with pytest.raises(TableNotFoundError, match=r"no table is named 'dwd\.bb'; similar: db\.dwd\.b"):
            client.explain("dwd.bb")


@pytest.mark.parametrize(
    ("bulk", "similar"), [(200, "; similar: db.dwd.b"), (403, ""), (500, "")], ids=["read", "refused", "broken"]
)
def test_a_slip_in_the_last_part_of_a_name_finds_similar_ones(bulk: int, similar: str) -> None:
    """The search finds nothing that is like it: lineage knows names, and its trouble hides no answer."""
    catalog = Factory(nodes=chain("db.ods.a", "db.dwd.b_orders"), refused={} if bulk == 200 else {"bulk": bulk})
    with (
        catalog.server() as server,
        DataMapClient(endpoint=server.url, **{**SETTINGS, "retry": Retry(attempts=1)}) as client,
        pytest.raises(TableNotFoundError) as caught,
    ):
        client.find_table("dwd.b_ordesr")
    assert f"no table is named 'dwd.b_ordesr'{similar and similar + '_orders'}" == str(caught.value)


@pytest.mark.parametrize("status", [500, 503, 400])
@pytest.mark.parametrize(
    ("call", "searches"),
    [
        (lambda client: client.explain("dwd.b_ordesr", max_age=MAX_AGE), 1),
        (lambda client: client.find_table("dwd.b_ordesr"), 1),
        (lambda client: client.check_tables(TableRule(name=name, max_age=MAX_AGE) for name in ("s.b", "s.c")), 2),
    ],
    ids=["explain", "find_table", "check_tables"],
)
def test_lineage_that_fails_is_asked_for_once_for_a_slip(
    status: int, call: Callable[[DataMapClient], Any], searches: int
) -> None:
    """Who could not read lineage to begin with does not ask for it again to name what is alike."""
    catalog = Factory(nodes=chain("db.ods.a", "db.dwd.b_orders"), refused={"bulk": status})
    with (
        catalog.server() as server,
        DataMapClient(endpoint=server.url, **{**SETTINGS, "retry": Retry(attempts=1)}) as client,
    ):
        with suppress(TableNotFoundError):
            assert all(isinstance(check.error, TableNotFoundError) for check in call(client))
        assert {"bulk": 1, "search": searches} == asked(server)


def test_an_ambiguous_name_of_lineage_is_no_pick() -> None:
    """The tables are listed, as for a search."""
    with Factory(nodes=chain("one.s.t", "two.s.t")).server() as server, pytest.raises(AmbiguousTableError):
        threads(server, "t")


def made_again(path: str) -> dict[str, Any]:
    """A row of lineage that names another table by a path: one that was dropped, and whose operators ran before."""
    return {**lineage_row(None, "old", path), "target_guid": "dead" * 8}


@pytest.mark.parametrize("is_listed", [False, True])
def test_a_table_that_was_made_again_is_the_one_that_is_left(*, is_listed: bool) -> None:
    """Lineage knows the dropped one, too; the search says which one there is, or that the other is deleted."""
    gone = {**entity("db.dws.c", guid="dead" * 8), "status": "DELETED"}
    catalog = broken_chain(entities=[entity("db.dws.c"), *([gone] if is_listed else [])])
    catalog.nodes["old"] = [made_again("db.dws.c")]
    with catalog.server() as server:
        assert guid_of("db.dws.c") == threads(server).table.guid


def test_two_tables_of_one_path_that_both_exist_are_no_pick() -> None:
    """As where the search is refused, and cannot tell."""
    both = [entity("db.dws.c"), entity("db.dws.c", guid="dead" * 8)]
    for changes in ({"entities": both}, {"refused": {"search": 403}}, {"refused": {"search": 500}}):
        catalog = broken_chain(**changes)
        catalog.nodes["old"] = [made_again("db.dws.c")]
        with catalog.server() as server, pytest.raises(AmbiguousTableError, match=r"2 tables are named 'dws\.c'"):
            threads(server)


def test_a_guid_may_be_written_in_either_case() -> None:
    """As it is copied from a console: it leads to the lineage of the table all the same."""
    guid = "ABCDEF00-1111-2222-3333-444455556666"
    catalog = broken_chain()
    catalog.nodes["to_db.dws.c"][0]["target_guid"] = guid.lower()
    with catalog.server() as server:
        assert (guid.lower(), LineageKnowledge.KNOWN) == (
            threads(server, guid).table.guid,
            threads(server, guid).lineage,
        )


def test_a_reader_does_not_make_a_table_fresh() -> None:
    """ShowNodes lists it among the operators of the table, and lineage tells it apart."""
    runs = {"to_db.dwd.b": daily("fail"), "reads b": daily("success")}
    factory = broken_chain(runs=runs, readers={"db.dwd.b": ["reads b"]})
    with factory.server() as server:
        known = threads(server, "dwd.b")
        assert ["to_db.dwd.b"] == [one.job_name for one in known.status.operators]
    with broken_chain(runs=runs, readers=factory.readers, refused={"bulk": 403, "guid": 403}).server() as server:
        unknown = threads(server, guid_of("db.dwd.b"))
        assert ["reads b", "to_db.dwd.b"] == [one.job_name for one in unknown.status.operators]
    assert LineageKnowledge.REFUSED is unknown.lineage
    assert "lineage cannot be read: readers count as producers, and no table upstream was examined" in unknown.notes
    assert unknown.sentence.endswith("; its lineage is unknown.")


@pytest.mark.parametrize("table", ["dws.c", guid_of("db.dws.c")], ids=["name", "guid"])
@pytest.mark.parametrize("status", [500, 400])
def test_lineage_that_fails_leaves_the_table_to_be_explained(table: str, status: int) -> None:
    """A service that cannot tell what is upstream tells the run that failed all the same, and why it is alone."""
    catalog = broken_chain(refused={"bulk": status, "guid": 500}, entities=[entity(path) for path in PATHS])
    with (
        catalog.server() as server,
        DataMapClient(endpoint=server.url, **{**SETTINGS, "retry": Retry(attempts=1)}) as client,
    ):
        explanation = client.explain(table, max_age=MAX_AGE)
        assert 1 == asked(server)["bulk"]
    assert (Verdict.STALE, "db.dws.c" if "." in table else table) == (explanation.verdict, explanation.table.full_name)
    assert [f"lineage could not be read: HTTP {status}"] == [explanation.notes[0][:35]]
    assert LineageKnowledge.REFUSED is explanation.lineage


def test_lineage_that_fails_is_asked_for_table_by_table() -> None:
    """As where it is refused; a note says why."""
    graphs = {guid_of(path): around(*some, nodes=NODES) for path, some in (("db.dws.c", STEPS), ("db.dwd.b", STEPS))}
    with broken_chain(refused={"bulk": 400}, around=graphs).server() as server:
        explanation = threads(server, guid_of("db.dws.c"))
    assert ["db.dwd.b"] == [cause.table.full_name for cause in explanation.causes]
    assert explanation.notes[0].startswith("lineage could not be read: HTTP 400")


STEPS = [
    ("db.ods.a", "to_db.dwd.b"),
    ("to_db.dwd.b", "db.dwd.b"),
    ("db.dwd.b", "to_db.dws.c"),
    ("to_db.dws.c", "db.dws.c"),
]
NODES = ("to_db.dwd.b", "to_db.dws.c")


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("is_whole", [False, True])
def test_lineage_is_read_table_by_table_where_bulk_is_refused(*, reverse: bool, is_whole: bool) -> None:
    """Whichever end is upstream, and whether one step comes or the whole graph; operators may stand between."""
    steps = {"db.dws.c": STEPS if is_whole else STEPS[2:], "db.dwd.b": STEPS[:2]}
    graphs = {guid_of(path): around(*some, reverse=reverse, nodes=NODES) for path, some in steps.items()}
    with broken_chain(refused={"bulk": 404}, around=graphs).server() as server:
        explanation = threads(server, guid_of("db.dws.c"))
    (cause,) = explanation.causes
    assert ("db.dwd.b", LineageKnowledge.KNOWN) == (cause.table.full_name, explanation.lineage)


@pytest.mark.parametrize("reverse", [False, True])
def test_tables_may_follow_each_other_without_an_operator(*, reverse: bool) -> None:
    """Then all operators of an upstream table cannot be told apart, and none of them counts; columns are left out."""
    graph = around(("db.dwd.b", "db.dws.c"), reverse=reverse)
    graph["relationships"].append(
        {"ep1_id": "x", "ep1_type_name": "dataasset.Column", "ep2_id": "y", "ep2_type_name": "dataasset.Column"}
    )
    with broken_chain(refused={"bulk": 404}, around={guid_of("db.dws.c"): graph}).server() as server:
        explanation = threads(server, guid_of("db.dws.c"))
    assert ["db.dws.c"] == [link.table.full_name for link in explanation.causes]
    assert LineageKnowledge.KNOWN is explanation.lineage


@pytest.mark.parametrize("is_whole", [True, False])
@pytest.mark.parametrize("kind", ["dataasset.View", "dws_view", "dataasset.MaterializedView"])
def test_a_view_is_no_operator_and_is_looked_through(kind: str, *, is_whole: bool) -> None:
    """What stands between two tables without an operator of its own hides no trouble behind it."""
    steps = [*STEPS[:2], ("db.dwd.b", "db.dwd.v"), ("db.dwd.v", "to_db.dws.c"), ("to_db.dws.c", "db.dws.c")]
    graph = around(*steps, nodes=NODES)
    for document in graph["entities"]:
        if document["guid"] == guid_of("db.dwd.v"):
            document["type_name"] = kind
    for edge in graph["relationships"]:
        edge |= {f"ep{end}_type_name": kind for end in (1, 2) if edge[f"ep{end}_id"] == guid_of("db.dwd.v")}
    catalog = broken_chain(refused={} if is_whole else {"bulk": 404}, around={guid_of("db.dws.c"): graph})
    if is_whole:
        catalog.nodes["to_db.dws.c"] = [lineage_row("db.dwd.v", "to_db.dws.c", "db.dws.c")]
        catalog.nodes["view"] = [lineage_row("db.dwd.b", None, "db.dwd.v")]
    with catalog.server() as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        explanation = client.explain(guid_of("db.dws.c"), max_age=MAX_AGE)
        upstream = client.table_lineage(guid_of("db.dws.c")).upstream(guid_of("db.dws.c"))
    assert ["db.dwd.b"] == [cause.table.full_name for cause in explanation.causes]
    assert ["db.dwd.v", "db.dwd.b"] == [one.full_name for one in upstream][:2]


def test_a_circle_around_a_table_ends() -> None:
    """The graph leads back to where it began: each of the two tables is asked for once."""
    graph = around(("db.dws.c", "db.dwd.b"), ("db.dwd.b", "db.dws.c"), ("db.dws.c", "db.dws.c"))
    graphs = {guid_of(path): graph for path in ("db.dws.c", "db.dwd.b")}
    with broken_chain(refused={"bulk": 404}, around=graphs).server() as server:
        threads(server, guid_of("db.dws.c"))
        assert 2 == sum("lineage/guid" in one.target for one in server.asked)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"max_age": 26}, "max_age must be a positive timedelta"),
        ({"since": timedelta(0)}, "since must be a positive timedelta"),
        ({"depth": 0}, "depth must be an integer from 1"),
    ],
)
def test_bad_arguments_send_nothing(arguments: dict[str, Any], reason: str) -> None:
    """They are refused first."""
    with broken_chain().server() as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        with pytest.raises(InvalidArgumentError, match=reason):
            client.explain("c", **arguments)
        assert [] == server.asked


def test_a_table_that_lineage_does_not_know_is_explained_alone() -> None:
    """Where it is asked table by table, one without lineage is no error: its operators are listed all the same."""
    service = broken_chain(refused={"bulk": 403}, readers={"db.raw.x": ["load"]})
    service.runs = {"load": daily("fail")}
    with service.server() as server:
        explanation = threads(server, guid_of("db.raw.x"))
    assert (LineageKnowledge.UNKNOWN, [Trouble.FAILED]) == (
        explanation.lineage,
        [cause.trouble for cause in explanation.causes],
    )
