"""Proxies: as a caller names them, and as the environment does."""

from __future__ import annotations

import os
import sys
from typing import Final
from urllib.parse import unquote, urlsplit

from dataarts_datamap._arguments import split_address
from dataarts_datamap._errors import ConfigurationError
from dataarts_datamap._secrets import SecretStruct

_NO_PROXY_BUT_BY_VARIABLE: Final = sys.platform == "linux"  # other systems have settings of their own


class Proxy(SecretStruct, frozen=True):
    """A proxy.

    Attributes:
        address: Scheme, host and port.
        auth: User and password. Left out of the repr.
    """

    address: str
    auth: tuple[bytes, bytes] | None = None

    def __repr__(self) -> str:
        return f"Proxy({self.address!r})"


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
