"""Responses, and request bodies, that go wrong after an upgrade of a library, a framework or a proxy."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from dataarts_datamap_contract._broken.asset_seams import DETAILS_PATH, SEARCH_PATH, UNKNOWN_GUID
from dataarts_datamap_contract._broken.seams import (
    DETAILS,
    SEARCH,
    Document,
    Response,
    Seam,
    before_app,
    compact,
    error_document,
    fail_on,
    fresh,
    is_runs,
    on_document,
    on_error_response,
    on_request,
    on_success,
    on_wire,
    refuse_on,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import BAD_REQUEST, CHINESE, EMOJI_TASK, OK, as_object, is_json
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.types import Scope

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_elsewhere = partial(BrokenServer, level="E", cohort="elsewhere")

_KILOBYTE = 1_024
_PAGE: Document = {"query": "", "limit": 10, "offset": 0}
_NOTHING = b'{"count":0,"entities":[],"facets":[],"metrics":{},"referred_entities":{}}'
_HTML = b"<html><body><h1>406 Not Acceptable</h1></body></html>"
_BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"
_COMPARISONS = frozenset(
    {
        *("LT", "GT", "LTE", "GTE", "EQ", "NEQ", "IN", "LIKE", "STARTS_WITH", "ENDS_WITH", "CONTAINS"),
        *("CONTAINS_ANY", "CONTAINS_ALL", "IS_NULL", "NOT_NULL"),
    }
)
_FORBIDDEN, _NOT_FOUND, _NOT_ACCEPTABLE = 403, 404, 406
_TOO_LARGE, _UNSUPPORTED, _FAILED = 413, 415, 500


def _problem(response: Response) -> Response:
    """The error response as problem details, the form of the framework's new version."""
    error = response.json()
    problem = {"type": "about:blank", "title": "Bad Request", "status": BAD_REQUEST, "detail": error["error_msg"]}
    return write(response, compact(problem).encode(), content_type="application/problem+json")


def _forgiving(scope: Scope, response: Response) -> Response:
    """A search that is not valid finds nothing."""
    is_search = bytes(scope["raw_path"]).endswith(b"/search")
    return write(response, _NOTHING, status=OK) if is_search and response.status == BAD_REQUEST else response


def _counted_in_characters(response: Response) -> Response:
    return write(response, response.body[: len(response.body.decode())])


def _download(response: Response) -> Response:
    return write(
        response,
        response.body,
        content_type="application/octet-stream",
        content_disposition="attachment; filename=assets.json",
    )


def _fields(scope: Scope) -> dict[bytes, bytes]:
    return dict(scope["headers"])


def _not_acceptable(scope: Scope) -> Response | None:
    """An Accept header with a weight is refused unless it names JSON."""
    accepted = _fields(scope).get(b"accept", b"")
    return fresh(_NOT_ACCEPTABLE, _HTML, "text/html") if b";q=" in accepted and b"json" not in accepted else None


def _without_charset(scope: Scope) -> Response | None:
    if scope["method"] != "POST" or b"charset" not in _fields(scope).get(b"content-type", b"").lower():
        return None
    error = {"error_code": "DLG.0415", "error_msg": "The media type is not supported"}
    return fresh(_UNSUPPORTED, compact(error).encode(), "application/json")


def _without_length(request: RequestParts) -> RequestParts:
    """The body of a request that is sent in chunks is not read."""
    is_chunked = any(b"chunked" in value for value in request.header("Transfer-Encoding"))
    return replace(request, body=b"") if is_chunked else request


