"""Refuses what could bend a request, before anything is sent."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._text import shown

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

_INT32_MAX: Final = 2**31 - 1
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SEPARATOR: Final = re.compile(r"[/\\]")
_SHORT_IPV4: Final = re.compile(r"(?i)(0x[0-9a-f]+|\d+)(\.(0x[0-9a-f]+|\d+)){0,3}")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


def path_segment(name: str, value: object) -> str:
    """The value, if it can only ever be one segment of a path.

    Raises:
        InvalidArgumentError: It is no text, empty, ``.`` or ``..``, or holds a slash, a backslash or a control
            character.
    """
    text = _text(name, value)
    if text in {".", ".."} or _SEPARATOR.search(text) or _CONTROL.search(text):
        raise InvalidArgumentError(f"{name} {shown(text)} is no id: it would change the path")
    return text


def header_value(name: str, value: object, *, secret: bool = False) -> str:
    """The value, if it fits into a header field. A secret one is never shown.

    Raises:
        InvalidArgumentError: It is no text, empty, begins or ends with white space, or holds a control character.
    """
    text = _text(name, value)
    if _CONTROL.search(text):
        problem = "holds a control character (a line break, perhaps): remove it"
    elif text != text.strip():
        problem = "begins or ends with white space: strip it"
    else:
        return text
    raise InvalidArgumentError(f"{name if secret else f'{name} {shown(text)}'} {problem}")


def query_text(name: str, value: object) -> str:
    """The value, if it is text that is not empty; anything in it can be percent-encoded.

    Raises:
        InvalidArgumentError: It is no text, empty, or holds half of a surrogate pair.
    """
    return _text(name, value)


def query_integer(name: str, value: object, *, minimum: int) -> int:
    """The value, if it is an integer from ``minimum`` to the largest of 32 bits.

    Raises:
        InvalidArgumentError: It is not.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= _INT32_MAX:
        raise InvalidArgumentError(f"{name} must be an integer from {minimum} to {_INT32_MAX}, not {shown(value)}")
    return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidArgumentError(f"{name} must be text, not {type(value).__name__}")
    if not value:
        raise InvalidArgumentError(f"{name} must not be empty")
    if _SURROGATE.search(value):
        raise InvalidArgumentError(f"{name} holds half of a surrogate pair, which cannot be sent")
    return value


def split_address(address: str) -> SplitResult | None:
    """The parts of an ``http`` or ``https`` address; None if it is none."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if port == 0 or not host or host.startswith(".") or re.search(r"[\s\x00-\x1f]", address):
        return None
    return parts if parts.scheme in {"http", "https"} else None


def ip_address_of(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is, in any spelling that systems understand; None if it is a name.

    ``127.1`` and ``::ffff:127.0.0.1`` are ``127.0.0.1``.
    """
    is_short = _SHORT_IPV4.fullmatch(host) is not None
    if not is_short and ":" not in host:
        return None
    from ipaddress import IPv4Address, ip_address  # noqa: PLC0415  names do without

    with suppress(ValueError):
        address = ip_address(host.removeprefix("[").removesuffix("]").partition("%")[0])
        return getattr(address, "ipv4_mapped", None) or address
    if is_short:
        from socket import inet_aton  # noqa: PLC0415  as above

        with suppress(OSError):
            return IPv4Address(inet_aton(host))
    return None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = ip_address_of(host)
    return address is not None and address.is_loopback
