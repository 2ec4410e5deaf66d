"""Every way on which a credential or an id leaves, and what none of them lets out."""

from __future__ import annotations

import asyncio
import inspect
import os
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from dataarts_datamap import (
    AccessKeyCredentials,
    AsyncDataMapClient,
    ConfigurationError,
    DamagedValueWarning,
    DataMapClient,
    DataMapError,
    InvalidArgumentError,
    Operator,
    PasswordCredentials,
    TableRule,
    TokenCredentials,
)
from support.answers import json_answer, run_page
from support.command import called, point_at
from support.faces import SETTINGS, WINDOW
from support.iam import token_answer
from support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.scripted_server import Answer

PLANTED = {
    "a line break": "\n",
    "a NUL": "\x00",
    "an escape": "\x1b",
    "a byte order mark": "\ufeff",
    "a zero-width space": "\u200b",
    "a word joiner": "\u2060",
    "a right-to-left override": "\u202e",
    "a variation selector": "\ufe0f",
    "a Hangul filler": "\u3164",
    "a cell of Braille without a dot": "\u2800",
}

A_TABLE = "09318f28-939f-4ab6-a374-9e621096652c"
IDS = {"project_id": "p", "instance_id": "i"}
Way = "Callable[[str, DataMapClient], object]"


def _login(**changed: str) -> PasswordCredentials:
    known: dict[str, Any] = {"user": "ann", "password": "pw-0123456789", "account": "acme", "project_name": "eu"}
    return PasswordCredentials(**{**known, "iam_endpoint": "http://127.0.0.1:9", **changed})


CREDENTIALS: dict[str, Callable[[str], object]] = {
    "token": TokenCredentials,
    "access key": lambda value: AccessKeyCredentials(value, "s"),
    "secret key": lambda value: AccessKeyCredentials("a", value),
    "security token": lambda value: AccessKeyCredentials("a", "s", value),
    "project id of a password": lambda value: PasswordCredentials(
        "ann", "pw", "acme", project_id=value, iam_endpoint="http://127.0.0.1:9"
    ),
}
LOGINS: dict[str, Callable[[str], object]] = {
    "user": lambda value: _login(user=value),
    "password": lambda value: _login(password=value),
    "account": lambda value: _login(account=value),
    "project name": lambda value: _login(project_name=value),
    "proxy user": lambda value: _behind(f"http://{quote(value)}:pw@127.0.0.1:9"),
    "proxy password": lambda value: _behind(f"http://ann:{quote(value)}@127.0.0.1:9"),
}
"""What a person may have chosen: there, a character that shows nothing is warned of, and not refused."""


def _behind(proxy: str) -> None:
    DataMapClient(endpoint="https://h", proxy=proxy, **SETTINGS).close()


def _operator(task_id: str = "1", workspace_id: str | None = None) -> list[Operator]:
    return [Operator(task_id=task_id, job_name="a", workspace_id=workspace_id)]


IDS_OF_CALLS: dict[str, Callable[[str, Any], Any]] = {
    "task id of list_runs": lambda value, client: client.list_runs(value, job_name="a", **WINDOW),
    "workspace of list_runs": lambda value, client: client.list_runs("1", job_name="a", workspace_id=value, **WINDOW),
    "table of list_table_runs": lambda value, client: client.list_table_runs(value, **WINDOW),
    "task id of an operator": lambda value, client: client.list_table_runs(
        A_TABLE, operators=_operator(value), **WINDOW
    ),
    "workspace of an operator": lambda value, client: client.list_table_runs(
        A_TABLE, operators=_operator("1", value), **WINDOW
    ),
    "task id of wait_for_run": lambda value, client: client.wait_for_run(value, job_name="a", timeout=1, **WINDOW),
    "workspace of wait_for_run": lambda value, client: client.wait_for_run(
        "1", job_name="a", workspace_id=value, timeout=1, **WINDOW
    ),
    "table of wait_for_table": lambda value, client: client.wait_for_table(value, start=WINDOW["start"], timeout=1),
    "table of list_operators": lambda value, client: client.list_operators(value),
    "table of find_producers": lambda value, client: client.find_producers(value),
    "table of table_status": lambda value, client: client.table_status(value),
    "table of get_table": lambda value, client: client.get_table(value),
    "table of get_tables": lambda value, client: client.get_tables([A_TABLE, value]),
    "workspace of search_tables": lambda value, client: _first(client.search_tables("x", workspace_id=value)),
    "table of check_tables": lambda value, client: client.check_tables([TableRule(guid=value)]),
}


