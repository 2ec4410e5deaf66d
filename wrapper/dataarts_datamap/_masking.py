"""Keeps secrets out of what is shown of an answer: servers and gateways echo what they were sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataarts_datamap._messages import Request

MASK: Final = "***"
_SECRET_HEADERS: Final = frozenset({"x-auth-token", "x-security-token", "authorization", "x-subject-token"})
_AUTHORIZATION: Final = re.compile(r"(?:Access|Signature)=([^,\s]+)")
# The gateway tells what it would have signed, and which key it does not know.
_ECHOES: Final = re.compile(r"(canonicalRequest:)[^\"\\]*|(\bak:)[^,\s\"\\]+", re.IGNORECASE)


def mask(text: str, request: Request) -> str:
    """The text without the secrets that the request held, however they are escaped, and without the gateway's echo."""
    for secret in sorted(set(_secrets(request)), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return _ECHOES.sub(lambda echo: f"{echo[1] or echo[2]}{MASK}", text)


def _secrets(request: Request) -> Iterator[str]:
    import html  # noqa: PLC0415  what errors alone need is loaded for them alone
    import json  # noqa: PLC0415  as above

    for name, value in request.headers.items():
        if name.lower() in _SECRET_HEADERS:
            for secret in (value, *_AUTHORIZATION.findall(value)):
                escaped = json.dumps(secret)[1:-1]
                yield from (secret, escaped, escaped.replace("/", "\\/"), quote(secret, safe=""), html.escape(secret))
