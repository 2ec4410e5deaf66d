"""Servers whose responses depend on other requests, because of caches, replicas, or memory that requests share."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from dataarts_datamap_contract._broken.relations import CONTENT, FILTERS, OPERATORS, PAGES, TOTALS, TRAVEL, WINDOWS
from dataarts_datamap_contract._broken.seams import (
    LINEAGE,
    NODES,
    RUNS,
    SEARCH,
    Document,
    Perform,
    Seam,
    Values,
    compact,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import DAY, OK, Listing, Operation, listing, performed, together
from dataarts_datamap_contract.mock._web.validation import Arguments

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig

_apart = partial(BrokenServer, level="C", cohort="apart")

_MINUTE = 60_000
_TIRED_AFTER = 50
_BEHIND = 3
_CONNECTION: ContextVar[object] = ContextVar("connection", default=None)


def _remembered(of: str, key: Callable[[Arguments], object]) -> Seam:
    """A seam on which documents are cached under a key that leaves out a part of the request."""

    def make(perform: Operation, _: MockConfig) -> Operation:
        documents: dict[object, bytes] = {}

        def remembering(arguments: Arguments) -> bytes:
            name = key(arguments)
            if name not in documents:
                documents[name] = perform(arguments)
            return documents[name]

        return remembering

    return performed(of, make)


def _windows_by_the_minute(arguments: Arguments) -> object:
    values = dict(arguments.values)
    times = [int(values.pop(name)) // _MINUTE for name in ("start_time", "end_time")]
    return (*times, *sorted(values.items(), key=str))


def _totals_by_task() -> Listing:
    totals: dict[object, int] = {}

    def response(perform: Perform, values: Values) -> Document:
        page = perform(values)
        key = tuple(values[name] for name in ("task_id", "start_time", "end_time"))
        return {**page, "total": totals.setdefault(key, page["total"])}

    return response


def _tired() -> Listing:
    numbers = count(1)

    def response(perform: Perform, values: Values) -> Document:
        return perform({**values, "offset": 0} if next(numbers) > _TIRED_AFTER else values)

    return response


def _two_replicas() -> Listing:
    """Every other response is from a replica that does not have the newest runs."""
    numbers = count()

    def response(perform: Perform, values: Values) -> Document:
        if next(numbers) % 2 == 0:
            return perform(values)
        page = perform({**values, "offset": int(values["offset"]) + _BEHIND})
        return {**page, "total": max(page["total"] - _BEHIND, 0)}

    return response


def _counting_reads() -> Listing:
    reads: Counter[int] = Counter()

    def response(perform: Perform, values: Values) -> Document:
        page = perform(values)
        rows = [{**row, "retryTimes": row["retryTimes"] + reads[row["taskRunningLogId"]]} for row in page["rows"]]
        reads.update(row["taskRunningLogId"] for row in rows)
        return {**page, "rows": rows}

    return response


def _not_modified(perform: Operation, _: MockConfig) -> Operation:
    """Every second response to the same request has status_code 304 and an empty body."""
    asked: set[object] = set()

    def response(arguments: Arguments) -> bytes:
        document = perform(arguments)
        key = tuple(sorted(arguments.values.items(), key=str))
        if key not in asked:
            asked.add(key)
            return document
        asked.remove(key)
        return compact({**json.loads(document), "status_code": 304, "body": ""}).encode()

    return response


def _workspace_of_the_connection() -> Seam:
    """A request without a workspace gets the one that was last sent on its connection."""

    def make(perform: Operation, _: MockConfig) -> Operation:
        workspaces: dict[object, str | int] = {}

        def remembering(arguments: Arguments) -> bytes:
            values, connection = dict(arguments.values), _CONNECTION.get()
            if "workspace_id" in values:
                workspaces[connection] = values["workspace_id"]
            elif connection in workspaces:
                values["workspace_id"] = workspaces[connection]
            return perform(Arguments(values))

        return remembering

    def wrap(app: ASGIApp) -> ASGIApp:
        async def marked(scope: Scope, receive: Receive, send: Send) -> None:
            _CONNECTION.set(scope.get("client"))
            await app(scope, receive, send)

        return marked

    return replace(performed(RUNS, make), wrap=wrap)


def _shared_offset() -> Seam:
    """The offset is kept in a variable that all requests share while they are processed."""
    latest: ContextVar[list[str]] = ContextVar("latest")

    def make(perform: Operation, _: MockConfig) -> Operation:
        def shared(arguments: Arguments) -> bytes:
            offsets = latest.get([])
            is_number = bool(offsets) and re.fullmatch("[0-9]{1,10}", offsets[-1])
            changed = {"offset": min(int(offsets[-1]), 2**31 - 1)} if is_number else {}
            return perform(Arguments({**arguments.values, **changed}))

        return shared

    def wrap(app: ASGIApp) -> ASGIApp:
        place: list[str] = []

        async def sharing(scope: Scope, receive: Receive, send: Send) -> None:
            if bytes(scope.get("raw_path", b"")).endswith(b"/instances"):
                place[:] = parse_qs(scope["query_string"].decode("latin-1")).get("offset", [])[-1:]
                latest.set(place)
                await asyncio.sleep(0.01)
            await app(scope, receive, send)

        return sharing

    return replace(performed(RUNS, make), wrap=wrap)


def _busy_with_lineage() -> Seam:
    """While ShowLineageBulk serves one request, other requests for it get an empty page."""

    def wrap(app: ASGIApp) -> ASGIApp:
        reading: list[Scope] = []

        async def busy(scope: Scope, receive: Receive, send: Send) -> None:
            if not bytes(scope.get("raw_path", b"")).endswith(b"/lineage/bulk"):
                await app(scope, receive, send)
                return
            is_first = not reading
            reading.append(scope)
            try:
                await asyncio.sleep(0.05)
                await app(scope, receive, send if is_first else _emptied(send))
            finally:
                reading.remove(scope)

        return busy

    return Seam(wrap=wrap)


def _emptied(send: Send) -> Send:
    nothing = b'{"total":0,"data":[]}'
    started: list[Message] = []

    async def emptied(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == OK:
            started.append(message)
            others = [field for field in message["headers"] if field[0] != b"content-length"]
            await send({**message, "headers": [*others, (b"content-length", str(len(nothing)).encode())]})
        else:
            await send({**message, "body": nothing} if started else message)

    return emptied


def _cached_in_front() -> Seam:
    """A cache in front of the service finds responses by path and query, whatever the credentials are."""

    def wrap(app: ASGIApp) -> ASGIApp:
        cached: dict[object, list[Message]] = {}

        async def caching(scope: Scope, receive: Receive, send: Send) -> None:
            raw_path = bytes(scope.get("raw_path", b""))
            key = (raw_path, scope.get("query_string"))
            if scope.get("method") != "GET" or b"/datamap/" not in raw_path:
                await app(scope, receive, send)
                return
            messages: list[Message] = cached.get(key, [])
            if not messages:

                async def keep(message: Message) -> None:
                    messages.append(message)

                await app(scope, receive, keep)
                if messages[0]["status"] == OK:
                    cached[key] = messages
            for message in messages:
                await send(message)

        return caching

    return Seam(wrap=wrap)


def _search_key(arguments: Arguments) -> object:
    return tuple(str(arguments.body.get(name)) for name in ("query", "offset", "limit"))


def _mixes_up_windows(caller: Caller) -> bool:
    plan = caller.rows()[40]["planTime"]
    caller.page(start_time=plan, end_time=plan + 1)
    return bool(caller.page(start_time=plan + 1, end_time=plan + 2)["total"])


def _mixes_up_totals(caller: Caller) -> bool:
    plan = caller.rows()[40]["planTime"]
    window = {"start_time": plan - DAY // 3, "end_time": plan + DAY // 3}
    caller.page(**window, job_name="check/rows<stage>")
    return bool(caller.page(**window, job_name="nobody")["total"])


def _begins_anew(caller: Caller) -> bool:
    pages = [tuple(caller.run_ids(offset=5, limit=1)) for _ in range(_TIRED_AFTER + 5)]
    return len(set(pages)) > 1


def _differs_when_asked_again(caller: Caller) -> bool:
    return len({compact(caller.envelope(limit=30)) for _ in range(3)}) > 1


def _keeps_a_workspace(caller: Caller) -> bool:
    caller.page(workspace_id="0" * 32)
    return bool(caller.page()["total"] == 0)


def _mixes_up_offsets(caller: Caller) -> bool:
    targets = [caller.runs_target(offset=offset, limit=1) for offset in (3, 90)]
    first, second = together(caller, *targets)
    return bool(first.json()["body"] == second.json()["body"])


def _is_empty_for_one(caller: Caller) -> bool:
    target = f"/v1/{caller.config.project_id}/datamap/lineage/bulk"
    return any(response.json()["total"] == 0 for response in together(caller, target, target))


def _answers_a_bad_token(caller: Caller) -> bool:
    caller.runs()
    return caller.runs({**caller.headers, "X-Auth-Token": "another"}).status == OK


def _confuses_tables(caller: Caller) -> bool:
    guids = [entity["guid"] for entity in caller.search()["entities"][:2]]
    documented, other = (caller.nodes(guid).body for guid in guids)
    return documented == other


def _confuses_filters(caller: Caller) -> bool:
    everything = caller.search("orders")["count"]
    found: Any = caller.search(
        "orders", filter={"attribute": "base.DataAsset.sourceType", "operator": "EQ", "value": ["dli"]}
    )
    return bool(found["count"] == everything)


def _confuses_directions(caller: Caller) -> bool:
    upstream = caller.lineage(query="?direction=IN")["relationships"]
    return bool(caller.lineage(query="?direction=OUT")["relationships"] == upstream)


BROKEN_SERVERS = (
    _apart(
        "windows-cached-by-the-minute",
        "Windows that start and end in the same minutes, but at other milliseconds, are different windows.",
        WINDOWS | CONTENT | {"C-window-start", "C-window-end"},
        _remembered(RUNS, _windows_by_the_minute),
        _mixes_up_windows,
    ),
    _apart(
        "totals-cached-by-task",
        "Each operator of a task has its own total for a window.",
        TOTALS | FILTERS | {"C-job-name-other"},
        listing(_totals_by_task),
        _mixes_up_totals,
    ),
    _apart(
        "first-page-after-fifty",
        "A page begins at its offset, however many pages were requested before.",
        PAGES | TRAVEL,
        listing(_tired),
        _begins_anew,
    ),
    _apart(
        "replica-that-lags",
        "Runs that were shown once are shown the next time, too.",
        PAGES | TOTALS | TRAVEL | CONTENT,
        listing(_two_replicas),
        _differs_when_asked_again,
    ),
    _apart(
        "reading-counts-as-a-try",
        "Reading a run does not change it.",
        CONTENT | TRAVEL,
        listing(_counting_reads),
        _differs_when_asked_again,
    ),
    _apart(
        "asked-again-is-not-modified",
        "A page that is requested again is sent again.",
        TRAVEL | {"A-envelope-status", "B-body-json"},
        performed(RUNS, _not_modified),
        _differs_when_asked_again,
        level="A",
    ),
    _apart(
        "workspace-of-the-request-before",
        "A request without a workspace does not get the workspace of the previous request on its connection.",
        FILTERS | TRAVEL,
        _workspace_of_the_connection(),
        _keeps_a_workspace,
    ),
    _apart(
        "offset-of-another-request",
        "Each of several simultaneous requests gets its own page.",
        PAGES | TRAVEL | {"C-run-content"},
        _shared_offset(),
        _mixes_up_offsets,
    ),
    _apart(
        "lineage-for-one-at-a-time",
        "Simultaneous requests for lineage each get all of it.",
        TRAVEL | {"C-bulk-pages", "C-lineage-agrees"},
        _busy_with_lineage(),
        _is_empty_for_one,
    ),
    _apart(
        "cached-for-any-token",
        "A request with a wrong token is refused, even if the same request was sent with a valid token before.",
        frozenset({"D-token-other", "D-missing", "D-refusal-status", "D-instance-other", "D-tenant-isolated"}),
        _cached_in_front(),
        _answers_a_bad_token,
        level="D",
    ),
    _apart(
        "operators-cached-for-any-table",
        "Each table has its own operators.",
        OPERATORS | {"C-table-other", "C-lineage-agrees", "C-asset-agrees"},
        _remembered(NODES, lambda arguments: arguments.text("project_id")),
        _confuses_tables,
    ),
    _apart(
        "searches-cached-without-the-filter",
        "A search with a filter does not get the results of the same search without the filter.",
        frozenset({"C-search-narrows", "C-search-finds", "C-search-pages"}),
        _remembered(SEARCH, _search_key),
        _confuses_filters,
    ),
    _apart(
        "lineage-cached-without-the-direction",
        "Lineage in one direction is not shown for the other direction.",
        frozenset({"C-lineage-agrees", "C-lineage-mirror", "C-lineage-connected"}),
        _remembered(LINEAGE, lambda arguments: arguments.text("guid")),
        _confuses_directions,
    ),
)
