"""Text that came from elsewhere, made fit to be shown."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote

_EMOJI_JOINERS: Final = "\u200d\ufe0f"
_A_WORD: Final = re.compile(r"\w[\w.-]{0,199}")
_HALF: Final = re.compile(r"[\ud800-\udfff]")


def is_word(text: str) -> bool:
    """Whether a shell takes a text for no more than a word, and no option, of 200 characters at the most."""
    return _A_WORD.fullmatch(text) is not None


def printable(text: str, *, limit: int | None = None) -> str:
    r"""The text with each control, bidirectional or otherwise invisible character as an escape such as ``\x1b``.

    The joiners that build an emoji stay. With ``limit``, a text of more characters ends in an ellipsis.
    """
    shown = text if limit is None or len(text) <= limit else text[: limit - 1] + "…"
    return "".join(char if char.isprintable() or char in _EMOJI_JOINERS else _escape(char) for char in shown)


def printable_lines(text: str) -> str:
    """The same of a text of lines, whose ends and tabs stay; a carriage return is an end, as of a progress bar."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char if char in "\n\t" else printable(char) for char in lines)


def whole_text(text: str) -> str:
    """The text with U+FFFD for each half of a surrogate pair, which no encoding can hold."""
    return _HALF.sub("\ufffd", text)


@lru_cache(maxsize=1024)  # what a page is asked for with is, all but the offset, what the page before was
def percent_encoded(text: str) -> str:
    """The text as the service's gateway encodes it: all but letters, digits and ``-_.~``."""
    return quote(text, safe="-_.~")


def shown(value: object, *, limit: int = 80) -> str:
    """The repr of whatever was passed, made printable; its type's name if it has no repr."""
    try:
        return printable(repr(value), limit=limit)
    except Exception:  # noqa: BLE001  a repr can do anything: that of a large int raises ValueError
        return type(value).__name__


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
