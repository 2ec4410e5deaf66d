"""Which operators of a table count, asked over real sockets: what lineage tells, costs, and must not break."""

from __future__ import annotations

import time
import warnings
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import (
    InvalidArgumentError,
    OperatorBasis,
    ProducersUnknownWarning,
    Retry,
    Verdict,
)
from support.catalog_server import Factory, around, guid_of, lineage_row

if TYPE_CHECKING:
    from support.faces import Face
    from support.scripted_server import ScriptedServer

HOUR = 3_600_000
TABLE = "db.dws.orders"
GUID = guid_of(TABLE)
NOW = int(time.time() * 1000)
LONG_AGO, JUST_NOW = [(NOW - 160 * HOUR, "success")], [(NOW - HOUR, "success")]
NODES = {
    "load": [lineage_row("db.ods.orders", "load", TABLE)],
    "check": [lineage_row(TABLE, "check", None)],
}
RUNS = {"load": LONG_AGO, "check": JUST_NOW}


def flow(*jobs: str, has_nodes: bool = True) -> dict[str, dict[str, Any]]:
    """What ShowDatamapLineage says of what flows into the table: through each job, or from a table straight away."""
    source = "db.ods.orders"
    through = [step for job in jobs for step in ((source, job), (job, TABLE))]
    return {GUID: around(*through, nodes=jobs) if has_nodes else around((source, TABLE))}


def factory(**changes: Any) -> Factory:
    """A table that a job loaded a week ago, and that another one checks each hour."""
    known: dict[str, Any] = {"nodes": NODES, "runs": RUNS, "readers": {TABLE: ["check"]}, "around": flow("load")}
    return Factory(**{**known, **changes})


def asked(server: ScriptedServer) -> Counter[str]:
    """How often each operation was asked for."""
    names = [one.target.partition("?")[0].split("/") for one in server.asked]
    return Counter("guid" if parts[-2] == "guid" else parts[-1] for parts in names)


def test_a_reader_does_not_make_a_table_fresh(face: Face) -> None:
    """It costs one request to know that it only reads: its runs are not even asked for, and the status names it."""
    with factory().server() as server, face.client(server.url) as client:
        status = client.table_status(GUID, max_age=timedelta(hours=26))

    assert (Verdict.STALE, OperatorBasis.LINEAGE) == (status.verdict, status.basis)
    assert (["load"], ["check"], ()) == (
        [one.job_name for one in status.operators],
        [one.job_name for one in status.others],
        status.notes,
    )
    assert ("lineage", "check") == (status.to_dict()["basis"], status.to_dict()["others"][0]["job_name"])
    assert {"node": 1, "guid": 1, "instances": 1} == asked(server)


@pytest.mark.parametrize("status", [403, 404, 500])
def test_without_lineage_all_count_and_the_status_says_so(status: int, face: Face) -> None:
    """Whatever is wrong with lineage breaks nothing; where it is refused as such, it is asked for once."""
    answered = {"guid": status, "bulk": status}
    with factory(refused=answered).server() as server, face.client(server.url, retry=Retry(attempts=1)) as client:
        first, second = (client.table_status(GUID, max_age=timedelta(days=9)) for _ in range(2))

    assert (Verdict.FRESH, OperatorBasis.ASSOCIATED, 2, ()) == (
        first.verdict,
        first.basis,
        len(first.operators),
        first.others,
    )
    assert first.notes == second.notes
    assert "readers and producers cannot be distinguished: " in first.notes[0]
    assert (2 if status == 500 else 1) == asked(server)["bulk"]


@pytest.mark.parametrize("told", [{}, flow("load", has_nodes=False), flow("another_name")])
def test_short_lineage_is_read_where_that_of_the_table_does_not_tell(told: dict[str, Any], face: Face) -> None:
    """A request says how many operators there are, and the others read them; it is cached for all tables."""
    with factory(around=told).server() as server, face.client(server.url) as client:
        statuses = [client.table_status(GUID) for _ in range(3)]

    assert {OperatorBasis.LINEAGE} == {one.basis for one in statuses}
    assert {"node": 3, "guid": 1, "bulk": 2, "instances": 3} == asked(server)


def test_long_lineage_is_not_read_for_one_table(face: Face) -> None:
    """In an instance of 10,000 operators, a status costs two requests more, and says what it could not tell."""
    nodes = {**NODES, **{f"other {number}": [] for number in range(10_000)}}
    with factory(nodes=nodes, around={}).server() as server, face.client(server.url) as client:
        first, _ = client.table_status(GUID), client.table_status(GUID)

    assert OperatorBasis.ASSOCIATED is first.basis
    assert "the instance has 10,002 operators, too many to read all lineage for one table" in first.notes[0]
    assert {"node": 2, "guid": 2, "bulk": 1, "instances": 4} == asked(server)


