"""Signatures, against those of the official signer."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import AccessKeyCredentials, InvalidArgumentError, Request
from dataarts_datamap._auth.signing import canonical_query, sign
from dataarts_datamap._clock import Clock
from dataarts_datamap._retry.exchange import exchange
from dataarts_datamap._retry.policy import Policy, Retry
from dataarts_datamap._secrets import Hidden
from dataarts_datamap._transport.driver import Network, SyncTransport
from support.scripted_server import Answer, ScriptedServer

if TYPE_CHECKING:
    from dataarts_datamap._messages import Call

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

    signed = sign(request_of(given), access_key=given["ak"], secret_key=Hidden(given["sk"]))

    assert {**expected["headers_out"], "Authorization": expected["authorization"]} == dict(signed.headers)


@pytest.mark.parametrize("vector", SIGNED, ids=lambda vector: vector["id"])
def test_query_is_the_official_one(vector: dict[str, Any]) -> None:
    """Each vector has the query that the official signer sends."""
    assert vector["expect"]["uri"].partition("?")[2] == canonical_query(request_of(vector["input"]).query)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("path_empty", "the path '' is not absolute"),
        ("q_mixed_types", "different types"),
        ("c_no_ak", "access key"),
        ("d_bad", "X-Sdk-Date '2024-01-01T00:00:00Z' is not a time such as 20240111T010156Z"),
    ],
)
def test_what_crashes_the_official_signer(name: str, text: str) -> None:
    """What crashes the official signer is refused with a text that says what is wrong."""
    (vector,) = (vector for vector in REFUSED if vector["id"] == name)
    given = vector["input"]

    with pytest.raises(InvalidArgumentError, match=text):
        sign(request_of(given), access_key=given["ak"], secret_key=Hidden(given["sk"]))


DATED = {"X-Sdk-Date": "20191115T033655Z"}
OF_THE_OFFICIAL_SIGNER: list[tuple[str, dict[str, str], str, str]] = [
    ("/v1/a%2Fb", DATED, "host;x-sdk-date", "50911ead261df1334b05be32819e8003c49879b45a9bf61a71608f60f94f766e"),
    ("/v1/a%2fb%2F/c", DATED, "host;x-sdk-date", "c899501c709f2de4233b9f5c30aaffdfecc9b7ebdac66cd59a4d59b63bde7afc"),
    ("/v1/%2E%2E%2Fx", DATED, "host;x-sdk-date", "e14bed612c66120b1fb446138ca884e0b21ea05e12af6433f500a11b38e2a48b"),
    ("/v1/%252F", DATED, "host;x-sdk-date", "ae0a9b3fb391e6445396726d1f2f4d2a11d8f33b08f2909257a44c5a018ff558"),
    ("/v1/a%2F", DATED, "host;x-sdk-date", "3a414d68eeddb9d6986eb9f022ab13966ed6a47f0b9324ff341ac2a511c4b256"),
    (
        "/v1/a%5Cb%2F%E5%AF%86",
        DATED,
        "host;x-sdk-date",
        "e0e83ed8989cd4a6d880cc32eacd416804f9b652eac7e2a408aff3ef8d2a660b",
    ),
    (
        "/v1/ping",
        {**DATED, "X-A": "1", "x-a": "2"},
        "host;x-a;x-a;x-sdk-date",
        "ad90d7059fcdec2f53798cd37cf51a5edfd647a08c2eb67af6831aebd4f104c3",
    ),
    (
        "/v1/ping",
        {"x-a": "2", **DATED, "X-A": " 1 ", "X-a": ""},
        "host;x-a;x-a;x-a;x-sdk-date",
        "50a74334f875d9c45e07470e5a7dc683ba6709fba8c5d913a2e4e15a649c3d8d",
    ),
    (
        "/v1/ping",
        {**DATED, "Instance": "1", "instance": "2", "X_B": "3", "x_b": "4"},
        "host;instance;instance;x-sdk-date",
        "b26e5c86781786c1708a4d66fcbc5ad60a08e0d6cac41908129c2630cc5f9d1d",
    ),
]
"""Path, headers, and what the signer of huaweicloudsdkcore 3.1.219 made of them for host h and made-up keys."""


@pytest.mark.parametrize(("path", "headers", "names", "signature"), OF_THE_OFFICIAL_SIGNER)
def test_escaped_slashes_and_headers_in_two_cases(
    path: str, headers: dict[str, str], names: str, signature: str
) -> None:
    """A path is decoded as a whole before it is split, and a header that comes in two cases is named twice."""
    request = Request(method="GET", endpoint="https://h", path=path, headers=headers)
    signed = sign(request, access_key="AKEXAMPLE", secret_key=Hidden("SKEXAMPLE"))

    expected = f"SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders={names}, Signature={signature}"
    assert expected == signed.headers["Authorization"]


@pytest.mark.parametrize("names", [("x-sdk-date", "x-security-token"), ("X-SDK-DATE",), ("X-Sdk-Date", "x-Sdk-date")])
def test_headers_of_credentials_replace_others(names: tuple[str, ...]) -> None:
    """The headers that credentials add take the place of those that are there, whatever case they are written in."""
    credentials = AccessKeyCredentials("a", "s", "t", clock=lambda: datetime(2024, 1, 1, tzinfo=UTC))
    plain = Request(method="GET", endpoint="https://h", path="/")
    older = replace(plain, headers=dict.fromkeys(names, "20191115T033655Z"))
    signed, expected = (next_of(credentials.authenticate(request)).headers for request in (older, plain))

    assert expected == signed


def next_of(call: Call[Request]) -> Request:
    """What credentials that ask for nothing make of a request."""
    with pytest.raises(StopIteration) as ended:
        next(call)
    request: Request = ended.value.value
    return request


def test_prefix_of_the_endpoint_is_signed() -> None:
    """The path that is signed is the one that is sent, the endpoint's prefix included."""
    headers = {"X-Sdk-Date": "20191115T033655Z"}
    prefixed = Request(method="GET", endpoint="https://h/prefix", path="/v1/ping", headers=headers)
    whole = Request(method="GET", endpoint="https://h", path="/prefix/v1/ping", headers=headers)

    signed = [sign(request, access_key="a", secret_key=Hidden("s")).headers for request in (whole, prefixed)]
    assert signed[0] == signed[1]


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
