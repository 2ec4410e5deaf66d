"""A damaged credential or id is refused before anything is sent, or warned of by name; a secret one is never shown."""

from __future__ import annotations

import json
import os
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap import (
    AccessKeyCredentials,
    CredentialsError,
    DamagedValueWarning,
    DataMapClient,
    InvalidArgumentError,
    InvalidEnvelopeError,
    PasswordCredentials,
    TokenCredentials,
    find_credentials,
)
from support.answers import json_answer, run_page
from support.command import called, point_at
from support.faces import SETTINGS, WINDOW
from support.iam import token_answer
from support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.faces import Face

SECRET = "Zq0123456789secret"

NEVER_RIGHT = [
    (f"{SECRET}\n", "ends with a line break"),
    (f"{SECRET}\r\n", "holds a line break"),
    (f"\n{SECRET}", "begins with a line break"),
    (f"{SECRET}\u2028", "ends with a line break"),
    (f"{SECRET}\x85", "ends with a line break"),
    (f"{SECRET}\x00", r"ends with a control character \(U\+0000\)"),
    (f"Zq0123\x1b[0m{SECRET}", r"holds a control character \(U\+001B\)"),
    (f"\ufeff{SECRET}", "begins with a byte order mark"),
    (f"Zq0123\ufeff{SECRET}", "holds a byte order mark"),
]
"""What neither a token, a key, an id, a name nor a password can hold."""

NEVER_RIGHT_IN_A_TOKEN = [
    (f"{SECRET}\u200b", r"ends with an invisible character \(U\+200B\)"),
    (f"Zq0123\u2060{SECRET}", r"holds an invisible character \(U\+2060\)"),
    (f"Zq0123\u00ad{SECRET}", r"holds an invisible character \(U\+00AD\)"),
    (f"Zq0123\u034f{SECRET}", r"holds an invisible character \(U\+034F\)"),
    (f"\ufe0e{SECRET}", r"begins with an invisible character \(U\+FE0E\)"),
    (f"{SECRET}\U000e0101", r"ends with an invisible character \(U\+E0101\)"),
    (f"{SECRET} ", "ends with a blank"),
    (f"\t{SECRET}", "begins with a (tab|control character)"),
    (f"\u00a0{SECRET}", r"begins with a blank \(U\+00A0\)"),
    (f"{SECRET}\u3000", r"ends with a blank \(U\+3000\)"),
    (f'"{SECRET}"', "is in quotes"),
    (f"'{SECRET}'", "is in quotes"),
    (f"\u201c{SECRET}\u201d", "is in quotes"),
]

MAY_BE_RIGHT = [
    (f"{SECRET} ", "ends with a blank"),
    (f" {SECRET}", "begins with a blank"),
    (f'"{SECRET}"', "is in quotes"),
    (f"{SECRET}\u200b", r"ends with an invisible character \(U\+200B\)"),
    (f"{SECRET}\u00a0", r"ends with a blank \(U\+00A0\)"),
]
"""What a password or a name can hold, and hardly does."""

MAKERS: dict[str, Callable[[str], object]] = {
    "token": TokenCredentials,
    "access_key": lambda value: AccessKeyCredentials(value, "s"),
    "secret_key": lambda value: AccessKeyCredentials("a", value),
    "security_token": lambda value: AccessKeyCredentials("a", "s", value),
}


def password_of(**changed: str) -> PasswordCredentials:
    """A password whose one value is changed."""
    known: dict[str, Any] = {
        "user": "ann",
        "password": "pw-0123456789",
        "account": "acme",
        "project_name": "eu-west-101",
    }
    return PasswordCredentials(**{**known, "iam_endpoint": "http://127.0.0.1:9", **changed})


@pytest.mark.parametrize(("value", "told"), NEVER_RIGHT + NEVER_RIGHT_IN_A_TOKEN)
@pytest.mark.parametrize("name", list(MAKERS))
def test_damaged_token_or_key(name: str, value: str, told: str) -> None:
    """A token or a key that cannot be right is refused by name, and not shown."""
    with pytest.raises(InvalidArgumentError, match=f"^{name} {told}") as caught:
        MAKERS[name](value)
    assert "Zq0123" not in str(caught.value)


