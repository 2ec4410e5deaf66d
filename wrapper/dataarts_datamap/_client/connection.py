"""Where the service is and who asks, for those who send their requests themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from dataarts_datamap._auth.credentials import AccessKeyCredentials, TokenCredentials
from dataarts_datamap._client.identifiers import Settings
from dataarts_datamap._client.settings import (
    DEFAULT_DEADLINE,
    DEFAULT_MAX_ANSWER_SIZE,
    DEFAULT_TIMEOUT,
    checked_settings,
    completed_settings,
    resolve_endpoint,
    resolve_iam_endpoint,
)
from dataarts_datamap._clock import Clock
from dataarts_datamap._errors import ConfigurationError
from dataarts_datamap._retry.policy import Policy, Retry
from dataarts_datamap._secrets import SecretStruct
from dataarts_datamap._transport.driver import Network, SyncTransport

if TYPE_CHECKING:
    from dataarts_datamap._auth.credentials import Credentials
    from dataarts_datamap._client.identifiers import Scope
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
    """What a client of these settings would ask with; ids that are missing are looked for as a client looks for them.

    Raises:
        ConfigurationError: Something is missing or unusable, or the credentials are neither a token nor an access key.
        CredentialsError: There are no credentials.
        DataMapError: An id that is looked for is not found.
    """
    completed = completed_settings(settings)
    way = {"allow_http": completed.get("allow_http", False), "is_proxied": completed.get("proxy") is not None}
    region = completed.get("region")
    known = checked_settings(
        Settings(
            endpoint=resolve_endpoint(completed.get("endpoint"), region, **way),
            iam_endpoint=resolve_iam_endpoint(completed.get("iam_endpoint"), region, **way),
            region=region,
            project_id=completed.get("project_id"),
            instance_id=completed.get("instance_id"),
        )
    )
    credentials = completed.get("credentials")
    if not isinstance(credentials, TokenCredentials | AccessKeyCredentials):
        raise ConfigurationError("a token or an access key is needed: set DATAMAP_TOKEN, or an access key")
    scope = known.scope or _find_scope(known, credentials)
    return Connection(
        endpoint=known.endpoint,
        project_id=scope.project_id,
        instance_id=scope.instance_id,
        **_proof(credentials),
    )


def _find_scope(known: Settings, credentials: Credentials) -> Scope:
    from dataarts_datamap._client.discovery import Discovery  # noqa: PLC0415  loaded where something is looked for

    policy = Policy(Retry(), DEFAULT_DEADLINE, Clock())
    network = Network(timeout=DEFAULT_TIMEOUT, max_answer_size=DEFAULT_MAX_ANSWER_SIZE, proxy=None)
    transport = SyncTransport(network, policy.clock)
    try:
        return transport.run(Discovery(known, credentials, policy).scope())
    finally:
        transport.close()


def _proof(credentials: TokenCredentials | AccessKeyCredentials) -> dict[str, str | None]:
    if isinstance(credentials, TokenCredentials):
        return {"token": credentials.token}
    return {
        "access_key": credentials.access_key,
        "secret_key": credentials.secret_key,
        "security_token": credentials.security_token,
    }
