"""Composed broken servers are the same for the same seed, say what is wrong with them, and serve requests."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from dataarts_datamap_contract._broken.caller import Caller
from dataarts_datamap_contract._broken.seams import Response, Seam
from dataarts_datamap_contract.mock import TABLE_GUID, MockConfig
from dataarts_datamap_contract.mock._web.record import Record
from dataarts_datamap_contract.mutants._composed import compose
from dataarts_datamap_contract.mutants._composed_wire import Met

NOW = datetime(2024, 2, 1, tzinfo=UTC)
CONFIG = MockConfig(now=NOW, clock=lambda: NOW, scenario="varied")
SEED, SERVERS = 7, 40
SENTENCE = (
    r"(With|Without|When|Every|In|For|On|After) [^{}]+, "
    r"((ShowInstanceInfos|ShowNodes|ShowDataSets|ShowDataDetail|ListEntityDetails|ShowLineageBulk|ShowDatamapLineage) "
    r"[a-z]+ [^{}]+|(an?|the) [^{}]+)\."
)


def responses(caller: Caller) -> list[Response]:
    """What a server sends to two equal requests for each operation."""
    search = {"query": "orders", "limit": 50, "offset": 0}
    return [
        response
        for _ in range(2)
        for response in (
            caller.runs(limit=50),
            caller.nodes(),
            caller.ask("POST", "/v3/{p}/datamap/entities/search", search),
            caller.ask("GET", f"/v1/{{p}}/datamap/entities/guid/{TABLE_GUID}"),
            caller.ask("POST", "/v1/{p}/datamap/entities/guids", [TABLE_GUID]),
            caller.ask("GET", "/v1/{p}/datamap/lineage/bulk?offset=0&limit=50"),
            caller.ask("GET", f"/v2/{{p}}/datamap/lineage/guid/{TABLE_GUID}?direction=IN"),
        )
    ]


def served_by(seam: Seam) -> list[tuple[int, object, object]]:
    """The status, the header fields and the document of each response of a server; its bytes if they are no JSON."""
    caller = Caller(seam.build(CONFIG, Record()), CONFIG)
    return [(response.status, response.headers, document_of(response)) for response in responses(caller)]


def document_of(response: Response) -> object:
    """The document of a response, in whichever way it is written."""
    try:
        return json.loads(response.body)
    except ValueError:
        return response.body


def test_equal_seeds_give_equal_servers() -> None:
    """A seed and a number always give the same server; another seed gives others."""
    servers, again, others = (
        [(server.name, server.rule) for server in (compose(seed, number) for number in range(SERVERS))]
        for seed in (SEED, SEED, SEED + 1)
    )

    assert servers == again
    assert set() == set(servers) & set(others)


@pytest.mark.parametrize("number", range(SERVERS))
def test_serves(number: int) -> None:
    """A composed server says in one sentence what is wrong with it, and two of a kind send the same documents."""
    server, twin = compose(SEED, number), compose(SEED, number)

    assert re.fullmatch(SENTENCE, server.rule), server.rule
    assert served_by(server.seam) == served_by(twin.seam)
    assert server.met == twin.met


@pytest.mark.parametrize("operation", ["ShowDataSets", "ListEntityDetails"])
def test_no_server_fails_on_a_body(operation: str) -> None:
    """A body that no server accepts is refused by each server whose rule does not name another response."""
    path = {"ShowDataSets": "v3/{p}/datamap/entities/search", "ListEntityDetails": "v1/{p}/datamap/entities/guids"}
    composed = [compose(SEED, number) for number in range(10 * SERVERS)]
    servers = [each for each in composed if operation in each.rule and "in place of 400" not in each.rule]
    callers = {server.rule: Caller(server.seam.build(CONFIG, Record()), CONFIG) for server in servers}
    statuses = {
        (rule, body[:4]): caller.ask("POST", f"/{path[operation]}", body).status
        for rule, caller in callers.items()
        for body in (b"null", b"7", b"[" * 20_000, b'{"limit": 1e999}', b'{"limit": NaN}')
    }

    assert dict.fromkeys(statuses, 400) == statuses
    assert any("GUID" in rule for rule in callers) is (operation == "ListEntityDetails")


def test_no_server_fails_on_a_long_number() -> None:
    """A number of more digits than Python converts is refused by each server, as by the reference."""
    servers = [each for each in (compose(SEED, number) for number in range(4 * SERVERS)) if "Infos" in each.rule]
    callers = [Caller(server.seam.build(CONFIG, Record()), CONFIG) for server in servers]

    assert {400} == {caller.runs(offset="9" * 5_000).status for caller in callers}


def test_the_first_response_follows_none() -> None:
    """What is kept of earlier responses is empty until there is one."""
    met, first, second = Met(), Response(200, {}, b"1"), Response(404, {}, b"2")
    kept: list[tuple[int, dict[int, Response]]] = []
    for response in (first, second):
        met.note({"type": "http", "client": None}, response)
        kept.append((met.last.status, dict(met.kept)))

    assert [(0, {}), (200, {200: first})] == kept


def test_connections_keep_their_number() -> None:
    """A response on an earlier connection counts as one of that connection, also after a later one was opened."""
    met = Met()
    numbers: list[tuple[int, int]] = []
    for peer in (("127.0.0.1", 1), ("127.0.0.1", 2), ("127.0.0.1", 1)):
        met.note({"type": "http", "client": peer}, Response(200, {}, b""))
        numbers.append((met.connection, met.of_connection))

    assert [(0, 0), (1, 0), (0, 1)] == numbers


def test_some_differ_from_the_reference() -> None:
    """A server sends what the reference does until a request meets its condition, as some of these do."""
    reference = served_by(Seam())
    servers = [compose(SEED, number) for number in range(SERVERS)]
    different = {server.name for server in servers if served_by(server.seam) != reference}

    assert different == {server.name for server in servers if server.met} != set()
