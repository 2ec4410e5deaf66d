"""Several replicas, and caches in front of them, that do not agree about the runs."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from functools import partial
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.caller import JOB_NAME, MAX_TIME, Caller
from dataarts_datamap_contract._broken.seams import (
    RUNS,
    Document,
    Perform,
    Response,
    Seam,
    Values,
    ask,
    on_arguments,
    on_listing,
    on_rows,
    whole,
)
from dataarts_datamap_contract._broken.servers import BrokenServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.validation import Arguments

_elsewhere = partial(BrokenServer, level="C", cohort="elsewhere")

_MOST_PAGES = 64
_REMEMBERED = 1.0
_BACKEND = 0.005
_BREAKS = 15
_QUERY = ("task_id", "workspace_id", "start_time", "end_time")
_NOT_STARTED = {"status": "waiting", "startTime": 0, "executionLogPath": None, "runningData": None}
_OTHER_CASE = "etl_job_dli2dws"


def _cached(key: Callable[[Values], tuple[object, ...]]) -> Seam:
    """A seam on which up to 64 pages are cached by task, workspace, window and a further key."""

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        if operation.operation_id != RUNS:
            return operation
        pages: dict[object, bytes] = {}

        def perform(arguments: Arguments) -> bytes:
            values = dict(arguments.values)
            name = (*(values.get(each) for each in _QUERY), *key(values))
            if name not in pages:
                document = operation.perform(arguments)
                if len(pages) >= _MOST_PAGES:
                    pages.clear()
                pages[name] = document
            return pages[name]

        return replace(operation, perform=perform)

    return Seam(alter)


def _page_number(values: Values) -> tuple[object, ...]:
    limit = int(values["limit"])
    return (values["job_name"], int(values["offset"]) // limit, limit)


def _folded_name(values: Values) -> tuple[object, ...]:
    return (str(values["job_name"]).casefold(), values["offset"], values["limit"])


def _scroll() -> Seam:
    """A seam on which a page after the first continues where the page before stopped, whatever its offset is."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        positions: dict[object, int] = {}

        def change(values: Values) -> Values:
            offset, limit = int(values["offset"]), int(values["limit"])
            name = (*(values.get(each) for each in _QUERY), values["job_name"], limit)
            position = positions.get(name, offset) if offset else 0
            positions[name] = position + limit
            return {**values, "offset": position}

        return on_arguments(change).alter(operation, config)

    return Seam(alter)


def _negative() -> Seam:
    """A seam on which, after a request for an unknown operator, those of the same task have no runs for a second."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        until: dict[str, float] = {}

        def response(perform: Perform, values: Values) -> Document:
            page, task_id = perform(values), str(values["task_id"])
            if until.get(task_id, 0) > monotonic():
                return {**page, "rows": [], "total": 0}
            always = whole(perform, values, start_time=0, end_time=MAX_TIME, limit=1)
            if not always["total"]:
                until[task_id] = monotonic() + _REMEMBERED
            return page

        return on_listing(response).alter(operation, config)

    return Seam(alter)


def _fallback() -> Seam:
    """A seam on which every 15th response is the fallback of a circuit breaker: a page without runs."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        asked = count(1)

        def response(perform: Perform, values: Values) -> Document:
            page = perform(values)
            return {**page, "rows": [], "total": 0} if next(asked) % _BREAKS == 0 else page

        return on_listing(response).alter(operation, config)

    return Seam(alter)


