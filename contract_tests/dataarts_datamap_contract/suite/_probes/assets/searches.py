"""Probes of searches: pages of one list, tables by their names, and what a keyword or a filter leaves out."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, cast

from dataarts_datamap_contract.suite._http.messages import whole_number
from dataarts_datamap_contract.suite._judging.findings import LEAST_CAP
from dataarts_datamap_contract.suite._judging.invariants.common import BAD_REQUEST, DETAIL, OK, SEARCH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session

_NOBODY: Final = "zq5f1c09vvx"
"""A keyword that no asset has."""

_OWNER: Final = "owner"
_MOST_KEYWORDS: Final = 4
_PART: Final = 0.25
_MOST_PAGES: Final = 6
_MOST_NAMES: Final = 20
_MANY: Final = 45
_FIELDS: Final[Mapping[str, Callable[[Mapping[str, Any]], object]]] = {
    "typeName": lambda asset: asset.get("type_name"),
    "base.DataAsset.sourceType": lambda asset: _member(asset.get("attributes"), "sourceType"),
    "workspaceId": lambda asset: asset.get("workspace_id"),
    _OWNER: lambda asset: _member(asset.get("attributes"), "owner"),
}
"""What a filter compares, by the documented names of its attributes."""


def search(session: Session, *, offset: int = 0, limit: int = LEAST_CAP, **members: Any) -> Exchange:  # noqa: ANN401
    """Ask for a page of a search."""
    document = {**members, "limit": limit, "offset": offset}
    return session.send(session.request(SEARCH, document=document))


def _walk(session: Session, limit: int = LEAST_CAP, **members: Any) -> list[Exchange]:  # noqa: ANN401
    """The pages of a search, to its end or to as many as are enough."""
    pages = [search(session, limit=limit, **members)]
    count = whole_number(pages[0].response.members.get("count")) or 0
    found = len(pages[0].response.listed("entities"))
    while pages[-1].response.listed("entities") and found < count and len(pages) < max(_MOST_PAGES, _MANY // limit):
        offset = len(pages) if session.target.offset_unit == "pages" else found
        pages.append(search(session, limit=limit, offset=offset, **members))
        found += len(pages[-1].response.listed("entities"))
    return pages


def _assets(pages: Sequence[Exchange]) -> dict[str, Mapping[str, Any]]:
    return {str(each.get("guid")): each for page in pages for each in page.response.listed("entities")}


def probe_pages(session: Session) -> None:
    """Pages of one search, of several sizes and from several positions, which the world behind them judges."""
    pages = _walk(session, query="")
    count = whole_number(pages[0].response.members.get("count")) or 0
    for limit in (1, 2, 3, 7) if count <= _MANY else (7,):
        _walk(session, limit, query="")
    in_pages = session.target.offset_unit == "pages"
    for row, limit in ((count // 2, 5), (max(count - 1, 0), 3), (count, 10), (count + 1, 1), (count + 1_000, 10)):
        search(session, offset=-(-row // limit) if in_pages else row, limit=limit, query="")
    search(session, limit=1_000, query="")
    search(session, limit=10, query="")


def probe_names(session: Session) -> None:
    """A search by the name that a table has in its details, or in lineage, finds its GUID."""
    world = session.ledger.world.assets
    if not world.ends and not world.assets:
        search(session, query="")
    named = {guid: name for guid, name in world.ends.items() if name}
    for guid in [*world.assets]:
        named.setdefault(guid, str(_member(world.assets[guid].get("attributes"), "name") or ""))
    for guid, name in sorted(named.items(), key=lambda each: _is_plain(each[1]))[:_MOST_NAMES]:
        if not name.strip():
            continue
        pages = _walk(session, query=name)
        if guid in _assets(pages):
            session.judge("C-search-finds", pages[0])
        elif DETAIL in session.ledger.served:
            detail = session.send(session.request(DETAIL, guid=guid))
            if detail.response.members.get("entity"):  # else the table was dropped, and lineage still names it
                session.doubt("C-search-finds", pages[0], f"a search by {name!r} does not find {guid}", detail)


def _is_plain(name: str) -> bool:
    """Whether a name is of small letters, as most are: others are asked for first."""
    return name.isascii() and name.islower() and name.replace("_", "").isalnum()


def probe_narrowing(session: Session) -> None:
    """A keyword, a filter, an owner and an order leave out what does not pass them, and add nothing."""
    base: dict[str, Any] = {"query": ""}
    pages = _walk(session, **base)
    everything = _assets(pages)
    if whole_number(pages[0].response.members.get("count")) != len(everything):
        session.ledger.excuse("a search finds more assets than are walked, or others each time", "C-search-narrows")
        return
    nothing = search(session, query=_NOBODY, limit=10)
    if nothing.response.status == OK:
        found = len(nothing.response.listed("entities"))
        _judge(session, nothing, f"a keyword that no asset has finds {found}" if found else None)
    keywords = list(_keywords(session, everything))
    for number, (members, due, what) in enumerate(_filters(everything)):
        _expect(session, pages[0], {**base, **members}, due, what)
        if number % 2 and keywords:
            keyword, hits, hit_page = keywords[number // 2 % len(keywords)]
            _expect(session, hit_page, {"query": keyword, **members}, due & hits, f"{what} and the keyword {keyword!r}")
    harmless: tuple[dict[str, Any], ...] = (
        {},
        {"query_privilege": False},
        {**base, "relationship_attributes": []},
        {**base, "facets": []},
    )
    for members in harmless:
        _expect(
            session, pages[0], {"query": "", **members} if members else {}, set(everything), f"nothing but {members}"
        )
    allowed = _walk(session, **base, query_privilege=True)
    more = _assets(allowed).keys() - everything.keys()
    _judge(session, allowed[0], f"with query_privilege, {min(more)} is found, too" if more else None, pages[0])
    _probe_orders(session, pages[0], everything)
    _probe_facets(session, everything)


def _keywords(
    session: Session, everything: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, set[str], Exchange]]:
    """Keywords that find some of all assets, with those."""
    names = {str(_member(each.get("attributes"), "name") or "") for each in everything.values()} - {""}
    for keyword in session.random.sample(sorted(names), min(_MOST_KEYWORDS, len(names))):
        pages = _walk(session, query=keyword)
        found = _assets(pages)
        if pages[0].response.status == OK and whole_number(pages[0].response.members.get("count")) == len(found):
            yield keyword, set(found), pages[0]


def _probe_orders(session: Session, base: Exchange, everything: Mapping[str, Mapping[str, Any]]) -> None:
    """An order changes the order alone, on all pages; the other way round it is the other way round."""
    listed: dict[str, list[str]] = {}
    for order in ("ASC", "DESC", ""):
        sort = [{"attribute": "name", **({"order": order} if order else {})}]
        pages = _walk(session, query="", sort=sort)
        _walk(session, 4, query="", sort=sort)
        if pages[0].response.status == OK:
            found = _assets(pages)
            lost = everything.keys() ^ found.keys()
            _judge(session, pages[0], f"sorted {order}, {min(lost)} is in one search alone" if lost else None, base)
            listed[order] = [str(_member(each.get("attributes"), "name")).casefold() for each in found.values()]
    ascending, descending = listed.get("ASC", []), listed.get("DESC", [])
    if ascending and descending and ascending not in (descending, descending[::-1]):
        _judge(session, pages[0], "sorted by name, DESC is not ASC the other way round")
    if ascending != listed.get("", ascending):
        _judge(session, pages[0], "sorted by name, without an order it is not ASC")


def _probe_facets(session: Session, everything: Mapping[str, Mapping[str, Any]]) -> None:
    """Facets, where they come as in the documented models, count each hit once, on whichever page it is."""
    questions: tuple[dict[str, Any], ...] = (
        {"query": ""},
        {"query": "", "filter": {"attribute": "typeName", "operator": "EQ", "value": ["x"]}},
    )
    for members in questions:
        for limit in (LEAST_CAP, 1):
            exchange = search(session, **members, facets=["typeName"], limit=limit)
            count = whole_number(exchange.response.members.get("count"))
            counted = [
                whole_number(cast("dict[str, Any]", value).get("count"))
                for facet in exchange.response.listed("facets")
                for value in cast("list[object]", facet.get("typeName") or [])
                if isinstance(value, dict)
            ]
            known = [each for each in counted if each is not None]
            if known and count is not None and all(asset.get("type_name") for asset in everything.values()):
                wrong = f"the facets of typeName count {sum(known)} of {count} assets"
                if sum(known) == count:
                    session.judge("C-search-pages", exchange)
                else:
                    session.doubt("C-search-pages", exchange, wrong)


def _filters(everything: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[dict[str, Any], set[str], str]]:
    """Filters, with the assets that pass them."""
    leaves: list[tuple[dict[str, Any], set[str]]] = []
    for attribute, read in _FIELDS.items():
        values: dict[str, set[str]] = {}
        for guid, asset in everything.items():
            for value in _texts(read(asset)):
                values.setdefault(value, set()).add(guid)
        if set[str]().union(*values.values()) != set(everything):
            continue  # not every asset shows it: which of them pass is not known
        if attribute == _OWNER:
            owners = [*list(values.items())[:2], (_NOBODY, set[str]())]
            yield from (({"owner": owner}, due, f"owner {owner}") for owner, due in owners)
            continue
        for value, due in list(values.items())[:3]:
            leaf = {"attribute": attribute, "operator": "EQ", "value": [value]}
            leaves.append((leaf, due))
            yield {"filter": leaf}, due, f"{attribute} EQ {value}"
        first = next(iter(values))
        for value in (_NOBODY, first[:-1], f"{first[:1]}%", "*", first.swapcase()):
            if value not in values:
                near = {"attribute": attribute, "operator": "EQ", "value": [value]}
                yield {"filter": near}, set(), f"{attribute} EQ {value}"
        for listed in (list(values)[:2], [_NOBODY, first], list(values)[::-1]):
            due = set[str]().union(*(values.get(each, set[str]()) for each in listed))
            yield (
                {"filter": {"attribute": attribute, "operator": "IN", "value": listed}},
                due,
                f"{attribute} IN {listed}",
            )
    yield from _joined(leaves)


def _joined(leaves: Sequence[tuple[dict[str, Any], set[str]]]) -> Iterator[tuple[dict[str, Any], set[str], str]]:
    """Filters of several comparisons, and of comparisons of those."""
    for first, second in pairwise(leaves):
        criterion = [first[0], second[0]]
        both, either = {"condition": "AND", "criterion": criterion}, {"condition": "OR", "criterion": criterion}
        yield {"filter": both}, first[1] & second[1], "AND"
        yield {"filter": either}, first[1] | second[1], "OR"
        nested = {"condition": "AND", "criterion": [either, leaves[-1][0]]}
        yield {"filter": nested}, (first[1] | second[1]) & leaves[-1][1], "AND of OR"
        for condition in ("AND", "OR"):
            mixed = {**first[0], "condition": condition, "criterion": [second[0]]}
            yield {"filter": mixed}, first[1] & second[1], f"a comparison beside {condition} of another"
    if len(leaves) > 1:
        every = [leaf for leaf, _ in leaves]
        due = set[str].intersection(*(due for _, due in leaves))
        yield {"filter": {"condition": "AND", "criterion": every}}, due, "AND of all"


def _expect(session: Session, base: Exchange, members: Mapping[str, Any], due: set[str], what: str) -> None:
    pages = _walk(session, **members)
    if session.random.random() < _PART:
        search(session, offset=1, limit=session.random.randint(1, 5), **members)
    if pages[0].response.status in {OK, BAD_REQUEST}:
        found = _assets(pages).keys()
        wrong = len(due - found), len(found - due)
        problem = f"filtered by {what}, {wrong[0]} assets are missing and {wrong[1]} should not be there"
        is_right = pages[0].response.status == BAD_REQUEST or not any(wrong)
        _judge(session, pages[0], None if is_right else problem, base)


def _judge(session: Session, exchange: Exchange, problem: str | None, earlier: Exchange | None = None) -> None:
    if problem is None:
        session.judge("C-search-narrows", exchange)
    else:
        session.doubt("C-search-narrows", exchange, problem, earlier)


def _texts(value: object) -> list[str]:
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    return [each for each in items if isinstance(each, str) and each]


def _member(value: object, name: str) -> object:
    return cast("dict[str, object]", value).get(name) if isinstance(value, dict) else None
