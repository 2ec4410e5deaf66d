"""Levels A, D and E: credentials and parameters of requests for assets and their lineage."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap_contract._broken.seams import (
    BULK,
    DETAIL,
    DETAILS,
    LINEAGE,
    SEARCH,
    Ask,
    Seam,
    on_answers,
    on_content,
    on_credentials,
    on_query,
    on_request,
    on_wire,
    refuse_on,
    with_header,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import as_object, own_error_response
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract._broken.seams import Document, Pairs, Response
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts
    from dataarts_datamap_contract.mock._web.validation import Arguments

_SEARCH_PATH = "/v3/{p}/datamap/entities/search"
_DETAILS_PATH = "/v1/{p}/datamap/entities/guids"
_BULK_PATH = "/v1/{p}/datamap/lineage/bulk"
_LINEAGE_PATH = f"/v2/{{p}}/datamap/lineage/guid/{TABLE_GUID}"
_DETAIL_PATH = f"/v1/{{p}}/datamap/entities/guid/{TABLE_GUID}"
_ALL: Final = {"query": "", "limit": 100, "offset": 0}


def _prefix_is_enough(request: RequestParts, config: MockConfig) -> RequestParts:
    sent = request.header("X-Auth-Token")
    token = config.token.encode()
    if len(sent) == 1 and sent[0] and token.startswith(sent[0]):
        return with_header(request, "X-Auth-Token", token)
    return request


def _body_unsigned() -> Seam:
    """A seam on which a signature that was accepted once is accepted with any body."""

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        if operation.operation_id not in {SEARCH, DETAILS}:
            return operation
        signed: dict[bytes, bytes] = {}

        def authenticate(request: RequestParts) -> None:
            claim = b"".join(request.header("Authorization"))
            try:
                operation.authenticate(request)
                signed[claim] = request.body
            except HttpError:
                if not claim or claim not in signed:
                    raise
                operation.authenticate(replace(request, body=signed[claim]))

        return replace(operation, authenticate=authenticate)

    return Seam(alter)


def _any(name: str, own: str, *of: str) -> Seam:
    """Any project or tenancy counts as the server's own."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        if operation.operation_id not in of:
            return operation

        def perform(arguments: Arguments) -> bytes:
            return operation.perform(replace(arguments, values={**arguments.values, name: getattr(config, own)}))

        return replace(operation, perform=perform)

    return Seam(alter)


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


def _post(caller: Caller, path: str, document: object, **changes: str) -> int:
    return caller.ask("POST", path, document, **changes).status


def _none(caller: Caller) -> dict[str, str]:
    _ = caller
    return {"X-Auth-Token": "none"}


def _needs_none(*of: str) -> Seam:
    return Seam(lambda operation, config: _open(of, operation, config))


