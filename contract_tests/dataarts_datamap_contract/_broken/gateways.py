"""Levels A, D and E: a gateway in front of the service that wrongly accepts, refuses or labels."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from dataarts_datamap_contract._broken.caller import ALL
from dataarts_datamap_contract._broken.seams import (
    BULK,
    DETAILS,
    SEARCH,
    Response,
    Seam,
    before_app,
    compact,
    fresh,
    is_runs,
    on_credentials,
    on_error_response,
    on_wire,
    with_header,
    write,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import BAD_REQUEST, OK, OTHER_PROJECT_ID
from dataarts_datamap_contract.mock._identity.signature import (
    DATE_HEADER,
    SignatureError,
    claims_signature,
    read_claim,
    signed_value,
    verify_signature,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts
    from dataarts_datamap_contract.mock._web.validation import Arguments

_broken = partial(BrokenServer, cohort="apart")

_LARGE = 64 * 1_024
_UNSUPPORTED = 415
_ONE_ID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"


def _holds(request: RequestParts, config: MockConfig) -> bool:
    """Whether a request is signed with the key, at any time."""
    try:
        verify_signature(request, read_claim(request), config.secret_key.encode())
    except SignatureError:
        return False
    return True


def _signed_at(request: RequestParts) -> bytes:
    try:
        return signed_value(request, read_claim(request), DATE_HEADER)
    except SignatureError:
        return b""


def _early(request: RequestParts, config: MockConfig) -> RequestParts | None:
    """A signature with a future date is accepted."""
    is_early = claims_signature(request) and _signed_at(request) > f"{config.clock():%Y%m%dT%H%M%SZ}".encode()
    return None if is_early and _holds(request, config) else request


def _verified_once() -> Seam:
    """Once a signature is verified, other signatures with the same key and date are accepted unverified."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        verified: set[object] = set()

        def change(request: RequestParts, config: MockConfig) -> RequestParts | None:
            if not claims_signature(request) or not _signed_at(request):
                return request
            key = (read_claim(request).access_key, _signed_at(request))
            if key in verified:
                return None
            if _holds(request, config):
                verified.add(key)
            return request

        return on_credentials(change).alter(operation, config)

    return Seam(alter)


