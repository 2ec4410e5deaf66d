"""Checks arguments before anything is sent, and parses addresses.

Every credential, id and name that a person enters is checked here, for damage and for characters that could change the
meaning of a request. A value that can never be right is refused. A value that looks damaged but may be right is sent
unchanged, with a ``DamagedValueWarning``. No text shows a secret.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar, cast
from urllib.parse import SplitResult, urlsplit

from dataarts_datamap._errors import DamagedValueWarning, InvalidArgumentError
from dataarts_datamap._text import shown
from dataarts_datamap._warnings import calling_place

if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Address, IPv6Address

T = TypeVar("T")

_INT32_MAX: Final = 2**31 - 1
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_-]+")
_SEPARATOR: Final = re.compile(r"[/\\]")
_SHORT_IPV4: Final = re.compile(r"(?i)(0x[0-9a-f]+|\d+)(\.(0x[0-9a-f]+|\d+)){0,3}")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_LINE_BREAKS: Final = "\n\r\v\f\x85\u2028\u2029"
# Invisible characters that are no format characters: fillers, variation selectors, the empty Braille cell.
_FILLER: Final = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_BYTE_ORDER_MARK: Final = "\ufeff"
_QUOTES: Final = "\"'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb"
_FORMAT: Final = "Cf"  # the Unicode category of invisible characters that join, direct or separate others


def path_segment(name: str, value: object) -> str:
    """The id, if it is certain to be one segment of a path.

    Raises:
        InvalidArgumentError: ``identifier`` refuses it, or it is ``.`` or ``..``, or holds a slash or a backslash.
    """
    text = identifier(name, value)
    if text in {".", ".."} or _SEPARATOR.search(text):
        raise InvalidArgumentError(f"{name} {shown(text)} is not an id: it would change the path")
    return text


def identifier(name: str, value: object) -> str:
    """The id, if it is valid.

    Raises:
        InvalidArgumentError: It is not text, is empty, holds half of a surrogate pair or a control or invisible
            character, begins or ends with a blank, or is in quotes.
    """
    if isinstance(value, str) and _PLAIN_ID.fullmatch(value):  # a fast path for nearly all ids
        return value
    text = query_text(name, value)
    damage = _control(text) or _invisible(text) or _blank_end(text) or _quotes(text)
    if damage:
        raise InvalidArgumentError(f"{name} {shown(text)} {damage}")
    return text


def secret_text(name: str, value: object) -> str:
    """The token or key, if it is valid. It is never shown.

    A blank inside, or a quote at one end, causes a warning.

    Raises:
        InvalidArgumentError: ``identifier`` would refuse it.
    """
    text = query_text(name, value)
    damage = _control(text) or _invisible(text) or _blank_end(text) or _quotes(text)
    if damage:
        raise InvalidArgumentError(f"{name} {damage}")
    _warn(name, _first(text, str.isspace) or _quote(text))
    return text


def login_text(name: str, value: object, *, secret: bool = False) -> str:
    """A value that a person chose: the name of a user, account or project, or a password. A secret one is never shown.

    A blank at an end, quotes around it and an invisible character cause a warning, since a person may have chosen them.

    Raises:
        InvalidArgumentError: It is not text, is empty, or holds half of a surrogate pair, a control character or a byte
            order mark.
    """
    text = query_text(name, value)
    whose = name if secret else f"{name} {shown(text)}"
    damage = _control(text) or _byte_order_mark(text)
    if damage:
        raise InvalidArgumentError(f"{whose} {damage}")
    _warn(whose, _invisible(text) or _blank_end(text) or _quotes(text))
    return text


def query_text(name: str, value: object) -> str:
    """The value, if it is non-empty text; all its characters can be percent-encoded.

    Raises:
        InvalidArgumentError: It is not text, is empty, or holds half of a surrogate pair.
    """
    text = any_text(name, value)
    if not text:
        raise InvalidArgumentError(f"{name} must not be empty")
    if _SURROGATE.search(text):
        raise InvalidArgumentError(f"{name} holds half of a surrogate pair, which cannot be sent")
    return text


def any_text(name: str, value: object) -> str:
    """The value, if it is text; ``InvalidArgumentError`` if not, which does not show it."""
    if not isinstance(value, str):
        raise InvalidArgumentError(f"{name} must be text, not {type(value).__name__}")
    return value


def warn_of_damage(name: str, text: str) -> None:
    """Warn if a name looks damaged: by a control character, a byte order mark, a blank at an end, or outer quotes."""
    _warn(f"{name} {shown(text)}", _control(text) or _byte_order_mark(text) or _blank_end(text) or _quotes(text))


def query_integer(name: str, value: object, *, minimum: int, maximum: int = _INT32_MAX) -> int:
    """The value, if it is an integer from ``minimum`` to ``maximum``, by default the largest integer of 32 bits.

    Raises:
        InvalidArgumentError: It is not such an integer.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
        raise InvalidArgumentError(f"{name} must be an integer from {minimum} to {maximum}, not {shown(value)}")
    return value


