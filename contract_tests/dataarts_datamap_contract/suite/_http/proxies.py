"""Finds the proxy in the environment or, outside Linux, in the system's settings, by the same rules as the client."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from socket import inet_aton
from typing import Final, TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from dataarts_datamap_contract.suite.target import TargetError

_HAS_NO_SETTINGS: Final = sys.platform == "linux"  # other systems can name proxies outside the environment
_PORTS: Final = {"http": 80, "https": 443}
_SHORT_IPV4: Final = re.compile(r"(0x[0-9a-f]+|\d+)(\.(0x[0-9a-f]+|\d+)){0,3}")

Address: TypeAlias = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy.

    Attributes:
        address: Scheme, host and port.
        auth: User and password; None if the address has none.
    """

    address: str
    auth: tuple[bytes, bytes] | None = field(default=None, repr=False)


def environment_proxy(endpoint: str) -> Proxy | None:
    """The proxy that ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` or the system's settings name for an endpoint.

    None if they name none, if ``NO_PROXY`` or the settings exclude the endpoint, or if the endpoint is this machine.

    Raises:
        TargetError: What is named is not the address of an http or https proxy. The text does not show it.
    """
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    variable, found = _named(parts.scheme)
    if not found or _is_loopback(host) or _is_excepted(host, parts.port or _PORTS[parts.scheme], parts.netloc):
        return None
    return _checked(variable, found if "://" in found else f"http://{found}", parts.scheme)


def _checked(variable: str, address: str, scheme: str) -> Proxy:
    if address.lower().startswith("socks"):
        raise TargetError(
            f"{variable} names a SOCKS proxy, which the suite does not support: name an http or https proxy in "
            f"{scheme.upper()}_PROXY, or the host in NO_PROXY"
        )
    parts = _split(address)
    if parts is None or parts.path.strip("/") or parts.query or parts.fragment:
        raise TargetError(f"{variable} is not an address such as http://proxy.example.com:3128 (not shown: secret)")
    auth = None
    if parts.username is not None:
        auth = unquote(parts.username).encode(), unquote(parts.password or "").encode()
    return Proxy(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", auth)


def _split(address: str) -> SplitResult | None:
    """The parts of an http or https address; None if it is not one."""
    try:
        parts = urlsplit(address)
        is_address = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0 and address.isascii()
    except ValueError:
        return None
    return parts if is_address else None


def _named(scheme: str) -> tuple[str, str]:
    """What names the proxy for a scheme, and the proxy's address; empty if none is named. Lower-case names win."""
    for variable in (f"{scheme}_proxy", "all_proxy"):
        for name in (variable, variable.upper()):
            if name == "HTTP_PROXY" and "REQUEST_METHOD" in os.environ:
                continue  # in a CGI script, this is a header of the incoming request
            if name in os.environ:
                if os.environ[name]:
                    return name, os.environ[name]
                break  # an empty variable overrides the upper-case one, too
    if _HAS_NO_SETTINGS:
        return "", ""
    proxies = getproxies()
    return "the system's proxy setting", proxies.get(scheme) or proxies.get("all") or ""


def _is_excepted(host: str, port: int, netloc: str) -> bool:
    named = os.environ.get("no_proxy", os.environ.get("NO_PROXY"))
    if named is not None:
        return is_named_in(named, host, port)
    return not _HAS_NO_SETTINGS and bool(proxy_bypass(netloc))


def is_named_in(no_proxy: str, host: str, port: int) -> bool:
    """Whether a list such as ``NO_PROXY`` names a host: by name, domain, address or network, with or without a port.

    Args:
        no_proxy: Entries separated by commas or blanks.
        host: Name or address, without brackets.
        port: The port of the endpoint.
    """
    name, address = host.lower().removesuffix("."), _address(host)
    for entry in re.split(r"[\s,]+", no_proxy.strip().lower()):
        wanted, wanted_port = _split_port(entry)
        if wanted_port in {None, str(port)} and (
            wanted == "*" or (_is_address_in(wanted, address) if address else _is_name_in(wanted, name))
        ):
            return True
    return False


def _split_port(entry: str) -> tuple[str, str | None]:
    bracketed = re.fullmatch(r"\[(.*)\](/\d+)?(?::(\d+))?", entry)
    if bracketed:
        return bracketed[1] + (bracketed[2] or ""), bracketed[3]
    host, colon, port = entry.partition(":")
    if colon and port.isdecimal():
        return host, port
    return entry, None  # an IPv6 address has more than one colon


def _is_name_in(wanted: str, name: str) -> bool:
    domain = wanted.removeprefix("*").strip(".")
    return bool(domain) and (name == domain or name.endswith(f".{domain}"))


def _is_address_in(wanted: str, address: Address) -> bool:
    if "/" not in wanted:
        return _address(wanted) == address
    with suppress(ValueError):
        return address in ip_network(wanted, strict=False)
    return False


def _is_loopback(host: str) -> bool:
    name, address = host.lower().removesuffix("."), _address(host)
    return name == "localhost" or name.endswith(".localhost") or (address is not None and address.is_loopback)


def _address(host: str) -> Address | None:
    with suppress(ValueError):
        address = ip_address(host.partition("%")[0])
        return getattr(address, "ipv4_mapped", None) or address
    if _SHORT_IPV4.fullmatch(host.lower()):
        with suppress(OSError):
            return IPv4Address(inet_aton(host))
    return None
