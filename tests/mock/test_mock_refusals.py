"""What the mock server refuses, in which order, and in which shape."""

from __future__ import annotations

import json
import socket
from itertools import product
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from dataarts_datamap_contract.mock._data.rendering import RunPages
from dataarts_datamap_contract.specification import load_specification

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from support.mock_caller import Caller

repeatable = settings(deadline=None, derandomize=True, database=None, max_examples=150)
ERROR = Draft202012Validator(load_specification()["components"]["schemas"]["Error"])
PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126))


def check_error(expected: tuple[int, str], status: int, headers: Mapping[str, str], body: bytes) -> str:
    """The text of an error answer that has the documented shape, and the request id where the gateway puts it."""
    document = json.loads(body)
    assert expected == (status, document["error_code"]), document
    ERROR.validate(document)
    assert "application/json" == headers["Content-Type"]
    by_gateway = document["error_code"].startswith("APIGW.")
    assert (headers["X-Request-Id"] if by_gateway else None) == document.get("request_id")
    assert headers["X-Request-Id"]
    text: str = document["error_msg"]
    return text


def check_response(expected: tuple[int, str], response: httpx.Response) -> str:
    """The same of an answer that httpx read."""
    return check_error(expected, response.status_code, response.headers, response.content)


@pytest.mark.parametrize(
    "token",
    [
        None,
        "",
        "mock-toke",
        "mock-token2",
        "Mock-Token",
        "mock-token, mock-token",
        "Bearer mock-token",
        '"mock-token"',
        "mock\u00a0token",
    ],
)
def test_only_the_exact_token_is_let_in(caller: Caller, token: str | None) -> None:
    """No token, or one that nearly matches, is answered by the gateway with 401 on both operations."""
    headers = {"instance": caller.config.instance_id}
    if token is not None:
        headers["X-Auth-Token"] = token
    for path in (caller.runs_path(), caller.nodes_path()):
        check_error((401, "APIGW.0301"), *caller.get(f"{path}?{caller.valid_query()}", headers))


@pytest.mark.parametrize("header", ["Authorization", "X-Security-Token", "X-Subject-Token", "Cookie"])
def test_a_token_elsewhere_does_not_count(caller: Caller, header: str) -> None:
    """The token is read from its own header only, never from the query or another header."""
    headers = {"instance": caller.config.instance_id, header: caller.config.token}
    target = f"{caller.runs_path()}?{caller.valid_query()}&X-Auth-Token={caller.config.token}"
    check_error((401, "APIGW.0301"), *caller.get(target, headers))


def test_a_token_sent_twice_is_refused(caller: Caller) -> None:
    """Which of two tokens counts is nobody's guess to make."""
    headers = [*caller.headers.items(), ("X-Auth-Token", caller.config.token)]
    response = caller.http.get(caller.nodes_path(), headers=headers)
    assert "2 times" in check_response((401, "APIGW.0301"), response)


def test_the_name_of_the_token_header_may_have_any_case(caller: Caller) -> None:
    """Header names have no case."""
    headers = {"x-AUTH-token": caller.config.token, "INSTANCE": caller.config.instance_id}
    assert 200 == caller.get(caller.nodes_path(), headers)[0]


@pytest.mark.parametrize("target", ["/v1/other/datamap/node/1/instances", "/v1/a%FF/datamap/table/%ZZ/node?a=%ZZ"])
def test_who_is_asked_before_what(caller: Caller, target: str) -> None:
    """Without credentials even a request that is wrong in everything else gets 401."""
    check_error((401, "APIGW.0301"), *caller.get(target, {}))


@pytest.mark.parametrize("name", ["job_name", "start_time", "end_time", "offset", "limit"])
def test_a_missing_parameter_is_named(caller: Caller, name: str) -> None:
    """Each required parameter that is left out is named in the answer."""
    query = "&".join(pair for pair in caller.valid_query().split("&") if not pair.startswith(f"{name}="))
    text = check_error((400, "APIGW.0106"), *caller.get(f"{caller.runs_path()}?{query}"))
    assert f"Invalid query parameter {name}: it is missing" == text


