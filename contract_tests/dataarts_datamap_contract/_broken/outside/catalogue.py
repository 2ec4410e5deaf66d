"""Levels B to E: operators of a table, searches and assets that indexes, joins and batches get wrong."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.outside.making import (
    SALES,
    Anew,
    Operation,
    broken,
    guid_of,
    performed,
    repeats,
)
from dataarts_datamap_contract._broken.seams import (
    BULK,
    DETAILS,
    MOST,
    NODES,
    SEARCH,
    Ask,
    Document,
    Seam,
    Values,
    compact,
    on_answers,
    on_arguments,
    on_content,
    on_document,
    on_json,
    on_operators,
)
from dataarts_datamap_contract._broken.shared import OK, OTHER_PROJECT_ID, as_object
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._web.responses import HttpError
from dataarts_datamap_contract.mock._web.validation import Arguments

if TYPE_CHECKING:
    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract._broken.servers import BrokenServer
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation

_SEARCH = "/v3/{p}/datamap/entities/search"
_SERVER_ERROR = 500
_BATCH = 10
_SHORT_GUID = 32
_DESCRIPTION = re.compile(rb'"description":"((?:[^"\\]|\\.)*)"')
_DESCRIPTION_BYTES = 20
_WORKSPACE = "b88c445407b24283aa949f9833a38fd8"
_SOURCE = "base.DataAsset.sourceType"


def _any_project(perform: Operation, config: MockConfig) -> Operation:
    return lambda arguments: perform(replace(arguments, values={**arguments.values, "project_id": config.project_id}))


def _asked(ask: Ask, arguments: Arguments, **members: object) -> Document:
    """The reference's response if members of the body are changed; a member that is None is left out."""
    body = {name: value for name, value in {**arguments.body, **members}.items() if value is not None}
    document: Document = ask(replace(arguments, body=body))
    return document