def _first(pager: Any) -> Any:
    return pager.to_list(max_items=1)


def _settings() -> Iterator[str]:
    yield from ("project_id", "instance_id", "workspace_id")


def planted(char: str) -> list[str]:
    """A value that is damaged at its beginning, inside, and at its end."""
    return [f"{char}Zq01234567", f"Zq01{char}234567", f"Zq01234567{char}"]


@pytest.mark.parametrize("char", PLANTED.values(), ids=PLANTED)
@pytest.mark.parametrize("way", CREDENTIALS)
def test_damaged_credential(way: str, char: str) -> None:
    """A token, a key or the id beside a password is refused where it is given, and a secret is not shown."""
    for value in planted(char):
        with pytest.raises(InvalidArgumentError) as caught:
            CREDENTIALS[way](value)
        assert way.startswith("project") or "Zq01" not in str(caught.value)


@pytest.mark.parametrize("char", PLANTED.values(), ids=PLANTED)
@pytest.mark.parametrize("way", LOGINS)
def test_damaged_login(way: str, char: str) -> None:
    """So is what a person logs in with; one that holds what shows nothing is warned of."""
    for value in planted(char):
        if char in "\u200b\u2060\u202e\ufe0f\u3164\u2800":
            with pytest.warns(DamagedValueWarning) as warned:
                LOGINS[way](value)
            said = str(warned[0].message)
        else:
            with pytest.raises((InvalidArgumentError, ConfigurationError)) as caught:
                LOGINS[way](value)
            said = str(caught.value)
        assert "password" not in way or "Zq01" not in said


@pytest.mark.parametrize("char", PLANTED.values(), ids=PLANTED)
@pytest.mark.parametrize("kind", [DataMapClient, AsyncDataMapClient])
def test_damaged_id_of_a_setting(kind: Any, char: str) -> None:
    """The ids that go with each request are refused when the client is made."""
    for name in _settings():
        for value in planted(char):
            with pytest.raises(InvalidArgumentError, match=f"^{name} "):
                kind(endpoint="https://h", **{**SETTINGS, name: value})


@pytest.mark.parametrize("char", PLANTED.values(), ids=PLANTED)
@pytest.mark.parametrize("way", IDS_OF_CALLS)
def test_damaged_id_of_a_call(way: str, char: str) -> None:
    """The ids of a call are refused by both faces before anything is sent, and shown as what can be printed."""

    async def awaited(server: ScriptedServer, value: str) -> None:
        async with AsyncDataMapClient(endpoint=server.url, **SETTINGS) as client:
            result = IDS_OF_CALLS[way](value, client)
            if inspect.isawaitable(result):
                await result

    with ScriptedServer(run_page()) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        for value in planted(char):
            with pytest.raises(InvalidArgumentError) as caught:
                IDS_OF_CALLS[way](value, client)
            assert str(caught.value).isprintable()
            with pytest.raises(InvalidArgumentError):
                asyncio.run(awaited(server, value))
        assert [] == server.asked


SENT: dict[str, tuple[Callable[[str], list[Answer]], Callable[[DataMapClient], object]]] = {
    "task id of ShowNodes": (
        lambda value: [json_answer([{"task_id": value, "job_name": "a", "workspace_id": "w"}]), run_page()],
        lambda client: client.list_table_runs(A_TABLE, **WINDOW).to_list(),
    ),
    "workspace of ShowNodes": (
        lambda value: [json_answer([{"task_id": "1", "job_name": "a", "workspace_id": value}]), run_page()],
        lambda client: client.list_table_runs(A_TABLE, **WINDOW).to_list(),
    ),
}


@pytest.mark.parametrize("char", PLANTED.values(), ids=PLANTED)
@pytest.mark.parametrize("way", SENT)
def test_damaged_id_that_the_service_sends(way: str, char: str) -> None:
    """An id of the service's own that is damaged is not asked with."""
    responses, call = SENT[way]
    for value in planted(char):
        with (
            ScriptedServer(*responses(value)) as server,
            DataMapClient(endpoint=server.url, **SETTINGS) as client,
            pytest.raises(DataMapError),
        ):
            call(client)
        assert 1 == len(server.asked)