@pytest.mark.parametrize("name", ["start_time", "end_time", "offset", "limit"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        "-1",
        "-0",
        "1.0",
        "1e3",
        "%2B1",
        "+1",
        "%201",
        "1%20",
        "1%0A",
        "%EF%BC%91",
        "%D9%A1",
        "1_0",
        "0x10",
        "true",
        "null",
        "NaN",
        "9223372036854775808",
        "9" * 41,
        "9" * 5_000,
        "-" + "9" * 5_000,
    ],
)
def test_what_is_no_plain_number_in_range_is_refused(caller: Caller, name: str, value: str) -> None:
    """Digits only, inside the range of the specification; the answer names the parameter."""
    text = check_error((400, "APIGW.0106"), *caller.get_runs(**{name: value}))
    assert text.startswith(f"Invalid query parameter {name}: ")


@pytest.mark.parametrize(("name", "value"), [("limit", "0"), ("limit", "2147483648"), ("offset", "2147483648")])
def test_the_next_number_after_each_bound_is_refused(caller: Caller, name: str, value: str) -> None:
    """Bounds are those of the specification."""
    check_error((400, "APIGW.0106"), *caller.get_runs(**{name: value}))


def test_an_empty_job_name_is_refused(caller: Caller) -> None:
    """The specification asks for one character at least."""
    text = check_error((400, "APIGW.0106"), *caller.get_runs(job_name=""))
    assert text.startswith("Invalid query parameter job_name: ")


@pytest.mark.parametrize("name", ["job_name", "workspace_id", "limit"])
def test_a_parameter_sent_twice_is_refused(caller: Caller, name: str) -> None:
    """Twice the same value is refused too, and for an optional parameter as well."""
    query = f"{caller.valid_query(workspace_id='1')}&{name}=1"
    text = check_error((400, "APIGW.0106"), *caller.get(f"{caller.runs_path()}?{query}"))
    assert f"Invalid query parameter {name}: it was sent 2 times" == text


@pytest.mark.parametrize("pair", ["limit=", "limit", "workspace_id="])
def test_a_blank_one_counts_as_sent(caller: Caller, pair: str) -> None:
    """A parameter with a value and once more without is sent twice."""
    query = f"{caller.valid_query(workspace_id='1')}&{pair}"
    text = check_error((400, "APIGW.0106"), *caller.get(f"{caller.runs_path()}?{query}"))
    assert text.endswith(": it was sent 2 times")


def test_names_of_query_parameters_have_a_case(caller: Caller) -> None:
    """LIMIT is not limit."""
    query = caller.valid_query().replace("limit", "LIMIT")
    check_error((400, "APIGW.0106"), *caller.get(f"{caller.runs_path()}?{query}"))


@pytest.mark.parametrize("instance", [None, "", "   "])
def test_a_missing_or_blank_instance_is_refused(caller: Caller, instance: str | None) -> None:
    """The header is required on both operations, and a blank one names nothing."""
    headers = {"X-Auth-Token": caller.config.token} | ({} if instance is None else {"instance": instance})
    for path in (caller.runs_path(), caller.nodes_path()):
        text = check_error((400, "APIGW.0106"), *caller.get(f"{path}?{caller.valid_query()}", headers))
        assert text.startswith("Invalid header parameter instance: ")


def test_an_unknown_instance_is_forbidden(caller: Caller) -> None:
    """A tenancy of somebody else is refused by the service, without a request id in the body."""
    headers = {**caller.headers, "instance": "f" * 32}
    for path in (caller.runs_path(), caller.nodes_path()):
        check_error((403, "DLM.4001"), *caller.get(f"{path}?{caller.valid_query()}", headers))


