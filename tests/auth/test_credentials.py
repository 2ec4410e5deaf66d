"""Credentials: where they are found, what they send, and that they stay secret."""

from __future__ import annotations

import html
import json
import os
import pickle
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap import (
    AccessKeyCredentials,
    AsyncDataMapClient,
    AuthenticationError,
    ConfigurationError,
    CredentialsError,
    DataMapClient,
    EcsMetadataCredentials,
    InsecureFileWarning,
    InvalidArgumentError,
    PasswordCredentials,
    Request,
    TokenCredentials,
    find_credentials,
)
from dataarts_datamap._secrets import mask
from dataarts_datamap_contract.mock import MockConfig, MockServer
from support.answers import json_answer, paged, run_page
from support.faces import SETTINGS, TOKEN, WINDOW
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.faces import Face

AK, SK, SECURITY_TOKEN = "AKEXAMPLE0123456789A", "SKEXAMPLEabcdefghijklmnopqrstuvwxyz01234", "gQpjbi1/tmp+TOKEN=="
KEYS = {"HUAWEICLOUD_SDK_AK": AK, "HUAWEICLOUD_SDK_SK": SK}


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home folder without any profile, and an environment without any credentials."""
    for name in list(os.environ):
        if name.startswith(("DATAMAP_", "HUAWEICLOUD_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def write_profile(home: Path, text: str, *, mode: int = 0o600) -> Path:
    """A profile file at the official SDK's place."""
    path = home / ".huaweicloud" / "credentials"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_order(home: Path) -> None:
    """The token goes before the keys of the environment, and those before the profile file."""
    write_profile(home, "[basic]\nak = filed\nsk = secret\n")

    assert TokenCredentials("t") == find_credentials(environ={"DATAMAP_TOKEN": "t", **KEYS})
    assert AccessKeyCredentials(AK, SK) == find_credentials(environ={"DATAMAP_TOKEN": "", **KEYS})
    assert AccessKeyCredentials("filed", "secret") == find_credentials(environ={"HUAWEICLOUD_SDK_AK": AK})


def test_security_token() -> None:
    """Temporary keys come with their security token."""
    found = find_credentials(environ={**KEYS, "HUAWEICLOUD_SDK_SECURITY_TOKEN": SECURITY_TOKEN})

    assert AccessKeyCredentials(AK, SK, SECURITY_TOKEN) == found


@pytest.mark.parametrize("code", ["APIGW.0301", "APIG.0301", "APIGW.0307"])
@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.list_operators("a-table"),
        lambda client: client.wait_for_run("1", job_name="a", **WINDOW),
        lambda client: client.table_status("a-table", max_age=timedelta(hours=1)),
    ],
    ids=["list_operators", "wait_for_run", "table_status"],
)
def test_refused_key_is_not_sent_again(face: Face, code: str, call: Callable[[DataMapClient], object]) -> None:
    """A key that the service refused signs nothing for five minutes, whichever client is asked: failures lock it."""
    key = AccessKeyCredentials("a", "wrong-secret")
    refused = json_answer({"error_code": code, "error_msg": "verify aksk signature fail"}, status=401)
    with ScriptedServer(refused) as server:
        for number in range(6):
            with face.client(server.url, credentials=key) as client, pytest.raises(AuthenticationError) as caught:
                call(client)
            assert (number > 0) is ("is not sent again" in str(caught.value))
            assert "wrong-secret" not in str(caught.value)

    assert 1 == len(server.asked)
    with ScriptedServer(json_answer([])) as server, face.client(server.url, credentials=replace(key)) as client:
        assert [] == client.list_operators("a-table")


@pytest.mark.parametrize("section", ["basic", "basiccredentials"])
def test_profile(home: Path, section: str) -> None:
    """Both sections of the official file are read, a percent sign in a value as it stands."""
    text = f"\ufeff[other]\nx = 1\n[{section}]\nak = {AK}\nsk = a%b%%c%(d)s\nsecurity_token = {SECURITY_TOKEN}\n"
    write_profile(home, text)

    assert AccessKeyCredentials(AK, "a%b%%c%(d)s", SECURITY_TOKEN) == find_credentials()


