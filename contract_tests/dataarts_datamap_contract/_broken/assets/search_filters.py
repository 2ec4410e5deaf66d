"""Searches that misread keywords, filters, conditions or sorting."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.asset_seams import SEARCH_PATH, SOURCE_TYPE, shown_guids
from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import MOST, SEARCH, Ask, Document, Seam, on_answers
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import WORKSPACE, as_object, repeats
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock._web.validation import Arguments

_apart = partial(BrokenServer, level="C", cohort="apart")
_outside = partial(BrokenServer, level="C", cohort="outside")

_SERVER_ERROR = 500


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
    """All comparisons are joined by the outermost condition (AND or OR), even those inside nested conditions."""
    if "criterion" not in node:
        return node

    def leaves(inner: Document) -> list[Document]:
        below = [leaf for each in inner.get("criterion") or () for leaf in leaves(each)]
        return [*([{**inner, "criterion": []}] if "attribute" in inner else []), *below]

    criterion = [leaf for each in node["criterion"] or () for leaf in leaves(each)]
    return {**node, "criterion": criterion}


def _comparison_alone(node: Document) -> Document:
    """A filter that has a comparison ignores its condition."""
    if "attribute" in node:
        return {name: value for name, value in node.items() if name not in {"condition", "criterion"}}
    return node


def _everywhere(change: Callable[[Document], Document]) -> Callable[[Document], Document]:
    """A change that is made to a filter and to each filter inside it."""

    def changed(node: Document) -> Document:
        below = {"criterion": [changed(each) for each in node["criterion"] or ()]} if "criterion" in node else {}
        return change({**node, **below})

    return changed


def _lower_source_type(node: Document) -> Document:
    if node.get("attribute") != SOURCE_TYPE:
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


def _where(attribute: str, operator: str, *values: str, **more: object) -> Document:
    return {"attribute": attribute, "operator": operator, "value": [*values], **more}


def _count(caller: Caller, query: str = "", **members: Any) -> int:  # noqa: ANN401  any JSON
    return int(caller.search(query, **members)["count"])


def _misses_an_or(caller: Caller) -> bool:
    either = {"condition": "OR", "criterion": [_where("workspaceId", "EQ", each) for each in (WORKSPACE, "nowhere")]}
    both = {"condition": "AND", "criterion": [_where(SOURCE_TYPE, "EQ", "dws"), either]}
    return _count(caller, filter=both) == 0


def _ignores_what_is_below(caller: Caller) -> bool:
    below = [_where("workspaceId", "EQ", "nowhere")]
    return _count(caller, filter=_where(SOURCE_TYPE, "EQ", "dws", condition="AND", criterion=below)) > 0


def _misses_the_last(caller: Caller) -> bool:
    both = _count(caller, filter=_where(SOURCE_TYPE, "IN", "dws", "dli"))
    return both == _count(caller, filter=_where(SOURCE_TYPE, "IN", "dws"))


def _goes_down(caller: Caller) -> bool:
    without, down = ([{"attribute": "name", **order}] for order in ({}, {"order": "DESC"}))
    return shown_guids(caller.search(sort=without)) == shown_guids(caller.search(sort=down))


def _sorts_pages(caller: Caller) -> bool:
    sort = [{"attribute": "name", "order": "ASC"}]
    pages = [
        guid for offset in range(0, 60, 3) for guid in shown_guids(caller.search(sort=sort, limit=3, offset=offset))
    ]
    return pages != shown_guids(caller.search(sort=sort))


def _counts_the_page(caller: Caller) -> bool:
    page = caller.search(limit=2, facets=["typeName"])
    return bool(page["facets"][0]["typeName"][0]["count"] < page["count"])


def _finds_anything(caller: Caller) -> bool:
    return _count(caller, filter=_where(SOURCE_TYPE, "EQ", "none of these")) > 0


def _asked(ask: Ask, arguments: Arguments, **members: object) -> Document:
    """The reference's response if members of the body are replaced, or left out where the new value is None."""
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


def _walks_twice_over(caller: Caller) -> bool:
    pages = [caller.search(offset=offset, limit=5)["entities"] for offset in range(0, caller.search()["count"], 5)]
    return repeats([entity["guid"] for page in pages for entity in page])


def _takes_either(caller: Caller) -> bool:
    wanted: Document = {"attribute": SOURCE_TYPE, "operator": "EQ", "value": ["hive"]}
    return bool(caller.search("dws_orders", filter=wanted)["count"])