def _scored_anew(_: str, ask: Ask, arguments: Arguments) -> Document:
    offset, limit = int(arguments.body["offset"]), int(arguments.body["limit"])
    everything = _asked(ask, arguments, offset=0, limit=MOST)
    entities = everything["entities"][:: -1 if offset // limit % 2 else 1]
    return {**everything, "entities": entities[offset : offset + limit]}


def _counting_all_owners(_: str, ask: Ask, arguments: Arguments) -> Document:
    return {**ask(arguments), "count": _asked(ask, arguments, owner=None)["count"]}


def _either(_: str, ask: Ask, arguments: Arguments) -> Document:
    """An asset is found if it matches the keyword or the filter."""
    if not arguments.body.get("query") or not arguments.body.get("filter"):
        return _asked(ask, arguments)
    offset, limit = int(arguments.body["offset"]), int(arguments.body["limit"])
    ways: tuple[dict[str, object], ...] = ({"query": None}, {"filter": None})
    found = [_asked(ask, arguments, offset=0, limit=MOST, **way)["entities"] for way in ways]
    entities = [*{entity["guid"]: entity for entities in found for entity in entities}.values()]
    return {**ask(arguments), "count": len(entities), "entities": entities[offset : offset + limit]}


def _leaves(wanted: Document) -> list[Document]:
    below = [leaf for each in wanted.get("criterion", ()) for leaf in _leaves(each)]
    own: Document = {name: value for name, value in wanted.items() if name in {"attribute", "operator", "value"}}
    return [own, *below] if own else below


def _flattened(_: str, ask: Ask, arguments: Arguments) -> Document:
    wanted = as_object(arguments.body.get("filter"))
    if wanted is None or "criterion" not in wanted:
        return _asked(ask, arguments)
    flat: Document = {"condition": wanted.get("condition", "AND"), "criterion": _leaves(wanted)}
    return _asked(ask, arguments, filter=flat)


def _sorted_page(_: str, ask: Ask, arguments: Arguments) -> Document:
    order = arguments.body.get("sort")
    if not order:
        return _asked(ask, arguments)
    document = _asked(ask, arguments, sort=None)
    is_down = order[0].get("order") == "DESC"
    entities = sorted(document["entities"], key=lambda entity: str(entity["display_text"]), reverse=is_down)
    return {**document, "entities": entities}


def _parsed(_: str, ask: Ask, arguments: Arguments) -> Document:
    if re.search(r"[\[\]{}()/\"]", str(arguments.body.get("query", ""))):
        raise HttpError(500, "DLG.0500", "Cannot parse the query")
    return _asked(ask, arguments)


def _coerced(content: bytes) -> bytes:
    try:
        body = as_object(json.loads(content))
    except ValueError:
        return content
    texts = {name: str(value) for name, value in (body or {}).items() if name in {"limit", "offset"}}
    numbers = {name: int(text) for name, text in texts.items() if re.fullmatch("[0-9]{1,9}", text)}
    return compact({**body, **numbers}).encode() if body and numbers else content


def _cut_between_bytes(document: bytes) -> bytes:
    return _DESCRIPTION.sub(lambda match: b'"description":"' + match[1][:_DESCRIPTION_BYTES] + b'"', document)


def _of_its_maker(document: Document) -> Document:
    entities = [
        {**entity, "attributes": {**entity["attributes"], "owner": entity["created_by"]}}
        for entity in document["entities"]
    ]
    return {**document, "entities": entities}


def _in_tens(_: str, ask: Ask, arguments: Arguments) -> Document:
    guids: list[str] = arguments.body
    is_lost = len(guids) > 1 and len(guids) % _BATCH == 1
    document: Document = ask(replace(arguments, body=guids[:-1] if is_lost else guids))
    return document


def _joined_with_sources() -> Seam:
    """An operator that writes the requested table is listed once for each table that it reads."""
    bulk: list[Operation] = []

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        if operation.operation_id == BULK:
            bulk.append(operation.perform)
        if operation.operation_id != NODES:
            return operation

        def perform(arguments: Arguments) -> bytes:
            operators = json.loads(operation.perform(arguments))
            scope = {name: arguments.values[name] for name in ("project_id", "instance")}
            rows = json.loads(bulk[-1](Arguments({**scope, "limit": MOST})))["data"]
            pairs = Counter(row["node_name"] for row in rows if row.get("target_guid") == arguments.text("guid"))
            times = [(operator, max(pairs[operator["job_name"]], 1)) for operator in operators]
            return compact([operator for operator, number in times for _ in range(number)]).encode()

        return replace(operation, perform=perform)

    return Seam(alter)


def _known_by_32(values: Values) -> Values:
    is_near = str(values["guid"])[:_SHORT_GUID] == TABLE_GUID[:_SHORT_GUID]
    return {**values, "guid": TABLE_GUID} if is_near else values


def _walks_twice_over(caller: Caller) -> bool:
    pages = [caller.search(offset=offset, limit=5)["entities"] for offset in range(0, caller.search()["count"], 5)]
    return repeats([entity["guid"] for page in pages for entity in page])


def _takes_either(caller: Caller) -> bool:
    wanted: Document = {"attribute": _SOURCE, "operator": "EQ", "value": ["hive"]}
    return bool(caller.search("dws_orders", filter=wanted)["count"])


def _flattens(caller: Caller) -> bool:
    kinds = [{"attribute": _SOURCE, "operator": "EQ", "value": [kind]} for kind in ("dws", "dli")]
    own = {"attribute": "workspaceId", "operator": "EQ", "value": [_WORKSPACE]}
    nested = {"condition": "AND", "criterion": [{"condition": "OR", "criterion": kinds}, own]}
    return not caller.search(filter=nested)["count"]


def _sorts_pages_alone(caller: Caller) -> bool:
    order = [{"attribute": "name", "order": "ASC"}]
    names = [
        entity["display_text"]
        for offset in (0, 5, 10)
        for entity in caller.search(offset=offset, limit=5, sort=order)["entities"]
    ]
    return names != sorted(names)


def _is_no_text(caller: Caller) -> bool:
    try:
        caller.ask("POST", _SEARCH, {"limit": 100, "offset": 0}).body.decode()
    except UnicodeDecodeError:
        return True
    return False


def _changes_owners(caller: Caller) -> bool:
    found = caller.search()["entities"]
    owners = {entity["guid"]: entity["attributes"]["owner"] for entity in found}
    others = {entity["guid"]: entity["attributes"]["owner"] for entity in caller.details(*owners)["entities"]}
    return owners != others


def _loses_the_eleventh(caller: Caller) -> bool:
    guids = [entity["guid"] for entity in caller.search()["entities"][:11]]
    return len(caller.details(*guids)["entities"]) < len(guids)


BROKEN_SERVERS: tuple[BrokenServer, ...] = (
    broken(
        "details-for-any-project",
        "Assets are shown only in the project that they belong to, also by ListEntityDetails.",
        "tenant",
        performed(DETAILS, _any_project),
        lambda caller: caller.ask("POST", f"/v1/{OTHER_PROJECT_ID}/datamap/entities/guids", [TABLE_GUID]).status == OK,
        level="D",
    ),
    broken(
        "scored-anew-for-odd-pages",
        "The pages of one search are slices of one list: no asset is on two pages, and none is missing.",
        "search pages",
        on_answers(_scored_anew, SEARCH),
        _walks_twice_over,
    ),
    broken(
        "count-of-all-owners",
        "The count of a search is the number of assets that match, even if the search names an owner.",
        "search filter",
        on_answers(_counting_all_owners, SEARCH),
        lambda caller: (found := caller.search(owner="分析师"))["count"] > len(found["entities"]),
    ),
    broken(
        "keyword-or-filter",
        "A search finds assets that match both keyword and filter, not only one of them.",
        "search filter",
        on_answers(_either, SEARCH),
        _takes_either,
    ),
    broken(
        "nested-conditions-flattened",
        "A condition inside another joins only its own comparisons, as in: (dws or dli) and this workspace.",
        "search filter",
        on_answers(_flattened, SEARCH),
        _flattens,
    ),
    broken(
        "pages-sorted-one-by-one",
        "A sorted search is sorted across its pages.",
        "search pages",
        on_answers(_sorted_page, SEARCH),
        _sorts_pages_alone,
    ),
    broken(
        "query-parser",
        "A keyword can be any text: one with a bracket or a slash may find nothing, but does not fail.",
        "valid requests succeed",
        on_answers(_parsed, SEARCH),
        lambda caller: caller.ask("POST", _SEARCH, {"query": "a[", "limit": 1, "offset": 0}).status == _SERVER_ERROR,
    ),
    broken(
        "numbers-taken-from-text",
        "Limit and offset of a search are integers: text such as '10' is not one, and is refused.",
        "invalid requests are refused",
        on_content(_coerced, SEARCH),
        lambda caller: caller.ask("POST", _SEARCH, {"limit": "10", "offset": 0}).status == OK,
        level="E",
    ),
    broken(
        "descriptions-cut-between-bytes",
        "A response is JSON in UTF-8: a description is not cut within a character.",
        "text is JSON and UTF-8",
        on_document(_cut_between_bytes, of=SEARCH),
        _is_no_text,
        level="B",
    ),
    broken(
        "owner-is-who-made-it",
        "An asset has one owner, in ListEntityDetails as in a search.",
        "assets agree",
        on_json(_of_its_maker, DETAILS),
        _changes_owners,
    ),
    broken(
        "last-of-eleven-lost",
        "Every known GUID that is requested comes back, even the eleventh, the twenty-first and so on.",
        "assets agree",
        on_answers(_in_tens, DETAILS),
        _loses_the_eleventh,
    ),
    broken(
        "operators-once-per-source",
        "An operator of a table is listed once, however many tables it reads.",
        "operators of a table",
        Anew(make=_joined_with_sources),
        lambda caller: repeats([compact(each) for each in caller.nodes(guid_of(caller, "lake.dwd_items")).json()]),
    ),
    broken(
        "operators-get-the-tables-workspace",
        "An operator is listed with its own workspace, which finds its runs.",
        "operators of a table",
        on_operators(lambda found: [{**each, "workspace_id": found[0]["workspace_id"]} for each in found]),
        lambda caller: any(
            each["job_name"] == SALES["job_name"]
            and not caller.page(**SALES, workspace_id=each["workspace_id"])["total"]
            for each in caller.nodes().json()
        ),
    ),
    broken(
        "guids-of-32-characters",
        "A GUID that differs from a table's in its last four characters is a different GUID.",
        "operators of a table",
        on_arguments(_known_by_32, of=NODES),
        lambda caller: caller.nodes(f"{TABLE_GUID[:_SHORT_GUID]}0000").status == OK,
    ),
)
