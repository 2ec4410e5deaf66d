"""What the client makes of searches, asset details and lineage, decoded without a server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import DataMapError, ErrorBodyError, InvalidArgumentError, InvalidEnvelopeError, NotFoundError
from dataarts_datamap._api.entity_details import decode_entities, decode_entity, details_request, entity_request
from dataarts_datamap._api.lineage import (
    bulk_lineage_request,
    decode_bulk_lineage,
    decode_table_lineage,
    table_lineage_request,
)
from dataarts_datamap._api.search_tables import SearchTerms, decode_tables, search_request
from dataarts_datamap._api.show_nodes import decode_operators
from dataarts_datamap._messages import Request, Response
from dataarts_datamap._models.tables import LineageNode, Table
from dataarts_datamap_contract.specification import load_specification

if TYPE_CHECKING:
    from collections.abc import Callable

WHERE: dict[str, Any] = {"endpoint": "https://example.com", "project_id": "p", "instance_id": "i"}
GUID = "09318f28-939f-4ab6-a374-9e621096652c"
DECODERS = [decode_tables, decode_entity, decode_entities, decode_bulk_lineage, decode_table_lineage]


def response(content: object, *, status: int = 200) -> Response:
    """A response with a JSON document, or with these bytes."""
    request = Request(method="GET", endpoint="https://example.com", path="/v1/p/datamap")
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Response(request=request, status=status, headers={}, content=body)


def example(operation_id: str) -> Any:
    """The response that the specification shows for an operation."""
    (operation,) = (
        operation
        for item in load_specification()["paths"].values()
        for operation in item.values()
        if operation["operationId"] == operation_id
    )
    return operation["responses"]["200"]["content"]["application/json"]["examples"]["composed"]["value"]


def test_a_search_is_asked_for_as_documented() -> None:
    """The body has the keyword, the page and a filter of EQ and IN, whose values are arrays."""
    terms = SearchTerms(query="订单", type_names=("dataasset.Table",), sources=("dws", "hive"), workspace_id="w")
    request = search_request(**WHERE, terms=terms, offset=20, limit=10)

    assert ("POST", "/v3/p/datamap/entities/search", ()) == (request.method, request.path, request.query)
    assert ("application/json", "i") == (request.headers["Content-Type"], request.headers["instance"])
    assert {
        "query": "订单",
        "offset": 20,
        "limit": 10,
        "filter": {
            "condition": "AND",
            "criterion": [
                {"attribute": "typeName", "operator": "EQ", "value": ["dataasset.Table"]},
                {"attribute": "base.DataAsset.sourceType", "operator": "IN", "value": ["dws", "hive"]},
                {"attribute": "workspaceId", "operator": "EQ", "value": ["w"]},
            ],
        },
    } == json.loads(request.content)


def test_one_comparison_is_the_filter_itself() -> None:
    """No branch is sent around a single comparison, and no filter where nothing is compared."""
    bodies = [
        json.loads(search_request(**WHERE, terms=terms, offset=0, limit=10).content)
        for terms in (SearchTerms(query="t", sources=("dws",)), SearchTerms(query=""))
    ]
    leaf = {"attribute": "base.DataAsset.sourceType", "operator": "EQ", "value": ["dws"]}
    assert [{"query": "t", "offset": 0, "limit": 10, "filter": leaf}, {"offset": 0, "limit": 10}] == bodies


def test_lineage_and_details_are_asked_for_as_documented() -> None:
    """Arrays go out as repeated keys, booleans as JSON writes them, and many GUIDs as a bare array."""
    bulk = bulk_lineage_request(**WHERE, offset=100, limit=50)
    assert ("/v1/p/datamap/lineage/bulk", (("offset", "100"), ("limit", "50"))) == (bulk.path, bulk.query)
    around = table_lineage_request(**WHERE, guid=GUID, direction="IN")
    assert f"/v2/p/datamap/lineage/guid/{GUID}" == around.path
    assert {
        ("direction", "IN"),
        ("relationship_type_categories", "DATA_FLOW"),
        ("extend_process_data_flow", "false"),
        ("include_parent_entity", "false"),
    } == set(around.query)
    one = entity_request(**WHERE, guid=GUID)
    assert (f"/v1/p/datamap/entities/guid/{GUID}", (("ignore_relationships", "false"),)) == (one.path, one.query)
    many = details_request(**WHERE, guids=[GUID])
    assert ("POST", [GUID]) == (many.method, json.loads(many.content))


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: entity_request(**WHERE, guid="../x"), "table_guid '../x' is not an id"),
        (lambda: table_lineage_request(**WHERE, guid="a/b", direction="IN"), "table_guid 'a/b' is not an id"),
        (lambda: details_request(**WHERE, guids=[]), "the number of guids must be 1 to 50, not 0"),
        (lambda: bulk_lineage_request(**WHERE, offset=-1, limit=1), "offset must be an integer from 0"),
        (
            lambda: search_request(**WHERE, terms=SearchTerms(query="t", sources=("s",) * 21), offset=0, limit=1),
            "sources must be at most 20 values, not 21",
        ),
        (
            lambda: search_request(**WHERE, terms=SearchTerms(query="t", sources=("s" * 257,)), offset=0, limit=1),
            "sources has a value of more than 256 characters",
        ),
    ],
)
def test_what_could_bend_a_request_is_refused(build: Callable[[], Request], reason: str) -> None:
    """Nothing is sent, and the text names the argument."""
    with pytest.raises(InvalidArgumentError, match=reason.replace("'", "['\"]")):
        build()


def test_the_composed_search_is_one_table() -> None:
    """The qualified name is split, and every field as sent is at hand."""
    page = decode_tables(response(example("ShowDataSets")))
    (table,) = page.tables
    assert (1, 1) == (page.rows, page.total)
    assert ("postgres", "sales", "dws_orders") == (table.database, table.schema, table.name)
    assert ("postgres.sales.dws_orders", "dws", "username") == (table.full_name, table.source_type, table.owner)
    assert "b88c445407b24283aa949f9833a38fd8" == table.workspace_id
    assert 1662567796444 == table.raw["create_time"]


def test_details_are_the_tables_that_came() -> None:
    """One asset, and many; what an asset refers to is none of them."""
    assert GUID == decode_entity(response(example("ShowDataDetail"))).guid
    assert [GUID] == [table.guid for table in decode_entities(response(example("ListEntityDetails")))]


def test_the_composed_bulk_page_is_one_edge() -> None:
    """Both tables have their names in parts, an empty schema is none, and the operator stands between."""
    page = decode_bulk_lineage(response(example("ShowLineageBulk")))
    (edge,) = page.edges
    assert edge.source is not None
    assert edge.target is not None
    assert ("wk.ods_orders", "postgres.sales.dws_orders") == (edge.source.full_name, edge.target.full_name)
    assert LineageNode(
        guid="7d2e5c40-3a52-4a0b-9f64-2b1d6c0ea301",
        name="ETL_Job_dli2dws",
        type="ETLJob",
        workspace_id="b88c445407b24283aa949f9833a38fd8",
    ) == (edge.node)
    assert (1, 1) == (page.rows, page.total)


def test_the_composed_graph_has_three_assets() -> None:
    """Which end is upstream is left open."""
    graph = decode_table_lineage(response(example("ShowDatamapLineage")))
    assert ["ods_orders", "ETL_Job_dli2dws", "dws_orders"] == [asset.name for asset in graph.assets.values()]
    assert 2 == len(graph.relationships)


def test_odd_types_count_as_missing() -> None:
    """A number where text was expected, a null, a count as text or as a fraction: the rest of the page stands."""
    entity: dict[str, Any] = {
        "guid": GUID,
        "attributes": None,
        "display_text": 7,
        "workspace_id": "w",
        "domain_id": 5,
        "version": [],
    }
    page = decode_tables(response({"count": "2", "entities": [entity, {"guid": -1}]}))
    (table,) = page.tables
    assert (2, 2) == (page.rows, page.total)
    assert ("7", ("w",), None) == (table.name, table.workspace_ids, table.qualified_name)

    rows = [{"source_guid": 5, "target_guid": "b", "target_table": "t", "node_name": "n"}, {"node_name": "alone"}, {}]
    bulk = decode_bulk_lineage(response({"total": 3.0, "data": rows}))
    ((edge,), total) = bulk.edges, bulk.total
    assert (3, None, Table(guid="b", name="t"), "n") == (total, edge.source, edge.target, edge.node and edge.node.name)


def test_ends_are_read_from_ids_and_from_objects() -> None:
    """An end that is an object names its asset; one that is an id alone is known by that; one without both is none."""
    relationships = [
        {"end1": {"guid": "a", "display_text": "A", "type_name": "dataasset.Table"}, "ep2_id": "b", "end2": None},
        {"ep1_id": "b", "ep1_type_name": "dataasset.Application", "ep2_id": None, "end2": {}},
        {"ep1_id": "a", "ep2_id": "b", "relation_type_name": "PARENT_CHILD"},
    ]
    graph = decode_table_lineage(response({"relationships": relationships}))
    assert [("a", "b")] == [(one.first, one.second) for one in graph.relationships]
    assert {"a": "dataasset.Table", "b": "dataasset.Application"} == {
        guid: asset.type_name for guid, asset in graph.assets.items()
    }


@pytest.mark.parametrize(
    ("first", "guid"),
    [
        ({"ep1_id": "x", "end1": {"guid": "a"}}, "a"),
        ({"ep1_id": 5, "end1": {"guid": "a"}}, "a"),
        ({"ep1_id": 5}, "5"),
        ({"ep1_id": 5, "end1": {"guid": 5}}, "5"),
        ({"ep1_id": 5, "end1": {"guid": -1}}, "5"),
    ],
)
def test_an_end_is_the_asset_with_its_guid(first: dict[str, Any], guid: str) -> None:
    """If its id and its object differ, the object counts; an id may be a number, as that of an asset may."""
    graph = decode_table_lineage(response({"relationships": [{**first, "ep2_id": "b"}]}))
    assert [(guid, "b")] == [(one.first, one.second) for one in graph.relationships]
    assert [(guid, guid), ("b", "b")] == [(key, asset.guid) for key, asset in graph.assets.items()]


@pytest.mark.parametrize("decode", [*DECODERS, decode_operators], ids=lambda decode: decode.__name__)
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"<html>Sign in</html>", "the response is not JSON: "),
        (b"404 page not found", "the response is not JSON: "),
        (b"", "the response is not JSON: "),
        (b'["\xff"]', "the response is not JSON: "),
        (b"[" * 500_000, "the response is nested too deeply"),
        (b'"\\ud83d"', ("the response is not a", "the response is not lineage")),
        (b"1e999", ("the response is not a", "the response is not lineage")),
        (b"404", ("the response is not a", "the response is not lineage")),
    ],
)
def test_only_json_is_called_a_wrong_document(
    decode: Callable[[Response], object], content: bytes, problem: str | tuple[str, ...]
) -> None:
    """A page in place of a response has the same text for each operation, as for runs."""
    with pytest.raises(InvalidEnvelopeError) as caught:
        decode(response(content))
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize("decode", DECODERS, ids=lambda decode: decode.__name__)
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<html></html>", InvalidEnvelopeError),
        (b"", InvalidEnvelopeError),
        (b"[" * 100_000, InvalidEnvelopeError),
        ([], InvalidEnvelopeError),
        ({}, InvalidEnvelopeError),
        (None, InvalidEnvelopeError),
        ({"entities": 5, "data": 5, "relationships": 5, "entity": 5}, InvalidEnvelopeError),
        ({"error_code": "DLG.0001", "error_msg": "no"}, ErrorBodyError),
        (
            {"entities": [], "data": [], "relationships": [], "entity": {"guid": "g"}, "error_code": "DLG.1"},
            ErrorBodyError,
        ),
        ({"errorCode": "DLG.0001"}, ErrorBodyError),
    ],
)
def test_what_is_no_response_is_an_error(
    decode: Callable[[Response], object], content: object, kind: type[DataMapError]
) -> None:
    """Nothing is a silent success: no JSON, the wrong shape, and an error inside HTTP 200."""
    with pytest.raises(kind) as caught:
        decode(response(content))
    assert kind is type(caught.value)


@pytest.mark.parametrize("decode", DECODERS, ids=lambda decode: decode.__name__)
def test_a_status_is_its_error(decode: Callable[[Response], object]) -> None:
    """The gateway's 404 is told as such."""
    with pytest.raises(NotFoundError) as caught:
        decode(response({"error_code": "APIGW.0101", "error_msg": "no such API"}, status=404))
    assert "APIGW.0101" == caught.value.error_code


def test_nothing_found_may_lack_its_list() -> None:
    """A count of 0 without a list is a page of nothing; a list that is null with a count is an error."""
    assert 0 == decode_tables(response({"count": 0, "entities": None})).rows
    assert () == decode_bulk_lineage(response({"total": 0})).edges
    assert {} == decode_table_lineage(response({"total": 0})).assets
    for decode in (decode_tables, decode_bulk_lineage):
        with pytest.raises(InvalidEnvelopeError):
            decode(response({"count": 3, "total": 3, "entities": None, "data": None}))
