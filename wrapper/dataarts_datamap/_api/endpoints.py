"""Where the service is."""

from __future__ import annotations

import os
import sys
from typing import Final
from urllib.parse import unquote, urlsplit

from dataarts_datamap._arguments import split_address
from dataarts_datamap._errors import ConfigurationError
from dataarts_datamap._secrets import Undisclosed
from dataarts_datamap._text import printable

_NO_PROXY_BUT_BY_VARIABLE: Final = sys.platform == "linux"  # other systems have settings of their own


class Proxy(Undisclosed, frozen=True):
    """A proxy.

    Attributes:
        address: Scheme, host and port.
        auth: User and password. Left out of the repr.
    """

    address: str
    auth: tuple[bytes, bytes] | None = None

    def __repr__(self) -> str:
        return f"Proxy({self.address!r})"


def checked_endpoint(
    endpoint: str,
    *,
    name: str = "endpoint",
    allow_http: bool = False,
    remedy: str = "write https, or pass allow_http=True (--allow-http)",
) -> str:
    """The address without a trailing slash; a path prefix is kept.

    Args:
        endpoint: The address.
        name: What the errors call it.
        allow_http: Whether it may be plain ``http`` to another machine.
        remedy: What to do where that is not allowed.

    Raises:
        ConfigurationError: It is no ``http`` or ``https`` address, holds more than host, port and path, or is plain
            ``http`` to another machine, which was not allowed.
    """
    shown = printable(repr(endpoint), limit=120)
    parts = split_address(endpoint)
    if parts is None:
        raise ConfigurationError(f"the {name} {shown} is no address such as https://dayu.eu-west-101.myhuaweicloud.eu")
    if "@" in parts.netloc:
        raise ConfigurationError(f"the {name} holds a user name or password: give credentials instead")
    if not endpoint.isascii():
        raise ConfigurationError(f"the {name} {shown} is not ASCII: write the host as xn--… and the path as %…")
    if parts.query or parts.fragment:
        raise ConfigurationError(f"the {name} {shown} holds a query or a fragment: leave it out")
    if parts.scheme == "http" and not allow_http and not _is_loopback(parts.hostname or ""):
        raise ConfigurationError(
            f"the {name} {shown} is plain http, on which everyone can read the credentials: {remedy}"
        )
    return endpoint.rstrip("/")


def checked_proxy(proxy: str) -> Proxy:
    """The proxy of an address such as ``http://user:password@host:3128``.

    Raises:
        ConfigurationError: It is no ``http`` or ``https`` address, or holds a path. The text does not show it.
    """
    parts = split_address(proxy)
    if parts is None or parts.path.strip("/") or parts.query or parts.fragment or not proxy.isascii():
        raise ConfigurationError("the proxy is no address such as http://proxy.example.com:3128 (not shown: secret)")
    auth = None
    if parts.username is not None:
        auth = unquote(parts.username).encode(), unquote(parts.password or "").encode()
    return Proxy(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", auth)


def environment_proxy(endpoint: str) -> Proxy | None:
    """The proxy that the environment names for an endpoint: ``HTTPS_PROXY`` and the like, except for ``NO_PROXY``.

    Raises:
        ConfigurationError: It names one that is no address.
    """
    if _NO_PROXY_BUT_BY_VARIABLE and not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415  a tenth of all that a first call loads

    parts = urlsplit(endpoint)
    proxies = getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    if not found or proxy_bypass(parts.netloc):
        return None
    return checked_proxy(found if "://" in found else f"http://{found}")


def is_link_local(endpoint: str) -> bool:
    """Whether an address is one that no router forwards to, such as that of a metadata service."""
    from ipaddress import ip_address  # noqa: PLC0415  what few addresses need is loaded for them alone

    parts = split_address(endpoint)
    try:
        return parts is not None and ip_address(parts.hostname or "").is_link_local
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    from ipaddress import ip_address  # noqa: PLC0415  as above

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
