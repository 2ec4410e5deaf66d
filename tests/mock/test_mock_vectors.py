"""The mock's verifier accepts what the official signer signs, and nothing that differs from it in a signed part."""

from __future__ import annotations

import base64
import json
import string
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataarts_datamap_contract.mock._identity.signature import (
    SignatureError,
    canonical_request,
    claims_signature,
    read_claim,
    verify_signature,
)
from dataarts_datamap_contract.mock._web.requests import RequestParts

if TYPE_CHECKING:
    from collections.abc import Iterator

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "signing_vectors.json").read_text(encoding="utf-8")
)["vectors"]
SIGNED = [vector for vector in VECTORS if "expect" in vector]
INEXPRESSIBLE = {
    "h_tab_newline": "a header value cannot hold a line break",
    "q_list_numbers": "9 sorts before 10 as a number, and a query has no numbers",
}
EXPRESSIBLE = [vector for vector in SIGNED if vector["id"] not in INEXPRESSIBLE]
# Bodies that the official signer leaves out of the signature.
OPEN_BODIES = {"b_form_unsigned"}

repeatable = settings(deadline=None, derandomize=True, database=None, max_examples=400)


def request_of(vector: dict[str, Any]) -> RequestParts:
    """The request as it arrives: a signer gives the method in upper case, and a target is ASCII without spaces."""
    sent, expected = vector["input"], vector["expect"]
    path, _, query = expected["uri"].partition("?")
    headers = [*expected["headers_out"].items(), ("Authorization", expected["authorization"])]
    return RequestParts(
        {},
        query.encode(),
        [(name.lower().encode(), value.encode()) for name, value in headers],
        sent["method"].upper(),
        quote(path, safe=string.punctuation).encode(),
        base64.b64decode(sent["body_b64"] or ""),
    )


def signed_headers(vector: dict[str, Any]) -> list[str]:
    """The names that the official signer signed."""
    names: list[str] = vector["expect"]["signed_headers"]
    return names


def verify(request: RequestParts, secret_key: str) -> None:
    """Return if the request is signed with the key."""
    verify_signature(request, read_claim(request), secret_key.encode())


def with_header(request: RequestParts, index: int, value: bytes) -> RequestParts:
    """The request with another value of one header."""
    headers = list(request.headers)
    headers[index] = (headers[index][0], value)
    return replace(request, headers=headers)


def changed_part(request: RequestParts, part: str, value: bytes) -> RequestParts:
    """The request with another path, query or body."""
    changes: dict[str, Any] = {part: value}
    return replace(request, **changes)


def changed(vector: dict[str, Any]) -> Iterator[RequestParts]:
    """The request of a vector with each signed part changed in turn, in every way that comes to mind."""
    request = request_of(vector)
    signed = signed_headers(vector)
    yield replace(request, method="PUT" if request.method != "PUT" else "GET")
    yield replace(request, raw_path=request.raw_path + b"/x")
    yield replace(request, raw_path=request.raw_path + b"%2525")
    yield replace(request, query=request.query + b"&zz")
    yield replace(request, query=request.query.rpartition(b"&")[0] if b"&" in request.query else b"zz=")
    if vector["id"] not in OPEN_BODIES:
        yield replace(request, body=request.body + b"\n")
    for index, (name, value) in enumerate(request.headers):
        if name.decode() in signed:
            yield with_header(request, index, value + b"x")
            yield replace(request, headers=request.headers[:index] + request.headers[index + 1 :])
            yield replace(request, headers=[*request.headers, (name, value)])
            left = ";".join(other for other in signed if other != name.decode())
            authorization = vector["expect"]["authorization"].replace(";".join(signed), left)
            yield with_header(request, -1, authorization.encode())


def test_the_vectors_are_counted() -> None:
    """57 have an Authorization; two of them are no HTTP request or say nothing of how their numbers are sorted."""
    assert (61, 57, 55) == (len(VECTORS), len(SIGNED), len(EXPRESSIBLE))
    assert set(INEXPRESSIBLE) <= {vector["id"] for vector in SIGNED}


