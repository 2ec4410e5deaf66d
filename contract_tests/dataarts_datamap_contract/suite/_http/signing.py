"""Signs requests with SDK-HMAC-SHA256, as documented. It shares no code with the client, and so no mistakes."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_from_bytes, unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_ALGORITHM = "SDK-HMAC-SHA256"
DATE_HEADER = "X-Sdk-Date"


def sdk_date(moment: datetime) -> str:
    """A time in UTC, in the format of ``X-Sdk-Date``."""
    return f"{moment:%Y%m%dT%H%M%SZ}"


def sign(  # noqa: PLR0913  the parts that a signature covers
    method: str,
    path: str,
    query: str,
    signed_fields: Mapping[str, str],
    *,
    date: str,
    access_key: str,
    secret_key: str,
    content: bytes = b"",
) -> str:
    """The value of the ``Authorization`` header for a request.

    Args:
        method: The method.
        path: The path as sent, percent-encoded.
        query: The query string as sent, percent-encoded.
        signed_fields: The header fields to sign, by name, usually with ``X-Sdk-Date``.
        date: The value of ``X-Sdk-Date``.
        access_key: The access key.
        secret_key: Its secret key.
        content: The body.
    """
    fields = sorted((name.lower(), value.strip()) for name, value in signed_fields.items())
    names = ";".join(name for name, _ in fields)
    canonical = "\n".join(
        (
            method,
            _canonical_path(path),
            _canonical_query(query),
            "".join(f"{name}:{value}\n" for name, value in fields),
            names,
            hashlib.sha256(content).hexdigest(),
        )
    )
    text = f"{_ALGORITHM}\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(secret_key.encode(), text.encode(), "sha256").hex()
    return f"{_ALGORITHM} Access={access_key}, SignedHeaders={names}, Signature={signature}"


def _canonical_path(path: str) -> str:
    segments = unquote_to_bytes(path).split(b"/")
    canonical = "/".join(quote_from_bytes(segment, safe="") for segment in segments)
    return canonical if canonical.endswith("/") else canonical + "/"


def _canonical_query(query: str) -> str:
    pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
    decoded = sorted((unquote_to_bytes(name), unquote_to_bytes(value)) for name, value in pairs)
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in decoded)