def _flattens(caller: Caller) -> bool:
    kinds = [{"attribute": SOURCE_TYPE, "operator": "EQ", "value": [kind]} for kind in ("dws", "dli")]
    own = {"attribute": "workspaceId", "operator": "EQ", "value": [WORKSPACE]}
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


BROKEN_SERVERS = (
    _apart(
        "later-hits-begin-one-late",
        "A page of hits begins with the hit that follows the previous page.",
        frozenset({"C-search-pages"}),
        _searching(_one_late),
        lambda caller: shown_guids(caller.search(offset=2)) != shown_guids(caller.search())[2:],
    ),
    _apart(
        "conditions-joined-as-the-outermost",
        "A nested condition joins its members by its own AND or OR.",
        frozenset({"C-search-narrows", "C-search-finds"}),
        _filtering(_flat),
        _misses_an_or,
    ),
    _apart(
        "comparison-hides-what-is-below",
        "A filter with both a comparison and a condition finds only assets that match both.",
        frozenset({"C-search-narrows", "C-search-finds"}),
        _filtering(_everywhere(_comparison_alone)),
        _ignores_what_is_below,
    ),
    _apart(
        "kinds-of-source-in-any-case",
        "EQ compares exactly: another case is another value.",
        frozenset({"C-search-narrows", "C-search-finds"}),
        _filtering(_everywhere(_lower_source_type)),
        lambda caller: _count(caller, filter=_where(SOURCE_TYPE, "EQ", "DWS")) > 0,
    ),
    _apart(
        "in-without-its-last",
        "IN finds assets that have any of the values, including the last one.",
        frozenset({"C-search-narrows", "C-search-finds"}),
        _filtering(_everywhere(_all_but_the_last)),
        _misses_the_last,
    ),
    _apart(
        "sorted-down-by-default",
        "Sorting without an order is ascending.",
        frozenset({"C-search-narrows", "C-search-pages", "C-search-finds"}),
        _searching(_downwards),
        _goes_down,
    ),
    _apart(
        "each-page-sorted-by-itself",
        "The hits are sorted before paging.",
        frozenset({"C-search-pages"}),
        on_answers(_sorted_by_the_page, SEARCH),
        _sorts_pages,
    ),
    _apart(
        "facets-of-the-page",
        "Facets count all hits, not only those of the page.",
        frozenset({"C-search-pages", "C-search-finds", "A-catalog-shape"}),
        on_answers(_facets_of_the_page, SEARCH),
        _counts_the_page,
    ),
    _apart(
        "keywords-in-ascii-alone",
        "A table is found by its name, even if the name is Chinese.",
        frozenset({"C-search-finds"}),
        on_answers(_ascii_keyword, SEARCH),
        lambda caller: _count(caller, "订单") == 0,
    ),
    _apart(
        "filter-beside-a-keyword-alone",
        "A filter also applies without a keyword.",
        frozenset({"C-search-narrows", "C-search-finds"}),
        _searching(_filter_of_a_keyword),
        _finds_anything,
    ),
    _outside(
        "scored-anew-for-odd-pages",
        "The pages of one search are slices of one list: no asset is on two pages, and none is missing.",
        CHECKS["search pages"],
        on_answers(_scored_anew, SEARCH),
        _walks_twice_over,
    ),
    _outside(
        "count-of-all-owners",
        "The count of a search is the number of assets that match, even if the search names an owner.",
        CHECKS["search filter"],
        on_answers(_counting_all_owners, SEARCH),
        lambda caller: (found := caller.search(owner="分析师"))["count"] > len(found["entities"]),
    ),
    _outside(
        "keyword-or-filter",
        "A search finds assets that match both keyword and filter, not only one of them.",
        CHECKS["search filter"],
        on_answers(_either, SEARCH),
        _takes_either,
    ),
    _outside(
        "nested-conditions-flattened",
        "A condition inside another joins only its own comparisons, as in: (dws or dli) and this workspace.",
        CHECKS["search filter"],
        on_answers(_flattened, SEARCH),
        _flattens,
    ),
    _outside(
        "pages-sorted-one-by-one",
        "A sorted search is sorted across its pages.",
        CHECKS["search pages"],
        on_answers(_sorted_page, SEARCH),
        _sorts_pages_alone,
    ),
    _outside(
        "query-parser",
        "A keyword can be any text: a search for a bracket or a slash may find nothing, but does not fail.",
        CHECKS["valid requests succeed"],
        on_answers(_parsed, SEARCH),
        lambda caller: (
            caller.ask("POST", SEARCH_PATH, {"query": "a[", "limit": 1, "offset": 0}).status == _SERVER_ERROR
        ),
    ),
)
