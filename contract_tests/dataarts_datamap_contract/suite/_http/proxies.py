"""The environment's proxy for a server: ``HTTPS_PROXY``, ``NO_PROXY`` and the like, as the client reads them."""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

Address = IPv4Address | IPv6Address

_PORTS = {"http": 80, "https": 443}
_SHORT_IPV4 = re.compile(r"(0x[0-9a-f]+|\d+)(\.(0x[0-9a-f]+|\d+)){0,3}")
_SCHEMES = frozenset({"http", "https"})


@dataclass(frozen=True, slots=True, repr=False)
class Proxy:
    """A proxy.

    Attributes:
        url: Scheme, host and port.
        auth: User and password.
    """

    url: str
    auth: tuple[bytes, bytes] | None = None

    def __repr__(self) -> str:
        return f"Proxy({self.url!r})"


def find_proxy(endpoint: str) -> Proxy | None:
    """The proxy for an endpoint; none for this machine.

    Raises:
        ValueError: The environment names one that is no http or https address.
    """
    parts = urlsplit(endpoint)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    proxies = getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    if not found or _is_loopback(host) or is_named_in(proxies.get("no", ""), host, port):
        return None
    given = urlsplit(found if "://" in found else f"http://{found}")
    if given.scheme.startswith("socks"):
        raise ValueError(f"{parts.scheme.upper()}_PROXY or ALL_PROXY names a SOCKS proxy, which is not spoken here")
    if given.scheme not in _SCHEMES or not given.hostname:
        raise ValueError(f"{parts.scheme.upper()}_PROXY or ALL_PROXY is no http or https address")
    auth = None
    if given.username is not None:
        auth = unquote(given.username).encode(), unquote(given.password or "").encode()
    return Proxy(f"{given.scheme}://{given.netloc.rpartition('@')[2]}", auth)


def is_named_in(no_proxy: str, host: str, port: int) -> bool:
    """Whether ``NO_PROXY`` names a host: by name, domain, address, network, with a port or without."""
    name, address = host.lower().removesuffix("."), _address(host)
    for entry in re.split(r"[\s,]+", no_proxy.strip().lower()):
        wanted, wanted_port = _split_port(entry)
        if wanted_port not in {None, str(port)}:
            continue
        if wanted == "*" or (_is_address_in(wanted, address) if address else _is_name_in(wanted, name)):
            return True
    return False


def _split_port(entry: str) -> tuple[str, str | None]:
    if bracketed := re.fullmatch(r"\[(.*)\](?::(\d+))?", entry):
        return bracketed[1], bracketed[2]
    host, colon, port = entry.partition(":")
    return (host, port) if colon and port.isdecimal() else (entry, None)


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
            return IPv4Address(socket.inet_aton(host))
    return None
