"""Verification of the signature SDK-HMAC-SHA256, without a clock or state."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes, unquote_to_bytes

if TYPE_CHECKING:
    from dataarts_datamap_contract.mock._web.requests import RequestParts

ALGORITHM = b"SDK-HMAC-SHA256"
DATE_HEADER = "X-Sdk-Date"

# A header name without an underscore: the official signer skips names with one, since proxies drop such headers.
_NAME = rb"[!#$%&'*+.^`|~0-9a-z-]+"
_AUTHORIZATION = re.compile(
    ALGORITHM + rb" Access=([^,]+), SignedHeaders=(" + _NAME + rb"(?:;" + _NAME + rb")*), Signature=([0-9a-f]{64})"
)
# Text that encoding again would not change: unreserved characters, and upper-case escapes of all others.
_PLAIN = rb"[A-Za-z0-9_.~-]"
_ESCAPE = rb"%(?:[0189A-F][0-9A-F]|2[0-9A-CF]|3[A-F]|[46]0|5[B-E]|7[B-DF])"
_PAIR = _PLAIN + rb"+=(?:" + _PLAIN + rb"|" + _ESCAPE + rb")*"
_CANONICAL_PAIRS = re.compile(_PAIR + rb"(?:&" + _PAIR + rb")*")
_CANONICAL_PATH = re.compile(rb"(?:/|" + _PLAIN + rb")*")
_UNSIGNED = b"UNSIGNED-PAYLOAD"
_HASH_OF_NOTHING = hashlib.sha256().hexdigest().encode()


class SignatureError(ValueError):
    """A signature that is not valid; the text is the gateway's, if one is documented."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The fields of an ``Authorization`` header.

    Attributes:
        access_key: Who signed.
        signed_headers: Lower-case names, sorted and unique.
        signature: 64 lower-case hexadecimal digits.
    """

    access_key: bytes
    signed_headers: tuple[str, ...]
    signature: bytes


def claims_signature(request: RequestParts) -> bool:
    """Whether a request has a signature; an ``Authorization`` of another scheme is not one."""
    return any(value.startswith(ALGORITHM) for value in request.header("Authorization"))


def read_claim(request: RequestParts) -> Claim:
    """Read the signature of a request.

    Raises:
        SignatureError: The header was not sent exactly once, does not have the documented form, or names the signed
            headers unsorted, or one of them twice.
    """
    values = request.header("Authorization")
    match = _AUTHORIZATION.fullmatch(values[0]) if len(values) == 1 else None
    if match is None:
        raise SignatureError("Authorization is malformed")
    access_key, names, signature = match.groups()
    signed_headers = tuple(names.decode().split(";"))
    if list(signed_headers) != sorted(set(signed_headers)):
        raise SignatureError("Authorization is malformed: SignedHeaders are not sorted, or one is named twice")
    return Claim(access_key, signed_headers, signature)


def signed_value(request: RequestParts, claim: Claim, name: str) -> bytes:
    """The value of a header that must be signed.

    Raises:
        SignatureError: It is not signed, was not sent, or was sent more than once.
    """
    if name.lower() not in claim.signed_headers:
        raise SignatureError(f"{name} is not signed")
    return _sent_value(request, name)


def verify_signature(request: RequestParts, claim: Claim, secret_key: bytes) -> None:
    """Return if the signature is valid for the request as it arrived.

    Raises:
        SignatureError: A signed header was not sent exactly once, ``X-Sdk-Date`` is not signed, or the signature is
            wrong; then the text has the canonical request with ``|`` in place of newlines, like the gateway's text.
    """
    date = signed_value(request, claim, DATE_HEADER)
    canonical = canonical_request(request, claim)
    text = b"\n".join((ALGORITHM, date, hashlib.sha256(canonical).hexdigest().encode()))
    expected = hmac.digest(secret_key, text, "sha256").hex().encode()
    if not hmac.compare_digest(expected, claim.signature):
        echo = canonical.decode(errors="replace").replace("\n", "|")
        raise SignatureError(f"verify aksk signature fail, canonicalRequest:{echo}")


def canonical_request(request: RequestParts, claim: Claim) -> bytes:
    """The text whose hash is signed.

    Raises:
        SignatureError: A signed header was not sent, or was sent more than once.
    """
    headers = [b"%s:%s\n" % (name.encode(), _sent_value(request, name)) for name in claim.signed_headers]
    return b"\n".join(
        (
            request.method.encode(),
            _canonical_path(request.raw_path),
            _canonical_query(request.query),
            b"".join(headers),
            ";".join(claim.signed_headers).encode(),
            _payload_hash(request),
        )
    )


def _sent_value(request: RequestParts, name: str) -> bytes:
    values = request.header(name)
    if len(values) != 1:
        raise SignatureError(f"signed header {name} was sent {len(values)} times")
    return values[0].strip()


def _canonical_path(raw_path: bytes) -> bytes:
    """The path with each segment encoded again, and a trailing slash; an encoded slash becomes a plain one."""
    canonical = _CANONICAL_PATH.fullmatch(raw_path)
    path = raw_path if canonical else quote_from_bytes(unquote_to_bytes(raw_path), safe="/").encode()
    return path if path.endswith(b"/") else path + b"/"


def _canonical_query(query: bytes) -> bytes:
    """The pairs, encoded again and sorted by name and value. A plus sign is literal: signers write a space as %20."""
    pairs = [pair.partition(b"=") for pair in query.split(b"&") if pair]
    # If a name occurs twice, its values are sorted, too, and encoding can change their order.
    if _CANONICAL_PAIRS.fullmatch(query) and len({name for name, _, _ in pairs}) == len(pairs):
        return b"&".join(b"".join(pair) for pair in sorted(pairs))
    decoded = sorted((unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pairs)
    return "&".join(f"{quote_from_bytes(name, '')}={quote_from_bytes(value, '')}" for name, value in decoded).encode()


def _payload_hash(request: RequestParts) -> bytes:
    """The hash of the body, unless the signer declares an existing body as unsigned.

    A hash that the signer states is not trusted: if the body has another hash, the signature fails.
    """
    if request.body and request.header("X-Sdk-Content-Sha256") == [_UNSIGNED]:
        return _UNSIGNED
    return hashlib.sha256(request.body).hexdigest().encode() if request.body else _HASH_OF_NOTHING
