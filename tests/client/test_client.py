"""The clients: their settings, their two faces, and their end."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import pickle
import re
import socket
import traceback
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import (
    AsyncDataMapClient,
    AsyncLogReader,
    AsyncPager,
    AsyncTablePager,
    ClientClosedError,
    ConfigurationError,
    ConnectionFailedError,
    CredentialsError,
    DataMapClient,
    InvalidArgumentError,
    LogReader,
    Pager,
    RequestTimeoutError,
    Run,
    TablePager,
    TokenCredentials,
    TransportError,
)
from support.answers import run_page
from support.faces import SETTINGS, TOKEN, WINDOW, At
from support.scripted_server import Answer, ScriptedServer, raw_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.faces import Face

CLIENTS: list[Any] = [DataMapClient, AsyncDataMapClient]
ENVIRONMENT = {
    "DATAMAP_ENDPOINT": "https://example.com/prefix",
    "DATAMAP_PROJECT_ID": "a-project",
    "DATAMAP_INSTANCE_ID": "a-tenancy",
    "DATAMAP_WORKSPACE_ID": "a-workspace",
    "DATAMAP_TOKEN": TOKEN,
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The variables of a complete environment, and none else of ours."""
    for name in ("DATAMAP_REGION", "HUAWEICLOUD_SDK_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def public_members(kind: type) -> dict[str, Any]:
    """The public names of a class, and how its instances are entered and iterated."""
    return {name: getattr(kind, name) for name in dir(kind) if not name.startswith("_")}


def signature_of(member: Any) -> str:
    """The signature, with the async types named like their sync twins."""
    signature = str(inspect.signature(member))
    for theirs, ours in (
        ("AsyncGenerator[RunPage, None]", "Iterator[RunPage]"),
        ("AsyncGenerator[tuple[Table, ...], None]", "Iterator[tuple[Table, ...]]"),
        ("AsyncTransport", "SyncTransport"),
        ("AsyncTablePager", "TablePager"),
        ("AsyncLogReader", "LogReader"),
    ):
        signature = signature.replace(theirs, ours)
    return signature


@pytest.mark.parametrize(
    ("sync_type", "async_type"),
    [
        (DataMapClient, AsyncDataMapClient),
        (Pager, AsyncPager),
        (TablePager, AsyncTablePager),
        (LogReader, AsyncLogReader),
    ],
)
def test_faces_are_equal(sync_type: type, async_type: type) -> None:
    """Both faces have the same public names, with the same signatures and docstrings."""
    sync_members, async_members = public_members(sync_type), public_members(async_type)

    assert sync_members.keys() == async_members.keys()
    for name, member in sync_members.items():
        twin = async_members[name]
        assert inspect.getdoc(member) == inspect.getdoc(twin)
        assert inspect.getdoc(member)
        if callable(member):
            assert signature_of(member) == signature_of(twin)
    assert signature_of(sync_type) == signature_of(async_type)


@pytest.mark.parametrize("client_type", CLIENTS)
def test_settings_are_explained(client_type: type) -> None:
    """Each setting of a client has its line where its construction is documented, in the order of the signature."""
    explained = re.findall(
        r"^    (\w+): ", inspect.getdoc(inspect.getattr_static(client_type, "__init__")) or "", re.MULTILINE
    )
    errors = ["ConfigurationError", "InvalidArgumentError"]

    assert [*inspect.signature(client_type).parameters, *errors] == explained


@pytest.mark.parametrize("client_type", CLIENTS)
def test_from_env(client_type: Any, environment: pytest.MonkeyPatch) -> None:
    """All settings can come from the environment; a keyword goes before its variable."""
    where = "endpoint='https://example.com/prefix', project_id='a-project', instance_id='a-tenancy'"
    assert f"{client_type.__name__}({where})" == repr(client_type.from_env())
    assert "project_id='other'" in repr(client_type.from_env(project_id="other"))

    environment.delenv("DATAMAP_PROJECT_ID")
    environment.setenv("HUAWEICLOUD_SDK_PROJECT_ID", "sdk-project")
    assert "project_id='sdk-project'" in repr(client_type.from_env())


@pytest.mark.parametrize(
    ("where", "endpoint"),
    [
        ({"region": "cn-north-4"}, "https://dayu.cn-north-4.myhuaweicloud.com"),
        ({"endpoint": "https://other"}, "https://other"),
        ({"endpoint": None, "region": None}, "https://example.com/prefix"),
    ],
)
def test_where_goes_before_every_variable(
    environment: pytest.MonkeyPatch, where: dict[str, Any], endpoint: str
) -> None:
    """A keyword that says where the service is goes before both variables: no token goes where nobody asked it to."""
    environment.setenv("DATAMAP_REGION", "eu-west-101")

    assert f"endpoint='{endpoint}'" in repr(DataMapClient.from_env(**where))


@pytest.mark.parametrize("credentials", ["token", b"token", 7])
def test_wrong_credentials(credentials: Any) -> None:
    """What are no credentials is told at once."""
    with pytest.raises(InvalidArgumentError, match="TokenCredentials"):
        DataMapClient(endpoint="https://h", **{**SETTINGS, "credentials": credentials})


@pytest.mark.parametrize("unset", [None, ""])
@pytest.mark.parametrize(
    ("name", "error", "mentioned"),
    [
        ("DATAMAP_ENDPOINT", ConfigurationError, "DATAMAP_REGION"),
        ("DATAMAP_PROJECT_ID", ConfigurationError, "DATAMAP_PROJECT_ID"),
        ("DATAMAP_TOKEN", CredentialsError, "DATAMAP_TOKEN"),
    ],
)
def test_missing_setting(
    environment: pytest.MonkeyPatch, unset: str | None, name: str, error: type[Exception], mentioned: str
) -> None:
    """A setting that is missing or empty is named, with the variable to set."""
    if unset is None:
        environment.delenv(name)
    else:
        environment.setenv(name, unset)

    with pytest.raises(error, match=mentioned):
        DataMapClient.from_env()


def test_constructor_takes_only_credentials_from_the_environment(environment: pytest.MonkeyPatch) -> None:
    """A client that is made with keywords looks for credentials in the environment, and for nothing else."""
    settings = {**SETTINGS, "credentials": None}
    assert "https://other" in repr(DataMapClient(endpoint="https://other", **settings))
    with pytest.raises(ConfigurationError, match="endpoint"):
        DataMapClient(**settings)

    environment.delenv("DATAMAP_TOKEN")
    with pytest.raises(CredentialsError):
        DataMapClient(endpoint="https://other", **settings)


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        ("eu-west-101", "https://dayu.eu-west-101.myhuaweicloud.eu"),
        ("ap-southeast-3", "https://dayu.ap-southeast-3.myhuaweicloud.com"),
        ("cn-north-4", "https://dayu.cn-north-4.myhuaweicloud.com"),
    ],
)
def test_region(region: str, endpoint: str) -> None:
    """The address follows from the region; Europe has a domain of its own."""
    assert f"endpoint='{endpoint}'" in repr(DataMapClient(region=region, **SETTINGS))


