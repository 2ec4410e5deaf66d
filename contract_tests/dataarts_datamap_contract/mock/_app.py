"""The application: finds the operation, asks who calls, judges the request, answers."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette

from dataarts_datamap_contract.mock._answers import AnswerWriter, RefusalError
from dataarts_datamap_contract.mock._authentication import Authentication
from dataarts_datamap_contract.mock._iam import IdentityService
from dataarts_datamap_contract.mock._invention import invent_dataset
from dataarts_datamap_contract.mock._management import ManagementCenter
from dataarts_datamap_contract.mock._record import Record
from dataarts_datamap_contract.mock._rendering import RunPages, render_operators
from dataarts_datamap_contract.mock._requests import RequestParts, read_body
from dataarts_datamap_contract.mock._routes import Reply, Route
from dataarts_datamap_contract.mock._tokens import IssuedTokens
from dataarts_datamap_contract.mock._validation import ParameterRules
from dataarts_datamap_contract.specification import load_specification

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from dataarts_datamap_contract.mock._config import MockConfig
    from dataarts_datamap_contract.mock._dataset import Dataset
    from dataarts_datamap_contract.mock._routes import Operation
    from dataarts_datamap_contract.mock._validation import Arguments

_log = logging.getLogger(__name__)

_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_UNKNOWN_API = "The API does not exist or has not been published in the environment"


def create_app(config: MockConfig) -> Starlette:
    """A Starlette application that serves both operations of the specification.

    A request is judged in this order, and the first refusal is the answer:

    ====== ============================ =============================== ==================================
    status code                         when                            source
    ====== ============================ =============================== ==================================
    404    APIGW.0101                   the path is not declared        the gateway's error table
    405    APIGW.0101, with ``Allow``   the method is not declared      HTTP; the service's is not known
    413    APIGW.0201                   the body has more than 12 MB    the gateway's error table
    401    APIGW.0301                   no token, or not exactly it     the gateway's error table
    401    APIGW.0307                   an issued token is expired      the gateway's error table
    401    APIGW.0301                   a signature that does not hold  the gateway's error table
    400    APIGW.0201                   not percent-encoded UTF-8       the gateway's error table
    400    APIGW.0106                   a parameter breaks its schema   the gateway's error table
    403    DLM.4001                     unknown project or instance     code of a sibling; status inferred
    400    APIGW.0106                   the window ends before it       inferred
                                        starts
    404    DLG.0404                     unknown table                   invented: no such code is published
    500    APIGW.0601                   the mock itself fails           the gateway's error table
    ====== ============================ =============================== ==================================

    Beside them stand, each with refusals of its own, a small IAM (``POST /v3/auth/tokens``, ``GET /v3/projects``) and
    the lists of the management center (``GET /v1/{project_id}/instances``,
    ``GET /v1/{project_id}/workspaces/{instance_id}``).

    Either a token or a signature is enough; a request with both needs both to be good (inferred: strictly, so that no
    mistake hides). A signature is judged in this order; where no source is named, the text is the gateway's:

    =============================================== =============================================================
    the text says                                   when
    =============================================== =============================================================
    Authorization is malformed                      not of the documented form, or names not sorted (inferred)
    Get secretKey failed,ak:…,err:ak not exist      another access key
    AK access failed to reach the limit,forbidden   for 5 minutes after more than 5 failures in a row
    X-Sdk-Date is not signed, … was sent 2 times    ``X-Sdk-Date`` must be signed, every other header may be
    calc aksk signature fail:signature expired, …   more than 15 minutes before or after the clock
    verify aksk signature fail, canonicalRequest:…  anything signed is not as it was signed
    verify security token fail                      ``X-Security-Token`` is not exactly the key's (inferred)
    =============================================== =============================================================

    An unknown ``task_id`` or ``job_name``, or a workspace that is not the operator's, gives an empty page with total 0.
    A blank ``workspace_id`` counts as absent. ``offset`` counts rows. Pages run from the newest plan time to the
    oldest, runs of the same plan time from the highest id to the lowest, and both ends belong to the window.
    """
    return build_app(config, Record())


def build_app(config: MockConfig, record: Record) -> Starlette:
    """The application of ``create_app``, counting into a record of the caller's."""
    now = (config.now or datetime.now(UTC)).astimezone(UTC)
    app = Starlette()
    # Not a route: Starlette matches decoded paths, where an id with a slash in it is two segments.
    app.router.default = _Gateway(_routes(config, now, record), AnswerWriter(config.seed))
    return app


