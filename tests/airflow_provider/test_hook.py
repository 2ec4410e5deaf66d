"""The hook: a connection as Airflow has it becomes a client, and no secret comes out."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import ConfigurationError, DataMapError
from dataarts_datamap.integrations.airflow import DataMapHook
from support.airflow_dags import AIRFLOW

if TYPE_CHECKING:
    from dataarts_datamap_contract.mock import FakeService

SECRET = "made-up-secret-that-must-not-show"


def connect(monkeypatch: pytest.MonkeyPatch, connection: dict[str, Any], **changes: object) -> None:
    """Change what the connection says."""
    monkeypatch.setenv("AIRFLOW_CONN_DATAMAP_DEFAULT", json.dumps({**connection, **changes}))


def ask(service: FakeService) -> dict[str, Any]:
    """The headers that a client of the hook sends."""
    with DataMapHook().get_conn() as client:
        client.list_operators(service.table_guid)
    headers: dict[str, Any] = service.requests[-1]["headers"]
    return {name.lower(): value for name, value in headers.items()}


def test_access_key(service: FakeService, connection: dict[str, Any]) -> None:  # noqa: ARG001  sets the environment
    """Login and password are an access key and its secret key: requests are signed."""
    service.add_operator()

    assert "x-sdk-date" in ask(service)


def test_token(service: FakeService, connection: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A password without a login is a token."""
    service.add_operator()
    connect(monkeypatch, connection, login=None, password=service.token)

    assert "x-auth-token" in ask(service)


def test_own_credentials(service: FakeService, connection: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without both, the credentials and settings are those of the machine."""
    service.add_operator()
    connect(monkeypatch, connection, host=None, login=None, password=None, extra={})
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)

    assert "x-auth-token" in ask(service)


def test_event_loop(service: FakeService, connection: dict[str, Any]) -> None:  # noqa: ARG001  sets the environment
    """The client for an event loop is made of the same connection."""
    operator = service.add_operator()

    async def list_operators() -> list[str]:
        async with await DataMapHook().aget_conn() as client:
            return [one.job_name for one in await client.list_operators(service.table_guid)]

    assert [operator["job_name"]] == asyncio.run(list_operators())


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"extra": {"projectid": SECRET}},
            "the connection's extra has 'projectid', which is not one of region, project_id",
        ),
        pytest.param(
            {"extra": f"[{SECRET}"},
            "the connection's extra is not a JSON object",
            marks=pytest.mark.skipif(AIRFLOW < (3, 2), reason="Airflow before 3.2 says that there is none"),
        ),
        ({"login": SECRET, "password": None}, "the connection has a login, which is an access key, but no password"),
        ({"login": None, "password": None, "extra": {"security_token": SECRET}}, "the connection has a security_token"),
        ({"extra": {"requests_per_second": SECRET}}, "requests_per_second is not a number"),
    ],
)
def test_unusable_connection(
    connection: dict[str, Any], monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], text: str
) -> None:
    """What a connection says and cannot mean is an error that names the field, not its value."""
    connect(monkeypatch, connection, **changes)

    with pytest.raises(ConfigurationError) as caught:
        DataMapHook().get_conn()

    assert text in str(caught.value)
    assert SECRET not in str(caught.value)


def test_settings(connection: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A host without a scheme is https, a port belongs to it, and the rest of extra are keywords of the client."""
    extra = {"project_id": "p", "instance_id": "i", "workspace_id": "", "requests_per_second": "25", "region": None}
    connect(monkeypatch, connection, host="dayu.example.com", port=8443, extra=extra)

    with DataMapHook().get_conn() as client:
        assert "DataMapClient(endpoint='https://dayu.example.com:8443', project_id='p', instance_id='i')" == repr(
            client
        )


def test_plain_http(connection: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain http to another machine is refused, unless the connection allows it."""
    extra: dict[str, Any] = {"project_id": "p", "instance_id": "i"}
    connect(monkeypatch, connection, host="http://dayu.example.com", extra=extra)
    with pytest.raises(DataMapError, match="http"):
        DataMapHook().get_conn()

    connect(monkeypatch, connection, host="http://dayu.example.com", extra={**extra, "allow_http": True})
    DataMapHook().get_conn().close()


def test_connection_test(service: FakeService, connection: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The form's test says whether the service takes the credentials."""
    assert (True, f"project {service.project_id}, instance {service.instance_id}") == DataMapHook().test_connection()

    connect(monkeypatch, connection, login=None, password=SECRET)
    works, text = DataMapHook().test_connection()

    assert not works
    assert "401" in text
    assert SECRET not in text