def test_endpoint_goes_before_region() -> None:
    """An address that is given is the address."""
    assert "endpoint='https://other'" in repr(
        DataMapClient(endpoint="https://other/", region="eu-west-101", **SETTINGS)
    )


@pytest.mark.parametrize("region", ["", "EU", "a.evil.example/", "a/b", "a b", "-a", "\u202e"])
def test_wrong_region(region: str) -> None:
    """What is no region's id cannot become part of an address."""
    with pytest.raises(ConfigurationError, match="region"):
        DataMapClient(region=region, **SETTINGS)


@pytest.mark.parametrize(
    "endpoint",
    ["", "example.com", "ftp://example.com", "https://", "https://a:b@example.com", "https://example.com/?a=b",
     "https://example.com/?", "https://example.com/#", "https://example.com#", "https://example.com/a?#",
     "https://example.com/#a", "https://exam ple.com", "https://example.com:http", "https://[::1", "https://example.com:0"],
)  # fmt: skip
def test_wrong_endpoint(endpoint: str) -> None:
    """What is no address of a service is refused, and a password in it is not shown."""
    with pytest.raises(ConfigurationError, match="endpoint") as caught:
        DataMapClient(endpoint=endpoint, **SETTINGS)
    assert "a:b" not in str(caught.value)


