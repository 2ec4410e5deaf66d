"""The server that the conformance suite is aimed at, and the values that are real there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_REQUIRED = (
    *("DATAMAP_TOKEN", "DATAMAP_PROJECT_ID", "DATAMAP_INSTANCE_ID", "DATAMAP_TASK_ID", "DATAMAP_JOB_NAME"),
    *("DATAMAP_TABLE_GUID", "DATAMAP_WINDOW_START", "DATAMAP_WINDOW_END"),
)


class TargetError(ValueError):
    """The description of a server is incomplete or wrong; the text names all that is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server, credentials for it, and values that exist there.

    Attributes:
        endpoint: Where the server is, without a slash at its end.
        token: A value of ``X-Auth-Token`` that the server accepts.
        project_id: A project.
        instance_id: A DataArts Studio tenancy of that project.
        workspace_id: The workspace of the operator; None leaves it out of the requests.
        task_id: A job operator that has runs in the window.
        job_name: Its name.
        table_guid: A table that it produces.
        window_start: Start of the window, in milliseconds since the epoch.
        window_end: End of the window, best in the past, so that its data is at rest.
    """

    endpoint: str
    token: str = field(repr=False)
    project_id: str
    instance_id: str
    workspace_id: str | None = None
    task_id: str
    job_name: str
    table_guid: str
    window_start: int
    window_end: int

    @property
    def real_values(self) -> Mapping[str, str | int]:
        """Values of the specification's parameters, by their names, that together find rows."""
        values: dict[str, str | int] = {
            "project_id": self.project_id,
            "instance": self.instance_id,
            "guid": self.table_guid,
            "task_id": self.task_id,
            "job_name": self.job_name,
            "start_time": self.window_start,
            "end_time": self.window_end,
            "offset": 0,
            "limit": 10,
        }
        return values if self.workspace_id is None else {**values, "workspace_id": self.workspace_id}

    def redact(self, text: str) -> str:
        """The text without the token."""
        return text.replace(self.token, "[Filtered]")


def read_target(endpoint: str, environment: Mapping[str, str]) -> Target:
    """The target that an endpoint and environment variables describe.

    Args:
        endpoint: An http or https URL; the paths of the specification are put after it.
        environment: ``DATAMAP_TOKEN``, ``DATAMAP_PROJECT_ID``, ``DATAMAP_INSTANCE_ID``, ``DATAMAP_TASK_ID``,
            ``DATAMAP_JOB_NAME``, ``DATAMAP_TABLE_GUID``, ``DATAMAP_WINDOW_START`` and ``DATAMAP_WINDOW_END`` (epoch
            milliseconds), and where it matters ``DATAMAP_WORKSPACE_ID``.

    Raises:
        TargetError: Something is missing or wrong.
    """
    problems = [*_endpoint_problems(endpoint), *_environment_problems(environment)]
    if problems:
        raise TargetError(f"cannot aim at {_without_secrets(endpoint)}: {'; '.join(problems)}")
    return Target(
        endpoint=endpoint.rstrip("/"),
        token=environment["DATAMAP_TOKEN"],
        project_id=environment["DATAMAP_PROJECT_ID"],
        instance_id=environment["DATAMAP_INSTANCE_ID"],
        workspace_id=environment.get("DATAMAP_WORKSPACE_ID") or None,
        task_id=environment["DATAMAP_TASK_ID"],
        job_name=environment["DATAMAP_JOB_NAME"],
        table_guid=environment["DATAMAP_TABLE_GUID"],
        window_start=int(environment["DATAMAP_WINDOW_START"]),
        window_end=int(environment["DATAMAP_WINDOW_END"]),
    )


def _endpoint_problems(endpoint: str) -> list[str]:
    no_url = ["the endpoint is no http or https URL, such as https://dayu.eu-west-101.myhuaweicloud.eu"]
    try:
        parts = urlsplit(endpoint)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
            return no_url
    except ValueError:
        return no_url
    if "@" in parts.netloc or parts.query or parts.fragment:
        return ["the endpoint has a user, a query or a fragment: leave it out"]
    return []


def _environment_problems(environment: Mapping[str, str]) -> list[str]:
    missing = [name for name in _REQUIRED if not environment.get(name, "").strip()]
    problems = [f"set {', '.join(missing)}"] if missing else []
    for name in ("DATAMAP_TOKEN", "DATAMAP_INSTANCE_ID"):
        value = environment.get(name, "")
        if not (value.isascii() and value.isprintable()) or " " in value:
            problems.append(f"{name} has characters that no header can carry, a line end perhaps")
    window = [environment.get(name, "").strip() for name in ("DATAMAP_WINDOW_START", "DATAMAP_WINDOW_END")]
    if all(window):
        problems += _window_problems(*window)
    return problems


def _window_problems(start: str, end: str) -> list[str]:
    for name, text in (("DATAMAP_WINDOW_START", start), ("DATAMAP_WINDOW_END", end)):
        if not (text.isascii() and text.isdecimal()):
            return [f"{name} is {text!r}, not milliseconds since the epoch such as 1705248000000"]
    return [] if int(start) <= int(end) else ["DATAMAP_WINDOW_START is after DATAMAP_WINDOW_END"]


def _without_secrets(endpoint: str) -> str:
    return repr(endpoint.rpartition("@")[2].partition("?")[0])
