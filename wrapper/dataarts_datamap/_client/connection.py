"""The address, ids and credentials of a client, for code that sends its own requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from dataarts_datamap._auth.credentials import AccessKeyCredentials, TokenCredentials
from dataarts_datamap._client.clients import DataMapClient
from dataarts_datamap._client.settings import completed_settings
from dataarts_datamap._errors import ConfigurationError
from dataarts_datamap._secrets import SecretStruct

if TYPE_CHECKING:
    from dataarts_datamap._client.settings import ClientSettings


class Connection(SecretStruct, frozen=True, kw_only=True):
    """Address and ids for a request, and a token or the access key that signs it. The repr only shows the address."""

    endpoint: str
    project_id: str
    instance_id: str
    token: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    security_token: str | None = None

    def __repr__(self) -> str:
        return f"Connection({self.endpoint!r})"


def find_connection(**settings: Unpack[ClientSettings]) -> Connection:
    """The connection of a client with these settings. Missing ids are looked up."""
    completed = completed_settings(settings)
    completed["workspace_id"] = None  # a connection has no workspace, so none is looked up
    with DataMapClient(**completed) as client:
        inside: dict[str, Any] = vars(client)
        credentials = inside["_credentials"]
        proof: dict[str, str | None]
        if isinstance(credentials, TokenCredentials):
            proof = {"token": credentials.token}
        elif isinstance(credentials, AccessKeyCredentials):
            proof = {name: getattr(credentials, name) for name in ("access_key", "secret_key", "security_token")}
        else:
            raise ConfigurationError(
                "a token or an access key is needed: set DATAMAP_TOKEN, or HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK"
            )
        source = client.source()
    return Connection(
        endpoint=inside["_settings"].endpoint,
        project_id=source.project_id,
        instance_id=source.instance_id,
        **proof,
    )
