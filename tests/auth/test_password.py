"""Passwords, against the mock server's IAM and scripted ones."""

from __future__ import annotations

import json
import logging
import pickle
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import (
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    ConfigurationError,
    DataMapClient,
    InvalidArgumentError,
    InvalidEnvelopeError,
    NotFoundError,
    PasswordCredentials,
    Retry,
    ServerError,
    StatusError,
)
from dataarts_datamap_contract.mock import MockConfig, MockServer
from support.answers import json_answer, run_page
from support.crowd import CROWDS, SIZE
from support.faces import SETTINGS, WINDOW, InstantClock
from support.iam import TOKEN, password_for, token_answer
from support.moving_clock import MovingClock
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.faces import Addressed, Face

PASSWORD = 'p"ss/wörd-0123456789'
CODES_TO_RENEW_AT = ["APIGW.0307", "APIG.0301"]


@pytest.fixture
def clock() -> MovingClock:
    """The clock of the mock server and of the credentials."""
    return MovingClock()


def credentials_for(server: Addressed, **options: Any) -> PasswordCredentials:
    """The mock server's user, at this server's IAM."""
    return password_for(server.url, **options)


def settings_for(server: Addressed, credentials: PasswordCredentials, **options: Any) -> dict[str, Any]:
    """The settings of a client."""
    return {**SETTINGS, "endpoint": server.url, "credentials": credentials, **options}


def refusal(code: str, *, status: int = 401) -> Answer:
    """A refusal of the gateway."""
    return json_answer({"error_code": code, "error_msg": "no"}, status=status)


@pytest.mark.parametrize("crowd", CROWDS)
def test_crowd_asks_for_one_token(crowd: Callable[[dict[str, Any]], list[Any]]) -> None:
    """Threads, tasks and event loops that need a token at once ask for one."""
    with MockServer() as server:
        outcomes = crowd(settings_for(server, credentials_for(server)))

        assert [[]] * SIZE == outcomes
        assert 1 == server.record.tokens_issued


@pytest.mark.parametrize("crowd", CROWDS)
def test_crowd_renews_once(crowd: Callable[[dict[str, Any]], list[Any]], clock: MovingClock) -> None:
    """A token that the service refuses as old for everyone at once is renewed once."""
    with MockServer(MockConfig(clock=clock)) as server:
        settings = settings_for(server, credentials_for(server, clock=lambda: datetime(2026, 11, 1, tzinfo=UTC)))
        crowd(settings)
        clock.move(hours=25)

        assert [[]] * SIZE == crowd(settings)
        assert 2 == server.record.tokens_issued


@pytest.mark.parametrize("crowd", CROWDS)
def test_crowd_sends_a_refused_password_once(crowd: Callable[[dict[str, Any]], list[Any]]) -> None:
    """When IAM refuses the password, everyone is told, and it was sent once."""
    with ScriptedServer(json_answer({"error": {"code": 401, "message": "no"}}, status=401)) as server:
        outcomes = crowd(settings_for(server, credentials_for(server)))

    assert {AuthenticationError} == {type(outcome) for outcome in outcomes}
    assert len({id(outcome) for outcome in outcomes}) == SIZE
    assert 1 == len(server.asked)


@pytest.mark.parametrize(
    ("scope", "sent"),
    [
        ({}, {"name": "eu-west-101"}),
        ({"project_name": "eu-west-101_team"}, {"name": "eu-west-101_team"}),
        ({"project_id": "an-id"}, {"id": "an-id"}),
    ],
)
def test_request(face: Face, monkeypatch: pytest.MonkeyPatch, scope: dict[str, str], sent: dict[str, str]) -> None:
    """IAM is asked as it documents; what it gives is sent as the token."""
    with ScriptedServer(token_answer(), run_page()) as server:
        monkeypatch.setitem(SETTINGS, "credentials", credentials_for(server, password=PASSWORD, **scope))
        face.list_runs(server)

    login, call = server.asked
    user = {"name": "mock-user", "password": PASSWORD, "domain": {"name": "mock-account"}}
    identity = {"methods": ["password"], "password": {"user": user}}
    assert ("POST", "/v3/auth/tokens?nocatalog=true") == (login.method, login.target)
    assert {"auth": {"identity": identity, "scope": {"project": sent}}} == json.loads(login.content)
    assert "application/json" == login.headers["content-type"]
    assert TOKEN == call.headers["x-auth-token"]


