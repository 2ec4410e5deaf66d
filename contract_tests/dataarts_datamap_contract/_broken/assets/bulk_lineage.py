"""The lineage of all operators, with wrong rows, pages or totals."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.asset_seams import RAW, around, bulking, on_lineage_row
from dataarts_datamap_contract._broken.seams import BULK, MOST, Document, on_json
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract.mock import TABLE_GUID

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller

_lineage = partial(BrokenServer, level="C", cohort="lineage")
_unseen = partial(BrokenServer, level="C", cohort="unseen")

_PAGES = frozenset({"C-bulk-pages"})
_AGREES = frozenset({"C-lineage-agrees"})


def _rows_cut(found: Callable[..., Document], offset: int, limit: int) -> Document:
    """Offset and limit count rows."""
    page = found(0, MOST)
    return {**page, "data": page["data"][offset : offset + limit]}


def _nodes_with_rows(found: Callable[..., Document], offset: int, limit: int) -> Document:
    """The total leaves out the operators without a row."""
    whole = found(0, MOST)
    return {**found(offset, limit), "total": len({row["node_guid"] for row in whole["data"]})}


def _last_node_lost(found: Callable[..., Document], offset: int, limit: int) -> Document:
    """A full page of several operators leaves out the rows of the last, unless the limit takes in all operators."""
    page = found(offset, limit)
    return {**page, "data": found(offset, limit - 1)["data"]} if 1 < limit < page["total"] else page


def _one_row_of_each(found: Callable[..., Document], offset: int, limit: int) -> Document:
    """If the limit is below the total, an operator has only its first row."""
    page = found(offset, limit)
    first = {row["node_guid"]: row for row in reversed(page["data"])}
    return {**page, "data": list(first.values())[::-1]} if limit < page["total"] else page


def _swapped(row: Document) -> Document:
    ends = {
        name: row[other]
        for name in row
        for side, otherside in (("source_", "target_"), ("target_", "source_"))
        if name.startswith(side) and (other := name.replace(side, otherside)) in row
    }
    return {**{name: value for name, value in row.items() if name[:7] not in {"source_", "target_"}}, **ends}


def _whole(caller: Caller, limit: int) -> list[Any]:
    """The rows of all pages, joined."""
    total = caller.bulk()["total"]
    return [row for offset in range(0, total, limit) for row in caller.bulk(f"?offset={offset}&limit={limit}")["data"]]


def _first_target(page: Document) -> Document:
    """A page names only the first of the tables that an operator writes."""
    first: dict[str, object] = {}
    rows = [
        row
        for row in page["data"]
        if first.setdefault(row["node_guid"], row.get("target_guid")) == row.get("target_guid")
    ]
    return {**page, "data": rows}


BROKEN_SERVERS = (
    _lineage(
        "bulk-rows-by-operator",
        "the rows of ShowLineageBulk are in one flat array",
        frozenset({"A-catalog-shape", "B-lineage-shape"}),
        on_json(lambda page: {**page, "data": [page["data"]]}, BULK),
        lambda caller: isinstance(caller.bulk()["data"][0], list),
        level="A",
    ),
    _lineage(
        "bulk-total-is-text",
        "the total of ShowLineageBulk is a number",
        frozenset({"A-catalog-shape"}),
        on_json(lambda page: {**page, "total": f"{page['total']}"}, BULK),
        lambda caller: isinstance(caller.bulk()["total"], str),
        level="A",
    ),
    _lineage(
        "bulk-workspace-as-list",
        "the workspace of an operator is text",
        frozenset({"B-lineage-shape"}),
        on_lineage_row(lambda row: {**row, "workspace_id": [row["workspace_id"]]}),
        lambda caller: isinstance(caller.bulk()["data"][0]["workspace_id"], list),
        level="B",
    ),
    _lineage(
        "bulk-ends-as-objects",
        "the name of the target table in a row is text",
        frozenset({"B-lineage-shape"}),
        on_lineage_row(lambda row: {**row, "target_table": {"name": row.get("target_table")}}),
        lambda caller: isinstance(caller.bulk()["data"][0]["target_table"], dict),
        level="B",
    ),
    _lineage(
        "bulk-limit-counts-rows",
        "the offset and the limit of ShowLineageBulk count operators, not rows",
        _PAGES,
        bulking(_rows_cut),
        lambda caller: _whole(caller, 1) != _whole(caller, 100),
    ),
    _lineage(
        "bulk-total-of-operators-with-rows",
        "the total of ShowLineageBulk counts the operators without a row, too",
        _PAGES,
        bulking(_nodes_with_rows),
        lambda caller: len({row["node_guid"] for row in caller.bulk()["data"]}) == caller.bulk()["total"],
    ),
    _lineage(
        "bulk-loses-the-last-operator-of-a-page",
        "a page of ShowLineageBulk has the rows of each of its operators",
        _PAGES,
        bulking(_last_node_lost),
        lambda caller: len(_whole(caller, 2)) < len(_whole(caller, 1)),
    ),
    _lineage(
        "bulk-cuts-operators-on-small-pages",
        "an operator has the same rows, whatever the size of the page",
        _PAGES,
        bulking(_one_row_of_each),
        lambda caller: len(_whole(caller, 1)) < len(_whole(caller, 100)),
    ),
    _lineage(
        "bulk-offset-ignored",
        "offset says where a page of ShowLineageBulk starts",
        _PAGES,
        bulking(lambda found, _, limit: found(0, limit)),
        lambda caller: caller.bulk("?limit=1&offset=1")["data"] == caller.bulk("?limit=1")["data"],
    ),
    _lineage(
        "bulk-limit-ignored",
        "limit bounds the operators on a page of ShowLineageBulk",
        _PAGES,
        bulking(lambda found, offset, _: found(offset, MOST)),
        lambda caller: len(caller.bulk("?limit=1")["data"]) > 1,
    ),
    _lineage(
        "bulk-source-is-target",
        "the source of a row is upstream of its target",
        _AGREES,
        on_lineage_row(_swapped),
        lambda caller: caller.bulk()["data"][0].get("source_guid") == TABLE_GUID,
    ),
    _lineage(
        "bulk-names-other-tables",
        "ShowLineageBulk uses the real name of a table",
        frozenset({"C-asset-agrees", "C-search-finds"}),
        on_lineage_row(lambda row: {**row, **({"source_table": "old_orders"} if "source_table" in row else {})}),
        lambda caller: "old_orders" in str(caller.bulk()),
    ),
    _lineage(
        "bulk-and-lineage-of-different-days",
        "ShowLineageBulk and the lineage around a table agree",
        _AGREES,
        around(lambda found, guid, way: found(RAW if guid == TABLE_GUID else guid, way)),
        lambda caller: caller.lineage(query="?direction=IN")["relationships"] == [],
    ),
    _unseen(
        "bulk-names-the-first-target",
        "ShowLineageBulk names each table that an operator writes",
        frozenset({"C-bulk-pages", "C-lineage-agrees"}),
        on_json(_first_target, "ShowLineageBulk"),
        lambda caller: "archive" not in str(caller.bulk()),
    ),
    _unseen(
        "bulk-names-the-source-twice",
        "a target has its own qualified name, not that of its source",
        frozenset({"C-asset-agrees"}),
        on_lineage_row(
            lambda row: (
                {**row, "target_qualified_name": row["source_qualified_name"]}
                if "source_qualified_name" in row and "target_qualified_name" in row
                else row
            )
        ),
        lambda caller: any(
            row.get("target_qualified_name", 0) == row.get("source_qualified_name", 1)
            for row in caller.bulk()["data"]
            if row.get("source_guid") != row.get("target_guid")
        ),
    ),
)
