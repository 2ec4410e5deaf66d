"""What is canonical already is recognised, and left as encoding anew would leave it."""

from __future__ import annotations

from urllib.parse import quote_from_bytes, unquote_to_bytes

from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap_contract.mock._identity.signature import Claim, canonical_request
from dataarts_datamap_contract.mock._web.requests import RequestParts

BYTES = [f"%{byte:02X}" for byte in range(256)] + [f"%{byte:02x}" for byte in range(256)]
PIECES = st.sampled_from([*BYTES, *map(chr, range(0x21, 0x7F)), "", "=", "&", "%"])
TEXT = st.lists(PIECES, max_size=8).map("".join)
NAME = st.sampled_from(["a", "b", "ab", "%61", "a.", "a-"])
QUERY = st.one_of(
    TEXT, st.lists(st.tuples(NAME, TEXT), max_size=4).map(lambda pairs: "&".join(f"{a}={b}" for a, b in pairs))
)


def anew(path: str, query: str) -> list[str]:
    """Path and query, each part decoded, sorted and encoded anew."""
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    decoded = sorted((unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pairs)
    encoded = quote_from_bytes(unquote_to_bytes(path), safe="/")
    return [
        encoded if encoded.endswith("/") else f"{encoded}/",
        "&".join(f"{quote_from_bytes(name, '')}={quote_from_bytes(value, '')}" for name, value in decoded),
    ]


@given(path=TEXT, query=QUERY)
def test_canonical(path: str, query: str) -> None:
    """The canonical path and query are those of the rule, whatever was sent."""
    request = RequestParts({}, query.encode(), [], "GET", f"/{path}".encode())

    lines = canonical_request(request, Claim(b"", (), b"")).decode().split("\n")
    assert anew(f"/{path}", query) == lines[1:3]


def test_each_byte() -> None:
    """Each byte of a value stands for itself, escaped in upper case or not at all."""
    for escape in BYTES:
        query = f"a={escape}"
        lines = canonical_request(RequestParts({}, query.encode(), []), Claim(b"", (), b"")).decode().split("\n")
        assert anew("/", query)[1] == lines[2]
