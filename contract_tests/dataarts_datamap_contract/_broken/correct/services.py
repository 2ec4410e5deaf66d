"""Correct servers: another gateway, another form of documents and stricter rules than those of the reference."""

from __future__ import annotations

import zlib
from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.asset_seams import SEARCH_PATH, UNKNOWN_GUID
from dataarts_datamap_contract._broken.seams import (
    Document,
    Response,
    Seam,
    error_document,
    on_credentials,
    on_error_response,
    on_whole,
    on_wire,
    refuse_on,
    without_header,
    write,
)
from dataarts_datamap_contract._broken.servers import CorrectServer
from dataarts_datamap_contract._broken.shared import BAD_REQUEST, OK
from dataarts_datamap_contract.mock._identity.signature import claims_signature
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_elsewhere = partial(CorrectServer, cohort="elsewhere")

_TOKEN = "X-Auth-Token"  # noqa: S105  a name
_JSON = "application/json"
_CAPITALS = "Application/JSON; Charset=UTF-8"
_FORBIDDEN, _NOT_FOUND, _UNSUPPORTED = 403, 404, 415
_ERRORS = (400, 401, 403, 404, 405, 413, 429, 500)
_DECLARED = frozenset(
    {
        *("workspace_id", "job_name", "start_time", "end_time", "offset", "limit", "ignore_relationships"),
        *("direction", "relationship_types", "relationship_type_categories", "related_entity_types"),
        *("extend_process_data_flow", "include_parent_entity"),
    }
)


def _is_json(response: Response) -> bool:
    return response.headers.get("content-type", "").startswith(_JSON) and bool(response.body)


def _in_capitals(_: Scope, response: Response) -> Response:
    return write(response, response.body, content_type=_CAPITALS) if _is_json(response) else response


def _with_blank_lines(_: Scope, response: Response) -> Response:
    return write(response, b"\r\n\t " + response.body + b"\n\n") if _is_json(response) else response


def _accepts_deflate(scope: Scope) -> bool:
    accepted = dict(scope["headers"]).get(b"accept-encoding", b"").decode("latin-1").lower()
    for each in accepted.split(","):
        coding, _, weight = (part.strip() for part in each.partition(";"))
        if coding == "deflate":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _deflated(scope: Scope, response: Response) -> Response:
    if not _is_json(response):
        return response
    if not _accepts_deflate(scope):
        return write(response, response.body, vary="accept-encoding")
    return write(response, zlib.compress(response.body), content_encoding="deflate", vary="accept-encoding")


def _unknown_instance(response: Response) -> Response:
    return write(response, response.body, status=_NOT_FOUND) if b"The instance" in response.body else response


def _no_such_asset(response: Response) -> Response:
    """A request for an asset that does not exist gets 403, as if the asset were someone else's."""
    is_asset = b"DLG.0404" in response.body
    return write(response, response.body.replace(b"DLG.0404", b"DLG.0403"), status=_FORBIDDEN) if is_asset else response


def _of_the_other_product(error: Document) -> Document:
    if "error_code" not in error:
        return error
    return {**error, "error_code": str(error["error_code"]).replace("APIGW.", "APIG.")}


def _of_several_lines(error: Document) -> Document:
    return {**error, "error_msg": f"{error['error_msg']}\n\tat line 1 📊\n"} if "error_msg" in error else error


def _has_undeclared(_: RequestParts, values: Mapping[str, list[str]]) -> bool:
    return not values.keys() <= _DECLARED


def _has_other_type(request: RequestParts, _: Mapping[str, list[str]]) -> bool:
    types = [value.partition(b";")[0].strip().lower() for value in request.header("Content-Type")]
    return request.method == "POST" and types != [_JSON.encode()]


def _signature_first(request: RequestParts, _: MockConfig) -> RequestParts:
    return without_header(request, _TOKEN) if claims_signature(request) else request


