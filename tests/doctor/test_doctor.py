"""What the doctor finds, each time over real sockets, and that it costs no access key its use."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import AccessKeyCredentials, DataMapClient, PasswordCredentials, TokenCredentials
from dataarts_datamap._doctor.examination import examine, input_of
from dataarts_datamap._doctor.findings import Finding, Outcome
from dataarts_datamap._transport.tls import tls_context
from dataarts_datamap.cli._main import run
from dataarts_datamap_contract.mock import MockConfig, MockServer
from support.answers import json_answer
from support.faces import At
from support.faults import Connection, faulty_server, full_backlog, self_signed
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.faces import Addressed

STEPS = [
    *("credentials", "address", "connection", "certificate", "service"),
    *("clock", "authentication", "project", "instance", "data map"),
]
KNOWN = MockConfig()
DISCOVERED: dict[str, Any] = {"project_id": None, "instance_id": None, "region": KNOWN.region}
WRONG_KEY = AccessKeyCredentials(KNOWN.access_key, "wrong-secret")
RIGHT_KEY = AccessKeyCredentials(KNOWN.access_key, KNOWN.secret_key)
DEAD = At("http://127.0.0.1:1")
REFUSED = json_answer({"error_code": "APIGW.0301", "error_msg": "X-Auth-Token not found"}, status=401)


@pytest.fixture(scope="module")
def mock_server() -> Iterator[MockServer]:
    """A mock server."""
    with MockServer() as server:
        yield server


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment with nothing of ours in it."""
    for name in list(os.environ):
        if name.startswith(("DATAMAP_", "HUAWEICLOUD_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return monkeypatch


def findings(server: Addressed, *, now: Callable[[], datetime] | None = None, **settings: Any) -> dict[str, Finding]:
    """What the doctor finds, by step; with the good token, project and instance unless told otherwise."""
    whole: dict[str, Any] = {
        "endpoint": server.url,
        "project_id": KNOWN.project_id,
        "instance_id": KNOWN.instance_id,
        "credentials": TokenCredentials(KNOWN.token),
        "timeout": 5,
        **settings,
    }
    with DataMapClient(**whole) as client:
        subject = input_of(client)
        found = list(examine(replace(subject, now=now) if now else subject))
    assert STEPS == [finding.step for finding in found]
    return {finding.step: finding for finding in found}


def ends(found: dict[str, Finding]) -> tuple[str, Outcome]:
    """The first step that did not end well, and how it ended."""
    return next(((step, one.outcome) for step, one in found.items() if one.outcome != Outcome.OK), ("", Outcome.OK))


def failure(found: dict[str, Finding], step: str) -> str:
    """What is seen and what is to be mended, where one step fails and those that need it are skipped."""
    assert (step, Outcome.FAILED) == ends(found)
    assert found[step].remedy
    others = [finding.outcome for finding in found.values() if finding.step != step]
    assert {Outcome.OK, Outcome.SKIPPED} >= set(others)
    assert found["data map"].outcome == (Outcome.FAILED if step == "data map" else Outcome.SKIPPED)
    return f"{found[step].text} -> {found[step].remedy}"


@pytest.mark.parametrize("credentials", [TokenCredentials(KNOWN.token), RIGHT_KEY])
def test_all_is_well(mock_server: MockServer, credentials: Any) -> None:
    """Where nothing is wrong, each step says so."""
    found = findings(mock_server, credentials=credentials)

    assert ("", Outcome.OK) == ends(found)
    assert "this machine and the server agree to the minute" == found["clock"].text


def test_wrong_token(mock_server: MockServer) -> None:
    """A wrong token is refused, and the text does not hold it."""
    told = failure(findings(mock_server, credentials=TokenCredentials("wrong-secret")), "authentication")

    assert "decrypt token fail" in told
    assert "get a new token" in told
    assert "wrong-secret" not in told


def test_wrong_secret_key() -> None:
    """A wrong secret key costs one wrong signature: however often the doctor is asked, five times leave it unlocked."""
    with MockServer() as server:
        told = failure(findings(server, credentials=WRONG_KEY), "authentication")
        assert 1 == server.record.signatures_refused
        for _ in range(4):
            findings(server, credentials=WRONG_KEY)
        assert 5 == server.record.signatures_refused
        assert ("", Outcome.OK) == ends(findings(server, credentials=RIGHT_KEY))

    assert "check the secret key" in told
    assert KNOWN.access_key not in told


def test_locked_access_key() -> None:
    """A key that is locked is told from a wrong one."""
    with MockServer() as server:
        for _ in range(6):
            findings(server, credentials=WRONG_KEY)
        assert "wait five minutes" in failure(findings(server, credentials=RIGHT_KEY), "authentication")


def test_unknown_access_key(mock_server: MockServer) -> None:
    """A key that the cloud does not know is told from a wrong secret key."""
    told = failure(findings(mock_server, credentials=AccessKeyCredentials("UNKNOWN-KEY", "sk")), "authentication")

    assert "the access key is unknown" in told
    assert "UNKNOWN-KEY" not in told


def login(server: MockServer, **changes: Any) -> PasswordCredentials:
    """The user's credentials, as they are known to the server unless told otherwise."""
    whole = {"user": KNOWN.user, "password": KNOWN.password, "account": KNOWN.account, "project_id": KNOWN.project_id}
    return PasswordCredentials(**{**whole, **changes}, iam_endpoint=server.url)


def test_password(mock_server: MockServer) -> None:
    """A user with a password is examined like the others; a wrong one is asked for once."""
    assert ("", Outcome.OK) == ends(findings(mock_server, credentials=login(mock_server)))
    told = failure(findings(mock_server, credentials=login(mock_server, password="wrong-secret")), "authentication")

    assert "the account is not the user" in told
    assert "wrong-secret" not in told


@pytest.mark.parametrize("credentials", [TokenCredentials(KNOWN.token), RIGHT_KEY])
def test_ids_that_are_found(mock_server: MockServer, credentials: Any) -> None:
    """Ids that were not given are looked for as a client would."""
    found = findings(mock_server, **DISCOVERED, iam_endpoint=mock_server.url, credentials=credentials)

    assert ("", Outcome.OK) == ends(found)
    assert f"{KNOWN.project_id} is known" == found["project"].text
    assert f"none is set, and {KNOWN.instance_id} is the only one in effect" == found["instance"].text


def test_project_that_is_not_found(mock_server: MockServer) -> None:
    """Where no project has the region's name, credentials are good and the project is to be set."""
    found = findings(mock_server, **{**DISCOVERED, "region": "cn-north-4"}, iam_endpoint=mock_server.url)

    assert "DATAMAP_PROJECT_ID" in failure(found, "project")


def test_wrong_secret_key_while_ids_are_found() -> None:
    """A wrong secret key costs one wrong signature, too, where the project must be found first."""
    with MockServer() as server:
        found = findings(server, **DISCOVERED, iam_endpoint=server.url, credentials=WRONG_KEY)
        assert 1 == server.record.signatures_refused

    assert "check the secret key" in failure(found, "authentication")


@pytest.mark.parametrize(
    ("statuses", "told"),
    [
        ({}, "0 of the project's instances are in effect: it has none"),
        ({"a": 2, "b": 2, "c": 3}, "2 of the project's instances are in effect: it has a, b, c"),
        (dict.fromkeys("abcdefg", 3), "0 of the project's instances are in effect: it has a, b, c, d, e ->"),
    ],
)
def test_instance_that_is_not_the_only_one(statuses: dict[str, int], told: str) -> None:
    """Where there is not exactly one instance in effect, those that there are are told, a few of many."""
    orders = [{"resource_id": name, "status": status} for name, status in statuses.items()]
    with serving(json_answer({"commodity_orders": orders})) as server:
        assert told in failure(findings(server, instance_id=None), "instance")


@pytest.mark.parametrize("minutes", [-16, 16])
def test_skewed_clock_of_this_machine(minutes: int) -> None:
    """A clock that is off by more than the gateway allows stops before a signature is wasted."""
    skewed = datetime.now(UTC) + timedelta(minutes=minutes)
    with MockServer() as server:
        found = findings(server, credentials=RIGHT_KEY, now=lambda: skewed)
        told = failure(found, "clock")
        assert 0 == server.record.signatures_refused

    assert re.search(rf"0:1[56]:\d\d {'ahead of' if minutes > 0 else 'behind'} the server", told)
    assert "NTP" in told


def test_skewed_clock_matters_to_signatures_alone(mock_server: MockServer) -> None:
    """A token does not depend on the clock, so that a wrong one is told and nothing more."""
    found = findings(mock_server, now=lambda: datetime.now(UTC) + timedelta(days=1))

    assert ("", Outcome.OK) == ends(found)
    assert "ahead of the server" in found["clock"].text
    assert "NTP" in (found["clock"].remedy or "")


def test_skewed_clock_of_the_gateway() -> None:
    """Where the gateway's own clock is off, its refusal says what the Date header does not."""
    with MockServer(MockConfig(clock=lambda: datetime.now(UTC) + timedelta(hours=1))) as server:
        told = failure(findings(server, credentials=RIGHT_KEY), "authentication")
        assert 1 == server.record.signatures_refused

    assert "signature expired" in told
    assert "clock" in told


@pytest.mark.parametrize(
    "date", [None, "soon", "Mon, 15 Jan 2024 00:00:00 -0000", "Mon, 15 Jan 99999999999 00:00:00 GMT"]
)
def test_server_without_a_clock(date: str | None) -> None:
    """A server that tells no time leaves one question open, and no more."""
    answers = [REFUSED, json_answer({"commodity_orders": [{"resource_id": KNOWN.instance_id}]}), json_answer([])]
    answers = [replace(one, headers={**one.headers, **({"Date": date} if date else {})}) for one in answers]
    with ScriptedServer(*answers) as server:
        found = findings(server)

    assert ("clock", Outcome.UNKNOWN) == ends(found)
    assert {Outcome.OK, Outcome.UNKNOWN} == {finding.outcome for finding in found.values()}


def test_refused_port() -> None:
    """Where nothing listens, the connection fails."""
    assert "no connection to 127.0.0.1:1: " in failure(findings(DEAD), "connection")


@pytest.mark.parametrize("name", ["nowhere.invalid", "two..dots.invalid", f"{'a' * 64}.invalid"])
def test_no_such_name(name: str) -> None:
    """A name without an address, or that can have none, is told with where to look."""
    told = failure(findings(At(f"https://{name}")), "address")

    assert f"{name} has no address" in told
    assert "check the spelling" in told


def close(connection: Connection) -> None:
    """Do nothing, and so close the connection."""


def test_self_signed_certificate() -> None:
    """A certificate that is not trusted is told with the way to trust it, and nothing is sent."""
    heads: list[bytes] = []
    with faulty_server(lambda one: heads.append(one.read_head()), tls=self_signed("127.0.0.1")[0]) as server:
        told = failure(findings(server), "certificate")

    assert "self-signed" in told
    assert "SSL_CERT_FILE" in told
    assert [] == heads


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"SSL_CERT_FILE": "a.pem"}, "SSL_CERT_FILE is set, but does not hold the CA"),
        ({"SSL_CERT_DIR": "/certs", "REQUESTS_CA_BUNDLE": "a.pem"}, "SSL_CERT_DIR is set, but does not hold the CA"),
        ({"REQUESTS_CA_BUNDLE": "a.pem"}, "certificate (REQUESTS_CA_BUNDLE is not read)"),
        ({"CURL_CA_BUNDLE": "a.pem"}, "certificate (CURL_CA_BUNDLE is not read)"),
    ],
)
def test_remedy_is_not_what_was_done_already(
    environment: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    """What the environment says of certificates is taken into account."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        environment.delenv(name, raising=False)
    for name, value in variables.items():
        environment.setenv(name, value)
    trusted = ssl.create_default_context()
    environment.setattr("dataarts_datamap._transport.tls.tls_context", lambda: trusted)
    with faulty_server(close, tls=self_signed("127.0.0.1")[0]) as server:
        assert expected in (findings(server)["certificate"].remedy or "")


def sign(folder: Path, ca: str, leaf: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Both sides of TLS, the server's with a certificate of a CA with these extensions, which the other trusts."""
    name = "[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=v3\n[dn]\nCN=Company CA\n[v3]\n"
    (folder / "ca.cnf").write_text(name + ca, encoding="ascii")
    (folder / "leaf.ext").write_text("subjectAltName=IP:127.0.0.1\n" + leaf, encoding="ascii")
    key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    for command in (
        f"req -x509 {key} -keyout ca.key -out ca.pem -days 300 -config ca.cnf",
        f"req {key} -keyout leaf.key -out leaf.csr -subj /CN=localhost",
        "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 200 -out leaf.pem -extfile leaf.ext",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)  # noqa: S607
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(folder / "leaf.pem", folder / "leaf.key")
    ours = ssl.create_default_context(cafile=folder / "ca.pem")
    ours.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python 3.13 does by itself
    return theirs, ours


@pytest.mark.parametrize(
    ("ca", "leaf", "check"),
    [
        ("basicConstraints=CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n", "", "not marked critical"),
        ("basicConstraints=critical,CA:TRUE\n", "", "key usage"),
        ("basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n", "authorityKeyIdentifier=none\n", "Identifier"),
    ],
)
def test_certificate_that_is_checked_strictly(
    environment: pytest.MonkeyPatch, tmp_path: Path, ca: str, leaf: str, check: str
) -> None:
    """A CA that is trusted and breaks RFC 5280 is told as that, with the check and whom to ask."""
    environment.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    theirs, ours = sign(tmp_path, ca, leaf)
    environment.setattr("dataarts_datamap._transport.tls.tls_context", lambda: ours)
    with faulty_server(close, tls=theirs) as server:
        found = findings(server)["certificate"]

    assert (Outcome.FAILED, True) == (found.outcome, check in found.text)
    assert "breaks RFC 5280, which Python checks since 3.13: ask the operator of the CA" in (found.remedy or "")


def test_address_that_does_not_answer(environment: pytest.MonkeyPatch) -> None:
    """Where one address of a name is dead and another answers, the dead one is named."""
    look_up = socket.getaddrinfo

    def of_two(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        addresses = ["127.0.0.1", "127.0.0.2"] if host == "many.example" else [host]
        return [found for address in addresses for found in look_up(address, port, *rest, **options)]

    environment.setattr(socket, "getaddrinfo", of_two)
    with full_backlog() as dead, faulty_server(close, host="127.0.0.2", port=int(dead.rpartition(":")[2])) as server:
        found = findings(At(server.url.replace("127.0.0.2", "many.example")), allow_http=True)["connection"]

    assert (Outcome.OK, True) == (found.outcome, found.text.endswith("127.0.0.1 does not respond"))
    assert "why 127.0.0.1 does not respond" in (found.remedy or "")


def test_trusted_certificates_that_are_not_there(environment: pytest.MonkeyPatch) -> None:
    """A wrong SSL_CERT_FILE is told as what it is: nothing is wrong with the port."""
    environment.setenv("SSL_CERT_FILE", "no-file.pem")
    environment.setattr("dataarts_datamap._transport.tls.tls_context", tls_context.__wrapped__)
    with faulty_server(close) as server:
        told = failure(findings(At(server.url.replace("http:", "https:"))), "certificate")

    assert "SSL_CERT_FILE is 'no-file.pem'" in told


@pytest.fixture
def trust(environment: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], ssl.SSLContext]:
    """Makes the doctor trust the certificate of a host alone; returns the server's side."""

    def begin(host: str) -> ssl.SSLContext:
        theirs, certificate = self_signed(host)
        file = tmp_path / "trusted.pem"
        file.write_text(certificate, encoding="ascii")
        ours = ssl.create_default_context(cafile=file)
        environment.setattr("dataarts_datamap._transport.tls.tls_context", lambda: ours)
        return theirs

    return begin


def test_certificate_of_another_host(trust: Callable[[str], ssl.SSLContext]) -> None:
    """A certificate of another host points to the endpoint."""
    with faulty_server(close, tls=trust("other.example")) as server:
        assert "check the endpoint" in failure(findings(server), "certificate")


def test_certificate_that_expires_soon(trust: Callable[[str], ssl.SSLContext]) -> None:
    """A certificate that is trusted says until when; that of this test ends in two days."""
    with faulty_server(close, tls=trust("127.0.0.1")) as server:
        found = findings(server)

    assert Outcome.OK == found["certificate"].outcome
    assert f"trusted until {datetime.now(UTC) + timedelta(days=2):%Y-%m}" in found["certificate"].text
    assert "expires soon" in (found["certificate"].remedy or "")


def test_no_tls(mock_server: MockServer) -> None:
    """A port that speaks plain http is told from a bad certificate, with what to write."""
    told = failure(findings(At(mock_server.url.replace("http:", "https:"))), "certificate")

    assert "no TLS with" in told
    assert "write http:// in place of https://" in told


HTML = Answer(b"<html>Sign in</html>", 200, {"Content-Type": "text/html"})


def test_html() -> None:
    """A page is not the service, and is sent no credentials."""
    with ScriptedServer(HTML) as server:
        told = failure(findings(server), "service")

    assert "HTTP 200 with text/html instead of JSON" in told
    assert "sign-in page" in told
    assert [False] == ["x-auth-token" in asked.headers for asked in server.asked]


def test_server_that_is_not_well() -> None:
    """A server error ends the examination: nothing behind it can be judged."""
    with ScriptedServer(json_answer({"error_code": "APIGW.0202"}, status=502)) as server:
        assert "APIGW.0202" in failure(findings(server), "service")
    assert 1 == len(server.asked)


def test_server_that_says_nothing() -> None:
    """A connection that is closed without an answer is told."""
    with faulty_server(close) as server:
        found = findings(server)

    assert "no complete response" in failure(found, "service")
    assert 2 == server.connections  # one of them to see whether there is one to be had


def test_wrong_project(mock_server: MockServer) -> None:
    """A project that the token is not for is told with where to find the right one."""
    assert "My Credentials" in failure(findings(mock_server, project_id="another"), "project")
    with serving(json_answer({"error_code": "DLM.0302"}, status=403)) as server:
        assert "DLM.0302" in failure(findings(server), "project")


def test_wrong_instance(mock_server: MockServer) -> None:
    """An instance that is none of the project's is told with those that are."""
    told = failure(findings(mock_server, instance_id="another"), "instance")

    assert f"another is not an instance of the project: it has {KNOWN.instance_id}" in told
    assert "DATAMAP_INSTANCE_ID" in told


def serving(listing: Answer, nodes: Answer = json_answer([])) -> ScriptedServer:  # noqa: B008  frozen
    """A server that refuses who has no token, and answers the others."""

    def answer(asked: Asked) -> Answer:
        dated = {"Date": format_datetime(datetime.now(UTC), usegmt=True)}
        chosen = nodes if "/datamap/" in asked.target else listing
        chosen = chosen if "x-auth-token" in asked.headers else REFUSED
        return replace(chosen, headers={**chosen.headers, **dated})

    return ScriptedServer(answer)


NO_RIGHT = json_answer({"error_code": "APIGW.0302", "error_msg": "no"}, status=403)
NO_TABLE = json_answer({"error_code": "DLG.0404", "error_msg": "no table"}, status=400)
NO_API = json_answer({"error_code": "APIGW.0101", "error_msg": "no API"}, status=404)
OTHERS = json_answer({"count": 300, "commodity_orders": [{"resource_id": f"id-{n}"} for n in range(100)]})
LISTED = json_answer({"commodity_orders": [{"resource_id": KNOWN.instance_id}]})


def orders(number: int, *, count: int | None, **first: Any) -> Answer:
    """A page of orders, each of an instance that is not in effect, apart from the first."""
    rows = [{"resource_id": f"id-{n}", "status": 3} for n in range(number)]
    return json_answer({"commodity_orders": [rows[0] | first, *rows[1:]], "count": count})


def test_instance_with_two_orders() -> None:
    """Where all orders are listed, a wrong id is wrong, even if there are fewer instances than orders."""
    row = {"resource_id": KNOWN.instance_id, "status": 2}
    with serving(json_answer({"count": 2, "commodity_orders": [row, row]})) as server:
        told = failure(findings(server, instance_id="another"), "instance")

    assert f"another is not an instance of the project: it has {KNOWN.instance_id}" in told


@pytest.mark.parametrize("count", [101, None])
@pytest.mark.parametrize(("status", "one", "data_map"), [(2, "only id-0", Outcome.OK), (3, "none", Outcome.UNKNOWN)])
def test_instances_on_more_than_one_page(count: int | None, status: int, one: str, data_map: Outcome) -> None:
    """Where the first page may not be all, no instance is said to be the only one, or to be missing."""
    with serving(orders(100, count=count, status=status)) as server:
        found = findings(server, instance_id=None)
        assert Outcome.UNKNOWN == findings(server, instance_id="another")["instance"].outcome

    assert (Outcome.UNKNOWN, data_map) == (found["instance"].outcome, found["data map"].outcome)
    said = f"none is set, and of the listed instances {one} is in effect, but there are more"
    assert said == found["instance"].text
    assert "DATAMAP_INSTANCE_ID" in (found["instance"].remedy or "")


def test_instances_on_one_full_page() -> None:
    """Where the count says that a full page is all, the only one in effect is the only one."""
    with serving(orders(100, count=100, status=2)) as server:
        assert ("", Outcome.OK) == ends(findings(server, instance_id=None))


@pytest.mark.parametrize("listing", [NO_RIGHT, NO_API, json_answer({"other": 1}), OTHERS])
@pytest.mark.parametrize("nodes", [json_answer([]), NO_TABLE])
def test_instances_that_may_not_be_listed(listing: Answer, nodes: Answer) -> None:
    """Who may not list instances, or has too many, is told by the Data Map itself whether it answers."""
    with serving(listing, nodes) as server:
        found = findings(server)

    assert Outcome.UNKNOWN == found["instance"].outcome
    assert Outcome.OK == found["data map"].outcome
    assert Outcome.FAILED not in {finding.outcome for finding in found.values()}


@pytest.mark.parametrize(("status", "code"), [(429, "APIGW.0308"), (503, "APIGW.0203")])
def test_service_that_cannot_judge_credentials(status: int, code: str) -> None:
    """A busy or broken service proves nothing about the credentials."""
    with serving(json_answer({"error_code": code}, status=status)) as server:
        found = findings(server)

    assert ("authentication", Outcome.UNKNOWN) == ends(found)
    assert code in found["authentication"].text
    assert Outcome.UNKNOWN == found["project"].outcome


@pytest.mark.parametrize(
    ("nodes", "outcome", "told"),
    [
        (NO_RIGHT, Outcome.FAILED, "ask for a role"),
        (NO_API, Outcome.FAILED, "not offered at this address"),
        (json_answer({"error_code": "APIGW.0308"}, status=429), Outcome.UNKNOWN, "try again later"),
    ],
)
def test_data_map_that_refuses(nodes: Answer, outcome: Outcome, told: str) -> None:
    """What the Data Map itself refuses is told last; nothing is sent twice."""
    with serving(LISTED, nodes) as server:
        found = findings(server)

    assert ("data map", outcome) == ends(found)
    assert told in (found["data map"].remedy or "")
    assert 3 == len(server.asked)


def test_proxy(mock_server: MockServer) -> None:
    """Behind a proxy it is the proxy that must be reached; its password is not shown."""
    found = findings(mock_server, proxy="http://user:PROXY-SECRET@127.0.0.1:1", allow_http=True)

    assert "no connection to the proxy 127.0.0.1:1" in failure(found, "connection")
    assert "PROXY-SECRET" not in str(found)


def test_proxy_that_speaks_socks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of SOCKS in the environment is a step's finding, which names the variable and not the password."""
    monkeypatch.setenv("ALL_PROXY", "socks5://user:PROXY-SECRET@127.0.0.1:1")
    found = findings(At("https://service.example"))

    assert "ALL_PROXY uses SOCKS (socks5://…)" in failure(found, "address")
    assert "PROXY-SECRET" not in str(found)


def test_through_a_proxy() -> None:
    """What goes through a proxy is examined like the rest."""
    with serving(LISTED) as proxy:
        found = findings(At("http://service.example"), proxy=proxy.url, allow_http=True)

    assert ("", Outcome.OK) == ends(found)
    assert {"http://service.example"} == {asked.target.partition("/v1")[0] for asked in proxy.asked}


def test_what_a_server_says_is_harmless() -> None:
    """What a server says is shown escaped, cut off, and without the credentials that it echoes."""
    said = f"\x1b[2J{KNOWN.token}{'a' * 2000}"
    with serving(json_answer({"error_code": "DLM.4001", "error_msg": said}, status=403)) as server:
        found = findings(server)

    assert found["project"].text.startswith("HTTP 403: DLM.4001 \\x1b[2J***aaa")
    assert len(found["project"].text) <= 400


def called(capfdbinary: pytest.CaptureFixture[bytes], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the verb."""
    code = run(["doctor", *arguments])
    sys.stdout.flush()
    out, err = capfdbinary.readouterr()
    return code, out.decode(), err.decode()


def where(server: Addressed) -> list[str]:
    """Options that name a server and what it knows."""
    return ["--endpoint", server.url, "--project-id", KNOWN.project_id, "--instance-id", KNOWN.instance_id]


def test_command(
    capfdbinary: pytest.CaptureFixture[bytes], mock_server: MockServer, environment: pytest.MonkeyPatch
) -> None:
    """All is well: a JSON line for each step, and exit code 0."""
    environment.setenv("DATAMAP_TOKEN", KNOWN.token)
    code, out, err = called(capfdbinary, *where(mock_server))

    assert (0, "") == (code, err)
    lines = [json.loads(line) for line in out.splitlines()]
    assert [(step, "ok") for step in STEPS] == [(line["step"], line["outcome"]) for line in lines]
    assert {"step", "outcome", "text", "remedy"} == lines[0].keys()


def test_command_that_finds_something(
    capfdbinary: pytest.CaptureFixture[bytes], mock_server: MockServer, environment: pytest.MonkeyPatch
) -> None:
    """Something is wrong: a person reads what it is and what to mend, and the exit code is 1."""
    environment.setenv("DATAMAP_TOKEN", "wrong-secret")
    code, out, err = called(capfdbinary, *where(mock_server), "--output", "table")

    lines = out.splitlines()
    assert (1, "") == (code, err)
    assert "ok       credentials     a user token" == lines[0]
    assert lines[6].startswith("failed   authentication  HTTP 401: APIGW.0301")
    assert lines[7].startswith(" " * 25 + "to fix: get a new token")
    assert "skipped  project         needs authentication" == lines[8]
    assert "wrong-secret" not in out


def test_command_without_credentials(capfdbinary: pytest.CaptureFixture[bytes], mock_server: MockServer) -> None:
    """Without credentials, the network is examined all the same."""
    code, out, _ = called(capfdbinary, *where(mock_server))

    first, *others = [json.loads(line) for line in out.splitlines()]
    assert (1, "failed") == (code, first["outcome"])
    assert "DATAMAP_TOKEN is not set" in first["text"]
    assert ["ok"] * 5 + ["skipped"] * 4 == [line["outcome"] for line in others]


def test_command_that_cannot_judge(capfdbinary: pytest.CaptureFixture[bytes], environment: pytest.MonkeyPatch) -> None:
    """Where nothing failed but something stays open, the exit code says so."""
    environment.setenv("DATAMAP_TOKEN", KNOWN.token)
    with serving(NO_RIGHT) as server:
        code, _, err = called(capfdbinary, *where(server))

    assert (2, "datamap: nothing failed, but some steps could not be judged\n") == (code, err)


def test_command_with_a_wrong_option(capfdbinary: pytest.CaptureFixture[bytes], mock_server: MockServer) -> None:
    """An option that makes no sense is wrong usage."""
    code, out, err = called(capfdbinary, *where(mock_server), "--deadline", "0")

    assert (3, "", 1) == (code, out, len(err.splitlines()))


def test_report(
    capfdbinary: pytest.CaptureFixture[bytes], mock_server: MockServer, environment: pytest.MonkeyPatch
) -> None:
    """A report is a text to paste: versions, names of variables, findings; no id, no address, no secret."""
    environment.setenv("DATAMAP_TOKEN", "wrong-secret")
    environment.setenv("HTTPS_PROXY", "http://user:pass-word@proxy.example:3128")
    code, out, err = called(capfdbinary, *where(mock_server), "--report")

    lines = out.splitlines()
    assert (1, "") == (code, err)
    assert "### datamap doctor" == lines[0]
    assert f"| Service | http://<host>:{mock_server.url.rpartition(':')[2]} |" in lines
    (named,) = [line.split(" | ")[1] for line in lines if line.startswith("| Variables ")]
    assert {"DATAMAP_TOKEN", "HTTPS_PROXY"} <= set(named.removesuffix(" |").split(", "))
    assert "ok       address         <host> is <host>" in lines
    hidden = ("127.0.0.1", KNOWN.project_id, KNOWN.instance_id, "wrong-secret", "pass-word")
    assert [] == [value for value in hidden if value in out]


def test_report_of_a_private_iam(
    capfdbinary: pytest.CaptureFixture[bytes], mock_server: MockServer, environment: pytest.MonkeyPatch
) -> None:
    """The name of a private IAM's host is left out where no connection to it can be made."""
    environment.setenv("DATAMAP_TOKEN", KNOWN.token)
    given = ["--endpoint", mock_server.url, "--region", KNOWN.region, "--iam-endpoint", "http://localhost:1"]
    code, out, _ = called(capfdbinary, *given, "--report")

    assert 1 == code
    assert "no connection to http://<host>:1" in out
    assert "localhost" not in out


def test_report_with_ids(
    capfdbinary: pytest.CaptureFixture[bytes], mock_server: MockServer, environment: pytest.MonkeyPatch
) -> None:
    """Ids and addresses are in the report where they are asked for; a secret never is."""
    environment.setenv("DATAMAP_TOKEN", KNOWN.token)
    code, out, _ = called(capfdbinary, *where(mock_server), "--report", "--with-ids")

    assert 0 == code
    assert f"| Service | {mock_server.url} |" in out.splitlines()
    assert KNOWN.project_id in out
    assert KNOWN.token not in out


def test_report_of_what_a_server_says(
    capfdbinary: pytest.CaptureFixture[bytes], environment: pytest.MonkeyPatch
) -> None:
    """Ids in a server's words are left out, too, and its backticks do not end the block that they stand in."""
    ids = "e8c092e7-2acf-4f26-ab84-80f296352d99-1704936562490-scheduler03 AKIDEXAMPLE012345678 ::ffff:10.1.2.3 fe80::1"
    ids += " E8C092E7-2ACF-4F26-AB84-80F296352D99 FE80::1"
    refused = json_answer({"error_code": "DLM.4001", "error_msg": f"```` at 10:30:22 {ids}"}, status=403)
    environment.setenv("DATAMAP_TOKEN", KNOWN.token)
    with serving(refused) as server:
        _, out, _ = called(capfdbinary, *where(server), "--report")

    lines = out.splitlines()
    assert ["`````text", "`````"] == [line for line in lines if line.startswith("`")]
    assert any("```` at 10:30:22 <id> <id> <address> <address> <id> <address>" in line for line in lines)


@pytest.mark.parametrize("arguments", [["--report", "--output", "table"], ["--with-ids"]])
def test_report_or_another_form(capfdbinary: pytest.CaptureFixture[bytes], arguments: list[str]) -> None:
    """A report has no other form, and what is for it alone is refused without it."""
    code, out, err = called(capfdbinary, *arguments)

    assert (3, "") == (code, out)
    assert "--report" in err


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "endpoint and region are missing"),
        ({"DATAMAP_ENDPOINT": "ftp://a.example"}, "ftp://a.example"),
        ({"DATAMAP_ENDPOINT": "nowhere"}, "nowhere"),
        ({"DATAMAP_TOKEN": "a\nb"}, "endpoint and region are missing"),
    ],
)
def test_settings_that_make_no_client(
    variables: dict[str, str],
    told: str,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where no client can be made, the doctor says why as a step that failed, how to fix it, and what was not tried."""
    for name in list(os.environ):
        if name.startswith(("DATAMAP_", "HUAWEICLOUD_")):
            monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    code, out, _ = called(capfdbinary, "--output", "ndjson")
    first, *others = map(json.loads, out.splitlines())

    assert (1, "settings", "failed") == (code, first["step"], first["outcome"])
    assert told in first["text"]
    assert first["remedy"]
    assert {"skipped"} == {one["outcome"] for one in others}
    assert 10 == len(others)
