"""What could bend a request is refused before anything is sent, with an error that names the parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from dataarts_datamap import (
    AsyncDataMapClient,
    DataMapClient,
    EcsMetadataCredentials,
    InvalidArgumentError,
    Run,
    TokenCredentials,
)
from support.answers import run_page
from support.faces import SETTINGS, WINDOW
from support.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from support.faces import Face

SEGMENTS = ["", ".", "..", "a/b", "../x", "a\\b", "a\nb", "a\0", None, 7, b"x", ["x"], "\ud800"]
HEADERS = ["", "a\rb", "a\nb", "a\r\nX-Evil: 1", "a\x7fb", "a\0b", " a", "a ", "a\n", None, 7, b"x", "\udfff"]


def refused(call: Any, *arguments: Any, **options: Any) -> str:
    """The text with which a call is refused."""
    with pytest.raises(InvalidArgumentError) as caught:
        call(*arguments, **options)
    assert isinstance(caught.value, ValueError)
    return str(caught.value)


@pytest.mark.parametrize("value", SEGMENTS)
@pytest.mark.parametrize("client_type", [DataMapClient, AsyncDataMapClient])
def test_path_segments(client_type: Any, value: Any) -> None:
    """A project, task or table id that could be another path than the one meant is refused, and nothing is sent."""
    with ScriptedServer(run_page()) as server:
        client = client_type(endpoint=server.url, **SETTINGS)

        assert "task_id" in refused(client.list_runs, value, job_name="a", **WINDOW)
        assert "table_guid" in refused(client.list_table_runs, value, **WINDOW)
        if value is not None:
            settings = {**SETTINGS, "project_id": value}
            assert "project_id" in refused(client_type, endpoint=server.url, **settings)
        assert [] == server.asked


@pytest.mark.parametrize("value", SEGMENTS)
def test_table_guid_of_operators(value: Any) -> None:
    """The table's id of a ShowNodes request is refused alike."""
    with ScriptedServer(run_page()) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        assert "table_guid" in refused(client.list_operators, value)
        assert [] == server.asked


@pytest.mark.parametrize("value", [value for value in HEADERS if value is not None])
def test_instance_header(value: Any) -> None:
    """A tenancy id that could break out of its header is refused."""
    assert "instance_id" in refused(DataMapClient, endpoint="http://127.0.0.1:9", **{**SETTINGS, "instance_id": value})


@pytest.mark.parametrize("value", [5, b"SECRET", ["SECRET"]], ids=repr)
@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("region", "region"),
        ("endpoint", "the endpoint"),
        ("iam_endpoint", "the IAM endpoint"),
        ("obs_endpoint", "the object storage endpoint"),
        ("proxy", "the proxy"),
        ("retry", "retry"),
        ("clock", "clock"),
    ],
)
def test_setting_of_a_wrong_type(setting: str, name: str, value: Any) -> None:
    """A setting of a wrong type is refused with its name and the type, without the value, which may be secret."""
    settings = {**SETTINGS, "endpoint": "https://example.com", setting: value}
    for make in (DataMapClient, DataMapClient.from_env, AsyncDataMapClient):
        text = refused(make, **settings)
        assert text.startswith(f"{name} must be ")
        assert text.endswith(f", not {type(value).__name__}")


def test_text_does_not_allow_http() -> None:
    """The text "false" is no leave to send credentials over plain http."""
    settings: dict[str, Any] = {**SETTINGS, "endpoint": "http://example.com", "allow_http": "false"}
    assert "allow_http must be True or False, not str" == refused(DataMapClient, **settings)
    assert "allow_http must be True or False, not str" == refused(DataMapClient.from_env, **settings)


def test_region_of_a_wrong_type() -> None:
    """Without an endpoint, the region is refused in the same way; so is the address of the metadata service."""
    settings: dict[str, Any] = {**SETTINGS, "region": 5}
    assert "region must be text, not int" == refused(DataMapClient, **settings)
    assert "region must be text, not int" == refused(DataMapClient.from_env, **settings)
    address: Any = 5
    assert "the metadata endpoint must be text, not int" == refused(EcsMetadataCredentials, address)


@pytest.mark.parametrize("value", HEADERS)
def test_token_header(value: Any) -> None:
    """A token that could break out of its header is refused, and the text does not show it."""
    text = refused(TokenCredentials, value)

    assert "token" in text
    assert "Evil" not in text