def _routes(config: MockConfig, now: datetime, record: Record) -> list[Route]:
    """The operations of the specification first, then what stands beside them."""
    tokens = IssuedTokens(config.clock, config.token_lifetime, record)
    authentication = Authentication(config, tokens, record)
    dataset = invent_dataset(config.project_id, config.seed, now)
    return [
        *_declared_routes(_Service(config, dataset, now), authentication),
        *IdentityService(config, tokens, authentication).routes(),
        *ManagementCenter(config, dataset, authentication).routes(),
    ]


def _declared_routes(service: _Service, authentication: Authentication) -> list[Route]:
    document = load_specification()
    return [
        Route.of(template, _declared_operations(document, path_item, service, authentication))
        for template, path_item in document["paths"].items()
    ]


def _declared_operations(
    document: Mapping[str, Any], path_item: Mapping[str, Any], service: _Service, authentication: Authentication
) -> dict[str, Operation]:
    shared: list[Any] = path_item.get("parameters", [])
    return {
        method.upper(): _DeclaredOperation(
            authentication,
            ParameterRules(document, [*shared, *operation.get("parameters", [])]),
            service.operations[operation["operationId"]],
        )
        for method, operation in path_item.items()
        if method in _METHODS
    }


class _Service:
    """The two operations, for a request that was let in and is valid."""

    def __init__(self, config: MockConfig, dataset: Dataset, now: datetime) -> None:
        self._config = config
        self._dataset = dataset
        self._pages = RunPages(dataset, now)
        self.operations: dict[str, Callable[[Arguments], bytes]] = {
            "ShowInstanceInfos": self.show_instance_infos,
            "ShowNodes": self.show_nodes,
        }

    def show_instance_infos(self, arguments: Arguments) -> bytes:
        self._check_scope(arguments)
        start, end = arguments.number("start_time"), arguments.number("end_time")
        if start > end:
            raise RefusalError(
                400, "APIGW.0106", f"Invalid query parameter end_time: {end} is before start_time {start}"
            )
        workspace_id = arguments.text("workspace_id")
        operator = self._dataset.find_operator(
            arguments.text("task_id"), arguments.text("job_name"), workspace_id if workspace_id.strip() else None
        )
        found = self._dataset.histories[operator].within(start, end) if operator else range(0)
        offset = arguments.number("offset")
        return self._pages.render(operator, found[offset : offset + arguments.number("limit")], len(found))

    def show_nodes(self, arguments: Arguments) -> bytes:
        self._check_scope(arguments)
        guid = arguments.text("guid")
        if guid not in self._dataset.tables:
            raise RefusalError(404, "DLG.0404", f"The table {guid} does not exist")
        return render_operators(self._dataset.tables[guid])

    def _check_scope(self, arguments: Arguments) -> None:
        if arguments.text("project_id") != self._config.project_id:
            raise RefusalError(403, "DLM.4001", "The project does not exist, or the token is not for it")
        if arguments.text("instance") != self._config.instance_id:
            raise RefusalError(403, "DLM.4001", "The instance or the workspace does not exist")


class _Gateway:
    """The ASGI application: what stands before the operations, and puts their answers on the wire."""

    def __init__(self, routes: list[Route], answers: AnswerWriter) -> None:
        self._routes = routes
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        response = await self._answer(scope, receive)
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        try:
            operation, path = self._find(scope)
            return self._answers.success(operation(RequestParts.of(scope, path, await read_body(receive))))
        except RefusalError as error:
            return self._answers.refusal(error)
        except Exception:  # noqa: BLE001  the answer to a bug is documented too
            # Raised any further, it would make uvicorn drop the connection after the answer, without saying so in it.
            _log.exception("the mock server failed on %s %r", scope["method"], scope["path"])
            return self._answers.refusal(RefusalError(500, "APIGW.0601", "Internal server error"))

    def _find(self, scope: Scope) -> tuple[Operation, Mapping[str, bytes]]:
        raw_path: bytes = scope["raw_path"]
        for route in self._routes:
            match = route.pattern.fullmatch(raw_path)
            if match:
                return route.operation(scope["method"]), match.groupdict()
        raise RefusalError(404, "APIGW.0101", _UNKNOWN_API)


@dataclass(frozen=True)
class _DeclaredOperation:
    """An operation of the specification: asks who calls, judges the parameters, performs."""

    authentication: Authentication
    rules: ParameterRules
    perform: Callable[[Arguments], bytes]

    def __call__(self, request: RequestParts) -> Reply:
        self.authentication.check(request)
        return Reply(self.perform(self.rules.judge(request)))
