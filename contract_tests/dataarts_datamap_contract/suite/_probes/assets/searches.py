"""Probes of searches: pages of one list, tables by their names, and what a keyword or a filter leaves out."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from dataarts_datamap_contract.suite._http.messages import whole_number
from dataarts_datamap_contract.suite._judging.findings import LEAST_CAP
from dataarts_datamap_contract.suite._judging.invariants.common import BAD_REQUEST, DETAIL, OK, SEARCH
from dataarts_datamap_contract.suite._probes.grid import pairwise_of
from dataarts_datamap_contract.suite._probes.ways import ask

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dataarts_datamap_contract.suite._judging.oracle import Exchange
    from dataarts_datamap_contract.suite._probes.session import Session

_NOBODY: Final = "zq5f1c09vvx"
"""A keyword that no asset has."""

_MOST_KEYWORDS: Final = 4
_MOST_DRAWN: Final = 60
_MOST_PAGES: Final = 6
_MOST_NAMES: Final = 20
_MOST_JOINED: Final = 3
_MOST_CRITERIA: Final = 10
_MANY: Final = 45
_FIELDS: Final[Mapping[str, Callable[[Mapping[str, Any]], object]]] = {
    "typeName": lambda asset: asset.get("type_name"),
    "base.DataAsset.sourceType": lambda asset: _member(asset.get("attributes"), "sourceType"),
    "workspaceId": lambda asset: asset.get("workspace_id"),
}
"""What a filter compares, by the documented names of its attributes."""

_LIMITS: Final = (1, 2, 3, 4, 5, 7, 9, 10, 11, 16, 20, 26, 33, 50, 64, LEAST_CAP, 500)
_ORDERS: Final = ("ASC", "DESC", "")
_HARMLESS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {},
    {"query_privilege": False},
    {"relationship_attributes": []},
    {"facets": []},
    {"facets": ["typeName"]},
)
"""Members that do not narrow a search."""


class _Part(NamedTuple):
    """A part of a search.

    Attributes:
        members: Its members.
        due: The assets that it must find.
        what: Its description in problems.
        unknown: The assets that it may find.
    """

    members: dict[str, Any]
    due: frozenset[str]
    what: str
    unknown: frozenset[str] = frozenset()


def search(session: Session, *, offset: int = 0, limit: int = LEAST_CAP, **members: Any) -> Exchange:  # noqa: ANN401
    """Ask for a page of a search."""
    document = {**members, "limit": limit, "offset": offset}
    return ask(session, session.request(SEARCH, document=document))


def _walk(session: Session, limit: int = LEAST_CAP, **members: Any) -> list[Exchange]:  # noqa: ANN401
    """The pages of a search, to its end or to the maximum number of pages."""
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
    """Ask for pages of one search, of several sizes and from several positions; the asset world judges them.

    First of all, an asset that was shown is searched for: a search must find at once what details show.
    """
    for guid, asset in list(session.ledger.world.assets.assets.items())[:1]:
        _judge_found(session, guid, str(_member(asset.get("attributes"), "name") or ""))
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
    """A search by the name with which a table was shown finds its GUID."""
    world = session.ledger.world.assets
    if not world.ends and not world.assets:
        search(session, query="")
    named = {guid: name for guid, name in world.ends.items() if name}
    for guid in [*world.assets]:
        named.setdefault(guid, str(_member(world.assets[guid].get("attributes"), "name") or ""))
    for guid, name in sorted(named.items(), key=lambda each: _is_plain(each[1]))[:_MOST_NAMES]:
        _judge_found(session, guid, name)


def _judge_found(session: Session, guid: str, name: str) -> None:
    if not name.strip():
        return
    pages = _walk(session, query=name)
    if guid in _assets(pages):
        session.judge("C-search-finds", pages[0])
    elif DETAIL in session.ledger.served:
        detail = session.send(session.request(DETAIL, guid=guid))
        if detail.response.members.get("entity"):  # else the table was dropped, and lineage still names it
            session.doubt("C-search-finds", pages[0], f"a search by {name!r} does not find {guid}", detail)


def _is_plain(name: str) -> bool:
    """Whether a name has only small letters, digits and underscores, as most do: other names are searched first."""
    return name.isascii() and name.islower() and name.replace("_", "").isalnum()


def probe_narrowing(session: Session) -> None:
    """A keyword, a filter and an owner leave out just what does not match, alone and together, in any sort order."""
    pages = _walk(session, query="")
    everything = _assets(pages)
    if whole_number(pages[0].response.members.get("count")) != len(everything):
        session.ledger.excuse(
            "a search finds more assets than the suite reads, or different ones each time", "C-search-narrows"
        )
        return
    everyone = frozenset(everything)
    filters, owners = list(_filters(session.random, everything)), list(_owners(everything))
    for part in (_Part({"query": _NOBODY}, frozenset(), "a keyword that no asset has"), *filters, *owners):
        _judge_whole(session, {"query": "", **part.members}, part.due, part.what, pages[0], unknown=part.unknown)
    for members in ({}, *({"query": "", **each} for each in _HARMLESS)):
        _judge_whole(session, members, everyone, f"nothing but {members}", pages[0])
    allowed = _walk(session, query="", query_privilege=True)
    more = _assets(allowed).keys() - everyone
    _judge(session, allowed[0], f"with query_privilege, {min(more)} is found, too" if more else None, pages[0])
    keywords = [_Part({}, everyone, "no keyword"), *_keywords(session, everything)]
    nothing = [_Part({}, everyone, "")]
    orders = _orders(session, everyone, pages[0])
    some = [part.members for part in (*filters[:1], *owners[:1], *keywords[1:2])]
    plain: dict[str, Any] = {}
    alone = [(plain, members) for members in (*some, *_HARMLESS[2:])]
    _ask_in_both_sequences(session, [*pairwise([plain, *({"sort": [sort]} for sort, _ in orders)]), *alone])
    unordered: list[tuple[dict[str, str], Exchange | None]] = [({}, None)]
    columns = (
        *(keywords, [*nothing, *filters], [*nothing * 4, *owners], [*unordered * 3, *orders], _HARMLESS, _LIMITS),
        *([0.0, 0.0, 0.3, 0.6, 0.9, 1.0],),
    )
    for keyword, filtered, owner, order, harmless, limit, place in pairwise_of(session.random, _MOST_DRAWN, *columns):
        due = keyword.due & filtered.due & owner.due - owner.unknown
        what = " and ".join(part.what for part in (keyword, filtered, owner) if part.what)
        sort = {"sort": [order[0]]} if order[0] else {}
        members = {"query": "", **keyword.members, **filtered.members, **owner.members, **sort, **harmless}
        whole = _judge_whole(session, members, due, what, pages[0], unknown=owner.unknown)
        if whole is not None:
            _judge_page(session, members, limit, int(place * len(due)))
            _judge_order(session, whole, order[1])


def _ask_in_both_sequences(session: Session, changes: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
    """Ask two searches that differ in a member for a page each; then, for the next page, the second search first.

    The asset world judges.
    """
    for change in changes:
        for offset, pair in enumerate((change, change[::-1])):
            limit = session.deal("new", range(LEAST_CAP // 4, LEAST_CAP))
            for members in pair:
                _judge_facets(session, search(session, offset=offset, limit=limit, **{"query": "", **members}))


def _judge_whole(  # noqa: PLR0913  what a search finds and should
    session: Session,
    members: Mapping[str, Any],
    due: frozenset[str],
    what: str,
    base: Exchange,
    *,
    unknown: frozenset[str] = frozenset(),
) -> Exchange | None:
    """Compare all hits of a search with those that are due; return its first page if it was served."""
    pages = _walk(session, **members)
    if pages[0].response.status != OK:
        if pages[0].response.status == BAD_REQUEST:
            _judge(session, pages[0], None)
        return None
    found = _assets(pages).keys()
    wrong = len(due - found), len(found - due - unknown)
    problem = f"filtered by {what}, {wrong[0]} assets are missing and {wrong[1]} should not be there"
    _judge(session, pages[0], problem if any(wrong) else None, base)
    _judge_facets(session, pages[0])
    return pages[0]


def _judge_page(session: Session, members: Mapping[str, Any], limit: int, row: int) -> None:
    """Ask for a page of a search that was served; the asset world judges it."""
    offset = row if session.target.offset_unit == "rows" else row // limit
    page = search(session, offset=offset, limit=limit, **members)
    if page.response.status == BAD_REQUEST and limit <= LEAST_CAP:
        session.judge("E-valid-refused", page, "a page of a search that is served is refused with 400")
    _judge_facets(session, page)


def _judge_order(session: Session, found: Exchange, base: Exchange | None) -> None:
    """The hits of a sorted search are in the order that they have among all assets, sorted in the same way."""
    guids, hits = list(_assets([base] if base else [])), _assets([found])
    if len(hits) == whole_number(found.response.members.get("count")) and set(guids) >= hits.keys():
        is_right = _names_of(hits.values()) == _names_of(hits[guid] for guid in guids if guid in hits)
        _judge(session, found, None if is_right else "sorted hits stand in another order among all assets", base)


def _names(exchange: Exchange) -> list[str]:
    return _names_of(exchange.response.listed("entities"))


def _names_of(assets: Iterable[Mapping[str, Any]]) -> list[str]:
    return [str(_member(each.get("attributes"), "name")).casefold() for each in assets]


def _orders(session: Session, everyone: frozenset[str], base: Exchange) -> list[tuple[dict[str, str], Exchange | None]]:
    """The orders by name that are served, each with its page of all assets.

    If ASC and DESC show the same, no order has a page. An order changes nothing else, and DESC is the reverse of ASC
    unless both are ignored.
    """
    listed: dict[str, list[str]] = {}
    served: list[tuple[dict[str, str], Exchange | None]] = []
    for order in _ORDERS:
        sort = {"attribute": "name", **({"order": order} if order else {})}
        page = _judge_whole(session, {"query": "", "sort": [sort]}, everyone, f"nothing but an order {order}", base)
        if page is not None:
            served.append((sort, page))
            listed[order] = _names(page)
    ascending, descending = listed.get("ASC", []), listed.get("DESC", [])
    if ascending and descending and ascending not in (descending, descending[::-1]):
        _judge(session, base, "sorted by name, DESC is not the reverse of ASC")
    if "ASC" in listed and ascending != listed.get("", ascending):
        _judge(session, base, "sorted by name, the default order is not ASC")
    return served if ascending != descending else [(sort, None) for sort, _ in served]


def _keywords(session: Session, everything: Mapping[str, Mapping[str, Any]]) -> Iterator[_Part]:
    """Keywords that find some of the assets, with the assets that each of them finds."""
    names = {str(_member(each.get("attributes"), "name") or "") for each in everything.values()} - {""}
    for keyword in session.random.sample(sorted(names), min(_MOST_KEYWORDS, len(names))):
        pages = _walk(session, query=keyword)
        found = _assets(pages)
        if pages[0].response.status == OK and whole_number(pages[0].response.members.get("count")) == len(found):
            yield _Part({"query": keyword}, frozenset(found), f"the keyword {keyword!r}")


def _judge_facets(session: Session, exchange: Exchange) -> None:
    """Facets, if they have the documented form, count each hit of all pages once."""
    count = whole_number(exchange.response.members.get("count"))
    counted = [
        whole_number(cast("dict[str, Any]", value).get("count"))
        for facet in exchange.response.listed("facets")
        for value in cast("list[object]", facet.get("typeName") or [])
        if isinstance(value, dict)
    ]
    known = [each for each in counted if each is not None]
    if known and count is not None and all(each.get("type_name") for each in exchange.response.listed("entities")):
        wrong = f"the facets of typeName count {sum(known)} of {count} assets"
        session.doubt("C-search-pages", exchange, wrong) if sum(known) != count else session.judge(
            "C-search-pages", exchange
        )


def _by_value(
    everything: Mapping[str, Mapping[str, Any]], read: Callable[[Mapping[str, Any]], object]
) -> dict[str, frozenset[str]]:
    """The assets by their values of a field."""
    values: dict[str, set[str]] = {}
    for guid, asset in everything.items():
        for value in _texts(read(asset)):
            values.setdefault(value, set()).add(guid)
    return {value: frozenset(guids) for value, guids in values.items()}


def _unknown(everything: Mapping[str, object], values: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The assets that show no value of a field: whether they pass is not known."""
    return frozenset(everything).difference(*values.values())


