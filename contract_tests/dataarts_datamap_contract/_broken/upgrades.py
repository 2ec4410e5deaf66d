"""Levels A, C and E: responses and request bodies after an upgrade of a library, a framework or a proxy."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

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
from dataarts_datamap_contract._broken.shared import BAD_REQUEST, CHINESE, EMOJI_TASK, OK, as_object
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.types import Scope

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_SEARCH = "/v3/{p}/datamap/entities/search"
_DETAILS = "/v1/{p}/datamap/entities/guids"
_UNKNOWN_GUID = "00000000-0000-4000-8000-000000000000"
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
    """An error response in the form of the framework's new version."""
    error = response.json()
    problem = {"type": "about:blank", "title": "Bad Request", "status": BAD_REQUEST, "detail": error["error_msg"]}
    return write(response, compact(problem).encode(), content_type="application/problem+json")


def _forgiving(scope: Scope, response: Response) -> Response:
    """A search that cannot be read finds nothing."""
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
    """The body of a request without a length is not read."""
    is_chunked = any(b"chunked" in value for value in request.header("Transfer-Encoding"))
    return replace(request, body=b"") if is_chunked else request


def _used_again() -> Seam:
    """All responses are written into one buffer, which is not emptied between them."""

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


def _status(caller: Caller, body: object, path: str = _SEARCH, **fields: str) -> int:
    return caller.ask("POST", path, body, **fields).status


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _is_spoilt(caller: Caller) -> bool:
    """Whether a short search has the rest of a long one behind it."""
    caller.search()
    return not _is_json(caller.ask("POST", _SEARCH, {**_PAGE, "query": "beach"}).body)


