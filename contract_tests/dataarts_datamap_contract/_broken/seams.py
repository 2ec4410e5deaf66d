"""The places where a server can differ from the reference mock: a step of an operation, or the wire.

A server of the fleet is the reference mock with a `Seam`. Parameters and documents of an operation are changed after
authentication: if a signed request were changed before it, the signature would no longer fit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qsl, quote

from dataarts_datamap_contract.mock._serving.app import build_app
from dataarts_datamap_contract.mock._web.responses import HttpError
from dataarts_datamap_contract.mock._web.validation import Arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.record import Record
    from dataarts_datamap_contract.mock._web.requests import RequestParts

Document: TypeAlias = "dict[str, Any]"
Pairs: TypeAlias = "list[tuple[str, str]]"
Values: TypeAlias = "dict[str, str | int]"
Alter: TypeAlias = "Callable[[DeclaredOperation, MockConfig], DeclaredOperation]"
Wrap: TypeAlias = "Callable[[ASGIApp], ASGIApp]"
Symptom: TypeAlias = "Callable[[RequestParts, Mapping[str, list[str]]], bool]"
"""Whether a request has a symptom. The second argument has the values of its query by name, or none if the query is not
UTF-8."""

RUNS = "ShowInstanceInfos"
NODES = "ShowNodes"
SEARCH = "ShowDataSets"
DETAIL = "ShowDataDetail"
DETAILS = "ListEntityDetails"
BULK = "ShowLineageBulk"
LINEAGE = "ShowDatamapLineage"
MOST = 2**31 - 1


def _same(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
    return operation


def _bare(app: ASGIApp) -> ASGIApp:
    return app


@dataclass(frozen=True, slots=True)
class Seam:
    """One difference from the reference mock.

    Attributes:
        alter: Replaces steps of an operation, or leaves it as it is.
        wrap: Wraps the whole application.
        switches: The fields of the configuration that differ, by name.
    """

    alter: Alter = _same
    wrap: Wrap = _bare
    switches: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def build(self, config: MockConfig, record: Record) -> ASGIApp:
        """The application with the difference."""
        changed = replace(config, **self.switches)
        return self.wrap(build_app(changed, record, partial(self._alter, changed)))

    def _alter(self, config: MockConfig, operation: DeclaredOperation) -> DeclaredOperation:
        return self.alter(operation, config)


@dataclass(frozen=True, slots=True)
class Response:
    """A response before it is sent.

    Attributes:
        status: HTTP status.
        headers: Header fields; the names are lower-case.
        body: The body.
    """

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:  # noqa: ANN401  a broken server answers anything
        """The body, decoded."""
        return json.loads(self.body)


def compact(document: object) -> str:
    """JSON in the format of the reference mock."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


# The wire.


