"""Broken servers: a web framework misreads parameters, or writes responses wrongly."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.asset_seams import BULK_PATH, SEARCH_PATH
from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import (
    BULK,
    Pairs,
    Response,
    compact,
    is_nodes,
    on_error_response,
    on_query,
    on_success,
    on_wire,
    refuse_on,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import BAD_REQUEST, OK, as_integer, has, is_json, status_of
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from starlette.types import Scope

    from dataarts_datamap_contract._broken.caller import Caller

_shipped = partial(BrokenServer, level="E", cohort="shipped")

_NUMBERS = ("offset", "limit")


def _without_unreadable(pairs: Pairs) -> Pairs:
    """An offset or a limit that is not an integer counts as not sent."""
    return [(name, value) for name, value in pairs if name not in _NUMBERS or as_integer(value) is not None]


def _of_the_framework(scope: Scope, response: Response) -> Response:
    if response.status != BAD_REQUEST or b"Invalid body" not in response.body:
        return response
    document = {
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "status": response.status,
        "error": "Bad Request",
        "path": bytes(scope["raw_path"]).decode("latin-1"),
    }
    return write(response, compact(document).encode())


def _in_gbk(response: Response) -> Response:
    return write(response, response.body.decode().encode("gbk", "replace"))


def _cut_by_characters(response: Response) -> Response:
    """The length counts characters, and no more bytes than that are sent."""
    return write(response, response.body[: len(response.body.decode())])


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _broken_search(caller: Caller) -> Response:
    return caller.ask("POST", SEARCH_PATH, b'{"limit": 1,')


BROKEN_SERVERS = (
    _shipped(
        "start-of-zero-counts-as-missing",
        "a window may start at 0, which is not the same as having no start",
        CHECKS["valid requests succeed"],
        refuse_on(
            has("start_time", lambda text: as_integer(text) == 0),
            HttpError(BAD_REQUEST, "APIGW.0106", "Invalid query parameter start_time: it is missing"),
        ),
        lambda caller: status_of(caller, start_time=0) == BAD_REQUEST,
    ),
    _shipped(
        "unreadable-numbers-fall-back-to-defaults",
        "ShowLineageBulk refuses an offset or a limit that is not a number",
        CHECKS["invalid requests are refused"],
        on_query(_without_unreadable, of=BULK),
        lambda caller: caller.ask("GET", f"{BULK_PATH}?limit=many").status == OK,
    ),
    _shipped(
        "framework-writes-the-error-of-a-body",
        "the error response to a body that is refused has an error code and a text",
        CHECKS["error responses"],
        on_wire(_of_the_framework),
        lambda caller: "error_code" not in _broken_search(caller).json(),
        level="A",
    ),
    _shipped(
        "errors-in-gbk",
        "an error response that repeats Chinese text of the request is UTF-8",
        CHECKS["text is JSON and UTF-8"] | CHECKS["error responses"],
        on_error_response(_in_gbk, 400, 403, 404),
        lambda caller: not _is_utf8(caller.nodes("订单").body),
        level="A",
    ),
    _shipped(
        "length-counted-in-characters",
        "a list of operators is sent to its last byte, even if it has Chinese names",
        CHECKS["text is JSON and UTF-8"] | CHECKS["http"],
        on_success(_cut_by_characters, of=is_nodes),
        lambda caller: not is_json(caller.nodes().body),
        level="A",
    ),
)