def test_path_prefix_is_kept(face: Face) -> None:
    """A path prefix of the address stands before the path."""
    with ScriptedServer(run_page()) as server:
        face.list_runs(At(f"{server.url}/gateway/"))

    assert server.asked[0].target.startswith("/gateway/v1/0833a5737480d53b2f25c010dc1a7b88/datamap/")


def test_closed_client() -> None:
    """A closed client says so, and can be closed again."""
    client = DataMapClient(endpoint="http://127.0.0.1:9", **SETTINGS)
    client.close()
    client.close()

    with pytest.raises(ClientClosedError):
        client.list_operators("t")


def test_closed_async_client() -> None:
    """The same holds in an event loop."""

    async def call() -> None:
        client = AsyncDataMapClient(endpoint="http://127.0.0.1:9", **SETTINGS)
        await client.close()
        await client.close()
        with pytest.raises(ClientClosedError):
            await client.list_operators("t")

    asyncio.run(call())


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the first loop was closed over the client's connections
def test_async_client_in_two_event_loops() -> None:
    """An async client works in each event loop that it is used in, and closing it in another one is no error."""
    with ScriptedServer(run_page({"taskRunningLogId": 1})) as server:
        client = AsyncDataMapClient(endpoint=server.url, **SETTINGS)
        pager = client.list_runs("1", job_name="a", **WINDOW)
        found = [asyncio.run(pager.to_list()) for _ in range(3)]
        asyncio.run(client.close())
        del client, pager
        gc.collect()

    assert [[Run(run_id=1)]] * 3 == found


def test_connections_of_a_closed_event_loop_are_let_go() -> None:
    """A client that outlives its event loops keeps the connections of the latest alone."""
    with ScriptedServer(run_page()) as server, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        client = AsyncDataMapClient(endpoint=server.url, **SETTINGS)
        pager = client.list_runs("1", job_name="a", **WINDOW)
        for _ in range(3):
            asyncio.run(pager.to_list())
        gc.collect()
        left_open = [str(warning.message) for warning in told if "unclosed transport" in str(warning.message)]
        asyncio.run(client.close())
        del client, pager
        gc.collect()

    assert 2 == len(left_open)


