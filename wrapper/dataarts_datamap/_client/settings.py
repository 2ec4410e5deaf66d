"""The settings of a client: its keywords, the variables of the environment, their checks, and the ids that it sends."""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING, Final, TypedDict, TypeVar

from msgspec import Struct

from dataarts_datamap._api.endpoints import checked_endpoint
from dataarts_datamap._api.regions import find_region
from dataarts_datamap._arguments import any_text, identifier, login_text, path_segment
from dataarts_datamap._auth.chain import Found, Search, allows_http
from dataarts_datamap._errors import ConfigurationError, InvalidArgumentError
from dataarts_datamap._text import shown

if TYPE_CHECKING:
    from dataarts_datamap._auth.credentials import Credentials
    from dataarts_datamap._clock import Clock
    from dataarts_datamap._retry.attempts import AttemptHook
    from dataarts_datamap._retry.policy import Retry

T = TypeVar("T")

DEFAULT_TIMEOUT: Final = 60.0
_LONGEST_TIMEOUT: Final = 86_400.0
DEFAULT_DEADLINE: Final = 120.0
DEFAULT_MAX_ANSWER_SIZE: Final = 64 * 1024 * 1024
DEFAULT_RATE: Final = 50.0  # documented: the limit for one user on all of the Data Map
_LEAST_RATE: Final = 1e-5  # about one a day
_MOST_RATE: Final = 1_000_000  # each request of the last second is remembered
DEFAULT_CONCURRENCY: Final = 8
MOST_CONCURRENCY: Final = 32  # more is useless: a walk names at most that many pages to read ahead

ONLY_WORKSPACE: Final = "auto"
"""The value of a workspace id that means the instance's only workspace."""


class Scope(Struct, frozen=True):
    """The ids that are sent with requests. If there is no workspace, none is sent, and the service decides."""

    project_id: str
    instance_id: str
    workspace_id: str | None


class Settings(Struct, frozen=True, kw_only=True):
    """The known ids of a scope, the region, and the addresses of the services.

    Attributes:
        endpoint: Address of the service.
        iam_endpoint: Address of IAM; None if it is not known.
        obs_endpoint: Address of object storage; None for the address in the region.
        region: The region; None if it is not known. A project that must be looked up has the region's name.
        project_id: The project; None to look it up.
        instance_id: The instance; None to look it up.
        workspace_id: The workspace; None to send none, ``ONLY_WORKSPACE`` to look it up.
    """

    endpoint: str
    iam_endpoint: str | None
    obs_endpoint: str | None
    region: str | None
    project_id: str | None
    instance_id: str | None
    workspace_id: str | None

    @property
    def scope(self) -> Scope | None:
        """The scope; None if an id of it must be looked up."""
        if self.project_id is None or self.instance_id is None or self.workspace_id == ONLY_WORKSPACE:
            return None
        return Scope(self.project_id, self.instance_id, self.workspace_id)


def how_to_set(setting: str) -> str:
    option, variable = setting.replace("_", "-"), setting.upper()
    return f"pass {setting}=… (--{option}), or set DATAMAP_{variable} for from_env()"


class ClientSettings(TypedDict, total=False):
    """The keywords of a client."""

    endpoint: str | None
    region: str | None
    iam_endpoint: str | None
    obs_endpoint: str | None
    project_id: str | None
    instance_id: str | None
    workspace_id: str | None
    credentials: Credentials | None
    timeout: float
    deadline: float
    retry: Retry | None
    max_answer_size: int
    proxy: str | None
    allow_http: bool
    requests_per_second: float | None
    concurrency: int
    on_attempt: AttemptHook | None
    clock: Clock | None


def completed_settings(settings: ClientSettings) -> ClientSettings:
    def first(given: str | None, *names: str) -> str | None:
        return next(filter(None, map(os.environ.get, names)), None) if given is None else given

    completed = settings.copy()
    if settings.get("endpoint") is None and settings.get("region") is None:
        completed["endpoint"] = first(None, "DATAMAP_ENDPOINT")
        completed["region"] = first(None, "DATAMAP_REGION")
    if completed.get("endpoint") is None:
        completed["endpoint"] = _overridden_endpoint(completed.get("region"))
    if settings.get("allow_http") is None:
        completed["allow_http"] = allows_http(os.environ)
    completed["instance_id"] = first(settings.get("instance_id"), "DATAMAP_INSTANCE_ID")
    completed["obs_endpoint"] = first(settings.get("obs_endpoint"), "DATAMAP_OBS_ENDPOINT")
    completed["workspace_id"] = first(settings.get("workspace_id"), "DATAMAP_WORKSPACE_ID")
    project_id = first(settings.get("project_id"), "DATAMAP_PROJECT_ID", "HUAWEICLOUD_SDK_PROJECT_ID")
    iam_endpoint = first(settings.get("iam_endpoint"), "HUAWEICLOUD_SDK_IAM_ENDPOINT")
    given = settings.get("credentials")
    found = (
        Search(
            environ=os.environ,
            region=completed.get("region"),
            project_id=project_id,
            iam_endpoint=iam_endpoint,
            allow_http=completed.get("allow_http", False),
        ).run()
        if given is None
        else Found(given)
    )
    completed["credentials"] = found.credentials
    completed["project_id"] = found.project_id if project_id is None else project_id
    completed["iam_endpoint"] = found.iam_endpoint if iam_endpoint is None else iam_endpoint
    return completed


