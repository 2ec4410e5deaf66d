"""The application: it finds the operation, authenticates the caller, validates the request and responds."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from dataarts_datamap_contract.mock._data.encoding import EncodedRows
from dataarts_datamap_contract.mock._data.paging import PagingRules
from dataarts_datamap_contract.mock._data.rendering import RunPages, render_operators
from dataarts_datamap_contract.mock._identity.authentication import Authentication
from dataarts_datamap_contract.mock._identity.iam import IdentityService
from dataarts_datamap_contract.mock._identity.storage_keys import StorageKeys
from dataarts_datamap_contract.mock._identity.tokens import IssuedTokens
from dataarts_datamap_contract.mock._serving.administration import PREFIX, Administration
from dataarts_datamap_contract.mock._serving.catalog_operations import CatalogOperations
from dataarts_datamap_contract.mock._serving.controls import Controls
from dataarts_datamap_contract.mock._serving.documentation import documentation
from dataarts_datamap_contract.mock._serving.management_lists import ManagementCenter
from dataarts_datamap_contract.mock._serving.object_storage import ObjectStorage, is_storage_host
from dataarts_datamap_contract.mock._serving.traffic import Latency, RateLimit
from dataarts_datamap_contract.mock._web.faults import asked_for, can_be_sent, send_wrongly
from dataarts_datamap_contract.mock._web.record import Exchange, Record
from dataarts_datamap_contract.mock._web.requests import RequestParts, read_body
from dataarts_datamap_contract.mock._web.responses import HttpError, Reply, ResponseWriter
from dataarts_datamap_contract.mock._web.routes import Route
from dataarts_datamap_contract.mock._web.validation import Arguments, ParameterRules
from dataarts_datamap_contract.specification import load_specification

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from dataarts_datamap_contract.mock._config import MockConfig
    from dataarts_datamap_contract.mock._data.world import World
    from dataarts_datamap_contract.mock._web.faults import Fault
    from dataarts_datamap_contract.mock._web.routes import Operation

_log = logging.getLogger(__name__)

_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_UNKNOWN_API = "The API does not exist or has not been published in the environment"


def create_app(config: MockConfig) -> ASGIApp:
    """An ASGI application that serves the operations of the specification.

    A request is checked in this order, and the first error is the response:

    ====== ============================ =============================== ==================================
    status code                         when                            source
    ====== ============================ =============================== ==================================
    404    APIGW.0101                   the path is not declared        the gateway's error table
    405    APIGW.0101, with ``Allow``   the method is not declared      HTTP; the service's is not known
    413    APIGW.0201                   the body has more than 12 MB    the gateway's error table
    401    APIGW.0301                   a signature that does not hold  the gateway's error table
    401    APIGW.0301                   no token, or a wrong one        the gateway's error table
    401    APIGW.0307                   an issued token has expired     the gateway's error table
    429    APIGW.0308                   too many requests in a second   the gateway's error table; its place
                                        here is inferred
    400    APIGW.0201                   not percent-encoded UTF-8       the gateway's error table
    400    APIGW.0106                   a parameter breaks its schema   the gateway's error table
    404    APIGW.0101                   searches, details and lineage   inferred: no document says how they
                                        while ``invited`` is false      are refused without an invitation
    403    DLM.4001                     unknown project or instance     code of a sibling; status inferred
    400    APIGW.0106                   the window ends before it       inferred
                                        starts
    400    APIGW.0106                   ``limit`` is above              inferred
                                        ``max_limit``, and refused
    400    DLG.0400                     more than 100 GUIDs, or a       invented: no such code is published
                                        filter that is not known here
    404    DLG.0404                     unknown table                   invented: no such code is published
    500    APIGW.0601                   the mock itself fails           the gateway's error table
    ====== ============================ =============================== ==================================

    The application also serves a small IAM (``POST /v3/auth/tokens``, ``POST /v3.0/OS-CREDENTIAL/securitytokens``,
    ``GET /v3/projects``), the lists of the management center (``GET /v1/{project_id}/instances``,
    ``GET /v1/{project_id}/workspaces/{instance_id}``) and, by virtual host, object storage with the logs of runs. Each
    of these has its own errors.

    Either a token or a signature is enough; in a request with both, both must be valid (inferred, and strict so that no
    mistake stays hidden). A signature is checked in this order. A text without a named source is the gateway's:

    =============================================== =============================================================
    the text says                                   when
    =============================================== =============================================================
    Authorization is malformed                      not of the documented form, or names not sorted (inferred)
    Get secretKey failed,ak:…,err:ak not exist      another access key
    AK access failed to reach the limit,forbidden   for 5 minutes after more than 5 failures in a row
    X-Sdk-Date is not signed, … was sent 2 times    ``X-Sdk-Date``, which alone must be signed, is not; or it was
                                                    not sent exactly once (inferred)
    calc aksk signature fail:signature expired, …   more than 15 minutes before or after the clock
    verify aksk signature fail, canonicalRequest:…  anything signed was changed
    verify security token fail                      ``X-Security-Token`` is not exactly the key's (inferred)
    =============================================== =============================================================

    The response for an unknown ``task_id`` or ``job_name``, or a workspace that is not the operator's, is an empty page
    with total 0. A blank ``workspace_id`` counts as absent. By default, ``offset`` counts rows, runs are sorted from
    the newest plan time to the oldest and, for equal plan times, from the highest id to the lowest, and both ends
    belong to the window.

    The paths under ``/__mock__/`` are not part of the service: they change the data and list past requests. ``/docs``
    shows the specification.
    """
    return build_app(config, Record())


@dataclass(frozen=True)
class DeclaredOperation:
    """An operation of the specification, in three steps; each step can be replaced to make a different server.

    Attributes:
        operation_id: Its id in the specification.
        authenticate: Returns if the caller is authenticated, and raises otherwise.
        judge: Returns the parameters of a valid request, and raises for an invalid one.
        perform: Returns the document of the response.
    """

    operation_id: str
    authenticate: Callable[[RequestParts], None]
    judge: Callable[[RequestParts], Arguments]
    perform: Callable[[Arguments], bytes]

    def __call__(self, request: RequestParts) -> Reply:
        """The response to a request.

        Raises:
            HttpError: A step refuses it.
        """
        self.authenticate(request)
        return Reply(self.perform(self.judge(request)))


Alteration: TypeAlias = Callable[[DeclaredOperation], DeclaredOperation]


def build_app(
    config: MockConfig, record: Record, alter: Alteration | None = None, *, controls: Controls | None = None
) -> ASGIApp:
    """The application of ``create_app``.

    Args:
        config: The callers that it accepts, the data it invents and how it behaves.
        record: Its counts and past requests.
        alter: Replaces the operations of the specification; None leaves them as they are.
        controls: The controls for changing it while it runs; None for controls that only its administration has.
    """
    record.hide((config.token, config.secret_key, config.security_token, config.password))
    held = controls or Controls(config, record)

    def new_gateway() -> _Gateway:
        keys = StorageKeys(config, record)
        routes = _routes(config, held, keys, alter or _leave)
        return _Gateway(routes, ResponseWriter(config.seed), ObjectStorage(config, held.world, keys))

    way = _Way(new_gateway, config, held)
    return _Front(way, Administration(config, held))


def _leave(operation: DeclaredOperation) -> DeclaredOperation:
    return operation


def _routes(config: MockConfig, controls: Controls, keys: StorageKeys, alter: Alteration) -> list[Route]:
    """The routes of the specification's operations, then those of the services beside it."""
    world, record = controls.world, controls.record
    tokens = IssuedTokens(config.clock, config.token_lifetime, record)
    authentication = Authentication(config, tokens, record)
    limit = RateLimit(config, record)

    def authenticate(request: RequestParts) -> None:
        authentication.check(request)
        limit.check()

    return [
        *_declared_routes(_Service(config, world), authenticate, alter),
        *IdentityService(config, tokens, keys, authentication).routes(),
        *ManagementCenter(config, world, authentication).routes(),
    ]


