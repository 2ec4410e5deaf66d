"""The server that the conformance suite tests, and values that exist there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OffsetUnit: TypeAlias = Literal["rows", "pages"]
WindowColumn: TypeAlias = Literal["auto", "planTime", "submitTime", "startTime", "endTime"]

_BEGINNING = 12
SHORTEST_SECRET = 4
"""The fewest characters of a secret that are redacted: other words can contain fewer."""

_FILTERED = "[Filtered]"
_NEVER_EMPTY = (
    *("token", "access_key", "secret_key", "security_token", "project_id", "instance_id", "workspace_id"),
    *("task_id", "job_name", "table_guid"),
)


class TargetError(ValueError):
    """A server cannot be tested as it is described; the text says why."""


def is_url(endpoint: str) -> bool:
    """Whether a text is an http or https URL with a host that can be looked up."""
    try:
        parts = urlsplit(endpoint)
        host = (parts.hostname or "").encode("idna")
        return parts.scheme in {"http", "https"} and bool(host) and parts.port != 0 and parts.path.isascii()
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownJob:
    """Another operator of the target's table, with runs in the target's window.

    Attributes:
        task_id: Its task.
        job_name: Its name, preferably one with unusual characters.
        workspace_id: Its workspace; None leaves it out of the requests.
    """

    task_id: str
    job_name: str
    workspace_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondTenant:
    """Data of another tenant that the target's credentials must not open; only what is named is requested.

    Attributes:
        project_id: Another tenant's project.
        instance_id: Another tenant's DataArts Studio tenancy.
        table_guid: Another tenant's table.
        task_id: Another tenant's task.
        job_name: The name of that task's operator; if None, the target's own ``job_name`` is sent.
    """

    project_id: str | None = None
    instance_id: str | None = None
    table_guid: str | None = None
    task_id: str | None = None
    job_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server, credentials for it, and values that exist there.

    Attributes:
        endpoint: URL of the server, without a trailing slash.
        token: A value of ``X-Auth-Token`` that the server accepts; None if there is only an access key.
        access_key: An access key that the server accepts; None if there is only a token.
        secret_key: The secret key of ``access_key``, to sign requests.
        security_token: The ``X-Security-Token`` of a temporary access key.
        project_id: A project.
        instance_id: A DataArts Studio tenancy of that project.
        workspace_id: The workspace of the operator; None leaves it out of the requests.
        task_id: A job operator that has runs in the window.
        job_name: Its name.
        table_guid: A table that this operator reads or writes; if None, ShowNodes is not called.
        window_start: Start of the window, in milliseconds since the epoch.
        window_end: End of the window, in the past, so that its data no longer changes.
        offset_unit: What ``offset`` counts: ``rows`` or ``pages``, the first being page 0.
        window_column: The time of a run that the window filters on; ``auto`` accepts either ``planTime`` or
            ``startTime``, used consistently.
        rate_limit: Most requests a second, on average; None for no limit. If the settings leave it out, it is 10 unless
            the server is a mock or on this machine.
        max_requests: Most requests of a run; the deep budget allows five times as many. When they are spent, the
            checks that have no verdict yet stay untested.
        undeclared_methods: Statuses with which the server may refuse an undeclared method; if empty, any 4xx and 501.
        is_mock: Whether the server is a mock: it may be sent any number of wrong signatures, a token in the query, and
            methods that could write.
        allow_credential_probes: Whether a token in the query, and more than two wrong signatures, may be sent although
            the server is not a mock.
        known_jobs: Other operators of the table that have runs in the window.
        second_tenant: Data of another tenant; None if none is known.

    Raises:
        TargetError: The endpoint is no URL with a host; an id or a credential is empty; there are no credentials; one
            of an access key and its secret key is missing; the window ends before it starts; or the rate limit is not
            above 0.
    """

    endpoint: str
    token: str | None = field(default=None, repr=False)
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    security_token: str | None = field(default=None, repr=False)
    project_id: str
    instance_id: str
    workspace_id: str | None = None
    task_id: str
    job_name: str
    table_guid: str | None = None
    window_start: int
    window_end: int
    offset_unit: OffsetUnit = "rows"
    window_column: WindowColumn = "auto"
    rate_limit: float | None = None
    max_requests: int = 4_000
    undeclared_methods: tuple[int, ...] = ()
    is_mock: bool = False
    allow_credential_probes: bool = False
    known_jobs: tuple[KnownJob, ...] = ()
    second_tenant: SecondTenant | None = None

    def __post_init__(self) -> None:
        if not is_url(self.endpoint):
            raise TargetError("the endpoint is not an http or https URL with a host")
        for name in _NEVER_EMPTY:
            if getattr(self, name) == "":
                raise TargetError(f"{name} is '': name one, or leave it out if it is not required")
        if (self.access_key is None) != (self.secret_key is None):
            raise TargetError("an access key and its secret key go together: give both or neither")
        if self.token is None and self.access_key is None:
            raise TargetError("no credentials: give a token, or an access key with its secret key")
        if self.window_start > self.window_end:
            raise TargetError(f"the window starts at {self.window_start}, after it ends at {self.window_end}")
        if self.rate_limit is not None and not self.rate_limit > 0:
            raise TargetError(f"a rate limit of {self.rate_limit} requests a second lets none through: leave it out")

    @property
    def real_values(self) -> Mapping[str, str | int]:
        """Values of the specification's parameters, by name, that together find rows."""
        values: dict[str, str | int] = {
            "project_id": self.project_id,
            "instance": self.instance_id,
            **({} if self.table_guid is None else {"guid": self.table_guid}),
            "task_id": self.task_id,
            "job_name": self.job_name,
            "start_time": self.window_start,
            "end_time": self.window_end,
            "offset": 0,
            "limit": 10,
        }
        return values if self.workspace_id is None else {**values, "workspace_id": self.workspace_id}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Secrets that no report may show, longest first."""
        known = {secret for secret in (self.token, self.secret_key, self.security_token) if secret}
        return tuple(sorted(known, key=len, reverse=True))

    def redact(self, text: str, others: Iterable[str] = ()) -> str:
        """The text without the secrets, and without others; those shorter than `SHORTEST_SECRET` stay.

        Texts from a server are cut: so a word that begins like a long secret is left out, too.
        """
        known = sorted({*self.secrets, *others}, key=lambda secret: (-len(secret), secret))
        whole = map(re.escape, (_FILTERED, *(secret for secret in known if len(secret) >= SHORTEST_SECRET)))
        begun = (re.escape(secret[:_BEGINNING]) for secret in known if len(secret) >= 2 * _BEGINNING)
        return re.sub("|".join((*whole, *(f"{each}[A-Za-z0-9+/=_-]*" for each in begun))), _FILTERED, text)