BROKEN_SERVERS = (
    BrokenServer(
        name="not-found-encoded-twice",
        level="A",
        rule="an error response for an unknown asset is an object, not an object inside a text",
        checks=frozenset({"A-error-shape"}),
        seam=on_error_response(lambda response: write(response, compact(response.body.decode()).encode()), _NOT_FOUND),
        shown=lambda caller: isinstance(caller.nodes(_UNKNOWN_GUID).json(), str),
        cohort="elsewhere",
    ),
    BrokenServer(
        name="bad-input-as-problem-details",
        level="A",
        rule="an error response for bad input has a code and a message of the documented names",
        checks=frozenset({"A-error-shape", "A-content-type"}),
        seam=on_error_response(_problem, BAD_REQUEST),
        shown=lambda caller: "error_code" not in caller.runs(limit="x").json(),
        cohort="elsewhere",
    ),
    BrokenServer(
        name="forbidden-with-a-blank-code",
        level="A",
        rule="an error response for another tenancy has a code that is not blank",
        checks=frozenset({"A-error-shape"}),
        seam=error_document(lambda error: {**error, "error_code": ""}, _FORBIDDEN),
        shown=lambda caller: caller.runs({**caller.headers, "instance": "other"}).json()["error_code"] == "",
        cohort="elsewhere",
    ),
    BrokenServer(
        name="bad-searches-find-nothing",
        level="E",
        rule="a search that cannot be read is refused, instead of finding nothing",
        checks=frozenset({"E-body-invalid"}),
        seam=on_wire(_forgiving),
        shown=lambda caller: _status(caller, b"{") == OK,
        cohort="elsewhere",
    ),
    BrokenServer(
        name="bodies-above-a-kilobyte-refused",
        level="E",
        rule="a request's body may have far more than a kilobyte: the gateway's documented limit is 12 MB",
        checks=frozenset({"E-valid-refused", "A-status-documented"}),
        seam=refuse_on(
            lambda request, _: len(request.body) > _KILOBYTE,
            HttpError(_TOO_LARGE, "APIGW.0201", "Bad request: the body is too long"),
            of=None,
        ),
        shown=lambda caller: (
            _status(caller, [hit["guid"] for hit in caller.search()["entities"]], _DETAILS) == _TOO_LARGE
        ),
        cohort="elsewhere",
    ),
    BrokenServer(
        name="lengths-counted-in-characters",
        level="A",
        rule="a page with Chinese names is complete to its last byte",
        checks=frozenset({"A-answer-whole", "A-json", "C-job-name-unusual"}),
        seam=on_success(_counted_in_characters, of=is_runs),
        shown=lambda caller: not _is_json(caller.runs(task_id=EMOJI_TASK, job_name=CHINESE).body),
        cohort="elsewhere",
    ),
    BrokenServer(
        name="details-as-a-download",
        level="A",
        rule="details of many assets are sent as JSON, not as a file",
        checks=frozenset({"A-content-type"}),
        seam=on_success(_download, of=lambda scope: bytes(scope["raw_path"]).endswith(b"/guids")),
        shown=lambda caller: "octet" in caller.ask("POST", _DETAILS, [_UNKNOWN_GUID]).headers["content-type"],
        cohort="elsewhere",
    ),
    BrokenServer(
        name="not-acceptable-for-browsers",
        level="A",
        rule="a client that accepts any type, even with a weight, gets JSON",
        checks=frozenset({"E-valid-refused", "A-status-documented", "C-replay"}),
        seam=before_app(_not_acceptable),
        shown=lambda caller: caller.runs({**caller.headers, "accept": _BROWSER}).status == _NOT_ACCEPTABLE,
        cohort="elsewhere",
    ),
    BrokenServer(
        name="charset-of-a-request-not-supported",
        level="E",
        rule="a request's media type may name its charset, as official clients do",
        checks=frozenset({"E-valid-refused", "A-status-documented", "C-replay"}),
        seam=before_app(_without_charset),
        shown=lambda caller: (
            _status(caller, _PAGE, **{"Content-Type": "application/json;charset=UTF-8"}) == _UNSUPPORTED
        ),
        cohort="elsewhere",
    ),
    BrokenServer(
        name="bodies-in-chunks-not-read",
        level="E",
        rule="a request's body may come in chunks, without a length",
        checks=frozenset({"E-valid-refused", "C-replay"}),
        seam=on_request(_without_length),
        shown=lambda caller: _status(caller, _PAGE, **{"Transfer-Encoding": "chunked"}) == BAD_REQUEST,
        cohort="elsewhere",
    ),
    BrokenServer(
        name="buffer-used-again",
        level="A",
        rule="a search's response ends where its document ends, not with the rest of an earlier one",
        checks=frozenset({"A-json", "A-catalog-shape", "C-replay"}),
        seam=_used_again(),
        shown=_is_spoilt,
        cohort="elsewhere",
    ),
    BrokenServer(
        name="numbers-among-guids-fail",
        level="E",
        rule="a number in the list of GUIDs is refused as bad input, and does not make the server fail",
        checks=frozenset({"A-server-error", "E-body-invalid", "E-refusal-status"}),
        seam=fail_on(_has_numbers, of=DETAILS),
        shown=lambda caller: _status(caller, [1], _DETAILS) == _FAILED,
        cohort="elsewhere",
    ),
    BrokenServer(
        name="null-filter-fails",
        level="E",
        rule="a filter of null is refused or means none, and does not make the server fail",
        checks=frozenset({"A-server-error", "E-body-invalid", "E-refusal-status"}),
        seam=fail_on(_has_null_filter, of=SEARCH),
        shown=lambda caller: _status(caller, {**_PAGE, "filter": None}) == _FAILED,
        cohort="elsewhere",
    ),
    BrokenServer(
        name="unknown-comparison-fails",
        level="E",
        rule="an unknown operator of a filter is refused as bad input, and does not make the server fail",
        checks=frozenset({"A-server-error", "E-body-invalid", "E-refusal-status"}),
        seam=fail_on(_has_unknown_comparison, of=SEARCH),
        shown=lambda caller: (
            _status(caller, {**_PAGE, "filter": {"attribute": "typeName", "operator": "eq", "value": ["x"]}}) == _FAILED
        ),
        cohort="elsewhere",
    ),
    BrokenServer(
        name="order-in-small-letters-fails",
        level="E",
        rule="an order that is neither ASC nor DESC is refused or ignored, and does not make the server fail",
        checks=frozenset({"A-server-error", "E-body-invalid", "E-refusal-status"}),
        seam=fail_on(_has_unknown_order, of=SEARCH),
        shown=lambda caller: _status(caller, {**_PAGE, "sort": [{"attribute": "name", "order": "desc"}]}) == _FAILED,
        cohort="elsewhere",
    ),
)
