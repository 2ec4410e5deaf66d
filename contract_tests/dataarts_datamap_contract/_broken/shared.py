"""Seams that servers of several subjects share, and requests that show their differences."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from dataarts_datamap_contract._broken.seams import (
    RUNS,
    Document,
    Perform,
    Response,
    Seam,
    Symptom,
    Values,
    ask,
    compact,
    on_arguments,
    on_listing,
    on_unauthorized,
    on_wire,
    write,
)
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp, Scope

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.record import Record
    from dataarts_datamap_contract.mock._web.requests import RequestParts
    from dataarts_datamap_contract.mock._web.validation import Arguments

Listing: TypeAlias = "Callable[[Perform, Values], Document]"
Operation: TypeAlias = "Callable[[Arguments], bytes]"

OK = 200
BAD_REQUEST = 400
UNAUTHORIZED = 401
SECOND = 1_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
CHINESE = "订单汇总_日报📊"
EMOJI_TASK = "941206"
WORKSPACE = "b88c445407b24283aa949f9833a38fd8"
"""The workspace of the documented operator."""
SALES_WORKSPACE = "4f6c1d2e9b8a47c3a5d0e1f2b3c4d5e6"
"""The other workspace, with the operator of ``SALES``."""
STAGE_JOB = "check/rows<stage>"
NOT_OVER = frozenset({"waiting", "waiting-confirm", "running", "pause", "running-exception"})
"""The statuses of runs that have not ended."""
OTHER_PROJECT_ID = "1c9d5b7e3f2a48c6a0d4e8b2f6c1a3d5"
"""Another tenant's project, which the target of the suite names."""
RARE = {"task_id": "971001", "job_name": "rare runs"}
"""The operator whose runs lie around midnight, the ends of months and the changes of the clocks."""
HOURLY = {"job_name": STAGE_JOB}
SALES = {"task_id": "958113", "job_name": "Load orders-eu"}


def as_object(value: object) -> Document | None:
    """The value if it is a JSON object, else None."""
    return cast("Document", value) if isinstance(value, dict) else None


def without(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The document without one of its members."""
    return {key: value for key, value in document.items() if key != name}


def set_arguments(**changes: Callable[[Any], Any]) -> Seam:
    """A seam that changes the parameters of these names, if they were sent."""
    return on_arguments(
        lambda values: {
            **values,
            **{name: change(values[name]) for name, change in changes.items() if name in values},
        }
    )


def own_total(count: Callable[[Document, Values, Perform], int]) -> Seam:
    """A seam that replaces the total of a page."""

    def response(perform: Perform, values: Values) -> Document:
        page = perform(values)
        return {**page, "total": count(page, values, perform)}

    return on_listing(response)


def own_rows(rows: Callable[[Document, Values, Perform], list[Document]]) -> Seam:
    """A seam that replaces the rows of a page, and leaves the total."""

    def response(perform: Perform, values: Values) -> Document:
        page = perform(values)
        return {**page, "rows": rows(page, values, perform)}

    return on_listing(response)


def remembered(*names: str) -> Seam:
    """A seam that caches pages by some of the parameters only."""

    def alter(operation: DeclaredOperation, _: MockConfig) -> DeclaredOperation:
        if operation.operation_id != RUNS:
            return operation
        pages: dict[object, bytes] = {}

        def perform(arguments: Arguments) -> bytes:
            name = tuple(arguments.values.get(each) for each in names)
            if name not in pages:
                pages[name] = operation.perform(arguments)
            return pages[name]

        return replace(operation, perform=perform)

    return Seam(alter)


def day(caller: Caller) -> dict[str, int]:
    """The window of a past day with runs."""
    present = int((caller.config.now or datetime.now(UTC)).timestamp()) * SECOND
    return {"start_time": present - 3 * DAY, "end_time": present - 2 * DAY}


def own_error_response(status: int, code: str, *, when: Callable[[RequestParts], bool]) -> Seam:
    """A seam that changes the status and the code of the error for certain requests with wrong credentials."""
    return on_unauthorized(lambda request, error: HttpError(status, code, error.message) if when(request) else error)


def data(response: Response) -> bool:
    """Whether a response has status 200 and the documented operator's task_id, as its runs and ShowNodes have."""
    return response.status == OK and b"937987" in response.body


def length(values: Values) -> int:
    """The milliseconds from the start of a window to its end."""
    return int(values["end_time"]) - int(values["start_time"])


def body_of(caller: Caller, **query: str | int) -> str:
    """The body string of a page of runs."""
    body: str = caller.envelope(**query)["body"]
    return body


def first_row(caller: Caller) -> Document:
    """The newest run of the documented operator."""
    row: Document = caller.rows()[0]
    return row


def is_json(text: str | bytes) -> bool:
    """Whether Python's lenient parser accepts a text as JSON."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def as_integer(text: str) -> int | None:
    """The integer that a text represents; None if it is no integer of at most 25 digits."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,25}", text) else None


