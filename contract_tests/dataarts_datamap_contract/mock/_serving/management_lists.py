"""The lists of the management center: the instances of a project, and the workspaces of an instance.

They are not part of the specification. Paths and names are the documented ones of ListDataArtsStudioInstances and
ListManagerWorkSpaces. An instance shows only its id and its status, and a workspace only its id and its name.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dataarts_datamap_contract.mock._web.responses import HttpError, Reply
from dataarts_datamap_contract.mock._web.routes import Route
from dataarts_datamap_contract.mock._web.validation import ParameterRules

if TYPE_CHECKING:
    from dataarts_datamap_contract.mock._config import MockConfig
    from dataarts_datamap_contract.mock._data.world import World
    from dataarts_datamap_contract.mock._identity.authentication import Authentication
    from dataarts_datamap_contract.mock._web.requests import RequestParts

_IN_EFFECT = 2
_LIMIT, _MAX_LIMIT = 10, 1_000
_PAGING = ParameterRules(
    {},
    [
        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": _MAX_LIMIT}},
        {"name": "offset", "in": "query", "schema": {"type": "integer", "minimum": 0}},
    ],
)


class ManagementCenter:
    """Lists the one instance, and the workspaces of the data or only the configured one.

    ``limit`` is 10 by default and ``offset`` counts rows: both are inferred. Other projects and instances are refused
    as in the operations of the specification.
    """

    def __init__(self, config: MockConfig, world: World, authentication: Authentication) -> None:
        self._config = config
        self._world = world
        self._authentication = authentication

    def routes(self) -> list[Route]:
        """The routes of the lists."""
        return [
            Route.of("/v1/{project_id}/instances", {"GET": self.list_instances}),
            Route.of("/v1/{project_id}/workspaces/{instance_id}", {"GET": self.list_workspaces}),
        ]

    def list_instances(self, request: RequestParts) -> Reply:
        """ListDataArtsStudioInstances; the instance id is the ``resource_id`` of an order."""
        self._check(request)
        orders, _ = _page(request, [{"resource_id": self._config.instance_id, "status": _IN_EFFECT}])
        return _reply({"count": 1, "commodity_orders": orders})

    def list_workspaces(self, request: RequestParts) -> Reply:
        """ListManagerWorkSpaces, in the order of the data."""
        self._check(request)
        workspaces = self._workspaces()
        shown, pages = _page(request, workspaces)
        return _reply({"count": len(workspaces), "total_page": pages, "data": shown})

    def _workspaces(self) -> list[dict[str, Any]]:
        names = self._world.workspace_names()
        only = self._config.workspace_id
        if only is not None:
            names = {only: names.get(only, only)}
        return [{"id": workspace_id, "name": name} for workspace_id, name in names.items()]

    def _check(self, request: RequestParts) -> None:
        self._authentication.check(request)
        for name, (value,) in request.texts()["path"].items():
            if value != getattr(self._config, name):
                raise HttpError(403, "DLM.4001", "The instance or the workspace does not exist")


def _page(request: RequestParts, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """The requested rows, and the number of pages."""
    values = _PAGING.judge(request).values
    offset, limit = int(values.get("offset", 0)), int(values.get("limit", _LIMIT))
    return rows[offset : offset + limit], -(-len(rows) // limit)


def _reply(document: object) -> Reply:
    return Reply(json.dumps(document, ensure_ascii=False).encode())
