"""The ids that a client sends, and the settings that they come from."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

ONLY_WORKSPACE: Final = "auto"
"""The value of a workspace id that means the instance's only workspace."""


class Scope(Struct, frozen=True):
    """The ids that are sent with requests. If there is no workspace, none is sent, and the service decides."""

    project_id: str
    instance_id: str
    workspace_id: str | None = None


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
    iam_endpoint: str | None = None
    obs_endpoint: str | None = None
    region: str | None = None
    project_id: str | None = None
    instance_id: str | None = None
    workspace_id: str | None = None

    @property
    def scope(self) -> Scope | None:
        """The scope; None if an id of it must be looked up."""
        if self.project_id is None or self.instance_id is None or self.workspace_id == ONLY_WORKSPACE:
            return None
        return Scope(self.project_id, self.instance_id, self.workspace_id)


def how_to_set(setting: str) -> str:
    """How to set a missing setting, for an error text."""
    option, variable = setting.replace("_", "-"), setting.upper()
    return f"pass {setting}=… (--{option}), or set DATAMAP_{variable} for from_env()"