def _declared_routes(service: _Service, authenticate: Callable[[RequestParts], None], alter: Alteration) -> list[Route]:
    return [
        Route.of(template, _declared_operations(path_item, service, authenticate, alter))
        for template, path_item in load_specification()["paths"].items()
    ]


@cache
def _rules() -> dict[str, ParameterRules]:
    """The rules for each operation of the specification, by its id, which all servers of a process share."""
    document = load_specification()
    return {
        operation["operationId"]: ParameterRules(
            document,
            [*path_item.get("parameters", []), *operation.get("parameters", [])],
            operation.get("requestBody"),
        )
        for path_item in document["paths"].values()
        for method, operation in path_item.items()
        if method in _METHODS
    }


def _declared_operations(
    path_item: Mapping[str, Any], service: _Service, authenticate: Callable[[RequestParts], None], alter: Alteration
) -> dict[str, Operation]:
    ids = {method.upper(): operation["operationId"] for method, operation in path_item.items() if method in _METHODS}
    return {
        method: alter(DeclaredOperation(name, authenticate, _rules()[name].judge, service.operations[name]))
        for method, name in ids.items()
    }


class _Service:
    """The operations, for a request that is authenticated and valid."""

    def __init__(self, config: MockConfig, world: World) -> None:
        self._config = config
        self._world = world
        self._paging = PagingRules(config)
        self._pages = RunPages(world.now)
        self.operations: dict[str, Callable[[Arguments], bytes]] = {
            "ShowInstanceInfos": self.show_instance_infos,
            "ShowNodes": self.show_nodes,
            **CatalogOperations(config, world, self._check_scope).operations,
        }

    def show_instance_infos(self, arguments: Arguments) -> bytes:
        self._check_scope(arguments)
        start, end = arguments.number("start_time"), arguments.number("end_time")
        if start > end:
            raise HttpError(400, "APIGW.0106", f"Invalid query parameter end_time: {end} is before start_time {start}")
        workspace_id = arguments.text("workspace_id")
        offset, limit = arguments.number("offset"), self._paging.checked_limit(arguments.number("limit"))
        with self._world.lock:
            history = self._world.find_history(
                arguments.text("task_id"), arguments.text("job_name"), workspace_id if workspace_id.strip() else None
            )
            if history is None:
                return self._pages.render(EncodedRows.of(()), 0)
            found = self._paging.window(history, start, end)
            return self._pages.render(history.encoded(self._paging.page(found, offset, limit)), len(found))

    def show_nodes(self, arguments: Arguments) -> bytes:
        self._check_scope(arguments)
        guid = arguments.text("guid")
        operators = self._world.dataset.tables.get(guid)
        if operators is None:
            raise HttpError(404, "DLG.0404", f"The table {guid} does not exist")
        return render_operators(operators)

    def _check_scope(self, arguments: Arguments) -> None:
        if arguments.text("project_id") != self._config.project_id:
            raise HttpError(403, "DLM.4001", "The project does not exist, or the token is not for it")
        if arguments.text("instance") != self._config.instance_id:
            raise HttpError(403, "DLM.4001", "The instance or the workspace does not exist")


