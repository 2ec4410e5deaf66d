"""Responses that depend on how a request is signed, written or sent, or on other requests; request ids used twice."""

from __future__ import annotations

import asyncio
import gzip
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from dataarts_datamap_contract._broken.relations import CONTENT, PAGES, TRAVEL
from dataarts_datamap_contract._broken.seams import (
    RUNS,
    Pairs,
    Response,
    Seam,
    ask,
    compact,
    fresh,
    is_nodes,
    is_runs,
    on_query,
    on_request,
    on_wire,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import CHINESE, EMOJI_TASK, SALES_WORKSPACE, day
from dataarts_datamap_contract.mock._identity.signature import claims_signature

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_sealed = partial(BrokenServer, level="C", cohort="sealed")

_ESCAPE = re.compile(rb"%(?:[0-9a-f][a-f]|[a-f][0-9a-f])")


def _accepts_gzip(scope: Scope) -> bool:
    return any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])


def _signed_pages_of_five(request: RequestParts) -> RequestParts:
    if not claims_signature(request):
        return request
    return replace(request, query=re.sub(rb"limit=([6-9]|[1-9][0-9]+)(?![0-9])", b"limit=5", request.query))


def _no_operators_for_signatures(scope: Scope, response: Response) -> Response:
    signed = any(name == b"authorization" for name, _ in scope["headers"])
    return write(response, b"[]") if signed and is_nodes(scope) and response.status == 200 else response


def _compressed_from_memory() -> Seam:
    """Compressed pages are cached under a key that leaves out the window."""
    seen: dict[object, bytes] = {}

    def change(scope: Scope, response: Response) -> Response:
        if response.status != 200 or not _accepts_gzip(scope):
            return response
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        name = (scope["path"], *(value for key, value in sorted(query.items()) if not key.endswith("_time")))
        body = seen.setdefault(name, gzip.compress(response.body, mtime=0))
        return write(response, body, content_encoding="gzip", vary="Accept-Encoding")

    return on_wire(change)


def _shared_query() -> Seam:
    """The query is kept in a variable that all requests share while they wait for data."""

    def wrap(app: ASGIApp) -> ASGIApp:
        latest: dict[str, bytes] = {}

        async def sharing(scope: Scope, receive: Receive, send: Send) -> None:
            if not is_runs(scope):
                await app(scope, receive, send)
                return
            latest["query"] = scope["query_string"]
            await asyncio.sleep(0.004)
            await app({**scope, "query_string": latest["query"]}, receive, send)

        return sharing

    return Seam(wrap=wrap)


def _workspace_of_the_connection() -> Seam:
    """The workspace of a request stays with its connection, for later requests that name none."""

    def wrap(app: ASGIApp) -> ASGIApp:
        kept: dict[object, str] = {}

        async def remembering(scope: Scope, receive: Receive, send: Send) -> None:
            if is_runs(scope):
                pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
                named = dict(pairs).get("workspace_id")
                connection = scope.get("client")
                if named:
                    kept[connection] = named
                elif named is None and connection in kept and scope["query_string"].isascii():
                    extra = urlencode({"workspace_id": kept[connection]}).encode()
                    scope = {**scope, "query_string": scope["query_string"] + b"&" + extra}
            await app(scope, receive, send)

        return remembering

    return Seam(wrap=wrap)


def _one_id_for_all(scope: Scope, response: Response) -> Response:
    if not (is_runs(scope) or is_nodes(scope)) or response.status != 200:
        return response
    return replace(response, headers={**response.headers, "x-request-id": "8080d377bffeb6d519b0567c09cebe6b"})


def _id_of_the_question(scope: Scope, response: Response) -> Response:
    if response.status != 200 or "x-request-id" not in response.headers:
        return response
    name = f"{hash((scope['path'], scope['query_string'])) & (2**64 - 1):032x}"
    return replace(response, headers={**response.headers, "x-request-id": name})


def _by_position(pairs: Pairs) -> Pairs:
    """The first of the two times in a query is the start."""
    names = [name for name, _ in pairs if name in ("start_time", "end_time")]
    if names != ["end_time", "start_time"]:
        return pairs
    swapped = {"start_time": "end_time", "end_time": "start_time"}
    return [(swapped.get(name, name), value) for name, value in pairs]


def _capitals_only(request: RequestParts) -> RequestParts:
    """Percent-encoding in lower case is not decoded."""
    if not _ESCAPE.search(request.query):
        return request
    return replace(request, query=_ESCAPE.sub(lambda escape: b"%25" + escape[0][1:], request.query))


def _signature_spoils_blanks(request: RequestParts) -> RequestParts:
    if not claims_signature(request):
        return request
    return replace(request, query=request.query.replace(b"%20", b"%2520"))