@pytest.mark.parametrize("value", ["Bearer abc", "a\u00a0b", 'abc"', "'abc"])
@pytest.mark.parametrize("name", list(MAKERS))
def test_odd_token_or_key(name: str, value: str) -> None:
    """A blank inside or a quote at one end is warned of, and the value is used as it is."""
    with pytest.warns(DamagedValueWarning, match=f"^{name} (holds a blank|begins with a quote|ends with a quote)"):
        MAKERS[name](value)


@pytest.mark.parametrize(("value", "told"), NEVER_RIGHT)
@pytest.mark.parametrize("name", ["user", "password", "account", "project_name"])
def test_damaged_login(name: str, value: str, told: str) -> None:
    """A user, an account or a password that cannot be right is refused before IAM is asked; a password is not shown."""
    with pytest.raises(InvalidArgumentError, match=told) as caught:
        password_of(**{name: value})
    assert str(caught.value).startswith(f"{name} ")
    assert (name != "password") is ("Zq0123" in str(caught.value))


@pytest.mark.parametrize(("value", "told"), MAY_BE_RIGHT)
@pytest.mark.parametrize("name", ["user", "password", "account", "project_name"])
def test_odd_login(name: str, value: str, told: str) -> None:
    """What a person may have chosen is sent as it is, with a warning that names it and shows no password."""
    with (
        ScriptedServer(token_answer(), run_page()) as server,
        pytest.warns(DamagedValueWarning, match=told) as warned,
        DataMapClient(
            endpoint=server.url,
            **{**SETTINGS, "credentials": password_of(**{name: value, "iam_endpoint": server.url})},
        ) as client,
    ):
        client.list_runs("1", job_name="a", **WINDOW).to_list()
    (text,) = {str(warning.message) for warning in warned}

    assert text.startswith(f"{name} ")
    assert (name != "password") is ("Zq0123" in text)
    sent = json.loads(server.asked[0].content)["auth"]
    user = sent["identity"]["password"]["user"]
    assert value in {user["name"], user["password"], user["domain"]["name"], sent["scope"]["project"]["name"]}


@given(value=st.text(min_size=1, max_size=30))
def test_no_control_character_gets_out(value: str) -> None:
    """Whatever is given, what is taken as a token or a password holds no control character."""
    damaged = any(char < " " or "\x7f" <= char < "\xa0" or char in "\u2028\u2029\ufeff" for char in value)
    for make in (TokenCredentials, lambda value: password_of(password=value)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DamagedValueWarning)
            try:
                make(value)
            except InvalidArgumentError:
                continue
        assert not damaged


IDS = [*NEVER_RIGHT, *NEVER_RIGHT_IN_A_TOKEN]


@pytest.mark.parametrize(("value", "told"), IDS)
def test_damaged_ids(value: str, told: str) -> None:
    """An id of a setting or an argument is refused with its value made printable, and nothing is sent."""
    with ScriptedServer(run_page()) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        for name in ("project_id", "instance_id", "workspace_id"):
            with pytest.raises(InvalidArgumentError, match=f"^{name} .*Zq0123.* {told}"):
                DataMapClient(endpoint=server.url, **{**SETTINGS, name: value})
        calls: list[tuple[str, Callable[[], Any]]] = [
            ("task_id", lambda: client.list_runs(value, job_name="a", **WINDOW)),
            ("workspace_id", lambda: client.list_runs("1", job_name="a", workspace_id=value, **WINDOW)),
            ("task_id", lambda: client.wait_for_run(value, job_name="a", **WINDOW)),
            ("table_guid", lambda: client.list_operators(value)),
            ("table_guid", lambda: client.list_table_runs(value, **WINDOW)),
        ]
        for name, call in calls:
            with pytest.raises(InvalidArgumentError, match=f"^{name} .*Zq0123.* {told}") as caught:
                call()
            assert str(caught.value).isprintable()
        assert [] == server.asked


