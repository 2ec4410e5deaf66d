"""Values that hold secrets without showing them, and the masking of secrets in texts."""

from __future__ import annotations

import re
from bisect import bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, Self, TypeVar
from urllib.parse import unquote

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

T = TypeVar("T")


class SecretStruct(Struct, frozen=True):
    """A struct that refuses pickling. Its repr shows only its class, unless a subclass defines another.

    Error trackers show every local variable of a traceback, and rich shows all fields of a ``Struct`` instead of its
    repr.
    """

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} is not pickled, since it holds secrets")


class Hidden(SecretStruct, Generic[T], frozen=True):
    """A wrapper whose repr does not show the secret in it.

    Creating a wrapper runs no Python code, so no traceback can show the value as an argument.
    """

    value: T


class SecretHeaders(dict[str, str]):
    """Headers whose repr only shows their names.

    Create them with one call: a loop over the values would hold each value in a variable, which a traceback can show.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self)})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, MASK) for name in self]

    def __reduce__(self) -> NoReturn:
        raise TypeError("headers are not pickled, since they hold secrets")


class Secret:
    """A base class that refuses pickling, since a pickle is an unprotected file. A copy is the object itself."""

    __slots__ = ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials are not pickled, since they are secret: create them again in the other process")


MASK: Final = "***"
SECRET_HEADERS: Final = frozenset(
    {
        *("x-auth-token", "x-security-token", "authorization", "x-subject-token", "x-metadata-token"),
        "x-obs-security-token",
    }
)
_AUTHORIZATION: Final = r"(?:Access|Signature)=([^,\s]+)|OBS ([^:\s]+):(\S+)"
# The gateway echoes the text that it would have signed, and unknown keys.
_ECHOES: Final = r"(?i)(canonicalRequest:)[^\"\\]*|(\bak:)[^,\s\"\\]+"

_ESCAPE: Final = (
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[\"'\\/bfnrt]"
    r"|\\x[c-f][0-9a-f](?:\\x[89ab][0-9a-f])+|\\x[0-7][0-9a-f]"
    r"|%[c-fC-F][0-9a-fA-F](?:%[89abAB][0-9a-fA-F])+|%[0-7][0-9a-fA-F]"
    r"|&(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);"
)
"""A pattern for one escaped character, as in JSON, Python, a URL or HTML."""

_MOST_LEVELS: Final = 8  # the API sends JSON in JSON in JSON, and gateways may wrap that again
_SHORTEST: Final = 8
_HEAD: Final = 16
_WINDOW: Final = 16 * 1024  # enough for the head of a secret with each character escaped eight times
_WORD: Final = "A-Za-z0-9_"
_SHORT_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ENTITIES: Final = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}

LARGEST_TEXT: Final = 64 * 1024
"""The maximum number of characters to keep of an unusable text of a server."""


class _Level(Struct, frozen=True):
    """A text after some rounds of unescaping.

    Attributes:
        text: The text.
        marks: For each stretch that the last round did not change, its start in this text and in the text before.
    """

    text: str
    marks: Sequence[tuple[int, int]]


def mask(text: str, *headers: Mapping[str, str], secrets: Iterable[str] = (), limit: int = LARGEST_TEXT) -> str:
    """Mask the secrets of a request in a text, even if escaped, and what the gateway echoes of a signature.

    A text longer than ``limit`` is cut there, and ends in an ellipsis. A secret across the cut is masked like any
    other. The time needed grows with the limit, not with the text. The headers are those of the request and of its
    response, both of which can hold a token.
    """
    try:
        return _masked_text(text, headers, secrets, limit)
    except BaseException as error:  # noqa: BLE001  such as an interrupt, whose traceback would show the secrets
        raise error.with_traceback(None) from None


def _masked_text(text: str, headers: Iterable[Mapping[str, str]], secrets: Iterable[str], limit: int) -> str:
    hidden = {*filter(None, secrets), *(secret for fields in headers for secret in _header_secrets(fields))}
    masked = re.sub(_ECHOES, lambda echo: f"{echo[1] or echo[2]}{MASK}", _without(text, hidden, limit))
    return f"{masked}…" if len(text) > limit else masked


def _header_secrets(headers: Mapping[str, str]) -> Iterator[str]:
    for name, value in headers.items():
        if name.lower() in SECRET_HEADERS:
            parts = (part for found in re.finditer(_AUTHORIZATION, value) for part in found.groups())
            yield from filter(None, (value, *parts))


def _without(text: str, secrets: set[str], limit: int) -> str:
    # An apparent escape may be part of a secret, so secrets are also searched for in unescaped form.
    wanted = {
        level.text for secret in secrets for level in _levels(secret) if len(level.text) >= min(len(secret), _SHORTEST)
    }
    read = text[: limit + _WINDOW]
    is_cut = len(read) < len(text)
    levels: list[_Level] = []
    spans: list[tuple[int, int]] = []
    for level in _levels(read):
        levels.append(level)
        found = [*_occurrences(level.text, wanted), *(_cut_off(level.text, wanted) if is_cut else ())]
        spans += [(_origin(levels, start), _origin(levels, end)) for start, end in found]
    return _masked(read[:limit], spans)


def _levels(text: str) -> Iterator[_Level]:
    """The text, then the text unescaped once, twice and so on, until nothing changes; eight levels at most."""
    level = _Level(text, [(0, 0)])
    for _ in range(_MOST_LEVELS):
        yield level
        before, level = level.text, _unescaped(level.text)
        if level.text == before:
            return


def _unescaped(text: str) -> _Level:
    parts: list[str] = []
    marks = [(0, 0)]
    at = length = 0
    for escape in re.finditer(_ESCAPE, text):
        plain = _plain(escape[0])
        parts += (text[at : escape.start()], plain)
        length += escape.start() - at + len(plain)
        at = escape.end()
        marks.append((length, at))
    return _Level("".join((*parts, text[at:])), marks)


def _plain(escape: str) -> str:
    match escape[0], escape[1]:
        case "%", _:
            return chr(int(escape[1:], 16)) if len(escape) == len("%41") else unquote(escape)
        case "&", "#":
            import html  # noqa: PLC0415  rarely needed

            return html.unescape(escape)
        case "&", _:
            return _ENTITIES[escape]
        case _, "x":
            return _plain(escape.replace("\\x", "%"))
        case _, "u":
            units = [int(unit, 16) for unit in escape.split("\\u")[1:]]
            return chr(units[0]) if len(units) == 1 else chr(0x10000 + (units[0] - 0xD800) * 0x400 + units[1] - 0xDC00)
        case _, char:
            return _SHORT_ESCAPES.get(char, char)


def _occurrences(text: str, wanted: set[str]) -> Iterator[tuple[int, int]]:
    for secret in wanted:
        if len(secret) < _SHORTEST:
            yield from (found.span() for found in re.finditer(_as_a_word(secret), text))
            continue
        start = text.find(secret)
        while start >= 0:
            yield start, start + len(secret)
            start = text.find(secret, start + 1)


def _as_a_word(secret: str) -> str:
    """A pattern that finds a short secret only as a whole word, since other words may contain it."""
    before = rf"(?<![{_WORD}])" if re.match(rf"[{_WORD}]", secret) else ""
    after = rf"(?![{_WORD}])" if re.search(rf"[{_WORD}]\Z", secret) else ""
    return f"{before}{re.escape(secret)}{after}"


def _cut_off(text: str, wanted: set[str]) -> Iterator[tuple[int, int]]:
    """The spans at the end of the text that may be the beginning of a secret."""
    for secret in wanted:
        start = text.find(secret[:_HEAD], max(0, len(text) - len(secret) + 1))
        if start >= 0:
            yield start, len(text)


def _origin(levels: Sequence[_Level], position: int) -> int:
    """The position in the first level's text that corresponds to a position in the last level's text."""
    for level in reversed(levels):
        there, here = level.marks[bisect_right(level.marks, position, key=itemgetter(0)) - 1]
        position = here + position - there
    return position


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    at = 0
    for start, end in sorted(spans):
        if at <= start < len(text):
            parts += (text[at:start], MASK)
        at = max(at, end)
    return "".join((*parts, text[at:]))