def _both(caller: Caller) -> int:
    target = caller.nodes_target()
    return caller.get(target, {**caller.signed(target), _TOKEN: "another"}).status


def _by_submission(rows: list[Document]) -> list[Document]:
    return sorted(rows, key=lambda row: (-row["submitTime"], -row["taskRunningLogId"]))


CORRECT_SERVERS = (
    _elsewhere(
        "runs-by-their-submission",
        "runs are ordered by the time of their submission, newest first: no order is documented",
        on_whole(lambda rows, _: _by_submission(rows)),
        lambda caller: caller.rows() == _by_submission(caller.rows()),
    ),
    _elsewhere(
        "all-runs-have-ended",
        "no run is under way: a project may be idle",
        Seam(switches={"progress": "immediately"}),
        lambda caller: not {"waiting", "running"} & {row["status"] for row in caller.rows()},
    ),
    _elsewhere(
        "media-type-in-capitals",
        "the media type is spelt with capitals: RFC 9110 says that case does not count",
        on_wire(_in_capitals),
        lambda caller: caller.nodes().headers["content-type"] == _CAPITALS,
    ),
    _elsewhere(
        "blank-lines-around-documents",
        "documents have white space before and behind them, which RFC 8259 allows",
        on_wire(_with_blank_lines),
        lambda caller: caller.nodes().body[:2] == b"\r\n",
    ),
    _elsewhere(
        "deflate-for-those-who-accept-it",
        "bodies are compressed by deflate, if the request accepts that",
        on_wire(_deflated),
        lambda caller: (
            caller.nodes(headers={**caller.headers, "accept-encoding": "gzip, deflate"}).headers.get("content-encoding")
            == "deflate"
        ),
    ),
    _elsewhere(
        "unknown-instance-not-found",
        "an unknown tenancy gets 404: both 403 and 404 are documented",
        on_error_response(_unknown_instance, _FORBIDDEN),
        lambda caller: caller.runs({**caller.headers, "instance": "other"}).status == _NOT_FOUND,
    ),
    _elsewhere(
        "unknown-assets-forbidden",
        "an unknown asset is forbidden, as if it were someone else's: 403 is documented",
        on_error_response(_no_such_asset, _NOT_FOUND),
        lambda caller: caller.nodes(UNKNOWN_GUID).status == _FORBIDDEN,
    ),
    _elsewhere(
        "gateway-codes-of-the-other-product",
        "the gateway's error codes begin with APIG, like those of its vendor's other gateway product",
        error_document(_of_the_other_product, *_ERRORS),
        lambda caller: caller.runs({}).json()["error_code"] == "APIG.0301",
    ),
    _elsewhere(
        "errors-of-several-lines",
        "the text of an error response has several lines: its form is not documented",
        error_document(_of_several_lines, *_ERRORS),
        lambda caller: "\n" in caller.runs({}).json()["error_msg"],
    ),
    _elsewhere(
        "undeclared-parameters-refused",
        "a parameter of the query that is not documented is refused as bad input",
        refuse_on(
            _has_undeclared, HttpError(BAD_REQUEST, "APIGW.0106", "Invalid query parameter: it is unknown"), of=None
        ),
        lambda caller: caller.runs(page=1).status == BAD_REQUEST,
    ),
    _elsewhere(
        "bodies-of-other-media-types-refused",
        "a body is refused with 415 unless its media type is JSON, which is the documented one",
        refuse_on(_has_other_type, HttpError(_UNSUPPORTED, "DLG.0415", "The media type is not supported"), of=None),
        lambda caller: (
            caller.ask("POST", SEARCH_PATH, {"limit": 1, "offset": 0}, **{"Content-Type": "text/plain"}).status
            == _UNSUPPORTED
        ),
    ),
    _elsewhere(
        "signature-before-the-token",
        "in a request with a signature and a token, the signature counts: no document says which one counts",
        on_credentials(_signature_first),
        lambda caller: _both(caller) == OK,
    ),
)
