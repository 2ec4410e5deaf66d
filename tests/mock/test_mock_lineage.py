"""The mock server's searches, details and lineage: one world, and the client's view of each of its stories."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema_rs import Draft202012Validator

from dataarts_datamap import (
    DataMapClient,
    Explanation,
    Lineage,
    LineageKnowledge,
    NotFoundError,
    TableNotFoundError,
    TableRule,
    TokenCredentials,
    Trouble,
    Verdict,
)
from dataarts_datamap_contract.mock import TABLE_GUID, FakeService, MockConfig, MockServer
from dataarts_datamap_contract.specification import load_specification

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dataarts_datamap import LineageEdge
    from dataarts_datamap_contract.mock._config import Scenario
    from support.mock_caller import Caller

MAX_AGE = timedelta(hours=26)


def client_of(server: MockServer) -> DataMapClient:
    """A client of a mock server."""
    config = server.config
    return DataMapClient(
        endpoint=server.url,
        project_id=config.project_id,
        instance_id=config.instance_id,
        credentials=TokenCredentials(config.token),
        requests_per_second=None,
    )


def explained(scenario: Scenario, **changes: Any) -> Explanation:
    """Why the documented table of a scenario is not fresh."""
    with MockServer(MockConfig(scenario=scenario, **changes)) as server, client_of(server) as client:
        return client.explain("sales.dws_orders", max_age=MAX_AGE)


@pytest.mark.parametrize(
    ("scenario", "trouble", "table"),
    [
        ("upstream-failed", Trouble.FAILED, "lake.ods.ods_orders"),
        ("late", Trouble.LATE, "lake.ods.ods_orders"),
        ("waiting", Trouble.RUNNING, "lake.ods.ods_orders"),
        ("cycle", Trouble.FAILED, "lake.dwd.dwd_orders"),
        ("unparsed", Trouble.FAILED, "postgres.sales.dws_orders"),
    ],
)
def test_each_story_has_its_cause(scenario: Scenario, trouble: Trouble, table: str) -> None:
    """The client names the table that the story is about, and nothing else."""
    explanation = explained(scenario)
    (cause,) = explanation.causes
    assert (trouble, table) == (cause.trouble, cause.table.full_name)
    expected = LineageKnowledge.UNKNOWN if scenario == "unparsed" else LineageKnowledge.KNOWN
    assert expected is explanation.lineage


def test_the_failing_run_two_tables_upstream_has_a_log_path() -> None:
    """With the operator and the way to it."""
    explanation = explained("upstream-failed")
    (cause,) = explanation.causes
    assert cause.operator is not None
    assert cause.run is not None
    assert "load_ods_orders" == cause.operator.job_name
    assert (cause.run.execution_log_path or "").endswith("/load_ods_orders/load_ods_orders.job")
    assert 3 == len(explanation.chain(cause))


@pytest.mark.parametrize("reach", ["all", "one-step"])
@pytest.mark.parametrize("through", ["nodes", "tables"])
@pytest.mark.parametrize("first_end", ["upstream", "downstream"])
@pytest.mark.parametrize("flow", ["IN", "OUT"])
def test_lineage_around_a_table_is_read_whatever_it_looks_like(
    reach: Any, through: Any, first_end: Any, flow: Any
) -> None:
    """One step or all, through operators or not, either end first: the client's view is the same, both ways."""
    config = MockConfig(
        scenario="upstream-failed", lineage_reach=reach, lineage_through=through, lineage_first_end=first_end
    )
    with MockServer(config) as server, client_of(server) as client:
        whole = client.lineage()
        found = client._catalog_of()._by_table(whole.find(TABLE_GUID), flow, depth=9)  # noqa: SLF001  the fallback
        around = Lineage(client._transport.run(found))  # noqa: SLF001  as above
        ways = [(one.upstream if flow == "IN" else one.downstream)(TABLE_GUID) for one in (whole, around)]
        assert {one.guid for one in ways[0]} == {one.guid for one in ways[1]} != set()


