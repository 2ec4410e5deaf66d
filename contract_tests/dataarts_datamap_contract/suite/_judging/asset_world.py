"""Compares all responses about assets and lineage with each other, and any responses to the same request. No HTTP."""

from __future__ import annotations

import json
from collections import Counter
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast
from urllib.parse import parse_qsl

from dataarts_datamap_contract.suite._http.messages import whole_number
from dataarts_datamap_contract.suite._judging.asset_lists import HitList, LineageList
from dataarts_datamap_contract.suite._judging.findings import Finding
from dataarts_datamap_contract.suite._judging.invariants.common import (
    BAD_REQUEST,
    NODES,
    OK,
    RUNS,
    SERVER_ERROR,
    THROTTLED,
    document_of,
)
from dataarts_datamap_contract.suite._judging.lineage_graphs import (
    Graph,
    OperatorTables,
    TableOperators,
    end_of,
    is_of_columns,
    judge_graphs,
    judge_nodes,
    judge_others,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite.target import Target

_ENDS: Final[Mapping[str, str]] = {
    "qualified_name": "attributes.qualifiedName",
    "type": "attributes.sourceType",
    "db": "database in lineage",
    "schema": "schema in lineage",
    "table": "table in lineage",
}
"""Fields of a table in lineage of all operators, after ``source_`` or ``target_``, and the fact that each states."""

_NODE: Final = ("node_name", "node_type", "node_qualified_name", "workspace_id")
_DATA_FLOW: Final = "DATA_FLOW"
_FLAGS: Final = ("extend_process_data_flow", "include_parent_entity")
_NARROWING: Final = frozenset({"relationship_types", "related_entity_types"})

Facts: TypeAlias = "Mapping[str, object]"
"""What a response says of an asset, by the name of the field."""


class AssetWorld:
    """What all responses say about assets and lineage, to find where they contradict each other.

    Attributes:
        assets: The assets that a search or details showed, by GUID, each with the last value of every field.
        ends: The tables that lineage of all operators names, by GUID, each with the name that it has there.
        edges: Pairs of tables in rows of lineage of all operators, upstream first, and the exchange that shows each.
        operators: By GUID, what each operator reads and writes according to lineage of all operators.
        graphs: By GUID and direction, which may be empty, the lineage around an asset.
        nodes: By the GUID of a table, the operators that ShowNodes names for it, with the exchange that says so.
        bulk: The pages of lineage of all operators.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self.ends: dict[str, str] = {}
        self.forget()

    def forget(self) -> None:
        """Forget what may no longer be true: everything but the tables that lineage names."""
        self._responses: dict[str, Exchange] = {}
        self._facts: dict[str, dict[str, tuple[object, Exchange]]] = {}
        self._hits: dict[str, HitList] = {}
        self._facets: dict[str, tuple[bool, Exchange]] = {}
        self.assets: dict[str, Mapping[str, Any]] = {}
        self.edges: dict[tuple[str, str], Exchange] = {}
        self.operators: dict[str, OperatorTables] = {}
        self.graphs: dict[tuple[str, str], Graph] = {}
        self.nodes: dict[str, TableOperators] = {}
        self.bulk = LineageList(self._target.offset_unit)

    def note(self, exchange: Exchange) -> Iterator[Finding]:
        """Compare an exchange with all earlier ones."""
        yield from self._note_response(exchange)
        values, target = exchange.judgement.values, self._target
        if exchange.request.credential.standing != "good" or exchange.judgement.standing != "valid":
            return
        response = exchange.response
        lists = exchange.operation_id == NODES and isinstance(response.document, list)
        if response.status != OK or not (response.members or lists):
            return
        if (values.get("project_id"), values.get("instance")) != (target.project_id, target.instance_id):
            return
        yield from self._note_referred(exchange)
        match exchange.operation_id:
            case "ShowNodes":
                named = {(str(each.get("job_name")), str(each.get("workspace_id"))) for each in response.operators}
                self.nodes[str(values["guid"])] = TableOperators(named, exchange)
            case "ShowDataSets":
                yield from self._note_search(exchange)
            case "ShowDataDetail":
                yield from self._note_detail(exchange)
            case "ListEntityDetails":
                yield from self._note_details(exchange)
            case "ShowLineageBulk":
                yield from self._note_bulk(exchange)
            case "ShowDatamapLineage":
                yield from self._note_graph(exchange)
            case _:
                pass

    def _note_response(self, exchange: Exchange) -> Iterator[Finding]:
        """A request that asks for the same as an earlier one gets the same status and data, however each was sent."""
        key, status = _meaning(exchange), exchange.response.status
        if key is None or status == THROTTLED:
            return
        earlier = self._responses.get(key)
        if earlier is None:
            self._responses.update({key: exchange} if status < SERVER_ERROR else {})
            return
        before, last = earlier.response.status, self._target.window_end
        problem = None
        if status != before:
            problem = f"the same request is answered {status} here, and {before} before"
        elif status == OK and _shown(exchange, last) != _shown(earlier, last):
            problem = "the same request shows other data than before"
        yield Finding("C-replay", problem, earlier)

    def judge_lineage(self) -> Iterator[tuple[Exchange, Finding]]:
        """Compare lineage around tables, lineage of all operators, and what ShowNodes names with each other."""
        kinds = {guid: facts["type_name"][0] for guid, facts in self._facts.items() if "type_name" in facts}
        yield from judge_graphs(self.graphs, self.edges, self.operators, kinds)
        yield from judge_nodes(self.nodes, self.operators)
        if self.bulk.is_whole and self.operators:
            yield from judge_others(self.graphs, {*self.operators, *self.ends}, kinds)

    def tables(self, own: str | None) -> list[str]:
        """GUIDs of assets: ``own`` if given, then by turns one of `assets` that is not in `ends`, and one of `ends`."""
        turns = zip_longest([each for each in self.assets if each not in self.ends], self.ends)
        return [each for each in dict.fromkeys((own, *chain(*turns))) if each]

    def names(self, guid: str) -> set[str]:
        """The names under which a search or details showed an asset, in lower case; empty if none did."""
        asset = self.assets.get(guid, {})
        attributes = _mapping(asset.get("attributes"))
        path = str(attributes.get("qualifiedName") or "").partition("@")[0]
        found = (asset.get("display_text"), attributes.get("name"), path.rpartition(".")[2])
        return {str(each).casefold() for each in found if each}

    def _note_search(self, exchange: Exchange) -> Iterator[Finding]:
        document = _mapping(document_of(exchange))
        numbers = exchange.judgement.number("offset"), exchange.judgement.number("limit")
        count = whole_number(exchange.response.members.get("count"))
        shown = exchange.response.listed("entities")
        yield from self._note_assets(exchange, shown)
        if count is None or None in numbers:
            return
        question = {name: value for name, value in document.items() if name not in {"offset", "limit"}}
        key = json.dumps(question, sort_keys=True)
        hits = self._hits.setdefault(key, HitList(self._target.offset_unit, count, exchange))
        offset, limit = cast("tuple[int, int]", numbers)
        yield hits.note(exchange, offset, limit, count=count, guids=[_guid(each) for each in shown])
        if offset == 0:  # a server may leave out facets on later pages
            has_facets = bool(exchange.response.listed("facets"))
            before, earlier = self._facets.setdefault(key, (has_facets, exchange))
            text = "the same search has facets with one limit, and none with another"
            yield Finding("C-search-pages", text if has_facets != before else None, earlier)

    def _note_detail(self, exchange: Exchange) -> Iterator[Finding]:
        asked = str(exchange.judgement.values["guid"])
        entity = exchange.response.members.get("entity")
        shown = _guid(_mapping(entity))
        if shown.casefold() == asked.casefold():
            yield from self._note_assets(exchange, [_mapping(entity)])
        elif shown or asked in self._facts:
            known = self._facts.get(asked, {}).get("guid", (None, None))[1]
            yield Finding("C-asset-agrees", f"the details of {asked} show {shown or 'no asset'}", known)

    def _note_details(self, exchange: Exchange) -> Iterator[Finding]:
        document = document_of(exchange)
        asked = [str(each) for each in cast("list[object]", document)] if isinstance(document, list) else []
        shown = exchange.response.listed("entities")
        guids = [_guid(each) for each in shown]
        more = sorted(set(guids) - set(asked))
        less = sorted(set(asked) & self.assets.keys() - set(guids))
        twice = sorted({each for each in guids if guids.count(each) > asked.count(each)} - set(more))
        known = self._facts[less[0]]["guid"][1] if less else None
        problem = (
            f"{more[0]} is returned, but was not asked for"
            if more
            else f"{less[0]} was asked for, but is not returned"
            if less
            else f"{twice[0]} is returned more often than it was asked for"
            if twice
            else None
        )
        yield Finding("C-details-batch", problem, known)
        yield from self._note_assets(exchange, shown)

    def _note_bulk(self, exchange: Exchange) -> Iterator[Finding]:
        rows = exchange.response.listed("data")
        for row in rows:
            node = row.get("node_guid")
            if isinstance(node, str) and node:
                named = str(row.get("node_name") or ""), str(row.get("workspace_id") or "")
                tables = self.operators.setdefault(node, OperatorTables(set(), set(), named, exchange))
                yield from self._note_facts(exchange, node, {f"{name} of bulk": row.get(name) for name in _NODE})
                yield from self._note_name(node, row.get("node_name"), is_table=False)
                tables.reads.add(str(row.get("source_guid") or ""))
                tables.writes.add(str(row.get("target_guid") or ""))
            ends: list[str] = []
            for side in ("source", "target"):
                guid = row.get(f"{side}_guid")
                if isinstance(guid, str) and guid:
                    ends.append(guid)
                    facts: Facts = {fact: row.get(f"{side}_{name}") for name, fact in _ENDS.items()}
                    yield from self._note_facts(exchange, guid, {"guid": guid, **facts})
                    yield from self._note_name(guid, row.get(f"{side}_table"))
                    yield _ordered(row, side)
            if len(ends) == len(("source", "target")):
                self.edges.setdefault((ends[0], ends[1]), exchange)
        numbers = exchange.judgement.number("offset"), exchange.judgement.number("limit")
        total = whole_number(exchange.response.members.get("total"))
        if total is not None and None not in numbers:
            yield self.bulk.note(exchange, *cast("tuple[int, int]", numbers), total=total, rows=rows)

    def _note_name(self, guid: str, name: object, *, is_table: bool = True) -> Iterator[Finding]:
        if not isinstance(name, str) or not name:
            return
        if is_table:
            self.ends.setdefault(guid, name)
        known = self.names(guid)
        if known:
            shown = self._facts.get(guid, {}).get("guid", (None, None))[1]
            other = None if name.casefold() in known else f"asset {guid} is called {name!r} here, not {min(known)!r}"
            yield Finding("C-asset-agrees", other, shown)

    def _note_graph(self, exchange: Exchange) -> Iterator[Finding]:
        values, kinds = exchange.judgement.values, exchange.judgement.kinds
        guid, direction = str(values["guid"]), str(values.get("direction", ""))
        relationships, entities = exchange.response.listed("relationships"), exchange.response.listed("entities")
        sent = parse_qsl(exchange.request.query, keep_blank_values=True)
        categories = {value for name, value in sent if name == "relationship_type_categories"}
        if categories:
            others = {str(each["relation_type_name"]) for each in relationships if each.get("relation_type_name")}
            strays = sorted(others - categories)
            asked = " or ".join(sorted(categories))
            stray = f"a relationship of {strays[0]}, where {asked} is asked for" if strays else None
            yield Finding("C-lineage-category", stray)
        if not categories or _DATA_FLOW in categories:
            flows = [each for each in relationships if each.get("relation_type_name") in (None, _DATA_FLOW)]
            graph = Graph.of(guid, flows, exchange)
            apart = graph.apart()
            stray = f"the relationship from {apart[0]} to {apart[1]} does not lead to {guid}" if apart else None
            yield Finding("C-lineage-connected", stray)
            is_narrow, is_wide = bool(_NARROWING & kinds.keys()), any(values.get(each) == "true" for each in _FLAGS)
            again = self._note_again(guid, direction, graph, may_lack=is_narrow, may_add=is_wide)
            yield again._replace(check="C-lineage-category") if len(categories) > 1 else again
        yield from self._note_ends(exchange, guid, relationships, entities)

    def _note_again(self, guid: str, direction: str, graph: Graph, *, may_lack: bool, may_add: bool) -> Finding:
        """With other parameters, the data flow around an asset is the same, unless they ask for less or more."""
        if not (may_lack or may_add):
            self.graphs.setdefault((guid, direction), graph)
        known = self.graphs.get((guid, direction), graph)
        lost, more = len(known.edges - graph.edges), len(graph.edges - known.edges)
        is_same = (may_lack or not lost) and (may_add or not more)
        asked = f"{direction} of {guid}" if direction else f"the lineage of {guid} without a direction"
        problem = f"{asked} lacks {lost} relationships here, and has {more} others"
        if is_same and _relations(graph.exchange) == _relations(known.exchange):
            shown, before = _assets_of(graph.exchange), _assets_of(known.exchange)
            is_same = may_lack or may_add or shown == before
            problem = f"{asked} shows the same relationships, but other assets"
            if shown == before and _total(graph.exchange) != _total(known.exchange):
                is_same = False
                problem = f"{asked} has another total than before, but shows as much"
        return Finding("C-lineage-agrees", None if is_same else problem, known.exchange)

    def _note_ends(
        self,
        exchange: Exchange,
        guid: str,
        relationships: Sequence[Mapping[str, Any]],
        entities: Sequence[Mapping[str, Any]],
    ) -> Iterator[Finding]:
        """Relationships and assets occur once each; the assets, if any, are those at the ends and the requested one."""
        shown = [_guid(entity) for entity in entities]
        ids = [str(each.get("guid") or "") for each in relationships if not is_of_columns(each)]
        for listed, what in ((shown, "asset"), (ids, "relationship")):
            twice = sorted({each for each in listed if each and listed.count(each) > 1})
            yield Finding("C-lineage-connected", f"{what} {twice[0]} is returned more than once" if twice else None)
        for each in relationships:
            facts = {f"{name} of a relationship": value for name, value in each.items() if name != "direction"}
            yield from self._note_facts(exchange, "" if is_of_columns(each) else str(each.get("guid") or ""), facts)
            for number in (1, 2):
                yield self._note_end(end_of(each, number), str(each.get(f"ep{number}_type_name") or ""))
        ends = {end_of(each, number) for each in relationships for number in (1, 2)} - {""}
        if shown and exchange.judgement.values.get("include_parent_entity") != "true":
            strays = sorted(set(shown) - ends - {guid, ""})
            missing = sorted((ends & self.assets.keys()) - set(shown))
            stray = f"asset {strays[0]} is at no end of a relationship" if strays else None
            lost = f"asset {missing[0]} is at an end of a relationship, but is not returned" if missing else None
            yield Finding("C-lineage-connected", stray or lost)
        for entity in entities:
            yield from self._note_facts(exchange, _guid(entity), {"guid": _guid(entity), **_facts(entity)})

    def _note_end(self, guid: str, kind: str) -> Finding:
        """An end may name the kind of its asset in words of its own, but not as the kind of another asset."""
        own, earlier = self._facts.get(guid, {}).get("type_name", (kind, None))
        others = {str(each.get("type_name")) for each in self.assets.values()}
        problem = f"asset {guid} is {kind} at an end of a relationship, but {own} by itself"
        return Finding("C-lineage-agrees", problem if kind != own and kind in others else None, earlier)

    def _note_referred(self, exchange: Exchange) -> Iterator[Finding]:
        """Assets that others refer to are listed under their own GUIDs, or left out if the request says so."""
        referred = _mapping(exchange.response.members.get("referred_entities"))
        if exchange.judgement.values.get("ignore_relationships") == "true":
            yield Finding("C-asset-agrees", f"{min(referred)} is returned, but is to be left out" if referred else None)
        for guid, entity in referred.items():
            own = _guid(_mapping(entity))
            if own:
                yield Finding("C-asset-agrees", None if own == guid else f"{own} stands under the GUID {guid}")
                yield from self._note_facts(exchange, own, {"guid": own, **_facts(_mapping(entity))})

    def _note_assets(self, exchange: Exchange, entities: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
        for entity in entities:
            guid = _guid(entity)
            if guid:
                facts = _facts(entity)
                members = sorted(name for name, value in facts.items() if _plain(value) and "relationship" not in name)
                shown: Facts = {f"the members that {exchange.operation_id} shows": members}
                yield from self._note_facts(exchange, guid, {"guid": guid, **facts, **shown})
                self.assets[guid] = {**self.assets.get(guid, {}), **entity}
                end = self._facts[guid].get("table in lineage")
                if end is not None:
                    yield from self._note_name(guid, end[0])

    def _note_facts(self, exchange: Exchange, guid: str, facts: Facts) -> Iterator[Finding]:
        known = self._facts.setdefault(guid, {}) if guid else {}
        for name, said in facts.items():
            value = _plain(said)
            if value is None:
                continue
            before, earlier = known.setdefault(name, (value, exchange))
            if before != value:
                problem = f"asset {guid}: {name} is {value!r:.80} here and {before!r:.80} before"
                yield Finding("C-asset-agrees", problem, earlier)
                return
            if earlier is not exchange and name == "guid":
                yield Finding("C-asset-agrees")


def _meaning(exchange: Exchange) -> str | None:
    """What a request asks for, however it is written; undeclared parameters mean nothing.

    None if readers differ about the request; if its credentials are bad and it has an ``Authorization`` or
    ``X-Project-Id`` field; or if it has undeclared parameters and gets a 400, which is allowed.
    """
    request, judgement = exchange.request, exchange.judgement
    is_signed = bool(request.header("Authorization") or request.header("X-Project-Id"))
    is_good = request.credential.standing == "good"
    if judgement.standing == "unsure" or (is_signed and not is_good):
        return None
    if judgement.undeclared and exchange.response.status == BAD_REQUEST:
        return None
    fields = [(name.lower(), value) for name, value in request.credential.fields]
    who = "" if is_good else f"{fields}{request.credential.query}"
    pairs = parse_qsl(request.query, keep_blank_values=True)
    asked = sorted(each for each in pairs if each[0] not in judgement.undeclared)
    document = document_of(exchange) if judgement.standing == "valid" else str(request.content)
    values = sorted(judgement.values.items())
    return json.dumps([exchange.operation_id, values, asked, document, who], sort_keys=True, default=str)


def _shown(exchange: Exchange, last: int) -> object:
    """What a response shows; nothing for a window that ends after ``last``: its runs may go on."""
    if exchange.operation_id == RUNS:
        end, page = exchange.judgement.number("end_time"), exchange.response.page
        return None if page is None or end is None or end > last else (page.total, page.rows)
    if exchange.operation_id == NODES:
        return sorted(json.dumps(each, sort_keys=True) for each in exchange.response.operators)
    return exchange.response.document


def _relations(exchange: Exchange) -> Counter[str]:
    return Counter(json.dumps(each, sort_keys=True) for each in exchange.response.listed("relationships"))


def _assets_of(exchange: Exchange) -> Counter[str]:
    return Counter(_guid(each) for each in exchange.response.listed("entities"))


def _total(exchange: Exchange) -> object:
    return exchange.response.members.get("total")


def _ordered(row: Mapping[str, Any], side: str) -> Finding:
    """If a qualified name is made of database, schema and table, they are in this order."""
    parts = [str(row.get(f"{side}_{name}") or "") for name in ("db", "schema", "table")]
    path = str(row.get(f"{side}_qualified_name") or "").partition("@")[0]
    is_made = sorted(path.split(".")) == sorted(filter(None, parts))
    is_right = path == ".".join(filter(None, parts))
    problem = f"{path} is of database {parts[0]!r} and schema {parts[1]!r} in lineage"
    return Finding("C-asset-agrees", problem if is_made and not is_right else None)


def _facts(entity: Mapping[str, Any]) -> Facts:
    """Everything that a response says of an asset, with its attributes as facts of their own."""
    attributes = _mapping(entity.get("attributes"))
    return {**entity, "guid": _guid(entity), **{f"attributes.{name}": value for name, value in attributes.items()}}


def _plain(value: object) -> str | None:
    """A text, a number or a list of these as one text, the same for any order; None for anything else."""
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    plain = sorted(str(each) for each in items if isinstance(each, (str, int, float)))
    return ", ".join(plain) if plain else None


def _guid(entity: Mapping[str, Any]) -> str:
    guid = entity.get("guid")
    return guid if isinstance(guid, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
