"""Requests for assets and lineage whose parameters or bodies are misread, wrongly refused, or cause a failure."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract._broken.asset_seams import BULK_PATH, DETAIL_PATH, DETAILS_PATH, SEARCH_PATH, post
from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import (
    BULK,
    DETAIL,
    DETAILS,
    LINEAGE,
    SEARCH,
    Ask,
    compact,
    on_answers,
    on_content,
    on_query,
    on_request,
    on_wire,
    refuse_on,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import OK, as_object
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

    from dataarts_datamap_contract._broken.seams import Document, Pairs, Response
    from dataarts_datamap_contract.mock._web.requests import RequestParts
    from dataarts_datamap_contract.mock._web.validation import Arguments

_lineage = partial(BrokenServer, level="E", cohort="lineage")
_outside = partial(BrokenServer, level="E", cohort="outside")

_LINEAGE_PATH = f"/v2/{{p}}/datamap/lineage/guid/{TABLE_GUID}"
_ALL: Final = {"query": "", "limit": 100, "offset": 0}


def _changed_body(change: Callable[[Document], Document]) -> Callable[[bytes], bytes]:
    """A change of a body that is an object; any other body stays as it is."""

    def changed(content: bytes) -> bytes:
        try:
            search = as_object(json.loads(content))
        except ValueError:
            return content
        return content if search is None else json.dumps(change(search)).encode()

    return changed


def _with_limit(search: Document) -> Document:
    return {"limit": 100, **search}


def _at_least_one(search: Document) -> Document:
    return {**search, "limit": max(search["limit"], 1)} if isinstance(search.get("limit"), int) else search


def _not_negative(search: Document) -> Document:
    return {**search, "offset": max(search["offset"], 0)} if isinstance(search.get("offset"), int) else search


def _numbers_read(search: Document) -> Document:
    """Numbers sent as text are read, and any other text counts as the default."""
    defaults = {"limit": 100, "offset": 0}
    texts = {name: search[name] for name in defaults if isinstance(search.get(name), str)}
    return {**search, **{name: int(text) if text.isdecimal() else defaults[name] for name, text in texts.items()}}


def _text_of(search: Document) -> Document:
    return {**search, "query": ""} if not isinstance(search.get("query", ""), str) else search


def _repaired(content: bytes) -> bytes:
    """A body that is not JSON counts as an empty search."""
    try:
        json.loads(content)
    except ValueError:
        return json.dumps(_ALL).encode()
    return content


def _listed(content: bytes) -> bytes:
    """A text counts as an array with that text, and an object as an array of its keys."""
    try:
        document: object = json.loads(content)
    except ValueError:
        return content
    search = as_object(document)
    names: object = document if search is None else list(search)
    return json.dumps([names] if isinstance(names, str) else names).encode()


def _broken_json_fails(request: RequestParts) -> RequestParts:
    try:
        json.loads(request.body)
    except ValueError:
        raise HttpError(500, "DLG.0500", "Internal server error") from None
    return request


def _limit_or_default(pairs: Pairs) -> Pairs:
    return [(name, "100" if name == "limit" and value in {"0", "-1"} else value) for name, value in pairs]


def _offset_or_default(pairs: Pairs) -> Pairs:
    return [(name, "0" if name == "offset" and not value.isdecimal() else value) for name, value in pairs]


def _direction_or_default(pairs: Pairs) -> Pairs:
    known = {"IN", "OUT", "BOTH"}
    return [(name, "BOTH" if name == "direction" and value not in known else value) for name, value in pairs]


def _flag_or_default(pairs: Pairs) -> Pairs:
    flags = {"ignore_relationships", "extend_process_data_flow", "include_parent_entity"}
    return [(name, "false" if name in flags and value not in {"true", "false"} else value) for name, value in pairs]


def _unprocessable(scope: Scope, response: Response) -> Response:
    is_search = scope["raw_path"].endswith(b"/entities/search")
    return write(response, response.body, status=422) if is_search and response.status == 400 else response


def _get_allowed(scope: Scope, response: Response) -> Response:
    if response.status == 405 and scope["raw_path"].endswith(b"/entities/search"):
        return replace(response, headers={**response.headers, "allow": "GET, HEAD"})
    return response


def _refuse_flag(ask: Ask, arguments: Arguments) -> Any:  # noqa: ANN401
    if arguments.text("ignore_relationships") == "True":
        raise HttpError(400, "DLG.0400", "relationships cannot be left out")
    return ask(arguments)


def _coerced(content: bytes) -> bytes:
    try:
        body = as_object(json.loads(content))
    except ValueError:
        return content
    texts = {name: str(value) for name, value in (body or {}).items() if name in {"limit", "offset"}}
    numbers = {name: int(text) for name, text in texts.items() if re.fullmatch("[0-9]{1,9}", text)}
    return compact({**body, **numbers}).encode() if body and numbers else content


BROKEN_SERVERS = (
    _lineage(
        "search-allows-what-it-refuses",
        "a 405 of a search names POST as the allowed method",
        frozenset({"A-allow-header"}),
        on_wire(_get_allowed),
        lambda caller: "GET" in caller.ask("GET", SEARCH_PATH).headers.get("allow", ""),
        level="A",
    ),
    _lineage(
        "broken-json-breaks-the-search",
        "a body that is not JSON does not make the server fail",
        frozenset({"A-server-error"}),
        on_request(_broken_json_fails, of=SEARCH),
        lambda caller: post(caller, SEARCH_PATH, b"{") == 500,
        level="A",
    ),
    _lineage(
        "search-limit-optional",
        "a search needs a limit",
        frozenset({"E-body-invalid"}),
        on_content(_changed_body(_with_limit), SEARCH),
        lambda caller: post(caller, SEARCH_PATH, {"offset": 0}) == 200,
    ),
    _lineage(
        "search-limit-of-nothing",
        "the limit of a search is at least 1",
        frozenset({"E-body-invalid"}),
        on_content(_changed_body(_at_least_one), SEARCH),
        lambda caller: post(caller, SEARCH_PATH, {"limit": 0, "offset": 0}) == 200,
    ),
    _lineage(
        "search-offset-below-nothing",
        "the offset of a search is at least 0",
        frozenset({"E-body-invalid"}),
        on_content(_changed_body(_not_negative), SEARCH),
        lambda caller: post(caller, SEARCH_PATH, {"limit": 1, "offset": -1}) == 200,
    ),
    _lineage(
        "search-numbers-as-text",
        "the limit and the offset of a search are numbers, not text",
        frozenset({"E-body-invalid"}),
        on_content(_changed_body(_numbers_read), SEARCH),
        lambda caller: post(caller, SEARCH_PATH, {"limit": "1", "offset": 0}) == 200,
    ),
    _lineage(
        "search-for-an-object",
        "the keyword of a search is text",
        frozenset({"E-body-invalid"}),
        on_content(_changed_body(_text_of), SEARCH),
        lambda caller: post(caller, SEARCH_PATH, {"query": {}, "limit": 1, "offset": 0}) == 200,
    ),
    _lineage(
        "search-by-no-json",
        "a search whose body is not JSON is refused",
        frozenset({"E-body-invalid"}),
        on_content(_repaired, SEARCH),
        lambda caller: post(caller, SEARCH_PATH, b"{") == 200,
    ),
    _lineage(
        "details-of-no-list",
        "the body of ListEntityDetails is an array",
        frozenset({"E-body-invalid"}),
        on_content(_listed, DETAILS),
        lambda caller: post(caller, DETAILS_PATH, TABLE_GUID) == 200,
    ),
    _lineage(
        "bulk-limit-of-nothing",
        "the limit of ShowLineageBulk is at least 1",
        frozenset({"E-below-minimum"}),
        on_query(_limit_or_default, of=BULK),
        lambda caller: caller.ask("GET", f"{BULK_PATH}?limit=0").status == 200,
    ),
    _lineage(
        "bulk-offset-of-any-text",
        "the offset of ShowLineageBulk is a number",
        frozenset({"E-wrong-type"}),
        on_query(_offset_or_default, of=BULK),
        lambda caller: caller.ask("GET", f"{BULK_PATH}?offset=ten").status == 200,
    ),
    _lineage(
        "any-direction",
        "a direction is IN, OUT or BOTH",
        frozenset({"E-not-listed"}),
        on_query(_direction_or_default, of=LINEAGE),
        lambda caller: caller.ask("GET", f"{_LINEAGE_PATH}?direction=UP").status == 200,
    ),
    _lineage(
        "any-flag-of-details",
        "ignore_relationships is true or false",
        frozenset({"E-not-listed"}),
        on_query(_flag_or_default, of=DETAIL),
        lambda caller: caller.ask("GET", f"{DETAIL_PATH}?ignore_relationships=maybe").status == 200,
    ),
    _lineage(
        "bulk-needs-a-limit",
        "the limit of ShowLineageBulk may be left out",
        frozenset({"E-optional-refused"}),
        refuse_on(lambda _, values: "limit" not in values, HttpError(400, "APIGW.0106", "limit is missing"), of=BULK),
        lambda caller: caller.ask("GET", BULK_PATH).status == 400,
    ),
    _lineage(
        "search-needs-a-keyword",
        "the keyword of a search may be left out",
        frozenset({"E-optional-refused"}),
        refuse_on(
            lambda request, _: b'"query"' not in request.body,
            HttpError(400, "APIGW.0106", "query is missing"),
            of=SEARCH,
        ),
        lambda caller: post(caller, SEARCH_PATH, {"limit": 1, "offset": 0}) == 400,
    ),
    _lineage(
        "search-answers-422",
        "an invalid search is refused with 400",
        frozenset({"E-refusal-status", "A-status-documented"}),
        on_wire(_unprocessable),
        lambda caller: post(caller, SEARCH_PATH, {"limit": 0, "offset": 0}) == 422,
    ),
    _lineage(
        "details-need-relationships",
        "ShowDataDetail accepts ignore_relationships=true",
        frozenset({"E-valid-refused"}),
        on_answers(
            lambda _, ask, arguments: _refuse_flag(ask, arguments),
            DETAIL,
        ),
        lambda caller: caller.ask("GET", f"{DETAIL_PATH}?ignore_relationships=true").status == 400,
    ),
    _outside(
        "numbers-taken-from-text",
        "Limit and offset of a search are integers: text such as '10' is not one, and is refused.",
        CHECKS["invalid requests are refused"],
        on_content(_coerced, SEARCH),
        lambda caller: caller.ask("POST", SEARCH_PATH, {"limit": "10", "offset": 0}).status == OK,
    ),
)
