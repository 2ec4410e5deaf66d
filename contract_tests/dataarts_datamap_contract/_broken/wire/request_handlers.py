"""Requests and errors that the code around the operations gets wrong: codings, statuses, texts and ids."""

from __future__ import annotations

import gzip
from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.asset_seams import UNKNOWN_GUID
from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import (
    MOST,
    Document,
    Response,
    Seam,
    error_document,
    is_nodes,
    on_judgement,
    on_parameter,
    on_wire,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import BAD_REQUEST, OK, Anew, answered, sent, status_of
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from starlette.types import Scope

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_shipped = partial(BrokenServer, cohort="shipped")

_NOT_FOUND, _FAILURE = 404, 500
_DETAIL_PATH = f"/v1/{{p}}/datamap/entities/guid/{UNKNOWN_GUID}"


def _compressed(scope: Scope, response: Response) -> Response:
    """A body is compressed if Accept-Encoding contains the word gzip, even with the weight 0."""
    if "gzip" not in sent(scope, "Accept-Encoding").lower():
        return write(response, response.body, vary="accept-encoding")
    return write(response, gzip.compress(response.body), content_encoding="gzip", vary="accept-encoding")


def _of_the_error_before() -> Seam:
    """A seam on which the response after an error response has the request id of that error."""
    left: list[str] = []

    def change(_: Scope, response: Response) -> Response:
        own = response.headers["x-request-id"]
        shown = left.pop() if left else own
        if response.status >= BAD_REQUEST:
            left.append(shown)
        return write(response, response.body.replace(own.encode(), shown.encode()), x_request_id=shown)

    return answered(change)


def _caught_by_the_last_handler(_: RequestParts, error: HttpError) -> HttpError:
    is_of_type = error.message.startswith("Invalid query parameter") and "is not of type" in error.message
    return HttpError(_FAILURE, "APIGW.0601", "Internal server error") if is_of_type else error


def _found_nothing(scope: Scope, response: Response) -> Response:
    is_unknown = is_nodes(scope) and b"DLG.0404" in response.body
    return write(response, response.body, status=OK) if is_unknown else response


def _without_text(error: Document) -> Document:
    return {**error, "error_msg": None} if str(error.get("error_code")).startswith("DLG.") else error


def _repeats_the_id_of_an_error(caller: Caller) -> bool:
    error, next_one = caller.nodes(UNKNOWN_GUID), caller.nodes()
    return error.headers["x-request-id"] == next_one.headers["x-request-id"]


BROKEN_SERVERS = (
    _shipped(
        "gzip-for-those-who-exclude-it",
        "a body is not compressed with a coding that has the weight 0 in the request",
        CHECKS["http"],
        answered(_compressed),
        lambda caller: (
            caller.nodes(headers={**caller.headers, "accept-encoding": "identity, gzip;q=0"}).headers.get(
                "content-encoding"
            )
            == "gzip"
        ),
        level="A",
    ),
    _shipped(
        "request-id-left-by-an-error",
        "the request after an error response has a request id of its own",
        CHECKS["request ids differ"],
        Anew(make=_of_the_error_before),
        _repeats_the_id_of_an_error,
        level="A",
    ),
    _shipped(
        "wrong-types-are-unexpected",
        "text in place of a number is refused as bad input, and does not make the server fail",
        CHECKS["invalid requests are refused"] | CHECKS["valid requests succeed"],
        on_judgement(_caught_by_the_last_handler),
        lambda caller: status_of(caller, offset="ten") == _FAILURE,
        level="E",
    ),
    _shipped(
        "limit-of-zero-is-no-limit",
        "a limit of 0 is refused, and does not mean all runs",
        CHECKS["invalid requests are refused"],
        on_parameter("limit", lambda limit: str(MOST) if limit == "0" else limit),
        lambda caller: status_of(caller, limit=0) == OK,
        level="E",
    ),
    _shipped(
        "errors-with-status-200",
        "an error response has an error status, not 200",
        CHECKS["error responses"],
        on_wire(_found_nothing),
        lambda caller: caller.nodes(UNKNOWN_GUID).status == OK,
        level="A",
    ),
    _shipped(
        "errors-without-a-message",
        "an error response says in a text what is wrong",
        CHECKS["error responses"],
        error_document(_without_text, _NOT_FOUND, BAD_REQUEST),
        lambda caller: caller.ask("GET", _DETAIL_PATH).json()["error_msg"] is None,
        level="A",
    ),
)
