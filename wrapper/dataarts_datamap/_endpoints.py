"""Where the service is."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from dataarts_datamap._errors import ConfigurationError
from dataarts_datamap._text import printable

_REGION: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

# The European pages say .eu, where the official SDK's region file says .com.
_DOMAINS: Final = {"eu-west-101": "myhuaweicloud.eu"}


def region_endpoint(region: str) -> str:
    """The service's address in a region, by the documented rule.

    Raises:
        ConfigurationError: That is no region's id.
    """
    if not _REGION.fullmatch(region):
        raise ConfigurationError(f"{printable(repr(region), limit=80)} is no region's id; one looks like eu-west-101")
    return f"https://dayu.{region}.{_DOMAINS.get(region, 'myhuaweicloud.com')}"


def checked_endpoint(endpoint: str) -> str:
    """The address without a trailing slash; a path prefix is kept.

    Raises:
        ConfigurationError: It is no ``http`` or ``https`` address, or holds more than host, port and path.
    """
    shown = printable(repr(endpoint), limit=120)
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        raise ConfigurationError(f"the endpoint {shown} is no address") from None
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or port == 0
        or re.search(r"[\s\x00-\x1f]", endpoint)
    ):
        raise ConfigurationError(
            f"the endpoint {shown} is no address such as https://dayu.eu-west-101.myhuaweicloud.eu"
        )
    if "@" in parts.netloc:
        raise ConfigurationError("the endpoint holds a user name or password: give credentials instead")
    if parts.query or parts.fragment:
        raise ConfigurationError(f"the endpoint {shown} holds a query or a fragment: leave it out")
    return endpoint.rstrip("/")
