"""Codings, media types and headers that proxies and gateways get wrong."""

from __future__ import annotations

import gzip
from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.caller import ALL
from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import (
    Response,
    before_app,
    compact,
    fresh,
    on_error_response,
    on_wire,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import BAD_REQUEST, OK, answered, refused, sent, with_fields

if TYPE_CHECKING:
    from starlette.types import Scope

    from dataarts_datamap_contract._broken.caller import Caller

_apart = partial(BrokenServer, level="A", cohort="apart")
_outside = partial(BrokenServer, level="A", cohort="outside")

_LARGE = 64 * 1_024
_ONE_ID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
_NOT_MODIFIED, _NOT_ACCEPTABLE, _UNSUPPORTED = 304, 406, 415
_SMALL = 1_024


def _labelled(scope: Scope, response: Response) -> Response:
    """Large responses to clients that accept gzip are declared as compressed, but are not."""
    is_large = len(response.body) > _LARGE and "gzip" in sent(scope, "Accept-Encoding")
    return write(response, response.body, content_encoding="gzip") if is_large else response


def _compressed_all_the_same(scope: Scope, response: Response) -> Response:
    """Responses are compressed if Accept-Encoding names gzip, even with a weight that refuses it."""
    if "gzip" not in sent(scope, "Accept-Encoding"):
        return response
    return write(response, gzip.compress(response.body), content_encoding="gzip")


def _one_id(response: Response) -> Response:
    document = response.json()
    changed = {**document, "request_id": _ONE_ID} if "request_id" in document else document
    return write(response, compact(changed).encode(), x_request_id=_ONE_ID)


def _exact_media_type(scope: Scope) -> Response | None:
    """A POST is refused unless its Content-Type is exactly application/json."""
    if scope.get("method") != "POST" or b"/datamap/" not in bytes(scope["raw_path"]):
        return None
    if sent(scope, "Content-Type") == "application/json":
        return None
    document = {"error_code": "DLG.0415", "error_msg": "Unsupported media type"}
    return fresh(_UNSUPPORTED, compact(document).encode(), "application/json")


def _is_plain(caller: Caller) -> bool:
    response = caller.runs({**caller.headers, "Accept-Encoding": "gzip"}, limit=ALL)
    return response.headers.get("content-encoding") == "gzip" and response.body.startswith(b"{")


def _is_compressed(caller: Caller) -> bool:
    return caller.runs({**caller.headers, "Accept-Encoding": "gzip;q=0, identity"}).body.startswith(b"\x1f\x8b")


def _repeats_an_id(caller: Caller) -> bool:
    first, second = caller.runs(limit=0), caller.nodes("unknown")
    return first.headers["x-request-id"] == second.headers["x-request-id"]


def _refuses_a_charset(caller: Caller) -> bool:
    media_type = {"Content-Type": "application/json; charset=utf-8"}
    path, body = "/v3/{p}/datamap/entities/search", {"limit": 1, "offset": 0}
    return caller.ask("POST", path, body, **media_type).status >= BAD_REQUEST


def _always_compressed(_: Scope, response: Response) -> Response:
    if len(response.body) < _SMALL:
        return response
    return write(response, gzip.compress(response.body), content_encoding="gzip")


def _never_modified(scope: Scope, response: Response) -> Response:
    since = sent(scope, "If-Modified-Since")
    return write(response, b"", status=_NOT_MODIFIED) if since and response.status == OK else response


def _accepting_one_text(scope: Scope, response: Response) -> Response:
    if response.status == OK and "json;" in sent(scope, "Accept").replace(" ", ""):
        return refused(response, _NOT_ACCEPTABLE, "APIGW.0106", "Not acceptable")
    return response


def _taking_one_type(scope: Scope, response: Response) -> Response:
    if response.status == OK and ";" in sent(scope, "Content-Type"):
        return refused(response, _UNSUPPORTED, "APIGW.0106", "Unsupported media type")
    return response


def _in_chinese(scope: Scope, response: Response) -> Response:
    if response.status == OK or not sent(scope, "X-Language").lower().startswith("zh"):
        return response
    document = response.json()
    text = {"error_code": document["error_code"], "error_message": "请求错误"}
    return write(response, compact(text).encode())


def _claiming_brotli(scope: Scope, response: Response) -> Response:
    if "br" not in sent(scope, "Accept-Encoding").replace(" ", "").split(","):
        return response
    return write(response, response.body, content_encoding="br")


BROKEN_SERVERS = (
    _apart(
        "large-pages-said-to-be-gzip",
        "A response that is declared as compressed is compressed.",
        frozenset({"A-json", "A-answer-whole", "A-content-type", "C-limit-underfilled", "E-maximum-unserved"}),
        on_wire(_labelled),
        _is_plain,
    ),
    _apart(
        "compressed-although-refused",
        "A response is not compressed for a client that refuses compression.",
        frozenset({"A-json", "A-answer-whole", "A-content-type"}),
        on_wire(_compressed_all_the_same),
        _is_compressed,
    ),
    _apart(
        "one-id-for-all-errors",
        "Each error response has its own request id.",
        frozenset({"A-request-id", "A-error-shape"}),
        on_error_response(_one_id, 400, 401, 403, 404),
        _repeats_an_id,
    ),
    _apart(
        "media-type-without-a-charset",
        "A JSON body is read, even if its media type names the charset.",
        frozenset({"E-valid-refused", "E-optional-refused", "A-status-documented"}),
        before_app(_exact_media_type),
        _refuses_a_charset,
        level="E",
    ),
    _outside(
        "gzip-for-all",
        "A response is compressed only for clients that accept compression (HTTP: Accept-Encoding identity).",
        CHECKS["http"],
        answered(_always_compressed),
        lambda caller: "content-encoding" in with_fields(caller, accept_encoding="identity").headers,
    ),
    _outside(
        "304-without-a-validator",
        "A client that asks for changes since 1970 is shown the runs, which are newer; 304 is not documented.",
        CHECKS["http"],
        answered(_never_modified),
        lambda caller: with_fields(caller, if_modified_since="Thu, 01 Jan 1970 00:00:00 GMT").status == _NOT_MODIFIED,
    ),
    _outside(
        "406-for-a-charset",
        "A client that accepts application/json;charset=UTF-8 accepts JSON; 406 is not documented.",
        CHECKS["http"],
        answered(_accepting_one_text),
        lambda caller: with_fields(caller, accept="application/json;charset=UTF-8").status == _NOT_ACCEPTABLE,
    ),
    _outside(
        "415 for a charset",
        "A request with the Content-Type application/json;charset=UTF-8 is served; 415 is not documented.",
        CHECKS["http"],
        answered(_taking_one_type),
        lambda caller: with_fields(caller, content_type="application/json;charset=UTF-8").status == _UNSUPPORTED,
    ),
    _outside(
        "errors-in-chinese-have-no-error_msg",
        "An error response has error_code and error_msg in every language (X-Language: zh-cn).",
        CHECKS["error responses"],
        answered(_in_chinese),
        lambda caller: "error_msg" not in caller.runs({**caller.headers, "X-Language": "zh-cn"}, limit="x").json(),
    ),
    _outside(
        "says-brotli-sends-text",
        "Content-Encoding says how the body is encoded.",
        CHECKS["http"],
        answered(_claiming_brotli),
        lambda caller: with_fields(caller, accept_encoding="gzip, br").headers.get("content-encoding") == "br",
    ),
)