@pytest.mark.parametrize(("hours", "kept"), [(24, 23.5), (2, 1.5), (1, 0.75), (0.1, 0.075)])
def test_renewal_ahead_of_expiry(
    face: Face, monkeypatch: pytest.MonkeyPatch, clock: MovingClock, hours: float, kept: float
) -> None:
    """A token is renewed half an hour before its end, or when a quarter of a short life is left."""
    with MockServer(MockConfig(clock=clock, token_lifetime=timedelta(hours=hours))) as server:
        monkeypatch.setitem(SETTINGS, "credentials", credentials_for(server, clock=clock))
        issued: list[int] = []
        for span in (0.0, kept - 0.001, 0.002):
            clock.move(hours=span)
            face.list_runs(server)
            issued.append(server.record.tokens_issued)

    assert [1, 1, 2] == issued


def test_a_clock_that_is_wrong_does_no_harm(face: Face, monkeypatch: pytest.MonkeyPatch, clock: MovingClock) -> None:
    """The life of a token is told by IAM's own times."""
    with MockServer() as server:
        monkeypatch.setitem(SETTINGS, "credentials", credentials_for(server, clock=clock))
        clock.move(days=4000)
        face.list_runs(server)
        clock.move(hours=23)
        face.list_runs(server)

        assert 1 == server.record.tokens_issued


@pytest.mark.parametrize("failure", [refusal("x", status=503), refusal("IAM.0062")])
def test_renewal_that_fails(face: Face, monkeypatch: pytest.MonkeyPatch, clock: MovingClock, failure: Answer) -> None:
    """A renewal ahead of time that fails is tried again after a minute; the old token counts until its end."""
    page = run_page()
    with ScriptedServer(token_answer(), page, failure, page, page, failure, page, failure) as server:
        monkeypatch.setitem(SETTINGS, "credentials", credentials_for(server, clock=clock))
        monkeypatch.setitem(SETTINGS, "retry", Retry(attempts=1))
        face.list_runs(server)
        clock.move(hours=23, minutes=31)
        face.list_runs(server)
        face.list_runs(server)
        assert ["POST", "GET", "POST", "GET", "GET"] == [asked.method for asked in server.asked]
        clock.move(hours=1)
        with pytest.raises((ServerError, AuthenticationError)):
            face.list_runs(server)


