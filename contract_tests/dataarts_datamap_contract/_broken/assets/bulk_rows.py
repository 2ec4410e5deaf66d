"""Bugs of joins and defaults in the rows of the lineage of all operators."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import BULK, MOST, Ask, Document, Seam, on_answers, on_json, on_query
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract._broken.seams import Pairs
    from dataarts_datamap_contract.mock._web.validation import Arguments

_apart = partial(BrokenServer, level="C", cohort="apart")
_outside = partial(BrokenServer, level="C", cohort="outside")

_ROWS = frozenset({"C-bulk-pages", "C-lineage-agrees", "C-asset-agrees"})
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_SOURCES = 3


def _rows(change: Callable[[list[Document]], list[Document]]) -> Seam:
    """A seam that replaces the rows of a page of ShowLineageBulk."""
    return on_json(lambda page: {**page, "data": change(page["data"])}, BULK)


def _with_lineage_alone(_: str, ask: Ask, arguments: Arguments) -> Document:
    everything = ask(replace(arguments, values={**arguments.values, "offset": 0, "limit": MOST}))
    return {**ask(arguments), "total": len({row["node_guid"] for row in everything["data"]})}


def _no_loops(rows: list[Document]) -> list[Document]:
    return [row for row in rows if row.get("source_guid") is None or row["source_guid"] != row.get("target_guid")]


def _one_source(rows: list[Document]) -> list[Document]:
    return list({(row["node_guid"], row.get("target_guid")): row for row in reversed(rows)}.values())[::-1]


def _of_ten(_: str, ask: Ask, arguments: Arguments) -> Document:
    return dict(ask(replace(arguments, values={"limit": 10, **arguments.values})))


def _with_names_swapped(row: Document) -> Document:
    swapped: Document = {}
    for side in ("source", "target"):
        if row.get(f"{side}_schema"):
            swapped |= {f"{side}_db": row[f"{side}_schema"], f"{side}_schema": row[f"{side}_db"]}
    return {**row, **swapped}


def _joined_by_name() -> Seam:
    """The GUID of a table is looked up by its name alone, which other tables may have, too."""

    def response(_: str, ask: Ask, arguments: Arguments) -> Document:
        everything = ask(replace(arguments, values={**arguments.values, "offset": 0, "limit": MOST}))["data"]
        guids: dict[str, str] = {}
        for row in everything:
            for side in ("source", "target"):
                if row.get(f"{side}_guid"):
                    guids.setdefault(row[f"{side}_table"], row[f"{side}_guid"])
        page = ask(arguments)
        return {**page, "data": [_with_guids(row, guids) for row in page["data"]]}

    return on_answers(response, BULK)


def _with_guids(row: Document, guids: dict[str, str]) -> Document:
    sides = [side for side in ("source", "target") if row.get(f"{side}_guid")]
    return {**row, **{f"{side}_guid": guids[row[f"{side}_table"]] for side in sides}}


def _names(caller: Caller) -> list[str]:
    return [row["node_name"] for row in caller.bulk("?limit=1000")["data"]]


def _confuses_names(caller: Caller) -> bool:
    named = {entity["guid"]: entity["attributes"]["qualifiedName"] for entity in caller.search()["entities"]}
    return any(
        named[row[f"{side}_guid"]] != row[f"{side}_qualified_name"]
        for row in caller.bulk()["data"]
        for side in ("source", "target")
        if row.get(f"{side}_guid")
    )


def _swaps_names(caller: Caller) -> bool:
    return any(
        row.get("target_db") == "sales" and row.get("target_schema") == "postgres" for row in caller.bulk()["data"]
    )


def _in_three_bytes(document: Document) -> Document:
    return {**document, "data": [{**row, "node_name": _BEYOND.sub("?", row["node_name"])} for row in document["data"]]}


def _ten_if_unsaid(pairs: Pairs) -> Pairs:
    return pairs if any(name == "limit" for name, _ in pairs) else [*pairs, ("limit", "10")]


def _bulk_of(ask: Ask, arguments: Arguments, **values: int) -> Document:
    document: Document = ask(replace(arguments, values={**arguments.values, **values}))
    return document


def _counting_those_with_lineage(_: str, ask: Ask, arguments: Arguments) -> Document:
    everything = _bulk_of(ask, arguments, offset=0, limit=MOST)
    return {**ask(arguments), "total": len({row["node_guid"] for row in everything["data"]})}


def _places(rows: Iterable[Document], name: str) -> dict[tuple[object, object], int]:
    """The position of each table among the different tables that its operator has in a column."""
    places: dict[tuple[object, object], int] = {}
    numbers: dict[object, int] = {}
    for row in rows:
        key = (row["node_guid"], row.get(name))
        if key not in places:
            places[key] = numbers.get(row["node_guid"], 0)
            numbers[row["node_guid"]] = places[key] + 1
    return places


def _zipped(document: Document) -> Document:
    rows: list[Document] = document["data"]
    sources, targets = _places(rows, "source_guid"), _places(rows, "target_guid")
    kept = [
        row
        for row in rows
        if sources[row["node_guid"], row.get("source_guid")] == targets[row["node_guid"], row.get("target_guid")]
    ]
    return {**document, "data": kept}


def _where_unequal(document: Document) -> Document:
    """Rows are kept where source <> target, which is not true if one of the two is NULL."""
    kept = [
        row
        for row in document["data"]
        if None not in (source := row.get("source_guid"), target := row.get("target_guid")) and source != target
    ]
    return {**document, "data": kept}


def _of_the_first_workspace(document: Document) -> Document:
    rows: list[Document] = document["data"]
    return {**document, "data": [{**row, "workspace_id": rows[0]["workspace_id"]} for row in rows]}


def _overflowing(_: str, ask: Ask, arguments: Arguments) -> Document:
    document: Document = ask(arguments)
    end = arguments.number("offset", 0) + arguments.number("limit", 100)
    return {**document, "data": []} if end > MOST else document


def _rows_of(caller: Caller, node_name: str) -> list[Document]:
    return [row for row in caller.bulk()["data"] if row["node_name"] == node_name]


def _has_rows_past_its_total(caller: Caller) -> bool:
    total = caller.bulk()["total"]
    return bool(caller.bulk(f"?offset={total}&limit=100")["data"])


def _moves_operators(caller: Caller) -> bool:
    own = {each["job_name"]: each["workspace_id"] for each in caller.nodes().json()}
    return any(own.get(row["node_name"], row["workspace_id"]) != row["workspace_id"] for row in caller.bulk()["data"])


BROKEN_SERVERS = (
    _apart(
        "idle-operators-not-counted",
        "The total counts operators without lineage, too, like offset and limit.",
        _ROWS,
        on_answers(_with_lineage_alone, BULK),
        lambda caller: bool(caller.bulk()["total"] == len(set(_names(caller)))),
    ),
    _apart(
        "tables-written-from-themselves-left-out",
        "An operator that reads and writes the same table has a row with that table on both sides.",
        _ROWS,
        _rows(_no_loops),
        lambda caller: "snapshot" not in _names(caller),
    ),
    _apart(
        "one-source-a-target",
        "An operator has a row for each table that it reads.",
        _ROWS,
        _rows(_one_source),
        lambda caller: _names(caller).count("join_items") == 1,
    ),
    _apart(
        "ten-operators-by-default",
        "Without a limit a page has a hundred operators.",
        _ROWS,
        on_answers(_of_ten, BULK),
        lambda caller: len(caller.bulk()["data"]) < len(caller.bulk("?limit=100")["data"]),
    ),
    _apart(
        "database-and-schema-swapped",
        "The database and the schema of a table are those of its qualified name.",
        _ROWS,
        _rows(lambda rows: list(map(_with_names_swapped, rows))),
        _swaps_names,
    ),
    _apart(
        "operators-of-lineage-in-one-workspace",
        "The workspace of a row is that of its operator.",
        _ROWS | {"C-nodes-operator"},
        _rows(lambda rows: [{**row, "workspace_id": WORKSPACE} for row in rows]),
        lambda caller: len({row["workspace_id"] for row in caller.bulk()["data"]}) == 1,
    ),
    _apart(
        "operators-that-only-write-left-out",
        "An operator that writes a table and reads none has a row.",
        _ROWS,
        _rows(lambda rows: [row for row in rows if row.get("source_guid")]),
        lambda caller: "Load orders-eu" not in _names(caller),
    ),
    _apart(
        "tables-joined-by-their-names",
        "The GUID and the qualified name in a row belong to the same table.",
        _ROWS,
        _joined_by_name(),
        _confuses_names,
    ),
    _outside(
        "emoji-lost-in-lineage",
        "An operator has the same name in the lineage of all operators, in ShowNodes and in its runs.",
        CHECKS["lineage agrees"],
        on_json(_in_three_bytes, BULK),
        lambda caller: any("?" in row["node_name"] for row in caller.bulk()["data"]),
    ),
    _outside(
        "ten-operators-if-unsaid",
        "Without a limit, a page of lineage holds 100 operators (the documented default).",
        CHECKS["bulk pages"],
        on_query(_ten_if_unsaid, of=BULK),
        lambda caller: len(caller.bulk()["data"]) < len(caller.bulk("?limit=100")["data"]),
    ),
    _outside(
        "total-of-operators-with-lineage",
        "The total of the lineage of all operators counts all of them, including those without rows.",
        CHECKS["bulk pages"],
        on_answers(_counting_those_with_lineage, BULK),
        _has_rows_past_its_total,
    ),
    _outside(
        "sources-zipped-with-targets",
        "An operator's rows name every table that it reads, however many it writes.",
        CHECKS["lineage agrees"],
        on_json(_zipped, BULK),
        lambda caller: len(_rows_of(caller, "join_items")) < _SOURCES,
    ),
    _outside(
        "WHERE source <> target",
        "An operator has rows even if it only writes, only reads, or reads a table that it writes.",
        CHECKS["lineage agrees"],
        on_json(_where_unequal, BULK),
        lambda caller: not _rows_of(caller, "snapshot"),
    ),
    _outside(
        "one-workspace-for-a-page-of-lineage",
        "A row names the workspace of its operator, as ShowNodes and the runs do.",
        CHECKS["lineage agrees"],
        on_json(_of_the_first_workspace, BULK),
        _moves_operators,
    ),
    _outside(
        "end-of-the-bulk-page-overflows",
        "A limit of 2^31-1 is valid at any offset, and gives the remaining operators.",
        CHECKS["bulk pages"],
        on_answers(_overflowing, BULK),
        lambda caller: not caller.bulk(f"?offset=1&limit={MOST}")["data"],
    ),
)
