"""Requests with which tests examine and change a running server: under ``/__mock__/``, without credentials."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, cast

from dataarts_datamap_contract.mock._config import MOST_RUNS
from dataarts_datamap_contract.mock._data.dataset import TABLE_GUID, Operator
from dataarts_datamap_contract.mock._data.encoding import check_json
from dataarts_datamap_contract.mock._web.faults import Fault
from dataarts_datamap_contract.mock._web.responses import HttpError, Reply
from dataarts_datamap_contract.mock._web.routes import Route
from dataarts_datamap_contract.mock._web.validation import ParameterRules

if TYPE_CHECKING:
    from collections.abc import Generator

    from dataarts_datamap_contract.mock._config import MockConfig
    from dataarts_datamap_contract.mock._serving.controls import Controls
    from dataarts_datamap_contract.mock._web.requests import RequestParts
    from dataarts_datamap_contract.mock._web.validation import Arguments

PREFIX = b"/__mock__/"
_SHOWN = 100
_RUN_ID = re.compile("-?[0-9]{1,4000}")  # int() refuses more than 4,300 digits


def _query(**schemas: dict[str, Any]) -> ParameterRules:
    return ParameterRules({}, [{"name": name, "in": "query", "schema": schema} for name, schema in schemas.items()])


_LIMIT = {"type": "integer", "minimum": 1, "maximum": MOST_RUNS}
_TEXT = {"type": "string", "minLength": 1}
_LISTING = _query(limit=_LIMIT)
_RUNS = _query(task_id=_TEXT, job_name=_TEXT, workspace_id=_TEXT, limit=_LIMIT)


class Administration:
    """Changes the data and faults, and lists past requests.

    ================================== ==============================================================================
    request                            what it does
    ================================== ==============================================================================
    POST /__mock__/reset               starts again as if the server were new: data and faults of the
                                       configuration, no lock, issued token or past request
    POST /__mock__/seed                replaces the data by that of another ``seed`` and ``size``; with
                                       ``{"empty": true}``, by one table without operators
    GET, DELETE /__mock__/requests     lists the last requests of the service, oldest first, without secrets; or
                                       forgets them
    GET, PUT /__mock__/faults          lists, or replaces, the faults in force: texts like ``"reset:every=3"``
    POST /__mock__/operators           adds an operator of these ``task_id``, ``job_name`` and ``workspace_id`` to a
                                       table (``table_guid``)
    GET /__mock__/runs                 the newest runs of an operator: ``?task_id=…&job_name=…``
    POST /__mock__/runs                adds a run or a list of runs, or changes those whose ``taskRunningLogId``
                                       exists: ``task_id``, ``job_name`` and any of the documented fields
    DELETE /__mock__/runs/{run_id}     deletes a run
    POST /__mock__/progress            advances each run that waits or is under way by a step: waiting, running,
                                       success
    ================================== ==============================================================================

    If something is wrong with a request, a response of status 400 or 404 says so, and nothing is changed.
    """

    def __init__(self, config: MockConfig, controls: Controls) -> None:
        self._access = config.admin
        self._controls = controls
        self._world = controls.world
        self._record = controls.record
        self._faults = controls.faults

    def may_enter(self, client: tuple[str, int] | None) -> bool:
        """Whether requests from this address are accepted."""
        if self._access != "loopback":
            return self._access == "everywhere"
        return client is not None and _is_loopback(client[0])

    def routes(self) -> list[Route]:
        """The routes of the administration."""
        return [
            Route.of("/__mock__/reset", {"POST": self.reset}),
            Route.of("/__mock__/seed", {"POST": self.seed}),
            Route.of("/__mock__/requests", {"GET": self.list_requests, "DELETE": self.forget_requests}),
            Route.of("/__mock__/faults", {"GET": self.list_faults, "PUT": self.replace_faults}),
            Route.of("/__mock__/operators", {"POST": self.add_operator}),
            Route.of("/__mock__/runs", {"GET": self.list_runs, "POST": self.put_runs}),
            Route.of("/__mock__/runs/{run_id}", {"DELETE": self.delete_run}),
            Route.of("/__mock__/progress", {"POST": self.advance}),
        ]

    def reset(self, _: RequestParts) -> Reply:
        """Start again."""
        self._controls.reset()
        return _reply({"reset": True})

    def seed(self, request: RequestParts) -> Reply:
        """Replace the data."""
        wanted = _object(_document(request), known=("seed", "size", "empty"))
        if wanted.get("empty"):
            self._world.clear()
        else:
            with _wrong_values_refused():
                self._world.invent(_integer(wanted, "seed", 0) or 0, _integer(wanted, "size", None))
        return _reply({"operators": sum(map(len, self._world.dataset.tables.values()))})

    def list_requests(self, request: RequestParts) -> Reply:
        """The last requests."""
        limit = _LISTING.judge(request).values.get("limit", _SHOWN)
        return _reply({"requests": self._record.requests[-int(limit) :]})

    def forget_requests(self, _: RequestParts) -> Reply:
        """Forget the past requests."""
        self._record.forget_requests()
        return _reply({"requests": []})

    def list_faults(self, _: RequestParts) -> Reply:
        """The faults in force."""
        return _reply({"faults": [str(fault) for fault in self._faults.faults]})

    def replace_faults(self, request: RequestParts) -> Reply:
        """Put other faults in force."""
        texts = _object(_document(request), known=("faults",)).get("faults")
        if not isinstance(texts, list):
            raise _wrong(f"faults is {texts!r}: it must be a list")
        with _wrong_values_refused():
            self._faults.replace([Fault.parse(str(text)) for text in cast("list[object]", texts)])
        return self.list_faults(request)

    def add_operator(self, request: RequestParts) -> Reply:
        """Add an operator to a table."""
        wanted = _object(_document(request), known=("task_id", "job_name", "workspace_id", "table_guid"))
        operator = Operator(*(_text(wanted, name) for name in ("task_id", "job_name", "workspace_id")))
        with _wrong_values_refused():
            self._world.add_operator(operator, _text(wanted, "table_guid", TABLE_GUID))
        return _reply({name: getattr(operator, name) for name in ("task_id", "job_name", "workspace_id")})

    def list_runs(self, request: RequestParts) -> Reply:
        """The newest runs of an operator."""
        arguments = _RUNS.judge(request)
        operator = self._operator(arguments)
        return _reply({"runs": self._world.runs(operator, int(arguments.values.get("limit", _SHOWN)))})

    def put_runs(self, request: RequestParts) -> Reply:
        """Add runs, or change them."""
        document = _document(request)
        wanted = cast("list[object]", document if isinstance(document, list) else [document])
        with _wrong_values_refused():
            return _reply({"runs": self._world.put_runs([self._addressed(_object(run)) for run in wanted])})

    def delete_run(self, request: RequestParts) -> Reply:
        """Delete a run."""
        text = request.path["run_id"].decode()
        if not _RUN_ID.fullmatch(text):
            raise _wrong(f"run_id is {text!r:.80}: it must be an integer")
        try:
            self._world.delete_run(int(text))
        except LookupError as error:
            raise _unknown(str(error)) from None
        return _reply({"deleted": int(text)})

    def advance(self, _: RequestParts) -> Reply:
        """Advance runs by a step."""
        return _reply({"changed": self._world.advance()})

    def _addressed(self, run: dict[str, Any]) -> tuple[Operator, dict[str, Any]]:
        """The operator of a run, and its fields."""
        fields = {name: value for name, value in run.items() if name not in {"task_id", "job_name", "workspace_id"}}
        found = self._world.find_run(run.get("taskRunningLogId")) if "task_id" not in run else None
        if found is not None:
            return found[0], fields
        operator = self._world.dataset.find_operator(
            _text(run, "task_id"), _text(run, "job_name"), run.get("workspace_id")
        )
        if operator is None:
            raise _unknown(f"there is no operator {run['task_id']} {run['job_name']}: add it at /__mock__/operators")
        return operator, fields

    def _operator(self, arguments: Arguments) -> Operator:
        workspace_id = arguments.text("workspace_id") or None
        operator = self._world.dataset.find_operator(
            arguments.text("task_id"), arguments.text("job_name"), workspace_id
        )
        if operator is None:
            raise _unknown("there is no such operator: give the task_id and job_name of one")
        return operator


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


@contextmanager
def _wrong_values_refused() -> Generator[None]:
    """Convert a ``ValueError`` in the block to a response of status 400 that says what is wrong."""
    try:
        yield
    except ValueError as error:
        raise _wrong(str(error)) from None


def _document(request: RequestParts) -> object:
    try:
        document: object = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as error:
        raise _wrong(f"the body is not JSON: {error}") from None
    with _wrong_values_refused():
        check_json("the body", document)
    return document


def _object(document: object, known: tuple[str, ...] = ()) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise _wrong(f"{json.dumps(document)[:80]} is not a JSON object")
    fields = cast("dict[str, Any]", document)
    unknown = fields.keys() - set(known)
    if known and unknown:
        raise _wrong(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(known)}")
    return fields


def _text(wanted: dict[str, Any], name: str, default: str | None = None) -> str:
    value = wanted.get(name, default)
    if not isinstance(value, str) or not value:
        raise _wrong(f"{name} is {value!r}: it must be a text")
    return value


def _integer(wanted: dict[str, Any], name: str, default: int | None) -> int | None:
    value = wanted.get(name, default)
    if value is not None and type(value) is not int:
        raise _wrong(f"{name} is {value!r}: it must be an integer")
    return value


def _wrong(reason: str) -> HttpError:
    return HttpError(400, "MOCK.0400", reason)


def _unknown(reason: str) -> HttpError:
    return HttpError(404, "MOCK.0404", reason)


def _reply(document: object) -> Reply:
    return Reply(json.dumps(document, ensure_ascii=False).encode())