@pytest.mark.parametrize("vector", EXPRESSIBLE, ids=lambda vector: vector["id"])
def test_what_the_official_signer_signs_verifies(vector: dict[str, Any]) -> None:
    """The canonical request is the same byte for byte, and so is the signature."""
    request = request_of(vector)
    assert claims_signature(request)
    assert vector["expect"]["canonical_request"].encode() == canonical_request(request, read_claim(request))
    verify(request, vector["input"]["sk"])


def test_numbers_of_a_list_are_sorted_as_text() -> None:
    """The official signer sorts numbers before it writes them: a receiver of text cannot know that."""
    (vector,) = [vector for vector in SIGNED if vector["id"] == "q_list_numbers"]
    with pytest.raises(SignatureError, match=r"\|k=10&k=100&k=9\|"):
        verify(request_of(vector), vector["input"]["sk"])


@pytest.mark.parametrize("vector", EXPRESSIBLE, ids=lambda vector: vector["id"])
def test_no_changed_part_verifies(vector: dict[str, Any]) -> None:
    """Method, path, query, body, and each signed header: changed, left out, sent twice, no longer named as signed."""
    for request in changed(vector):
        with pytest.raises(SignatureError):
            verify(request, vector["input"]["sk"])
    with pytest.raises(SignatureError, match="verify aksk signature fail"):
        verify(request_of(vector), vector["input"]["sk"] + "x")


@repeatable
@given(data=st.data())
def test_one_letter_more_is_refused_wherever_it_stands(data: st.DataObject) -> None:
    """A letter that is no hexadecimal digit, put anywhere into any one signed part, breaks the signature."""
    vector = data.draw(st.sampled_from(EXPRESSIBLE))
    request = request_of(vector)
    letter = data.draw(st.sampled_from([b"x", b"Z", b"~", b"_", b"-"]))

    def grown(value: bytes) -> bytes:
        place = data.draw(st.integers(0, len(value)))
        return value[:place] + letter + value[place:]

    indexes = [index for index, (name, _) in enumerate(request.headers) if name.decode() in signed_headers(vector)]
    parts = ["raw_path", "query", *indexes, *(() if vector["id"] in OPEN_BODIES else ("body",))]
    part = data.draw(st.sampled_from(parts))
    if isinstance(part, int):
        request = with_header(request, part, grown(request.headers[part][1]))
    else:
        request = changed_part(request, part, grown(getattr(request, part)))
    with pytest.raises(SignatureError):
        verify(request, vector["input"]["sk"])


@repeatable
@given(vector=st.sampled_from(EXPRESSIBLE), place=st.integers(0, 63), digit=st.sampled_from("0123456789abcdef"))
def test_every_digit_of_the_signature_counts(vector: dict[str, Any], place: int, digit: str) -> None:
    """A signature with one digit changed is refused; with none changed it is the one that verifies."""
    signature = vector["expect"]["signature"]
    other = signature[:place] + digit + signature[place + 1 :]
    authorization = vector["expect"]["authorization"].replace(signature, other)
    request = with_header(request_of(vector), -1, authorization.encode())
    with nullcontext() if other == signature else pytest.raises(SignatureError, match="verify aksk signature fail"):
        verify(request, vector["input"]["sk"])


def test_space_around_a_header_is_not_signed() -> None:
    """A server in between may hand a value on with the space that stood around it."""
    request = request_of(EXPRESSIBLE[0])
    verify(with_header(request, 0, b" \t" + request.headers[0][1] + b" "), EXPRESSIBLE[0]["input"]["sk"])


def test_a_body_that_the_signer_leaves_out_may_change() -> None:
    """UNSIGNED-PAYLOAD is what the official signer says of a body that is not JSON; none at all is not the same."""
    (vector,) = [vector for vector in SIGNED if vector["id"] in OPEN_BODIES]
    verify(replace(request_of(vector), body=b"other"), vector["input"]["sk"])
    with pytest.raises(SignatureError):
        verify(replace(request_of(vector), body=b""), vector["input"]["sk"])
