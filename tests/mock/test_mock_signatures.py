"""Signed requests to a running mock server: who is let in, when, and what the gateway says to the others."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from dataarts_datamap_contract.mock import MockConfig, MockServer
from support.mock_caller import NO_AUTHORITIES, Caller
from support.mock_signing import SteppedClock, sign

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = "Incorrect IAM authentication information: "
LOCKED = "AK access failed to reach the limit,forbidden"
NAMED = "SDK-HMAC-SHA256 Access=MOCKACCESSKEY0000001"


@dataclass(frozen=True)
class Signer:
    """Signs requests to a server of its own, whose clock it holds."""

    server: MockServer
    caller: Caller
    clock: SteppedClock

    @property
    def config(self) -> MockConfig:
        return self.server.config

    @property
    def headers(self) -> dict[str, str]:
        """What a signed request has beside the date."""
        return {"Host": "mock", "instance": self.config.instance_id}

    @property
    def target(self) -> str:
        """ShowInstanceInfos with a query that is valid."""
        return f"{self.caller.runs_path()}?{self.caller.valid_query()}"

    def send(self, headers: Mapping[str, str], *, target: str | None = None, body: bytes | None = None) -> str:
        """What the server says to a GET: ``ok``, or the reason of a 401 in the gateway's shape."""
        path = self.caller.http.base_url.join(self.target if target is None else target)
        return reason(self.caller.http.request("GET", path, headers=dict(headers), content=body))

    def send_wrong(self) -> str:
        """What the server says to a request that another secret signed."""
        return self.send(sign(replace(self.config, secret_key="other"), self.target, self.headers))

    def send_good(self) -> str:
        """What the server says to a request that is signed well."""
        return self.send(sign(self.config, self.target, self.headers))


def reason(response: httpx.Response) -> str:
    """``ok``, or why the gateway answered with 401."""
    if 200 == response.status_code:
        return "ok"
    document = response.json()
    assert (401, "APIGW.0301") == (response.status_code, document["error_code"]), document
    assert response.headers["X-Request-Id"] == document["request_id"]
    text: str = document["error_msg"]
    assert text.startswith(PREFIX)
    return text.removeprefix(PREFIX)


@contextmanager
def signing(security_token: str | None = None) -> Iterator[Signer]:
    """A signer, for as long as the block lasts."""
    clock = SteppedClock()
    config = MockConfig(clock=clock, now=clock.now, security_token=security_token)
    with (
        MockServer(config) as server,
        httpx.Client(base_url=server.url, trust_env=False, verify=NO_AUTHORITIES) as http,
    ):
        yield Signer(server, Caller(http, config), clock)


@pytest.fixture
def signer() -> Iterator[Signer]:
    """A signer with a permanent key."""
    with signing() as signer:
        yield signer


@pytest.mark.parametrize("job_name", ["ETL_Job_dli2dws", "订单汇总_日报📊", "check/rows<stage>", "a b+c&d=e"])
def test_a_signed_request_is_let_in(signer: Signer, job_name: str) -> None:
    """No token is needed on either operation; names in every script are signed as they are sent."""
    query = httpx.QueryParams({"job_name": job_name, "start_time": 0, "end_time": 9, "offset": 0, "limit": 1})
    path = signer.caller.runs_path("a/b 项目")
    for target in (f"{path}?{str(query).replace('+', '%20')}", signer.caller.nodes_path()):
        assert "ok" == signer.send(sign(signer.config, target, signer.headers), target=target)


def test_the_order_of_the_query_is_not_signed(signer: Signer) -> None:
    """The canonical query is sorted, so that the one that was sent need not be."""
    headers = sign(signer.config, signer.target, signer.headers)
    path, _, query = signer.target.partition("?")
    assert "ok" == signer.send(headers, target=f"{path}?{'&'.join(reversed(query.split('&')))}")


def test_a_plus_sign_is_not_signed_as_a_space(signer: Signer) -> None:
    """Whoever signs a space and sends a plus sign signs something else than what is sent."""
    headers = sign(signer.config, signer.target.replace("ETL_Job", "ETL%20Job"), signer.headers)
    assert signer.send(headers, target=signer.target.replace("ETL_Job", "ETL+Job")).startswith("verify aksk")


def test_only_the_date_must_be_signed(signer: Signer) -> None:
    """Every other header is optional: not the host, nor the instance, nor what a proxy adds."""
    unsigned = {**signer.headers, "X-Forwarded-For": "10.0.0.1"}
    assert "ok" == signer.send(sign(signer.config, signer.target, {}, unsigned=unsigned))


