"""Requests for assets and lineage whose credentials are not checked, or not completely."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from dataarts_datamap_contract._broken.asset_seams import BULK_PATH, DETAIL_PATH, DETAILS_PATH, SEARCH_PATH, post
from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import (
    BULK,
    DETAIL,
    DETAILS,
    LINEAGE,
    SEARCH,
    Seam,
    on_credentials,
    with_header,
)
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import OK, OTHER_PROJECT_ID, Operation, own_error_response, performed
from dataarts_datamap_contract.mock import TABLE_GUID
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts
    from dataarts_datamap_contract.mock._web.validation import Arguments

_lineage = partial(BrokenServer, level="D", cohort="lineage")
_outside = partial(BrokenServer, level="D", cohort="outside")

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
    """A seam on which any project, or any tenancy, counts as the server's own."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        if operation.operation_id not in of:
            return operation

        def perform(arguments: Arguments) -> bytes:
            return operation.perform(replace(arguments, values={**arguments.values, name: getattr(config, own)}))

        return replace(operation, perform=perform)

    return Seam(alter)


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
    """Whether a body that was changed after it was signed is accepted."""
    target = SEARCH_PATH.replace("{p}", caller.config.project_id)
    body = json.dumps(_ALL).encode()
    fields = caller.signed(target, method="POST", body=body)
    sent = [
        caller.get(target, fields, "POST", each).status for each in (body, json.dumps({**_ALL, "limit": 1}).encode())
    ]
    return sent == [200, 200]


def _any_project(perform: Operation, config: MockConfig) -> Operation:
    return lambda arguments: perform(replace(arguments, values={**arguments.values, "project_id": config.project_id}))


BROKEN_SERVERS = (
    _lineage(
        "search-needs-no-credentials",
        "a search needs credentials",
        frozenset({"D-missing", "D-token-other"}),
        _needs_none(SEARCH),
        lambda caller: post(caller, SEARCH_PATH, _ALL, **_none(caller)) == 200,
    ),
    _lineage(
        "lineage-needs-no-credentials",
        "lineage needs credentials",
        frozenset({"D-missing", "D-token-other"}),
        _needs_none(BULK, LINEAGE),
        lambda caller: caller.ask("GET", BULK_PATH, **_none(caller)).status == 200,
    ),
    _lineage(
        "details-for-part-of-a-token",
        "details need the whole token",
        frozenset({"D-token-prefix"}),
        on_credentials(_prefix_is_enough, of=DETAILS),
        lambda caller: post(caller, DETAILS_PATH, [TABLE_GUID], **{"X-Auth-Token": "mock"}) == 200,
    ),
    _lineage(
        "search-of-any-project",
        "a search is limited to the token's project",
        frozenset({"D-project-other"}),
        _any("project_id", "project_id", SEARCH),
        lambda caller: post(caller, "/v3/other/datamap/entities/search", _ALL) == 200,
    ),
    _lineage(
        "lineage-of-any-tenancy",
        "lineage is limited to the tenancy of the request",
        frozenset({"D-instance-other"}),
        _any("instance", "instance_id", LINEAGE, BULK),
        lambda caller: caller.ask("GET", BULK_PATH, instance="other").status == 200,
    ),
    _lineage(
        "details-of-any-tenancy",
        "details are limited to the tenancy of the request",
        frozenset({"D-instance-other"}),
        _any("instance", "instance_id", DETAIL, DETAILS),
        lambda caller: caller.ask("GET", DETAIL_PATH, instance="other").status == 200,
    ),
    _lineage(
        "signature-leaves-out-the-body",
        "a signature covers the body",
        frozenset({"D-signature-tampered"}),
        _body_unsigned(),
        _tampered,
    ),
    _lineage(
        "details-forbidden-without-token",
        "details without credentials get 401",
        frozenset({"D-refusal-status"}),
        own_error_response(403, "APIGW.0302", when=lambda request: b"/datamap/entities/" in request.raw_path),
        lambda caller: caller.ask("GET", DETAIL_PATH, **_none(caller)).status == 403,
    ),
    _outside(
        "details-for-any-project",
        "ListEntityDetails shows assets only in the project that they belong to.",
        CHECKS["tenant"],
        performed(DETAILS, _any_project),
        lambda caller: caller.ask("POST", f"/v1/{OTHER_PROJECT_ID}/datamap/entities/guids", [TABLE_GUID]).status == OK,
    ),
)
