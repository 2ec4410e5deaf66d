"""Keeps secrets out of what is shown of an answer: servers and gateways echo what they were sent."""

from __future__ import annotations

import html
import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dataarts_datamap._messages import Request

MASK: Final = "***"
_SECRET_HEADERS: Final = frozenset(
    {"x-auth-token", "x-security-token", "authorization", "x-subject-token", "x-metadata-token"}
)
_AUTHORIZATION: Final = re.compile(r"(?:Access|Signature)=([^,\s]+)")
# The gateway tells what it would have signed, and which key it does not know.
_ECHOES: Final = re.compile(r"(canonicalRequest:)[^\"\\]*|(\bak:)[^,\s\"\\]+", re.IGNORECASE)


def mask(text: str, request: Request, answered: Mapping[str, str] = MappingProxyType({})) -> str:
    """The text without the secrets of a request, however they are escaped, and without the gateway's echo.

    Args:
        text: What is to be shown.
        request: The request, whose headers and ``secrets`` are masked.
        answered: The headers of its answer: one of them can be a token.
    """
    secrets = [*_header_secrets(request.headers), *_header_secrets(answered), *request.secrets]
    for secret in sorted(_escaped(secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return _ECHOES.sub(lambda echo: f"{echo[1] or echo[2]}{MASK}", text)


def _header_secrets(headers: Mapping[str, str]) -> Iterator[str]:
    for name, value in headers.items():
        if name.lower() in _SECRET_HEADERS:
            yield from (value, *_AUTHORIZATION.findall(value))


def _escaped(secrets: Iterable[str]) -> set[str]:
    """The secrets in each form that is known of servers."""
    forms: set[str] = set()
    for secret in filter(None, secrets):
        for text in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
            forms |= {text, text.replace("/", "\\/")}
        forms |= {secret, quote(secret, safe=""), html.escape(secret)}
    return forms
