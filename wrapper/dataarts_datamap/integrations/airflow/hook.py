"""The hook, which makes clients from a connection of type ``datamap``."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast

from dataarts_datamap import (
    AccessKeyCredentials,
    AsyncDataMapClient,
    BadRequestError,
    ConfigurationError,
    DataMapClient,
    DataMapError,
    NotFoundError,
    TokenCredentials,
)
from dataarts_datamap.integrations.airflow._host import BaseHook, sync_to_async
from dataarts_datamap.integrations.airflow.provider_info import (
    CONNECTION_TYPE,
    EXTRA_FIELDS,
    FIELD_BEHAVIOUR,
    HOOK_NAME,
)

if TYPE_CHECKING:
    from dataarts_datamap import Credentials
    from dataarts_datamap.integrations.airflow._host import Connection

DEFAULT_CONNECTION: Final = "datamap_default"
"""Id of the default connection."""

_RATE: Final = 45  # below the service's limit of 50, since a busy machine sends some requests too close together
_NO_TABLE: Final = "00000000-0000-0000-0000-000000000000"


class DataMapHook(BaseHook):
    """Makes clients from a connection of type ``datamap``.

    Host is the endpoint, login the access key, password the secret key; without a login, the password is a token.
    Without both, Airflow's process looks for credentials (``find_credentials``). All other settings, such as region and
    ids, are in ``extra``. Missing settings come from the environment, as in ``from_env``. A client sends at most 45
    requests per second, unless the connection sets another limit; the service allows a user 50.

    Args:
        datamap_conn_id: Id of the connection.
    """

    conn_name_attr = "datamap_conn_id"
    default_conn_name = DEFAULT_CONNECTION
    conn_type = CONNECTION_TYPE
    hook_name = HOOK_NAME

    def __init__(self, datamap_conn_id: str = DEFAULT_CONNECTION) -> None:
        super().__init__()
        self.datamap_conn_id = datamap_conn_id

    def get_conn(self) -> DataMapClient:
        """A synchronous client; close it, or use it in a ``with`` block.

        Raises:
            AirflowException: Airflow does not know the connection.
            ConfigurationError: The connection is invalid, or there are no credentials; the text shows no secret.
            InvalidArgumentError: A field has an unusable value, such as an id with a slash, which would change the path
                of a request.
        """
        connection = self.get_connection(self.datamap_conn_id)
        return DataMapClient.from_env(**_settings_of(connection))

    async def aget_conn(self) -> AsyncDataMapClient:
        """A client for the running event loop; close it, or use it in an ``async with`` block.

        It raises the same errors as ``get_conn``.
        """
        return AsyncDataMapClient.from_env(**await self._asettings())

    async def _asettings(self) -> dict[str, Any]:
        if hasattr(BaseHook, "aget_connection"):
            connection = await self.aget_connection(self.datamap_conn_id)
            if hasattr(connection, "aextra_dejson"):
                return _settings(connection, cast("dict[str, Any]", await connection.aextra_dejson()))
            return await sync_to_async(_settings_of)(connection)
        return await sync_to_async(lambda: _settings_of(self.get_connection(self.datamap_conn_id)))()  # 3.0

    def test_connection(self) -> tuple[bool, str]:
        """Whether the service accepts the credentials, and a message."""
        try:
            with self.get_conn() as client:
                source = client.source()
                with suppress(BadRequestError, NotFoundError):  # the credentials were accepted
                    client.list_operators(_NO_TABLE)
        except DataMapError as error:
            return False, str(error)
        return True, f"project {source.project_id}, instance {source.instance_id}"

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """How the form of a connection shows the standard fields, for Airflow before 3.2."""
        return {name.replace("-", "_"): value for name, value in FIELD_BEHAVIOUR.items()}

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """The further fields of a connection, for Airflow before 3.2."""
        from wtforms import BooleanField, IntegerField, PasswordField, StringField  # noqa: PLC0415  only needed by the form

        kinds = {"security_token": PasswordField, "requests_per_second": IntegerField, "allow_http": BooleanField}
        return {
            name: kinds.get(name, StringField)(label, description=description)
            for name, (label, description) in EXTRA_FIELDS.items()
        }


def _settings_of(connection: Connection) -> dict[str, Any]:
    return _settings(connection, cast("dict[str, Any]", connection.extra_dejson))


def _settings(connection: Connection, extra: dict[str, Any]) -> dict[str, Any]:
    """The keywords of a client, with the parsed ``extra``."""
    if extra_text := connection.extra:
        _check_extra(extra_text, extra)
    given = {name: value for name, value in extra.items() if value is not None and value != ""}
    settings: dict[str, Any] = {name: given[name] for name in given if name not in _NOT_SETTINGS}
    settings["endpoint"] = _endpoint(connection)
    settings["credentials"] = _credentials(connection, given.get("security_token"))
    settings["requests_per_second"] = _number(given.get("requests_per_second", _RATE))
    if "allow_http" in given:
        settings["allow_http"] = str(given["allow_http"]).lower() in {"true", "1"}
    return settings


_NOT_SETTINGS: Final = frozenset({"security_token", "requests_per_second", "allow_http"})


def _check_extra(text: str, extra: dict[str, Any]) -> None:
    try:
        is_object = isinstance(json.loads(text), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise ConfigurationError("the connection's extra is not a JSON object")
    if unknown := sorted(extra.keys() - EXTRA_FIELDS.keys()):
        known = ", ".join(EXTRA_FIELDS)
        raise ConfigurationError(f"the connection's extra has {unknown[0]!r}, which is not one of {known}")


def _endpoint(connection: Connection) -> str | None:
    host = connection.host or ""
    if not host:
        return None
    address = host if "://" in host else f"https://{host}"
    return f"{address}:{connection.port}" if connection.port else address


def _credentials(connection: Connection, security_token: str | None) -> Credentials | None:
    if connection.login and connection.password:
        return AccessKeyCredentials(connection.login, connection.password, security_token)
    if connection.login:
        raise ConfigurationError("the connection has a login, which is an access key, but no password, its secret key")
    if security_token:
        raise ConfigurationError("the connection has a security_token, but no login and password for it")
    return TokenCredentials(connection.password) if connection.password else None


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise ConfigurationError("the connection's requests_per_second is not a number") from None