def test_named_profile(tmp_path: Path) -> None:
    """The file can be named by the official variable; a named file that is not there is an error."""
    path = tmp_path / "elsewhere"
    environ = {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(path)}
    with pytest.raises(CredentialsError, match="elsewhere, which does not exist"):
        find_credentials(environ=environ)

    path.write_text("[basic]\nak = a\nsk = s\n", encoding="utf-8")
    path.chmod(0o600)
    assert AccessKeyCredentials("a", "s") == find_credentials(environ=environ)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such mode")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_file_that_others_may_read(home: Path, mode: int) -> None:
    """A file that others may read is used with a warning that gives the command to mend it, or refused if asked."""
    path = write_profile(home, "[basic]\nak = a\nsk = s\n", mode=mode)

    with pytest.warns(InsecureFileWarning, match=f"chmod 600 '{path}'"):
        assert AccessKeyCredentials("a", "s") == find_credentials()
    with pytest.raises(CredentialsError, match=f"chmod 600 '{path}'"):
        find_credentials(strict_permissions=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[basic]\nak = secret-value\n",
        "[basic]\nak =\nsk = secret-value\n",
        "[other]\nak = secret-value\nsk = secret-value\n",
    ],
)
def test_incomplete_profile(home: Path, text: str) -> None:
    """A file without both keys declines, and the error says so without showing what it holds."""
    path = write_profile(home, text)

    with pytest.raises(CredentialsError) as caught:
        find_credentials()
    assert f"{path} has no ak and sk in [basic] or [basiccredentials]" in str(caught.value)
    assert "secret-value" not in str(caught.value)


@pytest.mark.parametrize("content", [b"secret-value", b"[basic]\nak = secret-value\nak = secret-value\n", b"\xff\xfe"])
def test_broken_profile(home: Path, content: bytes) -> None:
    """A file that is no profile is an error that shows nothing of it, neither in its text nor in its chain."""
    write_profile(home, "").write_bytes(content)

    with pytest.raises(CredentialsError, match="credentials") as caught:
        find_credentials()
    assert caught.value.__context__ is None
    assert "secret-value" not in str(caught.value)


def test_nothing_found(home: Path) -> None:
    """When nothing fits, the error lists each place and why it declined."""
    with pytest.raises(CredentialsError) as caught:
        find_credentials(environ={"HUAWEICLOUD_SDK_AK": AK})

    assert (
        "no credentials: DATAMAP_TOKEN is not set; HUAWEICLOUD_SDK_SK is not set; there is no file "
        f"{home / '.huaweicloud' / 'credentials'}. Set one of them, or pass credentials=… in Python; "
        "password and ecs-metadata are only used if DATAMAP_CREDENTIALS names them"
    ) == str(caught.value)


PASSWORD_VARIABLES = {"DATAMAP_USER": "ann", "DATAMAP_PASSWORD": "pw-0123456789", "DATAMAP_ACCOUNT": "acme"}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("token", TokenCredentials("t")),
        ("access-key", AccessKeyCredentials(AK, SK)),
        ("profile", AccessKeyCredentials("filed", "secret")),
        ("password", PasswordCredentials("ann", "pw-0123456789", "acme", region="cn-north-4")),
        ("ecs-metadata", EcsMetadataCredentials()),
    ],
)
def test_one_place_by_name(home: Path, name: str, found: object) -> None:
    """A place that is named, by the variable or the argument, is the only one that is looked at."""
    write_profile(home, "[basic]\nak = filed\nsk = secret\n")
    environ = {"DATAMAP_TOKEN": "t", "DATAMAP_REGION": "cn-north-4", **KEYS, **PASSWORD_VARIABLES}

    assert found == find_credentials(environ={**environ, "DATAMAP_CREDENTIALS": name})
    assert found == find_credentials(name, environ={**environ, "DATAMAP_CREDENTIALS": "token"})