def _open(of: tuple[str, ...], operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
    if operation.operation_id not in of:
        return operation
    return on_credentials(lambda _, __: None).alter(operation, config)


def _tampered(caller: Caller) -> bool:
    """A body that was changed after it was signed is accepted."""
    target = _SEARCH_PATH.replace("{p}", caller.config.project_id)
    body = json.dumps(_ALL).encode()
    fields = caller.signed(target, method="POST", body=body)
    sent = [
        caller.get(target, fields, "POST", each).status for each in (body, json.dumps({**_ALL, "limit": 1}).encode())
    ]
    return sent == [200, 200]


BROKEN_SERVERS: Final = (
    BrokenServer(
        name="search-allows-what-it-refuses",
        level="A",
        rule="a 405 of a search names POST as the allowed method",
        checks=frozenset({"A-allow-header"}),
        seam=on_wire(_get_allowed),
        shown=lambda caller: "GET" in caller.ask("GET", _SEARCH_PATH).headers.get("allow", ""),
        cohort="lineage",
    ),
    BrokenServer(
        name="broken-json-breaks-the-search",
        level="A",
        rule="a body that is not JSON is not a failure of the server",
        checks=frozenset({"A-server-error"}),
        seam=on_request(_broken_json_fails, of=SEARCH),
        shown=lambda caller: _post(caller, _SEARCH_PATH, b"{") == 500,
        cohort="lineage",
    ),
    BrokenServer(
        name="search-needs-no-credentials",
        level="D",
        rule="a search needs credentials",
        checks=frozenset({"D-missing", "D-token-other"}),
        seam=_needs_none(SEARCH),
        shown=lambda caller: _post(caller, _SEARCH_PATH, _ALL, **_none(caller)) == 200,
        cohort="lineage",
    ),
    BrokenServer(
        name="lineage-needs-no-credentials",
        level="D",
        rule="lineage needs credentials",
        checks=frozenset({"D-missing", "D-token-other"}),
        seam=_needs_none(BULK, LINEAGE),
        shown=lambda caller: caller.ask("GET", _BULK_PATH, **_none(caller)).status == 200,
        cohort="lineage",
    ),
    BrokenServer(
        name="details-for-part-of-a-token",
        level="D",
        rule="details need the whole token",
        checks=frozenset({"D-token-prefix"}),
        seam=on_credentials(_prefix_is_enough, of=DETAILS),
        shown=lambda caller: _post(caller, _DETAILS_PATH, [TABLE_GUID], **{"X-Auth-Token": "mock"}) == 200,
        cohort="lineage",
    ),
    BrokenServer(
        name="search-of-any-project",
        level="D",
        rule="a search is limited to the token's project",
        checks=frozenset({"D-project-other"}),
        seam=_any("project_id", "project_id", SEARCH),
        shown=lambda caller: _post(caller, "/v3/other/datamap/entities/search", _ALL) == 200,
        cohort="lineage",
    ),
    BrokenServer(
        name="lineage-of-any-tenancy",
        level="D",
        rule="lineage is limited to the tenancy of the request",
        checks=frozenset({"D-instance-other"}),
        seam=_any("instance", "instance_id", LINEAGE, BULK),
        shown=lambda caller: caller.ask("GET", _BULK_PATH, instance="other").status == 200,
        cohort="lineage",
    ),
    BrokenServer(
        name="details-of-any-tenancy",
        level="D",
        rule="details are limited to the tenancy of the request",
        checks=frozenset({"D-instance-other"}),
        seam=_any("instance", "instance_id", DETAIL, DETAILS),
        shown=lambda caller: caller.ask("GET", _DETAIL_PATH, instance="other").status == 200,
        cohort="lineage",
    ),
    BrokenServer(
        name="signature-leaves-out-the-body",
        level="D",
        rule="a signature covers the body",
        checks=frozenset({"D-signature-tampered"}),
        seam=_body_unsigned(),
        shown=_tampered,
        cohort="lineage",
    ),
    BrokenServer(
        name="details-forbidden-without-token",
        level="D",
        rule="details without credentials get 401",
        checks=frozenset({"D-refusal-status"}),
        seam=own_error_response(403, "APIGW.0302", when=lambda request: b"/datamap/entities/" in request.raw_path),
        shown=lambda caller: caller.ask("GET", _DETAIL_PATH, **_none(caller)).status == 403,
        cohort="lineage",
    ),
    BrokenServer(
        name="search-limit-optional",
        level="E",
        rule="a search needs a limit",
        checks=frozenset({"E-body-invalid"}),
        seam=on_content(_changed_body(_with_limit), SEARCH),
        shown=lambda caller: _post(caller, _SEARCH_PATH, {"offset": 0}) == 200,
        cohort="lineage",
    ),
    BrokenServer(
        name="search-limit-of-nothing",
        level="E",
        rule="the limit of a search is at least 1",
        checks=frozenset({"E-body-invalid"}),
        seam=on_content(_changed_body(_at_least_one), SEARCH),
        shown=lambda caller: _post(caller, _SEARCH_PATH, {"limit": 0, "offset": 0}) == 200,
        cohort="lineage",
    ),
    BrokenServer(
        name="search-offset-below-nothing",
        level="E",
        rule="the offset of a search is at least 0",
        checks=frozenset({"E-body-invalid"}),
        seam=on_content(_changed_body(_not_negative), SEARCH),
        shown=lambda caller: _post(caller, _SEARCH_PATH, {"limit": 1, "offset": -1}) == 200,
        cohort="lineage",
    ),
    BrokenServer(
        name="search-numbers-as-text",
        level="E",
        rule="the numbers of a search are numbers",
        checks=frozenset({"E-body-invalid"}),
        seam=on_content(_changed_body(_numbers_read), SEARCH),
        shown=lambda caller: _post(caller, _SEARCH_PATH, {"limit": "1", "offset": 0}) == 200,
        cohort="lineage",
    ),
    BrokenServer(
        name="search-for-an-object",
        level="E",
        rule="the keyword of a search is text",
        checks=frozenset({"E-body-invalid"}),
        seam=on_content(_changed_body(_text_of), SEARCH),
        shown=lambda caller: _post(caller, _SEARCH_PATH, {"query": {}, "limit": 1, "offset": 0}) == 200,
        cohort="lineage",
    ),
    BrokenServer(
        name="search-by-no-json",
        level="E",
        rule="a search whose body is not JSON is refused",
        checks=frozenset({"E-body-invalid"}),
        seam=on_content(_repaired, SEARCH),
        shown=lambda caller: _post(caller, _SEARCH_PATH, b"{") == 200,
        cohort="lineage",
    ),
    BrokenServer(
        name="details-of-no-list",
        level="E",
        rule="the body of ListEntityDetails is an array",
        checks=frozenset({"E-body-invalid"}),
        seam=on_content(_listed, DETAILS),
        shown=lambda caller: _post(caller, _DETAILS_PATH, TABLE_GUID) == 200,
        cohort="lineage",
    ),
    BrokenServer(
        name="bulk-limit-of-nothing",
        level="E",
        rule="the limit of all lineage is at least 1",
        checks=frozenset({"E-below-minimum"}),
        seam=on_query(_limit_or_default, of=BULK),
        shown=lambda caller: caller.ask("GET", f"{_BULK_PATH}?limit=0").status == 200,
        cohort="lineage",
    ),
    BrokenServer(
        name="bulk-offset-of-any-text",
        level="E",
        rule="the offset of all lineage is a number",
        checks=frozenset({"E-wrong-type"}),
        seam=on_query(_offset_or_default, of=BULK),
        shown=lambda caller: caller.ask("GET", f"{_BULK_PATH}?offset=ten").status == 200,
        cohort="lineage",
    ),
    BrokenServer(
        name="any-direction",
        level="E",
        rule="a direction is IN, OUT or BOTH",
        checks=frozenset({"E-not-listed"}),
        seam=on_query(_direction_or_default, of=LINEAGE),
        shown=lambda caller: caller.ask("GET", f"{_LINEAGE_PATH}?direction=UP").status == 200,
        cohort="lineage",
    ),
    BrokenServer(
        name="any-flag-of-details",
        level="E",
        rule="a flag is true or false",
        checks=frozenset({"E-not-listed"}),
        seam=on_query(_flag_or_default, of=DETAIL),
        shown=lambda caller: caller.ask("GET", f"{_DETAIL_PATH}?ignore_relationships=maybe").status == 200,
        cohort="lineage",
    ),
    BrokenServer(
        name="bulk-needs-a-limit",
        level="E",
        rule="limit and offset of all lineage may be left out",
        checks=frozenset({"E-optional-refused"}),
        seam=refuse_on(
            lambda _, values: "limit" not in values, HttpError(400, "APIGW.0106", "limit is missing"), of=BULK
        ),
        shown=lambda caller: caller.ask("GET", _BULK_PATH).status == 400,
        cohort="lineage",
    ),
    BrokenServer(
        name="search-needs-a-keyword",
        level="E",
        rule="the keyword of a search may be left out",
        checks=frozenset({"E-optional-refused"}),
        seam=refuse_on(
            lambda request, _: b'"query"' not in request.body,
            HttpError(400, "APIGW.0106", "query is missing"),
            of=SEARCH,
        ),
        shown=lambda caller: _post(caller, _SEARCH_PATH, {"limit": 1, "offset": 0}) == 400,
        cohort="lineage",
    ),
    BrokenServer(
        name="search-answers-422",
        level="E",
        rule="a bad search is refused with 400",
        checks=frozenset({"E-refusal-status", "A-status-documented"}),
        seam=on_wire(_unprocessable),
        shown=lambda caller: _post(caller, _SEARCH_PATH, {"limit": 0, "offset": 0}) == 422,
        cohort="lineage",
    ),
    BrokenServer(
        name="details-need-relationships",
        level="E",
        rule="details without their relationships are served",
        checks=frozenset({"E-valid-refused"}),
        seam=on_answers(
            lambda _, ask, arguments: _refuse_flag(ask, arguments),
            DETAIL,
        ),
        shown=lambda caller: caller.ask("GET", f"{_DETAIL_PATH}?ignore_relationships=true").status == 400,
        cohort="lineage",
    ),
)
"""The servers."""