def _overridden_endpoint(region: str | None) -> str | None:
    """The address for a region in the official SDK's variable; the first if it has several, separated by commas.

    None if the variable is not set or there is no region.
    """
    if region is None:
        return None
    name = any_text("region", region).replace("-", "_").upper()
    variable = f"HUAWEICLOUD_SDK_REGION_DATAARTSSTUDIO_{name}"
    return os.environ.get(variable, "").partition(",")[0].strip() or None


def checked_settings(settings: Settings) -> Settings:
    """The settings, if their ids are usable in requests, and a missing project can be looked up."""
    if settings.region is not None:
        any_text("region", settings.region)
    if settings.project_id is not None:
        path_segment("project_id", settings.project_id)
    elif settings.region is not None:
        login_text("region", settings.region)  # the name of the project to look up
    else:
        raise ConfigurationError(
            "project_id is missing, and without a region it cannot be looked up: "
            f"{how_to_set('project_id')}; or pass region=… (--region) beside the endpoint"
        )
    if settings.instance_id is not None:
        identifier("instance_id", settings.instance_id)
    if settings.workspace_id is not None:
        identifier("workspace_id", settings.workspace_id)
    return settings


def resolve_endpoint(endpoint: str | None, region: str | None, *, allow_http: bool, is_proxied: bool) -> str:
    if endpoint is not None:
        return checked_endpoint(endpoint, allow_http=allow_http, is_proxied=is_proxied)
    if region is not None:
        return find_region(region).endpoint
    raise ConfigurationError(
        "endpoint and region are missing: pass one (--endpoint, --region), or set DATAMAP_ENDPOINT or DATAMAP_REGION"
    )


def resolve_iam_endpoint(endpoint: str | None, region: str | None, *, allow_http: bool, is_proxied: bool) -> str | None:
    if endpoint is not None:
        return checked_endpoint(endpoint, name="IAM endpoint", allow_http=allow_http, is_proxied=is_proxied)
    return None if region is None else find_region(region).iam_endpoint


def resolve_obs_endpoint(endpoint: str | None, *, allow_http: bool, is_proxied: bool) -> str | None:
    if endpoint is None:
        return None
    from dataarts_datamap._logs.locations import checked_storage_endpoint  # noqa: PLC0415  rarely needed

    return checked_storage_endpoint(endpoint, allow_http=allow_http, is_proxied=is_proxied)


def checked_credentials(credentials: Credentials) -> Credentials:
    if not callable(getattr(credentials, "authenticate", None)):
        kind = type(credentials).__name__
        raise InvalidArgumentError(f"credentials must be credentials such as TokenCredentials(…), not {kind}")
    return credentials


def checked_hook(hook: AttemptHook | None) -> AttemptHook | None:
    if hook is not None and (not callable(hook) or inspect.iscoroutinefunction(hook)):
        raise InvalidArgumentError(f"on_attempt must be a plain function of one Attempt, not {shown(hook)}")
    return hook


def instance_or_default(name: str, value: object, kind: type[T]) -> T:
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise InvalidArgumentError(f"{name} must be a {kind.__name__}, not {type(value).__name__}")
    return value


def checked_seconds(name: str, seconds: object) -> float:
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds <= _LONGEST_TIMEOUT:
        raise InvalidArgumentError(f"{name} must be a number of seconds above 0, a day at most, not {shown(seconds)}")
    return seconds


def checked_rate(rate: object) -> float | None:
    if rate is None:
        return None
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not _LEAST_RATE <= rate <= _MOST_RATE:
        raise InvalidArgumentError(
            f"requests_per_second must be a number from {_LEAST_RATE:g} to {_MOST_RATE:,}, or None, not {shown(rate)}"
        )
    return rate