@pytest.mark.parametrize(
    ("name", "environ", "told"),
    [
        ("token", KEYS, "token is selected, but DATAMAP_TOKEN is not set"),
        ("access-key", {"DATAMAP_TOKEN": "t"}, "HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK are not set"),
        ("profile", KEYS, "profile is selected, but there is no file"),
        ("password", {**KEYS, "DATAMAP_USER": "u"}, "DATAMAP_PASSWORD and DATAMAP_ACCOUNT are not set"),
    ],
)
def test_named_place_without_credentials(name: str, environ: dict[str, str], told: str) -> None:
    """A place that is named and has none is an error, whatever another place has."""
    with pytest.raises(CredentialsError, match=told):
        find_credentials(environ={**environ, "DATAMAP_CREDENTIALS": name})


def test_place_that_does_not_exist() -> None:
    """A wrong name is a wrong setting, whatever the places have, and is not shown."""
    told = "DATAMAP_CREDENTIALS must be one of token, access-key, profile, password, ecs-metadata"
    with pytest.raises(ConfigurationError) as caught:
        find_credentials(environ={**KEYS, "DATAMAP_CREDENTIALS": "secret-value"})
    assert (ConfigurationError, told) == (type(caught.value), str(caught.value))


def test_password_is_no_silent_resort() -> None:
    """A password is not used unless it is asked for."""
    with pytest.raises(CredentialsError):
        find_credentials(environ={**PASSWORD_VARIABLES, "DATAMAP_REGION": "cn-north-4"})


@pytest.mark.parametrize(
    ("environ", "arguments", "expected"),
    [
        ({"DATAMAP_REGION": "cn-north-4"}, {}, {"region": "cn-north-4"}),
        ({"DATAMAP_REGION": "cn-north-4"}, {"region": "cn-south-1"}, {"region": "cn-south-1"}),
        (
            {"HUAWEICLOUD_SDK_IAM_ENDPOINT": "https://iam.example.com", "HUAWEICLOUD_SDK_PROJECT_ID": "sdk"},
            {},
            {"iam_endpoint": "https://iam.example.com", "project_id": "sdk"},
        ),
        (
            {"HUAWEICLOUD_SDK_IAM_ENDPOINT": "https://other", "DATAMAP_PROJECT_ID": "ours"},
            {"iam_endpoint": "http://iam.example.com", "allow_http": True},
            {"iam_endpoint": "http://iam.example.com", "project_id": "ours", "allow_http": True},
        ),
    ],
)
def test_where_a_password_goes(environ: dict[str, str], arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    """IAM and project of a password come from the arguments, else from the variables."""
    found = find_credentials("password", environ={**PASSWORD_VARIABLES, **environ}, **arguments)

    assert PasswordCredentials("ann", "pw-0123456789", "acme", **expected) == found


PROFILE = "[basic]\nak = a\nsk = s\nproject_id = filed\niam_endpoint = https://iam.filed\n"


@pytest.mark.parametrize("client_type", [DataMapClient, AsyncDataMapClient])
@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, ("filed", "https://iam.filed")),
        (
            {"HUAWEICLOUD_SDK_PROJECT_ID": "sdk", "HUAWEICLOUD_SDK_IAM_ENDPOINT": "https://iam.sdk/"},
            ("sdk", "https://iam.sdk"),
        ),
        ({"DATAMAP_PROJECT_ID": "ours", "HUAWEICLOUD_SDK_PROJECT_ID": "sdk"}, ("ours", "https://iam.filed")),
        ({"DATAMAP_TOKEN": "t"}, (None, "https://iam.cn-north-4.myhuaweicloud.com")),
        (KEYS, (None, "https://iam.cn-north-4.myhuaweicloud.com")),
    ],
)
def test_what_stands_beside_the_keys(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    client_type: Any,
    environ: dict[str, str],
    expected: tuple[str | None, str],
) -> None:
    """Project and IAM of the profile belong to its keys: they count where those are used, after the variables."""
    write_profile(home, PROFILE)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    settings = client_type.from_env(region="cn-north-4")._settings  # noqa: SLF001  IAM shows nowhere else

    assert expected == (settings.project_id, settings.iam_endpoint)


