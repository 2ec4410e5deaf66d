"""Broken servers: bugs in operators and lineage that come from replacing or changing the store of the graph."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING
from uuid import uuid4

from dataarts_datamap_contract._broken.caller import JOB_NAME
from dataarts_datamap_contract._broken.seams import (
    BULK,
    LINEAGE,
    Ask,
    Document,
    Seam,
    on_answers,
    on_json,
    on_operators,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import WORKSPACE
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._data.world import World

if TYPE_CHECKING:
    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.validation import Arguments

_elsewhere = partial(BrokenServer, level="C", cohort="elsewhere")

_CUSTOMERS = "5d1f7c0a-2b6e-4f6d-9c3e-7a41c0de8b15"
_FLOW = "?relationship_type_categories=DATA_FLOW"
_KEY = "?relationship_type_categories=PK_FK"
_BOTH = f"{_FLOW}&{_KEY[1:]}"
_APPLICATION = "dataasset.Application"
_BLANKS = f"{JOB_NAME}   "


def _wrapped(_: str, perform: Ask, arguments: Arguments) -> Document:
    """After its end, the list of operators begins again."""
    offset = arguments.number("offset", 0)
    page: Document = perform(arguments)
    if offset < page["total"] or not page["total"]:
        return page
    again: Document = perform(replace(arguments, values={**arguments.values, "offset": offset % page["total"]}))
    return again


def _new_guids(graph: Document) -> Document:
    return {**graph, "relationships": [{**edge, "guid": str(uuid4())} for edge in graph["relationships"]]}


def _operator(edge: Document) -> object:
    """The GUID of the operator at one end of a relationship."""
    return edge["ep1_id"] if edge["ep1_type_name"] == _APPLICATION else edge["ep2_id"]


def _guids_of_operators(graph: Document) -> Document:
    return {**graph, "relationships": [{**edge, "guid": _operator(edge)} for edge in graph["relationships"]]}


def _every_category(_: str, perform: Ask, arguments: Arguments) -> Document:
    """A relationship, which has one category, is shown only if it has every requested category."""
    graph: Document = perform(arguments)
    if len(set(arguments.lists.get("relationship_type_categories", ()))) <= 1:
        return graph
    entities = [entity for entity in graph["entities"] if entity["guid"] == arguments.text("guid")]
    return {**graph, "total": 0, "relationships": [], "entities": entities}


def _cached_without_the_category() -> Seam:
    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        graphs: dict[object, Document] = {}

        def response(_: str, perform: Ask, arguments: Arguments) -> Document:
            graph: Document = perform(arguments)
            return graphs.setdefault((arguments.text("guid"), arguments.text("direction")), graph)

        return on_answers(response, LINEAGE).alter(operation, config)

    return Seam(alter)


def _assets_of_each_direction(_: str, perform: Ask, arguments: Arguments) -> Document:
    """BOTH takes two queries, IN and OUT, and an asset that both of them find is listed twice."""
    graph: Document = perform(arguments)
    if arguments.text("direction") not in {"", "BOTH"}:
        return graph
    ways = (perform(replace(arguments, values={**arguments.values, "direction": way})) for way in ("IN", "OUT"))
    return {**graph, "entities": [entity for way in ways for entity in way["entities"]]}


def _one_of_each_name(operators: list[Document]) -> list[Document]:
    """Operators are collected in a map that does not distinguish upper and lower case."""
    return list({(each["task_id"], each["job_name"].casefold()): each for each in operators}.values())


def _trimmed(operators: list[Document]) -> list[Document]:
    return [{**each, "job_name": each["job_name"].strip()} for each in operators]


class _Histories:
    """How many runs each operator has."""

    def __init__(self, config: MockConfig) -> None:
        self._config = config

    @cached_property
    def _runs(self) -> dict[tuple[str, str], int]:
        histories = World(self._config).dataset.histories
        return {(each.task_id, each.job_name): len(runs) for each, runs in histories.items()}

    def has_run(self, operator: Document) -> bool:
        """Whether the operator has a run; true for an unknown operator."""
        return self._runs.get((operator["task_id"], operator["job_name"]), 1) > 0


def _joined_with_runs() -> Seam:
    """Operators without a run are dropped, as by an inner join of operators and runs."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        histories = _Histories(config)
        return on_operators(lambda operators: list(filter(histories.has_run, operators))).alter(operation, config)

    return Seam(alter)