def _behind() -> Seam:
    """A seam on which one of two replicas still shows the running run as waiting."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        asked = count()

        def rows(read: list[Document]) -> list[Document]:
            if next(asked) % 2 == 0:
                return read
            return [{**row, **_NOT_STARTED} if row["status"] == "running" else row for row in read]

        return on_rows(rows).alter(operation, config)

    return Seam(alter)


def _flights(app: ASGIApp) -> ASGIApp:
    """Simultaneous requests for a path with the same token share the first one's response, whatever their query."""
    under_way: dict[object, asyncio.Future[list[Message]]] = {}

    async def flight(scope: Scope, receive: Receive) -> list[Message]:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await asyncio.sleep(_BACKEND)
        await app(scope, receive, keep)
        return messages

    async def coalesced(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await app(scope, receive, send)
            return
        fields = dict(scope["headers"])
        caller = tuple(fields.get(name) for name in (b"x-auth-token", b"instance"))
        key = (bytes(scope["raw_path"]), caller, b"authorization" in fields)
        known = under_way.get(key)
        future = known or asyncio.ensure_future(flight(scope, receive))
        under_way[key] = future
        try:
            for message in await asyncio.shield(future):
                await send(message)
        finally:
            under_way.pop(key, None)

    return coalesced


def _at_once(caller: Caller, *targets: str) -> list[list[int]]:
    """The ids of runs on some pages that are requested at the same time."""

    async def all_of_them() -> list[Response]:
        fields = {"host": "mock.test", **caller.headers}
        return await asyncio.gather(*(ask(caller.app, "GET", target, fields) for target in targets))

    pages = [json.loads(response.json()["body"]) for response in asyncio.run(all_of_them())]
    return [[row["taskRunningLogId"] for row in page["rows"]] for page in pages]


def _is_mixed(caller: Caller) -> bool:
    first, second = _at_once(caller, caller.runs_target(offset=0), caller.runs_target(offset=10))
    return first == second


def _moves_on(caller: Caller) -> bool:
    caller.run_ids(limit=10)
    return caller.run_ids(limit=10, offset=10) != caller.run_ids(limit=10, offset=10)


def _goes_back(caller: Caller) -> bool:
    return [row["status"] for row in caller.rows(limit=10)] != [row["status"] for row in caller.rows(limit=10)]


def _between_pages(caller: Caller) -> bool:
    rows = caller.run_ids(limit=10)
    return caller.run_ids(limit=10, offset=5) == rows


def _of_another_case(caller: Caller) -> bool:
    return caller.run_ids() == caller.run_ids(job_name=_OTHER_CASE)


def _empty_after_an_unknown(caller: Caller) -> bool:
    caller.page(job_name=f"{JOB_NAME}_3")
    return bool(caller.page()["total"] == 0)


BROKEN_SERVERS = (
    _elsewhere(
        "cached-by-the-number-of-the-page",
        "a page that begins inside a cached page has the rows from its own offset on",
        frozenset({"C-offset-slice", "C-replay"}),
        _cached(_page_number),
        _between_pages,
    ),
    _elsewhere(
        "cached-for-names-in-any-case",
        "operators whose names differ only in case have cached pages of their own",
        frozenset({"C-rows-of-job", "C-job-name-case", "C-replay"}),
        _cached(_folded_name),
        _of_another_case,
    ),
    _elsewhere(
        "scroll-goes-on-at-a-repetition",
        "a later page that is requested again is the same page",
        frozenset({"C-offset-slice", "C-replay"}),
        _scroll(),
        _moves_on,
    ),
    _elsewhere(
        "unknown-operator-hides-its-task",
        "a request for an unknown operator does not change the next response for a known one",
        frozenset({"C-replay", "C-total-constant", "C-walk-complete"}),
        _negative(),
        _empty_after_an_unknown,
    ),
    _elsewhere(
        "replica-where-the-run-still-waits",
        "a run that was running does not wait again at the next request",
        frozenset({"C-replay", "C-run-content"}),
        _behind(),
        _goes_back,
    ),
    _elsewhere(
        "one-response-for-requests-of-a-path",
        "simultaneous requests for the same path get the pages of their own queries",
        frozenset({"C-replay"}),
        Seam(wrap=_flights),
        _is_mixed,
    ),
    _elsewhere(
        "fallback-is-a-page-without-runs",
        "a server that cannot reach its scheduler says so, and does not show a page without runs",
        frozenset(
            {
                "C-replay",
                "C-total-constant",
                "C-walk-complete",
                "C-limit-underfilled",
                "C-offset-slice",
                "C-window-adds-up",
            }
        ),
        _fallback(),
        lambda caller: {caller.page(limit=1)["total"] > 0 for _ in range(_BREAKS)} == {True, False},
    ),
)
