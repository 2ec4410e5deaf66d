"""Filters of a gateway that let through what they should stop, or stop what they should let through."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.asset_seams import DETAIL_PATH
from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import DETAIL, LINEAGE, Seam, on_credentials
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import OK, SALES, UNAUTHORIZED, is_datamap, on_authentication
from dataarts_datamap_contract.mock._identity.authentication import SignatureAuthentication
from dataarts_datamap_contract.mock._identity.signature import DATE_HEADER, claims_signature
from dataarts_datamap_contract.mock._web.record import Record
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts
    from dataarts_datamap_contract.mock._web.validation import Arguments

_shipped = partial(BrokenServer, level="D", cohort="shipped")

_MARK = "x-unfiltered"
_SKEW = timedelta(minutes=15)
_OF_FORMS = re.compile(rb"%20|%2A|\*|~")
"""Characters that HTML forms and signatures encode differently."""


def _unfiltered(app: ASGIApp) -> ASGIApp:
    """The filter's pattern does not match a path with a slash at its end, and the router ignores that slash."""

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        raw_path: bytes = scope.get("raw_path") or b""
        if is_datamap(scope) and raw_path.endswith(b"/"):
            marked = [*scope["headers"], (_MARK.encode(), b"1")]
            path = raw_path.removesuffix(b"/")
            await app({**scope, "raw_path": path, "path": path.decode("latin-1"), "headers": marked}, receive, send)
        else:
            await app(scope, receive, send)

    return routed


def _date(request: RequestParts) -> datetime | None:
    try:
        return datetime.strptime(request.header(DATE_HEADER)[0].decode(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except (IndexError, ValueError):
        return None


def _no_bound_ahead(check: Callable[[RequestParts], None], config: MockConfig) -> Callable[[RequestParts], None]:
    def authenticate(request: RequestParts) -> None:
        date = _date(request) if claims_signature(request) else None
        if date is None or date - config.clock() <= _SKEW or request.header("X-Auth-Token"):
            check(request)
        else:
            SignatureAuthentication(replace(config, clock=lambda: date), Record()).check(request)

    return authenticate


def _signed_tomorrow(caller: Caller) -> int:
    target = caller.nodes_target()
    date = f"{caller.config.clock() + timedelta(days=1):%Y%m%dT%H%M%SZ}"
    return caller.get(target, caller.signed(target, date=date)).status


def _encoded_as_a_form(request: RequestParts, _: MockConfig) -> RequestParts:
    if claims_signature(request) and _OF_FORMS.search(request.query):
        raise HttpError(
            UNAUTHORIZED, "APIGW.0301", "Incorrect IAM authentication information: verify aksk signature fail"
        )
    return request


def _signed_runs(caller: Caller) -> int:
    target = caller.runs_target(**SALES)
    return caller.get(target, caller.signed(target)).status


def _by_id_alone(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
    """An asset and its lineage are read by GUID, whatever tenancy is named."""
    if operation.operation_id not in {DETAIL, LINEAGE}:
        return operation

    def judge(request: RequestParts) -> Arguments:
        arguments = operation.judge(request)
        return replace(arguments, values={**arguments.values, "instance": config.instance_id})

    return replace(operation, judge=judge)


BROKEN_SERVERS = (
    _shipped(
        "slash-at-the-end-past-the-filter",
        "a path with a slash at its end needs a token, like any other",
        CHECKS["token"],
        Seam(on_credentials(lambda request, _: None if request.header(_MARK) else request).alter, _unfiltered),
        lambda caller: caller.get(f"{caller.nodes_target()}/", {"instance": caller.config.instance_id}).status == OK,
    ),
    _shipped(
        "signatures-from-the-future",
        "a signature dated more than 15 minutes ahead of the clock is refused, like one more than 15 minutes old",
        CHECKS["signature"],
        on_authentication(_no_bound_ahead),
        lambda caller: _signed_tomorrow(caller) == OK,
    ),
    _shipped(
        "signed-query-encoded-as-a-form",
        "a signed query may have a space as %20, as the signing document says",
        CHECKS["signature"],
        on_credentials(_encoded_as_a_form),
        lambda caller: _signed_runs(caller) == UNAUTHORIZED,
    ),
    _shipped(
        "asset-by-guid-whatever-the-tenancy",
        "an asset is shown to its own tenancy only",
        CHECKS["tenant"],
        Seam(_by_id_alone),
        lambda caller: caller.ask("GET", DETAIL_PATH, instance="0" * 32).status == OK,
    ),
)