def test_the_gateway_shows_what_it_made_of_the_request(signer: Signer) -> None:
    """A wrong secret gives the canonical request in the answer, with a bar for each newline."""
    headers = {"Host": "mock", "instance": signer.config.instance_id}
    target = signer.caller.nodes_path("订单")
    text = signer.send(sign(replace(signer.config, secret_key="other"), target, headers), target=target)
    assert text == (
        f"verify aksk signature fail, canonicalRequest:GET|{target}/||host:mock|instance:{signer.config.instance_id}|"
        "x-sdk-date:20261120T083000Z||host;instance;x-sdk-date|"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"target": "limit=2"},
        {"target": "limit=1&limit=1"},
        {"target": "limit=1&x=1"},
        {"instance": "f" * 32},
        {"Host": "other"},
        {"X-Sdk-Date": "20261120T083001Z"},
    ],
    ids=str,
)
def test_what_is_changed_on_the_way_is_refused(signer: Signer, change: dict[str, str]) -> None:
    """A changed query, header or date no longer is what was signed."""
    headers = {**sign(signer.config, signer.target, signer.headers), **change}
    target = signer.target.replace("limit=1", headers.pop("target", "limit=1"))
    assert signer.send(headers, target=target).startswith("verify aksk signature fail, canonicalRequest:GET|/v1/")


def test_another_access_key_does_not_exist(signer: Signer) -> None:
    """The answer names the key."""
    headers = sign(replace(signer.config, access_key="AKOTHER"), signer.target, signer.headers)
    assert "Get secretKey failed,ak:AKOTHER,err:ak not exist" == signer.send(headers)


@pytest.mark.parametrize(
    "authorization",
    [
        "SDK-HMAC-SHA256",
        "SDK-HMAC-SHA256-2",
        f"{NAMED}, SignedHeaders=x-sdk-date",
        f"{NAMED}, SignedHeaders=x-sdk-date, Signature={'A' * 64}",
        f"{NAMED}, SignedHeaders=x-sdk-date, Signature={'a' * 63}",
        f"{NAMED}, SignedHeaders=x-sdk-date, Signature={'a' * 64},",
        f"{NAMED}, SignedHeaders=, Signature={'a' * 64}",
        f"{NAMED}, SignedHeaders=host;;x-sdk-date, Signature={'a' * 64}",
        f"{NAMED}, SignedHeaders=X-Sdk-Date, Signature={'a' * 64}",
        f"{NAMED}, SignedHeaders=x_a;x-sdk-date, Signature={'a' * 64}",
        f"{NAMED}, SignedHeaders=x-sdk-date;host, Signature={'a' * 64}",
        f"{NAMED}, SignedHeaders=host;host;x-sdk-date, Signature={'a' * 64}",
        f"{NAMED},SignedHeaders=x-sdk-date,Signature={'a' * 64}",
        f"SDK-HMAC-SHA256 Access=, SignedHeaders=x-sdk-date, Signature={'a' * 64}",
    ],
)
def test_a_header_of_another_form_is_malformed(signer: Signer, authorization: str) -> None:
    """Another form than the documented one, or names out of order, is refused before the key is looked up."""
    headers = {**sign(signer.config, signer.target, signer.headers), "Authorization": authorization}
    assert signer.send(headers).startswith("Authorization is malformed")


def test_two_signatures_are_malformed(signer: Signer) -> None:
    """Which of two counts is nobody's guess to make, also when they are the same."""
    headers = sign(signer.config, signer.target, signer.headers)
    twice = [*headers.items(), ("Authorization", headers["Authorization"])]
    assert "Authorization is malformed" == reason(signer.caller.http.get(signer.target, headers=twice))


@pytest.mark.parametrize("skew", [timedelta(minutes=15), timedelta(minutes=-15)])
def test_a_signature_lasts_15_minutes(signer: Signer, skew: timedelta) -> None:
    """To the second, whether it is the caller's clock or the server's that is behind."""
    signed_at = signer.clock.now + skew
    second = timedelta(seconds=1 if skew > timedelta() else -1)
    assert "ok" == signer.send(signed_on(signer, signed_at))
    assert (
        f"calc aksk signature fail:signature expired, signature time:{signed_at + second:%Y%m%dT%H%M%SZ},"
        "server time:20261120T083000Z"
    ) == signer.send(signed_on(signer, signed_at + second))


def signed_on(signer: Signer, moment: datetime) -> dict[str, str]:
    """The headers of a request that is signed at another time than the server's."""
    return sign(signer.config, signer.target, {**signer.headers, "X-Sdk-Date": f"{moment:%Y%m%dT%H%M%SZ}"})


def test_a_signature_expires_by_the_clock_alone(signer: Signer) -> None:
    """The present of the data has no part in it."""
    headers = sign(signer.config, signer.target, signer.headers)
    signer.clock.step(minutes=15)
    assert "ok" == signer.send(headers)
    signer.clock.step(seconds=1)
    assert signer.send(headers).startswith("calc aksk signature fail:signature expired")


