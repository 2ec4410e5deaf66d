"""What a client does of its own accord on the network: where it goes, and what it leaves alone."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import multiprocessing
import re
import ssl
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certifi
import httpcore2
import pytest

from dataarts_datamap import AsyncDataMapClient, ConfigurationError, DataMapClient, InvalidArgumentError
from dataarts_datamap._transport import proxies
from dataarts_datamap._transport.proxies import Proxy, checked_proxy, environment_proxy, is_named_in
from dataarts_datamap._transport.tls import tls_context
from support.answers import json_answer, run_page
from support.faces import SETTINGS, At
from support.faults import Connection, faulty_server
from support.marks import needs_fork
from support.proxies import NO_PROXY, THIS_MACHINE
from support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from support.faces import Face

CLIENTS: list[Any] = [DataMapClient, AsyncDataMapClient]
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
EXPECTED_HEADERS = {
    "host",
    "user-agent",
    "accept",
    "accept-encoding",
    "content-type",
    "instance",
    "x-auth-token",
    "x-project-id",
}


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the machine takes part."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize("client_type", CLIENTS)
@pytest.mark.parametrize("endpoint", ["http://example.com", "http://10.0.0.1:8080", "http://localhost.example.com"])
def test_plain_http(client_type: Any, endpoint: str) -> None:
    """Plain http to another machine is refused, unless asked for."""
    with pytest.raises(ConfigurationError, match="allow_http=True"):
        client_type(endpoint=endpoint, **SETTINGS)

    assert endpoint in repr(client_type(endpoint=endpoint, allow_http=True, **SETTINGS))


@pytest.mark.parametrize(
    "endpoint", ["http://localhost:8080", "http://127.0.0.9", "http://[::1]:1", "http://a.localhost"]
)
def test_plain_http_to_this_machine(endpoint: str) -> None:
    """Plain http to the machine itself is no risk."""
    assert endpoint in repr(DataMapClient(endpoint=endpoint, **SETTINGS))


def test_endpoint_is_ascii() -> None:
    """An address that is not ASCII is refused: how it is to be written, the text says."""
    with pytest.raises(ConfigurationError, match="xn--"):
        DataMapClient(endpoint="https://exämple.com", **SETTINGS)


def test_netrc_is_ignored(face: Face, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A password in ``.netrc`` neither replaces nor joins the credentials."""
    file = tmp_path / ".netrc"
    file.write_text("machine 127.0.0.1 login someone password secret\n", encoding="ascii")
    file.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("NETRC", str(file))
    with ScriptedServer(run_page()) as server:
        face.list_runs(server)

    assert "authorization" not in server.asked[0].headers
    assert SETTINGS["credentials"].token == server.asked[0].headers["x-auth-token"]


def test_cookies_are_not_kept() -> None:
    """A cookie is not sent back."""
    with (
        ScriptedServer(json_answer([], Set_Cookie="a=b; Path=/")) as server,
        DataMapClient(endpoint=server.url, **SETTINGS) as client,
    ):
        client.list_operators("t")
        client.list_operators("t")

    assert [False, False] == ["cookie" in asked.headers for asked in server.asked]


def test_what_is_sent(face: Face) -> None:
    """A request carries few headers, and asks for the one compression that is understood."""
    with ScriptedServer(run_page()) as server:
        face.list_runs(server)

    headers = server.asked[0].headers
    assert EXPECTED_HEADERS == headers.keys()
    assert ("gzip", server.url) == (headers["accept-encoding"], f"http://{headers['host']}")


def test_headers_of_an_answer_are_not_logged(face: Face, caplog: pytest.LogCaptureFixture) -> None:
    """A token that comes in a header stands in no record of the HTTP library; other users of it keep theirs."""
    caplog.set_level(logging.DEBUG)
    with ScriptedServer(json_answer([], X_Subject_Token="SECRET")) as server:
        face.list_operators(server)
        assert "SECRET" not in caplog.text
        with httpcore2.ConnectionPool() as pool:
            pool.request("GET", server.url)
        assert "SECRET" in caplog.text