class _Front:
    """The ASGI application: administration under the mock's prefix, documentation under ``/docs``, else the service."""

    def __init__(self, service: _Way, administration: Administration) -> None:
        self._service = service
        self._own = _Gateway(administration.routes(), ResponseWriter("administration"))
        self._may_enter = administration.may_enter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
        elif is_storage_host(scope):
            await self._service(scope, receive, send)
        elif scope["raw_path"].startswith(PREFIX) and self._may_enter(scope["client"]):
            await self._own(scope, receive, send)
        else:
            page = documentation(scope["raw_path"]) if scope["raw_path"].startswith(b"/docs") else None
            await (page or self._service)(scope, receive, send)


class _Way:
    """The way to the service and back: requests are recorded, responses are delayed and may go wrong."""

    def __init__(self, new_gateway: Callable[[], _Gateway], config: MockConfig, controls: Controls) -> None:
        self._new_gateway = new_gateway
        self._config = config
        self._faults = controls.faults
        self._record = controls.record
        self._renew()
        controls.when_renewed(self._renew)

    def _renew(self) -> None:
        """Forget issued tokens and keys, locks, and requests that count towards the rate limit; restart the delays."""
        self._gateway = self._new_gateway()
        self._latency = Latency(self._config)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gateway = self._gateway
        response = await gateway.respond(scope, receive)
        try:
            fault = asked_for(scope) or self._faults.next()
        except ValueError as error:
            fault, response = None, gateway.refuse(400, str(error))
        if fault is not None and not can_be_sent(fault, scope):
            fault, response = None, gateway.refuse(501, f"fault {fault}: this server cannot break its connections")
        self._record.remember(_exchange(scope, response, fault))
        await self._latency.wait()
        if fault is None:
            await response(scope, receive, send)
        else:
            await send_wrongly(fault, response, scope, receive, send)


class _Gateway:
    """Finds the operation of a request, and writes its response."""

    def __init__(self, routes: list[Route], writer: ResponseWriter, storage: ObjectStorage | None = None) -> None:
        self._routes = routes
        self._writer = writer
        self._storage = storage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.respond(scope, receive)
        await response(scope, receive, send)

    async def respond(self, scope: Scope, receive: Receive) -> Response:
        """The response to a request, whatever happens."""
        try:
            if self._storage is not None and self._storage.serves(scope):
                return await self._storage.respond(scope, receive)
            operation, path = self._find(scope)
            return self._writer.success(operation(RequestParts.of(scope, path, await read_body(receive))))
        except HttpError as error:
            return self._writer.error_response(error)
        except Exception:  # noqa: BLE001  the response to a bug is documented too
            # If the error were raised further, uvicorn would drop the connection after the response, unannounced.
            _log.exception("the mock server failed on %s %r", scope["method"], scope["path"])
            return self._writer.error_response(HttpError(500, "APIGW.0601", "Internal server error"))

    def refuse(self, status: int, reason: str) -> Response:
        """The response to a request that the mock itself cannot process."""
        return self._writer.error_response(HttpError(status, f"MOCK.0{status}", reason))

    def _find(self, scope: Scope) -> tuple[Operation, Mapping[str, bytes]]:
        raw_path: bytes = scope["raw_path"]
        for route in self._routes:
            match = route.pattern.fullmatch(raw_path)
            if match:
                return route.operation(scope["method"]), match.groupdict()
        raise HttpError(404, "APIGW.0101", _UNKNOWN_API)


def _exchange(scope: Scope, response: Response, fault: Fault | None) -> Exchange:
    return Exchange(
        method=scope["method"],
        path=scope["raw_path"],
        query=scope["query_string"],
        headers=scope["headers"],
        status=response.status_code,
        response_headers=response.raw_headers,
        fault=fault,
    )