def _kept_and_new(scope: Scope, response: Response) -> Response:
    """A client that asks to close the connection gets a page without rows."""
    closing = any(name == b"connection" and value.lower() == b"close" for name, value in scope["headers"])
    if closing and is_runs(scope) and response.status == 200:
        body = compact({"msg": "success", "rows": [], "success": True, "total": 0})
        return fresh(200, compact({"status_code": 200, "body": body, "header_map": {}}).encode(), "application/json")
    return response


def _both(caller: Caller) -> list[Response]:
    """The responses to two simultaneous requests."""
    headers = {"host": "mock.test", **caller.headers}

    async def run() -> list[Response]:
        targets = (caller.runs_target(limit=3), caller.runs_target(limit=5))
        return list(await asyncio.gather(*(ask(caller.app, "GET", target, headers) for target in targets)))

    return asyncio.run(run())


def _signed_rows(caller: Caller, **query: str | int) -> Response:
    target = caller.runs_target(**query)
    return caller.get(target, caller.signed(target))


def _reordered(caller: Caller) -> str:
    window = day(caller)
    start, end = f"start_time={window['start_time']}", f"end_time={window['end_time']}"
    return caller.runs_target(**window).replace(start, "@").replace(end, start).replace("@", end)


BROKEN_SERVERS = (
    _sealed(
        "signed-pages-of-five",
        "a signed request gets the same page as one with a token",
        TRAVEL | PAGES,
        on_request(_signed_pages_of_five, of=RUNS),
        lambda caller: _signed_rows(caller, limit=10).body == caller.runs(limit=5).body,
        level="D",
    ),
    _sealed(
        "no-operators-for-signatures",
        "a signed request gets the same operators as one with a token",
        TRAVEL | frozenset({"C-nodes-operator"}),
        on_wire(_no_operators_for_signatures),
        lambda caller: caller.get(caller.nodes_target(), caller.signed(caller.nodes_target())).json() == [],
        level="D",
    ),
    _sealed(
        "signed-blanks-spoilt",
        "a signed request finds a job_name with a blank",
        TRAVEL | frozenset({"C-job-name-unusual"}),
        on_request(_signature_spoils_blanks, of=RUNS),
        lambda caller: b"958113" not in _signed_rows(caller, task_id="958113", job_name="Load orders-eu").body,
        level="D",
    ),
    _sealed(
        "compressed-pages-remembered",
        "a compressed page belongs to the requested window",
        TRAVEL | CONTENT | frozenset({"C-window-start", "C-window-end", "C-window-adds-up"}),
        _compressed_from_memory(),
        lambda caller: (
            caller.runs({**caller.headers, "accept-encoding": "gzip"}).body
            == caller.runs({**caller.headers, "accept-encoding": "gzip"}, start_time=9, end_time=10).body
        ),
    ),
    _sealed(
        "parameters-of-the-request-beside-it",
        "simultaneous requests are independent of each other",
        TRAVEL | PAGES | frozenset({"C-limit-exceeded"}),
        _shared_query(),
        lambda caller: len({response.body for response in _both(caller)}) == 1,
    ),
    _sealed(
        "workspace-stays-with-the-connection",
        "a request does not get the workspace_id of an earlier request on its connection",
        TRAVEL | frozenset({"E-optional-refused", "C-workspace-other", "C-total-constant"}),
        _workspace_of_the_connection(),
        lambda caller: not caller.rows(workspace_id=SALES_WORKSPACE) and not caller.rows(),
    ),
    _sealed(
        "one-request-id-for-all",
        "each exchange has its own X-Request-Id",
        frozenset({"A-request-id"}),
        on_wire(_one_id_for_all),
        lambda caller: caller.runs().headers["x-request-id"] == caller.nodes().headers["x-request-id"],
        level="A",
    ),
    _sealed(
        "request-id-of-the-question",
        "a repeated request gets another X-Request-Id",
        frozenset({"A-request-id"}),
        on_wire(_id_of_the_question),
        lambda caller: caller.runs().headers["x-request-id"] == caller.runs().headers["x-request-id"],
        level="A",
    ),
    _sealed(
        "times-by-their-position",
        "start_time and end_time are read by name, in any order",
        TRAVEL,
        on_query(_by_position),
        lambda caller: caller.get(_reordered(caller)).status == 400,
    ),
    _sealed(
        "lower-case-escapes-not-read",
        "percent-encoding in lower case means the same as in capitals",
        TRAVEL | frozenset({"C-job-name-unusual"}),
        on_request(_capitals_only, of=RUNS),
        lambda caller: (
            caller.get(
                re.sub(
                    r"%[0-9A-F]{2}",
                    lambda escape: escape[0].lower(),
                    caller.runs_target(task_id=EMOJI_TASK, job_name=CHINESE),
                )
            ).body
            != caller.runs(task_id=EMOJI_TASK, job_name=CHINESE).body
        ),
    ),
    _sealed(
        "nothing-before-the-connection-closes",
        "a request that closes its connection gets its rows",
        TRAVEL,
        on_wire(_kept_and_new),
        lambda caller: b"taskRunningLogId" not in caller.runs({**caller.headers, "connection": "close"}).body,
    ),
)
