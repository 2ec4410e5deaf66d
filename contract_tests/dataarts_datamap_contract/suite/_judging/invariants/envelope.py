"""What must hold of the status, the header fields and the outer JSON of every response."""

from __future__ import annotations

from email.message import Message
from typing import TYPE_CHECKING, Final, cast

from dataarts_datamap_contract.suite._http.messages import whole_number
from dataarts_datamap_contract.suite._judging.invariants.common import (
    BAD_REQUEST,
    MEDIA_TYPE,
    NODES,
    OK,
    RUNS,
    SERVER_ERROR,
    Invariant,
    Problems,
    envelope_of,
    must_be_served,
    schema_of,
    violations,
)
from dataarts_datamap_contract.suite._judging.oracle import Exchange, oracle_of
from dataarts_datamap_contract.suite.catalogue import CHECKED_OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dataarts_datamap_contract.suite.target import Target

_NOT_ALLOWED: Final = 405
_NOTHING: Final = frozenset({"null", "none", "undefined"})


def _status_documented(exchange: Exchange, _: Target) -> Problems:
    operation, status = exchange.judgement.operation, exchange.response.status
    if operation is None or status >= SERVER_ERROR:
        return None
    if status == OK and all(exchange.response.members.get(name) for name in ("error_code", "error_msg")):
        return (f"{operation.id} answers {status} with an error document",)
    known = ", ".join(operation.responses)
    return () if str(status) in operation.responses else (f"{operation.id} answers {status}; documented are {known}",)


def _server_error(exchange: Exchange, _: Target) -> Problems:
    status = exchange.response.status
    return (f"answers {status}",) if status >= SERVER_ERROR and not _is_unimplemented(exchange) else ()


def _is_unimplemented(exchange: Exchange) -> bool:
    """Whether a response is a 501 to a method other than GET, which a server need not know."""
    return exchange.response.status == 501 and exchange.request.method != "GET"  # noqa: PLR2004  Not Implemented


def _content_type(exchange: Exchange, _: Target) -> Problems:
    if schema_of(exchange) is None:
        return None
    sent = exchange.response.header("Content-Type")
    if len(sent) != 1:
        return (f"Content-Type was sent {len(sent)} times with {exchange.response.status}",)
    message = Message()
    message["Content-Type"] = sent[0]
    charset = message.get_content_charset("utf-8")
    if message.get_content_type() != MEDIA_TYPE:
        return (f"Content-Type is {sent[0]!r} with {exchange.response.status}, not {MEDIA_TYPE}",)
    return () if charset in {"utf-8", "utf8"} else (f"the character set is {charset!r}: JSON is UTF-8",)


def _json(exchange: Exchange, _: Target) -> Problems:
    if schema_of(exchange) is None:
        return None
    problem = exchange.response.json_problem
    return () if problem is None else (f"{exchange.response.status} with a body that is no strict JSON: {problem}",)


def _envelope_shape(exchange: Exchange, _: Target) -> Problems:
    return violations(exchange, RUNS, lambda path: path == "$" or path.startswith("$.status_code"))


def _header_map(exchange: Exchange, _: Target) -> Problems:
    document = exchange.response.document
    if not isinstance(document, dict) or "header_map" not in document:
        return None
    return violations(exchange, RUNS, lambda path: path.startswith("$.header_map"))


def _envelope_status(exchange: Exchange, target: Target) -> Problems:
    envelope = envelope_of(exchange)
    status = whole_number(envelope.get("status_code")) if envelope else None
    if status is None:
        return None
    if not 100 <= status <= 599:  # noqa: PLR2004  the range of HTTP statuses
        return (f"status_code is {status}, which is no HTTP status",)
    if status == OK:
        return ()
    page = exchange.response.page
    if page is not None and (page.rows or page.document.get("success") is True):
        return (f"status_code is {status} beside a page that counts as a success",)
    return (f"status_code is {status} for a valid request of real ids",) if must_be_served(exchange, target) else ()


def _nodes_shape(exchange: Exchange, _: Target) -> Problems:
    return violations(exchange, NODES, lambda _path: True)


def _error_shape(exchange: Exchange, _: Target) -> Problems:
    operation = exchange.judgement.operation
    if exchange.response.status < BAD_REQUEST or operation is None:
        return None
    found = violations(exchange, operation.id, lambda _path: True, success=False)
    return found or (found if found is None else tuple(_blank_texts(exchange.response.document)))


def _blank_texts(error: Mapping[str, object]) -> Iterator[str]:
    """What is wrong if the code or the message of an error response says nothing."""
    for name in ("error_code", "error_msg"):
        text = error.get(name)
        if isinstance(text, str) and (text.strip().lower() in _NOTHING or not any(map(str.isalnum, text))):
            yield f"{name} is {text!r:.60}, which says nothing"


def _request_id(exchange: Exchange, _: Target) -> Problems:
    document, sent = exchange.response.document, exchange.response.header("X-Request-Id")
    named: object = cast("dict[str, object]", document).get("request_id") if isinstance(document, dict) else None
    if exchange.response.status < BAD_REQUEST or not isinstance(named, str) or not sent:
        return None
    return () if named == sent[0] else (f"the body says request_id {named!r}, the header X-Request-Id {sent[0]!r}",)


def _allow_header(exchange: Exchange, _: Target) -> Problems:
    if exchange.response.status != _NOT_ALLOWED:
        return None
    allowed = {name.strip().upper() for value in exchange.response.header("Allow") for name in value.split(",")} - {""}
    if not allowed:
        return ("405 without an Allow header",)
    if exchange.request.method in allowed:
        return (f"405 to {exchange.request.method}, which its Allow header names",)
    declared = oracle_of(CHECKED_OPERATIONS).methods(exchange.request.path)
    missing = sorted(declared - allowed - {exchange.request.method})
    listed = ", ".join(sorted(allowed))
    return (f"405 whose Allow header leaves out {', '.join(missing)}: {listed}",) if missing else ()


INVARIANTS: Final[Mapping[str, Invariant]] = {
    "A-status-documented": _status_documented,
    "A-server-error": _server_error,
    "A-content-type": _content_type,
    "A-json": _json,
    "A-envelope-shape": _envelope_shape,
    "A-envelope-status": _envelope_status,
    "A-header-map": _header_map,
    "A-nodes-shape": _nodes_shape,
    "A-error-shape": _error_shape,
    "A-request-id": _request_id,
    "A-allow-header": _allow_header,
}
"""The invariants by the ids of their checks."""
