"""Signatures, against those of the official signer."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dataarts_datamap import AccessKeyCredentials, InvalidArgumentError, Request
from dataarts_datamap._auth.signing import canonical_query, sign
from dataarts_datamap._clock import Clock
from dataarts_datamap._retry.exchange import exchange
from dataarts_datamap._retry.policy import Policy, Retry
from dataarts_datamap._transport.driver import Network, SyncTransport
from support.scripted_server import Answer, ScriptedServer

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "signing_vectors.json").read_text(encoding="utf-8"))[
    "vectors"
]
SIGNED = [vector for vector in VECTORS if "expect" in vector]
REFUSED = [vector for vector in VECTORS if "expect" not in vector]


def request_of(given: dict[str, Any]) -> Request:
    """The request of a vector, with the headers that a client of the official SDK adds before it signs."""
    headers = {name: str(value) for name, value in given["headers"].items()}
    for name, member in (
        ("X-Project-Id", "project_id"),
        ("X-Domain-Id", "domain_id"),
        ("X-Security-Token", "security_token"),
    ):
        if given[member] is not None:
            headers[name] = given[member]
    return Request(
        method=given["method"],
        endpoint=f"{given['scheme']}://{given['host']}",
        path=given["path"],
        query=tuple((name, value) for name, value in given["query"]),
        headers=headers,
        content=base64.b64decode(given["body_b64"] or ""),
    )


def test_vectors_are_all_there() -> None:
    """The official signer signs 57 of the vectors, and crashes on four."""
    assert (57, 4) == (len(SIGNED), len(REFUSED))


@pytest.mark.parametrize("vector", SIGNED, ids=lambda vector: vector["id"])
def test_signature_is_the_official_one(vector: dict[str, Any]) -> None:
    """Each vector has the Authorization and the headers of the official signer."""
    given, expected = vector["input"], vector["expect"]

    signed = sign(request_of(given), access_key=given["ak"], secret_key=given["sk"])

    assert {**expected["headers_out"], "Authorization": expected["authorization"]} == dict(signed.headers)


@pytest.mark.parametrize("vector", SIGNED, ids=lambda vector: vector["id"])
def test_query_is_the_official_one(vector: dict[str, Any]) -> None:
    """Each vector has the query that the official signer sends."""
    assert vector["expect"]["uri"].partition("?")[2] == canonical_query(request_of(vector["input"]).query)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("path_empty", "the path '' is no absolute one"),
        ("q_mixed_types", "different types"),
        ("c_no_ak", "access key"),
        ("d_bad", "X-Sdk-Date '2024-01-01T00:00:00Z' is no time such as 20240111T010156Z"),
    ],
)
def test_what_crashes_the_official_signer(name: str, text: str) -> None:
    """What crashes the official signer is refused with a text that says what is wrong."""
    (vector,) = (vector for vector in REFUSED if vector["id"] == name)
    given = vector["input"]

    with pytest.raises(InvalidArgumentError, match=text):
        sign(request_of(given), access_key=given["ak"], secret_key=given["sk"])


def test_prefix_of_the_endpoint_is_signed() -> None:
    """The path that is signed is the one that is sent, the endpoint's prefix included."""
    headers = {"X-Sdk-Date": "20191115T033655Z"}
    prefixed = Request(method="GET", endpoint="https://h/prefix", path="/v1/ping", headers=headers)
    whole = Request(method="GET", endpoint="https://h", path="/prefix/v1/ping", headers=headers)

    keys = {"access_key": "a", "secret_key": "s"}
    assert sign(whole, **keys).headers == sign(prefixed, **keys).headers


def text_of(value: object) -> str:
    """A query value as our requests hold it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# What a GET of ours cannot say: an order of numbers that the wire does not have, dot segments, a line break in a
# header, a raw or broken escape in a path, an empty security token.
NOT_OURS = {
    "q_list_numbers",
    "path_dots",
    "h_tab_newline",
    "path_unicode_raw",
    "path_space",
    "path_bad_escape",
    "c_token_empty",
}
OURS = [
    vector
    for vector in SIGNED
    if vector["input"]["method"] == "GET" and vector["id"] not in NOT_OURS
]  # fmt: skip


def test_most_vectors_can_be_sent() -> None:
    """More than 25 of the vectors are requests that the client can send."""
    assert 37 == len(OURS)


@pytest.mark.filterwarnings("ignore:access_key holds a blank")
@pytest.mark.parametrize("vector", OURS, ids=lambda vector: vector["id"])
def test_signature_on_the_wire(vector: dict[str, Any]) -> None:
    """Sent by the client's own path to a recording server, the request arrives with the official Authorization."""
    given = vector["input"]
    request = request_of(given)
    headers = {name: value for name, value in request.headers.items() if name not in {"X-Sdk-Date", "X-Security-Token"}}
    query = [
        (name, value) for name, values in given["query"] for value in (values if isinstance(values, list) else [values])
    ]
    credentials = AccessKeyCredentials(
        given["ak"],
        given["sk"],
        given["security_token"],
        clock=lambda: datetime.strptime(given["x_sdk_date"], "%Y%m%dT%H%M%S%z"),
    )
    with ScriptedServer(Answer()) as server:
        transport = SyncTransport(Network(timeout=10, max_answer_size=1000, proxy=None), Clock())
        sent = replace(
            request,
            endpoint=server.url,
            headers={**({} if "host" in headers else {"Host": given["host"]}), **headers},
            query=tuple((name, text_of(value)) for name, value in query),
        )
        transport.run(exchange(sent, credentials, Policy(Retry(), 60, Clock()), lambda response: response))
        transport.close()
        (asked,) = server.asked

    assert vector["expect"]["authorization"] == asked.headers["authorization"]
    assert sorted_target(vector["expect"]["uri"]) == sorted_target(asked.target)


def sorted_target(target: str) -> tuple[str, list[str]]:
    """The path, and the query's parts in one order: the gateway sorts them itself before it signs."""
    path, _, query = target.partition("?")
    return path, sorted(query.split("&"))
