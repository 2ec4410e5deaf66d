"""Makes text from a server printable, bounds it, and reads TOML files."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 16 * 1024 * 1024
_LONGEST = 1_000


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file of at most 16 MiB; the bound is for devices, which can be read without end.

    Raises:
        OSError: It cannot be read, or is larger.
        UnicodeDecodeError: It is not UTF-8.
        tomllib.TOMLDecodeError: It is not TOML.
    """
    with path.open("rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise OSError("it is larger than 16 MiB")
    text = content.decode()
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise tomllib.TOMLDecodeError("its values are nested too deeply") from None
    except tomllib.TOMLDecodeError:
        raise
    except ValueError as error:  # a number with too many digits
        raise tomllib.TOMLDecodeError(str(error)) from None


def shortened(text: str, most: int = _LONGEST) -> str:
    """The text, cut after so many characters; redact it before, as a part of a secret would not be recognized."""
    return text if len(text) <= most else f"{text[:most]}…"


def printable(text: str) -> str:
    r"""The text with each control, bidirectional or otherwise invisible character as an escape such as ``\x1b``."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