def _owners(everything: Mapping[str, Mapping[str, Any]]) -> Iterator[_Part]:
    """Owners, with the assets that are theirs."""
    values = _by_value(everything, lambda asset: _member(asset.get("attributes"), "owner"))
    for owner in (*list(values)[:3], *([_NOBODY] if values else ())):
        yield _Part({"owner": owner}, values.get(owner, frozenset()), f"owner {owner}", _unknown(everything, values))


def _filters(generator: random.Random, everything: Mapping[str, Mapping[str, Any]]) -> Iterator[_Part]:
    """Filters, with the assets that pass them."""
    leaves: list[tuple[dict[str, Any], frozenset[str]]] = []
    for attribute, read in _FIELDS.items():
        values = _by_value(everything, read)
        if not values or _unknown(everything, values):
            continue
        first = next(iter(values))
        near = [each for each in (_NOBODY, first[:-1], f"{first[:1]}%", "*", first.swapcase()) if each not in values]
        listed = (list(values)[:2], [_NOBODY, first], list(values)[::-1])
        compared = [("EQ", [each]) for each in (*list(values)[:3], *near)] + [("IN", each) for each in listed]
        for operator, asked in compared:
            due = frozenset[str]().union(*(values.get(each, frozenset()) for each in asked))
            leaf = {"attribute": attribute, "operator": operator, "value": asked}
            leaves += [(leaf, due)] if due else []
            yield _Part({"filter": leaf}, due, f"{attribute} {operator} {asked}")
    generator.shuffle(leaves)
    # First come pairs of filters that many assets pass together, while many others pass only one of the two.
    pairs = sorted(combinations(leaves, 2), key=lambda pair: -_difference(pair[0][1], pair[1][1]))
    for one, two in (*pairs[:_MOST_JOINED], *pairs[-_MOST_JOINED:]):
        yield from _joined(one, two, leaves[-1])
    several = leaves[:_MOST_CRITERIA] if len(leaves) > 1 else []
    dues = [due for _, due in several]
    for condition, due in (("AND", dues[0].intersection(*dues)), ("OR", dues[0].union(*dues))) if dues else ():
        every = {"condition": condition, "criterion": [leaf for leaf, _ in several]}
        yield _Part({"filter": every}, due, f"{condition} of many")


def _difference(one: frozenset[str], two: frozenset[str]) -> int:
    return min(len(one & two), len(one - two), len(two - one))


def _joined(*leaves: tuple[dict[str, Any], frozenset[str]]) -> Iterator[_Part]:
    """Filters that join comparisons, and filters that join those filters."""
    (first, one), (second, two), (third, three) = leaves
    either = {"condition": "OR", "criterion": [first, second]}
    yield _Part({"filter": {"condition": "AND", "criterion": [first, second]}}, one & two, "AND")
    yield _Part({"filter": either}, one | two, "OR")
    yield _Part({"filter": {"condition": "AND", "criterion": [either, third]}}, (one | two) & three, "AND of OR")
    for condition in ("AND", "OR"):
        mixed = {**first, "condition": condition, "criterion": [second]}
        yield _Part({"filter": mixed}, one & two, f"a comparison beside {condition} of another")


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
