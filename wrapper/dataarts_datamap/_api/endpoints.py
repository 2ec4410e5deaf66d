"""Addresses of the service."""

from __future__ import annotations

from functools import lru_cache

from dataarts_datamap._arguments import any_text, flag, ip_address_of, is_loopback, split_address
from dataarts_datamap._errors import ConfigurationError
from dataarts_datamap._text import printable


def checked_endpoint(
    endpoint: str,
    *,
    name: str = "endpoint",
    allow_http: bool = False,
    is_proxied: bool = False,
    remedy: str = "write https, or pass allow_http=True (--allow-http; DATAMAP_ALLOW_HTTP=1 in the environment)",
) -> str:
    """The address without slashes at its end; a path prefix is kept.

    Args:
        endpoint: The address.
        name: What the address is, for error texts.
        allow_http: Whether it may be plain ``http`` to another machine.
        is_proxied: Whether it is reached through a proxy. If so, it counts as another machine, whatever its name.
        remedy: The advice in the error text for plain ``http`` to another machine.

    Raises:
        InvalidArgumentError: It is not text, or ``allow_http`` decides and is no truth value.
        ConfigurationError: It is not an ``http`` or ``https`` address in ASCII, holds more than host, port and path, or
            is plain ``http`` to another machine, which was not allowed.
    """
    any_text(f"the {name}", endpoint)
    shown = printable(repr(endpoint), limit=120)
    parts = split_address(endpoint)
    if parts is None:
        example = "https://dayu.eu-west-101.myhuaweicloud.eu"
        raise ConfigurationError(f"the {name} {shown} is not an address such as {example}")
    if "@" in parts.netloc:
        raise ConfigurationError(f"the {name} holds a user name or password: give credentials instead")
    if not endpoint.isascii():
        raise ConfigurationError(f"the {name} {shown} is not ASCII: write the host as xn--… and the path as %…")
    if "?" in endpoint or "#" in endpoint:  # an empty query or fragment would come before the path of a request, too
        raise ConfigurationError(f"the {name} {shown} holds a query or a fragment: leave it out")
    is_here = not is_proxied and is_loopback(parts.hostname or "")
    if parts.scheme == "http" and not flag("allow_http", allow_http) and not is_here:
        raise ConfigurationError(
            f"the {name} {shown} is plain http, on which everyone can read the credentials: {remedy}"
        )
    return endpoint.rstrip("/")


@lru_cache(maxsize=16)  # called for each page
def address_name(endpoint: str) -> str:
    """A name for a service without a region: the host of its address, any port but the default, and any path prefix."""
    parts = split_address(endpoint)
    if parts is None:
        return endpoint
    default = {"http": 80, "https": 443}[parts.scheme]
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{host}{'' if parts.port in {None, default} else f':{parts.port}'}{parts.path.rstrip('/')}"


def is_link_local(endpoint: str) -> bool:
    """Whether the host is a link-local IP address, such as ``169.254.169.254``: no router forwards to it."""
    parts = split_address(endpoint)
    address = None if parts is None else ip_address_of(parts.hostname or "")
    return address is not None and address.is_link_local
