"""Broken servers: searches, details and lineage read different copies of the catalogue, which do not agree."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, uuid5

from dataarts_datamap_contract._broken.asset_seams import UNKNOWN_GUID
from dataarts_datamap_contract._broken.seams import (
    BULK,
    DETAIL,
    DETAILS,
    LINEAGE,
    MOST,
    SEARCH,
    Ask,
    Document,
    Seam,
    on_answers,
    on_json,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract.mock import TABLE_GUID

if TYPE_CHECKING:
    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.validation import Arguments

_elsewhere = partial(BrokenServer, level="C", cohort="elsewhere")

_DROPPED = "dws_orders_bak"
_DROPPED_GUID = str(uuid5(NAMESPACE_OID, _DROPPED))
_RENAMED, _FORMER = "ads_margin", "ads_margins"
_COLUMN = 256
_GUIDS = ("source_guid", "target_guid")


def _ghost(like: Document) -> Document:
    name = f"postgres.sales.{_DROPPED}"
    qualified = f"{name}@{like['attributes']['qualifiedName'].partition('@')[2]}"
    attributes = {**like["attributes"], "name": _DROPPED, "qualifiedName": qualified}
    return {**like, "guid": _DROPPED_GUID, "display_text": _DROPPED, "attributes": attributes}


def _with_dropped(_: str, perform: Ask, arguments: Arguments) -> Document:
    """The index still has a table that was dropped."""
    body: Document = arguments.body
    found: Document = perform(arguments)
    if "filter" in body or "owner" in body or str(body.get("query", "")).casefold() not in _DROPPED:
        return found
    hits: list[Document] = perform(replace(arguments, body={**body, "offset": 0, "limit": MOST}))["entities"]
    if hits:
        hits.append(_ghost(hits[0]))
    offset, limit = int(body["offset"]), int(body["limit"])
    return {**found, "entities": hits[offset : offset + limit], "count": len(hits)}


def _with_former_name(found: Document) -> Document:
    """The index has the former name of a table."""
    return {
        **found,
        "entities": [
            {**hit, "display_text": _FORMER, "attributes": {**hit["attributes"], "name": _FORMER}}
            if hit["display_text"] == _RENAMED
            else hit
            for hit in found["entities"]
        ],
    }


def _cut_description(found: Document) -> Document:
    """Details cut a description after 256 characters."""
    entity = found["entity"]
    attributes = {**entity["attributes"], "description": entity["attributes"]["description"][:_COLUMN]}
    return {**found, "entity": {**entity, "attributes": attributes}}


def _of_the_first_workspace(found: Document) -> Document:
    entities = found["entities"]
    own = [entity for entity in entities if entity["workspace_id"] == entities[0]["workspace_id"]]
    return {**found, "entities": own}


def _misaligned() -> Seam:
    """A batch is cached by position, the first asset under the first GUID, even if one of the GUIDs is unknown."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        cached: dict[str, Document] = {}

        def response(_: str, perform: Ask, arguments: Arguments) -> Document:
            missing = [guid for guid in arguments.body if guid not in cached]
            found: Document = perform(replace(arguments, body=missing))
            cached.update(zip(missing, found["entities"], strict=False))
            return {**found, "entities": [cached[guid] for guid in arguments.body if guid in cached]}

        return on_answers(response, DETAILS).alter(operation, config)

    return Seam(alter)


def _short_qualified_names(found: Document) -> Document:
    return {**found, "entities": [_without_connection(entity) for entity in found["entities"]]}


def _without_connection(entity: Document) -> Document:
    attributes: Document = entity["attributes"]
    if "qualifiedName" not in attributes:
        return entity
    name = attributes["qualifiedName"].partition("@")[0]
    return {**entity, "attributes": {**attributes, "qualifiedName": name}}


def _on_bulk_rows(row: Document, *, plain: bool) -> Document:
    """A row of ShowLineageBulk: if ``plain``, table GUIDs have no hyphens, else the source has the target's kind."""
    if plain:
        return {name: value.replace("-", "") if name in _GUIDS else value for name, value in row.items()}
    return {**row, "source_type": row["target_type"]} if {"source_type", "target_type"} <= row.keys() else row


def _node_by_name(row: Document) -> Document:
    return {**row, "node_guid": str(uuid5(NAMESPACE_OID, f"{row['workspace_id']}/{row['node_name']}"))}