@pytest.mark.parametrize(
    ("told", "endpoint"),
    [
        ("https://one.example.com", "https://one.example.com"),
        ("https://one.example.com/prefix/, https://two.example.com", "https://one.example.com/prefix"),
        ("", "https://dayu.cn-north-4.myhuaweicloud.com"),
    ],
)
def test_overridden_region(monkeypatch: pytest.MonkeyPatch, told: str, endpoint: str) -> None:
    """The official variable overrides a region's address, unless an address is given."""
    monkeypatch.setenv("HUAWEICLOUD_SDK_REGION_DATAARTSSTUDIO_CN_NORTH_4", told)
    monkeypatch.setenv("DATAMAP_TOKEN", "t")

    assert f"endpoint='{endpoint}'" in repr(DataMapClient.from_env(region="cn-north-4"))
    assert "endpoint='https://h'" in repr(DataMapClient.from_env(region="cn-north-4", endpoint="https://h"))
    assert "cn-south-1" in repr(DataMapClient.from_env(region="cn-south-1"))
    monkeypatch.setenv("DATAMAP_REGION", "cn-north-4")
    assert f"endpoint='{endpoint}'" in repr(DataMapClient.from_env())
    monkeypatch.setenv("DATAMAP_ENDPOINT", "https://h")
    assert "endpoint='https://h'" in repr(DataMapClient.from_env())