def test_lineage_that_is_cached_costs_nothing(face: Face) -> None:
    """After lineage was read for something else, no status asks for any."""
    with factory().server() as server, face.client(server.url) as client:
        client.lineage()
        assert OperatorBasis.LINEAGE is client.table_status(GUID).basis
    assert {"node": 1, "bulk": 1, "instances": 1} == asked(server)


def test_named_operators_and_the_associated_ones_need_no_lineage(face: Face) -> None:
    """Nothing is asked that the caller has answered; a name that fits no operator is refused before lineage is read."""
    with factory().server() as server, face.client(server.url) as client:
        named = client.table_status(GUID, only=["check"])
        all_of_them = client.table_status(GUID, role="associated")
        with pytest.raises(InvalidArgumentError, match="called 'chek'"):
            client.table_status(GUID, ignore=["chek"])
        with pytest.raises(InvalidArgumentError, match="role must be 'associated' or 'producers', not 'all'"):
            client.list_operators(GUID, role="all")  # type: ignore[arg-type]  # the wrong one to refuse

    assert (OperatorBasis.CHOSEN, OperatorBasis.ASSOCIATED) == (named.basis, all_of_them.basis)
    assert ("readers and producers cannot be distinguished: lineage was not requested",) == all_of_them.notes
    assert {"node": 3, "instances": 3} == asked(server)


def test_ignored_producer(face: Face) -> None:
    """One that is ignored makes no reader count; if none that writes the table is left, that is wrong usage."""
    both = {**NODES, "mend": [lineage_row("db.ods.orders", "mend", TABLE)]}
    with factory(nodes=both, around=flow("load", "mend")).server() as server, face.client(server.url) as client:
        found = client.find_producers(GUID, ignore=["load"])
        assert found == client.find_producers(GUID, ignore=iter(["load"]))
        with pytest.raises(InvalidArgumentError, match="no operator that writes the table is left to judge: it has "):
            client.find_producers(GUID, ignore=["load", "mend"])

    assert (["mend"], ["check"], ["load"]) == tuple(
        [one.job_name for one in some] for some in (found.operators, found.others, found.ignored)
    )


def test_a_stale_edge_is_no_failure(face: Face) -> None:
    """A producer without runs in the window fails nothing: how the table stands is not known."""
    with factory(runs={"check": JUST_NOW}).server() as server, face.client(server.url) as client:
        status = client.table_status(GUID)
    assert (Verdict.UNKNOWN, OperatorBasis.LINEAGE, 1) == (status.verdict, status.basis, len(status.left_out))


def test_what_does_not_join_is_named(face: Face) -> None:
    """An operator of lineage that is not listed, and a listed one that lineage does not know: they may be the same."""
    renamed = {**NODES, "old_load": [lineage_row("db.ods.orders", "old_load", TABLE)]}
    listed = {TABLE: ["check", "new_load"]}
    with factory(readers=listed).server() as server, face.client(server.url) as client:
        client.lineage()
        unknown = client.find_producers(GUID)
    assert (["load"], ["check", "new_load"]) == tuple(
        [one.job_name for one in some] for some in (unknown.operators, unknown.others)
    )
    assert ("new_load is listed for db.dws.orders, but lineage does not know it: it does not count",) == unknown.notes

    class Renamed(Factory):
        """A service that does not list ``old_load``."""

        def answer(self, asked: Any) -> Any:
            if not asked.target.endswith("/node"):
                return super().answer(asked)
            shown = {name: rows for name, rows in self.nodes.items() if name != "old_load"}
            return Factory(nodes=shown, readers=self.readers).answer(asked)

    with Renamed(nodes=renamed, runs=RUNS, readers=listed).server() as server, face.client(server.url) as client:
        found = client.find_producers(GUID)
    assert ["new_load", "load"] == [one.job_name for one in found.operators]
    assert (
        "lineage says that old_load writes db.dws.orders, but the service does not list it",
        "new_load may have another name in lineage, and write db.dws.orders: it counts",
    ) == found.notes


def test_roles_of_a_list(face: Face) -> None:
    """All come unless the producers are asked for; where these are not known, a warning says so."""
    with factory().server() as server, face.client(server.url) as client, warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ["check", "load"] == [one.job_name for one in client.list_operators(GUID)]
        assert ["load"] == [one.job_name for one in client.list_operators(GUID, role="producers")]
    with (
        factory(refused={"guid": 403, "bulk": 403}).server() as server,
        face.client(server.url) as client,
        pytest.warns(ProducersUnknownWarning, match="does not let this account read lineage") as told,
    ):
        found = client.list_operators(GUID, role="producers")
    assert (["check", "load"], 1) == ([one.job_name for one in found], len(told))