def test_redirect_is_not_followed(face: Face) -> None:
    """Credentials never follow a redirect."""
    with (
        ScriptedServer(run_page()) as other,
        ScriptedServer(json_answer({}, status=302, Location=other.url)) as server,
        pytest.raises(Exception, match="HTTP 302"),
    ):
        face.list_runs(server)

    assert ([], 1) == (other.asked, len(server.asked))


def test_proxy_by_keyword(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests go through the proxy with its user and password, and it is asked for the whole address."""
    with ScriptedServer(run_page()) as proxy:
        monkeypatch.setitem(SETTINGS, "proxy", proxy.url.replace("//", "//user:p%40ss@"))
        monkeypatch.setitem(SETTINGS, "allow_http", value=True)
        face.list_runs(At("http://service.example/prefix"))

    assert proxy.asked[0].target.startswith("http://service.example/prefix/v1/")
    assert ("service.example", "Basic dXNlcjpwQHNz") == (
        proxy.asked[0].headers["host"],
        proxy.asked[0].headers["proxy-authorization"],
    )


def test_proxy_of_the_environment(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the keyword, the environment names the proxy. This machine is reached without one, all the same."""
    monkeypatch.setitem(SETTINGS, "allow_http", value=True)
    with ScriptedServer(run_page()) as proxy, ScriptedServer(run_page()) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        face.list_runs(At("http://service.example"))
        face.list_runs(server)

    assert (1, 1) == (len(proxy.asked), len(server.asked))


P = Proxy("http://p:1")


@pytest.mark.parametrize(
    ("variables", "endpoint", "proxy"),
    [
        ({}, "https://a.example", None),
        ({"HTTPS_PROXY": "http://p:1"}, "https://a.example", P),
        ({"HTTPS_PROXY": "http://p:1"}, "http://a.example", None),
        ({"ALL_PROXY": "https://p:1/"}, "https://a.example", Proxy("https://p:1")),
        ({"ALL_PROXY": "socks5://p:1", "HTTPS_PROXY": "http://p:1"}, "https://a.example", P),
        ({"HTTPS_PROXY": "u:s@p:1"}, "https://a.example", Proxy("http://p:1", (b"u", b"s"))),
        ({"HTTPS_PROXY": "http://q:1", "https_proxy": "http://p:1"}, "https://a.example", P),
        ({"HTTPS_PROXY": "http://p:1", "https_proxy": ""}, "https://a.example", None),
        ({"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, "http://a.example", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".example"}, "https://a.example:8443/prefix", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, "https://a.example", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*", "no_proxy": "b.example"}, "https://a.example", P),
        ({"ALL_PROXY": "http://p:1"}, "ftp://a.example", None),
        ({"ALL_PROXY": "http://p:1"}, "http://[::1", None),
        ({"ALL_PROXY": "http://p:1"}, "http://a.example:99999", None),
    ],
)
def test_variables_of_proxies(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], endpoint: str, proxy: Proxy | None
) -> None:
    """The variables mean what they mean elsewhere."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert proxy == environment_proxy(endpoint)


@pytest.mark.parametrize("host", THIS_MACHINE)
@pytest.mark.parametrize("variable", ["ALL_PROXY", "http_proxy", "HTTP_PROXY"])
def test_this_machine_needs_no_proxy(monkeypatch: pytest.MonkeyPatch, host: str, variable: str) -> None:
    """What is on this machine, in any spelling, never goes through a proxy of the environment, not even of SOCKS."""
    for proxy in ("http://p:1", "socks5://p:1"):
        monkeypatch.setenv(variable, proxy)
        assert environment_proxy(f"http://{host}:8080") is None


@pytest.mark.parametrize("name", ["endpoint", "iam_endpoint"])
def test_plain_http_to_this_machine_through_a_proxy_of_ones_own(name: str) -> None:
    """Through a proxy, what is called localhost is another machine: plain http to it must be allowed."""
    given = {"endpoint": "https://a.example", name: "http://localhost:1", "proxy": "http://p:1"}
    with pytest.raises(ConfigurationError, match="plain http, on which everyone can read"):
        DataMapClient(**{**SETTINGS, **given})
    DataMapClient(**{**SETTINGS, **given, "allow_http": True})


@pytest.mark.parametrize(("no_proxy", "host", "port", "is_named"), NO_PROXY)
def test_hosts_that_need_no_proxy(no_proxy: str, host: str, port: int, is_named: bool) -> None:  # noqa: FBT001  a case
    """NO_PROXY is read as people write it."""
    assert is_named == is_named_in(no_proxy, host, port)


@pytest.mark.parametrize("address", ["socks5://u:SECRET@p:1", "socks://p:1/", "SOCKS4A://p:1", "socks5h://p:1"])
@pytest.mark.parametrize("variable", ["ALL_PROXY", "https_proxy"])
def test_proxy_that_speaks_socks(face: Face, monkeypatch: pytest.MonkeyPatch, variable: str, address: str) -> None:
    """A proxy of SOCKS is called that, by the variable that names it, without its password."""
    monkeypatch.setenv(variable, address)
    with pytest.raises(ConfigurationError, match=rf"^{variable} uses SOCKS \(socks\w*://…\)") as caught:
        face.list_runs(At("https://service.example"))
    assert "SECRET" not in f"{caught.value}{vars(caught.value)}"


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("socks5://p:1", "the system's proxy setting uses SOCKS"),
        ("ftp://p", "the system's proxy setting is not an address such as http"),
    ],
)
def test_proxy_of_the_system_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, address: str, text: str) -> None:
    """Outside Linux, the system's settings can name a proxy, and the error says so."""
    monkeypatch.setattr(proxies, "_HAS_NO_SETTINGS", False)
    monkeypatch.setattr("urllib.request.getproxies", lambda: {"https": address})
    with pytest.raises(ConfigurationError, match=f"^{text}"):
        environment_proxy("https://service.example")


@pytest.mark.parametrize(
    ("variable", "address"), [("ALL_PROXY", "socks-SECRET://p:1"), ("https_proxy", "socksuser:SECRET@p://")]
)
def test_proxy_of_no_known_scheme(face: Face, monkeypatch: pytest.MonkeyPatch, variable: str, address: str) -> None:
    """What only begins like a scheme of SOCKS is no address of a proxy, and nothing of it is shown."""
    monkeypatch.setenv(variable, address)
    with pytest.raises(ConfigurationError, match=rf"^{variable} is not an address") as caught:
        face.list_runs(At("https://service.example"))
    assert "secret" not in f"{caught.value}{vars(caught.value)}".replace("(not shown: secret)", "").lower()


@pytest.mark.parametrize(
    "proxy",
    [
        "",
        "user:SECRET@host",
        "socks5://user:SECRET@host:1",
        "socks5:user:SECRET@host:1",
        "socksuser:SECRET@host:1",
        "socksSECRET",
        "socksSECRET://host:1",
        "http://user:SECRET@host/path",
    ],
)
def test_wrong_proxy(proxy: str) -> None:
    """What is no address of a proxy is refused, and nothing of it is shown."""
    with pytest.raises(ConfigurationError, match=r"the proxy (is not an address|uses SOCKS \(socks5://…\))") as caught:
        DataMapClient(endpoint="https://example.com", proxy=proxy, **SETTINGS)
    assert "secret" not in f"{caught.value}{vars(caught.value)}".replace("(not shown: secret)", "").lower()
    assert (None, None) == (caught.value.__cause__, caught.value.__context__)


def test_password_of_a_proxy_is_not_shown() -> None:
    """Neither a proxy nor a client shows it."""
    client = DataMapClient(endpoint="https://example.com", proxy="http://user:SECRET@host:1", **SETTINGS)

    assert "SECRET" not in f"{client!r}{checked_proxy('http://user:SECRET@host:1')!r}"


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "1"])
def test_wrong_size(size: Any) -> None:
    """A limit of the size is a number of bytes above zero."""
    with pytest.raises(InvalidArgumentError, match="max_answer_size"):
        DataMapClient(endpoint="https://example.com", max_answer_size=size, **SETTINGS)