@pytest.mark.parametrize("project_id", ["f" * 32, "a%2Fb", quote("项目")])
def test_an_unknown_project_is_forbidden(caller: Caller, project_id: str) -> None:
    """A project of somebody else is refused by the service."""
    for path in (caller.runs_path(), caller.nodes_path()):
        other = path.replace(caller.config.project_id, project_id)
        check_error((403, "DLM.4001"), *caller.get(f"{other}?{caller.valid_query()}"))


def test_a_window_that_ends_before_it_starts_is_refused(caller: Caller) -> None:
    """The answer names both times."""
    text = check_error((400, "APIGW.0106"), *caller.get_runs(start_time="10", end_time="9"))
    assert "Invalid query parameter end_time: 9 is before start_time 10" == text


@pytest.mark.parametrize("guid", ["nothing", "a/b", "09318F28-939F-4AB6-A374-9E621096652C", "订单", "\n", ".."])
def test_an_unknown_table_is_not_found(caller: Caller, guid: str) -> None:
    """The service answers 404 in its own shape; an encoded slash stays inside the id."""
    text = check_error((404, "DLG.0404"), *caller.get(caller.nodes_path(guid)))
    assert f"The table {guid} does not exist" == text


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/v1",
        "//",
        "*",
        "/v1/a/datamap/node/1/instances/",
        "/v1/a/datamap/node//instances",
        "/v1//datamap/node/1/instances",
        "/v1/a/datamap/node/1/2/instances",
        "/v2/a/datamap/node/1/instances",
        "/V1/a/datamap/table/1/node",
        "/v1/a/datamap/table/1/node%0A",
        "/%0A",
        "/%FF",
        "/%ZZ",
        "/docs/",
        "/openapi.json",
    ],
)
def test_an_undeclared_path_is_not_found(caller: Caller, target: str) -> None:
    """The gateway answers 404 in its own shape, before it looks at credentials."""
    check_error((404, "APIGW.0101"), *caller.get(target, {}))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_an_undeclared_method_is_refused(caller: Caller, method: str) -> None:
    """405 with Allow, in the documented shape, with or without credentials."""
    for path in (caller.runs_path(), caller.nodes_path()):
        for headers in ({}, caller.headers):
            with socket.create_connection(caller.address, timeout=10) as connection:
                fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                request = f"{method} {path} HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n{fields}\r\n"
                connection.sendall(request.encode())
                head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
            status, *lines = head.decode().split("\r\n")
            sent = {name.title(): value for name, value in (line.split(": ", 1) for line in lines)}
            check_error((405, "APIGW.0101"), int(status.split()[1]), sent, body)
            assert "GET" == sent["Allow"]


def test_head_is_refused_without_a_body(caller: Caller) -> None:
    """HEAD is undeclared as well; by HTTP its answer has headers only."""
    response = caller.http.head(caller.nodes_path(), headers=caller.headers)
    assert (405, "GET", b"") == (response.status_code, response.headers["Allow"], response.content)
    assert response.headers["X-Request-Id"]


@pytest.mark.parametrize("target", ["a=%ZZ", "a=%", "%F", "a=%FF", "%C3%28=1", "job_name=%ED%A0%80"])
def test_a_query_that_is_not_encoded_utf8_is_refused(caller: Caller, target: str) -> None:
    """Broken escapes and broken UTF-8 are bad requests, wherever in the query they are."""
    text = check_error((400, "APIGW.0201"), *caller.get(f"{caller.runs_path()}?{caller.valid_query()}&{target}"))
    assert "Bad request: the query is not percent-encoded UTF-8" == text


@pytest.mark.parametrize("segment", ["%ZZ", "%", "%F", "%FF", "a%C3%28"])
def test_a_path_that_is_not_encoded_utf8_is_refused(caller: Caller, segment: str) -> None:
    """Broken escapes and broken UTF-8 in an id are bad requests, and told before those of the query."""
    for path, behind in product((caller.nodes_path("ID"), caller.runs_path("ID")), ("", "&a=%ZZ")):
        target = f"{path.replace('ID', segment)}?{caller.valid_query()}{behind}"
        text = check_error((400, "APIGW.0201"), *caller.get(target))
        assert "Bad request: the path is not percent-encoded UTF-8" == text


