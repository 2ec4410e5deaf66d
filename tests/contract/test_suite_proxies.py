"""The way of the suite's requests: through the proxy that the environment names, as those of the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dataarts_datamap_contract.suite._http import proxies
from dataarts_datamap_contract.suite._http.caller import Caller, NoResponseError, Pace
from dataarts_datamap_contract.suite._http.messages import Credential, Request
from dataarts_datamap_contract.suite._http.proxies import Proxy, environment_proxy, is_named_in
from dataarts_datamap_contract.suite.target import TargetError
from support.faults import Connection, faulty_server
from support.proxies import NO_PROXY, THIS_MACHINE
from support.scripted_server import Answer, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"]
REQUEST = Request(path="/", credential=Credential("good"))


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the machine takes part."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_goes_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server elsewhere is asked through the proxy, with its user; this machine straight."""
    with ScriptedServer(Answer(b"{}")) as proxy, ScriptedServer(Answer(b"{}")) as server:
        monkeypatch.setenv("ALL_PROXY", proxy.url.replace("//", "//user:p%40ss@"))
        for url in ("http://service.example/prefix", server.url):
            with Caller(url, Pace(9)) as caller:
                assert 200 == caller.send(REQUEST).status

    assert ["http://service.example/prefix/"] == [asked.target for asked in proxy.asked]
    assert "Basic dXNlcjpwQHNz" == proxy.asked[0].headers["proxy-authorization"]
    assert 1 == len(server.asked)


def heard(first: list[bytes]) -> Callable[[Connection], None]:
    """Notes the head of a request, and hangs up."""

    def script(connection: Connection) -> None:
        first.append(connection.read_head())

    return script


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_address_of_ipv6_has_brackets(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """A proxy is asked for an address of IPv6 in brackets; what it does not answer is told with its name."""
    first: list[bytes] = []
    with (
        faulty_server(heard(first)) as proxy,
        through(proxy.url, monkeypatch, scheme) as caller,
        pytest.raises(NoResponseError),
    ):
        caller.send(REQUEST)

    expected = b"GET http://[fd00::1]:8443/" if scheme == "http" else b"CONNECT [fd00::1]:8443 HTTP/1.1\r\n"
    assert first[0].startswith(expected)


def through(proxy: str, monkeypatch: pytest.MonkeyPatch, scheme: str) -> Caller:
    """A caller of an address of IPv6."""
    monkeypatch.setenv("ALL_PROXY", proxy)
    return Caller(f"{scheme}://[fd00::1]:8443", Pace(9))


@pytest.mark.parametrize(
    ("address", "text"), [("socks5://u:SECRET@p:1", "SOCKS"), ("ftp://u:SECRET@p", "not an address")]
)
def test_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, address: str, text: str) -> None:
    """It is named by its variable, and its password is not shown."""
    monkeypatch.setenv("ALL_PROXY", address)
    with pytest.raises(TargetError, match=f"ALL_PROXY .*{text}") as caught:
        Caller("https://service.example", Pace(9))
    assert "SECRET" not in str(caught.value)
    assert "SECRET" not in repr(Proxy("http://p:1", (b"u", b"SECRET")))


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("socks5://p:1", "the system's proxy setting names a SOCKS proxy"),
        ("ftp://p", "the system's proxy setting is not an address such as http"),
    ],
)
def test_proxy_of_the_system_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, address: str, text: str) -> None:
    """Outside Linux, the system's settings can name a proxy, and the error says so."""
    monkeypatch.setattr(proxies, "_HAS_NO_SETTINGS", False)
    monkeypatch.setattr(proxies, "getproxies", lambda: {"https": address})
    with pytest.raises(TargetError, match=f"^{text}"):
        environment_proxy("https://service.example")


@pytest.mark.parametrize("host", THIS_MACHINE)
def test_this_machine_needs_no_proxy(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """What is on this machine, in any spelling, is asked straight."""
    monkeypatch.setenv("ALL_PROXY", "http://p:1")
    assert environment_proxy(f"http://{host}:8080") is None


@pytest.mark.parametrize(("no_proxy", "host", "port", "is_named"), NO_PROXY)
def test_hosts_that_need_no_proxy(no_proxy: str, host: str, port: int, is_named: bool) -> None:  # noqa: FBT001  a case
    """NO_PROXY is read as the client reads it."""
    assert is_named == is_named_in(no_proxy, host, port)