async def ask(app: ASGIApp, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> Response:
    """The response of an application to a request."""
    path, _, query = target.partition("?")
    scope: Scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return await _collect(app, scope, receive)


async def _collect(app: ASGIApp, scope: Scope, receive: Receive) -> Response:
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    start = messages[0]
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
    return Response(start["status"], headers, b"".join(message.get("body", b"") for message in messages[1:]))


async def _send(response: Response, send: Send) -> None:
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": fields})
    await send({"type": "http.response.body", "body": response.body})


def on_wire(change: Callable[[Scope, Response], Response]) -> Seam:
    """A seam that changes every response on its way from the application. `write` gives a new body its length."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def changed(scope: Scope, receive: Receive, send: Send) -> None:
            response = change(scope, await _collect(app, scope, receive))
            await _send(response, send)

        return changed

    return Seam(wrap=wrap)


def before_app(response: Callable[[Scope], Response | None]) -> Seam:
    """A seam in front of the application, which responds to a request itself unless the function returns None."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            early = response(scope)
            if early is None:
                await app(scope, receive, send)
            else:
                await _send(early, send)

        return guarded

    return Seam(wrap=wrap)


def write(response: Response, body: bytes, *, status: int | None = None, **headers: str) -> Response:
    """The response with another body, its correct length, and the status and header fields that are passed.

    In the name of a header field, an underscore stands for a hyphen.
    """
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    length = {"content-length": str(len(body))}
    return Response(response.status if status is None else status, {**response.headers, **length, **fields}, body)


def fresh(status: int, body: bytes, media_type: str) -> Response:
    """A new response."""
    return Response(status, {"content-type": media_type, "content-length": str(len(body))}, body)


def is_runs(scope: Scope) -> bool:
    """Whether a request is for ShowInstanceInfos."""
    return bytes(scope["raw_path"]).endswith(b"/instances")


def is_nodes(scope: Scope) -> bool:
    """Whether a request is for ShowNodes."""
    return bytes(scope["raw_path"]).endswith(b"/node")


def on_success(change: Callable[[Response], Response], *, of: Callable[[Scope], bool] = is_runs) -> Seam:
    """A seam that changes the responses with status 200 of one operation, by default of ShowInstanceInfos."""
    return on_wire(lambda scope, response: change(response) if response.status == 200 and of(scope) else response)


def on_error_response(change: Callable[[Response], Response], *statuses: int) -> Seam:
    """A seam that changes every response with one of the statuses."""
    return on_wire(lambda _, response: change(response) if response.status in statuses else response)


def error_document(change: Callable[[Document], object], *statuses: int) -> Seam:
    """A seam that changes the documents of error responses that have one of the statuses."""
    return on_error_response(lambda response: write(response, compact(change(response.json())).encode()), *statuses)


# An operation's document.


def on_document(change: Callable[[bytes], bytes], *, of: str = RUNS) -> Seam:
    """A seam that changes the bytes of an operation's response."""

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        if operation.operation_id != of:
            return operation

        def perform(arguments: Arguments) -> bytes:
            return change(operation.perform(arguments))

        return replace(operation, perform=perform)

    return Seam(alter)


def on_envelope(change: Callable[[Document], object]) -> Seam:
    """A seam that replaces the envelope."""
    return on_document(lambda document: compact(change(json.loads(document))).encode())


def on_body(change: Callable[[str], object]) -> Seam:
    """A seam that replaces the value of the envelope's ``body``."""
    return on_envelope(lambda envelope: {**envelope, "body": change(envelope["body"])})


def on_page(change: Callable[[Document], object]) -> Seam:
    """A seam that replaces the document inside the body string."""
    return on_body(lambda body: compact(change(json.loads(body))))


def on_rows(change: Callable[[list[Document]], object]) -> Seam:
    """A seam that replaces the rows of a page."""
    return on_page(lambda page: {**page, "rows": change(page["rows"])})


def on_row(change: Callable[[Document], object]) -> Seam:
    """A seam that replaces every row of a page."""
    return on_rows(lambda rows: [change(row) for row in rows])


def on_field(name: str, change: Callable[[Any], object]) -> Seam:
    """A seam that replaces the value of one field of every row."""
    return on_row(lambda row: {**row, name: change(row[name])})


def on_operators(change: Callable[[list[Document]], object]) -> Seam:
    """A seam that replaces the list of ShowNodes."""
    return on_document(lambda document: compact(change(json.loads(document))).encode(), of=NODES)


# The operations on assets and their lineage, whose responses have no envelope.


def on_json(change: Callable[[Document], object], *of: str) -> Seam:
    """A seam that replaces the document of some operations."""
    return on_answers(lambda _, perform, arguments: change(perform(arguments)), *of)


Ask: TypeAlias = "Callable[[Arguments], Any]"
"""Returns the document of the reference for a request."""


def on_answers(response: Callable[[str, Ask, Arguments], object], *of: str) -> Seam:
    """A seam that makes the document of some operations from the operation's id, the reference and the request."""

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        if operation.operation_id not in of:
            return operation

        def ask_reference(arguments: Arguments) -> Any:  # noqa: ANN401  a document
            return json.loads(operation.perform(arguments))

        def perform(arguments: Arguments) -> bytes:
            return compact(response(operation.operation_id, ask_reference, arguments)).encode()

        return replace(operation, perform=perform)

    return Seam(alter)


def on_content(change: Callable[[bytes], bytes], *of: str) -> Seam:
    """A seam that changes the body of a request before its validation."""
    return Seam(lambda operation, config: _with_content(change, of, operation, config))


def _with_content(
    change: Callable[[bytes], bytes], of: tuple[str, ...], operation: DeclaredOperation, config: MockConfig
) -> DeclaredOperation:
    if operation.operation_id not in of:
        return operation
    return on_request(lambda request: replace(request, body=change(request.body))).alter(operation, config)


# The parameters of an operation.


def on_arguments(change: Callable[[Values], Values], *, of: str = RUNS) -> Seam:
    """A seam that changes the parameters of a valid request before the operation is performed."""

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        if operation.operation_id != of:
            return operation

        def perform(arguments: Arguments) -> bytes:
            return operation.perform(replace(arguments, values=change(dict(arguments.values))))

        return replace(operation, perform=perform)

    return Seam(alter)


Perform: TypeAlias = "Callable[[Values], Document]"
"""Returns the page of the reference for some parameters."""


def on_listing(response: Callable[[Perform, Values], Document]) -> Seam:
    """A seam that makes a page of runs from the parameters, and from pages that it asks the reference for."""

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        if operation.operation_id != RUNS:
            return operation

        def page(values: Values) -> Document:
            document: Document = json.loads(json.loads(operation.perform(Arguments(values)))["body"])
            return document

        def perform(arguments: Arguments) -> bytes:
            values = dict(arguments.values)
            envelope = json.loads(operation.perform(arguments))
            envelope["body"] = compact(response(page, values))
            return compact(envelope).encode()

        return replace(operation, perform=perform)

    return Seam(alter)


def whole(perform: Perform, values: Values, **changes: str | int) -> Document:
    """The page of the reference with all rows that match the parameters, unless the changes set a limit."""
    return perform({**values, "offset": 0, "limit": MOST, **changes})


def cut(rows: list[Document], values: Values) -> list[Document]:
    """The rows of the requested page, from all rows."""
    offset, limit = int(values["offset"]), int(values["limit"])
    return rows[offset : offset + limit]


def on_whole(arrange: Callable[[list[Document], Values], list[Document]]) -> Seam:
    """A seam that replaces the rows of a window before pages are cut from them; the total counts the new rows."""

    def response(perform: Perform, values: Values) -> Document:
        everything = whole(perform, values)
        rows = arrange(everything["rows"], values)
        return {**everything, "rows": cut(rows, values), "total": len(rows)}

    return on_listing(response)


# The validation of a request.


def on_query(change: Callable[[Pairs], Pairs], *, of: str = RUNS) -> Seam:
    """A seam that changes the query before the parameters are read from it."""

    def rewrite(request: RequestParts) -> RequestParts:
        pairs = _pairs(request)
        if pairs is None or (changed := change(pairs)) == pairs:
            return request
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in changed)
        return replace(request, query=query.encode())

    return on_request(rewrite, of=of)