def _judged(change: Callable[[RequestParts, MockConfig], RequestParts], *of: str) -> Seam:
    """A seam that changes an authenticated request of some operations before its parameters are validated."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        if of and operation.operation_id not in of:
            return operation

        def judge(request: RequestParts) -> Arguments:
            return operation.judge(change(request, config))

        return replace(operation, judge=judge)

    return Seam(alter)


def _own_instance(request: RequestParts, config: MockConfig) -> RequestParts:
    return with_header(request, "instance", config.instance_id.encode())


def _own_instance_if_signed(request: RequestParts, config: MockConfig) -> RequestParts:
    return _own_instance(request, config) if claims_signature(request) else request


def _with_project(request: RequestParts, project_id: bytes) -> RequestParts:
    return replace(request, path={**request.path, "project_id": quote(project_id).encode()})


def _project_of_the_header(request: RequestParts, _: MockConfig) -> RequestParts:
    sent = request.header("X-Project-Id")
    return _with_project(request, sent[0]) if sent else request


def _own_project(request: RequestParts, config: MockConfig) -> RequestParts:
    return _with_project(request, config.project_id.encode())


def _header(scope: Scope, name: bytes) -> bytes:
    return b",".join(value for key, value in scope["headers"] if key.lower() == name)


def _labelled(scope: Scope, response: Response) -> Response:
    """Large responses are declared as compressed, but are not."""
    is_large = len(response.body) > _LARGE and b"gzip" in _header(scope, b"accept-encoding")
    return write(response, response.body, content_encoding="gzip") if is_large else response


def _compressed_all_the_same(scope: Scope, response: Response) -> Response:
    """Responses are compressed if Accept-Encoding names gzip, even with a weight that refuses it."""
    if b"gzip" not in _header(scope, b"accept-encoding"):
        return response
    return write(response, gzip.compress(response.body), content_encoding="gzip")


def _echoing(scope: Scope, response: Response) -> Response:
    """The header fields of the request are copied to those of the wrapped response."""
    token = _header(scope, b"x-auth-token").decode("latin-1")
    if response.status != OK or not token or not is_runs(scope):
        return response
    envelope = response.json()
    fields = {**envelope["header_map"], "X-Auth-Token": token}
    return write(response, compact({**envelope, "header_map": fields}).encode())


def _one_id(response: Response) -> Response:
    document = response.json()
    changed = {**document, "request_id": _ONE_ID} if "request_id" in document else document
    return write(response, compact(changed).encode(), x_request_id=_ONE_ID)


def _exact_media_type(scope: Scope) -> Response | None:
    """A body is read only if its type is spelled in one way."""
    if scope.get("method") != "POST" or b"/datamap/" not in bytes(scope["raw_path"]):
        return None
    if _header(scope, b"content-type") == b"application/json":
        return None
    document = {"error_code": "DLG.0415", "error_msg": "Unsupported media type"}
    return fresh(_UNSUPPORTED, compact(document).encode(), "application/json")


def _accepts_tomorrow(caller: Caller) -> bool:
    target = caller.runs_target()
    date = f"{caller.config.clock() + timedelta(days=1):%Y%m%dT%H%M%SZ}"
    return caller.get(target, caller.signed(target, date=date)).status == OK


def _shows_another_instance(caller: Caller) -> bool:
    target = caller.runs_target()
    headers = {**caller.signed(target, names=("host", "x-sdk-date")), "instance": "f" * 32}
    return caller.get(target, headers).status == OK


def _accepts_another_query(caller: Caller) -> bool:
    headers = caller.signed(caller.runs_target())
    caller.runs(headers)
    return caller.runs(headers, limit=3).status == OK


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


BROKEN_SERVERS: tuple[BrokenServer, ...] = (
    _broken(
        name="large-pages-said-to-be-gzip",
        level="A",
        rule="A response that is declared as compressed is compressed.",
        checks=frozenset({"A-json", "A-answer-whole", "A-content-type", "C-limit-underfilled", "E-maximum-unserved"}),
        seam=on_wire(_labelled),
        shown=_is_plain,
    ),
    _broken(
        name="compressed-although-refused",
        level="A",
        rule="A response is not compressed for a client that refuses it.",
        checks=frozenset({"A-json", "A-answer-whole", "A-content-type"}),
        seam=on_wire(_compressed_all_the_same),
        shown=_is_compressed,
    ),
    _broken(
        name="one-id-for-all-errors",
        level="A",
        rule="The request id of an error is that of its own exchange.",
        checks=frozenset({"A-request-id", "A-error-shape"}),
        seam=on_error_response(_one_id, 400, 401, 403, 404),
        shown=_repeats_an_id,
    ),
    _broken(
        name="token-among-the-wrapped-fields",
        level="D",
        rule="The header map has fields of the wrapped response, and no credentials of the request.",
        checks=frozenset({"D-secret-echo", "A-header-map"}),
        seam=on_wire(_echoing),
        shown=lambda caller: caller.config.token in json.dumps(caller.envelope()),
    ),
    _broken(
        name="signed-ahead-of-time",
        level="D",
        rule="A signature dated tomorrow is refused, like a signature dated yesterday.",
        checks=frozenset({"D-signature-stale"}),
        seam=on_credentials(_early),
        shown=_accepts_tomorrow,
    ),
    _broken(
        name="any-instance-for-the-signed",
        level="D",
        rule="A signed request for another tenancy is refused, or gets nothing of the server's own tenancy.",
        checks=frozenset({"D-instance-other", "D-tenant-isolated"}),
        seam=_judged(_own_instance_if_signed),
        shown=_shows_another_instance,
    ),
    _broken(
        name="signature-looked-at-once-a-second",
        level="D",
        rule="Each signature is verified, even if one with the same key and second was verified before.",
        checks=frozenset({"D-signature-tampered", "D-signature-wrong"}),
        seam=_verified_once(),
        shown=_accepts_another_query,
    ),
    _broken(
        name="project-of-a-header",
        level="D",
        rule="The project of a request is the one in its path.",
        checks=frozenset({"D-project-other", "D-tenant-isolated"}),
        seam=_judged(_project_of_the_header),
        shown=lambda caller: (
            caller.runs(
                {**caller.headers, "X-Project-Id": caller.config.project_id}, project_id=OTHER_PROJECT_ID
            ).status
            == OK
        ),
    ),
    _broken(
        name="lineage-of-any-project",
        level="D",
        rule="A request for the lineage of another project is refused, or gets nothing of the server's own project.",
        checks=frozenset({"D-project-other", "D-tenant-isolated"}),
        seam=_judged(_own_project, BULK),
        shown=lambda caller: caller.ask("GET", f"/v1/{OTHER_PROJECT_ID}/datamap/lineage/bulk").status == OK,
    ),
    _broken(
        name="any-instance-for-a-body",
        level="D",
        rule="A search in another tenancy is refused, or finds nothing of the server's own tenancy.",
        checks=frozenset({"D-instance-other", "D-tenant-isolated"}),
        seam=_judged(_own_instance, SEARCH, DETAILS),
        shown=lambda caller: (
            caller.ask("POST", "/v3/{p}/datamap/entities/search", {"limit": 1, "offset": 0}, instance="f" * 32).status
            == OK
        ),
    ),
    _broken(
        name="media-type-without-a-charset",
        level="E",
        rule="A JSON body is read, even if its media type names the charset.",
        checks=frozenset({"E-valid-refused", "E-optional-refused", "A-status-documented"}),
        seam=before_app(_exact_media_type),
        shown=_refuses_a_charset,
    ),
)
