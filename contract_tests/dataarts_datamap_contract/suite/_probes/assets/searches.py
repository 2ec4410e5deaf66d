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

_MOST_PAGES: Final = 6
_MOST_NAMES: Final = 12
_MANY: Final = 45
_FIELDS: Final[Mapping[str, Callable[[Mapping[str, Any]], object]]] = {
    "typeName": lambda asset: asset.get("type_name"),
    "base.DataAsset.sourceType": lambda asset: _member(asset.get("attributes"), "sourceType"),
    "workspaceId": lambda asset: asset.get("workspace_id"),
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
    return name.isascii() and name.islower()


def probe_narrowing(session: Session) -> None:
    """A keyword, a filter and an order leave out what does not pass them, and add nothing."""
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
    for members, due, what in _filters(everything):
        _expect(session, pages[0], {**base, **members}, due, what)
    orders = {order: _walk(session, **base, sort=[{"attribute": "name", "order": order}]) for order in ("ASC", "DESC")}
    for order, sorted_pages in orders.items():
        if sorted_pages[0].response.status == OK:
            lost = everything.keys() ^ _assets(sorted_pages).keys()
            problem = f"sorted {order}, a search finds other assets: {min(lost)} is one" if lost else None
            _judge(session, sorted_pages[0], problem, pages[0])


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
        for value, due in list(values.items())[:2]:
            leaf = {"attribute": attribute, "operator": "EQ", "value": [value]}
            leaves.append((leaf, due))
            yield {"filter": leaf}, due, f"{attribute} EQ {value}"
        yield {"filter": {"attribute": attribute, "operator": "EQ", "value": [_NOBODY]}}, set(), f"{attribute} EQ"
        both = {"attribute": attribute, "operator": "IN", "value": list(values)[:2]}
        yield {"filter": both}, set[str]().union(*list(values.values())[:2]), f"{attribute} IN"
    for first, second in pairwise(leaves):
        criterion = [first[0], second[0]]
        yield {"filter": {"condition": "AND", "criterion": criterion}}, first[1] & second[1], "AND"
        yield {"filter": {"condition": "OR", "criterion": criterion}}, first[1] | second[1], "OR"


def _expect(session: Session, base: Exchange, members: Mapping[str, Any], due: set[str], what: str) -> None:
    pages = _walk(session, **members)
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