def members(value: object) -> list[object] | None:
    """The members of an iterable; None if the value is not iterable."""
    return list(cast("Iterable[object]", value)) if isinstance(value, Iterable) else None


def flag(name: str, value: object) -> bool:
    """The value, if it is a truth value; ``InvalidArgumentError`` if not: the text ``"false"`` would count as true."""
    if not isinstance(value, bool):
        raise InvalidArgumentError(f"{name} must be True or False, not {type(value).__name__}")
    return value


def instance(name: str, value: object, kind: type[T] | tuple[type[T], ...], description: str) -> T:
    """The value, if it is of one of the kinds; ``InvalidArgumentError`` if not. A truth value is no number."""
    if not isinstance(value, kind) or isinstance(value, bool):
        raise InvalidArgumentError(f"{name} must be {description}, not {shown(value)}")
    return value


def instances(name: str, values: object, kind: type[T], description: str) -> list[T]:
    """The members of an iterable, if all are of one kind; ``InvalidArgumentError`` if not."""
    found = members(values)
    if found is None or not all(isinstance(one, kind) for one in found):
        raise InvalidArgumentError(f"{name} must be {description}, not {shown(values)}")
    return cast("list[T]", found)


def split_address(address: str) -> SplitResult | None:
    """The parts of a valid ``http`` or ``https`` address; None for any other text."""
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
    """The IP address of a host, in any spelling that systems understand; None if the host is not an address.

    ``127.1`` and ``::ffff:127.0.0.1`` are ``127.0.0.1``.
    """
    is_short = _SHORT_IPV4.fullmatch(host) is not None
    if not is_short and ":" not in host:
        return None
    from ipaddress import IPv4Address, ip_address  # noqa: PLC0415  not needed for names

    with suppress(ValueError):
        address = ip_address(host.removeprefix("[").removesuffix("]").partition("%")[0])
        return getattr(address, "ipv4_mapped", None) or address
    if is_short:
        from socket import inet_aton  # noqa: PLC0415  as above

        with suppress(OSError):
            return IPv4Address(inet_aton(host))
    return None


def is_loopback(host: str) -> bool:
    """Whether a host is ``localhost``, a name below it, or a loopback address."""
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = ip_address_of(host)
    return address is not None and address.is_loopback


def _control(text: str) -> str | None:
    if text.isprintable():
        return None
    return _first(text, lambda char: char < " " or "\x7f" <= char < "\xa0" or char in _LINE_BREAKS)


def _byte_order_mark(text: str) -> str | None:
    return _first(text, _BYTE_ORDER_MARK.__eq__) if _BYTE_ORDER_MARK in text else None


def _invisible(text: str) -> str | None:
    if text.isascii():
        return None
    from unicodedata import category  # noqa: PLC0415  rarely needed

    return _first(text, lambda char: category(char) == _FORMAT or _FILLER.match(char) is not None)


def _blank_end(text: str) -> str | None:
    return None if text == text.strip() else _found(text, 0 if text[0].isspace() else len(text) - 1)


def _quotes(text: str) -> str | None:
    quoted = len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES
    return "is in quotes that belong to the file or the shell: remove them" if quoted else None


def _quote(text: str) -> str | None:
    ends = [position for position in (0, len(text) - 1) if text[position] in _QUOTES]
    return _found(text, ends[0]) if ends else None


def _first(text: str, is_damage: Callable[[str], bool]) -> str | None:
    position = next((position for position, char in enumerate(text) if is_damage(char)), None)
    return None if position is None else _found(text, position)


def _found(text: str, position: int) -> str:
    where = "begins" if position == 0 else "ends" if position == len(text) - 1 else None
    return f"{f'{where} with' if where else 'holds'} {_name_of(text[position])}: remove it"


def _name_of(char: str) -> str:
    """The common name of a character that looks like damage. It is shown even if the value is a secret."""
    code = f"U+{ord(char):04X}"
    if char in _LINE_BREAKS:
        return "a line break"
    if char == _BYTE_ORDER_MARK:
        return "a byte order mark"
    if char in _QUOTES:
        return "a quote"
    if char.isspace():
        return {" ": "a blank", "\t": "a tab"}.get(char, f"a blank ({code})")
    return f"a control character ({code})" if char < "\xa0" else f"an invisible character ({code})"


def _warn(whose: str, damage: str | None) -> None:
    if damage:
        stacklevel, _ = calling_place()
        warnings.warn(f"{whose} {damage}, unless that is intended", DamagedValueWarning, stacklevel=stacklevel)