@pytest.mark.parametrize("from_env", [True, False])
def test_client_with_a_password(face: Face, monkeypatch: pytest.MonkeyPatch, *, from_env: bool) -> None:
    """With a password in the environment and a region, a client finds all the rest at the mock server."""
    config = MockConfig()
    with MockServer(config) as server:
        variables = {
            "DATAMAP_CREDENTIALS": "password",
            "DATAMAP_USER": config.user,
            "DATAMAP_PASSWORD": config.password,
            "DATAMAP_ACCOUNT": config.account,
            "DATAMAP_REGION": config.region,
            "DATAMAP_ENDPOINT": server.url,
            "HUAWEICLOUD_SDK_IAM_ENDPOINT": server.url,
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        if from_env:
            with DataMapClient.from_env() as client:
                assert [] == client.list_runs("1", job_name="a", **WINDOW).to_list()
        else:
            where: dict[str, Any] = {
                "region": config.region,
                "iam_endpoint": server.url,
                "project_id": None,
                "instance_id": None,
            }
            for name, value in {**where, "credentials": None}.items():
                monkeypatch.setitem(SETTINGS, name, value)
            assert [] == face.list_runs(server)
        assert 1 == server.record.tokens_issued


def test_signed_request(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request is signed at its own time in UTC, over its headers, and carries no token."""
    china = timezone(timedelta(hours=8))
    credentials = AccessKeyCredentials(
        AK, SK, SECURITY_TOKEN, clock=lambda: datetime(2024, 1, 11, 9, 1, 56, tzinfo=china)
    )
    monkeypatch.setitem(SETTINGS, "credentials", credentials)
    with ScriptedServer(run_page()) as server:
        face.list_runs(server)

    (asked,) = server.asked
    signed = "content-type;host;instance;x-project-id;x-sdk-date;x-security-token"
    assert asked.headers["authorization"].startswith(f"SDK-HMAC-SHA256 Access={AK}, SignedHeaders={signed}, Signature=")
    assert ("20240111T010156Z", SECURITY_TOKEN) == (asked.headers["x-sdk-date"], asked.headers["x-security-token"])
    assert server.url.removeprefix("http://") == asked.headers["host"]
    assert "x-auth-token" not in asked.headers


def test_each_request_is_signed_afresh(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page has a signature of its own time."""
    times = iter(datetime(2024, 1, 11, 1, 1, second, tzinfo=UTC) for second in range(60))
    monkeypatch.setitem(SETTINGS, "credentials", AccessKeyCredentials(AK, SK, clock=lambda: next(times)))
    with ScriptedServer(paged(*({"taskRunningLogId": number} for number in range(1, 26)))) as server:
        face.list_runs(server, page_size=20)

    dates = sorted(asked.headers["x-sdk-date"] for asked in server.asked)
    assert [f"20240111T0101{second:02}Z" for second in range(len(dates))] == dates
    assert len(dates) > 1


@pytest.mark.parametrize(
    ("position", "wrong"),
    [(position, wrong) for position in range(3) for wrong in ("", " a", "a\n", 7)] + [(0, None), (1, None)],
)
def test_wrong_keys(wrong: Any, position: int) -> None:
    """A key that is empty or that a header cannot hold is refused by its name, without showing it."""
    keys: list[Any] = [AK, SK, SECURITY_TOKEN]
    keys[position] = wrong

    with pytest.raises(InvalidArgumentError, match=["access_key", "secret_key", "security_token"][position]) as caught:
        AccessKeyCredentials(*keys)
    assert not any(key in str(caught.value) for key in (AK, SK, SECURITY_TOKEN))


@pytest.mark.parametrize("credentials", [TokenCredentials(TOKEN), AccessKeyCredentials(AK, SK, SECURITY_TOKEN)])
def test_credentials_stay_secret(credentials: Any) -> None:
    """Credentials show nothing of themselves, and refuse to be pickled."""
    assert f"{type(credentials).__name__}()" == repr(credentials)
    with pytest.raises(TypeError, match="create them again"):
        pickle.dumps(credentials)


def echo(asked: Asked) -> Answer:
    """A refusal that says back all that it was sent, in each place that an error has."""
    said = f"{json.dumps(asked.headers)} canonicalRequest:GET|/v1/|{AK}"
    document = {"error_code": said, "error_msg": f"err ak:{AK}, {said}", "request_id": said}
    return json_answer(document, status=401)


@pytest.mark.parametrize("credentials", [TokenCredentials(TOKEN), AccessKeyCredentials(AK, SK, SECURITY_TOKEN)])
def test_echoed_secrets_are_masked(face: Face, monkeypatch: pytest.MonkeyPatch, credentials: Any) -> None:
    """What a server echoes of the credentials is in no part of the error, nor in its pickle."""
    monkeypatch.setitem(SETTINGS, "credentials", credentials)
    with ScriptedServer(echo) as server, pytest.raises(AuthenticationError) as caught:
        face.list_runs(server)

    shown = str(caught.value) + repr(vars(caught.value)) + repr(caught.value.args) + repr(pickle.dumps(caught.value))
    signature = server.asked[0].headers.get("authorization", "Signature=none").rpartition("Signature=")[2]
    assert [] == [secret for secret in (TOKEN, AK, SK, SECURITY_TOKEN, signature) if secret in shown]
    assert "***" in (caught.value.error_message or "")


ESCAPES: list[Callable[[str], str]] = [
    str,
    partial(quote, safe=""),
    html.escape,
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
]
SECRETS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x17E), min_size=8)


@given(secret=SECRETS, escape=st.sampled_from(ESCAPES), place=st.sampled_from(["header", "secret", "answer"]))
def test_no_escape_saves_a_secret_from_the_mask(secret: str, escape: Callable[[str], str], place: str) -> None:
    """A secret of the request, or of a token that came back, is masked however a server escapes it."""
    headers = {"X-Auth-Token": secret} if place == "header" else {}
    secrets = (secret,) if place == "secret" else ()
    answered = {"x-subject-token": secret} if place == "answer" else {}
    request = Request(method="GET", endpoint="https://h", path="/", headers=headers, secrets=secrets)

    assert escape(secret) not in mask(
        f"before {escape(secret)} after", request.headers, answered, secrets=request.secrets
    )