def unclosed(act: Any) -> list[str]:
    """The texts of the ResourceWarnings about a client that are given while something is done."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        act()
        gc.collect()
    return [str(warning.message) for warning in caught if "DataMapClient" in str(warning.message)]


def line_of_this() -> int:
    """The number of the line that calls."""
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


def use(url: str, made: list[int], *, close: bool) -> None:
    """Use a client of threads, and close it or not."""
    made.append(line_of_this() + 1)
    client = DataMapClient(endpoint=url, **SETTINGS)
    client.list_operators("t")
    if close:
        client.close()


def use_async(url: str, made: list[int], *, close: bool) -> None:
    """The same in an event loop."""

    async def call() -> None:
        made.append(line_of_this() + 1)
        client = AsyncDataMapClient(endpoint=url, **SETTINGS)
        await client.list_operators("t")
        if close:
            await client.close()

    asyncio.run(call())


@pytest.mark.parametrize("use_client", [use, use_async])
def test_unclosed_client(use_client: Any) -> None:
    """A client with open connections that is forgotten is warned about, with the place where it was made."""
    made: list[int] = []
    with ScriptedServer(json_answer([])) as server:
        (text,) = unclosed(lambda: use_client(server.url, made, close=False))

    assert re.search(rf"created at .*test_transport_settings\.py:{made[0]}\b", text)


@pytest.mark.parametrize("use_client", [use, use_async])
def test_closed_client_is_not_warned_about(use_client: Any) -> None:
    """A client that was closed is not warned about."""
    with ScriptedServer(json_answer([])) as server:
        assert [] == unclosed(lambda: use_client(server.url, [], close=True))


@pytest.mark.parametrize("client_type", CLIENTS)
def test_client_that_sent_nothing_is_not_warned_about(client_type: Any) -> None:
    """A client that holds no connection needs no closing, be it made or refused."""

    def make() -> None:
        client_type(endpoint="https://example.com", **SETTINGS)
        with pytest.raises(ConfigurationError):
            client_type(**SETTINGS)

    assert [] == unclosed(make)


def test_place_of_a_client_from_the_environment() -> None:
    """The place is the caller's, not that of a method of ours on the way."""
    made: list[int] = []

    def act(url: str) -> None:
        made.append(line_of_this() + 1)
        client = DataMapClient.from_env(endpoint=url, **SETTINGS)
        client.list_operators("t")

    with ScriptedServer(json_answer([])) as server:
        (text,) = unclosed(lambda: act(server.url))
    assert f"test_transport_settings.py:{made[0]}" in text