@pytest.mark.parametrize("code", CODES_TO_RENEW_AT)
def test_renewal_at_a_401(face: Face, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """A 401 that asks for a new token gets one, and the request is sent once more."""
    with ScriptedServer(token_answer(), refusal(code), token_answer("new"), run_page()) as server:
        monkeypatch.setitem(SETTINGS, "credentials", credentials_for(server))
        face.list_runs(server)

    assert ["POST", "GET", "POST", "GET"] == [asked.method for asked in server.asked]
    assert "new" == server.asked[-1].headers["x-auth-token"]


@pytest.mark.parametrize("code", CODES_TO_RENEW_AT)
def test_second_401(face: Face, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """A second 401 is raised, and tells that the request was sent twice."""
    with ScriptedServer(
        token_answer(), refusal(code), token_answer("new"), refusal("x", status=503), refusal(code)
    ) as server:
        monkeypatch.setitem(SETTINGS, "credentials", credentials_for(server))
        with pytest.raises(AuthenticationError, match=code) as caught:
            face.list_runs(server)

    assert ["POST", "GET", "POST", "GET", "GET"] == [asked.method for asked in server.asked]
    assert 3 == caught.value.attempts
    assert caught.value.__context__ is None


@pytest.mark.parametrize("answer", [refusal("APIGW.0305"), refusal("APIGW.0307", status=403), refusal("DLM.4211")])
def test_refusal_that_no_token_mends(face: Face, monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    """Another refusal is raised as it comes."""
    with ScriptedServer(token_answer(), answer) as server:
        monkeypatch.setitem(SETTINGS, "credentials", credentials_for(server))
        with pytest.raises(StatusError, match=r"HTTP 40[13]"):
            face.list_runs(server)

    assert ["POST", "GET"] == [asked.method for asked in server.asked]


@pytest.mark.parametrize("code", ["IAM.0062", "IAM.0061", None])
def test_refused_password_is_not_sent_again(face: Face, monkeypatch: pytest.MonkeyPatch, code: str | None) -> None:
    """IAM's code and text are told, and later calls say at once that the password was refused."""
    told = {"code": 401, "error_code": code, "message": "The username or password is wrong.", "title": "Unauthorized"}
    with ScriptedServer(json_answer({"error": told}, status=401)) as server:
        monkeypatch.setitem(SETTINGS, "credentials", credentials_for(server))
        with pytest.raises(AuthenticationError, match="username or password") as caught:
            face.list_runs(server)
        assert (code or "401", "POST", "/v3/auth/tokens", 1) == (
            caught.value.error_code,
            caught.value.method,
            caught.value.path,
            caught.value.attempts,
        )
        for _ in range(2):
            with pytest.raises(AuthenticationError, match="refused this password before") as again:
                face.list_runs(server)
            assert (caught.value.error_code, caught.value.error_message, None) == (
                again.value.error_code,
                again.value.error_message,
                again.value.attempts,
            )

    assert 1 == len(server.asked)


def test_locked_account(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects that are made anew with a wrong password do lock the account; then the right one is refused too."""
    with MockServer() as server:
        for _ in range(5):
            monkeypatch.setitem(SETTINGS, "credentials", credentials_for(server, password="wrong-one"))
            with pytest.raises(AuthenticationError, match=r"IAM\.0062"):
                face.list_runs(server)
        monkeypatch.setitem(SETTINGS, "credentials", credentials_for(server))
        with pytest.raises(AuthenticationError, match=r"IAM\.0061"):
            face.list_runs(server)


def test_passing_failure_of_iam(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """IAM that is busy is asked again, by the client's policy."""
    clock = InstantClock(chance=1.0)
    busy = json_answer({"error": {"code": 429, "message": "busy"}}, status=429, Retry_After="3")
    with ScriptedServer(refusal("x", status=503), busy, token_answer(), run_page()) as server:
        monkeypatch.setitem(SETTINGS, "credentials", credentials_for(server))
        monkeypatch.setitem(SETTINGS, "clock", clock)
        face.list_runs(server)

    assert ["POST", "POST", "POST", "GET"] == [asked.method for asked in server.asked]
    assert [0.5, 4.0] == clock.waits


@pytest.mark.parametrize(
    ("options", "error", "code"),
    [({"project_name": "elsewhere"}, NotFoundError, "IAM.0004"), ({"user": "\ud7ff"}, AuthenticationError, "IAM.0062")],
)
def test_lasting_failure_of_iam(
    face: Face, monkeypatch: pytest.MonkeyPatch, options: dict[str, str], error: type[NotFoundError], code: str
) -> None:
    """What else IAM refuses is an error of the tree with its code."""
    with MockServer() as server:
        monkeypatch.setitem(SETTINGS, "credentials", credentials_for(server, **options))
        with pytest.raises(error) as caught:
            face.list_runs(server)

    assert code == caught.value.error_code


@pytest.mark.parametrize(
    "answer",
    [
        json_answer({"token": {"issued_at": "2026-11-01T00:00:00Z", "expires_at": "2026-11-02T00:00:00Z"}}, status=201),
        json_answer({"token": {"expires_at": "2026-11-02T00:00:00Z"}}, status=201, X_Subject_Token=TOKEN),
        json_answer({"token": {"expires_at": "soon"}}, status=201, X_Subject_Token=TOKEN),
        json_answer({"said": TOKEN}, status=201, X_Subject_Token=TOKEN),
        Answer(TOKEN.encode(), 201, {"X-Subject-Token": TOKEN}),
        json_answer({"token": {}}, status=200, X_Subject_Token=TOKEN),
    ],
)
def test_answer_without_a_token(face: Face, monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    """An answer that is no token is an error, which shows none."""
    with ScriptedServer(answer) as server:
        monkeypatch.setitem(SETTINGS, "credentials", credentials_for(server))
        with pytest.raises(InvalidEnvelopeError) as caught:
            face.list_runs(server)

    assert TOKEN not in str(caught.value) + repr(vars(caught.value))


def echo(asked: Asked) -> Answer:
    """A refusal that says back what it was sent, as it was sent and decoded."""
    said = asked.content.decode() + str(json.loads(asked.content))
    return json_answer({"error": {"code": 400, "message": said}}, status=400)


def test_echoed_password_is_masked(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password that IAM says back is in no part of the error, nor in its pickle."""
    with ScriptedServer(echo) as server:
        credentials = credentials_for(server, password=PASSWORD)
        monkeypatch.setitem(SETTINGS, "credentials", credentials)
        with pytest.raises(BadRequestError) as caught:
            face.list_runs(server)

    shown = str(caught.value) + str(vars(caught.value)) + repr(credentials)
    forms = {PASSWORD, json.dumps(PASSWORD)[1:-1]}
    assert [] == [form for form in forms if form in shown or form.encode() in pickle.dumps(caught.value)]
    assert "***" in (caught.value.error_message or "")


def test_secrets_are_in_no_log(face: Face, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the password nor a token is in a log record of any level."""
    caplog.set_level(logging.DEBUG)
    with ScriptedServer(token_answer(), refusal("APIGW.0307"), token_answer("another-token"), run_page()) as server:
        monkeypatch.setitem(SETTINGS, "credentials", credentials_for(server, password=PASSWORD))
        face.list_runs(server)

    logged = caplog.text + "".join(repr(vars(record)) for record in caplog.records)
    assert caplog.records
    assert [] == [secret for secret in (PASSWORD, TOKEN, "another-token", "0123456789") if secret in logged]


def test_credentials_stay_secret() -> None:
    """Credentials show whose they are and not the password, and refuse to be pickled."""
    credentials = PasswordCredentials("ann", PASSWORD, "acme", region="cn-north-4")

    assert (
        "PasswordCredentials(user='ann', account='acme', project_id=None, project_name=None, region='cn-north-4', "
        "iam_endpoint=None)"
    ) == repr(credentials)
    with pytest.raises(TypeError, match="create them again"):
        pickle.dumps(credentials)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({}, ConfigurationError, "region=… or iam_endpoint=…"),
        ({"iam_endpoint": "https://iam.example.com"}, ConfigurationError, "project_id=… or project_name=…"),
        ({"region": "no region"}, ConfigurationError, "not the id of a region"),
        ({"region": "eu-west-101", "iam_endpoint": "http://iam.example.com"}, ConfigurationError, "IAM endpoint"),
        ({"region": "r", "project_id": "i", "project_name": "n"}, InvalidArgumentError, "not both"),
        ({"region": "r", "project_id": ""}, InvalidArgumentError, "project_id"),
        ({"region": "r", "user": ""}, InvalidArgumentError, "user"),
        ({"region": "r", "password": ""}, InvalidArgumentError, "password must not be empty"),
        ({"region": "r", "password": b"secret"}, InvalidArgumentError, "password must be text, not bytes"),
        ({"region": "r", "account": None}, InvalidArgumentError, "account"),
    ],
)
def test_wrong_settings(options: dict[str, Any], error: type[Exception], match: str) -> None:
    """What cannot work is told when the credentials are made."""
    with pytest.raises(error, match=match):
        PasswordCredentials(**{"user": "u", "password": PASSWORD, "account": "a", **options})


def test_prefix_of_iam_is_kept(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path prefix of IAM's address stands before the path."""
    with ScriptedServer(token_answer(), run_page()) as server:
        monkeypatch.setitem(SETTINGS, "credentials", credentials_for(server, iam_endpoint=f"{server.url}/iam/"))
        face.list_runs(server)

    assert "/iam/v3/auth/tokens?nocatalog=true" == server.asked[0].target


def test_client_that_was_closed_leaves_the_others_alone() -> None:
    """A closed client raises, and another with the same credentials works."""
    with MockServer() as server:
        settings = settings_for(server, credentials_for(server))
        closed = DataMapClient(**settings)
        closed.close()
        with pytest.raises(ClientClosedError):
            closed.list_operators("t")
        with DataMapClient(**settings) as client:
            assert [] == client.list_runs("1", job_name="a", **WINDOW).to_list()
