"""The seams that servers of this cohort share, and the requests that show their differences."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from dataarts_datamap_contract._broken.outside.relations import CHECKS
from dataarts_datamap_contract._broken.seams import Document, Response, Seam, ask, compact, on_listing, on_wire, write
from dataarts_datamap_contract._broken.servers import BrokenServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp, Scope

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract._broken.outside.relations import Relation
    from dataarts_datamap_contract._broken.seams import Perform, Values
    from dataarts_datamap_contract._broken.servers import Level, Shown
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.record import Record
    from dataarts_datamap_contract.mock._web.validation import Arguments

Listing: TypeAlias = "Callable[[Perform, Values], Document]"
Operation: TypeAlias = "Callable[[Arguments], bytes]"

RARE = {"task_id": "971001", "job_name": "rare runs"}
"""The operator whose runs lie around midnight, the ends of months and the changes of the clocks."""

HOURLY = {"job_name": "check/rows<stage>"}
SALES = {"task_id": "958113", "job_name": "Load orders-eu"}


@dataclass(frozen=True, slots=True)
class Anew(Seam):
    """A seam that remembers, made anew for each server.

    Attributes:
        make: Makes the seam with an empty memory.
    """

    make: Callable[[], Seam] = Seam

    def build(self, config: MockConfig, record: Record) -> ASGIApp:
        """The application with a memory of its own."""
        return self.make().build(config, record)


def broken(  # noqa: PLR0913  what a server declares
    name: str, rule: str, relation: Relation, seam: Seam, shown: Shown, *, level: Level = "C"
) -> BrokenServer:
    """A broken server of this cohort."""
    return BrokenServer(
        name=name, level=level, rule=rule, checks=CHECKS[relation], seam=seam, shown=shown, cohort="outside"
    )


def listing(make: Callable[[], Listing]) -> Seam:
    """A seam whose pages depend on earlier requests; each server remembers its own requests."""
    return Anew(make=lambda: on_listing(make()))


def performed(of: str, make: Callable[[Operation, MockConfig], Operation]) -> Seam:
    """A seam that replaces an operation by one made from it."""

    def alter(operation: DeclaredOperation, config: MockConfig) -> DeclaredOperation:
        if operation.operation_id != of:
            return operation
        return replace(operation, perform=make(operation.perform, config))

    return Seam(alter)


def answered(change: Callable[[Scope, Response], Response]) -> Seam:
    """A seam that changes every response of an operation of the specification."""
    return on_wire(lambda scope, response: change(scope, response) if is_datamap(scope) else response)


def is_datamap(scope: Scope) -> bool:
    """Whether a request is for an operation of the specification."""
    return b"/datamap/" in bytes(scope.get("raw_path", b"")).lower()


def sent(scope: Scope, name: str) -> str:
    """A header field of a request; blank if it has none."""
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
    """The GUID of the table with a full name."""
    found = caller.search(name.rpartition(".")[2])["entities"]
    paths = {entity["attributes"]["qualifiedName"].partition("@")[0]: entity["guid"] for entity in found}
    return str(paths[name])
