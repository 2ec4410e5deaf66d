"""Where the service is and who asks, for those who send their requests themselves."""

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
    """What a request needs beside what it asks for.

    Attributes:
        endpoint: Address of the service.
        project_id: The project.
        instance_id: The DataArts Studio tenancy.
        token: The token; None if requests are signed. Left out of the repr.
        access_key: The access key; None if there is a token.
        secret_key: What requests are signed with. Left out of the repr.
        security_token: What belongs to a temporary access key. Left out of the repr.
    """

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
    """What a client of these settings would ask with; ids that are missing are looked up as it looks them up.

    Raises:
        ConfigurationError: Something is missing or unusable, or the credentials are neither a token nor an access key.
        CredentialsError: There are no credentials.
        DataMapError: An id that is looked for is not found.
    """
    completed = completed_settings(settings)
    completed["workspace_id"] = None  # no request of theirs has one, so none is looked up
    with DataMapClient(**completed) as client:
        inside: dict[str, Any] = vars(client)
        credentials = inside["_credentials"]
        if not isinstance(credentials, TokenCredentials | AccessKeyCredentials):
            raise ConfigurationError("a token or an access key is needed: set DATAMAP_TOKEN, or an access key")
        source = client.source()
    return Connection(
        endpoint=inside["_settings"].endpoint,
        project_id=source.project_id,
        instance_id=source.instance_id,
        **_proof(credentials),
    )


def _proof(credentials: TokenCredentials | AccessKeyCredentials) -> dict[str, str | None]:
    if isinstance(credentials, TokenCredentials):
        return {"token": credentials.token}
    return {
        "access_key": credentials.access_key,
        "secret_key": credentials.secret_key,
        "security_token": credentials.security_token,
    }