def test_no_connection(face: Face) -> None:
    """A server that is not there is an error that names its address."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, but not listening: refuses connections
        url = f"http://127.0.0.1:{held.getsockname()[1]}"

        with pytest.raises(ConnectionFailedError, match=url) as caught:
            face.list_runs(At(url))
    assert ("GET", 4) == (caught.value.method, caught.value.attempts)


def test_no_answer(monkeypatch: pytest.MonkeyPatch, face: Face) -> None:
    """A server that accepts and then says nothing is waited for no longer than the timeout."""
    monkeypatch.setitem(SETTINGS, "timeout", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(RequestTimeoutError) as caught:
        face.list_runs(At(f"http://127.0.0.1:{silent.getsockname()[1]}"))
    assert caught.value.elapsed is not None
    assert 0.8 <= caught.value.elapsed < 10


def test_broken_answer(face: Face) -> None:
    """An answer that is no HTTP is an error of ours."""
    with raw_server(b"SSH-2.0-OpenSSH_9.2\r\n") as url, pytest.raises(TransportError):
        face.list_runs(At(url))


def test_truncated_answer(face: Face) -> None:
    """An answer that ends too early is an error of ours."""
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{") as url, pytest.raises(TransportError):
        face.list_runs(At(url))


def test_broken_compression(face: Face) -> None:
    """An answer that cannot be decompressed is an error of ours."""
    with (
        raw_server(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd") as url,
        pytest.raises(TransportError),
    ):
        face.list_runs(At(url))


def test_token_is_nowhere_to_be_seen(caplog: pytest.LogCaptureFixture, face: Face) -> None:
    """The token is in no repr, no log at any level, and in no error's text, chain or attributes."""
    caplog.set_level(logging.DEBUG)
    credentials = TokenCredentials(TOKEN)
    client = DataMapClient(endpoint="http://127.0.0.1:9", **{**SETTINGS, "credentials": credentials})
    with ScriptedServer(run_page()) as server:
        face.list_runs(server)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionFailedError) as caught:
            face.list_runs(At(f"http://127.0.0.1:{held.getsockname()[1]}"))

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    shown = [
        repr(credentials),
        repr(client),
        caplog.text,
        repr(vars(caught.value)),
        "".join(traceback.format_exception(caught.value)),
    ]
    assert [] == [text for text in shown if TOKEN in text]
    assert logging.getLogger("httpcore2").isEnabledFor(logging.DEBUG)


def test_credentials_are_not_pickled() -> None:
    """Credentials refuse to be pickled, and say what to do instead."""
    with pytest.raises(TypeError, match="create them again"):
        pickle.dumps(TokenCredentials(TOKEN))


def test_credentials_of_ones_own(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of a user's own can send requests of their own first, through the same client."""

    class Fetched:
        def authenticate(self, request: Any) -> Any:
            answer = yield replace(request, path="/token", query=())
            return replace(request, headers={**request.headers, "X-Auth-Token": answer.text})

    monkeypatch.setitem(SETTINGS, "credentials", Fetched())
    with ScriptedServer(Answer(b"fetched"), run_page()) as server:
        face.list_runs(server)

    assert ["/token", "fetched"] == [server.asked[0].target, server.asked[1].headers["x-auth-token"]]


@pytest.mark.parametrize("proxied", [False, True], ids=["straight", "proxied"])
@pytest.mark.parametrize(("name", "value"), [("Content-Length", "4"), ("X-Own", "a\nb"), ("X Own", "a")])
def test_header_that_cannot_be_sent(
    face: Face,
    monkeypatch: pytest.MonkeyPatch,
    proxied: bool,  # noqa: FBT001  a case
    name: str,
    value: str,
) -> None:
    """Whatever way it takes, a request with a header that HTTP has no way to send is the caller's error."""

    class Odd:
        def authenticate(self, request: Any) -> Any:
            yield from ()
            return replace(request, headers={**request.headers, name: value})

    monkeypatch.setitem(SETTINGS, "credentials", Odd())
    with ScriptedServer(run_page()) as server:
        if proxied:
            monkeypatch.setitem(SETTINGS, "proxy", server.url)
            monkeypatch.setitem(SETTINGS, "allow_http", value=True)
        with pytest.raises(InvalidArgumentError, match="a header of the request holds characters that cannot be sent"):
            face.list_runs(server)


def test_wrong_arguments_are_told_at_the_call() -> None:
    """A wrong argument is told when the pager is asked for, not when it is walked."""
    client = DataMapClient(endpoint="http://127.0.0.1:9", **SETTINGS)
    calls: list[Callable[[], object]] = [
        lambda: client.list_runs("1", job_name="", **WINDOW),
        lambda: client.list_runs("1", job_name="a"),
        lambda: client.list_table_runs("", **WINDOW),
        lambda: client.list_table_runs("t"),
    ]
    for call in calls:
        with pytest.raises(InvalidArgumentError):
            call()
