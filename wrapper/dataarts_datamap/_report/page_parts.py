"""The parts of a page: files beside this one, whose text is included in the page."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_HYPHENATED: Final = re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?\b|--[a-z]+(?:-[a-z]+)+")


def part(name: str) -> str:
    """The text of a file, by its path in this folder."""
    return files("dataarts_datamap._report").joinpath(name).read_text(encoding="utf-8")


def unbroken(html: str) -> str:
    """Escaped text in which hyphens of times and of option names allow no line break."""
    return _HYPHENATED.sub(r'<span class="unbroken">\g<0></span>', html)


def style_of(names: Iterable[str]) -> str:
    """One style sheet of several files; later ones override earlier ones."""
    return "\n".join(map(part, names))


def script_of(names: Iterable[str]) -> str:
    """One script of several files, with a common scope for their names."""
    body = "".join(map(part, names))
    return f'"use strict";\n(() => {{\n{body}}})();\n'


def policy_hash(text: str) -> str:
    """The hash by which a content security policy allows a text."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
