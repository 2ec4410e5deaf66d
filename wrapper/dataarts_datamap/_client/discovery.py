"""Looks up the ids of a project and an instance that were not given, and of a workspace that is ``auto``.

They are looked up when they are first needed. A lookup succeeds if exactly one candidate is usable; otherwise the error
lists the candidates.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from dataarts_datamap._api.id_lists import (
    PAGE_SIZE,
    decode_instances,
    decode_projects,
    decode_workspaces,
    instances_request,
    projects_request,
    workspaces_request,
)
from dataarts_datamap._client.settings import ONLY_WORKSPACE, Scope, how_to_set
from dataarts_datamap._errors import DiscoveryError, ServiceError
from dataarts_datamap._retry.exchange import exchange
from dataarts_datamap._shared_value import Fetched, SharedValue
from dataarts_datamap._text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dataarts_datamap._api.id_lists import IdPage, ListedId
    from dataarts_datamap._auth.credentials import Credentials
    from dataarts_datamap._client.settings import Settings
    from dataarts_datamap._messages import Request, Response, Send, Sleep, Steps, Wait
    from dataarts_datamap._retry.policy import Policy

T = TypeVar("T")

_REQUESTED: Final = "workspace_id"
"""The id that is only looked up if that is requested; the others are looked up if they are not set."""

_MOST_PAGES: Final = 20
_MOST_SHOWN: Final = 20
_LONGEST_TEXT: Final = 80
_MOST_EXCHANGES: Final = 3


class Discovery:
    """Looks up the missing ids of a client, once for all threads and tasks that need them."""

    def __init__(self, settings: Settings, credentials: Credentials, policy: Policy) -> None:
        self._settings = settings
        self._credentials = credentials
        self._policy = policy
        self._shared: SharedValue[Scope, Send | Sleep | Wait] = SharedValue(
            self._fetch, policy.clock.monotonic, margin=0.0
        )

    def scope(self) -> Steps[Scope]:
        patience = _MOST_EXCHANGES * self._policy.deadline
        return (yield from self._shared.get(self._policy.clock.monotonic() + patience))

    def _fetch(self) -> Steps[Fetched[Scope]]:
        project_id = self._settings.project_id or (yield from self._find_project())
        instance_id = self._settings.instance_id or (yield from self._find_instance(project_id))
        workspace_id = self._settings.workspace_id
        if workspace_id == ONLY_WORKSPACE:
            workspace_id = yield from self._find_workspace(project_id, instance_id)
        return Fetched(Scope(project_id, instance_id, workspace_id))

    def _find_project(self) -> Steps[str]:
        region = self._settings.region or ""
        request = projects_request(endpoint=self._settings.iam_endpoint or "", region=region)
        page = yield from self._ask("project_id", request, partial(decode_projects, region=region))
        return _only("project_id", page.candidates, what=f"project named {region} that is enabled")

    def _find_instance(self, project_id: str) -> Steps[str]:
        build = partial(instances_request, endpoint=self._settings.endpoint, project_id=project_id)
        orders = yield from self._walk("instance_id", build, decode_instances)
        return _only("instance_id", orders, what=f"DataArts Studio instance in effect in project {project_id}")

    def _find_workspace(self, project_id: str, instance_id: str) -> Steps[str]:
        build = partial(
            workspaces_request, endpoint=self._settings.endpoint, project_id=project_id, instance_id=instance_id
        )
        workspaces = yield from self._walk("workspace_id", build, decode_workspaces)
        return _only("workspace_id", workspaces, what=f"workspace in instance {instance_id}")

    def _walk(
        self, setting: str, build: Callable[[int], Request], decode: Callable[[Response], IdPage]
    ) -> Steps[list[ListedId]]:
        """The candidates on all pages of a list.

        The documentation says in one place that ``offset`` counts rows, and in another that it counts pages. For fewer
        than a hundred rows, which fit on one page, this makes no difference. For longer lists, rows are assumed; if
        this is wrong, rows are missing. The total or the number of pages shows it; without both, a full first page
        that is followed by nothing new leaves it open, which is an error.
        """
        found: dict[str, ListedId] = {}
        rows_read, last, told_end = 0, None, False
        total = pages = None
        for number in range(1, _MOST_PAGES + 1):
            page = yield from self._ask(setting, build(rows_read), decode)
            total, pages = _latest(page.total, total), _latest(page.pages, pages)
            is_end = not page.rows or page == last
            if is_end and not told_end:
                problem = _missing(rows_read, total, pages_read=number - 1, pages=pages)
                if problem is not None:
                    raise _undecided(setting, list(found.values()), problem)
            rows_read, last = rows_read + page.rows, page
            _add(found, page.candidates)
            told_end |= pages == number  # if the total contradicts, one more request decides
            if is_end or (pages == number if total is None else rows_read >= total):
                return list(found.values())
        raise _undecided(setting, list(found.values()), f"the list has no end after {_MOST_PAGES} pages")

    def _ask(self, setting: str, request: Request, decode: Callable[[Response], T]) -> Steps[T]:
        try:
            return (yield from exchange(request, self._credentials, self._policy, decode))
        except ServiceError as error:
            if error.path == request.path:  # otherwise the request was for a token
                state = f'is "{ONLY_WORKSPACE}"' if setting == _REQUESTED else "is not set"
                reason = f"this request was sent because {setting} {state}"
                error.args = (f"{error.args[0]}; {reason}: {how_to_set(setting)}",)
            raise


def _latest(sent: int | None, before: int | None) -> int | None:
    """The count as last sent, since an empty page can leave it out."""
    return before if sent is None else sent


def _missing(rows: int, total: int | None, *, pages_read: int, pages: int | None) -> str | None:
    """Why rows of a list are missing, or may be, if nothing new follows its pages; None if it is complete."""
    if total is not None:
        return f"only {rows} of {total} rows could be read" if rows < total else None
    if not pages_read:
        return None
    if pages is not None:
        return f"only {pages_read} of {pages} pages could be read" if pages_read < pages else None
    if pages_read == 1 and rows >= PAGE_SIZE:
        return f"the service does not say whether there are more than the {rows} rows of the first page"
    return None


def _add(found: dict[str, ListedId], candidates: Sequence[ListedId]) -> None:
    """Add the candidates of a page. An instance with several orders counts if one of its orders does."""
    for candidate in candidates:
        if candidate.id not in found or candidate.flaw is None:
            found[candidate.id] = candidate


def _only(setting: str, candidates: Sequence[ListedId], *, what: str) -> str:
    eligible = [candidate for candidate in candidates if candidate.flaw is None]
    if len(eligible) == 1:
        return eligible[0].id
    if eligible:
        raise _undecided(setting, eligible, f"there is more than one {what}")
    raise _undecided(setting, candidates, f"these credentials can see no {what}")


def _undecided(setting: str, candidates: Sequence[ListedId], problem: str) -> DiscoveryError:
    shown = ", ".join(map(_show, candidates[:_MOST_SHOWN]))
    more = f" and {len(candidates) - _MOST_SHOWN} more" if len(candidates) > _MOST_SHOWN else ""
    listed = f" ({shown}{more})" if candidates else ""
    state = f'is "{ONLY_WORKSPACE}", and' if setting == _REQUESTED else "is not set, and"
    error = DiscoveryError(f"{setting} {state} {problem}{listed}: {how_to_set(setting)}")
    error.candidates = tuple((candidate.id, candidate.name) for candidate in candidates)
    return error


def _show(candidate: ListedId) -> str:
    id_ = printable(candidate.id, limit=_LONGEST_TEXT)
    name = "" if candidate.name is None else f" '{printable(candidate.name, limit=_LONGEST_TEXT)}'"
    return f"{id_}{name}{'' if candidate.flaw is None else f' {candidate.flaw}'}"
