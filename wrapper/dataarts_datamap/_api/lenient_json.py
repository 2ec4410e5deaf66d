"""JSON that is valid, but that the fast decoder refuses: half of an emoji, ``1e999``, or an integer of 5,000 digits.

Java and JavaScript can cut a text inside an emoji, and then write half of a surrogate pair as an escape.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Final, NoReturn, TypeAlias, TypeVar, cast

from msgspec import Meta, ValidationError, convert, json

from dataarts_datamap._models.runs import HALF_REASON
from dataarts_datamap._text import whole_text

T = TypeVar("T")

Int64: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""A count or a status. A number of more than 64 bits is refused, since error texts would contain all its digits."""

_HALF: Final = re.compile(r"[\ud800-\udfff]")
_NUMBER_REASON: Final = "Expected a number in range, got one out of range"
_DEPTH_REASON: Final = "Expected a value of reasonable depth, got one that is nested too deeply"


def decode_leniently(text: str | bytes) -> Any:  # noqa: ANN401  any JSON value
    """The document. Halves of surrogate pairs stay; ``1e999`` and integers of more than 4,300 digits become infinity.

    Raises:
        ValueError: It is not JSON.
        RecursionError: It is nested too deeply.
    """
    from json import loads  # noqa: PLC0415  rarely needed

    return loads(text.decode() if isinstance(text, bytes) else text, parse_int=_integer, parse_constant=_refuse)


def decode_any(text: str | bytes, kind: Any = Any) -> Any:  # noqa: ANN401  any JSON value
    """The document, decoded leniently only if the fast decoder refuses it. Errors as in ``decode_leniently``."""
    try:
        return json.decode(text, type=kind)
    except (ValueError, RecursionError) as error:
        try:
            return decode_leniently(text)
        except ValueError:
            raise error from None  # its text has the position


def decode_as(decoder: json.Decoder[T], content: bytes) -> T:
    """The document as the decoder's type, decoded as by ``decode_any``; a wrong type is a ``ValueError``, too."""
    try:
        return decoder.decode(content)
    except ValidationError:
        raise
    except (ValueError, RecursionError):
        return cast("T", convert(decode_leniently(content), cast("Any", decoder.type)))


def sound(value: object) -> tuple[Any, str | None]:
    """The value with its unsound parts replaced, and a description of the first of them, or None.

    U+FFFD replaces half of a surrogate pair. None replaces a number out of range, or the whole value if it is nested
    too deeply.
    """
    flaws: list[str] = []
    try:
        found = _sound(value, flaws)
    except RecursionError:
        return None, _DEPTH_REASON
    return found, flaws[0] if flaws else None


def escaped_halves(text: str) -> str:
    """JSON text in which an escape replaces each half of a surrogate pair, since a half cannot be encoded."""
    return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def _sound(value: object, flaws: list[str]) -> object:
    match value:
        case str():
            whole = whole_text(value)
            if whole != value:
                flaws.append(HALF_REASON)
            return whole
        case float() if not math.isfinite(value):
            flaws.append(_NUMBER_REASON)
            return None
        case list():
            return [_sound(one, flaws) for one in cast("list[object]", value)]
        case dict():
            members = cast("dict[str, object]", value)
            return {_sound(name, flaws): _sound(member, flaws) for name, member in members.items()}
        case _:
            return value


def _integer(digits: str) -> float:
    try:
        return int(digits)
    except ValueError:  # Python refuses more than 4,300 digits
        return math.inf


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number in JSON")