@pytest.mark.parametrize("name", ["ETL_Job\n", " ETL_Job", "ETL_Job\u00a0", '"ETL_Job"', "\ufeffETL_Job"])
@pytest.mark.parametrize("verb", [("runs", "--since", "1h"), ("wait", "--since", "1h", "--for", "1s")])
def test_odd_job_name(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...], name: str
) -> None:
    """A job's name as it hardly is typed is sent as it is, with a warning: it would find no run in silence."""
    with ScriptedServer(run_page()) as server:
        point_at(server, monkeypatch)
        _, _, err = called(capfdbinary, *verb, "--task-id", "1", "--job-name", name)

    assert server.asked
    assert "warning: the name '" in err
    assert "unless that is intended" in " ".join(err.split())


@pytest.mark.parametrize(
    "sent", [{"task_id": "1\n"}, {"task_id": "1 "}, {"task_id": "\ufeff1"}, {"workspace_id": "w\r"}]
)
def test_damaged_ids_of_the_service(face: Face, sent: dict[str, str]) -> None:
    """An id that the service sends and that cannot be one makes its list unusable: it is not asked with."""
    operator = {"task_id": "1", "job_name": "a", "workspace_id": "w", **sent}
    with (
        ScriptedServer(json_answer([operator])) as server,
        pytest.raises(InvalidEnvelopeError, match=r"not a list of operators: (task_id|workspace_id) '"),
    ):
        face.list_operators(server)


VARIABLES: dict[str, dict[str, str]] = {
    "DATAMAP_TOKEN": {"DATAMAP_TOKEN": "t"},
    "HUAWEICLOUD_SDK_SK": {"HUAWEICLOUD_SDK_AK": "a", "HUAWEICLOUD_SDK_SK": "s"},
    "HUAWEICLOUD_SDK_SECURITY_TOKEN": {"HUAWEICLOUD_SDK_AK": "a", "HUAWEICLOUD_SDK_SK": "s"},
    "DATAMAP_PASSWORD": {
        "DATAMAP_CREDENTIALS": "password",
        "DATAMAP_USER": "ann",
        "DATAMAP_PASSWORD": "p",
        "DATAMAP_ACCOUNT": "acme",
        "DATAMAP_REGION": "cn-north-4",
    },
}


@pytest.mark.parametrize("name", list(VARIABLES))
def test_damaged_variable(name: str) -> None:
    """The text says in which variables a damaged secret was found, in our words alone."""
    environ = {**VARIABLES[name], name: f"{SECRET}\n"}
    with pytest.raises(CredentialsError, match=r"ends with a line break: remove it \(found in ") as caught:
        find_credentials(environ=environ)
    told = str(caught.value)

    assert name.rpartition("_")[2] in told
    assert "Zq0123" not in told


@pytest.mark.skipif(os.name == "nt", reason="an environment of Windows holds no such text")
@pytest.mark.parametrize("name", list(VARIABLES))
@pytest.mark.parametrize("verb", [("operators", "a-table"), ("doctor", "--output", "table")])
def test_command_sends_no_damaged_secret(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...], name: str
) -> None:
    """Neither a verb nor the doctor sends a secret with a line break at its end; both say what it is."""
    with ScriptedServer(json_answer({"error": {"code": 401, "message": "wrong"}}, status=401)) as server:
        for known in list(os.environ):
            if known.startswith(("DATAMAP_", "HUAWEICLOUD_")):
                monkeypatch.delenv(known)
        where = {"DATAMAP_ENDPOINT": server.url, "HUAWEICLOUD_SDK_IAM_ENDPOINT": server.url}
        ids = {"DATAMAP_PROJECT_ID": "p", "DATAMAP_INSTANCE_ID": "i"}
        for variable, value in {**where, **ids, **VARIABLES[name], name: f"{SECRET}\n"}.items():
            monkeypatch.setenv(variable, value)
        code, out, err = called(capfdbinary, *verb)

    assert (1 if verb[0] == "doctor" else 2) == code
    assert "ends with a line break" in " ".join((out + err).split())
    assert "Zq0123" not in out + err
    sent = [
        asked
        for asked in server.asked
        if asked.method == "POST" or {"x-auth-token", "authorization"} & {*asked.headers}
    ]
    assert [] == sent
