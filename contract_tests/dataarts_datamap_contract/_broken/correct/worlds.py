"""Correct servers: the data, its order and its types, where the documentation leaves a choice."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.caller import MAX_TIME
from dataarts_datamap_contract._broken.seams import (
    BULK,
    DETAIL,
    DETAILS,
    LINEAGE,
    MOST,
    NODES,
    SEARCH,
    Ask,
    Document,
    Perform,
    Seam,
    Values,
    cut,
    on_answers,
    on_field,
    on_json,
    on_listing,
    on_row,
    on_whole,
    whole,
)
from dataarts_datamap_contract._broken.servers import CorrectServer
from dataarts_datamap_contract._broken.shared import BAD_REQUEST, DAY
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.validation import Arguments

_apart = partial(CorrectServer, cohort="apart")

_COLUMN = "dataasset.Column"
_COLUMN_GUIDS = ("3e74c3d7-c5b7-4e7c-827e-40adb1b5ecbf", "7b0e6c1a-52d4-4f3f-9a5e-0c1d8e2f4a6b")
_HIDDEN, _STEP = 4, 40
_NEW_NAMES = {"manual-stop": "canceled-by-user", "freeze": "frozen 🧊", "skip": "SKIPPED"}
_NOT_FOUND = 404
_SEA = "ad8acf31-c979-5ba9-9697-19ca356112ee"
"""A table whose lineage has two relationships between three assets."""


def _by_id(rows: list[Document], _: Values) -> list[Document]:
    return sorted(rows, key=lambda row: int(row["taskRunningLogId"]), reverse=True)


def _ties_oldest_first(rows: list[Document], _: Values) -> list[Document]:
    return sorted(rows, key=lambda row: (-row["planTime"], row["taskRunningLogId"]))


def _planned_by_the_day(perform: Perform, values: Values) -> Document:
    """Plan times are rounded down to midnight (UTC), so many runs have the same one."""
    everything = whole(perform, values, start_time=0, end_time=MAX_TIME)
    rows = [{**row, "planTime": row["planTime"] // DAY * DAY} for row in everything["rows"]]
    found = [row for row in rows if int(values["start_time"]) <= row["planTime"] <= int(values["end_time"])]
    found.sort(key=lambda row: (-row["planTime"], -row["taskRunningLogId"]))
    return {**everything, "rows": cut(found, values), "total": len(found)}


def _growing() -> Seam:
    """At first, an operator's four newest runs of the last day are hidden. Every forty requests, the oldest appears."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        numbers = count()
        begin = int((config.now or config.clock()).timestamp()) * 1_000 - DAY

        def response(perform: Perform, values: Values) -> Document:
            last_day = {"start_time": begin + 1, "end_time": MAX_TIME, "offset": 0, "limit": _HIDDEN}
            newest = perform({**values, **last_day})["rows"]
            hidden = newest[: max(_HIDDEN - next(numbers) // _STEP, 0)]
            ids = {row["taskRunningLogId"] for row in hidden}
            everything = whole(perform, values)
            rows = [row for row in everything["rows"] if row["taskRunningLogId"] not in ids]
            return {**everything, "rows": cut(rows, values), "total": len(rows)}

        return on_listing(response).alter(operation, config)

    return Seam(alter)


def _unknown_is_null(row: Document) -> Document:
    counts = ("retryTimes", "failCount", "inputRowCount", "outputRowCount")
    times = ("submitTime", "startTime", "endTime")
    return {
        **row,
        **{name: None for name in counts if row[name] == -1},
        **{name: None for name in times if row[name] == 0},
        "owner": None,
        "workspaceName": None,
    }


def _of_other_types(entity: Document) -> Document:
    return {
        **entity,
        **{name: str(entity[name]) for name in ("version", "create_time") if name in entity},
        "domain_id": 123456,
        "workspace_id": entity["workspace_id"][0],
        "business_attributes": None,
    }


def _entities(change: Callable[[Document], Document]) -> Seam:
    """A seam that changes each asset in every response that shows it."""

    def changed(document: Document) -> Document:
        if "entity" in document:
            return {**document, "entity": change(document["entity"])}
        return {**document, "entities": list(map(change, document["entities"]))}

    return on_json(changed, SEARCH, DETAIL, DETAILS, LINEAGE)


def _with_columns(graph: Document) -> Document:
    """Column lineage is mixed with table lineage."""
    columns = [{"guid": guid, "type_name": _COLUMN, "display_text": "order_id"} for guid in _COLUMN_GUIDS]
    edge = {
        "guid": "5a0c2c1e-0f6a-4d0c-9d0e-1f1f0d0f7a03",
        "type_name": "DataFlow",
        "relation_type_name": "DATA_FLOW",
        "direction": "OUT",
        "ep1_id": _COLUMN_GUIDS[0],
        "ep1_type_name": _COLUMN,
        "ep2_id": _COLUMN_GUIDS[1],
        "ep2_type_name": _COLUMN,
        "end1": columns[0],
        "end2": columns[1],
    }
    if not graph["relationships"]:
        return graph
    return {
        **graph,
        "relationships": [*graph["relationships"], edge],
        "entities": [*columns, *graph["entities"]],
        "total": graph["total"] + 1,
    }


def _other_way_round(graph: Document) -> Document:
    """The order is reversed, and the total counts the assets."""
    return {
        **graph,
        "relationships": graph["relationships"][::-1],
        "entities": graph["entities"][::-1],
        "total": len(graph["entities"]),
    }


def _nulls_for_nothing(page: Document) -> Document:
    names = [f"{side}_{part}" for side in ("source", "target") for part in ("guid", "qualified_name", "table", "db")]
    return {**page, "data": [{**dict.fromkeys(names), **row, "node_owner": "x"} for row in page["data"]]}


def _referring(document: Document) -> Document:
    """The assets of a response refer to a column."""
    column = {"guid": _COLUMN_GUIDS[0], "type_name": _COLUMN, "display_text": "order_id"}
    return {**document, "referred_entities": {column["guid"]: column}}


def _by_guid(_: str, ask: Ask, arguments: Arguments) -> Document:
    body: Document = arguments.body
    if body.get("sort"):
        return dict(ask(arguments))
    everything = ask(replace(arguments, body={**body, "offset": 0, "limit": MOST}))
    entities = sorted(everything["entities"], key=lambda entity: str(entity["guid"]))
    first = int(body["offset"])
    return {**everything, "entities": entities[first : first + int(body["limit"])]}


def _bad_request_for_unknown(_: str, ask: Ask, arguments: Arguments) -> object:
    try:
        return ask(arguments)
    except HttpError as error:
        if error.status != _NOT_FOUND:
            raise
        raise HttpError(BAD_REQUEST, "DLG.0818", error.message) from None


def _grows(caller: Caller) -> bool:
    return len({caller.page(limit=1)["total"] for _ in range(_STEP * (_HIDDEN + 1))}) == _HIDDEN + 1


def _times(caller: Caller) -> int:
    return len({row["planTime"] for row in caller.rows()})


def _ids(caller: Caller) -> list[int]:
    return caller.run_ids(task_id="971001", job_name="rare runs")


def _newest_first(caller: Caller) -> list[int]:
    rows = sorted(caller.rows(), key=lambda row: (-row["planTime"], -row["taskRunningLogId"]))
    return [row["taskRunningLogId"] for row in rows]


def _found(caller: Caller) -> list[str]:
    return [str(entity["guid"]) for entity in caller.search()["entities"]]


def _last(caller: Caller) -> str:
    return str(caller.details(*_found(caller)[:3])["entities"][-1]["guid"])


CORRECT_SERVERS = (
    _apart(
        "runs-by-their-ids",
        "Runs are ordered by id, whatever their times: no order is documented.",
        on_whole(_by_id),
        lambda caller: _ids(caller) == sorted(_ids(caller), reverse=True),
    ),
    _apart(
        "ties-by-the-lower-id",
        "Runs of the same time are ordered by id, ascending.",
        on_whole(_ties_oldest_first),
        lambda caller: caller.run_ids() != [*_newest_first(caller)],
    ),
    _apart(
        "runs-planned-by-the-day",
        "All runs of a day have the same plan time.",
        on_listing(_planned_by_the_day),
        lambda caller: _times(caller) < 30,
    ),
    _apart("a-run-every-forty-requests", "New runs are added to the list while it is read.", _growing(), _grows),
    _apart(
        "unknown-values-are-null",
        "Unknown fields of a run are null, not 0 or -1.",
        on_row(_unknown_is_null),
        lambda caller: caller.rows()[0]["owner"] is None,
    ),
    _apart(
        "statuses-of-a-later-version",
        "Some statuses have names that no document lists: the set is open.",
        on_field("status", lambda status: _NEW_NAMES.get(status, status)),
        lambda caller: "canceled-by-user" in {row["status"] for row in caller.rows()},
    ),
    _apart(
        "running-data-of-no-members",
        "runningData is an object without members: its members depend on the kind of operator.",
        on_field("runningData", lambda text: text and "{}"),
        lambda caller: {row["runningData"] for row in caller.rows()} == {None, "{}"},
    ),
    _apart(
        "unknown-table-is-a-bad-request",
        "A request for a table that does not exist gets 400 and a code of its own, as in related APIs.",
        on_answers(_bad_request_for_unknown, NODES, DETAIL, LINEAGE),
        lambda caller: caller.nodes("00000000-0000-4000-8000-000000000000").status == BAD_REQUEST,
    ),
    _apart(
        "assets-of-other-types",
        "An asset's version and creation time are text, its account is a number, and its workspace is not in a list.",
        _entities(_of_other_types),
        lambda caller: isinstance(caller.detail()["entity"]["workspace_id"], str),
    ),
    _apart(
        "lineage-with-columns",
        "Column lineage is mixed with table lineage.",
        on_json(_with_columns, LINEAGE),
        lambda caller: _COLUMN in {edge["ep1_type_name"] for edge in caller.lineage()["relationships"]},
    ),
    _apart(
        "lineage-the-other-way-round",
        "Relationships and assets are in another order, and the total counts the assets.",
        on_json(_other_way_round, LINEAGE),
        lambda caller: bool(caller.lineage(_SEA)["total"] == len(caller.lineage(_SEA)["entities"])),
    ),
    _apart(
        "lineage-with-nulls",
        "If an operator reads or writes nothing, that end is null instead of missing.",
        on_json(_nulls_for_nothing, BULK),
        lambda caller: any(row.get("source_guid", "") is None for row in caller.bulk()["data"]),
    ),
    _apart(
        "assets-that-refer-to-columns",
        "Searches and details include a column that the assets refer to.",
        on_json(_referring, SEARCH, DETAILS),
        lambda caller: caller.details(TABLE_GUID)["referred_entities"] != {},
    ),
    _apart(
        "details-last-first",
        "ListEntityDetails shows the assets in another order than they were requested.",
        on_json(lambda document: {**document, "entities": document["entities"][::-1]}, DETAILS),
        lambda caller: _last(caller) == TABLE_GUID,
    ),
    _apart(
        "hits-by-their-guids",
        "Hits are ordered by GUID if no sorting is requested.",
        on_answers(_by_guid, SEARCH),
        lambda caller: _found(caller) == sorted(_found(caller)),
    ),
)