def _used_again() -> Seam:
    """A seam on which all searches share one buffer for responses, which is not emptied between them."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        buffer = bytearray()

        def change(document: bytes) -> bytes:
            buffer[: len(document)] = document
            return bytes(buffer)

        return on_document(change, of=SEARCH).alter(operation, config)

    return Seam(alter)


def _document(request: RequestParts) -> Any:  # noqa: ANN401  any JSON value
    try:
        return json.loads(request.body)
    except ValueError:
        return None


def _search(request: RequestParts) -> Document:
    return as_object(_document(request)) or {}


def _members(value: object) -> list[object]:
    """The members of a list; none of anything else."""
    return cast("list[object]", value) if isinstance(value, list) else []


def _objects(value: object) -> list[Document]:
    """The objects of a list."""
    return [each for each in map(as_object, _members(value)) if each is not None]


def _comparisons(wanted: Document) -> Iterator[object]:
    """The operators of a filter."""
    if "operator" in wanted:
        yield wanted["operator"]
    for each in _objects(wanted.get("criterion")):
        yield from _comparisons(each)


def _has_numbers(request: RequestParts, _: Mapping[str, list[str]]) -> bool:
    return any(isinstance(guid, int | float) for guid in _members(_document(request)))


def _has_null_filter(request: RequestParts, _: Mapping[str, list[str]]) -> bool:
    return _search(request).get("filter", {}) is None


def _has_unknown_comparison(request: RequestParts, _: Mapping[str, list[str]]) -> bool:
    wanted = as_object(_search(request).get("filter")) or {}
    return any(each not in _COMPARISONS for each in _comparisons(wanted))


def _has_unknown_order(request: RequestParts, _: Mapping[str, list[str]]) -> bool:
    return any(each.get("order", "ASC") not in {"ASC", "DESC"} for each in _objects(_search(request).get("sort")))


def _status(caller: Caller, body: object, path: str = SEARCH_PATH, **fields: str) -> int:
    return caller.ask("POST", path, body, **fields).status


def _is_spoilt(caller: Caller) -> bool:
    """Whether the response to a small search has the rest of a larger one behind it."""
    caller.search()
    return not is_json(caller.ask("POST", SEARCH_PATH, {**_PAGE, "query": "beach"}).body)


BROKEN_SERVERS = (
    _elsewhere(
        "not-found-encoded-twice",
        "an error response for an unknown asset is an object, not an object inside a text",
        frozenset({"A-error-shape"}),
        on_error_response(lambda response: write(response, compact(response.body.decode()).encode()), _NOT_FOUND),
        lambda caller: isinstance(caller.nodes(UNKNOWN_GUID).json(), str),
        level="A",
    ),
    _elsewhere(
        "bad-input-as-problem-details",
        "an error response for bad input has its code and its message in the documented members",
        frozenset({"A-error-shape", "A-content-type"}),
        on_error_response(_problem, BAD_REQUEST),
        lambda caller: "error_code" not in caller.runs(limit="x").json(),
        level="A",
    ),
    _elsewhere(
        "forbidden-with-a-blank-code",
        "an error response for another tenancy has a code that is not blank",
        frozenset({"A-error-shape"}),
        error_document(lambda error: {**error, "error_code": ""}, _FORBIDDEN),
        lambda caller: caller.runs({**caller.headers, "instance": "other"}).json()["error_code"] == "",
        level="A",
    ),
    _elsewhere(
        "bad-searches-find-nothing",
        "a search that is not valid is refused, instead of finding nothing",
        frozenset({"E-body-invalid"}),
        on_wire(_forgiving),
        lambda caller: _status(caller, b"{") == OK,
    ),
    _elsewhere(
        "bodies-above-a-kilobyte-refused",
        "a request's body may have far more than a kilobyte: the gateway's documented limit is 12 MB",
        frozenset({"E-valid-refused", "A-status-documented"}),
        refuse_on(
            lambda request, _: len(request.body) > _KILOBYTE,
            HttpError(_TOO_LARGE, "APIGW.0201", "Bad request: the body is too long"),
            of=None,
        ),
        lambda caller: (
            _status(caller, [hit["guid"] for hit in caller.search()["entities"]], DETAILS_PATH) == _TOO_LARGE
        ),
    ),
    _elsewhere(
        "lengths-counted-in-characters",
        "a page with Chinese names is complete to its last byte",
        frozenset({"A-answer-whole", "A-json", "C-job-name-unusual"}),
        on_success(_counted_in_characters, of=is_runs),
        lambda caller: not is_json(caller.runs(task_id=EMOJI_TASK, job_name=CHINESE).body),
        level="A",
    ),
    _elsewhere(
        "details-as-a-download",
        "details of many assets are sent as JSON, not as a file",
        frozenset({"A-content-type"}),
        on_success(_download, of=lambda scope: bytes(scope["raw_path"]).endswith(b"/guids")),
        lambda caller: "octet" in caller.ask("POST", DETAILS_PATH, [UNKNOWN_GUID]).headers["content-type"],
        level="A",
    ),
    _elsewhere(
        "not-acceptable-for-browsers",
        "a client that accepts any type, even with a weight, gets JSON",
        frozenset({"E-valid-refused", "A-status-documented", "C-replay"}),
        before_app(_not_acceptable),
        lambda caller: caller.runs({**caller.headers, "accept": _BROWSER}).status == _NOT_ACCEPTABLE,
        level="A",
    ),
    _elsewhere(
        "charset-of-a-request-not-supported",
        "a request's media type may name its charset, as official clients do",
        frozenset({"E-valid-refused", "A-status-documented", "C-replay"}),
        before_app(_without_charset),
        lambda caller: _status(caller, _PAGE, **{"Content-Type": "application/json;charset=UTF-8"}) == _UNSUPPORTED,
    ),
    _elsewhere(
        "bodies-in-chunks-not-read",
        "a request's body may come in chunks, without a length",
        frozenset({"E-valid-refused", "C-replay"}),
        on_request(_without_length),
        lambda caller: _status(caller, _PAGE, **{"Transfer-Encoding": "chunked"}) == BAD_REQUEST,
    ),
    _elsewhere(
        "buffer-used-again",
        "a search's response ends where its document ends, not with the rest of an earlier one",
        frozenset({"A-json", "A-catalog-shape", "C-replay"}),
        _used_again(),
        _is_spoilt,
        level="A",
    ),
    _elsewhere(
        "numbers-among-guids-fail",
        "a number in the list of GUIDs is refused as bad input, and does not make the server fail",
        frozenset({"A-server-error", "E-body-invalid", "E-refusal-status"}),
        fail_on(_has_numbers, of=DETAILS),
        lambda caller: _status(caller, [1], DETAILS_PATH) == _FAILED,
    ),
    _elsewhere(
        "null-filter-fails",
        "a filter of null is refused or means none, and does not make the server fail",
        frozenset({"A-server-error", "E-body-invalid", "E-refusal-status"}),
        fail_on(_has_null_filter, of=SEARCH),
        lambda caller: _status(caller, {**_PAGE, "filter": None}) == _FAILED,
    ),
    _elsewhere(
        "unknown-comparison-fails",
        "an unknown operator of a filter is refused as bad input, and does not make the server fail",
        frozenset({"A-server-error", "E-body-invalid", "E-refusal-status"}),
        fail_on(_has_unknown_comparison, of=SEARCH),
        lambda caller: (
            _status(caller, {**_PAGE, "filter": {"attribute": "typeName", "operator": "eq", "value": ["x"]}}) == _FAILED
        ),
    ),
    _elsewhere(
        "order-in-small-letters-fails",
        "an order that is neither ASC nor DESC is refused or ignored, and does not make the server fail",
        frozenset({"A-server-error", "E-body-invalid", "E-refusal-status"}),
        fail_on(_has_unknown_order, of=SEARCH),
        lambda caller: _status(caller, {**_PAGE, "sort": [{"attribute": "name", "order": "desc"}]}) == _FAILED,
    ),
)
