"""Text from untrusted sources, made safe to print, to encode, and to put into a URL."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote

_EMOJI_JOINERS: Final = "\u200d\ufe0f"
_A_WORD: Final = re.compile(r"\w[\w.-]{0,199}")
_HALF: Final = re.compile(r"[\ud800-\udfff]")


def is_word(text: str) -> bool:
    """Whether a text is a plain word for a shell: 1 to 200 letters, digits and ``_.-``; ``.`` and ``-`` not first."""
    return _A_WORD.fullmatch(text) is not None


def printable(text: str, *, limit: int | None = None) -> str:
    r"""The text with each character that ``str.isprintable`` excludes as an escape, such as ``\x1b``.

    Among these are control, bidirectional and other format characters, and all blanks but the space. The two characters
    that join emojis are kept. With ``limit``, a longer text is cut before it is escaped, and ends in an ellipsis.
    """
    shown = text if limit is None or len(text) <= limit else text[: limit - 1] + "…"
    return "".join(char if char.isprintable() or char in _EMOJI_JOINERS else _escape(char) for char in shown)


def printable_lines(text: str) -> str:
    """The printable text with line ends and tabs kept; a carriage return, as in a progress bar, ends a line, too."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char if char in "\n\t" else printable(char) for char in lines)


def whole_text(text: str) -> str:
    """The text with U+FFFD for each half of a surrogate pair, which cannot be encoded."""
    return _HALF.sub("\ufffd", text)


@lru_cache(maxsize=1024)  # requests for the pages of a list differ only in the offset
def percent_encoded(text: str) -> str:
    """The text, percent-encoded as in the service's gateway: all but ASCII letters, digits and ``-_.~``."""
    return quote(text, safe="-_.~")


def shown(value: object, *, limit: int = 80) -> str:
    """The repr of a value, made printable and cut to ``limit``; the name of its type if the repr fails."""
    try:
        return printable(repr(value), limit=limit)
    except Exception:  # noqa: BLE001  a repr can raise anything: that of a large int raises ValueError
        return type(value).__name__


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
