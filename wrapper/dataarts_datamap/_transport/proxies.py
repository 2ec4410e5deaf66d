"""Proxies, given by a caller or by the environment."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from dataarts_datamap._arguments import any_text, ip_address_of, is_loopback, login_text, split_address
from dataarts_datamap._errors import ConfigurationError, InvalidArgumentError
from dataarts_datamap._secrets import SecretStruct
from dataarts_datamap._transport.wire import DEFAULT_PORTS, Origin

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

_HAS_NO_SETTINGS: Final = sys.platform == "linux"  # other systems also have proxy settings outside the environment
_SOCKS: Final = frozenset(("socks", "socks4", "socks4a", "socks5", "socks5h"))


class Proxy(SecretStruct, frozen=True):
    """A proxy: scheme, host and port; user and password, which the repr leaves out."""

    address: str
    auth: tuple[bytes, bytes] | None = None

    @property
    def origin(self) -> Origin:
        parts = urlsplit(self.address)
        return Origin(parts.scheme, parts.hostname or "", parts.port)

    def __repr__(self) -> str:
        return f"Proxy({self.address!r})"


def checked_proxy(proxy: str, *, name: str = "the proxy") -> Proxy:
    """The proxy of an address such as ``http://user:password@host:3128``; ``name`` stands for it in error texts.

    Raises:
        InvalidArgumentError: It is not text.
        ConfigurationError: It is not an ``http`` or ``https`` address in ASCII, uses SOCKS, holds a path, a query or a
            fragment, or its user or password is damaged. The text does not show the address.
    """
    scheme = any_text(name, proxy).partition(":")[0].lower()
    if scheme in _SOCKS:  # any other text before a colon can be a secret
        raise ConfigurationError(
            f"{name} uses SOCKS ({scheme}://…), which this client does not support: use an http or https proxy instead"
        )
    parts = split_address(proxy)
    if parts is None or parts.path.strip("/") or parts.query or parts.fragment or not proxy.isascii():
        raise ConfigurationError(f"{name} is not an address such as http://proxy.example.com:3128 (not shown: secret)")
    auth = None
    if parts.username is not None:
        user, password = unquote(parts.username), unquote(parts.password or "")
        try:
            for part, text in (("user", user), ("password", password)):
                login_text(f"the {part} of {name}", text or "-", secret=True)
        except InvalidArgumentError as damage:
            raise ConfigurationError(str(damage)) from None
        auth = user.encode(), password.encode()
    return Proxy(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", auth)


def environment_proxy(endpoint: str) -> Proxy | None:
    """The proxy that ``HTTPS_PROXY`` and the like, or the system's settings, name for an endpoint.

    None if they name none, or if the endpoint is on this machine, is no http or https address, or is excluded by
    ``NO_PROXY`` (without this variable: by the system's settings). Errors as in ``checked_proxy``.
    """
    if _HAS_NO_SETTINGS and not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    variable, found = _named(parts.scheme)
    if not found or is_loopback(host) or _is_excepted(host, port, parts.netloc):
        return None
    return checked_proxy(found if "://" in found else f"http://{found}", name=variable)


def is_named_in(no_proxy: str, host: str, port: int) -> bool:
    """Whether a list such as ``NO_PROXY`` names a host: by name, domain, address or network, with or without a port.

    An asterisk names every host. The list has commas or blanks between its entries. The host is a name, or an address
    without brackets.
    """
    name, address = host.lower().removesuffix("."), ip_address_of(host)
    for entry in re.split(r"[\s,]+", no_proxy.strip().lower()):
        wanted, wanted_port = _split_port(entry)
        if wanted_port not in {None, str(port)}:
            continue
        if wanted == "*" or (_is_address_in(wanted, address) if address else _is_name_in(wanted, name)):
            return True
    return False


def _split_port(entry: str) -> tuple[str, str | None]:
    bracketed = re.fullmatch(r"\[(.*)\](/\d+)?(?::(\d+))?", entry)
    if bracketed:
        return bracketed[1] + (bracketed[2] or ""), bracketed[3]
    host, colon, port = entry.partition(":")
    if colon and port.isdecimal():
        return host, port
    return entry, None  # an IPv6 address has several colons


def _is_name_in(wanted: str, name: str) -> bool:
    domain = wanted.removeprefix("*").strip(".")
    return bool(domain) and (name == domain or name.endswith(f".{domain}"))


def _is_address_in(wanted: str, address: IPv4Address | IPv6Address) -> bool:
    from ipaddress import ip_network  # noqa: PLC0415  not needed for names

    if "/" not in wanted:
        return ip_address_of(wanted) == address
    try:
        return address in ip_network(wanted, strict=False)
    except ValueError:
        return False


def _named(scheme: str) -> tuple[str, str]:
    """The variable, or the settings, that name the proxy for a scheme, and its address; empty if none is named.

    Lower-case variables win.
    """
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
    from urllib.request import getproxies  # noqa: PLC0415  a tenth of the load time of a first call

    proxies = getproxies()
    return "the system's proxy setting", proxies.get(scheme) or proxies.get("all") or ""


def _is_excepted(host: str, port: int, netloc: str) -> bool:
    named = os.environ.get("no_proxy", os.environ.get("NO_PROXY"))
    if named is not None:
        return is_named_in(named, host, port)
    if _HAS_NO_SETTINGS:
        return False
    from urllib.request import proxy_bypass  # noqa: PLC0415  as above

    return bool(proxy_bypass(netloc))
