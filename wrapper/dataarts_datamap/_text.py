"""Text that came from elsewhere, made fit to be shown."""

from __future__ import annotations

import unicodedata

_SHOWN_RAW = {" "}
_HIDDEN_CATEGORIES = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs")
_JOINERS = {"\u200d", "\ufe0f"}


def printable(text: str, *, limit: int | None = None) -> str:
    r"""The text with each control, bidirectional or otherwise invisible character as an escape such as ``\x1b``.

    The joiners that build an emoji stay. With ``limit``, what is longer ends in an ellipsis.
    """
    shown = text if limit is None or len(text) <= limit else text[: limit - 1] + "…"
    return "".join(_escape(char) if _is_hidden(char) else char for char in shown)


def _is_hidden(char: str) -> bool:
    return not (char.isalnum() or char in _SHOWN_RAW or char in _JOINERS) and (
        unicodedata.category(char) in _HIDDEN_CATEGORIES
    )


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
