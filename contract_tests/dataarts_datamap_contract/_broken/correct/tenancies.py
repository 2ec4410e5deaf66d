"""Correct servers: order, limits, statuses and data, where the documentation leaves a choice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.caller import ALL, MAX_TIME
from dataarts_datamap_contract._broken.seams import (
    BULK,
    DETAIL,
    DETAILS,
    LINEAGE,
    SEARCH,
    Ask,
    Document,
    Perform,
    Response,
    Seam,
    Values,
    cut,
    on_answers,
    on_error_response,
    on_json,
    on_listing,
    on_row,
    on_whole,
    whole,
    write,
)
from dataarts_datamap_contract._broken.servers import CorrectServer
from dataarts_datamap_contract._broken.shared import OTHER_PROJECT_ID, RARE, Anew, answered, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock._web.validation import Arguments

_outside = partial(CorrectServer, cohort="outside")

_THROTTLED_EVERY = 89
_BAD_REQUEST, _FORBIDDEN, _NOT_FOUND, _THROTTLED = 400, 403, 404, 429
_MOST_ROWS = 200
_ODD = 123
_FAR = 10**15
_TINY = 3
_ASSETS = (SEARCH, DETAIL, DETAILS)
_TIMES = ("planTime", "submitTime", "startTime", "endTime")
_GUID = "0" * 32


def _by_submission(perform: Perform, values: Values) -> Document:
    everything = whole(perform, values, start_time=0, end_time=MAX_TIME)
    start, end = int(values["start_time"]), int(values["end_time"])
    rows = [row for row in everything["rows"] if start <= row["submitTime"] <= end]
    rows.sort(key=lambda row: (row["submitTime"], row["taskRunningLogId"]))
    return {**everything, "rows": cut(rows, values), "total": len(rows)}


def _later_by_a_little(perform: Perform, values: Values) -> Document:
    """All times of the data are 123 milliseconds later."""
    start, end = (int(values[name]) - _ODD for name in ("start_time", "end_time"))
    page = perform({**values, "start_time": max(start, 0), "end_time": max(end, 0)})
    if end < 0:
        return {**page, "rows": [], "total": 0}
    rows = [{**row, **{name: row[name] + _ODD for name in _TIMES if row[name]}} for row in page["rows"]]
    return {**page, "rows": rows}


def _kept(perform: Perform, values: Values) -> Document:
    kept = whole(perform, values, start_time=0, end_time=MAX_TIME)["rows"][:_TINY]
    everything = whole(perform, values)
    rows = [row for row in everything["rows"] if row in kept]
    return {**everything, "rows": cut(rows, values), "total": len(rows)}


def _throttling() -> Seam:
    numbers = count(1)

    def change(_: Scope, response: Response) -> Response:
        if next(numbers) % _THROTTLED_EVERY:
            return response
        error = refused(
            response,
            _THROTTLED,
            "APIG.0308",
            "The throttling threshold has been reached: policy user over ratelimit,limit:50,time:1 second",
        )
        until = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
        return write(error, error.body, retry_after=until)

    return answered(change)


def _other_status(wanted: int, status: int) -> Seam:
    return on_error_response(lambda response: write(response, response.body, status=status), wanted)


def _own_statuses(row: Document) -> Document:
    return {**row, "status": {"skip": "omitted-by-calendar", "freeze": "on-ice"}.get(row["status"], row["status"])}


def _unparsed(document: Document) -> Document:
    return {**document, "data": []}


def _alone(_: str, ask: Ask, arguments: Arguments) -> Document:
    document: Document = ask(arguments)
    asked = [entity for entity in document["entities"] if entity["guid"] == arguments.text("guid")]
    return {**document, "relationships": [], "total": 0, "entities": asked}


def _typed_otherwise(entity: Document) -> Document:
    if "version" not in entity:
        return entity
    return {
        **entity,
        "version": "7",
        "create_time": str(entity.get("create_time", 0)),
        "update_time": None,
        "workspace_id": entity["workspace_id"][0],
        "instance_id": None,
        "status": "IN_USE",
    }


def _entities(change: Callable[[Document], Document]) -> Callable[[Document], Document]:
    def changed(document: Document) -> Document:
        if "entity" in document:
            return {**document, "entity": change(document["entity"])}
        return {**document, "entities": [change(entity) for entity in document["entities"]]}

    return changed


def _is_throttled(caller: Caller) -> bool:
    return any(caller.nodes().status == _THROTTLED for _ in range(_THROTTLED_EVERY))


CORRECT_SERVERS = (
    _outside(
        "ordered-by-run-id",
        "Runs are in the order of their ids, lowest first: no order is documented.",
        on_whole(lambda rows, _: sorted(rows, key=lambda row: int(row["taskRunningLogId"]))),
        lambda caller: caller.run_ids() == sorted(caller.run_ids()),
    ),
    _outside(
        "windows-on-the-submission",
        "The window filters on the time of submission; it is not documented which time it filters on.",
        on_listing(_by_submission),
        lambda caller: (
            caller.page(**RARE, start_time=1, limit=ALL)["rows"][0]["submitTime"]
            <= caller.page(**RARE, start_time=1, limit=ALL)["rows"][-1]["submitTime"]
        ),
        target={"window_column": "submitTime"},
    ),
    _outside(
        "both-ends-excluded",
        "Neither end belongs to the window; it is not documented whether they do.",
        Seam(switches={"window_includes_start": False, "window_includes_end": False, "order": "oldest-first"}),
        lambda caller: (
            not caller.page(start_time=(plan := caller.rows(limit=1)[0]["planTime"]), end_time=plan)["total"]
        ),
    ),
    _outside(
        "limit-of-200-or-400",
        "A limit above 200 is refused with 400; sibling operations have a documented cap.",
        Seam(switches={"max_limit": _MOST_ROWS, "over_limit": "refused"}),
        lambda caller: caller.runs(limit=_MOST_ROWS + 1).status == _BAD_REQUEST,
    ),
    _outside(
        "throttled-until-a-date",
        "Every 89th request gets 429 with a date in Retry-After, which may have seconds or a date.",
        Anew(make=_throttling),
        _is_throttled,
    ),
    _outside(
        "not-found-is-400",
        "A table or an asset that does not exist gets 400, as in sibling operations.",
        on_error_response(
            lambda response: (
                write(response, response.body, status=_BAD_REQUEST) if b"DLG.0404" in response.body else response
            ),
            _NOT_FOUND,
        ),
        lambda caller: caller.nodes(_GUID).status == _BAD_REQUEST,
    ),
    _outside(
        "foreign-projects-are-not-found",
        "A request for another project or tenancy gets 404, which does not reveal whether it exists.",
        _other_status(_FORBIDDEN, _NOT_FOUND),
        lambda caller: caller.runs(project_id=OTHER_PROJECT_ID).status == _NOT_FOUND,
    ),
    _outside(
        "ids-of-sixteen-digits",
        "Run ids are beyond 10^15.",
        on_row(lambda row: {**row, "taskRunningLogId": row["taskRunningLogId"] + _FAR}),
        lambda caller: caller.run_ids(limit=1)[0] > _FAR,
    ),
    _outside(
        "statuses-of-its-own",
        "Statuses are an open set of names: runs that were skipped or frozen have statuses of the server's own.",
        on_row(_own_statuses),
        lambda caller: any(row["status"] == "on-ice" for row in caller.rows()),
    ),
    _outside(
        "kinds-and-owners-of-its-own",
        "A kind of operator, an owner and the name of a workspace can be any text, or null.",
        on_row(lambda row: {**row, "type": "Sqoop 2 / 数据", "owner": "张三 <zhang@example>", "workspaceName": None}),
        lambda caller: caller.rows(limit=1)[0]["workspaceName"] is None,
    ),
    _outside(
        "runs-at-odd-milliseconds",
        "All times of runs are 123 milliseconds later, so hardly any is a whole second.",
        on_listing(_later_by_a_little),
        lambda caller: caller.rows(limit=1)[0]["planTime"] % 1_000 == _ODD,
    ),
    _outside(
        "five-runs-each",
        "Operators have five runs each: a small tenancy.",
        Seam(switches={"size": 5}),
        lambda caller: caller.page()["total"] <= 5,
        target={"known_jobs": ()},  # a known job must have runs in the window
    ),
    _outside(
        "three-newest-runs-are-kept",
        "Runs are kept for a short time: an operator has only its three newest.",
        on_listing(_kept),
        lambda caller: caller.page()["total"] == _TINY,
        target={"known_jobs": ()},  # a known job must have runs in the window
    ),
    _outside(
        "lineage-unparsed",
        "No SQL statement could be parsed, so neither operators nor tables have lineage.",
        Seam(
            alter=lambda operation, config: on_json(_unparsed, BULK).alter(
                on_answers(_alone, LINEAGE).alter(operation, config), config
            )
        ),
        lambda caller: not caller.bulk()["data"],
    ),
    _outside(
        "one-step-downstream-first",
        "Lineage goes one step, from table to table, and the first end of a relationship is the downstream one.",
        Seam(switches={"lineage_reach": "one-step", "lineage_through": "tables", "lineage_first_end": "downstream"}),
        lambda caller: all(
            edge["ep1_type_name"] == edge["ep2_type_name"] for edge in caller.lineage()["relationships"]
        ),
    ),
    _outside(
        "assets-typed-otherwise",
        "Version, creation time and workspace of an asset are text; its last change and its tenancy are null.",
        on_json(_entities(_typed_otherwise), *_ASSETS, LINEAGE),
        lambda caller: caller.detail()["entity"]["version"] == "7",
    ),
    _outside(
        "a-bare-search",
        "A search only needs its count and its assets; facets, metrics and the rest may be absent or null.",
        on_json(
            lambda document: {
                "referred_entities": None,
                "metrics": [],
                "entities": document["entities"],
                "count": document["count"],
                **({"facets": document["facets"]} if document["facets"] else {}),
            },
            SEARCH,
        ),
        lambda caller: caller.search(limit=1)["referred_entities"] is None,
    ),
)