@needs_fork
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork() -> None:
    """A child that uses an inherited client opens connections of its own, and leaves the parent's alone."""
    context = multiprocessing.get_context("fork")
    with ScriptedServer(json_answer([])) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        client.list_operators("t")

        def ask() -> None:
            client.list_operators("t")
            client.close()

        child = context.Process(target=ask)
        child.start()
        child.join(20)
        client.list_operators("t")
        ports = [asked.peer for asked in server.asked]

    assert 0 == child.exitcode
    assert [True, False] == [ports[0] == ports[2], ports[0] == ports[1]]


@pytest.mark.parametrize("file", [True, False], ids=["SSL_CERT_FILE", "nothing"])
def test_trusted_certificates(file: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:  # noqa: FBT001
    """The environment names whom to trust instead of the certificates that come with the client."""
    end = "-----END CERTIFICATE-----\n"
    one = tmp_path / "one.pem"
    one.write_text(Path(certifi.where()).read_text(encoding="utf-8").partition(end)[0] + end, encoding="utf-8")
    monkeypatch.setenv("SSL_CERT_FILE", str(one) if file else "")
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)

    context = tls_context.__wrapped__()
    assert file == (1 == len(context.get_ca_certs()))
    assert (ssl.CERT_REQUIRED, True) == (context.verify_mode, context.check_hostname)


@pytest.mark.parametrize("content", [None, "no certificate"], ids=["no file", "no certificate"])
def test_no_trusted_certificates(
    face: Face, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    """Where SSL_CERT_FILE names what holds none, the error says so, and nothing is tried again."""
    file = tmp_path / "all.pem"
    if content is not None:
        file.write_text(content, encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setattr("dataarts_datamap._transport.tls.tls_context", tls_context.__wrapped__)
    with (
        faulty_server(Connection.hold) as server,
        pytest.raises(ConfigurationError, match=r"SSL_CERT_FILE is .*all\.pem.*: set it to"),
    ):
        face.list_runs(At(server.url.replace("http:", "https:")))

    assert server.connections <= 1
