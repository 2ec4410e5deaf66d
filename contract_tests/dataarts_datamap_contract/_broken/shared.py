"""Parts of servers of several subjects, and functions that show their difference."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from dataarts_datamap_contract._broken.seams import (
    RUNS,
    Document,
    Perform,
    Response,
    Seam,
    Symptom,
    Values,
    on_arguments,
    on_listing,
    on_unauthorized,
)
from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap_contract._broken.caller import Caller
    from dataarts_datamap_contract.mock import MockConfig
    from dataarts_datamap_contract.mock._serving.app import DeclaredOperation
    from dataarts_datamap_contract.mock._web.requests import RequestParts
    from dataarts_datamap_contract.mock._web.validation import Arguments

OK = 200
BAD_REQUEST = 400
UNAUTHORIZED = 401
SECOND = 1_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
CHINESE = "订单汇总_日报📊"
EMOJI_TASK = "941206"
OTHER_PROJECT_ID = "1c9d5b7e3f2a48c6a0d4e8b2f6c1a3d5"
"""Another tenant's project, which the target of the suite names."""


def as_object(value: object) -> Document | None:
    """The value if it is a JSON object."""
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
    """A seam on which pages are cached under some of the parameters only."""

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
    """A past day with runs."""
    present = int((caller.config.now or datetime.now(UTC)).timestamp()) * SECOND
    return {"start_time": present - 3 * DAY, "end_time": present - 2 * DAY}


def own_error_response(status: int, code: str, *, when: Callable[[RequestParts], bool]) -> Seam:
    """A seam that gives the errors for some requests with wrong credentials another status and code."""
    return on_unauthorized(lambda request, error: HttpError(status, code, error.message) if when(request) else error)


def data(response: Response) -> bool:
    """Whether a response has rows or operators."""
    return response.status == OK and b"937987" in response.body


def as_integer(text: str) -> int | None:
    """The integer that a text represents; None if it does not."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,25}", text) else None


def status_of(caller: Caller, **query: str | int | None) -> int:
    """The status of a page of runs."""
    return caller.runs(**query).status


def has(name: str, matches: Callable[[str], bool]) -> Symptom:
    """The condition that a parameter of a request has a matching value."""
    return lambda _, values: any(matches(value) for value in values.get(name, ()))