def test_raw_bytes_in_the_target_are_no_failure(caller: Caller) -> None:
    """What is no HTTP at all is refused below the application, as a bad request."""
    with socket.create_connection(caller.address, timeout=10) as connection:
        connection.sendall(b"GET /\xff?\xfe HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n\r\n")
        assert b"HTTP/1.1 400" == connection.makefile("rb").read(12)


def test_headers_as_long_as_the_gateway_allows_are_read(caller: Caller) -> None:
    """Tokens have many KB: one of 32 KB among 96 that arrive bit by bit is refused for what it is."""
    long = "".join(f"{name}: {'x' * 32_000}\r\n" for name in ("X-One", "X-Two", "X-Auth-Token"))
    with socket.create_connection(caller.address, timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for line in (f"GET {caller.nodes_path()} HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n{long}", "\r\n"):
            for start in range(0, len(line), 4_000):
                connection.sendall(line[start : start + 4_000].encode())
        assert b"HTTP/1.1 401" == connection.makefile("rb").read(12)


@repeatable
@given(query=PRINTABLE)
@example(query="limit=%00&&==;&limit")
@example(query="#")
def test_no_query_is_a_failure(caller: Caller, query: str) -> None:
    """Whatever the query holds, the answer is the client's fault, in the documented shape."""
    status, headers, body = caller.get(f"{caller.runs_path()}?{query}")
    assert 400 == status
    check_error((400, json.loads(body)["error_code"]), status, headers, body)


@repeatable
@given(name=st.sampled_from(["job_name", "workspace_id", "limit", "start_time"]), value=st.text())
def test_no_value_is_a_failure(caller: Caller, name: str, value: str) -> None:
    """Any text as the value of a parameter is answered with a page or a documented refusal."""
    encoded = quote(value.encode("utf-8", "surrogatepass"), safe="")
    status, _, body = caller.get_runs(**{name: encoded})
    assert status in {200, 400}
    json.loads(body)


@repeatable
@given(segment=PRINTABLE.map(lambda text: text.replace("?", "")), tail=st.sampled_from(["", "/node", "/instances"]))
def test_no_path_is_a_failure(caller: Caller, segment: str, tail: str) -> None:
    """Whatever the path holds, the answer is below 500 and has a documented shape."""
    for path in (caller.nodes_path("ID"), caller.runs_path("ID")):
        status, headers, body = caller.get(path.replace("ID", segment) + tail)
        assert 400 <= status < 500
        check_error((status, json.loads(body)["error_code"]), status, headers, body)


@repeatable
@given(token=st.binary(max_size=60).filter(lambda raw: raw != b"mock-token"))
def test_no_other_token_is_let_in(caller: Caller, token: bytes) -> None:
    """Any bytes but the token's are answered with 401, or are no HTTP header at all."""
    fields = f"instance: {caller.config.instance_id}\r\nConnection: close\r\nHost: mock\r\n".encode()
    with socket.create_connection(caller.address, timeout=10) as connection:
        connection.sendall(
            b"GET %s HTTP/1.1\r\n%sX-Auth-Token:%s\r\n\r\n" % (caller.nodes_path().encode(), fields, token)
        )
        assert connection.makefile("rb").read(12) in {b"HTTP/1.1 401", b"HTTP/1.1 400"}


def test_a_failure_inside_is_a_documented_error(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An exception gives 500 in the gateway's shape, its text goes to the log alone, and the connection lives on."""

    def fail(*_: object) -> bytes:
        raise ZeroDivisionError("a secret")

    with monkeypatch.context() as patch:
        patch.setattr(RunPages, "render", fail)
        response = caller.runs()
    assert "Internal server error" == check_response((500, "APIGW.0601"), response)
    assert "ZeroDivisionError: a secret" in caplog.text
    assert "the mock server failed on GET" in caplog.text
    assert 200 == caller.runs().status_code
