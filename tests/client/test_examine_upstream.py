"""What feeds a table, asked over real sockets: how each table stands, bounds, and what it costs."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import InvalidArgumentError, LineageKnowledge, Trouble
from dataarts_datamap._report.upstream_graph import standing
from support.answers import json_answer
from support.catalog_server import Factory, chain, entity, guid_of, lineage_row
from support.command import called, point_at
from support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from support.faces import Face

HOUR = 3_600_000
NOW = int(time.time() * 1000)
PATHS = ("db.ods.a", "db.dwd.b", "db.dws.c")
GUID = guid_of("db.dws.c")
RUNS = {
    "to_db.dwd.b": [(NOW - 5 * HOUR, "fail")],
    "to_db.dws.c": [(NOW - 30 * HOUR, "success"), (NOW - 4 * HOUR, "skip-by-depend")],
}


def factory(**changes: Any) -> Factory:
    """A chain of three tables, of which the second one failed; a fourth feeds the third, and a circle leads back."""
    nodes = {
        **chain(*PATHS),
        "again": [lineage_row("db.ods.x", "again", "db.dws.c"), lineage_row("db.dws.c", "again", "db.ods.x")],
    }
    return Factory(**{"nodes": nodes, "runs": RUNS, "entities": [entity(path) for path in PATHS], **changes})


def asked(server: ScriptedServer) -> Counter[str]:
    """How often each operation was asked for, by the last part of its path."""
    return Counter(one.target.partition("?")[0].rpartition("/")[2] for one in server.asked)


def test_each_table_upstream_has_its_standing(face: Face) -> None:
    """The nearest first, with the run that shows the trouble; a circle ends, and its step back is there."""
    with factory().server() as server, face.client(server.url) as client:
        upstream = client.examine_upstream("dws.c", max_age=timedelta(hours=26))
    assert ["db.dws.c", "db.dwd.b", "db.ods.x", "db.ods.a"] == [one.table.full_name for one in upstream.tables]
    assert [0, 1, 1, 2] == [one.steps for one in upstream.tables]
    assert [Trouble.SKIPPED, Trouble.FAILED, None, None] == [one.trouble for one in upstream.tables]
    assert [True, True, False, False] == [one.is_judged for one in upstream.tables]
    assert [False, False, False, True] == [one.is_source for one in upstream.tables]
    (broken,) = upstream.troubled
    told = broken.to_dict()
    assert ("to_db.dwd.b", "obs://logs/to_db.dwd.b.job") == (told["job_name"], told["log_path"])
    assert 4 == len(upstream.edges)
    assert upstream.to_dict() == json.loads(json.dumps(upstream.to_dict()))
    assert {"search": 1, "bulk": 2, "node": 3, "instances": 3} == asked(server)


@pytest.mark.parametrize("status", [403, 404])
def test_a_table_whose_operators_cannot_be_read_is_not_from_elsewhere(face: Face, status: int) -> None:
    """Lineage names its job, so it is only not judged, whether the operators are refused or unknown to the service."""
    service, hidden = factory(), f"/{guid_of('db.dwd.b')}/node"
    refused = json_answer({"error_code": "DLM.1", "error_msg": "no"}, status=status)
    with (
        ScriptedServer(lambda asked: refused if asked.target.endswith(hidden) else service.answer(asked)) as server,
        face.client(server.url) as client,
    ):
        upstream = client.examine_upstream(GUID)
    assert ["not judged"] == [standing(one) for one in upstream.tables if one.table.full_name == "db.dwd.b"]


def test_it_is_bounded(face: Face) -> None:
    """By steps and by tables, and the bound of tables is told."""
    with factory().server() as server, face.client(server.url) as client:
        near = client.examine_upstream(GUID, depth=1)
        few = client.examine_upstream(GUID, tables=2)
        with pytest.raises(InvalidArgumentError, match="tables"):
            client.examine_upstream(GUID, tables=0)
        with pytest.raises(InvalidArgumentError, match="depth must be an integer from 1"):
            client.examine_upstream(GUID, depth=0)
    assert {"db.dws.c", "db.dwd.b", "db.ods.x"} == {one.table.full_name for one in near.tables}
    limit = "not all tables upstream were examined: at most 2, including the table itself"
    assert (2, (limit,)) == (len(few.tables), few.notes[-1:])
    names = {one.table.guid for one in few.tables}
    assert all({edge["source_guid"], edge["target_guid"]} <= names for edge in few.to_dict()["edges"])


def test_where_lineage_is_refused_nothing_is_read(face: Face) -> None:
    """What feeds it is not known then, which costs two requests in a client's life."""
    with factory(refused={"bulk": 403, "guid": 403}).server() as server, face.client(server.url) as client:
        upstreams = [client.examine_upstream(GUID) for _ in range(2)]
    assert {LineageKnowledge.REFUSED} == {one.lineage for one in upstreams}
    assert [1, 1] == [len(one.tables) for one in upstreams]
    assert 2 == len(server.asked)


def test_in_a_report(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Unless it is of the past, or not to have it; one that cannot be read leaves the report."""
    service = factory()
    with service.server() as server:
        point_at(server, monkeypatch)
        _, out, _ = called(capfdbinary, "report", GUID)
        assert ["db.dwd.b"] == [
            one["full_name"] for one in json.loads(out)["upstream"]["tables"] if one["trouble"] == "failed"
        ]
        for options in (["--upstream", "0"], ["--since", "2d", "--end", "2026-01-01"]):
            _, out, _ = called(capfdbinary, "report", GUID, *options)
            assert json.loads(out)["upstream"] is None
        _, out, _ = called(capfdbinary, "report", GUID, "--output", "table")
        assert "\nUpstream: 3 tables feed it; in trouble: db.dwd.b (failed).\n" in out
        service.refused = {"bulk": 400}
        code, out, err = called(capfdbinary, "report", GUID)
    assert (0, None, True) == (
        code,
        json.loads(out)["upstream"],
        "the tables upstream could not be read: HTTP 400" in err,
    )