@pytest.mark.parametrize("job_name", ["", None, 7, b"x", "\ud800"])
def test_job_name(job_name: Any) -> None:
    """A job name that is empty or no text is refused."""
    with DataMapClient(endpoint="http://127.0.0.1:9", **SETTINGS) as client:
        assert "job_name" in refused(client.list_runs, "1", job_name=job_name, **WINDOW)


@pytest.mark.parametrize("page_size", [0, -1, 2**31, pytest.param(10**5000, id="huge"), 1.0, "10", True, None])
def test_page_size(page_size: Any) -> None:
    """A page size that is no integer from 1 to the largest of 32 bits is refused."""
    with DataMapClient(endpoint="http://127.0.0.1:9", **SETTINGS) as client:
        assert "page_size" in refused(client.list_runs, "1", job_name="a", page_size=page_size, **WINDOW)
        assert "page_size" in refused(client.list_table_runs, "1", page_size=page_size, **WINDOW)


def test_offset_unit() -> None:
    """An offset unit that is neither row nor page is refused."""
    with DataMapClient(endpoint="http://127.0.0.1:9", **SETTINGS) as client:
        unit: Any = "byte"
        assert "offset_unit" in refused(client.list_runs, "1", job_name="a", offset_unit=unit, **WINDOW)


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan"), 1e10, "60", None, True])
def test_timeout(timeout: Any) -> None:
    """A timeout that would not end a wait is refused."""
    assert "timeout" in refused(DataMapClient, endpoint="http://127.0.0.1:9", **{**SETTINGS, "timeout": timeout})


@pytest.mark.parametrize("bad", ["\x1b[31m", "\u202e"])
def test_refusals_are_printable(bad: str) -> None:
    """The text of a refusal holds no control or bidirectional character of the value."""
    with DataMapClient(endpoint="http://127.0.0.1:9", **SETTINGS) as client:
        assert refused(client.list_runs, f"a/{bad}", job_name="a", **WINDOW).isprintable()


NAMES = [
    "ETL_Job_dli2dws",
    "订单汇总_日报📊",
    "check/rows<stage>",
    "a b+c&d=e?f#g%h",
    "..",
    "'\"`$(x)",
    "~-_.",
    "a\r\nb",
]


@pytest.mark.parametrize("name", NAMES)
def test_job_name_goes_out_encoded(face: Face, name: str) -> None:
    """Any other job name goes out as the same name: percent-encoded, a blank as %20, in its one parameter."""
    workspace_id = name.replace("\r\n", "")
    with ScriptedServer(run_page()) as server:
        face.list_runs(server, job_name=name, workspace_id=workspace_id)

    (asked,) = server.asked
    target = urlsplit(asked.target)
    assert "+" not in target.query
    assert "/v1/0833a5737480d53b2f25c010dc1a7b88/datamap/node/937987/instances" == target.path
    assert {
        "workspace_id": workspace_id,
        "job_name": name,
        "start_time": "1704902400000",
        "end_time": "1704988800000",
        "offset": "0",
        "limit": "100",
    } == dict(parse_qsl(target.query, keep_blank_values=True, strict_parsing=True))


@pytest.mark.parametrize("task_id", ["a b", "a?b", "a#b", "a%2Fb", "订单📊", "a;b", "...", "a:b@c"])
def test_task_id_stays_one_segment(task_id: str) -> None:
    """A task id with characters of meaning goes out as one percent-encoded segment of the path."""
    with (
        ScriptedServer(run_page({"taskRunningLogId": 1})) as server,
        DataMapClient(endpoint=server.url, **SETTINGS) as client,
    ):
        assert Run(run_id=1) == client.list_runs(task_id, job_name="a", **WINDOW).first()

    (asked,) = server.asked
    assert task_id == unquote(asked.target.split("?")[0].split("/")[5])
    assert 7 == len(asked.target.split("?")[0].split("/"))


def test_headers(face: Face) -> None:
    """A request has the tenancy, the token, the content type that a gateway may ask for, and names the client."""
    with ScriptedServer(run_page()) as server:
        face.list_runs(server)

    (asked,) = server.asked
    assert SETTINGS["instance_id"] == asked.headers["instance"]
    assert SETTINGS["credentials"].token == asked.headers["x-auth-token"]
    assert "application/json" == asked.headers["content-type"]
    assert asked.headers["user-agent"].startswith("dataarts-datamap/")