def status_of(caller: Caller, **query: str | int | None) -> int:
    """The status of the response to a request for runs."""
    return caller.runs(**query).status


def has(name: str, matches: Callable[[str], bool]) -> Symptom:
    """The condition that a parameter of a request has a matching value."""
    return lambda _, values: any(matches(value) for value in values.get(name, ()))


@dataclass(frozen=True, slots=True)
class Anew(Seam):
    """A seam with a memory of earlier requests, made anew for each server.

    Attributes:
        make: Makes the seam with an empty memory.
    """

    make: Callable[[], Seam] = Seam

    def build(self, config: MockConfig, record: Record) -> ASGIApp:
        """The application with the difference, and with a memory of its own."""
        return self.make().build(config, record)


def listing(make: Callable[[], Listing]) -> Seam:
    """A seam whose pages depend on earlier requests; each server remembers its own requests."""
    return Anew(make=lambda: on_listing(make()))


def performed(of: str, make: Callable[[Operation, MockConfig], Operation]) -> Seam:
    """A seam that replaces the last step of an operation by one made from it."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        if operation.operation_id != of:
            return operation
        return replace(operation, perform=make(operation.perform, config))

    return Seam(alter)


def answered(change: Callable[[Scope, Response], Response]) -> Seam:
    """A seam that changes every response to a request under ``/datamap/``."""
    return on_wire(lambda scope, response: change(scope, response) if is_datamap(scope) else response)


def is_datamap(scope: Scope) -> bool:
    """Whether a request's path contains ``/datamap/``, as those of all operations of the specification do."""
    return b"/datamap/" in bytes(scope.get("raw_path", b"")).lower()


def sent(scope: Scope, name: str) -> str:
    """The values of a header field of a request, joined by commas; empty if it has none."""
    wanted = name.lower().encode()
    return ", ".join(value.decode("latin-1") for key, value in scope["headers"] if key == wanted)


def refused(response: Response, status: int, code: str, message: str) -> Response:
    """An error response in place of the given response."""
    return write(response, compact({"error_msg": message, "error_code": code}).encode(), status=status)


def walk(caller: Caller, limit: int, **question: Any) -> list[Document]:  # noqa: ANN401  any parameter
    """The rows of all pages, one after the other."""
    return [row for page in _pages(caller, limit, question) for row in page["rows"]]


def _pages(caller: Caller, limit: int, question: dict[str, Any]) -> Iterator[Document]:
    offset, total = 0, 1
    while offset < total:
        page = caller.page(offset=offset, limit=limit, **question)
        total = page["total"]
        offset += limit
        yield page


def ids(rows: list[Document]) -> list[int]:
    """The ids of some runs."""
    return [row["taskRunningLogId"] for row in rows]


def repeats(values: list[Any]) -> bool:
    """Whether any value occurs more than once."""
    return len(set(values)) < len(values)


def together(caller: Caller, *targets: str) -> list[Response]:
    """The responses to requests that are sent at the same time."""

    async def all_of_them() -> list[Response]:
        headers = {"host": "mock.test", **caller.headers}
        return await asyncio.gather(*(ask(caller.app, "GET", target, headers) for target in targets))

    return asyncio.run(all_of_them())


def guid_of(caller: Caller, name: str) -> str:
    """The GUID of the table whose qualified name begins with this name and an ``@``."""
    found = caller.search(name.rpartition(".")[2])["entities"]
    paths = {entity["attributes"]["qualifiedName"].partition("@")[0]: entity["guid"] for entity in found}
    return str(paths[name])


def on_authentication(
    make: Callable[[Callable[[RequestParts], None], MockConfig], Callable[[RequestParts], None]],
) -> Seam:
    """A seam that replaces the reference's authentication with one made from it."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        return replace(operation, authenticate=make(operation.authenticate, config))

    return Seam(alter)


def with_fields(caller: Caller, **fields: str) -> Response:
    """The response to a good request for 50 runs with further header fields; an underscore stands for a hyphen."""
    return caller.runs(
        {**caller.headers, **{name.replace("_", "-"): value for name, value in fields.items()}}, limit=50
    )


def total_of(caller: Caller, **query: Any) -> int:  # noqa: ANN401  parameters
    """The total of a page of runs."""
    return int(caller.page(**query)["total"])
