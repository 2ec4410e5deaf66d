"""Signs a request with an access key: SDK-HMAC-SHA256, as the official signer does it.

Source: the signer of huaweicloudsdkcore 3.1.219 and the gateway's documentation of the algorithm
(https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm-002.html).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote, urlsplit

from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._text import percent_encoded, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dataarts_datamap._messages import Request

QueryValue: TypeAlias = str | int | float | bool
QueryPairs: TypeAlias = "Iterable[tuple[str, QueryValue | Sequence[QueryValue]]]"

ALGORITHM: Final = "SDK-HMAC-SHA256"
DATE_FORMAT: Final = "%Y%m%dT%H%M%SZ"
_DATE: Final = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_UNSIGNED: Final = "UNSIGNED-PAYLOAD"


def sign(request: Request, *, access_key: str, secret_key: str) -> Request:
    """The request with a signature of its path, query, content and headers, ``Host`` among them.

    Args:
        request: The request, ``X-Sdk-Date`` (UTC, as ``20240111T010156Z``) among its headers.
        access_key: The key that the signature names.
        secret_key: The key that it is made with; it goes nowhere.

    Raises:
        InvalidArgumentError: A key is empty, the path is no absolute one, ``X-Sdk-Date`` is missing or malformed, or
            values of one query parameter are of different types.
    """
    if not access_key or not secret_key:
        raise InvalidArgumentError("an access key and its secret key are both needed to sign")
    endpoint = urlsplit(request.endpoint)
    headers = _completed(request, endpoint.netloc)
    signed = {name.lower(): value.strip() for name, value in headers.items() if "_" not in name}
    names = sorted(name.lower() for name in headers if "_" not in name)  # the official signer names each spelling
    canonical = "\n".join((
        request.method.upper(),
        _canonical_path(endpoint.path + request.path),
        canonical_query(request.query),
        *(f"{name}:{signed[name]}" for name in names),
        "",
        ";".join(names),
        _payload_hash(request.content, signed),
    ))  # fmt: skip
    to_sign = "\n".join((ALGORITHM, _date(signed), _sha256(canonical.encode())))
    signature = hmac.digest(secret_key.encode(), to_sign.encode(), hashlib.sha256).hex()
    authorization = f"{ALGORITHM} Access={access_key}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return replace(request, headers={**headers, "Authorization": authorization})


def canonical_query(pairs: QueryPairs) -> str:
    """The query as it is signed: a list repeated, sorted by name and value, percent-encoded, a blank as ``%20``.

    Raises:
        InvalidArgumentError: Values of one parameter are of different types, so that they have no order.
    """
    flat = [(name, value) for name, given in pairs for value in (given if isinstance(given, list) else [given])]
    try:
        ordered = sorted(flat)
    except TypeError:
        raise InvalidArgumentError("values of one query parameter are of different types: give text") from None
    return "&".join(f"{percent_encoded(name)}={percent_encoded(_text(value))}" for name, value in ordered)


def _completed(request: Request, host: str) -> dict[str, str]:
    headers = dict(request.headers)
    known = {name.lower(): value for name, value in headers.items()}
    media_type = known.get("content-type", "application/json")
    if "host" not in known:
        headers["Host"] = host
    if "x-sdk-content-sha256" not in known and not media_type.startswith(("application/json", "application/bson")):
        headers["X-Sdk-Content-Sha256"] = _UNSIGNED
    return headers


def _canonical_path(path: str) -> str:
    if not path.startswith("/"):
        raise InvalidArgumentError(
            f"the path {printable(repr(path), limit=80)} is no absolute one: it cannot be signed"
        )
    # Decoded as a whole, before it is split, as the official signer does: an escaped slash is signed as a slash.
    encoded = "/".join(map(percent_encoded, unquote(path).split("/")))
    return encoded if encoded.endswith("/") else f"{encoded}/"


def _date(signed: Mapping[str, str]) -> str:
    date = signed.get("x-sdk-date", "")
    if not _DATE.fullmatch(date):
        raise InvalidArgumentError(f"X-Sdk-Date {printable(repr(date), limit=80)} is no time such as 20240111T010156Z")
    return date


def _payload_hash(content: bytes, signed: Mapping[str, str]) -> str:
    return signed.get("x-sdk-content-sha256", "") if content and "x-sdk-content-sha256" in signed else _sha256(content)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
