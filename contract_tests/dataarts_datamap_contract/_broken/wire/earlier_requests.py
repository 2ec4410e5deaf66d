"""Responses that depend on earlier or simultaneous requests, through caches, load or retries."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.caller import ALL
from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import (
    SEARCH,
    Document,
    Perform,
    Response,
    Seam,
    Values,
    compact,
    fresh,
    is_nodes,
    is_runs,
    on_json,
    on_request,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import (
    BAD_REQUEST,
    OK,
    Anew,
    answered,
    listing,
    refused,
    repeats,
    together,
)

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract._broken.shared import Listing
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_outside = partial(BrokenServer, level="C", cohort="outside")

_TIMEOUT_EVERY = 23
_RETRIED_EVERY = 5
_TOLERATED = 5
_LONG = 16_384
_CUT_EVERY = 10
_THROTTLED_EVERY = 41
_COOKIE_EVERY = 7
_IDS = 64
_SERVER_ERROR = 500
_CLIENT_ERRORS = range(400, 500)
_COLD_SEARCHES = 10


def _timing_out() -> Listing:
    numbers = count(1)

    def response(perform: Perform, values: Values) -> Document:
        page = perform(values)
        return page if next(numbers) % _TIMEOUT_EVERY else {**page, "rows": [], "total": 0}

    return response


def _remembering_misses() -> Listing:
    missed: set[object] = set()

    def response(perform: Perform, values: Values) -> Document:
        page, task_id = perform(values), values["task_id"]
        if task_id in missed:
            missed.discard(task_id)
            return {**page, "rows": [], "total": 0}
        if not page["total"]:
            missed.add(task_id)
        return page

    return response


def _remembering_mistakes() -> Seam:
    mistakes: dict[bytes, Response] = {}

    def change(scope: Scope, response: Response) -> Response:
        path = bytes(scope["raw_path"])
        if response.status == BAD_REQUEST:
            mistakes[path] = response
        return mistakes.pop(path, response) if response.status == OK else response

    return answered(change)


def _retrying() -> Seam:
    numbers = count(1)

    def lose(request: RequestParts) -> RequestParts:
        if next(numbers) % _RETRIED_EVERY:
            return request
        return replace(request, body=b'{"limit":100,"offset":0}')

    return on_request(lose, of=SEARCH)


def _breaking() -> Seam:
    errors = [0]

    def change(scope: Scope, response: Response) -> Response:
        if response.status in _CLIENT_ERRORS:
            errors[0] += 1
            return response
        is_open = errors[0] >= _TOLERATED
        errors[0] = 0
        return write(response, b"[]") if is_open and is_nodes(scope) else response

    return answered(change)


def _cutting() -> Seam:
    numbers = count(1)

    def change(_: Scope, response: Response) -> Response:
        if len(response.body) <= _LONG or next(numbers) % _CUT_EVERY:
            return response
        return write(response, response.body[:_LONG])

    return answered(change)


def _throttling() -> Seam:
    numbers = count(1)

    def change(_: Scope, response: Response) -> Response:
        if response.status != OK or next(numbers) % _THROTTLED_EVERY:
            return response
        return refused(response, OK, "APIGW.0308", "The throttling threshold has been reached")

    return answered(change)


def _with_cookies() -> Seam:
    numbers = count(1)

    def change(scope: Scope, response: Response) -> Response:
        if response.status != OK or not is_runs(scope) or next(numbers) % _COOKIE_EVERY:
            return response
        envelope = response.json()
        cookies = ["route=1; Path=/", "lang=en; Path=/"]
        return write(
            response, compact({**envelope, "header_map": {**envelope["header_map"], "Set-Cookie": cookies}}).encode()
        )

    return answered(change)


def _locking() -> Seam:
    """A seam on which a request for runs fails if it arrives while another one is being served."""

    def wrap(app: ASGIApp) -> ASGIApp:
        under_way: list[Scope] = []

        async def locked(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or not is_runs(scope):
                await app(scope, receive, send)
                return
            is_second = bool(under_way)
            under_way.append(scope)
            try:
                await asyncio.sleep(0.02)
                await (_lock_timeout if is_second else app)(scope, receive, send)
            finally:
                under_way.remove(scope)

        return locked

    return Seam(wrap=wrap)


async def _lock_timeout(_: Scope, __: Receive, send: Send) -> None:
    error = {"error_msg": "Lock wait timeout exceeded", "error_code": "DLM.1205"}
    response = fresh(_SERVER_ERROR, compact(error).encode(), "application/json")
    fields = [(name.encode(), value.encode()) for name, value in response.headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": fields})
    await send({"type": "http.response.body", "body": response.body})


def _numbering() -> Seam:
    numbers = count(1)

    def change(_: Scope, response: Response) -> Response:
        if response.status != OK:
            return response
        return write(response, response.body, x_request_id=f"{next(numbers) % _IDS:032x}")

    return answered(change)


def _indexing() -> Seam:
    numbers = count()

    def change(document: Document) -> Document:
        is_cold = next(numbers) < _COLD_SEARCHES
        return {**document, "count": 0, "entities": [], "facets": []} if is_cold else document

    return on_json(change, SEARCH)


def _totals(caller: Caller, times: int) -> set[int]:
    return {caller.page()["total"] for _ in range(times)}


def _poisons(caller: Caller) -> bool:
    caller.page(job_name="nobody")
    return not caller.page()["total"]


def _remembers(caller: Caller) -> bool:
    caller.runs(limit="x")
    return caller.runs().status == BAD_REQUEST


def _breaks(caller: Caller) -> bool:
    for _ in range(_TOLERATED):
        caller.runs(limit="x")
    return caller.nodes().body == b"[]"


def _cuts(caller: Caller) -> bool:
    try:
        for _ in range(_CUT_EVERY + 1):
            json.loads(caller.runs(limit=ALL).body)
    except ValueError:
        return True
    return False


BROKEN_SERVERS = (
    _outside(
        "timeouts-look-like-no-runs",
        "A query that the scheduler could not run gets an error; here every 23rd gets a success with total 0.",
        CHECKS["asked again the same"],
        listing(_timing_out),
        lambda caller: 0 in _totals(caller, _TIMEOUT_EVERY + 1),
    ),
    _outside(
        "misses-remembered-by-task",
        "A query with an unknown job name does not change the next response for the same task id.",
        CHECKS["asked again the same"],
        listing(_remembering_misses),
        _poisons,
    ),
    _outside(
        "400-cached-by-path",
        "A valid request gets 200, even after an invalid one for the same path.",
        CHECKS["valid requests succeed"],
        Anew(make=_remembering_mistakes),
        _remembers,
    ),
    _outside(
        "retried-POST-without-its-body",
        "A search always finds what its body asks for; here every fifth is retried without its body.",
        CHECKS["asked again the same"],
        Anew(make=_retrying),
        lambda caller: len({caller.search("dim_region")["count"] for _ in range(_RETRIED_EVERY + 1)}) > 1,
    ),
    _outside(
        "breaker-falls-back-to-nothing",
        "A table has the same operators as before, even after five error responses in a row.",
        CHECKS["operators of a table"],
        Anew(make=_breaking),
        _breaks,
    ),
    _outside(
        "buffer-of-16-KiB",
        "A response is a complete JSON document; here every tenth long one is cut off after 16 KiB.",
        CHECKS["text is JSON and UTF-8"],
        Anew(make=_cutting),
        _cuts,
        level="A",
    ),
    _outside(
        "throttled-with-200",
        "A throttled request gets 429, not 200 and an error in place of the document.",
        CHECKS["error responses"],
        Anew(make=_throttling),
        lambda caller: any("error_code" in caller.envelope() for _ in range(_THROTTLED_EVERY + 1)),
        level="A",
    ),
    _outside(
        "two-cookies-in-the-header-map",
        "All values of header_map are texts; here every seventh header_map has a list.",
        CHECKS["envelope"],
        Anew(make=_with_cookies),
        lambda caller: any("Set-Cookie" in caller.envelope()["header_map"] for _ in range(_COOKIE_EVERY + 1)),
        level="A",
    ),
    _outside(
        "second-of-two-meets-a-lock",
        "Requests that are sent at the same time succeed, as they do one after the other (50 a second are allowed).",
        CHECKS["side by side"],
        _locking(),
        lambda caller: any(
            response.status == _SERVER_ERROR
            for response in together(caller, *[caller.runs_target(offset=offset) for offset in range(2)])
        ),
    ),
    _outside(
        "request-ids-in-six-bits",
        "Each response has a request id of its own (X-Request-Id: id of this exchange).",
        CHECKS["request ids differ"],
        Anew(make=_numbering),
        lambda caller: repeats([caller.nodes().headers["x-request-id"] for _ in range(_IDS + 6)]),
        level="A",
    ),
    _outside(
        "index-not-loaded-yet",
        "The first ten searches after a start find the same assets as later ones.",
        CHECKS["asked again the same"],
        Anew(make=_indexing),
        lambda caller: len({caller.search()["count"] for _ in range(_COLD_SEARCHES + 2)}) > 1,
    ),
)