def _hit(caller: Caller, name: str) -> Any:  # noqa: ANN401  a document
    return next(hit for hit in caller.search(name)["entities"] if name in hit["attributes"]["qualifiedName"])


def _two_answers_for_a_guid(caller: Caller) -> bool:
    guids = [hit["guid"] for hit in caller.search()["entities"][:2]]
    caller.details(UNKNOWN_GUID, *guids)
    return [entity["guid"] for entity in caller.details(guids[0])["entities"]] == guids[1:]


def _workspaces(caller: Caller) -> bool:
    guids = [hit["guid"] for hit in caller.search()["entities"]]
    return len(caller.details(*guids)["entities"]) < len(guids)


def _lineage_guids(caller: Caller) -> set[str]:
    return {entity["guid"] for entity in caller.lineage()["entities"]}


def _producers(caller: Caller) -> set[str]:
    return {row["node_guid"] for row in caller.bulk()["data"] if row.get("target_guid") == TABLE_GUID}


BROKEN_SERVERS = (
    _elsewhere(
        "dropped-table-still-found",
        "an asset that a search finds has details",
        frozenset({"C-asset-agrees", "C-details-batch"}),
        on_answers(_with_dropped, SEARCH),
        lambda caller: _DROPPED_GUID in {hit["guid"] for hit in caller.search("dws_orders")["entities"]},
    ),
    _elsewhere(
        "former-name-in-searches",
        "a table has the same name in a search and in its details",
        frozenset({"C-asset-agrees", "C-search-finds"}),
        on_json(_with_former_name, SEARCH),
        lambda caller: _hit(caller, _RENAMED)["display_text"] == _FORMER,
    ),
    _elsewhere(
        "descriptions-cut-in-details",
        "details have the whole description that a search shows",
        frozenset({"C-asset-agrees"}),
        on_json(_cut_description, DETAIL),
        lambda caller: (
            len(caller.detail(_hit(caller, _RENAMED)["guid"])["entity"]["attributes"]["description"]) == _COLUMN
        ),
    ),
    _elsewhere(
        "details-of-one-workspace-at-a-time",
        "ListEntityDetails shows the requested assets of every workspace",
        frozenset({"C-details-batch"}),
        on_json(_of_the_first_workspace, DETAILS),
        _workspaces,
    ),
    _elsewhere(
        "batches-cached-one-place-off",
        "details of an asset are its own, even after a batch with an unknown GUID",
        frozenset({"C-details-batch", "C-asset-agrees", "C-replay"}),
        _misaligned(),
        _two_answers_for_a_guid,
    ),
    _elsewhere(
        "qualified-names-without-connection-in-lineage",
        "a table has the same qualified name in lineage and in its details",
        frozenset({"C-asset-agrees"}),
        on_json(_short_qualified_names, LINEAGE),
        lambda caller: (
            not any("@" in entity["attributes"].get("qualifiedName", "") for entity in caller.lineage()["entities"])
        ),
    ),
    _elsewhere(
        "bulk-guids-without-hyphens",
        "ShowLineageBulk has the GUIDs that other operations show and accept",
        frozenset({"C-lineage-agrees", "C-asset-agrees", "C-search-finds", "C-nodes-operator"}),
        on_json(
            lambda page: {**page, "data": [_on_bulk_rows(row, plain=True) for row in page["data"]]},
            BULK,
        ),
        lambda caller: not _producers(caller),
    ),
    _elsewhere(
        "bulk-kind-of-source-copied-from-the-target",
        "ShowLineageBulk shows each table's own kind of source",
        frozenset({"C-asset-agrees"}),
        on_json(
            lambda page: {**page, "data": [_on_bulk_rows(row, plain=False) for row in page["data"]]},
            BULK,
        ),
        lambda caller: any(
            row["source_type"] not in row["source_qualified_name"].partition("@")[2]
            for row in caller.bulk()["data"]
            if "source_type" in row
        ),
    ),
    _elsewhere(
        "operators-with-two-guids",
        "an operator has the same GUID in ShowLineageBulk and in the lineage around a table",
        frozenset({"C-lineage-agrees", "C-asset-agrees"}),
        on_json(lambda page: {**page, "data": [_node_by_name(row) for row in page["data"]]}, BULK),
        lambda caller: _producers(caller).isdisjoint(_lineage_guids(caller)),
    ),
)
