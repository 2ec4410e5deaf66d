"""The lists in which a client finds ids that are not configured: requests, and the decoding of their responses.

The documented operations are KeystoneListProjects, ListDataArtsStudioInstances and ListManagerWorkSpaces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar
from urllib.parse import quote

from msgspec import Struct, json

from dataarts_datamap._api.error_responses import (
    UNREADABLE,
    build_error,
    check_status,
    reason_of,
    refuse_error_body,
    wrong_response,
)
from dataarts_datamap._api.lenient_json import Int64, decode_as
from dataarts_datamap._arguments import path_segment
from dataarts_datamap._errors import InvalidArgumentError, InvalidEnvelopeError
from dataarts_datamap._messages import Request
from dataarts_datamap._text import whole_text

if TYPE_CHECKING:
    from dataarts_datamap._messages import Response

T = TypeVar("T")

PAGE_SIZE: Final = 100  # the largest page size that the documentation of these lists allows
_IN_EFFECT: Final = 2


def projects_request(*, endpoint: str, region: str) -> Request:
    return Request(
        method="GET",
        endpoint=endpoint,
        path="/v3/projects",
        query=(("name", region),),
        headers={"Content-Type": "application/json"},
    )


def instances_request(offset: int, *, endpoint: str, project_id: str) -> Request:
    """A request for a page of the project's orders of instances."""
    return _list_request(endpoint, project_id, "instances", offset)


def workspaces_request(offset: int, *, endpoint: str, project_id: str, instance_id: str) -> Request:
    return _list_request(endpoint, project_id, f"workspaces/{quote(instance_id, safe='')}", offset)


def _list_request(endpoint: str, project_id: str, what: str, offset: int) -> Request:
    return Request(
        method="GET",
        endpoint=endpoint,
        path=f"/v1/{quote(project_id, safe='')}/{what}",
        query=(("limit", str(PAGE_SIZE)), ("offset", str(offset))),
        headers={"Content-Type": "application/json", "X-Project-Id": project_id},
    )


class _Project(Struct):
    id: str
    name: str
    enabled: bool | None = None


class _Projects(Struct):
    projects: list[_Project]


class _Order(Struct):
    resource_id: str | None = None
    resource_name: str | None = None
    status: Int64 | None = None


class _Orders(Struct):
    commodity_orders: list[_Order] | None = None
    count: Int64 | None = None


class _Workspace(Struct):
    id: str
    name: str | None = None


class _Workspaces(Struct):
    data: list[_Workspace] | None = None
    count: Int64 | None = None
    total_page: Int64 | None = None


_PROJECTS: Final = json.Decoder(_Projects)
_ORDERS: Final = json.Decoder(_Orders)
_WORKSPACES: Final = json.Decoder(_Workspaces)


class ListedId(NamedTuple):
    """An id in a list. ``flaw`` says why it cannot be chosen, such as ``disabled``; None if it can."""

    id: str
    name: str | None
    flaw: str | None = None


class IdPage(NamedTuple):
    """A page of a list.

    Attributes:
        rows: The number of its rows. A missing list of instances or workspaces counts as empty, since an empty list can
            be left out.
        candidates: The ids in its rows; of projects, only those with the name of the region.
        total: The number of rows on all pages; None if it was not sent.
        pages: The number of pages; None if it was not sent.
        is_sent: Whether the response has a list of instances; always true for other lists.
    """

    rows: int
    candidates: list[ListedId]
    total: int | None = None
    pages: int | None = None
    is_sent: bool = True


def decode_projects(response: Response, *, region: str) -> IdPage:
    projects = _decode(response, _PROJECTS, "projects").projects
    named = [
        ListedId(one.id, whole_text(one.name), "disabled" if one.enabled is False else None)
        for one in projects
        if one.name == region
    ]
    return _checked(response, IdPage(len(projects), named))


def decode_instances(response: Response) -> IdPage:
    details = _decode(response, _ORDERS, "instances")
    orders = details.commodity_orders or []
    candidates = [
        ListedId(
            one.resource_id,
            one.resource_name and whole_text(one.resource_name),
            None if one.status == _IN_EFFECT else f"of status {one.status}",
        )
        for one in orders
        if one.resource_id
    ]
    return _checked(
        response, IdPage(len(orders), candidates, details.count, is_sent=details.commodity_orders is not None)
    )


def decode_workspaces(response: Response) -> IdPage:
    details = _decode(response, _WORKSPACES, "workspaces")
    workspaces = details.data or []
    candidates = [ListedId(one.id, one.name and whole_text(one.name)) for one in workspaces]
    return _checked(response, IdPage(len(workspaces), candidates, details.count, details.total_page))


def _decode(response: Response, decoder: json.Decoder[T], what: str) -> T:
    check_status(response)
    refuse_error_body(response)
    try:
        return decode_as(decoder, response.content)
    except UNREADABLE as error:
        reason = reason_of(error)
    raise wrong_response(response, f"a list of {what}", reason)


def _checked(response: Response, page: IdPage) -> IdPage:
    """The page, after a check that its ids are usable in requests."""
    try:
        for candidate in page.candidates:
            path_segment("id", candidate.id)
    except InvalidArgumentError as error:
        problem = f"the response lists an invalid id: {error}"
    else:
        return page
    raise build_error(InvalidEnvelopeError, problem, response)