@pytest.mark.parametrize("char", [char for char in PLANTED.values() if char not in "\n\x00"])
def test_damaged_token_that_iam_sends(char: str) -> None:
    """A token that IAM sends and that cannot be one is not sent to the service."""
    answer = token_answer(token=f"tok{char}en-0123456789")
    with ScriptedServer(answer, run_page()) as server, warnings.catch_warnings():
        credentials = _login(iam_endpoint=server.url)
        with (
            DataMapClient(endpoint=server.url, **{**SETTINGS, "credentials": credentials}) as client,
            pytest.raises(DataMapError),
        ):
            client.list_runs("1", job_name="a", **WINDOW).to_list()
        assert {"POST"} == {asked.method for asked in server.asked}


VARIABLES = {
    "DATAMAP_TOKEN": {},
    "HUAWEICLOUD_SDK_AK": {"HUAWEICLOUD_SDK_SK": "s"},
    "HUAWEICLOUD_SDK_SK": {"HUAWEICLOUD_SDK_AK": "a"},
    "HUAWEICLOUD_SDK_SECURITY_TOKEN": {"HUAWEICLOUD_SDK_AK": "a", "HUAWEICLOUD_SDK_SK": "s"},
    "DATAMAP_PROJECT_ID": {"DATAMAP_TOKEN": "t"},
    "HUAWEICLOUD_SDK_PROJECT_ID": {"DATAMAP_TOKEN": "t", "DATAMAP_PROJECT_ID": ""},
    "DATAMAP_INSTANCE_ID": {"DATAMAP_TOKEN": "t"},
    "DATAMAP_WORKSPACE_ID": {"DATAMAP_TOKEN": "t"},
}


@pytest.mark.parametrize("char", [char for char in PLANTED.values() if char != "\x00"])
@pytest.mark.parametrize("variable", VARIABLES)
def test_damaged_variable(monkeypatch: pytest.MonkeyPatch, variable: str, char: str) -> None:
    """What a variable holds passes the same gate."""
    for known in list(os.environ):
        if known.startswith(("DATAMAP_", "HUAWEICLOUD_")):
            monkeypatch.delenv(known)
    ids = {"DATAMAP_ENDPOINT": "https://h", "DATAMAP_PROJECT_ID": "p", "DATAMAP_INSTANCE_ID": "i"}
    for value in planted(char):
        for name, given in {**ids, **VARIABLES[variable], variable: value}.items():
            monkeypatch.setenv(name, given)
        with pytest.raises((InvalidArgumentError, ConfigurationError)):
            DataMapClient.from_env()


CONFORM = ("DATAMAP_TOKEN", "HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN")


@pytest.mark.parametrize("char", [char for char in PLANTED.values() if char != "\x00"])
@pytest.mark.parametrize("variable", [*CONFORM, *(name for name in VARIABLES if name.startswith("DATAMAP_"))])
def test_damaged_variable_of_the_suite(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, variable: str, char: str
) -> None:
    """The conformance suite, which signs and sends by itself, has the same gate: it sends no request."""
    with ScriptedServer(run_page()) as server:
        for value in planted(char):
            point_at(server, monkeypatch)
            for name, given in {"TASK_ID": "1", "JOB_NAME": "a", "WINDOW_START": "1", "WINDOW_END": "2"}.items():
                monkeypatch.setenv(f"DATAMAP_{name}", given)
            for name in CONFORM[1:] if variable.startswith("HUAWEICLOUD") else ():
                monkeypatch.setenv(name, "sound")
            monkeypatch.setenv(variable, value)
            code, out, err = called(capfdbinary, "conform", "--max-examples", "0")

            assert (3, "") == (code, out)
            assert "ID" in variable or "Zq01" not in err
        assert [] == server.asked


@pytest.mark.parametrize("char", ["\x1b", "\ufeff", "\u200b", "\u2060"])
@pytest.mark.parametrize("key", ["ak", "sk", "security_token", "project_id"])
def test_damaged_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, char: str) -> None:
    """What the profile file holds passes it, too."""
    for known in list(os.environ):
        if known.startswith(("DATAMAP_", "HUAWEICLOUD_")):
            monkeypatch.delenv(known)
    values = {"ak": "a", "sk": "s", "security_token": "t", "project_id": "p", key: f"Zq01{char}23"}
    file = tmp_path / "credentials"
    file.write_text("[basic]\n" + "".join(f"{name} = {value}\n" for name, value in values.items()), encoding="utf-8")
    file.chmod(0o600)
    monkeypatch.setenv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", str(file))

    with pytest.raises((InvalidArgumentError, ConfigurationError)):
        DataMapClient.from_env(endpoint="https://h", instance_id="i")