@pytest.mark.parametrize(
    ("scenario", "reach"),
    [(None, "all"), (None, "one-step"), ("upstream-failed", "all"), ("cycle", "one-step"), ("varied", "one-step")],
)
@pytest.mark.parametrize("first_end", ["upstream", "downstream"])
def test_lineage_around_a_table_has_the_steps_of_bulk(scenario: Any, reach: Any, first_end: Any) -> None:
    """Around each table there are the same steps into it and out of it, such as those of a reader that writes none."""

    def ends(edges: Iterable[LineageEdge]) -> set[Any]:
        return {edge.key for edge in edges}

    config = MockConfig(scenario=scenario, lineage_reach=reach, lineage_first_end=first_end)
    with MockServer(config) as server, client_of(server) as client:
        whole = client.lineage()
        for guid in whole.tables:
            into, out_of = (
                Lineage(client._transport.run(client._catalog_of()._around(guid, flow, is_first=True)))  # noqa: SLF001  the fallback
                for flow in ("IN", "OUT")
            )
            assert ends(whole.inputs(guid)) == ends(into.inputs(guid))
            assert ends(whole.outputs(guid)) == ends(out_of.outputs(guid))


@pytest.mark.parametrize("first_end", ["upstream", "downstream"])
def test_only_a_reader_is_taken_for_one(first_end: Any) -> None:
    """In a cycle, where the way of a step is not certain, no operator that writes a table is said to write none."""
    with MockServer(MockConfig(scenario="cycle", lineage_first_end=first_end)) as server, client_of(server) as client:
        whole = client.lineage()
        found = [
            edge
            for guid in whole.tables
            for edge in client._transport.run(client._catalog_of()._around(guid, "OUT", is_first=True))  # noqa: SLF001  the fallback
        ]
        readers = {edge.key for edge in whole.edges if edge.target is None}
        assert readers == {edge.key for edge in found if edge.target is None}


@pytest.mark.parametrize("offset_unit", ["row", "page"])
def test_search_finds_what_bulk_names(offset_unit: Any) -> None:
    """Each table of bulk lineage is found by its name, its details agree, and ShowNodes lists its operators."""
    with MockServer(MockConfig(offset_unit=offset_unit)) as server, client_of(server) as client:
        lineage = client.lineage()
        assert 2 == len(lineage.upstream(TABLE_GUID)) + len(lineage.producers("sales.public.customers"))
        for table in lineage.tables.values():
            assert table.guid == client.find_table(table.full_name).guid
            listed = {operator.job_name for operator in client.list_operators(table.guid)}
            known = {node.name for node in (*lineage.producers(table), *lineage.readers(table))}
            assert known <= listed
        searched = client.search_tables("", page_size=3).to_list()
        assert {one.guid: one for one in searched} == client.get_tables([one.guid for one in searched])
        assert searched[0] == client.get_table(searched[0].guid)


def test_a_reader_is_among_the_operators_of_the_documented_table() -> None:
    """ShowNodes lists four operators, of which lineage says that three write it."""
    with MockServer() as server, client_of(server) as client:
        lineage = client.lineage()
        assert (4, 3) == (len(client.list_operators(TABLE_GUID)), len(lineage.producers(TABLE_GUID)))
        assert ["check/rows<stage>"] == [node.name for node in lineage.readers(TABLE_GUID)]


def operation(operation_id: str) -> Any:
    """An operation of the specification."""
    (found,) = (
        one
        for item in load_specification()["paths"].values()
        for one in item.values()
        if one["operationId"] == operation_id
    )
    return found


@pytest.mark.parametrize(
    ("operation_id", "method", "path", "body"),
    [
        ("ShowDataSets", "POST", "/v3/{}/datamap/entities/search", {"limit": 2, "offset": 0, "facets": ["typeName"]}),
        ("ShowDataDetail", "GET", f"/v1/{{}}/datamap/entities/guid/{TABLE_GUID}?ignore_relationships=true", None),
        ("ListEntityDetails", "POST", "/v1/{}/datamap/entities/guids", [TABLE_GUID]),
        ("ShowLineageBulk", "GET", "/v1/{}/datamap/lineage/bulk?limit=3", None),
        (
            "ShowDatamapLineage",
            "GET",
            f"/v2/{{}}/datamap/lineage/guid/{TABLE_GUID}?direction=BOTH&related_entity_types=a&related_entity_types=b",
            None,
        ),
    ],
)
def test_responses_keep_to_the_specification(
    caller: Caller, operation_id: str, method: str, path: str, body: Any
) -> None:
    """Each is what its schema says."""
    schema = operation(operation_id)["responses"]["200"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**schema, "components": load_specification()["components"]})
    headers = {"X-Auth-Token": caller.config.token, "instance": caller.config.instance_id}
    answer = caller.http.request(method, path.format(caller.config.project_id), headers=headers, json=body)
    assert 200 == answer.status_code, answer.text
    validator.validate(answer.json())
    assert TABLE_GUID in answer.text


