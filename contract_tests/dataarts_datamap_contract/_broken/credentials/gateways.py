"""Gateways that check tokens, projects or signatures wrongly."""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from dataarts_datamap_contract._broken.asset_seams import post
from dataarts_datamap_contract._broken.relations import CHECKS
from dataarts_datamap_contract._broken.seams import SEARCH, Seam
from dataarts_datamap_contract._broken.servers import BrokenServer
from dataarts_datamap_contract._broken.shared import (
    OK,
    OTHER_PROJECT_ID,
    UNAUTHORIZED,
    Anew,
    Operation,
    on_authentication,
    performed,
)
from dataarts_datamap_contract.mock._identity.signature import (
    DATE_HEADER,
    SignatureError,
    claims_signature,
    read_claim,
    verify_signature,
)
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._web.requests import RequestParts
    from dataarts_datamap_contract.mock._web.validation import Arguments

_shipped = partial(BrokenServer, level="D", cohort="shipped")

_TOKEN = "X-Auth-Token"  # noqa: S105  a name
_WINDOW = timedelta(minutes=15)


def _remembered_projects() -> Seam:
    """Once a token was accepted for a project, any token is accepted for that project."""
    trusted: set[bytes] = set()

    def make(authenticate: Callable[[RequestParts], None], _: MockConfig) -> Callable[[RequestParts], None]:
        def check(request: RequestParts) -> None:
            by_token = bool(request.header(_TOKEN)) and not claims_signature(request)
            project = request.path["project_id"]
            if by_token and project in trusted:
                return
            authenticate(request)
            if by_token:
                trusted.add(project)

        return check

    return on_authentication(make)


def _in_any_project(perform: Operation, config: MockConfig) -> Operation:
    """A search takes the project from the token, and does not look at the path."""

    def search(arguments: Arguments) -> bytes:
        return perform(replace(arguments, values={**arguments.values, "project_id": config.project_id}))

    return search


def _age_with_a_sign(
    authenticate: Callable[[RequestParts], None], config: MockConfig
) -> Callable[[RequestParts], None]:
    """A signature expires 15 minutes after its date, but its date may be any time in the future."""

    def check(request: RequestParts) -> None:
        if not (claims_signature(request) and _is_ahead(request, config) and _holds(request, config)):
            authenticate(request)

    return check


def _is_ahead(request: RequestParts, config: MockConfig) -> bool:
    try:
        signed_at = datetime.strptime(request.header(DATE_HEADER)[0].decode(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except (ValueError, IndexError):
        return False
    return signed_at - config.clock() > _WINDOW


def _holds(request: RequestParts, config: MockConfig) -> bool:
    try:
        claim = read_claim(request)
        verify_signature(request, claim, config.secret_key.encode())
    except SignatureError:
        return False
    return hmac.compare_digest(claim.access_key, config.access_key.encode())


def _query_as_sent(authenticate: Callable[[RequestParts], None], _: MockConfig) -> Callable[[RequestParts], None]:
    """A signed request is refused unless its query is sent in the canonical order, as the official SDK sends it."""

    def check(request: RequestParts) -> None:
        pairs = [pair for pair in request.query.split(b"&") if pair]
        if claims_signature(request) and pairs != sorted(pairs):
            reason = "Incorrect IAM authentication information: verify aksk signature fail"
            raise HttpError(UNAUTHORIZED, "APIGW.0301", reason)
        authenticate(request)

    return check


def _another_token_after_a_good_one(caller: Caller) -> bool:
    caller.nodes()
    return caller.nodes(headers={**caller.headers, _TOKEN: "another"}).status == OK


def _signed_tomorrow(caller: Caller) -> bool:
    target = caller.nodes_target()
    date = f"{caller.config.clock() + timedelta(days=1):%Y%m%dT%H%M%SZ}"
    return caller.get(target, caller.signed(target, date=date)).status == OK


def _signed_unsorted(caller: Caller) -> bool:
    target = caller.runs_target()
    return caller.get(target, caller.signed(target)).status == UNAUTHORIZED


BROKEN_SERVERS = (
    _shipped(
        "tokens-cached-by-project",
        "a wrong token is refused, even after a valid one for the same project",
        CHECKS["token"],
        Anew(make=_remembered_projects),
        _another_token_after_a_good_one,
    ),
    _shipped(
        "search-without-a-look-at-the-project",
        "a search in the project of another tenant is refused, like any other request for that project",
        CHECKS["tenant"],
        performed(SEARCH, _in_any_project),
        lambda caller: post(caller, f"/v3/{OTHER_PROJECT_ID}/datamap/entities/search", {"limit": 1, "offset": 0}) == OK,
    ),
    _shipped(
        "signatures-of-tomorrow",
        "a signature whose date is far ahead of the clock is refused",
        CHECKS["signature"],
        on_authentication(_age_with_a_sign),
        _signed_tomorrow,
    ),
    _shipped(
        "signed-query-must-be-sorted",
        "a signature is valid, in whatever order the parameters are sent",
        CHECKS["signature"],
        on_authentication(_query_as_sent),
        _signed_unsorted,
    ),
)
