"""Details of tables by GUID, and lineage table by table: over real sockets, with each unknown handled both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import InvalidArgumentError, PermissionDeniedError, TableNotFoundError
from support.catalog_server import Catalog, around, chain, entity, guid_of

if TYPE_CHECKING:
    from support.faces import Face

PATHS = ("db.ods.a", "db.dwd.b", "db.dws.c")
STEPS = [
    ("db.ods.a", "to_db.dwd.b"),
    ("to_db.dwd.b", "db.dwd.b"),
    ("db.dwd.b", "to_db.dws.c"),
    ("to_db.dws.c", "db.dws.c"),
]
NODES = ("to_db.dwd.b", "to_db.dws.c")


@pytest.mark.parametrize(("refuses_unknown", "requests"), [(False, 3), (True, 23)])
def test_tables_by_guid(refuses_unknown: bool, requests: int, face: Face) -> None:  # noqa: FBT001
    """Fifty in a request; each GUID has its table or None, whether a GUID that is unknown is left out or refused."""
    names = [f"db.s.t{number}" for number in range(120)]
    catalog = Catalog([entity(name) for name in names if name != "db.s.t70"], refuses_unknown=refuses_unknown)
    with catalog.server() as server, face.client(server.url) as client:
        found = client.get_tables(map(guid_of, [*names, *names]))
        assert requests >= len(server.asked)

    assert list(map(guid_of, names)) == list(found)
    assert [None if name == "db.s.t70" else name for name in names] == [one and one.full_name for one in found.values()]


def test_what_is_refused_or_unknown_is_an_error(face: Face) -> None:
    """An operation that is refused is no table that is unknown; what is no GUID is not sent."""
    with Catalog(refused={"guids": 404, "entities": 403}).server() as server, face.client(server.url) as client:
        with pytest.raises(PermissionDeniedError, match="ShowDataDetail is in invitational test"):
            client.get_table(guid_of("db.s.a"))
        with pytest.raises(Exception, match="ListEntityDetails is in invitational test"):
            client.get_tables([guid_of("db.s.a")])
        asked = len(server.asked)
        for wrong in ("../x", [guid_of("db.s.a"), ""], [1]):
            with pytest.raises(InvalidArgumentError):
                client.get_tables(wrong)  # type: ignore[arg-type]  # the wrong ones to refuse
        with pytest.raises(InvalidArgumentError, match="direction must be 'up' or 'down', not 'both'"):
            client.table_lineage("a", direction="both")  # type: ignore[arg-type]  # as above
        assert asked == len(server.asked)
    with Catalog().server() as server, face.client(server.url) as client:
        with pytest.raises(TableNotFoundError, match="no table has the GUID"):
            client.get_table(guid_of("db.s.a"))
        assert {} == client.get_tables([])


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("is_whole", [False, True])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_lineage_table_by_table(*, reverse: bool, is_whole: bool, direction: Any, face: Face) -> None:
    """Whichever end is upstream, and whether one step comes or the whole graph: in both directions."""
    steps = {"up": {PATHS[2]: STEPS[2:], PATHS[1]: STEPS[:2]}, "down": {PATHS[0]: STEPS[:2], PATHS[1]: STEPS[2:]}}
    start, other = (PATHS[2], PATHS[0]) if direction == "up" else (PATHS[0], PATHS[2])
    graphs = {
        guid_of(path): around(*(STEPS if is_whole else some), reverse=reverse, nodes=NODES)
        for path, some in steps[direction].items()
    }
    catalog = Catalog([entity(path) for path in PATHS], refused={"bulk": 403}, around=graphs)
    with catalog.server() as server, face.client(server.url) as client:
        lineage = client.table_lineage(start.partition(".")[2], direction=direction)
    walked = lineage.upstream(start) if direction == "up" else lineage.downstream(start)
    assert ([PATHS[1], other], False) == ([one.full_name for one in walked], lineage.is_whole)
    assert ["to_db.dwd.b"] == [node.name for node in lineage.producers("b")]


def test_a_table_that_no_edge_names_is_known_by_name(face: Face) -> None:
    """Once it is known to be one; one that is none is an error, unless details are refused."""
    catalog = Catalog([entity("db.raw.plain")], chain(*PATHS))
    with catalog.server() as server, face.client(server.url) as client:
        lineage = client.table_lineage(guid_of("db.raw.plain"))
        assert ((), "db.raw.plain", True) == (
            lineage.inputs("plain"),
            lineage.find("raw.plain").full_name,
            lineage.is_whole,
        )
        assert client.table_lineage("c") is client.lineage()
        with pytest.raises(TableNotFoundError):
            client.table_lineage(guid_of("db.raw.nothing"))
    catalog.refused = {"bulk": 403}
    with catalog.server() as server, face.client(server.url) as client:
        assert [] == client.table_lineage(guid_of("db.raw.plain")).upstream("plain")
        with pytest.raises(TableNotFoundError):
            client.table_lineage(guid_of("db.raw.nothing"))
    catalog.refused = {"entities": 403}
    with catalog.server() as server, face.client(server.url) as client:
        assert [] == client.table_lineage(guid_of("db.raw.nothing")).upstream(guid_of("db.raw.nothing"))