@pytest.mark.parametrize(
    ("method", "path", "content", "reason"),
    [
        ("POST", "/v3/{}/datamap/entities/search", b"", "Invalid body: it is not JSON"),
        ("POST", "/v3/{}/datamap/entities/search", b'{"limit": 1}', "Invalid body: "),
        ("POST", "/v3/{}/datamap/entities/search", b'{"limit": 0, "offset": 0}', "Invalid body: "),
        ("POST", "/v1/{}/datamap/entities/guids", b'"x"', "Invalid body: "),
        (
            "POST",
            "/v3/{}/datamap/entities/search",
            b'{"limit": "\\ud800"}',
            "Invalid body: it holds half of a surrogate pair",
        ),
        ("GET", "/v1/{}/datamap/lineage/bulk?limit=0", b"", "Invalid query parameter limit"),
        ("GET", f"/v2/{{}}/datamap/lineage/guid/{TABLE_GUID}?direction=UP", b"", "Invalid query parameter direction"),
        (
            "GET",
            f"/v1/{{}}/datamap/entities/guid/{TABLE_GUID}?ignore_relationships=yes",
            b"",
            "Invalid query parameter ignore_relationships",
        ),
    ],
)
def test_bad_requests_are_refused(caller: Caller, method: str, path: str, content: bytes, reason: str) -> None:
    """With the gateway's code, and a text that names what is wrong."""
    headers = {"X-Auth-Token": caller.config.token, "instance": caller.config.instance_id}
    answer = caller.http.request(method, path.format(caller.config.project_id), headers=headers, content=content)
    assert (400, "APIGW.0106") == (answer.status_code, answer.json()["error_code"])
    assert answer.json()["error_msg"].startswith(reason)


def test_half_a_character_in_an_attribute_is_refused(caller: Caller) -> None:
    """The text names the attribute as far as UTF-8 can."""
    headers = {"X-Auth-Token": caller.config.token, "instance": caller.config.instance_id}
    content = b'{"limit": 1, "offset": 0, "filter": {"attribute": "\\ud800", "operator": "EQ", "value": ["a"]}}'
    path = f"/v3/{caller.config.project_id}/datamap/entities/search"
    answer = caller.http.post(path, headers=headers, content=content)
    assert (400, "This server does not filter by ? EQ") == (answer.status_code, answer.json()["error_msg"])


def test_a_filter_narrows_a_search() -> None:
    """By kind of source and by workspace, as the client asks."""
    with MockServer() as server, client_of(server) as client:
        assert ["wk.ods_orders"] == [one.full_name for one in client.search_tables("orders", sources=["dli"])]
        both = client.search_tables("", sources=["dws", "dli"], workspace_id="b88c445407b24283aa949f9833a38fd8")
        assert {"wk.ods_orders", "postgres.sales.dws_orders"} == {one.full_name for one in both}


@pytest.mark.parametrize("unknown_guid", ["omitted", "refused"])
def test_an_unknown_guid_is_left_out_or_refused(unknown_guid: Any) -> None:
    """Which of the two the service does is documented nowhere; either way, the others come, and it is told."""
    with MockServer(MockConfig(unknown_guid=unknown_guid)) as server, client_of(server) as client:
        found = client.get_tables(["unknown", TABLE_GUID, TABLE_GUID, "another"])
        with pytest.raises(TableNotFoundError, match="no table has the GUID 'unknown'"):
            client.get_table("unknown")
    assert ["unknown", TABLE_GUID, "another"] == list(found)
    assert [None, "dws_orders", None] == [one and one.name for one in found.values()]


def test_who_is_not_invited_still_gets_the_table_explained() -> None:
    """By its GUID, alone, and what could not be told is said."""
    with MockServer(MockConfig(scenario="upstream-failed", invited=False)) as server, client_of(server) as client:
        explanation = client.explain(TABLE_GUID, max_age=MAX_AGE)
        with pytest.raises(NotFoundError, match="ShowDataSets is in invitational test"):
            client.explain("dws_orders")
    assert LineageKnowledge.REFUSED is explanation.lineage
    assert [TABLE_GUID] == [cause.table.guid for cause in explanation.causes]