def _of_one_workspace(operators: list[Document]) -> list[Document]:
    """If all operators of a table are in the other workspace, none of them is listed."""
    return operators if any(each["workspace_id"] == WORKSPACE for each in operators) else []


def _listed(caller: Caller, guid: str = TABLE_GUID) -> list[str]:
    return [each["job_name"] for each in json.loads(caller.nodes(guid).body)]


def _edges(caller: Caller, query: str = "") -> list[str]:
    return [edge["guid"] for edge in caller.lineage(TABLE_GUID, query)["relationships"]]


def _is_asked_for_keys_first(caller: Caller) -> bool:
    """Request lineage by keys (PK_FK), of which there is none, then by data flow; return whether both are empty."""
    return (_edges(caller, _KEY), _edges(caller, _FLOW)) == ([], [])


BROKEN_SERVERS = (
    _elsewhere(
        "bulk-begins-again-behind-its-end",
        "a page of ShowLineageBulk behind the last operator is empty",
        frozenset({"C-bulk-pages"}),
        on_answers(_wrapped, BULK),
        lambda caller: bool(caller.bulk(f"?offset={caller.bulk()['total']}")["data"]),
    ),
    _elsewhere(
        "relationships-named-anew",
        "a relationship has the same GUID each time",
        frozenset({"C-replay"}),
        on_json(_new_guids, LINEAGE),
        lambda caller: set(_edges(caller)).isdisjoint(_edges(caller)),
    ),
    _elsewhere(
        "relationships-named-by-their-operator",
        "no two relationships have the same GUID",
        frozenset({"C-lineage-connected"}),
        on_json(_guids_of_operators, LINEAGE),
        lambda caller: max(Counter(_edges(caller)).values()) > 1,
    ),
    _elsewhere(
        "categories-joined-by-and",
        "a request for several categories shows the relationships of each of them",
        frozenset({"C-lineage-category"}),
        on_answers(_every_category, LINEAGE),
        lambda caller: not _edges(caller, _BOTH),
    ),
    _elsewhere(
        "lineage-cached-without-the-category",
        "lineage of one category does not depend on the category that was requested before",
        frozenset({"C-lineage-category", "C-replay"}),
        _cached_without_the_category(),
        _is_asked_for_keys_first,
    ),
    _elsewhere(
        "assets-listed-for-each-direction",
        "lineage lists each asset once",
        frozenset({"C-lineage-connected", "C-asset-agrees"}),
        on_answers(_assets_of_each_direction, LINEAGE),
        lambda caller: max(Counter(each["guid"] for each in caller.lineage()["entities"]).values()) > 1,
    ),
    _elsewhere(
        "operators-merged-in-any-case",
        "operators whose names differ only in case are listed separately",
        frozenset({"C-nodes-operator"}),
        on_operators(_one_of_each_name),
        lambda caller: JOB_NAME not in _listed(caller),
    ),
    _elsewhere(
        "operators-with-trimmed-names",
        "an operator's name keeps its trailing blanks: without them, its runs are not found",
        frozenset({"C-nodes-operator", "C-nodes-chain", "C-nodes-unique"}),
        on_operators(_trimmed),
        lambda caller: _BLANKS not in _listed(caller),
    ),
    _elsewhere(
        "operators-without-runs-left-out",
        "an operator is listed for the tables that it reads or writes, even before its first run",
        frozenset({"C-nodes-operator"}),
        _joined_with_runs(),
        lambda caller: "margin" not in _listed(caller),
    ),
    _elsewhere(
        "no-operators-of-the-other-workspace",
        "a table's operators are listed, even if all of them are in another workspace",
        frozenset({"C-nodes-operator"}),
        on_operators(_of_one_workspace),
        lambda caller: not _listed(caller, _CUSTOMERS),
    ),
)
