"""Temporary keys of a cloud server, from a scripted metadata service."""

from __future__ import annotations

import pickle
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import (
    AuthenticationError,
    ConfigurationError,
    EcsMetadataCredentials,
    InvalidEnvelopeError,
    NotFoundError,
    ServerError,
    find_credentials,
)
from dataarts_datamap_contract.mock import MockConfig, MockServer
from support.answers import json_answer, run_page
from support.crowd import CROWDS, SIZE
from support.faces import SETTINGS, At
from support.moving_clock import MovingClock
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.faces import Face

METADATA_TOKEN = "metadata-token-0123456789"
SECRET_KEY, SECURITY_TOKEN = "made-up-secret-key-0123456789", "made-up-security-token-0123456789"


class Metadata:
    """A metadata service: hands out keys that are good for a time, for its own token alone."""

    def __init__(self, clock: MovingClock, *, life: timedelta = timedelta(hours=24)) -> None:
        self._clock = clock
        self._life = life
        self.keys_given = 0

    def __call__(self, asked: Asked) -> Answer:
        if (asked.method, asked.target) == ("PUT", "/meta-data/latest/api/token"):
            return Answer(METADATA_TOKEN.encode())
        if (asked.method, asked.target) != ("GET", "/openstack/latest/securitykey"):
            return Answer(status=404)
        if METADATA_TOKEN != asked.headers.get("x-metadata-token"):
            return Answer(b"no token", status=401)
        self.keys_given += 1
        return key_answer(expires_at=(self._clock.now + self._life).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def key_answer(**members: str | None) -> Answer:
    """A key, with members set or, by None, left out."""
    known = {
        "access": "AK0",
        "secret": SECRET_KEY,
        "securitytoken": SECURITY_TOKEN,
        "expires_at": "2099-01-01T00:00:00Z",
    }
    return json_answer({"credential": {name: value for name, value in (known | members).items() if value is not None}})


@pytest.fixture
def clock() -> MovingClock:
    """The clock of the metadata service, of the mock server and of the credentials."""
    return MovingClock()


@pytest.mark.parametrize("crowd", CROWDS)
def test_crowd_asks_for_one_key(crowd: Callable[[dict[str, Any]], list[Any]], clock: MovingClock) -> None:
    """Threads, tasks and event loops that need a key at once ask for one, and sign with it."""
    known: dict[str, Any] = {"access_key": "AK0", "secret_key": SECRET_KEY, "security_token": SECURITY_TOKEN}
    metadata = Metadata(clock)
    with ScriptedServer(metadata) as server, MockServer(MockConfig(**known, clock=clock)) as service:
        credentials = EcsMetadataCredentials(server.url, clock=clock)
        outcomes = crowd({**SETTINGS, "endpoint": service.url, "credentials": credentials})

    assert [[]] * SIZE == outcomes
    assert 1 == metadata.keys_given
    assert "21600" == server.asked[0].headers["x-metadata-token-ttl-seconds"]


def test_renewal_ahead_of_expiry(face: Face, monkeypatch: pytest.MonkeyPatch, clock: MovingClock) -> None:
    """The key is renewed 40 minutes before its end."""
    metadata = Metadata(clock)
    given: list[int] = []
    with ScriptedServer(metadata) as server, ScriptedServer(run_page()) as service:
        monkeypatch.setitem(SETTINGS, "credentials", EcsMetadataCredentials(server.url, clock=clock))
        for minutes in (0, 24 * 60 - 41, 2):
            clock.move(minutes=minutes)
            face.list_runs(service)
            given.append(metadata.keys_given)

    assert [1, 1, 2] == given


@pytest.mark.parametrize("status", [404, 405, 503])
def test_service_without_tokens(face: Face, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """A metadata service that has no tokens of its own is asked for the key without one."""
    with ScriptedServer(Answer(status=status), key_answer()) as server, ScriptedServer(run_page()) as service:
        monkeypatch.setitem(SETTINGS, "credentials", EcsMetadataCredentials(server.url))
        face.list_runs(service)

    assert "x-metadata-token" not in server.asked[1].headers
    assert "Access=AK0" in service.asked[0].headers["authorization"]


@pytest.mark.parametrize("code", ["APIGW.0301", "APIGW.0307"])
def test_refused_key_is_not_sent_again(face: Face, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """A key that the service refuses is not tried again, but the next call asks for another."""
    refused = json_answer({"error_code": code, "error_msg": "no"}, status=401)
    token = Answer(METADATA_TOKEN.encode())
    with (
        ScriptedServer(token, key_answer(), token, key_answer(access="AK1")) as server,
        ScriptedServer(refused, run_page()) as service,
    ):
        monkeypatch.setitem(SETTINGS, "credentials", EcsMetadataCredentials(server.url))
        with pytest.raises(AuthenticationError, match=code):
            face.list_runs(service)
        face.list_runs(service)

    assert ["AK0", "AK1"] == [asked.headers["authorization"].split("Access=")[1][:3] for asked in service.asked]


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ([Answer(b"a\nb")], InvalidEnvelopeError),
        ([Answer(b"")], InvalidEnvelopeError),
        ([Answer(status=401)], AuthenticationError),
        ([Answer(status=500)], ServerError),
        ([Answer(b"t"), Answer(b"Please configure Cloud Service Agency first", 401)], AuthenticationError),
        ([Answer(b"t"), Answer(status=404)], NotFoundError),
        *(
            ([Answer(b"t"), answer], InvalidEnvelopeError)
            for answer in (
                json_answer({}),
                json_answer([SECRET_KEY]),
                key_answer(access=None),
                key_answer(secret=""),
                key_answer(secret=f"{SECRET_KEY}\n"),
                key_answer(securitytoken=None),
                key_answer(expires_at="soon"),
                key_answer(expires_at="2099-01-01T00:00:00"),
                Answer(f'{{"credential": {{"secret": "{SECRET_KEY}"'.encode()),
            )
        ),
    ],
)
def test_no_key(face: Face, monkeypatch: pytest.MonkeyPatch, script: list[Answer], error: type[NotFoundError]) -> None:
    """What is no key is an error, which does not show what may be one."""
    with ScriptedServer(*script) as server, ScriptedServer(run_page()) as service:
        monkeypatch.setitem(SETTINGS, "credentials", EcsMetadataCredentials(server.url))
        with pytest.raises(error) as caught:
            face.list_runs(service)

    assert [] == service.asked
    assert SECRET_KEY not in str(caught.value) + repr(vars(caught.value))


def test_no_proxy_is_used(face: Face, monkeypatch: pytest.MonkeyPatch, clock: MovingClock) -> None:
    """The metadata service is asked past every proxy, that of the client and that of the environment."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with ScriptedServer(Metadata(clock)) as server, ScriptedServer(run_page()) as proxy:
        monkeypatch.setitem(SETTINGS, "credentials", EcsMetadataCredentials(server.url, clock=clock))
        monkeypatch.setitem(SETTINGS, "allow_http", value=True)
        monkeypatch.setenv("http_proxy", proxy.url)
        face.list_runs(At("http://service.example"))
        monkeypatch.setitem(SETTINGS, "proxy", proxy.url)
        clock.move(hours=25)
        face.list_runs(At("http://service.example"))

    assert 4 == len(server.asked)
    assert [True, True] == [asked.target.startswith("http://") for asked in proxy.asked]


@pytest.mark.parametrize(
    "endpoint", ["http://169.254.169.254", "http://[fe80::1]", "http://localhost:1", "https://metadata.example.com"]
)
def test_endpoint(endpoint: str) -> None:
    """Plain http is good enough for a link-local address, and for this machine."""
    assert f"EcsMetadataCredentials(endpoint='{endpoint}')" == repr(EcsMetadataCredentials(endpoint))


@pytest.mark.parametrize("endpoint", ["http://metadata.example.com", "http://10.0.0.1", "ftp://169.254.169.254", ""])
def test_wrong_endpoint(endpoint: str) -> None:
    """Plain http to any other machine is refused, and so is what is no address."""
    with pytest.raises(ConfigurationError, match="metadata endpoint"):
        EcsMetadataCredentials(endpoint)


def test_credentials_stay_secret() -> None:
    """Credentials refuse to be pickled."""
    with pytest.raises(TypeError, match="create them again"):
        pickle.dumps(EcsMetadataCredentials())


def test_only_by_name() -> None:
    """They are found where they are named, at the documented address."""
    found = find_credentials(environ={"DATAMAP_CREDENTIALS": "ecs-metadata", "DATAMAP_TOKEN": "t"})

    assert EcsMetadataCredentials("http://169.254.169.254") == found