@pytest.mark.parametrize(
    "date", ["2026-11-20T08:30:00Z", "20261120T083000", "20261320T083000Z", "2026112T0083000Z", "", "now"]
)
def test_a_date_of_another_form_is_refused(signer: Signer, date: str) -> None:
    """Also when it is signed."""
    headers = sign(signer.config, signer.target, {**signer.headers, "X-Sdk-Date": date})
    assert "X-Sdk-Date is not a time like 20191115T033655Z" == signer.send(headers)


def test_the_date_must_be_signed(signer: Signer) -> None:
    """It was sent, but anybody could have changed it."""
    headers = sign(signer.config, signer.target, signer.headers)
    headers["Authorization"] = headers["Authorization"].replace(";x-sdk-date", "")
    assert "X-Sdk-Date is not signed" == signer.send(headers)


@pytest.mark.parametrize(("name", "times"), [("X-Sdk-Date", 0), ("instance", 0), ("X-Sdk-Date", 2), ("instance", 2)])
def test_a_signed_header_is_sent_once(signer: Signer, name: str, times: int) -> None:
    """Neither none nor two can be what was signed."""
    headers = sign(signer.config, signer.target, signer.headers)
    pairs = [pair for pair in headers.items() if pair[0] != name] + [(name, headers[name])] * times
    text = reason(signer.caller.http.get(signer.target, headers=pairs))
    assert f"signed header {name} was sent {times} times" == text


def test_six_failures_in_a_row_lock_the_key_for_five_minutes(signer: Signer) -> None:
    """More than five: the sixth is still answered for what it is, and from then on nothing is, however good."""
    for _ in range(6):
        assert signer.send_wrong().startswith("verify aksk signature fail")
    assert LOCKED == signer.send_good()
    signer.clock.step(minutes=4, seconds=59)
    assert [LOCKED, LOCKED] == [signer.send_wrong(), signer.send_good()]
    signer.clock.step(seconds=1)
    assert "ok" == signer.send_good()


def test_a_success_forgives_five_failures(signer: Signer) -> None:
    """Only failures in a row count, and after a lock the count starts again."""
    for _ in range(3):
        for _ in range(5):
            signer.send_wrong()
        assert "ok" == signer.send_good()
    for _ in range(6):
        signer.send_wrong()
    signer.clock.step(minutes=5)
    assert signer.send_wrong().startswith("verify aksk signature fail")
    assert "ok" == signer.send_good()


def test_expired_signatures_count_for_the_lock(signer: Signer) -> None:
    """A caller with a wrong clock that tries again and again is locked too."""
    for _ in range(6):
        signer.send(signed_on(signer, signer.clock.now - timedelta(hours=1)))
    assert LOCKED == signer.send_good()


def test_other_mistakes_do_not_lock_the_key(signer: Signer) -> None:
    """Whoever cannot name the key, or sends no signature that can be read, cannot lock it for others."""
    for headers in (sign(replace(signer.config, access_key="AK"), signer.target, signer.headers), {}):
        for _ in range(7):
            signer.send({**headers})
            signer.send({"Authorization": "SDK-HMAC-SHA256"})
    assert "ok" == signer.send_good()


def test_a_locked_key_leaves_tokens_alone(signer: Signer) -> None:
    """The lock is the key's, not the caller's."""
    for _ in range(7):
        signer.send_wrong()
    assert "ok" == signer.send(signer.caller.headers)


def test_a_temporary_key_needs_its_security_token() -> None:
    """Signed or not it must be there, and exactly it."""
    with signing("quiet+token/==") as signer:
        assert "ok" == signer.send_good()
        unsigned = {"X-Security-Token": "quiet+token/=="}
        permanent = replace(signer.config, security_token=None)
        assert "ok" == signer.send(sign(permanent, signer.target, signer.headers, unsigned=unsigned))
        for config in (permanent, replace(permanent, security_token="other")):
            assert "verify security token fail" == signer.send(sign(config, signer.target, signer.headers))


def test_a_permanent_key_has_no_security_token(signer: Signer) -> None:
    """Whoever sends one has mixed up two keys."""
    headers = sign(replace(signer.config, security_token="other"), signer.target, signer.headers)
    assert "verify security token fail" == signer.send(headers)


def test_of_token_and_signature_both_must_be_good(signer: Signer) -> None:
    """When both are sent, a bad one of either is refused for what is wrong with it."""
    good = {"X-Auth-Token": signer.config.token}
    assert "ok" == signer.send(sign(signer.config, signer.target, signer.headers, unsigned=good))
    assert "ok" == signer.send(sign(signer.config, signer.target, {**signer.headers, **good}))
    bad = {"X-Auth-Token": "other"}
    assert "decrypt token fail" == signer.send(sign(signer.config, signer.target, signer.headers, unsigned=bad))
    wrong = replace(signer.config, secret_key="other")
    assert signer.send(sign(wrong, signer.target, signer.headers, unsigned=good)).startswith("verify aksk")


