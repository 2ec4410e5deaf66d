"""Levels B, C and E: searches, details and operators of a catalogue that is right for most of its tables."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.relations import OPERATORS
from dataarts_datamap_contract._broken.seams import (
    BULK,
    DETAIL,
    DETAILS,
    MOST,
    NODES,
    SEARCH,
    Ask,
    Document,
    Seam,
    Values,
    on_answers,
    on_arguments,
    on_operators,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import OK
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._web.responses import HttpError
from dataarts_datamap_contract.mock._web.validation import Arguments

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation

_broken = partial(BrokenServer, level="C", cohort="apart")

_UNKNOWN = "00000000-0000-4000-8000-000000000000"
_FIRST_OPERATORS = 3
_MOST_DETAILS = 8
_WORKSPACE = "b88c445407b24283aa949f9833a38fd8"
_SOURCE_TYPE = "base.DataAsset.sourceType"
_NOT_FOUND = 404


def _searching(change: Callable[[Document], Document]) -> Seam:
    """A search whose body is changed before it is read."""
    return on_answers(lambda _, ask, arguments: ask(replace(arguments, body=change(arguments.body))), SEARCH)


def _filtering(change: Callable[[Document], Document]) -> Seam:
    """A search whose filter is changed before it is read."""

    def changed(body: Document) -> Document:
        return {**body, "filter": change(body["filter"])} if isinstance(body.get("filter"), dict) else body

    return _searching(changed)


def _one_late(body: Document) -> Document:
    return {**body, "offset": min(body["offset"] + 1, MOST)} if body["offset"] else body


def _flat(node: Document) -> Document:
    """Nested conditions use the operator of the outermost one."""
    if "criterion" not in node:
        return node

    def leaves(inner: Document) -> list[Document]:
        below = [leaf for each in inner.get("criterion") or () for leaf in leaves(each)]
        return [*([{**inner, "criterion": []}] if "attribute" in inner else []), *below]

    criterion = [leaf for each in node["criterion"] or () for leaf in leaves(each)]
    return {**node, "criterion": criterion}


def _comparison_alone(node: Document) -> Document:
    """A node with a comparison ignores its condition."""
    if "attribute" in node:
        return {name: value for name, value in node.items() if name not in {"condition", "criterion"}}
    return node


def _everywhere(change: Callable[[Document], Document]) -> Callable[[Document], Document]:
    """A change of a filter that changes each of its comparisons."""

    def changed(node: Document) -> Document:
        below = {"criterion": [changed(each) for each in node["criterion"] or ()]} if "criterion" in node else {}
        return change({**node, **below})

    return changed


def _lower_source_type(node: Document) -> Document:
    if node.get("attribute") != _SOURCE_TYPE:
        return node
    return {**node, "value": [str(value).lower() for value in node.get("value") or ()]}


def _all_but_the_last(node: Document) -> Document:
    values: list[object] = node.get("value") or []
    return {**node, "value": values[:-1]} if node.get("operator") == "IN" and len(values) > 1 else node


def _downwards(body: Document) -> Document:
    return {**body, "sort": [{"order": "DESC", **each} for each in body["sort"]]} if body.get("sort") else body


def _sorted_by_the_page(_: str, ask: Ask, arguments: Arguments) -> Document:
    body: Document = arguments.body
    page = dict(ask(replace(arguments, body={**body, "sort": []})))
    if not body.get("sort"):
        return page
    is_down = body["sort"][0].get("order") == "DESC"
    return {**page, "entities": sorted(page["entities"], key=lambda each: each["display_text"], reverse=is_down)}


def _facets_of_the_page(_: str, ask: Ask, arguments: Arguments) -> Document:
    page = dict(ask(arguments))
    number = len(page["entities"])
    return {
        **page,
        "facets": [
            {name: [{**value, "count": min(value["count"], number)} for value in values]}
            for facet in page["facets"]
            for name, values in facet.items()
        ],
    }


def _ascii_keyword(_: str, ask: Ask, arguments: Arguments) -> Document:
    page = dict(ask(arguments))
    return page if str(arguments.body.get("query", "")).isascii() else {**page, "count": 0, "entities": []}


def _filter_of_a_keyword(body: Document) -> Document:
    return body if body.get("query") else {name: value for name, value in body.items() if name != "filter"}


def _first_block(values: Values) -> Values:
    is_near = str(values["guid"]).startswith(TABLE_GUID.partition("-")[0])
    return {**values, "guid": TABLE_GUID} if is_near else values


def _in_seconds(_: str, ask: Ask, arguments: Arguments) -> Document:
    document = dict(ask(arguments))
    entity = document["entity"]
    return {**document, "entity": {**entity, "update_time": int(entity["update_time"]) // 1_000}}


def _ignoring_too_much(_: str, ask: Ask, arguments: Arguments) -> Document:
    document = dict(ask(arguments))
    if not arguments.values.get("ignore_relationships"):
        return document
    return {**document, "entity": {**document["entity"], "attributes": {}}}


def _empty_asset(_: str, ask: Ask, arguments: Arguments) -> Document:
    try:
        return dict(ask(arguments))
    except HttpError as error:
        if error.status != _NOT_FOUND:
            raise
        return {"entity": {}, "referred_entities": {}}


def _the_first_details(_: str, ask: Ask, arguments: Arguments) -> Document:
    return dict(ask(replace(arguments, body=arguments.body[:_MOST_DETAILS])))


def _all_or_nothing(_: str, ask: Ask, arguments: Arguments) -> Document:
    document = dict(ask(arguments))
    is_whole = len(document["entities"]) == len(arguments.body)
    return document if is_whole else {**document, "entities": []}


def _side_by_side(_: str, ask: Ask, arguments: Arguments) -> Document:
    """The results are paired with the requested GUIDs by position."""
    document = dict(ask(arguments))
    pairs = zip(arguments.body, document["entities"], strict=False)
    return {**document, "entities": [{**entity, "guid": guid} for guid, entity in pairs]}


def _nothing_is_everything(_: str, ask: Ask, arguments: Arguments) -> Document:
    return dict(ask(arguments if arguments.body else replace(arguments, body=[TABLE_GUID])))


def _one_a_task(operators: list[Document]) -> list[Document]:
    return list({operator["task_id"]: operator for operator in reversed(operators)}.values())[::-1]


def _escaped(operators: list[Document]) -> list[Document]:
    return [{**operator, "job_name": html.escape(operator["job_name"])} for operator in operators]


def _in_one_workspace(operators: list[Document]) -> list[Document]:
    return [{**operator, "workspace_id": _WORKSPACE} for operator in operators]


def _unknown_without_operators(_: str, ask: Ask, arguments: Arguments) -> list[Document]:
    operators: list[Document] = ask(arguments)
    if not operators:
        raise HttpError(404, "DLG.0404", f"The table {arguments.text('guid')} does not exist")
    return operators


def _writers_alone() -> Seam:
    """A seam on which ShowNodes leaves out the operators that, according to lineage, do not write the table."""
    bulk: dict[str, Callable[[Arguments], bytes]] = {}

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        bulk.update({BULK: operation.perform} if operation.operation_id == BULK else {})
        if operation.operation_id != NODES:
            return operation

        def perform(arguments: Arguments) -> bytes:
            operators: list[Document] = json.loads(operation.perform(arguments))
            scope = {name: arguments.text(name) for name in ("project_id", "instance")}
            rows = json.loads(bulk[BULK](Arguments({**scope, "limit": MOST})))["data"]
            known = {row["node_name"] for row in rows}
            writers = {row["node_name"] for row in rows if row.get("target_guid") == arguments.text("guid")}
            shown = [each for each in operators if each["job_name"] in writers or each["job_name"] not in known]
            return json.dumps(shown).encode()

        return replace(operation, perform=perform)

    return Seam(alter)


def _where(attribute: str, operator: str, *values: str, **more: object) -> Document:
    return {"attribute": attribute, "operator": operator, "value": [*values], **more}


def _count(caller: Caller, query: str = "", **members: Any) -> int:  # noqa: ANN401  any JSON
    return int(caller.search(query, **members)["count"])


def _guids(document: Any) -> list[str]:  # noqa: ANN401  a broken server answers anything
    return [entity["guid"] for entity in document["entities"]]


def _misses_an_or(caller: Caller) -> bool:
    either = {"condition": "OR", "criterion": [_where("workspaceId", "EQ", each) for each in (_WORKSPACE, "nowhere")]}
    both = {"condition": "AND", "criterion": [_where(_SOURCE_TYPE, "EQ", "dws"), either]}
    return _count(caller, filter=both) == 0


def _ignores_what_is_below(caller: Caller) -> bool:
    below = [_where("workspaceId", "EQ", "nowhere")]
    return _count(caller, filter=_where(_SOURCE_TYPE, "EQ", "dws", condition="AND", criterion=below)) > 0


def _misses_the_last(caller: Caller) -> bool:
    both = _count(caller, filter=_where(_SOURCE_TYPE, "IN", "dws", "dli"))
    return both == _count(caller, filter=_where(_SOURCE_TYPE, "IN", "dws"))


def _goes_down(caller: Caller) -> bool:
    without, down = ([{"attribute": "name", **order}] for order in ({}, {"order": "DESC"}))
    return _guids(caller.search(sort=without)) == _guids(caller.search(sort=down))


def _sorts_pages(caller: Caller) -> bool:
    sort = [{"attribute": "name", "order": "ASC"}]
    pages = [guid for offset in range(0, 60, 3) for guid in _guids(caller.search(sort=sort, limit=3, offset=offset))]
    return pages != _guids(caller.search(sort=sort))


def _counts_the_page(caller: Caller) -> bool:
    page = caller.search(limit=2, facets=["typeName"])
    return bool(page["facets"][0]["typeName"][0]["count"] < page["count"])


def _finds_anything(caller: Caller) -> bool:
    return _count(caller, filter=_where(_SOURCE_TYPE, "EQ", "none of these")) > 0


def _confuses_assets(caller: Caller) -> bool:
    guids = [_UNKNOWN, *_guids(caller.search(limit=3))]
    found = caller.details(*guids)["entities"]
    return any(
        entity["display_text"] != caller.detail(TABLE_GUID)["entity"]["display_text"]
        for entity in found
        if entity["guid"] == TABLE_GUID
    ) or _UNKNOWN in [each["guid"] for each in found]


def _seconds_and_milliseconds(caller: Caller) -> bool:
    return bool(caller.detail()["entity"]["update_time"] != caller.details(TABLE_GUID)["entities"][0]["update_time"])


def _leaves_out_readers(caller: Caller) -> bool:
    return all(operator["job_name"] != "check/rows<stage>" for operator in caller.nodes().json())


def _has_no_attributes(caller: Caller) -> bool:
    response = caller.ask("GET", f"/v1/{{p}}/datamap/entities/guid/{TABLE_GUID}?ignore_relationships=true")
    return bool(response.json()["entity"]["attributes"] == {})


BROKEN_SERVERS: tuple[BrokenServer, ...] = (
    _broken(
        name="later-hits-begin-one-late",
        rule="A page of hits continues with the hit after the last one of the previous page.",
        checks=frozenset({"C-search-pages"}),
        seam=_searching(_one_late),
        shown=lambda caller: _guids(caller.search(offset=2)) != _guids(caller.search())[2:],
    ),
    _broken(
        name="conditions-joined-as-the-outermost",
        rule="A nested condition joins its members by its own operator.",
        checks=frozenset({"C-search-narrows", "C-search-finds"}),
        seam=_filtering(_flat),
        shown=_misses_an_or,
    ),
    _broken(
        name="comparison-hides-what-is-below",
        rule="A node with a comparison and a condition requires both.",
        checks=frozenset({"C-search-narrows", "C-search-finds"}),
        seam=_filtering(_everywhere(_comparison_alone)),
        shown=_ignores_what_is_below,
    ),
    _broken(
        name="kinds-of-source-in-any-case",
        rule="EQ compares exactly: another case is another value.",
        checks=frozenset({"C-search-narrows", "C-search-finds"}),
        seam=_filtering(_everywhere(_lower_source_type)),
        shown=lambda caller: _count(caller, filter=_where(_SOURCE_TYPE, "EQ", "DWS")) > 0,
    ),
    _broken(
        name="in-without-its-last",
        rule="IN finds assets that have any of the values, including the last one.",
        checks=frozenset({"C-search-narrows", "C-search-finds"}),
        seam=_filtering(_everywhere(_all_but_the_last)),
        shown=_misses_the_last,
    ),
    _broken(
        name="sorted-down-by-default",
        rule="Sorting without an order is ascending.",
        checks=frozenset({"C-search-narrows", "C-search-pages", "C-search-finds"}),
        seam=_searching(_downwards),
        shown=_goes_down,
    ),
    _broken(
        name="each-page-sorted-by-itself",
        rule="The hits are sorted before paging.",
        checks=frozenset({"C-search-pages"}),
        seam=on_answers(_sorted_by_the_page, SEARCH),
        shown=_sorts_pages,
    ),
    _broken(
        name="facets-of-the-page",
        rule="Facets count all hits, not only those of the page.",
        checks=frozenset({"C-search-pages", "C-search-finds", "A-catalog-shape"}),
        seam=on_answers(_facets_of_the_page, SEARCH),
        shown=_counts_the_page,
    ),
    _broken(
        name="keywords-in-ascii-alone",
        rule="A table is found by its name, even if the name is Chinese.",
        checks=frozenset({"C-search-finds"}),
        seam=on_answers(_ascii_keyword, SEARCH),
        shown=lambda caller: _count(caller, "订单") == 0,
    ),
    _broken(
        name="filter-beside-a-keyword-alone",
        rule="A filter also applies without a keyword.",
        checks=frozenset({"C-search-narrows", "C-search-finds"}),
        seam=_searching(_filter_of_a_keyword),
        shown=_finds_anything,
    ),
    _broken(
        name="asset-by-the-first-block",
        rule="A GUID that only begins like another GUID is a different GUID.",
        checks=frozenset({"C-asset-other", "C-asset-agrees"}),
        seam=on_arguments(_first_block, of=DETAIL),
        shown=lambda caller: "entity" in caller.detail(f"{TABLE_GUID[:8]}-0000-4000-8000-000000000000"),
    ),
    _broken(
        name="unknown-asset-is-an-empty-one",
        rule="An asset that does not exist is not found.",
        checks=frozenset({"C-asset-other", "C-asset-agrees"}),
        seam=on_answers(_empty_asset, DETAIL),
        shown=lambda caller: "entity" in caller.detail(_UNKNOWN),
    ),
    _broken(
        name="one-asset-changed-in-seconds",
        level="B",
        rule="The times of an asset are in milliseconds wherever it is shown.",
        checks=frozenset({"B-asset-times", "C-asset-agrees"}),
        seam=on_answers(_in_seconds, DETAIL),
        shown=_seconds_and_milliseconds,
    ),
    _broken(
        name="attributes-ignored-with-relationships",
        rule="Without its relationships, an asset still has its attributes.",
        checks=frozenset({"C-asset-agrees"}),
        seam=on_answers(_ignoring_too_much, DETAIL),
        shown=_has_no_attributes,
    ),
    _broken(
        name="details-of-eight",
        rule="A request for more than eight assets shows all of them, or none.",
        checks=frozenset({"C-details-batch", "C-asset-agrees"}),
        seam=on_answers(_the_first_details, DETAILS),
        shown=lambda caller: len(caller.details(*_guids(caller.search(limit=12)))["entities"]) < 12,
    ),
    _broken(
        name="unknown-guid-hides-the-known",
        rule="An unknown GUID does not hide a known asset.",
        checks=frozenset({"C-details-batch", "C-asset-other"}),
        seam=on_answers(_all_or_nothing, DETAILS),
        shown=lambda caller: caller.details(TABLE_GUID, _UNKNOWN)["entities"] == [],
    ),
    _broken(
        name="details-beside-the-wrong-guid",
        rule="Each asset has its own GUID, even if one of those requested is unknown.",
        checks=frozenset({"C-details-batch", "C-asset-agrees", "C-asset-other"}),
        seam=on_answers(_side_by_side, DETAILS),
        shown=_confuses_assets,
    ),
    _broken(
        name="no-guids-get-an-asset",
        rule="A request with an empty list of GUIDs gets no asset.",
        checks=frozenset({"C-details-batch", "C-asset-other"}),
        seam=on_answers(_nothing_is_everything, DETAILS),
        shown=lambda caller: caller.details()["entities"] != [],
    ),
    _broken(
        name="one-operator-a-task",
        rule="Each operator of a table is listed, even if another one is in the same task.",
        checks=OPERATORS | {"C-nodes-unique", "C-lineage-agrees", "C-asset-agrees"},
        seam=on_operators(_one_a_task),
        shown=lambda caller: sum(operator["task_id"] == "937987" for operator in caller.nodes().json()) == 1,
    ),
    _broken(
        name="first-three-operators",
        rule="The list of a table's operators is complete.",
        checks=OPERATORS | {"C-lineage-agrees", "C-asset-agrees"},
        seam=on_operators(lambda operators: operators[:_FIRST_OPERATORS]),
        shown=lambda caller: len(caller.nodes().json()) == _FIRST_OPERATORS,
    ),
    _broken(
        name="names-of-operators-for-a-page",
        rule="The name of an operator is the one that finds its runs.",
        checks=OPERATORS | {"C-rows-of-job", "C-job-name-unusual"},
        seam=on_operators(_escaped),
        shown=lambda caller: "&lt;" in caller.nodes().body.decode(),
    ),
    _broken(
        name="operators-in-the-workspace-of-the-table",
        rule="The workspace of an operator is the one that finds its runs.",
        checks=OPERATORS | {"C-workspace-same", "C-rows-of-workspace"},
        seam=on_operators(_in_one_workspace),
        shown=lambda caller: len({operator["workspace_id"] for operator in caller.nodes().json()}) == 1,
    ),
    _broken(
        name="operators-by-the-first-block",
        rule="A GUID that only begins like a table's GUID finds no operators.",
        checks=frozenset({"C-table-other"}),
        seam=on_arguments(_first_block, of=NODES),
        shown=lambda caller: caller.nodes(f"{TABLE_GUID[:8]}-0000-4000-8000-000000000000").status == OK,
    ),
    _broken(
        name="without-operators-not-found",
        rule="A table that no operator reads or writes has an empty list of operators.",
        checks=OPERATORS | {"A-nodes-shape", "C-asset-agrees", "C-lineage-agrees"},
        seam=on_answers(_unknown_without_operators, NODES),
        shown=lambda caller: caller.nodes("e07a92b4-61c8-4d27-8f0b-3c95d4b7a6f2").status == _NOT_FOUND,
    ),
    _broken(
        name="operators-that-write-alone",
        rule="The operators of a table are those that read or write it.",
        checks=OPERATORS | {"C-lineage-agrees", "C-asset-agrees"},
        seam=_writers_alone(),
        shown=_leaves_out_readers,
    ),
)
