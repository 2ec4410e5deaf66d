"""Signs a request with an access key: SDK-HMAC-SHA256, as in the official signer.

Source: the signer of huaweicloudsdkcore 3.1.219 and the gateway's documentation of the algorithm
(https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm-002.html).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._secrets import Hidden, SecretHeaders
from dataarts_datamap._text import percent_encoded, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dataarts_datamap._messages import Request

QueryValue: TypeAlias = str | int | float | bool
QueryPairs: TypeAlias = "Iterable[tuple[str, QueryValue | Sequence[QueryValue]]]"

ALGORITHM: Final = "SDK-HMAC-SHA256"
DATE_FORMAT: Final = "%Y%m%dT%H%M%SZ"
_DATE: Final = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_BLOCK: Final = 64
_INNER_PAD: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD: Final = bytes(byte ^ 0x5C for byte in range(256))
_UNSIGNED: Final = "UNSIGNED-PAYLOAD"
_HASHES: Final = {
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
}  # not new(), which keeps the hashed secret in a variable


def sign(request: Request, *, access_key: str, secret_key: Hidden[str]) -> Request:
    """The request with a signature of its method, path, query, content and headers, including ``Host``.

    Like the official signer, it signs no header with an underscore in its name, and signs content only if its type is
    JSON, BSON or not given.

    Args:
        request: The request, with the header ``X-Sdk-Date`` (UTC, such as ``20240111T010156Z``).
        access_key: The access key, which the signature names.
        secret_key: The secret key; it is not sent.

    Raises:
        InvalidArgumentError: A key is empty, the path is not absolute, ``X-Sdk-Date`` is missing or malformed, or
            values of one query parameter are of different types.
    """
    if not access_key or not secret_key.value:
        raise InvalidArgumentError("an access key and its secret key are both needed to sign")
    endpoint = urlsplit(request.endpoint)
    headers = _completed(request, endpoint.netloc)
    signed = SecretHeaders(zip(map(str.lower, headers), map(str.strip, headers.values()), strict=True))
    names = sorted(name.lower() for name in headers if "_" not in name)  # the official signer lists repeated names, too
    canonical = Hidden("\n".join((
        request.method.upper(),
        _canonical_path(endpoint.path + request.path),
        canonical_query(request.query),
        *(f"{name}:{signed[name]}" for name in names),
        "",
        ";".join(names),
        _payload_hash(request, signed),
    )))  # fmt: skip
    to_sign = "\n".join((ALGORITHM, _date(signed), _sha256(Hidden(canonical.value.encode()))))
    signature = Hidden(keyed_hash(secret_key, Hidden(to_sign), "sha256").hex())
    authorization = Hidden(
        f"{ALGORITHM} Access={access_key}, SignedHeaders={';'.join(names)}, Signature={signature.value}"
    )
    return replace(request, headers=SecretHeaders({**headers, "Authorization": authorization.value}))


def canonical_query(pairs: QueryPairs) -> str:
    """The query in its signed form: sorted by name and value, percent-encoded, with a list as repeated names."""
    flat = [(name, value) for name, given in pairs for value in (given if isinstance(given, list) else [given])]
    try:
        ordered = sorted(flat)
    except TypeError:
        raise InvalidArgumentError("values of one query parameter are of different types: give text") from None
    return "&".join(f"{percent_encoded(name)}={percent_encoded(_text(value))}" for name, value in ordered)


def _completed(request: Request, host: str) -> SecretHeaders:
    headers = SecretHeaders(request.headers)
    known = SecretHeaders(zip(map(str.lower, headers), headers.values(), strict=True))
    media_type = known.get("content-type", "application/json")
    if "host" not in known:
        headers["Host"] = host
    if "x-sdk-content-sha256" not in known and not media_type.startswith(("application/json", "application/bson")):
        headers["X-Sdk-Content-Sha256"] = _UNSIGNED
    return headers


def _canonical_path(path: str) -> str:
    if not path.startswith("/"):
        raise InvalidArgumentError(f"the path {printable(repr(path), limit=80)} is not absolute: it cannot be signed")
    # Decoded before it is split, as in the official signer: an escaped slash is signed as a slash.
    encoded = "/".join(map(percent_encoded, unquote(path).split("/")))
    return encoded if encoded.endswith("/") else f"{encoded}/"


def _date(signed: Mapping[str, str]) -> str:
    date = signed.get("x-sdk-date", "")
    if not _DATE.fullmatch(date):
        said = printable(repr(date), limit=80)
        raise InvalidArgumentError(f"X-Sdk-Date {said} is not a time such as 20240111T010156Z")
    return date


def _payload_hash(request: Request, signed: Mapping[str, str]) -> str:
    if request.content and "x-sdk-content-sha256" in signed:
        return signed["x-sdk-content-sha256"]
    return _sha256(Hidden(request.content))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sha256(content: Hidden[bytes]) -> str:
    return hashlib.sha256(content.value).hexdigest()


def keyed_hash(key: Hidden[str], message: Hidden[str], algorithm: Literal["sha1", "sha256"]) -> bytes:
    """HMAC (RFC 2104), without a variable that holds the key: the standard library has one, and tracebacks show it."""
    block = Hidden(key.value.encode())
    if len(block.value) > _BLOCK:
        block = Hidden(_HASHES[algorithm](block.value).digest())
    block = Hidden(block.value.ljust(_BLOCK, b"\0"))
    inner, outer = (_HASHES[algorithm](block.value.translate(pad)) for pad in (_INNER_PAD, _OUTER_PAD))
    inner.update(message.value.encode())
    outer.update(inner.digest())
    return outer.digest()