@pytest.mark.parametrize("authorization", ["Basic dTpw", "Bearer x", "V11-HMAC-SHA256 Credential=a", ""])
def test_an_authorization_of_another_scheme_says_nothing(signer: Signer, authorization: str) -> None:
    """It neither helps a request without a token nor harms one that has it."""
    other = {"Authorization": authorization}
    assert "X-Auth-Token not found" == signer.send({**signer.headers, **other})
    assert "ok" == signer.send({**signer.caller.headers, **other})
    assert 0 == signer.server.record.signatures_refused


def test_a_body_is_signed(signer: Signer) -> None:
    """A GET has none as a rule; one that comes along counts, unless the signer says that it left it out."""
    headers = sign(signer.config, signer.target, signer.headers, body=b'{"a":1}')
    assert "ok" == signer.send(headers, body=b'{"a":1}')
    assert signer.send(headers, body=b'{"a":2}').startswith("verify aksk signature fail")
    assert signer.send(headers).startswith("verify aksk signature fail")
    left_out = {**signer.headers, "X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD"}
    assert "ok" == signer.send(sign(signer.config, signer.target, left_out, body=b"a"), body=b"b")


def test_a_body_of_12_megabytes_is_read() -> None:
    """One byte more is refused as the gateway does, with 413."""
    with signing() as signer:
        whole = b"x" * (12 * 1024 * 1024)
        assert "ok" == signer.send(sign(signer.config, signer.target, signer.headers, body=whole), body=whole)
        response = signer.caller.http.request("GET", signer.target, headers=signer.caller.headers, content=whole + b"x")
        assert (413, "APIGW.0201") == (response.status_code, response.json()["error_code"])


def test_who_is_asked_before_what(signer: Signer) -> None:
    """A request that is signed well and wrong in everything else gets the answer that a token would get."""
    target = "/v1/a%FF/datamap/table/%ZZ/node?a=%ZZ"
    status, _, body = signer.caller.get(target, sign(signer.config, target, signer.headers))
    assert (400, True) == (status, b"APIGW.0201" in body)
    wrong = sign(replace(signer.config, secret_key="other"), target, signer.headers)
    assert 401 == signer.caller.get(target, wrong)[0]


def test_utf8_in_a_header_is_signed_as_it_is_sent(signer: Signer) -> None:
    """Bytes are compared, so that no encoding is guessed."""
    fields = sign(signer.config, signer.target, {**signer.headers, "X-Note": "订单 📊"})
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    with socket.create_connection(signer.caller.address, timeout=10) as connection:
        connection.sendall(f"GET {signer.target} HTTP/1.1\r\nConnection: close\r\n{lines}\r\n".encode())
        assert b"HTTP/1.1 200" == connection.makefile("rb").read(12)


def test_refused_signatures_are_counted(signer: Signer) -> None:
    """Every one, from whatever thread it came; good ones and tokens are not."""
    refused = [
        sign(replace(signer.config, access_key="AK"), signer.target, signer.headers),
        sign(replace(signer.config, secret_key="other"), signer.target, signer.headers),
        {"Authorization": "SDK-HMAC-SHA256"},
    ]
    assert ["ok", "ok"] == [signer.send_good(), signer.send(signer.caller.headers)]
    assert 0 == signer.server.record.signatures_refused
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(signer.send, refused * 8))
    assert (24, False) == (signer.server.record.signatures_refused, "ok" in answers)


def test_counting_starts_with_the_server() -> None:
    """A server that is started again has counted nothing; after it ended, what it counted can still be read."""
    server = MockServer()
    for _ in range(2):
        with server:
            assert 0 == server.record.signatures_refused
            httpx.get(
                f"{server.url}/v1/a/datamap/table/1/node",
                headers={"Authorization": "SDK-HMAC-SHA256"},
                trust_env=False,
                verify=NO_AUTHORITIES,
            )
        assert 1 == server.record.signatures_refused


@pytest.mark.parametrize("name", ["access_key", "secret_key", "security_token"])
def test_a_blank_key_is_refused(name: str) -> None:
    """A blank secret would let in whoever signs with a blank one."""
    blank: dict[str, Any] = {name: " "}
    with pytest.raises(ValueError, match=f"{name} is blank"):
        MockConfig(**blank)


def test_secrets_of_the_configuration_do_not_show() -> None:
    """It can be logged; the access key names the caller and is no secret."""
    shown = repr(MockConfig(access_key="AKNAMED", secret_key="quiet", security_token="quiet"))
    assert (True, False) == ("AKNAMED" in shown, "quiet" in shown)