def on_parameter(name: str, change: Callable[[str], str]) -> Seam:
    """A seam that changes every value of one parameter of the query."""
    return on_query(lambda pairs: [(key, change(value) if key == name else value) for key, value in pairs])


def on_missing(name: str, value: str) -> Seam:
    """A seam that gives a missing parameter of the query a value."""
    return on_query(lambda pairs: pairs if any(key == name for key, _ in pairs) else [*pairs, (name, value)])


def on_request(change: Callable[[RequestParts], RequestParts], *, of: str | None = None) -> Seam:
    """A seam that changes a request after its authentication, before its parameters are validated."""

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        if of not in (None, operation.operation_id):
            return operation

        def judge(request: RequestParts) -> Arguments:
            return operation.judge(change(request))

        return replace(operation, judge=judge)

    return Seam(alter)


def fail_on(symptom: Symptom, *, of: str | None = RUNS) -> Seam:
    """A seam on which authenticated requests with a symptom get the documented error of a failure, a 500."""
    return refuse_on(symptom, HttpError(500, "APIGW.0601", "Internal server error"), of=of)


def refuse_on(symptom: Symptom, refusal: HttpError, *, of: str | None = RUNS) -> Seam:
    """A seam on which authenticated requests with a symptom get the given error."""

    def check(request: RequestParts) -> RequestParts:
        values: dict[str, list[str]] = {}
        for name, value in _pairs(request) or ():
            values.setdefault(name, []).append(value)
        if symptom(request, values):
            raise refusal
        return request

    return on_request(check, of=of)


def on_judgement(refused: Callable[[RequestParts, HttpError], HttpError]) -> Seam:
    """A seam that replaces the error for parameters or a body that are not valid."""

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        def judge(request: RequestParts) -> Arguments:
            try:
                return operation.judge(request)
            except HttpError as error:
                raise refused(request, error) from None

        return replace(operation, judge=judge)

    return Seam(alter)


def _pairs(request: RequestParts) -> Pairs | None:
    """The query's pairs; None if it is not UTF-8, which the reference itself reports."""
    try:
        return parse_qsl(request.query.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        return None


# Authentication.


def on_credentials(change: Callable[[RequestParts, MockConfig], RequestParts | None], *, of: str | None = None) -> Seam:
    """A seam that changes a request before its authentication, which is skipped if the change returns None."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        if of not in (None, operation.operation_id):
            return operation

        def authenticate(request: RequestParts) -> None:
            changed = change(request, config)
            if changed is not None:
                operation.authenticate(changed)

        return replace(operation, authenticate=authenticate)

    return Seam(alter)


def on_unauthorized(refused: Callable[[RequestParts, HttpError], HttpError]) -> Seam:
    """A seam that replaces the error for a request with wrong credentials."""

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        def authenticate(request: RequestParts) -> None:
            try:
                operation.authenticate(request)
            except HttpError as error:
                raise refused(request, error) from None

        return replace(operation, authenticate=authenticate)

    return Seam(alter)


def with_header(request: RequestParts, name: str, value: bytes) -> RequestParts:
    """The request with this header field, in place of any others of its name."""
    return replace(request, headers=[*without_header(request, name).headers, (name.lower().encode(), value)])


def without_header(request: RequestParts, name: str) -> RequestParts:
    """The request without a header field."""
    wanted = name.lower().encode()
    return replace(request, headers=[field for field in request.headers if field[0] != wanted])