def test_a_skipped_run_alone_is_noted() -> None:
    """A table whose last run was skipped is fresh where no age is given, and the explanation says what would tell."""
    with MockServer(MockConfig(scenario="upstream-failed")) as server, client_of(server) as client:
        explanation = client.explain("sales.dws_orders")
    (note,) = explanation.notes
    assert ("fresh", ()) == (explanation.verdict.value, explanation.causes)
    assert note.startswith("postgres.sales.dws_orders was skipped in run 126500004 of sum_orders, planned at ")
    assert note.endswith(": that is not a failure; with max_age (--max-age 26h), the age decides")


def test_a_users_own_tables_and_lineage() -> None:
    """The fake service learns them in plain values; an operator without lineage is unparsed."""
    with FakeService() as service:
        raw, orders = service.add_table("lake.raw"), service.add_table("lake.orders")
        load = service.add_operator("load", task_id="1", table_guid=raw)
        service.add_lineage(load, writes=[raw])
        clean = service.add_operator("clean", task_id="2", table_guid=orders)
        service.add_lineage(clean, reads=[raw], writes=[orders])
        service.add_run(load, status="fail")
        service.add_run(clean, status="fail")
        with pytest.raises(LookupError, match="there is no table nowhere"):
            service.add_lineage(clean, writes=["nowhere"])
        with pytest.raises(ValueError, match="is not the path of a table"):
            service.add_table("a..b")
        with DataMapClient(
            endpoint=service.url,
            project_id=service.project_id,
            instance_id=service.instance_id,
            credentials=TokenCredentials(service.token),
        ) as client:
            (cause,) = client.explain("orders").causes
            assert raw == cause.table.guid
            assert TABLE_GUID == client.find_table("sales.dws_orders").guid


def test_a_varied_world_is_one_world() -> None:
    """It has a diamond and an island beside the invented tables, and a search finds each that lineage names."""
    with MockServer(MockConfig(scenario="varied")) as server, client_of(server) as client:
        lineage = client.lineage()
        margin = lineage.find("postgres.sales.ads_margin")
        names = {one.full_name for one in lineage.upstream(margin)}
        expected = {"wk.ods_orders", "postgres.sales.dws_orders", "lake.dwd_items", "wk.ods_items", "wk.dim_region"}
        assert expected == names
        assert ["island.beach"] == [one.full_name for one in lineage.upstream("island.sea")]
        for table in lineage.tables.values():
            assert table.guid == client.find_table(table.full_name).guid


@pytest.mark.parametrize("tables", [1, 2, 7, 300])
def test_a_warehouse_has_so_many_tables(tables: int) -> None:
    """Each has a name, a job and a run a day; today's troubles lead to what reads them, and most are well."""
    with MockServer(MockConfig(tables=tables)) as server, client_of(server) as client:
        found = client.search_tables().to_list()
        checks = client.check_tables([TableRule(name=one.full_name, max_age=MAX_AGE) for one in found])
        counts = Counter(check.verdict for check in checks)
        expected = {Verdict.FRESH: 287, Verdict.STALE: 13} if tables == 300 else {Verdict.FRESH: tables}
        assert expected == counts
        assert tables == len({check.guid for check in checks})
        assert all(check.producers_known for check in checks)
        if tables == 300:
            (cause,) = client.explain("crm.dwd.dwd_customers_168", max_age=MAX_AGE).causes
            assert (Trouble.FAILED, "crm.ods.ods_items_018") == (cause.trouble, cause.table.full_name)


@pytest.mark.parametrize("more", [{"size": 5}, {"scenario": "late"}])
def test_a_warehouse_is_all_the_data_there_is(more: dict[str, Any]) -> None:
    """It goes with nothing else that says what data there is."""
    with pytest.raises(ValueError, match="tables cannot be combined with scenario or size"):
        MockConfig(tables=3, **more)


def test_a_story_has_its_own_runs() -> None:
    """A number of runs would be ignored in a story, and is refused; for varied data, it counts."""
    with pytest.raises(ValueError, match="size cannot be combined with scenario late"):
        MockConfig(scenario="late", size=5)
    assert 5 == MockConfig(scenario="varied", size=5).size
