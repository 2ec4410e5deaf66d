"""Pages and totals that databases, search engines and caches get wrong."""

from __future__ import annotations

import json
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract._broken.caller import ALL, MAX_TIME
from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import (
    RUNS,
    Document,
    Perform,
    Values,
    compact,
    cut,
    fail_on,
    on_listing,
    on_page,
    whole,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import (
    DAY,
    HOUR,
    OK,
    RARE,
    Operation,
    as_integer,
    ids,
    listing,
    own_rows,
    own_total,
    performed,
    repeats,
    set_arguments,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract._broken.shared import Listing
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._web.requests import RequestParts
    from dataarts_datamap_contract.mock._web.validation import Arguments

_outside = partial(BrokenServer, level="C", cohort="outside")

_MOST_RESULTS = 10_000
_BYTE = 256
_MANY = 1_000
_DEEP = 200
_LARGE = 500
_FEW = 2
_SERVER_ERROR = 500


def _after_the_last_plan(_: Document, values: Values, perform: Perform) -> list[Document]:
    rows, offset = whole(perform, values)["rows"], int(values["offset"])
    if not 0 < offset <= len(rows):
        return cut(rows, values)
    last = rows[offset - 1]["planTime"]
    later = [row for row in rows[offset:] if row["planTime"] != last]
    return later[: int(values["limit"])]


def _ties_by_page(_: Document, values: Values, perform: Perform) -> list[Document]:
    is_odd = int(values["offset"]) // int(values["limit"]) % 2
    sign = 1 if is_odd else -1
    rows: list[Document] = whole(perform, values)["rows"]
    return cut(sorted(rows, key=lambda row: (-row["planTime"], sign * row["taskRunningLogId"])), values)


def _joined_with_tries(_: Document, values: Values, perform: Perform) -> list[Document]:
    rows: list[Document] = whole(perform, values)["rows"]
    return cut([row for row in rows for _ in range(2 if row["retryTimes"] else 1)], values)


def _one_for_each_plan(_: Document, values: Values, perform: Perform) -> list[Document]:
    first: dict[int, Document] = {}
    for row in whole(perform, values)["rows"]:
        first.setdefault(row["planTime"], row)
    return cut(list(first.values()), values)


def _one_more_to_look_ahead(page: Document, values: Values, perform: Perform) -> list[Document]:
    is_last_but_one = page["total"] - int(values["offset"]) == int(values["limit"]) + 1
    if not is_last_but_one:
        return list(page["rows"])
    return list(perform({**values, "limit": int(values["limit"]) + 1})["rows"])


def _offset_in_each_shard(_: Document, values: Values, perform: Perform) -> list[Document]:
    rows: list[Document] = whole(perform, values)["rows"]
    shown: set[int] = set()
    for shard in (0, 1):
        shown.update(ids(cut([row for row in rows if row["taskRunningLogId"] % 2 == shard], values)))
    return [row for row in rows if row["taskRunningLogId"] in shown][: int(values["limit"])]


def _newest(perform: Perform, values: Values) -> list[Document]:
    """All runs of the operator, newest first, whatever the window."""
    return list(whole(perform, values, start_time=0, end_time=MAX_TIME)["rows"])


def _hot_and_cold(perform: Perform, values: Values) -> Document:
    everything = whole(perform, values)
    present = next((row["planTime"] for row in _newest(perform, values)), 0)
    border = present - 7 * DAY
    rows = [
        row
        for row in everything["rows"]
        for _ in range(2 if border - 2 * HOUR <= row["planTime"] <= border + 2 * HOUR else 1)
    ]
    return {**everything, "rows": cut(rows, values), "total": len(rows)}


def _is_beyond_the_results(_: RequestParts, values: Mapping[str, list[str]]) -> bool:
    numbers = [as_integer(text) for name in ("offset", "limit") for text in values.get(name, ())]
    return sum(number or 0 for number in numbers) > _MOST_RESULTS


def _turning_replicas() -> Listing:
    numbers = count()

    def response(perform: Perform, values: Values) -> Document:
        everything = whole(perform, values)
        rows = everything["rows"][::-1] if next(numbers) % 2 else everything["rows"]
        return {**everything, "rows": cut(rows, values)}

    return response


def _fails_past_the_end(perform: Operation, _: MockConfig) -> Operation:
    def response(arguments: Arguments) -> bytes:
        document = perform(arguments)
        envelope = json.loads(document)
        if arguments.number("offset") < max(json.loads(envelope["body"])["total"], 1):
            return document
        failure = compact({"error_code": "DLF.0999", "error_msg": "Index out of bounds"})
        return compact({**envelope, "status_code": 500, "body": failure}).encode()

    return response


def _without_empty(page: Document) -> Document:
    return {name: value for name, value in page.items() if value not in ([], 0)}


def _rolled_up(page: Document, values: Values, perform: Perform) -> int:
    start, end = int(values["start_time"]), int(values["end_time"])
    if start < DAY or start % DAY or end % DAY not in {0, DAY - 1}:
        return int(page["total"])
    return int(perform({**values, "start_time": start - 8 * HOUR, "end_time": end - 8 * HOUR})["total"])


def _estimated(page: Document, values: Values, _: Perform) -> int:
    total = int(page["total"])
    return total if int(values["offset"]) < _DEEP else round(total / 100) * 100


def _reporting_replica(perform: Perform, values: Values) -> Document:
    if int(values["limit"]) < _LARGE:
        return perform(values)
    unheard = set(ids(_newest(perform, values)[:_FEW]))
    everything = whole(perform, values)
    rows = [row for row in everything["rows"] if row["taskRunningLogId"] not in unheard]
    return {**everything, "rows": cut(rows, values), "total": len(rows)}


def _key_without_separators(perform: Operation, _: MockConfig) -> Operation:
    documents: dict[object, bytes] = {}

    def response(arguments: Arguments) -> bytes:
        values = dict(arguments.values)
        paging = f"{values.pop('offset')}{values.pop('limit')}"
        key = (paging, *sorted(values.items()))
        if key not in documents:
            documents[key] = perform(arguments)
        return documents[key]

    return response


def _loses(caller: Caller, limit: int, **question: Any) -> bool:  # noqa: ANN401  any parameter
    rows = walk(caller, limit, **question)
    return len(set(ids(rows))) < int(caller.page(**question)["total"])


def _looks_ahead(caller: Caller) -> bool:
    total = caller.page()["total"]
    return len(caller.page(offset=total - 11, limit=10)["rows"]) > 10


def _takes_more_than_its_offset(caller: Caller) -> bool:
    return bool(caller.run_ids(offset=5, limit=_MANY) == caller.run_ids(offset=0, limit=_MANY))


def _rolls_up(caller: Caller) -> bool:
    last = caller.rows()[0]["planTime"] // DAY * DAY
    starts = [last - day * DAY for day in range(1, 20)]
    pages = [caller.page(start_time=start, end_time=start + DAY - 1, limit=ALL) for start in starts]
    return any(page["total"] != len(page["rows"]) for page in pages)


def _mixes_up_pages(caller: Caller) -> bool:
    caller.page(offset=1, limit=11)
    return len(caller.page(offset=11, limit=1)["rows"]) > 1


BROKEN_SERVERS = (
    _outside(
        "seek-by-plan-time-alone",
        (
            "A page begins after the last run of the page before, not after all runs with that run's plan time (offset:"
            " where the page starts; total: runs on all pages)."
        ),
        CHECKS["pages are slices of one list"],
        own_rows(_after_the_last_plan),
        lambda caller: _loses(caller, 1, **RARE),
    ),
    _outside(
        "ties-turn-round-on-odd-pages",
        "Runs with the same plan time have the same order on all pages, or a walk finds one twice and misses another.",
        CHECKS["pages are slices of one list"],
        own_rows(_ties_by_page),
        lambda caller: repeats(ids(walk(caller, 3, **RARE))),
    ),
    _outside(
        "LeftJoinWithTries",
        "A run that was retried is one row, not one for each try (taskRunningLogId: id of this run).",
        CHECKS["a run once in a window"],
        own_rows(_joined_with_tries),
        lambda caller: repeats(caller.run_ids()),
    ),
    _outside(
        "distinct-plans-beside-a-plain-count",
        "All pages together have as many rows as the total says, even if runs share a plan time.",
        CHECKS["total counts the runs"],
        own_rows(_one_for_each_plan),
        lambda caller: _loses(caller, ALL),
    ),
    _outside(
        "hidden after the LIMIT",
        "Runs that have not started are counted in the total, so they must be shown.",
        CHECKS["total counts the runs"],
        on_page(lambda page: {**page, "rows": [row for row in page["rows"] if row["startTime"]]}),
        lambda caller: _loses(caller, ALL),
    ),
    _outside(
        "has-next-row-leaks",
        "A page holds at most limit rows, even if exactly one more run is left (limit: records on a page).",
        CHECKS["pages are slices of one list"],
        own_rows(_one_more_to_look_ahead),
        _looks_ahead,
    ),
    _outside(
        "offset-pushed-down-to-two-shards",
        "An offset counts the runs of the whole list, not those of each shard.",
        CHECKS["pages are slices of one list"],
        own_rows(_offset_in_each_shard),
        lambda caller: _loses(caller, 50),
    ),
    _outside(
        "hot_and_cold_overlap",
        "A run that was moved to the archive a moment ago is one run, not two.",
        CHECKS["a run once in a window"],
        on_listing(_hot_and_cold),
        lambda caller: repeats(caller.run_ids()),
    ),
    _outside(
        "max-result-window-exceeded",
        "Offset and limit may be anything up to 2^31-1; beyond the end, there is an empty page, not an error.",
        CHECKS["valid requests succeed"],
        fail_on(_is_beyond_the_results),
        lambda caller: caller.runs(offset=1, limit=_MOST_RESULTS).status == _SERVER_ERROR,
    ),
    _outside(
        "offset-is-a-byte",
        "A page at offset 256 begins with the 257th run, not with the first.",
        CHECKS["pages are slices of one list"],
        set_arguments(offset=lambda offset: int(offset) % _BYTE),
        lambda caller: bool(caller.run_ids(offset=_BYTE, limit=1) == caller.run_ids(offset=0, limit=1)),
    ),
    _outside(
        "a-thousand-means-everything",
        "A page with a limit of 1,000 or more starts at its offset, as any other page does.",
        CHECKS["pages are slices of one list"],
        on_listing(
            lambda perform, values: perform({**values, "offset": 0} if int(values["limit"]) >= _MANY else values)
        ),
        _takes_more_than_its_offset,
    ),
    _outside(
        "replicas-of-two-orders",
        "The pages of one query are slices of one list, whichever replica responds.",
        CHECKS["asked again the same"],
        listing(_turning_replicas),
        lambda caller: len({compact(caller.run_ids(limit=5)) for _ in range(4)}) > 1,
    ),
    _outside(
        "past-the-end-fails-inside",
        "An offset at or past the total gives an empty page, not an envelope with status_code 500.",
        CHECKS["envelope"],
        performed(RUNS, _fails_past_the_end),
        lambda caller: caller.envelope(offset=100_000)["status_code"] != OK,
    ),
    _outside(
        "omitempty",
        "A page without runs still has rows and a total, which are required: an empty array and 0.",
        CHECKS["page document"],
        on_page(_without_empty),
        lambda caller: "total" not in caller.page(job_name="nobody"),
    ),
    _outside(
        "count(start_time)",
        "The total also counts runs that have not started, since they are among the rows.",
        CHECKS["total counts the runs"],
        own_total(lambda _, values, perform: sum(row["startTime"] > 0 for row in whole(perform, values)["rows"])),
        lambda caller: caller.page()["total"] < len(caller.rows()),
    ),
    _outside(
        "daily-roll-up-in-local-days",
        "The total of a whole day counts the runs of the day in UTC, not of a day that begins 8 hours earlier.",
        CHECKS["total counts the runs"],
        own_total(_rolled_up),
        _rolls_up,
    ),
    _outside(
        "deep-pages-estimate",
        "The total is the same on all pages of a query, even from offset 200 on.",
        CHECKS["one total for one question"],
        own_total(_estimated),
        lambda caller: caller.page(offset=300)["total"] != caller.page()["total"],
    ),
    _outside(
        "reports-come-from-a-replica-behind",
        "A query has one total, whatever the limit: with a limit of 500 or more, the two newest runs still count.",
        CHECKS["one total for one question"],
        on_listing(_reporting_replica),
        lambda caller: caller.page(limit=_LARGE)["total"] != caller.page()["total"],
    ),
    _outside(
        "cache-key-without-separators",
        "Offset 1 with limit 11 and offset 11 with limit 1 are different pages.",
        CHECKS["pages are slices of one list"],
        performed(RUNS, _key_without_separators),
        _mixes_up_pages,
    ),
)
