"""Credentials: where they are found, what they send, and that they stay secret."""

from __future__ import annotations

import html
import json
import os
import pickle
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap import (
    AccessKeyCredentials,
    AuthenticationError,
    CredentialsError,
    DataMapClient,
    InsecureFileWarning,
    InvalidArgumentError,
    Request,
    TokenCredentials,
    find_credentials,
)
from dataarts_datamap._masking import mask
from support.answers import json_answer, run_page
from support.faces import SETTINGS, TOKEN
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
    with pytest.raises(CredentialsError, match="elsewhere, which is not there"):
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
        f"{home / '.huaweicloud' / 'credentials'}. Set one of them, or pass credentials=…"
    ) == str(caught.value)


def test_project_of_the_profile(home: Path) -> None:
    """The project id of the profile is the client's, if none is given otherwise."""
    write_profile(home, "[basic]\nak = a\nsk = s\nproject_id = filed\n")

    assert "project_id='filed'" in repr(DataMapClient.from_env(region="cn-north-4", instance_id="i"))


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
    """The second page has a signature of its own time."""
    times = iter(datetime(2024, 1, 11, 1, 1, second, tzinfo=UTC) for second in range(60))
    monkeypatch.setitem(SETTINGS, "credentials", AccessKeyCredentials(AK, SK, clock=lambda: next(times)))
    with ScriptedServer(
        run_page({"taskRunningLogId": 1}, total=2), run_page({"taskRunningLogId": 2}, total=2)
    ) as server:
        face.list_runs(server, page_size=1)

    assert ["20240111T010100Z", "20240111T010101Z"] == [asked.headers["x-sdk-date"] for asked in server.asked]


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
    with pytest.raises(TypeError, match="make them anew"):
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
    lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
]
SECRETS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8)


@given(secret=SECRETS, escape=st.sampled_from(ESCAPES))
def test_no_escape_saves_a_secret_from_the_mask(secret: str, escape: Callable[[str], str]) -> None:
    """A secret is masked however a server escapes it."""
    request = Request(method="GET", endpoint="https://h", path="/", headers={"X-Auth-Token": secret})

    assert escape(secret) not in mask(f"before {escape(secret)} after", request)
